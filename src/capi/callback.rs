//! What the application hands over to be called back with: a pointer of its own, and the function that
//! is called once when nobody will use that pointer any more.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The library calls this once when it will not use a pointer of the application any more. It may run on any thread
/// that used the object. It may call anything, and must return (no exception, no longjmp).
pub type tofu_destroy_fn = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The application's pointer, destroyed once when this is dropped.
pub(super) struct UserData {
    /// Atomic only because that makes a pointer fit to be shared between threads.
    pointer: AtomicPtr<c_void>,
    destroy: tofu_destroy_fn,
}

impl UserData {
    /// Takes the pointer over.
    pub(super) fn new(pointer: *mut c_void, destroy: tofu_destroy_fn) -> Self {
        Self { pointer: AtomicPtr::new(pointer), destroy }
    }

    /// The pointer, to be handed back to the application.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.pointer.load(Ordering::Relaxed)
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the application gave both together, to be called once like this.
            unsafe { destroy(self.pointer()) };
        }
    }
}
