use std::sync::OnceLock;

use haechi_model::{Position, Span};

/// The text of one file, with its lines found when first asked for.
#[derive(Debug)]
pub struct Source {
    text: String,
    line_starts: OnceLock<Vec<u32>>,
}

impl Source {
    /// Takes over a text. Texts of 4 GiB and more have no spans; the limit of [`crate::Limits`] is far below.
    pub fn new(text: String) -> Self {
        Self { text, line_starts: OnceLock::new() }
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text that `span` covers; empty where the span does not fit the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let mut starts = vec![0];
            starts.extend(
                self.text
                    .bytes()
                    .enumerate()
                    .filter(|(_, byte)| *byte == b'\n')
                    .map(|(offset, _)| u32::try_from(offset + 1).unwrap_or(u32::MAX)),
            );
            starts
        })
    }

    /// Line and column of the character at a byte offset. Offsets past the end give the end.
    pub fn position(&self, offset: u32) -> Position {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        let before = self.floor(offset);
        let column = self.text.get(start as usize..before).map_or(0, |text| text.chars().count());
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }

    /// The text of a one-based line, without its line break.
    pub fn line(&self, line: u32) -> &str {
        let starts = self.line_starts();
        let index = (line as usize).saturating_sub(1);
        let Some(start) = starts.get(index) else { return "" };
        let end = starts.get(index + 1).map_or(self.text.len(), |next| *next as usize - 1);
        self.text.get(*start as usize..end).unwrap_or_default().trim_end_matches('\r')
    }

    fn floor(&self, offset: u32) -> usize {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("이름: 값\nb: c".into());
        assert_eq!(source.position(8), Position { line: 1, column: 5 });
        assert_eq!(source.position(12), Position { line: 2, column: 1 });
        assert_eq!(source.line(2), "b: c");
        assert_eq!(source.position(9_999), Position { line: 2, column: 5 });
    }
}
