//! Haechi's own rules, for whoever has none yet: written in Falco's language like anybody's, so that they can be read, copied
//! and changed with what that language has for it.

use crate::rules::RuleFile;

/// Rules for the audit log of Kubernetes.
pub const KUBERNETES: RuleFile<'static> =
    RuleFile { name: "builtin/kubernetes.yaml", bytes: include_bytes!("../rules/kubernetes.yaml") };

/// Their descriptions and outputs in Korean: a file that overrides those of [`KUBERNETES`], to be loaded after it.
pub const KUBERNETES_KO: RuleFile<'static> =
    RuleFile { name: "builtin/kubernetes.ko.yaml", bytes: include_bytes!("../rules/kubernetes.ko.yaml") };

/// The files to load, in order, for readers of Korean or of English. Names of rules are the same in both.
pub fn files(is_korean: bool) -> &'static [RuleFile<'static>] {
    const BOTH: [RuleFile<'static>; 2] = [KUBERNETES, KUBERNETES_KO];
    if is_korean { &BOTH } else { BOTH.split_at(1).0 }
}
