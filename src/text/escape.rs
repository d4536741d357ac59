//! Makes foreign text safe to show. Certificates and servers can contain control characters,
//! terminal escapes, right-to-left overrides and invisible letters (docs/pitfalls.md#36).

/// Replaces everything that could disguise itself or steer a terminal by a visible escape:
/// `\n`, `\x1B`, `\u{202E}`. A backslash is doubled, so that the result cannot be misread.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out
}

/// [`escape`], cut to at most `max` characters of output and marked with `…` where it was cut.
/// For error messages, which must stay one line however long the input was.
pub fn excerpt(text: &str, max: usize) -> String {
    cut(text, max, push_escaped)
}

/// [`excerpt`] of a text that others' words were escaped in already: a backslash stays as it is.
pub fn one_line(text: &str, max: usize) -> String {
    cut(text, max, |out, c| if c == '\\' { out.push(c) } else { push_escaped(out, c) })
}

fn cut(text: &str, max: usize, push: impl Fn(&mut String, char)) -> String {
    let mut out = String::new();
    let mut shown = 0usize;
    for c in text.chars() {
        let mut piece = String::new();
        push(&mut piece, c);
        shown = shown.saturating_add(piece.chars().count());
        if shown > max {
            out.push('…');
            break;
        }
        out.push_str(&piece);
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0' => out.push_str("\\0"),
        c if c.is_ascii_control() => out.push_str(&format!("\\x{:02X}", u32::from(c))),
        c if is_deceptive(c) => out.push_str(&format!("\\u{{{:X}}}", u32::from(c))),
        c => out.push(c),
    }
}

/// Characters that are invisible, reorder text, or are not characters: Unicode general
/// categories Cc and Cf, the line and paragraph separators, variation selectors, fillers that
/// render as nothing, private use and non-characters.
pub(super) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xA0 | 0xAD | 0x34F | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2
            | 0x115F..=0x1160 | 0x1680 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x2000..=0x200F
            | 0x2028..=0x202F | 0x205F..=0x206F | 0x2800 | 0x3000 | 0x3164 | 0xE000..=0xF8FF
            | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xFFFE..=0xFFFF
            | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D159 | 0x1D173..=0x1D17A
            | 0xE0000..=0x10FFFF)
        || (u32::from(c) & 0xFFFE) == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_survives() {
        assert_eq!(escape("a\x1b[0m\r\nb\u{9b}c\\"), "a\\x1B[0m\\r\\nb\\u{9B}c\\\\");
        assert_eq!(
            escape("\u{202e}\u{200b}\u{feff}\u{2066}\u{e0041}"),
            "\\u{202E}\\u{200B}\\u{FEFF}\\u{2066}\\u{E0041}"
        );
        assert_eq!(escape("Müller Ελλάς 日本 😀"), "Müller Ελλάς 日本 😀");
    }

    #[test]
    fn an_excerpt_is_short_and_marked() {
        assert_eq!(excerpt("abcdef", 3), "abc…");
        assert_eq!(excerpt("abc", 3), "abc");
        assert_eq!(excerpt(&"\n".repeat(1000), 4), "\\n\\n…");
        assert_eq!((one_line("a\\n\n", 9), one_line("abc", 2)), ("a\\n\\n".to_owned(), "ab…".to_owned()));
    }
}
