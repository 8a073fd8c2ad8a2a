use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Arg, Position};

/// Why something was not, or not wholly, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A path that the user named does not exist.
    NotFound,
    /// The operating system refused to open or read it.
    Unreadable,
    /// A symbolic link leads back to one of its own parents.
    CyclicLink,
    /// Larger than the limit.
    TooLarge,
    /// Not text: bytes that no manifest contains.
    Binary,
    /// Text in UTF-16 or UTF-32, which the API server does not read.
    WrongEncoding,
    /// One document is not the YAML or JSON that Kubernetes accepts.
    Syntax,
    /// A value has a type that the API server refuses there, so rules about it cannot be judged.
    Malformed,
    /// A template (Helm, Go template, Kustomize) that was not rendered.
    Template,
    /// A template that was to be rendered and could not be.
    NotRendered,
    /// A document of a kind that Haechi knows, but in a version or shape that it cannot read.
    Unsupported,
    /// A document that is not a Kubernetes object; it does not make a scan incomplete.
    NotKubernetes,
    /// A kind of objects of a live cluster that could not be listed, or not as a whole.
    NotListed,
    /// A rule failed on this object.
    RuleFailed,
    /// A policy that the user brings was refused: nothing was held against it.
    PolicyRefused,
    /// A policy that the user brings could not be evaluated on this object, or not to its end.
    PolicyFailed,
    /// A suppression that does not say why, or names no rule: it was not applied.
    SuppressionRefused,
    /// A suppression whose last day has passed: it was not applied.
    SuppressionExpired,
    /// A suppression that no finding needs any more.
    SuppressionUnused,
    /// A file was to be fixed and was left as it is.
    FixRefused,
}

/// What a problem means for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemGroup {
    /// No business of Haechi's: the result is whole without it.
    LeftOut,
    /// About what was accepted: the findings are all there, but somebody should look.
    Suppression,
    /// Something that was to be mended was not; its findings are all there.
    NotFixed,
    /// Something was not judged.
    Incomplete,
}

impl ProblemKind {
    /// What it means for the result.
    pub const fn group(self) -> ProblemGroup {
        match self {
            ProblemKind::NotKubernetes => ProblemGroup::LeftOut,
            ProblemKind::SuppressionRefused
            | ProblemKind::SuppressionExpired
            | ProblemKind::SuppressionUnused => ProblemGroup::Suppression,
            ProblemKind::FixRefused => ProblemGroup::NotFixed,
            _ => ProblemGroup::Incomplete,
        }
    }

    /// Whether a result with such a problem may be incomplete.
    pub const fn is_incomplete(self) -> bool {
        matches!(self.group(), ProblemGroup::Incomplete)
    }

    /// The stable id, used in JSON output and as message id.
    pub const fn as_str(self) -> &'static str {
        match self {
            ProblemKind::NotFound => "not-found",
            ProblemKind::Unreadable => "unreadable",
            ProblemKind::CyclicLink => "cyclic-link",
            ProblemKind::TooLarge => "too-large",
            ProblemKind::Binary => "binary",
            ProblemKind::WrongEncoding => "wrong-encoding",
            ProblemKind::Syntax => "syntax",
            ProblemKind::Malformed => "malformed",
            ProblemKind::Template => "template",
            ProblemKind::NotRendered => "not-rendered",
            ProblemKind::Unsupported => "unsupported",
            ProblemKind::NotKubernetes => "not-kubernetes",
            ProblemKind::NotListed => "not-listed",
            ProblemKind::RuleFailed => "rule-failed",
            ProblemKind::PolicyRefused => "policy-refused",
            ProblemKind::PolicyFailed => "policy-failed",
            ProblemKind::SuppressionRefused => "suppression-refused",
            ProblemKind::SuppressionExpired => "suppression-expired",
            ProblemKind::SuppressionUnused => "suppression-unused",
            ProblemKind::FixRefused => "fix-refused",
        }
    }
}

/// Something that could not be read or judged. Never a pass, never a failure: the third value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What went wrong.
    pub kind: ProblemKind,
    /// The file as the user named it.
    pub path: Arc<str>,
    /// Where in the file, if it is about a place.
    pub position: Option<Position>,
    /// What the message needs: `detail` (text of the reader or the system, English), `limit`, `size` …
    pub args: Vec<Arg>,
}
