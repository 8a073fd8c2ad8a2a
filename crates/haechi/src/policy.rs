//! Policies that the user brings: read from files, held against the objects of a scan or of `haechi policy`.

mod authorizer;
mod external;
mod files;
mod judge;
mod mistakes;
#[cfg(feature = "providers")]
mod providers;

pub(crate) use authorizer::Roles;
pub(crate) use external::Recorded;
pub(crate) use files::{Reading, read_files};
pub use judge::BroughtPolicies;
pub(crate) use judge::{PolicyJudge, engines, no_policies, now_ns};
pub(crate) use mistakes::{failure, mistake_line};
#[cfg(feature = "providers")]
pub(crate) use providers::Providers;
