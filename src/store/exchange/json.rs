//! The library's own JSON (schema `tofu-store`, version 1, `docs/store.md`): complete, so that a new
//! store made from it knows the same. Into a store in use it is merged (`merge.rs`).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::import::BYTE_ORDER_MARK;
use super::merge::fit;
use crate::cert::Cert;
use crate::endpoint::{Account, Endpoint, NameError};
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::store::tx::Store;
use crate::store::tx::Tx;
use crate::store::tx::keyspace::{CERTS, ENDPOINTS, LOG, PENDING};
use crate::store::tx::record::{Block, EndpointRecord, Event, Pending};
use crate::time::Timestamp;

const SCHEMA: &str = "tofu-store";
const VERSION: u32 = 1;
/// The highest number that a pin or an event is restored with: what every JSON reader holds exactly. New
/// ones are counted on from there.
const MAX_NUMBER: u64 = 1 << 53;
/// The end of the year 9999.
const LATEST: Timestamp = 253_402_300_799;

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
    /// The endpoint; "any account" may stand there.
    fn endpoint(&self) -> Result<Endpoint, NameError> {
        if self.account == Account::any().as_str() {
            let endpoint = Endpoint::parse("", &self.host, self.port)?;
            return Ok(Endpoint { account: Account::any(), ..endpoint });
        }
        Endpoint::parse(&self.account, &self.host, self.port)
    }
}

pub(super) fn invalid(what: impl std::fmt::Display) -> StoreError {
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
        let document = parse(data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data))?;
        let certs = certificates(&document)?;
        check(&document)?;
        self.write(|tx| {
            if tx.meta.counts != crate::store::tx::Counts::default() {
                let what = "knows something already, and only a new one is filled from an export; import into this one instead";
                return Err(StoreError::InUse { store: tx.store.name(), what: what.to_owned() });
            }
            fill(tx, &document, &certs)
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

/// Whether it is an export at all, and of a version that is known here.
pub(super) fn head(data: &[u8]) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
        version: u32,
    }
    let head: Head =
        serde_json::from_slice(data).map_err(|e| invalid(format!("not an export of a store: {}", why(&e))))?;
    if head.schema != SCHEMA {
        return Err(invalid("not an export of a store"));
    }
    if head.version > VERSION {
        return Err(StoreError::Future { store: "import".to_owned(), found: head.version, known: VERSION });
    }
    if head.version != VERSION {
        return Err(invalid(format!("version {} of the format, this library knows {VERSION}", head.version)));
    }
    Ok(())
}

fn parse(data: &[u8]) -> Result<Document, StoreError> {
    head(data)?;
    serde_json::from_slice(data).map_err(|e| invalid(why(&e)))
}

fn why(error: &serde_json::Error) -> String {
    crate::text::excerpt(&error.to_string(), 160)
}

fn certificates(document: &Document) -> Result<Vec<Vec<u8>>, StoreError> {
    let decoded = document.certificates.iter().map(|(fingerprint, der)| {
        let der = BASE64.decode(der.as_bytes()).ok();
        let der = der.filter(|der| Hash::of(der).hex() == *fingerprint && Cert::parse_der(der).is_ok());
        der.ok_or_else(|| invalid(format!("certificate {} is not what it says", crate::text::excerpt(fingerprint, 64))))
    });
    decoded.collect()
}

/// Refuses what no store can have written: a restore is complete or is none.
fn check(document: &Document) -> Result<(), StoreError> {
    let mut numbers = HashSet::new();
    let mut number = |id: u64| match id {
        1..=MAX_NUMBER if numbers.insert(id) => Ok(()),
        1..=MAX_NUMBER => Err(invalid(format!("two pins have the number {id}"))),
        _ => Err(invalid(format!("no pin has the number {id}"))),
    };
    let mut endpoints = BTreeSet::new();
    for located in &document.endpoints {
        let endpoint = located.endpoint().map_err(invalid)?;
        let mut named = HashSet::new();
        for pin in &located.record.pins {
            number(pin.id)?;
            fit(pin).map_err(|why| invalid(format!("{endpoint}: pin {}: {why}", pin.id)))?;
            if !named.insert((pin.kind, &pin.value)) {
                return Err(invalid(format!("{endpoint}: pin {} is there twice", pin.id)));
            }
        }
        if !endpoints.insert(endpoint.clone()) {
            return Err(invalid(format!("{endpoint} is there twice")));
        }
    }
    let mut blocked = HashSet::new();
    for block in &document.blocks {
        number(block.id)?;
        if !blocked.insert((block.kind, block.value)) {
            return Err(invalid(format!("block {} is there twice", block.id)));
        }
    }
    if !(0..=LATEST).contains(&document.time_floor) {
        return Err(invalid("the time floor is no time"));
    }
    check_events(&document.events)
}

fn check_events(events: &[Event]) -> Result<(), StoreError> {
    let numbers: BTreeSet<u64> = events.iter().map(|event| event.id).collect();
    if numbers.len() != events.len() {
        return Err(invalid("two events have the same number"));
    }
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return Ok(()) };
    if *first == 0 || *last > MAX_NUMBER {
        return Err(invalid(format!("no log has events with the numbers {first} and {last}")));
    }
    Ok(())
}

fn fill(tx: &mut Tx<'_>, document: &Document, certs: &[Vec<u8>]) -> Result<(), StoreError> {
    for der in certs {
        tx.put_cert_der(Hash::of(der), der)?;
    }
    let mut next_pin = 1;
    for located in &document.endpoints {
        let endpoint = located.endpoint().map_err(invalid)?;
        let record = EndpointRecord { endpoint, ..located.record.clone() };
        next_pin = record.pins.iter().map(|p| p.id.saturating_add(1)).fold(next_pin, u64::max);
        tx.put_endpoint(record)?;
    }
    for block in &document.blocks {
        next_pin = next_pin.max(block.id.saturating_add(1));
        tx.put_block(block.clone())?;
    }
    for located in &document.pending {
        let endpoint = located.endpoint().map_err(invalid)?;
        tx.put_pending(Pending { endpoint, ..located.record.clone() })?;
    }
    for event in &document.events {
        tx.restore_event(event)?;
    }
    tx.meta.first_event = document.events.iter().map(|event| event.id).min().unwrap_or(tx.meta.first_event);
    tx.set_policy(document.policy.clone())?;
    tx.raise_time_floor(document.time_floor)?;
    tx.meta.next_pin = tx.meta.next_pin.max(next_pin);
    Ok(())
}
