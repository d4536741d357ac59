//! The words of a verdict: headline, statements by section, and the whole as JSON or text.

use std::ffi::c_char;

use super::codes::{Coded, TOFU_FORMAT_LINE, tofu_format, tofu_section};
use super::error::tofu_error;
use super::guard::{guard, read};
use super::ptr::{EMPTY, name, write_if_wanted};
use super::status::{Answer, tofu_status};
use super::text::{tofu_text, worded};
use super::verdict::tofu_verdict;
use crate::text::Statement;
use crate::trust::{Section, Verdict};

/// What tofu_verdict_statement writes if a statement is about no certificate of the chain: SIZE_MAX.
pub const TOFU_NO_CERT: usize = usize::MAX;

fn statements(verdict: &Verdict, section: tofu_section) -> Option<&[Statement]> {
    let known = [Section::Headline, Section::Problem, Section::Reason, Section::Meaning, Section::Advice];
    Some(verdict.statements(known.into_iter().find(|s| s.number() == section)?))
}

/// Counts the statements in a section of the explanation.
///
/// @param verdict  borrowed; may be NULL, which gives 0.
/// @param section  one of TOFU_SECTION_...; another number gives 0.
/// @return the number of statements.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_statement_count(verdict: *const tofu_verdict, section: tofu_section) -> usize {
    // SAFETY: `verdict` as its @param says.
    unsafe { read(verdict, 0, |verdict| Some(statements(&verdict.verdict, section)?.len())) }
}

/// Gives one statement of the explanation: its English text, its stable code and the certificate that it is about.
///
/// @param verdict     borrowed; may be NULL, which gives "".
/// @param section     one of TOFU_SECTION_...; another number gives "".
/// @param index       0 for the first statement; out of range gives "".
/// @param code        where to write the code, borrowed from the verdict, "" if there is no such statement; may be
///                    NULL.
/// @param cert_index  where to write the index into the chain, TOFU_NO_CERT if the statement is about no certificate;
///                    may be NULL.
/// @return the text, NUL-terminated UTF-8, escaped and fit to show, borrowed from the verdict; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_statement(
    verdict: *const tofu_verdict,
    section: tofu_section,
    index: usize,
    code: *mut *const c_char,
    cert_index: *mut usize,
) -> *const c_char {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        let (text, statement_code, about) = read(verdict, (EMPTY, EMPTY, TOFU_NO_CERT), |verdict| {
            let statement = statements(&verdict.verdict, section)?.get(index)?;
            let text = verdict.shelf.text(("text", section, index, ""), || Some(statement.text()))?;
            let code = verdict.shelf.text(("code", section, index, ""), || Some(statement.code.to_owned()))?;
            Some((text, code, statement.certificate.unwrap_or(TOFU_NO_CERT)))
        });
        write_if_wanted(code, statement_code);
        write_if_wanted(cert_index, about);
        text
    }
}

/// Gives one fact of a statement, to an application that fills its own translation of tofu_text_template.
///
/// @param verdict  borrowed; may be NULL, which gives "".
/// @param section  one of TOFU_SECTION_...; another number gives "".
/// @param index    0 for the first statement; out of range gives "".
/// @param name     the name of the placeholder, NUL-terminated; may be NULL, which gives "".
/// @return NUL-terminated UTF-8, escaped and fit to show, borrowed from the verdict; "" if there is no such fact; never
///         NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_statement_arg(
    verdict: *const tofu_verdict,
    section: tofu_section,
    index: usize,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        let asked = self::name(name);
        read(verdict, EMPTY, |verdict| {
            let value = statements(&verdict.verdict, section)?.get(index)?.get(asked?)?;
            verdict.shelf.text(("arg", section, index, asked?), || Some(value.to_owned()))
        })
    }
}

/// Writes the whole verdict: as JSON (docs/json-verdict.md), as an explanation for people, or as one line for logs.
///
/// @param verdict  borrowed; must not be NULL.
/// @param format   TOFU_FORMAT_JSON, TOFU_FORMAT_TEXT or TOFU_FORMAT_LINE.
/// @param width    characters in a line of TOFU_FORMAT_TEXT; 0 for 80, and a number below 60 counts as 60. The
///                 other formats ignore it.
/// @param out      where to write the text, owned by the caller, freed with tofu_text_free; NULL on failure; must not
///                 be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for another format.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_format(
    verdict: *const tofu_verdict,
    format: tofu_format,
    width: usize,
    out: *mut *mut tofu_text,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let verdict = &call.object(verdict, "verdict")?.verdict;
            out.give(match format {
                TOFU_FORMAT_LINE => verdict.to_line().into(),
                _ => worded(format, width, "verdicts", || verdict.to_json(), |width| verdict.to_text(width))?,
            });
            Ok(Answer::Ok)
        })
    }
}
