//! Answers that are no TLS: the greeting of a server that speaks in the clear, or anything else.
//! Gathers the first line, so that a person recognises what answered.

use super::error::HelloError;

/// Bytes of an answer kept to be shown.
const MAX_SAID: usize = 256;
/// Bytes of an answer that is no text, enough to know SSL 2.0.
const SSL2_HEAD: usize = 3;
/// Characters of it shown.
const MAX_SHOWN: usize = 120;

/// How the greetings of protocols begin.
const GREETINGS: &[(&str, &str)] = &[
    ("* OK", "IMAP"),
    ("* PREAUTH", "IMAP"),
    ("* BYE", "IMAP"),
    ("+OK", "POP3"),
    ("-ERR", "POP3"),
    ("220", "SMTP or FTP"),
    ("421", "SMTP or FTP"),
    ("554", "SMTP"),
    ("200", "NNTP"),
    ("201", "NNTP"),
    ("HTTP/", "HTTP"),
    ("<html", "HTTP"),
    ("<!DOCTYPE", "HTTP"),
    ("SSH-", "SSH"),
    ("\"IMPLEMENTATION\"", "ManageSieve"),
    ("<?xml", "XMPP"),
    ("<stream:", "XMPP"),
    ("RFB ", "VNC"),
];

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
        let protocol = GREETINGS.iter().find(|(greeting, _)| line.starts_with(greeting)).map(|(_, name)| *name);
        HelloError::NotTls { said: crate::text::excerpt(line, MAX_SHOWN), protocol }
    }
}
