//! TCP, names and time: what carries a handshake and knows nothing of it. `wait` is the only place of
//! the library that sleeps on the network.

pub(in crate::tls) mod reach;
pub(in crate::tls) mod resolve;
pub(in crate::tls) mod socket;
pub(in crate::tls) mod wait;
