use haechi_model::{RuleInfo, Severity};
use haechi_objects::Pod;
use haechi_syntax::Node;

use crate::check::{Check, Run, peer};
use crate::findings::Findings;

/// ## What it does
/// Flags etcd that listens without TLS, or does not ask clients and peers for certificates.
/// ## Why is this bad?
/// etcd holds every object of the cluster, Secrets included. Whoever may talk to it is above the API server.
/// ## Example
/// ```yaml
/// command: [etcd, --listen-client-urls=http://0.0.0.0:2379]
/// ```
/// ## Use instead
/// ```yaml
/// command: [etcd, --listen-client-urls=https://10.0.0.1:2379, --client-cert-auth=true]
/// ```
/// ## Decisions
/// Known by the program's name in the command, in the arguments or as the image. Loopback addresses and the port of metrics may
/// be plain. Settings in a file or in the environment are not seen.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "etcd-without-client-certificates",
        area: "network",
        severity: Severity::High,
        since: "0.1.0",
        preview: false,
        references: &["https://etcd.io/docs/latest/op-guide/security/"],
        peers: &[peer("kube-hunter", "KHV032"), peer("kube-hunter", "KHV033")],
    },
    opt_in: false,
    run: Run::Pod(check),
};

fn check(pod: Pod<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let words: Vec<Node<'_>> = ["command", "args"]
            .into_iter()
            .filter_map(|key| container.node().get(key))
            .flat_map(Node::items)
            .collect();
        let text = |node: &Node<'_>| node.as_str().unwrap_or_default().to_owned();
        let is_etcd = words.first().is_some_and(|first| {
            let first = text(first);
            first == "etcd" || first.ends_with("/etcd")
        });
        if !is_etcd {
            continue;
        }
        let flag = |name: &str| {
            words.iter().find_map(|word| {
                let value =
                    text(word).trim_start_matches('-').strip_prefix(name)?.strip_prefix('=')?.to_owned();
                Some((*word, value))
            })
        };
        if flag("config-file").is_some() {
            continue;
        }
        let mut tells = false;
        for name in ["listen-client-urls", "listen-peer-urls"] {
            let Some((word, urls)) = flag(name) else { continue };
            let is_plain = |url: &str| {
                url.strip_prefix("http://").is_some_and(|host| {
                    !["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
                })
            };
            if urls.split(',').any(is_plain) {
                tells = true;
                out.report(&CHECK, word).container(container).part("what", name);
            }
        }
        for (name, listens) in
            [("client-cert-auth", "listen-client-urls"), ("peer-client-cert-auth", "listen-peer-urls")]
        {
            let is_on = flag(name).is_some_and(|(_, value)| value == "true")
                || words.iter().any(|word| text(word).trim_start_matches('-') == name);
            let is_remote = flag(listens).is_some_and(|(_, urls)| urls.contains("https://"));
            if !is_on && is_remote && !tells {
                let place = flag(name).map_or(container.node(), |(word, _)| word);
                out.report(&CHECK, place).container(container).part("what", name);
            }
        }
    }
}
