//! TLS by hand: the first flight of a server to be cut, broken or dripped, and records of any kind
//! behind a proper handshake, under its keys.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{CipherSuite, ConnectionTrafficSecrets, ServerConfig, ServerConnection, SupportedProtocolVersion};

use crate::net_support::Identity;

/// Record types (RFC 8446, section 5.1).
pub const CHANGE: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const DATA: u8 = 23;

/// A server that shows this identity, in one version and with ChaCha20, and whose keys can be taken out.
pub fn config(identity: &Identity, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| {
        matches!(
            suite.suite(),
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        )
    });
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(identity.cert.clone())],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.clone())),
        )
        .unwrap();
    config.enable_secret_extraction = true;
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

/// A record in the clear.
pub fn clear(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3, length[0], length[1]], content].concat()
}

/// A handshake message (RFC 8446, section 4).
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, length[1], length[2], length[3]], body].concat()
}

/// A NewSessionTicket of TLS 1.3 (RFC 8446, section 4.6.1): lifetime, age_add, nonce, ticket, extensions.
pub fn ticket() -> Vec<u8> {
    message(4, &[0, 0, 14, 16, 0, 0, 0, 0, 1, 0, 0, 1, 0x41, 0, 0])
}

/// What a proper server says to the ClientHello on this stream.
pub fn first_flight(stream: &mut TcpStream, config: &Arc<ServerConfig>) -> Vec<u8> {
    let mut server = ServerConnection::new(Arc::clone(config)).unwrap();
    while !server.wants_write() {
        server.read_tls(stream).unwrap();
        server.process_new_packets().unwrap();
    }
    let mut flight = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut flight).unwrap();
    }
    flight
}

/// A connection whose handshake is done, in the hands of somebody who can send anything.
pub struct Raw {
    pub stream: TcpStream,
    key: LessSafeKey,
    iv: Vec<u8>,
    sequence: u64,
    tls13: bool,
    /// The client's first word came together with the end of its handshake.
    heard: bool,
}

impl Raw {
    pub fn accept(mut stream: TcpStream, config: &Arc<ServerConfig>) -> Self {
        let mut server = ServerConnection::new(Arc::clone(config)).unwrap();
        while server.is_handshaking() || server.wants_write() {
            server.complete_io(&mut stream).unwrap();
        }
        let tls13 = server.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        let heard = matches!(server.reader().read(&mut [0; 64]), Ok(1..));
        let (sequence, secrets) = server.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } = secrets else { panic!("another cipher") };
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_ref()).unwrap());
        Self { stream, key, iv: iv.as_ref().to_vec(), sequence, tls13, heard }
    }

    /// The next record (RFC 8446, section 5.2; RFC 7905 for TLS 1.2).
    pub fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut body = content.to_vec();
        if self.tls13 {
            body.push(kind);
        }
        let outer = if self.tls13 { DATA } else { kind };
        let mut header = clear(outer, &[]);
        let mut nonce = self.iv.clone();
        nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()).for_each(|(byte, count)| *byte ^= count);
        let sealed = u16::try_from(body.len() + 16).unwrap().to_be_bytes();
        let plain = u16::try_from(body.len()).unwrap().to_be_bytes();
        let bound = if self.tls13 {
            vec![outer, 3, 3, sealed[0], sealed[1]]
        } else {
            [&self.sequence.to_be_bytes()[..], &[kind, 3, 3], &plain].concat()
        };
        self.sequence += 1;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        self.key.seal_in_place_append_tag(nonce, Aad::from(bound), &mut body).unwrap();
        header.truncate(3);
        [&header[..], &sealed, &body].concat()
    }

    /// Sends a record; false once the client has gone.
    pub fn send(&mut self, kind: u8, content: &[u8]) -> bool {
        let record = self.seal(kind, content);
        self.stream.write_all(&record).is_ok()
    }

    /// Sends the same over and over until the client has gone or so many were sent.
    pub fn flood(&mut self, kind: u8, content: &[u8], most: usize) {
        for _ in 0..most / 100 {
            let many: Vec<u8> = (0..100).flat_map(|_| self.seal(kind, content)).collect();
            if self.stream.write_all(&many).is_err() {
                return;
            }
        }
    }

    /// Waits until the client said something, which is not looked at.
    pub fn hear(&mut self) {
        if !std::mem::take(&mut self.heard) {
            let _ = self.stream.read(&mut [0; 4096]);
        }
    }
}
