//! What the tests of the store share: a place for a file, and records to put into it.
#![allow(dead_code)]

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Map;
use tofu::endpoint::Endpoint;
use tofu::hash::Hash;
use tofu::path::Problems;
use tofu::store::*;

/// A directory of mode 0700 with a store in it, gone with the value.
pub struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { directory }
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn file(&self) -> PathBuf {
        self.directory.path().join("pins.db")
    }

    pub fn beside(&self, suffix: &str) -> PathBuf {
        self.directory.path().join(format!("pins.db{suffix}"))
    }

    pub fn options(&self) -> StoreOptions {
        options(&self.file())
    }

    pub fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&self.options())
    }

    pub fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    /// The file as it stands passes every check there is. (Some tests refer to certificates by made-up
    /// hashes; that these are missing is right.)
    pub fn assert_sound(&self) {
        let mut problems = self.open().verify().unwrap().problems;
        problems.retain(|p| !(p.starts_with("certificate ") && p.ends_with(" is missing")));
        assert!(problems.is_empty(), "{problems:?}");
    }

    pub fn subdirectory(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        path
    }
}

pub fn options(file: &Path) -> StoreOptions {
    StoreOptions { path: Some(file.to_owned()), application: "test".to_owned(), ..StoreOptions::default() }
}

pub fn endpoint(account: &str, host: &str, port: u16) -> Endpoint {
    Endpoint::parse(account, host, port).unwrap()
}

pub fn pin(id: u64, key: &str) -> Pin {
    Pin {
        id,
        kind: PinKind::Key,
        value: PinValue::Sha256(Hash::of(key.as_bytes())),
        state: PinState::Trusted,
        waiver: Some(Problems::from_bits(3)),
        waive_expired_until: 0,
        origin: Origin::User,
        comment: String::new(),
        created: 1_000,
        state_since: 1_000,
        last_matched: 0,
        expires: 0,
        overlap_until: 0,
        replaces: 0,
        cert: None,
        until_ca_valid: false,
        pinned_only: false,
        extra: Map::new(),
    }
}

pub fn pinned(account: &str, host: &str, port: u16, key: &str) -> EndpointRecord {
    let mut record = EndpointRecord::new(endpoint(account, host, port), 1_000);
    record.pins.push(pin(1, key));
    record
}

pub fn block(value: Hash) -> Block {
    Block {
        id: 9,
        kind: PinKind::Key,
        value,
        created: 1_000,
        comment: "stolen".to_owned(),
        published: None,
        extra: Map::new(),
    }
}

pub fn pending(endpoint: &Endpoint, n: i64) -> Pending {
    Pending {
        endpoint: endpoint.clone(),
        verdict_id: format!("verdict-{n}"),
        spki: Hash::of(&n.to_be_bytes()),
        chain: Vec::new(),
        first: n,
        last: n,
        count: 1,
        contradicted: false,
        extra: Map::new(),
    }
}

pub fn event(code: &str, time: i64) -> Event {
    Event {
        id: 0,
        time,
        code: code.to_owned(),
        severity: Severity::Notice,
        account: String::new(),
        host: String::new(),
        port: 0,
        application: String::new(),
        spki: None,
        cert: None,
        text: "something happened".to_owned(),
        before: None,
        extra: Map::new(),
    }
}

pub fn put(store: &Store, record: EndpointRecord) {
    store.write(|tx| tx.put_endpoint(record.clone())).unwrap();
}

pub fn get(store: &Store, endpoint: &Endpoint) -> Option<EndpointRecord> {
    store.read(|tx| tx.endpoint(endpoint)).unwrap()
}
