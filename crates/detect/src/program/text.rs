//! Tests of a text against constants, compiled once.

use haechi_syntax::re2::{self, Dialect};
use memchr::memmem;

use super::glob::Glob;
use crate::condition::Comparison;

/// One comparison with its constant.
#[derive(Debug, Clone)]
pub(crate) enum TextTest {
    Order(Comparison, Box<[u8]>),
    Contains(Box<memmem::Finder<'static>>),
    ContainsIgnoringCase(Box<[u8]>),
    StartsWith(Box<[u8]>),
    EndsWith(Box<[u8]>),
    Glob(Glob),
    Regex(Box<regex::bytes::Regex>),
}

impl TextTest {
    /// Compiles a comparison. Lists are [`TextSet`]s and [`PathSet`]s.
    ///
    /// # Errors
    /// A regular expression that is none, or an operator that no text has.
    pub(crate) fn new(comparison: Comparison, value: &[u8]) -> Result<Self, String> {
        Ok(match comparison {
            Comparison::Eq
            | Comparison::Ne
            | Comparison::Lt
            | Comparison::Le
            | Comparison::Gt
            | Comparison::Ge => TextTest::Order(comparison, value.into()),
            Comparison::Contains | Comparison::BContains => {
                TextTest::Contains(Box::new(memmem::Finder::new(value).into_owned()))
            }
            Comparison::IContains => {
                TextTest::ContainsIgnoringCase(value.to_ascii_lowercase().into_boxed_slice())
            }
            Comparison::StartsWith | Comparison::BStartsWith => TextTest::StartsWith(value.into()),
            Comparison::EndsWith => TextTest::EndsWith(value.into()),
            Comparison::Glob => TextTest::Glob(Glob::new(value, false)),
            Comparison::IGlob => TextTest::Glob(Glob::new(value, true)),
            Comparison::Regex => TextTest::Regex(Box::new(regex(value)?)),
            Comparison::Exists | Comparison::In | Comparison::Intersects | Comparison::PMatch => {
                return Err(format!("'{comparison}' needs a list"));
            }
        })
    }

    /// Whether the text passes.
    pub(crate) fn holds(&self, text: &[u8]) -> bool {
        match self {
            TextTest::Order(comparison, value) => order(*comparison, text, value),
            TextTest::Contains(finder) => finder.find(text).is_some(),
            TextTest::ContainsIgnoringCase(value) => contains_ignoring_case(text, value),
            TextTest::StartsWith(value) => text.starts_with(value),
            TextTest::EndsWith(value) => text.ends_with(value),
            TextTest::Glob(glob) => glob.is_match(text),
            // Bytes that are no UTF-8 count as U+FFFD.
            TextTest::Regex(regex) => match std::str::from_utf8(text) {
                Ok(_) => regex.is_match(text),
                Err(_) => regex.is_match(String::from_utf8_lossy(text).as_bytes()),
            },
        }
    }
}

/// Bytewise order, as `strcmp`.
pub(crate) fn order(comparison: Comparison, left: &[u8], right: &[u8]) -> bool {
    match comparison {
        Comparison::Eq => left == right,
        Comparison::Ne => left != right,
        Comparison::Lt => left < right,
        Comparison::Le => left <= right,
        Comparison::Gt => left > right,
        Comparison::Ge => left >= right,
        _ => false,
    }
}

fn contains_ignoring_case(text: &[u8], lower: &[u8]) -> bool {
    lower.is_empty() || text.windows(lower.len()).any(|window| window.eq_ignore_ascii_case(lower))
}

/// RE2's POSIX syntax, the whole text.
fn regex(pattern: &[u8]) -> Result<regex::bytes::Regex, String> {
    let invalid = |why: &str| format!("invalid regex pattern: {why}");
    let pattern = std::str::from_utf8(pattern).map_err(|_| invalid("invalid UTF-8"))?;
    let pattern = re2::translate(pattern, Dialect::Posix).map_err(|refused| invalid(&refused.to_string()))?;
    regex::bytes::RegexBuilder::new(&format!("\\A(?:{pattern})\\z")).multi_line(true).build().map_err(
        |error| match error {
            regex::Error::CompiledTooBig(limit) => {
                invalid(&format!("pattern too large - compile failed (limit {limit} bytes)"))
            }
            error => {
                let text = error.to_string();
                invalid(text.lines().last().unwrap_or_default().trim_start_matches("error: "))
            }
        },
    )
}

/// Constants of `in` and `intersects`.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextSet {
    /// Sorted by length, then bytes.
    values: Vec<Box<[u8]>>,
    /// One bit per length; the last one for all lengths above.
    lengths: u64,
}

impl TextSet {
    pub(crate) fn new<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Self {
        let mut values: Vec<Box<[u8]>> = values.into_iter().map(Into::into).collect();
        values.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        values.dedup();
        let lengths = values.iter().fold(0, |bits, value| bits | length_bit(value.len()));
        Self { values, lengths }
    }

    pub(crate) fn contains(&self, text: &[u8]) -> bool {
        self.lengths & length_bit(text.len()) != 0
            && self.values.binary_search_by(|value| (value.len(), &**value).cmp(&(text.len(), text))).is_ok()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.values.iter().map(|value| &**value)
    }
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

/// Paths of `pmatch`: one of them has to be the text or a parent of it, component by component; components may
/// be patterns.
#[derive(Debug, Clone)]
pub(crate) struct PathSet(Vec<Vec<Component>>);

#[derive(Debug, Clone)]
enum Component {
    Plain(Box<[u8]>),
    Pattern(Glob),
}

impl PathSet {
    pub(crate) fn new<'v>(paths: impl IntoIterator<Item = &'v [u8]>) -> Self {
        let compile = |component: &[u8]| match component.iter().any(|byte| b"?*[".contains(byte)) {
            true => Component::Pattern(Glob::new(component, false)),
            false => Component::Plain(component.into()),
        };
        Self(paths.into_iter().map(|path| components(path).map(compile).collect()).collect())
    }

    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        self.0.iter().any(|search| {
            let mut found = components(path);
            search.iter().all(|expected| {
                found.next().is_some_and(|component| match expected {
                    Component::Plain(name) => **name == *component,
                    Component::Pattern(glob) => glob.is_match(component),
                })
            })
        })
    }
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|component| !component.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&str]) -> PathSet {
        PathSet::new(paths.iter().map(|path| path.as_bytes()))
    }

    #[test]
    fn paths_match_by_component() {
        let set = paths(&["/var/run", "/etc", "/usr/*/bin"]);
        for (path, expected) in [
            ("/var/run/docker", true),
            ("/var/running", false),
            ("/var", false),
            ("/etc", true),
            ("etc/passwd", true),
            ("/usr/local/bin/x", true),
            ("/usr/bin", false),
        ] {
            assert_eq!(set.matches(path.as_bytes()), expected, "{path}");
        }
        assert!(paths(&["/"]).matches(b"/anything"));
    }

    #[test]
    fn regexes_cover_the_whole_text_and_are_posix() {
        let regex = TextTest::new(Comparison::Regex, b"a[0-9]+").unwrap();
        assert!(regex.holds(b"a12") && !regex.holds(b"a12b") && !regex.holds(b"xa12"));
        assert_eq!(
            TextTest::new(Comparison::Regex, br"\d+").unwrap_err(),
            "invalid regex pattern: invalid escape sequence: \\d"
        );
        assert!(TextTest::new(Comparison::Regex, b"(?i)a").is_err());
        assert!(TextTest::new(Comparison::Regex, b"[[:alpha:]]+[(?]").is_ok());
        assert!(TextTest::new(Comparison::Regex, b"a(").is_err());
    }

    #[test]
    fn classes_hold_the_characters_that_re2_reads_in_them() {
        for (pattern, fit, other) in [
            ("[[]", "[", "]"),
            ("[]a]", "]a", "["),
            ("[^]a]", "[^", "]a"),
            ("[a&&b]", "a&b", "c"),
            ("[a~~b]", "a~b", "c"),
            ("[+--]", "+,-", "."),
            ("[a-c[:digit:]-]", "b5-", "d"),
            ("[-a]", "-a", "b"),
            (r"[\]\x41-\x{43}]", "]B", "D"),
            ("[^^]", "a", "^"),
        ] {
            let regex = TextTest::new(Comparison::Regex, pattern.as_bytes()).unwrap();
            for (text, expected) in fit.chars().map(|c| (c, true)).chain(other.chars().map(|c| (c, false))) {
                assert_eq!(regex.holds(text.to_string().as_bytes()), expected, "{pattern} {text}");
            }
        }
        for pattern in ["[a-b-c]", "[c-a]", "[a--b]", "[", "[]", "[a", r"[\"] {
            assert!(TextTest::new(Comparison::Regex, pattern.as_bytes()).is_err(), "{pattern}");
        }
    }

    #[test]
    fn braces_and_angles_that_mean_nothing_to_re2_are_characters() {
        for (pattern, text, expected) in [
            ("ab{2", "ab{2", true),
            ("ab{2", "abb", false),
            ("a{,2}", "a{,2}", true),
            ("a{,2}", "aa", false),
            ("a{2,b}}", "a{2,b}}", true),
            ("{}", "{}", true),
            ("a{2}b{1,}c{1,2}", "aabbbcc", true),
            ("[{]a{1000}", "{a", false),
            (r"\<a\>", "<a>", true),
            (r"\<a\>", "a", false),
            (r"\\<a", r"\<a", true),
        ] {
            let regex = TextTest::new(Comparison::Regex, pattern.as_bytes()).unwrap();
            assert_eq!(regex.holds(text.as_bytes()), expected, "{pattern} {text}");
        }
        for pattern in ["a{1001}", "a{1,1001}", "a{3,2}", "{2}", "a|{2}", "a{99999999999999999999}"] {
            assert!(TextTest::new(Comparison::Regex, pattern.as_bytes()).is_err(), "{pattern}");
        }
    }

    #[test]
    fn sets_find_every_length() {
        let long = "x".repeat(100);
        let set = TextSet::new([b"a".as_slice(), b"bb", long.as_bytes(), b""]);
        assert!(set.contains(b"") && set.contains(b"bb") && set.contains(long.as_bytes()));
        assert!(!set.contains(b"b") && !set.contains("x".repeat(99).as_bytes()));
    }
}
