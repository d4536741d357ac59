//! Gathers the facts and decides, in one view of the store.

use super::inputs::{Check, CheckError};
use super::session::{Session, SessionPin};
use super::{Gathered, Memo, gather};
use crate::store::{Store, Tx};
use crate::trust::rules::decide::{CaUnavailable, decide};
use crate::trust::rules::outcome::Outcome;

/// Facts with the decision made from them.
pub(crate) struct Weighed<'c> {
    pub gathered: Gathered<'c>,
    pub outcome: Outcome,
}

/// Gathers and decides in one view.
pub(crate) fn weigh<'c>(
    store: &Store,
    tx: &Tx<'_>,
    check: &'c Check<'_>,
    memo: &mut Memo,
) -> Result<Weighed<'c>, CheckError> {
    weigh_with(store, tx, check, memo, None)
}

/// The same with one more pin of this session.
pub(crate) fn weigh_with<'c>(
    store: &Store,
    tx: &Tx<'_>,
    check: &'c Check<'_>,
    memo: &mut Memo,
    further: Option<SessionPin>,
) -> Result<Weighed<'c>, CheckError> {
    let mut session = store.attached::<Session>().pins(check.endpoint);
    session.extend(further);
    let cannot_write = check.flags.dry_run || store.read_only();
    let gathered = gather(tx, check, session, cannot_write, memo)?;
    match decide(&gathered.facts, &gathered.policy) {
        Ok(outcome) => Ok(Weighed { gathered, outcome }),
        Err(CaUnavailable(error)) => Err(error.into()),
    }
}
