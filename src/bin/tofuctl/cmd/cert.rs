//! `tofuctl cert`: what the certificates in files say. No network, no store, no judgement.

use std::path::Path;

use serde_json::{Value, json};
use tofu::cert::Cert;
use tofu::text::excerpt;

use crate::cli::network;
use crate::context::Context;
use crate::input::cert_file::{certificates, read};
use crate::process::exit::{Exit, Failure, say};
use crate::process::out::Style;
use crate::render::cert::card;
use crate::render::sheet::{Sheet, hanging};

/// The labels of the library's long text.
const TEXT_LABEL: usize = 18;

/// A certificate with the file that it is in.
struct Entry {
    file: String,
    cert: Cert,
    title: String,
}

/// Prints every certificate of every file. A file that cannot be read is named, the others are printed.
pub fn run(args: &network::Cert, cx: &Context) -> Result<Exit, Failure> {
    let mut entries = Vec::new();
    let mut exit = Exit::Done;
    for file in &args.files {
        let problems = from_file(file, args.files.len() > 1, &mut entries).unwrap_or_else(|why| vec![why]);
        for why in problems {
            exit = Exit::Failed;
            say(&format!("tofuctl: {}: {why}", shown(file)));
        }
    }
    if cx.out.json {
        let all: Vec<Value> = entries.iter().map(as_json).collect();
        cx.out.value(&Value::Array(all))?;
    } else if args.pem {
        let all: String = entries.iter().map(|entry| entry.cert.to_pem()).collect();
        cx.out.print(&all)?;
    } else {
        cx.out.print(&page(&entries, args.text, cx))?;
    }
    Ok(exit)
}

fn page(entries: &[Entry], long: bool, cx: &Context) -> String {
    let mut sheet = Sheet::new(cx.out.width, cx.out.paint);
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            sheet.gap();
        }
        if long {
            sheet.paragraph(0, Style::Bold, &entry.title);
            let text = entry.cert.to_text();
            let lines = text.lines().flat_map(|line| hanging(line, TEXT_LABEL, cx.out.width));
            lines.for_each(|line| sheet.line(Style::Plain, &line));
        } else {
            card(&mut sheet, &entry.title, &entry.cert, cx.now());
        }
    }
    sheet.finish()
}

/// The certificate's own object, and where it comes from.
fn as_json(entry: &Entry) -> Value {
    let mut value = entry.cert.to_json();
    if let Some(map) = value.as_object_mut() {
        map.insert("file".to_owned(), json!(entry.file));
    }
    value
}

/// Adds what a file holds; gives what in it cannot be read.
fn from_file(path: &Path, several: bool, entries: &mut Vec<Entry>) -> Result<Vec<String>, String> {
    let found = certificates(&read(path)?)?;
    let count = found.certs.len();
    let file = shown(path);
    for (index, cert) in found.certs.into_iter().enumerate() {
        let number = index.saturating_add(1);
        let title = match (several, count) {
            (false, 1) => "Certificate".to_owned(),
            (false, _) => format!("Certificate {number} of {count}"),
            (true, 1) => file.clone(),
            (true, _) => format!("{file}: certificate {number} of {count}"),
        };
        entries.push(Entry { file: file.clone(), cert, title });
    }
    Ok(found.unreadable)
}

/// A file's name, fit to show.
fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { excerpt(&path.to_string_lossy(), 200) }
}
