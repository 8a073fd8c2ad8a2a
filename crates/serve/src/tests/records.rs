//! What the store holds, over the API.

use super::*;

pub(super) fn seen(severity: haechi_model::Severity, name: &str) -> haechi_store::findings::SeenFinding {
    let body = serde_json::json!({
        "rule": "privileged-container", "source": "check", "path": "", "jsonPath": "$.spec",
        "args": {"container": "<b>web</b>"},
    });
    haechi_store::findings::SeenFinding {
        fingerprint: haechi_model::Fingerprint::of([name]),
        rule: "privileged-container".to_owned(),
        severity,
        resource: haechi_model::ResourceRef {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        },
        body: body.to_string(),
    }
}

#[tokio::test]
async fn what_the_store_holds_is_listed_page_by_page() {
    use haechi_model::Severity;
    let world = world();
    let reader = world.user("kim", Role::Viewer).await;
    let empty = text(world.call(Verb::Get, "/", &reader, "").await).await;
    assert!(empty.contains("Nothing has come in yet"), "{empty}");
    let store = world.app.access.store().clone();
    for (cluster, count) in [("one", 5), ("two", 1)] {
        let findings = (0..count).map(|n| seen(Severity::High, &format!("pod-{n}"))).collect();
        let run = haechi_store::findings::ScanRun {
            cluster: cluster.to_owned(),
            at_us: 1,
            covered: None,
            findings,
        };
        store.put_scan(run).unwrap();
    }
    let (mut names, mut path) = (Vec::new(), "/api/findings?cluster=one&limit=2".to_owned());
    loop {
        let page = json(world.call(Verb::Get, &path, &reader, "").await).await;
        for finding in page["findings"].as_array().unwrap() {
            names.push(finding["resource"]["name"].as_str().unwrap().to_owned());
            assert!(finding["message"].as_str().unwrap().contains("web"), "{finding}");
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/findings?cluster=one&limit=2&after={next}");
    }
    names.sort();
    assert_eq!(names, ["pod-0", "pod-1", "pod-2", "pod-3", "pod-4"]);
    for (query, expected) in [
        ("severity=critical", 0),
        ("severity=low", 6),
        ("namespace=shop&cluster=two", 1),
        ("namespace=x", 0),
        ("fixed=true", 0),
        ("fixed=false", 6),
    ] {
        let page = json(world.call(Verb::Get, &format!("/api/findings?{query}"), &reader, "").await).await;
        assert_eq!(page["findings"].as_array().unwrap().len(), expected, "{query}");
    }
    for wrong in [
        "findings?severity=bad",
        "findings?after=x",
        "findings?limit=x",
        "detections?priority=x",
        "detections?after=WyJ4Il0",
        "incidents?state=x",
    ] {
        let status = world.call(Verb::Get, &format!("/api/{wrong}"), &reader, "").await.status();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let incidents = json(world.call(Verb::Get, "/api/incidents", &reader, "").await).await;
    assert_eq!(incidents["incidents"], serde_json::json!([]));
    let page = text(world.call(Verb::Get, "/", &reader, "").await).await;
    assert!(page.contains("<td>one</td>") && page.contains("<td>5</td>"), "{page}");
}

#[tokio::test]
async fn a_token_for_one_cluster_sees_no_other() {
    let world = world();
    let access = &world.app.access;
    let made = access.add_token(Scope::Read, "t", Some("one".to_owned()), None, "test".to_owned()).await;
    let (_, secret) = made.unwrap();
    let token = Credentials { bearer: Some(secret.reveal().to_owned()), ..Credentials::default() };
    for (cluster, name) in [("one", "mine"), ("two", "theirs")] {
        let findings = vec![seen(haechi_model::Severity::High, name)];
        let run = haechi_store::findings::ScanRun {
            cluster: cluster.to_owned(),
            at_us: 1,
            covered: None,
            findings,
        };
        access.store().put_scan(run).unwrap();
    }
    let all = text(world.call(Verb::Get, "/api/findings", &token, "").await).await;
    assert!(all.contains("mine") && !all.contains("theirs"), "{all}");
    for route in ["findings", "detections", "incidents"] {
        let status = world.call(Verb::Get, &format!("/api/{route}?cluster=two"), &token, "").await.status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{route}");
    }
}

#[tokio::test]
async fn an_event_is_read_by_its_detection_and_the_reader_is_noted() {
    let world = world();
    let (_, intake) = world.token(Scope::Intake).await;
    let alert = r#"{"rule":"<i>Shell</i>","priority":"Critical","output":"o","time":"2026-11-22T10:00:00Z","output_fields":{}}"#;
    assert_eq!(world.call(Verb::Post, "/intake/falco", &intake, alert).await.status(), StatusCode::OK);
    let operator = world.user("lee", Role::Operator).await;
    let page = json(world.call(Verb::Get, "/api/detections?priority=critical", &operator, "").await).await;
    let event = page["detections"][0]["event"].as_i64().expect("its event");
    let path = format!("/api/events/{event}");
    let body = json(world.call(Verb::Get, &path, &operator, "").await).await;
    assert_eq!(body["body"]["rule"], "<i>Shell</i>");
    let status = world.call(Verb::Get, "/api/events/999", &operator, "").await.status();
    assert_eq!(status, StatusCode::NOT_FOUND);
    let viewer = world.user("kim", Role::Viewer).await;
    assert_eq!(world.call(Verb::Get, &path, &viewer, "").await.status(), StatusCode::FORBIDDEN);
    let home = text(world.call(Verb::Get, "/", &viewer, "").await).await;
    assert!(home.contains("&lt;i&gt;Shell&lt;/i&gt;") && !home.contains("<i>"), "{home}");
    let entries = world.app.access.store().journal(0, 100).unwrap();
    assert!(entries.iter().any(|entry| entry.act == "event.read" && entry.actor == "user:lee"));
}
