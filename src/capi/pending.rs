//! Pending questions: asks that nobody could answer when they came up, found again and decided anew.

use std::ffi::c_char;
use std::ptr::null;

use super::check;
use super::check_options::tofu_check_options;
use super::endpoint::tofu_endpoint;
use super::error::tofu_error;
use super::guard::{guard, read};
use super::ptr::{EMPTY, Object, Poison};
use super::shelf::Shelf;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use super::verdict::tofu_verdict;
use crate::store::Pending;
use crate::time::system_now;

/// A field of a pending question, for tofu_pending_number and tofu_pending_string.
pub type tofu_pending_field = i32;
/// Number: how often it was asked.
pub const TOFU_PENDING_FIELD_COUNT: tofu_pending_field = 2301;
/// Number: when it was first asked.
pub const TOFU_PENDING_FIELD_FIRST: tofu_pending_field = 2302;
/// Number: when it was last asked.
pub const TOFU_PENDING_FIELD_LAST: tofu_pending_field = 2303;
/// Number: 1 if the known key was accepted after this one was seen, which is a reason for distrust.
pub const TOFU_PENDING_FIELD_CONTRADICTED: tofu_pending_field = 2304;
/// Text: the id of the verdict that asked, as tofu_verdict_id gave it. tofu_pending_dismiss takes it.
pub const TOFU_PENDING_FIELD_ID: tofu_pending_field = 2305;
/// Text: the key that was seen, as "sha256//" and base64.
pub const TOFU_PENDING_FIELD_KEY: tofu_pending_field = 2306;
/// Text: the fingerprint of the certificate that was seen, as hexadecimal pairs.
pub const TOFU_PENDING_FIELD_CERT: tofu_pending_field = 2307;

/// A question that nobody could answer when it came up, as it was when it was listed. It is immutable.
pub struct tofu_pending {
    poison: Poison,
    pub(super) pending: Pending,
    endpoint: Box<tofu_endpoint>,
    shelf: Shelf,
}

impl From<Pending> for tofu_pending {
    fn from(pending: Pending) -> Self {
        let endpoint = Box::new(pending.endpoint.clone().into());
        Self { poison: Poison::default(), pending, endpoint, shelf: Shelf::default() }
    }
}

impl Object for tofu_pending {
    const NOUN: &'static str = "pending question";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Gives the endpoint that a question is about.
///
/// @param pending  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the question; NULL for NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pending_endpoint(pending: *const tofu_pending) -> *const tofu_endpoint {
    // SAFETY: `pending` as its @param says.
    unsafe { read(pending, null(), |p| Some(std::ptr::from_ref(p.endpoint.as_ref()))) }
}

/// Gives a number of a question.
///
/// @param pending  borrowed; may be NULL, which gives 0.
/// @param field    a field TOFU_PENDING_FIELD_... that is a number; another one gives 0.
/// @return a number, or a time in seconds since the epoch, UTC.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pending_number(pending: *const tofu_pending, field: tofu_pending_field) -> i64 {
    // SAFETY: `pending` as its @param says.
    unsafe {
        read(pending, 0, |p| match field {
            TOFU_PENDING_FIELD_COUNT => i64::try_from(p.pending.count).ok(),
            TOFU_PENDING_FIELD_FIRST => Some(p.pending.first),
            TOFU_PENDING_FIELD_LAST => Some(p.pending.last),
            TOFU_PENDING_FIELD_CONTRADICTED => Some(p.pending.contradicted.into()),
            _ => None,
        })
    }
}

/// Gives a text of a question, escaped and fit to show.
///
/// @param pending  borrowed; may be NULL, which gives "".
/// @param field    a field TOFU_PENDING_FIELD_... that is a text; another one gives "".
/// @return NUL-terminated UTF-8, borrowed from the question; never NULL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pending_string(pending: *const tofu_pending, field: tofu_pending_field) -> *const c_char {
    // SAFETY: `pending` as its @param says.
    unsafe { read(pending, EMPTY, |p| p.shelf.text(("string", field, 0, ""), || text(&p.pending, field))) }
}

fn text(pending: &Pending, field: tofu_pending_field) -> Option<String> {
    Some(match field {
        TOFU_PENDING_FIELD_ID => crate::text::escape(&pending.verdict_id),
        TOFU_PENDING_FIELD_KEY => pending.spki.key_pin(),
        TOFU_PENDING_FIELD_CERT => pending.chain.first()?.colon_hex(),
        _ => return None,
    })
}

/// Decides a question again, with the chain that was seen then and with what is known now.
///
/// Answer the verdict with tofu_verdict_trust, at most 30 days after the question was last asked, or with tofu_pin_add
/// to block; both end the question. Looking at a question writes nothing and causes no event. TOFU_OK says that the
/// chain would be accepted by now; there is no connection to send anything over.
///
/// @param store    the store that the question was found in; must not be NULL.
/// @param pending  borrowed; must not be NULL.
/// @param options  their time, flags, policy and additions to the policy count; frozen by this call; may be NULL for
///                 none.
/// @param verdict  where to write the verdict, owned by the caller, freed with tofu_verdict_free; written for TOFU_OK,
///                 TOFU_ASK and TOFU_REJECT, NULL otherwise; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_ASK; TOFU_REJECT; TOFU_E_PARSE, TOFU_E_ROOTS and TOFU_E_STATE as in tofu_check_peer; what a
///         setter of the options was refused with; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pending_check(
    store: *mut tofu_store,
    pending: *const tofu_pending,
    options: *const tofu_check_options,
    verdict: *mut *mut tofu_verdict,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let verdict = call.out(verdict, "verdict")?;
            let store = call.object(store, "store")?;
            let pending = call.object(pending, "pending")?;
            let made = check::again(store, &pending.pending, call.optional(options, "options")?)?;
            let answer = made.answer();
            verdict.give(made);
            Ok(answer)
        })
    }
}

/// Removes a question without an answer. The server is neither trusted nor blocked, and the next contact asks again.
///
/// @param store       must not be NULL.
/// @param verdict_id  as tofu_verdict_id or TOFU_PENDING_FIELD_ID gave it, NUL-terminated; must not be NULL.
/// @param err         where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pending_dismiss(
    store: *mut tofu_store,
    verdict_id: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(store, "store")?.store.dismiss(call.text(verdict_id, "verdict_id")?, system_now())?;
            Ok(Answer::Ok)
        })
    }
}
