//! One connection and its locks, and one transaction on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::from_sqlite;
use super::header::Header;
use super::lock::{Lock, Mode};
use super::path::{self, Identity};
use super::{SqliteEngine, create};
use crate::store::engine::{Batch, Pair, Peek, Transaction};
use crate::store::error::StoreError;

/// What a commit rests on; see `docs/store.md`. The rest of the settings bound what a damaged or
/// foreign file can make SQLite do.
const SETTINGS: &str = "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA secure_delete = FAST;
    PRAGMA cache_size = -2000; PRAGMA cache_spill = OFF;";

/// A connection that waits for its next use.
pub(super) struct Pooled {
    // In this order they are dropped: the header's descriptor must outlive the connection.
    connection: Connection,
    header: Arc<Header>,
    lock: Option<Lock>,
}

impl Pooled {
    pub(super) fn open(file: &Path, read_only: bool, busy: Duration) -> Result<Self, StoreError> {
        path::check(file)?;
        let lock = Lock::open(file, !read_only)?;
        // Nobody commits while the header is read.
        if let Some(lock) = &lock {
            lock.lock(file, Mode::Shared, busy)?;
        }
        let opened = Self::connect(file, read_only, busy);
        if let Some(lock) = &lock {
            lock.unlock();
        }
        let (connection, header) = opened?;
        Ok(Self { connection, header, lock })
    }

    fn connect(file: &Path, read_only: bool, busy: Duration) -> Result<(Connection, Arc<Header>), StoreError> {
        let header = Header::open(file)?;
        let interrupted = path::has_journal(file);
        header.check(file, !interrupted)?;
        let access = if read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let sqlite = |e| from_sqlite(file, busy, e);
        let connection = Connection::open_with_flags(file, flags).map_err(sqlite)?;
        if path::identity(file)? != Some(header.identity()) {
            let what = "was replaced while it was being opened".to_owned();
            return Err(StoreError::Lost { store: file.display().to_string(), what });
        }
        connection.busy_timeout(busy).map_err(sqlite)?;
        // Else every new key would have its query planned anew.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sqlite)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(sqlite)?;
        if read_only {
            connection
                .execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")
        } else {
            connection.execute_batch(SETTINGS)
        }
        .map_err(sqlite)?;
        create::check_schema(&connection).map_err(sqlite)?.then_some(()).ok_or_else(|| StoreError::Damaged {
            store: file.display().to_string(),
            what: "its table is not the one that this library makes".to_owned(),
        })?;
        if interrupted {
            // SQLite has read, and so has played the journal back.
            header.check(file, true)?;
        }
        Ok((connection, header))
    }

    pub(super) fn identity(&self) -> Identity {
        self.header.identity()
    }

    pub(super) fn header(&self) -> Arc<Header> {
        Arc::clone(&self.header)
    }
}

/// A transaction: reads of one state, and maybe a commit.
pub(super) struct Reader<'e> {
    engine: &'e SqliteEngine,
    pooled: Option<Pooled>,
    write: bool,
    /// Set by an error: such a connection is not used again.
    broken: std::cell::Cell<bool>,
}

impl<'e> Reader<'e> {
    pub(super) fn begin(engine: &'e SqliteEngine, pooled: Pooled, write: bool) -> Result<Self, StoreError> {
        if let Some(lock) = &pooled.lock {
            let mode = if write { Mode::Exclusive } else { Mode::Shared };
            lock.lock(&engine.file, mode, engine.busy)?;
        }
        let reader = Self { engine, pooled: Some(pooled), write, broken: std::cell::Cell::new(false) };
        reader.run(|c| c.execute_batch(if write { "BEGIN IMMEDIATE" } else { "BEGIN" }))?;
        Ok(reader)
    }

    fn run<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let Some(pooled) = &self.pooled else {
            return Err(StoreError::Invalid { what: format!("{}: the transaction is over", self.engine.show()) });
        };
        f(&pooled.connection).map_err(|e| {
            self.broken.set(true);
            from_sqlite(&self.engine.file, self.engine.busy, e)
        })
    }

    /// Asks SQLite itself for damage.
    pub(super) fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let lines: Vec<String> =
            self.run(|c| c.prepare("PRAGMA integrity_check(100)")?.query_map([], |row| row.get(0))?.collect())?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// Copies the state read to a new file.
    pub(super) fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let mut after = Vec::new();
        create::create_from(to, self.engine.busy, &mut || {
            let page = self.scan(&after, &[], 1000)?;
            if let Some((last, _)) = page.last() {
                after.clone_from(last);
            }
            Ok(page)
        })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.engine.file.clone()
    }
}

impl Transaction for Reader<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(|c| super::get(c, key))
    }

    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.run(|c| super::scan(c, after, prefix, limit))
    }

    fn peek(&self) -> Option<Peek> {
        // The transaction has read, so SQLite's lock keeps the counter where it is.
        self.pooled.as_ref()?.header.peek()
    }

    fn commit(self: Box<Self>, batch: &Batch) -> Result<(), StoreError> {
        if !self.write {
            return Err(StoreError::ReadOnly { store: self.engine.show() });
        }
        path::check_journal(&self.path())?;
        if !self.run(|c| super::apply(c, batch))? {
            return Err(StoreError::Conflict { store: self.engine.show() });
        }
        self.run(|c| c.execute_batch("COMMIT"))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let Some(pooled) = self.pooled.take() else { return };
        if std::process::id() != self.engine.pid {
            std::mem::forget(pooled);
            return;
        }
        let ended = pooled.connection.is_autocommit() || pooled.connection.execute_batch("ROLLBACK").is_ok();
        if let Some(lock) = &pooled.lock {
            if ended && !self.broken.get() {
                lock.unlock();
            }
        }
        if ended && !self.broken.get() {
            self.engine.give_back(pooled);
        }
    }
}
