//! What undo reaches, what it passes over and says so, and what it leaves.

use crate::support::*;
use serde_json::{Map, Value};
use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::store::*;

const NOW: i64 = 1_800_000_000;

fn everywhere(claim: impl Fn(&Store)) {
    claim(&Store::memory());
    let place = Place::new();
    claim(&place.open());
    place.assert_sound();
}

fn a() -> Endpoint {
    endpoint("", "a.example", 993)
}

fn add(store: &Store, key: &str, state: PinState) -> u64 {
    let value = PinValue::Sha256(Hash::of(key.as_bytes()));
    let new = NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() };
    store.add_pin(&a(), &new, NOW).unwrap()
}

fn fields(word: &str) -> Map<String, Value> {
    Map::from_iter([("first-use".to_owned(), Value::from(word))])
}

fn policy(store: &Store) -> Option<Map<String, Value>> {
    store.read(|tx| tx.policy()).unwrap()
}

#[test]
fn a_change_of_the_store_wide_policy_is_undone_before_anything_older() {
    everywhere(|store| {
        add(store, "next", PinState::Staged);
        store.set_policy(None, Some(&fields("accept")), NOW).unwrap();
        let done = store.undo(None, NOW).unwrap();
        assert_eq!((done.events.as_slice(), done.kept.as_slice()), (&[2][..], &[][..]));
        assert_eq!(policy(store), None);
        assert_eq!(get(store, &a()).unwrap().pins.len(), 1, "what is older stays");
        // The undo can be undone, and what was overtaken cannot.
        store.undo(Some(done.event), NOW).unwrap();
        assert_eq!(policy(store), Some(fields("accept")));
        store.set_policy(None, Some(&fields("ask")), NOW).unwrap();
        let overtaken = store.undo(Some(2), NOW).unwrap_err();
        assert!(matches!(overtaken, StoreError::Overtaken { .. }), "{overtaken}");
        assert!(overtaken.to_string().contains("undo that one first"), "{overtaken}");
        store.undo(None, NOW).unwrap();
        assert_eq!(policy(store), Some(fields("accept")));
    });
}

#[test]
fn a_store_wide_policy_that_is_another_by_now_is_not_undone() {
    everywhere(|store| {
        store.set_policy(None, Some(&fields("accept")), NOW).unwrap();
        store.write(|tx| tx.set_policy(Some(fields("reject")))).unwrap();
        assert!(matches!(store.undo(Some(1), NOW), Err(StoreError::Overtaken { .. })));
        assert_eq!(policy(store), Some(fields("reject")));
    });
}

#[test]
fn what_undo_passes_over_for_good_is_named() {
    everywhere(|store| {
        add(store, "one", PinState::Trusted);
        store.block(None, PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
        store.block(None, PinKind::Key, Hash::of(b"good"), "", NOW).unwrap();
        store.unblock(PinKind::Key, Hash::of(b"good"), NOW).unwrap();
        store.write(|tx| tx.put_pending(pending(&a(), 7))).unwrap();
        store.dismiss("verdict-7", NOW).unwrap();
        let done = store.undo(None, NOW).unwrap();
        assert_eq!((done.events.as_slice(), done.kept.as_slice()), (&[1][..], &[5, 4, 3, 2][..]));
        assert_eq!(store.read(|tx| tx.blocks()).unwrap().len(), 1);
        let nothing = store.undo(None, NOW).unwrap_err();
        assert!(nothing.to_string().contains("event 5 is for good"), "{nothing}");
    });
}

#[test]
fn an_import_is_not_undone_silently_behind_a_block_everywhere() {
    everywhere(|store| {
        let lines = format!("b.example:993 {}\nc.example:993 {}\n", Hash::of(b"b").hex(), Hash::of(b"c").hex());
        store.import(ImportFormat::Fingerprints, lines.as_bytes(), true, NOW).unwrap();
        store.block(None, PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
        let done = store.undo(None, NOW).unwrap();
        assert_eq!((done.events.as_slice(), done.kept.as_slice()), (&[1, 2][..], &[3][..]));
    });
}

fn states(store: &Store) -> Vec<PinState> {
    get(store, &a()).map(|record| record.pins.iter().map(|pin| pin.state).collect()).unwrap_or_default()
}

fn numbers(pins: &[PinEntry]) -> Vec<u64> {
    let number = |pin: &PinEntry| match pin {
        PinEntry::Endpoint(_, pin) => pin.id,
        PinEntry::Everywhere(block) => block.id,
    };
    pins.iter().map(number).collect()
}

fn last_text(store: &Store) -> String {
    let page = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 1000)).unwrap();
    page.items.last().unwrap().text.clone()
}

#[test]
fn an_undone_undo_names_the_pin_that_stays_blocked_although_it_had_been_retired() {
    everywhere(|store| {
        let id = add(store, "bad", PinState::Blocked);
        let sighting = |name: &str, first: i64| Sighting {
            cert: Hash::of(name.as_bytes()),
            spki: Hash::of(name.as_bytes()),
            validation: Validation::Ca,
            first,
            last: first,
            not_before: None,
            not_after: None,
            anchor: None,
            intermediates: Vec::new(),
            provisional: false,
            extra: Map::new(),
        };
        let seen = |sighting: Sighting| {
            let record = EndpointRecord { baseline: vec![sighting], ..get(store, &a()).unwrap() };
            store.write(|tx| tx.put_endpoint(record.clone())).unwrap();
        };
        seen(sighting("one", NOW));
        store.set_pin_state(id, PinState::Retired, NOW).unwrap();
        let done = store.undo(None, NOW).unwrap();
        assert_eq!((states(store), done.stays.len(), done.kept.len()), (vec![PinState::Blocked], 0, 0));
        // A contact since, so that the second undo has something else to put back.
        seen(sighting("two", NOW + 9));
        let again = store.undo(Some(done.event), NOW).unwrap();
        assert_eq!(states(store), [PinState::Blocked]);
        assert_eq!((again.events.as_slice(), again.kept.as_slice()), (&[done.event][..], &[done.event][..]));
        assert_eq!(numbers(&again.stays), [id]);
        assert!(last_text(store).contains("stays blocked"), "{}", last_text(store));
    });
}

#[test]
fn an_undone_import_names_what_it_blocked_beside_what_it_trusted() {
    everywhere(|store| {
        let foreign = Store::memory();
        add(&foreign, "good", PinState::Trusted);
        add(&foreign, "bad", PinState::Blocked);
        let b = endpoint("", "b.example", 993);
        let value = PinValue::Sha256(Hash::of(b"bad"));
        let state = PinState::Compromised;
        let new = NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() };
        foreign.add_pin(&b, &new, NOW).unwrap();
        let export = foreign.export_json().unwrap().to_string();
        assert!(store.import(ImportFormat::Json, export.as_bytes(), true, NOW).unwrap().committed);
        let done = store.undo(None, NOW).unwrap();
        assert_eq!(states(store), [PinState::Blocked]);
        assert_eq!((done.events.as_slice(), done.kept.as_slice()), (&[1][..], &[2, 1][..]));
        assert_eq!(done.stays.len(), 1);
        assert_eq!(get(store, &b).unwrap().pins.len(), 1);
        // Nothing more than what was named is different from what there was.
        let record = get(store, &a()).unwrap();
        assert!(record.pins.len() == 1 && record.tombstone.is_some(), "{record:?}");
    });
}

#[test]
fn undo_never_reaches_behind_a_restore() {
    let place = Place::new();
    let store = place.open();
    add(&store, "one", PinState::Trusted);
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();
    store.restore(&copy, NOW).unwrap();
    let nothing = store.undo(None, NOW).unwrap_err();
    assert!(nothing.to_string().contains("event 2 is a restore"), "{nothing}");
    store.block(None, PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
    assert!(matches!(store.undo(None, NOW), Err(StoreError::Invalid { .. })));
    assert_eq!(get(&store, &a()).unwrap().pins.len(), 1);
}

#[test]
fn undone_settings_of_an_unknown_server_leave_nothing() {
    everywhere(|store| {
        store.expect_change(&a(), NOW + 9, NOW).unwrap();
        let done = store.undo(None, NOW).unwrap();
        assert_eq!(get(store, &a()), None);
        assert_eq!(store.read(|tx| tx.statistics()).unwrap().counts.endpoints, 0);
        store.undo(Some(done.event), NOW).unwrap();
        assert_eq!(get(store, &a()).unwrap().expect_change_until, NOW + 9);
        store.undo(None, NOW).unwrap();
        store.set_policy(Some(&a()), Some(&fields("ask")), NOW).unwrap();
        store.undo(None, NOW).unwrap();
        assert_eq!(get(store, &a()), None);
        // What was trusted is another matter.
        add(store, "one", PinState::Trusted);
        store.undo(None, NOW).unwrap();
        assert!(get(store, &a()).unwrap().tombstone.is_some());
    });
}
