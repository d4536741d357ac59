//! Putting an outcome into words: which statements are made. The words themselves are templates in
//! `text/verdict_texts.rs`, looked up by code. No sentence reassures beyond what was checked (docs/pitfalls.md#34).

use super::scene::Scene;
use crate::cert::Cert;
use crate::endpoint::Endpoint;
use crate::path::{Chain, Problem, ProblemKind};
use crate::store::{PinKind, PinState};
use crate::text::Statement;
use crate::trust::rules::codes::{Change, Decision, PinResult, Rule};
use crate::trust::rules::facts::{Facts, Layer};
use crate::trust::rules::outcome::Outcome;

/// Everything that is said, apart from the problems, which have statements of their own.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub headline: Statement,
    pub reasons: Vec<Statement>,
    pub meaning: Vec<Statement>,
    pub advice: Vec<Statement>,
}

/// What was checked, and what was found beside the facts.
pub(super) struct Checked<'a> {
    pub endpoint: &'a Endpoint,
    pub chain: &'a Chain,
    /// What is known to be offered there.
    pub services: &'a [&'a str],
    pub problems: &'a [Problem],
    /// The private CA that could be pinned.
    pub issuer: Option<&'a Cert>,
}

/// Explains a decision.
pub(super) fn explain(checked: &Checked<'_>, facts: &Facts, outcome: &Outcome) -> Told {
    let pin = outcome.pin_index.and_then(|i| facts.known.pins.get(i)).map(|known| &known.pin);
    let leaf = checked.chain.leaf();
    let Checked { endpoint, services, problems, issuer, .. } = *checked;
    let names = leaf.map(Cert::server_names).unwrap_or_default();
    let scene = Scene { endpoint, services, problems, leaf, names, issuer, facts, outcome, pin };
    Told {
        headline: scene.headline(),
        reasons: outcome.reasons.iter().map(|code| scene.say(code)).collect(),
        meaning: scene.meaning(),
        advice: scene.advice(),
    }
}

impl Scene<'_> {
    fn headline(&self) -> Statement {
        let code = match (self.outcome.decision, self.outcome.rule) {
            (Decision::Ask, _) if self.published() => "headline-published-key",
            _ if self.objected() => "headline-objection",
            (Decision::Accept, _) => self.accepted(),
            (_, Rule::UnknownPolicy) => "headline-policy-unknown",
            (_, Rule::Blocked) if self.outcome.pin == PinResult::Retired => "headline-compromised",
            (_, Rule::Blocked) => "headline-blocked",
            (_, Rule::NeverWaivable) => match self.outcome.reasons.first().copied() {
                Some("revoked-by-issuer") => "headline-revoked",
                Some("tlsa-mismatch") => "headline-tlsa-mismatch",
                Some("key-published") => "headline-published-key",
                _ => "headline-bad-key",
            },
            (_, Rule::CaOnly) => "headline-not-ca-valid",
            (_, Rule::Pinned | Rule::Staged) if self.outcome.pin == PinResult::NewProblem => "headline-new-problem",
            (_, Rule::Pinned) => "headline-pinned",
            (_, Rule::PinExpired) => "headline-pin-expired",
            (_, Rule::KeyRetired) if self.masked() => "headline-key-masked",
            (_, Rule::KeyRetired) => "headline-key-retired",
            (_, Rule::CaValid) => match self.outcome.change {
                Change::Upgrade => "headline-upgrade",
                Change::IssuerChanged => "headline-new-issuer",
                _ => "headline-ca-valid",
            },
            (_, Rule::Dane) => "headline-dane",
            (_, Rule::Staged) => "headline-staged",
            (_, Rule::Lapsed) if self.outcome.change == Change::Lapsed => "headline-lapsed",
            (_, Rule::Lapsed) => "headline-no-longer-valid",
            (_, Rule::LapsedNewer) => "headline-lapsed-newer",
            (_, Rule::Downgrade) if self.facts.key_was_accepted() => "headline-downgrade-known-key",
            (_, Rule::Downgrade) if self.facts.ca_path() => "headline-downgrade-not-valid",
            (_, Rule::Downgrade) => "headline-downgrade",
            (_, Rule::Vouched) => self.not_vouched_again(),
            (_, Rule::Changed) => self.changed(),
            (_, Rule::Sibling) => "headline-sibling",
            (_, Rule::FirstUse) => self.first_use(),
        };
        self.say(code)
    }

    fn accepted(&self) -> &'static str {
        let layer = self.outcome.pin_index.and_then(|i| self.facts.known.pins.get(i)).map(|k| k.layer);
        match self.outcome.rule {
            Rule::Pinned if layer == Some(Layer::Session) => "headline-session",
            Rule::Pinned => match self.pin.map(|pin| pin.kind) {
                Some(PinKind::Issuer) => "headline-pinned-issuer",
                Some(PinKind::Name) => "headline-pinned-name",
                _ if self.pin.is_some_and(|pin| pin.state == PinState::Retired) => "headline-overlap",
                _ => "headline-pinned",
            },
            Rule::Dane => "headline-dane",
            Rule::Staged => "headline-staged",
            Rule::Sibling => "headline-sibling",
            Rule::FirstUse => "headline-first-use-accepted",
            _ => match self.outcome.change {
                Change::Upgrade => "headline-upgrade",
                Change::IssuerChanged => "headline-new-issuer",
                _ => "headline-ca-valid",
            },
        }
    }

    fn first_use(&self) -> &'static str {
        if self.facts.known.tombstone.is_some() {
            "headline-known-before"
        } else if self.only_pins_count() {
            "headline-first-contact-not-pinned"
        } else if self.is_for_another_service() {
            "headline-other-service"
        } else if self.other_name() && self.names.names.is_empty() {
            "headline-no-name"
        } else if self.other_name() {
            "headline-other-name"
        } else if self.facts.ca_path() {
            "headline-first-contact-issued"
        } else {
            "headline-first-contact"
        }
    }

    /// What a first contact means, which depends on who made the certificate.
    fn first_use_meaning(&self) -> &'static str {
        if self.outcome.once {
            "meaning-made-at-start"
        } else if self.is_for_another_service() {
            "meaning-other-service"
        } else if self.other_name() && self.names.names.is_empty() {
            "meaning-no-name"
        } else if self.other_name() {
            "meaning-other-name"
        } else if self.facts.known.tombstone.is_some() {
            "meaning-known-before"
        } else if self.facts.ca_path() {
            "meaning-first-contact-issued"
        } else if self.facts.leaf.self_signed {
            "meaning-first-contact"
        } else if self.facts.has(ProblemKind::IncompleteChain) {
            "meaning-first-contact-incomplete"
        } else {
            "meaning-first-contact-private"
        }
    }

    /// Rule 8b: what it rested on before, and whether the key is another one.
    fn not_vouched_again(&self) -> &'static str {
        let same_key = self.facts.key_was_accepted();
        match self.pin.map(|pin| pin.kind) {
            _ if self.outcome.reasons.contains(&"other-program") => "headline-other-program",
            Some(PinKind::Issuer) if same_key => "headline-left-authority-same-key",
            Some(PinKind::Issuer) => "headline-left-authority",
            Some(PinKind::Name) if same_key => "headline-left-name-same-key",
            Some(PinKind::Name) => "headline-left-name",
            _ if same_key => "headline-left-program-same-key",
            _ => "headline-left-program",
        }
    }

    /// Rule 9: only what was compared.
    fn changed(&self) -> &'static str {
        match self.outcome.reasons.first().copied() {
            Some("not-pinned") => "headline-not-pinned",
            Some("trust-ended") => "headline-trust-ended",
            Some("other-certificate") => "headline-other-certificate",
            Some("other-authority") => "headline-other-authority",
            Some("not-the-pinned-name") => "headline-not-the-pinned-name",
            _ if self.outcome.change == Change::RolledOver => "headline-rolled-over",
            _ if self.facts.proven_beside().is_some() => "headline-second-key",
            _ if self.last_seen() == 0 => "headline-changed-unseen",
            _ => "headline-changed",
        }
    }

    fn meaning(&self) -> Vec<Statement> {
        let mut codes: Vec<&'static str> = Vec::new();
        codes.push(match (self.outcome.decision, self.outcome.rule) {
            _ if self.published() && self.outcome.rule != Rule::Blocked => "meaning-published-key",
            _ if self.objected() => "meaning-objection",
            (_, Rule::UnknownPolicy) => "meaning-policy-unknown",
            (_, Rule::Blocked) => "meaning-blocked",
            (_, Rule::NeverWaivable) => "meaning-never-waivable",
            (_, Rule::CaOnly) => "meaning-ca-only",
            (Decision::Accept, Rule::Pinned) if self.outcome.reasons.contains(&"ca-valid") => {
                "meaning-pinned-and-valid"
            }
            (Decision::Accept, Rule::Pinned | Rule::Staged | Rule::Sibling) => "meaning-pinned",
            (Decision::Accept, Rule::FirstUse) => "meaning-first-use-accepted",
            (_, Rule::Dane) => "meaning-dane",
            (_, Rule::CaValid) if self.outcome.change == Change::Upgrade => "meaning-upgrade",
            (_, Rule::CaValid) if self.outcome.change == Change::IssuerChanged => "meaning-new-issuer",
            (_, Rule::CaValid) => "meaning-ca-valid",
            (_, Rule::Pinned | Rule::Staged) => "meaning-new-problem",
            (_, Rule::PinExpired) => "meaning-pin-expired",
            (_, Rule::KeyRetired) if self.masked() => "meaning-key-masked",
            (_, Rule::KeyRetired) => "meaning-key-retired",
            (_, Rule::Lapsed) if self.outcome.change == Change::Lapsed => "meaning-lapsed",
            (_, Rule::Lapsed) => "meaning-no-longer-valid",
            (_, Rule::LapsedNewer) => "meaning-lapsed-newer",
            (_, Rule::Downgrade) if self.facts.anchors_left => "meaning-anchors-left",
            (_, Rule::Downgrade) => "meaning-downgrade",
            (_, Rule::Vouched) if self.outcome.reasons.contains(&"other-program") => "meaning-other-program",
            (_, Rule::Vouched) => "meaning-not-vouched-again",
            (_, Rule::Changed | Rule::FirstUse) if self.only_pins_count() => "meaning-not-pinned",
            (_, Rule::Changed) if self.outcome.reasons.first() == Some(&"trust-ended") => "meaning-trust-ended",
            (_, Rule::Changed) if self.outcome.reasons.first() == Some(&"other-certificate") => {
                "meaning-other-certificate"
            }
            (_, Rule::Changed) if self.outcome.change == Change::RolledOver => "meaning-rolled-over",
            (_, Rule::Changed) if self.facts.proven_beside().is_some() => "meaning-second-key",
            (_, Rule::Changed) if self.outcome.once => "meaning-made-at-start",
            (_, Rule::Changed) => "meaning-changed",
            (_, Rule::Sibling) => "meaning-first-contact",
            (_, Rule::FirstUse) => self.first_use_meaning(),
        });
        let incomplete = self.facts.has(ProblemKind::IncompleteChain);
        let further = [
            (
                incomplete && matches!(self.outcome.rule, Rule::Downgrade | Rule::Vouched),
                "meaning-missing-intermediate",
            ),
            (self.outcome.may_add && self.facts.is_farm(), "meaning-farm"),
            (self.facts.interception_hint() && !self.is_quiet(), "meaning-interception"),
            (self.facts.clock_wrong(), "meaning-clock-wrong"),
        ];
        codes.extend(further.into_iter().filter_map(|(holds, code)| holds.then_some(code)));
        codes.into_iter().map(|code| self.say(code)).collect()
    }
}
