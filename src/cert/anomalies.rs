//! Everything odd about a certificate that did not stop it from being read: codes, places and
//! facts. The parts note what they meet while decoding; here are the rules about the whole.

use super::algorithm::Algorithm;
use super::der::{self, Tlv};
use super::notes::Notes;
use super::outline::{Date, Outline};
use super::{Cert, Published, oid, strict, strings};

/// Collects the anomalies of `cert`.
pub(super) fn collect(cert: &Cert) -> Vec<super::Anomaly> {
    let (all, outline) = (cert.der(), &cert.inner.outline);
    let mut notes = Notes::default();
    structure(all, outline, &mut notes);
    unique_ids(all, outline, &mut notes);
    version(cert, &mut notes);
    serial(outline.serial.body(all), &mut notes);
    signature(cert, &mut notes);
    dates(all, outline, &mut notes);
    notes.append(cert.names_noted());
    if cert.issuer().is_empty() {
        notes.add("name-empty", "issuer");
    }
    notes.append(cert.key_noted());
    notes.append(&cert.extensions_read().anomalies);
    strict::read(all.get(..outline.end).unwrap_or(all), &mut notes);
    // If another reader refuses the certificate for a reason that has no name here, the certificate
    // must not pass for clean.
    if let (true, Err(error)) = (notes.is_empty(), x509_parser::parse_x509_certificate(all)) {
        notes.found("not-strictly-readable", "certificate", &error.to_string());
    }
    if let Some(published) = Published::of(cert.spki()) {
        notes.found("published-private-key", "key", published.package);
    }
    notes.into_vec()
}

fn structure(all: &[u8], outline: &Outline, notes: &mut Notes) {
    let left = all.len().saturating_sub(outline.end);
    if left > 0 {
        notes.found("trailing-bytes", "certificate", &left.to_string());
    }
    if let Some(at) = outline.after_signature {
        notes.found("stray-data", "certificate", &format!("byte {at}"));
    }
    if let Some(at) = outline.stray {
        notes.found("stray-data", "to-be-signed part", &format!("byte {at}"));
    }
}

fn version(cert: &Cert, notes: &mut Notes) {
    let outline = &cert.inner.outline;
    let number = cert.version();
    match number {
        3 => {}
        1 | 2 => notes.found("version-old", "version", &number.to_string()),
        0 => notes.add("version-unreadable", "version"),
        other => notes.found("version-unknown", "version", &other.to_string()),
    }
    if number == 1 && outline.version.is_some() {
        notes.add("version-default-written", "version");
    }
    if number < 3 && outline.extensions.is_some() {
        notes.found("version-without-extensions", "extensions", &number.to_string());
    }
}

/// issuerUniqueID or subjectUniqueID, which are between the key and the extensions. New
/// certificates should not have them (RFC 5280, section 4.1.2.8).
fn unique_ids(all: &[u8], outline: &Outline, notes: &mut Notes) {
    let mut fields = outline.tbs.inside(all);
    while let Ok(Some(field)) = fields.next() {
        if matches!(field.tag & !der::CONSTRUCTED, 0x81 | 0x82) {
            notes.add("unique-identifier", "to-be-signed part");
        }
    }
}

/// RFC 5280, section 4.1.2.2.
fn serial(body: &[u8], notes: &mut Notes) {
    const PLACE: &str = "serial number";
    match body.first() {
        None => return notes.add("serial-empty", PLACE),
        Some(first) if first & 0x80 != 0 => notes.add("serial-negative", PLACE),
        _ if body.iter().all(|b| *b == 0) => notes.add("serial-zero", PLACE),
        _ => {}
    }
    if body.len() > 20 {
        notes.found("serial-long", PLACE, &body.len().to_string());
    }
}

fn signature(cert: &Cert, notes: &mut Notes) {
    let (all, outline) = (cert.der(), &cert.inner.outline);
    let algorithm: &Algorithm = cert.algorithm_read();
    const PLACE: &str = "signature algorithm";
    let contents = |tlv: Tlv| tlv.body(all);
    if contents(outline.inner_algorithm) != contents(outline.outer_algorithm) {
        let inner = super::algorithm::read(all, outline.inner_algorithm).facts.name;
        notes.found("signature-algorithms-differ", PLACE, &inner);
    }
    if !algorithm.known {
        notes.found("signature-algorithm-unknown", PLACE, &algorithm.facts.name);
    }
    if !algorithm.parameters_fit {
        notes.found("signature-parameters", PLACE, &algorithm.facts.name);
    }
    let (leading, _) = oid::leading(outline.outer_algorithm.inside(all), all);
    if leading.is_empty() || leading.starts_with("oid:") {
        notes.add("signature-algorithm-unreadable", PLACE);
    }
    match &*outline.signature.string(all) {
        [] | [_] => notes.add("signature-empty", "signature"),
        [0, ..] => {}
        [unused, ..] => notes.found("signature-unused-bits", "signature", &unused.to_string()),
    }
}

fn dates(all: &[u8], outline: &Outline, notes: &mut Notes) {
    let places = [("not before", &outline.not_before), ("not after", &outline.not_after)];
    for (place, date) in places {
        let raw = raw_date(all, date);
        match date.read.at {
            None => notes.found("date-unreadable", place, &raw),
            Some(_) if date.read.odd => notes.found("date-form", place, &raw),
            Some(_) => {}
        }
    }
    if let (Some(from), Some(to)) = (outline.not_before.read.at, outline.not_after.read.at) {
        if from > to {
            notes.add("dates-reversed", "validity");
        }
    }
}

/// A date as it is written in the certificate; escape before showing.
pub(super) fn raw_date(all: &[u8], date: &Date) -> String {
    strings::latin1(date.tlv.body(all))
}
