//! What other programs and other stores know, taken in by one rule: never touch an endpoint that
//! already has pins or a baseline, never lift a block, never loosen a policy, never believe a
//! foreign time. A dry run unless it is to be committed; one undoable batch.

mod cert_override;
mod export;
mod fingerprint;
mod json;
mod known_hosts;
mod pem;

use std::collections::BTreeMap;

pub use export::{Export, ExportFormat};
use serde_json::{Value, json};

use super::error::StoreError;
use super::keyspace;
use super::manage::{event, everywhere_event, import_event};
use super::record::{Block, EndpointRecord, Pin, PinKind, PinState, PinValue, Severity, Validated};
use super::tx::Tx;
use super::{Origin, Store};
use crate::cert::Cert;
use crate::endpoint::Endpoint;
use crate::hash::Hash;
use crate::text::{count, escape};
use crate::time::Timestamp;

/// The most that is read at once, in bytes.
pub const MAX_IMPORT: usize = 256 * 1024 * 1024;
/// At most so many remarks are listed.
const MAX_REMARKS: usize = 10_000;

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// What [`Store::export_json`] writes.
    Json,
    /// GnuTLS' `known_hosts`.
    KnownHosts,
    /// Mozilla's `cert_override.txt`.
    CertOverride,
    /// Lines of `HOST[:PORT] FINGERPRINT` or the settings of msmtp, OfflineIMAP and fetchmail. Where an
    /// endpoint is given, also fingerprints alone.
    Fingerprints,
    /// Certificates in PEM, as NeoMutt's `certificate_file` and isync's `CertificateFile`, for the endpoint
    /// that has to be given.
    Pem,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Endpoints taken.
    pub endpoints: u64,
    /// Pins taken.
    pub pins: u64,
    /// Keys and certificates newly refused everywhere.
    pub blocks: u64,
    /// Endpoints that are here already with the same pins.
    pub same: u64,
    /// Endpoints that are here already and were left as they are.
    pub conflicts: Vec<Endpoint>,
    /// What was not taken and why, one line each, with the line number where there is one.
    pub remarks: Vec<String>,
    /// Whether it was committed.
    pub committed: bool,
}

impl ImportReport {
    /// As JSON, `tofu-import-report`; the keys are in docs/json-reports.md.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "tofu-import-report",
            "version": 1,
            "committed": self.committed,
            "endpoints": self.endpoints,
            "pins": self.pins,
            "blocks": self.blocks,
            "same": self.same,
            "conflicts": self.conflicts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "remarks": self.remarks.iter().map(|r| escape(r)).collect::<Vec<_>>(),
        })
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(remark);
        }
    }
}

/// What a reader of a format found.
#[derive(Debug, Default)]
struct Found {
    endpoints: BTreeMap<Endpoint, FoundEndpoint>,
    blocks: Vec<Block>,
    certs: Vec<Vec<u8>>,
    remarks: Vec<String>,
}

#[derive(Debug, Default)]
struct FoundEndpoint {
    pins: Vec<Pin>,
    validated: Option<Validated>,
}

impl Found {
    fn remark(&mut self, line: usize, what: &str) {
        self.remarks.push(format!("line {line}: {what}"));
    }

    /// A pin of which the certificate is at hand.
    fn pin_cert(&mut self, endpoint: Endpoint, kind: PinKind, cert: &Cert, comment: String) {
        let fingerprint = cert.fingerprint();
        self.pin(endpoint.clone(), kind, fingerprint, 0, comment);
        self.certs.push(cert.der().to_vec());
        let pins = self.endpoints.get_mut(&endpoint).map(|e| e.pins.as_mut_slice()).unwrap_or_default();
        pins.iter_mut().filter(|p| p.value == PinValue::Sha256(fingerprint)).for_each(|p| p.cert = Some(fingerprint));
    }

    /// A pin as other programs know them: one hash, trusted.
    fn pin(&mut self, endpoint: Endpoint, kind: PinKind, value: Hash, expires: Timestamp, comment: String) {
        let value = PinValue::Sha256(value);
        let pins = &mut self.endpoints.entry(endpoint).or_default().pins;
        if pins.iter().any(|p| p.kind == kind && p.value == value) {
            return;
        }
        pins.push(Pin {
            id: 0,
            kind,
            value,
            state: PinState::Trusted,
            waiver: None,
            waive_expired_until: 0,
            origin: Origin::Imported,
            comment,
            created: 0,
            state_since: 0,
            last_matched: 0,
            expires,
            overlap_until: 0,
            replaces: 0,
            cert: None,
            until_ca_valid: false,
            pinned_only: false,
            extra: serde_json::Map::new(),
        });
    }
}

/// How a dry run ends its transaction.
enum Ended {
    Dry(ImportReport),
    Failed(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Store {
    /// Imports, or says what it would do. Lines that cannot be read are remarks, not errors.
    pub fn import(
        &self,
        format: ImportFormat,
        data: &[u8],
        commit: bool,
        now: Timestamp,
    ) -> Result<ImportReport, StoreError> {
        self.import_for(format, data, None, commit, now)
    }

    /// [`Store::import`] of a file that does not say itself which server it is about.
    pub fn import_for(
        &self,
        format: ImportFormat,
        data: &[u8],
        endpoint: Option<&Endpoint>,
        commit: bool,
        now: Timestamp,
    ) -> Result<ImportReport, StoreError> {
        if data.len() > MAX_IMPORT {
            let what = format!("an import holds at most {MAX_IMPORT} bytes");
            return Err(StoreError::Limit { store: self.name(), what });
        }
        let found = match format {
            ImportFormat::Json => json::read(data)?,
            ImportFormat::KnownHosts => known_hosts::read(data, now),
            ImportFormat::CertOverride => cert_override::read(data),
            ImportFormat::Fingerprints => fingerprint::read(data, endpoint),
            ImportFormat::Pem => match endpoint {
                Some(endpoint) => pem::read(data, endpoint)?,
                None => {
                    let what = "import: certificates in PEM do not say which server they are for; give it".to_owned();
                    return Err(StoreError::Invalid { what });
                }
            },
        };
        let ended = self.write(|tx| -> Result<ImportReport, Ended> {
            let mut report = take(tx, &found, now)?;
            report.committed = commit;
            if commit { Ok(report) } else { Err(Ended::Dry(report)) }
        });
        match ended {
            Ok(report) | Err(Ended::Dry(report)) => Ok(report),
            Err(Ended::Failed(error)) => Err(error),
        }
    }
}

fn take(tx: &mut Tx<'_>, found: &Found, now: Timestamp) -> Result<ImportReport, StoreError> {
    let mut report = ImportReport::default();
    found.remarks.iter().for_each(|r| report.remark(r.clone()));
    for der in &found.certs {
        tx.put_cert_der(Hash::of(der), der)?;
    }
    for block in &found.blocks {
        if tx.own_blocked(block.kind, &[block.value])?.is_empty() {
            let id = tx.new_pin_id()?;
            tx.put_block(Block { id, created: now, ..block.clone() })?;
            tx.log(everywhere_event("blocked-everywhere", block.kind, block.value, now))?;
            report.blocks = report.blocks.saturating_add(1);
        }
    }
    // The events of an import must not push all others out of the log, nor itself out of it.
    let bound = tx.store.log_bounds().0.checked_div(2).unwrap_or(0);
    let undoable = u64::try_from(found.endpoints.len()).unwrap_or(u64::MAX) <= bound;
    let batch = undoable.then_some(tx.meta.next_event);
    for (endpoint, known) in &found.endpoints {
        take_endpoint(tx, endpoint, known, batch, now, &mut report)?;
    }
    if !undoable {
        report.remark(format!("more than {bound} endpoints at once: this import cannot be undone"));
        let text = format!("imported {} with {}", count(report.endpoints, "endpoint"), count(report.pins, "pin"));
        tx.log(event(None, "imported", Severity::Notice, now, text))?;
    }
    Ok(report)
}

fn take_endpoint(
    tx: &mut Tx<'_>,
    endpoint: &Endpoint,
    found: &FoundEndpoint,
    batch: Option<u64>,
    now: Timestamp,
    report: &mut ImportReport,
) -> Result<(), StoreError> {
    let place = tx.place_of(endpoint)?;
    let before = place.before.clone();
    if let Some(there) = before.as_ref().filter(|r| r.is_known()) {
        let has =
            |pin: &Pin| there.pins.iter().any(|p| p.kind == pin.kind && p.value == pin.value && p.state == pin.state);
        if found.pins.iter().all(has) {
            report.same = report.same.saturating_add(1);
        } else {
            report.conflicts.push(endpoint.clone());
        }
        return Ok(());
    }
    let mut record = before.clone().unwrap_or_else(|| EndpointRecord::new(endpoint.clone(), now));
    for pin in &found.pins {
        if let (PinValue::Sha256(value), PinState::Trusted | PinState::Staged) = (&pin.value, pin.state) {
            if !tx.blocked(pin.kind, &[*value])?.is_empty() {
                report.remark(format!("{endpoint}: {} is blocked everywhere and was not taken", value.hex()));
                continue;
            }
        }
        let id = tx.new_pin_id()?;
        // An overlap is a foreign time, and what a staged pin replaces has another number here.
        let mut pin = Pin {
            id,
            origin: Origin::Imported,
            created: now,
            state_since: now,
            last_matched: 0,
            overlap_until: 0,
            replaces: 0,
            pinned_only: pin.is_only(),
            ..pin.clone()
        };
        if let Some(cert) = pin.cert {
            // A certificate that did not come along is no loss to the pin.
            pin.cert = tx.get(&keyspace::cert(cert))?.map(|_| cert);
        }
        record.pins.push(pin);
    }
    if let Some(validated) = &found.validated {
        // That it was once valid makes later decisions stricter; foreign keys and times do not count.
        let anchors = validated.anchors.clone();
        record.validated = Some(Validated { first: now, last: now, ca: validated.ca, keys: Vec::new(), anchors });
    }
    if record.pins.is_empty() && record.validated.is_none() {
        return Ok(());
    }
    report.pins = report.pins.saturating_add(u64::try_from(record.pins.len()).unwrap_or(0));
    report.endpoints = report.endpoints.saturating_add(1);
    let event = batch.map(|batch| import_event(&record, batch, now));
    tx.put_endpoint_at(place, record)?;
    event.map_or(Ok(()), |event| tx.log_undoable(event, before.as_ref()).map(|_| ()))
}
