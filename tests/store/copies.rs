//! Two copies of the library in one process, as a wheel and the distribution's package make them,
//! and two such processes on one store: nothing is lost and nothing damaged.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::support::*;
use crate::trust_support::self_signed;

const ROUNDS: u64 = 40;

fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let beside = here.parent().unwrap();
    let places = [beside.join("libtofu.so"), beside.parent().unwrap().join("libtofu.so")];
    places.into_iter().find(|p| p.exists()).expect("libtofu.so beside the test; cargo builds it with the library")
}

#[test]
fn two_copies_of_the_library_in_one_process_do_not_break_each_others_locks() {
    let place = Place::new();
    place.open();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = |name: &str| place.directory().join(name);
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut compile = Command::new(compiler);
    compile.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"]).arg(path("copies"));
    compile.arg(root.join("tests/c/copies.c")).arg("-I").arg(root.join("include")).args(["-ldl", "-pthread"]);
    assert!(compile.status().unwrap().success());
    // Another file, so that the loader takes it for another library.
    std::fs::copy(library(), path("another.so")).unwrap();
    let chain = self_signed(&["localhost"], "server", crate::trust_support::START - 1_000, 3_650);
    std::fs::write(path("leaf.der"), chain.der(0).unwrap()).unwrap();
    let start = |name: &str| -> Child {
        let mut run = Command::new(path("copies"));
        run.arg(library()).arg(path("another.so")).arg(place.file()).arg(path("leaf.der"));
        run.arg(name).arg(ROUNDS.to_string()).arg(crate::trust_support::START.to_string()).spawn().unwrap()
    };
    for mut process in [start("a"), start("b")] {
        assert!(process.wait().unwrap().success());
    }
    let report = place.open().verify().unwrap();
    assert_eq!(report.problems, [""; 0]);
    // Two processes of two copies with two handles each.
    assert_eq!(report.counts.endpoints, 2 * 2 * 2 * ROUNDS);
}
