//! What the comments say about pointers, in words that the conventions fix: who owns what, what may be
//! NULL, which parameter is a length, which codes a call may give. Nothing is guessed: where the words are
//! missing there is an error, and the test that asks for all facts fails.

use super::doc::text;
use super::read::bare;
use super::{Export, Model, Param};

/// What every call that can fail may give. The first page of the header explains them, so that the functions do not.
pub const EVERY_CALL: [&str; 3] = ["TOFU_E_INVALID", "TOFU_E_MEMORY", "TOFU_E_INTERNAL"];

/// What "store errors" stands for; the first page of the header lists the same.
pub const STORE_ERRORS: [&str; 9] = [
    "TOFU_E_IO",
    "TOFU_E_BUSY",
    "TOFU_E_DAMAGED",
    "TOFU_E_FUTURE",
    "TOFU_E_UNSAFE_FILE",
    "TOFU_E_READ_ONLY",
    "TOFU_E_LIMIT",
    "TOFU_E_FORKED",
    "TOFU_E_BACKEND",
];

/// Whose a thing behind a pointer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// Of the caller, who frees it with the function named.
    Owned { freed_by: String },
    /// Put in: of the caller as before. Given out: of the object named, and as long as that.
    Borrowed { from: Option<String> },
    /// The library takes a copy.
    Copied,
    /// The library takes it; the caller must not use it again.
    Taken,
    /// The library keeps the pointer and gives it back to the callbacks that go with it.
    Kept,
    /// It is always there.
    Static,
    /// Of the calling thread, until its next call.
    Thread,
}

/// Who owns what a parameter points to; `None` for numbers, and for where a number is written.
pub fn of_param(export: &Export, param: &Param) -> Result<Option<Ownership>, String> {
    let doc = &param.doc;
    let is_object = param.kind.contains("tofu_") && param.kind.ends_with('*');
    if !param.is_pointer() {
        return Ok(None);
    }
    Ok(Some(match param.kind.as_str() {
        kind if kind.ends_with("_fn") => Ownership::Kept,
        "void *" => Ownership::Kept,
        kind if kind.ends_with("**") => match freed_by(doc) {
            Some(freed_by) => Ownership::Owned { freed_by },
            None if doc.contains("an owned error") => Ownership::Owned { freed_by: "tofu_error_free".to_owned() },
            None => match borrowed_from(doc) {
                Some(from) => Ownership::Borrowed { from: Some(from) },
                None => return Err(format!("{}: whose is what {} receives?", export.name, param.name)),
            },
        },
        _ if is_object && export.name.ends_with("_free") => Ownership::Taken,
        _ if is_object && doc.contains("copied") => Ownership::Copied,
        _ if is_object => Ownership::Borrowed { from: None },
        "uint8_t *" => Ownership::Borrowed { from: None },
        kind if kind.starts_with("const ") => Ownership::Copied,
        _ => return Ok(None),
    }))
}

/// Who owns what a function returns, and whether it may be NULL; `None` for numbers.
pub fn of_return(export: &Export) -> Result<Option<(Ownership, bool)>, String> {
    if !export.returns.contains('*') {
        return Ok(None);
    }
    let doc = text(&export.doc.returns);
    let ownership = if let Some(freed_by) = freed_by(&doc) {
        Ownership::Owned { freed_by }
    } else if let Some(from) = borrowed_from(&doc) {
        Ownership::Borrowed { from: Some(from) }
    } else if doc.to_lowercase().contains("static") {
        Ownership::Static
    } else if doc.contains("buffer of this thread") {
        Ownership::Thread
    } else {
        return Err(format!("{}: whose is what it returns?", export.name));
    };
    let nullable = match (doc.contains("never NULL"), doc.contains("NULL")) {
        (true, _) => false,
        (false, true) if export.returns != "const char *" => true,
        _ => return Err(format!("{}: may it return NULL?", export.name)),
    };
    Ok(Some((ownership, nullable)))
}

/// `freed with tofu_text_free`.
fn freed_by(doc: &str) -> Option<String> {
    let (_, rest) = doc.split_once("freed with ")?;
    Some(rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?.to_owned())
}

/// `borrowed from the verdict`; `borrowed likewise` is said of a neighbour.
fn borrowed_from(doc: &str) -> Option<String> {
    if doc.contains("borrowed likewise") {
        return Some("likewise".to_owned());
    }
    let (_, rest) = doc.split_once("borrowed from the ")?;
    Some(rest.split(|c: char| !c.is_ascii_alphanumeric() && c != ' ').next()?.split(' ').next()?.to_owned())
}

/// The parameter that `borrowed from the ...` means. The words are its name, or describe the object that an accessor
/// takes first ("the list", "likewise").
pub fn lender<'a>(export: &'a Export, words: &str) -> &'a str {
    let named = export.params.iter().find(|p| p.name == words);
    &named.unwrap_or(&export.params[0]).name
}

/// Whether a pointer may be NULL; `None` for numbers.
pub fn nullable(export: &Export, param: &Param) -> Result<Option<bool>, String> {
    match (param.is_pointer(), param.may_be_null(), param.must_not_be_null()) {
        (false, false, false) => Ok(None),
        (true, true, false) => Ok(Some(true)),
        (true, false, true) => Ok(Some(false)),
        _ => Err(format!("{}: the NULL rule of {}", export.name, param.name)),
    }
}

/// Whether a parameter that takes an enumeration takes 0 as well, which belongs to none: "0 for all".
pub fn takes_zero(model: &Model, param: &Param) -> bool {
    let is_enumeration = model.family(bare(&param.kind)).is_some_and(|family| !family.is_flags());
    is_enumeration && (param.doc.contains("0 for ") || param.doc.contains("0 if "))
}

/// The parameter that gives the length of bytes (or of the arrays of a chain), if it is such a pointer.
pub fn length(export: &Export, at: usize) -> Result<Option<&str>, String> {
    let param = &export.params[at];
    if !matches!(param.kind.as_str(), "const uint8_t *" | "uint8_t *" | "const uint8_t *const *" | "const size_t *") {
        return Ok(None);
    }
    let own = [format!("{}_len", param.name), "len".to_owned(), "count".to_owned()];
    let after = export.params[at + 1..].iter().find(|p| p.kind == "size_t" && own.contains(&p.name));
    after.map(|p| Some(p.name.as_str())).ok_or_else(|| format!("{}: how long is {}?", export.name, param.name))
}

/// The parameter that receives the length of the bytes or of the text that the function returns, if there is one.
pub fn length_of_return(export: &Export) -> Option<&str> {
    let is_bytes = matches!(export.returns.as_str(), "const uint8_t *" | "const char *");
    export.params.iter().find(|p| is_bytes && p.kind == "size_t *" && p.name == "len").map(|p| p.name.as_str())
}

/// The codes that the comment names, "store errors" written out, and those that every call may give.
pub fn statuses(model: &Model, export: &Export) -> Vec<String> {
    if export.returns != "tofu_status" {
        return Vec::new();
    }
    let doc = text(&export.doc.returns);
    let words: Vec<&str> = doc.split(|c: char| !c.is_ascii_uppercase() && c != '_').collect();
    let has_store_errors = doc.to_lowercase().contains("store errors");
    // "as tofu_check_peer": whatever that may give.
    let other =
        doc.strip_prefix("as ").and_then(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next());
    let other = model.functions().find(|known| Some(known.name.as_str()) == other && known.name != export.name);
    let others = other.map(|other| statuses(model, other)).unwrap_or_default();
    let known = model.family("tofu_status").map(|family| family.constants.as_slice()).unwrap_or_default();
    let names = known.iter().map(|constant| constant.name.as_str()).filter(|name| {
        words.contains(name)
            || others.iter().any(|other| other == name)
            || (has_store_errors && STORE_ERRORS.contains(name))
            || (export.is_fallible() && EVERY_CALL.contains(name))
    });
    names.map(str::to_owned).collect()
}

/// What a call may wait for, by the codes it may give: "network", "store", "file" or "nothing".
pub fn waits_for(statuses: &[String]) -> &'static str {
    let has = |code: &str| statuses.iter().any(|status| status == code);
    match (has("TOFU_E_NETWORK"), has("TOFU_E_BUSY"), has("TOFU_E_IO")) {
        (true, ..) => "network",
        (_, true, _) => "store",
        (.., true) => "file",
        _ => "nothing",
    }
}
