//! What a validation rested on: the system, the store, one program, or a person's own yes (rules 8 and 8b).

use crate::trust_support::*;
use tofu::cert::Cert;
use tofu::store::{Event, Forget, Ground, PinKind, PinState, Severity, Store};
use tofu::time::DAY;
use tofu::trust::{self, Answer, Decision, Policy, Risk, Rule, TrustError, Verdict};

const HOST: &str = "mail.example.org";

/// A world of which the roots belong to the program alone; the store's policy knows none.
fn program(roots: &[&Ca]) -> World {
    World { store: store_with(&[]), ..world("default", roots) }
}

/// The same store, seen by a program without roots of its own.
fn without_roots(world: &World) -> impl Fn(&tofu::path::Chain) -> Verdict {
    let policy = policy("default", &[]);
    let (endpoint, now) = (world.endpoint.clone(), world.now);
    move |chain| {
        let check = trust::Check { policy: Some(&policy), ..trust::Check::new(&endpoint, chain, now) };
        trust::check(&world.store, &check).unwrap()
    }
}

fn events(store: &Store) -> Vec<Event> {
    (1..100).filter_map(|id| store.read(|tx| tx.event(id)).unwrap()).collect()
}

fn highest_event(store: &Store) -> Severity {
    events(store).iter().map(|event| event.severity).max().unwrap()
}

fn grounds(world: &World) -> Vec<Ground> {
    world.record().unwrap().validated.unwrap().by
}

/// The same record as a version wrote it that did not know the field.
fn forget_the_grounds(world: &World) {
    world.edit(|record| {
        let validated = record.validated.as_mut().unwrap();
        validated.by.clear();
        validated.anchors.iter_mut().for_each(|anchor| anchor.by = None);
    });
}

fn answer(world: &World, verdict: &Verdict, kind: Option<PinKind>, typed: &str) -> Result<(), TrustError> {
    let answer = Answer { now: world.now, kind, typed: Some(typed.to_owned()), ..Answer::default() };
    trust::trust(&world.store, verdict, &answer)
}

fn leaf(chain: &tofu::path::Chain) -> Cert {
    chain.leaf().unwrap().clone()
}

#[test]
fn the_record_says_whether_the_store_or_one_program_gave_the_root() {
    let corp = ca("Corp");
    let of_store = world("default", &[&corp]);
    of_store.see(&corp.leaf(&[HOST], "a", START - DAY, 90));
    assert_eq!(grounds(&of_store), [Ground::Store]);
    let own = program(&[&corp]);
    own.see(&corp.leaf(&[HOST], "a", START - DAY, 90));
    assert_eq!(grounds(&own), [Ground::Program]);
    assert_eq!(own.record().unwrap().baseline[0].anchor.as_ref().unwrap().by, Some(Ground::Program));
    // The endpoint's own stored policy is every program's too.
    own.edit(|record| record.policy = Some(policy("default", &[&corp]).to_map()));
    own.see(&corp.leaf(&[HOST], "a", START - DAY, 90));
    assert_eq!(grounds(&own), [Ground::Store, Ground::Program]);
    assert_eq!(own.store.verify().unwrap().problems, [""; 0]);
}

#[test]
fn a_program_without_the_root_is_told_so_and_asked_at_medium_risk_also_after_a_renewal() {
    let corp = ca("Corp");
    let mut world = program(&[&corp]);
    let first = corp.leaf(&[HOST], "a", START - DAY, 90);
    assert_eq!(world.see(&first).decision(), Decision::Accept);
    for chain in [first, corp.leaf(&[HOST], "b", START + 60 * DAY, 90)] {
        let verdict = without_roots(&world)(&chain);
        assert_eq!((verdict.decision(), verdict.rule(), verdict.risk()), (Decision::Ask, Rule::Vouched, Risk::Medium));
        assert!(because(&verdict, "other-program") && !verdict.may_type());
        let text = words(&verdict);
        assert!(
            text.contains("Another program on this computer accepts") && text.contains("the authority Corp"),
            "{text}"
        );
        for untrue in ["no longer valid", "another key", "antivirus", "vouched for until"] {
            assert!(!text.contains(untrue), "{untrue}: {text}");
        }
        // What helps is offered: the authority, although the server does not send it.
        assert!(verdict.offered().contains(&PinKind::Issuer));
        world.days_later(61);
    }
    assert_eq!(highest_event(&world.store), Severity::Notice);
}

#[test]
fn an_authority_pinned_in_one_program_and_given_to_another_is_no_upgrade_in_either() {
    let corp = ca("Corp");
    let mut world = program(&[&corp]);
    let chain = corp.leaf(&[HOST], "a", START - DAY, 90);
    world.see(&chain);
    let verdict = without_roots(&world)(&chain);
    world.yes_kind(&verdict, PinKind::Issuer).unwrap();
    assert_eq!(without_roots(&world)(&chain).decision(), Decision::Accept);
    world.days_later(61);
    let renewed = corp.leaf(&[HOST], "b", world.now - DAY, 90);
    for chain in [&chain, &renewed] {
        let verdict = world.see(chain);
        assert!(!because(&verdict, "upgrade-begins"), "{:?}", reasons(&verdict));
        assert_eq!((verdict.decision(), world.record().unwrap().upgrade), (Decision::Accept, None));
        assert_eq!(without_roots(&world)(chain).decision(), Decision::Accept);
    }
}

#[test]
fn another_chain_where_one_program_gave_the_root_takes_the_typed_fingerprint_and_no_less() {
    let corp = ca("Corp");
    let world = program(&[&corp]);
    world.see(&corp.leaf(&[HOST], "a", START - DAY, 90));
    let stranger = self_signed(&[HOST], "b", START - DAY, 90);
    let verdict = without_roots(&world)(&stranger);
    assert_eq!((verdict.rule(), verdict.risk()), (Rule::Vouched, Risk::High));
    assert!(verdict.may_type() && verdict.suggested().is_none());
    assert!(matches!(world.yes_kind(&verdict, PinKind::Key), Err(TrustError::NotOffered(_))));
    answer(&world, &verdict, None, &leaf(&stranger).fingerprint().hex()).unwrap();
    assert_eq!(world.record().unwrap().pins[0].kind, PinKind::Key);
    assert_eq!(without_roots(&world)(&stranger).decision(), Decision::Accept);
}

#[test]
fn an_older_versions_record_keeps_the_strict_reading() {
    let corp = ca("Corp");
    let world = program(&[&corp]);
    world.see(&corp.leaf(&[HOST], "a", START - DAY, 90));
    forget_the_grounds(&world);
    let stranger = self_signed(&[HOST], "b", START - DAY, 90);
    assert_eq!(world.see(&stranger).rule(), Rule::Downgrade);
    // Later sightings add to it and do not replace it.
    world.see(&corp.leaf(&[HOST], "a", START - DAY, 90));
    assert_eq!(grounds(&world), [Ground::System, Ground::Program]);
    assert_eq!(world.see(&stranger).decision(), Decision::Reject);
}

/// Ways in which a person takes an issuer or name pin back.
type TakeBack = fn(&World);

const TAKING_BACK: [(&str, TakeBack); 4] = [
    ("undo", |w| drop(w.store.undo(None, w.now).unwrap())),
    ("retire", |w| {
        let id = w.record().unwrap().pins[0].id;
        w.store.set_pin_state(id, PinState::Retired, w.now).unwrap();
    }),
    ("forget the pin", |w| w.store.forget_pin(w.record().unwrap().pins[0].id, w.now).unwrap()),
    ("forget", |w| w.store.forget(&w.endpoint, Forget::ALL, w.now).unwrap()),
];

#[test]
fn validation_that_rests_on_a_yes_goes_with_it_and_the_next_contact_asks() {
    let (corp, public) = (ca("Corp"), ca("Public"));
    let issuer: (World, _, _) = (world("default", &[]), corp.with_root(&[HOST], "a", START - DAY, 90), PinKind::Issuer);
    let name = (world("default", &[&public]), public.leaf(&["srv12.p.example"], "a", START - DAY, 90), PinKind::Name);
    for (world, chain, kind) in [issuer, name] {
        for (how, take_back) in TAKING_BACK {
            let world =
                World { store: store_with(&[&public]), policy: world.policy.clone(), ..self::world("default", &[]) };
            let verdict = world.see(&chain);
            world.yes_kind(&verdict, kind).unwrap();
            assert_eq!(world.see(&chain).decision(), Decision::Accept);
            assert_eq!(grounds(&world), [Ground::Person]);
            take_back(&world);
            let verdict = world.see(&chain);
            let which = format!("{kind:?}, {how}: {:?} {}", verdict.rule(), words(&verdict));
            assert_eq!(verdict.decision(), Decision::Ask, "{which}");
            assert!(matches!(verdict.rule(), Rule::Changed | Rule::FirstUse), "{which}");
            for untrue in ["another key", "other key", "vouched for until", "has changed", "antivirus"] {
                assert!(!words(&verdict).contains(untrue), "{untrue}: {which}");
            }
            assert!(highest_event(&world.store) <= Severity::Notice, "{which}");
            // The same yes can be given again, and another key still is another key.
            world.yes_kind(&verdict, kind).unwrap();
            assert_eq!(world.see(&chain).decision(), Decision::Accept, "{which}");
        }
    }
}

#[test]
fn where_the_yes_stands_another_chain_asks_at_high_risk_and_says_only_what_was_compared() {
    let (corp, other, public) = (ca("Corp"), ca("Other"), ca("Public"));
    let world = world("default", &[&public]);
    world.yes_kind(&world.see(&corp.with_root(&[HOST], "a", START - DAY, 90)), PinKind::Issuer).unwrap();
    let new_authority = other.with_root(&[HOST], "b", START - DAY, 90);
    let verdict = world.see(&new_authority);
    assert_eq!(say(&verdict), "ask none changed downgrade high");
    assert_eq!(verdict.rule(), Rule::Vouched);
    assert!(words(&verdict).contains("does not lead to that authority"), "{}", words(&verdict));
    // The fingerprint of the new authority, which was sent, answers it and trusts that authority.
    assert!(matches!(
        answer(&world, &verdict, Some(PinKind::Key), &other.root.fingerprint().hex()),
        Err(TrustError::Typed(_))
    ));
    answer(&world, &verdict, None, &other.root.fingerprint().hex()).unwrap();
    assert_eq!(world.see(&other.with_root(&[HOST], "c", START - DAY, 90)).decision(), Decision::Accept);

    let hosted = self::world("default", &[&public]);
    hosted.yes_kind(&hosted.see(&public.leaf(&["srv12.p.example"], "a", START - DAY, 90)), PinKind::Name).unwrap();
    let verdict = hosted.see(&public.leaf(&["srv34.p.example"], "b", START - DAY, 90));
    assert_eq!((verdict.rule(), verdict.decision()), (Rule::Vouched, Decision::Ask));
    assert!(!words(&verdict).contains("nothing vouches"), "{}", words(&verdict));
    assert!(words(&verdict).contains("presents another key, in a certificate that is not valid for that name"));
}

#[test]
fn what_was_validated_by_a_shared_root_too_stays_a_downgrade_when_a_pin_is_taken_back() {
    let (corp, public) = (ca("Corp"), ca("Public"));
    let mut world = world("default", &[&public]);
    world.see(&public.leaf(&[HOST], "a", START - DAY, 90));
    let own = corp.with_root(&[HOST], "b", START - DAY, 90);
    world.typed(&world.see(&own), &leaf(&own).fingerprint().hex()).unwrap();
    world.store.forget(&world.endpoint, Forget::ALL, world.now).unwrap();
    assert_eq!(world.days_later(1).see(&own).rule(), Rule::Downgrade);
}

#[test]
fn under_strict_no_sentence_speaks_of_a_change_where_there_is_none() {
    let public = ca("Public");
    let world = world("default", &[&public]);
    let chain = public.leaf(&[HOST], "a", START - DAY, 90);
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    let strict = World { policy: policy("strict", &[&public]), ..world };
    let verdict = strict.see(&chain);
    assert_eq!(say(&verdict), "reject none changed none low");
    let text = words(&verdict);
    for untrue in ["has changed", "new certificate", "another", "replaced"] {
        assert!(!text.contains(untrue), "{untrue}: {text}");
    }
    assert!(text.contains("only pinned keys count here"), "{text}");
    // And none at a first contact says that nothing vouches for what an authority vouches for.
    let first = World { store: store_with(&[&public]), ..strict };
    let text = words(&first.see(&chain));
    assert!(text.contains("Its certificate is valid") && !text.contains("nothing that this device trusts"), "{text}");
    // Another key is still said to be one.
    let other = World { policy: policy("default", &[&public]), ..first };
    other.see(&chain);
    let strict = World { policy: policy("strict", &[&public]), ..other };
    let verdict = strict.see(&public.leaf(&[HOST], "b", START - DAY, 90));
    assert!(words(&verdict).contains("has changed"), "{}", words(&verdict));
}

#[test]
fn a_pinned_certificates_key_in_another_certificate_is_not_called_another_key() {
    let world = world("default", &[]);
    let first = self_signed(&[HOST], "a", START - DAY, 90);
    world.yes_kind(&world.see(&first), PinKind::Certificate).unwrap();
    let verdict = world.see(&self_signed(&[HOST], "a", START, 120));
    assert_eq!(say(&verdict), "ask none changed renewed-same-key low");
    assert!(words(&verdict).contains("The key is the same") && !words(&verdict).contains("has changed"));
    assert!(
        words(&world.see(&self_signed(&[HOST], "b", START, 120))).contains("The key of mail.example.org has changed")
    );
}

#[test]
fn a_downgrade_says_whether_the_key_is_known_and_whether_a_path_exists() {
    let public = ca("Public");
    let mut world = world("default", &[&public]);
    world.see(&public.leaf(&[HOST], "a", START - DAY, 300));
    world.days_later(60);
    world.see(&public.leaf(&[HOST], "b", world.now - DAY, 90));
    for (chain, says) in [
        (
            self_signed(&[HOST], "a", world.now - DAY, 90),
            "presents a key known from before, which is no longer vouched for",
        ),
        (
            public.leaf(&["other.example"], "c", world.now - DAY, 90),
            "another key, in a certificate that is not valid for it",
        ),
        (self_signed(&[HOST], "c", world.now - DAY, 90), "another key that nothing vouches for"),
    ] {
        let verdict = world.see(&chain);
        assert_eq!(verdict.rule(), Rule::Downgrade);
        assert!(words(&verdict).contains(says), "{says}: {}", words(&verdict));
    }
}

#[test]
fn what_was_typed_is_what_is_trusted() {
    let corp = ca("Corp");
    let chain = corp.with_root(&[HOST], "a", START - DAY, 90);
    let kinds = |kind, typed: String| {
        let world = world("default", &[]);
        let verdict = world.see(&chain);
        assert_eq!(verdict.suggested(), Some(PinKind::Issuer));
        answer(&world, &verdict, kind, &typed).map(|()| world.record().unwrap().pins[0].kind)
    };
    let certificate = leaf(&chain).fingerprint().hex();
    assert_eq!(kinds(None, certificate.clone()).unwrap(), PinKind::Key);
    assert_eq!(kinds(None, leaf(&chain).spki().hex()).unwrap(), PinKind::Key);
    assert_eq!(kinds(Some(PinKind::Certificate), certificate.clone()).unwrap(), PinKind::Certificate);
    assert_eq!(kinds(Some(PinKind::Issuer), certificate).unwrap(), PinKind::Issuer);
    assert_eq!(kinds(None, corp.root.fingerprint().hex()).unwrap(), PinKind::Issuer);
    assert_eq!(kinds(Some(PinKind::Issuer), corp.root.spki().hex()).unwrap(), PinKind::Issuer);
    assert!(matches!(kinds(Some(PinKind::Key), corp.root.spki().hex()), Err(TrustError::Typed(_))));
    assert!(matches!(kinds(None, "ab".repeat(32)), Err(TrustError::Typed(_))));
}

#[test]
fn a_name_pin_matches_what_it_was_taken_for_or_is_not_offered() {
    let public = ca("Public");
    for (presented, offered) in [
        ("srv12.p.example", true),
        ("SRV12.P.example", true),
        ("srv12.p.example.", false),
        ("*.p.example", true),
        ("*.p.example.", false),
        ("m\u{fc}nchen.p.example", false),
        ("xn--mnchen-3ya.p.example", true),
        ("*.example.", false),
        ("*.example", false),
        ("mail.example.org:993", false),
        ("a..example", false),
        ("*", false),
    ] {
        let world = world("default", &[&public]);
        let chain = public.leaf(&[presented], "a", START - DAY, 90);
        let verdict = world.see(&chain);
        assert_eq!(verdict.offered().contains(&PinKind::Name), offered, "{presented}");
        if offered {
            world.yes_kind(&verdict, PinKind::Name).unwrap();
            assert_eq!(say(&world.see(&chain)), "accept pinned match none none", "{presented}");
            let renewed = public.leaf(&[presented], "b", START, 90);
            assert_eq!(world.see(&renewed).decision(), Decision::Accept, "{presented}");
            let other = public.leaf(&["srv13.p.example"], "c", START, 90);
            assert_ne!(world.see(&other).decision(), Decision::Accept, "{presented}");
        } else {
            assert!(matches!(world.yes_kind(&verdict, PinKind::Name), Err(TrustError::NotOffered(_))), "{presented}");
            // As a certificate must not present it no host is covered by it, and no pin can be.
            assert_eq!(world.record().map(|record| record.pins.len()).unwrap_or(0), 0);
        }
    }
}

#[test]
fn a_yes_after_which_the_rules_would_not_accept_stores_nothing() {
    let corp = ca("Corp");
    let mut world = world("default", &[]);
    let chain = corp.with_root(&[HOST], "a", START - 90 * DAY + 3600, 90);
    let verdict = world.see(&chain);
    // The certificate ends between the question and the answer; the issuer pin does not waive that.
    world.now += 2 * 3600;
    for session in [false, true] {
        let answer = Answer { now: world.now, kind: Some(PinKind::Issuer), session, ..Answer::default() };
        match trust::trust(&world.store, &verdict, &answer) {
            Err(TrustError::NotOffered(why)) => assert!(why.contains("nothing was stored"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let record = world.record().unwrap();
    assert!(record.pins.is_empty() && record.baseline.is_empty());
    assert!(events(&world.store).iter().all(|event| event.code != "trusted"));
}

#[test]
fn a_dry_run_with_a_stated_time_is_judged_at_that_time_and_any_other_check_is_not() {
    let public = ca("Public");
    let mut world = world("default", &[&public]);
    world.now = 1_420_070_400;
    let chain = public.leaf(&[HOST], "a", world.now - DAY, 90);
    let old = Ca { root: public.root.clone(), ..ca("Public") };
    let old_root = issue(&Spec { from: world.now - 3650 * DAY, ..authority("Public") }, &old.key, &old.spec, &old.key);
    world.policy = Policy::preset("default").unwrap();
    world.policy.set("system-roots", "no").unwrap();
    world.policy.add_root(old_root);
    let flags = |dry_run, stated_time| tofu::trust::Flags { dry_run, stated_time, ..Default::default() };
    world.flags = flags(true, true);
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "accept verified none none none");
    assert!(!because(&verdict, "clock-wrong"));
    assert_eq!(verdict.at(), world.now);
    for flags in [flags(true, false), flags(false, true), flags(false, false)] {
        world.flags = flags;
        let verdict = world.see(&chain);
        assert_ne!(verdict.decision(), Decision::Accept);
        assert!(because(&verdict, "clock-wrong"));
    }
    // And nothing is trusted by it: the answer is judged as any other.
    world.flags = flags(true, true);
    let own = self_signed(&[HOST], "own", world.now - DAY, 90);
    let verdict = world.see(&own);
    assert!(!because(&verdict, "clock-wrong") && verdict.decision() == Decision::Ask);
    world.yes(&verdict).unwrap();
    assert!(world.record().unwrap().pins[0].created >= tofu::trust::facts::RELEASED);
}

#[test]
fn ca_only_skips_pins_and_no_caution() {
    let (first, second) = (ca("First"), ca("Second"));
    let mut asks = policy("ca-only", &[&first, &second]);
    asks.set("issuer-change", "ask").unwrap();
    let mut world = World { policy: asks, ..world("default", &[&first, &second]) };
    world.see(&first.leaf(&[HOST], "a", START - DAY, 90));
    world.days_later(30);
    let moved = second.leaf(&[HOST], "b", world.now - DAY, 90);
    let verdict = world.see(&moved);
    assert_eq!(say(&verdict), "ask none none issuer-changed medium");
    world.yes(&verdict).unwrap();
    assert_eq!(world.see(&moved).decision(), Decision::Accept);

    // A person bound this endpoint to one key, although any valid certificate would have done.
    let bound = self::world("default", &[&first]);
    let chain = first.leaf(&[HOST], "a", START - DAY, 90);
    bound.see(&chain);
    bound.edit(|record| {
        let waiver = Some(tofu::path::Problems::NONE);
        let value = tofu::store::PinValue::Sha256(chain.leaf().unwrap().spki());
        let known = facts::pin(PinKind::Key, "a", PinState::Trusted, waiver).pin;
        record.pins.push(tofu::store::Pin { id: 7, value, cert: None, ..known });
    });
    let only = World { policy: policy("ca-only", &[&first]), ..bound };
    assert_eq!(only.see(&chain).decision(), Decision::Accept);
    assert_eq!(say(&only.see(&first.leaf(&[HOST], "b", START - DAY, 90))).split(' ').next(), Some("reject"));
}
