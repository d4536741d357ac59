//! What a decision leaves in the endpoint's record. Pure: the record before and the outcome give
//! the record after, so that a check can tell in a read whether a write is needed at all (a check
//! of a known, unchanged endpoint writes nothing).

use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::path::Problems;
use crate::store::{
    Anchor, EndpointRecord, Ground, Observation, Origin, Pin, PinKind, PinState, PinValue, Sighting, Upgrade,
    Validated, Validation,
};
use crate::time::{DAY, Timestamp};
use crate::trust::check::Weighed;
use crate::trust::rules::codes::Decision;
use crate::trust::rules::facts::{Facts, KnownPin, Layer, current_keys, is_leaf_pin};
use crate::trust::rules::outcome::UpgradeStep;
use crate::trust::rules::{clock, waiver};

/// Times that only tell "when last" are refreshed at most this often, in seconds.
const REFRESH: i64 = DAY;
/// An observation is counted again at most this often, in seconds.
const RECOUNT: i64 = 3_600;
/// Keys and anchors kept with "was validated", at most.
const MAX_VALIDATED: usize = 16;

/// What is to be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The record, where it differs. A pin with id 0 is new and gets its number when written.
    pub record: Option<EndpointRecord>,
    /// The record for any account, where it differs: its pins are matched, fixed and promoted too.
    pub shared: Option<EndpointRecord>,
    /// Fingerprints of certificates to keep.
    pub certs: Vec<Hash>,
    /// The newest notBefore vouched for by a system root.
    pub floor: Option<Timestamp>,
    /// The known key came back after others were seen: pending questions are contradicted.
    pub contradicts: bool,
    /// Times of the record lay ahead.
    pub brought_back: bool,
    /// The decision's event belongs into the log: it is not the same again.
    pub logs: bool,
}

impl Plan {
    /// Whether anything is to be written.
    pub fn is_empty(&self) -> bool {
        self.record.is_none() && self.shared.is_none() && self.floor.is_none() && !self.contradicts && !self.logs
    }
}

/// Plans what a decision leaves behind.
pub(crate) fn plan(endpoint: &Endpoint, weighed: &Weighed<'_>) -> Plan {
    let facts = &weighed.gathered.facts;
    let outcome = &weighed.outcome;
    let before = weighed.gathered.record.clone();
    let mut plan = Plan::default();
    if !facts.possession || outcome.reasons.contains(&"session-trust") {
        return plan;
    }
    let mut record = before.clone().unwrap_or_else(|| EndpointRecord::new(endpoint.clone(), facts.at()));
    if outcome.decision == Decision::Accept {
        let mut shared = weighed.gathered.shared.clone();
        accepted(weighed, &mut record, shared.as_mut(), &mut plan);
        plan.shared = shared.filter(|shared| weighed.gathered.shared.as_ref() != Some(shared));
    } else {
        observed(facts, &mut record, &mut plan);
    }
    plan.logs &= outcome.effects.event.is_some();
    if before.as_ref() != Some(&record) {
        plan.record = Some(record);
    }
    plan
}

/// The second from which the same accept, which writes nothing now, would refresh a "when last".
/// `None` where the certificate has no accepted sighting.
pub(crate) fn due(weighed: &Weighed<'_>) -> Option<Timestamp> {
    let (facts, outcome) = (&weighed.gathered.facts, &weighed.outcome);
    let record = weighed.gathered.record.as_ref()?;
    let seen = record.baseline.iter().find(|s| s.cert == facts.leaf.cert)?.last;
    let validated = record
        .validated
        .as_ref()
        .map(|v| v.last)
        .filter(|_| outcome.effects.sighting.is_some_and(|validation| validation != Validation::None));
    let matched = outcome.pin_index.and_then(|index| record.pins.get(index)).map(|pin| pin.last_matched);
    let matched = matched.filter(|_| outcome.rule != crate::trust::rules::codes::Rule::CaValid);
    // What lies a little ahead is no reason to wait for longer.
    let oldest = [record.last_seen, seen, facts.at()].into_iter().chain(validated).chain(matched).min()?;
    Some(oldest.saturating_add(REFRESH))
}

fn observed(facts: &Facts, record: &mut EndpointRecord, plan: &mut Plan) {
    let at = facts.at();
    // How long ago something was; of what lies ahead, how far.
    let ago = |then: Timestamp| match facts.clock_wrong() {
        true => at.saturating_sub(then),
        false => at.saturating_sub(then).saturating_abs(),
    };
    match record.observations.iter_mut().find(|o| o.spki == facts.leaf.spki) {
        Some(seen) if ago(seen.last) < RECOUNT && seen.cert == facts.leaf.cert => {}
        Some(seen) => {
            plan.logs = ago(seen.last) >= REFRESH;
            seen.last = refreshed(facts, seen.last);
            seen.first = seen.first.min(seen.last);
            seen.count = seen.count.saturating_add(1);
            if seen.cert != facts.leaf.cert {
                seen.cert = facts.leaf.cert;
                plan.certs.push(facts.leaf.cert);
            }
        }
        None => {
            plan.logs = true;
            plan.certs.push(facts.leaf.cert);
            let (cert, spki) = (facts.leaf.cert, facts.leaf.spki);
            let extra = serde_json::Map::new();
            record.observations.push(Observation { cert, spki, first: at, last: at, count: 1, extra });
        }
    }
}

fn accepted(weighed: &Weighed<'_>, record: &mut EndpointRecord, shared: Option<&mut EndpointRecord>, plan: &mut Plan) {
    let (facts, outcome) = (&weighed.gathered.facts, &weighed.outcome);
    plan.logs = outcome.effects.event.is_some();
    let Some(validation) = outcome.effects.sighting else { return };
    bring_back(facts, record, plan);
    pins(weighed, record, Layer::Own);
    if let Some(shared) = shared {
        clock::repair(facts, shared);
        pins(weighed, shared, Layer::AnyAccount);
    }
    promoted_above(weighed, record);
    record.pins.extend(outcome.effects.pins.map(|origin| taken_by_itself(weighed, origin)));
    upgrade(facts, outcome.effects.upgrade, record);
    let provisional = outcome.effects.upgrade == UpgradeStep::Observe;
    sighting(weighed, validation, provisional, record, plan);
    if validation == Validation::Ca && !provisional && !facts.clock_wrong() {
        record.pins.retain(|pin| !(pin.until_ca_valid && pin.state == PinState::Trusted));
    }
    let vouched = validation == Validation::Ca && weighed.gathered.system_root;
    plan.floor = facts.leaf.not_before.filter(|first| vouched && *first > facts.floor);
}

/// Brings the times of a record back that lie ahead of this accepted contact, which is the last one now.
pub(crate) fn bring_back(facts: &Facts, record: &mut EndpointRecord, plan: &mut Plan) {
    plan.brought_back = clock::repair(facts, record);
    if plan.brought_back {
        record.last_seen = facts.at();
    }
}

/// "When last" as of now. A clock that is known to be wrong takes nothing back.
fn refreshed(facts: &Facts, last: Timestamp) -> Timestamp {
    if facts.clock_wrong() { last.max(facts.at()) } else { facts.at() }
}

/// Adds or refreshes the accepted sighting, and "was validated" with it.
pub(crate) fn sighting(
    weighed: &Weighed<'_>,
    validation: Validation,
    provisional: bool,
    record: &mut EndpointRecord,
    plan: &mut Plan,
) {
    let facts = &weighed.gathered.facts;
    let (at, leaf) = (facts.at(), &facts.leaf);
    record.tombstone = None;
    if at.saturating_sub(record.last_seen) >= REFRESH {
        record.last_seen = at;
    }
    let newest_other = record.observations.iter().filter(|o| o.spki != leaf.spki).map(|o| o.last).max();
    match record.baseline.iter_mut().find(|s| s.cert == leaf.cert) {
        Some(seen) => {
            // Other keys were seen since: the known one coming back is news.
            // Of times that lay ahead nobody knows which was first.
            let unsure = plan.brought_back || (seen.last > at && !facts.clock_wrong());
            let came_back = newest_other.is_some_and(|other| other >= seen.last || unsure);
            plan.contradicts = came_back;
            if came_back || plan.brought_back || at.saturating_sub(seen.last) >= REFRESH {
                seen.last = refreshed(facts, seen.last);
            }
            seen.validation = stronger(seen.validation, validation);
            seen.provisional &= provisional;
            if seen.anchor.is_none() {
                seen.anchor = weighed.gathered.anchor.clone();
            }
        }
        None => {
            plan.contradicts = newest_other.is_some() && facts.key_in_baseline();
            let path = weighed.gathered.examination.path.as_ref().map_or(&[][..], |p| p.certs.as_slice());
            // Of a root that other programs may lack the certificate is kept, to find the path to it again.
            let own_root = weighed.gathered.anchor.as_ref().is_some_and(|anchor| anchor.by == Some(Ground::Program));
            let end = path.len().saturating_sub(usize::from(!own_root));
            let above = path.get(1..end).unwrap_or(&[]);
            let intermediates: Vec<Hash> = above.iter().map(crate::cert::Cert::fingerprint).collect();
            plan.certs.push(leaf.cert);
            plan.certs.extend(&intermediates);
            record.baseline.insert(
                0,
                Sighting {
                    cert: leaf.cert,
                    spki: leaf.spki,
                    first: at,
                    last: at,
                    not_before: leaf.not_before,
                    not_after: leaf.not_after,
                    validation,
                    anchor: if validation == Validation::None { None } else { weighed.gathered.anchor.clone() },
                    intermediates,
                    provisional,
                    extra: serde_json::Map::new(),
                },
            );
        }
    }
    record.observations.retain(|o| o.spki != leaf.spki);
    if plan.contradicts && !facts.clock_wrong() {
        // They were before this contact, whatever the clock said; else it would be news again and again.
        record.observations.iter_mut().for_each(|o| o.last = o.last.min(at.saturating_sub(1)));
    }
    if validation != Validation::None && !provisional {
        validated(record, validation, weighed.gathered.anchor.as_ref(), at);
    }
}

fn stronger(a: Validation, b: Validation) -> Validation {
    let rank = |v: Validation| match v {
        Validation::Ca => 3,
        Validation::Dane => 2,
        Validation::Pinned => 1,
        Validation::None => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}

fn validated(record: &mut EndpointRecord, by: Validation, anchor: Option<&Anchor>, at: Timestamp) {
    let mut now = record.validated.clone().unwrap_or(Validated {
        first: at,
        last: at,
        ca: false,
        keys: Vec::new(),
        anchors: Vec::new(),
        by: vec![ground(by, anchor)],
    });
    if at.saturating_sub(now.last) >= REFRESH {
        now.last = at;
    }
    now.ca |= by == Validation::Ca;
    if !now.rested_on(ground(by, anchor)) {
        now.add(&[ground(by, anchor)]);
    }
    now.keys = current_keys(&record.baseline);
    now.keys.truncate(MAX_VALIDATED);
    if let Some(anchor) = anchor {
        let known = now.anchors.iter_mut().find(|known| known.spki == anchor.spki);
        match known {
            // Of several grounds the one that more programs share; an older version's silence is the strictest.
            Some(known) => known.by = known.by.map(|by| anchor.by.map_or(by, |new| by.min(new))),
            None => {
                now.anchors.insert(0, anchor.clone());
                now.anchors.truncate(MAX_VALIDATED);
            }
        }
    }
    record.validated = Some(now);
}

/// What a validation rests on.
fn ground(by: Validation, anchor: Option<&Anchor>) -> Ground {
    match by {
        Validation::Dane => Ground::Dane,
        Validation::Ca => anchor.and_then(|anchor| anchor.by).unwrap_or(Ground::System),
        Validation::Pinned | Validation::None => Ground::Person,
    }
}

fn upgrade(facts: &Facts, step: UpgradeStep, record: &mut EndpointRecord) {
    let today = facts.at().div_euclid(DAY);
    match step {
        UpgradeStep::None => {}
        UpgradeStep::Observe => {
            let running = record.upgrade.get_or_insert(Upgrade { since: facts.at(), days: Vec::new() });
            if !running.days.contains(&today) && running.days.len() < MAX_VALIDATED {
                running.days.push(today);
            }
        }
        UpgradeStep::Confirm => {
            let since = record.upgrade.take().map_or(facts.at(), |upgrade| upgrade.since);
            record.baseline.iter_mut().for_each(|s| s.provisional = false);
            // What was trusted after it had begun was trusted in spite of it.
            let older = |pin: &Pin| pin.state == PinState::Trusted && pin.state_since <= since;
            for pin in record.pins.iter_mut().filter(|pin| older(pin)) {
                retire(pin, facts.at(), 0);
            }
            mask(record, facts, 0, |known| older(&known.pin));
        }
        UpgradeStep::Cancel => {
            record.upgrade = None;
            record.baseline.retain(|s| !s.provisional);
        }
    }
}

/// What becomes of the pins of a record, which is that of `layer`.
fn pins(weighed: &Weighed<'_>, record: &mut EndpointRecord, layer: Layer) {
    let (facts, outcome) = (&weighed.gathered.facts, &weighed.outcome);
    let at = facts.at();
    let overlap = weighed.gathered.policy.overlap_hours.saturating_mul(3_600);
    let numbered = |index: usize| facts.known.pins.get(index).filter(|k| k.layer == layer).map(|k| k.pin.id);
    let place = |record: &EndpointRecord, index: usize| {
        numbered(index).and_then(|id| record.pins.iter().position(|pin| pin.id == id))
    };
    let at_match = outcome.pin_index.and_then(|index| place(record, index));
    let matched = at_match.and_then(|index| record.pins.get_mut(index));
    let replaces = matched.as_ref().map_or(0, |pin| pin.replaces);
    if let Some(pin) = matched.filter(|_| outcome.rule != crate::trust::rules::codes::Rule::CaValid) {
        if at.saturating_sub(pin.last_matched) >= REFRESH {
            pin.last_matched = at;
        }
    }
    if let Some((index, waiver)) = outcome.effects.fixes {
        if let Some(pin) = place(record, index).and_then(|index| record.pins.get_mut(index)) {
            pin.waiver = Some(waiver);
        }
    }
    if let Some(index) = outcome.effects.promotes.and_then(|index| place(record, index)) {
        promote(facts, record, index, overlap);
    }
    if outcome.effects.retires_replaced {
        let old = record.pins.iter_mut().filter(|pin| pin.id == replaces && pin.state == PinState::Trusted);
        old.for_each(|pin| retire(pin, at, at.saturating_add(overlap)));
    }
}

/// The pin of an accept that nobody was asked about. It ends when the policy says, and when the
/// trust does that it rests on.
fn taken_by_itself(weighed: &Weighed<'_>, origin: Origin) -> Pin {
    let (facts, at) = (&weighed.gathered.facts, weighed.gathered.facts.at());
    let lifetime = weighed.gathered.policy.pin_days.saturating_mul(DAY);
    let by_policy = (lifetime != 0).then(|| at.saturating_add(lifetime));
    let lent = Some(weighed.outcome.effects.pin_ends).filter(|ends| *ends != 0);
    let key = PinValue::Sha256(facts.leaf.spki);
    let pin = new_pin(PinKind::Key, key, waiver::shown(facts), origin, at, facts.leaf.cert);
    Pin { expires: by_policy.into_iter().chain(lent).min().unwrap_or(0), ..pin }
}

/// A staged pin becomes trusted; what it replaces stays so for the overlap, which seeing the old
/// key does not extend. Under a wrong clock nothing retires: that is made up for later.
fn promote(facts: &Facts, record: &mut EndpointRecord, index: usize, overlap: i64) {
    let at = facts.at();
    let old_waiver = |record: &EndpointRecord, id: u64| record.pins.iter().find(|p| p.id == id).and_then(|p| p.waiver);
    let Some((id, mut replaces)) = record.pins.get(index).map(|pin| (pin.id, pin.replaces)) else { return };
    // The one that it was announced beside may have been replaced since, by what is trusted now.
    let stands = |pin: &Pin| pin.id == replaces && pin.state == PinState::Trusted;
    if !record.pins.iter().any(stands) {
        let newest = record.pins.iter().filter(|p| p.state == PinState::Trusted && is_leaf_pin(p)).max_by_key(|p| p.id);
        replaces = newest.map_or(0, |pin| pin.id);
    }
    let inherited = old_waiver(record, replaces);
    let only = record.pins.iter().any(|p| p.id == replaces && p.is_only());
    for pin in &mut record.pins {
        if pin.id == id {
            pin.state = PinState::Trusted;
            pin.state_since = at;
            pin.replaces = replaces;
            pin.pinned_only |= only;
            pin.waiver = pin.waiver.or(inherited).or(Some(waiver::shown(facts)));
            pin.cert = pin.cert.or(Some(facts.leaf.cert));
        } else if pin.id == replaces && pin.state == PinState::Trusted && !facts.clock_wrong() {
            retire(pin, at, at.saturating_add(overlap));
        }
    }
}

/// A promotion that the record of its pin alone cannot carry out. A pin of a store below becomes one of the
/// endpoint's own, as nothing is written there. What is replaced in other records counts no more for
/// this endpoint, after the overlap. Under a wrong clock nothing retires.
fn promoted_above(weighed: &Weighed<'_>, record: &mut EndpointRecord) {
    let (facts, outcome) = (&weighed.gathered.facts, &weighed.outcome);
    let Some(promoted) = outcome.effects.promotes.and_then(|index| facts.known.pins.get(index)) else { return };
    let at = facts.at();
    let until = at.saturating_add(weighed.gathered.policy.overlap_hours.saturating_mul(3_600));
    let own = |pin: &Pin| pin.state == PinState::Trusted && is_leaf_pin(pin);
    let predecessor = record.pins.iter().filter(|pin| own(pin) && pin.id != promoted.pin.id).map(|pin| pin.id).max();
    let replaces_own =
        promoted.layer == Layer::Own && record.pins.iter().any(|pin| pin.id == promoted.pin.id && pin.replaces != 0);
    if matches!(promoted.layer, Layer::System(_)) {
        let fixed = outcome.effects.fixes.map(|(_, waiver)| waiver);
        let waiver = promoted.pin.waiver.or(fixed).unwrap_or_else(|| waiver::shown(facts));
        let cert = Some(promoted.pin.cert.unwrap_or(facts.leaf.cert));
        let copy = Pin { id: 0, state: PinState::Trusted, waiver: Some(waiver), cert, ..promoted.pin.clone() };
        record.pins.push(Pin { state_since: at, last_matched: at, ..copy });
    }
    if facts.clock_wrong() || replaces_own {
        return;
    }
    match predecessor.filter(|_| promoted.layer != Layer::Own) {
        Some(id) => record.pins.iter_mut().filter(|pin| pin.id == id).for_each(|pin| retire(pin, at, until)),
        None => {
            let same = |pin: &Pin| pin.kind == promoted.pin.kind && pin.value == promoted.pin.value;
            // Those beside it in the record for any account were retired there.
            let done = |k: &KnownPin| k.layer == Layer::AnyAccount && promoted.layer == Layer::AnyAccount;
            mask(record, facts, until, |k| is_leaf_pin(&k.pin) && !same(&k.pin) && !done(k));
        }
    }
}

/// Pins that stand in other records (for any account, or in stores below) cannot be retired there for
/// this endpoint alone: a retired pin of its own stands in the place of each that counts (pitfall 3).
/// It gets its number when it is written.
pub(crate) fn mask(
    record: &mut EndpointRecord,
    facts: &Facts,
    overlap_until: Timestamp,
    which: impl Fn(&KnownPin) -> bool,
) {
    let beyond = |k: &&KnownPin| matches!(k.layer, Layer::AnyAccount | Layer::System(_)) && facts.counts(&k.pin);
    for known in facts.known.pins.iter().filter(beyond).filter(|k| which(k)) {
        let pin = &known.pin;
        if !record.pins.iter().any(|p| p.kind == pin.kind && p.value == pin.value) {
            let mut mask = Pin { id: 0, replaces: 0, cert: None, origin: Origin::User, ..pin.clone() };
            retire(&mut mask, facts.at(), overlap_until);
            record.pins.push(mask);
        }
    }
}

/// Retires a pin; it still counts until `overlap_until` (0: not at all).
pub(crate) fn retire(pin: &mut Pin, at: Timestamp, overlap_until: Timestamp) {
    pin.state = PinState::Retired;
    pin.state_since = at;
    pin.overlap_until = overlap_until;
}

/// A trusted pin that waives `waiver`. Its number is given when it is written.
pub(crate) fn new_pin(
    kind: PinKind,
    value: PinValue,
    waiver: Problems,
    origin: Origin,
    at: Timestamp,
    cert: Hash,
) -> Pin {
    Pin {
        id: 0,
        kind,
        value,
        state: PinState::Trusted,
        waiver: Some(waiver),
        waive_expired_until: 0,
        origin,
        comment: String::new(),
        created: at,
        state_since: at,
        last_matched: at,
        expires: 0,
        overlap_until: 0,
        replaces: 0,
        cert: Some(cert),
        until_ca_valid: false,
        pinned_only: false,
        extra: serde_json::Map::new(),
    }
}
