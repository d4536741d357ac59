//! `list`: the servers that are known, or the pins, with filters.

use tofu::endpoint::Endpoint;
use tofu::store::{EndpointRecord, Filter, Pin, PinEntry, PinKind, PinState, PinValue, Store};
use tofu::text::escape;
use tofu::time::{Timestamp, date};
use tofu::trust::{Fingerprint, parse_fingerprint};

use crate::cli::store::{List, State};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::layout::{Cell, Table};
use crate::out::{self, Style};
use crate::words::{self, Standing};
use crate::{json, pages};

pub fn run(args: &List, cx: &Context) -> Result<Exit, Failure> {
    let filter = filter(args, cx)?;
    let store = cx.existing_or_say()?;
    match store {
        None if cx.out.json => out::List::begin(&cx.out).end()?,
        None => {}
        Some(store) if args.pins => list_pins(&store, &filter, cx)?,
        Some(store) => list_endpoints(&store, &filter, args, cx)?,
    }
    Ok(Exit::Done)
}

fn filter(args: &List, cx: &Context) -> Result<Filter, Failure> {
    let host = args.host.as_deref().map(|host| cx.host(host)).transpose()?;
    let hash = match args.key.as_deref().map(parse_fingerprint).transpose().map_err(Failure::usage)? {
        Some(Fingerprint::Key(hash) | Fingerprint::Either(hash)) => Some(hash),
        None => None,
    };
    let states = match args.state {
        None => Vec::new(),
        Some(State::Trusted) => vec![PinState::Trusted],
        Some(State::Staged) => vec![PinState::Staged],
        Some(State::Retired) => vec![PinState::Retired],
        Some(State::Blocked) => vec![PinState::Blocked],
        Some(State::Compromised) => vec![PinState::Compromised],
        Some(State::Valid | State::Seen | State::Forgotten) if args.pins => {
            return Err(Failure::usage("--state: no pin is valid, seen or forgotten; servers are"));
        }
        Some(State::Valid | State::Seen | State::Forgotten) => Vec::new(),
    };
    Ok(Filter { host, hash, states, severity: None })
}

fn list_endpoints(store: &Store, filter: &Filter, args: &List, cx: &Context) -> Result<(), Failure> {
    let now = cx.now();
    let wanted = |record: &EndpointRecord| {
        let standing = Standing::of(record, now);
        let state = match args.state {
            Some(State::Valid) => standing == Standing::Valid,
            Some(State::Seen) => standing == Standing::Seen,
            Some(State::Forgotten) => record.tombstone.is_some(),
            _ => true,
        };
        state && cx.means(&record.endpoint.account)
    };
    let columns = [("STATE", 9), ("KEY", 13), ("FIRST SEEN", 10), ("LAST SEEN", 10)];
    let table = Table::new("SERVER", &columns, cx.out.width, cx.out.paint);
    let mut listing = Listing::begin(cx, &table);
    let page = |tx: &tofu::store::Tx<'_>, from: &_| tx.list_endpoints(filter, from, pages::PAGE);
    pages::each(store, page, |record| {
        if !wanted(&record) {
            return Ok(());
        }
        listing.add(|| json::endpoint(&record, now), || endpoint_row(&record, now))
    })?;
    listing.end("no server")
}

fn endpoint_row(record: &EndpointRecord, now: Timestamp) -> Vec<Cell> {
    let standing = Standing::of(record, now);
    let observed = record.observations.iter().map(|seen| seen.last).max().unwrap_or(0);
    let day = |at: Timestamp| Cell::new(if at == 0 { "never".to_owned() } else { date(at) });
    vec![
        Cell::new(record.endpoint.to_string()),
        Cell::styled(standing.word(), standing.style()),
        Cell::new(key(record)),
        day(record.first_seen),
        day(if record.last_seen == 0 { observed } else { record.last_seen }),
    ]
}

/// The key that matters: of the pin that counts, else the one seen last. The beginning is enough to see
/// which one it is, and too little to be taken for the whole.
fn key(record: &EndpointRecord) -> String {
    let states = [PinState::Trusted, PinState::Staged, PinState::Blocked, PinState::Compromised, PinState::Retired];
    let pin = states.iter().find_map(|state| record.pins.iter().rev().find(|p| p.state == *state));
    let of_pin = pin.map(short);
    let seen = record.baseline.first().map(|s| s.spki).or(record.observations.last().map(|o| o.spki));
    of_pin.or(seen.map(|hash| hash.base64())).unwrap_or_default()
}

fn short(pin: &Pin) -> String {
    match (&pin.value, pin.kind) {
        (PinValue::Sha256(hash), PinKind::Certificate) => hash.hex(),
        (PinValue::Sha256(hash), _) => hash.base64(),
        (PinValue::Name(name), _) => escape(name),
    }
}

fn list_pins(store: &Store, filter: &Filter, cx: &Context) -> Result<(), Failure> {
    let columns = [("PIN", 6), ("KIND", 11), ("STATE", 11), ("WHAT", 13)];
    let table = Table::new("SERVER", &columns, cx.out.width, cx.out.paint);
    let mut listing = Listing::begin(cx, &table);
    let page = |tx: &tofu::store::Tx<'_>, from: &_| tx.list_pins(filter, from, pages::PAGE);
    pages::each(store, page, |entry| match entry {
        PinEntry::Endpoint(endpoint, pin) if cx.means(&endpoint.account) => {
            listing.add(|| json::pin_of(&endpoint, &pin), || pin_row(&endpoint, &pin))
        }
        PinEntry::Endpoint(..) => Ok(()),
        PinEntry::Everywhere(block) => listing.add(
            || json::block(&block),
            || {
                let value = words::value(block.kind, &PinValue::Sha256(block.value));
                let value = value.strip_prefix("sha256//").unwrap_or(&value).to_owned();
                vec![
                    Cell::styled("(everywhere)", Style::Bold),
                    Cell::new(block.id.to_string()),
                    Cell::new(words::kind(block.kind)),
                    Cell::styled("blocked", Style::Bad),
                    Cell::new(value),
                ]
            },
        ),
    })?;
    listing.end("no pin")
}

fn pin_row(endpoint: &Endpoint, pin: &Pin) -> Vec<Cell> {
    vec![
        Cell::new(endpoint.to_string()),
        Cell::new(pin.id.to_string()),
        Cell::new(words::kind(pin.kind)),
        Cell::styled(words::state(pin.state), words::state_style(pin.state)),
        Cell::new(short(pin)),
    ]
}

/// Rows of a table with the titles before the first one, or the items of a JSON list.
struct Listing<'c> {
    cx: &'c Context,
    table: &'c Table,
    json: Option<out::List<'c>>,
    text: out::Buffer<'c>,
    any: bool,
}

impl<'c> Listing<'c> {
    fn begin(cx: &'c Context, table: &'c Table) -> Self {
        let json = cx.out.json.then(|| out::List::begin(&cx.out));
        Self { cx, table, json, text: out::Buffer::new(&cx.out), any: false }
    }

    fn add(
        &mut self,
        value: impl FnOnce() -> serde_json::Value,
        row: impl FnOnce() -> Vec<Cell>,
    ) -> Result<(), Failure> {
        if let Some(list) = &mut self.json {
            return list.item(&value());
        }
        if !std::mem::replace(&mut self.any, true) {
            self.text.push(&self.table.header())?;
        }
        self.text.push(&self.table.row(&row()))
    }

    fn end(mut self, none: &str) -> Result<(), Failure> {
        if let Some(list) = self.json {
            return list.end();
        }
        if !self.any {
            self.cx.out.note(none);
        }
        self.text.flush()
    }
}
