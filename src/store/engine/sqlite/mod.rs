//! The engine on a SQLite file: one table of keys and values, shared by threads and processes.
//! Knows SQLite and locks, not what the rows mean. `docs/store.md` says why these settings.

mod connection;
mod create;
mod error;
mod filesystem;
mod header;
mod journal;
mod lock;
mod marker;
mod migrate;
mod path;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

pub(in crate::store) use path::Standing;
pub use path::default_path;

use self::connection::{Pooled, Reader};
use self::header::Header;
use self::path::Seen;
use crate::store::engine::options::StoreOptions;
use crate::store::engine::{Batch, Engine, Marker, Op, Pair, Peek, Transaction, lower_bound, upper_bound};
use crate::store::error::StoreError;

/// How often, and after which pause, what a commit under way may explain is looked at again.
const LOOKS: u32 = 20;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How many idle connections are kept for the threads of a program.
const IDLE: usize = 4;

/// A store in a SQLite file.
pub(in crate::store) struct SqliteEngine {
    file: PathBuf,
    standing: Standing,
    read_only: bool,
    busy: Duration,
    idle: Mutex<Vec<Pooled>>,
    /// Of the connection opened last. After `idle`: its descriptor must outlive the connections.
    latest: Mutex<Option<Arc<Header>>>,
    pid: u32,
}

impl SqliteEngine {
    /// Opens the file, or creates it with the rows that `rows` makes.
    pub(in crate::store) fn open(
        file: &Path,
        standing: Standing,
        options: &StoreOptions,
        rows: &dyn Fn() -> Result<Vec<Pair>, StoreError>,
    ) -> Result<Self, StoreError> {
        let file = path::absolute(file)?;
        standing.check_system(&file)?;
        let can_create = !options.must_exist && !options.read_only;
        if !path::exists(&file)? {
            refuse_vanished(&file, options.accept_loss)?;
            if !can_create {
                let what = "the file".to_owned();
                return Err(StoreError::NotFound { store: file.display().to_string(), what });
            }
            journal::set_aside(&file)?;
            create::create(&file, options.busy(), rows)?;
        }
        let writable = standing.check(&file)?;
        let read_only = options.read_only || !writable;
        if !read_only {
            create::tidy(&file);
        }
        let (idle, latest) = (Mutex::default(), Mutex::default());
        let engine = Self { file, standing, read_only, busy: options.busy(), idle, latest, pid: std::process::id() };
        // Opening one connection finds out whether this is a store at all.
        let mut first = engine.open_one()?;
        if !read_only && first.is_of_older_layout() {
            migrate::migrate(&engine.file, &first, engine.busy)?;
            drop(first);
            first = engine.open_one()?;
        }
        engine.give_back(first);
        Ok(engine)
    }

    fn show(&self) -> String {
        self.file.display().to_string()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Pooled>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that waited, or a new one (said with it) where none is of this file.
    fn idle_or_new(&self, now: Seen) -> Result<(Pooled, bool), StoreError> {
        let mut idle = self.idle();
        while let Some(pooled) = idle.pop() {
            if pooled.header().identity() == now.identity {
                return Ok((pooled, false));
            }
        }
        drop(idle);
        Ok((self.open_one()?, true))
    }

    fn open_one(&self) -> Result<Pooled, StoreError> {
        let opened = Pooled::open(&self.file, self.standing, self.read_only, self.busy)?;
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened.header());
        Ok(opened)
    }

    fn give_back(&self, pooled: Pooled) {
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(pooled);
        }
    }

    fn reader(&self, write: bool) -> Result<Reader<'_>, StoreError> {
        Reader::begin(self, write && !self.read_only)
    }
}

/// Refuses to make a store where there was one: its marker, or a change cut short, is still there.
fn refuse_vanished(file: &Path, accept_loss: bool) -> Result<(), StoreError> {
    let left = match () {
        () if marker::exists(file) => path::lock_file(file),
        () if path::has_journal(file) => path::beside(file, "-journal"),
        () => return Ok(()),
    };
    if accept_loss {
        return Ok(());
    }
    let what = format!(
        "has disappeared, although {} remembers it; restore it, or open it with accept-loss to begin anew",
        left.display()
    );
    Err(StoreError::Lost { store: file.display().to_string(), what })
}

impl Drop for SqliteEngine {
    fn drop(&mut self) {
        if std::process::id() != self.pid {
            // The child of a fork: closing would touch the parent's locks and journal.
            std::mem::forget(std::mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner)));
        }
    }
}

impl Engine for SqliteEngine {
    fn name(&self) -> String {
        self.show()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader(false)?.get(key)
    }

    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.reader(false)?.scan(after, prefix, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly { store: self.show() });
        }
        Box::new(self.reader(true)?).commit(batch)
    }

    fn read_only(&self) -> bool {
        self.read_only
    }

    fn begin(&self, write: bool) -> Result<Option<Box<dyn Transaction + '_>>, StoreError> {
        Ok(Some(Box::new(self.reader(write)?)))
    }

    fn peek(&self) -> Option<Peek> {
        let header = Arc::clone(self.latest.lock().ok()?.as_ref()?);
        header.peek(&self.file)
    }

    fn marker(&self) -> Result<Option<Marker>, StoreError> {
        marker::read(&self.file)
    }

    fn committed(&self, marker: &Marker) {
        // Best effort: a marker that lags behind only notices less.
        let _ = marker::advance(&self.file, marker);
    }

    fn reset_marker(&self, marker: &Marker) -> Result<(), StoreError> {
        if self.read_only { Ok(()) } else { marker::reset(&self.file, marker) }
    }

    fn verify(&self) -> Result<Vec<String>, StoreError> {
        self.reader(false)?.integrity()
    }

    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let to = path::absolute(to)?;
        self.reader(false)?.copy_to(&to)
    }
}

/// A value. One that is larger than any that this library writes is given as an empty one, which the store finds
/// damaged under its key, and is not taken into memory for that.
macro_rules! value {
    () => {
        "CASE WHEN length(value) > 16777216 THEN X'' ELSE value END"
    };
}

fn get(connection: &Connection, key: &[u8]) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached(concat!("SELECT ", value!(), " FROM record WHERE key = ?1"))?;
    let mut rows = statement.query([key])?;
    match rows.next()? {
        Some(row) => Ok(Some(row.get(0)?)),
        None => Ok(None),
    }
}

fn scan(connection: &Connection, after: &[u8], prefix: &[u8], limit: usize) -> rusqlite::Result<Vec<Pair>> {
    let lower = lower_bound(after, prefix);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    match upper_bound(prefix) {
        Some(upper) => connection
            .prepare_cached(concat!(
                "SELECT key, ",
                value!(),
                " FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3"
            ))?
            .query_map(rusqlite::params![lower, upper, limit], pair)?
            .collect(),
        None => connection
            .prepare_cached(concat!("SELECT key, ", value!(), " FROM record WHERE key >= ?1 ORDER BY key LIMIT ?2"))?
            .query_map(rusqlite::params![lower, limit], pair)?
            .collect(),
    }
}

/// Applies a batch inside a transaction. `false`: an expectation is not met.
fn apply(connection: &Connection, batch: &Batch) -> rusqlite::Result<bool> {
    for op in batch {
        if let Op::Expect(key, value) = op {
            if get(connection, key)? != *value {
                return Ok(false);
            }
        }
    }
    let mut put = connection.prepare_cached("INSERT OR REPLACE INTO record (key, value) VALUES (?1, ?2)")?;
    let mut delete = connection.prepare_cached("DELETE FROM record WHERE key = ?1")?;
    for op in batch {
        match op {
            Op::Expect(..) => {}
            Op::Put(key, value) => {
                put.execute([key, value])?;
            }
            Op::Delete(key) => {
                delete.execute([key])?;
            }
        }
    }
    Ok(true)
}
