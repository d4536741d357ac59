//! The lock file beside the store. It holds the marker (`marker.rs`) and two bytes that programs lock: one for the
//! store, and one for the gate in front of it.
//!
//! SQLite's own locks belong to the process, and a second copy of SQLite in the same process drops them when it closes
//! its file. The locks here are locks of open file descriptions (`F_OFD_SETLK` of fcntl(2)), which nobody else can drop.
//! Readers share the store's lock for one transaction, and a writer holds it alone. SQLite's locks are taken inside.
//!
//! Whoever waits for the store's lock holds the gate meanwhile, a writer alone. Readers that come later therefore wait
//! behind the writer, instead of overtaking it one after the other. A writer gives the gate back after a fifth of a
//! second, so that a long read keeps writers waiting, but not the other readers.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

use super::error::io;
use super::path::{careful, lock_file};
use crate::store::error::StoreError;

const FIRST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);
/// How long a writer keeps the gate closed, and how long it then leaves it open.
const TURN: Duration = Duration::from_millis(200);
const BETWEEN_TURNS: Duration = Duration::from_millis(50);

/// A byte of the lock file that is locked. What the byte holds does not matter; the marker ends before them.
#[derive(Debug, Clone, Copy)]
enum Byte {
    Store = 64,
    Gate = 65,
}

/// A descriptor of the lock file, unlocked.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// With other readers.
    Shared,
    /// Alone.
    Exclusive,
}

/// Opens the lock file for reading and writing. Creates it, empty, if it is missing.
pub(super) fn open_or_create(store: &Path) -> Result<File, StoreError> {
    let path = lock_file(store);
    match OpenOptions::new().read(true).write(true).custom_flags(careful()).open(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => create(&path),
        opened => opened.map_err(|e| io(&path, "open", e)),
    }
}

fn create(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    // Another program may create it at the same time and write the marker into it.
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(careful());
    let file = options.open(path).map_err(|e| io(path, "create", e))?;
    // The umask may have taken the owner's own rights away.
    file.set_permissions(Permissions::from_mode(0o600)).map_err(|e| io(path, "chmod", e))?;
    Ok(file)
}

impl Lock {
    /// Opens the lock file of a store, and creates it if `create` is set. `None` if there is none, or if it belongs to
    /// another user: then SQLite's own locks have to do.
    pub(super) fn open(store: &Path, create: bool) -> Result<Option<Self>, StoreError> {
        let path = lock_file(store);
        let file = if create {
            // Opened for writing, because only such a descriptor can be locked exclusively.
            open_or_create(store)?
        } else {
            match OpenOptions::new().read(true).custom_flags(careful()).open(&path) {
                Ok(file) => file,
                Err(_) => return Ok(None),
            }
        };
        let found = file.metadata().map_err(|e| io(&path, "stat", e))?;
        let mine = found.uid() == rustix::process::geteuid().as_raw();
        if !found.is_file() || (!mine && create) {
            let what = "is not a file of yours; remove it".to_owned();
            return Err(StoreError::Unsafe { store: path.display().to_string(), what });
        }
        Ok(mine.then_some(Self { file, path }))
    }

    /// Waits for the lock for at most `patience`.
    pub(super) fn lock(&self, store: &Path, mode: Mode, patience: Duration) -> Result<(), StoreError> {
        let until = Instant::now().checked_add(patience);
        loop {
            let locked = self.acquire(Byte::Gate, mode, until)? && {
                let locked = self.acquire(Byte::Store, mode, Self::turn(mode, until));
                self.release(Byte::Gate);
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

    /// Until when the gate is held. A writer that waits for a long reader, such as a backup, lets other readers pass
    /// from time to time.
    fn turn(mode: Mode, until: Option<Instant>) -> Option<Instant> {
        match mode {
            Mode::Shared => until,
            Mode::Exclusive => Instant::now().checked_add(TURN).into_iter().chain(until).min(),
        }
    }

    /// Gives the lock up.
    pub(super) fn unlock(&self) {
        self.release(Byte::Store);
    }

    /// Locks one byte. Returns whether that succeeded in time.
    fn acquire(&self, byte: Byte, mode: Mode, until: Option<Instant>) -> Result<bool, StoreError> {
        let kind = match mode {
            Mode::Shared => libc::F_RDLCK,
            Mode::Exclusive => libc::F_WRLCK,
        };
        let mut pause = FIRST_PAUSE;
        loop {
            match self.set(byte, kind) {
                Ok(()) => return Ok(true),
                Err(Errno::EAGAIN | Errno::EINTR) if until.is_none_or(|until| Instant::now() < until) => {
                    std::thread::sleep(pause);
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(false),
                // A system or a file system without such locks; SQLite's own have to do.
                Err(Errno::ENOLCK | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL) => return Ok(true),
                Err(e) => return Err(io(&self.path, "lock", e.desc())),
            }
        }
    }

    fn release(&self, byte: Byte) {
        // Unlocking one's own descriptor cannot fail.
        let _ = self.set(byte, libc::F_UNLCK);
    }

    fn set(&self, byte: Byte, kind: libc::c_int) -> Result<(), Errno> {
        let range = libc::flock {
            l_type: kind as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: byte as libc::off_t,
            l_len: 1,
            // Must be 0 for locks of this kind.
            l_pid: 0,
        };
        fcntl(&self.file, FcntlArg::F_OFD_SETLK(&range)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn locks_of_two_descriptors_in_one_process_exclude_each_other_and_survive_a_third_one() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("pins.db");
        let open = || Lock::open(&store, true).unwrap().unwrap();
        let (one, other) = (open(), open());
        one.lock(&store, Mode::Shared, NOW).unwrap();
        other.lock(&store, Mode::Shared, NOW).unwrap();
        other.unlock();
        assert!(matches!(other.lock(&store, Mode::Exclusive, NOW), Err(StoreError::Busy { .. })));
        one.unlock();
        other.lock(&store, Mode::Exclusive, NOW).unwrap();
        // Locks of the process, as SQLite takes them, would be gone now.
        drop(open());
        assert!(matches!(one.lock(&store, Mode::Shared, NOW), Err(StoreError::Busy { .. })));
        drop(other);
        one.lock(&store, Mode::Shared, NOW).unwrap();
    }

    #[test]
    fn the_gate_is_not_the_lock_of_the_store() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("pins.db");
        let (waits, reads) = (Lock::open(&store, true).unwrap().unwrap(), Lock::open(&store, true).unwrap().unwrap());
        assert!(waits.acquire(Byte::Gate, Mode::Exclusive, None).unwrap());
        assert!(reads.acquire(Byte::Store, Mode::Shared, None).unwrap());
        assert!(matches!(reads.lock(&store, Mode::Shared, NOW), Err(StoreError::Busy { .. })));
    }
}
