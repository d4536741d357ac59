//! Many processes on one store: nothing lost, one winner, and a kill at any moment loses nothing
//! that was acknowledged. The test binary starts itself as the other processes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::again::{again, alone};
use crate::support::*;
use tofu::hash::Hash;
use tofu::store::*;

const ROLE: &str = "TOFU_TEST_ROLE";
const FILE: &str = "TOFU_TEST_FILE";
const NUMBER: &str = "TOFU_TEST_NUMBER";

fn start(role: &str, file: &Path, number: usize) -> Child {
    again(module_path!(), "the_other_process")
        .env(ROLE, role)
        .env(FILE, file)
        .env(NUMBER, number.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the started processes do; nothing when run as a test.
#[test]
fn the_other_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let file = std::env::var(FILE).unwrap();
    let number: usize = std::env::var(NUMBER).unwrap().parse().unwrap();
    let opened = StoreOptions { busy_ms: Some(60_000), ..options(Path::new(&file)) };
    match role.as_str() {
        "add" => {
            let store = Store::open(&opened).unwrap();
            for n in 0..500 {
                put(&store, pinned("", &format!("h{number}-{n}.example"), 993, "k"));
            }
        }
        "race" => {
            let store = Store::open(&opened).unwrap();
            println!("\nready");
            let _ = std::io::stdin().read_line(&mut String::new());
            // First use as the trust layer does it: look, and pin only where nothing is known.
            let won = store.write(|tx| {
                if tx.endpoint(&endpoint("", "a.example", 993))?.is_some() {
                    return Ok::<_, StoreError>(false);
                }
                tx.put_endpoint(pinned("", "a.example", 993, &format!("key {number}")))?;
                Ok(true)
            });
            println!("\n{}", if won.unwrap() { "first" } else { "changed" });
        }
        "write-until-killed" => {
            let store = Store::open(&opened).unwrap();
            for n in 0.. {
                let host = format!("r{number}-{n}.example");
                store
                    .write(|tx| {
                        tx.put_endpoint(pinned("", &host, 993, &host))?;
                        tx.log_undoable(Event { host: host.clone(), port: 993, ..event("pin-added", 1) }, None)
                    })
                    .unwrap();
                println!("\nacknowledged {n}");
                std::io::stdout().flush().unwrap();
            }
        }
        other => panic!("{other}"),
    }
}

fn lines_of(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok)
}

#[test]
fn eight_processes_adding_five_hundred_endpoints_each_leave_exactly_four_thousand() {
    let place = Place::new();
    let began = Instant::now();
    let children: Vec<Child> = (0..8).map(|n| start("add", &place.file(), n)).collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let report = place.open().verify().unwrap();
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(report.counts.endpoints, 4_000);
    println!("4,000 endpoints by eight processes in {:?}", began.elapsed());
}

#[test]
fn eight_processes_racing_for_one_endpoint_have_one_winner() {
    for _ in 0..5 {
        let place = Place::new();
        let mut children: Vec<Child> = (0..8).map(|n| start("race", &place.file(), n)).collect();
        let mut outputs: Vec<_> = children.iter_mut().map(lines_of).collect();
        for output in &mut outputs {
            assert!(output.any(|line| line == "ready"));
        }
        for child in &mut children {
            child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        }
        let results: Vec<String> =
            outputs.into_iter().map(|lines| lines.filter(|l| l == "first" || l == "changed").last().unwrap()).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(results.iter().filter(|r| *r == "first").count(), 1, "{results:?}");
        let winner = results.iter().position(|r| r == "first").unwrap();
        let record = get(&place.open(), &endpoint("", "a.example", 993)).unwrap();
        assert_eq!(record.pins.len(), 1);
        assert_eq!(record.pins[0].value, PinValue::Sha256(Hash::of(format!("key {winner}").as_bytes())));
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let rounds: usize = std::env::var("TOFU_TEST_KILL_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(200);
    let place = Place::new();
    let mut random = 12_345_u64;
    let mut acknowledged = 0;
    for round in 0..rounds {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = start("write-until-killed", &place.file(), round);
        let mut output = lines_of(&mut child);
        // A random moment after a random number of writes, however slow the disk is.
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..(random >> 33) % 4 {
            lines.extend(output.by_ref().find(|l| l.starts_with("acknowledged")));
        }
        std::thread::sleep(Duration::from_micros((random >> 40) % 10_000));
        child.kill().unwrap();
        lines.extend(output);
        child.wait().unwrap();
        let last = lines.iter().rev().find_map(|l| l.strip_prefix("acknowledged ")?.parse::<usize>().ok());
        let store = place.open();
        for n in 0..last.map_or(0, |n| n + 1) {
            let host = format!("r{round}-{n}.example");
            assert!(get(&store, &endpoint("", &host, 993)).is_some(), "{host} was acknowledged and is gone");
            acknowledged += 1;
        }
        if round % 20 == 0 {
            drop(store);
            place.assert_sound();
        }
    }
    place.assert_sound();
    println!("{rounds} kills, {acknowledged} acknowledged, none lost");
    assert!(acknowledged > rounds / 4, "the kills came too early to mean anything: {acknowledged}");
}

#[test]
fn a_change_by_another_process_is_seen_at_once() {
    let place = Place::new();
    let store = place.open();
    let peeked = store.peek().unwrap();
    let generation = store.generation().unwrap();
    let mut child = start("race", &place.file(), 0);
    let mut lines = lines_of(&mut child);
    assert!(lines.any(|l| l == "ready"));
    assert_eq!(store.peek(), Some(peeked));
    child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    assert_eq!(lines.filter(|l| l == "first").count(), 1);
    child.wait().unwrap();
    assert_ne!(store.peek(), Some(peeked));
    assert!(store.generation().unwrap() > generation);
    assert!(get(&store, &endpoint("", "a.example", 993)).is_some());
}

#[test]
fn a_handle_is_refused_in_the_child_of_a_fork_and_unharmed_in_the_parent() {
    // The child has copies of all descriptors of its parent, and of what other threads are in the middle of.
    alone(module_path!(), "a_handle_is_refused_in_the_child_of_a_fork_and_unharmed_in_the_parent", fork_with_a_handle);
}

fn fork_with_a_handle() {
    let place = Place::new();
    let store = place.open();
    put(&store, pinned("", "a.example", 993, "k"));
    // SAFETY: the child calls only the store, which is refused before it takes a lock, and exits without unwinding.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = matches!(store.generation(), Err(StoreError::Forked { .. })) && store.peek().is_none();
        drop(store);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(if refused { 0 } else { 1 }) };
    }
    assert!(child > 0);
    let mut status = 0;
    // SAFETY: waits for the child made above.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0);
    put(&store, pinned("", "b.example", 993, "k"));
    assert!(get(&store, &endpoint("", "a.example", 993)).is_some());
    place.assert_sound();
}

#[test]
fn no_descriptor_survives_into_a_started_program() {
    let place = Place::new();
    let store = place.open();
    put(&store, pinned("", "a.example", 993, "k"));
    let output = Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!shown.contains("pins.db"), "{shown}");
}
