//! Certificates made while the test runs, for what openssl's command line cannot say: every field
//! can be set, and nothing is checked. Keys are new on every run; a kind of key is made once.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};

use crate::der::{seq, tlv};

/// The DER of an object identifier given with dots.
pub fn oid(dotted: &str) -> Vec<u8> {
    let numbers: Vec<u32> = dotted.split('.').map(|n| n.parse().expect("a number")).collect();
    let mut body = vec![(numbers[0] * 40 + numbers[1]) as u8];
    for number in &numbers[2..] {
        let digits: Vec<u8> = (0..5).rev().map(|n| (number >> (7 * n)) as u8 & 0x7f).skip_while(|d| *d == 0).collect();
        let digits = if digits.is_empty() { vec![0] } else { digits };
        let last = digits.len() - 1;
        body.extend(digits.iter().enumerate().map(|(i, d)| if i < last { d | 0x80 } else { *d }));
    }
    tlv(6, &body)
}

/// `CN=name`, as UTF8String.
pub fn name(cn: &str) -> Vec<u8> {
    attribute("2.5.4.3", 0x0c, cn)
}

/// A name of one attribute.
pub fn attribute(kind: &str, tag: u8, value: &str) -> Vec<u8> {
    seq(&[&tlv(0x31, &seq(&[&oid(kind), &tlv(tag, value.as_bytes())]))])
}

/// A key and how it signs.
pub enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// How a signature is made: the AlgorithmIdentifier's DER, and whether an RSA key uses PSS.
#[derive(Clone)]
pub struct Algorithm {
    pub id: Vec<u8>,
    pub pss: bool,
}

impl Key {
    pub fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        Self::P256(pair)
    }

    pub fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().expect("a key"))
    }

    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
    }

    /// An RSA key shared by all tests, for making one takes long in a build without optimization.
    pub fn shared_rsa() -> &'static Self {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Self::rsa)
    }

    /// The AlgorithmIdentifier of the key itself.
    fn id(&self) -> Vec<u8> {
        match self {
            Self::P256(_) => seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]),
            Self::Ed25519(_) => seq(&[&oid("1.3.101.112")]),
            Self::Rsa(_) => seq(&[&oid("1.2.840.113549.1.1.1"), &tlv(5, &[])]),
        }
    }

    fn bits(&self) -> Vec<u8> {
        let key = match self {
            Self::P256(pair) => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::Rsa(pair) => pair.public_key().as_ref(),
        };
        tlv(3, &[&[0], key].concat())
    }

    pub fn spki(&self) -> Vec<u8> {
        self.spki_with(&self.id())
    }

    /// The key under another AlgorithmIdentifier.
    pub fn spki_with(&self, id: &[u8]) -> Vec<u8> {
        seq(&[id, &self.bits()])
    }

    /// How it usually signs.
    pub fn algorithm(&self) -> Algorithm {
        let id = match self {
            Self::P256(_) => seq(&[&oid("1.2.840.10045.4.3.2")]),
            Self::Ed25519(_) => seq(&[&oid("1.3.101.112")]),
            Self::Rsa(_) => seq(&[&oid("1.2.840.113549.1.1.11"), &tlv(5, &[])]),
        };
        Algorithm { id, pss: false }
    }

    fn sign(&self, pss: bool, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => pair.sign(&random, message).expect("signs").as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if pss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).expect("signs");
                signature
            }
        }
    }
}

/// RSASSA-PSS with SHA-256 and a salt of 32 bytes, the hash identifiers with or without NULL.
pub fn pss(null: bool) -> Vec<u8> {
    let end = if null { tlv(5, &[]) } else { Vec::new() };
    let hash = seq(&[&oid("2.16.840.1.101.3.4.2.1"), &end]);
    let mask = seq(&[&oid("1.2.840.113549.1.1.8"), &hash]);
    seq(&[&oid("1.2.840.113549.1.1.10"), &seq(&[&tlv(0xa0, &hash), &tlv(0xa1, &mask), &tlv(0xa2, &tlv(2, &[32]))])])
}

/// A certificate to be: [`Draft::leaf`] or [`Draft::ca`] and then what differs.
#[derive(Clone, Debug)]
pub struct Draft {
    pub version: u8,
    pub serial: Vec<u8>,
    pub issuer: Vec<u8>,
    pub not_before: Vec<u8>,
    pub not_after: Vec<u8>,
    pub subject: Vec<u8>,
    pub spki: Vec<u8>,
    /// The contents between key and extensions: unique identifiers.
    pub between: Vec<u8>,
    /// Object identifier, critical, contents.
    pub extensions: Vec<(&'static str, bool, Vec<u8>)>,
}

pub const BASIC: &str = "2.5.29.19";
pub const USAGE: &str = "2.5.29.15";
pub const SAN: &str = "2.5.29.17";
pub const CONSTRAINTS: &str = "2.5.29.30";

impl Draft {
    fn new(subject: Vec<u8>, issuer: &str, key: &Key) -> Self {
        Self {
            version: 2,
            serial: vec![1, 2, 3],
            issuer: name(issuer),
            not_before: tlv(0x17, b"200101000000Z"),
            not_after: tlv(0x17, b"491231000000Z"),
            subject,
            spki: key.spki(),
            between: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// A leaf for mail.example.
    pub fn leaf(issuer: &str, key: &Key) -> Self {
        let mut leaf = Self::new(name("mail.example"), issuer, key);
        leaf.extensions = vec![(SAN, false, seq(&[&tlv(0x82, b"mail.example")]))];
        leaf
    }

    pub fn ca(subject: &str, issuer: &str, key: &Key) -> Self {
        let mut ca = Self::new(name(subject), issuer, key);
        ca.extensions = vec![(BASIC, true, seq(&[&tlv(1, &[0xff])])), (USAGE, true, tlv(3, &[1, 0b0000_0110]))];
        ca
    }

    /// Replaces the extension or adds it.
    pub fn with(mut self, id: &'static str, critical: bool, value: Vec<u8>) -> Self {
        self.extensions.retain(|(known, ..)| *known != id);
        self.extensions.push((id, critical, value));
        self
    }

    /// Subject and authority key identifier, of one byte each.
    pub fn ids(self, own: u8, issuer: u8) -> Self {
        self.with("2.5.29.14", false, tlv(4, &[own])).with("2.5.29.35", false, seq(&[&tlv(0x80, &[issuer])]))
    }

    pub fn signed(&self, key: &Key) -> Vec<u8> {
        self.signed_as(key, &key.algorithm())
    }

    pub fn signed_as(&self, key: &Key, algorithm: &Algorithm) -> Vec<u8> {
        let tbs = self.tbs(&algorithm.id);
        let signature = key.sign(algorithm.pss, &tbs);
        seq(&[&tbs, &algorithm.id, &tlv(3, &[&[0], &signature[..]].concat())])
    }

    fn tbs(&self, algorithm: &[u8]) -> Vec<u8> {
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .flat_map(|(id, critical, value)| {
                let flag = if *critical { tlv(1, &[0xff]) } else { Vec::new() };
                seq(&[&oid(id), &flag, &tlv(4, value)])
            })
            .collect();
        let extensions = if extensions.is_empty() { Vec::new() } else { tlv(0xa3, &tlv(0x30, &extensions)) };
        let version = if self.version == 0 { Vec::new() } else { tlv(0xa0, &tlv(2, &[self.version])) };
        seq(&[
            &version,
            &tlv(2, &self.serial),
            algorithm,
            &self.issuer,
            &seq(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.spki,
            &self.between,
            &extensions,
        ])
    }
}
