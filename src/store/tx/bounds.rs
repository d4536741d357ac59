//! How much is kept. Every list in a record has a bound, so that a flood of keys costs an attacker
//! more than it costs us, and nobody's flood evicts what another endpoint knows.

use super::record::{EndpointRecord, Observation, Pending, PinState, PinValue};
use crate::store::error::StoreError;

/// Accepted sightings kept for an endpoint.
pub const MAX_BASELINE: usize = 16;
/// Keys kept among what was seen and not accepted: the first, and the latest.
pub const MAX_OBSERVATIONS: usize = 8;
/// Pending questions of one endpoint: the first, and the latest.
pub const MAX_PENDING: usize = 8;
/// Pending questions of all endpoints together; more are refused, none is evicted for them.
pub const MAX_PENDING_TOTAL: u64 = 10_000;
/// Pins of an endpoint, whatever their state; more are refused.
pub const MAX_PINS: usize = 128;
/// Retired pins of an endpoint; the oldest go first. Blocked and compromised ones never go, nor those
/// that set aside a pin of a store below or of any account.
pub const MAX_RETIRED: usize = 32;
/// Keys and anchors kept of "was validated"; that it was, and when, is never pruned.
pub const MAX_VALIDATED: usize = 16;
/// Days kept of an upgrade under observation.
pub const MAX_UPGRADE_DAYS: usize = 32;
/// The longest comment, in bytes.
pub const MAX_COMMENT: usize = 1024;
/// The longest identifier of a name pin, in bytes (`*.` and a host name).
pub const MAX_NAME: usize = 255;
/// The longest text of an event, in characters.
pub const MAX_EVENT_TEXT: usize = 1024;
/// Certificates of one pending question.
pub const MAX_PENDING_CHAIN: usize = 64;
/// Events kept, unless the options say otherwise.
pub const LOG_EVENTS: u64 = 10_000;
/// How long events are kept, in seconds, unless the options say otherwise (400 days).
pub const LOG_AGE: i64 = 400 * crate::time::DAY;

/// How many events of one endpoint a log with room for so many keeps: a flood at one server must not push out what
/// happened at others.
pub fn log_share(events: u64) -> usize {
    usize::try_from(events.checked_div(50).unwrap_or(0).clamp(16, 500)).unwrap_or(500)
}

/// Whether retired pins have to be pruned.
pub(in crate::store) fn too_many_retired(record: &EndpointRecord) -> bool {
    record.pins.iter().filter(|p| p.state == PinState::Retired).count() > MAX_RETIRED
}

/// Brings a record within its bounds. `masks` are the retired pins that stand in the place of one in
/// another record: without them that one would count again, so they stay.
pub(in crate::store) fn prune(record: &mut EndpointRecord, masks: &[u64]) {
    record.baseline.truncate(MAX_BASELINE);
    record.observations = first_and_latest(std::mem::take(&mut record.observations));
    while too_many_retired(record) {
        let prunable = record.pins.iter().filter(|p| p.state == PinState::Retired && !masks.contains(&p.id));
        let Some(oldest) = prunable.min_by_key(|p| (p.state_since, p.id)).map(|p| p.id) else { break };
        record.pins.retain(|p| p.id != oldest);
    }
    for pin in &mut record.pins {
        if let PinValue::Name(name) = &pin.value {
            pin.value = PinValue::name(name).unwrap_or_else(|| pin.value.clone());
        }
    }
    record.pins.sort_by_key(|p| p.id);
    if let Some(validated) = &mut record.validated {
        validated.keys.truncate(MAX_VALIDATED);
        validated.anchors.truncate(MAX_VALIDATED);
        validated.by.sort_unstable();
        validated.by.dedup();
    }
    if let Some(upgrade) = &mut record.upgrade {
        let surplus = upgrade.days.len().saturating_sub(MAX_UPGRADE_DAYS);
        upgrade.days.drain(..surplus);
    }
}

/// The first one seen and the ones seen last, as many as are kept, in their order.
fn first_and_latest(mut seen: Vec<Observation>) -> Vec<Observation> {
    while seen.len() > MAX_OBSERVATIONS {
        let first = seen.iter().enumerate().min_by_key(|(_, o)| o.first).map(|(at, _)| at);
        let others = seen.iter().enumerate().filter(|(at, _)| Some(*at) != first);
        let Some((stale, _)) = others.min_by_key(|(_, o)| o.last) else { break };
        seen.remove(stale);
    }
    seen
}

/// Which pending question has to give way to a new one of its endpoint: neither the first nor the latest.
pub(in crate::store) fn stale_pending(kept: &[Pending]) -> Option<&Pending> {
    if kept.len() < MAX_PENDING {
        return None;
    }
    let first = kept.iter().min_by_key(|p| p.first)?;
    kept.iter().filter(|p| p.spki != first.spki).min_by_key(|p| p.last)
}

/// Refuses what no record may hold (docs/pitfalls.md#4 and #5).
pub(in crate::store) fn validate(store: &str, record: &EndpointRecord) -> Result<(), StoreError> {
    let limit = |what: String| StoreError::Limit { store: store.to_owned(), what };
    if record.pins.len() > MAX_PINS {
        return Err(limit(format!("{} has more than {MAX_PINS} pins", record.endpoint)));
    }
    for pin in &record.pins {
        if pin.comment.len() > MAX_COMMENT {
            return Err(limit(format!("a comment is longer than {MAX_COMMENT} bytes")));
        }
        if let PinValue::Name(name) = &pin.value {
            if name.len() > MAX_NAME || PinValue::name(name).is_none() {
                let shown = crate::text::excerpt(name, 80);
                return Err(StoreError::Invalid {
                    what: format!("{shown} is not a name that a certificate can present"),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    #[test]
    fn a_flood_leaves_the_first_and_the_latest_observations() {
        let seen = |n: i64| Observation {
            cert: Hash::of(&n.to_be_bytes()),
            spki: Hash::of(&n.to_be_bytes()),
            first: n,
            last: n,
            count: 1,
            extra: serde_json::Map::new(),
        };
        let kept = first_and_latest((0..50).map(seen).collect());
        let firsts: Vec<i64> = kept.iter().map(|o| o.first).collect();
        assert_eq!(firsts, [0, 43, 44, 45, 46, 47, 48, 49]);
        let kept = first_and_latest((0..50).rev().map(seen).collect());
        assert_eq!(kept.last().map(|o| o.first), Some(0));
        assert_eq!(kept.len(), MAX_OBSERVATIONS);
    }
}
