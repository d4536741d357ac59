//! Which answers a question may get: the kinds of pin that make sense for this chain, and the
//! one to suggest. Never one that would excuse more than what is shown.

use super::codes::{Change, Decision, Risk, Rule};
use super::facts::{Facts, is_leaf_pin};
use super::outcome::Outcome;
use super::policy::Policy;
use crate::endpoint::Host;
use crate::path::{ProblemKind, Problems};
use crate::store::{PinKind, PinState, PinValue};

/// Fills in what may be offered.
pub fn fill(facts: &Facts, policy: &Policy, outcome: &mut Outcome) {
    let possible = facts.possession && policy.pins;
    outcome.way_back = outcome.way_back && possible;
    if !possible || !(outcome.decision == Decision::Ask || outcome.way_back) {
        return;
    }
    outcome.offered = vec![PinKind::Key, PinKind::Certificate];
    if outcome.decision == Decision::Ask {
        outcome.offered.extend(issuer(facts).then_some(PinKind::Issuer));
        outcome.offered.extend(name(facts).then_some(PinKind::Name));
    }
    outcome.suggested = if outcome.typed_only { None } else { suggestion(facts, outcome) };
    if only_once(facts, outcome) {
        // The key will be another one after the next start, so that a pin would only bring the next alarm.
        outcome.offered.clear();
        outcome.suggested = None;
        outcome.once = true;
        outcome.because("made-at-start");
        return;
    }
    let room = facts.trusted_leaf_pins() > 0 && facts.trusted_leaf_pins() < policy.farm_limit;
    let about_another_key = matches!(outcome.rule, Rule::KeyRetired | Rule::Changed);
    let several = facts.is_farm() || facts.proven_beside().is_some();
    outcome.may_add = room && about_another_key && outcome.decision == Decision::Ask && several;
    if outcome.may_add {
        outcome.risk = outcome.risk.max(Risk::Medium);
    }
    if outcome.may_add && facts.is_farm() {
        outcome.because("may-be-a-farm");
    }
}

/// Whether the server makes itself a new key at each start, and this is one of them that nothing else is known of.
fn only_once(facts: &Facts, outcome: &Outcome) -> bool {
    let new = matches!(outcome.rule, Rule::FirstUse | Rule::Changed) && outcome.change != Change::RolledOver;
    let asked = outcome.decision == Decision::Ask && !outcome.objected && !outcome.typed_only;
    facts.leaf.made_at_start() && new && asked && facts.proven_beside().is_none()
}

/// The newest pin that names something else than what is presented: what is contradicted.
pub fn contradicted(facts: &Facts) -> Option<usize> {
    let rank = |state: PinState| match state {
        PinState::Trusted => 3,
        PinState::Staged => 2,
        PinState::Retired | PinState::Compromised => 1,
        PinState::Blocked => 0,
    };
    let pins = facts.known.pins.iter().enumerate().filter(|(_, k)| k.pin.state != PinState::Blocked);
    pins.max_by_key(|(_, k)| (rank(k.pin.state), is_leaf_pin(&k.pin), k.pin.id)).map(|(index, _)| index)
}

/// A private CA can be pinned where names and dates are in order: its pin waives no more than
/// the missing CA path.
fn issuer(facts: &Facts) -> bool {
    facts.issuer_candidate && !facts.problems.is_empty() && facts.problems.without(Problems::NO_CA_PATH).is_empty()
}

/// Shared hosting: a good path for another name.
fn name(facts: &Facts) -> bool {
    // An empty name, a wildcard over a registry and the like cannot be kept, so they are not offered.
    let kept = || facts.leaf.names.iter().any(|name| PinValue::name(name).is_some());
    facts.ca_path() && facts.problems == Problems::of(&[ProblemKind::HostMismatch]) && kept()
}

/// Nothing is suggested where correcting the configured name is the better answer, and nothing
/// where the chain is CA-valid: there a pin would bind the user to this one key.
fn suggestion(facts: &Facts, outcome: &Outcome) -> Option<PinKind> {
    if outcome.objected {
        return Some(PinKind::Key);
    }
    if facts.ca_valid() || (facts.ca_path() && facts.has(ProblemKind::HostMismatch)) {
        return None;
    }
    Some(if outcome.offered.contains(&PinKind::Issuer) { PinKind::Issuer } else { PinKind::Key })
}

/// The presented identifier that a name pin stores: the one that shares most labels with the
/// host, the first of these.
pub(crate) fn nearest_name<'f>(facts: &'f Facts, host: &Host) -> Option<&'f str> {
    let shared = |name: &str| {
        let pairs = name.rsplit('.').zip(host.as_str().rsplit('.'));
        pairs.take_while(|(a, b)| a == b).count()
    };
    // What could not be kept is not offered either.
    let names = || facts.leaf.names.iter().filter(|name| PinValue::name(name).is_some());
    let best = names().map(|name| shared(name)).max()?;
    names().find(|name| shared(name) == best).map(String::as_str)
}
