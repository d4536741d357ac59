//! What is said: a [`verdict::Verdict`] and how it is put into words, for people, as JSON and as an event.

mod advice;
pub(super) mod event;
mod explain;
pub(super) mod outlook;
mod scene;
mod show;
pub(super) mod verdict;
