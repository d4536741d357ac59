//! What the next contact will come to after trust was taken back: what the server presented last is judged
//! again with what is known now. Undo, retire and forget say so beforehand, instead of leaving it to the
//! next connection. Writes nothing.

use super::verdict::Verdict;
use crate::cert::Cert;
use crate::endpoint::Endpoint;
use crate::path::Chain;
use crate::store::{EndpointRecord, PinKind, Store, StoreError, Tx};
use crate::time::Timestamp;
use crate::trust::gather::Memo;
use crate::trust::gather::inputs::{Check, CheckError};
use crate::trust::gather::weigh::weigh;

/// What a server presented last and was accepted with, as far as it is kept.
#[derive(Debug, Clone)]
pub struct LastAccepted {
    endpoint: Endpoint,
    chain: Chain,
}

impl LastAccepted {
    /// Of what is known of the endpoint now; to be read before that is changed. `None` where nothing was accepted.
    pub fn of(store: &Store, endpoint: &Endpoint) -> Result<Option<Self>, StoreError> {
        store.read(|tx| match tx.endpoint(endpoint)? {
            Some(record) => Self::read(tx, &record),
            None => Ok(None),
        })
    }

    /// Of what was known before an event that can be undone.
    pub fn before(store: &Store, event: u64) -> Result<Option<Self>, StoreError> {
        store.read(|tx| {
            let event = tx.event(event)?;
            match event.and_then(|event| crate::store::record_before(&event)) {
                Some(record) => Self::read(tx, &record),
                None => Ok(None),
            }
        })
    }

    fn read(tx: &Tx<'_>, record: &EndpointRecord) -> Result<Option<Self>, StoreError> {
        let Some(seen) = record.baseline.iter().max_by_key(|seen| seen.last) else { return Ok(None) };
        let issuers = record.pins.iter().filter(|pin| pin.kind == PinKind::Issuer).filter_map(|pin| pin.cert);
        let mut chain = Chain::new();
        for hash in [seen.cert].into_iter().chain(seen.intermediates.iter().copied()).chain(issuers) {
            let known = chain.certs().any(|(_, cert): (usize, &Cert)| cert.fingerprint() == hash);
            match tx.cert(hash)?.filter(|_| !known) {
                // A limit refuses only what is above the leaf.
                Some(cert) if chain.push_der(cert.der()).is_ok() => {}
                _ if chain.is_empty() => return Ok(None),
                _ => {}
            }
        }
        Ok(Some(Self { endpoint: record.endpoint.clone(), chain }))
    }

    /// The verdict if the server presents the same again, with what is known now.
    pub fn again(&self, store: &Store, now: Timestamp) -> Result<Verdict, CheckError> {
        let (store_id, mut memo) = (store.id()?, Memo::default());
        store.read(|tx| {
            let check = Check::new(&self.endpoint, &self.chain, now);
            let mut weighed = weigh(store, tx, &check, &mut memo)?;
            weighed.outcome.effects.event = None;
            Ok(Verdict::new(&check, weighed, store_id.clone()))
        })
    }
}
