//! Lays out text in columns as a terminal shows it: measures it, breaks it into lines, pads it and
//! cuts it. The text must already be escaped. A wide character (most of Chinese, Japanese and
//! Korean) takes two columns, and a combining character takes none. This file knows nothing about
//! the meaning of the text, except how fingerprints are written.

use unicode_width::UnicodeWidthChar;

/// Lines are never narrower than this, even if the caller asks for less.
const NARROWEST: usize = 8;
/// Characters kept for each column, so that combining ones do not go on for ever.
const CHARS_PER_COLUMN: usize = 4;

/// How many columns a text takes. Terminals add up characters, so this does as well.
pub fn columns(text: &str) -> usize {
    text.chars().fold(0, |sum, c| sum.saturating_add(columns_of(c)))
}

fn columns_of(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// A text with blanks behind it up to so many columns; a longer one as it is.
pub fn padded(text: &str, width: usize) -> String {
    let blank = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(blank))
}

/// At most `width` columns, the last one `…` where something was cut.
pub fn cut(text: &str, width: usize) -> String {
    let most = width.saturating_mul(CHARS_PER_COLUMN);
    if columns(text) <= width && text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut used: usize = 0;
    let kept = text.chars().take(most).take_while(|c| {
        used = used.saturating_add(columns_of(*c));
        used < width
    });
    kept.chain(std::iter::once('…')).collect()
}

/// Breaks a text into lines of at most `width` columns (at least 8). It breaks at spaces, then a
/// word that is too long after commas and colons, and then anywhere. A fingerprint breaks only
/// between pairs of digits, into rows of equal length: 16 pairs, or 8, 4 or 2 if there is less
/// room. An empty text is one empty line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(NARROWEST);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0usize);
    for word in text.split_inclusive(' ') {
        let (pieces, rows) = pieces(word, width);
        for (index, piece) in pieces.into_iter().enumerate() {
            let full = used.saturating_add(columns(piece.trim_end())) > width;
            if used > 0 && (full || (rows && index > 0)) {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0;
            }
            used = used.saturating_add(columns(piece));
            line.push_str(piece);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// [`wrap`] with `first` before the first line and `rest` before the others, each ended by a line feed.
pub fn wrapped(first: &str, rest: &str, text: &str, width: usize) -> String {
    let room = width.saturating_sub(columns(first).max(columns(rest)));
    let mut out = String::new();
    for (index, line) in wrap(text, room).iter().enumerate() {
        out.push_str(if index == 0 { first } else { rest });
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// A word, with the space behind it, in parts that fit a line, and whether each is to have its own.
fn pieces(word: &str, width: usize) -> (Vec<&str>, bool) {
    if columns(word.trim_end()) <= width {
        return (vec![word], false);
    }
    match digits_of_a_pair(word.trim_end()) {
        Some(pair) => {
            let pairs = [16usize, 8, 4].into_iter().find(|pairs| pairs.saturating_mul(pair) <= width).unwrap_or(2);
            (chunks(word, pairs.saturating_mul(pair)), true)
        }
        None => (word.split_inclusive([',', ':']).flat_map(|part| chunks(part, width)).collect(), false),
    }
}

/// In a SHA-256 fingerprint, the characters of a pair of digits: 3 with colons, 2 without.
fn digits_of_a_pair(word: &str) -> Option<usize> {
    let digits = word.bytes().filter(u8::is_ascii_hexdigit).count();
    let colons = word.bytes().enumerate().filter(|(at, b)| *b == b':' && at % 3 == 2).count();
    match (word.len(), digits, colons) {
        (95, 64, 31) => Some(3),
        (64, 64, 0) => Some(2),
        _ => None,
    }
}

/// Parts of at most so many columns, not counting a space at the end. A combining character stays with the one before it.
fn chunks(part: &str, width: usize) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = part;
    while columns(rest.trim_end()) > width {
        let mut used: usize = 0;
        let end = rest.char_indices().find(|(_, c)| {
            used = used.saturating_add(columns_of(*c));
            used > width
        });
        let Some((chunk, tail)) = end.and_then(|(at, _)| rest.split_at_checked(at)).filter(|(c, _)| !c.is_empty())
        else {
            break;
        };
        out.push(chunk);
        rest = tail;
    }
    out.push(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    #[test]
    fn no_line_is_wider_than_asked_for_and_nothing_is_lost() {
        let text = format!(
            "one  two, {} AB:CD:{} CN=日本電子株式会社,O=ひらがな a\u{301}\u{302} end",
            "x".repeat(200),
            "EF:".repeat(40)
        );
        for width in [8, 13, 30, 80] {
            let lines = wrap(&text, width);
            assert!(lines.iter().all(|line| columns(line) <= width), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
            let page = wrapped("  - ", "    ", &text, width + 4);
            assert!(page.lines().all(|line| columns(line) <= width + 4), "{page}");
        }
        assert_eq!(wrap("", 30), [""]);
        assert_eq!(wrap("a  b", 30), ["a  b"]);
        assert_eq!(wrap("CN=a.example,O=Organisation,C=DE", 18), ["CN=a.example,", "O=Organisation,", "C=DE"]);
    }

    #[test]
    fn a_fingerprint_breaks_between_pairs_into_equal_rows() {
        let hash = Hash::of(b"x");
        for (width, pairs) in [(94, 16), (64, 16), (48, 16), (47, 8), (26, 8), (23, 4), (11, 2)] {
            let lines = wrap(&hash.colon_hex(), width);
            assert_eq!((lines.len(), lines.concat()), (32 / pairs, hash.colon_hex()), "{width}");
            assert!(lines.iter().all(|line| line.trim_end_matches(':').len() == pairs * 3 - 1), "{lines:?}");
        }
        let hex = hash.hex();
        assert_eq!(wrap(&hex, 63), [&hex[..32], &hex[32..]]);
    }

    #[test]
    fn wide_characters_take_two_columns_and_combining_ones_none() {
        assert_eq!((columns("日本"), columns("e\u{301}"), columns("abc")), (4, 1, 3));
        assert_eq!((padded("日本", 6), padded("e\u{301}", 3)), ("日本  ".to_owned(), "e\u{301}  ".to_owned()));
        assert_eq!((cut("日本語", 6), cut("日本語", 5)), ("日本語".to_owned(), "日本…".to_owned()));
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(wrap("日本語日本語", 9), ["日本語日", "本語"]);
        let marks = format!("a{}", "\u{301}".repeat(100_000));
        assert!(cut(&marks, 10).chars().count() <= 41);
    }
}
