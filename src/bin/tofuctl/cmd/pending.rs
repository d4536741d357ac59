//! `pending`: the questions that came up when nobody could answer. They are judged again by what is known
//! now, and answered as any question is.

use serde_json::json;

use tofu::store::{Filter, Pending as Question, Store, Tx};
use tofu::text::{escape, excerpt};
use tofu::time::date;
use tofu::trust::{self, Answer, Decision, Flags, TrustError, Verdict, pending_verdict};

use crate::ask::granted::{because, grant};
use crate::ask::question;
use crate::ask::question::Wish;
use crate::cli::store::{Pending, PendingAction, PendingAnswer, PendingList};
use crate::context::Context;
use crate::context::pages;
use crate::process::exit::{Exit, Failure};
use crate::process::out::{self, Style};
use crate::render::json;
use crate::render::layout::{Cell, Table};

/// An id is known by so many characters at least.
const SHORTEST_ID: usize = 4;

pub fn run(args: &Pending, cx: &Context) -> Result<Exit, Failure> {
    match &args.action {
        None => list(&PendingList::default(), cx),
        Some(PendingAction::List(args)) => list(args, cx),
        Some(PendingAction::Show(args)) => show(&args.id, cx),
        Some(PendingAction::Answer(args)) => answer(args, cx),
        Some(PendingAction::Dismiss(args)) => dismiss(&args.id, cx),
    }
}

fn list(args: &PendingList, cx: &Context) -> Result<Exit, Failure> {
    let host = args.host.as_deref().map(|host| cx.host(host)).transpose()?;
    let questions = match cx.existing_or_say()? {
        Some(store) => questions(&store, &Filter { host, ..Filter::default() }, cx)?,
        None => Vec::new(),
    };
    if cx.out.json {
        let mut list = out::List::begin(&cx.out);
        questions.iter().try_for_each(|question| list.item(&json::pending(question)))?;
        list.end()?;
        return Ok(Exit::Done);
    }
    let columns = [("ID", 8), ("ASKED", 6), ("FIRST", 10), ("LAST", 10)];
    let table = Table::new("SERVER", &columns, cx.out.width, cx.out.paint);
    let mut text = out::Buffer::new(&cx.out);
    if !questions.is_empty() {
        text.push(&table.header())?;
    }
    for question in &questions {
        let style = if question.contradicted { Style::Bad } else { Style::Plain };
        text.push(&table.row(&[
            Cell::styled(question.endpoint.to_string(), style),
            Cell::new(short(question)),
            Cell::new(format!("{}x", question.count)),
            Cell::new(date(question.first)),
            Cell::new(date(question.last)),
        ]))?;
        if question.contradicted {
            text.push("  the known key was accepted again after this was seen\n")?;
        }
    }
    text.flush()?;
    Ok(Exit::Done)
}

/// Enough of the id to name the question.
pub fn short(question: &Question) -> String {
    escape(&question.verdict_id.chars().take(8).collect::<String>())
}

fn questions(store: &Store, filter: &Filter, cx: &Context) -> Result<Vec<Question>, Failure> {
    let mut found = Vec::new();
    let page = |tx: &Tx<'_>, from: &_| tx.list_pending(filter, from, pages::PAGE);
    pages::each(store, page, |question| {
        if cx.means(&question.endpoint.account) {
            found.push(question);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The one question whose id begins so.
fn find(store: &Store, id: &str, cx: &Context) -> Result<Question, Failure> {
    let shown = excerpt(id, 40);
    if id.chars().count() < SHORTEST_ID {
        return Err(Failure::usage(format!("{shown}: give at least {SHORTEST_ID} characters of the id")));
    }
    let mut found = questions(store, &Filter::default(), cx)?;
    found.retain(|question| question.verdict_id.starts_with(&id.to_ascii_lowercase()));
    match (found.pop(), found.is_empty()) {
        (Some(question), true) => Ok(question),
        (Some(_), false) => Err(Failure::usage(format!("{shown}: several questions begin so; give more of the id"))),
        (None, _) => Err(Failure::new(format!("{shown}: no such pending question"))),
    }
}

fn no_store() -> Failure {
    Failure::new("there is no store yet, so no pending question")
}

fn judged(store: &Store, question: &Question, flags: Flags, cx: &Context) -> Result<Verdict, Failure> {
    Ok(pending_verdict(store, question, cx.now(), flags, None, None)?)
}

fn show(id: &str, cx: &Context) -> Result<Exit, Failure> {
    let store = cx.existing()?.ok_or_else(no_store)?;
    let question = find(&store, id, cx)?;
    let verdict = judged(&store, &question, Flags::default(), cx)?;
    print(&verdict, cx)?;
    Ok(exit(verdict.decision()))
}

fn exit(decision: Decision) -> Exit {
    match decision {
        Decision::Accept => Exit::Done,
        Decision::Ask => Exit::Ask,
        Decision::Reject => Exit::Reject,
    }
}

fn print(verdict: &Verdict, cx: &Context) -> Result<(), Failure> {
    if cx.out.json {
        cx.out.value(&verdict.to_json())
    } else {
        cx.out.print(&crate::render::verdict::page(verdict, cx.out.width, cx.out.paint))
    }
}

fn answer(args: &PendingAnswer, cx: &Context) -> Result<Exit, Failure> {
    let now = cx.now();
    let expires = args.until.map_or(0, |when| when.after(now));
    if expires != 0 && expires <= now {
        return Err(Failure::usage("--until: lies before the present time"));
    }
    if let Some(typed) = &args.fingerprint {
        trust::parse_fingerprint(typed).map_err(Failure::usage)?;
    }
    cx.existing()?.ok_or_else(no_store)?;
    let store = cx.store()?;
    let question = find(&store, &args.id, cx)?;
    // What the next check would accept and record by itself is a question here, so that the answer says how.
    let looking = judged(&store, &question, Flags { dry_run: true, ..Flags::default() }, cx)?;
    let unasked = looking.decision() == Decision::Reject && looking.reasons().any(|code| code == "cannot-remember");
    let verdict = if unasked { judged(&store, &question, Flags::default(), cx)? } else { looking };
    match verdict.decision() {
        Decision::Accept => {
            let kind = args.kind.map(Into::into);
            let comment = args.comment.clone().unwrap_or_default();
            grant(&store, &verdict, &Wish { kind, expires, comment, ..Wish::default() }, now)?;
            store.dismiss(&question.verdict_id, now)?;
            let text = format!("{} is trusted by now, {}; the question is gone", verdict.endpoint(), because(&verdict));
            cx.done(&text)?;
            return Ok(Exit::Done);
        }
        Decision::Reject if !verdict.may_type() => {
            print(&verdict, cx)?;
            return Ok(Exit::Reject);
        }
        Decision::Ask | Decision::Reject => {}
    }
    let given = Answer {
        kind: args.kind.map(Into::into),
        add: args.add,
        expires,
        comment: args.comment.clone().unwrap_or_default(),
        now,
        ..Answer::default()
    };
    let answer = if args.yes {
        Answer { typed: args.fingerprint.clone(), ..given }
    } else if cx.can_ask() {
        match question::at_the_standard_terminal(&verdict, cx)? {
            Some(answer) => merged(answer, given, args.fingerprint.as_ref()),
            None => return Err(Failure::ask("not trusted; the question stays, and pending dismiss puts it aside")),
        }
    } else {
        print(&verdict, cx)?;
        return Err(Failure::ask("nobody can be asked; answer with --yes --fingerprint FINGERPRINT"));
    };
    if answer.session {
        return Err(Failure::ask("nothing was changed: a pending question has no connection to trust once"));
    }
    take(&store, &verdict, &answer, cx)
}

/// What was said on the terminal, with what the options say beside it.
fn merged(said: Answer, given: Answer, fingerprint: Option<&String>) -> Answer {
    Answer {
        kind: given.kind.or(said.kind),
        add: given.add || said.add,
        typed: said.typed.or(fingerprint.cloned()),
        expires: if given.expires == 0 { said.expires } else { given.expires },
        comment: if given.comment.is_empty() { said.comment } else { given.comment },
        session: said.session,
        now: given.now,
    }
}

fn take(store: &Store, verdict: &Verdict, answer: &Answer, cx: &Context) -> Result<Exit, Failure> {
    trust::trust(store, verdict, answer).map_err(|error| match error {
        TrustError::Typed(_) => Failure::reject(format!("{}: {error}", verdict.endpoint())),
        other => Failure::new(format!("{}: {other}", verdict.endpoint())),
    })?;
    let key = verdict.chain().leaf().map(|cert| format!(" with the key {}", cert.spki().key_pin()));
    let text = format!("trusted {}{}", verdict.endpoint(), key.unwrap_or_default());
    cx.done_with(&text, json!({ "verdict": verdict.id() }))?;
    Ok(Exit::Done)
}

fn dismiss(id: &str, cx: &Context) -> Result<Exit, Failure> {
    cx.existing()?.ok_or_else(no_store)?;
    let store = cx.store()?;
    let question = find(&store, id, cx)?;
    store.dismiss(&question.verdict_id, cx.now())?;
    let id = escape(&question.verdict_id);
    cx.done_with(&format!("put aside the question about {}", question.endpoint), json!({ "id": id }))?;
    Ok(Exit::Done)
}
