//! How a decision changes pins: new ones, promotions, and pins of other records that are set aside. Pure.

use crate::hash::Hash;
use crate::path::Problems;
use crate::store::{EndpointRecord, Origin, Pin, PinKind, PinState, PinValue};
use crate::time::{DAY, Timestamp};
use crate::trust::gather::weigh::Weighed;
use crate::trust::rules::facts::{Facts, KnownPin, Layer, is_leaf_pin};
use crate::trust::rules::waiver;

/// Times that only tell "when last" are refreshed at most this often, in seconds.
pub(super) const REFRESH: i64 = DAY;

/// What becomes of the pins of a record, which is that of `layer`.
pub(super) fn pins(weighed: &Weighed<'_>, record: &mut EndpointRecord, layer: Layer) {
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
pub(super) fn taken_by_itself(weighed: &Weighed<'_>, origin: Origin) -> Pin {
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
pub(super) fn promoted_above(weighed: &Weighed<'_>, record: &mut EndpointRecord) {
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
/// this endpoint alone: a retired pin of its own stands in the place of each that counts (docs/pitfalls.md#3).
/// It gets its number when it is written.
pub(super) fn mask(
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
pub(super) fn retire(pin: &mut Pin, at: Timestamp, overlap_until: Timestamp) {
    pin.state = PinState::Retired;
    pin.state_since = at;
    pin.overlap_until = overlap_until;
}

/// A trusted pin that waives `waiver`. Its number is given when it is written.
pub(super) fn new_pin(
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
