//! Which endpoints refuse a key or certificate. A refusal is one endpoint's pin that is blocked or
//! compromised; the rows here are found by what is refused, so that a check of any other endpoint
//! can ask "was this key refused anywhere?" at the same cost in a store of any size. They carry
//! trust and are linked like endpoints and blocks: that there is no refusal is proven, not assumed.
//!
//! A store from before these rows existed has no count of them. Then every endpoint is read
//! instead, until the first commit writes the rows.

use std::collections::BTreeSet;

use super::keyspace::{self, ENDPOINTS, REFUSALS};
use super::record::{EndpointRecord, Pin, PinState, PinValue};
use super::transaction::Tx;
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::error::StoreError;

/// A pin of one endpoint that refuses a key or certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where it is refused.
    pub endpoint: Endpoint,
    /// The pin that says so.
    pub pin: Pin,
    /// The store that holds it, as its place in [`crate::store::Store::layers`]; `None` for this one.
    pub layer: Option<usize>,
}

/// Refusals looked at in one store, at most: each costs the reading of a record.
const MAX_LOOKED_AT: usize = 1_000;

/// Refusals found so far, and when to stop.
#[derive(Default)]
struct Sought {
    refusals: Vec<Refusal>,
    limit: usize,
    first_is_enough: bool,
    /// Of the store that is looked through now.
    layer: Option<usize>,
    blocked: usize,
    compromised: usize,
    looked_at: usize,
}

impl Sought {
    fn next_layer(&mut self, layer: usize) {
        self.layer = Some(layer);
        (self.blocked, self.compromised, self.looked_at) = (0, 0, 0);
    }

    fn take(&mut self, endpoint: Endpoint, pin: Pin) {
        self.looked_at = self.looked_at.saturating_add(1);
        let of_its_kind = match pin.state {
            PinState::Compromised => &mut self.compromised,
            _ => &mut self.blocked,
        };
        if *of_its_kind < self.limit {
            *of_its_kind = of_its_kind.saturating_add(1);
            self.refusals.push(Refusal { endpoint, pin, layer: self.layer });
        }
    }

    fn wants_more(&self) -> bool {
        let is_full = self.blocked >= self.limit && self.compromised >= self.limit;
        let has_enough = self.first_is_enough && !self.refusals.is_empty();
        !is_full && !has_enough && self.looked_at < MAX_LOOKED_AT
    }
}

impl Tx<'_> {
    /// Refusals of these keys or certificates by any endpoint, in this store and in those below; at most `limit` blocks
    /// and `limit` marks as compromised of each store, so that many of one kind do not hide the other. If none is
    /// returned, it is proven that there is none.
    pub fn refusals_of(&self, values: &[Hash], limit: usize) -> Result<Vec<Refusal>, StoreError> {
        let mut found = Sought { limit, ..Sought::default() };
        self.own_refusals(values, &mut found)?;
        for (layer, below) in self.layers.iter().enumerate() {
            found.next_layer(layer);
            below.own_refusals(values, &mut found)?;
        }
        Ok(found.refusals)
    }

    /// Whether any endpoint refuses one of these keys or certificates, in this store or in those below.
    pub fn is_refused_anywhere(&self, values: &[Hash]) -> Result<bool, StoreError> {
        for store in std::iter::once(self).chain(self.layers.iter()) {
            let mut found = Sought { first_is_enough: true, limit: 1, ..Sought::default() };
            store.own_refusals(values, &mut found)?;
            if !found.refusals.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn own_refusals(&self, values: &[Hash], found: &mut Sought) -> Result<(), StoreError> {
        match self.meta.refusals {
            // The meta row is sealed and written by every commit: its count proves that there is none.
            Some(0) => return Ok(()),
            None => return self.refusals_without_rows(values, found),
            Some(_) => {}
        }
        for value in values {
            let prefix = keyspace::refusal_prefix(*value);
            self.each_trust(&prefix, &prefix, |key, _| {
                let endpoint =
                    keyspace::parse_refusal(key).ok_or_else(|| self.damaged("a refusal has an invalid key"))?;
                let record = self.endpoint(&endpoint)?;
                let refusing = record.iter().flat_map(refusing_pins);
                let pin = refusing.into_iter().find(|pin| pin.value == PinValue::Sha256(*value));
                let Some(pin) = pin.cloned() else {
                    return Err(self.damaged(format!("{} has no pin to it", keyspace::describe(key))));
                };
                found.take(endpoint, pin);
                Ok(found.wants_more())
            })?;
            if !found.wants_more() {
                break;
            }
        }
        Ok(())
    }

    fn refusals_without_rows(&self, values: &[Hash], found: &mut Sought) -> Result<(), StoreError> {
        self.each_trust(ENDPOINTS, ENDPOINTS, |key, body| {
            let endpoint = self.endpoint_of_key(key)?;
            let record = self.decode_endpoint(key, body, endpoint)?;
            let hit = |pin: &&Pin| matches!(&pin.value, PinValue::Sha256(hash) if values.contains(hash));
            for pin in refusing_pins(&record).into_iter().filter(hit) {
                found.take(record.endpoint.clone(), pin.clone());
            }
            Ok(found.wants_more())
        })
    }

    /// Brings the rows of an endpoint from what its record refused before to what it refuses now.
    pub(in crate::store) fn index_refusals(
        &mut self,
        before: Option<&EndpointRecord>,
        after: Option<&EndpointRecord>,
    ) -> Result<(), StoreError> {
        let Some(mut count) = self.meta.refusals else { return Ok(()) };
        let (old, new) = (rows(before), rows(after));
        if old == new {
            return Ok(());
        }
        for gone in old.difference(&new) {
            count = count.saturating_sub(u64::from(self.delete_trust(gone.clone())?));
        }
        for added in new.difference(&old) {
            count = count.saturating_add(u64::from(self.put_trust(added.clone(), &[])?));
        }
        self.meta.refusals = Some(count);
        // What another endpoint refuses bears on every decision, as the blocks do.
        self.meta.blocks_generation = self.next_generation();
        Ok(())
    }

    /// Writes the rows of a store that was made before they existed.
    pub(in crate::store) fn make_refusals(&mut self) -> Result<(), StoreError> {
        match self.meta.refusals {
            Some(_) => Ok(()),
            None => self.remake_refusals().map(|_| ()),
        }
    }

    /// Brings the rows in line with the endpoints. Returns how many had to be written or removed.
    pub(in crate::store) fn remake_refusals(&mut self) -> Result<u64, StoreError> {
        let (mut there, mut wanted) = (BTreeSet::new(), BTreeSet::new());
        self.each_trust(ENDPOINTS, ENDPOINTS, |key, body| {
            let endpoint = self.endpoint_of_key(key)?;
            wanted.extend(refusal_rows(&self.decode_endpoint(key, body, endpoint)?));
            Ok(true)
        })?;
        self.each_trust(REFUSALS, REFUSALS, |key, _| {
            there.insert(key.to_vec());
            Ok(true)
        })?;
        for gone in there.difference(&wanted) {
            self.delete_trust(gone.clone())?;
        }
        for missing in wanted.difference(&there) {
            self.put_trust(missing.clone(), &[])?;
        }
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.meta.refusals = Some(number(wanted.len()));
        Ok(number(there.symmetric_difference(&wanted).count()))
    }
}

fn refusing_pins(record: &EndpointRecord) -> Vec<&Pin> {
    record.pins.iter().filter(|pin| pin.refuses()).collect()
}

fn rows(record: Option<&EndpointRecord>) -> BTreeSet<Vec<u8>> {
    record.map(refusal_rows).unwrap_or_default()
}

/// The rows that a record calls for.
pub(in crate::store) fn refusal_rows(record: &EndpointRecord) -> BTreeSet<Vec<u8>> {
    let refused = refusing_pins(record).into_iter().filter_map(|pin| match &pin.value {
        PinValue::Sha256(value) => Some(*value),
        PinValue::Name(_) => None,
    });
    refused.map(|value| keyspace::refusal(value, &record.endpoint)).collect()
}
