//! Imports that are too much to be held as one change: taken in parts, each of which stands alone.

use tofu::hash::Hash;
use tofu::store::*;

use crate::support::*;

const NOW: i64 = 1_800_000_000;

fn lines(from: usize, to: usize) -> String {
    (from..to).map(|n| format!("m{n}.example {}\n", Hash::of(&n.to_be_bytes()).hex())).collect()
}

#[test]
fn a_large_import_is_taken_in_pieces_says_so_and_goes_on_where_it_was_cut_short() {
    let store = Store::memory();
    let file = [lines(0, 5_300), "nonsense\n".to_owned(), lines(5_200, 10_100), lines(0, 10)].concat();
    let take = |data: &str, commit| store.import(ImportFormat::Fingerprints, data.as_bytes(), commit, NOW).unwrap();
    // What a call leaves that was cut short after one piece.
    assert_eq!(take(&lines(0, 6_000), true).endpoints, 6_000);
    let dry = take(&file, false);
    let report = take(&file, true);
    assert_eq!(ImportReport { committed: false, ..report.clone() }, dry);
    assert_eq!((report.endpoints, report.pins, report.same, report.conflicts.len()), (4_100, 4_100, 6_000, 0));
    assert_eq!(report.remarks.len(), 2, "{:?}", report.remarks);
    assert!(report.remarks[0].starts_with("line 5301: ") && report.remarks[1].contains("cannot be undone"));
    let events = store.read(|tx| tx.list_events(&Filter::default(), &Cursor::default(), 100)).unwrap().items;
    assert_eq!(events.len(), 3, "one before, and one for each piece of 10,000");
    assert!(events[0].text.starts_with("imported 6000 endpoints with 6000 pins"), "{}", events[0].text);
    assert!(events.iter().all(|event| event.code == "imported" && event.before.is_none()));
    assert_eq!(get(&store, &endpoint("", "m10099.example", 993)).unwrap().pins.len(), 1);
    assert_eq!(store.verify().unwrap().problems, [""; 0]);
    let again = take(&file, true);
    assert_eq!((again.endpoints, again.same), (0, 10_100));
}
