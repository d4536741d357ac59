//! x509-limbo and BetterTLS through `examine`: 9,780 cases that nobody here wrote. Prints the table
//! and every deviation; each deviation must be on the reviewed list below with its reason, and each
//! entry of the list must still deviate. Needs C2SP's x509-limbo as
//! `limbo.json.xz` in `../shared/data` (or in the directory that `TOFU_TEST_DATA` names) and `xz`;
//! says so and passes where either is absent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use crate::need;
use tofu::cert::Cert;
use tofu::endpoint::Host;
use tofu::path::{Chain, Examination, ProblemKind, Problems, Question, Roots, examine};

/// When the cases that name no time are judged: 2026-06-01. Fixed, as everything in this test.
const AT: i64 = 1_780_272_000;

/// The core cases in which we and limbo part, and why we stand by it.
const DEVIATIONS: &[(&str, &str)] = &[
    ("crl::crlnumber-critical", "the list can be read, and its signature and entries count"),
    ("crl::crlnumber-missing", "the list can be read, and its signature and entries count"),
    (
        "crl::issuer-missing-crlsign",
        "the list counts for what it revokes, and a note says so; a bad list does not reject",
    ),
    ("pathlen::validation-ignores-pathlen-in-leaf", "the leaf is a CA certificate: ca-as-server"),
    ("rfc5280::aki::critical-aki", "key identifiers are hints for path building; the signature decides"),
    (
        "rfc5280::aki::cross-signed-root-missing-aki",
        "key identifiers are hints for path building; the signature decides",
    ),
    ("rfc5280::aki::intermediate-missing-aki", "key identifiers are hints for path building; the signature decides"),
    ("rfc5280::aki::leaf-missing-aki", "key identifiers are hints for path building; the signature decides"),
    ("rfc5280::ca-as-leaf", "the leaf is a CA certificate: ca-as-server (webpki::ca-as-leaf wants it refused)"),
    ("rfc5280::ca-empty-subject", "the names match and the signature verifies"),
    ("rfc5280::leaf-ku-keycertsign", "the leaf is no CA, so that the bit gives it nothing"),
    (
        "rfc5280::nc::invalid-dnsname-leading-period",
        "widely used; read as \"subdomains only\", which is the narrower reading",
    ),
    ("rfc5280::nc::not-allowed-in-ee-critical", "constraints in a leaf constrain nobody"),
    ("rfc5280::nc::not-allowed-in-ee-noncritical", "constraints in a leaf constrain nobody"),
    (
        "rfc5280::nc::permitted-dns-match-noncritical",
        "obeyed although not critical (webpki::nc::permitted-dns-match-noncritical wants it accepted)",
    ),
    ("rfc5280::pc::ica-noncritical-pc", "policy constraints are obeyed although not critical"),
    ("rfc5280::root-non-critical-basic-constraints", "obeyed although not critical"),
    ("rfc5280::san::noncritical-with-empty-subject", "the SAN is used whether or not it is critical"),
    ("rfc5280::san::underscore-dns", "servers with such names exist and the name matches literally"),
    ("rfc5280::serial::negative", "the leaf itself is listed as a trust anchor; shown as an anomaly"),
    ("rfc5280::serial::too-long", "no bearing on trust; shown as an anomaly"),
    ("rfc5280::serial::zero", "no bearing on trust; shown as an anomaly"),
    ("rfc5280::ski::critical-ski", "key identifiers are hints for path building; the signature decides"),
    ("rfc5280::ski::intermediate-missing-ski", "key identifiers are hints for path building; the signature decides"),
    ("rfc5280::ski::root-missing-ski", "key identifiers are hints for path building; the signature decides"),
    ("webpki::aki::root-with-aki-all-fields", "key identifiers are hints for path building; the signature decides"),
    (
        "webpki::aki::root-with-aki-authoritycertissuer",
        "key identifiers are hints for path building; the signature decides",
    ),
    (
        "webpki::aki::root-with-aki-authoritycertserialnumber",
        "key identifiers are hints for path building; the signature decides",
    ),
    (
        "webpki::aki::root-with-aki-missing-keyidentifier",
        "key identifiers are hints for path building; the signature decides",
    ),
    ("webpki::aki::root-with-aki-ski-mismatch", "key identifiers are hints for path building; the signature decides"),
    ("webpki::cn::case-mismatch", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::ipv4-hex-mismatch", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::ipv4-leading-zeros-mismatch", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::ipv6-non-rfc5952-mismatch", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::ipv6-uncompressed-mismatch", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::ipv6-uppercase-mismatch", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::not-in-san", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::punycode-not-in-san", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::cn::utf8-vs-punycode-mismatch", "the subject's CN is not looked at where there is a SAN"),
    ("webpki::eku::ee-anyeku", "serverAuth is there as well"),
    ("webpki::eku::ee-critical-eku", "understood, so that critical or not is the same"),
    ("webpki::eku::ee-without-eku", "private CAs rarely set it (rfc5280::eku::ee-without-eku wants it accepted)"),
    ("webpki::eku::root-has-eku", "it includes serverAuth"),
    ("webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf", "an odd size is not a weak one"),
    ("webpki::forbidden-rsa-not-divisible-by-8-in-root", "an odd size is not a weak one"),
    ("webpki::malformed-aia", "an address that nobody here fetches"),
    (
        "webpki::san::public-suffix-multi-label-wildcard-san",
        "no list of public suffixes here; the CAs are under that rule, mail servers' own CAs are not",
    ),
    (
        "webpki::san::public-suffix-private-namespace-wildcard-san",
        "no list of public suffixes here; the CAs are under that rule, mail servers' own CAs are not",
    ),
    ("webpki::san::san-critical-with-nonempty-subject", "understood, so that critical or not is the same"),
];

#[derive(serde::Deserialize)]
struct Suite {
    testcases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    features: Vec<String>,
    importance: String,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    expected_result: String,
    expected_peer_name: Option<Peer>,
    max_chain_depth: Option<u32>,
    crls: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Peer {
    value: String,
}

/// What became of a case.
struct Outcome {
    id: String,
    group: &'static str,
    importance: String,
    expected: bool,
    got: bool,
    why: String,
}

fn suite() -> Option<Suite> {
    let data = std::env::var_os("TOFU_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let file = data.join("limbo.json.xz");
    if !file.exists() {
        need::skip(format_args!("{} is not there", file.display()));
        return None;
    }
    let output = match Command::new("xz").arg("-dc").arg(&file).output() {
        Ok(output) if output.status.success() => output,
        _ => {
            need::skip(format_args!("xz cannot unpack {}", file.display()));
            return None;
        }
    };
    Some(serde_json::from_slice(&output.stdout).expect("limbo.json has the schema of version 1"))
}

fn group(case: &Case) -> &'static str {
    if case.id.starts_with("bettertls::") {
        "BetterTLS"
    } else if case.validation_kind == "CLIENT" {
        "client (skipped)"
    } else if case.features.iter().any(|f| f == "max-chain-depth") || case.max_chain_depth.is_some() {
        "depth (skipped)"
    } else if case.features.iter().any(|f| f == "has-crl") {
        "CRL"
    } else {
        "core"
    }
}

fn pem(text: &str) -> Vec<Cert> {
    Cert::parse_pem(text.as_bytes()).unwrap_or_default()
}

fn pem_der(text: &str) -> Vec<u8> {
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    data_encoding::BASE64.decode(body.as_bytes()).expect("base64 between the PEM lines")
}

/// Seconds since 1970 of `2024-03-01T00:00:00+00:00`, fractions cut.
fn seconds(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().expect("a number in a time");
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719_468;
    days * 86_400 + number(11..13) * 3_600 + number(14..16) * 60 + number(17..19)
}

fn run(case: &Case) -> Outcome {
    let roots = Roots::from_certs(case.trusted_certs.iter().flat_map(|text| pem(text)).collect());
    let mut chain = Chain::new();
    let limit = std::iter::once(&case.peer_certificate)
        .chain(&case.untrusted_intermediates)
        .try_for_each(|text| chain.push_der(&pem_der(text)));
    let name = case.expected_peer_name.as_ref().map(|peer| Host::parse(&peer.value));
    let any = Host::parse("any.example").expect("a host");
    let host = match &name {
        Some(Ok(host)) => host,
        _ => &any,
    };
    let crls: Vec<Vec<u8>> = case.crls.iter().map(|text| pem_der(text)).collect();
    let at = case.validation_time.as_deref().map_or(AT, seconds);
    let question = Question { chain: &chain, host, services: &[], at, roots: &roots, intermediates: &[], crls: &crls };
    let examination = examine(&question);
    let name_matters = case.expected_peer_name.is_some();
    let bad_name = matches!(name, Some(Err(_)));
    for statement in examination.problems.iter().map(|p| &p.statement).chain(&examination.notes) {
        crate::support::is_for_people(&statement.text());
    }
    let got = limit.is_ok() && !bad_name && accepted(&examination, name_matters);
    let mut why: Vec<String> = examination.problems.iter().map(|p| p.statement.code.to_owned()).collect();
    why.extend(examination.notes.iter().map(|note| format!("({})", note.code)));
    if let Err(error) = limit {
        why.push(error.to_string());
    }
    Outcome {
        id: case.id.clone(),
        group: group(case),
        importance: case.importance.clone(),
        expected: case.expected_result == "SUCCESS",
        got,
        why: why.join(" "),
    }
}

/// CA-valid; the name aside where the case gives none.
fn accepted(examination: &Examination, name_matters: bool) -> bool {
    let names = Problems::of(&[ProblemKind::HostMismatch, ProblemKind::NameOnlyInCn]);
    examination.ca_valid || !name_matters && examination.path.is_some() && examination.kinds().without(names).is_empty()
}

#[test]
fn limbo_and_bettertls_come_out_as_reviewed() {
    let Some(suite) = suite() else { return };
    let next = Mutex::new(suite.testcases.iter());
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let case = next.lock().expect("unpoisoned").next();
                    let Some(case) = case else { break };
                    let outcome = run(case);
                    outcomes.lock().expect("unpoisoned").push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("unpoisoned");
    outcomes.sort_by(|a, b| a.id.cmp(&b.id));
    report(&outcomes);
    check(&outcomes);
}

fn report(outcomes: &[Outcome]) {
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for o in outcomes {
        let row = table.entry(o.group).or_default();
        row[usize::from(o.got != o.expected) + usize::from(o.expected && !o.got)] += 1;
    }
    println!("{:<18} {:>6} {:>12} {:>10}", "group", "right", "too lenient", "too strict");
    for (group, [right, lenient, strict]) in table {
        println!("{group:<18} {right:>6} {lenient:>12} {strict:>10}");
    }
    for o in outcomes.iter().filter(|o| o.got != o.expected && !o.group.ends_with("(skipped)")) {
        let reason = DEVIATIONS.iter().find(|(id, _)| *id == o.id).map_or("NOT REVIEWED", |(_, reason)| reason);
        let way = if o.got { "too lenient" } else { "too strict" };
        println!("{way}: {} [{}] {} - {reason} ({})", o.id, o.group, o.importance, o.why);
    }
}

fn check(outcomes: &[Outcome]) {
    let deviating =
        |group: &str| outcomes.iter().filter(|o| o.group == group && o.got != o.expected).collect::<Vec<_>>();
    assert!(deviating("BetterTLS").is_empty(), "every BetterTLS case comes out right");
    assert_eq!(outcomes.iter().filter(|o| o.group == "BetterTLS").count(), 9_572);
    let core = deviating("core");
    assert!(core.iter().filter(|o| o.got).count() <= 44, "too lenient");
    assert!(core.iter().filter(|o| !o.got).count() <= 2, "too strict");
    for o in &core {
        assert!(!["critical", "high"].contains(&o.importance.as_str()), "{} is {}", o.id, o.importance);
    }
    let reviewed: Vec<&Outcome> = core.into_iter().chain(deviating("CRL")).collect();
    for o in &reviewed {
        assert!(DEVIATIONS.iter().any(|(id, _)| *id == o.id), "{} deviates and is not on the reviewed list", o.id);
    }
    for (id, _) in DEVIATIONS {
        assert!(reviewed.iter().any(|o| o.id == *id), "{id} is on the reviewed list and deviates no more");
    }
}
