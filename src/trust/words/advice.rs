//! What a person can do: about a change or a refusal, and about each kind of problem (at most one piece of advice
//! for each). Names come from the one list of the certificate (`cert::ServerNames`), so that no setting is advised
//! that cannot match.

use super::scene::Scene;
use crate::cert::Cert;
use crate::path::ProblemKind;
use crate::store::PinKind;
use crate::text::Statement;
use crate::trust::rules::codes::{Change, Decision, Risk, Rule};

impl Scene<'_> {
    pub(super) fn advice(&self) -> Vec<Statement> {
        let mut codes: Vec<&'static str> = Vec::new();
        if self.facts.clock_wrong() {
            codes.push("advice-set-clock");
        }
        match self.outcome.decision {
            Decision::Accept => self.advice_on_accept(&mut codes),
            Decision::Ask => self.advice_on_ask(&mut codes),
            Decision::Reject => self.advice_on_reject(&mut codes),
        }
        codes.into_iter().map(|code| self.say(code)).collect()
    }

    fn advice_on_accept(&self, codes: &mut Vec<&'static str>) {
        if self.outcome.risk >= Risk::Medium {
            codes.push("advice-look-at-change");
        }
        if self.outcome.rule == Rule::FirstUse {
            codes.push("advice-compare-later");
        }
        if self.outcome.reasons.contains(&"not-remembered") {
            codes.push("advice-store-not-writable");
        }
    }

    fn advice_on_ask(&self, codes: &mut Vec<&'static str>) {
        if !self.facts.possession {
            codes.push(match (self.facts.provable, self.leaf.is_some_and(Cert::can_prove_its_key)) {
                (true, _) => "advice-connect",
                (false, true) => "advice-no-session",
                (false, false) => "advice-cannot-prove",
            });
            return;
        }
        self.advice_on_problems(codes);
        if self.outcome.typed_only && !self.published() {
            codes.extend(["advice-way-back", "advice-no-password"]);
            return;
        }
        if self.outcome.reasons.contains(&"other-program") {
            codes.push("advice-share-authority");
        }
        codes.push(match self.outcome.rule {
            _ if self.published() => "advice-published-key",
            _ if self.objected() => "advice-objection",
            Rule::Lapsed if self.outcome.change == Change::Lapsed => "advice-wait-for-renewal",
            Rule::LapsedNewer => "advice-wait-for-renewal",
            Rule::PinExpired => "advice-renew-trust",
            Rule::KeyRetired if self.masked() => "advice-renew-trust",
            Rule::Pinned | Rule::Staged => "advice-new-problem",
            Rule::CaValid => "advice-confirm-change",
            _ if self.outcome.risk == Risk::High => "advice-do-not-trust",
            _ if self.outcome.once => "advice-once",
            _ if self.other_name() => "advice-no-password",
            _ => "advice-compare-fingerprint",
        });
        let changed = matches!(self.outcome.rule, Rule::Changed | Rule::KeyRetired | Rule::Downgrade);
        let another = changed && !self.outcome.reasons.contains(&"trust-ended");
        if another && !self.masked() && self.facts.proven_beside().is_none() {
            codes.push("advice-ask-provider");
        }
        if self.outcome.suggested == Some(PinKind::Issuer) {
            codes.push(if self.issuer_is_short() { "advice-issuer-pin-short" } else { "advice-issuer-pin" });
        }
        if self.outcome.may_add {
            codes.push(match self.facts.proven_beside() {
                Some(_) => "advice-add-second-key",
                None => "advice-add-key",
            });
        } else if self.may_hold_a_second_key() {
            codes.push("advice-look-again");
        }
        if self.facts.ca_valid() {
            codes.push("advice-pinned-only");
        }
    }

    fn advice_on_reject(&self, codes: &mut Vec<&'static str>) {
        if !matches!(self.outcome.rule, Rule::UnknownPolicy | Rule::Blocked | Rule::NeverWaivable) {
            self.advice_on_problems(codes);
        }
        if self.may_hold_a_second_key() {
            codes.push("advice-look-again");
        }
        codes.push(match self.outcome.rule {
            Rule::UnknownPolicy => "advice-update",
            Rule::Blocked => "advice-unblock",
            Rule::Downgrade if self.outcome.way_back => "advice-way-back",
            _ if self.outcome.reasons.contains(&"existing-account") => "advice-existing-account",
            _ if self.outcome.reasons.contains(&"policy-rejects") => "advice-announce",
            _ => "advice-tell-provider",
        });
        let asked_nobody = self.outcome.reasons.contains(&"existing-account");
        if asked_nobody && self.facts.possession && !matches!(self.outcome.rule, Rule::Pinned | Rule::CaValid) {
            codes.push("advice-announce");
        }
        codes.push("advice-no-password");
    }

    /// What can be done about each problem, by the user or by the server's operator.
    fn advice_on_problems(&self, codes: &mut Vec<&'static str>) {
        codes.extend(self.name_advice());
        if self.pins_the_other_name() {
            codes.push("advice-name-pin");
        }
        for code in ProblemKind::ALL.into_iter().filter(|kind| self.has(*kind)).filter_map(|kind| self.advice_on(kind))
        {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
    }

    fn advice_on(&self, kind: ProblemKind) -> Option<&'static str> {
        let own = self.facts.leaf.self_signed;
        let renewal = matches!(self.outcome.rule, Rule::Lapsed | Rule::LapsedNewer);
        // The offer to trust a short-lived authority names the one above it as well.
        let named = self.outcome.suggested == Some(PinKind::Issuer) && self.issuer_is_short();
        match kind {
            ProblemKind::IncompleteChain => (!named).then_some("advice-missing-intermediate"),
            ProblemKind::Expired => (!own && !renewal).then_some("advice-expired"),
            ProblemKind::NotYetValid => (!self.facts.clock_wrong()).then_some("advice-check-clock"),
            ProblemKind::NameOnlyInCn => (!own).then_some("advice-name-in-cn"),
            ProblemKind::WrongUsage => Some("advice-wrong-usage"),
            ProblemKind::WeakKey | ProblemKind::WeakSignature => Some("advice-weak"),
            ProblemKind::ConstraintViolation
            | ProblemKind::UnknownCriticalExtension
            | ProblemKind::ChainTooLong
            | ProblemKind::Malformed => Some("advice-operator"),
            // The name has advice of its own. For the others the meaning says enough, or nothing can be done.
            ProblemKind::HostMismatch
            | ProblemKind::UntrustedIssuer
            | ProblemKind::SelfSigned
            | ProblemKind::BadSignature
            | ProblemKind::CaAsServer
            | ProblemKind::Revoked
            | ProblemKind::UnsupportedAlgorithm
            | ProblemKind::BudgetExceeded
            | ProblemKind::PublishedKey => None,
        }
    }

    /// Whether a problem is among those that this answer is about.
    fn has(&self, kind: ProblemKind) -> bool {
        let about = match self.outcome.rule {
            Rule::Pinned | Rule::Staged if !self.outcome.beyond.is_empty() => self.outcome.beyond,
            _ => self.facts.problems,
        };
        about.contains(kind)
    }

    fn name_advice(&self) -> Option<&'static str> {
        if !self.has(ProblemKind::HostMismatch) {
            return None;
        }
        let xmpp = self.services.iter().any(|service| service.starts_with("xmpp"));
        Some(if self.is_for_another_service() {
            "advice-service-name"
        } else if xmpp && self.endpoint.host.ip().is_none() {
            "advice-xmpp-domain"
        } else if !self.settable().is_empty() {
            if self.other_name() { "advice-set-server-name" } else { "advice-check-server-name" }
        } else if self.other_name() {
            "advice-names-unusable"
        } else {
            return None;
        })
    }

    fn pins_the_other_name(&self) -> bool {
        let asked = self.outcome.decision == Decision::Ask && self.outcome.offered.contains(&PinKind::Name);
        asked && !self.is_for_another_service()
    }
}
