//! Paths that webpki cannot express are given to it rewritten. Here chains are made with each such
//! thing and then spoiled in every way that webpki refuses, one by one and by changing any byte
//! before signing: what webpki refuses in a chain that it can express stays refused in one that
//! it cannot.

use crate::der::{seq, tlv};
use crate::support::asked_der;
use crate::support::drafts::{Algorithm, BASIC, CONSTRAINTS, Draft, Key, SAN, USAGE, attribute, name, oid, pss};
use pki_types::{CertificateDer, UnixTime};
use tofu::cert::Cert;
use tofu::path::ProblemKind;

const EKU: &str = "2.5.29.37";
const POLICIES: &str = "2.5.29.32";
const POLICY_CONSTRAINTS: &str = "2.5.29.36";

/// What the certificates of a chain are signed with, and how.
struct Signer {
    key: &'static Key,
    algorithm: Algorithm,
}

/// A chain to be: the leaf first, the root last, each signed by the next and the root by itself.
struct Plan {
    drafts: Vec<Draft>,
    signers: Vec<Signer>,
    /// Applied to the DER of each certificate.
    damage: fn(usize, &mut Vec<u8>),
}

impl Plan {
    fn made(&self) -> (Vec<Vec<u8>>, Vec<u8>) {
        let last = self.drafts.len() - 1;
        let mut certs: Vec<Vec<u8>> = self
            .drafts
            .iter()
            .enumerate()
            .map(|(place, draft)| {
                let signer = &self.signers[(place + 1).min(last)];
                let mut der = draft.signed_as(signer.key, &signer.algorithm);
                (self.damage)(place, &mut der);
                der
            })
            .collect();
        let root = certs.pop().expect("a root");
        (certs, root)
    }
}

fn keys() -> &'static [Key; 5] {
    static KEYS: std::sync::OnceLock<[Key; 5]> = std::sync::OnceLock::new();
    KEYS.get_or_init(|| std::array::from_fn(|_| Key::p256()))
}

fn usage(ids: &[&str]) -> Vec<u8> {
    seq(&[&ids.iter().flat_map(|id| oid(id)).collect::<Vec<u8>>()])
}

fn dns(tag: u8, base: &str) -> Vec<u8> {
    limits(tag, 0x82, base.as_bytes())
}

/// Name constraints with one subtree.
fn limits(list: u8, kind: u8, base: &[u8]) -> Vec<u8> {
    seq(&[&tlv(list, &seq(&[&tlv(kind, base)]))])
}

/// Leaf, two authorities and a root, good in every way and without anything that webpki cannot take.
fn plain() -> Plan {
    let keys = keys();
    let leaf = Draft::leaf("Lower", &keys[0])
        .with(SAN, false, seq(&[&tlv(0x82, b"mail.example"), &tlv(0x87, &[192, 0, 2, 1])]))
        .with(USAGE, true, tlv(3, &[7, 0x80]))
        .with(EKU, false, usage(&["1.3.6.1.5.5.7.3.1"]));
    let lower = Draft::ca("Lower", "Upper", &keys[1]);
    let upper = Draft::ca("Upper", "Root", &keys[2]).with(CONSTRAINTS, true, dns(0xa0, "example"));
    let root = Draft::ca("Root", "Root", &keys[3]);
    let signers = keys[..4].iter().map(|key| Signer { key, algorithm: key.algorithm() }).collect();
    Plan { drafts: vec![leaf, lower, upper, root], signers, damage: |_, _| {} }
}

type Step = (&'static str, fn(&mut Plan));

/// Signs the leaf with an RSA key instead, which the lower authority then has.
fn rsa(plan: &mut Plan, id: Vec<u8>) {
    let key = Key::shared_rsa();
    plan.drafts[1].spki = key.spki();
    plan.signers[1] = Signer { key, algorithm: Algorithm { pss: true, id } };
}

/// What webpki cannot express.
const FEATURES: &[Step] = &[
    ("RSA-PSS without NULL", |plan| rsa(plan, pss(false))),
    ("a key for RSA-PSS alone", |plan| {
        rsa(plan, pss(true));
        plan.drafts[1].spki = Key::shared_rsa().spki_with(&seq(&[&oid("1.2.840.113549.1.1.10")]));
    }),
    ("a key for RSA-PSS with SHA-256", |plan| {
        rsa(plan, pss(false));
        plan.drafts[1].spki = Key::shared_rsa().spki_with(&pss(true));
    }),
    ("ECDSA with NULL", |plan| {
        plan.signers[1].algorithm.id = seq(&[&oid("1.2.840.10045.4.3.2"), &tlv(5, &[])]);
    }),
    ("a leaf of 1950", |plan| plan.drafts[0].not_before = tlv(0x17, b"500101000000Z")),
    ("an authority of 1969", |plan| plan.drafts[2].not_before = tlv(0x17, b"691231235959Z")),
    ("unique identifiers", |plan| {
        plan.drafts[0].between = [tlv(0x81, &[0, 1]), tlv(0x82, &[0, 2])].concat();
        plan.drafts[1].between = tlv(0x82, &[3, 0x08]);
    }),
    ("a root with unique identifiers", |plan| plan.drafts[3].between = tlv(0x81, &[0, 1])),
    ("mail constraints beside a mail name", |plan| {
        let both = [seq(&[&tlv(0x82, b"example")]), seq(&[&tlv(0x81, b"mail.example")])].concat();
        plan.drafts[2] = plan.drafts[2].clone().with(CONSTRAINTS, true, seq(&[&tlv(0xa0, &both)]));
        let names = seq(&[&tlv(0x82, b"mail.example"), &tlv(0x81, b"me@mail.example")]);
        plan.drafts[0] = plan.drafts[0].clone().with(SAN, false, names);
    }),
    ("URI constraints beside a URI", |plan| {
        let both = [seq(&[&tlv(0x82, b"example")]), seq(&[&tlv(0x86, b".example")])].concat();
        plan.drafts[2] = plan.drafts[2].clone().with(CONSTRAINTS, true, seq(&[&tlv(0xa0, &both)]));
        let names = seq(&[&tlv(0x82, b"mail.example"), &tlv(0x86, b"https://www.example/")]);
        plan.drafts[0] = plan.drafts[0].clone().with(SAN, false, names);
    }),
    ("directory constraints", |plan| {
        let both = [seq(&[&tlv(0x82, b"example")]), seq(&[&tlv(0xa4, &name("mail.example"))])].concat();
        plan.drafts[2] = plan.drafts[2].clone().with(CONSTRAINTS, true, seq(&[&tlv(0xa0, &both)]));
        plan.drafts[1].subject = name("mail.example");
        plan.drafts[0].issuer = name("mail.example");
    }),
    ("critical policies", |plan| {
        let policies = seq(&[&seq(&[&oid("1.2.3")])]);
        (0..3).for_each(|n| plan.drafts[n] = plan.drafts[n].clone().with(POLICIES, true, policies.clone()));
        let require = seq(&[&tlv(0x80, &[0])]);
        plan.drafts[2] = plan.drafts[2].clone().with(POLICY_CONSTRAINTS, true, require);
    }),
    ("a self-issued authority", |plan| {
        plan.drafts[1].subject = name("Upper");
        plan.drafts[0].issuer = name("Upper");
        plan.drafts[2] = plan.drafts[2].clone().with(BASIC, true, seq(&[&tlv(1, &[0xff]), &tlv(2, &[0])]));
    }),
    ("names in other letter case", |plan| plan.drafts[0].issuer = name("LOWER")),
    ("a name of another string type", |plan| plan.drafts[1].issuer = attribute("2.5.4.3", 0x13, "Upper")),
];

/// What webpki refuses, in whatever chain.
const SPOILS: &[Step] = &[
    ("leaf expired", |plan| plan.drafts[0].not_after = tlv(0x17, b"210101000000Z")),
    ("authority expired", |plan| plan.drafts[2].not_after = tlv(0x17, b"210101000000Z")),
    ("leaf of the future", |plan| plan.drafts[0].not_before = tlv(0x17, b"480101000000Z")),
    ("a date with a zone", |plan| plan.drafts[0].not_after = tlv(0x17, b"491231000000+0000")),
    ("a date without seconds", |plan| plan.drafts[1].not_after = tlv(0x17, b"4912310000Z")),
    ("dates the wrong way round", |plan| plan.drafts[0].not_before = tlv(0x17, b"491231000001Z")),
    ("authority without CA:TRUE", |plan| {
        plan.drafts[1] = plan.drafts[1].clone().with(BASIC, true, tlv(0x30, &[]));
    }),
    ("authority without basic constraints", |plan| plan.drafts[1].extensions.retain(|(id, ..)| *id != BASIC)),
    ("CA:TRUE in other DER", |plan| {
        plan.drafts[1] = plan.drafts[1].clone().with(BASIC, true, seq(&[&tlv(1, &[1])]));
    }),
    ("leaf is an authority", |plan| {
        plan.drafts[0] = plan.drafts[0].clone().with(BASIC, true, seq(&[&tlv(1, &[0xff])]));
    }),
    ("root's path length exceeded", |plan| {
        // A third authority, so that there is one too many whichever of them is self-issued.
        let keys = keys();
        let middle = Draft::ca("Middle", "Root", &keys[4]).with(BASIC, true, seq(&[&tlv(1, &[0xff]), &tlv(2, &[0])]));
        plan.drafts[2].issuer = name("Middle");
        plan.drafts.insert(3, middle);
        plan.signers.insert(3, Signer { key: &keys[4], algorithm: keys[4].algorithm() });
    }),
    ("leaf for clients", |plan| {
        plan.drafts[0] = plan.drafts[0].clone().with(EKU, false, usage(&["1.3.6.1.5.5.7.3.2"]));
    }),
    ("authority for clients", |plan| {
        plan.drafts[2] = plan.drafts[2].clone().with(EKU, false, usage(&["1.3.6.1.5.5.7.3.2"]));
    }),
    ("no use at all", |plan| plan.drafts[0] = plan.drafts[0].clone().with(EKU, false, tlv(0x30, &[]))),
    ("unknown critical extension, leaf", |plan| {
        plan.drafts[0] = plan.drafts[0].clone().with("1.2.3.5", true, tlv(0x30, &[]));
    }),
    ("unknown critical extension, authority", |plan| {
        plan.drafts[1] = plan.drafts[1].clone().with("1.2.3.5", true, tlv(0x30, &[]));
    }),
    ("name outside what the root permits", |plan| {
        plan.drafts[3] = plan.drafts[3].clone().with(CONSTRAINTS, true, dns(0xa0, "other.example"));
    }),
    ("name that the root excludes", |plan| {
        plan.drafts[3] = plan.drafts[3].clone().with(CONSTRAINTS, true, dns(0xa1, "mail.example"));
    }),
    ("name outside what the lower authority permits", |plan| {
        plan.drafts[1] = plan.drafts[1].clone().with(CONSTRAINTS, true, dns(0xa0, "other.example"));
    }),
    ("address outside what is permitted", |plan| {
        let net = limits(0xa0, 0x87, &[10, 0, 0, 0, 255, 0, 0, 0]);
        plan.drafts[1] = plan.drafts[1].clone().with(CONSTRAINTS, true, net);
        let names = seq(&[&tlv(0x82, b"mail.example"), &tlv(0x87, &[192, 0, 2, 1])]);
        plan.drafts[0] = plan.drafts[0].clone().with(SAN, false, names);
    }),
    ("a mask with gaps", |plan| {
        let net = limits(0xa0, 0x87, &[192, 0, 2, 0, 255, 0, 255, 0]);
        plan.drafts[1] = plan.drafts[1].clone().with(CONSTRAINTS, true, net);
        let names = seq(&[&tlv(0x82, b"mail.example"), &tlv(0x87, &[192, 0, 2, 1])]);
        plan.drafts[0] = plan.drafts[0].clone().with(SAN, false, names);
    }),
    ("a subtree with a minimum", |plan| {
        let tree = seq(&[&tlv(0x82, b"example"), &tlv(0x80, &[1])]);
        plan.drafts[1] = plan.drafts[1].clone().with(CONSTRAINTS, true, seq(&[&tlv(0xa0, &tree)]));
    }),
    ("version 2", |plan| plan.drafts[0].version = 1),
    ("an authority of version 1", |plan| plan.drafts[1].version = 0),
    ("an extension twice", |plan| {
        let again = plan.drafts[1].extensions[0].clone();
        plan.drafts[1].extensions.push(again);
    }),
    ("something after the key", |plan| plan.drafts[0].between.extend(tlv(0x84, &[0, 1]))),
    ("unsupported names in the leaf", |plan| {
        let names = seq(&[&tlv(0x82, b"mail.example"), &tlv(0x8f, b"x")]);
        plan.drafts[0] = plan.drafts[0].clone().with(SAN, false, names);
    }),
    ("another signature on the leaf", |plan| plan.damage = |place, der| flip_last(place, 0, der)),
    ("another signature on the authority", |plan| plan.damage = |place, der| flip_last(place, 1, der)),
    ("bytes after the leaf", |plan| {
        plan.damage = |place, der| {
            if place == 0 {
                der.push(0);
            }
        };
    }),
    ("a long form of a short length", |plan| plan.damage = lengthen),
    ("signed by a stranger", |plan| {
        plan.signers[2].key = &keys()[4];
    }),
];

fn flip_last(place: usize, wanted: usize, der: &mut [u8]) {
    if let Some(last) = der.last_mut().filter(|_| place == wanted) {
        *last ^= 1;
    }
}

/// Writes the length of the whole in three bytes where two do.
fn lengthen(place: usize, der: &mut Vec<u8>) {
    if place == 0 && der[1] == 0x82 {
        der[1] = 0x83;
        der.insert(2, 0);
    }
}

/// What webpki says by itself.
fn webpki_takes(sent: &[Vec<u8>], root: &[u8]) -> bool {
    let certs: Vec<CertificateDer<'_>> = sent.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let root = CertificateDer::from(root);
    let Ok(anchor) = webpki::anchor_from_trusted_cert(&root) else { return false };
    let Ok(leaf) = webpki::EndEntityCert::try_from(&certs[0]) else { return false };
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(crate::support::AT as u64));
    let usage = webpki::KeyUsage::server_auth();
    leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &[anchor], &certs[1..], at, usage, None, None).is_ok()
}

/// Whether we find it valid; its texts are looked through on the way.
fn we_take(sent: &[Vec<u8>], root: &[u8]) -> bool {
    let mut asked = asked_der(sent, &[]);
    asked.roots = tofu::path::Roots::from_certs(Cert::parse_der(root).into_iter().collect());
    let answer = asked.answer();
    for statement in answer.problems.iter().map(|p| &p.statement).chain(&answer.notes) {
        crate::support::is_for_people(&statement.text());
    }
    answer.ca_valid
}

#[test]
fn webpki_takes_the_plain_chain_and_none_of_the_others_and_we_take_all() {
    let (sent, root) = plain().made();
    assert!(webpki_takes(&sent, &root) && we_take(&sent, &root));
    for (feature, apply) in FEATURES {
        let mut plan = plain();
        apply(&mut plan);
        let (sent, root) = plan.made();
        assert!(!webpki_takes(&sent, &root), "webpki can express {feature}");
        assert_eq!(asked_der(&sent, &[root]).problems(), [""; 0], "{feature}");
    }
}

#[test]
fn what_webpki_refuses_is_refused_whatever_it_cannot_express() {
    for (spoil, ruin) in SPOILS {
        let mut plan = plain();
        ruin(&mut plan);
        let (sent, root) = plan.made();
        assert!(!webpki_takes(&sent, &root), "webpki takes a chain with {spoil}");
        assert!(!we_take(&sent, &root), "{spoil}");
        for (feature, apply) in FEATURES {
            let mut plan = plain();
            apply(&mut plan);
            ruin(&mut plan);
            let (sent, root) = plan.made();
            assert!(!we_take(&sent, &root), "{feature} with {spoil}");
        }
    }
}

/// A small generator, the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// The byte of the extensions of `draft` that is changed, and how.
fn changed(draft: &Draft, dice: &mut Dice) -> Draft {
    let mut draft = draft.clone();
    let place = dice.below(draft.extensions.len());
    let (_, critical, value) = &mut draft.extensions[place];
    match dice.below(8) {
        0 => *critical ^= true,
        1 => drop(value.pop()),
        2 => value.push(0),
        3 => value.insert(0, 0x30),
        _ => {
            let at = dice.below(value.len());
            value[at] ^= 1 << dice.below(8);
        }
    }
    draft
}

#[test]
fn a_byte_changed_before_signing_makes_no_chain_good_that_webpki_refuses() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut refused, mut taken) = (0, 0);
    for round in 0..1500 {
        let mut plan = plain();
        let place = dice.below(3);
        plan.drafts[place] = changed(&plan.drafts[place], &mut dice);
        let spoiled = plan.drafts[place].clone();
        let (sent, root) = plan.made();
        let expressible = webpki_takes(&sent, &root);
        let ours = we_take(&sent, &root);
        assert!(!ours || expressible, "round {round}, certificate {place}: {spoiled:?}");
        let (feature, apply) = FEATURES[dice.below(FEATURES.len())];
        let untouched: Vec<Draft> = plain().drafts;
        let mut with = Plan { drafts: plan.drafts, signers: plain().signers, damage: |_, _| {} };
        apply(&mut with);
        let mut alone = plain();
        apply(&mut alone);
        // Only where the feature leaves the changed certificate's extensions as they are.
        if alone.drafts[place].extensions.len() != untouched[place].extensions.len()
            || alone.drafts[place].extensions != untouched[place].extensions
        {
            continue;
        }
        let (sent, root) = with.made();
        let got = we_take(&sent, &root);
        assert!(!got || expressible, "round {round}: {feature}, certificate {place}: {spoiled:?}");
        if expressible { taken += 1 } else { refused += 1 }
    }
    assert!(refused > 200 && taken > 50, "{refused} refused, {taken} taken");
}

#[test]
fn an_algorithm_that_webpki_does_not_have_is_not_let_in_by_another_spelling() {
    let key = Key::shared_rsa();
    let sha1 = seq(&[&oid("1.3.14.3.2.26"), &tlv(5, &[])]);
    let sha256 = seq(&[&oid("2.16.840.1.101.3.4.2.1")]);
    let mgf1 = oid("1.2.840.113549.1.1.8");
    let scheme = |hash: &[u8], mask: &[u8], salt: u8| {
        let fields = [tlv(0xa0, hash), tlv(0xa1, &seq(&[&mgf1, mask])), tlv(0xa2, &tlv(2, &[salt]))].concat();
        seq(&[&oid("1.2.840.113549.1.1.10"), &seq(&[&fields])])
    };
    for (case, id) in [
        ("two hashes", scheme(&sha256, &sha1, 32)),
        ("SHA-1", scheme(&sha1, &sha1, 20)),
        ("another salt", scheme(&sha256, &sha256, 20)),
        ("no parameters", seq(&[&oid("1.2.840.113549.1.1.10")])),
    ] {
        let mut plan = plain();
        rsa(&mut plan, id);
        let (sent, root) = plan.made();
        assert!(!we_take(&sent, &root), "{case}");
    }
    let mut other_key = plain();
    rsa(&mut other_key, pss(false));
    other_key.drafts[1].spki = key.spki_with(&scheme(&sha1, &sha1, 20));
    let (sent, root) = other_key.made();
    assert!(!we_take(&sent, &root), "a key for SHA-1 alone");
    let mut pkcs1 = plain();
    rsa(&mut pkcs1, Vec::new());
    pkcs1.signers[1].algorithm = key.algorithm();
    pkcs1.drafts[1].spki = key.spki_with(&seq(&[&oid("1.2.840.113549.1.1.10")]));
    let (sent, root) = pkcs1.made();
    assert!(!we_take(&sent, &root), "a key for RSA-PSS that signed otherwise");
}

#[test]
fn the_seal_of_rewritten_certificates_cannot_be_brought_along() {
    let keys = keys();
    let mut plan = plain();
    plan.signers[1].algorithm.id = seq(&[&oid("1.2.3.4")]);
    let (mut sent, root) = plan.made();
    let hash = Cert::parse_der(&sent[1]).expect("made well").spki();
    sent[0] = seq(&[tbs(&sent[0]), &seq(&[&oid("1.2.3.4")]), &tlv(3, &[&[0], &hash.as_bytes()[..]].concat())]);
    for id in [&keys[1], &keys[4]] {
        let mut sent = sent.clone();
        let mut lower = plain().drafts[1].clone();
        lower.spki = id.spki();
        sent[1] = lower.signed(&keys[2]);
        let answer = asked_der(&sent, std::slice::from_ref(&root)).answer();
        assert!(!answer.ca_valid && answer.kinds().contains(ProblemKind::UnsupportedAlgorithm));
    }
}

/// The to-be-signed part of a certificate.
fn tbs(der: &[u8]) -> &[u8] {
    let header = |der: &[u8]| match der[1] {
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        0x81 => (3, usize::from(der[2])),
        short => (2, usize::from(short)),
    };
    let inside = &der[header(der).0..];
    let (start, length) = header(inside);
    &inside[..start + length]
}

/// A leaf with `count` names, of which the last one is `mail.example`, below as many permitted names.
fn many(count: usize, permitted: &str) -> (Vec<Vec<u8>>, Vec<u8>) {
    let names: Vec<u8> = (1..count).flat_map(|n| tlv(0x82, format!("n{n}.example").as_bytes())).collect();
    let names = [names, tlv(0x82, b"mail.example")].concat();
    let trees: Vec<u8> = (1..count).flat_map(|n| seq(&[&tlv(0x82, format!("t{n}.test").as_bytes())])).collect();
    let trees = [trees, seq(&[&tlv(0x82, permitted.as_bytes())])].concat();
    let mut plan = plain();
    plan.drafts[0] = plan.drafts[0].clone().with(SAN, false, seq(&[&names]));
    plan.drafts[2] = plan.drafts[2].clone().with(CONSTRAINTS, true, seq(&[&tlv(0xa0, &trees)]));
    plan.made()
}

#[test]
fn many_names_under_many_constraints_are_checked_until_it_costs_too_much() {
    for (count, permitted, expected) in [
        (400, "example", &[][..]),
        (600, "example", &[]),
        (900, "example", &[]),
        (600, "example.test", &["0:constraint-name"]),
        (1500, "example", &["-:budget-exceeded"]),
    ] {
        let (sent, root) = many(count, permitted);
        assert_eq!(asked_der(&sent, &[root]).problems(), expected, "{count} names, {permitted} permitted");
    }
}
