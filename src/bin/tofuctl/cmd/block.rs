//! `block`: refuses a key or certificate for one server or everywhere, or lifts that.

use serde_json::json;

use tofu::endpoint::Endpoint;
use tofu::store::{PinKind, PinState, PinValue, Store};
use tofu::text::escape;

use crate::cli::store::Block;
use crate::context::Context;
use crate::input::named::{self, Named};
use crate::process::exit::{Exit, Failure};

pub fn run(args: &Block, cx: &Context) -> Result<Exit, Failure> {
    let (target, typed) = words(args)?;
    // What was typed is read before a store is made for it.
    let target = target.map(|text| cx.endpoint(text).map(|_| text)).transpose()?;
    let known = cx.existing()?;
    let named = match (&args.cert, typed) {
        (Some(file), _) => named::file(file, args.kind)?,
        (None, Some(typed)) => named::fingerprint(typed, args.kind, known.as_ref())?,
        (None, None) => return Err(Failure::usage("give a fingerprint, or --cert FILE")),
    };
    let store = cx.store()?;
    let endpoint = target.map(|text| cx.known_endpoint(&store, text)).transpose()?;
    if args.unblock {
        return unblock(&store, endpoint.as_ref(), &named, cx);
    }
    if let Some(package) = &args.published {
        return published(&store, &named, package, cx);
    }
    let comment = args.comment.as_deref().unwrap_or_default();
    if let Some(at) = &endpoint {
        // A block is the weaker of the two and must not take its place.
        if state(&store, at, &named)? == Some(PinState::Compromised) {
            let text = format!("the {} is refused as compromised for {at} already", named.text());
            cx.done_for_good(&text, json!({}))?;
            return Ok(Exit::Done);
        }
    }
    let before = cx.changes().len();
    store.block(endpoint.as_ref(), named.kind, named.value, comment, cx.now())?;
    let place = place(endpoint.as_ref());
    let text = if cx.changes().len() == before {
        format!("{} is blocked {place} already", named.text())
    } else {
        format!("blocked the {} {place}; block --unblock lifts it", named.text())
    };
    // Undo lifts no block.
    cx.done_for_good(&text, json!({}))?;
    Ok(Exit::Done)
}

/// Marks a key as one that everybody has (docs/published-keys.md).
fn published(store: &Store, named: &Named, package: &str, cx: &Context) -> Result<Exit, Failure> {
    if named.kind != PinKind::Key {
        return Err(Failure::usage("--published takes a key: give sha256//..., or --cert FILE"));
    }
    if !store.read(|tx| tx.blocked(named.kind, &[named.value]))?.is_empty() {
        return Err(Failure::new(format!("the {} is blocked everywhere, which is stricter", named.text())));
    }
    store.mark_published(named.value, package, cx.now())?;
    let text = format!("marked the {} as published with {}; block --unblock lifts it", named.text(), escape(package));
    cx.done_for_good(&text, json!({}))?;
    Ok(Exit::Done)
}

/// The server and the fingerprint among what was typed.
fn words(args: &Block) -> Result<(Option<&str>, Option<&str>), Failure> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    match (words.as_slice(), args.everywhere, args.cert.is_some()) {
        ([], true, true) => Ok((None, None)),
        ([print], true, false) => Ok((None, Some(print))),
        ([host], false, true) => Ok((Some(host), None)),
        ([host, print], false, false) => Ok((Some(host), Some(print))),
        (_, true, true) => Err(Failure::usage("--everywhere with --cert takes no more words")),
        (_, true, false) => Err(Failure::usage("--everywhere takes one fingerprint, and no server")),
        (_, false, true) => Err(Failure::usage("--cert takes one server and no fingerprint")),
        (_, false, false) => Err(Failure::usage("give a server and a fingerprint, or --everywhere and a fingerprint")),
    }
}

fn place(endpoint: Option<&Endpoint>) -> String {
    endpoint.map_or_else(|| "everywhere".to_owned(), |endpoint| format!("for {endpoint}"))
}

/// The state of the server's pin of this key or certificate.
fn state(store: &Store, endpoint: &Endpoint, named: &Named) -> Result<Option<PinState>, Failure> {
    let value = PinValue::Sha256(named.value);
    let record = store.read(|tx| tx.endpoint(endpoint))?;
    let pin = record.iter().flat_map(|r| &r.pins).find(|p| p.kind == named.kind && p.value == value);
    Ok(pin.map(|pin| pin.state))
}

fn unblock(store: &Store, endpoint: Option<&Endpoint>, named: &Named, cx: &Context) -> Result<Exit, Failure> {
    let value = PinValue::Sha256(named.value);
    let not_there = || Failure::new(format!("the {} is not blocked {}", named.text(), place(endpoint)));
    match endpoint {
        None => {
            // One of the system's store is refused by the library, which names that store.
            let blocked = store.read(|tx| tx.blocked(named.kind, &[named.value]))?;
            let marked = store.read(|tx| tx.published(named.value))?;
            let what = match (blocked.is_empty(), marked) {
                (false, _) => "block",
                (true, Some(_)) => "mark",
                (true, None) => return Err(not_there()),
            };
            store.unblock(named.kind, named.value, cx.now())?;
            cx.done(&format!("lifted the {what} of the {} everywhere", named.text()))?;
        }
        Some(at) => {
            let record = store.read(|tx| tx.endpoint(at))?;
            let blocked = record.iter().flat_map(|r| &r.pins).find(|p| {
                p.kind == named.kind && p.value == value && matches!(p.state, PinState::Blocked | PinState::Compromised)
            });
            let pin = match blocked {
                Some(pin) => pin,
                None => return Err(by_the_system(store, at, named)?.unwrap_or_else(not_there)),
            };
            store.set_pin_state(pin.id, PinState::Retired, cx.now())?;
            let text = format!(
                "lifted the block of the {} for {at}; it counts as replaced, so the server asks if it comes again",
                named.text()
            );
            cx.done(&text)?;
        }
    }
    Ok(Exit::Done)
}

/// Where a store of the system refuses it for a server, only its owner can lift that.
fn by_the_system(store: &Store, at: &Endpoint, named: &Named) -> Result<Option<Failure>, Failure> {
    let value = PinValue::Sha256(named.value);
    let below = store.read(|tx| tx.layer_pins(at))?;
    let blocked = below.iter().find(|l| {
        l.pin.kind == named.kind
            && l.pin.value == value
            && matches!(l.pin.state, PinState::Blocked | PinState::Compromised)
    });
    let owner = blocked.and_then(|l| store.layers().get(l.layer)).map(|layer| escape(&layer.name()));
    Ok(owner.map(|owner| {
        Failure::new(format!("the {} is blocked for {at} by {owner}; only its owner can lift that", named.text()))
    }))
}
