//! Bringing a file of an older layout up to date: a complete copy beside it first, then all in one transaction.
//! Where that cannot be done (a full disk, a busy file) the store is used as it is and it is tried again at the
//! next opening: this version reads and writes both layouts.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::connection::Pooled;
use super::create::{TABLE, sync_directory};
use super::error::{from_sqlite, io};
use super::header::{Header, USER_VERSION};
use super::path::{beside, unused_beside};
use crate::store::error::StoreError;

/// Migrates the file of this connection, which is not to be used after that.
pub(super) fn migrate(file: &Path, pooled: &Pooled, busy: Duration) -> Result<(), StoreError> {
    match pooled.alone(file, busy, |connection, header| migrate_alone(file, connection, header, busy)) {
        Err(StoreError::Io { .. } | StoreError::Busy { .. } | StoreError::ReadOnly { .. }) => Ok(()),
        done => done,
    }
}

fn migrate_alone(file: &Path, connection: &Connection, header: &Header, busy: Duration) -> Result<(), StoreError> {
    let sqlite = |e| from_sqlite(file, busy, e);
    // The transaction holds the whole store; pages beyond the cache go to the file, whose journal has the old ones.
    connection.execute_batch("PRAGMA cache_spill = ON; BEGIN IMMEDIATE").map_err(sqlite)?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(sqlite)?;
    if version == USER_VERSION {
        // Another program was faster. Closing the connection ends the transaction, as it does after an error.
        return Ok(());
    }
    if !has_room(file) {
        return Ok(());
    }
    let copy = unused_beside(file, &format!("-format-{version}"))?;
    let moved = copy_to(file, &copy, header).and_then(|()| move_rows(connection).map_err(sqlite));
    if moved.is_err() {
        // The error to tell is the first one; without the migration the copy is of no use.
        let _ = std::fs::remove_file(&copy);
    }
    moved
}

/// From version 1 to 2.
fn move_rows(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "ALTER TABLE record RENAME TO record_1; {TABLE};
         INSERT INTO record (key, value) SELECT key, value FROM record_1 ORDER BY key;
         DROP TABLE record_1; PRAGMA user_version = {USER_VERSION}; COMMIT;"
    ))
}

/// The file as it is, which nobody changes while the transaction lasts. Read through the descriptor that is open
/// anyway: to close another one would drop SQLite's locks.
/// Complete before it gets its name.
fn copy_to(file: &Path, copy: &Path, header: &Header) -> Result<(), StoreError> {
    let part = beside(file, "-format-part");
    let write = || -> std::io::Result<()> {
        match std::fs::remove_file(&part) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        header.each_part(&mut |bytes| to.write_all(bytes))?;
        to.sync_all()?;
        std::fs::rename(&part, copy)
    };
    let written = write().map_err(|e| io(copy, "write", e));
    if written.is_err() {
        // The error to tell is the first one.
        let _ = std::fs::remove_file(&part);
    }
    written?;
    sync_directory(copy)
}

/// Whether the disk has room for the copy, the new rows and the journal, as far as it says. Asked first, so that a
/// disk that stays full is not written to at every opening.
fn has_room(file: &Path) -> bool {
    let (Ok(found), Ok(disk)) = (std::fs::metadata(file), rustix::fs::statvfs(file)) else { return true };
    disk.f_bavail.saturating_mul(disk.f_frsize) / 3 > found.len()
}
