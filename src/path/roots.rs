//! Trust anchors: a set of certificates that somebody outside this program chose to trust, indexed
//! for path building. Knows nothing of where the system keeps its own (that is `system`).

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use pki_types::{CertificateDer, TrustAnchor};

use super::cache::Cache;
use super::der::parts;
use crate::cert::{Cert, Name};
use crate::hash::Hash;

/// A set of trust anchors, with what is known of each.
#[derive(Debug)]
pub struct Roots {
    anchors: Vec<Anchor>,
    by_subject: HashMap<Box<[u8]>, Vec<usize>>,
    /// Hashed when first asked for: building paths needs none of them.
    keys: OnceLock<HashSet<Hash>>,
    generation: u64,
    origin: String,
    skipped: Vec<String>,
    /// Chains found valid below these anchors.
    pub(super) valid: Cache,
}

/// One anchor: the certificate, and what webpki takes from it (`None` where webpki cannot read it).
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) cert: Cert,
    pub(super) webpki: Option<TrustAnchor<'static>>,
}

/// Why no roots could be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("trust anchors from {origin}: {reason}")]
pub struct RootsError {
    /// File, directory or "the system's root store".
    pub origin: String,
    /// What went wrong.
    pub reason: String,
}

/// Numbers sets, so that a cached answer can name the set that it rests on.
static GENERATION: AtomicU64 = AtomicU64::new(1);

impl Roots {
    /// No anchor at all.
    pub fn none() -> Arc<Self> {
        Self::build(Vec::new(), "no trust anchors".to_owned(), Vec::new())
    }

    /// The system's roots, read once per process and shared. `SSL_CERT_FILE` and `SSL_CERT_DIR` are
    /// honoured, except in set-uid programs (AT_SECURE). A failure is not remembered: the next call
    /// tries again.
    pub fn system() -> Result<Arc<Self>, RootsError> {
        super::system::shared()
    }

    /// Reads the system's roots again; later [`Roots::system`] calls give the new set. When that
    /// fails, the set loaded before stays.
    pub fn reload_system() -> Result<Arc<Self>, RootsError> {
        super::system::reload()
    }

    /// Exactly these certificates (any readable certificate, CA or not, is taken as an anchor; one
    /// that is no CA vouches for itself alone).
    pub fn from_certs(certs: Vec<Cert>) -> Arc<Self> {
        Self::build(certs, "the certificates given by the program".to_owned(), Vec::new())
    }

    /// These and the certificates of `more`.
    pub fn with(self: &Arc<Self>, more: &[Cert]) -> Arc<Self> {
        if more.is_empty() {
            return Arc::clone(self);
        }
        let certs = self.certs().chain(more).cloned().collect();
        Self::build(certs, format!("{}, and certificates given by the program", self.origin), self.skipped.clone())
    }

    pub(super) fn build(certs: Vec<Cert>, origin: String, skipped: Vec<String>) -> Arc<Self> {
        let mut roots = Self {
            anchors: Vec::with_capacity(certs.len()),
            by_subject: HashMap::with_capacity(certs.len()),
            keys: OnceLock::new(),
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            origin,
            skipped,
            valid: Cache::default(),
        };
        for cert in certs {
            let index = roots.anchors.len();
            // Read past `cert`, which would decode the whole certificate for it.
            let subject = parts(cert.der()).map_or_else(|| cert.subject().der(), |p| p.subject);
            let same_subject = roots.by_subject.entry(subject.into()).or_default();
            if same_subject.iter().any(|&i| roots.anchors.get(i).is_some_and(|a| a.cert.der() == cert.der())) {
                continue;
            }
            same_subject.push(index);
            roots.anchors.push(Anchor::new(cert));
        }
        Arc::new(roots)
    }

    /// How many anchors there are.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// A number that differs between any two sets loaded in this process.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Where they come from, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What was skipped while loading, and why.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// The anchors.
    pub fn certs(&self) -> impl Iterator<Item = &Cert> {
        self.anchors.iter().map(|anchor| &anchor.cert)
    }

    /// Whether an anchor with this key is in the set.
    pub fn contains_key(&self, spki: Hash) -> bool {
        self.keys.get_or_init(|| self.certs().map(Cert::spki).collect()).contains(&spki)
    }

    /// Whether exactly this certificate, byte for byte, is in the set.
    pub fn contains(&self, cert: &Cert) -> bool {
        self.named_exactly(cert.subject()).any(|anchor| anchor.cert.der() == cert.der())
    }

    /// Anchors whose subject is this name, byte for byte.
    pub(super) fn named_exactly(&self, name: &Name) -> impl Iterator<Item = &Anchor> {
        let indices = self.by_subject.get(name.der()).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|&index| self.anchors.get(index))
    }

    /// Anchors whose subject is this name by the comparison of RFC 5280, section 7.1, but not
    /// byte for byte. Linear in the number of anchors.
    pub(super) fn named_loosely<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Anchor> {
        self.anchors.iter().filter(move |anchor| {
            let subject = anchor.cert.subject();
            subject.der() != name.der() && subject.same_as(name)
        })
    }
}

impl Anchor {
    pub(super) fn new(cert: Cert) -> Self {
        let der = CertificateDer::from(cert.der());
        let webpki = webpki::anchor_from_trusted_cert(&der).ok().map(|anchor| anchor.to_owned());
        Self { cert, webpki }
    }
}
