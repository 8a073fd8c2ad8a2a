//! Puts items together: what defines, what appends, what replaces.

use std::collections::HashMap;

use super::context::{Context, ErrorCode, Help, LoadError, LoadWarning, WarningCode};
use super::items::{
    Change, Entry, ExceptionInfo, ListInfo, MacroInfo, PluginRequirement, RuleDefinition, RuleUpdate, Version,
};
use super::{ENGINE_VERSION, messages, plugin_version};
use crate::condition::{Comparison, Operator};
use crate::fields::SourceId;
use crate::program::ProgramBuilder;

type Collected<T> = Result<T, LoadError>;

/// All items of all files so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Collector {
    next: u32,
    pub(super) lists: Named<ListInfo>,
    pub(super) macros: Named<MacroInfo>,
    pub(super) rules: Named<RuleDefinition>,
    pub(super) engine: Version,
    pub(super) plugins: Vec<Vec<PluginRequirement>>,
}

/// Items in the order of their first definition.
#[derive(Debug, Clone)]
pub(super) struct Named<T> {
    items: Vec<T>,
    by_name: HashMap<String, usize>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { items: Vec::new(), by_name: HashMap::new() }
    }
}

impl<T> Named<T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.items.get(*self.by_name.get(name)?)
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.items.get_mut(*self.by_name.get(name)?)
    }

    fn insert(&mut self, name: &str, item: T) {
        self.by_name.insert(name.to_owned(), self.items.len());
        self.items.push(item);
    }
}

fn invalid(message: impl Into<String>, context: &Context) -> LoadError {
    LoadError { code: ErrorCode::Validate, message: message.into(), context: context.clone(), help: None }
}

impl Collector {
    fn tick(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    pub(super) fn require_engine(&mut self, version: Version, context: &Context) -> Collected<()> {
        if !ENGINE_VERSION.serves(version) {
            return Err(LoadError {
                help: Some(Help::Update),
                ..invalid(
                    format!("Rules require engine version {version}, but engine version is {ENGINE_VERSION}"),
                    context,
                )
            });
        }
        self.engine = self.engine.max(version);
        Ok(())
    }

    /// One of the alternatives has to be served by what is built in.
    pub(super) fn require_plugin(
        &mut self,
        alternatives: Vec<PluginRequirement>,
        context: &Context,
    ) -> Collected<()> {
        let mut names = Vec::new();
        for requirement in &alternatives {
            if Version::parse(&requirement.version).is_none() {
                return Err(invalid(
                    format!(
                        "Invalid required version '{}' for plugin '{}'",
                        requirement.version, requirement.name
                    ),
                    context,
                ));
            }
            if names.contains(&&requirement.name) {
                return Err(invalid(
                    format!(
                        "Defined multiple alternative version requirements for plugin '{}'",
                        requirement.name
                    ),
                    context,
                ));
            }
            names.push(&requirement.name);
        }
        let served = alternatives.iter().any(|requirement| {
            let required = Version::parse(&requirement.version).unwrap_or_default();
            plugin_version(&requirement.name).is_some_and(|version| version.serves(required))
        });
        // A plugin that is not known provides a source that is not known: its rules are skipped, which is told.
        let known: Vec<_> = alternatives
            .iter()
            .filter_map(|requirement| Some((requirement, plugin_version(&requirement.name)?)))
            .collect();
        if let (false, Some((requirement, version))) = (served, known.first()) {
            return Err(invalid(
                format!(
                    "Plugin '{}' version '{version}' is not compatible with required plugin version '{}'",
                    requirement.name, requirement.version
                ),
                context,
            ));
        }
        self.plugins.push(alternatives);
        Ok(())
    }

    pub(super) fn define_list(&mut self, mut info: ListInfo) {
        let at = self.tick();
        (info.index, info.visibility) = (at, at);
        match self.lists.get_mut(&info.name) {
            Some(previous) => {
                info.index = previous.index;
                *previous = info;
            }
            None => self.lists.insert(&info.name.clone(), info),
        }
    }

    pub(super) fn append_list(&mut self, info: ListInfo) -> Collected<()> {
        let at = self.tick();
        let Some(previous) = self.lists.get_mut(&info.name) else {
            return Err(invalid(messages::NO_PREVIOUS_LIST, &info.context));
        };
        previous.items.extend(info.items);
        previous.visibility = at;
        Ok(())
    }

    pub(super) fn define_macro(&mut self, mut info: MacroInfo) {
        let at = self.tick();
        (info.index, info.visibility) = (at, at);
        match self.macros.get_mut(&info.name) {
            Some(previous) => {
                info.index = previous.index;
                *previous = info;
            }
            None => self.macros.insert(&info.name.clone(), info),
        }
    }

    pub(super) fn append_macro(&mut self, info: MacroInfo) -> Collected<()> {
        let at = self.tick();
        let Some(previous) = self.macros.get_mut(&info.name) else {
            return Err(invalid(messages::NO_PREVIOUS_MACRO, &info.context));
        };
        previous.condition.append(&info.condition);
        previous.visibility = at;
        Ok(())
    }

    pub(super) fn define_rule(&mut self, mut info: RuleDefinition) -> Collected<Option<LoadWarning>> {
        self.check_source(&info.name, &info.source_name, &info.context)?;
        let warning = info.source.is_none().then(|| LoadWarning {
            code: WarningCode::UnknownSource,
            message: format!("Unknown source {}, skipping", info.source_name),
            context: info.context.clone(),
        });
        for exception in &mut info.exceptions {
            check_exception(info.source, exception)?;
        }
        let at = self.tick();
        info.index = at;
        let name = info.name.clone();
        match self.rules.get_mut(&name) {
            Some(previous) => {
                info.index = previous.index;
                info.changes = std::mem::take(&mut previous.changes);
                if let Some(place) = info.context.place() {
                    info.changes.push(Change { what: "redefine".into(), place: place.clone() });
                }
                *previous = info;
            }
            None => self.rules.insert(&name, info),
        }
        Ok(warning)
    }

    /// A rule of that name must not be about another source.
    fn check_source(&self, name: &str, source: &str, context: &Context) -> Collected<()> {
        match self.rules.get(name) {
            Some(previous) if !source.is_empty() && previous.source_name != source => {
                Err(invalid("Rule has been re-defined with a different source", context))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn append_rule(&mut self, update: RuleUpdate) -> Collected<()> {
        self.check_source(&update.name, &update.source, &update.context)?;
        self.tick();
        let Some(previous) = self.rules.get_mut(&update.name) else {
            return Err(invalid(messages::NO_PREVIOUS_RULE_APPEND, &update.context));
        };
        if !update.has_any() {
            return Err(invalid("Appended rule must have exceptions or condition property", &update.context));
        }
        let mut exceptions = previous.exceptions.clone();
        for exception in update.exceptions.iter().flatten() {
            append_exception(previous.source, &mut exceptions, exception)?;
        }
        note_change(previous, "append", &update);
        previous.exceptions = exceptions;
        if let Some(condition) = update.condition.filter(|condition| !condition.text.is_empty()) {
            previous.condition.append(&condition);
        }
        if let Some(output) = update.output {
            previous.output = format!("{} {output}", previous.output);
        }
        if let Some(description) = update.description {
            previous.description = format!("{} {description}", previous.description);
        }
        previous.tags.extend(update.tags.into_iter().flatten());
        Ok(())
    }

    pub(super) fn replace_in_rule(&mut self, update: RuleUpdate) -> Collected<()> {
        self.check_source(&update.name, &update.source, &update.context)?;
        self.tick();
        let Some(previous) = self.rules.get_mut(&update.name) else {
            return Err(invalid(messages::NO_PREVIOUS_RULE_REPLACE, &update.context));
        };
        if !update.has_any() {
            return Err(invalid(
                "The rule must have at least one field that can be replaced",
                &update.context,
            ));
        }
        note_change(previous, "replace", &update);
        let mut exceptions = update.exceptions;
        for exception in exceptions.iter_mut().flatten() {
            check_exception(previous.source, exception)?;
        }
        fn replace<T>(target: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *target = value;
            }
        }
        replace(&mut previous.condition, update.condition);
        replace(&mut previous.output, update.output);
        replace(&mut previous.description, update.description);
        replace(&mut previous.tags, update.tags);
        replace(&mut previous.exceptions, exceptions);
        replace(&mut previous.priority, update.priority);
        replace(&mut previous.enabled, update.enabled);
        replace(&mut previous.warn_event_types, update.warn_event_types);
        replace(&mut previous.skip_if_unknown, update.skip_if_unknown);
        Ok(())
    }

    pub(super) fn enable(&mut self, name: &str, enabled: bool, context: &Context) -> Collected<()> {
        let Some(previous) = self.rules.get_mut(name) else {
            return Err(invalid("Rule has 'enabled' key but no rule by that name already exists", context));
        };
        previous.enabled = enabled;
        if let Some(place) = context.place() {
            let what = if enabled { "enable" } else { "disable" };
            previous.changes.push(Change { what: what.into(), place: place.clone() });
        }
        Ok(())
    }
}

fn note_change(rule: &mut RuleDefinition, operation: &str, update: &RuleUpdate) {
    if let Some(place) = update.context.place() {
        let what = format!("{operation} {}", update.changed());
        rule.changes.push(Change { what, place: place.clone() });
    }
}

fn append_exception(
    source: Option<SourceId>,
    exceptions: &mut Vec<ExceptionInfo>,
    added: &ExceptionInfo,
) -> Collected<()> {
    let context = &added.context;
    match exceptions.iter_mut().find(|known| known.name == added.name) {
        None => {
            if added.fields.is_none() {
                return Err(invalid(
                    "Rule exception must have fields property with a list of fields",
                    context,
                ));
            }
            if added.values.is_empty() {
                return Err(invalid(
                    "Rule exception must have values property with a list of values",
                    context,
                ));
            }
            let mut added = added.clone();
            check_exception(source, &mut added)?;
            exceptions.push(added);
        }
        Some(known) => {
            if added.fields.is_some() {
                return Err(invalid(
                    "Can not append exception fields to existing exception, only values",
                    context,
                ));
            }
            if added.comps.is_some() {
                return Err(invalid(
                    "Can not append exception comps to existing exception, only values",
                    context,
                ));
            }
            known.values.extend_from_slice(&added.values);
        }
    }
    Ok(())
}

/// Checks an exception's fields and comparisons, and fills in the comparisons that are not given.
fn check_exception(source: Option<SourceId>, exception: &mut ExceptionInfo) -> Collected<()> {
    let context = exception.context.clone();
    let unsupported_field = |field: &str| {
        let source = source?;
        (!ProgramBuilder::new().has_operand(source, field))
            .then(|| invalid(format!("'{field}' is not a supported filter field"), &context))
    };
    match &exception.fields {
        None => Err(invalid("Rule exception item must have fields property with a list of fields", &context)),
        Some(Entry::Many(fields)) => {
            let comps = match exception.comps.take() {
                None => fields.iter().map(|_| Entry::One("=".into())).collect(),
                Some(Entry::Many(comps)) => comps,
                Some(Entry::One(_)) => Vec::new(),
            };
            if comps.len() != fields.len() {
                return Err(invalid("Fields and comps lists must have equal length", &context));
            }
            let mut normal = Vec::with_capacity(comps.len());
            for comp in &comps {
                let comp = normal_comparison(comp);
                if Operator::from_text(&comp).is_none() {
                    return Err(invalid(
                        format!("'{comp}' is not a supported comparison operator"),
                        &context,
                    ));
                }
                normal.push(Entry::One(comp));
            }
            for field in fields {
                let name = match field {
                    Entry::One(name) => name.as_str(),
                    Entry::Many(_) => "",
                };
                if let Some(error) = unsupported_field(name) {
                    return Err(error);
                }
            }
            exception.comps = Some(Entry::Many(normal));
            Ok(())
        }
        Some(Entry::One(field)) => {
            let comp = match exception.comps.take() {
                None => "in".to_owned(),
                Some(comp @ Entry::One(_)) => normal_comparison(&comp),
                Some(Entry::Many(_)) => {
                    return Err(invalid("Fields and comps must both be strings", &context));
                }
            };
            let takes_list = Operator::from_text(&comp).is_some_and(|operator| {
                operator.modifier.is_some()
                    || matches!(
                        operator.comparison,
                        Comparison::In | Comparison::PMatch | Comparison::Intersects
                    )
            });
            if !takes_list {
                return Err(invalid(
                    "When fields is a single value, comps must be one of (in, pmatch, intersects) or a \
                     modifier operator (e.g. startswith oneof)",
                    &context,
                ));
            }
            if let Some(error) = unsupported_field(field) {
                return Err(error);
            }
            exception.comps = Some(Entry::One(comp));
            Ok(())
        }
    }
}

fn normal_comparison(comp: &Entry) -> String {
    match comp {
        Entry::One(text) => text.trim_matches([' ', '\t', '\r', '\n']).to_owned(),
        Entry::Many(_) => String::new(),
    }
}
