//! Handshake signatures: with them a server proves that it holds the key of the certificate it
//! shows (docs/pitfalls.md#28). Verified with the leaf's raw SubjectPublicKeyInfo and nothing else of the
//! certificate, so that version 1 and CA certificates work too (docs/pitfalls.md#32). This is the only place
//! that does so; the rustls verifiers call it. It does not know whether the key is trusted.

mod rsa_key;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, SignatureScheme};

use rsa_key::{Digest, Padding, Unfit};

/// The protocol version whose rules hold for a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// The scheme names a digest; an ECDSA key may be on any curve (RFC 5246, section 7.4.1.4.1).
    Tls12,
    /// The scheme names digest and curve; PKCS#1 is out (RFC 8446, section 4.2.3).
    Tls13,
}

/// rsa_pss_pss_sha256, _sha384 and _sha512: PSS signatures by keys that say id-RSASSA-PSS
/// themselves. rustls has no name for them; in TLS 1.2 it refuses them before a verifier is asked.
const PSS_KEYS: [(SignatureScheme, SignatureScheme); 3] = [
    (SignatureScheme::Unknown(0x0809), SignatureScheme::RSA_PSS_SHA256),
    (SignatureScheme::Unknown(0x080a), SignatureScheme::RSA_PSS_SHA384),
    (SignatureScheme::Unknown(0x080b), SignatureScheme::RSA_PSS_SHA512),
];

/// What can be verified, to be offered to servers. Of the RSA schemes those with the shortest digest come
/// first, as in other clients: GnuTLS takes the first one, and a key of 1024 bits is too short for PSS
/// with SHA-512. Keys marked for PSS alone come last, so that a TLS 1.2 server that has another key uses
/// that one. SHA-1 is never offered.
pub(super) fn schemes(provider: &CryptoProvider) -> Vec<SignatureScheme> {
    let mut schemes = provider.signature_verification_algorithms.supported_schemes();
    schemes.retain(|scheme| !is_sha1(*scheme));
    schemes.sort_by_key(|scheme| match scheme {
        SignatureScheme::RSA_PSS_SHA256 => 1,
        SignatureScheme::RSA_PSS_SHA384 => 2,
        SignatureScheme::RSA_PSS_SHA512 => 3,
        SignatureScheme::RSA_PKCS1_SHA256 => 4,
        SignatureScheme::RSA_PKCS1_SHA384 => 5,
        SignatureScheme::RSA_PKCS1_SHA512 => 6,
        _ => 0,
    });
    for (marked, plain) in PSS_KEYS {
        if schemes.contains(&plain) {
            schemes.push(marked);
        }
    }
    schemes
}

/// Verifies `dss` over `message` with the key `spki` (a DER SubjectPublicKeyInfo, the leaf's). A
/// scheme that [`schemes`] does not list, or that `version` does not allow, is refused.
pub(super) fn verify(
    version: Version,
    message: &[u8],
    spki: &[u8],
    dss: &DigitallySignedStruct,
    provider: &CryptoProvider,
) -> Result<HandshakeSignatureValid, Error> {
    check(version, message, spki, (dss.scheme, dss.signature()), provider)?;
    Ok(HandshakeSignatureValid::assertion())
}

fn check(
    version: Version,
    message: &[u8],
    spki: &[u8],
    (scheme, signature): (SignatureScheme, &[u8]),
    provider: &CryptoProvider,
) -> Result<(), Error> {
    let (scheme, pss_key) = match PSS_KEYS.iter().find(|(marked, _)| *marked == scheme) {
        Some((_, plain)) => (*plain, true),
        None => (scheme, false),
    };
    let padding = padding(scheme, pss_key);
    let allowed = !is_sha1(scheme) && (version == Version::Tls12 || !matches!(padding, Some((Padding::Pkcs1, _))));
    let algorithms = algorithms(scheme, provider)
        .filter(|_| allowed)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    // rustls lists first the algorithm whose curve is the one that the scheme names.
    let (Some(first), candidates) = (algorithms.first(), algorithms) else {
        return Err(CertificateError::BadSignature.into());
    };
    let der = SubjectPublicKeyInfoDer::from(spki);
    let key = webpki::RawPublicKeyEntity::try_from(&der).map_err(|_| CertificateError::BadEncoding)?;
    // Beyond RSA the provider knows best. Each of its algorithms fits one kind of key only.
    let candidates = if version == Version::Tls13 { std::slice::from_ref(first) } else { candidates };
    match padding {
        Some(padding) => rsa_key::check(spki, padding, *first, message, signature).map_err(refused),
        None if candidates.iter().any(|known| key.verify_signature(*known, message, signature).is_ok()) => Ok(()),
        None => Err(CertificateError::BadSignature.into()),
    }
}

fn algorithms(
    scheme: SignatureScheme,
    provider: &CryptoProvider,
) -> Option<&'static [&'static dyn SignatureVerificationAlgorithm]> {
    let mapping = provider.signature_verification_algorithms.mapping;
    mapping.iter().find(|(known, _)| *known == scheme).map(|(_, algorithms)| *algorithms)
}

fn refused(unfit: Unfit) -> Error {
    Error::InvalidCertificate(match unfit {
        Unfit::Encoding => CertificateError::BadEncoding,
        Unfit::Signature => CertificateError::BadSignature,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    })
}

fn is_sha1(scheme: SignatureScheme) -> bool {
    matches!(scheme, SignatureScheme::RSA_PKCS1_SHA1 | SignatureScheme::ECDSA_SHA1_Legacy)
}

/// How an RSA scheme signs; `None` for all others.
fn padding(scheme: SignatureScheme, pss_key: bool) -> Option<(Padding, Digest)> {
    let pss = if pss_key { Padding::PssByPssKey } else { Padding::Pss };
    Some(match scheme {
        SignatureScheme::RSA_PKCS1_SHA256 => (Padding::Pkcs1, Digest::Sha256),
        SignatureScheme::RSA_PKCS1_SHA384 => (Padding::Pkcs1, Digest::Sha384),
        SignatureScheme::RSA_PKCS1_SHA512 => (Padding::Pkcs1, Digest::Sha512),
        SignatureScheme::RSA_PSS_SHA256 => (pss, Digest::Sha256),
        SignatureScheme::RSA_PSS_SHA384 => (pss, Digest::Sha384),
        SignatureScheme::RSA_PSS_SHA512 => (pss, Digest::Sha512),
        _ => return None,
    })
}
