//! Reads certificates from files: PEM with any text around it, or one or several DER certificates in a
//! row. The size is bounded. If a file contains no certificate, the error says what it contains instead.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tofu::cert::{Cert, pem_blocks};

use crate::input::foreign::{Foreign, recognise};

/// A file is read up to this size, in bytes; a bundle of all public authorities has 0.2 MiB.
const MAX_FILE: u64 = 64 << 20;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Found {
    /// The certificates in their order.
    pub certs: Vec<Cert>,
    /// Why something in it cannot be read.
    pub unreadable: Vec<String>,
}

/// Reads a file; `-` is standard input.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let source: &mut dyn Read = if path == Path::new("-") { &mut io::stdin().lock() } else { &mut open(path)? };
    let limit = MAX_FILE.saturating_add(1);
    source.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(format!("larger than {} MiB", MAX_FILE >> 20));
    }
    Ok(bytes)
}

fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        _ => error.to_string(),
    })
}

/// The certificates of a file. A file without a certificate is an error.
pub fn certificates(bytes: &[u8]) -> Result<Found, String> {
    let mut found = Found::default();
    if is_der(bytes) {
        for der in split(bytes) {
            found.take(der, found.count());
        }
    } else {
        for block in pem_blocks(bytes) {
            match block {
                Ok(der) => found.take(&der, found.count()),
                Err(error) => found.unreadable.push(format!("PEM text: {error}")),
            }
        }
    }
    match found.certs.is_empty() {
        true => {
            Err(foreign(bytes).or_else(|| found.unreadable.first().cloned()).unwrap_or_else(|| other_content(bytes)))
        }
        false => Ok(found),
    }
}

impl Found {
    fn count(&self) -> usize {
        self.certs.len().saturating_add(self.unreadable.len())
    }

    fn take(&mut self, der: &[u8], before: usize) {
        match Cert::parse_der(der) {
            Ok(cert) => self.certs.push(cert),
            Err(error) => self.unreadable.push(format!("certificate {}: {error}", before.saturating_add(1))),
        }
    }
}

/// A SEQUENCE with a length of more than one byte, as every certificate has. A text may begin with `0`,
/// which is the same first byte.
fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, length, ..] if *length >= 0x80)
}

/// Certificates that follow one another. What follows the last one stays with it: it is odd, and said so.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = whole(rest).filter(|end| rest.get(*end..).is_some_and(is_der)).unwrap_or(rest.len());
        let (part, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        parts.push(part);
        rest = tail;
    }
    parts
}

/// The length of the element at the beginning, with its head.
fn whole(bytes: &[u8]) -> Option<usize> {
    let count = usize::from(bytes.get(1)?.checked_sub(0x80)?);
    let head = count.checked_add(2)?;
    let digits = bytes.get(2..head).filter(|_| (1..=4).contains(&count))?;
    let body = digits.iter().fold(0usize, |sum, digit| (sum << 8) | usize::from(*digit));
    head.checked_add(body)
}

/// What a file in DER is that is no certificate, and how to get at the certificates in it.
fn foreign(bytes: &[u8]) -> Option<String> {
    let Foreign { name, command } = recognise(bytes)?;
    Some(match command {
        "" => format!("no certificate in it, but: {name}, in DER"),
        command => format!("no certificate in it, but: {name}, in DER; {command} shows what is in it"),
    })
}

/// What a file holds that has no certificate in it.
fn other_content(bytes: &[u8]) -> String {
    const BEGIN: &str = "-----BEGIN ";
    let text = String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes));
    let label = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once("-----")).map(|(label, _)| label);
    match label {
        Some("PKCS7" | "CMS") => {
            "no certificate in it, but: PKCS7; openssl pkcs7 -print_certs -in FILE shows what is in it".to_owned()
        }
        Some(label) => format!("no certificate in it, but: {}", tofu::text::excerpt(label, 40)),
        None if bytes.is_empty() => "empty".to_owned(),
        None => "no certificate in it, neither PEM nor DER".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_is_told_from_text_that_begins_with_a_digit() {
        assert!(!is_der(b"0 s:CN = mail.example"));
        assert!(is_der(&[0x30, 0x82, 1, 0]));
    }

    #[test]
    fn elements_one_after_the_other_are_split_and_a_tail_stays_with_the_last() {
        let one = [&[0x30, 0x81, 3][..], b"abc"].concat();
        let two = [one.clone(), one.clone(), b"tail".to_vec()].concat();
        assert_eq!(split(&two), [&one[..], &[&one[..], b"tail"].concat()]);
        assert_eq!(split(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 1]).len(), 1);
        assert_eq!(split(&[0x30, 0x80]).len(), 1);
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        for (bytes, says) in [
            (&b""[..], "empty"),
            (b"hello", "neither PEM nor DER"),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PRIVATE KEY"),
            (&[0x30, 0x82, 0xFF, 0xFF, 1], "certificate 1"),
        ] {
            let error = certificates(bytes).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
