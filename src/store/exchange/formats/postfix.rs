//! Postfix's `smtp_tls_policy_maps`: `[HOST]:PORT fingerprint match=AB:CD…|EF:01…` on logical lines; and of a
//! `main.cf` the `relayhost` with `smtp_tls_fingerprint_cert_match`. Postfix compares a value with the
//! certificate and with the key, and does not say which it was made of: it is taken for both.

use super::program::is_comment;
use super::settings::{fingerprints, kept, pin_each};
use crate::endpoint::Endpoint;
use crate::fingerprint::Fingerprint;
use crate::store::exchange::found::{Found, each_line};

pub(in crate::store::exchange) const NAME: &str = "the TLS policy of Postfix";
const COMMENT: &str = "from the TLS policy of Postfix, for a certificate or a key";
/// The levels of a policy (postconf(5), `smtp_tls_policy_maps`).
const LEVELS: [&str; 9] =
    ["none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify", "secure", "half-dane"];
/// The parameter with the values that count where a policy has none.
const GENERAL: &str = "smtp_tls_fingerprint_cert_match";
/// The longest logical line, in bytes.
const MAX_LINE: usize = 64 * 1024;

pub(in crate::store::exchange) fn marks(_: &str, line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let policy = second == "fingerprint" && words.all(|word| word.contains('='));
    policy || first == GENERAL || first.strip_prefix(GENERAL).is_some_and(|rest| rest.starts_with('='))
}

/// What a `main.cf` says of its relay.
#[derive(Debug, Default)]
struct Main {
    relay: String,
    prints: Option<(usize, String)>,
}

/// Reads a file.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, _: Option<&Endpoint>) {
    let mut main = Main::default();
    let mut logical = (0, String::new());
    each_line(data, found, |found, number, line| {
        if is_comment(line.trim()) {
            return;
        }
        if line.starts_with([' ', '\t']) {
            if logical.1.len().saturating_add(line.len()) < MAX_LINE {
                logical.1.push_str(line);
            }
            return;
        }
        let (at, before) = std::mem::replace(&mut logical, (number, line.to_owned()));
        entry(found, &mut main, at, &before);
    });
    entry(found, &mut main, logical.0, &logical.1);
    if let Some((number, prints)) = main.prints {
        match place(found, &main.relay) {
            Ok(endpoint) => take(found, number, &endpoint, &prints),
            Err(why) => found.remark(number, &why),
        }
    }
}

fn entry(found: &mut Found, main: &mut Main, number: usize, line: &str) {
    if let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.trim().contains(char::is_whitespace)) {
        match name.trim() {
            "relayhost" => main.relay = kept(value.trim()),
            GENERAL if !value.trim().is_empty() => main.prints = Some((number, value.to_owned())),
            _ => {}
        }
        return;
    }
    let mut words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let (Some(destination), Some(level)) = (words.next(), words.next()) else { return };
    if level != "fingerprint" {
        if !LEVELS.contains(&level) {
            found.remark(number, "not a level of a TLS policy of Postfix");
        }
        return;
    }
    let prints: Vec<&str> = words.filter_map(|word| word.strip_prefix("match=")).collect();
    match place(found, destination) {
        Ok(_) if prints.is_empty() => {
            found.remark(number, &format!("no match= here; what counts is {GENERAL} of main.cf"));
        }
        Ok(endpoint) => prints.iter().for_each(|prints| take(found, number, &endpoint, prints)),
        Err(why) => found.remark(number, &why),
    }
}

/// The server of a destination. One without brackets is a mail domain, whose servers its MX records name.
fn place(found: &Found, destination: &str) -> Result<Endpoint, String> {
    let Some((host, rest)) = destination.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        let shown = crate::text::excerpt(destination, 80);
        return Err(match destination {
            "" => "main.cf has no relayhost that these fingerprints are for".to_owned(),
            _ => format!("{shown} is a mail domain, whose servers its MX records name; import a server as [HOST]:PORT"),
        });
    };
    let host = host.strip_prefix("ipv6:").or(host.strip_prefix("IPv6:")).unwrap_or(host);
    match rest.strip_prefix(':') {
        Some(port) => found.endpoint_at(host, port),
        None => found.endpoint(host, 25),
    }
}

fn take(found: &mut Found, number: usize, endpoint: &Endpoint, prints: &str) {
    for prints in prints.split(char::is_whitespace).filter(|prints| !prints.is_empty()) {
        for print in fingerprints(found, number, prints) {
            pin_each(found, endpoint, &[print, Fingerprint::Key(print.hash())], COMMENT);
        }
    }
}
