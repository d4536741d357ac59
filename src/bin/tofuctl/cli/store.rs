//! Commands about what is remembered.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Kind;
use super::values::{When, when};

/// List the servers that are known
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl list
  tofuctl list --state blocked
  tofuctl list --pins --host mail.example.org")]
pub struct List {
    /// This host only
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// What has this key or certificate: a SHA-256 fingerprint, or sha256// and base64
    #[arg(long, value_name = "FINGERPRINT")]
    pub key: Option<String>,
    /// What is in this state
    #[arg(long, value_name = "STATE")]
    pub state: Option<State>,
    /// List pins instead, with their numbers
    #[arg(long)]
    pub pins: bool,
    /// Also what the system's stores hold, store by store
    #[arg(long)]
    pub all_stores: bool,
}

/// Where a server or a pin stands, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// With a trusted key
    Trusted,
    /// With a next key announced
    Staged,
    /// With a key that was replaced
    Retired,
    /// With a refused key
    Blocked,
    /// With a key that is in other hands
    Compromised,
    /// Validated by a CA or DANE, without a pin
    Valid,
    /// Seen and never accepted
    Seen,
    /// Forgotten; that it was known is remembered
    Forgotten,
}

/// Show everything known of a server
///
/// Without a port, everything known of the host on all its ports.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl show mail.example.org
  tofuctl show --cert mail.example.org:993 >known.pem")]
pub struct Show {
    /// The server
    #[arg(value_name = "HOST[:PORT]")]
    pub target: String,
    /// Print the certificates kept of it as PEM
    #[arg(long, conflicts_with = "json")]
    pub cert: bool,
}

/// Forget a server, or a part of what is known of it
///
/// A trace stays: the next contact asks, also where first contacts are accepted. Blocked keys stay
/// blocked, and that the server was once validated is not forgotten.
#[derive(Debug, Args)]
#[command(
    override_usage = "tofuctl forget [OPTIONS] HOST[:PORT]\n       tofuctl forget --pin NUMBER",
    after_long_help = "\
Examples:
  tofuctl forget mail.example.org:993
  tofuctl forget --sightings mail.example.org:993
  tofuctl forget --pin 12"
)]
pub struct Forget {
    /// The server; without a port the only one known of the host
    #[arg(value_name = "HOST[:PORT]", required_unless_present = "pin", conflicts_with = "pin")]
    pub target: Option<String>,
    /// Its pins, and nothing else unless named too
    #[arg(long, conflicts_with = "pin")]
    pub pins: bool,
    /// What it was seen to present
    #[arg(long, conflicts_with = "pin")]
    pub sightings: bool,
    /// Its pending questions
    #[arg(long, conflicts_with = "pin")]
    pub pending: bool,
    /// Its own policy
    #[arg(long, conflicts_with = "pin")]
    pub policy: bool,
    /// All of that (the default)
    #[arg(long, conflicts_with_all = ["pins", "sightings", "pending", "policy", "pin"])]
    pub all: bool,
    /// This pin only
    #[arg(long, value_name = "NUMBER")]
    pub pin: Option<u64>,
}

/// Reject a key or certificate from now on
///
/// A fingerprint in hexadecimal digits is taken for a certificate's, sha256// and base64 for a key's; --kind
/// says otherwise. A blocked key is refused whatever certificate it comes in.
#[derive(Debug, Args)]
#[command(
    override_usage = "tofuctl block [OPTIONS] HOST[:PORT] FINGERPRINT\n       \
                      tofuctl block [OPTIONS] --everywhere FINGERPRINT",
    after_long_help = "\
Examples:
  tofuctl block mail.example.org:993 sha256//…
  tofuctl block --everywhere --cert stolen.pem
  tofuctl block --unblock --everywhere sha256//…"
)]
pub struct Block {
    /// The server, unless --everywhere, and the fingerprint, unless --cert
    #[arg(value_name = "HOST[:PORT] FINGERPRINT", num_args = 0..=2)]
    pub words: Vec<String>,
    /// For every server and account
    #[arg(long)]
    pub everywhere: bool,
    /// Lift the block; where it is one server's, the key counts as replaced from then on
    #[arg(long, conflicts_with = "comment")]
    pub unblock: bool,
    /// Do not block: mark the key as one whose private half is published with this package
    #[arg(long, value_name = "PACKAGE", requires = "everywhere", conflicts_with_all = ["unblock", "comment", "kind"])]
    pub published: Option<String>,
    /// Take the key of the certificate in this file
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// key or certificate
    #[arg(long, value_name = "KIND", hide_possible_values = true)]
    pub kind: Option<Kind>,
    /// A note to keep with it
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
}

/// Announce a server's next key
///
/// When the server first presents it, it takes the place of the present one without a question.
#[derive(Debug, Args)]
#[command(
    override_usage = "tofuctl stage [OPTIONS] HOST[:PORT] FINGERPRINT\n       \
                      tofuctl stage [OPTIONS] HOST[:PORT] --cert FILE",
    after_long_help = "\
Examples:
  tofuctl stage mail.example.org:993 sha256//…
  tofuctl stage mail.example.org:993 --cert next.pem"
)]
pub struct Stage {
    /// The server; without a port the only one known of the host, else 993
    #[arg(value_name = "HOST[:PORT]")]
    pub target: String,
    /// SHA-256 of the certificate, or sha256// and base64 of the key
    #[arg(value_name = "FINGERPRINT", required_unless_present = "cert", conflicts_with = "cert")]
    pub fingerprint: Option<String>,
    /// Take the key of the certificate in this file
    #[arg(long, value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// key or certificate
    #[arg(long, value_name = "KIND", hide_possible_values = true)]
    pub kind: Option<Kind>,
    /// Until then; a date, or a span such as 30d
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub until: Option<When>,
    /// A note to keep with it
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
}

/// End the trust in a pin
///
/// The number is the one that `show` and `list --pins` print. Where the pin is the system's, give the server and
/// the fingerprint: it is then masked for that server.
#[derive(Debug, Args)]
#[command(
    override_usage = "tofuctl retire [--compromised] NUMBER\n       tofuctl retire HOST[:PORT] FINGERPRINT",
    after_long_help = "\
Examples:
  tofuctl retire 12
  tofuctl retire --compromised 12
  tofuctl retire mail.example.org:993 sha256//…"
)]
pub struct Retire {
    /// The pin's number, or the server
    #[arg(value_name = "NUMBER|HOST[:PORT]")]
    pub target: String,
    /// The pin's fingerprint, where the server is given
    #[arg(value_name = "FINGERPRINT")]
    pub fingerprint: Option<String>,
    /// Its private key is in other hands: reject it forever
    #[arg(long)]
    pub compromised: bool,
}

/// Announce that a server will change, the way back from a downgrade
///
/// A server that was valid by a CA and now presents something that is not is rejected without a question.
/// If you know the reason (the server moves to a certificate of its own), announce the change here: until
/// then tofuctl asks instead.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl expect-change mail.example.org:993 --until 7d
  tofuctl expect-change mail.example.org:993 --cancel")]
pub struct ExpectChange {
    /// The server; without a port the only one known of the host, else 993
    #[arg(value_name = "HOST[:PORT]")]
    pub target: String,
    /// Until then; a date, or a span such as 7d
    #[arg(long, value_name = "TIME", value_parser = when, required_unless_present = "cancel")]
    pub until: Option<When>,
    /// No change is expected any more
    #[arg(long, conflicts_with = "until")]
    pub cancel: bool,
}

/// Answer questions that came up when nobody could
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl pending
  tofuctl pending answer 4f2a
  tofuctl pending answer 4f2a --yes --fingerprint sha256//…")]
pub struct Pending {
    #[command(subcommand)]
    pub action: Option<PendingAction>,
}

#[derive(Debug, Subcommand)]
pub enum PendingAction {
    /// List them (the default)
    List(PendingList),
    /// Show one, judged again by what is known now
    Show(PendingOne),
    /// Answer one
    Answer(Box<PendingAnswer>),
    /// Put one aside without an answer; the next contact may ask again
    Dismiss(PendingOne),
}

#[derive(Debug, Default, Args)]
pub struct PendingList {
    /// This host only
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
}

#[derive(Debug, Args)]
pub struct PendingOne {
    /// The question's id, or enough of its beginning
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Debug, Args)]
pub struct PendingAnswer {
    /// The question's id, or enough of its beginning
    #[arg(value_name = "ID")]
    pub id: String,
    /// Answer yes without being asked; needs --fingerprint
    #[arg(long, requires = "fingerprint")]
    pub yes: bool,
    /// The fingerprint of what is trusted: SHA-256 of the certificate, or sha256// and base64 of the key
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
    /// A note to keep with it
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
}

/// Show and set the policies by which servers are judged
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl policy show mail.example.org:993
  tofuctl policy set preset=careful
  tofuctl policy set mail.example.org:993 preset=strict
  tofuctl policy set pin-days=400
  tofuctl policy reset mail.example.org:993")]
pub struct Policy {
    #[command(subcommand)]
    pub action: PolicyAction,
}

#[derive(Debug, Subcommand)]
pub enum PolicyAction {
    /// Show the policy in force, for the store or for a server
    Show(PolicyShow),
    /// Set fields of it; preset=NAME begins with a preset
    Set(PolicySet),
    /// Take a server's own policy away, or the store's
    Reset(PolicyShow),
    /// List the presets and the fields
    List,
}

#[derive(Debug, Args)]
pub struct PolicyShow {
    /// The server; without it the whole store
    #[arg(value_name = "HOST[:PORT]")]
    pub target: Option<String>,
}

#[derive(Debug, Args)]
#[command(override_usage = "tofuctl policy set [OPTIONS] [HOST[:PORT]] FIELD=VALUE...")]
pub struct PolicySet {
    /// The server, without it the whole store; and what to set
    #[arg(value_name = "[HOST[:PORT]] FIELD=VALUE", required_unless_present = "add_root")]
    pub words: Vec<String>,
    /// Count the certificates of this PEM file as authorities
    #[arg(long, value_name = "PEM")]
    pub add_root: Vec<PathBuf>,
}

/// Show what happened, newest last
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  tofuctl log --since 7d
  tofuctl log --severity warning --host mail.example.org")]
pub struct Log {
    /// This host only
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// What is about this key or certificate only
    #[arg(long, value_name = "FINGERPRINT")]
    pub key: Option<String>,
    /// Since then; a time, or a span such as 7d
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub since: Option<When>,
    /// What matters at least so much: info, notice, warning, high
    #[arg(long, value_name = "SEVERITY", hide_possible_values = true)]
    pub severity: Option<Severity>,
    /// The last N only
    #[arg(short = 'n', long, value_name = "N")]
    pub number: Option<usize>,
}

/// How much an event matters, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Severity {
    Info,
    Notice,
    Warning,
    High,
}

/// Undo the last change, or the change of an event
///
/// Puts a server back to what it was before, if nothing else has changed it since. An import is taken back as
/// a whole. No block is lifted and no compromised key revived by it.
#[derive(Debug, Args)]
pub struct Undo {
    /// The event's number, as `log` prints it
    #[arg(value_name = "EVENT")]
    pub event: Option<u64>,
}

/// Count what is in the store
#[derive(Debug, Args)]
pub struct Stats {}
