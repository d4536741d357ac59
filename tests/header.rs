//! `include/tofu.h` is what the sources say, `tofu.symbols` lists what it declares, and its comments
//! keep the promises of the header's first page. BLESS=1 writes both files anew.

#[path = "c/header_model.rs"]
mod header_model;

use std::path::{Path, PathBuf};

use header_model::{Export, exports, tag};

/// The nouns in the order of the header.
const SOURCES: [&str; 29] = [
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
    "check",
    "verdict",
    "verdict_words",
    "verdict_known",
    "callback",
    "store_options",
    "backend",
    "store",
    "listener",
    "store_manage",
    "policy_store",
    "iter",
    "endpoint",
    "pin",
    "pending",
    "event",
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
        assert_eq!(export.is_fallible(), export.returns == "tofu_status" && export.name != "tofu_error_status");
        if export.is_fallible() {
            assert!(returns.contains("TOFU_OK") && returns.contains("TOFU_E_INTERNAL"), "{}", export.name);
            let is_object = |kind: &str| kind.contains("tofu_") && kind.ends_with('*') && !kind.ends_with("**");
            let objects = export.params.iter().filter(|p| is_object(&p.kind)).count();
            assert!(objects <= 4, "{}: raise MAX_OBJECTS in src/capi/ptr.rs", export.name);
        }
        let known = include_str!("../src/capi/status.rs");
        for code in returns.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|w| w.starts_with("TOFU_E_")) {
            assert!(known.contains(&format!("pub const {code}: i32")), "{}: {code}", export.name);
        }
    }
}

/// What every call on a store can be refused with: the codes that errors of the store become, but for those that
/// say something of what was asked for.
fn codes_of_the_store() -> Vec<String> {
    let sources = std::fs::read_to_string(root().join("src/capi/error.rs")).unwrap();
    let conversion = sources.split_once("impl From<StoreError> for Failure {").unwrap().1;
    let conversion = conversion.split_once("\n}\n").unwrap().0;
    let mut codes: Vec<String> = conversion
        .split("(Code::")
        .skip(1)
        .map(|rest| {
            let variant = rest.split(',').next().unwrap();
            let number = sources.split_once(&format!("    {variant} = status::")).unwrap().1;
            number.split(',').next().unwrap().to_owned()
        })
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn every_call_on_a_store_names_each_code_that_an_error_of_the_store_becomes() {
    // Of these a call says by itself when they come; a limit is met by what changes a store.
    let of_what_was_asked = ["TOFU_E_NOT_FOUND", "TOFU_E_CONFLICT", "TOFU_E_STATE"];
    let reads = [
        "tofu_store_generation",
        "tofu_store_export",
        "tofu_store_verify",
        "tofu_store_backup",
        "tofu_store_stats",
        "tofu_policy_load",
        "tofu_iter_next",
        "tofu_pending_check",
    ];
    // They take a store, and look at no row of it.
    let touches_nothing = ["tofu_store_set_default", "tofu_store_set_listener", "tofu_iter_new"];
    // They reach one without taking it.
    let reaches = ["tofu_store_open", "tofu_store_get_default", "tofu_iter_next", "tofu_conn_handshake"];
    let (codes, mut seen) = (codes_of_the_store(), 0);
    assert!(codes.len() > 10, "{codes:?}");
    for export in exports(&generated()).iter().filter(|export| export.is_fallible()) {
        let name = export.name.as_str();
        let takes = export.params.iter().any(|p| p.kind == "tofu_store *") && !touches_nothing.contains(&name);
        if !(takes || reaches.contains(&name)) {
            continue;
        }
        seen += 1;
        let returns = tag(&export.doc, "@return ");
        let words: Vec<&str> = returns.split(|c: char| !c.is_ascii_uppercase() && c != '_').collect();
        for code in codes.iter().map(String::as_str).filter(|code| !of_what_was_asked.contains(code)) {
            let wanted = code != "TOFU_E_LIMIT" || !reads.contains(&name);
            assert_eq!(words.contains(&code), wanted, "{name}: {code} in: {returns}");
        }
    }
    assert!(seen > 20, "{seen}");
}
