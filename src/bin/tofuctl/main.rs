//! `tofuctl`: what libtofu knows and decides, for a person at a terminal and for scripts. Parses the
//! command line, runs one command, turns the result into an exit status. It uses the library's public
//! API alone and decides nothing itself.

// The comments of the command line are its help texts, where brackets mean that something may be left out.
#![allow(rustdoc::broken_intra_doc_links)]
#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod ask;
mod cli;
mod cmd;
mod context;
mod input;
mod process;
mod render;

use std::process::ExitCode;

use clap::Parser;

use context::Context;
use input::named;
use process::exit::{self, Exit, Failure};
use tofu::path::Roots;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(stop) => return exit::not_run(&stop),
    };
    let ran = Context::new(cli.global).and_then(|cx| {
        let ran = run(&cli.command, &cx);
        roots_passed_over(&cx);
        ran
    });
    match ran {
        Ok(exit) => exit.into(),
        Err(failure) => failure.tell(),
    }
}

/// Says what was passed over in the trust anchors that the environment names, if they were read at all.
fn roots_passed_over(cx: &Context) {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|variable| std::env::var_os(variable).is_some());
    if let Some(roots) = Roots::loaded_system().filter(|_| named) {
        named::passed_over(roots.origin(), roots.skipped(), &cx.out);
    }
}

fn run(command: &cli::Command, cx: &Context) -> Result<Exit, Failure> {
    use cli::Command;
    match command {
        Command::Probe(args) => cmd::probe::run(args, cx),
        Command::Check(args) => cmd::check::run(args, cx),
        Command::Connect(args) => cmd::connect::run(args, cx),
        Command::Trust(args) => cmd::trust::run(args, cx),
        Command::Pending(args) => cmd::pending::run(args, cx),
        Command::List(args) => cmd::list::run(args, cx),
        Command::Show(args) => cmd::show::run(args, cx),
        Command::Log(args) => cmd::log::run(args, cx),
        Command::Stats(args) => cmd::stats::run(args, cx),
        Command::Forget(args) => cmd::forget::run(args, cx),
        Command::Block(args) => cmd::block::run(args, cx),
        Command::Stage(args) => cmd::stage::run(args, cx),
        Command::Retire(args) => cmd::retire::run(args, cx),
        Command::ExpectChange(args) => cmd::expect_change::run(args, cx),
        Command::Policy(args) => cmd::policy::run(args, cx),
        Command::Undo(args) => cmd::undo::run(args, cx),
        Command::Import(args) => cmd::import::run(args, cx),
        Command::Export(args) => cmd::export::run(args, cx),
        Command::Backup(args) => cmd::backup::run(args, cx),
        Command::Restore(args) => cmd::restore::run(args, cx),
        Command::Fsck(args) => cmd::fsck::run(args, cx),
        Command::Prune(args) => cmd::prune::run(args, cx),
        Command::Cert(args) => cmd::cert::run(args, cx),
        Command::Diff(args) => cmd::diff::run(args, cx),
        Command::Completions(args) => cmd::completions::run(args, cx),
        Command::GenerateMan(args) => cmd::man::run(args, cx),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The rooms of docs/tofuctl.md, each above those that it may use.
    const ROOMS: [&str; 7] = ["cmd", "ask", "input", "context", "render", "process", "cli"];

    #[test]
    fn a_room_uses_only_the_rooms_below_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/tofuctl");
        let mut folders: Vec<String> = std::fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        folders.sort();
        let mut rooms = ROOMS.map(str::to_owned).to_vec();
        rooms.sort();
        assert_eq!(folders, rooms, "a folder without a place in ROOMS, or the other way round");
        for (place, room) in ROOMS.iter().enumerate() {
            for file in std::fs::read_dir(root.join(room)).unwrap() {
                let path = file.unwrap().path();
                let text = std::fs::read_to_string(&path).unwrap();
                for above in &ROOMS[..place] {
                    let uses =
                        text.contains(&format!("crate::{above}::")) || text.contains(&format!("crate::{above};"));
                    assert!(!uses, "{} uses {above}, which is above it", path.display());
                }
            }
        }
    }
}
