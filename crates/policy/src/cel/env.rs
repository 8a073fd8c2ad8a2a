//! What the expressions of admission policies may refer to, as the API server declares it.

use std::sync::OnceLock;

use haechi_cel::{Env, Type};

/// Slots of the variables, the same in every environment.
pub(crate) const OBJECT: usize = 0;
pub(crate) const OLD_OBJECT: usize = 1;
pub(crate) const NAMESPACE_OBJECT: usize = 2;
pub(crate) const REQUEST: usize = 3;
pub(crate) const PARAMS: usize = 4;
pub(crate) const AUTHORIZER: usize = 5;
pub(crate) const REQUEST_RESOURCE: usize = 6;
pub(crate) const VARIABLES: usize = 7;

/// What is the same for all policies and bindings wherever an expression stands: the namespace is hidden from match
/// conditions, and the authorizer from messages.
pub(crate) const SHARED: &[usize] = &[OBJECT, OLD_OBJECT, REQUEST];

pub(crate) const VARIABLES_TYPE: &str = "kubernetes.variables";

/// Which of the optional variables an environment has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Declares {
    pub(crate) params: bool,
    pub(crate) authorizer: bool,
    pub(crate) variables: bool,
    pub(crate) patch_types: bool,
}

/// The environment of an expression, without the fields of `variables`.
pub(crate) fn admission_env(declares: Declares) -> Env {
    static BASE: OnceLock<Env> = OnceLock::new();
    let object = Type::object;
    let mut env = BASE.get_or_init(base_env).clone();
    if declares.params {
        env.add_variable_at(PARAMS, "params", Type::Dyn);
    }
    if declares.authorizer {
        env.add_variable_at(AUTHORIZER, "authorizer", object("kubernetes.authorization.Authorizer"));
        let check = object("kubernetes.authorization.ResourceCheck");
        env.add_variable_at(REQUEST_RESOURCE, "authorizer.requestResource", check);
    }
    if declares.variables {
        env.add_struct(VARIABLES_TYPE, []);
        env.add_variable_at(VARIABLES, "variables", object(VARIABLES_TYPE));
    }
    if declares.patch_types {
        env.add_patch_types();
    }
    env
}

/// What all environments have.
fn base_env() -> Env {
    let object = Type::object;
    let strings = || Type::list(Type::String);
    let mut env = Env::kubernetes();
    env.add_struct(
        "kubernetes.GroupVersionKind",
        [("group", Type::String), ("version", Type::String), ("kind", Type::String)],
    );
    env.add_struct(
        "kubernetes.GroupVersionResource",
        [("group", Type::String), ("version", Type::String), ("resource", Type::String)],
    );
    env.add_struct(
        "kubernetes.UserInfo",
        [
            ("username", Type::String),
            ("uid", Type::String),
            ("groups", strings()),
            ("extra", Type::map(Type::String, strings())),
        ],
    );
    env.add_struct(
        "kubernetes.AdmissionRequest",
        [
            ("kind", object("kubernetes.GroupVersionKind")),
            ("resource", object("kubernetes.GroupVersionResource")),
            ("subResource", Type::String),
            ("requestKind", object("kubernetes.GroupVersionKind")),
            ("requestResource", object("kubernetes.GroupVersionResource")),
            ("requestSubResource", Type::String),
            ("name", Type::String),
            ("namespace", Type::String),
            ("operation", Type::String),
            ("userInfo", object("kubernetes.UserInfo")),
            ("dryRun", Type::Bool),
            ("options", Type::Dyn),
        ],
    );
    env.add_struct(
        "kubernetes.NamespaceCondition",
        [
            ("status", Type::String),
            ("type", Type::String),
            ("lastTransitionTime", Type::Timestamp),
            ("message", Type::String),
            ("reason", Type::String),
        ],
    );
    env.add_struct("kubernetes.NamespaceSpec", [("finalizers", strings())]);
    env.add_struct(
        "kubernetes.NamespaceStatus",
        [("conditions", Type::list(object("kubernetes.NamespaceCondition"))), ("phase", Type::String)],
    );
    env.add_struct(
        "kubernetes.NamespaceMetadata",
        [
            ("name", Type::String),
            ("generateName", Type::String),
            ("namespace", Type::String),
            ("labels", Type::map(Type::String, Type::String)),
            ("annotations", Type::map(Type::String, Type::String)),
            ("UID", Type::String),
            ("creationTimestamp", Type::Timestamp),
            ("deletionGracePeriodSeconds", Type::Int),
            ("deletionTimestamp", Type::Timestamp),
            ("generation", Type::Int),
            ("resourceVersion", Type::String),
            ("finalizers", strings()),
        ],
    );
    env.add_struct(
        "kubernetes.Namespace",
        [
            ("metadata", object("kubernetes.NamespaceMetadata")),
            ("spec", object("kubernetes.NamespaceSpec")),
            ("status", object("kubernetes.NamespaceStatus")),
        ],
    );
    env.add_variable_at(OBJECT, "object", Type::Dyn);
    env.add_variable_at(OLD_OBJECT, "oldObject", Type::Dyn);
    env.add_variable_at(NAMESPACE_OBJECT, "namespaceObject", object("kubernetes.Namespace"));
    env.add_variable_at(REQUEST, "request", object("kubernetes.AdmissionRequest"));
    env
}

/// The type of a variable for the expressions behind it: what the API server does not carry over is dyn.
pub(crate) fn carried_over(of: &Type) -> Type {
    match of {
        Type::Bool
        | Type::Bytes
        | Type::Double
        | Type::Duration
        | Type::Int
        | Type::Null
        | Type::String
        | Type::Timestamp
        | Type::Uint => of.clone(),
        Type::List(element) => Type::list(carried_over(element)),
        Type::Map(entry) => Type::map(carried_over(&entry.0), carried_over(&entry.1)),
        _ => Type::Dyn,
    }
}
