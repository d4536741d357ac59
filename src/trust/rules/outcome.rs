//! What a decision consists of, and what it asks to be recorded. Plain data, filled in by
//! [`super::decide`], carried out by `remember` and put into words by `explain`.

use super::change::Graded;
use super::codes::{Assurance, Change, Decision, PinResult, Risk, Rule};
use super::policy::Action;
use crate::path::Problems;
use crate::store::{Origin, PinKind, Severity, Validation};
use crate::time::Timestamp;

/// What becomes of an upgrade under observation (rule 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UpgradeStep {
    /// Nothing.
    #[default]
    None,
    /// CA validity was seen (again).
    Observe,
    /// Seen often enough: the pins retire.
    Confirm,
    /// The pinned key came back.
    Cancel,
}

/// What an outcome asks to be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// An accepted sighting, for the baseline.
    pub sighting: Option<Validation>,
    /// A new key pin.
    pub pins: Option<Origin>,
    /// When it ends at the latest; 0 = never.
    pub pin_ends: Timestamp,
    /// This pin (an index into the known ones) becomes trusted, and what it replaces retires.
    pub promotes: Option<usize>,
    /// This pin's waiver is fixed.
    pub fixes: Option<(usize, Problems)>,
    /// The upgrade under observation.
    pub upgrade: UpgradeStep,
    /// What the matching pin replaces retires, if a wrong clock kept it from doing so.
    pub retires_replaced: bool,
    /// The decision may be returned only once this is on disk.
    pub must_be_durable: bool,
    /// What goes into the log.
    pub event: Option<(&'static str, Severity)>,
}

/// A decision with what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The rule that decided.
    pub rule: Rule,
    /// The decision.
    pub decision: Decision,
    /// What vouches for the server.
    pub assurance: Assurance,
    /// What became of the pins.
    pub pin: PinResult,
    /// What changed.
    pub change: Change,
    /// How much that should worry.
    pub risk: Risk,
    /// Reason codes: the rule's first, then evidence, then circumstances. No code twice.
    pub reasons: Vec<&'static str>,
    /// The pin that matched or was contradicted, as an index into the known ones.
    pub pin_index: Option<usize>,
    /// Problems beyond a matching pin's waiver.
    pub beyond: Problems,
    /// A typed fingerprint may overrule this reject.
    pub way_back: bool,
    /// The question takes nothing but the full fingerprint, typed in.
    pub typed_only: bool,
    /// A rule would have accepted, and a key of the chain is refused at another endpoint.
    pub objected: bool,
    /// Kinds of pin that may be offered.
    pub offered: Vec<PinKind>,
    /// The one suggested.
    pub suggested: Option<PinKind>,
    /// A key may be added beside the known ones.
    pub may_add: bool,
    /// Trust for a session is all that makes sense: the key will not be seen again.
    pub once: bool,
    /// What is to be recorded.
    pub effects: Effects,
}

impl Outcome {
    fn new(rule: Rule, decision: Decision, reason: &'static str) -> Self {
        Self {
            rule,
            decision,
            assurance: Assurance::None,
            pin: PinResult::None,
            change: Change::None,
            risk: Risk::None,
            reasons: vec![reason],
            pin_index: None,
            beyond: Problems::NONE,
            way_back: false,
            typed_only: false,
            objected: false,
            offered: Vec::new(),
            suggested: None,
            may_add: false,
            once: false,
            effects: Effects::default(),
        }
    }

    fn graded(mut self, graded: Graded) -> Self {
        self.change = graded.change;
        self.risk = graded.risk;
        for code in graded.evidence {
            self.because(code);
        }
        self
    }

    /// An accept.
    pub fn accept(rule: Rule, assurance: Assurance, reason: &'static str, graded: Graded) -> Self {
        Self { assurance, ..Self::new(rule, Decision::Accept, reason) }.graded(graded)
    }

    /// An accept with the CA system's or DANE's word.
    pub fn verified(rule: Rule, reason: &'static str, graded: Graded) -> Self {
        Self::accept(rule, Assurance::Verified, reason, graded)
    }

    /// A question.
    pub fn ask(rule: Rule, reason: &'static str, graded: Graded) -> Self {
        Self::new(rule, Decision::Ask, reason).graded(graded)
    }

    /// A no.
    pub fn reject(rule: Rule, reason: &'static str) -> Self {
        Self::new(rule, Decision::Reject, reason)
    }

    /// A no to a change.
    pub fn reject_graded(rule: Rule, reason: &'static str, graded: Graded) -> Self {
        Self::new(rule, Decision::Reject, reason).graded(graded)
    }

    /// Turns a question into a no where the policy says so.
    #[must_use]
    pub fn or_reject(mut self, action: Action) -> Self {
        if action == Action::Reject {
            self.decision = Decision::Reject;
            self.because("policy-rejects");
        }
        self
    }

    /// Gives a further reason.
    pub fn because(&mut self, code: &'static str) -> &mut Self {
        if !self.reasons.contains(&code) {
            self.reasons.push(code);
        }
        self
    }

    /// Takes back everything that was to be recorded.
    pub fn records_nothing(&mut self) {
        self.effects = Effects::default();
    }

    /// Names the pin it is about.
    #[must_use]
    pub fn about(mut self, pin: Option<usize>) -> Self {
        self.pin_index = pin.or(self.pin_index);
        self
    }

    /// Asks for an accepted sighting.
    #[must_use]
    pub fn sighting(mut self, validation: Validation) -> Self {
        self.effects.sighting = Some(validation);
        self
    }

    /// Asks for a line in the log.
    #[must_use]
    pub fn event(mut self, code: &'static str, severity: Severity) -> Self {
        self.effects.event = Some((code, severity));
        self
    }
}
