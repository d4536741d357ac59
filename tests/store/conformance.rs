//! What every store does, whatever is underneath: one set of claims run over each engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::*;
use tofu::endpoint::{Account, Endpoint};
use tofu::hash::Hash;
use tofu::store::*;

/// An engine as an application would write it: get, scan and commit, nothing else. It can be told
/// to commit something else between two calls.
struct Plain {
    inner: MemoryEngine,
    interfere_at: Arc<AtomicU64>,
    calls: AtomicU64,
}

impl Plain {
    fn new(interfere_at: u64) -> Self {
        Self {
            inner: MemoryEngine::default(),
            interfere_at: Arc::new(AtomicU64::new(interfere_at)),
            calls: AtomicU64::new(0),
        }
    }
}

impl Engine for Plain {
    fn name(&self) -> String {
        "backend".to_owned()
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let page = self.inner.scan(after, prefix, limit)?;
        if self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.interfere_at.load(Ordering::SeqCst) {
            // Somebody else's commit: it touches nothing but the meta row, as every commit does.
            let meta = self.inner.get(b"m")?.unwrap();
            let mut other = meta.clone();
            other.push(b' ');
            self.inner.commit(&vec![Op::Put(b"m".to_vec(), other)])?;
            self.inner.commit(&vec![Op::Put(b"m".to_vec(), meta)])?;
        }
        Ok(page)
    }
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.inner.commit(batch)
    }
    fn read_only(&self) -> bool {
        false
    }
}

/// Runs a claim on every engine.
fn everywhere(claim: impl Fn(&Store)) {
    claim(&Store::memory());
    claim(&Store::with_engine(Box::new(Plain::new(0)), &StoreOptions::default()).unwrap());
    let place = Place::new();
    claim(&place.open());
    place.assert_sound();
}

#[test]
fn what_was_put_is_read_back_and_what_was_not_is_proven_absent() {
    everywhere(|store| {
        let mut all = Vec::new();
        for (account, host, port) in [
            ("", "b.example", 993),
            ("", "a.example", 993),
            ("ann", "b.example", 993),
            ("", "b.example", 143),
            ("", "::1", 993),
        ] {
            all.push(pinned(account, host, port, "k"));
        }
        for record in &all {
            put(store, record.clone());
        }
        for record in &all {
            let read = get(store, &record.endpoint).unwrap();
            assert_eq!(read.pins, record.pins);
            assert_eq!(read.endpoint, record.endpoint);
        }
        for (account, host, port) in
            [("", "b.example", 994), ("bob", "b.example", 993), ("", "c.example", 993), ("", "0.example", 1)]
        {
            assert_eq!(get(store, &endpoint(account, host, port)), None);
        }
        let of_b = store.read(|tx| tx.endpoints_of(&endpoint("", "b.example", 1).host)).unwrap();
        let shown: Vec<String> = of_b.iter().map(|r| r.endpoint.to_string()).collect();
        assert_eq!(shown, ["b.example:143", "b.example:993", "b.example:993 (account ann)"]);
        assert!(store.read(|tx| tx.endpoints_of(&endpoint("", "nobody.example", 1).host)).unwrap().is_empty());
    });
}

#[test]
fn generations_move_with_pins_and_not_with_mere_contact() {
    everywhere(|store| {
        put(store, pinned("", "a.example", 993, "k"));
        let first = get(store, &endpoint("", "a.example", 993)).unwrap();
        let mut contact = first.clone();
        contact.last_seen = 5_000;
        contact.pins[0].last_matched = 5_000;
        put(store, contact);
        let second = get(store, &first.endpoint).unwrap();
        assert_eq!(second.generation, first.generation);
        assert_eq!(second.last_seen, 5_000);
        let mut changed = second.clone();
        changed.pins[0].state = PinState::Retired;
        put(store, changed);
        assert!(get(store, &first.endpoint).unwrap().generation > first.generation);
    });
}

#[test]
fn nothing_is_written_where_nothing_changed() {
    everywhere(|store| {
        put(store, pinned("", "a.example", 993, "k"));
        let before = store.generation().unwrap();
        let peeked = store.peek();
        let same = get(store, &endpoint("", "a.example", 993)).unwrap();
        put(store, same);
        store.write(|tx| tx.set_policy(None)).unwrap();
        assert_eq!(store.generation().unwrap(), before);
        assert_eq!(store.peek(), peeked);
    });
}

#[test]
fn a_failed_closure_changes_nothing() {
    everywhere(|store| {
        let before = store.generation().unwrap();
        let result: Result<(), StoreError> = store.write(|tx| {
            tx.put_endpoint(pinned("", "a.example", 993, "k"))?;
            assert!(tx.endpoint(&endpoint("", "a.example", 993))?.is_some(), "own changes are seen");
            Err(StoreError::Invalid { what: "no".to_owned() })
        });
        assert!(matches!(result, Err(StoreError::Invalid { .. })));
        assert_eq!(store.generation().unwrap(), before);
        assert_eq!(get(store, &endpoint("", "a.example", 993)), None);
    });
}

#[test]
fn blocks_are_found_and_their_absence_is_proven() {
    everywhere(|store| {
        let (bad, good) = (Hash::of(b"bad"), Hash::of(b"good"));
        let generation = store.read(|tx| tx.decision_generation(&endpoint("", "a.example", 993))).unwrap();
        store.write(|tx| tx.put_block(block(bad))).unwrap();
        let found = store.read(|tx| tx.blocked(PinKind::Key, &[good, bad])).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].value, bad);
        assert!(store.read(|tx| tx.blocked(PinKind::Certificate, &[bad])).unwrap().is_empty());
        let moved = store.read(|tx| tx.decision_generation(&endpoint("", "a.example", 993))).unwrap();
        assert!(moved > generation, "a block changes what decisions rest on");
        store.write(|tx| tx.remove_block(PinKind::Key, bad)).unwrap();
        assert!(store.read(|tx| tx.blocked(PinKind::Key, &[bad])).unwrap().is_empty());
        assert!(matches!(store.write(|tx| tx.remove_block(PinKind::Key, bad)), Err(StoreError::NotFound { .. })));
    });
}

#[test]
fn the_key_index_follows_the_records() {
    everywhere(|store| {
        put(store, pinned("", "a.example", 993, "k"));
        put(store, pinned("", "b.example", 993, "k"));
        let holders = |key: &str| -> Vec<Endpoint> {
            let records = store.read(|tx| tx.holders(Hash::of(key.as_bytes()), 10)).unwrap();
            records.into_iter().map(|record| record.endpoint).collect()
        };
        assert_eq!(holders("k").len(), 2);
        let mut other = get(store, &endpoint("", "a.example", 993)).unwrap();
        other.pins[0].value = PinValue::Sha256(Hash::of(b"new"));
        put(store, other);
        assert_eq!(holders("k"), [endpoint("", "b.example", 993)]);
        assert_eq!(holders("new"), [endpoint("", "a.example", 993)]);
        assert_eq!(store.read(|tx| tx.holders(Hash::of(b"k"), 0)).unwrap(), []);
    });
}

#[test]
fn pending_questions_have_a_quota_of_the_first_and_the_latest() {
    everywhere(|store| {
        let e = endpoint("", "a.example", 993);
        for n in 0..50 {
            store.write(|tx| tx.put_pending(pending(&e, n))).unwrap();
        }
        let other = endpoint("", "b.example", 993);
        store.write(|tx| tx.put_pending(pending(&other, 1))).unwrap();
        let mut kept: Vec<i64> = store.read(|tx| tx.pending_of(&e)).unwrap().iter().map(|p| p.first).collect();
        kept.sort_unstable();
        assert_eq!(kept, [0, 43, 44, 45, 46, 47, 48, 49]);
        assert_eq!(store.read(|tx| tx.pending_of(&other)).unwrap().len(), 1);
        let spki = Hash::of(&49_i64.to_be_bytes());
        assert_eq!(store.read(|tx| tx.pending(&e, spki)).unwrap(), Some(pending(&e, 49)));
        store.write(|tx| tx.remove_pending(&e, spki)).unwrap();
        assert_eq!(store.read(|tx| tx.pending(&e, spki)).unwrap(), None);
        store.write(|tx| tx.remove_pending(&e, spki)).unwrap();
    });
}

#[test]
fn the_log_is_numbered_and_bounded() {
    let options = StoreOptions {
        log_events: Some(20),
        log_age: Some(1000),
        application: "test".to_owned(),
        ..Default::default()
    };
    let store = Store::with_engine(Box::new(Plain::new(0)), &options).unwrap();
    for n in 0..50 {
        let id = store.write(|tx| tx.log(event("note", n))).unwrap();
        assert_eq!(id, u64::try_from(n).unwrap() + 1);
    }
    let there = |id: u64| store.read(|tx| tx.event(id)).unwrap();
    assert!(there(30).is_none() && there(31).is_some());
    assert_eq!(there(50).unwrap().application, "test");
    // By age: each new event takes up to four old ones away.
    for _ in 0..8 {
        store.write(|tx| tx.log(event("note", 5_000))).unwrap();
    }
    assert!(there(50).is_none() && there(51).is_some());
}

#[test]
fn changed_keys_are_counted_by_server_and_for_the_account_that_saw_them() {
    everywhere(|store| {
        for (code, host, time) in [
            ("changed", "a.example", 10),
            ("upgrade", "a.example", 20),
            ("downgrade", "b.example", 30),
            ("first-use", "c.example", 30),
        ] {
            let event = Event { host: host.to_owned(), port: 993, ..event(code, time) };
            store.write(|tx| tx.log(event.clone())).unwrap();
        }
        let other =
            Event { host: "d.example".to_owned(), port: 993, account: "ann".to_owned(), ..event("changed", 30) };
        store.write(|tx| tx.log(other.clone())).unwrap();
        let counted = |account: &str, since| {
            let account = Account::parse(account).unwrap();
            store.read(|tx| tx.changed_since(&account, since)).unwrap()
        };
        assert_eq!((counted("", 0), counted("", 25)), (2, 1));
        assert_eq!((counted("ann", 0), counted("bob", 0)), (1, 0));
    });
}

#[test]
fn fields_of_newer_versions_survive() {
    everywhere(|store| {
        let mut record = pinned("", "a.example", 993, "k");
        record.extra.insert("from_the_future".to_owned(), serde_json::json!([1, {"x": true}]));
        record.pins[0].extra.insert("colour".to_owned(), serde_json::json!("blue"));
        put(store, record.clone());
        let read = get(store, &record.endpoint).unwrap();
        assert_eq!((&read.extra, &read.pins[0].extra), (&record.extra, &record.pins[0].extra));
    });
}

#[test]
fn what_no_record_may_hold_is_refused() {
    everywhere(|store| {
        let mut record = pinned("", "a.example", 993, "k");
        record.pins[0].comment = "x".repeat(2000);
        assert!(matches!(store.write(|tx| tx.put_endpoint(record.clone())), Err(StoreError::Limit { .. })));
        let mut record = pinned("", "a.example", 993, "k");
        record.pins[0].value = PinValue::Name("a.example\nb.example".to_owned());
        assert!(matches!(store.write(|tx| tx.put_endpoint(record.clone())), Err(StoreError::Invalid { .. })));
        let mut record = pinned("", "a.example", 993, "k");
        record.pins = (0..200).map(|n| pin(n, "k")).collect();
        assert!(matches!(store.write(|tx| tx.put_endpoint(record.clone())), Err(StoreError::Limit { .. })));
    });
}

#[test]
fn many_threads_on_one_handle_lose_nothing() {
    everywhere(|store| {
        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    for n in 0..10 {
                        put(store, pinned("", &format!("h{thread}-{n}.example"), 993, "k"));
                    }
                });
            }
        });
        assert_eq!(store.read(|tx| tx.holders(Hash::of(b"k"), 1000)).unwrap().len(), 80);
    });
}

#[test]
fn a_read_that_was_torn_is_repeated() {
    // The interference comes in the middle of each of the first reads; the answer must be right all the same.
    for at in 1..20 {
        let engine = Plain::new(0);
        let when = Arc::clone(&engine.interfere_at);
        let store = Store::with_engine(Box::new(engine), &StoreOptions::default()).unwrap();
        put(&store, pinned("", "a.example", 993, "k"));
        when.store(at, Ordering::SeqCst);
        assert!(get(&store, &endpoint("", "a.example", 993)).is_some());
        put(&store, pinned("", "b.example", 993, "k"));
        assert!(get(&store, &endpoint("", "b.example", 993)).is_some());
    }
}

#[test]
fn an_engine_that_breaks_its_contract_is_an_error_and_never_an_absence() {
    struct Liar(MemoryEngine, Arc<AtomicU64>);
    impl Engine for Liar {
        fn name(&self) -> String {
            "liar".to_owned()
        }
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            self.0.get(key)
        }
        fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
            match self.1.load(Ordering::SeqCst) {
                0 => Ok(Vec::new()),
                1 => self.0.scan(b"", b"", limit),
                2 => self.0.scan(after, prefix, limit + 1).map(|mut p| {
                    p.reverse();
                    p
                }),
                3 => Err(StoreError::Backend { what: "disk on fire".to_owned() }),
                99 => self.0.scan(after, prefix, limit),
                _ => self.0.scan(after, prefix, limit).map(|p| p.into_iter().map(|(k, _)| (k, Vec::new())).collect()),
            }
        }
        fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
            self.0.commit(batch)
        }
        fn read_only(&self) -> bool {
            false
        }
    }
    for lie in 0..5 {
        let mood = Arc::new(AtomicU64::new(99));
        let engine = Liar(MemoryEngine::default(), Arc::clone(&mood));
        let store = Store::with_engine(Box::new(engine), &StoreOptions::default()).unwrap();
        put(&store, pinned("", "b.example", 993, "k"));
        mood.store(lie, Ordering::SeqCst);
        let asked: Result<_, StoreError> = store.read(|tx| tx.endpoint(&endpoint("", "a.example", 993)));
        assert!(matches!(asked, Err(StoreError::Damaged { .. } | StoreError::Backend { .. })), "lie {lie}: {asked:?}");
    }
}

#[test]
fn any_account_is_a_value_of_its_own() {
    everywhere(|store| {
        let any = Endpoint { account: tofu::endpoint::Account::any(), ..endpoint("", "a.example", 993) };
        let mut record = pinned("", "a.example", 993, "k");
        record.endpoint = any.clone();
        put(store, record);
        assert!(get(store, &any).is_some());
        assert_eq!(get(store, &endpoint("", "a.example", 993)), None);
    });
}
