//! `forget`: a server, a part of what is known of it, or one pin. Says what stays.

use tofu::store::{self, EndpointRecord, Ground, PinEntry, PinState, PinValue, Store};
use tofu::trust::LastAccepted;

use crate::cli::store::Forget;
use crate::context::Context;
use crate::context::outlook;
use crate::process::exit::{Exit, Failure};
use crate::render::words;

pub fn run(args: &Forget, cx: &Context) -> Result<Exit, Failure> {
    let Some(_) = cx.existing()? else {
        return Err(Failure::new("there is no store yet, so nothing to forget"));
    };
    let store = cx.store()?;
    match (args.pin, &args.target) {
        (Some(pin), _) => forget_pin(&store, pin, cx),
        (None, Some(target)) => forget(&store, target, args, cx),
        (None, None) => Err(Failure::usage("give a server, or --pin NUMBER")),
    }
}

fn forget(store: &Store, target: &str, args: &Forget, cx: &Context) -> Result<Exit, Failure> {
    let endpoint = cx.known_endpoint(store, target)?;
    let Forget { pins, sightings, pending, policy, .. } = *args;
    let some = pins || sightings || pending || policy;
    let what = if some { store::Forget { pins, sightings, pending, policy } } else { store::Forget::ALL };
    let before = cx.changes().len();
    let questions = store.read(|tx| tx.pending_of(&endpoint))?.len();
    let last = LastAccepted::of(store, &endpoint)?;
    store.forget(&endpoint, what, cx.now())?;
    let record = store.read(|tx| tx.endpoint(&endpoint))?;
    let questions = if what.pending { questions } else { 0 };
    if cx.changes().len() == before && questions == 0 {
        cx.done(&format!("there was nothing of that to forget about {endpoint}"))?;
        return Ok(Exit::Done);
    }
    if what.pins || what.sightings {
        outlook::tell(store, last, cx);
    }
    let parts: Vec<&str> = [
        (what.pins, "its pins"),
        (what.sightings, "what it presented"),
        (what.pending, "its questions"),
        (what.policy, "its policy"),
    ]
    .into_iter()
    .filter_map(|(is, part)| is.then_some(part))
    .collect();
    let whole = if some { format!("forgot of {endpoint}: {}", parts.join(", ")) } else { format!("forgot {endpoint}") };
    cx.done(&format!("{whole}{}", record.map(|r| remains(&r)).unwrap_or_default()))?;
    Ok(Exit::Done)
}

/// What forgetting leaves, so that nobody takes it for more than it is.
fn remains(record: &EndpointRecord) -> String {
    let mut stays = Vec::new();
    if record.tombstone.is_some() {
        stays.push("that it was known, so the next contact asks".to_owned());
    }
    match &record.validated {
        Some(validated) if validated.is_shared() => {
            stays.push("that it was valid, so a certificate that is not will be rejected".to_owned());
        }
        Some(validated) if validated.rested_on(Ground::Program) => {
            stays.push(
                "that another program found it valid, so that the next contact asks for its fingerprint".to_owned(),
            );
        }
        _ => {}
    }
    let refused = |p: &&store::Pin| matches!(p.state, PinState::Blocked | PinState::Compromised);
    let blocked = record.pins.iter().filter(refused).count();
    if blocked > 0 {
        stays.push(words::count(u64::try_from(blocked).unwrap_or(u64::MAX), "blocked pin"));
    }
    if stays.is_empty() { String::new() } else { format!("; what stays: {}", stays.join("; ")) }
}

fn forget_pin(store: &Store, id: u64, cx: &Context) -> Result<Exit, Failure> {
    let entry = store.read(|tx| tx.find_pin(id))?;
    let last = match &entry {
        PinEntry::Endpoint(endpoint, _) => LastAccepted::of(store, endpoint)?,
        PinEntry::Everywhere(_) => None,
    };
    store.forget_pin(id, cx.now())?;
    outlook::tell(store, last, cx);
    let text = match entry {
        PinEntry::Everywhere(block) => format!(
            "lifted the block of {} {} everywhere",
            block.kind.code(),
            words::value(block.kind, &PinValue::Sha256(block.value))
        ),
        PinEntry::Endpoint(endpoint, pin) => {
            let record = store.read(|tx| tx.endpoint(&endpoint))?;
            let left = record.map(|r| remains(&r)).unwrap_or_default();
            let value = words::value(pin.kind, &pin.value);
            format!("forgot pin {id} of {endpoint}: {} {value}{left}", pin.kind.code())
        }
    };
    cx.done(&text)?;
    Ok(Exit::Done)
}
