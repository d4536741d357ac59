//! The record layer (RFC 5246, section 6.2.1): takes the stream apart as it arrives and keeps no
//! payload, so that one byte at a time costs no more than all at once.

use super::error::HelloError;

/// The most bytes in a record. 2^14 by the standard; what compression or encryption may add is
/// forgiven, because some servers confuse them.
const MAX_RECORD: usize = (1 << 14) + 2048;
const HEADER: usize = 5;

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;

/// Where we are in the stream.
#[derive(Debug, Default)]
pub(super) struct Records {
    header: Vec<u8>,
    kind: u8,
    /// Bytes of the record still to come.
    left: usize,
}

/// A piece of a record's payload.
pub(super) struct Piece<'a> {
    pub(super) kind: u8,
    pub(super) bytes: &'a [u8],
}

impl Records {
    /// The next piece of payload; takes it from `input`. `None` when `input` is used up.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Piece<'a>>, HelloError> {
        while self.left == 0 {
            let wanted = HEADER.saturating_sub(self.header.len());
            self.header.extend_from_slice(take(input, wanted));
            if self.header.len() < HEADER {
                return Ok(None);
            }
            self.begin()?;
        }
        let bytes = take(input, self.left);
        self.left = self.left.saturating_sub(bytes.len());
        Ok((!bytes.is_empty()).then_some(Piece { kind: self.kind, bytes }))
    }

    fn begin(&mut self) -> Result<(), HelloError> {
        let header = tls_parser::parse_tls_record_header(&self.header).map(|(_, header)| header);
        let header = header.map_err(|_| HelloError::malformed("a record header"))?;
        if header.version.0 >> 8 != 3 {
            return Err(HelloError::malformed("a record of no known version"));
        }
        if usize::from(header.len) > MAX_RECORD {
            return Err(HelloError::malformed("a record longer than TLS allows"));
        }
        self.kind = header.record_type.0;
        self.left = header.len.into();
        self.header.clear();
        Ok(())
    }
}

/// Takes at most `count` bytes off the front.
pub(super) fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    front
}
