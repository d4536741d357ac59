//! Shows one certificate in a few lines: whom it is for, who issued it, until when it is valid.

use tofu::cert::Cert;
use tofu::text::excerpt;
use tofu::time::{self, DAY, Timestamp};

use crate::process::out::Style;
use crate::render::layout;
use crate::render::sheet::{Sheet, from_now};

/// Names listed before the rest is counted.
const MAX_NAMES: usize = 8;
/// Oddities listed before the rest is counted.
const MAX_ODD: usize = 4;
/// Columns of one name.
const MAX_COLUMNS: usize = 200;
/// An end within so many days is coloured.
const SOON_DAYS: i64 = 21;

/// Writes a certificate under a title, as of `now`.
pub fn card(sheet: &mut Sheet, title: &str, cert: &Cert, now: Timestamp) {
    sheet.paragraph(0, Style::Bold, title);
    sheet.row("For", Style::Plain, &holder(cert));
    sheet.row("Issued by", Style::Plain, &issuer(cert));
    let (style, valid) = validity(cert, now);
    sheet.row("Valid", style, &valid);
    sheet.row("Names", Style::Plain, &names(cert));
    let signature = cert.signature_algorithm();
    if signature.weak && !cert.is_self_signed() {
        sheet.row("Signed with", Style::Warn, &format!("{} (weak)", excerpt(&signature.name, MAX_COLUMNS)));
    }
    sheet.row("Key", if cert.key().weak { Style::Warn } else { Style::Plain }, &key(cert));
    sheet.row("Key pin", Style::Plain, &cert.spki().key_pin());
    sheet.row("SHA-256", Style::Plain, &cert.fingerprint().colon_hex());
    for (index, anomaly) in cert.anomalies().iter().take(MAX_ODD).enumerate() {
        sheet.row(if index == 0 { "Odd" } else { "" }, Style::Warn, &anomaly.text());
    }
    let more = cert.anomalies().len().saturating_sub(MAX_ODD);
    if more > 0 {
        sheet.row("", Style::Warn, &format!("and {more} more (--text shows them)"));
    }
}

/// Whom it is for: the common name, the organisation, or its first host name.
pub fn holder(cert: &Cert) -> String {
    let subject = cert.subject();
    let named = subject.attribute("CN").pop().or_else(|| subject.attribute("O").pop());
    match named {
        Some(name) => excerpt(&name, MAX_COLUMNS),
        None => cert.host_names().first().map_or_else(|| "somebody without a name".to_owned(), |name| cut(name)),
    }
}

fn issuer(cert: &Cert) -> String {
    let own = cert.is_self_signed();
    if own && (cert.is_self_issued() || cert.issuer().is_empty()) {
        return "itself (self-signed)".to_owned();
    }
    let text = cert.issuer().text();
    let named = if text.is_empty() { "somebody without a name".to_owned() } else { cut(&text) };
    if own { format!("{named}, with this certificate's own key") } else { named }
}

fn validity(cert: &Cert, now: Timestamp) -> (Style, String) {
    let (begins, ends) = (cert.not_before_text(), cert.not_after_text());
    match (cert.not_before(), cert.not_after()) {
        (Some(_), None) => (Style::Bad, format!("from {begins}; its end has {ends}")),
        (None, Some(_)) => (Style::Bad, format!("until {ends}; its beginning has {begins}")),
        (None, None) => (Style::Bad, format!("its beginning has {begins}, its end has {ends}")),
        (_, Some(end)) if end < now => (Style::Bad, format!("until {ends}: expired {}", from_now(end, now))),
        (Some(begin), _) if begin > now => (Style::Bad, format!("not before {begins}, until {ends}")),
        (Some(begin), Some(end)) => {
            let text = format!("until {ends}, {} (since {})", from_now(end, now), time::date(begin));
            (end_style(cert, now, SOON_DAYS), text)
        }
    }
}

/// Whether a certificate ends soon, or has ended: within `warn_days`, or within a third of its lifetime
/// where that is less. One without readable dates does.
pub fn ends_soon(cert: &Cert, now: Timestamp, warn_days: i64) -> bool {
    cert.validity().is_none_or(|(first, last)| {
        let notice = time::notice(first, last, warn_days.saturating_mul(DAY));
        last < now || last.saturating_sub(now) < notice
    })
}

/// The colour of an end of validity: red when it is past or cannot be read, yellow when it is near.
fn end_style(cert: &Cert, now: Timestamp, warn_days: i64) -> Style {
    match cert.not_after() {
        Some(end) if end >= now => {
            if ends_soon(cert, now, warn_days) {
                Style::Warn
            } else {
                Style::Plain
            }
        }
        _ => Style::Bad,
    }
}

fn names(cert: &Cert) -> String {
    let presented = cert.server_names();
    let all = presented.texts();
    let mut shown = all.iter().take(MAX_NAMES).map(|name| cut(name)).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MAX_NAMES) {
        0 if all.is_empty() => return "none that a server could have".to_owned(),
        0 => {}
        more => shown.push_str(&format!(" and {more} more")),
    }
    // RFC 9525 does not count the common name.
    if presented.only_in_cn { format!("{shown} (in the common name only)") } else { shown }
}

/// `RSA, 2048 bits`, `P-256`, `RSA, 1024 bits (weak); may sign certificates (CA)`.
pub fn key(cert: &Cert) -> String {
    let authority = if cert.is_ca() { "; may sign certificates (CA)" } else { "" };
    format!("{}{authority}", cert.key().text())
}

/// Shortens what is escaped already.
fn cut(text: &str) -> String {
    layout::cut(text, MAX_COLUMNS)
}
