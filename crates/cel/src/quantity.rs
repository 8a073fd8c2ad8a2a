//! Quantities as Kubernetes computes with them.

use std::cmp::Ordering;

/// An amount, and the form in which Kubernetes keeps it: what fits a plain number times a power of ten is kept so,
/// and only such an amount may be asked for as an integer.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    nano: i128,
    /// Value and power of ten.
    small: Option<(i64, i32)>,
}

const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Reads a quantity; `None` where Kubernetes would refuse it.
    pub fn parse(text: &str) -> Option<Self> {
        let nano = haechi_objects::Quantity::parse(text)?.nano();
        Some(Self { nano, small: small_form(text) })
    }

    fn of_int(value: i64) -> Self {
        Self { nano: i128::from(value) * NANO, small: Some((value, 0)) }
    }

    /// The integer, if it is kept as one.
    pub(crate) fn as_int(&self) -> Option<i64> {
        let (value, scale) = self.small?;
        let factor = 10_i64.checked_pow(u32::try_from(scale).ok()?)?;
        value.checked_mul(factor)
    }

    #[expect(clippy::cast_precision_loss, reason = "approximate by name")]
    pub(crate) fn as_float(&self) -> f64 {
        match self.small {
            Some((value, scale)) if scale >= 0 => value as f64 * 10_f64.powi(scale),
            // Dividing by a power of ten is exact where multiplying by its inverse is not; Go's table of inverses
            // is correctly rounded, so the product is the same number in all but the last digit.
            Some((value, scale)) => value as f64 / 10_f64.powi(-scale),
            None if self.nano % NANO == 0 => (self.nano / NANO) as f64,
            None => self.nano as f64 / 1e9,
        }
    }

    pub(crate) fn sign(&self) -> i64 {
        i64::try_from(self.nano.signum()).unwrap_or(0)
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }

    pub(crate) fn add(&self, other: &Self) -> Self {
        let small = match (self.small, other.small) {
            (Some(one), Some(other)) => add_small(one, other),
            _ => None,
        };
        Self { nano: self.nano.saturating_add(other.nano), small }
    }

    pub(crate) fn sub(&self, other: &Self) -> Self {
        let small = other.small.and_then(|(value, scale)| Some((value.checked_neg()?, scale)));
        self.add(&Self { nano: -other.nano, small })
    }

    pub(crate) fn add_int(&self, other: i64) -> Self {
        self.add(&Self::of_int(other))
    }

    pub(crate) fn sub_int(&self, other: i64) -> Self {
        self.sub(&Self::of_int(other))
    }
}

fn add_small(one: (i64, i32), other: (i64, i32)) -> Option<(i64, i32)> {
    if other.0 == 0 {
        return Some(one);
    }
    if one.0 == 0 {
        return Some(other);
    }
    let scale = one.1.min(other.1);
    let at_scale =
        |(value, of): (i64, i32)| value.checked_mul(10_i64.checked_pow(u32::try_from(of - scale).ok()?)?);
    Some((at_scale(one)?.checked_add(at_scale(other)?)?, scale))
}

/// What `k8s.io/apimachinery`'s parser keeps as a plain number: few enough digits, no fraction of a binary unit,
/// nothing finer than a nano.
fn small_form(text: &str) -> Option<(i64, i32)> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let len = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, suffix) = rest.split_at_checked(len)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let digits = i32::try_from(whole.len() + fraction.len()).ok()?;
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|known| *known == suffix);
    let (room, mantissa, scale) = match binary {
        Some(index) => {
            let power = 10 * (i32::try_from(index).ok()? + 1);
            if !fraction.is_empty() {
                return None;
            }
            (15 - digits - power * 3 / 10 - 1, 1_i64 << power, 0)
        }
        None => {
            let scale = match suffix {
                "n" => -9,
                "u" => -6,
                "m" => -3,
                "" => 0,
                "k" => 3,
                "M" => 6,
                "G" => 9,
                "T" => 12,
                "P" => 15,
                "E" => 18,
                _ => suffix.get(1..)?.parse().ok()?,
            };
            (18 - digits, 1, scale)
        }
    };
    let scale = scale - i32::try_from(fraction.len()).ok()?;
    if room < 0 || scale < -9 {
        return None;
    }
    let value: i64 = match fraction {
        "" => whole.parse().ok()?,
        fraction => format!("{whole}{fraction}").parse().ok()?,
    };
    let value = value.checked_mul(mantissa)?;
    Some((if negative { -value } else { value }, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_amounts_are_integers() {
        let as_int = |text| Quantity::parse(text).unwrap().as_int();
        assert_eq!(as_int("50k"), Some(50_000));
        assert_eq!(as_int("-1Ki"), Some(-1024));
        assert_eq!(as_int("1Gi"), Some(1 << 30));
        assert_eq!(as_int("50.5"), None);
        assert_eq!(as_int("9999999999999999999999999G"), None);
    }

    #[test]
    fn sums_are_exact() {
        let quantity = |text| Quantity::parse(text).unwrap();
        assert!(quantity("50k").add_int(20).compare(&quantity("50020")).is_eq());
        assert!(
            quantity("100m").add(&quantity("1Gi")).sub(&quantity("1Gi")).compare(&quantity("0.1")).is_eq()
        );
        assert_eq!(quantity("50.703").as_float(), 50.703);
    }
}
