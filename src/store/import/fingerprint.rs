//! Fingerprints in the settings files of mail programs, and in lines of their own with a host. How a
//! fingerprint is written is known to [`crate::fingerprint`].

use super::Found;
use crate::endpoint::Endpoint;
use crate::fingerprint::{Fingerprint, FingerprintError, parse_labelled};
use crate::store::record::PinKind;

/// What begins lines of the settings files, as far as they matter here.
const KNOWN: [&str; 9] = ["account", "defaults", "poll", "skip", "server", "host", "remotehost", "port", "remoteport"];
/// What stands before a fingerprint in them.
const PRINTS: [&str; 3] = ["tls_fingerprint", "cert_fingerprint", "sslfingerprint"];
/// What else only such a file has: fetchmail's `set`, and the sections of isync's.
const MARKS: [&str; 5] = ["set", "imapaccount", "imapstore", "maildirstore", "channel"];
/// What may stand before something that looks like a fingerprint and must never be taken for one.
const SECRETS: [&str; 5] = ["pass", "password", "remotepass", "user", "remoteuser"];

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
/// `sslfingerprint`). Other settings of such files pass in silence; what is about a server and holds no
/// fingerprint that can be used is remarked, and in a file without any setting so is every other line.
pub(super) fn read(data: &[u8], endpoint: Option<&Endpoint>) -> Found {
    let mut found = Found::default();
    let mut section = Section { default_port: 465, ..Section::default() };
    let text = String::from_utf8_lossy(data);
    let settings = text.lines().any(is_setting);
    for (index, line) in text.lines().enumerate() {
        let number = index.saturating_add(1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with(';') {
            continue;
        }
        let words = words(line);
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
        if !is_heading(line) && !setting(&mut section, number, &words) && (!settings || names_a_server(line)) {
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

fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty()).collect()
}

/// A line as only a settings file has it.
fn is_setting(line: &str) -> bool {
    let words = words(line);
    let first = words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    is_heading(line.trim())
        || KNOWN.contains(&first.as_str())
        || MARKS.contains(&first.as_str())
        || words.iter().any(|word| PRINTS.contains(word))
}

/// A line among settings that is none of them: it begins with a host, or holds what was meant as a fingerprint.
fn names_a_server(line: &str) -> bool {
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let is_host = first.chars().all(|c| c.is_alphanumeric() || ".:-_[]*%".contains(c))
        && (first.contains(['.', ':']) || ["*", "localhost"].contains(&first));
    let meant = looks_like_a_fingerprint(rest.trim()) || looks_like_a_fingerprint(line);
    is_host || (meant && !SECRETS.contains(&first.to_ascii_lowercase().as_str()))
}

/// Whether somebody meant it as one, however short or mistyped it is: a label, pairs of digits with colons, or a
/// long row of digits. An IPv6 address is none.
fn looks_like_a_fingerprint(text: &str) -> bool {
    const LABELS: [&str; 5] = ["sha256//", "pin-sha256=", "sha256:", "sha1:", "md5:"];
    let text = text.trim_matches('"').to_ascii_lowercase();
    let hexadecimal = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts = text.split([':', ' ']).filter(|part| !part.is_empty());
    let (all, pairs) = parts.fold((0usize, 0usize), |(all, pairs), part| {
        (all.saturating_add(1), pairs.saturating_add(usize::from(part.len() == 2 && hexadecimal(part))))
    });
    LABELS.iter().any(|label| text.starts_with(label))
        || (all >= 3 && pairs.saturating_mul(2) > all && !text.contains("::"))
        || (text.len() >= 32 && hexadecimal(&text))
}

/// Takes a line of settings in; `false` for one that holds none of those that matter.
fn setting(section: &mut Section, number: usize, words: &[&str]) -> bool {
    let Some(first) = words.first() else { return true };
    if !KNOWN.contains(first) && !PRINTS.iter().any(|p| words.contains(p)) {
        return false;
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
            word if PRINTS.contains(&word) => {
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
        match parse_labelled(line) {
            Err(why) if looks_like_a_fingerprint(line) => found.remark(number, &why.to_string()),
            _ => found.remark(number, "neither a setting nor a host with a fingerprint"),
        }
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

    #[test]
    fn other_settings_of_mail_programs_pass_in_silence() {
        let secret = "0123456789abcdef".repeat(4);
        let files = [
            "defaults\nauth scram-sha-256\ntls on\ntls_trust_file /etc/ssl/certs/ca-certificates.crt\nlogfile ~/.msmtp.log\n\
             account work\nhost smtp.example\nport 587\nfrom joe@mail.example\nsource_ip 2001:db8::12\n\
             passwordeval \"gpg --no-tty -q -d ~/.msmtp-password.gpg\"\ntls_min_dh_prime_bits 1024\naccount default : work\n"
                .to_owned(),
            "IMAPAccount work\nHost imap.example\nTimeout 60\nAuthMechs CRAM-MD5\nSSLType IMAPS\n\
             CertificateFile /etc/ssl/certs/ca-certificates.crt\n\nIMAPStore far\nAccount work\n\nChannel mail\n\
             Far :far:\nNear :near:\nPatterns * !Junk\nSync All\n"
                .to_owned(),
            format!(
                "[general]\naccounts = Work\n[Repository Remote]\ntype = IMAP\nremotehost = imap.example\n\
                 remoteuser = joe@mail.example\nremotepass = {secret}\nssl = yes\n\
                 sslcacertfile = /etc/ssl/certs/ca-certificates.crt\nstartdate = 2026-11-23\n\
                 folderfilter = lambda name: name in [\n  'INBOX', 'Sent']\n"
            ),
            format!(
                "set daemon 300\nset logfile /var/log/fetchmail.log\npoll pop.example protocol pop3\n\
                 user \"joe\" there with password \"x\" is joe here\npassword {secret}\nkeep\nssl\nsslproto TLS1.2+\n"
            ),
        ];
        for file in files {
            let found = read(file.as_bytes(), None);
            assert!(found.remarks.is_empty() && found.endpoints.is_empty(), "{file}{:?}", found.remarks);
        }
    }

    #[test]
    fn a_fingerprint_that_cannot_be_used_is_reported_with_its_line() {
        let hex = Hash::of(b"abc").hex();
        let bad = [
            "host.example 12:34:56".to_owned(),
            format!("host.example {}", &hex[..62]),
            format!("host.example {hex}00"),
            format!("host.example {}O", &hex[..63]),
            "host.example junk".to_owned(),
            "host.example".to_owned(),
            "host.example = 12:34:56".to_owned(),
            "mailhost 12:34:5O:78".to_owned(),
            "12:34:56".to_owned(),
            "host.example sha256//AAAA".to_owned(),
            format!("host.example:imaps {hex}"),
        ];
        let settings = "account work\nhost smtp.example\ntls on\n";
        for line in &bad {
            for before in ["", settings] {
                let found = read(format!("{before}{line}\n").as_bytes(), None);
                let number = format!("line {}: ", before.lines().count() + 1);
                assert!(found.remarks.len() == 1 && found.remarks[0].starts_with(&number), "{line}: {found:?}");
            }
        }
        // Nothing but hosts is in this file, so that this can only be one.
        assert_eq!(read(format!("junk\nmore junk\nmailhost {hex}\n").as_bytes(), None).remarks.len(), 2);
    }
}
