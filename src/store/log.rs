//! The append-only log in a transaction: numbering, bounds, and what undo needs.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::bounds;
use super::endpoints::certs;
use super::error::StoreError;
use super::keyspace;
use super::record::{EndpointRecord, Event};
use super::tx::Tx;
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::time::Timestamp;

/// Codes of events that say that the key of an endpoint changed.
const KEY_CHANGES: [&str; 4] = ["changed", "replaced", "upgrade", "downgrade"];
/// How many outdated events one new event takes away, so that no single append is slow.
const PRUNE_STEP: usize = 4;
/// Where an undoable event keeps a hash of the record that its change left.
pub(super) const AFTER: &str = "after";
/// Where [`Event::before`] keeps the record; `null` where there was none.
const RECORD: &str = "record";

impl Tx<'_> {
    /// Appends to the log; `id` and `application` are filled in. Returns the id.
    pub fn log(&mut self, mut event: Event) -> Result<u64, StoreError> {
        event.id = self.meta.next_event;
        self.meta.next_event = event.id.saturating_add(1);
        if event.application.is_empty() {
            event.application = crate::text::excerpt(self.store.application(), 128);
        }
        event.text = shorten(event.text);
        if event.before.is_some() {
            self.undoable.push(event.id);
        }
        if KEY_CHANGES.contains(&event.code.as_str()) {
            if let Ok(endpoint) = Endpoint::parse("", &event.host, event.port) {
                // One server counts once, however many accounts are on it.
                self.meta.note_change(&keyspace::endpoint(&endpoint), event.time);
            }
        }
        let body = self.encode(&event)?;
        self.put_row(keyspace::event(event.id), &body);
        self.meta.counts.events = self.meta.counts.events.saturating_add(1);
        self.prune_log(event.time, PRUNE_STEP)?;
        let id = event.id;
        if self.store.listener().is_some() {
            self.logged.push(event);
        }
        Ok(id)
    }

    /// As [`Tx::log`], for an event whose change to one endpoint can be undone: call it with the record
    /// as it was before the change.
    pub fn log_undoable(&mut self, mut event: Event, before: Option<&EndpointRecord>) -> Result<u64, StoreError> {
        let record = match before {
            Some(record) => serde_json::to_value(record)
                .map_err(|e| StoreError::Invalid { what: format!("a record cannot be written: {e}") })?,
            None => Value::Null,
        };
        event.before = Some(Value::Object(Map::from_iter([(RECORD.to_owned(), record)])));
        let id = self.log(event)?;
        // The certificates stay for as long as the change can be undone.
        let kept = before.map(certs).unwrap_or_default();
        self.refer(&keyspace::event(id), &BTreeSet::new(), &kept)?;
        Ok(id)
    }

    /// Takes an event away.
    pub(super) fn delete_event(&mut self, event: &Event) -> Result<(), StoreError> {
        let key = keyspace::event(event.id);
        self.delete_row(key.clone());
        self.meta.counts.events = self.meta.counts.events.saturating_sub(1);
        self.refer(&key, &event_certs(event), &BTreeSet::new())
    }

    /// Completes the undoable events of this transaction with what their changes left: undo compares.
    pub(super) fn seal_undoable(&mut self) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.undoable) {
            let Some(mut event) = self.event(id)? else { continue };
            let Some(endpoint) = endpoint_of(&event) else { continue };
            let left = content_hash(self.endpoint(&endpoint)?.as_ref())?;
            event.extra.insert(AFTER.to_owned(), Value::from(left.hex()));
            let body = self.encode(&event)?;
            self.put_row(keyspace::event(id), &body);
        }
        Ok(())
    }

    /// Takes up to `most` events away that are beyond the bounds of the log. Returns how many.
    pub(super) fn prune_log(&mut self, now: Timestamp, most: usize) -> Result<usize, StoreError> {
        let (events, age) = self.store.log_bounds();
        let mut pruned: usize = 0;
        while pruned < most && self.meta.first_event < self.meta.next_event {
            let key = keyspace::event(self.meta.first_event);
            if let Some(body) = self.row(&key)? {
                let oldest: Event = self.decode(&key, &body)?;
                if self.meta.counts.events <= events && oldest.time >= now.saturating_sub(age) {
                    break;
                }
                self.delete_event(&oldest)?;
            }
            self.meta.first_event = self.meta.first_event.saturating_add(1);
            pruned = pruned.saturating_add(1);
        }
        Ok(pruned)
    }

    /// Writes an event of an export under its own number.
    pub(super) fn restore_event(&mut self, event: &Event) -> Result<(), StoreError> {
        let body = self.encode(event)?;
        let key = keyspace::event(event.id);
        if self.get(&key)?.is_none() {
            self.meta.counts.events = self.meta.counts.events.saturating_add(1);
        }
        self.put_row(key.clone(), &body);
        self.meta.next_event = self.meta.next_event.max(event.id.saturating_add(1));
        self.refer(&key, &BTreeSet::new(), &event_certs(event))
    }

    /// An event of the log.
    pub fn event(&self, id: u64) -> Result<Option<Event>, StoreError> {
        let key = keyspace::event(id);
        match self.row(&key)? {
            Some(body) => Ok(Some(self.decode(&key, &body)?)),
            None => Ok(None),
        }
    }

    /// Distinct servers whose key changed since then (events `changed`, `replaced`, `upgrade`,
    /// `downgrade`), for the interception hint. Counts up to 16.
    pub fn changed_since(&self, since: Timestamp) -> Result<usize, StoreError> {
        Ok(self.meta.changed_since(since))
    }
}

/// The certificates that undoing an event would need.
pub(super) fn event_certs(event: &Event) -> BTreeSet<Hash> {
    before(event).flatten().as_ref().map(certs).unwrap_or_default()
}

/// The endpoint that an event is about.
pub(super) fn endpoint_of(event: &Event) -> Option<Endpoint> {
    if event.account == Account::any().as_str() {
        let endpoint = Endpoint::parse("", &event.host, event.port).ok()?;
        return Some(Endpoint { account: Account::any(), ..endpoint });
    }
    Endpoint::parse(&event.account, &event.host, event.port).ok()
}

/// A hash over what matters in a record: equal for equal pins, policy and baseline.
pub(super) fn content_hash(record: Option<&EndpointRecord>) -> Result<Hash, StoreError> {
    let relevant = record.map(super::endpoints::relevant);
    let body = serde_json::to_vec(&relevant)
        .map_err(|e| StoreError::Invalid { what: format!("a record cannot be written: {e}") })?;
    Ok(Hash::of(&body))
}

/// The record before an undoable event; the inner `None` means that there was none.
pub(super) fn before(event: &Event) -> Option<Option<EndpointRecord>> {
    let value = match event.before.as_ref()? {
        Value::Object(fields) => fields.get(RECORD)?,
        _ => return None,
    };
    if value.is_null() {
        return Some(None);
    }
    serde_json::from_value(value.clone()).ok().map(Some)
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(bounds::MAX_EVENT_TEXT) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned() + "…",
        None => text,
    }
}
