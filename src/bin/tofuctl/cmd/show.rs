//! `show`: everything known of a server: pins, what was accepted, what else was seen, questions, policy,
//! events. Also of a host on all its ports, and of the system's stores below.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use tofu::cert::Cert;
use tofu::endpoint::{Endpoint, Host};
use tofu::hash::Hash;
use tofu::store::{
    EndpointRecord, Event, Filter, LayeredPin, Pending, Pin, PinKind, PinValue, Standing, Store, StoreError, Tx,
};
use tofu::text::escape;
use tofu::time::{Timestamp, date, date_time};

use crate::cli::store::Show;
use crate::context::Context;
use crate::context::in_force::in_force;
use crate::context::pages;
use crate::process::exit::{Exit, Failure};
use crate::process::out::Style;
use crate::render::json;
use crate::render::layout::{row, wrapped};
use crate::render::words::{self, day};

/// Events shown of a server.
const EVENTS: usize = 10;
/// Names shown of a certificate.
const NAMES: usize = 6;

/// What the store and those below it know of one endpoint.
struct Known {
    endpoint: Endpoint,
    record: Option<EndpointRecord>,
    standing: Standing,
    below: Vec<LayeredPin>,
    pending: Vec<Pending>,
    events: Vec<Event>,
    certs: BTreeMap<Hash, Cert>,
    policy: String,
}

pub fn run(args: &Show, cx: &Context) -> Result<Exit, Failure> {
    let typed = cx.endpoint(&args.target)?;
    let any_port = Host::parse(&args.target).is_ok();
    let Some(store) = cx.existing_or_say()? else {
        return empty(cx);
    };
    let wanted = |e: &Endpoint| (any_port || e.port == typed.port) && cx.means(&e.account);
    let endpoints: Vec<Endpoint> = endpoints(&store, &typed.host)?.into_iter().filter(wanted).collect();
    if endpoints.is_empty() {
        let what = if any_port { typed.host.to_string() } else { typed.to_string() };
        cx.out.note(&format!("nothing is known of {what}"));
        return empty(cx);
    }
    let known: Result<Vec<Known>, Failure> = endpoints.into_iter().map(|e| gather(&store, e, cx.now())).collect();
    let known = known?;
    if cx.out.json {
        let values: Vec<Value> = known.iter().map(|k| as_json(k, &store)).collect();
        cx.out.value(&Value::Array(values))?;
    } else if args.cert {
        cx.out.print(&known.iter().map(as_pem).collect::<String>())?;
    } else {
        let texts: Vec<String> = known.iter().map(|k| as_text(k, &store, cx)).collect();
        cx.out.print(&texts.join("\n"))?;
    }
    Ok(Exit::Done)
}

fn empty(cx: &Context) -> Result<Exit, Failure> {
    if cx.out.json {
        cx.out.value(&json!([]))?;
    }
    Ok(Exit::Done)
}

/// The endpoints of a host that this store, its questions or a store below know.
fn endpoints(store: &Store, host: &Host) -> Result<BTreeSet<Endpoint>, Failure> {
    let filter = Filter { host: Some(host.clone()), ..Filter::default() };
    let mut found = BTreeSet::new();
    for each in std::iter::once(store).chain(store.layers()) {
        let page = |tx: &Tx<'_>, from: &_| tx.list_endpoints(&filter, from, pages::PAGE);
        pages::each(each, page, |record| {
            found.insert(record.endpoint);
            Ok(())
        })?;
    }
    let page = |tx: &Tx<'_>, from: &_| tx.list_pending(&filter, from, pages::PAGE);
    pages::each(store, page, |question| {
        found.insert(question.endpoint);
        Ok(())
    })?;
    Ok(found)
}

fn gather(store: &Store, endpoint: Endpoint, now: Timestamp) -> Result<Known, Failure> {
    let (record, standing, below, pending, certs, policy) = store.read(|tx| -> Result<_, StoreError> {
        let record = tx.endpoint(&endpoint)?;
        let below = tx.layer_pins(&endpoint)?;
        let pending = tx.pending_of(&endpoint)?;
        let mut certs = BTreeMap::new();
        let hashes = record.iter().flat_map(certificates).chain(pending.iter().flat_map(|p| p.chain.clone()));
        for hash in hashes.collect::<BTreeSet<Hash>>() {
            certs.extend(tx.cert(hash)?.map(|cert| (hash, cert)));
        }
        let policy = in_force(tx, Some(&endpoint))?.summary();
        let unknown = EndpointRecord::new(endpoint.clone(), 0);
        let standing = tx.standing(record.as_ref().unwrap_or(&unknown), now)?;
        Ok((record, standing, below, pending, certs, policy))
    })?;
    let filter = Filter { host: Some(endpoint.host.clone()), ..Filter::default() };
    let mut events = Vec::new();
    let page = |tx: &Tx<'_>, from: &_| tx.list_events(&filter, from, pages::PAGE);
    pages::each(store, page, |event| {
        if event.port == endpoint.port.get() && event.account == endpoint.account.as_str() {
            events.push(event);
        }
        Ok(())
    })?;
    let surplus = events.len().saturating_sub(EVENTS);
    events.drain(..surplus);
    Ok(Known { endpoint, record, standing, below, pending, events, certs, policy })
}

fn certificates(record: &EndpointRecord) -> Vec<Hash> {
    let pins = record.pins.iter().filter_map(|p| p.cert);
    let seen = record.baseline.iter().map(|s| s.cert);
    pins.chain(seen).chain(record.observations.iter().map(|o| o.cert)).collect()
}

fn as_json(known: &Known, store: &Store) -> Value {
    let record = known.record.clone().unwrap_or_else(|| EndpointRecord::new(known.endpoint.clone(), 0));
    let mut value = json::endpoint(&record, known.standing);
    if let Some(fields) = value.as_object_mut() {
        let below = known.below.iter().map(|l| {
            let store = store.layers().get(l.layer).map(|s| escape(&s.name()));
            json!({ "store": store, "pin": json::pin(&l.pin) })
        });
        fields.insert("system_pins".to_owned(), below.collect());
        fields.insert("policy_in_force".to_owned(), known.policy.clone().into());
        fields.insert("pending".to_owned(), known.pending.iter().map(json::pending).collect());
        fields.insert("events".to_owned(), known.events.iter().map(json::event).collect());
        let certs = known.certs.iter().map(|(hash, cert)| (hash.hex(), Value::from(cert.to_pem())));
        fields.insert("certificates".to_owned(), Value::Object(certs.collect()));
    }
    value
}

fn as_pem(known: &Known) -> String {
    let mut out = String::new();
    for (hash, cert) in &known.certs {
        let names = cert.host_names().join(", ");
        out.push_str(&format!("# {}: {}\n# SHA-256 {}\n", known.endpoint, escape(&names), hash.colon_hex()));
        out.push_str(&cert.to_pem());
    }
    out
}

fn as_text(known: &Known, store: &Store, cx: &Context) -> String {
    let page = Page { width: cx.out.width, now: cx.now(), cx };
    let mut out = page.head(known);
    for pin in known.record.iter().flat_map(|r| &r.pins) {
        out.push_str(&page.pin(pin, &known.certs, None));
    }
    for below in &known.below {
        let name = store.layers().get(below.layer).map(Store::name);
        out.push_str(&page.pin(&below.pin, &known.certs, name.as_deref()));
    }
    if let Some(record) = &known.record {
        out.push_str(&page.seen(record, &known.certs));
    }
    out.push_str(&page.questions(&known.pending));
    out.push_str(&page.events(&known.events));
    out
}

struct Page<'c> {
    width: usize,
    now: Timestamp,
    cx: &'c Context,
}

impl Page<'_> {
    fn title(&self, title: &str) -> String {
        format!("\n{}\n", self.cx.out.paint.paint(Style::Bold, title))
    }

    fn row(&self, label: &str, value: &str) -> String {
        row(label, value, self.width)
    }

    fn head(&self, known: &Known) -> String {
        let paint = self.cx.out.paint;
        let mut out = wrapped("", "  ", &known.endpoint.to_string(), self.width);
        let standing = known.standing;
        let sentence = format!("  {}\n", standing.meaning());
        let says = known.record.is_some() || standing != Standing::Policy;
        if says {
            out.push_str(&paint.paint(words::standing_style(standing), sentence.trim_end()));
            out.push('\n');
        }
        let Some(record) = &known.record else {
            return out + &self.row("Policy", &known.policy);
        };
        out.push_str(&self.row("First seen", &day(record.first_seen, self.now)));
        if record.last_seen != 0 {
            out.push_str(&self.row("Last accepted", &day(record.last_seen, self.now)));
        }
        if let Some(validated) = &record.validated {
            let text = format!("from {} to {}", date(validated.first), day(validated.last, self.now));
            out.push_str(&self.row("Was valid", &text));
        }
        if let Some(upgrade) = &record.upgrade {
            let text = format!("valid by a CA with another key since {}; under observation", date(upgrade.since));
            out.push_str(&self.row("Upgrade", &text));
        }
        if let Some(tombstone) = &record.tombstone {
            let known = if tombstone.known_until == 0 {
                String::new()
            } else {
                format!("; known until {}", date(tombstone.known_until))
            };
            out.push_str(&self.row("Forgotten", &format!("{}{known}", day(tombstone.at, self.now))));
        }
        if record.expect_change_until > self.now {
            out.push_str(&self.row("Expected", &format!("a change until {}", date_time(record.expect_change_until))));
        }
        out + &self.row("Policy", &known.policy)
    }

    fn pin(&self, pin: &Pin, certs: &BTreeMap<Hash, Cert>, below: Option<&str>) -> String {
        let number = match below {
            Some(_) => "System pin".to_owned(),
            None => format!("Pin {}", pin.id),
        };
        let state = self.cx.out.paint.paint(words::state_style(pin.state), pin.state.code());
        let mut out = self.title(&number);
        out.truncate(out.trim_end().len());
        out.push_str(&format!(": {} {}\n", state, pin.kind.code()));
        // As check shows it, to be compared by eye.
        let value = match (pin.kind, &pin.value) {
            (PinKind::Certificate, PinValue::Sha256(hash)) => hash.colon_hex(),
            (kind, value) => words::value(kind, value),
        };
        out.push_str(&self.row("Is", &value));
        out.push_str(&self.row("Store", &below.map(escape).unwrap_or_default()));
        out.push_str(&self.row("Made", &format!("{}, {}", date_time(pin.created), words::by_whom(pin.origin))));
        if pin.state_since != pin.created {
            out.push_str(&self.row("So since", &date_time(pin.state_since)));
        }
        let when = |at: Timestamp| if at == 0 { String::new() } else { day(at, self.now) };
        out.push_str(&self.row("Last matched", &when(pin.last_matched)));
        out.push_str(&self.row(if self.is_past(pin.expires) { "Expired" } else { "Expires" }, &when(pin.expires)));
        if pin.overlap_until > self.now {
            out.push_str(&self.row("Counts until", &date_time(pin.overlap_until)));
        }
        out.push_str(&self.row("In spite of", &waiver(pin)));
        if pin.until_ca_valid {
            out.push_str(&self.row("Ends", "when the server is valid by a CA again"));
        }
        if pin.is_only() {
            out.push_str(&self.row("Only", "nothing but this server's pins is accepted, valid or not"));
        }
        if pin.replaces != 0 {
            out.push_str(&self.row("Replaces", &format!("pin {}", pin.replaces)));
        }
        out.push_str(&self.row("Comment", &escape(&pin.comment)));
        out + &pin.cert.and_then(|hash| certs.get(&hash)).map(|cert| self.certificate(cert)).unwrap_or_default()
    }

    fn is_past(&self, at: Timestamp) -> bool {
        at != 0 && at <= self.now
    }

    /// Names, issuer and end of a certificate: what tells it from others.
    fn certificate(&self, cert: &Cert) -> String {
        let names = cert.host_names();
        let more = names.len().saturating_sub(NAMES);
        let mut shown = names.iter().take(NAMES).map(|name| escape(name)).collect::<Vec<_>>().join(", ");
        if more > 0 {
            shown.push_str(&format!(" and {more} more"));
        }
        let own = cert.is_self_signed() && cert.is_self_issued();
        let issuer = if own { "itself".to_owned() } else { cert.issuer().text() };
        let mut out = self.row("For", &crate::render::layout::cut(&shown, 400));
        out.push_str(&self.row("Signed by", &crate::render::layout::cut(&issuer, 200)));
        out.push_str(&self.row("Valid", &words::validity(cert)));
        out + &self.row("SHA-256", &cert.fingerprint().colon_hex())
    }

    fn seen(&self, record: &EndpointRecord, certs: &BTreeMap<Hash, Cert>) -> String {
        let mut out = String::new();
        if !record.baseline.is_empty() {
            out.push_str(&self.title("Accepted"));
        }
        for seen in &record.baseline {
            let provisional = if seen.provisional { ", under observation" } else { "" };
            let how = format!("{}{provisional}", words::vouched(seen.validation));
            out.push_str(&self.sighting(seen.first, seen.last, &how, seen.spki, certs.get(&seen.cert)));
        }
        if !record.observations.is_empty() {
            out.push_str(&self.title("Seen and not accepted"));
        }
        for seen in &record.observations {
            let how = words::count(seen.count, "time");
            out.push_str(&self.sighting(seen.first, seen.last, &how, seen.spki, certs.get(&seen.cert)));
        }
        out
    }

    fn sighting(&self, first: Timestamp, last: Timestamp, how: &str, spki: Hash, cert: Option<&Cert>) -> String {
        let line = |text: &str| wrapped("    ", "    ", text, self.width);
        let mut out = format!("  {} to {}, {how}\n", date(first), date(last));
        out.push_str(&line(&spki.key_pin()));
        if let Some(cert) = cert {
            let dates = format!("certificate valid {}", words::validity(cert));
            out.push_str(&line(&dates));
            out.push_str(&line(&cert.fingerprint().colon_hex()));
        }
        out
    }

    fn questions(&self, pending: &[Pending]) -> String {
        if pending.is_empty() {
            return String::new();
        }
        let mut out = self.title("Waiting for an answer");
        for question in pending {
            let asked = words::count(question.count, "time");
            let id = super::pending::short(question);
            let text = format!("{id}, asked {asked}, last {}", day(question.last, self.now));
            out.push_str(&wrapped("  ", "    ", &text, self.width));
            let key = question.spki.key_pin();
            out.push_str(&wrapped("    ", "    ", &key, self.width));
            let hint = self.cx.command(&format!("pending answer {id}"));
            out.push_str(&format!("    {}\n", self.cx.out.paint.paint(Style::Dim, &format!("({hint})"))));
        }
        out
    }

    fn events(&self, events: &[Event]) -> String {
        if events.is_empty() {
            return String::new();
        }
        let mut out = self.title("Events");
        for event in events {
            out.push_str(&super::log::line(event, false, &self.cx.out));
        }
        out
    }
}

/// The problems in spite of which a pin counts.
fn waiver(pin: &Pin) -> String {
    match pin.waiver {
        Some(waiver) if waiver.is_empty() => "no problem".to_owned(),
        Some(waiver) => {
            let codes: Vec<&str> = waiver.kinds().map(tofu::path::ProblemKind::code).collect();
            let limit = match pin.waive_expired_until {
                0 => String::new(),
                until => format!(" (expired: until {})", date(until)),
            };
            format!("{}{limit}", codes.join(", "))
        }
        None => String::new(),
    }
}
