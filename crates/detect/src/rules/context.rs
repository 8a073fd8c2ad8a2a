use std::fmt;
use std::sync::Arc;

use haechi_model::{Position, Span};
use haechi_syntax::Source;

/// What kind of mistake keeps a rule file from loading; the names are Falco's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// Not YAML.
    YamlParse,
    /// YAML, but not of the shape of rules.
    YamlValidate,
    /// A condition that cannot be read or compiled.
    CompileCondition,
    /// An output that cannot be compiled.
    CompileOutput,
    /// Items that do not fit together.
    Validate,
}

impl ErrorCode {
    /// The stable id.
    pub const fn id(self) -> &'static str {
        match self {
            ErrorCode::YamlParse => "yaml",
            ErrorCode::YamlValidate => "shape",
            ErrorCode::CompileCondition => "condition",
            ErrorCode::CompileOutput => "output",
            ErrorCode::Validate => "items",
        }
    }

    /// The name in Falco's output.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorCode::YamlParse => "LOAD_ERR_YAML_PARSE",
            ErrorCode::YamlValidate => "LOAD_ERR_YAML_VALIDATE",
            ErrorCode::CompileCondition => "LOAD_ERR_COMPILE_CONDITION",
            ErrorCode::CompileOutput => "LOAD_ERR_COMPILE_OUTPUT",
            ErrorCode::Validate => "LOAD_ERR_VALIDATE",
        }
    }

    /// What the code means, as Falco's output says it.
    pub const fn describe(self) -> &'static str {
        match self {
            ErrorCode::YamlParse => "YAML parse error",
            ErrorCode::YamlValidate => "Error validating internal structure of YAML file",
            ErrorCode::CompileCondition => "Error compiling condition",
            ErrorCode::CompileOutput => "Error compiling output",
            ErrorCode::Validate => "Error validating rule/macro/list/exception objects",
        }
    }
}

/// What looks wrong but does not keep a rule file from loading; the names are Falco's, except where noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningCode {
    /// A rule about events that nobody provides.
    UnknownSource,
    /// `<NA>` as a value.
    UnsafeNaCheck,
    /// A rule about (nearly) every system call.
    NoEventType,
    /// A rule that was skipped because it uses an unknown field, and says that it may be.
    UnknownFilter,
    /// A macro that nobody uses.
    UnusedMacro,
    /// A list that nobody uses.
    UnusedList,
    /// An item that is neither rule, macro nor list.
    UnknownItem,
    /// Something that will go away.
    DeprecatedItem,
    /// An exception that is appended to without values.
    AppendNoValues,
    /// Two exceptions of one name.
    ExceptionNameNotUnique,
    /// A macro that no condition can name.
    InvalidMacroName,
    /// A list that no condition can name.
    InvalidListName,
    /// A condition that probably means something else.
    CompileCondition,
    /// A key that is ignored.
    UnknownKey,
    /// Ours: a key that stands twice, of which one is ignored.
    DuplicateKey,
    /// Ours: a field that the events of the rule never have.
    FieldNeverSet,
}

impl WarningCode {
    /// The name in Falco's output.
    pub const fn as_str(self) -> &'static str {
        match self {
            WarningCode::UnknownSource => "LOAD_UNKNOWN_SOURCE",
            WarningCode::UnsafeNaCheck => "LOAD_UNSAFE_NA_CHECK",
            WarningCode::NoEventType => "LOAD_NO_EVTTYPE",
            WarningCode::UnknownFilter => "LOAD_UNKNOWN_FILTER",
            WarningCode::UnusedMacro => "LOAD_UNUSED_MACRO",
            WarningCode::UnusedList => "LOAD_UNUSED_LIST",
            WarningCode::UnknownItem => "LOAD_UNKNOWN_ITEM",
            WarningCode::DeprecatedItem => "LOAD_DEPRECATED_ITEM",
            WarningCode::AppendNoValues => "LOAD_APPEND_NO_VALUES",
            WarningCode::ExceptionNameNotUnique => "LOAD_EXCEPTION_NAME_NOT_UNIQUE",
            WarningCode::InvalidMacroName => "LOAD_INVALID_MACRO_NAME",
            WarningCode::InvalidListName => "LOAD_INVALID_LIST_NAME",
            WarningCode::CompileCondition => "LOAD_COMPILE_CONDITION",
            WarningCode::UnknownKey => "LOAD_UNKNOWN_KEY",
            WarningCode::DuplicateKey => "LOAD_DUPLICATE_KEY",
            WarningCode::FieldNeverSet => "LOAD_FIELD_NEVER_SET",
        }
    }

    /// What the code means, as Falco's output says it.
    pub const fn describe(self) -> &'static str {
        match self {
            WarningCode::UnknownSource => "Unknown event source",
            WarningCode::UnsafeNaCheck => "Unsafe <NA> comparison in condition",
            WarningCode::NoEventType => "Condition has no event-type restriction",
            WarningCode::UnknownFilter => "Unknown field or event-type in condition or output",
            WarningCode::UnusedMacro => "Unused macro",
            WarningCode::UnusedList => "Unused list",
            WarningCode::UnknownItem => "Unknown rules file item",
            WarningCode::DeprecatedItem => "Used deprecated item",
            WarningCode::AppendNoValues => "Overriding/appending with no values",
            WarningCode::ExceptionNameNotUnique => "Multiple exceptions defined with the same name",
            WarningCode::InvalidMacroName => "Invalid macro name",
            WarningCode::InvalidListName => "Invalid list name",
            WarningCode::CompileCondition => "Warning in rule condition",
            WarningCode::UnknownKey => "Unknown key in item definition",
            WarningCode::DuplicateKey => "Key that stands twice",
            WarningCode::FieldNeverSet => "Field that events of the rule never have",
        }
    }
}

/// What a place is part of; the names are Falco's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ItemType {
    ValueFor,
    Exceptions,
    Exception,
    ExceptionValues,
    ExceptionValue,
    RulesContent,
    RulesContentItem,
    RequiredEngineVersion,
    RequiredPluginVersions,
    RequiredPluginVersionsEntry,
    RequiredPluginVersionsAlternative,
    List,
    ListItem,
    Macro,
    MacroCondition,
    Rule,
    RuleCondition,
    ConditionExpression,
    RuleOutput,
    RulePriority,
    Overrides,
}

impl ItemType {
    /// The name in Falco's output.
    pub const fn as_str(self) -> &'static str {
        match self {
            ItemType::ValueFor => "value for",
            ItemType::Exceptions => "exceptions",
            ItemType::Exception => "exception",
            ItemType::ExceptionValues => "exception values",
            ItemType::ExceptionValue => "exception value",
            ItemType::RulesContent => "rules content",
            ItemType::RulesContentItem => "rules content item",
            ItemType::RequiredEngineVersion => "required_engine_version",
            ItemType::RequiredPluginVersions => "required plugin versions",
            ItemType::RequiredPluginVersionsEntry => "required plugin versions entry",
            ItemType::RequiredPluginVersionsAlternative => "required plugin versions alternative",
            ItemType::List => "list",
            ItemType::ListItem => "list item",
            ItemType::Macro => "macro",
            ItemType::MacroCondition => "macro condition",
            ItemType::Rule => "rule",
            ItemType::RuleCondition => "rule condition",
            ItemType::ConditionExpression => "condition expression",
            ItemType::RuleOutput => "rule output",
            ItemType::RulePriority => "rule priority",
            ItemType::Overrides => "overrides",
        }
    }
}

/// A rule file.
#[derive(Debug)]
pub struct File {
    /// As the user named it.
    pub name: Arc<str>,
    /// Its text.
    pub source: Arc<Source>,
}

/// A part of a rule file.
#[derive(Debug, Clone)]
pub struct Place {
    /// The file.
    pub file: Arc<File>,
    /// The bytes.
    pub span: Span,
}

impl Place {
    /// First character, one-based.
    pub fn position(&self) -> Position {
        self.file.source.position(self.span.start)
    }

    /// The line that the place begins on.
    pub fn line(&self) -> &str {
        self.file.source.line(self.position().line)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}", self.file.name)
    }
}

/// One step of a [`Context`].
#[derive(Debug, Clone)]
pub struct Location {
    /// What the place is part of.
    pub item_type: ItemType,
    /// The name of the item, where it has one.
    pub item_name: String,
    /// The place.
    pub place: Place,
}

/// Where something is: from the whole file down to the value.
#[derive(Debug, Clone)]
pub struct Context {
    locations: Vec<Location>,
}

impl Context {
    /// A whole file.
    pub(crate) fn file(file: &Arc<File>) -> Self {
        let place = Place { file: file.clone(), span: Span::default() };
        Self {
            locations: vec![Location { item_type: ItemType::RulesContent, item_name: String::new(), place }],
        }
    }

    /// A part of this.
    pub(crate) fn inner(&self, item_type: ItemType, item_name: &str, place: Place) -> Self {
        let mut locations = self.locations.clone();
        locations.push(Location { item_type, item_name: item_name.to_owned(), place });
        Self { locations }
    }

    /// The steps, the whole file first.
    pub fn locations(&self) -> &[Location] {
        &self.locations
    }

    /// The exact place: that of the last step.
    pub fn place(&self) -> Option<&Place> {
        self.locations.last().map(|location| &location.place)
    }
}

impl fmt::Display for Context {
    /// The chain as Falco prints it, one step a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, location) in self.locations.iter().enumerate() {
            f.write_str(if index == 0 { "In " } else { "    " })?;
            f.write_str(location.item_type.as_str())?;
            if !location.item_name.is_empty() {
                write!(f, " '{}'", location.item_name)?;
            }
            writeln!(f, ": ({})", location.place)?;
        }
        Ok(())
    }
}

/// A mistake.
#[derive(Debug, Clone)]
pub struct LoadError {
    /// What kind.
    pub code: ErrorCode,
    /// What is wrong; Falco's text where Falco has one.
    pub message: String,
    /// Where.
    pub context: Context,
    /// How to mend it, where that can be told.
    pub help: Option<Help>,
}

/// How to mend a mistake. What it says is for who writes reports, in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Help {
    /// The rules are for a later engine.
    Update,
    /// The macro of that name comes with Falco's own rules.
    LoadFalcosRules(String),
    /// Nothing defines the macro of that name.
    DefineMacro(String),
    /// A list of that name may be meant, and none is loaded.
    DefineList(String),
    /// This is a network where an address has to stand.
    UseNetworkField(String),
}

impl Help {
    /// The stable id.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Help::Update => "update",
            Help::LoadFalcosRules(_) => "load-falcos-rules",
            Help::DefineMacro(_) => "define-macro",
            Help::DefineList(_) => "define-list",
            Help::UseNetworkField(_) => "use-network-field",
        }
    }

    /// The name that it is about.
    pub fn name(&self) -> &str {
        match self {
            Help::Update => "",
            Help::LoadFalcosRules(name)
            | Help::DefineMacro(name)
            | Help::DefineList(name)
            | Help::UseNetworkField(name) => name,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.context.place() {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for LoadError {}

/// Something that looks wrong.
#[derive(Debug, Clone)]
pub struct LoadWarning {
    /// What kind.
    pub code: WarningCode,
    /// What looks wrong; Falco's text where Falco has one.
    pub message: String,
    /// Where.
    pub context: Context,
}

/// What came of loading one file, after the files before it.
#[derive(Debug, Clone)]
pub struct LoadResult {
    /// The file as the user named it.
    pub name: Arc<str>,
    /// What keeps it from loading. Falco stops at the first mistake; here each broken item is told.
    pub errors: Vec<LoadError>,
    /// What looks wrong.
    pub warnings: Vec<LoadWarning>,
}

impl LoadResult {
    /// Whether Falco would load the file.
    pub fn is_successful(&self) -> bool {
        self.errors.is_empty()
    }
}
