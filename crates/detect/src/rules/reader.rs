//! From YAML to items, with Falco's checks of their shape.

use std::collections::BTreeSet;
use std::sync::Arc;

use haechi_model::{Priority, Span};
use haechi_syntax::{Limits, Node, SyntaxError, parse_yaml};

use super::collector::Collector;
use super::context::{
    Context, ErrorCode, File, ItemType, LoadError, LoadResult, LoadWarning, Place, WarningCode,
};
use super::items::{
    Entry, ExceptionInfo, ListInfo, MacroInfo, PluginRequirement, RuleDefinition, RuleUpdate, Text, Version,
};
use super::{messages, yaml};
use crate::fields::Source;

type Read<T> = Result<T, LoadError>;

/// Reads a file into the collector. Mistakes go into the result; each loses its own item only.
pub(super) fn read(name: &str, bytes: &[u8], collector: &mut Collector) -> LoadResult {
    let name: Arc<str> = name.into();
    let parsed = parse_yaml(bytes, &Limits { bytes: 64 << 20, depth: 64, expanded_nodes: 1_000_000 });
    let file = Arc::new(File { name: name.clone(), source: parsed.source.clone() });
    let context = Context::file(&file);
    let mut reader =
        Reader { file, collector, result: LoadResult { name, errors: Vec::new(), warnings: Vec::new() } };
    for error in &parsed.errors {
        reader.syntax_error(error, &context);
    }
    for document in &parsed.documents {
        let root = document.root();
        if root.is_null() {
            continue;
        }
        for duplicate in document.duplicate_keys() {
            let place = reader.place_of(duplicate.second);
            let key = reader.file.source.slice(duplicate.second).to_owned();
            reader.warn(
                WarningCode::DuplicateKey,
                format!("Key '{key}' stands twice; the last one counts here, the first one for Falco"),
                &context.inner(ItemType::ValueFor, &key, place),
            );
        }
        if !root.is_sequence() {
            let what = if root.is_mapping() { " array of objects" } else { "" };
            reader.fail(invalid(format!("Rules content is not yaml{what}"), &context));
            continue;
        }
        for item in root.items().filter(|item| !item.is_null()) {
            if let Err(error) = reader.item(item, &context) {
                reader.fail(error);
            }
        }
    }
    reader.result
}

fn invalid(message: impl Into<String>, context: &Context) -> LoadError {
    LoadError { code: ErrorCode::YamlValidate, message: message.into(), context: context.clone(), help: None }
}

struct Reader<'c> {
    file: Arc<File>,
    collector: &'c mut Collector,
    result: LoadResult,
}

/// The keys of each kind of item; others are ignored with a warning.
const LIST_KEYS: &[&str] = &["list", "items", "append", "override"];
const MACRO_KEYS: &[&str] = &["macro", "condition", "append", "override"];
const RULE_KEYS: &[&str] = &[
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "source",
    "enabled",
    "capture",
    "capture_duration",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "tags",
    "exceptions",
    "override",
    "append",
];

/// What `override` may append to, and what it may replace.
const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const REPLACEABLE: &[&str] = &[
    "condition",
    "output",
    "desc",
    "priority",
    "capture",
    "capture_duration",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
];

/// The keys that an item's `override` names.
#[derive(Default)]
struct Overrides {
    append: BTreeSet<String>,
    replace: BTreeSet<String>,
}

impl Overrides {
    fn is_empty(&self) -> bool {
        self.append.is_empty() && self.replace.is_empty()
    }
}

impl Reader<'_> {
    fn fail(&mut self, error: LoadError) {
        self.result.errors.push(error);
    }

    fn warn(&mut self, code: WarningCode, message: impl Into<String>, context: &Context) {
        self.result.warnings.push(LoadWarning { code, message: message.into(), context: context.clone() });
    }

    fn syntax_error(&mut self, error: &SyntaxError, context: &Context) {
        let place = self.place_of(error.span);
        self.fail(LoadError {
            code: ErrorCode::YamlParse,
            message: error.message.clone(),
            context: context.inner(ItemType::ValueFor, "", place),
            help: None,
        });
    }

    fn place_of(&self, span: Span) -> Place {
        Place { file: self.file.clone(), span }
    }

    fn place(&self, node: Node<'_>) -> Place {
        self.place_of(node.span())
    }

    fn inner(&self, context: &Context, item_type: ItemType, name: &str, node: Node<'_>) -> Context {
        context.inner(item_type, name, self.place(node))
    }

    // Items.

    fn item(&mut self, item: Node<'_>, parent: &Context) -> Read<()> {
        if !item.is_mapping() {
            let context = self.inner(parent, ItemType::RulesContentItem, "", item);
            return Err(invalid(
                "Unexpected element type. Each element should be a yaml associative array.",
                &context,
            ));
        }
        if item.entry("required_engine_version").is_some() {
            self.engine_version(item, parent)
        } else if item.entry("required_plugin_versions").is_some() {
            self.plugin_versions(item, parent)
        } else if item.entry("list").is_some() {
            self.list(item, parent)
        } else if item.entry("macro").is_some() {
            self.macro_item(item, parent)
        } else if item.entry("rule").is_some() {
            self.rule(item, parent)
        } else {
            let context = self.inner(parent, ItemType::RulesContentItem, "", item);
            self.warn(WarningCode::UnknownItem, "Unknown top level item", &context);
            Ok(())
        }
    }

    /// A number stands for the minor version that engines of that number had.
    fn engine_version(&mut self, item: Node<'_>, parent: &Context) -> Read<()> {
        let context = self.inner(parent, ItemType::RequiredEngineVersion, "", item);
        let text = self.required(item, "required_engine_version", &context)?;
        let version = match text.parse::<u64>() {
            Ok(minor) => Version { major: 0, minor, patch: 0 },
            Err(_) => match Version::parse(&text) {
                Some(version) => version,
                None => {
                    return Err(invalid(
                        format!(
                            "Unable to parse engine version '{text}' as a semver string. Expected \"x.y.z\" \
                             semver format."
                        ),
                        &context,
                    ));
                }
            },
        };
        self.warn_unknown_keys(item, &["required_engine_version"], &context);
        self.collector.require_engine(version, &context)
    }

    fn plugin_versions(&mut self, item: Node<'_>, parent: &Context) -> Read<()> {
        let context = self.inner(parent, ItemType::RequiredPluginVersions, "", item);
        let Some(requirements) = item.get("required_plugin_versions").filter(|node| node.is_sequence())
        else {
            return Err(invalid("Value of required_plugin_versions must be a sequence", &context));
        };
        for entry in requirements.items() {
            let unnamed = self.inner(parent, ItemType::RequiredPluginVersionsEntry, "", entry);
            if !entry.is_mapping() {
                return Err(invalid("Plugin version must be a mapping", &unnamed));
            }
            let name = self.required(entry, "name", &unnamed)?;
            let named = self.inner(parent, ItemType::RequiredPluginVersionsEntry, &name, entry);
            let version = self.required(entry, "version", &named)?;
            let mut alternatives = vec![PluginRequirement { name, version }];
            if let Some(others) = entry.entry("alternatives") {
                if !others.value.is_sequence() {
                    return Err(invalid("Value of plugin version alternatives must be a sequence", &named));
                }
                for other in others.value.items() {
                    let inner = self.inner(&named, ItemType::RequiredPluginVersionsAlternative, "", other);
                    if !other.is_mapping() {
                        return Err(invalid("Plugin version alternative must be a mapping", &inner));
                    }
                    let name = self.required(other, "name", &inner)?;
                    let version = self.required(other, "version", &inner)?;
                    alternatives.push(PluginRequirement { name, version });
                }
            }
            self.collector.require_plugin(alternatives, &named)?;
        }
        self.warn_unknown_keys(item, &["required_plugin_versions"], &context);
        Ok(())
    }

    fn list(&mut self, item: Node<'_>, parent: &Context) -> Read<()> {
        let unnamed = self.inner(parent, ItemType::List, "", item);
        let name = self.required(item, "list", &unnamed)?;
        let context = self.inner(parent, ItemType::List, &name, item);
        if !is_bare_text(&name) {
            self.warn(WarningCode::InvalidListName, messages::INVALID_LIST_NAME, &context);
        }
        let items = self.sequence(item, "items", &context)?.ok_or_else(|| missing("items", &context))?;
        let append = self.append_flag(item, &context)?;
        let overrides = self.overrides(item, &["items"], &["items"], &context)?;
        if append && !overrides.is_empty() {
            return Err(invalid(messages::OVERRIDE_AND_APPEND, &context));
        }
        self.warn_unknown_keys(item, LIST_KEYS, &context);
        let info = ListInfo { name, items, context, index: 0, visibility: 0 };
        if append || overrides.append.contains("items") {
            self.collector.append_list(info)
        } else {
            self.collector.define_list(info);
            Ok(())
        }
    }

    fn macro_item(&mut self, item: Node<'_>, parent: &Context) -> Read<()> {
        let unnamed = self.inner(parent, ItemType::Macro, "", item);
        let name = self.required(item, "macro", &unnamed)?;
        let context = self.inner(parent, ItemType::Macro, &name, item);
        if !is_identifier(&name) {
            self.warn(WarningCode::InvalidMacroName, messages::INVALID_MACRO_NAME, &context);
        }
        let condition = self.required_text(item, "condition", &context)?;
        let condition_context = self.value_context(item, "condition", ItemType::MacroCondition, &context);
        let append = self.append_flag(item, &context)?;
        let overrides = self.overrides(item, &["condition"], &["condition"], &context)?;
        if append && !overrides.is_empty() {
            return Err(invalid(messages::OVERRIDE_AND_APPEND, &context));
        }
        self.warn_unknown_keys(item, MACRO_KEYS, &context);
        let info = MacroInfo { name, condition, context, condition_context, index: 0, visibility: 0 };
        if append || overrides.append.contains("condition") {
            self.collector.append_macro(info)
        } else {
            self.collector.define_macro(info);
            Ok(())
        }
    }

    fn rule(&mut self, item: Node<'_>, parent: &Context) -> Read<()> {
        let unnamed = self.inner(parent, ItemType::Rule, "", item);
        let name = self.required(item, "rule", &unnamed)?;
        let context = self.inner(parent, ItemType::Rule, &name, item);
        let source = match item.entry("source") {
            Some(entry) if entry.value.as_str() == Some("") => String::new(),
            _ => self.optional_or_null(item, "source", &context)?.unwrap_or_default(),
        };
        let append = self.append_flag(item, &context)?;
        let overrides = self.overrides(item, APPENDABLE, REPLACEABLE, &context)?;
        if append && !overrides.is_empty() {
            return Err(invalid(messages::OVERRIDE_AND_APPEND, &context));
        }
        self.warn_unknown_keys(item, RULE_KEYS, &context);
        if !overrides.is_empty() {
            return self.override_rule(item, &name, source, &overrides, &context);
        }
        if append {
            let mut update = RuleUpdate::new(&name, &context);
            update.source = source;
            if item.entry("condition").is_some() {
                update.condition = Some(self.required_text(item, "condition", &context)?);
            }
            if item.entry("exceptions").is_some() {
                update.exceptions = Some(self.exceptions(item, &context, true)?);
            }
            return self.collector.append_rule(update);
        }
        let has_definition =
            ["condition", "output", "desc", "priority"].iter().any(|key| item.entry(key).is_some());
        if !has_definition {
            let enabled = self.boolean(item, "enabled", &context)?;
            let enabled = enabled.ok_or_else(|| missing("enabled", &context))?;
            self.warn(WarningCode::DeprecatedItem, messages::STANDALONE_ENABLED, &context);
            return self.collector.enable(&name, enabled, &context);
        }
        self.define_rule(item, &name, source, context)
    }

    fn define_rule(&mut self, item: Node<'_>, name: &str, source: String, context: Context) -> Read<()> {
        let condition = self.required_text(item, "condition", &context)?;
        let output = self.required(item, "output", &context)?.trim().to_owned();
        let description = self.required(item, "desc", &context)?;
        let priority = self.priority(item, &context)?;
        if item.entry("source").is_some_and(|entry| entry.value.is_null()) {
            return Err(invalid("Mapping for key 'source' is empty", &context));
        }
        let source_name = match (item.entry("source").is_some(), source.is_empty()) {
            (true, true) => return Err(self.empty_value(item, "source", &context)),
            (true, false) => source,
            (false, _) => "syscall".to_owned(),
        };
        let definition = RuleDefinition {
            name: name.into(),
            condition,
            output,
            description,
            priority,
            source: Source::named(&source_name),
            source_name,
            tags: self.tags(item, &context)?,
            exceptions: self.exceptions(item, &context, false)?,
            enabled: self.boolean(item, "enabled", &context)?.unwrap_or(true),
            warn_event_types: self.boolean(item, "warn_evttypes", &context)?.unwrap_or(true),
            skip_if_unknown: self.boolean(item, "skip-if-unknown-filter", &context)?.unwrap_or(false),
            condition_context: self.value_context(item, "condition", ItemType::RuleCondition, &context),
            output_context: self.value_context(item, "output", ItemType::RuleOutput, &context),
            context,
            index: 0,
            changes: Vec::new(),
        };
        self.captures(item, &definition.context)?;
        let warning = self.collector.define_rule(definition)?;
        self.result.warnings.extend(warning);
        Ok(())
    }

    /// Captures are Falco's; their properties are checked and left.
    fn captures(&mut self, item: Node<'_>, context: &Context) -> Read<bool> {
        let capture = self.boolean(item, "capture", context)?;
        let duration = self.optional(item, "capture_duration", context)?;
        if let Some(duration) = &duration
            && duration.parse::<u32>().is_err()
        {
            return Err(self.undecodable(item, "capture_duration", context));
        }
        Ok(capture.is_some() || duration.is_some())
    }

    fn override_rule(
        &mut self,
        item: Node<'_>,
        name: &str,
        source: String,
        overrides: &Overrides,
        context: &Context,
    ) -> Read<()> {
        let mut expected: BTreeSet<&str> =
            REPLACEABLE.iter().copied().filter(|key| item.entry(key).is_some()).collect();
        if !overrides.append.is_empty() {
            let keys = take_keys(&overrides.append, "append", &mut expected, context)?;
            let update = self.update(item, name, &source, &keys, true, context)?;
            self.collector.append_rule(update)?;
        }
        if !overrides.replace.is_empty() {
            let keys = take_keys(&overrides.replace, "replace", &mut expected, context)?;
            let update = self.update(item, name, &source, &keys, false, context)?;
            self.collector.replace_in_rule(update)?;
        }
        if let Some(key) = expected.first() {
            let place = item.entry(key).map_or_else(|| self.place(item), |entry| self.place(entry.value));
            let context = context.inner(ItemType::Overrides, key, place);
            return Err(invalid(
                format!("Unexpected key '{key}': no corresponding entry under 'override' is defined."),
                &context,
            ));
        }
        Ok(())
    }

    fn update(
        &mut self,
        item: Node<'_>,
        name: &str,
        source: &str,
        keys: &[String],
        append: bool,
        context: &Context,
    ) -> Read<RuleUpdate> {
        let mut update = RuleUpdate::new(name, context);
        for key in keys {
            match key.as_str() {
                "condition" => {
                    update.source = source.to_owned();
                    update.condition = Some(self.required_text(item, key, context)?);
                }
                "output" => update.output = Some(self.required(item, key, context)?),
                "desc" => update.description = Some(self.required(item, key, context)?),
                "tags" => update.tags = Some(self.tags(item, context)?),
                "exceptions" => update.exceptions = Some(self.exceptions(item, context, append)?),
                "priority" => update.priority = Some(self.priority(item, context)?),
                "enabled" => update.enabled = Some(self.required_boolean(item, key, context)?),
                "warn_evttypes" => update.warn_event_types = Some(self.required_boolean(item, key, context)?),
                "skip-if-unknown-filter" => {
                    update.skip_if_unknown = Some(self.required_boolean(item, key, context)?);
                }
                _ => update.has_capture = self.captures(item, context)?,
            }
        }
        Ok(update)
    }

    fn exceptions(&mut self, item: Node<'_>, parent: &Context, append: bool) -> Read<Vec<ExceptionInfo>> {
        let Some(list) = item.get("exceptions") else { return Ok(Vec::new()) };
        let all = self.inner(parent, ItemType::Exceptions, "", list);
        if !list.is_sequence() {
            return Err(invalid("Rule exceptions must be a sequence", &all));
        }
        let mut exceptions: Vec<ExceptionInfo> = Vec::new();
        for exception in list.items() {
            let unnamed = self.inner(&all, ItemType::Exception, "", exception);
            if !exception.is_mapping() {
                return Err(invalid("Rule exception must be a mapping", &unnamed));
            }
            let name = self.required(exception, "name", &unnamed)?;
            let context = self.inner(parent, ItemType::Exception, &name, exception);
            if exceptions.iter().any(|known| known.name == name) {
                self.warn(
                    WarningCode::ExceptionNameNotUnique,
                    format!("Multiple definitions of exception '{name}' in the same rule"),
                    &context,
                );
            }
            let fields = match exception.entry("fields") {
                Some(entry) => self.entry(entry.value, "fields", &context)?,
                None if append => None,
                None => return Err(missing("fields", &context)),
            };
            let comps = match exception.entry("comps") {
                Some(entry) => self.entry(entry.value, "comps", &context)?,
                None => None,
            };
            let mut values = Vec::new();
            if let Some(entry) = exception.entry("values") {
                let values_context = self.inner(&context, ItemType::ExceptionValues, "", entry.value);
                if !entry.value.is_sequence() {
                    return Err(invalid("Rule exception values must be a sequence", &values_context));
                }
                for value in entry.value.items() {
                    let context = self.inner(&values_context, ItemType::ExceptionValue, "", value);
                    values.push(self.entry(value, "", &context)?.unwrap_or(Entry::One(String::new())));
                }
            } else if append {
                self.warn(
                    WarningCode::AppendNoValues,
                    "Overriding/appending exception with no values",
                    &context,
                );
            }
            exceptions.push(ExceptionInfo { name, fields, comps, values, context });
        }
        Ok(exceptions)
    }

    /// A text, or a list of entries; a map or nothing is no entry.
    fn entry(&self, node: Node<'_>, key: &str, context: &Context) -> Read<Option<Entry>> {
        let inner = self.inner(context, ItemType::ValueFor, key, node);
        if node.is_sequence() {
            let mut items = Vec::new();
            for item in node.items() {
                items.push(self.entry(item, "", &inner)?.unwrap_or(Entry::One(String::new())));
            }
            return Ok(Some(Entry::Many(items)));
        }
        match yaml::scalar(node) {
            Some(text) if text.is_empty() => Err(invalid("Value must be non-empty", &inner)),
            Some(text) => Ok(Some(Entry::One(text.into_owned()))),
            None => Ok(None),
        }
    }

    // Values.

    fn overrides(
        &self,
        item: Node<'_>,
        appendable: &[&str],
        replaceable: &[&str],
        context: &Context,
    ) -> Read<Overrides> {
        let mut overrides = Overrides::default();
        let Some(map) = item.get("override") else { return Ok(overrides) };
        let outer = self.inner(context, ItemType::Overrides, "", item);
        for entry in map.entries() {
            let key = entry.key;
            let operation = yaml::scalar(entry.value).unwrap_or_default();
            let at_key = outer.inner(ItemType::Overrides, key, self.place_of(entry.key_span));
            let may = |keys: &[&str]| keys.contains(&key);
            match &*operation {
                "append" if may(appendable) => overrides.append.insert(key.to_owned()),
                "append" => {
                    return Err(invalid(
                        format!("Key '{key}' cannot be appended to, use 'replace' instead"),
                        &at_key,
                    ));
                }
                "replace" if may(replaceable) => overrides.replace.insert(key.to_owned()),
                "replace" => return Err(invalid(format!("Key '{key}' cannot be replaced"), &at_key)),
                other => {
                    let append = if may(appendable) { "append " } else { "" };
                    let replace = if may(replaceable) { "replace " } else { "" };
                    let at_value = outer.inner(ItemType::ValueFor, key, self.place(entry.value));
                    return Err(invalid(
                        format!(
                            "Invalid override operation for key '{key}': '{other}'. Allowed values are: \
                             {append}{replace}"
                        ),
                        &at_value,
                    ));
                }
            };
        }
        Ok(overrides)
    }

    fn append_flag(&mut self, item: Node<'_>, context: &Context) -> Read<bool> {
        let append = self.boolean(item, "append", context)?.unwrap_or(false);
        if append {
            self.warn(WarningCode::DeprecatedItem, messages::APPEND_KEY, context);
        }
        Ok(append)
    }

    fn value_context(&self, item: Node<'_>, key: &str, item_type: ItemType, context: &Context) -> Context {
        match item.entry(key) {
            Some(entry) => self.inner(context, item_type, "", entry.value),
            None => context.clone(),
        }
    }

    /// The text under a key that has to be there.
    fn required(&self, item: Node<'_>, key: &str, context: &Context) -> Read<String> {
        self.optional(item, key, context)?.ok_or_else(|| missing(key, context))
    }

    /// The text under a key that has to be there, with its place.
    fn required_text(&self, item: Node<'_>, key: &str, context: &Context) -> Read<Text> {
        let text = self.required(item, key, context)?;
        let places = item.get(key).map(|node| self.place(node)).into_iter().collect();
        Ok(Text { text, places })
    }

    /// The text under a key; it must not be empty.
    fn optional(&self, item: Node<'_>, key: &str, context: &Context) -> Read<Option<String>> {
        let Some(entry) = item.entry(key) else { return Ok(None) };
        if entry.value.is_null() {
            return Err(invalid(format!("Mapping for key '{key}' is empty"), context));
        }
        let inner = self.inner(context, ItemType::ValueFor, key, entry.value);
        match yaml::scalar(entry.value) {
            None => Err(invalid("Value is not a scalar value", &inner)),
            Some(text) if text.is_empty() => Err(invalid("Value must be non-empty", &inner)),
            Some(text) => Ok(Some(text.into_owned())),
        }
    }

    /// As `optional`, but the key may stand there without value.
    fn optional_or_null(&self, item: Node<'_>, key: &str, context: &Context) -> Read<Option<String>> {
        match item.entry(key) {
            Some(entry) if entry.value.is_null() => Ok(None),
            _ => self.optional(item, key, context),
        }
    }

    fn boolean(&self, item: Node<'_>, key: &str, context: &Context) -> Read<Option<bool>> {
        let Some(text) = self.optional(item, key, context)? else { return Ok(None) };
        yaml::boolean(&text).map(Some).ok_or_else(|| self.undecodable(item, key, context))
    }

    fn required_boolean(&self, item: Node<'_>, key: &str, context: &Context) -> Read<bool> {
        self.boolean(item, key, context)?.ok_or_else(|| missing(key, context))
    }

    fn undecodable(&self, item: Node<'_>, key: &str, context: &Context) -> LoadError {
        invalid("Can't decode YAML scalar value", &self.value_context(item, key, ItemType::ValueFor, context))
    }

    fn empty_value(&self, item: Node<'_>, key: &str, context: &Context) -> LoadError {
        invalid("Value must be non-empty", &self.value_context(item, key, ItemType::ValueFor, context))
    }

    fn priority(&self, item: Node<'_>, context: &Context) -> Read<Priority> {
        let text = self.required(item, "priority", context)?;
        text.parse().map_err(|_| {
            invalid(
                "Invalid priority",
                &self.value_context(item, "priority", ItemType::RulePriority, context),
            )
        })
    }

    fn tags(&self, item: Node<'_>, context: &Context) -> Read<BTreeSet<String>> {
        Ok(self.sequence(item, "tags", context)?.unwrap_or_default().into_iter().collect())
    }

    fn sequence(&self, item: Node<'_>, key: &str, context: &Context) -> Read<Option<Vec<String>>> {
        let Some(entry) = item.entry(key) else { return Ok(None) };
        let inner = self.inner(context, ItemType::ValueFor, key, entry.value);
        if !entry.value.is_sequence() {
            return Err(invalid("Value is not a sequence", &inner));
        }
        let text = |node: Node<'_>| match yaml::scalar(node) {
            Some(text) => Ok(text.into_owned()),
            None => Err(invalid(
                "sequence value is not scalar",
                &self.inner(&inner, ItemType::ListItem, "", node),
            )),
        };
        entry.value.items().map(text).collect::<Read<_>>().map(Some)
    }

    fn warn_unknown_keys(&mut self, item: Node<'_>, known: &[&str], context: &Context) {
        for entry in item.entries().filter(|entry| !known.contains(&entry.key)) {
            self.warn(
                WarningCode::UnknownKey,
                format!("Unknown key '{}'. The key will be ignored.", entry.key),
                context,
            );
        }
    }
}

fn missing(key: &str, context: &Context) -> LoadError {
    invalid(format!("Item has no mapping for key '{key}'"), context)
}

/// The keys that an override names; each has to be defined, and is crossed off.
fn take_keys(
    named: &BTreeSet<String>,
    operation: &str,
    expected: &mut BTreeSet<&str>,
    context: &Context,
) -> Read<Vec<String>> {
    for key in named {
        if !expected.remove(key.as_str()) {
            return Err(invalid(
                format!("An {operation} override for '{key}' was specified but '{key}' is not defined"),
                context,
            ));
        }
    }
    Ok(named.iter().cloned().collect())
}

/// `[a-zA-Z]+[a-zA-Z0-9_]*`
fn is_identifier(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `[^()"'[:space:]=,]+`
fn is_bare_text(name: &str) -> bool {
    !name.is_empty()
        && !name
            .bytes()
            .any(|byte| matches!(byte, b'(' | b')' | b'"' | b'\'' | b'=' | b',' | b' ' | b'\t'..=b'\r'))
}
