//! The pages for readers: what the sources refer to is there, links lead somewhere, and lines are short.

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

#[test]
fn every_page_pitfall_rule_and_heading_that_the_sources_name_exists() {
    let anchors = page("docs/pitfalls.md");
    let table = page("docs/decision.md");
    let (mut pitfalls_named, mut headings_named, mut wrong) = (0, 0, Vec::new());
    for folder in ["src", "tests", "bindings", "benches", "fuzz", "include"] {
        for file in files(folder, &[".rs", ".c", ".h", ".go", ".sh"]) {
            let text = words(&fs::read_to_string(&file).unwrap());
            let name = file.strip_prefix(root()).unwrap().display().to_string();
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
