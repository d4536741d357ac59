//! ManageSieve: the capabilities that are the greeting, then `STARTTLS` (RFC 5804, sections 1.2, 1.7
//! and 2.2). What the server sends again under TLS is not read here.

use super::Move;
use super::error::Fault;
use super::lines::{LineTalk, literal_length, word};

/// ManageSieve.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    asked: bool,
    offered: bool,
}

impl LineTalk for Sieve {
    const LITERALS: bool = true;

    fn line(&mut self, line: &[u8]) -> Result<Move, Fault> {
        if matches!(line.first(), Some(b'"' | b'{')) && !self.asked {
            let name = capability(line).ok_or_else(|| Fault::malformed(line))?;
            self.offered |= name.eq_ignore_ascii_case(b"STARTTLS");
            return Ok(Move::More);
        }
        match word(line).0.to_ascii_uppercase().as_slice() {
            b"OK" if self.asked => Ok(Move::Go),
            b"OK" if self.offered => {
                self.asked = true;
                Ok(Move::send("STARTTLS\r\n"))
            }
            b"OK" => Err(Fault::Missing("no \"STARTTLS\" among the capabilities".to_owned())),
            // The answer is about the moment (RFC 5804, section 1.3).
            b"NO" if self.asked && word(line).1.to_ascii_uppercase().starts_with(b"(TRYLATER)") => {
                Err(Fault::unable(line))
            }
            b"NO" | b"BYE" => Err(Fault::refused(line)),
            _ => Err(Fault::malformed(line)),
        }
    }

    fn waiting_for(&self) -> &'static str {
        if self.asked { "the answer to STARTTLS" } else { "the greeting" }
    }
}

/// The name in a line of a name and perhaps a value, each a string.
fn capability(line: &[u8]) -> Option<Vec<u8>> {
    let (name, rest) = string(line)?;
    if rest.is_empty() {
        return Some(name);
    }
    let (_, end) = string(rest.strip_prefix(b" ")?)?;
    end.is_empty().then_some(name)
}

/// A string at the front, quoted or a literal, and what is behind it.
fn string(input: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = input.strip_prefix(b"\"") else { return literal(input) };
    let mut text = Vec::new();
    let mut bytes = quoted.iter();
    loop {
        match bytes.next()? {
            b'"' => return Some((text, bytes.as_slice())),
            b'\\' => text.push(*bytes.next().filter(|b| matches!(b, b'"' | b'\\'))?),
            byte => text.push(*byte),
        }
    }
}

fn literal(input: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let end = input.iter().position(|b| *b == b'\n')?;
    let (head, rest) = input.split_at_checked(end.saturating_add(1))?;
    let head = head.trim_ascii_end();
    let length = literal_length(head).filter(|_| head.starts_with(b"{"))?;
    let (text, rest) = rest.split_at_checked(length)?;
    Some((text.to_vec(), rest))
}
