//! The engine that forgets: ordered keys and values in memory, for tests and for programs that
//! want a store without a file.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::{Batch, Engine, Op, Pair, Peek, Transaction, lower_bound};
use crate::store::error::StoreError;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// An engine in memory.
#[derive(Default)]
pub struct MemoryEngine {
    /// Readers keep the map that they began with; a commit copies it only while there are some.
    state: Mutex<State>,
    /// Held by the one who writes.
    turn: Mutex<()>,
}

#[derive(Default, Clone)]
struct State {
    map: Arc<Map>,
    commits: u64,
}

const NAME: &str = ":memory:";
/// How long a writer waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

impl MemoryEngine {
    /// An engine that holds these rows.
    pub fn with(rows: Vec<Pair>) -> Self {
        let state = State { map: Arc::new(rows.into_iter().collect()), commits: 0 };
        Self { state: Mutex::new(state), turn: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A commit replaces values one by one only after all its checks: a panic cannot tear it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn to write. A bounded wait, so that a write inside a write is an error and
    /// not a deadlock.
    fn turn(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        let began = Instant::now();
        loop {
            match self.turn.try_lock() {
                Ok(guard) => return Ok(guard),
                Err(TryLockError::Poisoned(guard)) => return Ok(guard.into_inner()),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_micros(100));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Busy { store: NAME.to_owned(), waited_ms: 2000 });
                }
            }
        }
    }
}

fn scan(map: &Map, after: &[u8], prefix: &[u8], limit: usize) -> Vec<Pair> {
    let lower = lower_bound(after, prefix);
    map.range::<[u8], _>((Bound::Included(lower.as_slice()), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .take(limit)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn apply(state: &mut State, batch: &Batch) -> Result<(), StoreError> {
    for op in batch {
        if let Op::Expect(key, value) = op {
            if state.map.get(key) != value.as_ref() {
                return Err(StoreError::Conflict { store: NAME.to_owned() });
            }
        }
    }
    let map = Arc::make_mut(&mut state.map);
    for op in batch {
        match op {
            Op::Expect(..) => {}
            Op::Put(key, value) => {
                map.insert(key.clone(), value.clone());
            }
            Op::Delete(key) => {
                map.remove(key);
            }
        }
    }
    state.commits = state.commits.wrapping_add(1);
    Ok(())
}

impl Engine for MemoryEngine {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().map.get(key).cloned())
    }

    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let map = Arc::clone(&self.state().map);
        Ok(scan(&map, after, prefix, limit))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let _turn = self.turn()?;
        apply(&mut self.state(), batch)
    }

    fn read_only(&self) -> bool {
        false
    }

    fn begin(&self, write: bool) -> Result<Option<Box<dyn Transaction + '_>>, StoreError> {
        let turn = if write { Some(self.turn()?) } else { None };
        let State { map, commits } = self.state().clone();
        Ok(Some(Box::new(MemoryTransaction { engine: self, map, commits, turn })))
    }

    fn peek(&self) -> Option<Peek> {
        Some(mark(self.state().commits))
    }
}

fn mark(commits: u64) -> Peek {
    Peek { device: 0, inode: 0, changed: 0, access: 0, counter: commits }
}

struct MemoryTransaction<'e> {
    engine: &'e MemoryEngine,
    map: Arc<Map>,
    commits: u64,
    turn: Option<MutexGuard<'e, ()>>,
}

impl Transaction for MemoryTransaction<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.map.get(key).cloned())
    }

    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        Ok(scan(&self.map, after, prefix, limit))
    }

    fn peek(&self) -> Option<Peek> {
        Some(mark(self.commits))
    }

    fn commit(self: Box<Self>, batch: &Batch) -> Result<(), StoreError> {
        let Self { engine, map, turn, .. } = *self;
        // Our own copy of the map would make the commit copy all of it.
        drop(map);
        match turn {
            Some(_turn) => apply(&mut engine.state(), batch),
            None => Err(StoreError::ReadOnly { store: NAME.to_owned() }),
        }
    }
}
