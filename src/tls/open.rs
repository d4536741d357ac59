//! From a name to a session: the caller's socket, or a lookup and a connection. Used by
//! [`super::probe`] and [`super::connect`] alike.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::dial::{Dial, Sni};
use super::error::NetError;
use super::net::reach::reach;
use super::net::resolve::resolve;
use super::net::socket::Socket;
use super::net::wait::Watch;
use super::service::Service;
use super::session::{Plan, Session, Timings};
use super::witness::Purpose;
use crate::cert::KeyAlgorithm;
use crate::endpoint::Host;

/// A dial with its server: everything that a connection needs, more than once where that is needed.
#[derive(Clone)]
pub(super) struct Route<'a> {
    pub host: &'a Host,
    pub port: NonZeroU16,
    pub service: Service,
    sni: &'a Sni,
    alpn: &'a [Vec<u8>],
    purpose: Purpose,
    kinds: Option<&'a [KeyAlgorithm]>,
    addresses: &'a [SocketAddr],
    /// The overall deadline runs from here.
    pub watch: Watch,
}

impl<'a> Route<'a> {
    /// The route that a dial describes.
    pub fn new(host: &'a Host, port: NonZeroU16, dial: &'a Dial, purpose: Purpose) -> Self {
        Self {
            host,
            port,
            service: dial.service.unwrap_or_else(|| Service::of_port(port.get())),
            sni: &dial.sni,
            alpn: &dial.alpn,
            purpose,
            kinds: dial.kinds.as_deref(),
            addresses: &dial.addresses,
            watch: Watch::new(server(host, port), dial.limits, dial.cancel.clone()),
        }
    }

    /// The same route for a connection beside the first, which must not take longer than `most`.
    pub fn within(&self, most: Duration) -> Self {
        Self { watch: self.watch.within(most), ..self.clone() }
    }

    /// The caller's socket, or one connected by us.
    pub fn socket(&self, given: Option<OwnedFd>) -> Result<(Socket, Timings), NetError> {
        match given {
            Some(fd) => Ok((Socket::new(fd)?, Timings::default())),
            None => self.connect(None),
        }
    }

    /// Looks up and connects; `again` is the address of an earlier connection of this route.
    pub fn connect(&self, again: Option<SocketAddr>) -> Result<(Socket, Timings), NetError> {
        let until = self.watch.until(self.watch.limits.connect);
        let begun = Instant::now();
        let mut timings = Timings::default();
        let looked_up;
        let addresses = if again.is_some() {
            again.as_slice()
        } else if self.addresses.is_empty() {
            looked_up = resolve(self.host, self.port.get(), &self.watch, until)?;
            timings.resolve = self.host.ip().is_none().then(|| begun.elapsed());
            &looked_up
        } else {
            self.addresses
        };
        let begun = Instant::now();
        let fd = reach(addresses, &self.watch, until)?;
        timings.connect = Some(begun.elapsed());
        Ok((Socket::new(fd)?, timings))
    }

    /// Begins a session on a socket.
    pub fn begin(&self, socket: Socket, timings: Timings) -> Result<Session, NetError> {
        self.begin_with(socket, timings, self.kinds)
    }

    /// Begins a session that offers signatures by these kinds of keys alone.
    pub fn begin_with(
        &self,
        socket: Socket,
        timings: Timings,
        kinds: Option<&[KeyAlgorithm]>,
    ) -> Result<Session, NetError> {
        let (host, service, sni, alpn, purpose) = (self.host, self.service, self.sni, self.alpn, self.purpose);
        let plan = Plan { host, service, sni, alpn, purpose, kinds };
        Session::begin(socket, &plan, self.watch.clone(), timings)
    }

    /// The name that goes into a ClientHello.
    pub fn server_name(&self) -> Option<&Host> {
        let name = match self.sni {
            Sni::Host => Some(self.host),
            Sni::None => None,
            Sni::Name(name) => Some(name),
        };
        name.filter(|name| name.ip().is_none())
    }
}

/// How messages call a server.
pub(super) fn server(host: &Host, port: NonZeroU16) -> String {
    if host.as_str().contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
