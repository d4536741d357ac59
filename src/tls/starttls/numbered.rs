//! Answers that begin with three digits, as SMTP, LMTP, NNTP and FTP have them, one line or several.
//! Knows how lines belong together; what a number means is the caller's.

use super::error::{Fault, lossy};

/// The most that is kept of one answer for showing, in bytes.
const MAX_SAID: usize = 1024;

/// How the lines between the first and the last of an answer look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// Each has the same number and a hyphen (RFC 5321, section 4.2.1).
    Numbered,
    /// Any text (RFC 959, section 4.2).
    Free,
    /// There are none (RFC 3977, section 3.2).
    Nothing,
}

/// One line, and its place in the answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The first of several.
    First,
    /// Neither the first nor the last; for [`Between::Numbered`] without number and hyphen.
    Inner(&'a [u8]),
    /// The last, which may also be the first. The text is without the number.
    Last {
        /// The number.
        code: u16,
        /// What stands behind it.
        text: &'a [u8],
        /// Whether there was a line before.
        several: bool,
    },
}

/// An answer in the making.
#[derive(Debug)]
pub(super) struct Numbered {
    between: Between,
    open: Option<u16>,
    said: Vec<u8>,
}

impl Numbered {
    pub(super) fn new(between: Between) -> Self {
        Self { between, open: None, said: Vec::new() }
    }

    /// What the next line is.
    pub(super) fn part<'a>(&mut self, line: &'a [u8]) -> Result<Part<'a>, Fault> {
        let Some(open) = self.open else { return self.first(line) };
        let numbered = split(line).filter(|(code, _, _)| *code == open);
        let part = match (numbered, self.between) {
            (Some((code, false, text)), _) => Part::Last { code, text, several: true },
            (Some((_, true, text)), Between::Numbered) => Part::Inner(text),
            (_, Between::Free) => Part::Inner(line),
            _ => return Err(Fault::malformed(line)),
        };
        match &part {
            Part::Last { text, .. } | Part::Inner(text) => self.note(text),
            Part::First => {}
        }
        if matches!(part, Part::Last { .. }) {
            self.open = None;
        }
        Ok(part)
    }

    fn first<'a>(&mut self, line: &'a [u8]) -> Result<Part<'a>, Fault> {
        let (code, goes_on, text) = split(line).ok_or_else(|| Fault::malformed(line))?;
        self.said.clear();
        self.note(line);
        if !goes_on {
            return Ok(Part::Last { code, text, several: false });
        }
        if self.between == Between::Nothing {
            return Err(Fault::malformed(line));
        }
        self.open = Some(code);
        Ok(Part::First)
    }

    fn note(&mut self, text: &[u8]) {
        let room = MAX_SAID.saturating_sub(self.said.len());
        if !self.said.is_empty() {
            self.said.push(b' ');
        }
        self.said.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
    }

    /// The whole answer in one line, from the number on.
    pub(super) fn said(&self) -> String {
        lossy(&self.said)
    }

    /// The answer as a refusal.
    pub(super) fn refused(&self) -> Fault {
        Fault::Refused(self.said())
    }

    /// The answer as one that does not belong where it is.
    pub(super) fn malformed(&self) -> Fault {
        Fault::Malformed(self.said())
    }
}

/// The number, whether a hyphen follows it, and the text. The number alone is a line too
/// (RFC 5321, section 4.2.1).
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    if !matches!(digits, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']) {
        return None;
    }
    let code = digits.iter().fold(0u16, |n, d| n.saturating_mul(10).saturating_add(u16::from(d.saturating_sub(b'0'))));
    match rest.split_first() {
        None => Some((code, false, rest)),
        Some((b' ', text)) => Some((code, false, text)),
        Some((b'-', text)) => Some((code, true, text)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(between: Between, lines: &[&'static str]) -> Result<String, Fault> {
        let mut answer = Numbered::new(between);
        let mut out = String::new();
        for line in lines {
            out.push(match answer.part(line.as_bytes())? {
                Part::First => 'f',
                Part::Inner(_) => 'i',
                Part::Last { several: false, .. } => 'o',
                Part::Last { .. } => 'l',
            });
        }
        Ok(format!("{out} {}", answer.said()))
    }

    #[test]
    fn the_lines_of_one_answer_belong_together() {
        assert_eq!(parts(Between::Numbered, &["220-a", "220-b", "220 c"]).unwrap(), "fil 220-a b c");
        assert_eq!(
            parts(Between::Free, &["211-a", " 211 b", "212 x", "211-c", "211 End"]).unwrap(),
            "fiiil 211-a  211 b 212 x 211-c End"
        );
        assert_eq!(parts(Between::Nothing, &["382 go", "220"]).unwrap(), "oo 220");
    }

    #[test]
    fn numbers_that_differ_or_are_none_are_malformed() {
        for lines in [&["220-a", "221 b"][..], &["220-a", "b"], &["220a"], &["22 a"], &["620 a"], &["+OK"], &[""]] {
            assert!(matches!(parts(Between::Numbered, lines), Err(Fault::Malformed(_))), "{lines:?}");
        }
        assert!(parts(Between::Nothing, &["382-a"]).is_err());
    }
}
