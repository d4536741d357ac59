//! Odd chains: out of order, with duplicates, strangers, roots, expired and foreign alternatives,
//! names in another spelling; paths to a given CA; and the bounds on hostile ones.

#[cfg(feature = "aws-lc-rs")]
mod differential;
#[cfg(feature = "aws-lc-rs")]
mod issuers;
#[cfg(feature = "aws-lc-rs")]
mod policies;

use crate::support::{asked, cert, certs, chain, file, problems};
use tofu::path::{Chain, ChainError, MAX_CHAIN, MAX_CHAIN_BYTES, MAX_OCSP_BYTES, Roots, path_to};

const NONE: &[&str] = &[];

#[test]
fn order_duplicates_strangers_and_the_root_do_not_matter() {
    for sent in [
        &["leaf-by-ca-roll", "ca-short", "ca-roll"][..],
        &["leaf", "inter", "root"],
        &["leaf", "root", "inter"],
        &["leaf", "leaf", "inter", "inter", "leaf"],
        &["leaf", "stranger-root", "stranger", "inter", "self"],
        &["leaf", "inter-expired", "inter"],
        &["leaf", "inter-strange", "inter"],
        &["leaf", "inter-strange", "stranger-root", "inter"],
        &["leaf", "inter", "root-cross", "old-root"],
        &["leaf", "inter", "root-cross"],
    ] {
        assert_eq!(problems(sent), NONE, "{sent:?}");
    }
}

#[test]
fn an_expired_alternative_is_used_only_where_there_is_no_other() {
    assert_eq!(problems(&["leaf", "inter-expired"]), ["1:expired-issuer"]);
    let answer = asked(&["leaf", "inter", "root-cross"], &["old-root"]).problems();
    assert_eq!(answer, ["2:expired-issuer", "-:expired-issuer"]);
}

#[test]
fn an_intermediate_in_the_middle_may_be_an_anchor() {
    assert_eq!(asked(&["leaf"], &["inter"]).problems(), NONE);
    assert_eq!(asked(&["leaf", "inter"], &["inter"]).path(), ["mail.example", "Path Intermediate"]);
}

#[test]
fn names_are_compared_without_case_and_spaces() {
    let sent = asked(&["leaf-v1", "inter-capitals"], &["root"]);
    assert_eq!(sent.problems(), ["0:name-only-in-cn"]);
    assert_eq!(asked(&["leaf", "inter-capitals"], &["root"]).path().len(), 3);
    assert_eq!(asked(&["leaf", "inter"], &["root-capitals"]).problems(), NONE);
}

#[test]
fn a_forgotten_intermediate_that_is_known_is_a_note_and_no_problem() {
    let mut asked = asked(&["leaf"], &["root"]);
    asked.intermediates = certs(&["ca-rsa", "inter"]);
    assert_eq!(asked.problems(), NONE);
    assert_eq!(asked.notes(), ["intermediate-known"]);
    asked.chain = chain(&["leaf", "inter"]);
    assert_eq!(asked.notes(), NONE);
}

#[test]
fn a_listed_leaf_is_valid_by_itself_and_vouches_for_nobody_unless_it_is_a_ca() {
    let listed = asked(&["self-plain"], &["self-plain"]);
    assert_eq!(listed.problems(), NONE);
    assert_eq!(listed.notes(), ["leaf-listed"]);
    assert_eq!(listed.path(), ["mail.example"]);
    let mut other = asked(&["by-self"], &["self-plain"]);
    other.host = crate::support::host("bank.example");
    assert_eq!(other.problems(), ["-:wrong-usage-no-ca"]);
    assert!(other.answer().path.is_none());
    let mut elsewhere = asked(&["self-plain"], &["self-plain"]);
    elsewhere.host = crate::support::host("bank.example");
    assert_eq!(elsewhere.problems(), ["0:host-mismatch"]);
}

#[test]
fn without_anchors_nothing_is_valid() {
    let mut asked = asked(&["leaf", "inter", "root"], &[]);
    assert_eq!(asked.problems(), ["2:untrusted-issuer"]);
    asked.roots = Roots::none();
    assert_eq!(asked.problems(), ["2:untrusted-issuer"]);
}

#[test]
fn a_path_to_a_given_ca_is_built_whether_or_not_it_is_a_root() {
    let private = asked(&["leaf-by-ca-roll", "ca-roll", "ca-short"], &[]);
    for (anchor, expected) in [("root", 4), ("ca-short", 3), ("ca-roll", 2)] {
        let path = path_to(&private.question(), &cert(anchor)).unwrap_or_else(|| panic!("{anchor}"));
        assert_eq!(path.certs.len(), expected, "{anchor}");
        assert_eq!(path.anchor().map(|c| c.fingerprint()), Some(cert(anchor).fingerprint()));
    }
    for anchor in ["stranger-root", "inter", "leaf-by-ca-roll"] {
        assert!(path_to(&private.question(), &cert(anchor)).is_none(), "{anchor}");
    }
}

#[test]
fn a_path_to_a_given_ca_needs_rights_dates_and_names_but_not_the_host() {
    let to = |sent: &[&str], anchor: &str| path_to(&asked(sent, &[]).question(), &cert(anchor)).is_some();
    assert!(!to(&["stranger", "stranger-root"], "stranger-root"), "the leaf has expired");
    assert!(to(&["leaf-ca", "inter"], "root"), "problems of the leaf are told elsewhere");
    assert!(!to(&["leaf-by-ca-no-sign", "ca-no-sign"], "root"));
    assert!(!to(&["leaf-by-ca-no-sign", "ca-no-sign"], "ca-no-sign"));
    assert!(!to(&["leaf-by-ca-no-ca"], "ca-no-ca"));
    assert!(!to(&["leaf-by-ca-narrow"], "ca-narrow"));
    assert!(!to(&["leaf-by-ca-expired"], "ca-expired"));
    let mut other_host = asked(&["leaf", "inter"], &[]);
    other_host.host = crate::support::host("other.example");
    assert!(path_to(&other_host.question(), &cert("root")).is_some());
}

#[test]
fn a_pinned_self_signed_certificate_is_no_issuer_for_other_hosts() {
    // docs/pitfalls.md#13: default `openssl req -x509` makes CA:TRUE certificates.
    let mut asked = asked(&["by-self-ca", "self"], &["root"]);
    asked.host = crate::support::host("bank.example");
    assert_eq!(asked.problems(), ["1:untrusted-issuer"]);
    assert!(asked.answer().path.is_none());
}

#[test]
fn a_chain_that_was_valid_is_judged_again_when_anything_differs() {
    let mut asked = asked(&["leaf", "inter"], &["root"]);
    assert_eq!((asked.problems(), asked.problems()), (vec![], vec![]));
    assert_eq!(asked.path().len(), 3);
    asked.at = cert("leaf").not_after().unwrap() + 1;
    assert_eq!(asked.problems(), ["0:expired"]);
    asked.at = crate::support::AT;
    asked.host = crate::support::host("other.example");
    assert_eq!(asked.problems(), ["0:host-mismatch"]);
    asked.host = crate::support::host("mail.example");
    asked.chain.push_der(b"garbage").unwrap();
    assert_eq!(asked.problems(), ["2:malformed"]);
    asked.roots = crate::support::roots(&["stranger-root"]);
    assert_eq!(asked.problems().first().map(String::as_str), Some("1:incomplete-chain"));
    let mut revoked = crate::support::asked(&["leaf-revoked", "inter"], &["root"]);
    assert_eq!(revoked.problems(), NONE);
    revoked.crls = vec![file("crl.der")];
    assert_eq!(revoked.problems(), ["0:revoked"]);
    revoked.crls.clear();
    revoked.chain.set_ocsp(&file("ocsp-revoked.der")).unwrap();
    assert_eq!(revoked.problems(), ["0:revoked"]);
}

#[test]
fn a_chain_with_any_byte_changed_is_not_valid() {
    let good = [cert("leaf"), cert("inter")].map(|c| c.der().to_vec());
    for (which, place) in (0..2).flat_map(|which| (0..good[which].len()).map(move |place| (which, place))) {
        let mut sent = good.clone();
        sent[which][place] ^= 1 << (place % 8);
        let mut asked = asked(&[], &["root"]);
        sent.iter().for_each(|der| asked.chain.push_der(der).unwrap());
        let answer = asked.answer();
        assert!(!answer.ca_valid && !answer.problems.is_empty(), "byte {place} of certificate {which}");
    }
}

#[test]
fn a_tangle_of_sixty_cas_with_one_name_ends_by_counting() {
    let mut chain = Chain::new();
    chain.push_pem(&file("tangle-leaf.pem")).unwrap();
    assert_eq!(chain.push_pem(&file("tangle.pem")), Ok(60));
    let mut asked = asked(&[], &["root"]);
    asked.chain = chain;
    assert_eq!(asked.problems(), ["60:untrusted-issuer"]);
    asked.roots = Roots::none();
    assert_eq!(asked.problems(), ["60:untrusted-issuer"]);
}

#[test]
fn a_mesh_of_cross_signed_cas_ends_by_counting_and_a_true_path_in_it_is_found() {
    let mut asked = asked(&[], &["root"]);
    asked.chain.push_pem(&file("mesh-leaf.pem")).unwrap();
    assert_eq!(asked.chain.push_pem(&file("mesh.pem")), Ok(56));
    assert_eq!(asked.problems(), ["-:budget-exceeded"]);
    asked.roots = crate::support::roots(&["mesh-root"]);
    assert_eq!(asked.problems(), NONE);
}

#[test]
fn a_chain_refuses_by_its_limits_only_and_stays_as_it_was() {
    let mut chain = Chain::new();
    for _ in 0..MAX_CHAIN {
        chain.push_der(b"anything").unwrap();
    }
    assert!(matches!(chain.push_der(b"x"), Err(ChainError::Limit(_))));
    assert_eq!(chain.len(), MAX_CHAIN);
    assert!(chain.cert(0).is_none() && chain.error(0).is_some() && chain.der(0) == Some(b"anything"));
    let mut large = Chain::new();
    large.push_der(&vec![0; MAX_CHAIN_BYTES]).unwrap();
    assert!(large.push_der(&[0]).is_err());
    assert!(large.set_ocsp(&vec![0; MAX_OCSP_BYTES + 1]).is_err());
    let before = large.fingerprint();
    assert!(large.push_pem(&file("leaf.pem")).is_err());
    assert_eq!((large.len(), large.fingerprint()), (1, before));
}

#[test]
fn a_pem_text_gives_its_certificates_in_order() {
    let mut text = b"subject: leaf\n".to_vec();
    text.extend(file("leaf.pem"));
    text.extend(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    text.extend(file("inter.pem"));
    let mut chain = Chain::new();
    assert_eq!(chain.push_pem(&text), Ok(2));
    assert_eq!(chain.cert(1).map(|c| c.fingerprint()), Some(cert("inter").fingerprint()));
    assert!(matches!(chain.push_pem(b""), Err(ChainError::Pem(_))));
    assert!(matches!(
        chain.push_pem(b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"),
        Err(ChainError::Pem(_))
    ));
    assert_eq!(chain.len(), 2);
}

#[test]
fn the_fingerprint_of_a_chain_tells_where_its_certificates_end() {
    let of = |parts: &[&[u8]]| {
        let mut chain = Chain::new();
        parts.iter().for_each(|part| chain.push_der(part).unwrap());
        chain.fingerprint()
    };
    assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
    assert_ne!(of(&[b"a", b"b"]), of(&[b"b", b"a"]));
    assert_ne!(of(&[]), of(&[b""]));
    assert_eq!(of(&[b"a"]), of(&[b"a"]));
}
