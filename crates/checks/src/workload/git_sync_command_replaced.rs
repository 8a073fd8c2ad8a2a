use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags git-sync containers that are told to use another program than `git`.
/// ## Why is this bad?
/// git-sync starts that program with its own rights and mounts. Whoever can place a file there runs code in the
/// pod.
/// ## Example
/// ```yaml
/// env:
/// - name: GITSYNC_GIT
///   value: /tmp/payload
/// ```
/// ## Use instead
/// ```yaml
/// env:
/// - name: GITSYNC_REPO
///   value: https://git.example/shop.git
/// ```
/// ## Decisions
/// git-sync runs whatever `GITSYNC_GIT` or `--git` names. `git` itself, with or without its usual path, is not
/// flagged.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "git-sync-command-replaced",
        area: "workload",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://github.com/kubernetes/git-sync"],
        peers: &[peer("checkov", "CKV_K8S_159")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        for variable in container.node().get("env").map(Node::items).into_iter().flatten() {
            let name = variable.get("name").and_then(Node::as_str).unwrap_or_default();
            let value = variable.get("value");
            if matches!(name, "GITSYNC_GIT" | "GIT_SYNC_GIT")
                && !value.and_then(Node::as_str).is_some_and(is_git)
            {
                out.report(&CHECK, value.unwrap_or(variable)).container(container);
            }
        }
        if !container.image().and_then(Node::as_str).is_some_and(|image| image.contains("git-sync")) {
            continue;
        }
        for argument in container.node().get("args").map(Node::items).into_iter().flatten() {
            let program =
                argument.as_str().and_then(|text| text.trim_start_matches('-').strip_prefix("git="));
            if program.is_some_and(|program| !is_git(program)) {
                out.report(&CHECK, argument).container(container);
            }
        }
    }
}

fn is_git(program: &str) -> bool {
    matches!(program, "git" | "/usr/bin/git" | "/usr/local/bin/git" | "/bin/git")
}
