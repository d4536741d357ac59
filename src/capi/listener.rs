//! The listener: the application's own ear for the events of a store handle.

use std::ffi::c_void;
use std::sync::Arc;

use super::callback::{UserData, tofu_destroy_fn};
use super::error::tofu_error;
use super::event::tofu_event;
use super::guard::guard;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::store::{Event, Listener};

/// The library calls this with an event, which is borrowed for the time of the call. It runs on the thread of the call
/// that caused the event, after locks are released and before that call returns. It may call anything except to free
/// its own store, and must return (no exception, no longjmp).
pub type tofu_event_fn = Option<unsafe extern "C" fn(event: *const tofu_event, user_data: *mut c_void)>;

/// Sets a listener for the events of a store handle: every check, and every change made through it.
///
/// Events of other programs do not reach the listener; tofu_list_events lists them. A dry run causes no event.
///
/// @param store      must not be NULL.
/// @param listener   called from every thread that uses the store, and from several at once if the program has several;
///                   may be NULL, which removes the one set before.
/// @param user_data  handed to each call; may be NULL.
/// @param destroy    called once with user_data when the library will not use it any more: after another listener was
///                   set and no call is under way, with the last handle of the store, or at once if listener is NULL.
///                   It is not called if this call fails; may be NULL.
/// @param err        where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_set_listener(
    store: *mut tofu_store,
    listener: tofu_event_fn,
    user_data: *mut c_void,
    destroy: tofu_destroy_fn,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = call.object(store, "store")?;
            let user_data = UserData::new(user_data, destroy);
            store.store.set_listener(listener.map(|listener| relay(listener, user_data)));
            Ok(Answer::Ok)
        })
    }
}

fn relay(listener: unsafe extern "C" fn(*const tofu_event, *mut c_void), user_data: UserData) -> Listener {
    Arc::new(move |event: &Event| {
        let lent = tofu_event::from(event.clone());
        // SAFETY: the application gave both together to be called like this; the event lives until it returns.
        unsafe { listener(&raw const lent, user_data.pointer()) };
    })
}
