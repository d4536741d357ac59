//! What other programs can be told: trusted pins as GnuTLS' `known_hosts`, as Mozilla's
//! `cert_override.txt`, as PEM, as lines of fingerprints. These know less than a pin says, so what they
//! would widen is left out and named: pins of one account, of names and issuers, what is blocked, and
//! in `known_hosts` pins of one certificate.

use std::collections::{BTreeSet, HashSet};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::formats::cert_override;
use super::services;
use crate::cert::Cert;
use crate::endpoint::{Account, Endpoint, Host};
use crate::hash::Hash;
use crate::store::error::StoreError;
use crate::store::tx::Store;
use crate::store::tx::Tx;
use crate::store::tx::keyspace::{self, ENDPOINTS};
use crate::store::tx::record::{EndpointRecord, Pin, PinKind, PinState, PinValue};
use crate::time::Timestamp;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// GnuTLS' `known_hosts`: key pins.
    KnownHosts,
    /// The certificates that key and certificate pins were made from, each below a line that names its server.
    Pem,
    /// `HOST:PORT FINGERPRINT`: of the certificate, as other programs take it, with colons; of the key, as
    /// `sha256//` and base64, where no certificate is known.
    Fingerprints,
    /// The same with key pins as keys, so that they are read back as they are.
    KeyFingerprints,
    /// Mozilla's `cert_override.txt`: certificates.
    CertOverride,
}

/// A text for other programs, and what it does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// The text.
    pub text: String,
    /// Pins written.
    pub pins: u64,
    /// What was left out and why, one line each, fit to show.
    pub remarks: Vec<String>,
}

impl Export {
    /// What it holds and what not as JSON, `tofu-export-report`; the keys are in docs/json-reports.md.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "tofu-export-report",
            "version": 1,
            "pins": self.pins,
            "remarks": self.remarks,
        })
    }
}

impl Store {
    /// Writes what is trusted now, of one host or of all, for other programs. [`Store::export_json`] is
    /// the export that loses nothing.
    pub fn export(&self, format: ExportFormat, host: Option<&Host>, now: Timestamp) -> Result<Export, StoreError> {
        self.read(|tx| {
            let mut export = Export::default();
            if format == ExportFormat::CertOverride {
                export.text.push_str(cert_override::HEAD);
            }
            let prefix = host.map_or(ENDPOINTS.to_vec(), keyspace::host_prefix);
            let mut server: Vec<EndpointRecord> = Vec::new();
            for (key, body) in tx.trust_rows(&prefix)? {
                let record = tx.decode_endpoint(&key, &body, tx.endpoint_of_key(&key)?)?;
                if server.first().is_some_and(|first| !same_server(&first.endpoint, &record.endpoint)) {
                    add_server(tx, &mut export, format, &server, now)?;
                    server.clear();
                }
                server.push(record);
            }
            add_server(tx, &mut export, format, &server, now)?;
            Ok(export)
        })
    }
}

fn same_server(one: &Endpoint, other: &Endpoint) -> bool {
    one.host == other.host && one.port == other.port
}

/// Adds what all accounts say of one server.
fn add_server(
    tx: &Tx<'_>,
    export: &mut Export,
    format: ExportFormat,
    server: &[EndpointRecord],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut written = BTreeSet::new();
    let mut refused: Option<HashSet<(PinKind, PinValue)>> = None;
    for record in server {
        for pin in record.pins.iter().filter(|pin| pin.state == PinState::Trusted) {
            if refused.is_none() {
                refused = Some(refusals(tx, server)?);
            }
            let seen = Presented::of(tx, record, pin)?;
            let line = match blocked(tx, refused.iter().flatten(), pin, &seen)? {
                Some(why) => Err(why),
                None => line(format, &record.endpoint, pin, &seen, now),
            };
            match line {
                Ok(text) => {
                    export.pins = export.pins.saturating_add(1);
                    // Two pins may come to the same line.
                    if written.insert(text.clone()) {
                        export.text.push_str(&text);
                    }
                }
                Err(why) => export.remarks.push(format!("{}: pin {}: {why}", record.endpoint, pin.id)),
            }
        }
    }
    Ok(())
}

/// What is refused for a server, in this store or one below. Other programs know no accounts, so what
/// any of them refuses counts.
fn refusals(tx: &Tx<'_>, server: &[EndpointRecord]) -> Result<HashSet<(PinKind, PinValue)>, StoreError> {
    let mut refused: HashSet<_> = HashSet::new();
    let mut add = |pin: &Pin| {
        if pin.refuses() {
            refused.insert((pin.kind, pin.value.clone()));
        }
    };
    server.iter().flat_map(|record| &record.pins).for_each(&mut add);
    if let Some(first) = server.first() {
        let endpoint = Endpoint { account: Account::default(), ..first.endpoint.clone() };
        tx.layer_pins(&endpoint)?.iter().for_each(|found| add(&found.pin));
    }
    Ok(refused)
}

/// The keys and certificates that a pin lets in, as far as they are known.
#[derive(Debug, Default)]
struct Presented {
    /// The certificate that the server presents, or that the pin was made from.
    cert: Option<Hash>,
    /// The same, where it is kept.
    kept: Option<Cert>,
    keys: Vec<Hash>,
    certs: Vec<Hash>,
}

impl Presented {
    fn of(tx: &Tx<'_>, record: &EndpointRecord, pin: &Pin) -> Result<Self, StoreError> {
        let PinValue::Sha256(value) = pin.value else { return Ok(Self::default()) };
        let accepted = record.baseline.iter().map(|s| (s.spki, s.cert));
        let seen: Vec<(Hash, Hash)> = accepted.chain(record.observations.iter().map(|o| (o.spki, o.cert))).collect();
        let mut presented = Self::default();
        match pin.kind {
            PinKind::Key => {
                let latest = record.baseline.iter().find(|s| s.spki == value).map(|s| s.cert);
                presented.cert = latest.or(pin.cert);
                presented.keys.push(value);
                presented.certs.extend(seen.iter().filter(|(spki, _)| *spki == value).map(|(_, cert)| *cert));
                presented.certs.extend(pin.cert);
            }
            PinKind::Certificate => {
                presented.cert = Some(value);
                presented.certs.push(value);
                presented.keys.extend(seen.iter().filter(|(_, cert)| *cert == value).map(|(spki, _)| *spki));
            }
            PinKind::Issuer | PinKind::Name => return Ok(presented),
        }
        if let Some(cert) = presented.cert {
            presented.kept = tx.cert(cert)?;
        }
        if presented.kept.is_none() && pin.kind == PinKind::Key {
            if let Some(cert) = pin.cert {
                presented.kept = tx.cert(cert)?;
                presented.cert = presented.kept.as_ref().map(Cert::fingerprint).or(presented.cert);
            }
        }
        presented.keys.extend(presented.kept.as_ref().map(Cert::spki));
        Ok(presented)
    }
}

/// Why a check would reject what a pin trusts, if a block is the reason (rule 2).
fn blocked<'r>(
    tx: &Tx<'_>,
    mut refused: impl Iterator<Item = &'r (PinKind, PinValue)>,
    pin: &Pin,
    seen: &Presented,
) -> Result<Option<&'static str>, StoreError> {
    let names = |kind: PinKind, value: &PinValue| match (kind, value) {
        (PinKind::Key, PinValue::Sha256(hash)) => seen.keys.contains(hash),
        (PinKind::Certificate, PinValue::Sha256(hash)) => seen.certs.contains(hash),
        _ => kind == pin.kind && *value == pin.value,
    };
    if refused.any(|(kind, value)| names(*kind, value)) {
        return Ok(Some("its key or certificate is blocked for this server"));
    }
    let everywhere =
        !tx.blocked(PinKind::Key, &seen.keys)?.is_empty() || !tx.blocked(PinKind::Certificate, &seen.certs)?.is_empty();
    Ok(everywhere.then_some("its key or certificate is blocked everywhere"))
}

fn line(
    format: ExportFormat,
    endpoint: &Endpoint,
    pin: &Pin,
    seen: &Presented,
    now: Timestamp,
) -> Result<String, &'static str> {
    let PinValue::Sha256(value) = &pin.value else { return Err("a name cannot be told to other programs") };
    if endpoint.account != Account::default() && endpoint.account != Account::any() {
        return Err("is of one account, which other programs cannot tell from others");
    }
    if pin.expires != 0 && pin.expires <= now {
        return Err("has expired");
    }
    let place = Endpoint { account: Account::default(), ..endpoint.clone() };
    match (format, pin.kind) {
        (_, PinKind::Issuer | PinKind::Name) => Err("an issuer cannot be told without trusting it for everything"),
        (ExportFormat::KnownHosts, PinKind::Certificate) => Err("known_hosts holds keys, not certificates"),
        (ExportFormat::KnownHosts, PinKind::Key) => Ok(known_hosts(&place, pin.expires, *value, seen)),
        (_, _) if pin.expires != 0 => Err("expires, which this format cannot say"),
        (ExportFormat::KeyFingerprints, PinKind::Key) => Ok(format!("{place} {}\n", value.key_pin())),
        (ExportFormat::KeyFingerprints, PinKind::Certificate) => Ok(format!("{place} {}\n", value.colon_hex())),
        (ExportFormat::Fingerprints, _) => Ok(match seen.cert {
            Some(cert) => format!("{place} {}\n", cert.colon_hex()),
            None => format!("{place} {}\n", value.key_pin()),
        }),
        (ExportFormat::CertOverride, _) => {
            seen.cert.map(|cert| cert_override::line(&place, cert)).ok_or("its certificate is not known")
        }
        (ExportFormat::Pem, _) => match &seen.kept {
            Some(cert) => Ok(format!("# {place}\n{}", cert.to_pem())),
            None => Err("its certificate is not kept"),
        },
    }
}

/// gnutls-cli looks a port up by the name that the system has for it (`getservbyport`), else by its
/// number. Which names those are differs, so all stand there; a line that nothing asks for does no harm.
fn known_hosts(endpoint: &Endpoint, expires: Timestamp, key: Hash, seen: &Presented) -> String {
    let host = endpoint.host.as_str();
    let (sort, key) = match seen.kept.as_ref().filter(|cert| cert.spki() == key || cert.spki_otherwise() == Some(key)) {
        // GnuTLS compares a key as it writes it itself.
        Some(cert) => ("g0", BASE64.encode(&cert.spki_of_gnutls())),
        None => ("c0", format!("6|{}", key.hex())),
    };
    let number = endpoint.port.get();
    let services = services::names(number).map(str::to_owned).chain([number.to_string()]);
    services.map(|service| format!("|{sort}|{host}|{service}|{expires}|{key}\n")).collect()
}
