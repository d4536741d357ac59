//! Asks webpki to find and validate a path from a leaf to an anchor at one time, and says in the
//! library's own words why there is none. webpki stops at the first error; `search` and `judge`
//! find the others. If webpki cannot express a path that RFC 5280 allows, `equivalent` rewrites it.

use std::ptr;

use pki_types::{CertificateDer, Der, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, VerifiedPath};

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
        let at = unix_time(self.at);
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

/// Verifies a signature by the key in `spki` (DER) under an algorithm identifier (its contents).
/// `None` when no algorithm here fits.
pub(super) fn signature(spki: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let spki = pki_types::SubjectPublicKeyInfoDer::from(spki);
    let key = webpki::RawPublicKeyEntity::try_from(&spki).ok()?;
    let fits = |a: &&&dyn SignatureVerificationAlgorithm| a.signature_alg_id().as_ref() == algorithm;
    for candidate in ALL_VERIFICATION_ALGS.iter().filter(fits) {
        match key.verify_signature(*candidate, message, signature) {
            Ok(()) => return Some(true),
            Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
            Err(_) => return Some(false),
        }
    }
    None
}

/// Whether webpki can take this certificate for an anchor.
pub(super) fn takes_anchor(cert: &Cert) -> bool {
    webpki::anchor_from_trusted_cert(&CertificateDer::from(cert.der())).is_ok()
}

/// A time for webpki, which knows none before 1970.
pub(super) fn unix_time(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(at).unwrap_or(0)))
}

/// A refusal of webpki's that nothing of ours explains, as a problem.
pub(super) fn refusal(error: &Error) -> Problem {
    let kind = kind(error);
    let code = match kind {
        ProblemKind::BudgetExceeded => "budget-exceeded",
        _ => "refused",
    };
    Problem::new(kind, code, None).arg("reason", words(error))
}

/// webpki's error in words: its own are Rust's, with numbers of algorithms and bytes.
fn words(error: &Error) -> &'static str {
    match error {
        Error::BadDerTime => "a date has an invalid form",
        Error::InvalidCertValidity => "a certificate ends before it begins",
        Error::UnsupportedCertVersion => "a certificate is not of version 3",
        Error::SignatureAlgorithmMismatch => "a certificate names two different signature algorithms",
        Error::UnsupportedCriticalExtension => "a certificate has an unknown critical extension",
        Error::UnsupportedSignatureAlgorithmContext(_) => "a signature is of a kind that is not accepted",
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => "a key is not for signatures of that kind",
        Error::InvalidSignatureForPublicKey => "a signature does not verify",
        Error::NameConstraintViolation => "a name is not permitted by the limits of an authority",
        Error::InvalidNetworkMaskConstraint => "an authority's limits have a network mask with gaps",
        Error::MalformedNameConstraint | Error::MalformedDnsIdentifier => "a name or a limit on names is malformed",
        Error::PathLenConstraintViolated => "an authority has more authorities below it than it may",
        Error::EndEntityUsedAsCa => "a certificate that is not an authority's signed another one",
        Error::CaUsedAsEndEntity => "the server uses an authority's certificate",
        Error::EmptyEkuExtension => "a list of uses is empty",
        Error::RequiredEkuNotFoundContext(_) => "a certificate is not for servers",
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => "a certificate is not valid at this time",
        Error::MaximumPathDepthExceeded => "there are too many authorities in the chain",
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded => "it would take too much work",
        Error::UnknownIssuer => "an issuer is not the expected one",
        _ => "a certificate does not have the structure that the standards require",
    }
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
