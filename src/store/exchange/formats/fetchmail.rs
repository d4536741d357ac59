//! Lines of a `fetchmailrc`: words in any order and on any number of lines, some of which take the next
//! one for a value. What they say of a server goes into a [`Server`].

use super::settings::{KNOWN, PRINTS, Server, end_server, kept, prints};
use crate::store::exchange::found::Found;

/// Options of fetchmail whose value is of no use here and must not be taken for an option.
const WITH_VALUE: [&str; 20] = [
    "pass",
    "password",
    "mda",
    "bsmtp",
    "preconnect",
    "postconnect",
    "plugin",
    "plugout",
    "sslcert",
    "sslkey",
    "sslproto",
    "sslcommonname",
    "sslcertpath",
    "sslcertfile",
    "folder",
    "localname",
    "timeout",
    "interval",
    "smtphost",
    "auth",
];
/// Takes a line in; `false` for one that holds nothing that matters.
pub(in crate::store::exchange) fn fetchmail(found: &mut Found, server: &mut Server, number: usize, line: &str) -> bool {
    let mut tokens = tokens(line);
    let mut matters = false;
    while let Some(token) = tokens.next() {
        let lower = token.to_ascii_lowercase();
        let known = KNOWN.contains(&lower.as_str()) || PRINTS.contains(&lower.as_str());
        matters |= known;
        match lower.as_str() {
            "poll" | "skip" | "server" if server.host.is_none() => server.host = tokens.next().map(kept),
            "via" => server.host = tokens.next().map(kept),
            "port" | "service" => server.port = tokens.next().map(kept),
            "proto" | "protocol" => {
                let protocol = tokens.next().unwrap_or_default().to_ascii_lowercase();
                server.pop = protocol.contains("pop") || protocol == "sdps";
            }
            "user" | "username" => {
                tokens.next();
                end_user(found, server);
            }
            "ssl" => server.implicit = Some(true),
            name if PRINTS.contains(&name) => prints(found, server, number, tokens.next().unwrap_or_default()),
            name if WITH_VALUE.contains(&name) => {
                tokens.next();
            }
            _ => {}
        }
    }
    // Without `ssl` a user's connection begins in the clear.
    server.implicit = server.implicit.or(Some(false));
    matters
}

/// `ssl` and `sslfingerprint` are a user's, of whom a server may have several.
fn end_user(found: &mut Found, server: &mut Server) {
    let prints = std::mem::take(&mut server.prints);
    let (host, port, pop) = (server.host.clone(), server.port.clone(), server.pop);
    let implicit = std::mem::take(&mut server.implicit).or(Some(false));
    end_server(found, Server { host, port, implicit, pop, prints });
}

/// Words of fetchmail: quoted by one sort of quotes or the other, else up to a space, `=`, or a comment.
fn tokens(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | ',' | ';'));
        let first = rest.chars().next().filter(|c| *c != '#')?;
        if matches!(first, '"' | '\'') {
            let inside = rest.strip_prefix(first)?;
            let (token, after) = inside.split_once(first).unwrap_or((inside, ""));
            rest = after;
            return Some(token);
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | ',' | ';')).unwrap_or(rest.len());
        let (token, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(token)
    })
}
