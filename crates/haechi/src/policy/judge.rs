//! Policies within a scan: violations become findings, what could not be judged becomes a problem.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::ArgMatches;
use haechi_model::{Arg, Finding, Fingerprint, Location, Problem, ProblemKind, RuleSource, Severity, Span};
use haechi_objects::Object;
use haechi_policy::cel::CelEngine;
use haechi_policy::gatekeeper::{EnforcementPoint, Gatekeeper};
use haechi_policy::{
    Actions, Engine, Inventory, LoadError, Outcome, Permissions, Policies, PolicyEngines, PolicySet, Request,
    Verdict,
};
use haechi_report::{Args, Texts};
use haechi_syntax::Limits;

use super::authorizer::Roles;
use super::files::{Reading, read_files};
use super::mistakes::{failure, mistake};
use crate::exit::UsageError;
use crate::scan::text;

/// Policies from files, made ready.
#[derive(Debug)]
pub struct BroughtPolicies {
    set: Policies,
    files: Reading,
    /// What of them could not be read or was refused.
    pub problems: Vec<Problem>,
    /// The language in which it is told what cannot be evaluated.
    texts: Texts,
}

/// The time that policies are told.
#[expect(clippy::disallowed_methods, reason = "this is the edge that reads the clock")]
pub(crate) fn now_ns() -> Option<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok()
}

/// How the engines read policies on the command line.
pub(crate) fn engines(rego_first: bool) -> PolicyEngines {
    PolicyEngines {
        gatekeeper: Gatekeeper {
            point: EnforcementPoint::CommandLine,
            rego_first,
            external: None,
            now_ns: now_ns(),
        },
        cel: CelEngine { apply_unbound: true, with_kinds: true, ..CelEngine::default() },
        pod_security: None,
    }
}

/// There is nothing to hold anything against: a result would look like a pass.
pub(crate) fn no_policies(paths: &[PathBuf], texts: &Texts) -> UsageError {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    UsageError(texts.message("policy-none", &Args::new().text("paths", paths.join(", "))))
}

impl BroughtPolicies {
    /// The policies that `--policies` names, if it does.
    pub(crate) fn of_arguments(matches: &ArgMatches, texts: &Texts) -> Result<Option<Self>> {
        let paths: Vec<PathBuf> = matches.get_many("policies").into_iter().flatten().cloned().collect();
        if paths.is_empty() {
            return Ok(None);
        }
        let policies = Self::read(&paths, texts);
        if policies.set.is_empty() && policies.problems.is_empty() {
            return Err(no_policies(&paths, texts).into());
        }
        Ok(Some(policies))
    }

    /// Reads the policies of files and folders; what is wrong with them is told in the language of `texts`.
    pub fn read(paths: &[PathBuf], texts: &Texts) -> Self {
        let mut files = read_files(paths, &Limits::default());
        let loaded = engines(false).load(&files.documents());
        let mut problems = std::mem::take(&mut files.problems);
        problems.retain(|problem| problem.kind.is_incomplete());
        problems.extend(loaded.errors.iter().map(|error| refused(error, texts)));
        Self { set: loaded.set, files, problems, texts: Texts::new(texts.language()) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Makes ready to judge objects that know of each other.
    pub(crate) fn with<'d>(&'d self, objects: impl Iterator<Item = Object<'d>>) -> PolicyJudge<'d> {
        let objects: Vec<Object<'d>> = objects.collect();
        let roles = Roles::of(objects.iter().copied());
        // What lies beside the policies may be a parameter of them, but is no part of the cluster.
        let parameters = Inventory::new(self.files.objects().chain(objects.iter().copied()));
        PolicyJudge {
            set: &self.set,
            inventory: Inventory::new(objects),
            parameters,
            roles,
            texts: &self.texts,
        }
    }
}

/// A policy that was refused, as a problem.
fn refused(error: &LoadError, texts: &Texts) -> Problem {
    Problem {
        kind: ProblemKind::PolicyRefused,
        path: error.path.clone(),
        position: Some(error.position),
        args: vec![text("detail", format!("{}: {}", error.policy, mistake(error, texts)))],
    }
}

/// Policies and what they may look up.
#[derive(Debug)]
pub(crate) struct PolicyJudge<'d> {
    set: &'d Policies,
    inventory: Inventory<'d>,
    parameters: Inventory<'d>,
    /// What answers `authorizer`, where any roles are at hand.
    roles: Option<Roles>,
    texts: &'d Texts,
}

impl PolicyJudge<'_> {
    /// Holds an object against all policies.
    pub(crate) fn judge(
        &self,
        object: Object<'_>,
        path: &Arc<str>,
        findings: &mut Vec<Finding>,
        problems: &mut Vec<Problem>,
    ) {
        let authorizer = self.roles.as_ref().map(|roles| Permissions(roles));
        let request = Request {
            parameters: &self.parameters,
            authorizer,
            ..Request::of_object(object, &self.inventory)
        };
        let mut verdicts = Vec::new();
        self.set.review(&request, &mut verdicts);
        for verdict in &verdicts {
            match &verdict.outcome {
                Outcome::Violation(violation) => {
                    findings.push(finding(object, path, verdict, &violation.message, &violation.spans));
                }
                Outcome::Error { message, .. } => {
                    let span = object.anchor_span();
                    problems.push(Problem {
                        kind: ProblemKind::PolicyFailed,
                        path: path.clone(),
                        position: Some(object.node().document().source().position(span.start)),
                        args: vec![text(
                            "detail",
                            format!(
                                "{}: {}: {}",
                                object.resource(),
                                verdict.policy,
                                failure(message, self.texts)
                            ),
                        )],
                    });
                }
                Outcome::Pass | Outcome::NotApplicable(_) => {}
            }
        }
    }
}

/// What is refused weighs more than what is told.
fn severity(actions: Actions) -> Severity {
    match actions {
        Actions { deny: true, .. } => Severity::High,
        Actions { warn: true, .. } => Severity::Medium,
        Actions { audit: true, .. } => Severity::Low,
        _ => Severity::Info,
    }
}

fn finding(object: Object<'_>, path: &Arc<str>, verdict: &Verdict, message: &str, spans: &[Span]) -> Finding {
    let source = object.node().document().source();
    let span = spans.first().copied().unwrap_or_else(|| object.anchor_span());
    let location = Location {
        path: path.clone(),
        span,
        start: source.position(span.start),
        end: source.position(span.end),
        json_path: object.node().json_path(),
    };
    let args: Vec<Arg> = vec![text("message", message)];
    let namespace = object.namespace().unwrap_or_default();
    let (group, kind, name) = (object.group(), object.kind(), object.name());
    Finding {
        rule: Cow::Owned(verdict.policy.to_string()),
        source: RuleSource::Policy,
        severity: severity(verdict.actions),
        resource: object.resource(),
        location,
        args,
        fingerprint: Fingerprint::of([
            "policy",
            &*verdict.policy,
            &*verdict.rule,
            group,
            kind,
            namespace,
            name,
            message,
        ]),
        fix: None,
    }
}
