//! Which program wrote a file of settings, told by the file as a whole: the same line means one thing to
//! Mercurial and another to fetchmail. Each reader of a program stands in a file of its own.

use super::{curl, getmail, irssi, lagrange, mercurial, postfix, subversion, weechat};
use crate::endpoint::Endpoint;
use crate::store::exchange::found::{Found, lines};

/// How much of a file is looked at to tell whose it is, in bytes.
const HEAD: usize = 1024 * 1024;

/// A program whose files are read as a whole.
pub(in crate::store::exchange) struct Program {
    /// What its files are called in a report.
    pub(in crate::store::exchange) name: &'static str,
    /// Whether a line, trimmed, is one that only its files have. The section is that of the heading above it.
    marks: fn(section: &str, line: &str) -> bool,
    /// Reads a file. The endpoint counts where the file does not say which server it means.
    pub(in crate::store::exchange) read: fn(&[u8], &mut Found, Option<&Endpoint>),
}

/// The programs, the most distinctive first.
const PROGRAMS: [Program; 8] = [
    Program { name: subversion::NAME, marks: subversion::marks, read: subversion::read },
    Program { name: mercurial::NAME, marks: mercurial::marks, read: mercurial::read },
    Program { name: getmail::NAME, marks: getmail::marks, read: getmail::read },
    Program { name: weechat::NAME, marks: weechat::marks, read: weechat::read },
    Program { name: irssi::NAME, marks: irssi::marks, read: irssi::read },
    Program { name: postfix::NAME, marks: postfix::marks, read: postfix::read },
    Program { name: curl::NAME, marks: curl::marks, read: curl::read },
    Program { name: lagrange::NAME, marks: lagrange::marks, read: lagrange::read },
];

/// The program that a file belongs to; `None` for a list of hosts, the settings of mail programs, and what
/// nobody knows.
pub(in crate::store::exchange) fn of(data: &[u8]) -> Option<&'static Program> {
    let head = data.get(..HEAD).unwrap_or(data);
    let mut section = String::new();
    let mut first = PROGRAMS.len();
    for (_, line) in lines(head) {
        let Some(text) = line.and_then(|line| std::str::from_utf8(line).ok()).map(str::trim) else { continue };
        if is_comment(text) {
            continue;
        }
        if let Some(name) = heading(text) {
            name.clone_into(&mut section);
        }
        // Of two programs whose marks are in one file, the more distinctive one counts.
        if let Some(place) = PROGRAMS.iter().take(first).position(|program| (program.marks)(&section, text)) {
            first = place;
        }
    }
    PROGRAMS.get(first)
}

/// A line that every one of these programs skips.
pub(in crate::store::exchange) fn is_comment(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', ';'])
}

/// The name in `[name]`.
pub(in crate::store::exchange) fn heading(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']').map(str::trim)
}
