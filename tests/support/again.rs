//! This test program, started again for one of its tests: for what needs a process of its own.
#![allow(dead_code)]

use std::process::Command;

const ALONE: &str = "TOFU_TEST_ALONE";

/// The name by which this program knows a test of the module (`module_path!()`). The path of a module begins with the
/// name of the program, which the names of tests leave out.
pub fn name(module: &str, test: &str) -> String {
    module.split_once("::").map_or_else(|| test.to_owned(), |(_, place)| format!("{place}::{test}"))
}

/// This program with that one test.
pub fn again(module: &str, test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &name(module, test), "--nocapture"]);
    command
}

/// Runs the body of that test in a process that runs nothing else: for what counts or changes what belongs to a whole
/// process, or forks it.
pub fn alone(module: &str, test: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    // A backtrace reads the program's debug information, which would count as memory of the test.
    let output = again(module, test).env(ALONE, "1").env("RUST_BACKTRACE", "0").output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    text.lines().filter(|line| line.starts_with("skipped")).for_each(|line| println!("{line}"));
    // The process may end by a signal; and a name that fits no test runs none.
    assert!(output.status.success() && text.contains(" 1 passed"), "{}:\n{text}", output.status);
}

/// Has `tracer` (strace with its options) run that command.
pub fn behind(tracer: &mut Command, command: &Command) {
    tracer.arg(command.get_program()).args(command.get_args());
}
