//! PEM (RFC 7468): text around the blocks is ignored, other blocks are skipped, and what is
//! between the lines of a certificate block may be wrapped and indented as people do.

use data_encoding::BASE64;

use super::{Cert, ParseError};

const BEGIN: &[u8] = b"-----BEGIN ";
const DASHES: &[u8] = b"-----";

/// The DER of every certificate block in order, or why one cannot be decoded, with the offset
/// into `pem` in bytes. `CERTIFICATE`, `X509 CERTIFICATE` and OpenSSL's `TRUSTED CERTIFICATE`
/// are certificate blocks.
pub fn pem_blocks(pem: &[u8]) -> impl Iterator<Item = Result<Vec<u8>, ParseError>> + '_ {
    blocks(pem).filter_map(|block| match block {
        Block::Certificate(der) => Some(der),
        Block::Trusted(der) => Some(der.map(|mut der| {
            der.truncate(first(&der));
            der
        })),
        Block::Other(_) => None,
    })
}

/// A block of a PEM text.
#[derive(Debug)]
pub(crate) enum Block<'a> {
    /// A certificate.
    Certificate(Result<Vec<u8>, ParseError>),
    /// A certificate with OpenSSL's trust settings behind it, see [`first`].
    Trusted(Result<Vec<u8>, ParseError>),
    /// Something else, with its label.
    Other(&'a [u8]),
}

/// Every block in order.
pub(crate) fn blocks(pem: &[u8]) -> impl Iterator<Item = Block<'_>> + '_ {
    let mut at = 0usize;
    std::iter::from_fn(move || {
        let label_at = find(pem, at, BEGIN)?.saturating_add(BEGIN.len());
        let Some(label_end) = find(pem, label_at, DASHES) else {
            at = pem.len();
            return Some(Block::Certificate(Err(error(label_at, "the end of a BEGIN line"))));
        };
        let label = pem.get(label_at..label_end).unwrap_or(&[]);
        let body_at = label_end.saturating_add(DASHES.len());
        at = body_at;
        let block = match label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" => Block::Certificate,
            b"TRUSTED CERTIFICATE" => Block::Trusted,
            _ => return Some(Block::Other(label)),
        };
        let Some(body_end) = find(pem, body_at, DASHES) else {
            at = pem.len();
            return Some(block(Err(error(body_at, "an END CERTIFICATE line"))));
        };
        // An unfinished block must not swallow the one after it.
        at = body_end;
        let body = pem.get(body_at..body_end).unwrap_or(&[]);
        if !pem.get(body_end..).is_some_and(|rest| rest.starts_with(b"-----END ")) {
            return Some(block(Err(error(body_end, "an END CERTIFICATE line"))));
        }
        at = body_end.saturating_add(b"-----END ".len());
        Some(block(decode(body, body_at)))
    })
}

/// The length of the first element: of the certificate, before OpenSSL's trust settings.
pub(crate) fn first(der: &[u8]) -> usize {
    super::der::Reader::new(der).next().ok().flatten().map_or(der.len(), |tlv| tlv.end)
}

/// Reads the blocks; at least one must be there, and each must be a certificate.
pub(super) fn parse(pem: &[u8]) -> Result<Vec<Cert>, ParseError> {
    let certs = pem_blocks(pem).map(|block| Cert::parse_der(&block?)).collect::<Result<Vec<_>, _>>()?;
    if certs.is_empty() {
        return Err(error(0, "a line -----BEGIN CERTIFICATE-----, found none"));
    }
    Ok(certs)
}

/// One block, 64 characters a line.
pub(super) fn write(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut out = String::with_capacity(text.len().saturating_add(128));
    out.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at_checked(64).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}

fn decode(body: &[u8], at: usize) -> Result<Vec<u8>, ParseError> {
    let text: Vec<u8> = body.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(&text).map_err(|wrong| {
        // From the position among the characters that count to the one in the text.
        let mut counted = body.iter().enumerate().filter(|(_, b)| !b.is_ascii_whitespace()).map(|(i, _)| i);
        let place = counted.nth(wrong.position).unwrap_or(body.len());
        error(at.saturating_add(place), "base64 with its padding")
    })
}

fn error(offset: usize, expected: &str) -> ParseError {
    ParseError { offset, expected: format!("expected {expected}") }
}

/// Where `needle`, which begins with a hyphen, is next. Nearly all of a bundle is base64, which has
/// none, so looking for the first hyphen is nearly all of the work.
fn find(text: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        at = at.saturating_add(rest.iter().position(|b| *b == b'-')?);
        if text.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificates(pem: &str) -> Vec<Result<Vec<u8>, ParseError>> {
        pem_blocks(pem.as_bytes()).collect()
    }

    #[test]
    fn blocks_are_found_among_other_text() {
        let pem = "subject=x\r\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n\
                   -----BEGIN CERTIFICATE-----\r\n  aGVs\r\n  bG8=\r\n-----END CERTIFICATE-----\r\ntext\n\
                   -----BEGIN X509 CERTIFICATE-----\nAQ==\n-----END X509 CERTIFICATE-----";
        assert_eq!(certificates(pem), [Ok(b"hello".to_vec()), Ok(vec![1])]);
    }

    #[test]
    fn damaged_blocks_are_reported_with_their_place_and_the_next_is_read() {
        let pem = "-----BEGIN CERTIFICATE-----\nAQ!=\n-----END CERTIFICATE-----\n\
                   -----BEGIN CERTIFICATE-----\nAQ==\n-----BEGIN CERTIFICATE-----\nAg==\n-----END CERTIFICATE-----\n\
                   -----BEGIN CERTIFICATE-----\nAQ==";
        let found = certificates(pem);
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].as_ref().unwrap_err().offset, 30);
        assert!(found[1].is_err());
        assert_eq!(found[2], Ok(vec![2]));
        assert!(found[3].as_ref().unwrap_err().to_string().contains("END CERTIFICATE"));
        assert!(parse(b"nothing here").unwrap_err().to_string().contains("BEGIN CERTIFICATE"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for length in [0, 1, 47, 48, 49, 1000] {
            let der = vec![0xA5; length];
            assert_eq!(certificates(&write(&der)), [Ok(der)]);
        }
    }
}
