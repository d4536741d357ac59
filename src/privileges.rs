//! Whether this program runs with borrowed rights. It reads only what the system says about the
//! process.

use std::io::Read;

/// Whether the program runs with more rights than the user who started it (set-uid, set-gid or file
/// capabilities). An attacker may then control the environment (docs/threads.md, "What the library
/// does to its process"). Linux reports this in AT_SECURE of the auxiliary vector. In such a
/// program `/proc/self/auxv` may belong to root; then the real and effective ids in
/// `/proc/self/status`, which every process may read, are compared. Without /proc, as in a bare
/// chroot, the function compares the ids of the process, and asks whether other processes may look
/// into it. Other systems have no such files, and their programs count as unprivileged.
pub fn borrowed() -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    // Some 400 bytes; one read gives all of them.
    let mut auxv = [0; 4096];
    let vector = std::fs::File::open("/proc/self/auxv").and_then(|mut file| file.read(&mut auxv)).ok();
    if let Some(secure) = vector.and_then(|length| at_secure(auxv.get(..length)?)) {
        return secure;
    }
    let status = std::fs::read_to_string("/proc/self/status").ok();
    status.and_then(|status| ids_differ(&status)).unwrap_or_else(told_without_proc)
}

/// Without /proc: the ids, and the flag that the system removes from a program that starts with
/// borrowed rights, so that no other process can look into it.
fn told_without_proc() -> bool {
    use rustix::process::{DumpableBehavior, dumpable_behavior, getegid, geteuid, getgid, getuid};
    (getuid(), getgid()) != (geteuid(), getegid()) || !matches!(dumpable_behavior(), Ok(DumpableBehavior::Dumpable))
}

/// The value of AT_SECURE (23) in an auxiliary vector: pairs of native words.
fn at_secure(auxv: &[u8]) -> Option<bool> {
    const AT_SECURE: usize = 23;
    const WORD: usize = size_of::<usize>();
    let mut words = auxv.chunks_exact(WORD).filter_map(|word| Some(usize::from_ne_bytes(word.try_into().ok()?)));
    while let (Some(kind), Some(value)) = (words.next(), words.next()) {
        if kind == AT_SECURE {
            return Some(value != 0);
        }
    }
    None
}

/// Whether any of the ids of a `/proc/self/status` differs from the real one.
fn ids_differ(status: &str) -> Option<bool> {
    let differ = |key: &str| {
        let mut ids = status.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace();
        let real = ids.next()?;
        Some(ids.any(|id| id != real))
    };
    Some(differ("Uid:")? || differ("Gid:")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_borrowed_rights_is_recognised() {
        let auxv = |pairs: &[[usize; 2]]| pairs.iter().flatten().flat_map(|w| w.to_ne_bytes()).collect::<Vec<u8>>();
        assert_eq!(at_secure(&auxv(&[[6, 4096], [23, 1], [0, 0]])), Some(true));
        assert_eq!(at_secure(&auxv(&[[6, 23], [23, 0], [0, 0]])), Some(false));
        assert_eq!(at_secure(&auxv(&[[0, 0]])), None);
        assert_eq!(ids_differ("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n"), Some(true));
        assert_eq!(ids_differ("Uid:\t1000\t1000\t1000\t1000\nGid:\t5\t6\t6\t6\n"), Some(true));
        assert_eq!(ids_differ("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"), Some(false));
        assert_eq!(ids_differ("Uid:\t0\t0\t0\t0\n"), None);
    }

    #[test]
    fn this_test_runs_without_borrowed_rights() {
        assert!(!borrowed() && !told_without_proc());
    }
}
