//! `import`: takes in what other programs or another store know. A dry run unless `--commit` is given.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use tofu::cert::Cert;
use tofu::endpoint::Endpoint;
use tofu::store::{self, IMPORTABLE, ImportReport, MAX_IMPORT, Store};
use tofu::text::escape;

use crate::cli::exchange::{Import, ImportFormat};
use crate::context::Context;
use crate::process::exit::{Exit, Failure};
use crate::process::out::Style;
use crate::render::json::with;
use crate::render::layout::{row, wrapped};
use crate::render::words::count;

/// A file of which at least so many bytes are read shows its progress.
const LONG: u64 = 1024 * 1024;
/// How much is read at a time, in bytes.
const STEP: u64 = 256 * 1024;
/// How much of a file tells its format, in bytes.
const HEAD: usize = 64 * 1024;
/// Subversion's folder of certificates that a user accepted permanently.
const SUBVERSION: &str = "svn.ssl.server";
/// Conflicts and remarks listed for a person; JSON lists all.
const LISTED: usize = 20;

impl From<ImportFormat> for store::ImportFormat {
    fn from(format: ImportFormat) -> Self {
        match format {
            ImportFormat::Json => Self::Json,
            ImportFormat::KnownHosts => Self::KnownHosts,
            ImportFormat::CertOverride => Self::CertOverride,
            ImportFormat::Pem => Self::Pem,
            ImportFormat::Fingerprints => Self::Fingerprints,
        }
    }
}

pub fn run(args: &Import, cx: &Context) -> Result<Exit, Failure> {
    let endpoint = args.host.as_deref().map(|text| cx.endpoint(text)).transpose()?;
    let data = read(&args.file)?;
    let format = args.format.unwrap_or_else(|| guess(&data));
    let file = escape(&args.file.display().to_string());
    if format == ImportFormat::Pem && endpoint.is_none() {
        // Nothing is taken without a server; the library knows which the file may name.
        let said = Store::memory().import(store::ImportFormat::Pem, &data, false, cx.now());
        let why = said.err().map(|e| e.to_string()).unwrap_or_default();
        return Err(Failure::usage(format!("{file}: {why}: --host HOST[:PORT]")));
    }
    if format == ImportFormat::Json && cx.account_given() {
        let why = "json names the account of each server; --account and --any-account are for the other formats";
        return Err(Failure::usage(format!("{file}: {why}")));
    }
    // A dry run makes no store; nor does a file that cannot be read as what it should be.
    let known = cx.existing()?;
    let rehearsed = match (&known, args.commit) {
        (Some(store), false) => take(store, format, &data, endpoint.as_ref(), false, cx)?,
        (Some(_), true) => ImportReport::default(),
        (None, _) => take(&Store::memory(), format, &data, endpoint.as_ref(), false, cx)?,
    };
    let nothing = known.is_none() && rehearsed.is_empty() && format != ImportFormat::Json;
    let report = match args.commit && !nothing {
        true => take(&cx.store()?, format, &data, endpoint.as_ref(), true, cx)?,
        false => rehearsed,
    };
    tell(&report, format, args, cx)?;
    // An export of a store that knows nothing is whole all the same.
    if report.is_empty() && !(format == ImportFormat::Json && report.remarks.is_empty()) {
        return Err(Failure::new(format!("{file}: {}", nothing_taken(&report))));
    }
    Ok(Exit::Done)
}

/// Why nothing came of it, and what could.
fn nothing_taken(report: &ImportReport) -> String {
    let read_as = report.read_as;
    match (report.is_recognised(), report.remarks.is_empty()) {
        (true, true) => format!("nothing was taken: read as {read_as}, it holds no pin of a server"),
        (true, false) => format!("nothing was taken of what was read as {read_as}; the remarks say why"),
        (false, true) => format!("nothing in it was understood. What can be imported: {IMPORTABLE}"),
        (false, false) => format!("nothing was taken; the remarks say why. What can be imported: {IMPORTABLE}"),
    }
}

/// What the file looks like; without any other sign, lines with fingerprints.
fn guess(data: &[u8]) -> ImportFormat {
    let data = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    let head = String::from_utf8_lossy(data.get(..HEAD).unwrap_or(data));
    let line = |test: &dyn Fn(&str) -> bool| head.lines().any(|line| test(line.trim()));
    if head.trim_start().starts_with('{') {
        ImportFormat::Json
    } else if line(&|l| l.starts_with("-----BEGIN ")) || Cert::parse_der(data).is_ok() {
        ImportFormat::Pem
    } else if line(&|l| l.starts_with("|g0|") || l.starts_with("|c0|")) {
        ImportFormat::KnownHosts
    } else if line(&|l| l.split('\t').nth(1).is_some_and(|oid| oid.starts_with("OID."))) {
        ImportFormat::CertOverride
    } else {
        ImportFormat::Fingerprints
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let about = |e| Failure::about(path, e);
    if path.is_dir() {
        return folder(path);
    }
    let (source, length): (Box<dyn Read>, u64) = if path == Path::new("-") {
        (Box::new(std::io::stdin().lock()), 0)
    } else {
        let file = std::fs::File::open(path).map_err(about)?;
        let length = file.metadata().map_err(about)?.len();
        (Box::new(file), length)
    };
    let bar = (length >= LONG).then(|| progress(length, "reading"));
    let most = u64::try_from(MAX_IMPORT).unwrap_or(u64::MAX).saturating_add(1);
    let mut source = source.take(most);
    let mut data = Vec::new();
    while source.by_ref().take(STEP).read_to_end(&mut data).map_err(about)? > 0 {
        bar.iter().for_each(|bar| bar.set_position(u64::try_from(data.len()).unwrap_or(u64::MAX)));
    }
    bar.iter().for_each(ProgressBar::finish_and_clear);
    if data.len() > MAX_IMPORT {
        return Err(Failure::about(path, format!("an import holds at most {MAX_IMPORT} bytes")));
    }
    Ok(data)
}

/// The files of Subversion's folder of accepted certificates, one after the other. The folder above it is meant as
/// well, and the one above that.
fn folder(path: &Path) -> Result<Vec<u8>, Failure> {
    let about = |e| Failure::about(path, e);
    let inside = ["auth/svn.ssl.server", SUBVERSION].map(|name| path.join(name));
    let folder = inside.into_iter().find(|folder| folder.is_dir());
    if folder.is_none() && path.file_name().is_none_or(|name| name != SUBVERSION) {
        let why = format!("a folder; the only one that is read is Subversion's auth/{SUBVERSION}");
        return Err(Failure::about(path, why));
    }
    let listed = std::fs::read_dir(folder.as_deref().unwrap_or(path)).map_err(about)?;
    let mut files: Vec<_> = listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let mut data = Vec::new();
    for file in files {
        let left = u64::try_from(MAX_IMPORT.saturating_sub(data.len())).unwrap_or(u64::MAX).saturating_add(1);
        let source = std::fs::File::open(&file).map_err(|e| Failure::about(&file, e))?;
        source.take(left).read_to_end(&mut data).map_err(|e| Failure::about(&file, e))?;
        data.push(b'\n');
        if data.len() > MAX_IMPORT {
            return Err(Failure::about(path, format!("an import holds at most {MAX_IMPORT} bytes")));
        }
    }
    Ok(data)
}

/// A bar on standard error, which shows nothing where that is no terminal.
fn progress(length: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar.set_message(what);
    bar
}

fn take(
    store: &Store,
    format: ImportFormat,
    data: &[u8],
    endpoint: Option<&Endpoint>,
    commit: bool,
    cx: &Context,
) -> Result<ImportReport, Failure> {
    let spinner = (u64::try_from(data.len()).unwrap_or(u64::MAX) >= LONG).then(|| {
        let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        spinner.set_style(ProgressStyle::default_spinner());
        spinner.set_message(if commit { "importing" } else { "trying" });
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    });
    let report = match endpoint {
        Some(_) => store.import_for(format.into(), data, endpoint, commit, cx.now()),
        None => store.import_as(format.into(), data, cx.account(), commit, cx.now()),
    };
    spinner.iter().for_each(ProgressBar::finish_and_clear);
    Ok(report?)
}

fn tell(report: &ImportReport, format: ImportFormat, args: &Import, cx: &Context) -> Result<(), Failure> {
    if cx.out.json {
        let more = json!({ "format": word(format), "undo": cx.undoable().filter(|_| report.endpoints > 0) });
        return cx.out.value(&with(report.to_json(), more));
    }
    let (paint, width) = (cx.out.paint, cx.out.width);
    let file = escape(&args.file.display().to_string());
    let head = if report.committed {
        format!("imported from {file}")
    } else {
        format!("dry run of {file}: nothing was written")
    };
    let mut text = wrapped("", "  ", &head, width);
    text.push_str(&row("Read as", report.read_as, width));
    let taken = format!("{} with {}", count(report.endpoints, "server"), count(report.pins, "pin"));
    text.push_str(&row(if report.committed { "Taken" } else { "Would take" }, &taken, width));
    if report.blocks > 0 {
        text.push_str(&row("Blocked", &format!("{} everywhere", report.blocks), width));
    }
    if report.same > 0 {
        text.push_str(&row("Known", &format!("{} with the same pins", count(report.same, "server")), width));
    }
    if report.refused > 0 {
        let refused = format!("{} of servers known already", count(report.refused, "pin"));
        text.push_str(&row(if report.committed { "Blocked" } else { "Would block" }, &refused, width));
    }
    let conflicts: Vec<String> = report.conflicts.iter().map(ToString::to_string).collect();
    text.push_str(&listed("Known otherwise; nothing is newly trusted there:", &conflicts, width));
    text.push_str(&listed("Remarks:", &report.remarks, width));
    match (report.committed, cx.undoable()) {
        (false, _) if report.endpoints > 0 || report.blocks > 0 || report.refused > 0 => {
            text.push_str(&paint.paint(Style::Dim, "(--commit does it)"));
            text.push('\n');
        }
        (true, Some(id)) if report.endpoints > 0 => {
            text.push_str(&paint.paint(Style::Dim, &format!("(to undo: {})", cx.command(&format!("undo {id}")))));
            text.push('\n');
        }
        _ => {}
    }
    cx.out.done(&text, &serde_json::Value::Null)
}

fn listed(title: &str, lines: &[String], width: usize) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut out = wrapped("  ", "  ", title, width);
    for line in lines.iter().take(LISTED) {
        out.push_str(&wrapped("    - ", "      ", line, width));
    }
    let more = lines.len().saturating_sub(LISTED);
    if more > 0 {
        out.push_str(&format!("    and {more} more, which --json lists\n"));
    }
    out
}

fn word(format: ImportFormat) -> &'static str {
    match format {
        ImportFormat::Json => "json",
        ImportFormat::KnownHosts => "known_hosts",
        ImportFormat::CertOverride => "cert_override",
        ImportFormat::Pem => "pem",
        ImportFormat::Fingerprints => "fingerprints",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_look() {
        for (data, format) in [
            (" {\"schema\":1}", ImportFormat::Json),
            ("text\n-----BEGIN CERTIFICATE-----\n", ImportFormat::Pem),
            ("|g0|mail.example|993|0|AAAA\n", ImportFormat::KnownHosts),
            ("# c\nmail.example:993\tOID.2.16.840.1.101.3.4.2.1\tAB\tU\tx\n", ImportFormat::CertOverride),
            ("mail.example sha256//x\n", ImportFormat::Fingerprints),
            ("\u{FEFF}{\"schema\":1}", ImportFormat::Json),
            ("\u{FEFF}|c0|mail.example|993|0|6|AA\n", ImportFormat::KnownHosts),
            ("", ImportFormat::Fingerprints),
        ] {
            assert_eq!(guess(data.as_bytes()), format, "{data}");
        }
    }
}
