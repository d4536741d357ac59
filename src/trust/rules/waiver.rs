//! What a pin excuses: exactly the problems that were shown when it was accepted (docs/pitfalls.md#19).
//! Waivers of different pins are never added together.

use super::facts::{Facts, KnownPin};
use super::policy::Policy;
use crate::cert::Cert;
use crate::path::{ProblemKind, Problems};
use crate::store::{Pin, PinKind};

/// What the policy `local` looks over on addresses that the caller vouches for.
const LOCAL: Problems = Problems::NAME.union(Problems::FORM);

/// How a pin's waiver stands to what is wrong now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Everything that is wrong was accepted.
    All,
    /// The same, and the waiver is fixed by this match as these problems.
    Fixes(Problems),
    /// These were not accepted.
    Beyond(Problems),
    /// Cannot be told: no CA answer can be had, and the pin does not waive its absence.
    Unknown,
}

/// What is wrong as far as the policy cares.
pub fn counted(facts: &Facts, policy: &Policy) -> Problems {
    if policy.local_names && (facts.stated_loopback || facts.stated_onion) {
        facts.problems.without(LOCAL)
    } else {
        facts.problems
    }
}

/// Holds the problems against one pin's waiver; `inherited` stands in for a staged pin that has
/// none of its own.
pub fn coverage(facts: &Facts, policy: &Policy, known: &KnownPin, inherited: Option<Problems>) -> Coverage {
    let problems = counted(facts, policy);
    let fixed = known.pin.waiver.or(inherited);
    let waived = match (known.pin.kind, fixed) {
        (PinKind::Issuer, _) => Problems::NO_CA_PATH,
        (PinKind::Name, _) => Problems::NAME,
        (_, Some(waiver)) => in_force(facts, known, waiver),
        (_, None) if facts.leaf.self_signed => Problems::SELF_MADE.union(Problems::DATES),
        (_, None) => Problems::SELF_MADE,
    };
    let beyond = problems.without(waived);
    if !beyond.is_empty() {
        return Coverage::Beyond(beyond);
    }
    let path_unknown = facts.ca_unavailable() && !facts.has(ProblemKind::SelfSigned);
    if path_unknown && waived.intersection(Problems::NO_CA_PATH).is_empty() {
        return Coverage::Unknown;
    }
    match fixed {
        None if super::facts::is_leaf_pin(&known.pin) && !path_unknown => Coverage::Fixes(shown(facts)),
        _ => Coverage::All,
    }
}

/// The waiver of a key or certificate pin accepted now: what is shown, and for a certificate
/// whose self-signature verified, its dates, which nobody vouches for.
pub fn shown(facts: &Facts) -> Problems {
    if facts.leaf.self_signed { facts.problems.union(Problems::DATES) } else { facts.problems }
}

/// What a pin of another program may waive, whatever it says: what the first match of a pin made by hand could fix. The
/// dates of a certificate are among it only for a self-signed one (`cert`, where the pin came with it), and only if the
/// pin waived them without an end.
pub fn foreign(pin: &Pin, cert: Option<&Cert>) -> Problems {
    let self_signed = pin.waiver.is_some_and(|waived| waived.contains(ProblemKind::SelfSigned));
    let own_dates = pin.waive_expired_until == 0 && self_signed && cert.is_none_or(Cert::is_self_signed);
    if own_dates { Problems::SELF_MADE.union(Problems::DATES) } else { Problems::SELF_MADE }
}

/// Whether `accept-new` may accept these problems. A chain that is CA-valid for another name (a
/// captive portal) is not among them.
pub fn fit_for_first_use(facts: &Facts) -> bool {
    let allowed = Problems::SELF_MADE;
    let allowed = if facts.leaf.self_signed { allowed } else { allowed.without(Problems::NAME) };
    facts.problems.without(allowed).is_empty()
}

/// A fixed waiver as it counts now: one member of the class *no CA path* waives the class; a
/// waived expiry ends at its date; the dates of a self-signed certificate are waived for
/// self-signed certificates only, never inferred for a later chain.
fn in_force(facts: &Facts, known: &KnownPin, waiver: Problems) -> Problems {
    let mut waiver = waiver;
    if !waiver.intersection(Problems::NO_CA_PATH).is_empty() {
        waiver = waiver.union(Problems::NO_CA_PATH);
    }
    let until = known.pin.waive_expired_until;
    let own_dates = waiver.contains(ProblemKind::SelfSigned) && until == 0;
    let ended = until != 0 && until <= facts.at();
    if ended || (own_dates && !facts.leaf.self_signed) {
        waiver = waiver.without(Problems::DATES);
    }
    waiver
}
