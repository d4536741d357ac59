//! Which certificate is taken for an issuer, and what is said where none of that name is the one.

use crate::der::{seq, tlv};
use crate::support::asked_der;
use crate::support::drafts::{Algorithm, Draft, Key, oid};
use tofu::path::Roots;

const NONE: &[&str] = &[];

/// A root that signed itself.
fn root(name: &str, key: &Key) -> Draft {
    Draft::ca(name, name, key)
}

#[test]
fn an_authority_made_again_under_its_old_name_is_unknown_and_nothing_is_forged() {
    let (old, new, server) = (Key::p256(), Key::p256(), Key::p256());
    let leaf = Draft::leaf("Private CA", &server);
    for (case, with_ids) in [("without identifiers", false), ("with identifiers", true)] {
        let of = |draft: Draft, own, issuer| if with_ids { draft.ids(own, issuer) } else { draft };
        let old_root = of(root("Private CA", &old), 1, 1).signed(&old);
        let new_root = of(root("Private CA", &new), 2, 2).signed(&new);
        let leaf = of(leaf.clone(), 3, 2).signed(&new);
        let both = asked_der(&[leaf.clone(), new_root.clone()], std::slice::from_ref(&old_root));
        assert_eq!(both.problems(), ["1:untrusted-issuer"], "{case}");
        let alone = asked_der(std::slice::from_ref(&leaf), std::slice::from_ref(&old_root)).problems();
        assert_eq!(alone, [if with_ids { "0:incomplete-chain" } else { "0:incomplete-chain-other-key" }], "{case}");
        let old_sent = asked_der(&[leaf.clone(), old_root.clone()], &[]).problems();
        assert_eq!(old_sent, alone, "{case}, the server sends its old root");
        assert_eq!(asked_der(&[leaf], &[old_root, new_root]).problems(), NONE, "{case}, both are trusted");
    }
}

#[test]
fn an_unchanged_chain_keeps_its_problem_when_a_root_of_the_same_name_is_added() {
    let (old, new, server) = (Key::p256(), Key::p256(), Key::p256());
    let sent = [Draft::leaf("CA", &server).signed(&new), root("CA", &new).signed(&new)];
    let before = asked_der(&sent, &[]).answer().kinds();
    assert_eq!(asked_der(&sent, &[root("CA", &old).signed(&old)]).answer().kinds(), before);
}

#[test]
fn a_key_of_another_kind_is_not_the_issuer() {
    let (rsa, p256, server) = (Key::shared_rsa(), Key::p256(), Key::p256());
    let anchor = root("CA", rsa).signed(rsa);
    let leaf = Draft::leaf("CA", &server).signed(&p256);
    assert_eq!(
        asked_der(std::slice::from_ref(&leaf), std::slice::from_ref(&anchor)).problems(),
        ["0:incomplete-chain"]
    );
    let mut own = Draft::leaf("CA", &p256);
    own.subject.clone_from(&own.issuer);
    assert_eq!(asked_der(&[own.signed(&p256)], &[anchor]).problems(), ["0:self-signed"]);
}

#[test]
fn a_signature_is_called_bad_only_under_the_key_that_the_certificate_names() {
    let (ca, other, server) = (Key::p256(), Key::p256(), Key::p256());
    let anchor = root("CA", &ca).ids(1, 1).signed(&ca);
    for (issuer, expected) in [(1, "0:bad-signature"), (2, "0:incomplete-chain")] {
        let leaf = Draft::leaf("CA", &server).ids(9, issuer).signed(&other);
        assert_eq!(asked_der(&[leaf], std::slice::from_ref(&anchor)).problems(), [expected], "key {issuer}");
    }
    let no_ca = Draft::leaf("Old CA", &ca).signed(&ca);
    let mut leaf = Draft::leaf("mail.example", &server);
    leaf.subject = crate::support::drafts::name("other");
    assert_eq!(asked_der(&[leaf.signed(&other), no_ca], &[]).problems(), ["0:incomplete-chain"], "a leaf of that name");
}

#[test]
fn md5_does_not_hide_that_a_certificate_is_self_signed() {
    let rsa = Key::shared_rsa();
    let mut own = Draft::leaf("mail.example", rsa);
    let md5 = Algorithm { id: seq(&[&oid("1.2.840.113549.1.1.4"), &tlv(5, &[])]), pss: false };
    assert_eq!(asked_der(&[own.signed_as(rsa, &md5)], &[]).problems(), ["0:self-signed", "0:weak-signature"]);
    own = own.ids(1, 2);
    assert_eq!(
        asked_der(&[own.signed_as(rsa, &md5)], &[]).problems(),
        ["0:incomplete-chain", "0:weak-signature"],
        "it names another key as its issuer's"
    );
}

/// A leaf, `count` intermediates, and their root.
fn line(count: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
    let keys: Vec<Key> = (0..=count).map(|_| Key::p256()).collect();
    let server = Key::p256();
    let mut sent = vec![Draft::leaf("CA 1", &server).signed(&keys[1])];
    for n in 1..=count {
        let above = if n == count { 0 } else { n + 1 };
        sent.push(Draft::ca(&format!("CA {n}"), &format!("CA {above}"), &keys[n]).signed(&keys[above]));
    }
    (sent, root("CA 0", &keys[0]).signed(&keys[0]))
}

#[test]
fn a_chain_of_any_length_that_reaches_a_trusted_root_is_too_long_and_not_unknown() {
    for count in [6, 7, 10, 11, 12, 30, 62] {
        let (sent, anchor) = line(count);
        let answer = asked_der(&sent, &[anchor]);
        let expected: &[&str] = if count <= 6 { NONE } else { &["-:chain-too-long"] };
        assert_eq!(answer.problems(), expected, "{count} intermediates");
        if let Some(problem) = answer.answer().problems.first() {
            assert_eq!(problem.statement.get("count"), Some(count.to_string().as_str()));
        }
        let mut unknown = answer;
        unknown.roots = Roots::none();
        assert_eq!(unknown.problems(), [format!("{count}:incomplete-chain")], "{count} intermediates, no root");
    }
}

#[test]
fn sixteen_authorities_of_one_name_without_identifiers_are_told_apart_by_their_keys() {
    let keys: Vec<Key> = (0..17).map(|_| Key::p256()).collect();
    let anchor = root("Root", &keys[16]).signed(&keys[16]);
    for true_one in [0, 15] {
        let mut sent = vec![Draft::leaf("CA", &Key::p256()).signed(&keys[true_one])];
        sent.extend(keys[..16].iter().map(|key| Draft::ca("CA", "Root", key).signed(&keys[16])));
        assert_eq!(asked_der(&sent, std::slice::from_ref(&anchor)).problems(), NONE, "number {true_one}");
    }
    // Each is certified under the name that all of them have; the last one by the root.
    let mut sent = vec![Draft::leaf("CA", &Key::p256()).signed(&keys[0])];
    sent.extend((0..16).map(|n| {
        let issuer = if n == 5 { "Root" } else { "CA" };
        Draft::ca("CA", issuer, &keys[n]).signed(&keys[if n == 5 { 16 } else { n + 1 }])
    }));
    assert_eq!(asked_der(&sent, std::slice::from_ref(&anchor)).problems(), NONE, "a line of six");
}
