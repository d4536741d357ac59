//! Pages of text that fit a width: wrapped paragraphs, labelled rows, colours. Everything that comes
//! here is escaped already; widths are counted in columns. Knows nothing of certificates.

use tofu::time::{DAY, Timestamp};

use crate::process::out::{Paint, Style};
use crate::render::layout::{LABEL, padded, wrap};
use crate::render::words::count;

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

    /// Columns of a line.
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
            let padded = padded(lefts.get(index).map_or("", String::as_str), column);
            let other = rights.get(index).map_or("", String::as_str);
            let (padded, other) = (self.paint.paint(left.0, &padded), self.paint.paint(right.0, other));
            self.text.push_str(&format!("{label:<width$}{padded}  {other}"));
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        }
    }
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
    let days = |days: i64| count(days.unsigned_abs(), "day");
    match at.saturating_sub(now) {
        ahead if ahead >= DAY => format!("in {}", days(ahead.div_euclid(DAY))),
        0.. => "within a day".to_owned(),
        behind if behind > DAY.saturating_neg() => "less than a day ago".to_owned(),
        behind => format!("{} ago", days(behind.saturating_neg().div_euclid(DAY))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_within_the_page() {
        let mut sheet = Sheet::new(60, Paint::off());
        sheet.columns("names", 18, (Style::Plain, &"a.example, ".repeat(9)), (Style::Plain, "b.example"));
        let text = sheet.finish();
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.starts_with("names "), "{text}");
    }

    #[test]
    fn wide_characters_leave_the_right_column_where_it_is() {
        let starts = ["O=日本電子株式会社", "O=Cafe\u{301}", "O=plain"].map(|left| {
            let mut sheet = Sheet::new(80, Paint::off());
            sheet.columns("subject", 20, (Style::Plain, left), (Style::Plain, "O=new"));
            sheet.finish().split_once("O=new").map(|(before, _)| crate::render::layout::columns(before))
        });
        assert_eq!(starts, [starts[0]; 3]);
        assert!(starts[0].is_some());
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
