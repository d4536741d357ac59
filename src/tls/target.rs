//! What a person types for a server: `mail.example`, `mail.example:993`, `[2001:db8::1]:993`,
//! `imaps://mail.example`. Becomes a host in canonical spelling, a port and a service.

use std::num::NonZeroU16;

use thiserror::Error;

use super::service::Service;
use super::starttls::Protocol;
use crate::endpoint::{Host, NameError};

/// The port where nothing names one: IMAP over TLS, what a mail client asks for first.
pub const DEFAULT_PORT: u16 = 993;
/// The longest text that is looked at, in bytes.
const MAX_TARGET: usize = 2048;

/// A server as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: NonZeroU16,
    /// How TLS begins there.
    pub service: Service,
}

/// A text that names no server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The host or the port cannot be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Anything else; names the part.
    #[error("{0}")]
    Form(String),
}

impl Target {
    /// Reads a server. `starttls`, where given, wins over what a scheme or port implies, and gives
    /// the port where none is named. A path, a user name or a question mark in an address is refused.
    pub fn parse(text: &str, starttls: Option<Protocol>) -> Result<Self, TargetError> {
        let shown = || crate::text::excerpt(text, 80);
        if text.len() > MAX_TARGET {
            return Err(TargetError::Form(format!("{}: too long for a server", shown())));
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => {
                let known = Service::of_scheme(scheme).ok_or_else(|| {
                    TargetError::Form(format!("{}: unknown scheme {}", shown(), crate::text::excerpt(scheme, 20)))
                })?;
                (Some(known), rest.strip_suffix('/').unwrap_or(rest))
            }
            None => (None, text),
        };
        if let Some(odd) = rest.chars().find(|c| matches!(c, '/' | '@' | '?' | '#')) {
            return Err(TargetError::Form(format!(
                "{}: {odd} is no part of a server; give host and port alone",
                shown()
            )));
        }
        let (host, port) = split(rest).map_err(|why| TargetError::Form(format!("{}: {why}", shown())))?;
        let host = Host::parse(host)?;
        let implied = starttls.map(|p| p.row().port).or(scheme.map(|(_, port)| port)).unwrap_or(DEFAULT_PORT);
        let port = NonZeroU16::new(port.unwrap_or(implied)).ok_or(NameError::Port)?;
        let service = match (starttls, scheme) {
            (Some(protocol), _) => Service::starttls(protocol),
            (None, Some((service, _))) => service,
            (None, None) => Service::of_port(port.get()),
        };
        Ok(Self { host, port, service })
    }
}

/// Splits host and port. An IPv6 address has a port only behind brackets.
fn split(rest: &str) -> Result<(&str, Option<u16>), String> {
    if let Some(after) = rest.strip_prefix('[') {
        let close = after.find(']').ok_or("the closing bracket is missing")?;
        let end = close.saturating_add(2);
        let (host, tail) = (rest.get(..end).unwrap_or(rest), rest.get(end..).unwrap_or_default());
        // Brackets set off any host from its port, as in GnuTLS's and OpenSSH's known_hosts.
        let name = after.get(..close).filter(|inner| !inner.is_empty() && !inner.contains(':'));
        let host = name.unwrap_or(host);
        return match tail.strip_prefix(':') {
            Some(digits) => Ok((host, Some(port(digits)?))),
            None if tail.is_empty() => Ok((host, None)),
            None => Err("only :PORT may follow the bracket".to_owned()),
        };
    }
    match rest.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Ok((rest, None)),
        Some((host, digits)) => Ok((host, Some(port(digits)?))),
        None => Ok((rest, None)),
    }
}

fn port(digits: &str) -> Result<u16, String> {
    let odd = || format!("port {}: not a number from 1 to 65535", crate::text::excerpt(digits, 20));
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(odd());
    }
    digits.parse().ok().filter(|p| *p != 0).ok_or_else(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, u16, String) {
        let target = Target::parse(text, None).unwrap();
        (target.host.to_string(), target.port.get(), target.service.to_string())
    }

    #[test]
    fn a_server_is_read_in_every_usual_spelling() {
        let same = |text, host: &str, port, service: &str| {
            assert_eq!(read(text), (host.to_owned(), port, service.to_owned()), "{text}");
        };
        same("mail.example", "mail.example", 993, "imap over TLS");
        same("MAIL.example.:143", "mail.example", 143, "imap with STARTTLS");
        same("[2001:db8::1]:4190", "2001:db8::1", 4190, "sieve with STARTTLS");
        same("2001:db8::1", "2001:db8::1", 993, "imap over TLS");
        same("[mail.example]:143", "mail.example", 143, "imap with STARTTLS");
        same("192.0.2.1:25", "192.0.2.1", 25, "smtp with STARTTLS");
        same("imaps://mail.example/", "mail.example", 993, "imap over TLS");
        same("smtp://mail.example", "mail.example", 587, "smtp with STARTTLS");
        same("imap://mail.example:993", "mail.example", 993, "imap with STARTTLS");
        same("https://mail.example:8443", "mail.example", 8443, "TLS");
        same("bücher.example:443", "xn--bcher-kva.example", 443, "TLS");
    }

    #[test]
    fn what_the_caller_says_wins_over_the_port() {
        let target = Target::parse("mail.example:10143", Some(Protocol::Imap)).unwrap();
        assert_eq!(target.service, Service::starttls(Protocol::Imap));
        assert_eq!(Target::parse("mail.example", Some(Protocol::Ldap)).unwrap().port.get(), 389);
    }

    #[test]
    fn what_is_no_server_is_refused_and_named() {
        for (text, word) in [
            ("mail.example:0", "port 0"),
            ("mail.example:65536", "65536"),
            ("mail.example:+25", "+25"),
            ("mail.example:", "port"),
            ("[::1", "bracket"),
            ("[::1]x", "bracket"),
            ("[]:143", "bracket"),
            ("[[mail.example]]:143", "bracket"),
            ("gopher://mail.example", "gopher"),
            ("imaps://alice@mail.example", "@"),
            ("imaps://mail.example/INBOX", "/"),
            ("*.example", "wildcard"),
            ("", "empty"),
        ] {
            let error = Target::parse(text, None).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
