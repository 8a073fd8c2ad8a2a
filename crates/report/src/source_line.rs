//! The line of a file that a finding is about.

use haechi_model::Span;

use crate::visible::{is_hidden, push_escaped};

/// Characters of a long line that are looked at before and after the start of the span. Enough for any terminal;
/// a manifest in one line of JSON would cost its whole length for every finding otherwise.
const CONTEXT_CHARS: usize = 200;

/// What is shown of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SourceLine {
    /// The text, hidden characters as escapes; tabs as they are.
    pub(crate) text: String,
    /// The bytes of `text` that are concerned.
    pub(crate) mark: std::ops::Range<usize>,
}

impl SourceLine {
    /// The part of the line around the start of `span`, marked as far as the span goes in it.
    pub(crate) fn around(source: &[u8], span: Span) -> Option<Self> {
        let span = span.range();
        let before = source.get(..span.start)?;
        let after = source.get(span.start..)?;
        // A character has at most four bytes.
        let before = before.get(before.len().saturating_sub(4 * CONTEXT_CHARS)..)?;
        let after = after.get(..after.len().min(4 * CONTEXT_CHARS))?;
        let is_break = |&byte: &u8| byte == b'\n' || byte == b'\r';
        let line_start = before.iter().rposition(is_break).map_or(0, |at| at + 1);
        let line_end = after.iter().position(is_break).unwrap_or(after.len());
        let before = String::from_utf8_lossy(before.get(line_start..)?);
        let after = after.get(..line_end)?;
        let marked = span.end.saturating_sub(span.start).min(after.len());
        let (inside, after) = after.split_at_checked(marked)?;
        // A cut through a character or a byte order mark would show as a sign that is not in the file.
        let before = before.trim_start_matches(['\u{fffd}', '\u{feff}']);
        let inside = String::from_utf8_lossy(inside);
        let after = String::from_utf8_lossy(after);
        let mut line = Self { text: String::new(), mark: 0..0 };
        line.push(before);
        line.mark.start = line.text.len();
        line.push(inside.trim_end());
        line.mark.end = line.text.len();
        line.push(inside.get(inside.trim_end().len()..)?);
        line.push(after.trim_end_matches('\u{fffd}'));
        Some(line)
    }

    fn push(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\t' => self.text.push('\t'),
                c if is_hidden(c) => push_escaped(c, &mut self.text),
                c => self.text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(source: &str, span: std::ops::Range<u32>) -> (String, String) {
        let span = Span::new(span.start, span.end);
        let line = SourceLine::around(source.as_bytes(), span).unwrap();
        let marked = line.text[line.mark.clone()].to_owned();
        (line.text, marked)
    }

    #[test]
    fn only_the_line_of_the_start_is_taken() {
        assert_eq!(line("a: 1\nb: 22\r\nc: 3\n", 8..10), ("b: 22".into(), "22".into()));
        assert_eq!(line("a:\n  b: 1\n  c: 2\n", 5..16), ("  b: 1".into(), "b: 1".into()));
        assert_eq!(line("a", 1..1), ("a".into(), String::new()));
        assert_eq!(line("", 0..0), (String::new(), String::new()));
    }

    #[test]
    fn hidden_characters_are_shown_and_the_mark_follows() {
        assert_eq!(line("x\u{1b}: \u{202e}yz", 4..9), ("x\\u{1b}: \\u{202e}yz".into(), "\\u{202e}yz".into()));
    }

    #[test]
    fn long_lines_are_cut_around_the_span() {
        let source = format!("{}값{}", "가".repeat(100_000), "나".repeat(100_000));
        let (text, marked) = line(&source, 300_000..300_003);
        assert_eq!(marked, "값");
        assert!(text.chars().count() <= 1 + 8 * CONTEXT_CHARS / 3);
        assert!(!text.contains('\u{fffd}'));
    }

    #[test]
    fn a_place_that_is_not_there_is_none() {
        assert_eq!(SourceLine::around(b"abc", Span::new(4, 5)), None);
        assert_eq!(line("abc", 2..900), ("abc".into(), "c".into()));
        #[expect(clippy::reversed_empty_ranges, reason = "what a broken span looks like")]
        let reversed = 2..1;
        assert_eq!(line("abc", reversed), ("abc".into(), String::new()));
    }
}
