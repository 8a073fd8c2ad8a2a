//! Resources that every cluster has, for what people write without their group, in the singular or short.

/// (API group, plural, further names, whether its objects live in namespaces).
type Row = (&'static str, &'static str, &'static [&'static str], bool);

const TABLE: &[Row] = &[
    ("", "bindings", &["binding"], true),
    ("", "componentstatuses", &["componentstatus", "cs"], false),
    ("", "configmaps", &["configmap", "cm"], true),
    ("", "endpoints", &["ep"], true),
    ("", "events", &["event", "ev"], true),
    ("", "groups", &["group"], false),
    ("", "limitranges", &["limitrange", "limits"], true),
    ("", "namespaces", &["namespace", "ns"], false),
    ("", "nodes", &["node", "no"], false),
    ("", "persistentvolumeclaims", &["persistentvolumeclaim", "pvc"], true),
    ("", "persistentvolumes", &["persistentvolume", "pv"], false),
    ("", "pods", &["pod", "po"], true),
    ("", "podtemplates", &["podtemplate"], true),
    ("", "replicationcontrollers", &["replicationcontroller", "rc"], true),
    ("", "resourcequotas", &["resourcequota", "quota"], true),
    ("", "secrets", &["secret"], true),
    ("", "serviceaccounts", &["serviceaccount", "sa"], true),
    ("", "services", &["service", "svc"], true),
    ("", "users", &["user"], false),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies", &["mutatingadmissionpolicy"], false),
    (
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        &["mutatingwebhookconfiguration"],
        false,
    ),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", &["validatingadmissionpolicy"], false),
    (
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        &["validatingwebhookconfiguration"],
        false,
    ),
    (
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        &["customresourcedefinition", "crd", "crds"],
        false,
    ),
    ("apiregistration.k8s.io", "apiservices", &["apiservice"], false),
    ("apps", "controllerrevisions", &["controllerrevision"], true),
    ("apps", "daemonsets", &["daemonset", "ds"], true),
    ("apps", "deployments", &["deployment", "deploy"], true),
    ("apps", "replicasets", &["replicaset", "rs"], true),
    ("apps", "statefulsets", &["statefulset", "sts"], true),
    ("authentication.k8s.io", "tokenreviews", &["tokenreview"], false),
    ("authentication.k8s.io", "uids", &["uid"], false),
    ("authentication.k8s.io", "userextras", &[], false),
    ("authorization.k8s.io", "localsubjectaccessreviews", &["localsubjectaccessreview"], true),
    ("authorization.k8s.io", "selfsubjectaccessreviews", &["selfsubjectaccessreview"], false),
    ("authorization.k8s.io", "selfsubjectrulesreviews", &["selfsubjectrulesreview"], false),
    ("authorization.k8s.io", "subjectaccessreviews", &["subjectaccessreview"], false),
    ("autoscaling", "horizontalpodautoscalers", &["horizontalpodautoscaler", "hpa"], true),
    ("batch", "cronjobs", &["cronjob", "cj"], true),
    ("batch", "jobs", &["job"], true),
    ("certificates.k8s.io", "certificatesigningrequests", &["certificatesigningrequest", "csr"], false),
    ("certificates.k8s.io", "signers", &["signer"], false),
    ("coordination.k8s.io", "leases", &["lease"], true),
    ("discovery.k8s.io", "endpointslices", &["endpointslice"], true),
    ("networking.k8s.io", "ingressclasses", &["ingressclass"], false),
    ("networking.k8s.io", "ingresses", &["ingress", "ing"], true),
    ("networking.k8s.io", "networkpolicies", &["networkpolicy", "netpol"], true),
    ("node.k8s.io", "runtimeclasses", &["runtimeclass"], false),
    ("policy", "poddisruptionbudgets", &["poddisruptionbudget", "pdb"], true),
    ("rbac.authorization.k8s.io", "clusterrolebindings", &["clusterrolebinding"], false),
    ("rbac.authorization.k8s.io", "clusterroles", &["clusterrole"], false),
    ("rbac.authorization.k8s.io", "rolebindings", &["rolebinding"], true),
    ("rbac.authorization.k8s.io", "roles", &["role"], true),
    ("scheduling.k8s.io", "priorityclasses", &["priorityclass", "pc"], false),
    ("storage.k8s.io", "csidrivers", &["csidriver"], false),
    ("storage.k8s.io", "csinodes", &["csinode"], false),
    ("storage.k8s.io", "csistoragecapacities", &["csistoragecapacity"], true),
    ("storage.k8s.io", "storageclasses", &["storageclass", "sc"], false),
    ("storage.k8s.io", "volumeattachments", &["volumeattachment"], false),
];

/// What may stand behind the slash of one of them.
const SUBRESOURCES: &[&str] = &[
    "approval",
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "finalize",
    "log",
    "portforward",
    "proxy",
    "resize",
    "rollback",
    "scale",
    "status",
    "token",
];

/// A resource that every cluster has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) group: &'static str,
    pub(super) plural: &'static str,
    pub(super) is_namespaced: bool,
}

/// Finds a resource by any of its names; with a group only in that one.
pub(super) fn find(name: &str, group: Option<&str>) -> Option<Known> {
    let is_called = |(of_group, plural, others, _): &&Row| {
        group.is_none_or(|group| group == *of_group) && (*plural == name || others.contains(&name))
    };
    let (group, plural, _, is_namespaced) = TABLE.iter().find(is_called)?;
    Some(Known { group, plural, is_namespaced: *is_namespaced })
}

/// Whether something behind a slash is a part of an object, and not its name.
pub(super) fn is_subresource(known: Known, part: &str) -> bool {
    // Keys of an identity's extra fields are chosen by whoever authenticates.
    known.plural == "userextras" || part == "*" || SUBRESOURCES.contains(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_one_resource() {
        assert_eq!(
            find("deploy", None).map(|known| (known.group, known.plural)),
            Some(("apps", "deployments"))
        );
        assert_eq!(find("events", Some("events.k8s.io")), None);
        let mut names: Vec<&str> =
            TABLE.iter().flat_map(|(_, plural, others, _)| others.iter().chain([plural]).copied()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name stands for two resources");
    }
}
