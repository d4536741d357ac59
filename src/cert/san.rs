//! Subject alternative names (RFC 5280, section 4.2.1.6). What does not have the form of its
//! kind is kept as [`San::Other`], so that it can be shown and can never match.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::San;
use super::der::{self, Reader, Tlv};
use super::limits::MAX_SANS;
use super::name::Name;
use super::notes::Notes;
use super::{host, oid};

/// The most bytes of a name of an unknown kind that are shown, in hexadecimal.
const MAX_SHOWN: usize = 64;

/// Reads the content of the extension into `names`, and what lies behind the limit into `rest`;
/// false where it is not a readable list.
pub(super) fn read(value: &[u8], names: &mut Vec<San>, rest: &mut Vec<u8>, place: &str, notes: &mut Notes) -> bool {
    let mut outer = Reader::new(value);
    let Some(list) = outer.expect(der::SEQUENCE) else { return false };
    let mut inside = list.inside(value);
    if inside.is_empty() {
        notes.add("san-empty", place);
    }
    loop {
        let at = inside.at();
        match inside.next() {
            Ok(None) => return outer.is_empty(),
            Ok(Some(_)) if names.len() >= MAX_SANS => {
                notes.found("san-too-many", place, &format!("more than {MAX_SANS}"));
                rest.extend_from_slice(value.get(at..list.content_end).unwrap_or(&[]));
                break;
            }
            Ok(Some(tlv)) => names.push(general_name(value, tlv, place, notes)),
            Err(_) => return false,
        }
    }
    loop {
        match inside.next() {
            Ok(None) => return outer.is_empty(),
            Ok(Some(_)) => {}
            Err(_) => return false,
        }
    }
}

/// The names in `rest`, which [`read`] left there, one by one.
pub(super) fn beyond(rest: &[u8]) -> impl Iterator<Item = San> {
    let mut names = Reader::new(rest);
    std::iter::from_fn(move || {
        names.next().ok().flatten().map(|tlv| general_name(rest, tlv, "", &mut Notes::default()))
    })
}

/// One GeneralName.
pub(super) fn general_name(all: &[u8], tlv: Tlv, place: &str, notes: &mut Notes) -> San {
    let body = tlv.body(all);
    let text = || std::str::from_utf8(body).ok().map(str::to_owned);
    let san = match tlv.tag {
        0x82 => text().map(San::Dns),
        0x81 => text().map(San::Email),
        0x86 => text().map(San::Uri),
        0x87 => address(body).map(San::Ip),
        0xA4 => {
            let name = tlv.inside(all).next().ok().flatten();
            let name = name.filter(|n| n.tag == der::SEQUENCE).map(|n| Name::read(all, n, place, notes));
            return name.map_or_else(|| other("dirName", body), |n| San::Other(format!("dirName:{}", n.text())));
        }
        0xA0 => return other_name(all, tlv, place, notes),
        0x88 => return San::Other(format!("registeredID:{}", oid::dotted(body))),
        0xA3 => return other("x400Address", body),
        0xA5 => return other("ediPartyName", body),
        _ => None,
    };
    match &san {
        Some(San::Dns(name)) if host::ip_text(name).is_some() => notes.found("san-dns-address", place, name),
        Some(San::Dns(name)) if !host::is_presented_name(name) => notes.found("san-dns-form", place, name),
        Some(San::Email(text) | San::Uri(text)) if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) => {
            notes.found("san-malformed", place, text);
        }
        _ => {}
    }
    san.unwrap_or_else(|| {
        let kind = match tlv.tag {
            0x82 => "dns",
            0x81 => "email",
            0x86 => "uri",
            0x87 => "ip",
            _ => "unknown",
        };
        let shown = other(kind, body);
        if let San::Other(text) = &shown {
            notes.found("san-malformed", place, text);
        }
        shown
    })
}

/// The names of services that are known (RFC 4985, RFC 6120); of all others the bytes.
fn other_name(all: &[u8], tlv: Tlv, place: &str, notes: &mut Notes) -> San {
    let body = tlv.body(all);
    let (kind, mut rest) = oid::leading(tlv.inside(all), all);
    let (string, label) = match kind.as_str() {
        "1.3.6.1.5.5.7.8.7" => (0x16, "srv"),
        "1.3.6.1.5.5.7.8.5" => (0x0C, "xmpp"),
        _ => return other("otherName", body),
    };
    let text = (|| {
        let mut explicit = rest.expect(0xA0)?.inside(all);
        let value = explicit.expect(string)?;
        let text = std::str::from_utf8(value.body(all)).ok()?;
        (explicit.is_empty() && rest.is_empty()).then(|| text.to_owned())
    })();
    let (san, fits) = match (text, label) {
        (Some(text), "srv") => {
            let fits = host::srv_parts(&text).is_some();
            (San::Srv(text), fits)
        }
        (Some(text), _) => {
            let fits = host::is_xmpp_domain(text.rsplit('@').next().unwrap_or(&text));
            (San::Xmpp(text), fits)
        }
        (None, _) => (other(label, body), false),
    };
    if !fits {
        let shown = match &san {
            San::Srv(text) | San::Xmpp(text) | San::Other(text) => text.as_str(),
            _ => "",
        };
        notes.found("san-service-form", place, shown);
    }
    san
}

fn other(kind: &str, body: &[u8]) -> San {
    let cut = body.get(..MAX_SHOWN).unwrap_or(body);
    let more = if cut.len() < body.len() { "…" } else { "" };
    San::Other(format!("{kind}:{}{more}", data_encoding::HEXLOWER.encode(cut)))
}

fn address(body: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(body) {
        return Some(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    <[u8; 16]>::try_from(body).ok().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
}

impl San {
    /// `DNS:mail.example` and the like, escaped and fit to show.
    pub fn text(&self) -> String {
        let (kind, value) = match self {
            Self::Dns(name) => ("DNS:", name.clone()),
            Self::Ip(address) => ("IP:", address.to_string()),
            Self::Email(address) => ("email:", address.clone()),
            Self::Uri(address) => ("URI:", address.clone()),
            Self::Srv(name) => ("SRV:", name.clone()),
            Self::Xmpp(address) => ("XMPP:", address.clone()),
            // A directory name within is escaped already; the rest is hexadecimal.
            Self::Other(text) => return text.clone(),
        };
        format!("{kind}{}", crate::text::escape(&value))
    }
}
