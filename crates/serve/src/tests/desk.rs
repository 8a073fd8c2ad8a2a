//! Incidents, silences and dead alerts, over the API.

use haechi_model::{Priority, Severity};
use haechi_store::Store;
use haechi_store::detections::NewDetection;
use haechi_store::incidents::{IncidentUpdate, SeenKey};
use haechi_store::journal::Act;
use haechi_store::outbox::{AlertState, NewAlert};

use super::*;

fn act(what: &str) -> Act {
    Act { time_us: 1, actor: "system".into(), act: what.into(), subject: "s".into(), details: Json::Null }
}

fn put_incident(store: &dyn Store, id: &str, cluster: &str) {
    let detection = NewDetection {
        id: format!("d-{id}"),
        cluster: cluster.to_owned(),
        rule: "Secret read".to_owned(),
        source: "k8s_audit".to_owned(),
        priority: Priority::Critical,
        time_us: 10,
        event: None,
        body: "{}".to_owned(),
    };
    store.put_detections(vec![detection]).unwrap();
    let update = IncidentUpdate {
        id: id.to_owned(),
        group: "user alice".to_owned(),
        cluster: cluster.to_owned(),
        severity: Severity::Critical,
        first_us: 10,
        last_us: 10,
        title: "Secret read: <b>alice</b>".to_owned(),
        detections: vec![format!("d-{id}")],
        findings: Vec::new(),
        keys: vec![SeenKey { key: "user alice".to_owned(), first_us: 10, last_us: 10 }],
        looks_back_us: 100,
    };
    store.put_incident(update, act("incident.opened")).unwrap();
}

fn acts(world: &World) -> Vec<(String, String, String)> {
    let entries = world.app.access.store().journal(0, 1000).unwrap();
    entries.into_iter().map(|entry| (entry.actor, entry.act, entry.subject)).collect()
}

fn was_noted(world: &World, actor: &str, what: &str, subject: &str) -> bool {
    acts(world).contains(&(actor.to_owned(), what.to_owned(), subject.to_owned()))
}

#[tokio::test]
async fn an_incident_is_shown_with_its_events_acknowledged_and_closed() {
    let world = world();
    put_incident(&**world.app.access.store(), "i1", "one");
    let operator = world.user("lee", Role::Operator).await;
    let shown = json(world.call(Verb::Get, "/api/incidents/i1", &operator, "").await).await;
    assert_eq!(shown["incident"]["state"], "open");
    assert_eq!(shown["detections"][0]["id"], "d-i1");
    assert_eq!(shown["concerns"][0]["key"], "user alice");
    assert_eq!(shown["findings"], serde_json::json!([]));
    let home = text(world.call(Verb::Get, "/", &operator, "").await).await;
    assert!(home.contains("&lt;b&gt;alice&lt;/b&gt;") && home.contains("<td>open</td>"), "{home}");
    let post = async |id: &str, what: &str, note: &str| {
        let path = format!("/api/incidents/{id}/{what}");
        world.call(Verb::Post, &path, &operator, &format!("note={note}")).await
    };
    let taken = json(post("i1", "acknowledge", "I+look").await).await;
    assert_eq!(taken["incident"]["state"], "acknowledged");
    assert_eq!(taken["incident"]["acknowledged_by"], "user:lee");
    assert_eq!(taken["incident"]["notes"], "I look");
    assert_eq!(post("i1", "acknowledge", "").await.status(), StatusCode::CONFLICT, "it is already");
    let closed = json(post("i1", "close", "false+alarm").await).await;
    assert_eq!(closed["incident"]["closed_by"], "user:lee");
    assert_eq!(closed["incident"]["notes"], "I look\nfalse alarm");
    assert_eq!(post("i1", "close", "").await.status(), StatusCode::CONFLICT);
    assert_eq!(post("i1", "acknowledge", "").await.status(), StatusCode::CONFLICT, "it is closed");
    assert_eq!(post("none", "close", "").await.status(), StatusCode::NOT_FOUND);
    let long = "x".repeat(5000);
    assert_eq!(post("i1", "close", &long).await.status(), StatusCode::BAD_REQUEST);
    assert!(was_noted(&world, "user:lee", "incident.acknowledged", "incident:i1"));
    assert!(was_noted(&world, "user:lee", "incident.closed", "incident:i1"));
    let open = json(world.call(Verb::Get, "/api/incidents?closed=false", &operator, "").await).await;
    assert_eq!(open["incidents"], serde_json::json!([]));
    let viewer = world.user("kim", Role::Viewer).await;
    for what in ["close", "reopen"] {
        let path = format!("/api/incidents/i1/{what}");
        assert_eq!(
            world.call(Verb::Post, &path, &viewer, "").await.status(),
            StatusCode::FORBIDDEN,
            "{what}"
        );
    }
    let again = json(post("i1", "reopen", "no+false+alarm").await).await;
    assert_eq!(again["incident"]["state"], "open");
    assert_eq!(again["incident"]["notes"], "I look\nfalse alarm\nno false alarm");
    assert_eq!(again["incident"]["closed_by"], Json::Null);
    assert_eq!(post("i1", "reopen", "").await.status(), StatusCode::CONFLICT, "it is open");
    assert!(was_noted(&world, "user:lee", "incident.reopened", "incident:i1"));
    put_incident(&**world.app.access.store(), "i2", "one");
    let next = json(world.call(Verb::Get, "/api/incidents/i2", &operator, "").await).await;
    assert_eq!(next["incident"]["follows"], "i1");
}

#[tokio::test]
async fn a_token_for_one_cluster_deals_with_no_incident_or_silence_of_another() {
    let world = world();
    let store = world.app.access.store().clone();
    put_incident(&*store, "mine", "one");
    put_incident(&*store, "theirs", "two");
    let access = &world.app.access;
    let made = access.add_token(Scope::Operate, "t", Some("one".to_owned()), None, "test".to_owned()).await;
    let (_, secret) = made.unwrap();
    let token = Credentials { bearer: Some(secret.reveal().to_owned()), ..Credentials::default() };
    for (id, expected) in [("mine", StatusCode::OK), ("theirs", StatusCode::NOT_FOUND)] {
        let path = format!("/api/incidents/{id}");
        assert_eq!(world.call(Verb::Get, &path, &token, "").await.status(), expected, "{id}");
        let path = format!("/api/incidents/{id}/close");
        assert_eq!(world.call(Verb::Post, &path, &token, "").await.status(), expected, "{id}");
    }
    let add = async |form: &str| {
        let form = format!("{form}&reason=r&lasts_s=60");
        world.call(Verb::Post, "/api/silences", &token, &form).await
    };
    assert_eq!(add("cluster=two&rule=x").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(add("x=y").await.status(), StatusCode::BAD_REQUEST);
    let made = json(add("rule=x").await).await;
    assert_eq!(made["conditions"]["cluster"], serde_json::json!(["one"]));
    let (_, all) = world.token(Scope::Operate).await;
    let form = "rule=x&reason=r&lasts_s=60";
    let theirs = json(world.call(Verb::Post, "/api/silences", &all, form).await).await;
    for cluster in ["two", "o*"] {
        let form = format!("cluster={cluster}&rule=x&reason=secret+of+{cluster}&lasts_s=60");
        world.call(Verb::Post, "/api/silences", &all, &form).await;
    }
    // What is silenced here, or may be, and nothing of others.
    let listed = json(world.call(Verb::Get, "/api/silences", &token, "").await).await;
    assert_eq!(listed["silences"].as_array().unwrap().len(), 3, "{listed}");
    assert!(!listed.to_string().contains("secret of two"), "{listed}");
    let end = |id: &Json| format!("/api/silences/{}/end", id.as_str().unwrap());
    let status = world.call(Verb::Post, &end(&theirs["id"]), &token, "").await.status();
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(world.call(Verb::Post, &end(&made["id"]), &token, "").await.status(), StatusCode::OK);
    let status = world.call(Verb::Get, "/api/alerts/dead", &token, "").await.status();
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_silence_needs_conditions_a_reason_and_an_end() {
    let world = world();
    let (id, token) = world.token(Scope::Operate).await;
    let add = async |form: &str| world.call(Verb::Post, "/api/silences", &token, form).await;
    for wrong in [
        "reason=r&lasts_s=60",
        "rule=x&lasts_s=60",
        "rule=x&reason=+&lasts_s=60",
        "rule=x&reason=r",
        "rule=x&reason=r&lasts_s=0",
        "rule=x&reason=r&lasts_s=-5",
        "rule=x&reason=r&lasts_s=60&ends=2999-01-01T00:00:00Z",
        "rule=x&reason=r&ends=2001-01-01T00:00:00Z",
        "rule=x&reason=r&ends=2999-01-01T00:00:00Z",
        "rule=x&reason=r&ends=tomorrow",
        "rule=x&reason=r&lasts_s=99999999999999999",
        "severity=bad&reason=r&lasts_s=60",
        "label=x&reason=r&lasts_s=60",
        "rule=[&reason=r&lasts_s=60",
    ] {
        assert_eq!(add(wrong).await.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
    let form =
        "severity=high&namespace=shop-*&namespace=dev&label=user%3Dalice&reason=maintenance&lasts_s=3600";
    let made = json(add(form).await).await;
    let conditions = serde_json::json!({
        "severity": "high", "namespace": ["shop-*", "dev"], "labels": {"user": ["alice"]},
    });
    assert_eq!(made["conditions"], conditions);
    assert_eq!(made["createdBy"], format!("token:{id}"));
    let list = json(world.call(Verb::Get, "/api/silences", &token, "").await).await;
    assert_eq!(list["silences"][0]["counts"], true);
    let silence = made["id"].as_str().unwrap();
    let path = format!("/api/silences/{silence}/end");
    assert_eq!(world.call(Verb::Post, &path, &token, "").await.status(), StatusCode::OK);
    assert_eq!(world.call(Verb::Post, &path, &token, "").await.status(), StatusCode::CONFLICT);
    let list = json(world.call(Verb::Get, "/api/silences", &token, "").await).await;
    assert_eq!(list["silences"][0]["counts"], false);
    assert!(was_noted(&world, &format!("token:{id}"), "silence.added", &format!("silence:{silence}")));
    assert!(was_noted(&world, &format!("token:{id}"), "silence.ended", &format!("silence:{silence}")));
}

#[tokio::test]
async fn a_dead_alert_is_shown_sent_again_or_given_up() {
    let world = world();
    let store = world.app.access.store().clone();
    let alert = |id: &str| NewAlert {
        id: id.to_owned(),
        receiver: "pager".to_owned(),
        group: id.to_owned(),
        payload: b"{}".to_vec(),
        created_us: 1,
        due_us: 1,
    };
    store.put_alerts(vec![alert("a1"), alert("a2")]).unwrap();
    for claimed in store.claim_alerts(None, 2, 3, 10).unwrap() {
        store.retry_alert(&claimed.id, claimed.lease, "<503>", 4, 1).unwrap();
    }
    let (id, token) = world.token(Scope::Operate).await;
    let dead = json(world.call(Verb::Get, "/api/alerts/dead", &token, "").await).await;
    assert_eq!((&dead["count"], &dead["dead"][0]["why"]), (&2.into(), &"<503>".into()));
    let home = world.user("kim", Role::Viewer).await;
    let home = text(world.call(Verb::Get, "/", &home, "").await).await;
    assert!(home.contains("Alerts that nobody got") && home.contains("&lt;503&gt;"), "{home}");
    let status = json(world.call(Verb::Get, "/api/status", &token, "").await).await;
    assert_eq!(status["alerts"]["pager"]["dead"], 2);
    let post = async |path: &str| world.call(Verb::Post, path, &token, "").await.status();
    assert_eq!(post("/api/alerts/dead/a1/retry").await, StatusCode::OK);
    assert_eq!(post("/api/alerts/dead/a1/retry").await, StatusCode::CONFLICT, "it is not dead");
    assert_eq!(post("/api/alerts/dead/a1/drop").await, StatusCode::CONFLICT, "what waits is not dropped");
    assert_eq!(post("/api/alerts/dead/a2/drop").await, StatusCode::OK);
    assert_eq!(post("/api/alerts/dead/a2/drop").await, StatusCode::NOT_FOUND);
    let states: Vec<AlertState> =
        store.alerts(None, None, 10).unwrap().into_iter().map(|head| head.state).collect();
    assert_eq!(states, [AlertState::Pending]);
    assert!(was_noted(&world, &format!("token:{id}"), "alert.retried", "alert:a1"));
    assert!(was_noted(&world, &format!("token:{id}"), "alert.dropped", "alert:a2"));
}
