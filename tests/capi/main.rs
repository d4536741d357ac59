//! The C ABI: the programs in `tests/c` and the built library itself.

// The header test uses the rest of it.
#[allow(dead_code)]
#[path = "../c/header_model.rs"]
mod header_model;
#[path = "../c/null_walk.rs"]
mod null_walk;

mod abi;
