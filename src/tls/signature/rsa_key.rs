//! Signatures by RSA keys. The provider verifies with keys of 2048 to 8192 bits; servers with
//! smaller and larger ones exist and can be pinned (docs/pitfalls.md#33), so the crate `rsa` takes over
//! from 1024 bits on and up to 16384. That a key is weak is said elsewhere.
//!
//! RUSTSEC-2023-0071 (timing of `rsa`) is about operations with the private key. Here is nothing
//! but public ones, over bytes that anybody on the wire has seen.

use pki_types::SignatureVerificationAlgorithm;
use rsa::pkcs8::AssociatedOid;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha384, Sha512};
use thiserror::Error;
use x509_parser::oid_registry::{
    OID_NIST_HASH_SHA256, OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_RSASSAPSS, Oid,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// The smallest modulus, in bits. Below it a signature proves nothing: such keys are factored.
const MIN_BITS: usize = 1024;
/// The largest modulus, in bits; bounds the work that a server can cause.
const MAX_BITS: usize = 16384;
/// The moduli that both providers take, in bits.
const PROVIDER_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// id-mgf1, 1.2.840.113549.1.1.8.
const OID_PKCS1_MGF1: Oid<'static> = Oid::new(std::borrow::Cow::Borrowed(&[42, 134, 72, 134, 247, 13, 1, 1, 8]));
/// The public exponents that OpenSSL, the providers and `rsa` agree to take.
const EXPONENTS: std::ops::Range<u64> = 3..1 << 33;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    Pkcs1,
    /// PSS by an ordinary key (rsa_pss_rsae).
    Pss,
    /// PSS by a key that allows nothing else (rsa_pss_pss).
    PssByPssKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Unfit {
    #[error("the RSA key cannot be read")]
    Encoding,
    #[error("the RSA key has {0} bits; from {MIN_BITS} to {MAX_BITS} can be verified")]
    Size(usize),
    #[error("the RSA key contains numbers that no RSA key can have")]
    Numbers,
    #[error("the handshake was signed in a way that the RSA key does not allow")]
    Kind,
    #[error("the handshake signature is not by this RSA key")]
    Signature,
}

/// Verifies a signature with the RSA key in `spki`; `algorithm` is the provider's for this padding
/// and digest.
pub(super) fn check(
    spki: &[u8],
    (padding, digest): (Padding, Digest),
    algorithm: &dyn SignatureVerificationAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Unfit> {
    let info = match SubjectPublicKeyInfo::from_der(spki) {
        Ok(([], info)) if info.subject_public_key.unused_bits == 0 => info,
        _ => return Err(Unfit::Encoding),
    };
    if !allows(&info.algorithm, padding, digest) {
        return Err(Unfit::Kind);
    }
    let pkcs1 = &info.subject_public_key.data;
    let key = Key::read(pkcs1)?;
    let verified = if PROVIDER_BITS.contains(&key.bits) {
        algorithm.verify_signature(pkcs1, message, signature).is_ok()
    } else {
        key.verifies((padding, digest), message, signature)?
    };
    if verified { Ok(()) } else { Err(Unfit::Signature) }
}

/// Whether a key so marked may sign so (RFC 8446, section 4.2.3; RFC 4055, section 3.3). NULL
/// parameters of rsaEncryption may be missing: there is nothing to be mistaken about.
fn allows(algorithm: &AlgorithmIdentifier<'_>, padding: Padding, digest: Digest) -> bool {
    match padding {
        Padding::Pkcs1 | Padding::Pss => algorithm.algorithm == OID_PKCS1_RSAENCRYPTION,
        Padding::PssByPssKey if algorithm.algorithm == OID_PKCS1_RSASSAPSS => {
            algorithm.parameters.as_ref().is_none_or(|parameters| {
                RsaSsaPssParams::try_from(parameters).is_ok_and(|limits| permits(&limits, digest))
            })
        }
        Padding::PssByPssKey => false,
    }
}

/// TLS uses one digest throughout and a salt as long as it.
fn permits(limits: &RsaSsaPssParams<'_>, digest: Digest) -> bool {
    let (oid, length) = match digest {
        Digest::Sha256 => (OID_NIST_HASH_SHA256, 32),
        Digest::Sha384 => (OID_NIST_HASH_SHA384, 48),
        Digest::Sha512 => (OID_NIST_HASH_SHA512, 64),
    };
    *limits.hash_algorithm_oid() == oid
        && limits.mask_gen_algorithm().is_ok_and(|mask| mask.mgf == OID_PKCS1_MGF1 && mask.hash == oid)
        && limits.salt_length() <= length
        && limits.trailer_field() == 1
}

/// An RSA key within the bounds.
struct Key<'a> {
    /// Big endian, without leading zeros.
    modulus: &'a [u8],
    bits: usize,
    exponent: u64,
}

impl<'a> Key<'a> {
    fn read(pkcs1: &'a [u8]) -> Result<Self, Unfit> {
        let (rest, key) = RSAPublicKey::from_der(pkcs1).map_err(|_| Unfit::Encoding)?;
        let exponent = key.try_exponent().map_err(|_| Unfit::Numbers)?;
        if !rest.is_empty() || key.modulus.first().is_none_or(|b| b & 0x80 != 0) {
            return Err(Unfit::Encoding);
        }
        let zeros = key.modulus.iter().take_while(|b| **b == 0).count();
        let modulus = key.modulus.get(zeros..).unwrap_or_default();
        let spare = modulus.first().map_or(0, |b| b.leading_zeros() as usize);
        let bits = modulus.len().saturating_mul(8).saturating_sub(spare);
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(Unfit::Size(bits));
        }
        if !EXPONENTS.contains(&exponent) || exponent & 1 == 0 || modulus.last().is_none_or(|b| b & 1 == 0) {
            return Err(Unfit::Numbers);
        }
        Ok(Self { modulus, bits, exponent })
    }

    /// Without the provider.
    fn verifies(&self, (padding, digest): (Padding, Digest), message: &[u8], signature: &[u8]) -> Result<bool, Unfit> {
        let n = BigUint::from_bytes_be(self.modulus);
        let key = RsaPublicKey::new_with_max_size(n, self.exponent.into(), MAX_BITS).map_err(|_| Unfit::Numbers)?;
        // A signature is a number below the modulus; `rsa` sees to that for PKCS#1 only.
        if signature.len() != self.modulus.len() || signature >= self.modulus {
            return Ok(false);
        }
        // Nor does it look at the top octet of a PSS block that is one octet shorter than the key.
        if padding != Padding::Pkcs1 && self.bits % 8 == 1 {
            return Ok(false);
        }
        Ok(match digest {
            Digest::Sha256 => verify::<Sha256>(&key, padding, message, signature),
            Digest::Sha384 => verify::<Sha384>(&key, padding, message, signature),
            Digest::Sha512 => verify::<Sha512>(&key, padding, message, signature),
        })
    }
}

fn verify<D>(key: &RsaPublicKey, padding: Padding, message: &[u8], signature: &[u8]) -> bool
where
    D: sha2::Digest + AssociatedOid + DynDigest + Send + Sync + 'static,
{
    let hashed = <D as sha2::Digest>::digest(message);
    match padding {
        Padding::Pkcs1 => key.verify(Pkcs1v15Sign::new::<D>(), &hashed, signature),
        Padding::Pss | Padding::PssByPssKey => key.verify(Pss::new::<D>(), &hashed, signature),
    }
    .is_ok()
}
