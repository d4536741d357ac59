//! Two certificates side by side.

use std::ffi::c_char;

use super::codes::tofu_format;
use super::error::tofu_error;
use super::guard::{free, guard, read};
use super::ptr::{EMPTY, Object, Poison, write_if_wanted};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use super::text::{tofu_text, worded};
use crate::cert::Diff;

/// Two certificates side by side, field by field. It is immutable.
pub struct tofu_diff {
    poison: Poison,
    diff: Diff,
    shelf: Shelf,
}

impl From<Diff> for tofu_diff {
    fn from(diff: Diff) -> Self {
        Self { poison: Poison::default(), diff, shelf: Shelf::default() }
    }
}

impl Object for tofu_diff {
    const NOUN: &'static str = "comparison";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Counts the rows of a comparison.
///
/// @param diff  borrowed; may be NULL, which gives 0.
/// @return the number of rows; any two certificates have the same fields in the same order.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_diff_count(diff: *const tofu_diff) -> usize {
    // SAFETY: `diff` as its @param says.
    unsafe { read(diff, 0, |diff| Some(diff.diff.rows.len())) }
}

/// Gives one row of a comparison.
///
/// @param diff    borrowed; may be NULL, which gives 0 and empty texts.
/// @param index   0 for the first row; out of range gives 0 and empty texts.
/// @param field   where to write the stable code of the field, borrowed from the comparison; may be NULL.
/// @param before  where to write the old value, escaped and fit to show, borrowed from the comparison; may be NULL.
/// @param now     where to write the new value, escaped and fit to show, borrowed from the comparison; may be NULL.
/// @return 1 if the two differ; 0 if they are the same or there is no such row.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_diff_row(
    diff: *const tofu_diff,
    index: usize,
    field: *mut *const c_char,
    before: *mut *const c_char,
    now: *mut *const c_char,
) -> i32 {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        let row = read(diff, (0, [EMPTY; 3]), |diff| {
            let row = diff.diff.rows.get(index)?;
            let lend = |what, text: &str| diff.shelf.text((what, 0, index, ""), || Some(text.to_owned()));
            Some((
                i32::from(row.changed),
                [lend("field", row.field)?, lend("before", &row.before)?, lend("now", &row.now)?],
            ))
        });
        let (changed, [field_text, before_text, now_text]) = row;
        write_if_wanted(field, field_text);
        write_if_wanted(before, before_text);
        write_if_wanted(now, now_text);
        changed
    }
}

/// Writes a comparison as JSON or as two columns of text.
///
/// @param diff    borrowed; must not be NULL.
/// @param format  TOFU_FORMAT_JSON or TOFU_FORMAT_TEXT.
/// @param width   characters in a line of text; 0 for 80, and a number below 60 counts as 60. JSON ignores it.
/// @param out     where to write the text, owned by the caller, freed with tofu_text_free; NULL on failure; must not be
///                NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for another format.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_diff_format(
    diff: *const tofu_diff,
    format: tofu_format,
    width: usize,
    out: *mut *mut tofu_text,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let diff = &call.object(diff, "diff")?.diff;
            out.give(worded(format, width, "comparisons", || diff.to_json(), |width| diff.to_text(width))?);
            Ok(Answer::Ok)
        })
    }
}

/// Frees a comparison.
///
/// @param diff  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the comparison. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_diff_free(diff: *mut tofu_diff) {
    // SAFETY: `diff` as its @param says.
    unsafe { free(diff) }
}
