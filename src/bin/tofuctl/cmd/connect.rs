//! `tofuctl connect`: standard input and output over a connection to a trusted server, as a tunnel for
//! programs that start a command. Not one byte of theirs goes either way before the decision, and nothing
//! but the server's data is written to standard output.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tofu::tls::{self, Conn, Flow, NetError};

use crate::ask::{Terminal, Wish};
use crate::cli::network;
use crate::context::Context;
use crate::exit::{Exit, Failure, say};
use crate::interrupt::{Interrupt, guarded};
use crate::settle::{Asking, Settled, exit_of, settle};
use crate::{reach, render_verdict};

/// Bytes moved at once.
const CHUNK: usize = 32 * 1024;

/// Connects and carries data until both sides have ended.
pub fn run(args: &network::Connect, cx: &Context) -> Result<Exit, Failure> {
    if cx.out.json {
        return Err(Failure::usage("--json: standard output is the server's"));
    }
    guarded(|interrupt| {
        let (conn, settled) = held(args, interrupt, cx)?;
        match settled.exit() {
            Exit::Done => return carry(conn),
            _ if settled.asked => {}
            // Nobody was asked: the reasons are for whoever reads the log of the program above.
            _ => say(render_verdict::page(&settled.verdict, cx.out.width, cx.out.err).trim_end()),
        }
        Ok(settled.exit())
    })
}

fn held(args: &network::Connect, interrupt: &Interrupt, cx: &Context) -> Result<(Conn, Settled), Failure> {
    let target = reach::target(&args.target, &args.reach)?;
    let endpoint = reach::endpoint(&target, cx);
    let store = reach::store(&args.judge, cx)?;
    let terms = reach::terms(&args.judge, &args.reach, &store, &endpoint, cx)?;
    let dial = reach::tunnel(&target, &args.reach, interrupt.cancel())?;
    let conn = tls::connect(&store, &endpoint, dial, terms)?;
    // Standard input is the program's: a person is asked on the terminal itself, if there is one.
    let terminal = if args.judge.no_ask || args.judge.dry_run { None } else { Terminal::controlling(&cx.out) };
    let asking = terminal.map(|terminal| Asking { terminal, wish: Wish::default() });
    let settled = settle(&store, &conn, asking, interrupt, cx)?;
    Ok((conn, settled))
}

/// Carries data both ways. The end of standard input closes our side only; the server's end is ours.
fn carry(conn: Conn) -> Result<Exit, Failure> {
    let conn = Arc::new(conn);
    let failed = Arc::new(Mutex::new(None));
    let (upper, kept) = (Arc::clone(&conn), Arc::clone(&failed));
    thread::spawn(move || {
        if let Err(error) = upward(&upper) {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    });
    let ended = downward(&conn);
    match (ended, failed.lock().unwrap_or_else(PoisonError::into_inner).take()) {
        (Err(failure), _) => Err(failure),
        (Ok(_), Some(error)) => Err(error.into()),
        (Ok(exit), None) => Ok(exit),
    }
}

/// From standard input to the server.
fn upward(conn: &Conn) -> Result<(), NetError> {
    let mut chunk = vec![0; CHUNK];
    let mut stdin = io::stdin().lock();
    loop {
        let got = match stdin.read(&mut chunk) {
            Ok(0) | Err(_) => return conn.shutdown().map(|_| ()),
            Ok(got) => got,
        };
        let mut rest = chunk.get(..got).unwrap_or_default();
        while !rest.is_empty() {
            match conn.write(rest)? {
                Flow::Bytes(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Flow::End | Flow::Again | Flow::Held(_) => return Ok(()),
            }
        }
    }
}

/// From the server to standard output.
fn downward(conn: &Conn) -> Result<Exit, Failure> {
    let mut chunk = vec![0; CHUNK];
    let mut stdout = io::stdout().lock();
    loop {
        match conn.read(&mut chunk)? {
            Flow::Bytes(got) => {
                let bytes = chunk.get(..got).unwrap_or_default();
                match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Failure::Closed),
                    Err(error) => return Err(Failure::new(format!("standard output: {error}"))),
                }
            }
            Flow::End => return Ok(Exit::Done),
            Flow::Held(decision) => return Ok(exit_of(decision)),
            Flow::Again => {}
        }
    }
}
