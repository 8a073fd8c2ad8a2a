//! From verdicts to what the API server is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haechi_policy::{FailMode, Outcome, Patch, PatchOp, Verdict};
use haechi_report::{Args, Texts};
use serde_json::{Value as Json, json};

use super::Version;

/// Characters of one warning; the API server cuts longer ones when there are many.
const WARNING: usize = 256;
/// Characters of all warnings; the API server drops what is beyond.
const WARNINGS: usize = 4096;
/// Characters of a refusal: a status is shown in a terminal.
const REFUSAL: usize = 8 << 10;
/// Bytes of an annotation of the audit log.
const ANNOTATION: usize = 10 << 10;

/// What the verdicts come to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// Why the request is refused; nothing where it is let through.
    pub refusal: Option<Refusal>,
    /// What the user is told all the same.
    pub warnings: Vec<String>,
    /// What is written into the audit log.
    pub audit_annotations: BTreeMap<String, String>,
    /// What is changed.
    pub patches: Vec<Patch>,
    /// What led here, for counting.
    pub causes: Causes,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 403 for a violation, 500 for a policy that failed, 503 where there was no time.
    pub code: u16,
    /// What the user reads.
    pub message: String,
}

/// Names of policies, by what they said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Causes {
    /// Violated and enforced.
    pub denied: Vec<String>,
    /// Violated, users are warned.
    pub warned: Vec<String>,
    /// Violated, noted in the audit log.
    pub audited: Vec<String>,
    /// Violated, on trial.
    pub dry_run: Vec<String>,
    /// Failed, and the request was refused for it.
    pub failed_closed: Vec<String>,
    /// Failed, and the request was let through all the same.
    pub failed_open: Vec<String>,
}

impl Answer {
    /// What the verdicts come to, in the language of `texts`.
    pub fn of(verdicts: &[Verdict], patches: Vec<Patch>, texts: &Texts) -> Self {
        let mut answer = Self::default();
        let mut refusals: Vec<String> = Vec::new();
        let mut warnings: Vec<String> = Vec::new();
        let (mut audits, mut trials, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for verdict in verdicts {
            let policy = verdict.policy.to_string();
            for (key, value) in &verdict.audit_annotations {
                answer.audit_annotations.insert(annotation_key(&format!("{policy}-{key}")), value.clone());
            }
            match &verdict.outcome {
                Outcome::Pass | Outcome::NotApplicable(_) => {}
                Outcome::Violation(violation) => {
                    let line = format!("[{policy}] {}", violation.message);
                    let told =
                        json!({"policy": policy, "rule": &*verdict.rule, "message": violation.message});
                    if verdict.actions.deny {
                        refusals.push(line.clone());
                        answer.causes.denied.push(policy.clone());
                    }
                    // Of a standard that refuses the pod, nobody need be warned, too.
                    let is_said = policy == "pod-security" && answer.causes.denied.contains(&policy);
                    if verdict.actions.warn && !is_said {
                        warnings.push(line);
                        answer.causes.warned.push(policy.clone());
                    }
                    if verdict.actions.audit {
                        audits.push(told.clone());
                        answer.causes.audited.push(policy.clone());
                    }
                    if verdict.actions.dry_run {
                        trials.push(told);
                        answer.causes.dry_run.push(policy);
                    }
                }
                Outcome::Error { message, fail_mode } => {
                    let detail = message.told(&|id, args| {
                        let args = args
                            .iter()
                            .fold(Args::new(), |args, (name, text)| args.text(name, text.as_str()));
                        texts.message(&format!("policy-mistake-{id}"), &args)
                    });
                    let args = Args::new().text("policy", policy.as_str()).text("detail", detail);
                    let is_closed = *fail_mode == FailMode::Fail && verdict.actions.deny;
                    failures.push(json!({"policy": policy, "message": message.text, "refused": is_closed}));
                    if is_closed {
                        refusals.push(texts.message("serve-policy-failed", &args));
                        answer.causes.failed_closed.push(policy);
                    } else {
                        // Of a policy that nobody is told about, the audit log is.
                        if verdict.actions.deny || verdict.actions.warn {
                            warnings.push(texts.message("serve-policy-failed", &args));
                        }
                        answer.causes.failed_open.push(policy);
                    }
                }
            }
        }
        for (key, list) in [("violations", audits), ("dry-run-violations", trials), ("failures", failures)] {
            if !list.is_empty() {
                answer.audit_annotations.insert(key.to_owned(), annotation(list));
            }
        }
        if !refusals.is_empty() {
            let code = if answer.causes.denied.is_empty() { 500 } else { 403 };
            answer.refusal = Some(Refusal { code, message: cut(&refusals.join("\n"), REFUSAL) });
        } else {
            answer.patches = patches;
        }
        answer.warnings = fit(warnings, texts);
        answer
    }

    /// What is answered where there was no time to ask: as each policy wants it.
    pub fn unjudged<'p>(
        policies: impl Iterator<Item = (&'p str, bool)>,
        reason: &str,
        texts: &Texts,
    ) -> Self {
        let mut answer = Self::default();
        for (policy, is_closed) in policies {
            match is_closed {
                true => answer.causes.failed_closed.push(policy.to_owned()),
                false => answer.causes.failed_open.push(policy.to_owned()),
            }
        }
        let reason = texts.message(reason, &Args::new());
        let line = |names: &[String]| {
            let args = Args::new().text("reason", reason.as_str()).text("policies", some(names));
            texts.message("serve-unjudged", &args)
        };
        let Causes { failed_closed, failed_open, .. } = &answer.causes;
        if !failed_closed.is_empty() {
            answer.refusal = Some(Refusal { code: 503, message: line(failed_closed) });
        } else if !failed_open.is_empty() {
            answer.warnings = vec![cut(&line(failed_open), WARNING)];
        }
        if !failed_open.is_empty() || !failed_closed.is_empty() {
            let told = json!({"reason": reason, "open": failed_open, "closed": failed_closed});
            answer.audit_annotations.insert("failures".to_owned(), cut(&told.to_string(), ANNOTATION));
        }
        answer
    }

    /// Whether the request is let through.
    pub fn is_allowed(&self) -> bool {
        self.refusal.is_none()
    }

    /// The AdmissionReview that goes back.
    pub fn to_json(&self, version: Version, uid: &str) -> Json {
        let mut response = json!({"uid": uid, "allowed": self.is_allowed()});
        let mut set = |key: &str, value: Json| {
            if let Json::Object(fields) = &mut response {
                fields.insert(key.to_owned(), value);
            }
        };
        if let Some(refusal) = &self.refusal {
            let reason = match refusal.code {
                403 => "Forbidden",
                503 => "ServiceUnavailable",
                _ => "InternalError",
            };
            set("status", json!({"code": refusal.code, "reason": reason, "message": refusal.message}));
        }
        if !self.warnings.is_empty() {
            set("warnings", json!(self.warnings));
        }
        if !self.audit_annotations.is_empty() {
            set("auditAnnotations", json!(self.audit_annotations));
        }
        if !self.patches.is_empty() {
            let operations: Vec<Json> = self.patches.iter().map(operation).collect();
            set("patchType", "JSONPatch".into());
            set("patch", STANDARD.encode(Json::Array(operations).to_string()).into());
        }
        json!({"apiVersion": version.as_str(), "kind": "AdmissionReview", "response": response})
    }
}

fn operation(patch: &Patch) -> Json {
    let op = match patch.op {
        PatchOp::Add => "add",
        PatchOp::Remove => "remove",
        PatchOp::Replace => "replace",
        PatchOp::Move => "move",
        PatchOp::Copy => "copy",
        PatchOp::Test => "test",
    };
    let mut operation = json!({"op": op, "path": patch.path});
    if let Json::Object(fields) = &mut operation {
        if let Some(from) = &patch.from {
            fields.insert("from".to_owned(), from.as_str().into());
        }
        if matches!(patch.op, PatchOp::Add | PatchOp::Replace | PatchOp::Test) {
            fields.insert("value".to_owned(), patch.value.clone().unwrap_or(Json::Null));
        }
    }
    operation
}

/// At most `limit` characters, on one line where it is a warning: what is left out is told by an ellipsis.
fn cut(text: &str, limit: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    match text.char_indices().nth(limit) {
        None => text,
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// As many warnings as the API server hands on; how many more there are stands in the last.
fn fit(warnings: Vec<String>, texts: &Texts) -> Vec<String> {
    let mut fitting: Vec<String> = Vec::new();
    let count = warnings.len();
    let mut room = WARNINGS - WARNING;
    for (index, warning) in warnings.into_iter().enumerate() {
        // A line break would break the header that warnings travel in.
        let warning = cut(&warning.replace(['\n', '\r'], " "), WARNING);
        let len = warning.chars().count();
        if len > room {
            let args = Args::new().number("count", count - index);
            fitting.push(cut(&texts.message("serve-more-warnings", &args), WARNING));
            break;
        }
        room -= len;
        fitting.push(warning);
    }
    fitting
}

/// A list as JSON; what does not fit is counted.
fn annotation(list: Vec<Json>) -> String {
    let mut text = String::from("[");
    let count = list.len();
    for (index, item) in list.into_iter().enumerate() {
        let item = item.to_string();
        if text.len() + item.len() + 32 > ANNOTATION {
            if index > 0 {
                text.push(',');
            }
            // Writing to a string cannot fail.
            let _ = write!(text, "{{\"more\":{}}}", count - index);
            break;
        }
        if index > 0 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(']');
    text
}

/// A key that the API server takes after its own prefix: letters, digits, `-`, `_`, `.`, at most 63.
fn annotation_key(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let key: String = text.chars().map(|c| if fits(c) { c } else { '-' }).take(63).collect();
    key.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        // Writing to a string cannot fail.
        let _ = write!(text, ", +{}", names.len() - SHOWN);
    }
    text
}
