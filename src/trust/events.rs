//! Events: every check and every change is one. Notices and worse are kept in the log by the
//! transaction that causes them; all of them reach the handle's listener, on the thread of the
//! call that caused them, after locks are released and before that call returns.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::cache::Cache;
use crate::endpoint::Endpoint;
use crate::hash::Hash;
pub use crate::store::Listener;
use crate::store::{Event, Pin, Severity, Store};
use crate::time::Timestamp;

/// What trust keeps with a store handle, and never writes.
#[derive(Default)]
pub(super) struct Attached {
    session: Mutex<HashMap<Endpoint, Vec<Pin>>>,
    pub cache: Cache,
}

impl Attached {
    /// The pins given for this session.
    pub fn session_pins(&self, endpoint: &Endpoint) -> Vec<Pin> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.get(endpoint).cloned().unwrap_or_default()
    }

    /// Whether pins were given for this session.
    pub fn has_session_pins(&self, endpoint: &Endpoint) -> bool {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).contains_key(endpoint)
    }

    /// Keeps a pin for this session; `replace` drops those given before.
    pub fn keep_for_session(&self, endpoint: &Endpoint, pin: Pin, replace: bool) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let pins = session.entry(endpoint.clone()).or_default();
        if replace {
            pins.clear();
        }
        pins.retain(|old| (old.kind, &old.value) != (pin.kind, &pin.value));
        pins.push(pin);
    }
}

/// Sets or removes the listener of a handle and its clones; see [`Store::set_listener`].
pub fn set_listener(store: &Store, listener: Option<Listener>) {
    store.set_listener(listener);
}

/// Ends all trust that was given for this session only.
pub fn end_session(store: &Store) {
    let attached = store.attached::<Attached>();
    attached.session.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// An event about an endpoint. The store fills in number and application.
pub(super) fn about(
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
