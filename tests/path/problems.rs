//! Every problem that a chain can have, one by one and together, on certificates made by openssl
//! (`tests/data/paths/generate.sh`).

mod lists;
mod names;
mod staples;

use crate::support::{AT, Asked, asked, cert, chain, file, host, of_other_kind, problems};
use tofu::cert::Cert;
use tofu::path::{Chain, ProblemKind, Problems};

const NONE: &[&str] = &[];

#[test]
fn a_good_chain_has_no_problem_and_its_path() {
    let asked = asked(&["leaf", "inter"], &["root"]);
    assert_eq!(asked.problems(), NONE);
    assert!(asked.answer().ca_valid);
    assert_eq!(asked.path(), ["mail.example", "Path Intermediate", "Path Root"]);
    assert_eq!(asked.notes(), NONE);
}

#[test]
fn each_leaf_has_the_problem_that_it_was_made_with() {
    for (leaf, expected) in [
        ("leaf-expired", &["0:expired"][..]),
        ("leaf-future", &["0:not-yet-valid"]),
        ("leaf-cn", &["0:name-only-in-cn"]),
        ("leaf-v1", &["0:name-only-in-cn"]),
        ("leaf-ca", &["0:ca-as-server"]),
        ("leaf-client", &["0:wrong-usage"]),
        ("leaf-signing", &["0:wrong-usage-key"]),
        ("leaf-critical", &["0:unknown-critical-extension"]),
        ("leaf-rsa1024", &["0:weak-key"]),
        ("leaf-rsa768", &["0:weak-key-broken"]),
        ("leaf-ed25519", &[]),
    ] {
        assert_eq!(problems(&[leaf, "inter"]), expected, "{leaf}");
        let answer = asked(&[leaf, "inter"], &["root"]).answer();
        assert!(answer.path.is_some(), "{leaf}: the rest of the path is still judged");
    }
}

#[test]
fn a_date_that_cannot_be_read_is_a_problem_with_what_stands_there() {
    for (place, code) in [(0, "start-unreadable"), (1, "end-unreadable")] {
        let mut der = cert("leaf").der().to_vec();
        let dates = der.windows(2).enumerate().filter(|(_, head)| head == &[0x17, 13]).map(|(at, _)| at);
        let date = dates.collect::<Vec<_>>()[place];
        der[date + 2] = b'A';
        let mut asked = asked(&["inter"], &["root"]);
        asked.chain = Chain::new();
        asked.chain.push_der(&der).unwrap();
        asked.chain.push_der(cert("inter").der()).unwrap();
        let answer = asked.answer();
        let problem = answer.problems.iter().find(|problem| problem.statement.code == code).unwrap();
        assert!(
            problem.statement.text().contains("has no readable date")
                && problem.statement.text().contains("(it says A")
        );
        assert!(!answer.ca_valid && !answer.valid_but_for_dates(), "{code}");
        assert!(answer.path.is_none_or(|path| path.validity().is_none()), "{code}");
    }
}

#[test]
fn each_authority_has_the_problem_that_it_was_made_with() {
    // ring verifies no signature on P-521.
    let by_p521: &[&str] = if cfg!(feature = "aws-lc-rs") { &[] } else { &["0:unsupported-algorithm"] };
    for (name, expected) in [
        ("ca-expired", &["1:expired-issuer"][..]),
        ("ca-no-sign", &["1:wrong-usage-no-signing"]),
        ("ca-no-ca", &["1:wrong-usage-no-ca"]),
        ("ca-mail", &["1:wrong-usage-issuer"]),
        ("ca-narrow", &["0:constraint-name"]),
        ("ca-critical", &["1:unknown-critical-extension"]),
        ("ca-rsa1024", &["1:weak-key-issuer"]),
        ("ca-rsa", &[]),
        ("ca-p521", by_p521),
    ] {
        assert_eq!(problems(&[&format!("leaf-by-{name}"), name]), expected, "{name}");
    }
}

#[test]
fn anchors_are_examined_too() {
    for (name, expected) in [
        ("root-expired", &["-:expired-issuer"][..]),
        ("root-no-sign", &["-:wrong-usage-no-signing"]),
        ("root-rsa1024", &["-:weak-key-issuer"]),
        ("root-v1", &[]),
    ] {
        let leaf = format!("leaf-by-{name}");
        assert_eq!(asked(&[&leaf], &[name]).problems(), expected, "{name}");
        let sent_too = asked(&[&leaf, name], &[name]).problems();
        let expected: Vec<String> = expected.iter().map(|e| e.replacen('-', "1", 1)).collect();
        assert_eq!(sent_too, expected, "{name}, sent by the server as well");
    }
}

#[test]
fn an_expired_certificate_for_another_host_from_an_unknown_authority_says_three_things() {
    assert_eq!(problems(&["stranger", "stranger-root"]), ["0:expired", "0:host-mismatch", "1:untrusted-issuer"]);
    assert_eq!(problems(&["stranger"]), ["0:incomplete-chain", "0:expired", "0:host-mismatch"]);
}

#[test]
fn a_self_signed_leaf_is_self_signed_and_not_untrusted_as_well() {
    assert_eq!(problems(&["self-plain"]), ["0:self-signed"]);
    assert_eq!(problems(&["self"]), ["0:self-signed", "0:ca-as-server"]);
    // Nobody gains by forging a signature that vouches for nothing.
    assert_eq!(problems(&["self-sha1"]), ["0:self-signed"]);
    assert_eq!(problems(&["self-ed448"]), ["0:self-signed"]);
    assert!(asked(&["self"], &["root"]).answer().path.is_none());
}

#[test]
fn a_missing_intermediate_is_named_with_the_address_where_it_is_offered() {
    let answer = asked(&["leaf"], &["root"]).answer();
    let [problem] = &answer.problems[..] else { panic!("{:?}", answer.problems) };
    assert_eq!(problem.kind, ProblemKind::IncompleteChain);
    assert_eq!(problem.statement.code, "incomplete-chain-address");
    assert_eq!(problem.statement.get("issuer"), Some("Path Intermediate"));
    assert_eq!(problem.statement.get("address"), Some("http://ca.example/inter.der"));
    assert_eq!(problems(&["leaf-no-aia"]), ["0:incomplete-chain"]);
}

#[test]
fn a_host_mismatch_lists_the_names_that_are_covered() {
    let mut asked = asked(&["leaf", "inter"], &["root"]);
    asked.host = host("other.example");
    let answer = asked.answer();
    assert_eq!(answer.problems[0].statement.get("names"), Some("mail.example, imap.example"));
    assert_eq!(
        answer.problems[0].statement.text(),
        "The certificate is not for other.example; it is for mail.example, imap.example."
    );
    asked.chain = chain(&["self-forged"]);
    asked.host = host("192.0.2.1");
    assert_eq!(asked.problems(), ["0:self-signed", "0:host-mismatch"]);
}

#[test]
fn a_signature_that_does_not_verify_is_said_at_the_certificate_that_carries_it() {
    let mut der = crate::support::cert("leaf").der().to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    let mut asked = asked(&[], &["root"]);
    asked.chain.push_der(&der).unwrap();
    asked.chain.push_der(crate::support::cert("inter").der()).unwrap();
    assert_eq!(asked.problems(), ["0:bad-signature"]);
    let mut der = crate::support::cert("self-plain").der().to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    let mut alone = crate::support::asked(&[], &["root"]);
    alone.chain.push_der(&der).unwrap();
    assert_eq!(alone.problems(), ["0:bad-signature"]);
}

#[test]
fn signatures_are_verified_where_they_can_be_and_named_where_not() {
    assert_eq!(problems(&["leaf-sha1", "ca-rsa"]), ["0:weak-signature"]);
    assert_eq!(problems(&["leaf-pss", "ca-rsa"]), NONE);
    assert_eq!(problems(&["leaf-md5", "ca-rsa"]), ["0:weak-signature", "0:unsupported-algorithm"]);
    assert_eq!(problems(&["leaf-by-ca-ed448", "ca-ed448"]), ["0:unsupported-algorithm"]);
}

#[test]
fn path_length_counts_intermediates_but_not_self_issued_ones() {
    assert_eq!(problems(&["leaf-by-ca-below-short", "ca-below-short", "ca-short"]), ["2:constraint-path-length"]);
    assert_eq!(problems(&["leaf-by-ca-roll", "ca-roll", "ca-short"]), NONE);
}

#[test]
fn six_intermediates_are_accepted_and_a_seventh_is_too_many() {
    let deep = ["deep-1", "deep-2", "deep-3", "deep-4", "deep-5", "deep-6", "deep-7"];
    let sent = |leaf, n: usize| [leaf].into_iter().chain(deep[..n].iter().copied()).collect::<Vec<_>>();
    assert_eq!(problems(&sent("leaf-by-deep-6", 6)), NONE);
    assert_eq!(problems(&sent("leaf-by-deep-7", 7)), ["-:chain-too-long"]);
}

#[test]
fn an_unreadable_certificate_is_malformed_at_its_place_and_the_rest_is_judged() {
    let mut asked = asked(&["leaf"], &["root"]);
    asked.chain.push_der(b"garbage").unwrap();
    asked.chain.push_der(crate::support::cert("inter").der()).unwrap();
    assert_eq!(asked.problems(), ["1:malformed"]);
    assert!(asked.answer().path.is_some());
    let mut alone = crate::support::asked(&[], &["root"]);
    alone.chain.push_der(b"garbage").unwrap();
    assert_eq!(alone.problems(), ["0:malformed"]);
    assert!(crate::support::asked(&[], &["root"]).answer().problems.is_empty());
    assert!(!crate::support::asked(&[], &["root"]).answer().ca_valid);
}

#[test]
fn what_only_dates_spoil_is_told_apart() {
    for (sent, expected) in [
        (&["leaf-expired", "inter"][..], true),
        (&["leaf-by-ca-expired", "ca-expired"], true),
        (&["leaf-future", "inter"], true),
        (&["leaf", "inter"], false),
        (&["stranger", "stranger-root"], false),
        (&["self"], false),
    ] {
        assert_eq!(asked(sent, &["root"]).answer().valid_but_for_dates(), expected, "{sent:?}");
    }
    let mut other = asked(&["leaf-expired", "inter"], &["root"]);
    other.host = host("other.example");
    assert!(!other.answer().valid_but_for_dates());
    let answer = asked(&["leaf-expired", "inter"], &["root"]).answer();
    assert_eq!(answer.kinds(), Problems::of(&[ProblemKind::Expired]));
    assert_eq!(answer.path.unwrap().validity(), Some((1_767_225_600, 1_796_083_200)));
}

#[test]
fn what_no_pin_waives_is_told() {
    assert!(asked(&["leaf-rsa768", "inter"], &["root"]).answer().never_waivable());
    assert!(!asked(&["leaf-rsa1024", "inter"], &["root"]).answer().never_waivable());
    assert!(!asked(&["self-sha1"], &["root"]).answer().never_waivable());
}

#[test]
fn revoked_counts_only_when_the_issuer_signed_it() {
    let mut asked = asked(&["leaf-revoked", "inter"], &["root"]);
    assert_eq!(asked.problems(), NONE);
    for (list, expected, notes) in [
        ("crl.der", &["0:revoked"][..], NONE),
        ("crl-stale.der", &["0:revoked"], &["crl-limited"]),
        ("crl-stranger.der", NONE, &["crl-unusable"][..]),
        ("crl-forged.der", NONE, &["crl-unusable"]),
    ] {
        asked.crls = vec![file(list)];
        assert_eq!(asked.problems(), expected, "{list}");
        assert_eq!(asked.notes(), notes, "{list}");
    }
    asked.crls = vec![b"garbage".to_vec(), Vec::new(), file("crl.der")];
    assert_eq!(asked.problems(), ["0:revoked"]);
    assert!(asked.answer().never_waivable());
    asked.chain = chain(&["leaf", "inter"]);
    assert_eq!(asked.problems(), NONE);
}

#[test]
fn a_staple_counts_when_it_says_revoked_and_its_signature_holds() {
    for (leaf, staple, expected, notes) in [
        ("leaf-revoked", "ocsp-revoked.der", &["0:revoked"][..], NONE),
        ("leaf-revoked", "ocsp-delegated.der", &["0:revoked"], NONE),
        ("leaf-revoked", "ocsp-undelegated.der", NONE, &["staple-unusable"][..]),
        ("leaf-revoked", "ocsp-good.der", NONE, &["staple-unusable"]),
        ("leaf", "ocsp-good.der", NONE, NONE),
        ("leaf", "ocsp-revoked.der", NONE, &["staple-unusable"]),
        ("leaf", "crl.der", NONE, &["staple-unusable"]),
    ] {
        let mut asked = asked(&[leaf, "inter"], &["root"]);
        asked.at = AT + 86_400;
        asked.chain.set_ocsp(&file(staple)).unwrap();
        assert_eq!(asked.problems(), expected, "{leaf} {staple}");
        assert_eq!(asked.notes(), notes, "{leaf} {staple}");
    }
    let mut whole = file("ocsp-revoked.der");
    for place in 0..whole.len() {
        whole[place] ^= 0x20;
        let mut asked = asked(&["leaf", "inter"], &["root"]);
        asked.chain.set_ocsp(&whole).unwrap();
        assert_eq!(asked.problems(), NONE, "a changed response about another certificate, byte {place}");
        asked.chain.set_ocsp(&whole[..place]).unwrap();
        assert_eq!(asked.problems(), NONE, "a truncated response, byte {place}");
        whole[place] ^= 0x20;
    }
}

#[test]
fn every_problem_reads_as_one_plain_sentence() {
    let sent: &[&[&str]] = &[
        &["stranger", "stranger-root"],
        &["leaf"],
        &["leaf-no-aia"],
        &["self"],
        &["leaf-future", "inter"],
        &["leaf-cn", "inter"],
        &["leaf-rsa768", "inter"],
        &["leaf-client", "inter"],
        &["leaf-signing", "inter"],
        &["leaf-critical", "inter"],
        &["leaf-md5", "ca-rsa"],
        &["leaf-by-ca-narrow", "ca-narrow"],
        &["leaf-by-ca-no-ca", "ca-no-ca"],
        &["leaf-by-ca-below-short", "ca-below-short", "ca-short"],
        &["leaf-by-ca-rsa1024", "ca-rsa1024"],
    ];
    for sent in sent {
        for problem in asked(sent, &["root"]).answer().problems {
            let text = problem.statement.text();
            assert!(text.ends_with('.') && !text.contains(['{', '}', '\n']), "{text}");
            assert!(problem.statement.code.starts_with(problem.kind.code().split('-').next().unwrap()), "{text}");
        }
    }
}

#[test]
fn no_text_for_people_is_the_debug_output_of_a_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/paths");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("test data")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".pem").map(str::to_owned))
        .collect();
    names.sort();
    let authorities: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.starts_with("leaf")).collect();
    for (number, leaf) in names.iter().enumerate() {
        let mut asked = asked(&[leaf], &["root"]);
        for name in &authorities {
            let _ = asked.chain.push_der(crate::support::cert(name).der());
        }
        // A byte somewhere is another, so that parsers have their say as well.
        let mut der = crate::support::cert(leaf).der().to_vec();
        let place = (number * 37) % der.len();
        der[place] ^= 0x11;
        let _ = asked.chain.push_der(&der);
        asked.crls = vec![der];
        let answer = asked.answer();
        for statement in answer.problems.iter().map(|p| &p.statement).chain(&answer.notes) {
            crate::support::is_for_people(&statement.text());
        }
    }
}

#[test]
fn the_documentation_has_every_kind_and_the_very_sentences() {
    let page = include_str!("../../docs/problems.md");
    let rows: Vec<(&str, &str)> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")).collect();
    for (code, sentence) in &rows {
        assert_eq!(tofu::text::template(code), Some(*sentence), "{code}");
    }
    for (bit, kind) in ProblemKind::ALL.into_iter().enumerate() {
        assert!(page.contains(&format!("## `{}` (bit {bit})", kind.code())), "{}", kind.code());
        assert!(rows.iter().any(|(code, _)| *code == kind.code()), "{}", kind.code());
    }
}

/// mail.example.test with this certificate, and what is found wrong below these anchors.
fn kind(sent: &[&str], anchors: &[&str]) -> Asked {
    let mut chain = tofu::path::Chain::new();
    sent.iter().for_each(|name| chain.push_der(of_other_kind(name).der()).unwrap());
    let roots = tofu::path::Roots::from_certs(anchors.iter().map(|name| of_other_kind(name)).collect());
    Asked { chain, roots, host: host("mail.example.test"), ..asked(&[], &[]) }
}

#[test]
fn ml_dsa_is_verified_in_paths_and_in_signatures_by_itself() {
    if !cfg!(feature = "aws-lc-rs") {
        // ring verifies none of them, and that is what is said.
        assert_eq!(kind(&["p256-by-ml-dsa"], &["ml-dsa-ca"]).problems(), ["0:unsupported-algorithm"]);
        assert_eq!(kind(&["ml-dsa-65"], &[]).problems(), ["0:unsupported-algorithm"]);
        assert_eq!(kind(&["ml-dsa-by-p256"], &["p256-ca"]).problems(), NONE);
        return;
    }
    for set in ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"] {
        assert_eq!(kind(&[set], &[]).problems(), ["0:self-signed"], "{set}");
        assert_eq!(kind(&[set], &[set]).problems(), NONE, "{set} as its own root");
    }
    for (leaf, ca) in [("p256-by-ml-dsa", "ml-dsa-ca"), ("ml-dsa-by-p256", "p256-ca")] {
        let below = kind(&[leaf], &[ca]);
        assert_eq!(below.problems(), NONE, "{leaf}");
        assert!(below.answer().ca_valid, "{leaf}");
        assert_eq!(below.path().len(), 2, "{leaf}");
    }
    // One octet of the signature is another: webpki and our own search both see it.
    let mut der = of_other_kind("p256-by-ml-dsa").der().to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    let mut altered = kind(&[], &["ml-dsa-ca"]);
    altered.chain.push_der(&der).unwrap();
    // These carry no key identifiers, so that the authority may as well have another key by now.
    assert_eq!(altered.problems(), ["0:incomplete-chain-other-key"]);
}

#[test]
fn a_kind_of_key_that_is_not_known_is_unsupported_and_neither_malformed_nor_weak() {
    for name in [
        "kind-slh-dsa-sha2-128s",
        "kind-fn-dsa-512",
        "kind-composite-65-p256",
        "kind-gost-2012-256",
        "kind-x25519",
        "kind-rsa-1988",
        "kind-rsa-negative",
    ] {
        let answer = kind(&[name], &[]).answer();
        let codes: Vec<&str> = answer.problems.iter().map(|p| p.statement.code).collect();
        assert_eq!(codes, ["incomplete-chain", "unsupported-key"], "{name}");
        let text = answer.problems[1].statement.text();
        let size = if name.contains("rsa") { "2048 bits" } else { "bytes" };
        assert!(text.contains(&of_other_kind(name).key().name) && text.contains(size), "{text}");
    }
    // What can be said of a key is said: it is too small whatever its form, and nothing is no key.
    let small = kind(&["kind-rsa-negative-512"], &[]);
    assert_eq!(small.problems(), ["0:incomplete-chain", "0:weak-key-broken", "0:unsupported-key"]);
    assert!(small.answer().never_waivable());
    for unreadable in ["kind-nothing", "kind-ml-dsa-65-short"] {
        assert_eq!(kind(&[unreadable], &[]).problems(), ["0:incomplete-chain", "0:malformed-key"], "{unreadable}");
    }
}

fn named(file: &str) -> Vec<Cert> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/names").join(file);
    Cert::parse_pem(&std::fs::read(path).unwrap()).unwrap()
}

/// SRVName (RFC 4985) and XmppAddr (RFC 6120) count for their service of their very domain.
#[test]
fn names_of_services_count_where_the_service_is_offered() {
    let mut asked = asked(&[], &[]);
    named("xmpp.pem").iter().for_each(|cert| asked.chain.push_der(cert.der()).unwrap());
    asked.roots = tofu::path::Roots::from_certs(named("root.pem"));
    for (name, services, expected) in [
        ("example.org", &["xmpp-client"][..], &[][..]),
        // The XmppAddr speaks for every XMPP service, the SRVName for its own.
        ("example.org", &["xmpp-server"], &[]),
        ("example.org", &["imaps"], &["0:host-mismatch-service"]),
        ("example.org", &[], &["0:host-mismatch-service"]),
        ("im.example.org", &["xmpp-client"], &["0:host-mismatch"]),
        ("chat.example.net", &[], &[]),
        ("chat.example.net", &["xmpp-client"], &[]),
    ] {
        (asked.host, asked.services) = (host(name), services);
        assert_eq!(asked.problems(), expected, "{name} {services:?}");
        // What was found valid for one service is not remembered for another.
        assert_eq!(asked.problems(), expected, "{name} {services:?}, again");
    }
}

/// What the text of a certificate calls weak is a problem, and what it does not call so is none.
#[test]
fn texts_and_problems_agree_on_sha_1() {
    for (name, weak) in [("leaf-sha1", true), ("self-sha1", false), ("leaf", false)] {
        let found = problems(&[name]).contains(&"0:weak-signature".to_owned());
        let text = crate::support::cert(name).to_text();
        assert_eq!((found, text.contains("(weak)")), (weak, weak), "{name}: {text}");
    }
}

/// A sentence lists only names that can match a server.
#[test]
fn what_a_certificate_names_instead_is_what_could_match() {
    for (file, name, code, names) in [
        ("twocn.pem", "mail.example.org", "host-mismatch", "imap.example.org"),
        ("portsan.pem", "mail.example.org", "host-mismatch-unusable", "mail.example.org:993"),
        ("ipdns.pem", "127.0.0.1", "host-mismatch-address-as-name", "nas.example.org"),
        ("ipdns.pem", "mail.example.org", "host-mismatch", "nas.example.org"),
        ("bridge.pem", "bridge.internal", "host-mismatch", "127.0.0.1"),
        ("xmpp.pem", "example.org", "host-mismatch-service", "xmpp-client, XMPP"),
    ] {
        let mut asked = asked(&[], &[]);
        named(file).iter().for_each(|cert| asked.chain.push_der(cert.der()).unwrap());
        asked.roots = tofu::path::Roots::from_certs(named("root.pem"));
        asked.host = host(name);
        let answer = asked.answer();
        let problem = answer.problems.iter().find(|p| p.kind == ProblemKind::HostMismatch).unwrap();
        assert_eq!((problem.statement.code, problem.statement.get("names")), (code, Some(names)), "{file} for {name}");
    }
}
