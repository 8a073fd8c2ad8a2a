//! Events to values: what go-yaml and `sigs.k8s.io/yaml` make of scalars, tags, anchors, merges and keys.

use std::collections::HashMap;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use haechi_model::Span;

use super::clip;
use super::events::{Event, Events, Props, Tag};
use super::timestamp::is_timestamp;
use crate::builder::Builder;
use crate::document::Repr;
use crate::error::{Mistake, Outcome};
use crate::texts::TextRef;
use crate::{Limits, Scalar, Style, SyntaxErrorKind};

/// Go's standard encoding: padding is required, what is left of the last byte may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// An anchor that was met.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    /// Its value, once that is finished, and how many levels of collections that has.
    node: Option<(u32, usize)>,
    /// Values counted before it; then those that it stands for itself.
    values: u64,
}

#[derive(Debug)]
pub(super) struct Decoder<'t> {
    pub(super) events: Events<'t>,
    pub(super) builder: Builder,
    /// The newest anchor of each name, as an index of `anchors`.
    names: HashMap<&'t str, usize>,
    anchors: Vec<Anchor>,
    /// Anchor of each open sequence or mapping.
    open: Vec<Option<usize>>,
    expansion: Expansion,
}

impl<'t> Decoder<'t> {
    pub(super) fn new(events: Events<'t>, builder: Builder, limits: &Limits) -> Self {
        Self {
            events,
            builder,
            names: HashMap::new(),
            anchors: Vec::new(),
            open: Vec::new(),
            expansion: Expansion { values: 1, of_aliases: 0, limit: limits.expanded_nodes },
        }
    }

    /// Reads the first document of the text.
    pub(super) fn run(&mut self) -> Outcome<()> {
        loop {
            match self.events.next()? {
                Event::Scalar { text, style, props, span } => self.scalar(text, style, props, span)?,
                Event::Alias { name, span } => self.alias(name, span)?,
                Event::Sequence { style, props, start } => {
                    self.open(props, start, self.builder.expects_merged())?;
                    self.builder.open_sequence(start, style)?;
                }
                Event::Mapping { style, props, start } => {
                    self.open(props, start, false)?;
                    self.builder.open_mapping(start, style)?;
                }
                Event::End(end) => {
                    let node = self.builder.close(&self.events.scanner.texts, end)?;
                    if let Some(anchor) = self.open.pop().flatten() {
                        self.close_anchor(anchor, node);
                    }
                }
                Event::Finish => return Ok(()),
            }
        }
    }

    /// `is_uncounted`: the list after `<<` is no value of its own.
    fn open(&mut self, props: Props, start: u32, is_uncounted: bool) -> Outcome<()> {
        if self.builder.expects_key() {
            return Err(Mistake::value(Span::at(start), "a list or a map cannot be a key"));
        }
        let anchor = props.anchor.map(|name| self.anchor(name));
        self.open.push(anchor);
        self.expansion.count(u64::from(!is_uncounted), 0, Span::at(start))
    }

    /// Notes an anchor whose value begins.
    fn anchor(&mut self, name: Span) -> usize {
        let name = self.events.scanner.texts.source.get(name.range()).unwrap_or_default();
        let index = self.anchors.len();
        self.anchors.push(Anchor { node: None, values: self.expansion.values });
        self.names.insert(name, index);
        index
    }

    fn close_anchor(&mut self, index: usize, node: Option<(u32, usize)>) {
        if let Some(anchor) = self.anchors.get_mut(index) {
            anchor.node = node;
            anchor.values = self.expansion.values - anchor.values;
        }
    }

    fn alias(&mut self, name: Span, span: Span) -> Outcome<()> {
        let name = self.events.scanner.texts.source.get(name.range()).unwrap_or_default();
        let Some(anchor) = self.names.get(name).and_then(|index| self.anchors.get(*index)) else {
            return Err(Mistake::yaml(span, format!("no anchor `&{}` stands before this alias", clip(name))));
        };
        let Anchor { node: Some((node, height)), values } = *anchor else {
            let message = format!("the value of the anchor `&{}` contains itself", clip(name));
            return Err(Mistake::new(SyntaxErrorKind::AliasCycle, span, message));
        };
        self.expansion.count(1, values, span)?;
        if !self.builder.expects_key() {
            return self.builder.alias(node, height, span);
        }
        match self.builder.node_repr(node) {
            Some(repr) => self.key(repr, span),
            None => Ok(()),
        }
    }

    #[inline]
    fn scalar(&mut self, text: TextRef, style: Style, props: Props, span: Span) -> Outcome<()> {
        let is_key = self.builder.expects_key();
        if is_key && self.is_merge(text, style, props.tag) {
            self.builder.merge_key(text, span);
            // The key of a merge is never decoded, but an alias may mean its text.
            if let Some(name) = props.anchor {
                let anchor = self.anchor(name);
                let node = self.builder.detached(Repr::String(text), span, style);
                self.close_anchor(anchor, Some((node, 0)));
            }
            return Ok(());
        }
        let anchor = props.anchor.map(|name| self.anchor(name));
        self.expansion.count(1, 0, span)?;
        let repr = self.resolve(text, style, props.tag, span)?;
        let node = if is_key {
            self.key(repr, span)?;
            // An anchored key: keep a node for later aliases, outside of the tree.
            anchor.map(|_| self.builder.detached(repr, span, style))
        } else {
            Some(self.builder.scalar(repr, span, style)?)
        };
        if let Some(anchor) = anchor {
            self.close_anchor(anchor, node.map(|node| (node, 0)));
        }
        Ok(())
    }

    /// Whether a key is `<<` as go-yaml means it: plain, or after `!` or `!!merge`.
    #[inline]
    fn is_merge(&self, text: TextRef, style: Style, tag: Option<Tag>) -> bool {
        text.len == 2
            && self.events.scanner.texts.get(text) == "<<"
            && match tag {
                None => style == Style::Plain,
                Some(tag) => matches!(tag, Tag::Merge | Tag::NonSpecific),
            }
    }

    /// go-yaml's `resolve`: what a scalar with this tag is, or why it cannot be.
    #[inline]
    fn resolve(&mut self, text: TextRef, style: Style, tag: Option<Tag>, span: Span) -> Outcome<Repr> {
        match tag {
            None if style == Style::Plain => {
                Ok(repr(Scalar::resolve(self.events.scanner.texts.get(text)), text, self.text(text)))
            }
            None | Some(Tag::Str | Tag::Merge | Tag::NonSpecific | Tag::Other) => Ok(Repr::String(text)),
            Some(Tag::Binary) => self.resolve_binary(text, span),
            Some(tag) => self.resolve_tagged(text, tag, span),
        }
    }

    fn text(&self, text: TextRef) -> &str {
        self.events.scanner.texts.get(text)
    }

    fn resolve_tagged(&self, text: TextRef, tag: Tag, span: Span) -> Outcome<Repr> {
        let shown = self.text(text);
        let scalar = Scalar::resolve(shown);
        let (name, is_right) = match tag {
            Tag::Null => ("!!null", scalar == Scalar::Null),
            Tag::Bool => ("!!bool", matches!(scalar, Scalar::Bool(_))),
            Tag::Int => ("!!int", matches!(scalar, Scalar::Int(_) | Scalar::Uint(_))),
            Tag::Float => {
                ("!!float", matches!(scalar, Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite))
            }
            // A timestamp stays the text that it was written as.
            _ => ("!!timestamp", is_timestamp(shown)),
        };
        if !is_right {
            let is = match scalar {
                Scalar::Null => "!!null",
                Scalar::Bool(_) => "!!bool",
                Scalar::Int(_) | Scalar::Uint(_) => "!!int",
                Scalar::Float(_) | Scalar::NotFinite => "!!float",
                Scalar::String => "!!str",
            };
            return Err(Mistake::value(span, format!("`{}` is {is}, not {name}", clip(shown))));
        }
        Ok(match (tag, scalar) {
            (Tag::Timestamp, _) => Repr::String(text),
            #[expect(clippy::cast_precision_loss, reason = "the tag asks for a float")]
            (Tag::Float, Scalar::Int(value)) => Repr::Float(value as f64),
            (_, scalar) => repr(scalar, text, shown),
        })
    }

    fn resolve_binary(&mut self, text: TextRef, span: Span) -> Outcome<Repr> {
        let encoded = self.text(text).replace(['\n', '\r'], "");
        let Ok(bytes) = BASE64.decode(encoded) else {
            return Err(Mistake::value(span, "the value of `!!binary` is not base64"));
        };
        let mut decoded = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            decoded.push_str(chunk.valid());
            // JSON is written with a replacement for each byte that is no part of a character.
            decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        }
        Ok(Repr::String(self.events.scanner.texts.push(&decoded)))
    }

    /// Keys become text as `sigs.k8s.io/yaml` makes them.
    #[inline]
    fn key(&mut self, repr: Repr, span: Span) -> Outcome<()> {
        let text = match repr {
            Repr::String(text) => text,
            Repr::Bool(true) => self.converted("true", span),
            Repr::Bool(false) => self.converted("false", span),
            Repr::Int(value) => self.converted(&value.to_string(), span),
            Repr::Float(value) => self.converted(&float_key(value), span),
            Repr::Null => {
                let text = self.events.scanner.texts.push("\0null");
                self.builder.bad_key(text, span, "null cannot be a key");
                return Ok(());
            }
            Repr::Uint(value) => {
                let text = self.events.scanner.texts.push(&format!("\0{value}"));
                self.builder.bad_key(text, span, "an integer above 9223372036854775807 cannot be a key");
                return Ok(());
            }
            Repr::Sequence { .. } | Repr::Mapping { .. } => {
                return Err(Mistake::value(span, "a list or a map cannot be a key"));
            }
        };
        self.builder.key(text, span);
        Ok(())
    }

    /// A key that was no text: mostly it looks in the source as it does in JSON.
    fn converted(&mut self, key: &str, span: Span) -> TextRef {
        if self.events.scanner.texts.source.get(span.range()) == Some(key) {
            return TextRef::source(span.start, span.end);
        }
        self.events.scanner.texts.push(key)
    }
}

#[inline]
fn repr(scalar: Scalar, text: TextRef, shown: &str) -> Repr {
    match scalar {
        Scalar::Null => Repr::Null,
        Scalar::Bool(value) => Repr::Bool(value),
        Scalar::Int(value) => Repr::Int(value),
        Scalar::Uint(value) => Repr::Uint(value),
        Scalar::Float(value) => Repr::Float(value),
        Scalar::NotFinite if shown.ends_with(['n', 'N']) => Repr::Float(f64::NAN),
        Scalar::NotFinite if shown.starts_with('-') => Repr::Float(f64::NEG_INFINITY),
        Scalar::NotFinite => Repr::Float(f64::INFINITY),
        Scalar::String => Repr::String(text),
    }
}

/// go-yaml's guard against bombs: how much of a document may come from aliases.
#[derive(Debug)]
struct Expansion {
    /// Values decoded so far, each alias counted with all that it stands for; the document itself is one.
    values: u64,
    /// Those of them that came from aliases.
    of_aliases: u64,
    limit: u64,
}

impl Expansion {
    /// Documents up to this size may consist of aliases by 99 %, from [`Expansion::LARGE`] on by 10 %.
    const SMALL: u64 = 400_000;
    const LARGE: u64 = 4_000_000;

    /// Counts values that stand here and those that an alias brings.
    #[inline]
    fn count(&mut self, written: u64, aliased: u64, span: Span) -> Outcome<()> {
        self.values = self.values.saturating_add(written).saturating_add(aliased);
        self.of_aliases = self.of_aliases.saturating_add(aliased);
        if self.values > self.limit || (self.of_aliases > 100 && self.is_excessive()) {
            let message = if self.of_aliases > 100 {
                "aliases expand to too many values".to_owned()
            } else {
                format!("more than {} values in one document", self.limit)
            };
            return Err(Mistake::new(SyntaxErrorKind::AliasExpansion, span, message));
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "the reference computes with floats")]
    fn is_excessive(&self) -> bool {
        if self.values <= 1_000 {
            return false;
        }
        let above = self.values.clamp(Self::SMALL, Self::LARGE) - Self::SMALL;
        let allowed = (0.99 - 0.89 * (above as f64 / (Self::LARGE - Self::SMALL) as f64)).max(0.10);
        self.of_aliases as f64 / self.values as f64 > allowed
    }
}

/// `strconv.FormatFloat(value, 'g', -1, 32)`, and YAML's words for what is not finite.
#[expect(clippy::cast_possible_truncation, reason = "Kubernetes rounds float keys to 32 bits")]
fn float_key(value: f64) -> String {
    let single = value as f32;
    if single.is_nan() {
        return ".nan".to_owned();
    }
    if single.is_infinite() {
        return if single > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() };
    }
    let scientific = format!("{single:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Go decides by a precision of 6 when it looks for the shortest form.
    if single != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{single}")
}
