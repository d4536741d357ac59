//! A power cut, as root: a store on an ext4 image behind a loop device. At system call after system
//! call of a writer the image is copied as the disk would have it then (what was synced, without
//! unmounting), mounted elsewhere and read. What was acknowledged is there, and nothing is damaged.
//! The same with syncs that do nothing has to lose, or the test would be blind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::again::{again, behind};
use crate::need;
use crate::support::*;
use tofu::store::*;

const FILE: &str = "TOFU_TEST_POWER_FILE";
/// The system calls of a commit, in turn the place of the cut.
const CALLS: [&str; 5] = ["pwrite64", "fdatasync", "fsync", "ftruncate", "fcntl"];

fn host(n: usize) -> String {
    format!("p{n}.example")
}

/// The writer; nothing when run as a test.
#[test]
fn the_writer() {
    let Ok(file) = std::env::var(FILE) else { return };
    let store = Store::open(&options(Path::new(&file))).unwrap();
    for n in 0..40 {
        store.write(|tx| tx.put_endpoint(pinned("", &host(n), 993, "k"))).unwrap();
        println!("\nacknowledged {n}");
    }
}

fn run(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|s| s.success())
}

/// Mounted images, unmounted with the value.
struct Disk {
    place: Place,
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// A fresh ext4 file system with a store on it; `None` where that cannot be had.
    fn new() -> Option<Self> {
        let place = Place::new();
        let (image, mount) = (place.directory().join("image"), place.subdirectory("mount"));
        std::fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
        let disk = Self { place, image, mount };
        let made = run("mkfs.ext4", &["-q", "-F", &disk.image.to_string_lossy()]);
        (made && disk.mount(&disk.image, &disk.mount)).then_some(disk)
    }

    fn mount(&self, image: &Path, at: &Path) -> bool {
        // A commit interval that never comes: only what is synced reaches the image by itself.
        run("mount", &["-o", "loop,commit=900", &image.to_string_lossy(), &at.to_string_lossy()])
    }

    fn file(&self) -> PathBuf {
        self.mount.join("store/pins.db")
    }

    /// What a machine would find after the power came back: the image as it is, mounted elsewhere.
    fn after_a_cut<R>(&self, look: impl FnOnce(&Path) -> R) -> R {
        let copy = self.place.directory().join("copy");
        std::fs::copy(&self.image, &copy).unwrap();
        let elsewhere = self.place.directory().join("elsewhere");
        let _ = std::fs::create_dir(&elsewhere);
        assert!(self.mount(&copy, &elsewhere), "the copy cannot be mounted");
        let seen = look(&elsewhere.join("store/pins.db"));
        assert!(run("umount", &[&elsewhere.to_string_lossy()]));
        seen
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for name in ["elsewhere", "mount"] {
            let at = self.place.directory().join(name);
            let _ = run("umount", &[&at.to_string_lossy()]);
        }
    }
}

/// What is left of a store.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Everything,
    Lost(usize),
    Damaged(String),
}

fn left(file: &Path, acknowledged: usize) -> Left {
    let look = || -> Result<Left, StoreError> {
        let store = Store::open(&StoreOptions { must_exist: true, ..options(file) })?;
        if let Some(problem) = store.verify()?.problems.first() {
            return Ok(Left::Damaged(problem.clone()));
        }
        for n in 0..acknowledged {
            if store.read(|tx| tx.endpoint(&endpoint("", &host(n), 993)))?.is_none() {
                return Ok(Left::Lost(n));
            }
        }
        Ok(Left::Everything)
    };
    look().unwrap_or_else(|e| Left::Damaged(e.to_string()))
}

/// Runs a writer that is stopped dead at the `when`th of `call`, and cuts the power there. `None` where
/// the writer came to its end before.
fn cut(disk: &Disk, call: &str, when: usize, sync: bool) -> Option<(usize, Left)> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-q", "-o", "/dev/null"]);
    if sync {
        strace.args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:signal=KILL:when={when}")]);
    } else {
        // Every sync answers at once and does nothing.
        strace.args(["-e", "trace=fsync,fdatasync,sync_file_range,fcntl"]);
        strace.args(["-e", "inject=fsync,fdatasync:retval=0"]);
        strace.args(["-e", &format!("inject={call}:signal=KILL:when={when}")]);
    }
    for suffix in ["", "-journal", "-lock"] {
        strace.arg("-P").arg(format!("{}{suffix}", disk.file().display()));
    }
    behind(&mut strace, &again(module_path!(), "the_writer"));
    let mut child =
        strace.env(FILE, disk.file()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("strace runs");
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let acknowledged = lines.filter(|l| l.starts_with("acknowledged ")).count();
    let finished = child.wait().unwrap().success();
    let left = disk.after_a_cut(|file| left(file, acknowledged));
    (!finished).then_some((acknowledged, left))
}

/// A disk with an empty store that is wholly on it.
fn prepared() -> Option<Disk> {
    let disk = Disk::new()?;
    drop(Store::open(&options(&disk.file())).unwrap());
    assert!(run("sync", &["-f", &disk.mount.to_string_lossy()]));
    Some(disk)
}

#[test]
fn a_power_cut_at_any_system_call_loses_nothing_acknowledged_and_damages_nothing() {
    if need::strace().is_none() || need::program(&["mkfs.ext4"]).is_none() {
        return;
    }
    let Some(first) = prepared() else { return need::skip("no ext4 image can be made and mounted here") };
    drop(first);
    let mut cuts = 0;
    let mut acknowledged_in_all = 0;
    for call in CALLS {
        for when in [1, 2, 3, 5, 8, 13, 21, 34] {
            let disk = prepared().expect("it worked a moment ago");
            let Some((acknowledged, left)) = cut(&disk, call, when, true) else { continue };
            assert_eq!(left, Left::Everything, "{call} {when}: {acknowledged} acknowledged");
            cuts += 1;
            acknowledged_in_all += acknowledged;
        }
    }
    println!("{cuts} power cuts, {acknowledged_in_all} acknowledged, none lost, none damaged");
    assert!(cuts > 20 && acknowledged_in_all > cuts, "the cuts came too early or too late: {cuts}");
    // The control: without syncs something is lost, so the test above can see a loss.
    let mut blind = 0;
    for when in [250, 350, 450] {
        let disk = prepared().expect("it worked a moment ago");
        if let Some((acknowledged, left)) = cut(&disk, "fcntl", when, false) {
            assert!(acknowledged > 0, "fcntl {when}");
            blind += usize::from(left == Left::Everything);
        }
    }
    assert_eq!(blind, 0, "without syncs nothing was lost: the test is blind");
}
