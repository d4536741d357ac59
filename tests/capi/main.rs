//! The C ABI: its header and the twins of that, the programs in `tests/c`, and the built library itself.

mod abi;
mod header;
mod languages;
mod model;
#[path = "../c/null_walk.rs"]
mod null_walk;
