//! The library's own JSON (schema `tofu-store`, version 1, `docs/store.md`): complete, so that a new
//! store made from it knows the same; into a store in use it is merged by the rule of imports.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Found, FoundEndpoint};
use crate::endpoint::{Account, Endpoint, NameError};
use crate::hash::Hash;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::keyspace::{CERTS, ENDPOINTS, LOG, PENDING};
use crate::store::meta::MAX_NUMBER;
use crate::store::record::{Block, EndpointRecord, Event, Pending, PinKind};
use crate::store::tx::Tx;
use crate::time::Timestamp;

const SCHEMA: &str = "tofu-store";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    schema: String,
    version: u32,
    store: String,
    generation: u64,
    #[serde(default)]
    time_floor: Timestamp,
    #[serde(default)]
    policy: Option<Map<String, Value>>,
    #[serde(default)]
    endpoints: Vec<Located<EndpointRecord>>,
    #[serde(default)]
    blocks: Vec<Block>,
    #[serde(default)]
    pending: Vec<Located<Pending>>,
    #[serde(default)]
    events: Vec<Event>,
    /// Fingerprint to DER in base64.
    #[serde(default)]
    certificates: BTreeMap<String, String>,
}

/// A record and the endpoint that it belongs to.
#[derive(Debug, Serialize, Deserialize)]
struct Located<T> {
    account: String,
    host: String,
    port: u16,
    record: T,
}

fn located<T>(endpoint: &Endpoint, record: T) -> Located<T> {
    let Endpoint { host, port, account } = endpoint;
    Located { account: account.as_str().to_owned(), host: host.as_str().to_owned(), port: port.get(), record }
}

impl<T> Located<T> {
    fn endpoint(&self) -> Result<Endpoint, NameError> {
        Endpoint::parse(&self.account, &self.host, self.port)
    }

    /// The endpoint in a document of ours, where "any account" may stand.
    fn own_endpoint(&self) -> Result<Endpoint, NameError> {
        if self.account == Account::any().as_str() {
            let endpoint = Endpoint::parse("", &self.host, self.port)?;
            return Ok(Endpoint { account: Account::any(), ..endpoint });
        }
        self.endpoint()
    }
}

fn invalid(what: impl std::fmt::Display) -> StoreError {
    StoreError::Invalid { what: format!("import: {what}") }
}

impl Store {
    /// Everything in this store, as JSON.
    pub fn export_json(&self) -> Result<Value, StoreError> {
        let document = self.read(document)?;
        serde_json::to_value(document).map_err(|e| StoreError::Invalid { what: format!("export: {e}") })
    }

    /// Fills this store, which must know nothing yet, with all that an export holds: a restore from
    /// JSON, where [`Store::import`] would take only what may be believed of others.
    pub fn restore_json(&self, data: &[u8]) -> Result<(), StoreError> {
        let document = parse(data)?;
        self.write(|tx| {
            if tx.meta.counts != crate::store::Counts::default() {
                return Err(invalid("only a new store can be filled from an export; import into this one instead"));
            }
            fill(tx, &document)
        })
    }
}

fn document(tx: &Tx<'_>) -> Result<Document, StoreError> {
    let mut document = Document {
        schema: SCHEMA.to_owned(),
        version: VERSION,
        store: tx.meta.id.clone(),
        generation: tx.own_generation(),
        time_floor: tx.meta.time_floor,
        policy: tx.policy()?,
        endpoints: Vec::new(),
        blocks: tx.blocks()?,
        pending: Vec::new(),
        events: Vec::new(),
        certificates: BTreeMap::new(),
    };
    for (key, body) in tx.trust_rows(ENDPOINTS)? {
        let record = tx.decode_endpoint(&key, &body, tx.endpoint_of_key(&key)?)?;
        document.endpoints.push(located(&record.endpoint.clone(), record));
    }
    tx.each(PENDING, PENDING, |key, value| {
        let pending = tx.decode_pending(&key, tx.open(&key, &value)?.body)?;
        document.pending.push(located(&pending.endpoint.clone(), pending));
        Ok(true)
    })?;
    tx.each(LOG, LOG, |key, value| {
        document.events.push(tx.decode(&key, tx.open(&key, &value)?.body)?);
        Ok(true)
    })?;
    tx.each(CERTS, CERTS, |key, value| {
        let der = tx.open(&key, &value)?.body;
        document.certificates.insert(Hash::of(der).hex(), BASE64.encode(der));
        Ok(true)
    })?;
    Ok(document)
}

fn parse(data: &[u8]) -> Result<Document, StoreError> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
        version: u32,
    }
    let head: Head = serde_json::from_slice(data).map_err(|e| invalid(format!("not an export of a store: {e}")))?;
    if head.schema != SCHEMA {
        return Err(invalid("not an export of a store"));
    }
    if head.version != VERSION {
        return Err(invalid(format!("version {} of the format, this library knows {VERSION}", head.version)));
    }
    serde_json::from_slice(data).map_err(invalid)
}

fn certificates(document: &Document) -> Result<Vec<Vec<u8>>, StoreError> {
    let decoded = document.certificates.iter().map(|(fingerprint, der)| {
        let der = BASE64.decode(der.as_bytes()).ok();
        der.filter(|der| Hash::of(der).hex() == *fingerprint).ok_or_else(|| {
            invalid(format!("certificate {} is not what it says", crate::text::excerpt(fingerprint, 64)))
        })
    });
    decoded.collect()
}

fn fill(tx: &mut Tx<'_>, document: &Document) -> Result<(), StoreError> {
    for der in certificates(document)? {
        tx.put_cert_der(Hash::of(&der), &der)?;
    }
    let mut next_pin = 1;
    for located in &document.endpoints {
        let endpoint = located.own_endpoint().map_err(invalid)?;
        let record = EndpointRecord { endpoint, ..located.record.clone() };
        next_pin = record.pins.iter().map(|p| p.id.saturating_add(1)).fold(next_pin, u64::max);
        tx.put_endpoint(record)?;
    }
    for block in &document.blocks {
        next_pin = next_pin.max(block.id.saturating_add(1));
        tx.put_block(block.clone())?;
    }
    for located in &document.pending {
        let endpoint = located.own_endpoint().map_err(invalid)?;
        tx.put_pending(Pending { endpoint, ..located.record.clone() })?;
    }
    for event in &document.events {
        tx.restore_event(event)?;
    }
    tx.set_policy(document.policy.clone())?;
    tx.raise_time_floor(document.time_floor)?;
    if next_pin > MAX_NUMBER {
        return Err(invalid("a pin has a number that cannot be"));
    }
    tx.meta.next_pin = tx.meta.next_pin.max(next_pin);
    Ok(())
}

/// Reads an export for merging.
pub(super) fn read(data: &[u8]) -> Result<Found, StoreError> {
    let document = parse(data)?;
    let mut found = Found { certs: certificates(&document)?, ..Found::default() };
    for (index, located) in document.endpoints.into_iter().enumerate() {
        let endpoint = match located.endpoint() {
            Ok(endpoint) => endpoint,
            Err(e) => {
                found.remarks.push(format!("endpoint {index}: {e}; not taken"));
                continue;
            }
        };
        if located.record.policy.is_some() {
            found.remarks.push(format!("{endpoint}: its policy was not taken; set it here"));
        }
        let EndpointRecord { pins, validated, .. } = located.record;
        found.endpoints.insert(endpoint, FoundEndpoint { pins, validated });
    }
    found.blocks = document.blocks;
    found.blocks.retain(|b| matches!(b.kind, PinKind::Key | PinKind::Certificate));
    if document.policy.is_some() {
        found.remarks.push("the store-wide policy was not taken; set it here".to_owned());
    }
    Ok(found)
}
