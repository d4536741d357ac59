//! The DER reading that path checks need in addition to `cert`: parts of a certificate, a CRL or an
//! OCSP response that have no accessor. Never copies and never recurses. `None` means "not there or
//! not DER".

/// One element: its tag byte, its contents, and all of its bytes.
#[derive(Clone, Copy)]
pub(super) struct Tlv<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    pub(super) whole: &'a [u8],
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element. `None` at the end, or if the bytes are not a TLV of definite length.
    pub(super) fn next(&mut self) -> Option<Tlv<'a>> {
        let (&tag, after_tag) = self.0.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, mut rest) = after_tag.split_first()?;
        let mut len = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let (digits, tail) = rest.split_at_checked(count)?;
            len = digits.iter().fold(0, |n, &d| (n << 8) | usize::from(d));
            rest = tail;
        }
        let (value, tail) = rest.split_at_checked(len)?;
        let whole = self.0.get(..self.0.len().checked_sub(tail.len())?)?;
        self.0 = tail;
        Some(Tlv { tag, value, whole })
    }

    /// The next element if it has this tag; nothing is consumed otherwise.
    pub(super) fn take(&mut self, tag: u8) -> Option<Tlv<'a>> {
        let mut ahead = *self;
        let tlv = ahead.next().filter(|tlv| tlv.tag == tag)?;
        *self = ahead;
        Some(tlv)
    }

    /// The contents of the next element, which must have this tag.
    pub(super) fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.take(tag).map(|tlv| tlv.value)
    }

    /// A reader over the contents of the next element, which must have this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.value(tag).map(Reader)
    }
}

/// One element in DER from the parts of its contents. A part of a certificate is far below the
/// 4 GiB at which the length would need more than four bytes.
pub(super) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
    let mut der = Vec::with_capacity(length.saturating_add(6));
    der.push(tag);
    match digits.as_slice() {
        [] => der.push(0),
        [short @ 0..=0x7f] => der.push(*short),
        long => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or(0));
            der.extend_from_slice(long);
        }
    }
    parts.iter().for_each(|part| der.extend_from_slice(part));
    der
}

/// The bits of a BIT STRING that is a whole number of bytes.
pub(super) fn bits(value: &[u8]) -> Option<&[u8]> {
    match value.split_first()? {
        (0, bits) => Some(bits),
        _ => None,
    }
}

/// The parts of a signed structure (certificate, CRL, basic OCSP response): what is signed, the
/// algorithm identifier's contents, the signature, and what follows.
pub(super) struct Signed<'a> {
    pub(super) tbs: Tlv<'a>,
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) rest: Reader<'a>,
}

pub(super) fn signed(der: &[u8]) -> Option<Signed<'_>> {
    let mut rest = Reader::new(der).enter(SEQUENCE)?;
    let tbs = rest.take(SEQUENCE)?;
    let algorithm = rest.value(SEQUENCE)?;
    // A signature that is not a whole number of bytes does not verify with any key.
    let signature = bits(rest.value(BIT_STRING)?).unwrap_or(&[]);
    Some(Signed { tbs, algorithm, signature, rest })
}

/// The parts of a certificate that `cert` does not hand out.
pub(super) struct Parts<'a> {
    /// The subject, with its tag and length.
    pub(super) subject: &'a [u8],
    extensions: Reader<'a>,
}

pub(super) fn parts(cert: &[u8]) -> Option<Parts<'_>> {
    let mut tbs = Reader::new(cert).enter(SEQUENCE)?.enter(SEQUENCE)?;
    let _version = tbs.take(0xa0);
    tbs.value(INTEGER)?;
    for _ in ["signature", "issuer", "validity"] {
        tbs.value(SEQUENCE)?;
    }
    let subject = tbs.take(SEQUENCE)?.whole;
    tbs.value(SEQUENCE)?;
    let (_issuer_id, _subject_id) = (tbs.take(0x81), tbs.take(0x82));
    let extensions = tbs.enter(0xa3).and_then(|mut e| e.enter(SEQUENCE)).unwrap_or(Reader::new(&[]));
    Some(Parts { subject, extensions })
}

impl<'a> Parts<'a> {
    /// The contents of the extension with this OID (its DER contents).
    pub(super) fn extension(&self, oid: &[u8]) -> Option<&'a [u8]> {
        let mut extensions = self.extensions;
        while let Some(mut extension) = extensions.enter(SEQUENCE) {
            if extension.value(OID)? == oid {
                let _critical = extension.take(0x01);
                return extension.value(OCTET_STRING);
            }
        }
        None
    }

    pub(super) fn has_extensions(&self) -> bool {
        !self.extensions.at_end()
    }
}

/// A GeneralizedTime as RFC 5280 and RFC 6960 want it (`YYYYMMDDHHMMSSZ`), in seconds since 1970.
pub(super) fn generalized_time(value: &[u8]) -> Option<crate::time::Timestamp> {
    let digits = value.strip_suffix(b"Z").filter(|d| d.len() == 14 && d.iter().all(u8::is_ascii_digit))?;
    let number = |from: usize, len: usize| -> Option<i32> {
        std::str::from_utf8(digits.get(from..from.checked_add(len)?)?).ok()?.parse().ok()
    };
    let part = |from| number(from, 2).and_then(|n| u8::try_from(n).ok());
    let month = time::Month::try_from(part(4)?).ok()?;
    let date = time::Date::from_calendar_date(number(0, 4)?, month, part(6)?).ok()?;
    let clock = time::Time::from_hms(part(8)?, part(10)?, part(12)?.min(59)).ok()?;
    Some(time::PrimitiveDateTime::new(date, clock).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_and_indefinite_lengths_are_not_read() {
        for bad in
            [&[][..], &[0x30], &[0x30, 0x80, 0, 0], &[0x30, 2, 0], &[0x30, 0x85, 0, 0, 0, 0, 1, 0], &[0x1f, 1, 0]]
        {
            assert!(Reader::new(bad).next().is_none(), "{bad:?}");
        }
        let mut two = Reader::new(&[2, 1, 5, 4, 0]);
        assert!(two.take(4).is_none());
        assert_eq!(two.value(INTEGER), Some(&[5][..]));
        assert_eq!(two.value(OCTET_STRING), Some(&[][..]));
        assert!(two.at_end());
    }

    #[test]
    fn times_are_read_strictly() {
        assert_eq!(generalized_time(b"20240229235959Z"), Some(1_709_251_199));
        for bad in ["20240230000000Z", "20240229235959", "2024022923595Z", "20240229235959.5Z", "+0240229235959Z", ""] {
            assert_eq!(generalized_time(bad.as_bytes()), None, "{bad}");
        }
    }
}
