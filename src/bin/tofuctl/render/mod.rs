//! What is known, as text and as JSON. Takes data and gives strings; reads no store and asks nobody.

pub mod cert;
pub mod diff;
pub mod json;
pub mod layout;
pub mod probe;
pub mod sheet;
pub mod summary;
pub mod verdict;
pub mod words;
