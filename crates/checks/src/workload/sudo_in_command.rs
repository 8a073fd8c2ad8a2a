use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags containers whose command, arguments or lifecycle hooks call `sudo`.
/// ## Why is this bad?
/// sudo works only in containers that may gain privileges. It keeps the setuid program and
/// `allowPrivilegeEscalation` alive that an attacker needs to become root.
/// ## Example
/// ```yaml
/// command: [sh, -c, sudo start-server]
/// ```
/// ## Use instead
/// ```yaml
/// command: [start-server]
/// ```
/// ## Decisions
/// The word counts where a command can stand: at the beginning of a string, or after white space, a separator or a
/// slash of a path.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "sudo-in-command",
        area: "workload",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
        peers: &[peer("kubescape", "C-0062")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let node = container.node();
        let lists = [
            node.get("command"),
            node.get("args"),
            node.at(&["lifecycle", "postStart", "exec", "command"]),
            node.at(&["lifecycle", "preStop", "exec", "command"]),
        ];
        let mut words = lists.into_iter().flatten().flat_map(Node::items);
        let call = words.find(|word| word.as_str().is_some_and(calls_sudo));
        if let Some(call) = call {
            out.report(&CHECK, call).container(container);
        }
    }
}

fn calls_sudo(text: &str) -> bool {
    text.match_indices("sudo").any(|(at, word)| {
        let (before, after) = text.split_at(at);
        let after = after.strip_prefix(word).unwrap_or_default();
        let begins = before.is_empty()
            || before
                .ends_with(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | '`' | '/'));
        // `/etc/sudo.conf` and `sudoers` are no calls.
        begins && (after.is_empty() || after.starts_with(char::is_whitespace))
    })
}
