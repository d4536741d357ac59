//! The C ABI: what `include/tofu.h` declares and `tofu.symbols` lists. Knows pointers, numbers and
//! threads; decides nothing. One file per noun; an export turns its arguments into Rust values
//! (`ptr`), calls the Rust API inside the one guard (`guard`) and writes its outputs.
//!
//! This is the only module with `unsafe`; docs/unsafe.md says what each use rests on.

// The safety contract of an export is its @param lines, which the header needs anyway.
#![allow(clippy::missing_safety_doc)]
// The names are those of C.
#![allow(non_camel_case_types)]

mod building;
mod dial_settings;
mod fields;
mod guard;
mod last;
mod ptr;
mod shelf;

pub mod backend;
pub mod callback;
pub mod cert;
pub mod cert_fields;
pub mod chain;
pub mod check;
pub mod check_options;
pub mod codes;
pub mod conn;
pub mod dial;
pub mod diff;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod iter;
pub mod library;
pub mod listener;
pub mod pending;
pub mod pin;
pub mod pin_options;
pub mod policy;
pub mod policy_store;
pub mod probe;
pub mod session;
pub mod status;
pub mod store;
pub mod store_manage;
pub mod store_options;
pub mod text;
pub mod trust;
pub mod verdict;
pub mod verdict_words;

#[cfg(test)]
mod tests {
    /// C hands objects from thread to thread without asking, so the compiler is asked here.
    #[test]
    fn every_object_may_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<super::cert::tofu_cert>();
        shared::<super::chain::tofu_chain>();
        shared::<super::check_options::tofu_check_options>();
        shared::<super::trust::tofu_trust_options>();
        shared::<super::pin_options::tofu_pin_options>();
        shared::<super::conn::tofu_conn>();
        shared::<super::dial::tofu_dial_options>();
        shared::<super::diff::tofu_diff>();
        shared::<super::error::tofu_error>();
        shared::<super::backend::tofu_batch>();
        shared::<super::backend::tofu_sink>();
        shared::<super::pin::tofu_pin>();
        shared::<super::pending::tofu_pending>();
        shared::<super::iter::tofu_iter>();
        shared::<super::event::tofu_event>();
        shared::<super::endpoint::tofu_endpoint>();
        shared::<super::policy::tofu_policy>();
        shared::<super::probe::tofu_probe_result>();
        shared::<super::store::tofu_store>();
        shared::<super::store_options::tofu_store_options>();
        shared::<super::text::tofu_text>();
        shared::<super::verdict::tofu_verdict>();
    }
}
