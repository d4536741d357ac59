//! Reads a certificate revocation list (RFC 5280, section 5) of any version, however odd: what it
//! says about itself, and which serial numbers it lists. Does not judge. The time is linear in its
//! size.

use super::der::{ENUMERATED, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, Signed, Tlv, signed};
use crate::cert::{self, Name};
use crate::time::Timestamp;

const UTC_TIME: u8 = 0x17;
const BOOLEAN: u8 = 0x01;

// The last arc below id-ce (2.5.29) of the extensions that are understood here.
const ISSUER_ALTERNATIVE_NAME: u8 = 18;
const CRL_NUMBER: u8 = 20;
const REASON: u8 = 21;
const HOLD_INSTRUCTION: u8 = 23;
const INVALIDITY_DATE: u8 = 24;
const DELTA: u8 = 27;
const DISTRIBUTION_POINT: u8 = 28;
const CERTIFICATE_ISSUER: u8 = 29;
const AUTHORITY_KEY_ID: u8 = 35;
const FRESHEST: u8 = 46;

/// Reasons of an entry that mean more than "revoked" (RFC 5280, section 5.3.1).
pub(super) const ON_HOLD: u8 = 6;
pub(super) const REMOVED: u8 = 8;

/// What a list says of itself.
pub(super) struct List<'a> {
    pub(super) signed: Signed<'a>,
    pub(super) issuer: Name,
    pub(super) this_update: Option<Timestamp>,
    pub(super) next_update: Option<Timestamp>,
    /// The crlNumber, without leading zeros.
    pub(super) number: Option<&'a [u8]>,
    /// For a delta list the number of the list that it adds to, likewise.
    pub(super) base: Option<&'a [u8]>,
    /// The key identifier of the issuer's key.
    pub(super) key_id: Option<&'a [u8]>,
    /// It lists certificates of several issuers (indirectCRL).
    pub(super) indirect: bool,
    /// It covers some reasons for revocation only (onlySomeReasons).
    pub(super) some_reasons: bool,
    /// It is about attribute certificates only.
    pub(super) attributes_only: bool,
    /// A critical extension, of the list or of an entry, that is unknown here or cannot be read.
    pub(super) unknown: Option<String>,
    /// False where a part of the list cannot be read.
    pub(super) sound: bool,
    entries: Reader<'a>,
}

/// One entry.
pub(super) struct Entry<'a> {
    /// The content of the serial number's INTEGER.
    pub(super) serial: &'a [u8],
    pub(super) date: Option<Timestamp>,
    pub(super) reason: Option<u8>,
    /// From this entry on an indirect list is about certificates of this issuer; `None` within where
    /// the name cannot be read.
    pub(super) issuer: Option<Option<Name>>,
}

impl<'a> List<'a> {
    /// `None` where the outline cannot be read.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let signed = signed(der)?;
        let mut tbs = Reader::new(signed.tbs.value);
        let _version = tbs.take(INTEGER);
        tbs.value(SEQUENCE)?;
        let issuer = Name::from_der(tbs.take(SEQUENCE)?.whole)?;
        let this_update = time(tbs.next()?);
        let mut ahead = tbs;
        let next_update = match ahead.next() {
            Some(tlv) if matches!(tlv.tag, UTC_TIME | GENERALIZED_TIME) => {
                tbs = ahead;
                Some(time(tlv))
            }
            _ => None,
        };
        let entries = tbs.enter(SEQUENCE).unwrap_or(Reader::new(&[]));
        let mut list = Self {
            signed,
            issuer,
            this_update,
            next_update: next_update.flatten(),
            number: None,
            base: None,
            key_id: None,
            indirect: false,
            some_reasons: false,
            attributes_only: false,
            unknown: None,
            sound: this_update.is_some() && next_update != Some(None),
            entries,
        };
        match tbs.enter(0xa0).map(|mut explicit| explicit.enter(SEQUENCE)) {
            Some(Some(extensions)) => list.read_extensions(extensions),
            Some(None) => list.sound = false,
            None => {}
        }
        list.sound &= tbs.at_end();
        Some(list)
    }

    fn read_extensions(&mut self, mut extensions: Reader<'a>) {
        while !extensions.at_end() {
            let Some(extension) = extensions.enter(SEQUENCE).and_then(Extension::read) else {
                self.sound = false;
                return;
            };
            let understood = self.take(&extension).is_some();
            self.sound &= understood || extension.critical;
            if extension.critical && !understood {
                self.unknown.get_or_insert_with(|| extension.called());
            }
        }
    }

    /// `None` for an extension that cannot be read, or is critical and unknown.
    fn take(&mut self, extension: &Extension<'a>) -> Option<()> {
        let mut value = Reader::new(extension.value);
        match extension.arc() {
            Some(CRL_NUMBER) => self.number = Some(magnitude(value.value(INTEGER)?)),
            Some(DELTA) => self.base = Some(magnitude(value.value(INTEGER)?)),
            Some(AUTHORITY_KEY_ID) => self.key_id = value.enter(SEQUENCE)?.value(0x80),
            Some(DISTRIBUTION_POINT) => self.read_distribution_point(value.enter(SEQUENCE)?)?,
            Some(ISSUER_ALTERNATIVE_NAME | FRESHEST) => {}
            _ => return (!extension.critical).then_some(()),
        }
        Some(())
    }

    /// It hardly matters which certificates the list is for. An issuer gives each serial number
    /// once, so an entry counts in every list of the issuer.
    fn read_distribution_point(&mut self, mut point: Reader<'a>) -> Option<()> {
        while !point.at_end() {
            let field = point.next()?;
            match field.tag {
                0xa0 | 0x81 | 0x82 => {}
                0x83 => self.some_reasons = true,
                0x84 => self.indirect = field.value != [0],
                0x85 => self.attributes_only = field.value != [0],
                _ => return None,
            }
        }
        Some(())
    }

    /// Goes through the entries. The list notes entries that cannot be read and unknown critical
    /// extensions. Such an entry still counts as far as it can be read.
    pub(super) fn each(&mut self, mut then: impl FnMut(Entry<'a>)) {
        while !self.entries.at_end() {
            let Some(entry) = self.entries.next() else {
                self.sound = false;
                return;
            };
            match self.read_entry(entry) {
                Some(entry) => then(entry),
                None => self.sound = false,
            }
        }
    }

    fn read_entry(&mut self, tlv: Tlv<'a>) -> Option<Entry<'a>> {
        let mut inside = Reader::new(tlv.value);
        let serial = inside.value(INTEGER)?;
        let date = inside.next().and_then(time);
        let mut entry = Entry { serial, date, reason: None, issuer: None };
        self.sound &= date.is_some();
        if inside.at_end() {
            return Some(entry);
        }
        let Some(mut extensions) = inside.enter(SEQUENCE) else {
            self.sound = false;
            return Some(entry);
        };
        while !extensions.at_end() {
            let Some(extension) = extensions.enter(SEQUENCE).and_then(Extension::read) else {
                self.sound = false;
                break;
            };
            if entry.take(&extension, self.indirect).is_none() {
                self.unknown.get_or_insert_with(|| extension.called());
            }
        }
        Some(entry)
    }
}

impl Entry<'_> {
    /// `None` for a critical extension that is unknown or cannot be read.
    fn take(&mut self, extension: &Extension<'_>, indirect: bool) -> Option<()> {
        let mut value = Reader::new(extension.value);
        match extension.arc() {
            Some(REASON) => match value.value(ENUMERATED) {
                Some([reason]) => self.reason = Some(*reason),
                _ => return (!extension.critical).then_some(()),
            },
            Some(HOLD_INSTRUCTION | INVALIDITY_DATE) => {}
            Some(CERTIFICATE_ISSUER) if indirect => self.issuer = Some(directory_name(value)),
            _ => return (!extension.critical).then_some(()),
        }
        Some(())
    }
}

/// The first directory name among GeneralNames.
fn directory_name(mut names: Reader<'_>) -> Option<Name> {
    let mut names = names.enter(SEQUENCE)?;
    while !names.at_end() {
        let name = names.next()?;
        if name.tag == 0xa4 {
            return Name::from_der(name.value);
        }
    }
    None
}

struct Extension<'a> {
    oid: &'a [u8],
    critical: bool,
    value: &'a [u8],
}

impl<'a> Extension<'a> {
    fn read(mut inside: Reader<'a>) -> Option<Self> {
        let oid = inside.value(OID)?;
        let critical = inside.value(BOOLEAN).is_some_and(|flag| flag != [0]);
        Some(Self { oid, critical, value: inside.value(OCTET_STRING)? })
    }

    /// The last arc below id-ce.
    fn arc(&self) -> Option<u8> {
        match self.oid {
            [0x55, 0x1d, arc] => Some(*arc),
            _ => None,
        }
    }

    fn called(&self) -> String {
        cert::dotted(self.oid)
    }
}

fn time(tlv: Tlv<'_>) -> Option<Timestamp> {
    matches!(tlv.tag, UTC_TIME | GENERALIZED_TIME).then(|| cert::time(tlv.tag, tlv.value)).flatten()
}

/// An unsigned number without leading zeros.
fn magnitude(number: &[u8]) -> &[u8] {
    number.get(number.iter().take_while(|b| **b == 0).count()..).unwrap_or(&[])
}

/// Whether one number, as [`magnitude`] gives it, is at most another.
pub(super) fn at_most(a: &[u8], b: &[u8]) -> bool {
    (a.len(), a) <= (b.len(), b)
}

/// The content of an INTEGER in the one form that DER has for it, so that equal numbers are equal.
pub(super) fn integer(mut content: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = content {
        let redundant = match (first, rest.first()) {
            (0, Some(next)) => next & 0x80 == 0,
            (0xff, Some(next)) => next & 0x80 != 0,
            _ => false,
        };
        if !redundant {
            break;
        }
        content = rest;
    }
    content
}
