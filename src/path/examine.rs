//! The examination: asks webpki, judges, searches if webpki has no path, and collects all problems
//! in one list.

use std::cell::Cell;

use super::constraints::MAX_COMPARISONS;
use super::equivalent;
use super::judge::{self, Element, MAX_INTERMEDIATES};
use super::problem::{Problem, ProblemKind, kinds_of};
use super::search::{Found, Node, Trust, pool, search, ways};
use super::signers::Known;
use super::verify::{self, Attempt};
use super::{Chain, Examination, Path, Question};
use crate::cert::Cert;
use crate::text::{Statement, excerpt};
use crate::time::Timestamp;

/// Ways by name through a chain that webpki is let loose on. Real chains have one to ten.
const MAX_WAYS: usize = 500;

/// Finds a path and every problem of a chain. The same question has the same answer at any time;
/// the cost is bounded, and small for a chain that these roots have found valid before.
pub fn examine(question: &Question<'_>) -> Examination {
    if let Some(path) = question.roots.valid.get(question) {
        return Examination { problems: Vec::new(), notes: Vec::new(), path: Some(path), ca_valid: true };
    }
    let examination = examine_anew(question);
    if let Some(path) = examination.path.as_ref().filter(|_| examination.ca_valid && examination.notes.is_empty()) {
        question.roots.valid.put(question, path);
    }
    examination
}

fn examine_anew(question: &Question<'_>) -> Examination {
    let mut problems = unreadable(question.chain);
    let mut notes = Vec::new();
    let Some(leaf) = question.chain.leaf() else {
        return Examination { problems, notes, path: None, ca_valid: false };
    };
    let pool = pool(question);
    let listed = question.roots.contains(leaf);
    let way = if listed { Way::listed(&pool, &mut notes) } else { find(question, &pool) };
    problems.extend(way.problems);
    judge::leaf(leaf, question, listed, &mut problems);
    let known = Known { path: &way.nodes, valid: way.valid, pool: &pool, roots: question.roots };
    let staple = question.chain.ocsp();
    problems.extend(super::revocation::check(&known, question.crls, staple, question.at, &mut notes));
    if way.valid {
        notes.extend(known_intermediates(&way.nodes));
    }
    in_order(&mut problems);
    let path = way.valid.then(|| Path { certs: way.nodes.iter().map(|n| n.cert.clone()).collect() });
    Examination { ca_valid: path.is_some() && problems.is_empty(), problems, notes, path }
}

/// Builds a path from the chain's leaf to `anchor` (an issuer pin or a DANE-TA record). It checks
/// dates, name constraints, usage and signatures, but not the host name. `None` if there is no
/// path. The anchor must be a CA certificate that may sign others, and must not be the leaf. It
/// need not be a loaded root. `examine` reports the problems of the leaf itself.
pub fn path_to(question: &Question<'_>, anchor: &Cert) -> Option<Path> {
    let leaf = question.chain.leaf()?;
    if !anchor.is_ca() || !leaf.is_valid_at(question.at) || anchor.spki_der() == leaf.spki_der() {
        return None;
    }
    let pool = pool(question);
    let way = find_to(question, &pool, Trust::One(anchor));
    let clean = way.valid && way.problems.is_empty();
    clean.then(|| Path { certs: way.nodes.iter().map(|n| n.cert.clone()).collect() })
}

/// What the revocation lists and the staple say of a path that [`path_to`] found, added to the problems
/// of the examination. That looks at one path only, and a server that adds certificates of its own can
/// choose which one that is.
pub fn add_revoked(question: &Question<'_>, path: &Path, problems: &mut Vec<Problem>) {
    let pool = pool(question);
    let last = path.certs.len().saturating_sub(1);
    let node = |(place, cert)| {
        let index = pool.iter().find(|n| n.cert == cert).and_then(|n| n.index);
        Node { cert, index, anchor: place == last }
    };
    let nodes: Vec<Node<'_>> = path.certs.iter().enumerate().map(node).collect();
    let known = Known { path: &nodes, valid: true, pool: &pool, roots: question.roots };
    // The examination has already noted what cannot be used.
    let mut notes = Vec::new();
    let staple = question.chain.ocsp();
    problems.extend(super::revocation::check(&known, question.crls, staple, question.at, &mut notes));
    in_order(problems);
}

/// The best way from the leaf upwards, and what is wrong with it above the leaf.
struct Way<'a> {
    nodes: Vec<Node<'a>>,
    /// Whether it reaches an anchor and may be called a path (see [`Examination::path`]).
    valid: bool,
    problems: Vec<Problem>,
}

impl<'a> Way<'a> {
    /// The leaf is itself a trust anchor, byte for byte: the trust anchors list this very
    /// certificate.
    fn listed(pool: &[Node<'a>], notes: &mut Vec<Statement>) -> Self {
        notes.push(Statement::new("leaf-listed").about(0));
        Self { nodes: pool.iter().take(1).copied().collect(), valid: true, problems: Vec::new() }
    }
}

/// Three certificates have at most 126 ways, whatever their names are.
fn too_many_ways(pool: &[Node<'_>]) -> bool {
    pool.len() > 3 && ways(pool, MAX_INTERMEDIATES) > MAX_WAYS
}

fn find<'a>(question: &Question<'a>, pool: &[Node<'a>]) -> Way<'a> {
    // webpki walks every way that names allow, 200,000 steps of it. Only hostile chains have more
    // than a few; those are for our search, which remembers what it has seen.
    if too_many_ways(pool) {
        return find_to(question, pool, Trust::Roots(question.roots));
    }
    let comparisons = Cell::new(MAX_COMPARISONS);
    let accept = |nodes: &[Node<'a>]| judged(nodes, true, question.at, &comparisons).is_empty();
    let attempt = Attempt { pool, anchors: verify::anchors_for(pool, question.roots), at: question.at };
    match attempt.path(&accept) {
        Ok(nodes) => Way { nodes, valid: true, problems: Vec::new() },
        Err(_) => find_to(question, pool, Trust::Roots(question.roots)),
    }
}

/// The second look, without webpki's narrowness: search, judge, and ask webpki about that path alone.
fn find_to<'a>(question: &Question<'a>, pool: &[Node<'a>], trust: Trust<'a>) -> Way<'a> {
    let comparisons = Cell::new(MAX_COMPARISONS);
    let mut cost = |nodes: &[Node<'a>]| judged(nodes, true, question.at, &comparisons).iter().map(weight).sum();
    let Found { path, complete, end } = search(pool, trust, &mut cost);
    let mut problems = judged(&path, complete, question.at, &comparisons);
    if complete {
        problems.extend(second_opinion(question, &path, &problems));
    }
    problems.extend(end);
    let valid = complete && problems.iter().all(leaves_the_path);
    Way { nodes: path, valid, problems }
}

fn judged(nodes: &[Node<'_>], complete: bool, at: Timestamp, comparisons: &Cell<usize>) -> Vec<Problem> {
    let elements: Vec<Element<'_>> = nodes.iter().map(Node::element).collect();
    let mut left = comparisons.get();
    let problems = judge::authorities(&elements, complete, at, &mut left);
    comparisons.set(left);
    problems
}

/// Whether a problem above the leaf leaves the path one that was validated: signatures and rights
/// are in order.
fn leaves_the_path(problem: &Problem) -> bool {
    use ProblemKind::{Expired, NotYetValid, WeakKey, WeakSignature};
    matches!(problem.kind, Expired | NotYetValid | WeakKey | WeakSignature)
}

/// How bad a problem above the leaf is when two paths are compared: rights before strength before
/// dates.
fn weight(problem: &Problem) -> u64 {
    match problem.kind {
        ProblemKind::Expired | ProblemKind::NotYetValid => 1,
        ProblemKind::WeakKey | ProblemKind::WeakSignature => 100,
        _ => 10_000,
    }
}

/// Asks webpki about a path that the library's own search found, at a time when all of it is valid,
/// or if there is no such time, when the leaf is valid. If webpki rejects it for a reason that was
/// not found here, this is a problem too. If the path has things that webpki cannot express, webpki
/// is asked once more about the rewritten path.
fn second_opinion(question: &Question<'_>, path: &[Node<'_>], known: &[Problem]) -> Option<Problem> {
    let leaf = path.first()?.cert;
    let at = time_inside(path, question.at);
    let unexplained = |error: &webpki::Error| !is_explained(error, leaf, known);
    let mut error = ask(path, at).err().filter(unexplained)?;
    let spent = matches!(
        error,
        webpki::Error::MaximumPathBuildCallsExceeded | webpki::Error::MaximumNameConstraintComparisonsExceeded
    );
    if spent || equivalent::differs(path) {
        if let Some(answer) = equivalent::ask(path, at) {
            error = answer.err().filter(unexplained)?;
        }
    }
    Some(verify::refusal(&error))
}

/// Asks webpki about a path, whose last element is the anchor.
fn ask(path: &[Node<'_>], at: Timestamp) -> Result<(), webpki::Error> {
    let refused = webpki::Error::UnknownIssuer;
    let (anchor, below) = path.split_last().ok_or(refused.clone())?;
    let last = below.last().ok_or(refused.clone())?;
    if too_many_ways(below) {
        return Err(webpki::Error::MaximumPathBuildCallsExceeded);
    }
    let anchor = super::roots::Anchor::new(anchor.cert.clone());
    let trust = verify::borrowed(&anchor, last.cert.issuer()).ok_or(refused)?;
    Attempt { pool: below, anchors: vec![trust], at }.path(&|_| true).map(|_| ())
}

/// Whether webpki's refusal is what we found ourselves.
fn is_explained(error: &webpki::Error, leaf: &Cert, known: &[Problem]) -> bool {
    let kinds = kinds_of(known);
    let kind = verify::kind(error);
    // Weak keys and hashes are verified by `cert` and not by webpki (which calls a signature by a
    // short RSA key invalid), and are reported as such.
    let weak = kinds.contains(ProblemKind::WeakKey)
        || kinds.contains(ProblemKind::WeakSignature)
        || leaf.signature_algorithm().weak;
    let about_signatures = matches!(kind, ProblemKind::UnsupportedAlgorithm | ProblemKind::BadSignature);
    kinds.contains(kind) || about_signatures && weak || explained_by_leaf(error, leaf)
}

/// Whether webpki stopped at something of the leaf that [`judge::leaf`] reports by itself.
fn explained_by_leaf(error: &webpki::Error, leaf: &Cert) -> bool {
    match error {
        webpki::Error::CaUsedAsEndEntity => leaf.is_ca(),
        webpki::Error::UnsupportedCriticalExtension => !leaf.unknown_critical_extensions().is_empty(),
        // Without extensions no name counts, so such a leaf always has a problem.
        webpki::Error::UnsupportedCertVersion => leaf.version() < 3,
        webpki::Error::RequiredEkuNotFoundContext(_) | webpki::Error::EmptyEkuExtension => {
            leaf.extended_key_usage().is_some_and(|usages| !usages.iter().any(|u| u == "serverAuth"))
        }
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => true,
        _ => false,
    }
}

/// The given time, if the whole path is valid then (without the anchor, whose dates webpki
/// ignores). Otherwise the last second at which it is valid, or the last second of the leaf. A date
/// that cannot be read is no bound here, because [`judge`] reports it.
fn time_inside(path: &[Node<'_>], asked: Timestamp) -> Timestamp {
    let below = path.iter().take(path.len().saturating_sub(1));
    let first = below.clone().filter_map(|n| n.cert.not_before()).max().unwrap_or(asked);
    let last = below.filter_map(|n| n.cert.not_after()).min().unwrap_or(asked);
    if (first..=last).contains(&asked) {
        asked
    } else if first <= last {
        last
    } else {
        path.first().and_then(|leaf| leaf.cert.not_after()).unwrap_or(asked)
    }
}

/// A certificate that cannot be read is a problem at every place. The rest is still judged.
fn unreadable(chain: &Chain) -> Vec<Problem> {
    let errors = (0..chain.len()).filter_map(|index| Some((index, chain.error(index)?)));
    let told = errors.map(|(index, error)| {
        Problem::new(ProblemKind::Malformed, "malformed", Some(index))
            .arg("number", index.saturating_add(1).to_string())
            .shown("reason", excerpt(&error.to_string(), 200))
    });
    told.collect()
}

/// Intermediates that the server should have sent.
fn known_intermediates(path: &[Node<'_>]) -> Vec<Statement> {
    let missing = path.iter().filter(|node| node.index.is_none() && !node.anchor);
    missing
        .map(|node| {
            let mut note = Statement::new("intermediate-known");
            note.args.push(("subject", judge::called(node.cert.subject())));
            note
        })
        .collect()
}

/// Leaf first, then upwards, then what was not sent; by kind within one certificate.
fn in_order(problems: &mut Vec<Problem>) {
    problems.sort_by_key(|p| (p.statement.certificate.unwrap_or(usize::MAX), p.kind));
    problems.dedup();
}
