//! Quantities as the API server writes them back: `0.25` is `250m`, `1024Mi` is `1Gi`.

use serde_json::Value as Json;

/// Suffixes with the power of the base.
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// Puts a quantity into its canonical form; what is none, or too exact, is left as it is.
pub(super) fn normalise(value: &mut Json) {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => return,
    };
    if let Some(canonical) = canonical(&text) {
        *value = canonical.into();
    }
}

fn canonical(text: &str) -> Option<String> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    if let Some((_, bits)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        let (units, scale) = parse(number)?;
        // Fractions of binary units become decimal ones in odd ways; they are left alone.
        if scale != 0 {
            return None;
        }
        let mut units = units;
        let mut bits = *bits;
        while bits < 60 && units != 0 && units % 1024 == 0 {
            units /= 1024;
            bits += 10;
        }
        let name = BINARY.iter().find(|(_, known)| *known == bits)?.0;
        return Some(format!("{units}{name}"));
    }
    let power = DECIMAL.iter().find(|(name, _)| *name == suffix)?.1;
    let (mut units, scale) = parse(number)?;
    let mut power = power - scale;
    if units == 0 {
        return Some("0".into());
    }
    while units % 10 == 0 {
        units /= 10;
        power += 1;
    }
    let wanted = (power.div_euclid(3) * 3).min(18);
    if wanted < -9 {
        return None;
    }
    let factor = 10_i128.checked_pow(u32::try_from(power - wanted).ok()?)?;
    let units = units.checked_mul(factor)?;
    let name = DECIMAL.iter().find(|(_, known)| *known == wanted)?.0;
    Some(format!("{units}{name}"))
}

/// `1.25` as 125 and 2 digits behind the point.
fn parse(number: &str) -> Option<(i128, i32)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    if digits.len() > 30 {
        return None;
    }
    Some((digits.parse().ok()?, i32::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn quantities_are_written_as_the_server_writes_them() {
        for (given, wanted) in [
            ("0.25", "250m"),
            ("500m", "500m"),
            ("1000m", "1"),
            ("1500", "1500"),
            ("2000", "2k"),
            ("1024Mi", "1Gi"),
            ("512Mi", "512Mi"),
            ("0", "0"),
            ("-1.5", "-1500m"),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(wanted), "{given}");
        }
        assert_eq!(canonical("1.5Gi"), None);
        assert_eq!(canonical("1e3"), None);
        assert_eq!(canonical("x"), None);
    }
}
