//! Floating-point numbers as Go writes and reads them.

/// `%g` with the fewest digits that tell the number apart.
pub(crate) fn format_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0" } else { "0" }.into();
    }
    // Rust's shortest form has the digits and the exponent that Go's has.
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Go's rule for the shortest form: as if six digits had been asked for.
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Go's `ParseFloat`: also `inf`, `nan` and hexadecimal, which nobody writes here and which is refused.
pub(crate) fn parse_double(text: &str) -> Option<f64> {
    let plain = text.trim_start_matches(['+', '-']);
    if text.len() - plain.len() > 1 {
        return None;
    }
    match plain.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        "nan" => (plain.len() == text.len()).then_some(f64::NAN),
        _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

/// `%.Nf`
pub(crate) fn format_plain(value: f64, precision: usize) -> String {
    if value.is_nan() || value.is_infinite() { format_double(value) } else { format!("{value:.precision$}") }
}

/// `%.Nf` of Go's printer for English: `1,234.50`.
pub(crate) fn format_fixed(value: f64, precision: usize) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let text = format!("{value:.precision$}");
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// The scientific form of Go's printer for English: `1.234500 × 10⁰³`, with narrow spaces.
pub(crate) fn format_scientific(value: f64, precision: usize) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mut out = format!("{digits}\u{202f}\u{d7}\u{202f}10");
    let shown = if exponent < 0 { format!("-{:02}", -exponent) } else { format!("{exponent:02}") };
    out.extend(shown.chars().map(|c| match c {
        '1' => '\u{b9}',
        '2' => '\u{b2}',
        '3' => '\u{b3}',
        '-' => '\u{207b}',
        digit => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
    }));
    out
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "\u{221e}" } else { "-\u{221e}" })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_go_does() {
        let cases = [
            (1.0, "1"),
            (1.5, "1.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (100_000.0, "100000"),
            (1_234_567.5, "1.2345675e+06"),
            (-2.5e-7, "-2.5e-07"),
            (1e100, "1e+100"),
        ];
        for (value, text) in cases {
            assert_eq!(format_double(value), text);
        }
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(format_fixed(-1_234_567.891, 2), "-1,234,567.89");
        assert_eq!(format_fixed(999.5, 0), "1,000");
    }

    #[test]
    fn scientific_has_superscripts() {
        assert_eq!(format_scientific(1234.5, 6), "1.234500\u{202f}\u{d7}\u{202f}10\u{2070}\u{b3}");
        assert_eq!(format_scientific(0.00012, 2), "1.20\u{202f}\u{d7}\u{202f}10\u{207b}\u{2070}\u{2074}");
    }
}
