//! Accepts given again without a look at the store: that it happens, and everything that ends it
//! (docs/performance.md, "What makes a check of a known server cheap").

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::trust_support::*;
use tofu::endpoint::Endpoint;
use tofu::store::{
    Batch, EndpointRecord, Engine, MemoryEngine, Pair, Peek, PinState, Store, StoreError, StoreOptions, Transaction,
};
use tofu::time::DAY;
use tofu::trust::{self, Additions, Answer, Check, Decision, Flags, Tlsa};

const HOST: &str = "mail.example.org";

/// An engine that counts how often its rows are looked at.
#[derive(Default)]
struct Counting {
    rows: MemoryEngine,
    looks: Arc<AtomicUsize>,
}

impl Engine for Counting {
    fn name(&self) -> String {
        self.rows.name()
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.get(key)
    }
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.rows.scan(after, prefix, limit)
    }
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.rows.commit(batch)
    }
    fn read_only(&self) -> bool {
        false
    }
    fn begin(&self, write: bool) -> Result<Option<Box<dyn Transaction + '_>>, StoreError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.rows.begin(write)
    }
    fn peek(&self) -> Option<Peek> {
        self.rows.peek()
    }
}

/// A world whose store counts, with a pinned server that was checked once more.
fn known() -> (World, tofu::path::Chain, Arc<AtomicUsize>) {
    let engine = Counting::default();
    let looks = Arc::clone(&engine.looks);
    let mut world = world("default", &[]);
    world.policy.set("ca", "off").unwrap();
    world.store = Store::with_engine(Box::new(engine), &StoreOptions::default()).unwrap();
    let chain = self_signed(&[HOST], "own", world.now - DAY, 3650);
    world.pinned(&chain);
    world.see(&chain);
    (world, chain, looks)
}

/// How many looks at the store a call takes.
fn looks_of<T>(looks: &AtomicUsize, call: impl FnOnce() -> T) -> (usize, T) {
    let before = looks.load(Ordering::Relaxed);
    let result = call();
    (looks.load(Ordering::Relaxed) - before, result)
}

#[test]
fn a_known_unchanged_server_is_accepted_without_a_look_at_the_store() {
    let (mut world, chain, looks) = known();
    world.now += 60;
    let same = crate::trust_support::chain(&[chain.leaf().unwrap().clone()]);
    let (looked, verdict) = looks_of(&looks, || world.see(&same));
    assert_eq!(looked, 0);
    assert_eq!(say(&verdict), "accept pinned match none none");
    assert_eq!(verdict.at(), world.now, "the verdict is of this check");
    assert!(verdict.may_send_credentials());
}

#[test]
fn a_ca_valid_server_is_too() {
    let (authority, mut world) = (ca("First Authority"), known().0);
    world.policy = policy("default", &[&authority]);
    world.at("other.example.org", 993);
    let chain = authority.below(0, &["other.example.org"], "le", world.now - DAY, 90);
    world.see(&chain);
    let first = world.see(&chain);
    let generation = world.store.generation().unwrap();
    assert_eq!(say(&first), say(&world.see(&chain)));
    assert_eq!(world.store.generation().unwrap(), generation);
}

#[test]
fn any_difference_in_what_is_asked_is_decided_anew() {
    let (world, chain, looks) = known();
    let policy = world.policy.clone();
    let base = || Check { policy: Some(&policy), ..Check::new(&world.endpoint, &chain, world.now) };
    let looked = |check: Check<'_>| looks_of(&looks, || trust::check(&world.store, &check)).0;
    assert_eq!(looked(base()), 0, "the control");

    let account = Endpoint::parse("ann", HOST, 993).unwrap();
    let port = Endpoint::parse("", HOST, 465).unwrap();
    let host = Endpoint::parse("", "imap.example.org", 993).unwrap();
    for endpoint in [&account, &port, &host] {
        assert_ne!(looked(Check { endpoint, ..base() }), 0, "{endpoint}");
    }
    let with = |set: fn(&mut Flags)| {
        let mut flags = Flags::default();
        set(&mut flags);
        flags
    };
    for flags in [
        with(|f| f.dry_run = true),
        with(|f| f.unproven = true),
        with(|f| f.setup = true),
        with(|f| f.loopback = true),
        with(|f| f.tor = true),
        with(|f| f.resumed = true),
    ] {
        assert_ne!(looked(Check { flags, ..base() }), 0, "{flags:?}");
    }
    let tlsa = [Tlsa { rdata: vec![3, 1, 1, 0], dnssec_validated: true }];
    assert_ne!(looked(Check { tlsa: &tlsa, ..base() }), 0, "TLSA records");
    let crls = [b"no list".to_vec()];
    assert_ne!(looked(Check { crls: &crls, ..base() }), 0, "CRLs");
    let mut strict = policy.clone();
    strict.set("change", "reject").unwrap();
    assert_ne!(looked(Check { policy: Some(&strict), ..base() }), 0, "the policy");
    let mut additions = Additions::default();
    additions.tighten("change", "reject").unwrap();
    let stricter = || Check { additions: Some(&additions), ..base() };
    assert_ne!(looked(stricter()), 0, "additions to the policy");
    assert_eq!(looked(stricter()), 0, "the same additions again");
    let mut more = additions.clone();
    more.add_root(ca("Another Authority").root);
    assert_ne!(looked(Check { additions: Some(&more), ..base() }), 0, "a root more");
    assert_ne!(looked(base()), 0, "none of them");
    let stranger = self_signed(&["stranger.example"], "stranger", world.now - DAY, 10);
    let longer = crate::trust_support::chain(&[chain.leaf().unwrap().clone(), stranger.leaf().unwrap().clone()]);
    assert_ne!(looked(Check { chain: &longer, ..base() }), 0, "another certificate behind the same leaf");
    let mut stapled = chain.clone();
    stapled.set_ocsp(b"a response").unwrap();
    assert_ne!(looked(Check { chain: &stapled, ..base() }), 0, "a stapled response");
}

#[test]
fn unproven_and_dry_checks_neither_take_nor_leave_an_accept() {
    let (mut world, chain, looks) = known();
    world.flags = Flags { unproven: true, ..Flags::default() };
    assert_ne!(world.see(&chain).decision(), Decision::Accept);
    world.flags = Flags { dry_run: true, ..Flags::default() };
    world.see(&chain);
    assert_ne!(looks_of(&looks, || world.see(&chain)).0, 0);
}

#[test]
fn a_change_by_another_handle_on_the_file_counts_at_once() {
    let place = tempfile::tempdir().unwrap();
    let options = StoreOptions { path: Some(place.path().join("pins.db")), ..StoreOptions::default() };
    let mut world = world("default", &[]);
    world.policy.set("ca", "off").unwrap();
    world.store = Store::open(&options).unwrap();
    let chain = self_signed(&[HOST], "own", world.now - DAY, 3650);
    world.pinned(&chain);
    for _ in 0..3 {
        assert_eq!(world.see(&chain).decision(), Decision::Accept);
    }
    let mine = std::mem::replace(&mut world.store, Store::open(&options).unwrap());
    world.edit(|record| record.pins[0].state = PinState::Blocked);
    world.store = mine;
    assert_eq!(world.see(&chain).decision(), Decision::Reject);
}

#[test]
fn a_file_that_is_gone_or_another_one_gives_no_accept() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("pins.db");
    let mut world = world("default", &[]);
    world.policy.set("ca", "off").unwrap();
    world.store = Store::open(&StoreOptions { path: Some(file.clone()), ..StoreOptions::default() }).unwrap();
    let chain = self_signed(&[HOST], "own", world.now - DAY, 3650);
    world.pinned(&chain);
    world.see(&chain);
    std::fs::rename(&file, place.path().join("aside.db")).unwrap();
    assert!(world.try_see(&chain).is_err());
    std::fs::copy(place.path().join("aside.db"), &file).unwrap();
    std::fs::rename(place.path().join("aside.db"), &file).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept, "the same file is back");
}

#[test]
fn a_pin_is_not_outlived() {
    let (world, _, _) = known();
    let mut world = World { endpoint: Endpoint::parse("", "short.example.org", 993).unwrap(), ..world };
    let chain = self_signed(&["short.example.org"], "short", world.now - DAY, 3650);
    let expires = world.now + 3_600;
    let asked = world.see(&chain);
    trust::trust(&world.store, &asked, &Answer { now: world.now, expires, ..Answer::default() }).unwrap();
    world.see(&chain);
    world.now = expires - 1;
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    world.now = expires;
    assert_eq!(say(&world.see(&chain)).split(' ').next(), Some("ask"));
}

#[test]
fn every_date_of_a_pin_or_record_ends_an_accept() {
    let dates: [fn(&mut EndpointRecord, i64); 4] = [
        |record, end| record.pins[0].expires = end,
        |record, end| record.pins[0].overlap_until = end,
        |record, end| record.pins[0].waive_expired_until = end,
        |record, end| record.expect_change_until = end,
    ];
    for (index, set) in dates.into_iter().enumerate() {
        let (mut world, chain, looks) = known();
        let end = world.now + 600;
        world.edit(|record| set(record, end));
        world.see(&chain);
        for (now, again) in [(end - 1, true), (end, false)] {
            world.now = now;
            assert_eq!(looks_of(&looks, || world.see(&chain)).0 == 0, again, "date {index}: {}", now - end);
        }
    }
}

#[test]
fn a_certificate_is_not_outlived_nor_met_before_its_time() {
    let (world, _, looks) = known();
    let mut world = World { endpoint: Endpoint::parse("", "brief.example.org", 993).unwrap(), ..world };
    let mut spec = server(&["brief.example.org"], world.now - 60, 0);
    spec.until = world.now + 60;
    let key = key("brief");
    let chain = crate::trust_support::chain(&[issue(&spec, &key, &spec, &key)]);
    // A certificate of so short a life is pinned by its typed fingerprint alone.
    let asked = world.see(&chain);
    world.typed(&asked, &chain.leaf().unwrap().spki().key_pin()).unwrap();
    world.see(&chain);
    world.see(&chain);
    for (now, again) in [(spec.until, true), (spec.until + 1, false), (spec.from, true), (spec.from - 1, false)] {
        world.now = now;
        assert_eq!(looks_of(&looks, || world.see(&chain)).0 == 0, again, "{}", now - spec.from);
    }
}

#[test]
fn a_clock_before_the_floor_is_told() {
    let (mut world, chain, _) = known();
    world.now = trust::facts::RELEASED - 1;
    assert!(because(&world.see(&chain), "clock-wrong"));
}

#[test]
fn when_it_was_last_seen_is_refreshed_once_a_day() {
    let (mut world, chain, looks) = known();
    let first = world.record().unwrap().last_seen;
    world.now = first + DAY - 1;
    assert_eq!(looks_of(&looks, || world.see(&chain)).0, 0);
    world.now = first + DAY;
    world.see(&chain);
    let record = world.record().unwrap();
    assert_eq!((record.last_seen, record.pins[0].last_matched), (world.now, world.now));
}

#[test]
fn trust_for_the_session_ends_with_it() {
    let (world, _, _) = known();
    let world = World { endpoint: Endpoint::parse("", "guest.example.org", 993).unwrap(), ..world };
    let chain = self_signed(&["guest.example.org"], "guest", world.now - DAY, 3650);
    let asked = world.see(&chain);
    trust::trust(&world.store, &asked, &Answer { now: world.now, session: true, ..Answer::default() }).unwrap();
    for _ in 0..3 {
        assert_eq!(world.see(&chain).decision(), Decision::Accept);
    }
    trust::end_session(&world.store);
    assert_eq!(world.see(&chain).decision(), Decision::Ask);
}

#[test]
fn the_listener_hears_of_every_accept() {
    let (mut world, chain, _) = known();
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    world.store.set_listener(Some(Arc::new(move |event| ears.lock().unwrap().push(event.time))));
    world.now += 5;
    world.see(&chain);
    world.now += 5;
    world.see(&chain);
    assert_eq!(*heard.lock().unwrap(), [world.now - 5, world.now]);
}
