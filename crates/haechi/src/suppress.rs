//! What people accepted, and why: comments, annotations and the configuration say which findings to take out.
//!
//! - a comment at the end of a line speaks of that line, one above a key or list item of all that stands in it:
//!   `# haechi: ignore privileged-container -- the node agent loads kernel modules [until 2027-03-31]`;
//!   `# haechi: ignore-file RULE -- reason` speaks of the whole file;
//! - an annotation on the object or its pod template: `ignore-check.haechi.dev/RULE: reason [container agent]`;
//! - `[[suppress]]` in `haechi.toml`.

use globset::GlobMatcher;
use haechi_model::{Finding, Position, Problem, ProblemKind, Suppressed, SuppressionSource};
use haechi_objects::{Object, Pod};
use haechi_syntax::{Document, Node, Source};

use crate::scan::text;

/// Prefix of the annotation; the rule follows.
const ANNOTATION: &str = "ignore-check.haechi.dev/";

/// Which findings a suppression speaks of.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    /// Those of one object, as it is named in findings.
    Object(String),
    /// Those on these lines of the file, first and last included.
    Lines(u32, u32),
    /// All of the file.
    File,
    /// Those that fit the filters of the configuration.
    Config(ConfigScope),
}

/// Filters of a `[[suppress]]` table; an absent one fits everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigScope {
    pub(crate) path: Option<GlobMatcher>,
    pub(crate) kind: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

/// A finding that is accepted.
#[derive(Debug, Clone)]
pub(crate) struct Suppression {
    pub(crate) rule: String,
    pub(crate) reason: String,
    /// The last day on which it counts, as `YYYY-MM-DD`.
    pub(crate) until: Option<String>,
    /// The only container that it speaks of.
    pub(crate) container: Option<String>,
    pub(crate) scope: Scope,
    pub(crate) source: SuppressionSource,
    pub(crate) path: std::sync::Arc<str>,
    pub(crate) position: Option<Position>,
}

impl Suppression {
    fn covers(&self, finding: &Finding) -> bool {
        if rule_name(finding) != self.rule {
            return false;
        }
        if let Some(container) = &self.container {
            let of_finding = finding.args.iter().find(|arg| arg.name == "container");
            if of_finding.is_none_or(|arg| arg.value.to_string() != *container) {
                return false;
            }
        }
        match &self.scope {
            Scope::File => true,
            Scope::Object(resource) => finding.resource.to_string() == *resource,
            Scope::Lines(first, last) => (*first..=*last).contains(&finding.location.start.line),
            Scope::Config(scope) => {
                let fits =
                    |filter: &Option<String>, value: &str| filter.as_deref().is_none_or(|it| it == value);
                let resource = &finding.resource;
                scope.path.as_ref().is_none_or(|path| path.is_match(finding.location.path.as_ref()))
                    && fits(&scope.kind, &resource.kind)
                    && fits(&scope.namespace, resource.namespace.as_deref().unwrap_or_default())
                    && fits(&scope.name, &resource.name)
            }
        }
    }

    fn problem(&self, kind: ProblemKind) -> Problem {
        let mut args = vec![text("rule", self.rule.clone())];
        args.extend(self.until.clone().map(|until| text("until", until)));
        Problem { kind, path: self.path.clone(), position: self.position, args }
    }
}

/// The name that people use for the rule of a finding.
fn rule_name(finding: &Finding) -> String {
    match finding.source {
        haechi_model::RuleSource::Check => finding.rule.to_string(),
        haechi_model::RuleSource::PodSecurity => format!("pod-security/{}", finding.rule),
        haechi_model::RuleSource::Policy => format!("policy/{}", finding.rule),
    }
}

/// Takes out of `findings` what `suppressions` cover. `today` is `YYYY-MM-DD`; `is_asked` tells whether a rule took part
/// in the scan, for only then can its suppression be called unused. `used` has a place for each suppression.
pub(crate) fn apply(
    findings: &mut Vec<Finding>,
    suppressions: &[Suppression],
    used: &mut [bool],
    today: &str,
) -> Vec<Suppressed> {
    if suppressions.is_empty() {
        return Vec::new();
    }
    let mut suppressed = Vec::new();
    let mut kept = Vec::with_capacity(findings.len());
    for finding in findings.drain(..) {
        let covers =
            |suppression: &Suppression| !is_expired(suppression, today) && suppression.covers(&finding);
        match suppressions.iter().position(covers) {
            Some(at) => {
                if let Some(used) = used.get_mut(at) {
                    *used = true;
                }
                let by = suppressions.get(at);
                let reason = by.map(|by| by.reason.clone()).unwrap_or_default();
                let source = by.map_or(SuppressionSource::Config, |by| by.source);
                suppressed.push(Suppressed { finding, reason, source });
            }
            None => kept.push(finding),
        }
    }
    *findings = kept;
    suppressed
}

fn is_expired(suppression: &Suppression, today: &str) -> bool {
    // ISO dates are ordered as text.
    suppression.until.as_deref().is_some_and(|until| until < today)
}

/// Those that have expired, and those that nothing needed although their rule was asked.
pub(crate) fn leftovers(
    suppressions: &[Suppression],
    used: &[bool],
    today: &str,
    is_asked: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (suppression, used) in suppressions.iter().zip(used) {
        if is_expired(suppression, today) {
            problems.push(suppression.problem(ProblemKind::SuppressionExpired));
        } else if !used && is_asked(&suppression.rule) {
            problems.push(suppression.problem(ProblemKind::SuppressionUnused));
        }
    }
    problems
}

/// Suppressions as they are read, and those that were refused.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) suppressions: Vec<Suppression>,
    pub(crate) problems: Vec<Problem>,
}

impl Collected {
    /// Reads the annotations of an object and of the pods that it runs.
    pub(crate) fn annotations(
        &mut self,
        object: Object<'_>,
        pod: Option<Pod<'_>>,
        path: &std::sync::Arc<str>,
    ) {
        let of_object = object.metadata().and_then(|metadata| metadata.get("annotations"));
        let template = pod.map(Pod::template).filter(|template| *template != object.node());
        let of_template = template.and_then(|template| template.at(&["metadata", "annotations"]));
        // Kustomize puts one in both places.
        let is_told = |at: usize, key: &str, text: Option<&str>| {
            let of_object = of_object.filter(|_| at > 0).and_then(|annotations| annotations.get(key));
            text.is_some() && of_object.and_then(Node::as_str) == text
        };
        let all = [of_object, of_template].into_iter().enumerate();
        let all =
            all.flat_map(|(at, node)| node.into_iter().flat_map(Node::entries).map(move |entry| (at, entry)));
        for (at, entry) in all {
            if is_told(at, entry.key, entry.value.as_str()) {
                continue;
            }
            let Some(rule) = entry.key.strip_prefix(ANNOTATION) else { continue };
            let source = object.node().document().source();
            let position = Some(source.position(entry.key_span.start));
            let draft = Draft {
                rules: vec![rule_of_annotation(rule)],
                text: entry.value.as_str().unwrap_or_default(),
                scope: Scope::Object(object.resource().to_string()),
                source: SuppressionSource::Annotation,
            };
            self.add(draft, path, position);
        }
    }

    /// Reads the comments of a document.
    pub(crate) fn comments(&mut self, document: &Document, path: &std::sync::Arc<str>) {
        let source = document.source();
        for comment in document.comments() {
            let body = source.slice(comment.span).trim_start_matches('#').trim();
            let Some(directive) = body.strip_prefix("haechi:") else { continue };
            let position = source.position(comment.span.start);
            let directive = directive.trim();
            let (word, rest) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
            let scope = match word {
                "ignore-file" => Scope::File,
                "ignore" => lines_of(document, source, position),
                _ => {
                    self.refuse(path, Some(position), "word", word);
                    continue;
                }
            };
            let (rules, reason) = rest.split_once("--").unwrap_or((rest, ""));
            let rules = rules.split([',', ' ']).map(str::trim).filter(|rule| !rule.is_empty());
            let draft = Draft {
                rules: rules.map(str::to_owned).collect(),
                text: reason,
                scope,
                source: SuppressionSource::Comment,
            };
            self.add(draft, path, Some(position));
        }
    }

    fn add(&mut self, draft: Draft<'_>, path: &std::sync::Arc<str>, position: Option<Position>) {
        let tail = match Tail::read(draft.text) {
            Ok(tail) => tail,
            Err(given) => return self.refuse(path, position, "tag", &given),
        };
        if tail.reason.is_empty() {
            return self.refuse(path, position, "reason", "");
        }
        if draft.rules.is_empty() {
            return self.refuse(path, position, "no-rule", "");
        }
        for rule in draft.rules {
            if !is_rule(&rule) {
                self.refuse(path, position, "rule", &rule);
                continue;
            }
            self.suppressions.push(Suppression {
                rule,
                reason: tail.reason.clone(),
                until: tail.until.clone(),
                container: tail.container.clone(),
                scope: draft.scope.clone(),
                source: draft.source,
                path: path.clone(),
                position,
            });
        }
    }

    fn refuse(
        &mut self,
        path: &std::sync::Arc<str>,
        position: Option<Position>,
        what: &'static str,
        given: &str,
    ) {
        let args = vec![text("what", what), text("given", given)];
        let path = path.clone();
        self.problems.push(Problem { kind: ProblemKind::SuppressionRefused, path, position, args });
    }
}

struct Draft<'t> {
    rules: Vec<String>,
    text: &'t str,
    scope: Scope,
    source: SuppressionSource,
}

/// The key of an annotation has one `/` only: dots stand for those of a rule's name.
fn rule_of_annotation(key: &str) -> String {
    match key.strip_prefix("policy.") {
        Some(policy) => format!("policy/{}", policy.replacen('.', "/", 1)),
        None => key.replacen("pod-security.", "pod-security/", 1),
    }
}

/// Whether a rule of that name exists. Policies are known to those who bring them.
pub(crate) fn is_rule(rule: &str) -> bool {
    rule.starts_with("pod-security/") || rule.starts_with("policy/") || haechi_checks::find(rule).is_some()
}

/// The reason and the tags behind it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tail {
    reason: String,
    until: Option<String>,
    container: Option<String>,
}

impl Tail {
    /// Reads `reason [until 2027-01-31] [container web]`; an error is a tag that is wrong. Brackets with other words
    /// are part of the reason.
    fn read(text: &str) -> Result<Self, String> {
        let mut tail = Self::default();
        let mut rest = text.trim();
        while let Some(open) = rest.strip_suffix(']').and_then(|inside| inside.rfind('[')) {
            let (before, tag) = rest.split_at(open);
            let words: Vec<&str> = tag.trim_matches(['[', ']']).split_whitespace().collect();
            match words.as_slice() {
                ["until", date] if is_date(date) => tail.until = Some((*date).to_owned()),
                ["until", ..] => return Err(tag.to_owned()),
                ["container", name] => tail.container = Some((*name).to_owned()),
                _ => break,
            }
            rest = before.trim_end();
        }
        tail.reason = rest.to_owned();
        Ok(tail)
    }
}

/// `YYYY-MM-DD`, roughly: a day that no month has never comes.
pub(crate) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize, most: u32| {
        part.len() == digits && part.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number))
    };
    matches!(parts.as_slice(), [year, month, day] if number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31))
}

/// The lines that a comment speaks of: its own if something stands before it, else those of the key or item below it.
fn lines_of(document: &Document, source: &Source, comment: Position) -> Scope {
    let line = source.line(comment.line);
    let before: String = line.chars().take(comment.column.saturating_sub(1) as usize).collect();
    if !before.trim().is_empty() {
        return Scope::Lines(comment.line, comment.line);
    }
    let mut target = comment.line + 1;
    let last = source.position(document.span().end).line;
    while target < last && matches!(source.line(target).trim_start().chars().next(), None | Some('#')) {
        target += 1;
    }
    Scope::Lines(target, last_line(document.root(), source, target).unwrap_or(target))
}

/// The last line of the outermost key or item that begins on `target`.
fn last_line(node: Node<'_>, source: &Source, target: u32) -> Option<u32> {
    let keyed = node.entries().map(|entry| (entry.key_span.start, entry.value));
    let items = node.items().map(|item| (item.span().start, item));
    for (start, value) in keyed.chain(items) {
        let end = value.span().end.max(start + 1);
        let (first, last) = (source.position(start).line, source.position(end - 1).line);
        if first == target {
            return Some(last);
        }
        if (first..=last).contains(&target) {
            return last_line(value, source, target);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_behind_the_reason() {
        let tail = Tail::read(" loads modules [see docs] [container a] [until 2027-01-31] ");
        let expected = Tail {
            reason: "loads modules [see docs]".into(),
            until: Some("2027-01-31".into()),
            container: Some("a".into()),
        };
        assert_eq!(tail, Ok(expected));
        assert!(Tail::read("x [until tomorrow]").is_err());
        assert!(Tail::read("x [until 2027-13-01]").is_err());
        assert_eq!(Tail::read("[until 2027-01-01]").map(|tail| tail.reason), Ok(String::new()));
    }
}
