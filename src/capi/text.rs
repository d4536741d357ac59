//! Owned text or bytes: results that take parameters, such as a format or a width.

use std::ffi::c_char;

use super::codes::{TOFU_FORMAT_JSON, TOFU_FORMAT_TEXT, text_width, tofu_format};
use super::error::Failure;
use super::guard::{free, read};
use super::ptr::{EMPTY, Object, Poison, write_if_wanted};

/// What JSON or words within a width are made of, in the format asked for; `what` names it in a refusal.
pub(super) fn worded(
    format: tofu_format,
    width: usize,
    what: &str,
    json: impl FnOnce() -> serde_json::Value,
    words: impl FnOnce(usize) -> String,
) -> Result<tofu_text, Failure> {
    match format {
        TOFU_FORMAT_JSON => Ok(crate::text::json(&json()).into()),
        TOFU_FORMAT_TEXT => Ok(words(text_width(width)).into()),
        other => Err(Failure::invalid(format!("format: {other} is not a format of {what}"))),
    }
}

/// A text that the caller owns: JSON, PEM or words for people. It is immutable.
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

/// Gives the text itself.
///
/// @param text  borrowed; may be NULL, which gives "" and the length 0.
/// @param len   where to write the length in bytes without the final NUL; may be NULL.
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
