//! `fnmatch` without flags: `*` and `?` cross `/`, a leading dot is nothing special, bytes are characters.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
    ignore_case: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Byte(u8),
    Any,
    Star,
    /// One bit per byte that fits.
    Class(Box<[u64; 4]>),
    /// A backslash at the end: nothing fits.
    Never,
}

/// Whether a text is like a pattern.
pub(crate) fn matches_glob(pattern: &[u8], text: &[u8]) -> bool {
    Glob::new(pattern, false).is_match(text)
}

impl Glob {
    /// Compiles a pattern; every text is one.
    pub(crate) fn new(pattern: &[u8], ignore_case: bool) -> Self {
        let mut tokens = Vec::new();
        let mut rest = pattern;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            tokens.push(match byte {
                b'*' => {
                    if tokens.last() == Some(&Token::Star) {
                        continue;
                    }
                    Token::Star
                }
                b'?' => Token::Any,
                b'\\' => match rest.split_first() {
                    Some((&escaped, tail)) => {
                        rest = tail;
                        Token::Byte(fold(escaped, ignore_case))
                    }
                    None => Token::Never,
                },
                b'[' => match class(rest, ignore_case) {
                    Some((class, tail)) => {
                        rest = tail;
                        Token::Class(class)
                    }
                    None => Token::Byte(b'['),
                },
                byte => Token::Byte(fold(byte, ignore_case)),
            });
        }
        Self { tokens, ignore_case }
    }

    /// Whether the whole text fits.
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        let (mut token, mut at) = (0, 0);
        // Where the last star stands, and how far it reaches.
        let mut star: Option<(usize, usize)> = None;
        loop {
            let fits = match (self.tokens.get(token), text.get(at)) {
                (None, None) => return true,
                (Some(Token::Star), _) => {
                    star = Some((token, at));
                    token += 1;
                    continue;
                }
                (Some(token), Some(&byte)) => self.fits(token, byte),
                (None, Some(_)) => false,
                (Some(_), None) => return false,
            };
            if fits {
                token += 1;
                at += 1;
                continue;
            }
            match star {
                Some((at_star, reach)) if reach < text.len() => {
                    star = Some((at_star, reach + 1));
                    token = at_star + 1;
                    at = reach + 1;
                }
                _ => return false,
            }
        }
    }

    fn fits(&self, token: &Token, byte: u8) -> bool {
        let byte = fold(byte, self.ignore_case);
        match token {
            Token::Byte(expected) => *expected == byte,
            Token::Any => true,
            Token::Class(class) => has(class, byte),
            Token::Star | Token::Never => false,
        }
    }
}

fn fold(byte: u8, ignore_case: bool) -> u8 {
    if ignore_case { byte.to_ascii_lowercase() } else { byte }
}

fn has(class: &[u64; 4], byte: u8) -> bool {
    class.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
}

fn add(class: &mut [u64; 4], byte: u8) {
    if let Some(word) = class.get_mut(usize::from(byte >> 6)) {
        *word |= 1 << (byte & 63);
    }
}

type Class = Box<[u64; 4]>;

/// Reads what follows `[`; nothing where no `]` ends it, so that the bracket is a plain one.
fn class(pattern: &[u8], ignore_case: bool) -> Option<(Class, &[u8])> {
    let mut class = [0u64; 4];
    let (negated, mut rest) = match pattern {
        [b'!' | b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut is_first = true;
    loop {
        let (&byte, tail) = rest.split_first()?;
        if byte == b']' && !is_first {
            rest = tail;
            break;
        }
        is_first = false;
        if byte == b'['
            && let Some((kind @ (b':' | b'.' | b'='), named)) = tail.split_first()
            && let Some(end) = named.windows(2).position(|pair| pair == [*kind, b']'])
        {
            let name = named.get(..end)?;
            rest = named.get(end + 2..)?;
            match (kind, name) {
                (b':', name) => {
                    for byte in 0..=255u8 {
                        if in_named_class(name, byte) {
                            add(&mut class, fold(byte, ignore_case));
                        }
                    }
                }
                (_, [single]) => add(&mut class, fold(*single, ignore_case)),
                _ => return None,
            }
            continue;
        }
        let (first, tail) = literal(rest)?;
        rest = tail;
        let last = match rest {
            [b'-', after @ ..] if after.first().is_some_and(|byte| *byte != b']') => {
                let (last, tail) = literal(after)?;
                rest = tail;
                last
            }
            _ => first,
        };
        for byte in first..=last {
            add(&mut class, fold(byte, ignore_case));
        }
    }
    if negated {
        class = class.map(|word| !word);
    }
    Some((Box::new(class), rest))
}

fn literal(rest: &[u8]) -> Option<(u8, &[u8])> {
    match rest {
        [b'\\', escaped, tail @ ..] => Some((*escaped, tail)),
        [byte, tail @ ..] => Some((*byte, tail)),
        [] => None,
    }
}

fn in_named_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => matches!(byte, b' ' | b'\t'..=b'\r'),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        b"cntrl" => byte.is_ascii_control(),
        b"graph" => byte.is_ascii_graphic(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_as_fnmatch_does() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("/etc/*", "/etc/a/b", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]a]", "]", true),
            ("[a", "[a", true),
            ("[[:digit:]]*", "7up", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", false),
            ("*.so*", "lib.so.6", true),
            ("*a*b*c", "xaxbxbxc", true),
            ("*a*b*c", "xaxbxbx", false),
            ("", "", true),
            ("", "a", false),
            ("[a-]", "-", true),
        ] {
            assert_eq!(
                Glob::new(pattern.as_bytes(), false).is_match(text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(Glob::new(b"/ETC/[A-Z]*", true).is_match(b"/etc/passwd"));
    }

    #[test]
    fn many_stars_stay_quick() {
        let pattern = "*a".repeat(40) + "b";
        assert!(!Glob::new(pattern.as_bytes(), false).is_match("a".repeat(4000).as_bytes()));
    }
}
