//! Certificates, revocation lists and OCSP responses made on the spot, in DER written by hand and
//! signed with Ed25519 keys from seeds: what openssl does not make, and the same bytes on each run.

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
#[cfg(not(feature = "aws-lc-rs"))]
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::Digest;

use tofu::cert::Cert;
use tofu::time::{DAY, Timestamp};

use super::AT;
use crate::der::{generalized, seq, tlv};

pub const CN: &[u8] = &[0x55, 4, 3];
pub const DC: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25];
pub const EMAIL: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1];
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];

/// A key pair, the same for the same name.
pub struct Key(Ed25519KeyPair);

pub fn key(name: &str) -> Key {
    Key(Ed25519KeyPair::from_seed_unchecked(tofu::hash::Hash::of(name.as_bytes()).as_bytes()).unwrap())
}

impl Key {
    pub fn bits(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    fn spki(&self) -> Vec<u8> {
        seq(&[algorithm(), tlv(0x03, &[&[0], &self.bits()[..]].concat())])
    }

    /// `SEQUENCE { tbs, algorithm, signature, rest }`.
    pub fn sign(&self, tbs: &[u8], rest: &[u8]) -> Vec<u8> {
        let signature = [&[0], self.0.sign(tbs).as_ref()].concat();
        seq(&[tbs.to_vec(), algorithm(), tlv(0x03, &signature), rest.to_vec()])
    }
}

fn algorithm() -> Vec<u8> {
    seq(&[tlv(0x06, ED25519)])
}

/// A name of one attribute in each part: its type, the tag of its string, the string.
pub fn name(parts: &[(&[u8], u8, &str)]) -> Vec<u8> {
    let part = |(oid, tag, text): &(&[u8], u8, &str)| tlv(0x31, &seq(&[tlv(0x06, oid), tlv(*tag, text.as_bytes())]));
    seq(&parts.iter().map(part).collect::<Vec<_>>())
}

/// A name with a CN, a UTF8String.
pub fn cn(text: &str) -> Vec<u8> {
    name(&[(CN, 0x0C, text)])
}

/// An extension: the last arc below 2.5.29, whether it is critical, its value.
pub fn extension(arc: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    extension_of(&[0x55, 0x1D, arc], critical, value)
}

pub fn extension_of(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { tlv(0x01, &[0xFF]) } else { Vec::new() };
    seq(&[tlv(0x06, oid), flag, tlv(0x04, value)])
}

/// subjectAltName with these names, whole.
pub fn alternative_names(names: &[Vec<u8>]) -> Vec<u8> {
    extension(17, false, &seq(names))
}

pub fn dns(name: &str) -> Vec<u8> {
    tlv(0x82, name.as_bytes())
}

/// Name constraints: permitted and excluded GeneralNames.
pub fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let list = |tag, names: &[Vec<u8>]| match names {
        [] => Vec::new(),
        _ => tlv(tag, &names.iter().map(|name| tlv(0x30, name)).collect::<Vec<_>>().concat()),
    };
    extension(30, true, &seq(&[list(0xA0, permitted), list(0xA1, excluded)]))
}

/// keyUsage with these bits, counted from the left: 5 is keyCertSign, 6 is cRLSign.
pub fn key_usage(bits: &[u8]) -> Vec<u8> {
    let set = bits.iter().fold(0u8, |set, bit| set | 0x80 >> bit);
    extension(15, true, &tlv(0x03, &[set.trailing_zeros() as u8, set]))
}

pub fn ca_flag() -> Vec<u8> {
    extension(19, true, &seq(&[tlv(0x01, &[0xFF])]))
}

/// A certificate before it is signed.
#[derive(Clone)]
pub struct Draft {
    pub subject: Vec<u8>,
    pub issuer: Vec<u8>,
    pub serial: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
}

impl Draft {
    /// An authority, self-issued unless `issuer` is changed.
    pub fn ca(subject: &[u8]) -> Self {
        let extensions = vec![ca_flag(), key_usage(&[5, 6])];
        Self { subject: subject.to_vec(), issuer: subject.to_vec(), serial: vec![1], extensions }
    }

    /// A certificate of mail.example.
    pub fn leaf(issuer: &[u8], serial: &[u8]) -> Self {
        let extensions = vec![alternative_names(&[dns("mail.example")])];
        Self { subject: cn("mail.example"), issuer: issuer.to_vec(), serial: serial.to_vec(), extensions }
    }

    pub fn issued_by(self, issuer: &[u8]) -> Self {
        Self { issuer: issuer.to_vec(), ..self }
    }

    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub fn only(self, extensions: &[Vec<u8>]) -> Self {
        Self { extensions: extensions.to_vec(), ..self }
    }

    pub fn signed(&self, own: &Key, by: &Key) -> Cert {
        let validity = seq(&[generalized(AT - 300 * DAY), generalized(AT + 300 * DAY)]);
        let extensions = match &self.extensions[..] {
            [] => Vec::new(),
            list => tlv(0xA3, &seq(list)),
        };
        let tbs = seq(&[
            tlv(0xA0, &tlv(0x02, &[2])),
            tlv(0x02, &self.serial),
            algorithm(),
            self.issuer.clone(),
            validity,
            self.subject.clone(),
            own.spki(),
            extensions,
        ]);
        Cert::parse_der(&by.sign(&tbs, &[])).expect("a certificate")
    }
}

/// An entry of a revocation list.
pub fn entry(serial: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = if extensions.is_empty() { Vec::new() } else { seq(extensions) };
    seq(&[tlv(0x02, serial), generalized(AT - 10 * DAY), extensions])
}

/// The reason of an entry.
pub fn reason(code: u8) -> Vec<u8> {
    extension(21, false, &tlv(0x0A, &[code]))
}

/// A revocation list before it is signed.
#[derive(Clone)]
pub struct List {
    /// Version 1 has no version field and no extensions.
    pub version: Option<u8>,
    pub issuer: Vec<u8>,
    pub next_update: Option<Timestamp>,
    pub entries: Vec<Vec<u8>>,
    pub extensions: Vec<Vec<u8>>,
}

impl List {
    pub fn of(issuer: &[u8]) -> Self {
        let next_update = Some(AT + 30 * DAY);
        Self { version: Some(1), issuer: issuer.to_vec(), next_update, entries: Vec::new(), extensions: Vec::new() }
    }

    pub fn entry(mut self, serial: &[u8]) -> Self {
        self.entries.push(entry(serial, &[]));
        self
    }

    pub fn raw_entry(mut self, entry: Vec<u8>) -> Self {
        self.entries.push(entry);
        self
    }

    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// An issuingDistributionPoint with these fields.
    pub fn point(self, fields: &[Vec<u8>]) -> Self {
        self.with(extension(28, true, &seq(fields)))
    }

    /// A deltaCRLIndicator.
    pub fn delta(self, base: u8) -> Self {
        self.with(extension(27, true, &tlv(0x02, &[base])))
    }

    /// A crlNumber.
    pub fn number(self, number: u8) -> Self {
        self.with(extension(20, false, &tlv(0x02, &[number])))
    }

    pub fn signed(&self, by: &Key) -> Vec<u8> {
        let some = |tag: u8, list: &[Vec<u8>]| if list.is_empty() { Vec::new() } else { tlv(tag, &list.concat()) };
        let extensions = match &self.extensions[..] {
            [] => Vec::new(),
            list => tlv(0xA0, &seq(list)),
        };
        let tbs = seq(&[
            self.version.map(|number| tlv(0x02, &[number])).unwrap_or_default(),
            algorithm(),
            self.issuer.clone(),
            generalized(AT - 5 * DAY),
            self.next_update.map(generalized).unwrap_or_default(),
            some(0x30, &self.entries),
            extensions,
        ]);
        by.sign(&tbs, &[])
    }
}

/// What a single OCSP response says.
#[derive(Clone, Copy)]
pub enum Says {
    Good,
    Revoked,
    Unknown,
}

pub const SHA1: &[u8] = &[0x2B, 0x0E, 3, 2, 0x1A];
pub const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub const SHA384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
pub const SHA512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
/// SHA3-256, which is unknown here.
pub const SHA3: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 8];

fn hashed(oid: &[u8], bytes: &[u8]) -> Vec<u8> {
    match oid {
        SHA1 => sha1::Sha1::digest(bytes).to_vec(),
        SHA384 => sha2::Sha384::digest(bytes).to_vec(),
        SHA512 => sha2::Sha512::digest(bytes).to_vec(),
        _ => sha2::Sha256::digest(bytes).to_vec(),
    }
}

/// A single response about the certificate with this serial number, issued under this name and key.
pub fn single(hash: &[u8], issuer: &[u8], key: &Key, serial: &[u8], says: Says, extensions: &[Vec<u8>]) -> Vec<u8> {
    let id = seq(&[
        seq(&[tlv(0x06, hash)]),
        tlv(0x04, &hashed(hash, issuer)),
        tlv(0x04, &hashed(hash, &key.bits())),
        tlv(0x02, serial),
    ]);
    let status = match says {
        Says::Good => tlv(0x80, &[]),
        Says::Revoked => tlv(0xA1, &generalized(AT - 10 * DAY)),
        Says::Unknown => tlv(0x82, &[]),
    };
    let more = if extensions.is_empty() { Vec::new() } else { tlv(0xA1, &seq(extensions)) };
    seq(&[id, status, generalized(AT - DAY), tlv(0xA0, &generalized(AT + DAY)), more])
}

/// A whole OCSP response of these single ones, with the responder's certificates.
pub fn response(singles: &[Vec<u8>], by: &Key, certs: &[Cert]) -> Vec<u8> {
    let data = seq(&[tlv(0xA2, &tlv(0x04, &[7; 20])), generalized(AT - DAY), seq(singles)]);
    let certs = match certs {
        [] => Vec::new(),
        list => tlv(0xA0, &seq(&list.iter().map(|cert| cert.der().to_vec()).collect::<Vec<_>>())),
    };
    let basic = by.sign(&data, &certs);
    let kind = tlv(0x06, &[0x2B, 6, 1, 5, 5, 7, 0x30, 1, 1]);
    seq(&[tlv(0x0A, &[0]), tlv(0xA0, &seq(&[kind, tlv(0x04, &basic)]))])
}
