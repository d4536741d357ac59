//! `tofuctl check`: is this the server it should be? Connects, judges, says why, and asks where somebody
//! can answer. Many servers at once are for `check_file`.

use tofu::endpoint::Endpoint;
use tofu::path::Chain;
use tofu::store::Store;
use tofu::tls::{self, Conn, NetError, Step, Terms};
use tofu::trust::{self, Check, Decision, Flags};

use crate::ask::question::Wish;
use crate::ask::settle::{Asking, Settled, settle};
use crate::ask::terminal::Terminal;
use crate::cli::network;
use crate::context::Context;
use crate::input::reach;
use crate::process::exit::{Exit, Failure, say};
use crate::process::interrupt::{Interrupt, guarded};
use crate::process::out::Style;
use crate::render;
use crate::render::sheet::Sheet;

use super::check_file;

/// Checks one server, or those of a file.
pub fn run(args: &network::Check, cx: &Context) -> Result<Exit, Failure> {
    guarded(|interrupt| match (&args.file, &args.target) {
        (Some(file), _) => check_file::run(file, args, interrupt, cx),
        (None, Some(text)) => one(text, args, interrupt, cx),
        (None, None) => Err(Failure::usage("a server or --file is needed")),
    })
}

fn one(text: &str, args: &network::Check, interrupt: &Interrupt, cx: &Context) -> Result<Exit, Failure> {
    let target = reach::target(text, &args.reach)?;
    let endpoint = reach::endpoint(&target, cx);
    let store = reach::store(&args.judge, cx)?;
    let terms = reach::terms(&args.judge, &args.reach, &store, &endpoint, cx)?;
    let dial = reach::dial(&target, &args.reach, interrupt.cancel())?;
    match tls::connect(&store, &endpoint, dial, terms.clone()) {
        Ok(conn) => {
            let settled = settle(&store, &conn, asking(args, cx), interrupt, cx)?;
            show(&settled, &conn, cx)?;
            Ok(settled.exit())
        }
        Err(error) if ends_in_handshake(&error) => {
            let dial = reach::dial(&target, &args.reach, interrupt.cancel())?;
            match tls::probe(&target.host, target.port, dial) {
                Ok(seen) => without_session(&store, &endpoint, &terms, (&seen, &error), cx),
                Err(_) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// By default somebody is asked where standard input and error are a terminal and no program reads JSON.
fn asking(args: &network::Check, cx: &Context) -> Option<Asking> {
    let wanted = !args.judge.no_ask && !args.judge.dry_run && (args.judge.ask || !cx.out.json);
    let terminal = if wanted { Terminal::standard(&cx.out) } else { None };
    terminal.map(|terminal| Asking { terminal, wish: Wish::default() })
}

fn show(settled: &Settled, conn: &Conn, cx: &Context) -> Result<(), Failure> {
    let verdict = &settled.verdict;
    if cx.out.json {
        return cx.out.value(&verdict.to_json());
    }
    let (width, paint) = (cx.out.width, cx.out.paint);
    // If we prompted, the user has already seen the verdict; only the end is left to say.
    if settled.asked && verdict.decision() != Decision::Accept {
        return Ok(());
    }
    if settled.asked || cx.out.quiet() {
        return cx.out.print(&render::verdict::summary(verdict, width, paint));
    }
    let mut page = render::verdict::page(verdict, width, paint);
    let mut sheet = Sheet::new(width, paint);
    if let (Some(facts), Some(address)) = (conn.facts(), conn.address()) {
        sheet.gap();
        let text = format!("Connected to {address}: {}, {}.", conn.service(), render::probe::uses(&facts));
        sheet.paragraph(0, Style::Dim, &text);
    }
    page.push_str(&sheet.finish());
    cx.out.print(&page)
}

/// Only an error of the handshake leaves a chance that a probe shows a certificate.
fn ends_in_handshake(error: &NetError) -> bool {
    matches!(error, NetError::Tls { step: Step::Handshake, .. } | NetError::Broken { step: Step::Handshake, .. })
}

/// No session is possible, but a certificate was seen: it is judged for display and accepted never.
fn without_session(
    store: &Store,
    endpoint: &Endpoint,
    terms: &Terms,
    (seen, error): (&tls::Probe, &NetError),
    cx: &Context,
) -> Result<Exit, Failure> {
    say(&format!("tofuctl: {}", seen.failure().unwrap_or(error)));
    let verdict = unproven(store, endpoint, seen.chain(), terms, cx)?;
    if cx.out.json {
        cx.out.value(&verdict.to_json())?;
    } else {
        let mut sheet = Sheet::new(cx.out.width, cx.out.paint);
        let text = "No connection was made. What follows judges a certificate that was only seen.";
        sheet.paragraph(0, Style::Bad, text);
        sheet.gap();
        cx.out.print(&format!("{}{}", sheet.finish(), render::verdict::page(&verdict, cx.out.width, cx.out.paint)))?;
    }
    Ok(match Exit::from(verdict.decision()) {
        Exit::Reject => Exit::Reject,
        _ => Exit::Failed,
    })
}

fn unproven(
    store: &Store,
    endpoint: &Endpoint,
    chain: &Chain,
    terms: &Terms,
    cx: &Context,
) -> Result<trust::Verdict, Failure> {
    let flags = Flags { unproven: true, no_session: true, ..terms.flags };
    let check = Check { flags, policy: terms.policy.as_ref(), ..Check::new(endpoint, chain, cx.now()) };
    Ok(trust::check(store, &check)?)
}
