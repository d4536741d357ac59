//! IMAP: greeting, `CAPABILITY`, `STARTTLS` (RFC 9051, sections 6.1.1, 6.2.1 and 7.1). Untagged lines
//! may come at any time; only the answer with our tag counts.

use super::Move;
use super::error::{Fault, lossy};
use super::lines::{LineTalk, literal_length, word};

const ASK: &str = "A1 CAPABILITY\r\n";
const START: &str = "A2 STARTTLS\r\n";

/// Where the dialogue stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Greeting,
    Capability,
    StartTls,
}

/// IMAP.
#[derive(Debug, Default)]
pub(super) struct Imap {
    at: At,
    offered: bool,
}

impl LineTalk for Imap {
    fn line(&mut self, line: &[u8]) -> Result<Move, Fault> {
        let (tag, rest) = word(line);
        match (tag, self.at) {
            (b"*", At::Greeting) => self.greeting(line, rest),
            (b"*", _) => self.untagged(line, rest),
            (b"A1", At::Capability) => self.capability(line, rest),
            (b"A2", At::StartTls) => started(line, rest),
            _ => Err(Fault::malformed(line)),
        }
    }

    fn waiting_for(&self) -> &'static str {
        match self.at {
            At::Greeting => "the greeting",
            At::Capability => "the answer to CAPABILITY",
            At::StartTls => "the answer to STARTTLS",
        }
    }

    /// A server may send untagged lines unasked (RFC 9051, section 7).
    fn may_stand_ahead(&self, rest: &[u8]) -> bool {
        rest.split_inclusive(|b| *b == b'\n').all(|line| line.starts_with(b"*"))
    }
}

impl Imap {
    /// The list in the greeting is enough if it names STARTTLS; otherwise it is asked for, because a
    /// greeting need not be complete.
    fn greeting(&mut self, line: &[u8], rest: &[u8]) -> Result<Move, Fault> {
        let (condition, text) = word(rest);
        match condition.to_ascii_uppercase().as_slice() {
            b"OK" => {}
            b"PREAUTH" => return Err(Fault::Preauth(lossy(line))),
            b"BYE" => return Err(Fault::refused(line)),
            _ => return Err(Fault::malformed(line)),
        }
        self.note_code(text);
        if self.offered {
            self.at = At::StartTls;
            return Ok(Move::send(START));
        }
        self.at = At::Capability;
        Ok(Move::send(ASK))
    }

    fn untagged(&mut self, line: &[u8], rest: &[u8]) -> Result<Move, Fault> {
        let (name, text) = word(rest);
        match name.to_ascii_uppercase().as_slice() {
            b"BYE" => return Err(Fault::refused(line)),
            b"PREAUTH" | b"" => return Err(Fault::malformed(line)),
            b"OK" | b"NO" | b"BAD" => self.note_code(text),
            b"CAPABILITY" => self.note_list(text),
            // Nothing that comes before STARTTLS has a literal, and reading past one could be led astray.
            _ if literal_length(line).is_some() => return Err(Fault::malformed(line)),
            _ => {}
        }
        Ok(Move::More)
    }

    fn capability(&mut self, line: &[u8], rest: &[u8]) -> Result<Move, Fault> {
        accepted(line, rest)?;
        self.note_code(word(rest).1);
        if !self.offered {
            return Err(Fault::Missing("no STARTTLS among the capabilities".to_owned()));
        }
        self.at = At::StartTls;
        Ok(Move::send(START))
    }

    /// `[CAPABILITY IMAP4rev1 STARTTLS] text`
    fn note_code(&mut self, text: &[u8]) {
        let code = text.strip_prefix(b"[").and_then(|t| t.split(|b| *b == b']').next()).unwrap_or_default();
        let (name, list) = word(code);
        if name.eq_ignore_ascii_case(b"CAPABILITY") {
            self.note_list(list);
        }
    }

    fn note_list(&mut self, list: &[u8]) {
        self.offered |= list.split(|b| *b == b' ').any(|atom| atom.eq_ignore_ascii_case(b"STARTTLS"));
    }
}

/// `NO [UNAVAILABLE]` is about the moment (RFC 5530, section 3).
fn started(line: &[u8], rest: &[u8]) -> Result<Move, Fault> {
    let (condition, text) = word(rest);
    if condition.eq_ignore_ascii_case(b"NO") && text.to_ascii_uppercase().starts_with(b"[UNAVAILABLE]") {
        return Err(Fault::unable(line));
    }
    accepted(line, rest)?;
    Ok(Move::Go)
}

/// Whether a tagged answer is OK.
fn accepted(line: &[u8], rest: &[u8]) -> Result<(), Fault> {
    match word(rest).0.to_ascii_uppercase().as_slice() {
        b"OK" => Ok(()),
        b"NO" | b"BAD" => Err(Fault::refused(line)),
        _ => Err(Fault::malformed(line)),
    }
}
