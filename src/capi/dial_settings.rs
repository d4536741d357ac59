//! What the fields of a dial mean: text becomes the options of [`Dial`], each refused by name when it is
//! set. Connects to nothing.

use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{SocketType, sockopt};

use super::error::{Code, Failure};
use crate::endpoint::Host;
use crate::text::excerpt;
use crate::tls::{Address, Cancel, Dial, Limits, MAX_ADDRESSES, MAX_LIMIT, Protocol, Service, Sni};

/// A dial being built.
#[derive(Default)]
pub(super) struct Settings {
    dial: Dial,
    limits: Limits,
    /// Without a port, that of the endpoint counts.
    addresses: Vec<(Address, Option<NonZeroU16>)>,
}

impl Settings {
    /// Sets a field.
    pub(super) fn set(&mut self, field: &str, value: &str) -> Result<(), Failure> {
        let dial = std::mem::take(&mut self.dial);
        let limits = &mut self.limits;
        self.dial = match field {
            "starttls" if value == "no" => dial.service(Service::TLS),
            "starttls" => {
                let protocol = Protocol::parse(value).map_err(|e| Failure::invalid(format!("value: {e}")))?;
                dial.starttls(protocol)
            }
            "alpn" => dial.alpn(&names(value))?,
            "sni" if value.is_empty() => dial.sni(Sni::None),
            "sni" => dial.sni(Sni::Name(Host::parse(value)?)),
            "nonblock" => dial.nonblocking(yes(field, value)?),
            "address" => {
                self.add_address(value)?;
                dial
            }
            _ => {
                let limit = limit_of(limits, field)?;
                *limit = milliseconds(field, value)?;
                dial
            }
        };
        Ok(())
    }

    /// Takes a socket, in place of one taken before.
    pub(super) fn set_socket(&mut self, fd: OwnedFd) -> Result<(), Failure> {
        match sockopt::socket_type(&fd) {
            Ok(SocketType::STREAM) => {}
            Ok(_) => return Err(Failure::invalid("fd: not a stream socket")),
            Err(errno) => return Err(Failure::invalid(format!("fd: {}", std::io::Error::from(errno)))),
        }
        self.dial = std::mem::take(&mut self.dial).socket(fd);
        Ok(())
    }

    /// The dial for an endpoint with this port.
    pub(super) fn dial(self, port: NonZeroU16, cancel: &Cancel) -> Result<Dial, Failure> {
        let dial = self.dial.limits(self.limits)?.cancel(cancel);
        let addresses = self.addresses.into_iter();
        Ok(addresses.map(|(address, own)| address.with_port(own.unwrap_or(port).get())).fold(dial, Dial::address))
    }

    fn add_address(&mut self, value: &str) -> Result<(), Failure> {
        if self.addresses.len() >= MAX_ADDRESSES {
            return Err(Failure::new(Code::Limit, "dial.limit", format!("address: more than {MAX_ADDRESSES} of them")));
        }
        // A port stands behind the one colon of IPv4 or behind brackets.
        let split = value.rsplit_once(':').filter(|(host, _)| host.ends_with(']') || !host.contains(':'));
        let (host, port) = match split {
            Some((host, digits)) => {
                let port = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
                (host, Some(port.ok_or_else(|| refusal("an IP address for", "address", value))?))
            }
            None => (value, None),
        };
        let address = Address::parse(host).map_err(|error| Failure::invalid(format!("address: {error}")))?;
        self.addresses.push((address, port));
        Ok(())
    }
}

/// Protocol names between commas; an empty text is none.
fn names(value: &str) -> Vec<&[u8]> {
    if value.is_empty() { Vec::new() } else { value.split(',').map(str::as_bytes).collect() }
}

fn limit_of<'a>(limits: &'a mut Limits, field: &str) -> Result<&'a mut Duration, Failure> {
    Ok(match field {
        "connect-ms" => &mut limits.connect,
        "starttls-ms" => &mut limits.starttls,
        "handshake-ms" => &mut limits.handshake,
        "read-ms" => &mut limits.read,
        "write-ms" => &mut limits.write,
        "deadline-ms" => &mut limits.deadline,
        _ => return Err(Failure::invalid(format!("field: {} is not a field of a dial", excerpt(field, 80)))),
    })
}

fn milliseconds(field: &str, value: &str) -> Result<Duration, Failure> {
    let time = value.parse().ok().map(Duration::from_millis);
    let fits = time.filter(|time| !time.is_zero() && *time <= MAX_LIMIT);
    fits.ok_or_else(|| refusal("a number of milliseconds from 1 to a year for", field, value))
}

fn yes(field: &str, value: &str) -> Result<bool, Failure> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(refusal("\"yes\" or \"no\" for", field, value)),
    }
}

fn refusal(wanted: &str, field: &str, value: &str) -> Failure {
    Failure::invalid(format!("value: {} is not {wanted} {field}", excerpt(value, 80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(field: &str, value: &str) -> String {
        Settings::default().set(field, value).unwrap_err().message().to_owned()
    }

    #[test]
    fn an_address_has_the_endpoints_port_unless_it_names_one() {
        let mut settings = Settings::default();
        for address in
            ["192.0.2.1", "192.0.2.1:10993", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:10993", "[fe80::1%lo]:7"]
        {
            settings.set("address", address).unwrap();
        }
        let dial = settings.dial(NonZeroU16::new(993).unwrap(), &Cancel::new().unwrap()).unwrap();
        let shown = format!("{dial:?}");
        for address in [
            "192.0.2.1:993, 192.0.2.1:10993",
            "[2001:db8::1]:993, [2001:db8::1]:993, [2001:db8::1]:10993, [fe80::1%1]:7",
        ] {
            assert!(shown.contains(address), "{shown}");
        }
    }

    #[test]
    fn what_is_no_field_or_value_is_refused_by_name() {
        assert!(refused("colour", "red").contains("colour is not a field"));
        assert!(refused("starttls", "gopher\n").contains("gopher\\n"));
        assert!(refused("alpn", "imap,,h2").contains("alpn"));
        assert!(refused("sni", "*.example").contains("wildcard"));
        assert!(refused("nonblock", "maybe").contains("maybe"));
        for address in
            ["", "mail.example", "192.0.2.1:0", "192.0.2.1:65536", "[::1", "::1]:993", "fe80::1", "fe80::1%no:1"]
        {
            assert!(refused("address", address).contains("address"), "{address}");
        }
        for limit in ["connect-ms", "starttls-ms", "handshake-ms", "read-ms", "write-ms", "deadline-ms"] {
            for value in ["", "0", "-1", "1s", "31622400001", "99999999999999999999"] {
                assert!(refused(limit, value).contains(limit), "{limit} {value}");
            }
        }
    }

    #[test]
    fn every_field_takes_what_it_should() {
        let mut settings = Settings::default();
        for (field, value) in [
            ("starttls", "imap"),
            ("starttls", "no"),
            ("alpn", ""),
            ("alpn", "imap,h2"),
            ("sni", ""),
            ("sni", "other.example"),
            ("nonblock", "no"),
            ("connect-ms", "1"),
            ("deadline-ms", "31622400000"),
        ] {
            settings.set(field, value).unwrap();
        }
        for _ in 0..MAX_ADDRESSES {
            settings.set("address", "::1").unwrap();
        }
        assert_eq!(settings.set("address", "::1").unwrap_err().code(), Code::Limit);
    }

    #[test]
    fn a_socket_is_a_stream() {
        let (here, _there) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(Settings::default().set_socket(here.into()).is_ok());
        let datagrams = std::os::unix::net::UnixDatagram::unbound().unwrap();
        let refused = Settings::default().set_socket(datagrams.into()).unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::Invalid, "fd: not a stream socket"));
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(Settings::default().set_socket(file.into()).unwrap_err().message().starts_with("fd: "));
    }
}
