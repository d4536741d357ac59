//! `tofuctl check --file`: many servers in parallel, for monitoring. Nobody is asked; what needs a person
//! shows in the table and in the exit status.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use tofu::store::Store;
use tofu::text::excerpt;
use tofu::tls::{self, NetError, Protocol, Target};
use tofu::trust::{Decision, Verdict};

use crate::ask::settle::verdict_of;
use crate::cli::network;
use crate::context::Context;
use crate::input::cert_file::read;
use crate::input::reach;
use crate::process::exit::{Exit, Failure, say};
use crate::process::interrupt::Interrupt;
use crate::render::summary::{Outcome, Summary, Trouble};

/// A server of the file.
struct Job {
    line: usize,
    target: Target,
    server: String,
}

/// Checks every server of a file. The exit status is the worst: rejected, error, question, trusted.
pub fn run(file: &Path, args: &network::Check, interrupt: &Interrupt, cx: &Context) -> Result<Exit, Failure> {
    if args.reach.address.is_some() {
        return Err(Failure::usage("--address is for one server, not for --file"));
    }
    // There may be a person or a pipe at its other end: nobody is to press Ctrl-C twice.
    let bytes = interrupt.while_asking(|| read(file)).map_err(|why| Failure::about(file, why))?;
    let mut jobs = Vec::new();
    let mut unread = 0usize;
    for (number, line) in (1..).zip(String::from_utf8_lossy(&bytes).lines()) {
        match parse(number, line, args.reach.starttls) {
            Ok(job) => jobs.extend(job),
            Err(why) => {
                unread = unread.saturating_add(1);
                say(&format!("tofuctl: {}:{number}: {why}", excerpt(&file.to_string_lossy(), 200)));
            }
        }
    }
    if jobs.is_empty() && unread == 0 {
        // A list that came to nothing must not look like servers that are all fine.
        return Err(Failure::about(file, "names no server"));
    }
    let (now, warn_days) = (cx.now(), i64::from(args.warn_days));
    let mut exit = if unread > 0 { Exit::Failed } else { Exit::Done };
    let mut outcomes = Vec::new();
    all(&jobs, args, interrupt, cx, |outcome| {
        exit = std::cmp::max_by_key(exit, outcome.exit(), |exit| badness(*exit));
        // An outcome that is printed is not kept: a server can make its certificates as large as it likes.
        if args.json_lines {
            return cx.out.value_line(&outcome.to_json(now, warn_days));
        }
        outcomes.push(outcome);
        Ok(())
    })?;
    outcomes.sort_by_key(|outcome| outcome.line);
    let missing = jobs.len().saturating_sub(outcomes.len());
    if cx.out.json {
        let results: Vec<Value> = outcomes.iter().map(|outcome| outcome.to_json(now, warn_days)).collect();
        cx.out.value(&json!({ "schema": 1, "exit": exit.status(), "results": results, "not_checked": missing }))?;
    } else if !args.json_lines {
        // The worst first, in the order of the file.
        outcomes.sort_by_key(|o| std::cmp::Reverse((badness(o.exit()), o.ends_soon(now, warn_days))));
        let table = Summary { outcomes: &outcomes, missing, unread, now, warn_days };
        cx.out.print(&table.page(&cx.out))?;
    }
    Ok(exit)
}

/// How bad an exit status is among many.
fn badness(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::Ask => 1,
        Exit::Failed => 2,
        Exit::Reject => 3,
    }
}

/// `HOST[:PORT] [starttls=PROTOCOL]`; nothing where there is only a comment.
fn parse(line: usize, text: &str, starttls: Option<Protocol>) -> Result<Option<Job>, String> {
    let mut words = text.split_whitespace().take_while(|word| !word.starts_with('#'));
    let Some(server) = words.next() else { return Ok(None) };
    let mut starttls = starttls;
    for word in words {
        let Some(name) = word.strip_prefix("starttls=") else {
            return Err(format!("{}: only starttls=PROTOCOL may follow a server", excerpt(word, 40)));
        };
        starttls = Some(Protocol::parse(name).map_err(|error| error.to_string())?);
    }
    let target = Target::parse(server, starttls).map_err(|error| error.to_string())?;
    let server = match target.host.ip() {
        Some(std::net::IpAddr::V6(address)) => format!("[{address}]:{}", target.port),
        _ => format!("{}:{}", target.host, target.port),
    };
    Ok(Some(Job { line, target, server }))
}

/// Checks all servers, several at once, and passes each outcome on as it comes. Cancelled checks are left out.
fn all(
    jobs: &[Job],
    args: &network::Check,
    interrupt: &Interrupt,
    cx: &Context,
    mut each: impl FnMut(Outcome) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let store = reach::store(&args.judge, cx)?;
    let bar = progress(jobs.len(), cx);
    let next = AtomicUsize::new(0);
    let result = thread::scope(|scope| {
        let workers = usize::from(args.jobs).min(jobs.len());
        // The reader of the outcomes sets the pace.
        let (sender, receiver) = mpsc::sync_channel(workers);
        for _ in 0..workers {
            let (sender, store, next) = (sender.clone(), &store, &next);
            scope.spawn(move || {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(outcome) = one(job, args, store, interrupt, cx) else { break };
                    if sender.send(outcome).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for outcome in receiver {
            bar.inc(1);
            if let Err(failure) = bar.suspend(|| each(outcome)) {
                // Nobody reads on: the others need not finish.
                interrupt.cancel().cancel();
                return Err(failure);
            }
        }
        Ok(())
    });
    bar.finish_and_clear();
    result
}

fn one(job: &Job, args: &network::Check, store: &Store, interrupt: &Interrupt, cx: &Context) -> Option<Outcome> {
    if interrupt.cancel().is_cancelled() {
        return None;
    }
    let result = match quietly(&job.target, args, store, interrupt, cx) {
        Ok(verdict) => Ok(verdict),
        Err(Unchecked::Net(NetError::Cancelled { .. })) => return None,
        Err(Unchecked::Net(error)) => Err(Trouble { code: error.code(), text: error.to_string() }),
        Err(Unchecked::Other(failure)) => Err(Trouble { code: "other", text: failure.text() }),
    };
    Some(Outcome { line: job.line, server: job.server.clone(), result })
}

/// Checks a server without anybody being asked.
fn quietly(
    target: &Target,
    args: &network::Check,
    store: &Store,
    interrupt: &Interrupt,
    cx: &Context,
) -> Result<Verdict, Unchecked> {
    let endpoint = reach::endpoint(target, cx);
    let terms = reach::terms(&args.judge, &args.reach, store, &endpoint, cx)?;
    let dial = reach::dial(target, &args.reach, interrupt.cancel())?;
    let conn = tls::connect(store, &endpoint, dial, terms)?;
    let verdict = verdict_of(&conn)?;
    // Said so that the server need not wait; what it answers does not matter.
    if verdict.decision() == Decision::Accept {
        let _ = conn.shutdown();
    }
    Ok(verdict)
}

/// Why there is no verdict.
enum Unchecked {
    /// The network, or the check.
    Net(NetError),
    /// Anything else.
    Other(Failure),
}

impl From<NetError> for Unchecked {
    fn from(error: NetError) -> Self {
        Self::Net(error)
    }
}

impl From<Failure> for Unchecked {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// On standard error, where that is a terminal.
fn progress(count: usize, cx: &Context) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(u64::try_from(count).ok(), ProgressDrawTarget::stderr());
    if cx.out.quiet() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    // A template that does not parse leaves the default one.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} checked") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(text: &str) -> Result<Option<String>, String> {
        parse(1, text, None).map(|job| job.map(|job| format!("{} {}", job.server, job.target.service)))
    }

    #[test]
    fn lines_name_servers_and_how_tls_begins() {
        for (line, says) in [
            ("mail.example", Some("mail.example:993 imap over TLS")),
            ("  mail.example:143\t# the old one", Some("mail.example:143 imap with STARTTLS")),
            ("mail.example:2525 starttls=smtp", Some("mail.example:2525 smtp with STARTTLS")),
            ("[::1]:993", Some("[::1]:993 imap over TLS")),
            ("# nothing", None),
            ("", None),
        ] {
            assert_eq!(read_line(line).unwrap().as_deref(), says, "{line}");
        }
    }

    #[test]
    fn lines_that_name_none_say_why() {
        for (line, why) in [
            ("mail example", "only starttls=PROTOCOL"),
            ("mail.example starttls=gopher", "gopher"),
            ("mail.example:99999", "99999"),
            ("*.example", "wildcard"),
        ] {
            let error = read_line(line).unwrap_err();
            assert!(error.contains(why), "{line}: {error}");
        }
    }
}
