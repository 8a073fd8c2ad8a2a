use haechi_model::Span;
use haechi_syntax::{Entry, Node, Value};

/// The labels of an object; values that are no text are not there (the API server refuses them).
#[derive(Debug, Clone, Copy)]
pub struct Labels<'d>(Option<Node<'d>>);

impl<'d> Labels<'d> {
    /// A view of a `labels` map; `None` is no labels.
    pub fn new(node: Option<Node<'d>>) -> Self {
        Self(node)
    }

    /// The value of a label.
    pub fn get(self, key: &str) -> Option<&'d str> {
        // An empty value (`app: ""`) counts, a null is read by the API server as an empty string.
        match self.0?.entry(key)?.value.value() {
            Value::String(text) => Some(text),
            Value::Null => Some(""),
            _ => None,
        }
    }

    /// All labels with text values.
    pub fn iter(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        let entries = self.0.map(Node::entries).into_iter().flatten();
        entries.filter_map(|entry: Entry<'d>| match entry.value.value() {
            Value::String(text) => Some((entry.key, text)),
            Value::Null => Some((entry.key, "")),
            _ => None,
        })
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// The map, if there is one.
    pub fn node(self) -> Option<Node<'d>> {
        self.0
    }
}

/// Operator of a `matchExpressions` entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SelectorOperator {
    /// The value is one of those.
    In,
    /// The label is missing, or its value is none of those.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is missing.
    DoesNotExist,
}

/// One requirement of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement<'d> {
    /// The label.
    pub key: &'d str,
    /// What is asked of it.
    pub operator: SelectorOperator,
    /// The values for `In` and `NotIn`.
    pub values: Vec<&'d str>,
}

/// A selector that the API server would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError {
    /// The mistake, in English.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// A `metav1.LabelSelector`: all requirements must hold; no requirement selects everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelector<'d> {
    /// `matchLabels` and `matchExpressions` together.
    pub requirements: Vec<Requirement<'d>>,
}

impl<'d> LabelSelector<'d> {
    /// Reads a `LabelSelector`.
    pub fn parse(node: Node<'d>) -> Result<Self, SelectorError> {
        if !node.is_mapping() {
            return Err(wrong(node, "a selector is a map"));
        }
        let mut selector = match node.get("matchLabels") {
            Some(labels) => Self::from_map(labels)?,
            None => Self::default(),
        };
        if let Some(expressions) = node.get("matchExpressions") {
            if !expressions.is_sequence() {
                return Err(wrong(expressions, "`matchExpressions` is a list"));
            }
            for expression in expressions.items() {
                selector.requirements.push(requirement(expression)?);
            }
        }
        Ok(selector)
    }

    /// Reads a plain map of labels, as a Service's or ReplicationController's `selector` is.
    pub fn from_map(node: Node<'d>) -> Result<Self, SelectorError> {
        if !node.is_mapping() {
            return Err(wrong(node, "labels are a map"));
        }
        let mut requirements = Vec::with_capacity(node.len());
        for entry in node.entries() {
            let value = match entry.value.value() {
                Value::String(text) => text,
                Value::Null => "",
                _ => return Err(wrong(entry.value, "a label's value is text; put it in quotes")),
            };
            requirements.push(Requirement {
                key: entry.key,
                operator: SelectorOperator::In,
                values: vec![value],
            });
        }
        Ok(Self { requirements })
    }

    /// Whether every object is selected.
    pub fn selects_all(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: Labels<'_>) -> bool {
        self.matches_with(|key| labels.get(key))
    }

    /// Whether an object is selected whose label values `value_of` tells.
    pub fn matches_with<'l>(&self, value_of: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = value_of(requirement.key);
            match requirement.operator {
                SelectorOperator::In => value.is_some_and(|value| requirement.values.contains(&value)),
                SelectorOperator::NotIn => value.is_none_or(|value| !requirement.values.contains(&value)),
                SelectorOperator::Exists => value.is_some(),
                SelectorOperator::DoesNotExist => value.is_none(),
            }
        })
    }
}

fn requirement(node: Node<'_>) -> Result<Requirement<'_>, SelectorError> {
    let Some(key) = node.get("key").and_then(Node::as_str) else {
        return Err(wrong(node, "an expression needs a `key`"));
    };
    let operator = node.get("operator");
    let operator = match operator.and_then(Node::as_str) {
        Some("In") => SelectorOperator::In,
        Some("NotIn") => SelectorOperator::NotIn,
        Some("Exists") => SelectorOperator::Exists,
        Some("DoesNotExist") => SelectorOperator::DoesNotExist,
        _ => {
            return Err(wrong(
                operator.unwrap_or(node),
                "`operator` is one of In, NotIn, Exists, DoesNotExist",
            ));
        }
    };
    let mut values = Vec::new();
    for value in node.get("values").map(Node::items).into_iter().flatten() {
        match value.as_str() {
            Some(text) => values.push(text),
            None => return Err(wrong(value, "a label's value is text; put it in quotes")),
        }
    }
    match operator {
        SelectorOperator::In | SelectorOperator::NotIn if values.is_empty() => {
            Err(wrong(node, "`In` and `NotIn` need `values`"))
        }
        SelectorOperator::Exists | SelectorOperator::DoesNotExist if !values.is_empty() => {
            Err(wrong(node, "`Exists` and `DoesNotExist` take no `values`"))
        }
        _ => Ok(Requirement { key, operator, values }),
    }
}

fn wrong(node: Node<'_>, message: &str) -> SelectorError {
    SelectorError { message: message.to_owned(), span: node.anchor_span() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_syntax::{Limits, parse};

    fn selects(selector: &str, labels: &str) -> Result<bool, String> {
        let text = format!("selector: {selector}\nlabels: {labels}\n");
        let parsed = parse(text.as_bytes(), &Limits::default());
        let root = parsed.documents[0].root();
        let selector = LabelSelector::parse(root.get("selector").unwrap()).map_err(|error| error.message)?;
        Ok(selector.matches(Labels::new(root.get("labels"))))
    }

    #[test]
    fn not_in_matches_a_missing_label() {
        assert_eq!(selects("{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}", "{}"), Ok(true));
        assert_eq!(selects("{matchExpressions: [{key: a, operator: In, values: [x]}]}", "{}"), Ok(false));
        assert_eq!(selects("{matchExpressions: [{key: a, operator: DoesNotExist}]}", "{a: ''}"), Ok(false));
    }

    #[test]
    fn empty_selector_selects_everything() {
        assert_eq!(selects("{}", "{a: b}"), Ok(true));
    }

    #[test]
    fn number_as_label_value_is_refused() {
        assert!(selects("{matchLabels: {a: 1}}", "{}").is_err());
        assert!(selects("{matchExpressions: [{key: a, operator: In}]}", "{}").is_err());
        assert!(selects("{matchExpressions: [{key: a, operator: Gt, values: ['1']}]}", "{}").is_err());
    }
}
