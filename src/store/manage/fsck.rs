//! Verifying a whole store: every seal, every link, every derived row, every count. Slow by nature
//! (linear in the store); lookups do not need it, since they prove what they answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::store::tx::Store;
use crate::store::tx::Tx;
use crate::store::tx::endpoints::{certs, index_rows};
use crate::store::tx::keyspace::{
    self, BLOCKS, CERTS, END, ENDPOINTS, KEYS, LOG, META, PENDING, PINS, REFERENCES, REFUSALS, SHARES, TRUST,
};
use crate::store::tx::log::{event_certs, share_row};
use crate::store::tx::meta::{Counts, MAX_NUMBER};
use crate::store::tx::record::{Block, Event};
use crate::store::tx::refusals::refusal_rows;
use crate::text::{count, one_line};

/// What is derived from other rows.
const DERIVED: [&[u8]; 4] = [KEYS, REFERENCES, PINS, SHARES];
/// At most so many problems are listed; more are only counted.
const MAX_PROBLEMS: usize = 1000;
/// Characters of one problem.
const MAX_PROBLEM: usize = 300;

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows looked at, by sort.
    pub counts: Counts,
    /// One line for each thing found wrong, fit to show; empty for a sound store. A thousand at most.
    pub problems: Vec<String>,
    /// Derived rows (indexes) that were rebuilt, where that was asked for.
    pub repaired: u64,
    /// Nothing was rebuilt although that was asked for: rows that carry trust are missing or damaged.
    pub refused: bool,
}

impl Report {
    /// As JSON, `tofu-verify-report`; the keys are in docs/json-reports.md.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "tofu-verify-report",
            "version": 1,
            "sound": self.problems.is_empty(),
            "problems": self.problems,
            "rows": self.counts.to_json(),
        })
    }

    fn problem(&mut self, what: impl AsRef<str>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(one_line(what.as_ref(), MAX_PROBLEM));
        }
    }

    /// What is wrong with a row. Whose reader knows which store it is about.
    fn bad_row(&mut self, error: StoreError) {
        match error {
            StoreError::Damaged { what, .. } => self.problem(what),
            other => self.problem(other.to_string()),
        }
    }
}

impl Store {
    /// Verifies everything. What is damaged is listed, not returned as an error; an error means that
    /// the store could not be read at all.
    pub fn verify(&self) -> Result<Report, StoreError> {
        let mut report = match self.read(|tx| -> Result<Report, StoreError> { verify(tx) }) {
            // Where the rows cannot be walked to the end, what lies below them may say why.
            Err(error @ StoreError::Damaged { .. }) => {
                let mut report = Report::default();
                report.bad_row(error);
                report
            }
            read => read?,
        };
        // SQLite puts several lines into one.
        for found in self.engine().verify()? {
            found.lines().filter(|line| !line.trim().is_empty()).for_each(|line| report.problem(line));
        }
        for below in self.layers() {
            for line in below.verify()?.problems {
                report.problem(format!("{}: {line}", below.name()));
            }
        }
        Ok(report)
    }

    /// Rebuilds what is derived from other rows (the indexes of keys and certificates, the counts).
    /// Rows that carry trust are never changed by this, and where any of them is missing or damaged nothing is: what is
    /// derived is then the only trace of it. Returns what it found before.
    pub fn rebuild_indexes(&self) -> Result<Report, StoreError> {
        self.write(|tx| -> Result<Report, StoreError> {
            let mut report = verify(tx)?;
            if !trust_is_whole(tx)? {
                report.refused = true;
                return Ok(report);
            }
            let wanted = wanted_rows(tx)?;
            let mut sound = BTreeSet::new();
            let mut surplus = Vec::new();
            for prefix in DERIVED {
                tx.each(prefix, prefix, |key, value| {
                    if !wanted.contains(&key) {
                        surplus.push(key);
                    } else if tx.open(&key, &value).is_ok() {
                        sound.insert(key);
                    }
                    Ok(true)
                })?;
            }
            let missing: Vec<_> = wanted.difference(&sound).cloned().collect();
            let repaired = surplus.len().saturating_add(missing.len());
            report.repaired = u64::try_from(repaired).unwrap_or(u64::MAX);
            surplus.into_iter().for_each(|key| tx.delete_row(key));
            missing.into_iter().for_each(|key| tx.put_row(key, &[]));
            if tx.meta.refusals.is_some() {
                report.repaired = report.repaired.saturating_add(tx.remake_refusals()?);
            }
            tx.meta.counts = report.counts;
            Ok(report)
        })
    }
}

/// Whether every row that carries trust is there and can be read.
fn trust_is_whole(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let (mut whole, mut before) = (true, Vec::new());
    tx.each(TRUST, TRUST, |key, value| {
        let read = |body: &[u8]| match key.as_slice() {
            k if k.starts_with(ENDPOINTS) => {
                tx.endpoint_of_key(k).and_then(|endpoint| tx.decode_endpoint(k, body, endpoint)).is_ok()
            }
            k if k.starts_with(BLOCKS) => tx.decode::<Block>(k, body).is_ok(),
            k if k.starts_with(REFUSALS) => keyspace::parse_refusal(k).is_some(),
            k => k == END,
        };
        whole = tx.open(&key, &value).is_ok_and(|row| row.previous == before.as_slice() && read(row.body));
        before = key;
        Ok(whole)
    })?;
    Ok(whole && before == END)
}

/// The derived rows that the other rows call for.
fn wanted_rows(tx: &Tx<'_>) -> Result<BTreeSet<Vec<u8>>, StoreError> {
    let mut wanted = BTreeSet::new();
    tx.each(ENDPOINTS, ENDPOINTS, |key, value| {
        let endpoint = tx.endpoint_of_key(&key)?;
        let record = tx.decode_endpoint(&key, tx.open(&key, &value)?.body, endpoint)?;
        wanted.extend(index_rows(&record, &key));
        wanted.extend(certs(&record).into_iter().map(|c| keyspace::reference(c, &key)));
        Ok(true)
    })?;
    tx.each(BLOCKS, BLOCKS, |key, value| {
        let block: Block = tx.decode(&key, tx.open(&key, &value)?.body)?;
        wanted.insert(keyspace::pin(block.id, &key));
        Ok(true)
    })?;
    tx.each(PENDING, PENDING, |key, value| {
        let pending = tx.decode_pending(&key, tx.open(&key, &value)?.body)?;
        wanted.extend(pending.chain.iter().map(|c| keyspace::reference(*c, &key)));
        Ok(true)
    })?;
    tx.each(LOG, LOG, |key, value| {
        let event: Event = tx.decode(&key, tx.open(&key, &value)?.body)?;
        wanted.extend(event_certs(&event).into_iter().map(|c| keyspace::reference(c, &key)));
        wanted.extend(share_row(&event));
        Ok(true)
    })?;
    Ok(wanted)
}

fn verify(tx: &Tx<'_>) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let mut wanted = BTreeSet::new();
    let mut ended = false;
    let mut before = Vec::new();
    tx.each(TRUST, TRUST, |key, value| {
        ended = key == END;
        match tx.open(&key, &value) {
            Ok(opened) => {
                if opened.previous != before.as_slice() {
                    report.problem(format!("{} is gone", keyspace::describe(opened.previous)));
                }
                check_trust_row(tx, &key, opened.body, &mut report, &mut wanted);
            }
            Err(e) => report.bad_row(e),
        }
        before = key;
        Ok(true)
    })?;
    if !ended {
        report.problem("the end mark is gone");
    }
    check_others(tx, &mut report, &mut wanted)?;
    check_derived(tx, &mut report, &wanted)?;
    for (noun, next) in tx.meta.numbers() {
        if next > MAX_NUMBER {
            report.problem(format!("the meta row counts {next} as the next {noun}, which cannot be"));
        }
    }
    for ((noun, counted), (_, there)) in tx.meta.counts.words().into_iter().zip(report.counts.words()) {
        if counted != there {
            report.problem(format!("the meta row counts {} where there are {there}", count(counted, noun)));
        }
    }
    Ok(report)
}

fn check_trust_row(tx: &Tx<'_>, key: &[u8], body: &[u8], report: &mut Report, wanted: &mut BTreeSet<Vec<u8>>) {
    if key.starts_with(ENDPOINTS) {
        report.counts.endpoints = report.counts.endpoints.saturating_add(1);
        let read = tx.endpoint_of_key(key).and_then(|e| tx.decode_endpoint(key, body, e));
        match read {
            Ok(record) => {
                wanted.extend(index_rows(&record, key));
                wanted.extend(certs(&record).into_iter().map(|c| keyspace::reference(c, key)));
                if tx.meta.refusals.is_some() {
                    wanted.extend(refusal_rows(&record));
                }
                if record.generation > tx.meta.generation {
                    report.problem(format!("{} is newer than the store", keyspace::describe(key)));
                }
            }
            Err(e) => report.bad_row(e),
        }
    } else if key.starts_with(BLOCKS) {
        report.counts.blocks = report.counts.blocks.saturating_add(1);
        match tx.decode::<Block>(key, body) {
            Ok(block) if keyspace::block(block.kind, block.value) == key => {
                wanted.insert(keyspace::pin(block.id, key));
            }
            Ok(_) => report.problem(format!("{} stands under a wrong key", keyspace::describe(key))),
            Err(e) => report.bad_row(e),
        }
    } else if key != END && !key.starts_with(REFUSALS) {
        report.problem("a row that carries trust has an unknown key");
    }
}

/// Certificates, pending questions, events, and rows that belong nowhere.
fn check_others(tx: &Tx<'_>, report: &mut Report, wanted: &mut BTreeSet<Vec<u8>>) -> Result<(), StoreError> {
    tx.each(&[], &[], |key, value| {
        if key.starts_with(TRUST) || key == META {
            return Ok(true);
        }
        let body = match tx.open(&key, &value) {
            Ok(opened) => opened.body,
            Err(e) => {
                report.bad_row(e);
                return Ok(true);
            }
        };
        if key.starts_with(CERTS) {
            report.counts.certs = report.counts.certs.saturating_add(1);
            if keyspace::cert(Hash::of(body)) != key {
                report.problem(format!("{} is another certificate", keyspace::describe(&key)));
            }
        } else if key.starts_with(PENDING) {
            report.counts.pending = report.counts.pending.saturating_add(1);
            match tx.decode_pending(&key, body) {
                Ok(pending) => wanted.extend(pending.chain.iter().map(|c| keyspace::reference(*c, &key))),
                Err(e) => report.bad_row(e),
            }
        } else if key.starts_with(LOG) {
            report.counts.events = report.counts.events.saturating_add(1);
            match tx.decode::<Event>(&key, body) {
                Ok(event) if keyspace::event(event.id) == key && event.id < tx.meta.next_event => {
                    wanted.extend(event_certs(&event).into_iter().map(|c| keyspace::reference(c, &key)));
                    wanted.extend(share_row(&event));
                }
                Ok(_) => report.problem(format!("{} has a wrong number", keyspace::describe(&key))),
                Err(e) => report.bad_row(e),
            }
        } else if !DERIVED.iter().any(|prefix| key.starts_with(prefix)) {
            report.problem("a row has an unknown key");
        }
        Ok(true)
    })
}

/// The derived rows are those that the others call for, no more and no less.
fn check_derived(tx: &Tx<'_>, report: &mut Report, wanted: &BTreeSet<Vec<u8>>) -> Result<(), StoreError> {
    let mut there = BTreeSet::new();
    for prefix in DERIVED.into_iter().chain([REFUSALS]) {
        tx.each(prefix, prefix, |key, _| {
            there.insert(key);
            Ok(true)
        })?;
    }
    let refusals = there.iter().filter(|key| key.starts_with(REFUSALS)).count();
    if tx.meta.refusals.is_some_and(|counted| u64::try_from(refusals) != Ok(counted)) {
        report.problem("the meta row counts another number of refusals than there are");
    }
    // Events from before there was an index of them have no row in it.
    for missing in wanted.difference(&there).filter(|key| !key.starts_with(SHARES)) {
        report.problem(format!("{} is missing", keyspace::describe(missing)));
    }
    for surplus in there.difference(wanted) {
        report.problem(format!("{} is about nothing", keyspace::describe(surplus)));
    }
    for reference in wanted.iter().filter(|key| key.starts_with(REFERENCES)) {
        let fingerprint = reference.get(1..33).and_then(|f| f.try_into().ok()).map(Hash::from_bytes);
        if let Some(fingerprint) = fingerprint {
            if tx.get(&keyspace::cert(fingerprint))?.is_none() {
                report.problem(format!("certificate {} is missing", fingerprint.hex()));
            }
        }
    }
    Ok(())
}
