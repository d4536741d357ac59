//! Owned text or bytes: results that take parameters, such as a format or a width.

use std::ffi::c_char;

use super::guard::{free, read};
use super::ptr::{EMPTY, Object, Poison, write_if_wanted};

/// Owned text: JSON, PEM or words for people. Immutable.
pub struct tofu_text {
    poison: Poison,
    /// The text and a NUL.
    terminated: Vec<u8>,
    len: usize,
}

impl From<String> for tofu_text {
    fn from(text: String) -> Self {
        let len = text.len();
        let mut terminated = text.into_bytes();
        terminated.push(0);
        Self { poison: Poison::default(), terminated, len }
    }
}

impl Object for tofu_text {
    const NOUN: &'static str = "text";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// The text itself.
///
/// @param text  borrowed; may be NULL, which gives "" and the length 0.
/// @param len   where to write the length in bytes, the final NUL not counted; may be NULL.
/// @return UTF-8 followed by a NUL, borrowed from the text; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_text_get(text: *const tofu_text, len: *mut usize) -> *const c_char {
    // SAFETY: `text` and `len` as their @param lines say.
    unsafe {
        let (start, size) = read(text, (EMPTY, 0), |text| Some((text.terminated.as_ptr().cast(), text.len)));
        write_if_wanted(len, size);
        start
    }
}

/// Frees a text.
///
/// @param text  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the text. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_text_free(text: *mut tofu_text) {
    // SAFETY: `text` as its @param says.
    unsafe { free(text) }
}
