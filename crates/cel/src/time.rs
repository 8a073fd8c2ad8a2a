//! Points in time and durations: Go's formats, and the calendar.

use std::fmt;

pub(crate) const SECOND: i64 = 1_000_000_000;
const MIN_SECONDS: i64 = -62_135_596_800;
const MAX_SECONDS: i64 = 253_402_300_799;

/// A point in time between the years 1 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
}

/// A date and time of day somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// 0 is Sunday.
    pub(crate) weekday: i64,
    /// 0 is the first of January.
    pub(crate) day_of_year: i64,
}

impl Timestamp {
    /// `None` outside of the years that a timestamp can hold.
    pub fn new(seconds: i64, nanos: u32) -> Option<Self> {
        (MIN_SECONDS..=MAX_SECONDS).contains(&seconds).then_some(Self { seconds, nanos })
    }

    pub(crate) fn is_go_zero(&self) -> bool {
        self.seconds == MIN_SECONDS && self.nanos == 0
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, len: usize| -> Option<i64> {
            let digits = text.get(from..from + len)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let is = |at: usize, wanted: u8| bytes.get(at) == Some(&wanted);
        if !(is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':')) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
        let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
        let valid = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !valid {
            return None;
        }
        let mut at = 19;
        let mut nanos: u32 = 0;
        // Go takes a comma as well.
        if is(at, b'.') || is(at, b',') {
            let digits = text.get(at + 1..)?;
            let len = digits.bytes().take_while(u8::is_ascii_digit).count();
            if len == 0 {
                return None;
            }
            let kept = digits.get(..len.min(9))?;
            nanos = kept.parse::<u32>().ok()? * 10_u32.pow(9 - u32::try_from(kept.len()).ok()?);
            at += 1 + len;
        }
        let offset = match text.get(at..)? {
            "Z" => 0,
            zone if zone.len() == 6 && is(at + 3, b':') => {
                let (hours, minutes) = (number(at + 1, 2)?, number(at + 4, 2)?);
                if hours > 24 || minutes >= 60 {
                    return None;
                }
                let seconds = hours * 3600 + minutes * 60;
                match bytes.get(at)? {
                    b'+' => seconds,
                    b'-' => -seconds,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let days = days_from_civil(year, month, day);
        Self::new(days * 86_400 + hour * 3600 + minute * 60 + second - offset, nanos)
    }

    /// This time, some nanoseconds later.
    pub(crate) fn plus(&self, nanos: i64) -> Option<Self> {
        let total = i64::from(self.nanos) + nanos.rem_euclid(SECOND);
        let seconds = self.seconds + nanos.div_euclid(SECOND) + total / SECOND;
        Self::new(seconds, u32::try_from(total % SECOND).ok()?)
    }

    /// Nanoseconds from `other` to this time.
    pub(crate) fn since(&self, other: &Self) -> Option<i64> {
        let seconds = self.seconds - other.seconds;
        seconds.checked_mul(SECOND)?.checked_add(i64::from(self.nanos) - i64::from(other.nanos))
    }

    pub(crate) fn civil(&self, offset_seconds: i64) -> Civil {
        let local = self.seconds + offset_seconds;
        let (days, in_day) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: in_day / 3600,
            minute: in_day % 3600 / 60,
            second: in_day % 60,
            weekday: (days + 4).rem_euclid(7),
            day_of_year: days - days_from_civil(year, 1, 1),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil(0);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            at.year, at.month, at.day, at.hour, at.minute, at.second
        )?;
        if self.nanos != 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// Seconds east of UTC at a point in time: the name of a zone, or `+09:00`.
pub(crate) fn zone_offset(zone: &str, at: &Timestamp) -> Option<i64> {
    if let Some((hours, minutes)) = zone.split_once(':') {
        let (hour, minute): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        if hour.abs() > 23 || !(0..60).contains(&minute) {
            return None;
        }
        let minutes = if zone.starts_with('-') { hour * 60 - minute } else { hour * 60 + minute };
        return Some(minutes * 60);
    }
    if zone.is_empty() || zone == "UTC" {
        return Some(0);
    }
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).ok()?;
    let at = jiff::Timestamp::from_second(at.seconds).ok()?;
    Some(i64::from(zone.to_offset(at).seconds()))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Reads a duration as Go does: `1h30m`, `-1.5s`, `0`.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let len = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, tail) = rest.split_at_checked(len)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let unit_len = tail.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at_checked(unit_len)?;
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        if whole.len() > 19 {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total += whole * scale;
        if !fraction.is_empty() {
            let kept = fraction.get(..fraction.len().min(18))?;
            let digits: i128 = kept.parse().ok()?;
            total += digits * scale / 10_i128.pow(u32::try_from(kept.len()).ok()?);
        }
        if total > 1 << 63 {
            return None;
        }
        rest = next;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// A duration as CEL shows it: seconds, as a decimal number.
pub(crate) fn format_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (seconds, rest) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    let digits = format!("{rest:09}");
    format!("{sign}{seconds}.{}s", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_and_written_alike() {
        for text in [
            "2024-02-29T03:04:05Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "1969-12-31T23:59:59.5Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Timestamp::parse("2024-01-01T00:00:00+09:00").unwrap().to_string(),
            "2023-12-31T15:00:00Z"
        );
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00",
            "0000-12-31T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_go_does() {
        assert_eq!(parse_duration("1h30m"), Some(5400 * SECOND));
        assert_eq!(parse_duration("-1.5s"), Some(-1_500_000_000));
        assert_eq!(parse_duration("1.5µs"), Some(1500));
        for text in ["", "1", "s", "1d", ".s", "1..5s", "10000000h", "-"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(format_duration(-1_500_000_000), "-1.5s");
    }

    #[test]
    fn a_zone_knows_its_summer() {
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(zone_offset("Asia/Seoul", &at("2024-01-02T00:00:00Z")), Some(9 * 3600));
        assert_eq!(zone_offset("Europe/Berlin", &at("2024-07-02T00:00:00Z")), Some(2 * 3600));
        assert_eq!(zone_offset("-03:30", &at("2024-07-02T00:00:00Z")), Some(-(3 * 3600 + 1800)));
        assert_eq!(zone_offset("Nowhere/Land", &at("2024-07-02T00:00:00Z")), None);
    }
}
