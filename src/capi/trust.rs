//! The user's answer to a verdict: what exactly is trusted, and for how long.

use std::ffi::c_char;

use super::building::Building;
use super::codes::{
    TOFU_TRUST_ADD, TOFU_TRUST_SESSION, a_time, pin_kind, refuse_unknown_bits, tofu_pin_kind, tofu_trust_flags,
};
use super::error::tofu_error;
use super::guard::{free, guard};
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use super::verdict::tofu_verdict;
use crate::time::system_now;
use crate::trust;

/// How an answer is to be remembered. One thread builds it; its first use freezes it; it may be used again. Without
/// one, the suggested kind of pin is trusted until it is replaced.
pub struct tofu_trust_options {
    poison: Poison,
    /// The answer but for its time, which is that of the call.
    answer: Building<trust::Answer>,
}

impl Object for tofu_trust_options {
    const NOUN: &'static str = "trust options";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes options for tofu_verdict_trust: the suggested kind of pin, no flags, no end, no fingerprint, no comment.
///
/// @param out  where to write the options, owned by the caller, freed with tofu_trust_options_free; NULL on failure;
///             must not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_trust_options_new(
    out: *mut *mut tofu_trust_options,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let answer = Building::new("trust options", trust::Answer::default());
            call.out(out, "out")?.give(tofu_trust_options { poison: Poison::default(), answer });
            Ok(Answer::Ok)
        })
    }
}

/// Chooses a kind of pin other than the suggested one.
///
/// @param options  not yet used; must not be NULL.
/// @param kind     one of TOFU_PIN_KIND_..., for which tofu_verdict_offers gives 1.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for another number. A refusal is remembered, and
///         tofu_verdict_trust fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_trust_options_set_kind(
    options: *mut tofu_trust_options,
    kind: tofu_pin_kind,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.answer.edit(|draft| {
                draft.kind = Some(pin_kind(kind)?);
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets how the answer is remembered, in place of flags set before.
///
/// @param options  not yet used; must not be NULL.
/// @param flags    any of TOFU_TRUST_...; other bits are refused.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for other bits. A refusal is remembered, and
///         tofu_verdict_trust fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_trust_options_set_flags(
    options: *mut tofu_trust_options,
    flags: tofu_trust_flags,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.answer.edit(|draft| {
                refuse_unknown_bits(flags, TOFU_TRUST_SESSION | TOFU_TRUST_ADD)?;
                draft.session = flags & TOFU_TRUST_SESSION != 0;
                draft.add = flags & TOFU_TRUST_ADD != 0;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets when the trust ends.
///
/// @param options  not yet used; must not be NULL.
/// @param expires  seconds since the epoch, UTC; 0 for never; a negative time is refused.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for a negative time. A refusal is remembered, and
///         tofu_verdict_trust fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_trust_options_set_expires(
    options: *mut tofu_trust_options,
    expires: i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.answer.edit(|draft| {
                draft.expires = a_time("expires", expires)?;
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Gives the fingerprint that a person typed, where tofu_verdict_answer says TOFU_ANSWER_FINGERPRINT.
///
/// @param options  not yet used; must not be NULL.
/// @param typed    the full SHA-256 fingerprint of the key or certificate in any usual spelling, as the person typed it
///                 and not as the server sent it, NUL-terminated; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and tofu_verdict_trust fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_trust_options_set_typed(
    options: *mut tofu_trust_options,
    typed: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.answer.edit(|draft| {
                draft.typed = Some(call.text(typed, "typed")?.to_owned());
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Adds a note that is kept with the pin.
///
/// @param options  not yet used; must not be NULL.
/// @param comment  NUL-terminated UTF-8; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and tofu_verdict_trust fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_trust_options_set_comment(
    options: *mut tofu_trust_options,
    comment: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.answer.edit(|draft| {
                draft.comment = call.text(comment, "comment")?.to_owned();
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Frees the options.
///
/// @param options  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_trust_options_free(options: *mut tofu_trust_options) {
    // SAFETY: `options` as its @param says.
    unsafe { free(options) }
}

/// Records the user's yes: trusts exactly the chain of this verdict, for its endpoint alone.
///
/// Call it after a person has answered what tofu_verdict_answer says; it asks nobody. The verdict must be one of this
/// store, at most 24 hours old, whose server proved that it holds the key, and nothing that it was made from may have
/// changed since. If another call has recorded the same trust in the meantime, this one succeeds and sets the end and
/// the note given here. Then check again, on the same connection (tofu_conn_handshake, tofu_check_peer,
/// tofu_check_chain), and send something only after TOFU_OK: the check decides with the answer and with everything else
/// that is known by then, a block from another program included. To block instead, call tofu_pin_add.
///
/// @param store    the store that the verdict was made with; must not be NULL.
/// @param verdict  borrowed; must not be NULL.
/// @param options  how to remember the answer; frozen by this call; may be NULL for the suggested kind of pin without
///                 an end. Where a new issuer or an upgrade is asked about (the policy "careful"), no kind means that
///                 it is accepted without a pin.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: recorded, durably unless TOFU_TRUST_SESSION. TOFU_E_NOT_OFFERED for an answer that the verdict does
///         not take: see tofu_verdict_answer and tofu_verdict_offers. TOFU_E_STALE for a verdict that is too old or was
///         overtaken by a change: check again and ask again. TOFU_E_INVALID also for a typed fingerprint that is none
///         or another one. TOFU_E_ROOTS, TOFU_E_PARSE and TOFU_E_STATE as in tofu_check_peer. What a setter of the
///         options was refused with. Store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_verdict_trust(
    store: *mut tofu_store,
    verdict: *const tofu_verdict,
    options: *const tofu_trust_options,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = call.object(store, "store")?;
            let verdict = call.object(verdict, "verdict")?;
            let options = call.optional(options, "options")?;
            let answer = options.map_or(Ok(trust::Answer::default()), |options| options.answer.freeze().cloned())?;
            let now = system_now().saturating_add(verdict.clock_offset);
            trust::trust(&store.store, &verdict.verdict, &trust::Answer { now, ..answer })?;
            Ok(Answer::Ok)
        })
    }
}
