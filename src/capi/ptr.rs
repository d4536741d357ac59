//! Pointers from C become references, slices, strings and places to write to, and descriptors become owned, here and nowhere
//! else. Each rule of the header about NULL, length and encoding is one function of [`Call`].

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::{Code, Failure};

/// Set on an object that was in use when a panic was caught: what it holds may be half done.
#[derive(Default)]
pub(super) struct Poison(AtomicBool);

impl Poison {
    /// Refuses a poisoned object.
    pub(super) fn check(&self, noun: &str) -> Result<(), Failure> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Failure::internal(format!("{noun}: unusable since an internal error in an earlier call")));
        }
        Ok(())
    }

    /// Makes the object unusable; it can still be freed.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What every opaque type of the header is.
pub(super) trait Object {
    /// How messages call it.
    const NOUN: &'static str;
    /// Its poison flag.
    fn poison(&self) -> &Poison;
}

/// The objects that one call takes, at most; a test holds the header to it.
const MAX_OBJECTS: usize = 4;

/// One fallible call: turns its arguments into Rust values and remembers which objects it touches.
pub(super) struct Call<'a> {
    touched: [Cell<Option<&'a Poison>>; MAX_OBJECTS],
}

impl<'a> Call<'a> {
    /// A call that has touched nothing yet.
    pub(super) fn new() -> Self {
        Self { touched: [const { Cell::new(None) }; MAX_OBJECTS] }
    }

    /// After a panic: none of the objects touched is usable any more.
    pub(super) fn poison_objects(&self) {
        self.touched.iter().filter_map(Cell::get).for_each(Poison::set);
    }

    /// An object that must not be NULL.
    ///
    /// # Safety
    /// `ptr` is NULL or a live object of its type that nobody frees during the call.
    pub(super) unsafe fn object<T: Object>(&self, ptr: *const T, name: &'static str) -> Result<&'a T, Failure> {
        // SAFETY: the promise of this function. Objects are only ever used through shared references.
        let object: &'a T = unsafe { ptr.as_ref() }.ok_or_else(|| Failure::null(name))?;
        object.poison().check(T::NOUN)?;
        let free = self.touched.iter().find(|slot| slot.get().is_none());
        free.ok_or_else(|| Failure::internal("more objects than a call can hold"))?.set(Some(object.poison()));
        Ok(object)
    }

    /// An object that may be NULL.
    ///
    /// # Safety
    /// As for [`Call::object`].
    pub(super) unsafe fn optional<T: Object>(
        &self,
        ptr: *const T,
        name: &'static str,
    ) -> Result<Option<&'a T>, Failure> {
        if ptr.is_null() {
            return Ok(None);
        }
        // SAFETY: the promise of this function.
        unsafe { self.object(ptr, name) }.map(Some)
    }

    /// A callback that must not be NULL.
    pub(super) fn callback<F>(&self, function: Option<F>, name: &'static str) -> Result<F, Failure> {
        function.ok_or_else(|| Failure::null(name))
    }

    /// Bytes: NULL with length 0 is empty, NULL with a length is an error.
    ///
    /// # Safety
    /// `ptr` is NULL or `len` bytes can be read from it, unchanged during the call.
    pub(super) unsafe fn bytes(&self, ptr: *const u8, len: usize, name: &'static str) -> Result<&'a [u8], Failure> {
        if len == 0 {
            return Ok(&[]);
        }
        if ptr.is_null() {
            return Err(Failure::null(name));
        }
        if isize::try_from(len).is_err() {
            return Err(Failure::invalid(format!("{name}: has an invalid length of {len} bytes")));
        }
        // SAFETY: the promise of this function, and the length fits.
        Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
    }

    /// A list of values: NULL with count 0 is empty, NULL with a count is an error.
    ///
    /// # Safety
    /// `ptr` is NULL or `count` values can be read from it, unchanged during the call.
    pub(super) unsafe fn list<V>(&self, ptr: *const V, count: usize, name: &'static str) -> Result<&'a [V], Failure> {
        if count == 0 {
            return Ok(&[]);
        }
        if ptr.is_null() {
            return Err(Failure::null(name));
        }
        let bytes = count.checked_mul(size_of::<V>());
        if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            return Err(Failure::invalid(format!("{name}: {count} is more than memory can hold")));
        }
        // SAFETY: the promise of this function, and the length fits.
        Ok(unsafe { std::slice::from_raw_parts(ptr, count) })
    }

    /// Room for bytes: NULL with length 0 is none, NULL with a length is an error.
    ///
    /// # Safety
    /// `ptr` is NULL or `len` bytes can be written to it, which nobody else touches during the call.
    pub(super) unsafe fn buffer(&self, ptr: *mut u8, len: usize, name: &'static str) -> Result<&'a mut [u8], Failure> {
        if len == 0 {
            return Ok(&mut []);
        }
        if ptr.is_null() {
            return Err(Failure::null(name));
        }
        if isize::try_from(len).is_err() {
            return Err(Failure::invalid(format!("{name}: has an invalid length of {len} bytes")));
        }
        // SAFETY: the promise of this function, and the length fits.
        Ok(unsafe { std::slice::from_raw_parts_mut(ptr, len) })
    }

    /// A descriptor of the caller's, duplicated (close-on-exec).
    ///
    /// # Safety
    /// `fd` is negative, closed, or stays open during the call.
    pub(super) unsafe fn descriptor(&self, fd: c_int, name: &'static str) -> Result<OwnedFd, Failure> {
        if fd < 0 {
            return Err(Failure::invalid(format!("{name}: {fd} is not a descriptor")));
        }
        // SAFETY: not -1. A closed one is only asked to be duplicated, which the system refuses.
        let theirs = unsafe { BorrowedFd::borrow_raw(fd) };
        theirs.try_clone_to_owned().map_err(|error| {
            let message = format!("{name}: {fd}: {error}");
            if error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error()) {
                return Failure::invalid(message);
            }
            Failure::new(Code::Io, "system", message)
        })
    }

    /// A string that must not be NULL: NUL-terminated UTF-8.
    ///
    /// # Safety
    /// `ptr` is NULL or a NUL-terminated string, unchanged during the call.
    pub(super) unsafe fn text(&self, ptr: *const c_char, name: &'static str) -> Result<&'a str, Failure> {
        if ptr.is_null() {
            return Err(Failure::null(name));
        }
        // SAFETY: the promise of this function.
        unsafe { CStr::from_ptr(ptr) }
            .to_str()
            .map_err(|e| Failure::invalid(format!("{name}: not UTF-8 at byte {}", e.valid_up_to())))
    }

    /// A string that may be NULL.
    ///
    /// # Safety
    /// As for [`Call::text`].
    pub(super) unsafe fn optional_text(
        &self,
        ptr: *const c_char,
        name: &'static str,
    ) -> Result<Option<&'a str>, Failure> {
        if ptr.is_null() {
            return Ok(None);
        }
        // SAFETY: the promise of this function.
        unsafe { self.text(ptr, name) }.map(Some)
    }

    /// The place for a new object, set to NULL at once; must not be NULL itself.
    ///
    /// # Safety
    /// `ptr` is NULL or points to writable memory for one pointer.
    pub(super) unsafe fn out<T>(&self, ptr: *mut *mut T, name: &'static str) -> Result<Place<*mut T>, Failure> {
        // SAFETY: the promise of this function.
        unsafe { self.place(ptr, null_mut(), name) }
    }

    /// The place for a new object, set to NULL at once; may be NULL, then the object is not wanted.
    ///
    /// # Safety
    /// As for [`Call::out`].
    pub(super) unsafe fn optional_out<T>(&self, ptr: *mut *mut T) -> Option<Place<*mut T>> {
        // SAFETY: the promise of this function.
        unsafe { self.place(ptr, null_mut(), "") }.ok()
    }

    /// The place for a value, set to `empty` at once; must not be NULL.
    ///
    /// # Safety
    /// `ptr` is NULL or points to writable memory for one value.
    pub(super) unsafe fn place<V>(&self, ptr: *mut V, empty: V, name: &'static str) -> Result<Place<V>, Failure> {
        if ptr.is_null() {
            return Err(Failure::null(name));
        }
        // SAFETY: the promise of this function.
        unsafe { ptr.write(empty) };
        Ok(Place(ptr))
    }
}

/// Somewhere to write an output, once. Made by [`Call`] only, whose caller promised that it is writable.
pub(super) struct Place<V>(*mut V);

impl<V> Place<V> {
    /// Writes the output.
    pub(super) fn set(self, value: V) {
        // SAFETY: promised when the place was made.
        unsafe { self.0.write(value) };
    }
}

impl<T> Place<*mut T> {
    /// Hands a new object to the caller, who frees it.
    pub(super) fn give(self, object: T) {
        self.set(Box::into_raw(Box::new(object)));
    }
}

/// Writes to a place that may be NULL, outside fallible calls.
///
/// # Safety
/// `ptr` is NULL or points to writable memory for one value.
pub(super) unsafe fn write_if_wanted<V>(ptr: *mut V, value: V) {
    if !ptr.is_null() {
        // SAFETY: the promise of this function.
        unsafe { ptr.write(value) };
    }
}

/// A string given to an accessor: `None` for NULL and for what is not UTF-8, which no name is.
///
/// # Safety
/// `ptr` is NULL or a NUL-terminated string that stays as it is during the call.
pub(super) unsafe fn name<'a>(ptr: *const c_char) -> Option<&'a str> {
    if ptr.is_null() {
        return None;
    }
    // SAFETY: the promise of this function.
    unsafe { CStr::from_ptr(ptr) }.to_str().ok()
}

/// A string given for showing: `None` for NULL; what is not UTF-8 is replaced.
///
/// # Safety
/// `ptr` is NULL or a NUL-terminated string that stays as it is during the call.
pub(super) unsafe fn lossy(ptr: *const c_char) -> Option<String> {
    if ptr.is_null() {
        return None;
    }
    // SAFETY: the promise of this function.
    Some(unsafe { CStr::from_ptr(ptr) }.to_string_lossy().into_owned())
}

/// What string accessors give when there is nothing: an empty string, never NULL.
pub(super) const EMPTY: *const c_char = c"".as_ptr();
