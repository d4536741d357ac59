//! A check: gather the facts in one view of the store, decide, and record in the same view what must be
//! recorded. Where somebody else committed in between, all of it is done again, so that a first use is
//! atomic between threads and processes.

use std::cell::RefCell;

use super::cache::{Cache, Grounds};
use super::gather::Memo;
use super::gather::inputs::{Check, CheckError};
use super::gather::session::Session;
use super::gather::weigh::{Weighed, weigh};
use super::record::pending;
use super::record::remember::plan;
use super::record::write::{kept_certs, write_plan};
use super::rules::codes::Decision;
use super::words::verdict::Verdict;
use crate::endpoint::Account;
use crate::store::{Store, StoreError, Tx};

/// Gathers facts, decides, records what must be recorded.
pub fn check(store: &Store, check: &Check<'_>) -> Result<Verdict, CheckError> {
    if check.endpoint.account == Account::any() {
        return Err(CheckError::AnyAccount);
    }
    let (given, cache) = (store.attached::<Session>(), store.attached::<Cache>());
    let session = given.has_pins(check.endpoint);
    if let Some(verdict) = cache.get(store, check).filter(|_| !session) {
        return Ok(deliver(store, check, verdict));
    }
    let (store_id, mut memo) = (store.id()?, Memo::default());
    let silent = check.flags.dry_run || check.flags.unproven;
    let last = RefCell::new(None);
    // One view for both: what changes nothing is not written, and what changed meanwhile is decided anew. What was
    // decided before somebody else's commit, which may have been a block, is forgotten with it.
    let forget = || drop(last.take());
    let done = store.write_over(forget, |tx| {
        let weighed = weigh(store, tx, check, &mut memo)?;
        if silent || nothing_to_write(&weighed, check) {
            let grounds = Grounds::of(check, &weighed, tx.peek()).filter(|_| !session);
            return Ok(Done::Silent(Verdict::new(check, weighed, store_id.clone()), grounds));
        }
        let (verdict, logs) = record(tx, check, weighed, &store_id, &mut last.borrow_mut())?;
        Ok(Done::Recorded { verdict, told: logs })
    });
    if let (true, Ok(done)) = (session && !silent, &done) {
        let (Done::Silent(verdict, _) | Done::Recorded { verdict, .. }) = done;
        if verdict.decision() == Decision::Accept && verdict.facts().ca_valid() {
            given.valid_again(check.endpoint);
        }
    }
    Ok(match done {
        // The listener was told with the commit.
        Ok(Done::Recorded { verdict, told: true }) => verdict,
        Ok(Done::Recorded { verdict, told: false }) => deliver(store, check, verdict),
        Ok(Done::Silent(verdict, grounds)) => {
            if let Some(grounds) = grounds {
                cache.put(check, &verdict, grounds);
            }
            deliver(store, check, verdict)
        }
        Err(CheckError::Store(error)) => match last.take().filter(|verdict| may_stand(verdict, &error)) {
            Some(verdict) => deliver(store, check, verdict.because("not-remembered")),
            None => return Err(error.into()),
        },
        Err(error) => return Err(error),
    })
}

/// What became of a check in its transaction.
enum Done {
    /// Nothing was to be written; the accept may be given again on these grounds.
    Silent(Verdict, Option<Grounds>),
    /// Written, and the listener told of the event that went into the log.
    Recorded { verdict: Verdict, told: bool },
}

fn nothing_to_write(weighed: &Weighed<'_>, check: &Check<'_>) -> bool {
    plan(check.endpoint, weighed).is_empty() && !leaves_pending(weighed, check)
}

fn leaves_pending(weighed: &Weighed<'_>, check: &Check<'_>) -> bool {
    check.flags.leave_pending && weighed.outcome.decision == Decision::Ask
}

/// Writes what a decision leaves behind. The verdict, and whether its event went into the log; `last` keeps the
/// verdict for the case that it cannot be written.
fn record(
    tx: &mut Tx<'_>,
    check: &Check<'_>,
    mut weighed: Weighed<'_>,
    store_id: &str,
    last: &mut Option<Verdict>,
) -> Result<(Verdict, bool), CheckError> {
    let plan = plan(check.endpoint, &weighed);
    let certs = kept_certs(check, &weighed);
    let mut asks = leaves_pending(&weighed, check);
    if asks && !tx.takes_pending(check.endpoint, weighed.gathered.facts.leaf.spki)? {
        asks = false;
        weighed.outcome.because("pending-full");
    }
    let before = weighed.gathered.record.clone();
    let verdict = last.insert(Verdict::new(check, weighed, store_id.to_owned()));
    if asks {
        pending::leave(tx, verdict)?;
    }
    let logs = plan.logs;
    write_plan(tx, check, plan, &certs)?;
    match logs {
        // What was accepted by itself can be taken back; other events change nothing of their own.
        true if verdict.outcome().effects.must_be_durable => tx.log_undoable(verdict.event(), before.as_ref())?,
        true => tx.log(verdict.event())?,
        false => 0,
    };
    Ok((verdict.clone(), logs))
}

/// Whether a decision stands although it could not be recorded: an accept that does not rest on
/// the record, or no accept at all. A damaged store is never looked over.
fn may_stand(verdict: &Verdict, error: &StoreError) -> bool {
    let only_unwritable = matches!(
        error,
        StoreError::ReadOnly { .. }
            | StoreError::Busy { .. }
            | StoreError::Io { .. }
            | StoreError::Limit { .. }
            | StoreError::Backend { .. }
    );
    only_unwritable && !verdict.outcome().effects.must_be_durable
}

fn deliver(store: &Store, check: &Check<'_>, verdict: Verdict) -> Verdict {
    if !check.flags.dry_run && store.has_listener() {
        let mut event = verdict.event();
        event.application = store.application().to_owned();
        store.announce(std::slice::from_ref(&event));
    }
    verdict
}
