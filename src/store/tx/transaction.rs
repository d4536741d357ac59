//! One consistent view of a store and the changes made to it: rows, seals, links and the commit.
//! What the rows mean is in the files beside this one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keyspace::{self, END, META, TRUST};
use super::meta::{MAX_NUMBER, Meta, encode};
use super::record::Event;
use super::seal::{self, StoreId};
use super::store::{Seen, Store, marker_of, new_id};
use crate::hash::Hash;
use crate::store::engine::{Batch, Engine, Op, Pair, Peek, Transaction, lower_bound};
use crate::store::error::StoreError;

/// How many rows are read at a time where all of a sort are wanted.
pub(in crate::store) const PAGE: usize = 256;
/// How many are read first: often the row that ends the search is the first or the second one.
const FIRST_PAGE: usize = 2;

/// One consistent view of a store and the changes made to it. What is read is remembered as
/// expectations, so that a commit succeeds only if nothing that mattered has changed.
///
/// The one expectation is the meta row, which every commit rewrites: it stands for all reads.
pub struct Tx<'a> {
    pub(in crate::store) store: &'a Store,
    base: Base<'a>,
    /// Views of the read-only stores below, nearest first.
    pub(in crate::store) layers: Vec<Tx<'a>>,
    exclusive: bool,
    /// Where the base was found to have no trust-carrying row up to the next one: among the blocks and
    /// elsewhere. Sorted input falls into the same gap again and again.
    gaps: RefCell<[Option<Gap>; 2]>,
    /// Changes, `None` for a deletion.
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(in crate::store) meta: Meta,
    /// Certificates that something here no longer refers to; looked at once, when it ends.
    pub(in crate::store) released: BTreeSet<Hash>,
    /// Events of this transaction that can be undone later.
    pub(in crate::store) undoable: Vec<u64>,
    /// Events of this transaction, for the listener if there is one.
    pub(in crate::store) logged: Vec<Event>,
    /// The last event that this transaction pruned, so that its place is not looked through again.
    pub(in crate::store) pruned_to: Vec<u8>,
    meta_before: Arc<Meta>,
    meta_raw: Vec<u8>,
    id: StoreId,
}

/// A key, and the first row of the base after it.
type Gap = (Vec<u8>, Pair);

enum Base<'a> {
    /// The engine keeps one state for us.
    Snapshot(Box<dyn Transaction + 'a>),
    /// It does not: see [`Tx::torn`].
    Direct(&'a dyn Engine),
}

impl Base<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Snapshot(snapshot) => snapshot.get(key),
            Self::Direct(engine) => engine.get(key),
        }
    }

    /// A scan whose answer is held against its contract: an application's engine may err, and the pages of a
    /// file may be out of order.
    fn scan(&self, store: &Store, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let broken = |what: &str| match self {
            // Only the library's own engines keep a state for us.
            Self::Snapshot(_) => StoreError::Damaged { store: store.name(), what: what.to_owned() },
            Self::Direct(_) => StoreError::Backend { what: format!("a scan gave wrong rows: {what}") },
        };
        let page = match self {
            Self::Snapshot(snapshot) => snapshot.scan(after, prefix, limit)?,
            Self::Direct(engine) => engine.scan(after, prefix, limit)?,
        };
        let mut last = after;
        for (key, _) in &page {
            if key.as_slice() <= last || !key.starts_with(prefix) {
                return Err(broken("its rows are out of order"));
            }
            last = key;
        }
        if page.len() > limit {
            return Err(broken("more of them than were asked for"));
        }
        Ok(page)
    }
}

/// A store that was open is not "not found": that is said of what was looked for in it.
fn disappeared(error: StoreError) -> StoreError {
    match error {
        StoreError::NotFound { store, .. } => {
            StoreError::Lost { store, what: "has disappeared while in use".to_owned() }
        }
        other => other,
    }
}

impl<'a> Tx<'a> {
    pub(in crate::store) fn begin(store: &'a Store, exclusive: bool) -> Result<Self, StoreError> {
        let engine = store.engine();
        // Before the read: other threads of this handle go on committing.
        let seen = store.seen();
        let base = match engine.begin(exclusive).map_err(disappeared)? {
            Some(snapshot) => Base::Snapshot(snapshot),
            None => Base::Direct(engine),
        };
        let name = engine.name();
        let lost = |what: &str| StoreError::Lost { store: name.clone(), what: what.to_owned() };
        let meta_raw =
            base.get(META)?.ok_or_else(|| lost("the meta row is gone: the store was emptied while in use"))?;
        let meta_before = store.open_meta(&name, &meta_raw)?;
        let meta = Meta::clone(&meta_before);
        let id = meta.store_id(&name)?;
        if id != *store.store_id() {
            return Err(lost("replaced by another store while in use; open it again to use that one"));
        }
        if meta.generation < seen.generation {
            return Err(lost("went back in time while in use; open it again to be asked what to do"));
        }
        let continued = seen.commit.and_then(|commit| meta.continues(seen.generation, &commit));
        if continued == Some(false) {
            return Err(lost(
                "lost changes while in use and has another history now; open it again to go on with that one",
            ));
        }
        let layers = store.layers().iter().map(|below| Tx::begin(below, false)).collect::<Result<_, _>>()?;
        let exclusive = exclusive && matches!(base, Base::Snapshot(_));
        let (changes, released, undoable, logged) = (BTreeMap::new(), BTreeSet::new(), Vec::new(), Vec::new());
        let (gaps, pruned_to) = (RefCell::default(), keyspace::LOG.to_vec());
        Ok(Self {
            store,
            base,
            layers,
            exclusive,
            gaps,
            changes,
            meta,
            released,
            undoable,
            logged,
            pruned_to,
            meta_before,
            meta_raw,
            id,
        })
    }

    /// Whether somebody else committed while an engine without snapshots was read, so that what
    /// was read may belong to two states.
    pub(in crate::store) fn torn(&self) -> Result<bool, StoreError> {
        for below in &self.layers {
            if below.torn()? {
                return Ok(true);
            }
        }
        match &self.base {
            Base::Snapshot(_) => Ok(false),
            Base::Direct(engine) => Ok(engine.get(META)?.as_deref() != Some(&self.meta_raw)),
        }
    }

    /// The mark ([`Store::peek`]) of the state read: an answer that rests on this view alone stays right
    /// for as long as the store shows the same mark. `None` where there is none.
    pub fn peek(&self) -> Option<Peek> {
        let own = match &self.base {
            Base::Snapshot(snapshot) => snapshot.peek()?,
            Base::Direct(_) => return None,
        };
        let below: Option<Vec<Peek>> = self.layers.iter().map(Tx::peek).collect();
        Some(own.over(&below?))
    }

    /// The generation that this transaction will have, if it changes anything.
    pub(in crate::store) fn next_generation(&self) -> u64 {
        self.meta_before.generation.saturating_add(1)
    }

    /// The generation in this view: of the store and of those below it together.
    pub fn generation(&self) -> u64 {
        self.own_generation().saturating_add(self.layers_generation())
    }

    /// The store's own generation in this view.
    pub(in crate::store) fn own_generation(&self) -> u64 {
        if self.is_changed() { self.next_generation() } else { self.meta_before.generation }
    }

    fn is_changed(&self) -> bool {
        !self.changes.is_empty() || self.meta != *self.meta_before
    }

    /// Commits. Nothing is written where nothing changed.
    pub(in crate::store) fn commit(mut self) -> Result<(), StoreError> {
        if self.is_changed() && !self.store.read_only() {
            self.make_refusals()?;
        }
        self.drop_unreferenced_certs()?;
        self.seal_undoable()?;
        let engine = self.store.engine();
        if !self.is_changed() {
            self.store.reached(Seen::of(&self.meta));
            // What was read may belong to two states.
            return if self.torn()? { Err(StoreError::Conflict { store: engine.name() }) } else { Ok(()) };
        }
        if self.store.read_only() {
            return Err(StoreError::ReadOnly { store: engine.name() });
        }
        self.meta.generation = self.next_generation();
        self.number(self.meta.generation, "generation")?;
        self.meta.committed(new_id(&engine.name())?);
        let sealed = self.meta.seal(&engine.name())?;
        let mut batch: Batch = Vec::with_capacity(self.changes.len().saturating_add(2));
        batch.push(Op::Expect(META.to_vec(), Some(self.meta_raw)));
        batch.push(Op::Put(META.to_vec(), sealed));
        batch.extend(self.changes.into_iter().map(|(key, value)| match value {
            Some(value) => Op::Put(key, value),
            None => Op::Delete(key),
        }));
        match self.base {
            Base::Snapshot(snapshot) if self.exclusive => snapshot.commit(&batch)?,
            base => {
                drop(base);
                engine.commit(&batch).map_err(disappeared)?;
            }
        }
        self.store.reached(Seen::of(&self.meta));
        engine.committed(&marker_of(self.id, Seen::of(&self.meta)));
        Ok(())
    }

    /// The raw value of a key.
    pub(in crate::store) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    /// A scan of the base, without asking it again for the next trust-carrying row after a key where
    /// it was found to have none up to one beyond.
    fn base_page(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        if prefix != TRUST || limit != 1 {
            return self.base.scan(self.store, after, prefix, limit);
        }
        let mut gaps = self.gaps.borrow_mut();
        let [among_blocks, elsewhere] = &mut *gaps;
        let gap = if after.starts_with(keyspace::BLOCKS) { among_blocks } else { elsewhere };
        match gap {
            Some((from, next)) if from.as_slice() <= after && after < next.0.as_slice() => Ok(vec![next.clone()]),
            _ => {
                let page = self.base.scan(self.store, after, prefix, limit)?;
                *gap = page.first().map(|next| (after.to_vec(), next.clone()));
                Ok(page)
            }
        }
    }

    /// [`Engine::scan`] over the state with the changes made so far.
    pub(in crate::store) fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        if self.changes.is_empty() {
            return self.base.scan(self.store, after, prefix, limit);
        }
        let mut out = Vec::new();
        let mut after = after.to_vec();
        let mut size = limit;
        while out.len() < limit {
            let page = self.base_page(&after, prefix, size)?;
            let end = if page.len() < size { None } else { page.last().map(|(key, _)| key.clone()) };
            // Where many rows in a row were deleted here, they are not passed over one by one.
            size = size.saturating_mul(4).min(PAGE.max(limit));
            let lower = lower_bound(&after, prefix);
            let mut changed = self
                .changes
                .range::<[u8], _>((Bound::Included(lower.as_slice()), Bound::Unbounded))
                .take_while(|(key, _)| key.starts_with(prefix) && end.as_ref().is_none_or(|end| *key <= end))
                .peekable();
            for (key, value) in page {
                while let Some((new, put)) = changed.next_if(|(new, _)| out.len() < limit && **new < key) {
                    out.extend(put.clone().map(|put| (new.clone(), put)));
                }
                if out.len() >= limit {
                    return Ok(out);
                }
                match changed.next_if(|(new, _)| **new == key) {
                    Some((_, put)) => out.extend(put.clone().map(|put| (key, put))),
                    None => out.push((key, value)),
                }
            }
            while let Some((new, put)) = changed.next_if(|_| out.len() < limit) {
                out.extend(put.clone().map(|put| (new.clone(), put)));
            }
            match end {
                Some(end) => after = end,
                None => break,
            }
        }
        Ok(out)
    }

    /// Calls `f` with every row under a prefix, in order, from strictly after `after`.
    pub(in crate::store) fn each(
        &self,
        after: &[u8],
        prefix: &[u8],
        mut f: impl FnMut(Vec<u8>, Vec<u8>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut after = after.to_vec();
        let mut limit = FIRST_PAGE;
        loop {
            let page = self.scan(&after, prefix, limit)?;
            let full = page.len() == limit;
            limit = limit.saturating_mul(4).min(PAGE);
            for (key, value) in page {
                after.clone_from(&key);
                if !f(key, value)? {
                    return Ok(());
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    pub(in crate::store) fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged { store: self.store.name(), what: what.into() }
    }

    /// A number that the meta row counts, if it can be one: a counter at its end would give the same one again
    /// and again.
    pub(in crate::store) fn number(&self, number: u64, what: &str) -> Result<u64, StoreError> {
        match number <= MAX_NUMBER {
            true => Ok(number),
            false => Err(self.damaged(format!("the meta row counts {number} as the next {what}, which cannot be"))),
        }
    }

    /// Opens the seal of a row.
    pub(in crate::store) fn open<'v>(&self, key: &[u8], value: &'v [u8]) -> Result<seal::Opened<'v>, StoreError> {
        seal::open(&self.id, key, value).map_err(|e| self.damaged(format!("{} {e}", keyspace::describe(key))))
    }

    /// Reads the body of a row.
    pub(in crate::store) fn decode<T: DeserializeOwned>(&self, key: &[u8], body: &[u8]) -> Result<T, StoreError> {
        serde_json::from_slice(body)
            .map_err(|e| self.damaged(format!("{} cannot be read: {e}", keyspace::describe(key))))
    }

    pub(in crate::store) fn encode<T: Serialize>(&self, record: &T) -> Result<Vec<u8>, StoreError> {
        encode(&self.store.name(), record)
    }

    /// The body of a row that carries no trust.
    pub(in crate::store) fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.get(key)? {
            Some(value) => Ok(Some(self.open(key, &value)?.body.to_vec())),
            None => Ok(None),
        }
    }

    /// Writes a row that carries no trust.
    pub(in crate::store) fn put_row(&mut self, key: Vec<u8>, body: &[u8]) {
        let value = seal::seal(&self.id, &key, &[], body);
        self.changes.insert(key, Some(value));
    }

    /// Writes a row with a link that is known to be right.
    pub(in crate::store) fn put_linked(&mut self, key: Vec<u8>, previous: &[u8], body: &[u8]) {
        let value = seal::seal(&self.id, &key, previous, body);
        self.changes.insert(key, Some(value));
    }

    /// Removes a row that carries no trust.
    pub(in crate::store) fn delete_row(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// The row of a trust-carrying key, or the one that comes after it and proves that there is none.
    pub(in crate::store) fn find_or_next(&self, key: &[u8]) -> Result<Pair, StoreError> {
        let below = key.split_last().map_or(key, |(_, below)| below);
        let next = self.scan(below, TRUST, 1)?.pop();
        let (found, value) = next.ok_or_else(|| self.damaged("the end mark is gone"))?;
        let previous = self.open(&found, &value)?.previous;
        if found != key && previous >= key {
            let gone = keyspace::describe(previous);
            return Err(self.damaged(format!("{gone} is gone")));
        }
        Ok((found, value))
    }

    /// The body of a trust-carrying row; `None` is proven absence.
    pub(in crate::store) fn trust_row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (found, value) = self.find_or_next(key)?;
        if found == key { Ok(Some(self.open(key, &value)?.body.to_vec())) } else { Ok(None) }
    }

    /// All trust-carrying rows with a prefix; that there are no others is proven.
    pub(in crate::store) fn trust_rows(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreError> {
        let mut rows = Vec::new();
        self.each_trust(prefix, prefix, |key, body| {
            rows.push((key.to_vec(), body.to_vec()));
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Calls `f` with the key and body of every trust-carrying row under a prefix, in order, from strictly after
    /// `after`. That there are no others, as far as `f` wanted them, is proven by their links.
    pub(in crate::store) fn each_trust(
        &self,
        after: &[u8],
        prefix: &[u8],
        mut f: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut before: Option<Vec<u8>> = None;
        let mut proven = false;
        self.each(after, TRUST, |key, value| {
            let opened = self.open(&key, &value)?;
            let linked = match &before {
                Some(before) => opened.previous == before.as_slice(),
                None => opened.previous <= after,
            };
            if !linked {
                return Err(self.damaged(format!("{} is gone", keyspace::describe(opened.previous))));
            }
            proven = !key.starts_with(prefix) || !f(&key, opened.body)?;
            before = Some(key);
            Ok(!proven)
        })?;
        if proven { Ok(()) } else { Err(self.damaged("the end mark is gone")) }
    }

    /// Writes a trust-carrying row and links it in. Returns whether it is new.
    pub(in crate::store) fn put_trust(&mut self, key: Vec<u8>, body: &[u8]) -> Result<bool, StoreError> {
        let place = self.find_or_next(&key)?;
        self.put_at(place, key, body)
    }

    /// [`Tx::put_trust`] where the row itself or its successor was found before.
    pub(in crate::store) fn put_at(
        &mut self,
        (found, value): Pair,
        key: Vec<u8>,
        body: &[u8],
    ) -> Result<bool, StoreError> {
        let opened = self.open(&found, &value)?;
        let sealed = seal::seal(&self.id, &key, opened.previous, body);
        let new = found != key;
        if new {
            let relinked = seal::seal(&self.id, &found, &key, opened.body);
            self.changes.insert(found, Some(relinked));
        }
        self.changes.insert(key, Some(sealed));
        Ok(new)
    }

    /// Removes a trust-carrying row and closes the gap. Returns whether it was there.
    pub(in crate::store) fn delete_trust(&mut self, key: Vec<u8>) -> Result<bool, StoreError> {
        let (found, value) = self.find_or_next(&key)?;
        if found != key || key == END {
            return Ok(false);
        }
        let next = self.scan(&key, TRUST, 1)?.pop();
        let (after, after_value) = next.ok_or_else(|| self.damaged("the end mark is gone"))?;
        let opened = self.open(&after, &after_value)?;
        if opened.previous != key {
            return Err(self.damaged(format!("{} is gone", keyspace::describe(opened.previous))));
        }
        let relinked = seal::seal(&self.id, &after, self.open(&key, &value)?.previous, opened.body);
        self.changes.insert(after, Some(relinked));
        self.changes.insert(key, None);
        Ok(true)
    }

    /// Certificates put or let go, and not referred to by anything, are not kept.
    fn drop_unreferenced_certs(&mut self) -> Result<(), StoreError> {
        let released = std::mem::take(&mut self.released).into_iter().map(keyspace::cert);
        let put: BTreeSet<Vec<u8>> = self
            .changes
            .range::<[u8], _>((Bound::Included(keyspace::CERTS), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(keyspace::CERTS))
            .filter(|(_, value)| value.is_some())
            .map(|(key, _)| key.clone())
            .chain(released)
            .collect();
        for key in put {
            self.drop_cert_if_unreferenced(key)?;
        }
        Ok(())
    }
}
