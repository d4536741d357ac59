//! Fingerprints in the settings files of mail programs, and in lines of their own with a host. How a
//! fingerprint is written is known to [`crate::fingerprint`].

use super::Found;
use crate::endpoint::Endpoint;
use crate::fingerprint::{Fingerprint, FingerprintError, parse_labelled};
use crate::store::record::PinKind;

/// One server as a settings file builds it up, line by line.
#[derive(Debug, Default)]
struct Section {
    host: Option<String>,
    port: Option<u16>,
    default_port: u16,
    fingerprints: Vec<(usize, String)>,
}

/// Reads `HOST[:PORT] FINGERPRINT` lines and the settings of msmtp (`host`, `port`, `tls_fingerprint`),
/// OfflineIMAP (`remotehost`, `remoteport`, `cert_fingerprint`) and fetchmail (`poll`, `service` or `port`,
/// `sslfingerprint`).
pub(super) fn read(data: &[u8], endpoint: Option<&Endpoint>) -> Found {
    let mut found = Found::default();
    let mut section = Section { default_port: 465, ..Section::default() };
    for (index, line) in String::from_utf8_lossy(data).lines().enumerate() {
        let number = index.saturating_add(1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with(';') {
            continue;
        }
        let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || c == '=').filter(|w| !w.is_empty()).collect();
        if begins_section(line, &words) {
            end_section(&mut found, std::mem::take(&mut section));
            section.default_port = 993;
        }
        if let Some(print) = alone(line) {
            match endpoint {
                Some(endpoint) => add_to(&mut found, number, Ok(endpoint.clone()), print),
                None => found.remark(number, "a fingerprint without a host"),
            }
            continue;
        }
        if !is_heading(line) && !setting(&mut section, number, &words) {
            plain(&mut found, number, line);
        }
    }
    end_section(&mut found, section);
    found
}

/// A line that is a fingerprint, of any sort, and nothing else.
fn alone(line: &str) -> Option<&str> {
    let labelled = line.get(..3).is_some_and(|label| ["sha", "md5"].contains(&label.to_ascii_lowercase().as_str()));
    let whole = labelled || !line.contains('=');
    let is_one = matches!(parse_labelled(line), Ok(_) | Err(FingerprintError::Sha1 | FingerprintError::Md5));
    (whole && is_one).then_some(line)
}

/// `[Repository remote]`, but not the address in `[::1]:993 FINGERPRINT`.
fn is_heading(line: &str) -> bool {
    line.starts_with('[') && line.ends_with(']')
}

fn begins_section(line: &str, words: &[&str]) -> bool {
    is_heading(line) || matches!(words.first(), Some(&("account" | "defaults" | "poll" | "skip" | "server")))
}

/// Takes a line of settings in; `false` for one that holds none.
fn setting(section: &mut Section, number: usize, words: &[&str]) -> bool {
    let Some(first) = words.first() else { return true };
    let known = ["account", "defaults", "poll", "skip", "server", "host", "remotehost", "port", "remoteport"];
    let prints = ["tls_fingerprint", "cert_fingerprint", "sslfingerprint"];
    if !known.contains(first) && !prints.iter().any(|p| words.contains(p)) {
        // Another setting of such a file, not a host with its fingerprint.
        return words.len() > 2 || words.get(1).is_none_or(|w| w.len() < 32);
    }
    if matches!(*first, "account" | "defaults") {
        // msmtp's default is submission.
        section.default_port = 587;
        return true;
    }
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match *word {
            "poll" | "skip" | "server" | "host" | "remotehost" => {
                section.host = rest.next().map(|h| h.trim_matches('"').to_owned())
            }
            "port" | "remoteport" | "service" => section.port = rest.next().and_then(|p| p.parse().ok()),
            word if prints.contains(&word) => {
                let values = rest.next().map(|v| v.trim_matches('"')).unwrap_or_default();
                section.fingerprints.extend(values.split(',').map(|v| (number, v.to_owned())));
            }
            _ => {}
        }
    }
    true
}

fn end_section(found: &mut Found, section: Section) {
    for (number, text) in section.fingerprints {
        let port = section.port.unwrap_or(section.default_port);
        match &section.host {
            Some(host) => add(found, number, host, port, &text),
            None => found.remark(number, "a fingerprint without a host"),
        }
    }
}

fn plain(found: &mut Found, number: usize, line: &str) {
    let Some((place, print)) = line.split_once(char::is_whitespace) else {
        found.remark(number, "neither a setting nor a host with a fingerprint");
        return;
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        _ => (place, Some(993)),
    };
    match port {
        Some(port) => add(found, number, host, port, print),
        None => found.remark(number, "the port is not a number"),
    }
}

fn add(found: &mut Found, number: usize, host: &str, port: u16, print: &str) {
    add_to(found, number, Endpoint::parse("", host, port).map_err(|e| e.to_string()), print);
}

fn add_to(found: &mut Found, number: usize, endpoint: Result<Endpoint, String>, print: &str) {
    match endpoint.and_then(|e| parse_labelled(print).map(|f| (e, f)).map_err(|e| e.to_string())) {
        Ok((endpoint, fingerprint)) => {
            // Programs that say nothing mean the certificate.
            let kind = match fingerprint {
                Fingerprint::Key(_) => PinKind::Key,
                Fingerprint::Either(_) => PinKind::Certificate,
            };
            found.pin(endpoint, kind, fingerprint.hash(), 0, "from a fingerprint setting".to_owned());
        }
        Err(why) => found.remark(number, &why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    #[test]
    fn settings_of_mail_programs_are_understood() {
        let print = Hash::of(b"abc").colon_hex();
        let sha1 = vec!["AB"; 20].join(":");
        let file = format!(
            "defaults\ntls on\naccount work\nhost smtp.example\nport 465\ntls_fingerprint {print}\n\
             account home\nhost smtp.home.example\ntls_fingerprint {sha1}\n\
             [Repository remote]\ntype = IMAP\nremotehost = imap.example\nremoteport = 993\ncert_fingerprint = {print}\n\
             poll pop.example protocol pop3 port 995 sslfingerprint \"{print}\"\n\
             plain.example:143 {print}\n[::1]:993 {print}\n* {print}\n"
        );
        let found = read(file.as_bytes(), None);
        let endpoints: Vec<String> = found.endpoints.keys().map(ToString::to_string).collect();
        assert_eq!(
            endpoints,
            ["[::1]:993", "imap.example:993", "plain.example:143", "pop.example:995", "smtp.example:465"]
        );
        assert_eq!(found.remarks.len(), 2, "{:?}", found.remarks);
    }
}
