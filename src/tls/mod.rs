//! How servers are reached: names and ports, STARTTLS, the handshake, a probe and a connection.
//! Gathers what the handshake proved and asks [`crate::trust`]; it decides nothing itself.
//!
//! The way of a connection: `target` and `service` (host, port, how TLS begins) → `dial` (options) →
//! `open` (`net`: lookup, TCP) → `session` (`starttls`, then the handshake under `witness`) → `conn`
//! (the check, then data) or `probe` (what was shown; through `hello` where rustls cannot finish).
//! `net::wait` is the only place that sleeps; `session`, `starttls` and `hello` never do.

mod address;
mod again;
mod conn;
mod dial;
mod error;
pub mod hello;
mod net;
mod open;
mod probe;
mod provider;
mod service;
mod session;
mod signature;
pub mod starttls;
mod target;
mod verifier;
mod witness;
mod words;

pub use address::{Address, AddressError};
pub use conn::{Conn, Flow, Progress, Terms, connect};
pub use dial::{Cancel, Dial, Limits, MAX_ADDRESSES, MAX_LIMIT, Sni};
pub use error::{NetError, Step};
pub use net::wait::Wants;
pub use probe::{Probe, probe};
pub use service::{Service, Start};
pub use session::{Facts, Timings};
pub use starttls::{PROTOCOLS, Protocol, UnknownProtocol};
pub use target::{DEFAULT_PORT, Target, TargetError};
pub use verifier::{Refusal, Verifier};
