//! Backup and restore. A backup is a complete store file, written while the store is in use. A
//! restore puts a backup's content in place of ours in one transaction: other programs see a change
//! like any other, generations only go up, and what is blocked everywhere stays blocked.

use std::path::Path;

use crate::store::error::StoreError;
use crate::store::keyspace::{ENDPOINTS, META};
use crate::store::record::Severity;
use crate::store::tx::Tx;
use crate::store::{Store, StoreOptions};
use crate::time::Timestamp;

impl Store {
    /// Writes a complete copy to `to`, which must not exist. Writers wait meanwhile, readers do not.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.usable()?;
        self.engine().backup(to)
    }

    /// Puts the content of a backup in place of what is here. The backup is verified first.
    pub fn restore(&self, from: &Path, now: Timestamp) -> Result<(), StoreError> {
        let options = StoreOptions {
            path: Some(from.to_owned()),
            read_only: true,
            must_exist: true,
            busy_ms: self.inner.options.busy_ms,
            ..StoreOptions::default()
        };
        let backup = Self::open(&options)?;
        if backup.id()? == self.id()? && backup.name() == self.name() {
            return Err(StoreError::Invalid { what: format!("{} is the store itself", from.display()) });
        }
        let report = backup.verify()?;
        if let Some(problem) = report.problems.first() {
            return Err(StoreError::Damaged { store: from.display().to_string(), what: problem.clone() });
        }
        self.write(|tx| backup.read(|from| replace(tx, from, now)))
    }
}

fn replace(tx: &mut Tx<'_>, from: &Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let blocks = tx.blocks()?;
    let mut surplus = Vec::new();
    tx.each(&[], &[], |key, _| {
        surplus.push(key);
        Ok(true)
    })?;
    surplus.into_iter().filter(|key| key != META).for_each(|key| tx.delete_row(key));
    let generation = tx.next_generation();
    from.each(&[], &[], |key, value| {
        if key == META {
            return Ok(true);
        }
        let opened = from.open(&key, &value)?;
        if key.starts_with(ENDPOINTS) {
            let endpoint = from.endpoint_of_key(&key)?;
            let mut record = from.decode_endpoint(&key, opened.body, endpoint)?;
            record.generation = generation;
            let body = tx.encode(&record)?;
            tx.put_linked(key, opened.previous, &body);
        } else {
            tx.put_linked(key, opened.previous, opened.body);
        }
        Ok(true)
    })?;
    let mut meta = from.meta.clone();
    meta.id.clone_from(&tx.meta.id);
    meta.generation = tx.meta.generation;
    meta.next_pin = meta.next_pin.max(tx.meta.next_pin);
    meta.time_floor = meta.time_floor.max(tx.meta.time_floor);
    meta.blocks_generation = generation;
    meta.policy_generation = generation;
    tx.meta = meta;
    for block in blocks {
        if tx.own_blocked(block.kind, &[block.value])?.is_empty() {
            tx.put_block(block)?;
        }
    }
    let text = "a backup was restored".to_owned();
    tx.log(super::event(None, "restored", Severity::High, now, text)).map(|_| ())
}
