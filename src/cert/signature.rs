//! Verifies signatures with one table of algorithms over the crypto provider of the build. An
//! algorithm that the provider does not know is [`SignatureCheck::Unsupported`], never "invalid".

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::signature as provider;
use pki_types::SignatureVerificationAlgorithm;
use provider::{UnparsedPublicKey, VerificationAlgorithm};
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use ring::signature as provider;

use super::algorithm::{Algorithm, Digest, Scheme};
use super::key::Spki;
use super::{KeyAlgorithm, KeyInfo, SignatureCheck, kinds};

/// Checks `signature`, the content of the BIT STRING with its first octet, over `message`.
pub(super) fn check(
    algorithm: &Algorithm,
    key: &Spki<'_>,
    info: &KeyInfo,
    message: &[u8],
    signature: &[u8],
) -> SignatureCheck {
    // The first octet of a BIT STRING counts its unused bits.
    let (unused, value) = signature.split_first().map_or((None, signature), |(first, rest)| (Some(*first), rest));
    let verified = match (method(algorithm.scheme, key, info), ml_dsa(algorithm.scheme, info)) {
        (Some(method), _) => UnparsedPublicKey::new(method, &key.key).verify(message, value).is_ok(),
        (None, Some(method)) => method.verify_signature(&key.key, message, value).is_ok(),
        (None, None) => return SignatureCheck::Unsupported,
    };
    if verified && unused == Some(0) { SignatureCheck::Valid } else { SignatureCheck::Invalid }
}

/// ML-DSA as webpki offers it, so that no newer provider is needed than webpki itself needs: aws-lc-rs
/// from 1.18 on verifies all three sets, ring none.
fn ml_dsa(scheme: Scheme, info: &KeyInfo) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let Scheme::MlDsa(set) = scheme else { return None };
    let (.., name, _) = kinds::ML_DSA.into_iter().find(|(number, ..)| *number == set)?;
    let fits = info.readable && info.name == name;
    let identifier = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, set];
    let mut offered = webpki::ALL_VERIFICATION_ALGS.iter().copied();
    offered.find(|offered| fits && offered.signature_alg_id().as_ref() == identifier)
}

/// Whether a signature by a key of this kind can be verified by this build in a handshake.
pub(super) fn can_prove(key: &KeyInfo) -> bool {
    match key.algorithm {
        KeyAlgorithm::Rsa => key.readable && (1024..=16384).contains(&key.bits),
        KeyAlgorithm::Ec => match key.name.as_str() {
            "P-256" | "P-384" => key.readable,
            "P-521" => key.readable && cfg!(feature = "aws-lc-rs"),
            _ => false,
        },
        KeyAlgorithm::Ed25519 => key.readable,
        KeyAlgorithm::MlDsa => {
            let set = kinds::ML_DSA.into_iter().find(|(_, name, _)| *name == key.name);
            set.is_some_and(|(set, ..)| ml_dsa(Scheme::MlDsa(set), key).is_some())
        }
        KeyAlgorithm::Ed448 | KeyAlgorithm::Dsa | KeyAlgorithm::Unknown => false,
    }
}

fn method(scheme: Scheme, key: &Spki<'_>, info: &KeyInfo) -> Option<&'static dyn VerificationAlgorithm> {
    if !info.readable {
        return None;
    }
    match (scheme, info.algorithm) {
        (Scheme::RsaPkcs1(digest), KeyAlgorithm::Rsa) if info.name == "RSA" => rsa_pkcs1(digest, info),
        (Scheme::RsaPss(digest), KeyAlgorithm::Rsa) => rsa_pss(digest, info),
        (Scheme::Ecdsa(digest), KeyAlgorithm::Ec) if takes_point(&key.key) => ecdsa(digest, &key.curve),
        (Scheme::Ed25519, KeyAlgorithm::Ed25519) => Some(&provider::ED25519),
        _ => None,
    }
}

/// ring takes points in uncompressed form only.
fn takes_point(point: &[u8]) -> bool {
    cfg!(feature = "aws-lc-rs") || point.first() == Some(&4)
}

/// The exponents that the providers take: odd, at least 3, at most 33 bits.
fn exponent_fits(info: &KeyInfo) -> bool {
    let exponent = info.rsa_exponent.as_deref().and_then(|e| e.parse::<u64>().ok()).unwrap_or(0);
    (3..1 << 33).contains(&exponent) && exponent & 1 == 1
}

/// RSA from 1024 bits on, SHA-1 included: pinned servers have such keys (docs/pitfalls.md#33). That they
/// are weak is said elsewhere.
fn rsa_pkcs1(digest: Digest, info: &KeyInfo) -> Option<&'static dyn VerificationAlgorithm> {
    if !exponent_fits(info) || !(1024..=8192).contains(&info.bits) {
        return None;
    }
    match digest {
        Digest::Sha1 => Some(&provider::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        Digest::Sha224 => None,
        Digest::Sha256 => Some(&provider::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        Digest::Sha384 if info.bits >= 2048 => Some(&provider::RSA_PKCS1_2048_8192_SHA384),
        Digest::Sha384 => None,
        Digest::Sha512 => Some(&provider::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
    }
}

fn rsa_pss(digest: Digest, info: &KeyInfo) -> Option<&'static dyn VerificationAlgorithm> {
    if !exponent_fits(info) || !(2048..=8192).contains(&info.bits) {
        return None;
    }
    match digest {
        Digest::Sha1 | Digest::Sha224 => None,
        Digest::Sha256 => Some(&provider::RSA_PSS_2048_8192_SHA256),
        Digest::Sha384 => Some(&provider::RSA_PSS_2048_8192_SHA384),
        Digest::Sha512 => Some(&provider::RSA_PSS_2048_8192_SHA512),
    }
}

fn ecdsa(digest: Digest, curve: &str) -> Option<&'static dyn VerificationAlgorithm> {
    match (curve, digest) {
        ("1.2.840.10045.3.1.7", Digest::Sha256) => Some(&provider::ECDSA_P256_SHA256_ASN1),
        ("1.2.840.10045.3.1.7", Digest::Sha384) => Some(&provider::ECDSA_P256_SHA384_ASN1),
        ("1.3.132.0.34", Digest::Sha256) => Some(&provider::ECDSA_P384_SHA256_ASN1),
        ("1.3.132.0.34", Digest::Sha384) => Some(&provider::ECDSA_P384_SHA384_ASN1),
        _ => ecdsa_more(digest, curve),
    }
}

#[cfg(feature = "aws-lc-rs")]
fn ecdsa_more(digest: Digest, curve: &str) -> Option<&'static dyn VerificationAlgorithm> {
    match (curve, digest) {
        ("1.2.840.10045.3.1.7", Digest::Sha1) => Some(&provider::ECDSA_P256_SHA1_ASN1),
        ("1.2.840.10045.3.1.7", Digest::Sha512) => Some(&provider::ECDSA_P256_SHA512_ASN1),
        ("1.3.132.0.34", Digest::Sha512) => Some(&provider::ECDSA_P384_SHA512_ASN1),
        ("1.3.132.0.35", Digest::Sha1) => Some(&provider::ECDSA_P521_SHA1_ASN1),
        ("1.3.132.0.35", Digest::Sha256) => Some(&provider::ECDSA_P521_SHA256_ASN1),
        ("1.3.132.0.35", Digest::Sha384) => Some(&provider::ECDSA_P521_SHA384_ASN1),
        ("1.3.132.0.35", Digest::Sha512) => Some(&provider::ECDSA_P521_SHA512_ASN1),
        ("1.3.132.0.10", Digest::Sha256) => Some(&provider::ECDSA_P256K1_SHA256_ASN1),
        _ => None,
    }
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn ecdsa_more(_: Digest, _: &str) -> Option<&'static dyn VerificationAlgorithm> {
    None
}
