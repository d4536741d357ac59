//! The C ABI: its header and the twins of that, the programs in `tests/c`, and the built library itself.

#[path = "../support/need.rs"]
mod need;
#[path = "../support/serve.rs"]
mod serve;

mod abi;
mod header;
mod languages;
mod misuse;
mod model;
#[path = "../c/null_walk.rs"]
mod null_walk;
mod usage;
