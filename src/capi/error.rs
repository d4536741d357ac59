//! Failures on their way to C. Every error type of the Rust API becomes a status, a stable fine code
//! and one line of text here, and nowhere else.

use std::ffi::{CString, c_char};
use std::ptr::null_mut;

use super::guard::{free, quiet, read};
use super::last;
use super::ptr::{EMPTY, Object, Poison, lossy};
use super::status::{self, TOFU_E_INTERNAL, TOFU_E_ROOTS, tofu_status};
use crate::cert::ParseError;
use crate::endpoint::NameError;
use crate::path::{ChainError, RootsError};
use crate::store::StoreError;
use crate::text::one_line;
use crate::tls::NetError;
use crate::trust::{CheckError, PolicyError, TrustError};

/// Why a call failed. A type of its own, so that no failure can carry a number that reads as success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum Code {
    Invalid = status::TOFU_E_INVALID,
    Parse = status::TOFU_E_PARSE,
    Name = status::TOFU_E_NAME,
    Limit = status::TOFU_E_LIMIT,
    Io = status::TOFU_E_IO,
    Busy = status::TOFU_E_BUSY,
    Damaged = status::TOFU_E_DAMAGED,
    Future = status::TOFU_E_FUTURE,
    UnsafeFile = status::TOFU_E_UNSAFE_FILE,
    ReadOnly = status::TOFU_E_READ_ONLY,
    NotFound = status::TOFU_E_NOT_FOUND,
    Conflict = status::TOFU_E_CONFLICT,
    State = status::TOFU_E_STATE,
    Forked = status::TOFU_E_FORKED,
    Network = status::TOFU_E_NETWORK,
    Timeout = status::TOFU_E_TIMEOUT,
    Cancelled = status::TOFU_E_CANCELLED,
    StartTls = status::TOFU_E_STARTTLS,
    Stripped = status::TOFU_E_STRIPPED,
    Tls = status::TOFU_E_TLS,
    Truncated = status::TOFU_E_TRUNCATED,
    Backend = status::TOFU_E_BACKEND,
    Internal = status::TOFU_E_INTERNAL,
    NotOffered = status::TOFU_E_NOT_OFFERED,
    Stale = status::TOFU_E_STALE,
    Roots = status::TOFU_E_ROOTS,
}

impl Code {
    /// The number for C.
    pub(super) fn status(self) -> tofu_status {
        self as tofu_status
    }
}

/// A failed call: status, fine code, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    code: Code,
    detail: &'static str,
    message: String,
}

impl Failure {
    /// A failure with its fine code (docs/errors.md) and one line that names the thing.
    pub(super) fn new(code: Code, detail: &'static str, message: impl Into<String>) -> Self {
        // What others wrote is escaped where it is taken in; names of files are not.
        Self { code, detail, message: one_line(&message.into(), usize::MAX) }
    }

    /// An argument that makes no sense; the message begins with its name.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, "argument.invalid", message)
    }

    /// An argument that is NULL and must not be.
    pub(super) fn null(name: &str) -> Self {
        Self::new(Code::Invalid, "argument.null", format!("{name}: must not be NULL"))
    }

    /// A setter of an object that was already used.
    pub(super) fn frozen(noun: &str) -> Self {
        Self::new(Code::State, "object.frozen", format!("{noun}: already used, so it can no longer be changed"))
    }

    /// The second use of an object that is for one.
    pub(super) fn used(noun: &str) -> Self {
        Self::new(Code::State, "object.used", format!("{noun}: already used; each is for one connection"))
    }

    /// A defect of the library.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, "internal", message)
    }

    /// The same failure, met again by the call that uses the object.
    pub(super) fn remembered(mut self, noun: &str) -> Self {
        self.message = format!("{noun}: an earlier setting was refused: {}", self.message);
        self
    }

    /// The same failure about a file.
    pub(super) fn at(mut self, path: &str) -> Self {
        self.message = one_line(&format!("{path}: {}", self.message), usize::MAX);
        self
    }

    /// Why.
    pub(super) fn code(&self) -> Code {
        self.code
    }

    /// One line.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        let detail = match error {
            NameError::Host { .. } => "name.host",
            NameError::Port => "name.port",
            NameError::Account { .. } => "name.account",
        };
        Self::new(Code::Name, detail, error.to_string())
    }
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::new(Code::Parse, "certificate.parse", error.to_string())
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        let (code, detail) = match error {
            ChainError::Limit(_) => (Code::Limit, "chain.limit"),
            ChainError::Pem(_) => (Code::Parse, "chain.pem"),
        };
        Self::new(code, detail, error.to_string())
    }
}

impl From<RootsError> for Failure {
    fn from(error: RootsError) -> Self {
        Self::new(Code::Roots, "roots.unavailable", error.to_string())
    }
}

impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Self {
        Self::new(Code::Invalid, "policy.field", error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (code, detail) = match error {
            StoreError::Io { .. } => (Code::Io, "store.io"),
            StoreError::Busy { .. } => (Code::Busy, "store.busy"),
            StoreError::Damaged { .. } => (Code::Damaged, "store.damaged"),
            StoreError::Lost { .. } => (Code::Damaged, "store.lost"),
            StoreError::Future { .. } => (Code::Future, "store.future"),
            StoreError::Unsafe { .. } => (Code::UnsafeFile, "store.unsafe-file"),
            StoreError::ReadOnly { .. } => (Code::ReadOnly, "store.read-only"),
            StoreError::NotFound { .. } => (Code::NotFound, "store.not-found"),
            StoreError::Conflict { .. } => (Code::Conflict, "store.conflict"),
            StoreError::InUse { .. } => (Code::State, "store.in-use"),
            StoreError::Overtaken { .. } => (Code::Conflict, "store.overtaken"),
            StoreError::Limit { .. } => (Code::Limit, "store.limit"),
            StoreError::Forked { .. } => (Code::Forked, "store.forked"),
            StoreError::Backend { .. } => (Code::Backend, "store.backend"),
            StoreError::Invalid { .. } => (Code::Invalid, "store.invalid"),
        };
        Self::new(code, detail, error.to_string())
    }
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Store(error) => error.into(),
            CheckError::Roots(error) => error.into(),
            CheckError::Policy(error) => Self { detail: "policy.unusable", ..error.into() },
            CheckError::Chain(_) => Self::new(Code::Parse, "chain.leaf", error.to_string()),
            CheckError::AnyAccount => Self::new(Code::Name, "check.any-account", error.to_string()),
            CheckError::Resumed(_) => Self::new(Code::State, "check.resumed", error.to_string()),
        }
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Store(error) => error.into(),
            TrustError::Check(error) => error.into(),
            TrustError::NotOffered(_) => Self::new(Code::NotOffered, "trust.not-offered", error.to_string()),
            TrustError::Stale(_) => Self::new(Code::Stale, "trust.stale", error.to_string()),
            TrustError::Typed(_) => Self::new(Code::Invalid, "trust.typed", error.to_string()),
        }
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        let code = match error {
            NetError::Name(error) => return error.into(),
            NetError::Check(error) => return error.into(),
            NetError::Option(_) => Code::Invalid,
            NetError::Resolve { .. } | NetError::Connect { .. } | NetError::Broken { .. } => Code::Network,
            NetError::Timeout { .. } => Code::Timeout,
            NetError::Cancelled { .. } => Code::Cancelled,
            NetError::StartTls { .. } => Code::StartTls,
            NetError::Stripped { .. } => Code::Stripped,
            NetError::Tls { .. } => Code::Tls,
            NetError::Limit { .. } => Code::Limit,
            NetError::Truncated { .. } => Code::Truncated,
            NetError::State { .. } => Code::State,
            NetError::Forked { .. } => Code::Forked,
            NetError::System { .. } => Code::Io,
        };
        Self::new(code, error.code(), error.to_string())
    }
}

/// Why a call failed: a status, a message and a stable fine code. It is immutable, belongs to the caller, and is bound
/// to no thread. Bindings use it, because their code may run on another thread than the call that failed.
pub struct tofu_error {
    poison: Poison,
    status: tofu_status,
    message: CString,
    detail: CString,
}

impl From<Failure> for tofu_error {
    fn from(failure: Failure) -> Self {
        Self {
            poison: Poison::default(),
            status: failure.code.status(),
            message: terminated(&failure.message),
            detail: terminated(failure.detail),
        }
    }
}

/// For C; a NUL inside is shown as `\0`.
fn terminated(text: &str) -> CString {
    CString::new(text.replace('\0', "\\0")).unwrap_or_default()
}

impl Object for tofu_error {
    const NOUN: &'static str = "error";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes an error, for code that adapts the library to a TLS stack and fails outside of the library.
///
/// The message also becomes what tofu_last_error gives to this thread.
///
/// @param status   one of TOFU_E_...; any other number becomes TOFU_E_INTERNAL, because an error must not read as
///                 success.
/// @param detail   a stable code finer than the status ("adapter.no-certificate"), NUL-terminated; may be NULL for
///                 none.
/// @param message  one line that says what is wrong and names the thing, NUL-terminated UTF-8; control characters in it
///                 are escaped; may be NULL for the name of the status.
/// @return owned by the caller, freed with tofu_error_free; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_error_new(
    status: tofu_status,
    detail: *const c_char,
    message: *const c_char,
) -> *mut tofu_error {
    // SAFETY: the pointers as their @param lines say.
    let (detail, message) = unsafe { (lossy(detail), lossy(message)) };
    quiet(null_mut(), || Box::into_raw(Box::new(made_by_caller(status, detail, message))))
}

fn made_by_caller(status: tofu_status, detail: Option<String>, message: Option<String>) -> tofu_error {
    let status = if (TOFU_E_ROOTS..0).contains(&status) { status } else { TOFU_E_INTERNAL };
    let named = || status::name(status).to_string_lossy().into_owned();
    let message = one_line(&message.unwrap_or_else(named), usize::MAX);
    last::set(&message);
    // A code is ASCII, as tofu_error_detail promises.
    let detail = one_line(&detail.unwrap_or_default(), usize::MAX).replace(|c: char| !c.is_ascii(), "?");
    let detail = terminated(&detail);
    tofu_error { poison: Poison::default(), status, message: terminated(&message), detail }
}

/// Gives the status that the failed call returned.
///
/// @param error  borrowed; may be NULL, which gives TOFU_E_INTERNAL, because a missing error object must not read as
///               success.
/// @return a negative number; never 0 and never positive.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_error_status(error: *const tofu_error) -> tofu_status {
    // SAFETY: `error` as its @param says.
    unsafe { read(error, TOFU_E_INTERNAL, |error| Some(error.status)) }
}

/// Gives one line that says what is wrong and names the argument, file, host or field.
///
/// It is English, for logs and for people. Programs look at tofu_error_status and tofu_error_detail.
///
/// @param error  borrowed; may be NULL, which gives "".
/// @return NUL-terminated UTF-8 without control characters, borrowed from the error; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_error_message(error: *const tofu_error) -> *const c_char {
    // SAFETY: `error` as its @param says.
    unsafe { read(error, EMPTY, |error| Some(error.message.as_ptr())) }
}

/// Gives a stable code finer than the status: "store.busy", "argument.null". docs/errors.md lists them.
///
/// @param error  borrowed; may be NULL, which gives "".
/// @return NUL-terminated ASCII, borrowed from the error; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_error_detail(error: *const tofu_error) -> *const c_char {
    // SAFETY: `error` as its @param says.
    unsafe { read(error, EMPTY, |error| Some(error.detail.as_ptr())) }
}

/// Frees an error.
///
/// @param error  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the error. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_error_free(error: *mut tofu_error) {
    // SAFETY: `error` as its @param says.
    unsafe { free(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_negative_and_names_the_thing() {
        let store = || "/tmp/pins.db".to_owned();
        let server = || "mail.example:993".to_owned();
        let failures: [Failure; 13] = [
            NameError::Port.into(),
            StoreError::Conflict { store: store() }.into(),
            StoreError::Forked { store: store() }.into(),
            CheckError::Chain("empty".to_owned()).into(),
            CheckError::Store(StoreError::ReadOnly { store: store() }).into(),
            TrustError::Stale("25 hours old".to_owned()).into(),
            RootsError { origin: "/etc/ssl".to_owned(), reason: "no file".to_owned() }.into(),
            NetError::Name(NameError::Port).into(),
            NetError::Check(CheckError::Store(StoreError::Forked { store: store() })).into(),
            NetError::Truncated { server: server() }.into(),
            StoreError::Damaged { store: "/tmp/a\nb".to_owned(), what: "two\nlines".to_owned() }.into(),
            Failure::null("der"),
            Failure::frozen("chain"),
        ];
        for failure in failures {
            assert!(failure.code().status() < 0);
            assert!(!failure.message().is_empty() && !failure.message().contains('\n'));
            assert!(!failure.detail.is_empty());
        }
    }
    #[test]
    fn an_error_of_a_caller_keeps_what_the_accessors_promise() {
        let made =
            |status, detail: &str, message: &str| made_by_caller(status, Some(detail.into()), Some(message.into()));
        let error = made(TOFU_E_ROOTS, "adapter.caf\u{e9}\n", "one\ntwo \u{e9}");
        assert_eq!(error.status, TOFU_E_ROOTS);
        assert_eq!(error.detail.to_str().unwrap(), "adapter.caf?\\n");
        assert_eq!(error.message.to_str().unwrap(), "one\\ntwo \u{e9}");
        for status in [TOFU_E_ROOTS - 1, 0, 1, i32::MAX, i32::MIN] {
            assert_eq!(made(status, "", "").status, TOFU_E_INTERNAL);
        }
    }
}
