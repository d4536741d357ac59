//! Files in DER that hold something else than certificates alone, named by their first elements, with the
//! command that gets the certificates out. Looks at the outermost structure only and decodes nothing.

/// A container or a key, and how to get at what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// What it is called.
    pub name: &'static str,
    /// The command that shows its certificates; empty where there can be none in it.
    pub command: &'static str,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
/// 1.2.840.113549.1.7, the types of PKCS #7 (RFC 2315, section 14); the last number says which.
const PKCS7: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07];

const PKCS7_COMMAND: &str = "openssl pkcs7 -inform DER -print_certs -in FILE";
const PFX_COMMAND: &str = "openssl pkcs12 -nokeys -in FILE";

/// What these bytes are; `None` for a certificate and for what is not known.
pub fn recognise(bytes: &[u8]) -> Option<Foreign> {
    let inside = element(bytes, SEQUENCE)?.inside;
    if let Some(oid) = element(inside, OID) {
        return oid.inside.starts_with(PKCS7).then_some(Foreign { name: "PKCS #7", command: PKCS7_COMMAND });
    }
    if let Some(signed) = element(inside, SEQUENCE) {
        return signed_other(signed.inside);
    }
    let version = element(inside, INTEGER)?;
    let rest = version.rest?;
    match version.inside {
        // RFC 7292, section 4: the version and a ContentInfo.
        [3] if element(rest, SEQUENCE).and_then(|info| element(info.inside, OID)).is_some() => {
            Some(Foreign { name: "PKCS #12 (PFX)", command: PFX_COMMAND })
        }
        // RFC 5208 (an algorithm), RFC 8017 (a modulus) and RFC 5915 (a private value).
        [0 | 1] if [SEQUENCE, INTEGER, OCTET_STRING].iter().any(|tag| rest.first() == Some(tag)) => {
            Some(Foreign { name: "a private key", command: "" })
        }
        _ => None,
    }
}

/// Things that are signed like a certificate: a request (RFC 2986, section 4) has attributes behind its
/// key, and a revocation list (RFC 5280, section 5.1) has a time behind its issuer. `inside` is what is signed.
fn signed_other(inside: &[u8]) -> Option<Foreign> {
    let behind_number = element(inside, INTEGER).and_then(|number| number.rest).unwrap_or(inside);
    let behind_first = element(behind_number, SEQUENCE)?.rest?;
    match element(behind_first, SEQUENCE)?.rest?.first()? {
        0xA0 => Some(Foreign { name: "a certificate request", command: "" }),
        0x17 | 0x18 => Some(Foreign { name: "a revocation list (CRL)", command: "" }),
        _ => None,
    }
}

/// The content of an element and what is behind it, as far as it is there.
struct Element<'a> {
    inside: &'a [u8],
    /// `None` where the length is left open, as BER allows.
    rest: Option<&'a [u8]>,
}

/// The element at the front, if it has this tag.
fn element(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let (first, length, rest) = match bytes {
        [first, length, rest @ ..] => (*first, *length, rest),
        _ => return None,
    };
    if first != tag {
        return None;
    }
    let (head, length) = match length {
        0..=0x7F => (0, usize::from(length)),
        0x80 => return Some(Element { inside: rest, rest: None }),
        0x81..=0x84 => {
            let digits = rest.get(..usize::from(length & 0x7F))?;
            (digits.len(), digits.iter().fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit)))
        }
        _ => return None,
    };
    let content = rest.get(head..)?;
    // A file may be cut off; its beginning says enough.
    Some(
        content
            .split_at_checked(length)
            .map_or(Element { inside: content, rest: None }, |(inside, rest)| Element { inside, rest: Some(rest) }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_and_keys_are_told_by_their_beginning() {
        let pkcs7 = [&[0x30, 0x82, 3, 0x63, OID, 9][..], PKCS7, &[2, 0xA0]].concat();
        assert_eq!(recognise(&pkcs7).unwrap().name, "PKCS #7");
        let open = [&[0x30, 0x80, OID, 9][..], PKCS7, &[2, 0xA0, 0x80]].concat();
        assert_eq!(recognise(&open).unwrap().name, "PKCS #7", "a length that is left open");
        let pfx = [&[0x30, 0x82, 9, 0x99, INTEGER, 1, 3, 0x30, 0x82, 9, 0x4F, OID, 9][..], PKCS7, &[1, 0xA0]].concat();
        assert_eq!(recognise(&pfx).unwrap().name, "PKCS #12 (PFX)");
        for key in [
            &[INTEGER, 1, 0, 0x30, 0x0D, OID][..],
            &[INTEGER, 1, 0, INTEGER, 2, 1],
            &[INTEGER, 1, 1, OCTET_STRING, 1, 1],
        ] {
            let key = [&[0x30, 0x81, 0x90][..], key].concat();
            assert_eq!(recognise(&key), Some(Foreign { name: "a private key", command: "" }));
        }
    }

    #[test]
    fn no_bytes_panic_and_a_certificate_is_none_of_them() {
        assert_eq!(recognise(&[0x30, 0x82, 2, 0, 0x30, 0x82, 1, 0, 0xA0, 3]), None);
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x84, 0xFF, 0xFF],
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0x30, 0x85, 1],
            &[0x30, 0],
        ] {
            assert_eq!(recognise(bytes), None);
        }
    }
}
