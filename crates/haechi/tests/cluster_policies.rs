//! `haechi serve --cluster --cluster-policies`: the policies that the cluster itself holds.

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

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fake_api::{Answer, FakeApi};
use serde_json::{Value as Json, json};
use serving::Client;

const TEMPLATES: &str = "/apis/templates.gatekeeper.sh/v1/constrainttemplates";
const SERVED: &str = "/apis/constraints.gatekeeper.sh/v1beta1";
const CONSTRAINTS: &str = "/apis/constraints.gatekeeper.sh/v1beta1/imageorigins";
const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
const NAMESPACES: &str = "/api/v1/namespaces";

const REGO: &str = r#"package origin
violation[{"msg": msg}] {
  image := input.review.object.spec.containers[_].image
  not startswith(image, input.parameters.from)
  msg := sprintf("%v is not from %v", [image, input.parameters.from])
}"#;

/// What is served, by path; a number is a status.
type Served = Arc<Mutex<BTreeMap<String, Json>>>;

struct World {
    api: FakeApi,
    /// How often somebody has asked for the constraint templates.
    looks: Arc<AtomicU64>,
    served: Served,
    folder: tempfile::TempDir,
}

fn list(kind: &str, version: &str, items: Json) -> Json {
    // As the API server does it: objects in a list of a kind of its own have no kind.
    json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items})
}

fn world() -> World {
    let served: Served = Arc::default();
    let answering = served.clone();
    let looks = Arc::new(AtomicU64::new(0));
    let counting = looks.clone();
    let api = FakeApi::start(move |asked| match answering.lock().unwrap().get(asked.path.as_str()) {
        Some(object) if asked.path == TEMPLATES && object.is_object() => {
            counting.fetch_add(1, Ordering::Relaxed);
            Answer::ok(object.to_string())
        }
        Some(Json::Number(status)) => Answer::status(status.as_u64().unwrap().try_into().unwrap(), "not now"),
        Some(object) => Answer::ok(object.to_string()),
        None if asked.path == "/version" => Answer::ok("{}"),
        None => Answer::status(404, "not found"),
    });
    let world = World { api, looks, served, folder: tempfile::tempdir().unwrap() };
    let template = json!({
        "metadata": {"name": "imageorigin"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "ImageOrigin"}, "validation": {"openAPIV3Schema": {
                "type": "object", "properties": {"from": {"type": "string"}}}}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": REGO}],
        },
        "status": {"created": true},
    });
    world.serve(TEMPLATES, list("ConstraintTemplate", "templates.gatekeeper.sh/v1", json!([template])));
    world.serve(SERVED, json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "constraints.gatekeeper.sh/v1beta1",
        "resources": [{"name": "imageorigins", "kind": "ImageOrigin", "namespaced": false},
            {"name": "imageorigins/status", "kind": "ImageOrigin", "namespaced": false}]}));
    world.constraint("registry.example/");
    world.serve(
        NAMESPACES,
        list(
            "Namespace",
            "v1",
            json!([{"metadata": {"name": "shop", "labels": {"team": "a"}}}, {"metadata": {"name": "lab"}}]),
        ),
    );
    world
}

/// A process that serves; ended when it goes out of sight.
struct Instance {
    child: Child,
    address: String,
    data: PathBuf,
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl World {
    fn serve(&self, path: &str, object: Json) {
        self.served.lock().unwrap().insert(path.to_owned(), object);
    }

    fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// A constraint for the namespaces of one team.
    fn constraint(&self, from: &str) {
        let constraint = json!({
            "metadata": {"name": "origin"},
            "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "namespaceSelector": {"matchLabels": {"team": "a"}}},
                "parameters": {"from": from}},
        });
        self.serve(
            CONSTRAINTS,
            list("ImageOrigin", "constraints.gatekeeper.sh/v1beta1", json!([constraint])),
        );
    }

    fn command(&self, data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haechi"));
        command
            .args(["--lang", "en", "serve", "--listen", "127.0.0.1:0", "--drain-delay", "0", "--data"])
            .arg(data)
            .args(["--cluster", "--cluster-policies", "--request-timeout", "5s", "--kubeconfig"])
            .arg(self.api.kubeconfig(self.folder.path()))
            .env("LC_ALL", "C")
            .env_remove("HTTPS_PROXY")
            .env_remove("HTTP_PROXY");
        command
    }

    fn start(&self, data: &Path) -> Instance {
        let mut child = self.command(data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("https://").next().unwrap().to_owned();
        Instance { child, address, data: data.to_owned() }
    }
}

impl Instance {
    /// Whether a pod with an image from elsewhere is let into a namespace.
    fn allows(&self, namespace: &str) -> bool {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u", "operation": "CREATE", "name": "p", "namespace": namespace,
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "userInfo": {"username": "kim"},
                "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
                    "spec": {"containers": [{"name": "c", "image": "elsewhere.example/a"}]}},
            },
        });
        let key = std::fs::read_to_string(self.data.join("admission.key")).unwrap();
        let mut client = Client::new(&self.address, &self.data.join("tls/ca.pem"));
        let (status, body) = client.post(&format!("/admit/validate/{key}"), &review.to_string()).unwrap();
        assert_eq!(status, 200, "{body}");
        let answer: Json = serde_json::from_str(&body).unwrap();
        answer["response"]["allowed"].as_bool().unwrap()
    }
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn policies_of_the_cluster_are_asked_and_read_again() {
    let world = world();
    let data = world.folder.path().join("data");
    let instance = world.start(&data);
    // From the first request on; the namespace's labels are those of the cluster.
    assert!(!instance.allows("shop"));
    assert!(instance.allows("lab"));
    // Kubernetes' own, with a parameter of a kind that is looked up.
    world.serve(
        "/api/v1",
        json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": true}]}),
    );
    world.serve(
        "/api/v1/configmaps",
        list(
            "ConfigMap",
            "v1",
            json!([{"metadata": {"name": "lab", "namespace": "haechi"}, "data": {"closed": "lab"}}]),
        ),
    );
    let policy = json!({
        "metadata": {"name": "closed"},
        "spec": {
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]}]},
            "validations": [{"expression": "object.metadata.namespace != params.data.closed"}],
        },
    });
    let binding = json!({
        "metadata": {"name": "closed"},
        "spec": {"policyName": "closed", "validationActions": ["Deny"],
            "paramRef": {"name": "lab", "namespace": "haechi", "parameterNotFoundAction": "Deny"}},
    });
    world.serve(
        BINDINGS,
        list("ValidatingAdmissionPolicyBinding", "admissionregistration.k8s.io/v1", json!([binding])),
    );
    world.serve(
        POLICIES,
        list("ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1", json!([policy])),
    );
    wait("the new policy is asked", || !instance.allows("lab"));
    // Policies that cannot be read keep their bindings.
    world.serve(POLICIES, json!(500));
    let looks = world.looks();
    wait("two looks", || world.looks() >= looks + 2);
    std::thread::sleep(Duration::from_secs(6));
    assert!(!instance.allows("lab"));
    // What cannot be read stays as it was. A binding whose policy is gone does nothing, and breaks nothing.
    world.serve(CONSTRAINTS, json!(500));
    world.serve(POLICIES, list("ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1", json!([])));
    wait("the policy is gone", || instance.allows("lab"));
    assert!(!instance.allows("shop"));
    // What is gone from the cluster is asked no more.
    world.serve(CONSTRAINTS, list("ImageOrigin", "constraints.gatekeeper.sh/v1beta1", json!([])));
    wait("the constraint is gone", || instance.allows("shop"));
}

#[test]
fn nothing_is_served_without_the_policies_of_the_cluster() {
    let world = world();
    world.serve(TEMPLATES, json!(403));
    let data = world.folder.path().join("data");
    let output = world.command(&data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("constrainttemplates"), "{said}");
    // Once they were read, the last that was seen of them is better than nothing.
    world.serve(TEMPLATES, list("ConstraintTemplate", "templates.gatekeeper.sh/v1", json!([])));
    world.serve(CONSTRAINTS, list("ImageOrigin", "constraints.gatekeeper.sh/v1beta1", json!([])));
    drop(world.start(&data));
    world.serve(TEMPLATES, json!(500));
    let instance = world.start(&data);
    assert!(!instance.address.is_empty());
}
