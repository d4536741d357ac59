//! What imports, exports, verifications and counts found, as JSON. Keys are stable; new ones may be added.

use serde_json::{Value, json};

use crate::store::{Counts, Export, ImportReport, Report, Statistics};
use crate::text::escape;

/// The report of an import.
pub(super) fn import(report: &ImportReport) -> String {
    json!({
        "schema": "tofu-import-report",
        "version": 1,
        "committed": report.committed,
        "endpoints": report.endpoints,
        "pins": report.pins,
        "blocks": report.blocks,
        "same": report.same,
        "conflicts": report.conflicts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "remarks": report.remarks.iter().map(|r| escape(r)).collect::<Vec<_>>(),
    })
    .to_string()
}

/// The report of an export.
pub(super) fn export(done: &Export) -> String {
    json!({
        "schema": "tofu-export-report",
        "version": 1,
        "pins": done.pins,
        "remarks": done.remarks.iter().map(|r| escape(r)).collect::<Vec<_>>(),
    })
    .to_string()
}

/// The report of a verification.
pub(super) fn verification(report: &Report) -> String {
    json!({
        "schema": "tofu-verify-report",
        "version": 1,
        "sound": report.problems.is_empty(),
        "problems": report.problems.iter().map(|p| escape(p)).collect::<Vec<_>>(),
        "rows": rows(&report.counts),
    })
    .to_string()
}

/// Statistics.
pub(super) fn statistics(found: &Statistics) -> String {
    let [trusted, staged, retired, blocked, compromised] = found.pins;
    json!({
        "schema": "tofu-statistics",
        "version": 1,
        "generation": found.generation,
        "rows": rows(&found.counts),
        "pins": {
            "trusted": trusted,
            "staged": staged,
            "retired": retired,
            "blocked": blocked,
            "compromised": compromised,
        },
        "validated": found.validated,
        "forgotten": found.tombstones,
    })
    .to_string()
}

fn rows(counts: &Counts) -> Value {
    json!({
        "endpoints": counts.endpoints,
        "blocked-everywhere": counts.blocks,
        "certificates": counts.certs,
        "pending": counts.pending,
        "events": counts.events,
    })
}
