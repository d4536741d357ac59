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

/// What is remembered. It is locked internally: many threads may use one handle, and many processes one file.
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

/// Opens a store, and creates it and the directories above it if they do not exist.
///
/// A file that cannot be read, or that is damaged, foreign, newer or unsafe, is an error and stays untouched. The
/// library never takes it for an empty store. Every call refuses a NULL store, so that a failed open cannot turn into
/// trust.
///
/// @param path     the file, NUL-terminated UTF-8; ":memory:" for a store that ends with the handle; may be NULL for
///                 the user's default, $XDG_DATA_HOME/tofu/pins.db, and must be NULL after
///                 tofu_store_options_set_backend.
/// @param options  borrowed; frozen by this call; may be NULL for the defaults.
/// @param out      where to write the store, owned by the caller, freed with tofu_store_free; NULL on failure; must not
///                 be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND if the options say that it must exist and it does not; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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

/// Gives a number that moves with every change of the store, whoever made it. A view reads again when it has moved.
///
/// @param store  must not be NULL.
/// @param out    where to write the number, 0 on failure; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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

/// Frees a store handle. The last handle closes the file. Verdicts made with it live on.
///
/// @param store  owned by the caller, who gives it up; may be NULL. In a child of fork(2) this touches no file.
///
/// Thread safety: any thread, once no other one uses the handle. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_free(store: *mut tofu_store) {
    // SAFETY: `store` as its @param says.
    unsafe { free(store) }
}
