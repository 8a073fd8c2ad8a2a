//! ConstraintTemplates: what a kind of constraint asks, and of which parameters.

use std::sync::Arc;

use haechi_model::Span;
use haechi_syntax::{Node, Style};

use super::schema::{Schema, SchemaError};
use crate::cel::{Policy, load_native};
use crate::engine::{LoadError, PolicyDocument};
use crate::mistake::{Mistake, mistake};
use crate::rego::{self, Program, RegoVersion, Source};

/// The one target that Gatekeeper has in a cluster.
pub(crate) const TARGET: &str = "admission.k8s.gatekeeper.sh";

/// A template, ready to judge.
#[derive(Debug)]
pub(crate) struct Template {
    /// The kind of its constraints.
    pub(crate) kind: Arc<str>,
    pub(crate) schema: Schema,
    pub(crate) code: Code,
    /// Operations that the template is about; empty for all.
    pub(crate) operations: Vec<String>,
}

/// The rules of a template.
#[derive(Debug)]
pub(crate) enum Code {
    Rego(Program),
    /// K8sNativeValidation.
    Cel(Box<Policy>),
}

/// Reads a template; mistakes are added to `errors`.
pub(crate) fn read(
    document: &PolicyDocument<'_>,
    rego_first: bool,
    errors: &mut Vec<LoadError>,
) -> Option<Template> {
    let before = errors.len();
    let object = document.object;
    let root = object.node();
    let mut refuse = |node: Node<'_>, message: Mistake| errors.push(LoadError::at(document, node, message));
    let version = object.version();
    if !matches!(version, "v1" | "v1beta1" | "v1alpha1") {
        let message = mistake!(
            "template-version",
            "unknown version `{version}` of ConstraintTemplate, there are v1, v1beta1, v1alpha1",
            version = version
        );
        refuse(root.get("apiVersion").unwrap_or(root), message);
    }
    let Some(spec) = object.spec().filter(|spec| spec.is_mapping()) else {
        refuse(root, mistake!("template-spec", "the template has no `spec`"));
        return None;
    };
    let names = spec.at(&["crd", "spec", "names", "kind"]);
    let Some((kind_node, kind)) =
        names.and_then(|node| Some((node, node.as_str()?))).filter(|(_, kind)| !kind.is_empty())
    else {
        refuse(
            spec,
            mistake!(
                "template-kind",
                "`spec.crd.spec.names.kind` is missing: it names the kind of the constraints"
            ),
        );
        return None;
    };
    if object.name() != kind.to_lowercase() {
        let message = mistake!(
            "template-name",
            "the template's name `{name}` is not the lowercase of its kind: it must be `{wanted}`",
            name = object.name(),
            wanted = kind.to_lowercase(),
        );
        refuse(root.at(&["metadata", "name"]).unwrap_or(kind_node), message);
    }
    let mut schema_errors = Vec::new();
    let schema = read_schema(spec, version, &mut schema_errors);
    for SchemaError { node, message } in schema_errors {
        refuse(node, message);
    }
    let targets = spec.get("targets");
    let target = match targets.map(|targets| (targets.is_sequence(), targets.len())) {
        Some((true, 1)) => targets.and_then(|targets| targets.item(0)),
        Some((true, 0)) | None => {
            refuse(
                targets.unwrap_or(spec),
                mistake!("template-target-missing", "`spec.targets` must hold one target"),
            );
            None
        }
        Some((true, _)) => {
            refuse(
                targets.unwrap_or(spec),
                mistake!("template-targets", "several targets in one template are not supported"),
            );
            None
        }
        Some((false, _)) => {
            refuse(targets.unwrap_or(spec), mistake!("list", "`{field}` is a list", field = "spec.targets"));
            None
        }
    }?;
    if target.get("target").and_then(Node::as_str) != Some(TARGET) {
        let message = mistake!("template-target", "the target must be `{target}`", target = TARGET);
        refuse(target.get("target").unwrap_or(target), message);
    }
    let operations = target.get("operations").map(Node::items).into_iter().flatten();
    let operations = operations.filter_map(|node| node.as_str().map(str::to_owned)).collect();
    let code = read_code(document, target, rego_first, errors);
    match code {
        Some(code) if errors.len() == before => {
            Some(Template { kind: kind.into(), schema, code, operations })
        }
        _ => None,
    }
}

fn read_schema<'d>(spec: Node<'d>, version: &str, errors: &mut Vec<SchemaError<'d>>) -> Schema {
    let validation = spec.at(&["crd", "spec", "validation"]);
    // The API server drops such a field, and with it what the author means for a schema.
    const FIELDS: [&str; 2] = ["openAPIV3Schema", "legacySchema"];
    let entries = validation.map(Node::entries).into_iter().flatten();
    for entry in entries.filter(|entry| !FIELDS.contains(&entry.key)) {
        let message = mistake!(
            "template-validation",
            "unknown field `{field}` of `validation`: the schema of the parameters stands in `openAPIV3Schema`",
            field = entry.key,
        );
        errors.push(SchemaError { node: entry.value, message });
    }
    let legacy = match validation.and_then(|validation| validation.get("legacySchema")) {
        Some(legacy) => legacy.is_true(),
        None => version != "v1",
    };
    match validation.and_then(|validation| validation.get("openAPIV3Schema")) {
        Some(schema) => Schema::read(schema, legacy, errors),
        None if legacy => Schema::anything(),
        None => Schema::default(),
    }
}

/// The code that is used. Of a template with both, Gatekeeper takes the CEL unless that engine is switched off.
fn read_code(
    document: &PolicyDocument<'_>,
    target: Node<'_>,
    rego_first: bool,
    errors: &mut Vec<LoadError>,
) -> Option<Code> {
    let engines = || target.get("code").map(Node::items).into_iter().flatten();
    let source_of =
        |name: &str| engines().find(|code| code.get("engine").and_then(Node::as_str) == Some(name));
    let legacy = target.get("rego").filter(|rego| rego.as_str() != Some(""));
    let rego = source_of("Rego");
    if let Some(code) = source_of("K8sNativeValidation")
        && !(rego_first && (legacy.is_some() || rego.is_some()))
    {
        let Some(source) = code.get("source").filter(|source| source.is_mapping()) else {
            errors.push(LoadError::at(
                document,
                code,
                mistake!("missing", "`{field}` is missing", field = "source"),
            ));
            return None;
        };
        return load_native(document, source, errors).map(|policy| Code::Cel(Box::new(policy)));
    }
    if let Some(code) = rego {
        let source = code.get("source");
        let Some(rego) = source.and_then(|source| source.get("rego")) else {
            errors.push(LoadError::at(
                document,
                code,
                mistake!("missing", "`{field}` is missing", field = "source.rego"),
            ));
            return None;
        };
        let version = match source.and_then(|source| source.get("version")).and_then(Node::as_str) {
            Some("v1") => RegoVersion::V1,
            _ => RegoVersion::V0,
        };
        return compile(document, rego, source.and_then(|source| source.get("libs")), version, errors);
    }
    if let Some(rego) = legacy {
        return compile(document, rego, target.get("libs"), RegoVersion::V0, errors);
    }
    let message = match engines().next() {
        Some(_) => {
            mistake!(
                "template-engine",
                "the template has no code of an engine that is known: there are Rego and K8sNativeValidation"
            )
        }
        None => mistake!("template-code", "the template has neither `rego` nor `code`"),
    };
    errors.push(LoadError::at(document, target, message));
    None
}

fn compile(
    document: &PolicyDocument<'_>,
    rego: Node<'_>,
    libs: Option<Node<'_>>,
    version: RegoVersion,
    errors: &mut Vec<LoadError>,
) -> Option<Code> {
    let nodes: Vec<Node<'_>> =
        std::iter::once(rego).chain(libs.map(Node::items).into_iter().flatten()).collect();
    let mut sources = Vec::new();
    for node in &nodes {
        match node.as_str() {
            Some(text) => sources.push(Source { text, version }),
            None => {
                errors.push(LoadError::at(document, *node, mistake!("rego-text", "Rego is a text")));
                return None;
            }
        }
    }
    match rego::compile(&sources) {
        Ok(program) => Some(Code::Rego(program)),
        Err(mistakes) => {
            for (index, mistake) in mistakes {
                if let Some(node) = nodes.get(index) {
                    errors.push(rego_error(document, *node, mistake.offset, &mistake.message));
                }
            }
            None
        }
    }
}

/// A mistake at a place of a module, found in the file where the text stands there line by line.
fn rego_error(document: &PolicyDocument<'_>, node: Node<'_>, offset: u32, message: &str) -> LoadError {
    let text = node.as_str().unwrap_or_default();
    let before = text.get(..offset as usize).unwrap_or(text);
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default();
    let mut error = LoadError::at(
        document,
        node,
        mistake!("rego", "rego:{line}: {detail}", line = line + 1, detail = message),
    );
    if node.style() != Style::Literal {
        return error;
    }
    let source = node.document().source();
    // The first line of a block stands below its `|`.
    let first = source.position(node.span().start).line;
    let wanted = text.lines().nth(line).unwrap_or_default();
    let number = u32::try_from(line).unwrap_or(u32::MAX);
    for candidate in [first.saturating_add(1), first] {
        let found = candidate.saturating_add(number);
        let written = source.line(found);
        let Some(indent) = written.strip_suffix(wanted.trim_end()) else { continue };
        if wanted.trim().is_empty() || !indent.trim().is_empty() {
            continue;
        }
        let characters = indent.chars().count() + column.chars().count();
        error.position.line = found;
        error.position.column = u32::try_from(characters + 1).unwrap_or(u32::MAX);
        let start = line_start(source.text(), found) + indent.len() + column.len();
        error.span = Span::at(u32::try_from(start).unwrap_or(u32::MAX));
        break;
    }
    error
}

/// The offset of the first byte of a one-based line.
fn line_start(text: &str, line: u32) -> usize {
    let before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    text.split_inclusive('\n').take(before).map(str::len).sum()
}
