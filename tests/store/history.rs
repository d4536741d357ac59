//! A history has an identity: storage that lost acknowledged commits and went on with others is noticed by every
//! handle that had seen what was lost, and a handle that was away for long raises no false alarm.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use crate::support::*;
use tofu::store::*;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Storage that several handles share, as front ends share a database.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Rows>>);

impl Shared {
    fn open(&self) -> Store {
        Store::with_engine(Box::new(self.clone()), &StoreOptions::default()).unwrap()
    }

    fn rows(&self) -> Rows {
        self.0.lock().unwrap().clone()
    }

    /// What a fail-over to a standby that lagged behind does.
    fn fall_back_to(&self, rows: &Rows) {
        self.0.lock().unwrap().clone_from(rows);
    }
}

impl Engine for Shared {
    fn name(&self) -> String {
        "shared storage".to_owned()
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let rows = self.0.lock().unwrap();
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let found = rows.range::<[u8], _>((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut rows = self.0.lock().unwrap();
        for op in batch {
            if let Op::Expect(key, value) = op {
                if rows.get(key) != value.as_ref() {
                    return Err(StoreError::Conflict { store: self.name() });
                }
            }
        }
        for op in batch {
            match op {
                Op::Expect(..) => {}
                Op::Put(key, value) => drop(rows.insert(key.clone(), value.clone())),
                Op::Delete(key) => drop(rows.remove(key)),
            }
        }
        Ok(())
    }
    fn read_only(&self) -> bool {
        false
    }
}

fn is_lost<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(&result, Err(StoreError::Lost { what, .. }) if what.contains("another history"))
}

#[test]
fn a_handle_notices_that_a_commit_it_had_seen_was_lost_although_others_followed() {
    for others in 1..=15 {
        let storage = Shared::default();
        let first = storage.open();
        put(&first, pinned("", "a.example", 993, "k"));
        let before = storage.rows();
        // Acknowledged, and lost in a fail-over.
        put(&first, pinned("", "b.example", 993, "acknowledged"));
        storage.fall_back_to(&before);
        let second = storage.open();
        for number in 0..others {
            put(&second, pinned("", &format!("c{number}.example"), 993, "k"));
        }
        assert!(is_lost(first.generation()), "{others}: {:?}", first.generation());
        let asked = first.read(|tx| tx.endpoint(&endpoint("", "b.example", 993)));
        assert!(is_lost(asked), "{others}");
        let written = first.write(|tx| tx.put_endpoint(pinned("", "b.example", 993, "other")).map(|_| ()));
        assert!(is_lost(written), "{others}: no second winner");
        // The other handle knows nothing of it, and a new one neither.
        assert!(second.generation().is_ok() && storage.open().generation().is_ok());
    }
}

#[test]
fn a_handle_that_was_away_for_many_commits_raises_no_false_alarm() {
    let storage = Shared::default();
    let (first, second) = (storage.open(), storage.open());
    put(&first, pinned("", "a.example", 993, "k"));
    for number in 0..40 {
        put(&second, pinned("", &format!("c{number}.example"), 993, "k"));
        if number % 7 == 0 {
            assert!(first.generation().is_ok(), "{number}");
        }
    }
    put(&first, pinned("", "z.example", 993, "k"));
    assert!(get(&second, &endpoint("", "z.example", 993)).is_some());
    for number in 40..100 {
        put(&second, pinned("", &format!("c{number}.example"), 993, "k"));
    }
    assert!(get(&first, &endpoint("", "c99.example", 993)).is_some());
}

#[test]
fn a_file_with_another_history_is_noticed_between_two_runs_too() {
    let (place, elsewhere) = (Place::new(), Place::new());
    put(&place.open(), pinned("", "a.example", 993, "k"));
    std::fs::copy(place.file(), elsewhere.file()).unwrap();
    put(&place.open(), pinned("", "b.example", 993, "k"));
    // The copy goes on by itself, further than the file had come, and takes its place.
    for host in ["c.example", "d.example", "e.example"] {
        put(&elsewhere.open(), pinned("", host, 993, "k"));
    }
    std::fs::rename(elsewhere.file(), place.file()).unwrap();
    let error = place.try_open().map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Lost { .. }) && error.to_string().contains("another history"), "{error}");
    let store = Store::open(&StoreOptions { accept_loss: true, ..place.options() }).unwrap();
    assert!(get(&store, &endpoint("", "e.example", 993)).is_some());
    drop(store);
    place.open();
}

#[test]
fn a_restore_goes_on_with_the_history_of_the_store() {
    let place = Place::new();
    let (store, other) = (place.open(), place.open());
    put(&store, pinned("", "a.example", 993, "k"));
    let backup = place.directory().join("backup");
    store.backup(&backup).unwrap();
    put(&store, pinned("", "b.example", 993, "k"));
    assert!(get(&other, &endpoint("", "b.example", 993)).is_some());
    store.restore(&backup, 1_700_000_000).unwrap();
    assert!(get(&other, &endpoint("", "b.example", 993)).is_none());
    assert!(get(&store, &endpoint("", "a.example", 993)).is_some());
    place.assert_sound();
}
