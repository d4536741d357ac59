//! The system's root store: finds and reads it once per process, through `rustls-native-certs`.
//! This file reads the environment and the disk, and is the only one of `path` that does. Called by
//! [`Roots::system`](super::Roots::system), so that a program which needs no CA answer pays nothing.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls_native_certs::CertificateResult;

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

fn load() -> Result<Arc<Roots>, RootsError> {
    let (origin, found) = read();
    let mut skipped: Vec<String> = found.errors.iter().map(|e| excerpt(&e.to_string(), 200)).collect();
    let mut certs = Vec::with_capacity(found.certs.len());
    for der in &found.certs {
        match Cert::parse_der(der) {
            Ok(cert) => certs.push(cert),
            Err(error) => skipped.push(excerpt(&format!("a certificate of {} bytes: {error}", der.len()), 200)),
        }
    }
    if certs.is_empty() {
        let reason = skipped.first().cloned().unwrap_or_else(|| "no certificate in it".to_owned());
        return Err(RootsError { origin, reason });
    }
    Ok(Roots::build(certs, origin, skipped))
}

/// The certificates, and where they come from.
fn read() -> (String, CertificateResult) {
    let privileged = started_with_privileges();
    if let Some(named) = from_environment().filter(|_| !privileged) {
        return (named, rustls_native_certs::load_native_certs());
    }
    if let Some(bundle) = BUNDLES.iter().find(|path| Path::new(path).is_file()) {
        let found = rustls_native_certs::load_certs_from_paths(Some(Path::new(bundle)), None);
        if privileged || !found.certs.is_empty() {
            return (format!("{SYSTEM} ({bundle})"), found);
        }
    }
    let found = if privileged { CertificateResult::default() } else { rustls_native_certs::load_native_certs() };
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
    if let Some(secure) = std::fs::read("/proc/self/auxv").ok().and_then(|auxv| at_secure(&auxv)) {
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
