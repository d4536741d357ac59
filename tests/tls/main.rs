//! Connections: the dialogue before TLS, what a server shows, and a session that knows trust.

#[path = "../support/again.rs"]
mod again;
mod hello_support;
#[path = "../support/need.rs"]
mod need;
#[path = "../support/net.rs"]
mod net_support;
#[path = "../support/serve.rs"]
mod serve;
mod servers;
mod starttls_support;

mod connect;
mod hello_reader;
#[cfg(feature = "aws-lc-rs")]
mod hello_servers;
mod leaks;
mod misbehaviour;
mod probe;
mod real_servers;
mod starttls;
mod two_keys;
mod verifier;
