//! The meta row: the one row that every commit expects and rewrites, which makes every commit a
//! compare-and-set over everything that was read. Counters live here, so that statistics and
//! new numbers cost nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::keyspace;
use super::seal::{self, StoreId};
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::time::{DAY, Timestamp};

/// The format of the rows that this version writes.
pub const FORMAT: u32 = 1;
/// The highest number of an event, a pin or a generation: the C ABI shows them as `int64_t`.
pub const MAX_NUMBER: u64 = i64::MAX.unsigned_abs() - 1;
/// How many endpoints with lately changed keys are remembered for the interception hint.
const MAX_CHANGES: usize = 16;
/// A clock that is so far off is broken.
const BROKEN: i64 = 366 * DAY;
/// The meta row is sealed under this id, since it is what tells the store's own.
const META_ID: StoreId = [0; 16];

/// How many rows there are of each sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Endpoints, tombstones included.
    #[serde(default)]
    pub endpoints: u64,
    /// Keys and certificates refused everywhere. Never missing: where it is 0, none is looked for.
    pub blocks: u64,
    /// Certificates kept.
    #[serde(default)]
    pub certs: u64,
    /// Pending questions.
    #[serde(default)]
    pub pending: u64,
    /// Events in the log.
    #[serde(default)]
    pub events: u64,
}

impl Counts {
    /// As JSON: the `rows` of the reports in docs/json-reports.md.
    pub fn to_json(&self) -> Value {
        json!({
            "endpoints": self.endpoints,
            "blocked-everywhere": self.blocks,
            "certificates": self.certs,
            "pending": self.pending,
            "events": self.events,
        })
    }

    /// Each with the noun for one.
    pub(in crate::store) fn words(&self) -> [(&'static str, u64); 5] {
        [
            ("endpoint", self.endpoints),
            ("block", self.blocks),
            ("certificate", self.certs),
            ("pending question", self.pending),
            ("event", self.events),
        ]
    }
}

/// An endpoint whose key changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    endpoint: Hash,
    at: Timestamp,
}

/// The meta row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The store's id, 32 hexadecimal digits.
    pub id: String,
    /// Format of the rows; a newer one is refused.
    pub format: u32,
    /// Moves with every commit.
    pub generation: u64,
    /// Generation of the last change of the blocks.
    #[serde(default)]
    pub blocks_generation: u64,
    /// Generation of the last change of the store-wide policy.
    #[serde(default)]
    pub policy_generation: u64,
    /// Store-wide policy.
    #[serde(default)]
    pub policy: Option<Map<String, Value>>,
    /// How many refusals there are; `None` in a store from before they had rows of their own.
    #[serde(default)]
    pub refusals: Option<u64>,
    /// The next pin's number.
    pub next_pin: u64,
    /// The next event's number.
    pub next_event: u64,
    /// The oldest event that may still be there.
    pub first_event: u64,
    /// Newest notBefore of any leaf accepted on a path to a system root.
    #[serde(default)]
    pub time_floor: Timestamp,
    /// Rows.
    pub counts: Counts,
    #[serde(default)]
    changes: Vec<Changed>,
    /// Fields of newer versions.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Meta {
    /// The meta row of a new store.
    pub fn new(id: &StoreId) -> Self {
        Self {
            id: data_encoding::HEXLOWER.encode(id),
            format: FORMAT,
            generation: 1,
            blocks_generation: 1,
            policy_generation: 1,
            policy: None,
            refusals: Some(0),
            next_pin: 1,
            next_event: 1,
            first_event: 1,
            time_floor: 0,
            counts: Counts::default(),
            changes: Vec::new(),
            extra: Map::new(),
        }
    }

    /// Reads a sealed meta row.
    pub fn open(store: &str, value: &[u8]) -> Result<Self, StoreError> {
        let damaged = |what: String| StoreError::Damaged { store: store.to_owned(), what };
        let opened = seal::open(&META_ID, keyspace::META, value).map_err(|e| damaged(format!("the meta row {e}")))?;
        /// What must be understood before anything else is.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let read = |e: serde_json::Error| damaged(format!("the meta row cannot be read: {e}"));
        let Format { format } = serde_json::from_slice(opened.body).map_err(read)?;
        if format > FORMAT {
            return Err(StoreError::Future { store: store.to_owned(), found: format, known: FORMAT });
        }
        serde_json::from_slice(opened.body).map_err(read)
    }

    /// Seals the row.
    pub fn seal(&self, store: &str) -> Result<Vec<u8>, StoreError> {
        Ok(seal::seal(&META_ID, keyspace::META, &[], &encode(store, self)?))
    }

    /// The id as bytes.
    pub fn store_id(&self, store: &str) -> Result<StoreId, StoreError> {
        let bytes = data_encoding::HEXLOWER.decode(self.id.as_bytes()).ok();
        bytes.and_then(|b| b.try_into().ok()).ok_or_else(|| StoreError::Damaged {
            store: store.to_owned(),
            what: "the meta row holds no store id".to_owned(),
        })
    }

    /// Remembers that the key of an endpoint changed.
    pub fn note_change(&mut self, endpoint_key: &[u8], at: Timestamp) {
        let endpoint = Hash::of(endpoint_key);
        self.changes.retain(|c| c.endpoint != endpoint);
        self.changes.insert(0, Changed { endpoint, at });
        self.changes.truncate(MAX_CHANGES);
    }

    /// Nothing changed so long after this time. What lies more than a year ahead was noted by a clock that was broken,
    /// and must not hint at interception until it comes true; counted from now it does so for its time. What lies
    /// less ahead stays where it is: who puts a clock back must not have changes of today forgotten.
    pub fn none_changed_long_after(&mut self, time: Timestamp) {
        let ahead = time.saturating_add(BROKEN);
        self.changes.iter_mut().filter(|c| c.at > ahead).for_each(|c| c.at = time);
    }

    /// The counters, each with its noun.
    pub fn numbers(&self) -> [(&'static str, u64); 3] {
        [("event", self.next_event), ("pin", self.next_pin), ("generation", self.generation)]
    }

    /// How many endpoints changed their key since then.
    pub fn changed_since(&self, since: Timestamp) -> usize {
        self.changes.iter().filter(|c| c.at >= since).count()
    }
}

/// JSON of a record.
pub fn encode<T: Serialize>(store: &str, record: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record)
        .map_err(|e| StoreError::Invalid { what: format!("{store}: a record cannot be written: {e}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meta_row_that_does_not_count_the_blocks_is_damaged() {
        let row = |body: &Value| seal::seal(&META_ID, keyspace::META, &[], body.to_string().as_bytes());
        let mut body = serde_json::to_value(Meta::new(&[7; 16])).unwrap();
        assert!(Meta::open("s", &row(&body)).is_ok());
        body["counts"].as_object_mut().unwrap().remove("blocks");
        assert!(Meta::open("s", &row(&body)).unwrap_err().to_string().contains("meta row"));
        body.as_object_mut().unwrap().remove("counts");
        assert!(Meta::open("s", &row(&body)).is_err());
    }
}
