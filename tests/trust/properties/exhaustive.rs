//! Every combination of the abstracted facts goes through `decide`, and the invariants of
//! `docs/decision.md` hold in each of them. Where `properties` samples what facts can be, this
//! walks all that differs for the rules: the state of the own pin, pins in other places, the
//! baseline, the problems, what is known elsewhere, the clock, and every preset.

use tofu::path::{ProblemKind, Problems};
use tofu::store::{LayerPolicies, Origin, PinState, Validated, Validation};
use tofu::time::{DAY, Timestamp};
use tofu::trust::decide::decide;
use tofu::trust::facts::*;
use tofu::trust::outcome::Outcome;
use tofu::trust::{Assurance, Decision, PRESETS, Policy, Risk, Rule};

use crate::trust_support::facts::*;

/// What the endpoint's own record says of the key presented.
const OWN: [Option<PinState>; 6] = [
    None,
    Some(PinState::Trusted),
    Some(PinState::Staged),
    Some(PinState::Retired),
    Some(PinState::Blocked),
    Some(PinState::Compromised),
];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Beside {
    Nothing,
    OldKey,
    OldKeyForAnyAccount,
    NewKeyForAnyAccount,
    NewKeyBelow,
    NewKeyForTheSession,
    PinnedOnly,
}
const BESIDE: [Beside; 7] = [
    Beside::Nothing,
    Beside::OldKey,
    Beside::OldKeyForAnyAccount,
    Beside::NewKeyForAnyAccount,
    Beside::NewKeyBelow,
    Beside::NewKeyForTheSession,
    Beside::PinnedOnly,
];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Baseline {
    Nothing,
    Old,
    New,
    OldValid,
    NewValid,
    Forgotten,
    Upgrading,
}
const BASELINES: [Baseline; 7] = [
    Baseline::Nothing,
    Baseline::Old,
    Baseline::New,
    Baseline::OldValid,
    Baseline::NewValid,
    Baseline::Forgotten,
    Baseline::Upgrading,
];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Chain {
    SelfSigned,
    Unknown,
    Valid,
    ValidNewIssuer,
    OtherName,
    Expired,
    Revoked,
    Published,
    PublishedValid,
}
const CHAINS: [Chain; 9] = [
    Chain::SelfSigned,
    Chain::Unknown,
    Chain::Valid,
    Chain::ValidNewIssuer,
    Chain::OtherName,
    Chain::Expired,
    Chain::Revoked,
    Chain::Published,
    Chain::PublishedValid,
];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Elsewhere_ {
    Nothing,
    Sibling,
    WebPort,
    HostValid,
    OtherKey,
}
const ELSEWHERE: [Elsewhere_; 5] =
    [Elsewhere_::Nothing, Elsewhere_::Sibling, Elsewhere_::WebPort, Elsewhere_::HostValid, Elsewhere_::OtherKey];

/// Before every yes, and after it.
const OBJECTIONS: [Option<(ObjectionKind, Timestamp)>; 5] = [
    None,
    Some((ObjectionKind::Replaced, NOW - DAY)),
    Some((ObjectionKind::Blocked, NOW - DAY)),
    Some((ObjectionKind::Compromised, NOW - 500 * DAY)),
    Some((ObjectionKind::Compromised, NOW - DAY)),
];

/// The circumstances: setup, a wrong clock, an interception hint, a store that cannot be written, no proof.
const CIRCUMSTANCES: [&str; 6] = ["calm", "setup", "clock", "hint", "read-only", "unproven"];

fn of_chain(chain: Chain) -> Facts {
    match chain {
        Chain::SelfSigned => base(),
        Chain::Unknown => {
            let mut facts = base();
            facts.leaf.self_signed = false;
            facts.problems = problems(&[ProblemKind::UntrustedIssuer]);
            facts
        }
        Chain::Valid => ca_valid("Old CA"),
        Chain::ValidNewIssuer => ca_valid("New CA"),
        Chain::OtherName => with_path(&[ProblemKind::HostMismatch]),
        Chain::Expired => with_path(&[ProblemKind::Expired]),
        Chain::Revoked => with_path(&[ProblemKind::Revoked]),
        Chain::Published => published(base()),
        Chain::PublishedValid => published(ca_valid("Old CA")),
    }
}

fn published(mut facts: Facts) -> Facts {
    facts.problems = facts.problems.with(ProblemKind::PublishedKey);
    facts.published = Some("a package".to_owned());
    facts
}

fn own_pin(facts: &mut Facts, state: Option<PinState>, origin: Origin) {
    let Some(state) = state else { return };
    let mut known = in_state("new", state);
    known.pin.origin = origin;
    known.pin.id = 7;
    facts.known.pins.push(known);
}

fn beside(facts: &mut Facts, beside: Beside) {
    let mut known = key_pin(match beside {
        Beside::Nothing => return,
        Beside::OldKey | Beside::OldKeyForAnyAccount | Beside::PinnedOnly => "old",
        _ => "new",
    });
    known.pin.id = 8;
    known.layer = match beside {
        Beside::OldKeyForAnyAccount | Beside::NewKeyForAnyAccount => Layer::AnyAccount,
        Beside::NewKeyBelow => Layer::System(0),
        Beside::NewKeyForTheSession => Layer::Session,
        _ => Layer::Own,
    };
    if beside == Beside::PinnedOnly {
        known.pin.waiver = Some(Problems::NONE);
    }
    facts.known.pins.push(known);
    facts.known.layers = vec!["/etc/tofu/pins.db".to_owned()];
}

fn baseline(facts: &mut Facts, baseline: Baseline) {
    let valid = |of: &str| {
        Some(Validated {
            first: NOW - 90 * DAY,
            last: NOW - DAY,
            ca: true,
            keys: vec![hash(of)],
            anchors: vec![anchor("Old CA")],
            ..formerly_valid(base(), of).known.validated.unwrap()
        })
    };
    match baseline {
        Baseline::Nothing => {}
        Baseline::Old => facts.known.baseline.push(sighting("old", Validation::None, None)),
        Baseline::New => facts.known.baseline.push(sighting("new", Validation::None, None)),
        Baseline::OldValid => {
            facts.known.baseline.push(sighting("old", Validation::Ca, Some("Old CA")));
            facts.known.validated = valid("old");
        }
        Baseline::NewValid => {
            facts.known.baseline.push(sighting("new", Validation::Ca, Some("Old CA")));
            facts.known.validated = valid("new");
        }
        Baseline::Forgotten => facts.known.tombstone = tombstone(),
        Baseline::Upgrading => {
            let mut seen = sighting("other", Validation::Ca, Some("Old CA"));
            seen.provisional = true;
            facts.known.baseline.push(seen);
            facts.known.upgrade = upgrade_running();
        }
    }
    let known = facts.known.baseline.first().map(|seen| seen.spki);
    facts.previous = known.map(|spki| match spki == hash("new") {
        true => previous("new", true),
        false => previous("old", false),
    });
}

fn elsewhere(facts: &mut Facts, elsewhere: Elsewhere_) {
    match elsewhere {
        Elsewhere_::Nothing => {}
        Elsewhere_::Sibling => facts.elsewhere.siblings = vec![sibling_pin(143)],
        Elsewhere_::WebPort => facts.elsewhere.siblings = vec![sibling_pin(443)],
        Elsewhere_::HostValid => facts.elsewhere.host_ca_valid = true,
        Elsewhere_::OtherKey => facts.elsewhere.host_other_key = true,
    }
}

fn circumstance(facts: &mut Facts, circumstance: &str) {
    match circumstance {
        "setup" => facts.setup = true,
        "clock" => facts.now = RELEASED - DAY,
        "hint" => facts.changed_lately = HINT_ENDPOINTS,
        "read-only" => facts.cannot_write = true,
        "unproven" => facts.possession = false,
        _ => {}
    }
}

/// Calls `f` with every situation and a name for it.
fn every_situation(mut f: impl FnMut(&Facts, &dyn Fn() -> String)) {
    for chain in CHAINS {
        for own in OWN {
            for origin in [Origin::User, Origin::AcceptNew] {
                // Only trust comes to be by itself; everything else is somebody's word.
                if origin != Origin::User && own != Some(PinState::Trusted) {
                    continue;
                }
                for next_to in BESIDE {
                    for known in BASELINES {
                        for around in ELSEWHERE {
                            for objected in OBJECTIONS {
                                for held in CIRCUMSTANCES {
                                    let mut facts = of_chain(chain);
                                    own_pin(&mut facts, own, origin);
                                    beside(&mut facts, next_to);
                                    baseline(&mut facts, known);
                                    elsewhere(&mut facts, around);
                                    facts.elsewhere.objections =
                                        objected.into_iter().map(|(kind, since)| objection(kind, since)).collect();
                                    circumstance(&mut facts, held);
                                    f(&facts, &|| {
                                        format!(
                                            "{chain:?}, own {own:?} by {origin:?}, {next_to:?}, {known:?}, {around:?}, \
                                             {objected:?}, {held}"
                                        )
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn decided(facts: &Facts, policy: &Policy) -> Outcome {
    decide(facts, policy).expect("a CA answer is there")
}

/// A pin that a person made, and that names what is presented and counts now.
fn explicit_yes(facts: &Facts) -> bool {
    let by_person = |known: &KnownPin| !matches!(known.pin.origin, Origin::AcceptNew | Origin::Sibling);
    facts.known.pins.iter().any(|known| {
        facts.names_this(known) && by_person(known) && (facts.counts(&known.pin) || known.pin.state == PinState::Staged)
    })
}

fn refused_here(facts: &Facts) -> bool {
    facts.known.pins.iter().any(|known| facts.names_this(known) && known.pin.refuses())
}

/// A policy, a mandatory one of a store below, and what becomes of the two together.
fn under_mandatory_policies() -> Vec<(Policy, Policy, Policy)> {
    let pairs = [("accept-new", "careful"), ("ca-only", "default"), ("default", "ca-only"), ("strict", "careful")];
    let of = |(mine, floor): (&str, &str)| {
        let (mine, mut floor) = (Policy::preset(mine).unwrap(), Policy::preset(floor).unwrap());
        floor.set("mandatory", "yes").unwrap();
        let below = LayerPolicies { store: Some(floor.to_map()), ..LayerPolicies::default() };
        let both = mine.clone().above(&[below]).unwrap();
        (mine, floor, both)
    };
    pairs.into_iter().map(of).collect()
}

#[test]
fn the_invariants_of_the_decision_hold_in_every_situation() {
    let policies: Vec<(&str, Policy)> = PRESETS.iter().map(|name| (*name, Policy::preset(name).unwrap())).collect();
    let floored = under_mandatory_policies();
    let mut walked = 0_u64;
    every_situation(|facts, name| {
        if facts.elsewhere.objections.is_empty() {
            for (mine, floor, both) in &floored {
                walked += 1;
                let alone = decided(facts, mine).decision.max(decided(facts, floor).decision);
                if decided(facts, both).decision < alone {
                    panic!("{mine:?} under {floor:?} is laxer than one of them alone: {}", name());
                }
            }
        }
        let mut usual = None;
        for (preset, policy) in &policies {
            walked += 1;
            let outcome = decided(facts, policy);
            let accepts = outcome.decision == Decision::Accept;
            let fail = |what: &str| panic!("{what}\n{preset}: {}\n{outcome:?}", name());
            if refused_here(facts) && outcome.decision != Decision::Reject {
                fail("what is blocked here wins over everything");
            }
            if facts.has(ProblemKind::Revoked) && outcome.decision != Decision::Reject {
                fail("no pin waives a revocation");
            }
            if facts.has(ProblemKind::PublishedKey) && (accepts || outcome.risk != Risk::High) {
                fail("a published key is accepted although nobody waived that");
            }
            if facts.has(ProblemKind::PublishedKey) && outcome.decision == Decision::Ask && !outcome.typed_only {
                fail("a published key takes a typed fingerprint");
            }
            if accepts && !facts.possession {
                fail("without proof nothing is accepted");
            }
            if accepts {
                only_these_widen_trust(facts, policy, &outcome, &fail);
            }
            if let Some(objection) = facts.refused_elsewhere() {
                let answered = facts.known.pins.iter().any(|known| facts.answers(known, objection));
                if accepts && !answered {
                    fail("a key refused elsewhere is accepted by no rule unasked");
                }
                if !accepts && !answered && outcome.risk != Risk::High {
                    fail("an objection is of high risk");
                }
            }
            without_objections_it_is_never_stricter(facts, policy, &outcome, &fail);
            without_elsewhere_it_is_never_stricter(facts, policy, &outcome, &fail);
            match *preset {
                "default" => usual = Some((outcome.decision, outcome.assurance)),
                "careful" | "strict" | "rfc8314" => {
                    let (decision, _) = usual.expect("default comes first");
                    if outcome.decision < decision {
                        fail("a stricter preset is laxer than the default");
                    }
                }
                "ca-only" if accepts && !facts.ca_valid() => fail("ca-only accepts what is not CA-valid"),
                _ => {}
            }
        }
    });
    println!("{walked} situations");
    assert!(walked > 1_000_000, "only {walked} situations");
}

/// Nothing but an explicit yes, CA validity or the policy widens trust.
fn only_these_widen_trust(facts: &Facts, policy: &Policy, outcome: &Outcome, fail: &dyn Fn(&str)) {
    let by_policy = policy.get("first-use").as_deref() == Some("accept");
    let kept = facts.known.pins.iter().any(|known| facts.names_this(known) && facts.counts(&known.pin));
    let rests = match outcome.rule {
        Rule::CaValid => facts.ca_valid(),
        Rule::Pinned => kept,
        Rule::Staged => explicit_yes(facts),
        Rule::Sibling => !facts.elsewhere.siblings.is_empty() && facts.elsewhere.objections.is_empty(),
        Rule::FirstUse => by_policy && facts.elsewhere.objections.is_empty(),
        _ => false,
    };
    if !rests {
        fail("an accept rests on nothing");
    }
    if outcome.assurance == Assurance::Verified && !facts.ca_valid() {
        fail("nobody verified this");
    }
    if matches!(outcome.rule, Rule::FirstUse | Rule::Sibling) {
        let fresh = facts.known.pins.is_empty() && facts.known.baseline.is_empty() && facts.known.tombstone.is_none();
        if !fresh || facts.clock_wrong() || facts.cannot_write {
            fail("what is known is no first use");
        }
    }
    let formerly_valid = facts.known.validated.is_some();
    if formerly_valid && !kept && !explicit_yes(facts) && !facts.ca_valid() {
        fail("a downgrade is accepted");
    }
}

/// Adding an objection never turns a no or a question into a yes.
fn without_objections_it_is_never_stricter(facts: &Facts, policy: &Policy, outcome: &Outcome, fail: &dyn Fn(&str)) {
    if facts.elsewhere.objections.is_empty() {
        return;
    }
    let mut calm = facts.clone();
    calm.elsewhere.objections.clear();
    if outcome.decision < decided(&calm, policy).decision {
        fail("an objection made the decision laxer");
    }
}

/// What is known elsewhere never makes a decision laxer, but for the narrow sibling rule.
fn without_elsewhere_it_is_never_stricter(facts: &Facts, policy: &Policy, outcome: &Outcome, fail: &dyn Fn(&str)) {
    if outcome.rule == Rule::Sibling || facts.elsewhere == Elsewhere::default() {
        return;
    }
    let mut alone = facts.clone();
    alone.elsewhere = Elsewhere::default();
    if outcome.decision < decided(&alone, policy).decision {
        fail("what is known elsewhere made the decision laxer");
    }
}
