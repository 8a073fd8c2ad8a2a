//! Who may do what in a cluster, how they could become its admin, and what to take away.
//!
//! Roles and bindings become an indexed snapshot; questions are answered as the API server's authorizers answer
//! them, each with its witness (binding, role, rule).
//!
//! ```text
//! documents ─► SnapshotBuilder ─► Snapshot ─► decide, who_can, permissions ─► answer + witness, or what it depends on
//! ```
//!
//! Invariants:
//! - pure: no I/O, no clock, no Kubernetes client;
//! - an answer that depends on something missing or unreadable is "unknown", never "no" and never "yes";
//! - what RBAC says is kept apart from what the cluster says (`system:masters`, the Node authorizer, webhooks).

pub mod attack;
mod audit;
mod authorizers;
mod builder;
pub mod cloud;
mod covers;
mod decide;
mod defaults;
mod generate;
mod history;
mod inventory;
mod matrix;
mod permissions;
mod read;
mod request;
mod rights;
mod rule;
mod salvage;
mod snapshot;
mod subject;
mod symbols;
mod unused;
mod who_can;

pub use audit::{
    AuditError, AuditEvent, Observations, Observed, ObservedTarget, Verdict, events_of, read_event,
};
pub use authorizers::{Authority, Authorizers, Beside, ClusterDecision};
pub use builder::{BindingInput, LabelRequirement, RoleInput, RuleInput, SnapshotBuilder, SubjectInput};
pub use covers::{break_down, covers, covers_part, uncovered};
pub use decide::{Answer, Doubt, RbacDecision, Witness};
pub use defaults::given_to_everybody;
pub use generate::{GenerateOptions, Generated, GeneratedRole, gather, generate, snapshot_of_generated};
pub use history::{HistoryError, RbacChange, RbacOutcome, apply_event};
pub use inventory::{Endpoint, Exposure, Inventory, Key, PodSecurity};
pub use matrix::{MatrixEntry, ReachLevel, matrix};
pub use permissions::{
    Lack, NearMiss, Permission, ScopedPart, SubjectChange, Unclear, diff, unclear_for_anybody,
};
pub use read::RBAC_GROUP;
pub use request::{Action, Identity, Request, Target};
pub use rights::Right;
pub use rule::{Place, PolicyRule};
pub use salvage::salvage;
pub use snapshot::{
    Aggregation, BindingId, BindingView, Coverage, Detail, Issue, IssueKind, RoleId, RoleView, RuleId,
    RuleView, Snapshot, SnapshotOptions, SubjectKey,
};
pub use subject::{
    AUTHENTICATED, MASTERS, NODES, SERVICE_ACCOUNT_PREFIX, SERVICE_ACCOUNTS, Subject, UNAUTHENTICATED,
    split_service_account,
};
pub use symbols::Symbol;
pub use unused::{UnusedGrant, Use, unused};
pub use who_can::WhoCan;
