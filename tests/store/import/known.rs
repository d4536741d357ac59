//! What an import does to endpoints that are known already: it takes what makes decisions stricter, and no trust.

use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::store::*;

use crate::support::*;

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

fn new_pin(key: &str, state: PinState) -> NewPin {
    let value = PinValue::Sha256(Hash::of(key.as_bytes()));
    NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() }
}

#[test]
fn an_import_takes_blocks_of_endpoints_that_are_known_and_no_trust() {
    everywhere(|store| {
        let b = endpoint("", "b.example", 993);
        let foreign = Store::memory();
        // Known otherwise; refused here and trusted there; refused in both, more in one; unknown.
        for (key, state) in [
            ("stolen", PinState::Compromised),
            ("bad", PinState::Blocked),
            ("old", PinState::Blocked),
            ("ours", PinState::Blocked),
            ("worst", PinState::Blocked),
            ("known", PinState::Compromised),
            ("theirs", PinState::Trusted),
        ] {
            foreign.add_pin(&a(), &new_pin(key, state), 5).unwrap();
        }
        foreign.add_pin(&b, &new_pin("bad", PinState::Blocked), 5).unwrap();
        foreign.add_pin(&b, &new_pin("b", PinState::Trusted), 5).unwrap();
        let export = foreign.export_json().unwrap().to_string();
        for (key, state) in [
            ("old", PinState::Trusted),
            ("ours", PinState::Trusted),
            ("other", PinState::Trusted),
            ("worst", PinState::Compromised),
            ("known", PinState::Blocked),
        ] {
            store.add_pin(&a(), &new_pin(key, state), NOW).unwrap();
        }
        store.set_pin_state(1, PinState::Retired, NOW).unwrap();
        store.add_pin(&b, &new_pin("b", PinState::Trusted), NOW).unwrap();
        let before = store.export_json().unwrap();
        let dry = store.import(ImportFormat::Json, export.as_bytes(), false, NOW + 9).unwrap();
        assert_eq!(store.export_json().unwrap(), before, "a dry run writes nothing");
        let wet = store.import(ImportFormat::Json, export.as_bytes(), true, NOW + 9).unwrap();
        assert_eq!(ImportReport { committed: false, ..wet.clone() }, dry);
        assert_eq!((wet.endpoints, wet.pins, wet.refused, wet.same, &wet.conflicts[..]), (0, 0, 6, 0, &[a()][..]));
        assert!(wet.remarks.len() == 1 && wet.remarks[0].contains("trusted here and blocked in the file"), "{wet:?}");
        let state = |endpoint: &Endpoint, key: &str| {
            let value = PinValue::Sha256(Hash::of(key.as_bytes()));
            let pins = get(store, endpoint).unwrap().pins;
            pins.into_iter().find(|pin| pin.value == value).map(|pin| pin.state)
        };
        for key in ["bad", "old", "ours"] {
            assert_eq!(state(&a(), key), Some(PinState::Blocked), "{key}");
        }
        for key in ["stolen", "worst", "known"] {
            assert_eq!(state(&a(), key), Some(PinState::Compromised), "{key}");
        }
        assert_eq!((state(&a(), "other"), state(&a(), "theirs")), (Some(PinState::Trusted), None));
        assert_eq!((state(&b, "bad"), state(&b, "b")), (Some(PinState::Blocked), Some(PinState::Trusted)));
        // Nothing is left to do, and undo lifts none of it.
        let again = store.import(ImportFormat::Json, export.as_bytes(), true, NOW + 9).unwrap();
        assert_eq!((again.refused, again.same, again.conflicts.len()), (0, 1, 1));
        let undone = store.undo(None, NOW + 9);
        assert_eq!(state(&a(), "stolen"), Some(PinState::Compromised), "{undone:?}");
        assert_eq!(state(&b, "bad"), Some(PinState::Blocked));
    });
}

#[test]
fn a_block_that_finds_no_room_is_named() {
    everywhere(|store| {
        let foreign = Store::memory();
        foreign.add_pin(&a(), &new_pin("bad", PinState::Blocked), 5).unwrap();
        let export = foreign.export_json().unwrap().to_string();
        for n in 0..128 {
            store.add_pin(&a(), &new_pin(&n.to_string(), PinState::Trusted), NOW).unwrap();
        }
        let report = store.import(ImportFormat::Json, export.as_bytes(), true, NOW).unwrap();
        assert_eq!((report.refused, report.conflicts.len(), report.remarks.len()), (0, 1, 1));
        assert!(report.remarks[0].contains("128 pins"), "{report:?}");
    });
}
