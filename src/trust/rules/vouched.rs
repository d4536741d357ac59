//! Rule 8b: what becomes of a server that was validated, but never by a word that every program on this
//! store has. A root that one program gave is unknown to the next; an issuer or name pin is a person's own
//! yes, and ends with that yes. Neither is a downgrade, which has no button (rule 8); both are questions.
//! Pure, as [`super::decide`], which calls it between rules 8 and 9.

use super::change::{self, Graded};
use super::codes::{Change, PinResult, Risk, Rule};
use super::facts::{Facts, KnownPin};
use super::offer;
use super::outcome::Outcome;
use super::policy::Policy;
use crate::store::{Ground, PinKind, PinState, Severity, Validated};

/// Rule 8b.
pub(crate) fn vouched(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let validated = facts.known.validated.as_ref().filter(|validated| !validated.is_shared())?;
    if facts.validated_now() {
        return None;
    }
    if facts.known.other_program.is_some() {
        return Some(known_to_another_program(facts, policy));
    }
    let rests_on = rests_on(facts, validated)?;
    let known_key = facts.key_was_accepted();
    let graded = match known_key {
        true => Graded { change: same_key(facts), risk: Risk::High, evidence: Vec::new() },
        false => change::raised(facts, Graded { change: Change::Downgrade, risk: Risk::High, evidence: Vec::new() }),
    };
    let announced = facts.known.expect_change_until > facts.at();
    let mut outcome = Outcome::ask(Rule::Vouched, "not-vouched-again", graded).or_reject(policy.change);
    outcome.typed_only = !announced;
    if announced {
        outcome.because("change-expected");
    }
    if facts.known_with_a_key() {
        outcome.pin = PinResult::Changed;
    }
    let event = if known_key { ("asked", Severity::Notice) } else { ("changed", Severity::Warning) };
    Some(outcome.about(rests_on.or(offer::contradicted(facts))).event(event.0, event.1))
}

/// What that validation rests on still: a pin, by its index, or only the root of a program (`Some(None)`). `None`
/// where it rested on a yes that was taken back.
fn rests_on(facts: &Facts, validated: &Validated) -> Option<Option<usize>> {
    let stands = |known: &KnownPin| {
        matches!(known.pin.kind, PinKind::Issuer | PinKind::Name)
            && matches!(known.pin.state, PinState::Trusted | PinState::Staged)
    };
    let pin = facts.known.pins.iter().position(stands).filter(|_| validated.rested_on(Ground::Person));
    (pin.is_some() || validated.rested_on(Ground::Program)).then_some(pin)
}

/// The chain leads where it led before; this program only does not know that authority.
fn known_to_another_program(facts: &Facts, policy: &Policy) -> Outcome {
    let change = change::of_accepted(facts).change;
    let graded = Graded { change, risk: Risk::Medium, evidence: Vec::new() };
    let outcome = Outcome::ask(Rule::Vouched, "other-program", graded).or_reject(policy.change);
    outcome.event("asked", Severity::Notice)
}

/// The change where the key is the one known.
pub(crate) fn same_key(facts: &Facts) -> Change {
    match &facts.previous {
        Some(previous) if previous.cert != facts.leaf.cert => Change::RenewedSameKey,
        _ => Change::None,
    }
}
