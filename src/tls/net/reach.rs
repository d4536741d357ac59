//! A TCP connection to the first address that answers, both address families tried as in RFC 8305
//! (Happy Eyeballs): a new attempt every 250 ms or as soon as one has failed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

use super::super::error::{NetError, Step};
use super::wait::{Until, Wants, Watch, Woken};

/// The Connection Attempt Delay of RFC 8305, section 8.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to one of the addresses.
pub(in crate::tls) fn reach(addresses: &[SocketAddr], watch: &Watch, until: Until) -> Result<OwnedFd, NetError> {
    let mut waiting = interleaved(addresses);
    let mut under_way: Vec<(OwnedFd, SocketAddr)> = Vec::new();
    let mut failed: Vec<(SocketAddr, String)> = Vec::new();
    loop {
        if let Some(address) = waiting.pop_front() {
            match begin(address) {
                Ok(fd) => under_way.push((fd, address)),
                Err(errno) => failed.push((address, in_words(errno))),
            }
        }
        if under_way.is_empty() {
            if waiting.is_empty() {
                return Err(NetError::Connect { server: watch.server.clone(), attempts: failed });
            }
            continue;
        }
        let fds: Vec<_> = under_way.iter().map(|(fd, _)| (fd.as_fd(), Wants::WRITE)).collect();
        let slice = if waiting.is_empty() { Duration::MAX } else { ATTEMPT_DELAY };
        match watch.pause(&fds, until, slice, Step::Connect) {
            Ok(Woken::Ready) => {}
            Ok(Woken::Time) => continue,
            // What others answered says more than that the last ones are silent.
            Err(NetError::Timeout { .. }) if !failed.is_empty() => {
                failed.extend(under_way.iter().map(|(_, address)| (*address, "no answer in time".to_owned())));
                return Err(NetError::Connect { server: watch.server.clone(), attempts: failed });
            }
            Err(error) => return Err(error),
        }
        let mut still = Vec::with_capacity(under_way.len());
        for (fd, address) in under_way {
            match connected(&fd) {
                Ok(true) => return Ok(fd),
                Ok(false) => still.push((fd, address)),
                Err(errno) => failed.push((address, in_words(errno))),
            }
        }
        under_way = still;
    }
}

/// The two families in turn, the resolver's first choice first (RFC 8305, section 4).
fn interleaved(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let first_is_6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<SocketAddr>, VecDeque<SocketAddr>) =
        addresses.iter().copied().partition(|a| a.is_ipv6() == first_is_6);
    let mut order = VecDeque::with_capacity(addresses.len());
    loop {
        let (a, b) = (first.pop_front(), second.pop_front());
        if a.is_none() && b.is_none() {
            return order;
        }
        order.extend(a.into_iter().chain(b));
    }
}

fn begin(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = socket_with(family, SocketType::STREAM, flags, None)?;
    // The dialogues are short lines that wait for each other.
    let _ = sockopt::set_tcp_nodelay(&fd, true);
    match connect(&fd, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(fd),
        Err(errno) => Err(errno),
    }
}

/// Whether an attempt has come through; its error where it failed.
fn connected(fd: &OwnedFd) -> Result<bool, Errno> {
    sockopt::socket_error(fd)??;
    match rustix::net::getpeername(fd) {
        Ok(_) => Ok(true),
        Err(Errno::NOTCONN) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn in_words(errno: Errno) -> String {
    match errno {
        Errno::CONNREFUSED => "connection refused".to_owned(),
        Errno::TIMEDOUT => "no answer".to_owned(),
        Errno::HOSTUNREACH => "no route to the host".to_owned(),
        Errno::NETUNREACH => "the network is unreachable".to_owned(),
        Errno::AFNOSUPPORT => "this machine does not speak this address family".to_owned(),
        Errno::ADDRNOTAVAIL => "no local address fits".to_owned(),
        other => super::super::words::system(&other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns_and_the_resolvers_first_choice_is_first() {
        let read = |text: &str| text.split(' ').map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let order = interleaved(&read("[2001:db8::1]:1 [2001:db8::2]:1 [2001:db8::3]:1 192.0.2.1:1"));
        assert_eq!(Vec::from(order), read("[2001:db8::1]:1 192.0.2.1:1 [2001:db8::2]:1 [2001:db8::3]:1"));
        let order = interleaved(&read("192.0.2.1:1 [2001:db8::1]:1"));
        assert_eq!(Vec::from(order), read("192.0.2.1:1 [2001:db8::1]:1"));
    }
}
