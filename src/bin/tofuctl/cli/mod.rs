//! What the command line can say: the global options and the commands. Each command's own options are
//! in [`store`] (what is remembered), [`exchange`] (files and upkeep) and [`network`] (servers and
//! certificates). The comments here are the help texts and the manual pages.

pub mod exchange;
pub mod network;
pub mod store;
pub mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use tofu::time::Timestamp;

/// Say whether a mail server is the one that you mean, and why
///
/// tofuctl fetches the certificates of servers, checks them against the CA system and against what is
/// remembered of each server, explains the answer, and manages what is remembered.
///
/// A server is written HOST, HOST:PORT, [ADDRESS]:PORT or as an address such as imaps://HOST. Times are
/// written YYYY-MM-DD, YYYY-MM-DDTHH:MM:SSZ or @SECONDS, all in UTC.
#[derive(Debug, Parser)]
#[command(
    name = "tofuctl",
    version,
    max_term_width = 80,
    disable_help_subcommand = true,
    after_help = STATUS,
    after_long_help = format!("{STATUS}\n\n{EXAMPLES}")
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const STATUS: &str = "\
The exit status is 0 for trusted or done, 1 for an error, 2 for wrong usage, 3 where a person has to \
answer, 4 for a rejected server.";
const EXAMPLES: &str = "\
Examples:
  Look at a server, and decide whether to trust it:
    tofuctl check mail.example.org
    tofuctl trust mail.example.org:143
  See what is known of it, and take the last change back:
    tofuctl show mail.example.org
    tofuctl undo
  What does this certificate say?
    tofuctl cert server.pem";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Use this store instead of the user's own
    #[arg(long, global = true, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// Lay this read-only store of the system below it (repeatable, nearest first)
    #[arg(long, global = true, value_name = "FILE")]
    pub system_store: Vec<PathBuf>,
    /// Act for this account; the default is the one without a name
    #[arg(long, global = true, value_name = "NAME")]
    pub account: Option<String>,
    /// Act for every account at once (management only)
    #[arg(long, global = true, conflicts_with = "account")]
    pub any_account: bool,
    /// Use this as the present time
    #[arg(long, global = true, value_name = "TIME", value_parser = values::time, allow_hyphen_values = true)]
    pub at: Option<Timestamp>,
    /// Print JSON on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// Use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: Color,
    /// Print no messages about what was done
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Continue with a store that is known to have held more
    ///
    /// A store that vanished, was replaced or went back in time since it was last used is an error: the
    /// missing part may be what would have stopped an attack. This option continues with what is there, once.
    #[arg(long, global = true)]
    pub accept_loss: bool,
}

/// When to use colours: auto, always or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Check(Box<network::Check>),
    Probe(Box<network::Probe>),
    Trust(Box<network::Trust>),
    Connect(Box<network::Connect>),
    List(store::List),
    Show(store::Show),
    Forget(store::Forget),
    Block(store::Block),
    Stage(store::Stage),
    Retire(store::Retire),
    ExpectChange(store::ExpectChange),
    Pending(store::Pending),
    Policy(store::Policy),
    Log(store::Log),
    Undo(store::Undo),
    Stats(store::Stats),
    Import(exchange::Import),
    Export(exchange::Export),
    Backup(exchange::Backup),
    Restore(exchange::Restore),
    Fsck(exchange::Fsck),
    Prune(exchange::Prune),
    Cert(network::Cert),
    Diff(network::Diff),
    Completions(exchange::Completions),
    #[command(hide = true)]
    GenerateMan(exchange::GenerateMan),
}

/// Kinds of pins, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The server's key; survives the renewal of its certificate
    Key,
    /// This one certificate
    Certificate,
    /// The key of a private authority that signs the server's certificates
    Issuer,
    /// A valid certificate for this other name
    Name,
}

impl From<Kind> for tofu::store::PinKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Key => Self::Key,
            Kind::Certificate => Self::Certificate,
            Kind::Issuer => Self::Issuer,
            Kind::Name => Self::Name,
        }
    }
}
