//! What the CA system says about a chain: trust anchors, path building, and every problem at once.
//! It knows certificates, but not pins, policies or decisions. It uses no network, and the time is
//! an input.
//!
//! A question takes this way: `examine` asks webpki (`verify`) for a path. If webpki has none,
//! `search` looks for the best one, and webpki is asked once more about that path alone. `judge`
//! checks what webpki does not look at in each element (`constraints` for names, `policy` for
//! required policies). `equivalent` rewrites a path that webpki cannot express. `revocation` reads
//! the lists (`crl`) of the caller and the response (`ocsp`) of the server, if one of the issuer's
//! keys (`signers`) signed them. `cache` remembers chains that were valid.

mod bundle;
mod cache;
mod chain;
mod constraints;
mod crl;
mod der;
mod equivalent;
mod examine;
mod issuer;
mod judge;
mod ocsp;
mod policy;
mod problem;
mod revocation;
mod root_file;
mod roots;
mod search;
mod signers;
mod spelling;
mod system;
mod verify;

pub use chain::{Chain, ChainError, MAX_CHAIN, MAX_CHAIN_BYTES, MAX_OCSP_BYTES};
pub use examine::{add_revoked, examine, path_to};
pub use judge::MAX_INTERMEDIATES;
pub use problem::{Class, Problem, ProblemKind, Problems, kinds_of};
pub use root_file::RootFile;
pub use roots::{Roots, RootsError};

use crate::cert::Cert;
use crate::endpoint::Host;
use crate::text::Statement;
use crate::time::Timestamp;

/// A validated path: leaf first, the trust anchor last. A leaf that is itself listed as a trust
/// anchor is a path of one.
#[derive(Debug, Clone)]
pub struct Path {
    /// The certificates, leaf first; the last is the trust anchor.
    pub certs: Vec<Cert>,
}

impl Path {
    /// The trust anchor.
    pub fn anchor(&self) -> Option<&Cert> {
        self.certs.last()
    }

    /// The first and the last second in which every element is valid; `None` where there is no such
    /// second, or an element has a date that cannot be read.
    pub fn validity(&self) -> Option<(Timestamp, Timestamp)> {
        let mut all = None;
        for cert in &self.certs {
            let (first, last) = cert.validity()?;
            let (from, until) = all.unwrap_or((first, last));
            all = Some((first.max(from), last.min(until)));
        }
        all.filter(|(first, last)| first <= last)
    }
}

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What the server sent.
    pub chain: &'a Chain,
    /// Who it should be.
    pub host: &'a Host,
    /// The services that it offers there, by their IANA names (`imaps`): names of services in the
    /// certificate count for these.
    pub services: &'a [&'a str],
    /// When (already floored by the caller of this layer).
    pub at: Timestamp,
    /// The anchors.
    pub roots: &'a Roots,
    /// Further intermediates to build with (of earlier baseline paths); used only where what was
    /// sent does not do. At most [`MAX_CHAIN`] are looked at.
    pub intermediates: &'a [Cert],
    /// CRLs given by the caller (DER).
    pub crls: &'a [Vec<u8>],
}

/// What the CA system says.
#[derive(Debug, Clone)]
pub struct Examination {
    /// Everything that is wrong, in a stable order (leaf first, then by kind).
    pub problems: Vec<Problem>,
    /// Notes, which are not problems: an intermediate that was missing but known, or a staple that
    /// cannot be used.
    pub notes: Vec<Statement>,
    /// The path from the leaf to a trust anchor, where there is one: every signature on it verified
    /// and nothing about its authorities wrong but dates, weak keys and weak signatures. Problems
    /// of the leaf itself (its names, its usage, CA:TRUE) do not take it away.
    pub path: Option<Path>,
    /// True if webpki validated `path` at the given time and this library found no problem either.
    /// If webpki cannot express something that RFC 5280 allows, it validated the rewritten path
    /// (see `equivalent`). A leaf that is itself listed as an anchor needs no path.
    pub ca_valid: bool,
}

impl Examination {
    /// The set of problem kinds.
    pub fn kinds(&self) -> Problems {
        kinds_of(&self.problems)
    }

    /// Whether dates are all that is wrong and there are seconds at which the whole path is valid:
    /// the server would have been CA-valid then, for this very name (docs/decision.md, rules 7 and 7b).
    pub fn valid_but_for_dates(&self) -> bool {
        let dates = Problems::of(&[ProblemKind::Expired, ProblemKind::NotYetValid]);
        let in_time = self.path.as_ref().and_then(Path::validity).is_some();
        in_time && !self.problems.is_empty() && self.kinds().without(dates).is_empty()
    }

    /// A statement verified under the certificate's issuer says that it is revoked.
    pub fn revoked(&self) -> bool {
        self.kinds().contains(ProblemKind::Revoked)
    }

    /// The leaf's key cannot be decoded, so that nothing can be checked with it.
    pub fn leaf_key_unreadable(&self) -> bool {
        self.has(judge::KEY_UNREADABLE)
    }

    /// The leaf's key is RSA with less than 1024 bits.
    pub fn rsa_below_1024(&self) -> bool {
        self.has(judge::KEY_BROKEN)
    }

    /// Whether something is wrong that no pin may waive (docs/decision.md, rule 3; TLSA records aside).
    pub fn never_waivable(&self) -> bool {
        self.revoked() || self.leaf_key_unreadable() || self.rsa_below_1024()
    }

    fn has(&self, code: &str) -> bool {
        self.problems.iter().any(|problem| problem.statement.code == code)
    }
}
