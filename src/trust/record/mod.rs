//! What is written: what a check leaves in the store, a person's answer, pending questions and events.

pub(crate) mod answer;
pub(crate) mod events;
pub(crate) mod pending;
pub(crate) mod remember;
pub(crate) mod stripped;
pub(crate) mod typed;
