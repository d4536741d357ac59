//! Points in time and how they are written. Times are always given by the caller; only
//! [`system_now`] reads a clock, and only the outermost layers call it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z.
pub type Timestamp = i64;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// The time from which this version cannot be older: its release. A clock that shows less is
/// wrong (docs/decision.md, "The clock"). 2026-11-01.
pub const RELEASED: Timestamp = 1_793_491_200;

/// The system's clock. A clock before 1970 reads as 0, which every caller treats as wrong.
pub fn system_now() -> Timestamp {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

/// `2026-03-01`, in UTC. A time outside the years -9999 to 9999 is written as its seconds.
pub fn date(at: Timestamp) -> String {
    match time::OffsetDateTime::from_unix_timestamp(at) {
        Ok(t) => format!("{:04}-{:02}-{:02}", t.year(), u8::from(t.month()), t.day()),
        Err(_) => format!("@{at}"),
    }
}

/// `2026-03-01 17:04:05 UTC`. A time outside the years -9999 to 9999 is written as its seconds.
pub fn date_time(at: Timestamp) -> String {
    match time::OffsetDateTime::from_unix_timestamp(at) {
        Ok(t) => format!("{} {:02}:{:02}:{:02} UTC", date(at), t.hour(), t.minute(), t.second()),
        Err(_) => format!("@{at}"),
    }
}

/// `2026-03-01T17:04:05Z` (RFC 3339), the form used in JSON.
pub fn rfc3339(at: Timestamp) -> String {
    match time::OffsetDateTime::from_unix_timestamp(at) {
        Ok(t) => format!("{}T{:02}:{:02}:{:02}Z", date(at), t.hour(), t.minute(), t.second()),
        Err(_) => format!("@{at}"),
    }
}

/// How long before its end a certificate is due for renewal, in seconds: `usual`, or a third of its
/// lifetime where that is less. A certificate that lives for six days is due after four.
pub fn notice(first: Timestamp, last: Timestamp, usual: i64) -> i64 {
    let third = last.saturating_sub(first).checked_div(3).unwrap_or(0);
    usual.min(third.max(0))
}

/// How far apart two times are, in whole days; negative when `to` is before `from`.
pub fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.saturating_sub(from).checked_div(DAY).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc_and_never_panic() {
        assert_eq!(date_time(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(rfc3339(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(i64::MAX), format!("@{}", i64::MAX));
        assert_eq!(days_between(i64::MIN, i64::MAX), i64::MAX / DAY);
    }

    #[test]
    fn a_short_life_is_due_at_its_last_third() {
        assert_eq!(notice(0, 90 * DAY, 21 * DAY), 21 * DAY);
        assert_eq!(notice(0, 6 * DAY, 21 * DAY), 2 * DAY);
        assert_eq!(notice(6 * DAY, 0, 21 * DAY), 0, "dates the wrong way round");
        assert_eq!(notice(i64::MIN, i64::MAX, 21 * DAY), 21 * DAY);
    }
}
