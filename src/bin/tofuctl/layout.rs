//! Text within a width: paragraphs, labelled rows, tables. Counts characters; what comes here is
//! escaped already.

use crate::out::{Paint, Style};

/// The room for labels in front of values.
const LABEL: usize = 14;

/// Breaks text at spaces so that it fits; a word that does not is broken inside. The first line begins
/// with `first`, the others with `rest`.
pub fn wrapped(first: &str, rest: &str, text: &str, width: usize) -> String {
    let room = width.saturating_sub(first.chars().count().max(rest.chars().count())).max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        for piece in pieces(word, room) {
            let used = lines.last().map_or(0, |line| line.chars().count());
            let gap = usize::from(used > 0);
            if used.saturating_add(gap).saturating_add(piece.chars().count()) > room {
                lines.push(piece);
            } else if let Some(line) = lines.last_mut() {
                line.push_str(if gap == 1 { " " } else { "" });
                line.push_str(&piece);
            }
        }
    }
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        out.push_str(if index == 0 { first } else { rest });
        out.push_str(line);
        out.push('\n');
    }
    out
}

fn pieces(word: &str, room: usize) -> Vec<String> {
    if word.chars().count() <= room {
        return vec![word.to_owned()];
    }
    // A fingerprint breaks after a colon: AB:CD: / EF:…
    let fingerprint = word.len() == 95 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
    let step = if fingerprint { room.saturating_sub(room.checked_rem(3).unwrap_or(0)).min(48) } else { room };
    let chars: Vec<char> = word.chars().collect();
    chars.chunks(step.max(1)).map(|chunk| chunk.iter().collect()).collect()
}

/// `  Label        value`, the value below itself where it is long. Nothing where the value is empty.
pub fn row(label: &str, value: &str, width: usize) -> String {
    if value.is_empty() {
        return String::new();
    }
    let blank = " ".repeat(LABEL.saturating_add(2));
    wrapped(&format!("  {label:<LABEL$}"), &blank, value, width)
}

/// At most `room` characters, the last one `…` where something was cut.
pub fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// One cell of a table.
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::Plain }
    }

    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// A table with a first column that takes the room which the others leave. A first cell that does not
/// fit gets lines of its own; other cells are cut. Where there is no room, the last columns are left out.
pub struct Table {
    titles: Vec<&'static str>,
    widths: Vec<usize>,
    width: usize,
    paint: Paint,
}

/// Between columns.
const GAP: usize = 2;
/// The first column is never narrower.
const FIRST: usize = 20;

impl Table {
    /// `first` is the title of the first column, `others` are titles and widths.
    pub fn new(first: &'static str, others: &[(&'static str, usize)], width: usize, paint: Paint) -> Self {
        let mut taken: usize = 0;
        let room = width.saturating_sub(FIRST);
        let fits = others.iter().take_while(|(_, w)| {
            let wanted = taken.saturating_add(*w).saturating_add(GAP);
            let fits = wanted <= room;
            taken = if fits { wanted } else { taken };
            fits
        });
        let others: Vec<_> = fits.copied().collect();
        let titles = std::iter::once(first).chain(others.iter().map(|(title, _)| *title)).collect();
        let widths = std::iter::once(width.saturating_sub(taken)).chain(others.iter().map(|(_, w)| *w));
        Self { titles, widths: widths.collect(), width, paint }
    }

    /// The line of titles.
    pub fn header(&self) -> String {
        self.row(&self.titles.iter().map(|title| Cell::styled(*title, Style::Bold)).collect::<Vec<_>>())
    }

    /// One row, which may be several lines.
    pub fn row(&self, cells: &[Cell]) -> String {
        let mut out = String::new();
        let mut line = String::new();
        for (index, (cell, width)) in cells.iter().zip(&self.widths).enumerate() {
            let long = cell.text.chars().count() > *width;
            let text = match (index, long) {
                (0, true) => {
                    let whole = wrapped("", "  ", &cell.text, self.width);
                    whole.lines().for_each(|l| out.push_str(&format!("{}\n", self.paint.paint(cell.style, l))));
                    String::new()
                }
                (_, true) => cut(&cell.text, *width),
                (_, false) => cell.text.clone(),
            };
            let last = index.saturating_add(1) == self.widths.len().min(cells.len());
            let blank = if last { 0 } else { width.saturating_sub(text.chars().count()).saturating_add(GAP) };
            line.push_str(&self.paint.paint(cell.style, &text));
            line.push_str(&" ".repeat(blank));
        }
        out.push_str(line.trim_end());
        out.push('\n');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_asked_for() {
        let long = format!("{} {}", "word ".repeat(40), "x".repeat(300));
        for width in [40, 60, 80] {
            for text in [wrapped("  - ", "    ", &long, width), row("Label", &long, width)] {
                assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            }
        }
    }

    #[test]
    fn a_first_cell_that_is_too_long_gets_its_own_lines() {
        let paint = crate::out::Paint::off();
        let table = Table::new("SERVER", &[("STATE", 8), ("KEY", 20)], 60, paint);
        let row = table.row(&[Cell::new("a".repeat(130)), Cell::new("trusted"), Cell::new("k".repeat(40))]);
        assert!(row.lines().all(|line| line.chars().count() <= 60), "{row}");
        assert_eq!(row.matches('a').count(), 130);
        assert!(row.ends_with("…\n"));
    }

    #[test]
    fn columns_without_room_are_left_out() {
        let columns = [("STATE", 9), ("KEY", 13), ("LAST SEEN", 10)];
        let table = Table::new("SERVER", &columns, 48, crate::out::Paint::off());
        assert_eq!(table.header(), format!("{:<24}{:<11}KEY\n", "SERVER", "STATE"));
        assert!(table.row(&["a", "b", "c", "d"].map(Cell::new)).ends_with("c\n"));
    }

    #[test]
    fn a_fingerprint_breaks_after_a_colon() {
        let hash = tofu::hash::Hash::of(b"x").colon_hex();
        let text = row("SHA-256", &hash, 80);
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().next().is_some_and(|line| line.ends_with(':')));
    }
}
