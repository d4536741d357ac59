//! Answers that are not TLS: the greeting of a server that speaks in the clear, or anything else.
//! Gathers the first line, so that a person recognises what answered.

use super::error::HelloError;

/// Bytes of an answer kept to be shown.
const MAX_SAID: usize = 256;
/// Bytes of an answer that is no text, enough to know SSL 2.0.
const SSL2_HEAD: usize = 3;
/// Characters of it shown.
const MAX_SHOWN: usize = 120;

/// What the beginning of an answer in the clear says about the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tls) enum Manner {
    /// A greeting of a protocol in which TLS can begin with STARTTLS.
    Greets,
    /// The server turns the connection away in such a protocol.
    TurnsAway,
    /// A protocol that has no STARTTLS.
    Other,
}

/// How the first lines of protocols begin.
const GREETINGS: &[(&str, &str, Manner)] = &[
    ("* OK", "IMAP", Manner::Greets),
    ("* PREAUTH", "IMAP", Manner::Greets),
    ("* BYE", "IMAP", Manner::TurnsAway),
    ("+OK", "POP3", Manner::Greets),
    ("-ERR", "POP3", Manner::TurnsAway),
    ("220", "SMTP or FTP", Manner::Greets),
    ("421", "SMTP or FTP", Manner::TurnsAway),
    ("5", "SMTP", Manner::TurnsAway),
    ("200", "NNTP", Manner::Greets),
    ("201", "NNTP", Manner::Greets),
    ("400", "NNTP", Manner::TurnsAway),
    ("HTTP/", "HTTP", Manner::Other),
    ("<html", "HTTP", Manner::Other),
    ("<!DOCTYPE", "HTTP", Manner::Other),
    ("SSH-", "SSH", Manner::Other),
    ("\"IMPLEMENTATION\"", "ManageSieve", Manner::Greets),
    ("<?xml", "XMPP", Manner::Greets),
    ("<stream:", "XMPP", Manner::Greets),
    ("RFB ", "VNC", Manner::Other),
];

/// The protocol that a first line belongs to, and what the line says in it; `None` for an unknown one.
pub(in crate::tls) fn recognise(line: &str) -> Option<(&'static str, Manner)> {
    let fits = |start: &str| match start.as_bytes().first() {
        // A number is three digits and a space, a hyphen or nothing.
        Some(b'0'..=b'9') => {
            let number = line.get(..3).filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
            number.is_some_and(|number| number.starts_with(start))
                && matches!(line.as_bytes().get(3), None | Some(b' ' | b'-'))
        }
        _ => line.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)),
    };
    GREETINGS.iter().find(|(start, ..)| fits(start)).map(|(_, name, manner)| (*name, *manner))
}

/// The beginning of an answer that is no TLS.
#[derive(Debug)]
pub(super) struct Plain(Vec<u8>);

impl Plain {
    /// Whether a stream that begins so is no TLS: records begin with 20 to 24.
    pub(super) fn begins(first: u8) -> bool {
        !(20..=24).contains(&first)
    }

    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds what came; the error once its first line is complete or long enough to recognise.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), HelloError> {
        for byte in bytes {
            self.0.push(*byte);
            let binary = self.0.first().is_some_and(|b| !b.is_ascii_graphic() && !b.is_ascii_whitespace());
            if *byte == b'\n' || self.0.len() >= MAX_SAID || (binary && self.0.len() >= SSL2_HEAD) {
                return Err(self.error());
            }
        }
        Ok(())
    }

    /// What it was, as far as it is known.
    pub(super) fn error(&self) -> HelloError {
        // SSL 2.0: two bytes of length, then SERVER-HELLO (4) or ERROR (0).
        if let [0x80..=0xFF, _, 0 | 4, ..] = self.0.as_slice() {
            return HelloError::Ssl2;
        }
        let text = String::from_utf8_lossy(&self.0);
        let line = text.lines().next().unwrap_or_default();
        let protocol = recognise(line).map(|(name, _)| name);
        HelloError::NotTls { said: crate::text::excerpt(line, MAX_SHOWN), protocol }
    }
}
