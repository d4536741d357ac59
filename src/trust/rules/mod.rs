//! The rules. Pure: facts and a policy in, an outcome out. Nothing here reads the store, the network or a
//! clock, and nothing here imports another folder of `trust`. [`decide::decide`] is where to start;
//! `docs/decision.md` describes every rule.

pub(crate) mod additions;
pub mod change;
pub(crate) mod clock;
pub mod codes;
pub mod decide;
pub mod facts;
pub(crate) mod floor;
pub(crate) mod offer;
pub mod outcome;
pub(crate) mod policy;
mod unvalidated;
mod vouched;
pub(crate) mod waiver;
