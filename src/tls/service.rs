//! What is spoken on a port, and whether TLS comes at once or after STARTTLS. The table of ports is
//! a default; what the caller says wins. RFC 8314 names the mail ports, the IANA registry the rest.

use std::fmt;

use super::starttls::{PROTOCOLS, Protocol};

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// With the first byte ("implicit TLS", RFC 8314).
    Implicit,
    /// After a dialogue in the clear.
    StartTls,
}

/// How TLS is begun on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Service {
    /// What is spoken, where that is known. Always known with [`Start::StartTls`].
    pub protocol: Option<Protocol>,
    /// When TLS begins.
    pub start: Start,
}

impl Service {
    /// TLS from the first byte, whatever is spoken inside.
    pub const TLS: Self = Self { protocol: None, start: Start::Implicit };

    /// This protocol with STARTTLS.
    pub fn starttls(protocol: Protocol) -> Self {
        Self { protocol: Some(protocol), start: Start::StartTls }
    }

    /// This protocol with TLS from the first byte.
    pub fn implicit(protocol: Protocol) -> Self {
        Self { protocol: Some(protocol), start: Start::Implicit }
    }

    /// What a port implies; TLS from the first byte where it implies nothing.
    pub fn of_port(port: u16) -> Self {
        for protocol in PROTOCOLS {
            let row = protocol.row();
            if row.port == port || row.more_ports.contains(&port) {
                return Self::starttls(protocol);
            }
            if row.tls_port == Some(port) {
                return Self::implicit(protocol);
            }
        }
        Self::TLS
    }

    /// Its names in the IANA registry and in certificates (RFC 4985); none where the protocol is not known.
    pub fn names(self) -> &'static [&'static str] {
        match (self.protocol, self.start) {
            (Some(protocol), Start::StartTls) => protocol.row().services,
            (Some(protocol), Start::Implicit) => protocol.row().tls_services,
            (None, _) => &[],
        }
    }

    /// What the scheme of an address means (`imaps://`, `smtp://`, `https://`), and its usual port.
    pub fn of_scheme(scheme: &str) -> Option<(Self, u16)> {
        let is = |known: &str| known.eq_ignore_ascii_case(scheme);
        if ["https", "tls", "ssl"].into_iter().any(is) {
            return Some((Self::TLS, 443));
        }
        for protocol in PROTOCOLS {
            let row = protocol.row();
            if let Some(port) = row.tls_port.filter(|_| row.tls_schemes.iter().any(|known| is(known))) {
                return Some((Self::implicit(protocol), port));
            }
        }
        let protocol = Protocol::parse(scheme).ok()?;
        Some((Self::starttls(protocol), protocol.row().port))
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.protocol, self.start) {
            (Some(protocol), Start::StartTls) => write!(f, "{protocol} with STARTTLS"),
            (Some(protocol), Start::Implicit) => write!(f, "{protocol} over TLS"),
            (None, _) => f.write_str("TLS"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_means_starttls_or_tls_and_has_a_port() {
        for (scheme, service, port) in [
            ("imaps", Service::implicit(Protocol::Imap), 993),
            ("IMAP", Service::starttls(Protocol::Imap), 143),
            ("submissions", Service::implicit(Protocol::Smtp), 465),
            ("submission", Service::starttls(Protocol::Smtp), 587),
            ("snews", Service::implicit(Protocol::Nntp), 563),
            ("https", Service::TLS, 443),
        ] {
            assert_eq!(Service::of_scheme(scheme), Some((service, port)), "{scheme}");
        }
        assert_eq!(Service::of_scheme("gopher"), None);
    }

    #[test]
    fn the_ports_of_rfc_8314_imply_tls_from_the_first_byte() {
        for (port, protocol) in [(993, Protocol::Imap), (995, Protocol::Pop3), (465, Protocol::Smtp)] {
            assert_eq!(Service::of_port(port), Service::implicit(protocol));
        }
        assert_eq!(Service::of_port(8443), Service::TLS);
    }
}
