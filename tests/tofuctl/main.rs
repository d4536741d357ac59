//! The tool, run as a program: over a store, against servers, and with a person in front of it.

#![cfg(feature = "cli")]

#[path = "../support/der.rs"]
mod der;
#[path = "../support/need.rs"]
mod need;
#[path = "../support/net.rs"]
mod net_support;
#[path = "../support/serve.rs"]
mod serve;
mod support;
#[path = "../support/trust/mod.rs"]
mod trust_support;
mod user;

mod cert;
mod files;
mod help;
mod network;
mod store;
mod terminal;
mod two_keys;
