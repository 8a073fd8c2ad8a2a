use std::fmt;

/// A Kubernetes quantity (`500m`, `1.5Gi`, `12e3`), exact to a billionth.
///
/// Rule: `k8s.io/apimachinery/pkg/api/resource`: anything finer than a nano is rounded away from zero, anything
/// larger than 2^63-1 is cut to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nano: i128,
}

const NANO: i128 = 1_000_000_000;
const LARGEST: i128 = i64::MAX as i128 * NANO;

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity { nano: 0 };

    /// Reads a quantity; `None` where Kubernetes would refuse it.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let number_len = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, suffix) = rest.split_at_checked(number_len)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let (base, exponent) = scale(suffix)?;
        let magnitude = magnitude(whole, fraction, base, exponent).min(LARGEST);
        Some(Self { nano: if negative { -magnitude } else { magnitude } })
    }

    /// Billionths.
    pub fn nano(self) -> i128 {
        self.nano
    }

    /// The amount of thousandths, rounded up, as CPU is measured.
    pub fn milli(self) -> i128 {
        self.nano.div_euclid(1_000_000) + i128::from(self.nano.rem_euclid(1_000_000) != 0)
    }

    /// The whole number if it is one.
    pub fn as_integer(self) -> Option<i64> {
        (self.nano % NANO == 0).then(|| i64::try_from(self.nano / NANO).ok())?
    }
}

impl fmt::Display for Quantity {
    /// The plain decimal number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nano < 0 { "-" } else { "" };
        let (whole, fraction) = (self.nano.abs() / NANO, self.nano.abs() % NANO);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:09}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Base and exponent of a suffix.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    Some(match suffix {
        "n" => (10, -9),
        "u" => (10, -6),
        "m" => (10, -3),
        "" => (10, 0),
        "k" => (10, 3),
        "M" => (10, 6),
        "G" => (10, 9),
        "T" => (10, 12),
        "P" => (10, 15),
        "E" => (10, 18),
        "Ki" => (2, 10),
        "Mi" => (2, 20),
        "Gi" => (2, 30),
        "Ti" => (2, 40),
        "Pi" => (2, 50),
        "Ei" => (2, 60),
        _ => {
            let digits = suffix.strip_prefix(['e', 'E'])?;
            let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            (10, digits.parse::<i32>().ok()?.clamp(-1_000, 1_000))
        }
    })
}

/// The number in billionths, rounded up; saturates.
fn magnitude(whole: &str, fraction: &str, base: u32, exponent: i32) -> i128 {
    // All digits as one integer, times 10^-fraction digits.
    let digits = whole.bytes().chain(fraction.bytes()).skip_while(|byte| *byte == b'0');
    let mut mantissa: i128 = 0;
    let mut dropped = 0_i32;
    let mut is_inexact = false;
    for byte in digits {
        // Thirty digits are more than any quantity can hold; further ones only matter for rounding.
        if mantissa < 10_i128.pow(30) {
            mantissa = mantissa * 10 + i128::from(byte - b'0');
        } else {
            dropped += 1;
            is_inexact |= byte != b'0';
        }
    }
    let fraction_len = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let mut power = dropped.saturating_sub(fraction_len).saturating_add(9);
    if base == 2 {
        let shift = u32::try_from(exponent).unwrap_or(0);
        mantissa = match mantissa.checked_mul(1_i128 << shift) {
            Some(product) => product,
            // Too large to multiply: make room by dropping digits below a nano, or saturate.
            None if power >= 0 => return LARGEST,
            None => {
                let room = 10_i128.pow(20);
                is_inexact |= mantissa % room != 0;
                power += 20;
                match (mantissa / room).checked_mul(1_i128 << shift) {
                    Some(product) => product,
                    None => return LARGEST,
                }
            }
        };
    } else {
        power = power.saturating_add(exponent);
    }
    if mantissa == 0 {
        return i128::from(is_inexact);
    }
    if power >= 0 {
        let factor = u32::try_from(power).ok().and_then(|power| 10_i128.checked_pow(power));
        return factor.and_then(|factor| mantissa.checked_mul(factor)).unwrap_or(LARGEST);
    }
    match 10_i128.checked_pow(power.unsigned_abs()) {
        Some(divisor) => mantissa / divisor + i128::from(mantissa % divisor != 0 || is_inexact),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nano(text: &str) -> Option<i128> {
        Quantity::parse(text).map(Quantity::nano)
    }

    #[test]
    fn suffixes_scale() {
        assert_eq!(nano("100m"), Some(100_000_000));
        assert_eq!(Quantity::parse("1Gi").and_then(Quantity::as_integer), Some(1 << 30));
        assert_eq!(Quantity::parse("1.5Gi").and_then(Quantity::as_integer), Some(3 << 29));
        assert_eq!(Quantity::parse("12e3").and_then(Quantity::as_integer), Some(12_000));
        assert_eq!(Quantity::parse("1E").and_then(Quantity::as_integer), Some(1_000_000_000_000_000_000));
        assert_eq!(Quantity::parse("-1k").and_then(Quantity::as_integer), Some(-1000));
        assert_eq!(nano(".5"), Some(NANO / 2));
        assert_eq!(nano("5."), Some(5 * NANO));
    }

    #[test]
    fn finer_than_a_nano_rounds_up() {
        assert_eq!(nano("0.1n"), Some(1));
        assert_eq!(nano("1e-400"), Some(1));
        assert_eq!(nano("0"), Some(0));
    }

    #[test]
    fn too_large_is_cut() {
        assert_eq!(nano("100E"), Some(LARGEST));
        assert_eq!(nano("1e400"), Some(LARGEST));
        assert_eq!(nano("99999999999999999999999999999999999999999999"), Some(LARGEST));
        assert_eq!(nano("9999999999999999999999999999999Ei"), Some(LARGEST));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "m", "1.2.3", "1kb", "1e", "1 Gi", "-", "+", ".", "1ki", "0x1"] {
            assert_eq!(nano(text), None, "{text}");
        }
    }

    #[test]
    fn display_is_plain_decimal() {
        assert_eq!(Quantity::parse("1500m").map(|quantity| quantity.to_string()).as_deref(), Some("1.5"));
        assert_eq!(Quantity::parse("2Ki").map(|quantity| quantity.to_string()).as_deref(), Some("2048"));
    }
}
