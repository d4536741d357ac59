//! What an import takes into an endpoint that is known already: blocks and compromised marks, because they only
//! make decisions stricter. Its trust is left as it is.

use super::found::{FoundEndpoint, Remarks, shown};
use super::import::taken;
use crate::endpoint::Endpoint;
use crate::store::tx::bounds::MAX_PINS;
use crate::store::tx::record::{EndpointRecord, Pin, PinState};
use crate::time::Timestamp;

/// What merging an endpoint of the file into a known one came to.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// Pins newly refused in the record.
    pub refused: u64,
    /// The file says something of the endpoint that was not taken.
    pub conflict: bool,
}

/// Merges what the file refuses into the record. `beside` are the pins that count here without being the record's own.
pub(super) fn merge(
    record: &mut EndpointRecord,
    beside: &[Pin],
    found: &FoundEndpoint,
    now: Timestamp,
    remarks: &mut Remarks,
) -> Merged {
    let mut merged = Merged::default();
    for pin in &found.pins {
        let here = record.pins.iter().chain(beside).filter(|p| p.kind == pin.kind && p.value == pin.value);
        if here.into_iter().any(|p| p.state == pin.state || (pin.refuses() && p.state > pin.state)) {
            continue;
        }
        if pin.refuses() && refuse(record, pin, now, remarks) {
            merged.refused = merged.refused.saturating_add(1);
        } else {
            merged.conflict = true;
        }
    }
    merged
}

/// Puts a refused pin into the record; `false` where the record is full.
fn refuse(record: &mut EndpointRecord, pin: &Pin, now: Timestamp, remarks: &mut Remarks) -> bool {
    let endpoint = record.endpoint.clone();
    if let Some(known) = record.pins.iter_mut().find(|p| p.kind == pin.kind && p.value == pin.value) {
        if matches!(known.state, PinState::Trusted | PinState::Staged) {
            remarks.add(|| trusted_here(&endpoint, known, pin));
        }
        known.state = pin.state;
        known.state_since = now;
        known.overlap_until = 0;
        return true;
    }
    if record.pins.len() >= MAX_PINS {
        let state = pin.state.code();
        remarks.add(|| {
            let shown = shown(&pin.value);
            format!("{endpoint}: {shown} is {state} in the file; not taken: there are {MAX_PINS} pins already")
        });
        return false;
    }
    record.pins.push(taken(pin, now));
    true
}

fn trusted_here(endpoint: &Endpoint, known: &Pin, pin: &Pin) -> String {
    let (shown, state) = (shown(&pin.value), pin.state.code());
    format!("{endpoint}: {shown} is {} here and {state} in the file; {state} counts", known.state.code())
}
