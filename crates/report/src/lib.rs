//! Shows what a scan found, in the reader's language and in the formats of other tools.
//!
//! ```text
//! ScanReport + Texts (i18n/*.ftl) + source text ─► table, JSON, SARIF, JUnit …
//! ```
//!
//! Invariants:
//! - knows the plain data of `haechi-model` and no engine: a report of another origin is shown just as well;
//! - no clock, no environment, no files: language, time stamp, width of the terminal and the text of the
//!   scanned files come in as arguments;
//! - what comes from a scanned file never reaches a terminal, a page or a spreadsheet as something it could
//!   execute: control characters are made visible, and every format is escaped by its own rules;
//! - a report of a scan that was incomplete, or that judged nothing, says so in every format;
//! - public formats are separate structs, so that a change of the model cannot change them unnoticed;
//! - the same report gives the same bytes.

mod context;
mod csv;
mod detections;
mod explain;
mod github;
mod group;
mod html;
mod josa;
mod json;
mod json_text;
mod junit;
mod language;
mod openreports;
mod registry;
mod sarif;
mod source_line;
mod table;
mod texts;
mod visible;
mod xml;

pub use context::{Context, Fixing, Terminal};
pub use csv::write_csv;
pub use detections::{DetectionRule, SarifDetections, write_ocsf_detection};
pub use explain::{write_explain, write_rule_list, write_rule_list_json};
pub use github::write_github;
pub use group::GroupBy;
pub use html::write_html;
pub use json::{SCAN_SCHEMA, write_json};
pub use junit::write_junit;
pub use language::{Language, ParseLanguageError};
pub use openreports::write_openreports;
pub use sarif::write_sarif;
pub use table::{write_fixes, write_table};
pub use texts::{Args, ProblemText, RuleText, Texts};
pub use visible::visible;
