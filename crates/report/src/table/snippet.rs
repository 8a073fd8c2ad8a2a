//! The source line of a finding, underlined.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use haechi_model::{Finding, Severity};

use super::page::Tone;
use crate::Terminal;
use crate::visible::{is_hidden, push_escaped};

/// Characters of a long line that are looked at before and after the start of the span. Enough for any terminal;
/// a manifest in one line of JSON would cost its whole length for every finding otherwise.
const CONTEXT_CHARS: usize = 200;

/// Draws source lines.
#[derive(Debug)]
pub(super) struct Snippets {
    renderer: Renderer,
}

impl Snippets {
    pub(super) fn new(terminal: Terminal) -> Self {
        let renderer = if terminal.colour {
            Renderer::styled()
                .line_num(Tone::Quiet.style())
                .context(Tone::Quiet.style())
                .error(Tone::Severity(Severity::High).style())
                .warning(Tone::Severity(Severity::Medium).style())
                .info(Tone::Severity(Severity::Low).style())
        } else {
            Renderer::plain()
        };
        // Four cells of indentation are the caller's.
        let width = terminal.width.unwrap_or(100).clamp(40, 200) - 4;
        Self { renderer: renderer.term_width(width) }
    }

    /// The line where the finding starts and the marks under it, after a line with an empty gutter. `None` where
    /// the source has no such place (it was changed after the scan).
    pub(super) fn render(&self, source: &[u8], finding: &Finding) -> Option<String> {
        let line = Line::around(source, finding.location.span.range())?;
        let level = match finding.severity {
            Severity::Critical | Severity::High => Level::ERROR,
            Severity::Medium => Level::WARNING,
            Severity::Low | Severity::Info => Level::INFO,
        };
        let number = usize::try_from(finding.location.start.line).unwrap_or(usize::MAX);
        let snippet = Snippet::source(line.text.as_str())
            .line_start(number)
            .annotation(AnnotationKind::Primary.span(line.mark));
        Some(self.renderer.render(&[Group::with_level(level).element(snippet)]))
    }
}

/// What is shown of a line.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    text: String,
    mark: std::ops::Range<usize>,
}

impl Line {
    /// The part of the line around the start of `span`, marked as far as the span goes in it.
    fn around(source: &[u8], span: std::ops::Range<usize>) -> Option<Self> {
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

    fn line(source: &str, span: std::ops::Range<usize>) -> (String, String) {
        let line = Line::around(source.as_bytes(), span).unwrap();
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
        assert_eq!(Line::around(b"abc", 4..5), None);
        assert_eq!(line("abc", 2..900), ("abc".into(), "c".into()));
        #[expect(clippy::reversed_empty_ranges, reason = "what a broken span looks like")]
        let reversed = 2..1;
        assert_eq!(line("abc", reversed), ("abc".into(), String::new()));
    }
}
