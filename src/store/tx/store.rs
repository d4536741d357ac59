//! The handle of a store: opening it, reading and writing through it, and who hears of its events.

use std::any::{Any, TypeId};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::keyspace::{END, META};
use super::log::event;
use super::meta::{CommitId, Meta};
use super::record::{Event, Severity};
use super::seal::{self, StoreId};
use super::transaction::Tx;
use super::{bounds, layers};
use crate::store::engine::Op::{Expect, Put};
use crate::store::engine::memory::MemoryEngine;
use crate::store::engine::options::StoreOptions;
use crate::store::engine::sqlite::{SqliteEngine, Standing, default_path};
use crate::store::engine::{Engine, Marker, Pair, Peek};
use crate::store::error::StoreError;
use crate::time::system_now;

/// How long to wait before another try where an engine cannot keep other writers out.
const RETRY_PAUSE: Duration = Duration::from_millis(1);

/// Receives the events of one store handle, on the thread of the call that caused them, after locks
/// are released and before that call returns. It may call anything.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// A state of a store that a handle saw.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub generation: u64,
    /// The commit that led to it; `None` for a store that no commit was made to yet.
    pub commit: Option<CommitId>,
}

impl Seen {
    pub(super) fn of(meta: &Meta) -> Self {
        Self { generation: meta.generation, commit: meta.commits().first().copied() }
    }
}

/// A store. Cloning shares it; usable from many threads.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    engine: Box<dyn Engine>,
    pub(super) id: StoreId,
    options: StoreOptions,
    /// Read-only stores below, nearest first.
    pub(super) layers: Vec<Store>,
    pid: u32,
    /// The meta row as it was read last, sealed and opened: most often it is the same again.
    meta: Mutex<Option<(Vec<u8>, Arc<Meta>)>>,
    /// The newest state that this handle saw: a store that shows an earlier one, or another history, has lost it.
    seen: Mutex<Seen>,
    /// The listener was told that this store is not what it was.
    told_of_loss: AtomicBool,
    /// Of few types, so that looking through them is the shortest way.
    slots: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
    listener: Mutex<Option<Listener>>,
}

impl Store {
    /// Opens or creates a store.
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        if options.path.as_deref() == Some(Path::new(":memory:")) {
            return Self::with_engine(Box::new(MemoryEngine::default()), options);
        }
        let path = match &options.path {
            Some(path) => path.clone(),
            None => default_path()?,
        };
        Self::open_file(&path, Standing::Own, options)
    }

    pub(super) fn open_file(path: &Path, standing: Standing, options: &StoreOptions) -> Result<Self, StoreError> {
        let engine = SqliteEngine::open(path, standing, options, &|| new_store_rows(&path.display().to_string()))?;
        Self::attach(Box::new(engine), options)
    }

    /// A store in memory.
    pub fn memory() -> Self {
        let options = StoreOptions::default();
        // Ids tell stores of one process apart here; no file ever holds this one.
        let id = new_id("").unwrap_or_default();
        let rows = new_rows(&id, ":memory:").unwrap_or_default();
        Self::assemble(Box::new(MemoryEngine::with(rows)), id, Seen::default(), &options, Vec::new())
    }

    /// A store on the application's own storage. An empty storage becomes a new store, unless
    /// `must_exist` is set: only the application can tell a new storage from one that was emptied.
    pub fn with_engine(engine: Box<dyn Engine>, options: &StoreOptions) -> Result<Self, StoreError> {
        if engine.get(META)?.is_none() {
            let store = engine.name();
            if !engine.scan(&[], &[], 1)?.is_empty() {
                return Err(StoreError::Damaged { store, what: "the meta row is gone".to_owned() });
            }
            if options.must_exist {
                return Err(StoreError::NotFound { store, what: "the store".to_owned() });
            }
            if options.read_only || engine.read_only() {
                return Err(StoreError::ReadOnly { store });
            }
            let rows = new_store_rows(&store)?;
            let batch = [Expect(META.to_vec(), None)].into_iter().chain(rows.into_iter().map(|(k, v)| Put(k, v)));
            match engine.commit(&batch.collect()) {
                // Somebody else has just made it.
                Ok(()) | Err(StoreError::Conflict { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Self::attach(engine, options)
    }

    fn attach(engine: Box<dyn Engine>, options: &StoreOptions) -> Result<Self, StoreError> {
        let name = engine.name();
        // Before the meta row: a commit in between may move the marker beyond what we would read.
        let marker = engine.marker()?;
        let damaged = |what: &str| StoreError::Damaged { store: name.clone(), what: what.to_owned() };
        let raw = engine.get(META)?.ok_or_else(|| damaged("the meta row is gone"))?;
        let meta = Meta::open(&name, &raw)?;
        let id = meta.store_id(&name)?;
        let loss = marker.and_then(|marker| {
            let what = if marker.id != id {
                "replaced by another store"
            } else if marker.generation > meta.generation {
                "went back in time"
            } else if marker.commit != CommitId::default()
                && meta.continues(marker.generation, &marker.commit) == Some(false)
            {
                "lost changes and got another history"
            } else {
                return None;
            };
            Some(format!("{what} since it was last used"))
        });
        if let Some(what) = &loss {
            if !options.accept_loss {
                let what = format!("{what}; open it with accept-loss to go on with what is there");
                return Err(StoreError::Lost { store: name, what });
            }
            engine.reset_marker(&marker_of(id, Seen::of(&meta)))?;
        }
        let store = Self::assemble(engine, id, Seen::of(&meta), options, layers::open(options)?);
        store.refuse_itself_below()?;
        if let Some(what) = loss.filter(|_| !store.read_only()) {
            let text = format!("{what}, and that was accepted");
            // Opening is an act of now, not a question about a time that the caller states.
            let event = event(None, "loss-accepted", Severity::High, system_now(), text);
            store.write(|tx| tx.log(event.clone()))?;
        }
        Ok(store)
    }

    fn assemble(engine: Box<dyn Engine>, id: StoreId, seen: Seen, options: &StoreOptions, layers: Vec<Store>) -> Self {
        let inner = Inner {
            engine,
            id,
            options: options.clone(),
            layers,
            pid: std::process::id(),
            meta: Mutex::default(),
            seen: Mutex::new(seen),
            told_of_loss: AtomicBool::new(false),
            slots: Mutex::default(),
            listener: Mutex::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The file's path or "backend", for messages.
    pub fn name(&self) -> String {
        self.inner.engine.name()
    }

    /// Random number given at creation, as hexadecimal digits.
    pub fn id(&self) -> Result<String, StoreError> {
        Ok(data_encoding::HEXLOWER.encode(&self.inner.id))
    }

    /// Moves on any change by anyone.
    pub fn generation(&self) -> Result<u64, StoreError> {
        self.read(|tx| Ok(tx.generation()))
    }

    /// Whether writes are bound to fail.
    pub fn read_only(&self) -> bool {
        self.inner.options.read_only || self.inner.engine.read_only()
    }

    /// The application named in the options.
    pub fn application(&self) -> &str {
        &self.inner.options.application
    }

    /// A cheap mark of the state now: an answer from a view with the same mark ([`Tx::peek`]) is still
    /// right. `None` where the engine has none, or the handle cannot be used. Only a view's mark may be
    /// remembered: this one may be of a commit that is under way and never completed.
    pub fn peek(&self) -> Option<Peek> {
        if self.usable().is_err() {
            return None;
        }
        let own = self.inner.engine.peek()?;
        let below: Option<Vec<Peek>> = self.layers().iter().map(Self::peek).collect();
        Some(own.over(&below?))
    }

    /// What upper layers keep with the handle for its lifetime and never write, one value of each type:
    /// session trust, the listener, caches. Clones share it.
    pub fn attached<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let mut slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.iter().find(|slot| (***slot).type_id() == TypeId::of::<T>()) {
            return Arc::clone(slot).downcast().unwrap_or_default();
        }
        let new = Arc::new(T::default());
        slots.push(Arc::clone(&new) as Arc<dyn Any + Send + Sync>);
        new
    }

    /// Sets or removes who is told of the events of this handle and its clones: those that its changes
    /// leave in the log, and those given to [`Store::announce`].
    pub fn set_listener(&self, listener: Option<Listener>) {
        let old = std::mem::replace(&mut *self.inner.listener.lock().unwrap_or_else(PoisonError::into_inner), listener);
        // Without the lock: dropping it may run code of the application.
        drop(old);
    }

    /// Whether a listener is set, so that events for nobody need not be put into words.
    pub fn has_listener(&self) -> bool {
        self.listener().is_some()
    }

    /// Tells the listener of events. Those in the log were told when they were committed.
    pub fn announce(&self, events: &[Event]) {
        if let Some(listener) = self.listener() {
            events.iter().for_each(|event| listener(event));
        }
    }

    pub(super) fn listener(&self) -> Option<Listener> {
        self.inner.listener.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs `f` on one consistent state; repeated if a concurrent change tore it.
    pub fn read<R, E: From<StoreError>>(&self, mut f: impl FnMut(&Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        let began = Instant::now();
        loop {
            self.usable()?;
            let tx = self.begin(false)?;
            let result = f(&tx);
            if !tx.torn()? {
                self.reached(Seen::of(&tx.meta));
                return result;
            }
            self.pause(began)?;
        }
    }

    /// Runs `f` and commits what it changed, durably; repeated when somebody else changed what it read.
    /// Where `f` fails, nothing is changed.
    pub fn write<R, E: From<StoreError>>(&self, f: impl FnMut(&mut Tx<'_>) -> Result<R, E>) -> Result<R, E> {
        self.write_over(|| (), f)
    }

    /// [`Store::write`], which calls `overtaken` when somebody else changed what `f` had read, before it is repeated.
    pub(crate) fn write_over<R, E: From<StoreError>>(
        &self,
        overtaken: impl Fn(),
        mut f: impl FnMut(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let began = Instant::now();
        let mut exclusive = false;
        loop {
            self.usable()?;
            let mut tx = self.begin(exclusive)?;
            let result = f(&mut tx);
            if result.is_err() && !tx.torn()? {
                return result;
            }
            if let Ok(value) = result {
                let logged = std::mem::take(&mut tx.logged);
                match tx.commit() {
                    Ok(()) => {
                        self.announce(&logged);
                        return Ok(value);
                    }
                    Err(StoreError::Conflict { .. }) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            overtaken();
            // The first try kept nobody out; where the engine can do that, the second one cannot fail.
            exclusive = true;
            self.pause(began)?;
        }
    }

    fn begin(&self, exclusive: bool) -> Result<Tx<'_>, StoreError> {
        let begun = Tx::begin(self, exclusive);
        if let Err(StoreError::Lost { what, .. }) = &begun {
            // Where would it be written? Once, and to whoever listens.
            if !self.inner.told_of_loss.swap(true, Ordering::AcqRel) {
                self.announce(&[event(None, "store-lost", Severity::High, system_now(), what.clone())]);
            }
        }
        begun
    }

    fn pause(&self, began: Instant) -> Result<(), StoreError> {
        if began.elapsed() >= self.inner.options.busy() {
            let waited_ms = self.inner.options.busy_ms();
            return Err(StoreError::Busy { store: self.name(), waited_ms });
        }
        std::thread::sleep(RETRY_PAUSE);
        Ok(())
    }

    pub(in crate::store) fn usable(&self) -> Result<(), StoreError> {
        if std::process::id() == self.inner.pid { Ok(()) } else { Err(StoreError::Forked { store: self.name() }) }
    }

    pub(in crate::store) fn options(&self) -> &StoreOptions {
        &self.inner.options
    }

    pub(in crate::store) fn engine(&self) -> &dyn Engine {
        &*self.inner.engine
    }

    /// Opens a sealed meta row.
    pub(super) fn open_meta(&self, name: &str, sealed: &[u8]) -> Result<Arc<Meta>, StoreError> {
        let mut known = self.inner.meta.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, meta)) = known.as_ref().filter(|(raw, _)| raw == sealed) {
            return Ok(Arc::clone(meta));
        }
        let meta = Arc::new(Meta::open(name, sealed)?);
        // Every commit gives the row a generation of its own.
        if known.as_ref().is_some_and(|(_, known)| known.id == meta.id && known.generation == meta.generation) {
            let what = "replaced by another state of itself while in use; open it again to use that one".to_owned();
            return Err(StoreError::Lost { store: name.to_owned(), what });
        }
        *known = Some((sealed.to_vec(), Arc::clone(&meta)));
        Ok(meta)
    }

    pub(super) fn store_id(&self) -> &StoreId {
        &self.inner.id
    }

    /// The newest state that this handle saw.
    pub(super) fn seen(&self) -> Seen {
        *self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This handle saw a state.
    pub(super) fn reached(&self, state: Seen) {
        let mut seen = self.inner.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if state.generation > seen.generation {
            *seen = state;
        }
    }

    pub(in crate::store) fn log_bounds(&self) -> (u64, i64) {
        let options = &self.inner.options;
        (options.log_events.unwrap_or(bounds::LOG_EVENTS), options.log_age.unwrap_or(bounds::LOG_AGE))
    }
}

pub(super) fn marker_of(id: StoreId, state: Seen) -> Marker {
    Marker { id, generation: state.generation, commit: state.commit.unwrap_or_default() }
}

/// The rows of a new store, under an id of its own.
fn new_store_rows(store: &str) -> Result<Vec<Pair>, StoreError> {
    new_rows(&new_id(store)?, store)
}

/// The rows of a new store: the meta row and the end mark.
fn new_rows(id: &StoreId, store: &str) -> Result<Vec<Pair>, StoreError> {
    let meta = Meta::new(id).seal(store)?;
    Ok(vec![(META.to_vec(), meta), (END.to_vec(), seal::seal(id, END, &[], b"end"))])
}

/// A random number from the system: of a store, or of a commit.
pub(super) fn new_id(store: &str) -> Result<[u8; 16], StoreError> {
    let mut id = [0; 16];
    // Up to 256 bytes come at once, or not at all.
    match rustix::rand::getrandom(&mut id, rustix::rand::GetRandomFlags::empty()) {
        Ok(16) => Ok(id),
        Ok(_) => Err(random_failed(store, "too few bytes")),
        Err(errno) => Err(random_failed(store, &errno.to_string())),
    }
}

fn random_failed(store: &str, why: &str) -> StoreError {
    StoreError::Io { store: store.to_owned(), what: format!("random numbers from the system: {why}") }
}
