//! What is told to whom something is refused: an id, and a text in the language of the service.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use haechi_report::{Args, Texts};
use serde_json::json;

/// What a refusal says; the text is `serve-error-ID`.
#[derive(Debug, Clone)]
struct Refusal {
    id: &'static str,
    values: Vec<(&'static str, String)>,
}

/// A refusal. Its body is written by [`word`].
pub(crate) fn refuse(status: StatusCode, id: &'static str) -> Response {
    refuse_with(status, id, Vec::new())
}

/// A refusal with values for its text.
pub(crate) fn refuse_with(
    status: StatusCode,
    id: &'static str,
    values: Vec<(&'static str, String)>,
) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.extensions_mut().insert(Refusal { id, values });
    response
}

/// A refusal in words that come from elsewhere.
pub(crate) fn say(status: StatusCode, why: &str) -> Response {
    refuse_with(status, "said", vec![("detail", why.to_owned())])
}

/// Writes the body of a refusal, in JSON; what is none stays as it is.
pub(crate) fn word(texts: &Texts, response: &mut Response) {
    let Some(Refusal { id, values }) = response.extensions_mut().remove::<Refusal>() else { return };
    let args = values.iter().fold(Args::new(), |args, (name, value)| match value.parse::<usize>() {
        Ok(number) => args.number(name, number),
        Err(_) => args.text(name, value.as_str()),
    });
    let text = texts.message(&format!("serve-error-{id}"), &args);
    *response.body_mut() = Body::from(json!({"error": text, "code": id}).to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use haechi_report::Language;

    use super::*;

    /// The ids that stand in the code, as second words of refusals and in lists of them.
    fn ids() -> BTreeSet<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut ids = BTreeSet::new();
        for file in ["api", "desk", "guard", "health", "hooks", "pages", "provider_login", "records"] {
            let text = std::fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap();
            let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for (at, _) in text.match_indices("StatusCode::") {
                let before = text[..at].trim_end();
                if !before.ends_with("refuse(") && !before.ends_with("refuse_with(") {
                    continue;
                }
                let rest = text[at + 12..].trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
                if let Some(id) = rest.strip_prefix(", \"").and_then(|rest| rest.split('"').next()) {
                    let is_id = id.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                    ids.extend(is_id.then(|| id.to_owned()));
                }
            }
        }
        ids
    }

    #[test]
    fn every_refusal_has_words_in_both_languages() {
        let ids = ids();
        assert!(ids.len() >= 25, "{ids:?}");
        let of = |language| {
            let texts = Texts::new(language);
            let args = || {
                let names = ["detail", "given", "name", "seconds", "version"];
                names.into_iter().fold(Args::new(), |args, name| args.text(name, "1"))
            };
            ids.iter().map(|id| texts.message(&format!("serve-error-{id}"), &args())).collect::<Vec<_>>()
        };
        for ((id, en), ko) in ids.iter().zip(of(Language::En)).zip(of(Language::Ko)) {
            assert!(!en.contains("serve-error") && !ko.contains("serve-error"), "{id}: {en} / {ko}");
            assert_ne!(en, ko, "{id}");
        }
    }
}
