//! getmail's `getmailrc`: a `[retriever]` with `type`, `server`, `port` and `ssl_fingerprints`, a tuple of
//! Python with the SHA-256 values of certificates.

use super::ini;
use super::settings::{fingerprints, kept, pin_each, unquoted};
use crate::endpoint::Endpoint;
use crate::store::exchange::found::Found;

pub(in crate::store::exchange) const NAME: &str = "the settings of getmail";
const COMMENT: &str = "from the settings of getmail";

#[derive(Debug, Default)]
struct Retriever {
    kind: String,
    server: String,
    port: String,
    prints: Vec<(usize, String)>,
}

impl Retriever {
    /// The ports that getmail's documentation gives for its types.
    fn default_port(&self) -> &'static str {
        let has = |part: &str| self.kind.contains(part);
        match (has("imap"), has("ssl")) {
            (true, true) => "993",
            (true, false) => "143",
            (false, true) => "995",
            (false, false) => "110",
        }
    }
}

pub(in crate::store::exchange) fn marks(section: &str, _: &str) -> bool {
    section == "retriever"
}

/// Reads a file.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, _: Option<&Endpoint>) {
    let mut retriever = Retriever::default();
    ini::settings(data, found, &['=', ':'], |_, setting| {
        if setting.section != "retriever" {
            return;
        }
        match setting.name.to_ascii_lowercase().as_str() {
            "type" => retriever.kind = unquoted(&setting.value).to_ascii_lowercase(),
            "server" => retriever.server = kept(unquoted(&setting.value)),
            "port" => retriever.port = kept(unquoted(&setting.value)),
            "ssl_fingerprints" => retriever.prints.push((setting.number, setting.value)),
            _ => {}
        }
    });
    let port = if retriever.port.is_empty() { retriever.default_port() } else { &retriever.port };
    for (number, tuple) in &retriever.prints {
        if retriever.server.is_empty() {
            found.remark(*number, "a fingerprint without a server");
            continue;
        }
        match found.endpoint_at(&retriever.server, port) {
            Ok(endpoint) => {
                let prints = tuple.trim_matches(|c: char| matches!(c, '(' | ')' | '[' | ']') || c.is_whitespace());
                let prints = fingerprints(found, *number, prints);
                pin_each(found, &endpoint, &prints, COMMENT);
            }
            Err(why) => found.remark(*number, &why),
        }
    }
}
