//! Every change leaves an event that says who did what to which key or certificate, and is found by it.

mod store_common;

use std::collections::BTreeSet;

use serde_json::Map;
use store_common::*;
use tofu::cert::Cert;
use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::store::*;

const NOW: i64 = 1_800_000_000;

fn a() -> Endpoint {
    endpoint("", "a.example", 993)
}

fn new_pin(kind: PinKind, value: Hash, state: PinState) -> NewPin {
    NewPin { kind, state, value: PinValue::Sha256(value), cert: None, expires: 0, comment: String::new() }
}

fn about(store: &Store, hash: Hash) -> Vec<Event> {
    let filter = Filter { hash: Some(hash), ..Filter::default() };
    store.read(|tx| tx.list_events(&filter, &Cursor::default(), 1000)).unwrap().items
}

fn codes(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.code.as_str()).collect()
}

#[test]
fn changes_of_a_pin_are_found_by_its_key_and_say_what_was_done_to_it() {
    let store = Store::memory();
    let key = Hash::of(b"key");
    let id = store.add_pin(&a(), &new_pin(PinKind::Key, key, PinState::Staged), NOW).unwrap();
    store.set_pin_state(id, PinState::Trusted, NOW).unwrap();
    store.set_pin_expiry(id, NOW + 86_400, NOW).unwrap();
    store.set_pin_comment(id, "by telephone", NOW).unwrap();
    store.forget_pin(id, NOW).unwrap();
    store.add_pin(&a(), &new_pin(PinKind::Key, key, PinState::Blocked), NOW).unwrap();
    store.block(None, PinKind::Key, key, "", NOW).unwrap();
    store.unblock(PinKind::Key, key, NOW).unwrap();
    store.add_pin(&a(), &new_pin(PinKind::Key, Hash::of(b"other"), PinState::Trusted), NOW).unwrap();
    let events = about(&store, key);
    assert_eq!(
        codes(&events),
        [
            "pin-staged",
            "pin-added",
            "pin-expiry",
            "pin-comment",
            "pin-forgotten",
            "pin-blocked",
            "blocked-everywhere",
            "unblocked"
        ]
    );
    for event in &events {
        assert!(event.text.contains(&format!("the key {}", key.key_pin())), "{}", event.text);
        assert_eq!((event.spki, event.cert), (Some(key), None));
    }
    assert!(events[2].text.ends_with("it counts until 2027-01-16 08:00:00 UTC"), "{}", events[2].text);
}

#[test]
fn changes_of_a_certificate_pin_are_found_by_the_certificate_and_by_its_key() {
    let store = Store::memory();
    let cert = Cert::parse_der(include_bytes!("data/certs/key-p256.der")).unwrap();
    let new = new_pin(PinKind::Certificate, cert.fingerprint(), PinState::Trusted);
    let id = store.add_pin(&a(), &NewPin { cert: Some(cert.clone()), ..new }, NOW).unwrap();
    store.set_pin_state(id, PinState::Compromised, NOW).unwrap();
    store.block(None, PinKind::Certificate, cert.fingerprint(), "", NOW).unwrap();
    let events = about(&store, cert.fingerprint());
    assert_eq!(codes(&events), ["pin-added", "pin-compromised", "blocked-everywhere"]);
    assert!(events.iter().all(|event| event.text.contains(&cert.fingerprint().hex())), "{events:?}");
    assert_eq!(codes(&about(&store, cert.spki())), ["pin-added", "pin-compromised"]);
}

#[test]
fn every_change_leaves_an_event_that_the_documentation_lists() {
    let place = Place::new();
    let store = place.open();
    let mut pins = PinState::ALL.into_iter().filter(|state| *state != PinState::Retired).map(|state| {
        let new = new_pin(PinKind::Key, Hash::of(state.code().as_bytes()), state);
        store.add_pin(&a(), &new, NOW).unwrap()
    });
    let first = pins.next().unwrap();
    pins.for_each(drop);
    store.set_pin_expiry(first, NOW + 1, NOW).unwrap();
    store.set_pin_comment(first, "a note", NOW).unwrap();
    store.set_pin_state(first, PinState::Retired, NOW).unwrap();
    store.forget_pin(first, NOW).unwrap();
    store.undo(None, NOW).unwrap();
    store.set_policy(Some(&a()), Some(&Map::new()), NOW).unwrap();
    store.expect_change(&a(), NOW + 1, NOW).unwrap();
    store.forget(&a(), Forget::ALL, NOW).unwrap();
    store.block(None, PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
    store.unblock(PinKind::Key, Hash::of(b"bad"), NOW).unwrap();
    store.write(|tx| tx.put_pending(pending(&a(), 7))).unwrap();
    store.dismiss("verdict-7", NOW).unwrap();
    let line = format!("b.example:993 {}\n", Hash::of(b"b").hex());
    store.import(ImportFormat::Fingerprints, line.as_bytes(), true, NOW).unwrap();
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();
    store.restore(&copy, NOW).unwrap();
    let all = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 1000)).unwrap().items;
    let codes: BTreeSet<&str> = all.iter().map(|event| event.code.as_str()).collect();
    assert!(codes.len() > 15, "{codes:?}");
    let documented = include_str!("../docs/events.md");
    for code in codes.into_iter().chain(["pin-masked", "pruned"]) {
        assert!(documented.contains(&format!("`{code}`")), "{code} is not in docs/events.md");
    }
}
