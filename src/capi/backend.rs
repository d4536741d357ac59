//! The application's own storage as an engine of the store: three callbacks over ordered keys and
//! values. What they answer is held against docs/backend.md; what they report as failure is an error of
//! the store, never an empty answer.

use std::ffi::c_void;
use std::ptr::null;
use std::sync::{Arc, Mutex, PoisonError};

use super::callback::{UserData, tofu_destroy_fn};
use super::codes::{TOFU_OP_DELETE, TOFU_OP_EXPECT, TOFU_OP_EXPECT_ABSENT, TOFU_OP_PUT, tofu_op};
use super::error::tofu_error;
use super::guard::{guard, read};
use super::ptr::{Call, Object, Poison, write_if_wanted};
use super::status::{Answer, TOFU_E_CONFLICT, TOFU_OK, name, tofu_status};
use super::store_options::tofu_store_options;
use crate::store::{Batch, Engine, Op, Pair, StoreError};

/// Reads one key. The callback calls tofu_sink_put once if the key is there, does not call it if the key is absent, and
/// returns TOFU_OK. Any other number says that it cannot tell, which the library never takes for "absent". The library
/// may call it on any thread that uses the store, and on several at once. It must return (no exception, no longjmp).
pub type tofu_backend_get_fn =
    Option<unsafe extern "C" fn(key: *const u8, key_len: usize, sink: *mut tofu_sink, user_data: *mut c_void) -> i32>;

/// Reads a range as of one moment. The callback calls tofu_sink_put for the first `limit` keys that begin with `prefix`
/// and come after `after` (not equal to it), in ascending order of bytes, a shorter key before its extensions, and
/// returns TOFU_OK. Any other number is a failure. Threads as for tofu_backend_get_fn.
pub type tofu_backend_scan_fn = Option<
    unsafe extern "C" fn(
        after: *const u8,
        after_len: usize,
        prefix: *const u8,
        prefix_len: usize,
        limit: usize,
        sink: *mut tofu_sink,
        user_data: *mut c_void,
    ) -> i32,
>;

/// Applies a batch durably and as a whole, or not at all: no other commit may come between its expectations and its
/// changes. The callback returns TOFU_OK, or TOFU_E_CONFLICT if an expectation is not met, and the library then tries
/// again with what is there now. Any other number is a failure. Threads as for tofu_backend_get_fn.
pub type tofu_backend_commit_fn = Option<unsafe extern "C" fn(batch: *const tofu_batch, user_data: *mut c_void) -> i32>;

/// The most that one callback may put into a sink, in bytes.
const MAX_SINK: usize = 64 * 1024 * 1024;

/// Takes the answer of a get or scan callback. It is valid during that callback only.
pub struct tofu_sink {
    poison: Poison,
    answer: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    pairs: Vec<Pair>,
    bytes: usize,
    /// What was wrong with something put in.
    refused: Option<&'static str>,
}

impl tofu_sink {
    fn new() -> Self {
        Self { poison: Poison::default(), answer: Mutex::default() }
    }

    fn put(&self, pair: Result<Pair, &'static str>, limit: usize) {
        let mut taken = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, value) = match pair {
            Ok(pair) => pair,
            Err(what) => return taken.refused = Some(what),
        };
        taken.bytes = taken.bytes.saturating_add(key.len()).saturating_add(value.len());
        if taken.bytes > limit {
            taken.refused = Some("it put more than 64 MiB");
            taken.pairs.clear();
        } else {
            taken.pairs.push((key, value));
        }
    }

    /// What was put, if the callback was content and nothing was wrong.
    fn answer(self, what: &str, status: i32) -> Result<Vec<Pair>, StoreError> {
        let taken = self.answer.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (status, taken.refused) {
            (TOFU_OK, None) => Ok(taken.pairs),
            (TOFU_OK, Some(refused)) => Err(failed(what, refused)),
            (status, _) => Err(failed(what, &reported(status))),
        }
    }
}

impl Object for tofu_sink {
    const NOUN: &'static str = "sink";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// The changes of one commit. It is valid during the commit callback only.
pub struct tofu_batch {
    poison: Poison,
    ops: Batch,
}

impl Object for tofu_batch {
    const NOUN: &'static str = "batch";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

fn failed(callback: &str, what: &str) -> StoreError {
    StoreError::Backend { what: format!("{callback}: {what}") }
}

fn reported(status: i32) -> String {
    format!("it returned {status} ({})", name(status).to_string_lossy())
}

/// The callbacks of an application, shared by the stores opened with them.
pub(super) struct Callbacks {
    get: unsafe extern "C" fn(*const u8, usize, *mut tofu_sink, *mut c_void) -> i32,
    scan: unsafe extern "C" fn(*const u8, usize, *const u8, usize, usize, *mut tofu_sink, *mut c_void) -> i32,
    commit: unsafe extern "C" fn(*const tofu_batch, *mut c_void) -> i32,
    user_data: UserData,
}

/// An engine on the application's own storage.
pub(super) struct BackendEngine(pub(super) Arc<Callbacks>);

impl Engine for BackendEngine {
    fn name(&self) -> String {
        "backend".to_owned()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut sink = tofu_sink::new();
        // SAFETY: the application gave the function to be called like this; key and sink live until it returns.
        let status = unsafe { (self.0.get)(key.as_ptr(), key.len(), &raw mut sink, self.0.user_data.pointer()) };
        let mut pairs = sink.answer("get", status)?.into_iter();
        match (pairs.next(), pairs.next()) {
            (None, _) => Ok(None),
            (Some((found, value)), None) if found == key => Ok(Some(value)),
            (Some(_), None) => Err(failed("get", "it put another key than the one asked for")),
            (Some(_), Some(_)) => Err(failed("get", "it put more than one value")),
        }
    }

    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let mut sink = tofu_sink::new();
        // SAFETY: as in `get`.
        let status = unsafe {
            (self.0.scan)(
                after.as_ptr(),
                after.len(),
                prefix.as_ptr(),
                prefix.len(),
                limit,
                &raw mut sink,
                self.0.user_data.pointer(),
            )
        };
        // That the keys are in order and in range is checked by whoever reads them, as for every engine.
        sink.answer("scan", status)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let lent = tofu_batch { poison: Poison::default(), ops: batch.clone() };
        // SAFETY: as in `get`.
        match unsafe { (self.0.commit)(&raw const lent, self.0.user_data.pointer()) } {
            TOFU_OK => Ok(()),
            TOFU_E_CONFLICT => Err(StoreError::Conflict { store: self.name() }),
            status => Err(failed("commit", &reported(status))),
        }
    }

    fn read_only(&self) -> bool {
        false
    }
}

/// Keeps the store in the application's own storage, as ordered keys and values, instead of in a file.
///
/// docs/backend.md says what the callbacks must do. Empty storage becomes a new store: an application that knows that
/// there was one sets the option "create" to "no", so that emptied storage is an error. Other processes may share the
/// storage if commits are atomic between them. tofu_store_open takes a NULL path with these options.
///
/// @param options    not yet used; must not be NULL.
/// @param get        must not be NULL.
/// @param scan       must not be NULL.
/// @param commit     must not be NULL.
/// @param user_data  handed to each call; may be NULL.
/// @param destroy    called once with user_data when the options and all stores opened with them are freed, or another
///                   backend has been set. It is not called if this call fails; may be NULL.
/// @param err        where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_STATE after the first use. A refusal is remembered, and tofu_store_open fails with it.
///
/// Thread safety: the thread that builds the options. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_options_set_backend(
    options: *mut tofu_store_options,
    get: tofu_backend_get_fn,
    scan: tofu_backend_scan_fn,
    commit: tofu_backend_commit_fn,
    user_data: *mut c_void,
    destroy: tofu_destroy_fn,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let options = call.object(options, "options")?;
            let mut before = None;
            options.options.edit(|draft| {
                let get = call.callback(get, "get")?;
                let scan = call.callback(scan, "scan")?;
                let commit = call.callback(commit, "commit")?;
                let user_data = UserData::new(user_data, destroy);
                before = draft.backend.replace(Arc::new(Callbacks { get, scan, commit, user_data }));
                Ok(())
            })?;
            // Only now, when nothing is locked: its destroy function may call anything.
            drop(before);
            Ok(Answer::Ok)
        })
    }
}

/// Gives the library one key and its value, from a get or scan callback. Both are copied.
///
/// @param sink       as the callback got it; may be NULL, which does nothing.
/// @param key        the key; may be NULL with key_len 0.
/// @param key_len    its length in bytes.
/// @param value      its value; may be NULL with value_len 0.
/// @param value_len  its length in bytes.
///
/// Thread safety: the thread of the callback, during it. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_sink_put(
    sink: *mut tofu_sink,
    key: *const u8,
    key_len: usize,
    value: *const u8,
    value_len: usize,
) {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        read(sink, (), |sink| {
            let call = Call::new();
            let pair =
                call.bytes(key, key_len, "key").and_then(|key| Ok((key, call.bytes(value, value_len, "value")?)));
            let copied = pair.map(|(key, value)| (key.to_vec(), value.to_vec()));
            sink.put(copied.map_err(|_| "it put NULL with a length"), MAX_SINK);
            Some(())
        });
    }
}

/// Counts the operations of a batch.
///
/// @param batch  as the callback got it; may be NULL, which gives 0.
/// @return the number of operations.
///
/// Thread safety: the thread of the callback, during it. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_batch_count(batch: *const tofu_batch) -> usize {
    // SAFETY: `batch` as its @param says.
    unsafe { read(batch, 0, |batch| Some(batch.ops.len())) }
}

/// Gives one operation of a batch. All expectations are about the state before any change of the batch.
///
/// @param batch      as the callback got it; may be NULL, which gives 0, NULL and the length 0.
/// @param index      0 for the first operation; out of range gives 0, NULL and the length 0.
/// @param key        where to write the key, borrowed from the batch; may be NULL.
/// @param key_len    where to write its length in bytes; may be NULL.
/// @param value      where to write the value that is expected or to be put, borrowed from the batch, or NULL for the
///                   other operations; may be NULL.
/// @param value_len  where to write its length in bytes; may be NULL.
/// @return one of TOFU_OP_...; 0 if there is no such operation. A callback that does not know the number must fail.
///
/// Thread safety: the thread of the callback, during it. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_batch_op(
    batch: *const tofu_batch,
    index: usize,
    key: *mut *const u8,
    key_len: *mut usize,
    value: *mut *const u8,
    value_len: *mut usize,
) -> tofu_op {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        let op = read(batch, None, |batch| Some(batch.ops.get(index).map(op)));
        let (number, name, bytes) = op.unwrap_or((0, None, None));
        let [name, bytes] = [name, bytes].map(|b: Option<&[u8]>| b.map_or((null(), 0), |b| (b.as_ptr(), b.len())));
        write_if_wanted(key, name.0);
        write_if_wanted(key_len, name.1);
        write_if_wanted(value, bytes.0);
        write_if_wanted(value_len, bytes.1);
        number
    }
}

fn op(op: &Op) -> (tofu_op, Option<&[u8]>, Option<&[u8]>) {
    match op {
        Op::Expect(key, Some(value)) => (TOFU_OP_EXPECT, Some(key), Some(value)),
        Op::Expect(key, None) => (TOFU_OP_EXPECT_ABSENT, Some(key), None),
        Op::Put(key, value) => (TOFU_OP_PUT, Some(key), Some(value)),
        Op::Delete(key) => (TOFU_OP_DELETE, Some(key), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_refuses_what_is_too_much_whatever_the_callback_returns() {
        let sink = tofu_sink::new();
        sink.put(Ok((b"k".to_vec(), vec![0; 10])), 8);
        assert!(matches!(sink.answer("get", TOFU_OK), Err(StoreError::Backend { .. })));
        let sink = tofu_sink::new();
        sink.put(Ok((b"k".to_vec(), Vec::new())), 8);
        assert!(matches!(sink.answer("get", TOFU_E_CONFLICT), Err(StoreError::Backend { .. })));
    }
}
