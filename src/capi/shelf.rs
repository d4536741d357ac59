//! What an object has lent to C: strings and bytes made when first asked for, at addresses that
//! stay until the object is freed. Usable from many threads.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::sync::{Arc, Mutex, PoisonError};

/// What is lent: which accessor, a field or section, an index, and a name where the accessor takes one.
pub(super) type Key<'a> = (&'static str, i32, usize, &'a str);

type Stored = BTreeMap<(&'static str, i32, usize), BTreeMap<String, Arc<[u8]>>>;

/// Lent strings and bytes by key. Nothing is ever removed before the shelf is dropped, which is what
/// makes the pointers handed out valid.
#[derive(Default)]
pub(super) struct Shelf(Mutex<Stored>);

impl Shelf {
    /// The string under `key`, made by `make` the first time; `None` when there is none, which is not
    /// remembered. A NUL inside, which C would take for the end, is shown as `\0`.
    pub(super) fn text(&self, key: Key<'_>, make: impl FnOnce() -> Option<String>) -> Option<*const c_char> {
        let terminated = || {
            let mut text = make()?;
            if text.contains('\0') {
                text = text.replace('\0', "\\0");
            }
            text.push('\0');
            Some(text.into_bytes())
        };
        Some(self.entry(key, terminated)?.as_ptr().cast())
    }

    fn entry(&self, (what, field, index, name): Key<'_>, make: impl FnOnce() -> Option<Vec<u8>>) -> Option<Arc<[u8]>> {
        let place = (what, field, index);
        if let Some(found) = self.lock().get(&place).and_then(|names| names.get(name)) {
            return Some(Arc::clone(found));
        }
        // Made without the lock. If two threads make the same thing, the first one stays.
        let made: Arc<[u8]> = make()?.into();
        let mut stored = self.lock();
        Some(Arc::clone(stored.entry(place).or_default().entry(name.to_owned()).or_insert(made)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lent_stays_where_it_is() {
        let shelf = Shelf::default();
        let first = shelf.text(("t", 1, 0, ""), || Some("a\0b".to_owned())).unwrap();
        for index in 1..1000 {
            shelf.text(("t", 1, index, ""), || Some(index.to_string()));
        }
        assert_eq!(shelf.text(("t", 1, 0, ""), || unreachable!()), Some(first));
        // SAFETY: the shelf still holds the string.
        assert_eq!(unsafe { std::ffi::CStr::from_ptr(first) }.to_str(), Ok("a\\0b"));
        assert_eq!(shelf.text(("t", 2, 0, ""), || None), None);
    }
}
