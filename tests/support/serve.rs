//! Programs that serve on loopback, for tests: their ports, and the wait until they listen.
#![allow(dead_code)]

use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to come up on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port that is free, another one for each call of this process. It is below those that the system gives to clients
/// (from 32768 on), one of which might take it before the server does, or connect to itself there.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU16::new((random() % 12_000) as u16));
    loop {
        let port = 20_000 + next.fetch_add(1, Ordering::Relaxed) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

/// Waits until the server listens on all of its ports. Panics with what it has said (`said`) when it ends before, or
/// takes too long.
#[track_caller]
pub fn until_it_listens(name: &str, server: &mut Child, ports: &[u16], said: impl Fn() -> String) {
    let pid = server.id();
    until(name, || server.try_wait().unwrap().map(|status| status.to_string()), || listens(pid, ports), said);
}

/// Waits until `ready`. Panics with what the server has said when it has ended (`ended` says how) or takes too long.
#[track_caller]
pub fn until(
    name: &str,
    mut ended: impl FnMut() -> Option<String>,
    mut ready: impl FnMut() -> bool,
    said: impl Fn() -> String,
) {
    let begun = Instant::now();
    // What has ended may have been ready before.
    while !ready() {
        if let Some(how) = ended() {
            panic!("{name} ended before it was ready ({how}):\n{}", said());
        }
        assert!(begun.elapsed() < PATIENCE, "{name} is not ready after {PATIENCE:?}:\n{}", said());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether that process has sockets that listen on all of these ports. Asks the kernel instead of connecting: a server
/// that counts its connections, or is to meet one only, is not disturbed, and no other server on the port is mistaken
/// for it.
pub fn listens(pid: u32, ports: &[u16]) -> bool {
    let own = sockets(pid);
    let tables = ["tcp", "tcp6"].map(|name| std::fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default());
    let listening: Vec<(u16, &str)> = tables.iter().flat_map(|table| table.lines().filter_map(listener)).collect();
    ports.iter().all(|port| listening.iter().any(|(at, inode)| at == port && own.iter().any(|socket| socket == inode)))
}

/// The port and the inode of a line of /proc/net/tcp about a socket that listens (proc_pid_net(5)).
fn listener(line: &str) -> Option<(u16, &str)> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, port) = fields.get(1)?.rsplit_once(':')?;
    (fields.get(3) == Some(&LISTEN)).then_some((u16::from_str_radix(port, 16).ok()?, *fields.get(9)?))
}

/// The inodes of the sockets that a process has.
fn sockets(pid: u32) -> Vec<String> {
    let links = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd")).into_iter().flatten().flatten();
    let names = links.filter_map(|link| std::fs::read_link(link.path()).ok()?.into_os_string().into_string().ok());
    names.filter_map(|name| Some(name.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect()
}
