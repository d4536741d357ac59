//! A restore puts the content of a backup in place and lifts nothing: what is refused stays refused, and the
//! log goes on.

use crate::support::*;
use tofu::cert::Cert;
use tofu::endpoint::{Account, Endpoint};
use tofu::hash::Hash;
use tofu::store::*;

const NOW: i64 = 1_800_000_000;

fn new_pin(key: &str, state: PinState) -> NewPin {
    let value = PinValue::Sha256(Hash::of(key.as_bytes()));
    NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() }
}

fn a() -> Endpoint {
    endpoint("", "a.example", 993)
}

fn any() -> Endpoint {
    Endpoint { account: Account::any(), ..a() }
}

fn pins(store: &Store, at: &Endpoint) -> Vec<(u64, PinState)> {
    get(store, at).map(|r| r.pins.iter().map(|p| (p.id, p.state)).collect()).unwrap_or_default()
}

fn events(store: &Store) -> Vec<Event> {
    store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 1000)).unwrap().items
}

fn codes(store: &Store) -> Vec<(u64, String)> {
    events(store).into_iter().map(|e| (e.id, e.code)).collect()
}

#[test]
fn a_restore_lifts_no_block_and_revives_no_compromised_key() {
    let place = Place::new();
    let store = place.open();
    let stolen = store.add_pin(&a(), &new_pin("stolen", PinState::Trusted), NOW).unwrap();
    let bad = store.add_pin(&a(), &new_pin("bad", PinState::Trusted), NOW).unwrap();
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();
    store.set_pin_state(stolen, PinState::Compromised, NOW + 1).unwrap();
    store.set_pin_state(bad, PinState::Blocked, NOW + 1).unwrap();
    // Of another account, and of a server that the backup does not know.
    let all = store.add_pin(&any(), &new_pin("all", PinState::Blocked), NOW + 1).unwrap();
    let new = endpoint("", "new.example", 993);
    let unknown = store.add_pin(&new, &new_pin("unknown", PinState::Compromised), NOW + 1).unwrap();
    store.add_pin(&new, &new_pin("fine", PinState::Trusted), NOW + 1).unwrap();
    let everywhere = store.block(None, PinKind::Key, Hash::of(b"everywhere"), "", NOW + 1).unwrap();

    let done = store.restore(&copy, NOW + 2).unwrap();
    assert_eq!(done.endpoints, 1);
    assert_eq!(done.kept.len(), 5, "{:?}", done.kept);
    assert_eq!(pins(&store, &a()), [(stolen, PinState::Compromised), (bad, PinState::Blocked)]);
    assert_eq!(pins(&store, &any()), [(all, PinState::Blocked)]);
    assert_eq!(pins(&store, &new), [(unknown, PinState::Compromised)]);
    assert!(get(&store, &new).unwrap().tombstone.is_some(), "the next contact asks");
    let blocks = store.read(|tx| tx.blocked(PinKind::Key, &[Hash::of(b"everywhere")])).unwrap();
    assert_eq!(blocks.iter().map(|b| b.id).collect::<Vec<_>>(), [everywhere]);
    assert!(matches!(store.read(|tx| tx.find_pin(stolen)).unwrap(), PinEntry::Endpoint(at, _) if at == a()));
    // Once more: nothing is lacking now that was not before, and it is no other result.
    assert_eq!(store.restore(&copy, NOW + 3).unwrap().kept.len(), 5);
    assert_eq!(pins(&store, &a()), [(stolen, PinState::Compromised), (bad, PinState::Blocked)]);
    drop(store);
    place.assert_sound();
}

#[test]
fn what_a_backup_refuses_more_strictly_stays_so() {
    let place = Place::new();
    let store = place.open();
    store.add_pin(&a(), &new_pin("k", PinState::Compromised), NOW).unwrap();
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();
    let elsewhere = Place::new();
    let other = elsewhere.open();
    other.add_pin(&a(), &new_pin("k", PinState::Blocked), NOW).unwrap();
    assert_eq!(other.restore(&copy, NOW).unwrap().kept, []);
    assert_eq!(pins(&other, &a()), [(1, PinState::Compromised)]);
}

#[test]
fn a_restore_from_another_store_gives_no_number_twice() {
    let place = Place::new();
    let store = place.open();
    for n in 0..3 {
        store.add_pin(&endpoint("", &format!("h{n}.example"), 993), &new_pin("k", PinState::Trusted), NOW).unwrap();
    }
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();

    let elsewhere = Place::new();
    let other = elsewhere.open();
    let mine = endpoint("", "mine.example", 993);
    other.add_pin(&mine, &new_pin("bad", PinState::Blocked), NOW + 1).unwrap();
    other.block(None, PinKind::Key, Hash::of(b"everywhere"), "", NOW + 1).unwrap();
    other.restore(&copy, NOW + 2).unwrap();
    assert_eq!(pins(&other, &mine), [(5, PinState::Blocked)], "1 is another pin by now");
    let everywhere = other.read(|tx| tx.blocks()).unwrap();
    assert_eq!(everywhere.iter().map(|b| b.id).collect::<Vec<_>>(), [4]);
    for id in 1..=5 {
        assert!(other.read(|tx| tx.find_pin(id)).is_ok(), "{id}");
    }
    assert_eq!(other.add_pin(&a(), &new_pin("k", PinState::Trusted), NOW + 3).unwrap(), 6);
    // The events of both, those of this store under their numbers.
    let seen: Vec<(u64, String)> = codes(&other);
    let expected =
        ["pin-blocked", "blocked-everywhere", "pin-added", "pin-added", "pin-added", "restored", "pin-added"];
    let seen: Vec<(u64, &str)> = seen.iter().map(|(id, code)| (*id, code.as_str())).collect();
    assert_eq!(seen, (1..).zip(expected).collect::<Vec<_>>());
    drop(other);
    elsewhere.assert_sound();
}

#[test]
fn the_log_goes_on_over_a_restore_and_nothing_behind_it_is_undone() {
    let place = Place::new();
    let store = place.open();
    store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();
    store.add_pin(&a(), &new_pin("two", PinState::Trusted), NOW + 1).unwrap();
    let before = events(&store);
    store.restore(&copy, NOW + 2).unwrap();
    let after = events(&store);
    assert_eq!(codes(&store), [(1, "pin-added"), (2, "pin-added"), (3, "restored")].map(|(n, c)| (n, c.to_owned())));
    for (old, new) in before.iter().zip(&after) {
        assert_eq!((&old.text, old.time, &old.host), (&new.text, new.time, &new.host));
        assert!(new.before.is_none(), "event {} is no longer undoable", new.id);
    }
    assert!(after.last().unwrap().text.contains("1 server"), "{}", after.last().unwrap().text);
    assert!(matches!(store.undo(None, NOW + 3), Err(StoreError::Invalid { .. })));
    assert!(matches!(store.undo(Some(1), NOW + 3), Err(StoreError::Invalid { .. })));
    assert_eq!(pins(&store, &a()), [(1, PinState::Trusted)]);
    // What is changed after it is undone as ever.
    store.add_pin(&a(), &new_pin("three", PinState::Trusted), NOW + 4).unwrap();
    assert_eq!(store.undo(None, NOW + 5).unwrap().events, [4]);
    drop(store);
    place.assert_sound();
}

#[test]
fn a_refused_pin_keeps_its_certificate_over_a_restore() {
    let place = Place::new();
    let store = place.open();
    let cert = Cert::parse_der(include_bytes!("../data/certs/key-p256.der")).unwrap();
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();
    let value = PinValue::Sha256(cert.spki());
    let blocked = NewPin { value, cert: Some(cert.clone()), ..new_pin("", PinState::Blocked) };
    store.add_pin(&a(), &blocked, NOW).unwrap();
    store.restore(&copy, NOW).unwrap();
    assert!(store.read(|tx| tx.cert(cert.fingerprint())).unwrap().is_some());
    drop(store);
    place.assert_sound();
}
