//! SQLite's results as errors of the store.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::store::error::StoreError;
use crate::text::excerpt;

/// Translates an error of SQLite about `file`.
pub(super) fn from_sqlite(file: &Path, busy: Duration, error: rusqlite::Error) -> StoreError {
    let store = file.display().to_string();
    let code = error.sqlite_error_code();
    // SQLite quotes names from the file, which somebody else may have written.
    let what = excerpt(&error.to_string(), 300);
    if error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK) {
        let what = format!(
            "a change to it was cut short, which only somebody who may write to it can put right; as its owner, run: \
             tofuctl --store {store} list"
        );
        return StoreError::Io { store, what };
    }
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy { store, waited_ms: u64::try_from(busy.as_millis()).unwrap_or(u64::MAX) }
        }
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { store },
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::OperationInterrupted
            | ErrorCode::AuthorizationForStatementDenied,
        ) => StoreError::Io { store, what },
        // What remains is a file that is not what was written: no such table, wrong types, corrupt pages.
        _ => StoreError::Damaged { store, what },
    }
}

/// An error of the operating system about `file`.
pub(super) fn io(file: &Path, doing: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Io { store: file.display().to_string(), what: format!("{doing}: {error}") }
}
