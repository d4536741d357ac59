//! Name constraints (RFC 5280, section 4.2.1.10): whether a CA may issue for the names of a
//! certificate. webpki checks them too. This check also serves paths that webpki does not accept
//! (CA:TRUE leaves, self-issued CAs), and it knows directory names. A constraint that it does not
//! understand counts as violated.

use std::net::IpAddr;

use super::der::{OID, Reader, SEQUENCE, SET, parts};
use crate::cert::{Cert, ServerName};
use crate::endpoint::Host;

const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const DIRECTORY: u8 = 0xa4;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

const DOMAIN_COMPONENT: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

/// What IPv4-mapped IPv6 addresses begin with.
const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Subtrees read and comparisons of a name with one that a search may make, in all: eight times what
/// webpki allows itself, and still a few hundredths of a second.
pub(super) const MAX_COMPARISONS: usize = 2_000_000;

/// How a certificate fails the constraints above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Violation {
    /// This name is not permitted, or is excluded; raw text.
    Name(String),
    /// The constraints, or the names that they apply to, cannot be read.
    Unreadable,
    /// More comparisons than allowed.
    Budget,
}

/// The contents of a CA's nameConstraints extension, if it has one; empty, which [`check`] cannot
/// read, for one that is not written in DER.
pub(super) fn of(ca: &Cert) -> Option<&[u8]> {
    if !ca.extensions().iter().any(|e| e.name == Some("nameConstraints")) {
        return None;
    }
    let read = parts(ca.der()).and_then(|parts| parts.extension(NAME_CONSTRAINTS));
    Some(read.unwrap_or(&[]))
}

/// Whether a kind of name is one whose constraints webpki reads.
pub(super) fn is_host(kind: u8) -> bool {
    matches!(kind, DNS | IP)
}

/// Whether constraints speak of names that webpki refuses unread.
pub(super) fn names_more_than_hosts(constraints: &[u8]) -> bool {
    let any = |s: Subtrees<'_>| s.permitted.iter().chain(&s.excluded).any(|(kind, _)| !is_host(*kind));
    Subtrees::read(constraints).is_some_and(any)
}

/// Holds every name of `cert` against the constraints of a CA above it. `leaf`: the certificate is
/// the server's, whose CN is a server name where it has no alternative names.
pub(super) fn check(constraints: &[u8], cert: &Cert, leaf: bool, budget: &mut usize) -> Result<(), Violation> {
    let subtrees = Subtrees::read(constraints).ok_or(Violation::Unreadable)?;
    // Reading a subtree costs about as much as comparing with it.
    let read = subtrees.permitted.len().saturating_add(subtrees.excluded.len());
    *budget = budget.checked_sub(read).ok_or(Violation::Budget)?;
    if !cert.subject().is_empty() {
        let subject = Reader::new(cert.subject().der()).value(SEQUENCE).ok_or(Violation::Unreadable)?;
        subtrees.admit(DIRECTORY, subject, budget)?;
    }
    // RFC 5280, section 4.2.1.10, wants this where there are no alternative names; OpenSSL does it always.
    for address in cert.subject().attribute("emailAddress") {
        subtrees.admit(EMAIL, address.as_bytes(), budget)?;
    }
    let parts = parts(cert.der()).ok_or(Violation::Unreadable)?;
    let Some(names) = parts.extension(SUBJECT_ALT_NAME) else {
        return subtrees.admit_without_alternatives(cert, leaf, budget);
    };
    let mut names = Reader::new(names).enter(SEQUENCE).ok_or(Violation::Unreadable)?;
    while !names.at_end() {
        let name = names.next().ok_or(Violation::Unreadable)?;
        let value = if name.tag == DIRECTORY {
            Reader::new(name.value).value(SEQUENCE).ok_or(Violation::Unreadable)?
        } else {
            name.value
        };
        subtrees.admit(name.tag, value, budget)?;
    }
    // A CA that may issue only for some domains must not reach others through the name of one of
    // their services. RFC 4985 has separate constraints for such names, but no CA uses them.
    let presented = cert.server_names();
    if presented.only_in_cn && leaf {
        subtrees.admit_common_name(cert, budget)?;
    }
    for name in presented.names {
        if let ServerName::Srv { domain, .. } | ServerName::Xmpp(domain) = name {
            let host = Host::parse(&domain).map_err(|_| Violation::Name(domain))?;
            subtrees.admit(DNS, host.as_str().as_bytes(), budget)?;
        }
    }
    Ok(())
}

struct Subtrees<'a> {
    permitted: Vec<(u8, &'a [u8])>,
    excluded: Vec<(u8, &'a [u8])>,
}

impl<'a> Subtrees<'a> {
    fn read(constraints: &'a [u8]) -> Option<Self> {
        let mut both = Reader::new(constraints).enter(SEQUENCE)?;
        let permitted = both.enter(0xa0).map_or(Some(Vec::new()), Self::list)?;
        let excluded = both.enter(0xa1).map_or(Some(Vec::new()), Self::list)?;
        // RFC 5280 forbids constraints that constrain nothing, so the CA must have meant something
        // else.
        (both.at_end() && !(permitted.is_empty() && excluded.is_empty())).then_some(Self { permitted, excluded })
    }

    fn list(mut list: Reader<'a>) -> Option<Vec<(u8, &'a [u8])>> {
        let mut bases = Vec::new();
        while !list.at_end() {
            let mut subtree = list.enter(SEQUENCE)?;
            let base = subtree.next()?;
            let value = if base.tag == DIRECTORY { Reader::new(base.value).value(SEQUENCE)? } else { base.value };
            // minimum and maximum must be absent (RFC 5280, section 4.2.1.10).
            if !subtree.at_end() {
                return None;
            }
            bases.push((base.tag, value));
        }
        Some(bases)
    }

    /// The names of a certificate without alternative names that is written in DER: the CN of a leaf
    /// then names the server.
    fn admit_without_alternatives(&self, cert: &Cert, leaf: bool, budget: &mut usize) -> Result<(), Violation> {
        if cert.extensions().iter().any(|e| e.name == Some("subjectAltName")) {
            return Err(Violation::Unreadable);
        }
        if leaf { self.admit_common_name(cert, budget) } else { Ok(()) }
    }

    /// The CN, which names the server where no alternative name does.
    fn admit_common_name(&self, cert: &Cert, budget: &mut usize) -> Result<(), Violation> {
        let Some(name) = cert.subject().attribute("CN").pop() else { return Ok(()) };
        match name.parse() {
            Ok(IpAddr::V4(address)) => self.admit(IP, &address.octets(), budget),
            Ok(IpAddr::V6(address)) => self.admit(IP, &address.octets(), budget),
            Err(_) if is_dns(name.strip_prefix("*.").unwrap_or(&name).as_bytes()) => {
                self.admit(DNS, name.as_bytes(), budget)
            }
            // Not a name that a host can be matched with.
            Err(_) => Ok(()),
        }
    }

    fn admit(&self, kind: u8, name: &[u8], budget: &mut usize) -> Result<(), Violation> {
        let refused = || Violation::Name(shown(kind, name));
        for (_, base) in self.excluded.iter().filter(|(k, _)| *k == kind) {
            *budget = budget.checked_sub(1).ok_or(Violation::Budget)?;
            if covers(kind, base, name, false).ok_or_else(refused)? {
                return Err(refused());
            }
        }
        let mut constrained = false;
        for (_, base) in self.permitted.iter().filter(|(k, _)| *k == kind) {
            *budget = budget.checked_sub(1).ok_or(Violation::Budget)?;
            if covers(kind, base, name, true).ok_or_else(refused)? {
                return Ok(());
            }
            constrained = true;
        }
        if constrained { Err(refused()) } else { Ok(()) }
    }
}

/// Whether the subtree `base` covers `name` of the same kind. A wildcard stands for many names: for
/// a permitted subtree all of them must be covered (`all`), for an excluded one any is too many.
/// `None` where either cannot be understood.
fn covers(kind: u8, base: &[u8], name: &[u8], all: bool) -> Option<bool> {
    match kind {
        DNS => dns_covers(base, name, all),
        IP => ip_covers(base, name),
        DIRECTORY => directory_covers(base, name),
        EMAIL => {
            let (_, host) = split_last(name, b'@')?;
            if base.contains(&b'@') {
                let (local, domain) = split_last(base, b'@')?;
                return Some(split_last(name, b'@')?.0 == local && host.eq_ignore_ascii_case(domain));
            }
            Some(host_covers(base, host))
        }
        URI => Some(host_covers(base, uri_host(name)?)),
        _ => None,
    }
}

fn split_last(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|&b| b == separator)?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

/// RFC 5280's rule for mailboxes and URIs: a host means that host, a leading period its subdomains.
fn host_covers(base: &[u8], host: &[u8]) -> bool {
    if base.first() == Some(&b'.') { ends_with_ignoring_case(host, base) } else { host.eq_ignore_ascii_case(base) }
}

fn uri_host(uri: &[u8]) -> Option<&[u8]> {
    let after = uri.windows(3).position(|w| w == b"://").and_then(|at| uri.get(at.checked_add(3)?..))?;
    let authority = after.split(|b| matches!(b, b'/' | b'?' | b'#')).next()?;
    let host = authority.rsplit(|&b| b == b'@').next()?.split(|&b| b == b':').next()?;
    (!host.is_empty() && host.first() != Some(&b'[')).then_some(host)
}

fn ends_with_ignoring_case(text: &[u8], end: &[u8]) -> bool {
    text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Whether `name` is `base` or below it; a leading period in `base` leaves `base` itself out.
fn dns_below(base: &[u8], name: &[u8]) -> bool {
    match base.first() {
        None => true,
        Some(b'.') => name.len() > base.len() && ends_with_ignoring_case(name, base),
        Some(_) if name.len() == base.len() => name.eq_ignore_ascii_case(base),
        Some(_) => {
            let dot = name.len().checked_sub(base.len()).and_then(|at| at.checked_sub(1));
            dot.and_then(|at| name.get(at)) == Some(&b'.') && ends_with_ignoring_case(name, base)
        }
    }
}

fn is_dns(name: &[u8]) -> bool {
    let labels_fit = |name: &[u8]| name.split(|&b| b == b'.').all(|label| (1..=63).contains(&label.len()));
    name.len() <= 253
        && labels_fit(name)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn dns_covers(base: &[u8], name: &[u8], all: bool) -> Option<bool> {
    let plain_base = base.strip_prefix(b".").unwrap_or(base);
    if !plain_base.is_empty() && !is_dns(plain_base) {
        return None;
    }
    let Some(parent) = name.strip_prefix(b"*.") else {
        return is_dns(name).then(|| dns_below(base, name));
    };
    if !is_dns(parent) {
        return None;
    }
    // `*.parent` stands for every name one label below parent.
    let every = base.is_empty() || dns_below(plain_base, parent);
    if every || all {
        return Some(every);
    }
    let above = plain_base.iter().position(|&b| b == b'.').and_then(|at| plain_base.get(at.checked_add(1)?..));
    Some(base.first() != Some(&b'.') && above.is_some_and(|above| above.eq_ignore_ascii_case(parent)))
}

/// An IPv4-mapped address (RFC 4291, section 2.5.5.2) is also an IPv4 address. It is compared with
/// the subtrees of both families, and a subtree of mapped addresses covers IPv4 addresses.
fn ip_covers(base: &[u8], name: &[u8]) -> Option<bool> {
    let (address, mask) = base.split_at_checked(base.len() / 2)?;
    if address.len() != mask.len() || !matches!(address.len(), 4 | 16) || !matches!(name.len(), 4 | 16) {
        return None;
    }
    if !is_cidr(mask) {
        return None;
    }
    let inside = |((a, m), n): ((&u8, &u8), &u8)| a & m == n & m;
    let covered = |address: &[u8], mask: &[u8], name: &[u8]| {
        address.len() == name.len() && address.iter().zip(mask).zip(name).all(inside)
    };
    let mapped_base = address.strip_prefix(&MAPPED).zip(mask.strip_prefix(&[0xff; 12]));
    let name_v4 = name.strip_prefix(&MAPPED).unwrap_or(name);
    Some(
        covered(address, mask, name)
            || covered(address, mask, name_v4)
            || mapped_base.is_some_and(|(address, mask)| covered(address, mask, name_v4)),
    )
}

/// Whether a mask is ones, then zeros (RFC 4632).
fn is_cidr(mask: &[u8]) -> bool {
    let mut ended = false;
    mask.iter().all(|byte| {
        let fits = if ended { *byte == 0 } else { byte.leading_ones() == byte.count_ones() };
        ended |= *byte != 0xff;
        fits
    })
}

/// Whether the RDNs of `base` begin those of `name`.
fn directory_covers(base: &[u8], name: &[u8]) -> Option<bool> {
    let (mut base, mut name) = (Reader::new(base), Reader::new(name));
    while !base.at_end() {
        let wanted = base.take(SET)?;
        if name.at_end() {
            return Some(false);
        }
        let found = name.take(SET)?;
        if wanted.whole != found.whole && attributes(wanted.value)? != attributes(found.value)? {
            return Some(false);
        }
    }
    Some(true)
}

/// The attributes of an RDN in comparable form: the type, and the value with case and runs of
/// spaces levelled as in [`Name::same_as`](crate::cert::Name::same_as), or the unchanged value with
/// its tag.
fn attributes(rdn: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    const UTF8_STRING: u8 = 0x0c;
    const PRINTABLE_STRING: u8 = 0x13;
    const IA5_STRING: u8 = 0x16;
    let mut rdn = Reader::new(rdn);
    let mut all = Vec::new();
    while !rdn.at_end() {
        let mut attribute = rdn.enter(SEQUENCE)?;
        let kind = attribute.value(OID)?;
        let value = attribute.next()?;
        let is_text = match value.tag {
            UTF8_STRING | PRINTABLE_STRING => true,
            IA5_STRING => matches!(kind, DOMAIN_COMPONENT | EMAIL_ADDRESS),
            _ => false,
        };
        let level = match std::str::from_utf8(value.value) {
            Ok(text) if is_text => {
                let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
                words.join(" ").into_bytes()
            }
            _ => value.whole.to_vec(),
        };
        all.push((kind.to_vec(), level));
    }
    all.sort();
    Some(all)
}

fn shown(kind: u8, name: &[u8]) -> String {
    match kind {
        DNS | EMAIL | URI => String::from_utf8_lossy(name).into_owned(),
        IP => match (<[u8; 4]>::try_from(name), <[u8; 16]>::try_from(name)) {
            (Ok(v4), _) => IpAddr::from(v4).to_string(),
            (_, Ok(v6)) => IpAddr::from(v6).to_string(),
            _ => "an unreadable address".to_owned(),
        },
        DIRECTORY => "the subject's name".to_owned(),
        _ => "a name of another kind".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_subtrees_cover_what_rfc_5280_says() {
        for (base, name, permitted, excluded) in [
            ("example.com", "example.com", true, true),
            ("example.com", "MAIL.example.COM", true, true),
            ("example.com", "badexample.com", false, false),
            (".example.com", "example.com", false, false),
            (".example.com", "a.example.com", true, true),
            ("", "anything.example", true, true),
            ("example.com", "*.example.com", true, true),
            ("mail.example.com", "*.example.com", false, true),
            ("a.mail.example.com", "*.example.com", false, false),
            ("com", "*.example.com", true, true),
        ] {
            assert_eq!(dns_covers(base.as_bytes(), name.as_bytes(), true), Some(permitted), "{base} permits {name}");
            assert_eq!(dns_covers(base.as_bytes(), name.as_bytes(), false), Some(excluded), "{base} excludes {name}");
        }
        for (base, name) in
            [("*.example.com", "a.example.com"), ("example.com", "a b.example.com"), ("example.com", "*")]
        {
            assert_eq!(dns_covers(base.as_bytes(), name.as_bytes(), true), None, "{base} {name}");
        }
    }

    /// A CA that may issue for example.net alone names an XMPP service of example.org.
    #[test]
    fn service_names_are_under_the_constraints_of_their_domains() {
        let cert = &Cert::parse_pem(include_bytes!("../../tests/data/names/xmpp.pem")).unwrap()[0];
        let permitted = |domains: &[&str]| {
            let tlv = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
            let trees: Vec<u8> = domains.iter().flat_map(|d| tlv(SEQUENCE, &tlv(DNS, d.as_bytes()))).collect();
            check(&tlv(SEQUENCE, &tlv(0xa0, &trees)), cert, true, &mut 100)
        };
        assert_eq!(permitted(&["example.net", "example.org"]), Ok(()));
        assert_eq!(permitted(&["example.net"]), Err(Violation::Name("example.org".to_owned())));
    }

    #[test]
    fn address_subtrees_need_a_contiguous_mask() {
        assert_eq!(ip_covers(&[10, 0, 0, 0, 255, 0, 0, 0], &[10, 1, 2, 3]), Some(true));
        assert_eq!(ip_covers(&[10, 0, 0, 0, 255, 0, 0, 0], &[11, 1, 2, 3]), Some(false));
        assert_eq!(ip_covers(&[10, 0, 0, 0, 255, 0, 0, 0], &[0; 16]), Some(false));
        assert_eq!(ip_covers(&[10, 0, 0, 0, 255, 0, 255, 0], &[10, 1, 2, 3]), None);
        assert_eq!(ip_covers(&[10, 0, 0], &[10, 1, 2, 3]), None);
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address_too() {
        let mapped = |v4: [u8; 4]| [&MAPPED[..], &v4].concat();
        let v4_base = [10, 0, 0, 0, 255, 0, 0, 0];
        let mapped_base = [mapped([10, 0, 0, 0]), [&[0xff; 12][..], &[0xff, 0, 0, 0]].concat()].concat();
        for base in [&v4_base[..], &mapped_base] {
            assert_eq!(ip_covers(base, &mapped([10, 1, 2, 3])), Some(true));
            assert_eq!(ip_covers(base, &mapped([11, 1, 2, 3])), Some(false));
            assert_eq!(ip_covers(base, &[10, 1, 2, 3]), Some(true));
            assert_eq!(ip_covers(base, &[11, 1, 2, 3]), Some(false));
        }
        let everything = [0; 32];
        assert_eq!(ip_covers(&everything, &mapped([10, 1, 2, 3])), Some(true));
        assert_eq!(ip_covers(&everything, &[10, 1, 2, 3]), Some(false), "::/0 is about the other family");
    }

    #[test]
    fn domain_components_and_mail_addresses_in_directory_names_compare_without_case() {
        let tlv = |tag: u8, body: &[u8]| [&[tag, body.len() as u8], body].concat();
        let rdn = |oid: &[u8], value: &[u8]| tlv(SET, &tlv(SEQUENCE, &[tlv(OID, oid), tlv(0x16, value)].concat()));
        for oid in [DOMAIN_COMPONENT, EMAIL_ADDRESS] {
            assert_eq!(directory_covers(&rdn(oid, b"Example"), &rdn(oid, b"eXAMPLE")), Some(true));
            assert_eq!(directory_covers(&rdn(oid, b"Example"), &rdn(oid, b"examples")), Some(false));
        }
        assert_eq!(directory_covers(&rdn(&[0x55, 4, 3], b"A"), &rdn(&[0x55, 4, 3], b"a")), Some(false));
    }

    #[test]
    fn mailbox_and_uri_hosts_match_exactly_or_below_a_period() {
        assert_eq!(covers(EMAIL, b"example.com", b"a@EXAMPLE.com", true), Some(true));
        assert_eq!(covers(EMAIL, b"example.com", b"a@mail.example.com", true), Some(false));
        assert_eq!(covers(EMAIL, b".example.com", b"a@mail.example.com", true), Some(true));
        assert_eq!(covers(EMAIL, b"a@example.com", b"b@example.com", true), Some(false));
        assert_eq!(covers(URI, b"example.com", b"https://u@example.com:1/x", true), Some(true));
        assert_eq!(covers(URI, b"example.com", b"urn:x", true), None);
        assert_eq!(covers(0xa0, b"", b"", true), None);
    }
}
