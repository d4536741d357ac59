//! The decision: what is accepted, asked or refused, and what is remembered of it.

#[path = "../support/der.rs"]
mod der;
#[path = "../support/trust/mod.rs"]
mod trust_support;

mod answers;
mod attacks;
mod cache;
mod clock;
mod golden;
mod grounds;
mod life;
mod pitfalls;
mod policy;
mod properties;
mod scenarios;
mod table;
mod undo;
