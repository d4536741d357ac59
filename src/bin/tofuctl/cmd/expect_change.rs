//! `expect-change`: announces that a server will change, which turns a downgrade into a question.

use tofu::time::date_time;

use crate::cli::store::ExpectChange;
use crate::context::Context;
use crate::process::exit::{Exit, Failure};

pub fn run(args: &ExpectChange, cx: &Context) -> Result<Exit, Failure> {
    cx.endpoint(&args.target)?;
    let now = cx.now();
    let until = args.until.map_or(0, |when| when.after(now));
    if until != 0 && until <= now {
        return Err(Failure::usage("--until: lies before the present time"));
    }
    let store = cx.store()?;
    let endpoint = cx.known_endpoint(&store, &args.target)?;
    store.expect_change(&endpoint, until, now)?;
    let text = match until {
        0 => format!("no change of {endpoint} is expected any more"),
        until => format!("{endpoint} may change until {}; what it then presents is asked about", date_time(until)),
    };
    cx.done(&text)?;
    Ok(Exit::Done)
}
