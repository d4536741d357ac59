//! Certificate paths: chains, their problems, and trust anchors.

#[path = "../support/again.rs"]
mod again;
#[path = "../support/der.rs"]
mod der;
#[path = "../support/need.rs"]
mod need;
mod support;

mod chains;
mod conformance;
mod problems;
mod roots;
