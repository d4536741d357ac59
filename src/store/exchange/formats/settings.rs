//! The settings of mail programs, as far as they say which server has which fingerprint: msmtp and mpop,
//! OfflineIMAP, fetchmail; of mbsync, where its certificates are. One [`Settings`] goes through a file
//! line by line; sections begin as the programs begin them, so that parts of several files in one are
//! read as well.

use std::collections::{BTreeSet, HashMap};

use super::fetchmail::fetchmail;
use super::program::heading;
use crate::endpoint::Endpoint;
use crate::fingerprint::{Fingerprint, parse_labelled};
use crate::store::exchange::found::Found;
use crate::store::tx::bounds::MAX_PINS;
use crate::store::tx::record::PinKind;

/// What stands before a fingerprint.
pub(in crate::store::exchange) const PRINTS: [&str; 3] = ["tls_fingerprint", "cert_fingerprint", "sslfingerprint"];
/// What begins lines that matter here.
pub(in crate::store::exchange) const KNOWN: [&str; 13] = [
    "account",
    "defaults",
    "poll",
    "skip",
    "server",
    "host",
    "remotehost",
    "port",
    "remoteport",
    "tls",
    "tls_starttls",
    "ssl",
    "via",
];
/// What else only such a file has: fetchmail's `set`, and the sections of mbsync's.
const MARKS: [&str; 5] = ["set", "imapaccount", "imapstore", "maildirstore", "channel"];
/// What begins a section.
const HEADINGS: [&str; 9] =
    ["account", "defaults", "poll", "skip", "server", "imapaccount", "imapstore", "maildirstore", "channel"];
/// What only msmtp's files have, and what only mpop's: the two programs share the rest.
const MSMTP: [&str; 9] = [
    "from",
    "from_full_name",
    "maildomain",
    "domain",
    "auto_from",
    "aliases",
    "logfile",
    "syslog",
    "undisclosed_recipients",
];
const MPOP: [&str; 8] =
    ["delivery", "uidls_file", "only_new", "keep", "killsize", "skipsize", "received_header", "pipelining"];
/// Names of settings that matter, of all programs.
const NAMES: [&str; 13] = [
    "host",
    "remotehost",
    "port",
    "remoteport",
    "tls",
    "tls_starttls",
    "ssl",
    "ssltype",
    "tlstype",
    "certificatefile",
    "tls_fingerprint",
    "cert_fingerprint",
    "sslfingerprint",
];
/// Accounts of msmtp that others can inherit from.
const MAX_ACCOUNTS: usize = 10_000;
/// Fingerprints of one section.
const MAX_PRINTS: usize = MAX_PINS;
/// The longest host, port or name that is kept, in bytes: more than any that is one.
const MAX_VALUE: usize = 1024;
/// Where systems keep the certificates of authorities, which are no server's.
const SYSTEM: [&str; 4] = ["/etc/ssl/", "/etc/pki/", "/usr/share/", "/usr/local/share/"];

/// The note on pins from such files.
pub(in crate::store::exchange) const COMMENT: &str = "from a fingerprint setting";

/// A fingerprint that was read, and its line.
pub(in crate::store::exchange) type Print = (usize, Fingerprint);

/// An account of msmtp or mpop; what is not said is inherited.
#[derive(Debug, Clone, Default)]
struct Msmtp {
    host: Option<String>,
    port: Option<String>,
    tls: Option<bool>,
    starttls: Option<bool>,
    print: Option<Print>,
}

impl Msmtp {
    fn inherit(&mut self, from: &Self) {
        self.host = from.host.clone().or(self.host.take());
        self.port = from.port.clone().or(self.port.take());
        self.tls = from.tls.or(self.tls);
        self.starttls = from.starttls.or(self.starttls);
        self.print = from.print.or(self.print);
    }

    /// msmtp(1): "The default is 25, unless TLS without STARTTLS is used, in which case it is 465"; mpop(1) says
    /// the same of 110 and 995.
    fn default_port(&self, pop: bool) -> &'static str {
        match (pop, self.tls == Some(true) && self.starttls == Some(false)) {
            (false, false) => "25",
            (false, true) => "465",
            (true, false) => "110",
            (true, true) => "995",
        }
    }
}

/// A server of another program.
#[derive(Debug, Default)]
pub(in crate::store::exchange) struct Server {
    pub(in crate::store::exchange) host: Option<String>,
    pub(in crate::store::exchange) port: Option<String>,
    /// Whether TLS begins with the first byte, where the program was told.
    pub(in crate::store::exchange) implicit: Option<bool>,
    pub(in crate::store::exchange) pop: bool,
    pub(in crate::store::exchange) prints: Vec<Print>,
}

#[derive(Debug)]
enum Section {
    /// Before any heading: lines as msmtp has them.
    Msmtp {
        name: Option<String>,
        defaults: bool,
        account: Msmtp,
    },
    OfflineImap {
        server: Server,
        goes_on: bool,
    },
    Fetchmail(Server),
    Mbsync {
        server: Server,
        file: Option<usize>,
    },
    Other,
}

/// A reading of such a file.
#[derive(Debug)]
pub(in crate::store::exchange) struct Settings {
    section: Section,
    defaults: Msmtp,
    accounts: HashMap<String, Msmtp>,
    /// Lines of fingerprints for which no host was named yet.
    waiting: BTreeSet<usize>,
    /// Whether accounts are of mpop; `None` where the file has marks of both programs.
    pop: Option<bool>,
    /// Whether a lone `defaults` is fetchmail's.
    fetchmail: bool,
    fetchmail_pop: bool,
}

/// What a whole file looks like, before it is read.
#[derive(Debug, Default)]
pub(in crate::store::exchange) struct Look {
    /// Settings of some program are in it.
    pub(in crate::store::exchange) settings: bool,
    /// Among them some that only these programs have.
    pub(in crate::store::exchange) known: bool,
    polls: bool,
    accounts: bool,
    msmtp: bool,
    mpop: bool,
}

impl Look {
    pub(in crate::store::exchange) fn at(&mut self, line: &str) {
        let line = line.trim();
        let mut words = words(line);
        let Some(first) = words.next() else { return };
        self.polls |= is_one(first, &["poll", "skip"]);
        self.accounts |= first == "account";
        let prints = is_one(first, &PRINTS) || words.any(|word| PRINTS.contains(&word));
        let section = heading(line).is_some_and(|name| {
            let kind = name.split_whitespace().next().unwrap_or_default();
            ["general", "Account", "Repository", "mbnames"].contains(&kind)
        });
        self.known |= prints || section || self.polls || self.accounts || is_one(first, &MARKS);
        self.known |= MSMTP.contains(&first) && first != "from" || MPOP.contains(&first);
        self.msmtp |= MSMTP.contains(&first);
        self.mpop |= MPOP.contains(&first);
        self.settings |= is_heading(line) || is_one(first, &KNOWN) || is_one(first, &MARKS) || prints;
    }
}

impl Settings {
    pub(in crate::store::exchange) fn new(look: &Look) -> Self {
        let section = Section::Msmtp { name: None, defaults: false, account: Msmtp::default() };
        let fetchmail = look.polls && !look.accounts;
        Self {
            section,
            defaults: Msmtp::default(),
            accounts: HashMap::new(),
            waiting: BTreeSet::new(),
            pop: (!(look.msmtp && look.mpop)).then_some(look.mpop),
            fetchmail,
            fetchmail_pop: false,
        }
    }

    /// Takes a line in; `false` for one that holds nothing that matters here.
    pub(in crate::store::exchange) fn line(&mut self, found: &mut Found, number: usize, line: &str) -> bool {
        let text = line.trim();
        if text.is_empty() {
            // An empty line ends a section of mbsync, and nothing else.
            if matches!(self.section, Section::Mbsync { .. }) {
                self.begin(found, Section::Other);
            }
            return true;
        }
        if self.heading(text).is_some() {
            // What the section before says may be inherited by this one.
            self.begin(found, Section::Other);
            self.section = self.heading(text).unwrap_or(Section::Other);
            if !matches!(self.section, Section::Fetchmail(_)) {
                return true;
            }
        }
        match &mut self.section {
            Section::Msmtp { account, .. } => msmtp(found, account, number, text),
            Section::OfflineImap { server, goes_on } => {
                if *goes_on && line.starts_with([' ', '\t']) {
                    prints(found, server, number, text);
                    return true;
                }
                offlineimap(found, server, goes_on, number, text)
            }
            Section::Fetchmail(server) => fetchmail(found, server, number, text),
            Section::Mbsync { server, file } => mbsync(server, file, number, text),
            Section::Other => false,
        }
    }

    /// The section that a line begins.
    fn heading(&self, line: &str) -> Option<Section> {
        if is_heading(line) {
            return Some(Section::OfflineImap { server: Server::default(), goes_on: false });
        }
        let mut words = words(line);
        let first = words.next().filter(|first| is_one(first, &HEADINGS))?;
        let lower = first.to_ascii_lowercase();
        let in_mbsync = matches!(self.section, Section::Mbsync { .. });
        match lower.as_str() {
            "imapaccount" | "imapstore" => Some(Section::Mbsync { server: Server::default(), file: None }),
            "maildirstore" | "channel" => Some(Section::Other),
            _ if in_mbsync => None,
            "poll" | "skip" | "server" if words.next().is_some() => {
                Some(Section::Fetchmail(Server { pop: self.fetchmail_pop, ..Server::default() }))
            }
            "defaults" if self.fetchmail || words.next().is_some() => Some(Section::Fetchmail(Server::default())),
            "defaults" if first == "defaults" => {
                let account = self.defaults.clone();
                Some(Section::Msmtp { name: None, defaults: true, account })
            }
            "account" if first == "account" => Some(self.account(line)),
            _ => None,
        }
    }

    /// `account NAME [: ACCOUNT[, ACCOUNT...]]`.
    fn account(&self, line: &str) -> Section {
        let rest = line.strip_prefix("account").unwrap_or_default();
        let (name, from) = rest.split_once(':').unwrap_or((rest, ""));
        let mut account = self.defaults.clone();
        for from in from.split(',').map(str::trim) {
            if let Some(from) = self.accounts.get(from) {
                account.inherit(from);
            }
        }
        Section::Msmtp { name: Some(kept(name.trim())), defaults: false, account }
    }

    fn begin(&mut self, found: &mut Found, section: Section) {
        match std::mem::replace(&mut self.section, section) {
            Section::Msmtp { name, defaults, account } => {
                match (&account.host, account.print) {
                    (_, Some((number, _))) if defaults => {
                        self.waiting.insert(number);
                    }
                    (Some(host), Some(print)) => {
                        let default_port = self.pop.map(|pop| account.default_port(pop));
                        match account.port.as_deref().or(default_port) {
                            Some(port) => pin(found, host, port, print),
                            None => found.remark(print.0, "no port, in a file with settings of both msmtp and mpop"),
                        }
                        self.waiting.remove(&print.0);
                    }
                    (None, Some((number, _))) => {
                        self.waiting.insert(number);
                    }
                    (_, None) => {}
                }
                if defaults {
                    self.defaults = account;
                    return;
                }
                if let Some(name) = name.filter(|_| self.accounts.len() < MAX_ACCOUNTS) {
                    self.accounts.insert(name, account);
                }
            }
            Section::OfflineImap { server, .. } => end_server(found, server),
            Section::Fetchmail(server) => {
                // `defaults` of fetchmail come before the servers.
                self.fetchmail_pop |= server.host.is_none() && server.pop;
                end_server(found, server);
            }
            Section::Mbsync { server, file } => {
                if let (Some(host), Some(number)) = (&server.host, file) {
                    let port = server.port.as_deref().unwrap_or(server.default_port());
                    if let Ok(endpoint) = found.endpoint_at(host, port) {
                        let place = Endpoint { account: Default::default(), ..endpoint };
                        let what = format!("CertificateFile names a file of certificates; import that one for {place}");
                        found.remark(number, &what);
                    }
                }
            }
            Section::Other => {}
        }
    }

    pub(in crate::store::exchange) fn end(mut self, found: &mut Found) {
        self.begin(found, Section::Other);
        self.waiting.iter().for_each(|number| found.remark(*number, "a fingerprint without a host"));
    }
}

impl Server {
    fn default_port(&self) -> &'static str {
        match (self.pop, self.implicit.unwrap_or(true)) {
            (true, true) => "995",
            (true, false) => "110",
            (false, true) => "993",
            (false, false) => "143",
        }
    }
}

pub(in crate::store::exchange) fn end_server(found: &mut Found, server: Server) {
    let port = server.port.as_deref().unwrap_or(server.default_port());
    for print in &server.prints {
        match &server.host {
            Some(host) => pin(found, host, port, *print),
            None => found.remark(print.0, "a fingerprint without a host"),
        }
    }
}

fn pin(found: &mut Found, host: &str, port: &str, (number, fingerprint): Print) {
    match found.endpoint_at(host, port) {
        Ok(endpoint) => pin_at(found, &endpoint, fingerprint, COMMENT),
        Err(why) => found.remark(number, &why),
    }
}

/// Programs that do not say what a fingerprint is of mean the certificate.
pub(in crate::store::exchange) fn pin_at(
    found: &mut Found,
    endpoint: &Endpoint,
    fingerprint: Fingerprint,
    comment: &'static str,
) {
    let kind = match fingerprint {
        Fingerprint::Key(_) => PinKind::Key,
        Fingerprint::Either(_) => PinKind::Certificate,
    };
    found.pin(endpoint, kind, fingerprint.hash(), 0, comment);
}

/// The fingerprints of a list, whatever separates them; what is none is remarked.
pub(in crate::store::exchange) fn fingerprints(found: &mut Found, number: usize, list: &str) -> Vec<Fingerprint> {
    let texts = list.split([',', ';', '|']).map(str::trim).filter(|text| !text.is_empty());
    let mut all = Vec::new();
    for text in texts {
        if all.len() >= MAX_PRINTS {
            found.remark(number, "more fingerprints than one server has");
            break;
        }
        all.extend(print(found, number, text).map(|(_, fingerprint)| fingerprint));
    }
    all
}

/// Pins each of these.
pub(in crate::store::exchange) fn pin_each(
    found: &mut Found,
    endpoint: &Endpoint,
    prints: &[Fingerprint],
    comment: &'static str,
) {
    prints.iter().for_each(|print| pin_at(found, endpoint, *print, comment));
}

/// `[Repository remote]`, but not the address in `[::1]:993 FINGERPRINT`.
pub(in crate::store::exchange) fn is_heading(line: &str) -> bool {
    line.starts_with('[') && line.ends_with(']')
}

/// Whether a word is one of these, in whatever case it is written.
fn is_one(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty())
}

/// The name of a setting that matters, in lower case, and what follows it, with or without `=` or `:`
/// between them, quotes taken off.
fn name_and_value(line: &str) -> Option<(String, &str)> {
    let end = line.find(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).unwrap_or(line.len());
    let (name, value) = line.split_at_checked(end).unwrap_or((line, ""));
    let value = value.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).trim_end();
    is_one(name, &NAMES).then(|| (name.to_ascii_lowercase(), unquoted(value)))
}

pub(in crate::store::exchange) fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

/// A value to keep. One that is cut is too long to be right in any case.
pub(in crate::store::exchange) fn kept(value: &str) -> String {
    let end = value.char_indices().map(|(at, _)| at).find(|at| *at > MAX_VALUE).unwrap_or(value.len());
    value.get(..end).unwrap_or_default().to_owned()
}

pub(in crate::store::exchange) fn is_on(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "" | "on" | "yes" | "true" | "1" => Some(true),
        "off" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// One fingerprint of a setting; what is none is remarked.
fn print(found: &mut Found, number: usize, text: &str) -> Option<Print> {
    match parse_labelled(text) {
        Ok(fingerprint) => Some((number, fingerprint)),
        Err(why) => {
            found.remark(number, &why.to_string());
            None
        }
    }
}

/// Several, separated by commas.
pub(in crate::store::exchange) fn prints(found: &mut Found, server: &mut Server, number: usize, text: &str) {
    for text in text.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        if server.prints.len() < MAX_PRINTS {
            server.prints.extend(print(found, number, text));
        } else {
            found.remark(number, "more fingerprints than one server has");
        }
    }
}

fn msmtp(found: &mut Found, account: &mut Msmtp, number: usize, line: &str) -> bool {
    let Some((name, value)) = name_and_value(line) else { return false };
    match name.as_str() {
        "host" | "remotehost" => account.host = Some(kept(value)),
        "port" | "remoteport" => account.port = Some(kept(value)),
        "tls" => account.tls = is_on(value),
        "tls_starttls" => account.starttls = is_on(value),
        name if PRINTS.contains(&name) => {
            account.print = if value.is_empty() { None } else { print(found, number, value) };
        }
        _ => return false,
    }
    true
}

fn offlineimap(found: &mut Found, server: &mut Server, goes_on: &mut bool, number: usize, line: &str) -> bool {
    *goes_on = false;
    let Some((name, value)) = name_and_value(line) else { return false };
    match name.as_str() {
        "remotehost" | "host" => server.host = Some(kept(value)),
        "remoteport" | "port" => server.port = Some(kept(value)),
        "ssl" => server.implicit = is_on(value),
        name if PRINTS.contains(&name) => {
            prints(found, server, number, value);
            *goes_on = true;
        }
        _ => return false,
    }
    true
}

/// `Host imaps:NAME` is how versions before 1.2 were told to begin with TLS.
fn mbsync_host(server: &mut Server, value: &str) {
    let (scheme, host) = value.split_once(':').unwrap_or(("", value));
    let implicit = match scheme.to_ascii_lowercase().as_str() {
        "imaps" => Some(true),
        "imap" => Some(false),
        _ => None,
    };
    server.host = Some(kept(if implicit.is_some() { host.trim_start_matches('/') } else { value }));
    server.implicit = implicit.or(server.implicit);
}

fn mbsync(server: &mut Server, file: &mut Option<usize>, number: usize, line: &str) -> bool {
    let Some((name, value)) = name_and_value(line) else { return false };
    match name.as_str() {
        "host" => mbsync_host(server, value),
        "port" => server.port = Some(kept(value)),
        "ssltype" | "tlstype" => server.implicit = Some(value.eq_ignore_ascii_case("IMAPS")),
        "certificatefile" if !SYSTEM.iter().any(|place| value.starts_with(place)) => *file = Some(number),
        _ => return false,
    }
    true
}
