//! Backup and restore. A backup is a complete store file, written while the store is in use. A
//! restore puts a backup's content in place of ours in one transaction: other programs see a change
//! like any other, generations and numbers only go up, what is refused here stays refused, and the
//! log goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::list::PinEntry;
use super::pins::bury;
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::engine::options::StoreOptions;
use crate::store::error::StoreError;
use crate::store::tx::Store;
use crate::store::tx::Tx;
use crate::store::tx::endpoints::{certs, index_rows};
use crate::store::tx::keyspace::{self, CERTS, END, ENDPOINTS, LOG, META, PENDING};
use crate::store::tx::log::event;
use crate::store::tx::log::share_row;
use crate::store::tx::meta::Counts;
use crate::store::tx::record::{Block, EndpointRecord, Event, Pin, PinKind, PinState, PinValue, Severity};
use crate::store::tx::refusals::refusal_rows;
use crate::text::count;
use crate::time::Timestamp;

/// The code of the event that a restore leaves. No undo reaches behind it.
pub(in crate::store) const RESTORED: &str = "restored";

/// What [`Store::restore`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Endpoints that came from the backup.
    pub endpoints: u64,
    /// What was refused here and would not be by the backup: it stays refused.
    pub kept: Vec<PinEntry>,
}

impl Store {
    /// Writes a complete copy to `to`, which must not exist. Writers wait meanwhile, readers do not.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.usable()?;
        self.engine().backup(to)
    }

    /// Puts the content of a backup in place of what is here. The backup is verified first. Every block and every
    /// compromised key stays, also of an endpoint that the backup does not know; the log keeps its events, and none
    /// of them can be undone any more.
    pub fn restore(&self, from: &Path, now: Timestamp) -> Result<Restored, StoreError> {
        let options = StoreOptions {
            path: Some(from.to_owned()),
            read_only: true,
            must_exist: true,
            busy_ms: self.options().busy_ms,
            ..StoreOptions::default()
        };
        let backup = Self::open(&options)?;
        if backup.id()? == self.id()? && backup.name() == self.name() {
            return Err(StoreError::Invalid { what: format!("{} is the store itself", from.display()) });
        }
        let report = backup.verify()?;
        if let Some(problem) = report.problems.first() {
            return Err(StoreError::Damaged { store: from.display().to_string(), what: problem.clone() });
        }
        self.write(|tx| backup.read(|from| replace(tx, from, now)))
    }
}

fn replace(tx: &mut Tx<'_>, from: &Tx<'_>, now: Timestamp) -> Result<Restored, StoreError> {
    let ours = Ours::of(tx)?;
    let mut surplus = Vec::new();
    tx.each(&[], &[], |key, _| {
        surplus.push(key);
        Ok(true)
    })?;
    surplus.into_iter().filter(|key| key != META).for_each(|key| tx.delete_row(key));
    let mut meta = from.meta.clone();
    meta.id.clone_from(&tx.meta.id);
    meta.generation = tx.meta.generation;
    meta.keep_history_of(&tx.meta);
    meta.next_pin = meta.next_pin.max(tx.meta.next_pin);
    meta.next_event = meta.next_event.max(tx.meta.next_event);
    meta.time_floor = meta.time_floor.max(tx.meta.time_floor);
    meta.blocks_generation = tx.next_generation();
    meta.policy_generation = tx.next_generation();
    meta.counts = Counts::default();
    meta.refusals = Some(0);
    tx.meta = meta;
    let mut restored = Restored { endpoints: from.meta.counts.endpoints, ..Restored::default() };
    let mut trust = BTreeMap::new();
    refuse_everywhere(tx, from, ours.blocks, &mut trust, &mut restored.kept)?;
    endpoints(tx, from, ours.refused, &mut trust, &mut restored.kept, now)?;
    let mut before = Vec::new();
    for (key, body) in trust {
        tx.put_linked(key.clone(), &before, &body);
        before = key;
    }
    tx.put_linked(END.to_vec(), &before, b"end");
    certificates(tx, from, ours.certs)?;
    questions(tx, from)?;
    log(tx, from, ours.events)?;
    let mut text = format!("a backup of {} was restored", count(restored.endpoints, "server"));
    if !restored.kept.is_empty() {
        let kept = u64::try_from(restored.kept.len()).unwrap_or(u64::MAX);
        text = format!("{text}; it lacks {} made here, kept", count(kept, "block"));
    }
    tx.log(event(None, RESTORED, Severity::High, now, text))?;
    Ok(restored)
}

/// What is here and has to survive.
struct Ours {
    blocks: Vec<Block>,
    /// Endpoints with a refused pin, these alone, and what a tombstone says.
    refused: BTreeMap<Vec<u8>, EndpointRecord>,
    /// The certificates of these pins.
    certs: BTreeMap<Hash, Vec<u8>>,
    events: BTreeMap<u64, Event>,
}

impl Ours {
    fn of(tx: &Tx<'_>) -> Result<Self, StoreError> {
        let (mut refused, mut certs, mut events) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (key, body) in tx.trust_rows(ENDPOINTS)? {
            let mut record = tx.decode_endpoint(&key, &body, tx.endpoint_of_key(&key)?)?;
            record.pins.retain(|pin| pin.refuses());
            for fingerprint in record.pins.iter().filter_map(|pin| pin.cert) {
                if let Some(der) = tx.row(&keyspace::cert(fingerprint))? {
                    certs.insert(fingerprint, der);
                }
            }
            if !record.pins.is_empty() {
                refused.insert(key, record);
            }
        }
        tx.each(LOG, LOG, |key, value| {
            let event: Event = tx.decode(&key, tx.open(&key, &value)?.body)?;
            events.insert(event.id, event);
            Ok(true)
        })?;
        Ok(Self { blocks: tx.blocks()?, refused, certs, events })
    }
}

/// The rows of the blocks that hold everywhere, of both.
fn refuse_everywhere(
    tx: &mut Tx<'_>,
    from: &Tx<'_>,
    ours: Vec<Block>,
    trust: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    kept: &mut Vec<PinEntry>,
) -> Result<(), StoreError> {
    let theirs = from.blocks()?;
    let known: BTreeSet<(PinKind, Hash)> = theirs.iter().map(|block| (block.kind, block.value)).collect();
    let mut all = theirs;
    for mut block in ours {
        if !known.contains(&(block.kind, block.value)) {
            block.id = free_id(tx, from, block.id)?;
            kept.push(PinEntry::Everywhere(block.clone()));
            all.push(block);
        }
    }
    for block in all {
        let key = keyspace::block(block.kind, block.value);
        tx.put_row(keyspace::pin(block.id, &key), &[]);
        trust.insert(key, tx.encode(&block)?);
        tx.meta.counts.blocks = tx.meta.counts.blocks.saturating_add(1);
    }
    Ok(())
}

/// A pin's number, or a new one where the backup has it for something else.
fn free_id(tx: &mut Tx<'_>, from: &Tx<'_>, id: u64) -> Result<u64, StoreError> {
    let prefix = keyspace::pin_prefix(id);
    if from.scan(&prefix, &prefix, 1)?.is_empty() { Ok(id) } else { tx.new_pin_id() }
}

/// The rows of the endpoints of the backup, and of those that have something refused here.
fn endpoints(
    tx: &mut Tx<'_>,
    from: &Tx<'_>,
    mut refused: BTreeMap<Vec<u8>, EndpointRecord>,
    trust: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    kept: &mut Vec<PinEntry>,
    now: Timestamp,
) -> Result<(), StoreError> {
    from.each_trust(ENDPOINTS, ENDPOINTS, |key, body| {
        let mut record = from.decode_endpoint(key, body, from.endpoint_of_key(key)?)?;
        if let Some(ours) = refused.remove(key) {
            refuse(tx, from, &mut record, ours.pins, kept)?;
        }
        put(tx, key.to_vec(), record, trust)?;
        Ok(true)
    })?;
    for (key, ours) in refused {
        // Nobody comes back as a first contact whom something was refused of.
        let mut record = EndpointRecord::new(ours.endpoint.clone(), ours.first_seen);
        record.last_seen = ours.last_seen;
        bury(&mut record, now);
        refuse(tx, from, &mut record, ours.pins, kept)?;
        put(tx, key, record, trust)?;
    }
    Ok(())
}

fn put(
    tx: &mut Tx<'_>,
    key: Vec<u8>,
    mut record: EndpointRecord,
    trust: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<(), StoreError> {
    record.generation = tx.next_generation();
    index_rows(&record, &key).into_iter().for_each(|row| tx.put_row(row, &[]));
    tx.refer(&key, &BTreeSet::new(), &certs(&record))?;
    let refusals = refusal_rows(&record);
    let count = u64::try_from(refusals.len()).unwrap_or(u64::MAX);
    tx.meta.refusals = tx.meta.refusals.map(|sum| sum.saturating_add(count));
    trust.extend(refusals.into_iter().map(|row| (row, Vec::new())));
    trust.insert(key, tx.encode(&record)?);
    tx.meta.counts.endpoints = tx.meta.counts.endpoints.saturating_add(1);
    Ok(())
}

/// What is refused here is refused in the record of the backup; what is compromised there stays so.
fn refuse(
    tx: &mut Tx<'_>,
    from: &Tx<'_>,
    record: &mut EndpointRecord,
    ours: Vec<Pin>,
    kept: &mut Vec<PinEntry>,
) -> Result<(), StoreError> {
    let endpoint: Endpoint = record.endpoint.clone();
    for mut pin in ours {
        let same = record.pins.iter().position(|p| same(p, pin.kind, &pin.value));
        let theirs = same.and_then(|at| record.pins.get(at)).map(|p| (p.id, p.state));
        match theirs {
            Some((_, state)) if state == pin.state || state == PinState::Compromised => continue,
            Some((id, _)) => pin.id = id,
            None => pin.id = free_id(tx, from, pin.id)?,
        }
        kept.push(PinEntry::Endpoint(endpoint.clone(), Box::new(pin.clone())));
        record.pins.retain(|p| p.id != pin.id);
        record.pins.push(pin);
    }
    record.pins.sort_by_key(|pin| pin.id);
    crate::store::tx::bounds::validate(&tx.store.name(), record)
}

fn same(pin: &Pin, kind: PinKind, value: &PinValue) -> bool {
    pin.kind == kind && pin.value == *value
}

/// The certificates of both; those that nothing refers to are dropped at the end of the transaction.
fn certificates(tx: &mut Tx<'_>, from: &Tx<'_>, ours: BTreeMap<Hash, Vec<u8>>) -> Result<(), StoreError> {
    from.each(CERTS, CERTS, |key, value| {
        let der = from.open(&key, &value)?.body;
        tx.put_cert_der(Hash::of(der), der)?;
        Ok(true)
    })?;
    ours.into_iter().try_for_each(|(fingerprint, der)| tx.put_cert_der(fingerprint, &der))
}

fn questions(tx: &mut Tx<'_>, from: &Tx<'_>) -> Result<(), StoreError> {
    from.each(PENDING, PENDING, |key, value| {
        let body = from.open(&key, &value)?.body;
        let chain = from.decode_pending(&key, body)?.chain.into_iter().collect();
        tx.put_row(key.clone(), body);
        tx.refer(&key, &BTreeSet::new(), &chain)?;
        tx.meta.counts.pending = tx.meta.counts.pending.saturating_add(1);
        Ok(true)
    })
}

/// The events of both, ours under their numbers. One of the backup whose number is another event's here gets a new
/// one. None of them can be undone any more: what it would bring back is not what was there before it.
fn log(tx: &mut Tx<'_>, from: &Tx<'_>, ours: BTreeMap<u64, Event>) -> Result<(), StoreError> {
    let mut all: BTreeMap<u64, Event> =
        ours.into_iter().map(|(id, event)| (id, Event { before: None, ..event })).collect();
    let mut strangers = Vec::new();
    from.each(LOG, LOG, |key, value| {
        let event: Event = from.decode(&key, from.open(&key, &value)?.body)?;
        let event = Event { before: None, ..event };
        match all.get(&event.id) {
            Some(ours) if *ours == event => {}
            Some(_) => strangers.push(event),
            None => {
                all.insert(event.id, event);
            }
        }
        Ok(true)
    })?;
    for event in strangers {
        let id = tx.number(tx.meta.next_event, "event")?;
        tx.meta.next_event = id.saturating_add(1);
        all.insert(id, Event { id, ..event });
    }
    tx.meta.first_event = all.keys().next().copied().unwrap_or(tx.meta.next_event);
    for (id, event) in &all {
        let body = tx.encode(event)?;
        tx.put_row(keyspace::event(*id), &body);
        if let Some(row) = share_row(event) {
            tx.put_row(row, &[]);
        }
    }
    tx.meta.counts.events = u64::try_from(all.len()).unwrap_or(u64::MAX);
    Ok(())
}
