//! Connections that come to nothing leave nothing behind: no descriptor, no thread, no signal.

use std::time::{Duration, Instant};

use crate::again::alone;
use crate::misbehaviour::dialogues::SCRIPTS;
use crate::misbehaviour::{hang, reset};
use crate::net_support::{NAME, Server, config_showing, identity, limits, terms, tls};
use tofu::endpoint::{Endpoint, Host};
use tofu::store::Store;
use tofu::tls::{Cancel, Dial, Service, connect, probe};

fn count(what: &str) -> usize {
    std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count()
}

/// Waits until there are no more than that; the servers of the test end a moment after their clients.
fn comes_down_to(what: &str, before: usize) {
    let begun = Instant::now();
    while count(what) > before {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}: {} instead of {before}", count(what));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Resident memory in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn two_hundred_failures_leave_no_descriptor_no_thread_and_no_memory_and_raise_no_sigpipe() {
    // What is counted belongs to the whole process.
    alone(
        module_path!(),
        "two_hundred_failures_leave_no_descriptor_no_thread_and_no_memory_and_raise_no_sigpipe",
        two_hundred_failures,
    );
}

fn two_hundred_failures() {
    // The test harness ignores SIGPIPE; a mail client may not. If one is raised, this process ends here.
    // SAFETY: the default action is set before any other thread of this test runs.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let identity = identity();
    let flood = config_showing(&identity, vec![identity.cert.clone(); 100], false);
    let servers = [
        Server::start(|stream| hang(&stream)),
        Server::start(drop),
        Server::start(reset),
        Server::start(|mut stream| SCRIPTS[0].play(&mut stream, 2)),
        Server::start(move |stream| drop(std::io::Read::read(&mut tls(stream, &flood), &mut [0; 1]))),
    ];
    let store = Store::memory();
    let once = |turn: usize| {
        let server = &servers[turn % servers.len()];
        let service = if turn % 2 == 0 { Service::TLS } else { Service::starttls(SCRIPTS[0].protocol) };
        let cancel = Cancel::new().unwrap();
        let dial = || Dial::new().address(server.address).limits(limits(20)).unwrap().service(service).cancel(&cancel);
        assert!(connect(&store, &server.endpoint(), dial(), terms()).is_err());
        let _ = probe(&Host::parse(NAME).unwrap(), server.endpoint().port, dial());
        // Names that are looked up, and addresses where nobody listens.
        let nowhere = Endpoint::parse("", "localhost", 1).unwrap();
        let dial = Dial::new().limits(limits(500)).unwrap();
        assert!(connect(&store, &nowhere, dial, terms()).is_err());
    };
    // What is loaded once stays: the resolver's files, the crypto provider, the allocator's arenas.
    (0..20).for_each(once);
    comes_down_to("task", 2 + servers.len());
    let (descriptors, threads, memory) = (count("fd"), count("task"), resident());
    (0..200).for_each(once);
    comes_down_to("task", threads);
    comes_down_to("fd", descriptors);
    assert!(resident() < memory + 16 * 1024, "{memory} KiB before, {} KiB after", resident());
}
