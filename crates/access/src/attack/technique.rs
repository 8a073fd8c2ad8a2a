//! The techniques that attack paths are made of, as data: what each is called and which layer it belongs to. When it
//! applies is told by the code that builds the graph; what people read of it stands under its id in every language.

use serde::Serialize;

/// Where a technique works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Roles and bindings.
    Rbac,
    /// Out of a container.
    Container,
    /// Inside a pod.
    Pod,
    /// From a node.
    Node,
    /// Over the network.
    Network,
    /// Through the cloud.
    Cloud,
}

macro_rules! techniques {
    ($($name:ident, $id:literal, $layer:ident;)*) => {
        /// A technique. Its id is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Technique {
            /// No technique: what follows from having something, for instance being a member of a group.
            Follows,
            $(#[doc = $id] $name,)*
        }

        impl Technique {
            /// All techniques, in the order of the catalogue.
            pub const ALL: &[Technique] = &[$(Technique::$name,)*];

            /// Its stable id.
            pub const fn id(self) -> &'static str {
                match self {
                    Technique::Follows => "FOLLOWS",
                    $(Technique::$name => $id,)*
                }
            }

            /// The layer that it belongs to.
            pub const fn layer(self) -> Layer {
                match self {
                    Technique::Follows => Layer::Rbac,
                    $(Technique::$name => Layer::$layer,)*
                }
            }
        }
    };
}

techniques! {
    RbacClusterAdmin, "RBAC_CLUSTER_ADMIN", Rbac;
    RbacEscalate, "RBAC_ESCALATE", Rbac;
    RbacBindCluster, "RBAC_BIND_CLUSTER", Rbac;
    RbacBindNs, "RBAC_BIND_NS", Rbac;
    RbacBindUpdateSubjects, "RBAC_BIND_UPDATE_SUBJECTS", Rbac;
    RbacAggregateLabel, "RBAC_AGGREGATE_LABEL", Rbac;
    RbacImpersonateUser, "RBAC_IMPERSONATE_USER", Rbac;
    RbacImpersonateGroup, "RBAC_IMPERSONATE_GROUP", Rbac;
    RbacImpersonateSa, "RBAC_IMPERSONATE_SA", Rbac;
    RbacImpersonateExtra, "RBAC_IMPERSONATE_EXTRA", Rbac;
    RbacConstrainedImpersonate, "RBAC_CONSTRAINED_IMPERSONATE", Rbac;
    TokenRequest, "TOKEN_REQUEST", Rbac;
    TokenList, "TOKEN_LIST", Rbac;
    TokenBruteforce, "TOKEN_BRUTEFORCE", Rbac;
    TokenSecretCreate, "TOKEN_SECRET_CREATE", Rbac;
    SecretRead, "SECRET_READ", Rbac;
    PodCreate, "POD_CREATE", Rbac;
    PodCreateSa, "POD_CREATE_SA", Rbac;
    PodCreateMountSecret, "POD_CREATE_MOUNT_SECRET", Rbac;
    WorkloadCreate, "WORKLOAD_CREATE", Rbac;
    PodExec, "POD_EXEC", Rbac;
    PodAttachApi, "POD_ATTACH_API", Rbac;
    PodPortforward, "POD_PORTFORWARD", Rbac;
    PodPatch, "POD_PATCH", Rbac;
    PodEphemeral, "POD_EPHEMERAL", Rbac;
    PodStatus, "POD_STATUS", Rbac;
    PodSteal, "POD_STEAL", Rbac;
    NodeProxy, "NODE_PROXY", Rbac;
    NodeStatus, "NODE_STATUS", Rbac;
    CsrApprove, "CSR_APPROVE", Rbac;
    CsrKubelet, "CSR_KUBELET", Rbac;
    WebhookMutate, "WEBHOOK_MUTATE", Rbac;
    WebhookValidate, "WEBHOOK_VALIDATE", Rbac;
    PvCreate, "PV_CREATE", Rbac;
    NsLabel, "NS_LABEL", Rbac;
    NetpolWrite, "NETPOL_WRITE", Rbac;
    ServiceExternalip, "SERVICE_EXTERNALIP", Rbac;
    EndpointsWrite, "ENDPOINTS_WRITE", Rbac;
    CmCoredns, "CM_COREDNS", Rbac;
    CrdOperatorAbuse, "CRD_OPERATOR_ABUSE", Rbac;
    ApiserviceWrite, "APISERVICE_WRITE", Rbac;
    CePrivMount, "CE_PRIV_MOUNT", Container;
    CeNsenter, "CE_NSENTER", Container;
    CeModuleLoad, "CE_MODULE_LOAD", Container;
    CeSysPtrace, "CE_SYS_PTRACE", Container;
    CeSysAdminCgroup, "CE_SYS_ADMIN_CGROUP", Container;
    CeUmhCorePattern, "CE_UMH_CORE_PATTERN", Container;
    CeVarLogSymlink, "CE_VAR_LOG_SYMLINK", Container;
    CeDacReadSearch, "CE_DAC_READ_SEARCH", Container;
    CeBpfPerfmon, "CE_BPF_PERFMON", Container;
    CeHostDevice, "CE_HOST_DEVICE", Container;
    CeRuntimeVuln, "CE_RUNTIME_VULN", Container;
    CeKernelVuln, "CE_KERNEL_VULN", Container;
    ExploitRuntimeSock, "EXPLOIT_RUNTIME_SOCK", Container;
    ExploitHostWrite, "EXPLOIT_HOST_WRITE", Container;
    ExploitHostRead, "EXPLOIT_HOST_READ", Container;
    ExploitHostTraverse, "EXPLOIT_HOST_TRAVERSE", Container;
    StaticPod, "STATIC_POD", Container;
    SharePsNamespace, "SHARE_PS_NAMESPACE", Container;
    HostNetworkSniff, "HOST_NETWORK_SNIFF", Container;
    NetRawSpoof, "NET_RAW_SPOOF", Container;
    TokenSteal, "TOKEN_STEAL", Pod;
    IdentityAssumeContainer, "IDENTITY_ASSUME_CONTAINER", Pod;
    IdentityAssumeNode, "IDENTITY_ASSUME_NODE", Node;
    PodAttachNode, "POD_ATTACH_NODE", Node;
    ContainerAttach, "CONTAINER_ATTACH", Pod;
    VolumeAccess, "VOLUME_ACCESS", Node;
    VolumeDiscover, "VOLUME_DISCOVER", Container;
    PermissionDiscover, "PERMISSION_DISCOVER", Rbac;
    EndpointExploit, "ENDPOINT_EXPLOIT", Network;
    KubeletAnon, "KUBELET_ANON", Network;
    ApiserverAnon, "APISERVER_ANON", Network;
    EtcdOpen, "ETCD_OPEN", Network;
    DashboardExposed, "DASHBOARD_EXPOSED", Network;
    ImdsNodeRole, "IMDS_NODE_ROLE", Cloud;
    IrsaAssume, "IRSA_ASSUME", Cloud;
    IrsaLooseTrust, "IRSA_LOOSE_TRUST", Cloud;
    PodIdentityAssoc, "POD_IDENTITY_ASSOC", Cloud;
    PodIdentityHijack, "POD_IDENTITY_HIJACK", Cloud;
    AwsAuthWrite, "AWS_AUTH_WRITE", Cloud;
    EksAccessEntry, "EKS_ACCESS_ENTRY", Cloud;
    EksCreatorAdmin, "EKS_CREATOR_ADMIN", Cloud;
    IamPassroleEc2, "IAM_PASSROLE_EC2", Cloud;
    IamPolicyWrite, "IAM_POLICY_WRITE", Cloud;
    IamAssumeChain, "IAM_ASSUME_CHAIN", Cloud;
    SsmEc2Node, "SSM_EC2_NODE", Cloud;
    EcrPush, "ECR_PUSH", Cloud;
    SecretstoreSync, "SECRETSTORE_SYNC", Cloud;
    CloudAdminToCluster, "CLOUD_ADMIN_TO_CLUSTER", Cloud;
    AksSpFile, "AKS_SP_FILE", Cloud;
}
