//! Detection over events.

pub mod condition;
