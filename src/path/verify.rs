//! webpki, asked: finds and validates a path from a leaf to an anchor at one time, and says in our
//! words why there is none. webpki is a good engine that stops at the first error; `search` and
//! `judge` say the rest.
//!
//! Where webpki is stricter than RFC 5280, it is asked as far as it can follow and our own
//! validation stands in above ([`narrows_at`]), and nowhere else: it counts self-issued
//! intermediates in path lengths and holds their names against name constraints (sections 4.2.1.9
//! and 4.2.1.10 exempt them), it compares names byte by byte (section 7.1 levels case and spaces),
//! and it refuses every name constraint on directory names.

use std::ptr;

use pki_types::{CertificateDer, Der, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, VerifiedPath};

use super::constraints;
use super::der::{Reader, SEQUENCE};
use super::problem::{Problem, ProblemKind};
use super::roots::{Anchor, Roots};
use super::search::Node;
use crate::cert::{Cert, Name};
use crate::time::Timestamp;

/// The anchors that are worth showing to webpki: those that a certificate at hand names as its
/// issuer, byte for byte.
pub(super) fn anchors_for<'a>(pool: &[Node<'a>], roots: &'a Roots) -> Vec<(&'a Cert, TrustAnchor<'a>)> {
    let mut issuers: Vec<&'a Name> = Vec::with_capacity(pool.len());
    let mut anchors = Vec::new();
    for node in pool {
        let issuer = node.cert.issuer();
        if issuers.iter().any(|known| known.der() == issuer.der()) {
            continue;
        }
        issuers.push(issuer);
        anchors.extend(roots.named_exactly(issuer).filter_map(|anchor| borrowed(anchor, issuer)));
    }
    anchors
}

/// An anchor for webpki under the name by which the certificate below calls it.
pub(super) fn borrowed<'a>(anchor: &'a Anchor, as_named: &'a Name) -> Option<(&'a Cert, TrustAnchor<'a>)> {
    let known = anchor.webpki()?;
    let subject = Reader::new(as_named.der()).value(SEQUENCE)?;
    let trust = TrustAnchor {
        subject: Der::from_slice(subject),
        subject_public_key_info: Der::from_slice(&known.subject_public_key_info),
        name_constraints: known.name_constraints.as_ref().map(|der| Der::from_slice(der)),
    };
    Some((&anchor.cert, trust))
}

/// What webpki is asked.
pub(super) struct Attempt<'a, 'p> {
    /// The leaf first, then intermediates.
    pub(super) pool: &'p [Node<'a>],
    /// Certificates as anchors.
    pub(super) anchors: Vec<(&'a Cert, TrustAnchor<'a>)>,
    /// When.
    pub(super) at: Timestamp,
}

impl<'a> Attempt<'a, '_> {
    /// The first path that webpki validates and `accept` takes, leaf first, anchor last.
    pub(super) fn path(&self, accept: &dyn Fn(&[Node<'a>]) -> bool) -> Result<Vec<Node<'a>>, Error> {
        let (leaf, others) = self.pool.split_first().ok_or(Error::UnknownIssuer)?;
        let leaf_der = CertificateDer::from(leaf.cert.der());
        let entity = EndEntityCert::try_from(&leaf_der)?;
        let intermediates: Vec<CertificateDer<'_>> =
            others.iter().map(|n| CertificateDer::from(n.cert.der())).collect();
        let anchors: Vec<TrustAnchor<'_>> = self.anchors.iter().map(|(_, anchor)| anchor.clone()).collect();
        let at = u64::try_from(self.at).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
        let nodes = |path: &VerifiedPath<'_>| self.nodes(*leaf, others, &anchors, path);
        let take = |path: &VerifiedPath<'_>| match nodes(path).filter(|nodes| accept(nodes)) {
            Some(_) => Ok(()),
            None => Err(Error::UnknownIssuer),
        };
        let usage = KeyUsage::server_auth();
        let path =
            entity.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &intermediates, at, usage, None, Some(&take))?;
        nodes(&path).ok_or(Error::UnknownIssuer)
    }

    /// webpki's path in our terms. Its intermediates borrow from the DER that it was given, so
    /// addresses identify them.
    fn nodes(
        &self,
        leaf: Node<'a>,
        others: &[Node<'a>],
        anchors: &[TrustAnchor<'_>],
        path: &VerifiedPath<'_>,
    ) -> Option<Vec<Node<'a>>> {
        let mut nodes = vec![leaf];
        for intermediate in path.intermediate_certificates() {
            let der = intermediate.der();
            nodes.push(*others.iter().find(|n| ptr::eq(n.cert.der(), &*der) || n.cert.der() == &*der)?);
        }
        let place = anchors.iter().position(|anchor| ptr::eq(anchor, path.anchor()))?;
        let cert = self.anchors.get(place)?.0;
        let index = self.pool.iter().find(|n| n.cert.der() == cert.der()).and_then(|n| n.index);
        nodes.push(Node { cert, index, anchor: true });
        Some(nodes)
    }
}

/// Where webpki stops following RFC 5280 on this path: the lowest element that it must be given as
/// an anchor, without its name constraints, so that it judges what is below. `None` where it can
/// follow all the way.
pub(super) fn narrows_at(path: &[Node<'_>]) -> Option<usize> {
    let anchor = path.len().checked_sub(1)?;
    let links = path.iter().zip(path.iter().skip(1)).enumerate();
    let place = links.map(|(below, pair)| (below.saturating_add(1), pair)).find(|(place, (cert, issuer))| {
        *place < anchor && issuer.cert.is_self_issued()
            || cert.cert.issuer().der() != issuer.cert.subject().der()
            || constraints::of(issuer.cert).is_some_and(constraints::names_directories)
    });
    place.map(|(place, _)| place)
}

/// Whether webpki can read a certificate.
pub(super) fn readable(cert: &Cert) -> bool {
    EndEntityCert::try_from(&CertificateDer::from(cert.der())).is_ok()
}

/// A refusal of webpki's that nothing of ours explains, as a problem.
pub(super) fn refusal(error: &Error) -> Problem {
    let kind = kind(error);
    let code = match kind {
        ProblemKind::BudgetExceeded => "budget-exceeded",
        _ => "refused",
    };
    Problem::new(kind, code, None).shown("reason", crate::text::excerpt(&error.to_string(), 200))
}

/// What webpki's error means among our problems.
pub(super) fn kind(error: &Error) -> ProblemKind {
    match error {
        Error::CertExpired { .. } => ProblemKind::Expired,
        Error::CertNotValidYet { .. } => ProblemKind::NotYetValid,
        Error::CaUsedAsEndEntity => ProblemKind::CaAsServer,
        Error::EndEntityUsedAsCa | Error::EmptyEkuExtension | Error::RequiredEkuNotFoundContext(_) => {
            ProblemKind::WrongUsage
        }
        Error::InvalidSignatureForPublicKey => ProblemKind::BadSignature,
        Error::NameConstraintViolation
        | Error::InvalidNetworkMaskConstraint
        | Error::MalformedNameConstraint
        | Error::PathLenConstraintViolated => ProblemKind::ConstraintViolation,
        Error::UnsupportedCriticalExtension => ProblemKind::UnknownCriticalExtension,
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            ProblemKind::UnsupportedAlgorithm
        }
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded => ProblemKind::BudgetExceeded,
        Error::MaximumPathDepthExceeded => ProblemKind::ChainTooLong,
        Error::UnknownIssuer => ProblemKind::UntrustedIssuer,
        _ => ProblemKind::Malformed,
    }
}
