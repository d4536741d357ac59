//! Fields that are read by code and index: made as a whole when first asked for and kept until the
//! object is freed, so that reading a list to its end takes time linear in its length, however long a
//! hostile certificate made it.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::sync::{Arc, Mutex, PoisonError};

use crate::text::escape;

/// The values of a field: its strings, its number and its bytes, of which it may lack some.
#[derive(Default)]
pub(super) struct Field {
    strings: Vec<CString>,
    number: Option<i64>,
    bytes: Option<Vec<u8>>,
}

impl Field {
    /// One string, fit to show.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::list([text.into()])
    }

    /// Strings, fit to show. A NUL inside, which C would take for the end, becomes `\0`.
    pub(super) fn list(strings: impl IntoIterator<Item = String>) -> Self {
        let terminated = |text: String| CString::new(text.replace('\0', "\\0")).unwrap_or_default();
        Self { strings: strings.into_iter().map(terminated).collect(), ..Self::default() }
    }

    /// Strings as somebody else wrote them.
    pub(super) fn escaped(raw: &[String]) -> Self {
        Self::list(raw.iter().map(|text| escape(text)))
    }

    /// A number.
    pub(super) fn of_number(number: i64) -> Self {
        Self::default().and_number(number)
    }

    /// A yes or no, as 1 or 0.
    pub(super) fn yes(yes: bool) -> Self {
        Self::of_number(yes.into())
    }

    /// With bytes beside it.
    pub(super) fn and_bytes(self, bytes: &[u8]) -> Self {
        Self { bytes: Some(bytes.to_vec()), ..self }
    }

    /// With a number beside it.
    pub(super) fn and_number(self, number: i64) -> Self {
        Self { number: Some(number), ..self }
    }

    /// How many values it has.
    pub(super) fn count(&self) -> usize {
        self.strings.len().max(usize::from(self.number.is_some() || self.bytes.is_some()))
    }

    /// The string at `index`.
    pub(super) fn string(&self, index: usize) -> Option<*const c_char> {
        Some(self.strings.get(index)?.as_ptr())
    }

    /// The number, which has the index 0.
    pub(super) fn number(&self, index: usize) -> Option<i64> {
        self.number.filter(|_| index == 0)
    }

    /// Start and length of the bytes, which have the index 0.
    pub(super) fn bytes(&self, index: usize) -> Option<(*const u8, usize)> {
        let bytes = self.bytes.as_ref().filter(|_| index == 0)?;
        Some((bytes.as_ptr(), bytes.len()))
    }
}

/// The fields of one object that were asked for so far. Nothing is removed before the object is freed,
/// which is what makes pointers into a [`Field`] valid as long as the object.
#[derive(Default)]
pub(super) struct Fields(Mutex<BTreeMap<(i32, String), Arc<Field>>>);

impl Fields {
    /// The field with this code, and this name where the code alone does not say which; made by `make`
    /// the first time. `None`, which is not remembered, when there is no such field.
    pub(super) fn get(&self, code: i32, name: &str, make: impl FnOnce() -> Option<Field>) -> Option<Arc<Field>> {
        let key = (code, name.to_owned());
        if let Some(found) = self.lock().get(&key) {
            return Some(Arc::clone(found));
        }
        // Made without the lock. If two threads make the same field, the first one stays.
        let made = Arc::new(make()?);
        Some(Arc::clone(self.lock().entry(key).or_insert(made)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(i32, String), Arc<Field>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_made_once_and_stays_where_it_is() {
        let fields = Fields::default();
        let first = fields.get(1, "", || Some(Field::list(["a\0b".to_owned(), "c".to_owned()]))).unwrap();
        for code in 2..1000 {
            fields.get(code, "", || Some(Field::of_number(code.into())));
        }
        let again = fields.get(1, "", || unreachable!()).unwrap();
        assert_eq!((first.count(), first.string(0)), (2, again.string(0)));
        assert_eq!(first.strings.first().unwrap().to_str(), Ok("a\\0b"));
        assert_eq!(first.string(2), None);
        assert!(fields.get(1, "CN", || None).is_none());
    }

    #[test]
    fn numbers_and_bytes_have_one_value() {
        let field = Field::text("x").and_number(7).and_bytes(b"y");
        assert_eq!((field.count(), field.number(0), field.number(1)), (1, Some(7), None));
        assert_eq!((field.bytes(0).map(|(_, len)| len), field.bytes(1)), (Some(1), None));
        assert_eq!(Field::default().count(), 0);
    }
}
