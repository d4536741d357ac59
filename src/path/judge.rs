//! Finds what is wrong with the elements of a path, each by itself and all at once: dates, names,
//! usage, keys, signature algorithms, constraints. Verifies no signature and builds no path. It
//! serves webpki's paths and those of `search`.

use super::Question;
use super::constraints::{self, Violation};
use super::policy;
use super::problem::{Problem, ProblemKind};
use crate::cert::{Cert, HostMatch, Name, ServerNames};
use crate::endpoint::Host;
use crate::text::excerpt;
use crate::time::{Timestamp, date, days_between, rfc3339};

/// Intermediates that a path may have (webpki's limit; the public CAs use one or two).
pub const MAX_INTERMEDIATES: usize = 6;

/// Statement code of a leaf whose key cannot be decoded.
pub(super) const KEY_UNREADABLE: &str = "malformed-key";
/// Statement code of a leaf whose key is of a kind that is not known here.
const UNSUPPORTED_KEY: &str = "unsupported-key";
/// Statement code of a leaf whose RSA key has less than 1024 bits.
pub(super) const KEY_BROKEN: &str = "weak-key-broken";

/// Names shown of a certificate that is for other hosts.
const MAX_NAMES: usize = 5;
/// Characters shown of a name.
const MAX_NAME: usize = 120;

/// One certificate of a path, and its place in what was sent.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) cert: &'a Cert,
    pub(super) index: Option<usize>,
}

/// The name of a holder for people: the CN, otherwise the organisation, otherwise the whole name.
/// Escaped.
pub(super) fn called(name: &Name) -> String {
    let first = |attribute: &str| name.attribute(attribute).into_iter().find(|v| !v.trim().is_empty());
    match first("CN").or_else(|| first("O")) {
        Some(text) => excerpt(&text, MAX_NAME),
        None if name.is_empty() => "without a name".to_owned(),
        None => name.text().chars().take(MAX_NAME).collect(),
    }
}

/// What is wrong with the leaf by itself. `listed`: it is itself a trust anchor.
pub(super) fn leaf(leaf: &Cert, question: &Question<'_>, listed: bool, out: &mut Vec<Problem>) {
    let at = question.at;
    dates(Element { cert: leaf, index: Some(0) }, false, at, out);
    host_name(leaf, question.host, question.services, out);
    leaf_usage(leaf, listed, out);
    leaf_key(leaf, out);
    if !listed {
        weak_signature(Element { cert: leaf, index: Some(0) }, out);
    }
    unknown_critical(Element { cert: leaf, index: Some(0) }, out);
    let extensions = || super::der::parts(leaf.der()).is_some_and(|p| p.has_extensions());
    if leaf.version() != 3 && extensions() {
        out.push(
            Problem::new(ProblemKind::Malformed, "malformed-version", Some(0))
                .arg("version", leaf.version().to_string()),
        );
    }
}

/// What is wrong with everything above the leaf. `complete`: the last element is a trust anchor.
/// `comparisons` is what is left of the budget for name constraints.
pub(super) fn authorities(
    path: &[Element<'_>],
    complete: bool,
    at: Timestamp,
    comparisons: &mut usize,
) -> Vec<Problem> {
    let mut out = Vec::new();
    let mut below = 0u32;
    for (place, element) in path.iter().enumerate().skip(1) {
        let anchor = complete && place.saturating_add(1) == path.len();
        dates(*element, true, at, &mut out);
        authority(*element, anchor, &mut out);
        path_length(*element, below, &mut out);
        if !element.cert.is_self_issued() {
            below = below.saturating_add(1);
        }
        name_constraints(*element, path.get(..place).unwrap_or(&[]), comparisons, &mut out);
        if element.cert.key().weak {
            out.push(
                about(ProblemKind::WeakKey, "weak-key-issuer", *element)
                    .arg("key", &element.cert.key().name)
                    .arg("bits", element.cert.key().bits.to_string()),
            );
        }
        if !anchor {
            weak_signature(*element, &mut out);
        }
        unknown_critical(*element, &mut out);
    }
    if complete {
        out.extend(policy::check(path, comparisons).err().map(|violation| policy_problem(violation, path)));
    }
    let intermediates = path.len().saturating_sub(2);
    if complete && intermediates > MAX_INTERMEDIATES {
        out.push(
            Problem::new(ProblemKind::ChainTooLong, "chain-too-long", None)
                .arg("count", intermediates.to_string())
                .arg("limit", MAX_INTERMEDIATES.to_string()),
        );
    }
    out
}

/// A problem about an element, with the name of its holder.
fn about(kind: ProblemKind, code: &'static str, element: Element<'_>) -> Problem {
    Problem::new(kind, code, element.index).shown("subject", called(element.cert.subject()))
}

fn dates(element: Element<'_>, authority: bool, at: Timestamp, out: &mut Vec<Problem>) {
    let mut tell = |kind, code, when, days: i64| {
        out.push(
            about(kind, code, element).arg("date", date(when)).arg("time", rfc3339(when)).arg("days", days.to_string()),
        );
    };
    let mut unreadable = Vec::new();
    match element.cert.not_after() {
        Some(last) if at > last => {
            let code = if authority { "expired-issuer" } else { "expired" };
            tell(ProblemKind::Expired, code, last, days_between(last, at));
        }
        Some(_) => {}
        None => {
            let code = if authority { "end-unreadable-issuer" } else { "end-unreadable" };
            unreadable.push(about(ProblemKind::Expired, code, element).shown("found", element.cert.not_after_found()));
        }
    }
    match element.cert.not_before() {
        Some(first) if at < first => {
            let code = if authority { "not-yet-valid-issuer" } else { "not-yet-valid" };
            tell(ProblemKind::NotYetValid, code, first, days_between(at, first));
        }
        Some(_) => {}
        None => {
            let code = if authority { "start-unreadable-issuer" } else { "start-unreadable" };
            let problem = about(ProblemKind::NotYetValid, code, element);
            unreadable.push(problem.shown("found", element.cert.not_before_found()));
        }
    }
    out.append(&mut unreadable);
}

/// RFC 9525: the certificate must name the host, or the service that is offered there.
fn host_name(leaf: &Cert, host: &Host, services: &[&str], out: &mut Vec<Problem>) {
    match leaf.match_service(host, services) {
        HostMatch::Match => {}
        HostMatch::NameOnlyInCn => {
            out.push(Problem::new(ProblemKind::NameOnlyInCn, "name-only-in-cn", Some(0)).arg("host", host.as_str()))
        }
        HostMatch::Mismatch => out.push(other_name(&leaf.server_names(), leaf.has_more_names(), host)),
    }
}

/// What the certificate names instead: never what cannot match, and never the host itself.
fn other_name(presented: &ServerNames, more: bool, host: &Host) -> Problem {
    let names: Vec<String> = presented.in_words();
    let about = |code, names: &[String]| {
        Problem::new(ProblemKind::HostMismatch, code, Some(0))
            .arg("host", host.as_str())
            .shown("names", listed_names(names, more))
            .arg("count", names.len().to_string())
    };
    let services: Vec<String> = presented.services_of(host).into_iter().map(str::to_owned).collect();
    let as_name =
        host.ip().is_some() && presented.unusable.iter().any(|name| Host::parse(name).is_ok_and(|h| h == *host));
    if as_name {
        about("host-mismatch-address-as-name", &names)
    } else if !services.is_empty() {
        about("host-mismatch-service", &services)
    } else if names.is_empty() && !presented.unusable.is_empty() {
        about("host-mismatch-unusable", &presented.unusable)
    } else if names.is_empty() {
        about("host-mismatch-no-name", &names)
    } else {
        about("host-mismatch", &names)
    }
}

/// The first names, and how many others there are; `unlisted`: there are more than were listed.
fn listed_names(names: &[String], unlisted: bool) -> String {
    let shown: Vec<String> = names.iter().take(MAX_NAMES).map(|n| n.chars().take(MAX_NAME).collect()).collect();
    let at_least = if unlisted { "more than " } else { "" };
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {at_least}{more} more", shown.join(", ")),
    }
}

/// If a server shows a CA's certificate, the CA's key is on that server (docs/pitfalls.md#13). A
/// leaf that is itself listed as an anchor vouches only for itself here.
fn leaf_usage(leaf: &Cert, listed: bool, out: &mut Vec<Problem>) {
    if !listed && leaf.is_ca() {
        out.push(Problem::new(ProblemKind::CaAsServer, "ca-as-server", Some(0)));
    }
    if let Some(usages) = leaf.extended_key_usage().filter(|usages| !serves(usages)) {
        out.push(
            Problem::new(ProblemKind::WrongUsage, "wrong-usage", Some(0))
                .shown("usages", excerpt(&usages.join(", "), MAX_NAME)),
        );
    }
    // RFC 5280, section 4.2.1.3: a TLS server signs, or (RSA key exchange, static ECDH) decrypts or agrees.
    let tls = ["digitalSignature", "keyEncipherment", "keyAgreement"];
    if let Some(bits) = leaf.key_usage().filter(|bits| !bits.iter().any(|bit| tls.contains(bit))) {
        out.push(Problem::new(ProblemKind::WrongUsage, "wrong-usage-key", Some(0)).arg("usages", bits.join(", ")));
    }
}

/// As webpki has it: an extended key usage that is there must name TLS servers; "any" is not enough
/// (Baseline Requirements, section 7.1.2.7.10).
fn serves(usages: &[String]) -> bool {
    usages.iter().any(|usage| usage == "serverAuth")
}

fn leaf_key(leaf: &Cert, out: &mut Vec<Problem>) {
    let key = leaf.key();
    if !key.readable {
        out.push(Problem::new(ProblemKind::Malformed, KEY_UNREADABLE, Some(0)));
        return;
    }
    if !key.is_known() {
        let problem = Problem::new(ProblemKind::UnsupportedAlgorithm, UNSUPPORTED_KEY, Some(0));
        out.push(problem.shown("key", key.text()));
    }
    let code = if key.is_rsa() && key.bits < 1024 {
        KEY_BROKEN
    } else if key.weak {
        "weak-key"
    } else {
        return;
    };
    let problem = Problem::new(ProblemKind::WeakKey, code, Some(0));
    out.push(problem.arg("key", &key.name).arg("bits", key.bits.to_string()));
}

/// A signature that can be forged. One that a key made over its own certificate vouches for nothing, so
/// there is nothing to be gained by forging it.
fn weak_signature(element: Element<'_>, out: &mut Vec<Problem>) {
    let algorithm = element.cert.signature_algorithm();
    if algorithm.weak && !element.cert.is_self_signed() {
        out.push(about(ProblemKind::WeakSignature, "weak-signature", element).arg("algorithm", &algorithm.name));
    }
}

fn unknown_critical(element: Element<'_>, out: &mut Vec<Problem>) {
    let unknown = element.cert.unknown_critical_extensions();
    if !unknown.is_empty() {
        let oids = excerpt(&unknown.join(", "), MAX_NAME);
        out.push(
            about(ProblemKind::UnknownCriticalExtension, "unknown-critical-extension", element)
                .shown("extensions", oids),
        );
    }
}

/// Whether a certificate may sign others. webpki takes only name, key and constraints from an
/// anchor. Here its usage and CA flag count too, as in OpenSSL. A version 1 root cannot have them.
fn authority(element: Element<'_>, anchor: bool, out: &mut Vec<Problem>) {
    let cert = element.cert;
    let old_root = anchor && cert.version() < 3;
    if !(cert.is_ca() || old_root) {
        out.push(about(ProblemKind::WrongUsage, "wrong-usage-no-ca", element));
    }
    if cert.key_usage().is_some_and(|bits| !bits.contains(&"keyCertSign")) {
        out.push(about(ProblemKind::WrongUsage, "wrong-usage-no-signing", element));
    }
    if let Some(usages) = cert.extended_key_usage().filter(|usages| !serves(usages)) {
        out.push(
            about(ProblemKind::WrongUsage, "wrong-usage-issuer", element)
                .shown("usages", excerpt(&usages.join(", "), MAX_NAME)),
        );
    }
}

/// RFC 5280, section 4.2.1.9: intermediates below count, self-issued ones do not.
fn path_length(element: Element<'_>, below: u32, out: &mut Vec<Problem>) {
    let limit = element.cert.basic_constraints().and_then(|c| c.path_len);
    if let Some(limit) = limit.filter(|limit| below > *limit) {
        out.push(
            about(ProblemKind::ConstraintViolation, "constraint-path-length", element)
                .arg("limit", limit.to_string())
                .arg("count", below.to_string()),
        );
    }
}

/// RFC 5280, section 4.2.1.10: names of self-issued certificates count in the leaf only.
fn name_constraints(element: Element<'_>, below: &[Element<'_>], comparisons: &mut usize, out: &mut Vec<Problem>) {
    let Some(constraints) = constraints::of(element.cert) else { return };
    for (place, held) in below.iter().enumerate() {
        if place > 0 && held.cert.is_self_issued() {
            continue;
        }
        match constraints::check(constraints, held.cert, place == 0, comparisons) {
            Ok(()) => {}
            Err(Violation::Name(name)) => out.push(
                Problem::new(ProblemKind::ConstraintViolation, "constraint-name", held.index)
                    .shown("issuer", called(element.cert.subject()))
                    .shown("name", excerpt(&name, MAX_NAME)),
            ),
            Err(Violation::Unreadable) => {
                out.push(about(ProblemKind::ConstraintViolation, "constraint-unreadable", element));
                return;
            }
            Err(Violation::Budget) => {
                out.push(Problem::new(ProblemKind::BudgetExceeded, "budget-exceeded", None));
                return;
            }
        }
    }
}

fn policy_problem(violation: policy::Violation, path: &[Element<'_>]) -> Problem {
    let (place, code) = match violation {
        policy::Violation::NoPolicy(place) => (place, "constraint-policy"),
        policy::Violation::Mapping(place) => (place, "constraint-policy-mapping"),
        policy::Violation::Unreadable(place) => (place, "constraint-unreadable"),
        policy::Violation::Budget => return Problem::new(ProblemKind::BudgetExceeded, "budget-exceeded", None),
    };
    match path.get(place) {
        Some(element) => about(ProblemKind::ConstraintViolation, code, *element),
        None => Problem::new(ProblemKind::ConstraintViolation, "constraint-violation", None),
    }
}
