//! Regular expressions in Go's syntax on the `regex` crate, bounded in size.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// Largest compiled program, in bytes. Go bounds repetition counts and nesting for the same reason.
const SIZE_LIMIT: usize = 1 << 20;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 64 << 10;
/// Largest count in `x{n}`, as in Go.
const MAX_REPEAT: u32 = 1000;

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
        let translated = Translator { rest: text, out: String::with_capacity(text.len() + 8) }.run()?;
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

/// Rewrites what the two syntaxes read differently: classes are ASCII in Go, a bracket inside of a class is a
/// character, braces that are no count are characters.
struct Translator<'t> {
    rest: &'t str,
    out: String,
}

impl Translator<'_> {
    fn run(mut self) -> Result<String, PatternError> {
        // What the last thing was: nothing to repeat, something, or something that is repeated already.
        #[derive(PartialEq)]
        enum Last {
            Nothing,
            Atom,
            Repeated,
        }
        let mut last = Last::Nothing;
        while let Some(c) = self.rest.chars().next() {
            match c {
                '\\' => {
                    if let Some(quoted) = self.rest.strip_prefix("\\Q") {
                        let end = quoted.find("\\E");
                        let literal = quoted.get(..end.unwrap_or(quoted.len())).unwrap_or_default();
                        self.out.push_str(&regex::escape(literal));
                        self.rest = end.and_then(|end| quoted.get(end + 2..)).unwrap_or_default();
                        last = if literal.is_empty() { last } else { Last::Atom };
                        continue;
                    }
                    self.escape(false)?;
                    last = Last::Atom;
                }
                '[' => {
                    self.class()?;
                    last = Last::Atom;
                }
                '*' | '+' | '?' => {
                    if last == Last::Nothing {
                        return Err(PatternError(format!("missing argument to repetition operator: `{c}`")));
                    }
                    if last == Last::Repeated {
                        return Err(PatternError(format!("invalid nested repetition operator: `{c}`")));
                    }
                    self.take(c);
                    self.lazy();
                    last = Last::Repeated;
                }
                '{' => match repetition(self.rest)? {
                    Some(len) => {
                        if last != Last::Atom {
                            return Err(PatternError("missing argument to repetition operator: `{`".into()));
                        }
                        let (count, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
                        self.out.push_str(count);
                        self.rest = rest;
                        self.lazy();
                        last = Last::Repeated;
                    }
                    None => {
                        self.out.push_str("\\{");
                        self.rest = self.rest.get(1..).unwrap_or_default();
                        last = Last::Atom;
                    }
                },
                '}' | ']' => {
                    self.out.push('\\');
                    self.take(c);
                    last = Last::Atom;
                }
                '(' => {
                    self.group()?;
                    last = Last::Nothing;
                }
                '|' => {
                    self.take(c);
                    last = Last::Nothing;
                }
                _ => {
                    self.take(c);
                    last = Last::Atom;
                }
            }
        }
        Ok(self.out)
    }

    fn take(&mut self, c: char) {
        self.out.push(c);
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
    }

    fn lazy(&mut self) {
        if self.rest.starts_with('?') {
            self.take('?');
        }
    }

    /// `(`, `(?:`, `(?flags)`, `(?P<name>`; flags that Go does not have are refused.
    fn group(&mut self) -> Result<(), PatternError> {
        let Some(special) = self.rest.strip_prefix("(?") else {
            self.take('(');
            return Ok(());
        };
        if special.starts_with("P<") || special.starts_with('<') {
            self.out.push_str("(?");
            self.rest = special;
            return Ok(());
        }
        let len = special.find([':', ')']).unwrap_or(special.len());
        let flags = special.get(..len).unwrap_or_default();
        if !flags.chars().all(|c| matches!(c, 'i' | 'm' | 's' | 'U' | '-')) {
            return Err(PatternError(format!("invalid or unsupported Perl syntax: `(?{flags}`")));
        }
        self.out.push_str("(?");
        self.rest = special;
        // `(?i)` opens no group; Go takes `(?)` for nothing, which the other syntax refuses.
        let end = special.get(len..len + 1);
        if flags.is_empty() && end == Some(")") {
            self.out.push_str(":)");
            self.rest = special.get(1..).unwrap_or_default();
            return Ok(());
        }
        self.out.push_str(flags);
        self.rest = special.get(len..).unwrap_or_default();
        match end {
            Some(":") => self.take(':'),
            Some(_) => self.take(')'),
            None => return Err(PatternError("missing closing )".into())),
        }
        Ok(())
    }

    /// One escape sequence, inside of a class or outside.
    fn escape(&mut self, in_class: bool) -> Result<(), PatternError> {
        let after = self.rest.get(1..).unwrap_or_default();
        let Some(c) = after.chars().next() else {
            return Err(PatternError("trailing backslash at end of expression: ``".into()));
        };
        let class = match c {
            'd' => Some(("0-9", false)),
            'w' => Some(("0-9A-Za-z_", false)),
            's' => Some(("\\t\\n\\f\\r ", false)),
            'D' => Some(("0-9", true)),
            'W' => Some(("0-9A-Za-z_", true)),
            'S' => Some(("\\t\\n\\f\\r ", true)),
            _ => None,
        };
        self.rest = after.get(c.len_utf8()..).unwrap_or_default();
        if let Some((set, negated)) = class {
            if in_class && !negated {
                self.out.push_str(set);
            } else {
                self.out.push_str(if negated { "[^" } else { "[" });
                self.out.push_str(set);
                self.out.push(']');
            }
            return Ok(());
        }
        match c {
            'b' if !in_class => self.out.push_str("(?-u:\\b)"),
            // The ASCII version could split a character, which the crate refuses.
            'B' if !in_class => self.out.push_str("\\B"),
            'A' | 'z' if !in_class => {
                self.out.push('\\');
                self.out.push(c);
            }
            'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'p' | 'P' | 'x' => {
                self.out.push('\\');
                self.out.push(c);
                // Braces after these belong to them.
                if matches!(c, 'p' | 'P' | 'x') && self.rest.starts_with('{') {
                    let end = self.rest.find('}').map_or(self.rest.len(), |end| end + 1);
                    let (braced, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
                    self.out.push_str(braced);
                    self.rest = rest;
                } else if matches!(c, 'p' | 'P')
                    && let Some(name) = self.rest.chars().next()
                {
                    self.take(name);
                }
            }
            '0'..='7' => {
                let more = self.rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                if c != '0' && more == 0 {
                    return Err(PatternError(format!("invalid escape sequence: `\\{c}`")));
                }
                let (digits, rest) = self.rest.split_at_checked(more).unwrap_or_default();
                let code = u32::from_str_radix(&format!("{c}{digits}"), 8).unwrap_or_default();
                self.out.push_str(&format!("\\x{{{code:x}}}"));
                self.rest = rest;
            }
            c if c.is_ascii_punctuation() => {
                // `\<` and `\>` are word boundaries to the other syntax.
                if !matches!(c, '<' | '>') {
                    self.out.push('\\');
                }
                self.out.push(c);
            }
            c => return Err(PatternError(format!("invalid escape sequence: `\\{c}`"))),
        }
        Ok(())
    }

    /// `[…]`
    fn class(&mut self) -> Result<(), PatternError> {
        self.take('[');
        if self.rest.starts_with('^') {
            self.take('^');
        }
        let mut first = true;
        loop {
            match self.rest.chars().next() {
                None => return Err(PatternError("missing closing ]".into())),
                Some(']') if !first => {
                    self.take(']');
                    return Ok(());
                }
                Some(_) => {}
            }
            first = false;
            let is_single = self.class_item()?;
            // A dash between two characters makes a range; anywhere else it is a character.
            if is_single && self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1
            {
                self.take('-');
                self.class_item()?;
            }
        }
    }

    /// One character or set inside of a class; whether it is a single character.
    fn class_item(&mut self) -> Result<bool, PatternError> {
        let posix = self.rest.strip_prefix("[:").and_then(|rest| rest.find(":]").map(|end| end + 4));
        if let Some((name, rest)) = posix.and_then(|len| self.rest.split_at_checked(len)) {
            self.out.push_str(name);
            self.rest = rest;
            return Ok(false);
        }
        let Some(c) = self.rest.chars().next() else {
            return Err(PatternError("missing closing ]".into()));
        };
        match c {
            '\\' => {
                let is_set = self.rest.get(1..2).is_some_and(|name| "dDwWsSpP".contains(name));
                self.escape(true)?;
                return Ok(!is_set);
            }
            // Brackets and operators to the other syntax.
            '[' | ']' | '&' | '~' | '^' | '-' => {
                self.out.push('\\');
                self.take(c);
            }
            _ => self.take(c),
        }
        Ok(true)
    }
}

/// Length of `{n}`, `{n,}` or `{n,m}` at the start of the text, `None` if the brace is a character.
fn repetition(text: &str) -> Result<Option<usize>, PatternError> {
    let Some(end) = text.find('}') else { return Ok(None) };
    let inner = text.get(1..end).unwrap_or_default();
    let (min, max) = match inner.split_once(',') {
        Some((min, max)) => (min, Some(max)),
        None => (inner, None),
    };
    let is_count = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'))
    };
    if !is_count(min) || max.is_some_and(|max| !max.is_empty() && !is_count(max)) {
        return Ok(None);
    }
    let value = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let low = value(min);
    let high = max.filter(|max| !max.is_empty()).map_or(low, value);
    if low > MAX_REPEAT || high > MAX_REPEAT || low > high {
        return Err(PatternError(format!("invalid repeat count: `{{{inner}}}`")));
    }
    Ok(Some(end + 1))
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
