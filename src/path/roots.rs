//! Trust anchors: a set of certificates that the system, the user or the program chose to trust,
//! indexed for path building. It does not know where the system keeps its own (`system` does).

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use pki_types::{CertificateDer, TrustAnchor};

use super::cache::Cache;
use super::der::{OID, Reader, SEQUENCE, SET, parts};
use crate::cert::{Cert, Name};
use crate::hash::Hash;

/// A set of trust anchors, with what is known of each.
#[derive(Debug)]
pub struct Roots {
    anchors: Vec<Anchor>,
    /// Places in `anchors`, ordered by subject and then by place.
    by_subject: Vec<usize>,
    /// Hashed when first asked for: building paths needs none of them.
    keys: OnceLock<HashSet<Hash>>,
    generation: u64,
    origin: String,
    skipped: Vec<String>,
    /// Chains found valid below these anchors.
    pub(super) valid: Cache,
}

/// One anchor: the certificate, and what is taken from it when a path may end there. A program
/// needs only a handful of a hundred and forty, so nothing is decoded before it is needed.
#[derive(Debug)]
pub(super) struct Anchor {
    pub(super) cert: Cert,
    /// Where its subject lies; `None` where `cert` reads more than the parts.
    subject: Option<Range<usize>>,
    webpki: OnceLock<Option<TrustAnchor<'static>>>,
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

    /// The system's roots if this process has read them.
    pub fn loaded_system() -> Option<Arc<Self>> {
        super::system::loaded()
    }

    /// Reads the system's roots again; later [`Roots::system`] calls give the new set. When that
    /// fails, the set loaded before stays.
    pub fn reload_system() -> Result<Arc<Self>, RootsError> {
        super::system::reload()
    }

    /// Exactly these certificates. Every readable certificate, CA or not, is taken as an anchor.
    /// One that is not a CA vouches only for itself.
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
        let mut anchors: Vec<Anchor> = certs.into_iter().map(Anchor::new).collect();
        let mut by_subject = ordered(&anchors);
        let repeated = repeated(&anchors, &by_subject);
        if !repeated.is_empty() {
            let mut place = 0usize..;
            anchors.retain(|_| place.next().is_none_or(|place| !repeated.contains(&place)));
            by_subject = ordered(&anchors);
        }
        Arc::new(Self {
            anchors,
            by_subject,
            keys: OnceLock::new(),
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            origin,
            skipped,
            valid: Cache::default(),
        })
    }

    /// How many anchors there are.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Whether the set is empty.
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
        let subject = |place: &usize| self.anchors.get(*place).map_or(&[][..], Anchor::subject);
        let first = self.by_subject.partition_point(|place| subject(place) < name.der());
        let from = self.by_subject.get(first..).unwrap_or(&[]).iter();
        from.take_while(move |place| subject(place) == name.der()).filter_map(|&place| self.anchors.get(place))
    }

    /// Anchors whose subject is this name by the comparison of RFC 5280, section 7.1, but not
    /// byte for byte. Linear in the number of anchors.
    pub(super) fn named_loosely<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Anchor> {
        self.anchors.iter().filter(move |anchor| {
            let subject = anchor.subject();
            subject != name.der() && !of_other_types(subject, name.der()) && anchor.cert.subject().same_as(name)
        })
    }
}

impl Anchor {
    pub(super) fn new(cert: Cert) -> Self {
        let start = cert.der().as_ptr().addr();
        // Read past `cert`, which would decode the whole certificate for it.
        let subject = parts(cert.der()).and_then(|parts| {
            let from = parts.subject.as_ptr().addr().checked_sub(start)?;
            Some(from..from.checked_add(parts.subject.len())?)
        });
        Self { cert, subject, webpki: OnceLock::new() }
    }

    /// The subject, DER.
    fn subject(&self) -> &[u8] {
        let read = self.subject.as_ref().and_then(|range| self.cert.der().get(range.clone()));
        read.unwrap_or_else(|| self.cert.subject().der())
    }

    /// What webpki takes from it; `None` where webpki cannot read it.
    pub(super) fn webpki(&self) -> Option<&TrustAnchor<'static>> {
        let read = || {
            let der = CertificateDer::from(self.cert.der());
            webpki::anchor_from_trusted_cert(&der).ok().map(|anchor| anchor.to_owned())
        };
        self.webpki.get_or_init(read).as_ref()
    }
}

/// The places of the anchors by subject, those of one subject in their order.
fn ordered(anchors: &[Anchor]) -> Vec<usize> {
    let subject = |place: usize| anchors.get(place).map_or(&[][..], Anchor::subject);
    let mut places: Vec<usize> = (0..anchors.len()).collect();
    places.sort_by(|a, b| subject(*a).cmp(subject(*b)));
    places
}

/// The places of certificates that are there before, byte for byte.
fn repeated(anchors: &[Anchor], by_subject: &[usize]) -> HashSet<usize> {
    let at = |place: &usize| anchors.get(*place).map(|anchor| (anchor.subject(), anchor.cert.der()));
    let mut repeated = HashSet::new();
    for (count, place) in by_subject.iter().enumerate() {
        let same_subject =
            by_subject.iter().take(count).rev().map_while(|earlier| {
                at(earlier).filter(|(subject, _)| at(place).is_some_and(|(own, _)| own == *subject))
            });
        if same_subject.into_iter().any(|(_, der)| at(place).is_some_and(|(_, own)| own == der)) {
            repeated.insert(*place);
        }
    }
    repeated
}

/// Whether two names cannot be the same by RFC 5280, section 7.1, because they have other types of
/// attributes, told without decoding them. "No" where that is not plain.
fn of_other_types(a: &[u8], b: &[u8]) -> bool {
    let inside = |name| Reader::new(name).enter(SEQUENCE);
    let (Some(mut a), Some(mut b)) = (inside(a), inside(b)) else { return false };
    loop {
        match (a.at_end(), b.at_end()) {
            (true, true) => return false,
            (false, false) => {}
            (_, _) => return true,
        }
        match (next_type(&mut a), next_type(&mut b)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(_), Some(_)) => return true,
            (_, _) => return false,
        }
    }
}

/// The type of the next part of a name if that part has one attribute, in the usual DER.
fn next_type<'a>(name: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut part = name.enter(SET)?;
    let mut attribute = part.enter(SEQUENCE).filter(|_| part.at_end())?;
    // A byte of 128 may be an overlong number.
    attribute.value(OID).filter(|oid| !oid.contains(&0x80))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CN: &[u8] = &[0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 12, 1, b'a'];

    #[test]
    fn names_of_other_types_are_told_apart_and_doubtful_ones_are_not() {
        let with = |at: usize, byte: u8| {
            let mut name = CN.to_vec();
            name[at] = byte;
            name
        };
        assert!(!of_other_types(CN, CN) && !of_other_types(CN, &with(13, b'b')));
        assert!(of_other_types(CN, &with(10, 10)), "organisation");
        assert!(of_other_types(CN, &[0x30, 0]), "fewer parts");
        for doubtful in [with(2, 0x30), with(9, 0x80), with(3, 99), with(4, 0x31)] {
            assert!(!of_other_types(CN, &doubtful), "{doubtful:?}");
        }
    }
}
