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

use super::error::io;
use super::filesystem::{self, Suitability};
use super::path::{Identity, Seen, careful, identity, seen};
use crate::store::engine::Peek;
use crate::store::error::StoreError;

/// "TOFU", in the place where SQLite keeps whose file it is.
pub(super) const APPLICATION_ID: u32 = 0x544F_4655;
/// The version of the table's layout; what the rows hold has its own, in the meta row.
pub(super) const USER_VERSION: u32 = 2;
/// Bytes in a page.
pub(super) const PAGE_SIZE: u16 = 4096;

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header says how the file is written; the numbers that move follow.
const STATE_AT: u64 = 18;
/// How to get a file out of the mode in which commits go elsewhere.
const OUT_OF_WAL: &str = "another program switched it to write-ahead logging; close that program and run";

static OPEN: Mutex<Option<HashMap<Identity, Weak<Header>>>> = Mutex::new(None);

/// What the header says of the state that the file is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// Written with a rollback journal, and not in a mode in which commits go elsewhere.
    pub(super) rolls_back: bool,
    /// SQLite's change counter, which every commit moves.
    pub(super) counter: u32,
    /// Moves with every change of the tables.
    schema: u32,
}

impl State {
    /// Whether the tables are the same, and commits alone have led from one to the other: what a connection
    /// remembers of the earlier one is then noticed to be old.
    pub(super) fn led_to(self, later: Self) -> bool {
        later.rolls_back && self.schema == later.schema && self.counter != later.counter
    }
}

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
        let flags = careful();
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

    /// The numbers in the file that move when it is changed.
    pub(super) fn state(&self) -> Option<State> {
        let mut bytes = [0; 26];
        self.file.read_exact_at(&mut bytes, STATE_AT).ok()?;
        let field = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        Some(State { rolls_back: bytes.starts_with(&[1, 1]), counter: field(6)?, schema: field(22)? })
    }

    /// Gives all of the file, part by part.
    pub(super) fn each_part(&self, part: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
        let (mut at, mut buffer) = (0u64, vec![0; 64 * 1024]);
        loop {
            match self.file.read_at(&mut buffer, at)? {
                0 => return Ok(()),
                read => {
                    part(buffer.get(..read).unwrap_or_default())?;
                    at = at.saturating_add(u64::try_from(read).unwrap_or(0));
                }
            }
        }
    }

    /// The change counter, and the length in pages.
    pub(super) fn numbers(&self) -> Option<(u32, u32)> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, 24).ok()?;
        let [counter, pages] = [bytes.first_chunk()?, bytes.last_chunk()?].map(|b| u32::from_be_bytes(*b));
        Some((counter, pages))
    }

    /// The mark of the state that the file is in, if `path` still names it. `None` on a file system of the network,
    /// whose caches may show an old one, and where commits do not move the counter.
    pub(super) fn peek(&self, path: &Path) -> Option<Peek> {
        // Before the counter: a commit in between is one that the counter shows.
        let Seen { identity, changed, access } = seen(path).ok()??;
        if self.shared || identity != self.identity {
            return None;
        }
        let state = self.state().filter(|state| state.rolls_back)?;
        let (device, inode) = identity;
        Some(Peek { device, inode, changed, access: access.number(), counter: u64::from(state.counter) })
    }

    /// The first bytes of a file of this library. Refuses any other, so that nothing is made beside it.
    pub(super) fn of_ours(&self, path: &Path) -> Result<[u8; 100], StoreError> {
        let damaged = |what: String| StoreError::Damaged { store: path.display().to_string(), what };
        let length = self.file.metadata().map_err(|e| io(path, "stat", e))?.len();
        let mut bytes = [0; 100];
        if self.file.read_exact_at(&mut bytes, 0).is_err() {
            return Err(damaged(format!("cut to {length} bytes; restore it from a backup")));
        }
        if !bytes.starts_with(MAGIC) {
            return Err(damaged("not a SQLite file".to_owned()));
        }
        if bytes.get(68..72) != Some(&APPLICATION_ID.to_be_bytes()) {
            return Err(damaged("a SQLite file, but not a store of this library".to_owned()));
        }
        Ok(bytes)
    }

    /// The version of the layout. Refuses what is no store, or one of a newer layout, before SQLite touches it. SQLite
    /// would take an empty file for a new database. Without `length_too` the file may be shorter than its
    /// header says, as a commit that was killed leaves it until its journal is played back.
    pub(super) fn check(&self, path: &Path, length_too: bool) -> Result<u32, StoreError> {
        filesystem::refuse_unfit(path, &self.file)?;
        let bytes = self.of_ours(path)?;
        let store = || path.display().to_string();
        let damaged = |what: String| StoreError::Damaged { store: store(), what };
        let field =
            |at: usize| bytes.get(at..at.saturating_add(4)).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
        let version = match field(60) {
            Some(known @ 1..=USER_VERSION) => known,
            Some(found) if found > USER_VERSION => {
                return Err(StoreError::Future { store: store(), found, known: USER_VERSION });
            }
            _ => return Err(damaged("its header holds no version".to_owned())),
        };
        if bytes.get(18..20) == Some(&[2, 2]) {
            let what = format!("{OUT_OF_WAL}: sqlite3 {} 'PRAGMA journal_mode=TRUNCATE'", path.display());
            return Err(damaged(what));
        }
        // Page size, rollback journal, no reserved bytes, fixed fractions; UTF-8.
        let fixed = [&PAGE_SIZE.to_be_bytes()[..], &[1, 1, 0, 64, 32, 32]].concat();
        if bytes.get(16..24) != Some(&fixed) || field(56) != Some(1) {
            return Err(damaged("its header is not one that this library writes".to_owned()));
        }
        if !length_too {
            return Ok(version);
        }
        let length = self.file.metadata().map_err(|e| io(path, "stat", e))?.len();
        let pages = field(28).map_or(u64::MAX, u64::from);
        if length.checked_rem(u64::from(PAGE_SIZE)) != Some(0) || pages.saturating_mul(u64::from(PAGE_SIZE)) > length {
            return Err(damaged(format!("cut to {length} bytes; restore it from a backup")));
        }
        Ok(version)
    }
}
