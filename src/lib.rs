//! libtofu decides whether the TLS server that a program has just reached is the right one,
//! explains why in plain words, and remembers the answer.
//!
//! The data takes this way: DER becomes a [`cert::Cert`]. [`path`] checks a chain of certificates
//! by the rules of certificate authorities. [`store`] knows what was seen and trusted before.
//! [`trust`] turns both into a [`trust::Verdict`]. `capi` offers the same to C. Dependencies point
//! in one direction: `capi`, `tls` → `trust` → `path`, `store` → `cert` → `text`, `endpoint`,
//! `fingerprint`, `hash`.

#![deny(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("libtofu needs a crypto provider: build it with the feature aws-lc-rs (the default) or ring");

pub mod cert;
pub mod endpoint;
pub mod fingerprint;
pub mod hash;
pub mod path;
mod privileges;
pub mod store;
pub mod text;
pub mod time;
pub mod tls;
pub mod trust;

#[allow(unsafe_code)]
pub mod capi;
