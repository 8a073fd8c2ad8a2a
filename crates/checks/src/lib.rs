//! The built-in checks: one file each, grouped by area.
//!
//! A check looks at an object (or at the pod that it runs) and reports the values to change. What it is called,
//! how bad it is and what others call it stands in its file; what people read about it is found under its slug in
//! every language.
//!
//! ```text
//! Object<'_> / Pod<'_> ─► Check::run ─► Findings (place, arguments) ─► Finding (location, fingerprint)
//! ```
//!
//! Invariants:
//! - pure: no I/O, no clock; the same object gives the same findings in the same order;
//! - a finding points at the value to change, or at the nearest thing to what is missing;
//! - a value of a wrong type is no pass: it is reported apart as malformed, see [`haechi_objects::type_errors`];
//! - no sentence for people in here.

mod check;
mod findings;
mod image;
mod registry;
mod workload;

pub use check::{Check, Run};
pub use findings::{Findings, Place};
pub use registry::{CHECKS, find};

use std::sync::Arc;

use haechi_model::Finding;
use haechi_objects::{Object, PodTemplates};

/// Asks `checks` about one object. `path` is the file as the user named it.
pub fn judge<'c>(
    object: Object<'_>,
    path: &Arc<str>,
    templates: &PodTemplates,
    checks: impl IntoIterator<Item = &'c Check>,
) -> Vec<Finding> {
    let pod = templates.pod(object);
    let mut findings = Findings::new(object, path.clone());
    for check in checks {
        match (check.run, pod) {
            (Run::Object(run), _) => run(object, &mut findings),
            (Run::Pod(run), Some(pod)) => run(pod, &mut findings),
            (Run::Pod(_), None) => {}
        }
    }
    findings.finish()
}
