//! Which file systems a store may lie on: those of this machine; those of the network whose locks
//! reach every machine, without the caches that rest on what this machine sees; no others.

use std::fs::File;
use std::path::Path;

use crate::store::error::StoreError;

/// What a file system is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suitability {
    /// What is written by anyone is seen by everyone at once.
    Local,
    /// Locks reach every machine, or may, and reading under a lock sees what was written; reading
    /// without one may not. The named kind.
    Shared(&'static str),
    /// Locks or their meaning cannot be relied on. The named kind.
    Unfit(&'static str),
}

/// The numbers that statfs(2) gives, as in the kernel's magic.h and the file systems' own sources.
const KINDS: [(u32, Suitability); 14] = [
    // Version 3 with its lock daemon, version 4 by itself; flock(2) is emulated by such locks.
    (0x0000_6969, Suitability::Shared("NFS")),
    (0x00C3_6400, Suitability::Shared("Ceph")),
    (0x0BD0_0BD0, Suitability::Shared("Lustre")),
    (0x0116_1970, Suitability::Shared("GFS2")),
    (0x7461_636F, Suitability::Shared("OCFS2")),
    (0x4750_4653, Suitability::Shared("GPFS")),
    // Anything from an encrypted home to a server far away.
    (0x6573_5546, Suitability::Shared("FUSE")),
    (0x0102_1997, Suitability::Shared("9P")),
    // Locks are mandatory, depend on mount options, or are silently local.
    (0x0000_517B, Suitability::Unfit("SMB")),
    (0xFE53_4D42, Suitability::Unfit("SMB2")),
    (0xFF53_4D42, Suitability::Unfit("CIFS")),
    (0x0000_564C, Suitability::Unfit("NCP")),
    // Whole files are written back at close; locks of ranges are local.
    (0x5346_414F, Suitability::Unfit("AFS")),
    (0x7375_7245, Suitability::Unfit("Coda")),
];

/// Judges the type number of a file system.
pub(super) fn judge(kind: u32) -> Suitability {
    KINDS.iter().find(|(known, _)| *known == kind).map_or(Suitability::Local, |(_, suitability)| *suitability)
}

/// Judges where an open file lies. One that does not tell is taken for the network's.
pub(super) fn of(file: &File) -> Suitability {
    match rustix::fs::fstatfs(file) {
        // The numbers have 32 bits, whatever the width and sign of the field.
        Ok(found) => judge((found.f_type as u64 & 0xFFFF_FFFF) as u32),
        Err(_) => Suitability::Shared("unknown"),
    }
}

/// Refuses a file where locks cannot be relied on, before anything is written.
pub(super) fn refuse_unfit(path: &Path, file: &File) -> Result<(), StoreError> {
    match of(file) {
        Suitability::Unfit(kind) => {
            let what = format!(
                "lies on a network file system ({kind}) whose locks cannot be relied on; keep it on a local one by \
                 giving its path (a copy of the file may be moved there)"
            );
            Err(StoreError::Unsafe { store: path.display().to_string(), what })
        }
        Suitability::Local | Suitability::Shared(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_file_systems_are_local() {
        for (name, kind) in [
            ("ext4", 0xEF53),
            ("btrfs", 0x9123_683E),
            ("xfs", 0x5846_5342),
            ("tmpfs", 0x0102_1994),
            ("overlay", 0x794C_7630),
            ("zfs", 0x2FC1_2FC1),
            ("f2fs", 0xF2F5_2010),
            ("bcachefs", 0xCA45_1A4E),
        ] {
            assert_eq!(judge(kind), Suitability::Local, "{name}");
        }
    }

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        assert_eq!(judge(0x6969), Suitability::Shared("NFS"));
        assert_eq!(judge(0xFF53_4D42), Suitability::Unfit("CIFS"));
        assert_eq!(judge(0x5346_414F), Suitability::Unfit("AFS"));
    }

    #[test]
    fn an_open_file_can_be_asked() {
        let file = tempfile::tempfile().unwrap();
        assert!(!matches!(of(&file), Suitability::Unfit(_)));
    }
}
