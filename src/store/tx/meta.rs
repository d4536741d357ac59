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
/// How many servers with recently changed keys are remembered for the interception hint: of one account, and of all.
/// The hint needs three; one more, so that the endpoint that asks may be among them.
const CHANGES_OF_AN_ACCOUNT: usize = 4;
const MAX_CHANGES: usize = 64;
/// How many commits the store remembers by their ids.
const MAX_HISTORY: usize = 16;
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

/// The random number of a commit.
pub type CommitId = [u8; 16];

/// The ids of commits as one base64 text. They are decoded when the row is read and encoded when it is written, since
/// every transaction asks for them.
mod history {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::CommitId;

    pub fn serialize<S: Serializer>(ids: &[CommitId], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&data_encoding::BASE64.encode(ids.as_flattened()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<CommitId>, D::Error> {
        let bytes = data_encoding::BASE64.decode(String::deserialize(from)?.as_bytes()).unwrap_or_default();
        Ok(bytes.chunks_exact(size_of::<CommitId>()).filter_map(|id| id.try_into().ok()).collect())
    }
}

/// A server whose key changed, as an account saw it. Both are the first 8 bytes of a hash: a collision makes one server
/// of two, or one account of two, and so at worst one hint too few or too many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    #[serde(with = "short")]
    account: [u8; 8],
    #[serde(with = "short")]
    server: [u8; 8],
    at: Timestamp,
}

/// Bytes as lower-case hexadecimal digits.
mod short {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8; 8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&data_encoding::HEXLOWER.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 8], D::Error> {
        let text = String::deserialize(from)?;
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| D::Error::custom("not 16 hexadecimal digits"))
    }
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
    /// The ids of the last commits, the newest first: the identity of this history. Two histories that went apart may
    /// have the same generations, and never the same ids.
    #[serde(default, with = "history")]
    history: Vec<CommitId>,
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
    changed: Vec<Changed>,
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
            history: Vec::new(),
            blocks_generation: 1,
            policy_generation: 1,
            policy: None,
            refusals: Some(0),
            next_pin: 1,
            next_event: 1,
            first_event: 1,
            time_floor: 0,
            counts: Counts::default(),
            changed: Vec::new(),
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

    /// Records the id of the commit that this row is written by.
    pub fn committed(&mut self, id: CommitId) {
        self.history.insert(0, id);
        self.history.truncate(MAX_HISTORY);
    }

    /// Keeps the history of the store whose content this row replaces.
    pub fn keep_history_of(&mut self, replaced: &Self) {
        self.history.clone_from(&replaced.history);
    }

    /// The ids of the last commits, the newest first.
    pub fn commits(&self) -> &[CommitId] {
        &self.history
    }

    /// Whether the commit `id`, which led to `generation`, is part of this history. `None` where that cannot be told,
    /// because more commits came after it than are remembered.
    pub fn continues(&self, generation: u64, id: &CommitId) -> Option<bool> {
        let back = usize::try_from(self.generation.checked_sub(generation)?).ok()?;
        Some(self.commits().get(back)? == id)
    }

    /// Remembers that an account saw another key at a server.
    pub fn note_change(&mut self, account: &str, server: &[u8], at: Timestamp) {
        let (account, server) = (short_hash(account.as_bytes()), short_hash(server));
        self.changed.retain(|c| (c.account, c.server) != (account, server));
        self.changed.insert(0, Changed { account, server, at });
        let mut of_account = 0usize;
        self.changed.retain(|c| {
            of_account = of_account.saturating_add(usize::from(c.account == account));
            c.account != account || of_account <= CHANGES_OF_AN_ACCOUNT
        });
        self.changed.truncate(MAX_CHANGES);
    }

    /// Nothing changed so long after this time. What lies more than a year ahead was noted by a clock that was broken,
    /// and must not hint at interception until it comes true; counted from now it does so for its time. What lies
    /// less ahead stays where it is: who puts a clock back must not have changes of today forgotten.
    pub fn none_changed_long_after(&mut self, time: Timestamp) {
        let ahead = time.saturating_add(BROKEN);
        self.changed.iter_mut().filter(|c| c.at > ahead).for_each(|c| c.at = time);
    }

    /// The counters, each with its noun.
    pub fn numbers(&self) -> [(&'static str, u64); 3] {
        [("event", self.next_event), ("pin", self.next_pin), ("generation", self.generation)]
    }

    /// How many servers changed their key since then, as this account saw it. Where so many accounts saw changes that
    /// older ones had to be forgotten, those of all of them count: what was forgotten may have been this account's.
    pub fn changed_since(&self, account: &str, since: Timestamp) -> usize {
        let account = short_hash(account.as_bytes());
        let lately = self.changed.iter().filter(|c| c.at >= since);
        match lately.clone().count() {
            all @ MAX_CHANGES.. => all,
            _ => lately.filter(|c| c.account == account).count(),
        }
    }
}

fn short_hash(bytes: &[u8]) -> [u8; 8] {
    Hash::of(bytes).as_bytes().first_chunk().copied().unwrap_or_default()
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
    fn changes_count_for_the_account_that_saw_them() {
        let mut meta = Meta::new(&[7; 16]);
        for server in [b"a", b"b", b"c", b"d", b"e"] {
            meta.note_change("one", server, 100);
        }
        meta.note_change("two", b"a", 100);
        assert_eq!((meta.changed_since("one", 100), meta.changed_since("two", 100)), (CHANGES_OF_AN_ACCOUNT, 1));
        assert_eq!((meta.changed_since("three", 100), meta.changed_since("one", 101)), (0, 0));
        // The same server again is no further one.
        meta.note_change("two", b"a", 200);
        assert_eq!(meta.changed_since("two", 100), 1);
    }

    #[test]
    fn where_changes_had_to_be_forgotten_those_of_all_accounts_count() {
        let mut meta = Meta::new(&[7; 16]);
        for number in 0..MAX_CHANGES * 2 {
            meta.note_change(&format!("account {number}"), b"server", 100);
        }
        assert_eq!(meta.changed_since("account 0", 100), MAX_CHANGES);
        assert_eq!(meta.changed_since("account 0", 101), 0);
    }

    #[test]
    fn a_history_knows_its_last_commits_and_no_others() {
        let mut meta = Meta::new(&[7; 16]);
        let id = |n: u8| [n; 16];
        for n in 2..=20 {
            meta.generation = n.into();
            meta.committed(id(n));
        }
        assert_eq!(meta.commits().len(), MAX_HISTORY);
        assert_eq!((meta.continues(20, &id(20)), meta.continues(5, &id(5))), (Some(true), Some(true)));
        assert_eq!((meta.continues(20, &id(19)), meta.continues(12, &id(99))), (Some(false), Some(false)));
        // Too long ago, and not yet.
        assert_eq!((meta.continues(4, &id(4)), meta.continues(21, &id(21))), (None, None));
        let again = Meta::open("s", &meta.seal("s").unwrap()).unwrap();
        assert_eq!(again, meta);
    }

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
