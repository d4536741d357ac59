//! Every check and every change is an event. The transaction that causes a notice, or anything more severe, also
//! writes it to the log. The store handle's listener hears of every event, on the thread of the call that caused
//! it, after the locks are released and before that call returns.

use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::{Event, Severity};
use crate::time::Timestamp;
use crate::trust::rules::codes::Decision;

/// An event about an endpoint. The store fills in number and application.
pub(crate) fn about(
    endpoint: &Endpoint,
    code: &str,
    severity: Severity,
    time: Timestamp,
    spki: impl Into<Option<Hash>>,
    text: String,
) -> Event {
    Event {
        id: 0,
        time,
        code: code.to_owned(),
        severity,
        account: endpoint.account.as_str().to_owned(),
        host: endpoint.host.as_str().to_owned(),
        port: endpoint.port.get(),
        application: String::new(),
        spki: spki.into(),
        cert: None,
        text,
        before: None,
        extra: serde_json::Map::new(),
    }
}

/// The severity of a check without an event of its own.
pub(super) fn routine(decision: Decision) -> (&'static str, Severity) {
    match decision {
        Decision::Accept => ("checked", Severity::Info),
        Decision::Ask => ("asked", Severity::Notice),
        Decision::Reject => ("rejected", Severity::Warning),
    }
}
