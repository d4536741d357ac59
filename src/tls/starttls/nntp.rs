//! NNTP: greeting, `CAPABILITIES`, `STARTTLS` (RFC 3977, sections 5.1 and 5.2; RFC 4642).

use super::Move;
use super::error::Fault;
use super::lines::{LineTalk, word};
use super::numbered::{Between, Numbered, Part};

/// Where the dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Greeting,
    Capabilities,
    List,
    /// A list named STARTTLS, or there is no list: a server without CAPABILITIES is asked directly.
    StartTls,
}

/// NNTP.
#[derive(Debug)]
pub(super) struct Nntp {
    at: At,
    answer: Numbered,
    offered: bool,
}

impl Nntp {
    pub(super) fn new() -> Self {
        Self { at: At::Greeting, answer: Numbered::new(Between::Nothing), offered: false }
    }

    fn listed(&mut self, line: &[u8]) -> Result<Move, Fault> {
        if line != b"." {
            self.offered |= word(line).0.eq_ignore_ascii_case(b"STARTTLS");
            return Ok(Move::More);
        }
        if !self.offered {
            return Err(Fault::Missing("no STARTTLS among the capabilities".to_owned()));
        }
        Ok(self.starttls())
    }

    fn starttls(&mut self) -> Move {
        self.at = At::StartTls;
        Move::send("STARTTLS\r\n")
    }

    fn complete(&mut self, code: u16) -> Result<Move, Fault> {
        match (self.at, code) {
            (At::Greeting, 200 | 201) => {
                self.at = At::Capabilities;
                Ok(Move::send("CAPABILITIES\r\n"))
            }
            (At::Capabilities, 101) => {
                self.at = At::List;
                Ok(Move::More)
            }
            // Unknown there, or not before login: the command itself is then the question.
            (At::Capabilities, 480 | 500..=599) => Ok(self.starttls()),
            (At::StartTls, 382) => Ok(Move::Go),
            // "Can not initiate TLS negotiation" (RFC 4642, section 2.2.1).
            (At::StartTls, 400..=499 | 580) => Err(Fault::Unable(self.answer.said())),
            (_, 400..=599) => Err(self.answer.refused()),
            _ => Err(self.answer.malformed()),
        }
    }
}

impl LineTalk for Nntp {
    fn line(&mut self, line: &[u8]) -> Result<Move, Fault> {
        if self.at == At::List {
            return self.listed(line);
        }
        match self.answer.part(line)? {
            Part::Last { code, .. } => self.complete(code),
            Part::First | Part::Inner(_) => Err(Fault::malformed(line)),
        }
    }

    fn waiting_for(&self) -> &'static str {
        match self.at {
            At::Greeting => "the greeting",
            At::Capabilities | At::List => "the answer to CAPABILITIES",
            At::StartTls => "the answer to STARTTLS",
        }
    }
}
