//! `haechi policy apply`, `test` and `explain`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use clap::ArgMatches;
use haechi_model::Problem;
use haechi_objects::{Object, PodTemplates};
use haechi_policy::gatekeeper::suite::{self, SuiteFilter, SuiteResult, Surroundings};
use haechi_policy::{
    Actions, Engine, Inventory, LoadError, Operation, Outcome, Patch, PatchOp, Policies, PolicySet, Request,
    Verdict,
};
use haechi_report::{Args, Texts};
use haechi_sources::{DiscoverOptions, ReadError, discover, read};
use haechi_syntax::{Limits, Node, parse};
use serde_json::{Value as Json, json};

use super::to_stdout;
use crate::Exit;
use crate::exit::UsageError;
#[cfg(feature = "providers")]
use crate::policy::Providers;
use crate::policy::{
    Reading, Recorded, Roles, engines, failure, mistake_line, no_policies, now_ns, read_files,
};
use crate::scan::placeholder;

/// What all policies say about one object.
struct Judged<'d> {
    path: Arc<str>,
    object: Object<'d>,
    verdicts: Vec<Verdict>,
}

/// What was read of the command line's files.
struct Given {
    policies: Reading,
    resources: Reading,
    inventory: Reading,
}

/// The result of a review of everything.
struct Reviewed<'d> {
    set: Policies,
    refused: Vec<LoadError>,
    judged: Vec<Judged<'d>>,
    /// Objects that could not be handed to the policies at all: their place, and why.
    unjudged: Vec<String>,
}

impl Given {
    fn read(matches: &ArgMatches) -> Self {
        let limits = Limits::default();
        let paths =
            |name: &str| -> Vec<PathBuf> { matches.get_many(name).into_iter().flatten().cloned().collect() };
        Self {
            policies: read_files(&paths("policy"), &limits),
            resources: read_files(&paths("paths"), &limits),
            inventory: read_files(&paths("inventory"), &limits),
        }
    }

    fn readings(&self) -> [&Reading; 3] {
        [&self.policies, &self.resources, &self.inventory]
    }

    /// Objects that policies may look up: the resources themselves, and what `--inventory` names.
    fn known(&self) -> Inventory<'_> {
        Inventory::new(self.inventory.objects().chain(self.resources.objects()))
    }

    /// The same, and what lies beside the policies.
    fn parameters(&self) -> Inventory<'_> {
        Inventory::new(
            self.policies.objects().chain(self.inventory.objects()).chain(self.resources.objects()),
        )
    }

    fn review<'d>(
        &'d self,
        matches: &ArgMatches,
        texts: &Texts,
        known: &'d Inventory<'d>,
        parameters: &'d Inventory<'d>,
    ) -> Result<Reviewed<'d>> {
        let mut engines = engines(matches.get_flag("rego-first"));
        if let Some(path) = matches.get_one::<PathBuf>("external-data") {
            engines.gatekeeper.external = Some(Arc::new(Recorded::read(path).map_err(UsageError)?));
        }
        #[cfg(feature = "providers")]
        if matches.get_flag("ask-providers") {
            let objects = self.policies.objects().chain(self.inventory.objects());
            engines.gatekeeper.external = Some(Arc::new(Providers::among(objects)));
        }
        let roles = Roles::of(self.readings().into_iter().flat_map(Reading::objects));
        engines.cel.authorizer = roles.map(|roles| Arc::new(roles) as Arc<dyn haechi_cel::Authorizer>);
        let documents = self.policies.documents();
        let loaded = engines.load(&documents);
        if loaded.set.is_empty() && loaded.errors.is_empty() && !self.policies.is_incomplete() {
            let paths: Vec<PathBuf> = matches.get_many("policy").into_iter().flatten().cloned().collect();
            return Err(no_policies(&paths, texts).into());
        }
        let operation = match matches.get_one::<String>("operation").map(String::as_str) {
            Some("create") => Some(Operation::Create),
            Some("update") => Some(Operation::Update),
            _ => None,
        };
        let mut reviewed =
            Reviewed { set: loaded.set, refused: loaded.errors, judged: Vec::new(), unjudged: Vec::new() };
        for document in self.resources.documents() {
            let object = document.object;
            if engines.claims(object) {
                continue;
            }
            let unjudged = |node: Node<'_>, why: &str| {
                let place = node.document().source().position(node.anchor_span().start);
                format!("{}:{}:{}: {}: {why}", document.path, place.line, place.column, object.resource())
            };
            if let Some(node) = placeholder(object, &PodTemplates::default()) {
                let why = texts.message("policy-template", &Args::new());
                reviewed.unjudged.push(unjudged(node, &why));
                continue;
            }
            let request = if object.is("admission.k8s.io", "AdmissionReview") {
                match Request::from_admission_review(object.node(), known) {
                    Ok(request) => request,
                    Err(error) => {
                        reviewed.unjudged.push(unjudged(object.node(), &error.to_string()));
                        continue;
                    }
                }
            } else {
                Request { operation, ..Request::of_object(object, known) }
            };
            let request = Request { parameters, ..request };
            let mut verdicts = Vec::new();
            reviewed.set.review(&request, &mut verdicts);
            let object = request.object.or(request.old_object).unwrap_or(object);
            reviewed.judged.push(Judged { path: document.path.clone(), object, verdicts });
        }
        Ok(reviewed)
    }

    /// Says on standard error what could not be read, loaded or judged; whether anything could not.
    fn tell_problems(&self, reviewed: &Reviewed<'_>, texts: &Texts) -> Result<bool> {
        let mut err = io::stderr().lock();
        for reading in self.readings() {
            for problem in reading.problems.iter().filter(|problem| problem.kind.is_incomplete()) {
                writeln!(err, "{}", problem_line(problem, texts))?;
            }
        }
        for error in &reviewed.refused {
            writeln!(err, "{}", mistake_line(error, texts))?;
        }
        for line in &reviewed.unjudged {
            writeln!(err, "{line}")?;
        }
        let is_incomplete = self.readings().iter().any(|reading| reading.is_incomplete());
        Ok(is_incomplete || !reviewed.refused.is_empty() || !reviewed.unjudged.is_empty())
    }
}

fn problem_line(problem: &Problem, texts: &Texts) -> String {
    let place = match problem.position {
        Some(position) => format!("{}:{}:{}", problem.path, position.line, position.column),
        None => problem.path.to_string(),
    };
    let text = texts.problem(problem);
    match text.detail {
        Some(detail) => format!("{place}: {}: {detail}", text.title),
        None => format!("{place}: {}", text.title),
    }
}

/// Numbers for the last line.
#[derive(Debug, Default)]
struct Counts {
    denied: usize,
    others: usize,
    errors: usize,
}

impl Counts {
    fn of(judged: &[Judged<'_>]) -> Self {
        let mut counts = Self::default();
        for verdict in judged.iter().flat_map(|judged| &judged.verdicts) {
            match &verdict.outcome {
                Outcome::Violation(_) if verdict.actions.deny => counts.denied += 1,
                Outcome::Violation(_) => counts.others += 1,
                Outcome::Error { .. } => counts.errors += 1,
                Outcome::Pass | Outcome::NotApplicable(_) => {}
            }
        }
        counts
    }

    fn line(&self, objects: usize, policies: usize, texts: &Texts) -> String {
        let args = Args::new()
            .number("objects", objects)
            .number("policies", policies)
            .number("denied", self.denied)
            .number("others", self.others)
            .number("errors", self.errors);
        texts.message("policy-summary", &args)
    }
}

/// `haechi policy apply -p POLICY… RESOURCE…`
pub(super) fn apply(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let given = Given::read(matches);
    let (known, parameters) = (given.known(), given.parameters());
    let reviewed = given.review(matches, texts, &known, &parameters)?;
    let counts = Counts::of(&reviewed.judged);
    let shows_all = matches.get_flag("all");
    let is_json = is_json(matches);
    to_stdout(|out| {
        if is_json {
            return write_json(&reviewed, shows_all, out);
        }
        for judged in &reviewed.judged {
            write_judged(judged, shows_all, texts, out)?;
        }
        writeln!(out, "{}", counts.line(reviewed.judged.len(), reviewed.set.len(), texts))
    })?;
    if given.tell_problems(&reviewed, texts)? || counts.errors > 0 || reviewed.judged.is_empty() {
        return Ok(Exit::Incomplete);
    }
    let threshold = matches.get_one::<String>("fail-on").map_or("deny", String::as_str);
    let fails = |verdict: &Verdict| {
        let actions = verdict.actions;
        matches!(verdict.outcome, Outcome::Violation(_))
            && match threshold {
                "never" => false,
                "any" => true,
                "warn" => actions.deny || actions.warn,
                _ => actions.deny,
            }
    };
    let has_failed = reviewed.judged.iter().flat_map(|judged| &judged.verdicts).any(fails);
    Ok(if has_failed { Exit::Findings } else { Exit::Clean })
}

/// `haechi policy explain -p POLICY… RESOURCE…`
pub(super) fn explain(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let given = Given::read(matches);
    let (known, parameters) = (given.known(), given.parameters());
    let reviewed = given.review(matches, texts, &known, &parameters)?;
    let counts = Counts::of(&reviewed.judged);
    let is_json = is_json(matches);
    to_stdout(|out| {
        if is_json {
            return write_json(&reviewed, true, out);
        }
        for judged in &reviewed.judged {
            writeln!(out, "{}", heading(judged))?;
            for verdict in &judged.verdicts {
                let rule = match &*verdict.rule {
                    "" => String::new(),
                    rule => format!(" ({rule})"),
                };
                writeln!(out, "  {}{rule}", verdict.policy)?;
                writeln!(out, "    {}", reason(verdict, texts))?;
            }
        }
        Ok(())
    })?;
    let is_incomplete =
        given.tell_problems(&reviewed, texts)? || counts.errors > 0 || reviewed.judged.is_empty();
    Ok(if is_incomplete { Exit::Incomplete } else { Exit::Clean })
}

fn is_json(matches: &ArgMatches) -> bool {
    matches.get_one::<String>("output").is_some_and(|format| format == "json")
}

fn heading(judged: &Judged<'_>) -> String {
    let place = judged.object.node().document().source().position(judged.object.anchor_span().start);
    format!("{} ({}:{}:{})", judged.object.resource(), judged.path, place.line, place.column)
}

/// Why a policy is about an object or not, and what came of it.
fn reason(verdict: &Verdict, texts: &Texts) -> String {
    let with = |name: &'static str, text: &str| {
        let action = action_word(verdict.actions, texts);
        texts.message(name, &Args::new().text("detail", text.to_owned()).text("action", action))
    };
    match &verdict.outcome {
        Outcome::Pass if verdict.patches.is_empty() => with("policy-explain-pass", ""),
        Outcome::Pass => with("policy-explain-changed", ""),
        Outcome::Violation(violation) => with("policy-explain-violated", &violation.message),
        Outcome::Error { message, .. } => with("policy-explain-error", &failure(message, texts)),
        Outcome::NotApplicable(why) => {
            let id: String = why
                .chars()
                .flat_map(|c| {
                    let dash = c.is_ascii_uppercase().then_some('-');
                    let c = if c == ' ' { '-' } else { c.to_ascii_lowercase() };
                    dash.into_iter().chain(Some(c))
                })
                .collect();
            let none = Args::new();
            let why = texts.find(&format!("policy-left-out-{id}"), None, &none);
            with("policy-explain-left-out", &why.map_or_else(|| id.clone(), |text| text.into_owned()))
        }
    }
}

fn action_word(actions: Actions, texts: &Texts) -> String {
    let words = [
        (actions.deny, "policy-action-deny"),
        (actions.warn, "policy-action-warn"),
        (actions.audit, "policy-action-audit"),
        (actions.dry_run, "policy-action-dryrun"),
    ];
    let words: Vec<String> = words
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, id)| texts.message(id, &Args::new()))
        .collect();
    if words.is_empty() { texts.message("policy-action-none", &Args::new()) } else { words.join(", ") }
}

fn write_judged(judged: &Judged<'_>, shows_all: bool, texts: &Texts, out: &mut dyn Write) -> io::Result<()> {
    let label = |id: &str| texts.message(id, &Args::new());
    let mut lines: Vec<String> = Vec::new();
    for verdict in &judged.verdicts {
        let name = match &*verdict.rule {
            "" => verdict.policy.to_string(),
            rule => format!("{} ({rule})", verdict.policy),
        };
        match &verdict.outcome {
            Outcome::Violation(violation) => {
                // A policy's message may have lines of its own.
                let message = violation.message.replace('\n', "\n      ");
                lines.push(format!("  {}: {name}: {message}", action_word(verdict.actions, texts)));
            }
            Outcome::Error { message, .. } => {
                lines.push(format!("  {}: {name}: {}", label("policy-error"), failure(message, texts)));
            }
            Outcome::Pass if shows_all && verdict.patches.is_empty() => {
                lines.push(format!("  {}: {name}", label("policy-pass")));
            }
            Outcome::NotApplicable(_) if shows_all => {
                lines.push(format!("  {}: {name}", label("policy-left-out")));
            }
            Outcome::Pass | Outcome::NotApplicable(_) => {}
        }
        if !verdict.patches.is_empty() {
            lines.push(format!("  {}: {name}", label("policy-changed")));
            lines.extend(verdict.patches.iter().map(|patch| format!("      {}", patch_text(patch))));
        }
    }
    if !lines.is_empty() {
        writeln!(out, "{}", heading(judged))?;
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        writeln!(out)?;
    }
    Ok(())
}

const fn patch_word(op: PatchOp) -> &'static str {
    match op {
        PatchOp::Add => "add",
        PatchOp::Remove => "remove",
        PatchOp::Replace => "replace",
        PatchOp::Move => "move",
        PatchOp::Copy => "copy",
        PatchOp::Test => "test",
    }
}

fn patch_text(patch: &Patch) -> String {
    let word = patch_word(patch.op);
    match &patch.value {
        Some(value) => format!("{word} {} {value}", patch.path),
        None => format!("{word} {}", patch.path),
    }
}

fn write_json(reviewed: &Reviewed<'_>, shows_all: bool, out: &mut dyn Write) -> io::Result<()> {
    let objects: Vec<Json> = reviewed
        .judged
        .iter()
        .map(|judged| {
            let shown = |verdict: &&Verdict| {
                shows_all
                    || !verdict.patches.is_empty()
                    || matches!(verdict.outcome, Outcome::Violation(_) | Outcome::Error { .. })
            };
            let place = judged.object.node().document().source().position(judged.object.anchor_span().start);
            let resource = judged.object.resource();
            json!({
                "resource": {
                    "apiVersion": resource.api_version,
                    "kind": resource.kind,
                    "namespace": resource.namespace,
                    "name": resource.name,
                },
                "path": &*judged.path,
                "line": place.line,
                "column": place.column,
                "verdicts": judged.verdicts.iter().filter(shown).map(verdict_json).collect::<Vec<_>>(),
            })
        })
        .collect();
    let refused: Vec<Json> = reviewed
        .refused
        .iter()
        .map(|error| {
            json!({
                "path": &*error.path,
                "line": error.position.line,
                "column": error.position.column,
                "policy": error.policy,
                "message": error.message,
            })
        })
        .collect();
    let report = json!({
        "schema": "haechi.policy/v1",
        "policies": reviewed.set.len(),
        "objects": objects,
        "refusedPolicies": refused,
        "unjudged": reviewed.unjudged,
    });
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn verdict_json(verdict: &Verdict) -> Json {
    let Actions { deny, warn, audit, dry_run } = verdict.actions;
    let actions: Vec<&str> = [(deny, "deny"), (warn, "warn"), (audit, "audit"), (dry_run, "dryrun")]
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, name)| name)
        .collect();
    let mut json = json!({
        "policy": &*verdict.policy,
        "rule": &*verdict.rule,
        "actions": actions,
        "refuses": verdict.refuses(),
    });
    let mut add = |key: &str, value: Json| {
        if let Json::Object(fields) = &mut json {
            fields.insert(key.to_owned(), value);
        }
    };
    match &verdict.outcome {
        Outcome::Pass => add("outcome", "pass".into()),
        Outcome::NotApplicable(why) => {
            add("outcome", "not-applicable".into());
            add("leftOutBy", (*why).into());
        }
        Outcome::Violation(violation) => {
            add("outcome", "violation".into());
            add("message", violation.message.as_str().into());
            add("details", violation.details.clone());
        }
        Outcome::Error { message, .. } => {
            add("outcome", "error".into());
            add("message", message.text.as_str().into());
        }
    }
    if !verdict.patches.is_empty() {
        let patches = verdict
            .patches
            .iter()
            .map(|patch| json!({"op": patch_word(patch.op), "path": patch.path, "value": patch.value}));
        add("patches", patches.collect());
    }
    if !verdict.audit_annotations.is_empty() {
        let annotations =
            verdict.audit_annotations.iter().map(|(key, value)| (key.clone(), value.clone().into()));
        add("auditAnnotations", Json::Object(annotations.collect()));
    }
    json
}

struct Disk {
    start: Instant,
}

impl Surroundings for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| format!("{path}: {error}"))
    }

    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

/// `haechi policy test DIR…`
pub(super) fn test(matches: &ArgMatches, texts: &Texts) -> Result<Exit> {
    let run = matches.get_one::<String>("run").map_or("", String::as_str);
    let mut filter = SuiteFilter::parse(run).map_err(UsageError)?;
    filter.rego_first = matches.get_flag("rego-first");
    filter.now_ns = now_ns();
    // `DIR/...` is how gator asks for folders below.
    let paths: Vec<PathBuf> = matches
        .get_many::<PathBuf>("paths")
        .into_iter()
        .flatten()
        .map(|path| match path.file_name().is_some_and(|name| name == "...") {
            true => path.parent().map_or_else(|| PathBuf::from("."), PathBuf::from),
            false => path.clone(),
        })
        .collect();
    let discovery = discover(&paths, &DiscoverOptions::default());
    let mut unread: Vec<String> = discovery
        .problems
        .iter()
        .filter(|problem| problem.kind.is_incomplete())
        .map(|problem| problem_line(problem, texts))
        .collect();
    let disk = Disk { start: Instant::now() };
    let limits = Limits::default();
    let mut results: Vec<SuiteResult> = Vec::new();
    for entry in &discovery.files {
        let bytes = match read(entry, limits.bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                let why = match error {
                    ReadError::Io(error) => error.to_string(),
                    ReadError::TooLarge(_) => texts.message("problem-too-large", &Args::new()),
                };
                unread.push(format!("{}: {why}", entry.shown));
                continue;
            }
        };
        // Most files of a library are no suites: not worth a parser.
        const MARK: &[u8] = b"test.gatekeeper.sh";
        if !entry.is_named && !bytes.windows(MARK.len()).any(|window| window == MARK) {
            continue;
        }
        let parsed = parse(&bytes, &limits);
        if let Some(error) = parsed.errors.first() {
            let place = parsed.source.position(error.span.start);
            unread.push(format!("{}:{}:{}: {error}", entry.shown, place.line, place.column));
            continue;
        }
        for document in parsed.documents.iter().filter(|document| suite::is_suite(document)) {
            results.push(suite::run_suite(&entry.shown, document, &filter, &disk));
        }
    }
    if results.is_empty() && unread.is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let message = texts.message("policy-no-suites", &Args::new().text("paths", paths.join(", ")));
        return Err(UsageError(message).into());
    }
    to_stdout(|out| out.write_all(suite::print(&results, matches.get_flag("verbose")).as_bytes()))?;
    for line in &unread {
        writeln!(io::stderr(), "{line}")?;
    }
    if results.iter().any(SuiteResult::is_failure) {
        return Ok(Exit::Findings);
    }
    Ok(if unread.is_empty() { Exit::Clean } else { Exit::Incomplete })
}
