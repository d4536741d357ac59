//! The words before TLS: what a client says in the clear until the server gives the go-ahead, for
//! every [`Protocol`]. The dialogue is a state machine without socket and clock, which takes bytes and
//! gives bytes; its caller reads, writes and keeps the time. An attacker can write what a server says
//! here, so nothing is believed except the go-ahead, nothing may follow it, and there is no way on
//! without TLS (docs/pitfalls.md#26 and #27). The rules of each protocol are in its own file and in
//! `docs/starttls.md`.

mod error;
mod ftp;
mod imap;
mod ldap;
mod lines;
mod nntp;
mod numbered;
mod pop3;
mod postgres;
mod protocol;
mod sieve;
mod smtp;
mod xml;
mod xmpp;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transcripts;

use std::fmt;
use std::net::IpAddr;

pub use error::{Bound, StartTlsError};
pub use protocol::{PROTOCOLS, Protocol, UnknownProtocol};

use error::{Fault, lossy, shown};

use crate::endpoint::Host;

/// The longest line in bytes, with its end and its literals. RFC 5321, section 4.5.3.1.5, has 512 for
/// a line of an answer, and real capability lists in one line of IMAP stay below 2,000.
pub const MAX_LINE: usize = 4096;
/// The most lines in one answer, or tags in an XML stream.
pub const MAX_LINES: usize = 512;
/// The longest LDAP message, XML tag or PostgreSQL error in bytes.
pub const MAX_MESSAGE: usize = 4096;
/// The most bytes that are read before TLS.
pub const MAX_DIALOGUE: usize = 64 * 1024;

/// One protocol's words before TLS, on one connection.
#[derive(Debug)]
pub struct Dialogue {
    protocol: Protocol,
    words: Box<dyn Conversation>,
    received: usize,
    greeting: Option<String>,
    end: Option<Result<(), StartTlsError>>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes, which may be none, then read more.
    Send(Vec<u8>),
    /// The go-ahead came and nothing followed it: begin TLS now. Whatever is read before the first
    /// byte of TLS was sent belongs to [`Dialogue::receive`] all the same, which then refuses it.
    Done,
}

impl Dialogue {
    /// The dialogue of a protocol with this host, whose name XMPP sends, on a socket without an address.
    pub fn new(protocol: Protocol, host: &Host) -> Self {
        Self::on(protocol, host, None)
    }

    /// The same on a socket whose own address is `local`, by which SMTP and LMTP introduce the client.
    pub fn on(protocol: Protocol, host: &Host, local: Option<IpAddr>) -> Self {
        let words = protocol.dialogue(host, local);
        Self { protocol, words, received: 0, greeting: None, end: None }
    }

    /// What to send before anything is read; empty where the server speaks first.
    pub fn begin(&mut self) -> Vec<u8> {
        self.words.begin()
    }

    /// Takes what was read, in whatever pieces. An error is final: it is given again from then on.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Step, StartTlsError> {
        match &self.end {
            Some(Err(error)) => return Err(error.clone()),
            Some(Ok(())) if bytes.is_empty() => return Ok(Step::Done),
            Some(Ok(())) | None => {}
        }
        let step = if self.end.is_some() { Err(self.injected(bytes)) } else { self.advance(bytes) };
        match &step {
            Ok(Step::Send(_)) => {}
            Ok(Step::Done) => self.end = Some(Ok(())),
            Err(error) => self.end = Some(Err(error.clone())),
        }
        step
    }

    fn advance(&mut self, bytes: &[u8]) -> Result<Step, StartTlsError> {
        if self.received == 0 && matches!(bytes.first(), Some(0x15 | 0x16)) {
            return Err(StartTlsError::TlsAtOnce { protocol: self.protocol });
        }
        let mut rest = bytes;
        let mut out = Vec::new();
        while !rest.is_empty() {
            let waiting_for = self.words.waiting_for();
            let room = MAX_DIALOGUE.saturating_sub(self.received);
            if room == 0 {
                return Err(Fault::Limit(Bound::Bytes, MAX_DIALOGUE).at(self.protocol, waiting_for));
            }
            let window = rest.get(..room).unwrap_or(rest);
            let taken = self.words.take(window);
            self.note_greeting();
            let (used, next) = taken.map_err(|fault| fault.at(self.protocol, waiting_for))?;
            self.received = self.received.saturating_add(used);
            rest = rest.get(used..).unwrap_or_default();
            match next {
                Move::More => {}
                Move::Send(bytes) if rest.is_empty() || self.words.may_stand_ahead(rest) => out.extend(bytes),
                Move::Send(_) => return Err(self.ahead(waiting_for, rest)),
                Move::Go if rest.is_empty() => return Ok(Step::Done),
                Move::Go => return Err(self.injected(rest)),
            }
        }
        Ok(Step::Send(out))
    }

    fn note_greeting(&mut self) {
        if self.greeting.is_none() {
            self.greeting = self.words.first_line().map(|line| shown(&lossy(line)));
        }
    }

    fn injected(&self, rest: &[u8]) -> StartTlsError {
        StartTlsError::injected(self.protocol, rest)
    }

    fn ahead(&self, waiting_for: &'static str, rest: &[u8]) -> StartTlsError {
        let said = shown(&lossy(rest.get(..MAX_LINE).unwrap_or(rest)));
        StartTlsError::Ahead { protocol: self.protocol, waiting_for, bytes: rest.len(), said }
    }

    /// The error, if the server closes the connection now.
    pub fn closed(&self) -> StartTlsError {
        match &self.end {
            Some(Err(error)) => error.clone(),
            _ => StartTlsError::Closed { protocol: self.protocol, waiting_for: self.waiting_for() },
        }
    }

    /// The step, in words that go behind "waiting for".
    pub fn waiting_for(&self) -> &'static str {
        if self.end == Some(Ok(())) { "the TLS handshake" } else { self.words.waiting_for() }
    }

    /// The first line from the server, escaped and shortened; for the protocols that have lines.
    pub fn greeting(&self) -> Option<&str> {
        self.greeting.as_deref()
    }
}

/// What follows from bytes that were taken.
#[derive(Debug, PartialEq, Eq)]
enum Move {
    /// Nothing yet.
    More,
    /// An answer is complete; this is said next.
    Send(Vec<u8>),
    /// This was the go-ahead.
    Go,
}

impl Move {
    fn send(command: &str) -> Self {
        Self::Send(command.as_bytes().to_vec())
    }
}

/// What a protocol makes of the server's bytes.
trait Conversation: fmt::Debug + Send + Sync {
    /// What the client says first, where it does.
    fn begin(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Takes bytes from the front of `input`, which is not empty: at least one, and none beyond the
    /// end of the answer that they complete. Gives how many it took.
    fn take(&mut self, input: &[u8]) -> Result<(usize, Move), Fault>;

    /// The step, in words that go behind "waiting for".
    fn waiting_for(&self) -> &'static str;

    /// The first line, where there are lines.
    fn first_line(&self) -> Option<&[u8]> {
        None
    }

    /// Whether `rest` may stand behind a complete answer before the next command was sent.
    fn may_stand_ahead(&self, _rest: &[u8]) -> bool {
        false
    }
}
