//! TLS that is no longer offered where it was before. The check never comes about, so what is known
//! of the endpoint is looked up here, and the loss is an event like any other (pitfall 27).

use super::clock;
use super::events::about;
use crate::endpoint::Endpoint;
use crate::store::{EndpointRecord, Severity, Store, StoreError, Tx};
use crate::time::{RELEASED, Timestamp};

/// When TLS was last used with this host and port, by any account; `None` where it never was. Where it
/// was, the event `stripped` is logged, unless `dry_run`. A store that cannot be read is an error: nobody
/// can say then that this server never spoke TLS. `said` is what was missing, fit to show.
pub fn tls_missing(
    store: &Store,
    endpoint: &Endpoint,
    now: Timestamp,
    dry_run: bool,
    said: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let last = store.read(|tx| -> Result<_, StoreError> {
        let latest = clock::latest_possible(now, RELEASED.max(tx.time_floor()?));
        Ok(last_seen(tx, endpoint)?.map(|last| last.min(latest)))
    })?;
    if last.is_some() && !dry_run && !store.read_only() {
        let text = format!("TLS is no longer offered: {said}");
        let event = about(endpoint, "stripped", Severity::High, now, None, text);
        store.write(|tx| tx.log(event.clone()).map(drop))?;
    }
    Ok(last)
}

fn last_seen(tx: &Tx<'_>, endpoint: &Endpoint) -> Result<Option<Timestamp>, StoreError> {
    let records = tx.endpoints_of(&endpoint.host)?;
    let here = records.iter().filter(|record| record.endpoint.port == endpoint.port && knows_tls(record));
    let own = here.map(|record| record.last_seen.max(record.first_seen)).max();
    // The pins of a system store say as much.
    Ok(own.or(tx.layer_pins(endpoint)?.iter().map(|layered| layered.pin.created).max()))
}

/// A pin, a sighting or a tombstone: TLS was spoken, or is known to be.
fn knows_tls(record: &EndpointRecord) -> bool {
    record.is_known() || !record.observations.is_empty() || record.tombstone.is_some()
}
