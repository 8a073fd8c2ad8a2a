//! `haechi serve` with several clusters: each is watched by itself, and what one does is of no concern to the others.

#![cfg(test)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests: what fails there fails the test"
)]

#[allow(dead_code, reason = "other tests use other parts")]
#[path = "../../sources/tests/fake_api/mod.rs"]
mod fake_api;
#[allow(dead_code, reason = "other tests use other parts")]
mod serving;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fake_api::{Answer, FakeApi, list};
use haechi_serve::access::{Access, AccessOptions, Scope};
use haechi_store::SqliteStore;
use haechi_store::sqlite::Options;
use serde_json::{Value as Json, json};
use serving::Client;

/// A cluster with one Deployment, which can die and change.
struct Fake {
    api: FakeApi,
    is_away: Arc<AtomicBool>,
    is_privileged: Arc<AtomicBool>,
    /// What was written.
    written: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn start(name: &'static str) -> Self {
        let (is_away, is_privileged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        let written = Arc::new(Mutex::new(Vec::new()));
        let (away, privileged, writing) = (is_away.clone(), is_privileged.clone(), written.clone());
        let api = FakeApi::start(move |asked| {
            if away.load(Ordering::Relaxed) {
                return Answer { status: 0, ..Answer::ok("") };
            }
            if asked.method != "GET" {
                writing.lock().unwrap().push(format!("{} {}", asked.path, asked.body));
                return Answer::ok("{}");
            }
            if asked.query.contains_key("watch") {
                // Changes are seen by the next list: the watch has grown too old.
                let old =
                    json!({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}});
                return Answer { delay: Duration::from_millis(300), ..Answer::ok(format!("{old}\n")) };
            }
            match asked.path.as_str() {
                "/version" => Answer::ok("{}"),
                "/apis/apps/v1/deployments" => {
                    let spec = json!({"containers": [{"name": "web", "image": "web:1",
                        "securityContext": {"privileged": privileged.load(Ordering::Relaxed)}}]});
                    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec});
                    Answer::ok(list(
                        &[
                            json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"template": template}}),
                        ],
                        "",
                    ))
                }
                path if path.starts_with("/apis/openreports.io") && path.contains("/namespaces/") => {
                    Answer::status(404, "not found")
                }
                _ => Answer::ok(list(&[], "")),
            }
        });
        Self { api, is_away, is_privileged, written }
    }

    /// Its kubeconfig, by the name of a folder.
    fn kubeconfig(&self, folder: &Path, name: &str) -> PathBuf {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        self.api.kubeconfig(&folder)
    }
}

/// A kubeconfig for a server that nobody hears of.
fn nobody(folder: &Path) -> PathBuf {
    let path = folder.join("nobody");
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
        clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
        users: [{name: u, user: {token: t}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n";
    std::fs::write(&path, text).unwrap();
    path
}

fn haechi(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haechi"));
    command
        .current_dir(folder)
        .args(["--lang", "en", "serve", "--listen", "127.0.0.1:0", "--drain-delay", "0", "--data", "data"])
        .env("LC_ALL", "C")
        .env_remove("HTTPS_PROXY")
        .env_remove("HTTP_PROXY");
    command
}

/// A process that serves; ended when it goes out of sight.
struct Service {
    child: Child,
    client: Client,
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child =
            haechi(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("https://").next().unwrap().to_owned();
        Self { child, client: Client::new(&address, &folder.join("data/tls/ca.pem")) }
    }

    fn get(&mut self, path: &str, token: &str) -> String {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
        let (status, body) = self.client.send(&request).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn json(&mut self, path: &str, token: &str) -> Json {
        serde_json::from_str(&self.get(path, token)).unwrap()
    }

    /// The clusters with an open finding, or one that was fixed, of a privileged container.
    fn found(&mut self, token: &str, is_fixed: bool) -> Vec<String> {
        let path = format!("/api/findings?rule=privileged-container&fixed={is_fixed}");
        let found = self.json(&path, token);
        let clusters = found["findings"].as_array().unwrap().iter();
        clusters.map(|finding| finding["cluster"].as_str().unwrap().to_owned()).collect()
    }
}

/// Tokens that read: of all clusters, and of one.
fn tokens(folder: &Path, one: &str) -> (String, String) {
    let store: Arc<dyn haechi_store::Store> =
        Arc::new(SqliteStore::open(Options::new(folder.join("data/store"))).unwrap());
    let access = Access::open(store, AccessOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let token = |cluster: Option<String>| {
        let made = access.add_token(Scope::Read, "test", cluster, None, "test".to_owned());
        runtime.block_on(made).unwrap().1.reveal().to_owned()
    };
    (token(None), token(Some(one.to_owned())))
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(90), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_cluster_that_dies_stops_no_other_and_nothing_of_it_is_fixed_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("data")).unwrap();
    let (all, of_one) = tokens(folder, "one");
    let (one, other) = (Fake::start("web"), Fake::start("api"));
    let config = folder.join("haechi.toml");
    let (of_other, of_nobody) = (other.kubeconfig(folder, "other"), nobody(folder));
    std::fs::write(
        &config,
        format!(
            "[[serve.cluster]]\nname = 'other'\nkubeconfig = '{}'\ncontext = 'fake'\nwrite = ['openreports']\n\
             [[serve.cluster]]\nname = 'gone'\nkubeconfig = '{}'\n",
            of_other.display(),
            of_nobody.display()
        ),
    )
    .unwrap();
    let of_one_file = one.kubeconfig(folder, "one");
    let mut service = Service::start(
        folder,
        &[
            "--cluster",
            "--cluster-name",
            "one",
            "--kubeconfig",
            of_one_file.to_str().unwrap(),
            "--request-timeout",
            "5s",
        ],
    );
    // One of three was never there: the others are watched.
    wait("both are judged", || service.found(&all, false) == ["one", "other"]);
    wait("what is not there is said", || {
        let clusters = service.json("/api/status", &all)["clusters"].clone();
        let error = clusters["gone"]["error"].as_str().unwrap_or_default().to_owned();
        clusters["gone"]["unreachableSince_us"].is_i64() && error.contains("http://127.0.0.1:1")
    });
    let status = service.json("/api/status", &all);
    assert_eq!(status["ok"], json!(false), "{status}");
    for name in ["one", "other"] {
        let state = &status["clusters"][name];
        assert!(state["reachableSince_us"].is_i64() && state["lastListed_us"].is_i64(), "{state}");
        assert!(state["lastJudged_us"].is_i64() && state["error"].is_null(), "{state}");
    }
    // Reports go into the cluster that they are about, and only where that was asked for.
    wait("reports are written", || !other.written.lock().unwrap().is_empty());
    assert!(other.written.lock().unwrap().iter().all(|write| !write.contains("web-")), "of its own");
    assert_eq!(one.written.lock().unwrap().len(), 0);
    // Who may read of one cluster learns of no other.
    let theirs = service.json("/api/status", &of_one);
    assert_eq!(theirs["clusters"].as_object().unwrap().keys().collect::<Vec<_>>(), ["one"]);
    assert!(!theirs.to_string().contains("other"), "{theirs}");
    assert_eq!(service.found(&of_one, false), ["one"]);
    let numbers = service.get("/metrics", &of_one);
    assert!(numbers.contains("haechi_cluster_reachable{cluster=\"one\"} 1"), "{numbers}");
    assert!(!numbers.contains("other"), "{numbers}");

    // One dies, and what it held would be mended if anybody could see it; the other goes on.
    other.is_away.store(true, Ordering::Relaxed);
    other.is_privileged.store(false, Ordering::Relaxed);
    wait("its end is seen", || {
        service.json("/api/status", &all)["clusters"]["other"]["unreachableSince_us"].is_i64()
    });
    one.is_privileged.store(false, Ordering::Relaxed);
    wait("the other cluster goes on", || service.found(&all, true) == ["one"]);
    assert_eq!(service.found(&all, false), ["other"], "what is not seen is not fixed");
    let numbers = service.get("/metrics", &all);
    assert!(numbers.contains("haechi_cluster_reachable{cluster=\"other\"} 0"), "{numbers}");
    assert!(numbers.contains("haechi_cluster_reachable{cluster=\"one\"} 1"), "{numbers}");
    assert!(!numbers.contains("\ncompliance_score_percentage "), "not all of them were judged: {numbers}");
    // It comes back.
    other.is_away.store(false, Ordering::Relaxed);
    wait("it is seen again", || service.found(&all, true) == ["one", "other"]);
    wait("its return is told", || {
        let state = service.json("/api/status", &all)["clusters"]["other"].clone();
        state["reachableSince_us"].is_i64() && state["error"].is_null()
    });
}

/// What a start that is refused says.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = haechi(folder).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn names_and_flags_that_do_not_fit_are_refused_before_anything_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = Fake::start("web").kubeconfig(folder, "one");
    let flags = |further: &[&str]| {
        let mut flags = vec!["--cluster", "--kubeconfig", file.to_str().unwrap()];
        flags.extend(further);
        refused(folder, &flags)
    };
    let said = flags(&["--context", "fake", "--context", "fake"]);
    assert!(said.contains("two clusters are called `fake`"), "{said}");
    let said = flags(&["--context", "fake", "--context", "nobody", "--cluster-name", "a"]);
    assert!(said.contains("2 contexts are given, but --cluster-name 1 time"), "{said}");
    let said = flags(&["--context", "other"]);
    assert!(said.contains("cluster `default`") && said.contains("other"), "{said}");
    for flag in [
        ["--cluster-policies"].as_slice(),
        &["--webhooks", "haechi"],
        &["--authority-secret", "haechi/authority"],
    ] {
        let mut further = vec!["--context", "fake", "--context", "nobody"];
        further.extend(flag);
        let said = flags(&further);
        assert!(said.contains(flag[0]) && said.contains("[[serve.cluster]]"), "{said}");
    }
    let config = |text: &str| {
        std::fs::write(folder.join("haechi.toml"), text).unwrap();
        refused(folder, &[])
    };
    let said = config("[[serve.cluster]]\nname = ' '\n");
    assert!(said.contains("haechi.toml:2:8:"), "{said}");
    let said = config("[[serve.cluster]]\nname = 'a'\n[[serve.cluster]]\nname = 'a'\n");
    assert!(said.contains("haechi.toml:4:8:"), "{said}");
    let said = config("[[serve.cluster]]\nname = 'a'\nwrite = ['all']\n");
    assert!(said.contains("haechi.toml:3:10:"), "{said}");
    let said = config("[[serve.cluster]]\nname = 'a'\nkubeconfig = 'missing'\n");
    assert!(said.contains("cluster `a`") && said.contains("missing"), "{said}");
}
