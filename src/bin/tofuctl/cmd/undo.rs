//! `undo`: takes the last change back that can be, or that of an event, and says which ones it passed over.

use serde_json::json;

use tofu::store::Store;
use tofu::text::escape;

use crate::cli::store::Undo;
use crate::context::Context;
use crate::exit::{Exit, Failure};

pub fn run(args: &Undo, cx: &Context) -> Result<Exit, Failure> {
    if cx.existing()?.is_none() {
        return Err(Failure::new("there is no store yet, so no change to undo"));
    }
    let store = cx.store()?;
    let done = store.undo(args.event, cx.now())?;
    for id in &done.kept {
        cx.out.note(&format!("{} stays: undo lifts no block and revives no compromised key", named(&store, *id)?));
    }
    let text = match done.events.as_slice() {
        [one] => format!("undone: {}", named(&store, *one)?),
        several => format!("undone: {} changes of one import", several.len()),
    };
    cx.done_with(&text, json!({ "undone": done.events, "kept": done.kept }))?;
    Ok(Exit::Done)
}

/// `event 3 (mail.example:993): trusted by hand`.
fn named(store: &Store, id: u64) -> Result<String, Failure> {
    let event = store.read(|tx| tx.event(id))?;
    Ok(event.map_or_else(
        || format!("event {id}"),
        |event| format!("event {id} ({}): {}", super::log::place(&event), escape(&event.text)),
    ))
}
