//! An IP address as a person types it, to connect to instead of looking a name up: `192.0.2.1`,
//! `2001:db8::1`, `[2001:db8::1]`, and link-local ones with the zone that they need, `fe80::1%eth0`
//! (RFC 4007, section 11). A zone means something on this machine only, so it is never part of an endpoint.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
use thiserror::Error;

/// The longest text that is looked at, in bytes: an address, a zone and brackets.
const MAX_ADDRESS: usize = 80;

/// An IP address and, for a link-local one, the interface on which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    ip: IpAddr,
    /// The number of the interface; 0 for none.
    interface: u32,
}

/// A text that is not an address to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{shown}: {why}")]
pub struct AddressError {
    /// The input, escaped and shortened for display.
    shown: String,
    /// What is wrong with it.
    why: String,
}

impl Address {
    /// Reads an address. A zone is the name of an interface of this machine, or its number.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let refuse = |why: String| AddressError { shown: crate::text::excerpt(text, MAX_ADDRESS), why };
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let (address, zone) = match bare.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (bare, None),
        };
        let ip: IpAddr = address.parse().map_err(|_| refuse("not an IP address".to_owned()))?;
        let needs_zone = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        match zone {
            None if needs_zone => {
                Err(refuse("a link-local address needs the interface that it is on, as in fe80::1%eth0".to_owned()))
            }
            None => Ok(Self { ip, interface: 0 }),
            Some(_) if !needs_zone => Err(refuse("only a link-local IPv6 address (fe80::...) has a zone".to_owned())),
            Some(zone) => {
                let interface = interface(zone).ok_or_else(|| {
                    refuse(format!("this machine has no network interface {}", crate::text::excerpt(zone, 40)))
                })?;
                Ok(Self { ip, interface })
            }
        }
    }

    /// The address without its zone.
    pub fn ip(self) -> IpAddr {
        self.ip
    }

    /// Where to connect to.
    pub fn with_port(self, port: u16) -> SocketAddr {
        match self.ip {
            IpAddr::V4(ip) => (ip, port).into(),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, port, 0, self.interface).into(),
        }
    }
}

/// The number of an interface, of which the name or the number is given.
fn interface(zone: &str) -> Option<u32> {
    if !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_digit()) {
        return zone.parse().ok().filter(|number| *number != 0);
    }
    // The kernel has names of up to 15 bytes (IFNAMSIZ, with the final NUL).
    if zone.is_empty() || zone.len() > 15 || zone.contains('\0') {
        return None;
    }
    let any = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None).ok()?;
    netdevice::name_to_index(&any, zone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_usual_form() {
        for (text, with_port) in [
            ("192.0.2.1", "192.0.2.1:993"),
            ("2001:db8::1", "[2001:db8::1]:993"),
            ("[2001:db8::1]", "[2001:db8::1]:993"),
            ("fe80::1%lo", "[fe80::1%1]:993"),
            ("[fe80::1%lo]", "[fe80::1%1]:993"),
            ("fe80::1%7", "[fe80::1%7]:993"),
        ] {
            assert_eq!(Address::parse(text).unwrap().with_port(993).to_string(), with_port, "{text}");
        }
        assert_eq!(Address::parse("fe80::1%lo").unwrap().ip().to_string(), "fe80::1");
    }

    #[test]
    fn what_cannot_be_connected_to_is_refused_and_named() {
        for (text, why) in [
            ("", "not an IP address"),
            ("mail.example", "mail.example: not an IP address"),
            ("fe80::1", "needs the interface"),
            ("[fe80::1]", "needs the interface"),
            ("fe80::1%", "no network interface"),
            ("fe80::1%0", "no network interface 0"),
            ("fe80::1%nosuch0", "no network interface nosuch0"),
            ("fe80::1%a-name-that-is-too-long", "no network interface"),
            ("fe80::1%\u{1b}", "\\x1B"),
            ("2001:db8::1%lo", "only a link-local"),
            ("192.0.2.1%lo", "only a link-local"),
            ("[192.0.2.1", "not an IP address"),
            ("fe80::1%99999999999", "no network interface"),
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
