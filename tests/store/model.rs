//! Random management calls against a simple model: the store is what the model says, sound after
//! every call, and the same on SQLite and in memory.

use std::collections::BTreeMap;

use crate::support::*;
use proptest::prelude::*;
use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::store::*;

#[derive(Debug, Clone)]
enum Call {
    Add(u8, u8, PinState),
    Forget(u8),
    Block(u8),
    Unblock(u8),
    Undo,
    Reopen,
}

fn call() -> impl Strategy<Value = Call> {
    let state = prop_oneof![Just(PinState::Trusted), Just(PinState::Staged), Just(PinState::Blocked)];
    prop_oneof![
        6 => (0..6_u8, 0..4_u8, state).prop_map(|(e, k, s)| Call::Add(e, k, s)),
        2 => (0..6_u8).prop_map(Call::Forget),
        1 => (0..4_u8).prop_map(Call::Block),
        1 => (0..4_u8).prop_map(Call::Unblock),
        2 => Just(Call::Undo),
        1 => Just(Call::Reopen),
    ]
}

/// State of each key at each endpoint, and the blocked keys.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    pins: BTreeMap<(u8, u8), PinState>,
    blocked: Vec<u8>,
}

fn at(n: u8) -> Endpoint {
    endpoint("", &format!("h{n}.example"), 993)
}

fn key(n: u8) -> Hash {
    Hash::of(&[n])
}

fn read(store: &Store) -> Model {
    store
        .read(|tx| -> Result<Model, StoreError> {
            let mut model = Model::default();
            for e in 0..6 {
                let Some(record) = tx.endpoint(&at(e))? else { continue };
                for pin in record.pins {
                    let k = (0..4).find(|k| pin.value == PinValue::Sha256(key(*k))).unwrap();
                    model.pins.insert((e, k), pin.state);
                }
            }
            for k in 0..4 {
                if !tx.blocked(PinKind::Key, &[key(k)])?.is_empty() {
                    model.blocked.push(k);
                }
            }
            Ok(model)
        })
        .unwrap()
}

fn run(store: &Store, call: &Call, now: i64) {
    let _ = match call {
        Call::Add(e, k, state) => {
            let value = PinValue::Sha256(key(*k));
            let new =
                NewPin { kind: PinKind::Key, state: *state, value, cert: None, expires: 0, comment: String::new() };
            store.add_pin(&at(*e), &new, now).map(|_| ())
        }
        Call::Forget(e) => store.forget(&at(*e), Forget::ALL, now),
        Call::Block(k) => store.block(None, PinKind::Key, key(*k), "", now).map(|_| ()),
        Call::Unblock(k) => store.unblock(PinKind::Key, key(*k), now),
        Call::Undo => store.undo(None, now).map(|_| ()),
        Call::Reopen => Ok(()),
    };
}

/// What a call does to the model; `None` where only properties are checked (undo).
fn expect(model: &Model, call: &Call) -> Option<Model> {
    let mut model = model.clone();
    match call {
        Call::Add(e, k, state) => {
            let trusting = *state != PinState::Blocked;
            let refused = model.blocked.contains(k) || model.pins.get(&(*e, *k)) == Some(&PinState::Blocked);
            if !(trusting && refused) {
                model.pins.insert((*e, *k), *state);
            }
        }
        Call::Forget(e) => model.pins.retain(|(at, _), state| at != e || *state == PinState::Blocked),
        Call::Block(k) => {
            if !model.blocked.contains(k) {
                model.blocked.push(*k);
                model.blocked.sort_unstable();
            }
        }
        Call::Unblock(k) => model.blocked.retain(|b| b != k),
        Call::Undo => return None,
        Call::Reopen => {}
    }
    Some(model)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_what_the_model_says(calls in prop::collection::vec(call(), 1..40)) {
        let place = Place::new();
        let mut file = place.open();
        let memory = Store::memory();
        let mut generation = 0;
        for (n, call) in calls.iter().enumerate() {
            let before = read(&file);
            if matches!(call, Call::Reopen) {
                drop(file);
                file = place.open();
            }
            let now = 1_000 + i64::try_from(n).unwrap();
            run(&file, call, now);
            run(&memory, call, now);
            let after = read(&file);
            prop_assert_eq!(&after, &read(&memory));
            match expect(&before, call) {
                Some(expected) => prop_assert_eq!(&after, &expected),
                None => {
                    // Undo lifts no block.
                    prop_assert_eq!(&after.blocked, &before.blocked);
                    for (which, state) in &before.pins {
                        if *state == PinState::Blocked {
                            prop_assert_eq!(after.pins.get(which), Some(state));
                        }
                    }
                }
            }
            let now = file.generation().unwrap();
            prop_assert!(now >= generation);
            generation = now;
        }
        prop_assert_eq!(file.verify().unwrap().problems, Vec::<String>::new());
        prop_assert_eq!(memory.verify().unwrap().problems, Vec::<String>::new());
    }
}
