//! YAML as Kubernetes reads it: `---` splits first, then each chunk is one go-yaml document.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag};
use haechi_model::Span;

use crate::builder::{BuildError, Builder};
use crate::document::Repr;
use crate::input::Input;
use crate::{Document, Limits, Parsed, Scalar, Style, SyntaxError, SyntaxErrorKind};

/// Reads all chunks of a text.
pub(crate) fn parse(input: &Input, limits: &Limits) -> Parsed {
    let mut documents = Vec::new();
    let mut errors = Vec::new();
    for (index, chunk) in chunks(input.source.text(), input.start).into_iter().enumerate() {
        let mut fail = |(kind, span, message): BuildError| {
            errors.push(SyntaxError { kind, span, document: index, message });
        };
        if let Some(separator) = chunk.bad_separator {
            let rest = input.source.slice(separator).trim_start_matches('-').trim();
            fail((
                SyntaxErrorKind::Yaml,
                separator,
                format!("invalid document separator: `{rest}` after `---`"),
            ));
            continue;
        }
        if let Some(bad) = input.invalid_in(chunk.span) {
            fail((SyntaxErrorKind::InvalidUtf8, bad, "bytes that are not UTF-8".to_owned()));
            continue;
        }
        match document(input, chunk.span, index, limits) {
            Ok(document) => documents.push(document),
            Err(error) => fail(error),
        }
    }
    Parsed { source: input.source.clone(), documents, errors }
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
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut chunks = Vec::new();
    let mut begin = start;
    let mut bad_separator = None;
    let mut at = start;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let len = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let line = rest.get(..len).unwrap_or_default();
        if let Some(after) = line.strip_prefix("---") {
            let after = after.trim();
            if !after.is_empty() && !after.starts_with('#') {
                let span = Span::new(offset(at), offset(at + line.trim_end().len()));
                bad_separator = bad_separator.or(Some(span));
            } else if at > begin {
                chunks.push(Chunk { span: Span::new(offset(begin), offset(at)), bad_separator });
                bad_separator = None;
                begin = at + len;
            }
        }
        at += len;
    }
    if begin < text.len() {
        chunks.push(Chunk { span: Span::new(offset(begin), offset(text.len())), bad_separator });
    }
    chunks
}

fn document(input: &Input, chunk: Span, index: usize, limits: &Limits) -> Result<Document, BuildError> {
    let text = input.source.slice(chunk);
    let mut options = Options::default();
    options.emit_comments = text.contains('#');
    options.emit_unresolved_aliases = true;
    options.block_nesting_limit = limits.depth + 1;
    options.flow_nesting_limit = limits.depth + 1;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader {
        builder: Builder::new(input.source.clone(), chunk, index, limits),
        anchors: HashMap::new(),
        open: Vec::new(),
        base: chunk.start,
    };
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = chunk.start + u32::try_from(error.marker().byte_offset().unwrap_or(0)).unwrap_or(0);
            (SyntaxErrorKind::Yaml, Span::at(at.min(chunk.end)), error.info().to_owned())
        })?;
        let span = match span.byte_range() {
            Some(range) => Span::new(reader.offset(range.start), reader.offset(range.end)),
            None => Span::at(chunk.start),
        };
        // What follows the first document of a chunk (after `...`) is never read by Kubernetes.
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        reader.event(event, span)?;
    }
    Ok(reader.builder.finish())
}

struct Reader {
    builder: Builder,
    /// Node of each finished anchor.
    anchors: HashMap<usize, u32>,
    /// Anchor of each open sequence or mapping, 0 for none.
    open: Vec<usize>,
    base: u32,
}

impl Reader {
    fn offset(&self, at: usize) -> u32 {
        self.base.saturating_add(u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), BuildError> {
        match event {
            Event::Comment(..) => self.builder.comment(span),
            Event::DocumentStart(_, Some(version)) if (version.major, version.minor) != (1, 1) => {
                return Err((SyntaxErrorKind::Yaml, span, "Kubernetes reads YAML 1.1 only".to_owned()));
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), span)?
            }
            Event::SequenceStart(style, anchor, _) => {
                self.refuse_as_key(span)?;
                self.builder.open_sequence(span, structure_style(style))?;
                self.open.push(anchor);
            }
            Event::MappingStart(style, anchor, _) => {
                self.refuse_as_key(span)?;
                self.builder.open_mapping(span, structure_style(style))?;
                self.open.push(anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let node = self.builder.close(span.end)?;
                if let (Some(anchor), Some(node)) = (self.open.pop(), node)
                    && anchor != 0
                {
                    self.anchors.insert(anchor, node);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::UnresolvedAlias(name) => {
                return Err((SyntaxErrorKind::Yaml, span, format!("unknown anchor `{name}`")));
            }
            _ => {}
        }
        Ok(())
    }

    fn refuse_as_key(&self, span: Span) -> Result<(), BuildError> {
        if self.builder.expects_key() {
            return Err((SyntaxErrorKind::Value, span, "a list or a map cannot be a key".to_owned()));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), BuildError> {
        let Some(node) = self.anchors.get(&anchor).copied() else {
            let message = "the anchor's value contains itself".to_owned();
            return Err((SyntaxErrorKind::AliasCycle, span, message));
        };
        if !self.builder.expects_key() {
            return self.builder.alias(node, span);
        }
        match self.builder.node_repr(node) {
            Some(repr) => self.key(repr, span, false),
            None => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), BuildError> {
        let is_key = self.builder.expects_key();
        let is_plain = style == ScalarStyle::Plain;
        let tag = tag.map(core_tag);
        if is_key && is_plain && text == "<<" && matches!(tag, None | Some(CoreTag::Merge)) {
            let text = self.builder.text(text, span);
            self.builder.key(text, span, true);
            return Ok(());
        }
        let repr = self.resolve(text, is_plain, tag, span)?;
        if is_key {
            self.key(repr, span, false)?;
            if anchor != 0 {
                // An anchored key: keep a node for later aliases, outside of the tree.
                let node = self.builder.detached(repr, span, scalar_style(style));
                self.anchors.insert(anchor, node);
            }
            return Ok(());
        }
        let node = self.builder.scalar(repr, span, scalar_style(style))?;
        if anchor != 0 {
            self.anchors.insert(anchor, node);
        }
        Ok(())
    }

    /// go-yaml's `resolve`: what a scalar with this tag is, or why it cannot be.
    fn resolve(
        &mut self,
        text: &str,
        is_plain: bool,
        tag: Option<CoreTag>,
        span: Span,
    ) -> Result<Repr, BuildError> {
        let wrong = |is: &str, tag: &str| {
            Err((SyntaxErrorKind::Value, span, format!("cannot decode {is} `{}` as {tag}", clip(text))))
        };
        let scalar = match tag {
            None if is_plain => Scalar::resolve(text),
            None | Some(CoreTag::Str | CoreTag::Other) => Scalar::String,
            Some(CoreTag::Binary) => {
                let bytes = BASE64.decode(text.replace(['\n', '\r'], "")).map_err(|_| {
                    (SyntaxErrorKind::Value, span, "`!!binary` value is not base64".to_owned())
                })?;
                let decoded = String::from_utf8_lossy(&bytes);
                return Ok(Repr::String(self.builder.text(&decoded, span)));
            }
            // A timestamp stays the text that it was written as.
            Some(CoreTag::Timestamp) => match Scalar::resolve(text) {
                Scalar::String if is_timestamp(text) => Scalar::String,
                other => return wrong(shown(other), "!!timestamp"),
            },
            Some(CoreTag::Merge) => Scalar::String,
            Some(CoreTag::Null) => match Scalar::resolve(text) {
                Scalar::Null => Scalar::Null,
                other => return wrong(shown(other), "!!null"),
            },
            Some(CoreTag::Bool) => match Scalar::resolve(text) {
                Scalar::Bool(value) => Scalar::Bool(value),
                other => return wrong(shown(other), "!!bool"),
            },
            Some(CoreTag::Int) => match Scalar::resolve(text) {
                scalar @ (Scalar::Int(_) | Scalar::Uint(_)) => scalar,
                other => return wrong(shown(other), "!!int"),
            },
            Some(CoreTag::Float) => match Scalar::resolve(text) {
                #[expect(clippy::cast_precision_loss, reason = "the tag asks for a float")]
                Scalar::Int(value) => Scalar::Float(value as f64),
                scalar @ (Scalar::Float(_) | Scalar::NotFinite) => scalar,
                other => return wrong(shown(other), "!!float"),
            },
        };
        Ok(match scalar {
            Scalar::Null => Repr::Null,
            Scalar::Bool(value) => Repr::Bool(value),
            Scalar::Int(value) => Repr::Int(value),
            Scalar::Uint(value) => Repr::Uint(value),
            Scalar::Float(value) => Repr::Float(value),
            Scalar::NotFinite if self.builder.expects_key() => Repr::String(self.builder.text(text, span)),
            Scalar::NotFinite => {
                return Err((SyntaxErrorKind::Value, span, format!("JSON has no number `{text}`")));
            }
            Scalar::String => Repr::String(self.builder.text(text, span)),
        })
    }

    /// Keys become text as `sigs.k8s.io/yaml` makes them.
    fn key(&mut self, repr: Repr, span: Span, is_merge: bool) -> Result<(), BuildError> {
        let refuse = |what: &str| Err((SyntaxErrorKind::Value, span, format!("{what} cannot be a key")));
        let text = match repr {
            Repr::String(text) => text,
            Repr::Bool(value) => self.builder.text(if value { "true" } else { "false" }, span),
            Repr::Int(value) => self.builder.text(&value.to_string(), span),
            Repr::Float(value) => self.builder.text(&float_key(value), span),
            Repr::Null => return refuse("null"),
            Repr::Uint(_) => return refuse("an integer above 9223372036854775807"),
            Repr::Sequence { .. } | Repr::Mapping { .. } => return refuse("a list or a map"),
        };
        self.builder.key(text, span, is_merge);
        Ok(())
    }
}

/// `strconv.FormatFloat(value, 'g', -1, 32)`.
#[expect(clippy::cast_possible_truncation, reason = "Kubernetes rounds float keys to 32 bits")]
fn float_key(value: f64) -> String {
    let single = value as f32;
    if single.is_infinite() {
        return if single > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() };
    }
    let scientific = format!("{single:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Go decides by a precision of 6 when it looks for the shortest form.
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{single}")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CoreTag {
    Str,
    Bool,
    Int,
    Float,
    Null,
    Binary,
    Timestamp,
    Merge,
    /// `!`, `!local` and everything else: the text stays a string.
    Other,
}

fn core_tag(tag: &Tag) -> CoreTag {
    match tag.core_suffix() {
        Some("str") => CoreTag::Str,
        Some("bool") => CoreTag::Bool,
        Some("int") => CoreTag::Int,
        Some("float") => CoreTag::Float,
        Some("null") => CoreTag::Null,
        Some("binary") => CoreTag::Binary,
        Some("timestamp") => CoreTag::Timestamp,
        Some("merge") => CoreTag::Merge,
        _ => CoreTag::Other,
    }
}

/// go-yaml's formats: a date, or a date and a time of day.
fn is_timestamp(text: &str) -> bool {
    let digits = |part: Option<&str>, least: usize, most: usize| {
        part.is_some_and(|part| {
            (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let date = text.split(['t', 'T', ' ']).next().unwrap_or_default();
    let mut parts = date.split('-');
    digits(parts.next(), 4, 4)
        && digits(parts.next(), 1, 2)
        && digits(parts.next(), 1, 2)
        && parts.next().is_none()
}

fn shown(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Null => "!!null",
        Scalar::Bool(_) => "!!bool",
        Scalar::Int(_) | Scalar::Uint(_) => "!!int",
        Scalar::Float(_) | Scalar::NotFinite => "!!float",
        Scalar::String => "!!str",
    }
}

fn clip(text: &str) -> String {
    if text.chars().count() <= 40 {
        text.to_owned()
    } else {
        text.chars().take(40).chain("…".chars()).collect()
    }
}

fn scalar_style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        _ => Style::Plain,
    }
}

fn structure_style(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Flow => Style::Flow,
        StructureStyle::Block => Style::Block,
    }
}
