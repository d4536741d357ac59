//! Endpoints in a transaction: one row each, its two indexes, its generation.

use std::collections::BTreeSet;

use super::bounds;
use super::keyspace;
use super::record::{EndpointRecord, PinKind, PinState, PinValue};
use super::transaction::Tx;
use crate::endpoint::{Endpoint, Host};
use crate::hash::Hash;
use crate::store::engine::Pair;
use crate::store::error::StoreError;

/// Where an endpoint is, or would be, so that it need not be looked for again to write it.
pub(in crate::store) struct Place {
    key: Vec<u8>,
    /// Its row, or the one after it.
    row: Pair,
    /// Its record; `None` is proven absence.
    pub(in crate::store) before: Option<EndpointRecord>,
}

impl Tx<'_> {
    /// The record of an endpoint; `None` is proven absence.
    pub fn endpoint(&self, endpoint: &Endpoint) -> Result<Option<EndpointRecord>, StoreError> {
        let key = keyspace::endpoint(endpoint);
        match self.trust_row(&key)? {
            Some(body) => Ok(Some(self.decode_endpoint(&key, &body, endpoint.clone())?)),
            None => Ok(None),
        }
    }

    pub(in crate::store) fn decode_endpoint(
        &self,
        key: &[u8],
        body: &[u8],
        endpoint: Endpoint,
    ) -> Result<EndpointRecord, StoreError> {
        let mut record: EndpointRecord = self.decode(key, body)?;
        record.endpoint = endpoint;
        Ok(record)
    }

    /// Writes a record (its `generation` is set by the store when anything but `last_*` times,
    /// counts and observations changed). Lists beyond their bounds are pruned.
    pub fn put_endpoint(&mut self, record: EndpointRecord) -> Result<(), StoreError> {
        let place = self.place_of(&record.endpoint)?;
        self.put_endpoint_at(place, record)
    }

    /// Where an endpoint is; good until this transaction writes another row that carries trust.
    pub(in crate::store) fn place_of(&self, endpoint: &Endpoint) -> Result<Place, StoreError> {
        let key = keyspace::endpoint(endpoint);
        let row = self.find_or_next(&key)?;
        let before = match &row {
            (found, value) if *found == key => {
                Some(self.decode_endpoint(&key, self.open(&key, value)?.body, endpoint.clone())?)
            }
            _ => None,
        };
        Ok(Place { key, row, before })
    }

    /// [`Tx::put_endpoint`] where its place was found before.
    pub(in crate::store) fn put_endpoint_at(
        &mut self,
        place: Place,
        mut record: EndpointRecord,
    ) -> Result<(), StoreError> {
        let masks = match bounds::too_many_retired(&record) {
            true => self.masks_in(&record)?,
            false => Vec::new(),
        };
        bounds::prune(&mut record, &masks);
        bounds::validate(&self.store.name(), &record)?;
        let Place { key, row, before } = place;
        let moved = before.as_ref().is_none_or(|b| relevant(b) != relevant(&record));
        record.generation = match &before {
            Some(before) if !moved => before.generation,
            _ => self.next_generation(),
        };
        if before.as_ref() == Some(&record) {
            return Ok(());
        }
        let body = self.encode(&record)?;
        if self.put_at(row, key.clone(), &body)? {
            self.meta.counts.endpoints = self.meta.counts.endpoints.saturating_add(1);
        }
        self.index_refusals(before.as_ref(), Some(&record))?;
        let old = before.as_ref().map(|b| index_rows(b, &key)).unwrap_or_default();
        let new = index_rows(&record, &key);
        for gone in old.difference(&new) {
            self.delete_row(gone.clone());
        }
        for added in new.difference(&old) {
            self.put_row(added.clone(), &[]);
        }
        self.refer(&key, &before.as_ref().map(certs).unwrap_or_default(), &certs(&record))
    }

    /// Moves the generation of an endpoint whose record stays as it is: what was given in its present state
    /// alone, as trust for a session is, ends.
    pub(in crate::store) fn end_state(&mut self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let Place { key, row, before } = self.place_of(endpoint)?;
        let Some(mut record) = before else { return Ok(()) };
        record.generation = self.next_generation();
        let body = self.encode(&record)?;
        self.put_at(row, key, &body).map(|_| ())
    }

    /// Removes a record altogether. Only for one that says nothing: what was trusted leaves a tombstone.
    pub(in crate::store) fn remove_endpoint(&mut self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let key = keyspace::endpoint(endpoint);
        let Some(before) = self.endpoint(endpoint)? else { return Ok(()) };
        if self.delete_trust(key.clone())? {
            self.meta.counts.endpoints = self.meta.counts.endpoints.saturating_sub(1);
        }
        self.index_refusals(Some(&before), None)?;
        index_rows(&before, &key).into_iter().for_each(|row| self.delete_row(row));
        // The generation of what is unknown is that of the store-wide policy at least: it never goes back.
        self.meta.policy_generation = self.next_generation();
        self.refer(&key, &certs(&before), &BTreeSet::new())
    }

    /// All endpoints of a host: every port, every account.
    pub fn endpoints_of(&self, host: &Host) -> Result<Vec<EndpointRecord>, StoreError> {
        let rows = self.trust_rows(&keyspace::host_prefix(host))?;
        rows.into_iter()
            .map(|(key, body)| {
                let endpoint = self.endpoint_of_key(&key)?;
                self.decode_endpoint(&key, &body, endpoint)
            })
            .collect()
    }

    /// All endpoints of a host that the stores below know, nearest store first.
    pub fn endpoints_below(&self, host: &Host) -> Result<Vec<EndpointRecord>, StoreError> {
        let found: Result<Vec<_>, StoreError> = self.layers.iter().map(|below| below.endpoints_of(host)).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    pub(in crate::store) fn endpoint_of_key(&self, key: &[u8]) -> Result<Endpoint, StoreError> {
        keyspace::parse_endpoint(key).ok_or_else(|| self.damaged("an endpoint has a key that cannot be"))
    }

    /// The records of endpoints with a pin or baseline sighting of this leaf key, at most `limit` of
    /// this store and as many of each store below.
    pub fn holders(&self, spki: Hash, limit: usize) -> Result<Vec<EndpointRecord>, StoreError> {
        let mut found = self.own_holders(spki, limit)?;
        for below in &self.layers {
            found.extend(below.own_holders(spki, limit)?);
        }
        Ok(found)
    }

    fn own_holders(&self, spki: Hash, limit: usize) -> Result<Vec<EndpointRecord>, StoreError> {
        let prefix = keyspace::held_prefix(spki);
        let mut found = Vec::new();
        self.each(&prefix, &prefix, |key, value| {
            self.open(&key, &value)?;
            if found.len() >= limit {
                return Ok(false);
            }
            let endpoint =
                keyspace::parse_held(&key).ok_or_else(|| self.damaged("an index row has a key that cannot be"))?;
            // The index also holds what pins of other kinds name.
            found.extend(self.endpoint(&endpoint)?.filter(|record| holds_leaf_key(record, spki)));
            Ok(true)
        })?;
        Ok(found)
    }

    /// What a decision about this endpoint rests on, as one number: it moves with the endpoint's pins,
    /// policy and baseline, with the block list and with the store-wide policy, with any change of a
    /// store below, and with nothing else.
    pub fn decision_generation(&self, endpoint: &Endpoint) -> Result<u64, StoreError> {
        let own = self.endpoint(endpoint)?.map_or(0, |r| r.generation);
        let here = own.max(self.meta.blocks_generation).max(self.meta.policy_generation);
        Ok(here.saturating_add(self.layers_generation()))
    }
}

/// A record without what moves by mere contact.
pub(in crate::store) fn relevant(record: &EndpointRecord) -> EndpointRecord {
    let mut relevant = record.clone();
    relevant.generation = 0;
    relevant.first_seen = 0;
    relevant.last_seen = 0;
    relevant.starttls = false;
    relevant.observations.clear();
    for pin in &mut relevant.pins {
        pin.last_matched = 0;
    }
    for sighting in &mut relevant.baseline {
        sighting.last = 0;
    }
    if let Some(validated) = &mut relevant.validated {
        validated.last = 0;
    }
    relevant
}

fn holds_leaf_key(record: &EndpointRecord, spki: Hash) -> bool {
    let value = PinValue::Sha256(spki);
    record.pins.iter().any(|p| p.kind == PinKind::Key && p.value == value)
        || record.baseline.iter().any(|s| s.spki == spki)
}

/// The rows of the indexes of hashes and of pin numbers that a record calls for.
pub(in crate::store) fn index_rows(record: &EndpointRecord, key: &[u8]) -> BTreeSet<Vec<u8>> {
    let pinned = record.pins.iter().filter_map(|pin| match &pin.value {
        PinValue::Sha256(value) => Some(*value),
        PinValue::Name(_) => None,
    });
    let hashes = pinned.chain(record.baseline.iter().map(|s| s.spki));
    let numbers = record.pins.iter().map(|p| keyspace::pin(p.id, key));
    hashes.map(|hash| keyspace::held(hash, &record.endpoint)).chain(numbers).collect()
}

/// The certificates that a record refers to.
pub(in crate::store) fn certs(record: &EndpointRecord) -> BTreeSet<Hash> {
    let pins = record.pins.iter().filter_map(|p| p.cert);
    let baseline = record.baseline.iter().flat_map(|s| s.intermediates.iter().copied().chain([s.cert]));
    pins.chain(baseline).chain(record.observations.iter().map(|o| o.cert)).collect()
}

/// What can be asked of a record without knowing what trust is.
impl EndpointRecord {
    /// Whether anything was ever accepted here: such an endpoint is never touched by an import.
    pub fn is_known(&self) -> bool {
        !self.pins.is_empty() || !self.baseline.is_empty() || self.validated.is_some()
    }

    /// The pin with this number.
    pub fn pin(&self, id: u64) -> Option<&super::record::Pin> {
        self.pins.iter().find(|p| p.id == id)
    }

    /// Whether any pin stands in one of these states.
    pub fn has_pin_in(&self, states: &[PinState]) -> bool {
        self.pins.iter().any(|p| states.contains(&p.state))
    }
}
