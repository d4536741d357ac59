//! PostgreSQL: the packet SSLRequest and an answer of one byte (its manual, "Message Flow" and
//! "Message Formats").

use super::error::{Bound, Fault, lossy};
use super::{Conversation, MAX_MESSAGE, Move};

/// Length 8 and the code 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// PostgreSQL.
#[derive(Debug, Default)]
pub(super) struct Postgres {
    /// An error packet in the making, from its `E` on.
    error: Vec<u8>,
}

impl Conversation for Postgres {
    fn begin(&mut self) -> Vec<u8> {
        SSL_REQUEST.to_vec()
    }

    fn take(&mut self, input: &[u8]) -> Result<(usize, Move), Fault> {
        let Some((first, _)) = input.split_first() else { return Ok((0, Move::More)) };
        if self.error.is_empty() {
            match first {
                b'S' => return Ok((1, Move::Go)),
                b'N' => return Err(Fault::Missing("the answer N, no TLS".to_owned())),
                b'E' => {}
                _ => return Err(Fault::malformed(input)),
            }
        }
        for byte in input {
            self.error.push(*byte);
            if let Some(text) = complete(&self.error) {
                return Err(Fault::Refused(text));
            }
            if self.error.len() >= MAX_MESSAGE {
                return Err(Fault::Limit(Bound::Reply, MAX_MESSAGE));
            }
        }
        Ok((input.len(), Move::More))
    }

    fn waiting_for(&self) -> &'static str {
        "the answer to SSLRequest"
    }
}

/// The text of an error packet, once it is whole: `E`, a length and fields; or, from servers older
/// than protocol 3, `E` and a text that ends in NUL. A length that fits begins with NUL, a text does not.
fn complete(packet: &[u8]) -> Option<String> {
    let body = packet.get(1..)?;
    let (length, fields) = match body.split_first_chunk::<4>() {
        Some((length, fields)) if length.first() == Some(&0) => (u32::from_be_bytes(*length), fields),
        None if body.first() == Some(&0) => return None,
        _ => return body.strip_suffix(&[0]).map(lossy),
    };
    let whole = usize::try_from(length).ok()?.saturating_sub(4);
    (fields.len() >= whole).then(|| words(fields))
}

/// Severity, message and code of the fields, each a letter and a text that ends in NUL.
fn words(fields: &[u8]) -> String {
    let field = |kind: u8| {
        let mut all = fields.split(|b| *b == 0);
        all.find(|f| f.first() == Some(&kind)).and_then(|f| f.get(1..)).map(lossy)
    };
    let parts = [field(b'S'), field(b'M'), field(b'C').map(|code| format!("({code})"))];
    let words = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if words.is_empty() { "an error without a text".to_owned() } else { words }
}
