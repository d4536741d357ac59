//! What a person names when they block, stage or retire: a key or a certificate, by its fingerprint or by
//! a file that holds it.

use std::path::Path;

use tofu::cert::Cert;
use tofu::hash::Hash;
use tofu::store::{PinKind, PinValue, Store};
use tofu::text::excerpt;
use tofu::trust::{Fingerprint, parse_fingerprint};

use crate::cli::Kind;
use crate::exit::Failure;
use crate::words;

/// A key or a certificate.
#[derive(Debug)]
pub struct Named {
    pub kind: PinKind,
    pub value: Hash,
    /// The certificate it was taken from.
    pub cert: Option<Cert>,
}

impl Named {
    /// `key sha256//…` or `certificate abcd…`.
    pub fn text(&self) -> String {
        format!("{} {}", self.kind.code(), words::value(self.kind, &PinValue::Sha256(self.value)))
    }
}

/// Reads what was typed. Digits that do not say what they are of are a key's if the store knows a key by
/// them (no certificate can have the same), else a certificate's.
pub fn fingerprint(typed: &str, kind: Option<Kind>, store: Option<&Store>) -> Result<Named, Failure> {
    let print = parse_fingerprint(typed).map_err(Failure::usage)?;
    let known_key = |hash: Hash| match store {
        Some(store) => store.read(|tx| tx.holders(hash, 1)).map(|found| !found.is_empty()),
        None => Ok(false),
    };
    let (kind, value) = match (print, pinned(kind)?) {
        (Fingerprint::Key(_), Some(PinKind::Certificate)) => {
            let shown = excerpt(typed, 80);
            return Err(Failure::usage(format!("--kind certificate: {shown} says that it is a key's")));
        }
        (Fingerprint::Key(hash), _) => (PinKind::Key, hash),
        (Fingerprint::Either(hash), Some(kind)) => (kind, hash),
        (Fingerprint::Either(hash), None) if known_key(hash)? => (PinKind::Key, hash),
        (Fingerprint::Either(hash), None) => (PinKind::Certificate, hash),
    };
    Ok(Named { kind, value, cert: None })
}

/// Takes the key, or what `kind` says, of the first certificate in a file.
pub fn file(path: &Path, kind: Option<Kind>) -> Result<Named, Failure> {
    let cert = certificates(path)?.into_iter().next();
    let cert = cert.ok_or_else(|| Failure::about(path, "no certificate in it"))?;
    let kind = pinned(kind)?.unwrap_or(PinKind::Key);
    let value = if kind == PinKind::Key { cert.spki() } else { cert.fingerprint() };
    Ok(Named { kind, value, cert: Some(cert) })
}

/// The certificates of a file, PEM or DER.
pub fn certificates(path: &Path) -> Result<Vec<Cert>, Failure> {
    let data = std::fs::read(path).map_err(|e| Failure::about(path, e))?;
    let pem = data.windows(11).any(|part| part == b"-----BEGIN ");
    let read = if pem { Cert::parse_pem(&data) } else { Cert::parse_der(&data).map(|cert| vec![cert]) };
    read.map_err(|e| Failure::about(path, e))
}

fn pinned(kind: Option<Kind>) -> Result<Option<PinKind>, Failure> {
    match kind {
        Some(Kind::Issuer | Kind::Name) => Err(Failure::usage("--kind: only key or certificate can be given here")),
        other => Ok(other.map(PinKind::from)),
    }
}
