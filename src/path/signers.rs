//! The keys whose statements about a certificate count: its issuer's key, and the other keys of
//! that issuer. An authority that changes its key keeps its name, and signs its lists with the new
//! key also for the certificates of the old one (RFC 5280, sections 5 and 6.3.3).

use super::judge::Element;
use super::roots::Roots;
use super::search::Node;
use crate::cert::{Cert, Name, SignatureCheck};

/// Other keys of one issuer that are looked at.
const MAX_KEYS: usize = 8;
/// Signatures verified to find them, in one examination.
const MAX_SIGNATURES: usize = 48;

/// A certificate whose revocation is asked for, and who issued it.
pub(super) struct Target<'a> {
    pub(super) element: Element<'a>,
    pub(super) issuer: &'a Cert,
    /// Other certificates of the issuer, with other keys.
    others: Vec<&'a Cert>,
}

impl<'a> Target<'a> {
    /// All certificates that may speak for the issuer, the issuer itself first.
    pub(super) fn signers(&self) -> impl Iterator<Item = &'a Cert> {
        std::iter::once(self.issuer).chain(self.others.iter().copied())
    }
}

/// Where issuers and their other keys are looked for.
pub(super) struct Known<'s, 'a> {
    /// The path found, leaf first.
    pub(super) path: &'s [Node<'a>],
    /// Whether it is a path to an anchor that may be called so.
    pub(super) valid: bool,
    /// Everything that was sent or known.
    pub(super) pool: &'s [Node<'a>],
    pub(super) roots: &'a Roots,
}

impl<'a> Known<'_, 'a> {
    /// Every certificate of the path below its issuer. If the path is only the leaf, its issuer is
    /// the leaf itself if it is self-signed, and otherwise a known certificate that signed it.
    pub(super) fn targets(&self) -> Vec<Target<'a>> {
        let mut left = MAX_SIGNATURES;
        let mut targets = Vec::new();
        for (place, (cert, issuer)) in self.path.iter().zip(self.path.iter().skip(1)).enumerate() {
            let others = self.other_keys(issuer.cert, place.saturating_add(1), &mut left);
            targets.push(Target { element: cert.element(), issuer: issuer.cert, others });
        }
        if let [alone] = self.path {
            if let Some(issuer) = self.issuer_of(alone.cert, &mut left) {
                let others = self.other_keys(issuer, 1, &mut left);
                targets.push(Target { element: alone.element(), issuer, others });
            }
        }
        targets
    }

    /// The issuer of a leaf at which the path ends: the leaf is itself listed as trusted, or no
    /// other certificate is known.
    fn issuer_of(&self, leaf: &'a Cert, left: &mut usize) -> Option<&'a Cert> {
        if leaf.is_self_signed() {
            return Some(leaf);
        }
        self.called(leaf.issuer()).find(|issuer| signed_by(leaf, issuer, left))
    }

    /// Certificates whose holder has this name. Those that the server did not choose come first, so
    /// that it cannot crowd them out.
    fn called(&self, name: &'a Name) -> impl Iterator<Item = &'a Cert> {
        let mut pool: Vec<Node<'a>> = self.pool.iter().filter(|node| node.index != Some(0)).copied().collect();
        pool.sort_by_key(|node| node.index.is_some());
        let anchors = self.roots.named_exactly(name).chain(self.roots.named_loosely(name)).map(|anchor| &anchor.cert);
        anchors.chain(pool.into_iter().map(|node| node.cert)).filter(|cert| cert.subject().reads_as(name))
    }

    /// Certificates of the holder of `issuer`, which stands at `place` of the path or above its end,
    /// with other keys that may sign revocation lists.
    fn other_keys(&self, issuer: &'a Cert, place: usize, left: &mut usize) -> Vec<&'a Cert> {
        let above: Vec<&Cert> = self.path.iter().skip(place).map(|node| node.cert).collect();
        let same_holder = above.iter().copied().filter(|cert| cert.subject().reads_as(issuer.subject()));
        let mut others: Vec<&Cert> = Vec::new();
        for candidate in same_holder.chain(self.called(issuer.subject())) {
            let known = |cert: &&Cert| cert.spki_der() == candidate.spki_der();
            if others.len() >= MAX_KEYS || known(&issuer) || others.iter().any(known) || !may_sign_lists(candidate) {
                continue;
            }
            let on_path = above.iter().any(|cert| cert.der() == candidate.der());
            if on_path || self.is_anchored(candidate, issuer, &above, left) {
                others.push(candidate);
            }
        }
        others
    }

    /// Whether a certificate leads to the same anchor as the path: it is the same anchor with
    /// another key, or a certificate on the path or that anchor signed it.
    fn is_anchored(&self, candidate: &'a Cert, issuer: &'a Cert, above: &[&'a Cert], left: &mut usize) -> bool {
        let anchor = self.path.last().filter(|_| self.valid).map(|node| node.cert);
        let is_anchor = |cert: &Cert| anchor.is_some_and(|a| a.subject().reads_as(cert.subject()));
        if is_anchor(candidate) && self.roots.contains(candidate) {
            return true;
        }
        let anchors = anchor.into_iter().flat_map(|a| self.roots.named_exactly(a.subject())).map(|a| &a.cert);
        let parents = std::iter::once(issuer).chain(above.iter().copied()).chain(anchors);
        let named = parents.filter(|parent| parent.subject().reads_as(candidate.issuer()));
        let mut parents: Vec<&Cert> = Vec::new();
        for parent in named {
            if !parents.iter().any(|known| known.spki_der() == parent.spki_der()) {
                parents.push(parent);
            }
        }
        parents.into_iter().any(|parent| signed_by(candidate, parent, left))
    }
}

fn signed_by(cert: &Cert, issuer: &Cert, left: &mut usize) -> bool {
    let Some(less) = left.checked_sub(1) else { return false };
    *left = less;
    cert.signed_by(issuer) == SignatureCheck::Valid
}

/// A key of the issuer beside the one that signed the certificate must be meant for lists.
fn may_sign_lists(cert: &Cert) -> bool {
    match cert.key_usage() {
        Some(bits) => bits.contains(&"cRLSign"),
        None => cert.is_ca() || cert.version() < 3,
    }
}
