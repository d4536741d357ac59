//! The wide ClientHello (RFC 5246, section 7.4.1.2): everything that may make a server answer with
//! certificates. Nothing in it is meant to be used; the connection ends before a key is agreed on.

use super::{Version, suite};
use crate::endpoint::Host;

/// What to ask with.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The name to ask for (SNI); an address is not sent, as RFC 6066 has it.
    pub host: Option<Host>,
    /// The highest version offered; the server may choose a lower one.
    pub highest: Version,
    /// From a source of randomness, so that two looks differ. No secret follows from it.
    pub random: [u8; 32],
}

const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const CLIENT_HELLO: u8 = 1;

const SERVER_NAME: u16 = 0;
const STATUS_REQUEST: u16 = 5;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const PADDING: u16 = 21;
const EXTENDED_MASTER_SECRET: u16 = 23;

/// x25519, P-256, P-384, P-521, x448, brainpool, the other secp and all sect curves, ffdhe. A
/// server shows an EC certificate only to a client that names its curve (RFC 8422, section 5.1).
#[rustfmt::skip]
const GROUPS: &[u16] = &[
    29, 23, 24, 25, 30, 26, 27, 28, 22, 21, 20, 19, 18, 17, 16, 15,
    14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
    256, 257, 258, 259, 260,
];

/// ECDSA, EdDSA, PSS by ordinary and by marked keys, PKCS#1, SHA-224, DSA, brainpool, SM2, GOST,
/// and at the end SHA-1 and MD5: servers choose a certificate by this list.
#[rustfmt::skip]
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601,
    0x0809, 0x080A, 0x080B, 0x081A, 0x081B, 0x081C, 0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602,
    0x0708, 0x0840, 0x0841, 0xEEEE, 0xEFEF, 0xEDED,
    0x0203, 0x0201, 0x0202, 0x0101,
];

/// The whole ClientHello in its record. SSL 3.0 knows no extensions and gets none.
pub fn client_hello(offer: &Offer) -> Vec<u8> {
    let mut body = offer.highest.code().to_be_bytes().to_vec();
    body.extend(offer.random);
    body.push(0); // No session to resume.
    put(&mut body, |out| suite::offered().for_each(|code| out.extend(code.to_be_bytes())));
    body.extend([1, 0]); // No compression.
    if offer.highest > Version::Ssl30 {
        let mut list = extensions(offer);
        pad(&mut list, body.len());
        put(&mut body, |out| out.append(&mut list));
    }
    let mut message = vec![CLIENT_HELLO, 0];
    put(&mut message, |out| out.append(&mut body));
    record(HANDSHAKE, offer.highest.min(Version::Tls10), &message)
}

/// The polite end of the look: a close_notify alert.
pub fn close_notify(version: Version) -> Vec<u8> {
    record(ALERT, version, &[1, 0])
}

fn record(kind: u8, version: Version, payload: &[u8]) -> Vec<u8> {
    let mut record = vec![kind];
    record.extend(version.code().to_be_bytes());
    put(&mut record, |out| out.extend(payload));
    record
}

fn extensions(offer: &Offer) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(host) = offer.host.as_ref().filter(|host| host.ip().is_none()) {
        extension(&mut out, SERVER_NAME, |list| {
            put(list, |entry| {
                entry.push(0); // host_name
                put(entry, |name| name.extend(host.as_str().bytes()));
            });
        });
    }
    extension(&mut out, EXTENDED_MASTER_SECRET, |_| ());
    extension(&mut out, SUPPORTED_GROUPS, |list| numbers(list, GROUPS));
    extension(&mut out, EC_POINT_FORMATS, |list| list.extend([3, 0, 1, 2]));
    extension(&mut out, STATUS_REQUEST, |request| request.extend([1, 0, 0, 0, 0]));
    if offer.highest == Version::Tls12 {
        extension(&mut out, SIGNATURE_ALGORITHMS, |list| numbers(list, SIGNATURES));
    }
    out
}

/// RFC 7685: a ClientHello of 256 to 511 bytes makes some servers hang. `before` are the bytes of
/// the message's body so far.
fn pad(list: &mut Vec<u8>, before: usize) {
    const HEADER: usize = 4;
    let length = before.saturating_add(list.len()).saturating_add(HEADER + 2);
    if (256..512).contains(&length) {
        let missing = 512_usize.saturating_sub(length).saturating_sub(HEADER);
        extension(list, PADDING, |zeros| zeros.resize(missing, 0));
    }
}

fn extension(out: &mut Vec<u8>, kind: u16, content: impl FnOnce(&mut Vec<u8>)) {
    out.extend(kind.to_be_bytes());
    put(out, content);
}

fn numbers(out: &mut Vec<u8>, list: &[u16]) {
    put(out, |out| list.iter().for_each(|number| out.extend(number.to_be_bytes())));
}

/// Content behind its length in two bytes. Nothing here comes near 64 KiB: a host has at most 253.
fn put(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    content(&mut inner);
    out.extend(u16::try_from(inner.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.append(&mut inner);
}

#[cfg(test)]
mod tests {
    use tls_parser::{
        TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_client_hello_extensions, parse_tls_plaintext,
    };

    use super::*;

    fn offer(host: &str, highest: Version) -> Vec<u8> {
        client_hello(&Offer { host: Some(Host::parse(host).unwrap()), highest, random: [7; 32] })
    }

    /// The version of record and hello, the suites, and the extensions as another reader sees them.
    fn read(hello: &[u8]) -> (u16, u16, Vec<u16>, Vec<TlsExtension<'_>>) {
        let (rest, record) = parse_tls_plaintext(hello).unwrap();
        assert!(rest.is_empty());
        let [TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello))] = record.msg.as_slice() else {
            panic!("{:?}", record.msg)
        };
        assert_eq!((hello.random, hello.session_id, hello.comp.len()), (&[7; 32][..], None, 1));
        let list = hello.ext.map_or_else(Vec::new, |ext| {
            let (rest, list) = parse_tls_client_hello_extensions(ext).unwrap();
            assert!(rest.is_empty());
            list
        });
        (record.hdr.version.0, hello.version.0, hello.ciphers.iter().map(|c| c.0).collect(), list)
    }

    #[test]
    fn another_parser_reads_back_what_was_meant() {
        let hello = offer("mail.example", Version::Tls12);
        let (record, version, suites, extensions) = read(&hello);
        assert_eq!((record, version), (0x0301, 0x0303));
        assert_eq!(suites, suite::offered().collect::<Vec<_>>());
        let seen = |wanted: &dyn Fn(&TlsExtension<'_>) -> bool| extensions.iter().filter(|e| wanted(e)).count();
        assert_eq!(seen(&|e| matches!(e, TlsExtension::SNI(names) if names[0].1 == b"mail.example")), 1);
        assert_eq!(seen(&|e| matches!(e, TlsExtension::EllipticCurves(groups) if groups.len() == GROUPS.len())), 1);
        assert_eq!(seen(&|e| matches!(e, TlsExtension::SignatureAlgorithms(list) if list == SIGNATURES)), 1);
        assert_eq!(seen(&|e| matches!(e, TlsExtension::StatusRequest(_))), 1);
        assert_eq!(seen(&|e| matches!(e, TlsExtension::ExtendedMasterSecret)), 1);
        assert_eq!(seen(&|e| matches!(e, TlsExtension::SupportedVersions(_))), 0, "would mean TLS 1.3");
    }

    #[test]
    fn an_address_is_no_server_name_and_older_versions_get_what_they_know() {
        let hello = offer("192.0.2.1", Version::Tls10);
        let (record, version, _, extensions) = read(&hello);
        assert_eq!((record, version), (0x0301, 0x0301));
        assert!(!extensions.iter().any(|e| matches!(e, TlsExtension::SNI(_) | TlsExtension::SignatureAlgorithms(_))));
        let hello = offer("mail.example", Version::Ssl30);
        let (record, version, suites, extensions) = read(&hello);
        assert_eq!((record, version, extensions.len()), (0x0300, 0x0300, 0));
        assert_eq!(suites.last(), Some(&0x00FF));
    }

    #[test]
    fn no_hello_has_a_length_that_servers_choke_on() {
        for version in [Version::Tls10, Version::Tls11, Version::Tls12] {
            for letters in 1..=63 {
                let message = offer(&"a".repeat(letters), version).len() - 5;
                assert!(!(256..512).contains(&message), "{version}: {message}");
            }
        }
        let mut list = vec![0; 100];
        pad(&mut list, 200);
        assert_eq!(list.len() + 200 + 6, 512);
    }

    #[test]
    fn the_last_word_is_close_notify() {
        assert_eq!(close_notify(Version::Tls11), [21, 3, 2, 0, 2, 1, 0]);
    }
}
