//! Questions that nobody could answer when they came up. A pending question keeps the exact chain
//! that was seen; asked for later it gives a verdict, re-evaluated, which the same
//! [`crate::trust::trust`] answers. Its quotas are the store's.

use crate::path::Chain;
use crate::store::{Pending, Store, StoreError, Tx};
use crate::time::Timestamp;
use crate::trust::gather::Memo;
use crate::trust::gather::inputs::{Check, CheckError, Flags};
use crate::trust::gather::weigh::weigh;
use crate::trust::rules::additions::Additions;
use crate::trust::rules::policy::Policy;
use crate::trust::words::verdict::{Asked, Verdict};

/// Leaves the question of a verdict, or counts it once more.
pub(crate) fn leave(tx: &mut Tx<'_>, verdict: &Verdict) -> Result<(), StoreError> {
    let facts = verdict.facts();
    let spki = facts.leaf.spki;
    let certs: Vec<_> = verdict.chain().certs().map(|(_, cert)| cert).collect();
    for cert in &certs {
        tx.put_cert(cert)?;
    }
    let at = facts.at();
    let known = tx.pending(verdict.endpoint(), spki)?;
    let (first, count, contradicted) = known.map_or((at, 0, false), |p| (p.first.min(at), p.count, p.contradicted));
    tx.put_pending(Pending {
        endpoint: verdict.endpoint().clone(),
        verdict_id: verdict.id().to_owned(),
        spki,
        chain: certs.iter().map(|cert| cert.fingerprint()).collect(),
        first,
        last: at,
        count: count.saturating_add(1),
        contradicted,
        extra: serde_json::Map::new(),
    })
}

/// The verdict of a pending question as of now: decided again, with what is known today.
pub fn pending_verdict(
    store: &Store,
    pending: &Pending,
    now: Timestamp,
    flags: Flags,
    policy: Option<&Policy>,
    additions: Option<&Additions>,
) -> Result<Verdict, CheckError> {
    let store_id = store.id()?;
    let mut memo = Memo::default();
    store.read(|tx| {
        let mut chain = Chain::new();
        for hash in &pending.chain {
            let missing = || StoreError::Damaged {
                store: store.name(),
                what: format!("a certificate of the pending question for {} is gone", pending.endpoint),
            };
            let cert = tx.cert(*hash)?.ok_or_else(missing)?;
            chain.push_der(cert.der()).map_err(|error| CheckError::Chain(error.to_string()))?;
        }
        let check = Check { policy, additions, flags, ..Check::new(&pending.endpoint, &chain, now) };
        let mut weighed = weigh(store, tx, &check, &mut memo)?;
        // Looking at a question again neither makes it known nor logs it.
        weighed.outcome.effects.event = None;
        let asked = Asked { last: pending.last, contradicted: pending.contradicted };
        Ok(Verdict::new(&check, weighed, store_id.clone()).asked(asked))
    })
}
