//! One connection and its locks, and one transaction on it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::error::from_sqlite;
use super::header::{Header, State, USER_VERSION};
use super::lock::{Lock, Mode};
use super::path::{self, Seen, Standing};
use super::{LOOK_AGAIN, LOOKS, SqliteEngine, create, journal};
use crate::store::engine::{Batch, Pair, Peek, Transaction};
use crate::store::error::StoreError;
use crate::text::count;

/// What a commit rests on; see `docs/store.md`. The rest of the settings bound what a damaged or
/// foreign file can make SQLite do.
const SETTINGS: &str = "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA secure_delete = FAST;
    PRAGMA cache_size = -2000; PRAGMA cache_spill = OFF;";
const READ_SETTINGS: &str = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

/// Bytes of a row, at most: the largest, an endpoint with all the pins it may have, is far below. `value!` has the
/// same number for values.
const MAX_ROW: i32 = 16 * 1024 * 1024 + 4096;
/// SQLite counts milliseconds in 31 bits.
const LONGEST_WAIT: Duration = Duration::from_millis(i32::MAX as u64);

/// A connection that waits for its next use.
pub(super) struct Pooled {
    // In this order they are dropped: the header's descriptor must outlive the connection.
    connection: Connection,
    header: Arc<Header>,
    lock: Option<Lock>,
    standing: Standing,
    /// The version of the layout when it was opened.
    version: u32,
    known: Cell<Known>,
}

/// What opening a connection gives.
struct Opened {
    connection: Connection,
    header: Arc<Header>,
    version: u32,
    known: Known,
}

/// What the file was like when the connection used it last: what it remembers is of that.
#[derive(Debug, Clone, Copy)]
struct Known {
    seen: Seen,
    state: State,
}

impl Pooled {
    pub(super) fn open(file: &Path, standing: Standing, read_only: bool, busy: Duration) -> Result<Self, StoreError> {
        standing.check(file)?;
        // Before a lock is made beside it.
        Header::open(file)?.of_ours(file)?;
        let lock = Lock::open(file, !read_only)?;
        // Nobody commits while the header is read.
        if let Some(lock) = &lock {
            lock.lock(file, Mode::Shared, busy)?;
        }
        let opened = Self::connect(file, standing, read_only, busy);
        if let Some(lock) = &lock {
            lock.unlock();
        }
        let Opened { connection, header, version, known } = opened?;
        Ok(Self { connection, header, lock, standing, version, known: Cell::new(known) })
    }

    fn connect(file: &Path, standing: Standing, read_only: bool, busy: Duration) -> Result<Opened, StoreError> {
        let header = Header::open(file)?;
        let interrupted = path::has_journal(file);
        journal::refuse_foreign(file, &header)?;
        header.check(file, !interrupted)?;
        if interrupted && read_only && standing.check(file)? {
            // Nothing can be read before the journal was played back, which somebody has to do who may write.
            first_read(&configured(file, false, busy)?, file, busy)?;
        }
        let connection = configured(file, read_only, busy)?;
        first_read(&connection, file, busy)?;
        // SQLite has read, and so has played back what was cut short: the header may be another one now.
        let version = header.check(file, true)?;
        if path::identity(file)? != Some(header.identity()) {
            let what = "was replaced while it was being opened".to_owned();
            return Err(StoreError::Lost { store: file.display().to_string(), what });
        }
        let damaged = |what: &str| StoreError::Damaged { store: file.display().to_string(), what: what.to_owned() };
        let ours = create::check_schema(&connection, version).map_err(|e| from_sqlite(file, busy, e))?;
        if !ours {
            return Err(damaged("its table is not the one that this library makes"));
        }
        let known = Known::now(file, &header)?.ok_or_else(|| damaged("its header cannot be read"))?;
        Ok(Opened { connection, header, version, known })
    }

    /// Whether the file was of an older layout when it was opened.
    pub(super) fn is_of_older_layout(&self) -> bool {
        self.version < USER_VERSION
    }

    /// Runs `f` while nobody else reads or writes.
    pub(super) fn alone<T>(
        &self,
        file: &Path,
        busy: Duration,
        f: impl FnOnce(&Connection, &Header) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(lock) = &self.lock {
            lock.lock(file, Mode::Exclusive, busy)?;
        }
        let result = f(&self.connection, &self.header);
        if let Some(lock) = &self.lock {
            lock.unlock();
        }
        result
    }

    pub(super) fn header(&self) -> Arc<Header> {
        Arc::clone(&self.header)
    }

    /// Whether the connection may be used for the file as it is now, under the lock. Not so for another file, and
    /// not for one into which another was copied: SQLite looks at numbers that may be the same in both, and would
    /// mix the two. A file that anybody else changed is checked like one that is being opened: if its owner or mode
    /// let others in, what was written may be theirs.
    fn is_right(&self, file: &Path, now: Seen) -> Result<bool, StoreError> {
        let Known { seen, state } = self.known.get();
        if seen == now {
            return Ok(true);
        }
        let Some(later) = self.header.state().filter(|later| seen.identity == now.identity && state.led_to(*later))
        else {
            return Ok(false);
        };
        self.standing.check(file)?;
        journal::refuse_foreign(file, &self.header)?;
        self.known.set(Known { seen: now, state: later });
        Ok(true)
    }
}

impl Known {
    fn now(file: &Path, header: &Header) -> Result<Option<Self>, StoreError> {
        Ok(path::seen(file)?.zip(header.state()).map(|(seen, state)| Self { seen, state }))
    }
}

/// Has SQLite look at the file and its journal. Who cannot take the locks beside a store of the system may meet a
/// commit under way and take its journal for one that was left; then it is looked at again.
fn first_read(connection: &Connection, file: &Path, busy: Duration) -> Result<(), StoreError> {
    let look = || {
        let read = connection.query_row("PRAGMA schema_version", [], |row| row.get::<_, i64>(0));
        read.map(drop).map_err(|e| from_sqlite(file, busy, e))
    };
    for _ in 0..LOOKS {
        match look() {
            Err(StoreError::Io { .. }) => std::thread::sleep(LOOK_AGAIN),
            seen => return seen,
        }
    }
    look()
}

/// A connection with everything set that a commit rests on.
fn configured(file: &Path, read_only: bool, busy: Duration) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<Connection> {
        let access = if read_only { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(busy.min(LONGEST_WAIT))?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_ROW)?;
        // Else every new key would have its query planned anew.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.execute_batch(if read_only { READ_SETTINGS } else { SETTINGS })?;
        Ok(connection)
    };
    open().map_err(|e| from_sqlite(file, busy, e))
}

/// A transaction: reads of one state, and maybe a commit.
pub(super) struct Reader<'e> {
    engine: &'e SqliteEngine,
    pooled: Option<Pooled>,
    write: bool,
    /// Set by an error: such a connection is not used again.
    broken: Cell<bool>,
}

impl<'e> Reader<'e> {
    pub(super) fn begin(engine: &'e SqliteEngine, write: bool) -> Result<Self, StoreError> {
        let pooled = Self::locked(engine, write)?;
        let unlocked = pooled.lock.is_none();
        let reader = Self { engine, pooled: Some(pooled), write, broken: Cell::new(false) };
        reader.run(|c| c.execute_batch(if write { "BEGIN IMMEDIATE" } else { "BEGIN" }))?;
        if let Some(pooled) = reader.pooled.as_ref().filter(|_| unlocked) {
            first_read(&pooled.connection, &engine.file, engine.busy)?;
        }
        Ok(reader)
    }

    /// A connection that is right for the file that the path names now, locked.
    fn locked(engine: &SqliteEngine, write: bool) -> Result<Pooled, StoreError> {
        let mode = if write { Mode::Exclusive } else { Mode::Shared };
        let until = Instant::now().checked_add(engine.busy);
        loop {
            let Some(now) = path::seen(&engine.file)? else {
                let what = "has disappeared while in use".to_owned();
                return Err(StoreError::Lost { store: engine.show(), what });
            };
            let (pooled, new) = engine.idle_or_new(now)?;
            if let Some(lock) = &pooled.lock {
                lock.lock(&engine.file, mode, engine.busy)?;
            }
            // Looked at under the lock: before it somebody may have put another file there.
            let right = match path::seen(&engine.file)? {
                // Whoever opens it sees to it that what was cut short is put right.
                Some(_) if engine.read_only && !new && journal::is_left(&engine.file) => false,
                Some(now) => pooled.is_right(&engine.file, now)?,
                None => false,
            };
            if right {
                return Ok(pooled);
            }
            // It is dropped, and with its descriptor the lock.
            drop(pooled);
            if until.is_some_and(|until| Instant::now() > until) {
                let waited_ms = u64::try_from(engine.busy.as_millis()).unwrap_or(u64::MAX);
                return Err(StoreError::Busy { store: engine.show(), waited_ms });
            }
        }
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
        let answers: Vec<String> =
            self.run(|c| c.prepare("PRAGMA integrity_check(100)")?.query_map([], |row| row.get(0))?.collect())?;
        let mut lines: Vec<String> =
            answers.iter().flat_map(|answer| answer.lines()).filter(|line| *line != "ok").map(str::to_owned).collect();
        let strangers: i64 = self.run(|c| {
            let odd = "SELECT count(*) FROM record WHERE typeof(key) <> 'blob' OR typeof(value) <> 'blob'";
            c.query_row(odd, [], |row| row.get(0))
        })?;
        if strangers > 0 {
            lines.push(format!("{} that another program has written", count(strangers.unsigned_abs(), "row")));
        }
        Ok(lines)
    }

    /// Copies the state read to a new file.
    pub(super) fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let mut after = Vec::new();
        create::create_from(to, self.engine.busy, &mut || {
            let page = self.scan(&after, &[], 1000)?;
            for (key, _) in &page {
                if *key <= after {
                    let what = "its rows are out of order".to_owned();
                    return Err(StoreError::Damaged { store: self.engine.show(), what });
                }
                after.clone_from(key);
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
        // The transaction has read, so SQLite's lock keeps the counter where it is. What changed since the file was
        // checked, its mode for example, must not become part of a mark.
        let pooled = self.pooled.as_ref()?;
        let Seen { changed, access, .. } = pooled.known.get().seen;
        let peek = pooled.header.peek(&self.engine.file)?;
        (peek.changed == changed && peek.access == access.number()).then_some(peek)
    }

    fn commit(self: Box<Self>, batch: &Batch) -> Result<(), StoreError> {
        if !self.write {
            return Err(StoreError::ReadOnly { store: self.engine.show() });
        }
        path::check_journal(&self.path())?;
        if !self.run(|c| super::apply(c, batch))? {
            return Err(StoreError::Conflict { store: self.engine.show() });
        }
        self.run(|c| c.execute_batch("COMMIT"))?;
        // Still under the lock, so that this is what the commit left. An owner or mode that somebody else changed
        // meanwhile was not checked: then the connection keeps the old state, and its next use checks the file.
        if let Some(pooled) = &self.pooled {
            let now = Known::now(&self.engine.file, &pooled.header)?;
            if let Some(now) = now.filter(|now| now.seen.access == pooled.known.get().seen.access) {
                pooled.known.set(now);
            }
        }
        Ok(())
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
