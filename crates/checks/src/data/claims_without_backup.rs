use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::Node;

use crate::check::{Check, Context, Run, peer};
use crate::findings::Findings;
use crate::inventory::may_share_namespace;

/// ## What it does
/// Flags claims for persistent storage that no backup in the scan covers.
/// ## Why is this bad?
/// Without a copy elsewhere, ransomware, a mistake or a lost zone takes the data for good.
/// ## Example
/// ```yaml
/// kind: PersistentVolumeClaim
/// ```
/// ## Use instead
/// ```yaml
/// kind: Schedule
/// spec:
///   schedule: "0 2 * * *"
///   template:
///     includedNamespaces: [shop]
/// ```
/// ## Decisions
/// Asked only on request: backups are often made by the storage or by another repository. A Velero Schedule that
/// includes the namespace, an OADP one, or a VolumeSnapshot of the claim counts; what is scheduled by other means
/// cannot be seen.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "claims-without-backup",
        area: "data",
        severity: Severity::Info,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://velero.io/docs/main/api-types/schedule/",
            "https://kubernetes.io/docs/concepts/storage/volume-snapshots/",
        ],
        peers: &[peer("complianceascode", "etcd_backup"), peer("complianceascode", "oadp_backup_configured")],
    },
    opt_in: true,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    let is_claim = object.is("", "PersistentVolumeClaim");
    let has_claims =
        object.is("apps", "StatefulSet") && object.node().at(&["spec", "volumeClaimTemplates"]).is_some();
    if !(is_claim || has_claims) {
        return;
    }
    let mut schedules = context.inventory.of_kind("velero.io", "Schedule");
    let mut snapshots = context.inventory.of_kind("snapshot.storage.k8s.io", "VolumeSnapshot");
    let is_snapped = snapshots.any(|snapshot| {
        let source = snapshot.node().at(&["spec", "source", "persistentVolumeClaimName"]);
        may_share_namespace(snapshot.namespace(), object.namespace())
            && source.and_then(Node::as_str).is_some_and(|claim| is_claim_of(claim, object))
    });
    if !is_snapped && !schedules.any(|schedule| covers(schedule, object)) {
        out.report(&CHECK, object.metadata().and_then(|m| m.get("name")).unwrap_or(object.node()));
    }
}

/// Whether that is the object's claim, or one that a StatefulSet makes: template, name and number.
fn is_claim_of(claim: &str, object: Object<'_>) -> bool {
    if object.kind() == "PersistentVolumeClaim" {
        return claim == object.name();
    }
    let templates = object.node().at(&["spec", "volumeClaimTemplates"]);
    templates.map(Node::items).into_iter().flatten().any(|template| {
        let name = template.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
        let number = claim.strip_prefix(&format!("{name}-{}-", object.name()));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

fn covers(schedule: Object<'_>, object: Object<'_>) -> bool {
    let Some(namespace) = object.namespace() else { return true };
    let list = |field: &str| schedule.node().at(&["spec", "template", field]).filter(|list| !list.is_empty());
    let names = |list: Node<'_>| {
        list.items().any(|item| matches!(item.as_str(), Some(name) if name == namespace || name == "*"))
    };
    list("includedNamespaces").is_none_or(names) && !list("excludedNamespaces").is_some_and(names)
}
