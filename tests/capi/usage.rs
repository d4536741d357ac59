//! Every export is called by a program that shows what it is for: a test in `tests/c` or an example of the bindings.
//! The generated NULL walk calls them all and shows the purpose of none, so it does not count.

use std::path::{Path, PathBuf};

use crate::abi::root;

/// The programs, without what only the NULL walk uses.
fn programs(dir: &Path) -> Vec<PathBuf> {
    let (mut found, mut entries) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(path) = entries.pop() {
        if path.is_dir() {
            entries.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| ["c", "h", "cpp", "go"].iter().any(|known| end == *known)) {
            found.push(path);
        }
    }
    found.retain(|path| !path.ends_with("walk.h"));
    found
}

/// Whether a text calls a function of this name.
fn calls(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].trim_start());
        before.is_none_or(|c| !word(c)) && after.starts_with('(')
    })
}

#[test]
fn every_export_is_called_by_a_program_that_shows_its_purpose() {
    let places = ["tests/c", "bindings/c", "bindings/go"];
    let paths = places.iter().flat_map(|place| programs(&root().join(place)));
    let texts: Vec<String> = paths.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(texts.len() > 15, "{}", texts.len());
    let symbols = std::fs::read_to_string(root().join("tofu.symbols")).unwrap();
    let uncalled: Vec<&str> = symbols.lines().filter(|name| !texts.iter().any(|text| calls(text, name))).collect();
    assert!(uncalled.is_empty(), "nobody calls {uncalled:?}");
}

#[test]
fn a_call_is_told_from_a_longer_name_and_from_a_mention() {
    assert!(calls("status = tofu_roots_reload(NULL);", "tofu_roots_reload"));
    assert!(calls("C.tofu_conn_free (conn)", "tofu_conn_free"));
    assert!(!calls("p_tofu_conn_free(conn)", "tofu_conn_free"));
    assert!(!calls("tofu_conn_free_all(conn)", "tofu_conn_free"));
    assert!(!calls("freed with tofu_conn_free", "tofu_conn_free"));
}
