//! The C ABI: what `include/tofu.h` declares and `tofu.symbols` lists. Knows pointers, numbers and
//! threads; decides nothing. One file per noun; an export turns its arguments into Rust values
//! ([`ptr`]), calls the Rust API inside the one guard ([`guard`]) and writes its outputs.
//!
//! This is the only module with `unsafe`; docs/unsafe.md says what each use rests on.

// The safety contract of an export is its @param lines, which the header needs anyway.
#![allow(clippy::missing_safety_doc)]
// The names are those of C.
#![allow(non_camel_case_types)]

mod building;
mod guard;
mod last;
mod ptr;
mod shelf;

pub mod cert;
pub mod cert_fields;
pub mod chain;
pub mod check;
pub mod codes;
pub mod diff;
pub mod error;
pub mod library;
pub mod policy;
pub mod status;
pub mod store;
pub mod store_options;
pub mod text;
pub mod verdict;
pub mod verdict_words;
