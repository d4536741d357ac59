//! What a probe found, for people: whether a session is possible, what the connection uses, then the
//! certificates.

use std::time::Duration;

use tofu::time::Timestamp;
use tofu::tls::{Facts, Probe, Target};

use crate::process::out::Style;
use crate::render::cert::card;
use crate::render::layout::cut;
use crate::render::sheet::Sheet;

/// Characters of a greeting.
const GREETING: usize = 200;

/// Writes the whole probe.
pub fn page(sheet: &mut Sheet, target: &Target, probe: &Probe, now: Timestamp) {
    let count = probe.chain().len();
    let certificates = crate::render::words::count(u64::try_from(count).unwrap_or(u64::MAX), "certificate");
    sheet.paragraph(0, Style::Bold, &format!("{}:{} presents {certificates}", shown(target), target.port));
    match (probe.failure(), probe.proven()) {
        (Some(failure), _) => sheet.paragraph(0, Style::Bad, &format!("No session is possible: {failure}")),
        (None, false) => sheet.paragraph(0, Style::Warn, "Nothing proves that it holds the key of its certificate."),
        (None, true) => {}
    }
    sheet.gap();
    connection(sheet, probe);
    for index in 0..count {
        sheet.gap();
        let title = match index {
            0 => format!("Certificate 1 of {count}, the server's"),
            _ => format!("Certificate {} of {count}", index.saturating_add(1)),
        };
        match (probe.chain().cert(index), probe.chain().error(index)) {
            (Some(cert), _) => card(sheet, &title, cert, now),
            (None, error) => {
                sheet.paragraph(0, Style::Bold, &title);
                let why = error.map_or_else(String::new, ToString::to_string);
                sheet.row("Unreadable", Style::Bad, &why);
            }
        }
    }
}

fn shown(target: &Target) -> String {
    match target.host.ip() {
        Some(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        _ => target.host.as_str().to_owned(),
    }
}

fn connection(sheet: &mut Sheet, probe: &Probe) {
    if let Some(address) = probe.address() {
        sheet.row("Address", Style::Plain, &address.to_string());
    }
    sheet.row("Service", Style::Plain, &probe.service().to_string());
    if let Some(greeting) = probe.greeting().filter(|text| !text.is_empty()) {
        sheet.row("Greeting", Style::Plain, &cut(greeting, GREETING));
    }
    sheet.row("Name sent", Style::Plain, probe.sni().unwrap_or("none"));
    match (probe.facts(), probe.protocol(), probe.suite()) {
        (Some(facts), ..) => sheet.row("Protocol", Style::Plain, &uses(facts)),
        // Only seen: nothing was agreed on.
        (None, Some(protocol), Some(suite)) => {
            sheet.row("Protocol", Style::Warn, &format!("{}, {}", cut(&protocol, 40), cut(&suite, 60)));
        }
        _ => {}
    }
    if probe.client_certificate() {
        sheet.row("Wants", Style::Plain, "a certificate of the client");
    }
    let timings = probe.timings();
    let steps = [
        ("name", timings.resolve),
        ("connect", timings.connect),
        ("STARTTLS", timings.starttls),
        ("handshake", timings.handshake),
    ];
    let taken: Vec<String> = steps.iter().filter_map(|(step, time)| Some(format!("{step} {}", ms((*time)?)))).collect();
    if !taken.is_empty() {
        sheet.row("Time", Style::Plain, &taken.join(", "));
    }
}

/// `TLS 1.3, TLS13_AES_256_GCM_SHA384, X25519`.
pub fn uses(facts: &Facts) -> String {
    let mut parts = vec![facts.protocol.to_owned(), facts.suite.clone()];
    parts.extend(facts.group.clone());
    parts.extend(facts.alpn.as_ref().map(|name| format!("ALPN {}", cut(name, 40))));
    parts.join(", ")
}

fn ms(time: Duration) -> String {
    let tenths = time.as_micros().checked_div(100).unwrap_or(0);
    format!("{}.{} ms", tenths.checked_div(10).unwrap_or(0), tenths.checked_rem(10).unwrap_or(0))
}
