//! What a reader of a format found, before any of it is taken: held within bounds while it is read,
//! so that neither junk nor a flood of keys costs more than a small multiple of the file. Where a
//! file says two things of one pin, the stricter counts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::{BuildHasher, RandomState};

use super::services;
use crate::cert::Cert;
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::store::tx::bounds::{MAX_PINS, MAX_RETIRED};
use crate::store::tx::record::Origin;
use crate::store::tx::record::{Block, Pin, PinKind, PinState, PinValue, Validated};
use crate::text::count;
use crate::time::Timestamp;

/// At most so many remarks are listed; the rest is counted.
const MAX_REMARKS: usize = 10_000;
/// At most so many endpoints are taken from one file.
const MAX_ENDPOINTS: usize = 1_000_000;
/// A longer line is none of any format, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// What was not taken and why. Each is fit to show: what others wrote is escaped in it already.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    lines: Vec<String>,
    more: u64,
}

impl Remarks {
    pub(super) fn add(&mut self, remark: impl FnOnce() -> String) {
        if self.lines.len() < MAX_REMARKS {
            self.lines.push(remark());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        other.lines.into_iter().for_each(|line| self.add(|| line));
        self.more = self.more.saturating_add(other.more);
    }

    /// The list for a report; what was only counted is its last line.
    pub(super) fn list(self) -> Vec<String> {
        let mut lines = self.lines;
        if self.more > 0 {
            lines.push(format!("and {}", count(self.more, "more remark")));
        }
        lines
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> std::slice::Iter<'_, String> {
        self.lines.iter()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

/// What of a file is read. A long one is read once for each of several parts, among which its endpoints are shared out
/// by a hash, so that what is held of it stays small beside the file itself.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Whose the pins are, where the format knows no accounts.
    account: Account,
    part: u64,
    parts: u64,
    /// Nobody can know which part an endpoint falls to, and put a whole file into one.
    by: RandomState,
    /// Endpoints that may be taken.
    room: usize,
}

impl Default for Scope {
    fn default() -> Self {
        Self { account: Account::default(), part: 0, parts: 1, by: RandomState::new(), room: MAX_ENDPOINTS }
    }
}

impl Scope {
    /// All of a file, to be read in so many parts.
    pub(super) fn new(account: &Account, parts: u64) -> Self {
        Self { account: account.clone(), parts: parts.max(1), ..Self::default() }
    }

    /// The same for the next part, after so many endpoints were taken; `None` after the last one.
    pub(super) fn next(self, taken: usize) -> Option<Self> {
        let part = self.part.saturating_add(1);
        let room = self.room.saturating_sub(taken);
        (part < self.parts).then_some(Self { part, room, ..self })
    }

    /// Whether nothing of the file is left to other parts.
    pub(super) fn is_whole(&self) -> bool {
        self.parts == 1
    }

    fn holds(&self, endpoint: &Endpoint) -> bool {
        self.is_whole() || self.by.hash_one(endpoint).checked_rem(self.parts) == Some(self.part)
    }
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    scope: Scope,
    /// What the file was taken for.
    pub(super) read_as: &'static str,
    /// When it is imported.
    pub(super) now: Timestamp,
    pub(super) endpoints: BTreeMap<Endpoint, FoundEndpoint>,
    pub(super) blocks: BTreeMap<(PinKind, Hash), Block>,
    pub(super) certs: BTreeMap<Hash, Vec<u8>>,
    pub(super) remarks: Remarks,
}

/// What it holds of one endpoint.
#[derive(Debug, Default)]
pub(super) struct FoundEndpoint {
    pub(super) pins: Vec<Pin>,
    pub(super) validated: Option<Validated>,
    /// Pins beyond what an endpoint can have.
    pub(super) surplus: u64,
}

impl Found {
    pub(super) fn new(scope: &Scope) -> Self {
        Self { scope: scope.clone(), ..Self::default() }
    }

    /// Remarks a line: once, in the first part.
    pub(super) fn remark(&mut self, line: usize, what: &str) {
        if self.scope.part == 0 {
            self.remarks.add(|| format!("line {line}: {what}"));
        }
    }

    /// The endpoint that a format without accounts names.
    pub(super) fn endpoint(&self, host: &str, port: u16) -> Result<Endpoint, String> {
        let endpoint = Endpoint::parse("", host, port).map_err(|e| e.to_string())?;
        Ok(Endpoint { account: self.scope.account.clone(), ..endpoint })
    }

    /// [`Found::endpoint`] with a port as it is written: a number, or the name of a service.
    pub(super) fn endpoint_at(&self, host: &str, port: &str) -> Result<Endpoint, String> {
        let port = services::port(port).ok_or("the port is neither a number nor a service that is known")?;
        self.endpoint(host, port)
    }

    /// The record of an endpoint; `None` where it belongs to another part and, with a remark, where there are too many.
    pub(super) fn at(&mut self, endpoint: &Endpoint) -> Option<&mut FoundEndpoint> {
        if !self.scope.holds(endpoint) {
            return None;
        }
        let full = self.endpoints.len() >= self.scope.room;
        match self.endpoints.entry(endpoint.clone()) {
            Entry::Occupied(there) => Some(there.into_mut()),
            Entry::Vacant(_) if full => {
                self.remarks
                    .add(|| format!("{endpoint}: not taken, one import takes at most {MAX_ENDPOINTS} endpoints"));
                None
            }
            Entry::Vacant(place) => Some(place.insert(FoundEndpoint::default())),
        }
    }

    /// Takes a pin in. Of two about the same thing the stricter counts, and a flood of trusted ones
    /// pushes no refused one out.
    pub(super) fn add(&mut self, endpoint: &Endpoint, pin: Pin) {
        let Some(known) = self.at(endpoint) else { return };
        if let Some(there) = known.pins.iter_mut().find(|p| p.kind == pin.kind && p.value == pin.value) {
            let (one, other) = (there.state, pin.state);
            merge(there, pin);
            if one != other {
                let (shown, state) = (shown(&there.value), there.state.code());
                let (one, other) = (one.code(), other.code());
                self.remarks.add(|| format!("{endpoint}: {shown} is both {one} and {other} there; {state} counts"));
            }
            return;
        }
        let retired = known.pins.iter().filter(|p| p.state == PinState::Retired).count();
        if known.pins.len() < MAX_PINS && (pin.state != PinState::Retired || retired < MAX_RETIRED) {
            if known.pins.is_empty() {
                // Nearly every endpoint has one, and a list grows to four at once.
                known.pins.reserve_exact(1);
            }
            known.pins.push(pin);
            return;
        }
        known.surplus = known.surplus.saturating_add(1);
        if pin.refuses() {
            if let Some(place) = known.pins.iter_mut().rev().find(|p| !p.refuses()) {
                *place = pin;
            }
        }
    }

    /// A pin as other programs know them: one hash, trusted.
    pub(super) fn pin(
        &mut self,
        endpoint: &Endpoint,
        kind: PinKind,
        value: Hash,
        expires: Timestamp,
        comment: &'static str,
    ) {
        self.add(endpoint, trusted(kind, value, None, expires, comment));
    }

    /// A certificate pin of which the certificate is at hand.
    pub(super) fn pin_cert(&mut self, endpoint: &Endpoint, cert: &Cert, comment: &'static str) {
        let value = cert.fingerprint();
        self.add(endpoint, trusted(PinKind::Certificate, value, Some(value), 0, comment));
        let pins = self.endpoints.get(endpoint).map(|known| known.pins.as_slice()).unwrap_or_default();
        if pins.iter().any(|pin| pin.cert == Some(value)) {
            self.certs.entry(value).or_insert_with(|| cert.der().to_vec());
        }
    }
}

/// What a pin names, fit to show.
pub(super) fn shown(value: &PinValue) -> String {
    match value {
        PinValue::Sha256(hash) => hash.hex(),
        PinValue::Name(name) => crate::text::excerpt(name, 80),
    }
}

/// Brings a second statement about a pin into the first: whatever is stricter.
fn merge(there: &mut Pin, other: Pin) {
    there.state = there.state.max(other.state);
    there.waiver = match (there.waiver, other.waiver) {
        (Some(one), Some(other)) => Some(one.intersection(other)),
        (one, other) => one.or(other),
    };
    there.expires = match (there.expires, other.expires) {
        _ if there.refuses() => 0,
        (0, end) | (end, 0) => end,
        (one, other) => one.min(other),
    };
    there.cert = there.cert.or(other.cert);
    there.until_ca_valid |= other.until_ca_valid;
    there.pinned_only |= other.pinned_only;
}

fn trusted(kind: PinKind, value: Hash, cert: Option<Hash>, expires: Timestamp, comment: &'static str) -> Pin {
    Pin {
        id: 0,
        kind,
        value: PinValue::Sha256(value),
        state: PinState::Trusted,
        waiver: None,
        waive_expired_until: 0,
        origin: Origin::Imported,
        comment: comment.to_owned(),
        created: 0,
        state_since: 0,
        last_matched: 0,
        expires,
        overlap_until: 0,
        replaces: 0,
        cert,
        until_ca_valid: false,
        pinned_only: false,
        extra: serde_json::Map::new(),
    }
}

/// The lines of a file with their numbers, from 1. Nothing is copied; one that is too long is `None`.
pub(super) fn lines(data: &[u8]) -> impl Iterator<Item = (usize, Option<&[u8]>)> {
    data.split(|b| *b == b'\n').enumerate().map(|(index, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (index.saturating_add(1), (line.len() <= MAX_LINE).then_some(line))
    })
}

/// The same as text, what is no UTF-8 replaced; lines that are too long are remarked and left out.
pub(super) fn each_line(data: &[u8], found: &mut Found, mut f: impl FnMut(&mut Found, usize, &str)) {
    for (number, line) in lines(data) {
        match line {
            Some(line) => f(found, number, &String::from_utf8_lossy(line)),
            None => found.remark(number, "longer than any line of such a file"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(n: u32, state: PinState) -> Pin {
        Pin { state, ..trusted(PinKind::Key, Hash::of(&n.to_be_bytes()), None, 0, "") }
    }

    #[test]
    fn of_two_statements_about_a_pin_the_stricter_counts() {
        let place = Endpoint::parse("", "a.example", 993).unwrap();
        for (one, other) in [(PinState::Trusted, PinState::Blocked), (PinState::Blocked, PinState::Trusted)] {
            let mut found = Found::default();
            found.add(&place, Pin { expires: 5, ..pin(1, one) });
            found.add(&place, Pin { expires: 9, ..pin(1, other) });
            let pins = &found.endpoints[&place].pins;
            assert_eq!((pins.len(), pins[0].state, pins[0].expires), (1, PinState::Blocked, 0));
            assert_eq!(found.remarks.len(), 1);
        }
        let mut found = Found::default();
        for expires in [0, 9, 5] {
            found.add(&place, Pin { expires, ..pin(1, PinState::Trusted) });
        }
        assert_eq!((found.endpoints[&place].pins[0].expires, found.remarks.len()), (5, 0));
    }

    #[test]
    fn a_flood_of_trusted_pins_pushes_no_blocked_one_out() {
        let place = Endpoint::parse("", "a.example", 993).unwrap();
        let mut found = Found::default();
        for n in 0..40_000 {
            found.add(&place, pin(n, PinState::Trusted));
        }
        found.add(&place, pin(40_000, PinState::Blocked));
        let known = &found.endpoints[&place];
        assert_eq!((known.pins.len(), known.surplus), (MAX_PINS, 40_001 - MAX_PINS as u64));
        assert_eq!(known.pins.iter().filter(|p| p.refuses()).count(), 1);
    }

    #[test]
    fn the_parts_of_a_file_are_the_whole_of_it_and_remark_a_line_once() {
        let add = |scope: &Scope| {
            let mut found = Found::new(scope);
            found.remark(1, "odd");
            for n in 0..500u32 {
                let place = found.endpoint(&format!("m{}.example", n % 300), 993).unwrap();
                found.add(&place, pin(n, PinState::Trusted));
            }
            found
        };
        let whole = add(&Scope::new(&Account::default(), 1));
        let (mut scope, mut endpoints, mut remarks, mut parts) =
            (Some(Scope::new(&Account::default(), 7)), BTreeMap::new(), 0, 0);
        while let Some(part) = scope {
            let found = add(&part);
            assert!(found.endpoints.len() < 150);
            scope = part.next(found.endpoints.len());
            remarks += found.remarks.len();
            parts += 1;
            endpoints.extend(found.endpoints);
        }
        assert_eq!((parts, remarks, endpoints.len()), (7, 1, 300));
        assert!(endpoints.iter().zip(&whole.endpoints).all(|(a, b)| a.0 == b.0 && a.1.pins == b.1.pins));
    }

    #[test]
    fn so_many_endpoints_of_a_file_are_taken_over_all_its_parts() {
        let scope = Scope { room: 5, ..Scope::new(&Account::default(), 2) };
        let add = |scope: &Scope| {
            let mut found = Found::new(scope);
            for n in 0..20u32 {
                let place = found.endpoint(&format!("m{n}.example"), 993).unwrap();
                found.add(&place, pin(n, PinState::Trusted));
            }
            found.endpoints.len()
        };
        let first = add(&scope);
        assert_eq!(first + add(&scope.next(first).unwrap()), 5);
    }

    #[test]
    fn remarks_are_counted_beyond_their_bound() {
        let mut remarks = Remarks::default();
        (0..MAX_REMARKS + 2).for_each(|n| remarks.add(|| n.to_string()));
        let list = remarks.list();
        assert_eq!((list.len(), list.last().unwrap().as_str()), (MAX_REMARKS + 1, "and 2 more remarks"));
    }
}
