//! Regular expressions in the syntax of RE2 and of Go, rewritten for crate `regex`.
//!
//! Go runs the expressions of Gatekeeper's and Kubernetes' policies, RE2 those of Falco's rules. The crate searches as
//! they do, but reads several things otherwise: its classes are Unicode's, a bracket or `&&` in a class means more than
//! the character, a brace that is no count is refused, and it takes much that they refuse. A policy or a rule has to
//! mean here what it means there, and to be refused where it is refused.
//!
//! Two differences stay: `\B` next to letters outside of ASCII, for which the crate has no equal on text, and flags
//! between something and what repeats it (`a(?i)*`), which are refused.
//!
//! Source: the grammar of `re2/doc/syntax.txt`, the parsers `re2/parse.cc` and Go's `regexp/syntax`.

use std::fmt;

/// Largest count in `x{n}`, and largest product of counts within each other.
const MAX_REPEAT: u32 = 1000;
/// Groups within groups.
const MAX_DEPTH: usize = 1000;

/// Which of its syntaxes an expression is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Go's `regexp`; RE2 as it is by default.
    Go,
    /// RE2 with the option `POSIX`: no `\d`, `\b`, `(?…)` and no lazy repetition; repetitions may follow each other.
    /// `^` and `$` are line boundaries: to be compiled with `multi_line`.
    Posix,
}

/// Why an expression is refused, in the words of Go ([`Dialect::Go`]) or RE2 ([`Dialect::Posix`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    what: What,
    dialect: Dialect,
    /// The part of the expression.
    part: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Escape,
    Range,
    MissingBracket,
    MissingParenthesis,
    UnexpectedParenthesis,
    TrailingBackslash,
    NothingToRepeat,
    Count,
    /// Counts within counts.
    Product,
    RepeatsRepetition,
    Perl,
    Name,
    TooDeep,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (go, re2) = match self.what {
            What::Escape => ("invalid escape sequence", "invalid escape sequence"),
            What::Range => ("invalid character class range", "invalid character class range"),
            What::MissingBracket => ("missing closing ]", "missing ]"),
            What::MissingParenthesis => ("missing closing )", "missing )"),
            What::UnexpectedParenthesis => ("unexpected )", "unexpected )"),
            What::TrailingBackslash => ("trailing backslash at end of expression", "trailing \\"),
            What::NothingToRepeat => {
                ("missing argument to repetition operator", "no argument for repetition operator")
            }
            What::Count | What::Product => ("invalid repeat count", "invalid repetition size"),
            What::RepeatsRepetition => ("invalid nested repetition operator", "bad repetition operator"),
            What::Perl => ("invalid or unsupported Perl syntax", "invalid perl operator"),
            What::Name => ("invalid named capture", "invalid named capture group"),
            What::TooDeep => ("expression nests too deeply", "expression nests too deeply"),
        };
        match self.dialect {
            Dialect::Go => write!(f, "{go}: `{}`", self.part),
            Dialect::Posix => write!(f, "{re2}: {}", self.part),
        }
    }
}

impl std::error::Error for Refused {}

impl Refused {
    /// Whether the expression would explode: counts within counts, or groups within groups, without measure.
    pub fn is_too_large(&self) -> bool {
        matches!(self.what, What::Product | What::TooDeep)
    }
}

/// Rewrites an expression for crate `regex`.
///
/// # Errors
/// What Go or RE2 would refuse, as far as the crate would take it. The rest is left for the crate to refuse. How large
/// a program may become is the caller's to bound.
pub fn translate(pattern: &str, dialect: Dialect) -> Result<String, Refused> {
    let translator = Translator {
        dialect,
        whole: pattern,
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        groups: Vec::new(),
        repeats: 1,
        last: Last::Nothing,
    };
    translator.run()
}

/// What stands before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing that could be repeated.
    Nothing,
    /// Something, and the largest product of counts in it.
    Atom(u32),
    /// Something that is repeated, with the product.
    Repeated(u32),
}

struct Translator<'t> {
    dialect: Dialect,
    whole: &'t str,
    rest: &'t str,
    out: String,
    /// For each open group, the largest product of counts before it in its own group.
    groups: Vec<u32>,
    /// The largest product of counts so far in this group.
    repeats: u32,
    last: Last,
}

impl<'t> Translator<'t> {
    fn run(mut self) -> Result<String, Refused> {
        while let Some(c) = self.rest.chars().next() {
            match c {
                '\\' if self.dialect == Dialect::Go && self.rest.starts_with("\\Q") => self.quoted(),
                '\\' => {
                    self.escape(false)?;
                    self.last = Last::Atom(1);
                }
                '[' => {
                    self.class()?;
                    self.last = Last::Atom(1);
                }
                '*' | '+' | '?' => {
                    let inner = self.repeated(&c.to_string())?;
                    match (c, self.last) {
                        // Right behind a repetition it would make that one lazy.
                        ('?', Last::Repeated(_)) => self.replace(c, "{0,1}"),
                        _ => self.take(c),
                    }
                    self.lazy();
                    self.last = Last::Repeated(inner);
                }
                '{' => self.brace()?,
                '(' => self.open()?,
                ')' => {
                    let before =
                        self.groups.pop().ok_or_else(|| self.refused(What::UnexpectedParenthesis, ")"))?;
                    self.take(c);
                    self.last = Last::Atom(self.repeats);
                    self.repeats = self.repeats.max(before);
                }
                '|' => {
                    self.take(c);
                    self.last = Last::Nothing;
                }
                _ => {
                    // The crate's own operators.
                    if matches!(c, '}' | ']') {
                        self.out.push('\\');
                    }
                    self.take(c);
                    self.last = Last::Atom(1);
                }
            }
        }
        match self.groups.is_empty() {
            true => Ok(self.out),
            false => Err(self.refused(What::MissingParenthesis, self.whole)),
        }
    }

    fn refused(&self, what: What, part: impl Into<String>) -> Refused {
        Refused { what, dialect: self.dialect, part: part.into() }
    }

    /// Copies a character.
    fn take(&mut self, c: char) {
        self.out.push(c);
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
    }

    /// Copies that many bytes.
    fn take_bytes(&mut self, len: usize) {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.out.push_str(taken);
        self.rest = rest;
    }

    fn replace(&mut self, c: char, by: &str) {
        self.out.push_str(by);
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
    }

    fn lazy(&mut self) {
        if self.dialect == Dialect::Go && self.rest.starts_with('?') {
            self.take('?');
        }
    }

    /// The product of counts of what an operator repeats.
    fn repeated(&self, operator: &str) -> Result<u32, Refused> {
        match (self.last, self.dialect) {
            (Last::Nothing, _) => Err(self.refused(What::NothingToRepeat, operator)),
            (Last::Repeated(_), Dialect::Go) => Err(self.refused(What::RepeatsRepetition, operator)),
            (Last::Atom(inner) | Last::Repeated(inner), _) => Ok(inner),
        }
    }

    /// `\Q…\E`: characters as they are.
    fn quoted(&mut self) {
        let quoted = self.rest.get(2..).unwrap_or_default();
        let (literal, rest) = quoted.split_once("\\E").unwrap_or((quoted, ""));
        for c in literal.chars() {
            if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
                self.out.push('\\');
            }
            self.out.push(c);
            self.last = Last::Atom(1);
        }
        self.rest = rest;
    }

    /// `{n}`, `{n,}`, `{n,m}`, or the character.
    fn brace(&mut self) -> Result<(), Refused> {
        let Some((text, low, high)) = counts(self.rest) else {
            self.replace('{', "\\{");
            self.last = Last::Atom(1);
            return Ok(());
        };
        let inner = self.repeated(text)?;
        // Of a count without end the lower one counts.
        let times = high.unwrap_or(low);
        let product = inner.saturating_mul(times.max(u32::from(high.is_none())));
        if low > MAX_REPEAT || times > MAX_REPEAT || high.is_some_and(|high| high < low) {
            return Err(self.refused(What::Count, text));
        }
        if product > MAX_REPEAT {
            return Err(self.refused(What::Product, text));
        }
        self.take_bytes(text.len());
        self.lazy();
        self.last = Last::Repeated(product);
        self.repeats = self.repeats.max(product);
        Ok(())
    }

    /// `(`, `(?:`, `(?flags)`, `(?flags:`, `(?P<name>`, `(?<name>`.
    fn open(&mut self) -> Result<(), Refused> {
        if let Some(special) = self.rest.strip_prefix("(?") {
            if self.dialect == Dialect::Posix {
                return Err(self.refused(What::NothingToRepeat, "?"));
            }
            if let Some(named) = special.strip_prefix("P<").or_else(|| special.strip_prefix('<')) {
                let name = named.split('>').next().filter(|name| name.len() < named.len());
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let Some(name) = name.filter(|name| !name.is_empty() && name.chars().all(is_word)) else {
                    return Err(self.refused(What::Name, self.rest));
                };
                self.rest = named.get(name.len() + 1..).unwrap_or_default();
                // A name may begin with a digit, which the crate refuses.
                self.out.push_str("(?P<");
                if name.starts_with(|c: char| c.is_ascii_digit()) {
                    self.out.push('_');
                }
                self.out.push_str(name);
                self.out.push('>');
            } else if !self.flags(special)? {
                return Ok(());
            }
        } else {
            self.take('(');
        }
        if self.groups.len() == MAX_DEPTH {
            return Err(self.refused(What::TooDeep, ""));
        }
        self.groups.push(self.repeats);
        self.repeats = 1;
        self.last = Last::Nothing;
        Ok(())
    }

    /// What follows `(?`; whether it opens a group.
    fn flags(&mut self, special: &'t str) -> Result<bool, Refused> {
        let wrong = || self.refused(What::Perl, self.rest.chars().take(40).collect::<String>());
        let (mut on, mut off) = (String::new(), String::new());
        let mut is_negated = false;
        // Whether a flag has to follow.
        let mut is_open = false;
        for (at, c) in special.char_indices() {
            match c {
                // Of a flag that is named twice the last one holds.
                'i' | 'm' | 's' | 'U' => {
                    on.retain(|flag| flag != c);
                    off.retain(|flag| flag != c);
                    if is_negated {
                        off.push(c)
                    } else {
                        on.push(c)
                    };
                    is_open = false;
                }
                '-' if !is_negated => {
                    is_negated = true;
                    is_open = true;
                }
                ':' | ')' if !is_open => {
                    let minus = if off.is_empty() { "" } else { "-" };
                    // `(?)` is nothing, which the crate refuses.
                    if c == ':' || !(on.is_empty() && off.is_empty()) {
                        self.out.push_str(&format!("(?{on}{minus}{off}{c}"));
                    }
                    self.rest = special.get(at + 1..).unwrap_or_default();
                    return Ok(c == ':');
                }
                _ => return Err(wrong()),
            }
        }
        Err(self.refused(What::MissingParenthesis, self.whole))
    }

    /// One escape sequence, inside of a class or outside.
    fn escape(&mut self, in_class: bool) -> Result<(), Refused> {
        let after = self.rest.get(1..).unwrap_or_default();
        let Some(c) = after.chars().next() else {
            return Err(self.refused(What::TrailingBackslash, ""));
        };
        self.rest = after.get(c.len_utf8()..).unwrap_or_default();
        let is_go = self.dialect == Dialect::Go;
        match c {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' if is_go => {
                let set = match c.to_ascii_lowercase() {
                    'd' => "0-9",
                    'w' => "0-9A-Za-z_",
                    _ => "\\t\\n\\f\\r ",
                };
                let negation = if c.is_ascii_uppercase() { "^" } else { "" };
                self.out.push_str(&format!("[{negation}{set}]"));
            }
            'b' if is_go && !in_class => self.out.push_str("(?-u:\\b)"),
            // That of ASCII could split a character, which the crate refuses on text.
            'B' | 'A' | 'z' if is_go && !in_class => self.out.extend(['\\', c]),
            'p' | 'P' if is_go => self.property(c == 'P')?,
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => self.out.extend(['\\', c]),
            'x' => self.hexadecimal()?,
            '0'..='7' => {
                let more = self.rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                // A digit alone refers back to a group.
                if c != '0' && more == 0 {
                    return Err(self.refused(What::Escape, format!("\\{c}")));
                }
                let (digits, rest) = self.rest.split_at_checked(more).unwrap_or_default();
                let code = u32::from_str_radix(&format!("{c}{digits}"), 8).unwrap_or_default();
                self.out.push_str(&format!("\\x{{{code:x}}}"));
                self.rest = rest;
            }
            // `\<` and `\>` are word boundaries to the crate.
            '<' | '>' => self.out.push(c),
            c if c.is_ascii_punctuation() => self.out.extend(['\\', c]),
            // Whatever else of ASCII is no letter and no digit is itself.
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => self.out.push(c),
            c => return Err(self.refused(What::Escape, format!("\\{c}"))),
        }
        Ok(())
    }

    /// `\x7f` or `\x{10FFFF}`, from behind the letter on.
    fn hexadecimal(&mut self) -> Result<(), Refused> {
        let braced = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (digits, rest) = match braced {
            Some((digits, rest)) => (digits, rest),
            None => self.rest.split_at_checked(2).unwrap_or_default(),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|code| is_number && *code <= 0x0010_ffff);
        let Some(code) = code else {
            return Err(self.refused(What::Escape, "\\x"));
        };
        self.rest = rest;
        match char::from_u32(code) {
            Some(_) => self.out.push_str(&format!("\\x{{{code:x}}}")),
            // Half of a pair: no text has it. In a class it must not add anything, which a class within it does not.
            None => self.out.push_str("[^\\x00-\\x{10ffff}]"),
        }
        Ok(())
    }

    /// `\pN`, `\p{Greek}`, `\p{^Greek}`, from behind the letter on.
    fn property(&mut self, is_negated: bool) -> Result<(), Refused> {
        let whole = self.rest;
        let wrong = || self.refused(What::Range, format!("\\p{whole}"));
        let (name, rest) = match self.rest.strip_prefix('{') {
            Some(braced) => braced.split_once('}').ok_or_else(wrong)?,
            None => {
                let len = self.rest.chars().next().map_or(0, char::len_utf8);
                self.rest.split_at_checked(len).unwrap_or_default()
            }
        };
        let (is_negated, name) = match name.strip_prefix('^') {
            Some(name) => (!is_negated, name),
            None => (is_negated, name),
        };
        // The crate also takes `greek`, `sc=Greek` and so on.
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !is_name {
            return Err(wrong());
        }
        self.out.push_str(&format!("\\{}{{{name}}}", if is_negated { 'P' } else { 'p' }));
        self.rest = rest;
        Ok(())
    }

    /// `[…]`
    fn class(&mut self) -> Result<(), Refused> {
        let whole = self.rest;
        self.take('[');
        if self.rest.starts_with('^') {
            self.take('^');
        }
        let mut is_first = true;
        loop {
            match self.rest.chars().next() {
                None => return Err(self.refused(What::MissingBracket, whole)),
                Some(']') if !is_first => {
                    self.take(']');
                    return Ok(());
                }
                // Anywhere else than first or last it makes a range, if no extension of Perl's.
                Some('-') if !is_first && self.dialect == Dialect::Posix && !self.rest.starts_with("-]") => {
                    return Err(self.refused(What::Range, self.rest.chars().take(2).collect::<String>()));
                }
                Some(_) => {}
            }
            is_first = false;
            let before = self.rest;
            let is_single = self.class_item(whole)?;
            if is_single && self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1
            {
                self.take('-');
                // A name in brackets is none here.
                if !self.class_char(whole)? {
                    let range = before.get(..before.len() - self.rest.len()).unwrap_or(before);
                    return Err(self.refused(What::Range, range));
                }
            }
        }
    }

    /// One character or set inside of a class; whether it is a single character.
    fn class_item(&mut self, whole: &str) -> Result<bool, Refused> {
        if let Some(end) = self.rest.strip_prefix("[:").and_then(|rest| rest.find(":]")) {
            let name = self.rest.get(2..end + 2).unwrap_or_default();
            if !NAMED.contains(&name.strip_prefix('^').unwrap_or(name)) {
                return Err(self.refused(What::Range, format!("[:{name}:]")));
            }
            self.take_bytes(end + 4);
            return Ok(false);
        }
        self.class_char(whole)
    }

    /// One character inside of a class, or an escape; whether it is a single character.
    fn class_char(&mut self, whole: &str) -> Result<bool, Refused> {
        let Some(c) = self.rest.chars().next() else {
            return Err(self.refused(What::MissingBracket, whole));
        };
        match c {
            '\\' => {
                let is_set = self.rest.get(1..2).is_some_and(|name| "dDwWsSpP".contains(name));
                self.escape(true)?;
                return Ok(!is_set);
            }
            // Brackets and operators to the crate.
            '[' | ']' | '&' | '~' | '^' | '-' => {
                self.out.push('\\');
                self.take(c);
            }
            _ => self.take(c),
        }
        Ok(true)
    }
}

/// Names of `[:alpha:]` and its like.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// The text and the counts of `{n}`, `{n,}` or `{n,m}` at the start; `None` if the brace is a character.
fn counts(text: &str) -> Option<(&str, u32, Option<u32>)> {
    let end = text.find('}')?;
    let inner = text.get(1..end)?;
    let (low, high) = match inner.split_once(',') {
        Some((low, high)) => (low, high),
        None => (inner, inner),
    };
    let count = |text: &str| {
        let is_count =
            text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
        // More than fit are too many anyway.
        is_count.then(|| text.parse().unwrap_or(u32::MAX))
    };
    let low = count(low).filter(|_| !low.is_empty())?;
    let high = if high.is_empty() { None } else { Some(count(high)?) };
    Some((text.get(..=end)?, low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(pattern: &str) -> Result<regex::Regex, String> {
        let translated = translate(pattern, Dialect::Go).map_err(|refused| refused.to_string())?;
        regex::Regex::new(&translated).map_err(|error| format!("{translated}: {error}"))
    }

    fn posix(pattern: &str) -> Result<regex::bytes::Regex, String> {
        let translated = translate(pattern, Dialect::Posix).map_err(|refused| refused.to_string())?;
        regex::bytes::RegexBuilder::new(&format!("\\A(?:{translated})\\z"))
            .multi_line(true)
            .build()
            .map_err(|error| format!("{translated}: {error}"))
    }

    #[test]
    fn what_go_matches_is_matched() {
        for (pattern, fits, others) in [
            (r"^\w+$", &["aZ_9"][..], &["é", "a b"][..]),
            (r"^\d$", &["3"], &["٣"]),
            (r"^\W$", &["é", " "], &["a"]),
            (r"^[^\s]+$", &["é\u{b}"], &["\u{c}", "\t"]),
            (r"^[\D]$", &["a"], &["1"]),
            (r"^[\w.-]+$", &["a.b-c_1"], &["/"]),
            (r"\bfoo\b", &["a foo b", "éfooé"], &["food"]),
            (r"^[[a]$", &["[", "a"], &["]"]),
            (r"^[]a]$", &["]"], &["["]),
            (r"^[a&&b~~c]+$", &["&~abc"], &["d"]),
            (r"^[+--]+$", &["+,-"], &["."]),
            (r"^[a-b-c]+$", &["ab-c"], &["d"]),
            (r"^[Z-[:x:]$", &["[", ":", "x"], &["]"]),
            (r"^[\w-z]+$", &["a-"], &["+"]),
            (r"^[[:alpha:][:^alnum:]]+$", &["ab-"], &["1"]),
            (r"^a{,2}$", &["a{,2}"], &["aa"]),
            (r"^{x}a{01}b{-1}$", &["{x}a{01}b{-1}"], &["x"]),
            (r"^a{2}?b{2,}c{1,2}$", &["aabbbcc"], &["abbc"]),
            (r"^\Qa.b<>\E*$", &["a.b<", "a.b<>>>"], &["axb<>"]),
            (r"^\<\>\_\ \-\/$", &["<>_ -/"], &["x"]),
            (r"^\x{41}\x42\101\0$", &["ABA\0"], &["AB"]),
            (r"^\pL\p{Greek}\P{^Lu}$", &["aαA"], &["aaA", "aαa"]),
            (r"(?ii-s)^A.$", &["ab"], &["a\n"]),
            (r"(?i-i)a", &["a"], &["A"]),
            (r"^(?)a(?P<1x>b)(?<c>c)$", &["abc"], &["ab"]),
            (r"a(?i)b", &["aB"], &["AB"]),
            (r"(?U)^a+$", &["aaa"], &["b"]),
            (r"^*a", &["a"], &["b"]),
            (r"^.$", &["é"], &["\n"]),
        ] {
            let regex = go(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            for (text, expected) in
                fits.iter().map(|text| (text, true)).chain(others.iter().map(|text| (text, false)))
            {
                assert_eq!(regex.is_match(text), expected, "{pattern} on {text:?}");
            }
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for (pattern, error) in [
            ("a**", "invalid nested repetition operator: `*`"),
            ("a{2}{3}", "invalid nested repetition operator: `{3}`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("(|*)", "missing argument to repetition operator: `*`"),
            (r"\Q\E*", "missing argument to repetition operator: `*`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("a{2,1}", "invalid repeat count: `{2,1}`"),
            ("a{99999999999}", "invalid repeat count: `{99999999999}`"),
            ("((a{7}b){11}|c){13}", "invalid repeat count: `{13}`"),
            ("(", "missing closing ): `(`"),
            ("a)", "unexpected ): `)`"),
            ("[a", "missing closing ]: `[a`"),
            ("[]", "missing closing ]: `[]`"),
            (r"\", "trailing backslash at end of expression: ``"),
            (r"\1", r"invalid escape sequence: `\1`"),
            (r"\8", r"invalid escape sequence: `\8`"),
            (r"\y", r"invalid escape sequence: `\y`"),
            (r"\Z", r"invalid escape sequence: `\Z`"),
            (r"\C", r"invalid escape sequence: `\C`"),
            (r"\é", r"invalid escape sequence: `\é`"),
            (r"\x4", r"invalid escape sequence: `\x`"),
            (r"[\b]", r"invalid escape sequence: `\b`"),
            (r"[a-\d]", r"invalid character class range: `a-\d`"),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
            (r"\p{greek}", r"invalid character class range: `\p{greek}`"),
            ("(?x)a", "invalid or unsupported Perl syntax: `(?x)a`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=a)`"),
            ("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)a`"),
            ("(?i", "missing closing ): `(?i`"),
            ("(?P<a b>c)", "invalid named capture: `(?P<a b>c)`"),
            ("(?P<>c)", "invalid named capture: `(?P<>c)`"),
        ] {
            assert_eq!(go(pattern).map(|regex| regex.to_string()), Err(error.to_owned()), "{pattern}");
        }
        // What the crate refuses itself.
        for pattern in ["[b-a]", r"\p{Foo}", "(?P<n>a)(?P<n>b)"] {
            assert!(go(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn counts_within_counts_multiply_only_along_one_path() {
        for pattern in
            ["(a{500}|b{900})c{1000}", "(a{0}){1000}", "((a{10}){10}){10}", "((a{1000})*)+", "(a{3,}){333}"]
        {
            assert!(translate(pattern, Dialect::Go).is_ok(), "{pattern}");
        }
        for pattern in ["(a{500}|b{900}){2}", "((a{10}){10}){11}", "((a{1000})*){2}", "(a{3,}){334}"] {
            assert!(translate(pattern, Dialect::Go).is_err(), "{pattern}");
        }
    }

    #[test]
    fn groups_nest_so_deep_and_no_deeper() {
        let nested = |depth: usize| "(".repeat(depth) + &")".repeat(depth);
        assert!(translate(&nested(1000), Dialect::Go).is_ok());
        assert!(translate(&nested(1001), Dialect::Go).is_err());
    }

    #[test]
    fn posix_has_no_extensions_but_repetitions_of_repetitions() {
        for (pattern, fits, others) in [
            ("a**", &["", "aa"][..], &["b"][..]),
            ("a+?", &["", "a"], &["b"]),
            ("a{2}??", &["", "aa"], &["a"]),
            ("a?*", &["aa"], &["b"]),
            ("a{x}", &["a{x}"], &["a"]),
            (r#"{"k": ?"v"}"#, &[r#"{"k":"v"}"#], &["k"]),
            ("a\nb", &["a\nb"], &["ab"]),
            ("a$\n^b", &["a\nb"], &["a b"]),
            ("[-a]+[a-]", &["-a-"], &["b"]),
            (r"\_\-\x41", &["_-A"], &["_"]),
        ] {
            let regex = posix(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            for (text, expected) in
                fits.iter().map(|text| (text, true)).chain(others.iter().map(|text| (text, false)))
            {
                assert_eq!(regex.is_match(text.as_bytes()), expected, "{pattern} on {text:?}");
            }
        }
        for (pattern, error) in [
            (r"\d", r"invalid escape sequence: \d"),
            (r"\bfoo", r"invalid escape sequence: \b"),
            (r"\pL", r"invalid escape sequence: \p"),
            (r"\Qa\E", r"invalid escape sequence: \Q"),
            ("(?i)a", "no argument for repetition operator: ?"),
            ("[a-b-c]", "invalid character class range: -c"),
            ("a{1001}", "invalid repetition size: {1001}"),
            ("(a", "missing ): (a"),
        ] {
            assert_eq!(posix(pattern).map(|regex| regex.to_string()), Err(error.to_owned()), "{pattern}");
        }
    }
}
