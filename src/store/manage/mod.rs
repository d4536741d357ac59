//! What a person does to a store beside answering questions: list and find, pins by hand, blocks,
//! forget, undo, prune, statistics, restore. Each change is one transaction with its event.

mod fsck;
mod history;
mod list;
mod pins;
mod prune;
mod restore;
mod standing;
mod undo;

pub use fsck::Report;
pub use list::{Cursor, Filter, Page, PinEntry, Statistics};
pub(in crate::store) use pins::everywhere_event;
pub use pins::{Forget, NewPin};
pub use restore::Restored;
pub use standing::Standing;
pub use undo::Undone;
pub(in crate::store) use undo::import_event;

use crate::cert::Cert;
use crate::store::tx::record::{Event, PinKind, PinValue};

/// What a change did to which pin. The event has the key or the certificate that the pin names, so that it is found by
/// it, and the other one where the certificate is at hand.
pub(in crate::store) fn about_pin(event: Event, kind: PinKind, value: &PinValue, cert: Option<&Cert>) -> Event {
    let named = match value {
        PinValue::Sha256(hash) => Some(*hash),
        PinValue::Name(_) => None,
    };
    let leaf = cert.filter(|_| matches!(kind, PinKind::Key | PinKind::Certificate));
    Event {
        spki: named.filter(|_| kind != PinKind::Certificate).or(leaf.map(Cert::spki)),
        cert: named.filter(|_| kind == PinKind::Certificate).or(cert.map(Cert::fingerprint)),
        ..event
    }
}
