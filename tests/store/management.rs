//! What a person does to a store: list, find, add, stage, retire, block, forget, undo, prune, back up,
//! restore, export, import. Run on SQLite and in memory.

use crate::need;
use crate::support::*;
use tofu::hash::Hash;
use tofu::store::*;

const NOW: i64 = 1_800_000_000;

fn everywhere(claim: impl Fn(&Store)) {
    claim(&Store::memory());
    let place = Place::new();
    claim(&place.open());
    place.assert_sound();
}

fn new_pin(key: &str, state: PinState) -> NewPin {
    let value = PinValue::Sha256(Hash::of(key.as_bytes()));
    NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() }
}

fn a() -> tofu::endpoint::Endpoint {
    endpoint("", "a.example", 993)
}

fn states(store: &Store, at: &tofu::endpoint::Endpoint) -> Vec<PinState> {
    get(store, at).map(|r| r.pins.iter().map(|p| p.state).collect()).unwrap_or_default()
}

#[test]
fn listings_come_in_pages_in_a_stable_order() {
    everywhere(|store| {
        for n in 0..25 {
            store
                .add_pin(&endpoint("", &format!("h{n:02}.example"), 993), &new_pin("k", PinState::Trusted), NOW)
                .unwrap();
        }
        store.add_pin(&a(), &new_pin("other", PinState::Blocked), NOW).unwrap();
        store.block(None, PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
        let walk = |filter: &Filter, limit| {
            let (mut found, mut cursor) = (Vec::new(), Cursor::default());
            loop {
                let page = store.read(|tx| tx.list_endpoints(filter, &cursor, limit)).unwrap();
                assert!(page.items.len() <= limit);
                found.extend(page.items.iter().map(|r| r.endpoint.to_string()));
                match page.next {
                    Some(next) => cursor = next,
                    None => return found,
                }
            }
        };
        let all = walk(&Filter::default(), 100);
        assert_eq!(all.len(), 26);
        assert!(all.is_sorted());
        for limit in [1, 5, 13, 26] {
            assert_eq!(walk(&Filter::default(), limit), all, "pages of {limit}");
        }
        let key = Filter { hash: Some(Hash::of(b"k")), ..Filter::default() };
        assert_eq!(walk(&key, 4).len(), 25);
        let host = Filter { host: Some(a().host), ..Filter::default() };
        assert_eq!(walk(&host, 4), ["a.example:993"]);
        let blocked = Filter { states: vec![PinState::Blocked], ..Filter::default() };
        assert_eq!(walk(&blocked, 4), ["a.example:993"]);
        let (mut pins, mut cursor) = (Vec::new(), Some(Cursor::default()));
        while let Some(from) = cursor {
            let page = store.read(|tx| tx.list_pins(&Filter::default(), &from, 7)).unwrap();
            pins.extend(page.items);
            cursor = page.next;
        }
        assert_eq!(pins.len(), 27);
        assert!(matches!(pins.last(), Some(PinEntry::Everywhere(_))));
        let events = store
            .read(|tx| {
                tx.list_events(
                    &Filter { severity: Some(Severity::Warning), ..Filter::default() },
                    &Cursor::default(),
                    100,
                )
            })
            .unwrap();
        assert_eq!(events.items.len(), 1);
    });
}

#[test]
fn a_pin_by_hand_is_found_by_its_number_and_changed_by_it() {
    everywhere(|store| {
        let id = store.add_pin(&a(), &new_pin("k", PinState::Trusted), NOW).unwrap();
        assert_eq!(store.add_pin(&a(), &new_pin("k", PinState::Trusted), NOW).unwrap(), id, "the same pin again");
        let staged = store.add_pin(&a(), &new_pin("next", PinState::Staged), NOW).unwrap();
        let PinEntry::Endpoint(at, pin) = store.read(|tx| tx.find_pin(staged)).unwrap() else { panic!() };
        assert_eq!((at, pin.state, pin.replaces, pin.waiver), (a(), PinState::Staged, id, None));
        store.set_pin_state(id, PinState::Retired, NOW).unwrap();
        store.set_pin_comment(id, "old", NOW).unwrap();
        store.set_pin_expiry(staged, NOW + 5, NOW).unwrap();
        let record = get(store, &a()).unwrap();
        assert_eq!(
            (record.pins[0].state, record.pins[0].comment.as_str(), record.pins[1].expires),
            (PinState::Retired, "old", NOW + 5)
        );
        assert!(matches!(store.set_pin_state(999, PinState::Retired, NOW), Err(StoreError::NotFound { .. })));
        let name = NewPin {
            kind: PinKind::Name,
            value: PinValue::Name("*.p.example".to_owned()),
            ..new_pin("", PinState::Trusted)
        };
        store.add_pin(&a(), &name, NOW).unwrap();
        let wrong = NewPin { kind: PinKind::Key, ..name.clone() };
        assert!(matches!(store.add_pin(&a(), &wrong, NOW), Err(StoreError::Invalid { .. })));
    });
}

#[test]
fn a_name_is_kept_in_its_canonical_form_and_no_bare_wildcard_is() {
    everywhere(|store| {
        let name = |text: &str| NewPin {
            kind: PinKind::Name,
            value: PinValue::Name(text.to_owned()),
            ..new_pin("", PinState::Trusted)
        };
        for bad in ["*", "*.*", "*.example", "*.", "", "mail.*.example", "m*.p.example", "192.0.2.1", "a b", "*.::1"] {
            assert!(matches!(store.add_pin(&a(), &name(bad), NOW), Err(StoreError::Invalid { .. })), "{bad}");
            let mut record = pinned("", "b.example", 993, "k");
            record.pins[0].value = PinValue::Name(bad.to_owned());
            record.pins[0].kind = PinKind::Name;
            assert!(store.write(|tx| tx.put_endpoint(record.clone())).is_err(), "{bad}: by no other way either");
        }
        let one = store.add_pin(&a(), &name("MAIL.Example."), NOW).unwrap();
        assert_eq!(store.add_pin(&a(), &name("mail.example"), NOW).unwrap(), one);
        store.add_pin(&a(), &name("*.B\u{fc}cher.example"), NOW).unwrap();
        let names: Vec<PinValue> = get(store, &a()).unwrap().pins.into_iter().map(|p| p.value).collect();
        assert_eq!(names, ["mail.example", "*.xn--bcher-kva.example"].map(|n| PinValue::Name(n.to_owned())));
    });
}

#[test]
fn a_block_is_lifted_by_nothing_but_its_own_call() {
    everywhere(|store| {
        let id = store.add_pin(&a(), &new_pin("k", PinState::Trusted), NOW).unwrap();
        store.block(Some(&a()), PinKind::Key, Hash::of(b"k"), "stolen", NOW).unwrap();
        assert_eq!(states(store, &a()), [PinState::Blocked]);
        assert!(store.add_pin(&a(), &new_pin("k", PinState::Trusted), NOW).is_err());
        assert!(store.set_pin_state(id, PinState::Trusted, NOW).is_err());
        assert!(store.forget_pin(id, NOW).is_err());
        assert!(store.undo(None, NOW).is_err());
        store.forget(&a(), Forget::ALL, NOW).unwrap();
        assert_eq!(states(store, &a()), [PinState::Blocked]);
        store.set_pin_state(id, PinState::Retired, NOW).unwrap();
        assert_eq!(states(store, &a()), [PinState::Retired]);
        store.set_pin_state(id, PinState::Compromised, NOW).unwrap();
        for state in [PinState::Trusted, PinState::Staged, PinState::Retired, PinState::Blocked] {
            assert!(store.set_pin_state(id, state, NOW).is_err());
        }
        let everywhere = store.block(None, PinKind::Key, Hash::of(b"x"), "", NOW).unwrap();
        assert_eq!(store.block(None, PinKind::Key, Hash::of(b"x"), "", NOW).unwrap(), everywhere);
        assert!(store.add_pin(&a(), &new_pin("x", PinState::Trusted), NOW).is_err());
        store.forget_pin(everywhere, NOW).unwrap();
        assert!(store.read(|tx| tx.blocked(PinKind::Key, &[Hash::of(b"x")])).unwrap().is_empty());
    });
}

#[test]
fn forgetting_leaves_a_keyless_tombstone_and_a_higher_generation() {
    everywhere(|store| {
        let mut record = pinned("", "a.example", 993, "k");
        record.last_seen = 77;
        record.validated = Some(Validated {
            first: 5,
            last: 90,
            ca: true,
            keys: vec![Hash::of(b"k")],
            anchors: Vec::new(),
            by: Vec::new(),
        });
        put(store, record);
        let before = get(store, &a()).unwrap().generation;
        store.forget(&a(), Forget::ALL, NOW).unwrap();
        let left = get(store, &a()).unwrap();
        assert!(left.pins.is_empty() && left.baseline.is_empty());
        assert_eq!(left.tombstone, Some(Tombstone { at: NOW, known_until: 90 }));
        assert!(left.generation > before);
        // That it was once validated stays: forgetting is no way around a downgrade.
        assert_eq!(
            left.validated,
            Some(Validated { first: 5, last: 90, ca: true, keys: Vec::new(), anchors: Vec::new(), by: Vec::new() })
        );
        assert!(store.read(|tx| tx.holders(Hash::of(b"k"), 9)).unwrap().is_empty());
        assert!(matches!(
            store.forget(&endpoint("", "never.example", 1), Forget::ALL, NOW),
            Err(StoreError::NotFound { .. })
        ));
    });
}

#[test]
fn undo_takes_back_changes_one_by_one_and_only_where_nothing_else_changed() {
    everywhere(|store| {
        store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
        store.add_pin(&a(), &new_pin("two", PinState::Trusted), NOW).unwrap();
        store.forget(&a(), Forget::ALL, NOW).unwrap();
        assert!(states(store, &a()).is_empty());
        store.undo(None, NOW).unwrap();
        assert_eq!(states(store, &a()).len(), 2);
        store.undo(None, NOW).unwrap();
        assert_eq!(states(store, &a()).len(), 1);
        store.undo(None, NOW).unwrap();
        assert!(states(store, &a()).is_empty());
        assert!(get(store, &a()).unwrap().tombstone.is_some(), "the next contact asks");
        assert!(matches!(store.undo(None, NOW), Err(StoreError::NotFound { .. })));
        // An undone change can be named and undone in its turn; an outdated one cannot.
        assert!(matches!(store.undo(Some(1), NOW), Err(StoreError::Overtaken { .. })));
        let last =
            store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 100)).unwrap().items.pop().unwrap();
        store.undo(Some(last.id), NOW).unwrap();
        assert_eq!(states(store, &a()).len(), 1);
    });
}

#[test]
fn what_is_compromised_is_not_weakened_by_adding_it_again() {
    everywhere(|store| {
        let id = store.add_pin(&a(), &new_pin("k", PinState::Trusted), NOW).unwrap();
        store.set_pin_state(id, PinState::Compromised, NOW).unwrap();
        let kept = get(store, &a()).unwrap();
        assert_eq!(store.block(Some(&a()), PinKind::Key, Hash::of(b"k"), "less", NOW + 1).unwrap(), id);
        for state in [PinState::Blocked, PinState::Compromised] {
            let ending = NewPin { expires: NOW + 5, ..new_pin("k", state) };
            assert_eq!(store.add_pin(&a(), &ending, NOW + 1).unwrap(), id);
        }
        assert!(store.add_pin(&a(), &new_pin("k", PinState::Trusted), NOW + 1).is_err());
        assert!(store.undo(None, NOW).is_err());
        assert_eq!(get(store, &a()).unwrap(), kept);
    });
}

#[test]
fn undo_passes_over_blocks_and_what_lies_under_them_and_nothing_else() {
    everywhere(|store| {
        let b = endpoint("", "b.example", 993);
        store.add_pin(&b, &new_pin("b", PinState::Trusted), NOW).unwrap();
        store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
        store.block(Some(&a()), PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
        let done = store.undo(None, NOW).unwrap();
        assert_eq!((done.events.as_slice(), done.kept.as_slice()), (&[1][..], &[3][..]));
        assert_eq!(states(store, &a()), [PinState::Trusted, PinState::Blocked]);
        assert!(states(store, &b).is_empty());
        // A block is no less of one where nothing else was known of its endpoint.
        store.block(Some(&endpoint("", "new.example", 993)), PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
        let nothing = store.undo(None, NOW).unwrap_err();
        assert!(nothing.to_string().contains("event 5: undo lifts no block"), "{nothing}");
        // An undo that was undone leaves the change to be undone again.
        let back = store.undo(Some(done.event), NOW).unwrap();
        assert_eq!((back.events.as_slice(), states(store, &b).len()), (&[done.event][..], 1));
        assert_eq!(store.undo(None, NOW).unwrap().events, [1]);
        // What changed otherwise meanwhile stops it: nothing older is undone in its place.
        store.undo(Some(store.undo(Some(back.event), NOW).unwrap_or_default().event), NOW).unwrap_err();
        let mut record = pinned("", "c.example", 993, "c");
        put(store, record.clone());
        store.add_pin(&record.endpoint, &new_pin("d", PinState::Trusted), NOW).unwrap();
        record = get(store, &record.endpoint).unwrap();
        record.pins.pop();
        put(store, record);
        assert!(matches!(store.undo(None, NOW), Err(StoreError::Overtaken { .. })));
    });
}

#[test]
fn an_undone_import_comes_back_as_a_whole_and_what_it_blocked_stays() {
    everywhere(|store| {
        let foreign = Store::memory();
        let places = ["b.example", "c.example", "d.example"].map(|host| endpoint("", host, 993));
        for place in &places {
            foreign.add_pin(place, &new_pin("key", PinState::Trusted), 5).unwrap();
        }
        foreign.add_pin(&a(), &new_pin("bad", PinState::Blocked), 5).unwrap();
        let export = foreign.export_json().unwrap().to_string();
        store.import(ImportFormat::Json, export.as_bytes(), true, NOW).unwrap();
        let text = store.read(|tx| tx.event(1)).unwrap().unwrap().text;
        assert_eq!(text, "imported with 1 pin");
        let known = || places.each_ref().map(|place| states(store, place).len());
        let done = store.undo(None, NOW).unwrap();
        assert_eq!((known(), done.events.len(), done.kept.len()), ([0; 3], 3, 1));
        assert_eq!(states(store, &a()), [PinState::Blocked]);
        let back = store.undo(Some(done.event), NOW).unwrap();
        assert_eq!((known(), back.events.len(), back.kept.len()), ([1; 3], 3, 0));
        let again = store.undo(None, NOW).unwrap();
        assert_eq!((known(), again.events), ([0; 3], done.events));
        assert_eq!(store.verify().unwrap().problems, [""; 0]);
    });
}

#[test]
fn contact_and_observations_do_not_stand_in_the_way_of_undo() {
    everywhere(|store| {
        store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
        let mut record = get(store, &a()).unwrap();
        record.last_seen = NOW + 1;
        record.pins[0].last_matched = NOW + 1;
        let (cert, spki) = (Hash::of(b"c"), Hash::of(b"s"));
        record.observations.push(Observation { cert, spki, first: 1, last: 1, count: 1, extra: Default::default() });
        put(store, record);
        store.undo(None, NOW).unwrap();
        let left = get(store, &a()).unwrap();
        assert_eq!((left.pins.len(), left.last_seen, left.observations.len()), (0, NOW + 1, 1));
    });
}

#[test]
fn pruning_takes_what_is_old_and_leaves_what_is_trusted() {
    everywhere(|store| {
        store.add_pin(&a(), &new_pin("one", PinState::Trusted), 100).unwrap();
        let mut record = get(store, &a()).unwrap();
        for n in [50, 500] {
            let hash = Hash::of(&[n as u8]);
            record.observations.push(Observation {
                cert: hash,
                spki: hash,
                first: n,
                last: n,
                count: 1,
                extra: Default::default(),
            });
        }
        put(store, record);
        store.write(|tx| tx.put_pending(pending(&a(), 60))).unwrap();
        store.write(|tx| tx.put_pending(pending(&a(), 600))).unwrap();
        assert_eq!(store.prune(200, 700).unwrap(), 3);
        assert_eq!(store.prune(200, 700).unwrap(), 0);
        assert_eq!(states(store, &a()), [PinState::Trusted]);
        store.dismiss("verdict-600", 700).unwrap();
        assert!(matches!(store.dismiss("verdict-600", 700), Err(StoreError::NotFound { .. })));
        let statistics = store.read(|tx| tx.statistics()).unwrap();
        assert_eq!((statistics.pins, statistics.counts.pending), ([1, 0, 0, 0, 0], 0));
        let told = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 9)).unwrap().items;
        let codes: Vec<&str> = told.iter().map(|event| event.code.as_str()).collect();
        assert_eq!(codes, ["pruned", "dismissed"]);
    });
}

#[test]
fn pruning_up_to_a_time_to_come_is_refused() {
    everywhere(|store| {
        store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
        assert!(matches!(store.prune(NOW + 1, NOW), Err(StoreError::Invalid { .. })));
        assert_eq!(store.undo(None, NOW).unwrap().events, [1]);
    });
}

#[test]
fn pruning_questions_that_share_a_certificate_takes_time_linear_in_them() {
    let cert = tofu::cert::Cert::parse_der(include_bytes!("../data/certs/key-p256.der")).unwrap();
    let timed = |many: u16| {
        let place = Place::new();
        let store = place.open();
        store
            .write(|tx| -> Result<(), StoreError> {
                tx.put_cert(&cert)?;
                for n in 1..=many {
                    let asked = pending(&endpoint("", "a.example", n), 1);
                    tx.put_pending(Pending { chain: vec![cert.fingerprint()], ..asked })?;
                }
                Ok(())
            })
            .unwrap();
        let began = std::time::Instant::now();
        assert_eq!(store.prune(NOW, NOW).unwrap(), u64::from(many));
        let took = began.elapsed();
        assert!(store.read(|tx| tx.cert(cert.fingerprint())).unwrap().is_none());
        drop(store);
        place.assert_sound();
        took
    };
    let (few, all) = (timed(500), timed(8_000));
    assert!(all < few * 16 * 8, "500: {few:?}, 8,000: {all:?}");
}

#[test]
fn a_change_is_announced_until_a_time_to_come_and_not_for_a_duration() {
    everywhere(|store| {
        for past in [1, 86_400, NOW - 1, NOW] {
            let refused = store.expect_change(&a(), past, NOW).unwrap_err();
            assert!(matches!(&refused, StoreError::Invalid { what } if what.contains("in the past")), "{refused}");
        }
        assert!(get(store, &a()).is_none(), "nothing was written");
        store.expect_change(&a(), NOW + 1, NOW).unwrap();
        store.expect_change(&a(), 0, NOW).unwrap();
        assert_eq!(get(store, &a()).unwrap().expect_change_until, 0);
    });
}

#[test]
fn a_policy_is_kept_as_it_is_and_its_change_is_logged() {
    everywhere(|store| {
        let policy = serde_json::Map::from_iter([
            ("preset".to_owned(), "strict".into()),
            ("from-the-future".to_owned(), 1.into()),
        ]);
        store.set_policy(None, Some(&policy), NOW).unwrap();
        store.set_policy(Some(&a()), Some(&policy), NOW).unwrap();
        store.expect_change(&a(), NOW + 9, NOW).unwrap();
        let record = get(store, &a()).unwrap();
        assert_eq!((record.policy.as_ref(), record.expect_change_until), (Some(&policy), NOW + 9));
        assert_eq!(store.read(|tx| tx.policy()).unwrap(), Some(policy));
        store.set_policy(None, None, NOW).unwrap();
        assert_eq!(store.read(|tx| tx.policy()).unwrap(), None);
        let codes: Vec<String> = store
            .read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 9))
            .unwrap()
            .items
            .into_iter()
            .map(|e| e.code)
            .collect();
        assert_eq!(codes, ["policy-changed", "policy-changed", "change-expected", "policy-changed"]);
    });
}

#[test]
fn a_backup_made_in_use_restores_what_was_there() {
    let place = Place::new();
    let store = place.open();
    store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
    let copy = place.directory().join("copy.db");
    store.backup(&copy).unwrap();
    assert!(store.backup(&copy).is_err(), "nothing is overwritten");
    store.add_pin(&endpoint("", "b.example", 993), &new_pin("two", PinState::Trusted), NOW).unwrap();
    store.forget(&a(), Forget::ALL, NOW).unwrap();
    store.block(None, PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
    let before = store.generation().unwrap();
    let other_handle = place.open();
    store.restore(&copy, NOW).unwrap();
    assert!(store.generation().unwrap() > before);
    for handle in [&store, &other_handle] {
        assert_eq!(states(handle, &a()), [PinState::Trusted]);
        assert_eq!(get(handle, &endpoint("", "b.example", 993)), None);
        assert_eq!(handle.read(|tx| tx.blocked(PinKind::Key, &[Hash::of(b"bad")])).unwrap().len(), 1, "a block stays");
    }
    drop((store, other_handle));
    place.assert_sound();
    // Into a store of another id, and from a damaged copy.
    let elsewhere = Place::new();
    elsewhere.open().restore(&copy, NOW).unwrap();
    assert_eq!(states(&elsewhere.open(), &a()), [PinState::Trusted]);
    elsewhere.assert_sound();
    let mut bad = std::fs::read(&copy).unwrap();
    let at = bad.len() - 20;
    bad[at] ^= 1;
    std::fs::write(&copy, bad).unwrap();
    assert!(matches!(elsewhere.open().restore(&copy, NOW), Err(StoreError::Damaged { .. })));
    assert_eq!(states(&elsewhere.open(), &a()), [PinState::Trusted]);
}

#[test]
fn an_export_fills_a_new_store_without_loss() {
    everywhere(|store| {
        let any = tofu::endpoint::Endpoint { account: tofu::endpoint::Account::any(), ..a() };
        store.add_pin(&any, &new_pin("one", PinState::Trusted), NOW).unwrap();
        let mut record = pinned("ann", "::1", 143, "k");
        record.pins[0].id = 77;
        record.extra.insert("new".to_owned(), true.into());
        put(store, record);
        store.block(None, PinKind::Certificate, Hash::of(b"bad"), "note", NOW).unwrap();
        store.write(|tx| tx.put_pending(pending(&a(), 5))).unwrap();
        store.write(|tx| tx.raise_time_floor(1234)).unwrap();
        let policy = serde_json::Map::from_iter([("preset".to_owned(), "careful".into())]);
        store.set_policy(None, Some(&policy), NOW).unwrap();
        let export = store.export_json().unwrap();
        let copy = Store::memory();
        copy.restore_json(export.to_string().as_bytes()).unwrap();
        assert!(copy.verify().unwrap().problems.is_empty());
        let strip = |mut json: serde_json::Value| {
            json["store"].take();
            json["generation"].take();
            for endpoint in json["endpoints"].as_array_mut().unwrap() {
                endpoint["record"]["generation"].take();
            }
            json
        };
        assert_eq!(strip(copy.export_json().unwrap()), strip(export.clone()));
        assert!(copy.restore_json(export.to_string().as_bytes()).is_err(), "only a new store");
        assert!(copy.write(|tx| tx.new_pin_id()).unwrap() > 77);
    });
}

#[test]
fn an_import_is_dry_unless_committed_and_touches_nothing_known() {
    everywhere(|store| {
        let foreign = Store::memory();
        foreign.add_pin(&a(), &new_pin("foreign", PinState::Trusted), 5).unwrap();
        foreign.add_pin(&endpoint("", "b.example", 993), &new_pin("b", PinState::Trusted), 5).unwrap();
        foreign.add_pin(&endpoint("", "c.example", 993), &new_pin("bad", PinState::Trusted), 5).unwrap();
        foreign.block(None, PinKind::Key, Hash::of(b"worse"), "", 5).unwrap();
        let loose = serde_json::Map::from_iter([("preset".to_owned(), "accept-new".into())]);
        foreign.set_policy(None, Some(&loose), 5).unwrap();
        let export = foreign.export_json().unwrap().to_string();
        store.add_pin(&a(), &new_pin("ours", PinState::Trusted), NOW).unwrap();
        store.block(None, PinKind::Key, Hash::of(b"bad"), "", NOW).unwrap();
        let before = store.export_json().unwrap();
        let dry = store.import(ImportFormat::Json, export.as_bytes(), false, NOW).unwrap();
        assert_eq!(store.export_json().unwrap(), before, "a dry run writes nothing");
        let wet = store.import(ImportFormat::Json, export.as_bytes(), true, NOW).unwrap();
        assert_eq!(ImportReport { committed: false, ..wet.clone() }, dry);
        assert_eq!((wet.endpoints, wet.pins, wet.blocks, wet.conflicts.as_slice()), (1, 1, 1, &[a()][..]));
        assert_eq!(store.read(|tx| tx.policy()).unwrap(), None, "no policy is loosened");
        assert_eq!(get(store, &a()).unwrap().pins[0].value, PinValue::Sha256(Hash::of(b"ours")));
        assert_eq!(get(store, &endpoint("", "c.example", 993)), None, "a block is not lifted");
        let taken = &get(store, &endpoint("", "b.example", 993)).unwrap().pins[0];
        assert_eq!((taken.origin, taken.created, taken.waiver), (Origin::Imported, NOW, None));
        let again = store.import(ImportFormat::Json, export.as_bytes(), true, NOW).unwrap();
        assert_eq!((again.endpoints, again.same), (0, 1));
        // All of it is undone at once, except the block.
        store.undo(None, NOW).unwrap();
        assert!(states(store, &endpoint("", "b.example", 993)).is_empty());
        assert_eq!(store.read(|tx| tx.blocked(PinKind::Key, &[Hash::of(b"worse")])).unwrap().len(), 1);
    });
}

#[test]
fn other_formats_are_merged_by_the_same_rule() {
    everywhere(|store| {
        let print = Hash::of(b"k").hex();
        let known_hosts = format!("|c0|a.example|993|0|6|{print}\n|c0|*|993|0|6|{print}\nrubbish\n");
        let report = store.import(ImportFormat::KnownHosts, known_hosts.as_bytes(), true, NOW).unwrap();
        assert_eq!((report.endpoints, report.remarks.len()), (1, 2), "{report:?}");
        let fingerprints = format!("a.example:993 {print}\nb.example {print}\n");
        let report = store.import(ImportFormat::Fingerprints, fingerprints.as_bytes(), true, NOW).unwrap();
        assert_eq!((report.endpoints, report.conflicts.len()), (1, 1));
        assert_eq!(get(store, &endpoint("", "b.example", 993)).unwrap().pins[0].kind, PinKind::Certificate);
        for nonsense in [&b"\xff\xfe\0"[..], b"[]", b"{\"schema\":\"other\",\"version\":1}"] {
            assert!(matches!(store.import(ImportFormat::Json, nonsense, true, NOW), Err(StoreError::Invalid { .. })));
        }
    });
}

#[test]
fn certificates_live_as_long_as_something_refers_to_them() {
    let Some(openssl) = need::program(&["openssl"]) else { return };
    let made = std::process::Command::new(openssl)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "/dev/null",
        ])
        .args(["-subj", "/CN=a.example", "-outform", "DER"])
        .output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let cert = tofu::cert::Cert::parse_der(&made.stdout).unwrap();
    everywhere(|store| {
        store.write(|tx| tx.put_cert(&cert)).unwrap();
        assert!(store.read(|tx| tx.cert(cert.fingerprint())).unwrap().is_none(), "nothing refers to it");
        let new =
            NewPin { value: PinValue::Sha256(cert.spki()), cert: Some(cert.clone()), ..new_pin("", PinState::Trusted) };
        let id = store.add_pin(&a(), &new, NOW).unwrap();
        store
            .write(|tx| {
                tx.put_cert(&cert)?;
                tx.put_pending(Pending {
                    chain: vec![cert.fingerprint()],
                    ..pending(&endpoint("", "b.example", 993), 1)
                })
            })
            .unwrap();
        assert_eq!(store.read(|tx| tx.cert(cert.fingerprint())).unwrap().unwrap().der(), cert.der());
        let by_cert = Filter { hash: Some(cert.fingerprint()), ..Filter::default() };
        assert_eq!(store.read(|tx| tx.list_endpoints(&by_cert, &Cursor::default(), 9)).unwrap().items.len(), 1);
        let export = store.export_json().unwrap();
        let copy = Store::memory();
        copy.restore_json(export.to_string().as_bytes()).unwrap();
        assert!(copy.read(|tx| tx.cert(cert.fingerprint())).unwrap().is_some());
        store.forget_pin(id, NOW).unwrap();
        assert!(store.read(|tx| tx.cert(cert.fingerprint())).unwrap().is_some(), "the question still does");
        store.dismiss("verdict-1", NOW).unwrap();
        assert!(store.read(|tx| tx.cert(cert.fingerprint())).unwrap().is_some(), "undo would need it");
        store.prune(NOW + 1, NOW + 1).unwrap();
        assert!(store.read(|tx| tx.cert(cert.fingerprint())).unwrap().is_none());
        let wrong = NewPin { value: PinValue::Sha256(Hash::of(b"x")), ..new };
        assert!(matches!(store.add_pin(&a(), &wrong, NOW), Err(StoreError::Invalid { .. })));
    });
}

#[test]
fn lost_index_rows_are_found_and_rebuilt() {
    let place = Place::new();
    let store = place.open();
    store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
    store.add_pin(&endpoint("", "b.example", 993), &new_pin("one", PinState::Trusted), NOW).unwrap();
    drop(store);
    let tamper = rusqlite::Connection::open(place.file()).unwrap();
    tamper.execute_batch("DELETE FROM record WHERE key >= X'6e' AND key < X'6f'; UPDATE record SET value = X'00' WHERE key >= X'6b' AND key < X'6c'").unwrap();
    drop(tamper);
    let store = place.open();
    assert!(store.verify().unwrap().problems.len() >= 4);
    assert!(get(&store, &a()).is_some(), "what is trusted does not hang on an index");
    let report = store.rebuild_indexes().unwrap();
    assert_eq!(report.repaired, 4);
    drop(store);
    place.assert_sound();
}

#[test]
fn nothing_is_rebuilt_while_rows_that_carry_trust_are_missing_or_damaged() {
    for sql in [
        "DELETE FROM record WHERE key >= X'7465' AND key < X'7466'",
        "UPDATE record SET value = X'00' WHERE key >= X'7465612e' AND key < X'7465622e'",
        "DELETE FROM record WHERE key = X'74FF00'",
    ] {
        let place = Place::new();
        let store = place.open();
        store.add_pin(&a(), &new_pin("one", PinState::Trusted), NOW).unwrap();
        store.add_pin(&endpoint("", "b.example", 993), &new_pin("two", PinState::Trusted), NOW).unwrap();
        drop(store);
        let tamper = rusqlite::Connection::open(place.file()).unwrap();
        tamper.execute_batch(sql).unwrap();
        drop(tamper);
        let store = place.open();
        let before = store.verify().unwrap().problems;
        assert!(!before.is_empty(), "{sql}");
        let report = store.rebuild_indexes().unwrap();
        assert!(report.refused && report.repaired == 0, "{sql}: {report:?}");
        assert_eq!(store.verify().unwrap().problems, before, "{sql}");
    }
}

#[test]
fn a_damaged_row_is_reported_once_and_in_one_line() {
    let place = Place::new();
    let store = place.open();
    put(&store, pinned("", "a.example", 993, "k"));
    put(&store, pinned("", "b.example", 993, "k"));
    drop(store);
    let bytes = std::fs::read(place.file()).unwrap();
    let at = bytes.windows(12).position(|w| w == b"\"first_seen\"").unwrap();
    let mut bad = bytes.clone();
    bad[at] ^= 1;
    std::fs::write(place.file(), bad).unwrap();
    let problems = place.open().verify().unwrap().problems;
    assert!(problems.iter().any(|p| p.ends_with("does not match its seal")), "{problems:?}");
    assert!(problems.iter().all(|p| !p.contains("damaged") && !p.contains('\n')), "{problems:?}");
    // What restores from it says the same, of the backup.
    let copy = place.subdirectory("copy").join("pins.db");
    std::fs::copy(place.file(), &copy).unwrap();
    let refused = Store::memory().restore(&copy, NOW).unwrap_err().to_string();
    assert_eq!((refused.matches("damaged").count(), refused.matches("pins.db").count()), (1, 1), "{refused}");
}
