//! `include/tofu.h` is what the sources say, `tofu.symbols` lists what it declares, and its comments
//! keep the promises of the header's first page. BLESS=1 writes both files anew.

#[path = "c/header_model.rs"]
mod header_model;

use std::path::{Path, PathBuf};

use header_model::{Export, exports, tag};

/// The nouns in the order of the header.
const SOURCES: [&str; 32] = [
    "status",
    "library",
    "codes",
    "error",
    "text",
    "cert",
    "cert_fields",
    "diff",
    "chain",
    "policy",
    "check_options",
    "check",
    "verdict",
    "verdict_words",
    "trust",
    "callback",
    "store_options",
    "backend",
    "store",
    "listener",
    "store_manage",
    "policy_store",
    "iter",
    "endpoint",
    "pin_options",
    "pin",
    "pending",
    "event",
    "session",
    "dial",
    "probe",
    "conn",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let sources = SOURCES.iter().map(|name| root().join("src/capi").join(name).with_extension("rs"));
    let builder = sources.fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

fn symbols(exports: &[Export]) -> String {
    let mut names: Vec<&str> = exports.iter().map(|e| e.name.as_str()).collect();
    names.sort_unstable();
    names.join("\n") + "\n"
}

fn compare_or_bless(path: &Path, wanted: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, wanted).unwrap();
        return;
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    let first = found.lines().zip(wanted.lines()).position(|(a, b)| a != b);
    assert!(
        found == wanted,
        "{} is not what src/capi says, first at line {:?}; review and run BLESS=1 cargo test --test header",
        path.display(),
        first.map(|n| n + 1)
    );
}

#[test]
fn header_and_symbol_list_are_what_the_sources_say() {
    let header = generated();
    compare_or_bless(&root().join("include/tofu.h"), &header);
    compare_or_bless(&root().join("tofu.symbols"), &symbols(&exports(&header)));
}

#[test]
fn no_number_was_ever_given_another_meaning() {
    let path = root().join("tests/c/numbers.txt");
    let released = std::fs::read_to_string(&path).unwrap_or_default();
    let header = generated();
    let now: Vec<String> = header.lines().filter_map(|l| l.strip_prefix("#define TOFU_")).map(str::to_owned).collect();
    for line in released.lines() {
        // Versions move; everything else is for ever.
        assert!(line.starts_with("VERSION_") || now.iter().any(|n| n == line), "TOFU_{line} is gone or has changed");
    }
    let new: Vec<&String> = now.iter().filter(|n| *n != "H" && !released.lines().any(|l| l == *n)).collect();
    if std::env::var_os("BLESS").is_some() {
        let appended: String = new.iter().filter(|n| !n.starts_with("VERSION_")).map(|n| format!("{n}\n")).collect();
        std::fs::write(path, released + &appended).unwrap();
    } else {
        assert!(new.iter().all(|n| n.starts_with("VERSION_")), "new numbers, to be added by BLESS=1: {new:?}");
    }
}

#[test]
fn every_fine_code_of_an_error_is_documented() {
    let page = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let mut found = 0;
    for entry in std::fs::read_dir(root().join("src/capi")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for word in text.split('"').filter(|w| is_fine_code(w)) {
            found += 1;
            assert!(page.contains(&format!("`{word}`")), "docs/errors.md lacks {word}");
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn every_fine_code_of_the_network_is_documented() {
    let page = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    for file in ["src/tls/error.rs", "src/tls/starttls/error.rs"] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let body = text.split_once("pub fn code(&self) -> &'static str {").unwrap().1;
        let body = body.split_once("\n    }\n").unwrap().0;
        let codes: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
        assert!(codes.len() > 5, "{file}: {codes:?}");
        // A failed check has the code of what failed.
        for code in codes.iter().filter(|code| **code != "check") {
            assert!(page.contains(&format!("`{code}`")), "docs/errors.md lacks {code}");
        }
    }
}

/// `store.busy`, and nothing else that stands between quotation marks.
fn is_fine_code(word: &str) -> bool {
    let families = [
        "argument.",
        "object.",
        "name.",
        "certificate.",
        "chain.",
        "roots.",
        "policy.",
        "store.",
        "check.",
        "trust.",
        "dial.",
    ];
    families.iter().any(|f| word.starts_with(f)) && word.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '-')
}

#[test]
fn every_source_file_of_the_abi_is_in_the_header() {
    let header = exports(&generated());
    for entry in std::fs::read_dir(root().join("src/capi")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for (at, _) in text.match_indices("extern \"C\" fn ") {
            let name = text[at + 14..].split('(').next().unwrap();
            assert!(header.iter().any(|e| e.name == name), "{name} is missing from the header");
        }
    }
}

#[test]
fn three_quarters_of_the_header_are_comment() {
    let header = generated();
    let (mut comment, mut all, mut inside) = (0, 0, false);
    for line in header.lines().map(str::trim).filter(|l| !l.is_empty()) {
        all += 1;
        inside |= line.starts_with("/*");
        comment += usize::from(inside);
        inside &= !line.ends_with("*/");
    }
    assert!(comment * 4 >= all * 3, "{comment} of {all} lines");
}

#[test]
fn every_export_documents_pointers_returns_threads_and_since() {
    for export in exports(&generated()) {
        let name = &export.name;
        let summary = export.doc.lines().find(|l| !l.is_empty()).unwrap_or_default();
        assert!(!summary.is_empty() && !summary.starts_with('@'), "{name}: no summary");
        assert!(export.doc.contains("Thread safety: "), "{name}: no thread safety");
        assert!(export.doc.contains("Since: "), "{name}: no since");
        assert_eq!(export.doc.contains("@return"), export.returns != "void", "{name}: @return");
        assert_eq!(export.doc.matches("@param").count(), export.params.len(), "{name}: number of @param");
        for param in &export.params {
            assert!(!param.doc.is_empty(), "{name}: no @param {}", param.name);
            let words = usize::from(param.may_be_null()) + usize::from(param.must_not_be_null());
            assert_eq!(words, usize::from(param.is_pointer()), "{name}: NULL rule of {}", param.name);
        }
    }
}

#[test]
fn every_fallible_export_lists_its_codes_and_takes_few_objects() {
    for export in exports(&generated()) {
        let returns = tag(&export.doc, "@return ");
        let accessors = ["tofu_error_status", "tofu_verdict_decision"];
        let fallible = export.returns == "tofu_status" && !accessors.contains(&export.name.as_str());
        assert_eq!(export.is_fallible(), fallible, "{}", export.name);
        if export.is_fallible() {
            assert!(returns.contains("TOFU_OK") || returns.starts_with("as tofu_check_chain"), "{}", export.name);
            let is_object = |kind: &str| kind.contains("tofu_") && kind.ends_with('*') && !kind.ends_with("**");
            let objects = export.params.iter().filter(|p| is_object(&p.kind)).count();
            assert!(objects <= 4, "{}: raise MAX_OBJECTS in src/capi/ptr.rs", export.name);
        }
        let known = include_str!("../src/capi/status.rs");
        for code in returns.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|w| w.starts_with("TOFU_E_")) {
            assert!(known.contains(&format!("pub const {code}: tofu_status")), "{}: {code}", export.name);
        }
    }
}

#[test]
fn every_call_on_a_store_may_give_store_errors_and_says_so() {
    // They take a store, and look at no row of it.
    let touches_nothing =
        ["tofu_store_set_listener", "tofu_list_endpoints", "tofu_list_pins", "tofu_list_pending", "tofu_list_events"];
    // They reach one without taking it.
    let reaches = ["tofu_store_open", "tofu_iter_next", "tofu_conn_handshake"];
    let mut seen = 0;
    for export in exports(&generated()).iter().filter(|export| export.is_fallible()) {
        let name = export.name.as_str();
        let takes = export.params.iter().any(|p| p.kind == "tofu_store *") && !touches_nothing.contains(&name);
        let returns = tag(&export.doc, "@return ").to_lowercase();
        let says = returns.contains("store errors") || returns.starts_with("as tofu_check_chain");
        assert_eq!(says, takes || reaches.contains(&name), "{name}: {returns}");
        seen += usize::from(says);
    }
    assert!(seen > 20, "{seen}");
}
