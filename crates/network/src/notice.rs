//! Mistakes in network policies, each with its place.

use haechi_model::ResourceRef;

use crate::world::Origin;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// A CIDR that is none.
    InvalidCidr,
    /// An `except` that lies outside of its `cidr`.
    ExceptOutsideCidr,
    /// A selector that the API server refuses.
    InvalidSelector,
    /// A port, port range or protocol that the API server refuses.
    InvalidPort,
    /// Any other field with a value that the API server refuses, or that is missing.
    InvalidField,
    /// A policy in a namespace of which nothing else is known.
    MissingNamespace,
    /// A namespace selector that selects none of the known namespaces.
    NamespaceSelectsNothing,
    /// A policy that is for no known pod.
    PolicySelectsNothing,
    /// A rule whose peers are no known pod and no address.
    PeerSelectsNothing,
    /// A named port that no pod which it could concern declares.
    UnknownNamedPort,
    /// A rule that cannot match because rules before it decide all of its traffic.
    ShadowedRule,
    /// Two policies of one tier with equal priority that concern the same pods: which one wins is undefined.
    EqualPriority,
    /// A field that Haechi knows but cannot judge without more knowledge (DNS names, nodes).
    NotJudged,
    /// A Service whose selector selects no known pod.
    ServiceSelectsNothing,
    /// A Service's target port that none of its pods declares by that name.
    UnknownTargetPort,
    /// An Ingress, Route or HTTPRoute that leads to a Service that is not there.
    UnknownBackend,
    /// An object that appears twice.
    Duplicate,
}

impl NoticeKind {
    /// Stable id, for JSON and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            NoticeKind::InvalidCidr => "invalid-cidr",
            NoticeKind::ExceptOutsideCidr => "except-outside-cidr",
            NoticeKind::InvalidSelector => "invalid-selector",
            NoticeKind::InvalidPort => "invalid-port",
            NoticeKind::InvalidField => "invalid-field",
            NoticeKind::MissingNamespace => "missing-namespace",
            NoticeKind::NamespaceSelectsNothing => "namespace-selects-nothing",
            NoticeKind::PolicySelectsNothing => "policy-selects-nothing",
            NoticeKind::PeerSelectsNothing => "peer-selects-nothing",
            NoticeKind::UnknownNamedPort => "unknown-named-port",
            NoticeKind::ShadowedRule => "shadowed-rule",
            NoticeKind::EqualPriority => "equal-priority",
            NoticeKind::NotJudged => "not-judged",
            NoticeKind::ServiceSelectsNothing => "service-selects-nothing",
            NoticeKind::UnknownTargetPort => "unknown-target-port",
            NoticeKind::UnknownBackend => "unknown-backend",
            NoticeKind::Duplicate => "duplicate",
        }
    }

    /// Whether only the whole of the manifests shows it: what is missing may be elsewhere.
    pub const fn is_of_whole(self) -> bool {
        matches!(
            self,
            NoticeKind::MissingNamespace
                | NoticeKind::NamespaceSelectsNothing
                | NoticeKind::PolicySelectsNothing
                | NoticeKind::PeerSelectsNothing
                | NoticeKind::UnknownNamedPort
                | NoticeKind::EqualPriority
                | NoticeKind::ServiceSelectsNothing
                | NoticeKind::UnknownTargetPort
                | NoticeKind::UnknownBackend
        )
    }

    /// Whether kind and subject say all, so that nothing but the detail of the others is in English only.
    pub const fn is_told_by_subject(self) -> bool {
        self.is_of_whole() || matches!(self, NoticeKind::ShadowedRule | NoticeKind::Duplicate)
    }

    /// Whether the API server refuses the object, so that it is not what it seems to be.
    pub const fn is_error(self) -> bool {
        matches!(
            self,
            NoticeKind::InvalidCidr
                | NoticeKind::ExceptOutsideCidr
                | NoticeKind::InvalidSelector
                | NoticeKind::InvalidPort
                | NoticeKind::InvalidField
        )
    }
}

/// One mistake.
#[derive(Debug, Clone)]
pub struct Notice {
    /// What is wrong.
    pub kind: NoticeKind,
    /// The object.
    pub resource: ResourceRef,
    /// The mistake in English: what and how to mend it.
    pub detail: String,
    /// What the mistake is about, for messages in other languages: a name of a namespace, port, Service or policy.
    pub subject: String,
    /// The value to change.
    pub origin: Origin,
    /// Its path in the document.
    pub json_path: String,
}
