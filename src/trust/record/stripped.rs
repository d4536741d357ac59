//! TLS that is no longer offered where it was before. The check never comes about, so what is known
//! of the endpoint is looked up here, and the loss is an event like any other (docs/pitfalls.md#27). Called by
//! the connection; knows nothing of protocols.

use crate::endpoint::Endpoint;
use crate::store::{EndpointRecord, Severity, Store, StoreError, Tx};
use crate::time::{RELEASED, Timestamp};
use crate::trust::rules::clock;
use crate::trust::words::event::about;

/// How TLS was missing.
#[derive(Debug, Clone, Copy)]
pub struct Lost<'a> {
    /// What the server said instead, fit to show.
    pub said: &'a str,
    /// TLS should have begun with the first byte.
    pub at_once: bool,
    /// Nothing is to be written.
    pub dry_run: bool,
}

/// When TLS was last used with this host and port, by any account; `None` where it never was, or where it
/// began with STARTTLS and was now expected with the first byte: such a server rightly speaks in the clear.
/// Where TLS is lost, the event `stripped` is logged. A store that cannot be read is an error: nobody can
/// say then that this server never spoke TLS.
pub fn tls_missing(
    store: &Store,
    endpoint: &Endpoint,
    now: Timestamp,
    lost: &Lost<'_>,
) -> Result<Option<Timestamp>, StoreError> {
    let last = store.read(|tx| -> Result<_, StoreError> {
        let latest = clock::latest_possible(now, RELEASED.max(tx.time_floor()?));
        Ok(last_seen(tx, endpoint, lost.at_once)?.map(|last| last.min(latest)))
    })?;
    if last.is_some() && !lost.dry_run && !store.read_only() {
        let text = format!("TLS is no longer offered: {}", lost.said);
        let event = about(endpoint, "stripped", Severity::High, now, None, text);
        store.write(|tx| tx.log(event.clone()).map(drop))?;
    }
    Ok(last)
}

/// Remembers at an endpoint that is known whether TLS began with STARTTLS. To be called where the port does
/// not say so.
pub fn tls_began(store: &Store, endpoint: &Endpoint, starttls: bool) -> Result<(), StoreError> {
    let other = |record: &EndpointRecord| record.starttls != starttls;
    if store.read_only() || !store.read(|tx| tx.endpoint(endpoint))?.is_some_and(|record| other(&record)) {
        return Ok(());
    }
    store.write(|tx| match tx.endpoint(endpoint)? {
        Some(record) if other(&record) => tx.put_endpoint(EndpointRecord { starttls, ..record }),
        _ => Ok(()),
    })
}

fn last_seen(tx: &Tx<'_>, endpoint: &Endpoint, at_once: bool) -> Result<Option<Timestamp>, StoreError> {
    let records = tx.endpoints_of(&endpoint.host)?;
    let here: Vec<_> = records.iter().filter(|r| r.endpoint.port == endpoint.port && knows_tls(r)).collect();
    if at_once && here.iter().any(|record| record.starttls) {
        return Ok(None);
    }
    let own = here.iter().map(|record| record.last_seen.max(record.first_seen)).max();
    // The pins of a system store say as much.
    Ok(own.or(tx.layer_pins(endpoint)?.iter().map(|layered| layered.pin.created).max()))
}

/// A pin, a sighting or a tombstone: TLS was spoken, or is known to be.
fn knows_tls(record: &EndpointRecord) -> bool {
    record.is_known() || !record.observations.is_empty() || record.tombstone.is_some()
}
