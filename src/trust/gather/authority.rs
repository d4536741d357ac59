//! Authorities beside the loaded roots: those that issuer pins name, those that a person could pin, and those of
//! other programs. Also which anchor a path leads to, and who made it an anchor.

use super::inputs::Check;
use super::policies::{Stated, policy_for};
use crate::cert::{Cert, SignatureCheck};
use crate::hash::Hash;
use crate::path::{Path, Problems, Question, Roots, add_revoked, path_to};
use crate::store::{Anchor, EndpointRecord, Ground, Pin, PinKind, PinState, PinValue, StoreError, Tx};
use crate::trust::rules::facts::{CaAnswer, Facts};
use crate::trust::rules::policy::Policy;

/// Intermediates of earlier paths offered to path building, at most.
const MAX_INTERMEDIATES: usize = 16;

/// Certificates sent that a path is looked for to, at most: each costs a search of its own.
const MAX_CANDIDATES: usize = 8;

pub(crate) fn anchor_of(cert: &Cert) -> Anchor {
    let organisation = cert.subject().attribute("O").join(", ");
    let organisation = if organisation.is_empty() { cert.subject().text() } else { organisation };
    Anchor { spki: cert.spki(), organisation, by: None }
}

/// Who made a root an anchor that is none of the system's: the store, if a program that states no policy has it too,
/// else the program that states one.
pub(super) fn ground(
    tx: &Tx<'_>,
    check: &Check<'_>,
    anchor: &Anchor,
    record: Option<&EndpointRecord>,
    any: Option<&EndpointRecord>,
) -> Ground {
    let of_store = |policy: &Policy| policy.roots.iter().any(|root| root.spki() == anchor.spki);
    let shared = Stated::of(check).nothing()
        || policy_for(tx, check, Stated::default(), record, any).is_ok_and(|(policy, _)| of_store(&policy));
    if shared { Ground::Store } else { Ground::Program }
}

pub(super) fn anchors_left(facts: &Facts, roots: &Roots) -> bool {
    let examined = matches!(facts.ca, CaAnswer::NoPath | CaAnswer::Path { .. });
    let left = |v: &crate::store::Validated| {
        let shared = || v.anchors.iter().filter(|anchor| anchor.by.is_none_or(Ground::is_shared));
        v.ca && shared().next().is_some() && !shared().any(|anchor| roots.contains_key(anchor.spki))
    };
    examined && facts.known.validated.as_ref().is_some_and(left)
}

/// Intermediates of earlier paths, and the authorities that issuer pins name: a path or a revocation
/// list may need what the server does not send.
pub(super) fn remembered_intermediates(tx: &Tx<'_>, record: Option<&EndpointRecord>) -> Result<Vec<Cert>, StoreError> {
    let mut seen: Vec<Hash> = Vec::new();
    let mut certs = Vec::new();
    let issuers = record.into_iter().flat_map(|r| &r.pins).filter(|pin| pin.kind == PinKind::Issuer);
    let earlier = record.into_iter().flat_map(|r| &r.baseline).flat_map(|s| &s.intermediates);
    for hash in issuers.filter_map(|pin| pin.cert.as_ref()).chain(earlier) {
        if seen.len() >= MAX_INTERMEDIATES || seen.contains(hash) {
            continue;
        }
        seen.push(*hash);
        certs.extend(tx.cert(*hash)?);
    }
    Ok(certs)
}

/// A validated path from the leaf to an issuer pin's key. Where the leaf's dates
/// stand in the way the path is looked for inside them: the dates are a problem of their own.
pub(super) fn pinned_path(tx: &Tx<'_>, pin: &Pin, question: &Question<'_>) -> Result<Option<Path>, StoreError> {
    let (PinKind::Issuer, PinValue::Sha256(key)) = (pin.kind, &pin.value) else { return Ok(None) };
    let live = matches!(pin.state, PinState::Trusted | PinState::Staged | PinState::Retired);
    let Some(leaf) = question.chain.leaf().filter(|leaf| live && leaf.spki() != *key) else { return Ok(None) };
    if question.roots.contains_key(*key) {
        return Ok(None);
    }
    let kept = match pin.cert {
        Some(hash) => tx.cert(hash)?,
        None => None,
    };
    let inside = leaf.validity().map_or(question.at, |(first, last)| question.at.clamp(first, last.max(first)));
    let sent = question.chain.certs().skip(1).map(|(_, cert)| cert.clone());
    let named = kept.into_iter().chain(sent).filter(|cert| cert.spki() == *key).take(MAX_CANDIDATES);
    let mut named = named.filter(|cert| !chains_to_root(cert, question));
    Ok(named
        .find_map(|cert| path_to(question, &cert).or_else(|| path_to(&Question { at: inside, ..*question }, &cert))))
}

/// The root, no anchor here, that another program gave and to which this chain leads as well: as it is remembered,
/// and its certificate.
pub(super) fn other_programs(record: Option<&EndpointRecord>, question: &Question<'_>) -> Option<(Anchor, Cert)> {
    let record = record.filter(|r| r.validated.as_ref().is_some_and(|v| v.rested_on(Ground::Program)))?;
    let leaf = question.chain.leaf()?;
    let of_program = |anchor: &&Anchor| anchor.by == Some(Ground::Program) && !question.roots.contains_key(anchor.spki);
    let sent = question.chain.certs().map(|(_, cert)| cert);
    let at_hand: Vec<&Cert> = question.intermediates.iter().chain(sent).collect();
    let leads = |root: &&&Cert| {
        // A server's own certificate can be a root of a program, too.
        let itself = root.fingerprint() == leaf.fingerprint();
        itself && record.baseline.iter().any(|s| s.cert == leaf.fingerprint()) || path_to(question, root).is_some()
    };
    record.validated.iter().flat_map(|v| &v.anchors).filter(of_program).find_map(|anchor| {
        let mut named = at_hand.iter().filter(|cert| cert.spki() == anchor.spki).take(MAX_CANDIDATES);
        named.find(leads).map(|root| (anchor.clone(), (*root).clone()))
    })
}

/// The topmost private CA above the leaf to which a path verifies, names and dates included. Not
/// one that has the leaf's key, nor one that is, or was issued by, a loaded root.
pub(super) fn issuer_candidate(facts: &Facts, question: &Question<'_>) -> Option<Cert> {
    if facts.ca_path() || facts.ca_unavailable() || !facts.problems.without(Problems::NO_CA_PATH).is_empty() {
        return None;
    }
    let leaf = question.chain.leaf()?;
    let above: Vec<&Cert> = question.chain.certs().filter(|(index, _)| *index > 0).map(|(_, cert)| cert).collect();
    if above.iter().any(|cert| reaches_root(cert, question.roots)) {
        return None;
    }
    let fit = |cert: &&&Cert| may_sign_certs(cert) && cert.spki() != leaf.spki();
    let candidates = above.iter().rev().filter(fit).take(MAX_CANDIDATES);
    let leads_to = |cert: &&Cert| {
        path_to(question, cert).is_some_and(|path| {
            let mut problems = Vec::new();
            add_revoked(question, &path, &mut problems);
            problems.is_empty()
        })
    };
    candidates.copied().find(leads_to).cloned()
}

/// Whether the root of another program could be pinned as an issuer, as one that was sent could.
pub(super) fn fits_as_issuer(facts: &Facts, root: &Cert, question: &Question<'_>) -> bool {
    facts.problems.without(Problems::NO_CA_PATH).is_empty()
        && root.spki() != facts.leaf.spki
        && may_sign_certs(root)
        && !reaches_root(root, question.roots)
}

/// Whether an authority was issued by a loaded root, or by one that was, as far as the certificates
/// at hand show it.
pub(super) fn chains_to_root(cert: &Cert, question: &Question<'_>) -> bool {
    let sent = question.chain.certs().skip(1).map(|(_, above)| above);
    let above: Vec<&Cert> =
        sent.chain(question.intermediates).filter(|c| may_sign_certs(c)).take(MAX_INTERMEDIATES).collect();
    let mut reached = cert;
    for _ in 0..MAX_CANDIDATES {
        if reaches_root(reached, question.roots) {
            return true;
        }
        let issued = |issuer: &&&Cert| {
            issuer.spki() != reached.spki()
                && issuer.subject().same_as(reached.issuer())
                && reached.signed_by(issuer) == SignatureCheck::Valid
        };
        match above.iter().find(issued) {
            Some(issuer) => reached = issuer,
            None => return false,
        }
    }
    false
}

pub(super) fn reaches_root(cert: &Cert, roots: &Roots) -> bool {
    let issued = |root: &Cert| root.subject().same_as(cert.issuer()) && cert.signed_by(root) == SignatureCheck::Valid;
    roots.contains_key(cert.spki()) || roots.certs().any(issued)
}

pub(super) fn may_sign_certs(cert: &Cert) -> bool {
    let signs = cert.key_usage().is_none_or(|usage| usage.contains(&"keyCertSign"));
    signs && cert.is_ca()
}
