//! From files to a report: read, parse, judge, on all cores, in an order that does not depend on them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use haechi_checks::{Check, Context, Inventory, Options};
use haechi_model::{
    Arg, ArgValue, Finding, Position, Problem, ProblemKind, ScanCounts, ScanReport, Span, Suppressed,
};
use haechi_objects::{Object, PodTemplates, Reject, WorkloadKind, objects, type_errors};
use haechi_policy::pss::LevelVersion;
use haechi_sources::{Discovery, FileEntry, ReadError, read};
use haechi_syntax::{Document, Limits, Node, Source, SyntaxError, SyntaxErrorKind, Value};

use crate::config::Config;
use crate::fix::{self, Counts, FixOptions, Fixed, Fixing, Refusal};
use crate::kustomize;
use crate::policy::PolicyJudge;
use crate::suppress::{self, Collected};

mod owners;
mod pod_security;
mod render;

use pod_security::PodSecurityLevels;
pub use render::RenderOptions;
use render::Standing;

pub use crate::policy::BroughtPolicies;

/// What a scan looks for, and how.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// The checks to ask.
    pub checks: Vec<&'static Check>,
    /// What is set for checks.
    pub check_options: Options,
    /// Which kinds run pods.
    pub templates: PodTemplates,
    /// A Pod Security Standard that every pod is held to.
    pub pod_security: Option<LevelVersion>,
    /// Policies that every object is held to.
    pub policies: Option<Arc<BroughtPolicies>>,
    /// Bounds on what is read.
    pub limits: Limits,
    /// How many threads share the work.
    pub threads: usize,
    /// What the user set: severities of checks, and findings that are accepted.
    pub config: Config,
    /// The labels that tell who owns an object, the first that is there counts; none: nobody is asked for.
    pub owner_labels: Vec<String>,
    /// How charts and kustomizations are rendered; none: they are not.
    pub render: Option<RenderOptions>,
    /// The day of the scan, `YYYY-MM-DD`: suppressions may have a last day.
    pub today: String,
}

impl Default for ScanOptions {
    /// The checks that are asked unless told otherwise, on one thread, on a day before any suppression expires.
    fn default() -> Self {
        Self {
            checks: haechi_checks::CHECKS.iter().copied().filter(|check| !check.opt_in).collect(),
            check_options: Options::default(),
            templates: PodTemplates::default(),
            pod_security: None,
            policies: None,
            limits: Limits::default(),
            threads: 1,
            config: Config::default(),
            owner_labels: Vec::new(),
            render: None,
            today: "0001-01-01".to_owned(),
        }
    }
}

/// The result of a scan, with the texts that its findings point into.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Findings and problems in order.
    pub report: ScanReport,
    /// The text of each file that was read, by the path that findings name.
    pub sources: BTreeMap<Arc<str>, Arc<Source>>,
}

/// A file that was read, or why not.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) entry: FileEntry,
    pub(crate) source: Option<Arc<Source>>,
    pub(crate) documents: Vec<Document>,
    pub(crate) problems: Vec<Problem>,
    /// The bytes of standard input, which cannot be read twice.
    pub(crate) input: Option<Vec<u8>>,
    /// What the file is to charts and kustomizations that were rendered.
    standing: Standing,
}

impl Loaded {
    fn new(entry: FileEntry) -> Self {
        Self {
            entry,
            source: None,
            documents: Vec::new(),
            problems: Vec::new(),
            input: None,
            standing: Standing::Alone,
        }
    }

    /// Whether this is standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        self.entry.shown.as_ref() == "-"
    }

    /// Signs of a template that can be read as it is: where it is steered by comments, or fills in names and labels, which
    /// could not have such characters otherwise.
    fn is_template(&self) -> bool {
        let is_sign = |node: Node<'_>| node.as_str().is_some_and(is_template);
        self.documents.iter().any(|document| {
            let source = document.source();
            let mut comments = document.comments().iter();
            comments.any(|comment| is_template(source.slice(comment.span)))
                || objects(document).objects.iter().any(|object| {
                    let labels = object.labels().node();
                    let metadata = object.metadata().into_iter().flat_map(Node::entries);
                    metadata.map(|entry| entry.value).any(is_sign)
                        || labels.into_iter().flat_map(Node::entries).any(|entry| is_sign(entry.value))
                })
        })
    }

    /// Why the file must not be edited, whatever was found in it.
    pub(crate) fn refusal(&self, judged: &Judged) -> Option<Refusal> {
        let all = || self.problems.iter().chain(&judged.problems);
        let is_template = |kind| matches!(kind, ProblemKind::Template | ProblemKind::NotRendered);
        if all().any(|problem| is_template(problem.kind)) || self.is_template() {
            return Some(Refusal::Template);
        }
        // A part that cannot be read may begin or end elsewhere than it seems.
        if self.problems.is_empty() { None } else { Some(Refusal::Unreadable) }
    }
}

/// What was found in a file.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    suppressed: Vec<Suppressed>,
    /// Which suppressions of the configuration were needed here.
    used: Vec<bool>,
    /// The same of comments in files that findings were led back to, by file.
    used_comments: BTreeMap<Arc<str>, Vec<bool>>,
    pub(crate) problems: Vec<Problem>,
    counts: ScanCounts,
}

/// Scans what was discovered. `progress` is told after each file of each of the two passes, from any thread.
pub fn scan(discovery: Discovery, options: &ScanOptions, progress: &(dyn Fn() + Sync)) -> Scanned {
    scan_with(discovery, Vec::new(), options, progress)
}

/// A text that stands in no file, for instance an object of a live cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What stands for its path.
    pub shown: Arc<str>,
    /// Manifests.
    pub text: Arc<str>,
}

/// The same, with texts that stand in no file after the files.
pub fn scan_with(
    mut discovery: Discovery,
    texts: Vec<Text>,
    options: &ScanOptions,
    progress: &(dyn Fn() + Sync),
) -> Scanned {
    let mut loaded = load_all(&mut discovery, options, progress);
    loaded.extend(in_parallel(texts, options.threads, |Text { shown, text }| {
        let entry = FileEntry { path: PathBuf::from(shown.as_ref()), shown, is_named: false };
        let loaded = load_text(entry, text.as_bytes(), &options.limits);
        progress();
        loaded
    }));
    let all = vec![true; loaded.len()];
    let judged = judge_some(&loaded, &all, options, progress).into_iter().flatten().collect();
    assemble(discovery.problems, loaded, judged, options)
}

/// Scans as [`scan`] does, and fixes what can be fixed. `roots` are the paths that the user named: links below these are
/// not followed to be written to. The report tells what is left, and what was fixed.
pub fn scan_and_fix(
    mut discovery: Discovery,
    roots: &[PathBuf],
    options: &ScanOptions,
    fix: FixOptions,
    counts: Counts<'_>,
    progress: &(dyn Fn() + Sync),
) -> Fixed {
    let mut loaded = load_all(&mut discovery, options, progress);
    let input = loaded.iter_mut().find_map(|file| file.input.take());
    let mut fixing = Fixing::new(loaded, roots, options, fix, counts);
    let at_first = fixing.run();
    if fix.write {
        fixing.write();
    }
    let changed = fixing.changed();
    let of_input = changed.iter().find(|file| file.shown.as_ref() == "-");
    let input = of_input.map(|file| file.after.text().as_bytes().to_vec()).or(input);
    Fixed { scanned: fixing.finish(discovery.problems, at_first), changed, input }
}

/// The files, and behind them what is rendered of them.
fn load_all(discovery: &mut Discovery, options: &ScanOptions, progress: &(dyn Fn() + Sync)) -> Vec<Loaded> {
    let files = std::mem::take(&mut discovery.files);
    let mut loaded = in_parallel(files, options.threads, |entry| {
        let loaded = load(entry, &options.limits);
        progress();
        loaded
    });
    if let Some(render) = &options.render {
        render::render(&mut loaded, discovery, options, render);
    }
    loaded
}

/// Judges those files that are marked in `which`, among all.
pub(crate) fn judge_some(
    loaded: &[Loaded],
    which: &[bool],
    options: &ScanOptions,
    progress: &(dyn Fn() + Sync),
) -> Vec<Option<Judged>> {
    let roles = roles(loaded, &options.templates);
    let counting =
        loaded.iter().zip(&roles).filter(|(_, role)| **role != Role::Covered).map(|(file, _)| file);
    let all_objects =
        counting.flat_map(|file| &file.documents).flat_map(|document| objects(document).objects);
    let levels = PodSecurityLevels::new(options.pod_security, all_objects);
    let inventory = inventory(loaded, &roles, &options.templates);
    let context =
        Context { templates: &options.templates, options: &options.check_options, inventory: &inventory };
    let policies = options.policies.as_deref().map(|policies| {
        let whole = loaded.iter().zip(&roles).filter(|(_, role)| **role == Role::Whole);
        policies.with(
            whole
                .map(|(file, _)| file)
                .flat_map(|file| &file.documents)
                .flat_map(|document| objects(document).objects),
        )
    });
    let files = loaded.iter().zip(roles).zip(which.iter().copied()).collect();
    in_parallel(files, options.threads, |((file, role), is_asked)| {
        if !is_asked {
            return None;
        }
        let mut judged = match role {
            Role::Covered => Judged::default(),
            Role::Patch => left_out(file),
            Role::Whole => {
                let mut judged = judge(file, options, &context, &levels, policies.as_ref());
                suppress_written(file, options, &mut judged);
                file.standing.lead_back(file, loaded, options, &mut judged);
                file.standing.configured(file, &mut judged, |judged| suppress_configured(options, judged));
                fix::keep_whole(&mut judged.findings);
                judged
            }
        };
        file.standing.name_failure(&mut judged);
        progress();
        Some(judged)
    })
}

/// Puts what was found in all files together.
pub(crate) fn assemble(
    problems: Vec<Problem>,
    loaded: Vec<Loaded>,
    judged: Vec<Judged>,
    options: &ScanOptions,
) -> Scanned {
    let mut scanned = Scanned::default();
    scanned.report.owners = owners::of(&loaded, options);
    scanned.report.problems.extend(render::leftover_comments(&loaded, &judged, options));
    let mut told = render::Told::default();
    let accepted = &options.config.suppressions;
    let mut used = vec![false; accepted.len()];
    scanned.report.problems.extend(problems);
    scanned.report.counts.rules = options.checks.len();
    if let Some(policies) = &options.policies {
        scanned.report.problems.extend(policies.problems.iter().cloned());
        scanned.report.counts.rules += policies.len();
    }
    for (file, mut judged) in loaded.into_iter().zip(judged) {
        match file.standing {
            Standing::Rendered(text) => {
                told.tell_once(&mut judged, Some(&file.entry.shown));
                scanned.report.rendered.insert(file.entry.shown.clone(), text.rendered);
                for (path, source) in text.others {
                    scanned.sources.entry(path).or_insert(source);
                }
            }
            _ => {
                if options.render.is_some() {
                    told.tell_once(&mut judged, None);
                }
                scanned.report.counts.files += 1;
            }
        }
        scanned.report.counts.documents += judged.counts.documents;
        scanned.report.counts.objects += judged.counts.objects;
        scanned.report.findings.extend(judged.findings);
        scanned.report.suppressed.extend(judged.suppressed);
        for (used, here) in used.iter_mut().zip(judged.used) {
            *used |= here;
        }
        scanned.report.problems.extend(file.problems);
        scanned.report.problems.extend(judged.problems);
        if let Some(source) = file.source {
            scanned.sources.insert(file.entry.shown, source);
        }
    }
    let leftovers = suppress::leftovers(accepted, &used, &options.today, |rule| is_asked(rule, options));
    scanned.report.problems.extend(leftovers);
    scanned.report.findings.sort_by(report_order);
    sort_problems(&mut scanned.report.problems);
    scanned
}

/// The order of findings in a report.
pub(crate) fn report_order(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    (&a.location, &a.rule, &a.args).cmp(&(&b.location, &b.rule, &b.args))
}

/// Puts problems in the order of a report.
pub(crate) fn sort_problems(problems: &mut [Problem]) {
    problems.sort_by(|a, b| (&a.path, a.position, a.kind).cmp(&(&b.path, b.position, b.kind)));
}

/// How a file is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// By itself.
    Whole,
    /// Not at all: it is a part of something.
    Patch,
    /// As a part of the rendered text that it went into.
    Covered,
}

fn roles(loaded: &[Loaded], templates: &PodTemplates) -> Vec<Role> {
    let patches =
        kustomize::patches(loaded.iter().flat_map(|file| {
            file.documents.iter().map(|document| (file.entry.path.as_path(), document.root()))
        }));
    let is_patch = |file: &Loaded| {
        let path = kustomize::plain(&file.entry.path);
        patches.contains(&path) || kustomize::looks_like_patch(&path, &file.documents, templates)
    };
    let role = |file: &Loaded| match file.standing {
        Standing::Covered => Role::Covered,
        _ if is_patch(file) => Role::Patch,
        _ => Role::Whole,
    };
    loaded.iter().map(role).collect()
}

/// Applies `work` to all inputs on that many threads; results keep the order of the inputs.
fn in_parallel<I: Send, O: Send>(inputs: Vec<I>, threads: usize, work: impl Fn(I) -> O + Sync) -> Vec<O> {
    let threads = threads.clamp(1, inputs.len().max(1));
    if threads == 1 {
        return inputs.into_iter().map(work).collect();
    }
    let count = inputs.len();
    let inputs: Vec<std::sync::Mutex<Option<I>>> =
        inputs.into_iter().map(|input| std::sync::Mutex::new(Some(input))).collect();
    let next = AtomicUsize::new(0);
    let mut outputs: Vec<(usize, O)> = std::thread::scope(|scope| {
        let run = || {
            let mut done = Vec::with_capacity(count / threads + 1);
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(slot) = inputs.get(at) else { break done };
                let input = slot.lock().ok().and_then(|mut slot| slot.take());
                if let Some(input) = input {
                    done.push((at, work(input)));
                }
            }
        };
        let handles: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = run();
        for handle in handles {
            match handle.join() {
                Ok(done) => all.extend(done),
                // A bug in an engine must not become a report that lacks a file.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    outputs.sort_by_key(|(at, _)| *at);
    outputs.into_iter().map(|(_, output)| output).collect()
}

/// Reads a file; what cannot be read is among its problems.
pub(crate) fn load(entry: FileEntry, limits: &Limits) -> Loaded {
    let mut loaded = Loaded::new(entry);
    let path = loaded.entry.shown.clone();
    match read(&loaded.entry, limits.bytes) {
        Ok(bytes) => {
            let mut loaded = load_text(loaded.entry, &bytes, limits);
            loaded.input = loaded.is_standard_input().then_some(bytes);
            return loaded;
        }
        Err(ReadError::TooLarge(size)) => {
            let args = vec![number("size", size.unwrap_or(0)), number("limit", limits.bytes as u64)];
            loaded.problems.push(Problem { kind: ProblemKind::TooLarge, path, position: None, args });
        }
        Err(ReadError::Io(error)) => {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => ProblemKind::NotFound,
                _ => ProblemKind::Unreadable,
            };
            loaded.problems.push(Problem {
                kind,
                path,
                position: None,
                args: vec![text("detail", error.to_string())],
            });
        }
    }
    loaded
}

/// Reads the bytes of a file.
pub(crate) fn load_text(entry: FileEntry, bytes: &[u8], limits: &Limits) -> Loaded {
    let mut loaded = Loaded::new(entry);
    let path = loaded.entry.shown.clone();
    let parsed = haechi_syntax::parse(bytes, limits);
    let is_read = |error: &SyntaxError| {
        !matches!(error.kind, SyntaxErrorKind::WrongEncoding | SyntaxErrorKind::TooLarge)
    };
    if parsed.errors.iter().any(is_read) && bytes.contains(&0) {
        // What is wrong with a program or an image as YAML helps nobody.
        loaded.problems.push(Problem { kind: ProblemKind::Binary, path, position: None, args: Vec::new() });
    } else {
        loaded
            .problems
            .extend(parsed.errors.iter().map(|error| syntax_problem(error, &parsed.source, &path)));
    }
    loaded.documents = parsed.documents;
    loaded.source = Some(parsed.source);
    loaded
}

fn syntax_problem(error: &SyntaxError, source: &Source, path: &Arc<str>) -> Problem {
    let kind = match error.kind {
        SyntaxErrorKind::TooLarge | SyntaxErrorKind::TooDeep | SyntaxErrorKind::AliasExpansion => {
            ProblemKind::TooLarge
        }
        SyntaxErrorKind::Binary => ProblemKind::Binary,
        SyntaxErrorKind::WrongEncoding => ProblemKind::WrongEncoding,
        SyntaxErrorKind::InvalidUtf8
        | SyntaxErrorKind::AliasCycle
        | SyntaxErrorKind::Yaml
        | SyntaxErrorKind::Json
        | SyntaxErrorKind::Value => {
            if is_template(chunk_around(source.text(), error.span)) {
                let position = Some(source.position(error.span.start));
                let args = vec![text("engine", "unknown"), number("count", 1)];
                return Problem { kind: ProblemKind::Template, path: path.clone(), position, args };
            }
            ProblemKind::Syntax
        }
    };
    let position = match error.kind {
        SyntaxErrorKind::TooLarge | SyntaxErrorKind::Binary | SyntaxErrorKind::WrongEncoding => None,
        _ => Some(source.position(error.span.start)),
    };
    Problem { kind, path: path.clone(), position, args: vec![text("detail", error.message.clone())] }
}

/// The text between the `---` lines around a place.
fn chunk_around(text: &str, span: Span) -> &str {
    let mut at = (span.start as usize).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (before, after) = text.split_at(at);
    let start = before.rfind("\n---").unwrap_or(0);
    let end = after.find("\n---").map_or(text.len(), |end| at + end);
    text.get(start..end).unwrap_or_default()
}

/// Signs of a template that has not been rendered: Helm and Go, Jinja, ERB.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%"].iter().any(|sign| text.contains(sign))
}

/// A patch of a kustomization: a part of an object, which would be judged as if the rest were missing.
fn left_out(file: &Loaded) -> Judged {
    let args = vec![text("engine", "kustomize-patch"), number("count", 1)];
    let problem =
        Problem { kind: ProblemKind::Template, path: file.entry.shown.clone(), position: None, args };
    Judged { problems: vec![problem], ..Judged::default() }
}

/// All whole objects of the scan, and what its kustomizations generate.
fn inventory<'d>(loaded: &'d [Loaded], roles: &[Role], templates: &PodTemplates) -> Inventory<'d> {
    let of =
        |wanted| loaded.iter().zip(roles).filter(move |(_, role)| **role == wanted).map(|(file, _)| file);
    let documents =
        || of(Role::Whole).flat_map(|file| file.documents.iter().map(move |document| (file, document)));
    let mut inventory =
        Inventory::new(documents().flat_map(|(_, document)| objects(document).objects), templates);
    for (file, document) in documents() {
        if kustomize::is_kustomization(&file.entry.path, document.root()) {
            kustomize::generated(document.root(), |kind, name| inventory.note(kind, name));
        }
    }
    for part in
        of(Role::Patch).flat_map(|file| &file.documents).flat_map(|document| objects(document).objects)
    {
        inventory.note_part(part, templates);
    }
    inventory
}

fn judge(
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
fn suppress_written(file: &Loaded, options: &ScanOptions, judged: &mut Judged) {
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
fn suppress_configured(options: &ScanOptions, judged: &mut Judged) {
    judged.used = vec![false; options.config.suppressions.len()];
    let by_config =
        suppress::apply(&mut judged.findings, &options.config.suppressions, &mut judged.used, &options.today);
    judged.suppressed.extend(by_config);
}

/// Whether a rule takes part in the scan, so that a suppression without a finding is one too many.
fn is_asked(rule: &str, options: &ScanOptions) -> bool {
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

pub(crate) fn text(name: &'static str, value: impl Into<String>) -> Arg {
    Arg { name: Cow::Borrowed(name), value: ArgValue::Text(value.into()) }
}

fn number(name: &'static str, value: u64) -> Arg {
    Arg { name: Cow::Borrowed(name), value: ArgValue::Number(i64::try_from(value).unwrap_or(i64::MAX)) }
}
