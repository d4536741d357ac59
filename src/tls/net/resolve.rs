//! Addresses of a host, from the system's resolver. It cannot be interrupted, so it runs on a thread
//! of its own that is left behind when time is up; nothing waits for it then.

use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use rustix::event::EventfdFlags;

use super::super::dial::MAX_ADDRESSES;
use super::super::error::{NetError, Step};
use super::wait::{Until, Wants, Watch};
use crate::endpoint::Host;

/// Lookups under way at once in this process, those left behind included.
const MAX_LOOKUPS: usize = 256;

static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

/// A place among the lookups under way; given back when the thread ends.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let taken = LOOKUPS
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < MAX_LOOKUPS).then(|| n.saturating_add(1)));
        taken.ok().map(|_| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        LOOKUPS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The addresses of `host`, in the resolver's order (RFC 6724). An address needs no lookup.
pub(in crate::tls) fn resolve(
    host: &Host,
    port: u16,
    watch: &Watch,
    until: Until,
) -> Result<Vec<SocketAddr>, NetError> {
    if let Some(ip) = host.ip() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let system = |what, why: String| NetError::System { what, why };
    let place = Place::take()
        .ok_or_else(|| system("resolver", format!("{MAX_LOOKUPS} lookups are under way; it does not answer")))?;
    let done = rustix::event::eventfd(0, EventfdFlags::CLOEXEC).map_err(|e| system("eventfd", e.to_string()))?;
    let done = Arc::new(done);
    let (sender, receiver) = mpsc::channel();
    let (name, ring) = (host.as_str().to_owned(), Arc::clone(&done));
    std::thread::Builder::new()
        .name("tofu-resolver".to_owned())
        .spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(|all| all.take(MAX_ADDRESSES).collect::<Vec<_>>());
            let _ = sender.send(found);
            let _ = rustix::io::write(ring.as_fd(), &1_u64.to_ne_bytes());
            drop(place);
        })
        .map_err(|e| system("thread", e.to_string()))?;
    watch.ready(&[(done.as_fd(), Wants::READ)], until, Step::Resolve)?;
    let refuse = |why: String| NetError::Resolve { host: host.to_string(), why };
    match receiver.try_recv() {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(refuse("the name has no address".to_owned())),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(refuse(in_words(&error))),
        Err(_) => Err(refuse("the resolver gave no answer".to_owned())),
    }
}

/// The resolver's words, without what the standard library puts before them.
fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    crate::text::excerpt(text, 120)
}
