//! `--cluster` through the command line, against a small API server on loopback.
#![cfg(test)]

#[allow(dead_code, reason = "other tests use other parts")]
#[path = "../../sources/tests/fake_api/mod.rs"]
mod fake_api;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use fake_api::{Answer, FakeApi, list};
use serde_json::{Value as Json, json};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// What the command printed, what it told beside that, and its exit code.
fn haechi(kubeconfig: &Path, args: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_haechi"))
        .args(args)
        .args(["--cluster", "--request-timeout", "5s", "--kubeconfig"])
        .arg(kubeconfig)
        .env("LC_ALL", "C")
        .env_remove("HTTPS_PROXY")
        .env_remove("HTTP_PROXY")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn ask(api: &FakeApi, args: &[&str]) -> (String, String, i32) {
    let folder = tempfile::tempdir().unwrap();
    haechi(&api.kubeconfig(folder.path()), args)
}

fn lists() -> BTreeMap<String, Vec<Json>> {
    let role = json!({ "metadata": { "name": "reader", "namespace": "shop" },
        "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }] });
    let binding = |name: &str, role: &str, user: &str| {
        json!({ "metadata": { "name": name, "namespace": "shop" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role },
            "subjects": [{ "kind": "User", "name": user }] })
    };
    let labels = json!({ "app": "web" });
    let container = json!({ "name": "web", "image": "web:1", "securityContext": { "privileged": true } });
    let spec = json!({ "containers": [container] });
    let owner = |kind: &str, name: &str| json!([{ "kind": kind, "name": name, "controller": true }]);
    let template = json!({ "metadata": { "labels": labels }, "spec": spec });
    BTreeMap::from([
        (format!("{RBAC}/roles"), vec![role]),
        (
            format!("{RBAC}/rolebindings"),
            vec![binding("ann", "reader", "ann"), binding("bob", "gone", "bob")],
        ),
        (
            "/api/v1/pods".to_owned(),
            vec![json!({ "metadata": { "name": "web-1", "namespace": "shop", "labels": labels,
                "ownerReferences": owner("ReplicaSet", "web-5") }, "spec": spec })],
        ),
        (
            "/apis/apps/v1/replicasets".to_owned(),
            vec![json!({ "metadata": { "name": "web-5", "namespace": "shop",
                "ownerReferences": owner("Deployment", "web") }, "spec": { "template": template } })],
        ),
        (
            "/apis/apps/v1/deployments".to_owned(),
            vec![
                json!({ "metadata": { "name": "web", "namespace": "shop" }, "spec": { "template": template } }),
            ],
        ),
        ("/api/v1/nodes".to_owned(), vec![json!({ "metadata": { "name": "n1" } })]),
    ])
}

/// The same cluster, which refuses to list some kinds.
fn refusing(refused: &'static [&'static str]) -> FakeApi {
    let lists = lists();
    FakeApi::start(move |asked| {
        let kind = asked.path.rsplit('/').next().unwrap_or_default();
        if asked.path == "/version" {
            Answer::ok("{}")
        } else if refused.contains(&kind) {
            Answer::status(403, &format!("{kind} is forbidden: User \"me\" cannot list resource \"{kind}\""))
        } else {
            Answer::ok(list(&lists.get(&asked.path).cloned().unwrap_or_default(), ""))
        }
    })
}

#[test]
fn whole_cluster_is_answered_for_certain() {
    let api = FakeApi::holding(lists());
    let (out, err, code) = ask(&api, &["access", "can-i", "get", "pods", "-n", "shop", "--as", "ann"]);
    assert_eq!(
        (code, err.as_str()),
        (
            0,
            "cluster/RoleBinding/shop/bob:11:13: role not found: RoleBinding shop/bob: refers to `Role gone`, which does not exist; it grants nothing\n"
        )
    );
    assert!(out.contains("cluster/RoleBinding/shop/ann:"), "{out}");
    // The cluster has no such role, so the binding grants nothing: a no, not a perhaps.
    assert_eq!(ask(&api, &["access", "can-i", "get", "pods", "-n", "shop", "--as", "bob"]).2, 1);
    // Questions about rights need no workloads and no Secrets.
    let kinds: Vec<String> =
        api.asked().iter().map(|asked| asked.path.rsplit('/').next().unwrap().to_owned()).collect();
    assert!(!kinds.iter().any(|kind| kind == "secrets" || kind == "pods"), "{kinds:?}");
}

#[test]
fn answers_that_depend_on_what_was_refused_are_unknown() {
    let api = refusing(&["rolebindings"]);
    let (out, err, code) = ask(&api, &["access", "can-i", "get", "pods", "-n", "shop", "--as", "ann"]);
    assert_eq!(code, 3);
    assert!(out.contains("The cluster says: unknown"), "{out}");
    assert!(err.contains("could not list rolebindings: rolebindings is forbidden"), "{err}");
    // A role that could not be listed is not a role that does not exist.
    let api = refusing(&["roles"]);
    assert_eq!(ask(&api, &["access", "can-i", "get", "pods", "-n", "shop", "--as", "ann"]).2, 3);
    assert_eq!(ask(&api, &["access", "can-i", "get", "pods", "-n", "other", "--as", "ann"]).2, 1);
}

#[test]
fn paths_without_secrets_are_incomplete() {
    let api = refusing(&["secrets"]);
    let (out, err, code) = ask(&api, &["access", "paths", "--from", "ann"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("could not list secrets"), "{err}");
    assert!(out.contains("in what could be read"), "{out}");
    let (_, _, code) = ask(&FakeApi::holding(lists()), &["access", "paths", "--from", "ann"]);
    assert_eq!(code, 0);
}

#[test]
fn scan_judges_what_controllers_made_at_the_controller() {
    let api = FakeApi::holding(lists());
    let args = ["scan", "--only", "privileged-container", "-o", "json"];
    let (out, err, code) = ask(&api, &args);
    assert_eq!(code, 1, "{err}");
    let report: Json = serde_json::from_str(&out).unwrap();
    let paths: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["location"]["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["cluster/Deployment/shop/web"]);
    let (out, _, code) = ask(&refusing(&["deployments"]), &args);
    assert_eq!(code, 3);
    let report: Json = serde_json::from_str(&out).unwrap();
    assert_eq!(report["problems"][0]["kind"], "not-listed");
    assert_eq!(report["problems"][0]["path"], "cluster/Deployment");
}

#[test]
fn clusters_that_cannot_be_reached_are_errors_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let (_, err, code) = haechi(&folder.path().join("gone"), &["access", "matrix"]);
    assert_eq!(code, 2, "{err}");
    let closed = folder.path().join("closed");
    std::fs::write(
        &closed,
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
         contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n",
    )
    .unwrap();
    let (_, err, code) = haechi(&closed, &["access", "matrix"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("does not answer"), "{err}");
}

/// A service that watches the cluster, and its store after it has ended.
#[cfg(feature = "serve")]
mod kept {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use haechi_store::SqliteStore;
    use haechi_store::findings::{FindingQuery, FindingStore};
    use haechi_store::sqlite::Options;

    use super::*;

    /// Serves until `is_enough`, and gives the rules of the findings in the store: open ones, and fixed ones.
    fn serve(
        api: &FakeApi,
        folder: &Path,
        is_enough: impl Fn(&FakeApi) -> bool,
    ) -> (Vec<String>, Vec<String>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_haechi"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--drain-delay",
                "0",
                "--cluster",
                "--cluster-name",
                "shop",
            ])
            .args(["--request-timeout", "5s", "--kubeconfig"])
            .arg(api.kubeconfig(folder))
            .arg("--data")
            .arg(folder.join("data"))
            .env("LC_ALL", "C")
            .env_remove("HTTPS_PROXY")
            .env_remove("HTTP_PROXY")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !is_enough(api) && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(50));
        }
        // What changed is judged once it has settled.
        std::thread::sleep(Duration::from_secs(5));
        let pid = i32::try_from(child.id()).unwrap();
        assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
        assert!(child.wait().unwrap().success());
        let store = SqliteStore::open(Options::new(folder.join("data/store"))).unwrap();
        let of = |is_fixed| {
            let query = FindingQuery { is_fixed: Some(is_fixed), limit: 10_000, ..FindingQuery::default() };
            let found = store.findings(&query).unwrap();
            assert!(found.iter().all(|found| found.cluster == "shop"));
            found
                .into_iter()
                .map(|found| format!("{} {}", found.finding.rule, found.finding.resource))
                .collect()
        };
        (of(false), of(true))
    }

    fn is_watch(asked: &fake_api::Asked) -> bool {
        asked.query.contains_key("watch")
    }

    #[test]
    fn findings_of_a_watched_cluster_come_and_are_fixed() {
        let folder = tempfile::tempdir().unwrap();
        let answer = |is_fixed: bool| {
            move |asked: &fake_api::Asked| {
                let mut lists = lists();
                if is_fixed {
                    lists.remove("/apis/apps/v1/deployments");
                }
                match is_watch(asked) {
                    _ if asked.path == "/version" => Answer::ok("{}"),
                    true => Answer { delay: Duration::from_secs(1), ..Answer::ok("") },
                    false => Answer::ok(list(&lists.get(&asked.path).cloned().unwrap_or_default(), "")),
                }
            }
        };
        let all_watched = |api: &FakeApi| api.asked().iter().filter(|asked| is_watch(asked)).count() >= 30;
        let privileged = "privileged-container Deployment shop/web".to_owned();
        let (open, fixed) = serve(&FakeApi::start(answer(false)), folder.path(), all_watched);
        assert!(open.contains(&privileged) && fixed.is_empty(), "{open:?} {fixed:?}");
        let (open, fixed) = serve(&FakeApi::start(answer(true)), folder.path(), all_watched);
        assert!(!open.contains(&privileged) && fixed.contains(&privileged), "{open:?} {fixed:?}");
    }

    #[test]
    fn finding_stays_open_while_its_kind_cannot_be_seen() {
        let folder = tempfile::tempdir().unwrap();
        let answer = |is_refused: bool| {
            move |asked: &fake_api::Asked| match is_watch(asked) {
                _ if asked.path == "/version" => Answer::ok("{}"),
                true => Answer { delay: Duration::from_secs(1), ..Answer::ok("") },
                false if is_refused && asked.path.contains("deployments") => Answer::status(403, "no"),
                false => Answer::ok(list(&lists().get(&asked.path).cloned().unwrap_or_default(), "")),
            }
        };
        let all_asked = |api: &FakeApi| api.asked().len() >= 50;
        let privileged = "privileged-container Deployment shop/web".to_owned();
        let (open, _) = serve(&FakeApi::start(answer(false)), folder.path(), all_asked);
        assert!(open.contains(&privileged), "{open:?}");
        let (open, fixed) = serve(&FakeApi::start(answer(true)), folder.path(), all_asked);
        assert!(open.contains(&privileged) && fixed.is_empty(), "{open:?} {fixed:?}");
    }
}
