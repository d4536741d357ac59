//! `list`: the servers that are known, or the pins, with filters; on request also those of the system's stores.

use serde_json::{Value, json};

use tofu::endpoint::Endpoint;
use tofu::store::{
    EndpointRecord, Filter, Page, Pin, PinEntry, PinKind, PinState, PinValue, Standing, Store, StoreError, Tx,
};
use tofu::text::escape;
use tofu::time::{Timestamp, date};
use tofu::trust::{Fingerprint, parse_fingerprint};

use crate::cli::store::{List, State};
use crate::context::Context;
use crate::context::pages;
use crate::process::exit::{Exit, Failure};
use crate::process::out::{self, Style};
use crate::render::json;
use crate::render::layout::{Cell, Table, wrapped};
use crate::render::words;

pub fn run(args: &List, cx: &Context) -> Result<Exit, Failure> {
    let filter = filter(args, cx)?;
    let store = cx.existing_or_say()?;
    let Some(store) = store else {
        if cx.out.json {
            out::List::begin(&cx.out).end()?;
        }
        return Ok(Exit::Done);
    };
    let table = if args.pins { Table::new("SERVER", &PINS, cx.out.width, cx.out.paint) } else { endpoints_table(cx) };
    let mut listing = Listing::begin(cx, &table, args);
    let below = if args.all_stores { store.layers() } else { &[] };
    for (index, each) in std::iter::once(&store).chain(below).enumerate() {
        listing.of(each, index > 0);
        if args.pins {
            list_pins(each, &filter, cx, &mut listing)?;
        } else {
            list_endpoints(each, &filter, args, cx, &mut listing)?;
        }
    }
    listing.end(if args.pins { "no pin" } else { "no server" })?;
    Ok(Exit::Done)
}

/// The columns behind the server, of pins.
const PINS: [(&str, usize); 4] = [("PIN", 6), ("KIND", 11), ("STATE", 11), ("WHAT", 13)];

fn endpoints_table(cx: &Context) -> Table {
    let columns = [("STATE", 9), ("KEY", 13), ("FIRST SEEN", 10), ("LAST SEEN", 10)];
    Table::new("SERVER", &columns, cx.out.width, cx.out.paint)
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

fn list_endpoints(
    store: &Store,
    filter: &Filter,
    args: &List,
    cx: &Context,
    listing: &mut Listing<'_>,
) -> Result<(), Failure> {
    let now = cx.now();
    let wanted = |record: &EndpointRecord, standing: Standing| {
        let state = match args.state {
            Some(State::Valid) => standing == Standing::Valid,
            Some(State::Seen) => standing == Standing::Seen,
            Some(State::Forgotten) => record.tombstone.is_some(),
            _ => true,
        };
        state && cx.means(&record.endpoint.account)
    };
    let page = |tx: &Tx<'_>, from: &_| {
        let Page { items, next } = tx.list_endpoints(filter, from, pages::PAGE)?;
        let standing = |record| Ok((tx.standing(&record, now)?, record));
        Ok(Page { items: items.into_iter().map(standing).collect::<Result<Vec<_>, StoreError>>()?, next })
    };
    pages::each(store, page, |(standing, record)| {
        if !wanted(&record, standing) {
            return Ok(());
        }
        listing.add(|| json::endpoint(&record, standing), || endpoint_row(&record, standing))
    })
}

fn endpoint_row(record: &EndpointRecord, standing: Standing) -> Vec<Cell> {
    let observed = record.observations.iter().map(|seen| seen.last).max().unwrap_or(0);
    let day = |at: Timestamp| Cell::new(if at == 0 { "never".to_owned() } else { date(at) });
    vec![
        Cell::new(record.endpoint.to_string()),
        Cell::styled(standing.code(), words::standing_style(standing)),
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

fn list_pins(store: &Store, filter: &Filter, cx: &Context, listing: &mut Listing<'_>) -> Result<(), Failure> {
    let page = |tx: &Tx<'_>, from: &_| tx.list_pins(filter, from, pages::PAGE);
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
                    Cell::new(block.kind.code()),
                    Cell::styled("blocked", Style::Bad),
                    Cell::new(value),
                ]
            },
        ),
    })
}

fn pin_row(endpoint: &Endpoint, pin: &Pin) -> Vec<Cell> {
    vec![
        Cell::new(endpoint.to_string()),
        Cell::new(pin.id.to_string()),
        Cell::new(pin.kind.code()),
        Cell::styled(pin.state.code(), words::state_style(pin.state)),
        Cell::new(short(pin)),
    ]
}

/// Rows of a table with the titles before the first one, or the items of a JSON list; store by store where
/// there are several.
struct Listing<'c> {
    cx: &'c Context,
    table: &'c Table,
    json: Option<out::List<'c>>,
    text: out::Buffer<'c>,
    /// The store that rows come from, where that is to be said.
    store: Option<String>,
    several: bool,
    pins: bool,
    /// It is the system's, so that numbers of pins mean nothing here.
    below: bool,
    /// Whether there was any row; and whether there was one of this store.
    any: bool,
    begun: bool,
}

impl<'c> Listing<'c> {
    fn begin(cx: &'c Context, table: &'c Table, args: &List) -> Self {
        let json = cx.out.json.then(|| out::List::begin(&cx.out));
        let text = out::Buffer::new(&cx.out);
        let (several, pins) = (args.all_stores, args.pins);
        Self { cx, table, json, text, store: None, several, pins, below: false, any: false, begun: false }
    }

    /// What follows is of this store.
    fn of(&mut self, store: &Store, below: bool) {
        self.store = self.several.then(|| escape(&store.name()));
        (self.below, self.begun) = (below, false);
    }

    fn add(&mut self, value: impl FnOnce() -> Value, row: impl FnOnce() -> Vec<Cell>) -> Result<(), Failure> {
        if let Some(list) = &mut self.json {
            let mut value = value();
            if self.below && value.get("id").is_some() {
                value = json::with(value, json!({ "id": null }));
            }
            return list.item(&match &self.store {
                Some(store) => json::with(value, json!({ "store": store })),
                None => value,
            });
        }
        let mut row = row();
        if self.below && self.pins {
            if let Some(number) = row.get_mut(1) {
                *number = Cell::new("-");
            }
        }
        if !std::mem::replace(&mut self.begun, true) {
            self.head()?;
        }
        self.any = true;
        self.text.push(&self.table.row(&row))
    }

    /// The store's name, where several are listed, and the titles of the columns.
    fn head(&mut self) -> Result<(), Failure> {
        if let Some(store) = &self.store {
            let gap = if self.any { "\n" } else { "" };
            self.text.push(&format!("{gap}{}", wrapped("", "  ", &format!("In {store}:"), self.cx.out.width)))?;
        }
        self.text.push(&self.table.header())
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
