//! Converts ASN.1 strings to text. Types are often wrong, so every type has a fallback that shows
//! what is there. The result says whether the fallback was needed.

/// Text made of an ASN.1 string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// False where the bytes are not what the type promises.
    pub(super) clean: bool,
}

/// Decodes the content of a string of type `tag`. `None` for types that are not strings.
pub(super) fn decode(tag: u8, body: &[u8]) -> Option<Decoded> {
    Some(match tag {
        0x0C => ascii_like(body, |_| true),
        0x12 => ascii_like(body, |c| c.is_ascii_digit() || c == ' '),
        0x13 => ascii_like(body, is_printable),
        0x16 | 0x1B => ascii_like(body, |c| c.is_ascii()),
        0x1A | 0x19 => ascii_like(body, |c| c.is_ascii() && !c.is_ascii_control()),
        0x14 | 0x15 => Decoded { text: latin1(body), clean: true },
        0x1E => wide::<2>(body, |unit| u32::from(u16::from_be_bytes(unit))),
        0x1C => wide::<4>(body, u32::from_be_bytes),
        _ => return None,
    })
}

/// UTF-8 where it is valid, ISO 8859-1 otherwise: what a mislabelled string most likely means.
fn ascii_like(body: &[u8], allowed: impl Fn(char) -> bool) -> Decoded {
    match std::str::from_utf8(body) {
        Ok(text) => Decoded { text: text.to_owned(), clean: text.chars().all(allowed) },
        Err(_) => Decoded { text: latin1(body), clean: false },
    }
}

pub(super) fn latin1(body: &[u8]) -> String {
    body.iter().copied().map(char::from).collect()
}

/// Fixed-width strings. Surrogates and numbers beyond Unicode become U+FFFD. (UTF-16 surrogate
/// pairs have no place in a BMPString, X.690 8.23.)
fn wide<const N: usize>(body: &[u8], number: impl Fn([u8; N]) -> u32) -> Decoded {
    let mut units = body.chunks_exact(N);
    let mut clean = true;
    let mut text = String::with_capacity(body.len());
    for unit in units.by_ref() {
        let value = unit.try_into().ok().map(&number).and_then(char::from_u32);
        clean &= value.is_some();
        text.push(value.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Decoded { text, clean: clean && units.remainder().is_empty() }
}

/// The characters of a PrintableString (X.680, section 41.4). `*` and `@`, which most readers
/// accept, do not belong to it.
fn is_printable(c: char) -> bool {
    c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_type_is_decoded_and_mislabelling_is_noticed() {
        for (tag, body, text, clean) in [
            (0x0C, &b"M\xC3\xBCller"[..], "Müller", true),
            (0x0C, b"M\xFCller", "Müller", false),
            (0x13, b"Mail", "Mail", true),
            (0x13, b"a@b", "a@b", false),
            (0x13, b"M\xC3\xBC", "Mü", false),
            (0x14, b"M\xFCller", "Müller", true),
            (0x16, b"a@b", "a@b", true),
            (0x1E, b"\x00M\x00\xFC", "Mü", true),
            (0x1E, b"\x00M\x00", "M", false),
            (0x1E, b"\xD8\x00\x00A", "\u{FFFD}A", false),
            (0x1C, b"\x00\x01\xF6\x00", "😀", true),
            (0x1C, b"\xFF\xFF\xFF\xFF", "\u{FFFD}", false),
            (0x12, b"12 3", "12 3", true),
        ] {
            assert_eq!(decode(tag, body), Some(Decoded { text: text.into(), clean }), "{tag:#x} {body:?}");
        }
        assert_eq!(decode(0x03, b"\0a"), None);
    }
}
