//! Stapled OCSP responses: with several answers, other hashes, other signers, and parts that cannot
//! be read.

use tofu::cert::Cert;
use tofu::path::Roots;
use tofu::time::DAY;

use crate::der::{seq, tlv};
use crate::support::made::{
    Draft, Key, SHA1, SHA3, SHA256, SHA384, SHA512, Says, cn, extension, extension_of, key, response, single,
};
use crate::support::{AT, Asked, asked, file};

const NONE: &[&str] = &[];
const SERIAL: &[u8] = &[0x2A];

fn world() -> Asked {
    let ca = key("ca");
    let mut asked = asked(&[], &[]);
    asked.roots = Roots::from_certs(vec![Draft::ca(&cn("CA")).signed(&ca, &ca)]);
    asked.chain.push_der(Draft::leaf(&cn("CA"), SERIAL).signed(&key("server"), &ca).der()).unwrap();
    asked
}

fn says(says: Says) -> Vec<u8> {
    single(SHA1, &cn("CA"), &key("ca"), SERIAL, says, &[])
}

/// What a response of the authority comes to: problems and notes.
fn said(singles: &[Vec<u8>]) -> (Vec<String>, Vec<String>) {
    said_by(&response(singles, &key("ca"), &[]))
}

fn said_by(response: &[u8]) -> (Vec<String>, Vec<String>) {
    let mut asked = world();
    asked.chain.set_ocsp(response).unwrap();
    (asked.problems(), asked.note_texts())
}

fn note(reason: &str) -> Vec<String> {
    vec![format!("The server's proof that its certificate is not revoked was not used: {reason}.")]
}

fn revoked() -> (Vec<String>, Vec<String>) {
    (vec!["0:revoked".to_owned()], vec![])
}

#[test]
fn revoked_counts_wherever_it_stands_among_the_answers() {
    let (good, bad, unknown) = (says(Says::Good), says(Says::Revoked), says(Says::Unknown));
    let other = single(SHA1, &cn("CA"), &key("ca"), &[9], Says::Good, &[]);
    assert_eq!(said(std::slice::from_ref(&good)), (vec![], vec![]));
    for answers in [
        vec![good.clone(), bad.clone()],
        vec![bad.clone(), good.clone()],
        vec![other.clone(), unknown.clone(), bad.clone()],
        vec![tlv(0x04, b"no answer"), seq(&[tlv(0x30, &[])]), bad.clone()],
        [vec![other.clone(); 200], vec![bad.clone()]].concat(),
    ] {
        assert_eq!(said(&answers), revoked());
    }
    assert_eq!(said(&[good.clone(), unknown]).1, note("the authority does not know the certificate"));
    assert_eq!(said(&[seq(&[tlv(0x30, &[])]), good]).1, note("a part of it cannot be read"));
    assert_eq!(said(&[other]).1, note("it is about another certificate"));
    let other_ca = single(SHA1, &cn("CA"), &key("other"), SERIAL, Says::Revoked, &[]);
    assert_eq!(said(&[other_ca]), (vec![], note("it is about another certificate")));
}

#[test]
fn the_certificate_may_be_named_by_any_hash_of_nist() {
    for hash in [SHA1, SHA256, SHA384, SHA512] {
        let answer = |says| single(hash, &cn("CA"), &key("ca"), SERIAL, says, &[]);
        assert_eq!(said(&[answer(Says::Revoked)]), revoked());
        assert_eq!(said(&[answer(Says::Good)]), (vec![], vec![]));
    }
    let unknown = single(SHA3, &cn("CA"), &key("ca"), SERIAL, Says::Revoked, &[]);
    let reason = "it names the certificate by a hash that is unknown here (2.16.840.1.101.3.4.2.8)";
    assert_eq!(said(&[unknown]), (vec![], note(reason)));
}

#[test]
fn critical_extensions_do_not_hide_a_revocation() {
    let odd = [extension_of(&[0x2A, 3, 4], true, &[5, 0])];
    let answer = |says| single(SHA1, &cn("CA"), &key("ca"), SERIAL, says, &odd);
    assert_eq!(said(&[answer(Says::Revoked)]), revoked());
    assert_eq!(said(&[answer(Says::Good)]).1, note("it has a critical extension that is unknown here (1.2.3.4)"));
}

#[test]
fn good_is_good_in_its_time_only_and_revoked_at_any_time() {
    for (at, reason) in [
        (AT + 3 * DAY, "it has been out of date since 2027-01-02"),
        (AT - 3 * DAY, "it is dated 2026-12-31, which is in the future"),
    ] {
        let mut asked = world();
        asked.at = at;
        asked.chain.set_ocsp(&response(&[says(Says::Good)], &key("ca"), &[])).unwrap();
        assert_eq!(asked.note_texts(), note(reason));
        asked.chain.set_ocsp(&response(&[says(Says::Revoked)], &key("ca"), &[])).unwrap();
        assert_eq!(asked.problems(), ["0:revoked"]);
    }
}

/// A responder's certificate, by default one that may answer.
fn responder(usage: u8, key: &Key, by: &Key) -> Cert {
    let usages = extension(37, false, &seq(&[tlv(0x06, &[0x2B, 6, 1, 5, 5, 7, 3, usage])]));
    let mut draft = Draft::leaf(&cn("CA"), &[0x33]).only(&[usages]);
    draft.subject = cn("Responder");
    draft.signed(key, by)
}

#[test]
fn a_response_is_signed_by_the_authority_or_by_whom_it_let_answer() {
    let (ca, delegate) = (key("ca"), key("responder"));
    let answers = [says(Says::Revoked)];
    let by = |cert: Cert| said_by(&response(&answers, &delegate, &[cert]));
    assert_eq!(by(responder(9, &delegate, &ca)), revoked());
    assert_eq!(by(responder(1, &delegate, &ca)).1, note("its signer, Responder, may not answer for the authority"));
    let foreign = responder(9, &delegate, &key("mallory"));
    assert_eq!(by(foreign).1, note("its signer, Responder, has no certificate from the authority"));
    let alone = said_by(&response(&answers, &delegate, &[]));
    assert_eq!(alone.1, note("its signature does not verify under the certificate's issuer"));
    // A responder whose certificate has ended since: what it revoked in its time stays revoked.
    let mut late = world();
    late.at = AT + 400 * DAY;
    late.chain.set_ocsp(&response(&answers, &delegate, &[responder(9, &delegate, &ca)])).unwrap();
    assert!(late.answer().revoked());
    late.chain.set_ocsp(&response(&[says(Says::Good)], &delegate, &[responder(9, &delegate, &ca)])).unwrap();
    assert!(late.note_texts().contains(&note("the certificate of its signer, Responder, is out of date")[0]));
}

#[test]
fn the_authoritys_other_keys_may_answer_too() {
    let (ca, new, delegate) = (key("ca"), key("new ca"), key("responder"));
    let mut asked = world();
    asked.roots = asked.roots.with(&[Draft::ca(&cn("CA")).signed(&new, &new)]);
    let by_old_id = says(Says::Revoked);
    let by_new_id = single(SHA256, &cn("CA"), &new, SERIAL, Says::Revoked, &[]);
    for response in [
        response(std::slice::from_ref(&by_old_id), &new, &[]),
        response(&[by_new_id], &ca, &[]),
        response(&[by_old_id], &delegate, &[responder(9, &delegate, &new)]),
    ] {
        asked.chain.set_ocsp(&response).unwrap();
        assert_eq!(asked.problems(), ["0:revoked"]);
    }
}

#[test]
fn a_staple_without_the_authoritys_certificate_says_so() {
    let mut asked = world();
    asked.roots = Roots::none();
    asked.chain.set_ocsp(&response(&[says(Says::Revoked)], &key("ca"), &[])).unwrap();
    assert_eq!(asked.problems(), ["0:incomplete-chain"]);
    let reason = "it cannot be checked because the certificate of the authority is missing";
    assert_eq!(asked.note_texts(), note(reason));
}

#[test]
fn responses_changed_or_cut_anywhere_revoke_nobody() {
    let whole = response(&[says(Says::Good)], &key("ca"), &[responder(9, &key("responder"), &key("ca"))]);
    let mut changed = whole.clone();
    for place in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80] {
            changed[place] ^= flip;
            assert_eq!(said_by(&changed).0, NONE, "byte {place}");
            changed[place] ^= flip;
        }
        assert_eq!(said_by(&whole[..place]).0, NONE, "cut at {place}");
    }
}

#[test]
fn responses_signed_with_sha_1_or_by_short_keys_are_verified() {
    for bits in ["1024", "2048"] {
        for digest in ["sha1", "sha224", "sha256"] {
            let mut asked = asked(&[&format!("revocation/leaf-rsa{bits}")], &[&format!("revocation/ca-rsa{bits}")]);
            asked.at = AT;
            asked.chain.set_ocsp(&file(&format!("revocation/rsa{bits}-ocsp-{digest}.der"))).unwrap();
            assert!(asked.answer().revoked(), "{digest} by RSA-{bits}: {:?}", asked.note_texts());
        }
    }
}
