//! A verdict: a decision with everything that led to it. Immutable and cheap to clone; may travel
//! to another thread while a person thinks about it. Made by [`crate::trust::check`], answered by
//! [`crate::trust::trust`]. Most verdicts are accepts that nobody reads: what is only said is put into
//! words when it is first asked for.

use std::sync::{Arc, OnceLock};

use super::event;
use super::explain::{self, Checked, Told};
use crate::cert::{self, Cert, Diff};
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::path::{Chain, Examination, Path, Problem, Problems};
use crate::store::{EndpointRecord, Event, Pin, PinKind};
use crate::text::Statement;
use crate::time::Timestamp;
use crate::trust::gather::inputs::{Check, Inputs};
use crate::trust::gather::weigh::Weighed;
use crate::trust::rules::codes::{AnswerWanted, Assurance, Change, Decision, PinResult, Risk, Rule, Section};
use crate::trust::rules::facts::{Facts, Layer};
use crate::trust::rules::outcome::Outcome;
use crate::trust::rules::policy::Policy;
use serde_json::Value;

/// A decision with everything that led to it. Immutable; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Verdict {
    inner: Arc<Inner>,
    /// When it was given: an accept may be given again later.
    at: Timestamp,
}

#[derive(Debug)]
struct Inner {
    inputs: Inputs,
    store_id: String,
    facts: Facts,
    outcome: Outcome,
    policy: Policy,
    problems: Vec<Problem>,
    examination: Arc<Examination>,
    record: Option<EndpointRecord>,
    previous: Option<Cert>,
    issuer: Option<Cert>,
    asked: Option<Asked>,
    state: OnceLock<Hash>,
    problem_statements: OnceLock<Vec<Statement>>,
    told: OnceLock<Told>,
    id: OnceLock<String>,
}

/// When a pending question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The last time.
    pub last: Timestamp,
    /// The known key was accepted since.
    pub contradicted: bool,
}

impl Verdict {
    pub(crate) fn new(check: &Check<'_>, weighed: Weighed<'_>, store_id: String) -> Self {
        let Weighed { gathered, outcome } = weighed;
        let inputs = Inputs::of(check);
        let inner = Inner {
            inputs,
            store_id,
            problems: gathered.problems,
            examination: gathered.examination,
            record: gathered.record,
            policy: gathered.policy.into_owned(),
            facts: gathered.facts,
            previous: gathered.previous,
            issuer: gathered.issuer,
            outcome,
            asked: None,
            state: OnceLock::new(),
            problem_statements: OnceLock::new(),
            told: OnceLock::new(),
            id: OnceLock::new(),
        };
        Self { inner: Arc::new(inner), at: check.now }
    }

    /// The same accept, given again at another time.
    pub(crate) fn again(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    /// The same verdict with one more reason. Of one that nobody else holds yet.
    pub(crate) fn because(self, reason: &'static str) -> Self {
        match Arc::try_unwrap(self.inner) {
            Ok(mut inner) => {
                inner.outcome.because(reason);
                inner.told = OnceLock::new();
                Self { inner: Arc::new(inner), ..self }
            }
            Err(inner) => Self { inner, ..self },
        }
    }

    /// The same verdict, as the answer to a question that was left pending.
    pub(crate) fn asked(self, asked: Asked) -> Self {
        match Arc::try_unwrap(self.inner) {
            Ok(inner) => Self { inner: Arc::new(Inner { asked: Some(asked), ..inner }), ..self },
            Err(inner) => Self { inner, ..self },
        }
    }

    /// Accept, ask or reject.
    pub fn decision(&self) -> Decision {
        self.inner.outcome.decision
    }

    /// What vouches for the server.
    pub fn assurance(&self) -> Assurance {
        self.inner.outcome.assurance
    }

    /// What became of the pins.
    pub fn pin_result(&self) -> PinResult {
        self.inner.outcome.pin
    }

    /// How what is presented differs from what was known.
    pub fn change(&self) -> Change {
        self.inner.outcome.change
    }

    /// How much the change should worry.
    pub fn risk(&self) -> Risk {
        self.inner.outcome.risk
    }

    /// The rule that decided, as numbered in `docs/decision.md`.
    pub fn rule(&self) -> Rule {
        self.inner.outcome.rule
    }

    /// All problems found.
    pub fn problems(&self) -> &[Problem] {
        &self.inner.problems
    }

    /// The kinds of the problems found.
    pub fn problem_kinds(&self) -> Problems {
        self.inner.facts.problems
    }

    /// Notes that are no problems (an intermediate that was missing but known …).
    pub fn notes(&self) -> &[Statement] {
        &self.inner.examination.notes
    }

    /// Equal for the same endpoint, chain and reason: coalesce prompts by it. 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        self.inner.id.get_or_init(|| question_id(&self.inner.inputs, &self.inner.outcome))
    }

    /// Who it should be.
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.inputs.endpoint
    }

    /// What the server sent.
    pub fn chain(&self) -> &Chain {
        &self.inner.inputs.chain
    }

    /// The path to a loaded root, where there is one.
    pub fn path(&self) -> Option<&Path> {
        self.inner.examination.path.as_ref()
    }

    /// When it was made, by the caller's clock.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Where the pin, or the block, that decided is kept, and the name of that store where it is one of the system. `None`
    /// where neither decided.
    pub fn source(&self) -> Option<(Layer, Option<&str>)> {
        let known = &self.inner.facts.known;
        let blocked = self.rule() == Rule::Blocked && self.inner.facts.blocked_everywhere;
        let everywhere = || blocked.then(|| known.blocked_below.map_or(Layer::Own, Layer::System));
        let layer = self.pin_layer().or_else(everywhere)?;
        let name = match layer {
            Layer::System(place) => known.layers.get(place).map(String::as_str),
            _ => None,
        };
        Some((layer, name))
    }

    /// Where that pin is kept.
    pub fn pin_layer(&self) -> Option<Layer> {
        let index = self.inner.outcome.pin_index?;
        Some(self.inner.facts.known.pins.get(index)?.layer)
    }

    /// The pin that matched or was contradicted.
    pub fn pin(&self) -> Option<&Pin> {
        let index = self.inner.outcome.pin_index?;
        self.inner.facts.known.pins.get(index).map(|known| &known.pin)
    }

    /// The certificate known before.
    pub fn previous(&self) -> Option<&Cert> {
        self.inner.previous.as_ref()
    }

    /// When the certificate known before was first and last seen, where that is known.
    pub fn previous_seen(&self) -> Option<(Timestamp, Timestamp)> {
        let previous = self.inner.facts.previous.as_ref()?;
        (previous.first != 0).then_some((previous.first, previous.last))
    }

    /// Old against new, if there is an old one.
    pub fn diff(&self) -> Option<Diff> {
        Some(cert::compare(self.inner.previous.as_ref()?, self.chain().leaf()?))
    }

    /// Kinds of pin that may be offered.
    pub fn offered(&self) -> &[PinKind] {
        &self.inner.outcome.offered
    }

    /// The kind to suggest, if one should be.
    pub fn suggested(&self) -> Option<PinKind> {
        self.inner.outcome.suggested
    }

    /// Whether nothing but trust for a session is offered, because the server makes itself a new key at each
    /// start. A typed full fingerprint may be pinned all the same.
    pub fn only_once(&self) -> bool {
        self.inner.outcome.once
    }

    /// Whether the key may be added beside the known ones instead of replacing them.
    pub fn may_add(&self) -> bool {
        self.inner.outcome.may_add
    }

    /// Whether this question takes nothing but the full fingerprint, typed in.
    pub fn needs_fingerprint(&self) -> bool {
        self.inner.outcome.typed_only
    }

    /// Whether a typed full fingerprint, and nothing less, overrules this reject (a downgrade's way back) or answers
    /// this question (rule 8b, a published key).
    pub fn may_type(&self) -> bool {
        self.inner.outcome.way_back || (self.decision() == Decision::Ask && self.needs_fingerprint())
    }

    /// What to ask a person: what [`crate::trust::trust()`] would take for this verdict, as far as the verdict alone tells.
    pub fn answer_wanted(&self) -> AnswerWanted {
        let outcome = self.outcome();
        let contradicted = self.pending().is_some_and(|asked| asked.contradicted);
        let takes_yes = !outcome.offered.is_empty() || outcome.once || outcome.rule == Rule::CaValid;
        match outcome.decision {
            _ if !self.facts().possession => AnswerWanted::None,
            Decision::Reject if outcome.way_back => AnswerWanted::Fingerprint,
            Decision::Ask if takes_yes && (outcome.typed_only || contradicted) => AnswerWanted::Fingerprint,
            Decision::Ask if takes_yes => AnswerWanted::Yes,
            _ => AnswerWanted::None,
        }
    }

    /// True only for an accept whose assurance allows it.
    pub fn may_send_credentials(&self) -> bool {
        self.decision() == Decision::Accept && self.assurance() != Assurance::None
    }

    /// The statements of a section.
    pub fn statements(&self, section: Section) -> &[Statement] {
        match section {
            Section::Headline => std::slice::from_ref(&self.told().headline),
            Section::Problem => self.problem_statements(),
            Section::Reason => &self.told().reasons,
            Section::Meaning => &self.told().meaning,
            Section::Advice => &self.told().advice,
        }
    }

    /// Stable codes of the reasons, the deciding one first.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        self.inner.outcome.reasons.iter().copied()
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.inner.facts
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        &self.inner.outcome
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    pub(crate) fn inputs(&self) -> &Inputs {
        &self.inner.inputs
    }

    /// The private authority that an issuer pin could name.
    pub fn issuer(&self) -> Option<&Cert> {
        self.inner.issuer.as_ref()
    }

    pub(crate) fn store_id(&self) -> &str {
        &self.inner.store_id
    }

    pub(crate) fn state(&self) -> Hash {
        *self.inner.state.get_or_init(|| state_of(self.inner.record.as_ref(), &self.inner.policy))
    }

    fn told(&self) -> &Told {
        let inner = &*self.inner;
        let explained = || {
            let checked = Checked {
                endpoint: &inner.inputs.endpoint,
                chain: &inner.inputs.chain,
                services: inner.inputs.check_at(self.at).services(),
                problems: &inner.problems,
                issuer: inner.issuer.as_ref(),
            };
            explain::explain(&checked, &inner.facts, &inner.outcome)
        };
        inner.told.get_or_init(explained)
    }

    fn problem_statements(&self) -> &[Statement] {
        let statements = || self.inner.problems.iter().map(|problem| problem.statement.clone()).collect();
        self.inner.problem_statements.get_or_init(statements)
    }

    pub(crate) fn pending(&self) -> Option<Asked> {
        self.inner.asked
    }

    /// What this check is in the log.
    pub(crate) fn event(&self) -> Event {
        let (code, severity) = self.inner.outcome.effects.event.unwrap_or_else(|| event::routine(self.decision()));
        let (facts, text) = (&self.inner.facts, self.told().headline.text());
        let event = event::about(self.endpoint(), code, severity, self.at.max(facts.floor), facts.leaf.spki, text);
        Event { cert: Some(facts.leaf.cert), ..event }
    }
}

fn question_id(inputs: &Inputs, outcome: &Outcome) -> String {
    let endpoint = &inputs.endpoint;
    let parts = [
        endpoint.host.as_str().to_owned(),
        endpoint.port.to_string(),
        endpoint.account.as_str().to_owned(),
        inputs.chain.fingerprint().hex(),
        outcome.rule.code().to_owned(),
        outcome.decision.code().to_owned(),
        outcome.pin.code().to_owned(),
    ];
    let mut id = Hash::of(parts.join("\0").as_bytes()).hex();
    id.truncate(32);
    id
}

/// What an answer rests on: pins, policy, baseline and what hangs on them, but neither the times
/// of last sightings nor observations, which any stranger can move.
pub(crate) fn state_of(record: Option<&EndpointRecord>, policy: &Policy) -> Hash {
    let mut text = Value::Object(policy.to_map()).to_string();
    if let Some(record) = record {
        for pin in &record.pins {
            let pin = Pin { last_matched: 0, ..pin.clone() };
            text.push_str(&serde_json::to_string(&pin).unwrap_or_default());
        }
        for seen in &record.baseline {
            text.push_str(&format!("|{:?} {} {:?}", seen.cert, seen.provisional, seen.validation));
        }
        let validated = record.validated.as_ref().map(|v| (v.first, v.ca));
        let upgrade = record.upgrade.as_ref().map(|u| u.since);
        let tombstone = record.tombstone.as_ref().map(|t| t.at);
        text.push_str(&format!("|{validated:?} {upgrade:?} {tombstone:?} {}", record.expect_change_until));
    } else {
        text.push_str("|None None None 0");
    }
    Hash::of(text.as_bytes())
}

/// Whether a second look can say more than this verdict does: one about another key that is not accepted.
pub fn worth_a_second_look(verdict: &Verdict) -> bool {
    verdict.decision() != Decision::Accept && matches!(verdict.rule(), Rule::Changed | Rule::KeyRetired)
}
