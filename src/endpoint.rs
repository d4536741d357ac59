//! The server that a program talks to: account, host and port, each in one canonical spelling.
//! Everything that is compared or stored goes through these types. So `MAIL.example.` and
//! `mail.example` are the same server, and no control character can reach a record
//! (docs/pitfalls.md#4, #5 and #6).

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;

use thiserror::Error;

/// The longest host name in bytes, after conversion to A-labels (RFC 1035, section 2.3.4).
pub const MAX_HOST: usize = 253;
/// The longest account name in bytes.
pub const MAX_ACCOUNT: usize = 255;

/// A host, port or account that cannot be used, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// The host is not a name or address that a server can have.
    #[error("host {shown}: {reason}")]
    Host {
        /// The input, escaped and shortened for display.
        shown: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The port is 0.
    #[error("port 0: a server's port is between 1 and 65535")]
    Port,
    /// The account holds something that no account name may hold.
    #[error("account {shown}: {reason}")]
    Account {
        /// The input, escaped and shortened for display.
        shown: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Why a zone is refused, and what to do with it.
const ZONE: &str = "an IPv6 zone is not part of a host, as it means something on this machine only; \
                    name the host, and give the address with its zone as the one to connect to";

/// Why a host with a colon is refused that is not an IPv6 address.
fn colon(input: &str) -> &'static str {
    match input.split_once(':') {
        Some((_, rest)) if rest.starts_with("//") => "a URL; give the host alone",
        Some((_, port)) if port.parse::<u16>().is_ok() => "give the host alone, and the port as a number of its own",
        _ => "not a host name or an IPv6 address",
    }
}

/// A host: a DNS name as lower-case A-labels without a trailing dot, or an IP address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    name: String,
    ip: Option<IpAddr>,
}

impl Host {
    /// Reads a DNS name (U-labels are converted by IDNA, UTS 46), an IPv4 address, or an IPv6
    /// address with or without brackets. A trailing dot and letter case do not matter. Refused:
    /// empty names, wildcards, spaces, control characters, names over [`MAX_HOST`] bytes, IPv6
    /// zones (they mean something on one machine only) and numbers that some resolvers take for
    /// an address (`127.1`, `0x7f000001`).
    pub fn parse(input: &str) -> Result<Self, NameError> {
        if is_canonical(input) {
            return Ok(Self { name: input.to_owned(), ip: None });
        }
        let shown = || if input.is_empty() { "\"\"".to_owned() } else { crate::text::excerpt(input, 80) };
        let refuse = |reason| NameError::Host { shown: shown(), reason };
        // Four bytes of UTF-8 for each byte of an A-label is more than any name that fits needs.
        if input.len() > MAX_HOST.saturating_mul(4) {
            return Err(refuse("too long for a host name"));
        }
        if let Some(inner) = input.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or_else(|| refuse("the closing bracket is missing"))?;
            if inner.contains('%') {
                return Err(refuse(ZONE));
            }
            let address: Ipv6Addr = inner.parse().map_err(|_| refuse("not an IPv6 address in brackets"))?;
            return Ok(Self::from_ip(IpAddr::V6(address)));
        }
        if let Ok(address) = input.parse::<Ipv4Addr>() {
            return Ok(Self::from_ip(IpAddr::V4(address)));
        }
        if input.contains(':') {
            if input.contains('%') {
                return Err(refuse(ZONE));
            }
            let address: Ipv6Addr = input.parse().map_err(|_| refuse(colon(input)))?;
            return Ok(Self::from_ip(IpAddr::V6(address)));
        }
        Self::parse_dns(input).map_err(refuse)
    }

    fn parse_dns(input: &str) -> Result<Self, &'static str> {
        let ascii = if is_plain(input) { Cow::Borrowed(input) } else { Cow::Owned(to_ascii(input)?) };
        let name = ascii.strip_suffix('.').unwrap_or(&ascii);
        if name.is_empty() {
            return Err("empty");
        }
        if name.len() > MAX_HOST {
            return Err("too long for a host name");
        }
        for label in name.split('.') {
            check_label(label)?;
        }
        // RFC 1123, section 2.1: the top label is never all digits, so such a name is a
        // misspelt address, which resolvers read in different ways.
        let top = name.rsplit('.').next().unwrap_or(name);
        if top.bytes().all(|b| b.is_ascii_digit()) || looks_hexadecimal(top) {
            return Err("looks like an IPv4 address but is not one");
        }
        Ok(Self { name: name.to_owned(), ip: None })
    }

    /// An address as a host. An IPv4-mapped IPv6 address is the IPv4 address.
    pub fn from_ip(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { name: address.to_string(), ip: Some(address) }
    }

    /// The canonical text; IPv6 without brackets.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The address, if the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }
}

/// Whether one pass can tell that a name is canonical: labels of lower-case letters, digits and
/// hyphens, as nearly every server has. The last label begins with a letter, so that the name is
/// not an address. False if one pass cannot tell.
fn is_canonical(name: &str) -> bool {
    let plain = |label: &[u8]| {
        let [first, .., last] = label else { return label.first().is_some_and(u8::is_ascii_alphanumeric) };
        // Third and fourth hyphens mark A-labels, which have rules of their own (RFC 5890, section 2.3.1).
        (2..=63).contains(&label.len()) && *first != b'-' && *last != b'-' && label.get(2..4) != Some(b"--")
    };
    let (mut label, mut rest) = (0, name.as_bytes());
    if name.len() > MAX_HOST {
        return false;
    }
    while let Some(byte) = rest.get(label) {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => label = label.saturating_add(1),
            b'.' if rest.get(..label).is_some_and(plain) => {
                rest = rest.get(label.saturating_add(1)..).unwrap_or_default();
                label = 0;
            }
            _ => return false,
        }
    }
    plain(rest) && rest.first().is_some_and(u8::is_ascii_lowercase)
}

fn to_ascii(input: &str) -> Result<String, &'static str> {
    if input.contains('*') {
        return Err("a wildcard is not a host");
    }
    if input.chars().any(char::is_control) {
        return Err("contains a control character");
    }
    if input.chars().any(char::is_whitespace) {
        return Err("contains a space");
    }
    idna::domain_to_ascii(input).map_err(|_| "not a valid internationalised name")
}

/// Whether IDNA does not change a name: lower-case letters, digits, hyphens and dots, without the
/// prefix of A-labels (RFC 5890, section 2.3.1). Nearly every name of a server is like that.
fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    name.bytes().all(plain) && !name.split('.').any(|label| label.starts_with("xn--"))
}

fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("contains an empty label");
    }
    if label.len() > 63 {
        return Err("contains a label of more than 63 bytes");
    }
    if !label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_') {
        return Err("contains a character that host names cannot have");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("contains a label that begins or ends with a hyphen");
    }
    Ok(())
}

fn looks_hexadecimal(label: &str) -> bool {
    label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.name)
    }
}

/// The account that a trust decision belongs to; empty for programs that know no accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(String);

impl Account {
    /// Takes any text of up to [`MAX_ACCOUNT`] bytes without control characters. `*` means "any
    /// account", which only [`Account::any`] gives.
    pub fn parse(input: &str) -> Result<Self, NameError> {
        let refuse = |reason| NameError::Account { shown: crate::text::excerpt(input, 80), reason };
        if input.len() > MAX_ACCOUNT {
            return Err(refuse("more than 255 bytes"));
        }
        if input.chars().any(char::is_control) {
            return Err(refuse("contains a control character"));
        }
        if input == "*" {
            return Err(refuse("* means any account and cannot name one"));
        }
        Ok(Self(input.to_owned()))
    }

    /// Every account: a value of its own, set only by management calls and the system store.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// The account's name; empty for the unnamed one.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The scope of every trust decision. A pin of one endpoint never validates another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The host that the program meant to reach, not what the certificate says.
    pub host: Host,
    /// The TCP port.
    pub port: NonZeroU16,
    /// The account, empty by default.
    pub account: Account,
}

impl Endpoint {
    /// Reads the three parts; see [`Host::parse`] and [`Account::parse`] for what is refused.
    pub fn parse(account: &str, host: &str, port: u16) -> Result<Self, NameError> {
        Ok(Self {
            host: Host::parse(host)?,
            port: NonZeroU16::new(port).ok_or(NameError::Port)?,
            account: Account::parse(account)?,
        })
    }
}

/// The services whose usual port this is, by their names in the IANA registry and in SRV records (RFC
/// 6186, RFC 8314, RFC 5804, RFC 6120, XEP-0368): a certificate may name a service of a domain (RFC 4985).
pub fn usual_services(port: NonZeroU16) -> &'static [&'static str] {
    match port.get() {
        110 => &["pop3"],
        143 => &["imap"],
        389 => &["ldap"],
        465 => &["submissions"],
        587 => &["submission"],
        636 => &["ldaps"],
        993 => &["imaps"],
        995 => &["pop3s"],
        4190 => &["sieve"],
        5222 => &["xmpp-client"],
        5223 => &["xmpp-client", "xmpps-client"],
        5269 => &["xmpp-server"],
        5270 => &["xmpp-server", "xmpps-server"],
        _ => &[],
    }
}

impl fmt::Display for Endpoint {
    /// `host:port`, an IPv6 address in brackets, and the account in parentheses if there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.ip {
            Some(IpAddr::V6(_)) => write!(f, "[{}]:{}", self.host, self.port)?,
            _ => write!(f, "{}:{}", self.host, self.port)?,
        }
        if !self.account.0.is_empty() {
            write!(f, " (account {})", crate::text::escape(&self.account.0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_host_are_one_host() {
        for (input, canonical) in [
            ("MAIL.example", "mail.example"),
            ("mail.example.", "mail.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("[::1]", "::1"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("_imaps.example", "_imaps.example"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(Host::parse(input).unwrap().as_str(), canonical, "{input}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2048) })]

        #[test]
        fn idna_leaves_plain_names_as_they_stand(
            name in "[a-z0-9.-]{0,80}|[a-z0-9]{1,5}--[a-z0-9.-]{0,80}|([a-z0-9-]{0,70}[.]){0,20}|(xn|x|n)-{0,3}[a-z0-9.-]{0,20}",
        ) {
            if is_plain(&name) {
                prop_assert_eq!(to_ascii(&name), Ok(name));
            }
        }

        #[test]
        fn names_that_are_told_canonical_in_one_pass_are_so_by_every_rule(
            name in "[a-z0-9.-]{0,80}|([a-z0-9-]{0,70}[.]){0,20}[a-z0-9]{0,3}|(xn|x|n)-{0,3}[a-z0-9.-]{0,20}|[0-9.x]{1,15}",
        ) {
            if is_canonical(&name) {
                prop_assert!(name.parse::<Ipv4Addr>().is_err());
                prop_assert_eq!(to_ascii(&name), Ok(name.clone()));
                prop_assert_eq!(Host::parse_dns(&name), Ok(Host { name, ip: None }));
            }
        }
    }

    #[test]
    fn ordinary_names_are_told_canonical_in_one_pass() {
        for name in ["mail.example.org", "localhost", "a.b", "imap-1.x2.example", "1.example"] {
            assert!(is_canonical(name), "{name}");
        }
        for name in
            ["", ".", "a..b", "a.", "Mail.example", "a-.b", "-a.b", "127.1", "a.1", "xn--a.b", "a.0xff", "_a.b", "é.b"]
        {
            assert!(!is_canonical(name), "{name}");
        }
    }

    #[test]
    fn a_label_that_is_marked_as_converted_is_not_plain() {
        for marked in ["xn--bcher-kva.example", "a.xn--bcher-kva", "xn--", "xn--a.b"] {
            assert!(!is_plain(marked), "{marked}");
        }
        assert!(is_plain("axn--a.example") && is_plain("mail.example") && is_plain("127.1"));
        assert!(Host::parse("xn--a.example").is_err(), "not the A-label of anything");
    }

    #[test]
    fn what_is_no_host_is_refused_with_the_reason() {
        let long = "a.".repeat(127) + "example";
        for (input, reason) in [
            ("", "empty"),
            (".", "empty"),
            ("*", "wildcard"),
            ("*.example.org", "wildcard"),
            ("mail example", "space"),
            ("mail.example\nother", "control"),
            ("mail\0.example", "control"),
            ("a..b", "empty label"),
            ("-a.example", "hyphen"),
            ("127.1", "IPv4"),
            ("0x7f000001", "IPv4"),
            ("256.1.1.1", "IPv4"),
            ("[::1", "bracket"),
            ("fe80::1%eth0", "zone"),
            ("[fe80::1%eth0]", "zone"),
            ("mail.example:993", "the port as a number of its own"),
            ("imaps://mail.example", "a URL"),
            (&"a".repeat(64), "63"),
            (&long, "too long"),
            (&"x".repeat(1_000_000), "too long"),
        ] {
            let message = Host::parse(input).unwrap_err().to_string();
            assert!(message.contains(reason), "{input:?}: {message}");
            assert!(!message.contains('\n') && message.len() < 400, "{message:?}");
        }
    }

    #[test]
    fn endpoints_show_their_parts() {
        let shown = |a, h, p| Endpoint::parse(a, h, p).unwrap().to_string();
        assert_eq!(shown("", "mail.example", 993), "mail.example:993");
        assert_eq!(shown("", "::1", 993), "[::1]:993");
        assert_eq!(shown("ann", "mail.example", 993), "mail.example:993 (account ann)");
        assert_eq!(Endpoint::parse("", "mail.example", 0).unwrap_err(), NameError::Port);
        assert!(Endpoint::parse("*", "mail.example", 993).is_err());
        assert!(Endpoint::parse("a\nb", "mail.example", 993).is_err());
    }
}
