//! The strict reading: what DER (X.690, sections 10 and 11) forbids although it can be read.
//! One pass without recursion over the whole certificate; it also looks into the values of
//! extensions that hold DER.

use std::ops::Range;

use super::der::{self, Header};
use super::limits::MAX_DEPTH;
use super::notes::Notes;

/// An element that has been entered: where it ends (`None`: at its end-of-contents), and for a
/// SET the element read last, which the next must not precede.
struct Open {
    tag: u8,
    end: Option<usize>,
    last: Option<(usize, usize)>,
}

/// Notes every kind of departure from DER once, with the byte where it was first met.
pub(super) fn read(all: &[u8], notes: &mut Notes) {
    let mut pass = Pass { all, open: Vec::new(), last_oid: 0..0, notes };
    let mut at = 0;
    while let Some(next) = pass.step(at) {
        at = next;
    }
}

struct Pass<'a> {
    all: &'a [u8],
    open: Vec<Open>,
    /// The object identifier read last: which extension a value belongs to.
    last_oid: Range<usize>,
    notes: &'a mut Notes,
}

impl Pass<'_> {
    /// Reads the element at `at` and says where the next one is; `None` at the end.
    fn step(&mut self, at: usize) -> Option<usize> {
        while self.open.last().is_some_and(|open| open.end.is_some_and(|end| at >= end)) {
            self.open.pop();
        }
        let end = self.open.iter().rev().find_map(|open| open.end).unwrap_or(self.all.len());
        if at >= end {
            return None;
        }
        let Ok(head) = der::header(self.all, at, end) else {
            self.note("der-structure", at);
            // Nothing more can be made of what is in here; go on behind it.
            return match self.open.iter().rev().find_map(|open| open.end) {
                Some(end) if self.leave(end) => Some(end),
                _ => None,
            };
        };
        let Some(length) = head.length else {
            self.note("der-indefinite-length", at);
            return self.enter(&head, at, None);
        };
        if !head.minimal {
            self.note("der-length", at);
        }
        let content_end = head.content.saturating_add(length);
        if head.tag == 0 && length == 0 && self.open.last().is_some_and(|open| open.end.is_none()) {
            self.open.pop();
            return Some(content_end);
        }
        self.check_order(at, content_end);
        if head.tag & der::CONSTRUCTED != 0 {
            return self.enter(&head, at, Some(content_end));
        }
        if self.is_extension_value(head.tag) {
            self.open.push(Open { tag: head.tag, end: Some(content_end), last: None });
            return Some(head.content);
        }
        if head.tag == der::OID {
            self.last_oid = head.content..content_end;
        }
        self.check_primitive(head.tag, at, head.content, content_end);
        Some(content_end)
    }

    /// Drops every element that ends at `end`. False if there is none, so that the caller advances.
    fn leave(&mut self, end: usize) -> bool {
        let before = self.open.len();
        while let Some(open) = self.open.pop() {
            if open.end == Some(end) {
                break;
            }
        }
        self.open.len() < before
    }

    fn enter(&mut self, head: &Header, at: usize, content_end: Option<usize>) -> Option<usize> {
        if head.tag & !der::CONSTRUCTED < 0x40 && !matches!(head.tag, der::SEQUENCE | der::SET) {
            self.note("der-string-in-pieces", at);
        }
        if self.open.len() >= MAX_DEPTH {
            self.note("der-too-deep", at);
            return content_end;
        }
        self.open.push(Open { tag: head.tag, end: content_end, last: None });
        Some(head.content)
    }

    /// Whether the element at hand is the value of an extension that is known to hold DER.
    fn is_extension_value(&self, tag: u8) -> bool {
        let here = self.open.iter().map(|open| open.tag);
        tag == der::OCTET_STRING
            && here.eq([der::SEQUENCE, der::SEQUENCE, 0xA3, der::SEQUENCE, der::SEQUENCE])
            && self
                .all
                .get(self.last_oid.clone())
                .is_some_and(|id| super::oid::extension(&super::oid::dotted(id)).is_some())
    }

    /// The elements of a SET OF stand in ascending order (X.690, section 11.6).
    fn check_order(&mut self, at: usize, end: usize) {
        let all = self.all;
        let Some(open) = self.open.last_mut().filter(|open| open.tag == der::SET) else { return };
        let before = open.last.replace((at, end)).and_then(|(from, to)| all.get(from..to));
        if before.is_some_and(|before| all.get(at..end).is_some_and(|now| now < before)) {
            self.note("der-set-order", at);
        }
    }

    fn check_primitive(&mut self, tag: u8, at: usize, content: usize, end: usize) {
        let body = self.all.get(content..end).unwrap_or(&[]);
        let wrong = match tag {
            der::BOOLEAN => !matches!(body, [0 | 0xFF]),
            der::INTEGER | 0x0A => !is_minimal_integer(body),
            der::NULL => !body.is_empty(),
            der::OID => !super::oid::is_valid(body),
            der::BIT_STRING => !is_der_bit_string(body),
            _ => false,
        };
        if wrong {
            let code = match tag {
                der::INTEGER | 0x0A => "der-integer",
                der::OID => "der-object-identifier",
                der::BIT_STRING => "der-bit-string",
                _ => "der-value",
            };
            self.note(code, at);
        }
    }

    fn note(&mut self, code: &'static str, at: usize) {
        if !self.notes.has(code) {
            self.notes.add(code, &format!("byte {at}"));
        }
    }
}

/// X.690, section 8.3.2.
pub(super) fn is_minimal_integer(body: &[u8]) -> bool {
    match body {
        [] => false,
        [0, next, ..] => next & 0x80 != 0,
        [0xFF, next, ..] => next & 0x80 == 0,
        _ => true,
    }
}

/// X.690, sections 8.6.2 and 11.2.1: the unused bits are fewer than 8 and zero.
fn is_der_bit_string(body: &[u8]) -> bool {
    match body {
        [] => false,
        [unused] => *unused == 0,
        [unused @ 0..=7, .., last] => u32::from(*unused) <= last.trailing_zeros(),
        _ => false,
    }
}
