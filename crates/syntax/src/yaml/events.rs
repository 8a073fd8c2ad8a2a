//! Tokens to events: what the grammar allows where, and where it lets a value be absent.

use haechi_model::Span;

use super::scan::Scanner;
use super::tokens::{Token, TokenKind};
use crate::Style;
use crate::error::{Mistake, Outcome};
use crate::texts::TextRef;

/// A step in the walk over one document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Event {
    Scalar {
        text: TextRef,
        style: Style,
        props: Props,
        span: Span,
    },
    /// `*name`, with the place of the name.
    Alias {
        name: Span,
        span: Span,
    },
    /// Begins at `start`.
    Sequence {
        style: Style,
        props: Props,
        start: u32,
    },
    Mapping {
        style: Style,
        props: Props,
        start: u32,
    },
    /// The innermost sequence or mapping ends at that offset.
    End(u32),
    /// The document ends. What follows it in the same chunk is never read.
    Finish,
}

/// What stands before a value.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Props {
    /// Place of the name of an anchor.
    pub(crate) anchor: Option<Span>,
    pub(crate) tag: Option<Tag>,
}

/// The tags that have a meaning for a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Str,
    Bool,
    Int,
    Float,
    Null,
    Binary,
    Timestamp,
    Merge,
    /// `!` alone.
    NonSpecific,
    /// Any other: the text stays a string.
    Other,
}

const CORE: &str = "tag:yaml.org,2002:";

impl Tag {
    fn from_text(text: &str) -> Self {
        match text.strip_prefix(CORE) {
            Some("str") => Tag::Str,
            Some("bool") => Tag::Bool,
            Some("int") => Tag::Int,
            Some("float") => Tag::Float,
            Some("null") => Tag::Null,
            Some("binary") => Tag::Binary,
            Some("timestamp") => Tag::Timestamp,
            Some("merge") => Tag::Merge,
            _ if text == "!" => Tag::NonSpecific,
            _ => Tag::Other,
        }
    }
}

/// What is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirst,
    BlockSequence,
    IndentlessSequence,
    BlockMappingFirst,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirst,
    FlowSequence,
    /// The key of `[key: value]`.
    FlowPairKey,
    FlowPairValue,
    FlowPairEnd,
    FlowMappingFirst,
    FlowMappingKey,
    FlowMappingValue,
    /// After a key without `:`.
    FlowMappingNoValue,
}

/// Where a node stands, which decides what may begin it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Block,
    /// A key or value of a block mapping: a sequence there needs no indentation.
    BlockEntry,
    Flow,
}

#[derive(Debug)]
pub(crate) struct Events<'t> {
    pub(crate) scanner: Scanner<'t>,
    state: State,
    states: Vec<State>,
    /// Where the last token taken ends: there a value is that is not.
    end: u32,
    /// Handles of tags and what they stand for.
    handles: Vec<(String, String)>,
    /// Where the open flow collections begin.
    brackets: Vec<u32>,
}

impl<'t> Events<'t> {
    pub(crate) fn new(scanner: Scanner<'t>) -> Self {
        let end = scanner.place(scanner.at);
        Self {
            scanner,
            state: State::DocumentStart,
            states: Vec::new(),
            end,
            handles: Vec::new(),
            brackets: Vec::new(),
        }
    }

    /// The next event; to be called until [`Event::Finish`].
    pub(crate) fn next(&mut self) -> Outcome<Event> {
        match self.state {
            State::DocumentStart => self.document_start(),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Place::Block),
            State::BlockSequenceFirst => {
                self.take()?;
                self.block_sequence()
            }
            State::BlockSequence => self.block_sequence(),
            State::IndentlessSequence => self.indentless_sequence(),
            State::BlockMappingFirst => {
                self.take()?;
                self.block_mapping_key()
            }
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirst => {
                self.open_bracket()?;
                self.flow_sequence(true)
            }
            State::FlowSequence => self.flow_sequence(false),
            State::FlowPairKey => self.flow_pair_key(),
            State::FlowPairValue => self.flow_pair_value(),
            State::FlowPairEnd => {
                self.state = State::FlowSequence;
                Ok(Event::End(self.end))
            }
            State::FlowMappingFirst => {
                self.open_bracket()?;
                self.flow_mapping(true)
            }
            State::FlowMappingKey => self.flow_mapping(false),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingNoValue => {
                self.state = State::FlowMappingKey;
                Ok(self.absent())
            }
        }
    }

    #[inline]
    fn peek(&mut self) -> Outcome<Token> {
        self.scanner.peek()
    }

    /// Takes the token that comes next.
    #[inline]
    fn take(&mut self) -> Outcome<Token> {
        let token = self.scanner.peek()?;
        self.scanner.advance();
        // Tokens that indentation implies have no place of their own.
        if !token.span.is_empty() {
            self.end = token.span.end;
        }
        Ok(token)
    }

    /// Takes the next token if it is of that kind.
    #[inline]
    fn takes(&mut self, kind: TokenKind) -> Outcome<bool> {
        if self.peek()?.kind != kind {
            return Ok(false);
        }
        self.take()?;
        Ok(true)
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::DocumentEnd);
    }

    /// A value that is not there, right after what precedes it.
    fn absent(&self) -> Event {
        Event::Scalar {
            text: TextRef::source(self.end, self.end),
            style: Style::Plain,
            props: Props::default(),
            span: Span::at(self.end),
        }
    }

    fn open_bracket(&mut self) -> Outcome<()> {
        let bracket = self.take()?;
        self.brackets.push(bracket.span.start);
        Ok(())
    }

    fn close_bracket(&mut self) -> Outcome<Event> {
        self.take()?;
        self.brackets.pop();
        Ok(self.end())
    }

    fn unexpected(&self, token: Token, message: &str) -> Mistake {
        if token.kind == TokenKind::StreamEnd
            && let Some(start) = self.brackets.last().copied()
        {
            let span = Span::new(start, start + 1);
            let bracket = self.scanner.texts.source.get(span.range()).unwrap_or_default();
            return Mistake::yaml(span, format!("this `{bracket}` is never closed"));
        }
        let span = match token.kind {
            // What is implied has no place: show what comes there.
            _ if token.span.is_empty() => {
                let rest = self.scanner.texts.source.get(token.span.start as usize..).unwrap_or_default();
                let len = rest.chars().next().filter(|first| *first != '\n').map_or(0, char::len_utf8);
                Span::new(token.span.start, token.span.start + u32::try_from(len).unwrap_or(0))
            }
            _ => token.span,
        };
        Mistake::yaml(span, message)
    }

    // Documents

    fn document_start(&mut self) -> Outcome<Event> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::StreamEnd => return Ok(Event::Finish),
            TokenKind::VersionDirective { .. } | TokenKind::TagDirective(_) | TokenKind::DocumentStart => {
                self.directives()?;
                let token = self.peek()?;
                if token.kind != TokenKind::DocumentStart {
                    let message = "expected `---` after a directive";
                    return Err(self.unexpected(token, message));
                }
                self.take()?;
                self.state = State::DocumentContent;
            }
            _ => self.state = State::BlockNode,
        }
        for (handle, prefix) in [("!", "!"), ("!!", CORE)] {
            if self.handle(handle).is_none() {
                self.handles.push((handle.to_owned(), prefix.to_owned()));
            }
        }
        self.states.push(State::DocumentEnd);
        self.next()
    }

    fn directives(&mut self) -> Outcome<()> {
        let mut has_version = false;
        loop {
            let token = self.peek()?;
            match token.kind {
                TokenKind::VersionDirective { major, minor } => {
                    if has_version {
                        return Err(self.unexpected(token, "a second `%YAML` directive"));
                    }
                    if (major, minor) != (1, 1) {
                        return Err(self.unexpected(token, "Kubernetes reads YAML 1.1 only"));
                    }
                    has_version = true;
                }
                TokenKind::TagDirective(index) => {
                    let Some(tag) = self.scanner.tags.get(index as usize).copied() else { return Ok(()) };
                    let handle = self.scanner.texts.get(tag.handle).to_owned();
                    if self.handle(&handle).is_some() {
                        return Err(self.unexpected(token, "a second `%TAG` directive for this handle"));
                    }
                    let prefix = self.scanner.texts.get(tag.suffix).to_owned();
                    self.handles.push((handle, prefix));
                }
                _ => return Ok(()),
            }
            self.take()?;
        }
    }

    fn handle(&self, handle: &str) -> Option<&str> {
        let found = self.handles.iter().find(|(known, _)| known == handle);
        found.map(|(_, prefix)| prefix.as_str())
    }

    fn document_content(&mut self) -> Outcome<Event> {
        match self.peek()?.kind {
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective(_)
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                self.pop();
                Ok(self.absent())
            }
            _ => self.node(Place::Block),
        }
    }

    fn document_end(&mut self) -> Outcome<Event> {
        // What cannot even be scanned is noticed up to here.
        self.peek()?;
        Ok(Event::Finish)
    }

    // Nodes

    fn node(&mut self, place: Place) -> Outcome<Event> {
        let mut token = self.peek()?;
        if token.kind == TokenKind::Alias {
            self.take()?;
            self.pop();
            let name = Span::new(token.span.start + 1, token.span.end);
            return Ok(Event::Alias { name, span: token.span });
        }
        let mut props = Props::default();
        let mut has_props = false;
        loop {
            match token.kind {
                TokenKind::Anchor if props.anchor.is_none() => {
                    props.anchor = Some(Span::new(token.span.start + 1, token.span.end));
                }
                TokenKind::Tag(index) if props.tag.is_none() => {
                    props.tag = Some(self.tag(index, token)?);
                }
                _ => break,
            }
            has_props = true;
            self.take()?;
            token = self.peek()?;
        }
        let (start, is_block) = (token.span.start, place != Place::Flow);
        let (state, event) = match token.kind {
            TokenKind::Scalar { text, style } => {
                self.take()?;
                self.pop();
                return Ok(Event::Scalar { text, style, props, span: token.span });
            }
            TokenKind::BlockEntry if place == Place::BlockEntry => {
                (State::IndentlessSequence, Event::Sequence { style: Style::Block, props, start })
            }
            TokenKind::FlowSequenceStart => {
                (State::FlowSequenceFirst, Event::Sequence { style: Style::Flow, props, start })
            }
            TokenKind::FlowMappingStart => {
                (State::FlowMappingFirst, Event::Mapping { style: Style::Flow, props, start })
            }
            TokenKind::BlockSequenceStart if is_block => {
                (State::BlockSequenceFirst, Event::Sequence { style: Style::Block, props, start })
            }
            TokenKind::BlockMappingStart if is_block => {
                (State::BlockMappingFirst, Event::Mapping { style: Style::Block, props, start })
            }
            _ if has_props => {
                self.pop();
                let text = TextRef::source(self.end, self.end);
                let span = Span::at(self.end);
                return Ok(Event::Scalar { text, style: Style::Plain, props, span });
            }
            _ => return Err(self.unexpected(token, "expected a value")),
        };
        self.state = state;
        Ok(event)
    }

    /// What a tag means, its handle replaced by what it stands for.
    fn tag(&self, index: u32, token: Token) -> Outcome<Tag> {
        let Some(tag) = self.scanner.tags.get(index as usize) else { return Ok(Tag::Other) };
        let (handle, suffix) = (self.scanner.texts.get(tag.handle), self.scanner.texts.get(tag.suffix));
        if handle.is_empty() {
            return Ok(Tag::from_text(suffix));
        }
        match self.handle(handle) {
            Some(prefix) if !prefix.is_empty() || !suffix.is_empty() => {
                Ok(Tag::from_text(&format!("{prefix}{suffix}")))
            }
            _ => Err(self.unexpected(token, "the handle of this tag is not declared")),
        }
    }

    /// Goes into a node and comes back to `then`.
    fn node_then(&mut self, then: State, place: Place) -> Outcome<Event> {
        self.states.push(then);
        self.node(place)
    }

    /// Leaves a value out and goes on with `then`.
    fn absent_then(&mut self, then: State) -> Event {
        self.state = then;
        self.absent()
    }

    /// Ends a collection whose last token has been taken.
    fn end(&mut self) -> Event {
        self.pop();
        Event::End(self.end)
    }

    // Block collections

    fn block_sequence(&mut self) -> Outcome<Event> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::BlockEntry => {
                self.take()?;
                match self.peek()?.kind {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => Ok(self.absent_then(State::BlockSequence)),
                    _ => self.node_then(State::BlockSequence, Place::Block),
                }
            }
            TokenKind::BlockEnd => {
                self.take()?;
                Ok(self.end())
            }
            _ => Err(self.unexpected(token, "expected `-` and the next item of the list")),
        }
    }

    fn indentless_sequence(&mut self) -> Outcome<Event> {
        if !self.takes(TokenKind::BlockEntry)? {
            return Ok(self.end());
        }
        match self.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                Ok(self.absent_then(State::IndentlessSequence))
            }
            _ => self.node_then(State::IndentlessSequence, Place::Block),
        }
    }

    fn block_mapping_key(&mut self) -> Outcome<Event> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::Key => {
                self.take()?;
                match self.peek()?.kind {
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                        Ok(self.absent_then(State::BlockMappingValue))
                    }
                    _ => self.node_then(State::BlockMappingValue, Place::BlockEntry),
                }
            }
            TokenKind::BlockEnd => {
                self.take()?;
                Ok(self.end())
            }
            _ => Err(self.unexpected(token, "expected the next key of the mapping")),
        }
    }

    fn block_mapping_value(&mut self) -> Outcome<Event> {
        if self.takes(TokenKind::Value)? {
            let next = self.peek()?.kind;
            if !matches!(next, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd) {
                return self.node_then(State::BlockMappingKey, Place::BlockEntry);
            }
        }
        Ok(self.absent_then(State::BlockMappingKey))
    }

    // Flow collections

    fn flow_sequence(&mut self, is_first: bool) -> Outcome<Event> {
        if !is_first
            && self.peek()?.kind != TokenKind::FlowSequenceEnd
            && !self.takes(TokenKind::FlowEntry)?
        {
            let token = self.peek()?;
            return Err(self.unexpected(token, "expected `,` or `]`"));
        }
        let token = self.peek()?;
        match token.kind {
            TokenKind::FlowSequenceEnd => self.close_bracket(),
            TokenKind::Key => {
                self.take()?;
                self.state = State::FlowPairKey;
                Ok(Event::Mapping { style: Style::Flow, props: Props::default(), start: token.span.start })
            }
            _ => self.node_then(State::FlowSequence, Place::Flow),
        }
    }

    fn flow_pair_key(&mut self) -> Outcome<Event> {
        match self.peek()?.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // The reference takes this token, too, so that `[? : x]` is refused.
                self.take()?;
                Ok(self.absent_then(State::FlowPairValue))
            }
            _ => self.node_then(State::FlowPairValue, Place::Flow),
        }
    }

    fn flow_pair_value(&mut self) -> Outcome<Event> {
        if self.takes(TokenKind::Value)? {
            let next = self.peek()?.kind;
            if !matches!(next, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                return self.node_then(State::FlowPairEnd, Place::Flow);
            }
        }
        Ok(self.absent_then(State::FlowPairEnd))
    }

    fn flow_mapping(&mut self, is_first: bool) -> Outcome<Event> {
        if !is_first && self.peek()?.kind != TokenKind::FlowMappingEnd && !self.takes(TokenKind::FlowEntry)? {
            let token = self.peek()?;
            return Err(self.unexpected(token, "expected `,` or `}`"));
        }
        match self.peek()?.kind {
            TokenKind::FlowMappingEnd => self.close_bracket(),
            TokenKind::Key => {
                self.take()?;
                match self.peek()?.kind {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                        Ok(self.absent_then(State::FlowMappingValue))
                    }
                    _ => self.node_then(State::FlowMappingValue, Place::Flow),
                }
            }
            _ => self.node_then(State::FlowMappingNoValue, Place::Flow),
        }
    }

    fn flow_mapping_value(&mut self) -> Outcome<Event> {
        if self.takes(TokenKind::Value)? {
            let next = self.peek()?.kind;
            if !matches!(next, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                return self.node_then(State::FlowMappingKey, Place::Flow);
            }
        }
        Ok(self.absent_then(State::FlowMappingKey))
    }
}
