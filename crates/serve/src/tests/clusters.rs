//! Several clusters on the page and in the numbers.

use haechi_store::findings::ScanRun;

use super::records::seen;
use super::*;

fn put(world: &World, cluster: &str, name: &str) {
    let findings = vec![seen(Severity::High, name)];
    let run = ScanRun { cluster: cluster.to_owned(), at_us: 1, covered: None, findings };
    world.app.access.store().put_scan(run).unwrap();
}

#[tokio::test]
async fn the_page_shows_all_clusters_or_what_concerns_one() {
    let world = world();
    let reader = world.user("kim", Role::Viewer).await;
    put(&world, "one & all", "web");
    put(&world, "two", "db");
    let away = ClusterState {
        unreachable_since_us: Some(0),
        error: Some("<away>".to_owned()),
        ..ClusterState::default()
    };
    world.app.companions.clusters().tell("two", away);
    let page = text(world.call(Verb::Get, "/", &reader, "").await).await;
    assert!(
        page.contains("<a href=\"/?cluster=one+%26+all\">one &amp; all</a></th><td>not watched"),
        "{page}"
    );
    assert!(page.contains(">two</a></th><td>does not answer</td><td>1970-01-01T00:00:00Z"), "{page}");
    assert!(page.contains("&lt;away&gt;") && !page.contains("<away>"), "{page}");
    assert!(page.contains("Pod/shop/web") && page.contains("Pod/shop/db"), "{page}");
    let page = text(world.call(Verb::Get, "/?cluster=one+%26+all", &reader, "").await).await;
    assert!(page.contains("Pod/shop/web") && !page.contains("Pod/shop/db"), "{page}");
    assert!(page.contains("<a href=\"/\">All clusters</a>") && page.contains("/?cluster=two"), "{page}");
    // A name that nobody knows is shown as it is, and there is nothing of it.
    let page = text(world.call(Verb::Get, "/?cluster=%3Cb%3E", &reader, "").await).await;
    assert!(page.contains("&lt;b&gt;") && !page.contains("<b>") && !page.contains("Pod/shop/"), "{page}");
}

#[tokio::test]
async fn one_score_for_all_needs_all_of_them() {
    let world = world();
    let (_, scraper) = world.token(Scope::Metrics).await;
    let judged = |open: &[&'static str]| {
        let asked = haechi_checks::CHECKS.iter().map(|check| &check.info);
        crate::compliance::Compliance::judge(asked, &open.iter().copied().collect())
    };
    let score = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("compliance_score_percentage "));
        line.map(|score| score.parse::<f64>().unwrap())
    };
    let metrics = &world.app.metrics;
    metrics.set_compliance("one", judged(&[]));
    metrics.set_compliance("two", None);
    let numbers = text(world.call(Verb::Get, "/metrics", &scraper, "").await).await;
    assert_eq!(score(&numbers), None, "two was not judged");
    assert!(numbers.contains("{cluster=\"one\",framework=\"soc-2\"} 100"), "{numbers}");
    metrics.set_compliance("two", judged(&["privileged-container"]));
    let numbers = text(world.call(Verb::Get, "/metrics", &scraper, "").await).await;
    let alone = judged(&["privileged-container"]).unwrap().score();
    let both = score(&numbers).unwrap();
    assert!(alone < both && both < 100.0, "{alone} {both}");
    assert!((both - (100.0 + alone) / 2.0).abs() < 1e-9);
}
