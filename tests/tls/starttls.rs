//! The words before TLS, spoken with real servers: each is led to a handshake that ends with the
//! server's own certificate, and each that has TLS switched off is found to offer none.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, Stream};
use tofu::endpoint::Host;
use tofu::tls::Protocol;
use tofu::tls::starttls::{Dialogue, StartTlsError, Step};

use crate::starttls_support as servers;

/// Speaks with a server up to the go-ahead, reading at most so many bytes at a time.
fn talk(protocol: Protocol, port: u16, piece: usize) -> Result<(TcpStream, Option<String>), StartTlsError> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    let mut dialogue = Dialogue::new(protocol, &Host::parse("mail.example").unwrap());
    stream.write_all(&dialogue.begin()).unwrap();
    let mut buffer = vec![0; piece];
    loop {
        assert!(Instant::now() < end, "{protocol}: still waiting for {}", dialogue.waiting_for());
        let read = stream.read(&mut buffer).unwrap_or_else(|e| panic!("{protocol}: {}: {e}", dialogue.waiting_for()));
        if read == 0 {
            return Err(dialogue.closed());
        }
        match dialogue.receive(&buffer[..read])? {
            Step::Send(bytes) => stream.write_all(&bytes).unwrap(),
            Step::Done => return Ok((stream, dialogue.greeting().map(str::to_owned))),
        }
    }
}

/// Takes any certificate and keeps it.
#[derive(Debug, Default)]
struct Takes(Mutex<Option<Vec<u8>>>);

impl ServerCertVerifier for Takes {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = Some(leaf.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The leaf of a handshake on a connection where TLS is to begin.
fn leaf(mut stream: TcpStream) -> Vec<u8> {
    let takes = Arc::new(Takes::default());
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(takes.clone())
        .with_no_client_auth();
    let mut tls = ClientConnection::new(Arc::new(config), "mail.example".try_into().unwrap()).unwrap();
    Stream::new(&mut tls, &mut stream).flush().unwrap();
    takes.0.lock().unwrap().take().unwrap()
}

/// Whole, and byte by byte.
fn leads_to_tls(protocol: Protocol, port: u16, certificate: &[u8], greeting: &str) {
    for piece in [1, 4096] {
        let (stream, said) = talk(protocol, port, piece).unwrap();
        assert!(said.as_deref().unwrap_or_default().contains(greeting), "{protocol}: {said:?}");
        assert_eq!(leaf(stream), certificate, "{protocol}");
    }
}

fn offers_none(protocol: Protocol, port: u16) {
    let error = talk(protocol, port, 4096).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "starttls.missing", "{error}");
}

#[test]
fn dovecot_is_led_to_tls_in_five_protocols() {
    let Some((running, ports)) = servers::dovecot(true) else { return };
    let certificate = running.certificate();
    leads_to_tls(Protocol::Imap, ports.imap, &certificate, "STARTTLS");
    leads_to_tls(Protocol::Pop3, ports.pop3, &certificate, "+OK Dovecot");
    leads_to_tls(Protocol::Sieve, ports.sieve, &certificate, "Pigeonhole");
    leads_to_tls(Protocol::Lmtp, ports.lmtp, &certificate, "220 mail.example");
    leads_to_tls(Protocol::Smtp, ports.submission, &certificate, "220 mail.example");
}

#[test]
fn dovecot_without_tls_offers_none() {
    let Some((_running, ports)) = servers::dovecot(false) else { return };
    offers_none(Protocol::Imap, ports.imap);
    offers_none(Protocol::Pop3, ports.pop3);
    offers_none(Protocol::Sieve, ports.sieve);
    offers_none(Protocol::Lmtp, ports.lmtp);
    offers_none(Protocol::Smtp, ports.submission);
}

#[test]
fn the_wrong_protocol_is_told_and_not_believed() {
    let Some((_running, ports)) = servers::dovecot(true) else { return };
    for (protocol, port) in [
        (Protocol::Pop3, ports.imap),
        (Protocol::Smtp, ports.imap),
        (Protocol::Imap, ports.pop3),
        (Protocol::Ftp, ports.sieve),
        (Protocol::Xmpp, ports.imap),
        (Protocol::Ldap, ports.lmtp),
        (Protocol::Postgres, ports.pop3),
    ] {
        let error = talk(protocol, port, 4096).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "starttls.malformed", "{error}");
    }
}

#[test]
fn postfix_is_led_to_tls() {
    let Some((running, port)) = servers::postfix(true) else { return };
    leads_to_tls(Protocol::Smtp, port, &running.certificate(), "ESMTP Postfix");
    let Some((_running, port)) = servers::postfix(false) else { return };
    offers_none(Protocol::Smtp, port);
}

#[test]
fn slapd_is_led_to_tls() {
    let Some((running, port)) = servers::slapd(true) else { return };
    leads_to_tls(Protocol::Ldap, port, &running.certificate(), "");
    let Some((_running, port)) = servers::slapd(false) else { return };
    offers_none(Protocol::Ldap, port);
}

#[test]
fn prosody_is_led_to_tls() {
    let Some((running, port)) = servers::prosody(true) else { return };
    leads_to_tls(Protocol::Xmpp, port, &running.certificate(), "");
    let Some((_running, port)) = servers::prosody(false) else { return };
    offers_none(Protocol::Xmpp, port);
}

#[test]
fn vsftpd_is_led_to_tls() {
    let Some((running, port)) = servers::vsftpd(true) else { return };
    leads_to_tls(Protocol::Ftp, port, &running.certificate(), "220 (vsFTPd");
    let Some((_running, port)) = servers::vsftpd(false) else { return };
    offers_none(Protocol::Ftp, port);
}

#[test]
fn inn_is_led_to_tls() {
    let Some((running, port)) = servers::nnrpd(true) else { return };
    leads_to_tls(Protocol::Nntp, port, &running.certificate(), "InterNetNews");
    // Without a certificate it offers STARTTLS all the same, and cannot begin it.
    let Some((_running, port)) = servers::nnrpd(false) else { return };
    let error = talk(Protocol::Nntp, port, 4096).map(|_| ()).unwrap_err();
    assert!(error.code() == "starttls.unable" && error.to_string().contains("580 "), "{error}");
}

#[test]
fn postgresql_is_led_to_tls() {
    let Some((running, port)) = servers::postgres(true) else { return };
    leads_to_tls(Protocol::Postgres, port, &running.certificate(), "");
    let Some((_running, port)) = servers::postgres(false) else { return };
    offers_none(Protocol::Postgres, port);
}
