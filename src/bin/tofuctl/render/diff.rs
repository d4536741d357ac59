//! Two certificates side by side: what differs first, in colour, then what is the same.

use tofu::cert::{Diff, DiffRow};

use crate::process::out::Style;
use crate::render::sheet::Sheet;

/// The label column; the longest field name fits with a space behind it.
const LABEL: usize = 20;

/// Writes a comparison under two titles.
pub fn side_by_side(sheet: &mut Sheet, titles: (&str, &str), diff: &Diff) {
    let (changed, same): (Vec<&DiffRow>, Vec<&DiffRow>) = diff.rows.iter().partition(|row| row.changed);
    if !changed.is_empty() {
        sheet.columns("", LABEL, (Style::Bold, titles.0), (Style::Bold, titles.1));
    }
    for row in &changed {
        sheet.columns(row.field, LABEL, (Style::Bad, or_none(&row.before)), (Style::Good, or_none(&row.now)));
    }
    if same.is_empty() {
        return;
    }
    if !changed.is_empty() {
        sheet.gap();
    }
    sheet.line(Style::Bold, "The same in both:");
    for row in same {
        let room = sheet.width().saturating_sub(LABEL);
        for (index, line) in crate::render::layout::wrap(or_none(&row.now), room).iter().enumerate() {
            let label = if index == 0 { row.field } else { "" };
            sheet.line(Style::Dim, &format!("{label:<LABEL$}{line}"));
        }
    }
}

fn or_none(value: &str) -> &str {
    if value.is_empty() { "(none)" } else { value }
}
