//! System calls that fail (strace injects the error): a clear error naming the file, nothing
//! acknowledged is lost, nothing is damaged, and the next try works.

use std::path::Path;
use std::process::Command;

use crate::again::{again, behind};
use crate::need;
use crate::support::*;
use tofu::store::*;

const FILE: &str = "TOFU_TEST_FILE";

/// What runs under strace; nothing when run as a test. Prints each acknowledged write and the first error.
#[test]
fn the_traced_process() {
    let Ok(file) = std::env::var(FILE) else { return };
    let began = std::env::var("TOFU_TEST_BEGAN").unwrap();
    let store = match Store::open(&options(Path::new(&file))) {
        Ok(store) => store,
        Err(e) => {
            println!("\nerror {e}");
            return;
        }
    };
    for n in 0..6 {
        let host = format!("t{began}-{n}.example");
        match store.write(|tx| tx.put_endpoint(pinned("", &host, 993, "k"))) {
            Ok(()) => println!("\nacknowledged {host}"),
            Err(e) => {
                println!("\nerror {e}");
                return;
            }
        }
    }
}

#[test]
fn failing_writes_syncs_and_opens_lose_nothing_and_damage_nothing() {
    let Some(tracer) = need::strace() else { return };
    let place = Place::new();
    place.open();
    let (mut errors, mut acknowledged, mut run) = (0, 0, 0);
    let calls = ["pwrite64", "fsync,fdatasync", "ftruncate", "openat", "fcntl", "unlink", "newfstatat"];
    for call in calls {
        for error in ["EIO", "ENOSPC", "EACCES"] {
            for when in ["1", "2", "4", "7", "11", "16"] {
                run += 1;
                // Only calls on the store's own files fail.
                let mut strace = Command::new(&tracer);
                strace.args(["-f", "-q", "-o", "/dev/null", "-e", &format!("trace={call}")]);
                for suffix in ["", "-journal", "-lock"] {
                    strace.arg("-P").arg(place.beside(suffix));
                }
                strace.args(["-e", &format!("inject={call}:error={error}:when={when}")]);
                behind(&mut strace, &again(module_path!(), "the_traced_process"));
                let output = strace.env(FILE, place.file()).env("TOFU_TEST_BEGAN", run.to_string()).output().unwrap();
                let shown = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(
                    output.status.success(),
                    "{call} {error} {when}: {shown}{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                if let Some(line) = shown.lines().find(|l| l.starts_with("error ")) {
                    assert!(line.contains("pins.db"), "{call} {error} {when}: {line}");
                    errors += 1;
                }
                let store = place.open();
                for host in shown.lines().filter_map(|l| l.strip_prefix("acknowledged ")) {
                    assert!(get(&store, &endpoint("", host, 993)).is_some(), "{call} {error} {when}: {host} is gone");
                    acknowledged += 1;
                }
            }
        }
    }
    place.assert_sound();
    println!("{run} runs, {errors} errors told, {acknowledged} acknowledged writes, none lost");
    assert!(errors > run / 8, "the injection hit too little: {errors} of {run}");
}

#[test]
fn a_read_only_file_system_is_enough_for_reading() {
    let place = Place::new();
    let inside = place.subdirectory("mounted");
    let file = inside.join("pins.db");
    put(&Store::open(&options(&file)).unwrap(), pinned("", "a.example", 993, "k"));
    let mount = |args: &[&str]| Command::new("mount").args(args).output().is_ok_and(|o| o.status.success());
    let path = inside.to_str().unwrap();
    if !mount(&["--bind", path, path]) {
        return need::skip("nothing can be mounted here");
    }
    let read_only = mount(&["-o", "remount,bind,ro", path]);
    let outcome = read_only.then(|| {
        let store = Store::open(&options(&file))?;
        let found = store.read(|tx| tx.endpoint(&endpoint("", "a.example", 993)))?;
        let refused = store.write(|tx| tx.put_endpoint(pinned("", "b.example", 993, "k")));
        Ok::<_, StoreError>((store.read_only(), found.is_some(), refused))
    });
    assert!(Command::new("umount").arg(path).status().unwrap().success());
    match outcome {
        None => need::skip("what is mounted cannot be made read-only here"),
        Some(outcome) => {
            let (read_only, found, refused) = outcome.unwrap();
            assert!(read_only && found && matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
        }
    }
}

#[test]
fn a_writer_killed_at_any_write_to_the_file_leaves_a_store_that_opens_and_has_all_that_was_acknowledged() {
    let Some(tracer) = need::strace() else { return };
    let mut acknowledged = 0;
    for when in 1..40 {
        let place = Place::new();
        place.open();
        let mut strace = Command::new(&tracer);
        strace.args(["-f", "-q", "-o", "/dev/null", "-e", "trace=pwrite64", "-P"]).arg(place.file());
        strace.args(["-e", &format!("inject=pwrite64:signal=KILL:when={when}")]);
        behind(&mut strace, &again(module_path!(), "the_traced_process"));
        let output = strace.env(FILE, place.file()).env("TOFU_TEST_BEGAN", "0").output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        let store = place.try_open().unwrap_or_else(|e| panic!("killed at write {when}: {e}"));
        for host in shown.lines().filter_map(|l| l.strip_prefix("acknowledged ")) {
            assert!(get(&store, &endpoint("", host, 993)).is_some(), "killed at write {when}: {host} is gone");
            acknowledged += 1;
        }
        drop(store);
        place.assert_sound();
    }
    assert!(acknowledged > 0);
}
