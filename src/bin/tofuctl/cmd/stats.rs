//! `stats`: how much is in the store.

use tofu::store::Statistics;

use crate::cli::store::Stats;
use crate::context::Context;
use crate::process::exit::{Exit, Failure};
use crate::render::layout::row;

pub fn run(_: &Stats, cx: &Context) -> Result<Exit, Failure> {
    let store = cx.existing_or_say()?;
    let found = match &store {
        Some(store) => store.read(|tx| tx.statistics())?,
        None => Statistics::default(),
    };
    if cx.out.json {
        cx.out.value(&found.to_json())?;
    } else if store.is_some() {
        cx.out.print(&as_text(&found, cx.out.width))?;
    }
    Ok(Exit::Done)
}

fn as_text(found: &Statistics, width: usize) -> String {
    let [trusted, staged, retired, blocked, compromised] = found.pins;
    let line = |label: &str, value: String| row(label, &value, width);
    [
        line(
            "Servers",
            format!(
                "{}, {} of them ever valid, {} forgotten",
                found.counts.endpoints, found.validated, found.tombstones
            ),
        ),
        line(
            "Pins",
            format!(
                "{trusted} trusted, {staged} staged, {retired} retired, {blocked} blocked, {compromised} compromised"
            ),
        ),
        line("Blocked", format!("{} keys and certificates everywhere", found.counts.blocks)),
        line("Questions", format!("{} pending", found.counts.pending)),
        line("Certificates", found.counts.certs.to_string()),
        line("Events", found.counts.events.to_string()),
        line("Generation", found.generation.to_string()),
    ]
    .concat()
}
