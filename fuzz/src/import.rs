//! Every format that is imported: tried, committed, verified, exported, and taken back.

use tofu::endpoint::Endpoint;
use tofu::store::{ExportFormat, ImportFormat, ImportReport, Store};

use super::take::Take;
use super::{NOW, fit_to_show, sound_json};

const FORMATS: [ImportFormat; 5] = [
    ImportFormat::Json,
    ImportFormat::KnownHosts,
    ImportFormat::CertOverride,
    ImportFormat::Fingerprints,
    ImportFormat::Pem,
];

/// A file of a format, the first byte of the input, with or without a server that it is about.
pub fn import(data: &[u8]) {
    let mut take = Take(data);
    let choice = take.byte();
    let format = FORMATS[usize::from(choice) % FORMATS.len()];
    let endpoint = Endpoint::parse("", "mail.example.org", 993).unwrap();
    let endpoint = (choice >= 128 || format == ImportFormat::Pem).then_some(&endpoint);
    let store = Store::memory();
    let import = |store: &Store, commit| store.import_for(format, take.0, endpoint, commit, NOW);
    let dry = import(&store, false);
    let done = import(&store, true);
    let (dry, done) = match (dry, done) {
        (Ok(dry), Ok(done)) => (dry, done),
        (dry, done) => {
            assert_eq!(dry, done, "a dry run and an import fail alike");
            fit_to_show("an error", &done.unwrap_err().to_string());
            return;
        }
    };
    assert_eq!(ImportReport { committed: true, ..dry }, done, "a dry run says what an import does");
    done.remarks.iter().for_each(|remark| fit_to_show("a remark", remark));
    assert_eq!(store.verify().unwrap().problems, [""; 0]);
    // The same again changes nothing.
    let again = import(&store, true).unwrap();
    assert_eq!((again.endpoints, again.pins, again.blocks, again.refused), (0, 0, 0, 0));
    // All of it in JSON makes the same store.
    let all = store.export_json().unwrap();
    sound_json("an export", &all);
    let other = Store::memory();
    other.restore_json(tofu::text::json(&all).as_bytes()).unwrap();
    assert_eq!(other.verify().unwrap().problems, [""; 0]);
    let (one, two) = (all, other.export_json().unwrap());
    for part in ["endpoints", "blocks", "certificates", "pending", "policy", "events"] {
        assert_eq!(one[part], two[part], "{part}");
    }
    foreign(&store);
}

/// What is written for other programs is read back: every pin that was written is one that is
/// taken.
fn foreign(store: &Store) {
    let forms = [
        (ExportFormat::KnownHosts, ImportFormat::KnownHosts),
        (ExportFormat::CertOverride, ImportFormat::CertOverride),
        (ExportFormat::KeyFingerprints, ImportFormat::Fingerprints),
        (ExportFormat::Fingerprints, ImportFormat::Fingerprints),
    ];
    for (to, from) in forms {
        let export = store.export(to, None, NOW).unwrap();
        fit_to_show("an export", &export.text.replace('\t', " "));
        let fresh = Store::memory();
        let report = fresh.import(from, export.text.as_bytes(), true, NOW).unwrap();
        assert!(report.remarks.is_empty(), "{to:?}: {:?}\n{}", report.remarks, export.text);
        assert!(report.pins <= export.pins && (report.pins > 0) == (export.pins > 0), "{to:?}: {}", export.text);
        assert_eq!(fresh.verify().unwrap().problems, [""; 0]);
    }
}
