//! Reads a listing of the store page by page. No lock is held between two pages.

use tofu::store::{Cursor, Page, Store, StoreError, Tx};

use crate::process::exit::Failure;

/// How many items one page holds.
pub const PAGE: usize = 1000;

/// Calls `each` for every item of a listing.
pub fn each<T>(
    store: &Store,
    mut page: impl FnMut(&Tx<'_>, &Cursor) -> Result<Page<T>, StoreError>,
    mut each: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut cursor = Some(Cursor::default());
    while let Some(from) = cursor {
        let found = store.read(|tx| page(tx, &from))?;
        found.items.into_iter().try_for_each(&mut each)?;
        cursor = found.next;
    }
    Ok(())
}
