//! Certificate policies (RFC 5280, section 6.1), where an authority requires one.

use crate::der::{seq, tlv};
use crate::support::asked_der;
use crate::support::drafts::{Draft, Key, oid};

const POLICIES: &str = "2.5.29.32";
const MAPPINGS: &str = "2.5.29.33";
const CONSTRAINTS: &str = "2.5.29.36";
const INHIBIT_ANY: &str = "2.5.29.54";
const ANY: &str = "2.5.29.32.0";

/// What a certificate says of policies.
#[derive(Clone, Default)]
struct Says {
    policies: &'static [&'static str],
    mappings: &'static [(&'static str, &'static str)],
    /// requireExplicitPolicy and inhibitPolicyMapping.
    require: Option<u8>,
    no_mapping: Option<u8>,
    no_any: Option<u8>,
    /// The subject is the issuer.
    own: bool,
}

impl Says {
    fn on(&self, mut draft: Draft) -> Draft {
        if !self.policies.is_empty() {
            let list: Vec<u8> = self.policies.iter().flat_map(|id| seq(&[&oid(id)])).collect();
            draft = draft.with(POLICIES, true, seq(&[&list]));
        }
        if !self.mappings.is_empty() {
            let list: Vec<u8> = self.mappings.iter().flat_map(|(from, to)| seq(&[&oid(from), &oid(to)])).collect();
            draft = draft.with(MAPPINGS, true, seq(&[&list]));
        }
        let field = |tag, number: Option<u8>| number.map_or(Vec::new(), |number| tlv(tag, &[number]));
        let limits = [field(0x80, self.require), field(0x81, self.no_mapping)].concat();
        if !limits.is_empty() {
            draft = draft.with(CONSTRAINTS, true, seq(&[&limits]));
        }
        match self.no_any {
            Some(number) => draft.with(INHIBIT_ANY, true, tlv(2, &[number])),
            None => draft,
        }
    }
}

/// The problems of a chain that says these things, from the leaf up to the authority below the root.
fn problems(says: &[Says]) -> Vec<String> {
    let keys: Vec<Key> = (0..=says.len()).map(|_| Key::p256()).collect();
    // Names from the root down: a self-issued authority keeps its issuer's.
    let mut names = vec!["CA".to_owned()];
    for (depth, says) in says.iter().rev().enumerate() {
        let last = names[depth].clone();
        names.push(if says.own { last } else { format!("CA {depth}") });
    }
    let mut sent = Vec::new();
    for (place, says) in says.iter().enumerate() {
        let depth = names.len() - 2 - place;
        let issuer = &names[depth];
        let draft = match place {
            0 => Draft::leaf(issuer, &keys[0]),
            _ => Draft::ca(&names[depth + 1], issuer, &keys[place]),
        };
        sent.push(says.on(draft).signed(&keys[place + 1]));
    }
    let root = keys.last().expect("a key");
    asked_der(&sent, &[Draft::ca("CA", "CA", root).signed(root)]).problems()
}

#[test]
fn policies_are_processed_as_rfc_5280_says() {
    let none = Says::default();
    let one = Says { policies: &["1.2.3"], ..none.clone() };
    let two = Says { policies: &["1.2.4"], ..none.clone() };
    let both = Says { policies: &["1.2.3", "1.2.4"], ..none.clone() };
    let any = Says { policies: &[ANY], ..none.clone() };
    let require = |says: &Says, skip| Says { require: Some(skip), ..says.clone() };
    let no_any = |says: &Says, skip| Says { no_any: Some(skip), ..says.clone() };
    let no_mapping = |says: &Says, skip| Says { no_mapping: Some(skip), ..says.clone() };
    let map = Says { mappings: &[("1.2.3", "1.2.4")], ..one.clone() };
    let own = |says: &Says| Says { own: true, ..says.clone() };
    let missing = |place: usize| vec![format!("{place}:constraint-policy")];
    // From the leaf up.
    for (case, says, expected) in [
        ("nothing is required", vec![one.clone(), two.clone(), both.clone()], vec![]),
        ("critical policies alone", vec![one.clone(), any.clone()], vec![]),
        ("required and there", vec![one.clone(), one.clone(), require(&one, 0)], vec![]),
        ("required and lost on the leaf", vec![none.clone(), one.clone(), require(&one, 0)], missing(0)),
        ("required and another", vec![two.clone(), one.clone(), require(&one, 0)], missing(0)),
        ("required and lost on the way", vec![one.clone(), none.clone(), require(&one, 0)], missing(1)),
        ("required further down than the leaf", vec![none.clone(), none.clone(), require(&one, 5)], vec![]),
        ("required after one more", vec![none.clone(), none.clone(), require(&one, 1)], missing(0)),
        ("required by the leaf of itself", vec![require(&none, 0), one.clone()], missing(0)),
        ("any covers all", vec![one.clone(), any.clone(), require(&any, 0)], vec![]),
        ("any on the leaf", vec![any.clone(), one.clone(), require(&one, 0)], vec![]),
        ("any inhibited", vec![one.clone(), any.clone(), no_any(&require(&one, 0), 0)], missing(1)),
        ("any inhibited later", vec![any.clone(), any.clone(), no_any(&require(&one, 0), 1)], missing(0)),
        ("any of a self-issued one", vec![one.clone(), own(&any), no_any(&require(&one, 0), 0)], vec![]),
        ("mapped", vec![two.clone(), one.clone(), require(&map, 0)], missing(1)),
        ("mapped to what follows", vec![two.clone(), two.clone(), require(&map, 0)], vec![]),
        ("mapped away", vec![one.clone(), one.clone(), require(&map, 0)], missing(1)),
        ("mapping inhibited", vec![two.clone(), map.clone(), no_mapping(&require(&one, 0), 0)], missing(0)),
        ("mapped from any", vec![two.clone(), Says { policies: &[ANY], ..map.clone() }, require(&any, 0)], vec![]),
        (
            "mapping to any",
            vec![one.clone(), Says { mappings: &[("1.2.3", ANY)], ..one.clone() }],
            vec!["1:constraint-policy-mapping".to_owned()],
        ),
        (
            "mapping any",
            vec![one.clone(), Says { mappings: &[(ANY, "1.2.3")], ..one.clone() }],
            vec!["1:constraint-policy-mapping".to_owned()],
        ),
    ] {
        assert_eq!(problems(&says), expected, "{case}");
    }
}

#[test]
fn policy_extensions_that_cannot_be_read_are_no_permission() {
    let (key, ca) = (Key::p256(), Key::p256());
    let root = Draft::ca("CA", "CA", &ca).signed(&ca);
    for (id, value) in [
        (POLICIES, tlv(0x30, &[])),
        (POLICIES, seq(&[&oid("1.2.3")])),
        (MAPPINGS, tlv(0x30, &[])),
        (MAPPINGS, seq(&[&seq(&[&oid("1.2.3")])])),
        (CONSTRAINTS, tlv(0x30, &[])),
        (CONSTRAINTS, seq(&[&tlv(0x80, &[0xff])])),
        (CONSTRAINTS, seq(&[&tlv(0x82, &[0])])),
        (INHIBIT_ANY, tlv(2, &[0xff])),
        (INHIBIT_ANY, Vec::new()),
    ] {
        let sent = |critical| {
            let leaf = Draft::leaf("Lower", &key).signed(&key);
            vec![leaf, Draft::ca("Lower", "CA", &key).with(id, critical, value.clone()).signed(&ca)]
        };
        let critical = asked_der(&sent(true), std::slice::from_ref(&root)).problems();
        assert!(critical.contains(&"1:unknown-critical-extension".to_owned()), "{id} {value:?}: {critical:?}");
        if [MAPPINGS, CONSTRAINTS].contains(&id) {
            let other = asked_der(&sent(false), std::slice::from_ref(&root)).problems();
            assert_eq!(other, ["1:constraint-unreadable"], "{id} {value:?}");
        }
    }
}

#[test]
fn very_many_policies_end_by_counting() {
    let keys: Vec<Key> = (0..5).map(|_| Key::p256()).collect();
    let list: Vec<u8> = (0..2500).flat_map(|n| seq(&[&oid(&format!("1.2.{n}"))])).collect();
    let maps: Vec<u8> =
        (0..2500).flat_map(|n| seq(&[&oid(&format!("1.2.{n}")), &oid(&format!("1.2.{}", n + 1))])).collect();
    let full = |draft: Draft| draft.with(POLICIES, true, seq(&[&list])).with(MAPPINGS, true, seq(&[&maps]));
    let sent: Vec<Vec<u8>> = (0..4)
        .map(|place| match place {
            0 => Draft::leaf("CA 1", &keys[0]).with(POLICIES, true, seq(&[&list])).signed(&keys[1]),
            _ => full(Draft::ca(&format!("CA {place}"), &format!("CA {}", place + 1), &keys[place]))
                .signed(&keys[place + 1]),
        })
        .collect();
    let root = Draft::ca("CA 4", "CA 4", &keys[4]).signed(&keys[4]);
    assert_eq!(asked_der(&sent, &[root]).problems(), [""; 0]);
}
