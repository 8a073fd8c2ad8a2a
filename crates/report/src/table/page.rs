use std::io;

use anstyle::{AnsiColor, Color, Style};
use haechi_model::Severity;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::Terminal;
use crate::visible::visible;

/// Lines of prose longer than this are hard to read, however wide the terminal is.
const PROSE_WIDTH: usize = 100;

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Strong,
    Quiet,
    Severity(Severity),
}

impl Tone {
    pub(crate) const fn of(severity: Severity) -> Self {
        Tone::Severity(severity)
    }

    pub(super) fn style(self) -> Style {
        let colour = |colour| Style::new().fg_color(Some(Color::Ansi(colour)));
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Severity(Severity::Critical) => colour(AnsiColor::Magenta).bold(),
            Tone::Severity(Severity::High) => colour(AnsiColor::Red).bold(),
            Tone::Severity(Severity::Medium) => colour(AnsiColor::Yellow).bold(),
            // Not blue, which is hard to read on black.
            Tone::Severity(Severity::Low) => colour(AnsiColor::Cyan).bold(),
            Tone::Severity(Severity::Info) => Style::new().bold(),
        }
    }
}

/// A paragraph behind a label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labelled<'t> {
    pub(crate) indent: usize,
    pub(crate) label: &'t str,
    pub(crate) text: &'t str,
}

/// Text on its way to the terminal.
///
/// Invariant: what `push` takes is ours or has gone through [`visible`]; the other methods see to it themselves.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    colour: bool,
    width: usize,
}

impl Page {
    pub(crate) fn new(terminal: Terminal) -> Self {
        let width = terminal.width.unwrap_or(PROSE_WIDTH).clamp(40, PROSE_WIDTH);
        Self { text: String::new(), colour: terminal.colour, width }
    }

    /// Hands over what is there and starts again.
    pub(crate) fn flush(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    /// Adds text as it is.
    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Ends the line.
    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Adds text in a tone.
    pub(crate) fn styled_part(&mut self, tone: Tone, text: &str) {
        if self.colour && tone != Tone::Plain {
            let style = tone.style();
            self.text.extend([&style.render().to_string(), text, &style.render_reset().to_string()]);
        } else {
            self.text.push_str(text);
        }
    }

    /// Adds a line in a tone.
    pub(crate) fn styled(&mut self, tone: Tone, text: &str) {
        self.styled_part(tone, text);
        self.blank();
    }

    /// Adds text padded with spaces to a number of cells.
    pub(crate) fn cell(&mut self, tone: Tone, text: &str, cells: usize) {
        self.styled_part(tone, text);
        self.spaces(cells.saturating_sub(text.width()));
    }

    /// Adds a number, right-aligned.
    pub(crate) fn number(&mut self, number: &str, cells: usize) {
        self.spaces(cells.saturating_sub(number.width()));
        self.text.push_str(number);
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    /// Adds a paragraph, broken at spaces.
    pub(crate) fn prose(&mut self, indent: usize, text: &str) {
        self.spaces(indent);
        self.wrapped(indent, text);
    }

    /// Adds a paragraph behind a label, the lines aligned.
    pub(crate) fn labelled(&mut self, paragraph: &Labelled<'_>) {
        self.spaces(paragraph.indent);
        self.styled_part(Tone::Strong, paragraph.label);
        self.text.push_str("  ");
        self.wrapped(paragraph.indent + paragraph.label.width() + 2, paragraph.text);
    }

    fn wrapped(&mut self, indent: usize, text: &str) {
        let room = self.width.saturating_sub(indent).max(20);
        for (at, paragraph) in text.split("\n\n").enumerate() {
            if at > 0 {
                self.blank();
                self.spaces(indent);
            }
            let mut used = 0;
            for word in paragraph.split_ascii_whitespace() {
                let word = visible(word);
                let cells = cells(&word);
                if used > 0 && used + 1 + cells > room {
                    self.blank();
                    self.spaces(indent);
                    used = 0;
                } else if used > 0 {
                    self.text.push(' ');
                    used += 1;
                }
                self.text.push_str(&word);
                used += cells;
            }
            self.blank();
        }
    }
}

/// Width in cells; ASCII, which is most of it, needs no tables.
fn cells(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(|c| c.width().unwrap_or(0)).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(Terminal { colour: false, width: Some(40) });
        write(&mut page);
        page.text
    }

    #[test]
    fn korean_prose_is_broken_by_cells() {
        let text = written(|page| {
            page.labelled(&Labelled {
                indent: 2,
                label: "이유",
                text: "컨테이너를 장악한 공격자가 노드의 장치와 커널에 접근할 수 있습니다.",
            });
        });
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        assert_eq!(
            text,
            "  이유  컨테이너를 장악한 공격자가\n        노드의 장치와 커널에 접근할 수\n        있습니다.\n"
        );
    }

    #[test]
    fn control_characters_in_prose_are_shown() {
        assert_eq!(written(|page| page.prose(0, "a\u{1b}[2Jb")), "a\\u{1b}[2Jb\n");
    }
}
