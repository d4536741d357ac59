//! Policies in the store: the one of all checks, and those of single endpoints.

use super::endpoint::tofu_endpoint;
use super::error::{Code, Failure, tofu_error};
use super::guard::guard;
use super::policy::tofu_policy;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::store::StoreError;
use crate::time::system_now;
use crate::trust::Policy;

/// Reads a policy from a store.
///
/// It reads only a policy that was saved there. If none was saved, the preset "default" is in force, and
/// tofu_policy_new makes it.
///
/// @param store     must not be NULL.
/// @param endpoint  borrowed; reads the policy of this endpoint; may be NULL for the policy of the whole store.
/// @param out       where to write the policy, owned by the caller, freed with tofu_policy_free; NULL on failure; must
///                  not be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND if none was saved; store errors.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_policy_load(
    store: *mut tofu_store,
    endpoint: *const tofu_endpoint,
    out: *mut *mut tofu_policy,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let store = call.object(store, "store")?;
            let endpoint = call.optional(endpoint, "endpoint")?.map(|endpoint| &endpoint.endpoint);
            let saved = store.store.read(|tx| match endpoint {
                Some(endpoint) => Ok::<_, StoreError>(tx.endpoint(endpoint)?.and_then(|record| record.policy)),
                None => tx.policy(),
            })?;
            let whose = endpoint.map_or_else(|| "the store".to_owned(), ToString::to_string);
            let none = || Failure::new(Code::NotFound, "policy.none", format!("{whose}: no policy was saved"));
            out.give(Policy::from_map(&saved.ok_or_else(none)?)?.into());
            Ok(Answer::Ok)
        })
    }
}

/// Saves a policy in a store, for all checks or for one endpoint, in place of the one saved before.
///
/// A saved policy counts from the next check on, in all programs. A policy that a program sets on a check takes its
/// place in that check.
///
/// @param store     must not be NULL.
/// @param endpoint  borrowed; saves the policy of this endpoint; may be NULL for the policy of the whole store.
/// @param policy    copied and frozen by this call; may be NULL, which removes the saved one.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; what a setter of the policy was refused with; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_policy_save(
    store: *mut tofu_store,
    endpoint: *const tofu_endpoint,
    policy: *const tofu_policy,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = call.object(store, "store")?;
            let endpoint = call.optional(endpoint, "endpoint")?.map(|endpoint| &endpoint.endpoint);
            let fields = match call.optional(policy, "policy")? {
                Some(policy) => Some(policy.policy.freeze()?.to_map()),
                None => None,
            };
            store.store.set_policy(endpoint, fields.as_ref(), system_now())?;
            Ok(Answer::Ok)
        })
    }
}
