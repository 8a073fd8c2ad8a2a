use haechi_model::{RuleInfo, Severity};
use haechi_objects::Object;
use haechi_syntax::{Node, Value};

use crate::check::{Check, Context, Run, peer};
use crate::findings::{Findings, Place};

/// ## What it does
/// Flags storage classes of Amazon EBS that do not ask for encryption, and persistent volumes of such a class.
/// ## Why is this bad?
/// Whoever gets at a snapshot, a backup or the disk itself reads the data.
/// ## Example
/// ```yaml
/// kind: StorageClass
/// provisioner: ebs.csi.aws.com
/// parameters:
///   type: gp3
/// ```
/// ## Use instead
/// ```yaml
/// kind: StorageClass
/// provisioner: ebs.csi.aws.com
/// parameters:
///   type: gp3
///   encrypted: "true"
/// ```
/// ## Decisions
/// Azure and Google encrypt every disk, and an EFS file system is encrypted or not where it is made; with whose key is not a matter of this check. Of other provisioners nothing
/// is known. EBS accounts can encrypt by default, which no manifest shows; the class should still say so.
pub(crate) static CHECK: Check = Check {
    info: RuleInfo {
        slug: "storage-not-encrypted",
        area: "cluster",
        severity: Severity::Medium,
        since: "0.1.0",
        preview: false,
        references: &[
            "https://kubernetes.io/docs/concepts/storage/storage-classes/#aws-ebs",
            "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
        ],
        peers: &[peer("kubescape", "C-0264"), peer("soc-2", "CC1.1"), peer("soc-2", "CC6.7")],
    },
    opt_in: false,
    run: Run::ObjectAmong(check),
};

fn check(object: Object<'_>, context: &Context<'_>, out: &mut Findings<'_>) {
    if object.is("storage.k8s.io", "StorageClass") {
        if is_open(object) {
            let parameters = object.node().get("parameters");
            let flag = parameters.and_then(|parameters| parameters.get("encrypted"));
            out.report(
                &CHECK,
                flag.map_or(Place::Missing(object.node(), &["parameters", "encrypted"]), Place::Value),
            );
        }
    } else if object.is("", "PersistentVolume")
        && let Some(class) = object.node().at(&["spec", "storageClassName"])
    {
        let name = class.as_str().unwrap_or_default();
        let mut classes = context.inventory.named("storage.k8s.io", "StorageClass", None, name);
        if classes.any(is_open) {
            out.report(&CHECK, class);
        }
    }
}

fn is_open(class: Object<'_>) -> bool {
    let provisioner = class.node().get("provisioner").and_then(Node::as_str).unwrap_or_default();
    let is_known = matches!(provisioner, "ebs.csi.aws.com" | "kubernetes.io/aws-ebs");
    let flag = class.node().at(&["parameters", "encrypted"]);
    let is_encrypted = match flag.map(Node::value) {
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        Some(Value::Bool(flag)) => flag,
        _ => false,
    };
    is_known && !is_encrypted
}
