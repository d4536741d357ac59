//! `restore`: puts a backup in place of the store's content, or fills a new store from a JSON export.

use std::io::Read;

use serde_json::json;

use tofu::store::{MAX_IMPORT, PinEntry, PinValue, Restored, Store};
use tofu::text::escape;

use crate::cli::exchange::Restore;
use crate::context::Context;
use crate::process::exit::{Exit, Failure};
use crate::render::words::{self, count};

pub fn run(args: &Restore, cx: &Context) -> Result<Exit, Failure> {
    let shown = escape(&args.file.display().to_string());
    let export = if is_json(args)? { Some(read(args)?) } else { None };
    match cx.existing()? {
        // A rehearsal, so that a file that cannot be used leaves no empty store behind.
        None => {
            fill(&Store::memory(), args, export.as_deref(), cx)?;
        }
        Some(store) => {
            let servers = store.read(|tx| tx.statistics())?.counts.endpoints;
            if servers > 0 && export.is_none() {
                let name = escape(&store.name());
                let question = format!(
                    "{shown} will take the place of {} in {name}. What is blocked or compromised there stays so, and \
                     the log goes on; no earlier change can be undone then.",
                    count(servers, "server")
                );
                cx.confirm(&question, args.yes)?;
            }
        }
    }
    let store = cx.store()?;
    let done = fill(&store, args, export.as_deref(), cx)?;
    let mut text = format!("restored {} from {shown}", count(done.endpoints, "server"));
    if !done.kept.is_empty() {
        let kept = u64::try_from(done.kept.len()).unwrap_or(u64::MAX);
        let stay = if kept == 1 { "stays" } else { "stay" };
        text = format!("{text}; {} that it lacks {stay}", count(kept, "block"));
    }
    let kept: Vec<String> = done.kept.iter().map(named).collect();
    kept.iter().for_each(|kept| cx.out.note(&format!("stays: {kept}")));
    cx.done_for_good(&text, json!({ "kept": kept }))?;
    Ok(Exit::Done)
}

/// `blocked everywhere: key sha256//...`.
pub(super) fn named(kept: &PinEntry) -> String {
    match kept {
        PinEntry::Everywhere(block) => {
            let value = words::value(block.kind, &PinValue::Sha256(block.value));
            format!("blocked everywhere: {} {value}", words::kind(block.kind))
        }
        PinEntry::Endpoint(endpoint, pin) => {
            let value = words::value(pin.kind, &pin.value);
            format!("{} for {endpoint}: {} {value}", pin.state.code(), words::kind(pin.kind))
        }
    }
}

fn fill(store: &Store, args: &Restore, export: Option<&[u8]>, cx: &Context) -> Result<Restored, Failure> {
    Ok(match export {
        Some(data) => {
            store.restore_json(data)?;
            let endpoints = store.read(|tx| tx.statistics())?.counts.endpoints;
            Restored { endpoints, ..Restored::default() }
        }
        None => store.restore(&args.file, cx.now())?,
    })
}

fn read(args: &Restore) -> Result<Vec<u8>, Failure> {
    let mut data = Vec::new();
    let most = u64::try_from(MAX_IMPORT).unwrap_or(u64::MAX).saturating_add(1);
    let file = std::fs::File::open(&args.file).map_err(|e| Failure::about(&args.file, e))?;
    file.take(most).read_to_end(&mut data).map_err(|e| Failure::about(&args.file, e))?;
    if data.len() > MAX_IMPORT {
        return Err(Failure::about(&args.file, format!("an export holds at most {MAX_IMPORT} bytes")));
    }
    Ok(data)
}

/// Whether the file is an export rather than a store: a store begins with `SQLite format 3`.
fn is_json(args: &Restore) -> Result<bool, Failure> {
    let about = |e| Failure::about(&args.file, e);
    let mut head = [0u8; 64];
    let read = std::fs::File::open(&args.file).map_err(about)?.read(&mut head).map_err(about)?;
    let head = head.get(..read).unwrap_or_default();
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    Ok(head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{'))
}
