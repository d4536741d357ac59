//! Verifies signatures on statements about certificates (revocation lists, OCSP responses) with a
//! certificate's key. It accepts more algorithms than certificates may be signed with: if a private
//! authority still signs its lists with SHA-224, the entries are revoked. A forger could gain
//! nothing but a false "revoked".

use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest as _, Sha224, Sha384};

use super::algorithm::{self, Digest, Scheme};
use super::der::{self, Reader, Tlv};
use super::key::Spki;
use super::{Cert, KeyAlgorithm, SignatureCheck, signature};

/// RSA moduli taken, in bits. Below, anybody could have made the signature.
const RSA_BITS: std::ops::RangeInclusive<u32> = 1024..=8192;

impl Cert {
    /// Checks a signature by this certificate's key over `message`. `algorithm` is the contents of the
    /// AlgorithmIdentifier, `signature` the bits. An error says what cannot be checked: a clause of
    /// a sentence, fit to show.
    pub(crate) fn verifies(&self, algorithm: &[u8], message: &[u8], bits: &[u8]) -> Result<bool, String> {
        let (key, info) = (Spki::read(self.der(), self.inner.outline.spki), self.key());
        let whole =
            Tlv { tag: der::SEQUENCE, start: 0, content: 0, content_end: algorithm.len(), end: algorithm.len() };
        let algorithm = algorithm::read(algorithm, whole);
        if info.algorithm == KeyAlgorithm::Rsa && info.readable && info.bits < *RSA_BITS.start() {
            return Err(format!(
                "the key that signed it ({}, {} bits) is so short that it proves nothing",
                info.name, info.bits
            ));
        }
        let octets = [&[0], bits].concat();
        match signature::check(&algorithm, &key, info, message, &octets) {
            SignatureCheck::Valid => return Ok(true),
            SignatureCheck::Invalid => return Ok(false),
            SignatureCheck::Unsupported => {}
        }
        let plain_rsa = info.algorithm == KeyAlgorithm::Rsa && info.name == "RSA";
        let by_hand = match algorithm.scheme {
            Scheme::RsaPkcs1(digest) if info.readable && plain_rsa => {
                RsaKey::read(&key.key).and_then(|key| key.verifies(digest, message, bits))
            }
            Scheme::Ecdsa(digest) if info.readable => short_ecdsa(digest, &key, message, bits),
            _ => None,
        };
        by_hand.ok_or_else(|| match info.readable {
            true => format!(
                "its signature ({} by a key of the kind {}, {} bits) cannot be checked here",
                crate::text::excerpt(&algorithm.facts.name, 80),
                crate::text::excerpt(&info.name, 80),
                info.bits
            ),
            false => "the key that signed it cannot be read".to_owned(),
        })
    }

    /// The contents of the BIT STRING in the SubjectPublicKeyInfo, over which OCSP hashes.
    pub(crate) fn key_bits(&self) -> Vec<u8> {
        Spki::read(self.der(), self.inner.outline.spki).key.into_owned()
    }
}

/// The numbers of an RSA key that the providers do not take for this digest.
struct RsaKey {
    key: RsaPublicKey,
    octets: usize,
}

impl RsaKey {
    fn read(pkcs1: &[u8]) -> Option<Self> {
        let mut inside = Reader::new(pkcs1).expect(der::SEQUENCE)?.inside(pkcs1);
        let mut number = || inside.expect(der::INTEGER).map(|n| BigUint::from_bytes_be(n.body(pkcs1)));
        let (modulus, exponent) = (number()?, number()?);
        let octets = modulus.bits().div_ceil(8);
        let most = usize::try_from(*RSA_BITS.end()).ok()?;
        let key = RsaPublicKey::new_with_max_size(modulus, exponent, most).ok()?;
        Some(Self { key, octets })
    }

    /// `None` for a digest that is the provider's to check.
    fn verifies(&self, digest: Digest, message: &[u8], signature: &[u8]) -> Option<bool> {
        let (padding, hashed) = match digest {
            Digest::Sha224 => (Pkcs1v15Sign::new::<Sha224>(), Sha224::digest(message).to_vec()),
            Digest::Sha384 => (Pkcs1v15Sign::new::<Sha384>(), Sha384::digest(message).to_vec()),
            Digest::Sha1 | Digest::Sha256 | Digest::Sha512 => return None,
        };
        Some(signature.len() == self.octets && self.key.verify(padding, &hashed, signature).is_ok())
    }
}

/// ECDSA over a digest that is shorter than the curve's, which the provider offers for none of its
/// curves: the number signed is that of the digest with zeros before it (FIPS 186-5, section 6.4.2).
#[cfg(feature = "aws-lc-rs")]
fn short_ecdsa(digest: Digest, key: &Spki<'_>, message: &[u8], signature: &[u8]) -> Option<bool> {
    use aws_lc_rs::{digest as own, signature as provider};
    let hashed = match digest {
        Digest::Sha1 => sha1::Sha1::digest(message).to_vec(),
        Digest::Sha224 => Sha224::digest(message).to_vec(),
        Digest::Sha256 | Digest::Sha384 | Digest::Sha512 => return None,
    };
    let (method, usual) = match key.curve.as_str() {
        "1.2.840.10045.3.1.7" => (&provider::ECDSA_P256_SHA256_ASN1, &own::SHA256),
        "1.3.132.0.34" => (&provider::ECDSA_P384_SHA384_ASN1, &own::SHA384),
        "1.3.132.0.35" => (&provider::ECDSA_P521_SHA512_ASN1, &own::SHA512),
        _ => return None,
    };
    let zeros = vec![0; usual.output_len().checked_sub(hashed.len())?];
    let digest = own::Digest::import_less_safe(&[zeros, hashed].concat(), usual).ok()?;
    Some(provider::UnparsedPublicKey::new(method, &key.key).verify_digest(&digest, signature).is_ok())
}

#[cfg(not(feature = "aws-lc-rs"))]
fn short_ecdsa(_: Digest, _: &Spki<'_>, _: &[u8], _: &[u8]) -> Option<bool> {
    None
}
