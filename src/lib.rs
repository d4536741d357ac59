//! libtofu decides whether the TLS server a program has just reached is the one it should be
//! talking to, says why in plain words, and remembers the answer.
//!
//! The way of the data: DER becomes a [`cert::Cert`]; a chain of them is held against the CA system
//! by [`path`]; [`store`] knows what was seen and trusted before; [`trust`] turns both into a
//! [`trust::Verdict`]. `capi` is the same for C. Dependencies point one way only:
//! `capi`, `tls` → `trust` → `path`, `store` → `cert` → `text`, `endpoint`,
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
