//! Handshake messages (RFC 5246, section 7.4) in the payload of records: one may be spread over
//! many, and many may share one. Keeps nothing but the header; the bodies are handed on in pieces.

use super::records::take;

const HEADER: usize = 4;

pub(super) const HELLO_REQUEST: u8 = 0;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const CERTIFICATE: u8 = 11;
pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(super) const CERTIFICATE_REQUEST: u8 = 13;
pub(super) const SERVER_HELLO_DONE: u8 = 14;
pub(super) const CERTIFICATE_STATUS: u8 = 22;
pub(super) const SUPPLEMENTAL_DATA: u8 = 23;

/// Where we are in the sequence of messages.
#[derive(Debug, Default)]
pub(super) struct Messages {
    header: Vec<u8>,
    /// Bytes of the body still to come; `None` while in a header.
    left: Option<usize>,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A message of this kind begins; its body has so many bytes.
    Begin(u8, usize),
    /// A piece of the body.
    Body(&'a [u8]),
    /// The message is complete.
    End,
}

impl Messages {
    /// The next part; takes it from `input`. `None` when `input` is used up.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Part<'a>> {
        match self.left {
            Some(0) => {
                self.left = None;
                Some(Part::End)
            }
            Some(left) => {
                let bytes = take(input, left);
                self.left = Some(left.saturating_sub(bytes.len()));
                (!bytes.is_empty()).then_some(Part::Body(bytes))
            }
            None => {
                self.header.extend_from_slice(take(input, HEADER.saturating_sub(self.header.len())));
                let &[kind, a, b, c] = self.header.as_slice() else { return None };
                self.header.clear();
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                self.left = Some(length);
                Some(Part::Begin(kind, length))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_payload_is_cut() {
        let payload = [14, 0, 0, 0, 2, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 11, 0, 0, 2, 9];
        for size in 1..=payload.len() {
            let (mut messages, mut seen) = (Messages::default(), Vec::new());
            for mut piece in payload.chunks(size) {
                while let Some(part) = messages.next(&mut piece) {
                    match part {
                        Part::Begin(kind, length) => seen.push(format!("{kind}/{length}:")),
                        Part::Body(bytes) => seen.extend(bytes.iter().map(u8::to_string)),
                        Part::End => seen.push(".".to_owned()),
                    }
                }
                assert!(piece.is_empty());
            }
            assert_eq!(seen.concat(), "14/0:.2/3:123.0/0:.11/2:9", "in pieces of {size}");
        }
    }
}
