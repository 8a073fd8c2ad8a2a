//! What the specification of NetworkPolicy leaves open and each CNI decides.

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// Nobody promises either.
    Unknown,
}

/// The choices of a network plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Name on the command line.
    pub name: &'static str,
    /// Whether an `ipBlock` also means pods that have such an address.
    pub blocks_match_pods: Tri,
    /// Whether an `ipBlock` also means nodes, and what lives in their network, that have such an address.
    pub blocks_match_nodes: Tri,
    /// Whether a pod in its node's network is selected by its labels like any other.
    pub host_network_as_pod: bool,
    /// Whether a pod reaches itself whatever policies say.
    pub loopback_always: bool,
    /// Whether a pod's own node reaches it whatever policies say.
    pub node_always: bool,
    /// Whether policies are enforced at all unless something more is switched on.
    pub enforces: Tri,
    /// Whether things outside that are known by name only may have any address that a policy names. In truth they may.
    pub names_have_addresses: bool,
    /// Whether an address in a policy of the mesh also means pods that have it. In truth it does: the proxy sees it.
    pub mesh_addresses_match_pods: Tri,
    /// Whether NetworkPolicies sit in a tier of the plugin's own policies instead of in a stage of their own.
    pub network_policy_in_tier: bool,
}

const BASE: Profile = Profile {
    name: "strict",
    blocks_match_pods: Tri::Unknown,
    blocks_match_nodes: Tri::Yes,
    host_network_as_pod: false,
    loopback_always: true,
    node_always: true,
    enforces: Tri::Yes,
    names_have_addresses: true,
    mesh_addresses_match_pods: Tri::Yes,
    network_policy_in_tier: false,
};

impl Profile {
    /// Only what the API promises; what it leaves open is unknown.
    pub const STRICT: Profile = BASE;
    /// Calico.
    pub const CALICO: Profile =
        Profile { name: "calico", blocks_match_pods: Tri::Yes, network_policy_in_tier: true, ..BASE };
    /// Cilium: addresses of managed pods are identities, not addresses; those of nodes too, unless it is told to match
    /// them (`policy-cidr-match-mode`).
    pub const CILIUM: Profile =
        Profile { name: "cilium", blocks_match_pods: Tri::No, blocks_match_nodes: Tri::Unknown, ..BASE };
    /// Antrea.
    pub const ANTREA: Profile = Profile { name: "antrea", blocks_match_pods: Tri::Yes, ..BASE };
    /// OVN-Kubernetes.
    pub const OVN: Profile = Profile { name: "ovn", blocks_match_pods: Tri::Yes, ..BASE };
    /// The AWS VPC CNI: its policy agent is off until enabled.
    pub const AWS: Profile =
        Profile { name: "aws", blocks_match_pods: Tri::Yes, enforces: Tri::Unknown, ..BASE };

    /// All profiles.
    pub const ALL: [Profile; 6] =
        [Self::STRICT, Self::CALICO, Self::CILIUM, Self::ANTREA, Self::OVN, Self::AWS];

    /// The profile of that name.
    pub fn by_name(name: &str) -> Option<Profile> {
        Self::ALL.into_iter().find(|profile| profile.name == name)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::STRICT
    }
}
