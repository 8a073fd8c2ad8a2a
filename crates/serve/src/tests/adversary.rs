//! Clients that mean harm, or find the service in an odd moment.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame};
use tokio::sync::mpsc;

use super::*;

/// A body whose pieces and end the test decides about.
struct Pieces(mpsc::Receiver<&'static str>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|piece| piece.map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_while_a_body_arrives_opens_nothing() {
    let world = world();
    let (id, intake) = world.token(Scope::Intake).await;
    let (pieces, body) = mpsc::channel(1);
    let request = Request::builder()
        .method("POST")
        .uri("/intake/falco")
        .header(header::HOST, "haechi.test")
        .header(header::AUTHORIZATION, format!("Bearer {}", intake.bearer.clone().unwrap()))
        .body(Body::new(Pieces(body)))
        .unwrap();
    let router = world.router.clone();
    let answering = tokio::spawn(async move { router.oneshot(request).await.unwrap() });
    pieces.send(r#"{"rule":"Shell","priority":"Critical","output":"o","#).await.unwrap();
    // This one waits until the first was read: the request is under way.
    pieces.send(r#""time":"2026-11-22T10:00:00Z","output_fields":{}}"#).await.unwrap();
    world.app.access.revoke_token(&id, "test".to_owned()).await.unwrap();
    drop(pieces);
    assert_eq!(answering.await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert!(world.app.intake.counts().unwrap().values().all(|counts| counts.received == 0));
}

#[tokio::test]
async fn two_cookies_and_odd_content_types_are_no_way_around_the_form() {
    let world = world();
    let root = world.user("root", Role::Admin).await;
    let other = csrf_of(&Secret::of("planted"));
    let own = root.cookie.clone().unwrap();
    let form =
        |csrf: &str| format!("csrf={csrf}&name=eve&role=admin&password={}", PASSWORD.replace(' ', "+"));
    // A cookie that somebody planted beside the real one, and forms as browsers send them without asking first.
    for cookie in [
        format!("{own}; __Host-haechi=planted"),
        format!("__Host-haechi=planted; {own}"),
        own.replace("__Host-haechi", "__host-haechi"),
    ] {
        for media in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/json",
            "application/x-www-form-urlencoded;charset=utf-7",
            "",
        ] {
            for body in [form(&other), form(""), format!("{{\"x\":\"&{}&\"}}", form(&other))] {
                let mut request = Request::builder()
                    .method("POST")
                    .uri("/api/users")
                    .header(header::HOST, "haechi.test")
                    .header(header::COOKIE, &cookie);
                if !media.is_empty() {
                    request = request.header(header::CONTENT_TYPE, media);
                }
                let status = world.send(request.body(Body::from(body)).unwrap()).await.status();
                assert!(
                    matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED),
                    "{cookie} {media}: {status}"
                );
            }
        }
    }
    assert_eq!(world.app.access.users().await.unwrap().len(), 1);
    // Two headers with the proof: the wrong one first is wrong.
    let request = Request::builder()
        .method("POST")
        .uri("/api/users")
        .header(header::HOST, "haechi.test")
        .header(header::COOKIE, &own)
        .header("x-csrf-token", "wrong")
        .header("x-csrf-token", root.csrf.clone().unwrap());
    let status = world.send(request.body(Body::from(form(&other))).unwrap()).await.status();
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn names_of_any_kind_leave_the_numbers_readable() {
    let world = world();
    let (_, scraper) = world.token(Scope::Metrics).await;
    let odd = "a\"b\\c} 1\nhaechi_findings{cluster=\"x";
    world.app.companions.clusters().tell(odd, ClusterState::default());
    world.app.metrics.set_posture(Some([(odd.to_owned(), [(Severity::Critical, 1)].into())].into()));
    let numbers = text(world.call(Verb::Get, "/metrics", &scraper, "").await).await;
    for line in numbers.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit(' ').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    let line = numbers.lines().find(|line| line.starts_with("haechi_cluster_reachable{")).unwrap();
    assert_eq!(line, r#"haechi_cluster_reachable{cluster="a\"b\\c} 1\nhaechi_findings{cluster=\"x"} 0.0"#);
}

#[tokio::test]
async fn a_token_can_be_good_for_any_cluster_that_can_be_watched() {
    let world = world();
    let arn = "arn:aws:eks:ap-northeast-2:111122223333:cluster/shop";
    let add = |cluster: &str| {
        let cluster = Some(cluster.to_owned());
        world.app.access.add_token(Scope::Read, "t", cluster, Some(3600), "test".to_owned())
    };
    for cluster in [arn, "kubernetes-admin@kubernetes", "운영 클러스터"] {
        assert!(add(cluster).await.is_ok(), "{cluster}");
    }
    for cluster in ["", " ", "a\nb", &"x".repeat(254)] {
        assert!(add(cluster).await.is_err(), "{cluster:?}");
    }
}

#[tokio::test]
async fn many_bodies_under_way_have_one_bound_and_leave_admission_room() {
    let world = world_of(AccessOptions::default(), None, Bodies::new(1 << 10, 1 << 10));
    let (_, intake) = world.token(Scope::Intake).await;
    let (_, admit) = world.token(Scope::Admit).await;
    let begin = |uri: &str, token: &Credentials| {
        let (pieces, body) = mpsc::channel(1);
        let request = Request::builder()
            .method("POST")
            .uri(uri)
            .header(header::HOST, "haechi.test")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", token.bearer.clone().unwrap()))
            .body(Body::new(Pieces(body)))
            .unwrap();
        let router = world.router.clone();
        (pieces, tokio::spawn(async move { router.oneshot(request).await.unwrap() }))
    };
    // There is room for ten of them.
    const PIECE: &str = "{\"a\": \"........................................................................................\"";
    let (slow, answering) = begin("/intake/falco", &intake);
    for _ in 0..10 {
        slow.send(PIECE).await.unwrap();
    }
    let (more, refused) = begin("/intake/falco", &intake);
    let _ = more.send(PIECE).await;
    let _ = more.send(PIECE).await;
    drop(more);
    let response = refused.await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    // Admission has its own room.
    let (review, answered) = begin("/admit/validate", &admit);
    review.send("{}").await.unwrap();
    drop(review);
    assert_eq!(answered.await.unwrap().status(), StatusCode::BAD_REQUEST);
    // What ended gives its room back.
    drop(slow);
    assert_ne!(answering.await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    let (again, taken) = begin("/intake/falco", &intake);
    again.send(r#"{"rule":"Shell","priority":"Critical","output":"o","#).await.unwrap();
    again.send(r#""time":"2026-11-22T10:00:00Z","output_fields":{}}"#).await.unwrap();
    drop(again);
    assert_eq!(taken.await.unwrap().status(), StatusCode::OK);
}
