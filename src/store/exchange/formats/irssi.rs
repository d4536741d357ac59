//! irssi's `config`: `servers = ( { address = "HOST"; port = "6697"; tls_pinned_cert = "AB:CD…";
//! tls_pinned_pubkey = "…"; }, … );`. The values are SHA-256: of the certificate, and of the key.

use super::settings::{fingerprints, is_on, kept, pin_each};
use crate::endpoint::Endpoint;
use crate::fingerprint::Fingerprint;
use crate::store::exchange::found::Found;

pub(in crate::store::exchange) const NAME: &str = "the settings of irssi";
const COMMENT: &str = "from the settings of irssi";
/// The longest word that is kept, in bytes.
const MAX_WORD: usize = 4 * 1024;

#[derive(Debug, Default)]
struct Server {
    address: String,
    port: String,
    tls: bool,
    cert: Option<(usize, String)>,
    key: Option<(usize, String)>,
}

impl Server {
    /// Names that begin with `ssl_` are those of versions before 1.0.
    fn set(&mut self, name: &str, number: usize, value: String) {
        match name {
            "address" => self.address = kept(&value),
            "port" => self.port = kept(&value),
            "use_tls" | "use_ssl" => self.tls = is_on(&value) == Some(true),
            "tls_pinned_cert" | "ssl_pinned_cert" => self.cert = Some((number, value)),
            "tls_pinned_pubkey" | "ssl_pinned_pubkey" => self.key = Some((number, value)),
            _ => {}
        }
    }

    fn take(self, found: &mut Found) {
        let Some(number) = self.cert.as_ref().or(self.key.as_ref()).map(|(number, _)| *number) else { return };
        if self.address.is_empty() {
            return found.remark(number, "a fingerprint without a server");
        }
        let default_port = if self.tls { "6697" } else { "6667" };
        let port = Some(self.port.as_str()).filter(|port| !matches!(*port, "" | "0" | "-1")).unwrap_or(default_port);
        let endpoint = match found.endpoint_at(&self.address, port) {
            Ok(endpoint) => endpoint,
            Err(why) => return found.remark(number, &why),
        };
        if let Some((number, prints)) = &self.cert {
            let prints = fingerprints(found, *number, prints);
            pin_each(found, &endpoint, &prints, COMMENT);
        }
        if let Some((number, prints)) = &self.key {
            let prints = fingerprints(found, *number, prints);
            let keys: Vec<_> = prints.iter().map(|print| Fingerprint::Key(print.hash())).collect();
            pin_each(found, &endpoint, &keys, COMMENT);
        }
    }
}

pub(in crate::store::exchange) fn marks(_: &str, line: &str) -> bool {
    let servers = line.split_once('=').is_some_and(|(name, list)| {
        let list = list.trim_start();
        name.trim() == "servers" && (list.is_empty() || list.starts_with('('))
    });
    servers || line.contains("_pinned_cert =") || line.contains("_pinned_pubkey =")
}

/// A piece of the file.
#[derive(Debug)]
enum Token {
    Word(String),
    Mark(char),
}

/// Reads a file. Blocks inside a server's are passed over.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, _: Option<&Endpoint>) {
    let text = String::from_utf8_lossy(data);
    let mut tokens = Tokens { rest: &text, number: 1 };
    let (mut name, mut value) = (None, None);
    // The list of servers, and how many brackets are open in it.
    let (mut in_servers, mut depth) = (false, 0usize);
    let mut server = Server::default();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) if name.is_none() => name = Some(word),
            Token::Word(word) => value = Some(word),
            Token::Mark('(') if !in_servers && name.as_deref() == Some("servers") => {
                (in_servers, depth, name, value) = (true, 0, None, None);
            }
            Token::Mark('{' | '(') => {
                depth = depth.saturating_add(1);
                if in_servers && depth == 1 {
                    server = Server::default();
                }
                (name, value) = (None, None);
            }
            Token::Mark(mark @ ('}' | ')' | ';' | ',')) => {
                if let (true, 1, Some(name), Some(value)) = (in_servers, depth, name.take(), value.take()) {
                    server.set(&name, tokens.number, value);
                }
                (name, value) = (None, None);
                if !matches!(mark, '}' | ')') {
                    continue;
                }
                if in_servers && depth == 1 {
                    std::mem::take(&mut server).take(found);
                }
                in_servers &= depth > 0;
                depth = depth.saturating_sub(1);
            }
            Token::Mark(_) => {}
        }
    }
    server.take(found);
}

/// The words and marks of a file; comments are none.
struct Tokens<'a> {
    rest: &'a str,
    /// The line that was reached.
    number: usize,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            let c = self.step()?;
            match c {
                '#' => while self.step().is_some_and(|c| c != '\n') {},
                '"' => return Some(Token::Word(self.quoted())),
                '=' | ';' | ',' | '{' | '}' | '(' | ')' => return Some(Token::Mark(c)),
                c if c.is_whitespace() => {}
                c => return Some(Token::Word(self.plain(c))),
            }
        }
    }

    fn step(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        self.number = self.number.saturating_add(usize::from(c == '\n'));
        Some(c)
    }

    /// Up to the closing quote; a backslash takes the next character as it is.
    fn quoted(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.step().filter(|c| *c != '"') {
            let c = if c == '\\' { self.step().unwrap_or(c) } else { c };
            if word.len() < MAX_WORD {
                word.push(c);
            }
        }
        word
    }

    fn plain(&mut self, first: char) -> String {
        let mut word = String::from(first);
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | ';' | ',' | '{' | '}' | '(' | ')' | '"');
        while self.rest.chars().next().is_some_and(|c| !ends(c)) {
            let Some(c) = self.step().filter(|_| word.len() < MAX_WORD) else { continue };
            word.push(c);
        }
        word
    }
}
