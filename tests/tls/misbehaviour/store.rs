//! A store that fails in the middle of things: no connection goes on without a check that could be made.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::misbehaviour::yes;
use crate::net_support::{Server, echo, heard, identity, imap_until_starttls, terms, tls};
use tofu::store::{Batch, Engine, MemoryEngine, Pair, Store, StoreError, StoreOptions};
use tofu::tls::{Flow, NetError, Progress, Protocol, connect};
use tofu::trust::Decision;

/// Memory that can be made to fail.
struct Fragile {
    inner: MemoryEngine,
    fails: Arc<AtomicBool>,
}

impl Fragile {
    fn store() -> (Store, Arc<AtomicBool>) {
        let fails = Arc::new(AtomicBool::new(false));
        let engine = Self { inner: MemoryEngine::default(), fails: Arc::clone(&fails) };
        (Store::with_engine(Box::new(engine), &StoreOptions::default()).unwrap(), fails)
    }

    fn whole(&self) -> Result<&MemoryEngine, StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Backend { what: "the disk is gone".to_owned() });
        }
        Ok(&self.inner)
    }
}

impl Engine for Fragile {
    fn name(&self) -> String {
        "fragile".to_owned()
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.whole()?.get(key)
    }
    fn scan(&self, after: &[u8], prefix: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.whole()?.scan(after, prefix, limit)
    }
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.whole()?.commit(batch)
    }
    fn read_only(&self) -> bool {
        false
    }
}

#[test]
fn a_store_that_cannot_be_read_gives_no_connection() {
    let (store, fails) = Fragile::store();
    let (server, heard) = Server::echo(&identity());
    fails.store(true, Ordering::SeqCst);
    let error = connect(&store, &server.endpoint(), server.dial(), terms()).unwrap_err();
    assert!(matches!(error, NetError::Check(_)), "{error:?}");
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    assert_eq!(*heard.lock().unwrap(), b"");
}

#[test]
fn a_look_that_cannot_be_made_ends_an_earlier_accept_until_one_can() {
    let (store, fails) = Fragile::store();
    let (server, heard) = Server::echo(&identity());
    let conn = connect(&store, &server.endpoint(), server.dial(), terms()).unwrap();
    yes(&store, &conn);
    fails.store(true, Ordering::SeqCst);
    assert!(matches!(conn.handshake(), Err(NetError::Check(_))));
    assert!(matches!(conn.write(b"secret"), Err(NetError::State { .. })));
    assert!(matches!(conn.read(&mut [0; 8]), Err(NetError::State { .. })));
    assert!(conn.verdict().is_none());
    assert_eq!(*heard.lock().unwrap(), b"");
    fails.store(false, Ordering::SeqCst);
    assert_eq!(conn.handshake(), Ok(Progress::Decided(Decision::Accept)));
    assert_eq!(conn.write(b"NOOP"), Ok(Flow::Bytes(4)));
}

#[test]
fn tls_that_is_missing_is_an_error_also_where_nobody_can_say_whether_it_was_there() {
    let (store, fails) = Fragile::store();
    let (config, (_, keep)) = (crate::net_support::config(&identity()), heard());
    let strips = Arc::clone(&fails);
    let server = Server::start(move |mut stream| {
        if strips.load(Ordering::SeqCst) {
            imap_until_starttls(&mut stream, "IMAP4rev1", "BAD\r\n");
            return drop(stream.flush());
        }
        imap_until_starttls(&mut stream, "IMAP4rev1 STARTTLS", "OK\r\n");
        echo(tls(stream, &config), &keep);
    });
    let dial = || server.dial().starttls(Protocol::Imap);
    yes(&store, &connect(&store, &server.endpoint(), dial(), terms()).unwrap());
    fails.store(true, Ordering::SeqCst);
    let error = connect(&store, &server.endpoint(), dial(), terms()).unwrap_err();
    assert!(matches!(error, NetError::Check(_)), "{error:?}");
}
