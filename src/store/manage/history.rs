//! The changes in the log as undo sees them: which of them stand, and which came after which. Read once for an
//! undo, in the order of the rows that are there.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::restore::RESTORED;
use crate::endpoint::Endpoint;
use crate::store::error::StoreError;
use crate::store::tx::Tx;
use crate::store::tx::log::{UNDONE, endpoint_from};

/// Codes of changes by a person that are for good.
const FOR_GOOD: [&str; 4] = ["blocked-everywhere", "unblocked", "dismissed", "pruned"];

/// A change that can be undone, or that undid one.
#[derive(Debug)]
pub(super) struct Change {
    /// Its event.
    pub id: u64,
    code: String,
    /// What it changed; none where that is the store-wide policy.
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
    /// The latest standing change of each endpoint, and of the store-wide policy, by its place in `standing`.
    latest: HashMap<Option<Endpoint>, usize>,
    /// Changes that no undo takes back, latest first.
    lasting: Vec<u64>,
    /// The last restore, before which nothing can be undone.
    pub restored: Option<u64>,
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

    /// The latest change of an endpoint, or of the store-wide policy, that stands, if it came after this one.
    pub fn after(&self, endpoint: Option<&Endpoint>, id: u64) -> Option<&Change> {
        self.standing.get(*self.latest.get(&endpoint.cloned())?).filter(|change| change.id > id)
    }

    /// Changes after this one that no undo takes back, latest first.
    pub fn lasting_after(&self, id: u64) -> impl Iterator<Item = u64> {
        self.lasting.iter().copied().take_while(move |lasting| *lasting > id)
    }
}

impl Tx<'_> {
    /// The changes from this event on.
    pub(super) fn history(&self, from: u64) -> Result<History, StoreError> {
        let (mut lines, mut lasting, mut restored) = (Vec::new(), Vec::new(), None);
        self.events_from(from, |line: Line| {
            if line.code == RESTORED {
                lines.clear();
                lasting.clear();
                restored = Some(line.id);
            } else if FOR_GOOD.contains(&line.code.as_str()) {
                lasting.push(line.id);
            }
            lines.extend(line.before.is_some().then_some(line));
            Ok(true)
        })?;
        lasting.reverse();
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
            if endpoint.is_some() || host.is_empty() {
                latest.entry(endpoint.clone()).or_insert(standing.len());
            }
            standing.push(Change { id, code, endpoint, is_undo: undoes.is_some(), batch });
        }
        Ok(History { standing, undone, latest, lasting, restored })
    }
}
