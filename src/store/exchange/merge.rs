//! An export of another store, read for merging: record by record, each held against what management
//! would let in. What cannot be used is remarked and the rest is taken. What widens trust is not
//! believed: foreign waivers count as far as a first match could fix them, foreign times only where
//! they shorten trust.

use std::fmt;

use data_encoding::BASE64;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Map;
use serde_json::value::RawValue;

use super::found::{Found, FoundEndpoint, shown};
use super::json::{self, invalid};
use crate::cert::Cert;
use crate::endpoint::{Account, Endpoint};
use crate::hash::Hash;
use crate::path::{ProblemKind, Problems};
use crate::store::error::StoreError;
use crate::store::tx::bounds::{MAX_COMMENT, MAX_NAME, MAX_VALIDATED};
use crate::store::tx::record::{Block, Pin, PinKind, PinState, PinValue, Validated};
use crate::text::excerpt;

/// The largest record that is looked at, in bytes.
const MAX_RECORD: usize = 1024 * 1024;
/// The largest pin or block, in bytes.
const MAX_ITEM: usize = 64 * 1024;
/// Blocks taken from one file, at most.
const MAX_BLOCKS: usize = 1_000_000;
/// The longest text of a JSON reader that is shown, in characters.
const MAX_WHY: usize = 160;

/// A part of the document, as it is come across.
enum Item<'a> {
    Certificate(String, &'a RawValue),
    Endpoint(usize, &'a RawValue),
    Block(usize, &'a RawValue),
    Policy,
}

/// Which problems a pin of another program may waive, whatever it says: the rules of trust know. The certificate is the
/// one that came with the pin.
pub(crate) type ForeignWaiver = fn(pin: &Pin, cert: Option<&Cert>) -> Problems;

/// Reads an export for merging.
pub(super) fn read(data: &[u8], may_waive: ForeignWaiver) -> Result<Found, StoreError> {
    json::head(data)?;
    let mut found = Found::default();
    // Certificates first, wherever they stand: what a pin may waive depends on its own.
    walk(data, &mut |item| {
        if let Item::Certificate(fingerprint, raw) = item {
            certificate(&mut found, &fingerprint, raw);
        }
    })?;
    walk(data, &mut |item| match item {
        Item::Certificate(..) => {}
        Item::Endpoint(index, raw) => {
            if let Err(why) = endpoint(&mut found, raw, may_waive) {
                found.remarks.add(|| format!("endpoint {index}: {why}; not taken"));
            }
        }
        Item::Block(index, raw) => match block(raw) {
            Ok(block) if found.blocks.len() < MAX_BLOCKS => {
                found.blocks.entry((block.kind, block.value)).or_insert(block);
            }
            Ok(_) => found.remarks.add(|| format!("block {index}: more than {MAX_BLOCKS}; not taken")),
            Err(why) => found.remarks.add(|| format!("block {index}: {why}; not taken")),
        },
        Item::Policy => found.remarks.add(|| "the store-wide policy was not taken; set it here".to_owned()),
    })?;
    Ok(found)
}

fn certificate(found: &mut Found, fingerprint: &str, raw: &RawValue) {
    let text: Option<String> = serde_json::from_str(raw.get()).ok();
    let der = text.and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let der = der.filter(|der| Hash::of(der).hex() == *fingerprint && Cert::parse_der(der).is_ok());
    match der {
        Some(der) => {
            found.certs.insert(Hash::of(&der), der);
        }
        None => {
            let shown = excerpt(fingerprint, 64);
            found.remarks.add(|| format!("certificate {shown} is not what it says; not taken"));
        }
    }
}

fn why(error: serde_json::Error) -> String {
    excerpt(&error.to_string(), MAX_WHY)
}

fn within(raw: &RawValue, most: usize) -> Result<&str, String> {
    Some(raw.get()).filter(|text| text.len() <= most).ok_or_else(|| format!("larger than {most} bytes"))
}

fn block(raw: &RawValue) -> Result<Block, String> {
    let mut block: Block = serde_json::from_str(within(raw, MAX_ITEM)?).map_err(why)?;
    if !matches!(block.kind, PinKind::Key | PinKind::Certificate) {
        return Err("only a key or a certificate can be blocked everywhere".to_owned());
    }
    shorten(&mut block.comment);
    block.extra = Map::new();
    Ok(block)
}

/// Takes the record of an endpoint in. The error is about all of it; what is wrong with one of its pins
/// is remarked.
fn endpoint(found: &mut Found, raw: &RawValue, may_waive: ForeignWaiver) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Located<'a> {
        account: String,
        host: String,
        port: i64,
        #[serde(borrow)]
        record: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow, default)]
        pins: Vec<&'a RawValue>,
        #[serde(borrow, default)]
        validated: Option<&'a RawValue>,
        #[serde(borrow, default)]
        policy: Option<&'a RawValue>,
    }
    let located: Located<'_> = serde_json::from_str(within(raw, MAX_RECORD)?).map_err(why)?;
    let endpoint = named(&located.account, &located.host, located.port)?;
    let record: Record<'_> =
        serde_json::from_str(located.record.get()).map_err(|e| format!("{endpoint}: {}", why(e)))?;
    if record.policy.is_some() {
        found.remarks.add(|| format!("{endpoint}: its policy was not taken; set it here"));
    }
    let any = endpoint.account == Account::any();
    for (index, raw) in record.pins.into_iter().enumerate() {
        let read = within(raw, MAX_ITEM).and_then(|text| serde_json::from_str::<Pin>(text).map_err(why));
        match read.and_then(|pin| believed(found, &endpoint, pin, may_waive)) {
            // A person trusts for any account here, or an administrator; no file does.
            Ok(pin) if any && !pin.refuses() => {
                let (shown, state) = (shown(&pin.value), pin.state.code());
                found.remarks.add(|| format!("{endpoint}: {shown} is {state} for any account; not taken, add it here"));
            }
            Ok(pin) => found.add(&endpoint, pin),
            Err(why) => {
                let number = index.saturating_add(1);
                found.remarks.add(|| format!("{endpoint}: pin {number}: {why}; not taken"));
            }
        }
    }
    if let Some(raw) = record.validated.filter(|_| !any) {
        match serde_json::from_str::<Validated>(raw.get()) {
            Ok(validated) => found.at(&endpoint).into_iter().for_each(|there| was_validated(there, &validated)),
            Err(e) => found.remarks.add(|| format!("{endpoint}: that it was validated cannot be read: {}", why(e))),
        }
    }
    Ok(())
}

fn named(account: &str, host: &str, port: i64) -> Result<Endpoint, String> {
    let name = || format!("{}:{port}", excerpt(host, 80));
    let port = u16::try_from(port).map_err(|_| format!("{}: no port has that number", name()))?;
    let any = account == Account::any().as_str();
    let endpoint =
        Endpoint::parse(if any { "" } else { account }, host, port).map_err(|e| format!("{}: {e}", name()))?;
    Ok(if any { Endpoint { account: Account::any(), ..endpoint } } else { endpoint })
}

/// That an endpoint was validated makes later decisions stricter, so that it counts from either of two records.
fn was_validated(there: &mut FoundEndpoint, validated: &Validated) {
    let known = there.validated.get_or_insert_with(|| Validated { anchors: Vec::new(), ..validated.clone() });
    known.ca |= validated.ca;
    if known.by != validated.by {
        known.add(&validated.grounds());
    }
    let new: Vec<_> = validated.anchors.iter().filter(|a| !known.anchors.contains(a)).cloned().collect();
    known.anchors.extend(new);
    known.anchors.truncate(MAX_VALIDATED);
}

/// What makes a pin impossible, whoever made it.
pub(super) fn fit(pin: &Pin) -> Result<(), String> {
    match (pin.kind, &pin.value) {
        (PinKind::Name, PinValue::Name(name)) => fit_name(name)?,
        (PinKind::Name, PinValue::Sha256(_)) => return Err("a name pin holds a name".to_owned()),
        (_, PinValue::Name(_)) => return Err("only a name pin holds a name".to_owned()),
        (_, PinValue::Sha256(_)) => {}
    }
    if pin.expires < 0 { Err("it ends before 1970".to_owned()) } else { Ok(()) }
}

/// An identifier as a certificate presents it: a host name, or one with a wildcard for its first label.
fn fit_name(name: &str) -> Result<(), String> {
    match PinValue::name(name) {
        Some(_) if name.len() <= MAX_NAME => Ok(()),
        Some(_) => Err("the name is too long".to_owned()),
        None => Err(format!("{} is not a name that a certificate can present", crate::text::excerpt(name, 80))),
    }
}

/// A pin of a foreign file as far as it is believed.
fn believed(found: &mut Found, endpoint: &Endpoint, mut pin: Pin, may_waive: ForeignWaiver) -> Result<Pin, String> {
    pin.pinned_only = pin.is_only();
    if pin.refuses() {
        // Nothing about it may make the refusal weaker, or be a reason to lose it.
        pin.expires = 0;
        pin.waiver = None;
    }
    fit(&pin)?;
    let mut left = Vec::new();
    if shorten(&mut pin.comment) {
        left.push("the end of its comment".to_owned());
    }
    if !std::mem::take(&mut pin.extra).is_empty() {
        left.push("what a newer version wrote with it".to_owned());
    }
    let cert = match own_certificate(found, &pin) {
        Ok(cert) => cert,
        Err(why) => {
            left.push(why);
            None
        }
    };
    pin.cert = cert.as_ref().map(Cert::fingerprint);
    if let Some(why) = limit_waiver(&mut pin, cert.as_ref(), may_waive) {
        left.push(why);
    }
    if !left.is_empty() {
        let (left, shown) = (left.join("; "), shown(&pin.value));
        found.remarks.add(|| format!("{endpoint}: {shown}: not taken: {left}"));
    }
    Ok(pin)
}

/// The certificate that a pin was made from, if it came along and is what the pin names.
fn own_certificate(found: &Found, pin: &Pin) -> Result<Option<Cert>, String> {
    let Some(cert) = pin.cert.and_then(|named| found.certs.get(&named)) else { return Ok(None) };
    let cert = Cert::parse_der(cert).map_err(|e| e.to_string())?;
    let named = match pin.kind {
        PinKind::Certificate => cert.fingerprint(),
        PinKind::Key | PinKind::Issuer => cert.spki(),
        PinKind::Name => return Err("a certificate, of which a name pin has none".to_owned()),
    };
    if pin.value == PinValue::Sha256(named) {
        Ok(Some(cert))
    } else {
        Err("its certificate, which is not the one that it names".to_owned())
    }
}

/// Brings what a foreign pin waives down to what it may waive; says what was left out.
fn limit_waiver(pin: &mut Pin, cert: Option<&Cert>, may_waive: ForeignWaiver) -> Option<String> {
    let allowed = may_waive(pin, cert);
    pin.waive_expired_until = 0;
    // One that waives nothing cannot be narrower.
    let waived = pin.waiver.filter(|waived| !waived.is_empty())?;
    pin.waiver = None;
    if !matches!(pin.kind, PinKind::Key | PinKind::Certificate) {
        return None;
    }
    // Without its certificate the first match fixes what it waives, from the same set.
    pin.waiver = cert.map(|_| waived.intersection(allowed));
    let beyond = waived.without(allowed);
    let counts = matches!(pin.state, PinState::Trusted | PinState::Staged);
    (counts && !beyond.is_empty()).then(|| format!("that it waives {}", codes(beyond)))
}

fn codes(problems: Problems) -> String {
    let codes: Vec<&str> = problems.kinds().map(ProblemKind::code).collect();
    if codes.is_empty() { "problems unknown here".to_owned() } else { codes.join(", ") }
}

/// Brings a comment within its bound; whether it was longer.
fn shorten(comment: &mut String) -> bool {
    let end = (0..=MAX_COMMENT).rev().find(|at| comment.is_char_boundary(*at)).unwrap_or(0);
    let long = comment.len() > MAX_COMMENT;
    if long {
        comment.truncate(end);
    }
    long
}

/// Goes through the document once, holding none of it.
fn walk<'a>(data: &'a [u8], f: &mut dyn FnMut(Item<'a>)) -> Result<(), StoreError> {
    let unreadable = |e: serde_json::Error| invalid(why(e));
    let mut json = serde_json::Deserializer::from_slice(data);
    json.deserialize_map(Document(f)).map_err(unreadable)?;
    json.end().map_err(unreadable)
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Certificates,
    Endpoints,
    Blocks,
    Policy,
    #[serde(other)]
    Other,
}

struct Document<'f, 'a>(&'f mut dyn FnMut(Item<'a>));

impl<'a> Visitor<'a> for Document<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export of a store")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let f = self.0;
        while let Some(field) = map.next_key::<Field>()? {
            match field {
                Field::Certificates => map.next_value_seed(Each(&mut |name, _, raw| {
                    f(Item::Certificate(name.unwrap_or_default(), raw));
                }))?,
                Field::Endpoints => map.next_value_seed(Each(&mut |_, index, raw| f(Item::Endpoint(index, raw))))?,
                Field::Blocks => map.next_value_seed(Each(&mut |_, index, raw| f(Item::Block(index, raw))))?,
                Field::Policy => {
                    if map.next_value::<&RawValue>()?.get() != "null" {
                        f(Item::Policy);
                    }
                }
                Field::Other => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Each element of a list, or each member of an object, as it stands.
struct Each<'f, 'a>(&'f mut dyn FnMut(Option<String>, usize, &'a RawValue));

impl<'a> DeserializeSeed<'a> for Each<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Each<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        let mut index: usize = 0;
        while let Some(raw) = list.next_element()? {
            (self.0)(None, index, raw);
            index = index.saturating_add(1);
        }
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let mut index: usize = 0;
        while let Some((name, raw)) = map.next_entry()? {
            (self.0)(Some(name), index, raw);
            index = index.saturating_add(1);
        }
        Ok(())
    }
}
