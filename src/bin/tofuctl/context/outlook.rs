//! What `undo`, `retire` and `forget` say about the next contact with the server.

use tofu::store::Store;
use tofu::trust::{Decision, LastAccepted};

use crate::context::Context;

/// Says what becomes of the server if it presents again what it was accepted with last. Nothing where that is not
/// known, or where no answer can be had now.
pub fn tell(store: &Store, last: Option<LastAccepted>, cx: &Context) {
    let Some(verdict) = last.and_then(|last| last.again(store, cx.now()).ok()) else { return };
    let what = match verdict.decision() {
        Decision::Accept => "is still accepted",
        Decision::Ask if verdict.may_type() => "asks for a full fingerprint",
        Decision::Ask => "asks",
        Decision::Reject => "is rejected",
    };
    cx.out.note(&format!("{}: if it presents what it presented last, the next contact {what}", verdict.endpoint()));
}
