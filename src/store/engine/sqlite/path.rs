//! Where the file is and whether it is safe to use: type, owner, permissions, of the file, its
//! directory and what lies beside it. Nothing is opened here.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, OFlags};

use super::error::io;
use crate::store::error::StoreError;

/// Bytes of a path that SQLite opens, at most: its MAX_PATHNAME is 512, of which it keeps eight for "-journal".
const MAX_PATH: usize = 504;
/// Bytes of a file's name: what lies beside it has up to 15 more, and file systems take 255.
const MAX_NAME: usize = 240;

/// Device and inode.
pub(super) type Identity = (u64, u64);

/// Which file a path names, and when anything about it changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Device and inode.
    pub(super) identity: Identity,
    /// The time of the last change of content, owner or mode, in nanoseconds: nobody can set it.
    pub(super) changed: i64,
    /// Who may write to it.
    pub(super) access: Access,
}

/// What decides who may write to a file. It is compared beside the time of the last change, because a clock ticks
/// every few milliseconds and two changes within one tick have the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Access {
    owner: u32,
    mode: u32,
    names: u64,
}

impl Access {
    /// One number for it, for [`super::Peek`]: 32 bits of owner, 16 of mode, 16 of the number of names.
    pub(super) fn number(self) -> u64 {
        u64::from(self.owner) << 32 | u64::from(self.mode & 0xffff) << 16 | self.names.min(0xffff)
    }
}

/// Whose store a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Standing {
    /// The caller's own, or one that root shares.
    Own,
    /// One of the system, below the caller's own: nobody but root may have written it.
    System,
}

impl Standing {
    /// Refuses a file that this standing does not allow. Returns whether it may be written to.
    pub(super) fn check(self, file: &Path) -> Result<bool, StoreError> {
        self.check_system(file)?;
        check(file)
    }

    /// What is special about a store of the system, which may be missing altogether.
    pub(super) fn check_system(self, file: &Path) -> Result<(), StoreError> {
        if self == Self::System { check_system(file) } else { Ok(()) }
    }
}

/// `$XDG_DATA_HOME/tofu/pins.db`, or `$HOME/.local/share/tofu/pins.db`. The environment is not
/// believed in programs that run with more rights than their caller.
pub fn default_path() -> Result<PathBuf, StoreError> {
    let invalid = |what: &str| StoreError::Invalid { what: what.to_owned() };
    if crate::privileges::borrowed() {
        return Err(invalid("no default path in a program with more rights than its caller (set-uid); give a path"));
    }
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    let data = data.ok_or_else(|| {
        invalid("no default path: neither XDG_DATA_HOME nor HOME holds an absolute path; give a path")
    })?;
    Ok(data.join("tofu").join("pins.db"))
}

/// The path with its directory resolved, as far as that is there, so that a change of the working directory or of a
/// link in it does not change which file is meant. Refuses one that SQLite could not open.
pub(super) fn absolute(file: &Path) -> Result<PathBuf, StoreError> {
    let invalid = |what: String| StoreError::Invalid { what: format!("{}: {what}", file.display()) };
    let name = file.file_name().ok_or_else(|| invalid("does not name a file".to_owned()))?;
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let directory = std::path::absolute(&directory).map_err(|e| io(file, "its directory", e))?;
    let there = directory.ancestors().find_map(|part| Some((part, fs::canonicalize(part).ok()?)));
    let path = match there {
        Some((part, resolved)) => resolved.join(directory.strip_prefix(part).unwrap_or(Path::new(""))).join(name),
        None => directory.join(name),
    };
    if name.as_bytes().len() > MAX_NAME {
        return Err(invalid(format!("a store's file name has at most {MAX_NAME} bytes; give a shorter one")));
    }
    if path.as_os_str().as_bytes().len() > MAX_PATH {
        return Err(invalid(format!("a store's path has at most {MAX_PATH} bytes; give a shorter one")));
    }
    Ok(path)
}

/// Flags to open a file with that somebody may have put there: no link is followed, no FIFO waited for, and no program
/// that is started inherits it.
pub(super) fn careful() -> i32 {
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits()).unwrap_or(0)
}

/// Beside `file`, with a suffix.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Where the lock file of a store is.
pub(super) fn lock_file(store: &Path) -> PathBuf {
    beside(store, "-lock")
}

/// The first name beside `file` that nothing has: with the suffix, or that and a number.
pub(super) fn unused_beside(file: &Path, suffix: &str) -> Result<PathBuf, StoreError> {
    let names = std::iter::once(suffix.to_owned()).chain((2..100).map(|n| format!("{suffix}.{n}")));
    for name in names {
        let path = beside(file, &name);
        if !exists(&path)? {
            return Ok(path);
        }
    }
    let first = beside(file, suffix);
    Err(io(&first, "a name for another one", "there are a hundred already; remove those that nobody needs"))
}

/// The directory of an absolute path.
pub(super) fn directory(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

/// Whether there is anything under that name, a dangling link included.
pub(super) fn exists(file: &Path) -> Result<bool, StoreError> {
    Ok(identity(file)?.is_some())
}

/// Which file the path names now.
pub(super) fn identity(file: &Path) -> Result<Option<Identity>, StoreError> {
    Ok(seen(file)?.map(|seen| seen.identity))
}

/// Which file the path names now, and when it changed last.
pub(super) fn seen(file: &Path) -> Result<Option<Seen>, StoreError> {
    match rustix::fs::lstat(file) {
        Ok(found) => {
            let seconds = found.st_ctime.saturating_mul(1_000_000_000);
            let changed = seconds.saturating_add(i64::try_from(found.st_ctime_nsec).unwrap_or(0));
            let access = Access { owner: found.st_uid, mode: found.st_mode, names: names(&found) };
            Ok(Some(Seen { identity: (found.st_dev, found.st_ino), changed, access }))
        }
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(e) => Err(io(file, "stat", e)),
    }
}

/// How many names the file has; the type differs between platforms.
#[allow(clippy::useless_conversion)]
fn names(found: &rustix::fs::Stat) -> u64 {
    u64::from(found.st_nlink)
}

/// Makes the directory with mode 0700 where it is missing.
pub(super) fn make_directory(file: &Path) -> Result<(), StoreError> {
    let directory = directory(file);
    if directory.exists() {
        return check_directory(directory);
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|e| io(directory, "mkdir", e))?;
    check_directory(directory)
}

/// Refuses a file that others could have written, or that is no file, or that has a second name. Returns whether it
/// may be written to: one of root's is the system's store, to be read only.
fn check(file: &Path) -> Result<bool, StoreError> {
    check_directory(directory(file))?;
    let own = check_file(file, true)?;
    check_names(file)?;
    check_beside(file)?;
    Ok(own && may(file, rustix::fs::Access::WRITE_OK))
}

/// Whether this process, as what it runs as, may do that with the file.
fn may(file: &Path, what: rustix::fs::Access) -> bool {
    rustix::fs::accessat(CWD, file, what, AtFlags::EACCESS).is_ok()
}

/// Two names of one file have a journal each: what is cut short under one of them is not put right under the other.
fn check_names(file: &Path) -> Result<(), StoreError> {
    let found = fs::symlink_metadata(file).map_err(|e| io(file, "stat", e))?;
    // The second name of a store that is being made, or whose making was cut short.
    let being_made = || {
        let made = identity(&beside(file, "-new")).ok().flatten();
        made == Some((found.dev(), found.ino())) && found.nlink() == 2
    };
    // The last look is for one whose second name went between the two.
    let one = || fs::symlink_metadata(file).is_ok_and(|now| now.nlink() < 2);
    if found.nlink() < 2 || being_made() || one() {
        return Ok(());
    }
    let show = file.display();
    let what = format!(
        "has {} names (hard links), each with a journal of its own; remove the others, or give it a file of its own while no \
         program uses it: cp -p {show} {show}.own && mv {show}.own {show}",
        found.nlink()
    );
    Err(StoreError::Unsafe { store: show.to_string(), what })
}

/// Refuses a store of the system that anybody but root could have written, or that cannot be read:
/// the file, its journal, and every directory above.
fn check_system(file: &Path) -> Result<(), StoreError> {
    let file = absolute(file)?;
    let refuse = |path: &Path, what: String| Err(StoreError::Unsafe { store: path.display().to_string(), what });
    let read = |path: &Path| match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == ErrorKind::NotFound && *path != *file => Ok(None),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let what = "the file, configured as a store below,".to_owned();
            Err(StoreError::NotFound { store: path.display().to_string(), what })
        }
        Err(e) => Err(io(path, "stat", e)),
    };
    let own = [file.clone(), beside(&file, "-journal")];
    for path in own.iter().map(PathBuf::as_path).chain(directory(&file).ancestors()) {
        let Some(found) = read(path)? else { continue };
        if found.uid() != 0 {
            let what = format!("belongs to user {}; a store of the system belongs to root", found.uid());
            return refuse(path, what);
        }
        // Others cannot replace what is root's in a sticky directory.
        let sticky = found.is_dir() && found.mode() & 0o1000 != 0;
        if found.file_type().is_symlink() {
            return refuse(path, "is a symbolic link; give the path of the file itself".to_owned());
        }
        if found.mode() & 0o022 != 0 && !sticky {
            let mode = found.mode() & 0o7777;
            let what = format!("can be written by others (mode {mode:04o}); run: chmod go-w {}", path.display());
            return refuse(path, what);
        }
        if found.is_file() && !may(path, rustix::fs::Access::READ_OK) {
            return refuse(path, format!("cannot be read by you; run as root: chmod a+r {}", path.display()));
        }
    }
    Ok(())
}

/// Refuses a journal that is not a plain file of a trusted owner: SQLite would believe it.
pub(super) fn check_journal(file: &Path) -> Result<(), StoreError> {
    for suffix in ["-journal", "-wal", "-shm"] {
        check_file(&beside(file, suffix), false)?;
    }
    Ok(())
}

/// Checks the journal and the lock file in the same way. Whoever could write the marker in the lock file could hide a
/// loss.
fn check_beside(file: &Path) -> Result<(), StoreError> {
    check_journal(file)?;
    let store = fs::symlink_metadata(file).map_err(|e| io(file, "stat", e))?.uid();
    let path = lock_file(file);
    check_file(&path, false)?;
    let Ok(found) = fs::symlink_metadata(&path) else { return Ok(()) };
    if found.uid() != store {
        let what = format!(
            "belongs to user {}, the store beside it to user {store}; run as root: chown {store} {}",
            found.uid(),
            path.display()
        );
        return Err(StoreError::Unsafe { store: path.display().to_string(), what });
    }
    Ok(())
}

/// Whether the journal holds anything: a commit under way, or one that was killed.
pub(super) fn has_journal(file: &Path) -> bool {
    fs::symlink_metadata(beside(file, "-journal")).is_ok_and(|found| found.len() > 0)
}

fn check_file(file: &Path, must_exist: bool) -> Result<bool, StoreError> {
    let refuse = |what: String| Err(StoreError::Unsafe { store: file.display().to_string(), what });
    let found = match fs::symlink_metadata(file) {
        Ok(found) => found,
        Err(e) if e.kind() == ErrorKind::NotFound && !must_exist => return Ok(true),
        Err(e) => return Err(io(file, "stat", e)),
    };
    let kind = found.file_type();
    if !kind.is_file() {
        let what = match () {
            () if kind.is_symlink() => "a symbolic link",
            () if kind.is_dir() => "a directory",
            () if kind.is_fifo() => "a FIFO",
            () if kind.is_socket() => "a socket",
            () => "a device",
        };
        return refuse(format!("is {what}, not a regular file; give the path of the file itself"));
    }
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me && found.uid() != 0 {
        return refuse(format!("belongs to user {}, not to you (user {me}); use a file of your own", found.uid()));
    }
    if found.mode() & 0o022 != 0 {
        let mode = found.mode() & 0o7777;
        return refuse(format!("can be written by others (mode {mode:04o}); run: chmod go-w {}", file.display()));
    }
    if found.uid() == me && found.mode() & 0o055 != 0 && me != 0 {
        let mode = found.mode() & 0o7777;
        return refuse(format!("can be read by others (mode {mode:04o}); run: chmod 600 {}", file.display()));
    }
    Ok(found.uid() == me)
}

fn check_directory(directory: &Path) -> Result<(), StoreError> {
    let refuse = |path: &Path, what: String| Err(StoreError::Unsafe { store: path.display().to_string(), what });
    let found = fs::metadata(directory).map_err(|e| io(directory, "stat", e))?;
    if !found.is_dir() {
        return refuse(directory, "is not a directory".to_owned());
    }
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me && found.uid() != 0 {
        let what = format!("belongs to user {}, not to you (user {me}); use a directory of your own", found.uid());
        return refuse(directory, what);
    }
    let show = directory.display();
    let (mode, sticky) = (found.mode() & 0o7777, found.mode() & 0o1000 != 0);
    if mode & 0o022 != 0 {
        // One that is everybody's on purpose is not to be changed.
        let remedy = if sticky { String::new() } else { format!("run: chmod go-w {show}, or ") };
        let what = format!("others can put files into it (mode {mode:04o}); {remedy}use a directory of your own in it");
        return refuse(directory, what);
    }
    // Who can rename a directory above can put another one in its place, marker and all. Not the root: who can rename
    // what is there can replace the library too, and a container may have it so.
    for above in directory.ancestors().skip(1).filter(|above| above.parent().is_some()) {
        let Ok(found) = fs::metadata(above) else { continue };
        let mode = found.mode() & 0o7777;
        if mode & 0o1002 == 0o0002 {
            let what = format!(
                "everybody can rename what is in it (mode {mode:04o}), the store's directory too; run: chmod o-w {}",
                above.display()
            );
            return refuse(above, what);
        }
    }
    Ok(())
}
