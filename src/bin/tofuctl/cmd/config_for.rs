//! `tofuctl trust --config-for`: the lines that make another program trust the same server. It knows what
//! each program can compare a server's certificate with, and says what the program does not check.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tofu::cert::Cert;
use tofu::time::date;
use tofu::tls::{Protocol, Start, Target};

use crate::cli::network::{Program, Trust};
use crate::context::Context;
use crate::process::exit::Failure;

/// What is to be written, and about what.
struct Wanted<'a> {
    target: &'a Target,
    leaf: &'a Cert,
    /// The certificate's file, for programs that want one.
    file: PathBuf,
    /// The command that reaches the server through this tool.
    tunnel: String,
}

/// Refuses what cannot be done before a server is asked.
pub fn check_options(args: &Trust, target: &Target, cx: &Context) -> Result<(), Failure> {
    let Some(program) = args.config_for else { return Ok(()) };
    if cx.out.json {
        return Err(Failure::usage("--config-for prints lines of a configuration, not --json"));
    }
    if args.once {
        return Err(Failure::usage("--config-for: other programs cannot trust for one time only"));
    }
    if let Some(protocol) = target.service.protocol.filter(|p| !speaks(program, *p)) {
        return Err(Failure::usage(format!("{} does not speak {protocol}", name(program))));
    }
    match (wants_file(program), &args.output) {
        (true, None) => {
            let text = format!("{} reads the certificate from a file: name one with --output FILE", name(program));
            Err(Failure::usage(text))
        }
        (false, Some(_)) => Err(Failure::usage(format!("{} needs no file: leave --output out", name(program)))),
        _ => Ok(()),
    }
}

/// Refuses a file that could not be written afterwards, before anything is trusted.
pub fn check_file(args: &Trust, leaf: &Cert) -> Result<(), Failure> {
    match args.output.as_deref().filter(|path| path.exists()) {
        Some(path) if !holds(path, &leaf.to_pem()) => Err(Failure::about(path, TAKEN)),
        _ => Ok(()),
    }
}

/// Prints the lines, and writes the certificate where the program wants a file.
pub fn print(args: &Trust, target: &Target, leaf: &Cert, cx: &Context) -> Result<(), Failure> {
    let Some(program) = args.config_for else { return Ok(()) };
    let file = match &args.output {
        Some(path) => write_pem(path, leaf)?,
        None => PathBuf::new(),
    };
    let port = target.port;
    let mut words = match target.host.ip() {
        Some(std::net::IpAddr::V6(address)) => format!("connect [{address}]:{port}"),
        _ => format!("connect {}:{port}", target.host),
    };
    if let Some(protocol) = target.service.protocol.filter(|_| target.service.start == Start::StartTls) {
        words.push_str(&format!(" --starttls {protocol}"));
    }
    let wanted = Wanted { target, leaf, file, tunnel: cx.command(&words) };
    let mut text = format!("# {}: trust {} by its certificate", name(program), target.host);
    text.push_str(&match leaf.not_after() {
        Some(end) => format!(", which ends on {}.\n", date(end)),
        None => ", in which the date of its end cannot be read.\n".to_owned(),
    });
    text.push_str(&match program {
        Program::Msmtp => msmtp(&wanted),
        Program::Mbsync => mbsync(&wanted),
        Program::Neomutt => neomutt(&wanted),
        Program::Fetchmail => fetchmail(&wanted),
        Program::Offlineimap => offlineimap(&wanted),
    });
    cx.out.print(&text)
}

fn name(program: Program) -> &'static str {
    match program {
        Program::Msmtp => "msmtp",
        Program::Mbsync => "mbsync",
        Program::Neomutt => "NeoMutt",
        Program::Fetchmail => "fetchmail",
        Program::Offlineimap => "OfflineIMAP",
    }
}

fn wants_file(program: Program) -> bool {
    matches!(program, Program::Mbsync | Program::Neomutt | Program::Fetchmail)
}

fn speaks(program: Program, protocol: Protocol) -> bool {
    match program {
        Program::Msmtp => matches!(protocol, Protocol::Smtp | Protocol::Lmtp),
        Program::Mbsync | Program::Offlineimap => protocol == Protocol::Imap,
        Program::Fetchmail => matches!(protocol, Protocol::Imap | Protocol::Pop3),
        Program::Neomutt => {
            matches!(protocol, Protocol::Imap | Protocol::Pop3 | Protocol::Smtp | Protocol::Nntp)
        }
    }
}

impl Wanted<'_> {
    fn starttls(&self) -> bool {
        self.target.service.start == Start::StartTls
    }

    fn file(&self) -> String {
        self.file.display().to_string()
    }

    /// These programs take a certificate that may sign others for an authority (docs/pitfalls.md#13).
    fn authority(&self, tunnel: &str) -> String {
        match self.leaf.basic_constraints() {
            Some(constraints) if !constraints.ca => String::new(),
            _ => format!(
                "# This certificate may sign others, and whoever has its key could then pose as any\n\
                 # server. This line reaches the server through tofuctl instead, which takes the key\n\
                 # for this server alone:\n#   {tunnel}\n"
            ),
        }
    }
}

/// msmtp(1), tls_fingerprint: SHA-256 of the certificate, which is then trusted whatever it says.
fn msmtp(wanted: &Wanted<'_>) -> String {
    let starttls = if wanted.starttls() { "on" } else { "off" };
    format!(
        "host {}\nport {}\ntls on\ntls_starttls {starttls}\ntls_fingerprint {}\n",
        wanted.target.host,
        wanted.target.port,
        wanted.leaf.fingerprint().colon_hex()
    )
}

/// mbsync(1), CertificateFile: a host certificate is matched as it is.
fn mbsync(wanted: &Wanted<'_>) -> String {
    let kind = if wanted.starttls() { "STARTTLS" } else { "IMAPS" };
    format!(
        "{}# (Newer releases of isync call SSLType TLSType.)\n\
         Host {}\nPort {}\nSSLType {kind}\nSystemCertificates no\nCertificateFile \"{}\"\n",
        wanted.authority(&format!("Tunnel \"{}\"", wanted.tunnel)),
        wanted.target.host,
        wanted.target.port,
        wanted.file()
    )
}

/// neomuttrc(5), certificate_file: one file for all servers, each certificate good for every one of them.
fn neomutt(wanted: &Wanted<'_>) -> String {
    format!(
        "# There is one certificate_file for all servers. If you have one, add to it:\n\
         #   cat {} >>~/.mutt_certificates\n{}set certificate_file = \"{}\"\nset ssl_force_tls = yes\n",
        wanted.file(),
        wanted.authority(&format!("set tunnel = \"{}\"", wanted.tunnel)),
        wanted.file()
    )
}

/// fetchmail(1): sslfingerprint is MD5, which can be forged; sslcertfile with sslcertck verifies.
fn fetchmail(wanted: &Wanted<'_>) -> String {
    let protocol = wanted.target.service.protocol.unwrap_or(Protocol::Imap).name().to_ascii_uppercase();
    let tls = if wanted.starttls() { "sslproto \"auto\"" } else { "ssl" };
    format!(
        "# sslfingerprint would be MD5, which can be forged. These lines verify the\n\
         # certificate, its name and its dates. The last one goes behind user \"NAME\".\n\
         {}poll {} service {} protocol {protocol}\n    {tls} sslcertck sslcertfile \"{}\"\n",
        wanted.authority(&format!("plugin \"{}\"", wanted.tunnel)),
        wanted.target.host,
        wanted.target.port,
        wanted.file()
    )
}

/// offlineimap.conf: cert_fingerprint, SHA-256 since 7.0.13; looked at on TLS from the first byte only.
fn offlineimap(wanted: &Wanted<'_>) -> String {
    if wanted.starttls() {
        return format!(
            "# OfflineIMAP does not look at cert_fingerprint after STARTTLS; tofuctl does.\n\
             transporttunnel = {}\nssl = no\nstarttls = no\n",
            wanted.tunnel
        );
    }
    format!(
        "remotehost = {}\nremoteport = {}\nssl = yes\nstarttls = no\ncert_fingerprint = {}\n",
        wanted.target.host,
        wanted.target.port,
        wanted.leaf.fingerprint().hex()
    )
}

const TAKEN: &str = "exists and holds something else; it was left as it is";

fn holds(path: &Path, pem: &str) -> bool {
    std::fs::read(path).ok().as_deref() == Some(pem.as_bytes())
}

/// Writes the certificate to a new file, and gives its absolute path. A file that holds just this is fine.
fn write_pem(path: &Path, leaf: &Cert) -> Result<PathBuf, Failure> {
    let about = |why: String| Failure::about(path, why);
    let pem = leaf.to_pem();
    match OpenOptions::new().write(true).create_new(true).mode(0o644).open(path) {
        Ok(mut file) => {
            file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| about(e.to_string()))?
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if !holds(path, &pem) {
                return Err(about(TAKEN.to_owned()));
            }
        }
        Err(error) => return Err(about(error.to_string())),
    }
    let path = std::fs::canonicalize(path).map_err(|e| about(e.to_string()))?;
    match path.to_str().filter(|text| !text.contains(['"', '\n', '\\'])) {
        Some(_) => Ok(path),
        None => Err(about("such a name cannot be written into a configuration".to_owned())),
    }
}
