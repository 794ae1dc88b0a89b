//! Bodies that are too large, too slow or cut off.

use std::fmt::Write;

use axum::Router;
use axum::routing::post;
use portvakt_http::Limits;

use crate::harness::{SHORT, TestServer, generous};

const MAX: usize = 1000;

fn router() -> Router {
    Router::new().route("/echo", post(async |body: String| body))
}

async fn server() -> TestServer {
    TestServer::start(
        router(),
        Limits {
            max_body_bytes: MAX,
            ..generous()
        },
    )
    .await
}

fn sized(length: usize) -> String {
    let body = "x".repeat(length);
    format!("POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn chunked(chunks: &[usize]) -> String {
    let mut request =
        String::from("POST /echo HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n");
    for &length in chunks {
        let _ = write!(request, "{length:x}\r\n{}\r\n", "x".repeat(length));
    }
    request + "0\r\n\r\n"
}

#[tokio::test]
async fn a_body_of_the_largest_size_passes() {
    let server = server().await;
    for request in [sized(MAX), chunked(&[MAX]), chunked(&[MAX / 2, MAX / 2])] {
        let answer = server.answer_to(request).await;
        assert_eq!((answer.status, answer.body.len()), (200, MAX));
    }
}

#[tokio::test]
async fn a_larger_body_is_answered_413_however_it_is_framed() {
    let server = server().await;
    for request in [
        sized(MAX + 1),
        sized(900 * MAX),
        chunked(&[MAX + 1]),
        chunked(&[MAX, 1]),
        chunked(&[MAX; 900]),
    ] {
        let answer = server.answer_to(request).await;
        assert_eq!(answer.status, 413);
        assert!(
            answer.body.contains(r#""fault":"BodyTooLarge""#),
            "{}",
            answer.body
        );
    }
}

/// The client has sent nothing yet, so a server that waited for the body would wait for ever.
#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_refused_before_it_sends() {
    let server = server().await;
    let answer = server
        .answer_to(
            "POST /echo HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 5000\r\n\r\n",
        )
        .await;
    assert_eq!(answer.status, 413);
}

/// Discarding what is too large has an end as well: the rest of this body never comes.
#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let server = server().await;
    let mut client = server.connect().await;
    client
        .send("POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 99999999\r\n\r\n")
        .await;
    for _ in 0..200 {
        client.try_send("x".repeat(16 * 1024)).await;
    }
    client.closed().await;
}

#[tokio::test]
async fn a_slow_body_is_answered_408_and_the_connection_closed() {
    let limits = Limits {
        request_timeout: SHORT,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    for beginning in [
        "POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\n",
        "POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "POST /echo HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n3",
    ] {
        let mut client = server.connect().await;
        client.send(beginning).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 408, "{beginning:?}");
        assert!(
            answer.body.contains(r#""fault":"BodyTimeout""#),
            "{}",
            answer.body
        );
        client.closed().await;
    }
}

#[tokio::test]
async fn malformed_chunks_are_answered_400() {
    let server = server().await;
    let answer = server
        .answer_to("POST /echo HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n")
        .await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.contains(r#""fault":"BodyMalformed""#),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_request_that_is_broken_off_harms_no_other() {
    let server = server().await;
    for beginning in [
        "PO",
        "POST /echo HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nabc",
    ] {
        let mut client = server.connect().await;
        client.send(beginning).await;
        drop(client);
    }
    assert_eq!(server.answer_to(sized(3)).await.body, "xxx");
}
