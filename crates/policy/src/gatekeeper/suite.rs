//! Gatekeeper's own tests of policies: `suite.yaml`, run and reported as `gator verify` does.
//!
//! Reading files and the clock are the caller's.

use std::fmt::Write as _;
use std::sync::Arc;

use haechi_objects::Object;
use haechi_syntax::{Document, Limits, Node, Value, parse};
use regex::Regex;

use super::{EnforcementPoint, Gatekeeper, GatekeeperSet, ObjectSource};
use crate::engine::{
    Engine, FailMode, Inventory, LoadError, Outcome, PolicyDocument, PolicySet, Request, Verdict,
};
use crate::mistake::Mistake;

/// What the runner needs of the world.
pub trait Surroundings {
    /// The bytes of a file; the error is shown to the user.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// Seconds since some moment; only differences are used.
    fn seconds(&self) -> f64;
}

/// Which tests are run, as `gator verify --run`.
#[derive(Debug, Clone, Default)]
pub struct SuiteFilter {
    names: Names,
    /// See [`Gatekeeper::rego_first`].
    pub rego_first: bool,
    /// See [`Gatekeeper::now_ns`].
    pub now_ns: Option<i64>,
}

#[derive(Debug, Clone, Default)]
enum Names {
    #[default]
    All,
    /// The name of the test or of the case must match.
    Either(Regex),
    /// Both must.
    Both(Regex, Regex),
}

impl SuiteFilter {
    /// Reads `name`, which the name of a test or of a case must match, or `test//case`, where both must match.
    ///
    /// # Errors
    /// A part that is no regular expression, or a third part: in English.
    pub fn parse(text: &str) -> Result<Self, String> {
        let regex = |text: &str| Regex::new(text).map_err(|_| format!("`{text}` is no regular expression"));
        let parts: Vec<&str> = text.split("//").collect();
        let names = match parts.as_slice() {
            [""] => Names::All,
            [name] => Names::Either(regex(name)?),
            [test, case] => Names::Both(regex(test)?, regex(case)?),
            _ => return Err(format!("`{text}`: a filter holds `//` once at most")),
        };
        Ok(Self { names, ..Self::default() })
    }

    /// Whether a test is run, by its name and those of its cases.
    fn wants_test<'d>(&self, name: &str, mut cases: impl Iterator<Item = &'d str>) -> bool {
        match &self.names {
            Names::All => true,
            Names::Either(regex) => regex.is_match(name) || cases.any(|case| regex.is_match(case)),
            Names::Both(test, _) => test.is_match(name),
        }
    }

    /// Whether a case is run.
    fn wants_case(&self, test: &str, case: &str) -> bool {
        match &self.names {
            Names::All => true,
            Names::Either(regex) => regex.is_match(test) || regex.is_match(case),
            Names::Both(first, second) => first.is_match(test) && second.is_match(case),
        }
    }
}

/// How a suite ended.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteResult {
    /// The file, as the user named it.
    pub path: String,
    /// Why it could not be run at all.
    pub error: Option<String>,
    /// It was not run because it says so.
    pub skipped: bool,
    /// How long it took.
    pub seconds: f64,
    /// Its tests.
    pub tests: Vec<TestResult>,
}

/// How a test ended: a template with a constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// Why its cases could not be run, or that the constraint is valid although it should not be.
    pub error: Option<String>,
    /// It was not run.
    pub skipped: bool,
    /// How long it took.
    pub seconds: f64,
    /// Its cases.
    pub cases: Vec<CaseResult>,
}

/// How a case ended: an object with assertions.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// The assertion that does not hold, or why it could not be told.
    pub error: Option<String>,
    /// It was not run.
    pub skipped: bool,
    /// How long it took.
    pub seconds: f64,
}

impl SuiteResult {
    /// Whether anything in it went wrong.
    pub fn is_failure(&self) -> bool {
        self.error.is_some() || self.tests.iter().any(TestResult::is_failure)
    }
}

impl TestResult {
    /// Whether anything in it went wrong.
    pub fn is_failure(&self) -> bool {
        self.error.is_some() || self.cases.iter().any(|case| case.error.is_some())
    }
}

/// Whether a file is a suite.
pub fn is_suite(document: &Document) -> bool {
    let root = document.root();
    let group = root.get("apiVersion").and_then(Node::as_str).and_then(|version| version.split_once('/'));
    root.get("kind").and_then(Node::as_str) == Some("Suite")
        && group.is_some_and(|(group, _)| group == "test.gatekeeper.sh")
}

/// Runs a suite. `path` is its file; the files that it names lie beside it.
pub fn run_suite(
    path: &str,
    suite: &Document,
    filter: &SuiteFilter,
    surroundings: &dyn Surroundings,
) -> SuiteResult {
    let start = surroundings.seconds();
    let root = suite.root();
    let mut result =
        SuiteResult { path: path.to_owned(), error: None, skipped: false, seconds: 0.0, tests: Vec::new() };
    if is_true(root, "skip") {
        result.skipped = true;
        return result;
    }
    if let Some(unknown) = unknown_field(root, &["apiVersion", "kind", "metadata", "tests", "skip"]) {
        result.error = Some(format!("invalid YAML: unknown field `{unknown}`"));
        return result;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let runner = Runner { folder, filter, surroundings };
    result.tests =
        root.get("tests").map(Node::items).into_iter().flatten().map(|test| runner.test(test)).collect();
    result.seconds = surroundings.seconds() - start;
    result
}

/// The report of `gator verify`, its last line `PASS` or `FAIL` included.
pub fn print(results: &[SuiteResult], verbose: bool) -> String {
    let mut out = String::new();
    for suite in results {
        for test in &suite.tests {
            print_test(test, verbose, &mut out);
        }
        let word = if suite.is_failure() { "FAIL" } else { "ok" };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{word}\t{}\t{:.3}s", suite.path, suite.seconds);
        if let Some(error) = &suite.error {
            let _ = writeln!(out, "  {error}");
        }
    }
    out.push_str(if results.iter().any(SuiteResult::is_failure) { "FAIL\n" } else { "PASS\n" });
    out
}

fn print_test(test: &TestResult, verbose: bool, out: &mut String) {
    if verbose {
        let word = if test.skipped { "SKIP " } else { "RUN  " };
        let _ = writeln!(out, "=== {word} {}", test.name);
        if test.skipped {
            return;
        }
    }
    for case in &test.cases {
        if verbose {
            let word = if case.skipped { "SKIP " } else { "RUN  " };
            let _ = writeln!(out, "    === {word} {}", case.name);
            if case.skipped {
                continue;
            }
        }
        match &case.error {
            Some(error) => {
                let _ = writeln!(out, "    --- FAIL: {}\t({:.3}s)\n        {error}", case.name, case.seconds);
            }
            None if verbose => {
                let _ = writeln!(out, "    --- PASS: {}\t({:.3}s)", case.name, case.seconds);
            }
            None => {}
        }
    }
    if test.is_failure() {
        let _ = writeln!(out, "--- FAIL: {}\t({:.3}s)", test.name, test.seconds);
        if let Some(error) = &test.error {
            let _ = writeln!(out, "  {error}");
        }
    } else if verbose {
        let _ = writeln!(out, "--- PASS: {}\t({:.3}s)", test.name, test.seconds);
    }
}

fn is_true(node: Node<'_>, key: &str) -> bool {
    node.get(key).is_some_and(Node::is_true)
}

fn text<'d>(node: Node<'d>, key: &str) -> &'d str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

fn unknown_field<'d>(node: Node<'d>, known: &[&str]) -> Option<&'d str> {
    node.entries().map(|entry| entry.key).find(|key| !known.contains(key))
}

struct Runner<'s> {
    folder: &'s str,
    filter: &'s SuiteFilter,
    surroundings: &'s dyn Surroundings,
}

impl Runner<'_> {
    fn test(&self, test: Node<'_>) -> TestResult {
        let start = self.surroundings.seconds();
        let name = text(test, "name").to_owned();
        let cases = test.get("cases").map(Node::items).into_iter().flatten();
        let is_chosen = self.filter.wants_test(&name, cases.map(|case| text(case, "name")));
        let mut result = TestResult { name, error: None, skipped: false, seconds: 0.0, cases: Vec::new() };
        if is_true(test, "skip") || !is_chosen {
            result.skipped = true;
            return result;
        }
        match self.cases(test) {
            Ok(cases) => result.cases = cases,
            Err(error) => result.error = Some(error),
        }
        result.seconds = self.surroundings.seconds() - start;
        result
    }

    fn cases(&self, test: Node<'_>) -> Result<Vec<CaseResult>, String> {
        let template = self.policy_file(test, "template", "ConstraintTemplate")?;
        let constraint = self.policy_file(test, "constraint", "constraint")?;
        let expansion = match text(test, "expansion") {
            "" => None,
            path => Some(self.documents(path)?),
        };
        let engine = Gatekeeper {
            point: EnforcementPoint::CommandLine,
            rego_first: self.filter.rego_first,
            external: None,
            now_ns: self.filter.now_ns,
        };
        let alone = engine.load(&[template.as_policy()?]);
        if let Some(error) = alone.errors.first() {
            return Err(format!("adding template: {error}"));
        }
        let mut policies = vec![template.as_policy()?, constraint.as_policy()?];
        for document in expansion.iter().flatten() {
            let policy = document.as_policy()?;
            if policy.object.is("expansion.gatekeeper.sh", "ExpansionTemplate") {
                policies.push(policy);
            }
        }
        let mut loaded = engine.load(&policies);
        loaded.set.as_verify = true;
        let mistake = loaded.errors.first().map(LoadError::to_string);
        match (is_true(test, "invalid"), mistake) {
            (true, Some(_)) => return Ok(Vec::new()),
            (true, None) => return Err("constraint is valid but the test expects it to be invalid".into()),
            (false, Some(error)) => return Err(format!("adding constraint: {error}")),
            (false, None) => {}
        }
        let cases = test.get("cases").map(Node::items).into_iter().flatten();
        let name = text(test, "name");
        Ok(cases.map(|case| self.case(name, case, &loaded.set)).collect())
    }

    fn case(&self, test: &str, case: Node<'_>, set: &GatekeeperSet) -> CaseResult {
        let start = self.surroundings.seconds();
        let name = text(case, "name").to_owned();
        let is_chosen = self.filter.wants_case(test, &name);
        let mut result = CaseResult { name, error: None, skipped: false, seconds: 0.0 };
        if is_true(case, "skip") || !is_chosen {
            result.skipped = true;
            return result;
        }
        result.error = self.check(case, set).err();
        result.seconds = self.surroundings.seconds() - start;
        result
    }

    fn check(&self, case: Node<'_>, set: &GatekeeperSet) -> Result<(), String> {
        let path = text(case, "object");
        if path.is_empty() {
            return Err("invalid case: must define object".into());
        }
        let assertions = case.get("assertions").map(Node::items).into_iter().flatten();
        let assertions = assertions.map(Assertion::read).collect::<Result<Vec<_>, _>>()?;
        if assertions.is_empty() {
            return Err("invalid case: assertions must be non-empty".into());
        }
        let documents = self.documents(path)?;
        let [document] = documents.as_slice() else {
            return Err(format!("`{path}` defines {} objects, it must define one", documents.len()));
        };
        let mut stock = Vec::new();
        for file in case.get("inventory").map(Node::items).into_iter().flatten() {
            stock.extend(self.documents(file.as_str().unwrap_or_default())?);
        }
        let mut known = Vec::new();
        for document in &stock {
            known.push(document.object()?);
        }
        let inventory = Inventory::new(known);
        let object = document.object()?;
        let request = match object.is("admission.k8s.io", "AdmissionReview") {
            true => admission(object, &inventory)?,
            false => Request::of_object(object, &inventory),
        };
        let mut verdicts = Vec::new();
        // gator expands objects, and leaves AdmissionReviews as they are.
        match request.admission {
            Some(_) => set.review_from(&request, ObjectSource::Original, &mut verdicts),
            None => set.review(&request, &mut verdicts),
        }
        let messages = violations(&verdicts)?;
        assertions.iter().try_for_each(|assertion| assertion.check(&messages))
    }

    fn policy_file(&self, test: Node<'_>, key: &str, what: &str) -> Result<OwnedDocument, String> {
        let path = text(test, key);
        if path.is_empty() {
            return Err(format!("invalid suite: missing {key}"));
        }
        let documents = self.documents(path)?;
        let mut of_kind = documents.into_iter().filter(|document| {
            let is_template = document.kind() == "ConstraintTemplate";
            (what == "ConstraintTemplate") == is_template
        });
        of_kind.next().ok_or_else(|| format!("`{path}` holds no {what}"))
    }

    /// The objects of a file, empty documents left out.
    fn documents(&self, path: &str) -> Result<Vec<OwnedDocument>, String> {
        let full = if self.folder.is_empty() { path.to_owned() } else { format!("{}/{path}", self.folder) };
        let bytes = self.surroundings.read(&full)?;
        let parsed = parse(&bytes, &Limits::default());
        if let Some(error) = parsed.errors.first() {
            let place = parsed.source.position(error.span.start);
            return Err(format!("reading `{full}`: {}:{}: {error}", place.line, place.column));
        }
        let path: Arc<str> = full.into();
        let documents = parsed.documents.into_iter().filter(|document| !document.root().is_null());
        let owned: Vec<OwnedDocument> =
            documents.map(|document| OwnedDocument { path: path.clone(), document }).collect();
        if owned.is_empty() { Err(format!("`{path}` defines no objects")) } else { Ok(owned) }
    }
}

/// A document of a file that a suite names.
struct OwnedDocument {
    path: Arc<str>,
    document: Document,
}

impl OwnedDocument {
    fn kind(&self) -> &str {
        text(self.document.root(), "kind")
    }

    fn object(&self) -> Result<Object<'_>, String> {
        let root = self.document.root();
        match (text(root, "apiVersion"), text(root, "kind")) {
            ("", _) | (_, "") => Err(format!("`{}`: an object needs `apiVersion` and `kind`", self.path)),
            (api_version, kind) => Ok(Object::new(root, api_version, kind)),
        }
    }

    fn as_policy(&self) -> Result<PolicyDocument<'_>, String> {
        Ok(PolicyDocument { path: self.path.clone(), object: self.object()? })
    }
}

/// As the API server builds a review, mistakes refused.
fn admission<'d>(review: Object<'d>, inventory: &'d Inventory<'d>) -> Result<Request<'d>, String> {
    const FIELDS: [&str; 17] = [
        "uid",
        "kind",
        "resource",
        "subResource",
        "requestKind",
        "requestResource",
        "requestSubResource",
        "name",
        "namespace",
        "operation",
        "userInfo",
        "object",
        "oldObject",
        "dryRun",
        "options",
        "apiVersion",
        "",
    ];
    let node = review.node();
    let known = ["apiVersion", "kind", "metadata", "request", "response"];
    let unknown = unknown_field(node, &known)
        .or_else(|| node.get("request").and_then(|request| unknown_field(request, &FIELDS)));
    if let Some(unknown) = unknown {
        return Err(format!("unable to convert to an AdmissionReview object: unknown field `{unknown}`"));
    }
    let request = Request::from_admission_review(node, inventory).map_err(|error| error.to_string())?;
    if request.object.is_none() && request.old_object.is_none() {
        return Err("AdmissionRequest does not contain an \"object\" or \"oldObject\" to review".into());
    }
    let is_delete = request.operation == Some(crate::engine::Operation::Delete);
    if is_delete && request.old_object.is_none() {
        return Err("oldObject cannot be nil for DELETE operations".into());
    }
    Ok(request)
}

/// The messages that gator would count. An error in a policy is shown as a violation; what makes the whole review fail
/// there is an error here.
fn violations(verdicts: &[Verdict]) -> Result<Vec<String>, String> {
    let mut messages = Vec::new();
    for verdict in verdicts {
        match &verdict.outcome {
            Outcome::Violation(violation) => messages.push(violation.message.clone()),
            Outcome::Error { message, fail_mode } if is_of_evaluation(message) => {
                if *fail_mode == FailMode::Fail {
                    messages.push(message.to_string());
                }
            }
            Outcome::Error { message, .. } => return Err(format!("{}: {message}", verdict.policy)),
            Outcome::Pass | Outcome::NotApplicable(_) => {}
        }
    }
    Ok(messages)
}

/// Whether an error was met while a policy ran, as opposed to one that keeps it from being asked.
fn is_of_evaluation(message: &Mistake) -> bool {
    message.id.is_some_and(|id| id.starts_with("eval-"))
}

/// How many violations there must be.
enum Wanted {
    Some,
    None,
    Exactly(usize),
}

struct Assertion<'d> {
    wanted: Wanted,
    message: Option<(&'d str, Regex)>,
}

impl<'d> Assertion<'d> {
    fn read(node: Node<'d>) -> Result<Self, String> {
        const WRONG: &str = "`violations`, if set, must be a nonnegative integer, \"yes\", or \"no\"";
        let wanted = match node.get("violations").map(Node::value) {
            None => Wanted::Some,
            Some(Value::String("yes")) | Some(Value::Bool(true)) => Wanted::Some,
            Some(Value::String("no")) | Some(Value::Bool(false)) => Wanted::None,
            Some(Value::Int(count)) => Wanted::Exactly(usize::try_from(count).map_err(|_| WRONG.to_owned())?),
            Some(_) => return Err(WRONG.into()),
        };
        let message = match node.get("message").and_then(Node::as_str) {
            None => None,
            Some(text) => {
                let regex =
                    Regex::new(text).map_err(|_| format!("message is no regular expression: `{text}`"))?;
                Some((text, regex))
            }
        };
        Ok(Self { wanted, message })
    }

    fn check(&self, messages: &[String]) -> Result<(), String> {
        let is_meant = |text: &&String| self.message.as_ref().is_none_or(|(_, regex)| regex.is_match(text));
        let found = messages.iter().filter(is_meant).count();
        let want = match self.wanted {
            Wanted::Some if found > 0 => return Ok(()),
            Wanted::None if found == 0 => return Ok(()),
            Wanted::Exactly(count) if found == count => return Ok(()),
            Wanted::Some => "at least 1".to_owned(),
            Wanted::None => "none".to_owned(),
            Wanted::Exactly(count) => format!("exactly {count}"),
        };
        let containing =
            self.message.as_ref().map_or(String::new(), |(text, _)| format!(" containing {text:?}"));
        let all = messages.join(" ");
        Err(format!(
            "unexpected number of violations: got {found} violations{containing} but want {want}: got messages [{all}]"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::SuiteFilter;

    #[test]
    fn filter_chooses_as_gator_does() {
        let chosen = |filter: &str, test: &str, case: &str| {
            let filter = SuiteFilter::parse(filter).unwrap();
            filter.wants_test(test, [case].into_iter()) && filter.wants_case(test, case)
        };
        assert!(chosen("", "a", "b"));
        assert!(chosen("label", "x", "missing-label") && chosen("label", "labels", "x"));
        assert!(!chosen("^label$", "x", "missing-label"));
        assert!(chosen("//missing", "x", "missing-label") && !chosen("//missing", "missing", "x"));
        assert!(chosen("forbid//label", "forbid-x", "label") && !chosen("forbid//label", "x", "label"));
        assert!(SuiteFilter::parse("a//b//c").is_err() && SuiteFilter::parse("(").is_err());
    }
}
