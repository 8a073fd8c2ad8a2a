//! The source line of a finding, underlined.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use haechi_model::{Finding, Severity};

use super::page::Tone;
use crate::Terminal;
use crate::source_line::SourceLine;

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
        let line = SourceLine::around(source, finding.location.span)?;
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
