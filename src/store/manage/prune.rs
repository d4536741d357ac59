//! Taking away what is old, and putting a pending question aside. Both are for good: what goes here does
//! not come back by undo.

use crate::store::error::StoreError;
use crate::store::tx::Store;
use crate::store::tx::keyspace::{ENDPOINTS, PENDING};
use crate::store::tx::log::event;
use crate::store::tx::record::Severity;
use crate::time::{Timestamp, date};

impl Store {
    /// Takes away what is older than `before`: events, observations, pending questions. Pins, baselines
    /// and tombstones stay. Returns how many things went. A time to come is [`StoreError::Invalid`]: it would take all of
    /// the log, and every undo with it.
    pub fn prune(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        if before > now {
            return Err(StoreError::Invalid { what: format!("{} is still to come", date(before)) });
        }
        self.write(|tx| -> Result<u64, StoreError> {
            let mut pruned: u64 = 0;
            let mut stale = Vec::new();
            tx.each(PENDING, PENDING, |key, value| {
                let pending = tx.decode_pending(&key, tx.open(&key, &value)?.body)?;
                if pending.last < before {
                    stale.push((pending.endpoint, pending.spki));
                }
                Ok(true)
            })?;
            for (endpoint, spki) in stale {
                tx.remove_pending(&endpoint, spki)?;
                pruned = pruned.saturating_add(1);
            }
            let mut changed = Vec::new();
            tx.each(ENDPOINTS, ENDPOINTS, |key, value| {
                let mut record = tx.decode_endpoint(&key, tx.open(&key, &value)?.body, tx.endpoint_of_key(&key)?)?;
                let there = record.observations.len();
                record.observations.retain(|o| o.last >= before);
                let gone = there.saturating_sub(record.observations.len());
                pruned = pruned.saturating_add(u64::try_from(gone).unwrap_or(0));
                if gone > 0 {
                    changed.push(record);
                }
                Ok(true)
            })?;
            for record in changed {
                tx.put_endpoint(record)?;
            }
            let pruned = pruned.saturating_add(tx.prune_events_before(before)?);
            if pruned > 0 {
                let text = format!("{pruned} events, observations or questions from before {} removed", date(before));
                tx.log(event(None, "pruned", Severity::Notice, now, text))?;
            }
            Ok(pruned)
        })
    }

    /// Removes the pending question with this verdict id.
    pub fn dismiss(&self, verdict_id: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            let mut found = None;
            tx.each(PENDING, PENDING, |key, value| {
                let pending = tx.decode_pending(&key, tx.open(&key, &value)?.body)?;
                let hit = pending.verdict_id == verdict_id;
                if hit {
                    found = Some(pending);
                }
                Ok(!hit)
            })?;
            match found {
                Some(pending) => {
                    tx.remove_pending(&pending.endpoint, pending.spki)?;
                    let text = format!("the question about {} was put aside", pending.endpoint);
                    let mut dismissed = event(Some(&pending.endpoint), "dismissed", Severity::Notice, now, text);
                    dismissed.spki = Some(pending.spki);
                    dismissed.cert = pending.chain.first().copied();
                    tx.log(dismissed).map(|_| ())
                }
                None => {
                    let what = format!("pending question {}", crate::text::excerpt(verdict_id, 80));
                    Err(StoreError::NotFound { store: tx.store.name(), what })
                }
            }
        })
    }
}
