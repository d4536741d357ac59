//! What the fuzz targets do, as plain functions over bytes. libFuzzer calls them with what it makes
//! up (`make fuzz MINUTES=N`); a test of the library calls them with every seed in `fuzz/seeds`.
//! Each asserts what must hold for any input whatsoever. docs/reliability.md has the list.

#![allow(dead_code)]

mod calls;
mod certs;
mod import;
mod network;
mod store_file;
mod take;

pub use calls::{calls, left_out};
pub use certs::{cert, chain, revocation};
pub use import::import;
pub use network::{hello, names, starttls};
pub use store_file::store_file;

/// A target.
pub type Target = fn(&[u8]);

/// The targets by their names, which are those of the folders of `fuzz/seeds`.
pub const TARGETS: [(&str, Target); 9] = [
    ("calls", calls),
    ("cert", cert),
    ("chain", chain),
    ("hello", hello),
    ("import", import),
    ("names", names),
    ("revocation", revocation),
    ("starttls", starttls),
    ("store_file", store_file),
];

/// A time at which everything is judged: 15 January 2027, so that no run depends on the day.
const NOW: i64 = 1_800_000_000;

/// No text holds anything that steers a terminal or hides, whatever it was made from.
fn fit_to_show(what: &str, text: &str) {
    let bad = |c: char| {
        c != '\n'
            && (c.is_control() || matches!(u32::from(c), 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF))
    };
    assert!(!text.chars().any(bad), "{what} is not fit to show: {text:?}");
}

/// JSON is read back, and its text is fit to show.
fn sound_json(what: &str, value: &serde_json::Value) {
    let text = tofu::text::json(value);
    fit_to_show(what, &text);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok().as_ref(), Some(value), "{what}");
}
