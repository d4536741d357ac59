//! The marker beside the store: which store it was, and how far it had come (pitfall 9). Written
//! after each commit without a sync, so it never is ahead of the store; a store that is behind its
//! marker went back in time, and a marker without a store tells of one that vanished.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::io;
use super::path::{beside, careful};
use crate::hash::Hash;
use crate::store::engine::Marker;
use crate::store::error::StoreError;

const MAGIC: &[u8; 8] = b"tofumark";
/// Magic, id, generation, seal: well within a sector, so that it is overwritten as a whole.
const LENGTH: usize = 64;

/// Where the marker of a store is.
pub(super) fn path_of(store: &Path) -> PathBuf {
    beside(store, "-mark")
}

/// Whether there is a marker.
pub(super) fn exists(store: &Path) -> bool {
    path_of(store).symlink_metadata().is_ok()
}

fn encode(marker: &Marker) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &marker.id, &marker.generation.to_be_bytes()].concat();
    let seal = Hash::of(&bytes);
    bytes.extend_from_slice(seal.as_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Marker> {
    let (content, seal) = bytes.split_at_checked(32)?;
    if seal != Hash::of(content).as_bytes() || !content.starts_with(MAGIC) {
        return None;
    }
    let id = content.get(8..24)?.try_into().ok()?;
    let generation = u64::from_be_bytes(content.get(24..32)?.try_into().ok()?);
    Some(Marker { id, generation })
}

/// Whether the store is another user's: of the system, and looked after by its owner.
fn store_is_of_another(store: &Path) -> bool {
    let me = rustix::process::geteuid().as_raw();
    store.symlink_metadata().is_ok_and(|found| found.uid() != me)
}

fn open(store: &Path, write: bool) -> std::io::Result<File> {
    let flags = careful();
    OpenOptions::new().read(true).write(write).custom_flags(flags).open(path_of(store))
}

/// Reads the marker; `None` where there is none.
pub(super) fn read(store: &Path) -> Result<Option<Marker>, StoreError> {
    let file = match open(store, false) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == ErrorKind::PermissionDenied && store_is_of_another(store) => return Ok(None),
        Err(e) => return Err(io(&path_of(store), "open", e)),
    };
    let mut bytes = [0; LENGTH];
    let read = file.read_exact_at(&mut bytes, 0).ok().and_then(|()| decode(&bytes));
    read.map(Some).ok_or_else(|| StoreError::Damaged {
        store: path_of(store).display().to_string(),
        what: "not a marker of this library; remove it once you know that the store beside it is the right one"
            .to_owned(),
    })
}

/// Moves the marker forward, never back. Creates it where there is none.
pub(super) fn advance(store: &Path, marker: &Marker) -> Result<(), StoreError> {
    match open(store, true) {
        Ok(file) => {
            let mut bytes = [0; LENGTH];
            let known = file.read_exact_at(&mut bytes, 0).ok().and_then(|()| decode(&bytes));
            if known.is_some_and(|k| k.id == marker.id && k.generation < marker.generation) {
                file.write_all_at(&encode(marker), 0).map_err(|e| io(&path_of(store), "write", e))?;
            }
            Ok(())
        }
        Err(e) if e.kind() == ErrorKind::NotFound => reset(store, marker),
        Err(e) => Err(io(&path_of(store), "open", e)),
    }
}

/// Puts this marker in place of whatever is there.
pub(super) fn reset(store: &Path, marker: &Marker) -> Result<(), StoreError> {
    let path = path_of(store);
    let temporary = beside(store, &format!("-mark.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        match std::fs::remove_file(&temporary) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(&encode(marker))?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)
    };
    write().map_err(|e| io(&path, "write", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_sealed() {
        let marker = Marker { id: [3; 16], generation: 77 };
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
