//! A look at servers that the TLS library cannot talk to. Up to TLS 1.2 the certificates travel in
//! the clear: a ClientHello that offers nearly everything brings them forth, and then we hang up.
//! Speaks to no socket: bytes out ([`client_hello`]), bytes in ([`Reader`]). What comes back is
//! **not proven** to be the server's own (docs/tls.md, "The look in the clear"): anybody can copy a certificate.
//! For a probe; never for a connection.

mod alert;
mod certificates;
mod error;
mod messages;
mod obstacle;
mod offer;
mod plain;
mod reader;
mod records;
mod suite;

use std::fmt;

pub use alert::Alert;
pub use error::HelloError;
pub use obstacle::{obstacles, refusal, unverifiable};
pub use offer::{Offer, client_hello, close_notify};
pub(in crate::tls) use plain::{Manner, recognise};
pub use reader::{MAX_BYTES, Reader};
pub use suite::{Cipher, Exchange, Suite};

use crate::path::Chain;

/// A protocol version whose handshake begins in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// SSL 3.0 (RFC 6101), forbidden by RFC 7568.
    Ssl30,
    /// TLS 1.0 (RFC 2246), deprecated by RFC 8996.
    Tls10,
    /// TLS 1.1 (RFC 4346), deprecated by RFC 8996.
    Tls11,
    /// TLS 1.2 (RFC 5246).
    Tls12,
}

impl Version {
    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::Ssl30 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
        }
    }

    fn from_code(code: u16) -> Option<Self> {
        [Self::Ssl30, Self::Tls10, Self::Tls11, Self::Tls12].into_iter().find(|version| version.code() == code)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ssl30 => "SSL 3.0",
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::Tls12 => "TLS 1.2",
        })
    }
}

/// What a server showed in the clear.
#[derive(Debug, Clone)]
pub struct Glimpse {
    /// The version that it chose.
    pub version: Version,
    /// The suite that it chose.
    pub suite: Suite,
    /// The group that keys would be agreed on ("P-256", "DH of 1024 bits"), if the server said.
    pub group: Option<String>,
    /// The code of the scheme by which the server signs its part of the key exchange, if it said.
    pub signature: Option<u16>,
    /// The certificates, leaf first, at most [`crate::path::MAX_CHAIN`]; with the stapled OCSP
    /// response if one came. Possession is not proven.
    pub chain: Chain,
    /// How many certificates came; more than the chain holds if it is full.
    pub certificates: usize,
    /// Whether the list of certificates was read to its end. If not, more than `certificates` were
    /// to come.
    pub complete: bool,
    /// Bytes of the Certificate message, as announced.
    pub message_bytes: usize,
    /// Whether the server asks for a certificate of the client.
    pub wants_client_certificate: bool,
    /// The first warning before the certificates, such as unrecognized_name.
    pub warning: Option<Alert>,
}
