//! Random histories of a user against a model of what may be trusted. The model knows nothing of
//! rules, records or reasons: it follows who said yes to what, where, and what ended that, over two
//! accounts, three ports, pins for any account, a store of the system below, session trust, time and
//! three policies. Whatever is accepted must be allowed by it. It allows more than the library
//! accepts (an upper bound), so it says nothing of questions that were asked once too often.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tofu::endpoint::{Account, Endpoint};
use tofu::path::Chain;
use tofu::store::{Forget, NewPin, PinKind, PinState, PinValue, Store, StoreOptions};
use tofu::time::{DAY, Timestamp};
use tofu::trust::{self, Answer, Decision, Verdict};

use crate::trust_support::{START, ca, self_signed, world};

const HOST: &str = "mail.example.org";
const PORTS: [u16; 3] = [993, 143, 443];
/// The overlap of the presets.
const OVERLAP: i64 = 3 * DAY;

/// An account (the third is "any") and a port, by their numbers.
type Place = (usize, usize);

#[derive(Debug, Clone, Copy)]
enum Reply {
    No,
    Yes,
    Once,
    Add,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    See { place: Place, key: usize, valid: bool, reply: Reply },
    Pin { place: Place, key: usize, state: PinState },
    Retire { place: Place, key: usize },
    Forget { place: Place },
    BlockEverywhere { key: usize },
    Later { days: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (0..2_usize, 0..3_usize);
    let wide = || (0..3_usize, 0..3_usize);
    let key = || 0..4_usize;
    let reply = prop_oneof![3 => Just(Reply::No), 4 => Just(Reply::Yes), 2 => Just(Reply::Once), 1 => Just(Reply::Add)];
    let state = prop_oneof![
        3 => Just(PinState::Trusted), 2 => Just(PinState::Staged),
        2 => Just(PinState::Blocked), 1 => Just(PinState::Compromised)
    ];
    prop_oneof![
        12 => (place(), key(), prop::bool::weighted(0.15), reply)
            .prop_map(|(place, key, valid, reply)| Step::See { place, key, valid, reply }),
        3 => (wide(), key(), state).prop_map(|(place, key, state)| Step::Pin { place, key, state }),
        2 => (wide(), key()).prop_map(|(place, key)| Step::Retire { place, key }),
        1 => place().prop_map(|place| Step::Forget { place }),
        1 => key().prop_map(|key| Step::BlockEverywhere { key }),
        3 => (0..9_i64).prop_map(|days| Step::Later { days }),
    ]
}

/// A pin of the system's store.
fn below() -> impl Strategy<Value = (Place, usize, PinState)> {
    let state = prop_oneof![4 => Just(PinState::Trusted), 1 => Just(PinState::Staged), 1 => Just(PinState::Blocked)];
    ((0..3_usize, 0..3_usize), 0..4_usize, state)
}

fn endpoint((account, port): Place) -> Endpoint {
    let name = ["", "ann", ""][account];
    let plain = Endpoint::parse(name, HOST, PORTS[port]).unwrap();
    if account == 2 { Endpoint { account: Account::any(), ..plain } } else { plain }
}

fn server(key: usize) -> Chain {
    self_signed(&[HOST], &format!("key {key}"), START - 1_000, 3650)
}

fn put(store: &Store, place: Place, key: usize, state: PinState, now: Timestamp) -> bool {
    let value = PinValue::Sha256(server(key).leaf().unwrap().spki());
    let new = NewPin { kind: PinKind::Key, state, value, cert: None, expires: 0, comment: String::new() };
    store.add_pin(&endpoint(place), &new, now).is_ok()
}

/// What may be trusted, and what was refused.
#[derive(Debug, Default)]
struct Model {
    now: Timestamp,
    /// Trusted by the own record, and when a person said so; `None` for what was accepted by itself.
    own: BTreeMap<(Place, usize), Option<Timestamp>>,
    /// Ends of trust that was replaced by an announced key.
    ends: BTreeMap<(Place, usize), Timestamp>,
    session: BTreeSet<(Place, usize)>,
    /// What was replaced, and when somebody had said yes to it.
    said_yes: BTreeMap<(Place, usize), Timestamp>,
    /// Pins for any account, by port, and pins below, by place: since when.
    beside: BTreeMap<(Place, usize), Timestamp>,
    staged: BTreeSet<(Place, usize)>,
    staged_below: BTreeSet<(Place, usize)>,
    /// What counts no more at a place although a record beside it says so.
    masked: BTreeSet<(Place, usize)>,
    /// Where a key was refused: when, and whether as compromised.
    refused: BTreeMap<(Place, usize), (Timestamp, bool)>,
    everywhere: BTreeSet<usize>,
    /// Places at which a key was replaced or retired.
    retired: BTreeSet<(Place, usize)>,
    /// Places of which anything is known.
    touched: BTreeSet<Place>,
}

impl Model {
    /// Records that may let a key count at a place besides its own: for any account, below, both.
    fn beside(&self, place: Place, key: usize) -> Option<Timestamp> {
        // The endpoint's own word of a key stands in the place of any other.
        let masked = self.masked.contains(&(place, key)) || self.staged.contains(&(place, key));
        let found = [place, (2, place.1)].into_iter().filter_map(|at| self.beside.get(&(at, key)).copied());
        found.max().filter(|_| !masked)
    }

    fn refused_here(&self, place: Place, key: usize) -> bool {
        let here = [place, (2, place.1)].into_iter().any(|at| self.refused.contains_key(&(at, key)));
        here || self.everywhere.contains(&key)
    }

    /// Why this accept is not allowed.
    fn objection(&self, place: Place, key: usize, valid: bool, policy: &str) -> Option<String> {
        if self.refused_here(place, key) {
            return Some("the key is refused here".to_owned());
        }
        let explicit = self.explicit(place, key);
        let explicit = if self.session.contains(&(place, key)) { Some(self.now) } else { explicit };
        for ((at, refused), (since, compromised)) in &self.refused {
            let answered = explicit.is_some_and(|yes| !compromised || yes >= *since);
            if *refused == key && !answered {
                return Some(format!("the key was refused at {at:?}, and nobody said yes to it here since"));
            }
        }
        if valid {
            return None;
        }
        let ended = self.ends.get(&(place, key)).is_some_and(|end| *end <= self.now);
        let granted = (self.own.contains_key(&(place, key)) && !ended)
            || self.session.contains(&(place, key))
            || self.beside(place, key).is_some()
            || self.ends.get(&(place, key)).is_some_and(|end| *end > self.now)
            || self.is_staged(place, key);
        if granted {
            return None;
        }
        if self.touched.contains(&place) || self.touched.contains(&(2, place.1)) {
            return Some("a known server is no first contact".to_owned());
        }
        if self.retired.iter().any(|(_, retired)| *retired == key) {
            return Some("the key was replaced elsewhere on this host".to_owned());
        }
        let vouched = self.own.iter().any(|((at, own), yes)| *own == key && at.0 == place.0 && yes.is_some());
        match policy {
            "accept-new" => None,
            "default" if vouched => None,
            _ => Some("nobody said yes, and the policy does not".to_owned()),
        }
    }

    /// When somebody last said yes to a key here, for any account or below. That it ends is another matter.
    fn explicit(&self, place: Place, key: usize) -> Option<Timestamp> {
        let beside = [place, (2, place.1)].into_iter().filter_map(|at| self.beside.get(&(at, key)).copied());
        let replaced = self.said_yes.get(&(place, key)).copied();
        beside.max().max(replaced).max(self.own.get(&(place, key)).copied().flatten())
    }

    fn is_staged(&self, place: Place, key: usize) -> bool {
        let any = (2, place.1);
        let beside = self.staged.contains(&(any, key))
            || self.staged_below.contains(&(place, key))
            || self.staged_below.contains(&(any, key));
        let own = self.masked.contains(&(place, key)) || self.own.contains_key(&(place, key));
        self.staged.contains(&(place, key)) || beside && !own
    }

    /// This key, and nothing else that counted here.
    fn replaced_by(&mut self, place: Place, key: usize, end: Option<Timestamp>) {
        let others: Vec<usize> = (0..4).filter(|other| *other != key).collect();
        for other in others {
            if let Some(yes) = self.explicit(place, other) {
                self.said_yes.insert((place, other), yes);
            }
            let counted = self.own.remove(&(place, other)).is_some() || self.beside(place, other).is_some();
            if !counted {
                continue;
            }
            self.retired.insert((place, other));
            match end {
                Some(end) => {
                    self.ends.insert((place, other), end);
                }
                None => {
                    self.ends.remove(&(place, other));
                }
            }
            self.masked.insert((place, other));
        }
        self.session.retain(|(at, _)| *at != place);
    }
}

fn answer(store: &Store, verdict: &Verdict, reply: Reply, now: Timestamp) -> bool {
    let (session, add) = (matches!(reply, Reply::Once), matches!(reply, Reply::Add));
    let answer = Answer { kind: Some(PinKind::Key), session, add, now, ..Answer::default() };
    trust::trust(store, verdict, &answer).is_ok()
}

/// An own store in memory, above one of the system where this process is root.
fn stores(pins: &[(Place, usize, PinState)], model: &mut Model) -> (Store, Option<tempfile::TempDir>) {
    if !rustix::process::geteuid().is_root() || pins.is_empty() {
        return (Store::memory(), None);
    }
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("system.db");
    let mode = |path: &std::path::Path, bits| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
    };
    mode(folder.path(), 0o700);
    let system = Store::open(&StoreOptions { path: Some(file.clone()), ..StoreOptions::default() }).unwrap();
    for (place, key, state) in pins {
        if put(&system, *place, *key, *state, START) {
            note_pin(model, *place, *key, *state, true);
        }
    }
    drop(system);
    mode(folder.path(), 0o755);
    mode(&file, 0o644);
    let own = StoreOptions { path: Some(":memory:".into()), layers: vec![file], ..StoreOptions::default() };
    (Store::open(&own).unwrap(), Some(folder))
}

fn note_pin(model: &mut Model, place: Place, key: usize, state: PinState, below: bool) {
    model.touched.insert(place);
    if state == PinState::Trusted {
        model.retired.remove(&(place, key));
    }
    match state {
        PinState::Trusted if below || place.0 == 2 => {
            model.beside.insert((place, key), model.now);
        }
        PinState::Trusted => {
            model.own.insert((place, key), Some(model.now));
            model.ends.remove(&(place, key));
            model.masked.remove(&(place, key));
        }
        PinState::Staged if below => {
            model.beside.remove(&(place, key));
            model.staged_below.insert((place, key));
        }
        PinState::Staged => {
            // A trusted key that is announced counts no more until it arrives.
            model.own.remove(&(place, key));
            if place.0 == 2 {
                // The user's own word for any account stands in the place of the system's for each.
                model.beside.retain(|(at, other), _| at.1 != place.1 || *other != key);
            }
            model.staged.insert((place, key));
            model.masked.remove(&(place, key));
        }
        PinState::Blocked | PinState::Compromised => {
            let compromised = state == PinState::Compromised;
            // What is refused stays so since when it was, unless it becomes worse.
            let known = model.refused.get(&(place, key)).copied();
            if known.is_none_or(|(_, worse)| compromised && !worse) {
                model.refused.insert((place, key), (model.now, compromised));
            }
        }
        PinState::Retired => {}
    }
}

fn run(policy: &str, pins: &[(Place, usize, PinState)], steps: &[Step]) {
    let authority = ca("Honest");
    let mut w = world(policy, &[&authority]);
    let mut model = Model { now: START, ..Model::default() };
    let (store, _folder) = stores(pins, &mut model);
    w.store = store;
    for (number, step) in steps.iter().enumerate() {
        model.now = w.now;
        match *step {
            Step::Later { days } => w.now += days * DAY + 1,
            Step::BlockEverywhere { key } => {
                let spki = server(key).leaf().unwrap().spki();
                w.store.block(None, PinKind::Key, spki, "", w.now).unwrap();
                model.everywhere.insert(key);
            }
            Step::Pin { place, key, state } => {
                if put(&w.store, place, key, state, w.now) {
                    note_pin(&mut model, place, key, state, false);
                }
            }
            Step::Retire { place, key } => retire(&w.store, &mut model, place, key),
            Step::Forget { place } => {
                if w.store.forget(&endpoint(place), Forget::ALL, w.now).is_ok() {
                    model.own.retain(|(at, _), _| *at != place);
                    model.ends.retain(|(at, _), _| *at != place);
                    model.session.retain(|(at, _)| *at != place);
                    model.staged.retain(|(at, _)| *at != place);
                    // What sets nothing aside that another record says is forgotten as well.
                    let others: [Vec<(Place, usize)>; 3] = [
                        model.beside.keys().copied().collect(),
                        model.staged.iter().copied().collect(),
                        model.staged_below.iter().copied().collect(),
                    ];
                    let said = |at: Place, key: usize| others.iter().flatten().any(|other| *other == (at, key));
                    model.masked.retain(|(at, key)| *at != place || said(*at, *key) || said((2, at.1), *key));
                    // A tombstone names no key.
                    model.retired.retain(|(at, _)| *at != place);
                    model.touched.insert(place);
                }
            }
            Step::See { place, key, valid, reply } => {
                w.endpoint = endpoint(place);
                let chain = match valid {
                    true => authority.leaf(&[HOST], &format!("key {key}"), START - DAY, 3650),
                    false => server(key),
                };
                let verdict = w.see(&chain);
                let what = format!("step {number} of {steps:?}\nbelow {pins:?}, {policy}\n{model:#?}");
                if verdict.decision() == Decision::Accept {
                    if let Some(why) = model.objection(place, key, valid, policy) {
                        let reasons: Vec<&str> = verdict.reasons().collect();
                        panic!("accepted, though {why}: {place:?} key {key}, {reasons:?}\n{what}");
                    }
                    seen(&mut model, place, key, valid);
                } else if !matches!(reply, Reply::No) && answer(&w.store, &verdict, reply, w.now) {
                    answered(&mut model, place, key, reply);
                }
            }
        }
    }
}

/// What an accept leaves: the trust of a first use, or the end of what an announced key replaces.
fn seen(model: &mut Model, place: Place, key: usize, valid: bool) {
    // What was accepted for the session only is not remembered.
    if !model.session.contains(&(place, key)) {
        model.touched.insert(place);
    }
    if model.is_staged(place, key) {
        let end = model.now + OVERLAP;
        // The newest of several keys is the one that is replaced: the model lets the others be.
        let own = model.own.keys().filter(|(at, other)| *at == place && *other != key).count();
        model.staged.remove(&(place, key));
        if model.staged.remove(&((2, place.1), key)) {
            // It was announced for any account, and has arrived for all of them.
            model.beside.insert(((2, place.1), key), model.now);
        }
        if own == 0 {
            model.replaced_by(place, key, Some(end));
        } else if own == 1 {
            let other = model.own.keys().find(|(at, other)| *at == place && *other != key).copied();
            if let Some(other) = other.filter(|_| !model.staged.contains(&(place, key))) {
                if let Some(yes) = model.explicit(place, other.1) {
                    model.said_yes.insert(other, yes);
                }
                model.ends.insert(other, end);
                model.retired.insert(other);
            }
        }
        model.own.insert((place, key), Some(model.now));
        model.retired.remove(&(place, key));
        model.session.retain(|(at, _)| *at != place);
    } else if !valid && !model.own.contains_key(&(place, key)) && model.beside(place, key).is_none() {
        let lent = model.session.contains(&(place, key)) || model.ends.contains_key(&(place, key));
        if !lent {
            model.own.insert((place, key), None);
        }
    }
}

fn answered(model: &mut Model, place: Place, key: usize, reply: Reply) {
    match reply {
        Reply::No => {}
        Reply::Once => {
            model.session.retain(|(at, _)| *at != place);
            model.session.insert((place, key));
        }
        Reply::Yes | Reply::Add => {
            if matches!(reply, Reply::Yes) {
                model.replaced_by(place, key, None);
            }
            model.touched.insert(place);
            model.own.insert((place, key), Some(model.now));
            model.ends.remove(&(place, key));
            model.retired.remove(&(place, key));
            // Trusted again, it is set aside no more; forgetting leaves what the stores below say.
            model.masked.remove(&(place, key));
        }
    }
}

fn retire(store: &Store, model: &mut Model, place: Place, key: usize) {
    let record = store.read(|tx| tx.endpoint(&endpoint(place))).unwrap();
    let value = PinValue::Sha256(server(key).leaf().unwrap().spki());
    let pin = record.iter().flat_map(|r| &r.pins).find(|pin| pin.value == value).cloned();
    let Some(pin) = pin.filter(|pin| !pin.refuses()) else { return };
    store.set_pin_state(pin.id, PinState::Retired, model.now).unwrap();
    model.retired.insert((place, key));
    model.staged.remove(&(place, key));
    if place.0 == 2 {
        model.beside.remove(&(place, key));
    } else {
        model.own.remove(&(place, key));
        model.ends.remove(&(place, key));
        model.session.remove(&(place, key));
        model.masked.insert((place, key));
    }
}

/// How many histories: `PROPTEST_CASES`, or enough for every day.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_accepted_that_nobody_allowed_or_that_was_ended(
        policy in prop::sample::select(vec!["default", "accept-new", "careful"]),
        pins in prop::collection::vec(below(), 0..3),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        run(policy, &pins, &steps);
    }
}
