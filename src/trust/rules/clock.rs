//! Times in a record that lie ahead of the check's own: a clock was fast when they were written, or is slow now.
//! Which of the two cannot be told. So none of them counts as later than now, and the next accepted contact
//! brings them back (`record::remember`). A clock that is known to be wrong judges no time. Pure.
//!
//! Why they are also written back, and not only counted as now at each check: the record would go on to say that a key
//! was current at a time that is still to come, and the order in which keys followed each other would be lost. Without
//! [`repair`], `a_clock_that_is_put_back_makes_no_key_current_that_others_had_followed` fails, where an abandoned key
//! is asked about again instead of rejected, and `one_contact_with_a_fast_clock_does_not_lock_a_renewed_server_out`.
//! The rows are what the library wrote itself, so their seals are right.

use std::borrow::Cow;

use super::facts::{Facts, current_keys};
use crate::store::{EndpointRecord, Pin, PinState, Sighting, Validation};
use crate::time::{DAY, Timestamp};

/// Times that are less than this ahead are not brought back: they come true before they would be refreshed, and
/// clocks are put right by seconds all the time.
const SLACK: i64 = DAY;

/// The latest time that anything known can have happened at; none where the clock is known to be wrong.
pub(crate) fn latest_possible(now: Timestamp, floor: Timestamp) -> Timestamp {
    if now < floor { Timestamp::MAX } else { now }
}

/// The record as it counts where `at` is the latest possible time.
pub(crate) fn counted(record: &EndpointRecord, at: Timestamp) -> Cow<'_, EndpointRecord> {
    if latest(record) <= at {
        return Cow::Borrowed(record);
    }
    let mut record = record.clone();
    bring_back(&mut record, at);
    Cow::Owned(record)
}

/// Brings a record back that is ahead of an accepted contact; all that is in it was before that. Returns whether
/// it was.
pub(crate) fn repair(facts: &Facts, record: &mut EndpointRecord) -> bool {
    let ahead = !facts.clock_wrong() && latest(record) > facts.at().saturating_add(SLACK);
    if ahead {
        bring_back(record, facts.at().saturating_sub(1));
    }
    ahead
}

/// A pin with no time after `at`. Not when it was retired: a clock before that was set back, and makes no overlap
/// ([`Facts::counts`]).
pub(crate) fn pin_back(pin: &mut Pin, at: Timestamp) {
    pin.created = pin.created.min(at);
    pin.last_matched = pin.last_matched.min(at);
    if pin.state != PinState::Retired {
        pin.state_since = pin.state_since.min(at);
    }
}

/// The latest of the times that [`bring_back`] changes.
fn latest(record: &EndpointRecord) -> Timestamp {
    let pin = |pin: &Pin| {
        let since = if pin.state == PinState::Retired { 0 } else { pin.state_since };
        pin.created.max(pin.last_matched).max(since)
    };
    let pins = record.pins.iter().map(pin);
    let seen = record.baseline.iter().map(|s| s.first.max(s.last));
    let observed = record.observations.iter().map(|o| o.first.max(o.last));
    let validated = record.validated.iter().map(|v| v.first.max(v.last));
    let days = record.upgrade.iter().flat_map(|u| u.days.iter().map(|day| day.saturating_mul(DAY)).chain([u.since]));
    let buried = record.tombstone.iter().map(|t| t.at.max(t.known_until));
    let times = pins.chain(seen).chain(observed).chain(validated).chain(days).chain(buried);
    times.fold(record.first_seen.max(record.last_seen), Timestamp::max)
}

/// Puts every time that is after `at` to `at`. What a person set an end to keeps the end that was shown.
fn bring_back(record: &mut EndpointRecord, at: Timestamp) {
    let back = |time: &mut Timestamp| *time = (*time).min(at);
    back(&mut record.first_seen);
    back(&mut record.last_seen);
    record.pins.iter_mut().for_each(|pin| pin_back(pin, at));
    sightings_back(&mut record.baseline, at);
    record.observations.iter_mut().flat_map(|o| [&mut o.first, &mut o.last]).for_each(back);
    record.tombstone.iter_mut().flat_map(|t| [&mut t.at, &mut t.known_until]).for_each(back);
    if let Some(upgrade) = &mut record.upgrade {
        back(&mut upgrade.since);
        upgrade.days.retain(|day| day.saturating_mul(DAY) <= at);
    }
    if let Some(validated) = &mut record.validated {
        back(&mut validated.first);
        back(&mut validated.last);
        // Which keys are current was told by the times; those without a sighting are so by the record's word.
        let sighted = |key| record.baseline.iter().any(|s| s.spki == key && s.validation == Validation::Ca);
        let mut keys = current_keys(&record.baseline);
        keys.extend(validated.keys.iter().copied().filter(|key| !sighted(*key)));
        validated.keys = keys;
    }
}

/// Brings sightings back, the latest of which come first. Those from before one that is ahead stay as long before it
/// as they were: a clock that was put back makes no key current that others had followed.
fn sightings_back(baseline: &mut [Sighting], at: Timestamp) {
    let mut shift = 0;
    for seen in baseline {
        let ahead = seen.last.saturating_sub(at);
        if ahead > 0 {
            seen.last = at;
            shift = ahead.max(shift);
        } else {
            seen.last = seen.last.saturating_sub(shift).max(0);
        }
        seen.first = seen.first.min(seen.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::hash::Hash;
    use crate::store::{Observation, Origin, PinKind, PinValue, Sighting, Tombstone, Upgrade, Validated};

    /// A record in which every time is `at`.
    fn all_at(at: Timestamp) -> EndpointRecord {
        let mut record = EndpointRecord::new(Endpoint::parse("", "a.example", 993).unwrap(), at);
        let (cert, spki, extra) = (Hash::of(b"c"), Hash::of(b"k"), serde_json::Map::new());
        let value = PinValue::Sha256(spki);
        let pin = Pin {
            id: 0,
            kind: PinKind::Key,
            value,
            state: PinState::Trusted,
            waiver: None,
            waive_expired_until: 0,
            origin: Origin::User,
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
            extra: extra.clone(),
        };
        record.pins.extend([Pin { state: PinState::Retired, overlap_until: at + 1, ..pin.clone() }, pin]);
        record.last_seen = at;
        record.baseline.push(Sighting {
            cert,
            spki,
            first: at,
            last: at,
            not_before: Some(at),
            not_after: Some(at),
            validation: Validation::Ca,
            anchor: None,
            intermediates: Vec::new(),
            provisional: false,
            extra: extra.clone(),
        });
        record.observations.push(Observation { cert, spki, first: at, last: at, count: 1, extra });
        let (keys, anchors, by) = (Vec::new(), Vec::new(), Vec::new());
        record.validated = Some(Validated { first: at, last: at, ca: true, keys, anchors, by });
        record.upgrade = Some(Upgrade { since: at, days: vec![at / DAY] });
        record.tombstone = Some(Tombstone { at, known_until: at });
        record
    }

    #[test]
    fn no_time_of_a_record_counts_as_later_than_now_but_the_end_of_trust() {
        let (early, late) = (1_000 * DAY, 2_000 * DAY);
        let mut wanted = all_at(early);
        let mut seen = all_at(late);
        assert_eq!(*counted(&wanted, early), wanted);
        assert!(matches!(counted(&wanted, early), Cow::Borrowed(_)));
        seen = counted(&seen, early).into_owned();
        // The validity of a certificate, and when a key was replaced, are no times of contact.
        assert_eq!((seen.pins[0].state_since, seen.pins[0].overlap_until), (late, late + 1));
        wanted.pins[0] = Pin { state_since: late, overlap_until: late + 1, ..wanted.pins[0].clone() };
        (wanted.baseline[0].not_before, wanted.baseline[0].not_after) = (Some(late), Some(late));
        wanted.upgrade = Some(Upgrade { since: early, days: Vec::new() });
        wanted.validated.as_mut().unwrap().keys.push(Hash::of(b"k"));
        assert_eq!(seen, wanted);
        assert_eq!(latest(&seen), early);
    }
}
