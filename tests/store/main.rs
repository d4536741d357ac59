//! The store: what it keeps, how it changes, and what no failure, attacker or other process can do to it.

#[path = "../support/again.rs"]
mod again;
#[path = "../support/der.rs"]
mod der;
#[path = "../support/need.rs"]
mod need;
#[path = "../support/serve.rs"]
mod serve;
mod support;
#[path = "../support/trust/mod.rs"]
mod trust_support;

mod conformance;
mod copies;
mod events;
mod exchange;
mod faults;
mod formats;
mod history;
mod hostile;
mod import;
mod layers;
mod management;
mod model;
mod power;
mod processes;
mod replaced;
mod restore;
mod undo;
