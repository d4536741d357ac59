//! What a server sent: its certificates in their order, readable or not, and a stapled OCSP
//! response. Rejects certificates only by limits. `examine` decides whether they are good.

use std::sync::Arc;

use pki_types::CertificateDer;
use pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use crate::cert::{Cert, ParseError};
use crate::hash::Hash;

/// Certificates looked at, at most, of what a server sent.
pub const MAX_CHAIN: usize = 64;
/// Bytes of DER looked at, at most, of what a server sent.
pub const MAX_CHAIN_BYTES: usize = 256 * 1024;
/// Bytes of a stapled OCSP response, at most. Real ones are below 3 KiB.
pub const MAX_OCSP_BYTES: usize = 64 * 1024;

/// What the server sent, leaf first. Unreadable certificates above the leaf keep their place.
/// Cloning is cheap (shared).
#[derive(Debug, Clone, Default)]
pub struct Chain {
    entries: Vec<Entry>,
    bytes: usize,
    ocsp: Option<Arc<[u8]>>,
}

#[derive(Debug, Clone)]
enum Entry {
    Readable(Cert),
    Unreadable(Arc<[u8]>, ParseError),
}

/// Why something could not be added to a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Too many certificates or bytes.
    #[error("chain: {0}")]
    Limit(String),
    /// PEM text without a certificate, or whose frame cannot be decoded.
    #[error("chain: {0}")]
    Pem(String),
}

impl Chain {
    /// An empty chain.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a certificate as the server sent it. Only the limits can reject it; the bytes may be
    /// anything.
    pub fn push_der(&mut self, der: &[u8]) -> Result<(), ChainError> {
        if self.entries.len() >= MAX_CHAIN {
            return Err(ChainError::Limit(format!("more than {MAX_CHAIN} certificates")));
        }
        let bytes = self.bytes.saturating_add(der.len());
        if bytes > MAX_CHAIN_BYTES {
            return Err(ChainError::Limit(format!("more than {MAX_CHAIN_BYTES} bytes of certificates")));
        }
        self.bytes = bytes;
        self.entries.push(match Cert::parse_der(der) {
            Ok(cert) => Entry::Readable(cert),
            Err(error) => Entry::Unreadable(der.into(), error),
        });
        Ok(())
    }

    /// Adds every certificate of a PEM text in its order and says how many those were. Text around
    /// the blocks and blocks of other kinds are skipped. On an error nothing is added.
    pub fn push_pem(&mut self, pem: &[u8]) -> Result<usize, ChainError> {
        let mut grown = self.clone();
        let mut added = 0usize;
        for block in CertificateDer::pem_slice_iter(pem) {
            let der = block
                .map_err(|e| ChainError::Pem(format!("PEM text: {}", crate::text::excerpt(&e.to_string(), 120))))?;
            grown.push_der(&der)?;
            added = added.saturating_add(1);
        }
        if added == 0 {
            return Err(ChainError::Pem("no certificate in the PEM text".to_owned()));
        }
        *self = grown;
        Ok(added)
    }

    /// A stapled OCSP response (DER); replaces an earlier one, and an empty one removes it.
    pub fn set_ocsp(&mut self, der: &[u8]) -> Result<(), ChainError> {
        if der.len() > MAX_OCSP_BYTES {
            return Err(ChainError::Limit(format!("an OCSP response of more than {MAX_OCSP_BYTES} bytes")));
        }
        self.ocsp = (!der.is_empty()).then(|| der.into());
        Ok(())
    }

    /// The stapled OCSP response.
    pub fn ocsp(&self) -> Option<&[u8]> {
        self.ocsp.as_deref()
    }

    /// How many certificates were pushed, readable or not.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all certificates together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether both hold the same certificates, byte for byte.
    pub(crate) fn same_certs(&self, other: &Self) -> bool {
        self.bytes == other.bytes
            && self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(|(a, b)| a.der() == b.der())
    }

    /// The certificate at `index`; `None` when out of range or unreadable.
    pub fn cert(&self, index: usize) -> Option<&Cert> {
        match self.entries.get(index)? {
            Entry::Readable(cert) => Some(cert),
            Entry::Unreadable(..) => None,
        }
    }

    /// Why the certificate at `index` is unreadable.
    pub fn error(&self, index: usize) -> Option<&ParseError> {
        match self.entries.get(index)? {
            Entry::Readable(_) => None,
            Entry::Unreadable(_, error) => Some(error),
        }
    }

    /// The DER at `index`, as pushed.
    pub fn der(&self, index: usize) -> Option<&[u8]> {
        self.entries.get(index).map(Entry::der)
    }

    /// The leaf, if it is readable.
    pub fn leaf(&self) -> Option<&Cert> {
        self.cert(0)
    }

    /// All readable certificates with their index.
    pub fn certs(&self) -> impl Iterator<Item = (usize, &Cert)> {
        (0..self.len()).filter_map(|index| Some((index, self.cert(index)?)))
    }

    /// SHA-256 over the certificates (length as eight bytes, then the DER, for each). The stapled
    /// response is not part of it: it changes daily while the question to the user stays the same.
    pub fn fingerprint(&self) -> Hash {
        let mut digest = Sha256::new();
        for entry in &self.entries {
            digest.update((entry.der().len() as u64).to_be_bytes());
            digest.update(entry.der());
        }
        Hash::from_bytes(digest.finalize().into())
    }
}

impl Entry {
    fn der(&self) -> &[u8] {
        match self {
            Self::Readable(cert) => cert.der(),
            Self::Unreadable(der, _) => der,
        }
    }
}
