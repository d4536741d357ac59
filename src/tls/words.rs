//! What a failed handshake means, in words for a person. Knows the errors of rustls and nothing of the
//! connection.

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

/// The text that a server sent where a TLS record was due.
pub(super) fn not_tls(first: &[u8]) -> Option<String> {
    // Record types 20 to 24 (RFC 8446, section 5.1; RFC 6520), and then a version that begins with 3.
    if first.first().is_none_or(|byte| (20..=24).contains(byte)) {
        return None;
    }
    let line = first.split(|byte| *byte == b'\n' || *byte == b'\r').next().unwrap_or(first);
    Some(crate::text::excerpt(&String::from_utf8_lossy(line), 80))
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
            "the server signed the handshake in a way that was not offered".to_owned()
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
        other => return format!("alert {other:?}"),
    };
    words.to_owned()
}
