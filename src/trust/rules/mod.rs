//! The rules. Pure: facts and a policy in, an outcome out. Nothing here reads the store, the network or a
//! clock, and nothing here imports another folder of `trust`. [`decide::decide`] is where to start;
//! `docs/decision.md` describes every rule.

pub(super) mod additions;
pub mod change;
pub(super) mod clock;
pub mod codes;
pub mod decide;
pub mod facts;
pub(super) mod offer;
pub mod outcome;
pub(super) mod policy;
mod unvalidated;
mod vouched;
pub(super) mod waiver;
