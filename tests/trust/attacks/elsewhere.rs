//! What is known of other ports, accounts and hosts makes a decision stricter too, and "this key
//! counts no more for this endpoint" reaches every place from which it could count.

use tofu::endpoint::{Account, Endpoint};
use tofu::path::Chain;
use tofu::store::{Forget, NewPin, Origin, PinKind, PinState, PinValue, Store};
use tofu::time::DAY;
use tofu::trust::{self, Answer, TrustError, Verdict};

use crate::trust_support::*;

const HOST: &str = "mail.example.org";

fn server(key: &str) -> Chain {
    self_signed(&[HOST], key, START - 1_000, 3650)
}

fn at(port: u16) -> Endpoint {
    Endpoint::parse("", HOST, port).unwrap()
}

fn any(port: u16) -> Endpoint {
    Endpoint { account: Account::any(), ..at(port) }
}

fn spki(key: &str) -> tofu::hash::Hash {
    server(key).leaf().unwrap().spki()
}

/// A pin by hand.
fn put(store: &Store, endpoint: &Endpoint, key: &str, state: PinState, now: i64) -> u64 {
    let value = PinValue::Sha256(spki(key));
    let new = NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() };
    store.add_pin(endpoint, &new, now).unwrap()
}

fn pin_of(world: &World, key: &str) -> tofu::store::Pin {
    let named = |pin: &&tofu::store::Pin| pin.value == PinValue::Sha256(spki(key));
    world.record().unwrap().pins.iter().find(named).unwrap().clone()
}

fn once(world: &World, verdict: &Verdict) -> Result<(), TrustError> {
    let answer = Answer { now: world.now, session: true, kind: Some(PinKind::Key), ..Answer::default() };
    trust::trust(&world.store, verdict, &answer)
}

/// 993 trusts key a and then, by `end`, no more; what `port` and `account` say of a is returned.
fn after(preset: &str, end: impl Fn(&mut World), account: &str, host: &str, port: u16) -> Verdict {
    let mut w = world(preset, &[]);
    let first = w.see(&server("a"));
    if first.decision() == trust::Decision::Ask {
        w.yes(&first).unwrap();
    }
    w.days_later(1);
    end(&mut w);
    w.days_later(1);
    w.endpoint = Endpoint::parse(account, host, port).unwrap();
    let chain = if host == HOST { server("a") } else { self_signed(&[host], "a", START - 1_000, 3650) };
    w.see(&chain)
}

fn set_state(world: &mut World, state: PinState) {
    let id = pin_of(world, "a").id;
    world.store.set_pin_state(id, state, world.now).unwrap();
}

#[test]
fn a_key_blocked_compromised_or_replaced_at_one_port_is_not_taken_up_unasked_at_another() {
    let replaced = |w: &mut World| {
        let verdict = w.see(&server("b"));
        w.yes(&verdict).unwrap();
    };
    type End<'a> = &'a dyn Fn(&mut World);
    let ends: [(&str, End, &str, &str); 4] = [
        ("blocked", &|w| set_state(w, PinState::Blocked), "key-blocked-elsewhere", "high"),
        ("compromised", &|w| set_state(w, PinState::Compromised), "key-compromised-elsewhere", "high"),
        ("retired", &|w| set_state(w, PinState::Retired), "key-replaced-elsewhere", "medium"),
        ("replaced", &replaced, "key-replaced-elsewhere", "medium"),
    ];
    for (what, end, code, risk) in ends {
        for preset in ["default", "accept-new"] {
            for (account, port) in [("", 143), ("", 4190), ("ann", 993), ("ann", 143)] {
                let verdict = after(preset, end, account, HOST, port);
                assert_eq!(
                    say(&verdict),
                    format!("ask none first-use none {risk}"),
                    "{what} {preset} {account} {port}"
                );
                assert!(because(&verdict, code), "{what}: {:?}", reasons(&verdict));
                assert!(!because(&verdict, "key-known-elsewhere") && !because(&verdict, "key-trusted-on-sibling"));
            }
        }
    }
}

#[test]
fn a_key_refused_for_one_host_is_an_objection_at_every_other_and_says_where() {
    for (state, code, said) in [
        (PinState::Blocked, "key-blocked-elsewhere", "blocked for mail.example.org:993 on 2027-01-02"),
        (PinState::Compromised, "key-compromised-elsewhere", "marked as compromised for mail.example.org:993"),
    ] {
        let verdict = after("accept-new", |w| set_state(w, state), "", "imap.example.net", 993);
        assert_eq!(say(&verdict), "ask none first-use none high");
        let text = words(&verdict);
        assert!(
            because(&verdict, code) && text.contains("refused for another server") && text.contains(said),
            "{text}"
        );
        assert!(!because(&verdict, "key-known-elsewhere"), "a refused key introduces nobody");
    }
}

#[test]
fn many_blocks_of_a_key_do_not_hide_that_it_was_marked_as_compromised() {
    let w = world("default", &[]);
    for n in 0..20 {
        let there = Endpoint::parse("", &format!("a{n:02}.example.net"), 993).unwrap();
        put(&w.store, &there, "a", PinState::Blocked, w.now);
    }
    put(&w.store, &Endpoint::parse("", "z.example.net", 993).unwrap(), "a", PinState::Compromised, w.now);
    let verdict = w.see(&server("a"));
    assert!(because(&verdict, "key-compromised-elsewhere"), "{:?}", reasons(&verdict));
}

#[test]
fn an_endpoint_that_only_refuses_keys_speaks_against_first_use_of_others_on_its_host() {
    let mut w = world("accept-new", &[]);
    put(&w.store, &at(993), "a", PinState::Blocked, w.now);
    w.at(HOST, 143);
    let verdict = w.see(&server("b"));
    assert_eq!(say(&verdict), "ask none first-use none medium");
    assert!(because(&verdict, "host-other-key-elsewhere"));
}

#[test]
fn what_accept_new_took_by_itself_is_asked_about_once_it_is_refused_elsewhere_and_a_yes_answers_that() {
    let mut w = world("accept-new", &[]);
    assert_eq!(say(&w.see(&server("a"))), "accept pinned first-use none none");
    w.days_later(1);
    put(&w.store, &Endpoint::parse("", "other.example", 993).unwrap(), "a", PinState::Blocked, w.now);
    w.days_later(1);
    let verdict = w.see(&server("a"));
    assert_eq!(say(&verdict), "ask none match none high");
    assert!(
        words(&verdict).contains("refused for another server: blocked for other.example:993"),
        "{}",
        words(&verdict)
    );
    w.yes(&verdict).unwrap();
    assert_eq!(say(&w.see(&server("a"))), "accept pinned match none none");
    // A later refusal is asked about again.
    w.days_later(1);
    put(&w.store, &Endpoint::parse("", "third.example", 993).unwrap(), "a", PinState::Compromised, w.now);
    assert_eq!(say(&w.see(&server("a"))), "ask none match none high");
}

#[test]
fn a_refusal_that_comes_between_question_and_answer_makes_the_question_stale() {
    let mut w = world("default", &[]);
    let verdict = w.see(&server("a"));
    put(&w.store, &Endpoint::parse("", "other.example", 993).unwrap(), "a", PinState::Compromised, w.now);
    assert!(matches!(w.yes(&verdict), Err(TrustError::Stale(_))));
    assert!(matches!(once(&w, &verdict), Err(TrustError::Stale(_))));
    w.days_later(0);
    let again = w.see(&server("a"));
    w.yes(&again).unwrap();
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept);
}

#[test]
fn a_valid_certificate_an_announced_key_and_a_sibling_are_asked_about_where_the_key_is_refused_elsewhere() {
    let authority = ca("Honest");
    let mut w = world("default", &[&authority]);
    let chain = authority.leaf(&[HOST], "a", START - DAY, 365);
    assert_eq!(say(&w.see(&chain)), "accept verified none none none");
    put(&w.store, &Endpoint::parse("", "other.example", 993).unwrap(), "a", PinState::Compromised, w.now + 1);
    w.days_later(1);
    let verdict = w.see(&chain);
    assert_eq!(verdict.decision(), trust::Decision::Ask);
    assert!(because(&verdict, "key-compromised-elsewhere"));
    w.yes(&verdict).unwrap();
    assert_eq!(w.see(&chain).decision(), trust::Decision::Accept);

    let mut w = world("default", &[]);
    w.pinned(&server("a"));
    put(&w.store, &at(993), "b", PinState::Staged, w.now);
    put(&w.store, &Endpoint::parse("", "other.example", 993).unwrap(), "b", PinState::Blocked, w.now + 1);
    w.days_later(1);
    let verdict = w.see(&server("b"));
    assert_eq!(verdict.decision(), trust::Decision::Ask);
    assert_eq!(pin_of(&w, "b").state, PinState::Staged, "nothing was promoted");
}

#[test]
fn replace_and_forget_end_what_was_trusted_for_the_session() {
    let mut w = world("default", &[]);
    w.pinned(&server("a"));
    w.days_later(1);
    let other = w.see(&server("b"));
    once(&w, &other).unwrap();
    assert_eq!(w.see(&server("b")).decision(), trust::Decision::Accept);
    // Another key takes the place of all that was trusted.
    let next = w.see(&server("c"));
    w.yes(&next).unwrap();
    assert_eq!(w.see(&server("b")).decision(), trust::Decision::Ask);

    let known = w.see(&server("d"));
    once(&w, &known).unwrap();
    assert_eq!(w.see(&server("d")).decision(), trust::Decision::Accept);
    w.store.forget(&w.endpoint, Forget::ALL, w.now).unwrap();
    assert_eq!(w.see(&server("d")).decision(), trust::Decision::Ask);
}

#[test]
fn replace_ends_what_was_trusted_for_any_account_here_and_nowhere_else() {
    let mut w = world("default", &[]);
    put(&w.store, &any(993), "a", PinState::Trusted, w.now);
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept);
    w.days_later(1);
    let verdict = w.see(&server("b"));
    w.yes(&verdict).unwrap();
    assert_eq!(say(&w.see(&server("a"))), "ask none retired replaced high");
    w.endpoint = Endpoint::parse("ann", HOST, 993).unwrap();
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept, "another account decides for itself");
}

#[test]
fn forget_names_what_is_still_trusted_for_any_account() {
    let w = world("default", &[]);
    put(&w.store, &any(993), "a", PinState::Trusted, w.now);
    let verdict = w.see(&server("b"));
    w.yes(&verdict).unwrap();
    // The mask that the answer left stays, so that this key is not trusted anew by forgetting.
    w.store.forget(&w.endpoint, Forget::ALL, w.now).unwrap();
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Ask);
    put(&w.store, &any(993), "c", PinState::Trusted, w.now);
    w.store.forget(&w.endpoint, Forget::ALL, w.now + 1).unwrap();
    let still = w.store.read(|tx| tx.trusted_beyond(&w.endpoint)).unwrap();
    assert!(still.len() == 1 && still[0].ends_with("for any account"), "{still:?}");
}

#[test]
fn session_trust_of_a_lapse_ends_when_the_server_is_valid_again() {
    let authority = ca("Honest");
    let mut w = world("default", &[&authority]);
    let first = authority.leaf(&[HOST], "a", START - DAY, 30);
    w.see(&first);
    w.days_later(32);
    let lapsed = w.see(&first);
    assert_eq!(lapsed.change().code(), "lapsed");
    once(&w, &lapsed).unwrap();
    assert_eq!(w.see(&first).decision(), trust::Decision::Accept);
    w.days_later(1);
    assert_eq!(
        say(&w.see(&authority.leaf(&[HOST], "a", w.now - 10, 30))),
        "accept verified none renewed-same-key none"
    );
    assert_eq!(w.see(&first).decision(), trust::Decision::Ask, "the lapse is over");
}

#[test]
fn an_announced_key_ends_the_trust_of_its_predecessor_for_any_account_after_the_overlap() {
    let mut w = world("default", &[]);
    put(&w.store, &any(993), "a", PinState::Trusted, w.now);
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept);
    put(&w.store, &at(993), "b", PinState::Staged, w.now);
    w.days_later(1);
    assert_eq!(w.see(&server("b")).decision(), trust::Decision::Accept);
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept, "within the overlap");
    w.days_later(4);
    assert_eq!(say(&w.see(&server("a"))), "ask none retired replaced high");
    assert_eq!(w.see(&server("b")).decision(), trust::Decision::Accept);

    // Announced for any account, it replaces what one account trusts.
    let mut w = world("default", &[]);
    w.pinned(&server("a"));
    put(&w.store, &any(993), "b", PinState::Staged, w.now);
    w.days_later(1);
    assert_eq!(w.see(&server("b")).decision(), trust::Decision::Accept);
    w.days_later(4);
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Ask);
}

/// CA-valid from `day` on, often enough for an upgrade to be confirmed.
fn upgraded(w: &mut World, chain: &Chain) -> Verdict {
    for _ in 0..4 {
        assert_eq!(w.see(chain).decision(), trust::Decision::Accept);
        w.days_later(5);
    }
    w.see(chain)
}

#[test]
fn a_confirmed_upgrade_ends_trust_for_any_account_and_does_not_begin_again() {
    let authority = ca("Honest");
    let mut w = world("default", &[&authority]);
    put(&w.store, &any(993), "a", PinState::Trusted, w.now);
    w.see(&server("a"));
    let chain = authority.leaf(&[HOST], "b", START - DAY, 365);
    let last = upgraded(&mut w, &chain);
    assert!(!because(&last, "upgrade-continues") && !because(&last, "upgrade-begins"), "{:?}", reasons(&last));
    assert!(w.record().unwrap().upgrade.is_none());
    assert_ne!(w.see(&server("a")).decision(), trust::Decision::Accept);
    w.endpoint = Endpoint::parse("ann", HOST, 993).unwrap();
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept, "another account decides for itself");
}

#[test]
fn session_trust_is_nothing_that_a_valid_certificate_upgrades() {
    let authority = ca("Honest");
    let w = world("default", &[&authority]);
    let verdict = w.see(&server("a"));
    once(&w, &verdict).unwrap();
    let valid = w.see(&authority.leaf(&[HOST], "b", START - DAY, 365));
    assert_eq!(valid.decision(), trust::Decision::Accept);
    assert!(!because(&valid, "upgrade-begins"), "{:?}", reasons(&valid));
    assert!(w.record().unwrap().upgrade.is_none());
}

#[test]
fn an_announced_key_that_arrives_cancels_an_upgrade_and_is_not_retired_by_it() {
    let authority = ca("Honest");
    for announced_valid in [false, true] {
        let mut w = world("default", &[&authority]);
        w.pinned(&server("a"));
        let chain = authority.leaf(&[HOST], "b", START - DAY, 365);
        w.days_later(1);
        w.see(&chain);
        assert!(w.record().unwrap().upgrade.is_some());
        put(&w.store, &at(993), "c", PinState::Staged, w.now);
        let next = match announced_valid {
            true => authority.leaf(&[HOST], "c", START - DAY, 365),
            false => server("c"),
        };
        w.days_later(1);
        let arrived = w.see(&next);
        assert_eq!(arrived.decision(), trust::Decision::Accept);
        assert!(because(&arrived, "upgrade-cancelled"), "{:?}", reasons(&arrived));
        assert!(w.record().unwrap().upgrade.is_none());
        assert!(w.record().unwrap().baseline.iter().all(|seen| seen.spki != chain.leaf().unwrap().spki()));
        w.days_later(20);
        w.see(&chain);
        let pin = pin_of(&w, "c");
        assert_eq!(pin.state, PinState::Trusted);
    }
}

#[test]
fn a_confirmed_upgrade_leaves_what_was_trusted_after_it_began() {
    let authority = ca("Honest");
    let mut w = world("default", &[&authority]);
    w.pinned(&server("a"));
    let chain = authority.leaf(&[HOST], "b", START - DAY, 365);
    w.days_later(1);
    w.see(&chain);
    w.days_later(1);
    put(&w.store, &at(993), "c", PinState::Trusted, w.now);
    upgraded(&mut w, &chain);
    assert_eq!(pin_of(&w, "a").state, PinState::Retired);
    assert_eq!(pin_of(&w, "c").state, PinState::Trusted);
}

#[test]
fn renewing_trust_that_ended_waives_what_was_shown_and_nothing_of_before() {
    let mut w = world("default", &[]);
    let wrong_name = self_signed(&["other.example"], "a", START - 1_000, 3650);
    let verdict = w.see(&wrong_name);
    let until = Answer { now: w.now, expires: w.now + 5 * DAY, ..Answer::default() };
    trust::trust(&w.store, &verdict, &until).unwrap();
    assert_eq!(w.see(&wrong_name).decision(), trust::Decision::Accept);
    w.days_later(6);
    let renewed = w.see(&server("a"));
    assert_eq!(renewed.pin_result().code(), "expired");
    w.yes(&renewed).unwrap();
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept);
    assert_eq!(say(&w.see(&wrong_name)), "ask none new-problem none low", "the old waiver is not joined to it");
}

#[test]
fn an_issuer_pin_below_a_loaded_root_matches_under_no_policy() {
    let authority = ca("Honest");
    let (_, _, intermediate) = authority.intermediate(3);
    let chain = authority.below(3, &[HOST], "a", START - DAY, 365);
    let mut w = world("strict", &[&authority]);
    let value = PinValue::Sha256(intermediate.spki());
    let cert = Some(intermediate);
    let comment = String::new();
    let new = NewPin { kind: PinKind::Issuer, state: PinState::Trusted, value, cert, expires: 0, comment };
    w.store.add_pin(&w.endpoint, &new, w.now).unwrap();
    assert_ne!(w.see(&chain).decision(), trust::Decision::Accept);
    // Without the root in the list it is a private authority like any other.
    w.policy = policy("strict", &[&ca("Other")]);
    assert_eq!(w.see(&chain).decision(), trust::Decision::Accept);
}

#[test]
fn a_pin_that_was_taken_by_a_person_is_never_a_voucher_after_it_was_replaced() {
    let mut w = world("default", &[]);
    w.at(HOST, 25);
    w.pinned(&server("a"));
    assert_eq!(pin_of(&w, "a").origin, Origin::User);
    w.at(HOST, 143);
    w.see(&server("a"));
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept, "the sibling rule");
    w.days_later(1);
    let next = w.see(&server("b"));
    w.yes(&next).unwrap();
    w.at(HOST, 993);
    let verdict = w.see(&server("a"));
    assert_eq!(verdict.decision(), trust::Decision::Ask, "trusted at 25, replaced at 143");
    assert!(because(&verdict, "key-replaced-elsewhere"));
}

#[test]
fn a_key_that_everybody_has_is_trusted_only_by_its_typed_fingerprint() {
    let w = world("accept-new", &[]);
    w.store.mark_published(spki("a"), "an old appliance", w.now).unwrap();
    let verdict = w.see(&server("a"));
    assert_eq!(say(&verdict), "ask none first-use none high");
    assert!(words(&verdict).contains("published with an old appliance"), "{}", words(&verdict));
    assert!(verdict.needs_fingerprint());
    assert!(matches!(w.yes(&verdict), Err(TrustError::NotOffered(_))));
    assert!(matches!(once(&w, &verdict), Err(TrustError::NotOffered(_))));
    w.typed(&verdict, &spki("a").key_pin()).unwrap();
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Accept);

    // A pin of before it was known is asked about again, and lends nothing.
    let mut w = world("accept-new", &[]);
    w.see(&server("b"));
    w.store.mark_published(spki("b"), "an old appliance", w.now).unwrap();
    w.days_later(1);
    assert_eq!(say(&w.see(&server("b"))), "ask none new-problem none high");
    w.at(HOST, 143);
    assert_eq!(w.see(&server("b")).decision(), trust::Decision::Ask);

    // On an address that is stated to be loopback it is a note.
    let mut w = world("accept-new", &[]);
    w.store.mark_published(spki("a"), "an old appliance", w.now).unwrap();
    w.flags.loopback = true;
    let verdict = w.see(&server("a"));
    assert_eq!(verdict.decision(), trust::Decision::Accept);
    assert!(because(&verdict, "published-key-loopback"));
}

#[test]
fn no_authority_makes_a_published_key_good_and_an_announced_one_is_asked_about() {
    let authority = ca("Honest");
    let mut w = world("default", &[&authority]);
    w.store.mark_published(spki("a"), "an old appliance", w.now).unwrap();
    let valid = authority.leaf(&[HOST], "a", START - DAY, 365);
    assert_eq!(w.see(&valid).decision(), trust::Decision::Reject);
    assert!(because(&w.see(&valid), "key-published"));
    put(&w.store, &at(993), "a", PinState::Staged, w.now);
    w.days_later(1);
    assert_eq!(say(&w.see(&server("a"))), "ask none new-problem none high");
    // Blocked is stricter, and takes the place of the mark.
    w.store.block(None, PinKind::Key, spki("a"), "", w.now).unwrap();
    assert_eq!(w.see(&server("a")).rule(), trust::Rule::Blocked);
    w.store.mark_published(spki("a"), "another name", w.now).unwrap();
    assert_eq!(w.see(&server("a")).decision(), trust::Decision::Reject);
}
