//! How Kubernetes' YAML reader (go-yaml v2 behind `sigs.k8s.io/yaml`) understands a plain scalar.

/// The meaning of a plain (unquoted, untagged) scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// Nothing, `~`, `null`, `Null` or `NULL`.
    Null,
    /// One of YAML 1.1's words: `yes`, `No`, `on`, `y`, `TRUE` …
    Bool(bool),
    /// An integer in Go's base-0 notation: `0x1f`, `0o17`, `017`, `0b1`, `1_000`.
    Int(i64),
    /// An integer that only fits without a sign.
    Uint(u64),
    /// A float; never infinite: those that do not fit are strings.
    Float(f64),
    /// `.inf`, `-.Inf`, `.NaN` …: floats that JSON cannot express, so that the document is refused.
    NotFinite,
    /// Anything else.
    String,
}

impl Scalar {
    /// Resolves the text of a plain scalar.
    pub fn resolve(text: &str) -> Self {
        let Some(first) = text.as_bytes().first() else { return Scalar::Null };
        match first {
            b'~' | b'n' | b'N' | b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => word(text),
            b'+' | b'-' | b'.' | b'0'..=b'9' => number(text),
            _ => Scalar::String,
        }
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Scalar::Bool(false)
        }
        _ => Scalar::String,
    }
}

fn number(text: &str) -> Scalar {
    if matches!(
        text,
        ".inf"
            | ".Inf"
            | ".INF"
            | "+.inf"
            | "+.Inf"
            | "+.INF"
            | "-.inf"
            | "-.Inf"
            | "-.INF"
            | ".nan"
            | ".NaN"
            | ".NAN"
    ) {
        return Scalar::NotFinite;
    }
    let has_underscores = text.contains('_');
    if text.starts_with('.') && has_underscores && !are_underscores_between_digits(text) {
        return Scalar::String;
    }
    let stripped;
    let plain = if has_underscores {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    match integer(plain).or_else(|| signed_binary(plain)) {
        Some(integer) => integer,
        None => float(plain),
    }
}

/// go-yaml takes underscores away wherever they are, but leaves a text that begins with a point to Go's float
/// parser, which wants a digit on both sides.
fn are_underscores_between_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let mut underscores = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    underscores.all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
}

/// `0b-1` and `0b+1`: go-yaml has its own second try at binary numbers, which lets a sign stand there.
fn signed_binary(text: &str) -> Option<Scalar> {
    let signed = text.strip_prefix("0b").filter(|signed| signed.starts_with(['+', '-']))?;
    i64::from_str_radix(signed, 2).ok().map(Scalar::Int)
}

fn float(text: &str) -> Scalar {
    if !is_float(text) {
        return Scalar::String;
    }
    // Go refuses a float that overflows, and the reader then keeps the string.
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Scalar::Float(float),
        _ => Scalar::String,
    }
}

/// `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn integer(text: &str) -> Option<Scalar> {
    let (signed, negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, true, text.get(1..)?),
        [b'+', ..] => (true, false, text.get(1..)?),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match (negative, i64::try_from(magnitude)) {
        (false, Ok(value)) => Some(Scalar::Int(value)),
        (true, Ok(value)) => Some(Scalar::Int(-value)),
        (true, Err(_)) if magnitude == i64::MIN.unsigned_abs() => Some(Scalar::Int(i64::MIN)),
        // ParseUint takes no sign at all.
        (false, Err(_)) if !signed => Some(Scalar::Uint(magnitude)),
        _ => None,
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 1..)),
        None => (rest, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    mantissa_fits && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::Scalar::{self, *};

    #[test]
    fn words_of_yaml_1_1_are_booleans() {
        for (text, expected) in
            [("yes", Bool(true)), ("Off", Bool(false)), ("y", Bool(true)), ("tRue", String)]
        {
            assert_eq!(Scalar::resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn integers_follow_gos_base_zero() {
        for (text, expected) in [
            ("0644", Int(420)),
            ("0o644", Int(420)),
            ("0x1F", Int(31)),
            ("-0x1F", Int(-31)),
            ("1_000", Int(1000)),
            ("9223372036854775808", Uint(9_223_372_036_854_775_808)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("+9223372036854775808", Float(9_223_372_036_854_775_808.0)),
            ("08", Float(8.0)),
            ("0x", String),
            ("-", String),
        ] {
            assert_eq!(Scalar::resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn floats_need_a_digit_and_fit() {
        for (text, expected) in [
            (".5", Float(0.5)),
            ("5.", Float(5.0)),
            (".", String),
            ("1e", String),
            ("1e400", String),
            (".inf", NotFinite),
            ("._1", String),
        ] {
            assert_eq!(Scalar::resolve(text), expected, "{text}");
        }
    }
}
