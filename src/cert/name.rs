//! Distinguished names (X.501): their attributes, their text (RFC 4514) and their equality
//! (RFC 5280, section 7.1).

use super::der::{self, Reader, Tlv};
use super::limits::{MAX_ATTRIBUTE, MAX_ATTRIBUTES};
use super::notes::Notes;
use super::{oid, strings};

/// An X.501 distinguished name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    der: Vec<u8>,
    rdns: Vec<Vec<Attribute>>,
    /// How many parts there are, those without any attribute counted.
    parts: usize,
    /// False if a part could not be read or exceeded the limits.
    complete: bool,
}

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The dotted OID of its type.
    pub oid: String,
    /// The short name of its type (`CN`, `O`, …), if it has one.
    pub short_name: Option<&'static str>,
    /// The value as text, raw: escape it before showing. `None` if it is not a string.
    pub value: Option<String>,
    /// The DER of the value, verbatim.
    pub der: Vec<u8>,
    /// Whether the value is what its type promises. Only then is its text the value.
    clean: bool,
}

impl Name {
    /// Reads a single Name, for example from a revocation list. `None` if there is no Name, or if
    /// something follows it.
    pub(crate) fn from_der(name: &[u8]) -> Option<Self> {
        let mut whole = Reader::new(name);
        let tlv = whole.expect(der::SEQUENCE)?;
        whole.is_empty().then(|| Self::read(name, tlv, "name", &mut Notes::default()))
    }

    /// Reads the Name `tlv` of the certificate `all`; `place` is what anomalies call it.
    pub(super) fn read(all: &[u8], tlv: Tlv, place: &str, notes: &mut Notes) -> Self {
        let mut name = Self { der: tlv.whole(all).to_vec(), rdns: Vec::new(), parts: 0, complete: true };
        let mut budget = MAX_ATTRIBUTES;
        let mut rdns = tlv.inside(all);
        loop {
            match rdns.next() {
                Ok(None) => break,
                Ok(Some(_)) if budget == 0 => {
                    name.complete = false;
                    notes.found("name-too-long", place, &format!("more than {MAX_ATTRIBUTES} attributes"));
                    break;
                }
                Ok(Some(rdn)) if rdn.tag == der::SET => {
                    let attributes = name.read_rdn(all, rdn.inside(all), place, &mut budget, notes);
                    if attributes.is_empty() {
                        notes.add("name-empty-part", place);
                        budget = budget.saturating_sub(1);
                    }
                    name.rdns.push(attributes);
                }
                _ => {
                    name.complete = false;
                    notes.add("name-unreadable", place);
                    break;
                }
            }
        }
        name.parts = name.rdns.len();
        name.rdns.retain(|rdn| !rdn.is_empty());
        name
    }

    fn read_rdn(
        &mut self,
        all: &[u8],
        mut inside: Reader<'_>,
        place: &str,
        budget: &mut usize,
        notes: &mut Notes,
    ) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        while *budget > 0 {
            *budget = budget.saturating_sub(1);
            match inside.next() {
                Ok(None) => break,
                Ok(Some(pair)) if pair.tag == der::SEQUENCE => match read_attribute(all, pair, place, notes) {
                    Some(attribute) => attributes.push(attribute),
                    None => self.complete = false,
                },
                _ => {
                    self.complete = false;
                    notes.add("name-unreadable", place);
                    break;
                }
            }
        }
        self.complete &= inside.is_empty();
        attributes
    }

    /// RFC 4514 text, escaped and fit to show; empty for an empty name. Control, invisible and
    /// direction-changing characters are written as `\` and the hexadecimal of their UTF-8.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (i, rdn) in self.rdns.iter().rev().enumerate() {
            for (j, attribute) in rdn.iter().rev().enumerate() {
                match (i, j) {
                    (0, 0) => {}
                    (_, 0) => out.push(','),
                    _ => out.push('+'),
                }
                attribute.write(&mut out);
            }
        }
        out
    }

    /// The relative distinguished names in the order of the certificate, each with its attributes.
    pub fn rdns(&self) -> &[Vec<Attribute>] {
        &self.rdns
    }

    /// The values of an attribute (`CN`, `O`, `OU`, `C`, `emailAddress` …), raw; escape before showing.
    pub fn attribute(&self, short_name: &str) -> Vec<String> {
        let wanted = |a: &&Attribute| a.short_name.is_some_and(|n| n.eq_ignore_ascii_case(short_name));
        self.rdns.iter().flatten().filter(wanted).filter_map(|a| a.value.clone()).collect()
    }

    /// The DER of the name, verbatim.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether two names are equal by RFC 5280, section 7, as far as that is safe. Case, inner and
    /// outer white space and the string type do not matter for PrintableString and UTF8String, nor
    /// for the IA5String of a domain component or a mail address.
    pub fn same_as(&self, other: &Name) -> bool {
        self.equals(other, Attribute::is_comparable)
    }

    /// Whether the text is equal, whatever the string types are. Use it only for a name whose
    /// holder is already known by a signature, so that the spelling cannot let a stranger in.
    pub(crate) fn reads_as(&self, other: &Name) -> bool {
        self.equals(other, |_| true)
    }

    /// Compares two names; the values for which `by_text` is true count as text.
    fn equals(&self, other: &Name, by_text: fn(&Attribute) -> bool) -> bool {
        if self.der == other.der {
            return true;
        }
        let alike = |(a, b): (&Vec<Attribute>, &Vec<Attribute>)| folded(a, by_text) == folded(b, by_text);
        self.complete
            && other.complete
            && self.parts == other.parts
            && self.rdns.len() == other.rdns.len()
            && self.rdns.iter().zip(&other.rdns).all(alike)
    }

    /// True for a name without any attribute.
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty() && self.complete
    }

    /// The name of the holder in a heading: the last CN, otherwise the last O or OU, otherwise the
    /// whole text. Raw: escape it before showing.
    pub(super) fn common_name(&self) -> Option<String> {
        self.attribute("CN").pop()
    }
}

fn read_attribute(all: &[u8], pair: Tlv, place: &str, notes: &mut Notes) -> Option<Attribute> {
    let mut inside = pair.inside(all);
    let (Ok(Some(kind)), Ok(Some(value))) = (inside.next(), inside.next()) else {
        notes.add("name-unreadable", place);
        return None;
    };
    if kind.tag != der::OID || !inside.is_empty() {
        notes.add("name-unreadable", place);
        return None;
    }
    let oid = oid::dotted(kind.body(all));
    let short_name = oid::attribute(&oid);
    let whole = value.body(all);
    let body = whole.get(..MAX_ATTRIBUTE).unwrap_or(whole);
    let label = short_name.unwrap_or(&oid);
    if body.len() < whole.len() {
        notes.found("name-too-long", place, &format!("{label} of {} bytes", whole.len()));
    }
    if oid.starts_with("oid:") {
        notes.found("name-attribute-type", place, label);
    }
    let decoded = strings::decode(value.tag, body);
    match &decoded {
        Some(text) => note_text(label, value.tag, text, place, notes),
        None if short_name.is_some_and(|n| n != "x500UniqueIdentifier") => {
            notes.found("name-not-text", place, &format!("{label} as {}", der::tag_name(value.tag)));
        }
        None => {}
    }
    let clean = body.len() == whole.len() && decoded.as_ref().is_some_and(|d| d.clean);
    let der = value.whole(all).to_vec();
    Some(Attribute { oid, short_name, value: decoded.map(|d| d.text), der, clean })
}

fn note_text(label: &str, tag: u8, decoded: &strings::Decoded, place: &str, notes: &mut Notes) {
    if !decoded.clean {
        notes.found("string-characters", place, &format!("{label} as {}", der::tag_name(tag)));
    }
    if decoded.text.is_empty() {
        notes.found("name-empty-value", place, label);
    }
    if decoded.text.chars().any(must_hide) {
        notes.found("string-deceptive", place, label);
    }
    if label == "C" && (tag != 0x13 || decoded.text.len() != 2) {
        notes.found("name-country", place, &decoded.text);
    }
}

impl Attribute {
    /// `type=value` of RFC 4514, section 2.3 and 2.4.
    fn write(&self, out: &mut String) {
        out.push_str(self.short_name.unwrap_or(&self.oid));
        out.push('=');
        match &self.value {
            Some(value) if self.short_name.is_some() => escape_value(value, out),
            _ => {
                out.push('#');
                out.push_str(&data_encoding::HEXUPPER.encode(&self.der));
            }
        }
    }

    /// Whether RFC 5280 compares the value as text: PrintableString and UTF8String (section 7.1),
    /// domain components (section 7.3) and mail addresses (section 4.1.2.6).
    fn is_comparable(&self) -> bool {
        match self.der.first() {
            Some(0x0C | 0x13) => true,
            Some(0x16) => matches!(self.short_name, Some("DC" | "emailAddress")),
            _ => false,
        }
    }

    /// The value that is compared: folded text if the type allows that, otherwise the bytes.
    fn fold(&self, by_text: fn(&Self) -> bool) -> (&str, Result<String, &[u8]>) {
        let value = match &self.value {
            Some(text) if self.clean && by_text(self) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                Ok(words.join(" ").to_lowercase())
            }
            _ => Err(self.der.as_slice()),
        };
        (&self.oid, value)
    }
}

/// An RDN is a set: its order does not count.
fn folded(rdn: &[Attribute], by_text: fn(&Attribute) -> bool) -> Vec<(&str, Result<String, &[u8]>)> {
    let mut all: Vec<_> = rdn.iter().map(|attribute| attribute.fold(by_text)).collect();
    all.sort();
    all
}

fn escape_value(value: &str, out: &mut String) {
    let last = value.char_indices().last().map_or(0, |(i, _)| i);
    for (i, c) in value.char_indices() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '#' if i == 0 => out.push_str("\\#"),
            // Not "\ ": a space at the end of a line is invisible and gets lost.
            ' ' if i == 0 || i == last => out.push_str("\\20"),
            c if must_hide(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    out.push_str(&format!("\\{byte:02X}"));
                }
            }
            c => out.push(c),
        }
    }
}

/// Whether showing this character would need an escape other than the backslash's own.
pub(super) fn must_hide(c: char) -> bool {
    match c {
        ' '..='~' => false,
        c if c.is_ascii() => true,
        c => crate::text::escape(c.encode_utf8(&mut [0; 4])).starts_with('\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82, (body.len() >> 8) as u8, body.len() as u8];
        out.extend_from_slice(body);
        out
    }

    fn attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(0x06, oid), tlv(tag, value)].concat())
    }

    fn name(rdns: &[Vec<Vec<u8>>]) -> Name {
        let sets: Vec<u8> = rdns.iter().flat_map(|rdn| tlv(0x31, &rdn.concat())).collect();
        let der = tlv(0x30, &sets);
        let whole = Reader::new(&der).next().unwrap().unwrap();
        Name::read(&der, whole, "subject", &mut Notes::default())
    }

    const CN: &[u8] = &[0x55, 4, 3];
    const O: &[u8] = &[0x55, 4, 10];

    #[test]
    fn text_is_rfc_4514_with_everything_dangerous_escaped() {
        for (value, text) in [
            ("mail.example", "CN=mail.example"),
            (" #a,b+c\"d\\e<f>g;h ", "CN=\\20#a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h\\20"),
            ("#1", "CN=\\#1"),
            ("a\0b\x1b[31m", "CN=a\\00b\\1B[31m"),
            ("a\u{202e}b", "CN=a\\E2\\80\\AEb"),
            ("Müller 日本", "CN=Müller 日本"),
            (" ", "CN=\\20"),
            ("", "CN="),
        ] {
            assert_eq!(name(&[vec![attribute(CN, 0x0C, value.as_bytes())]]).text(), text);
        }
        let two = name(&[
            vec![attribute(O, 0x13, b"Org")],
            vec![attribute(CN, 0x13, b"x"), attribute(&[0x2A, 3], 0x0C, b"y")],
        ]);
        assert_eq!(two.text(), "1.2.3=#0C82000179+CN=x,O=Org");
        assert_eq!(name(&[]).text(), "");
        assert!(name(&[]).is_empty());
    }

    #[test]
    fn equality_ignores_what_rfc_5280_ignores_and_nothing_else() {
        let of = |tag, value: &str| name(&[vec![attribute(CN, tag, value.as_bytes())]]);
        assert!(of(0x13, "Example  CA").same_as(&of(0x0C, " example ca")));
        assert!(!of(0x13, "Example CA").same_as(&of(0x16, "Example CA")));
        assert!(!of(0x0C, "ExampleCA").same_as(&of(0x0C, "Example CA")));
        assert!(!name(&[]).same_as(&of(0x0C, "x")));
        // A name is not equal if its bytes are not valid UTF-8, even if the text is.
        let latin1 = name(&[vec![attribute(CN, 0x0C, b"M\xFCller")]]);
        assert_eq!(latin1.text(), of(0x0C, "Müller").text());
        assert!(!latin1.same_as(&of(0x0C, "Müller")));
        assert!(!name(&[vec![], vec![attribute(CN, 0x0C, b"x")]]).same_as(&of(0x13, "x")));
        let set = |a: Vec<u8>, b: Vec<u8>| name(&[vec![a, b]]);
        assert!(
            set(attribute(CN, 0x0C, b"a"), attribute(O, 0x0C, b"b"))
                .same_as(&set(attribute(O, 0x13, b"B"), attribute(CN, 0x0C, b"A")))
        );
        let sequence = name(&[vec![attribute(CN, 0x0C, b"a")], vec![attribute(O, 0x0C, b"b")]]);
        assert!(!sequence.same_as(&set(attribute(CN, 0x0C, b"a"), attribute(O, 0x0C, b"b"))));
    }

    #[test]
    fn domain_components_and_mail_addresses_compare_without_case() {
        const DC: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 1, 25];
        const EMAIL: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1];
        for oid in [DC, EMAIL] {
            let of = |tag, value: &str| name(&[vec![attribute(oid, tag, value.as_bytes())]]);
            assert!(of(0x16, "Example").same_as(&of(0x16, "eXAMPLE")));
            assert!(of(0x16, "Example").same_as(&of(0x0C, "example")));
            assert!(!of(0x16, "Example").same_as(&of(0x16, "Examples")));
            assert!(!of(0x14, "Example").same_as(&of(0x14, "example")), "a TeletexString compares by its bytes");
        }
        let nick = |value: &str| name(&[vec![attribute(CN, 0x16, value.as_bytes())]]);
        assert!(!nick("Example").same_as(&nick("example")), "other IA5Strings compare by their bytes");
    }

    #[test]
    fn the_text_of_a_name_compares_in_any_string_type() {
        let of = |tag, value: &[u8]| name(&[vec![attribute(CN, tag, value)]]);
        let wide = of(0x1E, b"\0M\0\xFC\0l\0l\0e\0r");
        assert!(wide.reads_as(&of(0x0C, "M\u{fc}ller".as_bytes())) && wide.reads_as(&of(0x14, b"m\xFCLLER")));
        assert!(!wide.same_as(&of(0x0C, "M\u{fc}ller".as_bytes())));
        assert!(!wide.reads_as(&of(0x0C, b"Muller")));
        assert!(!wide.reads_as(&of(0x0C, b"M\xFCller")), "bytes that are no UTF-8");
        let der = wide.der().to_vec();
        assert!(Name::from_der(&der).is_some_and(|read| read == wide));
        assert!(Name::from_der(&[der, vec![0]].concat()).is_none());
    }

    #[test]
    fn names_beyond_the_limit_are_never_equal_unless_identical() {
        let many = |last: &str| {
            let mut rdns: Vec<_> = (0..MAX_ATTRIBUTES).map(|_| vec![attribute(CN, 0x0C, b"a")]).collect();
            rdns.push(vec![attribute(CN, 0x0C, last.as_bytes())]);
            name(&rdns)
        };
        assert!(many("x").same_as(&many("x")));
        assert!(!many("x").same_as(&many("y")));
        assert!(!many("x").is_empty());
    }
}
