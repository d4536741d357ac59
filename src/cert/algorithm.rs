//! AlgorithmIdentifiers of signatures: names, parameters, strength.

use super::SignatureAlgorithm;
use super::der::{self, Reader, Tlv};
use super::{kinds, oid};

/// How a signature is made, in as much detail as verifying or naming it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    RsaPkcs1(Digest),
    RsaPss(Digest),
    Ecdsa(Digest),
    Ed25519,
    /// The parameter set by its number: see [`kinds::ML_DSA`].
    MlDsa(u8),
    /// Known by name at most.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    /// On statements about certificates only.
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// A decoded AlgorithmIdentifier.
#[derive(Debug)]
pub(super) struct Algorithm {
    pub(super) facts: SignatureAlgorithm,
    pub(super) scheme: Scheme,
    /// Whether this library knows the algorithm's name.
    pub(super) known: bool,
    /// Whether the parameters are those that the standard of the algorithm requires.
    pub(super) parameters_fit: bool,
}

/// What the parameters of an algorithm must be.
#[derive(Clone, Copy, PartialEq)]
enum Parameters {
    Null,
    Absent,
    Any,
}

/// Decodes the AlgorithmIdentifier `tlv`.
pub(super) fn read(all: &[u8], tlv: Tlv) -> Algorithm {
    let (oid, mut rest) = oid::leading(tlv.inside(all), all);
    if oid == "1.2.840.113549.1.1.10" {
        return read_pss(all, oid, rest);
    }
    let (name, scheme, weak, wanted) = look_up(&oid).unwrap_or(("", Scheme::Other, false, Parameters::Any));
    let fit = match wanted {
        Parameters::Any => true,
        Parameters::Absent => rest.is_empty(),
        Parameters::Null => rest.expect(der::NULL).is_some_and(|null| null.body(all).is_empty()) && rest.is_empty(),
    };
    let shown = if name.is_empty() { oid.as_str() } else { name };
    Algorithm {
        known: !name.is_empty(),
        facts: SignatureAlgorithm { name: shown.to_owned(), oid, weak },
        scheme,
        parameters_fit: fit,
    }
}

fn look_up(oid: &str) -> Option<(&'static str, Scheme, bool, Parameters)> {
    use Digest::*;
    use Parameters::*;
    use Scheme::*;
    Some(match oid {
        "1.2.840.113549.1.1.2" => ("md2WithRSAEncryption", Other, true, Null),
        "1.2.840.113549.1.1.3" => ("md4WithRSAEncryption", Other, true, Null),
        "1.2.840.113549.1.1.4" => ("md5WithRSAEncryption", Other, true, Null),
        "1.2.840.113549.1.1.5" => ("sha1WithRSAEncryption", RsaPkcs1(Sha1), true, Null),
        "1.3.14.3.2.29" => ("sha1WithRSA", RsaPkcs1(Sha1), true, Any),
        "1.2.840.113549.1.1.14" => ("sha224WithRSAEncryption", RsaPkcs1(Sha224), false, Null),
        "1.2.840.113549.1.1.11" => ("sha256WithRSAEncryption", RsaPkcs1(Sha256), false, Null),
        "1.2.840.113549.1.1.12" => ("sha384WithRSAEncryption", RsaPkcs1(Sha384), false, Null),
        "1.2.840.113549.1.1.13" => ("sha512WithRSAEncryption", RsaPkcs1(Sha512), false, Null),
        "1.2.840.113549.1.1.15" => ("sha512-224WithRSAEncryption", Other, false, Null),
        "1.2.840.113549.1.1.16" => ("sha512-256WithRSAEncryption", Other, false, Null),
        "2.16.840.1.101.3.4.3.13" => ("RSA-SHA3-224", Other, false, Null),
        "2.16.840.1.101.3.4.3.14" => ("RSA-SHA3-256", Other, false, Null),
        "2.16.840.1.101.3.4.3.15" => ("RSA-SHA3-384", Other, false, Null),
        "2.16.840.1.101.3.4.3.16" => ("RSA-SHA3-512", Other, false, Null),
        "1.2.840.10045.4.1" => ("ecdsa-with-SHA1", Ecdsa(Sha1), true, Absent),
        "1.2.840.10045.4.3.1" => ("ecdsa-with-SHA224", Ecdsa(Sha224), false, Absent),
        "1.2.840.10045.4.3.2" => ("ecdsa-with-SHA256", Ecdsa(Sha256), false, Absent),
        "1.2.840.10045.4.3.3" => ("ecdsa-with-SHA384", Ecdsa(Sha384), false, Absent),
        "1.2.840.10045.4.3.4" => ("ecdsa-with-SHA512", Ecdsa(Sha512), false, Absent),
        "2.16.840.1.101.3.4.3.9" => ("ecdsa_with_SHA3-224", Other, false, Absent),
        "2.16.840.1.101.3.4.3.10" => ("ecdsa_with_SHA3-256", Other, false, Absent),
        "2.16.840.1.101.3.4.3.11" => ("ecdsa_with_SHA3-384", Other, false, Absent),
        "2.16.840.1.101.3.4.3.12" => ("ecdsa_with_SHA3-512", Other, false, Absent),
        "1.2.840.10040.4.3" => ("dsaWithSHA1", Other, true, Any),
        "2.16.840.1.101.3.4.3.1" => ("dsa_with_SHA224", Other, false, Any),
        "2.16.840.1.101.3.4.3.2" => ("dsa_with_SHA256", Other, false, Any),
        "2.16.840.1.101.3.4.3.3" => ("dsa_with_SHA384", Other, false, Any),
        "2.16.840.1.101.3.4.3.4" => ("dsa_with_SHA512", Other, false, Any),
        "1.3.101.112" => ("ED25519", Ed25519, false, Absent),
        "1.3.101.113" => ("ED448", Other, false, Absent),
        "1.2.156.10197.1.501" => ("SM2-with-SM3", Other, false, Any),
        "1.2.643.2.2.3" => ("GOST R 34.11-94 with GOST R 34.10-2001", Other, true, Any),
        "1.2.643.7.1.1.3.2" => ("GOST R 34.10-2012 with GOST R 34.11-2012 (256 bit)", Other, false, Any),
        "1.2.643.7.1.1.3.3" => ("GOST R 34.10-2012 with GOST R 34.11-2012 (512 bit)", Other, false, Any),
        other => match (kinds::ml_dsa(other), kinds::signing(other)) {
            (Some((set, name, _)), _) => (name, MlDsa(set), false, Absent),
            (None, Some(name)) => (name, Other, false, Absent),
            (None, None) => return None,
        },
    })
}

/// RSASSA-PSS has its digest in the parameters (RFC 4055, section 3.1). Only the combinations of
/// RFC 8446 can be verified: one digest throughout, and a salt of the same length.
fn read_pss(all: &[u8], oid: String, mut rest: Reader<'_>) -> Algorithm {
    let mut hash = "1.3.14.3.2.26".to_owned();
    let mut mask = hash.clone();
    let (mut salt, mut trailer, mut readable) = (20u64, 1u64, true);
    let sequence = rest.expect(der::SEQUENCE);
    readable &= rest.is_empty();
    if let Some(parameters) = sequence {
        let mut fields = parameters.inside(all);
        while let Ok(Some(field)) = fields.next() {
            let mut inside = field.inside(all);
            let value = inside.next().ok().flatten();
            match (field.tag, value) {
                (0xA0, Some(v)) => hash = oid::leading(v.inside(all), all).0,
                (0xA1, Some(v)) => {
                    let (function, mut of) = oid::leading(v.inside(all), all);
                    readable &= function == "1.2.840.113549.1.1.8";
                    mask = of.expect(der::SEQUENCE).map(|h| oid::leading(h.inside(all), all).0).unwrap_or_default();
                }
                (0xA2, Some(v)) => salt = small_number(v.body(all)),
                (0xA3, Some(v)) => trailer = small_number(v.body(all)),
                _ => readable = false,
            }
        }
        readable &= fields.is_empty();
    } else {
        readable = false;
    }
    let (digest, name, length) = match hash.as_str() {
        "1.3.14.3.2.26" => (Some(Digest::Sha1), "SHA-1", 20),
        "2.16.840.1.101.3.4.2.1" => (Some(Digest::Sha256), "SHA-256", 32),
        "2.16.840.1.101.3.4.2.2" => (Some(Digest::Sha384), "SHA-384", 48),
        "2.16.840.1.101.3.4.2.3" => (Some(Digest::Sha512), "SHA-512", 64),
        "1.2.840.113549.2.5" => (None, "MD5", 16),
        other => (None, other, 0),
    };
    let usual = readable && mask == hash && salt == length && trailer == 1;
    let scheme = match digest {
        Some(digest) if usual && digest != Digest::Sha1 => Scheme::RsaPss(digest),
        _ => Scheme::Other,
    };
    let shown = if readable { format!("RSASSA-PSS with {name}") } else { "RSASSA-PSS".to_owned() };
    let weak = !readable || matches!(name, "SHA-1" | "MD5");
    Algorithm { facts: SignatureAlgorithm { name: shown, oid, weak }, scheme, known: true, parameters_fit: usual }
}

/// A small unsigned INTEGER. Larger numbers have no meaning here.
fn small_number(body: &[u8]) -> u64 {
    if body.len() > 4 {
        return u64::MAX;
    }
    body.iter().fold(0, |n, b| (n << 8) | u64::from(*b))
}
