//! `export`: what is known, as JSON or in the formats of other programs, to standard output or to a file,
//! which is never replaced without --force, and never half written.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use tofu::store::{self, Export as Exported, Store};
use tofu::text::{escape, json_pretty};

use crate::cli::exchange::{Export, ExportFormat};
use crate::context::Context;
use crate::process::exit::{Exit, Failure};
use crate::render::json::with;
use crate::render::words::count;

pub fn run(args: &Export, cx: &Context) -> Result<Exit, Failure> {
    let host = args.host.as_deref().map(|host| cx.host(host)).transpose()?;
    let format = match args.format {
        ExportFormat::Json if host.is_some() => {
            return Err(Failure::usage("--host: json is a whole store; give another --format, or use show --json"));
        }
        ExportFormat::Json => None,
        ExportFormat::KnownHosts => Some(store::ExportFormat::KnownHosts),
        ExportFormat::Pem => Some(store::ExportFormat::Pem),
        ExportFormat::Fingerprints => Some(store::ExportFormat::Fingerprints),
        ExportFormat::KeyFingerprints => Some(store::ExportFormat::KeyFingerprints),
        ExportFormat::CertOverride => Some(store::ExportFormat::CertOverride),
    };
    let Some(store) = cx.existing_or_say()? else {
        if format.is_none() && args.output.is_none() {
            cx.out.value(&json!([]))?;
        }
        return Ok(Exit::Done);
    };
    let exported = match format {
        Some(format) => store.export(format, host.as_ref(), cx.now())?,
        None => everything(&store)?,
    };
    for remark in &exported.remarks {
        cx.out.note(&format!("left out: {remark}"));
    }
    match &args.output {
        None => cx.out.print(&exported.text)?,
        Some(file) => {
            write(file, exported.text.as_bytes(), args.force)?;
            let what = if format.is_some() { count(exported.pins, "pin") } else { "everything".to_owned() };
            let text = format!("wrote {what} to {}", escape(&file.display().to_string()));
            let report = with(exported.to_json(), json!({ "done": text }));
            cx.out.done(&format!("{text}\n"), &report)?;
        }
    }
    Ok(Exit::Done)
}

fn everything(store: &Store) -> Result<Exported, Failure> {
    let document = store.export_json()?;
    let pins = store.read(|tx| tx.statistics())?.pins.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    let mut text = json_pretty(&document);
    text.push('\n');
    Ok(Exported { text, pins, remarks: Vec::new() })
}

/// Writes a file of mode 0600: a new one, or one that takes the place of the old when it is complete.
fn write(file: &Path, data: &[u8], force: bool) -> Result<(), Failure> {
    let about = |e: std::io::Error| match e.kind() {
        ErrorKind::AlreadyExists => Failure::about(file, "exists already; --force replaces it"),
        _ => Failure::about(file, e),
    };
    let target = if force { beside(file) } else { file.to_owned() };
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target).map_err(about)?;
    let written = fill(&mut new, data).and_then(|()| if force { std::fs::rename(&target, file) } else { Ok(()) });
    written.map_err(|e| {
        let _ = std::fs::remove_file(&target);
        about(e)
    })
}

fn fill(file: &mut File, data: &[u8]) -> std::io::Result<()> {
    file.write_all(data)?;
    file.sync_all()
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    PathBuf::from(name)
}
