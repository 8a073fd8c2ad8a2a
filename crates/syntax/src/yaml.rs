//! YAML as Kubernetes reads it: `---` splits first, then each chunk is one go-yaml document.
//!
//! ```text
//! text ─► chunks ─► Scanner (tokens) ─► Events (grammar) ─► Decoder (values) ─► Builder (tree)
//! ```

mod decode;
mod events;
mod scan;
mod scan_scalars;
mod scan_tags;
mod timestamp;
mod tokens;

use haechi_model::Span;

use self::decode::Decoder;
use self::events::Events;
use self::scan::Scanner;
use crate::builder::Builder;
use crate::error::{Mistake, Outcome};
use crate::input::Input;
use crate::texts::offset;
use crate::{Document, Limits, Parsed};

/// Reads all chunks of a text.
pub(crate) fn parse(input: &Input, limits: &Limits) -> Parsed {
    let mut parsed = Parsed { source: input.source.clone(), documents: Vec::new(), errors: Vec::new() };
    parse_from(input, limits, 0, 0, &mut parsed);
    parsed
}

/// Reads the chunks from an offset on; the first document has that index.
pub(crate) fn parse_from(
    input: &Input,
    limits: &Limits,
    start: usize,
    first_index: usize,
    parsed: &mut Parsed,
) {
    for (index, chunk) in chunks(input.source.text(), start).into_iter().enumerate() {
        let index = first_index + index;
        match read_chunk(input, chunk, index, limits) {
            Ok(document) => parsed.documents.push(document),
            Err(mistake) => parsed.errors.push(mistake.of_document(index)),
        }
    }
}

/// A part of the file that Kubernetes hands to its YAML parser as one text.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    span: Span,
    /// A line that begins with `---` but goes on with something else than a comment: the reader gives up there.
    bad_separator: Option<Span>,
}

/// Splits as `util/yaml.YAMLReader` does: a line that begins with `---` ends a chunk, unless nothing stands
/// before it; then it begins the chunk.
fn chunks(text: &str, start: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut begin = start;
    let mut bad_separator = None;
    let rest = text.get(start..).unwrap_or_default();
    let first = rest.starts_with("---").then_some(start);
    let others = rest.match_indices("\n---").map(|(at, _)| start + at + 1);
    for at in first.into_iter().chain(others) {
        let line = text.get(at..).unwrap_or_default();
        let line = line.find('\n').and_then(|end| line.get(..=end)).unwrap_or(line);
        let after = line.get(3..).unwrap_or_default().trim();
        if !after.is_empty() && !after.starts_with('#') {
            let span = Span::new(offset(at), offset(at + line.trim_end().len()));
            bad_separator = bad_separator.or(Some(span));
        } else if at > begin {
            chunks.push(Chunk { span: Span::new(offset(begin), offset(at)), bad_separator });
            bad_separator = None;
            begin = at + line.len();
        }
    }
    if begin < text.len() {
        chunks.push(Chunk { span: Span::new(offset(begin), offset(text.len())), bad_separator });
    }
    chunks
}

fn read_chunk(input: &Input, chunk: Chunk, index: usize, limits: &Limits) -> Outcome<Document> {
    let Chunk { span, bad_separator } = chunk;
    if let Some(separator) = bad_separator {
        let rest = input.source.slice(separator).trim_start_matches('-').trim();
        let message = format!("only a comment can follow `---` on its line, not `{}`", clip(rest));
        return Err(Mistake::yaml(separator, message));
    }
    let text = input.source.text().get(..span.end as usize).unwrap_or_default();
    let scanner = Scanner::new(text, span.start as usize, limits.depth);
    let builder = Builder::new(input.source.clone(), span, index, limits);
    let mut decoder = Decoder::new(Events::new(scanner), builder, limits);
    let outcome = decoder.run();
    let scanner = decoder.events.scanner;
    if let Some(forbidden) = input.forbidden_in(span)
        && (outcome.is_err() || forbidden.span().start < looked_at(text, span.start as usize, scanner.at))
    {
        return Err(forbidden);
    }
    outcome?;
    decoder.builder.finish(scanner.texts, &scanner.comments)
}

/// How far the reference has looked for characters that YAML forbids when it has scanned up to `at`: it reads
/// blocks of 512 bytes, so that what follows a `...` may or may not be looked at.
fn looked_at(text: &str, start: usize, at: usize) -> u32 {
    const BLOCK: usize = 512;
    let mut end = start;
    while end < text.len() && end <= at {
        end = (end + BLOCK).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
    }
    offset(end)
}

/// The beginning of a text, for a message.
fn clip(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((at, _)) => text.get(..at).unwrap_or_default().chars().chain("…".chars()).collect(),
    }
}
