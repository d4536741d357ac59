//! Revocation lists of every kind: as private authorities make them, with things in them that nobody
//! here understands, under a new key of the authority, and of the kinds that are not supported.

use tofu::cert::Cert;
use tofu::path::Roots;
use tofu::time::DAY;

use crate::der::{generalized, seq, tlv};
use crate::support::made::{
    CN, DC, Draft, Key, List, cn, entry, extension, extension_of, key, key_usage, name, reason,
};
use crate::support::{AT, Asked, asked, file};

const NONE: &[&str] = &[];
const SERIAL: &[u8] = &[0x2A];
/// A certificate that is not in question.
const OTHER: &[u8] = &[0x17];

/// A root, an intermediate authority "CA" with the key "ca", and a leaf of it.
fn world() -> Asked {
    let (root, ca) = (key("root"), key("ca"));
    let mut asked = asked(&[], &[]);
    asked.roots = Roots::from_certs(vec![Draft::ca(&cn("Root")).signed(&root, &root)]);
    asked.chain.push_der(Draft::leaf(&cn("CA"), SERIAL).signed(&key("server"), &ca).der()).unwrap();
    asked.chain.push_der(intermediate(&ca, &root).der()).unwrap();
    asked
}

/// A certificate of the authority "CA" for this key, issued by the root.
fn intermediate(key: &Key, root: &Key) -> Cert {
    Draft::ca(&cn("CA")).issued_by(&cn("Root")).signed(key, root)
}

fn list() -> List {
    List::of(&cn("CA")).number(5)
}

/// What the lists come to: problems and notes.
fn said(lists: &[Vec<u8>]) -> (Vec<String>, Vec<String>) {
    let mut asked = world();
    asked.crls = lists.to_vec();
    (asked.problems(), asked.note_texts())
}

fn by_ca(list: &List) -> Vec<u8> {
    list.signed(&key("ca"))
}

fn revoked(lists: &[Vec<u8>]) -> bool {
    said(lists).0 == ["0:revoked"]
}

#[test]
fn an_entry_counts_whatever_stands_in_it_or_before_it() {
    let odd = extension_of(&[0x2A, 3, 4], true, &[5, 0]);
    let unreadable = seq(&[generalized(AT)]);
    for (what, entries) in [
        ("a critical extension in another entry", vec![entry(OTHER, std::slice::from_ref(&odd)), entry(SERIAL, &[])]),
        ("a critical extension in its own entry", vec![entry(SERIAL, std::slice::from_ref(&odd))]),
        ("an entry that cannot be read", vec![unreadable.clone(), entry(SERIAL, &[])]),
        ("an element that is no entry", vec![tlv(0x04, b"x"), entry(SERIAL, &[])]),
        ("extensions that cannot be read", vec![seq(&[tlv(0x02, SERIAL), generalized(AT), tlv(0x04, b"x")])]),
        ("an issuer in a list that is not indirect", vec![entry(SERIAL, &[certificate_issuer("Other")])]),
    ] {
        let mut list = list();
        list.entries = entries;
        let (problems, notes) = said(&[by_ca(&list)]);
        assert_eq!(problems, ["0:revoked"], "{what}");
        assert_eq!(notes.len(), 1, "{what}: {notes:?}");
        assert!(
            notes[0].starts_with("Revocation list number 1 counts only for what it revokes: "),
            "{what}: {notes:?}"
        );
    }
    let undated = list().raw_entry(seq(&[tlv(0x02, SERIAL), tlv(0x18, b"yesterday")]));
    assert_eq!(said(&[by_ca(&undated)]).0, ["0:revoked-undated"]);
    let (problems, notes) = said(&[by_ca(&list().raw_entry(entry(OTHER, &[odd])))]);
    assert_eq!(problems, NONE);
    let expected = "Revocation list number 1 counts only for what it revokes: it has a critical extension that is unknown here (1.2.3.4).";
    assert_eq!(notes, [expected]);
}

#[test]
fn an_authority_is_revoked_by_its_own_issuer_even_without_a_date() {
    let mut asked = world();
    asked.crls = vec![List::of(&cn("Root")).raw_entry(seq(&[tlv(0x02, &[1]), tlv(0x18, b"")])).signed(&key("root"))];
    assert_eq!(asked.problems(), ["1:revoked-issuer-undated"]);
    assert_eq!(asked.answer().problems[0].statement.text(), "Root revoked the certificate of the authority CA.");
    asked.crls = vec![List::of(&cn("Root")).entry(&[1]).signed(&key("root")), by_ca(&list().entry(SERIAL))];
    assert_eq!(asked.problems(), ["0:revoked", "1:revoked-issuer"]);
}

#[test]
fn a_list_without_version_number_extensions_or_next_update_is_used() {
    let mut plain = List::of(&cn("CA")).entry(OTHER).entry(SERIAL);
    assert_eq!(said(&[by_ca(&plain)]), (vec!["0:revoked".to_owned()], vec![]));
    plain.version = None;
    plain.next_update = None;
    assert_eq!(said(&[by_ca(&plain)]), (vec!["0:revoked".to_owned()], vec![]));
    plain.entries.clear();
    assert_eq!(said(&[by_ca(&plain)]), (vec![], vec![]));
}

#[test]
fn the_issuers_name_may_be_spelt_otherwise() {
    let wide = |text: &str| text.encode_utf16().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>();
    let other = |tag: u8, value: &[u8]| seq(&[tlv(0x31, &seq(&[tlv(0x06, CN), tlv(tag, value)]))]);
    for spelt in
        [other(0x13, b"CA"), other(0x0C, b" ca "), other(0x16, b"CA"), other(0x14, b"Ca"), other(0x1E, &wide("CA"))]
    {
        let list = List { issuer: spelt, ..list().entry(SERIAL) };
        assert_eq!(said(&[by_ca(&list)]), (vec!["0:revoked".to_owned()], vec![]));
    }
    let stranger = List { issuer: name(&[(DC, 0x16, "CA")]), ..list().entry(SERIAL) };
    assert_eq!(said(&[by_ca(&stranger)]).0, NONE);
}

#[test]
fn serial_numbers_are_compared_as_numbers() {
    for (serial, listed, expected) in [
        (&[0x2A][..], &[0, 0x2A][..], true),
        (&[0, 0, 0xFF], &[0, 0xFF], true),
        (&[0xFF], &[0xFF, 0xFF], true),
        (&[0xFF], &[0, 0xFF], false),
        (&[1, 0], &[1], false),
    ] {
        let mut asked = world();
        asked.chain = Default::default();
        asked.chain.push_der(Draft::leaf(&cn("CA"), serial).signed(&key("server"), &key("ca")).der()).unwrap();
        asked.chain.push_der(intermediate(&key("ca"), &key("root")).der()).unwrap();
        asked.crls = vec![by_ca(&list().entry(listed))];
        let answer = asked.answer();
        assert_eq!(answer.revoked(), expected, "{serial:?} {listed:?}");
    }
}

#[test]
fn a_list_by_another_key_of_the_same_authority_counts() {
    let (root, new) = (key("root"), key("new ca"));
    let by_new = list().entry(SERIAL).signed(&new);
    let new_ca = intermediate(&new, &root);
    // The new certificate was sent, is known, or is signed by the old key or the other way round.
    let with_old = Draft::ca(&cn("CA")).signed(&new, &key("ca"));
    let lists_only = Draft::ca(&cn("CA")).issued_by(&cn("Root")).only(&[key_usage(&[6])]).signed(&new, &root);
    for cert in [&new_ca, &with_old, &lists_only] {
        let mut sent = world();
        sent.crls = vec![by_new.clone()];
        assert_eq!(sent.problems(), NONE);
        assert_eq!(sent.note_texts(), ["Revocation list number 1 was not used: its signature does not verify."]);
        sent.chain.push_der(cert.der()).unwrap();
        assert_eq!(sent.problems(), ["0:revoked"]);
        let mut known = world();
        known.crls = vec![by_new.clone()];
        known.intermediates = vec![cert.clone()];
        assert_eq!(known.problems(), ["0:revoked"]);
        assert_eq!(known.note_texts(), Vec::<String>::new());
    }
}

#[test]
fn a_list_by_the_new_key_of_a_root_counts_for_certificates_of_the_old_one() {
    let (old, new) = (key("old root"), key("new root"));
    let root = |key: &Key| Draft::ca(&cn("Root")).signed(key, key);
    let leaf = Draft::leaf(&cn("Root"), SERIAL).signed(&key("server"), &old);
    let mut asked = asked(&[], &[]);
    asked.roots = Roots::from_certs(vec![root(&old), root(&new)]);
    asked.chain.push_der(leaf.der()).unwrap();
    for key in [&old, &new] {
        asked.crls = vec![List::of(&cn("Root")).entry(SERIAL).signed(key)];
        assert_eq!(asked.problems(), ["0:revoked"]);
    }
}

#[test]
fn a_list_by_somebody_else_of_the_same_name_does_not_count() {
    let (root, stranger) = (key("root"), key("stranger"));
    let other_root = Draft::ca(&cn("Other Root")).signed(&stranger, &stranger);
    let usual = Draft::ca(&cn("CA"));
    let by_root = usual.clone().issued_by(&cn("Root"));
    for (what, cert) in [
        ("self-signed", usual.clone().signed(&stranger, &stranger)),
        ("below another root", usual.issued_by(&cn("Other Root")).signed(&key("other ca"), &stranger)),
        ("without the right to sign lists", by_root.clone().only(&[key_usage(&[0])]).signed(&key("other ca"), &root)),
        ("an authority for certificates alone", by_root.only(&[key_usage(&[5])]).signed(&key("other ca"), &root)),
    ] {
        let mut asked = world();
        asked.roots = asked.roots.with(std::slice::from_ref(&other_root));
        asked.chain.push_der(cert.der()).unwrap();
        asked.crls = vec![list().entry(SERIAL).signed(&key("other ca")), list().entry(SERIAL).signed(&stranger)];
        assert_eq!(asked.problems(), NONE, "{what}");
        assert_eq!(asked.notes(), ["crl-unusable", "crl-unusable"], "{what}");
    }
}

#[test]
fn the_issuers_own_signature_counts_although_its_certificate_does_not_allow_lists() {
    let (root, ca) = (key("root"), key("ca"));
    let narrow = Draft::ca(&cn("CA")).issued_by(&cn("Root")).only(&[crate::support::made::ca_flag(), key_usage(&[5])]);
    let mut asked = world();
    asked.chain = Default::default();
    asked.chain.push_der(Draft::leaf(&cn("CA"), SERIAL).signed(&key("server"), &ca).der()).unwrap();
    asked.chain.push_der(narrow.signed(&ca, &root).der()).unwrap();
    asked.crls = vec![by_ca(&list().entry(SERIAL))];
    assert_eq!(asked.problems(), ["0:revoked"]);
    let expected = "Revocation list number 1 counts only for what it revokes: its issuer's certificate does not allow it to sign revocation lists.";
    assert_eq!(asked.note_texts(), [expected]);
}

#[test]
fn a_list_that_is_out_of_date_or_from_the_future_makes_a_note() {
    let mut old = list().entry(OTHER);
    old.next_update = Some(AT - 2 * DAY);
    let (problems, notes) = said(&[by_ca(&old)]);
    assert_eq!(problems, NONE);
    assert_eq!(
        notes,
        ["Revocation list number 1 counts only for what it revokes: it has been out of date since 2026-12-30."]
    );
    let mut asked = world();
    asked.at = AT - 20 * DAY;
    asked.crls = vec![by_ca(&list().entry(SERIAL))];
    assert_eq!(asked.problems(), ["0:revoked"]);
    assert!(
        asked.note_texts()[0].contains("it is dated 2026-12-27, which is in the future"),
        "{:?}",
        asked.note_texts()
    );
}

#[test]
fn a_distribution_point_without_a_name_is_no_hindrance() {
    for fields in [
        vec![tlv(0x81, &[0xFF])],
        vec![tlv(0x82, &[0xFF])],
        vec![tlv(0xA0, &tlv(0xA0, &tlv(0x86, b"http://ca.example/crl")))],
        vec![],
    ] {
        assert_eq!(said(&[by_ca(&list().point(&fields).entry(OTHER))]), (vec![], vec![]), "{fields:?}");
        assert_eq!(said(&[by_ca(&list().point(&fields).entry(SERIAL))]), (vec!["0:revoked".to_owned()], vec![]));
    }
}

#[test]
fn kinds_of_lists_that_are_not_supported_are_called_so_and_what_they_revoke_counts() {
    for (list, reason) in [
        (list().delta(4), "delta lists are not supported without the list that they add to"),
        (list().point(&[tlv(0x84, &[0xFF])]), "indirect lists are not supported"),
        (list().point(&[tlv(0x83, &[1, 0x40])]), "lists for only some reasons of revocation are not supported"),
        (list().with(extension(99, true, &[5, 0])), "it has a critical extension that is unknown here (2.5.29.99)"),
    ] {
        let note = format!("Revocation list number 1 counts only for what it revokes: {reason}.");
        assert_eq!(said(&[by_ca(&list)]), (vec![], vec![note.clone()]));
        assert_eq!(said(&[by_ca(&list.entry(SERIAL))]), (vec!["0:revoked".to_owned()], vec![note]));
    }
    let attributes = by_ca(&list().point(&[tlv(0x85, &[0xFF])]).entry(SERIAL));
    let note = "Revocation list number 1 was not used: it is about attribute certificates only.".to_owned();
    assert_eq!(said(&[attributes]), (vec![], vec![note]));
    let elsewhere = List::of(&cn("Somebody")).point(&[tlv(0x84, &[0xFF])]).signed(&key("somebody"));
    let note = "Revocation list number 1 was not used: indirect lists, of other issuers, are not supported.".to_owned();
    assert_eq!(said(&[elsewhere]), (vec![], vec![note]));
    let pem = b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".to_vec();
    assert_eq!(said(&[pem]).1, ["Revocation list number 1 was not used: it is PEM text instead of DER."]);
}

fn certificate_issuer(name: &str) -> Vec<u8> {
    extension(29, true, &seq(&[tlv(0xA4, &cn(name))]))
}

#[test]
fn an_indirect_list_revokes_certificates_of_the_issuer_that_each_entry_is_under() {
    let indirect = || list().point(&[tlv(0x84, &[0xFF])]);
    let own = indirect().raw_entry(entry(OTHER, &[certificate_issuer("Other")])).raw_entry(entry(SERIAL, &[]));
    assert!(!revoked(&[by_ca(&own)]), "the entry is under the issuer of the one before it");
    let back = own.raw_entry(entry(SERIAL, &[certificate_issuer("CA")]));
    assert!(revoked(&[by_ca(&back)]));
    let unreadable = extension(29, true, &seq(&[tlv(0xA4, b"?")]));
    assert!(revoked(&[by_ca(&indirect().raw_entry(entry(SERIAL, &[unreadable])))]));
}

#[test]
fn a_delta_list_adds_to_a_list_and_takes_holds_off_again() {
    let held = |number| by_ca(&List::of(&cn("CA")).number(number).raw_entry(entry(SERIAL, &[reason(6)])));
    let compromised = by_ca(&list().raw_entry(entry(SERIAL, &[reason(1)])));
    let empty = by_ca(&list());
    let delta = |number, base, reasons: &[u8]| {
        let extensions: Vec<Vec<u8>> = reasons.iter().map(|code| reason(*code)).collect();
        by_ca(&List::of(&cn("CA")).number(number).delta(base).raw_entry(entry(SERIAL, &extensions)))
    };
    let removed = delta(7, 5, &[8]);
    assert_eq!(said(&[held(5)]).0, ["0:revoked"]);
    assert_eq!(said(&[held(5), removed.clone()]), (vec![], vec![]), "taken off");
    assert_eq!(said(&[removed.clone(), held(6)]), (vec![], vec![]), "in any order");
    assert!(revoked(&[held(4), removed.clone()]), "the delta list adds to a later list");
    assert!(revoked(&[held(8), removed.clone()]), "on hold again since");
    assert!(revoked(&[compromised, removed.clone()]), "revocation for another reason is for good");
    assert!(revoked(&[empty.clone(), delta(7, 5, &[])]), "newly revoked");
    assert!(revoked(&[held(5), removed.clone(), delta(9, 5, &[6])]), "on hold again in a later delta list");
    assert_eq!(said(&[empty, delta(7, 5, &[6]), delta(9, 5, &[8])]).0, NONE, "held and taken off by delta lists");
    let (problems, notes) = said(std::slice::from_ref(&removed));
    assert_eq!((problems.len(), notes.len()), (0, 1));
    let mut late = List::of(&cn("CA")).number(7).delta(5).raw_entry(entry(SERIAL, &[reason(8)]));
    late.next_update = Some(AT - DAY);
    assert!(revoked(&[held(5), by_ca(&late)]), "a delta list that is out of date takes nothing off");
    let forged = List::of(&cn("CA")).number(7).delta(5).raw_entry(entry(SERIAL, &[reason(8)])).signed(&key("mallory"));
    assert!(revoked(&[held(5), forged]));
    let complete = by_ca(&list().raw_entry(entry(SERIAL, &[reason(8)])));
    assert!(revoked(&[complete]), "only delta lists take anything off");
}

#[test]
fn a_certificate_that_is_listed_as_trusted_can_be_revoked_by_its_issuer() {
    let mut asked = world();
    let leaf = asked.chain.cert(0).unwrap().clone();
    asked.roots = Roots::from_certs(vec![leaf.clone()]);
    asked.crls = vec![by_ca(&list().entry(SERIAL))];
    assert_eq!(asked.problems(), ["0:revoked"]);
    // Or by itself, where its own key signed it.
    let server = key("server");
    let own = Draft::leaf(&cn("mail.example"), SERIAL).signed(&server, &server);
    asked.chain = Default::default();
    asked.chain.push_der(own.der()).unwrap();
    asked.crls = vec![List::of(&cn("mail.example")).entry(SERIAL).signed(&server)];
    assert_eq!(asked.problems(), ["0:self-signed", "0:revoked"]);
}

#[test]
fn a_server_cannot_crowd_out_the_key_that_signed_the_list() {
    let mut asked = world();
    let (root, new) = (key("root"), key("new ca"));
    for n in 0..50 {
        let crowd = key(&format!("crowd {n}"));
        let cert = Draft::ca(&cn("CA")).issued_by(&cn("Root")).signed(&crowd, &crowd);
        asked.chain.push_der(cert.der()).unwrap();
    }
    asked.intermediates = vec![intermediate(&new, &root)];
    asked.crls = vec![list().entry(SERIAL).signed(&new)];
    assert_eq!(asked.problems(), ["0:revoked"]);
}

#[test]
fn lists_changed_or_cut_anywhere_revoke_nobody_else() {
    let whole =
        by_ca(&list().point(&[tlv(0x84, &[0xFF])]).delta(1).raw_entry(entry(OTHER, &[certificate_issuer("CA")])));
    let mut asked = world();
    let mut changed = whole.clone();
    for place in 0..whole.len() {
        for flip in [0x01, 0x20, 0x80] {
            changed[place] ^= flip;
            asked.crls = vec![changed.clone(), whole[..place].to_vec()];
            assert_eq!(asked.problems(), NONE, "byte {place}");
            changed[place] ^= flip;
        }
    }
}

#[test]
fn lists_signed_as_private_authorities_sign_them_are_verified() {
    for (list, expected, note) in [
        ("sha1", true, ""),
        ("sha224", true, ""),
        ("sha384", true, ""),
        ("no-number", true, ""),
        ("v1", true, ""),
        ("md5", false, "bits) cannot be checked here."),
    ] {
        for bits in ["1024", "2048"] {
            let mut asked = asked(&[&format!("revocation/leaf-rsa{bits}")], &[&format!("revocation/ca-rsa{bits}")]);
            asked.crls = vec![file(&format!("revocation/rsa{bits}-{list}.der"))];
            let answer = asked.answer();
            assert_eq!(answer.revoked(), expected, "{list} by RSA-{bits}");
            let notes = asked.note_texts();
            assert!(if note.is_empty() { notes.is_empty() } else { notes[0].ends_with(note) }, "{list}: {notes:?}");
        }
    }
    #[cfg(feature = "aws-lc-rs")]
    for curve in ["P-256", "P-384", "P-521"] {
        for digest in ["sha1", "sha224", "sha512"] {
            let mut asked = asked(&[&format!("revocation/leaf-{curve}")], &[&format!("revocation/ca-{curve}")]);
            asked.crls = vec![file(&format!("revocation/{curve}-{digest}.der"))];
            assert!(asked.answer().revoked(), "{digest} on {curve}: {:?}", asked.note_texts());
            let last = asked.crls[0].len() - 1;
            asked.crls[0][last] ^= 1;
            assert!(asked.note_texts()[0].ends_with("its signature does not verify."), "{:?}", asked.note_texts());
        }
    }
    let mut small = asked(&["revocation/leaf-rsa768"], &["revocation/ca-rsa768"]);
    small.crls = vec![file("revocation/rsa768-sha256.der")];
    let expected = "was not used: its issuer's certificate is missing or cannot be checked.";
    assert!(small.note_texts()[0].ends_with(expected), "{:?}", small.note_texts());
}
