use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use haechi_policy::FailMode;
use haechi_report::Language;
use serde_json::{Value as Json, json};

use super::*;

const NO_PRIVILEGED: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-privileged}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}
  validations:
    - expression: "!object.spec.containers.exists(c, has(c.securityContext) && has(c.securityContext.privileged) && c.securityContext.privileged)"
      message: privileged containers are not for us
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-privileged}
spec: {policyName: no-privileged, validationActions: [Deny]}
"#;

/// Two policies in two engines that both add to the labels.
const MUTATORS: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: label-team}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: 'Object{metadata: Object.metadata{labels: {"team": "a"}}}'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: label-team}
spec: {policyName: label-team}
---
apiVersion: mutations.gatekeeper.sh/v1
kind: AssignMetadata
metadata: {name: owner}
spec:
  location: metadata.labels.owner
  parameters: {assign: {value: ops}}
"#;

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("the file can be written");
}

struct Service {
    folder: tempfile::TempDir,
    admission: Admission,
    decisions: tokio::sync::mpsc::Receiver<Decision>,
}

fn service_with(files: &[(&str, &str)], change: impl FnOnce(&mut AdmissionSettings)) -> Service {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    let mut settings = AdmissionSettings {
        policies: vec![folder.path().to_path_buf()],
        workers: 1,
        ..AdmissionSettings::default()
    };
    change(&mut settings);
    let policies = Arc::new(PolicyFolder::open(settings, 0).expect("the policies are sound"));
    let (told, decisions) = Decisions::channel(64);
    let admission = Admission::start(policies, told, Language::En).expect("threads");
    Service { folder, admission, decisions }
}

fn service(files: &[(&str, &str)]) -> Service {
    service_with(files, |_| {})
}

fn review(operation: &str, object: Json, old: Json) -> Json {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "u-1", "operation": operation, "name": "p", "namespace": "shop",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "userInfo": {"username": "kim", "groups": ["system:authenticated"]},
            "object": object, "oldObject": old, "dryRun": false,
        },
    })
}

fn pod(privileged: bool) -> Json {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"containers": [{"name": "c", "image": "i:1", "securityContext": {"privileged": privileged}}]},
    })
}

async fn ask(service: &Service, review: &Json, phase: Phase) -> Json {
    match service.admission.answer(review.to_string().into(), phase, Duration::from_secs(5)).await {
        Told::Review(text) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("no answer: {other:?}"),
    }
}

async fn validate(service: &Service, review: &Json) -> Json {
    ask(service, review, Phase::Validate).await["response"].clone()
}

#[tokio::test]
async fn a_violation_is_refused_and_told_by_name() {
    let mut service = service(&[("p.yaml", NO_PRIVILEGED)]);
    let answer = validate(&service, &review("CREATE", pod(true), Json::Null)).await;
    assert_eq!(answer["allowed"], false);
    assert_eq!(answer["uid"], "u-1");
    assert_eq!(answer["status"]["code"], 403);
    let message = answer["status"]["message"].as_str().unwrap();
    assert!(message.contains("no-privileged") && message.contains("are not for us"), "{message}");
    let decision = service.decisions.recv().await.expect("a decision");
    assert_eq!((decision.ruling, decision.user.as_str()), (Ruling::Refused, "kim"));
    let answer = validate(&service, &review("CREATE", pod(false), Json::Null)).await;
    assert_eq!(answer["allowed"], true, "{answer}");
}

#[tokio::test]
async fn the_answer_speaks_the_version_of_the_question() {
    let service = service(&[("p.yaml", NO_PRIVILEGED)]);
    let mut asked = review("CREATE", pod(true), Json::Null);
    asked["apiVersion"] = "admission.k8s.io/v1beta1".into();
    assert_eq!(ask(&service, &asked, Phase::Validate).await["apiVersion"], "admission.k8s.io/v1beta1");
}

/// A patch as a client applies it, as far as these tests need it.
fn patched(mut object: Json, answer: &Json) -> Json {
    let patch = base64::engine::general_purpose::STANDARD
        .decode(answer["patch"].as_str().expect("a patch"))
        .expect("base64");
    for operation in serde_json::from_slice::<Vec<Json>>(&patch).expect("a list") {
        let path = operation["path"].as_str().unwrap();
        let (parent, key) = path.rsplit_once('/').unwrap();
        let place = object.pointer_mut(parent).expect("the parent is there").as_object_mut().unwrap();
        match operation["op"].as_str().unwrap() {
            "remove" => place.remove(key),
            _ => place.insert(key.replace("~1", "/"), operation["value"].clone()),
        };
    }
    object
}

#[tokio::test]
async fn mutators_of_two_engines_add_up() {
    let service = service(&[("m.yaml", MUTATORS)]);
    let answer =
        ask(&service, &review("CREATE", pod(false), Json::Null), Phase::Mutate).await["response"].clone();
    assert_eq!(answer["patchType"], "JSONPatch", "{answer}");
    let after = patched(pod(false), &answer);
    assert_eq!(after["metadata"]["labels"], json!({"team": "a", "owner": "ops"}));
}

#[tokio::test]
async fn validation_judges_what_will_be_stored_not_what_mutators_would_make_of_it() {
    let needs_owner = NO_PRIVILEGED.replace("no-privileged", "needs-owner").replace(
        "!object.spec.containers.exists(c, has(c.securityContext) && has(c.securityContext.privileged) && c.securityContext.privileged)",
        "has(object.metadata.labels) && 'team' in object.metadata.labels",
    );
    let service = service(&[("m.yaml", MUTATORS), ("v.yaml", &needs_owner)]);
    let answer = validate(&service, &review("CREATE", pod(false), Json::Null)).await;
    assert_eq!(answer["allowed"], false, "the mutating webhook may have been passed over: {answer}");
    assert!(answer.get("patch").is_none());
}

const FAILS: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: fails}
spec:
  failurePolicy: MODE
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  validations:
    - expression: "object.metadata.annotations['missing'] == 'x'"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: fails}
spec: {policyName: fails, validationActions: [Deny]}
"#;

#[tokio::test]
async fn an_error_follows_the_policys_fail_mode_and_is_told() {
    for (mode, allowed) in [("Fail", false), ("Ignore", true)] {
        let service = service(&[("p.yaml", &FAILS.replace("MODE", mode))]);
        let answer = validate(&service, &review("CREATE", pod(false), Json::Null)).await;
        assert_eq!(answer["allowed"], allowed, "{mode}: {answer}");
        let told = match allowed {
            true => answer["warnings"][0].as_str(),
            false => answer["status"]["message"].as_str(),
        };
        assert!(told.unwrap().contains("fails"), "{answer}");
        assert!(answer["auditAnnotations"]["failures"].as_str().unwrap().contains("fails"));
    }
}

#[tokio::test]
async fn settings_go_before_the_policys_own_words() {
    let set = |enforcement, on_error| PolicyOverride { enforcement, on_error };
    let name = "ValidatingAdmissionPolicy/no-privileged";
    let service = service_with(&[("p.yaml", NO_PRIVILEGED)], |settings| {
        settings.overrides.insert(name.to_owned(), set(Some(Enforcement::Warn), None));
    });
    let answer = validate(&service, &review("CREATE", pod(true), Json::Null)).await;
    assert_eq!(answer["allowed"], true);
    assert!(answer["warnings"][0].as_str().unwrap().contains("are not for us"));
    assert_eq!(service.admission.folder().health().notes, Vec::<String>::new());

    let service = service_with(&[("p.yaml", &FAILS.replace("MODE", "Fail"))], |settings| {
        let name = "ValidatingAdmissionPolicy/fails".to_owned();
        settings.overrides.insert(name, set(None, Some(FailMode::Ignore)));
        settings.overrides.insert("Typo/x".to_owned(), set(Some(Enforcement::Deny), None));
    });
    let answer = validate(&service, &review("CREATE", pod(false), Json::Null)).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    let notes = service.admission.folder().health().notes;
    assert!(notes.iter().any(|note| note.contains("Typo/x")), "{notes:?}");
}

#[tokio::test]
async fn an_exempt_namespace_is_let_through_and_only_that_one() {
    let service = service_with(&[("p.yaml", NO_PRIVILEGED)], |settings| {
        settings.exempt.insert("haechi".to_owned());
    });
    let mut asked = review("CREATE", pod(true), Json::Null);
    asked["request"]["namespace"] = "haechi".into();
    assert_eq!(validate(&service, &asked).await["allowed"], true);
    asked["request"]["namespace"] = "haechi2".into();
    assert_eq!(validate(&service, &asked).await["allowed"], false);
}

#[tokio::test]
async fn a_check_refuses_what_an_update_adds_and_warns_of_what_was_there() {
    let service = service_with(&[], |settings| {
        settings.checks.push(ChosenCheck::new("privileged-container", Enforcement::Deny).unwrap());
    });
    let answer = validate(&service, &review("CREATE", pod(true), Json::Null)).await;
    assert_eq!(answer["allowed"], false);
    assert!(answer["status"]["message"].as_str().unwrap().contains("check/privileged-container"));
    let answer = validate(&service, &review("UPDATE", pod(true), pod(false))).await;
    assert_eq!(answer["allowed"], false);
    let answer = validate(&service, &review("UPDATE", pod(true), pod(true))).await;
    assert_eq!(answer["allowed"], true);
    assert_eq!(answer["warnings"].as_array().map(Vec::len), Some(1), "{answer}");
}

#[test]
fn checks_that_compare_objects_cannot_be_chosen() {
    let among = ChosenCheck::new("dangling-ingress-backend", Enforcement::Deny);
    assert!(matches!(among, Err(CheckError::Among(_))), "{among:?}");
    assert!(matches!(ChosenCheck::new("nope", Enforcement::Deny), Err(CheckError::Unknown(_))));
}

#[tokio::test]
async fn without_time_or_room_the_fail_modes_answer() {
    let service = service_with(
        &[("p.yaml", NO_PRIVILEGED), ("q.yaml", &FAILS.replace("MODE", "Ignore"))],
        |settings| settings.queue = 1,
    );
    // Stop the threads: whatever is asked waits in vain, and the second one has no room.
    service.admission.pool().stop();
    let body = review("CREATE", pod(false), Json::Null).to_string();
    let told = service.admission.answer(body.into(), Phase::Validate, Duration::from_millis(50)).await;
    let Told::Review(text) = told else { panic!("{told:?}") };
    let answer: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["response"]["allowed"], false, "one policy fails closed: {answer}");
    let message = answer["response"]["status"]["message"].as_str().unwrap();
    assert!(message.contains("no-privileged") && !message.contains("/fails"), "{message}");
    let answer = ask(&service, &review("CREATE", pod(false), Json::Null), Phase::Mutate).await;
    assert_eq!(answer["response"]["allowed"], true, "no policy mutates: {answer}");
}

#[tokio::test]
async fn a_broken_file_keeps_its_last_good_policies() {
    let service = service(&[("p.yaml", NO_PRIVILEGED)]);
    let folder = service.admission.folder().clone();
    assert_eq!(folder.reload(1), Reloaded::Same);
    let asked = review("CREATE", pod(true), Json::Null);
    for broken in ["a: [", &NO_PRIVILEGED.replace("!object.spec", "!object.")] {
        write(service.folder.path(), "p.yaml", broken);
        assert_ne!(folder.reload(2), Reloaded::Same);
        let health = folder.health();
        assert!(health.problems.iter().any(|problem| problem.contains("p.yaml:")), "{health:?}");
        assert_eq!(health.policies, 1, "{health:?}");
        assert_eq!(validate(&service, &asked).await["allowed"], false, "{broken}");
    }
    // Another file is taken over all the same.
    write(service.folder.path(), "q.yaml", &FAILS.replace("MODE", "Fail"));
    folder.reload(3);
    assert_eq!(folder.health().policies, 2);
    // The file is mended.
    write(service.folder.path(), "p.yaml", &NO_PRIVILEGED.replace("[Deny]", "[Warn]"));
    folder.reload(4);
    assert_eq!(folder.health().problems, Vec::<String>::new());
    std::fs::remove_file(service.folder.path().join("q.yaml")).unwrap();
    folder.reload(5);
    let answer = validate(&service, &asked).await;
    assert_eq!((&answer["allowed"], answer["warnings"].as_array().map(Vec::len)), (&json!(true), Some(1)));
}

/// Puts the next content of a ConfigMap into its mount, as kubelet does: whole at once, by a link that is turned.
fn mount(folder: &Path, revision: &str, policies: &str) {
    let link = |to: &str, name: &str| {
        let beginning = folder.join("..data_tmp");
        std::os::unix::fs::symlink(to, &beginning).unwrap();
        std::fs::rename(&beginning, folder.join(name)).unwrap();
    };
    let before = std::fs::read_link(folder.join("..data")).ok();
    std::fs::create_dir(folder.join(revision)).unwrap();
    write(&folder.join(revision), "p.yaml", policies);
    link(revision, "..data");
    link("..data/p.yaml", "p.yaml");
    if let Some(before) = before {
        std::fs::remove_dir_all(folder.join(before)).unwrap();
    }
}

#[tokio::test]
async fn a_mounted_config_map_that_becomes_broken_keeps_its_last_good_policies() {
    let mounted = tempfile::tempdir().unwrap();
    mount(mounted.path(), "..2026_11_01", NO_PRIVILEGED);
    let service = service_with(&[], |settings| settings.policies = vec![mounted.path().to_path_buf()]);
    let folder = service.admission.folder().clone();
    let asked = review("CREATE", pod(true), Json::Null);
    assert_eq!(validate(&service, &asked).await["allowed"], false);
    mount(mounted.path(), "..2026_11_02", &NO_PRIVILEGED.replace("!object.spec", "!object."));
    assert_ne!(folder.reload(1), Reloaded::Same);
    let health = folder.health();
    assert_eq!((health.policies, health.problems.is_empty()), (1, false), "{health:?}");
    assert_eq!(validate(&service, &asked).await["allowed"], false);
    mount(mounted.path(), "..2026_11_03", &NO_PRIVILEGED.replace("[Deny]", "[Warn]"));
    assert_eq!(folder.reload(2), Reloaded::Changed);
    assert_eq!(folder.health().problems, Vec::<String>::new());
    assert_eq!(validate(&service, &asked).await["allowed"], true);
}

#[test]
fn a_start_with_a_broken_policy_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "p.yaml", &NO_PRIVILEGED.replace("!object.spec", "!object."));
    let settings =
        AdmissionSettings { policies: vec![folder.path().to_path_buf()], ..AdmissionSettings::default() };
    let problems = PolicyFolder::open(settings, 0).expect_err("the policy is broken");
    assert!(problems[0].contains("p.yaml:"), "{problems:?}");
    let settings =
        AdmissionSettings { policies: vec![folder.path().join("nowhere")], ..AdmissionSettings::default() };
    assert!(PolicyFolder::open(settings, 0).is_err(), "a folder that is not there");
}

#[tokio::test]
async fn garbage_is_refused_with_a_reason() {
    let service = service(&[("p.yaml", NO_PRIVILEGED)]);
    for body in [
        "",
        "{",
        "[]",
        "{}",
        "\u{0}",
        r#"{"kind":"Pod"}"#,
        r#"{"apiVersion":"admission.k8s.io/v9","kind":"AdmissionReview"}"#,
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#,
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":7}}"#,
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"EAT"}}"#,
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","object":[]}}"#,
    ] {
        let told = service.admission.answer(body.into(), Phase::Validate, Duration::from_secs(5)).await;
        assert!(matches!(told, Told::Refused(_)), "{body}: {told:?}");
    }
}

#[tokio::test]
async fn what_stands_twice_in_a_review_is_not_read_in_two_ways() {
    let service = service(&[("p.yaml", NO_PRIVILEGED)]);
    let whole = review("CREATE", pod(true), Json::Null).to_string();
    let (good, bad) = (pod(false).to_string(), pod(true).to_string());
    let request = |more: &str| {
        let text = whole.replacen("\"request\":{", &format!("\"request\":{{{more},"), 1);
        assert_ne!(text, whole);
        text
    };
    let bodies = [
        // The harmless object first, and last.
        request(&format!("\"object\":{good}")),
        whole.replacen(&format!("\"object\":{bad}"), &format!("\"object\":{bad},\"object\":{good}"), 1),
        request("\"uid\":\"other\""),
        request("\"namespace\":\"kube-system\""),
        whole.replacen("\"request\":{", "\"request\":{},\"request\":{", 1),
        whole.replacen("\"privileged\":true", "\"privileged\":true,\"privileged\":false", 1),
        whole.replacen("\"request\":", "\"Request\":", 1),
        whole.replacen("{", "{\"request\":null,", 1),
        // Deep enough to exhaust a stack that follows it.
        format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)),
        request(&format!("\"options\":{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))),
        format!("\u{feff}{whole}"),
        format!("{whole}{whole}"),
    ];
    for body in bodies {
        let body = body.into_bytes();
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let told = service.admission.answer(body.into(), Phase::Validate, Duration::from_secs(5)).await;
        let is_allowed = match &told {
            Told::Refused(_) => false,
            Told::Review(text) => serde_json::from_str::<Json>(text).unwrap()["response"]["allowed"] == true,
            Told::Overloaded => panic!("there was time: {shown}"),
        };
        assert!(!is_allowed, "{shown}: {told:?}");
    }
}

const UNIQUE: &str = r#"
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: uniquename}
spec:
  crd: {spec: {names: {kind: UniqueName}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package unique
        violation[{"msg": "there already"}] {
          data.inventory.namespace[_]["v1"]["Pod"][input.review.object.metadata.name]
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: UniqueName
metadata: {name: pods}
spec: {}
"#;

#[tokio::test]
async fn a_policy_that_looks_others_up_cannot_tell_without_them() {
    let service = service(&[("p.yaml", UNIQUE)]);
    let answer = validate(&service, &review("CREATE", pod(false), Json::Null)).await;
    assert_eq!((&answer["allowed"], &answer["status"]["code"]), (&json!(false), &json!(500)), "{answer}");

    let cluster = tempfile::tempdir().unwrap();
    write(cluster.path(), "pods.json", &pod(false).to_string());
    let set = |settings: &mut AdmissionSettings| settings.inventory = vec![cluster.path().to_path_buf()];
    let service = service_with(&[("p.yaml", UNIQUE)], set);
    let answer = validate(&service, &review("CREATE", pod(false), Json::Null)).await;
    assert_eq!(answer["status"]["code"], 403, "{answer}");
}

#[tokio::test]
async fn many_warnings_stay_within_what_the_api_server_hands_on() {
    let mut text = String::new();
    for index in 0..60 {
        text.push_str(
            &NO_PRIVILEGED
                .replace("no-privileged", &format!("p{index}"))
                .replace("[Deny]", "[Warn]")
                .replace("are not for us", &"x".repeat(400)),
        );
        text.push_str("\n---\n");
    }
    let service = service(&[("p.yaml", &text)]);
    let answer = validate(&service, &review("CREATE", pod(true), Json::Null)).await;
    let warnings: Vec<&str> =
        answer["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect();
    assert!(warnings.iter().all(|warning| warning.chars().count() <= 256));
    assert!(warnings.iter().map(|warning| warning.chars().count()).sum::<usize>() <= 4096);
    assert!(warnings.last().unwrap().contains("more warnings"), "{:?}", warnings.last());
}

/// Requests as a real API server sent them.
fn recorded() -> Option<Vec<(String, Vec<u8>)>> {
    let root = std::env::var_os("HAECHI_CONFORMANCE").map(PathBuf::from);
    let root =
        root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"));
    let root = [root, Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance")]
        .into_iter()
        .find(|root| root.is_dir())?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("policy/admissionreview"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    Some(files.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect())
}

#[tokio::test]
async fn every_recorded_request_is_answered() {
    let Some(requests) = recorded() else {
        println!("skipped: no recorded AdmissionReviews here");
        return;
    };
    assert!(requests.len() >= 32);
    let service = service_with(
        &[("p.yaml", NO_PRIVILEGED), ("m.yaml", MUTATORS), ("u.yaml", &FAILS.replace("MODE", "Fail"))],
        |settings| {
            settings.pod_security = Some(
                "restricted"
                    .parse()
                    .map(|level| haechi_policy::pss::LevelVersion {
                        level,
                        version: haechi_policy::pss::Version::Latest,
                    })
                    .unwrap(),
            );
            settings.checks.push(ChosenCheck::new("privileged-container", Enforcement::Deny).unwrap());
        },
    );
    for (name, body) in requests {
        for phase in [Phase::Validate, Phase::Mutate] {
            let told = service.admission.answer(body.clone().into(), phase, Duration::from_secs(5)).await;
            let Told::Review(text) = &told else { panic!("{name}: {told:?}") };
            let answer: Json = serde_json::from_str(text).unwrap();
            let asked: Json = serde_json::from_slice(&body).unwrap();
            assert_eq!(answer["response"]["uid"], asked["request"]["uid"], "{name}");
        }
    }
}

#[tokio::test]
async fn a_standard_refuses_pods_and_warns_of_workloads() {
    use haechi_policy::pss::{Level, LevelVersion, Version};
    let service = service_with(&[], |settings| {
        settings.pod_security = Some(LevelVersion { level: Level::Baseline, version: Version::Latest });
    });
    let answer = validate(&service, &review("CREATE", pod(true), Json::Null)).await;
    assert_eq!((&answer["allowed"], answer.get("warnings")), (&json!(false), None), "{answer}");
    let mut asked = review("CREATE", Json::Null, Json::Null);
    asked["request"]["kind"] = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    asked["request"]["resource"] = json!({"group": "apps", "version": "v1", "resource": "deployments"});
    asked["request"]["object"] = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "shop"},
        "spec": {"template": {"spec": pod(true)["spec"]}},
    });
    let answer = validate(&service, &asked).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    assert!(answer["warnings"][0].as_str().unwrap().contains("privileged"), "{answer}");
}
