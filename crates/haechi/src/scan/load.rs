//! Files as they are read: the text, its documents, and why one could not be read.

use std::sync::Arc;

use haechi_model::{Problem, ProblemKind, Span};
use haechi_objects::objects;
use haechi_sources::{FileEntry, ReadError, read};
use haechi_syntax::{Document, Limits, Node, Source, SyntaxError, SyntaxErrorKind};

use super::judge::Judged;
use super::render::Standing;
use super::{number, text};
use crate::fix::Refusal;

/// A file that was read, or why not.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) entry: FileEntry,
    pub(crate) source: Option<Arc<Source>>,
    pub(crate) documents: Vec<Document>,
    pub(crate) problems: Vec<Problem>,
    /// The bytes of standard input, which cannot be read twice.
    pub(crate) input: Option<Vec<u8>>,
    /// What the file is to charts and kustomizations that were rendered.
    pub(super) standing: Standing,
}

impl Loaded {
    pub(super) fn new(entry: FileEntry) -> Self {
        Self {
            entry,
            source: None,
            documents: Vec::new(),
            problems: Vec::new(),
            input: None,
            standing: Standing::Alone,
        }
    }

    /// Whether this is standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        self.entry.shown.as_ref() == "-"
    }

    /// Signs of a template that can be read as it is: where it is steered by comments, or fills in names and labels, which
    /// could not have such characters otherwise.
    fn is_template(&self) -> bool {
        let is_sign = |node: Node<'_>| node.as_str().is_some_and(is_template);
        self.documents.iter().any(|document| {
            let source = document.source();
            let mut comments = document.comments().iter();
            comments.any(|comment| is_template(source.slice(comment.span)))
                || objects(document).objects.iter().any(|object| {
                    let labels = object.labels().node();
                    let metadata = object.metadata().into_iter().flat_map(Node::entries);
                    metadata.map(|entry| entry.value).any(is_sign)
                        || labels.into_iter().flat_map(Node::entries).any(|entry| is_sign(entry.value))
                })
        })
    }

    /// Why the file must not be edited, whatever was found in it.
    pub(crate) fn refusal(&self, judged: &Judged) -> Option<Refusal> {
        let all = || self.problems.iter().chain(&judged.problems);
        let is_template = |kind| matches!(kind, ProblemKind::Template | ProblemKind::NotRendered);
        if all().any(|problem| is_template(problem.kind)) || self.is_template() {
            return Some(Refusal::Template);
        }
        // A part that cannot be read may begin or end elsewhere than it seems.
        if self.problems.is_empty() { None } else { Some(Refusal::Unreadable) }
    }
}

/// Reads a file; what cannot be read is among its problems.
pub(crate) fn load(entry: FileEntry, limits: &Limits) -> Loaded {
    let mut loaded = Loaded::new(entry);
    let path = loaded.entry.shown.clone();
    match read(&loaded.entry, limits.bytes) {
        Ok(bytes) => {
            let mut loaded = load_text(loaded.entry, &bytes, limits);
            loaded.input = loaded.is_standard_input().then_some(bytes);
            return loaded;
        }
        Err(ReadError::TooLarge(size)) => {
            let args = vec![number("size", size.unwrap_or(0)), number("limit", limits.bytes as u64)];
            loaded.problems.push(Problem { kind: ProblemKind::TooLarge, path, position: None, args });
        }
        Err(ReadError::Io(error)) => {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => ProblemKind::NotFound,
                _ => ProblemKind::Unreadable,
            };
            loaded.problems.push(Problem {
                kind,
                path,
                position: None,
                args: vec![text("detail", error.to_string())],
            });
        }
    }
    loaded
}

/// Reads the bytes of a file.
pub(crate) fn load_text(entry: FileEntry, bytes: &[u8], limits: &Limits) -> Loaded {
    let mut loaded = Loaded::new(entry);
    let path = loaded.entry.shown.clone();
    let parsed = haechi_syntax::parse(bytes, limits);
    let is_read = |error: &SyntaxError| {
        !matches!(error.kind, SyntaxErrorKind::WrongEncoding | SyntaxErrorKind::TooLarge)
    };
    if parsed.errors.iter().any(is_read) && bytes.contains(&0) {
        // What is wrong with a program or an image as YAML helps nobody.
        loaded.problems.push(Problem { kind: ProblemKind::Binary, path, position: None, args: Vec::new() });
    } else {
        loaded
            .problems
            .extend(parsed.errors.iter().map(|error| syntax_problem(error, &parsed.source, &path)));
    }
    loaded.documents = parsed.documents;
    loaded.source = Some(parsed.source);
    loaded
}

fn syntax_problem(error: &SyntaxError, source: &Source, path: &Arc<str>) -> Problem {
    let kind = match error.kind {
        SyntaxErrorKind::TooLarge | SyntaxErrorKind::TooDeep | SyntaxErrorKind::AliasExpansion => {
            ProblemKind::TooLarge
        }
        SyntaxErrorKind::Binary => ProblemKind::Binary,
        SyntaxErrorKind::WrongEncoding => ProblemKind::WrongEncoding,
        SyntaxErrorKind::InvalidUtf8
        | SyntaxErrorKind::AliasCycle
        | SyntaxErrorKind::Yaml
        | SyntaxErrorKind::Json
        | SyntaxErrorKind::Value => {
            if is_template(chunk_around(source.text(), error.span)) {
                let position = Some(source.position(error.span.start));
                let args = vec![text("engine", "unknown"), number("count", 1)];
                return Problem { kind: ProblemKind::Template, path: path.clone(), position, args };
            }
            ProblemKind::Syntax
        }
    };
    let position = match error.kind {
        SyntaxErrorKind::TooLarge | SyntaxErrorKind::Binary | SyntaxErrorKind::WrongEncoding => None,
        _ => Some(source.position(error.span.start)),
    };
    Problem { kind, path: path.clone(), position, args: vec![text("detail", error.message.clone())] }
}

/// The text between the `---` lines around a place.
fn chunk_around(text: &str, span: Span) -> &str {
    let mut at = (span.start as usize).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (before, after) = text.split_at(at);
    let start = before.rfind("\n---").unwrap_or(0);
    let end = after.find("\n---").map_or(text.len(), |end| at + end);
    text.get(start..end).unwrap_or_default()
}

/// Signs of a template that has not been rendered: Helm and Go, Jinja, ERB.
pub(super) fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%"].iter().any(|sign| text.contains(sign))
}
