//! `retire`: ends a trusted pin, or marks it as compromised, so that its key is rejected forever. A pin of
//! the system's store is masked for the server.

use serde_json::json;

use tofu::endpoint::Endpoint;
use tofu::store::{NewPin, PinEntry, PinState, PinValue, Store, StoreError};
use tofu::trust::LastAccepted;

use crate::cli::store::Retire;
use crate::context::Context;
use crate::context::outlook;
use crate::input::named::{self, Named};
use crate::process::exit::{Exit, Failure};
use crate::render::words;

pub fn run(args: &Retire, cx: &Context) -> Result<Exit, Failure> {
    let state = if args.compromised { PinState::Compromised } else { PinState::Retired };
    match (&args.fingerprint, args.target.parse::<u64>()) {
        (None, Ok(id)) => by_number(&existing(cx)?, id, state, cx),
        (None, Err(_)) => Err(Failure::usage("give the number of a pin, or a server and a fingerprint")),
        (Some(typed), _) => {
            cx.endpoint(&args.target)?;
            let named = named::fingerprint(typed, None, cx.existing()?.as_ref())?;
            let store = cx.store()?;
            let endpoint = cx.known_endpoint(&store, &args.target)?;
            by_name(&store, &endpoint, &named, state, cx)
        }
    }
}

fn existing(cx: &Context) -> Result<Store, Failure> {
    match cx.existing()? {
        Some(_) => cx.store(),
        None => Err(Failure::new("there is no store yet, so no pin")),
    }
}

fn by_number(store: &Store, id: u64, state: PinState, cx: &Context) -> Result<Exit, Failure> {
    let before = cx.changes().len();
    let last = match store.read(|tx| tx.find_pin(id))? {
        PinEntry::Endpoint(endpoint, _) => LastAccepted::of(store, &endpoint)?,
        PinEntry::Everywhere(_) => None,
    };
    store.set_pin_state(id, state, cx.now())?;
    let text = match store.read(|tx| tx.find_pin(id))? {
        PinEntry::Endpoint(endpoint, pin) => {
            let named = format!("{} {}", pin.kind.code(), words::value(pin.kind, &pin.value));
            let already = if cx.changes().len() == before { " already" } else { "" };
            format!("pin {id} of {endpoint} is {}{already}: {named}", pin.state.code())
        }
        PinEntry::Everywhere(_) => format!("pin {id} is blocked everywhere"),
    };
    outlook::tell(store, last, cx);
    // Undo revives no compromised key.
    if state == PinState::Compromised {
        cx.done_for_good(&text, json!({}))?
    } else {
        cx.done(&text)?
    }
    Ok(Exit::Done)
}

fn by_name(store: &Store, endpoint: &Endpoint, named: &Named, state: PinState, cx: &Context) -> Result<Exit, Failure> {
    let value = PinValue::Sha256(named.value);
    let record = store.read(|tx| tx.endpoint(endpoint))?;
    let own = record.iter().flat_map(|r| &r.pins).find(|p| p.kind == named.kind && p.value == value);
    match own {
        Some(pin) => by_number(store, pin.id, state, cx),
        None if state == PinState::Compromised => {
            let (kind, comment) = (named.kind, String::new());
            let id =
                store.add_pin(endpoint, &NewPin { kind, state, value, cert: None, expires: 0, comment }, cx.now())?;
            let text = format!("the {} is compromised for {endpoint} and refused from now on (pin {id})", named.text());
            cx.done_for_good(&text, json!({ "pin": id }))?;
            Ok(Exit::Done)
        }
        None => match masked(store, endpoint, named, &value, cx) {
            Ok(id) => {
                let text = format!(
                    "the system's {} counts no more for {endpoint}; forget --pin {id} takes that back",
                    named.text()
                );
                cx.done(&text)?;
                Ok(Exit::Done)
            }
            Err(StoreError::NotFound { .. }) => {
                Err(Failure::new(format!("{endpoint} has no pin of the {}", named.text())))
            }
            Err(error) => Err(error.into()),
        },
    }
}

/// Masks a pin of the system's, and says what becomes of the next contact.
fn masked(
    store: &Store,
    endpoint: &Endpoint,
    named: &Named,
    value: &PinValue,
    cx: &Context,
) -> Result<u64, StoreError> {
    let last = LastAccepted::of(store, endpoint)?;
    let id = store.mask_pin(endpoint, named.kind, value, cx.now())?;
    outlook::tell(store, last, cx);
    Ok(id)
}
