//! Rules over recorded events: Falco 0.34.1's own tests, and those of its test repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use haechi_detect::decode::{Reject, RejectReason};
use haechi_detect::fields::Source;
use haechi_detect::output::OutputOptions;
use haechi_detect::program::RuleMatching;
use haechi_detect::rules::{LoadResult, Loaded, Options, RuleFile, Selection, Which, load};
use haechi_detect::stream::{Report, Stream, StreamOptions};
use haechi_model::{Detection, Priority};
use serde_json::Value as Json;

use super::loading::missing_entry;
use super::{case_name, files_below, read_json, strings, text};
use crate::conformance::{Outcome, Suite};

pub(crate) const FALCO_SUITE: Suite =
    Suite { name: "detect/falco-suite-0.34.1", needs: "detect/falco-suite-0.34.1", run: falco_suite };

pub(crate) const FALCO_TESTING: Suite =
    Suite { name: "detect/falco-testing", needs: "detect/falco-testing", run: falco_testing };

const SHIPPED: &str = "detect/falco-rules-shipped";

/// What came of a case.
enum Judged {
    Right,
    Wrong(String),
    Apart(String),
}

fn add(outcome: &mut Outcome, name: String, judged: Judged) {
    match judged {
        Judged::Right => outcome.judge(name, None),
        Judged::Wrong(detail) => outcome.judge(name, Some(detail)),
        Judged::Apart(reason) => outcome.apart.push((name, reason)),
    }
}

#[derive(Default)]
struct Found {
    detections: Vec<Detection>,
    rejects: Vec<Reject>,
}

impl Report for Found {
    fn detection(&mut self, detection: Detection, _line: u64) {
        self.detections.push(detection);
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }
}

impl Found {
    fn count(&self, rule: &str) -> usize {
        self.detections.iter().filter(|found| *found.rule == *rule).count()
    }

    fn has_priority(&self, priority: &str) -> bool {
        let priority: Option<Priority> = priority.parse().ok();
        self.detections.iter().any(|found| Some(found.priority) == priority)
    }

    fn names(&self) -> Vec<&str> {
        self.detections.iter().map(|found| &*found.rule).collect()
    }
}

fn load_files(paths: &[PathBuf], options: &Options) -> Result<Loaded> {
    let files: Vec<(String, Vec<u8>)> = paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, std::fs::read(path).with_context(|| path.display().to_string())?))
        })
        .collect::<Result<_>>()?;
    let files: Vec<RuleFile<'_>> = files.iter().map(|(name, bytes)| RuleFile { name, bytes }).collect();
    Ok(load(&files, options))
}

fn replay(loaded: &Loaded, trace: &Path) -> Result<Found> {
    let mut bytes = std::fs::read(trace).with_context(|| trace.display().to_string())?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let packed = std::mem::take(&mut bytes);
        std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*packed), &mut bytes)?;
    }
    let options = StreamOptions { matching: RuleMatching::First, ..StreamOptions::default() };
    let mut stream = Stream::new(&loaded.program, options);
    let mut found = Found::default();
    stream.feed(&bytes, &mut found);
    stream.finish(&mut found);
    Ok(found)
}

/// Only the sources that the case's plugins provide.
fn options_for(source: Option<&str>) -> Options {
    let id = source.and_then(Source::named);
    Options { sources: vec![Source::SYSCALL].into_iter().chain(id).collect(), ..Options::default() }
}

/// Which rules take part, as the case's command line says.
fn with_selections(mut options: Options, case: &Json) -> Options {
    let mut select = |enabled: bool, which: Which| options.selections.push(Selection { enabled, which });
    let run = strings(case, "run_tags");
    if !run.is_empty() {
        select(false, Which::Name("*".into()));
        select(true, Which::Tags(run));
    }
    let disabled = strings(case, "disable_tags");
    if !disabled.is_empty() {
        select(false, Which::Tags(disabled));
    }
    for name in strings(case, "disabled_rules") {
        select(false, Which::Name(format!("*{name}*")));
    }
    if let Ok(priority) = text(case, "priority").parse() {
        options.least_priority = priority;
    }
    options
}

// Falco 0.34.1.

fn falco_suite(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(FALCO_SUITE.needs);
    for path in files_below(&folder, "json")? {
        let name = case_name(&folder, &path);
        if !name.starts_with("shared/") {
            let judged = suite_case(root, &read_json(&path)?)?;
            add(&mut outcome, name, judged);
        }
    }
    Ok(outcome)
}

/// A path as the case has it: below the suite's own folder, or a rule file that a release shipped.
fn suite_path(root: &Path, path: &str) -> Option<PathBuf> {
    let shared = root.join(FALCO_SUITE.needs).join("shared/test");
    if path.ends_with("falco_rules.yaml") {
        return Some(root.join(SHIPPED).join("syscall/falco_rules.yaml"));
    }
    if path.ends_with("k8saudit-rules/k8s_audit_rules.yaml") {
        return Some(root.join(SHIPPED).join("plugins/k8s_audit_rules.yaml"));
    }
    let path = path.strip_prefix("BUILD_DIR/test/").unwrap_or(path);
    let path = shared.join(path.trim_start_matches("./"));
    path.exists().then_some(path)
}

fn suite_case(root: &Path, case: &Json) -> Result<Judged> {
    let validate = strings(case, "validate_rules_file");
    if !validate.is_empty() {
        return validate_case(root, case, &validate);
    }
    let source = case.get("enable_source").and_then(Json::as_str);
    let conf = text(case, "conf_file");
    let is_plugin_error = text(case, "suite") == "falco_tests_plugins" && case.get("detect").is_none();
    if text(case, "name") == "incompat_plugin_rules_version" {
        return plugin_version_case(root, case);
    }
    if is_plugin_error || case.get("grpc").is_some() {
        return Ok(Judged::Apart("about how Falco loads plugins, or serves gRPC".into()));
    }
    let Some(trace) = suite_trace(root, case, conf) else {
        return Ok(Judged::Apart("about Falco's command line".into()));
    };
    if text(case, "conf_file").contains("drops_") {
        return Ok(Judged::Apart("about what Falco says of its own dropped events".into()));
    }
    if !strings(case, "run_tags").is_empty() && !strings(case, "disable_tags").is_empty() {
        return Ok(Judged::Apart("about Falco's command line".into()));
    }
    let mut paths = Vec::new();
    for file in strings(case, "rules_file") {
        match suite_path(root, &file) {
            Some(folder) if folder.is_dir() => paths.extend(files_below(&folder, "yaml")?),
            Some(path) => paths.push(path),
            None => return Ok(Judged::Apart(format!("{file} is not part of the corpus"))),
        }
    }
    let loaded = load_files(&paths, &with_selections(options_for(source), case))?;
    if let Some(reason) = needs_old_rules(case, &loaded) {
        return Ok(Judged::Apart(reason));
    }
    let found = replay(&loaded, &trace)?;
    Ok(judge_detections(case, &loaded, &found))
}

/// The rule files that Falco 0.34.1 shipped are not part of the corpus; later ones stand in for them. Some cases
/// name a list or a rule that is called otherwise there.
fn needs_old_rules(case: &Json, loaded: &Loaded) -> Option<String> {
    if !strings(case, "rules_file").iter().any(|file| file.starts_with("BUILD_DIR/")) {
        return None;
    }
    let mut errors = loaded.results.iter().flat_map(|result| &result.errors);
    if let Some(error) = errors.find(|error| error.message.contains("no list by that name")) {
        let list = error.context.locations().last().map(|location| location.item_name.clone());
        return Some(format!("the list {} was in the rules of that release", list.unwrap_or_default()));
    }
    let counts = case.get("detect_counts").and_then(Json::as_array).into_iter().flatten();
    for rule in counts.filter_map(Json::as_object).flat_map(serde_json::Map::keys) {
        if !loaded.rules.iter().any(|known| *known.name == **rule) {
            return Some(format!("the rule {rule} was in the rules of that release"));
        }
    }
    None
}

fn suite_trace(root: &Path, case: &Json, conf: &str) -> Option<PathBuf> {
    let shared = root.join(FALCO_SUITE.needs).join("shared/test");
    if let Some((_, trace)) = text(case, "addl_cmdline_opts").split_once("open_params=") {
        return Some(shared.join(trace));
    }
    let trace = text(case, "trace_file");
    if !trace.is_empty() {
        return Some(shared.join(trace));
    }
    let conf = suite_path(root, conf)?;
    let conf = std::fs::read_to_string(conf).ok()?;
    let line = conf.lines().find_map(|line| line.trim().strip_prefix("open_params: \"BUILD_DIR/test/"))?;
    Some(shared.join(line.trim_end_matches('"')))
}

fn judge_detections(case: &Json, loaded: &Loaded, found: &Found) -> Judged {
    let wrong = |why: String| {
        let results: Vec<_> =
            loaded.results.iter().filter(|result| !result.is_successful()).map(LoadResult::verbose).collect();
        Judged::Wrong(format!(
            "{why}; matched {:?}, rejected {:?}\n{}",
            found.names(),
            found.rejects,
            results.join("\n")
        ))
    };
    // A case may be about input that is no event; then nothing is expected but that it goes on.
    let is_about_input = text(case, "stderr_contains").contains("not recognized");
    if is_about_input == found.rejects.is_empty() {
        return wrong(format!("expected refused events: {is_about_input}"));
    }
    if let Some(expected) = case.get("detect").and_then(Json::as_bool)
        && expected == found.detections.is_empty()
    {
        return wrong(format!("expected detections: {expected}"));
    }
    let levels = match case.get("detect_level") {
        Some(Json::String(level)) => vec![level.clone()],
        _ => strings(case, "detect_level"),
    };
    let expects_none = case.get("detect").and_then(Json::as_bool) == Some(false);
    if let Some(level) = levels.iter().find(|level| !expects_none && !found.has_priority(level)) {
        return wrong(format!("nothing of priority {level}"));
    }
    let counts = case.get("detect_counts").and_then(Json::as_array).cloned().unwrap_or_default();
    for (rule, count) in counts.iter().filter_map(Json::as_object).flatten() {
        let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
        if count != Some(found.count(rule)) {
            return wrong(format!("{rule}: expected {count:?}, found {}", found.count(rule)));
        }
    }
    // Every detection prints.
    let options = OutputOptions::default();
    for detection in &found.detections {
        if options.text(detection).is_empty()
            || serde_json::from_str::<Json>(&options.json(detection)).is_err()
        {
            return wrong("output is no JSON".into());
        }
    }
    Judged::Right
}

fn validate_case(root: &Path, case: &Json, files: &[String]) -> Result<Judged> {
    let paths: Vec<PathBuf> = files.iter().filter_map(|file| suite_path(root, file)).collect();
    if paths.len() != files.len() {
        return Ok(Judged::Apart("a rule file is not part of the corpus".into()));
    }
    let loaded = load_files(&paths, &options_for(case.get("enable_source").and_then(Json::as_str)))?;
    for ok in strings(case, "validate_ok") {
        let ok = ok.rsplit('/').next().unwrap_or_default();
        let result = loaded.results.iter().find(|result| &*result.name == ok);
        if result.is_none_or(|result| !result.is_successful()) {
            return Ok(Judged::Wrong(format!("{ok} does not load")));
        }
    }
    for kind in ["validate_errors", "validate_warnings"] {
        for entry in case.get(kind).and_then(Json::as_array).into_iter().flatten() {
            if let Some(detail) = missing_entry(&loaded.results, entry) {
                return Ok(Judged::Wrong(detail));
            }
        }
    }
    let expects_success = case.get("exit_status").and_then(Json::as_u64).unwrap_or(0) == 0;
    let succeeds = loaded.results.iter().all(LoadResult::is_successful);
    if expects_success != succeeds {
        return Ok(Judged::Wrong(format!("expected success: {expects_success}")));
    }
    Ok(Judged::Right)
}

/// The rules require a version of a plugin that nobody has.
fn plugin_version_case(root: &Path, case: &Json) -> Result<Judged> {
    let paths: Vec<PathBuf> =
        strings(case, "rules_file").iter().filter_map(|file| suite_path(root, file)).collect();
    let loaded = load_files(&paths, &Options::default())?;
    let says = "is not compatible with required plugin version '100000.0.0'";
    let found =
        loaded.results.iter().flat_map(|result| &result.errors).any(|error| error.message.contains(says));
    Ok(if found { Judged::Right } else { Judged::Wrong("the plugin's version is not checked".into()) })
}

// The test repository.

fn falco_testing(root: &Path) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = root.join(FALCO_TESTING.needs);
    let traces = camel_traces(root)?;
    for path in files_below(&folder.join("open"), "json")? {
        let judged = testing_case(root, &read_json(&path)?, &traces)?;
        add(&mut outcome, case_name(&folder, &path), judged);
    }
    Ok(outcome)
}

/// The traces and captures of the other suite, by the names that this one gives them.
fn camel_traces(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let folder = root.join(FALCO_SUITE.needs).join("shared/test/trace_files/k8s_audit");
    let mut traces = BTreeMap::new();
    for path in files_below(&folder, "json")? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        traces.insert(format!("k8saudit{}", plain(&stem)), path);
    }
    for path in files_below(&root.join(FALCO_SUITE.needs).join("shared/test/trace_files"), "scap")? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        traces.insert(plain(&stem), path);
    }
    Ok(traces)
}

/// Letters and digits only, so that `some-user_x` and `SomeUserX` are alike.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

fn testing_rule_path(root: &Path, name: &str) -> Option<PathBuf> {
    if name == "K8SAuditRules" {
        return Some(root.join(SHIPPED).join("plugins/k8s_audit_rules.yaml"));
    }
    let path = root.join(FALCO_TESTING.needs).join(format!("shared/rules/{name}.yaml"));
    path.exists().then_some(path)
}

fn testing_case(root: &Path, case: &Json, traces: &BTreeMap<String, PathBuf>) -> Result<Judged> {
    let rules = strings(case, "rules");
    let paths: Vec<PathBuf> = rules.iter().filter_map(|name| testing_rule_path(root, name)).collect();
    if rules.is_empty() || paths.len() != rules.len() {
        return Ok(Judged::Apart("the rules are not part of the corpus".into()));
    }
    let captures = strings(case, "captures");
    let Some(capture) = captures.first() else { return testing_load_case(root, case, &rules, &paths) };
    let Some(trace) = traces.get(&plain(capture)) else {
        return Ok(Judged::Apart(format!("the capture {capture} is not part of the corpus")));
    };
    // The case does not record its command line; the one of the same name in the older suite does.
    let twin = older_case(root, text(case, "test"))?;
    if twin.is_none() && text(case, "test").contains("Tags") {
        return Ok(Judged::Apart("which tags its command line names is not recorded".into()));
    }
    let twin = twin.unwrap_or_default();
    let loaded = load_files(&paths, &with_selections(options_for(Some("k8s_audit")), &twin))?;
    let found = replay(&loaded, trace)?;
    let mut as_suite = serde_json::Map::new();
    let counts: Vec<Json> = case
        .get("of_rule")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|pair| Some(serde_json::json!({ pair.get(0)?.as_str()?: pair.get(1)? })))
        .collect();
    as_suite.insert("detect_counts".into(), counts.into());
    let is_zero = case.get("zero").and_then(Json::as_bool) == Some(true);
    let priorities = strings(case, "priority");
    if is_zero {
        if let Some(priority) = priorities.iter().find(|priority| found.has_priority(priority)) {
            return Ok(Judged::Wrong(format!("something of priority {priority}: {:?}", found.names())));
        }
    } else {
        as_suite.insert("detect_level".into(), priorities.into());
    }
    if found.rejects.iter().any(|reject| reject.reason == RejectReason::UnknownKind)
        && found.detections.is_empty()
    {
        as_suite.insert("stderr_contains".into(), "not recognized".into());
    }
    Ok(judge_detections(&Json::Object(as_suite), &loaded, &found))
}

/// The case of the same name in the older suite.
fn older_case(root: &Path, name: &str) -> Result<Option<Json>> {
    let name = name.trim_start_matches("TestFalco_Legacy_");
    let folder = root.join(FALCO_SUITE.needs);
    let twin = files_below(&folder.join("open"), "json")?
        .into_iter()
        .find(|path| plain(&path.file_stem().unwrap_or_default().to_string_lossy()) == plain(name));
    twin.map(|path| read_json(&path)).transpose()
}

/// A case that only loads rules. It does not record what comes of that; the case of the same name in the older
/// suite does.
fn testing_load_case(root: &Path, case: &Json, rules: &[String], paths: &[PathBuf]) -> Result<Judged> {
    let Some(twin) = older_case(root, text(case, "test"))? else {
        return Ok(Judged::Apart("the answer is not recorded".into()));
    };
    let loaded = load_files(paths, &options_for(None))?;
    for kind in ["validate_errors", "validate_warnings"] {
        for entry in twin.get(kind).and_then(Json::as_array).into_iter().flatten() {
            // Names with blanks were replaced when such macros got a warning.
            let mut entry = entry.clone();
            if let Some(object) = entry.as_object_mut()
                && text(&Json::Object(object.clone()), "item_name") == "some macro"
            {
                object.insert("item_name".into(), "some_macro".into());
            }
            if let Some(detail) = missing_entry(&loaded.results, &entry) {
                return Ok(Judged::Wrong(format!("{rules:?}: {detail}")));
            }
        }
    }
    Ok(Judged::Right)
}
