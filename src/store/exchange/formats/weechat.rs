//! WeeChat's `irc.conf`: `[server]` with `NAME.addresses = "HOST/PORT,…"` and `NAME.tls_fingerprint = "HEX,…"`
//! (`ssl_fingerprint` before version 4), and `[server_default]` for what a server does not say. A fingerprint is
//! a certificate's.

use std::collections::BTreeMap;

use super::ini;
use super::settings::{fingerprints, is_on, kept, pin_each, unquoted};
use crate::endpoint::Endpoint;
use crate::store::exchange::found::Found;

pub(in crate::store::exchange) const NAME: &str = "the settings of WeeChat";
const COMMENT: &str = "from the settings of WeeChat";
/// Servers of one file.
const MAX_SERVERS: usize = 1_000;

#[derive(Debug, Default)]
struct Server {
    addresses: Option<String>,
    tls: Option<bool>,
    /// Written by a version before 4, whose default port is 6667 with TLS as well.
    old: bool,
    prints: Option<(usize, String)>,
}

impl Server {
    fn set(&mut self, name: &str, number: usize, value: &str) {
        match name {
            "addresses" => self.addresses = Some(kept(value)),
            "tls" | "ssl" => self.tls = is_on(value),
            "tls_fingerprint" | "ssl_fingerprint" if value.is_empty() => {}
            "tls_fingerprint" | "ssl_fingerprint" => self.prints = Some((number, value.to_owned())),
            _ => return,
        }
        self.old |= name.starts_with("ssl");
    }
}

pub(in crate::store::exchange) fn marks(section: &str, line: &str) -> bool {
    let name = line.split_once('=').map_or(line, |(name, _)| name).trim();
    match section {
        "server_default" => matches!(name, "tls_fingerprint" | "ssl_fingerprint"),
        "server" => name.ends_with(".addresses") || name.ends_with("_fingerprint"),
        _ => false,
    }
}

/// Reads a file.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, _: Option<&Endpoint>) {
    let mut default = Server::default();
    let mut servers: BTreeMap<String, Server> = BTreeMap::new();
    ini::settings(data, found, &['='], |found, setting| {
        let value = unquoted(&setting.value);
        match setting.section.as_str() {
            "server_default" => default.set(&setting.name, setting.number, value),
            "server" => {
                let Some((name, option)) = setting.name.rsplit_once('.') else { return };
                if servers.len() < MAX_SERVERS || servers.contains_key(name) {
                    servers.entry(name.to_owned()).or_default().set(option, setting.number, value);
                } else {
                    found.remark(setting.number, "more servers than one file has");
                }
            }
            _ => {}
        }
    });
    if let (true, Some((number, _))) = (servers.is_empty(), &default.prints) {
        found.remark(*number, "a fingerprint without a server");
    }
    for server in servers.values() {
        take(found, server, &default);
    }
}

fn take(found: &mut Found, server: &Server, default: &Server) {
    let Some((number, prints)) = server.prints.as_ref().or(default.prints.as_ref()) else { return };
    let number = *number;
    let tls = server.tls.or(default.tls);
    let Some(addresses) = server.addresses.as_ref().or(default.addresses.as_ref()) else {
        return found.remark(number, "a fingerprint without a server");
    };
    if tls == Some(false) {
        return found.remark(number, "TLS is off for this server, so that its fingerprint is not looked at");
    }
    if prints.contains("${") {
        return found.remark(number, "an expression, which only WeeChat can evaluate");
    }
    let default_port = if server.old || default.old { "6667" } else { "6697" };
    let prints = fingerprints(found, number, prints);
    for address in addresses.split(',').map(str::trim).filter(|address| !address.is_empty()) {
        let (host, port) = address.rsplit_once('/').unwrap_or((address, default_port));
        match found.endpoint_at(host, port) {
            Ok(endpoint) => pin_each(found, &endpoint, &prints, COMMENT),
            Err(why) => found.remark(number, &why),
        }
    }
}
