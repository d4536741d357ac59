//! What a pin made by hand is to be: the options of tofu_pin_add.

use std::ffi::c_char;

use super::building::Building;
use super::cert::tofu_cert;
use super::codes::{a_time, pin_kind, pin_state, tofu_pin_kind, tofu_pin_state};
use super::error::{Failure, tofu_error};
use super::guard::{free, guard};
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use crate::cert::Cert;
use crate::store::{PinKind, PinState};

/// What was set so far.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) kind: Option<PinKind>,
    pub(super) state: Option<PinState>,
    pub(super) value: Option<String>,
    pub(super) cert: Option<Cert>,
    pub(super) expires: i64,
    pub(super) comment: String,
}

/// What a pin made by hand is to be: its kind, its state, and what it names. One thread builds it; its first use
/// freezes it; it may be used again.
pub struct tofu_pin_options {
    poison: Poison,
    pub(super) wanted: Building<Wanted>,
}

impl Object for tofu_pin_options {
    const NOUN: &'static str = "pin options";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes options for tofu_pin_add. Kind, state, and a value or a certificate must be set.
///
/// @param out  where to write the options, owned by the caller, freed with tofu_pin_options_free; NULL on failure;
///             must not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_new(
    out: *mut *mut tofu_pin_options,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let wanted = Building::new("pin options", Wanted::default());
            call.out(out, "out")?.give(tofu_pin_options { poison: Poison::default(), wanted });
            Ok(Answer::Ok)
        })
    }
}

/// Sets what the pin is about.
///
/// @param options  not yet used; must not be NULL.
/// @param kind     one of TOFU_PIN_KIND_....
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for another number. A refusal is remembered, and
///         tofu_pin_add fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_set_kind(
    options: *mut tofu_pin_options,
    kind: tofu_pin_kind,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.wanted.edit(|draft| {
                draft.kind = Some(pin_kind(kind)?);
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets how the pin counts.
///
/// @param options  not yet used; must not be NULL.
/// @param state    TOFU_PIN_STATE_TRUSTED, TOFU_PIN_STATE_STAGED, TOFU_PIN_STATE_BLOCKED or TOFU_PIN_STATE_COMPROMISED.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for another number. A refusal is remembered, and
///         tofu_pin_add fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_set_state(
    options: *mut tofu_pin_options,
    state: tofu_pin_state,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.wanted.edit(|draft| {
                draft.state = Some(settable(pin_state(state)?)?);
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets what the pin names, as text.
///
/// If a certificate is set too, the two must agree.
///
/// @param options  not yet used; must not be NULL.
/// @param value    a SHA-256 fingerprint of the key or certificate in any usual spelling (base64 for keys only), or for
///                 TOFU_PIN_KIND_NAME the name as a certificate presents it, with a wildcard only above two labels;
///                 NUL-terminated; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and
///         tofu_pin_add fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_set_value(
    options: *mut tofu_pin_options,
    value: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.wanted.edit(|draft| {
                draft.value = Some(call.text(value, "value")?.to_owned());
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets the certificate that the pin is for, which is kept with it.
///
/// Without a value the pin names the key of the certificate, or for TOFU_PIN_KIND_CERT the certificate itself.
///
/// @param options  not yet used; must not be NULL.
/// @param cert     borrowed; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and
///         tofu_pin_add fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_set_cert(
    options: *mut tofu_pin_options,
    cert: *const tofu_cert,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.wanted.edit(|draft| {
                draft.cert = Some(call.object(cert, "cert")?.cert.clone());
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// Sets when the pin stops counting.
///
/// @param options  not yet used; must not be NULL.
/// @param expires  seconds since the epoch, UTC; 0 for never; a negative time is refused.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use; TOFU_E_INVALID for a negative time. A refusal is remembered, and
///         tofu_pin_add fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_set_expires(
    options: *mut tofu_pin_options,
    expires: i64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.wanted.edit(|draft| {
                draft.expires = a_time("expires", expires)?;
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
/// @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and
///         tofu_pin_add fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_set_comment(
    options: *mut tofu_pin_options,
    comment: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(options, "options")?.wanted.edit(|draft| {
                draft.comment = call.text(comment, "comment")?.to_owned();
                Ok(())
            })?;
            Ok(Answer::Ok)
        })
    }
}

/// A pin made by hand cannot begin as a replaced one.
fn settable(state: PinState) -> Result<PinState, Failure> {
    match state {
        PinState::Retired => Err(Failure::invalid("state: TOFU_PIN_STATE_RETIRED is for pins that were replaced")),
        other => Ok(other),
    }
}

/// Frees the options.
///
/// @param options  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_pin_options_free(options: *mut tofu_pin_options) {
    // SAFETY: `options` as its @param says.
    unsafe { free(options) }
}
