//! Rules as boolean programs over shared checks.
//!
//! Every distinct check (field, operator, constants) of all rules of a source is compiled once, and so is every
//! distinct `and`, `or` and `not`. An event is held against a check at most once, whatever rules ask.

mod atom;
mod builder;
mod evaluate;
mod explain;
mod getter;
mod glob;
mod index;
mod number;
mod residue;
mod template;
mod text;

pub use builder::{CompileError, CompileWarning, ProgramBuilder};
pub use evaluate::{Matcher, RuleMatching};
pub use explain::{Explanation, Verdict};
pub(crate) use glob::matches_glob;
pub use template::{Template, TemplateError};

use std::sync::Arc;

use haechi_model::Priority;

use crate::condition::Expr;
use crate::extract::Needs;
use crate::fields::{Source, SourceId};
use atom::Atom;
use builder::Tables;
use getter::{Getter, GetterId, Yield};
use index::Index;

/// Index of a node in its source's program.
pub(crate) type NodeId = u32;

/// A boolean over other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Constant(bool),
    Atom(u32),
    Not(NodeId),
    And(Box<[NodeId]>),
    Or(Box<[NodeId]>),
}

/// What is told about a rule when it matches.
#[derive(Debug, Clone)]
pub struct RuleInfo {
    /// The name.
    pub name: Arc<str>,
    /// What it is about.
    pub description: String,
    /// How urgent a match is.
    pub priority: Priority,
    /// Sorted.
    pub tags: Arc<[String]>,
    /// The event source.
    pub source: SourceId,
    /// Whether it takes part.
    pub enabled: bool,
}

/// A rule of the program.
#[derive(Debug)]
pub struct Rule {
    /// What is told about it.
    pub info: RuleInfo,
    /// Its condition, macros and exceptions resolved.
    pub condition: Expr,
    /// Its output.
    pub output: Template,
    pub(crate) root: NodeId,
}

/// The rules about one event source.
#[derive(Debug)]
pub(crate) struct SourceProgram {
    pub(crate) getters: Vec<Getter>,
    pub(crate) yields: Vec<Yield>,
    pub(crate) atoms: Vec<Atom>,
    pub(crate) nodes: Vec<Node>,
    /// In the order of their definition.
    pub(crate) rules: Vec<Rule>,
    pub(crate) index: Index,
    /// What getters need of an event to have a value, told apart.
    pub(crate) needs: Needs,
    /// Which of these each getter needs.
    pub(crate) need_of: Vec<Option<u32>>,
    pub(crate) tables: Tables,
}

/// Rules that are ready to be held against events. What reads rules makes one of these; nothing else does.
#[derive(Debug)]
pub struct Program {
    /// One per source, in the order of [`Source::ALL`].
    pub(crate) sources: Vec<SourceProgram>,
}

impl Program {
    /// The rules about a source, in the order of their definition.
    pub fn rules(&self, source: SourceId) -> &[Rule] {
        self.sources.get(usize::from(source)).map(|program| program.rules.as_slice()).unwrap_or_default()
    }

    /// All rules, source by source.
    pub fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.sources.iter().flat_map(|program| &program.rules)
    }

    /// How many distinct checks, and how many nodes over them, the rules about a source share.
    pub fn size(&self, source: SourceId) -> (usize, usize) {
        let program = self.sources.get(usize::from(source));
        program.map_or((0, 0), |program| (program.atoms.len(), program.nodes.len()))
    }

    /// The sources that rules of this program are about.
    pub fn sources(&self) -> impl Iterator<Item = &'static Source> {
        Source::ALL
            .iter()
            .zip(&self.sources)
            .filter(|(_, program)| !program.rules.is_empty())
            .map(|(source, _)| source)
    }
}
