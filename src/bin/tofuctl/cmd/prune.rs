//! `prune`: removes old events, observations and questions, and says how many.

use tofu::time::date_time;

use crate::cli::exchange::Prune;
use crate::context::Context;
use crate::process::exit::{Exit, Failure};
use crate::render::words::count;

pub fn run(args: &Prune, cx: &Context) -> Result<Exit, Failure> {
    let now = cx.now();
    let before = args.before.before(now);
    if before > now {
        return Err(Failure::usage("--before: lies after the present time"));
    }
    if cx.existing_or_say()?.is_none() {
        return Ok(Exit::Done);
    }
    let gone = cx.store()?.prune(before, now)?;
    let text = format!("removed {} from before {}", count(gone, "old row"), date_time(before));
    cx.done_with(&text, serde_json::json!({ "removed": gone }))?;
    Ok(Exit::Done)
}
