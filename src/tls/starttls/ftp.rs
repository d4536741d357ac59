//! FTP: greeting, `FEAT`, `AUTH TLS` (RFC 959 sections 4.2 and 5.4, RFC 2389 section 3, RFC 4217
//! section 4). Only the control connection is dealt with.

use super::Move;
use super::error::Fault;
use super::lines::{LineTalk, word};
use super::numbered::{Between, Numbered, Part};

/// Where the dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Greeting,
    Feat,
    /// A list named AUTH TLS, or there is no list: a server without FEAT is asked directly.
    Auth,
}

/// FTP.
#[derive(Debug)]
pub(super) struct Ftp {
    at: At,
    answer: Numbered,
    offered: bool,
}

impl Ftp {
    pub(super) fn new() -> Self {
        Self { at: At::Greeting, answer: Numbered::new(Between::Free), offered: false }
    }

    /// ` AUTH TLS`; several mechanisms are separated by semicolons or spaces. TLS-C is another name of
    /// TLS (RFC 4217, section 3).
    fn feature(&mut self, line: &[u8]) {
        let Some(feature) = line.strip_prefix(b" ") else { return };
        let (name, mechanisms) = word(feature.trim_ascii());
        if self.at == At::Feat && name.eq_ignore_ascii_case(b"AUTH") {
            self.offered |= mechanisms
                .split(|b| matches!(b, b';' | b',' | b' '))
                .any(|m| m.eq_ignore_ascii_case(b"TLS") || m.eq_ignore_ascii_case(b"TLS-C"));
        }
    }

    fn auth(&mut self) -> Move {
        self.at = At::Auth;
        Move::send("AUTH TLS\r\n")
    }

    fn complete(&mut self, code: u16) -> Result<Move, Fault> {
        match (self.at, code) {
            // "Ready in nnn minutes": another greeting follows.
            (At::Greeting, 120) => Ok(Move::More),
            (At::Greeting, 220) => {
                self.at = At::Feat;
                Ok(Move::send("FEAT\r\n"))
            }
            (At::Feat, 211) if self.offered => Ok(self.auth()),
            (At::Feat, 211) => Err(Fault::Missing("no AUTH TLS among the features".to_owned())),
            // Unknown there, or not before login: the command itself is then the question.
            (At::Feat, 500..=599) => Ok(self.auth()),
            (At::Auth, 234) => Ok(Move::Go),
            // 431: a resource for it is missing at the moment (RFC 2228, section 5).
            (At::Auth, 400..=499) => Err(Fault::Unable(self.answer.said())),
            (_, 400..=599) => Err(self.answer.refused()),
            _ => Err(self.answer.malformed()),
        }
    }
}

impl LineTalk for Ftp {
    fn line(&mut self, line: &[u8]) -> Result<Move, Fault> {
        match self.answer.part(line)? {
            Part::First => Ok(Move::More),
            Part::Inner(text) => {
                self.feature(text);
                Ok(Move::More)
            }
            Part::Last { code, .. } => self.complete(code),
        }
    }

    fn waiting_for(&self) -> &'static str {
        match self.at {
            At::Greeting => "the greeting",
            At::Feat => "the answer to FEAT",
            At::Auth => "the answer to AUTH TLS",
        }
    }
}
