//! The pitfalls of `docs/pitfalls.md` by their numbers: 12 to 25 are about the decision, 34 to 39
//! about the person and the answer. The pitfalls of the store and of the connection are tested with
//! the store and the connection.

use crate::trust_support::*;
use tofu::endpoint::Endpoint;
use tofu::path::{ProblemKind, Problems};
use tofu::store::{NewPin, PinKind, PinState, PinValue};
use tofu::time::DAY;
use tofu::trust::{Decision, Flags, Risk};

const HOST: &str = "mail.example.org";

#[test]
fn pitfall_12_trust_in_a_certificate_is_bound_to_its_host() {
    let mut world = world("default", &[]);
    let chain = self_signed(&[HOST, "other.example"], "a", START, 90);
    let verdict = world.see(&chain);
    world.yes_kind(&verdict, PinKind::Certificate).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    world.at("other.example", 993);
    assert_eq!(world.see(&chain).decision(), Decision::Ask);
}

#[test]
fn pitfall_13_an_accepted_leaf_is_no_trust_anchor() {
    let mut world = world("default", &[]);
    let spec = Spec { ca: true, ..server(&[HOST], START, 3650) };
    let root = key("root");
    let own = chain(&[issue(&spec, &root, &spec, &root)]);
    world.pinned(&own);
    let other = issue(&server(&["bank.example"], START, 90), &key("x"), &spec, &root);
    let forged = chain(&[other, own.leaf().unwrap().clone()]);
    world.at("bank.example", 993);
    let verdict = world.see(&forged);
    assert_eq!(verdict.decision(), Decision::Ask);
    assert_eq!(verdict.assurance().code(), "none");
    world.at(HOST, 993);
    let same_host = issue(&server(&[HOST], START, 90), &key("y"), &spec, &root);
    assert_eq!(world.see(&chain(&[same_host, own.leaf().unwrap().clone()])).decision(), Decision::Ask);
}

#[test]
fn pitfall_14_names_and_serials_that_an_attacker_can_copy_do_not_match() {
    let world = world("default", &[]);
    let own = self_signed(&[HOST], "own", START, 90);
    world.pinned(&own);
    let twin = self_signed(&[HOST], "twin", START, 90);
    let (a, b) = (own.leaf().unwrap(), twin.leaf().unwrap());
    assert_eq!((a.serial(), a.subject(), a.not_after()), (b.serial(), b.subject(), b.not_after()));
    assert_eq!(world.see(&twin).decision(), Decision::Ask);
}

#[test]
fn pitfall_15_an_issuer_pin_counts_on_a_validated_path_only() {
    let private = ca("Private");
    let world = world("default", &[]);
    world.yes(&world.see(&private.with_root(&[HOST], "k", START, 90))).unwrap();
    let evil = self_signed(&[HOST], "evil", START, 90);
    let sent = chain(&[evil.leaf().unwrap().clone(), private.root.clone()]);
    assert_eq!(say(&world.see(&sent)), "ask none changed downgrade high");
    assert!(world.see(&sent).may_type());
}

#[test]
fn pitfall_16_short_and_weak_fingerprints_are_refused() {
    let full = tofu::hash::Hash::of(b"x").hex();
    for text in [&full[..16], &full[..32], &full[..40], &full[1..]] {
        assert!(tofu::trust::parse_fingerprint(text).is_err(), "{text}");
    }
    assert!(tofu::trust::parse_fingerprint(&full).is_ok());
}

#[test]
fn pitfall_17_a_formerly_ca_valid_server_that_is_self_signed_now_is_a_downgrade() {
    let authority = ca("Let's Encode");
    for preset in ["default", "accept-new", "careful", "local", "rfc8314", "strict", "ca-only"] {
        let world = world(preset, &[&authority]);
        world.see(&authority.leaf(&[HOST], "k", START - DAY, 90));
        let verdict = world.see(&self_signed(&[HOST], "evil", START, 90));
        assert_eq!(verdict.decision(), Decision::Reject, "{preset}");
    }
}

#[test]
fn pitfall_18_a_new_ca_valid_key_does_not_overwrite_a_pin_silently() {
    let authority = ca("Let's Encode");
    let world = world("default", &[&authority]);
    world.pinned(&self_signed(&[HOST], "own", START, 90));
    let verdict = world.see(&authority.leaf(&[HOST], "k", START - DAY, 90));
    assert_eq!(verdict.change().code(), "upgrade");
    assert!(verdict.risk() >= Risk::Medium);
    assert_eq!(world.record().unwrap().pins[0].state, PinState::Trusted);
    assert!(world.record().unwrap().validated.is_none(), "provisional until it has lasted");
}

#[test]
fn pitfall_19_a_pin_waives_what_was_shown_and_no_more() {
    let unknown = ca("Unknown");
    let mut world = world("default", &[]);
    let chain = unknown.leaf(&[HOST], "k", START - DAY, 30);
    let verdict = world.see(&chain);
    assert_eq!(verdict.problem_kinds().without(Problems::NO_CA_PATH), Problems::NONE);
    world.yes_kind(&verdict, PinKind::Key).unwrap();
    world.days_later(40);
    let verdict = world.see(&chain);
    assert_eq!(verdict.pin_result().code(), "new-problem");
    assert!(verdict.problem_kinds().contains(ProblemKind::Expired));
    // Accepted now, the expiry is waived until a date only.
    world.yes_kind(&verdict, PinKind::Key).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    world.days_later(8);
    assert_eq!(world.see(&chain).pin_result().code(), "new-problem");
}

#[test]
fn pitfall_20_blocked_comes_before_accepted_and_before_ca_valid() {
    let authority = ca("Let's Encode");
    let world = world("default", &[&authority]);
    let (own, valid) = (self_signed(&["own.example"], "own", START, 90), authority.leaf(&[HOST], "k", START - DAY, 90));
    world.see(&valid);
    let spki = valid.leaf().unwrap().spki();
    world.store.block(None, PinKind::Key, spki, "", START).unwrap();
    assert_eq!(say(&world.see(&valid)), "reject none blocked none high");
    // The anchor's key blocks everything below it, although it was not sent.
    let other = authority.leaf(&[HOST], "k2", START - DAY, 90);
    world.store.block(None, PinKind::Key, authority.root.spki(), "", START).unwrap();
    assert_eq!(world.see(&other).pin_result().code(), "blocked");
    let mut world = world;
    world.at("own.example", 993).pinned(&own);
    world
        .store
        .block(Some(&world.endpoint), PinKind::Certificate, own.leaf().unwrap().fingerprint(), "", START)
        .unwrap();
    assert_eq!(world.see(&own).pin_result().code(), "blocked");
}

#[test]
fn pitfall_21_all_problems_are_reported() {
    let unknown = ca("Unknown");
    let world = world("default", &[]);
    let verdict = world.see(&unknown.leaf(&["old.example"], "k", START - 400 * DAY, 365));
    let kinds = verdict.problem_kinds();
    assert!(kinds.contains(ProblemKind::Expired) && kinds.contains(ProblemKind::HostMismatch));
    assert!(!kinds.intersection(Problems::NO_CA_PATH).is_empty());
}

#[test]
fn pitfall_22_trust_never_widens_to_ports_hosts_or_accounts() {
    let mut world = world("default", &[]);
    let chain = self_signed(&[HOST, "b.example"], "a", START, 90);
    world.pinned(&chain);
    for (account, host, port) in [("", HOST, 443), ("", "b.example", 993), ("ann", HOST, 993), ("ann", HOST, 143)] {
        world.endpoint = Endpoint::parse(account, host, port).unwrap();
        assert_eq!(world.see(&chain).decision(), Decision::Ask, "{}", world.endpoint);
    }
}

#[test]
fn pitfall_23_early_renewals_by_the_same_authority_ring_no_alarm() {
    let authority = ca("Let's Encode");
    let mut world = world("careful", &[&authority]);
    for renewal in 0..5 {
        world.days_later(3);
        let verdict = world.see(&authority.leaf(&[HOST], &format!("k{renewal}"), world.now - DAY, 90));
        assert_eq!(verdict.decision(), Decision::Accept);
        assert!(verdict.risk() <= Risk::Low);
    }
    assert_eq!(world.store.read(|tx| tx.changed_since(&tofu::endpoint::Account::default(), 0)).unwrap(), 0);
}

#[test]
fn pitfall_24_many_hosts_changing_at_once_stop_accept_new_and_are_told() {
    let mut world = world("accept-new", &[]);
    for host in ["a.example", "b.example", "c.example"] {
        world.at(host, 993).see(&self_signed(&[host], host, START - DAY, 3650));
    }
    world.days_later(30);
    for host in ["a.example", "b.example", "c.example"] {
        let chain = self_signed(&[host], "proxy", world.now - DAY, 3650);
        assert_eq!(world.at(host, 993).see(&chain).decision(), Decision::Ask);
    }
    let verdict = world.at(HOST, 993).see(&self_signed(&[HOST], "proxy", START - DAY, 3650));
    assert_eq!(say(&verdict), "ask none first-use none high");
    assert!(words(&verdict).contains("an attacker, a company's proxy"));
}

#[test]
fn pitfall_25_an_existing_account_is_not_offered_a_pin_and_a_pinned_session_is_not_called_verified() {
    let mut world = world("rfc8314", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let verdict = world.see(&chain);
    assert!(verdict.decision() == Decision::Reject && verdict.offered().is_empty());
    world.flags = Flags { setup: true, ..Flags::default() };
    world.yes(&world.see(&chain)).unwrap();
    world.flags = Flags::default();
    assert_eq!(world.see(&chain).assurance().code(), "pinned");
    world.store.undo(None, START).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Reject);
}

#[test]
fn pitfall_34_nothing_reassures_beyond_what_was_checked() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    world.pinned(&self_signed(&[HOST], "a", START, 90));
    let mut texts = vec![words(&world.see(&self_signed(&[HOST], "b", START, 90)))];
    texts.push(words(&world.see(&self_signed(&[HOST], "a", START, 90))));
    world.at("other.example", 993);
    texts.push(words(&world.see(&authority.leaf(&[HOST], "k", START, 90))));
    for text in texts {
        for word in ["is valid", "secure", "safe", "trustworthy", "genuine", "verified"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn pitfall_35_the_same_question_has_one_id_and_blocks_nobody() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let (one, two) = (world.see(&chain), world.see(&chain));
    assert_eq!(one.id(), two.id());
    assert_ne!(one.id(), world.see(&self_signed(&[HOST], "b", START, 90)).id());
    fn travels<T: Send + Sync + Clone + 'static>(_: T) {}
    travels(one);
}

#[test]
fn pitfall_36_what_a_certificate_says_is_shown_harmless() {
    let spec = Spec { common: "\u{1b}[31m<b>\u{202e}".to_owned(), ..server(&["x\u{200b}y\nz"], START, 90) };
    let evil = key("evil");
    let verdict = world("default", &[]).see(&chain(&[issue(&spec, &evil, &spec, &evil)]));
    let all = verdict.to_text(80) + &verdict.to_json().to_string();
    assert!(all.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(!all.contains('\u{202e}') && !all.contains('\u{200b}'));
    assert!(verdict.to_text(80).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn pitfall_37_the_names_shown_are_the_names_that_count() {
    let spec = Spec { common: HOST.to_owned(), ..server(&["evil.example"], START, 90) };
    let evil = key("evil");
    let verdict = world("default", &[]).see(&chain(&[issue(&spec, &evil, &spec, &evil)]));
    assert!(words(&verdict).contains("For evil.example Subject"), "{}", words(&verdict));
}

#[test]
fn pitfall_38_always_sticks_and_serves_the_other_mail_ports() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let chain = self_signed(&[HOST], "a", START, 3650);
    world.pinned(&chain);
    for port in [465, 587, 4190] {
        assert_eq!(world.at(HOST, port).see(&chain).decision(), Decision::Accept, "{port}");
    }
    for _ in 0..40 {
        world.days_later(80);
        assert_eq!(world.at(HOST, 993).see(&chain).decision(), Decision::Accept);
    }
}

#[test]
fn pitfall_39_only_an_accept_may_send_credentials() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let chain = self_signed(&[HOST], "a", START, 90);
    assert!(!world.see(&chain).may_send_credentials());
    world.pinned(&chain);
    assert!(world.see(&chain).may_send_credentials());
    world.flags = Flags { unproven: true, ..Flags::default() };
    assert!(!world.see(&chain).may_send_credentials());
    assert!(!world.see(&authority.leaf(&[HOST], "k", START, 90)).may_send_credentials());
}

#[test]
fn a_typed_pin_fixes_its_waiver_at_its_first_match() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let value = PinValue::Sha256(chain.leaf().unwrap().spki());
    let typed =
        NewPin { kind: PinKind::Key, state: PinState::Trusted, value, cert: None, expires: 0, comment: String::new() };
    world.store.add_pin(&world.endpoint, &typed, START).unwrap();
    assert_eq!(world.record().unwrap().pins[0].waiver, None);
    assert_eq!(say(&world.see(&chain)), "accept pinned match none none");
    assert!(world.record().unwrap().pins[0].waiver.is_some_and(|waiver| waiver.contains(ProblemKind::SelfSigned)));
    assert_eq!(world.see(&self_signed(&["x.example"], "a", START, 90)).pin_result().code(), "new-problem");
}
