//! Gatekeeper: ConstraintTemplates, their constraints, and what Gatekeeper itself is configured to leave out.
//!
//! ```text
//! ConstraintTemplate ─► Template (Rego program, schema of parameters) ┐
//! constraint ─► Constraint (match, parameters, enforcement) ──────────┴─► GatekeeperSet ─► Verdicts
//! ```
//!
//! Source of the behaviour: `open-policy-agent/frameworks` (constraint/pkg) and `open-policy-agent/gatekeeper`
//! (pkg/target, pkg/mutation/match, pkg/gator).

mod config;
mod constraint;
mod expansion;
mod external;
mod matching;
mod mutation;
mod review;
mod schema;
pub mod suite;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use haechi_objects::Object;

pub use constraint::EnforcementPoint;
pub use expansion::Expanded;
pub use external::{ExternalAnswer, ExternalData, ExternalError};
pub use matching::ObjectSource;

use crate::engine::{Engine, FailMode, LoadError, Loaded, PolicyDocument, PolicyInfo};
use crate::mistake::{Mistake, mistake};
use crate::rego::Regexes;
use config::Config;
use constraint::Constraint;
use expansion::Expansions;
use mutation::MutatorSet;
use template::Template;

/// Reads Gatekeeper's documents.
#[derive(Debug, Clone, Default)]
pub struct Gatekeeper {
    /// Where the constraints are enforced: scoped actions differ by it.
    pub point: EnforcementPoint,
    /// Takes the Rego of a template that has CEL too, as Gatekeeper does with its engine for CEL switched off.
    pub rego_first: bool,
    /// Asks providers of external data; without it, policies that ask are errors.
    pub external: Option<Arc<dyn ExternalData>>,
    /// What policies are told that the time is, in nanoseconds since 1970; without it, policies that ask are errors.
    pub now_ns: Option<i64>,
}

/// Templates and constraints, made ready.
#[derive(Debug, Default)]
pub struct GatekeeperSet {
    templates: BTreeMap<Arc<str>, Arc<Template>>,
    /// By kind and name.
    constraints: Vec<(Arc<Template>, Constraint)>,
    config: Config,
    expansions: Expansions,
    mutators: MutatorSet,
    point: EnforcementPoint,
    /// Objects by themselves are taken as `gator verify` takes them: one that names no namespace has none.
    as_verify: bool,
    external: Option<Arc<dyn ExternalData>>,
    now_ns: Option<i64>,
    regexes: Regexes,
    texts: review::Texts,
}

/// Group of the templates.
const TEMPLATES: &str = "templates.gatekeeper.sh";

impl Engine for Gatekeeper {
    type Set = GatekeeperSet;

    fn claims(&self, object: Object<'_>) -> bool {
        object.kind() == "ConstraintTemplate"
            || object.group() == constraint::GROUP
            || object.is("config.gatekeeper.sh", "Config")
            || object.is("expansion.gatekeeper.sh", "ExpansionTemplate")
            || mutation::claims(object)
            || is_misplaced(object)
    }

    fn load(&self, documents: &[PolicyDocument<'_>]) -> Loaded<GatekeeperSet> {
        let mut set = GatekeeperSet {
            point: self.point,
            external: self.external.clone(),
            now_ns: self.now_ns,
            ..GatekeeperSet::default()
        };
        let mut errors = Vec::new();
        let mut refused: Vec<&str> = Vec::new();
        for document in documents.iter().filter(|document| document.object.kind() == "ConstraintTemplate") {
            load_template(document, self.rego_first, &mut set, &mut refused, &mut errors);
        }
        for document in documents {
            let object = document.object;
            if object.group() == constraint::GROUP {
                load_constraint(document, &mut set, &refused, &mut errors);
            } else if object.is("config.gatekeeper.sh", "Config") {
                set.config.read(document, &mut errors);
            } else if object.is("expansion.gatekeeper.sh", "ExpansionTemplate") {
                set.expansions.read(document, &mut errors);
            } else if is_misplaced(object) && !set.templates.contains_key(object.kind()) {
                let message = mistake!(
                    "unknown-kind",
                    "Gatekeeper knows no `{kind}` in `{group}`; the apiVersion of a constraint is `constraints.gatekeeper.sh/v1beta1`",
                    kind = object.kind(),
                    group = object.group(),
                );
                let node = object.node().get("apiVersion").unwrap_or(object.node());
                errors.push(LoadError::at(document, node, message));
            } else if set.templates.contains_key(object.kind()) {
                // A constraint by its kind, under another group: nobody would ever enforce it.
                let message = mistake!(
                    "constraint-group",
                    "`{kind}` is the kind of a constraint, but its group is `{group}`: apiVersion must be `constraints.gatekeeper.sh/v1beta1`",
                    kind = object.kind(),
                    group = object.group(),
                );
                let node = object.node().get("apiVersion").unwrap_or(object.node());
                errors.push(LoadError::at(document, node, message));
            }
        }
        set.mutators = MutatorSet::load(documents, &mut errors);
        set.constraints.sort_by(|(_, left), (_, right)| left.policy.cmp(&right.policy));
        find_same(&mut set.constraints);
        Loaded { set, errors }
    }
}

/// Whether an object stands in a group of Gatekeeper that has no such kind: most often a constraint.
fn is_misplaced(object: Object<'_>) -> bool {
    let kinds: &[&str] = match object.group() {
        TEMPLATES => &["ConstraintTemplate"],
        "config.gatekeeper.sh" => &["Config"],
        "expansion.gatekeeper.sh" => &["ExpansionTemplate"],
        "mutations.gatekeeper.sh" => &["Assign", "AssignMetadata", "ModifySet", "AssignImage"],
        "gatekeeper.sh" => &[],
        _ => return false,
    };
    !kinds.contains(&object.kind())
}

fn load_template<'d>(
    document: &PolicyDocument<'d>,
    rego_first: bool,
    set: &mut GatekeeperSet,
    refused: &mut Vec<&'d str>,
    errors: &mut Vec<LoadError>,
) {
    let object = document.object;
    if object.group() != TEMPLATES {
        let node = object.node().get("apiVersion").unwrap_or(object.node());
        let message = mistake!(
            "template-group",
            "a ConstraintTemplate's apiVersion is `templates.gatekeeper.sh/v1`, not `{found}`",
            found = object.api_version(),
        );
        errors.push(LoadError::at(document, node, message));
        return;
    }
    let kind =
        object.node().at(&["spec", "crd", "spec", "names", "kind"]).and_then(haechi_syntax::Node::as_str);
    match template::read(document, rego_first, errors) {
        Some(template) if set.templates.contains_key(&template.kind) => {
            let message =
                mistake!("template-twice", "a template for `{kind}` is there already", kind = template.kind);
            errors.push(LoadError::at(document, object.node(), message));
        }
        Some(template) => {
            set.templates.insert(template.kind.clone(), Arc::new(template));
        }
        None => refused.extend(kind),
    }
}

fn load_constraint(
    document: &PolicyDocument<'_>,
    set: &mut GatekeeperSet,
    refused: &[&str],
    errors: &mut Vec<LoadError>,
) {
    let object = document.object;
    let node = object.node().get("kind").unwrap_or(object.node());
    let Some(template) = set.templates.get(object.kind()).cloned() else {
        let message = match refused.contains(&object.kind()) {
            true => mistake!(
                "template-refused",
                "the template of `{kind}` could not be loaded",
                kind = object.kind()
            ),
            false => mistake!(
                "template-missing",
                "there is no ConstraintTemplate for `{kind}`",
                kind = object.kind()
            ),
        };
        errors.push(LoadError::at(document, node, message));
        return;
    };
    if let Some(constraint) = constraint::read(document, &template, errors) {
        // Of two with the same name the later one counts, as when both are applied.
        set.constraints.retain(|(_, known)| known.policy != constraint.policy);
        set.constraints.push((template, constraint));
    }
}

/// Finds constraints that ask the same.
#[expect(clippy::mutable_key_type, reason = "parameters are owned: nothing changes behind them")]
fn find_same(constraints: &mut [(Arc<Template>, Constraint)]) {
    let mut first = BTreeMap::new();
    for (index, (template, constraint)) in constraints.iter_mut().enumerate() {
        let key = (template.kind.clone(), constraint.parameters.clone());
        constraint.same_as = *first.entry(key).or_insert(index);
    }
}

impl GatekeeperSet {
    /// The constraints as `Kind/name`, in order.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        self.constraints.iter().map(|(_, constraint)| &*constraint.policy)
    }

    /// The mutators as `Kind/name`, in order.
    pub fn mutators(&self) -> impl Iterator<Item = &str> {
        self.mutators.policies()
    }

    /// What an object brings about by the ExpansionTemplates, changed by the mutators for generated objects, as
    /// `gator expand` shows it.
    ///
    /// # Errors
    /// An object that cannot be expanded, or mutators that do not come to rest: in English, with their name.
    pub fn expand(
        &self,
        object: Object<'_>,
        namespace: Option<Object<'_>>,
    ) -> Result<Vec<Expanded>, Mistake> {
        self.expansions.expand(object, namespace, &self.mutators)
    }

    /// The constraints and mutators, as whoever asks them must know them.
    pub fn infos(&self) -> impl Iterator<Item = PolicyInfo> {
        let constraints = self.constraints.iter().map(|(template, constraint)| PolicyInfo {
            policy: constraint.policy.clone(),
            fail_mode: FailMode::Fail,
            denies: constraint.enforcement.at(self.point).is_some_and(|actions| actions.deny),
            mutates: false,
            reads_inventory: match &template.code {
                template::Code::Rego(program) => program.reads_inventory,
                template::Code::Cel(_) => false,
            },
        });
        constraints.chain(self.mutators.names().map(|policy| PolicyInfo {
            policy: policy.clone(),
            fail_mode: FailMode::Fail,
            denies: true,
            mutates: true,
            reads_inventory: false,
        }))
    }

    /// Kinds that have a template, in order.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.templates.keys().map(|kind| &**kind)
    }
}
