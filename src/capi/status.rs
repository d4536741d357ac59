//! The numbers that calls return, fixed for ever, and their names. Negative numbers that this version
//! never returns are reserved here so that they cannot come to mean something else.

use std::ffi::{CStr, c_char};

/// What a call returns. TOFU_OK (0) means go ahead, and nothing else does. A positive number means that the call worked
/// and its answer is not yes; a negative one that the call failed. An unknown number means "do not trust".
pub type tofu_status = i32;

/// Go ahead. Nothing else means yes.
pub const TOFU_OK: tofu_status = 0;
/// The call worked, and a person must answer before anything is sent.
pub const TOFU_ASK: tofu_status = 1;
/// The call worked, and the answer is no.
pub const TOFU_REJECT: tofu_status = 2;
/// There is nothing more to read or to list.
pub const TOFU_END: tofu_status = 3;
/// A non-blocking call must be repeated.
pub const TOFU_AGAIN: tofu_status = 4;
/// The certificate does not cover the host.
pub const TOFU_NO_MATCH: tofu_status = 5;
/// An argument makes no sense, or is NULL where it must not be.
pub const TOFU_E_INVALID: tofu_status = -1;
/// The bytes are not a certificate, PEM or whatever else was expected.
pub const TOFU_E_PARSE: tofu_status = -2;
/// The host, port or account is not valid.
pub const TOFU_E_NAME: tofu_status = -3;
/// A limit of size or number was reached.
pub const TOFU_E_LIMIT: tofu_status = -4;
/// The operating system refused to read or write.
pub const TOFU_E_IO: tofu_status = -5;
/// Another program holds the store for longer than the time allowed.
pub const TOFU_E_BUSY: tofu_status = -6;
/// The store does not hold what was written, so that nothing in it counts.
pub const TOFU_E_DAMAGED: tofu_status = -7;
/// A newer version wrote the store.
pub const TOFU_E_FUTURE: tofu_status = -8;
/// Type, owner or permissions of the store's file make it unsafe.
pub const TOFU_E_UNSAFE_FILE: tofu_status = -9;
/// The store can only be read.
pub const TOFU_E_READ_ONLY: tofu_status = -10;
/// What was asked for does not exist.
pub const TOFU_E_NOT_FOUND: tofu_status = -11;
/// Somebody else changed it in the meantime.
pub const TOFU_E_CONFLICT: tofu_status = -12;
/// The object was already used, or the call does not fit its state.
pub const TOFU_E_STATE: tofu_status = -13;
/// The handle was made before fork(2) and is used in the child.
pub const TOFU_E_FORKED: tofu_status = -14;
/// It is not built in, or this version does not know it.
pub const TOFU_E_UNSUPPORTED: tofu_status = -15;
/// The network failed.
pub const TOFU_E_NETWORK: tofu_status = -16;
/// A time limit passed.
pub const TOFU_E_TIMEOUT: tofu_status = -17;
/// The program cancelled it.
pub const TOFU_E_CANCELLED: tofu_status = -18;
/// The dialogue before TLS went wrong.
pub const TOFU_E_STARTTLS: tofu_status = -19;
/// The server does not offer TLS, which it did before.
pub const TOFU_E_STRIPPED: tofu_status = -20;
/// The TLS handshake failed.
pub const TOFU_E_TLS: tofu_status = -21;
/// The connection ended without close_notify.
pub const TOFU_E_TRUNCATED: tofu_status = -22;
/// The application's own storage reported a failure.
pub const TOFU_E_BACKEND: tofu_status = -23;
/// Out of memory.
pub const TOFU_E_MEMORY: tofu_status = -24;
/// A defect of the library. The objects in use are unusable and can still be freed.
pub const TOFU_E_INTERNAL: tofu_status = -25;
/// The verdict does not take this answer.
pub const TOFU_E_NOT_OFFERED: tofu_status = -26;
/// The verdict is too old, or was overtaken by a change.
pub const TOFU_E_STALE: tofu_status = -27;
/// The answer of a CA is wanted, and no trust anchors could be loaded.
pub const TOFU_E_ROOTS: tofu_status = -28;

/// What a call that worked answers. A type of its own, so that no success can carry an error's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum Answer {
    Ok = TOFU_OK,
    Ask = TOFU_ASK,
    Reject = TOFU_REJECT,
    End = TOFU_END,
    Again = TOFU_AGAIN,
    NoMatch = TOFU_NO_MATCH,
}

impl Answer {
    /// The number for C.
    pub(super) fn status(self) -> tofu_status {
        self as tofu_status
    }
}

/// The name of a status.
pub(super) fn name(status: tofu_status) -> &'static CStr {
    match status {
        TOFU_OK => c"TOFU_OK",
        TOFU_ASK => c"TOFU_ASK",
        TOFU_REJECT => c"TOFU_REJECT",
        TOFU_END => c"TOFU_END",
        TOFU_AGAIN => c"TOFU_AGAIN",
        TOFU_NO_MATCH => c"TOFU_NO_MATCH",
        TOFU_E_INVALID => c"TOFU_E_INVALID",
        TOFU_E_PARSE => c"TOFU_E_PARSE",
        TOFU_E_NAME => c"TOFU_E_NAME",
        TOFU_E_LIMIT => c"TOFU_E_LIMIT",
        TOFU_E_IO => c"TOFU_E_IO",
        TOFU_E_BUSY => c"TOFU_E_BUSY",
        TOFU_E_DAMAGED => c"TOFU_E_DAMAGED",
        TOFU_E_FUTURE => c"TOFU_E_FUTURE",
        TOFU_E_UNSAFE_FILE => c"TOFU_E_UNSAFE_FILE",
        TOFU_E_READ_ONLY => c"TOFU_E_READ_ONLY",
        TOFU_E_NOT_FOUND => c"TOFU_E_NOT_FOUND",
        TOFU_E_CONFLICT => c"TOFU_E_CONFLICT",
        TOFU_E_STATE => c"TOFU_E_STATE",
        TOFU_E_FORKED => c"TOFU_E_FORKED",
        TOFU_E_UNSUPPORTED => c"TOFU_E_UNSUPPORTED",
        TOFU_E_NETWORK => c"TOFU_E_NETWORK",
        TOFU_E_TIMEOUT => c"TOFU_E_TIMEOUT",
        TOFU_E_CANCELLED => c"TOFU_E_CANCELLED",
        TOFU_E_STARTTLS => c"TOFU_E_STARTTLS",
        TOFU_E_STRIPPED => c"TOFU_E_STRIPPED",
        TOFU_E_TLS => c"TOFU_E_TLS",
        TOFU_E_TRUNCATED => c"TOFU_E_TRUNCATED",
        TOFU_E_BACKEND => c"TOFU_E_BACKEND",
        TOFU_E_MEMORY => c"TOFU_E_MEMORY",
        TOFU_E_INTERNAL => c"TOFU_E_INTERNAL",
        TOFU_E_NOT_OFFERED => c"TOFU_E_NOT_OFFERED",
        TOFU_E_STALE => c"TOFU_E_STALE",
        TOFU_E_ROOTS => c"TOFU_E_ROOTS",
        _ => c"unknown",
    }
}

/// Gives the name of a status, for logs.
///
/// It is not for people, because it says nothing about the case at hand. tofu_error_message does.
///
/// @param status  any number.
/// @return "TOFU_E_BUSY" and the like; "unknown" for a number of a newer version. Static, never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn tofu_status_name(status: tofu_status) -> *const c_char {
    name(status).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_between_the_ends_has_a_name_of_its_own() {
        let names: Vec<_> = (TOFU_E_ROOTS..=TOFU_NO_MATCH).map(name).collect();
        assert!(!names.contains(&c"unknown"));
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        assert_eq!(name(TOFU_NO_MATCH + 1), c"unknown");
        assert_eq!(name(i32::MIN), c"unknown");
    }
}
