//! Falco rule files: lists, macros, rules, exceptions and overrides, from text to a program.
//!
//! Semantics and texts are those of Falco 0.44 (engine 0.63). Falco stops at the first mistake and runs with
//! nothing; here each broken item is told, with file, line and column, and the others are used.

mod collector;
mod conditions;
mod context;
mod items;
mod messages;
mod reader;
mod result;
mod warnings;
mod yaml;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub use context::{
    Context, ErrorCode, File, Help, ItemType, LoadError, LoadResult, LoadWarning, Location, Place,
    WarningCode,
};
pub use items::{Change, PluginRequirement, Version};

use collector::Collector;
use conditions::{ResolvedList, ResolvedMacro, expand_macros, expression_context};
use haechi_model::Priority;
use items::{MacroInfo, RuleDefinition};

use crate::condition::{Expr, Pos};
use crate::fields::{Source, SourceId};
use crate::program::{Program, ProgramBuilder, RuleInfo, Template};

/// The version of Falco's engine whose language this is.
pub const ENGINE_VERSION: Version = Version { major: 0, minor: 63, patch: 0 };

/// The versions of Falco's plugins whose fields and events these are.
const PLUGINS: [(&str, Version); 13] = [
    ("k8saudit", Version { major: 0, minor: 18, patch: 0 }),
    ("k8saudit-aks", Version { major: 0, minor: 6, patch: 0 }),
    ("k8saudit-eks", Version { major: 0, minor: 12, patch: 0 }),
    ("k8saudit-gke", Version { major: 0, minor: 9, patch: 0 }),
    ("k8saudit-ovh", Version { major: 0, minor: 6, patch: 0 }),
    ("cloudtrail", Version { major: 0, minor: 17, patch: 1 }),
    ("json", Version { major: 0, minor: 7, patch: 4 }),
    ("gcpaudit", Version { major: 0, minor: 8, patch: 1 }),
    ("okta", Version { major: 0, minor: 12, patch: 0 }),
    ("github", Version { major: 0, minor: 10, patch: 1 }),
    ("container", Version { major: 0, minor: 7, patch: 1 }),
    ("k8smeta", Version { major: 0, minor: 4, patch: 1 }),
    ("dummy", Version { major: 0, minor: 11, patch: 5 }),
];

fn plugin_version(name: &str) -> Option<Version> {
    PLUGINS.iter().find(|(known, _)| *known == name).map(|(_, version)| *version)
}

/// How rules are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The event sources that are provided; rules about others are skipped with a warning.
    pub sources: Vec<SourceId>,
    /// Rules that are less urgent are left out.
    pub least_priority: Priority,
    /// Which rules take part, one change after the other.
    pub selections: Vec<Selection>,
    /// Appended to the outputs of rules.
    pub extra_outputs: Vec<ExtraOutput>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sources: (0..Source::ALL.len()).filter_map(|id| SourceId::try_from(id).ok()).collect(),
            least_priority: Priority::Debug,
            selections: Vec::new(),
            extra_outputs: Vec::new(),
        }
    }
}

/// A change of which rules take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Whether they take part from now on.
    pub enabled: bool,
    /// Which rules.
    pub which: Which,
}

/// A set of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those whose name matches the pattern; `*` stands for any text.
    Name(String),
    /// Those that have one of the tags.
    Tags(Vec<String>),
}

/// A text to append to outputs of rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExtraOutput {
    /// Only of this source.
    pub source: Option<String>,
    /// Only of rules that have all of these tags.
    pub tags: Vec<String>,
    /// Only of this rule.
    pub rule: Option<String>,
    /// The text, a template.
    pub format: String,
}

/// A file to load.
#[derive(Debug, Clone, Copy)]
pub struct RuleFile<'f> {
    /// As the user named it.
    pub name: &'f str,
    /// Its content.
    pub bytes: &'f [u8],
}

/// Everything that came of loading rule files.
#[derive(Debug)]
pub struct Loaded {
    /// One result per file, in order: what Falco says after that file.
    pub results: Vec<LoadResult>,
    /// The rules that work, ready to run.
    pub program: Program,
    /// Every rule that was defined, in order.
    pub rules: Vec<RuleSummary>,
    /// The plugin versions that the files require.
    pub plugins: Vec<Vec<PluginRequirement>>,
}

/// A rule as `rules list` shows it.
#[derive(Debug, Clone)]
pub struct RuleSummary {
    /// The name.
    pub name: Arc<str>,
    /// What it is about.
    pub description: String,
    /// How urgent a match is.
    pub priority: Priority,
    /// The event source.
    pub source: String,
    /// Sorted.
    pub tags: Vec<String>,
    /// The condition as written, overrides applied, exceptions and macros not.
    pub condition: String,
    /// The output as written.
    pub output: String,
    /// Whether it takes part.
    pub enabled: bool,
    /// Whether it compiled; a rule about a source that is not provided does not.
    pub is_usable: bool,
    /// Where it was defined first or last redefined.
    pub place: Option<Place>,
    /// What changed it afterwards, in order.
    pub changes: Vec<Change>,
}

/// Loads files in order.
pub fn load(files: &[RuleFile<'_>], options: &Options) -> Loaded {
    let mut collector = Collector::default();
    let mut results = Vec::new();
    let mut compiled = Compiled::default();
    for file in files {
        let mut result = reader::read(file.name, file.bytes, &mut collector);
        compiled = compile(&collector, options);
        result.errors.append(&mut compiled.errors);
        result.warnings.append(&mut compiled.warnings);
        results.push(result);
    }
    let rules = collector.rules.iter().map(|rule| summary(rule, &compiled)).collect();
    Loaded { results, rules, plugins: collector.plugins, program: compiled.builder.finish() }
}

fn summary(rule: &RuleDefinition, compiled: &Compiled) -> RuleSummary {
    RuleSummary {
        name: rule.name.clone(),
        description: rule.description.clone(),
        priority: rule.priority,
        source: rule.source_name.clone(),
        tags: rule.tags.iter().cloned().collect(),
        condition: rule.condition.text.clone(),
        output: rule.output.clone(),
        enabled: rule.enabled,
        is_usable: compiled.usable.contains(&rule.name),
        place: rule.context.place().cloned(),
        changes: rule.changes.clone(),
    }
}

#[derive(Default)]
struct Compiled {
    builder: ProgramBuilder,
    usable: HashSet<Arc<str>>,
    errors: Vec<LoadError>,
    warnings: Vec<LoadWarning>,
}

/// Compiles all items that were collected so far.
fn compile(collector: &Collector, options: &Options) -> Compiled {
    let mut compiler = Compiler {
        collector,
        options,
        lists: resolve_lists(collector),
        macros: BTreeMap::new(),
        out: Compiled::default(),
    };
    compiler.macros();
    for rule in collector.rules.iter() {
        compiler.rule(rule);
    }
    compiler.unused();
    compiler.out
}

/// Replaces the names of lists inside lists by their items, one level deep.
fn resolve_lists(collector: &Collector) -> Vec<ResolvedList> {
    let mut used = HashSet::new();
    let mut lists = Vec::new();
    for list in collector.lists.iter() {
        let mut items = Vec::new();
        for item in &list.items {
            match collector.lists.get(item).filter(|inner| inner.index < list.visibility) {
                Some(inner) => {
                    used.insert(inner.name.clone());
                    items.extend_from_slice(&inner.items);
                }
                None => items.push(item.clone()),
            }
        }
        lists.push(ResolvedList { name: list.name.clone(), items, is_used: false });
    }
    for list in &mut lists {
        list.is_used = used.contains(&list.name);
    }
    lists
}

struct Compiler<'c> {
    collector: &'c Collector,
    options: &'c Options,
    lists: Vec<ResolvedList>,
    macros: BTreeMap<String, ResolvedMacro>,
    out: Compiled,
}

impl Compiler<'_> {
    fn warn(&mut self, code: WarningCode, message: impl Into<String>, context: &Context) {
        self.out.warnings.push(LoadWarning { code, message: message.into(), context: context.clone() });
    }

    fn macros(&mut self) {
        for item in self.collector.macros.iter() {
            let text = &item.condition.text;
            match conditions::parse(&item.condition, text, &mut self.lists, &item.condition_context) {
                Ok((_, condition)) => {
                    let condition = Arc::new(condition);
                    let resolved = ResolvedMacro { index: item.index, condition, is_used: false };
                    self.macros.insert(item.name.clone(), resolved);
                }
                Err(error) => self.out.errors.push(error),
            }
        }
        // In the order of definition: later macros see the earlier ones already resolved.
        let items: Vec<&MacroInfo> = self.collector.macros.iter().collect();
        for item in items {
            let Some(condition) = self.macros.get(&item.name).map(|found| found.condition.clone()) else {
                continue;
            };
            match expand_macros(&condition, &self.macros, item.visibility) {
                Ok((expanded, used)) => {
                    self.mark_used(&used);
                    if let Some(found) = self.macros.get_mut(&item.name) {
                        found.condition = Arc::new(expanded);
                    }
                }
                Err(error) => {
                    let text = &item.condition.text;
                    let context = expression_context(&item.condition, text, error.pos, &item.context);
                    self.out.errors.push(LoadError {
                        code: ErrorCode::Validate,
                        help: macro_help(&error.message),
                        message: error.message,
                        context,
                    });
                }
            }
        }
    }

    fn mark_used(&mut self, names: &HashSet<String>) {
        for (name, found) in &mut self.macros {
            found.is_used |= names.contains(name);
        }
    }

    fn rule(&mut self, rule: &RuleDefinition) {
        let Some(source) = rule.source.filter(|source| self.options.sources.contains(source)) else {
            if rule.source.is_some() {
                let message = format!("Unknown source {}, skipping", rule.source_name);
                self.warn(WarningCode::UnknownSource, message, &rule.context);
            }
            return;
        };
        match self.try_rule(rule, source) {
            Ok(true) => {
                self.out.usable.insert(rule.name.clone());
            }
            Ok(false) => {}
            Err(error) => self.out.errors.push(error),
        }
    }

    /// Compiles a rule; false where it may be skipped because of an unknown field.
    fn try_rule(&mut self, rule: &RuleDefinition, source: SourceId) -> Result<bool, LoadError> {
        let condition = match rule.exceptions.is_empty() {
            true => rule.condition.text.clone(),
            false => conditions::with_exceptions(&rule.condition.text, &rule.exceptions)?,
        };
        let Some(output) = self.output(rule, source)? else { return Ok(false) };
        let (text, parsed) =
            conditions::parse(&rule.condition, &condition, &mut self.lists, &rule.condition_context)?;
        let (expanded, used) = expand_macros(&parsed, &self.macros, u32::MAX).map_err(|error| LoadError {
            code: ErrorCode::Validate,
            help: macro_help(&error.message),
            message: error.message,
            context: expression_context(&rule.condition, &text, error.pos, &rule.context),
        })?;
        self.mark_used(&used);
        self.warn_about(rule, &text, &expanded);
        let info = RuleInfo {
            name: rule.name.clone(),
            description: rule.description.clone(),
            priority: rule.priority,
            tags: rule.tags.iter().cloned().collect(),
            source,
            enabled: self.is_enabled(rule),
        };
        match self.out.builder.add(info, expanded, output) {
            Ok(warnings) => {
                for warning in warnings {
                    let context = self.expression(rule, &text, warning.pos);
                    self.warn(WarningCode::CompileCondition, warning.message, &context);
                }
                Ok(true)
            }
            Err(error) => {
                let context = self.expression(rule, &text, error.pos);
                if rule.skip_if_unknown && is_unknown_field(&error.message) {
                    self.warn(WarningCode::UnknownFilter, error.message, &context);
                    return Ok(false);
                }
                let help = condition_help(&error.message);
                Err(LoadError { code: ErrorCode::CompileCondition, message: error.message, context, help })
            }
        }
    }

    fn expression(&self, rule: &RuleDefinition, text: &str, pos: Pos) -> Context {
        expression_context(&rule.condition, text, pos, &rule.condition_context)
    }

    fn is_enabled(&self, rule: &RuleDefinition) -> bool {
        let mut enabled = rule.enabled;
        for selection in &self.options.selections {
            let applies = match &selection.which {
                Which::Name(pattern) => matches_wildcard(pattern, &rule.name),
                Which::Tags(tags) => tags.iter().any(|tag| rule.tags.contains(tag)),
            };
            if applies {
                enabled = selection.enabled;
            }
        }
        enabled && rule.priority <= self.options.least_priority
    }

    fn output(&mut self, rule: &RuleDefinition, source: SourceId) -> Result<Option<Template>, LoadError> {
        let mut text = rule.output.clone();
        for extra in &self.options.extra_outputs {
            let applies = extra.source.as_ref().is_none_or(|source| *source == rule.source_name)
                && extra.tags.iter().all(|tag| rule.tags.contains(tag))
                && extra.rule.as_ref().is_none_or(|name| **name == *rule.name);
            if applies {
                text = format!("{text} {}", extra.format);
            }
        }
        if text.contains("%container.info") {
            self.warn(WarningCode::DeprecatedItem, messages::CONTAINER_INFO, &rule.context);
            text = text.replace("%container.info", "");
        }
        match self.out.builder.template(source, &text) {
            Ok(template) => {
                for field in warnings::DEPRECATED_FIELDS {
                    if text.contains(field) {
                        let message = format!(
                            "usage of deprecated field '{field}' has been detected in the rule output"
                        );
                        self.warn(WarningCode::DeprecatedItem, message, &rule.output_context);
                    }
                }
                Ok(Some(template))
            }
            Err(error) if rule.skip_if_unknown && is_unknown_field(&error.message) => {
                self.warn(WarningCode::UnknownFilter, error.message, &rule.output_context);
                Ok(None)
            }
            Err(error) => Err(LoadError {
                code: ErrorCode::CompileOutput,
                message: error.message,
                context: rule.output_context.clone(),
                help: None,
            }),
        }
    }

    fn warn_about(&mut self, rule: &RuleDefinition, text: &str, condition: &Expr) {
        let context = self.expression(rule, text, Pos::default());
        if warnings::has_na_check(condition) {
            self.warn(WarningCode::UnsafeNaCheck, "", &context);
        }
        for field in warnings::deprecated_fields(condition) {
            let message = match field {
                "evt.dir" => messages::DEPRECATED_DIR,
                _ => messages::DEPRECATED_LATENCY,
            };
            self.warn(WarningCode::DeprecatedItem, message, &context);
        }
        if rule.source != Some(Source::SYSCALL) {
            return;
        }
        if rule.warn_event_types && warnings::event_types(condition).are_too_many() {
            self.warn(WarningCode::NoEventType, messages::TOO_MANY_EVENT_TYPES, &rule.context);
        }
        for field in warnings::fields_never_set(condition) {
            let message = format!(
                "'{field}' has no value in the events of this rule: they start, end or change a process and open no \
                 file. Use 'proc.args' or 'proc.cmdline', or rules about 'open' and 'connect' events"
            );
            self.warn(WarningCode::FieldNeverSet, message, &context);
        }
    }

    fn unused(&mut self) {
        for item in self.collector.macros.iter() {
            if self.macros.get(&item.name).is_some_and(|found| !found.is_used) {
                let message = "Macro not referred to by any other rule/macro";
                self.warn(WarningCode::UnusedMacro, message, &item.context);
            }
        }
        for item in self.collector.lists.iter() {
            if self.lists.iter().any(|list| list.name == item.name && !list.is_used) {
                let message = "List not referred to by any other rule/macro";
                self.warn(WarningCode::UnusedList, message, &item.context);
            }
        }
    }
}

/// The mistakes that `skip-if-unknown-filter` forgives.
fn is_unknown_field(message: &str) -> bool {
    ["nonexistent field", "invalid formatting token", "unknown event type", "unknown filter:"]
        .iter()
        .any(|part| message.contains(part))
}

fn macro_help(message: &str) -> Option<Help> {
    let name = message.strip_prefix("Undefined macro '")?.split('\'').next()?.to_owned();
    Some(match name.as_str() {
        "spawned_process" | "container" | "never_true" | "always_true" | "open_read" | "open_write"
        | "outbound" | "inbound" => Help::LoadFalcosRules(name),
        _ => Help::DefineMacro(name),
    })
}

fn condition_help(message: &str) -> Option<Help> {
    let unresolved = [
        "unrecognized IPv6 address ",
        "unrecognized IPv4 address ",
        "unrecognized IP network ",
        "unrecognized protocol ",
    ]
    .iter()
    .find_map(|prefix| message.strip_prefix(prefix))
    .or_else(|| message.strip_suffix(" is not a valid number"));
    if let Some(name) = unresolved
        && name.starts_with(|char: char| char.is_ascii_alphabetic())
    {
        return Some(Help::DefineList(name.to_owned()));
    }
    let network = message.strip_prefix("unrecognized IPv4 address ")?;
    network.contains('/').then(|| Help::UseNetworkField(network.to_owned()))
}

/// `*` stands for any text.
fn matches_wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    let mut rest = rest;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}
