//! `undo`: takes the last change back, or that of an event.

use tofu::text::escape;

use crate::cli::store::Undo;
use crate::context::Context;
use crate::exit::{Exit, Failure};

pub fn run(args: &Undo, cx: &Context) -> Result<Exit, Failure> {
    if cx.existing()?.is_none() {
        return Err(Failure::new("there is no store yet, so no change to undo"));
    }
    let store = cx.store()?;
    store.undo(args.event, cx.now()).map_err(|error| match error {
        tofu::store::StoreError::Conflict { .. } => {
            Failure::new("the server has changed since; undo the later change first (see tofuctl log)")
        }
        other => other.into(),
    })?;
    let undone: Vec<u64> =
        cx.changes().iter().filter_map(|event| event.extra.get("undoes").and_then(serde_json::Value::as_u64)).collect();
    let mut lines = Vec::new();
    for id in &undone {
        if let Some(event) = store.read(|tx| tx.event(*id))? {
            lines.push(format!("event {id} ({}): {}", super::log::place(&event), escape(&event.text)));
        }
    }
    let text = match lines.as_slice() {
        [one] => format!("undone: {one}"),
        several => format!("undone: {} changes of one import", several.len()),
    };
    let more = serde_json::json!({ "undone": undone });
    // Each event of an undone import could be undone again, but not all of them by one command.
    if undone.len() == 1 {
        cx.done_with(&text, more)?
    } else {
        cx.done_for_good(&text, more)?
    }
    Ok(Exit::Done)
}
