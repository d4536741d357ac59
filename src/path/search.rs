//! The library's own search for a path, for chains that webpki rejects. It finds the best way from
//! the leaf to an anchor, whatever else is wrong with the certificates on it. If there is none, it
//! finds how far the chain goes and why it ends there. It verifies signatures and judges nothing
//! else. Counted work limits it, not time.

use std::collections::HashMap;
use std::rc::Rc;

use super::issuer::{Ids, ids, key_fits, may_sign};
use super::judge::{Element, MAX_INTERMEDIATES, called};
use super::problem::{Problem, ProblemKind};
use super::roots::Roots;
use super::{MAX_CHAIN, Question};
use crate::cert::{Cert, Name, SignatureCheck};

/// Signatures verified, at most, in one search: enough for sixteen authorities of one name that
/// signed each other and carry no key identifiers.
pub const MAX_SIGNATURES: usize = 300;
/// Steps from one certificate to a possible issuer, at most, in one search.
const MAX_STEPS: usize = 4_000;
/// Complete paths compared, at most.
const MAX_PATHS: usize = 32;
/// Certificates in a path that may be accepted: the leaf, its intermediates, and the anchor.
const MAX_ACCEPTED: usize = MAX_INTERMEDIATES + 2;
/// The most certificates in a path that cannot be accepted: as many as a server may send, so that
/// "too long" can be told from "no path".
const MAX_DEPTH: usize = MAX_CHAIN + 2;

/// Where trust may end.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// In any of these.
    Roots(&'a Roots),
    /// In this certificate alone.
    One(&'a Cert),
}

impl<'a> Trust<'a> {
    /// The anchors to which a certificate with this issuer may lead. Names are compared loosely
    /// (linear in the number of anchors) only if no anchor has exactly this name.
    fn named(self, issuer: &'a Name, known_exactly: bool) -> Vec<&'a Cert> {
        match self {
            Self::Roots(roots) => {
                let exact: Vec<&Cert> = roots.named_exactly(issuer).map(|a| &a.cert).collect();
                if exact.is_empty() && !known_exactly {
                    return roots.named_loosely(issuer).map(|a| &a.cert).collect();
                }
                exact
            }
            Self::One(cert) => Some(cert).filter(|c| same_name(c.subject(), issuer)).into_iter().collect(),
        }
    }
}

pub(super) fn same_name(a: &Name, b: &Name) -> bool {
    a.der() == b.der() || a.same_as(b)
}

/// A certificate that a path may go through, and where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) cert: &'a Cert,
    /// Place in the chain; `None` for anchors and intermediates known from before.
    pub(super) index: Option<usize>,
    /// True where trust may end.
    pub(super) anchor: bool,
}

impl<'a> Node<'a> {
    pub(super) fn element(&self) -> Element<'a> {
        Element { cert: self.cert, index: self.index }
    }
}

/// The certificates to build with: what was sent without repetitions, then what is known.
pub(super) fn pool<'a>(question: &Question<'a>) -> Vec<Node<'a>> {
    let sent = question.chain.certs().map(|(index, cert)| Node { cert, index: Some(index), anchor: false });
    let known = question.intermediates.iter().take(MAX_CHAIN).map(|cert| Node { cert, index: None, anchor: false });
    let mut nodes: Vec<Node<'a>> = Vec::with_capacity(question.chain.len());
    for node in sent.chain(known) {
        if !nodes.iter().any(|n| n.cert.der() == node.cert.der()) {
            nodes.push(node);
        }
    }
    nodes
}

/// In how many ways names lead from the leaf through the pool, up to `depth` steps: what a search
/// without memory would have to walk. Saturates.
pub(super) fn ways(pool: &[Node<'_>], depth: usize) -> usize {
    let mut here: Vec<usize> = (0..pool.len()).map(|place| usize::from(place == 0)).collect();
    let mut total = 0usize;
    for _ in 0..depth {
        let mut next = vec![0usize; pool.len()];
        for (cert, count) in pool.iter().zip(&here).filter(|(_, count)| **count > 0) {
            for (issuer, sum) in pool.iter().zip(&mut next).skip(1) {
                if issuer.cert.subject().der() == cert.cert.issuer().der() {
                    *sum = sum.saturating_add(*count);
                }
            }
        }
        total = next.iter().fold(total, |total, count| total.saturating_add(*count));
        here = next;
    }
    total
}

/// What a search found.
pub(super) struct Found<'a> {
    /// The best complete path, or the longest beginning of one; the leaf is first.
    pub(super) path: Vec<Node<'a>>,
    /// Whether the last element is an anchor.
    pub(super) complete: bool,
    /// Why the path ends where it does, if it is not complete.
    pub(super) end: Option<Problem>,
}

/// Searches. `cost` says how bad a complete path is; 0 ends the search.
pub(super) fn search<'a>(pool: &[Node<'a>], trust: Trust<'a>, cost: &mut dyn FnMut(&[Node<'a>]) -> u64) -> Found<'a> {
    let Some(leaf) = pool.first() else { return Found { path: Vec::new(), complete: false, end: None } };
    let mut walk = Walk {
        pool,
        trust,
        cost,
        checks: HashMap::new(),
        issuers: HashMap::new(),
        signatures: MAX_SIGNATURES,
        steps: MAX_STEPS,
        paths: MAX_PATHS,
        depth: MAX_ACCEPTED,
        cut: false,
        best: None,
        longest: Vec::new(),
    };
    walk.extend(&mut vec![*leaf]);
    if walk.best.is_none() && walk.cut {
        walk.depth = MAX_DEPTH;
        walk.extend(&mut vec![*leaf]);
    }
    if let Some((_, path)) = walk.best.take() {
        return Found { path, complete: true, end: None };
    }
    let path = std::mem::take(&mut walk.longest);
    let end = path.last().map(|top| walk.reason(*top));
    Found { path, complete: false, end }
}

struct Walk<'s, 'a> {
    pool: &'s [Node<'a>],
    trust: Trust<'a>,
    cost: &'s mut dyn FnMut(&[Node<'a>]) -> u64,
    /// Signatures verified so far, by the addresses of the two certificates' DER.
    checks: HashMap<(usize, usize), SignatureCheck>,
    /// Possible issuers found so far, by the address of the certificate's DER.
    issuers: HashMap<usize, Rc<[Node<'a>]>>,
    signatures: usize,
    steps: usize,
    paths: usize,
    /// Certificates in a path, at most, in this round.
    depth: usize,
    /// Whether a path was given up at that depth.
    cut: bool,
    best: Option<(u64, Vec<Node<'a>>)>,
    longest: Vec<Node<'a>>,
}

impl<'a> Walk<'_, 'a> {
    /// Depth first from the end of `path`; true when there is nothing left to look for. The depth
    /// is bounded by [`MAX_DEPTH`].
    fn extend(&mut self, path: &mut Vec<Node<'a>>) -> bool {
        if path.len() > self.longest.len() {
            self.longest.clone_from(path);
        }
        let Some(top) = path.last().copied() else { return true };
        for issuer in self.issuers(top).iter().copied() {
            let Some(left) = self.steps.checked_sub(1) else { return true };
            self.steps = left;
            // A key under a name that is on the path already leads in a circle (RFC 4158, section 5.2).
            if path.iter().any(|n| {
                n.cert.spki_der() == issuer.cert.spki_der() && n.cert.subject().der() == issuer.cert.subject().der()
            }) {
                continue;
            }
            match self.check(top.cert, issuer.cert) {
                Some(SignatureCheck::Valid) => {}
                Some(_) => continue,
                None => return true,
            }
            path.push(issuer);
            let done = if issuer.anchor {
                self.complete(path)
            } else if path.len() < self.depth {
                self.extend(path)
            } else {
                self.cut = true;
                false
            };
            path.pop();
            if done {
                return true;
            }
        }
        false
    }

    /// Takes a complete path if it is better than the best so far; true when it is good enough.
    fn complete(&mut self, path: &[Node<'a>]) -> bool {
        let cost = (self.cost)(path);
        if self.best.as_ref().is_none_or(|(best, _)| cost < *best) {
            self.best = Some((cost, path.to_vec()));
        }
        self.paths = self.paths.saturating_sub(1);
        cost == 0 || self.paths == 0
    }

    /// The certificates that may have issued this one: those with the right name and a key of the
    /// right kind, the likelier ones first.
    fn issuers(&mut self, node: Node<'a>) -> Rc<[Node<'a>]> {
        let key = node.cert.der().as_ptr().addr();
        if let Some(known) = self.issuers.get(&key) {
            return Rc::clone(known);
        }
        let name = node.cert.issuer();
        let known_exactly = self.pool.iter().skip(1).any(|n| n.cert.subject().der() == name.der());
        let anchors = self.trust.named(name, known_exactly).into_iter().map(|cert| {
            let index = self.pool.iter().find(|n| n.cert.der() == cert.der()).and_then(|n| n.index);
            Node { cert, index, anchor: true }
        });
        let sent = self.pool.iter().filter(|n| same_name(n.cert.subject(), name)).copied();
        let mut all: Vec<Node<'a>> = anchors.chain(sent).filter(|issuer| key_fits(node.cert, issuer.cert)).collect();
        all.sort_by_cached_key(|issuer| (ids(node.cert, issuer.cert), !issuer.anchor, !may_sign(issuer.cert)));
        let all: Rc<[Node<'a>]> = all.into();
        self.issuers.insert(key, Rc::clone(&all));
        all
    }

    /// Checks a signature once; `None` when the budget is spent.
    fn check(&mut self, cert: &Cert, issuer: &Cert) -> Option<SignatureCheck> {
        let key = (cert.der().as_ptr().addr(), issuer.der().as_ptr().addr());
        if let Some(known) = self.checks.get(&key) {
            return Some(*known);
        }
        self.signatures = self.signatures.checked_sub(1)?;
        let check = cert.signed_by(issuer);
        self.checks.insert(key, check);
        Some(check)
    }

    /// Why no path goes on from `top`.
    fn reason(&mut self, top: Node<'a>) -> Problem {
        if self.signatures == 0 || self.steps == 0 {
            return Problem::new(ProblemKind::BudgetExceeded, "budget-exceeded", None);
        }
        let ends = self.signs_itself(top);
        if ends && top.index == Some(0) {
            // A proxy that lends its authority's key to its certificates names that authority.
            let own = top.cert.is_self_issued() || top.cert.issuer().is_empty();
            let code = if own { "self-signed" } else { "self-signed-other-name" };
            let problem = Problem::new(ProblemKind::SelfSigned, code, Some(0));
            return if own { problem } else { problem.shown("issuer", called(top.cert.issuer())) };
        }
        let of_issuer = |kind, code| {
            Problem::new(kind, code, top.index)
                .shown("subject", called(top.cert.subject()))
                .shown("issuer", called(top.cert.issuer()))
        };
        if ends || self.is_closed(top) {
            return of_issuer(ProblemKind::UntrustedIssuer, "untrusted-issuer");
        }
        let (mut unsupported, mut other_key) = (false, false);
        for issuer in self.issuers(top).iter().copied() {
            let same = issuer.cert.der() == top.cert.der();
            let ids = ids(top.cert, issuer.cert);
            match self.check(top.cert, issuer.cert) {
                Some(SignatureCheck::Invalid) if ids == Ids::Same || same && ids == Ids::Silent => {
                    return of_issuer(ProblemKind::BadSignature, "bad-signature");
                }
                Some(SignatureCheck::Invalid) => other_key |= ids == Ids::Silent && may_sign(issuer.cert),
                Some(SignatureCheck::Unsupported) => unsupported |= ids != Ids::Other,
                Some(SignatureCheck::Valid) => {}
                None => return Problem::new(ProblemKind::BudgetExceeded, "budget-exceeded", None),
            }
        }
        if unsupported {
            let problem = of_issuer(ProblemKind::UnsupportedAlgorithm, "unsupported-algorithm");
            return problem.arg("algorithm", &top.cert.signature_algorithm().name);
        }
        if other_key {
            return of_issuer(ProblemKind::IncompleteChain, "incomplete-chain-other-key");
        }
        missing_issuer(of_issuer, top.cert)
    }

    /// Whether `top` is signed by its own key, or names itself as its issuer and is signed in a way
    /// that cannot be checked here (MD5). A leaf whose own key verifies may name anybody that is not
    /// at hand.
    fn signs_itself(&mut self, top: Node<'a>) -> bool {
        let own = top.cert.is_self_issued();
        let unnamed = top.index == Some(0) && (top.cert.subject().is_empty() || self.issuers(top).is_empty());
        if top.cert.is_self_signed() {
            return own || unnamed;
        }
        own && ids(top.cert, top.cert) != Ids::Other
            && key_fits(top.cert, top.cert)
            && top.cert.signed_by(top.cert) == SignatureCheck::Unsupported
    }

    /// Whether the issuer of `top` was sent but leads back to where the path came from.
    fn is_closed(&self, top: Node<'a>) -> bool {
        let verified = |issuer: &Node<'a>| {
            let key = (top.cert.der().as_ptr().addr(), issuer.cert.der().as_ptr().addr());
            self.checks.get(&key) == Some(&SignatureCheck::Valid)
        };
        self.pool.iter().any(verified)
    }
}

fn missing_issuer(of_issuer: impl Fn(ProblemKind, &'static str) -> Problem, top: &Cert) -> Problem {
    let kind = ProblemKind::IncompleteChain;
    let problem = match top.issuer_addresses().first() {
        Some(address) => {
            of_issuer(kind, "incomplete-chain-address").shown("address", crate::text::excerpt(address, 200))
        }
        None => of_issuer(kind, "incomplete-chain"),
    };
    problem.shown("issuer-name", top.issuer().text().chars().take(400).collect())
}
