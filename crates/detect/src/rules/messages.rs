//! Falco's longer texts, so that who knows them finds them again.

pub(super) const APPEND_KEY: &str =
    "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";

pub(super) const STANDALONE_ENABLED: &str = "The standalone 'enabled' key usage is deprecated. The correct approach requires also a 'replace' entry under the 'override' key (i.e. 'enabled: replace').";

pub(super) const OVERRIDE_AND_APPEND: &str = "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. 'condition: append') under 'override' instead.";

pub(super) const NO_PREVIOUS_MACRO: &str =
    "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists";

pub(super) const NO_PREVIOUS_LIST: &str =
    "List uses 'append' or 'override.items: append' but no list by that name already exists";

pub(super) const NO_PREVIOUS_RULE_APPEND: &str =
    "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists";

pub(super) const NO_PREVIOUS_RULE_REPLACE: &str =
    "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists";

pub(super) const INVALID_LIST_NAME: &str =
    "List has an invalid name. List names should match a regular expression: ([^()\"'[:space:]=,]+)";

pub(super) const INVALID_MACRO_NAME: &str =
    "Macro has an invalid name. Macro names should match a regular expression: ([a-zA-Z]+[a-zA-Z0-9_]*)";

pub(super) const CONTAINER_INFO: &str = "%container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. The container plugin will automatically add required fields to the output message.";

pub(super) const DEPRECATED_DIR: &str = "due to the drop of enter events, 'evt.dir = <' always evaluates to true, and 'evt.dir = >' always evaluates to false. The rule expression can be simplified by removing the condition on 'evt.dir'";

pub(super) const DEPRECATED_LATENCY: &str = "field is not available due to the drop of enter events.";

pub(super) const TOO_MANY_EVENT_TYPES: &str =
    "Rule matches too many evt.type values. This has a significant performance penalty.";
