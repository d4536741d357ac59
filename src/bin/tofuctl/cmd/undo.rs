//! `undo`: undoes the last change that can be undone, or the change of an event. It says which changes it skipped,
//! and what stays.

use serde_json::json;

use tofu::store::Store;
use tofu::text::escape;
use tofu::trust::LastAccepted;

use super::restore::named as named_pin;
use crate::cli::store::Undo;
use crate::context::Context;
use crate::context::outlook;
use crate::process::exit::{Exit, Failure};

pub fn run(args: &Undo, cx: &Context) -> Result<Exit, Failure> {
    if cx.existing()?.is_none() {
        return Err(Failure::new("there is no store yet, so no change to undo"));
    }
    let store = cx.store()?;
    let done = store.undo(args.event, cx.now())?;
    for id in &done.kept {
        let code = store.read(|tx| tx.event(*id))?.map(|event| event.code).unwrap_or_default();
        let why = match code.as_str() {
            "unblocked" => "block it again by hand",
            "dismissed" | "pruned" => "what it removed is gone",
            _ => "undo lifts no block and revives no compromised key",
        };
        let stays = if done.events.contains(id) { "is undone in part" } else { "stays" };
        cx.out.note(&format!("{} {stays}: {why}", named(&store, *id)?));
    }
    let stays: Vec<String> = done.stays.iter().map(named_pin).collect();
    stays.iter().for_each(|pin| cx.out.note(&format!("stays: {pin}")));
    // The event of the undo keeps what was known before it; of an import nothing was ever accepted.
    if let [_] = done.events.as_slice() {
        outlook::tell(&store, LastAccepted::before(&store, done.event)?, cx);
    }
    let text = match done.events.as_slice() {
        [one] => format!("undone: {}", named(&store, *one)?),
        several => format!("undone: {} changes of one import", several.len()),
    };
    cx.done_with(&text, json!({ "undone": done.events, "kept": done.kept, "stays": stays }))?;
    Ok(Exit::Done)
}

/// `event 3 (mail.example:993): trusted by hand`.
fn named(store: &Store, id: u64) -> Result<String, Failure> {
    let event = store.read(|tx| tx.event(id))?;
    Ok(event.map_or_else(
        || format!("event {id}"),
        |event| {
            let place = super::log::place(&event);
            let place = if place.is_empty() { "the store".to_owned() } else { place };
            format!("event {id} ({place}): {}", escape(&event.text))
        },
    ))
}
