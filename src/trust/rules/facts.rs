//! Everything a decision rests on, as plain data. Gathered by `gather`; read by
//! [`super::decide`] and by nobody else. Holds no handle, no clock and no certificate, so that a
//! test can write any situation down.

use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::path::{ProblemKind, Problems, RootsError};
use crate::store::{
    Anchor, Observation, Origin, Pin, PinKind, PinState, PinValue, Sighting, Tombstone, Upgrade, Validated, Validation,
};
pub use crate::time::RELEASED;
use crate::time::{DAY, Timestamp};

/// Baseline keys seen within this many seconds of the newest baseline are current.
pub const CURRENT: i64 = 30 * DAY;

/// Issuers seen within this many seconds are not new.
pub const ISSUER_MEMORY: i64 = 400 * DAY;

/// This many endpoints changing within [`HINT_WINDOW`] hint at interception.
pub const HINT_ENDPOINTS: usize = 3;

/// The window of the interception hint, in seconds.
pub const HINT_WINDOW: i64 = DAY;

/// Servers that make themselves a certificate at each start let it live for no longer than this (Exim: two
/// hours, maddy: a week).
pub const MADE_AT_START: i64 = 8 * DAY;

/// What the leaf says and is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// SHA-256 of its key.
    pub spki: Hash,
    /// The other value of the same key, if it is an RSA-PSS one.
    pub spki_otherwise: Option<Hash>,
    /// SHA-256 of its DER.
    pub cert: Hash,
    /// Whether the key can be decoded.
    pub key_readable: bool,
    /// The size of an RSA key in bits; `None` for other kinds.
    pub rsa_bits: Option<u32>,
    /// Start of validity; `None` where the date cannot be read.
    pub not_before: Option<Timestamp>,
    /// End of validity; `None` where the date cannot be read.
    pub not_after: Option<Timestamp>,
    /// Signed by its own key, by verification.
    pub self_signed: bool,
    /// Its DNS identifiers in lower case, as far as their form can match a host.
    pub names: Vec<String>,
}

impl Leaf {
    /// Whether the server seems to make itself a new certificate at each start: it signed itself one that
    /// nobody would make by hand.
    pub fn made_at_start(&self) -> bool {
        self.self_signed && lives_shortly(self.not_before, self.not_after)
    }
}

/// Whether a certificate lives for no longer than [`MADE_AT_START`].
pub(crate) fn lives_shortly(first: Option<Timestamp>, last: Option<Timestamp>) -> bool {
    first.zip(last).is_some_and(|(first, last)| last.saturating_sub(first) <= MADE_AT_START)
}

/// Whether a CA answer was wanted, could be had, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaAnswer {
    /// The policy wants none.
    NotWanted,
    /// The policy wants one and no roots could be loaded.
    Unavailable(RootsError),
    /// No path to a loaded root.
    NoPath,
    /// A path, perhaps with problems of ours.
    Path {
        /// Its trust anchor.
        anchor: Anchor,
        /// No problem at all: CA-valid.
        valid: bool,
    },
}

/// Where a pin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The endpoint's own record.
    Own,
    /// The record for any account at this host and port (management and system store only).
    AnyAccount,
    /// A read-only store below the user's, by its place in [`crate::store::Store::layers`].
    System(usize),
    /// This store handle only, never written.
    Session,
}

/// A pin that applies to the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPin {
    /// The pin.
    pub pin: Pin,
    /// Where it comes from.
    pub layer: Layer,
    /// For issuer pins: a path from the leaf to the pinned key was validated (docs/pitfalls.md#15), and
    /// neither is the key the leaf's nor does it reach a loaded root.
    pub path_verified: bool,
}

/// What is known of the endpoint, whoever asks. No time in it is later than that of the check, unless the clock is
/// known to be wrong (`clock.rs`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Pins that apply, in every state.
    pub pins: Vec<KnownPin>,
    /// Accepted sightings, latest first.
    pub baseline: Vec<Sighting>,
    /// Everything else seen.
    pub observations: Vec<Observation>,
    /// "Was validated".
    pub validated: Option<Validated>,
    /// An upgrade under observation.
    pub upgrade: Option<Upgrade>,
    /// Left by forget.
    pub tombstone: Option<Tombstone>,
    /// A change is expected until then; 0 = not.
    pub expect_change_until: Timestamp,
    /// The names of the stores below, nearest first: what [`Layer::System`] counts.
    pub layers: Vec<String>,
    /// Own pins, by their numbers, that a person set in the place of one of a store below.
    pub masks: Vec<u64>,
    /// Where what is blocked everywhere is blocked, if that is not the user's own store.
    pub blocked_below: Option<usize>,
    /// The root of another program's, no root of this one, to which the chain leads as before.
    pub other_program: Option<Anchor>,
}

/// The certificate that was known before, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Its fingerprint.
    pub cert: Hash,
    /// Its key.
    pub spki: Hash,
    /// Its end of validity; `None` where the date cannot be read.
    pub not_after: Option<Timestamp>,
    /// Its start of validity; `None` where the date cannot be read.
    pub not_before: Option<Timestamp>,
    /// When it was first seen; 0 when unknown.
    pub first: Timestamp,
    /// When it was last seen; 0 when unknown.
    pub last: Timestamp,
    /// It was for this host.
    pub matches_host: bool,
    /// The new leaf was signed by its key, and this key is a trusted pin.
    pub signed_new: bool,
    /// It covered names that the new one does not.
    pub names_lost: bool,
    /// The new key is smaller, or of a kind known to be weak.
    pub weaker_key: bool,
    /// The new key is of another algorithm.
    pub other_algorithm: bool,
}

/// The same key trusted on another port of the same host and account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiblingPin {
    /// Where.
    pub endpoint: Endpoint,
    /// The pin there.
    pub pin: Pin,
}

/// What speaks against a key because of another endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// What became of the key there.
    pub kind: ObjectionKind,
    /// Where.
    pub endpoint: Endpoint,
    /// Since when.
    pub since: Timestamp,
}

/// What became of a key at another endpoint, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectionKind {
    /// It was replaced or retired at another port or account of the same host.
    Replaced,
    /// It was blocked.
    Blocked,
    /// It was marked as compromised: its private half is in other hands.
    Compromised,
}

impl ObjectionKind {
    /// The reason code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Replaced => "key-replaced-elsewhere",
            Self::Blocked => "key-blocked-elsewhere",
            Self::Compromised => "key-compromised-elsewhere",
        }
    }
}

/// What is known elsewhere: of other endpoints, in this store and in those below. It makes a
/// decision stricter or an explanation richer; only `siblings` may accept anything, by the narrow
/// sibling rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Key pins for this leaf on other ports of the same host and account.
    pub siblings: Vec<SiblingPin>,
    /// What speaks against a key of this chain, the gravest first.
    pub objections: Vec<Objection>,
    /// Other endpoints that hold this key now (other hosts and accounts), with the time since when.
    pub holders: Vec<(Endpoint, Timestamp)>,
    /// Another port or account knows this host as CA-valid.
    pub host_ca_valid: bool,
    /// Another port or account knows this host, and does not hold this key.
    pub host_other_key: bool,
}

/// What validated, usable TLSA records say (RFC 6698, RFC 7671).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaneAnswer {
    /// There are none; unusable and unvalidated ones count as absent.
    None,
    /// A DANE-EE record matches the leaf.
    Ee,
    /// A DANE-TA record matches, and path and name below it were validated.
    Ta,
    /// A PKIX-TA or PKIX-EE record matches; CA validity is still needed.
    Pkix,
    /// There are some, and none matches.
    Mismatch,
}

/// What a second connection showed, on which only other kinds of keys than the presented one were
/// offered. It may have reached another machine, and an attacker in the middle can let it through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Looked {
    /// None was made.
    #[default]
    Not,
    /// The server proved the key of this pin (an index into the known ones), which counts.
    KnownKey(usize),
    /// It did not prove a known key.
    Nothing,
}

/// Everything a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The port; the sibling rule is about mail ports.
    pub port: u16,
    /// The caller's time.
    pub now: Timestamp,
    /// The earliest time it can be.
    pub floor: Timestamp,
    /// A new account is being set up.
    pub setup: bool,
    /// A handshake proved that the server holds the leaf's key.
    pub possession: bool,
    /// A connection could prove that: this build can verify a handshake with such a key, and the caller
    /// does not say that no connection is possible.
    pub provable: bool,
    /// The caller states that the address is loopback.
    pub stated_loopback: bool,
    /// The host is a v3 .onion name, and the caller states that the connection goes through Tor.
    pub stated_onion: bool,
    /// The host is loopback by its address, its name, or the caller's statement.
    pub host_is_loopback: bool,
    /// Nothing can be written: a read-only store, or a dry run.
    pub cannot_write: bool,
    /// The leaf.
    pub leaf: Leaf,
    /// Keys and certificates (SPKI, fingerprint) of everything sent and of the path, anchor included.
    pub elements: Vec<(Hash, Hash)>,
    /// Everything that is wrong.
    pub problems: Problems,
    /// The CA answer.
    pub ca: CaAnswer,
    /// Dates are all that is wrong, and there was a time at which path and name were valid.
    pub valid_but_for_dates: bool,
    /// What the private half of a key among `elements` is published with.
    pub published: Option<String>,
    /// A key or certificate among `elements` is refused everywhere.
    pub blocked_everywhere: bool,
    /// The endpoint's policy cannot be understood.
    pub policy_unknown: bool,
    /// What is known of the endpoint.
    pub known: Known,
    /// The certificate known before.
    pub previous: Option<Previous>,
    /// Every anchor of the endpoint's validated paths has left the loaded roots.
    pub anchors_left: bool,
    /// What TLSA records say.
    pub dane: DaneAnswer,
    /// What is known elsewhere.
    pub elsewhere: Elsewhere,
    /// Other endpoints that changed within [`HINT_WINDOW`].
    pub changed_lately: usize,
    /// A private CA of this chain that an issuer pin could name.
    pub issuer_candidate: bool,
    /// The question came up before, and the known key was accepted since.
    pub contradicted: bool,
    /// What a second connection showed, on which other kinds of keys were offered.
    pub second_look: Looked,
}

impl Facts {
    /// The time at which expiries are judged.
    pub fn at(&self) -> Timestamp {
        self.now.max(self.floor)
    }

    /// The caller's clock shows a time that cannot be.
    pub fn clock_wrong(&self) -> bool {
        self.now < self.floor
    }

    /// CA-valid: a path to a loaded root and no problem of our own.
    pub fn ca_valid(&self) -> bool {
        matches!(self.ca, CaAnswer::Path { valid: true, .. }) && self.problems.is_empty()
    }

    /// Validated by CA or DANE as it stands, whether or not a policy or a pin lets that count.
    pub fn validated_now(&self) -> bool {
        self.ca_valid() || matches!(self.dane, DaneAnswer::Ee | DaneAnswer::Ta)
    }

    /// A path to a loaded root, whatever else is wrong.
    pub fn ca_path(&self) -> bool {
        matches!(self.ca, CaAnswer::Path { .. })
    }

    /// A CA answer is wanted and cannot be had.
    pub fn ca_unavailable(&self) -> bool {
        matches!(self.ca, CaAnswer::Unavailable(_))
    }

    /// Whether a pin names what is presented. Says nothing of its state.
    pub fn names_this(&self, known: &KnownPin) -> bool {
        match (known.pin.kind, &known.pin.value) {
            (PinKind::Key, PinValue::Sha256(hash)) => {
                *hash == self.leaf.spki || Some(*hash) == self.leaf.spki_otherwise
            }
            (PinKind::Certificate, PinValue::Sha256(hash)) => *hash == self.leaf.cert,
            (PinKind::Issuer, PinValue::Sha256(_)) => known.path_verified,
            // A name is written by whoever presents it: it counts on a CA path only.
            // Made and compared by one function, or what is written is not what is looked up.
            (PinKind::Name, pinned) => {
                self.ca_path() && self.leaf.names.iter().any(|name| PinValue::name(name).as_ref() == Some(pinned))
            }
            _ => false,
        }
    }

    /// Whether a pin stands in the place of one of a store below, so that this counts no more.
    pub fn masked(&self, known: &KnownPin) -> bool {
        known.layer == Layer::Own && self.known.masks.contains(&known.pin.id)
    }

    /// Whether a pin counts now: trusted and not expired, or replaced and still in its overlap. A
    /// clock that shows a time before the replacement was set back, which makes no overlap.
    pub fn counts(&self, pin: &Pin) -> bool {
        match pin.state {
            PinState::Trusted => !self.expired(pin),
            PinState::Retired => (pin.state_since..pin.overlap_until).contains(&self.at()) && !self.expired(pin),
            PinState::Staged | PinState::Blocked | PinState::Compromised => false,
        }
    }

    /// Whether a pin has expired.
    pub fn expired(&self, pin: &Pin) -> bool {
        pin.has_expired(self.at())
    }

    /// Pins that count now.
    pub fn trusted(&self) -> impl Iterator<Item = &KnownPin> {
        self.known.pins.iter().filter(|known| self.counts(&known.pin))
    }

    /// A pin that was taken on a CA-valid chain makes the endpoint pinned-only: a person asked
    /// for exactly this key although any CA-valid one would have done.
    pub fn pinned_only(&self) -> bool {
        self.trusted().any(|known| known.pin.is_only())
    }

    /// Whether the endpoint was ever known with a key: a pin that stood for one, or a baseline.
    pub fn known_with_a_key(&self) -> bool {
        !self.known.baseline.is_empty() || self.known.pins.iter().any(|known| known.pin.state != PinState::Blocked)
    }

    /// Whether the key is current: accepted within 30 days of the newest accepted sighting of an
    /// endpoint that was CA-valid.
    pub fn current_key(&self) -> bool {
        self.known.validated.as_ref().is_some_and(|v| v.keys.contains(&self.leaf.spki))
    }

    /// Whether this key was accepted here before and counts as known.
    pub fn key_in_baseline(&self) -> bool {
        self.known.baseline.iter().any(|s| s.spki == self.leaf.spki)
    }

    /// Whether anything was ever accepted here, as far as that is remembered.
    pub fn has_baseline(&self) -> bool {
        !self.known.baseline.is_empty()
    }

    /// Whether this key was accepted here before, an upgrade under observation aside, or is that of the certificate
    /// known before.
    pub fn key_was_accepted(&self) -> bool {
        let provisional = |cert: Hash| self.known.baseline.iter().any(|s| s.cert == cert && s.provisional);
        self.known.baseline.iter().any(|s| s.spki == self.leaf.spki && !s.provisional)
            || self.previous.as_ref().is_some_and(|p| p.spki == self.leaf.spki && !provisional(p.cert))
    }

    /// Whether the anchor of this path is new here: neither its key nor its organisation occurs
    /// in the baseline of the last 400 days. `None` without a path or without earlier paths.
    pub fn issuer_is_new(&self) -> Option<bool> {
        let CaAnswer::Path { anchor, .. } = &self.ca else { return None };
        let mut earlier = self.known.baseline.iter().filter_map(|s| Some((s.last, s.anchor.as_ref()?))).peekable();
        earlier.peek()?;
        let since = self.at().saturating_sub(ISSUER_MEMORY);
        Some(!earlier.any(|(last, old)| last >= since && same_issuer(old, anchor)))
    }

    /// Whether the chain presents a key that is not known here although others are.
    pub fn key_is_new_here(&self) -> bool {
        self.known_with_a_key()
            && !self.key_in_baseline()
            && !self.known.pins.iter().any(|known| self.names_this(known) && self.counts(&known.pin))
    }

    /// Several endpoints changed within a day: an attacker, an antivirus program, a company's
    /// proxy or a captive portal sits on the way.
    pub fn interception_hint(&self) -> bool {
        let this = usize::from(self.key_is_new_here());
        self.changed_lately.saturating_add(this) >= HINT_ENDPOINTS
    }

    /// The farm is known: a trusted key came back after another one had appeared, or several keys
    /// are trusted already.
    pub fn is_farm(&self) -> bool {
        let retired_again = self
            .known
            .pins
            .iter()
            .any(|known| known.pin.state == PinState::Retired && is_leaf_pin(&known.pin) && self.names_this(known));
        let accepted_since = self
            .known
            .observations
            .iter()
            .any(|seen| seen.spki == self.leaf.spki && self.known.baseline.iter().any(|s| s.last > seen.first));
        retired_again || accepted_since || self.trusted_leaf_pins() >= 2
    }

    /// How many keys and certificates are trusted here.
    pub fn trusted_leaf_pins(&self) -> usize {
        self.known.pins.iter().filter(|k| k.pin.state == PinState::Trusted && is_leaf_pin(&k.pin)).count()
    }

    /// The gravest refusal of a key of this chain at another endpoint: no rule accepts it unasked.
    pub fn refused_elsewhere(&self) -> Option<&Objection> {
        let refusals = self.elsewhere.objections.iter().filter(|o| o.kind > ObjectionKind::Replaced);
        refusals.max_by_key(|o| (o.kind, o.since))
    }

    /// Whether this key was replaced or retired at another port or account of the host.
    pub fn replaced_elsewhere(&self) -> bool {
        self.elsewhere.objections.iter().any(|o| o.kind == ObjectionKind::Replaced)
    }

    /// Whether a person has answered an objection by a yes for this very endpoint. That a key is in
    /// other hands is news that only a later yes can have taken into account; what was blocked
    /// for another endpoint was blocked there. What was accepted by itself answers nothing, nor does
    /// trust in an authority or a name, which says nothing of this key.
    pub fn answers(&self, known: &KnownPin, objection: &Objection) -> bool {
        let by_itself = matches!(known.pin.origin, Origin::AcceptNew | Origin::Sibling);
        // A replaced key in its overlap was trusted when it was made, not when it was replaced.
        let yes = if known.pin.state == PinState::Trusted { known.pin.state_since } else { known.pin.created };
        let knew = objection.kind == ObjectionKind::Blocked || yes >= objection.since;
        let about_this = is_leaf_pin(&known.pin) && self.names_this(known);
        about_this && !by_itself && self.counts(&known.pin) && knew
    }

    /// The pin whose key the server proved on a second look.
    pub fn proven_beside(&self) -> Option<usize> {
        match self.second_look {
            Looked::KnownKey(index) => Some(index),
            Looked::Not | Looked::Nothing => None,
        }
    }

    /// Whether this is among what is wrong.
    pub fn has(&self, kind: ProblemKind) -> bool {
        self.problems.contains(kind)
    }
}

/// The keys of CA-valid sightings that are current, latest first.
pub(crate) fn current_keys(baseline: &[Sighting]) -> Vec<Hash> {
    let of_ca = || baseline.iter().filter(|s| s.validation == Validation::Ca && !s.provisional);
    let newest = of_ca().map(|s| s.last).max().unwrap_or(0);
    let mut current: Vec<&Sighting> = of_ca().filter(|s| newest.saturating_sub(s.last) <= CURRENT).collect();
    current.sort_by_key(|s| std::cmp::Reverse(s.last));
    let mut keys = Vec::new();
    for seen in current {
        if !keys.contains(&seen.spki) {
            keys.push(seen.spki);
        }
    }
    keys
}

/// Whether a pin names a server's own key or certificate.
pub fn is_leaf_pin(pin: &Pin) -> bool {
    matches!(pin.kind, PinKind::Key | PinKind::Certificate)
}

/// Whether two anchors are the same issuer: the same key or the same organisation.
pub fn same_issuer(a: &Anchor, b: &Anchor) -> bool {
    a.spki == b.spki || (!a.organisation.is_empty() && a.organisation == b.organisation)
}
