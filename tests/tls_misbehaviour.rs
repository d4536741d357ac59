//! Servers that stall, lie, flood, cut off and speak out of turn, before TLS, in the handshake and after it. Whatever
//! they do, the client ends in bounded time with an error that names the step and the thing, and the connection is
//! then usable or broken for good.

mod misbehaviour;
mod net_support;

#[path = "misbehaviour/before_tls.rs"]
mod before_tls;
#[path = "misbehaviour/handshake.rs"]
mod handshake;
#[path = "misbehaviour/session.rs"]
mod session;
#[path = "misbehaviour/store.rs"]
mod store;
