//! The two doors of the ABI: [`guard`] for calls that can fail and [`read`] for accessors, which
//! cannot. Both catch panics and poison the objects that were in use when one happened; [`guard`] also
//! keeps the error for `tofu_last_error` and for `tofu_error **err`. Every export goes through one of them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use super::error::{Failure, tofu_error};
use super::last;
use super::ptr::{Call, Object};
use super::status::{Answer, tofu_status};

/// Runs the body of a fallible export. What it returns is 0 or positive exactly when `body` answered.
///
/// # Safety
/// `err` is NULL or points to writable memory for one pointer.
pub(super) unsafe fn guard<'a>(
    err: *mut *mut tofu_error,
    body: impl FnOnce(&Call<'a>) -> Result<Answer, Failure>,
) -> tofu_status {
    last::clear();
    if !err.is_null() {
        // SAFETY: the promise of this function.
        unsafe { err.write(null_mut()) };
    }
    let call = Call::new();
    // What a panic leaves behind is poisoned below, and read by nobody after that.
    let failure = match catch_unwind(AssertUnwindSafe(|| body(&call))) {
        Ok(Ok(answer)) => {
            // A callback of the application may have made calls of its own.
            last::clear();
            return answer.status();
        }
        Ok(Err(failure)) => failure,
        Err(panic) => {
            call.poison_objects();
            Failure::internal(describe(panic))
        }
    };
    let status = failure.code().status();
    last::set(failure.message());
    if !err.is_null() {
        // SAFETY: the promise of this function.
        unsafe { err.write(Box::into_raw(Box::new(tofu_error::from(failure)))) };
    }
    status
}

/// Runs the body of an accessor: `fallback` for NULL, for a poisoned object, for what `body` does not
/// find, and for a panic.
///
/// # Safety
/// `object` is NULL or a live object of its type.
pub(super) unsafe fn read<'a, T: Object + 'a, R>(
    object: *const T,
    fallback: R,
    body: impl FnOnce(&'a T) -> Option<R>,
) -> R {
    // SAFETY: the promise of this function.
    let Some(object) = (unsafe { object.as_ref() }) else { return fallback };
    if object.poison().check(T::NOUN).is_err() {
        return fallback;
    }
    match catch_unwind(AssertUnwindSafe(|| body(object))) {
        Ok(found) => found.unwrap_or(fallback),
        Err(panic) => {
            object.poison().set();
            drop(describe(panic));
            fallback
        }
    }
}

/// Runs what belongs to no object and cannot fail (`tofu_text_template`, freeing).
pub(super) fn quiet<R>(fallback: R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        drop(describe(panic));
        fallback
    })
}

/// Frees an object.
///
/// # Safety
/// `object` is NULL or was given to the caller by this library as its own and not freed since.
pub(super) unsafe fn free<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: objects given to the caller come from `Box::into_raw`.
        quiet((), || drop(unsafe { Box::from_raw(object) }));
    }
}

/// The text of a panic. A payload that is no text is leaked: dropping it could panic again.
fn describe(panic: Box<dyn Any + Send>) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    match text {
        Some(text) => format!("internal error, please report it: {}", crate::text::excerpt(&text, 400)),
        None => {
            std::mem::forget(panic);
            "internal error, please report it".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ptr::Poison;
    use super::super::status::{TOFU_E_INTERNAL, TOFU_E_INVALID, TOFU_OK};
    use super::*;
    use std::ffi::CStr;

    #[derive(Default)]
    struct Thing {
        poison: Poison,
    }

    impl Object for Thing {
        const NOUN: &'static str = "thing";
        fn poison(&self) -> &Poison {
            &self.poison
        }
    }

    fn last() -> String {
        // SAFETY: a NUL-terminated buffer of this thread.
        unsafe { CStr::from_ptr(last::get()) }.to_str().unwrap().to_owned()
    }

    fn use_it(thing: &Thing, err: *mut *mut tofu_error, body: impl FnOnce() -> Answer) -> tofu_status {
        // SAFETY: `thing` lives and `err` is NULL or a local.
        unsafe {
            guard(err, |call| {
                call.object(thing, "thing")?;
                Ok(body())
            })
        }
    }

    #[test]
    fn a_panic_is_an_error_and_poisons_the_objects_in_use() {
        let (thing, other) = (Thing::default(), Thing::default());
        let mut err = null_mut();
        assert_eq!(use_it(&thing, &raw mut err, || panic!("boom \x1b[31m")), TOFU_E_INTERNAL);
        assert!(last().contains("boom \\x1B[31m"), "{}", last());
        assert!(!err.is_null());
        // SAFETY: given by `guard` just now.
        unsafe { free(err) };

        assert_eq!(use_it(&thing, null_mut(), || unreachable!()), TOFU_E_INTERNAL);
        assert!(last().contains("thing"), "{}", last());
        assert_eq!(use_it(&other, null_mut(), || Answer::Ok), TOFU_OK);
        assert_eq!(last(), "");
        // SAFETY: both live.
        unsafe {
            assert_eq!(read(&raw const thing, 0, |_| Some(1)), 0);
            assert_eq!(read(&raw const other, 0, |_| Some(1)), 1);
        }
    }

    #[test]
    fn a_panic_in_an_accessor_gives_the_fallback_and_poisons() {
        let thing = Thing::default();
        // SAFETY: it lives.
        unsafe {
            assert_eq!(read(&raw const thing, 0, |_| panic!("boom")), 0);
            assert_eq!(read(&raw const thing, 0, |_| Some(1)), 0);
        }
    }

    #[test]
    fn a_panic_with_a_strange_payload_does_not_panic_again() {
        struct Loud;
        impl Drop for Loud {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let thing = Thing::default();
        assert_eq!(use_it(&thing, null_mut(), || std::panic::panic_any(Loud)), TOFU_E_INTERNAL);
        assert_eq!(quiet(7, || std::panic::panic_any(Loud)), 7);
    }

    #[test]
    fn the_last_error_is_cleared_on_entry_and_set_by_failures() {
        // SAFETY: no pointer but NULL.
        let status = unsafe { guard(null_mut(), |_| Err(Failure::invalid("host: empty"))) };
        assert_eq!((status, last().as_str()), (TOFU_E_INVALID, "host: empty"));
        // SAFETY: as above.
        let status = unsafe { guard(null_mut(), |_| Ok(Answer::Ask)) };
        assert_eq!((status, last().as_str()), (Answer::Ask.status(), ""));
    }
}
