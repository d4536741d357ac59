//! `backup`: a complete copy of the store while it is in use.

use tofu::text::escape;

use crate::cli::exchange::Backup;
use crate::context::Context;
use crate::process::exit::{Exit, Failure};

pub fn run(args: &Backup, cx: &Context) -> Result<Exit, Failure> {
    let Some(store) = cx.existing()? else {
        return Err(Failure::new("there is no store yet, so nothing to back up"));
    };
    store.backup(&args.file)?;
    let (from, to) = (store.name(), args.file.display().to_string());
    cx.done(&format!("copied {} to {}", escape(&from), escape(&to)))?;
    Ok(Exit::Done)
}
