//! Whether a certificate covers a host (RFC 9525), and which servers it can be for. Only subject
//! alternative names count. The common name is used only if they name no server, and the answer
//! says so. This is the one list of names: what is matched, shown, advised and pinned comes from
//! here.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::{HostMatch, San, san};
use crate::endpoint::{Host, MAX_HOST};
use crate::text::escape;

/// A name under which a certificate can be a server's: in a form that can match one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerName {
    /// A DNS name, or a wildcard such as `*.example.org`, in lower case.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// One service of a domain (SRVName, RFC 4985): `imaps` and `example.org`.
    Srv {
        /// The service, without its underscore, in lower case.
        service: String,
        /// The domain, in lower case.
        domain: String,
    },
    /// An XMPP server of a domain (XmppAddr, RFC 6120).
    Xmpp(String),
}

/// All that a certificate says about which servers it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerNames {
    /// The names that can match a server, in the order of the certificate.
    pub names: Vec<ServerName>,
    /// Entries in the place of a server's name that can match no server, escaped.
    pub unusable: Vec<String>,
    /// They come from the common name, which RFC 9525 does not count.
    pub only_in_cn: bool,
}

/// The names that a certificate presents.
pub(super) struct Presented<'a> {
    pub(super) sans: &'a [San],
    /// The names behind the limit, as the extension holds them.
    pub(super) beyond: &'a [u8],
    /// How many subjectAltName extensions there are.
    pub(super) san_extensions: usize,
    /// The extension could not be read to its end.
    pub(super) unclear: bool,
    /// The last, most specific common name.
    pub(super) common_name: Option<String>,
}

impl Presented<'_> {
    /// Compares what is presented with a host that offers `services`.
    pub(super) fn matches(&self, host: &Host, services: &[&str]) -> HostMatch {
        if self.cn_speaks() {
            return match &self.common_name {
                Some(name) if name_covers(name, host) || ip_text(name).is_some_and(|ip| host.ip() == Some(ip)) => {
                    HostMatch::NameOnlyInCn
                }
                _ => HostMatch::Mismatch,
            };
        }
        // Readers differ about which of two extensions counts (RFC 5280, section 4.2, allows only
        // one).
        let one = self.san_extensions == 1;
        let listed = |san: &San| covers(san, host) || serves(san, host, services);
        if one && (self.sans.iter().any(listed) || san::beyond(self.beyond).any(|san| covers(&san, host))) {
            HostMatch::Match
        } else {
            HostMatch::Mismatch
        }
    }

    /// Whether the common name is the only one that could be a server's: the alternative names hold
    /// none of any kind (RFC 6125, section 6.4.4). Courier writes its e-mail address there.
    pub(super) fn cn_speaks(&self) -> bool {
        let named = self.sans.iter().any(is_of_server);
        self.san_extensions == 0 || (self.san_extensions == 1 && !self.unclear && !named)
    }

    /// Which servers it can be for.
    pub(super) fn server_names(&self) -> ServerNames {
        let mut found = ServerNames { only_in_cn: self.cn_speaks(), ..ServerNames::default() };
        if found.only_in_cn {
            let name = self.common_name.iter().map(|name| (common(name), name.clone()));
            found.take(name);
        } else {
            let sans = self.sans.iter().filter(|san| is_of_server(san) && !matches!(san, San::Uri(_)));
            found.take(sans.map(|san| (usable(san), raw(san))));
        }
        found
    }
}

impl ServerName {
    /// The name in a sentence, safe to show: `mail.example.org`, `example.org (XMPP)`.
    pub fn text(&self) -> String {
        match self {
            Self::Dns(name) => escape(name),
            Self::Ip(address) => address.to_string(),
            Self::Srv { service, domain } => format!("{} ({})", escape(domain), escape(service)),
            Self::Xmpp(domain) => format!("{} (XMPP)", escape(domain)),
        }
    }

    /// Whether every machine uses this name for itself.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Dns(name) | Self::Xmpp(name) | Self::Srv { domain: name, .. } => {
                let name = name.strip_prefix("*.").unwrap_or(name);
                let last = name.rsplit('.').next().unwrap_or(name);
                matches!(last, "localhost" | "localdomain") || matches!(name, "ip6-localhost" | "ip6-loopback")
            }
            Self::Ip(address) => address.to_canonical().is_loopback() || address.is_unspecified(),
        }
    }
}

impl ServerNames {
    fn take(&mut self, presented: impl Iterator<Item = (Option<ServerName>, String)>) {
        for (name, raw) in presented {
            match name {
                Some(name) => self.names.push(name),
                None => self.unusable.push(escape(&raw)),
            }
        }
    }

    /// The names as they are shown, services of one domain together: `example.org (xmpp-client, XMPP)`.
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.plain().map(ServerName::text).collect();
        texts.extend(self.by_domain(|_| true));
        texts
    }

    /// The same for a sentence. A service is left out if its domain is named anyway.
    pub fn in_words(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.plain().map(ServerName::text).collect();
        let said: HashSet<String> = texts.iter().cloned().collect();
        texts.extend(self.by_domain(|domain| !said.contains(&escape(domain))));
        texts
    }

    fn plain(&self) -> impl Iterator<Item = &ServerName> {
        self.names.iter().filter(|name| matches!(name, ServerName::Dns(_) | ServerName::Ip(_)))
    }

    fn by_domain(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut domains: Vec<(&str, Vec<&str>)> = Vec::new();
        for name in &self.names {
            let (domain, service) = match name {
                ServerName::Srv { service, domain } => (domain.as_str(), service.as_str()),
                ServerName::Xmpp(domain) => (domain.as_str(), "XMPP"),
                ServerName::Dns(_) | ServerName::Ip(_) => continue,
            };
            let place = *places.entry(domain).or_insert(domains.len());
            match domains.get_mut(place) {
                Some((_, services)) => services.push(service),
                None => domains.push((domain, vec![service])),
            }
        }
        let shown = domains.into_iter().filter(|(domain, _)| wanted(domain));
        shown.map(|(domain, services)| format!("{} ({})", escape(domain), escape(&services.join(", ")))).collect()
    }

    /// Names and wildcards that a name pin can hold: well formed, and alternative names.
    pub fn dns(&self) -> impl Iterator<Item = &str> {
        let counted = self.names.iter().filter(|_| !self.only_in_cn);
        counted.filter_map(|name| match name {
            ServerName::Dns(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The values to which a program's server name may be set so that the certificate fits: names
    /// and addresses, and wildcards if there is nothing else. Loopback names only if `loopback`
    /// says that the server is on this machine. No names that only one machine can reach. A common
    /// name only if it looks like a host's name, because people also write their own names there.
    pub fn settable(&self, loopback: bool) -> Vec<&ServerName> {
        let fits = |name: &&ServerName| match name {
            ServerName::Dns(text) => !self.only_in_cn || text.contains('.') || name.is_loopback(),
            ServerName::Ip(IpAddr::V6(address)) => !address.is_unicast_link_local(),
            ServerName::Ip(IpAddr::V4(address)) => !address.is_link_local(),
            ServerName::Srv { .. } | ServerName::Xmpp(_) => false,
        };
        let reached = |name: &&ServerName| loopback || !name.is_loopback();
        let (wildcards, plain): (Vec<_>, Vec<_>) = self
            .names
            .iter()
            .filter(fits)
            .filter(reached)
            .partition(|name| matches!(name, ServerName::Dns(text) if text.starts_with('*')));
        if plain.is_empty() { wildcards } else { plain }
    }

    /// The services (`xmpp-client`, `XMPP`) of this very domain that the certificate is for.
    pub fn services_of(&self, host: &Host) -> Vec<&str> {
        let of = |domain: &str| Host::parse(domain).is_ok_and(|domain| domain == *host);
        let mut services: Vec<&str> = self
            .names
            .iter()
            .filter_map(|name| match name {
                ServerName::Srv { service, domain } if of(domain) => Some(service.as_str()),
                ServerName::Xmpp(domain) if of(domain) => Some("XMPP"),
                _ => None,
            })
            .collect();
        services.dedup();
        services
    }
}

/// Whether a name of this kind is meant for servers, well formed or not. A URI is, though it names a
/// resource and matches no host.
fn is_of_server(san: &San) -> bool {
    match san {
        San::Dns(_) | San::Ip(_) | San::Uri(_) | San::Srv(_) | San::Xmpp(_) => true,
        San::Email(_) => false,
        San::Other(text) => {
            const OTHERS: [&str; 6] =
                ["email:", "dirName:", "registeredID:", "otherName:", "x400Address:", "ediPartyName:"];
            !OTHERS.iter().any(|kind| text.starts_with(kind))
        }
    }
}

/// The name in a form that can match, if it has one.
fn usable(san: &San) -> Option<ServerName> {
    match san {
        San::Dns(name) if is_presented_name(name) && ip_text(name).is_none() => {
            Some(ServerName::Dns(name.to_ascii_lowercase()))
        }
        San::Ip(address) => Some(ServerName::Ip(*address)),
        San::Srv(name) => {
            let (service, domain) = srv_parts(name)?;
            Some(ServerName::Srv { service: service.to_ascii_lowercase(), domain: domain.to_ascii_lowercase() })
        }
        San::Xmpp(domain) if is_xmpp_domain(domain) => Some(ServerName::Xmpp(domain.to_lowercase())),
        _ => None,
    }
}

/// The same of a common name.
fn common(name: &str) -> Option<ServerName> {
    match ip_text(name) {
        Some(address) => Some(ServerName::Ip(address)),
        None => usable(&San::Dns(name.to_owned())),
    }
}

fn raw(san: &San) -> String {
    match san {
        San::Dns(text) | San::Uri(text) | San::Srv(text) | San::Xmpp(text) | San::Email(text) => text.clone(),
        San::Ip(address) => address.to_string(),
        San::Other(text) => text.clone(),
    }
}

fn covers(san: &San, host: &Host) -> bool {
    match san {
        San::Ip(address) => host.ip() == Some(*address),
        San::Dns(name) => name_covers(name, host),
        _ => false,
    }
}

/// Whether a name of one service covers a host that offers it (RFC 9525, section 6.4). An XmppAddr is
/// a service name of XMPP (RFC 6120, section 13.7.1.4). Neither knows wildcards.
fn serves(san: &San, host: &Host, services: &[&str]) -> bool {
    let domain_is = |domain: &str| host.ip().is_none() && Host::parse(domain).is_ok_and(|domain| domain == *host);
    match san {
        San::Srv(name) => srv_parts(name).is_some_and(|(service, domain)| {
            services.iter().any(|offered| offered.eq_ignore_ascii_case(service)) && domain_is(domain)
        }),
        San::Xmpp(domain) => {
            let xmpp = services.iter().any(|service| service.starts_with("xmpp"));
            xmpp && is_xmpp_domain(domain) && domain_is(domain)
        }
        _ => false,
    }
}

/// `_imaps.example.org` in its two parts (RFC 4985, section 2).
pub(super) fn srv_parts(name: &str) -> Option<(&str, &str)> {
    let (service, domain) = name.strip_prefix('_')?.split_once('.')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let fits =
        !service.is_empty() && service.bytes().all(plain) && !domain.starts_with('*') && is_presented_name(domain);
    (fits && ip_text(domain).is_none()).then_some((service, domain))
}

/// Whether an XMPP address is a server's: only a domain, without a user or a resource. It may
/// contain U-labels (RFC 7622, section 3.2).
pub(super) fn is_xmpp_domain(address: &str) -> bool {
    !address.contains(['@', '/', '*']) && Host::parse(address).is_ok_and(|host| host.ip().is_none())
}

/// An address as people write it, or in brackets as in a URI.
pub(super) fn ip_text(name: &str) -> Option<IpAddr> {
    let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or(name).parse().ok()
}

/// Whether a presented DNS name covers a host: it is equal without regard to ASCII case, or it is a
/// wildcard that is the whole left-most label and replaces exactly one label (RFC 9525, section
/// 6.3).
fn name_covers(presented: &str, host: &Host) -> bool {
    if host.ip().is_some() || !is_presented_name(presented) {
        return false;
    }
    let host = host.as_str();
    match presented.strip_prefix("*.") {
        Some(parent) => {
            host.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && rest.eq_ignore_ascii_case(parent))
        }
        None => host.eq_ignore_ascii_case(presented),
    }
}

/// Whether a presented identifier has the form that a DNS name in a certificate must have:
/// letters, digits, hyphens (and the underscores found in practice), no empty label, no
/// trailing dot, A-labels instead of U-labels; a wildcard only as the whole left-most label
/// above at least two others.
pub(super) fn is_presented_name(name: &str) -> bool {
    let (rest, wildcard) = match name.strip_prefix("*.") {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let label_fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= MAX_HOST && rest.split('.').all(label_fits) && (!wildcard || rest.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(presented: &str, host: &str) -> bool {
        covers(&San::Dns(presented.to_owned()), &Host::parse(host).unwrap())
    }

    fn presented(sans: &[San], san_extensions: usize) -> Presented<'_> {
        Presented { sans, beyond: &[], san_extensions, unclear: false, common_name: Some("mail.example.org".into()) }
    }

    fn texts(names: &[&ServerName]) -> Vec<String> {
        names.iter().map(|name| name.text()).collect()
    }

    #[test]
    fn service_names_count_for_their_service_and_domain_only() {
        let srv = |name: &str, host: &str, services: &[&str]| {
            serves(&San::Srv(name.into()), &Host::parse(host).unwrap(), services)
        };
        assert!(srv("_imaps.example.org", "example.org", &["imaps"]));
        assert!(srv("_IMAPS.Example.ORG", "EXAMPLE.org.", &["pop3s", "imaps"]));
        assert!(!srv("_imaps.example.org", "example.org", &[]));
        assert!(!srv("_imap.example.org", "example.org", &["imaps"]));
        assert!(!srv("_imaps.example.org", "mail.example.org", &["imaps"]));
        assert!(!srv("_imaps.*.org", "example.org", &["imaps"]));
        assert!(!srv("_imaps.*.example.org", "mail.example.org", &["imaps"]));
        assert!(!srv("imaps.example.org", "example.org", &["imaps"]));
        assert!(!srv("_.example.org", "example.org", &[""]));
        assert!(!srv("_imaps.192.0.2.1", "192.0.2.1", &["imaps"]));
        assert!(!srv("_imaps._tcp.example.org", "example.org", &["imaps"]));
        let xmpp = |name: &str, host: &str, services: &[&str]| {
            serves(&San::Xmpp(name.into()), &Host::parse(host).unwrap(), services)
        };
        assert!(xmpp("example.org", "example.org", &["xmpp-client"]));
        assert!(xmpp("b\u{fc}cher.example", "xn--bcher-kva.example", &["xmpp-server"]));
        assert!(!xmpp("example.org", "example.org", &["imaps"]));
        assert!(!xmpp("user@example.org", "example.org", &["xmpp-client"]));
        assert!(!xmpp("example.org/resource", "example.org", &["xmpp-client"]));
        assert!(!xmpp("*.example.org", "a.example.org", &["xmpp-client"]));
        assert!(!xmpp("192.0.2.1", "192.0.2.1", &["xmpp-client"]));
    }

    #[test]
    fn services_of_one_domain_are_shown_together() {
        let sans = [
            San::Srv("_xmpp-client.example.org".into()),
            San::Dns("example.org".into()),
            San::Xmpp("example.org".into()),
            San::Srv("_imaps.example.net".into()),
        ];
        let names = presented(&sans, 1).server_names();
        assert_eq!(names.texts(), ["example.org", "example.org (xmpp-client, XMPP)", "example.net (imaps)"]);
        assert_eq!(names.in_words(), ["example.org", "example.net (imaps)"]);
        assert_eq!(names.services_of(&Host::parse("example.org").unwrap()), ["xmpp-client", "XMPP"]);
    }

    #[test]
    fn what_a_server_name_may_be_set_to() {
        let dns = |name: &str| San::Dns(name.into());
        let ip = |text: &str| San::Ip(text.parse().unwrap());
        let cases: [(&[San], &[&str], &[&str]); 9] = [
            (&[dns("mail.example.org"), dns("*.example.org")], &["mail.example.org"], &["mail.example.org"]),
            (&[dns("*.Example.org")], &["*.example.org"], &["*.example.org"]),
            (&[dns("mail.example.org:993"), dns("a b"), dns("srv.example."), dns("*"), dns("*.*")], &[], &[]),
            (&[dns("127.0.0.1"), dns("[::1]"), dns("nas.example.org")], &["nas.example.org"], &["nas.example.org"]),
            (
                &[dns("localhost"), dns("a.localhost"), dns("localhost.localdomain")],
                &[],
                &["localhost", "a.localhost", "localhost.localdomain"],
            ),
            (
                &[ip("127.0.0.1"), ip("::1"), ip("::ffff:127.0.0.2"), ip("0.0.0.0")],
                &[],
                &["127.0.0.1", "::1", "::ffff:127.0.0.2", "0.0.0.0"],
            ),
            (&[ip("fe80::1"), ip("169.254.1.1"), ip("192.0.2.1")], &["192.0.2.1"], &["192.0.2.1"]),
            (&[dns("nas")], &["nas"], &["nas"]),
            (&[San::Srv("_imaps.example.org".into()), San::Xmpp("example.org".into())], &[], &[]),
        ];
        for (sans, far, near) in cases {
            let names = presented(sans, 1).server_names();
            assert_eq!(texts(&names.settable(false)), far, "{sans:?}");
            assert_eq!(texts(&names.settable(true)), near, "{sans:?}");
        }
        for (common, far) in [
            ("mail.example.org", &["mail.example.org"][..]),
            ("192.0.2.1", &["192.0.2.1"]),
            ("syncthing", &[]),
            ("Murmur Autogenerated Certificate v2", &[]),
            ("@commonName@", &[]),
            ("*", &[]),
            ("localhost", &[]),
            ("127.0.0.1", &[]),
        ] {
            let presented = Presented { common_name: Some(common.into()), ..presented(&[], 0) };
            let names = presented.server_names();
            assert!(names.only_in_cn && names.dns().next().is_none());
            assert_eq!(texts(&names.settable(false)), far, "{common}");
        }
    }

    #[test]
    fn names_match_as_rfc_9525_says() {
        for (presented, host, expected) in [
            ("mail.example.org", "mail.example.org", true),
            ("MAIL.Example.org", "mail.example.ORG", true),
            ("mail.example.org", "mail.example.org.", true),
            ("mail.example.org.", "mail.example.org", false),
            ("mail.example.org", "example.org", false),
            ("example.org", "mail.example.org", false),
            ("*.example.org", "mail.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "a.mail.example.org", false),
            ("*.example.org", "xn--bcher-kva.example.org", true),
            ("m*.example.org", "mail.example.org", false),
            ("*l.example.org", "mail.example.org", false),
            ("mail.*.org", "mail.example.org", false),
            ("*.*.org", "mail.example.org", false),
            ("*", "localhost", false),
            ("*.org", "example.org", false),
            ("*.", "localhost", false),
            ("xn--bcher-kva.example", "bücher.example", true),
            ("bücher.example", "bücher.example", false),
            ("mail.example.org\0.evil.example", "mail.example.org", false),
            (" mail.example.org", "mail.example.org", false),
            ("", "localhost", false),
            ("_imap.example.org", "_imap.example.org", true),
            ("192.0.2.1", "192.0.2.1", false),
            ("*.0.2.1", "192.0.2.1", false),
        ] {
            assert_eq!(dns(presented, host), expected, "{presented} covers {host}");
        }
    }

    #[test]
    fn addresses_match_as_addresses_only() {
        let ip = |san: &str, host: &str| covers(&San::Ip(san.parse().unwrap()), &Host::parse(host).unwrap());
        assert!(ip("192.0.2.1", "192.0.2.1"));
        assert!(ip("2001:db8::1", "[2001:DB8:0::1]"));
        assert!(!ip("192.0.2.1", "192.0.2.2"));
        assert!(!ip("192.0.2.1", "mail.example.org"));
        assert!(!covers(&San::Other("ip:c000020100".into()), &Host::parse("192.0.2.1").unwrap()));
        assert!(!covers(&San::Uri("https://mail.example.org".into()), &Host::parse("mail.example.org").unwrap()));
    }

    #[test]
    fn the_common_name_counts_only_where_no_alternative_name_is_of_a_server() {
        let host = Host::parse("mail.example.org").unwrap();
        let with = |sans: &[San], san_extensions| presented(sans, san_extensions).matches(&host, &[]);
        assert_eq!(with(&[], 0), HostMatch::NameOnlyInCn);
        assert_eq!(with(&[], 1), HostMatch::NameOnlyInCn);
        assert_eq!(with(&[], 2), HostMatch::Mismatch);
        let unclear = Presented { unclear: true, ..presented(&[], 1) };
        assert_eq!(unclear.matches(&host, &[]), HostMatch::Mismatch);
        let harmless = ["dirName:CN=x", "registeredID:1.2", "otherName:1.2.3", "email:ff"];
        for san in harmless.map(|text| San::Other(text.into())).into_iter().chain([San::Email("a@example.org".into())])
        {
            assert_eq!(with(std::slice::from_ref(&san), 1), HostMatch::NameOnlyInCn, "{san:?}");
        }
        for san in [
            San::Dns("*".into()),
            San::Ip("192.0.2.1".parse().unwrap()),
            San::Uri("https://mail.example.org".into()),
            San::Srv("_imaps.example.net".into()),
            San::Xmpp("a@example.org".into()),
            San::Other("dns:ff".into()),
            San::Other("ip:c0".into()),
            San::Other("uri:ff".into()),
            San::Other("srv:ff".into()),
            San::Other("xmpp:ff".into()),
            San::Other("unknown:ff".into()),
        ] {
            assert_eq!(with(&[San::Email("a@example.org".into()), san.clone()], 1), HostMatch::Mismatch, "{san:?}");
        }
        let named = [San::Dns("mail.example.org".into())];
        assert_eq!(with(&named, 1), HostMatch::Match);
        assert_eq!(with(&named, 2), HostMatch::Mismatch);
    }
}
