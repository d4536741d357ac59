//! The Certificate message (RFC 5246, section 7.4.2), read as it arrives. Keeps what a chain may
//! hold and counts the rest, so that a flood shows its first certificates instead of an error.

use super::error::HelloError;
use super::records::take;
use crate::path::{Chain, MAX_CHAIN, MAX_CHAIN_BYTES};

/// What arrived so far.
#[derive(Debug)]
pub(super) struct Certificates {
    /// Bytes of the message, as announced.
    message: usize,
    /// Bytes of the list still to come; `None` before its length is known.
    list_left: Option<usize>,
    /// The length field being read.
    length: Vec<u8>,
    /// Bytes of the certificate still to come; `None` in its length.
    cert_left: Option<usize>,
    cert: Vec<u8>,
    chain: Chain,
    count: usize,
    full: bool,
}

/// The certificates that came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) chain: Chain,
    pub(super) count: usize,
    pub(super) message: usize,
}

impl Certificates {
    pub(super) fn new(message: usize) -> Self {
        Self {
            message,
            list_left: None,
            length: Vec::new(),
            cert_left: None,
            cert: Vec::new(),
            chain: Chain::new(),
            count: 0,
            full: false,
        }
    }

    /// The next bytes of the message's body.
    pub(super) fn add(&mut self, mut bytes: &[u8]) -> Result<(), HelloError> {
        while !bytes.is_empty() {
            match (self.list_left, self.cert_left) {
                (None, _) => {
                    if let Some(length) = self.read_length(&mut bytes) {
                        if length.saturating_add(3) != self.message {
                            return Err(HelloError::malformed("a Certificate message whose lengths disagree"));
                        }
                        self.list_left = Some(length);
                    }
                }
                (Some(left), None) => {
                    let wanted = bytes.len();
                    let length = self.read_length(&mut bytes);
                    let left = left.checked_sub(wanted.saturating_sub(bytes.len())).ok_or_else(overlong)?;
                    self.list_left = Some(left);
                    if let Some(length) = length {
                        self.begin(length, left)?;
                    }
                }
                (Some(left), Some(cert_left)) => {
                    let piece = take(&mut bytes, cert_left);
                    self.list_left = Some(left.saturating_sub(piece.len()));
                    self.cert_left = Some(cert_left.saturating_sub(piece.len()));
                    if !self.full {
                        self.cert.extend_from_slice(piece);
                    }
                    if piece.len() == cert_left {
                        self.end();
                    }
                }
            }
        }
        Ok(())
    }

    fn read_length(&mut self, bytes: &mut &[u8]) -> Option<usize> {
        self.length.extend_from_slice(take(bytes, 3_usize.saturating_sub(self.length.len())));
        let &[a, b, c] = self.length.as_slice() else { return None };
        self.length.clear();
        Some(u32::from_be_bytes([0, a, b, c]) as usize)
    }

    fn begin(&mut self, length: usize, list_left: usize) -> Result<(), HelloError> {
        if length == 0 {
            return Err(HelloError::malformed("an empty certificate"));
        }
        if length > list_left {
            return Err(overlong());
        }
        // Once one does not fit, those behind it are out too: a chain with a gap would mislead.
        self.full |= self.chain.len() >= MAX_CHAIN || self.chain.bytes().saturating_add(length) > MAX_CHAIN_BYTES;
        if self.full && self.chain.is_empty() {
            return Err(HelloError::Limit(format!("a certificate of {length} bytes; {MAX_CHAIN_BYTES} are looked at")));
        }
        self.cert_left = Some(length);
        Ok(())
    }

    fn end(&mut self) {
        self.count = self.count.saturating_add(1);
        self.cert_left = None;
        self.full |= !self.full && self.chain.push_der(&self.cert).is_err();
        self.cert.clear();
    }

    /// At the end of the message: everything, if the lists inside ended with it.
    pub(super) fn finish(self) -> Result<Received, HelloError> {
        if self.list_left != Some(0) || self.cert_left.is_some() || !self.length.is_empty() {
            return Err(HelloError::malformed("a Certificate message whose lengths disagree"));
        }
        Ok(self.so_far())
    }

    /// The whole certificates that came until now.
    pub(super) fn so_far(self) -> Received {
        Received { chain: self.chain, count: self.count, message: self.message }
    }
}

fn overlong() -> HelloError {
    HelloError::malformed("a certificate longer than the list that it is in")
}
