//! The user's yes: trusts exactly the chain of a verdict, by compare-and-set inside one writing
//! transaction. A reject takes no yes; a downgrade takes nothing but the typed full fingerprint.

use super::granted::{taken, value_and_waiver};
use super::terms::{Answer, TrustError};
use super::typed::parse_fingerprint;
use super::write::{kept_certs, write_plan};
use crate::path::ProblemKind;
use crate::store::{EndpointRecord, Event, Pin, PinKind, PinState, Severity, Store, Tx};
use crate::time::DAY;
use crate::trust::gather::Memo;
use crate::trust::gather::session::{Session, SessionPin, State};
use crate::trust::gather::weigh::{Weighed, weigh, weigh_with};
use crate::trust::record::remember::Plan;
use crate::trust::rules::codes::{Decision, Rule};
use crate::trust::rules::facts::Layer;
use crate::trust::rules::waiver::{Coverage, coverage};
use crate::trust::words::event::about;
use crate::trust::words::verdict::{Verdict, state_of};

/// A verdict can be answered for this long, in seconds.
const MAX_AGE: i64 = DAY;
/// A pending question can be answered for this long, in seconds.
const MAX_PENDING_AGE: i64 = 30 * DAY;

/// Why a pending question takes no single yes any more.
const CONTRADICTED: &str = "the known key was seen again since; only the full fingerprint, typed in, is taken";

/// Trusts exactly the chain of an *ask* verdict, by compare-and-set.
pub fn trust(store: &Store, verdict: &Verdict, answer: &Answer) -> Result<(), TrustError> {
    let kind = admissible(store, verdict, answer)?;
    let check = verdict.inputs().check_at(answer.now);
    let mut memo = Memo::default();
    if answer.session {
        let weighed = store.read(|tx| weigh(store, tx, &check, &mut memo))?;
        still_askable(verdict, &weighed, answer)?;
        let Some(kind) = kind else {
            return Err(TrustError::NotOffered("a chain that needs no pin cannot be trusted for a session".to_owned()));
        };
        if already(verdict, &weighed, Some(kind)).is_some() {
            return Ok(());
        }
        still_the_same(verdict, &weighed)?;
        let pin = super::granted::pin_for(verdict, &weighed, answer, kind)?;
        let state = State::of(weighed.gathered.record.as_ref(), weighed.gathered.shared.as_ref());
        let given = SessionPin { pin, state };
        let with_it = |tx: &Tx<'_>| weigh_with(store, tx, &check, &mut memo, Some(given.clone()));
        now_accepted(verdict, &store.read(with_it)?)?;
        store.attached::<Session>().keep(verdict.endpoint(), given, !answer.add);
        // Told and not logged: nothing of the session is written.
        let mut event = event(verdict, &weighed, Some(kind), true);
        event.application = store.application().to_owned();
        store.announce(&[event]);
        return Ok(());
    }
    store.write(|tx| -> Result<(), TrustError> {
        let weighed = weigh(store, tx, &check, &mut memo)?;
        still_askable(verdict, &weighed, answer)?;
        let before = weighed.gathered.record.clone();
        if let Some(pin) = already(verdict, &weighed, kind) {
            as_answered(tx, verdict, &weighed, (kind, pin), answer)?;
            return now_accepted(verdict, &weigh(store, tx, &check, &mut memo)?);
        }
        still_the_same(verdict, &weighed)?;
        let at = weighed.gathered.facts.at();
        let mut record = before.clone().unwrap_or_else(|| EndpointRecord::new(verdict.endpoint().clone(), at));
        let plan = taken(verdict, &weighed, answer, kind, &mut record)?;
        let mut certs = kept_certs(&check, &weighed);
        certs.extend(verdict.issuer().cloned());
        let spki = weighed.gathered.facts.leaf.spki;
        let event = event(verdict, &weighed, kind, false);
        let plan = Plan { record: Some(record), ..plan };
        write_plan(tx, &check, plan, &certs)?;
        now_accepted(verdict, &weigh(store, tx, &check, &mut memo)?)?;
        tx.log_undoable(event, before.as_ref())?;
        Ok(tx.remove_pending(verdict.endpoint(), spki)?)
    })
}

/// What can be told without the store's present state: the decision, age, kind and fingerprint.
fn admissible(store: &Store, verdict: &Verdict, answer: &Answer) -> Result<Option<PinKind>, TrustError> {
    let no = |reason: &str| Err(TrustError::NotOffered(reason.to_owned()));
    let facts = verdict.facts();
    if verdict.store_id() != store.id()? {
        return no("the verdict was made with another store");
    }
    let typed = answer.typed.as_deref().map(|typed| typed_kind(verdict, answer, typed)).transpose()?;
    if verdict.needs_fingerprint() && answer.typed.is_none() {
        return no(match facts.has(ProblemKind::PublishedKey) {
            true => "the private key of this server is published; only its full fingerprint, typed in, is taken",
            false => "what vouched for the server does so no more; only a full fingerprint, typed in, is taken",
        });
    }
    if !facts.possession {
        return no("no handshake proved that the server holds this key");
    }
    match verdict.decision() {
        Decision::Ask => {}
        Decision::Reject if verdict.outcome().way_back && answer.typed.is_some() => {}
        Decision::Reject if verdict.outcome().way_back => {
            return no("the server was validated before; only its full fingerprint, typed in, is taken");
        }
        Decision::Reject => return no("the verdict is a reject"),
        Decision::Accept => return no("the verdict is no question"),
    }
    let (asked_at, limit) = match verdict.pending() {
        Some(asked) if asked.contradicted && answer.typed.is_none() => {
            return no(CONTRADICTED);
        }
        Some(asked) => (asked.last, MAX_PENDING_AGE),
        None => (verdict.at(), MAX_AGE),
    };
    // A clock set back must not keep an old verdict young.
    if answer.now.max(facts.floor).saturating_sub(asked_at.max(facts.floor)).saturating_abs() > limit {
        return Err(TrustError::Stale("it is too old; check again".to_owned()));
    }
    if answer.add && !verdict.may_add() {
        return no("adding a key beside the known ones is not offered here");
    }
    if answer.expires != 0 && answer.expires <= answer.now {
        return no("trust would end before it begins");
    }
    let kind = answer.kind.or_else(|| typed.unwrap_or(verdict.suggested()));
    if verdict.only_once() {
        // A full fingerprint, typed in, says that this key is meant to stay.
        return match kind.unwrap_or(PinKind::Key) {
            kind if is_leaf_kind(kind) && (answer.session || answer.typed.is_some()) => Ok(Some(kind)),
            _ => no(
                "the server makes itself a new key at each start; only trust for this session, or its full fingerprint, typed in, is taken",
            ),
        };
    }
    match kind {
        Some(kind) if !verdict.offered().contains(&kind) => no("this kind of pin does not fit what is presented"),
        // Elsewhere what was seen does not count as long as a pin says otherwise.
        None if verdict.rule() != Rule::CaValid => no("no kind of pin was chosen, and none is suggested"),
        kind => Ok(kind),
    }
}

fn is_leaf_kind(kind: PinKind) -> bool {
    matches!(kind, PinKind::Key | PinKind::Certificate)
}

/// What a typed fingerprint trusts where no kind was named: what was typed, and never more. The fingerprint of the
/// server's certificate or key trusts that key; an authority is trusted by its own. A CA-valid chain is accepted as
/// seen, which is less than a pin.
fn typed_kind(verdict: &Verdict, answer: &Answer, typed: &str) -> Result<Option<PinKind>, TrustError> {
    let typed = parse_fingerprint(typed)?;
    if verdict.chain().leaf().is_some_and(|leaf| typed.fits(leaf)) {
        return Ok(Some(PinKind::Key).filter(|_| verdict.rule() != Rule::CaValid));
    }
    let of_issuer = verdict.issuer().is_some_and(|issuer| typed.fits(issuer));
    match answer.kind {
        None | Some(PinKind::Issuer) if of_issuer => Ok(Some(PinKind::Issuer)),
        _ => Err(TrustError::Typed("it is not that of the certificate or key presented".to_owned())),
    }
}

/// The rules accept now what was answered, with what is about to be stored; else it fails and nothing is. A pin that
/// could never match would say "trusted" and lock its user out.
fn now_accepted(verdict: &Verdict, weighed: &Weighed<'_>) -> Result<(), TrustError> {
    if weighed.outcome.decision == Decision::Accept {
        return Ok(());
    }
    let (decision, server) = (weighed.outcome.decision.code(), verdict.endpoint());
    let why = weighed.outcome.reasons.first().copied().unwrap_or("rejected");
    let what = format!("{server} would not be accepted with this trust either ({decision}: {why}); nothing was stored");
    Err(TrustError::NotOffered(what))
}

/// Rules 1 to 3 and 8 again, with what is known now. Whether a pending question was contradicted is
/// asked again too: the known key may have come back while a person was thinking.
fn still_askable(verdict: &Verdict, weighed: &Weighed<'_>, answer: &Answer) -> Result<(), TrustError> {
    let refused = match weighed.outcome.rule {
        Rule::Blocked | Rule::NeverWaivable | Rule::UnknownPolicy | Rule::CaOnly => true,
        Rule::Downgrade => weighed.outcome.decision == Decision::Reject && answer.typed.is_none(),
        _ => false,
    };
    if refused {
        let why = weighed.outcome.reasons.first().copied().unwrap_or("rejected");
        return Err(TrustError::NotOffered(format!("{} would be rejected now ({why})", verdict.endpoint())));
    }
    if weighed.gathered.facts.refused_elsewhere() != verdict.facts().refused_elsewhere() {
        let what = "a key of this chain was refused for another server since it was made, or no longer is";
        return Err(TrustError::Stale(what.to_owned()));
    }
    if verdict.pending().is_some() && weighed.gathered.facts.contradicted && answer.typed.is_none() {
        return Err(TrustError::NotOffered(CONTRADICTED.to_owned()));
    }
    Ok(())
}

/// The compare of compare-and-set.
fn still_the_same(verdict: &Verdict, weighed: &Weighed<'_>) -> Result<(), TrustError> {
    if state_of(weighed.gathered.record.as_ref(), &weighed.gathered.policy) == verdict.state() {
        return Ok(());
    }
    Err(TrustError::Stale("what is known of this server changed since it was made".to_owned()))
}

/// The same trust is there already: five threads that ask the same get one yes. Its pin, or none where an accepted
/// sighting is all that was asked for.
fn already(verdict: &Verdict, weighed: &Weighed<'_>, kind: Option<PinKind>) -> Option<Option<Pin>> {
    let facts = &weighed.gathered.facts;
    let Some(kind) = kind else {
        return facts.known.baseline.iter().any(|s| s.cert == facts.leaf.cert).then_some(None);
    };
    let (value, _) = value_and_waiver(verdict, kind).ok()?;
    let there = facts.known.pins.iter().find(|known| {
        let pin = &known.pin;
        known.layer == Layer::Own
            && facts.counts(pin)
            && (pin.state, pin.kind, &pin.value) == (PinState::Trusted, kind, &value)
            && facts.refused_elsewhere().is_none_or(|objection| facts.answers(known, objection))
            // What a pin waived until a date may be waived no longer.
            && coverage(facts, &weighed.gathered.policy, known, None) == Coverage::All
    });
    there.map(|known| Some(known.pin.clone()))
}

/// The end and the note of an answer count also where the trust was there before it: a yes until a date is no yes
/// for ever.
fn as_answered(
    tx: &mut Tx<'_>,
    verdict: &Verdict,
    weighed: &Weighed<'_>,
    (kind, there): (Option<PinKind>, Option<Pin>),
    answer: &Answer,
) -> Result<(), TrustError> {
    let before = weighed.gathered.record.as_ref();
    let mut record = before.cloned();
    let pins = record.iter_mut().flat_map(|record| record.pins.iter_mut());
    for pin in pins.filter(|pin| there.as_ref().is_some_and(|there| there.id == pin.id)) {
        if answer.expires != 0 {
            pin.expires = answer.expires;
        }
        if !answer.comment.is_empty() {
            pin.comment.clone_from(&answer.comment);
        }
    }
    if let Some(record) = record.filter(|record| before != Some(record)) {
        tx.put_endpoint(record)?;
        tx.log_undoable(event(verdict, weighed, kind, false), before)?;
    }
    Ok(())
}

/// The event of a person's yes.
fn event(verdict: &Verdict, weighed: &Weighed<'_>, kind: Option<PinKind>, session: bool) -> Event {
    let (facts, server) = (&weighed.gathered.facts, verdict.endpoint());
    let named = kind.and_then(|kind| Some(value_and_waiver(verdict, kind).ok()?.0.named(kind)));
    let text = match (named, session) {
        (Some(named), false) => format!("A person trusted {named} for {server}."),
        (Some(named), true) => format!("A person trusted {named} for {server}, for this session."),
        (None, _) => format!("A person accepted what {server} presented."),
    };
    let code = if session { "trusted-session" } else { "trusted" };
    let event = about(server, code, Severity::Notice, facts.at(), facts.leaf.spki, text);
    Event { cert: Some(facts.leaf.cert), ..event }
}
