//! What is spoken on a port, and whether TLS comes at once or after STARTTLS. The table of ports is
//! a default; what the caller says wins. RFC 8314 names the mail ports, the IANA registry the rest.

use std::fmt;

use thiserror::Error;

/// A protocol that can ask for TLS in the clear. The names are those of `--starttls` and of the
/// C field `starttls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// IMAP (RFC 9051, section 6.2.1).
    Imap,
    /// POP3 (RFC 2595, section 4).
    Pop3,
    /// SMTP and submission (RFC 3207).
    Smtp,
    /// LMTP (RFC 2033, with RFC 3207).
    Lmtp,
    /// ManageSieve (RFC 5804, section 2.2).
    Sieve,
    /// LDAP (RFC 4511, section 4.14).
    Ldap,
    /// XMPP client to server (RFC 6120, section 5).
    Xmpp,
    /// NNTP (RFC 4642).
    Nntp,
    /// FTP (RFC 4217).
    Ftp,
    /// PostgreSQL (its manual, "Message Flow", SSLRequest).
    Postgres,
}

/// Every protocol there is, in the order of the documentation.
pub const PROTOCOLS: [Protocol; 10] = [
    Protocol::Imap,
    Protocol::Pop3,
    Protocol::Smtp,
    Protocol::Lmtp,
    Protocol::Sieve,
    Protocol::Ldap,
    Protocol::Xmpp,
    Protocol::Nntp,
    Protocol::Ftp,
    Protocol::Postgres,
];

/// A name that is no protocol with STARTTLS.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{shown}: not a protocol with STARTTLS (imap, pop3, smtp, lmtp, sieve, ldap, xmpp, nntp, ftp, postgres)")]
pub struct UnknownProtocol {
    /// The input, escaped and shortened for display.
    shown: String,
}

impl Protocol {
    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Smtp => "smtp",
            Self::Lmtp => "lmtp",
            Self::Sieve => "sieve",
            Self::Ldap => "ldap",
            Self::Xmpp => "xmpp",
            Self::Nntp => "nntp",
            Self::Ftp => "ftp",
            Self::Postgres => "postgres",
        }
    }

    /// Reads a name; letter case does not matter, and the usual other names are known.
    pub fn parse(name: &str) -> Result<Self, UnknownProtocol> {
        let lower = name.to_ascii_lowercase();
        let alias = match lower.as_str() {
            "submission" => "smtp",
            "managesieve" => "sieve",
            "postgresql" => "postgres",
            "xmpp-client" => "xmpp",
            "pop" => "pop3",
            other => other,
        };
        PROTOCOLS
            .into_iter()
            .find(|p| p.name() == alias)
            .ok_or_else(|| UnknownProtocol { shown: crate::text::excerpt(name, 40) })
    }

    /// The usual port of this protocol, with STARTTLS or with TLS from the first byte.
    pub fn port(self, start: Start) -> u16 {
        let (clear, tls) = match self {
            Self::Imap => (143, 993),
            Self::Pop3 => (110, 995),
            Self::Smtp => (587, 465),
            Self::Lmtp => (24, 24),
            Self::Sieve => (4190, 4190),
            Self::Ldap => (389, 636),
            Self::Xmpp => (5222, 5223),
            Self::Nntp => (119, 563),
            Self::Ftp => (21, 990),
            Self::Postgres => (5432, 5432),
        };
        if start == Start::StartTls { clear } else { tls }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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

    /// What a port implies; TLS from the first byte where it implies nothing.
    pub fn of_port(port: u16) -> Self {
        let implicit = |protocol| Self { protocol: Some(protocol), start: Start::Implicit };
        match port {
            143 => Self::starttls(Protocol::Imap),
            993 => implicit(Protocol::Imap),
            110 => Self::starttls(Protocol::Pop3),
            995 => implicit(Protocol::Pop3),
            25 | 587 | 2525 => Self::starttls(Protocol::Smtp),
            465 => implicit(Protocol::Smtp),
            24 => Self::starttls(Protocol::Lmtp),
            2000 | 4190 => Self::starttls(Protocol::Sieve),
            389 => Self::starttls(Protocol::Ldap),
            636 => implicit(Protocol::Ldap),
            5222 => Self::starttls(Protocol::Xmpp),
            5223 => implicit(Protocol::Xmpp),
            119 | 433 => Self::starttls(Protocol::Nntp),
            563 => implicit(Protocol::Nntp),
            21 => Self::starttls(Protocol::Ftp),
            990 => implicit(Protocol::Ftp),
            5432 => Self::starttls(Protocol::Postgres),
            _ => Self::TLS,
        }
    }

    /// Its names in the IANA registry and in certificates (RFC 4985); none where the protocol is not known.
    pub fn names(self) -> &'static [&'static str] {
        match (self.protocol, self.start) {
            (Some(Protocol::Imap), Start::StartTls) => &["imap"],
            (Some(Protocol::Imap), Start::Implicit) => &["imaps"],
            (Some(Protocol::Pop3), Start::StartTls) => &["pop3"],
            (Some(Protocol::Pop3), Start::Implicit) => &["pop3s"],
            (Some(Protocol::Smtp), Start::StartTls) => &["submission"],
            (Some(Protocol::Smtp), Start::Implicit) => &["submissions"],
            (Some(Protocol::Sieve), _) => &["sieve"],
            (Some(Protocol::Ldap), Start::StartTls) => &["ldap"],
            (Some(Protocol::Ldap), Start::Implicit) => &["ldaps"],
            // The certificate names the same service where TLS comes at once (XEP-0368, section 3).
            (Some(Protocol::Xmpp), Start::StartTls) => &["xmpp-client"],
            (Some(Protocol::Xmpp), Start::Implicit) => &["xmpp-client", "xmpps-client"],
            _ => &[],
        }
    }

    /// What the scheme of an address means (`imaps://`, `smtp://`, `https://`), and its usual port.
    pub fn of_scheme(scheme: &str) -> Option<(Self, u16)> {
        let lower = scheme.to_ascii_lowercase();
        let implicit = match lower.as_str() {
            "https" => return Some((Self::TLS, 443)),
            "tls" | "ssl" => return Some((Self::TLS, 443)),
            "imaps" => Some(Protocol::Imap),
            "pop3s" | "pops" => Some(Protocol::Pop3),
            "smtps" | "submissions" => Some(Protocol::Smtp),
            "ldaps" => Some(Protocol::Ldap),
            "xmpps" => Some(Protocol::Xmpp),
            "nntps" | "snews" => Some(Protocol::Nntp),
            "ftps" => Some(Protocol::Ftp),
            _ => None,
        };
        if let Some(protocol) = implicit {
            let service = Self { protocol: Some(protocol), start: Start::Implicit };
            return Some((service, protocol.port(Start::Implicit)));
        }
        let protocol = Protocol::parse(&lower).ok()?;
        Some((Self::starttls(protocol), protocol.port(Start::StartTls)))
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
    fn every_protocol_reads_its_own_name_and_its_port_implies_it() {
        for protocol in PROTOCOLS {
            assert_eq!(Protocol::parse(&protocol.name().to_uppercase()), Ok(protocol));
            assert_eq!(Service::of_port(protocol.port(Start::StartTls)), Service::starttls(protocol));
        }
        assert!(Protocol::parse("gopher\n").unwrap_err().to_string().contains("gopher\\n"));
    }

    #[test]
    fn the_ports_of_rfc_8314_imply_tls_from_the_first_byte() {
        for (port, protocol) in [(993, Protocol::Imap), (995, Protocol::Pop3), (465, Protocol::Smtp)] {
            assert_eq!(Service::of_port(port), Service { protocol: Some(protocol), start: Start::Implicit });
        }
        assert_eq!(Service::of_port(8443), Service::TLS);
    }
}
