//! Why a look at a server did not show a certificate.

use thiserror::Error;

use super::{Alert, Suite};

/// Why no certificate was seen. One line each; what the server wrote is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HelloError {
    /// The answer is not TLS. `said` is its first line, escaped and cut; `protocol` what that looks
    /// like ("IMAP").
    #[error("the server does not speak TLS here{}; it said: {said}", .protocol.map(|p| format!(" but {p} in the clear")).unwrap_or_default())]
    NotTls {
        /// What came instead.
        said: String,
        /// What it looks like.
        protocol: Option<&'static str>,
    },
    /// The answer is that of SSL 2.0 (prohibited by RFC 6176), which is not read.
    #[error("the server speaks only SSL 2.0")]
    Ssl2,
    /// The server refused and said why.
    #[error("the server refused the handshake: {0}")]
    Alert(Alert),
    /// The server chose a version that was not offered.
    #[error("the server chose the unknown protocol version 0x{0:04X}")]
    Version(u16),
    /// More than is looked at.
    #[error("the server sent too much: {0}")]
    Limit(String),
    /// The answer is damaged, or no server's.
    #[error("the server's answer is malformed: {0}")]
    Malformed(String),
    /// The connection ended before the certificates.
    #[error("the server closed the connection {0}")]
    Closed(&'static str),
    /// The handshake goes on without a certificate.
    #[error("the server shows no certificate with {0}")]
    NoCertificate(Suite),
}

impl HelloError {
    pub(super) fn malformed(what: &str) -> Self {
        Self::Malformed(what.to_owned())
    }
}
