//! Signatures made by openssl over a message of ours, right and wrong, for every kind of key.

use std::path::Path;
use std::process::Command;

use rustls::SignatureScheme as Scheme;
use x509_parser::prelude::FromDer;

use super::*;

const MESSAGE: &[u8] = b"what the handshake hashes";
const PSS_SHA256: Scheme = Scheme::Unknown(0x0809);
const PSS_SHA384: Scheme = Scheme::Unknown(0x080a);
const PKCS1: &[(Scheme, &str)] =
    &[(Scheme::RSA_PKCS1_SHA256, "sha256"), (Scheme::RSA_PKCS1_SHA384, "sha384"), (Scheme::RSA_PKCS1_SHA512, "sha512")];
const PSS: &[(Scheme, &str)] =
    &[(Scheme::RSA_PSS_SHA256, "sha256"), (Scheme::RSA_PSS_SHA384, "sha384"), (Scheme::RSA_PSS_SHA512, "sha512")];

fn provider() -> CryptoProvider {
    #[cfg(feature = "aws-lc-rs")]
    return rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    return rustls::crypto::ring::default_provider();
}

struct Key {
    dir: tempfile::TempDir,
    spki: Vec<u8>,
}

fn openssl(dir: &Path, args: &[&str]) {
    let output = Command::new("openssl").current_dir(dir).args(args).output().unwrap();
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Key {
    fn new(algorithm: &str, options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut args = vec!["genpkey", "-quiet", "-algorithm", algorithm, "-out", "key"];
        options.iter().for_each(|option| args.extend(["-pkeyopt", option]));
        openssl(dir.path(), &args);
        openssl(dir.path(), &["pkey", "-in", "key", "-pubout", "-outform", "DER", "-out", "spki"]);
        let spki = std::fs::read(dir.path().join("spki")).unwrap();
        Self { dir, spki }
    }

    fn sign(&self, digest: Option<&str>, options: &[&str]) -> Vec<u8> {
        std::fs::write(self.dir.path().join("message"), MESSAGE).unwrap();
        let mut args = vec!["pkeyutl", "-sign", "-rawin", "-in", "message", "-inkey", "key", "-out", "signature"];
        if let Some(digest) = digest {
            args.extend(["-digest", digest]);
        }
        options.iter().for_each(|option| args.extend(["-pkeyopt", option]));
        openssl(self.dir.path(), &args);
        std::fs::read(self.dir.path().join("signature")).unwrap()
    }

    fn sign_pss(&self, digest: &str) -> Vec<u8> {
        self.sign(Some(digest), &["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"])
    }

    fn check(&self, version: Version, scheme: Scheme, signature: &[u8]) -> Result<(), Error> {
        check(version, MESSAGE, &self.spki, (scheme, signature), &provider())
    }

    /// Good as it is, and bad with another message, another key, any altered octet or length.
    fn holds(&self, version: Version, scheme: Scheme, signature: &[u8], other: &Key) {
        let label = format!("{version:?} {scheme:?} {} octets", signature.len());
        let answer = |message: &[u8], spki: &[u8], signature: &[u8]| {
            check(version, message, spki, (scheme, signature), &provider())
        };
        assert_eq!(answer(MESSAGE, &self.spki, signature), Ok(()), "{label}");
        let bad = Err(CertificateError::BadSignature.into());
        assert_eq!(answer(b"another", &self.spki, signature), bad, "{label}");
        assert_eq!(answer(MESSAGE, &other.spki, signature), bad, "{label}: another key");
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut altered = signature.to_vec();
            altered[at] ^= 1;
            assert_eq!(answer(MESSAGE, &self.spki, &altered), bad, "{label}: octet {at}");
        }
        assert_eq!(answer(MESSAGE, &self.spki, &signature[1..]), bad, "{label}");
        assert_eq!(answer(MESSAGE, &self.spki, &[signature, &[0]].concat()), bad, "{label}");
        assert_eq!(answer(MESSAGE, &self.spki, &[]), bad, "{label}");
    }
}

fn unadvertised() -> Result<(), Error> {
    Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
}

/// Below, within and above what the providers take. Five primes make the large key quickly.
#[test]
fn rsa_keys_of_every_size_sign_with_pkcs1_in_tls_1_2_and_with_pss_in_both() {
    for (bits, primes) in [("1024", "2"), ("1536", "2"), ("2048", "2"), ("3072", "2"), ("8200", "5")] {
        let options = [format!("rsa_keygen_bits:{bits}"), format!("rsa_keygen_primes:{primes}")];
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let (key, other) = (Key::new("RSA", &options), Key::new("RSA", &["rsa_keygen_bits:2048"]));
        for (scheme, digest) in PKCS1 {
            let signature = key.sign(Some(digest), &[]);
            key.holds(Version::Tls12, *scheme, &signature, &other);
            assert_eq!(key.check(Version::Tls13, *scheme, &signature), unadvertised(), "PKCS#1 in TLS 1.3");
        }
        // 1024 bits have no room for SHA-512 with as long a salt.
        for (scheme, digest) in PSS.iter().take(if bits == "1024" { 2 } else { 3 }) {
            let signature = key.sign_pss(digest);
            key.holds(Version::Tls12, *scheme, &signature, &other);
            key.holds(Version::Tls13, *scheme, &signature, &other);
        }
    }
}

#[test]
fn an_rsa_exponent_of_three_is_taken() {
    for bits in ["rsa_keygen_bits:1024", "rsa_keygen_bits:2048"] {
        let key = Key::new("RSA", &[bits, "rsa_keygen_pubexp:3"]);
        let signature = key.sign_pss("sha256");
        assert_eq!(key.check(Version::Tls13, Scheme::RSA_PSS_SHA256, &signature), Ok(()), "{bits}");
    }
}

#[test]
fn rsa_keys_below_1024_bits_and_with_impossible_numbers_are_refused() {
    let small = Key::new("RSA", &["rsa_keygen_bits:1016"]);
    let signature = small.sign(Some("sha256"), &[]);
    let error = small.check(Version::Tls12, Scheme::RSA_PKCS1_SHA256, &signature).unwrap_err();
    assert!(format!("{error:?}").contains("Size(1016)"), "{error:?}");

    let key = Key::new("RSA", &["rsa_keygen_bits:1024"]);
    let signature = key.sign(Some("sha256"), &[]);
    for (exponent, why) in [(&[1, 0, 1][..], "Ok"), (&[1, 0, 0], "Numbers"), (&[0, 0, 1], "BadEncoding")] {
        let mut odd = Key { dir: tempfile::tempdir().unwrap(), spki: key.spki.clone() };
        let at = odd.spki.len() - 3;
        odd.spki[at..].copy_from_slice(exponent);
        let answer = odd.check(Version::Tls12, Scheme::RSA_PKCS1_SHA256, &signature);
        assert!(format!("{answer:?}").contains(why), "{exponent:?}: {answer:?}");
    }
    let mut even = key.spki.clone();
    let last_of_modulus = even.len() - 6;
    even[last_of_modulus] &= 0xFE;
    let answer = check(Version::Tls12, MESSAGE, &even, (Scheme::RSA_PKCS1_SHA256, &signature), &provider());
    assert!(format!("{answer:?}").contains("Numbers"), "{answer:?}");
}

/// PSS does not say so itself: a signature plus the modulus verifies in a careless implementation.
#[test]
fn an_rsa_signature_not_below_the_modulus_is_refused() {
    // The sum has to fit, which it seldom does where a modulus is near its maximum: then another key is made.
    let (key, larger) = std::iter::repeat_with(|| Key::new("RSA", &["rsa_keygen_bits:1024"]))
        .find_map(|key| {
            let info = x509_parser::x509::SubjectPublicKeyInfo::from_der(&key.spki).unwrap().1;
            let Ok(x509_parser::public_key::PublicKey::RSA(numbers)) = info.parsed() else { panic!() };
            let n = rsa::BigUint::from_bytes_be(numbers.modulus);
            let larger = (0..16).find_map(|_| {
                let sum = rsa::BigUint::from_bytes_be(&key.sign_pss("sha256")) + &n;
                Some(sum.to_bytes_be()).filter(|octets| octets.len() == 128)
            })?;
            Some((key, larger))
        })
        .unwrap();
    let answer = key.check(Version::Tls13, Scheme::RSA_PSS_SHA256, &larger);
    assert_eq!(answer, Err(CertificateError::BadSignature.into()));
}

#[test]
fn keys_marked_for_pss_sign_with_their_own_schemes_only_and_within_their_limits() {
    let other = Key::new("RSA-PSS", &["rsa_keygen_bits:2048"]);
    for bits in ["rsa_keygen_bits:2048", "rsa_keygen_bits:1024"] {
        let key = Key::new("RSA-PSS", &[bits]);
        let signature = key.sign_pss("sha256");
        key.holds(Version::Tls13, PSS_SHA256, &signature, &other);
        assert!(key.check(Version::Tls13, Scheme::RSA_PSS_SHA256, &signature).is_err(), "rsae with a PSS key");
        assert!(key.check(Version::Tls12, Scheme::RSA_PKCS1_SHA256, &signature).is_err());
    }
    let ordinary = Key::new("RSA", &["rsa_keygen_bits:2048"]);
    assert!(ordinary.check(Version::Tls13, PSS_SHA256, &ordinary.sign_pss("sha256")).is_err());

    let limited = Key::new(
        "RSA-PSS",
        &[
            "rsa_keygen_bits:2048",
            "rsa_pss_keygen_md:sha384",
            "rsa_pss_keygen_mgf1_md:sha384",
            "rsa_pss_keygen_saltlen:48",
        ],
    );
    limited.holds(Version::Tls13, PSS_SHA384, &limited.sign_pss("sha384"), &other);
    let error = limited.check(Version::Tls13, PSS_SHA256, &[0; 256]).unwrap_err();
    assert!(format!("{error:?}").contains("Kind"), "{error:?}");
}

#[test]
fn ecdsa_takes_any_digest_in_tls_1_2_and_the_curves_own_in_tls_1_3() {
    const SCHEMES: [(Scheme, &str, &str); 3] = [
        (Scheme::ECDSA_NISTP256_SHA256, "sha256", "P-256"),
        (Scheme::ECDSA_NISTP384_SHA384, "sha384", "P-384"),
        (Scheme::ECDSA_NISTP521_SHA512, "sha512", "P-521"),
    ];
    let largest = if cfg!(feature = "aws-lc-rs") { 3 } else { 2 };
    for (_, _, curve) in SCHEMES.iter().take(largest) {
        let option = format!("ec_paramgen_curve:{curve}");
        let (key, other) = (Key::new("EC", &[&option]), Key::new("EC", &[&option]));
        for (scheme, digest, own) in SCHEMES.iter().take(largest) {
            let signature = key.sign(Some(digest), &[]);
            key.holds(Version::Tls12, *scheme, &signature, &other);
            if own == curve {
                key.holds(Version::Tls13, *scheme, &signature, &other);
            } else {
                let answer = key.check(Version::Tls13, *scheme, &signature);
                assert_eq!(answer, Err(CertificateError::BadSignature.into()), "{curve} {scheme:?}");
            }
        }
    }
}

#[test]
fn ed25519_signs_in_both_versions() {
    let (key, other) = (Key::new("ED25519", &[]), Key::new("ED25519", &[]));
    let signature = key.sign(None, &[]);
    key.holds(Version::Tls12, Scheme::ED25519, &signature, &other);
    key.holds(Version::Tls13, Scheme::ED25519, &signature, &other);
}

#[test]
fn sha_1_is_neither_offered_nor_accepted_even_if_a_provider_lists_it() {
    let offered = schemes(&provider());
    for scheme in [Scheme::RSA_PKCS1_SHA1, Scheme::ECDSA_SHA1_Legacy] {
        assert!(!offered.contains(&scheme));
        let mut provider = provider();
        let algorithms = provider.signature_verification_algorithms.mapping[0].1;
        provider.signature_verification_algorithms.mapping = Box::leak(Box::new([(scheme, algorithms)]));
        assert!(schemes(&provider).is_empty());
        let answer = check(Version::Tls12, MESSAGE, &[], (scheme, &[]), &provider);
        assert_eq!(answer, unadvertised());
    }
    let key = Key::new("RSA", &["rsa_keygen_bits:2048"]);
    let signature = key.sign(Some("sha1"), &[]);
    assert_eq!(key.check(Version::Tls12, Scheme::RSA_PKCS1_SHA1, &signature), unadvertised());
}

#[test]
fn keys_marked_for_pss_are_offered_last_and_unknown_schemes_not_at_all() {
    let offered = schemes(&provider());
    let tail: Vec<u16> = offered.iter().rev().take(3).rev().map(|scheme| u16::from(*scheme)).collect();
    assert_eq!(tail, [0x0809, 0x080a, 0x080b]);
    let rsa = offered
        .iter()
        .map(|scheme| u16::from(*scheme))
        .filter(|code| matches!(code, 0x0804..=0x0806 | 0x0401..=0x0601 if code & 0xff == 1 || code >> 8 == 8));
    assert_eq!(rsa.collect::<Vec<_>>(), [0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601], "the shortest digest first");
    assert_eq!(offered.contains(&Scheme::ECDSA_NISTP521_SHA512), cfg!(feature = "aws-lc-rs"));
    let key = Key::new("ED25519", &[]);
    for scheme in [Scheme::ED448, Scheme::Unknown(0x0840), Scheme::Unknown(0)] {
        assert_eq!(key.check(Version::Tls13, scheme, &[]), unadvertised());
    }
}

#[test]
fn a_cut_key_is_refused_and_no_altered_one_panics() {
    let key = Key::new("RSA", &["rsa_keygen_bits:1024"]);
    let signature = key.sign(Some("sha256"), &[]);
    for scheme in schemes(&provider()) {
        for end in 0..key.spki.len() {
            assert!(check(Version::Tls12, MESSAGE, &key.spki[..end], (scheme, &signature), &provider()).is_err());
        }
        for at in 0..key.spki.len() {
            let mut odd = key.spki.clone();
            odd[at] ^= 0x81;
            let _ = check(Version::Tls12, MESSAGE, &odd, (scheme, &signature), &provider());
        }
    }
}
