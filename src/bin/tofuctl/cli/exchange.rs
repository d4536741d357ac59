//! Commands that take a store in, put it out and keep it sound, and those about the tool itself.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{When, when};

/// Import what other programs or another store know
///
/// Only says what it would do, unless --commit is given. Servers that are known already are left as they
/// are, blocks are never lifted and policies never loosened; `undo` takes an import back. Other programs know
/// no accounts: --account NAME or --any-account says whose the pins are. json names the account of each
/// server.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl import ~/.gnutls/known_hosts
  tofuctl import --commit ~/.gnutls/known_hosts
  tofuctl import --host mail.example.org:993 ~/.mutt/certificates
  tofuctl import ~/.subversion
  tofuctl --account work import --commit ~/.msmtprc")]
pub struct Import {
    /// The file, or Subversion's folder; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What the file is; the default is to look
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ImportFormat>,
    /// The server that the file is about, where it does not say
    #[arg(long, value_name = "HOST[:PORT]")]
    pub host: Option<String>,
    /// Import it
    #[arg(long)]
    pub commit: bool,
}

/// Formats that can be imported, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// An export of tofuctl
    Json,
    /// GnuTLS' known_hosts
    #[value(name = "known_hosts", alias = "known-hosts")]
    KnownHosts,
    /// Mozilla's cert_override.txt
    #[value(name = "cert_override", alias = "cert-override")]
    CertOverride,
    /// Certificates in PEM, as NeoMutt's certificate_file, or one in DER; needs --host
    Pem,
    /// Lines of HOST[:PORT] FINGERPRINT, or what a program with settings of its own keeps: msmtp, mpop, OfflineIMAP,
    /// fetchmail, mbsync, getmail, Mercurial, Subversion, WeeChat, irssi, Postfix, curl, Lagrange
    Fingerprints,
}

/// Export what is known, for another store or for other programs
///
/// json contains everything. The other formats can say less than a pin does. What they would widen is left out
/// and named on standard error.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl export -o pins.json
  tofuctl export --format known_hosts -o ~/.gnutls/known_hosts
  tofuctl export --format pem --host mail.example.org")]
pub struct Export {
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub format: ExportFormat,
    /// This host only; not for json, which is a whole store
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Write to this file instead of standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// Formats that can be written, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Everything in the store
    Json,
    /// Key pins, as GnuTLS' known_hosts
    #[value(name = "known_hosts", alias = "known-hosts")]
    KnownHosts,
    /// The certificates that pins were made from
    Pem,
    /// Lines of HOST:PORT FINGERPRINT, of certificates, as msmtp, OfflineIMAP and others take them
    Fingerprints,
    /// The same with key pins as sha256//, as import reads them back
    KeyFingerprints,
    /// Certificates, as Mozilla's cert_override.txt
    #[value(name = "cert_override", alias = "cert-override")]
    CertOverride,
}

/// Copy the store while it is in use
#[derive(Debug, Args)]
pub struct Backup {
    /// The new file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Replace what is in the store by a backup, or fill a new store from JSON
///
/// The backup is verified first. What is blocked or compromised now stays so, and the log goes on. An export as JSON
/// fills a new store only.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Verify the whole store
///
/// Looks at every row, and at the stores of the system below. The exit status is 1 when anything is damaged.
#[derive(Debug, Args)]
pub struct Fsck {
    /// Rebuild what is derived from other rows (indexes and counts), unless one that carries trust is damaged
    #[arg(long)]
    pub repair: bool,
}

/// Remove old events, observations and pending questions
///
/// Pins, and what was accepted, stay. This cannot be undone.
#[derive(Debug, Args)]
pub struct Prune {
    /// What is older; a time, or a span such as 400d
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub before: When,
}

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl completions bash >~/.local/share/bash-completion/completions/tofuctl
  tofuctl completions fish >~/.config/fish/completions/tofuctl.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Shells with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Write the manual pages
#[derive(Debug, Args)]
pub struct GenerateMan {
    /// The directory, which must exist
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}
