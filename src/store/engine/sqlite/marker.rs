//! The marker: which store this was, and how far it had come (docs/pitfalls.md#9). It is the first
//! 64 bytes of the lock file, and is written after each commit without a sync, so it is never ahead
//! of the store. A store that is behind its marker went back in time; a marker without a store tells
//! of one that vanished.
//!
//! A lock file that is empty, or that holds zeros where a power cut kept the bytes from the disk, has no marker yet.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::io;
use super::lock;
use super::path::{careful, lock_file};
use super::{LOOK_AGAIN, LOOKS};
use crate::hash::Hash;
use crate::store::engine::Marker;
use crate::store::error::StoreError;

const MAGIC: &[u8; 8] = b"tofumark";
/// Magic, id, generation, commit, seal: well within a sector, so that it is overwritten as a whole.
const LENGTH: usize = 64;
/// What the seal is over.
const SEALED: usize = 48;

/// What the lock file holds.
enum Found {
    /// Nothing was written yet.
    Nothing,
    Marker(Marker),
    /// Something else, or a marker that is being written.
    Unreadable,
}

/// Whether the lock file remembers a store, readable or not. An empty one is left by a creation that was cut short.
pub(super) fn exists(store: &Path) -> bool {
    match open(store, false) {
        Ok(file) => !matches!(look(&file), Ok(Found::Nothing)),
        Err(e) => e.kind() != ErrorKind::NotFound,
    }
}

fn encode(marker: &Marker) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &marker.id, &marker.generation.to_be_bytes(), &marker.commit].concat();
    let sealed = seal(&bytes);
    bytes.extend(sealed);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Marker> {
    let (content, sealed) = bytes.split_at_checked(SEALED)?;
    if seal(content) != *sealed || !content.starts_with(MAGIC) {
        return None;
    }
    let id = content.get(8..24)?.try_into().ok()?;
    let generation = u64::from_be_bytes(content.get(24..32)?.try_into().ok()?);
    let commit = content.get(32..48)?.try_into().ok()?;
    Some(Marker { id, generation, commit })
}

/// Half a hash, which is enough to tell a marker from what a crash or another program left.
fn seal(content: &[u8]) -> [u8; LENGTH - SEALED] {
    Hash::of(content).as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Whether the store is another user's: of the system, and looked after by its owner.
fn store_is_of_another(store: &Path) -> bool {
    let me = rustix::process::geteuid().as_raw();
    store.symlink_metadata().is_ok_and(|found| found.uid() != me)
}

fn open(store: &Path, write: bool) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(write).custom_flags(careful()).open(lock_file(store))
}

fn look(file: &File) -> std::io::Result<Found> {
    let mut bytes = [0; LENGTH];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) if bytes == [0; LENGTH] => Ok(Found::Nothing),
        Ok(()) => Ok(decode(&bytes).map_or(Found::Unreadable, Found::Marker)),
        Err(e) if e.kind() != ErrorKind::UnexpectedEof => Err(e),
        Err(_) if file.metadata()?.len() == 0 => Ok(Found::Nothing),
        Err(_) => Ok(Found::Unreadable),
    }
}

/// Reads the marker; `None` if there is none.
pub(super) fn read(store: &Path) -> Result<Option<Marker>, StoreError> {
    let path = lock_file(store);
    let file = match open(store, false) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == ErrorKind::PermissionDenied && store_is_of_another(store) => return Ok(None),
        Err(e) => return Err(io(&path, "open", e)),
    };
    for _ in 0..LOOKS {
        match look(&file).map_err(|e| io(&path, "read", e))? {
            Found::Nothing => return Ok(None),
            Found::Marker(marker) => return Ok(Some(marker)),
            // A writer may be in the middle of it: no lock is held here.
            Found::Unreadable => std::thread::sleep(LOOK_AGAIN),
        }
    }
    Err(StoreError::Damaged {
        store: path.display().to_string(),
        what: "does not begin with a marker of this library; remove it once you know that the store beside it is the \
               right one and no program uses it"
            .to_owned(),
    })
}

/// Moves the marker forward, never back. Writes it if there is none.
pub(super) fn advance(store: &Path, marker: &Marker) -> Result<(), StoreError> {
    let failed = |e| io(&lock_file(store), "write", e);
    let file = match open(store, true) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return reset(store, marker),
        Err(e) => return Err(failed(e)),
    };
    match look(&file).map_err(failed)? {
        Found::Nothing => reset(store, marker),
        Found::Marker(known) if known.id == marker.id && known.generation < marker.generation => {
            file.write_all_at(&encode(marker), 0).map_err(failed)
        }
        // Another store's, a later one, or one that a person has to look at.
        Found::Marker(_) | Found::Unreadable => Ok(()),
    }
}

/// Writes this marker over whatever is there, durably.
pub(super) fn reset(store: &Path, marker: &Marker) -> Result<(), StoreError> {
    let file = lock::open_or_create(store)?;
    let written = file.write_all_at(&encode(marker), 0).and_then(|()| file.sync_all());
    written.map_err(|e| io(&lock_file(store), "write", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_sealed() {
        let marker = Marker { id: [3; 16], generation: 77, commit: [5; 16] };
        let bytes = encode(&marker);
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(decode(&bytes), Some(marker));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 4;
            assert_eq!(decode(&bad), None);
        }
    }
}
