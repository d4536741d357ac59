//! Orders of events, by chance or by an attacker's choice, that must not end in an accept which
//! nobody agreed to: trust that outlives its end, questions answered late, blocks walked around.

mod elsewhere;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::trust_support::*;
use tofu::cert::Cert;
use tofu::endpoint::{Account, Endpoint};
use tofu::path::Chain;
use tofu::store::{
    Batch, Engine, Forget, MemoryEngine, NewPin, Pair, PinKind, PinState, PinValue, Store, StoreError, StoreOptions,
};
use tofu::time::DAY;
use tofu::trust::{self, Additions, Answer, Check, CheckError, Decision, Flags, Rule, Tlsa, TrustError};

const HOST: &str = "mail.example.org";

/// A leaf of this key by an authority.
fn by(authority: &Ca, names: &[&str], key_name: &str, from: i64, days: i64) -> Chain {
    authority.leaf(names, key_name, from, days)
}

fn by_hand(chain: &Chain, state: PinState, expires: i64) -> NewPin {
    let value = PinValue::Sha256(chain.leaf().unwrap().spki());
    NewPin { kind: PinKind::Key, state, value, cert: None, expires, comment: String::new() }
}

#[test]
fn a_blocked_authority_is_refused_although_it_was_not_sent() {
    let private = ca("Private");
    let mut world = world("default", &[]);
    world.yes(&world.see(&private.with_root(&[HOST], "k", START, 90))).unwrap();
    let alone = by(&private, &[HOST], "k2", START, 90);
    assert_eq!(world.see(&alone).decision(), Decision::Accept, "the pinned authority is known");
    world.store.block(None, PinKind::Key, private.root.spki(), "", START).unwrap();
    assert_eq!(world.see(&alone).rule(), Rule::Blocked);

    world.at("other.example", 993);
    let chain = by(&private, &["other.example"], "k3", START, 90);
    let rdata = [&[2, 0, 0][..], private.root.der()].concat();
    let tlsa = [Tlsa { rdata, dnssec_validated: true }];
    let check = Check { policy: Some(&world.policy), tlsa: &tlsa, ..Check::new(&world.endpoint, &chain, START) };
    assert_eq!(trust::check(&world.store, &check).unwrap().rule(), Rule::Blocked);
}

#[test]
fn a_revoked_intermediate_is_refused_although_the_server_leads_the_search_elsewhere() {
    let private = ca("Private");
    let world = world("default", &[]);
    let (spec, key_of, intermediate) = private.intermediate(1);
    let leaf = |name: &str| issue(&server(&[HOST], START - DAY, 90), &key(name), &spec, &key_of);
    let usual = chain(&[leaf("k"), intermediate.clone(), private.root.clone()]);
    let verdict = world.see(&usual);
    world.yes_kind(&verdict, PinKind::Issuer).unwrap();
    assert_eq!(
        world.see(&chain(&[leaf("k2"), intermediate.clone(), private.root.clone()])).decision(),
        Decision::Accept
    );
    // The intermediate's key was stolen, and its certificate revoked. The thief sends it once more,
    // certified by authorities of his own, so that the longest way does not touch the revoked one.
    let (first, second) = (ca("Thief"), ca("Thief's friend"));
    let detour = issue(&spec, &key_of, &first.spec, &first.key);
    let above = issue(&first.spec, &first.key, &second.spec, &second.key);
    let stolen = chain(&[leaf("k3"), detour, above, second.root.clone(), intermediate.clone(), private.root.clone()]);
    let crls = [private.crl(&intermediate)];
    for chain in [&usual, &stolen] {
        let check = Check { policy: Some(&world.policy), crls: &crls, ..Check::new(&world.endpoint, chain, world.now) };
        let verdict = trust::check(&world.store, &check).unwrap();
        assert_eq!((verdict.decision(), because(&verdict, "revoked-by-issuer")), (Decision::Reject, true));
    }
    // Nor is the authority that revoked it the one to trust at first contact.
    let stranger = crate::trust_support::world("default", &[]);
    let check =
        Check { policy: Some(&stranger.policy), crls: &crls, ..Check::new(&stranger.endpoint, &stolen, stranger.now) };
    let verdict = trust::check(&stranger.store, &check).unwrap();
    stranger.yes_kind(&verdict, PinKind::Issuer).unwrap();
    let pinned = stranger.record().unwrap().pins[0].value.clone();
    assert_ne!(pinned, PinValue::Sha256(private.root.spki()));
}

#[test]
fn a_revoked_leaf_is_refused_although_its_pinned_authority_was_not_sent() {
    let private = ca("Private");
    let world = world("default", &[]);
    world.yes(&world.see(&private.with_root(&[HOST], "k", START, 90))).unwrap();
    let alone = by(&private, &[HOST], "k2", START, 90);
    let crls = [private.crl(alone.leaf().unwrap())];
    let check = Check { policy: Some(&world.policy), crls: &crls, ..Check::new(&world.endpoint, &alone, START + DAY) };
    let verdict = trust::check(&world.store, &check).unwrap();
    assert_eq!(verdict.rule(), Rule::NeverWaivable, "{}", verdict.to_text(80));
}

#[test]
fn a_field_that_examines_less_hides_neither_a_revocation_nor_a_block() {
    let authority = ca("Authority");
    let world = world("default", &[&authority]);
    let chain = by(&authority, &[HOST], "k", START - DAY, 90);
    world.store.add_pin(&world.endpoint, &by_hand(&chain, PinState::Trusted, 0), START).unwrap();
    let mut off = Additions::default();
    off.tighten("ca", "off").unwrap();
    let crls = [authority.crl(chain.leaf().unwrap())];
    let base = || Check { policy: Some(&world.policy), ..Check::new(&world.endpoint, &chain, START) };
    let decided = |check: &Check<'_>| trust::check(&world.store, check).unwrap().decision();
    assert_eq!(decided(&Check { additions: Some(&off), ..base() }), Decision::Accept, "the control");
    assert_eq!(decided(&Check { crls: &crls, ..base() }), Decision::Reject);
    assert_eq!(decided(&Check { crls: &crls, additions: Some(&off), ..base() }), Decision::Reject);
    world.store.block(None, PinKind::Key, authority.root.spki(), "", START).unwrap();
    assert_eq!(decided(&base()), Decision::Reject);
    assert_eq!(decided(&Check { additions: Some(&off), ..base() }), Decision::Reject);
}

/// An endpoint with a self-signed key, then pinned by a person to one CA-valid key.
fn pinned_only(authority: &Ca) -> (World, Chain) {
    let mut world = world("default", &[authority]);
    world.pinned(&self_signed(&[HOST], "own", START, 3650));
    world.policy.set("upgrade", "ask").unwrap();
    let chain = by(authority, &[HOST], "k", START - DAY, 30);
    world.yes_kind(&world.see(&chain), PinKind::Key).unwrap();
    world.policy.set("upgrade", "accept").unwrap();
    let other = by(authority, &[HOST], "other", START - DAY, 90);
    assert_eq!(world.see(&other).decision(), Decision::Ask, "pinned-only");
    (world, chain)
}

#[test]
fn accepting_a_new_problem_does_not_end_pinned_only() {
    let authority = ca("Let's Encode");
    let (mut world, chain) = pinned_only(&authority);
    world.days_later(31);
    let verdict = world.see(&chain);
    assert_eq!(verdict.pin_result().code(), "new-problem");
    world.yes_kind(&verdict, PinKind::Key).unwrap();
    let other = by(&authority, &[HOST], "other2", START - DAY, 90);
    assert_eq!(world.see(&other).decision(), Decision::Ask);
}

#[test]
fn a_staged_successor_of_a_pinned_only_key_is_pinned_only() {
    let authority = ca("Let's Encode");
    let (mut world, _) = pinned_only(&authority);
    let next = by(&authority, &[HOST], "next", START - DAY, 90);
    world.store.add_pin(&world.endpoint, &by_hand(&next, PinState::Staged, 0), START).unwrap();
    assert_eq!(world.see(&next).decision(), Decision::Accept);
    world.days_later(5);
    assert_eq!(world.see(&next).decision(), Decision::Accept);
    let other = by(&authority, &[HOST], "other2", START - DAY, 90);
    assert_eq!(world.see(&other).decision(), Decision::Ask);
}

#[test]
fn an_import_keeps_pinned_only_and_believes_no_overlap() {
    let authority = ca("Let's Encode");
    let (mut world, chain) = pinned_only(&authority);
    world.edit(|record| record.pins.iter_mut().for_each(|pin| pin.overlap_until = START + 100 * DAY));
    let export = world.store.export_json().unwrap().to_string();
    world.store = tofu::store::Store::memory();
    world.store.import(tofu::store::ImportFormat::Json, export.as_bytes(), true, START).unwrap();
    assert_eq!(say(&world.see(&chain)), "accept verified match none none");
    assert_eq!(world.see(&self_signed(&[HOST], "own", START, 3650)).rule(), Rule::KeyRetired);
    let other = by(&authority, &[HOST], "other", START - DAY, 90);
    assert_eq!(world.see(&other).decision(), Decision::Ask);
}

#[test]
fn a_later_yes_to_something_else_does_not_waive_an_expiry_for_good() {
    let unknown = ca("Unknown");
    let mut world = world("default", &[]);
    let chain = by(&unknown, &[HOST], "k", START - DAY, 30);
    world.yes_kind(&world.see(&chain), PinKind::Key).unwrap();
    world.days_later(40);
    world.yes_kind(&world.see(&chain), PinKind::Key).unwrap();
    world.days_later(1);
    let renamed = by(&unknown, &["other.example"], "k", START, 400);
    let verdict = world.see(&renamed);
    assert_eq!(verdict.pin_result().code(), "new-problem");
    world.yes_kind(&verdict, PinKind::Key).unwrap();
    assert_eq!(world.see(&renamed).decision(), Decision::Accept);
    world.days_later(30);
    assert_eq!(world.see(&chain).pin_result().code(), "new-problem", "the expiry was waived for a week");
}

#[test]
fn a_second_yes_to_an_expiry_sticks() {
    let unknown = ca("Unknown");
    let mut world = world("default", &[]);
    let chain = by(&unknown, &[HOST], "k", START - DAY, 30);
    world.yes_kind(&world.see(&chain), PinKind::Key).unwrap();
    for _ in 0..2 {
        world.days_later(40);
        let verdict = world.see(&chain);
        assert_eq!(verdict.pin_result().code(), "new-problem");
        world.yes_kind(&verdict, PinKind::Key).unwrap();
        assert_eq!(world.see(&chain).decision(), Decision::Accept);
    }
}

/// A server that was CA-valid and let its certificate expire, trusted meanwhile.
fn lapsed(authority: &Ca) -> (World, Chain) {
    let mut world = world("default", &[authority]);
    let chain = by(authority, &[HOST], "k", START - DAY, 30);
    world.see(&chain);
    world.days_later(31);
    let verdict = world.see(&chain);
    assert_eq!(verdict.rule(), Rule::Lapsed);
    world.yes(&verdict).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    (world, chain)
}

#[test]
fn trust_in_a_lapsed_certificate_ends_whatever_is_agreed_to_meanwhile() {
    let (authority, unknown) = (ca("Let's Encode"), ca("Unknown"));
    let (mut world, _) = lapsed(&authority);
    world.days_later(1);
    let other = by(&unknown, &[HOST], "k", START, 400);
    let verdict = world.see(&other);
    assert_eq!(verdict.pin_result().code(), "new-problem");
    world.yes_kind(&verdict, PinKind::Key).unwrap();
    assert_eq!(world.see(&other).decision(), Decision::Accept);
    assert!(world.record().unwrap().pins.iter().all(|pin| pin.until_ca_valid && pin.expires != 0));
    world.days_later(10);
    assert_ne!(world.see(&other).decision(), Decision::Accept);
}

#[test]
fn a_sibling_lends_its_trust_no_longer_than_it_lasts() {
    let authority = ca("Let's Encode");
    let (mut world, chain) = lapsed(&authority);
    world.at(HOST, 465);
    world.see(&chain);
    world.days_later(10);
    assert_ne!(world.see(&chain).decision(), Decision::Accept);

    let mut world = crate::trust_support::world("default", &[]);
    let chain = self_signed(&[HOST], "own", START, 3650);
    let answer = Answer { now: START, expires: START + 3 * DAY, ..Answer::default() };
    trust::trust(&world.store, &world.see(&chain), &answer).unwrap();
    world.at(HOST, 465);
    assert_eq!(world.see(&chain).pin_result().code(), "sibling");
    world.days_later(4);
    assert_ne!(world.see(&chain).decision(), Decision::Accept);
}

#[test]
fn session_trust_is_compare_and_set_too() {
    let world = world("default", &[]);
    let (evil, own) = (self_signed(&[HOST], "evil", START, 90), self_signed(&[HOST], "own", START, 90));
    let early = world.see(&evil);
    world.pinned(&own);
    let answer = Answer { session: true, now: START, ..Answer::default() };
    assert!(matches!(trust::trust(&world.store, &early, &answer), Err(TrustError::Stale(_))));
    assert_eq!(world.see(&evil).decision(), Decision::Ask);
}

#[test]
fn a_pending_question_contradicted_while_a_person_thinks_takes_no_single_yes() {
    let mut world = world("default", &[]);
    let (own, evil) = (self_signed(&[HOST], "own", START, 3650), self_signed(&[HOST], "evil", START, 3650));
    world.pinned(&own);
    world.days_later(1);
    world.flags = Flags { leave_pending: true, ..Flags::default() };
    world.see(&evil);
    let pending = world.store.read(|tx| tx.pending_of(&world.endpoint)).unwrap();
    let look =
        || trust::pending_verdict(&world.store, &pending[0], world.now, Flags::default(), Some(&world.policy), None);
    let before = look().unwrap();
    world.see(&own);
    for verdict in [before, look().unwrap()] {
        assert!(matches!(world.yes(&verdict), Err(TrustError::NotOffered(_))));
        let answer = Answer { session: true, now: world.now, ..Answer::default() };
        assert!(matches!(trust::trust(&world.store, &verdict, &answer), Err(TrustError::NotOffered(_))));
    }
}

#[test]
fn a_careful_user_is_asked_about_another_issuer_during_an_upgrade() {
    let (one, two) = (ca("Let's Encode"), ca("Other Trust"));
    let mut world = world("careful", &[&one, &two]);
    world.pinned(&self_signed(&[HOST], "own", START, 3650));
    let verdict = world.see(&by(&one, &[HOST], "k", START - DAY, 90));
    trust::trust(&world.store, &verdict, &Answer { now: START, ..Answer::default() }).unwrap();
    world.days_later(1);
    assert_eq!(world.see(&by(&one, &[HOST], "k2", START - DAY, 90)).decision(), Decision::Accept);
    let asked = world.see(&by(&two, &[HOST], "evil", START - DAY, 90));
    assert_eq!(say(&asked), "ask none none issuer-changed medium");
    world.yes_kind(&asked, PinKind::Key).unwrap();
    let verdict = world.see(&by(&two, &[HOST], "evil", START - DAY, 90));
    assert_eq!(say(&verdict), "accept verified match none none");
    assert!(!because(&verdict, "upgrade-cancelled"));
}

#[test]
fn another_issuer_during_an_upgrade_is_told() {
    let (one, two) = (ca("Let's Encode"), ca("Other Trust"));
    let world = world("default", &[&one, &two]);
    world.pinned(&self_signed(&[HOST], "own", START, 3650));
    assert_eq!(say(&world.see(&by(&one, &[HOST], "k", START - DAY, 90))), "accept verified none upgrade medium");
    let verdict = world.see(&by(&two, &[HOST], "evil", START - DAY, 90));
    assert_eq!(say(&verdict), "accept verified none issuer-changed medium");
}

#[test]
fn a_staged_key_that_expired_is_not_promoted_by_a_valid_path() {
    let authority = ca("Let's Encode");
    let mut world = world("default", &[&authority]);
    world.pinned(&self_signed(&[HOST], "own", START, 3650));
    let next = by(&authority, &[HOST], "next", START - DAY, 90);
    world.store.add_pin(&world.endpoint, &by_hand(&next, PinState::Staged, START + DAY), START).unwrap();
    world.days_later(2);
    assert_eq!(world.see(&next).change().code(), "upgrade");
    let states: Vec<_> = world.record().unwrap().pins.iter().map(|pin| pin.state).collect();
    assert_eq!(states, [PinState::Trusted, PinState::Staged]);
}

#[test]
fn a_yes_without_a_pin_is_refused_where_it_would_change_nothing() {
    let authority = ca("Let's Encode");
    let (world, _) = pinned_only(&authority);
    let other = by(&authority, &[HOST], "other", START - DAY, 90);
    let verdict = world.see(&other);
    assert_eq!((verdict.rule(), verdict.suggested()), (Rule::Changed, None));
    assert!(matches!(world.yes(&verdict), Err(TrustError::NotOffered(_))));
}

#[test]
fn a_clock_before_the_replacement_does_not_bring_the_old_key_back() {
    let mut world = world("default", &[]);
    let (own, next) = (self_signed(&[HOST], "own", START, 3650), self_signed(&[HOST], "next", START, 3650));
    world.pinned(&own);
    world.days_later(20);
    world.store.add_pin(&world.endpoint, &by_hand(&next, PinState::Staged, 0), world.now).unwrap();
    assert_eq!(world.see(&next).decision(), Decision::Accept);
    assert_eq!(world.see(&own).decision(), Decision::Accept, "overlap");
    world.days_later(-10);
    assert_eq!(world.see(&own).decision(), Decision::Ask);
}

#[test]
fn a_pin_for_any_account_fixes_its_waiver_too() {
    let world = world("default", &[]);
    let chain = self_signed(&[HOST], "own", START, 3650);
    let any = Endpoint { account: Account::any(), ..world.endpoint.clone() };
    world.store.add_pin(&any, &by_hand(&chain, PinState::Trusted, 0), START).unwrap();
    assert_eq!(world.see(&chain).decision(), Decision::Accept);
    let renamed = self_signed(&["other.example"], "own", START, 3650);
    assert_eq!(world.see(&renamed).pin_result().code(), "new-problem");
}

#[test]
fn forget_and_undo_are_no_way_around_a_downgrade() {
    let authority = ca("Let's Encode");
    let evil = self_signed(&[HOST], "evil", START, 3650);
    for preset in ["default", "accept-new"] {
        let world = world(preset, &[&authority]);
        world.see(&by(&authority, &[HOST], "k", START - DAY, 90));
        world.store.forget(&world.endpoint, Forget::ALL, START).unwrap();
        assert_eq!(world.see(&evil).rule(), Rule::Downgrade);
        world.store.undo(None, START).unwrap();
        assert_eq!(world.see(&evil).rule(), Rule::Downgrade);
    }
}

#[test]
fn what_a_certificate_says_cannot_steer_a_terminal_through_json() {
    let world = world("default", &[]);
    let own = key("own");
    let spec = Spec { common: "a\u{1b}[31m\u{7f}\u{202e}b".to_owned(), ..server(&[HOST], START, 90) };
    let cert: Cert = issue(&spec, &own, &spec, &own);
    let json = world.see(&chain(&[cert])).to_json();
    fn strings(value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => out.push(text.clone()),
            serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, out)),
            serde_json::Value::Object(fields) => fields.values().for_each(|item| strings(item, out)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    strings(&json, &mut all);
    for text in all {
        assert!(!text.contains(['\u{1b}', '\u{7f}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn times_that_cannot_be_do_not_panic() {
    let authority = ca("Let's Encode");
    let chain = by(&authority, &[HOST], "k", START - DAY, 90);
    for now in [i64::MIN, -1, 0, 1, i64::MAX - 1, i64::MAX] {
        for preset in tofu::trust::PRESETS {
            let mut world = world(preset, &[&authority]);
            world.now = now;
            for chain in [&chain, &self_signed(&[HOST], "own", START, 90)] {
                let verdict = world.see(chain);
                let _ = (verdict.to_text(0), verdict.to_json().to_string(), world.yes(&verdict));
                world.see(chain);
            }
        }
    }
}

#[test]
fn a_check_cannot_be_made_for_every_account_at_once() {
    let world = world("accept-new", &[]);
    let chain = self_signed(&[HOST], "own", START, 90);
    let everyone = Endpoint { account: Account::any(), ..Endpoint::parse("", HOST, 993).unwrap() };
    let refused = trust::check(&world.store, &Check::new(&everyone, &chain, world.now));
    assert_eq!(refused.unwrap_err(), trust::CheckError::AnyAccount);
}

/// Storage where somebody else commits just before us, and which then cannot be read.
struct Overtaken {
    inner: MemoryEngine,
    armed: Arc<AtomicBool>,
    broken: AtomicBool,
}

impl Engine for Overtaken {
    fn name(&self) -> String {
        "backend".to_owned()
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.whole()?;
        self.inner.get(key)
    }
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.whole()?;
        self.inner.scan(after, prefix, limit)
    }
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if self.armed.load(Ordering::Relaxed) {
            self.broken.store(true, Ordering::Relaxed);
            return Err(StoreError::Conflict { store: self.name() });
        }
        self.inner.commit(batch)
    }
    fn read_only(&self) -> bool {
        false
    }
}

impl Overtaken {
    fn whole(&self) -> Result<(), StoreError> {
        match self.broken.load(Ordering::Relaxed) {
            true => Err(StoreError::Backend { what: "gone".to_owned() }),
            false => Ok(()),
        }
    }
}

#[test]
fn an_accept_from_before_somebody_elses_commit_does_not_stand() {
    let armed = Arc::new(AtomicBool::new(false));
    let engine =
        Overtaken { inner: MemoryEngine::default(), armed: Arc::clone(&armed), broken: AtomicBool::new(false) };
    let mut world = world("default", &[]);
    world.store = Store::with_engine(Box::new(engine), &StoreOptions::default()).unwrap();
    let own = self_signed(&["mail.example.org"], "own", START - DAY, 900);
    world.pinned(&own);
    world.days_later(3);
    // "Last seen" is due, so that something is to be written: but what was overtaken may have been by a block.
    armed.store(true, Ordering::Relaxed);
    assert!(matches!(world.try_see(&own), Err(CheckError::Store(StoreError::Backend { .. }))));
}
