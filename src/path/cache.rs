//! Remembers chains that were valid: a mail program checks the same chain on every connection, and
//! the signatures on it do not change. The cache belongs to one set of roots and ends with it. It
//! stores only positive results, compares every byte of what was sent, and is not used if the
//! caller or the server provided revocation data (docs/performance.md, "What makes a check of a
//! known server cheap").

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use super::{Chain, Path, Question};
use crate::endpoint::Host;

/// Chains remembered; when there are more, all are forgotten.
const MAX_ENTRIES: usize = 256;
/// Bytes of a chain that is remembered; real ones have three to six thousand.
const MAX_BYTES: usize = 16 * 1024;

/// Positive results for one set of roots.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: Mutex<HashMap<u64, Entry>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Entry {
    host: Host,
    services: Vec<String>,
    chain: Chain,
    path: Path,
}

impl Cache {
    /// The path of this chain, if it was found valid for this host before and all of it is valid at
    /// the time asked.
    pub(super) fn get(&self, question: &Question<'_>) -> Option<Path> {
        let key = self.key(question)?;
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&key)?;
        let (first, last) = entry.path.validity()?;
        let same = entry.host == *question.host
            && entry.services == question.services
            && entry.chain.same_certs(question.chain);
        (same && (first..=last).contains(&question.at)).then(|| entry.path.clone())
    }

    /// Remembers a path that needed nothing but what was sent.
    pub(super) fn put(&self, question: &Question<'_>, path: &Path) {
        let Some(key) = self.key(question) else { return };
        let entry = Entry {
            host: question.host.clone(),
            services: question.services.iter().map(|service| (*service).to_owned()).collect(),
            chain: question.chain.clone(),
            path: path.clone(),
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        entries.insert(key, entry);
    }

    /// Where a question is kept; `None` for one that is not remembered. The end of the leaf, its
    /// signature, tells chains apart well enough.
    fn key(&self, question: &Question<'_>) -> Option<u64> {
        let chain = question.chain;
        if chain.ocsp().is_some() || !question.crls.is_empty() || chain.bytes() > MAX_BYTES {
            return None;
        }
        let leaf = chain.der(0)?;
        let end = leaf.get(leaf.len().saturating_sub(32)..)?;
        Some(self.hasher.hash_one((question.host.as_str(), chain.len(), end)))
    }
}
