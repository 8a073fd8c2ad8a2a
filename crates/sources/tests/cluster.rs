//! A live cluster through its API server: what is listed, what is missing, and that the two are never confused.
#![cfg(test)]

#[allow(dead_code, reason = "other tests use other parts")]
mod fake_api;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fake_api::{Answer, FakeApi, list};
use haechi_sources::cluster::{
    Cluster, ClusterDocument, ClusterKind, ClusterLimits, ConnectError, Connection, ListError, Listed,
    Outcome, Scope,
};
use serde_json::json;

fn kind(plural: &str) -> ClusterKind {
    let all = ClusterKind::RBAC.iter().chain(ClusterKind::ATTACK).chain(ClusterKind::SCAN);
    *all.clone().find(|kind| kind.plural == plural).unwrap()
}

fn connect_within(api: &FakeApi, folder: &Path, timeout: Duration, limits: ClusterLimits) -> Cluster {
    let connection = Connection {
        kubeconfig: Some(api.kubeconfig(folder)),
        request_timeout: timeout,
        ..Connection::default()
    };
    Cluster::connect(&connection, limits).unwrap()
}

fn read(api: &FakeApi, plural: &str, namespace: Option<&str>) -> (Vec<ClusterDocument>, Listed) {
    let folder = tempfile::tempdir().unwrap();
    let cluster = connect_within(api, folder.path(), Duration::from_secs(5), ClusterLimits::default());
    let mut documents = Vec::new();
    let listed = cluster
        .list(&[kind(plural)], Scope::All { fallback: namespace }, &mut |document| documents.push(document));
    (documents, listed.into_iter().next().unwrap())
}

fn object(name: &str) -> serde_json::Value {
    json!({ "metadata": { "name": name, "namespace": "shop", "managedFields": [{ "manager": "x" }] } })
}

/// Answers `/version`, and everything else by `answer`.
fn serving(answer: impl Fn(&fake_api::Asked) -> Answer + Send + Sync + 'static) -> FakeApi {
    FakeApi::start(move |asked| if asked.path == "/version" { Answer::ok("{}") } else { answer(asked) })
}

#[test]
fn pages_are_followed_to_the_end() {
    let api = serving(|asked| match asked.query.get("continue").map(String::as_str) {
        None => Answer::ok(list(&[object("a"), object("b")], "to+ken/=")),
        Some("to%2Bken%2F%3D") => Answer::ok(list(&[object("c")], "")),
        Some(other) => Answer::status(400, other),
    });
    let (documents, listed) = read(&api, "serviceaccounts", None);
    assert_eq!(listed.outcome, Outcome::Whole);
    assert_eq!(listed.resource_version.as_deref(), Some("7"));
    let origins: Vec<&str> = documents.iter().map(|document| document.origin.as_ref()).collect();
    assert_eq!(
        origins,
        ["cluster/ServiceAccount/shop/a", "cluster/ServiceAccount/shop/b", "cluster/ServiceAccount/shop/c"]
    );
    let first: serde_json::Value = serde_json::from_str(&documents[0].text).unwrap();
    assert_eq!((&first["kind"], &first["apiVersion"]), (&json!("ServiceAccount"), &json!("v1")));
    assert!(first["metadata"].get("managedFields").is_none());
    assert!(api.asked().iter().all(|asked| asked.authorization == "Bearer secret-token"));
}

#[test]
fn of_secrets_only_metadata_is_taken() {
    let api = serving(|_| {
        let mut secret = object("token");
        secret["data"] = json!({ "token": "c2VjcmV0" });
        secret["metadata"]["annotations"] =
            json!({ "kubectl.kubernetes.io/last-applied-configuration": "c2VjcmV0" });
        Answer::ok(list(&[secret], ""))
    });
    let (documents, _) = read(&api, "secrets", None);
    assert!(!documents[0].text.contains("c2VjcmV0"), "{}", documents[0].text);
    let asked = api.asked().pop().unwrap();
    assert!(asked.accept.contains("PartialObjectMetadataList"), "{}", asked.accept);
}

#[test]
fn what_is_refused_is_told_in_the_words_of_the_server() {
    let api = serving(|asked| match asked.path.as_str() {
        "/api/v1/namespaces/shop/pods" => Answer::ok(list(&[object("p")], "")),
        _ => Answer::status(403, "pods is forbidden: User \"me\" cannot list resource \"pods\""),
    });
    let (documents, listed) = read(&api, "pods", None);
    assert!(documents.is_empty());
    assert!(matches!(listed.error(), Some(ListError::Forbidden(message)) if message.contains("cannot list")));
    // With a namespace, that much can be read; it is still not the whole.
    let (documents, listed) = read(&api, "pods", Some("shop"));
    assert_eq!(documents.len(), 1);
    assert!(matches!(&listed.outcome, Outcome::OneNamespace(namespace, _) if namespace == "shop"));
    assert!(listed.error().is_some() && listed.resource_version.is_none());
}

#[test]
fn list_that_expires_is_read_anew_without_doubles() {
    let count = AtomicUsize::new(0);
    let api = serving(move |asked| match asked.query.contains_key("continue") {
        false => Answer::ok(list(&[object("a")], "next")),
        true if count.fetch_add(1, Ordering::SeqCst) == 0 => Answer::status(410, "too old"),
        true => Answer::ok(list(&[object("b")], "")),
    });
    let (documents, listed) = read(&api, "services", None);
    assert_eq!((documents.len(), listed.outcome), (2, Outcome::Whole));
    let always = serving(|asked| match asked.query.contains_key("continue") {
        false => Answer::ok(list(&[object("a")], "next")),
        true => Answer::status(410, "too old"),
    });
    assert!(matches!(read(&always, "services", None).1.error(), Some(ListError::Expired(_))));
}

#[test]
fn what_came_before_an_error_is_kept_and_called_incomplete() {
    for broken in
        ["{\"kind\": \"PodLi", "[]", "{\"kind\": \"PodList\"}", "{\"kind\": \"Pod\", \"items\": []}"]
    {
        let api = serving(move |asked| match asked.query.contains_key("continue") {
            false => Answer::ok(list(&[object("a")], "next")),
            true => Answer::ok(broken),
        });
        let (documents, listed) = read(&api, "services", None);
        assert_eq!(documents.len(), 1, "{broken}");
        assert!(matches!(listed.error(), Some(ListError::Malformed(_))), "{broken}: {listed:?}");
    }
    let endless = serving(|_| Answer::ok(list(&[object("a")], "same")));
    assert!(matches!(read(&endless, "services", None).1.error(), Some(ListError::Malformed(_))));
    let cut = serving(|_| Answer { status: 0, body: String::new(), delay: Duration::ZERO });
    assert!(matches!(read(&cut, "services", None).1.error(), Some(ListError::Broken(_))));
}

#[test]
fn slow_and_large_answers_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let slow = serving(|_| Answer { delay: Duration::from_secs(3), ..Answer::ok(list(&[], "")) });
    let cluster = connect_within(&slow, folder.path(), Duration::from_millis(300), ClusterLimits::default());
    let listed = cluster.list(&[kind("pods")], Scope::Only("shop"), &mut |_| {});
    assert!(listed[0].error().is_some(), "{listed:?}");
    let many = serving(|_| Answer::ok(list(&vec![object("a"); 20], "")));
    let limits = ClusterLimits { objects: 10, ..ClusterLimits::default() };
    let cluster = connect_within(&many, folder.path(), Duration::from_secs(5), limits);
    assert_eq!(
        cluster.list(&[kind("pods")], Scope::Only("shop"), &mut |_| {})[0].error(),
        Some(&ListError::TooMany(10))
    );
    let limits = ClusterLimits { page_bytes: 200, ..ClusterLimits::default() };
    let cluster = connect_within(&many, folder.path(), Duration::from_secs(5), limits);
    assert_eq!(
        cluster.list(&[kind("pods")], Scope::Only("shop"), &mut |_| {})[0].error(),
        Some(&ListError::PageTooLarge(200))
    );
}

#[test]
fn kinds_that_are_not_served_are_absent_and_not_missing() {
    let api = serving(|asked| {
        if asked.path.contains("/v1beta1/") {
            Answer::ok(list(&[object("r")], ""))
        } else {
            Answer::status(404, "?")
        }
    });
    assert_eq!(read(&api, "clusterpolicies", None).1.outcome, Outcome::NotServed);
    assert_eq!(read(&api, "httproutes", None).1.objects, 1);
    // Every cluster serves pods.
    assert!(read(&api, "pods", None).1.error().is_some());
}

#[test]
fn servers_that_do_not_answer_and_configurations_that_do_not_fit_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = FakeApi::start(|_| Answer::status(401, "Unauthorized"));
    let mut connection =
        Connection { kubeconfig: Some(refuse.kubeconfig(folder.path())), ..Connection::default() };
    let error = |connection: &Connection| Cluster::connect(connection, ClusterLimits::default()).unwrap_err();
    assert!(matches!(error(&connection), ConnectError::Unauthorized { .. }));
    connection.context = Some("gone".to_owned());
    assert!(matches!(error(&connection), ConnectError::Config(_)));
    let closed = folder.path().join("closed");
    let text = std::fs::read_to_string(connection.kubeconfig.unwrap()).unwrap();
    let at = text.find("http://").unwrap();
    let address = &text[at..at + text[at..].find('\'').unwrap()];
    std::fs::write(&closed, text.replace(address, "http://127.0.0.1:1")).unwrap();
    let connection = Connection { kubeconfig: Some(closed), ..Connection::default() };
    assert!(matches!(error(&connection), ConnectError::Unreachable { .. }));
    let connection =
        Connection { kubeconfig: Some(PathBuf::from("/nowhere/kubeconfig")), ..Connection::default() };
    let text = error(&connection).to_string();
    assert!(text.contains("/nowhere/kubeconfig"), "{text}");
}

/// The exchanges that a real API server was recorded with.
#[test]
fn recorded_pages_are_read_like_the_recorded_list() {
    let root = std::env::var_os("HAECHI_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(root.join("kube-http/list-and-watch.json")) else {
        println!("skipped: no corpus kube-http");
        return;
    };
    let exchanges: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let path_of =
        |exchange: &serde_json::Value| exchange["request"]["path"].as_str().unwrap_or_default().to_owned();
    let whole = exchanges.iter().find(|exchange| path_of(exchange).ends_with("/configmaps")).unwrap();
    let expected: Vec<String> = whole["response"]["body"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("cluster/ConfigMap/rec/{}", item["metadata"]["name"].as_str().unwrap()))
        .collect();
    let pages: Vec<(String, u16, String)> = exchanges
        .iter()
        .map(|exchange| {
            let status = u16::try_from(exchange["response"]["status"].as_u64().unwrap()).unwrap();
            (path_of(exchange), status, exchange["response"]["body"].to_string())
        })
        .collect();
    // The recording ends after two pages; what it leaves out of the third stands in the list that was not cut.
    let rest: Vec<serde_json::Value> =
        whole["response"]["body"]["items"].as_array().unwrap().iter().skip(4).cloned().collect();
    let api = serving(move |asked| {
        if asked.path == "/api/v1/configmaps" {
            return Answer::status(403, "configmaps is forbidden");
        }
        let token = asked.query.get("continue").map_or(String::new(), |token| format!("&continue={token}"));
        let wanted = format!("{}?limit=2{token}", asked.path);
        match pages.iter().find(|(path, ..)| *path == wanted) {
            Some((_, status, body)) => Answer { status: *status, body: body.clone(), delay: Duration::ZERO },
            None => Answer::ok(list(&rest, "")),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let limits = ClusterLimits { page_objects: 2, ..ClusterLimits::default() };
    let cluster = connect_within(&api, folder.path(), Duration::from_secs(5), limits);
    let mut documents = Vec::new();
    let maps = ClusterKind { only_namespace: None, ..kind("configmaps") };
    let listed =
        cluster.list(&[maps], Scope::All { fallback: Some("rec") }, &mut |document| documents.push(document));
    let origins: Vec<String> = documents.iter().map(|document| document.origin.to_string()).collect();
    assert_eq!(origins, expected);
    assert!(matches!(listed[0].outcome, Outcome::OneNamespace(..)), "{listed:?}");
}
