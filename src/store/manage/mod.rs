//! What a person does to a store beside answering questions: list and find, pins by hand, blocks,
//! forget, undo, prune, statistics, restore. Each change is one transaction with its event.

mod history;
mod list;
mod pins;
mod restore;
mod undo;

pub use list::{Cursor, Filter, Page, PinEntry, Statistics};
pub use pins::{Forget, NewPin};
pub use undo::Undone;
pub(in crate::store) use undo::import_event;

use super::record::{Event, Severity};
use crate::endpoint::Endpoint;
use crate::time::Timestamp;

/// An event about an endpoint, or about the store.
pub(in crate::store) fn event(
    endpoint: Option<&Endpoint>,
    code: &str,
    severity: Severity,
    now: Timestamp,
    text: String,
) -> Event {
    Event {
        id: 0,
        time: now,
        code: code.to_owned(),
        severity,
        account: endpoint.map(|e| e.account.as_str().to_owned()).unwrap_or_default(),
        host: endpoint.map(|e| e.host.as_str().to_owned()).unwrap_or_default(),
        port: endpoint.map_or(0, |e| e.port.get()),
        application: String::new(),
        spki: None,
        text,
        before: None,
        extra: serde_json::Map::new(),
    }
}
