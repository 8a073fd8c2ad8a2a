//! Times that are given; nobody is asked what time it is.

use super::{Answer, Builtin, builtin};
use crate::rego::eval::{EvalError, Evaluation};
use crate::rego::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    builtin("time.now_ns", 0, |eval, _| {
        eval.now_ns().map(|now| Some(Value::Int(now))).ok_or_else(|| EvalError::NoClock.into())
    }),
    builtin("time.parse_rfc3339_ns", 1, |_, args| {
        Ok(args.first().and_then(Value::as_str).and_then(rfc3339).map(Value::Int))
    }),
    builtin("time.parse_duration_ns", 1, |_, args| {
        Ok(args.first().and_then(Value::as_str).and_then(duration).map(Value::Int))
    }),
    builtin("time.weekday", 1, weekday),
];

const DAY: i64 = 86_400;
const SECOND: i64 = 1_000_000_000;

/// Days since 1970-01-01 of a date of the Gregorian calendar (after Howard Hinnant's algorithm).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn rfc3339(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let is = |at: usize, wanted: &str| text.get(at..=at).is_some_and(|c| wanted.contains(c));
    let punctuated = is(4, "-") && is(7, "-") && is(10, "Tt") && is(13, ":") && is(16, ":");
    let (month, day) = (number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !punctuated || !in_range {
        return None;
    }
    let rest = text.get(19..)?;
    let (nanos, zone) = match rest.strip_prefix('.') {
        Some(fraction) => {
            let len = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let digits: String = fraction.get(..len)?.chars().chain("000000000".chars()).take(9).collect();
            (digits.parse::<i64>().ok().filter(|_| len > 0)?, fraction.get(len..)?)
        }
        None => (0, rest),
    };
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
            let is_good = hours.len() == 2 && minutes.len() == 2;
            sign * (hours.parse::<i64>().ok().filter(|_| is_good)? * 3600 + minutes.parse::<i64>().ok()? * 60)
        }
    };
    let seconds = days(number(0, 4)?, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

/// As Go's `time.ParseDuration`: `1h30m`, `-1.5s`.
fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let len = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let amount: f64 = rest.get(..len)?.parse().ok()?;
        rest = rest.get(len..)?;
        let len = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match rest.get(..len)? {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        rest = rest.get(len..)?;
        total += amount * unit;
    }
    let total = sign * total;
    #[expect(clippy::cast_possible_truncation, reason = "in range")]
    (total.abs() < 9.2e18).then_some(total as i64)
}

fn weekday<'a>(_: &mut Evaluation<'a>, args: &[Value<'a>]) -> Answer<'a> {
    const NAMES: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let day = args.first().and_then(Value::as_i64).map(|nanos| nanos.div_euclid(SECOND * DAY).rem_euclid(7));
    let name = day.and_then(|day| usize::try_from(day).ok()).and_then(|day| NAMES.get(day));
    Ok(name.map(|name| Value::Str(name)))
}

#[cfg(test)]
mod tests {
    use super::{duration, rfc3339};

    #[test]
    fn times_are_read_as_go_reads_them() {
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(rfc3339("2024-02-29T12:30:15.5+09:00"), Some(1_709_177_415_500_000_000));
        assert_eq!(rfc3339("2024-02-29 12:30:15Z"), None);
        assert_eq!(duration("1h30m"), Some(5_400_000_000_000));
        assert_eq!(duration("-1.5s"), Some(-1_500_000_000));
        assert_eq!(duration("5"), None);
    }
}
