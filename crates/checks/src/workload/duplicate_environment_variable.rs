use haechi_model::{FixSafety, RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::{Node, edit};

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags containers that set one environment variable twice.
/// ## Why is this bad?
/// The last value counts, people read the first. Server-side apply refuses the object, or drops one of the two.
/// ## Example
/// ```yaml
/// env:
/// - name: MODE
///   value: safe
/// - name: MODE
///   value: open
/// ```
/// ## Use instead
/// ```yaml
/// env:
/// - name: MODE
///   value: safe
/// ```
/// ## Decisions
/// The finding points at the first, which does not count. Variables of `envFrom` are overridden by `env` on purpose
/// and are not compared.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "duplicate-environment-variable",
        area: "workload",
        severity: Severity::Low,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/",
        ],
        peers: &[
            peer("kubescape", "C-0295"),
            peer("kube-linter", "duplicate-env-var"),
            peer("kube-score", "Environment Variable Key Duplication"),
        ],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(env) = container.node().get("env") else { continue };
        let mut last: std::collections::BTreeMap<&str, Node<'_>> = std::collections::BTreeMap::new();
        let mut twice: std::collections::BTreeMap<&str, Node<'_>> = std::collections::BTreeMap::new();
        for variable in env.items() {
            let Some(name) = variable.get("name") else { continue };
            let Some(text) = name.as_str() else { continue };
            if let Some(before) = last.insert(text, name) {
                twice.entry(text).or_insert(before);
            }
        }
        for (text, name) in twice {
            // What refers to the variable between the two gets the first value.
            let reference = format!("$({text})");
            let refers = |variable: Node<'_>| {
                variable.get("value").and_then(Node::as_str).is_some_and(|value| value.contains(&reference))
            };
            let is_used = env.items().any(refers);
            let safety = if is_used { FixSafety::Unsafe } else { FixSafety::Safe };
            let is_it = |variable: &Node<'_>| variable.get("name").and_then(Node::as_str) == Some(text);
            // One edit mends two; of more, people should look which one was meant.
            let first = name.parent().filter(|_| env.items().filter(is_it).count() == 2);
            let change = first.and_then(|first| edit::remove_item(env, first));
            out.report(&CHECK, name).container(container).part("variable", text).fix(safety, change);
        }
    }
}
