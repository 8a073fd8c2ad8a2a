//! What an expression may refer to: libraries, variables, named types, functions of the host.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::decls::{Func, Library, Overload, declarations, parse_signature};
use crate::types::Type;

/// Syntax that an environment has or has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// `a.?b`, `a[?b]`, `[?a]`, `{?a: b}`, `optMap`.
    pub optionals: bool,
    /// `all(k, v, …)`, `transformList` and their like.
    pub two_variable_comprehensions: bool,
    /// `sortBy`.
    pub lists: bool,
    /// `cel.bind`; not in Kubernetes.
    pub bindings: bool,
    /// Fields in backquotes; not in Kubernetes.
    pub escaped_fields: bool,
    /// Lists and maps whose literals mix types are refused.
    pub homogeneous_literals: bool,
}

/// A named type with fields.
#[derive(Debug, Clone, Default)]
pub struct StructType {
    /// Type by name of the field.
    pub fields: BTreeMap<Arc<str>, Type>,
}

/// A function that the host answers.
#[derive(Debug, Clone)]
pub(crate) struct HostFunction {
    pub(crate) name: Arc<str>,
    pub(crate) overloads: Vec<Overload>,
}

/// What an expression is compiled in.
#[derive(Debug, Clone)]
pub struct Env {
    pub(crate) features: Features,
    libraries: Vec<Library>,
    /// Name, type and slot.
    variables: Vec<(Arc<str>, Type, usize)>,
    structs: HashMap<Arc<str>, Arc<StructType>>,
    pub(crate) host: Vec<HostFunction>,
    /// Whether `Object`, `Object.spec` … and `JSONPatch` are types.
    patch_types: bool,
}

impl Env {
    /// Kubernetes 1.36, as for admission policies, without variables.
    pub fn kubernetes() -> Self {
        Self {
            features: Features {
                optionals: true,
                two_variable_comprehensions: true,
                lists: true,
                bindings: false,
                escaped_fields: false,
                homogeneous_literals: true,
            },
            libraries: vec![
                Library::Standard,
                Library::Optionals,
                Library::Strings,
                Library::KubernetesLists,
                Library::Lists,
                Library::Sets,
                Library::Regex,
                Library::Urls,
                Library::Quantities,
                Library::Network,
                Library::Formats,
                Library::Semver,
                Library::Authorization,
            ],
            variables: Vec::new(),
            structs: HashMap::new(),
            host: Vec::new(),
            patch_types: false,
        }
    }

    /// Adds a library.
    pub fn add_library(&mut self, library: Library) {
        if !self.libraries.contains(&library) {
            self.libraries.push(library);
        }
    }

    /// The syntax, to switch on or off.
    pub fn features_mut(&mut self) -> &mut Features {
        &mut self.features
    }

    /// Adds `Object{…}` and `JSONPatch{…}`, for mutations.
    pub fn add_patch_types(&mut self) {
        self.patch_types = true;
        self.add_library(Library::JsonPatch);
    }

    /// Declares a variable; the name may have dots. Returns its slot, in which its value is given at run time.
    pub fn add_variable(&mut self, name: &str, of: Type) -> usize {
        let slot = self.variables.iter().map(|(.., slot)| slot + 1).max().unwrap_or(0);
        self.add_variable_at(slot, name, of);
        slot
    }

    /// Declares a variable with a slot of the caller's choice, so that several environments may share their values.
    pub fn add_variable_at(&mut self, slot: usize, name: &str, of: Type) {
        self.variables.retain(|(known, ..)| **known != *name);
        self.variables.push((name.into(), of, slot));
    }

    /// Declares a named type.
    pub fn add_struct(&mut self, name: &str, fields: impl IntoIterator<Item = (&'static str, Type)>) {
        let fields = fields.into_iter().map(|(name, of)| (name.into(), of)).collect();
        self.structs.insert(name.into(), Arc::new(StructType { fields }));
    }

    /// Adds a field to a named type.
    pub fn add_field(&mut self, of: &str, field: &str, field_type: Type) {
        let known = self.structs.entry(of.into()).or_default();
        Arc::make_mut(known).fields.insert(field.into(), field_type);
    }

    /// Declares a function that [`crate::Host::call`] answers: a signature like `(string,list(A))bool`, with a dot in
    /// front for a member. Returns its number, or `None` if the signature cannot be read.
    pub fn add_host_function(&mut self, name: &str, signature: &str) -> Option<u16> {
        let overload = parse_signature(signature)?;
        if let Some(index) = self.host.iter().position(|function| *function.name == *name) {
            self.host.get_mut(index)?.overloads.push(overload);
            return u16::try_from(index).ok();
        }
        self.host.push(HostFunction { name: name.into(), overloads: vec![overload] });
        u16::try_from(self.host.len() - 1).ok()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<(usize, &Type)> {
        self.variables.iter().find(|(known, ..)| **known == *name).map(|(_, of, slot)| (*slot, of))
    }

    /// The overloads of a function that this environment has; none if it has no function of that name.
    pub(crate) fn function(&self, name: &str) -> Option<(Func, Vec<&Overload>)> {
        let builtin = declarations().get(name);
        let mut overloads: Vec<&Overload> = builtin
            .iter()
            .flat_map(|declaration| &declaration.overloads)
            .filter(|(library, _)| self.libraries.contains(library))
            .map(|(_, overload)| overload)
            .collect();
        if let (Some(declaration), false) = (builtin, overloads.is_empty()) {
            return Some((declaration.func, overloads));
        }
        let index = self.host.iter().position(|function| *function.name == *name)?;
        overloads.extend(self.host.get(index).iter().flat_map(|function| &function.overloads));
        Some((Func::Host(u16::try_from(index).ok()?), overloads))
    }

    /// The type that a type name means.
    pub(crate) fn named_type(&self, name: &str) -> Option<Type> {
        Some(match name {
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "null_type" => Type::Null,
            "list" => Type::list(Type::Dyn),
            "map" => Type::map(Type::Dyn, Type::Dyn),
            "type" => Type::Type(Type::Dyn.into()),
            "google.protobuf.Timestamp" => Type::Timestamp,
            "google.protobuf.Duration" => Type::Duration,
            "optional_type" if self.features.optionals => Type::optional(Type::Dyn),
            "net.IP" | "net.CIDR" if self.libraries.contains(&Library::Network) => Type::Opaque(name.into()),
            "JSONPatch" if self.patch_types => Type::object(name),
            _ if self.patch_types && (name == "Object" || name.starts_with("Object.")) => Type::object(name),
            _ if self.structs.contains_key(name) => Type::object(name),
            _ => return None,
        })
    }

    /// The type of a field of a named type: `None` if the type is not known, `Some(None)` if it has no such field.
    pub(crate) fn field(&self, of: &str, field: &str) -> Option<Option<Type>> {
        if self.patch_types && (of == "Object" || of.starts_with("Object.")) {
            return Some(Some(Type::Dyn));
        }
        if self.patch_types && of == "JSONPatch" {
            return Some(match field {
                "op" | "path" | "from" => Some(Type::String),
                "value" => Some(Type::Dyn),
                _ => None,
            });
        }
        self.structs.get(of).map(|known| known.fields.get(field).cloned())
    }
}
