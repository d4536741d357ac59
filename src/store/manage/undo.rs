//! Undo: puts an endpoint back to what it was before an event, if nothing else has changed it
//! since. It never lifts a block, never revives a compromised key, and never forgets that an
//! endpoint was once validated; a change that was nothing else is passed over where no event is named.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::event;
use crate::endpoint::Endpoint;
use crate::store::Store;
use crate::store::endpoints::relevant;
use crate::store::error::StoreError;
use crate::store::log::{AFTER, before, content_hash, endpoint_of};
use crate::store::record::{EndpointRecord, Event, PinState, Severity, Tombstone};
use crate::store::tx::Tx;
use crate::text::count;
use crate::time::Timestamp;

/// The code of the event that undo leaves.
const UNDONE: &str = "undone";
/// Where such an event names what it undid.
const UNDOES: &str = "undoes";
/// Where the events of one import, or of its undoing, name the first of them: they are undone together.
pub(in crate::store) const BATCH: &str = "batch";

/// What [`Store::undo`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// The events whose changes were taken back, oldest first: one, or all of an import.
    pub events: Vec<u64>,
    /// Events that stand, because undo lifts no block and revives no compromised key: later ones that were passed
    /// over in the search for the last change that can be undone, or those of an import that held nothing else.
    pub kept: Vec<u64>,
    /// The event to undo in order to take this back, all of it.
    pub event: u64,
}

impl Store {
    /// Undoes the change of an event, or the last change that can be undone and was not yet: one that only blocked is
    /// passed over, and so is what the same endpoint went through before that. An import is undone as a whole, and
    /// the undoing of an import as well. [`StoreError::Conflict`] where an endpoint has changed since,
    /// [`StoreError::NotFound`] where there is no such change, [`StoreError::Invalid`] for what undo never takes back.
    pub fn undo(&self, id: Option<u64>, now: Timestamp) -> Result<Undone, StoreError> {
        self.write(|tx| {
            let (id, kept) = match id {
                Some(id) => (id, Vec::new()),
                None => tx.last_undoable(now)?,
            };
            let first = tx.event(id)?.ok_or_else(|| tx.no_such_event(id))?;
            let events = match first.extra.get(BATCH).and_then(Value::as_u64) {
                Some(batch) => tx.batch(batch)?,
                None => vec![first],
            };
            let mut done = Undone { kept, event: tx.meta.next_event, ..Undone::default() };
            // What belongs together is put back together, also by the undo of this undo.
            let batch = (events.len() > 1).then_some(done.event);
            for event in events.iter().rev() {
                let place = if tx.undo(event, batch, now)? { &mut done.events } else { &mut done.kept };
                place.push(event.id);
            }
            done.events.reverse();
            match (done.events.as_slice(), done.kept.first()) {
                ([], Some(kept)) => Err(stands(*kept)),
                _ => Ok(done),
            }
        })
    }
}

impl Tx<'_> {
    fn no_such_event(&self, id: u64) -> StoreError {
        StoreError::NotFound { store: self.store.name(), what: format!("event {id} to undo") }
    }

    /// The last change that can be undone and was not yet, and the later ones passed over since they never can be.
    fn last_undoable(&self, now: Timestamp) -> Result<(u64, Vec<u64>), StoreError> {
        let mut undone = HashSet::new();
        let mut kept = Vec::new();
        let mut blocked = BTreeSet::new();
        for id in (self.meta.first_event..self.meta.next_event).rev() {
            let Some(event) = self.event(id)? else { continue };
            if event.code == UNDONE && !undone.contains(&id) {
                undone.extend(event.extra.get(UNDOES).and_then(Value::as_u64));
            }
            if event.code == UNDONE || event.before.is_none() || undone.contains(&id) {
                continue;
            }
            match endpoint_of(&event) {
                // What came before a block can only be undone together with it.
                Some(endpoint) if blocked.contains(&endpoint) => {}
                // Of an import something else may be left to undo.
                Some(endpoint) if !event.extra.contains_key(BATCH) && self.stays(&event, &endpoint, now)? => {
                    kept.push(id);
                    blocked.insert(endpoint);
                }
                _ => return Ok((id, kept)),
            }
        }
        match kept.first() {
            Some(newest) => Err(stands(*newest)),
            None => Err(StoreError::NotFound { store: self.store.name(), what: "a change to undo".to_owned() }),
        }
    }

    /// Whether the endpoint is as the event left it, and undo would leave it so.
    fn stays(&self, event: &Event, endpoint: &Endpoint, now: Timestamp) -> Result<bool, StoreError> {
        let (Some(before), Some(current)) = (before(event), self.endpoint(endpoint)?) else { return Ok(false) };
        let here = content_hash(Some(&current))?;
        let left = event.extra.get(AFTER).and_then(Value::as_str) == Some(&here.hex());
        Ok(left && content_hash(Some(&merge(before, &current, now)))? == here)
    }

    fn batch(&self, batch: u64) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        for id in batch..self.meta.next_event {
            match self.event(id)? {
                Some(event) if event.extra.get(BATCH).and_then(Value::as_u64) == Some(batch) => events.push(event),
                // Events that belong together follow each other.
                _ => break,
            }
        }
        if events.is_empty() {
            let what = "the log no longer holds all of this import; it cannot be undone".to_owned();
            return Err(StoreError::Invalid { what });
        }
        Ok(events)
    }

    /// Undoes one event; `false` where nothing of it can be taken back.
    fn undo(&mut self, event: &Event, batch: Option<u64>, now: Timestamp) -> Result<bool, StoreError> {
        let (Some(before), Some(endpoint)) = (before(event), endpoint_of(event)) else {
            let what = format!("event {} ({}) cannot be undone", event.id, crate::text::excerpt(&event.code, 40));
            return Err(StoreError::Invalid { what });
        };
        let current = self.endpoint(&endpoint)?;
        let left = event.extra.get(AFTER).and_then(Value::as_str);
        if left != Some(&content_hash(current.as_ref())?.hex()) {
            return Err(StoreError::Conflict { store: self.store.name() });
        }
        let Some(current) = current else {
            return Err(StoreError::Conflict { store: self.store.name() });
        };
        let restored = merge(before, &current, now);
        if content_hash(Some(&restored))? == content_hash(Some(&current))? {
            return Ok(false);
        }
        self.put_endpoint(restored)?;
        let text = format!("event {} undone", event.id);
        let mut undone = super::event(Some(&endpoint), UNDONE, Severity::Notice, now, text);
        undone.extra.insert(UNDOES.to_owned(), Value::from(event.id));
        undone.extra.extend(batch.map(|batch| (BATCH.to_owned(), Value::from(batch))));
        self.log_undoable(undone, Some(&current)).map(|_| true)
    }
}

fn stands(event: u64) -> StoreError {
    StoreError::Invalid { what: format!("event {event}: undo lifts no block and revives no compromised key") }
}

/// The record as it was before, with what undo must not take away.
fn merge(before: Option<EndpointRecord>, current: &EndpointRecord, now: Timestamp) -> EndpointRecord {
    let new = before.is_none();
    let mut restored = before.unwrap_or_else(|| EndpointRecord::new(current.endpoint.clone(), current.first_seen));
    restored.endpoint = current.endpoint.clone();
    restored.generation = current.generation;
    restored.last_seen = restored.last_seen.max(current.last_seen);
    restored.observations.clone_from(&current.observations);
    if current.validated.is_some() {
        restored.validated.clone_from(&current.validated);
    }
    let refused = current.pins.iter().filter(|p| matches!(p.state, PinState::Blocked | PinState::Compromised));
    for pin in refused {
        restored.pins.retain(|p| p.id != pin.id && (p.kind != pin.kind || p.value != pin.value));
        restored.pins.push(pin.clone());
    }
    restored.pins.sort_by_key(|p| p.id);
    if new && relevant(&restored) != relevant(current) {
        // Nothing was known before: the next contact asks all the same.
        restored.tombstone = Some(Tombstone { at: now, known_until: current.last_seen });
    }
    restored
}

/// The event that an import leaves for an endpoint that it touched.
pub(in crate::store) fn import_event(record: &EndpointRecord, batch: u64, now: Timestamp) -> Event {
    let text = format!("imported with {}", count(u64::try_from(record.pins.len()).unwrap_or(u64::MAX), "pin"));
    let mut event = event(Some(&record.endpoint), "imported", Severity::Notice, now, text);
    event.extra.insert(BATCH.to_owned(), Value::from(batch));
    event
}
