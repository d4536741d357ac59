//! What is written: what a check leaves in the store, a person's answer, pending questions, TLS that was lost, and what is
//! imported.

pub(super) mod answer;
mod granted;
mod import;
pub(super) mod pending;
mod pins;
pub(super) mod remember;
pub(super) mod stripped;
pub(super) mod terms;
pub(super) mod typed;
pub(super) mod write;
