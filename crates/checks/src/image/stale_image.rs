use haechi_model::{RuleInfo, Severity};
use haechi_objects::{ImageRef, Pod};
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags images whose tag moves (`latest`, none, or one that the configuration names) together with a pull policy
/// other than `Always`.
/// ## Why is this bad?
/// The tag names another image from time to time. Nodes keep what they have, so old and unpatched versions run on
/// under the same name.
/// ## Example
/// ```yaml
/// image: nginx:latest
/// imagePullPolicy: IfNotPresent
/// ```
/// ## Use instead
/// ```yaml
/// image: nginx:1.29.1
/// imagePullPolicy: IfNotPresent
/// ```
/// ## Decisions
/// This is the part of the matter that is wrong for everyone: nodes run different programs under one name. A
/// missing policy is `Always` for such tags and not flagged, except for tags that only the configuration calls
/// moving, where Kubernetes does not know.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "stale-image",
        area: "image",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &["https://kubernetes.io/docs/concepts/containers/images/"],
        peers: &[peer("kubescape", "C-0075")],
    },
    opt_in: false,
    run: Run::PodAmong(check),
};

fn check(pod: Pod<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    for container in pod.containers() {
        let Some(written) = container.image().and_then(Node::as_str) else { continue };
        let Some(reference) = ImageRef::parse(written) else { continue };
        if reference.digest.is_some() {
            continue;
        }
        let is_latest = reference.tag.is_none_or(|tag| tag == "latest");
        let is_moving = |tag: &str| context.options.moving_tags.iter().any(|moving| moving == tag);
        let place = match container.node().get("imagePullPolicy") {
            Some(policy) if policy.as_str() == Some("Always") => continue,
            Some(policy) if is_latest || reference.tag.is_some_and(is_moving) => Place::Value(policy),
            None if !is_latest && reference.tag.is_some_and(is_moving) => {
                Place::ContainerLacks(container, &["imagePullPolicy"])
            }
            _ => continue,
        };
        out.report(&CHECK, place).container(container).arg("image", written);
    }
}
