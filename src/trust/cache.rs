//! Accepts that can be given again: a mail program checks the same server on every connection, and
//! as long as nobody committed anything to the store the answer is the same. Belongs to one store
//! handle and dies with it; [`super::check`] asks it first and fills it.
//!
//! Kept are accepts alone, of what is settled by the endpoint's own record, that wrote nothing. One
//! is given only for the same account, host, port, flags, policy, TLSA records and chain, byte for
//! byte, under the same trust anchors, at the store's very mark (the file that the path names now
//! and its change counter, as read in the transaction that gave the facts), and within the seconds
//! in which no date that it rests on is crossed. Blocks, retirements and policies are the store's:
//! any of them moves the mark. What rests on more (CRLs, a stapled response, session trust, issuer
//! pins, an engine without marks) is decided anew each time (DECISION, the cache).

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};

use super::gather::inputs::Check;
use super::gather::weigh::Weighed;
use super::record::remember;
use super::rules::codes::Decision;
use super::rules::facts::CaAnswer;
use super::words::verdict::Verdict;
use crate::store::{Peek, PinKind, Store};
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
        // An issuer pin's path may lead over certificates, and dates, that nobody sent.
        let by_issuer = facts.known.pins.iter().any(|known| known.pin.kind == PinKind::Issuer);
        let unavailable = matches!(facts.ca, CaAnswer::Unavailable(_));
        let accepted = weighed.outcome.decision == Decision::Accept;
        if !accepted || !gathered.settled || by_issuer || unavailable || record.upgrade.is_some() {
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
        let pins = facts.known.pins.iter().map(|known| &known.pin);
        let ends = pins.flat_map(|pin| [pin.expires, pin.overlap_until, pin.waive_expired_until]);
        for end in ends.chain([record.expect_change_until]).filter(|end| *end > facts.at()) {
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

    /// Where a check is kept; `None` for one that is not. Endpoint and the end of the leaf, its signature, tell
    /// checks apart well enough; what else must be the same is compared.
    fn key(&self, check: &Check<'_>) -> Option<u64> {
        let (chain, flags) = (check.chain, check.flags);
        let more = flags.dry_run || flags.unproven || chain.ocsp().is_some() || !check.crls.is_empty();
        if more || chain.bytes() > MAX_BYTES {
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
