//! A connected stream socket that is never waited on here. Works whether or not the descriptor is
//! in blocking mode, because each call says that it must not wait; never raises SIGPIPE.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{RecvFlags, SendFlags, SocketType, sockopt};

use super::super::error::NetError;

/// The first bytes of the server that are kept, for saying what it is when it does not speak TLS.
const FIRST: usize = 120;

/// A connected stream socket.
#[derive(Debug)]
pub(in crate::tls) struct Socket {
    fd: OwnedFd,
    address: Option<SocketAddr>,
    local: Option<IpAddr>,
}

impl Socket {
    /// Takes a connected stream socket, and rejects any other descriptor.
    pub fn new(fd: OwnedFd) -> Result<Self, NetError> {
        let odd = |why: String| NetError::Option(format!("socket: {why}"));
        match sockopt::socket_type(&fd) {
            Ok(SocketType::STREAM) => {}
            Ok(_) => return Err(odd("not a stream socket".to_owned())),
            Err(errno) => return Err(odd(super::super::words::system(&errno.into()))),
        }
        let peer = rustix::net::getpeername(&fd).map_err(|errno| odd(super::super::words::system(&errno.into())))?;
        let address = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
        let own = rustix::net::getsockname(&fd).ok().and_then(|own| SocketAddr::try_from(own).ok());
        Ok(Self { fd, address, local: own.map(|own| own.ip()) })
    }

    /// The address at the other end; `None` for a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The address at this end; `None` for a Unix socket.
    pub fn local(&self) -> Option<IpAddr> {
        self.local
    }

    /// What can be read at once. 0 is the end.
    pub fn receive(&self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::net::recv(&self.fd, &mut *buf, RecvFlags::DONTWAIT) {
                Ok((got, _)) => return Ok(got),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// The bytes that lie ready and that nobody has read yet; the first 4096 of them.
    pub fn unread(&self) -> Vec<u8> {
        let mut ahead = [0_u8; 4096];
        let found = rustix::net::recv(&self.fd, &mut ahead[..], RecvFlags::DONTWAIT | RecvFlags::PEEK);
        let got = found.map_or(0, |(got, _)| got);
        ahead.get(..got).unwrap_or_default().to_vec()
    }

    /// Writes what can be written at once.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::net::send(&self.fd, data, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(sent) => return Ok(sent),
                Err(rustix::io::Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Ends both directions at once: whoever waits on the socket wakes up.
    pub fn shut(&self) {
        let _ = rustix::net::shutdown(&self.fd, rustix::net::Shutdown::Both);
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A socket as rustls reads and writes it, with the first bytes that came.
pub(in crate::tls) struct Wire<'a> {
    pub socket: &'a Socket,
    pub first: &'a mut Vec<u8>,
}

impl Read for Wire<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.socket.receive(buf)?;
        let room = FIRST.saturating_sub(self.first.len());
        self.first.extend(buf.iter().take(got.min(room)));
        Ok(got)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.socket.send(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
