//! SMTP and LMTP: greeting, `EHLO` or `LHLO`, `STARTTLS` (RFC 5321, RFC 3207, RFC 2033).

use std::net::IpAddr;

use super::Move;
use super::error::Fault;
use super::lines::{LineTalk, word};
use super::numbered::{Between, Numbered, Part};

/// Where the dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Greeting,
    Hello,
    StartTls,
}

/// SMTP or LMTP, which differ in the word for hello.
#[derive(Debug)]
pub(super) struct Smtp {
    at: At,
    hello: String,
    waiting: &'static str,
    answer: Numbered,
    offered: bool,
}

impl Smtp {
    pub(super) fn new(local: Option<IpAddr>) -> Self {
        Self::with(format!("EHLO {}\r\n", literal(local)), "the answer to EHLO")
    }

    pub(super) fn lmtp(local: Option<IpAddr>) -> Self {
        Self::with(format!("LHLO {}\r\n", literal(local)), "the answer to LHLO")
    }

    fn with(hello: String, waiting: &'static str) -> Self {
        Self { at: At::Greeting, hello, waiting, answer: Numbered::new(Between::Numbered), offered: false }
    }

    /// The first line of the answer names the server, so only those behind it are keywords.
    fn keyword(&mut self, text: &[u8]) {
        self.offered |= self.at == At::Hello && word(text).0.eq_ignore_ascii_case(b"STARTTLS");
    }

    fn complete(&mut self, code: u16) -> Result<Move, Fault> {
        match (self.at, code) {
            (At::Greeting, 220) => {
                self.at = At::Hello;
                Ok(Move::send(&self.hello))
            }
            (At::Hello, 250) if self.offered => {
                self.at = At::StartTls;
                Ok(Move::send("STARTTLS\r\n"))
            }
            (At::Hello, 250) => Err(Fault::Missing("no STARTTLS among the keywords".to_owned())),
            (At::StartTls, 220) => Ok(Move::Go),
            (At::StartTls, 400..=499) => Err(Fault::Unable(self.answer.said())),
            (_, 400..=599) => Err(self.answer.refused()),
            _ => Err(self.answer.malformed()),
        }
    }
}

/// How a client without a name of its own introduces itself: the socket's address as a literal (RFC 5321,
/// sections 4.1.3 and 4.1.4). Strict servers refuse any other. A socket without an address gets the
/// loopback one.
fn literal(local: Option<IpAddr>) -> String {
    match local.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => format!("[{address}]"),
        Some(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        None => "[127.0.0.1]".to_owned(),
    }
}

impl LineTalk for Smtp {
    fn line(&mut self, line: &[u8]) -> Result<Move, Fault> {
        match self.answer.part(line)? {
            Part::First => Ok(Move::More),
            Part::Inner(text) => {
                self.keyword(text);
                Ok(Move::More)
            }
            Part::Last { code, text, several } => {
                if several {
                    self.keyword(text);
                }
                self.complete(code)
            }
        }
    }

    fn waiting_for(&self) -> &'static str {
        match self.at {
            At::Greeting => "the greeting",
            At::Hello => self.waiting,
            At::StartTls => "the answer to STARTTLS",
        }
    }
}
