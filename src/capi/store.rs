//! Stores: opening one, and the generation.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::Arc;

use super::backend::BackendEngine;
use super::error::{Failure, tofu_error};
use super::guard::{free, guard};
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use super::store_options::{Opening, tofu_store_options};
use crate::store::{Store, StoreOptions};

/// What is remembered. Internally locked: one handle may be used from many threads, one file from many processes.
pub struct tofu_store {
    poison: Poison,
    pub(super) store: Store,
}

impl From<Store> for tofu_store {
    fn from(store: Store) -> Self {
        Self { poison: Poison::default(), store }
    }
}

impl Object for tofu_store {
    const NOUN: &'static str = "store";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Opens a store, creating it where it does not exist.
///
/// A file that is there and cannot be read, is damaged, foreign, newer or unsafe is an error and stays untouched;
/// it is never taken for an empty store. A NULL store is an error everywhere, so a failed open cannot turn into
/// trust.
///
/// @param path     the file, NUL-terminated UTF-8; ":memory:" for a store that ends with the handle; may be NULL
///                 for the user's default, $XDG_DATA_HOME/tofu/pins.db, or with tofu_store_options_set_backend.
/// @param options  borrowed; frozen by this call; may be NULL for the defaults.
/// @param out      where to write the store, owned by the caller, freed with tofu_store_free; NULL on failure;
///                 must not be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND where it must exist and does not; store errors.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_open(
    path: *const c_char,
    options: *const tofu_store_options,
    out: *mut *mut tofu_store,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let path = call.optional_text(path, "path")?;
            let options = match call.optional(options, "options")? {
                Some(options) => Some(options.options.freeze()?),
                None => None,
            };
            out.give(open(path, options)?.into());
            Ok(Answer::Ok)
        })
    }
}

fn open(path: Option<&str>, opening: Option<&Opening>) -> Result<Store, Failure> {
    let options = opening.map_or_else(StoreOptions::default, |opening| opening.options.clone());
    match (path, opening.and_then(|opening| opening.backend.as_ref())) {
        (Some(""), _) => Err(Failure::invalid("path: empty")),
        (Some(_), Some(_)) => Err(Failure::invalid("path: must be NULL for a store on the application's own storage")),
        (None, Some(backend)) => Ok(Store::with_engine(Box::new(BackendEngine(Arc::clone(backend))), &options)?),
        (path, None) => Ok(Store::open(&StoreOptions { path: path.map(PathBuf::from), ..options })?),
    }
}

/// A number that moves with any change of the store by anyone, for views that want to know when to read again.
///
/// @param store  must not be NULL.
/// @param out    where to write the number, 0 on failure; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; store errors.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_generation(
    store: *mut tofu_store,
    out: *mut u64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.place(out, 0, "out")?;
            out.set(call.object(store, "store")?.store.generation()?);
            Ok(Answer::Ok)
        })
    }
}

/// Frees a store handle; the file is closed with the last one. Verdicts made with it live on.
///
/// @param store  owned by the caller, who gives it up; may be NULL. In a child of fork(2) this touches no file.
///
/// Thread safety: any thread, once no other one uses the handle. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_free(store: *mut tofu_store) {
    // SAFETY: `store` as its @param says.
    unsafe { free(store) }
}
