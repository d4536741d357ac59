//! Whether a certificate could have issued another. This is asked before any signature is verified,
//! and looks at key identifiers, the right to sign, and the kind of key. A candidate that only has
//! the issuer's name proves nothing, because authorities are often made again under their old name.

use crate::cert::{Cert, KeyAlgorithm};

/// What the key identifiers say (RFC 5280, sections 4.2.1.1 and 4.2.1.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ids {
    /// The certificate names this issuer's key.
    Same,
    /// One of the two is silent.
    Silent,
    /// The certificate names another key.
    Other,
}

/// Compares what `cert` says of its issuer's key with what `issuer` says of its own.
pub(super) fn ids(cert: &Cert, issuer: &Cert) -> Ids {
    match (cert.authority_key_id(), issuer.subject_key_id()) {
        (Some(wanted), Some(found)) if wanted == found => Ids::Same,
        (Some(_), Some(_)) => Ids::Other,
        _ => Ids::Silent,
    }
}

/// Whether a certificate claims to be an authority's. Before version 3 there was no way to say so.
pub(super) fn may_sign(issuer: &Cert) -> bool {
    issuer.version() < 3 || issuer.is_ca()
}

/// Whether a key of the issuer's kind makes signatures of the kind on `cert`. True where either
/// kind is unknown here.
pub(super) fn key_fits(cert: &Cert, issuer: &Cert) -> bool {
    let key = issuer.key().algorithm;
    key == KeyAlgorithm::Unknown || signing_key(&cert.signature_algorithm().oid).is_none_or(|kind| kind == key)
}

/// The kind of key that makes signatures of this algorithm.
fn signing_key(algorithm: &str) -> Option<KeyAlgorithm> {
    const NIST: &str = "2.16.840.1.101.3.4.3.";
    let nist = algorithm.strip_prefix(NIST).and_then(|last| last.parse::<u8>().ok());
    Some(match algorithm {
        "1.3.14.3.2.29" => KeyAlgorithm::Rsa,
        "1.2.840.10040.4.3" => KeyAlgorithm::Dsa,
        "1.3.101.112" => KeyAlgorithm::Ed25519,
        "1.3.101.113" => KeyAlgorithm::Ed448,
        _ if algorithm.starts_with("1.2.840.113549.1.1.") => KeyAlgorithm::Rsa,
        _ if algorithm.starts_with("1.2.840.10045.4.") => KeyAlgorithm::Ec,
        _ => match nist {
            Some(1..=8) => KeyAlgorithm::Dsa,
            Some(9..=12) => KeyAlgorithm::Ec,
            Some(13..=16) => KeyAlgorithm::Rsa,
            _ => return None,
        },
    })
}
