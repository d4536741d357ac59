//! Listing and finding, by pages in the order of the keys. Nothing is held between two pages.

use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Host};
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::store::tx::Tx;
use crate::store::tx::keyspace::{self, BLOCKS, ENDPOINTS, LOG, PENDING, TRUST};
use crate::store::tx::meta::Counts;
use crate::store::tx::record::{Block, EndpointRecord, Event, Pending, Pin, PinState, PinValue, Severity};

/// How many rows are looked at for one page at most, so that a page is quick even where few match.
const MAX_LOOKED_AT: usize = 10_000;

/// What is asked for; the default is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// This host only.
    pub host: Option<Host>,
    /// What has this key or certificate: SHA-256 of the SubjectPublicKeyInfo or of the DER.
    pub hash: Option<Hash>,
    /// What has a pin in one of these states; empty for all.
    pub states: Vec<PinState>,
    /// Events that matter at least so much.
    pub severity: Option<Severity>,
}

/// Where a listing goes on; the default is the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found; may be empty although there is more.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// A pin and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinEntry {
    /// A pin of an endpoint.
    Endpoint(Endpoint, Box<Pin>),
    /// A key or certificate refused everywhere.
    Everywhere(Block),
}

/// How much there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Rows.
    pub counts: Counts,
    /// Pins trusted, staged, retired, blocked, compromised.
    pub pins: [u64; 5],
    /// Endpoints that were ever validated.
    pub validated: u64,
    /// Forgotten endpoints.
    pub tombstones: u64,
    /// The store's generation.
    pub generation: u64,
}

impl Statistics {
    /// As JSON, `tofu-statistics`; the keys are in docs/json-reports.md.
    pub fn to_json(&self) -> Value {
        let [trusted, staged, retired, blocked, compromised] = self.pins;
        json!({
            "schema": "tofu-statistics",
            "version": 1,
            "generation": self.generation,
            "rows": self.counts.to_json(),
            "pins": {
                "trusted": trusted,
                "staged": staged,
                "retired": retired,
                "blocked": blocked,
                "compromised": compromised,
            },
            "validated": self.validated,
            "forgotten": self.tombstones,
        })
    }
}

impl Tx<'_> {
    /// Endpoints, by host, port and account.
    pub fn list_endpoints(
        &self,
        filter: &Filter,
        from: &Cursor,
        limit: usize,
    ) -> Result<Page<EndpointRecord>, StoreError> {
        if let Some(hash) = filter.hash {
            return self.endpoints_with(hash, filter, from, limit);
        }
        let prefix = filter.host.as_ref().map_or(ENDPOINTS.to_vec(), keyspace::host_prefix);
        self.page(&prefix, from, limit, |key, body| {
            let record = self.decode_endpoint(key, body, self.endpoint_of_key(key)?)?;
            Ok(matches(&record, filter).then_some(record))
        })
    }

    /// Endpoints that have to do with a key or certificate, found by the indexes.
    fn endpoints_with(
        &self,
        hash: Hash,
        filter: &Filter,
        from: &Cursor,
        limit: usize,
    ) -> Result<Page<EndpointRecord>, StoreError> {
        let mut keys = std::collections::BTreeSet::new();
        let held = keyspace::held_prefix(hash);
        self.each(&held, &held, |key, _| {
            keys.extend(keyspace::parse_held(&key).map(|e| keyspace::endpoint(&e)));
            Ok(true)
        })?;
        let referred = keyspace::reference_prefix(hash);
        self.each(&referred, &referred, |key, _| {
            keys.extend(keyspace::parse_reference(&key).filter(|k| k.starts_with(ENDPOINTS)).map(<[u8]>::to_vec));
            Ok(true)
        })?;
        let mut page = Page { items: Vec::new(), next: None };
        for key in keys.into_iter().filter(|k| *k > from.0) {
            if page.items.len() >= limit {
                return Ok(page);
            }
            let record = self.endpoint(&self.endpoint_of_key(&key)?)?;
            page.items.extend(record.filter(|r| matches(r, filter)));
            page.next = Some(Cursor(key));
        }
        page.next = None;
        Ok(page)
    }

    /// Pins of endpoints, in the order of these, and then what is refused everywhere.
    pub fn list_pins(&self, filter: &Filter, from: &Cursor, limit: usize) -> Result<Page<PinEntry>, StoreError> {
        if from.0.starts_with(BLOCKS) {
            return self.list_blocks(filter, from, limit);
        }
        let page = self.list_endpoints(filter, from, limit)?;
        let mut items = Vec::new();
        for record in page.items {
            let wanted = record.pins.into_iter().filter(|p| pin_matches(p, filter));
            items.extend(wanted.map(|pin| PinEntry::Endpoint(record.endpoint.clone(), Box::new(pin))));
        }
        let blocks = filter.host.is_none() && (filter.states.is_empty() || filter.states.contains(&PinState::Blocked));
        let next = page.next.or_else(|| blocks.then(|| Cursor(BLOCKS.to_vec())));
        Ok(Page { items, next })
    }

    fn list_blocks(&self, filter: &Filter, from: &Cursor, limit: usize) -> Result<Page<PinEntry>, StoreError> {
        self.page(BLOCKS, from, limit, |key, body| {
            let block: Block = self.decode(key, body)?;
            let wanted = filter.hash.is_none_or(|h| h == block.value);
            Ok(wanted.then_some(PinEntry::Everywhere(block)))
        })
    }

    /// Pending questions, by endpoint.
    pub fn list_pending(&self, filter: &Filter, from: &Cursor, limit: usize) -> Result<Page<Pending>, StoreError> {
        self.page(PENDING, from, limit, |key, body| {
            let pending = self.decode_pending(key, body)?;
            let host = filter.host.as_ref().is_none_or(|h| *h == pending.endpoint.host);
            let hash = filter.hash.is_none_or(|h| h == pending.spki || pending.chain.contains(&h));
            Ok((host && hash).then_some(pending))
        })
    }

    /// Events, oldest first.
    pub fn list_events(&self, filter: &Filter, from: &Cursor, limit: usize) -> Result<Page<Event>, StoreError> {
        self.page(LOG, from, limit, |key, body| {
            let event: Event = self.decode(key, body)?;
            let host = filter.host.as_ref().is_none_or(|h| h.as_str() == event.host);
            let severity = filter.severity.is_none_or(|s| event.severity >= s);
            let hash = filter.hash.is_none_or(|h| event.spki == Some(h) || event.cert == Some(h));
            Ok((host && severity && hash).then_some(event))
        })
    }

    /// The pin with this number, and where it belongs.
    pub fn find_pin(&self, id: u64) -> Result<PinEntry, StoreError> {
        let prefix = keyspace::pin_prefix(id);
        let not_found = || StoreError::NotFound { store: self.store.name(), what: format!("pin {id}") };
        let (row, _) = self.scan(&prefix, &prefix, 1)?.pop().ok_or_else(not_found)?;
        let owner = keyspace::parse_pin(&row).unwrap_or_default();
        if owner.starts_with(BLOCKS) {
            let body = self.trust_row(owner)?.ok_or_else(not_found)?;
            return Ok(PinEntry::Everywhere(self.decode(owner, &body)?));
        }
        let endpoint = self.endpoint_of_key(owner)?;
        let pins = self.endpoint(&endpoint)?.map(|r| r.pins).unwrap_or_default();
        let pin = pins.into_iter().find(|p| p.id == id).ok_or_else(not_found)?;
        Ok(PinEntry::Endpoint(endpoint, Box::new(pin)))
    }

    /// Counts everything; reads all endpoints.
    pub fn statistics(&self) -> Result<Statistics, StoreError> {
        let mut found = Statistics { counts: self.meta.counts, generation: self.generation(), ..Statistics::default() };
        self.each_trust(ENDPOINTS, ENDPOINTS, |key, body| {
            let record = self.decode_endpoint(key, body, self.endpoint_of_key(key)?)?;
            let [trusted, staged, retired, blocked, compromised] = &mut found.pins;
            for pin in &record.pins {
                let count = match pin.state {
                    PinState::Trusted => &mut *trusted,
                    PinState::Staged => &mut *staged,
                    PinState::Retired => &mut *retired,
                    PinState::Blocked => &mut *blocked,
                    PinState::Compromised => &mut *compromised,
                };
                *count = count.saturating_add(1);
            }
            found.validated = found.validated.saturating_add(u64::from(record.validated.is_some()));
            found.tombstones = found.tombstones.saturating_add(u64::from(record.tombstone.is_some()));
            Ok(true)
        })?;
        Ok(found)
    }

    fn page<T>(
        &self,
        prefix: &[u8],
        from: &Cursor,
        limit: usize,
        mut read: impl FnMut(&[u8], &[u8]) -> Result<Option<T>, StoreError>,
    ) -> Result<Page<T>, StoreError> {
        let mut page = Page { items: Vec::new(), next: None };
        let mut looked_at: usize = 0;
        let mut last = None;
        let mut more = false;
        let after = from.0.as_slice().max(prefix);
        let mut take = |key: &[u8], body: &[u8]| {
            if page.items.len() >= limit || looked_at >= MAX_LOOKED_AT {
                more = true;
                return Ok(false);
            }
            looked_at = looked_at.saturating_add(1);
            page.items.extend(read(key, body)?);
            last = Some(key.to_vec());
            Ok(true)
        };
        if prefix.starts_with(TRUST) {
            self.each_trust(after, prefix, take)?;
        } else {
            self.each(after, prefix, |key, value| take(&key, self.open(&key, &value)?.body))?;
        }
        page.next = last.filter(|_| more).map(Cursor);
        Ok(page)
    }
}

fn matches(record: &EndpointRecord, filter: &Filter) -> bool {
    filter.host.as_ref().is_none_or(|h| *h == record.endpoint.host)
        && (filter.states.is_empty() || record.has_pin_in(&filter.states))
}

fn pin_matches(pin: &Pin, filter: &Filter) -> bool {
    let hash = filter.hash.is_none_or(|h| pin.value == PinValue::Sha256(h) || pin.cert == Some(h));
    hash && (filter.states.is_empty() || filter.states.contains(&pin.state))
}
