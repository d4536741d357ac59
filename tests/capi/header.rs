//! `include/tofu.h` and its twins for other languages are what `src/capi` says, and the comments there
//! keep the promises of the header's first page. `make header` (BLESS=1) writes the files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::doc::text;
use crate::model::facts::{self, EVERY_CALL, STORE_ERRORS};
use crate::model::{self, Export, Family, Value};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn overview() -> String {
    std::fs::read_to_string(root().join("src/capi/overview.txt")).unwrap()
}

fn header() -> String {
    model::header::write(&model::current(), &overview())
}

/// Writes the file where BLESS is set; else says whether it is as wanted.
fn is_committed(path: &str, wanted: &str) -> Result<(), String> {
    let path = root().join(path);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, wanted).unwrap();
        return Ok(());
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let first = found.lines().zip(wanted.lines()).position(|(a, b)| a != b);
    if found == wanted {
        return Ok(());
    }
    Err(format!("{} differs from the sources, first at line {:?}", path.display(), first.map(|n| n + 1)))
}

#[test]
fn the_header_and_its_twins_are_what_the_sources_say() {
    let model = model::current();
    assert!(model.strays.is_empty(), "tests/capi/model/nouns.rs: {:#?}", model.strays);
    let api = model::json::write(&model).unwrap_or_else(|missing| panic!("the comments do not say: {missing:#?}"));
    let files = [
        ("include/tofu.h", header()),
        ("include/tofu.ffi.h", model::ffi::write(&model)),
        ("include/api.json", api),
        ("tofu.symbols", model.symbols()),
    ];
    let differing: Vec<String> = files.iter().filter_map(|(path, wanted)| is_committed(path, wanted).err()).collect();
    assert!(differing.is_empty(), "review, and run make header: {differing:#?}");
}

#[test]
fn what_api_json_says_about_parameters_names_parameters() {
    let api = model::json::write(&model::current()).unwrap();
    let api: serde_json::Value = serde_json::from_str(&api).unwrap();
    let mut lenders = 0;
    for function in api["functions"].as_array().unwrap() {
        let params = function["params"].as_array().unwrap();
        for place in params.iter().chain([&function["returns"]]) {
            for member in ["borrowed_from", "length"] {
                let Some(named) = place.get(member) else { continue };
                assert!(params.iter().any(|p| p["name"] == *named), "{}: {member} {named}", function["name"]);
                lenders += 1;
            }
        }
    }
    assert!(lenders > 50, "{lenders}");
}

#[test]
fn no_number_was_ever_given_another_meaning() {
    let path = root().join("tests/c/numbers.txt");
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let model = model::current();
    let all = model.constants().filter_map(|(_, constant)| match constant.value {
        Value::Number(number) => Some(format!("{} {number}", constant.name)),
        Value::SizeMax => None,
    });
    // Versions move; everything else is for ever.
    let now: Vec<String> = all.filter(|line| !line.starts_with("TOFU_VERSION_")).collect();
    for line in known.lines() {
        assert!(now.iter().any(|n| n == line), "{line} is gone or has changed");
    }
    let new: Vec<&String> = now.iter().filter(|n| !known.lines().any(|line| line == *n)).collect();
    if std::env::var_os("BLESS").is_some() {
        let appended: String = new.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(path, known + &appended).unwrap();
    } else {
        assert!(new.is_empty(), "new numbers, to be added by make header: {new:?}");
    }
}

#[test]
fn a_number_belongs_to_one_family_alone() {
    let model = model::current();
    let mut owners: BTreeMap<i64, &str> = BTreeMap::new();
    for (family, constant) in model.constants().filter_map(|(family, constant)| family.map(|name| (name, constant))) {
        let Value::Number(number) = constant.value else { panic!("{}: no number", constant.name) };
        let before = owners.insert(number, &constant.name);
        assert!(before.is_none(), "{family}: {} and {before:?} are both {number}", constant.name);
    }
    assert!(owners.len() > 200, "{}", owners.len());
}

#[test]
fn a_constant_is_called_after_its_family_and_lies_where_its_kind_does() {
    for family in model::current().families() {
        let name = family.name.to_uppercase();
        let (start, fits): (&str, fn(i64) -> bool) = match &family.name {
            status if status == "tofu_status" => ("TOFU_", |n| (-100..100).contains(&n)),
            _ if family.is_flags() => {
                (name.trim_end_matches("_FLAGS"), |n| n.count_ones() == 1 && (12..31).contains(&n.trailing_zeros()))
            }
            _ => (name.trim_end_matches("_MODE"), |n| (100..4096).contains(&n)),
        };
        assert!(!family.constants.is_empty() && !family.doc.body.is_empty(), "{}", family.name);
        for constant in &family.constants {
            let Value::Number(number) = constant.value else { panic!("{}: no number", constant.name) };
            assert!(constant.name.starts_with(start) && fits(number), "{}: {} = {number}", family.name, constant.name);
            assert!(!constant.doc.body.is_empty(), "{} has no comment", constant.name);
        }
        assert!(family.is_flags() || family.name == "tofu_status" || spans_one_block(family), "{}", family.name);
    }
}

/// An enumeration begins at a multiple of one hundred, or behind it, and has room for its kin.
fn spans_one_block(family: &Family) -> bool {
    let numbers = family.constants.iter().filter_map(|constant| match constant.value {
        Value::Number(number) => Some(number / 100),
        Value::SizeMax => None,
    });
    let blocks: Vec<i64> = numbers.collect();
    blocks.iter().min() == blocks.iter().max()
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
fn every_export_of_the_sources_is_in_the_header() {
    let header = header();
    for entry in std::fs::read_dir(root().join("src/capi")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for (at, _) in text.match_indices("extern \"C\" fn ") {
            let name = text[at + 14..].split('(').next().unwrap();
            assert!(header.contains(&format!("{name}(")), "{name} is missing from the header");
        }
    }
}

#[test]
fn a_reader_meets_a_function_within_the_first_three_hundred_lines() {
    let header = header();
    let line = header.lines().position(|line| !line.starts_with(' ') && line.ends_with(");")).unwrap() + 1;
    println!("the first function stands in line {line} of {}", header.lines().count());
    assert!(line <= 300, "line {line}");
}

#[test]
fn the_lines_of_the_header_fit_a_page_and_most_of_them_are_comment() {
    let header = header();
    let (mut comment, mut all, mut inside) = (0, 0, false);
    for line in header.lines() {
        assert!(line.chars().count() <= 100, "too long: {line}");
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        all += 1;
        inside |= line.contains("/*");
        comment += usize::from(inside);
        inside &= !line.ends_with("*/");
    }
    assert!(comment * 3 >= all * 2, "{comment} of {all} lines");
}

#[test]
fn every_page_that_the_header_names_is_there() {
    let header = header();
    let pages: Vec<&str> = header.split("docs/").skip(1).map(|rest| rest.split(".md").next().unwrap()).collect();
    assert!(pages.len() > 3, "{pages:?}");
    for page in pages.iter().filter(|page| **page != "NAME") {
        assert!(root().join("docs").join(page).with_extension("md").exists(), "docs/{page}.md");
    }
}

#[test]
fn the_first_page_lists_the_codes_that_functions_leave_out() {
    let overview = overview();
    let paragraph = overview.split("\n\n").find(|p| p.starts_with("Errors.")).expect("a paragraph on errors");
    let (every_call, store) = paragraph.split_once("\"store errors\"").expect("what store errors are");
    assert_eq!(codes(every_call), sorted(&EVERY_CALL));
    assert_eq!(codes(store), sorted(&STORE_ERRORS));
}

#[test]
fn store_errors_are_what_an_error_of_the_store_becomes() {
    // Of these a call says by itself when they come.
    let of_what_was_asked = ["TOFU_E_NOT_FOUND", "TOFU_E_CONFLICT", "TOFU_E_STATE"];
    let mut found = codes_of_the_store();
    found.retain(|code| !of_what_was_asked.contains(&code.as_str()) && !EVERY_CALL.contains(&code.as_str()));
    assert_eq!(found, sorted(&STORE_ERRORS));
}

fn sorted(codes: &[&str]) -> Vec<String> {
    let mut codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    codes.sort();
    codes
}

/// The error codes that a text names, each once.
fn codes(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let mut codes: Vec<&str> = words.filter(|word| word.starts_with("TOFU_E_")).collect();
    codes.dedup();
    let mut codes = sorted(&codes);
    codes.dedup();
    codes
}

/// The codes that errors of the store become.
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
fn every_export_documents_pointers_returns_threads_and_since() {
    for export in model::current().functions() {
        let name = &export.name;
        assert!(export.doc.summary().ends_with('.'), "{name}: no summary");
        assert!(!export.doc.threads.is_empty(), "{name}: no thread safety");
        assert!(export.doc.since.starts_with(|c: char| c.is_ascii_digit()), "{name}: no since");
        assert_eq!(!export.doc.returns.is_empty(), export.returns != "void", "{name}: @return");
        let documented: Vec<&str> = export.doc.params.iter().map(|(name, _)| name.as_str()).collect();
        let declared: Vec<&str> = export.params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(documented, declared, "{name}: the @param lines");
        for param in &export.params {
            assert!(!param.doc.is_empty(), "{name}: nothing is said of {}", param.name);
            facts::nullable(export, param).unwrap();
        }
    }
}

#[test]
fn every_call_that_can_fail_says_when_it_works_and_takes_few_objects() {
    let model = model::current();
    let accessors = ["tofu_error_status", "tofu_verdict_decision"];
    for export in model.functions() {
        let fallible = export.returns == "tofu_status" && !accessors.contains(&export.name.as_str());
        assert_eq!(export.is_fallible(), fallible, "{}: err comes last", export.name);
    }
    for export in model.functions().filter(|export| export.is_fallible()) {
        let returns = text(&export.doc.returns);
        let known = facts::statuses(&model, export);
        assert!(known.iter().any(|code| code == "TOFU_OK"), "{}: when is it TOFU_OK?", export.name);
        let is_object = |kind: &str| kind.contains("tofu_") && kind.ends_with('*') && !kind.ends_with("**");
        let objects = export.params.iter().filter(|p| is_object(&p.kind)).count();
        assert!(objects <= 4, "{}: raise MAX_OBJECTS in src/capi/ptr.rs", export.name);
        for code in codes(&returns) {
            assert!(known.contains(&code), "{}: {code} does not exist", export.name);
        }
    }
}

#[test]
fn every_call_on_a_store_says_store_errors() {
    let model = model::current();
    // They take a store, and look at no row of it.
    let touches_nothing =
        ["tofu_store_set_listener", "tofu_list_endpoints", "tofu_list_pins", "tofu_list_pending", "tofu_list_events"];
    // They reach one without taking it.
    let reaches = ["tofu_store_open", "tofu_iter_next", "tofu_conn_handshake"];
    let takes = |export: &Export| export.params.iter().any(|p| p.kind == "tofu_store *") && export.is_fallible();
    let (mut seen, mut wrong) = (0, Vec::new());
    for export in model.functions() {
        let name = export.name.as_str();
        let wanted = reaches.contains(&name) || (takes(export) && !touches_nothing.contains(&name));
        let known = facts::statuses(&model, export);
        let has_all = STORE_ERRORS.iter().all(|code| known.iter().any(|k| k == code));
        if has_all != wanted {
            wrong.push(name);
        }
        seen += usize::from(wanted);
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(seen > 20, "{seen}");
}
