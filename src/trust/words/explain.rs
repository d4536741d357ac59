//! Putting an outcome into words: which statements are made, and with which facts. The words
//! themselves are templates in `text/verdict_texts.rs`, looked up by code. No sentence reassures
//! beyond what was checked (pitfall 34); names come from what was matched, not from a CN
//! (pitfall 37).

use crate::cert::{Cert, ServerNames};
use crate::endpoint::Endpoint;
use crate::path::{Chain, Problem, ProblemKind};
use crate::store::{Pin, PinKind, PinState};
use crate::text::Statement;
use crate::time::{DAY, Timestamp, date, days_between};
use crate::trust::record::answer::nearest_name;
use crate::trust::rules::clock;
use crate::trust::rules::codes::{Change, Decision, PinResult, Risk, Rule};
use crate::trust::rules::facts::{CaAnswer, Facts, Layer, Looked, ObjectionKind};
use crate::trust::rules::outcome::Outcome;

/// Servers that are listed in a sentence.
const SHOWN_SERVERS: usize = 3;
/// Characters of one name in a sentence.
const SHOWN_CHARS: usize = 80;

/// Everything that is said, apart from the problems, which have statements of their own.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub headline: Statement,
    pub reasons: Vec<Statement>,
    pub meaning: Vec<Statement>,
    pub advice: Vec<Statement>,
}

/// What was checked, and what was found beside the facts.
pub(crate) struct Checked<'a> {
    pub endpoint: &'a Endpoint,
    pub chain: &'a Chain,
    /// What is known to be offered there.
    pub services: &'a [&'a str],
    pub problems: &'a [Problem],
    /// The private CA that could be pinned.
    pub issuer: Option<&'a Cert>,
}

/// What sentences are made from.
pub(crate) struct Scene<'a> {
    pub endpoint: &'a Endpoint,
    pub services: &'a [&'a str],
    pub problems: &'a [Problem],
    leaf: Option<&'a Cert>,
    /// Which servers the leaf is for.
    pub names: ServerNames,
    pub issuer: Option<&'a Cert>,
    pub facts: &'a Facts,
    pub outcome: &'a Outcome,
    pin: Option<&'a Pin>,
}

/// Explains a decision.
pub(crate) fn explain(checked: &Checked<'_>, facts: &Facts, outcome: &Outcome) -> Told {
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

/// A fact that templates may name, and how it is had.
type Fact<'a> = (&'static str, fn(&Scene<'a>) -> String);

impl<'a> Scene<'a> {
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

    fn masked(&self) -> bool {
        self.outcome.reasons.first() == Some(&"key-masked")
    }

    /// The store below that has the pin or the block that decided.
    fn system_store(&self) -> String {
        let layer = self.outcome.pin_index.and_then(|index| self.facts.known.pins.get(index)).map(|known| known.layer);
        let place = match layer {
            Some(Layer::System(place)) => Some(place),
            _ => self.facts.known.blocked_below,
        };
        let name = place.and_then(|place| self.facts.known.layers.get(place));
        name.map_or_else(String::new, |name| excerpt_raw(name))
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

    /// Whether the known key may be a second key of this server and nobody looked: it is of another kind
    /// than the presented one, or only its hash is known.
    fn may_hold_a_second_key(&self) -> bool {
        let other_kind = self.facts.previous.as_ref().is_none_or(|previous| previous.other_algorithm);
        self.outcome.rule == Rule::Changed
            && self.facts.second_look == Looked::Not
            && self.facts.trusted_leaf_pins() > 0
            && other_kind
    }

    /// The private half of the key is in everybody's hands, and only a typed fingerprint is taken for it.
    fn published(&self) -> bool {
        self.outcome.typed_only && self.facts.has(ProblemKind::PublishedKey)
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

    /// Nothing is wrong with the chain, but the policy lets nothing count but pins.
    fn only_pins_count(&self) -> bool {
        matches!(self.outcome.reasons.first().copied(), Some("not-pinned" | "first-contact-not-pinned"))
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

    fn is_quiet(&self) -> bool {
        self.outcome.decision == Decision::Accept && self.outcome.risk == Risk::None
    }

    fn advice(&self) -> Vec<Statement> {
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

    /// A statement with every fact that any template may name; unused ones do no harm.
    fn say(&self, code: &'static str) -> Statement {
        let wanted = crate::text::template(code).unwrap_or("");
        let facts: &[Fact<'a>] = &[
            ("host", |s| s.endpoint.host.to_string()),
            ("server", |s| s.endpoint.to_string()),
            ("key", |s| s.leaf.map_or_else(String::new, |leaf| excerpt_raw(&leaf.key().name))),
            ("authority", Self::authority),
            ("names", Self::names),
            ("name", |s| nearest_name(s.facts, &s.endpoint.host).map_or_else(String::new, excerpt_raw)),
            ("others", Self::others),
            ("server-name", Self::server_name),
            ("settable", Self::settable_names),
            ("services", Self::services_named),
            ("missing", Self::missing),
            ("issuer-ends", Self::issuer_ends),
            ("issuer-above", Self::issuer_above),
            ("trusted-on", |s| s.pin.map_or_else(String::new, |pin| date(pin.created))),
            ("pin-ended", |s| s.pin.map_or_else(String::new, |pin| date(s.possible(ended(pin))))),
            ("last-seen", |s| date(s.last_seen())),
            ("expired-days", |s| {
                let since = |end| count(days_between(end, s.facts.at()).max(0), "day");
                s.facts.leaf.not_after.map_or_else(String::new, since)
            }),
            ("validated-until", |s| s.facts.known.validated.as_ref().map_or_else(String::new, |v| date(v.last))),
            ("known-until", |s| s.facts.known.tombstone.as_ref().map_or_else(String::new, |t| date(t.known_until))),
            ("elsewhere", Self::elsewhere),
            ("system-store", Self::system_store),
            ("objection", Self::objection),
            ("replaced", Self::replaced),
            ("package", |s| s.facts.published.as_deref().map_or_else(String::new, excerpt_raw)),
            ("now", |s| date(s.facts.now)),
        ];
        let mut statement = Statement::new(code);
        for &(name, value) in facts {
            if wanted.contains(&format!("{{{name}}}")) {
                // What `value` gives is raw or plain; `arg` escapes it.
                statement = statement.arg(name, value(self));
            }
        }
        statement
    }

    fn last_seen(&self) -> Timestamp {
        let seen = self.facts.previous.as_ref().map_or(0, |previous| previous.last);
        if seen == 0 { self.pin.map_or(0, |pin| pin.last_matched) } else { seen }
    }

    /// A time of the store's as it is said: nothing happened after now.
    fn possible(&self, time: Timestamp) -> Timestamp {
        time.min(clock::latest_possible(self.facts.now, self.facts.floor))
    }

    fn authority(&self) -> String {
        let named = match (&self.facts.ca, &self.facts.known.other_program) {
            (CaAnswer::Path { anchor, .. }, _) | (_, Some(anchor)) => Some(anchor.organisation.clone()),
            _ => self.issuer.map(called),
        };
        let raw = named.or_else(|| self.leaf.map(raw_issuer));
        excerpt_raw(&raw.unwrap_or_default())
    }

    /// That a key was refused for another server is what matters most here.
    fn objected(&self) -> bool {
        let first = self.outcome.rule == Rule::FirstUse && self.outcome.decision == Decision::Ask;
        self.outcome.objected || first && self.facts.refused_elsewhere().is_some()
    }

    /// Where and when a key of this chain was refused: `blocked for mail.example.org:993 on 2027-01-01`.
    fn objection(&self) -> String {
        self.facts.refused_elsewhere().map_or_else(String::new, |objection| {
            let what = match objection.kind {
                ObjectionKind::Compromised => "marked as compromised",
                _ => "blocked",
            };
            format!("{what} for {} on {}", objection.endpoint, date(self.possible(objection.since)))
        })
    }

    /// Where and when it was replaced.
    fn replaced(&self) -> String {
        let replaced = self.facts.elsewhere.objections.iter().filter(|o| o.kind == ObjectionKind::Replaced);
        let said = replaced.take(SHOWN_SERVERS).map(|o| format!("{} on {}", o.endpoint, date(self.possible(o.since))));
        said.collect::<Vec<_>>().join(", ")
    }

    fn elsewhere(&self) -> String {
        let siblings = self.facts.elsewhere.siblings.iter().map(|s| (s.endpoint.clone(), s.pin.created));
        let holders = self.facts.elsewhere.holders.iter().cloned();
        let known: Vec<String> = siblings
            .chain(holders)
            .take(SHOWN_SERVERS)
            .map(|(endpoint, since)| format!("{endpoint} since {}", date(self.possible(since))))
            .collect();
        known.join(", ")
    }
}

/// When a pin stopped counting.
fn ended(pin: &Pin) -> Timestamp {
    if pin.state == PinState::Retired { pin.state_since } else { pin.expires.max(pin.state_since) }
}

/// The organisation of an authority, else its own name.
fn called(cert: &Cert) -> String {
    let subject = cert.subject();
    let named = [subject.attribute("O").join(", "), subject.attribute("CN").join(", ")];
    named.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| subject.text())
}

fn raw_issuer(leaf: &Cert) -> String {
    let organisation = leaf.issuer().attribute("O").join(", ");
    if organisation.is_empty() { leaf.issuer().attribute("CN").join(", ") } else { organisation }
}

/// Shortened but not escaped: `Statement::arg` escapes.
pub(crate) fn excerpt_raw(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or("")),
        None => text.to_owned(),
    }
}

pub(crate) fn count(number: i64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// Where a date lies before another by whole days, for texts that show times.
pub(crate) fn days_ago(then: Timestamp, now: Timestamp) -> String {
    match now.saturating_sub(then).div_euclid(DAY) {
        0 => "today".to_owned(),
        days if days > 0 => format!("{} ago", count(days, "day")),
        _ => "in the future".to_owned(),
    }
}
