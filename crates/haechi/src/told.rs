//! Mistakes that are told in the reader's language: the id of a text and what goes into it, until somebody prints it.

use std::fmt;
use std::io;

use haechi_report::{Args, Language, Texts};

/// What goes into a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it is: a name, a path, the words of another program.
    Text(String),
    /// A text itself.
    Told(Box<Told>),
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Told> for Piece {
    fn from(told: Told) -> Self {
        Self::Told(Box::new(told))
    }
}

/// What the system says most often has a text; the rest is told in its words.
impl From<&io::Error> for Piece {
    fn from(error: &io::Error) -> Self {
        let id = match error.kind() {
            io::ErrorKind::NotFound => "start-io-missing",
            io::ErrorKind::PermissionDenied => "start-io-denied",
            io::ErrorKind::AddrInUse => "start-io-taken",
            io::ErrorKind::AddrNotAvailable => "start-io-not-ours",
            io::ErrorKind::IsADirectory => "start-io-folder",
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "start-io-no-folder",
            io::ErrorKind::ReadOnlyFilesystem => "start-io-read-only",
            io::ErrorKind::StorageFull => "start-io-full",
            io::ErrorKind::InvalidData => "start-io-no-text",
            _ => return Self::Text(error.to_string()),
        };
        Told::of(id).into()
    }
}

/// A mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    id: &'static str,
    pieces: Vec<(&'static str, Piece)>,
    /// `file:line:column`, where there is such a place.
    place: Option<String>,
    is_usage: bool,
}

impl Told {
    /// The text of this id; a mistake of whoever started the command.
    pub(crate) fn of(id: &'static str) -> Self {
        Self { id, pieces: Vec::new(), place: None, is_usage: true }
    }

    /// With this in it.
    pub(crate) fn with(mut self, name: &'static str, piece: impl Into<Piece>) -> Self {
        self.pieces.push((name, piece.into()));
        self
    }

    /// Where it is.
    pub(crate) fn at(mut self, place: String) -> Self {
        self.place = Some(place);
        self
    }

    /// Nobody's mistake: the system, or another program.
    pub(crate) fn by_the_system(mut self) -> Self {
        self.is_usage = false;
        self
    }

    /// Whether it is a mistake of whoever started the command.
    pub(crate) fn is_usage(&self) -> bool {
        self.is_usage
    }

    /// In a language.
    pub(crate) fn text(&self, texts: &Texts) -> String {
        let mut args = Args::new();
        for (name, piece) in &self.pieces {
            args = args.text(
                name,
                match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Told(told) => told.text(texts),
                },
            );
        }
        let text = texts.message(self.id, &args);
        match &self.place {
            Some(place) => format!("{place}: {text}"),
            None => text,
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&Texts::new(Language::En)))
    }
}

impl std::error::Error for Told {}
