//! Certificates as NeoMutt (`certificate_file`), isync (`CertificateFile`) and others keep them: PEM
//! blocks, or one certificate in DER. Nothing in them says what server they are for, but for the
//! `#H HOST` lines of NeoMutt, which name the host that a certificate of other names was accepted for.
//! So a host has to be given, and of several certificates only those for that host are taken. An
//! authority among them is never taken: no issuer pin is made unasked, and a certificate pin on an
//! authority would match nothing.

use crate::cert::{Cert, HostMatch, ParseError, SignatureCheck, pem_blocks};
use crate::endpoint::{Endpoint, Host};
use crate::store::error::StoreError;
use crate::store::exchange::found::{Found, Scope};
use crate::text::excerpt;

/// The note on pins made here.
const COMMENT: &str = "from a file of certificates";
/// What begins NeoMutt's lines for a certificate that it accepted for a host of another name.
const NAMED: &[u8] = b"#H ";
/// Hosts of such lines that a message lists.
const MAX_LISTED: usize = 8;

/// What stands below one `#H` line, or before the first.
struct Part<'a> {
    host: Option<String>,
    pem: &'a [u8],
}

/// Reads the blocks for a server. Those that cannot be used are remarks; data without any block is an error.
pub(in crate::store::exchange) fn read(data: &[u8], endpoint: &Endpoint) -> Result<Found, StoreError> {
    let mut found = Found::new(&Scope::new(&endpoint.account, 1));
    if let Ok(cert) = Cert::parse_der(data) {
        take(&mut found, 1, Ok(cert), endpoint, None, true);
        return Ok(found);
    }
    let alone = pem_blocks(data).take(2).count() == 1;
    let mut number = 0usize;
    for part in parts(data) {
        let mut host = part.host.as_deref();
        for block in pem_blocks(part.pem) {
            number = number.saturating_add(1);
            let cert = block.and_then(|der| Cert::parse_der(&der));
            take(&mut found, number, cert, endpoint, host.take(), alone);
        }
        if let Some(host) = host {
            let shown = excerpt(host, 80);
            found
                .remarks
                .add(|| format!("#H {shown}: the certificate that was accepted for it is not below that line"));
        }
    }
    if number == 0 {
        return Err(StoreError::Invalid { what: "import: no certificate in PEM was found".to_owned() });
    }
    Ok(found)
}

/// What to say where no server was given.
pub(in crate::store::exchange) fn without_host(data: &[u8]) -> String {
    let mut hosts: Vec<String> = parts(data).filter_map(|part| part.host).take(MAX_LISTED).collect();
    hosts.dedup();
    let mut what = "import: certificates do not say which server they are for; give its host and port".to_owned();
    if !hosts.is_empty() {
        let hosts: Vec<String> = hosts.iter().map(|host| excerpt(host, 80)).collect();
        what.push_str(&format!(" (the #H lines name {}, without the port)", hosts.join(", ")));
    }
    what
}

fn parts(data: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let pem = rest.take()?;
        let host = pem.strip_prefix(NAMED).map(|line| {
            let name = line.split(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
            String::from_utf8_lossy(name.get(..1024).unwrap_or(name)).into_owned()
        });
        // The next such line begins the next part.
        let next = pem.windows(4).skip(1).position(|w| w == b"\n#H ").map(|at| at.saturating_add(2));
        let (pem, after) = match next.and_then(|at| pem.split_at_checked(at)) {
            Some((pem, after)) => (pem, Some(after)),
            None => (pem, None),
        };
        rest = after;
        Some(Part { host, pem })
    })
}

fn take(
    found: &mut Found,
    number: usize,
    cert: Result<Cert, ParseError>,
    endpoint: &Endpoint,
    named: Option<&str>,
    alone: bool,
) {
    let read = cert.map_err(|e| e.to_string());
    match read.and_then(|cert| usable(&cert, endpoint, named, alone).map(|()| cert)) {
        Ok(cert) => found.pin_cert(endpoint, &cert, COMMENT),
        Err(why) => found.remarks.add(|| format!("certificate {number}: {why}")),
    }
}

/// Whether a certificate is taken, or why not. One that stands alone in its file is meant for the server,
/// whatever names it holds; one below a `#H` line for the host named there, and no other.
fn usable(cert: &Cert, endpoint: &Endpoint, named: Option<&str>, alone: bool) -> Result<(), String> {
    if let Some(named) = named {
        return match Host::parse(named) {
            Ok(host) if host == endpoint.host => Ok(()),
            _ => Err(format!("was accepted for {}; give that host to take it", excerpt(named, 80))),
        };
    }
    if matches!(cert.match_host(&endpoint.host), HostMatch::Match | HostMatch::NameOnlyInCn) {
        return Ok(());
    }
    if is_authority(cert) {
        return Err("is an authority's; an issuer pin is added by hand, if it is wanted".to_owned());
    }
    if alone {
        return Ok(());
    }
    let names = excerpt(&cert.host_names().join(", "), 120);
    Err(format!("is not for {} but for {names}", endpoint.host.as_str()))
}

/// A self-signed certificate is a server's own where it names one, or claims to sign no others but by
/// CA:TRUE, which `openssl req -x509` sets in all of them (docs/pitfalls.md#13 and #32). One that bears its own name as
/// its issuer's counts as self-signed where the signature is of an algorithm that cannot be checked here.
fn is_authority(cert: &Cert) -> bool {
    let may_sign = cert.key_usage().is_some_and(|usage| usage.contains(&"keyCertSign"));
    let unchecked =
        || cert.signed_by(cert) == SignatureCheck::Unsupported && cert.issuer().der() == cert.subject().der();
    let own = (cert.is_self_signed() || unchecked()) && (!cert.sans().is_empty() || !may_sign);
    cert.is_ca() && !own
}
