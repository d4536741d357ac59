//! Blocks, certificates, pending questions and the store-wide values in a transaction.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::bounds;
use super::keyspace;
use super::record::{Block, Pending, PinKind};
use super::transaction::Tx;
use crate::cert::Cert;
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::time::Timestamp;

impl Tx<'_> {
    /// Which of these keys or certificates are refused everywhere, here or in a store below; absence
    /// is proven.
    pub fn blocked(&self, kind: PinKind, values: &[Hash]) -> Result<Vec<Block>, StoreError> {
        let mut found = self.own_blocked(kind, values)?;
        for below in &self.layers {
            found.extend(below.own_blocked(kind, values)?);
        }
        found.retain(|block| block.published.is_none());
        Ok(found)
    }

    /// What the private half of a key is published with, as this store or one below says.
    pub fn published(&self, spki: Hash) -> Result<Option<String>, StoreError> {
        for store in std::iter::once(self).chain(&self.layers) {
            let marked = store.own_blocked(PinKind::Key, &[spki])?.pop().and_then(|block| block.published);
            if marked.is_some() {
                return Ok(marked);
            }
        }
        Ok(None)
    }

    /// [`Tx::blocked`] in this store alone, with the keys that are only marked as published.
    pub(in crate::store) fn own_blocked(&self, kind: PinKind, values: &[Hash]) -> Result<Vec<Block>, StoreError> {
        let mut found = Vec::new();
        // The meta row is sealed and written by every commit: its count proves that there is none.
        if self.meta.counts.blocks == 0 {
            return Ok(found);
        }
        for value in values {
            let key = keyspace::block(kind, *value);
            if let Some(body) = self.trust_row(&key)? {
                found.push(self.decode(&key, &body)?);
            }
        }
        Ok(found)
    }

    /// Refuses a key or certificate everywhere.
    pub fn put_block(&mut self, block: Block) -> Result<(), StoreError> {
        if !matches!(block.kind, PinKind::Key | PinKind::Certificate) {
            return Err(StoreError::Invalid {
                what: "only a key or a certificate can be blocked everywhere".to_owned(),
            });
        }
        if block.comment.len() > bounds::MAX_COMMENT {
            let what = format!("a comment is longer than {} bytes", bounds::MAX_COMMENT);
            return Err(StoreError::Limit { store: self.store.name(), what });
        }
        let body = self.encode(&block)?;
        let key = keyspace::block(block.kind, block.value);
        if let Some(before) = self.own_blocked(block.kind, &[block.value])?.pop() {
            self.delete_row(keyspace::pin(before.id, &key));
        }
        self.put_row(keyspace::pin(block.id, &key), &[]);
        if self.put_trust(key, &body)? {
            self.meta.counts.blocks = self.meta.counts.blocks.saturating_add(1);
        }
        self.meta.blocks_generation = self.next_generation();
        Ok(())
    }

    /// Lifts such a refusal.
    pub fn remove_block(&mut self, kind: PinKind, value: Hash) -> Result<(), StoreError> {
        let key = keyspace::block(kind, value);
        let Some(block) = self.own_blocked(kind, &[value])?.pop() else {
            if let Some(below) = self.layers.iter().find(|l| l.own_blocked(kind, &[value]).is_ok_and(|b| !b.is_empty()))
            {
                let what =
                    format!("{} is blocked by {}; only its owner can lift that", value.hex(), below.store.name());
                return Err(StoreError::Invalid { what });
            }
            let what = format!("a block of {}", value.hex());
            return Err(StoreError::NotFound { store: self.store.name(), what });
        };
        self.delete_row(keyspace::pin(block.id, &key));
        self.delete_trust(key)?;
        self.meta.counts.blocks = self.meta.counts.blocks.saturating_sub(1);
        self.meta.blocks_generation = self.next_generation();
        Ok(())
    }

    /// All keys and certificates refused everywhere; that there are no others is proven.
    pub fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        let rows = self.trust_rows(keyspace::BLOCKS)?;
        rows.into_iter().map(|(key, body)| self.decode(&key, &body)).collect()
    }

    /// A certificate kept with a pin, sighting or pending question, here or in a store below.
    pub fn cert(&self, fingerprint: Hash) -> Result<Option<Cert>, StoreError> {
        if let Some(own) = self.own_cert(fingerprint)? {
            return Ok(Some(own));
        }
        for below in &self.layers {
            if let Some(found) = below.own_cert(fingerprint)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn own_cert(&self, fingerprint: Hash) -> Result<Option<Cert>, StoreError> {
        match self.row(&keyspace::cert(fingerprint))? {
            Some(der) => Ok(Some(
                Cert::parse_der(&der).map_err(|e| self.damaged(format!("certificate {}: {e}", fingerprint.hex())))?,
            )),
            None => Ok(None),
        }
    }

    /// Keeps a certificate, for as long as a record or pending question refers to it. One that
    /// nothing refers to by the end of the transaction is dropped.
    pub fn put_cert(&mut self, cert: &Cert) -> Result<(), StoreError> {
        self.put_cert_der(cert.fingerprint(), cert.der())
    }

    pub(in crate::store) fn put_cert_der(&mut self, fingerprint: Hash, der: &[u8]) -> Result<(), StoreError> {
        let key = keyspace::cert(fingerprint);
        if self.get(&key)?.is_none() {
            self.put_row(key, der);
            self.meta.counts.certs = self.meta.counts.certs.saturating_add(1);
        }
        Ok(())
    }

    /// Brings the references of an owner from one set of certificates to another. One that nothing refers to any more
    /// goes when the transaction ends: looking for other references each time would be quadratic where many owners
    /// let go of the same one.
    pub(in crate::store) fn refer(
        &mut self,
        owner: &[u8],
        old: &BTreeSet<Hash>,
        new: &BTreeSet<Hash>,
    ) -> Result<(), StoreError> {
        for added in new.difference(old) {
            self.put_row(keyspace::reference(*added, owner), &[]);
        }
        for gone in old.difference(new) {
            self.delete_row(keyspace::reference(*gone, owner));
            self.released.insert(*gone);
        }
        Ok(())
    }

    pub(in crate::store) fn drop_cert_if_unreferenced(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        let Some(fingerprint) = key.get(1..).and_then(|f| f.try_into().ok()).map(Hash::from_bytes) else {
            return Ok(());
        };
        let prefix = keyspace::reference_prefix(fingerprint);
        if self.scan(&prefix, &prefix, 1)?.is_empty() && self.get(&key)?.is_some() {
            self.delete_row(key);
            self.meta.counts.certs = self.meta.counts.certs.saturating_sub(1);
        }
        Ok(())
    }

    /// A pending question.
    pub fn pending(&self, endpoint: &Endpoint, spki: Hash) -> Result<Option<Pending>, StoreError> {
        let key = keyspace::pending(endpoint, spki);
        match self.row(&key)? {
            Some(body) => Ok(Some(self.decode_pending(&key, &body)?)),
            None => Ok(None),
        }
    }

    pub(in crate::store) fn decode_pending(&self, key: &[u8], body: &[u8]) -> Result<Pending, StoreError> {
        let mut pending: Pending = self.decode(key, body)?;
        let endpoint = keyspace::parse_pending(key);
        pending.endpoint = endpoint.ok_or_else(|| self.damaged("a pending question has a key that cannot be"))?;
        Ok(pending)
    }

    /// The pending questions of an endpoint.
    pub fn pending_of(&self, endpoint: &Endpoint) -> Result<Vec<Pending>, StoreError> {
        let prefix = keyspace::pending_prefix(endpoint);
        let mut found = Vec::new();
        self.each(&prefix, &prefix, |key, value| {
            let body = self.open(&key, &value)?.body.to_vec();
            found.push(self.decode_pending(&key, &body)?);
            Ok(true)
        })?;
        Ok(found)
    }

    /// Whether there is room for a pending question about this key.
    pub(crate) fn takes_pending(&self, endpoint: &Endpoint, spki: Hash) -> Result<bool, StoreError> {
        if self.meta.counts.pending < bounds::MAX_PENDING_TOTAL {
            return Ok(true);
        }
        let kept = self.pending_of(endpoint)?;
        // The same again, or in the place of another one of its endpoint.
        Ok(kept.iter().any(|p| p.spki == spki) || bounds::stale_pending(&kept).is_some())
    }

    /// Writes a pending question. Of one endpoint the first and the latest are kept.
    pub fn put_pending(&mut self, pending: Pending) -> Result<(), StoreError> {
        if pending.chain.len() > bounds::MAX_PENDING_CHAIN {
            let what = format!("a pending question holds at most {} certificates", bounds::MAX_PENDING_CHAIN);
            return Err(StoreError::Limit { store: self.store.name(), what });
        }
        let kept = self.pending_of(&pending.endpoint)?;
        let before = kept.iter().find(|p| p.spki == pending.spki);
        if before == Some(&pending) {
            return Ok(());
        }
        if before.is_none() {
            if let Some(stale) = bounds::stale_pending(&kept) {
                self.remove_pending(&pending.endpoint, stale.spki)?;
            }
            if self.meta.counts.pending >= bounds::MAX_PENDING_TOTAL {
                let what = format!("already holds {} pending questions", bounds::MAX_PENDING_TOTAL);
                return Err(StoreError::Limit { store: self.store.name(), what });
            }
            self.meta.counts.pending = self.meta.counts.pending.saturating_add(1);
        }
        let key = keyspace::pending(&pending.endpoint, pending.spki);
        let old = before.map(|p| p.chain.iter().copied().collect()).unwrap_or_default();
        let new = pending.chain.iter().copied().collect();
        let body = self.encode(&pending)?;
        self.put_row(key.clone(), &body);
        self.refer(&key, &old, &new)
    }

    /// Removes a pending question; it is no error if there is none.
    pub fn remove_pending(&mut self, endpoint: &Endpoint, spki: Hash) -> Result<(), StoreError> {
        let Some(pending) = self.pending(endpoint, spki)? else { return Ok(()) };
        let key = keyspace::pending(endpoint, spki);
        self.delete_row(key.clone());
        self.meta.counts.pending = self.meta.counts.pending.saturating_sub(1);
        self.refer(&key, &pending.chain.into_iter().collect(), &BTreeSet::new())
    }

    /// A fresh pin number.
    pub fn new_pin_id(&mut self) -> Result<u64, StoreError> {
        let id = self.number(self.meta.next_pin, "pin")?;
        self.meta.next_pin = id.saturating_add(1);
        Ok(id)
    }

    /// The newest notBefore of any leaf accepted on a path to a system root; 0 = none.
    pub fn time_floor(&self) -> Result<Timestamp, StoreError> {
        Ok(self.meta.time_floor)
    }

    /// Raises [`Tx::time_floor`]; never lowers it.
    pub fn raise_time_floor(&mut self, not_before: Timestamp) -> Result<(), StoreError> {
        self.meta.time_floor = self.meta.time_floor.max(not_before);
        Ok(())
    }

    /// The store-wide policy, as fields.
    pub fn policy(&self) -> Result<Option<Map<String, Value>>, StoreError> {
        Ok(self.meta.policy.clone())
    }

    /// Sets or clears it.
    pub fn set_policy(&mut self, policy: Option<Map<String, Value>>) -> Result<(), StoreError> {
        if self.meta.policy != policy {
            self.meta.policy = policy;
            self.meta.policy_generation = self.next_generation();
        }
        Ok(())
    }
}
