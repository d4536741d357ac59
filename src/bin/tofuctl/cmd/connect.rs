//! `tofuctl connect`: standard input and output over a connection to a trusted server, as a tunnel for
//! programs that start a command. No byte is sent or passed on before the decision, and only the server's
//! data is written to standard output.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tofu::tls::{self, Conn, Flow};

use crate::ask::question::Wish;
use crate::ask::settle::{Asking, Settled, settle};
use crate::ask::terminal::Terminal;
use crate::cli::network;
use crate::context::Context;
use crate::input::reach;
use crate::process::exit::{Exit, Failure, say};
use crate::process::interrupt::{Interrupt, guarded};
use crate::render;

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
            Exit::Done => return carry(conn, interrupt),
            _ if settled.asked => {}
            // Nobody was asked: the reasons are for whoever reads the log of the program above.
            _ => say(render::verdict::page(&settled.verdict, cx.out.width, cx.out.err).trim_end()),
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
fn carry(conn: Conn, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let conn = Arc::new(conn);
    let failed = Arc::new(Mutex::new(None));
    let (upper, kept, switch) = (Arc::clone(&conn), Arc::clone(&failed), interrupt.cancel().clone());
    thread::spawn(move || {
        if let Err(failure) = upward(&upper) {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
            // The other way does not notice by itself that standard input failed.
            switch.cancel();
        }
    });
    let ended = downward(&conn, interrupt);
    let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    failed.map_or(ended, Err)
}

/// From standard input to the server. Only its end says that all was said: half a message that cannot be read on
/// must not look whole.
fn upward(conn: &Conn) -> Result<(), Failure> {
    let mut chunk = vec![0; CHUNK];
    let mut stdin = io::stdin().lock();
    loop {
        let got = match stdin.read(&mut chunk) {
            Ok(0) => return Ok(conn.shutdown().map(drop)?),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::new(format!("standard input: {error}"))),
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
fn downward(conn: &Conn, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let mut chunk = vec![0; CHUNK];
    let mut stdout = io::stdout().lock();
    loop {
        match conn.read(&mut chunk)? {
            Flow::Bytes(got) => {
                let bytes = chunk.get(..got).unwrap_or_default();
                // The reader of standard output may be slow forever; a signal ends that at once.
                match interrupt.while_asking(|| stdout.write_all(bytes).and_then(|()| stdout.flush())) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Failure::Closed),
                    Err(error) => return Err(Failure::new(format!("standard output: {error}"))),
                }
            }
            Flow::End => return Ok(Exit::Done),
            Flow::Held(decision) => return Ok(decision.into()),
            Flow::Again => {}
        }
    }
}
