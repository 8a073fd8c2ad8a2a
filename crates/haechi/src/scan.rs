//! From files to a report: read, parse, judge, on all cores, in an order that does not depend on them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use haechi_checks::{Check, Context, Inventory, Options};
use haechi_model::{Arg, ArgValue, Finding, Problem, ScanReport};
use haechi_objects::{PodTemplates, objects};
use haechi_policy::pss::LevelVersion;
use haechi_sources::{Discovery, FileEntry};
use haechi_syntax::{Limits, Source};

use crate::config::Config;
use crate::fix::{self, Counts, FixOptions, Fixed, Fixing};
use crate::kustomize;
use crate::suppress::{self};

mod judge;
mod load;
mod owners;
mod pod_security;
mod render;

pub(crate) use judge::{Judged, placeholder};
use judge::{is_asked, judge, left_out, suppress_configured, suppress_written};
pub(crate) use load::{Loaded, load, load_text};
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

pub(crate) fn text(name: &'static str, value: impl Into<String>) -> Arg {
    Arg { name: Cow::Borrowed(name), value: ArgValue::Text(value.into()) }
}

fn number(name: &'static str, value: u64) -> Arg {
    Arg { name: Cow::Borrowed(name), value: ArgValue::Number(i64::try_from(value).unwrap_or(i64::MAX)) }
}
