//! The C side of the ABI, run: the programs in tests/c are compiled against `include/tofu.h` and the
//! shared library, run, and run again under valgrind where it is installed; the library's symbols, name
//! and needs are what is promised. Everything is made in a directory of its own and removed.

use std::collections::BTreeSet;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::serve::{free_port, until, until_it_listens};
use crate::{misuse, model, need, null_walk};

const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shared library that was built together with this test.
pub fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let beside = here.parent().unwrap();
    let places = [beside.join("libtofu.so"), beside.parent().unwrap().join("libtofu.so")];
    places.into_iter().find(|p| p.exists()).expect("libtofu.so beside the test; cargo builds it with the library")
}

pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"))
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A directory with the library under the names that the linker and the loader look for.
struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        for name in ["libtofu.so", "libtofu.so.0"] {
            std::os::unix::fs::symlink(library(), dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    /// Compiles a program with warnings as errors.
    fn compile(&self, compiler: &str, standard: &str, source: &Path) -> PathBuf {
        let program = self.dir.path().join(source.file_stem().unwrap()).with_extension(standard.replace('+', "p"));
        let output = run(Command::new(compiler)
            .arg(format!("-std={standard}"))
            .args(WARNINGS)
            .args(["-g", "-O1", "-pthread", "-I"])
            .arg(root().join("include"))
            .arg("-I")
            .arg(root().join("tests/c"))
            .arg(source)
            .arg("-o")
            .arg(&program)
            .arg("-L")
            .arg(self.dir.path())
            .arg("-ltofu"));
        assert!(output.status.success(), "{}", text(&output));
        program
    }

    /// Runs a program in a fresh directory; `prefix` is what runs it, if anything.
    fn run(&self, prefix: &[&str], program: &Path, more: &[&str]) {
        let own = TempDir::new_in(self.dir.path()).unwrap();
        let words: Vec<_> = prefix.iter().map(Path::new).chain([program]).collect();
        let output = run(Command::new(words[0])
            .args(&words[1..])
            .arg(root().join("tests/c/data"))
            .arg(own.path())
            .args(more)
            .env("LD_LIBRARY_PATH", self.dir.path())
            .env("HOME", own.path())
            .env("XDG_DATA_HOME", own.path().join("data")));
        let said = text(&output);
        let last = said.lines().rfind(|l| l.contains(" claims, ")).unwrap_or("no claims");
        println!("{}: {last}", program.file_name().unwrap().to_string_lossy());
        said.lines().filter(|l| l.starts_with("skipped")).for_each(|l| println!("  {l}"));
        assert!(
            output.status.success() && last.ends_with(" 0 failed"),
            "{}: {}\n{said}",
            program.display(),
            output.status
        );
    }

    /// As root, runs a program as nobody too: to root nothing is unreadable.
    fn run_as_nobody(&self, program: &Path) {
        const NOBODY: u32 = 65_534;
        if !need::is_root() {
            return;
        }
        // Whatever it needs is copied to where nobody may go.
        let place = tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o755)).tempdir().unwrap();
        let inside = |name: &str| place.path().join(name);
        let (own, data) = (inside("own"), inside("data"));
        std::fs::copy(library(), inside("libtofu.so.0")).unwrap();
        std::fs::copy(program, inside("program")).unwrap();
        std::fs::create_dir(&data).unwrap();
        for entry in std::fs::read_dir(root().join("tests/c/data")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), data.join(entry.file_name())).unwrap();
        }
        std::fs::DirBuilder::new().mode(0o700).create(&own).unwrap();
        std::os::unix::fs::chown(&own, Some(NOBODY), Some(NOBODY)).unwrap();
        let output = run(Command::new(inside("program"))
            .args([&data, &own])
            .current_dir(&own)
            .uid(NOBODY)
            .gid(NOBODY)
            .env("LD_LIBRARY_PATH", place.path())
            .env("HOME", &own)
            .env("XDG_DATA_HOME", own.join("data")));
        let said = text(&output);
        assert!(output.status.success() && said.contains(" 0 failed") && !said.contains("skipped"), "{said}");
    }

    /// Runs a program, and again under valgrind where it is installed.
    fn run_twice(&self, program: &Path, fewer: &[&str]) {
        self.run(&[], program, &[]);
        if need::find(&["valgrind"]).is_none() {
            need::skip_part("valgrind is not installed");
            return;
        }
        let valgrind = ["valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"];
        self.run(
            &[&valgrind[..], &["--show-leak-kinds=definite,indirect", "--error-exitcode=99"]].concat(),
            program,
            fewer,
        );
    }
}

fn program(name: &str, fewer: &[&str]) {
    let bench = Bench::new();
    let program = bench.compile("cc", "c11", &root().join("tests/c").join(name));
    bench.run_twice(&program, fewer);
}

#[test]
fn conventions() {
    program("conventions.c", &[]);
}

#[test]
fn life() {
    program("life.c", &[]);
}

#[test]
fn peer() {
    program("peer.c", &[]);
}

#[test]
fn additions() {
    program("additions.c", &[]);
}

#[test]
fn answers() {
    program("answers.c", &[]);
}

#[test]
fn stores() {
    let bench = Bench::new();
    let program = bench.compile("cc", "c11", &root().join("tests/c/stores.c"));
    bench.run_twice(&program, &[]);
    bench.run_as_nobody(&program);
}

#[test]
fn threads() {
    program("threads.c", &["5"]);
}

#[test]
fn manage() {
    program("manage.c", &["130"]);
}

#[test]
fn pending() {
    program("pending.c", &[]);
}

#[test]
fn listener() {
    program("listener.c", &[]);
}

#[test]
fn backend() {
    program("backend.c", &["5"]);
}

#[test]
fn network() {
    program("network.c", &[]);
}

/// An IMAP server that has said all it will ever say: openssl s_server, which takes one connection.
struct Imap {
    server: std::process::Child,
    port: u16,
    log: PathBuf,
}

impl Imap {
    /// Serves an identity, made when it is first wanted.
    fn new(dir: &Path, name: &str) -> Self {
        if !dir.join(name).with_extension("pem").exists() {
            let made = run(Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
                .args(["-days", "365", "-subj", "/CN=mail.example", "-addext", "subjectAltName=DNS:mail.example"])
                .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
                .current_dir(dir));
            assert!(made.status.success(), "{}", text(&made));
        }
        let (port, log) = (free_port(), dir.join(name).with_extension("log"));
        let heard = std::fs::File::create(&log).unwrap();
        let mut server = Command::new("openssl")
            .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-naccept", "1"])
            .args(["-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")])
            .current_dir(dir)
            .stdin(std::process::Stdio::piped())
            .stdout(heard.try_clone().unwrap())
            .stderr(heard)
            .spawn()
            .unwrap();
        until_it_listens("openssl s_server", &mut server, &[port], || std::fs::read_to_string(&log).unwrap());
        let said = "* OK ready\n* CAPABILITY IMAP4rev1 \x1b[31m\na1 OK done\n* BYE\na2 OK gone\n";
        std::io::Write::write_all(server.stdin.as_mut().unwrap(), said.as_bytes()).unwrap();
        Self { server, log, port }
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Everything that it received, once it has seen the end of the connection.
    fn end(mut self) -> String {
        drop(self.server.stdin.take());
        let ended = || self.server.try_wait().unwrap().is_some();
        until("the end of openssl s_server", || None, ended, String::new);
        self.heard()
    }
}

impl Drop for Imap {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The example of bindings/c, on a terminal that `answer` is typed into, or without one.
fn fetch(bench: &Bench, program: &Path, port: u16, answer: Option<&str>) -> (Option<i32>, String) {
    let words = format!(
        "{} --store {} --no-system-roots --connect 127.0.0.1:{port} mail.example",
        program.display(),
        bench.dir.path().join("store/pins.db").display()
    );
    let mut command = match answer {
        // script gives the program a terminal, and takes what is typed from its own input.
        Some(answer) => {
            let mut command = Command::new("sh");
            let script = format!("{{ sleep 2; echo '{answer}'; sleep 2; }} | script -qec '{words}' /dev/null");
            command.args(["-c", &script]);
            command
        }
        None => {
            let mut parts = words.split(' ');
            let mut command = Command::new(parts.next().unwrap());
            command.args(parts).stdin(std::process::Stdio::null());
            command
        }
    };
    let output = run(command.env("LD_LIBRARY_PATH", bench.dir.path()));
    (output.status.code(), text(&output))
}

#[test]
fn the_example_connects_asks_and_sends_nothing_to_a_stranger() {
    let bench = Bench::new();
    let program = bench.compile("cc", "c11", &root().join("bindings/c/tofu-fetch.c"));
    let contact = |identity: &str, answer: Option<&str>, status: i32, shown: &str| {
        let imap = Imap::new(bench.dir.path(), identity);
        let (found, said) = fetch(&bench, &program, imap.port, answer);
        let heard = imap.end();
        assert_eq!(found, Some(status), "{said}\n{heard}");
        assert!(said.contains(shown), "{said}");
        assert!(!said.contains('\x1b'), "{said}");
        assert_eq!(heard.contains("a1 CAPABILITY"), status == 0, "{heard}");
    };
    contact("first", None, 3, "Connection closed. Nothing was sent.");
    if need::program(&["script"]).is_none() || need::terminal().is_none() {
        return;
    }
    contact("first", Some("no"), 3, "Nothing was sent.");
    contact("first", Some("yes"), 0, "* CAPABILITY IMAP4rev1 ?[31m");
    contact("first", None, 0, "* CAPABILITY IMAP4rev1");
    contact("second", None, 3, "Nothing was sent.");
    contact("second", Some("no"), 3, "Nothing was sent.");
}

#[test]
fn guest() {
    program("guest.c", &[]);
}

#[test]
fn null_in_every_pointer_position_of_every_export() {
    let bench = Bench::new();
    let source = bench.dir.path().join("null_walk.c");
    std::fs::write(&source, null_walk::program(&model::current())).unwrap();
    bench.run_twice(&bench.compile("cc", "c11", &source), &[]);
}

#[test]
fn a_number_of_another_family_is_refused_everywhere() {
    let bench = Bench::new();
    let source = bench.dir.path().join("misuse.c");
    let (program, parameters) = misuse::program(&model::current());
    assert!(parameters > 30, "{parameters}");
    println!("{parameters} parameters take constants");
    std::fs::write(&source, program).unwrap();
    bench.run(&[], &bench.compile("cc", "c11", &source), &[]);
}

#[test]
fn the_header_is_c99_c11_and_cpp() {
    let bench = Bench::new();
    let source = bench.dir.path().join("header.c");
    std::fs::write(&source, "#include \"tofu.h\"\nint main(void) { return tofu_version()[0] == 0; }\n").unwrap();
    for standard in ["c99", "c11"] {
        let output = run(Command::new(bench.compile("cc", standard, &source)).env("LD_LIBRARY_PATH", bench.dir.path()));
        assert!(output.status.success(), "{standard}");
    }
    if need::program(&["c++"]).is_none() {
        return;
    }
    bench.run(&[], &bench.compile("c++", "c++17", &root().join("tests/c/cpp.cpp")), &[]);
}

#[test]
fn the_library_exports_the_reviewed_symbols_and_nothing_else() {
    let listed = std::fs::read_to_string(root().join("tofu.symbols")).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let output = run(Command::new("nm").args(["-D", "--defined-only", "--extern-only"]).arg(library()));
    let found = text(&output);
    let found: BTreeSet<&str> = found.lines().filter_map(|l| l.split_whitespace().nth(2)).collect();
    assert_eq!(found, listed);
}

#[test]
fn the_library_is_called_so_0_and_needs_only_the_c_library() {
    let output = text(&run(Command::new("readelf").args(["-d", "-W"]).arg(library())));
    assert!(output.contains("soname: [libtofu.so.0]"), "{output}");
    let needed = output.lines().filter(|l| l.contains("(NEEDED)")).filter_map(|l| l.split(['[', ']']).nth(1));
    for name in needed {
        let of_libc = ["libc.so", "libm.so", "libgcc_s.so", "libpthread.so", "libdl.so", "ld-linux", "libsqlite3.so"];
        assert!(of_libc.iter().any(|known| name.starts_with(known)), "{name} is a need that nobody reviewed");
        assert!(!name.starts_with("libsqlite3") || !cfg!(feature = "bundled-sqlite"), "{name} is built in");
    }
    let constructors = output.lines().filter(|l| l.contains("(INIT)")).count();
    assert!(constructors <= 1, "{output}");
}
