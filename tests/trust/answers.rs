//! The user's yes, pending questions, events, and what happens when the store cannot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::trust_support::*;
use tofu::hash::Hash;
use tofu::store::{
    Batch, Engine, Forget, MemoryEngine, NewPin, PinKind, PinState, PinValue, Store, StoreError, StoreOptions,
};
use tofu::time::DAY;
use tofu::trust::{self, Answer, CheckError, Decision, Flags, PinResult, Tlsa, TrustError};

const HOST: &str = "mail.example.org";

fn not_offered(result: Result<(), TrustError>) -> String {
    match result {
        Err(TrustError::NotOffered(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reject_takes_no_yes_and_an_accept_needs_none() {
    let world = world("strict", &[]);
    let verdict = world.see(&self_signed(&[HOST], "a", START, 90));
    not_offered(world.yes(&verdict));
    let world = World { policy: policy("accept-new", &[]), ..world };
    not_offered(world.yes(&world.see(&self_signed(&[HOST], "a", START, 90))));
}

#[test]
fn a_verdict_of_another_store_is_refused() {
    let (one, two) = (world("default", &[]), world("default", &[]));
    let verdict = one.see(&self_signed(&[HOST], "a", START, 90));
    assert!(not_offered(two.yes(&verdict)).contains("another store"));
}

#[test]
fn an_answer_after_a_day_or_under_a_clock_set_back_is_stale() {
    let mut world = world("default", &[]);
    let verdict = world.see(&self_signed(&[HOST], "a", START, 90));
    for days in [2, -2] {
        let now = world.now;
        world.days_later(days);
        assert!(matches!(world.yes(&verdict), Err(TrustError::Stale(_))));
        world.now = now;
    }
    world.now += 23 * 3600;
    world.yes(&verdict).unwrap();
}

#[test]
fn an_answer_to_what_has_changed_since_is_stale_and_the_same_answer_twice_is_fine() {
    let world = world("default", &[]);
    let (a, b) = (self_signed(&[HOST], "a", START, 90), self_signed(&[HOST], "b", START, 90));
    let (first, other) = (world.see(&a), world.see(&b));
    world.yes(&first).unwrap();
    world.yes(&first).unwrap();
    assert!(matches!(world.yes(&other), Err(TrustError::Stale(_))));
    assert_eq!(world.record().unwrap().pins.len(), 1);
    // Strangers' contacts in between do not spoil an answer.
    let verdict = world.see(&b);
    world.see(&self_signed(&[HOST], "c", START, 90));
    world.yes(&verdict).unwrap();
}

#[test]
fn an_answer_with_an_end_counts_also_where_the_same_trust_was_there_before() {
    let world = world("default", &[]);
    let verdict = world.see(&self_signed(&[HOST], "a", START, 90));
    world.yes(&verdict).unwrap();
    let until = world.now + 30 * DAY;
    let answer = Answer { expires: until, comment: "for now".to_owned(), now: world.now, ..Answer::default() };
    trust::trust(&world.store, &verdict, &answer).unwrap();
    let pin = world.record().unwrap().pins.remove(0);
    assert_eq!((pin.expires, pin.comment.as_str()), (until, "for now"));
    // An answer that says nothing of it takes nothing back.
    world.yes(&verdict).unwrap();
    assert_eq!(world.record().unwrap().pins[0].expires, until);
    world.store.undo(None, world.now).unwrap();
    assert_eq!(world.record().unwrap().pins[0].expires, 0);
}

#[test]
fn five_threads_ask_one_question_and_one_yes_serves_them_all() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let verdicts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..5).map(|_| scope.spawn(|| world.see(&chain))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(verdicts.iter().all(|verdict| verdict.id() == verdicts[0].id()));
    verdicts.iter().for_each(|verdict| world.yes(verdict).unwrap());
    assert_eq!(world.record().unwrap().pins.len(), 1);
}

#[test]
fn of_two_first_uses_at_once_one_wins_and_the_other_is_changed() {
    for round in 0..20 {
        let world = world("accept-new", &[]);
        let chains: Vec<_> = (0..4).map(|k| self_signed(&[HOST], &format!("{round} {k}"), START, 90)).collect();
        let accepted: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = chains.iter().map(|chain| scope.spawn(|| world.see(chain))).collect();
            threads.into_iter().map(|t| usize::from(t.join().unwrap().decision() == Decision::Accept)).sum()
        });
        assert_eq!(accepted, 1);
        assert_eq!(world.record().unwrap().pins.len(), 1);
    }
}

#[test]
fn a_downgrade_is_overruled_by_the_typed_full_fingerprint_and_by_nothing_less() {
    let authority = ca("Let's Encode");
    let world = world("default", &[&authority]);
    world.see(&authority.leaf(&[HOST], "k", START - DAY, 90));
    let own = self_signed(&[HOST], "own", START, 3650);
    let verdict = world.see(&own);
    assert!(verdict.may_type() && verdict.decision() == Decision::Reject);
    not_offered(world.yes_kind(&verdict, PinKind::Key));
    let print = own.leaf().unwrap().fingerprint().colon_hex();
    assert!(matches!(world.typed(&verdict, &print[..59]), Err(TrustError::Typed(_))));
    let wrong = Hash::of(b"other").colon_hex();
    assert!(matches!(world.typed(&verdict, &wrong), Err(TrustError::Typed(_))));
    world.typed(&verdict, &print.to_lowercase()).unwrap();
    assert_eq!(say(&world.see(&own)), "accept pinned match none none");
    // A third key is a downgrade again.
    assert_eq!(world.see(&self_signed(&[HOST], "third", START, 90)).decision(), Decision::Reject);
}

#[test]
fn forgetting_is_no_way_round_a_downgrade_and_an_announced_change_is() {
    let authority = ca("Let's Encode");
    let world = world("default", &[&authority]);
    world.see(&authority.leaf(&[HOST], "k", START - DAY, 90));
    world.store.forget(&world.endpoint, Forget::ALL, START).unwrap();
    let own = self_signed(&[HOST], "own", START, 3650);
    assert_eq!(world.see(&own).decision(), Decision::Reject);
    world.store.expect_change(&world.endpoint, START + DAY, START).unwrap();
    let verdict = world.see(&own);
    assert_eq!(say(&verdict), "ask none changed downgrade high".replace("changed", verdict.pin_result().code()));
    world.yes(&verdict).unwrap();
    assert_eq!(world.see(&own).decision(), Decision::Accept);
}

#[test]
fn a_forgotten_endpoint_asks_even_under_accept_new_and_says_since_when() {
    let world = world("accept-new", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    world.store.forget(&world.endpoint, Forget::ALL, START + 60).unwrap();
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "ask none first-use none medium");
    assert!(words(&verdict).contains("was known until 2027-01-01"), "{}", words(&verdict));
}

#[test]
fn session_trust_lives_in_the_handle_and_is_never_written() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let verdict = world.see(&chain);
    trust::trust(&world.store, &verdict, &Answer { session: true, now: START, ..Answer::default() }).unwrap();
    let accepted = world.see(&chain);
    assert_eq!(say(&accepted), "accept pinned match none none");
    assert!(because(&accepted, "session-trust"));
    let record = world.record().unwrap();
    assert!(record.pins.is_empty() && record.baseline.is_empty());
    trust::end_session(&world.store);
    assert_eq!(world.see(&chain).decision(), Decision::Ask);
}

#[test]
fn trust_until_a_date_ends_then_and_a_new_yes_renews_it() {
    let mut world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let verdict = world.see(&chain);
    let answer = Answer { expires: START + 10 * DAY, now: START, ..Answer::default() };
    trust::trust(&world.store, &verdict, &answer).unwrap();
    world.days_later(9);
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    world.days_later(1);
    let verdict = world.see(&chain);
    assert_eq!(say(&verdict), "ask none expired none low");
    world.yes(&verdict).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    assert_eq!(world.record().unwrap().pins.len(), 1);
}

#[test]
fn answering_a_new_problem_adds_only_the_problems_shown() {
    let world = world("default", &[]);
    world.pinned(&self_signed(&[HOST], "a", START, 90));
    let renamed = self_signed(&["other.example"], "a", START, 90);
    let verdict = world.see(&renamed);
    assert_eq!(verdict.pin_result(), PinResult::NewProblem);
    world.yes(&verdict).unwrap();
    assert_eq!(world.see(&renamed).decision(), Decision::Accept);
    let spec = Spec { ca: true, ..server(&[HOST], START, 90) };
    let a = key("a");
    let as_ca = chain(&[issue(&spec, &a, &spec, &a)]);
    assert_eq!(world.see(&as_ca).pin_result(), PinResult::NewProblem);
}

#[test]
fn a_pin_on_a_ca_valid_chain_makes_the_endpoint_pinned_only() {
    let (old, new) = (ca("Old Authority"), ca("New Authority"));
    let mut world = world("careful", &[&old, &new]);
    world.see(&old.leaf(&[HOST], "k1", START - DAY, 90));
    world.days_later(1);
    let verdict = world.see(&new.leaf(&[HOST], "k2", START, 90));
    assert!(words(&verdict).contains("every later renewal with another key will be asked about"));
    world.yes_kind(&verdict, PinKind::Key).unwrap();
    world.policy = policy("default", &[&old, &new]);
    assert_eq!(say(&world.see(&new.leaf(&[HOST], "k2", START, 90))), "accept verified match none none");
    let renewed = world.see(&new.leaf(&[HOST], "k3", START, 90));
    assert_eq!(renewed.decision(), Decision::Ask);
    assert_eq!(renewed.pin_result(), PinResult::Changed);
}

#[test]
fn a_staged_key_is_promoted_and_the_old_one_ends_after_its_overlap() {
    let mut world = world("default", &[]);
    let (old, next) = (self_signed(&[HOST], "old", START, 3650), self_signed(&[HOST], "next", START, 3650));
    world.pinned(&old);
    let value = PinValue::Sha256(next.leaf().unwrap().spki());
    let staged =
        NewPin { kind: PinKind::Key, state: PinState::Staged, value, cert: None, expires: 0, comment: String::new() };
    world.store.add_pin(&world.endpoint, &staged, START).unwrap();
    assert_eq!(world.see(&old).decision(), Decision::Accept);
    world.days_later(10);
    assert_eq!(say(&world.see(&next)), "accept pinned staged replaced none");
    assert_eq!(say(&world.see(&next)), "accept pinned match none none");
    let overlapping = world.see(&old);
    assert!(because(&overlapping, "overlap") && overlapping.decision() == Decision::Accept);
    world.days_later(2);
    assert_eq!(world.see(&old).decision(), Decision::Accept);
    world.days_later(2);
    assert_eq!(say(&world.see(&old)), "ask none retired replaced high");
    // An undone promotion leaves the key announced again.
    assert_eq!(world.see(&next).decision(), Decision::Accept);
}

#[test]
fn a_pending_question_keeps_the_chain_and_takes_the_same_yes() {
    let mut world = world("default", &[]);
    world.flags = Flags { leave_pending: true, ..Flags::default() };
    let chain = self_signed(&[HOST], "a", START, 90);
    for _ in 0..3 {
        assert_eq!(world.see(&chain).decision(), Decision::Ask);
    }
    let pending = world.store.read(|tx| tx.pending_of(&world.endpoint)).unwrap();
    assert_eq!((pending.len(), pending[0].count), (1, 3));
    world.days_later(20);
    let verdict =
        trust::pending_verdict(&world.store, &pending[0], world.now, Flags::default(), Some(&world.policy), None)
            .unwrap();
    assert_eq!(verdict.id(), pending[0].verdict_id);
    assert_eq!(verdict.chain().fingerprint(), chain.fingerprint());
    world.yes(&verdict).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    assert!(world.store.read(|tx| tx.pending_of(&world.endpoint)).unwrap().is_empty());
}

#[test]
fn a_question_that_finds_no_room_says_so_and_what_was_seen_is_recorded_all_the_same() {
    let mut world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    world
        .store
        .write(|tx| -> Result<(), StoreError> {
            for n in 0..10_000u32 {
                let endpoint = tofu::endpoint::Endpoint::parse("", &format!("h{n}.example"), 993).unwrap();
                tx.put_pending(tofu::store::Pending {
                    endpoint,
                    verdict_id: n.to_string(),
                    spki: Hash::of(&n.to_be_bytes()),
                    chain: Vec::new(),
                    first: START,
                    last: START,
                    count: 1,
                    contradicted: false,
                    extra: serde_json::Map::new(),
                })?;
            }
            Ok(())
        })
        .unwrap();
    world.flags = Flags { leave_pending: true, ..Flags::default() };
    let verdict = world.see(&chain);
    assert_eq!(verdict.decision(), Decision::Ask);
    assert!(because(&verdict, "pending-full") && !because(&verdict, "not-remembered"), "{}", verdict.to_text(80));
    assert!(verdict.to_text(80).contains("too many are waiting"), "{}", verdict.to_text(80));
    assert_eq!(world.record().unwrap().observations.len(), 1);
}

#[test]
fn a_pending_key_is_contradicted_once_the_known_one_came_back() {
    let mut world = world("default", &[]);
    let (own, evil) = (self_signed(&[HOST], "own", START, 3650), self_signed(&[HOST], "evil", START, 3650));
    world.pinned(&own);
    world.days_later(1);
    world.flags = Flags { leave_pending: true, ..Flags::default() };
    world.see(&evil);
    world.days_later(1);
    world.see(&own);
    let pending = world.store.read(|tx| tx.pending_of(&world.endpoint)).unwrap();
    assert!(pending[0].contradicted);
    let verdict =
        trust::pending_verdict(&world.store, &pending[0], world.now, Flags::default(), Some(&world.policy), None)
            .unwrap();
    assert!(because(&verdict, "contradicted"));
    not_offered(world.yes(&verdict));
    let print = evil.leaf().unwrap().fingerprint().hex();
    world.typed(&verdict, &print).unwrap();
}

#[test]
fn every_check_reaches_the_listener_and_only_news_the_log() {
    let world = world("default", &[]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    world.store.set_listener(Some(Arc::new(move |event| sink.lock().unwrap().push(event.code.clone()))));
    let chain = self_signed(&[HOST], "a", START, 90);
    world.see(&chain);
    world.pinned(&chain);
    let generation = world.store.generation().unwrap();
    for _ in 0..5 {
        world.see(&chain);
    }
    assert_eq!(world.store.generation().unwrap(), generation, "a known, unchanged endpoint writes nothing");
    world.store.set_listener(None);
    world.see(&chain);
    let heard = heard.lock().unwrap();
    assert_eq!(heard[..3], ["first-contact", "first-contact", "trusted"]);
    assert_eq!(heard.len(), 9, "{heard:?}");
}

#[test]
fn a_dry_run_and_an_unproven_chain_write_nothing() {
    let mut world = world("accept-new", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let generation = world.store.generation().unwrap();
    world.flags = Flags { dry_run: true, leave_pending: true, ..Flags::default() };
    let verdict = world.see(&chain);
    assert_eq!(verdict.decision(), Decision::Ask);
    assert!(because(&verdict, "cannot-remember"));
    world.flags = Flags { unproven: true, leave_pending: true, ..Flags::default() };
    let verdict = world.see(&chain);
    assert_eq!(verdict.decision(), Decision::Ask);
    not_offered(world.yes(&verdict));
    assert_eq!(world.store.generation().unwrap(), generation);
    assert!(world.record().is_none());
}

#[test]
fn tlsa_records_decide_where_dnssec_validated_them() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    let spki = chain.leaf().unwrap().spki();
    let record = |usage: u8, hash: Hash, valid: bool| Tlsa {
        rdata: [&[usage, 1, 1], hash.as_bytes().as_slice()].concat(),
        dnssec_validated: valid,
    };
    let decide = |tlsa: &[Tlsa]| {
        let check = trust::Check {
            tlsa,
            policy: Some(&world.policy),
            flags: Flags { dry_run: true, ..Flags::default() },
            ..trust::Check::new(&world.endpoint, &chain, START)
        };
        say(&trust::check(&world.store, &check).unwrap())
    };
    assert_eq!(decide(&[record(3, spki, true)]), "accept verified none none none");
    assert_eq!(decide(&[record(3, Hash::of(b"x"), true)]), "reject none none none none");
    assert_eq!(decide(&[record(3, Hash::of(b"x"), true), record(3, spki, true)]), "accept verified none none none");
    assert_eq!(decide(&[record(3, spki, false)]), "ask none first-use none none");
    assert_eq!(decide(&[Tlsa { rdata: vec![3, 1, 1, 0], dnssec_validated: true }]), "ask none first-use none none");
    assert_eq!(decide(&[record(1, spki, true)]), "ask none first-use none none");
    let private = ca("Private");
    let below = private.with_root(&[HOST], "p", START, 90);
    let check = [record(2, private.root.spki(), true)];
    let check =
        trust::Check { tlsa: &check, policy: Some(&world.policy), ..trust::Check::new(&world.endpoint, &below, START) };
    assert_eq!(say(&trust::check(&world.store, &check).unwrap()), "accept verified none none none");
}

#[test]
fn a_resumed_session_needs_the_leaf_last_accepted() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    let full = authority.below(1, &[HOST], "k", START - DAY, 90);
    world.see(&full);
    world.flags = Flags { resumed: true, ..Flags::default() };
    let alone = chain(&[full.leaf().unwrap().clone()]);
    assert_eq!(say(&world.see(&alone)), "accept verified none none none");
    let other = self_signed(&[HOST], "x", START, 90);
    assert!(matches!(world.try_see(&other), Err(CheckError::Resumed(_))));
}

#[test]
fn a_policy_of_a_newer_version_stops_its_endpoint_and_store_wide_everything() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "a", START, 90);
    world.pinned(&chain);
    let newer = serde_json::json!({ "preset": "default", "quantum": "yes" });
    let newer = newer.as_object().unwrap();
    let check = trust::Check::new(&world.endpoint, &chain, START);
    let plain = policy("default", &[]).to_map();
    world.store.set_policy(None, Some(&plain), START).unwrap();
    world.store.set_policy(Some(&world.endpoint), Some(newer), START).unwrap();
    let verdict = trust::check(&world.store, &check).unwrap();
    assert_eq!(verdict.decision(), Decision::Reject);
    assert!(because(&verdict, "policy-unknown"));
    world.store.set_policy(Some(&world.endpoint), None, START).unwrap();
    assert_eq!(trust::check(&world.store, &check).unwrap().decision(), Decision::Accept);
    world.store.set_policy(None, Some(newer), START).unwrap();
    assert!(matches!(trust::check(&world.store, &check), Err(CheckError::Policy(_))));
}

/// A memory engine that fails on demand.
#[derive(Default)]
struct Flaky {
    inner: MemoryEngine,
    reads_fail: Arc<AtomicBool>,
    writes_fail: Arc<AtomicBool>,
}

impl Flaky {
    fn gate(gate: &AtomicBool) -> Result<(), StoreError> {
        match gate.load(Ordering::SeqCst) {
            true => Err(StoreError::Io { store: "flaky".into(), what: "no space left".into() }),
            false => Ok(()),
        }
    }
}

impl Engine for Flaky {
    fn name(&self) -> String {
        "flaky".into()
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Self::gate(&self.reads_fail)?;
        self.inner.get(key)
    }
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        Self::gate(&self.reads_fail)?;
        self.inner.scan(after, prefix, limit)
    }
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        Self::gate(&self.writes_fail)?;
        self.inner.commit(batch)
    }
    fn read_only(&self) -> bool {
        false
    }
}

#[test]
fn a_store_that_fails_is_an_error_and_never_a_first_use() {
    let engine = Flaky::default();
    let (reads, writes) = (Arc::clone(&engine.reads_fail), Arc::clone(&engine.writes_fail));
    let store = Store::with_engine(Box::new(engine), &StoreOptions::default()).unwrap();
    let authority = ca("Let's Encode");
    let mut world = World { store, ..world("accept-new", &[&authority]) };
    let (own, valid) = (self_signed(&[HOST], "a", START, 90), authority.leaf(&["valid.example"], "k", START - DAY, 90));
    let known = self_signed(&["known.example"], "a", START, 90);
    world.at("known.example", 993).see(&known);
    writes.store(true, Ordering::SeqCst);
    world.at(HOST, 993);
    assert!(matches!(world.try_see(&own), Err(CheckError::Store(_))), "a first use that cannot be written");
    world.days_later(3);
    world.at("known.example", 993);
    let verdict = world.see(&known);
    assert!(verdict.decision() == Decision::Accept && because(&verdict, "not-remembered"));
    world.at("valid.example", 993);
    let verdict = world.see(&valid);
    assert!(verdict.decision() == Decision::Accept && because(&verdict, "not-remembered"));
    assert!(words(&verdict).contains("could not be recorded"), "{}", words(&verdict));
    reads.store(true, Ordering::SeqCst);
    for chain in [&own, &valid, &known] {
        assert!(matches!(world.try_see(chain), Err(CheckError::Store(_))));
    }
}

/// A certificate of `tests/data/certs`, all of them for mail.example.test.
fn of_kind(name: &str) -> tofu::path::Chain {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/certs/{name}.der"));
    chain(&[tofu::cert::Cert::parse_der(&std::fs::read(path).unwrap()).unwrap()])
}

/// The caller's TLS stack verified the handshake; what this library can say of the key is its bytes.
#[test]
fn a_key_of_any_kind_can_be_pinned_but_none_that_cannot_be_read() {
    for name in
        ["kind-slh-dsa-sha2-128s", "kind-fn-dsa-512", "kind-composite-65-p256", "kind-gost-2012-256"].into_iter().chain(
            ["kind-x25519", "kind-rsa-1988", "kind-rsa-negative", "kind-ml-dsa-44", "kind-ml-dsa-65", "kind-ml-dsa-87"],
        )
    {
        let mut world = world("default", &[]);
        world.at("mail.example.test", 993);
        let shown = of_kind(name);
        let first = world.see(&shown);
        assert_eq!(say(&first), "ask none first-use none none", "{name}");
        assert!(words(&first).contains(&shown.leaf().unwrap().key().text()), "{name}: {}", words(&first));
        for wrong in ["(weak)", "anybody could stand in", "cannot be read"] {
            assert!(!words(&first).contains(wrong), "{name}: {}", words(&first));
        }
        world.yes_kind(&first, PinKind::Key).unwrap();
        assert_eq!(say(&world.see(&shown)), "accept pinned match none none", "{name}");
    }
    for name in ["kind-nothing", "kind-ml-dsa-65-short", "kind-rsa-negative-512"] {
        let mut world = world("default", &[]);
        world.at("mail.example.test", 993);
        let refused = world.see(&of_kind(name));
        assert_eq!(refused.decision(), Decision::Reject, "{name}");
        assert!(refused.offered().is_empty(), "{name}");
    }
}

/// Nobody is sent to connect where no connection is possible.
#[test]
fn the_advice_to_connect_is_given_only_where_a_connection_can_prove_the_key() {
    let mut world = world("default", &[]);
    world.flags = Flags { unproven: true, ..Flags::default() };
    for (name, host, advised) in [
        ("key-p256", "mail.example.org", "Connect to the server"),
        ("kind-ml-dsa-65", "mail.example.test", "Connect to the server"),
        ("key-ed448", "mail.example.org", "no handshake with a key of the kind Ed448"),
        ("key-brainpool", "mail.example.org", "of the kind brainpoolP256r1"),
        ("kind-slh-dsa-sha2-128s", "mail.example.test", "of the kind SLH-DSA-SHA2-128s"),
        ("kind-rsa-1988", "mail.example.test", "of the kind RSA (2.5.8.1.1)"),
    ] {
        if name.contains("ml-dsa") && !cfg!(feature = "aws-lc-rs") {
            continue;
        }
        world.at(host, 993);
        let text = words(&world.see(&of_kind(name)));
        assert!(text.contains(advised), "{name}: {text}");
        assert_eq!(text.contains("Connect to the server"), advised.starts_with("Connect"), "{name}");
    }
    world.flags.no_session = true;
    world.at("mail.example.org", 993);
    let text = words(&world.see(&of_kind("key-p256")));
    assert!(text.contains("No connection to this server is possible") && !text.contains("Connect to"), "{text}");
}
