//! What a decision leaves in the endpoint's record. Pure: the record before and the outcome give
//! the record after, so that a check can tell in a read whether a write is needed at all (a check
//! of a known, unchanged endpoint writes nothing).

use super::pins::{REFRESH, mask, pins, promoted_above, retire, taken_by_itself};
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::{
    Anchor, EndpointRecord, Ground, Observation, Pin, PinState, Sighting, Upgrade, Validated, Validation,
};
use crate::time::{DAY, Timestamp};
use crate::trust::gather::weigh::Weighed;
use crate::trust::rules::clock;
use crate::trust::rules::codes::Decision;
use crate::trust::rules::facts::{Facts, Layer, current_keys};
use crate::trust::rules::outcome::UpgradeStep;

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
