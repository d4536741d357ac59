//! `tofuctl trust`: fetches what a server presents and trusts it, after a person's yes or by a fingerprint
//! that somebody gave beforehand. Nothing is written before what is presented is known to be meant.

use tofu::cert::Cert;
use tofu::store::{NewPin, PinKind, PinState, PinValue, Store};
use tofu::tls::{self, Conn, Terms};
use tofu::trust::facts::Layer;
use tofu::trust::{self, Assurance, Check, Decision, Flags, PinResult, Verdict, parse_fingerprint};

use crate::ask::{self, Reply, Terminal, Wish};
use crate::cli::network;
use crate::context::Context;
use crate::exit::{Exit, Failure, say};
use crate::interrupt::{Interrupt, guarded};
use crate::settle::{exit_of, verdict_of};
use crate::{reach, render_verdict, words};

use super::config_for;

/// Who says yes.
enum Voucher<'a> {
    /// A fingerprint on the command line, in full.
    Fingerprint(&'a str),
    /// A person at the terminal.
    Person(Terminal),
}

/// Trusts, or says why not.
pub fn run(args: &network::Trust, cx: &Context) -> Result<Exit, Failure> {
    guarded(|interrupt| {
        let target = reach::target(&args.target, &args.reach)?;
        config_for::check_options(args, &target, cx)?;
        let voucher = voucher(args, cx)?;
        let endpoint = reach::endpoint(&target, cx);
        // Looked at first without a trace: a wrong fingerprint must leave none.
        let store = reach::untouched(cx)?;
        let terms = reach::terms(&args.judge, &args.reach, &store, &endpoint, cx)?;
        let dial = reach::dial(&target, &args.reach, interrupt.cancel())?;
        let looking = Terms { flags: Flags { dry_run: true, ..terms.flags }, ..terms.clone() };
        let conn = tls::connect(&store, &endpoint, dial, looking)?;
        let seen = verdict_of(&conn)?;
        if let Voucher::Fingerprint(typed) = &voucher {
            let fingerprint = parse_fingerprint(typed).map_err(Failure::usage)?;
            if !seen.chain().leaf().is_some_and(|leaf| fingerprint.fits(leaf.spki(), leaf.fingerprint())) {
                return Err(Failure::reject(refused(&seen)));
            }
        }
        if let Some(leaf) = seen.chain().leaf() {
            config_for::check_file(args, leaf)?;
        }
        let store = reach::store(&args.judge, cx)?;
        let verdict = decided(&store, &conn, &seen, &terms, cx)?;
        let exit = settle(&store, verdict, voucher, args, interrupt, cx)?;
        if exit == Exit::Done && args.config_for.is_some() {
            let leaf = seen.chain().leaf().ok_or_else(|| Failure::new("the server's certificate is unreadable"))?;
            config_for::print(args, &target, leaf, cx)?;
        }
        Ok(exit)
    })
}

fn voucher<'a>(args: &'a network::Trust, cx: &Context) -> Result<Voucher<'a>, Failure> {
    if let Some(typed) = &args.fingerprint {
        parse_fingerprint(typed).map_err(Failure::usage)?;
        return Ok(Voucher::Fingerprint(typed));
    }
    let terminal = if args.judge.no_ask { None } else { Terminal::standard(&cx.out) };
    terminal
        .map(Voucher::Person)
        .ok_or_else(|| Failure::ask("nobody can be asked here: give the server's fingerprint with --fingerprint"))
}

fn refused(seen: &Verdict) -> String {
    let presented = seen.chain().leaf().map_or_else(String::new, |leaf| {
        format!(
            ". It presents the certificate {} with the key sha256//{}",
            leaf.fingerprint().hex(),
            leaf.spki().base64()
        )
    });
    format!("{}{presented}", ask::differs(seen))
}

/// The verdict that counts: on the chain that this connection's handshake has proven.
fn decided(store: &Store, conn: &Conn, seen: &Verdict, terms: &Terms, cx: &Context) -> Result<Verdict, Failure> {
    let check = Check {
        flags: terms.flags,
        policy: terms.policy.as_ref(),
        ..Check::new(conn.endpoint(), seen.chain(), cx.now())
    };
    Ok(trust::check(store, &check)?)
}

fn settle(
    store: &Store,
    verdict: Verdict,
    voucher: Voucher<'_>,
    args: &network::Trust,
    interrupt: &Interrupt,
    cx: &Context,
) -> Result<Exit, Failure> {
    let wish = wish(args, cx)?;
    if verdict.decision() == Decision::Accept && !args.judge.dry_run {
        return accepted(store, &verdict, &wish, args, cx);
    }
    if args.judge.dry_run || !ask::is_question(&verdict) {
        tell(&verdict, cx)?;
        return Ok(exit_of(verdict.decision()));
    }
    if let Some(kind) = wish.kind.filter(|kind| !verdict.offered().contains(kind)) {
        return Err(not_offered(&verdict, kind));
    }
    let answer = match voucher {
        Voucher::Fingerprint(typed) => ask::typed_answer(&verdict, &wish, cx.now(), typed),
        Voucher::Person(mut terminal) => {
            match interrupt.while_asking(|| ask::put(&verdict, &wish, cx.now(), &mut terminal))? {
                Reply::Yes(answer) => answer,
                Reply::No => return Ok(exit_of(verdict.decision())),
                Reply::Differs => return Ok(Exit::Reject),
            }
        }
    };
    trust::trust(store, &verdict, &answer)?;
    let what = match (answer.session, answer.kind) {
        (true, _) => "this time; nothing is remembered".to_owned(),
        (false, Some(kind)) => object(&verdict, kind)?,
        (false, None) => "what it presents".to_owned(),
    };
    said(&verdict, &format!("Trusted for {}: {what}", verdict.endpoint()), args, cx)
}

fn wish(args: &network::Trust, cx: &Context) -> Result<Wish, Failure> {
    let expires = args.until.map_or(0, |until| until.after(cx.now()));
    if args.until.is_some() && expires <= cx.now() {
        return Err(Failure::usage("--until: that time is past"));
    }
    Ok(Wish {
        kind: args.kind.map(PinKind::from),
        add: args.add,
        expires,
        once: args.once,
        comment: args.comment.clone().unwrap_or_default(),
    })
}

fn not_offered(verdict: &Verdict, kind: PinKind) -> Failure {
    let offered: Vec<&str> = verdict.offered().iter().map(|kind| words::kind(*kind)).collect();
    let (server, kind) = (verdict.endpoint(), words::kind(kind));
    Failure::new(format!("{server}: no {kind} can be trusted in what it presents, but: {}", offered.join(", ")))
}

/// Trusted already. What the command line says beyond that is set; a CA-valid server is pinned by hand.
fn accepted(
    store: &Store,
    verdict: &Verdict,
    wish: &Wish,
    args: &network::Trust,
    cx: &Context,
) -> Result<Exit, Failure> {
    let server = verdict.endpoint();
    let matching = verdict.pin().filter(|_| verdict.pin_result() == PinResult::Match);
    let wanted = wish.kind.filter(|kind| matching.is_none_or(|pin| pin.kind != *kind));
    if let Some(kind) = wanted.filter(|_| !wish.once) {
        let leaf = verdict.chain().leaf().ok_or_else(|| Failure::new(format!("{server}: no certificate")))?;
        let new = by_hand(kind, leaf, wish).ok_or_else(|| {
            Failure::new(format!("{server} is trusted already; only its key or certificate can be pinned besides"))
        })?;
        store.add_pin(server, &new, cx.now())?;
        return said(verdict, &format!("Trusted for {server}: {}", object(verdict, kind)?), args, cx);
    }
    let own = matching.filter(|_| verdict.pin_layer() == Some(Layer::Own) && !wish.once);
    if let Some(pin) = own {
        if wish.expires != 0 && wish.expires != pin.expires {
            store.set_pin_expiry(pin.id, wish.expires, cx.now())?;
        }
        if !wish.comment.is_empty() && wish.comment != pin.comment {
            store.set_pin_comment(pin.id, &wish.comment, cx.now())?;
        }
    }
    let because = match (matching, verdict.pin_result()) {
        (Some(pin), _) => format!("by its {}", words::kind(pin.kind)),
        (None, PinResult::Sibling) => "because another port of it has the same key".to_owned(),
        (None, PinResult::Staged) => "by a key that was announced".to_owned(),
        _ if verdict.assurance() == Assurance::Verified => "by an authority, without a pin".to_owned(),
        _ => "by the policy".to_owned(),
    };
    said(verdict, &format!("Trusted already {because}: {server}"), args, cx)
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

/// What was trusted, in full.
fn object(verdict: &Verdict, kind: PinKind) -> Result<String, Failure> {
    let leaf = verdict.chain().leaf().ok_or_else(|| Failure::new("the server's certificate is unreadable"))?;
    Ok(match kind {
        PinKind::Key => format!("the key sha256//{}", leaf.spki().base64()),
        PinKind::Certificate => format!("the certificate {}", leaf.fingerprint().hex()),
        PinKind::Issuer => "the authority that signed its certificate".to_owned(),
        PinKind::Name => "a certificate for another name".to_owned(),
    })
}

/// Where lines for another program follow, they alone are on standard output.
fn said(verdict: &Verdict, text: &str, args: &network::Trust, cx: &Context) -> Result<Exit, Failure> {
    if args.config_for.is_some() {
        cx.out.note(text);
    } else if cx.out.json {
        cx.done_with(text, serde_json::json!({ "verdict": verdict.to_json() }))?;
    } else {
        cx.done(text)?;
    }
    Ok(Exit::Done)
}

fn tell(verdict: &Verdict, cx: &Context) -> Result<(), Failure> {
    if cx.out.json {
        return cx.out.value(&verdict.to_json());
    }
    say(render_verdict::page(verdict, cx.out.width, cx.out.err).trim_end());
    Ok(())
}
