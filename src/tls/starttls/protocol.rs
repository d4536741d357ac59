//! The protocols that can ask for TLS in the clear: one row for each, from which the names, the default ports, the
//! dialogue, the help of `tofuctl`, the messages and the tables of the documentation are made. What a protocol says is
//! in its own file beside this one; how a port or a scheme leads to a protocol is in [`crate::tls::Service`].

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

use super::lines::ByLine;
use super::{Conversation, ftp, imap, ldap, nntp, pop3, postgres, sieve, smtp, xmpp};
use crate::endpoint::Host;

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

/// What there is to say about a protocol.
pub(in crate::tls) struct Row {
    /// The name, in lower case.
    name: &'static str,
    /// Other names that are understood.
    other_names: &'static [&'static str],
    /// The usual port on which the protocol begins in the clear.
    pub port: u16,
    /// Other ports on which it does.
    pub more_ports: &'static [u16],
    /// The usual port with TLS from the first byte.
    pub tls_port: Option<u16>,
    /// The schemes of addresses that mean TLS from the first byte. The names above mean STARTTLS.
    pub tls_schemes: &'static [&'static str],
    /// The names of the service in the IANA registry and in certificates (RFC 4985).
    pub services: &'static [&'static str],
    /// The same with TLS from the first byte.
    pub tls_services: &'static [&'static str],
    /// Its row in docs/starttls.md, which a test below holds to this.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of this table and of the page"))]
    page: Page,
    /// The state machine for a connection to a host, over a socket with this address of its own.
    dialogue: fn(&Host, Option<IpAddr>) -> Box<dyn Conversation>,
}

/// What docs/starttls.md says about a protocol.
#[cfg_attr(not(test), expect(dead_code, reason = "for readers of this table and of the page"))]
struct Page {
    /// Where the rules are.
    rules: &'static str,
    /// What the client says.
    says: &'static str,
    /// How the server offers TLS.
    offer: &'static str,
    /// What the server sends as the go-ahead.
    go_ahead: &'static str,
}

impl Protocol {
    /// The table.
    pub(in crate::tls) const fn row(self) -> &'static Row {
        match self {
            Self::Imap => &Row {
                name: "imap",
                other_names: &[],
                port: 143,
                more_ports: &[],
                tls_port: Some(993),
                tls_schemes: &["imaps"],
                services: &["imap"],
                tls_services: &["imaps"],
                page: Page {
                    rules: "RFC 9051, 6.1.1, 6.2.1, 7.1",
                    says: "`A1 CAPABILITY`, unless the greeting names STARTTLS; `A2 STARTTLS`",
                    offer: "the atom `STARTTLS` in `* CAPABILITY` or in `[CAPABILITY ...]`",
                    go_ahead: "`A2 OK`",
                },
                dialogue: |_, _| Box::new(ByLine::new(imap::Imap::default())),
            },
            Self::Pop3 => &Row {
                name: "pop3",
                other_names: &["pop"],
                port: 110,
                more_ports: &[],
                tls_port: Some(995),
                tls_schemes: &["pop3s", "pops"],
                services: &["pop3"],
                tls_services: &["pop3s"],
                page: Page {
                    rules: "RFC 1939; RFC 2449; RFC 2595, 4",
                    says: "`CAPA`; `STLS`",
                    offer: "a line of the list whose first word is `STLS`, or no list at all",
                    go_ahead: "`+OK`",
                },
                dialogue: |_, _| Box::new(ByLine::new(pop3::Pop3::default())),
            },
            Self::Smtp => &Row {
                name: "smtp",
                other_names: &["submission"],
                port: 587,
                more_ports: &[25, 2525],
                tls_port: Some(465),
                tls_schemes: &["smtps", "submissions"],
                services: &["submission"],
                tls_services: &["submissions"],
                page: Page {
                    rules: "RFC 5321; RFC 3207",
                    says: "`EHLO` and the address literal of the socket; `STARTTLS`",
                    offer: "a line of the answer, not its first, whose first word is `STARTTLS`",
                    go_ahead: "`220`",
                },
                dialogue: |_, local| Box::new(ByLine::new(smtp::Smtp::new(local))),
            },
            Self::Lmtp => &Row {
                name: "lmtp",
                other_names: &[],
                port: 24,
                more_ports: &[],
                tls_port: None,
                tls_schemes: &[],
                services: &[],
                tls_services: &[],
                page: Page {
                    rules: "RFC 2033; RFC 3207",
                    says: "`LHLO` and the address literal of the socket; `STARTTLS`",
                    offer: "as `smtp`",
                    go_ahead: "`220`",
                },
                dialogue: |_, local| Box::new(ByLine::new(smtp::Smtp::lmtp(local))),
            },
            Self::Sieve => &Row {
                name: "sieve",
                other_names: &["managesieve"],
                port: 4190,
                more_ports: &[2000],
                tls_port: None,
                tls_schemes: &[],
                services: &["sieve"],
                tls_services: &["sieve"],
                page: Page {
                    rules: "RFC 5804, 1.2, 1.7, 2.2",
                    says: "`STARTTLS`",
                    offer: r#"the string `"STARTTLS"` as the name of a capability in the greeting"#,
                    go_ahead: "`OK`",
                },
                dialogue: |_, _| Box::new(ByLine::new(sieve::Sieve::default())),
            },
            Self::Ldap => &Row {
                name: "ldap",
                other_names: &[],
                port: 389,
                more_ports: &[],
                tls_port: Some(636),
                tls_schemes: &["ldaps"],
                services: &["ldap"],
                tls_services: &["ldaps"],
                page: Page {
                    rules: "RFC 4511, 4.12, 4.14",
                    says: "the extended request 1.3.6.1.4.1.1466.20037 as message 1",
                    offer: r#"the answer itself; `protocolError` (2) is "no TLS""#,
                    go_ahead: "an extended response to message 1 with resultCode 0",
                },
                dialogue: |_, _| Box::new(ldap::Ldap::default()),
            },
            Self::Xmpp => &Row {
                name: "xmpp",
                other_names: &["xmpp-client"],
                port: 5222,
                more_ports: &[],
                tls_port: Some(5223),
                tls_schemes: &["xmpps"],
                services: &["xmpp-client"],
                tls_services: &["xmpp-client", "xmpps-client"],
                page: Page {
                    rules: "RFC 6120, 4, 5.4",
                    says: "a stream header to the host; `<starttls/>`",
                    offer: "`starttls` of `urn:ietf:params:xml:ns:xmpp-tls` in the features, version 1.0",
                    go_ahead: "`proceed` of that namespace",
                },
                dialogue: |host, _| Box::new(xmpp::Xmpp::new(host)),
            },
            Self::Nntp => &Row {
                name: "nntp",
                other_names: &[],
                port: 119,
                more_ports: &[433],
                tls_port: Some(563),
                tls_schemes: &["nntps", "snews"],
                services: &[],
                tls_services: &[],
                page: Page {
                    rules: "RFC 3977, 5.1, 5.2; RFC 4642",
                    says: "`CAPABILITIES`; `STARTTLS`",
                    offer: "a line of the list whose first word is `STARTTLS`, or no list at all",
                    go_ahead: "`382`",
                },
                dialogue: |_, _| Box::new(ByLine::new(nntp::Nntp::new())),
            },
            Self::Ftp => &Row {
                name: "ftp",
                other_names: &[],
                port: 21,
                more_ports: &[],
                tls_port: Some(990),
                tls_schemes: &["ftps"],
                services: &[],
                tls_services: &[],
                page: Page {
                    rules: "RFC 959; RFC 2389; RFC 4217",
                    says: "`FEAT`; `AUTH TLS`",
                    offer: "the feature ` AUTH` with `TLS` or `TLS-C` among its words, or no list at all",
                    go_ahead: "`234`",
                },
                dialogue: |_, _| Box::new(ByLine::new(ftp::Ftp::new())),
            },
            Self::Postgres => &Row {
                name: "postgres",
                other_names: &["postgresql"],
                port: 5432,
                more_ports: &[],
                tls_port: None,
                tls_schemes: &[],
                services: &[],
                tls_services: &[],
                page: Page {
                    rules: r#"manual, "Message Flow""#,
                    says: "the packet SSLRequest",
                    offer: r#"the answer itself; `N` is "no TLS""#,
                    go_ahead: "the byte `S`",
                },
                dialogue: |_, _| Box::new(postgres::Postgres::default()),
            },
        }
    }

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Other names that [`Protocol::parse`] understands.
    pub fn other_names(self) -> &'static [&'static str] {
        self.row().other_names
    }

    /// The ports on which the protocol begins in the clear, the usual one first.
    pub fn ports(self) -> impl Iterator<Item = u16> {
        std::iter::once(self.row().port).chain(self.row().more_ports.iter().copied())
    }

    /// The names of all protocols, as in "imap, pop3, smtp".
    pub fn names() -> String {
        PROTOCOLS.map(Self::name).join(", ")
    }

    /// Reads a name; letter case does not matter, and the usual other names are known.
    pub fn parse(name: &str) -> Result<Self, UnknownProtocol> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        let named = |p: &Self| is(p.row().name) || p.row().other_names.iter().any(|other| is(other));
        PROTOCOLS.into_iter().find(named).ok_or_else(|| UnknownProtocol { shown: crate::text::excerpt(name, 40) })
    }

    pub(super) fn dialogue(self, host: &Host, local: Option<IpAddr>) -> Box<dyn Conversation> {
        (self.row().dialogue)(host, local)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no protocol with STARTTLS.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{shown}: not a protocol with STARTTLS ({})", Protocol::names())]
pub struct UnknownProtocol {
    /// The input, escaped and shortened for display.
    shown: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::num::NonZeroU16;
    use std::path::Path;

    use super::*;
    use crate::endpoint::usual_services;
    use crate::tls::Service;

    #[test]
    fn every_row_is_in_the_list_and_reads_its_own_names() {
        let rows = include_str!("protocol.rs").lines().filter(|line| line.ends_with(" => &Row {")).count();
        assert_eq!(rows, PROTOCOLS.len(), "a row is not in PROTOCOLS");
        for protocol in PROTOCOLS {
            let row = protocol.row();
            assert_eq!(Protocol::parse(&row.name.to_uppercase()), Ok(protocol));
            row.other_names.iter().for_each(|name| assert_eq!(Protocol::parse(name), Ok(protocol)));
        }
        let error = Protocol::parse("gopher\n").unwrap_err().to_string();
        assert!(error.contains("gopher\\n") && error.contains("imap, pop3, "), "{error}");
    }

    #[test]
    fn no_port_and_no_scheme_means_two_protocols() {
        let (mut ports, mut schemes) = (BTreeSet::new(), BTreeSet::new());
        for protocol in PROTOCOLS {
            let row = protocol.row();
            let all = row.more_ports.iter().chain(&row.tls_port).chain([&row.port]);
            all.for_each(|port| assert!(ports.insert(*port), "{port} of {protocol} is taken"));
            let all = row.tls_schemes.iter().chain(row.other_names).chain([&row.name]);
            all.for_each(|scheme| assert!(schemes.insert(*scheme), "{scheme} of {protocol} is taken"));
        }
    }

    #[test]
    fn a_certificate_for_a_service_counts_on_the_ports_of_that_service() {
        let services = |port: u16| usual_services(NonZeroU16::new(port).unwrap());
        for protocol in PROTOCOLS {
            let row = protocol.row();
            assert_eq!(services(row.port), row.services, "{protocol}, src/endpoint.rs");
            row.tls_port.iter().for_each(|port| assert_eq!(services(*port), row.tls_services, "{protocol}"));
        }
    }

    /// A page of the repository, and where it is.
    fn page(name: &str) -> (std::path::PathBuf, String) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        (path, text)
    }

    /// Holds the lines of a page between two others to what the rows say. With BLESS=1 it writes them.
    fn holds(name: &str, (before, after): (&str, &str), made: &str) {
        let (path, text) = page(name);
        let (head, rest) = text.split_once(before).unwrap_or_else(|| panic!("{name}: no {before:?}"));
        let (found, tail) = rest.split_once(after).unwrap_or_else(|| panic!("{name}: nothing ends {before:?}"));
        if found != made && std::env::var_os("BLESS").is_some() {
            return std::fs::write(path, format!("{head}{before}{made}{after}{tail}")).unwrap();
        }
        assert_eq!(found, made, "{name} differs from src/tls/starttls/protocol.rs; BLESS=1 writes it");
    }

    #[test]
    fn the_page_about_starttls_has_the_rows_of_this_table() {
        let row = |protocol: Protocol| {
            let Row { name, page: Page { rules, says, offer, go_ahead }, .. } = protocol.row();
            format!("| `{name}` | {rules} | {says} | {offer} | {go_ahead} |")
        };
        holds(
            "docs/starttls.md",
            ("| the go-ahead |\n|---|---|---|---|---|\n", "\n\n"),
            &PROTOCOLS.map(row).join("\n"),
        );
    }

    #[test]
    fn the_page_about_connecting_has_the_ports() {
        let clear = PROTOCOLS.map(|protocol| {
            let row = protocol.row();
            let mut ports = row.more_ports.to_vec();
            ports.push(row.port);
            ports.sort();
            let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
            format!("{} {}", ports.join(" "), row.name)
        });
        let tls = PROTOCOLS.iter().filter_map(|protocol| Some(format!("{} {protocol}", protocol.row().tls_port?)));
        let tls = tls.collect::<Vec<_>>().join(", ");
        let made = format!("| {tls}, and every port not named here | {} |", clear.join(", "));
        holds("docs/connecting.md", ("| TLS from the first byte | STARTTLS |\n|---|---|\n", "\n\n"), &made);
    }

    #[test]
    fn pages_that_name_every_protocol_name_these() {
        let quoted = PROTOCOLS.map(|protocol| format!("\"{protocol}\""));
        let (last, others) = quoted.split_last().unwrap();
        let listed = PROTOCOLS.map(|protocol| format!("`{protocol}`")).join(" ");
        for (name, list) in
            [("src/capi/dial.rs", format!("{} or {last}", others.join(", "))), ("docs/json-probe.md", listed)]
        {
            let text = page(name).1;
            let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "///").collect();
            assert!(words.join(" ").contains(&list), "{name} does not list: {list}");
        }
    }

    #[test]
    fn every_port_leads_to_its_protocol() {
        for protocol in PROTOCOLS {
            let row = protocol.row();
            for port in row.more_ports.iter().chain([&row.port]) {
                assert_eq!(Service::of_port(*port), Service::starttls(protocol));
            }
            if let Some(port) = row.tls_port {
                assert_eq!(Service::of_port(port), Service::implicit(protocol));
            }
        }
    }
}
