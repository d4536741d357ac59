//! Commands about servers and certificates.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use tofu::tls::{Address, Protocol};

use super::Kind;
use super::values::{When, protocol, when};

/// How a server is reached.
#[derive(Debug, Args)]
pub struct Reach {
    /// Begin in the clear and ask for TLS as this protocol does
    ///
    /// Without it the port decides: the ports named here begin in the clear, all others speak TLS from the
    /// first byte.
    #[arg(long, value_name = "PROTOCOL", value_parser = protocol(), ignore_case = true)]
    pub starttls: Option<Protocol>,
    /// Connect to this address instead of looking the host up; a link-local one with its zone, fe80::1%eth0
    #[arg(long, value_name = "IP", value_parser = Address::parse)]
    pub address: Option<Address>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: Option<u64>,
}

/// How what is presented is judged.
#[derive(Debug, Args)]
pub struct Judge {
    /// Judge by this policy instead of the stored one: default, accept-new, careful, strict, ca-only, rfc8314, local
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// Also count the certificates of this PEM file as authorities (repeatable)
    #[arg(long, value_name = "PEM")]
    pub cafile: Vec<PathBuf>,
    /// Do not count the system's authorities
    #[arg(long)]
    pub no_system_roots: bool,
    /// The account is being set up: questions are allowed under rfc8314
    #[arg(long)]
    pub setup: bool,
    /// Write nothing, not even the log
    #[arg(long)]
    pub dry_run: bool,
    /// Leave a question that nobody answers for `tofuctl pending`
    #[arg(long)]
    pub leave_pending: bool,
    /// Ask where there is a terminal to ask on (the default)
    #[arg(long, overrides_with = "no_ask")]
    pub ask: bool,
    /// Never ask
    #[arg(long, overrides_with = "ask")]
    pub no_ask: bool,
}

/// Fetch a server's certificates, whether or not they are valid
///
/// Connects, asks for TLS, prints what the connection uses and what the server presented, and hangs up.
/// Neither the CA system nor the store is asked.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl probe mail.example.org:143
  tofuctl probe --pem mail.example.org >chain.pem")]
pub struct Probe {
    /// The server; without a port 993
    #[arg(value_name = "HOST[:PORT]")]
    pub target: String,
    #[command(flatten)]
    pub reach: Reach,
    /// Send this name to the server; an empty one sends none
    #[arg(long, value_name = "NAME")]
    pub sni: Option<String>,
    /// Offer this application protocol (repeatable)
    #[arg(long, value_name = "NAME")]
    pub alpn: Vec<String>,
    /// Print the certificates as PEM, and nothing else
    #[arg(long, conflicts_with = "json")]
    pub pem: bool,
}

/// Check whether a server can be trusted
///
/// Connects, judges what the server presents by the CA system and by what is remembered of it, and says why.
/// On a terminal a question can be answered at once: yes, no, once, or the server's fingerprint.
///
/// With --file many servers are checked in parallel and nobody is asked: one HOST[:PORT] a line, optionally
/// followed by starttls=PROTOCOL; # begins a comment. The table shows the worst first, with --quiet only what
/// needs attention. The exit status is then the worst: 4, else 1, else 3, else 0; a certificate that expires
/// soon does not change it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl check mail.example.org
  tofuctl check --no-ask --leave-pending mail.example.org:143
  tofuctl check --file hosts.txt --warn-days 30")]
pub struct Check {
    /// The server; without a port 993
    #[arg(value_name = "HOST[:PORT]", required_unless_present = "file", conflicts_with = "file")]
    pub target: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
    #[command(flatten)]
    pub judge: Judge,
    /// Check the servers listed in this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Check so many at once
    #[arg(long, value_name = "N", default_value_t = 16, requires = "file",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
    /// Print one JSON object a line as the checks finish
    #[arg(long, requires = "file", conflicts_with = "json")]
    pub json_lines: bool,
    /// List certificates that expire within so many days, or within a third of their lifetime if that is less
    #[arg(long, value_name = "N", default_value_t = 21, requires = "file")]
    pub warn_days: u32,
}

/// Trust what a server presents
///
/// Without a terminal --fingerprint is needed: the full SHA-256 fingerprint of the certificate, or
/// sha256// and base64 of the key, from a source other than this connection. A server that presents
/// something else is asked once more for each other kind of key. If none of them is the right one, nothing
/// is trusted and the exit status is 4.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl trust mail.example.org
  tofuctl trust --fingerprint sha256//… --kind key mail.example.org:143
  tofuctl trust --config-for msmtp mail.example.org:587")]
pub struct Trust {
    /// The server; without a port 993
    #[arg(value_name = "HOST[:PORT]")]
    pub target: String,
    #[command(flatten)]
    pub reach: Reach,
    #[command(flatten)]
    pub judge: Judge,
    /// Trust only what has this fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    pub fingerprint: Option<String>,
    /// What to trust
    #[arg(long, value_name = "KIND")]
    pub kind: Option<Kind>,
    /// Beside the keys that are trusted already, not in their place
    #[arg(long)]
    pub add: bool,
    /// Until then; a date, or a span such as 30d
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub until: Option<When>,
    /// Trust it now and remember nothing
    #[arg(long, conflicts_with_all = ["until", "kind", "comment", "add"])]
    pub once: bool,
    /// Where the policy asks nobody, announce the fingerprint as the server's next key, which the check then takes
    #[arg(long, requires = "fingerprint", conflicts_with_all = ["once", "add"])]
    pub announce: bool,
    /// A note to keep with it
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Print the lines that make this program trust the same server
    #[arg(long, value_name = "PROGRAM")]
    pub config_for: Option<Program>,
    /// Write the certificate here, for programs of --config-for that read a file
    #[arg(long, short = 'o', value_name = "FILE", requires = "config_for")]
    pub output: Option<PathBuf>,
}

/// Programs whose settings `--config-for` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Program {
    Msmtp,
    Mbsync,
    Neomutt,
    Fetchmail,
    Offlineimap,
}

/// Connect standard input and output to a trusted server
///
/// For programs that start a command to reach their server: mutt's tunnel, mbsync's Tunnel, OfflineIMAP's
/// transporttunnel, fetchmail's plugin, git imap-send's imap.tunnel. Nothing but the server's data is
/// written to standard output, and not one byte goes either way before the server is trusted. A question
/// is put on the terminal that controls the program, where there is one; otherwise the exit status is 3.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  set tunnel=\"tofuctl connect --no-ask mail.example.org\"   (in muttrc)
  Tunnel \"tofuctl connect mail.example.org:143\"           (in mbsyncrc)
  git config imap.tunnel \"tofuctl connect mail.example.org\"")]
pub struct Connect {
    /// The server; without a port 993
    #[arg(value_name = "HOST[:PORT]")]
    pub target: String,
    #[command(flatten)]
    pub reach: Reach,
    #[command(flatten)]
    pub judge: Judge,
}

/// Print what certificates say
///
/// Reads certificates and chains, PEM or DER, also those that are no longer or were never valid.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl cert server.pem
  openssl s_client -showcerts -connect mail.example.org:993 </dev/null | tofuctl cert -")]
pub struct Cert {
    /// Files; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Print them as PEM
    #[arg(long, conflicts_with_all = ["text", "json"])]
    pub pem: bool,
    /// Print everything, in the manner of openssl x509 -text
    #[arg(long, conflicts_with = "json")]
    pub text: bool,
}

/// Compare two certificates side by side
///
/// A and B are files, or servers as HOST:PORT, of which the certificate last accepted is taken from the
/// store. The exit status is 0 whether or not they differ.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl diff old.pem new.pem
  tofuctl diff mail.example.org:993 new.pem")]
pub struct Diff {
    /// The one before
    #[arg(value_name = "A")]
    pub before: String,
    /// The one now
    #[arg(value_name = "B")]
    pub now: String,
}
