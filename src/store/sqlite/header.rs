//! The first bytes of the file: whether it is a store at all, and the change counter that tells
//! cheaply whether anything was committed.
//!
//! A descriptor used for that must never be closed while a SQLite connection to the same file
//! lives in this process, since `close` drops the process's POSIX locks: hence one descriptor per
//! file, shared, and closed after the last connection.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::fs::OFlags;

use super::error::io;
use super::filesystem::{self, Suitability};
use super::path::{Identity, identity};
use crate::store::engine::Peek;
use crate::store::error::StoreError;

/// "TOFU", in the place where SQLite keeps whose file it is.
pub(super) const APPLICATION_ID: u32 = 0x544F_4655;
/// The version of the table's layout; what the rows hold has its own, in the meta row.
pub(super) const USER_VERSION: u32 = 1;
/// Bytes in a page.
pub(super) const PAGE_SIZE: u16 = 4096;

const MAGIC: &[u8] = b"SQLite format 3\0";
const COUNTER_AT: u64 = 24;

static OPEN: Mutex<Option<HashMap<Identity, Weak<Header>>>> = Mutex::new(None);

/// The open file.
#[derive(Debug)]
pub(super) struct Header {
    file: File,
    identity: Identity,
    /// What is read without a lock may be out of date: no mark is given.
    shared: bool,
}

impl Header {
    /// The header of the file at `path`, which was found safe before.
    pub(super) fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let mut guard = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = guard.get_or_insert_with(HashMap::new);
        if let Some(header) = identity(path)?.and_then(|i| open.get(&i)).and_then(Weak::upgrade) {
            return Ok(header);
        }
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or(0);
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| io(path, "open", e))?;
        let found = file.metadata().map_err(|e| io(path, "stat", e))?;
        let identity = (found.dev(), found.ino());
        // Replaced since it was looked at; the descriptor of the one now there may be open already.
        let header = match open.get(&identity).and_then(Weak::upgrade) {
            Some(header) => header,
            None => {
                let shared = filesystem::of(&file) != Suitability::Local;
                Arc::new(Self { file, identity, shared })
            }
        };
        open.retain(|_, known| known.strong_count() > 0);
        open.insert(identity, Arc::downgrade(&header));
        Ok(header)
    }

    /// Device and inode.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// The file and SQLite's change counter, which every commit moves. `None` on a file system of the
    /// network, whose caches may show an old one.
    pub(super) fn peek(&self) -> Option<Peek> {
        if self.shared {
            return None;
        }
        let mut counter = [0; 4];
        self.file.read_exact_at(&mut counter, COUNTER_AT).ok()?;
        let (device, inode) = self.identity;
        Some(Peek { device, inode, counter: u64::from(u32::from_be_bytes(counter)) })
    }

    /// Refuses what is no store, or one of a newer layout, before SQLite touches it. SQLite would
    /// take an empty file for a new database. Without `length_too` the file may be shorter than its
    /// header says, as a commit that was killed leaves it until its journal is played back.
    pub(super) fn check(&self, path: &Path, length_too: bool) -> Result<(), StoreError> {
        let store = || path.display().to_string();
        filesystem::refuse_unfit(path, &self.file)?;
        let damaged = |what: String| StoreError::Damaged { store: store(), what };
        let length = self.file.metadata().map_err(|e| io(path, "stat", e))?.len();
        let mut bytes = [0; 100];
        if self.file.read_exact_at(&mut bytes, 0).is_err() {
            return Err(damaged(format!("cut to {length} bytes; restore it from a backup")));
        }
        let field =
            |at: usize| bytes.get(at..at.saturating_add(4)).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
        if !bytes.starts_with(MAGIC) {
            return Err(damaged("not a SQLite file".to_owned()));
        }
        if field(68) != Some(APPLICATION_ID) {
            return Err(damaged("a SQLite file, but not a store of this library".to_owned()));
        }
        match field(60) {
            Some(USER_VERSION) => {}
            Some(found) if found > USER_VERSION => {
                return Err(StoreError::Future { store: store(), found, known: USER_VERSION });
            }
            _ => return Err(damaged("its header holds no version".to_owned())),
        }
        // Page size, rollback journal (not WAL), no reserved bytes, fixed fractions; UTF-8.
        let fixed = [&PAGE_SIZE.to_be_bytes()[..], &[1, 1, 0, 64, 32, 32]].concat();
        if bytes.get(16..24) != Some(&fixed) || field(56) != Some(1) {
            return Err(damaged("its header is not one that this library writes".to_owned()));
        }
        if !length_too {
            return Ok(());
        }
        let pages = field(28).map_or(u64::MAX, u64::from);
        if length.checked_rem(u64::from(PAGE_SIZE)) != Some(0) || pages.saturating_mul(u64::from(PAGE_SIZE)) > length {
            return Err(damaged(format!("cut to {length} bytes; restore it from a backup")));
        }
        Ok(())
    }
}
