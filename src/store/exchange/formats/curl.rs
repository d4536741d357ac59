//! curl's configuration files (`.curlrc`, `curl -K`): `url` and `pinnedpubkey`, several requests separated by
//! `next`. A pin is a key's. Without a URL it counts for whatever URL curl is given on its command line.

use super::program::is_comment;
use super::settings::{fingerprints, kept, pin_each, unquoted};
use crate::endpoint::Endpoint;
use crate::store::exchange::found::{Found, each_line};
use crate::store::exchange::services;

pub(in crate::store::exchange) const NAME: &str = "the settings of curl";
const COMMENT: &str = "from the settings of curl";
/// URLs of one request.
const MAX_URLS: usize = 64;

/// What stands between two `next`.
#[derive(Debug, Default)]
struct Request {
    urls: Vec<(usize, String)>,
    pin: Option<(usize, String)>,
}

pub(in crate::store::exchange) fn marks(_: &str, line: &str) -> bool {
    option(line).0 == "pinnedpubkey"
}

/// Reads a file.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, given: Option<&Endpoint>) {
    let mut request = Request::default();
    each_line(data, found, |found, number, line| {
        let line = line.trim();
        if is_comment(line) {
            return;
        }
        let (name, value) = option(line);
        match name {
            "url" if request.urls.len() < MAX_URLS => request.urls.push((number, kept(value))),
            "url" => found.remark(number, "more URLs than one request has"),
            "pinnedpubkey" => request.pin = Some((number, value.to_owned())),
            "next" => take(found, std::mem::take(&mut request), given),
            _ => {}
        }
    });
    take(found, request, given);
}

fn take(found: &mut Found, request: Request, given: Option<&Endpoint>) {
    let Some((number, pin)) = request.pin else { return };
    if pin.is_empty() {
        return;
    }
    if !pin.to_ascii_lowercase().starts_with("sha") {
        return found.remark(number, "pinnedpubkey names a file with a public key; give the key's sha256// value");
    }
    let mut servers = Vec::new();
    for (at, url) in &request.urls {
        match place(found, url) {
            Ok(endpoint) => servers.push(endpoint),
            Err(why) => found.remark(*at, &why),
        }
    }
    if request.urls.is_empty() {
        servers.extend(given.cloned());
        if servers.is_empty() {
            let what = "pinnedpubkey counts for whatever URL curl is given; say which server it is meant for";
            found.remark(number, what);
        }
    }
    let prints = fingerprints(found, number, &pin);
    servers.iter().for_each(|endpoint| pin_each(found, endpoint, &prints, COMMENT));
}

/// `--name value`, `name = value`, `name: value` (curl's manual, `--config`).
fn option(line: &str) -> (&str, &str) {
    let line = line.trim_start_matches('-');
    let end = line.find(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).unwrap_or(line.len());
    let (name, value) = line.split_at_checked(end).unwrap_or((line, ""));
    let value = value.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | ':'));
    (name, unquoted(value.trim_end()))
}

/// The server of a URL.
fn place(found: &Found, url: &str) -> Result<Endpoint, String> {
    let (scheme, rest) = url.split_once("://").ok_or("a URL without a scheme, so that its port is not known")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        _ => (place, scheme),
    };
    if services::port(port).is_none() {
        let shown = crate::text::excerpt(scheme, 32);
        return Err(format!("the port of a URL of the scheme {shown} is not known"));
    }
    found.endpoint_at(host, port)
}
