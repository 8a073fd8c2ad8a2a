//! Times as events carry them and as output shows them; all UTC, all nanoseconds since 1970.

const SECOND: u64 = 1_000_000_000;

/// `13:53:31.726060287`
pub(crate) fn clock(time_ns: u64) -> String {
    format!("{}.{:09}", clock_seconds(time_ns), time_ns % SECOND)
}

/// `13:53:31`
pub(crate) fn clock_seconds(time_ns: u64) -> String {
    let second = time_ns / SECOND % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// `2016-08-04T16:17:57.881781397+0000`
pub(crate) fn iso8601_offset(time_ns: u64) -> String {
    format!("{}T{}+0000", date(time_ns), clock(time_ns))
}

/// `2016-08-04T16:17:57.881781397Z`
pub(crate) fn iso8601_zulu(time_ns: u64) -> String {
    format!("{}T{}Z", date(time_ns), clock(time_ns))
}

/// `2016-08-04 16:17:57.881781397`
pub(crate) fn date_time(time_ns: u64) -> String {
    format!("{} {}", date(time_ns), clock(time_ns))
}

/// `2016-08-04 16:17:57`
pub(crate) fn date_time_seconds(time_ns: u64) -> String {
    format!("{} {}", date(time_ns), clock_seconds(time_ns))
}

fn date(time_ns: u64) -> String {
    let (year, month, day) = civil(time_ns / SECOND / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a day since 1970 (Gregorian).
fn civil(day: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that a leap day is the last day of a year; an era has 400 years.
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// Reads the times of a stream: most are in the minute of the one before.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// `2018-10-26T15:14`, as it was read last.
    minute: [u8; 16],
    /// Its beginning, in UTC.
    start_ns: Option<u64>,
}

impl Reader {
    /// As [`parse_rfc3339`].
    pub(crate) fn read(&mut self, text: &str) -> Option<u64> {
        if let Some(time) = self.in_the_same_minute(text.as_bytes()) {
            return Some(time);
        }
        let time = parse_rfc3339(text)?;
        if let (Some(minute), Some(b'Z')) = (text.as_bytes().first_chunk(), text.as_bytes().last()) {
            self.minute = *minute;
            self.start_ns = Some(time / (60 * SECOND) * (60 * SECOND));
        }
        Some(time)
    }

    /// A time as it is written in JSON, with its quotes, if it is in the minute of the one before.
    pub(crate) fn at_a_glance(&self, quoted: &str) -> Option<u64> {
        let [b'"', inner @ .., b'"'] = quoted.as_bytes() else { return None };
        self.in_the_same_minute(inner)
    }

    /// Nothing for what is not read at a glance.
    fn in_the_same_minute(&self, bytes: &[u8]) -> Option<u64> {
        let start = self.start_ns?;
        let (minute, rest) = bytes.split_first_chunk::<16>()?;
        let (&[b':', tens @ b'0'..=b'5', ones @ b'0'..=b'9'], rest) = rest.split_first_chunk::<3>()? else {
            return None;
        };
        if *minute != self.minute {
            return None;
        }
        let mut nanos = 0;
        if let [b'.', digits @ .., b'Z'] = rest {
            if !(1..=9).contains(&digits.len()) {
                return None;
            }
            for digit in digits {
                nanos = nanos * 10 + u64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
            }
            nanos *= 10u64.pow(9 - u32::try_from(digits.len()).ok()?);
        } else if rest != b"Z" {
            return None;
        }
        start.checked_add(u64::from((tens - b'0') * 10 + (ones - b'0')) * SECOND + nanos)
    }
}

/// Reads RFC 3339, as Go's `time.RFC3339Nano` does: `2018-10-26T15:14:18.131259Z`, offsets allowed. Nothing for
/// times before 1970.
pub(crate) fn parse_rfc3339(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let digits = |from: usize, count: usize| -> Option<u64> {
        let part = bytes.get(from..from + count)?;
        part.iter().try_fold(0u64, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
        })
    };
    let is = |at: usize, expected: &[u8]| bytes.get(at).is_some_and(|byte| expected.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
    let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0;
    if is(at, b".") {
        let count = bytes.get(at + 1..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        let kept = count.min(9);
        nanos = digits(at + 1, kept)? * 10u64.pow(9 - u32::try_from(kept).ok()?);
        at += 1 + count;
    }
    let offset_seconds = match bytes.get(at)? {
        b'Z' | b'z' => {
            at += 1;
            0i64
        }
        sign @ (b'+' | b'-') => {
            let (hours, minutes) = match is(at + 3, b":") {
                true => (digits(at + 1, 2)?, digits(at + 4, 2)?),
                false => (digits(at + 1, 2)?, digits(at + 3, 2)?),
            };
            at += if is(at + 3, b":") { 6 } else { 5 };
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::try_from(hours * 3600 + minutes * 60).ok()?;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    if at != bytes.len() {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    let seconds = i64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second).ok()? - offset_seconds;
    u64::try_from(seconds).ok()?.checked_mul(SECOND)?.checked_add(nanos)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let shifted_year = if month <= 2 { year.checked_sub(1)? } else { year };
    let era = shifted_year / 400;
    let year_of_era = shifted_year % 400;
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_as_they_are_written() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000Z"),
            ("2016-08-04T16:17:57.881781397+00:00", "2016-08-04T16:17:57.881781397Z"),
            ("2024-02-29T23:59:59.5-01:30", "2024-03-01T01:29:59.500000000Z"),
            ("2100-03-01T00:00:00Z", "2100-03-01T00:00:00.000000000Z"),
            ("2000-12-31T00:00:00.1234567891Z", "2000-12-31T00:00:00.123456789Z"),
        ] {
            assert_eq!(parse_rfc3339(text).map(iso8601_zulu).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn impossible_times_are_refused() {
        for text in [
            "",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:00:00",
            "2023-01-01T00:00:00.Z",
            "2023-01-01T00:00:00Zx",
            "1969-12-31T23:59:59Z",
            "한국",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn times_in_the_same_minute_are_read_alike() {
        let mut reader = Reader::default();
        for text in [
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T03:04:59Z",
            "2026-01-02T03:04:00.123456789Z",
            "2026-01-02T03:04:00.1234567891Z",
            "2026-01-02T03:04:00.Z",
            "2026-01-02T03:04:60Z",
            "2026-01-02T03:04:00.5+01:00",
            "2026-01-02T03:04:00.5x",
            "2026-01-02T03:04:0",
            "2026-01-02 03:04:07Z",
            "2026-01-02T03:05:01Z",
        ] {
            assert_eq!(reader.read(text), parse_rfc3339(text), "{text}");
        }
    }

    #[test]
    fn clock_has_nine_digits() {
        assert_eq!(clock(1_470_327_477_881_781_397), "16:17:57.881781397");
        assert_eq!(iso8601_offset(1_470_327_477_000_000_001), "2016-08-04T16:17:57.000000001+0000");
    }
}
