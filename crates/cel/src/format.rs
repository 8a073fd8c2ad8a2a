//! Named formats of Kubernetes: names, labels and what custom resources declare.

use crate::time::Timestamp;
use crate::url::Url;

/// A format by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedFormat {
    /// `dns1123Label`
    Dns1123Label,
    /// `dns1123Subdomain`
    Dns1123Subdomain,
    /// `dns1035Label`
    Dns1035Label,
    /// `qualifiedName`
    QualifiedName,
    /// `dns1123LabelPrefix`
    Dns1123LabelPrefix,
    /// `dns1123SubdomainPrefix`
    Dns1123SubdomainPrefix,
    /// `dns1035LabelPrefix`
    Dns1035LabelPrefix,
    /// `labelValue`
    LabelValue,
    /// `uri`
    Uri,
    /// `uuid`
    Uuid,
    /// `byte`
    Byte,
    /// `date`
    Date,
    /// `datetime`
    Datetime,
}

const NAMES: [(&str, NamedFormat, u64); 13] = [
    ("dns1123Label", NamedFormat::Dns1123Label, 30),
    ("dns1123Subdomain", NamedFormat::Dns1123Subdomain, 60),
    ("dns1035Label", NamedFormat::Dns1035Label, 30),
    ("qualifiedName", NamedFormat::QualifiedName, 60),
    ("dns1123LabelPrefix", NamedFormat::Dns1123LabelPrefix, 30),
    ("dns1123SubdomainPrefix", NamedFormat::Dns1123SubdomainPrefix, 60),
    ("dns1035LabelPrefix", NamedFormat::Dns1035LabelPrefix, 30),
    ("labelValue", NamedFormat::LabelValue, 40),
    ("uri", NamedFormat::Uri, 1103),
    ("uuid", NamedFormat::Uuid, 77),
    ("byte", NamedFormat::Byte, 84),
    ("date", NamedFormat::Date, 89),
    ("datetime", NamedFormat::Datetime, 89),
];

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

impl NamedFormat {
    /// The format of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, ..)| *known == name).map(|(_, format, _)| *format)
    }

    /// The length that Kubernetes reckons with when it charges for a check.
    pub(crate) fn pattern_len(self) -> u64 {
        NAMES.iter().find(|(_, format, _)| *format == self).map_or(0, |(.., len)| *len)
    }

    /// Whether a text is of this format.
    pub fn is_valid(self, text: &str) -> bool {
        self.errors(text).is_empty()
    }

    /// What is wrong with a text, in the words of the API server; nothing if it is of this format.
    pub(crate) fn errors(self, text: &str) -> Vec<String> {
        let wrong =
            |is_right: bool, message: &str| if is_right { Vec::new() } else { vec![message.to_owned()] };
        match self {
            NamedFormat::Dns1123Label => label(text),
            NamedFormat::Dns1123LabelPrefix => label(&mask_dash(text)),
            NamedFormat::Dns1123Subdomain => subdomain(text),
            NamedFormat::Dns1123SubdomainPrefix => subdomain(&mask_dash(text)),
            NamedFormat::Dns1035Label => label_1035(text),
            NamedFormat::Dns1035LabelPrefix => label_1035(&mask_dash(text)),
            NamedFormat::QualifiedName => qualified_name(text),
            NamedFormat::LabelValue => label_value(text),
            NamedFormat::Uri => {
                wrong(Url::is_request_uri(text), &format!("parse {text:?}: invalid URI for request"))
            }
            NamedFormat::Uuid => wrong(is_uuid(text), "does not match the UUID format"),
            NamedFormat::Byte => wrong(is_base64(text), "invalid base64"),
            NamedFormat::Date => wrong(is_date(text), "invalid date"),
            NamedFormat::Datetime => wrong(is_datetime(text), "invalid datetime"),
        }
    }
}

fn too_long(text: &str, limit: usize) -> Option<String> {
    (text.len() > limit).then(|| format!("must be no more than {limit} characters"))
}

fn pattern_error(message: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{pattern}')", examples.join("or "))
}

/// For a prefix of a generated name: a dash at the end stands for what will follow.
fn mask_dash(text: &str) -> String {
    match text.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => text.to_owned(),
    }
}

fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn label(text: &str) -> Vec<String> {
    let mut errors: Vec<String> = too_long(text, 63).into_iter().collect();
    if is_label(text) {
        return errors;
    }
    errors.push(if is_subdomain(text) {
        "must not contain dots".into()
    } else {
        pattern_error(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
             and end with an alphanumeric character",
            LABEL,
            &["my-name", "123-abc"],
        )
    });
    errors
}

fn subdomain(text: &str) -> Vec<String> {
    let mut errors: Vec<String> = too_long(text, 253).into_iter().collect();
    if !is_subdomain(text) {
        errors.push(pattern_error(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character",
            SUBDOMAIN,
            &["example.com"],
        ));
    }
    errors
}

fn label_1035(text: &str) -> Vec<String> {
    let mut errors: Vec<String> = too_long(text, 63).into_iter().collect();
    if !(is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())) {
        errors.push(pattern_error(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character",
            LABEL_1035,
            &["my-name", "abc-123"],
        ));
    }
    errors
}

fn is_key(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    text.bytes().all(is_inner) && text.starts_with(is_edge) && text.ends_with(is_edge)
}

fn qualified_name(text: &str) -> Vec<String> {
    let message = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                   alphanumeric character";
    let explain = || pattern_error(message, KEY, &["MyName", "my.name", "123-abc"]);
    let parts: Vec<&str> = text.split('/').collect();
    let mut errors = Vec::new();
    let name = match parts.as_slice() {
        [name] => name,
        ["", name] => {
            errors.push("prefix part must be non-empty".into());
            name
        }
        [prefix, name] => {
            errors.extend(subdomain(prefix).into_iter().map(|error| format!("prefix part {error}")));
            name
        }
        _ => {
            let tail = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {} {tail}", explain())];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".into());
    } else if let Some(error) = too_long(name, 63) {
        errors.push(format!("name part {error}"));
    }
    if !is_key(name) {
        errors.push(format!("name part {}", explain()));
    }
    errors
}

fn label_value(text: &str) -> Vec<String> {
    let mut errors: Vec<String> = too_long(text, 63).into_iter().collect();
    if !text.is_empty() && !is_key(text) {
        errors.push(pattern_error(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character",
            &format!("({KEY})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    errors
}

/// Hyphens between the groups may be left out.
fn is_uuid(text: &str) -> bool {
    let mut rest = text;
    for (index, len) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix('-').unwrap_or(rest);
        }
        let Some((group, tail)) = rest.split_at_checked(len) else { return false };
        if !group.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return false;
        }
        rest = tail;
    }
    rest.is_empty()
}

fn is_base64(text: &str) -> bool {
    let padding = text.len() - text.trim_end_matches('=').len();
    let body = text.get(..text.len() - padding).unwrap_or_default();
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && padding <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_some() || is_year_zero(text)
}

/// Go's parser knows the year 0, a timestamp does not.
fn is_year_zero(text: &str) -> bool {
    text.strip_prefix("0000-").is_some_and(|rest| is_date(&format!("0004-{rest}")))
}

fn is_datetime(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some((date, time)) = lower.split_once('t') else { return false };
    let time = time.split('t').next().unwrap_or_default();
    let digits =
        |from: usize| time.get(from..from + 2).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let (Some(hour), Some(minute), Some(second)) = (digits(0), digits(3), digits(6)) else { return false };
    let colons = time.get(2..3) == Some(":") && time.get(5..6) == Some(":");
    let rest = time.get(8..).unwrap_or_default();
    // Any character may stand before the fraction.
    let after_fraction = |rest: &str| {
        let mut chars = rest.chars();
        chars.next();
        chars.as_str().trim_start_matches(|c: char| c.is_ascii_digit()).len()
    };
    let is_zone = |zone: &str| {
        zone == "z"
            || (zone.len() == 6
                && zone.starts_with(['+', '-'])
                && zone
                    .char_indices()
                    .skip(1)
                    .all(|(at, c)| if at == 3 { c == ':' } else { c.is_ascii_digit() }))
    };
    let tail = rest.get(rest.len() - after_fraction(rest)..).unwrap_or_default();
    let zone_ok = is_zone(rest) || (tail.len() + 2 <= rest.len() && is_zone(tail));
    is_date(date) && colons && hour <= "23" && minute <= "59" && second <= "59" && zone_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_tell_right_from_wrong() {
        let cases = [
            ("dns1123Label", "my-label", true),
            ("dns1123Label", "My-label", false),
            ("dns1123Subdomain", "a..b", false),
            ("dns1123LabelPrefix", "ab-", true),
            ("dns1123SubdomainPrefix", "ab.", false),
            ("dns1035Label", "1a", false),
            ("qualifiedName", "a.io/b", true),
            ("qualifiedName", "a/b/c", false),
            ("labelValue", "", true),
            ("uuid", "123e4567e89b12d3a456426614174000", true),
            ("uuid", "123e4567-e89b-12d3-a456-42661417400", false),
            ("byte", "aGVsbG8=", true),
            ("byte", "aGVsbG8", false),
            ("date", "2024-02-30", false),
            ("datetime", "2024-02-28T01:02:03.5Z", true),
            ("datetime", "2024-02-28T24:02:03Z", false),
            ("datetime", "2024-02-28t01:02:03+09:00", true),
        ];
        for (name, text, valid) in cases {
            assert_eq!(NamedFormat::named(name).unwrap().errors(text).is_empty(), valid, "{name} {text}");
        }
    }

    #[test]
    fn a_label_with_dots_is_told_so() {
        assert_eq!(NamedFormat::Dns1123Label.errors("a.b"), ["must not contain dots"]);
    }
}
