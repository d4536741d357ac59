//! A verdict for people, in colour: the library's words, and old against new side by side.

use tofu::trust::{Decision, Verdict};

use crate::process::out::{Paint, Style};
use crate::render::diff::side_by_side;
use crate::render::sheet::Sheet;

/// From this width on old and new stand side by side.
const TWO_COLUMNS: usize = 62;

/// The colour of a decision.
pub fn decision_style(decision: Decision) -> Style {
    match decision {
        Decision::Accept => Style::Good,
        Decision::Ask => Style::Warn,
        Decision::Reject => Style::Bad,
    }
}

/// The whole verdict.
pub fn page(verdict: &Verdict, width: usize, paint: Paint) -> String {
    let text = verdict.to_text(width);
    // The library lays the comparison out without colour; ours takes the same place.
    let plain =
        verdict.diff().filter(|_| width >= TWO_COLUMNS).map(|diff| indented(&diff.to_text(width.saturating_sub(2))));
    let (before, behind) = match plain.as_deref().and_then(|plain| text.split_once(plain)) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text.as_str(), None),
    };
    let mut out = coloured(before, verdict.decision(), paint);
    if let (Some(behind), Some(diff)) = (behind, verdict.diff()) {
        let mut sheet = Sheet::new(width, paint);
        side_by_side(&mut sheet, ("before", "now"), &diff);
        out.push_str(&sheet.finish());
        out.push_str(behind);
    }
    out
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// The first line takes the decision's colour; the headline below it and titles are bold.
fn coloured(text: &str, decision: Decision, paint: Paint) -> String {
    let mut out = String::with_capacity(text.len());
    let mut headline = true;
    for (index, line) in text.lines().enumerate() {
        headline &= !line.is_empty();
        let style = match index {
            0 => decision_style(decision),
            _ if line.starts_with("Risk: ") => decision_style(decision),
            _ if headline || (line.ends_with(':') && !line.starts_with(' ')) => Style::Bold,
            _ => Style::Plain,
        };
        out.push_str(&paint.paint(style, line));
        out.push('\n');
    }
    out
}

/// The answer and the headline alone.
pub fn summary(verdict: &Verdict, width: usize, paint: Paint) -> String {
    let text = verdict.to_text(width);
    let head = text.split_once("\n\n").map_or(text.as_str(), |(head, _)| head);
    coloured(head, verdict.decision(), paint)
}
