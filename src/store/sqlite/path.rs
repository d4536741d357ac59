//! Where the file is and whether it is safe to use: type, owner, permissions, of the file, its
//! directory and its journal. Nothing is opened here.

use std::env;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::error::io;
use crate::store::StoreError;

/// Device and inode.
pub(super) type Identity = (u64, u64);

/// `$XDG_DATA_HOME/tofu/pins.db`, or `$HOME/.local/share/tofu/pins.db`. The environment is not
/// believed in programs that run with more rights than their caller.
pub fn default_path() -> Result<PathBuf, StoreError> {
    let invalid = |what: &str| StoreError::Invalid { what: what.to_owned() };
    let process = (rustix::process::getuid(), rustix::process::getgid());
    if process != (rustix::process::geteuid(), rustix::process::getegid()) {
        return Err(invalid("no default path in a set-uid or set-gid program; give a path"));
    }
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    let data = data.ok_or_else(|| invalid("no default path: neither XDG_DATA_HOME nor HOME is set; give a path"))?;
    Ok(data.join("tofu").join("pins.db"))
}

/// The path with its directory resolved, so that a change of the working directory or of a link in
/// it does not change which file is meant.
pub(super) fn absolute(file: &Path) -> Result<PathBuf, StoreError> {
    let invalid = || StoreError::Invalid { what: format!("{} does not name a file", file.display()) };
    let name = file.file_name().ok_or_else(invalid)?;
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let absolute = std::path::absolute(&directory).map_err(|e| io(file, "its directory", e))?;
    Ok(fs::canonicalize(&absolute).unwrap_or(absolute).join(name))
}

/// Beside `file`, with a suffix.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
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
    match rustix::fs::lstat(file) {
        Ok(found) => Ok(Some((found.st_dev, found.st_ino))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(e) => Err(io(file, "stat", e)),
    }
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

/// Refuses a file that others could have written, or that is no file. Returns whether it may be
/// written to: one of root's is the system's store, to be read only.
pub(super) fn check(file: &Path) -> Result<bool, StoreError> {
    check_directory(directory(file))?;
    let own = check_file(file, true)?;
    check_journal(file)?;
    Ok(own && rustix::fs::access(file, rustix::fs::Access::WRITE_OK).is_ok())
}

/// Refuses a store of the system that anybody but root could have written, or that cannot be read:
/// the file, its journal, and every directory above.
pub(in crate::store) fn check_system(file: &Path) -> Result<(), StoreError> {
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
        if found.mode() & 0o022 != 0 && !sticky {
            let mode = found.mode() & 0o7777;
            let what = format!("can be written by others (mode {mode:04o}); run: chmod go-w {}", path.display());
            return refuse(path, what);
        }
        if found.is_file() && rustix::fs::access(path, rustix::fs::Access::READ_OK).is_err() {
            return refuse(path, format!("cannot be read by you; run as root: chmod a+r {}", path.display()));
        }
    }
    Ok(())
}

/// Refuses a journal that is not a plain file of the same owner: SQLite would believe it.
pub(super) fn check_journal(file: &Path) -> Result<(), StoreError> {
    for suffix in ["-journal", "-wal", "-shm"] {
        check_file(&beside(file, suffix), false)?;
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
    let refuse = |what: String| Err(StoreError::Unsafe { store: directory.display().to_string(), what });
    let found = fs::metadata(directory).map_err(|e| io(directory, "stat", e))?;
    if !found.is_dir() {
        return refuse("is not a directory".to_owned());
    }
    let me = rustix::process::geteuid().as_raw();
    if found.uid() != me && found.uid() != 0 {
        return refuse(format!("belongs to user {}, not to you (user {me}); use a directory of your own", found.uid()));
    }
    if found.mode() & 0o022 != 0 {
        let mode = found.mode() & 0o7777;
        return refuse(format!(
            "others can put files into it (mode {mode:04o}); run: chmod go-w {}, or use a directory of your own",
            directory.display()
        ));
    }
    Ok(())
}
