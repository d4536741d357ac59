//! Accepts that can be given again: a mail program checks the same server on every connection, and as long as
//! nobody committed anything to the store the answer is the same. Belongs to one store handle and dies with it;
//! [`super::check`] asks it first and fills it.
//!
//! An accept is kept only if it wrote nothing and rests on the endpoint's own record. It is given again only if
//! everything that it rests on is as it was:
//!
//! - the question: account, host, port, flags, policy, additions, TLSA records and chain, byte for byte;
//! - the trust anchors, by the generation of the set;
//! - the store, by its mark: the file that the path names now and its change counter, as read in the transaction
//!   that gave the facts. Blocks, retirements and policies are in the store, so any of them moves the mark;
//! - the time, by the seconds in which no date that the accept rests on is crossed.
//!
//! What rests on more (CRLs, a stapled response, session trust, issuer pins, an engine without marks) is decided
//! again each time.
//!
//! A new field of [`Check`], [`Flags`], [`Facts`], [`Known`], [`Pin`] or [`EndpointRecord`], and a new [`Rule`],
//! does not compile here until somebody has said under which of these it falls: the functions below name every
//! field on purpose, without `..`.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};

use super::gather::inputs::{Check, Flags};
use super::gather::weigh::Weighed;
use super::record::remember;
use super::rules::codes::{Decision, Rule};
use super::rules::facts::{CaAnswer, DaneAnswer, Facts, Known, KnownPin};
use super::words::verdict::Verdict;
use crate::store::{EndpointRecord, Peek, Pin, PinKind, Store};
use crate::time::{DAY, Timestamp};

/// Accepts kept; when there are more, all are forgotten. A program talks to a few servers.
const MAX_ENTRIES: usize = 256;
/// Bytes of a chain that is kept; real ones have one to six thousand.
const MAX_BYTES: usize = 16 * 1024;

/// The accepts of one store handle.
#[derive(Default)]
pub(super) struct Cache {
    entries: Mutex<HashMap<u64, Entry>>,
    hasher: RandomState,
}

#[derive(Clone)]
struct Entry {
    verdict: Verdict,
    grounds: Grounds,
}

/// What an accept rests on beside what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grounds {
    mark: Peek,
    roots: u64,
    from: Timestamp,
    /// Exclusive.
    until: Timestamp,
}

impl Grounds {
    /// `None` for what must be decided anew each time. `mark` is that of the view that was weighed.
    pub fn of(check: &Check<'_>, weighed: &Weighed<'_>, mark: Option<Peek>) -> Option<Self> {
        let (facts, gathered) = (&weighed.gathered.facts, &weighed.gathered);
        let record = gathered.record.as_ref()?;
        let accepted = weighed.outcome.decision == Decision::Accept && rests_on_the_record(weighed.outcome.rule, facts);
        if !accepted || !gathered.settled || !may_be_kept(facts) {
            return None;
        }
        let path = gathered.examination.path.iter().flat_map(|path| &path.certs);
        // A clock that was put back by more than a day since: what it wrote is to be brought back.
        let mut from = facts.floor.max(facts.at().saturating_sub(DAY));
        let mut until = remember::due(weighed)?;
        // An overlap counts from the replacement on.
        let replaced = facts.known.pins.iter().map(|known| &known.pin).filter(|pin| pin.overlap_until != 0);
        from = replaced.map(|pin| pin.state_since).filter(|since| *since <= facts.at()).fold(from, Timestamp::max);
        for cert in check.chain.certs().map(|(_, cert)| cert).chain(path) {
            let (first, last) = cert.validity()?;
            from = from.max(first);
            until = until.min(last.saturating_add(1));
        }
        let ends = facts.known.pins.iter().flat_map(|known| ends_of_pin(&known.pin)).chain(ends_of_record(record));
        for end in ends.filter(|end| *end > facts.at()) {
            until = until.min(end);
        }
        let grounds = Self { mark: mark?, roots: gathered.roots, from, until };
        grounds.holds_at(check.now).then_some(grounds)
    }

    fn holds_at(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

impl Cache {
    /// The accept that this check would come to, if it is here and everything that it rests on is
    /// as it was.
    pub fn get(&self, store: &Store, check: &Check<'_>) -> Option<Verdict> {
        let key = self.key(check)?;
        let Entry { verdict, grounds } = {
            let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = entries.get(&key)?;
            let same = entry.grounds.holds_at(check.now) && entry.verdict.inputs().same_question(check);
            same.then(|| entry.clone())?
        };
        let unchanged =
            verdict.policy().resolve_roots().ok()?.generation() == grounds.roots && store.peek()? == grounds.mark;
        unchanged.then(|| verdict.again(check.now))
    }

    /// Keeps an accept that wrote nothing.
    pub fn put(&self, check: &Check<'_>, verdict: &Verdict, grounds: Grounds) {
        let Some(key) = self.key(check) else { return };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        entries.insert(key, Entry { verdict: verdict.clone(), grounds });
    }

    /// Where a check is kept; `None` for one that is not. The endpoint and the last bytes of the leaf, which are its
    /// signature, tell checks apart well enough; [`super::gather::inputs::Inputs::same_question`] compares the rest.
    fn key(&self, check: &Check<'_>) -> Option<u64> {
        let chain = check.chain;
        if !may_be_asked(check) || chain.bytes() > MAX_BYTES {
            return None;
        }
        let leaf = chain.der(0)?;
        let end = leaf.get(leaf.len().saturating_sub(32)..)?;
        let endpoint = check.endpoint;
        let mut hash = self.hasher.build_hasher();
        for part in [endpoint.host.as_str().as_bytes(), &[0], endpoint.account.as_str().as_bytes(), &[0], end] {
            hash.write(part);
        }
        hash.write_u16(endpoint.port.get());
        Some(hash.finish())
    }
}

/// Whether such a question can be answered from here.
fn may_be_asked(check: &Check<'_>) -> bool {
    let Check {
        // `Inputs::same_question` compares these.
        endpoint: _,
        policy: _,
        additions: _,
        tlsa: _,
        second_look: _,
        // `Grounds::holds_at`.
        now: _,
        // Revocation is looked at each time.
        chain,
        crls,
        flags,
    } = check;
    let Flags {
        // These forbid it: nothing rests on a dry run, and an unproven key is never accepted.
        dry_run,
        unproven,
        // `Inputs::same_question` compares all flags.
        leave_pending: _,
        resumed: _,
        setup: _,
        loopback: _,
        tor: _,
        no_session: _,
        services: _,
        stated_time: _,
    } = flags;
    !dry_run && !unproven && chain.ocsp().is_none() && crls.is_empty()
}

/// Whether an accept by this rule rests on nothing but the question, the anchors and the endpoint's own record.
fn rests_on_the_record(rule: Rule, facts: &Facts) -> bool {
    match rule {
        Rule::Pinned | Rule::CaValid => true,
        // The path to an authority of a TLSA record may lead over certificates, and dates, that nobody sent.
        Rule::Dane => facts.dane == DaneAnswer::Ee,
        // These take up something new, or rest on other endpoints.
        Rule::Staged | Rule::Sibling | Rule::FirstUse => false,
        // These never accept.
        Rule::UnknownPolicy
        | Rule::Blocked
        | Rule::NeverWaivable
        | Rule::PinExpired
        | Rule::KeyRetired
        | Rule::Lapsed
        | Rule::LapsedNewer
        | Rule::Downgrade
        | Rule::Vouched
        | Rule::Changed
        | Rule::CaOnly => false,
    }
}

/// Whether facts are covered by the question, the anchors, the store's mark and the dates of [`Grounds`].
fn may_be_kept(facts: &Facts) -> bool {
    let Facts {
        // The question: `Inputs::same_question` compares what these are made from.
        port: _,
        setup: _,
        possession: _,
        provable: _,
        stated_loopback: _,
        stated_onion: _,
        host_is_loopback: _,
        leaf: _,
        second_look: _,
        dane: _,
        // The store handle, which owns this cache, can write or cannot.
        cannot_write: _,
        // The dates of every certificate of chain and path are in `Grounds::of`, the set of anchors has a generation.
        elements: _,
        problems: _,
        valid_but_for_dates: _,
        anchors_left: _,
        ca,
        // The time.
        now: _,
        floor: _,
        // The store's mark.
        published: _,
        blocked_everywhere: _,
        policy_unknown: _,
        known,
        // The same certificate, as the endpoint is settled.
        previous: _,
        // Not looked at where the endpoint is settled, but for refusals, which are in the store.
        elsewhere: _,
        changed_lately: _,
        issuer_candidate: _,
        contradicted: _,
    } = facts;
    let Known {
        pins,
        // An upgrade under observation counts days.
        upgrade,
        // `ends_of_record`, and `due`, which says when a time of these would be refreshed.
        expect_change_until: _,
        baseline: _,
        validated: _,
        // The store's mark.
        observations: _,
        tombstone: _,
        layers: _,
        masks: _,
        blocked_below: _,
        other_program: _,
    } = known;
    // The path of an issuer pin may lead over certificates, and dates, that nobody sent.
    let of_issuer = |known: &KnownPin| {
        let KnownPin { pin, layer: _, path_verified: _ } = known;
        pin.kind == PinKind::Issuer
    };
    upgrade.is_none() && !matches!(ca, CaAnswer::Unavailable(_)) && !pins.iter().any(of_issuer)
}

/// When a pin begins to count for less, or its record is due to be written.
fn ends_of_pin(pin: &Pin) -> [Timestamp; 3] {
    let Pin {
        expires,
        overlap_until,
        waive_expired_until,
        // `Grounds::of` counts an overlap from the replacement on.
        state_since: _,
        // `due`.
        last_matched: _,
        // The store's mark.
        id: _,
        kind: _,
        value: _,
        state: _,
        waiver: _,
        origin: _,
        comment: _,
        created: _,
        replaces: _,
        cert: _,
        until_ca_valid: _,
        pinned_only: _,
        extra: _,
    } = pin;
    [*expires, *overlap_until, *waive_expired_until]
}

/// When something that a record allows ends.
fn ends_of_record(record: &EndpointRecord) -> [Timestamp; 1] {
    let EndpointRecord {
        expect_change_until,
        // `ends_of_pin` and `may_be_kept`.
        pins: _,
        upgrade: _,
        // `due`.
        last_seen: _,
        baseline: _,
        validated: _,
        // The store's mark.
        endpoint: _,
        first_seen: _,
        generation: _,
        policy: _,
        observations: _,
        tombstone: _,
        starttls: _,
        extra: _,
    } = record;
    [*expect_change_until]
}
