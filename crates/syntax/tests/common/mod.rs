//! What the tests of readers share.

use haechi_syntax::Parsed;

/// What Kubernetes would read: the documents in JSON's manner, ` | ` between them, and `!` where it refuses one and
/// stops.
pub(crate) fn read(parsed: &Parsed) -> String {
    let broken = parsed.errors.first().map(|error| error.document);
    let mut parts: Vec<String> = parsed
        .documents
        .iter()
        .filter(|document| broken.is_none_or(|broken| document.index() < broken))
        .map(|document| format!("{:?}", document.root()))
        .collect();
    if broken.is_some() {
        parts.push("!".to_owned());
    }
    parts.join(" | ")
}
