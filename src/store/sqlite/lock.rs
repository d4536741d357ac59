//! The lock file beside the store. SQLite's own locks belong to the process, and a second copy of
//! SQLite in the same process drops them by closing its file; `flock` belongs to the descriptor.
//! Readers share it for one transaction, a writer has it alone. SQLite's locks are taken inside.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::error::io;
use super::path::beside;
use crate::store::StoreError;

const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// A descriptor of the lock file, unlocked.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// With other readers.
    Shared,
    /// Alone.
    Exclusive,
}

impl Lock {
    /// Opens the lock file of a store, creating it where `create` is set. `None` where there is none,
    /// or where it is not ours: then SQLite's own locks have to do.
    pub(super) fn open(store: &Path, create: bool) -> Result<Option<Self>, StoreError> {
        let path = beside(store, "-lock");
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or(0);
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags);
        if create {
            options.write(true).create(true).mode(0o600);
        }
        match options.open(&path) {
            Ok(file) => {
                let found = file.metadata().map_err(|e| io(&path, "stat", e))?;
                let me = rustix::process::geteuid().as_raw();
                if !found.is_file() || (found.uid() != me && create) {
                    let what = "is not a file of yours; remove it".to_owned();
                    return Err(StoreError::Unsafe { store: path.display().to_string(), what });
                }
                Ok((found.uid() == me).then_some(Self { file }))
            }
            Err(_) if !create => Ok(None),
            Err(e) => Err(io(&path, "open", e)),
        }
    }

    /// Waits for the lock for at most `patience`.
    pub(super) fn lock(&self, store: &Path, mode: Mode, patience: Duration) -> Result<(), StoreError> {
        let operation = match mode {
            Mode::Shared => FlockOperation::NonBlockingLockShared,
            Mode::Exclusive => FlockOperation::NonBlockingLockExclusive,
        };
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match flock(&self.file, operation) {
                Ok(()) => return Ok(()),
                Err(Errno::WOULDBLOCK | Errno::INTR) if began.elapsed() < patience => {
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {
                    let waited_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
                    return Err(StoreError::Busy { store: store.display().to_string(), waited_ms });
                }
                // A file system without such locks; SQLite's own have to do.
                Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
                Err(e) => return Err(io(&beside(store, "-lock"), "lock", e)),
            }
        }
    }

    /// Gives the lock up.
    pub(super) fn unlock(&self) {
        // Unlocking one's own descriptor cannot fail.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}
