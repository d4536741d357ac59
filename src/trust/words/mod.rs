//! What is said: a [`verdict::Verdict`] and how it is put into words, for people and as JSON.

pub(crate) mod advice;
pub(crate) mod explain;
pub(crate) mod outlook;
pub(crate) mod show;
pub(crate) mod verdict;
