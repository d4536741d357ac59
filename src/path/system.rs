//! The system's root store: finds and reads it once per process, through `rustls-native-certs`.
//! This file reads the environment and the disk, and is the only one of `path` that does. Called by
//! [`Roots::system`](super::Roots::system), so that a program which needs no CA answer pays nothing.

use std::io::Read;
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
        let text = bundle::contents(file)?;
        let mut found = Self::default();
        bundle::each(&text, |der| found.add(der))?;
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
    let privileged = named.is_some() && started_with_privileges();
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

/// Whether the program runs with more rights than whoever started it (set-uid, set-gid or file
/// capabilities): then the environment is an attacker's (DECISION, facts). Linux says so in the
/// auxiliary vector's AT_SECURE; where that cannot be read (`/proc/self/auxv` belongs to root in
/// such a program) the real and effective ids of `/proc/self/status`, which anybody may read, are
/// compared; where neither can be had, the careful answer is given. Other systems have no such
/// files and are taken as unprivileged.
fn started_with_privileges() -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    // Some 400 bytes; one read gives all of them.
    let mut auxv = [0; 4096];
    let vector = std::fs::File::open("/proc/self/auxv").and_then(|mut file| file.read(&mut auxv)).ok();
    if let Some(secure) = vector.and_then(|length| at_secure(auxv.get(..length)?)) {
        return secure;
    }
    std::fs::read_to_string("/proc/self/status").ok().and_then(|status| ids_differ(&status)).unwrap_or(true)
}

/// The value of AT_SECURE (23) in an auxiliary vector: pairs of native words.
fn at_secure(auxv: &[u8]) -> Option<bool> {
    const AT_SECURE: usize = 23;
    const WORD: usize = size_of::<usize>();
    let mut words = auxv.chunks_exact(WORD).filter_map(|word| Some(usize::from_ne_bytes(word.try_into().ok()?)));
    while let (Some(kind), Some(value)) = (words.next(), words.next()) {
        if kind == AT_SECURE {
            return Some(value != 0);
        }
    }
    None
}

/// Whether any of the ids of a `/proc/self/status` differs from the real one.
fn ids_differ(status: &str) -> Option<bool> {
    let differ = |key: &str| {
        let mut ids = status.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace();
        let real = ids.next()?;
        Some(ids.any(|id| id != real))
    };
    Some(differ("Uid:")? || differ("Gid:")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_borrowed_rights_is_recognised() {
        let auxv = |pairs: &[[usize; 2]]| pairs.iter().flatten().flat_map(|w| w.to_ne_bytes()).collect::<Vec<u8>>();
        assert_eq!(at_secure(&auxv(&[[6, 4096], [23, 1], [0, 0]])), Some(true));
        assert_eq!(at_secure(&auxv(&[[6, 23], [23, 0], [0, 0]])), Some(false));
        assert_eq!(at_secure(&auxv(&[[0, 0]])), None);
        assert_eq!(ids_differ("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n"), Some(true));
        assert_eq!(ids_differ("Uid:\t1000\t1000\t1000\t1000\nGid:\t5\t6\t6\t6\n"), Some(true));
        assert_eq!(ids_differ("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"), Some(false));
        assert_eq!(ids_differ("Uid:\t0\t0\t0\t0\n"), None);
    }

    #[test]
    fn this_test_runs_without_borrowed_rights() {
        assert!(!started_with_privileges());
    }
}
