//! Detection over events.

pub mod condition;
pub mod decode;
pub mod event;
mod extract;
pub mod fields;
pub mod json;
pub mod output;
pub mod program;
pub mod rules;
pub mod stream;
mod time;
