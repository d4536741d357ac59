//! `log`: what happened, newest last.

use std::collections::VecDeque;

use tofu::endpoint::{Account, Endpoint};
use tofu::store::{self, Event, Filter, Tx};
use tofu::text::escape;
use tofu::time::date_time;
use tofu::trust::{Fingerprint, parse_fingerprint};

use crate::cli::store::{Log, Severity};
use crate::context::Context;
use crate::context::pages;
use crate::process::exit::{Exit, Failure};
use crate::process::out::{self, Out};
use crate::render::json;
use crate::render::layout::wrapped;
use crate::render::words;

impl From<Severity> for store::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Notice => Self::Notice,
            Severity::Warning => Self::Warning,
            Severity::High => Self::High,
        }
    }
}

pub fn run(args: &Log, cx: &Context) -> Result<Exit, Failure> {
    let host = args.host.as_deref().map(|host| cx.host(host)).transpose()?;
    let hash = match args.key.as_deref().map(parse_fingerprint).transpose().map_err(Failure::usage)? {
        Some(Fingerprint::Key(hash) | Fingerprint::Either(hash)) => Some(hash),
        None => None,
    };
    let filter = Filter { host, hash, severity: args.severity.map(Into::into), ..Filter::default() };
    let since = args.since.map(|when| when.before(cx.now()));
    let most = args.number.unwrap_or(usize::MAX);
    let mut events: VecDeque<Event> = VecDeque::new();
    if let Some(store) = cx.existing_or_say()? {
        let page = |tx: &Tx<'_>, from: &_| tx.list_events(&filter, from, pages::PAGE);
        pages::each(&store, page, |event| {
            if since.is_none_or(|since| event.time >= since) && means(cx, &event) {
                events.push_back(event);
                if events.len() > most {
                    events.pop_front();
                }
            }
            Ok(())
        })?;
    }
    if cx.out.json {
        let mut list = out::List::begin(&cx.out);
        events.iter().try_for_each(|event| list.item(&json::event(event)))?;
        list.end()?;
    } else {
        let mut text = out::Buffer::new(&cx.out);
        events.iter().try_for_each(|event| text.push(&line(event, true, &cx.out)))?;
        text.flush()?;
    }
    Ok(Exit::Done)
}

fn means(cx: &Context, event: &Event) -> bool {
    cx.means(&Account::parse(&event.account).unwrap_or_else(|_| Account::any()))
}

/// An event in two lines: its number, when, how much it matters, what; and the words, after the server
/// where that is not plain anyway.
pub fn line(event: &Event, with_place: bool, out: &Out) -> String {
    let severity = format!("{:<7}", words::severity(event.severity));
    let severity = out.paint.paint(words::severity_style(event.severity), &severity);
    let head = format!("{:>5}  {}  {severity}  ", event.id, date_time(event.time));
    // The number, the time, the severity and what lies between take 41 characters.
    let code = crate::render::layout::cut(&escape(&event.code), out.width.saturating_sub(41));
    let mut text = escape(&event.text);
    let place = place(event);
    if with_place && !place.is_empty() && !text.contains(&place) {
        text = format!("{place}: {text}");
    }
    if !event.application.is_empty() {
        text.push_str(&format!(" [{}]", escape(&event.application)));
    }
    format!("{head}{code}\n{}", wrapped("       ", "       ", &text, out.width))
}

/// The server that an event is about, as it is written elsewhere.
pub fn place(event: &Event) -> String {
    match Endpoint::parse("", &event.host, event.port) {
        Ok(endpoint) => endpoint.to_string(),
        Err(_) => String::new(),
    }
}
