//! Does a certificate cover a host (RFC 9525)? Subject alternative names only; the common name is
//! looked at where there is no such extension at all, and then said to be the only one.

use std::net::IpAddr;

use super::{HostMatch, San, san};
use crate::endpoint::{Host, MAX_HOST};

/// What a certificate presents.
pub(super) struct Presented<'a> {
    pub(super) sans: &'a [San],
    /// The names behind the limit, as the extension holds them.
    pub(super) beyond: &'a [u8],
    /// How many subjectAltName extensions there are.
    pub(super) san_extensions: usize,
    /// The last, most specific common name.
    pub(super) common_name: Option<String>,
}

impl Presented<'_> {
    /// Holds what is presented against the host.
    pub(super) fn matches(&self, host: &Host) -> HostMatch {
        match self.san_extensions {
            0 => match &self.common_name {
                Some(name) if name_covers(name, host) || ip_text(name).is_some_and(|ip| host.ip() == Some(ip)) => {
                    HostMatch::NameOnlyInCn
                }
                _ => HostMatch::Mismatch,
            },
            1 if self.sans.iter().any(|san| covers(san, host)) => HostMatch::Match,
            1 if san::beyond(self.beyond).any(|san| covers(&san, host)) => HostMatch::Match,
            // Which of two extensions would count is anybody's guess (RFC 5280, section 4.2, allows one).
            _ => HostMatch::Mismatch,
        }
    }
}

fn covers(san: &San, host: &Host) -> bool {
    match san {
        San::Ip(address) => host.ip() == Some(*address),
        San::Dns(name) => name_covers(name, host),
        _ => false,
    }
}

fn ip_text(name: &str) -> Option<IpAddr> {
    name.parse().ok()
}

/// Whether a presented DNS name covers a host: equal without regard to ASCII case, or a wildcard
/// that is the whole left-most label and stands for exactly one label (RFC 9525, section 6.3).
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
    fn the_common_name_counts_only_without_any_san_extension() {
        let host = Host::parse("mail.example.org").unwrap();
        let with = |sans: &[San], san_extensions| {
            Presented { sans, beyond: &[], san_extensions, common_name: Some("mail.example.org".into()) }.matches(&host)
        };
        assert_eq!(with(&[], 0), HostMatch::NameOnlyInCn);
        assert_eq!(with(&[], 1), HostMatch::Mismatch);
        assert_eq!(with(&[San::Email("a@example.org".into())], 1), HostMatch::Mismatch);
        let named = [San::Dns("mail.example.org".into())];
        assert_eq!(with(&named, 1), HostMatch::Match);
        assert_eq!(with(&named, 2), HostMatch::Mismatch);
    }
}
