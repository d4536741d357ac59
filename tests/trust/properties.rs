//! What holds for all facts, whatever they are.

mod exhaustive;
mod histories;
mod wanted;

use crate::trust_support::facts::*;
use proptest::prelude::*;
use tofu::path::{ProblemKind, Problems, RootsError};
use tofu::store::{Ground, LayerPolicies, Observation, Origin, PinKind, PinState, Validated, Validation};
use tofu::time::DAY;
use tofu::trust::decide::decide;
use tofu::trust::facts::*;
use tofu::trust::outcome::{Effects, Outcome};
use tofu::trust::{Assurance, Decision, PRESETS, PinResult, Policy, Risk, Rule};

fn some_problems() -> impl Strategy<Value = Problems> {
    prop_oneof![
        2 => Just(Problems::NONE),
        2 => Just(self_signed()),
        1 => Just(problems(&[ProblemKind::Expired])),
        1 => Just(problems(&[ProblemKind::HostMismatch])),
        1 => Just(problems(&[ProblemKind::UntrustedIssuer])),
        3 => (0u64..1 << 19).prop_map(Problems::from_bits),
    ]
}

/// What a validation rested on; nothing is said of it by an older version.
fn some_grounds() -> impl Strategy<Value = Vec<Ground>> {
    prop_oneof![
        2 => Just(Vec::new()),
        1 => Just(vec![Ground::System]),
        1 => Just(vec![Ground::Person]),
        1 => Just(vec![Ground::Program]),
        1 => Just(vec![Ground::Program, Ground::Person]),
        1 => Just(vec![Ground::Dane, Ground::Person]),
    ]
}

fn some_pin() -> impl Strategy<Value = KnownPin> {
    let what = prop_oneof![
        3 => Just((PinKind::Key, "new")),
        2 => Just((PinKind::Key, "old")),
        1 => Just((PinKind::Certificate, "new cert")),
        1 => Just((PinKind::Issuer, "Private CA")),
        1 => Just((PinKind::Name, "mail.example.org")),
        1 => Just((PinKind::Name, "*.p.example")),
    ];
    let state = prop_oneof![
        4 => Just(PinState::Trusted),
        1 => Just(PinState::Staged),
        1 => Just(PinState::Retired),
        1 => Just(PinState::Blocked),
        1 => Just(PinState::Compromised),
    ];
    let times = prop_oneof![Just(0), Just(NOW - DAY), Just(NOW + DAY)];
    let origin = prop_oneof![Just(Origin::User), Just(Origin::Managed), Just(Origin::AcceptNew), Just(Origin::Sibling)];
    let layer = prop_oneof![4 => Just(Layer::Own), 1 => Just(Layer::AnyAccount), 1 => Just(Layer::Session)];
    let waiver = prop_oneof![1 => Just(None), 3 => some_problems().prop_map(Some)];
    let more = (times.clone(), times, origin, layer, any::<(bool, bool)>(), 1u64..5, 0u64..3);
    (what, state, waiver, more).prop_map(|((kind, of), state, waiver, more)| {
        let mut known = pin(kind, of, state, waiver);
        let (expires, overlap, origin, layer, (verified, until), id, replaces) = more;
        known.pin.expires = expires;
        known.pin.overlap_until = overlap;
        known.pin.origin = origin;
        known.pin.until_ca_valid = until;
        known.pin.id = id;
        known.pin.replaces = replaces;
        known.layer = layer;
        known.path_verified = verified;
        known
    })
}

fn some_ca() -> impl Strategy<Value = CaAnswer> {
    prop_oneof![
        1 => Just(CaAnswer::NotWanted),
        1 => Just(CaAnswer::Unavailable(RootsError { origin: "x".into(), reason: "y".into() })),
        3 => Just(CaAnswer::NoPath),
        3 => (any::<bool>(), prop_oneof![Just("Old CA"), Just("New CA")])
            .prop_map(|(valid, of)| CaAnswer::Path { anchor: anchor(of), valid }),
    ]
}

fn some_known() -> impl Strategy<Value = Known> {
    let baseline = prop::collection::vec(
        (prop_oneof![Just("new"), Just("old"), Just("older")], any::<(bool, bool)>()).prop_map(
            |(of, (ca, provisional))| {
                let mut seen = match ca {
                    true => sighting(of, Validation::Ca, Some("Old CA")),
                    false => sighting(of, Validation::None, None),
                };
                seen.provisional = provisional;
                seen
            },
        ),
        0..3,
    );
    let validated = prop_oneof![
        2 => Just(None),
        1 => (any::<bool>(), prop_oneof![Just("new"), Just("old")], some_grounds()).prop_map(|(ca, of, by)| {
            let (keys, anchors) = (vec![hash(of)], vec![anchor("Old CA")]);
            Some(Validated { first: NOW - 90 * DAY, last: NOW - DAY, ca, keys, anchors, by })
        }),
    ];
    let pins = prop::collection::vec(some_pin(), 0..4);
    (pins, baseline, validated, any::<(bool, bool, bool, bool)>()).prop_map(|(pins, baseline, validated, more)| {
        let (upgrade, tombstoned, expects, observed) = more;
        let observation = Observation {
            cert: hash("new cert"),
            spki: hash("new"),
            first: NOW - 9 * DAY,
            last: NOW - DAY,
            count: 2,
            extra: Default::default(),
        };
        Known {
            pins,
            baseline,
            validated,
            upgrade: if upgrade { upgrade_running() } else { None },
            tombstone: if tombstoned { tombstone() } else { None },
            expect_change_until: if expects { NOW + DAY } else { 0 },
            observations: if observed { vec![observation] } else { Vec::new() },
            ..Known::default()
        }
    })
}

fn some_objections() -> impl Strategy<Value = Vec<Objection>> {
    let kind =
        prop_oneof![Just(ObjectionKind::Replaced), Just(ObjectionKind::Blocked), Just(ObjectionKind::Compromised)];
    let since = prop_oneof![Just(NOW - 500 * DAY), Just(NOW - DAY)];
    let objection = (kind, since).prop_map(|(kind, since)| objection(kind, since));
    prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(objection, 1..3)]
}

fn some_elsewhere() -> impl Strategy<Value = Elsewhere> {
    (prop::option::of(prop_oneof![Just(143u16), Just(443)]), any::<(bool, bool, bool)>(), some_objections()).prop_map(
        |(port, (ca, other, holder), objections)| {
            let siblings = port.map(sibling_pin).into_iter().collect();
            let holders = match holder {
                true => vec![(tofu::endpoint::Endpoint::parse("", "other.example", 993).unwrap(), NOW - DAY)],
                false => Vec::new(),
            };
            Elsewhere { siblings, holders, objections, host_ca_valid: ca, host_other_key: other }
        },
    )
}

prop_compose! {
    fn some_facts()(
        kinds in some_problems(),
        ca in some_ca(),
        known in some_known(),
        elsewhere in some_elsewhere(),
        flags in any::<(bool, bool, bool, bool, bool, bool)>(),
        more in any::<(bool, bool, bool, bool, bool)>(),
        rsa in prop_oneof![Just(None), Just(Some(512)), Just(Some(1024)), Just(Some(2048))],
        dane in prop_oneof![4 => Just(DaneAnswer::None), 1 => Just(DaneAnswer::Ee), 1 => Just(DaneAnswer::Ta), 1 => Just(DaneAnswer::Pkix), 1 => Just(DaneAnswer::Mismatch)],
        now in prop_oneof![4 => Just(NOW), 1 => Just(RELEASED - DAY)],
        changed in 0usize..5,
        old in prop_oneof![Just(None), Just(Some(("new", true))), Just(Some(("old", false)))],
        rare in prop::collection::vec(0u8..12, 3),
    ) -> Facts {
        let mut facts = base();
        facts.problems = kinds;
        facts.ca = ca;
        facts.known = known;
        facts.elsewhere = elsewhere;
        (facts.setup, facts.stated_loopback, facts.host_is_loopback, facts.cannot_write, facts.leaf.self_signed, facts.contradicted) = flags;
        facts.possession = rare[0] != 0;
        facts.blocked_everywhere = rare[1] == 0;
        facts.leaf.key_readable = rare[2] != 0;
        (facts.stated_onion, facts.anchors_left, facts.issuer_candidate, facts.valid_but_for_dates, _) = more;
        facts.leaf.rsa_bits = rsa;
        facts.dane = dane;
        facts.now = now;
        facts.changed_lately = changed;
        facts.previous = old.map(|(of, same)| previous(of, same));
        facts
    }
}

fn some_policy() -> impl Strategy<Value = Policy> {
    prop::sample::select(PRESETS.to_vec()).prop_map(|name| Policy::preset(name).unwrap())
}

fn decision(facts: &Facts, policy: &Policy) -> Option<Decision> {
    decide(facts, policy).ok().map(|outcome| outcome.decision)
}

fn accepted(facts: &Facts, policy: &Policy) -> Option<Outcome> {
    decide(facts, policy).ok().filter(|outcome| outcome.decision == Decision::Accept)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn a_second_look_changes_no_decision_and_makes_no_risk_low(facts in some_facts(), policy in some_policy()) {
        let of = |second_look| decide(&Facts { second_look, ..facts.clone() }, &policy).ok();
        let (Some(unseen), Some(nothing)) = (of(Looked::Not), of(Looked::Nothing)) else { return Ok(()) };
        prop_assert_eq!((unseen.decision, unseen.risk), (nothing.decision, nothing.risk));
        for pin in 0..facts.known.pins.len() {
            let seen = of(Looked::KnownKey(pin)).unwrap();
            prop_assert_eq!((unseen.decision, unseen.rule), (seen.decision, seen.rule));
            prop_assert!(seen.risk >= unseen.risk.min(Risk::Medium), "{:?} from {:?}", seen.risk, unseen.risk);
            prop_assert_eq!(&unseen.effects.pins, &seen.effects.pins);
        }
    }

    #[test]
    fn a_blocked_or_compromised_key_is_never_accepted(facts in some_facts(), policy in some_policy()) {
        let here = facts.known.pins.iter().any(|k| {
            matches!(k.pin.state, PinState::Blocked | PinState::Compromised)
                && matches!(k.pin.kind, PinKind::Key | PinKind::Certificate)
                && facts.names_this(k)
        });
        if facts.blocked_everywhere || here {
            prop_assert_eq!(decision(&facts, &policy), Some(Decision::Reject));
        }
    }

    #[test]
    fn what_no_pin_can_waive_is_never_accepted(facts in some_facts(), policy in some_policy()) {
        let broken = facts.has(ProblemKind::Revoked) || !facts.leaf.key_readable
            || facts.leaf.rsa_bits == Some(512) || facts.dane == DaneAnswer::Mismatch;
        if broken {
            prop_assert_eq!(decision(&facts, &policy), Some(Decision::Reject));
        }
    }

    #[test]
    fn knowledge_from_elsewhere_never_makes_a_decision_more_lenient(facts in some_facts(), policy in some_policy()) {
        let mut alone = facts.clone();
        alone.elsewhere = Elsewhere::default();
        if let (Ok(with), Ok(without)) = (decide(&facts, &policy), decide(&alone, &policy)) {
            if with.rule != Rule::Sibling {
                prop_assert!(with.decision >= without.decision, "{:?} {:?}", with, without);
                prop_assert!(with.assurance <= without.assurance);
            }
        }
    }

    #[test]
    fn another_problem_never_makes_a_decision_more_lenient_within_one_rule(
        facts in some_facts(), policy in some_policy(), kind in prop::sample::select(ProblemKind::ALL.to_vec())
    ) {
        let mut worse = facts.clone();
        worse.problems = worse.problems.with(kind);
        if let (Ok(before), Ok(after)) = (decide(&facts, &policy), decide(&worse, &policy)) {
            if before.rule == after.rule {
                prop_assert!(after.decision >= before.decision, "{:?}: {:?} {:?}", kind, before, after);
            }
        }
    }

    #[test]
    fn ca_only_accepts_only_what_is_ca_valid(facts in some_facts()) {
        let policy = Policy::preset("ca-only").unwrap();
        if let Some(outcome) = accepted(&facts, &policy) {
            prop_assert!(facts.ca_valid());
            prop_assert_eq!(outcome.assurance, Assurance::Verified);
        } else if let Some(decision) = decision(&facts, &policy) {
            prop_assert!(decision == Decision::Reject || !facts.possession || facts.ca_valid());
        }
    }

    #[test]
    fn without_possession_nothing_is_accepted_recorded_or_offered(mut facts in some_facts(), policy in some_policy()) {
        facts.possession = false;
        if let Ok(outcome) = decide(&facts, &policy) {
            prop_assert_ne!(outcome.decision, Decision::Accept);
            prop_assert_eq!(outcome.effects, Effects::default());
            prop_assert!(outcome.offered.is_empty() && !outcome.way_back);
        }
    }

    #[test]
    fn an_accept_rests_on_something(facts in some_facts(), policy in some_policy()) {
        let Some(outcome) = accepted(&facts, &policy) else { return Ok(()) };
        prop_assert_ne!(outcome.assurance, Assurance::None);
        if outcome.assurance == Assurance::Verified {
            prop_assert!(facts.ca_valid() || matches!(facts.dane, DaneAnswer::Ee | DaneAnswer::Ta));
        }
        match outcome.rule {
            Rule::Pinned | Rule::Staged => {
                let known = &facts.known.pins[outcome.pin_index.unwrap()];
                prop_assert!(facts.names_this(known));
                match known.pin.kind {
                    PinKind::Issuer => {
                        prop_assert!(known.path_verified);
                        prop_assert!(facts.problems.without(Problems::NO_CA_PATH).is_empty() || facts.stated_loopback || facts.stated_onion);
                    }
                    PinKind::Name => prop_assert!(facts.ca_path() && facts.leaf.names.contains(&"mail.example.org".to_owned())),
                    _ => {}
                }
            }
            Rule::Dane | Rule::CaValid => {}
            Rule::Sibling | Rule::FirstUse => {
                prop_assert!(outcome.effects.must_be_durable && !facts.cannot_write && !facts.clock_wrong());
                prop_assert!(facts.known.pins.is_empty() && facts.known.baseline.is_empty());
                prop_assert!(facts.known.tombstone.is_none() && facts.known.validated.is_none());
                prop_assert!(facts.elsewhere.objections.is_empty());
            }
            other => prop_assert!(false, "{:?} accepts", other),
        }
    }

    #[test]
    fn a_formerly_validated_endpoint_is_never_accepted_without_pin_or_validation(facts in some_facts(), policy in some_policy()) {
        let pinned = facts.known.pins.iter().any(|k| facts.names_this(k));
        let validated = facts.ca_valid() || matches!(facts.dane, DaneAnswer::Ee | DaneAnswer::Ta);
        if facts.known.validated.is_some() && !pinned && !validated {
            prop_assert!(accepted(&facts, &policy).is_none());
        }
    }

    #[test]
    fn a_known_endpoint_is_never_a_first_use(facts in some_facts(), policy in some_policy()) {
        if let Ok(outcome) = decide(&facts, &policy) {
            if facts.known_with_a_key() {
                prop_assert_ne!(outcome.pin, PinResult::FirstUse);
                prop_assert_ne!(outcome.pin, PinResult::Sibling);
            }
        }
    }

    #[test]
    fn stricter_presets_are_stricter(facts in some_facts(), name in prop::sample::select(vec!["careful", "strict", "rfc8314"])) {
        let usual = decision(&facts, &Policy::default());
        let strict = decision(&facts, &Policy::preset(name).unwrap());
        if let (Some(usual), Some(strict)) = (usual, strict) {
            prop_assert!(strict >= usual, "{}: {:?} {:?}", name, strict, usual);
        }
    }

    #[test]
    fn a_policy_under_a_mandatory_one_is_never_laxer_than_either_alone(
        facts in some_facts(), mine in some_policy(), floor in some_policy(), further in some_policy()
    ) {
        let mandatory = |policy: &Policy| {
            let mut policy = policy.clone();
            policy.set("mandatory", "yes").unwrap();
            LayerPolicies { store: Some(policy.to_map()), ..LayerPolicies::default() }
        };
        let together = mine.clone().above(&[mandatory(&floor), mandatory(&further)]).unwrap();
        // An error is no yes either.
        if let Some(decided) = decision(&facts, &together) {
            for alone in [&mine, &floor, &further] {
                prop_assert!(Some(decided) >= decision(&facts, alone), "{:?} {:?}", decided, alone);
            }
        }
    }

    #[test]
    fn outcomes_are_complete(facts in some_facts(), policy in some_policy()) {
        let Ok(outcome) = decide(&facts, &policy) else {
            prop_assert!(facts.ca_unavailable());
            return Ok(());
        };
        prop_assert!(!outcome.reasons.is_empty());
        for (index, code) in outcome.reasons.iter().enumerate() {
            prop_assert!(tofu::text::template(code).is_some(), "{}", code);
            prop_assert!(!outcome.reasons[..index].contains(code), "{} twice", code);
        }
        if let Some(kind) = outcome.suggested {
            prop_assert!(outcome.offered.contains(&kind));
        }
        prop_assert!(outcome.offered.is_empty() || outcome.decision == Decision::Ask || outcome.way_back);
        prop_assert!(!outcome.way_back || (outcome.rule == Rule::Downgrade && outcome.decision == Decision::Reject));
        prop_assert!(!outcome.typed_only || outcome.risk.code() == "high");
        prop_assert!(!outcome.may_add || outcome.risk.code() != "none" && outcome.risk.code() != "low");
        if outcome.rule == Rule::Downgrade && outcome.decision == Decision::Ask {
            prop_assert!(facts.anchors_left || facts.known.expect_change_until > facts.at());
        }
    }
}

#[test]
fn a_proof_of_the_known_key_explains_a_contradiction_but_makes_no_risk_low() {
    let mut facts = pinned(ca_valid("Old CA"), "old");
    facts.contradicted = true;
    facts.known.baseline[0] = sighting("old", Validation::Ca, Some("Old CA"));
    // Everything else speaks for the change: the same authority vouches for the new key.
    let strict = Policy::preset("strict").unwrap();
    let risk = |look| decide(&Facts { second_look: look, ..facts.clone() }, &strict).unwrap().risk;
    assert_eq!(risk(Looked::Not), Risk::High);
    assert_eq!(risk(Looked::KnownKey(0)), Risk::Medium);
}
