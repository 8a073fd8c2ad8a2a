//! What all readers share: places, selectors, ports and CIDRs.

use std::sync::Arc;

use haechi_model::Span;
use haechi_objects::{LabelSelector, Object, SelectorOperator};
use haechi_syntax::{Node, Value};

use crate::ip::{IpRange, IpSet};
use crate::l4::Protocol;
use crate::notice::{Notice, NoticeKind};
use crate::world::{LabelExpr, Origin, PolicyRef, RawSelector};

/// An object that is being read, and where its mistakes go.
pub(crate) struct Reader<'r, 'd> {
    path: Arc<str>,
    pub(crate) object: Object<'d>,
    notices: &'r mut Vec<Notice>,
    pub(crate) is_lenient: bool,
    first_error: Option<String>,
}

impl<'r, 'd> Reader<'r, 'd> {
    pub(crate) fn new(path: &Arc<str>, object: Object<'d>, notices: &'r mut Vec<Notice>) -> Self {
        Self { path: Arc::clone(path), object, notices, is_lenient: false, first_error: None }
    }

    pub(crate) fn origin(&self, node: Node<'_>) -> Origin {
        self.origin_at(node, node.anchor_span())
    }

    pub(crate) fn origin_at(&self, node: Node<'_>, span: Span) -> Origin {
        Origin { path: Arc::clone(&self.path), source: Arc::clone(node.document().source()), span }
    }

    pub(crate) fn object_origin(&self) -> Origin {
        self.origin_at(self.object.node(), self.object.anchor_span())
    }

    pub(crate) fn notice(&mut self, kind: NoticeKind, node: Node<'_>, detail: impl Into<String>) {
        let detail = detail.into();
        let is_clear = self.is_lenient && kind == NoticeKind::ExceptOutsideCidr;
        if kind.is_error() && !is_clear {
            self.first_error.get_or_insert_with(|| detail.clone());
        }
        self.notices.push(Notice {
            kind,
            resource: self.object.resource(),
            origin: self.origin(node),
            json_path: node.json_path(),
            detail,
            subject: String::new(),
        });
    }

    /// The first mistake for which the API server would refuse the object.
    pub(crate) fn first_error(&self) -> Option<String> {
        self.first_error.clone()
    }

    pub(crate) fn policy_ref(&self, is_namespaced: bool) -> PolicyRef {
        PolicyRef {
            kind: self.object.kind().to_owned(),
            namespace: is_namespaced.then(|| self.object.namespace().unwrap_or("default").to_owned()),
            name: self.object.name().to_owned(),
        }
    }

    /// A `metav1.LabelSelector`; nothing that is selected when it is wrong.
    pub(crate) fn selector(&mut self, node: Node<'_>) -> LabelExpr {
        match LabelSelector::parse(node) {
            Ok(selector) => label_expr(&selector),
            Err(error) => {
                self.notice(NoticeKind::InvalidSelector, node, error.message);
                LabelExpr::Or(Vec::new())
            }
        }
    }

    /// A field that must be a list; anything else is a mistake and an empty list.
    pub(crate) fn list<'n>(&mut self, of: Node<'n>, key: &str) -> Option<Vec<Node<'n>>> {
        let node = of.get(key)?;
        if !node.is_sequence() {
            self.notice(NoticeKind::InvalidField, node, format!("`{key}` must be a list"));
        }
        Some(node.items().collect())
    }

    pub(crate) fn protocol(&mut self, node: Node<'_>) -> Option<Protocol> {
        let protocol = match node.value() {
            // Kubernetes spells them in capitals and nothing else.
            Value::String(text) if ["TCP", "UDP", "SCTP"].contains(&text) => Protocol::parse(text),
            _ => None,
        };
        if protocol.is_none() {
            self.notice(
                NoticeKind::InvalidPort,
                node,
                format!("unknown protocol `{}`: use TCP, UDP or SCTP", text_of(node)),
            );
        }
        protocol
    }

    pub(crate) fn port_number(&mut self, node: Node<'_>) -> Option<u16> {
        let port = node.as_i64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        if port.is_none() {
            self.notice(
                NoticeKind::InvalidPort,
                node,
                format!("port `{}` is not a number from 1 to 65535", text_of(node)),
            );
        }
        port
    }

    pub(crate) fn cidr(&mut self, node: Node<'_>) -> Option<IpRange> {
        let text = node.as_str().unwrap_or_default();
        match IpRange::parse_cidr(text) {
            Ok(range) => Some(range),
            Err(error) => {
                self.notice(
                    NoticeKind::InvalidCidr,
                    node,
                    format!("{error}: write a CIDR such as `10.0.0.0/8`"),
                );
                None
            }
        }
    }

    /// A CIDR, or an address by itself.
    pub(crate) fn cidr_or_address(&mut self, node: Node<'_>) -> Option<IpRange> {
        let text = node.as_str().unwrap_or_default();
        match IpRange::parse_cidr_or_address(text) {
            Ok(range) => Some(range),
            Err(error) => {
                let detail = format!("{error}: write a CIDR such as `10.0.0.0/8`");
                self.notice(NoticeKind::InvalidCidr, node, detail);
                None
            }
        }
    }

    /// `cidr` without `except`.
    pub(crate) fn ip_block(&mut self, node: Node<'_>) -> IpSet {
        let Some(cidr) = node.get("cidr") else {
            self.notice(NoticeKind::InvalidField, node, "`ipBlock` needs a `cidr`");
            return IpSet::default();
        };
        let Some(range) = self.cidr(cidr) else { return IpSet::default() };
        let whole: IpSet = [range].into_iter().collect();
        let mut less = Vec::new();
        for except in self.list(node, "except").unwrap_or_default() {
            let Some(part) = self.cidr(except) else { continue };
            if !whole.covers(part) || part == range {
                self.notice(
                    NoticeKind::ExceptOutsideCidr,
                    except,
                    format!(
                        "`except` {} must lie within `cidr` {} and be smaller",
                        text_of(except),
                        text_of(cidr)
                    ),
                );
            }
            less.push(part);
        }
        whole.minus(&less.into_iter().collect())
    }
}

/// A scalar as it would be written; the type of anything else.
pub(crate) fn text_of(node: Node<'_>) -> String {
    match node.value() {
        Value::String(text) => text.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        other => other.type_name().to_owned(),
    }
}

/// A selector as a condition; its parts in a canonical order, so that equal selectors are found to be equal.
pub(crate) fn label_expr(selector: &LabelSelector<'_>) -> LabelExpr {
    raw_selector(selector).condition()
}

fn raw_selector(selector: &LabelSelector<'_>) -> RawSelector {
    let mut raw = RawSelector::default();
    for requirement in &selector.requirements {
        let operator = match requirement.operator {
            SelectorOperator::In => "In",
            SelectorOperator::NotIn => "NotIn",
            SelectorOperator::Exists => "Exists",
            SelectorOperator::DoesNotExist => "DoesNotExist",
        };
        let values = requirement.values.iter().map(|value| (*value).to_owned()).collect();
        raw.expressions.push((requirement.key.to_owned(), operator, values));
    }
    raw
}

/// The selector as it was written; nothing where it is wrong.
pub(crate) fn as_written(node: Option<Node<'_>>) -> RawSelector {
    let Some(node) = node else { return RawSelector::default() };
    let mut raw = RawSelector::default();
    for entry in node.get("matchLabels").into_iter().flat_map(Node::entries) {
        raw.labels.push((entry.key.to_owned(), text_of(entry.value)));
    }
    for expression in node.get("matchExpressions").into_iter().flat_map(Node::items) {
        let wrapper = LabelSelector::parse(node).unwrap_or_default();
        let key = expression.get("key").and_then(Node::as_str).unwrap_or_default();
        let all = raw_selector(&wrapper).expressions;
        let values: Vec<String> =
            expression.get("values").into_iter().flat_map(Node::items).map(text_of).collect();
        let wanted = expression.get("operator").and_then(Node::as_str).unwrap_or_default();
        raw.expressions.extend(
            all.into_iter()
                .find(|(known, operator, of)| known == key && *operator == wanted && *of == values),
        );
    }
    raw
}
