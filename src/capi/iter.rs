//! Lists, read by pages in a stable order. Nothing is locked or open between two calls: a list that a
//! person looks at for an hour keeps nobody waiting.

use std::collections::VecDeque;
use std::ffi::c_char;
use std::ptr::null;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::codes::{from_number, pin_state, tofu_pin_state, tofu_severity};
use super::endpoint::tofu_endpoint;
use super::error::{Failure, tofu_error};
use super::event::tofu_event;
use super::guard::{free, guard, read};
use super::pending::tofu_pending;
use super::pin::tofu_pin;
use super::ptr::{Call, Object, Poison};
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::endpoint::Host;
use crate::hash::Hash;
use crate::store::{Cursor, EndpointRecord, Filter, Page, PinEntry, PinState, Severity, Store, StoreError, Tx};
use crate::time::system_now;
use crate::trust::{Fingerprint, parse_fingerprint};

/// How many rows are read at once.
const PAGE: usize = 64;

#[derive(Clone, Copy)]
enum List {
    Endpoints,
    Pins,
    Pending,
    Events,
}

#[derive(Clone)]
enum Item {
    Endpoint(Arc<tofu_endpoint>),
    Pin(Arc<tofu_pin>),
    Pending(Arc<tofu_pending>),
    Event(Arc<tofu_event>),
}

/// Where a list stands.
struct Place {
    /// Read and not given out yet.
    queue: VecDeque<Item>,
    /// Where to read on; `None` at the end.
    next: Option<Cursor>,
    /// Lent to C until the next step.
    current: Option<Item>,
}

/// A list being read, made by tofu_list_endpoints, tofu_list_pins, tofu_list_pending or tofu_list_events. One thread
/// uses it at a time.
pub struct tofu_iter {
    poison: Poison,
    store: Store,
    list: List,
    filter: Filter,
    place: Mutex<Place>,
}

impl tofu_iter {
    /// A list at its beginning.
    fn new(store: &tofu_store, list: List, filter: Filter) -> Self {
        let place = Place { queue: VecDeque::new(), next: Some(Cursor::default()), current: None };
        Self { poison: Poison::default(), store: store.store.clone(), list, filter, place: Mutex::new(place) }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes one item on; `false` at the end. Where reading fails, the list stays where it is.
    fn step(&self) -> Result<bool, StoreError> {
        let mut place = self.place();
        place.current = None;
        while place.queue.is_empty() {
            let Some(from) = &place.next else { return Ok(false) };
            let page = self.store.read(|tx| self.page(tx, from))?;
            place.queue = page.items.into();
            place.next = page.next;
        }
        place.current = place.queue.pop_front();
        Ok(true)
    }

    fn page(&self, tx: &Tx<'_>, from: &Cursor) -> Result<Page<Item>, StoreError> {
        let filter = &self.filter;
        match self.list {
            List::Endpoints => {
                let now = system_now();
                let page = tx.list_endpoints(filter, from, PAGE)?;
                let endpoint = |record: EndpointRecord| -> Result<Item, StoreError> {
                    let standing = tx.standing(&record, now)?;
                    Ok(Item::Endpoint(Arc::new((record, standing).into())))
                };
                let endpoints = page.items.into_iter().map(endpoint).collect::<Result<_, _>>()?;
                Ok(Page { items: endpoints, next: page.next })
            }
            List::Pins => {
                let page = tx.list_pins(filter, from, PAGE)?;
                let pins = page.items.into_iter().map(|entry| pin(tx, entry)).collect::<Result<_, _>>()?;
                Ok(Page { items: pins, next: page.next })
            }
            List::Pending => {
                Ok(items(tx.list_pending(filter, from, PAGE)?, |pending| Item::Pending(Arc::new(pending.into()))))
            }
            List::Events => Ok(items(tx.list_events(filter, from, PAGE)?, |event| Item::Event(Arc::new(event.into())))),
        }
    }
}

fn items<T>(page: Page<T>, item: impl Fn(T) -> Item) -> Page<Item> {
    Page { items: page.items.into_iter().map(item).collect(), next: page.next }
}

/// A pin with the certificate that it was made from.
fn pin(tx: &Tx<'_>, entry: PinEntry) -> Result<Item, StoreError> {
    let kept = match &entry {
        PinEntry::Endpoint(_, pin) => pin.cert,
        PinEntry::Everywhere(_) => None,
    };
    let cert = match kept {
        Some(hash) => tx.cert(hash)?,
        None => None,
    };
    Ok(Item::Pin(Arc::new(tofu_pin::new(entry, cert))))
}

impl Object for tofu_iter {
    const NOUN: &'static str = "list";
    fn poison(&self) -> &Poison {
        &self.poison
    }
}

/// Lists endpoints, by host, port and account.
///
/// Reads nothing yet. A change made while the list is read may or may not show in it; an item that stays is neither
/// left out nor given twice. The list keeps the store open: free it too. This holds for all lists.
///
/// @param store  must not be NULL.
/// @param host   lists this host only, NUL-terminated; may be NULL for all.
/// @param state  lists endpoints with a pin in this state only, one of TOFU_PIN_STATE_...; 0 for all.
/// @param out    where to write the list, owned by the caller, freed with tofu_iter_free; NULL on failure; must not be
///               NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_list_endpoints(
    store: *mut tofu_store,
    host: *const c_char,
    state: tofu_pin_state,
    out: *mut *mut tofu_iter,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let store = call.object(store, "store")?;
            let filter = Filter { host: a_host(call, host)?, states: states(state)?, ..Filter::default() };
            out.give(tofu_iter::new(store, List::Endpoints, filter));
            Ok(Answer::Ok)
        })
    }
}

/// Lists pins, by host, port and account; what is blocked everywhere comes last.
///
/// @param store  must not be NULL.
/// @param host   lists pins of this host only, NUL-terminated; may be NULL for all.
/// @param key    lists pins for the key or certificate with this SHA-256 fingerprint only, in any usual spelling,
///               NUL-terminated; may be NULL for all.
/// @param state  lists pins in this state only, one of TOFU_PIN_STATE_...; 0 for all.
/// @param out    where to write the list, owned by the caller, freed with tofu_iter_free; NULL on failure; must not be
///               NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_list_pins(
    store: *mut tofu_store,
    host: *const c_char,
    key: *const c_char,
    state: tofu_pin_state,
    out: *mut *mut tofu_iter,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let store = call.object(store, "store")?;
            let (host, hash) = (a_host(call, host)?, a_key(call, key)?);
            let filter = Filter { host, hash, states: states(state)?, ..Filter::default() };
            out.give(tofu_iter::new(store, List::Pins, filter));
            Ok(Answer::Ok)
        })
    }
}

/// Lists pending questions, by endpoint.
///
/// @param store  must not be NULL.
/// @param host   lists questions about this host only, NUL-terminated; may be NULL for all.
/// @param key    lists questions about the key or certificate with this SHA-256 fingerprint only, in any usual spelling,
///               NUL-terminated; may be NULL for all.
/// @param out    where to write the list, owned by the caller, freed with tofu_iter_free; NULL on failure; must not be
///               NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_list_pending(
    store: *mut tofu_store,
    host: *const c_char,
    key: *const c_char,
    out: *mut *mut tofu_iter,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let store = call.object(store, "store")?;
            let filter = Filter { host: a_host(call, host)?, hash: a_key(call, key)?, ..Filter::default() };
            out.give(tofu_iter::new(store, List::Pending, filter));
            Ok(Answer::Ok)
        })
    }
}

/// Lists the events of the log, the oldest first.
///
/// @param store     must not be NULL.
/// @param host      lists events about this host only, NUL-terminated; may be NULL for all.
/// @param key       lists events about the key or certificate with this SHA-256 fingerprint only, in any usual
///                  spelling, NUL-terminated; may be NULL for all.
/// @param severity  lists events of at least this severity, one of TOFU_SEVERITY_...; 0 for all.
/// @param out       where to write the list, owned by the caller, freed with tofu_iter_free; NULL on failure; must not
///                  be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME if host is not a valid host name.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_list_events(
    store: *mut tofu_store,
    host: *const c_char,
    key: *const c_char,
    severity: tofu_severity,
    out: *mut *mut tofu_iter,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let store = call.object(store, "store")?;
            let (host, hash) = (a_host(call, host)?, a_key(call, key)?);
            let filter = Filter { host, hash, severity: at_least(severity)?, ..Filter::default() };
            out.give(tofu_iter::new(store, List::Events, filter));
            Ok(Answer::Ok)
        })
    }
}

/// # Safety
/// `host` as the @param of the lists says.
unsafe fn a_host(call: &Call<'_>, host: *const c_char) -> Result<Option<Host>, Failure> {
    // SAFETY: the promise of this function.
    let host = unsafe { call.optional_text(host, "host") }?;
    Ok(host.map(Host::parse).transpose()?)
}

/// # Safety
/// `key` as the @param of the lists says.
unsafe fn a_key(call: &Call<'_>, key: *const c_char) -> Result<Option<Hash>, Failure> {
    // SAFETY: the promise of this function.
    let key = unsafe { call.optional_text(key, "key") }?;
    Ok(match key.map(parse_fingerprint).transpose()? {
        Some(Fingerprint::Key(hash) | Fingerprint::Either(hash)) => Some(hash),
        None => None,
    })
}

fn states(state: tofu_pin_state) -> Result<Vec<PinState>, Failure> {
    if state == 0 { Ok(Vec::new()) } else { Ok(vec![pin_state(state)?]) }
}

fn at_least(severity: tofu_severity) -> Result<Option<Severity>, Failure> {
    if severity == 0 {
        return Ok(None);
    }
    let all = [Severity::Info, Severity::Notice, Severity::Warning, Severity::High];
    from_number(&all, severity, "severity", "a severity (TOFU_SEVERITY_...)").map(Some)
}

/// Goes to the next item of a list; the first call goes to the first item. What the list lent before is no longer
/// valid.
///
/// @param iter  must not be NULL.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: there is an item. TOFU_END: there are no more. Store errors: the list stays where it is, and the
///         call may be repeated.
///
/// Thread safety: one thread at a time; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_next(iter: *mut tofu_iter, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe { guard(err, |call| if call.object(iter, "iter")?.step()? { Ok(Answer::Ok) } else { Ok(Answer::End) }) }
}

/// Gives the endpoint that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before the first and after
///         the last item.
///
/// Thread safety: one thread at a time. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_endpoint(iter: *const tofu_iter) -> *const tofu_endpoint {
    // SAFETY: `iter` as its @param says.
    unsafe {
        read(iter, null(), |iter| match &iter.place().current {
            Some(Item::Endpoint(endpoint)) => Some(Arc::as_ptr(endpoint)),
            _ => None,
        })
    }
}

/// Gives the pin that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before the first and after
///         the last item.
///
/// Thread safety: one thread at a time. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_pin(iter: *const tofu_iter) -> *const tofu_pin {
    // SAFETY: `iter` as its @param says.
    unsafe {
        read(iter, null(), |iter| match &iter.place().current {
            Some(Item::Pin(pin)) => Some(Arc::as_ptr(pin)),
            _ => None,
        })
    }
}

/// Gives the pending question that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before the first and after
///         the last item.
///
/// Thread safety: one thread at a time. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_pending(iter: *const tofu_iter) -> *const tofu_pending {
    // SAFETY: `iter` as its @param says.
    unsafe {
        read(iter, null(), |iter| match &iter.place().current {
            Some(Item::Pending(pending)) => Some(Arc::as_ptr(pending)),
            _ => None,
        })
    }
}

/// Gives the event that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, and before the first and after
///         the last item.
///
/// Thread safety: one thread at a time. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_event(iter: *const tofu_iter) -> *const tofu_event {
    // SAFETY: `iter` as its @param says.
    unsafe {
        read(iter, null(), |iter| match &iter.place().current {
            Some(Item::Event(event)) => Some(Arc::as_ptr(event)),
            _ => None,
        })
    }
}

/// Frees a list, with everything borrowed from it.
///
/// @param iter  owned by the caller, who gives it up; may be NULL.
///
/// Thread safety: any thread, once no other one uses the list. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_free(iter: *mut tofu_iter) {
    // SAFETY: `iter` as its @param says.
    unsafe { free(iter) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::PinState;

    #[test]
    fn a_state_or_severity_is_one_of_its_family_or_none() {
        assert_eq!(states(202).unwrap(), [PinState::Staged]);
        assert_eq!(at_least(1003).unwrap(), Some(Severity::Warning));
        assert!(states(0).unwrap().is_empty() && at_least(0).unwrap().is_none());
        for other in [1, 2, 101, 206, 1002] {
            assert!(states(other).is_err(), "{other}");
        }
        for other in [1, 202, 1000, 1005] {
            assert!(at_least(other).is_err(), "{other}");
        }
    }
}
