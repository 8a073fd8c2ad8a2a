//! Detection over events.

pub mod condition;
pub mod event;
mod extract;
pub mod fields;
pub mod json;
pub mod program;
pub mod rules;
mod time;
