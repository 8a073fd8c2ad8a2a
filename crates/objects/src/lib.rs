//! Typed, borrowed views of Kubernetes objects over syntax trees.
//!
//! A document becomes the objects in it (`List`s are opened), an object that runs pods becomes one normalised
//! [`Pod`], whatever its kind, and helpers answer what the API server would answer: which security setting
//! applies to a container, whether a selector matches labels, how much a quantity is, what an image reference
//! names. Nothing is copied or converted.
//!
//! ```text
//! Document ─► objects() ─► Object<'_> ─► Pod<'_> ─► Container<'_> ─► Node<'_> (with its span)
//! ```
//!
//! Invariants:
//! - no I/O and no Kubernetes client: defaults of the API server are written down here, with their source;
//! - a field that is null is an absent field;
//! - a value of a type that the API server refuses is never read as something else: it is absent here, and
//!   [`type_errors`] names it, so that nobody takes it for a pass.

mod image;
mod object;
mod pod;
mod quantity;
mod selector;
mod shape;
#[cfg(test)]
mod tests;

pub use image::ImageRef;
pub use object::{Object, Objects, Reject, objects};
pub use pod::{Container, ContainerList, Effective, Pod, PodTemplates, Scope, TemplatePath, WorkloadKind};
pub use quantity::Quantity;
pub use selector::{LabelSelector, Labels, Requirement, SelectorError, SelectorOperator};
pub use shape::{TypeError, type_errors};
