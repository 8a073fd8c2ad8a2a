//! Regular expressions in Go's syntax on the `regex` crate, bounded in size.

use std::fmt;

use haechi_syntax::re2::{self, Dialect};
use regex::{Regex, RegexBuilder};

/// Largest compiled program, in bytes. Go bounds repetition counts and nesting for the same reason.
const SIZE_LIMIT: usize = 1 << 20;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 64 << 10;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    regex: Regex,
    /// Steps of the evaluator that a byte of the text may take, in the worst case.
    weight: u64,
    /// Steps that compiling took.
    pub(crate) compiled: u64,
}

/// Sizes of programs, in bytes, and what a byte of text costs with such a program. Small ones run as automata, whose
/// caches large ones overflow: then every state is kept up for every byte.
const CLASSES: [(usize, u64); 5] =
    [(4 << 10, 40), (16 << 10, 300), (64 << 10, 1_250), (256 << 10, 5_000), (SIZE_LIMIT, 20_000)];

/// Steps that it takes to find out that a pattern is too large.
pub(crate) const REFUSAL_WORK: u64 = 2 * SIZE_LIMIT as u64;

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternError(String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp: {}", self.0)
    }
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_PATTERN {
            return Err(PatternError("expression too large".into()));
        }
        let translated =
            re2::translate(text, Dialect::Go).map_err(|refused| PatternError(refused.to_string()))?;
        let build = |limit: usize| {
            RegexBuilder::new(&translated)
                .size_limit(limit)
                .dfa_size_limit(SIZE_LIMIT)
                .nest_limit(1000)
                .build()
        };
        // The crate does not tell how large a program is, but whether it is larger than a limit.
        let mut compiled = 0;
        for (limit, weight) in CLASSES {
            compiled += limit as u64;
            match build(limit) {
                Ok(regex) => return Ok(Self { regex, weight, compiled }),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default();
                    return Err(PatternError(last.trim_start_matches("error: ").to_owned()));
                }
            }
        }
        Err(PatternError("expression too large".into()))
    }

    /// Work that a search in a text of that many bytes may take, in steps of the evaluator.
    pub(crate) fn work(&self, text_len: usize) -> u64 {
        (text_len as u64).saturating_mul(self.weight) + 1
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    pub(crate) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.regex.find(text).map(|found| found.as_str())
    }

    pub(crate) fn find_all<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        // Go leaves out an empty match right behind another match.
        let mut last_end = None;
        self.regex.find_iter(text).filter_map(move |found| {
            let is_adjacent = found.is_empty() && last_end == Some(found.start());
            last_end = Some(found.end());
            (!is_adjacent).then_some(found.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn classes_are_ascii() {
        assert!(!matches(r"^\w+$", "é"));
        assert!(!matches(r"^\d$", "٣"));
        assert!(matches(r"^\W$", "é"));
        assert!(matches(r"^[\w.-]+$", "a.b-c_1"));
        assert!(matches(r"^[^\s]+$", "é"));
        assert!(matches(r"^.$", "é"));
        assert!(matches(r"\bfoo\b", "a foo b"));
    }

    #[test]
    fn brackets_and_braces_that_mean_nothing_are_characters() {
        assert!(matches(r"^[[a]$", "["));
        assert!(matches(r"^a{,2}$", "a{,2}"));
        assert!(matches(r"^{x}$", "{x}"));
        assert!(matches(r"^[a&&b~~c]+$", "&~"));
        assert!(matches(r"^[]a]$", "]"));
        assert!(matches(r"^[[:alpha:]]+$", "ab"));
        assert!(matches(r"^\Qa.b\E$", "a.b"));
        assert!(matches(r"^[a\-z]$", "-"));
        assert!(matches(r"^[+--]+$", "+,-"));
        assert!(matches(r"^\/\-$", "/-"));
        assert!(matches(r"^\x{41}\101\pL$", "AAb"));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "[", "a**", "*a", "(", "a{1001}", "a{2,1}", r"\1", r"\8", r"\y", "(?x)a", "(?=a)", "[b-a]", r"\",
            "(?i", r"\Z",
        ] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn an_exploding_pattern_is_refused() {
        assert!(Pattern::new("((a{1,100}){1,100}){1,100}").is_err());
    }

    #[test]
    fn empty_matches_next_to_others_are_left_out() {
        let pattern = Pattern::new("a*").unwrap();
        assert_eq!(pattern.find_all("baac").collect::<Vec<_>>(), ["", "aa", ""]);
    }
}
