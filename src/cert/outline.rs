//! Parsing: one walk over a certificate that finds where its parts are. Of their meaning it reads
//! only the two dates. It rejects only input that cannot be shown at all. Everything else is
//! decoded later, when a caller asks for it.

use super::ParseError;
use super::dates::{self, ReadDate};
use super::der::{self, DerError, Reader, Tlv};
use super::limits::MAX_CERT;

/// Where the parts of a certificate lie (RFC 5280, section 4.1).
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) tbs: Tlv,
    /// The `[0]` around the version.
    pub(super) version: Option<Tlv>,
    pub(super) serial: Tlv,
    pub(super) inner_algorithm: Tlv,
    pub(super) issuer: Tlv,
    pub(super) not_before: Date,
    pub(super) not_after: Date,
    pub(super) subject: Tlv,
    pub(super) spki: Tlv,
    /// The `[3]` around the extensions.
    pub(super) extensions: Option<Tlv>,
    /// Something in the to-be-signed part that belongs to none of its fields: at which byte.
    pub(super) stray: Option<usize>,
    pub(super) outer_algorithm: Tlv,
    pub(super) signature: Tlv,
    /// Something inside the certificate, after the signature: at which byte.
    pub(super) after_signature: Option<usize>,
    /// The end of the certificate; what follows are foreign bytes.
    pub(super) end: usize,
}

/// One of the two dates: its place and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date {
    pub(super) tlv: Tlv,
    pub(super) read: ReadDate,
}

/// Walks over `all`, from the first byte.
pub(super) fn outline(all: &[u8]) -> Result<Outline, ParseError> {
    if all.is_empty() {
        return Err(refuse(0, "expected a SEQUENCE (the certificate), found nothing".to_owned()));
    }
    if all.len() > MAX_CERT {
        return Err(refuse(MAX_CERT, format!("expected at most {MAX_CERT} bytes, found {}", all.len())));
    }
    if all.starts_with(b"-----BEGIN") {
        return Err(refuse(0, "expected DER, found PEM, which has to be decoded first".to_owned()));
    }
    let certificate = take(&mut Reader::new(all), der::SEQUENCE, "the certificate")?;
    let mut parts = certificate.inside(all);
    let tbs = take(&mut parts, der::SEQUENCE, "the to-be-signed part")?;
    let mut fields = tbs.inside(all);
    let version = fields.next_if(0xA0).map_err(|e| lost(e, "the version"))?;
    let serial = take(&mut fields, der::INTEGER, "the serial number")?;
    let inner_algorithm = take(&mut fields, der::SEQUENCE, "the signature algorithm")?;
    let issuer = take(&mut fields, der::SEQUENCE, "the issuer's name")?;
    let validity = take(&mut fields, der::SEQUENCE, "the validity")?;
    let mut dates = validity.inside(all);
    let not_before = date(all, &mut dates, "the first day of validity")?;
    let not_after = date(all, &mut dates, "the last day of validity")?;
    let subject = take(&mut fields, der::SEQUENCE, "the subject's name")?;
    let spki = take(&mut fields, der::SEQUENCE, "the public key")?;
    let (extensions, mut stray) = tail(&mut fields);
    if !dates.is_empty() {
        stray = Some(dates.at());
    }
    let outer_algorithm = take(&mut parts, der::SEQUENCE, "the algorithm of the signature")?;
    let signature = take_any(&mut parts, &[der::BIT_STRING, der::BIT_STRING | der::CONSTRUCTED], "the signature")?;
    Ok(Outline {
        tbs,
        version,
        serial,
        inner_algorithm,
        issuer,
        not_before,
        not_after,
        subject,
        spki,
        extensions,
        stray,
        outer_algorithm,
        signature,
        after_signature: (!parts.is_empty()).then(|| parts.at()),
        end: certificate.end,
    })
}

/// The optional parts after the key: two unique identifiers, then the extensions. Nothing here is a
/// reason to reject the certificate.
fn tail(fields: &mut Reader<'_>) -> (Option<Tlv>, Option<usize>) {
    let (mut extensions, mut stray) = (None, None);
    loop {
        let at = fields.at();
        match fields.next() {
            Ok(None) => return (extensions, stray),
            Ok(Some(tlv)) if tlv.tag == 0xA3 && extensions.is_none() => extensions = Some(tlv),
            Ok(Some(tlv)) if matches!(tlv.tag & !der::CONSTRUCTED, 0x81 | 0x82) && extensions.is_none() => {}
            Ok(Some(_)) => stray = stray.or(Some(at)),
            Err(_) => return (extensions, stray.or(Some(at))),
        }
    }
}

fn date(all: &[u8], reader: &mut Reader<'_>, what: &str) -> Result<Date, ParseError> {
    let tlv = take_any(reader, &[der::UTC_TIME, der::GENERALIZED_TIME], what)?;
    Ok(Date { tlv, read: dates::read(tlv.tag, tlv.body(all)) })
}

fn take(reader: &mut Reader<'_>, tag: u8, what: &str) -> Result<Tlv, ParseError> {
    take_any(reader, &[tag], what)
}

/// The next element, which must have one of `tags`; the first names what was expected.
fn take_any(reader: &mut Reader<'_>, tags: &[u8], what: &str) -> Result<Tlv, ParseError> {
    let at = reader.at();
    let odd = |found: &str| {
        let wanted = tags.first().copied().map(der::tag_name).unwrap_or_default();
        refuse(at, format!("expected {wanted} ({what}), found {found}"))
    };
    match reader.next() {
        Ok(Some(tlv)) if tags.contains(&tlv.tag) => Ok(tlv),
        Ok(Some(tlv)) => Err(odd(&der::tag_name(tlv.tag))),
        Ok(None) => Err(odd("the end")),
        Err(error) => Err(lost(error, what)),
    }
}

fn lost(error: DerError, what: &str) -> ParseError {
    refuse(error.offset, format!("expected {what}, found {}", error.what))
}

fn refuse(offset: usize, expected: String) -> ParseError {
    ParseError { offset, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_where_and_what_was_expected() {
        for (bytes, message) in [
            (&b""[..], "at byte 0, expected a SEQUENCE (the certificate), found nothing"),
            (b"hello", "at byte 1, expected the certificate, found a length that runs past the end"),
            (b"-----BEGIN CERTIFICATE-----", "at byte 0, expected DER, found PEM, which has to be decoded first"),
            (&[0x02, 0x01, 0x00], "at byte 0, expected SEQUENCE (the certificate), found INTEGER"),
            (&[0x30, 0x00], "at byte 2, expected SEQUENCE (the to-be-signed part), found the end"),
            (&[0x30, 0x02, 0x30, 0x00], "at byte 4, expected INTEGER (the serial number), found the end"),
        ] {
            assert_eq!(outline(bytes).unwrap_err().to_string(), format!("not a certificate: {message}"));
        }
        let large = vec![0x30; MAX_CERT + 1];
        assert_eq!(outline(&large).unwrap_err().offset, MAX_CERT);
    }
}
