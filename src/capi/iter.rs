//! Lists, read by pages in a stable order. Nothing is locked or open between two calls: a list that a
//! person looks at for an hour keeps nobody waiting.

use std::collections::VecDeque;
use std::ffi::c_char;
use std::ptr::null;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::codes::{TOFU_LIST_ENDPOINTS, TOFU_LIST_EVENTS, TOFU_LIST_PENDING, TOFU_LIST_PINS, refuse_unknown_bits};
use super::endpoint::tofu_endpoint;
use super::error::{Failure, tofu_error};
use super::event::tofu_event;
use super::guard::{free, guard, read};
use super::pending::tofu_pending;
use super::pin::tofu_pin;
use super::ptr::{Object, Poison};
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use crate::endpoint::Host;
use crate::store::{Cursor, Filter, Page, PinEntry, PinState, Severity, Store, StoreError, Tx};
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

/// A list being read. One thread at a time.
pub struct tofu_iter {
    poison: Poison,
    store: Store,
    list: List,
    filter: Filter,
    place: Mutex<Place>,
}

impl tofu_iter {
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
                Ok(items(tx.list_endpoints(filter, from, PAGE)?, |record| Item::Endpoint(Arc::new(record.into()))))
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

/// Begins a list: endpoints and pins by host, port and account, pins blocked everywhere last; pending questions by
/// endpoint; events from the oldest on.
///
/// Reads nothing yet. What is changed while the list is read may or may not be in it; nothing that stays is left out
/// or given twice. The list keeps the store open: free it too.
///
/// @param store   must not be NULL.
/// @param list    TOFU_LIST_ENDPOINTS, TOFU_LIST_PINS, TOFU_LIST_PENDING or TOFU_LIST_EVENTS.
/// @param host    only what is about this host, NUL-terminated; may be NULL for all.
/// @param key     only what is about the key or certificate with this SHA-256 fingerprint in any usual spelling,
///                NUL-terminated; may be NULL for all.
/// @param states  of endpoints and pins: a mask of 1 shifted left by TOFU_PIN_STATE_..., those with a pin in one of
///                them; of events: 1 shifted left by TOFU_SEVERITY_..., those that matter at least as much; 0 for all;
///                other bits are refused.
/// @param out     where to write the list, owned by the caller, freed with tofu_iter_free; NULL on failure; must not be
///                NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME; TOFU_E_INVALID; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_new(
    store: *mut tofu_store,
    list: i32,
    host: *const c_char,
    key: *const c_char,
    states: u64,
    out: *mut *mut tofu_iter,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let store = call.object(store, "store")?.store.clone();
            let list = the_list(list)?;
            let mut filter = filter(list, states)?;
            filter.host = call.optional_text(host, "host")?.map(Host::parse).transpose()?;
            filter.hash = match call.optional_text(key, "key")?.map(parse_fingerprint).transpose()? {
                Some(Fingerprint::Key(hash) | Fingerprint::Either(hash)) => Some(hash),
                None => None,
            };
            let place = Place { queue: VecDeque::new(), next: Some(Cursor::default()), current: None };
            out.give(tofu_iter { poison: Poison::default(), store, list, filter, place: Mutex::new(place) });
            Ok(Answer::Ok)
        })
    }
}

fn the_list(list: i32) -> Result<List, Failure> {
    match list {
        TOFU_LIST_ENDPOINTS => Ok(List::Endpoints),
        TOFU_LIST_PINS => Ok(List::Pins),
        TOFU_LIST_PENDING => Ok(List::Pending),
        TOFU_LIST_EVENTS => Ok(List::Events),
        other => Err(Failure::invalid(format!("list: {other} is not a list"))),
    }
}

fn filter(list: List, states: u64) -> Result<Filter, Failure> {
    let mut filter = Filter::default();
    let known = match list {
        List::Endpoints | List::Pins => {
            filter.states = PinState::ALL.into_iter().filter(|s| states & (1 << (*s as i32)) != 0).collect();
            PinState::ALL.into_iter().fold(0, |mask, s| mask | 1 << (s as i32))
        }
        List::Events => {
            let all = [Severity::Info, Severity::Notice, Severity::Warning, Severity::High];
            filter.severity = all.into_iter().find(|s| states & (1 << (*s as i32)) != 0);
            all.iter().fold(0, |mask, s| mask | 1 << (*s as i32))
        }
        List::Pending => 0,
    };
    refuse_unknown_bits(states, known)?;
    Ok(filter)
}

/// Goes to the next item of a list, the first one at the first call. What the one before lent is gone.
///
/// @param iter  must not be NULL.
/// @param err   where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: there is one. TOFU_END: there are no more. Of the store TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED,
///         TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_FORKED, TOFU_E_BACKEND: the list stays where it
///         is and may be tried again. TOFU_E_INVALID; TOFU_E_INTERNAL.
///
/// Thread safety: one thread at a time. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_iter_next(iter: *mut tofu_iter, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe { guard(err, |call| if call.object(iter, "iter")?.step()? { Ok(Answer::Ok) } else { Ok(Answer::End) }) }
}

/// The endpoint that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, before the first and after
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

/// The pin that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, before the first and after
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

/// The pending question that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, before the first and after
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

/// The event that a list stands at.
///
/// @param iter  borrowed; may be NULL, which gives NULL.
/// @return borrowed from the list until its next tofu_iter_next; NULL in another list, before the first and after
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

/// Frees a list, with what it lent.
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
    fn states_are_those_of_the_list_and_others_are_refused() {
        assert_eq!(filter(List::Pins, 1 << 2).unwrap().states, [PinState::Staged]);
        assert_eq!(filter(List::Events, 1 << 3 | 1 << 4).unwrap().severity, Some(Severity::Warning));
        for (list, states) in [(List::Pins, 1), (List::Events, 1 << 5), (List::Pending, 1 << 1)] {
            assert!(filter(list, states).is_err());
        }
        assert_eq!(filter(List::Endpoints, 0).unwrap(), Filter::default());
    }
}
