//! The lock files beside the store. SQLite's own locks belong to the process, and a second copy of
//! SQLite in the same process drops them by closing its file; `flock` belongs to the descriptor.
//! Readers share the lock for one transaction, a writer has it alone. SQLite's locks are taken inside.
//!
//! The gate is held while somebody waits for the lock, by a writer alone: readers that come later
//! wait behind the writer, and not one after the other in front of it. For a fifth of a second at a time: what
//! reads for long keeps writers waiting, and not everybody.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::io;
use super::path::{beside, careful};
use crate::store::error::StoreError;

const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);
/// How long a writer keeps the gate closed, and how long it then leaves it open.
const TURN: Duration = Duration::from_millis(200);
const BETWEEN_TURNS: Duration = Duration::from_millis(50);

/// Descriptors of the lock files, unlocked.
#[derive(Debug)]
pub(super) struct Lock {
    lock: Flock,
    gate: Flock,
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// With other readers.
    Shared,
    /// Alone.
    Exclusive,
}

/// One file that is locked as a whole.
#[derive(Debug)]
struct Flock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Opens the lock files of a store, creating them where `create` is set. `None` where there are none,
    /// or where they are not ours: then SQLite's own locks have to do.
    pub(super) fn open(store: &Path, create: bool) -> Result<Option<Self>, StoreError> {
        let lock = Flock::open(beside(store, "-lock"), create)?;
        let gate = Flock::open(beside(store, "-gate"), create)?;
        Ok(lock.zip(gate).map(|(lock, gate)| Self { lock, gate }))
    }

    /// Waits for the lock for at most `patience`.
    pub(super) fn lock(&self, store: &Path, mode: Mode, patience: Duration) -> Result<(), StoreError> {
        let until = Instant::now().checked_add(patience);
        loop {
            let locked = self.gate.lock(mode, until)? && {
                let locked = self.lock.lock(mode, Self::turn(mode, until));
                self.gate.unlock();
                locked?
            };
            if locked {
                return Ok(());
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                let waited_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
                return Err(StoreError::Busy { store: store.display().to_string(), waited_ms });
            }
            std::thread::sleep(BETWEEN_TURNS);
        }
    }

    /// Until when the gate is held: a writer that waits for a long reader, as a backup is one, lets others in from
    /// time to time.
    fn turn(mode: Mode, until: Option<Instant>) -> Option<Instant> {
        match mode {
            Mode::Shared => until,
            Mode::Exclusive => Instant::now().checked_add(TURN).into_iter().chain(until).min(),
        }
    }

    /// Gives the lock up.
    pub(super) fn unlock(&self) {
        self.lock.unlock();
    }
}

impl Flock {
    fn open(path: PathBuf, create: bool) -> Result<Option<Self>, StoreError> {
        let flags = careful();
        // For writing too: file systems of the network lock alone only what may be written.
        let opened = OpenOptions::new().read(true).write(create).custom_flags(flags).open(&path);
        let file = match opened {
            Err(e) if create && e.kind() == std::io::ErrorKind::NotFound => Self::create(&path, flags)?,
            Err(_) if !create => return Ok(None),
            opened => opened.map_err(|e| io(&path, "open", e))?,
        };
        let found = file.metadata().map_err(|e| io(&path, "stat", e))?;
        let me = rustix::process::geteuid().as_raw();
        if !found.is_file() || (found.uid() != me && create) {
            let what = "is not a file of yours; remove it".to_owned();
            return Err(StoreError::Unsafe { store: path.display().to_string(), what });
        }
        Ok((found.uid() == me).then_some(Self { file, path }))
    }

    fn create(path: &Path, flags: i32) -> Result<File, StoreError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600).custom_flags(flags);
        let file = options.open(path).map_err(|e| io(path, "create", e))?;
        // The umask may have taken the owner's own rights away.
        file.set_permissions(Permissions::from_mode(0o600)).map_err(|e| io(path, "chmod", e))?;
        Ok(file)
    }

    /// Whether it could be locked in time.
    fn lock(&self, mode: Mode, until: Option<Instant>) -> Result<bool, StoreError> {
        let operation = match mode {
            Mode::Shared => FlockOperation::NonBlockingLockShared,
            Mode::Exclusive => FlockOperation::NonBlockingLockExclusive,
        };
        let mut pause = FIRST_PAUSE;
        loop {
            match flock(&self.file, operation) {
                Ok(()) => return Ok(true),
                Err(Errno::WOULDBLOCK | Errno::INTR) if until.is_none_or(|until| Instant::now() < until) => {
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(false),
                // A file system without such locks; SQLite's own have to do.
                Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(true),
                Err(e) => return Err(io(&self.path, "lock", e)),
            }
        }
    }

    fn unlock(&self) {
        // Unlocking one's own descriptor cannot fail.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}
