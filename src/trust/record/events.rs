//! Events: every check and every change is one. Notices and worse are kept in the log by the
//! transaction that causes them; all of them reach the handle's listener, on the thread of the
//! call that caused them, after locks are released and before that call returns.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::endpoint::Endpoint;
use crate::hash::Hash;
pub use crate::store::Listener;
use crate::store::{EndpointRecord, Event, Pin, Severity, Store};
use crate::time::Timestamp;
use crate::trust::cache::Cache;

/// A pin given for this session, with the state in which the endpoint was then. It counts in that state
/// alone: whatever else is decided about the endpoint, by anybody, ends it.
#[derive(Debug, Clone)]
pub(crate) struct SessionPin {
    pub pin: Pin,
    pub state: State,
}

/// The generations of an endpoint's record and of that for any account; 0 where there is none. They move
/// with pins, policy and baseline, and not by mere contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(u64, u64);

impl State {
    pub fn of(own: Option<&EndpointRecord>, any: Option<&EndpointRecord>) -> Self {
        let generation = |record: Option<&EndpointRecord>| record.map_or(0, |r| r.generation);
        Self(generation(own), generation(any))
    }
}

/// What trust keeps with a store handle, and never writes.
#[derive(Default)]
pub(crate) struct Attached {
    session: Mutex<HashMap<Endpoint, Vec<SessionPin>>>,
    pub cache: Cache,
}

impl Attached {
    /// The pins given for this session.
    pub fn session_pins(&self, endpoint: &Endpoint) -> Vec<SessionPin> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.get(endpoint).cloned().unwrap_or_default()
    }

    /// Whether pins were given for this session.
    pub fn has_session_pins(&self, endpoint: &Endpoint) -> bool {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).contains_key(endpoint)
    }

    /// Keeps a pin for this session; `replace` drops those given before.
    pub fn keep_for_session(&self, endpoint: &Endpoint, given: SessionPin, replace: bool) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let pins = session.entry(endpoint.clone()).or_default();
        if replace {
            pins.clear();
        }
        // What an earlier state gave counts no more.
        pins.retain(|old| old.state == given.state);
        pins.retain(|old| (old.pin.kind, &old.pin.value) != (given.pin.kind, &given.pin.value));
        pins.push(given);
    }

    /// Ends the trust that was to last until the endpoint is CA-valid again.
    pub fn valid_again(&self, endpoint: &Endpoint) {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pins) = session.get_mut(endpoint) {
            pins.retain(|given| !given.pin.until_ca_valid);
        }
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
