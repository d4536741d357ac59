//! The rules, in order; the first that has an answer decides. Pure: [`Facts`] and a [`Policy`]
//! in, an [`Outcome`] out. `docs/decision.md` prints what these functions say, and a test holds
//! the two against each other. To change a rule, change its function here and its rows there.

use super::change::{self, Graded};
use super::codes::{Assurance, Change, Decision, PinResult, Risk, Rule};
use super::facts::{Facts, KnownPin, Layer, is_leaf_pin};
use super::offer;
use super::outcome::{Outcome, UpgradeStep};
use super::policy::{Action, CaUse, Policy, SMALLEST_RSA};
use super::unvalidated::{changed, downgrade, first_use, lapsed, lapsed_newer, sibling};
use super::vouched::vouched;
use super::waiver::{Coverage, coverage};
use crate::path::{ProblemKind, Problems, RootsError};
use crate::store::{PinKind, PinState, PinValue, Severity, Sighting, Validation};
use crate::time::DAY;

/// An upgrade is confirmed when CA validity was seen on this many days...
const UPGRADE_DAYS: usize = 3;
/// ... over at least this many.
const UPGRADE_SPAN: i64 = 14;

/// No decision is possible: the policy wants a CA answer and none can be had. The error names
/// the root source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaUnavailable(pub RootsError);

type RuleFn = fn(&Facts, &Policy) -> Option<Outcome>;

/// The rules that need no CA answer, in order.
const BEFORE_CA: [RuleFn; 4] = [unknown_policy, blocked, never_waivable, only_ca_counts];
/// The rules about pins, which `ca-only` skips, in order.
const PINS_AND_CA: [RuleFn; 6] = [pinned, dane, pin_expired, key_retired, ca_valid, staged];
/// The rules for what nothing validates, in order.
const AFTER_CA: [RuleFn; 6] = [lapsed, lapsed_newer, downgrade, vouched, changed, sibling];

/// Decides. A policy that was put together of several is never laxer than one of them alone: where fields cannot be
/// compared (`pins` off skips a question about pins) each of them decides, and the strictest decision counts.
pub fn decide(facts: &Facts, policy: &Policy) -> Result<Outcome, CaUnavailable> {
    let mut outcome = finish(facts, policy, by_rules(facts, policy)?);
    for part in &policy.parts {
        let other = finish(facts, policy, by_rules(facts, part)?);
        if other.decision > outcome.decision {
            outcome = other;
        }
    }
    Ok(outcome)
}

/// What the rules say under one policy.
fn by_rules(facts: &Facts, policy: &Policy) -> Result<Outcome, CaUnavailable> {
    let first = |rules: &[RuleFn]| rules.iter().find_map(|rule| rule(facts, policy));
    let outcome = match first(&BEFORE_CA).or_else(|| first(&PINS_AND_CA)) {
        Some(outcome) if !(outcome.rule == Rule::CaOnly && facts.ca_unavailable()) => outcome,
        _ => {
            if let super::facts::CaAnswer::Unavailable(error) = &facts.ca {
                return Err(CaUnavailable(error.clone()));
            }
            first(&AFTER_CA).unwrap_or_else(|| first_use(facts, policy))
        }
    };
    Ok(outcome)
}

/// What holds whichever rule decided: objections, possession, durability, the phase, and what is offered.
fn finish(facts: &Facts, policy: &Policy, mut outcome: Outcome) -> Outcome {
    object(facts, &mut outcome);
    if !facts.possession {
        if outcome.decision == Decision::Accept {
            outcome.decision = Decision::Ask;
        }
        outcome.because("possession-unproven").records_nothing();
    }
    if facts.cannot_write && outcome.effects.must_be_durable && outcome.decision == Decision::Accept {
        outcome.decision = Decision::Ask;
        outcome.assurance = Assurance::None;
        outcome.because("cannot-remember").records_nothing();
    }
    if outcome.decision == Decision::Ask && policy.existing_account == Action::Reject && !facts.setup {
        outcome.decision = Decision::Reject;
        outcome.because("existing-account");
    }
    if outcome.decision != Decision::Accept {
        outcome.assurance = Assurance::None;
        if facts.has(ProblemKind::PublishedKey) {
            outcome.because("key-published");
            outcome.risk = Risk::High;
            outcome.typed_only = true;
        }
    }
    let layer = outcome.pin_index.and_then(|index| facts.known.pins.get(index)).map(|known| known.layer);
    if matches!(layer, Some(Layer::System(_))) {
        outcome.because("system-pin");
    } else if outcome.rule == Rule::Blocked && layer.is_none() && facts.known.blocked_below.is_some() {
        outcome.because("system-block");
    }
    for (holds, code) in circumstances(facts) {
        if holds {
            outcome.because(code);
        }
    }
    offer::fill(facts, policy, &mut outcome);
    outcome
}

/// A key that a person refused anywhere is accepted by no rule unasked. A yes for this endpoint answers
/// that, if it is not older than the refusal.
fn object(facts: &Facts, outcome: &mut Outcome) {
    let Some(objection) = facts.refused_elsewhere() else { return };
    let accepts = outcome.decision == Decision::Accept;
    if accepts && facts.known.pins.iter().any(|known| facts.answers(known, objection)) {
        return;
    }
    outcome.because(objection.kind.code());
    outcome.risk = Risk::High;
    if accepts {
        outcome.decision = Decision::Ask;
        outcome.objected = true;
        outcome.records_nothing();
        outcome.effects.event = Some(("objection", Severity::High));
    }
}

/// What is said with every decision, because it may matter to a reader.
fn circumstances(facts: &Facts) -> [(bool, &'static str); 6] {
    let user_knows_it = facts.elsewhere.siblings.iter().any(|s| facts.counts(&s.pin));
    [
        (facts.clock_wrong(), "clock-wrong"),
        (facts.ca_unavailable(), "ca-unavailable"),
        (facts.interception_hint(), "interception-hint"),
        (facts.published.is_some() && !facts.has(ProblemKind::PublishedKey), "published-key-loopback"),
        (user_knows_it, "key-trusted-on-sibling"),
        (!facts.elsewhere.holders.is_empty(), "key-known-elsewhere"),
    ]
}

fn unknown_policy(facts: &Facts, _: &Policy) -> Option<Outcome> {
    facts.policy_unknown.then(|| Outcome::reject(Rule::UnknownPolicy, "policy-unknown"))
}

/// Rule 2. A key that was retired as compromised is refused here too: nothing, CA validity
/// included, makes a stolen key good again.
fn blocked(facts: &Facts, _: &Policy) -> Option<Outcome> {
    let hit = |known: &KnownPin| match (&known.pin.value, known.pin.kind) {
        (PinValue::Sha256(hash), PinKind::Certificate) => facts.elements.iter().any(|(_, cert)| cert == hash),
        (PinValue::Sha256(hash), _) => facts.elements.iter().any(|(spki, _)| spki == hash),
        (PinValue::Name(_), _) => false,
    };
    let of_state = |state: PinState| facts.known.pins.iter().position(|k| k.pin.state == state && hit(k));
    let here = of_state(PinState::Blocked);
    if here.is_some() || facts.blocked_everywhere {
        let mut outcome = Outcome::reject(Rule::Blocked, "blocked").about(here);
        outcome.pin = PinResult::Blocked;
        outcome.risk = Risk::High;
        return Some(outcome.event("blocked", Severity::High));
    }
    let compromised = of_state(PinState::Compromised)?;
    let mut outcome = Outcome::reject(Rule::Blocked, "key-compromised").about(Some(compromised));
    outcome.pin = PinResult::Retired;
    outcome.risk = Risk::High;
    Some(outcome.event("blocked", Severity::High))
}

/// Rule 3. No pin waives these.
fn never_waivable(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let smallest = policy.min_rsa_bits.max(SMALLEST_RSA);
    let held: Vec<&'static str> = [
        (facts.has(ProblemKind::Revoked), "revoked-by-issuer"),
        (!facts.leaf.key_readable, "server-key-unreadable"),
        (facts.leaf.rsa_bits.is_some_and(|bits| bits < smallest), "key-too-small"),
        (facts.dane == super::facts::DaneAnswer::Mismatch, "tlsa-mismatch"),
        (published_and_validated(facts), "key-published"),
    ]
    .into_iter()
    .filter_map(|(holds, code)| holds.then_some(code))
    .collect();
    let mut outcome = Outcome::reject(Rule::NeverWaivable, held.first()?);
    held.iter().skip(1).for_each(|code| {
        outcome.because(code);
    });
    outcome.risk = if facts.known_with_a_key() { Risk::High } else { Risk::None };
    Some(outcome.event("rejected", Severity::Warning))
}

/// A key whose private half is published is a known compromise, whatever else validates it.
fn published_and_validated(facts: &Facts) -> bool {
    use super::facts::DaneAnswer;
    let validated = facts.ca_path() || matches!(facts.dane, DaneAnswer::Ee | DaneAnswer::Ta);
    facts.has(ProblemKind::PublishedKey) && validated
}

/// The policy `ca-only`: pins, DANE, staged keys and siblings accept nothing. The caution that pins and fields ask for
/// is not skipped with them: a pinned-only endpoint, an upgrade, a new issuer.
fn only_ca_counts(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    if policy.pins {
        return None;
    }
    if !facts.ca_valid() || policy.ca != CaUse::Accept {
        return Some(Outcome::reject(Rule::CaOnly, "not-ca-valid").event("rejected", Severity::Warning));
    }
    if facts.trusted().any(|known| facts.names_this(known)) {
        return Some(by_authority(facts, policy));
    }
    if facts.pinned_only() {
        return changed(facts, policy);
    }
    let another = facts.known.pins.iter().position(|known| pins_another_key(facts, known));
    Some(another.map_or_else(|| by_authority(facts, policy), |pin| upgrade(facts, policy, pin)))
}

/// Rule 4. Each pin is held against the problems by itself; the one that fits best speaks.
fn pinned(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let valid = facts.ca_valid() && policy.ca == CaUse::Accept && !facts.pinned_only();
    // "Once" for a lapse leaves nothing to be recorded; what is valid again is recorded by its own rule.
    let over = |k: &KnownPin| valid && k.layer == Layer::Session && k.pin.until_ca_valid;
    let counts = |k: &KnownPin| facts.counts(&k.pin) && facts.names_this(k) && !over(k);
    let matching = facts.known.pins.iter().enumerate().filter(|(_, k)| counts(k));
    let mut beyond: Option<(usize, Problems)> = None;
    for (index, known) in matching {
        match coverage(facts, policy, known, None) {
            Coverage::All => return Some(pin_accepts(facts, index, known, None)),
            Coverage::Fixes(waiver) => return Some(pin_accepts(facts, index, known, Some(waiver))),
            Coverage::Unknown => {}
            Coverage::Beyond(rest) => {
                let fewer = |(_, best): &(usize, Problems)| rest.bits().count_ones() < best.bits().count_ones();
                if beyond.as_ref().is_none_or(fewer) {
                    beyond = Some((index, rest));
                }
            }
        }
    }
    let (index, rest) = beyond?;
    Some(new_problem(facts, index, rest, Rule::Pinned))
}

fn pin_accepts(facts: &Facts, index: usize, known: &KnownPin, fixes: Option<Problems>) -> Outcome {
    let validation = match known.pin.kind {
        _ if facts.ca_valid() => Validation::Ca,
        PinKind::Issuer | PinKind::Name => Validation::Pinned,
        PinKind::Key | PinKind::Certificate => Validation::None,
    };
    let reason = match known.layer {
        Layer::Session => "session-trust",
        _ if known.pin.state == PinState::Retired => "overlap",
        _ => "pin-matches",
    };
    let mut graded = change::of_accepted(facts);
    // What a pin names is what was accepted: silence, whatever else was seen in between.
    graded.risk = Risk::None;
    let mut outcome = Outcome::accept(Rule::Pinned, Assurance::Pinned, reason, graded).about(Some(index));
    outcome.pin = PinResult::Match;
    if facts.ca_valid() {
        outcome.assurance = Assurance::Verified;
        outcome.because("ca-valid");
    }
    if known.layer == Layer::Session {
        return outcome;
    }
    outcome = outcome.sighting(validation);
    outcome.effects.fixes = fixes.map(|waiver| (index, waiver));
    outcome.effects.retires_replaced = !facts.clock_wrong() && known.pin.replaces != 0;
    let belongs_to_upgrade = facts.known.baseline.iter().any(|s| s.provisional && s.spki == facts.leaf.spki);
    if facts.known.upgrade.is_some() && !belongs_to_upgrade {
        outcome.effects.upgrade = UpgradeStep::Cancel;
        outcome.because("upgrade-cancelled");
        outcome = outcome.event("upgrade-cancelled", Severity::High);
    }
    outcome
}

fn new_problem(facts: &Facts, index: usize, rest: Problems, rule: Rule) -> Outcome {
    let by_leaf = facts.known.pins.get(index).is_some_and(|k| is_leaf_pin(&k.pin));
    let risk = match (facts.interception_hint(), by_leaf) {
        (true, _) => Risk::High,
        (false, true) => Risk::Low,
        (false, false) => Risk::Medium,
    };
    let graded = Graded { change: change::of_accepted(facts).change, risk, evidence: Vec::new() };
    let mut outcome = Outcome::ask(rule, "pin-new-problem", graded).about(Some(index));
    outcome.pin = PinResult::NewProblem;
    outcome.beyond = rest;
    outcome.event("new-problem", Severity::Notice)
}

/// Rule 4b.
fn dane(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    if !policy.dane || facts.pinned_only() {
        return None;
    }
    let reason = match facts.dane {
        super::facts::DaneAnswer::Ee => "dane-ee",
        super::facts::DaneAnswer::Ta => "dane-ta",
        _ => return None,
    };
    Some(Outcome::verified(Rule::Dane, reason, change::of_accepted(facts)).sighting(Validation::Dane))
}

/// Rule 4c. Trust that was to end with the next CA-valid sighting has nothing to ask then.
fn pin_expired(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let ca_valid = facts.ca_valid() && policy.ca == CaUse::Accept;
    let index = facts.known.pins.iter().position(|k| {
        k.pin.state == PinState::Trusted
            && facts.expired(&k.pin)
            && facts.names_this(k)
            && !(ca_valid && k.pin.until_ca_valid)
    })?;
    let risk = if facts.interception_hint() { Risk::High } else { Risk::Low };
    let graded = Graded { change: change::of_accepted(facts).change, risk, evidence: Vec::new() };
    let mut outcome = Outcome::ask(Rule::PinExpired, "pin-expired", graded).about(Some(index));
    outcome.pin = PinResult::Expired;
    Some(outcome.event("pin-expired", Severity::Notice))
}

/// Rule 4d.
fn key_retired(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    if facts.ca_valid() && policy.ca == CaUse::Accept && !facts.pinned_only() {
        return None;
    }
    let index = facts
        .known
        .pins
        .iter()
        .position(|k| k.pin.state == PinState::Retired && is_leaf_pin(&k.pin) && facts.names_this(k))?;
    let graded = Graded { change: Change::Replaced, risk: Risk::High, evidence: Vec::new() };
    let masked = facts.known.pins.get(index).is_some_and(|k| facts.masked(k));
    let reason = if masked { "key-masked" } else { "key-retired" };
    let mut outcome = Outcome::ask(Rule::KeyRetired, reason, graded).about(Some(index));
    outcome.pin = PinResult::Retired;
    Some(outcome.event("changed", Severity::Warning))
}

/// Rule 5.
fn ca_valid(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    if !facts.ca_valid() || policy.ca != CaUse::Accept || facts.pinned_only() {
        return None;
    }
    // The announced next key arrives CA-valid: promoted by its own rule, with CA assurance.
    let next = |k: &KnownPin| k.pin.state == PinState::Staged && !facts.expired(&k.pin) && facts.names_this(k);
    let announced = facts.known.pins.iter().position(next);
    if announced.is_some() {
        let mut outcome = Outcome::verified(Rule::CaValid, "ca-valid", change::of_accepted(facts));
        outcome.pin = PinResult::Staged;
        outcome.effects.promotes = announced;
        outcome.because("staged-key-arrived");
        let severity = cancel_upgrade(facts, &mut outcome);
        return Some(outcome.about(announced).sighting(Validation::Ca).event("promoted", severity));
    }
    if let Some(pin) = facts.known.pins.iter().position(|known| pins_another_key(facts, known)) {
        return Some(upgrade(facts, policy, pin));
    }
    Some(by_authority(facts, policy))
}

/// A CA-valid chain against which no pin stands.
fn by_authority(facts: &Facts, policy: &Policy) -> Outcome {
    let graded = change::of_accepted(facts);
    let new_issuer = graded.change == Change::IssuerChanged;
    let outcome = if new_issuer && policy.issuer_change == Action::Ask {
        Outcome::ask(Rule::CaValid, "ca-valid", graded)
    } else {
        Outcome::verified(Rule::CaValid, "ca-valid", graded).sighting(Validation::Ca)
    };
    if new_issuer { outcome.event("replaced", Severity::Warning) } else { outcome }
}

/// Whether a pin that does not match stands against the CA-valid chain. An authority that is pinned by one program
/// and a root of another does not, and neither does a pin that this very key was accepted through.
fn pins_another_key(facts: &Facts, known: &KnownPin) -> bool {
    let through_it = match (&facts.ca, known.pin.kind) {
        (super::facts::CaAnswer::Path { anchor, .. }, PinKind::Issuer) => {
            known.pin.value == PinValue::Sha256(anchor.spki)
        }
        _ => false,
    };
    let by_person =
        |seen: &Sighting| seen.spki == facts.leaf.spki && seen.validation == Validation::Pinned && !seen.provisional;
    let accepted = !is_leaf_pin(&known.pin) && facts.known.baseline.iter().any(by_person);
    // What was trusted for this session only is no pin that an upgrade could retire.
    let stands = known.pin.state == PinState::Trusted && known.layer != Layer::Session;
    stands && !known.pin.until_ca_valid && !through_it && !accepted
}

fn upgrade(facts: &Facts, policy: &Policy, pin: usize) -> Outcome {
    let graded = change::of_upgrade(facts);
    let Some(running) = &facts.known.upgrade else {
        let mut outcome = if policy.upgrade == Action::Ask {
            Outcome::ask(Rule::CaValid, "upgrade-begins", graded)
        } else {
            Outcome::verified(Rule::CaValid, "upgrade-begins", graded).sighting(Validation::Ca)
        };
        outcome.effects.upgrade = UpgradeStep::Observe;
        outcome.because("ca-valid");
        return outcome.about(Some(pin)).event("upgrade", Severity::Warning);
    };
    // What was begun, or agreed to, was one authority's upgrade.
    let replaced = change::of_accepted(facts);
    if replaced.change == Change::IssuerChanged {
        let mut outcome = if policy.issuer_change == Action::Ask {
            Outcome::ask(Rule::CaValid, "ca-valid", replaced)
        } else {
            Outcome::verified(Rule::CaValid, "ca-valid", replaced).sighting(Validation::Ca)
        };
        outcome.effects.upgrade = UpgradeStep::Observe;
        return outcome.about(Some(pin)).event("replaced", Severity::Warning);
    }
    let today = facts.at().div_euclid(DAY);
    let new_day = usize::from(!running.days.contains(&today));
    let enough_days = running.days.len().saturating_add(new_day) >= UPGRADE_DAYS;
    let long_enough = facts.at().saturating_sub(running.since) >= UPGRADE_SPAN.saturating_mul(DAY);
    let calm = !facts.interception_hint() && !facts.clock_wrong();
    let mut outcome = Outcome::verified(Rule::CaValid, "upgrade-continues", graded).sighting(Validation::Ca);
    outcome.effects.upgrade = UpgradeStep::Observe;
    if enough_days && long_enough && calm {
        outcome.effects.upgrade = UpgradeStep::Confirm;
        outcome.because("upgrade-confirmed");
        outcome = outcome.event("upgrade-confirmed", Severity::Notice);
    }
    outcome.because("ca-valid");
    outcome.about(Some(pin))
}

/// Rule 6.
fn staged(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    let pins = &facts.known.pins;
    let (index, known) = pins
        .iter()
        .enumerate()
        .find(|(_, k)| k.pin.state == PinState::Staged && !facts.expired(&k.pin) && facts.names_this(k))?;
    let replaced = pins.iter().find(|k| k.pin.id == known.pin.replaces && known.pin.replaces != 0);
    let inherited = replaced.and_then(|k| k.pin.waiver);
    let fixes = match coverage(facts, policy, known, inherited) {
        // Whoever announced it did not see this; what its predecessor was forgiven is another key's.
        Coverage::All | Coverage::Fixes(_) if facts.has(ProblemKind::PublishedKey) => {
            return Some(new_problem(facts, index, Problems::of(&[ProblemKind::PublishedKey]), Rule::Staged));
        }
        Coverage::Unknown => return None,
        Coverage::Beyond(rest) => return Some(new_problem(facts, index, rest, Rule::Staged)),
        Coverage::All => known.pin.waiver.or(inherited),
        Coverage::Fixes(waiver) => Some(waiver),
    };
    let graded = Graded { change: Change::Replaced, risk: Risk::None, evidence: Vec::new() };
    let mut outcome = Outcome::accept(Rule::Staged, Assurance::Pinned, "staged-key-arrived", graded);
    outcome.pin = PinResult::Staged;
    outcome.effects.promotes = Some(index);
    outcome.effects.fixes = fixes.filter(|_| known.pin.waiver.is_none()).map(|waiver| (index, waiver));
    outcome.effects.must_be_durable = true;
    let validation = if is_leaf_pin(&known.pin) { Validation::None } else { Validation::Pinned };
    let severity = cancel_upgrade(facts, &mut outcome);
    Some(outcome.about(Some(index)).sighting(validation).event("promoted", severity))
}

/// The announced key is what was to come: a valid certificate with another key, seen meanwhile, was not.
/// How much the arrival matters then.
fn cancel_upgrade(facts: &Facts, outcome: &mut Outcome) -> Severity {
    if facts.known.upgrade.is_none() {
        return Severity::Notice;
    }
    outcome.effects.upgrade = UpgradeStep::Cancel;
    outcome.because("upgrade-cancelled");
    Severity::High
}
