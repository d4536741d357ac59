//! Cutting what a server sends into lines, whatever pieces it arrives in, for the protocols that have
//! lines. Each byte is looked at once. Knows the bounds and nothing of what the lines say.

use std::fmt;

use super::error::{Bound, Fault};
use super::{Conversation, MAX_LINE, MAX_LINES, Move};

/// A protocol that answers in lines.
pub(super) trait LineTalk: fmt::Debug + Send + Sync {
    /// Whether a line may go on behind a literal (`{5}`, CRLF, five bytes), as in ManageSieve.
    const LITERALS: bool = false;

    /// One line, without its end; never with NUL, and with CR only inside a literal.
    fn line(&mut self, line: &[u8]) -> Result<Move, Fault>;

    /// What the next line belongs to.
    fn waiting_for(&self) -> &'static str;

    /// Whether these lines may stand behind an answer, before the next command was sent.
    fn may_stand_ahead(&self, _rest: &[u8]) -> bool {
        false
    }
}

/// A protocol in lines, as a [`Conversation`].
#[derive(Debug)]
pub(super) struct ByLine<T> {
    talk: T,
    lines: Lines,
    /// Lines of the answer that is being read.
    count: usize,
    first: Option<Vec<u8>>,
}

impl<T: LineTalk> ByLine<T> {
    pub(super) fn new(talk: T) -> Self {
        Self { talk, lines: Lines::new(T::LITERALS), count: 0, first: None }
    }
}

impl<T: LineTalk> Conversation for ByLine<T> {
    fn take(&mut self, input: &[u8]) -> Result<(usize, Move), Fault> {
        let (used, line) = self.lines.take(input)?;
        let Some(line) = line else { return Ok((used, Move::More)) };
        self.count = self.count.saturating_add(1);
        if self.count > MAX_LINES {
            return Err(Fault::Limit(Bound::Lines, MAX_LINES));
        }
        if self.first.is_none() {
            self.first = Some(line.clone());
        }
        let next = self.talk.line(&line)?;
        if matches!(next, Move::Send(_)) {
            self.count = 0;
        }
        Ok((used, next))
    }

    fn waiting_for(&self) -> &'static str {
        self.talk.waiting_for()
    }

    fn first_line(&self) -> Option<&[u8]> {
        self.first.as_deref()
    }

    fn may_stand_ahead(&self, rest: &[u8]) -> bool {
        self.talk.may_stand_ahead(rest)
    }
}

/// A line in the making.
#[derive(Debug)]
struct Lines {
    literals: bool,
    line: Vec<u8>,
    /// Where the text behind the last literal begins.
    start: usize,
    /// Bytes of a literal that are still to come.
    owed: usize,
}

impl Lines {
    fn new(literals: bool) -> Self {
        Self { literals, line: Vec::new(), start: 0, owed: 0 }
    }

    /// Takes from the front of `input`, which is not empty, at most up to the end of a line. Gives how
    /// much it took, and the line if that completed one.
    fn take(&mut self, input: &[u8]) -> Result<(usize, Option<Vec<u8>>), Fault> {
        if self.owed > 0 {
            let used = self.owed.min(input.len());
            self.push(input, used)?;
            self.owed = self.owed.saturating_sub(used);
            self.start = self.line.len();
            return Ok((used, None));
        }
        let Some(at) = input.iter().position(|b| *b == b'\n') else {
            self.push(input, input.len())?;
            return Ok((input.len(), None));
        };
        let used = at.saturating_add(1);
        self.push(input, used)?;
        let text = self.line.get(self.start..).map(without_end).unwrap_or_default();
        if text.iter().any(|b| matches!(b, b'\r' | 0)) {
            return Err(Fault::malformed(&self.line));
        }
        let length = if self.literals { literal_length(text) } else { None };
        if let Some(length) = length {
            return self.owe(length).map(|()| (used, None));
        }
        let mut line = std::mem::take(&mut self.line);
        line.truncate(without_end(&line).len());
        self.start = 0;
        Ok((used, Some(line)))
    }

    fn push(&mut self, input: &[u8], used: usize) -> Result<(), Fault> {
        if self.line.len().saturating_add(used) > MAX_LINE {
            return Err(Fault::Limit(Bound::Line, MAX_LINE));
        }
        self.line.extend_from_slice(input.get(..used).unwrap_or_default());
        Ok(())
    }

    /// A literal of this many bytes follows.
    fn owe(&mut self, length: usize) -> Result<(), Fault> {
        if self.line.len().saturating_add(length) > MAX_LINE {
            return Err(Fault::Limit(Bound::Line, MAX_LINE));
        }
        self.owed = length;
        self.start = self.line.len();
        Ok(())
    }
}

/// A line without its CRLF or LF.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The length that `...{5}` or `...{5+}` announces. One beyond any bound reads as the largest number.
pub(super) fn literal_length(text: &[u8]) -> Option<usize> {
    let text = text.strip_suffix(b"}")?;
    let text = text.strip_suffix(b"+").unwrap_or(text);
    let open = text.iter().rposition(|b| *b == b'{')?;
    let digits = text.get(open.saturating_add(1)..)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(usize::MAX))
}

/// The first word of a line and what is behind the space after it.
pub(super) fn word(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|b| *b == b' ') {
        Some(at) => line.split_at_checked(at).map_or((line, &[]), |(w, rest)| (w, rest.get(1..).unwrap_or_default())),
        None => (line, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(literals: bool, input: &[u8], piece: usize) -> Result<Vec<String>, Fault> {
        let mut lines = Lines::new(literals);
        let mut out = Vec::new();
        for mut rest in input.chunks(piece) {
            while !rest.is_empty() {
                let (used, line) = lines.take(rest)?;
                assert!(used > 0);
                rest = &rest[used..];
                out.extend(line.map(|l| String::from_utf8(l).unwrap()));
            }
        }
        Ok(out)
    }

    #[test]
    fn lines_are_the_same_in_whatever_pieces_they_come() {
        for piece in 1..20 {
            assert_eq!(all(false, b"one\r\ntwo\n\r\nthree{3}\r\nrest", piece).unwrap(), ["one", "two", "", "three{3}"]);
            let literal = all(true, b"OK {5}\r\na\r\nb\n \"x\"\r\nNO {0+}\r\n\r\n", piece).unwrap();
            assert_eq!(literal, ["OK {5}\r\na\r\nb\n \"x\"", "NO {0+}\r\n"]);
        }
    }

    #[test]
    fn what_no_line_holds_is_malformed() {
        for input in [&b"a\rb\r\n"[..], b"a\0b\r\n", b"a\r\r\n"] {
            assert!(matches!(all(false, input, 1), Err(Fault::Malformed(_))), "{input:?}");
        }
    }

    #[test]
    fn a_line_and_its_literals_share_one_bound() {
        let longest = vec![b'x'; MAX_LINE - 2];
        assert_eq!(all(false, &[&longest[..], b"\r\n"].concat(), 7).unwrap().len(), 1);
        for (literals, input) in [
            (false, vec![b'x'; MAX_LINE + 1]),
            (true, b"OK {4090}\r\n".to_vec()),
            (true, b"OK {99999999999999999999999999}\r\n".to_vec()),
        ] {
            assert!(matches!(all(literals, &input, 50), Err(Fault::Limit(Bound::Line, MAX_LINE))));
        }
    }
}
