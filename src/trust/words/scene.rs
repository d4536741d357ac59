//! What sentences are made from: the facts, the outcome and the certificates of one check, and the values that the
//! templates in `text/verdict_texts.rs` name. Names come from what was matched, not from a CN (docs/pitfalls.md#37).

use crate::cert::{Cert, ServerName, ServerNames};
use crate::endpoint::Endpoint;
use crate::path::{Problem, ProblemKind};
use crate::store::{Pin, PinState};
use crate::text::Statement;
use crate::time::{DAY, Timestamp, date, days_between};
use crate::trust::rules::clock;
use crate::trust::rules::codes::{Decision, Risk, Rule};
use crate::trust::rules::facts::{CaAnswer, Facts, Layer, Looked, ObjectionKind};
use crate::trust::rules::offer::nearest_name;
use crate::trust::rules::outcome::Outcome;

/// Servers that are listed in a sentence.
const SHOWN_SERVERS: usize = 3;

/// Characters of one name in a sentence.
const SHOWN_CHARS: usize = 80;

/// Names of the certificate that are listed in a sentence; the others are counted.
const SHOWN_NAMES: usize = 3;

/// An authority whose certificate ends within this time does not last.
const SHORT: i64 = 30 * DAY;

/// What sentences are made from.
pub(super) struct Scene<'a> {
    pub endpoint: &'a Endpoint,
    pub services: &'a [&'a str],
    pub problems: &'a [Problem],
    pub leaf: Option<&'a Cert>,
    /// Which servers the leaf is for.
    pub names: ServerNames,
    pub issuer: Option<&'a Cert>,
    pub facts: &'a Facts,
    pub outcome: &'a Outcome,
    pub pin: Option<&'a Pin>,
}

/// A fact that templates may name, and how it is had.
type Fact<'a> = (&'static str, fn(&Scene<'a>) -> String);

impl<'a> Scene<'a> {
    /// A statement with every fact that any template may name; unused ones do no harm.
    pub(super) fn say(&self, code: &'static str) -> Statement {
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

    pub(super) fn masked(&self) -> bool {
        self.outcome.reasons.first() == Some(&"key-masked")
    }

    /// The private half of the key is in everybody's hands, and only a typed fingerprint is taken for it.
    pub(super) fn published(&self) -> bool {
        self.outcome.typed_only && self.facts.has(ProblemKind::PublishedKey)
    }

    /// That a key was refused for another server is what matters most here.
    pub(super) fn objected(&self) -> bool {
        let first = self.outcome.rule == Rule::FirstUse && self.outcome.decision == Decision::Ask;
        self.outcome.objected || first && self.facts.refused_elsewhere().is_some()
    }

    /// Nothing is wrong with the chain, but the policy lets nothing count but pins.
    pub(super) fn only_pins_count(&self) -> bool {
        matches!(self.outcome.reasons.first().copied(), Some("not-pinned" | "first-contact-not-pinned"))
    }

    /// Whether the known key may be a second key of this server and nobody looked: it is of another kind
    /// than the presented one, or only its hash is known.
    pub(super) fn may_hold_a_second_key(&self) -> bool {
        let other_kind = self.facts.previous.as_ref().is_none_or(|previous| previous.other_algorithm);
        self.outcome.rule == Rule::Changed
            && self.facts.second_look == Looked::Not
            && self.facts.trusted_leaf_pins() > 0
            && other_kind
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.outcome.decision == Decision::Accept && self.outcome.risk == Risk::None
    }

    pub(super) fn last_seen(&self) -> Timestamp {
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

    /// A good path for another name: shared hosting, a misspelt name, or a captive portal.
    pub(super) fn other_name(&self) -> bool {
        self.facts.ca_path() && self.facts.has(ProblemKind::HostMismatch)
    }

    /// The certificate is for this very domain, as a server of something that is not known to be spoken.
    pub(super) fn is_for_another_service(&self) -> bool {
        self.facts.has(ProblemKind::HostMismatch) && !self.names.services_of(&self.endpoint.host).is_empty()
    }

    /// What a server name setting could hold so that this certificate fits it.
    pub(super) fn settable(&self) -> Vec<&ServerName> {
        self.names.settable(self.facts.stated_loopback || self.facts.host_is_loopback)
    }

    fn settable_names(&self) -> String {
        listed(self.settable().into_iter().map(|name| name.text()).collect())
    }

    /// The one of them that is nearest to the name that was asked for.
    fn server_name(&self) -> String {
        let shared = |name: &str| {
            let pairs = name.rsplit('.').zip(self.endpoint.host.as_str().rsplit('.'));
            pairs.take_while(|(a, b)| a == b).count()
        };
        let names: Vec<String> = self.settable().into_iter().map(|name| name.text()).collect();
        let best = names.iter().map(|name| shared(name)).max();
        let nearest = names.iter().find(|name| Some(shared(name)) == best);
        match nearest.map(|name| (name, name.strip_prefix('*'))) {
            Some((_, Some(parent))) => format!("one that ends in {}", excerpt_raw(parent)),
            Some((name, None)) => excerpt_raw(name),
            None => "another one".to_owned(),
        }
    }

    /// What the certificate is for, in a sentence.
    fn names(&self) -> String {
        match self.names.in_words() {
            names if names.is_empty() => "no server at all".to_owned(),
            names => listed(names),
        }
    }

    /// How many names the certificate has besides the one that a pin would hold.
    fn others(&self) -> String {
        match self.names.in_words().len().saturating_sub(1) {
            0 => "no other name".to_owned(),
            others => count(i64::try_from(others).unwrap_or(i64::MAX), "other name"),
        }
    }

    fn services_named(&self) -> String {
        self.names.services_of(&self.endpoint.host).join(", ")
    }

    /// The authority whose certificate the server does not send.
    fn missing(&self) -> String {
        let problem = self.problems.iter().find(|problem| problem.kind == ProblemKind::IncompleteChain);
        let named = problem.and_then(|problem| problem.statement.get("issuer")).unwrap_or_default();
        excerpt_raw(named)
    }

    /// When the authority ends that an issuer pin would trust.
    fn issuer_ends(&self) -> String {
        self.issuer.and_then(Cert::not_after).map_or_else(String::new, date)
    }

    /// Whether the authority that could be pinned is one below another and ends before long: it is renewed
    /// more often than anybody wants to be asked (Caddy's lives for a week).
    pub(super) fn issuer_is_short(&self) -> bool {
        let ends = |issuer: &Cert| issuer.not_after().is_none_or(|end| end < self.facts.at().saturating_add(SHORT));
        self.issuer.is_some_and(|issuer| !issuer.is_self_issued() && ends(issuer))
    }

    /// The authority above the one that could be pinned.
    fn issuer_above(&self) -> String {
        let name = self.issuer.map(|issuer| issuer.issuer());
        let called = name.and_then(|name| name.attribute("CN").pop().or_else(|| name.attribute("O").pop()));
        excerpt_raw(&called.unwrap_or_else(|| name.map_or_else(String::new, |name| name.text())))
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
fn excerpt_raw(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or("")),
        None => text.to_owned(),
    }
}

pub(super) fn count(number: i64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// Where a date lies before another by whole days, for texts that show times.
pub(super) fn days_ago(then: Timestamp, now: Timestamp) -> String {
    match now.saturating_sub(then).div_euclid(DAY) {
        0 => "today".to_owned(),
        days if days > 0 => format!("{} ago", count(days, "day")),
        _ => "in the future".to_owned(),
    }
}

/// The first few, and how many more.
fn listed(names: Vec<String>) -> String {
    let mut shown: Vec<String> = names.iter().take(SHOWN_NAMES).map(|name| excerpt_raw(name)).collect();
    let more = names.len().saturating_sub(shown.len());
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
