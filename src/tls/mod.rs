//! How servers are reached. Today: a verifier for programs that speak TLS through rustls. It
//! gathers what the handshake proved and asks [`crate::trust`]; it decides nothing itself.

mod verifier;

pub use verifier::{Refusal, Verifier};
