//! What the tests of trust share: certificates made on the spot with Ed25519 keys from seeds, so
//! that every run makes the same bytes, and a small world of one server seen by one user.
#![allow(dead_code)]

pub mod facts;

#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
#[cfg(not(feature = "aws-lc-rs"))]
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::der::{generalized, seq, tlv};
use tofu::cert::Cert;
use tofu::endpoint::Endpoint;
use tofu::path::Chain;
use tofu::store::{EndpointRecord, PinKind, Store, StoreError};
use tofu::time::{DAY, Timestamp};
use tofu::trust::{self, Answer, Check, CheckError, Flags, Policy, TrustError, Verdict};

/// 2027-01-01, after the release of the library, so that no clock is wrong by accident.
pub const START: Timestamp = 1_798_761_600;

/// A key pair, the same for the same name.
pub struct Key(Ed25519KeyPair);

pub fn key(name: &str) -> Key {
    let seed = tofu::hash::Hash::of(name.as_bytes());
    Key(Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).unwrap())
}

fn name(common: &str, organisation: &str) -> Vec<u8> {
    let rdn = |oid: u8, value: &str| {
        let attribute = seq(&[tlv(0x06, &[0x55, 0x04, oid]), tlv(0x0C, value.as_bytes())]);
        tlv(0x31, &attribute)
    };
    let mut parts = Vec::new();
    if !organisation.is_empty() {
        parts.push(rdn(10, organisation));
    }
    parts.push(rdn(3, common));
    seq(&parts)
}

/// What a certificate is to say.
#[derive(Clone)]
pub struct Spec {
    pub common: String,
    pub organisation: String,
    pub names: Vec<String>,
    pub ca: bool,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// A server's certificate for these names.
pub fn server(names: &[&str], from: Timestamp, days: i64) -> Spec {
    Spec {
        common: names[0].to_owned(),
        organisation: String::new(),
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        ca: false,
        from,
        until: from + days * DAY,
    }
}

/// An authority.
pub fn authority(organisation: &str) -> Spec {
    Spec {
        common: format!("{organisation} CA"),
        organisation: organisation.to_owned(),
        names: Vec::new(),
        ca: true,
        from: START - 3650 * DAY,
        until: START + 7300 * DAY,
    }
}

/// Signs `spec` for `subject` by `issuer`, who is called as `issuer_spec` says.
pub fn issue(spec: &Spec, subject: &Key, issuer_spec: &Spec, issuer: &Key) -> Cert {
    let algorithm = seq(&[tlv(0x06, &[0x2B, 0x65, 0x70])]);
    let mut bits = vec![0];
    bits.extend(subject.0.public_key().as_ref());
    let spki = seq(&[algorithm.clone(), tlv(0x03, &bits)]);
    let mut serial =
        tofu::hash::Hash::of(format!("{}{}{}", spec.common, spec.from, spec.until).as_bytes()).as_bytes()[..8].to_vec();
    serial[0] = serial[0] & 0x3F | 0x40;
    let mut extensions = Vec::new();
    let extension = |oid: &[u8], critical: bool, value: Vec<u8>| {
        let mut parts = vec![tlv(0x06, oid)];
        if critical {
            parts.push(vec![0x01, 0x01, 0xFF]);
        }
        parts.push(tlv(0x04, &value));
        seq(&parts)
    };
    if spec.ca {
        extensions.push(extension(&[0x55, 0x1D, 0x13], true, seq(&[vec![0x01, 0x01, 0xFF]])));
    }
    if spec.ca && !spec.organisation.is_empty() {
        extensions.push(extension(&[0x55, 0x1D, 0x0F], true, vec![0x03, 0x02, 0x01, 0x06]));
    }
    if !spec.names.is_empty() {
        let names: Vec<Vec<u8>> = spec
            .names
            .iter()
            .map(|n| match n.parse::<std::net::Ipv4Addr>() {
                Ok(ip) => tlv(0x87, &ip.octets()),
                Err(_) => tlv(0x82, n.as_bytes()),
            })
            .collect();
        extensions.push(extension(&[0x55, 0x1D, 0x11], false, seq(&names)));
    }
    let mut parts = vec![
        tlv(0xA0, &tlv(0x02, &[2])),
        tlv(0x02, &serial),
        algorithm.clone(),
        name(&issuer_spec.common, &issuer_spec.organisation),
        seq(&[generalized(spec.from), generalized(spec.until)]),
        name(&spec.common, &spec.organisation),
        spki,
    ];
    if !extensions.is_empty() {
        parts.push(tlv(0xA3, &seq(&extensions)));
    }
    let tbs = seq(&parts);
    let mut signature = vec![0];
    signature.extend(issuer.0.sign(&tbs).as_ref());
    Cert::parse_der(&seq(&[tbs, algorithm, tlv(0x03, &signature)])).unwrap()
}

/// A certificate signed by its own key.
pub fn self_signed(names: &[&str], key_name: &str, from: Timestamp, days: i64) -> Chain {
    let spec = server(names, from, days);
    let key = key(key_name);
    chain(&[issue(&spec, &key, &spec, &key)])
}

/// An authority with its self-signed root.
pub struct Ca {
    pub spec: Spec,
    pub key: Key,
    pub root: Cert,
}

pub fn ca(organisation: &str) -> Ca {
    let spec = authority(organisation);
    let key = key(organisation);
    let root = issue(&spec, &key, &spec, &key);
    Ca { spec, key, root }
}

impl Ca {
    /// The leaf alone, issued directly below the root.
    pub fn leaf(&self, names: &[&str], key_name: &str, from: Timestamp, days: i64) -> Chain {
        chain(&[issue(&server(names, from, days), &key(key_name), &self.spec, &self.key)])
    }

    /// The leaf and the root, as private CAs often send them.
    pub fn with_root(&self, names: &[&str], key_name: &str, from: Timestamp, days: i64) -> Chain {
        let leaf = issue(&server(names, from, days), &key(key_name), &self.spec, &self.key);
        chain(&[leaf, self.root.clone()])
    }

    /// An intermediate authority below this root.
    pub fn intermediate(&self, number: usize) -> (Spec, Key, Cert) {
        let spec = Spec { common: format!("{} R{number}", self.spec.organisation), ..self.spec.clone() };
        let key = key(&spec.common);
        let cert = issue(&spec, &key, &self.spec, &self.key);
        (spec, key, cert)
    }

    /// A revocation list of one certificate.
    pub fn crl(&self, revoked: &Cert) -> Vec<u8> {
        let algorithm = seq(&[tlv(0x06, &[0x2B, 0x65, 0x70])]);
        let number = seq(&[tlv(0x06, &[0x55, 0x1D, 0x14]), tlv(0x04, &tlv(0x02, &[1]))]);
        let tbs = seq(&[
            tlv(0x02, &[1]),
            algorithm.clone(),
            name(&self.spec.common, &self.spec.organisation),
            generalized(START),
            generalized(START + 3650 * DAY),
            seq(&[seq(&[tlv(0x02, revoked.serial_bytes()), generalized(START)])]),
            tlv(0xA0, &seq(&[number])),
        ]);
        let mut signature = vec![0];
        signature.extend(self.key.0.sign(&tbs).as_ref());
        seq(&[tbs, algorithm, tlv(0x03, &signature)])
    }

    /// The leaf below an intermediate, with it.
    pub fn below(&self, number: usize, names: &[&str], key_name: &str, from: Timestamp, days: i64) -> Chain {
        let (spec, key_of, cert) = self.intermediate(number);
        chain(&[issue(&server(names, from, days), &key(key_name), &spec, &key_of), cert])
    }
}

pub fn chain(certs: &[Cert]) -> Chain {
    let mut chain = Chain::new();
    certs.iter().for_each(|cert| chain.push_der(cert.der()).unwrap());
    chain
}

/// A policy with these roots and none of the system's.
pub fn policy(preset: &str, roots: &[&Ca]) -> Policy {
    let mut policy = Policy::preset(preset).unwrap();
    policy.set("system-roots", "no").unwrap();
    roots.iter().for_each(|ca| policy.add_root(ca.root.clone()));
    policy
}

/// A store whose own policy has these roots and none of the system's: every program on it has them.
pub fn store_with(roots: &[&Ca]) -> Store {
    let store = Store::memory();
    store.write(|tx| tx.set_policy(Some(policy("default", roots).to_map()))).unwrap();
    store
}

/// One user's store, and a server at a time.
pub struct World {
    pub store: Store,
    pub policy: Policy,
    pub endpoint: Endpoint,
    pub flags: Flags,
    pub now: Timestamp,
}

pub fn world(preset: &str, roots: &[&Ca]) -> World {
    World {
        store: store_with(roots),
        policy: policy(preset, roots),
        endpoint: Endpoint::parse("", "mail.example.org", 993).unwrap(),
        flags: Flags::default(),
        now: START,
    }
}

impl World {
    pub fn at(&mut self, host: &str, port: u16) -> &mut Self {
        self.endpoint = Endpoint::parse(self.endpoint.account.as_str(), host, port).unwrap();
        self
    }

    pub fn days_later(&mut self, days: i64) -> &mut Self {
        self.now += days * DAY;
        self
    }

    pub fn try_see(&self, chain: &Chain) -> Result<Verdict, CheckError> {
        let check =
            Check { policy: Some(&self.policy), flags: self.flags, ..Check::new(&self.endpoint, chain, self.now) };
        trust::check(&self.store, &check)
    }

    pub fn see(&self, chain: &Chain) -> Verdict {
        self.try_see(chain).unwrap()
    }

    pub fn yes(&self, verdict: &Verdict) -> Result<(), TrustError> {
        trust::trust(&self.store, verdict, &Answer { now: self.now, ..Answer::default() })
    }

    pub fn yes_kind(&self, verdict: &Verdict, kind: PinKind) -> Result<(), TrustError> {
        trust::trust(&self.store, verdict, &Answer { now: self.now, kind: Some(kind), ..Answer::default() })
    }

    pub fn add(&self, verdict: &Verdict) -> Result<(), TrustError> {
        trust::trust(&self.store, verdict, &Answer { now: self.now, add: true, ..Answer::default() })
    }

    pub fn typed(&self, verdict: &Verdict, text: &str) -> Result<(), TrustError> {
        let kind = Some(PinKind::Key);
        let answer = Answer { now: self.now, kind, typed: Some(text.to_owned()), ..Answer::default() };
        trust::trust(&self.store, verdict, &answer)
    }

    /// First contact with a yes.
    pub fn pinned(&self, chain: &Chain) {
        let verdict = self.see(chain);
        self.yes(&verdict).unwrap();
        assert_eq!(say(&self.see(chain)), "accept pinned match none none");
    }

    pub fn record(&self) -> Option<EndpointRecord> {
        self.store.read(|tx| tx.endpoint(&self.endpoint)).unwrap()
    }

    /// Changes the endpoint's record by hand, as management calls do.
    pub fn edit(&self, change: impl Fn(&mut EndpointRecord)) {
        self.store
            .write(|tx| -> Result<(), StoreError> {
                let mut record = tx
                    .endpoint(&self.endpoint)?
                    .unwrap_or_else(|| EndpointRecord::new(self.endpoint.clone(), self.now));
                change(&mut record);
                tx.put_endpoint(record)
            })
            .unwrap();
    }
}

/// Decision, assurance, pin, change and risk in one line.
pub fn say(verdict: &Verdict) -> String {
    [
        verdict.decision().code(),
        verdict.assurance().code(),
        verdict.pin_result().code(),
        verdict.change().code(),
        verdict.risk().code(),
    ]
    .join(" ")
}

pub fn reasons(verdict: &Verdict) -> Vec<String> {
    verdict.reasons().map(str::to_owned).collect()
}

pub fn because(verdict: &Verdict, code: &str) -> bool {
    verdict.reasons().any(|reason| reason == code)
}

/// The text without its line breaks, for looking for a phrase.
pub fn words(verdict: &Verdict) -> String {
    verdict.to_text(80).split_whitespace().collect::<Vec<_>>().join(" ")
}
