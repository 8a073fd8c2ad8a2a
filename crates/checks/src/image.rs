//! Which images are run.

pub(crate) mod mutable_image_tag;
