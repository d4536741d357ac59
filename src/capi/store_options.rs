//! How a store is to be opened.

use std::ffi::c_char;
use std::sync::Arc;

use super::backend::Callbacks;
use super::building::Building;
use super::error::{Failure, tofu_error};
use super::guard::{free, guard};
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use crate::store::StoreOptions;
use crate::text::excerpt;

/// How a store is to be opened. One thread builds it; its first use freezes it; it may be used again.
pub struct tofu_store_options {
    poison: Poison,
    pub(super) options: Building<Opening>,
}

/// What a store is opened with.
#[derive(Default)]
pub(super) struct Opening {
    pub(super) options: StoreOptions,
    /// The application's own storage instead of a file.
    pub(super) backend: Option<Arc<Callbacks>>,
}

impl Object for tofu_store_options {
    const NOUN: &'static str = "store options";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Makes store options: created if missing, writable, waiting at most 2 s for other programs.
///
/// @param out  where to write the options, owned by the caller, freed with tofu_store_options_free; NULL on
///             failure; must not be NULL.
/// @param err  where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_options_new(
    out: *mut *mut tofu_store_options,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = Building::new("store options", Opening::default());
            call.out(out, "out")?.give(tofu_store_options { poison: Poison::default(), options });
            Ok(Answer::Ok)
        })
    }
}

/// Sets an option.
///
/// - "application": the name of the program, which the log keeps.
/// - "busy-ms": how many milliseconds a call may wait for other programs; 2000 by default.
/// - "read-only": "yes" opens the store without the right to write; "no" is the default.
/// - "create": "no" fails if the file does not exist; "yes" is the default.
/// - "accept-loss": "yes" goes on with a store that is known to have held more (it vanished, was replaced or went back
///   in time). Set it for one call that a person asked for, and never by default; "no" is the default.
/// - "layer": the path of a read-only store of the system below this one, which must belong to root. It may be set
///   several times, the nearest first.
/// - "log-events" and "log-age": how many events the log keeps, and for how many seconds.
///
/// @param options  not yet used; must not be NULL.
/// @param field    the name of the option, NUL-terminated; must not be NULL.
/// @param value    its value, NUL-terminated; must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also for an unknown option or value; TOFU_E_STATE after the first use. A refusal is
///         remembered, and tofu_store_open fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_options_set(
    options: *mut tofu_store_options,
    field: *const c_char,
    value: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = call.object(options, "options")?;
            options
                .options
                .edit(|draft| set(&mut draft.options, call.text(field, "field")?, call.text(value, "value")?))?;
            Ok(Answer::Ok)
        })
    }
}

/// Bytes of an application's name, at most.
const MAX_APPLICATION: usize = 255;

fn set(options: &mut StoreOptions, field: &str, value: &str) -> Result<(), Failure> {
    let refuse = |what: &str| Err(Failure::invalid(format!("value: {} is {what} {field}", excerpt(value, 80))));
    match (field, value) {
        ("application", name) if name.len() > MAX_APPLICATION || name.chars().any(char::is_control) => {
            return refuse("too long or not fit to show as");
        }
        ("application", name) => name.clone_into(&mut options.application),
        ("busy-ms" | "log-events" | "log-age", text) => {
            let Ok(number) = text.parse::<u32>() else { return refuse("not a number for") };
            match field {
                "busy-ms" => options.busy_ms = Some(number.into()),
                "log-events" => options.log_events = Some(number.into()),
                _ => options.log_age = Some(number.into()),
            }
        }
        ("layer", "") => return refuse("no path for"),
        ("layer", path) => options.layers.push(path.into()),
        ("read-only", "yes") => options.read_only = true,
        ("read-only", "no") => options.read_only = false,
        ("create", "yes") => options.must_exist = false,
        ("create", "no") => options.must_exist = true,
        ("accept-loss", "yes") => options.accept_loss = true,
        ("accept-loss", "no") => options.accept_loss = false,
        ("read-only" | "create" | "accept-loss", _) => return refuse("neither yes nor no for"),
        _ => return Err(Failure::invalid(format!("field: {} is not a store option", excerpt(field, 80)))),
    }
    Ok(())
}

/// Frees store options; stores opened with them live on.
///
/// @param options  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_options_free(options: *mut tofu_store_options) {
    // SAFETY: `options` as its @param says.
    unsafe { free(options) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_everything_else_is_refused_by_name() {
        let mut options = StoreOptions::default();
        for (field, value) in [("application", "mutt"), ("busy-ms", "50"), ("read-only", "yes"), ("create", "no")] {
            set(&mut options, field, value).unwrap();
        }
        assert_eq!((options.application.as_str(), options.busy_ms), ("mutt", Some(50)));
        assert!(options.read_only && options.must_exist);
        for (field, value) in [
            ("application", "a\nb"),
            ("busy-ms", "-1"),
            ("log-age", "4294967296"),
            ("accept-loss", "Yes"),
            ("read-only", "1"),
            ("create", ""),
            ("cre\nate", "yes"),
        ] {
            let failure = set(&mut options, field, value).unwrap_err();
            assert!(!failure.message().contains('\n'), "{}", failure.message());
        }
    }
}
