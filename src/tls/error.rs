//! Why a server could not be reached, and in which step. No text here blames a password.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

use super::starttls::StartTlsError;
use crate::endpoint::NameError;
use crate::time::{Timestamp, date};
use crate::trust::CheckError;

/// The steps of a connection, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The system's resolver.
    Resolve,
    /// TCP.
    Connect,
    /// The dialogue before TLS; what it waited for.
    StartTls(&'static str),
    /// TLS.
    Handshake,
    /// Application data from the server.
    Read,
    /// Application data to the server.
    Write,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve => f.write_str("looking up the name"),
            Self::Connect => f.write_str("connecting"),
            Self::StartTls(what) => write!(f, "waiting for {what}"),
            Self::Handshake => f.write_str("TLS handshake"),
            Self::Read => f.write_str("reading"),
            Self::Write => f.write_str("writing"),
        }
    }
}

/// Why there is no connection. Every text is one line and fit to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetError {
    /// An option that cannot be used.
    #[error("{0}")]
    Option(String),
    /// The host cannot be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The name has no address, or the resolver does not answer.
    #[error("{host}: looking up the name: {why}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// No address could be connected to.
    #[error("{server}: connecting: {}", tried(.server, .attempts))]
    Connect {
        /// Host and port.
        server: String,
        /// Each address with what it answered.
        attempts: Vec<(SocketAddr, String)>,
    },
    /// A limit of time passed.
    #[error("{server}: {step}: {} within {}{}", heard(*.partial), seconds(.limit), hint(.step, *.partial))]
    Timeout {
        /// Host and port.
        server: String,
        /// What was waited for.
        step: Step,
        /// The limit that passed.
        limit: Duration,
        /// Whether a part of what was waited for had come.
        partial: bool,
    },
    /// Called off with [`super::Cancel`].
    #[error("{server}: {step}: called off")]
    Cancelled {
        /// Host and port.
        server: String,
        /// What was under way.
        step: Step,
    },
    /// The dialogue before TLS.
    #[error("{server}: {why}")]
    StartTls {
        /// Host and port.
        server: String,
        /// What went wrong.
        why: StartTlsError,
    },
    /// TLS was used here before, and the server no longer offers it, or speaks in the clear where TLS began
    /// with the first byte: an attacker on the way may have removed it.
    #[error(
        "{server}: TLS was used here before ({}), and now the server does not offer it. An attacker between you \
         and the server may have removed it, so the connection was closed ({why})",
        date(*.last_seen)
    )]
    Stripped {
        /// Host and port.
        server: String,
        /// When TLS was last seen there.
        last_seen: Timestamp,
        /// What was missing, fit to show.
        why: String,
    },
    /// The handshake, or TLS later on.
    #[error("{server}: {step}: {why}")]
    Tls {
        /// Host and port.
        server: String,
        /// The step.
        step: Step,
        /// The cause in words.
        why: String,
    },
    /// More than the limits allow.
    #[error("{server}: {step}: {why}")]
    Limit {
        /// Host and port.
        server: String,
        /// The step.
        step: Step,
        /// Which limit.
        why: String,
    },
    /// The connection broke: a system call said why.
    #[error("{server}: {step}: {why}")]
    Broken {
        /// Host and port.
        server: String,
        /// The step.
        step: Step,
        /// What the system said.
        why: String,
    },
    /// The connection ended without close_notify: what came so far may be cut off (RFC 8446, section 6.1).
    #[error("{server}: the connection was cut off: it ended without the closing message of TLS")]
    Truncated {
        /// Host and port.
        server: String,
    },
    /// A call that the connection is not ready for: reading before the handshake, after an error.
    #[error("{server}: {why}")]
    State {
        /// Host and port.
        server: String,
        /// What is missing.
        why: &'static str,
    },
    /// A connection made before `fork(2)` and used in the child: two processes must not use one set of keys.
    #[error("{server}: connected before fork(2); connect again in the child")]
    Forked {
        /// Host and port.
        server: String,
    },
    /// The check could not be made; never an accept.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// Something of the system itself is missing.
    #[error("{what}: {why}")]
    System {
        /// The call.
        what: &'static str,
        /// What the system said.
        why: String,
    },
}

impl NetError {
    /// Notes in a passed time limit whether a part of what was waited for had come.
    pub(super) fn heard(self, part: bool) -> Self {
        match self {
            Self::Timeout { server, step, limit, .. } => Self::Timeout { server, step, limit, partial: part },
            other => other,
        }
    }

    /// A stable fine code, for `tofu_error_detail` and for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Option(_) => "argument.invalid",
            Self::Name(_) => "name.host",
            Self::Resolve { .. } => "network.resolve",
            Self::Connect { .. } => "network.connect",
            Self::Timeout { step, .. } => match step {
                Step::Resolve => "timeout.resolve",
                Step::Connect => "timeout.connect",
                Step::StartTls(_) => "timeout.starttls",
                Step::Handshake => "timeout.handshake",
                Step::Read => "timeout.read",
                Step::Write => "timeout.write",
            },
            Self::Cancelled { .. } => "cancelled",
            Self::StartTls { why, .. } => why.code(),
            Self::Stripped { .. } => "starttls.stripped",
            Self::Tls { .. } => "tls",
            Self::Limit { .. } => "tls.limit",
            Self::Broken { .. } => "network.broken",
            Self::Truncated { .. } => "tls.truncated",
            Self::State { .. } => "connection.state",
            Self::Forked { .. } => "connection.forked",
            Self::Check(_) => "check",
            Self::System { .. } => "system",
        }
    }
}

/// A server that speaks first and does not is often one that waits for TLS.
fn hint(step: &Step, partial: bool) -> &'static str {
    let silent = *step == Step::StartTls("the greeting") && !partial;
    if silent { " (does this port speak TLS from the first byte?)" } else { "" }
}

fn heard(partial: bool) -> &'static str {
    if partial { "not complete" } else { "nothing" }
}

fn seconds(limit: &Duration) -> String {
    let ms = limit.as_millis();
    if ms % 1000 == 0 { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

fn tried(server: &str, attempts: &[(SocketAddr, String)]) -> String {
    match attempts {
        [] => "no address to connect to".to_owned(),
        [(address, why)] if address.to_string() == server => why.clone(),
        several => several.iter().map(|(address, why)| format!("{address}: {why}")).collect::<Vec<_>>().join("; "),
    }
}
