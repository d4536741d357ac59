//! Reads a file of trust anchors. It is the only reader of such files, from every source
//! (`SSL_CERT_FILE`, a directory, `--cafile`, a program that adds roots). Accepts PEM with any text
//! around it, or DER, and respects OpenSSL's trust settings. It names what it does not take.
//! `bundle` reads plain files faster, with the same result.

use std::collections::BTreeSet;

use super::der::{OCTET_STRING, OID, Reader, SEQUENCE};
use super::judge::called;
use crate::cert::{Block, Cert, ParseError, blocks, first};
use crate::text::{count, excerpt};

/// serverAuth (RFC 5280, section 4.2.1.12) and anyExtendedKeyUsage, in DER.
const FOR_SERVERS: [&[u8]; 2] = [&[0x2b, 6, 1, 5, 5, 7, 3, 1], &[0x55, 0x1d, 0x25, 0]];
/// The tags of OpenSSL's X509_CERT_AUX: the rejected purposes, the alias, and fields that are not
/// used.
const REJECT: u8 = 0xA0;
const ALIAS: u8 = 0x0C;
const OTHER: u8 = 0xA1;
/// Characters of the label of a block that is passed over.
const MAX_LABEL: usize = 40;
/// Different labels that are named.
const MAX_LABELS: usize = 8;

/// What a file of trust anchors holds.
#[derive(Debug, Default)]
pub struct RootFile {
    /// The certificates that count, in their order.
    pub certs: Vec<Cert>,
    /// What was skipped on purpose, and why, safe to show: certificates that are not trusted for
    /// TLS servers, and blocks that are not certificates.
    pub skipped: Vec<String>,
    /// The certificates that cannot be read, each with its number in the file, from 1.
    pub unreadable: Vec<(usize, ParseError)>,
    /// The DER of the certificates that are not trusted for TLS servers, whatever other files say.
    pub(super) rejected: BTreeSet<Vec<u8>>,
    number: usize,
}

/// What OpenSSL's trust settings say of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Servers,
    /// For something else only.
    Otherwise,
    Rejected,
    /// Not to be made out, so that it is not trusted.
    Unreadable,
}

impl RootFile {
    /// Reads a file. Nothing is an error here: the caller says what it can do without.
    pub fn read(bytes: &[u8]) -> Self {
        let mut file = Self::default();
        if is_der(bytes) {
            file.der(bytes);
        } else {
            file.pem(bytes);
        }
        // If a certificate is there twice, and rejected once, the stricter statement counts.
        let Self { certs, rejected, .. } = &mut file;
        certs.retain(|cert| rejected.is_empty() || !rejected.contains(cert.der()));
        file
    }

    /// Why nothing of it counts, in one line.
    pub fn why_empty(&self) -> String {
        let unreadable = self.unreadable.first().map(|(number, error)| format!("certificate {number}: {error}"));
        let why = unreadable.or_else(|| self.skipped.first().cloned());
        excerpt(&why.unwrap_or_else(|| "it contains no certificate".to_owned()), 300)
    }

    fn pem(&mut self, bytes: &[u8]) {
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            self.skipped.push("UTF-16 text, as some programs of Windows write it; save it as UTF-8".to_owned());
            return;
        }
        let mut others: Vec<(&[u8], u64)> = Vec::new();
        for block in blocks(bytes) {
            match block {
                Block::Certificate(der) => self.block(der, false),
                Block::Trusted(der) => self.block(der, true),
                Block::Other(label) => {
                    let full = others.len() >= MAX_LABELS;
                    match others.iter_mut().find(|(known, _)| *known == label) {
                        Some((_, times)) => *times = times.saturating_add(1),
                        None if full => {}
                        None => others.push((label, 1)),
                    }
                }
            }
        }
        for (label, times) in others {
            let label = excerpt(&String::from_utf8_lossy(label), MAX_LABEL);
            self.skipped.push(format!("{} of the kind {label}", count(times, "block")));
        }
    }

    fn block(&mut self, der: Result<Vec<u8>, ParseError>, settings: bool) {
        self.number = self.number.saturating_add(1);
        let der = match der {
            Ok(der) => der,
            Err(error) => return self.unreadable.push((self.number, error)),
        };
        let end = if settings { first(&der) } else { der.len() };
        let (cert, settings) = der.split_at_checked(end).unwrap_or((&der, &[]));
        match Cert::parse_der(cert) {
            Ok(cert) => self.take(cert, trust(settings)),
            Err(error) => self.unreadable.push((self.number, error)),
        }
    }

    /// Certificates one after the other, each perhaps with its trust settings behind it.
    fn der(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            self.number = self.number.saturating_add(1);
            let (cert, behind) = rest.split_at_checked(first(rest)).unwrap_or((rest, &[]));
            // Bytes that are not a SEQUENCE are neither a certificate nor settings: they are the
            // end of a line, or padding.
            let behind = if behind.first() == Some(&SEQUENCE) { behind } else { &[] };
            // A certificate is longer than what fits a length of one byte, and settings are shorter.
            let settings = if is_der(behind) { 0 } else { first(behind) };
            let (settings, behind) = behind.split_at_checked(settings).unwrap_or((behind, &[]));
            match Cert::parse_der(cert) {
                Ok(cert) => self.take(cert, trust(settings)),
                Err(error) => return self.unreadable.push((self.number, error)),
            }
            rest = behind;
        }
    }

    fn take(&mut self, cert: Cert, trust: Trust) {
        let why = match trust {
            Trust::Servers => {
                self.certs.push(cert);
                return;
            }
            Trust::Otherwise => "its trust settings do not name TLS servers",
            Trust::Rejected => "its trust settings reject it for TLS servers",
            Trust::Unreadable => "its trust settings cannot be read",
        };
        self.skipped.push(format!("certificate {} ({}): {why}", self.number, called(cert.subject())));
        self.rejected.insert(cert.der().to_vec());
    }
}

/// A SEQUENCE with a length of more than one byte, as every certificate has. A text may begin with `0`, which is
/// the same first byte.
fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, length, ..] if *length >= 0x80)
}

/// What OpenSSL makes of the settings (`obj_trust` in crypto/x509/x509_trust.c): a rejection counts first, and a
/// list of what is trusted excludes all else.
fn trust(settings: &[u8]) -> Trust {
    if settings.is_empty() {
        return Trust::Servers;
    }
    let Some((trusted, rejected)) = lists(settings) else { return Trust::Unreadable };
    match (rejected.map(names_servers), trusted.map(names_servers)) {
        (Some(None), _) | (_, Some(None)) => Trust::Unreadable,
        (Some(Some(true)), _) => Trust::Rejected,
        (_, Some(Some(false))) => Trust::Otherwise,
        (_, _) => Trust::Servers,
    }
}

/// The list of what it is trusted for, and of what it is rejected for.
fn lists(settings: &[u8]) -> Option<(Option<Reader<'_>>, Option<Reader<'_>>)> {
    let mut all = Reader::new(settings);
    let mut inside = all.enter(SEQUENCE).filter(|_| all.at_end())?;
    let lists = (inside.enter(SEQUENCE), inside.enter(REJECT));
    for tag in [ALIAS, OCTET_STRING, OTHER] {
        inside.take(tag);
    }
    inside.at_end().then_some(lists)
}

/// Whether a list of purposes contains servers. `None` if the bytes are not such a list.
fn names_servers(mut list: Reader<'_>) -> Option<bool> {
    let mut found = false;
    while !list.at_end() {
        found |= FOR_SERVERS.contains(&list.value(OID)?);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    const MAIL: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4];
    const ANY: &[u8] = &[6, 4, 0x55, 0x1d, 0x25, 0];

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()][..], &content].concat()
    }

    #[test]
    fn trust_settings_mean_what_they_mean_to_openssl() {
        let alias = tlv(ALIAS, &[b"name"]);
        for (parts, expected) in [
            (vec![], Trust::Servers),
            (vec![alias.clone()], Trust::Servers),
            (vec![tlv(SEQUENCE, &[SERVER]), alias.clone()], Trust::Servers),
            (vec![tlv(SEQUENCE, &[ANY])], Trust::Servers),
            (vec![tlv(SEQUENCE, &[MAIL, SERVER])], Trust::Servers),
            (vec![tlv(SEQUENCE, &[MAIL])], Trust::Otherwise),
            (vec![tlv(SEQUENCE, &[])], Trust::Otherwise),
            (vec![tlv(REJECT, &[SERVER])], Trust::Rejected),
            (vec![tlv(REJECT, &[ANY])], Trust::Rejected),
            (vec![tlv(REJECT, &[MAIL])], Trust::Servers),
            (vec![tlv(SEQUENCE, &[SERVER]), tlv(REJECT, &[SERVER])], Trust::Rejected),
            (vec![tlv(SEQUENCE, &[MAIL]), tlv(REJECT, &[MAIL]), alias], Trust::Otherwise),
            (vec![tlv(SEQUENCE, &[&[4, 1, 0]])], Trust::Unreadable),
            (vec![tlv(9, &[])], Trust::Unreadable),
        ] {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            assert_eq!(trust(&tlv(SEQUENCE, &parts)), expected, "{parts:?}");
        }
        assert_eq!(trust(&[]), Trust::Servers);
        for broken in [&[0x30][..], &[0x30, 5, 1], &[5, 0], &[0x30, 0, 0]] {
            assert_eq!(trust(broken), Trust::Unreadable, "{broken:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let file =
            RootFile::read(b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n-----BEGIN X509 CRL-----\n");
        assert_eq!(file.skipped, ["1 block of the kind PRIVATE KEY", "1 block of the kind X509 CRL"]);
        assert_eq!(RootFile::read(b"").why_empty(), "it contains no certificate");
        assert!(RootFile::read(b"\xFF\xFE-\0-\0").why_empty().starts_with("UTF-16"));
        assert!(
            RootFile::read(&[0x30, 0x82, 0xFF, 0xFF, 1]).why_empty().starts_with("certificate 1: not a certificate")
        );
        assert!(RootFile::read(b"0 s:CN = mail.example").why_empty().starts_with("it contains no certificate"));
    }
}
