//! `haechi serve` with a cluster beside it: the authority in webhook configurations, and the Secret that instances share.
#![cfg(test)]

#[allow(dead_code, reason = "other tests use other parts")]
#[path = "../../sources/tests/fake_api/mod.rs"]
mod fake_api;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_api::{Answer, Asked, FakeApi, list};
use serde_json::{Value as Json, json};

const SECRETS: &str = "/api/v1/namespaces/haechi/secrets";
const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/haechi";
const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/haechi";

/// What an API server does with single objects: versions, conflicts, patches with tests.
#[derive(Default)]
struct Objects {
    objects: BTreeMap<String, Json>,
    version: u64,
    /// Writes that were done, by verb and path; not those that came too late.
    written: Vec<String>,
    /// Writes that somebody else is faster at.
    faster: u32,
}

impl Objects {
    fn keep(&mut self, path: &str, mut object: Json) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(path.to_owned(), object);
    }

    fn answer(&mut self, asked: &Asked) -> Answer {
        let path = asked.path.as_str();
        if asked.method != "GET" && self.faster > 0 {
            self.faster -= 1;
            if let Some(object) = self.objects.get(path).cloned() {
                self.keep(path, object);
            }
        }
        let written = format!("{} {path}", asked.method);
        let body: Json = serde_json::from_str(&asked.body).unwrap_or_default();
        match asked.method.as_str() {
            "GET" => match self.objects.get(path) {
                Some(object) => Answer::ok(object.to_string()),
                None if path == "/version" => Answer::ok("{}"),
                None if path.starts_with(SECRETS) || path.ends_with("/haechi") => {
                    Answer::status(404, "not found")
                }
                None => Answer::ok(list(&[], "")),
            },
            "POST" => {
                let place = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
                if self.objects.contains_key(&place) {
                    return Answer::status(409, "already exists");
                }
                self.keep(&place, body);
                self.written.push(written);
                Answer { status: 201, ..Answer::ok("{}") }
            }
            "PUT" => {
                if self.objects[path]["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"] {
                    return Answer::status(409, "the object has been modified");
                }
                self.keep(path, body);
                self.written.push(written);
                Answer::ok("{}")
            }
            "PATCH" => {
                assert_eq!(asked.media, "application/json-patch+json");
                let mut object = self.objects[path].clone();
                for step in body.as_array().unwrap() {
                    let at = step["path"].as_str().unwrap();
                    match step["op"].as_str().unwrap() {
                        "test" if object.pointer(at) != Some(&step["value"]) => {
                            return Answer::status(
                                422,
                                "the server rejected our request due to an error in our request",
                            );
                        }
                        "test" => {}
                        "add" => {
                            let (parent, key) = at.rsplit_once('/').unwrap();
                            object.pointer_mut(parent).unwrap()[key] = step["value"].clone();
                        }
                        other => panic!("{other}"),
                    }
                }
                self.keep(path, object);
                self.written.push(written);
                Answer::ok("{}")
            }
            other => panic!("{other}"),
        }
    }
}

struct World {
    api: FakeApi,
    objects: Arc<Mutex<Objects>>,
    folder: tempfile::TempDir,
}

fn world() -> World {
    let objects = Arc::new(Mutex::new(Objects::default()));
    let answering = objects.clone();
    let api = FakeApi::start(move |asked| answering.lock().unwrap().answer(asked));
    World { api, objects, folder: tempfile::tempdir().unwrap() }
}

fn configuration(endpoint: &str) -> Json {
    json!({"metadata": {"name": "haechi"}, "webhooks": [
        {"name": "other.example", "clientConfig": {"url": "https://other.example/", "caBundle": "eA=="}},
        {"name": format!("{endpoint}.haechi.io"),
            "clientConfig": {"service": {"namespace": "haechi", "name": "haechi", "path": format!("/admit/{endpoint}/k")}}},
    ]})
}

/// A process that serves; ended when it goes out of sight.
struct Instance(Child);

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl World {
    fn start(&self, data: &Path, more: &[&str]) -> Instance {
        let child = Command::new(env!("CARGO_BIN_EXE_haechi"))
            .args(["--lang", "en", "serve", "--listen", "127.0.0.1:0", "--drain-delay", "0", "--data"])
            .arg(data)
            .args(["--cluster", "--request-timeout", "5s", "--kubeconfig"])
            .arg(self.api.kubeconfig(self.folder.path()))
            .args(more)
            .env("LC_ALL", "C")
            .env_remove("HTTPS_PROXY")
            .env_remove("HTTP_PROXY")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Instance(child)
    }

    /// The bundle of the configuration's second webhook, as PEM.
    fn bundle(&self, path: &str) -> String {
        let objects = self.objects.lock().unwrap();
        let bundle =
            objects.objects[path].pointer("/webhooks/1/clientConfig/caBundle").and_then(Json::as_str);
        decoded(bundle.unwrap_or_default())
    }

    fn secret(&self, key: &str) -> Option<String> {
        let objects = self.objects.lock().unwrap();
        let secret = objects.objects.get(&format!("{SECRETS}/authority"))?;
        secret["data"][key].as_str().map(decoded)
    }
}

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_authority_is_put_into_both_configurations_and_nothing_else_is_touched() {
    let world = world();
    {
        let mut objects = world.objects.lock().unwrap();
        objects.keep(VALIDATING, configuration("validate"));
        objects.keep(MUTATING, configuration("mutate"));
        // Somebody changes it between our look and our word.
        objects.faster = 1;
    }
    let data = world.folder.path().join("data");
    let _instance = world.start(&data, &["--webhooks", "haechi"]);
    // The first patch is beaten, and made again at the next look.
    wait("both are told", || !world.bundle(VALIDATING).is_empty() && !world.bundle(MUTATING).is_empty());
    let authority = std::fs::read_to_string(data.join("tls/ca.pem")).unwrap();
    for path in [VALIDATING, MUTATING] {
        assert_eq!(
            world.bundle(path).split_whitespace().collect::<String>(),
            authority.split_whitespace().collect::<String>()
        );
        let objects = world.objects.lock().unwrap();
        assert_eq!(objects.objects[path]["webhooks"][0], configuration("x")["webhooks"][0]);
    }
    let written = world.objects.lock().unwrap().written.clone();
    assert!(written.iter().all(|write| write.starts_with("PATCH")), "{written:?}");
}

#[test]
fn two_instances_share_one_authority_and_one_key() {
    let world = world();
    world.objects.lock().unwrap().keep(VALIDATING, configuration("validate"));
    let (one, other) = (world.folder.path().join("one"), world.folder.path().join("other"));
    let more = ["--webhooks", "haechi", "--authority-secret", "haechi/authority"];
    let _instances = [world.start(&one, &more), world.start(&other, &more)];
    wait("both serve", || [&one, &other].iter().all(|data| data.join("tls/serving.pem").is_file()));
    wait("it is told", || !world.bundle(VALIDATING).is_empty());
    for file in ["tls/ca.pem", "tls/ca.key", "admission.key"] {
        let read = |data: &Path| std::fs::read_to_string(data.join(file)).unwrap();
        assert_eq!(read(&one), read(&other), "{file}");
    }
    let authority = std::fs::read_to_string(one.join("tls/ca.pem")).unwrap();
    assert_eq!(world.secret("ca.crt").unwrap(), authority);
    assert_eq!(world.bundle(VALIDATING).matches("BEGIN CERTIFICATE").count(), 1);
    // They do not take each other's word away: once told, all is at rest.
    let written = world.objects.lock().unwrap().written.clone();
    assert_eq!(written.iter().filter(|write| write.starts_with("PATCH")).count(), 1, "{written:?}");
}

#[test]
fn an_authority_that_ends_is_followed_by_one_that_is_told_before_it_is_used() {
    let world = world();
    world.objects.lock().unwrap().keep(VALIDATING, configuration("validate"));
    let data = world.folder.path().join("data");
    let more = ["--webhooks", "haechi", "--authority-secret", "haechi/authority"];
    {
        let _instance = world.start(&data, &more);
        wait("it is told", || !world.bundle(VALIDATING).is_empty());
    }
    let old = world.secret("ca.crt").unwrap();
    // It ends in a hundred and forty days.
    let soon = Command::new("date").args(["+%s", "-d", "140 days"]).output().unwrap().stdout;
    let soon = String::from_utf8(soon).unwrap().trim().to_owned();
    {
        let mut objects = world.objects.lock().unwrap();
        let path = format!("{SECRETS}/authority");
        let mut secret = objects.objects[&path].clone();
        secret["data"]["until"] = json!(STANDARD.encode(soon));
        objects.keep(&path, secret);
    }
    let _instance = world.start(&data, &more);
    wait("the next one is shared", || world.secret("ca.crt").is_some_and(|now| now != old));
    let new = world.secret("ca.crt").unwrap();
    let bundle = world.bundle(VALIDATING);
    assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), 2, "who still shows the old one is trusted");
    let line = |pem: &str| pem.lines().nth(2).unwrap().to_owned();
    assert!(bundle.contains(&line(&new)[..32]) && bundle.contains(&line(&old)[..32]), "{bundle}");
    wait("it is used", || std::fs::read_to_string(data.join("tls/ca.pem")).unwrap() == new);
    let written = world.objects.lock().unwrap().written.clone();
    let first = |verb: &str| written.iter().rposition(|write| write.starts_with(verb)).unwrap();
    assert!(first("PATCH") < first("PUT"), "told before it is shared: {written:?}");
}

#[test]
fn a_secret_that_holds_something_else_is_not_written_over() {
    let world = world();
    world
        .objects
        .lock()
        .unwrap()
        .keep(&format!("{SECRETS}/authority"), json!({"data": {"ca.crt": "eA=="}, "metadata": {}}));
    let data = world.folder.path().join("data");
    let mut instance = world.start(&data, &["--authority-secret", "haechi/authority"]);
    assert!(!instance.0.wait().unwrap().success());
    assert!(world.objects.lock().unwrap().written.is_empty());
}
