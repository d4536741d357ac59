//! Making a new file: complete under a temporary name, synced, then linked into place, so that
//! nobody ever sees half a store and two programs cannot both make one.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::{from_sqlite, io};
use super::filesystem;
use super::header::{APPLICATION_ID, PAGE_SIZE, USER_VERSION};
use super::lock::{Lock, Mode};
use super::path;
use crate::store::engine::Pair;
use crate::store::error::StoreError;

/// The one table. Its text is compared when a file is opened.
pub(super) const TABLE: &str = "CREATE TABLE record (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)";
/// The same in version 1 of the layout: rows of more than a quarter of a page were spread over several.
const TABLE_1: &str = "CREATE TABLE record (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID";

/// Whether the file holds our table, as that version of the layout has it, and nothing else (no trigger, no view).
pub(super) fn check_schema(connection: &Connection, version: u32) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema LIMIT 3")?;
    let texts: Vec<Option<String>> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    Ok(match version {
        1 => texts == [Some(TABLE_1)],
        // The index of the key has no text.
        _ => texts == [Some(TABLE), None],
    })
}

/// Makes a new store, unless another program has just made one.
pub(super) fn create(
    file: &Path,
    busy: Duration,
    rows: &dyn Fn() -> Result<Vec<Pair>, StoreError>,
) -> Result<(), StoreError> {
    path::make_directory(file)?;
    let lock = Lock::open(file, true)?;
    if let Some(lock) = &lock {
        lock.lock(file, Mode::Exclusive, busy)?;
    }
    if path::exists(file)? {
        return Ok(());
    }
    let directory = path::directory(file);
    let opened = File::open(directory).map_err(|e| io(directory, "open", e))?;
    filesystem::refuse_unfit(file, &opened)?;
    let mut rows = Some(rows()?);
    build(file, busy, &mut || Ok(rows.take().unwrap_or_default()))
    // Dropping the lock's descriptor unlocks.
}

/// Writes all rows that `next` gives, page by page until an empty one, to a new file.
pub(super) fn create_from(
    file: &Path,
    busy: Duration,
    next: &mut dyn FnMut() -> Result<Vec<Pair>, StoreError>,
) -> Result<(), StoreError> {
    path::make_directory(file)?;
    if path::exists(file)? {
        return Err(StoreError::Invalid { what: format!("{} is there already", file.display()) });
    }
    build(file, busy, next)
}

/// Removes the second name of a file that a crash left between its linking and the removal of the
/// temporary name.
pub(super) fn tidy(file: &Path) {
    let temporary = path::beside(file, "-new");
    if let (Ok(Some(made)), Ok(there)) = (path::identity(&temporary), path::identity(file)) {
        if Some(made) == there {
            // Best effort: a second name does no harm.
            let _ = fs::remove_file(temporary);
        }
    }
}

fn remove(file: &Path) -> Result<(), StoreError> {
    match fs::remove_file(file) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(io(file, "remove", e)),
        _ => Ok(()),
    }
}

fn build(
    file: &Path,
    busy: Duration,
    next: &mut dyn FnMut() -> Result<Vec<Pair>, StoreError>,
) -> Result<(), StoreError> {
    let temporary = path::beside(file, "-new");
    // What a crash left there is nobody's: only the holder of the lock comes here.
    remove(&temporary)?;
    let built = write_file(&temporary, busy, next).and_then(|()| put_in_place(&temporary, file));
    if built.is_err() {
        // The error to tell is the first one.
        let _ = fs::remove_file(&temporary);
    }
    built
}

fn write_file(
    temporary: &Path,
    busy: Duration,
    next: &mut dyn FnMut() -> Result<Vec<Pair>, StoreError>,
) -> Result<(), StoreError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary);
    let made = made.map_err(|e| io(temporary, "create", e))?;
    // The umask may have taken the owner's own rights away.
    made.set_permissions(Permissions::from_mode(0o600)).map_err(|e| io(temporary, "chmod", e))?;
    drop(made);
    let sqlite = |e| from_sqlite(temporary, busy, e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(temporary, flags).map_err(sqlite)?;
    let setup = format!(
        "PRAGMA page_size = {PAGE_SIZE}; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;
         PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {USER_VERSION}; {TABLE};"
    );
    connection.execute_batch(&setup).map_err(sqlite)?;
    loop {
        let rows = next()?;
        if rows.is_empty() {
            break;
        }
        let mut insert =
            connection.prepare_cached("INSERT INTO record (key, value) VALUES (?1, ?2)").map_err(sqlite)?;
        for (key, value) in &rows {
            insert.execute([key, value]).map_err(sqlite)?;
        }
    }
    connection.execute_batch("COMMIT").map_err(sqlite)?;
    connection.close().map_err(|(_, e)| sqlite(e))?;
    File::open(temporary).and_then(|f| f.sync_all()).map_err(|e| io(temporary, "sync", e))
}

fn put_in_place(temporary: &Path, file: &Path) -> Result<(), StoreError> {
    match fs::hard_link(temporary, file) {
        Ok(()) => remove(temporary)?,
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            return Err(StoreError::Conflict { store: file.display().to_string() });
        }
        // A file system without links: the lock is what keeps others from the same name.
        Err(_) if !path::exists(file)? => fs::rename(temporary, file).map_err(|e| io(file, "rename", e))?,
        Err(e) => return Err(io(file, "link", e)),
    }
    sync_directory(file)
}

/// Makes a change of names durable.
pub(super) fn sync_directory(file: &Path) -> Result<(), StoreError> {
    let directory = path::directory(file);
    File::open(directory).and_then(|d| d.sync_all()).map_err(|e| io(directory, "sync", e))
}
