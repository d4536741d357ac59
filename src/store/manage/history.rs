//! The changes in the log as undo sees them: which of them stand, and which came after which. Read once for an
//! undo, in the order of the rows that are there.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::endpoint::Endpoint;
use crate::store::error::StoreError;
use crate::store::log::{UNDONE, endpoint_from};
use crate::store::tx::Tx;

/// A change that can be undone, or that undid one.
#[derive(Debug)]
pub(super) struct Change {
    /// Its event.
    pub id: u64,
    code: String,
    /// What it changed.
    pub endpoint: Option<Endpoint>,
    /// It took another change back.
    pub is_undo: bool,
    batch: Option<u64>,
}

impl Change {
    /// Whether the two belong to one import.
    pub fn is_with(&self, other: &Change) -> bool {
        self.batch.is_some() && self.batch == other.batch
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "event {} ({})", self.id, crate::text::excerpt(&self.code, 40))
    }
}

/// What undo reads of an event. What an undo would restore is only looked for, not read.
#[derive(Deserialize)]
struct Line {
    id: u64,
    code: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    before: Option<IgnoredAny>,
    #[serde(default)]
    undoes: Option<u64>,
    #[serde(default)]
    batch: Option<u64>,
}

/// The changes from one on.
pub(super) struct History {
    /// Those that stand, latest first.
    standing: Vec<Change>,
    undone: HashSet<u64>,
    /// The latest standing change of each endpoint, by its place in `standing`.
    latest: HashMap<Endpoint, usize>,
}

impl History {
    /// What stands, latest first.
    pub fn standing(&self) -> impl Iterator<Item = &Change> {
        self.standing.iter()
    }

    /// Whether this change was taken back.
    pub fn is_undone(&self, id: u64) -> bool {
        self.undone.contains(&id)
    }

    /// The latest change of an endpoint that stands, if it came after this one.
    pub fn after(&self, endpoint: &Endpoint, id: u64) -> Option<&Change> {
        self.standing.get(*self.latest.get(endpoint)?).filter(|change| change.id > id)
    }
}

impl Tx<'_> {
    /// The changes from this event on.
    pub(super) fn history(&self, from: u64) -> Result<History, StoreError> {
        let mut lines = Vec::new();
        self.events_from(from, |line: Line| {
            lines.extend(line.before.is_some().then_some(line));
            Ok(true)
        })?;
        let (mut standing, mut undone, mut latest) = (Vec::new(), HashSet::new(), HashMap::new());
        for Line { id, code, account, host, port, undoes, batch, .. } in lines.into_iter().rev() {
            if undone.contains(&id) {
                continue;
            }
            let undoes = undoes.filter(|_| code == UNDONE);
            undone.extend(undoes);
            // With what it took back it is no change at all.
            if undoes.is_some_and(|undone| undone >= from && undone != id) && id != from {
                continue;
            }
            let endpoint = endpoint_from(&account, &host, port);
            if let Some(endpoint) = &endpoint {
                latest.entry(endpoint.clone()).or_insert(standing.len());
            }
            standing.push(Change { id, code, endpoint, is_undo: undoes.is_some(), batch });
        }
        Ok(History { standing, undone, latest })
    }
}
