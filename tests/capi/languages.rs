//! The header and its twins in the hands of those who read them: compilers of C and C++ in every standard,
//! Python's cffi, LuaJIT. What is not installed is skipped, and said.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::abi::{library, root, run, text};
use crate::model;
use crate::need;

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];

fn written(dir: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// What a compiler says of a source: `Err` if it does not take it.
fn compiled(compiler: &str, args: &[&str], source: &Path) -> Result<String, String> {
    let mut command = Command::new(compiler);
    command.args(args).arg("-I").arg(root().join("include")).arg("-c").arg(source).args(["-o", "/dev/null"]);
    let output = run(&mut command);
    if output.status.success() { Ok(text(&output)) } else { Err(text(&output)) }
}

#[test]
fn every_standard_of_c_and_cpp_takes_the_header() {
    let dir = TempDir::new().unwrap();
    let code = "#include <tofu.h>\nint main(void) { return tofu_version()[0] == TOFU_OK; }\n";
    let c = written(&dir, "one.c", code);
    let cpp = written(&dir, "one.cpp", code);
    let sets: [(&str, &Path, &[&str]); 4] = [
        ("gcc", &c, &["c99", "c11", "c17", "c2x"]),
        ("clang", &c, &["c99", "c11", "c17", "c2x"]),
        ("g++", &cpp, &["c++17", "c++20", "c++2b"]),
        ("clang++", &cpp, &["c++17", "c++20", "c++2b"]),
    ];
    for (compiler, source, standards) in sets {
        if need::find(&[compiler]).is_none() {
            need::skip_part(format_args!("{compiler} is not installed"));
            continue;
        }
        for standard in standards {
            for switch in ["-DNOTHING", "-DTOFU_NO_ATTRIBUTES", "-DTOFU_NO_SHORT_NAMES"] {
                let standard = format!("-std={standard}");
                let args = [&[switch, &standard], &STRICT[..]].concat();
                compiled(compiler, &args, source).unwrap_or_else(|said| panic!("{compiler} {args:?}: {said}"));
            }
        }
    }
}

#[test]
fn the_unused_result_of_every_call_that_has_a_status_is_a_warning() {
    let dir = TempDir::new().unwrap();
    let (mut code, mut calls) = (String::from("#include <tofu.h>\n"), 0);
    for export in model::current().functions().filter(|export| export.returns == "tofu_status") {
        let params = export.params.iter().map(|p| format!("{} {}", p.kind, p.name)).collect::<Vec<_>>().join(", ");
        let args = export.params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        let name = &export.name;
        let _ = writeln!(code, "void drop_{name}({params});\nvoid drop_{name}({params}) {{ {name}({args}); }}");
        calls += 1;
    }
    assert!(calls > 60, "{calls}");
    let source = written(&dir, "unused.c", &code);
    for compiler in ["gcc", "clang"].into_iter().filter(|compiler| need::find(&[compiler]).is_some()) {
        let said = compiled(compiler, &["-Wall", "-Wextra"], &source).unwrap();
        assert_eq!(said.matches("-Wunused-result]").count(), calls, "{compiler}: {said}");
        compiled(compiler, &["-Werror=unused-result"], &source).unwrap_err();
        let said = compiled(compiler, &["-Wall", "-Wextra", "-DTOFU_NO_ATTRIBUTES"], &source).unwrap();
        assert_eq!(said, "", "{compiler}");
    }
    println!("{calls} functions return tofu_status");
}

/// Every constant with its value, and every function, as `api.json` has them: a line each.
fn listed() -> String {
    let api = std::fs::read_to_string(root().join("include/api.json")).unwrap();
    let api: serde_json::Value = serde_json::from_str(&api).unwrap();
    let list = |value: &serde_json::Value| value.as_array().unwrap().clone();
    let of_families = list(&api["families"]).into_iter().flat_map(|family| list(&family["constants"]));
    let mut out = String::new();
    for constant in of_families.chain(list(&api["constants"])).filter(|constant| !constant["value"].is_null()) {
        let _ = writeln!(out, "constant {} {}", constant["name"].as_str().unwrap(), constant["value"]);
    }
    for function in list(&api["functions"]) {
        let _ = writeln!(out, "function {} 0", function["name"].as_str().unwrap());
    }
    assert!(out.lines().count() > 300);
    out
}

/// Runs a script of tests/capi with the declarations, the list and the library.
fn with_the_library(interpreter: &str, script: &str) {
    let dir = TempDir::new().unwrap();
    let list = written(&dir, "list", &listed());
    let output = run(Command::new(interpreter)
        .arg(root().join("tests/capi").join(script))
        .arg(root().join("include/tofu.ffi.h"))
        .arg(list)
        .arg(library()));
    let said = text(&output);
    println!("{interpreter}: {}", said.trim());
    assert!(output.status.success() && said.contains(" as listed"), "{said}");
}

#[test]
fn cffi_takes_the_declarations_as_they_are() {
    let can = |python: &str| run(Command::new(python).args(["-c", "import cffi"])).status.success();
    match ["python3", "/usr/bin/python3"].into_iter().find(|python| need::find(&[python]).is_some() && can(python)) {
        Some(python) => with_the_library(python, "cffi_reads.py"),
        None => need::skip("python3-cffi is not installed"),
    }
}

#[test]
fn luajit_takes_the_declarations_as_they_are() {
    if need::program(&["luajit"]).is_some() {
        with_the_library("luajit", "luajit_reads.lua");
    }
}
