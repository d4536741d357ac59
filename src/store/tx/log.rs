//! The append-only log in a transaction: numbering, bounds, and what undo needs.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::bounds;
use super::endpoints::certs;
use super::keyspace;
use super::meta::MAX_NUMBER;
use super::record::{EndpointRecord, Event, Pin, PinState, Severity};
use super::transaction::Tx;
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::time::{RELEASED, Timestamp};

/// Codes of events that say that the key of an endpoint changed.
const KEY_CHANGES: [&str; 4] = ["changed", "replaced", "upgrade", "downgrade"];
/// How many outdated events one new event takes away, so that no single append is slow.
const PRUNE_STEP: usize = 4;
/// Where an undoable event keeps what its change left ([`Left`]).
const LEFT: &str = "left";
/// The code of the event that undo leaves.
pub(in crate::store) const UNDONE: &str = "undone";
/// Where such an event names what it undid.
pub(in crate::store) const UNDOES: &str = "undoes";
/// Where the events of one import, or of its undoing, name the first of them: they are undone together.
pub(in crate::store) const BATCH: &str = "batch";
/// Where [`Event::before`] keeps the record; `null` where there was none.
const RECORD: &str = "record";
/// Where [`Event::before`] keeps the store-wide policy instead; `null` where there was none.
const POLICY: &str = "policy";

impl Tx<'_> {
    /// Appends to the log; `id` and `application` are filled in. Returns the id.
    pub fn log(&mut self, mut event: Event) -> Result<u64, StoreError> {
        event.id = self.number(self.meta.next_event, "event")?;
        self.meta.next_event = event.id.saturating_add(1);
        if event.application.is_empty() {
            event.application = crate::text::excerpt(self.store.application(), 128);
        }
        event.text = shorten(event.text);
        if event.before.is_some() {
            self.undoable.push(event.id);
        }
        // A clock that is known to be wrong judges no time; the checks of one have that of the floor.
        if event.time > self.meta.time_floor.max(RELEASED) {
            self.meta.none_changed_long_after(event.time);
        }
        if KEY_CHANGES.contains(&event.code.as_str()) {
            if let Ok(endpoint) = Endpoint::parse("", &event.host, event.port) {
                self.meta.note_change(&event.account, &keyspace::endpoint(&endpoint), event.time);
            }
        }
        let body = self.encode(&event)?;
        self.put_row(keyspace::event(event.id), &body);
        self.meta.counts.events = self.meta.counts.events.saturating_add(1);
        self.keep_share(&event)?;
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
            Some(record) => serde_json::to_value(record).map_err(unwritable)?,
            None => Value::Null,
        };
        event.before = Some(Value::Object(Map::from_iter([(RECORD.to_owned(), record)])));
        let id = self.log(event)?;
        // The certificates stay for as long as the change can be undone.
        let kept = before.map(certs).unwrap_or_default();
        self.refer(&keyspace::event(id), &BTreeSet::new(), &kept)?;
        Ok(id)
    }

    /// As [`Tx::log`], for a change of the store-wide policy, which can be undone: call it after the change, with the
    /// policy as it was before.
    pub(in crate::store) fn log_policy(
        &mut self,
        mut event: Event,
        before: Option<Map<String, Value>>,
    ) -> Result<u64, StoreError> {
        let before = before.map_or(Value::Null, Value::Object);
        event.before = Some(Value::Object(Map::from_iter([(POLICY.to_owned(), before)])));
        event.extra.insert(LEFT.to_owned(), Value::from(policy_hash(self.meta.policy.as_ref())?));
        self.log(event)
    }

    /// Counts a new event among those of its endpoint, and takes one of them away where there are more than its share.
    /// What only tells of contact goes first; changes that can be undone go first where they have taken half the share.
    fn keep_share(&mut self, event: &Event) -> Result<(), StoreError> {
        let (Some(row), Some(endpoint)) = (share_row(event), endpoint_of(event)) else { return Ok(()) };
        self.put_row(row, &[]);
        let (prefix, share) = (keyspace::share_prefix(&endpoint), bounds::log_share(self.store.log_bounds().0));
        let rows = self.scan(&prefix, &prefix, share.saturating_add(1))?;
        if rows.len() <= share {
            return Ok(());
        }
        let is_undoable = |key: &[u8]| keyspace::parse_share(key).is_some_and(|(undoable, _)| undoable);
        let first_undoable = rows.iter().position(|(key, _)| is_undoable(key)).unwrap_or(rows.len());
        let victim = if first_undoable > share / 2 { 0 } else { first_undoable };
        let Some((row, _)) = rows.into_iter().nth(victim) else { return Ok(()) };
        let event = keyspace::parse_share(&row).map(|(_, id)| self.event(id)).transpose()?.flatten();
        self.delete_row(row);
        event.map_or(Ok(()), |event| self.drop_event(&keyspace::event(event.id), &event))
    }

    /// Takes an event away.
    fn drop_event(&mut self, key: &[u8], event: &Event) -> Result<(), StoreError> {
        self.delete_row(key.to_vec());
        if let Some(row) = share_row(event) {
            self.delete_row(row);
        }
        self.meta.counts.events = self.meta.counts.events.saturating_sub(1);
        self.refer(key, &event_certs(event), &BTreeSet::new())
    }

    /// Takes the event away that is the oldest one.
    fn drop_oldest(&mut self, key: Vec<u8>, event: &Event) -> Result<(), StoreError> {
        self.drop_event(&key, event)?;
        self.meta.first_event = keyspace::parse_event(&key).map_or(self.meta.first_event, |id| id.saturating_add(1));
        self.pruned_to = key;
        Ok(())
    }

    /// Completes the undoable events of this transaction with what their changes left: undo compares.
    pub(in crate::store) fn seal_undoable(&mut self) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.undoable) {
            let Some(mut event) = self.event(id)? else { continue };
            let Some(endpoint) = endpoint_of(&event) else { continue };
            let after = self.endpoint(&endpoint)?.unwrap_or_else(|| EndpointRecord::new(endpoint, event.time));
            let left = Left::by(before(&event).flatten().as_ref(), &after)?;
            let left = serde_json::to_value(left).map_err(unwritable)?;
            event.extra.insert(LEFT.to_owned(), left);
            let body = self.encode(&event)?;
            self.put_row(keyspace::event(id), &body);
        }
        Ok(())
    }

    /// Takes up to `most` events away that are beyond the bounds of the log. Goes by the rows that are there and
    /// not by their numbers, which may lie far apart. Returns how many.
    fn prune_log(&mut self, now: Timestamp, most: usize) -> Result<usize, StoreError> {
        let (events, age) = self.store.log_bounds();
        let mut pruned: usize = 0;
        for (key, value) in self.scan(&self.pruned_to, keyspace::LOG, most)? {
            let oldest: Event = self.decode(&key, self.open(&key, &value)?.body)?;
            if self.meta.counts.events <= events && oldest.time >= now.saturating_sub(age) {
                break;
            }
            self.drop_oldest(key, &oldest)?;
            pruned = pruned.saturating_add(1);
        }
        Ok(pruned)
    }

    /// Takes the oldest events away, up to the first one that is not from before `before`. Returns how many.
    pub(in crate::store) fn prune_events_before(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let mut old = Vec::new();
        self.each(keyspace::LOG, keyspace::LOG, |key, value| {
            let event: Event = self.decode(&key, self.open(&key, &value)?.body)?;
            let is_old = event.time < before;
            old.extend(is_old.then_some((key, event)));
            Ok(is_old)
        })?;
        let pruned = u64::try_from(old.len()).unwrap_or(u64::MAX);
        for (key, event) in old {
            self.drop_oldest(key, &event)?;
        }
        Ok(pruned)
    }

    /// Writes an event of an export under its own number.
    pub(in crate::store) fn restore_event(&mut self, event: &Event) -> Result<(), StoreError> {
        if event.id > MAX_NUMBER {
            return Err(StoreError::Invalid { what: format!("{} is no number of an event", event.id) });
        }
        let body = self.encode(event)?;
        let key = keyspace::event(event.id);
        if self.get(&key)?.is_none() {
            self.meta.counts.events = self.meta.counts.events.saturating_add(1);
        }
        self.put_row(key.clone(), &body);
        if let Some(row) = share_row(event) {
            self.put_row(row, &[]);
        }
        self.meta.next_event = self.meta.next_event.max(event.id.saturating_add(1));
        self.refer(&key, &BTreeSet::new(), &event_certs(event))
    }

    /// Calls `f` with every event from a number on, as far as it is wanted, while `f` says so.
    pub(in crate::store) fn events_from<T: DeserializeOwned>(
        &self,
        from: u64,
        mut f: impl FnMut(T) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let after = from.checked_sub(1).map_or(keyspace::LOG.to_vec(), keyspace::event);
        self.each(&after, keyspace::LOG, |key, value| f(self.decode(&key, self.open(&key, &value)?.body)?))
    }

    /// An event of the log.
    pub fn event(&self, id: u64) -> Result<Option<Event>, StoreError> {
        let key = keyspace::event(id);
        match self.row(&key)? {
            Some(body) => Ok(Some(self.decode(&key, &body)?)),
            None => Ok(None),
        }
    }

    /// Distinct servers whose key changed since then as an account saw it (events `changed`, `replaced`, `upgrade`,
    /// `downgrade`), for the interception hint. Counts up to 4, and beyond where changes had to be forgotten.
    pub fn changed_since(&self, account: &Account, since: Timestamp) -> Result<usize, StoreError> {
        Ok(self.meta.changed_since(account.as_str(), since))
    }
}

/// The index row that counts an event among those of its endpoint. Those of an import are undone together, and none of
/// them must be missing then, so that they only go with the oldest of the whole log.
pub(in crate::store) fn share_row(event: &Event) -> Option<Vec<u8>> {
    if event.extra.contains_key(BATCH) {
        return None;
    }
    Some(keyspace::share(&endpoint_of(event)?, event.before.is_some(), event.id))
}

/// The certificates that undoing an event would need.
pub(in crate::store) fn event_certs(event: &Event) -> BTreeSet<Hash> {
    before(event).flatten().as_ref().map(certs).unwrap_or_default()
}

/// The endpoint that an event is about.
pub(in crate::store) fn endpoint_of(event: &Event) -> Option<Endpoint> {
    endpoint_from(&event.account, &event.host, event.port)
}

/// An endpoint as an event names it.
pub(in crate::store) fn endpoint_from(account: &str, host: &str, port: u16) -> Option<Endpoint> {
    if account == Account::any().as_str() {
        let endpoint = Endpoint::parse("", host, port).ok()?;
        return Some(Endpoint { account: Account::any(), ..endpoint });
    }
    Endpoint::parse(account, host, port).ok()
}

/// What a change left of an endpoint, as undo needs to know it: kept in the change's event.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::store) struct Left {
    /// A hash over what changes by a person's word alone, and by a promotion.
    pub hash: String,
    /// The pins.
    pub pins: Vec<u64>,
    /// Pins whose waiver the change itself set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<u64>,
    /// Certificates that were accepted by the change itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sightings: Vec<Hash>,
    /// It began or ended the observation of an upgrade.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upgrade: bool,
}

impl Left {
    fn by(before: Option<&EndpointRecord>, after: &EndpointRecord) -> Result<Self, StoreError> {
        let waiver = |record: &EndpointRecord, id| record.pin(id).map(|p| (p.waiver, p.waive_expired_until));
        let since = |record: &EndpointRecord| record.upgrade.as_ref().map(|upgrade| upgrade.since);
        let pins: Vec<u64> = after.pins.iter().map(|pin| pin.id).collect();
        let set = |id: &u64| before.is_some_and(|before| waiver(before, *id) != waiver(after, *id));
        let is_new = |cert: &Hash| !before.is_some_and(|before| before.baseline.iter().any(|seen| seen.cert == *cert));
        Ok(Self {
            hash: Self::hash_of(after)?,
            waivers: pins.iter().copied().filter(set).collect(),
            sightings: after.baseline.iter().map(|seen| seen.cert).filter(is_new).collect(),
            upgrade: before.and_then(since) != since(after),
            pins,
        })
    }

    /// What the event's change left; `None` where it cannot be undone.
    pub fn of(event: &Event) -> Option<Self> {
        serde_json::from_value(event.extra.get(LEFT)?.clone()).ok()
    }

    /// The hash over an endpoint. Not in it: what was seen, when, and what a first match fixes; nor trust that was
    /// given until the next renewal, which contact takes away.
    pub fn hash_of(record: &EndpointRecord) -> Result<String, StoreError> {
        let lapses = |pin: &Pin| pin.until_ca_valid && pin.state == PinState::Trusted;
        let pins = record.pins.iter().filter(|pin| !lapses(pin));
        let pins: Vec<_> = pins.map(|p| (p.id, p.kind, &p.value, p.state, p.expires, &p.comment)).collect();
        let body = serde_json::to_vec(&(pins, &record.policy, record.expect_change_until)).map_err(unwritable)?;
        Ok(Hash::of(&body).hex())
    }
}

/// The record before an undoable event; the inner `None` means that there was none.
pub(in crate::store) fn before(event: &Event) -> Option<Option<EndpointRecord>> {
    let value = match event.before.as_ref()? {
        Value::Object(fields) => fields.get(RECORD)?,
        _ => return None,
    };
    if value.is_null() {
        return Some(None);
    }
    serde_json::from_value(value.clone()).ok().map(Some)
}

/// What was known of the endpoint of an undoable event before it, if anything was.
pub(crate) fn record_before(event: &Event) -> Option<EndpointRecord> {
    let record = before(event)??;
    Some(EndpointRecord { endpoint: endpoint_of(event)?, ..record })
}

/// A hash over a store-wide policy.
pub(in crate::store) fn policy_hash(policy: Option<&Map<String, Value>>) -> Result<String, StoreError> {
    Ok(Hash::of(&serde_json::to_vec(&policy).map_err(unwritable)?).hex())
}

/// The store-wide policy before an event that changed it, the inner `None` where there was none, and the hash of the
/// policy that it left.
pub(in crate::store) fn policy_before(event: &Event) -> Option<(Option<Map<String, Value>>, &str)> {
    let left = event.extra.get(LEFT)?.as_str()?;
    match event.before.as_ref()?.get(POLICY)? {
        Value::Null => Some((None, left)),
        Value::Object(fields) => Some((Some(fields.clone()), left)),
        _ => None,
    }
}

fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Invalid { what: format!("a record cannot be written: {error}") }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(bounds::MAX_EVENT_TEXT) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned() + "…",
        None => text,
    }
}

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
        cert: None,
        text,
        before: None,
        extra: serde_json::Map::new(),
    }
}
