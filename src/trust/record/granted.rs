//! What a person's yes gives: the pin that it makes and what else becomes of the record. [`super::answer`] decides
//! first whether the answer is taken.

use super::pins::{mask, new_pin, retire};
use super::remember::{Plan, bring_back, sighting};
use super::terms::{Answer, TrustError};
use crate::path::{ProblemKind, Problems};
use crate::store::{Anchor, EndpointRecord, Ground, Origin, Pin, PinKind, PinState, PinValue, Upgrade, Validation};
use crate::time::{DAY, Timestamp};
use crate::trust::gather::authority::anchor_of;
use crate::trust::gather::weigh::Weighed;
use crate::trust::rules::codes::Rule;
use crate::trust::rules::facts::is_leaf_pin;
use crate::trust::rules::offer::nearest_name;
use crate::trust::rules::waiver;
use crate::trust::words::verdict::Verdict;

/// Changes the record as the answer says.
pub(super) fn taken(
    verdict: &Verdict,
    weighed: &Weighed<'_>,
    answer: &Answer,
    kind: Option<PinKind>,
    record: &mut EndpointRecord,
) -> Result<Plan, TrustError> {
    let facts = &weighed.gathered.facts;
    let mut plan = Plan::default();
    bring_back(facts, record, &mut plan);
    record.expect_change_until = 0;
    let Some(kind) = kind else {
        if weighed.outcome.reasons.contains(&"upgrade-begins") {
            record.upgrade = Some(Upgrade { since: facts.at(), days: vec![facts.at().div_euclid(DAY)] });
        }
        sighting(weighed, Validation::Ca, record.upgrade.is_some(), record, &mut plan);
        return Ok(plan);
    };
    let pin = pin_for(verdict, weighed, answer, kind)?;
    if kind == PinKind::Issuer {
        plan.certs.extend(pin.cert);
    }
    // Who pins one CA-valid key has answered what the upgrade under observation asked.
    if facts.ca_valid() && is_leaf_pin(&pin) && record.upgrade.take().is_some() {
        record.baseline.retain(|seen| !seen.provisional);
    }
    let named = (pin.kind, pin.value.clone());
    place(record, pin, answer, facts.at());
    if !answer.add && matches!(kind, PinKind::Key | PinKind::Certificate) {
        let other = |pin: &Pin| is_leaf_pin(pin) && (pin.kind, &pin.value) != (named.0, &named.1);
        mask(record, facts, 0, |known| other(&known.pin));
    }
    let validation = match kind {
        _ if facts.ca_valid() => Validation::Ca,
        PinKind::Issuer | PinKind::Name => Validation::Pinned,
        PinKind::Key | PinKind::Certificate => Validation::None,
    };
    sighting(weighed, validation, false, record, &mut plan);
    if kind == PinKind::Issuer {
        let anchor = verdict.issuer().map(anchor_of);
        let anchor = anchor.map(|anchor| Anchor { by: Some(Ground::Person), ..anchor });
        let sighted = record.baseline.iter_mut().find(|s| s.cert == facts.leaf.cert);
        if let (Some(seen), Some(anchor)) = (sighted, anchor) {
            seen.anchor = Some(anchor);
        }
    }
    Ok(plan)
}

/// Puts a pin into the record: over the same pin where there is one (whose waiver grows by the
/// problems shown), in the place of the old key, or beside it.
fn place(record: &mut EndpointRecord, mut pin: Pin, answer: &Answer, at: Timestamp) {
    let same = record.pins.iter().position(|old| {
        old.kind == pin.kind
            && old.value == pin.value
            && matches!(old.state, PinState::Trusted | PinState::Retired | PinState::Staged)
    });
    if let Some(old) = same.map(|index| record.pins.remove(index)) {
        pin.id = old.id;
        pin.created = old.created;
        // Trust that has ended waives nothing any more: what is shown now is all that is accepted.
        if old.state == PinState::Trusted && !old.has_expired(at) {
            let (before, shown) = (old.waiver.unwrap_or(Problems::NONE), pin.waiver.unwrap_or(Problems::NONE));
            pin.waiver = Some(before.union(shown));
            // What is not shown now stays waived until then; without a limit, but for the dates of a
            // self-signed certificate, it stays so.
            let unlimited = old.waive_expired_until == 0 && !before.contains(ProblemKind::SelfSigned);
            if before.contains(ProblemKind::Expired) && (unlimited || !shown.contains(ProblemKind::Expired)) {
                pin.waive_expired_until = old.waive_expired_until;
            }
        }
        pin.pinned_only = old.state == PinState::Trusted && old.is_only();
        if pin.comment.is_empty() {
            pin.comment = old.comment;
        }
    }
    if !answer.add && is_leaf_pin(&pin) {
        for old in record.pins.iter_mut().filter(|old| is_leaf_pin(old)) {
            if old.state == PinState::Trusted || old.state == PinState::Retired {
                let since = if old.state == PinState::Trusted { at } else { old.state_since };
                retire(old, since, 0);
            }
        }
    }
    record.pins.push(pin);
}

/// The pin that an answer makes: its value, what it waives, and when it ends.
pub(super) fn pin_for(
    verdict: &Verdict,
    weighed: &Weighed<'_>,
    answer: &Answer,
    kind: PinKind,
) -> Result<Pin, TrustError> {
    let facts = verdict.facts();
    let at = weighed.gathered.facts.at();
    let (value, waived) = value_and_waiver(verdict, kind)?;
    let cert = match kind {
        PinKind::Issuer => verdict.issuer().map(crate::cert::Cert::fingerprint),
        _ => Some(facts.leaf.cert),
    };
    let mut pin = new_pin(kind, value, waived, Origin::User, at, cert.unwrap_or(facts.leaf.cert));
    pin.comment.clone_from(&answer.comment);
    pin.expires = answer.expires;
    let policy = verdict.policy();
    let renewed = matches!(verdict.rule(), Rule::Pinned | Rule::PinExpired);
    let lapsed = renewed && verdict.pin().is_some_and(|pin| pin.until_ca_valid);
    if lapsed || matches!(verdict.rule(), Rule::Lapsed | Rule::LapsedNewer) {
        pin.until_ca_valid = true;
        if pin.expires == 0 {
            pin.expires = at.saturating_add(policy.lapse_days.saturating_mul(DAY));
        }
    } else if pin.expires == 0 && policy.pin_days != 0 {
        pin.expires = at.saturating_add(policy.pin_days.saturating_mul(DAY));
    }
    // `expired` is waived only until a date, unless the dates are nobody's word but the key's own.
    if waived.contains(ProblemKind::Expired) && !facts.leaf.self_signed {
        let limit = at.saturating_add(policy.lapse_days.saturating_mul(DAY));
        pin.waive_expired_until = if pin.expires == 0 { limit } else { pin.expires };
    }
    Ok(pin)
}

pub(super) fn value_and_waiver(verdict: &Verdict, kind: PinKind) -> Result<(PinValue, Problems), TrustError> {
    let facts = verdict.facts();
    let missing = || TrustError::NotOffered("this kind of pin does not fit what is presented".to_owned());
    Ok(match kind {
        PinKind::Key => (PinValue::Sha256(facts.leaf.spki), waiver::shown(facts)),
        PinKind::Certificate => (PinValue::Sha256(facts.leaf.cert), waiver::shown(facts)),
        PinKind::Issuer => {
            let issuer = verdict.issuer().ok_or_else(missing)?;
            (PinValue::Sha256(issuer.spki()), Problems::NO_CA_PATH)
        }
        PinKind::Name => {
            let name = nearest_name(facts, &verdict.endpoint().host).ok_or_else(missing)?;
            (PinValue::name(name).ok_or_else(missing)?, Problems::of(&[ProblemKind::HostMismatch]))
        }
    })
}
