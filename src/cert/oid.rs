//! Object identifiers: their dotted text and the names people know them by.

use super::der::{self, Reader};

/// The content of an OBJECT IDENTIFIER as dotted text. If the bytes are not an object identifier,
/// `oid:` and hexadecimal, so that nothing false is shown.
pub(super) fn dotted(body: &[u8]) -> String {
    read(body).unwrap_or_else(|| format!("oid:{}", data_encoding::HEXLOWER.encode(body.get(..32).unwrap_or(body))))
}

/// Whether these bytes are a well-formed object identifier.
pub(super) fn is_valid(body: &[u8]) -> bool {
    read(body).is_some()
}

fn read(body: &[u8]) -> Option<String> {
    if body.len() > 64 || body.last().is_none_or(|b| b & 0x80 != 0) {
        return None;
    }
    let mut out = String::with_capacity(32);
    for group in body.split_inclusive(|byte| byte & 0x80 == 0) {
        if group.first() == Some(&0x80) {
            return None;
        }
        let mut arc = number(group)?;
        if out.is_empty() {
            let first = (arc / 40).min(2);
            push_number(&mut out, first);
            arc = arc.checked_sub(first.checked_mul(40)?)?;
        }
        out.push('.');
        push_number(&mut out, arc);
    }
    Some(out)
}

/// The number of which each octet has seven bits.
fn number(group: &[u8]) -> Option<u128> {
    let bits = |octet: &u8| octet & 0x7F;
    // Arithmetic of 128 bits is slow, and only the UUIDs below 2.25 need it.
    match group.len() {
        0..=4 => Some(group.iter().fold(0u32, |number, octet| number << 7 | u32::from(bits(octet))).into()),
        _ => group.iter().try_fold(0u128, |number, octet| number.checked_mul(128)?.checked_add(bits(octet).into())),
    }
}

/// Decimal digits; small numbers, which nearly all are, without the cost of formatting.
fn push_number(out: &mut String, number: u128) {
    match u8::try_from(number) {
        Ok(small) => {
            let digit = |n: u8| char::from(b'0'.wrapping_add(n % 10));
            if small >= 100 {
                out.push(digit(small / 100));
            }
            if small >= 10 {
                out.push(digit(small / 10));
            }
            out.push(digit(small));
        }
        Err(_) => match u64::try_from(number) {
            Ok(number) => out.push_str(&number.to_string()),
            Err(_) => out.push_str(&number.to_string()),
        },
    }
}

/// The object identifier that an element, usually an AlgorithmIdentifier, begins with, dotted,
/// and what follows it.
pub(super) fn leading<'a>(mut inside: Reader<'a>, all: &'a [u8]) -> (String, Reader<'a>) {
    match inside.next() {
        Ok(Some(tlv)) if tlv.tag == der::OID => (dotted(tlv.body(all)), inside),
        _ => (String::new(), inside),
    }
}

/// Short names of attribute types, as RFC 4514 and OpenSSL write them.
pub(super) fn attribute(dotted: &str) -> Option<&'static str> {
    Some(match dotted {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.13" => "description",
        "2.5.4.15" => "businessCategory",
        "2.5.4.16" => "postalAddress",
        "2.5.4.17" => "postalCode",
        "2.5.4.20" => "telephoneNumber",
        "2.5.4.41" => "name",
        "2.5.4.42" => "GN",
        "2.5.4.43" => "initials",
        "2.5.4.44" => "generationQualifier",
        "2.5.4.45" => "x500UniqueIdentifier",
        "2.5.4.46" => "dnQualifier",
        "2.5.4.65" => "pseudonym",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.3" => "mail",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "1.2.840.113549.1.9.2" => "unstructuredName",
        "1.2.840.113549.1.9.8" => "unstructuredAddress",
        "1.3.6.1.4.1.311.60.2.1.1" => "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2" => "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3" => "jurisdictionC",
        _ => return None,
    })
}

/// Names of extensions.
pub(super) fn extension(dotted: &str) -> Option<&'static str> {
    Some(match dotted {
        "2.5.29.9" => "subjectDirectoryAttributes",
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.16" => "privateKeyUsagePeriod",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.18" => "issuerAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.31" => "cRLDistributionPoints",
        "2.5.29.32" => "certificatePolicies",
        "2.5.29.33" => "policyMappings",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.36" => "policyConstraints",
        "2.5.29.37" => "extKeyUsage",
        "2.5.29.46" => "freshestCRL",
        "2.5.29.54" => "inhibitAnyPolicy",
        "1.3.6.1.5.5.7.1.1" => "authorityInfoAccess",
        "1.3.6.1.5.5.7.1.3" => "qcStatements",
        "1.3.6.1.5.5.7.1.11" => "subjectInfoAccess",
        "1.3.6.1.5.5.7.1.24" => "tlsFeature",
        "1.3.6.1.5.5.7.48.1.5" => "ocspNoCheck",
        "1.3.6.1.4.1.11129.2.4.2" => "signedCertificateTimestamps",
        "1.3.6.1.4.1.11129.2.4.3" => "precertificatePoison",
        "2.16.840.1.113730.1.1" => "netscapeCertType",
        "2.16.840.1.113730.1.13" => "netscapeComment",
        _ => return None,
    })
}

/// Names of extended key usages (RFC 5280, section 4.2.1.12, and common ones since).
pub(super) fn usage(dotted: &str) -> Option<&'static str> {
    Some(match dotted {
        "2.5.29.37.0" => "anyExtendedKeyUsage",
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.5" => "ipsecEndSystem",
        "1.3.6.1.5.5.7.3.6" => "ipsecTunnel",
        "1.3.6.1.5.5.7.3.7" => "ipsecUser",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        "1.3.6.1.5.5.7.3.17" => "ipsecIKE",
        "1.3.6.1.4.1.311.10.3.3" => "msSGC",
        "2.16.840.1.113730.4.1" => "nsSGC",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_dotted_or_shown_as_bytes() {
        assert_eq!(dotted(&[0x55, 0x04, 0x03]), "2.5.4.3");
        assert_eq!(dotted(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D]), "1.2.840.113549");
        assert_eq!(dotted(&[0x88, 0x37, 0x03]), "2.999.3");
        assert_eq!(dotted(&[0x78, 0x00, 0x0A, 0x63, 0x64, 0x81, 0x7F, 0x82, 0x00]), "2.40.0.10.99.100.255.256");
        for bad in [&[][..], &[0x55, 0x84], &[0x55, 0x80, 0x01], &[0xFF; 30]] {
            assert!(dotted(bad).starts_with("oid:"), "{bad:?}");
        }
    }
}
