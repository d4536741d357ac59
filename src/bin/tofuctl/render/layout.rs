//! Rows with labels, and tables, on the library's breaking and filling of lines. Counts columns; what comes
//! here is escaped already.

pub use tofu::text::layout::{columns, cut, padded, wrap, wrapped};

use crate::process::out::{Paint, Style};

/// The room for labels in front of values.
pub const LABEL: usize = 14;

/// `  Label        value`, the value below itself where it is long. Nothing where the value is empty.
pub fn row(label: &str, value: &str, width: usize) -> String {
    if value.is_empty() {
        return String::new();
    }
    let blank = " ".repeat(LABEL.saturating_add(2));
    wrapped(&format!("  {label:<LABEL$}"), &blank, value, width)
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
            let long = columns(&cell.text) > *width;
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
            let blank = if last { 0 } else { width.saturating_sub(columns(&text)).saturating_add(GAP) };
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
    fn a_first_cell_that_is_too_long_gets_its_own_lines() {
        let paint = crate::process::out::Paint::off();
        let table = Table::new("SERVER", &[("STATE", 8), ("KEY", 20)], 60, paint);
        let row = table.row(&[Cell::new("a".repeat(130)), Cell::new("trusted"), Cell::new("k".repeat(40))]);
        assert!(row.lines().all(|line| line.chars().count() <= 60), "{row}");
        assert_eq!(row.matches('a').count(), 130);
        assert!(row.ends_with("…\n"));
    }

    #[test]
    fn columns_without_room_are_left_out() {
        let columns = [("STATE", 9), ("KEY", 13), ("LAST SEEN", 10)];
        let table = Table::new("SERVER", &columns, 48, crate::process::out::Paint::off());
        assert_eq!(table.header(), format!("{:<24}{:<11}KEY\n", "SERVER", "STATE"));
        assert!(table.row(&["a", "b", "c", "d"].map(Cell::new)).ends_with("c\n"));
    }

    #[test]
    fn wide_characters_leave_the_columns_of_a_table_straight() {
        let table = Table::new("SERVER", &[("STATE", 9), ("KEY", 13)], 60, crate::process::out::Paint::off());
        let rows =
            ["日本電子株式会社", "Cafe\u{301}", "plain"].map(|name| table.row(&[name, "日本", "k"].map(Cell::new)));
        let ends = rows.each_ref().map(|row| columns(row.trim_end()));
        assert_eq!(ends, [ends[0]; 3], "{rows:?}");
        let cut = table.row(&["a", "日本電子株式会社", "k"].map(Cell::new));
        assert_eq!(columns(cut.trim_end()), ends[0], "{cut}");
    }
}
