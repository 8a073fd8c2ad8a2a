//! A cluster that is watched: what changes is told, what was missed is listed again, what cannot be seen is said.
#![cfg(test)]

#[allow(dead_code, reason = "other tests use other parts")]
mod fake_api;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fake_api::{Answer, Asked, FakeApi, list};
use haechi_sources::cluster::{
    Change, Cluster, ClusterKind, ClusterLimits, Connection, Outcome, Scope, WatchOptions,
};
use serde_json::{Value as Json, json};

const QUICK: WatchOptions = WatchOptions {
    duration: Duration::from_secs(2),
    first_wait: Duration::from_millis(1),
    longest_wait: Duration::from_millis(20),
    tick: Duration::from_millis(20),
    ask: Duration::from_millis(5),
};

fn kind(plural: &str) -> ClusterKind {
    *ClusterKind::SCAN.iter().find(|kind| kind.plural == plural).unwrap()
}

/// What happened, in words, until `until` says that it was enough.
fn watch(
    api: &FakeApi,
    kinds: &[ClusterKind],
    scope: Scope<'_>,
    until: impl Fn(&[String]) -> bool,
) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection {
        kubeconfig: Some(api.kubeconfig(folder.path())),
        context: None,
        request_timeout: Duration::from_secs(5),
        ..Connection::default()
    };
    let cluster =
        Cluster::connect(&connection, ClusterLimits { page_bytes: 100_000, ..ClusterLimits::default() })
            .unwrap();
    let mut told = Vec::new();
    let begun = Instant::now();
    cluster.watch(kinds, scope, QUICK, &mut |change| {
        // It is there from the beginning, unless a test is about that.
        told.extend(
            change.filter(|change| *change != Change::Answers(Ok(()))).map(|change| in_words(&change)),
        );
        assert!(begun.elapsed() < Duration::from_secs(20), "{told:?}");
        if until(&told) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    told
}

fn in_words(change: &Change) -> String {
    match change {
        Change::Synced { listed, documents } => {
            let names: Vec<&str> =
                documents.iter().map(|document| document.origin.rsplit('/').next().unwrap()).collect();
            let whole = match &listed.outcome {
                Outcome::Whole => "all".to_owned(),
                Outcome::NotServed => "not served".to_owned(),
                Outcome::OneNamespace(namespace, _) => format!("only {namespace}"),
                Outcome::Incomplete(error) => error.to_string(),
            };
            format!("{} {whole}: {}", listed.kind.plural, names.join(" "))
        }
        Change::Applied(document) => format!("+ {}", document.origin),
        Change::Deleted(document) => format!("- {}", document.origin),
        Change::Lost { kind, error } => format!("{} lost: {error}", kind.plural),
        Change::Answers(Ok(())) => "the server answers".to_owned(),
        Change::Answers(Err(error)) => format!("the server does not answer: {error}"),
    }
}

fn event(what: &str, name: &str, version: &str) -> String {
    let object = json!({ "metadata": { "name": name, "namespace": "shop", "resourceVersion": version } });
    format!("{}\n", json!({ "type": what, "object": object }))
}

fn gone() -> String {
    format!(
        "{}\n",
        json!({ "type": "ERROR", "object": { "kind": "Status", "code": 410, "message": "too old" } })
    )
}

fn object(name: &str) -> Json {
    json!({ "metadata": { "name": name, "namespace": "shop" } })
}

fn is_watch(asked: &Asked) -> bool {
    asked.query.contains_key("watch")
}

/// A watch that says nothing, as most do.
fn silent() -> Answer {
    Answer { delay: Duration::from_millis(50), ..Answer::ok("") }
}

fn serving(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> FakeApi {
    FakeApi::start(move |asked| if asked.path == "/version" { Answer::ok("{}") } else { answer(asked) })
}

#[test]
fn changes_follow_the_list_and_the_next_watch_begins_where_the_last_ended() {
    let api = serving(|asked| match asked.query.get("resourceVersion").map(String::as_str) {
        None => Answer::ok(list(&[object("a")], "")),
        Some("7") => {
            Answer::ok(event("ADDED", "b", "8") + &event("MODIFIED", "a", "9") + &event("BOOKMARK", "", "12"))
        }
        Some("12") => Answer::ok(event("DELETED", "a", "13")),
        Some(_) => silent(),
    });
    let told = watch(&api, &[kind("services")], Scope::All { fallback: None }, |told| told.len() == 4);
    assert_eq!(
        told,
        [
            "services all: a",
            "+ cluster/Service/shop/b",
            "+ cluster/Service/shop/a",
            "- cluster/Service/shop/a"
        ]
    );
    let watches: Vec<Asked> = api.asked().into_iter().filter(is_watch).collect();
    assert!(watches.iter().all(|asked| asked.query["allowWatchBookmarks"] == "true"));
    // Nothing is listed twice.
    assert_eq!(
        api.asked().iter().filter(|asked| asked.path.ends_with("/services") && !is_watch(asked)).count(),
        1
    );
}

#[test]
fn watch_that_is_too_old_is_listed_anew_so_that_what_went_meanwhile_goes() {
    let lists = AtomicUsize::new(0);
    let api = serving(move |asked| {
        if is_watch(asked) {
            return if asked.query["resourceVersion"] == "7" { Answer::ok(gone()) } else { silent() };
        }
        match lists.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::ok(list(&[object("a"), object("b")], "")),
            // As a status of the request itself: some servers say it so.
            1 => Answer::ok(list(&[object("b")], "")),
            _ => Answer::ok(list(&[object("c")], "").replace("\"7\"", "\"9\"")),
        }
    });
    let told = watch(&api, &[kind("services")], Scope::All { fallback: None }, |told| told.len() == 3);
    assert_eq!(told, ["services all: a b", "services all: b", "services all: c"]);
}

#[test]
fn kind_that_is_refused_is_lost_and_comes_back_while_others_go_on() {
    let asks = AtomicUsize::new(0);
    let api = serving(move |asked| {
        let is_config_maps = asked.path.ends_with("/configmaps");
        match (is_config_maps, is_watch(asked)) {
            (true, false) if asks.fetch_add(1, Ordering::SeqCst) < 2 => {
                Answer::status(403, "configmaps is forbidden")
            }
            (_, false) => Answer::ok(list(&[object("x")], "")),
            (_, true) => silent(),
        }
    });
    let kinds = [kind("configmaps"), kind("services")];
    let told = watch(&api, &kinds, Scope::All { fallback: None }, |told| told.len() == 4);
    let of = |plural: &str| told.iter().filter(|line| line.starts_with(plural)).cloned().collect::<Vec<_>>();
    let lost = "configmaps lost: configmaps is forbidden";
    assert_eq!(of("configmaps"), [lost, lost, "configmaps all: x"]);
    assert_eq!(of("services"), ["services all: x"]);
}

#[test]
fn narrow_rights_are_said_and_the_watch_stays_in_that_namespace() {
    let api = serving(|asked| match (asked.path.contains("/namespaces/shop/"), is_watch(asked)) {
        (false, _) => Answer::status(403, "no"),
        (true, false) => Answer::ok(list(&[object("a")], "")),
        (true, true) if asked.query["resourceVersion"] == "7" => Answer::ok(event("ADDED", "b", "8")),
        (true, true) => silent(),
    });
    let told =
        watch(&api, &[kind("services")], Scope::All { fallback: Some("shop") }, |told| told.len() == 2);
    assert_eq!(told, ["services only shop: a", "+ cluster/Service/shop/b"]);
}

#[test]
fn secrets_are_watched_without_their_values() {
    let secret = |data: &str| json!({ "metadata": { "name": "s", "namespace": "shop", "resourceVersion": "8" }, "data": { "k": data } });
    let api = serving(move |asked| match is_watch(asked) {
        false => Answer::ok(list(&[secret("bGlzdA==")], "")),
        true if asked.query["resourceVersion"] == "7" => {
            Answer::ok(format!("{}\n", json!({ "type": "MODIFIED", "object": secret("d2F0Y2g=") })))
        }
        true => silent(),
    });
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection { kubeconfig: Some(api.kubeconfig(folder.path())), ..Connection::default() };
    let cluster = Cluster::connect(&connection, ClusterLimits::default()).unwrap();
    let mut texts = String::new();
    cluster.watch(&[kind("secrets")], Scope::All { fallback: None }, QUICK, &mut |change| match change {
        Some(Change::Applied(document)) => {
            texts.push_str(&document.text);
            ControlFlow::Break(())
        }
        Some(Change::Synced { documents, .. }) => {
            texts.extend(documents.iter().map(|document| document.text.as_str()));
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Continue(()),
    });
    assert!(texts.contains("\"s\"") && !texts.contains("bGlzdA") && !texts.contains("d2F0Y2g"), "{texts}");
    assert!(
        api.asked()
            .iter()
            .filter(|asked| is_watch(asked))
            .all(|asked| asked.accept.contains("PartialObjectMetadata"))
    );
}

#[test]
fn broken_watches_are_tried_again_and_told_when_they_stay_broken() {
    for answer in [
        Answer::ok("{\"type\": \"ADDED\", \"obj"),
        Answer::ok("[1]\n"),
        Answer::ok("{\"type\":\"ADDED\",\"object\":{\"metadata\":{}}}\n"),
        Answer::ok("x".repeat(200_000)),
        Answer::status(500, "boom"),
        Answer { status: 0, ..Answer::ok("") },
    ] {
        let shown = format!("{answer:?}").chars().take(80).collect::<String>();
        let api =
            serving(
                move |asked| {
                    if is_watch(asked) { answer.clone() } else { Answer::ok(list(&[object("a")], "")) }
                },
            );
        let told = watch(&api, &[kind("services")], Scope::All { fallback: None }, |told| told.len() == 3);
        assert_eq!((told[0].as_str(), told[2].as_str()), ("services all: a", "services all: a"), "{shown}");
        assert!(told[1].starts_with("services lost: "), "{shown}: {told:?}");
        let watches = api.asked().iter().filter(|asked| is_watch(asked)).count();
        assert!((3..=4).contains(&watches), "{shown}: {watches}");
    }
}

#[test]
fn kind_that_is_not_served_is_empty_and_looked_for_again() {
    let asks = AtomicUsize::new(0);
    let api = serving(move |asked| match is_watch(asked) {
        true => silent(),
        false if asks.fetch_add(1, Ordering::SeqCst) < 8 => Answer::status(404, "not found"),
        false => Answer::ok(list(&[object("r")], "")),
    });
    let kind = *ClusterKind::ATTACK.iter().find(|kind| kind.plural == "httproutes").unwrap();
    let told = watch(&api, &[kind], Scope::All { fallback: None }, |told| {
        told.last().is_some_and(|line| line.contains("all"))
    });
    assert_eq!(told.first().map(String::as_str), Some("httproutes not served: "));
    assert_eq!(told.last().map(String::as_str), Some("httproutes all: r"));
}

#[test]
fn silent_watch_asks_whether_to_go_on() {
    let api = serving(|asked| if is_watch(asked) { silent() } else { Answer::ok(list(&[], "")) });
    let ticks = AtomicUsize::new(0);
    watch(&api, &[kind("services")], Scope::Only("shop"), |_| ticks.fetch_add(1, Ordering::SeqCst) > 3);
    assert!(
        api.asked()
            .iter()
            .filter(|asked| asked.path != "/version")
            .all(|asked| asked.path.contains("/namespaces/shop/"))
    );
}

fn exchanges() -> Option<PathBuf> {
    let root = std::env::var_os("HAECHI_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
        PathBuf::from,
    );
    let file = root.join("kube-http/list-and-watch.json");
    file.exists().then_some(file)
}

/// The answers of a real API server, by what was asked.
#[test]
fn recorded_server_is_read_as_it_answered() {
    let Some(file) = exchanges() else {
        eprintln!("skipped: recorded exchanges are not beside the project");
        return;
    };
    let recorded: Vec<Json> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let answers: BTreeMap<String, Json> = recorded
        .iter()
        .map(|exchange| (exchange["note"].as_str().unwrap().to_owned(), exchange["response"].clone()))
        .collect();
    let relists = AtomicUsize::new(0);
    let api = serving(move |asked| {
        let lines = |note: &str| {
            let events = answers[note]["body"].as_array().unwrap();
            Answer::ok(events.iter().map(|event| format!("{event}\n")).collect::<String>())
        };
        match (is_watch(asked), asked.query.get("resourceVersion").map(String::as_str)) {
            (false, _) if relists.fetch_add(1, Ordering::SeqCst) < 3 => {
                Answer::ok(answers["all"]["body"].to_string())
            }
            (false, _) => {
                Answer { status: 400, ..Answer::ok(answers["broken continue token"]["body"].to_string()) }
            }
            (true, Some("11298")) => lines("watch from there: added, modified, deleted"),
            (true, Some(_)) => lines("watch from revision 1: gone"),
            (true, None) => lines("streaming list (initial events)"),
        }
    });
    let told = watch(&api, &[kind("configmaps")], Scope::Only("rec"), |told| {
        told.last().is_some_and(|line| line.contains("lost"))
    });
    let all = "configmaps all: c0 c1 c2 c3 c4 kube-root-ca.crt";
    assert!(told[0].starts_with(all), "{told:?}");
    let new = "cluster/ConfigMap/rec/new";
    assert_eq!(told[1..4], [format!("+ {new}"), format!("+ {new}"), format!("- {new}")]);
    assert!(told[4].starts_with(all), "{told:?}");
    assert!(told.last().unwrap().contains("invalid continue token"), "{told:?}");
}

#[test]
fn a_server_that_is_away_is_told_of_and_so_is_its_return() {
    let away = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_away = away.clone();
    let api = FakeApi::start(move |asked| {
        if asked.path == "/version" {
            let status = if is_away.load(Ordering::Relaxed) { 0 } else { 200 };
            return Answer { status, ..Answer::ok("{}") };
        }
        if is_watch(asked) { silent() } else { Answer::ok(list(&[object("a")], "")) }
    });
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection { kubeconfig: Some(api.kubeconfig(folder.path())), ..Connection::default() };
    let cluster = Cluster::open(&connection, ClusterLimits::default()).unwrap();
    let (mut told, begun) = (Vec::new(), Instant::now());
    cluster.watch(&[kind("pods")], Scope::All { fallback: None }, QUICK, &mut |change| {
        assert!(begun.elapsed() < Duration::from_secs(20), "{told:?}");
        if let Some(Change::Answers(answers)) = change {
            away.store(answers.is_ok(), Ordering::Relaxed);
            told.push(answers.is_ok());
        }
        if told.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(told, [true, false, true]);
}

#[test]
fn a_cluster_can_be_opened_before_its_server_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(
        &path,
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
         users: [{name: u, user: {token: t}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n",
    )
    .unwrap();
    let connection = Connection { kubeconfig: Some(path), ..Connection::default() };
    assert_eq!(connection.server().unwrap(), "http://127.0.0.1:1/");
    assert!(Cluster::open(&connection, ClusterLimits::default()).is_ok());
    let refused = Cluster::connect(&connection, ClusterLimits::default());
    assert!(matches!(refused, Err(haechi_sources::cluster::ConnectError::Unreachable { .. })), "{refused:?}");
    let other = Connection { context: Some("other".to_owned()), ..connection };
    assert!(matches!(other.server(), Err(haechi_sources::cluster::ConnectError::Config(_))));
}
