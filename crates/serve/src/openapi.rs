//! The description of the API, made from the table of routes.

use haechi_report::{Args, Texts};
use serde_json::{Map, Value as Json, json};

use crate::routes::{Demand, ROUTES, Route};

/// OpenAPI 3.1, in the language of `texts`.
pub fn describe(texts: &Texts) -> Json {
    let mut paths: Map<String, Json> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        if let Json::Object(verbs) = path {
            verbs.insert(route.verb.as_str().to_lowercase(), operation(route, texts));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Haechi",
            "version": env!("CARGO_PKG_VERSION"),
            "description": texts.message("serve-api", &Args::new()),
        },
        "paths": paths,
        "components": {"securitySchemes": {
            "session": {"type": "apiKey", "in": "cookie", "name": "__Host-haechi"},
            "form": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            "token": {"type": "http", "scheme": "bearer"},
            "clientCertificate": {"type": "mutualTLS"},
        }},
    })
}

fn operation(route: &Route, texts: &Texts) -> Json {
    let summary = texts.message(&format!("serve-route-{}", route.id), &Args::new());
    let mut operation = json!({
        "operationId": route.id,
        "summary": summary,
        "security": security(route),
        "responses": responses(route),
    });
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Json> = names
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    if let Json::Object(fields) = &mut operation {
        if !parameters.is_empty() {
            fields.insert("parameters".to_owned(), parameters.into());
        }
        if let Demand::Caller { role, scopes, .. } = route.demand {
            fields.insert("x-role".to_owned(), json!(role.map(haechi_store::accounts::Role::as_str)));
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            fields.insert("x-token-scopes".to_owned(), json!(scopes));
        }
        if route.body > 0 {
            let content = match route.fields {
                [] => json!({"application/json": {}}),
                names => {
                    let fields: Map<String, Json> =
                        names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
                    let schema = json!({"type": "object", "properties": fields});
                    json!({"application/x-www-form-urlencoded": {"schema": schema}})
                }
            };
            fields.insert("requestBody".to_owned(), json!({"content": content, "x-most-bytes": route.body}));
        }
    }
    operation
}

fn security(route: &Route) -> Json {
    let mut ways: Vec<Json> = Vec::new();
    match route.demand {
        Demand::Nothing => {}
        Demand::Form => ways.push(json!({"form": []})),
        Demand::Caller { role, scopes, api_server } => {
            if role.is_some() {
                ways.push(match route.body {
                    0 => json!({"session": []}),
                    _ => json!({"session": [], "form": []}),
                });
            }
            if !scopes.is_empty() {
                ways.push(json!({"token": []}));
            }
            if api_server {
                ways.push(json!({"clientCertificate": []}));
            }
        }
    }
    Json::Array(ways)
}

fn responses(route: &Route) -> Json {
    let content = json!({route.answers: {}});
    let mut responses = Map::new();
    let mut add = |code: &str, text: &str| {
        responses.insert(code.to_owned(), json!({"description": text}));
    };
    if let Demand::Caller { .. } = route.demand {
        add("401", "no credentials, or unknown ones");
        add("403", "not allowed, or a form without its token");
    }
    if route.body > 0 {
        add("413", "too long");
    }
    let code = match (route.demand, route.body) {
        // There and back again: the one leads away, the other shows a page that leads on.
        _ if route.id == "oidc-begin" => "303",
        _ if route.id == "oidc-end" => "200",
        (Demand::Form, 0) => "401",
        (Demand::Form, _) => "303",
        _ => "200",
    };
    responses.insert(code.to_owned(), json!({"description": "the answer", "content": content}));
    Json::Object(responses)
}
