//! Mercurial's `hgrc`: `HOST:fingerprints = sha256:AB:CD…, sha256:…` in `[hostsecurity]`, and the older
//! `[hostfingerprints]`, whose values are SHA-1. A fingerprint is a certificate's and counts for every port of
//! the host; it is taken for that of `https`.

use super::ini;
use super::settings::{fingerprints, pin_each};
use crate::endpoint::{Endpoint, Host};
use crate::store::exchange::found::Found;

pub(in crate::store::exchange) const NAME: &str = "the settings of Mercurial";
/// Where Mercurial's repositories are (hg help urls).
const PORT: u16 = 443;
const COMMENT: &str = "from the settings of Mercurial";

pub(in crate::store::exchange) fn marks(section: &str, _: &str) -> bool {
    matches!(section, "hostsecurity" | "hostfingerprints")
}

/// Reads a file.
pub(in crate::store::exchange) fn read(data: &[u8], found: &mut Found, given: Option<&Endpoint>) {
    ini::settings(data, found, &['='], |found, setting| {
        let host = match setting.section.as_str() {
            "hostsecurity" => setting.name.strip_suffix(":fingerprints"),
            "hostfingerprints" => Some(setting.name.as_str()),
            _ => None,
        };
        let Some(host) = host else { return };
        if setting.value.is_empty() {
            return;
        }
        match found.endpoint(host, port(host, given)) {
            Ok(endpoint) => {
                let prints = fingerprints(found, setting.number, &setting.value);
                pin_each(found, &endpoint, &prints, COMMENT);
            }
            Err(why) => found.remark(setting.number, &why),
        }
    });
}

/// The port that the caller gave for this host.
fn port(host: &str, given: Option<&Endpoint>) -> u16 {
    let given = given.filter(|given| Host::parse(host).is_ok_and(|host| host == given.host));
    given.map_or(PORT, |given| given.port.get())
}
