//! The certificate known before: which one it is, and how the new one compares with it.

use std::collections::HashSet;

use super::inputs::Check;
use crate::cert::{Cert, HostMatch, SignatureCheck};
use crate::path::{Problem, ProblemKind};
use crate::store::{PinState, PinValue, StoreError, Tx};
use crate::text::Statement;
use crate::trust::rules::facts::{Facts, KnownPin, Previous, is_leaf_pin};

/// The certificate to hold the new one against: of the same certificate or key where it was
/// accepted before, else the newest accepted, else the one a pin was made from.
pub(super) fn previous_cert(tx: &Tx<'_>, facts: &Facts) -> Result<Option<Cert>, StoreError> {
    // A replaced key that comes back is held against what is trusted now, not against itself.
    let counts = |k: &KnownPin| facts.names_this(k) && facts.counts(&k.pin);
    let gone = |k: &KnownPin| facts.names_this(k) && k.pin.state == PinState::Retired;
    let back = facts.known.pins.iter().any(gone) && !facts.known.pins.iter().any(counts);
    let same = |is_same: bool| is_same != back;
    let rank = |s: &crate::store::Sighting| {
        (same(s.cert == facts.leaf.cert), same(s.spki == facts.leaf.spki), !s.provisional, s.last)
    };
    // Of those last seen at the same time the one that was accepted last, which comes first.
    let from_baseline = facts.known.baseline.iter().rev().max_by_key(|s| rank(s)).map(|s| s.cert);
    let from_pins = facts
        .known
        .pins
        .iter()
        .filter(|k| is_leaf_pin(&k.pin) && k.pin.state != PinState::Blocked)
        .max_by_key(|k| (facts.names_this(k), k.pin.state == PinState::Trusted, k.pin.id))
        .and_then(|k| k.pin.cert);
    match from_baseline.or(from_pins) {
        Some(hash) => tx.cert(hash),
        None => Ok(None),
    }
}

pub(super) fn compare(facts: &Facts, old: &Cert, new: &Cert, check: &Check<'_>) -> Previous {
    let pinned = |k: &KnownPin| {
        is_leaf_pin(&k.pin)
            && facts.counts(&k.pin)
            && (k.pin.value == PinValue::Sha256(old.spki()) || k.pin.value == PinValue::Sha256(old.fingerprint()))
    };
    let other_key = old.spki() != new.spki();
    let signed_new = other_key && facts.known.pins.iter().any(pinned) && new.signed_by(old) == SignatureCheck::Valid;
    let sighting = facts.known.baseline.iter().find(|s| s.cert == old.fingerprint());
    let new_names: HashSet<String> = new.host_names().into_iter().collect();
    let same_kind = old.key().algorithm == new.key().algorithm;
    Previous {
        cert: old.fingerprint(),
        spki: old.spki(),
        not_after: old.not_after(),
        not_before: old.not_before(),
        first: sighting.map_or(0, |s| s.first),
        last: sighting.map_or(0, |s| s.last),
        matches_host: old.match_service(&check.endpoint.host, check.services()) == HostMatch::Match,
        signed_new,
        names_lost: old.host_names().iter().any(|name| !new_names.contains(name)),
        weaker_key: other_key && (new.key().weak && !old.key().weak || same_kind && new.key().bits < old.key().bits),
        other_algorithm: other_key && !same_kind,
    }
}

/// A certificate under its own name that the old key signed looks like a bad signature to who does
/// not know the old key. It is not: its issuer is known here, only not an authority.
pub(super) fn signed_by_the_old_key(leaf: &Cert, problems: &mut Vec<Problem>) {
    let about_leaf = |p: &Problem| p.kind == ProblemKind::BadSignature && p.statement.certificate.unwrap_or(0) == 0;
    let before = problems.len();
    problems.retain(|p| !about_leaf(p));
    if problems.len() < before {
        let issuer = leaf.issuer().attribute("CN").join(", ");
        let statement = Statement::new("untrusted-issuer").arg("issuer", issuer).about(0);
        problems.insert(0, Problem { kind: ProblemKind::UntrustedIssuer, statement });
    }
}
