//! XMPP, client to server: stream header, features, `<starttls/>`, `<proceed/>` (RFC 6120, sections
//! 4.2, 4.3, 4.9 and 5.4).

use std::net::IpAddr;

use super::error::Fault;
use super::xml::{Event, Name, Tags};
use super::{Conversation, Move};
use crate::endpoint::Host;

const STREAMS: &str = "http://etherx.jabber.org/streams";
const CONDITIONS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";

/// Where the dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Header,
    Features,
    StartTls,
}

/// XMPP.
#[derive(Debug)]
pub(super) struct Xmpp {
    to: String,
    at: At,
    tags: Tags,
    /// The child of the stream that is being read.
    child: Option<Name>,
    offered: bool,
    /// The condition and the text of a stream error.
    said: Vec<String>,
}

impl Xmpp {
    /// An IPv6 address has brackets in a domain part (RFC 7622, section 3.2). A [`Host`] holds nothing
    /// that XML would have to escape.
    pub(super) fn new(host: &Host) -> Self {
        let to = match host.ip() {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host.as_str().to_owned(),
        };
        Self { to, at: At::Header, tags: Tags::default(), child: None, offered: false, said: Vec::new() }
    }

    fn event(&mut self, event: Event) -> Result<Move, Fault> {
        // How many elements are around the one that the event is about.
        let around = self.tags.depth().saturating_sub(usize::from(matches!(event, Event::Open(..))));
        match (around, event) {
            (0, Event::Open(name, version)) => self.header(&name, version.as_deref()),
            (0, Event::Close(_)) => Err(Fault::Closed),
            (0, Event::Empty(name)) => Err(odd(&name)),
            (1, Event::Open(name, _)) => self.begun(name),
            (1, Event::Close(_)) => self.complete(),
            (1, Event::Empty(name)) => {
                self.begun(name)?;
                self.complete()
            }
            (_, Event::Open(name, _) | Event::Empty(name)) => {
                self.inside(around, &name);
                Ok(Move::More)
            }
            (_, Event::Text(text)) => {
                if self.is_child(STREAMS, "error") && !text.trim().is_empty() {
                    self.said.push(text);
                }
                Ok(Move::More)
            }
            (_, Event::Close(_)) => Ok(Move::More),
        }
    }

    /// A stream without version 1.0 has no features (section 4.7.5).
    fn header(&mut self, name: &Name, version: Option<&str>) -> Result<Move, Fault> {
        if !name.is(STREAMS, "stream") {
            return Err(odd(name));
        }
        let major = version.and_then(|v| v.split('.').next()).and_then(|v| v.parse().ok()).unwrap_or(0u32);
        if major < 1 {
            return Err(Fault::Missing("a stream before version 1.0, which has no features".to_owned()));
        }
        self.at = At::Features;
        Ok(Move::More)
    }

    /// Only these may come, each in its place.
    fn begun(&mut self, name: Name) -> Result<Move, Fault> {
        let error = name.is(STREAMS, "error");
        let fits = match self.at {
            At::Header => false,
            At::Features => name.is(STREAMS, "features"),
            At::StartTls => name.is(TLS, "proceed") || name.is(TLS, "failure"),
        };
        if !(fits || error) {
            return Err(odd(&name));
        }
        self.child = Some(name);
        Ok(Move::More)
    }

    fn inside(&mut self, around: usize, name: &Name) {
        if around == 2 && self.is_child(STREAMS, "features") && name.is(TLS, "starttls") {
            self.offered = true;
        }
        if around == 2 && self.is_child(STREAMS, "error") && name.space == CONDITIONS && name.local != "text" {
            self.said.push(name.local.clone());
        }
    }

    fn is_child(&self, space: &str, local: &str) -> bool {
        self.child.as_ref().is_some_and(|child| child.is(space, local))
    }

    /// The end of a child of the stream.
    fn complete(&mut self) -> Result<Move, Fault> {
        let Some(child) = self.child.take() else { return Ok(Move::More) };
        match child.local.as_str() {
            "features" if self.offered => {
                self.at = At::StartTls;
                self.tags.restart_count();
                Ok(Move::send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"))
            }
            "features" => Err(Fault::Missing("no starttls among the features".to_owned())),
            "proceed" => Ok(Move::Go),
            "failure" => Err(Fault::Refused("it gives no reason".to_owned())),
            _ => Err(Fault::Refused(format!("stream error: {}", self.said.join(": ")))),
        }
    }
}

impl Conversation for Xmpp {
    fn begin(&mut self) -> Vec<u8> {
        let to = &self.to;
        format!("<?xml version='1.0'?><stream:stream to='{to}' version='1.0' xmlns='jabber:client' xmlns:stream='{STREAMS}'>")
            .into_bytes()
    }

    fn take(&mut self, input: &[u8]) -> Result<(usize, Move), Fault> {
        let (used, event) = self.tags.take(input)?;
        let next = event.map_or(Ok(Move::More), |event| self.event(event))?;
        Ok((used, next))
    }

    fn waiting_for(&self) -> &'static str {
        match self.at {
            At::Header => "the stream header",
            At::Features => "the stream features",
            At::StartTls => "the answer to starttls",
        }
    }

    /// White space between elements means nothing.
    fn may_stand_ahead(&self, rest: &[u8]) -> bool {
        rest.iter().all(u8::is_ascii_whitespace)
    }
}

fn odd(name: &Name) -> Fault {
    Fault::Malformed(format!("<{} xmlns='{}'>", name.local, name.space))
}
