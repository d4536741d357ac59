//! What servers do over weeks and years, each as a scenario with real certificates on a real store.

mod advice;

use crate::trust_support::*;
use tofu::store::{PinKind, PinState};
use tofu::time::DAY;
use tofu::trust::{Decision, Flags, PinResult};

const HOST: &str = "mail.example.org";

#[test]
fn a_self_signed_server_is_asked_about_once_and_then_pinned() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START - DAY, 365);
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "ask none first-use none none");
    assert_eq!(verdict.suggested(), Some(PinKind::Key));
    assert_eq!(verdict.offered(), [PinKind::Key, PinKind::Certificate]);
    assert!(!verdict.may_send_credentials());
    world.yes(&verdict).unwrap();
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "accept pinned match none none");
    assert!(verdict.may_send_credentials());
    let renewed = self_signed(&[HOST], "a", START, 700);
    assert_eq!(say(&world.see(&renewed)), "accept pinned match renewed-same-key none");
}

#[test]
fn renewals_every_60_days_with_new_keys_and_changing_intermediates_are_silent() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    for renewal in 0..40 {
        let number = usize::try_from(renewal % 4).unwrap();
        let chain = authority.below(number, &[HOST], &format!("key {renewal}"), world.now - DAY, 90);
        for _ in 0..3 {
            let verdict = world.see(&chain);
            assert_eq!(verdict.decision(), Decision::Accept, "{renewal}: {:?}", reasons(&verdict));
            assert_eq!(verdict.assurance().code(), "verified");
            assert!(verdict.risk() <= tofu::trust::Risk::Low);
            world.days_later(20);
        }
    }
    let logged = world.store.read(|tx| tx.changed_since(&tofu::endpoint::Account::default(), 0)).unwrap();
    assert_eq!(logged, 0);
}

#[test]
fn expired_for_three_days_asks_at_low_risk_and_trust_ends_with_the_renewal() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let chain = authority.leaf(&[HOST], "k", START - DAY, 90);
    world.see(&chain);
    world.days_later(80);
    world.see(&chain);
    world.days_later(12);
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "ask none none lapsed low");
    world.yes(&verdict).unwrap();
    assert_eq!(say(&world.see(&chain)), "accept pinned match none none");
    let renewed = authority.leaf(&[HOST], "k", world.now, 90);
    assert_eq!(world.see(&renewed).assurance().code(), "verified");
    assert!(world.record().unwrap().pins.is_empty());
    world.days_later(100);
    assert_eq!(say(&world.see(&renewed)), "ask none none lapsed low");
}

#[test]
fn trust_given_to_a_lapsed_certificate_ends_after_seven_days() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let chain = authority.leaf(&[HOST], "k", START - DAY, 90);
    world.see(&chain);
    world.days_later(92);
    world.yes(&world.see(&chain)).unwrap();
    world.days_later(6);
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    world.days_later(2);
    assert_eq!(say(&world.see(&chain)), "ask none expired none low");
}

#[test]
fn a_newer_expired_certificate_after_a_holiday_asks_at_medium_risk() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    world.see(&authority.leaf(&[HOST], "k1", START - DAY, 20));
    world.days_later(60);
    let newer = authority.leaf(&[HOST], "k2", START + 10 * DAY, 47);
    assert_eq!(say(&world.see(&newer)), "ask none none no-longer-valid medium");
    world.days_later(40);
    assert_eq!(say(&world.see(&newer)), "reject none changed downgrade high");
}

#[test]
fn shared_hosting_is_advised_to_use_the_providers_name_and_gets_a_name_pin_on_request() {
    let authority = ca("Let's Encode");
    let world = world("default", &[&authority]);
    let chain = authority.leaf(&["*.provider.example", "provider.example"], "k", START - DAY, 90);
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "ask none first-use none none");
    assert_eq!(verdict.suggested(), None);
    assert!(verdict.offered().contains(&PinKind::Name));
    let text = verdict.to_text(80);
    assert!(text.contains("Set the server name"), "{text}");
    assert!(text.contains("*.provider.example"), "{text}");
    assert!(world.yes(&verdict).is_err(), "nothing is preselected");
    world.yes_kind(&verdict, PinKind::Name).unwrap();
    assert_eq!(say(&world.see(&chain)), "accept pinned match none none");
    // Another key under the same name is silent, another name is not.
    let renewed = authority.leaf(&["*.provider.example", "provider.example"], "k2", START - DAY, 90);
    assert_eq!(world.see(&renewed).decision(), Decision::Accept);
    let literal = authority.leaf(&["evil.provider.example"], "k3", START - DAY, 90);
    assert_eq!(say(&world.see(&literal)), "ask none changed downgrade high");
    assert!(world.see(&literal).may_type());
}

#[test]
fn a_name_that_no_server_can_have_is_never_offered_as_a_name_pin() {
    let authority = ca("Let's Encode");
    let world = world("default", &[&authority]);
    for names in [&[""][..], &["*.com"], &["*"], &["", "192.0.2.77"]] {
        let spec = server(names, START - DAY, 90);
        let leaf = issue(&spec, &key("k"), &authority.spec, &authority.key);
        let verdict = world.see(&chain(&[leaf]));
        assert!(!verdict.offered().contains(&PinKind::Name), "{names:?}");
        assert!(world.yes_kind(&verdict, PinKind::Name).is_err(), "{names:?}");
        let text = verdict.to_text(80);
        assert!(!text.contains("\"\"") && !text.contains("server name to ."), "{text}");
    }
    // Beside a proper name the empty one is no hindrance, and is not the one that is taken.
    let chain = authority.leaf(&["", "provider.example"], "k", START - DAY, 90);
    let verdict = world.see(&chain);
    world.yes_kind(&verdict, PinKind::Name).unwrap();
    assert_eq!(say(&world.see(&chain)), "accept pinned match none none");
}

#[test]
fn a_private_ca_with_rotating_leaves_is_pinned_by_its_issuer_and_silent_afterwards() {
    let private = ca("Example University");
    let mut world = world("default", &[]);
    let verdict = world.see(&private.with_root(&[HOST], "k0", START - DAY, 90));
    assert_eq!(verdict.suggested(), Some(PinKind::Issuer), "{:?}", verdict.problems());
    world.yes(&verdict).unwrap();
    for renewal in 1..6 {
        world.days_later(60);
        let chain = private.with_root(&[HOST], &format!("k{renewal}"), world.now - DAY, 90);
        let verdict = world.see(&chain);
        assert_eq!(verdict.decision(), Decision::Accept, "{:?}", reasons(&verdict));
        // The root need not be sent again.
        let alone = private.leaf(&[HOST], &format!("k{renewal}"), world.now - DAY, 90);
        assert_eq!(world.see(&alone).decision(), Decision::Accept);
    }
    // docs/pitfalls.md#15: the pinned CA's certificate beside a leaf that it did not issue.
    let other = ca("Evil");
    let leaf = other.leaf(&[HOST], "e", world.now - DAY, 90);
    let verdict = world.see(&chain(&[leaf.leaf().unwrap().clone(), private.root.clone()]));
    assert_eq!(say(&verdict), "ask none changed downgrade high");
    assert!(verdict.may_type() && world.yes(&verdict).is_err(), "{:?}", reasons(&verdict));
    // And one for another host.
    let verdict = world.see(&private.with_root(&["www.example.org"], "w", world.now - DAY, 90));
    assert_eq!(say(&verdict).split(' ').take(3).collect::<Vec<_>>(), ["ask", "none", "new-problem"]);
}

#[test]
fn self_signed_with_a_new_key_every_year_asks_at_medium_risk_and_shows_old_and_new() {
    let mut world = world("default", &[]);
    world.pinned(&self_signed(&[HOST], "y0", START - DAY, 366));
    for year in 1..4 {
        world.days_later(360);
        let chain = self_signed(&[HOST], &format!("y{year}"), world.now - DAY, 366);
        let verdict = world.see(&chain);
        assert_eq!(say(&verdict), "ask none changed replaced-when-due medium");
        let text = verdict.to_text(80);
        assert!(text.contains("before") && text.contains("first seen"), "{text}");
        world.yes(&verdict).unwrap();
        assert_eq!(world.see(&chain).decision(), Decision::Accept);
    }
    let back = world.see(&self_signed(&[HOST], "y0", START - DAY, 366));
    assert_eq!(say(&back), "ask none retired replaced high");
}

#[test]
fn a_farm_of_four_keys_takes_four_answers_and_is_then_silent() {
    let mut world = world("default", &[]);
    let keys: Vec<_> = ["a", "b", "c", "d"].iter().map(|k| self_signed(&[HOST], k, START - DAY, 3650)).collect();
    world.pinned(&keys[0]);
    world.days_later(1);
    let verdict = world.see(&keys[1]);
    assert!(!verdict.may_add(), "nothing shows yet that this is a farm");
    world.days_later(1);
    assert_eq!(world.see(&keys[0]).decision(), Decision::Accept);
    for key in &keys[1..] {
        world.days_later(1);
        let verdict = world.see(key);
        assert_eq!(verdict.decision(), Decision::Ask);
        assert!(verdict.may_add(), "{:?}", reasons(&verdict));
        assert!(verdict.risk() >= tofu::trust::Risk::Medium);
        assert!(verdict.to_text(80).contains("in between only now and then"));
        world.add(&verdict).unwrap();
    }
    for round in 0..20 {
        world.days_later(1);
        assert_eq!(say(&world.see(&keys[round % 4])), "accept pinned match none none");
    }
    let fifth = world.see(&self_signed(&[HOST], "e", START - DAY, 3650));
    assert!(!fifth.may_add() && fifth.decision() == Decision::Ask);
}

#[test]
fn a_key_that_comes_back_after_its_replacement_can_be_added() {
    let mut world = world("default", &[]);
    let (a, b) = (self_signed(&[HOST], "a", START, 3650), self_signed(&[HOST], "b", START, 3650));
    world.pinned(&a);
    world.days_later(1);
    world.yes(&world.see(&b)).unwrap();
    let verdict = world.days_later(1).see(&a);
    assert_eq!(say(&verdict), "ask none retired replaced high");
    assert!(verdict.may_add());
    world.add(&verdict).unwrap();
    assert_eq!(world.see(&a).decision(), Decision::Accept);
    assert_eq!(world.see(&b).decision(), Decision::Accept);
}

#[test]
fn moving_to_another_provider_is_accepted_with_an_event_and_asked_under_careful() {
    let (old, new) = (ca("Old Authority"), ca("New Authority"));
    for (preset, expected) in
        [("default", "accept verified none issuer-changed medium"), ("careful", "ask none none issuer-changed medium")]
    {
        let mut world = world(preset, &[&old, &new]);
        world.see(&old.leaf(&[HOST], "k1", START - DAY, 90));
        world.days_later(30);
        let moved = new.leaf(&[HOST], "k2", world.now - DAY, 90);
        let verdict = world.see(&moved);
        assert_eq!(say(&verdict), expected);
        assert_eq!(world.store.read(|tx| tx.changed_since(&tofu::endpoint::Account::default(), 0)).unwrap(), 1);
        if verdict.decision() == Decision::Ask {
            assert_eq!(verdict.suggested(), None);
            world.yes(&verdict).unwrap();
        }
        assert_eq!(say(&world.see(&moved)), "accept verified none none none");
        assert!(world.record().unwrap().pins.is_empty());
    }
}

#[test]
fn a_certificate_for_another_name_after_a_move_is_rejected_with_the_advice_to_set_the_name() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    world.see(&authority.leaf(&[HOST], "k1", START - DAY, 90));
    world.days_later(30);
    let verdict = world.see(&authority.leaf(&["mx.newprovider.example"], "k2", START - DAY, 90));
    assert_eq!(say(&verdict), "reject none changed downgrade high");
    let text = words(&verdict);
    assert!(text.contains("Set the server name in the account's settings"), "{text}");
    assert!(text.contains("mx.newprovider.example"), "{text}");
}

#[test]
fn a_bridge_on_loopback_takes_one_key_pin_for_two_ports_and_no_issuer() {
    let mut world = world("default", &[]);
    world.at("127.0.0.1", 1143);
    let spec = Spec { ca: true, ..server(&["127.0.0.1"], START - DAY, 7300) };
    let bridge = key("bridge");
    let chain = chain(&[issue(&spec, &bridge, &spec, &bridge)]);
    let verdict = world.see(&chain);
    assert_eq!(verdict.decision(), Decision::Ask);
    assert!(verdict.problem_kinds().contains(tofu::path::ProblemKind::CaAsServer));
    assert!(!verdict.offered().contains(&PinKind::Issuer));
    world.yes(&verdict).unwrap();
    world.at("127.0.0.1", 1025);
    assert_eq!(say(&world.see(&chain)), "accept pinned sibling none none");
    assert_eq!(say(&world.see(&chain)), "accept pinned match none none");
    // docs/pitfalls.md#13: a leaf issued by the pinned key is not accepted anywhere.
    let vouched = issue(&server(&[HOST], START, 90), &key("victim"), &spec, &bridge);
    let vouched = crate::trust_support::chain(&[vouched, chain.leaf().unwrap().clone()]);
    world.at(HOST, 993);
    assert_eq!(world.see(&vouched).decision(), Decision::Ask);
    world.at("127.0.0.1", 1143);
    assert_eq!(world.see(&vouched).decision(), Decision::Ask);
}

#[test]
fn a_captive_portal_at_first_contact_asks_even_under_accept_new() {
    let authority = ca("Let's Encode");
    let world = world("accept-new", &[&authority]);
    let portal = authority.leaf(&["login.hotel.example"], "portal", START - DAY, 90);
    let verdict = world.see(&portal);
    assert_eq!(say(&verdict), "ask none first-use none none");
    assert!(verdict.to_text(80).contains("login page"));
    assert!(world.record().unwrap().pins.is_empty());
    // An ordinary self-signed server is accepted, and only once.
    let own = self_signed(&[HOST], "a", START, 90);
    assert_eq!(say(&world.see(&own)), "accept pinned first-use none none");
    assert_eq!(say(&world.see(&own)), "accept pinned match none none");
    assert_eq!(world.see(&self_signed(&[HOST], "b", START, 90)).pin_result(), PinResult::Changed);
}

#[test]
fn an_antivirus_program_is_an_upgrade_with_a_hint_and_keeps_the_pins() {
    let antivirus = ca("Antivirus Web Shield");
    let mut world = world("default", &[&antivirus]);
    let hosts = ["a.example", "b.example", "c.example", "d.example"];
    for host in hosts {
        world.at(host, 993).pinned(&self_signed(&[host], host, START - DAY, 3650));
    }
    world.days_later(10);
    let mut last = None;
    for host in hosts {
        world.at(host, 993);
        let verdict = world.see(&antivirus.leaf(&[host], &format!("av {host}"), START, 3650));
        assert_eq!(verdict.decision(), Decision::Accept);
        assert_eq!(verdict.change().code(), "upgrade");
        assert_eq!(world.record().unwrap().pins[0].state, PinState::Trusted);
        last = Some(verdict);
    }
    let verdict = last.unwrap();
    assert!(because(&verdict, "interception-hint"), "{:?}", reasons(&verdict));
    let text = verdict.to_text(80);
    assert!(text.contains("an attacker") && text.contains("antivirus"), "{text}");
    // Removed again: the pinned key returns, and is simply accepted; the upgrade is undone.
    world.days_later(3);
    let verdict = world.see(&self_signed(&["d.example"], "d.example", START - DAY, 3650));
    assert_eq!(say(&verdict), "accept pinned match none none");
    assert!(because(&verdict, "upgrade-cancelled"));
    assert!(world.record().unwrap().upgrade.is_none());
    assert_eq!(world.record().unwrap().baseline.len(), 1);
}

#[test]
fn an_antivirus_program_removed_asks_and_does_not_lock_out() {
    let antivirus = ca("Antivirus Web Shield");
    let mut world = world("default", &[&antivirus]);
    world.see(&antivirus.leaf(&[HOST], "av", START - DAY, 365));
    world.days_later(30);
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    assert_eq!(world.see(&own).decision(), Decision::Reject, "still installed: a downgrade");
    world.policy = policy("default", &[&ca("Somebody Else")]);
    let verdict = world.see(&own);
    assert_eq!(say(&verdict), "ask none changed downgrade high");
    assert!(because(&verdict, "anchors-left"));
    world.yes(&verdict).unwrap();
    assert_eq!(world.see(&own).decision(), Decision::Accept);
}

#[test]
fn an_upgrade_is_confirmed_after_three_days_over_fourteen_and_retires_the_pin() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let own = self_signed(&[HOST], "own", START - DAY, 3650);
    world.pinned(&own);
    let valid = authority.leaf(&[HOST], "k", START, 90);
    assert_eq!(say(&world.see(&valid)), "accept verified none upgrade medium");
    for _ in 0..13 {
        world.days_later(1);
        world.see(&valid);
        assert!(world.record().unwrap().upgrade.is_some());
    }
    world.days_later(1);
    assert!(because(&world.see(&valid), "upgrade-confirmed"));
    assert!(world.record().unwrap().pins.iter().all(|pin| pin.state == PinState::Retired));
    assert_eq!(say(&world.see(&valid)), "accept verified none none none");
    assert_eq!(say(&world.see(&own)), "ask none retired replaced high");
}

#[test]
fn two_accounts_on_one_server_are_asked_twice_and_told_so() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START - DAY, 365);
    let ann = World { endpoint: tofu::endpoint::Endpoint::parse("ann", HOST, 993).unwrap(), ..world };
    ann.pinned(&chain);
    let bob = World { endpoint: tofu::endpoint::Endpoint::parse("bob", HOST, 993).unwrap(), ..ann };
    let verdict = bob.see(&chain);
    assert_eq!(verdict.decision(), Decision::Ask);
    let text = words(&verdict);
    assert!(text.contains("(account ann) since 2027-01-01"), "{text}");
}

#[test]
fn a_private_address_on_another_network_is_changed_and_says_so() {
    let mut world = world("default", &[]);
    world.at("192.168.1.10", 993).pinned(&self_signed(&["192.168.1.10"], "home", START - DAY, 3650));
    world.days_later(2);
    let verdict = world.see(&self_signed(&["192.168.1.10"], "office", START - DAY, 3650));
    assert_eq!(say(&verdict), "ask none changed replaced-early high");
    assert!(verdict.to_text(80).contains("has changed since it was last seen"));
}

#[test]
fn an_attacker_on_the_path_never_reaches_ok() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let old_valid = authority.leaf(&[HOST], "leaked", START - DAY, 90);
    world.see(&old_valid);
    for renewal in 0..14 {
        world.days_later(60);
        world.see(&authority.leaf(&[HOST], &format!("k{renewal}"), world.now - DAY, 90));
    }
    let refused = |world: &World, chain: &tofu::path::Chain, what: &str| {
        assert_ne!(world.see(chain).decision(), Decision::Accept, "{what}");
    };
    refused(&world, &self_signed(&[HOST], "evil", world.now, 90), "nothing");
    refused(&world, &authority.leaf(&["evil.example"], "evil", world.now, 90), "a certificate for another name");
    assert_eq!(say(&world.see(&old_valid)), "reject none changed downgrade high", "a years-old leaked key");
    let (now, back) = (world.now, START);
    world.now = back;
    refused(&world, &self_signed(&[HOST], "evil", back, 90), "the clock set back");
    world.now = now;
    // Flooding with keys neither pushes the baseline out nor makes anything known.
    for flood in 0..50 {
        refused(&world, &self_signed(&[HOST], &format!("flood {flood}"), world.now, 90), "flooding");
    }
    let record = world.record().unwrap();
    assert!(record.validated.is_some() && record.observations.len() <= 8);
    assert_eq!(record.baseline.iter().filter(|s| s.validation != tofu::store::Validation::Ca).count(), 0);
}

#[test]
fn another_services_pinned_key_on_the_same_host_is_no_pass() {
    let mut world = world("default", &[]);
    let web = self_signed(&[HOST], "web", START - DAY, 3650);
    world.at(HOST, 443).pinned(&web);
    world.at(HOST, 993);
    let verdict = world.see(&web);
    assert_eq!(verdict.decision(), Decision::Ask);
    assert!(because(&verdict, "key-trusted-on-sibling"));
    // Between mail ports it is, where a person confirmed it.
    world.at(HOST, 587).pinned(&self_signed(&[HOST], "mail", START - DAY, 3650));
    world.at(HOST, 465);
    assert_eq!(say(&world.see(&self_signed(&[HOST], "mail", START - DAY, 3650))), "accept pinned sibling none none");
    // But not in a chain of trust: the sibling's pin is no user-confirmed one.
    world.edit(|_| ());
    let record = world.record().unwrap();
    assert_eq!(record.pins[0].origin, tofu::store::Origin::Sibling);
}

#[test]
fn a_mis_issued_certificate_passes_under_default_with_an_event_and_asks_under_careful() {
    let (old, evil) = (ca("Let's Encode"), ca("Careless Authority"));
    for (preset, decision) in [("default", Decision::Accept), ("careful", Decision::Ask)] {
        let mut world = world(preset, &[&old, &evil]);
        world.see(&old.leaf(&[HOST], "k", START - DAY, 90));
        world.days_later(10);
        assert_eq!(world.see(&evil.leaf(&[HOST], "evil", START, 90)).decision(), decision);
        assert_eq!(world.store.read(|tx| tx.changed_since(&tofu::endpoint::Account::default(), START)).unwrap(), 1);
    }
}

#[test]
fn setup_is_the_only_time_to_accept_by_hand_under_rfc8314() {
    let mut world = world("rfc8314", &[]);
    let chain = self_signed(&[HOST], "a", START - DAY, 365);
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "reject none first-use none none");
    assert!(because(&verdict, "existing-account"));
    world.flags = Flags { setup: true, ..Flags::default() };
    let verdict = world.see(&chain);
    world.yes(&verdict).unwrap();
    world.flags = Flags::default();
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "accept pinned match none none");
    let text = words(&verdict);
    assert!(text.contains("No authority vouches for who it is"), "never presented as more than it is: {text}");
}
