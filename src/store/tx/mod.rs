//! The store and one consistent view of it: what reads and writes rows, and what the rows mean.

pub mod bounds;
pub(super) mod endpoints;
mod items;
pub(super) mod keyspace;
mod layers;
pub(super) mod log;
pub(super) mod meta;
pub(super) mod record;
pub(super) mod refusals;
mod seal;
mod store;
mod transaction;

pub use layers::{LayerPolicies, LayeredPin};
pub(crate) use log::record_before;
pub use meta::Counts;
pub use record::*;
pub use refusals::Refusal;
pub use store::{Listener, Store};
pub use transaction::Tx;
