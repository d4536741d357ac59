//! The rollback journal that a writer leaves when it is killed. SQLite plays it back into whatever file has the name,
//! and does not notice that the file was replaced in the meantime. So the journal is compared with the file first, and
//! no page of one state gets into a file of another.
//!
//! Seals, links and the marker do not catch that: the pages come from the same store, so each row has a right seal, and
//! the meta row, which every commit rewrites and every journal therefore holds, is the later one, as the marker wants
//! it. The test `a_journal_of_another_state_would_bring_back_trust_in_a_blocked_key_and_no_seal_would_show_it` lets
//! SQLite do it alone: a backup is put back beside such a journal, and a key that was blocked since is trusted again.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::error::io;
use super::header::{Header, PAGE_SIZE};
use super::path::{beside, careful, has_journal, unused_beside};
use super::{LOOK_AGAIN, LOOKS};
use crate::store::error::StoreError;

/// How a journal begins that SQLite plays back.
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// Where the header of a file has its change counter and its length in pages.
const COUNTER_AT: usize = 24;
const LENGTH_AT: usize = 28;

/// What a journal says about the file that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Claim {
    /// Pages of the file before the commit.
    pages: u32,
    /// The file's change counter before the commit; `None` where nothing of the file was written yet.
    counter: Option<u32>,
}

/// Refuses a file that has the journal of another file, or of another state, beside it.
pub(super) fn refuse_foreign(file: &Path, header: &Header) -> Result<(), StoreError> {
    if !has_journal(file) {
        return Ok(());
    }
    // A reader that cannot lock may see the journal of one commit beside the file of a later one, so it looks again.
    for _ in 0..LOOKS {
        if belongs(file, header)? {
            return Ok(());
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    let path = beside(file, "-journal");
    let what = format!(
        "{} holds a change that was cut short in another state of this store, or in another one; put the file that it \
         belongs to back in place, or, if this file is the one that counts, move the journal away: mv {} {}",
        path.display(),
        path.display(),
        unused_beside(file, "-journal-aside")?.display(),
    );
    Err(StoreError::Lost { store: file.display().to_string(), what })
}

/// Whether the journal is that of the file as it is now. Also true if SQLite would not play it back.
fn belongs(file: &Path, header: &Header) -> Result<bool, StoreError> {
    let path = beside(file, "-journal");
    let found = open(&path).and_then(|journal| claim(&journal));
    let claim = match found {
        Ok(Some(claim)) => claim,
        Ok(None) => return Ok(true),
        // Ended by its commit while it was read.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => return Ok(true),
        Err(e) => return Err(io(&path, "read", e)),
    };
    // The file is as it was before the commit, or as the commit leaves it, or between the two.
    Ok(match (claim.counter, header.numbers()) {
        (Some(before), Some((counter, _))) => counter == before || counter == before.wrapping_add(1),
        (None, Some((_, pages))) => pages == claim.pages,
        (_, None) => false,
    })
}

/// Whether there is a journal that SQLite would want to play back; it looks at the first byte.
pub(super) fn is_left(file: &Path) -> bool {
    let mut first = [0];
    has_journal(file)
        && open(&beside(file, "-journal")).and_then(|journal| journal.read_exact_at(&mut first, 0)).is_ok()
        && first != [0]
}

fn open(path: &Path) -> std::io::Result<File> {
    let flags = careful();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Renames a journal whose file is gone, so that a new store can be made. Nothing is deleted.
pub(super) fn set_aside(file: &Path) -> Result<(), StoreError> {
    if !has_journal(file) {
        return Ok(());
    }
    let aside = unused_beside(file, "-journal-aside")?;
    std::fs::rename(beside(file, "-journal"), &aside).map_err(|e| io(&aside, "rename", e))
}

/// `None` for a journal that SQLite does not play back.
fn claim(journal: &File) -> std::io::Result<Option<Claim>> {
    let mut start = [0; 28];
    let length = journal.metadata()?.len();
    if length < 28 || journal.read_exact_at(&mut start, 0).is_err() || !start.starts_with(&MAGIC) {
        return Ok(None);
    }
    let field = |at: usize| start.get(at..).and_then(|b| b.first_chunk()).map(|b| u32::from_be_bytes(*b)).unwrap_or(0);
    let (records, pages, sector) = (field(8), field(16), u64::from(field(20)));
    let record = u64::from(PAGE_SIZE).saturating_add(8);
    // Every commit writes the first page, so the journal has it as it was before.
    let fit = length.saturating_sub(sector).checked_div(record).unwrap_or(0);
    let count = if records == u32::MAX { fit } else { fit.min(u64::from(records)) };
    for index in 0..count {
        let at = sector.saturating_add(index.saturating_mul(record));
        let mut bytes = [0; 4 + LENGTH_AT];
        journal.read_exact_at(&mut bytes, at)?;
        let (number, page) = bytes.split_at(4);
        if number == 1u32.to_be_bytes() {
            let counter = page.get(COUNTER_AT..).and_then(|b| b.first_chunk()).map(|b| u32::from_be_bytes(*b));
            return Ok(Some(Claim { pages, counter }));
        }
    }
    Ok(Some(Claim { pages, counter: None }))
}
