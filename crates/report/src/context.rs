use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use haechi_model::{Rendered, RuleInfo, ScanReport};

use crate::{Args, GroupBy, Texts};

/// How the terminal shows text. Nothing is asked of the system here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminal {
    /// Whether to colour the output.
    pub colour: bool,
    /// The width in cells; a readable default where it is not known.
    pub width: Option<usize>,
}

/// That findings were to be fixed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixing {
    /// Nothing was written: the report tells what would be.
    pub planned: bool,
    /// Whether unsafe fixes were wanted too.
    pub with_unsafe: bool,
}

/// What a report needs besides the result of the scan.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// The texts in the reader's language.
    pub texts: &'c Texts,
    /// The catalogue of rules; a finding of a rule that is not in it is shown with what it carries itself.
    pub rules: &'c [RuleInfo],
    /// The bytes of a scanned file by its path as findings name it, for the line that is shown. `None` leaves
    /// the line out. Asked once per file and format.
    pub source: &'c dyn Fn(&str) -> Option<Arc<[u8]>>,
    /// The version of Haechi.
    pub version: &'c str,
    /// When the scan took place, in RFC 3339; without it the output holds no time and is reproducible.
    pub time: Option<&'c str>,
    /// Findings that were taken out of the report because they are less severe than was asked for.
    pub hidden: usize,
    /// Whether the scan was asked to fix what it can.
    pub fixing: Option<Fixing>,
    /// In which parts people read the findings; formats for programs keep the order of files.
    pub group_by: GroupBy,
    /// Texts that are no files but what a program made of templates; each writer takes those of its report.
    pub(crate) rendered: &'c BTreeMap<Arc<str>, Rendered>,
    /// How the terminal shows text.
    pub terminal: Terminal,
    /// Most results that the SARIF output may hold, the gravest kept, the omission stated in it. `None`: all.
    pub sarif_limit: Option<usize>,
}

static NONE_RENDERED: BTreeMap<Arc<str>, Rendered> = BTreeMap::new();

impl<'c> Context<'c> {
    /// A context without source text, time and colour.
    pub fn new(texts: &'c Texts, rules: &'c [RuleInfo], version: &'c str) -> Self {
        Self {
            texts,
            rules,
            source: &|_| None,
            version,
            time: None,
            hidden: 0,
            fixing: None,
            group_by: GroupBy::default(),
            rendered: &NONE_RENDERED,
            terminal: Terminal::default(),
            sarif_limit: None,
        }
    }

    /// The context with what belongs to a report.
    pub(crate) fn with<'s>(&'s self, report: &'s ScanReport) -> Context<'s> {
        Context { rendered: &report.rendered, ..*self }
    }

    /// A path as people read it: of a rendered text it says so.
    pub(crate) fn shown<'p>(&self, path: &'p str) -> Cow<'p, str> {
        match self.rendered.get(path) {
            Some(rendered) => {
                let args = Args::new().text("folder", rendered.folder.as_ref());
                Cow::Owned(self.texts.message("path-rendered", &args))
            }
            None => Cow::Borrowed(path),
        }
    }

    /// The file that a path stands for: of a rendered text the one that says what to render.
    pub(crate) fn file_of<'p>(&self, path: &'p str) -> &'p str
    where
        'c: 'p,
    {
        self.rendered.get(path).map_or(path, |rendered| rendered.from.as_ref())
    }

    pub(crate) fn catalogue(&self) -> Catalogue<'c> {
        Catalogue(self.rules.iter().map(|rule| (rule.slug, rule)).collect())
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("language", &self.texts.language())
            .field("rules", &self.rules.len())
            .field("version", &self.version)
            .field("time", &self.time)
            .field("hidden", &self.hidden)
            .field("fixing", &self.fixing)
            .field("group_by", &self.group_by)
            .field("terminal", &self.terminal)
            .field("sarif_limit", &self.sarif_limit)
            .finish_non_exhaustive()
    }
}

/// The rules by slug.
#[derive(Debug)]
pub(crate) struct Catalogue<'c>(BTreeMap<&'c str, &'c RuleInfo>);

impl<'c> Catalogue<'c> {
    pub(crate) fn get(&self, slug: &str) -> Option<&'c RuleInfo> {
        self.0.get(slug).copied()
    }
}
