//! What is remembered, as plain data. Every record keeps fields of newer versions that it does
//! not know (`extra`), so that an older library never loses what a newer one wrote.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::endpoint::{Endpoint, Host};
use crate::hash::Hash;
use crate::path::Problems;
use crate::time::Timestamp;

/// What a pin names. Numbers are part of the C ABI; never renumbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(i32)]
pub enum PinKind {
    /// SHA-256 of a leaf's SubjectPublicKeyInfo.
    Key = 1,
    /// SHA-256 of a leaf's DER.
    Certificate = 2,
    /// SHA-256 of a private CA's SubjectPublicKeyInfo; counts only on a validated path below it.
    Issuer = 3,
    /// One presented identifier, literally: accept a CA-valid path for this other name.
    Name = 4,
}

impl PinKind {
    /// The word for it, in text and JSON alike.
    pub fn code(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Certificate => "certificate",
            Self::Issuer => "issuer",
            Self::Name => "name",
        }
    }
}

/// Where a pin stands. Numbers are part of the C ABI; never renumbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(i32)]
pub enum PinState {
    /// Counts.
    Trusted = 1,
    /// The next key, announced beforehand; promoted when it is first seen.
    Staged = 2,
    /// Replaced; no longer counts.
    Retired = 3,
    /// Refused for ever.
    Blocked = 4,
    /// Retired because its private key is in other hands; refused for ever.
    Compromised = 5,
}

impl PinState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Trusted, Self::Staged, Self::Retired, Self::Blocked, Self::Compromised];

    /// The word for it, in text and JSON alike.
    pub fn code(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Staged => "staged",
            Self::Retired => "retired",
            Self::Blocked => "blocked",
            Self::Compromised => "compromised",
        }
    }
}

/// What a pin holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinValue {
    /// For key, certificate and issuer pins.
    Sha256(Hash),
    /// For name pins: the identifier as presented; a wildcard is kept as `*.example.org`.
    Name(String),
}

impl PinValue {
    /// The value of a name pin: the identifier as a certificate presents it, in its canonical form (lower case, A-labels,
    /// no trailing dot). `None` for what no certificate may present: an address, or a wildcard that is not the whole
    /// left-most label above at least two others (RFC 9525, section 6.3), so that a pin never takes a whole registry.
    pub fn name(presented: &str) -> Option<Self> {
        let (rest, wildcard) = match presented.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (presented, false),
        };
        let host = Host::parse(rest).ok().filter(|host| host.ip().is_none())?;
        match wildcard {
            true if host.as_str().contains('.') => Some(Self::Name(format!("*.{host}"))),
            true => None,
            false => Some(Self::Name(host.as_str().to_owned())),
        }
    }

    /// What a pin of this kind names, in full: `the key sha256//...`.
    pub fn named(&self, kind: PinKind) -> String {
        match (kind, self) {
            (PinKind::Certificate, Self::Sha256(hash)) => format!("the certificate {}", hash.hex()),
            (PinKind::Issuer, Self::Sha256(hash)) => format!("the authority with the key {}", hash.key_pin()),
            (_, Self::Sha256(hash)) => format!("the key {}", hash.key_pin()),
            (_, Self::Name(name)) => format!("the name {}", crate::text::escape(name)),
        }
    }
}

/// How a pin came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A person said yes to a verdict.
    User,
    /// A management call gave it (typed, staged, blocked).
    Managed,
    /// First use under `accept-new`.
    AcceptNew,
    /// The narrow sibling rule.
    Sibling,
    /// Imported from another program's file.
    Imported,
}

impl Origin {
    /// The word for it, in text and JSON alike.
    pub fn code(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Managed => "managed",
            Self::AcceptNew => "accept-new",
            Self::Sibling => "sibling",
            Self::Imported => "imported",
        }
    }
}

/// Something trusted, or refused, for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Store-wide number, never reused.
    pub id: u64,
    /// What it names.
    pub kind: PinKind,
    /// The thing itself.
    pub value: PinValue,
    /// Where it stands.
    pub state: PinState,
    /// The problems shown when it was accepted; `None` while not fixed (fixed at its first match).
    pub waiver: Option<Problems>,
    /// A waived expiry holds until then (0: no limit of its own).
    #[serde(default)]
    pub waive_expired_until: Timestamp,
    /// How it came to be.
    pub origin: Origin,
    /// A person's note.
    #[serde(default)]
    pub comment: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it took its present state.
    pub state_since: Timestamp,
    /// When it last matched (refreshed at most daily); 0 = never.
    #[serde(default)]
    pub last_matched: Timestamp,
    /// When it stops counting; 0 = never.
    #[serde(default)]
    pub expires: Timestamp,
    /// Still trusted until then although replaced (overlap after a promotion); 0 = no overlap.
    #[serde(default)]
    pub overlap_until: Timestamp,
    /// The pin that this one will replace (staged pins); 0 = none.
    #[serde(default)]
    pub replaces: u64,
    /// Fingerprint of the certificate it was made from, which [`crate::store::Tx::cert`] finds.
    #[serde(default)]
    pub cert: Option<Hash>,
    /// True for a pin that lapses at the next CA-valid sighting (docs/decision.md, rule 7).
    #[serde(default)]
    pub until_ca_valid: bool,
    /// True for a pin that goes on from one that made its endpoint pinned-only, whatever it waives by now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned_only: bool,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Pin {
    /// Whether it refuses what it names, whatever any other record says.
    pub fn refuses(&self) -> bool {
        matches!(self.state, PinState::Blocked | PinState::Compromised)
    }

    /// Whether its trust has ended by then.
    pub fn has_expired(&self, at: Timestamp) -> bool {
        self.expires != 0 && self.expires <= at
    }

    /// Whether it makes its endpoint pinned-only: a person took it on a CA-valid chain, or it goes on
    /// from one that was. Accepting a new problem later, or staging the next key, does not end that.
    pub fn is_only(&self) -> bool {
        let by_a_person = self.origin == Origin::User && self.waiver == Some(Problems::NONE);
        matches!(self.kind, PinKind::Key | PinKind::Certificate) && (self.pinned_only || by_a_person)
    }
}

/// How a sighting was validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validation {
    /// By a CA path to a loaded root.
    Ca,
    /// By DANE.
    Dane,
    /// By a path accepted through an issuer or name pin.
    Pinned,
    /// By a key or certificate pin alone.
    None,
}

/// What a validation rested on. Rules 8 and 8b tell these apart: a program without another program's
/// root must not take its absence for a downgrade, and what rests on a person's pin ends with the pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// A root of the system.
    System,
    /// A root of a policy that a store holds, which every program that uses the store has.
    Store,
    /// TLSA records that DNSSEC validated.
    Dane,
    /// A root that one program gave with its check.
    Program,
    /// An issuer or name pin, so a person.
    Person,
}

impl Ground {
    /// Whether it is a third party's word that every program on this store has, so that its loss is a
    /// downgrade (rule 8).
    pub fn is_shared(self) -> bool {
        matches!(self, Self::System | Self::Store | Self::Dane)
    }
}

/// The trust anchor of a path, as compared later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// SHA-256 of the anchor's SubjectPublicKeyInfo.
    pub spki: Hash,
    /// The anchor's subject organisation (its whole subject where it has none).
    pub organisation: String,
    /// Who made it an anchor. `None` in records of versions before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Ground>,
}

/// Reads a notBefore: `null` for a date that could not be read. Older versions wrote `i64::MAX`.
fn not_before<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::deserialize(input)?.filter(|at| *at != Timestamp::MAX))
}

/// Reads a notAfter: `null` for a date that could not be read. Older versions wrote `i64::MIN`.
fn not_after<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::deserialize(input)?.filter(|at| *at != Timestamp::MIN))
}

/// Something that an endpoint was seen to present and that was accepted: part of its baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Fingerprint of the leaf, which [`crate::store::Tx::cert`] finds.
    pub cert: Hash,
    /// Key of the leaf.
    pub spki: Hash,
    /// First time seen.
    pub first: Timestamp,
    /// Last time seen (refreshed at most daily).
    pub last: Timestamp,
    /// The leaf's notBefore; `None` where it could not be read.
    #[serde(deserialize_with = "not_before")]
    pub not_before: Option<Timestamp>,
    /// The leaf's notAfter; `None` where it could not be read.
    #[serde(deserialize_with = "not_after")]
    pub not_after: Option<Timestamp>,
    /// How it was validated.
    pub validation: Validation,
    /// The anchor of its path, if there was one.
    #[serde(default)]
    pub anchor: Option<Anchor>,
    /// Fingerprints of the intermediates of its path, for building later paths.
    #[serde(default)]
    pub intermediates: Vec<Hash>,
    /// Part of an upgrade that is not confirmed yet (docs/decision.md, rule 5).
    #[serde(default)]
    pub provisional: bool,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Something that an endpoint was seen to present and that was not accepted. Never counted as known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Fingerprint of the leaf.
    pub cert: Hash,
    /// Key of the leaf.
    pub spki: Hash,
    /// First time seen.
    pub first: Timestamp,
    /// Last time seen.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// "Was validated": an attribute of the endpoint that no bound prunes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validated {
    /// First time.
    pub first: Timestamp,
    /// Last time (refreshed at most daily).
    pub last: Timestamp,
    /// Whether any of it was by CA.
    pub ca: bool,
    /// Keys lately seen validated, latest first, bounded.
    pub keys: Vec<Hash>,
    /// Anchors of the validated paths, latest first, bounded.
    pub anchors: Vec<Anchor>,
    /// What it ever rested on, in the order of [`Ground`]. Empty in records of versions before this
    /// field, which count as [`Ground::System`], the strict side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Ground>,
}

impl Validated {
    /// Whether it ever rested on this.
    pub fn rested_on(&self, ground: Ground) -> bool {
        self.grounds().contains(&ground)
    }

    /// Whether it ever rested on a word that every program on this store has (rule 8).
    pub fn is_shared(&self) -> bool {
        self.grounds().iter().any(|ground| ground.is_shared())
    }

    /// What it ever rested on, an older version's silence read strictly.
    pub fn grounds(&self) -> Vec<Ground> {
        if self.by.is_empty() { vec![Ground::System] } else { self.by.clone() }
    }

    /// Adds to what it rested on. What an older version left unsaid stays the strict reading of it.
    pub fn add(&mut self, grounds: &[Ground]) {
        self.by = self.grounds();
        self.by.extend(grounds);
        self.by.sort_unstable();
        self.by.dedup();
    }
}

/// What is left of a forgotten endpoint: no key, only that it was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// When it was forgotten.
    pub at: Timestamp,
    /// When it was last seen as known.
    pub known_until: Timestamp,
}

/// An upgrade to CA validity under observation (docs/decision.md, rule 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// When it began.
    pub since: Timestamp,
    /// Days (seconds since the epoch / 86400) on which CA validity was seen since, bounded.
    pub days: Vec<i64>,
}

/// Everything known of one endpoint. One record, so that one read decides and one write is atomic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointRecord {
    /// Which endpoint; not stored in the value, it is the key.
    #[serde(skip, default = "no_endpoint")]
    pub endpoint: Endpoint,
    /// First contact.
    pub first_seen: Timestamp,
    /// Last accepted contact (refreshed at most daily).
    pub last_seen: Timestamp,
    /// Moves with every change of pins, policy, baseline or blocks; store-wide monotonic.
    pub generation: u64,
    /// The endpoint's own policy, as fields; the store does not know what they mean.
    #[serde(default)]
    pub policy: Option<Map<String, Value>>,
    /// Pins in order of their ids.
    #[serde(default)]
    pub pins: Vec<Pin>,
    /// Accepted sightings, latest first, bounded.
    #[serde(default)]
    pub baseline: Vec<Sighting>,
    /// Everything else seen, bounded.
    #[serde(default)]
    pub observations: Vec<Observation>,
    /// Validity by CA, DANE or an accepted path.
    #[serde(default)]
    pub validated: Option<Validated>,
    /// An upgrade under observation.
    #[serde(default)]
    pub upgrade: Option<Upgrade>,
    /// Set by forget.
    #[serde(default)]
    pub tombstone: Option<Tombstone>,
    /// "Expect a change until": a way back from a downgrade; 0 = not set.
    #[serde(default)]
    pub expect_change_until: Timestamp,
    /// TLS began with STARTTLS at the last accepted contact, though the port does not imply that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub starttls: bool,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn no_endpoint() -> Endpoint {
    Endpoint {
        host: crate::endpoint::Host::from_ip(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)),
        port: std::num::NonZeroU16::MIN,
        account: crate::endpoint::Account::default(),
    }
}

impl EndpointRecord {
    /// A record that knows nothing yet.
    pub fn new(endpoint: Endpoint, now: Timestamp) -> Self {
        Self {
            endpoint,
            first_seen: now,
            last_seen: 0,
            generation: 0,
            policy: None,
            pins: Vec::new(),
            baseline: Vec::new(),
            observations: Vec::new(),
            validated: None,
            upgrade: None,
            tombstone: None,
            expect_change_until: 0,
            starttls: false,
            extra: Map::new(),
        }
    }
}

/// A key or certificate refused everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The pin's number, as for pins.
    pub id: u64,
    /// [`PinKind::Key`] or [`PinKind::Certificate`].
    pub kind: PinKind,
    /// What is refused.
    pub value: Hash,
    /// Since when.
    pub created: Timestamp,
    /// A person's note.
    #[serde(default)]
    pub comment: String,
    /// Not refused: what the private half of this key is published with. An older version refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A question that nobody could answer when it came up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Which endpoint; part of the key.
    #[serde(skip, default = "no_endpoint")]
    pub endpoint: Endpoint,
    /// The verdict's id.
    pub verdict_id: String,
    /// Key of the leaf seen.
    pub spki: Hash,
    /// Fingerprints of the exact chain seen, leaf first, which [`crate::store::Tx::cert`] finds.
    pub chain: Vec<Hash>,
    /// First time asked.
    pub first: Timestamp,
    /// Last time asked.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// The known key was accepted after this one was seen.
    #[serde(default)]
    pub contradicted: bool,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How much an event matters. Numbers are part of the C ABI; never renumbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(i32)]
pub enum Severity {
    /// Routine.
    Info = 1,
    /// Worth knowing.
    Notice = 2,
    /// Worth a look.
    Warning = 3,
    /// Worth waking somebody.
    High = 4,
}

/// One line of the append-only log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Ascending number; given by the store.
    pub id: u64,
    /// When.
    pub time: Timestamp,
    /// Stable code.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// `account`, `host` and `port` of the endpoint, if it is about one.
    #[serde(default)]
    pub account: String,
    /// The host, or empty.
    #[serde(default)]
    pub host: String,
    /// The port, or 0.
    #[serde(default)]
    pub port: u16,
    /// The program that caused it.
    #[serde(default)]
    pub application: String,
    /// The key presented or named.
    #[serde(default)]
    pub spki: Option<Hash>,
    /// Fingerprint of the certificate presented or named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<Hash>,
    /// Plain words.
    #[serde(default)]
    pub text: String,
    /// What undo needs: the record as it was before, if this event can be undone.
    #[serde(default)]
    pub before: Option<Value>,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
