//! The application's one store: set once where the program starts, fetched wherever a library
//! needs it. Never implied: a failed open cannot land in somebody else's store.

use std::sync::{Mutex, PoisonError};

use crate::store::{Store, StoreError, StoreOptions};

static DEFAULT: Mutex<Option<Store>> = Mutex::new(None);

/// Sets the process's default store, or removes it.
pub fn set_default_store(store: Option<Store>) {
    let before = std::mem::replace(&mut *DEFAULT.lock().unwrap_or_else(PoisonError::into_inner), store);
    // Without the lock: the last handle of a store may run code of the application.
    drop(before);
}

/// The process's default store. If none is set, the one at the default path is opened and set.
pub fn default_store() -> Result<Store, StoreError> {
    let mut current = DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(store) = current.as_ref() {
        return Ok(store.clone());
    }
    let store = Store::open(&StoreOptions::default())?;
    *current = Some(store.clone());
    Ok(store)
}
