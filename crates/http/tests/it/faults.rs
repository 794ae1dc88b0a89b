//! Handlers that fail, and the ids that requests are known by.

use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use portvakt_http::{Limits, RequestId};
use tokio::sync::Notify;

use crate::harness::{SHORT, TestServer, generous};

fn router() -> Router {
    Router::new()
        .route(
            "/panic",
            get(async || -> &'static str { panic!("on purpose") }),
        )
        .route("/stuck", get(std::future::pending::<&'static str>))
        .route(
            "/id",
            get(async |Extension(id): Extension<RequestId>| id.to_string()),
        )
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: t\r\n\r\n")
}

#[tokio::test]
async fn a_panic_is_answered_500_and_the_connection_lives_on() {
    let server = TestServer::start(router(), generous()).await;
    let mut client = server.connect().await;
    client.send(request("/panic")).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains(r#""fault":"HandlerPanicked""#),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("on purpose"), "{}", answer.body);

    client.send(request("/id")).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(server.answer_to(request("/id")).await.status, 200);
}

#[tokio::test]
async fn a_handler_without_an_answer_is_given_up() {
    let limits = Limits {
        request_timeout: SHORT,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    let answer = server.answer_to(request("/stuck")).await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.contains(r#""fault":"HandlerTimeout""#),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_request_id_is_the_same_in_handler_and_answer_and_differs_between_requests() {
    let server = TestServer::start(router(), generous()).await;
    for expected in ["a0".repeat(16), "a1".repeat(16)] {
        let answer = server.answer_to(request("/id")).await;
        assert_eq!(answer.body, expected);
        assert_eq!(answer.header("x-request-id"), Some(&*expected));
    }
}

#[tokio::test]
async fn the_request_id_is_never_taken_from_the_request() {
    let server = TestServer::start(router(), generous()).await;
    let forged = "GET /id HTTP/1.1\r\nhost: t\r\nx-request-id: ffffffffffffffff\r\n\r\n";
    let answer = server.answer_to(forged).await;
    assert_eq!(answer.header("x-request-id"), Some(&*"a0".repeat(16)));
}

#[tokio::test]
async fn faults_and_unknown_paths_have_a_request_id_too() {
    let server = TestServer::start(router(), generous()).await;
    let answer = server.answer_to(request("/panic")).await;
    assert!(
        answer.body.contains(answer.header("x-request-id").unwrap()),
        "{}",
        answer.body
    );

    let answer = server.answer_to(request("/nowhere")).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("x-request-id"), Some(&*"a1".repeat(16)));
}

#[tokio::test]
async fn a_request_too_many_is_turned_away_at_once_and_a_place_is_free_again_later() {
    let limits = Limits {
        max_requests: 1,
        ..generous()
    };
    let (started, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held = get({
        let (started, release) = (Arc::clone(&started), Arc::clone(&release));
        async move || {
            started.notify_one();
            release.notified().await;
            "held"
        }
    });
    let server = TestServer::start(router().route("/held", held), limits).await;
    let mut holder = server.connect().await;
    holder.send(request("/held")).await;
    started.notified().await;
    let turned_away = server.answer_to(request("/id")).await;
    assert_eq!(turned_away.status, 503);
    assert!(
        turned_away.body.contains(r#""fault":"Overloaded""#),
        "{}",
        turned_away.body
    );

    release.notify_one();
    assert_eq!(holder.answer().await.body, "held");
    assert_eq!(server.answer_to(request("/id")).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_slow_takes_no_place_from_others() {
    let limits = Limits {
        max_requests: 1,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    let mut slow = server.connect().await;
    slow.send("POST /id HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\n12345")
        .await;
    assert_eq!(server.answer_to(request("/id")).await.status, 200);
    slow.send("67890").await;
    assert_eq!(slow.answer().await.status, 405);
}
