//! Trust for a session: pins that a store handle holds in memory and never writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::endpoint::Endpoint;
use crate::store::{EndpointRecord, Pin, Store};

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

/// The pins given for this session, kept with the store handle.
#[derive(Default)]
pub(crate) struct Session {
    pins: Mutex<HashMap<Endpoint, Vec<SessionPin>>>,
}

impl Session {
    /// The pins given for this session.
    pub fn pins(&self, endpoint: &Endpoint) -> Vec<SessionPin> {
        let session = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        session.get(endpoint).cloned().unwrap_or_default()
    }

    /// Whether pins were given for this session.
    pub fn has_pins(&self, endpoint: &Endpoint) -> bool {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner).contains_key(endpoint)
    }

    /// Keeps a pin for this session; `replace` drops those given before.
    pub fn keep(&self, endpoint: &Endpoint, given: SessionPin, replace: bool) {
        let mut session = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut session = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pins) = session.get_mut(endpoint) {
            pins.retain(|given| !given.pin.until_ca_valid);
        }
    }
}

/// Ends all trust that was given for this session only.
pub fn end_session(store: &Store) {
    let session = store.attached::<Session>();
    session.pins.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
