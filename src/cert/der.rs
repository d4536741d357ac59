//! A tolerant reader of BER/DER elements (X.690). It knows tags and lengths, not certificates:
//! non-minimal and indefinite lengths are read as OpenSSL reads them, and reported by
//! [`super::strict`]. Never recursive; every call advances.

use std::borrow::Cow;
use std::ops::Range;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// The bit of a tag that says "made of other elements".
pub(super) const CONSTRUCTED: u8 = 0x20;

/// Where reading stopped and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DerError {
    pub(super) offset: usize,
    pub(super) what: &'static str,
}

/// One element: its tag octet and where its parts lie in the whole input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tlv {
    pub(super) tag: u8,
    pub(super) start: usize,
    pub(super) content: usize,
    pub(super) content_end: usize,
    pub(super) end: usize,
}

impl Tlv {
    /// The bytes of the content within the input that the element was read from.
    pub(super) fn body<'a>(&self, all: &'a [u8]) -> &'a [u8] {
        all.get(self.content..self.content_end).unwrap_or(&[])
    }

    /// The bytes of the whole element.
    pub(super) fn whole<'a>(&self, all: &'a [u8]) -> &'a [u8] {
        all.get(self.range()).unwrap_or(&[])
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// A reader over the elements inside.
    pub(super) fn inside<'a>(&self, all: &'a [u8]) -> Reader<'a> {
        Reader { all, at: self.content, end: self.content_end }
    }

    /// The bytes of a string that BER allows to come in pieces (X.690, 8.7): the bytes themselves,
    /// or the pieces put together. Pieces within pieces are not followed.
    pub(super) fn string<'a>(&self, all: &'a [u8]) -> Cow<'a, [u8]> {
        if self.tag & CONSTRUCTED == 0 {
            return Cow::Borrowed(self.body(all));
        }
        let mut joined = Vec::new();
        let mut pieces = self.inside(all);
        while let Ok(Some(piece)) = pieces.next() {
            joined.extend_from_slice(piece.body(all));
        }
        Cow::Owned(joined)
    }
}

/// A header: tag octet, where the content begins, and its length unless that is indefinite.
pub(super) struct Header {
    pub(super) tag: u8,
    pub(super) content: usize,
    pub(super) length: Option<usize>,
    /// False where DER wants fewer octets for the tag or the length.
    pub(super) minimal: bool,
}

/// Reads the header at `at`; the content must end at or before `end`.
pub(super) fn header(all: &[u8], at: usize, end: usize) -> Result<Header, DerError> {
    let window = all.get(..end).unwrap_or(all);
    let fail = |offset, what| DerError { offset, what };
    let byte = |i: usize| window.get(i).copied().ok_or(fail(i, "the data ends inside a tag or length"));
    let mut tag = byte(at)?;
    let mut minimal = true;
    let mut next = at.saturating_add(1);
    if tag & 0x1F == 0x1F {
        let mut number = 0u32;
        loop {
            let octet = byte(next)?;
            next = next.saturating_add(1);
            number =
                number.checked_mul(128).ok_or(fail(at, "a tag number that is too large"))? | u32::from(octet & 0x7F);
            if octet & 0x80 == 0 {
                break;
            }
        }
        // BER writers may use the long form for small numbers, and OpenSSL reads it.
        if let Ok(low @ 0..=0x1E) = u8::try_from(number) {
            tag = (tag & 0xE0) | low;
            minimal = false;
        }
    }
    let first = byte(next)?;
    let length_at = next;
    next = next.saturating_add(1);
    if first == 0x80 {
        return match tag & CONSTRUCTED {
            0 => Err(fail(length_at, "an indefinite length on a primitive element")),
            _ => Ok(Header { tag, content: next, length: None, minimal: false }),
        };
    }
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let octets = usize::from(first & 0x7F);
        length = 0;
        for i in 0..octets {
            let value = byte(next)?;
            minimal &= i > 0 || value != 0;
            length = length
                .checked_mul(256)
                .and_then(|l| l.checked_add(usize::from(value)))
                .ok_or(fail(length_at, "a length that is too large"))?;
            next = next.saturating_add(1);
        }
        minimal &= length >= 0x80;
    }
    if length > window.len().saturating_sub(next) {
        return Err(fail(length_at, "a length that runs past the end"));
    }
    Ok(Header { tag, content: next, length: Some(length), minimal })
}

/// Reads elements one after another.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0, end: all.len() }
    }

    /// Where the next element begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    /// The next element, `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Tlv>, DerError> {
        if self.is_empty() {
            return Ok(None);
        }
        let start = self.at;
        let head = header(self.all, start, self.end)?;
        let (content_end, end) = match head.length {
            Some(length) => {
                let end = head.content.saturating_add(length);
                (end, end)
            }
            None => end_of_contents(self.all, head.content, self.end)?,
        };
        self.at = end;
        Ok(Some(Tlv { tag: head.tag, start, content: head.content, content_end, end }))
    }

    /// The next element if it has this tag; otherwise nothing is consumed.
    pub(super) fn next_if(&mut self, tag: u8) -> Result<Option<Tlv>, DerError> {
        let mut ahead = *self;
        match ahead.next()? {
            Some(tlv) if tlv.tag == tag => {
                *self = ahead;
                Ok(Some(tlv))
            }
            _ => Ok(None),
        }
    }

    /// The same for callers that do not need the reason why there is none.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Tlv> {
        self.next_if(tag).ok().flatten()
    }
}

/// Finds the end-of-contents octets that close an element of indefinite length: the end of its
/// content and the end of the element. Only indefinite elements inside need counting.
fn end_of_contents(all: &[u8], content: usize, end: usize) -> Result<(usize, usize), DerError> {
    let mut at = content;
    let mut open = 1usize;
    while at < end {
        let head = header(all, at, end)?;
        match head.length {
            None => {
                open = open.saturating_add(1);
                at = head.content;
            }
            Some(0) if head.tag == 0 => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return Ok((at, head.content));
                }
                at = head.content;
            }
            Some(length) => at = head.content.saturating_add(length),
        }
    }
    Err(DerError { offset: content, what: "an indefinite length that is never closed" })
}

/// What a tag is called in messages.
pub(super) fn tag_name(tag: u8) -> String {
    let name = match tag {
        BOOLEAN => "BOOLEAN",
        INTEGER => "INTEGER",
        BIT_STRING => "BIT STRING",
        OCTET_STRING => "OCTET STRING",
        NULL => "NULL",
        OID => "OBJECT IDENTIFIER",
        0x0A => "ENUMERATED",
        0x0C => "UTF8String",
        0x12 => "NumericString",
        0x13 => "PrintableString",
        0x14 => "T61String",
        0x16 => "IA5String",
        UTC_TIME => "UTCTime",
        GENERALIZED_TIME => "GeneralizedTime",
        0x1A => "VisibleString",
        0x1B => "GeneralString",
        0x1C => "UniversalString",
        0x1E => "BMPString",
        SEQUENCE => "SEQUENCE",
        SET => "SET",
        _ if tag & 0xC0 == 0x80 => return format!("[{}]", tag & 0x1F),
        _ => return format!("tag 0x{tag:02X}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8]) -> Result<Option<Tlv>, DerError> {
        Reader::new(bytes).next()
    }

    #[test]
    fn definite_lengths_are_read_minimal_or_not() {
        assert_eq!(one(&[0x04, 0x01, 0xAA]).unwrap().unwrap().content, 2);
        assert_eq!(one(&[0x04, 0x81, 0x01, 0xAA]).unwrap().unwrap().content, 3);
        assert_eq!(one(&[0x04, 0x84, 0, 0, 0, 1, 0xAA]).unwrap().unwrap().content, 6);
        assert_eq!(one(&[]).unwrap(), None);
    }

    #[test]
    fn long_forms_of_small_tags_are_read() {
        let tlv = one(&[0x3F, 0x10, 0x02, 0x05, 0x00]).unwrap().unwrap();
        assert_eq!((tlv.tag, tlv.content), (SEQUENCE, 3));
        assert!(!header(&[0x3F, 0x10, 0x00], 0, 3).unwrap().minimal);
        assert_eq!(one(&[0x1F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]).unwrap_err().offset, 0);
    }

    #[test]
    fn lengths_that_lie_are_refused_where_they_stand() {
        assert_eq!(one(&[0x30, 0x02, 0x00]).unwrap_err().offset, 1);
        assert_eq!(one(&[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap_err().what, "a length that is too large");
        assert_eq!(one(&[0x30]).unwrap_err().offset, 1);
        assert_eq!(one(&[0x04, 0x80, 0, 0]).unwrap_err().offset, 1);
        assert_eq!(one(&[0x30, 0x80, 0x02, 0x01, 0x05]).unwrap_err().offset, 2);
    }

    #[test]
    fn indefinite_lengths_end_at_their_own_end_of_contents() {
        let bytes = [0x30, 0x80, 0x30, 0x80, 0x02, 0x01, 0x05, 0, 0, 0, 0, 0xFF];
        let outer = one(&bytes).unwrap().unwrap();
        assert_eq!((outer.content_end, outer.end), (9, 11));
        let inner = outer.inside(&bytes).next().unwrap().unwrap();
        assert_eq!((inner.content_end, inner.end), (7, 9));
    }

    #[test]
    fn strings_in_pieces_are_put_together() {
        let bytes = [0x24, 0x80, 0x04, 0x01, b'a', 0x04, 0x02, b'b', b'c', 0, 0];
        assert_eq!(&*one(&bytes).unwrap().unwrap().string(&bytes), b"abc");
    }
}
