//! What shutdown ends and what it lets finish.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use portvakt_http::Limits;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::harness::{SHORT, TestServer, generous};

const REQUEST: &str = "GET / HTTP/1.1\r\nhost: t\r\n\r\n";

/// A handler that says when it has started and answers when it is told to.
#[derive(Clone, Default)]
struct Gate {
    started: Arc<Notify>,
    finish: Arc<Notify>,
}

impl Gate {
    fn router(&self) -> Router {
        let gate = self.clone();
        Router::new().route(
            "/",
            get(async move || {
                gate.started.notify_one();
                gate.finish.notified().await;
                "finished"
            }),
        )
    }
}

#[tokio::test]
async fn a_started_request_is_answered_and_new_connections_are_refused() {
    let gate = Gate::default();
    let server = TestServer::start(gate.router(), generous()).await;
    let addr = server.addr;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    gate.started.notified().await;

    server.shutdown.trigger();
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    gate.finish.notify_one();

    let answer = client.answer().await;
    assert_eq!(answer.body, "finished");
    assert_eq!(answer.header("connection"), Some("close"));
    client.closed_without_answer().await;
    server.stopped().await;
}

#[tokio::test]
async fn a_request_that_does_not_finish_is_cut_off_after_the_grace() {
    let gate = Gate::default();
    let server = TestServer::start(
        gate.router(),
        Limits {
            shutdown_grace: SHORT,
            ..generous()
        },
    )
    .await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    gate.started.notified().await;

    server.shutdown.trigger();
    client.closed_without_answer().await;
    server.stopped().await;
}

#[tokio::test]
async fn idle_connections_do_not_delay_shutdown() {
    let gate = Gate::default();
    gate.finish.notify_one();
    let server = TestServer::start(gate.router(), generous()).await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    assert_eq!(client.answer().await.status, 200);

    server.shutdown.trigger();
    client.closed_without_answer().await;
    server.stopped().await;
}

#[tokio::test]
async fn connections_without_a_request_do_not_delay_shutdown() {
    let gate = Gate::default();
    gate.finish.notify_one();
    let server = TestServer::start(gate.router(), generous()).await;
    let silent = server.connect().await;
    // Connections are accepted in order, so an answer here means that the other is accepted too.
    assert_eq!(server.answer_to(REQUEST).await.status, 200);

    server.shutdown.trigger();
    silent.closed_without_answer().await;
    server.stopped().await;
}

/// Every slot is taken, so the server is not at the point of accepting when the signal comes.
#[tokio::test]
async fn a_full_server_shuts_down() {
    let gate = Gate::default();
    let server = TestServer::start(
        gate.router(),
        Limits {
            max_connections: 1,
            ..generous()
        },
    )
    .await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    gate.started.notified().await;

    server.shutdown.trigger();
    gate.finish.notify_one();
    assert_eq!(client.answer().await.body, "finished");
    server.stopped().await;
}
