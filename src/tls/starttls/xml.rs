//! The little XML that an XMPP stream has before TLS, read strictly: elements, attributes, text and the
//! five entities. Comments, processing instructions, document types, CDATA and other entities are
//! refused, as RFC 6120, section 11.1, forbids them in a stream. Each byte is looked at once.

use super::error::{Bound, Fault};
use super::{MAX_LINES, MAX_MESSAGE};

/// The deepest nesting of elements.
const MAX_DEPTH: usize = 16;
/// The most attributes of one element.
const MAX_ATTRIBUTES: usize = 32;

/// An element's name with its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) space: String,
    pub(super) local: String,
}

impl Name {
    pub(super) fn is(&self, space: &str, local: &str) -> bool {
        self.space == space && self.local == local
    }
}

/// One thing that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A start tag, with the attribute `version` if it has that.
    Open(Name, Option<String>),
    /// An end tag.
    Close(Name),
    /// An element without content.
    Empty(Name),
    /// Text below the stream's children.
    Text(String),
}

/// An element that is open.
#[derive(Debug)]
struct Open {
    /// As it is written, prefix and all.
    written: String,
    name: Name,
    /// Prefix and namespace; the prefix of the default namespace is empty.
    declared: Vec<(String, String)>,
}

/// A stream of tags and text.
#[derive(Debug, Default)]
pub(super) struct Tags {
    open: Vec<Open>,
    /// The tag, from its `<` on, or the text in the making.
    raw: Vec<u8>,
    in_tag: bool,
    quote: Option<u8>,
    /// Whether anything was read, behind which no XML declaration may stand.
    begun: bool,
    count: usize,
}

impl Tags {
    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Begins to count the tags of the next answer.
    pub(super) fn restart_count(&mut self) {
        self.count = 0;
    }

    /// Takes from the front of `input`, which is not empty, at most up to the end of a tag or of a text.
    pub(super) fn take(&mut self, input: &[u8]) -> Result<(usize, Option<Event>), Fault> {
        let mut rest = input;
        let mut used = 0usize;
        while let Some((byte, behind)) = rest.split_first() {
            used = used.saturating_add(1);
            let event = if self.in_tag { self.tag_byte(*byte)? } else { self.text_byte(*byte, rest)? };
            if event.is_some() {
                return Ok((used, event));
            }
            rest = behind;
        }
        Ok((used, None))
    }

    fn text_byte(&mut self, byte: u8, rest: &[u8]) -> Result<Option<Event>, Fault> {
        if byte != b'<' {
            // Between the children of the stream there is white space at most.
            if self.depth() < 2 && !byte.is_ascii_whitespace() {
                return Err(Fault::malformed(rest));
            }
            self.push(byte)?;
            return Ok(None);
        }
        let raw = std::mem::take(&mut self.raw);
        self.begun |= !raw.is_empty();
        self.in_tag = true;
        self.push(byte)?;
        if raw.is_empty() || self.depth() < 2 {
            return Ok(None);
        }
        let text = unescaped(utf8(&raw)?).ok_or_else(|| Fault::malformed(&raw))?;
        Ok(Some(Event::Text(text)))
    }

    fn tag_byte(&mut self, byte: u8) -> Result<Option<Event>, Fault> {
        self.push(byte)?;
        match (self.quote, byte) {
            (Some(quote), _) if quote == byte => self.quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => self.quote = Some(byte),
            (None, b'>') => return self.tag(),
            // Comments, CDATA and document types; a tag within a tag.
            (None, b'!' | b'<') => return Err(Fault::malformed(&self.raw)),
            (None, _) => {}
        }
        Ok(None)
    }

    fn push(&mut self, byte: u8) -> Result<(), Fault> {
        if self.raw.len() >= MAX_MESSAGE {
            return Err(Fault::Limit(Bound::Reply, MAX_MESSAGE));
        }
        self.raw.push(byte);
        Ok(())
    }

    /// A whole tag.
    fn tag(&mut self) -> Result<Option<Event>, Fault> {
        self.count = self.count.saturating_add(1);
        if self.count > MAX_LINES {
            return Err(Fault::Limit(Bound::Lines, MAX_LINES));
        }
        let raw = std::mem::take(&mut self.raw);
        self.in_tag = false;
        let first = !std::mem::replace(&mut self.begun, true);
        let text = utf8(&raw)?;
        let event = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).and_then(|t| {
            match (t.strip_prefix('/'), t.strip_prefix("?xml")) {
                (Some(name), _) => self.close(name).map(Some),
                (_, Some(declaration)) => (first && declaration.ends_with('?')).then_some(None),
                _ => self.start(t).map(Some),
            }
        });
        event.ok_or_else(|| Fault::malformed(&raw))
    }

    fn close(&mut self, name: &str) -> Option<Event> {
        let name = name.trim_end_matches(WHITE);
        let open = self.open.pop().filter(|open| open.written == name)?;
        Some(Event::Close(open.name))
    }

    fn start(&mut self, text: &str) -> Option<Event> {
        let (text, empty) = text.strip_suffix('/').map_or((text, false), |t| (t, true));
        let end = text.find(WHITE).unwrap_or(text.len());
        let (written, rest) = text.split_at_checked(end)?;
        let attributes = attributes(rest)?;
        let declared = attributes.iter().filter_map(|(name, value)| {
            let prefix = if name == "xmlns" { "" } else { name.strip_prefix("xmlns:")? };
            Some((prefix.to_owned(), value.clone()))
        });
        let declared: Vec<_> = declared.collect();
        let name = self.resolve(written, &declared)?;
        if empty {
            return Some(Event::Empty(name));
        }
        if self.depth() >= MAX_DEPTH {
            return None;
        }
        let version = attributes.into_iter().find(|(name, _)| name == "version").map(|(_, value)| value);
        self.open.push(Open { written: written.to_owned(), name: name.clone(), declared });
        Some(Event::Open(name, version))
    }

    /// The namespace of a name, by the declarations of its own element and of those around it.
    fn resolve(&self, written: &str, declared: &[(String, String)]) -> Option<Name> {
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(in_name);
        if !plain(local) || !(prefix.is_empty() || plain(prefix)) || written.starts_with(':') {
            return None;
        }
        let outer = self.open.iter().rev().flat_map(|open| &open.declared);
        let space = declared.iter().chain(outer).find(|(known, _)| known == prefix).map(|(_, space)| space.clone());
        let space = if prefix.is_empty() { space.unwrap_or_default() } else { space? };
        Some(Name { space, local: local.to_owned() })
    }
}

const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// What the names of XMPP are made of: ASCII, without what has a meaning in a tag.
fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// `name='value'` or `name="value"`, each behind white space and each name once.
fn attributes(text: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(WHITE);
        if trimmed.is_empty() {
            return Some(found);
        }
        let (name, behind) = trimmed.split_once('=')?;
        let name = name.trim_end_matches(WHITE);
        let behind = behind.trim_start_matches(WHITE);
        let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, behind) = behind.get(1..)?.split_once(quote)?;
        let separate = trimmed.len() < rest.len();
        let known =
            name.is_empty() || !name.bytes().all(|b| in_name(b) || b == b':') || found.iter().any(|(n, _)| n == name);
        if !separate || known || value.contains('<') || found.len() >= MAX_ATTRIBUTES {
            return None;
        }
        found.push((name.to_owned(), unescaped(value)?));
        rest = behind;
    }
}

fn utf8(raw: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(raw).ok().filter(|text| !text.contains('\0')).ok_or_else(|| Fault::malformed(raw))
}

/// Text with its entities resolved; `None` for one that XML does not have by itself.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        let (entity, behind) = behind.split_once(';')?;
        out.push_str(before);
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => character(entity)?,
        });
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

/// `#65` or `#x41`.
fn character(entity: &str) -> Option<char> {
    let digits = entity.strip_prefix('#')?;
    let code = match digits.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    char::from_u32(code.ok()?).filter(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str, piece: usize) -> Result<Vec<Event>, Fault> {
        let mut tags = Tags::default();
        let mut out = Vec::new();
        for mut rest in input.as_bytes().chunks(piece) {
            while !rest.is_empty() {
                let (used, event) = tags.take(rest)?;
                assert!(used > 0);
                rest = &rest[used..];
                out.extend(event);
            }
        }
        Ok(out)
    }

    fn name(space: &str, local: &str) -> Name {
        Name { space: space.to_owned(), local: local.to_owned() }
    }

    #[test]
    fn elements_are_the_same_in_whatever_pieces_they_come() {
        let input = "<?xml version='1.0'?>\n<s:a xmlns:s=\"u:s\" xmlns = 'u:d' version='1>0'>\n<b><c/>t&amp;&#65;&#x42;<s:d\n></s:d ></b></s:a>";
        let expected = [
            Event::Open(name("u:s", "a"), Some("1>0".to_owned())),
            Event::Open(name("u:d", "b"), None),
            Event::Empty(name("u:d", "c")),
            Event::Text("t&AB".to_owned()),
            Event::Open(name("u:s", "d"), None),
            Event::Close(name("u:s", "d")),
            Event::Close(name("u:d", "b")),
            Event::Close(name("u:s", "a")),
        ];
        for piece in 1..40 {
            assert_eq!(read(input, piece).unwrap(), expected);
        }
    }

    #[test]
    fn a_namespace_ends_with_its_element() {
        let events = read("<a><b xmlns='u:b'><c/></b><d/></a>", 100).unwrap();
        assert!(events.contains(&Event::Empty(name("u:b", "c"))) && events.contains(&Event::Empty(name("", "d"))));
    }

    #[test]
    fn what_a_stream_may_not_hold_is_refused() {
        for input in [
            "<!DOCTYPE a [<!ENTITY x 'y'>]>",
            "<!-- x -->",
            "<a><![CDATA[x]]></a>",
            "<a><?php x?>",
            "<a><?xml version='1.0'?>",
            " <?xml version='1.0'?>",
            "<a><b>&x;</b>",
            "<a b='&x;'>",
            "<a b='&#0;'>",
            "<a><b>a\0</b>",
            "<a>text<b>",
            "text",
            "<a b>",
            "<a b=c>",
            "<a b='1'c='2'>",
            "<a b='1' b='2'>",
            "<a b='<'>",
            "<a <b>",
            "<p:a>",
            "<:a>",
            "<>",
            "</a>",
            "<a></b>",
            "<a/ >",
        ] {
            assert!(matches!(read(input, 1), Err(Fault::Malformed(_))), "{input}");
        }
    }

    #[test]
    fn tags_and_their_nesting_are_bounded() {
        let long = format!("<a b='{}'>", "x".repeat(MAX_MESSAGE));
        assert!(matches!(read(&long, 100), Err(Fault::Limit(Bound::Reply, MAX_MESSAGE))));
        assert!(matches!(read(&" ".repeat(MAX_MESSAGE + 1), 100), Err(Fault::Limit(Bound::Reply, MAX_MESSAGE))));
        assert!(matches!(
            read(&format!("<a>{}", "<b/>".repeat(MAX_LINES)), 100),
            Err(Fault::Limit(Bound::Lines, MAX_LINES))
        ));
        assert!(matches!(read(&"<a>".repeat(MAX_DEPTH + 1), 100), Err(Fault::Malformed(_))));
    }
}
