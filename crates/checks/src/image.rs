//! Which images are run.

pub(crate) mod image_not_allowed;
pub(crate) mod image_not_pinned;
pub(crate) mod image_pull_policy_not_always;
pub(crate) mod mutable_image_tag;
pub(crate) mod retired_image_registry;
pub(crate) mod stale_image;
pub(crate) mod vulnerable_add_on;
