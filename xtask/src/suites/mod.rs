//! The suites, one file each.

mod yaml;

use crate::conformance::Suite;

pub(crate) const ALL: &[Suite] = &[yaml::TRICKY, yaml::MANIFESTS];
