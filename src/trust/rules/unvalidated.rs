//! Rules 7 to 10: what becomes of a chain that no CA, no DANE record and no pin vouches for. Called
//! by [`super::decide`], in order, when the rules before had no answer. Pure, as they are.

use super::change::{self, Graded};
use super::codes::{Assurance, Change, PinResult, Risk, Rule};
use super::facts::{Facts, KnownPin, Layer, ObjectionKind, SiblingPin, is_leaf_pin};
use super::offer;
use super::outcome::Outcome;
use super::policy::{Action, CaUse, Policy};
use super::vouched::same_key;
use super::waiver::{self, Coverage, coverage};
use crate::path::{ProblemKind, Problems};
use crate::store::{Origin, PinKind, PinState, PinValue, Severity, Validated, Validation};
use crate::time::DAY;

/// Rule 7.
pub(crate) fn lapsed(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let formerly = facts.known.validated.as_ref().filter(|v| v.ca)?;
    // What another program's root vouches for as before has lost nothing (rule 8b).
    let elsewhere = facts.known.other_program.is_some() && !formerly.is_shared();
    if elsewhere || !facts.current_key() || facts.validated_now() {
        return None;
    }
    let (change, risk, reason) = if only_expired(facts) {
        (Change::Lapsed, Risk::Low, "lapsed")
    } else {
        (Change::NoLongerValid, Risk::Medium, "no-longer-valid")
    };
    Some(lapse_outcome(facts, policy, Rule::Lapsed, change, risk, reason))
}

/// Expired is all that is wrong: inside its validity, path and name were valid.
fn only_expired(facts: &Facts) -> bool {
    let expired = facts.problems == Problems::of(&[ProblemKind::Expired]) && facts.leaf.not_after.is_some();
    expired && facts.ca_path() && facts.valid_but_for_dates
}

/// Rule 7b.
pub(crate) fn lapsed_newer(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    if !facts.known.validated.as_ref().is_some_and(|v| v.ca) {
        return None;
    }
    let (Some(first), Some(last)) = (facts.leaf.not_before, facts.leaf.not_after) else { return None };
    let late_by = facts.at().saturating_sub(last);
    let newer = facts.known.baseline.iter().all(|s| s.not_before.is_none_or(|known| first > known));
    let holds = only_expired(facts)
        && late_by <= policy.late_days.saturating_mul(DAY)
        && newer
        && !facts.known.baseline.is_empty();
    holds.then(|| {
        lapse_outcome(facts, policy, Rule::LapsedNewer, Change::NoLongerValid, Risk::Medium, "lapsed-newer-key")
    })
}

fn lapse_outcome(
    facts: &Facts,
    policy: &Policy,
    rule: Rule,
    change: Change,
    risk: Risk,
    reason: &'static str,
) -> Outcome {
    let risk = if facts.interception_hint() { Risk::High } else { risk };
    let graded = Graded { change, risk, evidence: Vec::new() };
    let code = if change == Change::Lapsed { "lapsed" } else { "no-longer-valid" };
    Outcome::ask(rule, reason, graded).or_reject(policy.lapse).event(code, Severity::Notice)
}

/// Rule 8. There is no button: the way back is a typed fingerprint or an announced change.
pub(crate) fn downgrade(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let shared = facts.known.validated.as_ref().is_some_and(Validated::is_shared);
    if !shared || facts.validated_now() {
        return None;
    }
    let graded = change::raised(facts, Graded { change: Change::Downgrade, risk: Risk::High, evidence: Vec::new() });
    let announced = facts.known.expect_change_until > facts.at();
    let asks = policy.downgrade_way_back && (facts.anchors_left || announced);
    let mut outcome = if asks {
        Outcome::ask(Rule::Downgrade, "downgrade", graded)
    } else {
        Outcome::reject_graded(Rule::Downgrade, "downgrade", graded)
    };
    outcome.pin = if facts.known_with_a_key() { PinResult::Changed } else { PinResult::None };
    outcome.way_back = !asks && policy.downgrade_way_back;
    if facts.anchors_left {
        outcome.because("anchors-left");
    }
    if announced {
        outcome.because("change-expected");
    }
    Some(outcome.about(offer::contradicted(facts)).event("downgrade", Severity::High))
}

/// Rule 9. Also where pins have expired or were retired, and where only a baseline is left: what
/// is known with a key is never a first use (docs/pitfalls.md#2).
pub(crate) fn changed(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    if !facts.known_with_a_key() {
        return None;
    }
    let old = facts.proven_beside().or_else(|| offer::contradicted(facts));
    let pin = old.and_then(|i| facts.known.pins.get(i));
    let accepted = pin.and_then(|k| k.pin.waiver).unwrap_or(Problems::NONE);
    let known_before = offer::contradicted(facts).and_then(|i| facts.known.pins.get(i));
    if let Some(reason) = known_key_again(facts, policy, known_before) {
        let nothing_new = facts.problems.without(accepted.union(change::class(accepted))).is_empty();
        let risk = if nothing_new && facts.proven_beside().is_none() { Risk::Low } else { Risk::Medium };
        let graded = change::raised(facts, Graded { change: same_key(facts), risk, evidence: Vec::new() });
        let mut outcome = Outcome::ask(Rule::Changed, reason, graded).or_reject(policy.change).about(old);
        outcome.pin = PinResult::Changed;
        return Some(outcome.event("asked", Severity::Notice));
    }
    let reason = match pin.map(|known| known.pin.kind) {
        Some(PinKind::Issuer) if !facts.has_baseline() => "other-authority",
        Some(PinKind::Name) if !facts.has_baseline() => "not-the-pinned-name",
        _ => "key-changed",
    };
    let graded = change::of_replaced(facts, accepted);
    let mut outcome = Outcome::ask(Rule::Changed, reason, graded).or_reject(policy.change).about(old);
    outcome.pin = PinResult::Changed;
    Some(outcome.event("changed", Severity::Warning))
}

/// Why rule 9 asks about the key that was known: the reason says what is so, and that is no other key. `None` where
/// the key is another one, or a pin that counts names another one.
fn known_key_again(facts: &Facts, policy: &Policy, pin: Option<&KnownPin>) -> Option<&'static str> {
    let counting = pin.filter(|known| facts.counts(&known.pin) && is_leaf_pin(&known.pin));
    let previous = facts.previous.as_ref().filter(|previous| previous.spki == facts.leaf.spki);
    match counting {
        Some(known) => {
            let of_it = known.pin.kind == PinKind::Certificate
                && previous.is_some_and(|previous| known.pin.value == PinValue::Sha256(previous.cert));
            of_it.then_some("other-certificate")
        }
        None if !facts.key_was_accepted() => None,
        None if facts.ca_valid() && policy.ca != CaUse::Accept => Some("not-pinned"),
        None => Some("trust-ended"),
    }
}

/// Rule 10, the narrow sibling rule (docs/pitfalls.md#22 and #38). Trust that was given for a while only is
/// lent for no longer; what waits for a renewal is not lent at all.
pub(crate) fn sibling(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let outside_setup = policy.existing_account == Action::Reject && !facts.setup;
    if policy.sibling != Action::Accept || policy.first_use == Action::Reject || outside_setup {
        return None;
    }
    let known_before = facts.known.tombstone.is_some() || facts.known.validated.is_some();
    if known_before || !facts.known.pins.is_empty() || facts.clock_wrong() {
        return None;
    }
    // A voucher says that the key is good, an objection that it is not any more: a person has to say which.
    if !facts.elsewhere.objections.is_empty() || facts.has(ProblemKind::PublishedKey) {
        return None;
    }
    let mail = |port: u16| policy.mail_ports.contains(&port);
    let vouches = |s: &&SiblingPin| {
        let confirmed = s.pin.kind == PinKind::Key && s.pin.origin == Origin::User;
        let known = KnownPin { pin: s.pin.clone(), layer: Layer::Own, path_verified: false };
        let near = facts.host_is_loopback || (mail(facts.port) && mail(s.endpoint.port.get()));
        confirmed
            && near
            && facts.counts(&s.pin)
            && s.pin.state == PinState::Trusted
            && s.pin.waiver.is_some()
            && !s.pin.until_ca_valid
            && s.pin.waive_expired_until == 0
            && facts.names_this(&known)
            && coverage(facts, policy, &known, None) == Coverage::All
    };
    let voucher = facts.elsewhere.siblings.iter().find(vouches)?;
    let graded = Graded { change: Change::None, risk: Risk::None, evidence: Vec::new() };
    let mut outcome = Outcome::accept(Rule::Sibling, Assurance::Pinned, "sibling-key", graded);
    outcome.pin = PinResult::Sibling;
    outcome.effects.pins = Some(Origin::Sibling);
    outcome.effects.pin_ends = voucher.pin.expires;
    outcome.effects.must_be_durable = true;
    Some(outcome.sighting(Validation::None).event("sibling-accepted", Severity::Notice))
}

/// Rule 10, first use.
pub(crate) fn first_use(facts: &Facts, policy: &Policy) -> Outcome {
    let known_before = facts.known.tombstone.is_some() || facts.known.validated.is_some();
    let against = [
        (known_before || !facts.known.pins.is_empty(), "known-before"),
        (facts.elsewhere.host_ca_valid, "host-ca-valid-elsewhere"),
        (facts.elsewhere.host_other_key, "host-other-key-elsewhere"),
        (facts.replaced_elsewhere(), ObjectionKind::Replaced.code()),
        (facts.refused_elsewhere().is_some(), facts.refused_elsewhere().map_or("", |o| o.kind.code())),
    ];
    let spoken_against = against.iter().any(|(holds, _)| *holds);
    let risk = match (facts.interception_hint(), spoken_against) {
        (true, _) => Risk::High,
        (false, true) => Risk::Medium,
        (false, false) => Risk::None,
    };
    let graded = Graded { change: Change::None, risk, evidence: Vec::new() };
    let accepts = policy.first_use == Action::Accept
        && !spoken_against
        && !facts.interception_hint()
        && !facts.clock_wrong()
        && waiver::fit_for_first_use(facts);
    let mut outcome = if accepts {
        let mut outcome = Outcome::accept(Rule::FirstUse, Assurance::Pinned, "first-use-accepted", graded);
        outcome.effects.pins = Some(Origin::AcceptNew);
        outcome.effects.must_be_durable = true;
        outcome.sighting(Validation::None).event("first-use-accepted", Severity::Notice)
    } else {
        let unpinned = facts.ca_valid() && policy.ca != CaUse::Accept;
        let reason = if unpinned { "first-contact-not-pinned" } else { "first-contact" };
        Outcome::ask(Rule::FirstUse, reason, graded)
            .or_reject(policy.first_use)
            .event("first-contact", Severity::Notice)
    };
    outcome.pin = PinResult::FirstUse;
    for (holds, code) in against {
        if holds {
            outcome.because(code);
        }
    }
    outcome
}
