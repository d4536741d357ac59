//! Pages of text that fit a width: wrapped paragraphs, labelled rows, colours. Everything that comes
//! here is escaped already; widths are counted in characters. Knows nothing of certificates.

use tofu::time::{self, DAY, Timestamp};

use crate::out::{Paint, Style};

/// The label column of a card.
const LABEL: usize = 14;

/// A page being written.
pub struct Sheet {
    text: String,
    width: usize,
    paint: Paint,
}

impl Sheet {
    /// An empty page.
    pub fn new(width: usize, paint: Paint) -> Self {
        Self { text: String::new(), width, paint }
    }

    /// The page as text.
    pub fn finish(self) -> String {
        self.text
    }

    /// Characters in a line.
    pub fn width(&self) -> usize {
        self.width
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line as it stands, coloured as a whole.
    pub fn line(&mut self, style: Style, line: &str) {
        self.text.push_str(&self.paint.paint(style, line.trim_end()));
        self.text.push('\n');
    }

    /// A paragraph, wrapped.
    pub fn paragraph(&mut self, indent: usize, style: Style, text: &str) {
        let margin = " ".repeat(indent);
        for line in wrap(text, self.width.saturating_sub(indent)) {
            self.line(style, &format!("{margin}{line}"));
        }
    }

    /// A labelled value, wrapped under itself.
    pub fn row(&mut self, label: &str, style: Style, value: &str) {
        let lines = wrap(value, self.width.saturating_sub(LABEL.saturating_add(2)));
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.text.push_str(&format!("  {label:<LABEL$}{}", self.paint.paint(style, line)));
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        }
    }

    /// Two values side by side under a label, each wrapped in its column.
    pub fn columns(&mut self, label: &str, width: usize, left: (Style, &str), right: (Style, &str)) {
        let column = self.width.saturating_sub(width.saturating_add(2)).checked_div(2).unwrap_or(0);
        let (lefts, rights) = (wrap(left.1, column), wrap(right.1, column));
        for index in 0..lefts.len().max(rights.len()) {
            let label = if index == 0 { label } else { "" };
            let padded = format!("{:<column$}", lefts.get(index).map_or("", String::as_str));
            let other = rights.get(index).map_or("", String::as_str);
            let (padded, other) = (self.paint.paint(left.0, &padded), self.paint.paint(right.0, other));
            self.text.push_str(&format!("{label:<width$}{padded}  {other}"));
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        }
    }
}

/// Breaks text into lines of at most `width` characters: at spaces, then behind commas and colons, and
/// through what is longer than a line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0usize;
    for word in text.split_inclusive(' ') {
        for piece in pieces(word, width) {
            let length = piece.trim_end().chars().count();
            if used > 0 && used.saturating_add(length) > width {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0;
            }
            used = used.saturating_add(piece.chars().count());
            line.push_str(&piece);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// A word in parts that fit a line.
fn pieces(word: &str, width: usize) -> Vec<String> {
    if word.trim_end().chars().count() <= width {
        return vec![word.to_owned()];
    }
    let mut out = Vec::new();
    for part in word.split_inclusive([',', ':']) {
        let chars: Vec<char> = part.chars().collect();
        out.extend(chars.chunks(width).map(|chunk| chunk.iter().collect::<String>()));
    }
    out
}

/// A line that begins with a label of `indent` characters, wrapped under its value.
pub fn hanging(line: &str, indent: usize, width: usize) -> Vec<String> {
    let cut = line.char_indices().nth(indent).map_or(line.len(), |(at, _)| at);
    let (label, value) = line.split_at_checked(cut).unwrap_or((line, ""));
    let margin = " ".repeat(indent);
    let parts = wrap(value, width.saturating_sub(indent));
    parts.iter().enumerate().map(|(i, part)| format!("{}{part}", if i == 0 { label } else { &margin })).collect()
}

/// `in 58 days`, `today`, `3 days ago`: where a time lies from `now`.
pub fn from_now(at: Timestamp, now: Timestamp) -> String {
    let days = |count: i64| if count == 1 { "1 day".to_owned() } else { format!("{count} days") };
    match at.saturating_sub(now) {
        ahead if ahead >= DAY => format!("in {}", days(ahead.div_euclid(DAY))),
        0.. => "within a day".to_owned(),
        behind if behind > DAY.saturating_neg() => "less than a day ago".to_owned(),
        behind => format!("{} ago", days(behind.saturating_neg().div_euclid(DAY))),
    }
}

/// The colour of an end of validity: red when it is past, yellow when it is near.
pub fn end_style(not_after: Timestamp, now: Timestamp, warn_days: i64) -> Style {
    match not_after {
        end if end < now => Style::Bad,
        end if time::days_between(now, end) < warn_days => Style::Warn,
        _ => Style::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page_and_nothing_is_lost() {
        let text = format!("one two, {} AB:CD:{} end", "x".repeat(200), "EF:".repeat(40));
        let lines = wrap(&text, 30);
        assert!(lines.iter().all(|line| line.chars().count() <= 30), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        assert_eq!(wrap("", 30), [""]);
    }

    #[test]
    fn columns_keep_within_the_page() {
        let mut sheet = Sheet::new(60, Paint::off());
        sheet.columns("names", 18, (Style::Plain, &"a.example, ".repeat(9)), (Style::Plain, "b.example"));
        let text = sheet.finish();
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.starts_with("names "), "{text}");
    }

    #[test]
    fn days_are_told_from_the_time_given() {
        assert_eq!(from_now(10 * DAY, DAY), "in 9 days");
        assert_eq!(from_now(2 * DAY, DAY), "in 1 day");
        assert_eq!(from_now(DAY + 5, DAY), "within a day");
        assert_eq!(from_now(DAY - 5, DAY), "less than a day ago");
        assert_eq!(from_now(DAY, 4 * DAY), "3 days ago");
        assert_eq!(from_now(i64::MIN, i64::MAX), format!("{} days ago", i64::MAX / DAY));
    }
}
