//! The built-in checks: one file each, grouped by area.
//!
//! A check looks at an object (or at the pod that it runs) and reports the values to change. What it is called,
//! how bad it is and what others call it stands in its file; what people read about it is found under its slug in
//! every language.
//!
//! ```text
//! all objects ─► Inventory ─┐
//! Object<'_> / Pod<'_> ─────┴► Check::run ─► Findings (place, arguments) ─► Finding (location, fingerprint)
//! ```
//!
//! Invariants:
//! - pure: no I/O, no clock; the same objects and options give the same findings in the same order;
//! - every finding is about one object; other objects of the scan only tell whether it is one;
//! - what the scan does not hold may exist in the cluster: nothing is called missing on that ground alone, see
//!   [`Context::may_be_elsewhere`];
//! - a finding points at the value to change, or at the nearest thing to what is missing;
//! - a value of a wrong type is no pass: it is reported apart as malformed, see [`haechi_objects::type_errors`];
//! - no sentence for people in here.

mod check;
mod cluster;
mod data;
mod findings;
mod fix;
mod image;
mod inventory;
mod manifest;
mod network;
mod options;
mod rbac;
mod registry;
mod reliability;
mod secrets;
mod workload;

pub use check::{Check, Context, Run};
pub use findings::{Findings, Place};
pub use fix::{FixValue, fix_value};
pub use inventory::{Inventory, PodSource, may_share_namespace};
pub use options::{Options, ResourceBound, ResourceList};
pub use registry::{CHECKS, find};

use std::sync::Arc;

use haechi_model::Finding;
use haechi_objects::Object;

/// Asks `checks` about one object. `path` is the file as the user named it.
pub fn judge<'c>(
    object: Object<'_>,
    path: &Arc<str>,
    context: &Context<'_>,
    checks: impl IntoIterator<Item = &'c Check>,
) -> Vec<Finding> {
    let pod = context.templates.pod(object);
    let mut findings = Findings::new(object, path.clone(), context.options);
    for check in checks {
        match (check.run, pod) {
            (Run::Object(run), _) => run(object, &mut findings),
            (Run::ObjectAmong(run), _) => run(object, context, &mut findings),
            (Run::Pod(run), Some(pod)) => run(pod, &mut findings),
            (Run::PodAmong(run), Some(pod)) => run(pod, context, &mut findings),
            (Run::Pod(_) | Run::PodAmong(_), None) => {}
        }
    }
    findings.finish()
}
