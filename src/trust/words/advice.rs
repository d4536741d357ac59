//! What to do about what is wrong: at most one piece of advice for each kind of problem, derived from what
//! was found. Names come from the one list of the certificate (`cert::ServerNames`), so that no setting is
//! advised that cannot match. What to do about a change is in [`super::explain`].

use super::explain::{Scene, count, excerpt_raw};
use crate::cert::{Cert, ServerName};
use crate::path::ProblemKind;
use crate::store::PinKind;
use crate::time::{DAY, date};
use crate::trust::rules::codes::{Decision, Rule};

/// Names of the certificate that are listed in a sentence; the others are counted.
const SHOWN_NAMES: usize = 3;
/// An authority whose certificate ends within this time does not last.
const SHORT: i64 = 30 * DAY;

impl Scene<'_> {
    /// What can be done about each problem, by the user or by the server's operator.
    pub(crate) fn advice_on_problems(&self, codes: &mut Vec<&'static str>) {
        codes.extend(self.name_advice());
        if self.pins_the_other_name() {
            codes.push("advice-name-pin");
        }
        let own = self.facts.leaf.self_signed;
        let renewal = matches!(self.outcome.rule, Rule::Lapsed | Rule::LapsedNewer);
        // The offer to trust a short-lived authority names the one above it as well.
        let named = self.outcome.suggested == Some(PinKind::Issuer) && self.issuer_is_short();
        let told = [
            (self.has(ProblemKind::IncompleteChain) && !named, "advice-missing-intermediate"),
            (self.has(ProblemKind::Expired) && !own && !renewal, "advice-expired"),
            (self.has(ProblemKind::NotYetValid) && !self.facts.clock_wrong(), "advice-check-clock"),
            (self.has(ProblemKind::NameOnlyInCn) && !own, "advice-name-in-cn"),
            (self.has(ProblemKind::WrongUsage), "advice-wrong-usage"),
            (self.has(ProblemKind::WeakKey) || self.has(ProblemKind::WeakSignature), "advice-weak"),
            (self.needs_the_operator(), "advice-operator"),
        ];
        codes.extend(told.into_iter().filter_map(|(holds, code)| holds.then_some(code)));
    }

    /// Whether a problem is among those that this answer is about.
    fn has(&self, kind: ProblemKind) -> bool {
        let about = match self.outcome.rule {
            Rule::Pinned | Rule::Staged if !self.outcome.beyond.is_empty() => self.outcome.beyond,
            _ => self.facts.problems,
        };
        about.contains(kind)
    }

    fn needs_the_operator(&self) -> bool {
        use ProblemKind::{ChainTooLong, ConstraintViolation, Malformed, UnknownCriticalExtension};
        [ConstraintViolation, UnknownCriticalExtension, ChainTooLong, Malformed].into_iter().any(|kind| self.has(kind))
    }

    /// A good path for another name: shared hosting, a misspelt name, or a captive portal.
    pub(crate) fn other_name(&self) -> bool {
        self.facts.ca_path() && self.facts.has(ProblemKind::HostMismatch)
    }

    /// The certificate is for this very domain, as a server of something that is not known to be spoken.
    pub(crate) fn is_for_another_service(&self) -> bool {
        self.facts.has(ProblemKind::HostMismatch) && !self.names.services_of(&self.endpoint.host).is_empty()
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

    /// What a server name setting could hold so that this certificate fits it.
    fn settable(&self) -> Vec<&ServerName> {
        self.names.settable(self.facts.stated_loopback || self.facts.host_is_loopback)
    }

    pub(crate) fn settable_names(&self) -> String {
        listed(self.settable().into_iter().map(|name| name.text()).collect())
    }

    /// The one of them that is nearest to the name that was asked for.
    pub(crate) fn server_name(&self) -> String {
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
    pub(crate) fn names(&self) -> String {
        match self.names.in_words() {
            names if names.is_empty() => "no server at all".to_owned(),
            names => listed(names),
        }
    }

    /// How many names the certificate has besides the one that a pin would hold.
    pub(crate) fn others(&self) -> String {
        match self.names.in_words().len().saturating_sub(1) {
            0 => "no other name".to_owned(),
            others => count(i64::try_from(others).unwrap_or(i64::MAX), "other name"),
        }
    }

    pub(crate) fn services_named(&self) -> String {
        self.names.services_of(&self.endpoint.host).join(", ")
    }

    /// The authority whose certificate the server does not send.
    pub(crate) fn missing(&self) -> String {
        let problem = self.problems.iter().find(|problem| problem.kind == ProblemKind::IncompleteChain);
        let named = problem.and_then(|problem| problem.statement.get("issuer")).unwrap_or_default();
        excerpt_raw(named)
    }

    /// When the authority ends that an issuer pin would trust.
    pub(crate) fn issuer_ends(&self) -> String {
        self.issuer.and_then(Cert::not_after).map_or_else(String::new, date)
    }

    /// Whether the authority that could be pinned is one below another and ends before long: it is renewed
    /// more often than anybody wants to be asked (Caddy's lives for a week).
    pub(crate) fn issuer_is_short(&self) -> bool {
        let ends = |issuer: &Cert| issuer.not_after().is_none_or(|end| end < self.facts.at().saturating_add(SHORT));
        self.issuer.is_some_and(|issuer| !issuer.is_self_issued() && ends(issuer))
    }

    /// The authority above the one that could be pinned.
    pub(crate) fn issuer_above(&self) -> String {
        let name = self.issuer.map(|issuer| issuer.issuer());
        let called = name.and_then(|name| name.attribute("CN").pop().or_else(|| name.attribute("O").pop()));
        excerpt_raw(&called.unwrap_or_else(|| name.map_or_else(String::new, |name| name.text())))
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
