//! What other programs can be told: trusted pins as GnuTLS' `known_hosts`, as PEM, as lines of
//! fingerprints. These know less than a pin says, so what they would widen is left out and named: pins
//! of one account, of names and issuers, and in `known_hosts` pins of one certificate.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::cert::Cert;
use crate::endpoint::{Account, Endpoint, Host};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::keyspace::{self, ENDPOINTS};
use crate::store::record::{Pin, PinKind, PinState, PinValue};
use crate::text::escape;
use crate::time::Timestamp;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// GnuTLS' `known_hosts`: key pins.
    KnownHosts,
    /// The certificates that key and certificate pins were made from, each below a line that names its server.
    Pem,
    /// `HOST:PORT FINGERPRINT`: key pins as `sha256//` and base64, certificate pins with colons.
    Fingerprints,
}

/// A text for other programs, and what it does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// The text.
    pub text: String,
    /// Pins written.
    pub pins: u64,
    /// What was left out and why, one line each.
    pub remarks: Vec<String>,
}

impl Export {
    /// What it holds and what not as JSON, `tofu-export-report`; the keys are in docs/json-reports.md.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "tofu-export-report",
            "version": 1,
            "pins": self.pins,
            "remarks": self.remarks.iter().map(|r| escape(r)).collect::<Vec<_>>(),
        })
    }
}

impl Store {
    /// Writes what is trusted now, of one host or of all, for other programs. [`Store::export_json`] is
    /// the export that loses nothing.
    pub fn export(&self, format: ExportFormat, host: Option<&Host>, now: Timestamp) -> Result<Export, StoreError> {
        self.read(|tx| {
            let mut export = Export::default();
            let prefix = host.map_or(ENDPOINTS.to_vec(), keyspace::host_prefix);
            for (key, body) in tx.trust_rows(&prefix)? {
                let record = tx.decode_endpoint(&key, &body, tx.endpoint_of_key(&key)?)?;
                for pin in record.pins.iter().filter(|p| p.state == PinState::Trusted) {
                    let cert = match pin.cert {
                        Some(fingerprint) => tx.cert(fingerprint)?,
                        None => None,
                    };
                    add(&mut export, format, &record.endpoint, pin, cert.as_ref(), now);
                }
            }
            Ok(export)
        })
    }
}

fn add(export: &mut Export, format: ExportFormat, endpoint: &Endpoint, pin: &Pin, cert: Option<&Cert>, now: Timestamp) {
    match line(format, endpoint, pin, cert, now) {
        Ok(text) => {
            export.text.push_str(&text);
            export.pins = export.pins.saturating_add(1);
        }
        Err(why) => export.remarks.push(format!("{endpoint}: pin {}: {why}", pin.id)),
    }
}

fn line(
    format: ExportFormat,
    endpoint: &Endpoint,
    pin: &Pin,
    cert: Option<&Cert>,
    now: Timestamp,
) -> Result<String, &'static str> {
    let PinValue::Sha256(value) = &pin.value else { return Err("a name cannot be told to other programs") };
    if endpoint.account != Account::default() && endpoint.account != Account::any() {
        return Err("is of one account, which other programs cannot tell from others");
    }
    if pin.expires != 0 && pin.expires <= now {
        return Err("has expired");
    }
    let (host, port) = (endpoint.host.as_str(), endpoint.port);
    let place = Endpoint { account: Account::default(), ..endpoint.clone() };
    match (format, pin.kind) {
        (_, PinKind::Issuer | PinKind::Name) => Err("an issuer cannot be told without trusting it for everything"),
        (ExportFormat::KnownHosts, PinKind::Certificate) => Err("known_hosts holds keys, not certificates"),
        (ExportFormat::KnownHosts, PinKind::Key) => Ok(match cert.filter(|cert| cert.spki() == *value) {
            Some(cert) => format!("|g0|{host}|{port}|{}|{}\n", pin.expires, BASE64.encode(cert.spki_der())),
            None => format!("|c0|{host}|{port}|{}|6|{}\n", pin.expires, value.hex()),
        }),
        (_, _) if pin.expires != 0 => Err("expires, which this format cannot say"),
        (ExportFormat::Fingerprints, PinKind::Key) => Ok(format!("{place} {}\n", value.key_pin())),
        (ExportFormat::Fingerprints, PinKind::Certificate) => Ok(format!("{place} {}\n", value.colon_hex())),
        (ExportFormat::Pem, _) => match cert {
            Some(cert) => Ok(format!("# {place}\n{}", cert.to_pem())),
            None => Err("its certificate is not kept"),
        },
    }
}
