//! `stage`: announces a server's next key or certificate.

use tofu::store::{NewPin, PinState, PinValue};

use crate::cli::store::Stage;
use crate::context::Context;
use crate::input::named;
use crate::process::exit::{Exit, Failure};

pub fn run(args: &Stage, cx: &Context) -> Result<Exit, Failure> {
    cx.endpoint(&args.target)?;
    let now = cx.now();
    let expires = args.until.map_or(0, |when| when.after(now));
    if expires != 0 && expires <= now {
        return Err(Failure::usage("--until: lies before the present time"));
    }
    let known = cx.existing()?;
    let named = match (&args.cert, &args.fingerprint) {
        (Some(file), _) => named::file(file, args.kind)?,
        (None, Some(typed)) => named::fingerprint(typed, args.kind, known.as_ref())?,
        (None, None) => return Err(Failure::usage("give a fingerprint, or --cert FILE")),
    };
    let store = cx.store()?;
    let endpoint = cx.known_endpoint(&store, &args.target)?;
    let record = store.read(|tx| tx.endpoint(&endpoint))?;
    let same = record
        .iter()
        .flat_map(|r| &r.pins)
        .find(|p| p.kind == named.kind && p.value == PinValue::Sha256(named.value) && p.state == PinState::Trusted);
    if let Some(pin) = same {
        return Err(Failure::new(format!("{endpoint} trusts this already, as pin {}", pin.id)));
    }
    let new = NewPin {
        kind: named.kind,
        state: PinState::Staged,
        value: PinValue::Sha256(named.value),
        cert: named.cert.clone(),
        expires,
        comment: args.comment.clone().or(same.map(|pin| pin.comment.clone())).unwrap_or_default(),
    };
    let id = store.add_pin(&endpoint, &new, now)?;
    let trusted = record.is_some_and(|r| r.has_pin_in(&[PinState::Trusted]) || r.validated.is_some());
    let note = if trusted { "" } else { "; nothing is trusted there yet, so this is what will be" };
    let text = format!("announced the {} as the next of {endpoint} (pin {id}){note}", named.text());
    cx.done_with(&text, serde_json::json!({ "pin": id }))?;
    Ok(Exit::Done)
}
