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
    use haechi_store::findings::{Coverage, FindingQuery, FindingStore, ScanRun};
    use haechi_store::sqlite::Options;

    use super::*;

    /// Serves until `is_enough`, and gives the rules of the findings in the store: open ones, and fixed ones.
    fn serve(
        api: &FakeApi,
        folder: &Path,
        is_enough: impl Fn(&FakeApi) -> bool,
    ) -> (Vec<String>, Vec<String>) {
        serve_with(api, folder, &[], is_enough)
    }

    fn serve_with(
        api: &FakeApi,
        folder: &Path,
        further: &[&str],
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
            .args(further)
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
    fn finding_that_came_back_is_open_whatever_the_clock_says() {
        let folder = tempfile::tempdir().unwrap();
        let api = || {
            FakeApi::start(|asked| match is_watch(asked) {
                _ if asked.path == "/version" => Answer::ok("{}"),
                true => Answer { delay: Duration::from_secs(1), ..Answer::ok("") },
                false => Answer::ok(list(&lists().get(&asked.path).cloned().unwrap_or_default(), "")),
            })
        };
        let all_watched = |api: &FakeApi| api.asked().iter().filter(|asked| is_watch(asked)).count() >= 30;
        let (open, _) = serve(&api(), folder.path(), all_watched);
        assert!(!open.is_empty());
        // Fixed while the clock was far ahead; since then it was set back, and all is as it was.
        let ahead = ScanRun {
            cluster: "shop".to_owned(),
            at_us: 7_258_118_400_000_000,
            covered: Some(Coverage::default()),
            findings: Vec::new(),
        };
        {
            let store = SqliteStore::open(Options::new(folder.path().join("data/store"))).unwrap();
            assert_eq!(store.put_scan(ahead).unwrap().fixed.len(), open.len());
            assert_eq!(store.last_scan_us("shop").unwrap(), Some(7_258_118_400_000_000));
            assert_eq!(store.last_scan_us("other").unwrap(), None);
        }
        let (again, fixed) = serve(&api(), folder.path(), all_watched);
        assert!(again == open && fixed.is_empty(), "{again:?} {fixed:?}");
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

    /// A server that keeps what is written to it, by path; reports of others are there already.
    #[derive(Default)]
    struct Kept {
        objects: BTreeMap<String, Json>,
        events: Vec<Json>,
        refusals: usize,
    }

    const REPORTS: &str = "/apis/openreports.io/v1alpha1";

    fn writing(kept: &std::sync::Arc<std::sync::Mutex<Kept>>, is_fixed: bool, is_busy: bool) -> FakeApi {
        let kept = kept.clone();
        FakeApi::start(move |asked| {
            if asked.path == "/version" {
                return Answer::ok("{}");
            }
            let mut kept = kept.lock().unwrap();
            if asked.path.starts_with(REPORTS) || asked.path.ends_with("/events") && asked.method == "POST" {
                return written(&mut kept, asked, is_busy);
            }
            drop(kept);
            let mut lists = lists();
            if is_fixed {
                lists.remove("/apis/apps/v1/deployments");
            }
            match is_watch(asked) {
                true => Answer { delay: Duration::from_secs(1), ..Answer::ok("") },
                false => Answer::ok(list(&lists.get(&asked.path).cloned().unwrap_or_default(), "")),
            }
        })
    }

    fn written(kept: &mut Kept, asked: &fake_api::Asked, is_busy: bool) -> Answer {
        let body = serde_json::from_str::<Json>(&asked.body).unwrap_or_default();
        if is_busy {
            kept.refusals += 1;
            return Answer::status(429, "slow down");
        }
        match asked.method.as_str() {
            "GET" if asked.query.contains_key("labelSelector") => {
                let plural = asked.path.rsplit('/').next().unwrap();
                let is_asked = |(path, object): &(&String, &Json)| {
                    path.contains(&format!("/{plural}/"))
                        && object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "haechi"
                };
                let items: Vec<Json> =
                    kept.objects.iter().filter(is_asked).map(|(_, object)| object.clone()).collect();
                Answer::ok(list(&items, ""))
            }
            "GET" => match kept.objects.get(&asked.path) {
                Some(object) => Answer::ok(object.to_string()),
                None => Answer::status(404, "not found"),
            },
            "PATCH" => {
                assert_eq!(asked.media, "application/apply-patch+yaml");
                assert_eq!(asked.query["fieldManager"], "haechi-serve");
                let mut object = body;
                object["metadata"]["uid"] = json!(asked.path);
                kept.objects.insert(asked.path.clone(), object.clone());
                Answer::ok(object.to_string())
            }
            "DELETE" => {
                assert_eq!(
                    body["preconditions"]["uid"],
                    json!(asked.path),
                    "only the object that was listed"
                );
                kept.objects.remove(&asked.path);
                Answer::ok("{}")
            }
            _ => {
                if kept.events.iter().any(|event| event["metadata"]["name"] == body["metadata"]["name"]) {
                    return Answer::status(409, "already exists");
                }
                kept.events.push(body);
                Answer::ok("{}")
            }
        }
    }

    #[test]
    fn reports_are_written_kept_current_and_those_of_others_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let kept = std::sync::Arc::new(std::sync::Mutex::new(Kept::default()));
        let other = format!("{REPORTS}/namespaces/shop/reports/haechi-by-hand");
        let by_hand = json!({ "kind": "Report", "metadata": { "name": "haechi-by-hand", "namespace": "shop", "uid": "x",
            "labels": { "app.kubernetes.io/managed-by": "haechi" } } });
        kept.lock().unwrap().objects.insert(other.clone(), by_hand.clone());
        let of_deployment = |kept: &Kept| {
            let is_it =
                |object: &&Json| object["scope"]["kind"] == "Deployment" && object["scope"]["name"] == "web";
            kept.objects.values().find(is_it).cloned()
        };
        let enough = || {
            let kept = kept.clone();
            move |_: &FakeApi| {
                of_deployment(&kept.lock().unwrap()).is_some() && !kept.lock().unwrap().events.is_empty()
            }
        };
        serve_with(
            &writing(&kept, false, false),
            folder.path(),
            &["--write", "openreports,events"],
            enough(),
        );
        {
            let kept = kept.lock().unwrap();
            let report = of_deployment(&kept).expect("a report");
            let results: Vec<&str> =
                report["results"].as_array().unwrap().iter().map(|r| r["policy"].as_str().unwrap()).collect();
            assert!(results.contains(&"privileged-container"), "{results:?}");
            assert!(report["metadata"]["labels"]["haechi.dev/owner"].is_string());
            assert_eq!(kept.objects[&other], by_hand);
            let event = &kept.events[0];
            assert_eq!((&event["type"], &event["reason"]), (&json!("Warning"), &json!("CriticalFinding")));
            assert_eq!(event["metadata"]["namespace"], "shop", "{event}");
        }
        let events = kept.lock().unwrap().events.len();
        let gone = kept.clone();
        let enough = move |_: &FakeApi| of_deployment(&gone.lock().unwrap()).is_none();
        serve_with(&writing(&kept, true, false), folder.path(), &["--write", "openreports,events"], enough);
        let kept = kept.lock().unwrap();
        assert!(of_deployment(&kept).is_none(), "what is fixed goes");
        assert_eq!(kept.objects[&other], by_hand, "what others wrote stays");
        assert_eq!(kept.events.len(), events, "nothing is told twice");
    }

    #[test]
    fn nothing_is_written_unless_asked_and_a_busy_server_is_left_in_peace() {
        let folder = tempfile::tempdir().unwrap();
        let kept = std::sync::Arc::new(std::sync::Mutex::new(Kept::default()));
        let watched = |api: &FakeApi| api.asked().iter().filter(|asked| is_watch(asked)).count() >= 30;
        serve_with(&writing(&kept, false, true), folder.path(), &[], watched);
        assert_eq!(kept.lock().unwrap().refusals, 0);
        serve_with(&writing(&kept, false, true), folder.path(), &["--write", "openreports"], watched);
        let refusals = kept.lock().unwrap().refusals;
        assert!((1..=2).contains(&refusals), "{refusals}");
    }
}
