//! What a person names when they block, stage or retire: a key or a certificate, by its fingerprint or by
//! a file that holds it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use tofu::cert::Cert;
use tofu::hash::Hash;
use tofu::path::RootFile;
use tofu::store::{PinKind, PinValue, Store};
use tofu::text::{escape, excerpt};
use tofu::trust::{Fingerprint, parse_fingerprint};

use crate::cli::Kind;
use crate::input::cert_file;
use crate::process::exit::Failure;
use crate::process::out::Out;
use crate::render::words;

/// Things passed over in a source of trust anchors that are said.
const MAX_NOTES: usize = 8;
/// Sources of which it was said: for many servers one is read many times.
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

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
    let about = |why| Failure::about(path, why);
    let found = cert_file::certificates(&cert_file::read(path).map_err(about)?).map_err(about)?;
    let cert = found.certs.into_iter().next().ok_or_else(|| Failure::about(path, "it contains no certificate"))?;
    let kind = pinned(kind)?.unwrap_or(PinKind::Key);
    let value = if kind == PinKind::Key { cert.spki() } else { cert.fingerprint() };
    Ok(Named { kind, value, cert: Some(cert) })
}

/// The trust anchors of a file. What cannot be read stops it; what was passed over is said.
pub fn roots(path: &Path, out: &Out) -> Result<Vec<Cert>, Failure> {
    let bytes = cert_file::read(path).map_err(|why| Failure::about(path, why))?;
    let file = RootFile::read(&bytes);
    if file.certs.is_empty() {
        return Err(Failure::about(path, file.why_empty()));
    }
    if let Some((number, error)) = file.unreadable.first() {
        return Err(Failure::about(path, format!("certificate {number}: {error}")));
    }
    passed_over(&path.display().to_string(), &file.skipped, out);
    Ok(file.certs)
}

/// Says what was passed over in a source of trust anchors, once.
pub fn passed_over(origin: &str, skipped: &[String], out: &Out) {
    let new = !skipped.is_empty() && SAID.lock().is_ok_and(|mut said| said.insert(origin.to_owned()));
    if new {
        let shown = escape(origin);
        skipped.iter().take(MAX_NOTES).for_each(|what| out.note(&format!("tofuctl: {shown}: passed over: {what}")));
        let more = skipped.len().saturating_sub(MAX_NOTES);
        if more > 0 {
            out.note(&format!("tofuctl: {shown}: and {more} more"));
        }
    }
}

fn pinned(kind: Option<Kind>) -> Result<Option<PinKind>, Failure> {
    match kind {
        Some(Kind::Issuer | Kind::Name) => Err(Failure::usage("--kind: only key or certificate can be given here")),
        other => Ok(other.map(PinKind::from)),
    }
}
