//! Built-in checks at admission.

use haechi_checks::{Check, Context, Inventory, Options, Run, find};
use haechi_model::Finding;
use haechi_objects::{Object, PodTemplates, type_errors};
use haechi_policy::{FailMode, Operation, Outcome, Request, Verdict, Violation};
use haechi_report::Texts;
use haechi_syntax::Node;
use thiserror::Error;

use super::Enforcement;

/// A check, and what is done about its findings.
#[derive(Debug, Clone, Copy)]
pub struct ChosenCheck {
    /// The check.
    pub check: &'static Check,
    /// What is done.
    pub enforcement: Enforcement,
    /// What an object that it cannot judge means.
    pub on_error: FailMode,
}

/// Why a check cannot be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckError {
    /// There is none of that name.
    #[error("no check is called `{0}`; `haechi checks` lists them")]
    Unknown(String),
    /// It looks at several objects; a request holds one.
    #[error("`{0}` compares objects with each other, which one request does not hold; scan for it")]
    Among(String),
}

impl ChosenCheck {
    /// A check by its name.
    ///
    /// # Errors
    /// An unknown name, and a check that needs more objects than one request holds.
    pub fn new(slug: &str, enforcement: Enforcement) -> Result<Self, CheckError> {
        let check = find(slug).ok_or_else(|| CheckError::Unknown(slug.to_owned()))?;
        match check.run {
            Run::Object(_) | Run::Pod(_) => Ok(Self { check, enforcement, on_error: FailMode::Fail }),
            Run::ObjectAmong(_) | Run::PodAmong(_) => Err(CheckError::Among(slug.to_owned())),
        }
    }

    /// The check as verdicts name it.
    pub fn policy(&self) -> String {
        format!("check/{}", self.check.info.slug)
    }
}

/// Holds the object of a request against the checks. An update is refused only for what it adds: what the object has
/// been is told as a warning, or nobody could repair it step by step. What accepts findings in a scan (comments,
/// annotations) does not count here: whoever sends the object writes them.
pub(super) fn judge(
    checks: &[ChosenCheck],
    request: &Request<'_>,
    templates: &PodTemplates,
    options: &Options,
    texts: &Texts,
    verdicts: &mut Vec<Verdict>,
) {
    let Some(object) = request.object.filter(|_| applies(request)) else { return };
    // An object on its way out is only rid of its finalizers.
    let is_leaving =
        |object: Object<'_>| object.metadata().is_some_and(|meta| meta.get("deletionTimestamp").is_some());
    if request.operation == Some(Operation::Update) && is_leaving(object) {
        return;
    }
    let findings = |object: Object<'_>| {
        let inventory = Inventory::default();
        let context = Context { templates, options, inventory: &inventory };
        haechi_checks::judge(object, &"".into(), &context, checks.iter().map(|chosen| chosen.check))
    };
    let found = findings(object);
    let known: Vec<Finding> = match (request.operation, found.is_empty()) {
        (Some(Operation::Update), false) => request.old_object.map(findings).unwrap_or_default(),
        _ => Vec::new(),
    };
    let malformed = type_errors(object, templates);
    for chosen in checks {
        let verdict = |outcome, actions| Verdict {
            policy: chosen.policy().into(),
            rule: "".into(),
            outcome,
            actions,
            patches: Vec::new(),
            audit_annotations: Vec::new(),
        };
        let actions = chosen.enforcement.actions();
        let before = verdicts.len();
        for finding in found.iter().filter(|finding| finding.rule == chosen.check.info.slug) {
            let is_old = known.iter().any(|old| old.fingerprint == finding.fingerprint);
            let actions = match (chosen.enforcement, is_old) {
                (Enforcement::Deny, true) => Enforcement::Warn.actions(),
                _ => actions,
            };
            let violation = Violation {
                message: texts.finding(finding).message.into_owned(),
                details: serde_json::Value::Null,
                spans: vec![finding.location.span],
            };
            verdicts.push(verdict(Outcome::Violation(violation), actions));
        }
        if verdicts.len() > before {
            continue;
        }
        let outcome = match malformed.first() {
            Some(error) => Outcome::Error {
                message: format!("`{}` is {}, not {}", error.json_path, error.found, error.expected).into(),
                fail_mode: chosen.on_error,
            },
            None => Outcome::Pass,
        };
        verdicts.push(verdict(outcome, actions));
    }
}

/// Whether the request brings an object whose content it decides: `status` and the like say nothing new.
fn applies(request: &Request<'_>) -> bool {
    let is_object = match request.sub_resource {
        "" => true,
        // Containers are added through it.
        "ephemeralcontainers" => true,
        _ => false,
    };
    is_object
        && matches!(request.operation, Some(Operation::Create | Operation::Update))
        && request.object.is_some_and(|object| object.node().get("kind").and_then(Node::as_str).is_some())
}
