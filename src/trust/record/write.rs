//! Carries out what [`super::remember`] planned, inside the transaction of the check or of the answer.

use super::remember::Plan;
use crate::cert::Cert;
use crate::hash::Hash;
use crate::store::{StoreError, Tx};
use crate::trust::gather::inputs::Check;
use crate::trust::gather::weigh::Weighed;

/// Certificates that a plan may name: the leaf and the path's.
pub(crate) fn kept_certs(check: &Check<'_>, weighed: &Weighed<'_>) -> Vec<Cert> {
    let path = weighed.gathered.examination.path.iter().flat_map(|path| path.certs.iter().cloned());
    check.chain.leaf().cloned().into_iter().chain(path).collect()
}

pub(crate) fn write_plan(tx: &mut Tx<'_>, check: &Check<'_>, plan: Plan, certs: &[Cert]) -> Result<(), StoreError> {
    for hash in &plan.certs {
        if let Some(cert) = certs.iter().find(|cert| cert.fingerprint() == *hash) {
            tx.put_cert(cert)?;
        }
    }
    for mut record in plan.record.into_iter().chain(plan.shared) {
        for pin in record.pins.iter_mut().filter(|pin| pin.id == 0) {
            pin.id = tx.new_pin_id()?;
        }
        tx.put_endpoint(record)?;
    }
    if let Some(not_before) = plan.floor {
        tx.raise_time_floor(not_before)?;
    }
    if plan.contradicts {
        let known: Option<Hash> = check.chain.leaf().map(Cert::spki);
        for mut question in tx.pending_of(check.endpoint)? {
            if !question.contradicted && Some(question.spki) != known {
                question.contradicted = true;
                tx.put_pending(question)?;
            }
        }
    }
    Ok(())
}
