//! The system's root store: finds and reads it once per process, through `rustls-native-certs`.
//! This file reads the environment and the disk, and is the only one of `path` that does. Called by
//! [`Roots::system`](super::Roots::system), so that a program which needs no CA answer pays nothing.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls_native_certs::CertificateResult;

use super::bundle;
use super::roots::{Roots, RootsError};
use crate::cert::Cert;
use crate::text::excerpt;

static SHARED: RwLock<Option<Arc<Roots>>> = RwLock::new(None);

/// Where distributions keep their bundle. It is read first: one file instead of the hundred and
/// forty of the directory beside it, from which it was made. In set-uid programs it is the only
/// place, for `rustls-native-certs` looks at the environment.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The variables that name other roots, as OpenSSL and `rustls-native-certs` read them.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What is said where no file is named.
const SYSTEM: &str = "the system's root store";

/// The set loaded before, or a new one. Two threads that come first at once load twice and share one.
pub(super) fn shared() -> Result<Arc<Roots>, RootsError> {
    if let Some(roots) = SHARED.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
        return Ok(Arc::clone(roots));
    }
    let loaded = load()?;
    let mut slot = SHARED.write().unwrap_or_else(PoisonError::into_inner);
    Ok(Arc::clone(slot.get_or_insert(loaded)))
}

/// Loads anew and replaces the shared set.
pub(super) fn reload() -> Result<Arc<Roots>, RootsError> {
    let loaded = load()?;
    *SHARED.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&loaded));
    Ok(loaded)
}

/// Certificates, and what was skipped among them.
#[derive(Default)]
struct Found {
    certs: Vec<Cert>,
    skipped: Vec<String>,
}

impl Found {
    fn add(&mut self, der: &[u8]) {
        match Cert::parse_der(der) {
            Ok(cert) => self.certs.push(cert),
            Err(error) => {
                self.skipped.push(excerpt(&format!("a certificate of {} bytes: {error}", der.len()), 200));
            }
        }
    }

    /// The certificates of a file that is plainly a bundle, in the order of `rustls-native-certs`.
    fn in_bundle(file: &Path) -> Option<Self> {
        let mut found = Self::default();
        bundle::each_in(file, |der| found.add(der))?;
        found.certs.sort_by(|a, b| a.der().cmp(b.der()));
        Some(found)
    }
}

impl From<CertificateResult> for Found {
    fn from(result: CertificateResult) -> Self {
        let skipped = result.errors.iter().map(|e| excerpt(&e.to_string(), 200)).collect();
        let mut found = Self { certs: Vec::with_capacity(result.certs.len()), skipped };
        result.certs.iter().for_each(|der| found.add(der));
        found
    }
}

fn load() -> Result<Arc<Roots>, RootsError> {
    let (origin, Found { certs, skipped }) = read();
    if certs.is_empty() {
        let reason = skipped.first().cloned().unwrap_or_else(|| "no certificate in it".to_owned());
        return Err(RootsError { origin, reason });
    }
    Ok(Roots::build(certs, origin, skipped))
}

/// The certificates, and where they come from.
fn read() -> (String, Found) {
    let named = from_environment();
    let privileged = named.is_some() && crate::privileges::borrowed();
    if let Some(named) = named.filter(|_| !privileged) {
        let [file, directory] = VARIABLES.map(std::env::var_os);
        let bundle = file.filter(|_| directory.is_none()).and_then(|file| Found::in_bundle(Path::new(&file)));
        return (named, bundle.unwrap_or_else(|| rustls_native_certs::load_native_certs().into()));
    }
    if let Some(bundle) = BUNDLES.iter().map(Path::new).find(|path| path.is_file()) {
        let found = Found::in_bundle(bundle)
            .unwrap_or_else(|| rustls_native_certs::load_certs_from_paths(Some(bundle), None).into());
        if privileged || !found.certs.is_empty() {
            return (format!("{SYSTEM} ({})", bundle.display()), found);
        }
    }
    let found = if privileged { Found::default() } else { rustls_native_certs::load_native_certs().into() };
    (SYSTEM.to_owned(), found)
}

/// The files and directories that the environment names, with the variables; `None` for none.
fn from_environment() -> Option<String> {
    let named = |variable: &str| {
        let value = std::env::var_os(variable)?;
        Some(format!("{} ({variable})", excerpt(&value.to_string_lossy(), 200)))
    };
    let sources: Vec<String> = VARIABLES.into_iter().filter_map(named).collect();
    (!sources.is_empty()).then(|| sources.join(" and "))
}
