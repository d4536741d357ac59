//! The words that describe a certificate: its keys, signatures and names, and the answers about it.

use std::net::IpAddr;

use crate::text::{Statement, escape};

/// Why bytes are not a certificate at all: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a certificate: at byte {offset}, {expected}")]
pub struct ParseError {
    /// Offset into the DER given, in bytes.
    pub offset: usize,
    /// What was expected there, and what was found.
    pub expected: String,
}

/// Something odd about a certificate that did not stop it from being read.
pub type Anomaly = Statement;

/// A subject alternative name (RFC 5280, section 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum San {
    /// dNSName as presented (raw, maybe with a wildcard); escape before showing.
    Dns(String),
    /// iPAddress.
    Ip(IpAddr),
    /// rfc822Name.
    Email(String),
    /// uniformResourceIdentifier.
    Uri(String),
    /// SRVName (RFC 4985) as presented: `_imaps.example.org`.
    Srv(String),
    /// XmppAddr (RFC 6120) as presented: a domain, or a user's address.
    Xmpp(String),
    /// Anything else, as `kind:hex`.
    Other(String),
}

/// What the public key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA (also id-RSASSA-PSS).
    Rsa,
    /// Elliptic curve for ECDSA.
    Ec,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// DSA.
    Dsa,
    /// ML-DSA (FIPS 204), of any parameter set.
    MlDsa,
    /// Anything else.
    Unknown,
}

impl KeyAlgorithm {
    /// The kinds with which a server can prove itself in a handshake that some build of this library
    /// verifies; for one key see [`super::Cert::can_prove_its_key`].
    pub const PROVABLE: [Self; 4] = [Self::Rsa, Self::Ec, Self::Ed25519, Self::MlDsa];
}

/// Facts about the public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The algorithm.
    pub algorithm: KeyAlgorithm,
    /// `RSA`, `P-256`, `ML-DSA-65`, or the dotted OID where it has no common name.
    pub name: String,
    /// Size in bits: of the RSA modulus or the curve, and of the whole public key for ML-DSA and kinds
    /// that are not known here; 0 when unknown.
    pub bits: u32,
    /// The RSA public exponent as decimal text, if RSA.
    pub rsa_exponent: Option<String>,
    /// False when the key inside the SPKI cannot be decoded. A key of a kind that is not known here is
    /// readable where the SPKI around it is sound.
    pub readable: bool,
    /// True for RSA below 2048 bits, DSA, curves below 224 bits or given by numbers, and keys that
    /// cannot be read. False for a kind of key that is not known here, because its strength is not
    /// known either.
    pub weak: bool,
}

impl KeyInfo {
    /// Whether this library knows the kind of key and what a key of it must look like. It can neither
    /// judge the strength of other keys nor verify their signatures.
    pub fn is_known(&self) -> bool {
        let unknown_curve = self.algorithm == KeyAlgorithm::Ec && self.bits == 0;
        self.algorithm != KeyAlgorithm::Unknown && !unknown_curve
    }

    /// Whether the numbers are those of an RSA key, in any form.
    pub fn is_rsa(&self) -> bool {
        self.rsa_exponent.is_some()
    }

    /// Name and size for a person: `RSA, 2048 bits`, `P-256`, `ML-DSA-65, 1952 bytes`,
    /// `RSA, 1024 bits (weak)`, `1.2.3.4, 32 bytes (kind not known here)`. Escaped.
    pub fn text(&self) -> String {
        let mut out = escape(&self.name);
        match self.algorithm {
            _ if self.bits == 0 => {}
            KeyAlgorithm::Rsa | KeyAlgorithm::Dsa => out.push_str(&format!(", {} bits", self.bits)),
            KeyAlgorithm::Unknown if self.is_rsa() => out.push_str(&format!(", {} bits", self.bits)),
            KeyAlgorithm::MlDsa | KeyAlgorithm::Unknown => out.push_str(&format!(", {} bytes", self.bits / 8)),
            KeyAlgorithm::Ec if !self.name.contains(&self.bits.to_string()) => {
                out.push_str(&format!(", {} bits", self.bits));
            }
            KeyAlgorithm::Ec | KeyAlgorithm::Ed25519 | KeyAlgorithm::Ed448 => {}
        }
        out.push_str(match (self.readable, self.is_known(), self.weak) {
            (false, ..) => " (unreadable)",
            (true, false, _) => " (kind not known here)",
            (true, true, true) => " (weak)",
            (true, true, false) => "",
        });
        out
    }
}

/// How the issuer signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// `sha256WithRSAEncryption` and the like, or the dotted OID.
    pub name: String,
    /// Dotted OID.
    pub oid: String,
    /// True for MD2, MD4, MD5 and SHA-1.
    pub weak: bool,
}

/// The outcome of a signature check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureCheck {
    /// Verified.
    Valid,
    /// Does not verify.
    Invalid,
    /// The provider does not know the algorithm or the key.
    Unsupported,
}

/// Whether the certificate covers a host name (RFC 9525), and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostMatch {
    /// A subject alternative name covers the host.
    Match,
    /// No subject alternative name is of a server; the subject's CN covers the host.
    NameOnlyInCn,
    /// Not covered.
    Mismatch,
}

/// Basic constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// The CA flag.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_len: Option<u32>,
}
