//! The store as a whole: import and export, undo, prune, verify, backup and restore, statistics.

use std::ffi::c_char;
use std::path::Path;

use serde_json::Value;

use super::codes::{
    TOFU_FORMAT_CERT_OVERRIDE, TOFU_FORMAT_FINGERPRINTS, TOFU_FORMAT_JSON, TOFU_FORMAT_KEY_FINGERPRINTS,
    TOFU_FORMAT_KNOWN_HOSTS, TOFU_FORMAT_PEM, TOFU_IMPORT_CERT_OVERRIDE, TOFU_IMPORT_COMMIT, TOFU_IMPORT_FINGERPRINTS,
    TOFU_IMPORT_JSON, TOFU_IMPORT_KNOWN_HOSTS, TOFU_IMPORT_PEM, TOFU_IMPORT_RESTORE, refuse_unknown_bits,
};
use super::endpoint::tofu_endpoint;
use super::error::{Code, Failure, tofu_error};
use super::guard::guard;
use super::status::{Answer, tofu_status};
use super::store::tofu_store;
use super::text::tofu_text;
use crate::endpoint::{Endpoint, Host};
use crate::store::{Export, ExportFormat, ImportFormat, ImportReport, Store, StoreError};
use crate::text::json;
use crate::time::system_now;

/// Takes in what another program or another store knows, or says what it would take in.
///
/// A dry run unless TOFU_IMPORT_COMMIT is set; then one change, which tofu_store_undo takes back as a whole. It trusts
/// nothing new at an endpoint that has pins or was accepted before, never lifts a block, never loosens a policy; what an
/// export blocks or marks as compromised is taken at every endpoint. MD5 and SHA-1 fingerprints are refused. What cannot be read or used is remarked with its line, and the rest is taken. Of two
/// statements about one pin the stricter counts. What a foreign pin waives is not believed beyond what the first match of
/// a pin made by hand could fix; of its times only an end is kept.
///
/// @param store     must not be NULL.
/// @param format    one of TOFU_IMPORT_....
/// @param data      the content of the file; may be NULL with len 0, which holds nothing.
/// @param len       its length in bytes, at most 256 MiB.
/// @param endpoint  whose certificates or fingerprints they are: needed for TOFU_IMPORT_PEM, which names no server, and
///                  for TOFU_IMPORT_FINGERPRINTS where a line is a fingerprint alone. Its account is that of every pin
///                  that is taken, whatever host the file names, but for TOFU_IMPORT_JSON, which names the account of
///                  each endpoint and takes no notice of this. Its host and port count only where the file names none.
///                  Without one the pins are those of the account without a name; may be NULL, but for TOFU_IMPORT_PEM.
/// @param flags     any of TOFU_IMPORT_COMMIT and, with it and for TOFU_IMPORT_JSON alone, TOFU_IMPORT_RESTORE; unknown
///                  bits are refused.
/// @param report    where to write what was or would be taken, as JSON (docs/json-reports.md), owned by the caller, freed
///                  with tofu_text_free; NULL on failure; may be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK, also where nothing could be taken; TOFU_E_PARSE for what is not of the format at all, and with
///         TOFU_IMPORT_RESTORE for what no store can have written; TOFU_E_STATE with TOFU_IMPORT_RESTORE where the
///         store knows something already; TOFU_E_FUTURE also for an export of a newer version; of the store
///         TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT,
///         TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_INVALID; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_import(
    store: *mut tofu_store,
    format: i32,
    data: *const u8,
    len: usize,
    endpoint: *const tofu_endpoint,
    flags: u64,
    report: *mut *mut tofu_text,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let report = call.optional_out(report);
            let store = &call.object(store, "store")?.store;
            let data = call.bytes(data, len, "data")?;
            let endpoint = call.optional(endpoint, "endpoint")?.map(|endpoint| &endpoint.endpoint);
            refuse_unknown_bits(flags, TOFU_IMPORT_COMMIT | TOFU_IMPORT_RESTORE)?;
            let done = import(store, format, data, endpoint, flags)?;
            if let Some(place) = report {
                place.give(json(&done.to_json()).into());
            }
            Ok(Answer::Ok)
        })
    }
}

fn import(
    store: &Store,
    format: i32,
    data: &[u8],
    endpoint: Option<&Endpoint>,
    flags: u64,
) -> Result<ImportReport, Failure> {
    let commit = flags & TOFU_IMPORT_COMMIT != 0;
    let format = match format {
        TOFU_IMPORT_JSON if flags == TOFU_IMPORT_COMMIT | TOFU_IMPORT_RESTORE => {
            store.restore_json(data).map_err(unreadable)?;
            return Ok(ImportReport { committed: true, ..ImportReport::default() });
        }
        _ if flags & TOFU_IMPORT_RESTORE != 0 => {
            return Err(Failure::invalid("flags: TOFU_IMPORT_RESTORE is for JSON and with TOFU_IMPORT_COMMIT"));
        }
        TOFU_IMPORT_JSON => ImportFormat::Json,
        TOFU_IMPORT_KNOWN_HOSTS => ImportFormat::KnownHosts,
        TOFU_IMPORT_CERT_OVERRIDE => ImportFormat::CertOverride,
        TOFU_IMPORT_FINGERPRINTS => ImportFormat::Fingerprints,
        TOFU_IMPORT_PEM if endpoint.is_none() => return Err(Failure::null("endpoint")),
        TOFU_IMPORT_PEM => ImportFormat::Pem,
        other => return Err(Failure::invalid(format!("format: {other} is not a format to import"))),
    };
    store.import_for(format, data, endpoint, commit, system_now()).map_err(unreadable)
}

/// What an import calls invalid is the data, not an argument.
fn unreadable(error: StoreError) -> Failure {
    match error {
        StoreError::Invalid { .. } => Failure::new(Code::Parse, "store.import", error.to_string()),
        other => other.into(),
    }
}

/// Writes what a store holds: all of it, to be kept or taken to another machine, or what is trusted now, for other
/// programs.
///
/// TOFU_FORMAT_JSON loses nothing; tofu_store_import with TOFU_IMPORT_RESTORE makes the same store of it. The other
/// formats hold trusted pins alone, and leave out what they cannot say without widening it, what is blocked and what has
/// expired: the report names each.
///
/// @param store   must not be NULL.
/// @param format  TOFU_FORMAT_JSON, TOFU_FORMAT_KNOWN_HOSTS, TOFU_FORMAT_PEM, TOFU_FORMAT_FINGERPRINTS,
///                TOFU_FORMAT_KEY_FINGERPRINTS or TOFU_FORMAT_CERT_OVERRIDE.
/// @param host    only this host's pins, NUL-terminated UTF-8; must be NULL for TOFU_FORMAT_JSON; may be NULL for all.
/// @param out     where to write the text, owned by the caller, freed with tofu_text_free; NULL on failure; must not be
///                NULL.
/// @param report  where to write how many pins were written and what was left out, as JSON (docs/json-reports.md),
///                owned by the caller, freed with tofu_text_free; NULL on failure; may be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; of the store TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE,
///         TOFU_E_READ_ONLY, TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_NAME for what is no host; TOFU_E_INVALID, also for
///         another format; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_export(
    store: *mut tofu_store,
    format: i32,
    host: *const c_char,
    out: *mut *mut tofu_text,
    report: *mut *mut tofu_text,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let report = call.optional_out(report);
            let out = call.out(out, "out")?;
            let store = &call.object(store, "store")?.store;
            let host = call.optional_text(host, "host")?.map(Host::parse).transpose()?;
            let done = export(store, format, host.as_ref())?;
            if let Some(place) = report {
                place.give(json(&done.to_json()).into());
            }
            out.give(done.text.into());
            Ok(Answer::Ok)
        })
    }
}

fn export(store: &Store, format: i32, host: Option<&Host>) -> Result<Export, Failure> {
    let format = match format {
        TOFU_FORMAT_JSON if host.is_some() => {
            return Err(Failure::invalid("host: JSON is an export of the whole store"));
        }
        TOFU_FORMAT_JSON => {
            let all = store.export_json()?;
            let endpoints = all.get("endpoints").and_then(Value::as_array).into_iter().flatten();
            let pins = endpoints.filter_map(|e| e.pointer("/record/pins")?.as_array()).map(Vec::len).sum::<usize>();
            let pins = u64::try_from(pins).unwrap_or(u64::MAX);
            return Ok(Export { text: json(&all), pins, remarks: Vec::new() });
        }
        TOFU_FORMAT_KNOWN_HOSTS => ExportFormat::KnownHosts,
        TOFU_FORMAT_PEM => ExportFormat::Pem,
        TOFU_FORMAT_FINGERPRINTS => ExportFormat::Fingerprints,
        TOFU_FORMAT_KEY_FINGERPRINTS => ExportFormat::KeyFingerprints,
        TOFU_FORMAT_CERT_OVERRIDE => ExportFormat::CertOverride,
        other => return Err(Failure::invalid(format!("format: {other} is not a format to export"))),
    };
    Ok(store.export(format, host, system_now())?)
}

/// Takes a change back: puts its endpoint, all endpoints of an import, or the store-wide policy, to what was before it.
///
/// Only where no other change came after it; contact in between does not matter, and what it taught is kept. It never
/// lifts a block, never revives a compromised key, and never forgets that an endpoint was once CA-valid; the text of the
/// event that it leaves names the pins that stay blocked or compromised for that reason. An undo can be
/// undone, by its number; that of an import, by any of its numbers, as a whole. A restore cannot be undone, and nothing
/// from before it.
///
/// @param store  must not be NULL.
/// @param event  the number of the change's event (TOFU_EVENT_UNDOABLE tells which); 0 for the last change that can be
///               taken back and was not yet. What only blocked is passed over then, and so are the earlier changes of
///               the same endpoint, blocks everywhere and their lifting, tofu_pending_dismiss and tofu_store_prune. The
///               events say which change it was, so name it where that matters.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND where there is no such change; TOFU_E_CONFLICT where a later change stands in the
///         way, which the message names with what to do (mere contact does not, unless it promoted or retired a pin);
///         TOFU_E_INVALID for an event that is no such change, or where only blocks are left; of the store TOFU_E_IO,
///         TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT,
///         TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_undo(store: *mut tofu_store, event: i64, err: *mut *mut tofu_error) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let store = call.object(store, "store")?;
            let event = u64::try_from(event).map_err(|_| Failure::invalid(format!("event: {event} is negative")))?;
            store.store.undo((event != 0).then_some(event), system_now())?;
            Ok(Answer::Ok)
        })
    }
}

/// Takes away what is old: events, pending questions, and what was seen and not accepted.
///
/// Pins, what was accepted, policies and blocks stay, however old. The store also bounds itself; nobody needs to call
/// this.
///
/// @param store    must not be NULL.
/// @param before   what is older goes, in seconds since the epoch, UTC; negative is refused, and so is a time to come,
///                 which would take all of the log and every undo with it.
/// @param removed  where to write how many things went, 0 on failure; may be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; of the store TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE,
///         TOFU_E_READ_ONLY, TOFU_E_LIMIT, TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_INVALID; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_prune(
    store: *mut tofu_store,
    before: i64,
    removed: *mut u64,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let removed = call.place(removed, 0, "removed").ok();
            let store = call.object(store, "store")?;
            if before < 0 {
                return Err(Failure::invalid(format!("before: {before} is before 1970")));
            }
            let went = store.store.prune(before, system_now())?;
            if let Some(place) = removed {
                place.set(went);
            }
            Ok(Answer::Ok)
        })
    }
}

/// Verifies all of a store: every seal, link, index and count, and the file below them.
///
/// Takes time linear in the store. No other call needs it: each proves what it answers.
///
/// @param store   must not be NULL.
/// @param report  where to write what was found, as JSON (docs/json-reports.md), owned by the caller, freed with tofu_text_free;
///                written for TOFU_OK and, unlike other outputs, for TOFU_E_DAMAGED where the store could be read; may be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: sound. TOFU_E_DAMAGED: it is not, and the message has the first thing found. Of the store
///         TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_FORKED,
///         TOFU_E_BACKEND; TOFU_E_INVALID; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_verify(
    store: *mut tofu_store,
    report: *mut *mut tofu_text,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let report = call.optional_out(report);
            let store = call.object(store, "store")?;
            let found = store.store.verify()?;
            if let Some(place) = report {
                place.give(json(&found.to_json()).into());
            }
            match found.problems.first() {
                Some(what) => Err(StoreError::Damaged { store: store.store.name(), what: what.clone() }.into()),
                None => Ok(Answer::Ok),
            }
        })
    }
}

/// Writes a complete copy of a store to a new file, while the store is in use.
///
/// @param store  must not be NULL; one on storage of the application's own is backed up by the application.
/// @param path   a file that does not exist, NUL-terminated UTF-8; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID, also where the file exists and for storage of the application's own; of the store
///         or the new file TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE,
///         TOFU_E_READ_ONLY, TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_backup(
    store: *mut tofu_store,
    path: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(store, "store")?.store.backup(file(call.text(path, "path")?)?)?;
            Ok(Answer::Ok)
        })
    }
}

/// Puts the content of a backup in place of what is in a store, in one change.
///
/// The backup is verified first. What is blocked now, everywhere or for one endpoint, stays blocked, what is compromised
/// stays so, and the log keeps its events: TOFU_EVENT_TEXT of the one that this leaves (restored) says how many blocks
/// the backup lacks. Other programs see a change like any other. It cannot be undone, and nothing from before it: take
/// a backup before.
///
/// @param store  must not be NULL.
/// @param path   a file that tofu_store_backup wrote, NUL-terminated UTF-8; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND where there is no such backup; of the backup or the store TOFU_E_IO, TOFU_E_BUSY,
///         TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE, TOFU_E_READ_ONLY, TOFU_E_LIMIT, TOFU_E_FORKED,
///         TOFU_E_BACKEND; TOFU_E_INVALID, also for the store itself; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_restore(
    store: *mut tofu_store,
    path: *const c_char,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            call.object(store, "store")?.store.restore(file(call.text(path, "path")?)?, system_now())?;
            Ok(Answer::Ok)
        })
    }
}

fn file(path: &str) -> Result<&Path, Failure> {
    if path.is_empty() { Err(Failure::invalid("path: empty")) } else { Ok(Path::new(path)) }
}

/// Counts what is in a store. Reads all of it.
///
/// @param store  must not be NULL.
/// @param out    where to write the numbers as JSON, owned by the caller, freed with tofu_text_free; NULL on failure;
///               must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; of the store TOFU_E_IO, TOFU_E_BUSY, TOFU_E_DAMAGED, TOFU_E_FUTURE, TOFU_E_UNSAFE_FILE,
///         TOFU_E_READ_ONLY, TOFU_E_FORKED, TOFU_E_BACKEND; TOFU_E_INVALID; TOFU_E_INTERNAL.
///
/// Thread safety: any thread. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_stats(
    store: *mut tofu_store,
    out: *mut *mut tofu_text,
    err: *mut *mut tofu_error,
) -> tofu_status {
    // SAFETY: the pointers as their @param lines say.
    unsafe {
        guard(err, |call| {
            let out = call.out(out, "out")?;
            let found = call.object(store, "store")?.store.read(|tx| tx.statistics())?;
            out.give(json(&found.to_json()).into());
            Ok(Answer::Ok)
        })
    }
}
