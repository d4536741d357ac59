//! Values on the command line: times, dates, spans and protocols. The error for an invalid value names
//! the valid forms.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use time::{Date, Month};

use tofu::time::{DAY, Timestamp};
use tofu::tls::{PROTOCOLS, Protocol};

/// The last second of the year 9999, beyond which no certificate and no pin can last.
const LAST: Timestamp = 253_402_300_799;

/// A point in time, or how far it is from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    At(Timestamp),
    /// Seconds; before or after now, as the option means it.
    Span(i64),
}

impl When {
    /// For what ends: a span lies ahead.
    pub fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Span(seconds) => now.saturating_add(seconds),
        }
    }

    /// For what began: a span lies behind.
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Span(seconds) => now.saturating_sub(seconds),
        }
    }
}

/// `2026-11-23`, `2026-11-23T17:40:00Z` (RFC 3339, also with an offset) or `@1795455600`.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let odd = || "not a time; write YYYY-MM-DD, YYYY-MM-DDTHH:MM:SSZ or @SECONDS".to_owned();
    if let Some(seconds) = text.strip_prefix('@') {
        return digits(seconds).filter(|at| *at <= LAST).ok_or_else(odd);
    }
    let (day, clock) = text.split_at_checked(10).ok_or_else(odd)?;
    let day = date(day).ok_or_else(odd)?;
    let seconds = if clock.is_empty() { Some(0) } else { of_day(clock) };
    let at = seconds.map(|s| day.saturating_add(s)).ok_or_else(odd)?;
    if (0..=LAST).contains(&at) { Ok(at) } else { Err("not between 1970 and 9999".to_owned()) }
}

/// What [`time`] reads, or a span: `12h`, `30d`, `2w`.
pub fn when(text: &str) -> Result<When, String> {
    let units = [("h", 3600), ("d", DAY), ("w", 7 * DAY)];
    for (unit, seconds) in units {
        if let Some(count) = text.strip_suffix(unit).and_then(digits) {
            return match count.checked_mul(seconds).filter(|span| *span <= LAST) {
                Some(span) => Ok(When::Span(span)),
                None => Err("too long a time".to_owned()),
            };
        }
    }
    let forms = "not a time; write YYYY-MM-DD, YYYY-MM-DDTHH:MM:SSZ, @SECONDS, or a span such as 12h, 30d or 2w";
    match time(text) {
        Ok(at) => Ok(When::At(at)),
        Err(why) if why.starts_with("not a time") => Err(forms.to_owned()),
        Err(why) => Err(why),
    }
}

/// The protocols that ask for TLS in the clear, which help and completions then list.
pub fn protocol() -> impl TypedValueParser<Value = Protocol> {
    let value = |protocol: Protocol| {
        let ports = protocol.ports().map(|port| port.to_string()).collect::<Vec<_>>().join(", ");
        PossibleValue::new(protocol.name())
            .aliases(protocol.other_names())
            .help(format!("Begins in the clear on {ports}"))
    };
    PossibleValuesParser::new(PROTOCOLS.map(value)).try_map(|name| Protocol::parse(&name))
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Seconds since the epoch at the beginning of a day.
fn date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let month = Month::try_from(u8::try_from(digits(month)?).ok()?).ok()?;
    let date =
        Date::from_calendar_date(i32::try_from(digits(year)?).ok()?, month, u8::try_from(digits(day)?).ok()?).ok()?;
    Some(date.midnight().assume_utc().unix_timestamp())
}

/// `T17:40:00Z`, `T17:40:00.5+01:00`, ` 17:40Z`: seconds since midnight, UTC.
fn of_day(text: &str) -> Option<i64> {
    let text = text.strip_prefix(['T', 't', ' '])?;
    let zone = text.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = text.split_at_checked(zone)?;
    let offset = match zone.strip_prefix(['+', '-']) {
        None => (zone.len() == 1).then_some(0)?,
        Some(offset) if zone.starts_with('-') => hours_minutes(offset)?.checked_neg()?,
        Some(offset) => hours_minutes(offset)?,
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    digits(fraction)?;
    let (minutes, seconds) = match whole.split_at_checked(5)? {
        (minutes, "") => (minutes, 0),
        (minutes, seconds) => (minutes, two(seconds.strip_prefix(':')?, 59)?),
    };
    hours_minutes(minutes)?.checked_add(seconds)?.checked_sub(offset)
}

fn hours_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    two(hours, 23)?.checked_mul(3600)?.checked_add(two(minutes, 59)?.checked_mul(60)?)
}

fn two(text: &str, most: i64) -> Option<i64> {
    digits(text).filter(|n| text.len() == 2 && *n <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_every_form_that_is_offered() {
        for (text, at) in [
            ("1970-01-01", 0),
            ("2024-02-29", 1_709_164_800),
            ("2026-11-23T17:40:00Z", 1_795_455_600),
            ("2026-11-23 18:40:00+01:00", 1_795_455_600),
            ("2026-11-23t12:40:00.25-05:00", 1_795_455_600),
            ("2026-11-23T17:40Z", 1_795_455_600),
            ("@1795455600", 1_795_455_600),
        ] {
            assert_eq!(time(text), Ok(at), "{text}");
        }
        assert_eq!(when("30d"), Ok(When::Span(30 * DAY)));
        assert_eq!(when("2w").unwrap().after(10), 10 + 14 * DAY);
        assert_eq!(when("1h").unwrap().before(4000), 400);
        assert_eq!(when("1970-01-02").unwrap().before(0), DAY);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "26-02-03",
            "2026-11-23T",
            "2026-11-23T25:00:00Z",
            "2026-11-23T17:40:00",
            "2026-11-23T17:40:60Z",
            "@",
            "@-1",
            "@99999999999999",
            "1969-12-31",
            "2026-11-23T17:40:00Zjunk",
            "é026-11-23",
            "+2026-11-2",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
        for text in ["d", "-3d", "3 d", "99999999999999w", "3y"] {
            assert!(when(text).is_err(), "{text}");
        }
    }
}
