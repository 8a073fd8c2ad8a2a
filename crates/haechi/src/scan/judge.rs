//! One file's objects, judged by checks, levels and policies, and what of that is accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_checks::Context;
use haechi_model::{Arg, Finding, Position, Problem, ProblemKind, ScanCounts, Span, Suppressed};
use haechi_objects::{Object, PodTemplates, Reject, WorkloadKind, objects, type_errors};
use haechi_syntax::{Node, Value};

use super::load::{Loaded, is_template};
use super::pod_security::{self, PodSecurityLevels};
use super::{ScanOptions, number, text};
use crate::kustomize;
use crate::policy::PolicyJudge;
use crate::suppress::{self, Collected};

/// What was found in a file.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(super) suppressed: Vec<Suppressed>,
    /// Which suppressions of the configuration were needed here.
    pub(super) used: Vec<bool>,
    /// The same of comments in files that findings were led back to, by file.
    pub(super) used_comments: BTreeMap<Arc<str>, Vec<bool>>,
    pub(crate) problems: Vec<Problem>,
    pub(super) counts: ScanCounts,
}

/// A patch of a kustomization: a part of an object, which would be judged as if the rest were missing.
pub(super) fn left_out(file: &Loaded) -> Judged {
    let args = vec![text("engine", "kustomize-patch"), number("count", 1)];
    let problem =
        Problem { kind: ProblemKind::Template, path: file.entry.shown.clone(), position: None, args };
    Judged { problems: vec![problem], ..Judged::default() }
}

pub(super) fn judge(
    file: &Loaded,
    options: &ScanOptions,
    context: &Context<'_>,
    levels: &PodSecurityLevels,
    policies: Option<&PolicyJudge<'_>>,
) -> Judged {
    let mut judged = Judged::default();
    let mut strangers: Vec<Node<'_>> = Vec::new();
    for document in &file.documents {
        if document.root().is_null() {
            continue;
        }
        judged.counts.documents += 1;
        if kustomize::is_kustomization(&file.entry.path, document.root()) {
            let args = vec![text("engine", "kustomize"), number("count", 1)];
            judged.problem(file, ProblemKind::Template, document.root().anchor_span(), args);
            continue;
        }
        let found = objects(document);
        for reject in found.rejects {
            match reject {
                Reject::NotKubernetes(node) => strangers.push(node),
                Reject::Malformed(node, field) => {
                    let name = node.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("?");
                    let found = node.get(field).map_or("null", |value| value.value().type_name());
                    let expected = if field == "items" { "array" } else { "string" };
                    judged.malformed(
                        file,
                        node.anchor_span(),
                        name.to_owned(),
                        field.to_owned(),
                        expected,
                        found,
                    );
                }
            }
        }
        for object in found.objects {
            if judge_object(file, object, options, context, levels, &mut judged)
                && let Some(policies) = policies
            {
                policies.judge(object, &file.entry.shown, &mut judged.findings, &mut judged.problems);
            }
        }
    }
    // Named once a file, at the first of them.
    if let Some(first) = strangers.first() {
        let args = vec![number("count", strangers.len() as u64)];
        judged.problem(file, ProblemKind::NotKubernetes, first.anchor_span(), args);
    }
    judged
}

/// Sets the severities that the configuration asks for, and takes out the findings that comments and annotations in the
/// file accept.
pub(super) fn suppress_written(file: &Loaded, options: &ScanOptions, judged: &mut Judged) {
    for finding in &mut judged.findings {
        if let Some(severity) = options.config.severities.get(finding.rule.as_ref()) {
            finding.severity = *severity;
        }
    }
    let path = &file.entry.shown;
    let mut written = Collected::default();
    for document in &file.documents {
        if !document.comments().is_empty() {
            written.comments(document, path);
        }
        for object in objects(document).objects {
            written.annotations(object, options.templates.pod(object), path);
        }
    }
    let mut used = vec![false; written.suppressions.len()];
    let today = &options.today;
    judged.suppressed = suppress::apply(&mut judged.findings, &written.suppressions, &mut used, today);
    judged.problems.extend(written.problems);
    let is_asked = |rule: &str| is_asked(rule, options);
    judged.problems.extend(suppress::leftovers(&written.suppressions, &used, today, is_asked));
}

/// Takes out the findings that the configuration accepts.
pub(super) fn suppress_configured(options: &ScanOptions, judged: &mut Judged) {
    judged.used = vec![false; options.config.suppressions.len()];
    let by_config =
        suppress::apply(&mut judged.findings, &options.config.suppressions, &mut judged.used, &options.today);
    judged.suppressed.extend(by_config);
}

/// Whether a rule takes part in the scan, so that a suppression without a finding is one too many.
pub(super) fn is_asked(rule: &str, options: &ScanOptions) -> bool {
    match rule.strip_prefix("pod-security/") {
        Some(_) => options.pod_security.is_some(),
        None if rule.starts_with("policy/") => options.policies.is_some(),
        None => options.checks.iter().any(|check| check.info.slug == rule),
    }
}

/// Whether the object could be judged at all.
fn judge_object(
    file: &Loaded,
    object: Object<'_>,
    options: &ScanOptions,
    context: &Context<'_>,
    levels: &PodSecurityLevels,
    judged: &mut Judged,
) -> bool {
    if let Some(node) = placeholder(object, &options.templates) {
        let args = vec![text("engine", "unknown"), number("count", 1)];
        judged.problem(file, ProblemKind::Template, node.anchor_span(), args);
        return false;
    }
    judged.counts.objects += 1;
    let resource = || object.resource().to_string();
    let type_errors = type_errors(object, &options.templates);
    for error in &type_errors {
        let field = error.json_path.clone();
        judged.malformed(file, error.span, resource(), field, error.expected, error.found);
    }
    if let Some(missing) = missing_part(object, &options.templates) {
        let expected = if missing == "containers" { "array" } else { "object" };
        judged.malformed(file, object.anchor_span(), resource(), missing.to_owned(), expected, "null");
    }
    let path = &file.entry.shown;
    let checks = options.checks.iter().copied();
    judged.findings.extend(haechi_checks::judge(object, path, context, checks));
    judged.findings.extend(pod_security::legacy(object, path));
    if let Some(pod) = options.templates.pod(object) {
        let mut unjudged = Vec::new();
        let findings = levels.judge(pod, path, |node, expected| unjudged.push((node, expected)));
        judged.findings.extend(findings);
        for (node, expected) in unjudged {
            let span = node.anchor_span();
            if !type_errors.iter().any(|error| error.span == span) {
                let found = node.value().type_name();
                judged.malformed(file, span, resource(), node.json_path(), expected, found);
            }
        }
    }
    true
}

/// A value that decides what the object is, or what it runs, and that a template has still to fill in.
pub(crate) fn placeholder<'d>(object: Object<'d>, templates: &PodTemplates) -> Option<Node<'d>> {
    let metadata = object.metadata();
    let field = |key: &str| metadata.and_then(|metadata| metadata.get(key));
    let of_object =
        [object.node().get("apiVersion"), object.node().get("kind"), field("name"), field("namespace")];
    let images =
        templates.pod(object).into_iter().flat_map(|pod| pod.containers()).map(|container| container.image());
    of_object.into_iter().chain(images).flatten().find(|node| match node.value() {
        Value::String(text) => is_template(text),
        _ => false,
    })
}

/// What an object that runs pods lacks, so that checks have nothing to look at: the API server refuses it.
fn missing_part(object: Object<'_>, templates: &PodTemplates) -> Option<&'static str> {
    match templates.pod(object) {
        Some(pod) if pod.containers().next().is_none() => Some("containers"),
        // A custom resource may leave its template to another object.
        Some(_) => None,
        None => match templates.kind(object) {
            None | Some(WorkloadKind::Custom) => None,
            Some(WorkloadKind::Pod) => Some("spec"),
            Some(_) => Some("template.spec"),
        },
    }
}

impl Judged {
    /// A value, or the lack of one, that the API server refuses.
    fn malformed(
        &mut self,
        file: &Loaded,
        span: Span,
        resource: String,
        field: String,
        expected: &'static str,
        found: &'static str,
    ) {
        let args = vec![
            text("resource", resource),
            text("field", field),
            text("expected", expected),
            text("found", found),
        ];
        self.problem(file, ProblemKind::Malformed, span, args);
    }

    fn problem(&mut self, file: &Loaded, kind: ProblemKind, span: Span, args: Vec<Arg>) {
        let position: Option<Position> = file.source.as_ref().map(|source| source.position(span.start));
        self.problems.push(Problem { kind, path: file.entry.shown.clone(), position, args });
    }
}
