//! A server that is trusted already, where the command line asks for more: another kind of pin, an end or
//! a note. Each wish is either fulfilled or an error, and never silently dropped.

use tofu::cert::Cert;
use tofu::store::{NewPin, Pin, PinKind, PinState, PinValue, Store};
use tofu::time::Timestamp;
use tofu::trust::facts::Layer;
use tofu::trust::{Assurance, PinResult, Verdict};

use crate::ask::question::Wish;
use crate::process::exit::Failure;
use crate::render::words;

/// What became of a wish.
pub enum Granted {
    /// What trusts the server holds, with the end and the note wished.
    AsItIs,
    /// A pin of this kind was made; the pin that trusts the server besides.
    Pinned(PinKind, Option<Box<Pin>>),
}

/// Sets for a server that is trusted already what is wished beyond that.
pub fn grant(store: &Store, verdict: &Verdict, wish: &Wish, now: Timestamp) -> Result<Granted, Failure> {
    let server = verdict.endpoint();
    let matching = verdict.pin().filter(|_| verdict.pin_result() == PinResult::Match);
    let own = match matching {
        Some(pin) if verdict.pin_layer() == Some(Layer::Own) => Some(pin.clone()),
        Some(_) => None,
        None => recorded(store, verdict)?,
    };
    if let Some(kind) = wish.kind.filter(|kind| own.as_ref().is_none_or(|pin| pin.kind != *kind)) {
        let leaf = verdict.chain().leaf().ok_or_else(|| Failure::new(format!("{server}: no certificate")))?;
        let new = by_hand(kind, leaf, wish).ok_or_else(|| {
            Failure::new(format!("{server} is trusted already; only its key or certificate can be pinned besides"))
        })?;
        store.add_pin(server, &new, now)?;
        return match own {
            // Nobody asked for the one that the check made by itself.
            Some(pin) if matching.is_none() => {
                store.forget_pin(pin.id, now)?;
                Ok(Granted::Pinned(kind, None))
            }
            _ => Ok(Granted::Pinned(kind, matching.cloned().map(Box::new))),
        };
    }
    if wish.expires == 0 && wish.comment.is_empty() {
        return Ok(Granted::AsItIs);
    }
    let pin = own.ok_or_else(|| {
        let because = because(verdict);
        Failure::new(format!(
            "{server} is trusted already {because}: --until and --comment need a pin of its own, which --kind makes"
        ))
    })?;
    if wish.expires != 0 && wish.expires != pin.expires {
        store.set_pin_expiry(pin.id, wish.expires, now)?;
    }
    if !wish.comment.is_empty() && wish.comment != pin.comment {
        store.set_pin_comment(pin.id, &wish.comment, now)?;
    }
    Ok(Granted::AsItIs)
}

/// The pin that a check has just made by itself, or promoted.
fn recorded(store: &Store, verdict: &Verdict) -> Result<Option<Pin>, Failure> {
    let Some(leaf) = verdict.chain().leaf() else { return Ok(None) };
    let value = PinValue::Sha256(leaf.spki());
    let pins = store.read(|tx| tx.endpoint(verdict.endpoint()))?.map(|record| record.pins).unwrap_or_default();
    Ok(pins.into_iter().find(|pin| pin.state == PinState::Trusted && pin.kind == PinKind::Key && pin.value == value))
}

/// Why a server is trusted already, as part of a sentence.
pub fn because(verdict: &Verdict) -> String {
    match (verdict.pin_result(), verdict.pin()) {
        (PinResult::Match, Some(pin)) => {
            let whose = match verdict.pin_layer() {
                Some(Layer::System(_)) => ", by the system's store",
                Some(Layer::AnyAccount) => ", for every account",
                _ => "",
            };
            format!("by its {}{whose}", words::kind(pin.kind))
        }
        (PinResult::Sibling, _) => "because another port of it has the same key".to_owned(),
        (PinResult::Staged, _) => "by a key that was announced".to_owned(),
        _ if verdict.assurance() == Assurance::Verified => "by an authority, without a pin".to_owned(),
        _ => "by the policy".to_owned(),
    }
}

fn by_hand(kind: PinKind, leaf: &Cert, wish: &Wish) -> Option<NewPin> {
    let value = match kind {
        PinKind::Key => leaf.spki(),
        PinKind::Certificate => leaf.fingerprint(),
        PinKind::Issuer | PinKind::Name => return None,
    };
    Some(NewPin {
        kind,
        state: PinState::Trusted,
        value: PinValue::Sha256(value),
        cert: Some(leaf.clone()),
        expires: wish.expires,
        comment: wish.comment.clone(),
    })
}
