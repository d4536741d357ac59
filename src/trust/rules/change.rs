//! How what is presented differs from what was known, and how much that should worry. Facts from
//! an unvalidated certificate are written by whoever presents it: they raise a risk and never
//! lower it. Low needs a cryptographic link to what was known (docs/decision.md).

use super::codes::{Change, Risk};
use super::facts::{Facts, Looked, Previous, lives_shortly};
use crate::path::{ProblemKind, Problems};
use crate::time::{DAY, Timestamp, notice};

/// A certificate is due for replacement in its last 30 days, or its last third where it lives
/// for less than 90.
const DUE: i64 = 30 * DAY;

/// A change and its risk, with codes for the evidence of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// The change.
    pub change: Change,
    /// Its risk.
    pub risk: Risk,
    /// What the risk rests on, as reason codes.
    pub evidence: Vec<&'static str>,
}

/// The change in a chain that is accepted because of a validated path or a matching pin.
pub fn of_accepted(facts: &Facts) -> Graded {
    let Some(previous) = &facts.previous else { return quiet(Change::None) };
    if previous.cert == facts.leaf.cert {
        return quiet(Change::None);
    }
    if previous.spki == facts.leaf.spki {
        return Graded { change: Change::RenewedSameKey, risk: Risk::None, evidence: vec!["same-key"] };
    }
    if facts.key_in_baseline() {
        return quiet(Change::None);
    }
    match facts.issuer_is_new() {
        Some(true) => {
            let risk = if facts.interception_hint() { Risk::High } else { Risk::Medium };
            Graded { change: Change::IssuerChanged, risk, evidence: vec!["new-issuer"] }
        }
        _ => Graded { change: by_date(facts, previous), risk: Risk::Low, evidence: vec!["validated-path"] },
    }
}

/// The change where a pinned endpoint presents a CA-valid chain with another key.
pub fn of_upgrade(facts: &Facts) -> Graded {
    let risk = if facts.interception_hint() { Risk::High } else { Risk::Medium };
    Graded { change: Change::Upgrade, risk, evidence: Vec::new() }
}

/// The change where a known endpoint presents another key that nothing validates (rule 9).
/// `accepted` is what the pinned key was accepted with.
pub fn of_replaced(facts: &Facts, accepted: Problems) -> Graded {
    let Some(previous) = &facts.previous else {
        let (risk, why) = match facts.proven_beside() {
            Some(_) => (Risk::Medium, "known-key-still-proven"),
            None => (Risk::High, "old-unknown"),
        };
        return raised(facts, Graded { change: Change::Replaced, risk, evidence: vec![why] });
    };
    if previous.signed_new {
        let both_match = previous.matches_host && !facts.has(ProblemKind::HostMismatch);
        let nothing_new = facts.problems.without(accepted.union(class(accepted))).is_empty();
        let risk = if both_match && nothing_new { Risk::Low } else { Risk::Medium };
        let risk = if facts.interception_hint() || facts.contradicted { Risk::High } else { risk };
        let mut evidence = vec!["signed-by-old-key"];
        evidence.extend((!both_match).then_some("other-name"));
        return Graded { change: Change::RolledOver, risk, evidence };
    }
    if facts.ca_valid() && facts.issuer_is_new() == Some(false) {
        let graded = Graded { change: by_date(facts, previous), risk: Risk::Low, evidence: vec!["validated-path"] };
        return raised(facts, graded);
    }
    let change = by_date(facts, previous);
    let (risk, why) = match change {
        _ if facts.proven_beside().is_some() => (Risk::Medium, "known-key-still-proven"),
        Change::ReplacedWhenDue => (Risk::Medium, "old-was-due"),
        _ => (Risk::High, "old-not-due"),
    };
    raised(facts, Graded { change, risk, evidence: vec![why] })
}

/// Raises a risk for everything that speaks against a change.
pub fn raised(facts: &Facts, mut graded: Graded) -> Graded {
    let against = [
        (facts.interception_hint(), "interception-hint"),
        // A server with keys of two kinds shows the known one to other programs all the time.
        (facts.contradicted && facts.proven_beside().is_none(), "contradicted"),
        (facts.elsewhere.host_ca_valid, "host-ca-valid-elsewhere"),
        (facts.previous.as_ref().is_some_and(|p| p.weaker_key), "weaker-key"),
        (facts.previous.as_ref().is_some_and(|p| p.names_lost), "names-lost"),
        (facts.previous.as_ref().is_some_and(|p| p.matches_host) && facts.has(ProblemKind::HostMismatch), "other-name"),
    ];
    // A proof beside it explains the contradiction, but says no more than that: it makes no risk low.
    if facts.contradicted && facts.proven_beside().is_some() {
        graded.risk = graded.risk.max(Risk::Medium);
    }
    for (holds, code) in against {
        if holds {
            graded.risk = graded.risk.max(if code == "names-lost" { Risk::Medium } else { Risk::High });
            graded.evidence.push(code);
        }
    }
    if facts.previous.as_ref().is_some_and(|p| p.other_algorithm) {
        graded.evidence.push("other-algorithm");
    }
    if facts.second_look == Looked::Nothing {
        graded.evidence.push("known-key-not-proven");
    }
    graded
}

/// Whether a certificate had to be replaced at `at`. Nobody can say so where a date cannot be read.
pub fn was_due(not_before: Option<Timestamp>, not_after: Option<Timestamp>, at: Timestamp) -> bool {
    let (Some(first), Some(last)) = (not_before, not_after) else { return false };
    at >= last.saturating_sub(notice(first, last, DUE))
}

/// A certificate of a few days is due at any time.
fn by_date(facts: &Facts, previous: &Previous) -> Change {
    let short = lives_shortly(previous.not_before, previous.not_after);
    if short || was_due(previous.not_before, previous.not_after, facts.at()) {
        Change::ReplacedWhenDue
    } else {
        Change::ReplacedEarly
    }
}

/// Where no authority vouched for the old certificate it is nothing new that none vouches for the
/// next one, which is signed by the old key instead of its own.
pub(crate) fn class(accepted: Problems) -> Problems {
    let unvouched = Problems::NO_CA_PATH.with(ProblemKind::SelfSigned);
    if accepted.intersection(unvouched).is_empty() { Problems::NONE } else { Problems::NO_CA_PATH }
}

fn quiet(change: Change) -> Graded {
    Graded { change, risk: Risk::None, evidence: Vec::new() }
}
