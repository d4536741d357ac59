//! What an engine has to do: keep ordered keys and values, and change several of them together or
//! not at all. Engines know nothing of endpoints, seals or trust; [`crate::store::Store`] calls them.

pub(super) mod memory;
pub(super) mod options;
pub(super) mod sqlite;

use std::path::Path;

use crate::hash::Hash;
use crate::store::error::StoreError;

/// One change in a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// The key must hold exactly this value (`None`: must be absent), or the whole batch fails.
    Expect(Vec<u8>, Option<Vec<u8>>),
    /// Write.
    Put(Vec<u8>, Vec<u8>),
    /// Remove.
    Delete(Vec<u8>),
}

/// Changes that happen together or not at all.
pub type Batch = Vec<Op>;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// A dumb, ordered, durable map of bytes.
pub trait Engine: Send + Sync {
    /// For messages: the file's path or "backend".
    fn name(&self) -> String;

    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `limit` pairs with keys strictly after `after` that begin with `prefix`, in byte order of
    /// their keys. One call sees one state.
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError>;

    /// Applies a batch, durably, or nothing of it; an unmet [`Op::Expect`] is [`StoreError::Conflict`].
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Whether commits are bound to fail.
    fn read_only(&self) -> bool;

    /// Several reads of one state and, with `write`, no other writer until it ends. `None` from an
    /// engine without such a thing: the store then notices by itself when a read was torn.
    fn begin(&self, write: bool) -> Result<Option<Box<dyn Transaction + '_>>, StoreError> {
        let _ = write;
        Ok(None)
    }

    /// A cheap mark of the state: equal marks mean that nothing was committed in between. `None`
    /// from an engine that has none.
    fn peek(&self) -> Option<Peek> {
        None
    }

    /// The newest state this store is known to have reached, kept apart from it.
    fn marker(&self) -> Result<Option<Marker>, StoreError> {
        Ok(None)
    }

    /// Called after a commit, so that [`Engine::marker`] can tell of it later. Best effort: a marker
    /// that lags behind only notices less.
    fn committed(&self, marker: &Marker) {
        let _ = marker;
    }

    /// Forgets an old marker in favour of this one, which may be older.
    fn reset_marker(&self, marker: &Marker) -> Result<(), StoreError> {
        let _ = marker;
        Ok(())
    }

    /// Looks for damage below the level of keys and values; one line for each thing found.
    fn verify(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// Writes a complete copy, of one state, to a file that must not exist yet.
    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let _ = to;
        Err(StoreError::Invalid { what: format!("{}: this kind of store is backed up by its owner", self.name()) })
    }
}

/// Several reads of one state, maybe ended by a commit. Dropping it changes nothing.
pub trait Transaction {
    /// As [`Engine::get`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// As [`Engine::scan`].
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError>;
    /// The mark ([`Engine::peek`]) of the state read; `None` where there is none.
    fn peek(&self) -> Option<Peek> {
        None
    }
    /// As [`Engine::commit`]; only on a transaction begun with `write`.
    fn commit(self: Box<Self>, batch: &Batch) -> Result<(), StoreError>;
}

/// See [`Engine::peek`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peek {
    /// Device of the file; 0 for none.
    pub device: u64,
    /// Inode of the file; 0 for none.
    pub inode: u64,
    /// When anything about the file changed last, in nanoseconds; 0 for none. A file that was put in the
    /// place of another may have the same counter.
    pub changed: i64,
    /// Stands for the owner, the mode and the number of names of the file; 0 for none.
    pub access: u64,
    /// Moves with every commit.
    pub counter: u64,
}

impl Peek {
    /// The mark of a store with others below it: equal only if all of them are.
    pub(in crate::store) fn over(self, below: &[Peek]) -> Self {
        if below.is_empty() {
            return self;
        }
        let marks = below.iter().chain([&self]);
        let numbers = marks.flat_map(|p| {
            [p.device, p.inode, p.access, p.counter].map(u64::to_be_bytes).into_iter().chain([p.changed.to_be_bytes()])
        });
        let bytes: Vec<u8> = numbers.flatten().collect();
        let hash = Hash::of(&bytes);
        let counter = hash.as_bytes().first_chunk().map_or(self.counter, |first| u64::from_be_bytes(*first));
        Self { counter, ..self }
    }
}

/// Which store, and how far it had come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The store's id.
    pub id: [u8; 16],
    /// The generation that it had reached.
    pub generation: u64,
    /// The id of the commit that led there; zeros if there was none yet.
    pub commit: [u8; 16],
}

/// The smallest key that a scan after `after` with `prefix` may give.
pub(in crate::store) fn lower_bound(after: &[u8], prefix: &[u8]) -> Vec<u8> {
    let mut lower;
    if after >= prefix {
        lower = after.to_vec();
        // No other string stands between a string and the same with a zero byte added.
        lower.push(0);
    } else {
        lower = prefix.to_vec();
    }
    lower
}

/// The smallest key beyond all keys with `prefix`; `None` where there is no such key.
pub(in crate::store) fn upper_bound(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut upper = prefix.to_vec();
    while let Some(last) = upper.pop() {
        if let Some(next) = last.checked_add(1) {
            upper.push(next);
            return Some(upper);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_enclose_exactly_what_a_scan_may_give() {
        assert_eq!(lower_bound(b"", b"t"), b"t");
        assert_eq!(lower_bound(b"t", b"t"), b"t\0");
        assert_eq!(lower_bound(b"tz", b"t"), b"tz\0");
        assert_eq!(upper_bound(b"t"), Some(b"u".to_vec()));
        assert_eq!(upper_bound(b"t\xff"), Some(b"u".to_vec()));
        assert_eq!(upper_bound(b"\xff\xff"), None);
        assert_eq!(upper_bound(b""), None);
    }
}
