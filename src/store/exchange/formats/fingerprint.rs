//! Fingerprints in lines of their own with a host, and in the settings of mail programs, of which
//! `settings.rs` knows how they are written. How a fingerprint is written is known to
//! [`crate::fingerprint`].

use super::program;
use super::settings::{COMMENT, Look, Settings, is_heading, pin_at};
use crate::endpoint::Endpoint;
use crate::fingerprint::{FingerprintError, parse_labelled};
use crate::store::exchange::found::{Found, Scope, each_line, lines};
use crate::store::exchange::import::UNRECOGNISED;
use crate::time::Timestamp;

/// What may stand before something that looks like a fingerprint and must never be taken for one.
const SECRETS: [&str; 5] = ["pass", "password", "remotepass", "user", "remoteuser"];

/// Reads a file of a program that is told as a whole; else `HOST[:PORT] FINGERPRINT` lines and the settings of
/// msmtp, mpop, OfflineIMAP, fetchmail and mbsync, which may be several files in one. Other
/// settings of such files pass in silence; what is about a server and holds no fingerprint that can be
/// used is remarked, and in a file without any setting so is every other line.
pub(in crate::store::exchange) fn read(
    data: &[u8],
    scope: &Scope,
    endpoint: Option<&Endpoint>,
    now: Timestamp,
) -> Found {
    let mut found = Found::new(scope);
    found.now = now;
    if let Some(program) = program::of(data) {
        found.read_as = program.name;
        (program.read)(data, &mut found, endpoint);
        return found;
    }
    let mut look = Look::default();
    for (_, line) in lines(data) {
        look.at(&String::from_utf8_lossy(line.unwrap_or_default()));
    }
    found.read_as = if look.known { "the settings of a mail program" } else { UNRECOGNISED };
    let mut settings = Settings::new(&look);
    each_line(data, &mut found, |found, number, line| {
        let text = line.trim();
        if text.starts_with('#') || text.starts_with(';') {
            return;
        }
        if let Some(print) = alone(line) {
            match endpoint {
                Some(endpoint) => add(found, number, Ok(endpoint.clone()), print),
                None if settings.line(found, number, line) => {}
                None => found.remark(number, "a fingerprint without a host"),
            }
            return;
        }
        let matters = settings.line(found, number, line);
        if matters || is_heading(text) {
            return;
        }
        if is_unknown_pin(text) {
            found.remark(number, "a fingerprint in a setting that is not known here");
        } else if !look.settings || names_a_server(text) {
            plain(found, number, text);
        }
    });
    settings.end(&mut found);
    found
}

/// A line that is a fingerprint, of any sort, and nothing else.
fn alone(line: &str) -> Option<&str> {
    let line = line.trim();
    let labelled = |label: &str| line.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(label));
    let labelled = ["sha", "md5", "pin"].into_iter().any(labelled);
    // An MD5 fingerprint has 32 digits.
    let whole = labelled || (line.len() >= 32 && !line.contains('='));
    if !whole {
        return None;
    }
    let is_one = matches!(
        parse_labelled(line),
        Ok(_) | Err(FingerprintError::Sha1 | FingerprintError::Md5 | FingerprintError::Longer(_))
    );
    is_one.then_some(line)
}

/// `NAME = FINGERPRINT`, where the name says that it is one.
fn is_unknown_pin(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.to_ascii_lowercase();
    let named = ["fingerprint", "pin", "sha256"].iter().any(|part| name.contains(part));
    named && !name.contains("pass") && looks_like_a_fingerprint(value.trim().trim_end_matches([';', ',']))
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
    const LABELS: [&str; 6] = ["sha256//", "pin-sha256=", "pin-sha256:", "sha256:", "sha1:", "md5:"];
    let text = text.trim_matches(['"', '\'']).to_ascii_lowercase();
    let hexadecimal = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts = text.split([':', ' ']).filter(|part| !part.is_empty());
    let (all, pairs) = parts.fold((0usize, 0usize), |(all, pairs), part| {
        (all.saturating_add(1), pairs.saturating_add(usize::from(part.len() == 2 && hexadecimal(part))))
    });
    LABELS.iter().any(|label| text.starts_with(label))
        || (all >= 3 && pairs.saturating_mul(2) > all && !text.contains("::"))
        || (text.len() >= 32 && hexadecimal(&text))
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
        Some(port) => {
            let endpoint = found.endpoint(host, port);
            add(found, number, endpoint, print);
        }
        None => found.remark(number, "the port is not a number"),
    }
}

fn add(found: &mut Found, number: usize, endpoint: Result<Endpoint, String>, print: &str) {
    match endpoint.and_then(|e| parse_labelled(print).map(|f| (e, f)).map_err(|e| e.to_string())) {
        Ok((endpoint, fingerprint)) => pin_at(found, &endpoint, fingerprint, COMMENT),
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
        let found = read(file.as_bytes(), &Scope::default(), None, 0);
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
            let found = read(file.as_bytes(), &Scope::default(), None, 0);
            assert!(found.remarks.len() == 0 && found.endpoints.is_empty(), "{file}{:?}", found.remarks);
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
                let found = read(format!("{before}{line}\n").as_bytes(), &Scope::default(), None, 0);
                let number = format!("line {}: ", before.lines().count() + 1);
                assert!(
                    found.remarks.len() == 1 && found.remarks.iter().all(|r| r.starts_with(&number)),
                    "{line}: {found:?}"
                );
            }
        }
        // Nothing but hosts is in this file, so that this can only be one.
        let file = format!("junk\nmore junk\nmailhost {hex}\n");
        assert_eq!(read(file.as_bytes(), &Scope::default(), None, 0).remarks.len(), 2);
    }
}
