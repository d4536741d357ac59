//! What other programs and other stores know, taken in by one rule: never touch the trust of an endpoint
//! that already has pins or a baseline (what the file refuses is taken there too), never lift a block, never
//! loosen a policy, never believe a foreign time. A dry run unless it is to be committed; one undoable batch.

use serde_json::{Value, json};

use super::formats::{cert_override, fingerprint, known_hosts, pem};
use super::found::{Found, FoundEndpoint, Remarks, Scope};
use super::merge::ForeignWaiver;
use super::{merge, refusals};
use crate::cert::Cert;
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::store::manage::{everywhere_event, import_event};
use crate::store::tx::Tx;
use crate::store::tx::bounds::MAX_PINS;
use crate::store::tx::endpoints::Place;
use crate::store::tx::log::event;
use crate::store::tx::record::{Block, EndpointRecord, Pin, PinState, PinValue, Severity, Validated};
use crate::store::tx::{Origin, Store};
use crate::text::count;
use crate::time::Timestamp;

/// The most that is read at once, in bytes.
pub const MAX_IMPORT: usize = 256 * 1024 * 1024;
/// A dry run looks at so many endpoints in one view of the store: a reader that stays keeps writers out.
const STEP: usize = 512;
/// An import that cannot be undone is committed by so many endpoints at a time.
const PIECE: usize = 10_000;
/// A file of more lines than this is read in several parts.
const PART: usize = 125_000;
/// What programs of one system write at the beginning of a text in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// What [`Store::export_json`] writes.
    Json,
    /// GnuTLS' `known_hosts`.
    KnownHosts,
    /// Mozilla's `cert_override.txt`.
    CertOverride,
    /// Lines of `HOST[:PORT] FINGERPRINT` or the settings of a program, which is told by the file as a whole:
    /// msmtp, mpop, OfflineIMAP, fetchmail, mbsync, getmail, Mercurial, Subversion, WeeChat, irssi, Postfix, curl,
    /// Lagrange. Where an endpoint is given, also fingerprints alone.
    Fingerprints,
    /// Certificates in PEM, as NeoMutt's `certificate_file` and isync's `CertificateFile`, for the endpoint
    /// that has to be given; or one in DER.
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
    /// Pins newly blocked or marked as compromised at endpoints that are here already.
    pub refused: u64,
    /// Endpoints that are here already and of which the file says something else that was not taken.
    pub conflicts: Vec<Endpoint>,
    /// What was not taken and why, one line each, with the line number where there is one. Fit to show:
    /// what others wrote is escaped.
    pub remarks: Vec<String>,
    /// What the file was taken for, in words: `the settings of Mercurial`.
    pub read_as: &'static str,
    /// Whether it was committed.
    pub committed: bool,
}

/// What a file without any sign is taken for.
pub(super) const UNRECOGNISED: &str = "lines of a host and a fingerprint";

/// What can be imported, for the message about a file in which nothing was understood.
pub const IMPORTABLE: &str = "an export of tofuctl; GnuTLS' known_hosts; Mozilla's cert_override.txt; certificates (with \
     the server that they are for); lines of HOST[:PORT] FINGERPRINT; the settings of msmtp, mpop, OfflineIMAP, \
     fetchmail, mbsync, getmail, Mercurial, WeeChat, irssi, Postfix (TLS policy) and curl; Subversion's \
     auth/svn.ssl.server; Lagrange's trusted.2.txt";

impl ImportReport {
    /// Whether the file gave nothing that was taken, is known here already, or was left in favour of what is known.
    pub fn is_empty(&self) -> bool {
        self.endpoints == 0 && self.blocks == 0 && self.refused == 0 && self.same == 0 && self.conflicts.is_empty()
    }

    /// Whether the file is of a known kind, so that its remarks are about what it is.
    pub fn is_recognised(&self) -> bool {
        self.read_as != UNRECOGNISED
    }

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
            "refused": self.refused,
            "conflicts": self.conflicts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "remarks": self.remarks,
            "read_as": self.read_as,
        })
    }
}

impl Store {
    /// Imports a file, or says what that would do. Lines that cannot be read are remarks, not errors. The account and the
    /// endpoint count where the file does not name its own; `may_waive` says what a pin of another store may waive.
    pub(crate) fn take_file(
        &self,
        format: ImportFormat,
        data: &[u8],
        (account, endpoint): (&Account, Option<&Endpoint>),
        may_waive: ForeignWaiver,
        (commit, now): (bool, Timestamp),
    ) -> Result<ImportReport, StoreError> {
        if data.len() > MAX_IMPORT {
            let what = format!("an import holds at most {MAX_IMPORT} bytes");
            return Err(StoreError::Limit { store: self.name(), what });
        }
        if data.starts_with(b"\xFF\xFE") || data.starts_with(b"\xFE\xFF") {
            let what = "import: UTF-16 text, as some programs of Windows write it; save it as UTF-8".to_owned();
            return Err(StoreError::Invalid { what });
        }
        let data = data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data);
        // Whatever it is taken for, a certificate has no lines.
        let format = if Cert::parse_der(data).is_ok() { ImportFormat::Pem } else { format };
        let parts = match format {
            ImportFormat::Json | ImportFormat::Pem => 1,
            _ => parts_of(data),
        };
        let mut scope = Some(Scope::new(account, parts));
        let (mut report, mut remarks) = (ImportReport::default(), Remarks::default());
        while let Some(part) = scope {
            // Nothing is held of the store while the file is read.
            let mut found = match format {
                ImportFormat::Json => merge::read(data, may_waive)?,
                ImportFormat::KnownHosts => known_hosts::read(data, &part, now),
                ImportFormat::CertOverride => cert_override::read(data, &part),
                ImportFormat::Fingerprints => fingerprint::read(data, &part, endpoint, now),
                ImportFormat::Pem => match endpoint {
                    Some(endpoint) => pem::read(data, endpoint)?,
                    None => return Err(StoreError::Invalid { what: pem::without_host(data) }),
                },
            };
            report.read_as = match format {
                ImportFormat::Json => "an export of a store",
                ImportFormat::KnownHosts => "GnuTLS' known_hosts",
                ImportFormat::CertOverride => "Mozilla's cert_override.txt",
                ImportFormat::Pem => "certificates",
                ImportFormat::Fingerprints => found.read_as,
            };
            remarks.append(std::mem::take(&mut found.remarks));
            let at_once = part.is_whole() && found.endpoints.len() <= self.undo_bound();
            match (commit, at_once) {
                (true, true) => {
                    let all: Vec<_> = found.endpoints.iter().collect();
                    let blocks: Vec<_> = found.blocks.values().collect();
                    let done = self.write(|tx| take(tx, &found, &all, &blocks, true, now))?;
                    add(&mut report, &mut remarks, done);
                }
                (true, false) => self.take_by_pieces(&found, now, (&mut report, &mut remarks))?,
                (false, _) => self.rehearse(&found, now, (&mut report, &mut remarks))?,
            }
            scope = part.next(found.endpoints.len());
            if scope.is_none() && !at_once {
                let bound = self.undo_bound();
                remarks.add(|| {
                    format!(
                        "more than {bound} endpoints at once: an import is then taken in parts and cannot be undone"
                    )
                });
            }
        }
        report.remarks = remarks.list();
        report.committed = commit;
        Ok(report)
    }

    /// The most endpoints of an import that can be undone: its events must not push all others out of the log, nor
    /// itself out of it.
    fn undo_bound(&self) -> usize {
        usize::try_from(self.log_bounds().0.checked_div(2).unwrap_or(0)).unwrap_or(usize::MAX)
    }

    /// What a committed import would do. The store is looked at piece by piece, so that others can
    /// write meanwhile.
    fn rehearse(
        &self,
        found: &Found,
        now: Timestamp,
        (report, remarks): (&mut ImportReport, &mut Remarks),
    ) -> Result<(), StoreError> {
        let blocks: Vec<_> = found.blocks.values().collect();
        for blocks in blocks.chunks(STEP) {
            let new = self.read(|tx| -> Result<u64, StoreError> {
                let mut new: u64 = 0;
                for block in blocks {
                    new = new.saturating_add(u64::from(tx.own_blocked(block.kind, &[block.value])?.is_empty()));
                }
                Ok(new)
            })?;
            report.blocks = report.blocks.saturating_add(new);
        }
        let endpoints: Vec<_> = found.endpoints.iter().collect();
        for endpoints in endpoints.chunks(STEP) {
            let done = self.read(|tx| -> Result<_, StoreError> {
                let (mut part, mut said) = (ImportReport::default(), Remarks::default());
                for (endpoint, known) in endpoints {
                    judge(tx, found, (endpoint, known), now, (&mut part, &mut said))?;
                }
                Ok((part, said))
            })?;
            add(report, remarks, done);
        }
        Ok(())
    }

    /// Commits what is too much to be undone, and to be held in memory as one change, in pieces of a bounded size. One
    /// that is cut short can be begun again: what was taken is the same then.
    fn take_by_pieces(
        &self,
        found: &Found,
        now: Timestamp,
        (report, remarks): (&mut ImportReport, &mut Remarks),
    ) -> Result<(), StoreError> {
        let blocks: Vec<&Block> = found.blocks.values().collect();
        for blocks in blocks.chunks(PIECE) {
            let done = self.write(|tx| take(tx, found, &[], blocks, false, now))?;
            add(report, remarks, done);
        }
        let endpoints: Vec<_> = found.endpoints.iter().collect();
        for endpoints in endpoints.chunks(PIECE) {
            let done = self.write(|tx| take(tx, found, endpoints, &[], false, now))?;
            add(report, remarks, done);
        }
        Ok(())
    }
}

/// In how many parts a file of lines is read. A line with a server and a fingerprint is not shorter than the
/// shortest here, and no more servers are taken than so many parts hold, so that the cost stays linear.
fn parts_of(data: &[u8]) -> u64 {
    const SHORTEST: usize = 40;
    const MOST: usize = 8;
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    let could_be = lines.min(data.len() / SHORTEST);
    u64::try_from(could_be.div_ceil(PART).min(MOST)).unwrap_or(1)
}

/// Adds what was done of a part to the whole.
fn add(report: &mut ImportReport, remarks: &mut Remarks, (part, said): (ImportReport, Remarks)) {
    report.endpoints = report.endpoints.saturating_add(part.endpoints);
    report.pins = report.pins.saturating_add(part.pins);
    report.blocks = report.blocks.saturating_add(part.blocks);
    report.same = report.same.saturating_add(part.same);
    report.refused = report.refused.saturating_add(part.refused);
    report.conflicts.extend(part.conflicts);
    remarks.append(said);
}

/// Takes these blocks and endpoints of a file in, with an undoable event for each endpoint or one for all of them.
fn take(
    tx: &mut Tx<'_>,
    found: &Found,
    endpoints: &[(&Endpoint, &FoundEndpoint)],
    blocks: &[&Block],
    undoable: bool,
    now: Timestamp,
) -> Result<(ImportReport, Remarks), StoreError> {
    let (mut report, mut remarks) = (ImportReport::default(), Remarks::default());
    for block in blocks {
        if tx.own_blocked(block.kind, &[block.value])?.is_empty() {
            let mut block = (*block).clone();
            block.id = tx.new_pin_id()?;
            block.created = now;
            let event = everywhere_event("blocked-everywhere", block.kind, block.value, now);
            tx.put_block(block)?;
            tx.log(event)?;
            report.blocks = report.blocks.saturating_add(1);
        }
    }
    let batch = undoable.then_some(tx.meta.next_event);
    for place in endpoints {
        let refused = report.refused;
        let Some((place, mut record)) = judge(tx, found, *place, now, (&mut report, &mut remarks))? else { continue };
        for pin in &mut record.pins {
            if pin.id == 0 {
                pin.id = tx.new_pin_id()?;
            }
            if let Some((fingerprint, der)) = pin.cert.and_then(|cert| found.certs.get_key_value(&cert)) {
                tx.put_cert_der(*fingerprint, der)?;
            }
        }
        let refused = report.refused.saturating_sub(refused);
        let event = batch.map(|batch| import_event(&record, refused, batch, now));
        let before = place.before.clone();
        tx.put_endpoint_at(place, record)?;
        if let Some(event) = event {
            tx.log_undoable(event, before.as_ref())?;
        }
    }
    if !undoable && (report.endpoints > 0 || report.refused > 0) {
        let taken = (count(report.endpoints, "endpoint"), count(report.pins, "pin"));
        let text = format!("imported {} with {}, a part of a larger import", taken.0, taken.1);
        tx.log(event(None, "imported", Severity::Notice, now, text))?;
    }
    Ok((report, remarks))
}

/// What an endpoint becomes by what was found of it, and where that is written; `None` where it stays as
/// it is. The pins have no numbers yet.
fn judge(
    tx: &Tx<'_>,
    file: &Found,
    (endpoint, found): (&Endpoint, &FoundEndpoint),
    now: Timestamp,
    (report, remarks): (&mut ImportReport, &mut Remarks),
) -> Result<Option<(Place, EndpointRecord)>, StoreError> {
    let place = tx.place_of(endpoint)?;
    let beside = counting_beside(tx, endpoint)?;
    let mut record = place.before.clone().unwrap_or_else(|| EndpointRecord::new(endpoint.clone(), now));
    if record.is_known() || !beside.is_empty() {
        let merged = refusals::merge(&mut record, &beside, found, now, remarks);
        report.refused = report.refused.saturating_add(merged.refused);
        match merged.conflict {
            true => report.conflicts.push(endpoint.clone()),
            false if merged.refused == 0 => report.same = report.same.saturating_add(1),
            false => {}
        }
        return Ok((merged.refused > 0).then_some((place, record)));
    }
    if found.surplus > 0 {
        let surplus = count(found.surplus, "pin");
        remarks.add(|| format!("{endpoint}: {surplus} not taken: an endpoint has at most {MAX_PINS}"));
    }
    for pin in &found.pins {
        if let (PinValue::Sha256(value), PinState::Trusted | PinState::Staged) = (&pin.value, pin.state) {
            if is_blocked(tx, file, pin, *value)? {
                remarks.add(|| format!("{endpoint}: {} is blocked everywhere and was not taken", value.hex()));
                continue;
            }
        }
        record.pins.push(taken(pin, now));
    }
    if let Some(validated) = &found.validated {
        // That it was once valid makes later decisions stricter; foreign keys and times do not count.
        record.validated = Some(Validated { first: now, last: now, keys: Vec::new(), ..validated.clone() });
    }
    if record.pins.is_empty() && record.validated.is_none() {
        return Ok(None);
    }
    report.pins = report.pins.saturating_add(u64::try_from(record.pins.len()).unwrap_or(0));
    report.endpoints = report.endpoints.saturating_add(1);
    Ok(Some((place, record)))
}

/// The pins that count for an endpoint without being its own: those for any account, and of the stores below.
fn counting_beside(tx: &Tx<'_>, endpoint: &Endpoint) -> Result<Vec<Pin>, StoreError> {
    let mut pins: Vec<Pin> = tx.layer_pins(endpoint)?.into_iter().map(|found| found.pin).collect();
    if endpoint.account != Account::any() {
        let any = Endpoint { account: Account::any(), ..endpoint.clone() };
        pins.extend(tx.endpoint(&any)?.into_iter().flat_map(|record| record.pins));
    }
    Ok(pins)
}

/// Whether what a pin names is refused everywhere, by the same file too.
fn is_blocked(tx: &Tx<'_>, file: &Found, pin: &Pin, value: Hash) -> Result<bool, StoreError> {
    Ok(file.blocks.contains_key(&(pin.kind, value)) || !tx.blocked(pin.kind, &[value])?.is_empty())
}

/// A pin as it is kept here: an overlap is a foreign time, and what a staged pin replaces has another
/// number here.
pub(super) fn taken(pin: &Pin, now: Timestamp) -> Pin {
    Pin {
        id: 0,
        origin: Origin::Imported,
        created: now,
        state_since: now,
        last_matched: 0,
        overlap_until: 0,
        replaces: 0,
        pinned_only: pin.is_only(),
        ..pin.clone()
    }
}
