//! `tofuctl trust`: fetches what a server presents and trusts it, after a person's yes or by a fingerprint
//! that is known beforehand. Nothing is written before it is certain that this certificate is meant.

use tofu::store::{NewPin, Pin, PinKind, PinState, PinValue, Store};
use tofu::tls::{self, Conn, Service, Start, Terms};
use tofu::trust::{self, Check, Decision, Flags, Verdict, parse_fingerprint};

use crate::ask::granted::{Granted, because, grant};
use crate::ask::other_keys;
use crate::ask::question::{self, Reply, Wish};
use crate::ask::settle::verdict_of;
use crate::ask::terminal::Terminal;
use crate::cli::network;
use crate::context::Context;
use crate::input::reach;
use crate::process::exit::{Exit, Failure, say};
use crate::process::interrupt::{Interrupt, guarded};
use crate::render;
use crate::render::words;

use super::config_for;

/// Where the yes comes from.
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
        let conn = tls::connect(&store, &endpoint, dial, looking.clone())?;
        let (conn, seen) = match &voucher {
            Voucher::Person(_) => {
                let seen = verdict_of(&conn)?;
                (conn, seen)
            }
            Voucher::Fingerprint(typed) => {
                let fingerprint = parse_fingerprint(typed).map_err(Failure::usage)?;
                let anew = || reach::dial(&target, &args.reach, interrupt.cancel());
                other_keys::meant(&store, conn, fingerprint, &looking, anew)?
            }
        };
        if let Some(leaf) = seen.chain().leaf() {
            config_for::check_file(args, leaf)?;
        }
        let wish = wish(args, cx)?;
        // For once: nothing is written, not even that the server was seen.
        let (store, verdict) = if wish.once {
            (store, seen.clone())
        } else {
            let store = reach::store(&args.judge, cx)?;
            let announced = if args.judge.dry_run { None } else { announce(&store, &seen, args, cx)? };
            let plain = if announced.is_some() { &Wish::default() } else { &wish };
            let verdict = decided(&store, &conn, &seen, &terms, plain, cx)?;
            if let Some(id) = announced {
                if verdict.decision() != Decision::Accept {
                    store.forget_pin(id, cx.now())?;
                    tell(&verdict, cx)?;
                    return Ok(verdict.decision().into());
                }
            }
            (store, verdict)
        };
        let exit = settle(&store, verdict, voucher, &wish, args, interrupt, cx)?;
        if exit == Exit::Done
            && !args.judge.dry_run
            && Service::of_port(target.port.get()).start != target.service.start
        {
            // For the words of a later failure alone, so what was answered stands without it.
            let _ = trust::tls_began(&store, &endpoint, target.service.start == Start::StartTls);
        }
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

/// The verdict that counts: on the chain that this connection's handshake has proven. What would be accepted and
/// recorded by itself is a question first where something is wished beyond that: the answer is then one change, and
/// no pin without the wish is ever there.
fn decided(
    store: &Store,
    conn: &Conn,
    seen: &Verdict,
    terms: &Terms,
    wish: &Wish,
    cx: &Context,
) -> Result<Verdict, Failure> {
    let second_look = conn.second_look();
    let check = Check {
        flags: terms.flags,
        policy: terms.policy.as_ref(),
        second_look: &second_look,
        ..Check::new(conn.endpoint(), seen.chain(), cx.now())
    };
    if !wish.is_plain() {
        let looking = Check { flags: Flags { dry_run: true, ..terms.flags }, ..check.clone() };
        let verdict = trust::check(store, &looking)?;
        if verdict.decision() == Decision::Ask && verdict.reasons().any(|code| code == "cannot-remember") {
            return Ok(verdict);
        }
    }
    Ok(trust::check(store, &check)?)
}

fn settle(
    store: &Store,
    verdict: Verdict,
    voucher: Voucher<'_>,
    wish: &Wish,
    args: &network::Trust,
    interrupt: &Interrupt,
    cx: &Context,
) -> Result<Exit, Failure> {
    if verdict.decision() == Decision::Accept && !args.judge.dry_run {
        return accepted(store, &verdict, wish, args, cx);
    }
    if args.judge.dry_run || !question::is_question(&verdict) {
        tell(&verdict, cx)?;
        if asks_nobody(&verdict) && !args.announce {
            let server = verdict.endpoint();
            say(&format!(
                "tofuctl: the policy asks nobody about {server}: with --announce its fingerprint is announced and taken"
            ));
        }
        return Ok(verdict.decision().into());
    }
    if let Some(kind) = wish.kind.filter(|kind| !verdict.offered().contains(kind)) {
        return Err(not_offered(&verdict, kind));
    }
    let answer = match voucher {
        Voucher::Fingerprint(typed) => question::typed_answer(&verdict, wish, cx.now(), typed),
        Voucher::Person(mut terminal) => {
            match interrupt.while_asking(|| question::put(&verdict, wish, cx.now(), &mut terminal))? {
                Reply::Yes(answer) => answer,
                Reply::No => return Ok(verdict.decision().into()),
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
    let wish = if wish.once { &Wish::default() } else { wish };
    let text = match grant(store, verdict, wish, cx.now())? {
        Granted::AsItIs => format!("Trusted already {}: {server}", because(verdict)),
        Granted::Pinned(kind, None) => format!("Trusted for {server}: {}", object(verdict, kind)?),
        Granted::Pinned(kind, Some(beside)) => {
            let number = if beside.id == 0 { String::new() } else { format!(" (pin {})", beside.id) };
            let (made, other) = (object(verdict, kind)?, words::kind(beside.kind));
            format!("Trusted for {server}: {made}. Its {other}{number} stays trusted beside it")
        }
    };
    said(verdict, &text, args, cx)
}

/// Whether the policy rejects what another one would ask about.
fn asks_nobody(verdict: &Verdict) -> bool {
    let by_policy = |code: &str| matches!(code, "policy-rejects" | "existing-account");
    verdict.decision() == Decision::Reject && verdict.reasons().any(by_policy)
}

/// Announces what the fingerprint names where the policy asks nobody, so that the check takes it. The number of the
/// pin that was made for it.
fn announce(store: &Store, seen: &Verdict, args: &network::Trust, cx: &Context) -> Result<Option<u64>, Failure> {
    let Some(leaf) = seen.chain().leaf().filter(|_| args.announce && asks_nobody(seen)) else { return Ok(None) };
    let (kind, value) = match args.kind.map(PinKind::from) {
        None | Some(PinKind::Key) => (PinKind::Key, leaf.spki()),
        Some(PinKind::Certificate) => (PinKind::Certificate, leaf.fingerprint()),
        Some(other) => return Err(not_offered(seen, other)),
    };
    let new = NewPin {
        kind,
        state: PinState::Staged,
        value: PinValue::Sha256(value),
        cert: Some(leaf.clone()),
        expires: args.until.map_or(0, |until| until.after(cx.now())),
        comment: args.comment.clone().unwrap_or_default(),
    };
    let trusted = store.read(|tx| tx.endpoint(seen.endpoint()))?.into_iter().flat_map(|record| record.pins);
    let same = |pin: &Pin| pin.kind == new.kind && pin.value == new.value && pin.state == PinState::Trusted;
    if trusted.into_iter().any(|pin| same(&pin)) {
        return Ok(None);
    }
    Ok(Some(store.add_pin(seen.endpoint(), &new, cx.now())?))
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
    say(render::verdict::page(verdict, cx.out.width, cx.out.err).trim_end());
    Ok(())
}
