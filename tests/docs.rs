//! The pages for readers: what the sources refer to is there, links lead somewhere, and lines are short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the repository whose names end in one of these ways.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if name != "target" {
                    folders.push(entry.path());
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The comments of a source file as running text: a reference may be broken across two lines.
fn words(source: &str) -> String {
    let lines = source.lines().map(|line| line.trim().trim_start_matches(['/', '!', '*', '#']).trim());
    lines.collect::<Vec<_>>().join(" ")
}

fn has_heading(page: &str, title: &str) -> bool {
    page.lines().any(|line| line.starts_with('#') && line.trim_start_matches('#').trim() == title)
}

/// The numbers of pitfalls in "docs/pitfalls.md#4, #5 and #6".
fn pitfalls(after: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut rest = after;
    while let Some(tail) = rest.strip_prefix('#') {
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tail.len());
        numbers.push(tail[..end].to_owned());
        rest = tail[end..].trim_start_matches(", ").trim_start_matches(" and ");
    }
    numbers
}

/// The rules in "docs/decision.md, rules 7 and 7b".
fn rules(after: &str) -> Vec<String> {
    let Some(list) = after.strip_prefix(", rules ").or_else(|| after.strip_prefix(", rule ")) else {
        return Vec::new();
    };
    let list = list.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ' ' | ',')).next().unwrap_or(list);
    let words = list.split([' ', ',']).filter(|word| !word.is_empty());
    let rules =
        words.take_while(|word| word.starts_with(|c: char| c.is_ascii_digit()) || matches!(*word, "and" | "to"));
    rules.filter(|word| !matches!(*word, "and" | "to")).map(str::to_owned).collect()
}

/// A pitfall that is named by its number alone.
fn loose_reference(text: &str) -> Option<&str> {
    let named = text.match_indices("pitfall").map(|(at, _)| &text[at..]);
    let mut numbered = named.filter_map(|rest| {
        let number = rest.trim_start_matches("pitfall").trim_start_matches('s').strip_prefix(' ')?;
        number.starts_with(|c: char| c.is_ascii_digit()).then(|| rest.split(')').next().unwrap_or(rest))
    });
    numbered.next()
}

#[test]
fn every_page_pitfall_rule_and_heading_that_the_sources_name_exists() {
    let anchors = page("docs/pitfalls.md");
    let table = page("docs/decision.md");
    let (mut pitfalls_named, mut headings_named, mut wrong) = (0, 0, Vec::new());
    for folder in ["src", "tests", "bindings", "benches", "fuzz", "include"] {
        for file in files(folder, &[".rs", ".c", ".h", ".go", ".sh"]) {
            let text = words(&fs::read_to_string(&file).unwrap());
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            if let Some(loose) = loose_reference(&text) {
                wrong.push(format!("{name}: {loose} without a page"));
            }
            for (at, _) in text.match_indices("docs/") {
                let Some((stem, after)) = text[at + 5..].split_once(".md") else { continue };
                if stem.is_empty() || !stem.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
                    continue;
                }
                let path = format!("docs/{stem}.md");
                let Ok(page) = fs::read_to_string(root().join(&path)) else {
                    wrong.push(format!("{name}: {path}"));
                    continue;
                };
                // Prose may close the name of the page with a backtick.
                let after = after.trim_start_matches('`');
                if stem == "pitfalls" {
                    for number in pitfalls(after) {
                        pitfalls_named += 1;
                        if !anchors.contains(&format!("<a id=\"{number}\"></a>\n### {number}. ")) {
                            wrong.push(format!("{name}: pitfall {number}"));
                        }
                    }
                }
                if stem == "decision" {
                    for rule in rules(after) {
                        if !table.contains(&format!("\n| {rule} | ")) {
                            wrong.push(format!("{name}: rule {rule}"));
                        }
                    }
                }
                if let Some((title, _)) = after.strip_prefix(", \"").and_then(|rest| rest.split_once('"')) {
                    headings_named += 1;
                    if !has_heading(&page, title) {
                        wrong.push(format!("{name}: {path}, \"{title}\""));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(pitfalls_named > 20 && headings_named > 3, "{pitfalls_named} {headings_named}");
}

#[test]
fn the_pitfalls_name_tests_that_exist() {
    let sources: Vec<String> =
        ["src", "tests"].iter().flat_map(|f| files(f, &[".rs"])).map(|f| fs::read_to_string(f).unwrap()).collect();
    let page = page("docs/pitfalls.md");
    let paragraphs = page.split("\n\n").filter(|text| text.starts_with("Test: ") || text.starts_with("Tests: "));
    let names: Vec<&str> = paragraphs.flat_map(|text| text.split('`').skip(1).step_by(2)).collect();
    for name in &names {
        let function = format!("fn {name}(");
        assert!(sources.iter().any(|source| source.contains(&function)), "docs/pitfalls.md names {name}");
    }
    assert_eq!(page.matches("\n### ").count(), page.matches("\nTest").count(), "each pitfall has its tests");
    assert!(names.len() > 60, "{}", names.len());
}

/// The pages for readers, by their paths in the repository.
fn pages() -> Vec<(String, String)> {
    let top = ["README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    let folders = ["docs", "findings", "bindings"].iter().flat_map(|folder| files(folder, &[".md"]));
    let name = |path: &Path| path.strip_prefix(root()).unwrap().display().to_string();
    top.into_iter().chain(folders).map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// Names of C in a text: whole ones, and beginnings like `tofu_dial_options_*`.
fn c_names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("tofu_") || word.starts_with("TOFU_"))
}

#[test]
fn every_name_of_c_in_the_pages_is_in_the_header() {
    let header = page("include/tofu.h");
    let known: std::collections::HashSet<&str> = c_names(&header).collect();
    let programs: String = ["bindings", "tests"]
        .iter()
        .flat_map(|f| files(f, &[".c", ".h", ".rs"]))
        .map(|f| fs::read_to_string(f).unwrap())
        .collect();
    let mut wrong = Vec::new();
    for (name, text) in pages() {
        for word in c_names(&text) {
            let found = if word.ends_with('_') {
                known.iter().any(|known| known.starts_with(word))
            } else {
                known.contains(word) || (!header.contains(word) && c_names(&programs).any(|other| other == word))
            };
            if !found {
                wrong.push(format!("{name}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not in include/tofu.h: {wrong:#?}");
}

#[test]
fn the_c_in_the_pages_compiles() {
    let mut program = String::from(
        "#include <tofu.h>\n\
         int the_user_says_yes(const tofu_verdict *verdict);\n",
    );
    let mut blocks = 0;
    for (name, text) in pages() {
        for block in text.split("\n```c\n").skip(1) {
            let code = block.split("\n```").next().unwrap();
            program += &format!(
                "/* {name} */\n\
                 void example_{blocks}(tofu_store *store, tofu_error *err, tofu_conn *conn, tofu_verdict *verdict,\n\
                 tofu_check_options *options, tofu_status status, const char *host, uint16_t port,\n\
                 const uint8_t *const *ders, const size_t *lens, size_t count, const uint8_t *ocsp, size_t ocsp_len,\n\
                 const char *what_the_user_typed, size_t written);\n\
                 void example_{blocks}(tofu_store *store, tofu_error *err, tofu_conn *conn, tofu_verdict *verdict,\n\
                 tofu_check_options *options, tofu_status status, const char *host, uint16_t port,\n\
                 const uint8_t *const *ders, const size_t *lens, size_t count, const uint8_t *ocsp, size_t ocsp_len,\n\
                 const char *what_the_user_typed, size_t written)\n{{ {{\n{code}\n}} }}\n"
            );
            blocks += 1;
        }
    }
    assert!(blocks >= 6, "{blocks}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs.c");
    fs::write(&file, program).unwrap();
    let output = std::process::Command::new("cc")
        .args(["-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Werror"])
        .args(["-Wno-unused-parameter", "-Wno-unused-but-set-parameter", "-Wno-unused-but-set-variable"])
        .arg("-I")
        .arg(root().join("include"))
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `[docs/policy.md](docs/policy.md)` and `[it](problems.md#self-signed-bit-1)`: the page is there, and the heading.
#[test]
fn links_between_the_pages_lead_somewhere() {
    let anchor = |heading: &str| -> String {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    let mut wrong = Vec::new();
    for (name, text) in pages() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                root().join(&name)
            } else {
                root().join(Path::new(&name).parent().unwrap()).join(path)
            };
            if !target.exists() {
                wrong.push(format!("{name}: {link}"));
            } else if !heading.is_empty() {
                let page = fs::read_to_string(&target).unwrap();
                let marked = page.contains(&format!("<a id=\"{heading}\"></a>"));
                if !marked && !page.lines().any(|line| line.starts_with('#') && anchor(line) == heading) {
                    wrong.push(format!("{name}: {link}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The members that the tables of a page describe, in their first column.
fn members(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    cells.flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>()).collect()
}

#[test]
fn the_pages_about_json_have_a_row_for_every_member() {
    for (folder, name) in
        [("tests/data/verdicts", "docs/json-verdict.md"), ("tests/data/certs", "docs/json-certificate.md")]
    {
        let mut written = BTreeSet::new();
        for file in files(folder, &[".json"]) {
            let value: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            // A comparison of two certificates is another object.
            if let Some(object) = value.as_object().filter(|object| !object.contains_key("rows")) {
                written.extend(object.keys().cloned());
            }
        }
        assert!(!written.is_empty(), "{folder}");
        assert_eq!(members(&page(name)), written, "{name} (left) and {folder} (right) have different members");
    }
}

/// Outside tables, code and headings, which cannot be wrapped.
#[test]
fn lines_of_the_pages_have_at_most_100_columns() {
    let mut wrong = Vec::new();
    for (name, text) in pages() {
        let mut fenced = false;
        for (number, line) in text.lines().enumerate() {
            fenced ^= line.starts_with("```");
            let table_or_heading = line.trim_start().starts_with(['|', '#']);
            let free = fenced || table_or_heading || line.starts_with("    ") || !line.contains(' ');
            if !free && line.chars().count() > 100 {
                wrong.push(format!("{name}:{}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "more than 100 columns: {wrong:#?}");
}
