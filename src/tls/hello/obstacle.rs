//! Why no connection is possible to a server that was looked at, in words for the user. Knows what
//! the TLS library can do: TLS 1.2 and 1.3, ECDHE, AES-GCM and ChaCha20, handshake messages of up
//! to 64 KiB, and the keys that `signature` verifies.

use super::plain::{Manner, recognise};
use super::{Alert, Cipher, Exchange, Glimpse, HelloError, Version};
use crate::cert::{Cert, KeyAlgorithm};
use crate::text::Statement;

/// The longest handshake message that rustls takes, in bytes.
const MAX_MESSAGE: usize = 0xFFFF;
/// The sizes of RSA keys that can be verified, in bits.
const RSA_BITS: std::ops::RangeInclusive<u32> = 1024..=16384;
/// The groups that keys are agreed on in TLS 1.2.
const GROUPS: &[&str] =
    if cfg!(feature = "aws-lc-rs") { &["X25519", "P-256", "P-384", "P-521"] } else { &["X25519", "P-256", "P-384"] };

/// What stands between this server and a connection, the plainest first. Meant for a server with
/// which the TLS library has failed: that it chose, say, CBC from everything is then because it has
/// nothing better. Empty if nothing that was seen explains it.
pub fn obstacles(glimpse: &Glimpse) -> Vec<Statement> {
    let mut out = Vec::new();
    if glimpse.version < Version::Tls12 {
        // The old suites come with the old version.
        out.push(Statement::new("obstacle-old-protocol").arg("version", glimpse.version.to_string()));
    } else {
        out.extend(exchange(glimpse));
        out.extend(cipher(glimpse));
        out.extend(group(glimpse));
        out.extend(signature(glimpse));
    }
    out.extend(match glimpse.chain.leaf() {
        Some(leaf) if leaf.key().readable => unverifiable(leaf, &glimpse.version.to_string()),
        _ => Some(Statement::new("obstacle-key-unreadable")),
    });
    if glimpse.message_bytes > MAX_MESSAGE {
        out.push(Statement::new("obstacle-certificates-long").arg("bytes", glimpse.message_bytes.to_string()));
    }
    out.extend(flood(glimpse));
    out
}

fn about_suite(code: &'static str, glimpse: &Glimpse) -> Statement {
    Statement::new(code).arg("suite", glimpse.suite.name())
}

fn exchange(glimpse: &Glimpse) -> Option<Statement> {
    let code = match glimpse.suite.exchange() {
        Exchange::Ecdhe => return None,
        Exchange::Dhe => "obstacle-dhe-only",
        Exchange::Rsa | Exchange::Static => "obstacle-no-forward-secrecy",
        Exchange::Shared => "obstacle-shared-key",
        Exchange::Anonymous => "obstacle-anonymous",
        Exchange::Gost | Exchange::Unknown => "obstacle-exchange",
    };
    Some(about_suite(code, glimpse))
}

fn cipher(glimpse: &Glimpse) -> Option<Statement> {
    let code = match glimpse.suite.cipher() {
        Cipher::Modern => return None,
        Cipher::Cbc => "obstacle-cbc-only",
        Cipher::Rc4 => "obstacle-rc4-only",
        Cipher::Null => "obstacle-no-encryption",
        Cipher::Other => "obstacle-cipher",
    };
    Some(about_suite(code, glimpse))
}

fn group(glimpse: &Glimpse) -> Option<Statement> {
    let group = glimpse.group.as_deref().filter(|_| glimpse.suite.exchange() == Exchange::Ecdhe)?;
    (!GROUPS.contains(&group))
        .then(|| Statement::new("obstacle-group").arg("group", group).arg("groups", GROUPS.join(", ")))
}

/// A signature with a digest that is broken or too short. The wide hello names these last, so a server that
/// takes one has no better.
fn signature(glimpse: &Glimpse) -> Option<Statement> {
    let [digest, key] = glimpse.signature?.to_be_bytes();
    let key = match key {
        1 => "RSA",
        2 => "DSA",
        3 => "ECDSA",
        _ => return None,
    };
    let digest = match digest {
        1 => "MD5",
        2 => "SHA-1",
        3 => "SHA-224",
        _ => return None,
    };
    Some(Statement::new("obstacle-signature").arg("signature", format!("{key} and {digest}")))
}

/// Why a handshake signature with the leaf's key cannot be verified in this version of TLS; `None` where it can.
pub fn unverifiable(leaf: &Cert, version: &str) -> Option<Statement> {
    let key = leaf.key();
    match (key.algorithm, key.name.as_str()) {
        (KeyAlgorithm::Rsa, _) if !RSA_BITS.contains(&key.bits) => {
            Some(Statement::new("obstacle-key-size").arg("bits", key.bits.to_string()))
        }
        (KeyAlgorithm::Rsa, "RSA-PSS") => Some(Statement::new("obstacle-key-pss-only").arg("version", version)),
        _ if leaf.can_prove_its_key() => None,
        _ => Some(Statement::new("obstacle-key-kind").arg("key", &key.name)),
    }
}

fn flood(glimpse: &Glimpse) -> Option<Statement> {
    let shown = glimpse.chain.len();
    if glimpse.complete && glimpse.certificates <= shown {
        return None;
    }
    let code = if glimpse.complete { "obstacle-certificates-many" } else { "obstacle-certificates-endless" };
    Some(Statement::new(code).arg("sent", glimpse.certificates.to_string()).arg("shown", shown.to_string()))
}

/// What it means that not even the wide hello, offering up to `highest`, brought a certificate.
/// `None` where the error itself says all there is: the connection ended, or too much was sent.
pub fn refusal(error: &HelloError, highest: Version) -> Option<Statement> {
    Some(match error {
        HelloError::Alert(alert) => refused(*alert, highest),
        HelloError::NotTls { protocol: Some(protocol), said } => {
            let with_starttls = recognise(said).is_some_and(|(_, manner)| manner != Manner::Other);
            let code = if with_starttls { "obstacle-clear-text" } else { "obstacle-other-service" };
            Statement::new(code).arg("protocol", protocol)
        }
        HelloError::NotTls { protocol: None, .. } => Statement::new("obstacle-no-tls"),
        HelloError::Ssl2 => Statement::new("obstacle-ssl2"),
        HelloError::NoCertificate(suite) => Statement::new("obstacle-no-certificate").arg("suite", suite.name()),
        HelloError::Malformed(what) => Statement::new("obstacle-answer-malformed").arg("what", what),
        HelloError::Version(_) => Statement::new("obstacle-answer-malformed").arg("what", error.to_string()),
        HelloError::Limit(_) | HelloError::Closed(_) => return None,
    })
}

fn refused(alert: Alert, highest: Version) -> Statement {
    match alert.description {
        Alert::PROTOCOL_VERSION if highest == Version::Tls12 => Statement::new("obstacle-wants-newer"),
        Alert::HANDSHAKE_FAILURE | Alert::INSUFFICIENT_SECURITY => {
            Statement::new("obstacle-nothing-in-common").arg("alert", alert.name())
        }
        _ => Statement::new("obstacle-refused").arg("meaning", alert.meaning()).arg("alert", alert.name()),
    }
}
