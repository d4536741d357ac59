//! Reading UTCTime and GeneralizedTime (RFC 5280, section 4.1.2.5), with the liberties that
//! X.690 outside DER allows and OpenSSL shows: no seconds, fractions, offsets from UTC.

use ::time::{Date, Month};

use super::der;
use crate::time::Timestamp;

/// What a date says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadDate {
    /// `None` if the time cannot be read.
    pub(super) at: Option<Timestamp>,
    /// True if RFC 5280 requires another form.
    pub(super) odd: bool,
}

/// Reads the content of a date of type `tag`.
pub(super) fn read(tag: u8, text: &[u8]) -> ReadDate {
    match parse(tag, text) {
        Some((at, plain)) => ReadDate { at: Some(at), odd: !(plain && type_fits(tag, at)) },
        None => ReadDate { at: None, odd: true },
    }
}

/// The time, and whether it is written `[YY]YYMMDDhhmmssZ`.
fn parse(tag: u8, text: &[u8]) -> Option<(Timestamp, bool)> {
    let mut rest = text;
    let year = if tag == der::UTC_TIME {
        let short = digits(&mut rest, 2)?;
        short.checked_add(if short < 50 { 2000 } else { 1900 })?
    } else {
        digits(&mut rest, 4)?
    };
    let month = Month::try_from(u8::try_from(digits(&mut rest, 2)?).ok()?).ok()?;
    let day = u8::try_from(digits(&mut rest, 2)?).ok()?;
    let hour = u8::try_from(digits(&mut rest, 2)?).ok()?;
    let minute = u8::try_from(digits(&mut rest, 2)?).ok()?;
    let mut plain = rest.len() == 3;
    let second = match rest.first()? {
        b'0'..=b'9' => u8::try_from(digits(&mut rest, 2)?).ok()?,
        _ => 0,
    };
    if tag == der::GENERALIZED_TIME && matches!(rest.first(), Some(b'.' | b',')) {
        plain = false;
        rest = rest.get(1..)?;
        let fraction = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        rest = rest.get(fraction..).filter(|_| fraction > 0)?;
    }
    let offset = match rest {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), ..] => {
            plain = false;
            rest = rest.get(1..)?;
            let (hours, minutes) = (digits(&mut rest, 2)?, digits(&mut rest, 2)?);
            if !rest.is_empty() || hours > 14 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours.checked_mul(60)?.checked_add(minutes)?).checked_mul(60)?;
            if *sign == b'+' { seconds } else { seconds.checked_neg()? }
        }
        _ => return None,
    };
    let date = Date::from_calendar_date(year, month, day).ok()?;
    let local = date.with_hms(hour, minute, second).ok()?.assume_utc().unix_timestamp();
    Some((local.checked_sub(offset)?, plain))
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i32> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.iter().try_fold(0i32, |n, b| match b {
        b'0'..=b'9' => n.checked_mul(10)?.checked_add(i32::from(b.checked_sub(b'0')?)),
        _ => None,
    })
}

/// UTCTime through 2049, GeneralizedTime from 2050 on.
fn type_fits(tag: u8, at: Timestamp) -> bool {
    const YEAR_2050: Timestamp = 2_524_608_000;
    (at >= YEAR_2050) == (tag == der::GENERALIZED_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_openssl_reads_them() {
        for (tag, text, at, odd) in [
            (der::UTC_TIME, "700101000000Z", Some(0), false),
            (der::UTC_TIME, "491231235959Z", Some(2_524_607_999), false),
            (der::UTC_TIME, "500101000000Z", Some(-631_152_000), false),
            (der::UTC_TIME, "7001010000Z", Some(0), true),
            (der::UTC_TIME, "700101010000+0100", Some(0), true),
            (der::UTC_TIME, "691231230000-0100", Some(0), true),
            (der::GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000), false),
            (der::GENERALIZED_TIME, "19700101000000Z", Some(0), true),
            (der::GENERALIZED_TIME, "20500101000000.5Z", Some(2_524_608_000), true),
            (der::GENERALIZED_TIME, "19491231235959Z", Some(-631_152_001), true),
            (der::GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799), false),
            (der::GENERALIZED_TIME, "20510517000000-0100", Some(2_567_898_000), true),
            (der::UTC_TIME, "700101000000", None, true),
            (der::UTC_TIME, "700231000000Z", None, true),
            (der::UTC_TIME, "A30419000000Z", None, true),
            (der::UTC_TIME, "700101240000Z", None, true),
            (der::UTC_TIME, "700101000060Z", None, true),
            (der::UTC_TIME, "", None, true),
            (der::GENERALIZED_TIME, "20500101000000.Z", None, true),
            (der::GENERALIZED_TIME, "20500101000000Zx", None, true),
        ] {
            assert_eq!(read(tag, text.as_bytes()), ReadDate { at, odd }, "{text}");
        }
    }
}
