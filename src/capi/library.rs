//! The library as such: version, features, the last error of a thread, templates of texts.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char};
use std::sync::OnceLock;

use super::guard::quiet;
use super::last;
use super::ptr::{EMPTY, name};

/// Major version of this header.
pub const TOFU_VERSION_MAJOR: i32 = 0;
/// Minor version of this header.
pub const TOFU_VERSION_MINOR: i32 = 1;
/// Patch version of this header.
pub const TOFU_VERSION_PATCH: i32 = 0;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// What is built in. The header never varies with it.
const FEATURES: [(&str, bool); 6] = [
    ("tls", true),
    ("starttls", true),
    ("sqlite", true),
    ("bundled-sqlite", cfg!(feature = "bundled-sqlite")),
    ("aws-lc-rs", cfg!(feature = "aws-lc-rs")),
    ("ring", cfg!(feature = "ring")),
];

/// Gives the version of the library that is running, which may be newer than the header.
///
/// @return "0.1.0" and the like; static, never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn tofu_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Tells whether an optional part is built in: "tls" (tofu_probe and tofu_connect), "starttls", "sqlite",
/// "bundled-sqlite", "aws-lc-rs" or "ring".
///
/// @param name  NUL-terminated; may be NULL, which gives 0.
/// @return 1 if it is built in; 0 if it is not, or if this version does not know the name.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_feature_has(name: *const c_char) -> i32 {
    // SAFETY: `name` as its @param says.
    let asked = unsafe { self::name(name) };
    i32::from(FEATURES.iter().any(|(feature, built)| *built && Some(*feature) == asked))
}

/// Gives the message of this thread's last failed call, in one line.
///
/// This is a convenience for C programs. Every fallible call clears it when it begins and sets it when it fails.
/// Programs that move work between threads, and bindings, use the tofu_error object instead. An empty text means that
/// the last call did not fail; it does not mean that its answer was yes.
///
/// @return NUL-terminated UTF-8 in a buffer of this thread, overwritten by its next fallible call; never NULL.
///
/// Thread safety: any thread; each has its own message. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn tofu_last_error() -> *const c_char {
    last::get()
}

/// Gives the English template of a statement, with {placeholders}, to applications that translate.
///
/// @param code  the code that tofu_verdict_statement gave, NUL-terminated; may be NULL, which gives "".
/// @return NUL-terminated UTF-8, static; "" for an unknown code; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_text_template(code: *const c_char) -> *const c_char {
    // SAFETY: `code` as its @param says.
    let code = unsafe { name(code) };
    quiet(EMPTY, || code.and_then(|code| templates().get(code)).map_or(EMPTY, |template| template.as_ptr()))
}

fn templates() -> &'static HashMap<&'static str, CString> {
    static TEMPLATES: OnceLock<HashMap<&'static str, CString>> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        crate::text::templates().filter_map(|(code, text)| Some((code, CString::new(text).ok()?))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_numbers_are_those_of_the_crate() {
        let numbers = format!("{TOFU_VERSION_MAJOR}.{TOFU_VERSION_MINOR}.{TOFU_VERSION_PATCH}");
        assert_eq!(VERSION.to_str(), Ok(numbers.as_str()));
    }

    #[test]
    fn every_template_reaches_c() {
        assert_eq!(templates().len(), crate::text::templates().count());
    }
}
