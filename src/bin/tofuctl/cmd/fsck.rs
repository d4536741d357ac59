//! `fsck`: verifies the whole store, and rebuilds what is derived where that is asked for.

use serde_json::{Value, json};

use tofu::store::Report;
use tofu::text::escape;

use crate::cli::exchange::Fsck;
use crate::context::Context;
use crate::process::exit::{Exit, Failure};
use crate::process::out::Style;
use crate::render::json::with;
use crate::render::layout::wrapped;
use crate::render::words::count;

pub fn run(args: &Fsck, cx: &Context) -> Result<Exit, Failure> {
    let Some(store) = cx.existing_or_say()? else {
        if cx.out.json {
            cx.out.value(&as_json(&Report::default()))?;
        }
        return Ok(Exit::Done);
    };
    let mut repaired = 0;
    if args.repair {
        drop(store);
        let store = cx.store()?;
        let report = store.rebuild_indexes()?;
        repaired = report.repaired;
        if report.refused {
            cx.out.note(
                "nothing was rebuilt: rows that carry trust are missing or damaged, and what is derived from them is the \
                 only trace of them; restore a backup",
            );
        }
        if repaired > 0 {
            cx.out.note(&format!("rebuilt {}", count(repaired, "derived row")));
        }
        return verify(&store, repaired, cx);
    }
    verify(&store, repaired, cx)
}

fn verify(store: &tofu::store::Store, repaired: u64, cx: &Context) -> Result<Exit, Failure> {
    let report = Report { repaired, ..store.verify()? };
    let sound = report.problems.is_empty();
    if cx.out.json {
        cx.out.value(&as_json(&report))?;
    } else {
        let name = escape(&store.name());
        let mut text = String::new();
        if sound {
            let c = &report.counts;
            let found = [
                count(c.endpoints, "server"),
                count(c.blocks, "block"),
                count(c.certs, "certificate"),
                count(c.pending, "question"),
                count(c.events, "event"),
            ];
            let head = format!("sound: {name}: {}", found.join(", "));
            text.push_str(&cx.out.paint.paint(Style::Good, wrapped("", "  ", &head, cx.out.width).trim_end()));
            text.push('\n');
        } else {
            let number = u64::try_from(report.problems.len()).unwrap_or(u64::MAX);
            let head = format!("damaged: {name}: {}", count(number, "problem"));
            text.push_str(&cx.out.paint.paint(Style::Bad, wrapped("", "  ", &head, cx.out.width).trim_end()));
            text.push('\n');
            for problem in &report.problems {
                text.push_str(&wrapped("  - ", "    ", problem, cx.out.width));
            }
            text.push_str("A backup can be put in its place with restore; fsck --repair rebuilds indexes.\n");
        }
        cx.out.print(&text)?;
    }
    Ok(if sound { Exit::Done } else { Exit::Failed })
}

fn as_json(report: &Report) -> Value {
    with(report.to_json(), json!({ "repaired": report.repaired }))
}
