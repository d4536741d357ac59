//! The system's root store: finds and reads it once per process. One reader reads every file
//! (`root_file`, and `bundle` for plain ones). `rustls-native-certs` knows systems that keep their
//! roots elsewhere, and is asked only if no known place has any. In `path`, only this file reads
//! the environment and the disk. [`Roots::system`](super::Roots::system) calls it, so that a
//! program that needs no CA answer pays nothing.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::bundle;
use super::root_file::RootFile;
use super::roots::{Roots, RootsError};
use crate::cert::Cert;
use crate::text::excerpt;

static SHARED: RwLock<Option<Arc<Roots>>> = RwLock::new(None);

/// Where distributions keep their bundle. It is read first: one file instead of the hundred and
/// forty of the directory beside it, from which it was made.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where they keep single certificates, for systems without a bundle.
const DIRECTORIES: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// Bytes of a file that is read, at most.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// The variables that name other roots, as OpenSSL and `rustls-native-certs` read them.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The text if no file is named.
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

/// The set loaded before.
pub(super) fn loaded() -> Option<Arc<Roots>> {
    SHARED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Loads the roots again and replaces the shared set.
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
    /// Certificates that a file of these says are not trusted for TLS servers.
    rejected: BTreeSet<Vec<u8>>,
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

    /// The certificates of a file. `named` is the file where others are read as well.
    fn file(&mut self, path: &Path, named: bool) {
        let (mut plain, place) = (Self::default(), path.display());
        let about = |what: String| excerpt(&if named { format!("{place}: {what}") } else { what }, 300);
        let is_plain = bundle::each_in(path, |der| plain.add(der)).is_some();
        // One without any block may hold certificates in DER, or something to be named.
        if is_plain && !(plain.certs.is_empty() && plain.skipped.is_empty()) {
            self.certs.append(&mut plain.certs);
            self.skipped.extend(plain.skipped.into_iter().map(about));
            return;
        }
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes));
        let why = match read {
            Ok(length) if u64::try_from(length).unwrap_or(u64::MAX) <= MAX_FILE => None,
            Ok(_) => Some(format!("larger than {} MiB", MAX_FILE >> 20)),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            return self.skipped.push(about(why));
        }
        let mut file = RootFile::read(&bytes);
        self.certs.append(&mut file.certs);
        self.rejected.append(&mut file.rejected);
        let unreadable = file.unreadable.iter().map(|(number, error)| format!("certificate {number}: {error}"));
        self.skipped.extend(file.skipped.into_iter().chain(unreadable).map(about));
    }

    /// The files of a directory, each once, however many names it has there. A file without any certificate is
    /// passed over: directories of certificates hold other things too.
    fn directory(&mut self, path: &Path, seen: &mut HashSet<(u64, u64)>) {
        let listed = match std::fs::read_dir(path) {
            Ok(listed) => listed,
            Err(error) => return self.skipped.push(excerpt(&format!("{}: {error}", path.display()), 300)),
        };
        let mut files: Vec<PathBuf> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        files.sort();
        for file in files {
            // Links that lead nowhere are left behind by every removed certificate.
            let about = file.metadata().ok().filter(std::fs::Metadata::is_file);
            if about.is_some_and(|about| seen.insert((about.dev(), about.ino()))) {
                self.file(&file, true);
            }
        }
    }

    /// Ordered, without what stands there twice, and without what another file rejects.
    fn ordered(mut self) -> Self {
        let rejected = &self.rejected;
        self.certs.retain(|cert| rejected.is_empty() || !rejected.contains(cert.der()));
        self.certs.sort_by(|a, b| a.der().cmp(b.der()));
        self.certs.dedup_by(|a, b| a.der() == b.der());
        self
    }
}

fn load() -> Result<Arc<Roots>, RootsError> {
    let (origin, Found { certs, skipped, .. }) = read();
    if certs.is_empty() {
        let reason = skipped.first().cloned().unwrap_or_else(|| "it contains no certificate".to_owned());
        return Err(RootsError { origin, reason });
    }
    Ok(Roots::build(certs, origin, skipped))
}

/// The certificates, and where they come from.
fn read() -> (String, Found) {
    let mut found = Found::default();
    let named = from_environment();
    let privileged = named.is_some() && crate::privileges::borrowed();
    if let Some(named) = named.filter(|_| !privileged) {
        let [file, directories] = VARIABLES.map(std::env::var_os);
        let mut seen = HashSet::new();
        let many = directories.is_some();
        if let Some(file) = file.map(PathBuf::from) {
            seen.extend(file.metadata().ok().map(|about| (about.dev(), about.ino())));
            found.file(&file, many);
        }
        let directories = directories.unwrap_or_default();
        for directory in std::env::split_paths(&directories).filter(|path| !path.as_os_str().is_empty()) {
            found.directory(&directory, &mut seen);
        }
        return (named, found.ordered());
    }
    for place in BUNDLES.iter().map(Path::new).filter(|place| place.is_file()) {
        found.file(place, true);
        if !found.certs.is_empty() {
            return (format!("{SYSTEM} ({})", place.display()), found.ordered());
        }
    }
    for place in DIRECTORIES.iter().map(Path::new).filter(|place| place.is_dir()) {
        found.directory(place, &mut HashSet::new());
        if !found.certs.is_empty() {
            return (format!("{SYSTEM} ({})", place.display()), found.ordered());
        }
    }
    // It looks at the environment as well.
    if !privileged {
        let native = rustls_native_certs::load_native_certs();
        native.certs.iter().for_each(|der| found.add(der));
        found.skipped.extend(native.errors.iter().map(|e| excerpt(&e.to_string(), 200)));
    }
    (SYSTEM.to_owned(), found.ordered())
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
