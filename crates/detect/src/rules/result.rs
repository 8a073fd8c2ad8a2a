//! Results as Falco prints them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::context::{Context, LoadResult};

impl LoadResult {
    /// One line: `file: Ok, with warnings`, with the codes.
    pub fn summary(&self) -> String {
        let mut out = format!("{}: {}", self.name, self.state());
        let mut codes = |kind: &str, codes: Vec<String>| {
            if !codes.is_empty() {
                // Writing into a `String` does not fail.
                let _ = write!(out, "\n {} {kind}: [{}]", codes.len(), codes.join(" "));
            }
        };
        let errors = self.errors.iter();
        codes(
            "errors",
            errors.map(|error| format!("{} ({})", error.code.as_str(), error.code.describe())).collect(),
        );
        let warnings = self.warnings.iter();
        codes(
            "warnings",
            warnings
                .map(|warning| format!("{} ({})", warning.code.as_str(), warning.code.describe()))
                .collect(),
        );
        out
    }

    fn state(&self) -> &'static str {
        match (self.is_successful(), self.warnings.is_empty()) {
            (false, _) => "Invalid",
            (true, true) => "Ok",
            (true, false) => "Ok, with warnings",
        }
    }

    /// Everything, with the lines concerned.
    pub fn verbose(&self) -> String {
        let mut out = format!("{}: {}\n", self.name, self.state());
        let mut one = |context: &Context, code: &str, what: &str, message: &str| {
            let _ = write!(out, "{context}------\n{}------\n{code} ({what}): {message}\n", snippet(context));
        };
        for error in &self.errors {
            one(&error.context, error.code.as_str(), error.code.describe(), &error.message);
        }
        for warning in &self.warnings {
            one(&warning.context, warning.code.as_str(), warning.code.describe(), &warning.message);
        }
        out
    }

    /// As one of Falco's `falco_load_results`. Lines and columns are one-based here.
    pub fn to_json(&self) -> Value {
        let one = |context: &Context, code: &str, what: &str, message: &str| {
            let locations: Vec<Value> = context
                .locations()
                .iter()
                .map(|location| {
                    let position = location.place.position();
                    json!({
                        "item_type": location.item_type.as_str(),
                        "item_name": location.item_name,
                        "position": {
                            "name": &*location.place.file.name,
                            "line": position.line,
                            "column": position.column,
                            "offset": location.place.span.start,
                        },
                    })
                })
                .collect();
            json!({
                "context": { "locations": locations, "snippet": snippet(context) },
                "code": code,
                "codedesc": what,
                "message": message,
            })
        };
        let errors: Vec<Value> = self
            .errors
            .iter()
            .map(|error| one(&error.context, error.code.as_str(), error.code.describe(), &error.message))
            .collect();
        let warnings: Vec<Value> = self
            .warnings
            .iter()
            .map(|warning| {
                one(&warning.context, warning.code.as_str(), warning.code.describe(), &warning.message)
            })
            .collect();
        json!({
            "name": &*self.name,
            "successful": self.is_successful(),
            "errors": errors,
            "warnings": warnings,
        })
    }
}

/// The line of the place, and a mark under its first character.
fn snippet(context: &Context) -> String {
    let Some(place) = context.place() else { return String::new() };
    let column = usize::try_from(place.position().column).unwrap_or(1);
    format!("{}\n{}^\n", place.line(), " ".repeat(column.saturating_sub(1)))
}
