use std::borrow::Cow;

use haechi_model::{Finding, Position, Span, Suppressed, SuppressionSource};
use serde::Serialize;

use super::{Text, level};
use crate::Context;
use crate::table::rule_name;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult<'r> {
    rule_id: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Location<'r>; 1],
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<SarifFix<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<SarifSuppression<'r>>>,
    properties: Properties,
}

/// Why a result is accepted. The standard wants the property on all results of a run or on none (3.27.23).
#[derive(Debug, Serialize)]
struct SarifSuppression<'r> {
    kind: &'static str,
    status: &'static str,
    justification: &'r str,
}

/// GitHub follows a result by `primaryLocationLineHash` alone; others take every fingerprint. Ours depends on
/// the rule and the object and not on lines, so both carry it.
#[derive(Debug, Serialize)]
struct Fingerprints {
    #[serde(rename = "haechi/v1")]
    haechi: String,
    #[serde(rename = "primaryLocationLineHash")]
    line_hash: String,
}

#[derive(Debug, Serialize)]
struct Properties {
    severity: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'r> {
    physical_location: PhysicalLocation<'r>,
    logical_locations: Vec<LogicalLocation<'r>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'r> {
    name: Cow<'r, str>,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation<'r> {
    artifact_location: ArtifactLocation<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

impl PhysicalLocation<'_> {
    pub(super) fn of_position(path: &str, position: Option<Position>) -> PhysicalLocation<'_> {
        PhysicalLocation {
            artifact_location: ArtifactLocation::of(path),
            region: position.map(|position| Region {
                start_line: position.line.max(1),
                start_column: Some(position.column.max(1)),
                ..Region::default()
            }),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation<'r> {
    uri: Cow<'r, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

impl<'r> ArtifactLocation<'r> {
    fn of(path: &'r str) -> Self {
        let drive = matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
        if drive {
            return Self { uri: format!("file:///{}", encoded(path)).into(), uri_base_id: None };
        }
        if path.starts_with('/') {
            return Self { uri: format!("file://{}", encoded(path)).into(), uri_base_id: None };
        }
        let path = path.strip_prefix("./").unwrap_or(path);
        Self { uri: encoded(path), uri_base_id: Some("%SRCROOT%") }
    }
}

/// Encodes what may not stand in the path of a URI; a colon too, which would end a scheme in a relative one.
fn encoded(path: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if path.bytes().all(is_plain) {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(out)
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_length: Option<u32>,
}

impl Region {
    fn of(finding: &Finding) -> Self {
        let location = &finding.location;
        Self::between(location.start, location.end, location.span)
    }

    fn between(start: Position, end: Position, span: Span) -> Self {
        let end = end.max(start);
        Self {
            start_line: start.line.max(1),
            start_column: Some(start.column.max(1)),
            end_line: Some(end.line.max(1)),
            end_column: Some(end.column.max(1)),
            byte_offset: Some(span.start),
            byte_length: Some(span.len()),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifFix<'r> {
    description: Text,
    artifact_changes: [ArtifactChange<'r>; 1],
    properties: FixProperties,
}

#[derive(Debug, Serialize)]
struct FixProperties {
    safety: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'r> {
    artifact_location: ArtifactLocation<'r>,
    replacements: Vec<Replacement<'r>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'r> {
    deleted_region: Region,
    inserted_content: Inserted<'r>,
}

#[derive(Debug, Serialize)]
struct Inserted<'r> {
    text: &'r str,
}

impl<'r> SarifResult<'r> {
    pub(super) fn of(
        finding: &'r Finding,
        rule_index: Option<usize>,
        ordinal: usize,
        context: &'r Context<'r>,
    ) -> Self {
        let text = context.texts.finding(finding);
        let fingerprint = format!("{}:{ordinal}", finding.fingerprint);
        let mut fix_text = text.fix.as_deref().unwrap_or(&text.message).to_owned();
        if let Some(risk) = context.texts.fix_risk(finding) {
            fix_text.push_str("\n\n");
            fix_text.push_str(&risk);
        }
        // A fix without an edit changes nothing, and SARIF refuses it.
        let fixes = finding.fix.iter().filter(|fix| !fix.edits.is_empty()).map(|fix| SarifFix {
            description: Text::quoting(&fix_text),
            artifact_changes: [ArtifactChange {
                artifact_location: ArtifactLocation::of(&finding.location.path),
                replacements: fix
                    .edits
                    .iter()
                    .map(|edit| Replacement {
                        deleted_region: Region::between(edit.start, edit.end, edit.span),
                        inserted_content: Inserted { text: &edit.text },
                    })
                    .collect(),
            }],
            properties: FixProperties { safety: fix.safety.as_str() },
        });
        let is_rendered = context.rendered.contains_key(&finding.location.path);
        let mut logical_locations = vec![LogicalLocation {
            name: Cow::Borrowed(&finding.resource.name),
            fully_qualified_name: format!("{} {}", finding.resource, finding.location.json_path),
            kind: "resource",
        }];
        if is_rendered {
            let name = context.shown(&finding.location.path);
            let Position { line, column } = finding.location.start;
            let fully_qualified_name = format!("{name}:{line}:{column}");
            logical_locations.push(LogicalLocation { name, fully_qualified_name, kind: "rendered" });
        }
        Self {
            rule_id: rule_name(finding),
            rule_index,
            level: level(finding.severity),
            message: Text::quoting(&text.message),
            locations: [Location {
                physical_location: PhysicalLocation {
                    artifact_location: ArtifactLocation::of(context.file_of(&finding.location.path)),
                    // Lines of a rendered text are none of the file; GitHub takes no result without a line.
                    region: Some(match is_rendered {
                        true => Region { start_line: 1, ..Region::default() },
                        false => Region::of(finding),
                    }),
                },
                logical_locations,
            }],
            partial_fingerprints: Fingerprints { haechi: fingerprint.clone(), line_hash: fingerprint },
            fixes: fixes.collect(),
            suppressions: None,
            properties: Properties { severity: finding.severity.as_str() },
        }
    }

    /// Says of a result that nobody accepted it, in a run where others were.
    pub(super) fn unsuppressed(self) -> Self {
        Self { suppressions: Some(Vec::new()), ..self }
    }

    pub(super) fn suppressed(self, by: &'r Suppressed) -> Self {
        let suppression = SarifSuppression {
            kind: match by.source {
                SuppressionSource::Comment | SuppressionSource::Annotation => "inSource",
                SuppressionSource::Config => "external",
            },
            status: "accepted",
            justification: &by.reason,
        };
        Self { suppressions: Some(vec![suppression]), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(path: &str) -> (String, bool) {
        let location = ArtifactLocation::of(path);
        (location.uri.into_owned(), location.uri_base_id.is_some())
    }

    #[test]
    fn relative_paths_hang_on_the_root() {
        assert_eq!(uri("a/b.yaml"), ("a/b.yaml".into(), true));
        assert_eq!(uri("./a.yaml"), ("a.yaml".into(), true));
        assert_eq!(uri("../a.yaml"), ("../a.yaml".into(), true));
        assert_eq!(uri("-"), ("-".into(), true));
    }

    #[test]
    fn absolute_paths_are_file_addresses() {
        assert_eq!(uri("/srv/a b.yaml"), ("file:///srv/a%20b.yaml".into(), false));
        assert_eq!(uri("C:/a.yaml"), ("file:///C%3A/a.yaml".into(), false));
    }

    #[test]
    fn odd_characters_are_encoded() {
        assert_eq!(uri("파드?#%.yaml").0, "%ED%8C%8C%EB%93%9C%3F%23%25.yaml");
        assert_eq!(uri("a:b.yaml").0, "a%3Ab.yaml");
    }
}
