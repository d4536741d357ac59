//! Every change leaves an event that says who did what to which key or certificate, and is found by it.

use std::collections::BTreeSet;

use crate::support::*;
use serde_json::Map;
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
    let cert = Cert::parse_der(include_bytes!("../data/certs/key-p256.der")).unwrap();
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
    let documented = include_str!("../../docs/events.md");
    for code in codes.into_iter().chain(["pin-masked", "pruned"]) {
        assert!(documented.contains(&format!("`{code}`")), "{code} is not in docs/events.md");
    }
}

#[test]
fn a_flood_at_one_server_pushes_out_nobody_elses_events_and_none_of_its_own_changes() {
    let flood = |store: &Store, keys: u32, share: usize| {
        let (flooded, other) = (a(), endpoint("", "b.example", 993));
        let of = |host: &str| {
            let filter = Filter { host: Some(tofu::endpoint::Host::parse(host).unwrap()), ..Filter::default() };
            store.read(|tx| tx.list_events(&filter, &Cursor::default(), 20_000)).unwrap().items
        };
        let key = |name: &str| new_pin(PinKind::Key, Hash::of(name.as_bytes()), PinState::Trusted);
        store.add_pin(&other, &key("other"), NOW).unwrap();
        store.add_pin(&flooded, &key("own"), NOW).unwrap();
        let line = format!("c.example:993 {}\nd.example:993 {}\n", Hash::of(b"c").hex(), Hash::of(b"d").hex());
        store.import(ImportFormat::Fingerprints, line.as_bytes(), true, NOW).unwrap();
        for n in 0..keys {
            let seen = Event {
                host: flooded.host.as_str().to_owned(),
                port: 993,
                spki: Some(Hash::of(&n.to_be_bytes())),
                ..event("changed", NOW + i64::from(n))
            };
            store.write(|tx| tx.log(seen.clone())).unwrap();
        }
        assert_eq!(codes(&of("b.example")), ["pin-added"]);
        let own = of("a.example");
        assert_eq!((own.len(), own[0].code.as_str()), (share, "pin-added"));
        assert_eq!(own.last().unwrap().spki, Some(Hash::of(&(keys - 1).to_be_bytes())));
        assert_eq!(store.verify().unwrap().problems, [""; 0]);
        // Every change can be taken back still.
        for n in 0..3 {
            store.undo(None, NOW).unwrap_or_else(|e| panic!("{n}: {e}"));
        }
        assert!([flooded, other].iter().all(|e| get(store, e).unwrap().pins.is_empty()));
    };
    flood(&Store::memory(), 10_500, 200);
    let place = Place::new();
    let options = StoreOptions { log_events: Some(40), ..place.options() };
    flood(&Store::open(&options).unwrap(), 60, 16);
    // Changes by a person are bounded too, and leave room for what contact tells.
    let store = Store::open(&options).unwrap();
    for n in 0..30 {
        store.set_policy(Some(&a()), Some(&Map::from_iter([("n".to_owned(), n.into())])), NOW).unwrap();
        let mut seen = event("changed", NOW);
        (seen.host, seen.port) = ("a.example".to_owned(), 993);
        store.write(|tx| tx.log(seen.clone())).unwrap();
    }
    let page = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 1000)).unwrap();
    let own: Vec<&Event> = page.items.iter().filter(|event| event.host == "a.example").collect();
    assert_eq!(own.len(), 16);
    let changes = own.iter().filter(|event| event.before.is_some()).count();
    assert!((7..=9).contains(&changes), "{changes}");
    store.undo(None, NOW).unwrap();
    drop(store);
    place.assert_sound();
}
