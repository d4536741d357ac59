//! The errors of the words before TLS. There is one variant for each case that a program or a person
//! would handle differently. The server's words are escaped and shortened before they get here.

use std::fmt;

use thiserror::Error;

use super::protocol::Protocol;
use crate::tls::hello::recognise;

/// The most that is shown of what a server said, in characters.
const MAX_SAID: usize = 200;

/// A dialogue that does not end in TLS. There is no way on in the clear: the connection is to be closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StartTlsError {
    /// The server said no: to us, to our greeting or to the command that begins TLS.
    #[error("{protocol}: the server {}: {said}", refusal(waiting_for))]
    Refused {
        /// What was spoken.
        protocol: Protocol,
        /// The step.
        waiting_for: &'static str,
        /// The server's words, fit to show.
        said: String,
    },
    /// The server cannot begin TLS at the moment (454 of RFC 3207, and its like).
    #[error("{protocol}: the server cannot begin TLS at the moment: {said}")]
    Unable {
        /// What was spoken.
        protocol: Protocol,
        /// The step.
        waiting_for: &'static str,
        /// The server's words, fit to show.
        said: String,
    },
    /// The server's list of what it can do is without TLS. Where TLS was on that list before, or is for
    /// others, an attacker may have removed it on the way ("stripping", docs/pitfalls.md#27).
    #[error("{protocol}: the server does not offer TLS here, judging by {waiting_for}: {said}")]
    Missing {
        /// What was spoken.
        protocol: Protocol,
        /// The step.
        waiting_for: &'static str,
        /// The server's words, or what is not among them; fit to show.
        said: String,
    },
    /// Bytes in the clear behind the go-ahead. A client that read on would take them for the first words
    /// under TLS. They come from a server that cannot do what it agreed to, or from an attacker.
    #[error(
        "{protocol}: {} in the clear behind the go-ahead for TLS, so TLS was not begun: {said} (either the server \
         cannot do what it agreed to, or this is a plaintext injection, {})",
        Count(*bytes),
        injection(*protocol)
    )]
    Injected {
        /// What was spoken.
        protocol: Protocol,
        /// How many bytes, as far as they had arrived.
        bytes: usize,
        /// The bytes, fit to show.
        said: String,
    },
    /// The server agreed to TLS and answered the TLS hello with bytes that are neither TLS nor text.
    #[error("{protocol}: the server agreed to TLS and then answered with something that is not TLS: {said}")]
    NotTls {
        /// What was spoken.
        protocol: Protocol,
        /// The bytes, fit to show.
        said: String,
    },
    /// The server answered a command that had not been sent yet.
    #[error(
        "{protocol}: {} behind {waiting_for}, ahead of the next command; injected, perhaps: {said}",
        Count(*bytes)
    )]
    Ahead {
        /// What was spoken.
        protocol: Protocol,
        /// The step that was complete.
        waiting_for: &'static str,
        /// How many bytes, as far as they had arrived.
        bytes: usize,
        /// The bytes, fit to show.
        said: String,
    },
    /// An IMAP greeting that says the session is authenticated already. STARTTLS is not possible in
    /// that state (RFC 9051, section 6.2.1), which makes the greeting a way round TLS (CVE-2020-14093).
    #[error(
        "imap: the server says PREAUTH, after which TLS cannot begin, so the connection was refused (compare CVE-2020-14093): {said}"
    )]
    Preauth {
        /// The greeting, fit to show.
        said: String,
    },
    /// More than is read in the clear.
    #[error("{protocol}: more than {limit} {what}, while waiting for {waiting_for}")]
    Limit {
        /// What was spoken.
        protocol: Protocol,
        /// The step.
        waiting_for: &'static str,
        /// What there is too much of.
        what: Bound,
        /// How much would have been read.
        limit: usize,
    },
    /// Not what the protocol has at this place.
    #[error("{protocol}: {waiting_for} is not what the protocol allows there: {said}{}", other(waiting_for, said))]
    Malformed {
        /// What was spoken.
        protocol: Protocol,
        /// The step.
        waiting_for: &'static str,
        /// The offending words, fit to show.
        said: String,
    },
    /// The server closed the connection before TLS.
    #[error("{protocol}: the server closed the connection before {waiting_for} was complete")]
    Closed {
        /// What was spoken.
        protocol: Protocol,
        /// The step.
        waiting_for: &'static str,
    },
    /// The first byte from the server is a TLS record.
    #[error("{protocol}: the server speaks TLS from the first byte on this port; use TLS without STARTTLS here")]
    TlsAtOnce {
        /// What was to be spoken.
        protocol: Protocol,
    },
}

impl StartTlsError {
    /// These bytes behind the go-ahead.
    pub(in crate::tls) fn injected(protocol: Protocol, bytes: &[u8]) -> Self {
        Self::Injected { protocol, bytes: bytes.len(), said: shown(lossy(bytes).trim_end_matches(['\r', '\n'])) }
    }

    /// The stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "starttls.refused",
            Self::Unable { .. } => "starttls.unable",
            Self::Missing { .. } => "starttls.missing",
            Self::Injected { .. } => "starttls.injected",
            Self::NotTls { .. } => "starttls.not-tls",
            Self::Ahead { .. } => "starttls.ahead",
            Self::Preauth { .. } => "starttls.preauth",
            Self::Limit { .. } => "starttls.limit",
            Self::Malformed { .. } => "starttls.malformed",
            Self::Closed { .. } => "starttls.closed",
            Self::TlsAtOnce { .. } => "starttls.tls-at-once",
        }
    }
}

/// What the server did when it said no in this step.
fn refusal(waiting_for: &str) -> String {
    match waiting_for.strip_prefix("the answer to ") {
        Some(command) => format!("refused {command}"),
        None => format!("turned the connection away instead of sending {waiting_for}"),
    }
}

/// What a greeting in another protocol looks like.
fn other(waiting_for: &str, said: &str) -> String {
    let found = if waiting_for == "the greeting" { recognise(said) } else { None };
    found.map_or_else(String::new, |(protocol, _)| format!(" (this looks like {protocol})"))
}

/// What a [`StartTlsError::Limit`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Bytes in one line, its end and literals included.
    Line,
    /// Lines in one answer, or XML tags.
    Lines,
    /// Bytes in one LDAP message, XML tag or PostgreSQL error.
    Reply,
    /// Bytes from the server before TLS, in all.
    Bytes,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "bytes in one line",
            Self::Lines => "lines in one answer",
            Self::Reply => "bytes in one message",
            Self::Bytes => "bytes before TLS",
        })
    }
}

/// A number of bytes in words.
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte"),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// The best-known case of plaintext that was believed after the handshake.
fn injection(protocol: Protocol) -> &'static str {
    if protocol == Protocol::Postgres { "cf. CVE-2021-23222" } else { "cf. CVE-2011-0411 and CVE-2020-14954" }
}

/// What a protocol's own module finds wrong; [`Fault::at`] adds where.
#[derive(Debug)]
pub(super) enum Fault {
    Refused(String),
    Unable(String),
    Missing(String),
    Preauth(String),
    Limit(Bound, usize),
    Malformed(String),
    Closed,
}

impl Fault {
    /// A refusal in the server's own bytes.
    pub(super) fn refused(said: &[u8]) -> Self {
        Self::Refused(lossy(said))
    }

    /// The server cannot begin TLS now, in its own bytes.
    pub(super) fn unable(said: &[u8]) -> Self {
        Self::Unable(lossy(said))
    }

    /// Words that do not belong where they are.
    pub(super) fn malformed(said: &[u8]) -> Self {
        Self::Malformed(lossy(said))
    }

    /// The error: this fault, of this protocol, in this step.
    pub(super) fn at(self, protocol: Protocol, waiting_for: &'static str) -> StartTlsError {
        match self {
            Self::Refused(said) => StartTlsError::Refused { protocol, waiting_for, said: shown(&said) },
            Self::Unable(said) => StartTlsError::Unable { protocol, waiting_for, said: shown(&said) },
            Self::Missing(said) => StartTlsError::Missing { protocol, waiting_for, said: shown(&said) },
            Self::Preauth(said) => StartTlsError::Preauth { said: shown(&said) },
            Self::Limit(what, limit) => StartTlsError::Limit { protocol, waiting_for, what, limit },
            Self::Malformed(said) => StartTlsError::Malformed { protocol, waiting_for, said: shown(&said) },
            Self::Closed => StartTlsError::Closed { protocol, waiting_for },
        }
    }
}

/// A server's bytes as text. What is not UTF-8 becomes U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server's words, escaped and shortened.
pub(super) fn shown(said: &str) -> String {
    crate::text::excerpt(said, MAX_SAID)
}
