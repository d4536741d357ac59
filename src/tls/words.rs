//! What a failed handshake or a broken connection means, in words for a person. Knows the errors of
//! rustls and of the system, and nothing of the connection.

use std::io;

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use super::hello::{Manner, recognise};

/// How many bytes of a line are enough to tell a refusal: `-ERR` and a space, three digits and a space.
const ENOUGH: usize = 5;

/// What a server sent where a TLS record was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotTls {
    /// The first line, escaped and shortened.
    pub said: String,
    /// Whether it is text, and so something that was said in the clear.
    pub is_text: bool,
    /// Whether the line is complete, or long enough to tell a refusal.
    is_enough: bool,
    /// The protocol that it belongs to, where that is known, and what it says there.
    looks_like: Option<(&'static str, Manner)>,
}

impl NotTls {
    /// What a server sent where a TLS record was due; `None` where these bytes may be TLS.
    pub fn read(first: &[u8]) -> Option<Self> {
        // Record types 20 to 24 (RFC 8446, section 5.1; RFC 6520), and then a version that begins with 3.
        if first.first().is_none_or(|byte| (20..=24).contains(byte)) {
            return None;
        }
        let line = first.split(|byte| *byte == b'\n' || *byte == b'\r').next().unwrap_or(first);
        let text = String::from_utf8_lossy(line);
        let begins = line.first().is_some_and(u8::is_ascii_graphic);
        let is_text = begins && !text.chars().any(|c| c.is_control() && c != '\t');
        let is_enough = line.len() < first.len() || line.len() >= ENOUGH;
        Some(Self { said: crate::text::excerpt(&text, 80), is_text, is_enough, looks_like: recognise(&text) })
    }

    /// Whether the server goes on in the clear. One that turns the connection away has said nothing about
    /// TLS, and of a line that has only begun nobody can say which of the two it is.
    pub fn goes_on_in_the_clear(&self) -> bool {
        self.is_text && self.is_enough && !matches!(self.looks_like, Some((_, Manner::TurnsAway)))
    }

    /// The same where it is known that this server spoke TLS from the first byte.
    pub fn instead(&self) -> String {
        let protocol = self.looks_like.map_or_else(String::new, |(name, _)| format!(", as in {name}"));
        format!("the server speaks in the clear where TLS begins with the first byte{protocol}: {}", self.said)
    }

    /// What is wrong, with what it looks like and what to try where TLS can begin later.
    pub fn text(&self) -> String {
        let said = &self.said;
        let looks_like = match self.looks_like {
            Some((protocol, Manner::TurnsAway)) => format!(" (this looks like a refusal in {protocol})"),
            Some((protocol, Manner::Greets)) => {
                format!(" (this looks like {protocol} in the clear: does this port want STARTTLS?)")
            }
            Some((protocol, Manner::Other)) => format!(" (this looks like {protocol})"),
            None => String::new(),
        };
        format!("the server does not speak TLS here, it says: {said}{looks_like}")
    }
}

/// What became of a connection, in words without the system's numbers.
pub(super) fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset => {
            "Connection reset by peer: the server, or something on the way, broke it off".to_owned()
        }
        io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected | io::ErrorKind::UnexpectedEof => {
            "the server closed the connection".to_owned()
        }
        io::ErrorKind::ConnectionAborted => "the connection was broken off".to_owned(),
        io::ErrorKind::TimedOut => "the server no longer answers".to_owned(),
        io::ErrorKind::HostUnreachable => "there is no route to the server any more".to_owned(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => "the network is gone".to_owned(),
        _ => system(error),
    }
}

/// The system's words for an error, without the number behind them.
pub(super) fn system(error: &io::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" (os error ").map_or(text.as_str(), |(words, _)| words).to_owned()
}

/// A failure of rustls in words for a person; what it says itself where that is plain enough.
pub(super) fn in_words(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => format!("the server refused: {}", alert_in_words(*alert)),
        Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) => {
            "the server sent a handshake message over 64 KiB".to_owned()
        }
        Error::InvalidMessage(_) => "the server's answer is not proper TLS".to_owned(),
        Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            "the server speaks neither TLS 1.2 nor TLS 1.3".to_owned()
        }
        Error::PeerIncompatible(why) => format!("no common ground with the server: {why:?}"),
        Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme) => {
            "the server signed the handshake in a way that was not offered, such as with SHA-1".to_owned()
        }
        Error::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm) => {
            "the server signed the handshake with a kind of key that cannot be verified".to_owned()
        }
        Error::PeerMisbehaved(why) => format!("the server broke the rules of TLS: {why:?}"),
        Error::InvalidCertificate(rustls::CertificateError::BadSignature) => {
            "the handshake was not signed with the key of the certificate: the server does not hold it".to_owned()
        }
        other => crate::text::excerpt(&other.to_string(), 200),
    }
}

/// The same where the server had asked for a client certificate and was shown none.
pub(super) fn without_client_certificate(error: &Error) -> String {
    match error {
        Error::AlertReceived(AlertDescription::CertificateRequired) => in_words(error),
        Error::AlertReceived(alert) => {
            let alert = super::hello::Alert { level: 2, description: u8::from(*alert) };
            format!(
                "the server wants a client certificate; none was shown, and it ended the handshake ({})",
                alert.name()
            )
        }
        other => in_words(other),
    }
}

fn alert_in_words(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::HandshakeFailure => "no common cipher suite, group or signature (handshake_failure)",
        AlertDescription::ProtocolVersion => "it wants another version of TLS (protocol_version)",
        AlertDescription::UnrecognisedName => "it does not know this host name (unrecognized_name)",
        AlertDescription::CertificateRequired => "it wants a client certificate (certificate_required)",
        AlertDescription::InsufficientSecurity => "it wants stronger cipher suites (insufficient_security)",
        AlertDescription::InternalError => "an error on its side (internal_error)",
        AlertDescription::NoApplicationProtocol => "none of the protocols offered by ALPN (no_application_protocol)",
        AlertDescription::AccessDenied => "access denied (access_denied)",
        other => {
            return super::hello::Alert { level: 2, description: u8::from(other) }.to_string();
        }
    };
    words.to_owned()
}
