//! How one connection is to be made: options, time limits and the switch that cancels it. It knows
//! nothing about the answers of a server.

use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::EventfdFlags;

use super::error::NetError;
use super::service::Service;
use super::starttls::Protocol;
use crate::cert::KeyAlgorithm;
use crate::endpoint::Host;

/// The longest time limit that is taken, so that no sum of two overflows: a year.
pub const MAX_LIMIT: Duration = Duration::from_secs(366 * 24 * 3600);
/// How many addresses are tried at most: each attempt under way holds a descriptor.
pub const MAX_ADDRESSES: usize = 32;
/// How many ALPN names are offered at most.
const MAX_ALPN: usize = 16;

/// Time limits. Each is for one step; `deadline` is for all steps up to the finished handshake together,
/// because a server that drips one byte at a time satisfies every limit for a single read (docs/pitfalls.md#33a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Looking up the name and connecting; default 15 s.
    pub connect: Duration,
    /// The dialogue before TLS; default 15 s.
    pub starttls: Duration,
    /// The handshake; default 15 s.
    pub handshake: Duration,
    /// One read of a connection that waits for data; default 5 min, as mail servers are quiet for long.
    pub read: Duration,
    /// One write; default 60 s.
    pub write: Duration,
    /// Everything up to the finished handshake; default 30 s.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(15),
            starttls: seconds(15),
            handshake: seconds(15),
            read: seconds(300),
            write: seconds(60),
            deadline: seconds(30),
        }
    }
}

/// Which name is sent to the server in the clear (SNI, RFC 6066, section 3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sni {
    /// The host, where it is a name.
    #[default]
    Host,
    /// None.
    None,
    /// Sends another name. The certificate must still cover the host.
    Name(Host),
}

/// Calls a connection off, from any thread: whatever waits on it ends with [`NetError::Cancelled`].
/// Clones are the same switch; it cannot be reset.
#[derive(Debug, Clone)]
pub struct Cancel {
    switch: Arc<Switch>,
}

#[derive(Debug)]
struct Switch {
    on: AtomicBool,
    /// Readable once cancelled, so that a poll wakes up.
    event: OwnedFd,
}

impl Cancel {
    /// A switch that is off. The error is that no descriptor is left.
    pub fn new() -> Result<Self, NetError> {
        let event = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|e| NetError::System { what: "eventfd", why: e.to_string() })?;
        Ok(Self { switch: Arc::new(Switch { on: AtomicBool::new(false), event }) })
    }

    /// Permanently cancels every operation that uses this switch.
    pub fn cancel(&self) {
        self.switch.on.store(true, Ordering::SeqCst);
        // It fails only where the counter is full, and then it is readable.
        let _ = rustix::io::write(&self.switch.event, &1_u64.to_ne_bytes());
    }

    /// Whether [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.switch.on.load(Ordering::SeqCst)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.switch.event.as_fd()
    }
}

/// How to reach one server. Used for one [`super::probe`] or [`super::connect`].
#[derive(Debug)]
pub struct Dial {
    pub(super) service: Option<Service>,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) sni: Sni,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) limits: Limits,
    pub(super) socket: Option<OwnedFd>,
    pub(super) nonblocking: bool,
    pub(super) cancel: Option<Cancel>,
    pub(super) kinds: Option<Vec<KeyAlgorithm>>,
}

impl Default for Dial {
    fn default() -> Self {
        Self::new()
    }
}

impl Dial {
    /// What the port implies, the usual limits, addresses from the system's resolver.
    pub fn new() -> Self {
        Self {
            service: None,
            alpn: Vec::new(),
            sni: Sni::Host,
            addresses: Vec::new(),
            limits: Limits::default(),
            socket: None,
            nonblocking: false,
            cancel: None,
            kinds: None,
        }
    }

    /// Offers only signatures by keys of these kinds, so that a server with several certificates shows one
    /// of them. Refused if this build can verify none of them.
    pub fn key_kinds(mut self, kinds: &[KeyAlgorithm]) -> Result<Self, NetError> {
        if !super::witness::can_offer(kinds) {
            return Err(NetError::Option("key kinds: none of them can be verified here".to_owned()));
        }
        self.kinds = Some(kinds.to_vec());
        Ok(self)
    }

    /// How TLS begins, whatever the port implies.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// TLS after this protocol's STARTTLS.
    #[must_use]
    pub fn starttls(self, protocol: Protocol) -> Self {
        self.service(Service::starttls(protocol))
    }

    /// Protocol names to offer by ALPN (RFC 7301), best first: 1 to 255 bytes each, at most 16.
    pub fn alpn(mut self, names: &[&[u8]]) -> Result<Self, NetError> {
        if names.len() > MAX_ALPN || names.iter().any(|n| n.is_empty() || n.len() > 255) {
            return Err(NetError::Option("alpn: at most 16 names of 1 to 255 bytes".to_owned()));
        }
        self.alpn = names.iter().map(|n| n.to_vec()).collect();
        Ok(self)
    }

    /// The name sent in the clear.
    #[must_use]
    pub fn sni(mut self, sni: Sni) -> Self {
        self.sni = sni;
        self
    }

    /// Connects to this address instead of looking the host up; several are tried as if looked up, the first
    /// [`MAX_ADDRESSES`] of them.
    #[must_use]
    pub fn address(mut self, address: SocketAddr) -> Self {
        if self.addresses.len() < MAX_ADDRESSES {
            self.addresses.push(address);
        }
        self
    }

    /// Time limits; each between 1 ms and a year.
    pub fn limits(mut self, limits: Limits) -> Result<Self, NetError> {
        let all = [limits.connect, limits.starttls, limits.handshake, limits.read, limits.write, limits.deadline];
        if all.iter().any(|limit| *limit < Duration::from_millis(1) || *limit > MAX_LIMIT) {
            return Err(NetError::Option("time limit: between 1 ms and a year".to_owned()));
        }
        self.limits = limits;
        Ok(self)
    }

    /// Uses a stream socket that is already connected (through a proxy, through Tor). Its blocking mode
    /// does not matter and is not changed.
    #[must_use]
    pub fn socket(mut self, socket: OwnedFd) -> Self {
        self.socket = Some(socket);
        self
    }

    /// Never waits: [`super::connect`] and what follows say what they would wait for. Needs
    /// [`Dial::socket`], because looking up a name cannot be done without waiting.
    #[must_use]
    pub fn nonblocking(mut self, nonblocking: bool) -> Self {
        self.nonblocking = nonblocking;
        self
    }

    /// The switch that calls it off.
    #[must_use]
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }
}
