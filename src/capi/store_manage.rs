//! The store as a whole: import and export, undo, prune, verify, backup and restore, statistics.

use std::ffi::c_char;
use std::path::Path;

use serde_json::Value;

use super::codes::{
    TOFU_FORMAT_CERT_OVERRIDE, TOFU_FORMAT_FINGERPRINTS, TOFU_FORMAT_JSON, TOFU_FORMAT_KEY_FINGERPRINTS,
    TOFU_FORMAT_KNOWN_HOSTS, TOFU_FORMAT_PEM, TOFU_IMPORT_COMMIT, TOFU_IMPORT_PREVIEW, TOFU_IMPORT_RESTORE,
    tofu_format, tofu_import_mode,
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
/// An import is one change, which tofu_store_undo takes back as a whole.
///
/// - It adds no trust for an endpoint that has pins or was accepted before, never lifts a block, and never loosens a
///   policy. What an export blocks or marks as compromised is taken in for every endpoint.
/// - MD5 and SHA-1 fingerprints are refused.
/// - A line that cannot be read or used is named in the report, and the rest is taken in.
/// - Of two statements about one pin the stricter one counts.
/// - A pin of another program waives no more problems than the first match of a pin made by hand would, and of its times
///   only an end is kept.
///
/// @param store     must not be NULL.
/// @param format    TOFU_FORMAT_JSON, TOFU_FORMAT_KNOWN_HOSTS, TOFU_FORMAT_CERT_OVERRIDE, TOFU_FORMAT_FINGERPRINTS,
///                  TOFU_FORMAT_KEY_FINGERPRINTS (read like the one before) or TOFU_FORMAT_PEM.
/// @param data      the content of the file; may be NULL with len 0, which holds nothing.
/// @param len       its length in bytes, at most 256 MiB.
/// @param endpoint  the server that the data is about. It is needed for TOFU_FORMAT_PEM, which names no server, and for
///                  lines that are a fingerprint alone; its host and port count only if the data names none. Its
///                  account is that of every pin taken in, except for TOFU_FORMAT_JSON, which names the account of each
///                  endpoint and ignores this parameter; may be NULL except for TOFU_FORMAT_PEM, and the pins then
///                  belong to the account without a name.
/// @param mode      TOFU_IMPORT_PREVIEW, TOFU_IMPORT_COMMIT, or, for TOFU_FORMAT_JSON, TOFU_IMPORT_RESTORE.
/// @param report    where to write what was or would be taken in, as JSON (docs/json-reports.md), owned by the caller,
///                  freed with tofu_text_free; NULL on failure; may be NULL.
/// @param err       where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK, also if nothing could be taken in. TOFU_E_PARSE for data that is not of the format at all, and with
///         TOFU_IMPORT_RESTORE for data that no store can have written. TOFU_E_STATE with TOFU_IMPORT_RESTORE if the
///         store knows something already. TOFU_E_FUTURE also for an export of a newer version. Store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_import(
    store: *mut tofu_store,
    format: tofu_format,
    data: *const u8,
    len: usize,
    endpoint: *const tofu_endpoint,
    mode: tofu_import_mode,
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
            let done = import(store, format, data, endpoint, mode)?;
            if let Some(place) = report {
                place.give(json(&done.to_json()).into());
            }
            Ok(Answer::Ok)
        })
    }
}

fn import(
    store: &Store,
    format: tofu_format,
    data: &[u8],
    endpoint: Option<&Endpoint>,
    mode: tofu_import_mode,
) -> Result<ImportReport, Failure> {
    let commit = match mode {
        TOFU_IMPORT_PREVIEW => false,
        TOFU_IMPORT_COMMIT => true,
        TOFU_IMPORT_RESTORE if format == TOFU_FORMAT_JSON => {
            store.restore_json(data).map_err(unreadable)?;
            return Ok(ImportReport { committed: true, ..ImportReport::default() });
        }
        TOFU_IMPORT_RESTORE => return Err(Failure::invalid("mode: TOFU_IMPORT_RESTORE is for TOFU_FORMAT_JSON only")),
        other => return Err(Failure::invalid(format!("mode: {other} is not one of TOFU_IMPORT_..."))),
    };
    let format = match format {
        TOFU_FORMAT_JSON => ImportFormat::Json,
        TOFU_FORMAT_KNOWN_HOSTS => ImportFormat::KnownHosts,
        TOFU_FORMAT_CERT_OVERRIDE => ImportFormat::CertOverride,
        TOFU_FORMAT_FINGERPRINTS | TOFU_FORMAT_KEY_FINGERPRINTS => ImportFormat::Fingerprints,
        TOFU_FORMAT_PEM if endpoint.is_none() => return Err(Failure::null("endpoint")),
        TOFU_FORMAT_PEM => ImportFormat::Pem,
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

/// Writes what a store holds: everything, to keep or to take to another machine, or what is trusted now, for other
/// programs.
///
/// TOFU_FORMAT_JSON loses nothing; tofu_store_import with TOFU_IMPORT_RESTORE makes the same store of it. The other
/// formats hold trusted pins only. They leave out pins that they cannot express without trusting more, and pins that
/// are blocked or have expired; the report names each of these.
///
/// @param store   must not be NULL.
/// @param format  TOFU_FORMAT_JSON, TOFU_FORMAT_KNOWN_HOSTS, TOFU_FORMAT_PEM, TOFU_FORMAT_FINGERPRINTS,
///                TOFU_FORMAT_KEY_FINGERPRINTS or TOFU_FORMAT_CERT_OVERRIDE.
/// @param host    writes the pins of this host only, NUL-terminated UTF-8; not for TOFU_FORMAT_JSON; may be NULL for
///                all.
/// @param out     where to write the text, owned by the caller, freed with tofu_text_free; NULL on failure; must not be
///                NULL.
/// @param report  where to write how many pins were written and what was left out, as JSON (docs/json-reports.md),
///                owned by the caller, freed with tofu_text_free; NULL on failure; may be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NAME if host is not a valid host name; TOFU_E_INVALID also for another format; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tofu_store_export(
    store: *mut tofu_store,
    format: tofu_format,
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

/// Takes a change back: its endpoint, all endpoints of an import, or the store-wide policy become what they were before
/// it.
///
/// - It works only if no other change came after it. Contact with the server in between does not matter, and what that
///   taught is kept.
/// - It never lifts a block, never revives a compromised key, and never forgets that an endpoint was once CA-valid. The
///   text of the event that it leaves names the pins that stay blocked or compromised.
/// - An undo can be undone by its own number. An import is undone as a whole, by any of its numbers.
/// - A restore cannot be undone, and neither can what was before it.
///
/// @param store  must not be NULL.
/// @param event  the number of the change's event (TOFU_EVENT_FIELD_UNDOABLE tells which); 0 for the last change that
///               can be taken back and has not been. With 0, changes that only blocked are skipped, and so are earlier
///               changes of the same endpoint, blocks everywhere and their lifting, tofu_pending_dismiss and
///               tofu_store_prune. The events say which change it was, so name the change where that matters.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND if there is no such change; TOFU_E_CONFLICT if a later change stands in the way,
///         which the message names with what to do; TOFU_E_INVALID for an event that is not such a change, and if only
///         blocks are left; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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

/// Removes what is old: events, pending questions, and what was seen and not accepted.
///
/// Pins, accepted certificates, policies and blocks stay, however old they are. The store also bounds itself, so that
/// no program has to call this.
///
/// @param store    must not be NULL.
/// @param before   removes what is older than this time, in seconds since the epoch, UTC. A negative time is refused,
///                 and so is a future one, which would remove the whole log and with it every undo.
/// @param removed  where to write how many things were removed, 0 on failure; may be NULL.
/// @param err      where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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

/// Verifies a whole store: every seal, link, index and count, and the file below them.
///
/// It takes time linear in the size of the store. No other call depends on it, because each call proves what it
/// answers.
///
/// @param store   must not be NULL.
/// @param report  where to write what was found, as JSON (docs/json-reports.md), owned by the caller, freed with
///                tofu_text_free; written for TOFU_OK and, unlike other outputs, for TOFU_E_DAMAGED if the store could
///                be read; may be NULL.
/// @param err     where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK: the store is sound. TOFU_E_DAMAGED: it is not, and the message has the first thing found. Other
///         store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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
/// @param store  must not be NULL. Storage of the application's own is backed up by the application.
/// @param path   a file that does not exist, NUL-terminated UTF-8; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_INVALID also if the file exists, and for storage of the application's own; store errors,
///         which may be about the new file.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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

/// Replaces the content of a store by that of a backup, in one change.
///
/// The backup is verified first. What is blocked now, everywhere or for one endpoint, stays blocked; what is
/// compromised stays so; and the log keeps its events. The text of the event that this leaves (restored) says how many
/// blocks the backup lacks. Other programs see a change like any other. Neither the restore nor anything before it can
/// be undone: make a backup first.
///
/// @param store  must not be NULL.
/// @param path   a file that tofu_store_backup wrote, NUL-terminated UTF-8; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; TOFU_E_NOT_FOUND if there is no such file; TOFU_E_INVALID also for the store's own file; store
///         errors, which may be about the backup.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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

/// Counts what is in a store. It reads the whole store.
///
/// @param store  must not be NULL.
/// @param out    where to write the numbers as JSON (docs/json-reports.md), owned by the caller, freed with
///               tofu_text_free; NULL on failure; must not be NULL.
/// @param err    where to write an owned error on failure, NULL otherwise; may be NULL.
/// @return TOFU_OK; store errors.
///
/// Thread safety: any thread; may wait for the disk. Since: 0.1.0.
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
