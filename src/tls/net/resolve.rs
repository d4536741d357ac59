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
    let name = host.as_str().to_owned();
    look_up(host, watch, until, move || Ok((name.as_str(), port).to_socket_addrs()?.take(MAX_ADDRESSES).collect()))
}

/// Runs a lookup on a thread of its own, and waits for it no longer than `until`.
fn look_up(
    host: &Host,
    watch: &Watch,
    until: Until,
    lookup: impl FnOnce() -> std::io::Result<Vec<SocketAddr>> + Send + 'static,
) -> Result<Vec<SocketAddr>, NetError> {
    let system = |what, why: String| NetError::System { what, why };
    let place = Place::take()
        .ok_or_else(|| system("resolver", format!("{MAX_LOOKUPS} lookups are under way; it does not answer")))?;
    let done = rustix::event::eventfd(0, EventfdFlags::CLOEXEC).map_err(|e| system("eventfd", e.to_string()))?;
    let done = Arc::new(done);
    let (sender, receiver) = mpsc::channel();
    let ring = Arc::clone(&done);
    std::thread::Builder::new()
        .name("tofu-resolver".to_owned())
        .spawn(move || {
            let _ = sender.send(lookup());
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::super::super::dial::{Cancel, Limits};
    use super::*;

    fn ask(
        ms: u64,
        cancel: Option<Cancel>,
        lookup: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> Result<Vec<SocketAddr>, NetError> {
        let host = Host::parse("mail.example").unwrap();
        let watch = Watch::new("mail.example:993".to_owned(), Limits::default(), cancel);
        look_up(&host, &watch, watch.until(Duration::from_millis(ms)), lookup)
    }

    #[test]
    fn an_address_is_no_name_to_look_up() {
        let watch = Watch::new(String::new(), Limits::default(), None);
        let host = Host::parse("2001:db8::1").unwrap();
        let found = resolve(&host, 993, &watch, watch.until(Duration::from_secs(1))).unwrap();
        assert_eq!(found, ["[2001:db8::1]:993".parse().unwrap()]);
    }

    #[test]
    fn a_name_without_an_address_is_named_with_the_resolvers_words() {
        let words = || Err(io::Error::other("failed to lookup address information: Name or service not known"));
        let error = ask(5_000, None, words).unwrap_err();
        assert_eq!(error.to_string(), "mail.example: looking up the name: Name or service not known");
        let error = ask(5_000, None, || Ok(Vec::new())).unwrap_err();
        assert_eq!(error.code(), "network.resolve", "{error}");
    }

    #[test]
    fn a_resolver_that_does_not_answer_is_left_behind() {
        let (hold, held) = mpsc::channel::<()>();
        let silent = move || {
            let _ = held.recv();
            Ok(Vec::new())
        };
        let error = ask(50, None, silent).unwrap_err();
        assert!(matches!(error, NetError::Timeout { step: Step::Resolve, .. }), "{error}");
        drop(hold);

        let cancel = Cancel::new().unwrap();
        cancel.cancel();
        let error = ask(5_000, Some(cancel), || Ok(Vec::new())).unwrap_err();
        assert!(matches!(error, NetError::Cancelled { step: Step::Resolve, .. }), "{error}");
    }
}
