//! What go-yaml takes for a timestamp: it matters where a value is tagged so, and is refused if it is none.

/// Whether the text is a date, or a date and a time of day, in one of the forms that go-yaml knows.
pub(super) fn is_timestamp(text: &str) -> bool {
    let Some(rest) = date(text) else { return false };
    if rest.is_empty() {
        return true;
    }
    ["T", "t"].iter().any(|mark| {
        let time = rest.strip_prefix(mark).and_then(time_of_day);
        time.and_then(zone).is_some_and(str::is_empty)
    }) || spaces(rest).and_then(time_of_day).is_some_and(str::is_empty)
}

/// `2001-1-31`, with a year of four digits and a day that the month has.
fn date(text: &str) -> Option<&str> {
    let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let year: u32 = year.parse().ok()?;
    let (month, rest) = one_or_two_digits(text.get(4..)?.strip_prefix('-')?)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix('-')?)?;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        _ => return None,
    };
    (1..=days).contains(&day).then_some(rest)
}

/// `1:2:3.5`: each part of one or two digits, any fraction after a point or a comma.
fn time_of_day(text: &str) -> Option<&str> {
    let (hour, rest) = one_or_two_digits(text)?;
    let (minute, rest) = one_or_two_digits(rest.strip_prefix(':')?)?;
    let (second, rest) = one_or_two_digits(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction =
        rest.strip_prefix(['.', ',']).map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    match fraction {
        Some(after) if after.len() + 1 < rest.len() => Some(after),
        _ => Some(rest),
    }
}

/// `Z`, or an offset as `+01:00`.
fn zone(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some(rest);
    }
    let rest = text.strip_prefix(['+', '-'])?;
    let (hours, minutes) = (two_digits(rest.get(..2)?)?, two_digits(rest.get(3..5)?)?);
    (rest.get(2..3)? == ":" && hours <= 24 && minutes <= 60).then_some(rest.get(5..)?)
}

fn two_digits(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn one_or_two_digits(text: &str) -> Option<(u32, &str)> {
    let len = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((two_digits(text.get(..len).filter(|digits| !digits.is_empty())?)?, text.get(len..)?))
}

/// A run of spaces.
fn spaces(text: &str) -> Option<&str> {
    text.starts_with(' ').then(|| text.trim_start_matches(' '))
}
