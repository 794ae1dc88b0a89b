//! Header sections, keep-alive, clients that do not read, and the number of connections.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use portvakt_http::Limits;

use crate::harness::{SHORT, TestServer, generous};

const HELLO: &str = "GET /hello HTTP/1.1\r\nhost: t\r\n\r\n";

fn router() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/big", get(async || "x".repeat(1024 * 1024)))
        .route(
            "/peer",
            get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()),
        )
}

#[tokio::test]
async fn a_slow_header_section_closes_the_connection() {
    let limits = Limits {
        header_timeout: SHORT,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    for beginning in ["", "G", "GET /hello HTTP/1.1\r\nhost: t\r\n"] {
        let mut client = server.connect().await;
        client.send(beginning).await;
        client.closed_without_answer().await;
    }
}

/// Bytes that trickle in buy no time: the deadline counts from the first of them.
#[tokio::test]
async fn a_trickling_header_section_closes_the_connection() {
    let limits = Limits {
        header_timeout: SHORT,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    for requests_before in [0, 1] {
        let mut client = server.connect().await;
        for _ in 0..requests_before {
            client.send(HELLO).await;
            client.answer().await;
        }
        let mut pause = tokio::time::interval(SHORT / 10);
        for byte in HELLO.bytes() {
            client.try_send([byte]).await;
            pause.tick().await;
        }
        client.closed_without_answer().await;
    }
}

/// Threat: whoever has been idle for a while may take as long for a header section as for a request.
#[tokio::test]
async fn the_header_timeout_also_bounds_later_requests() {
    let limits = Limits {
        header_timeout: SHORT,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    for idle_time in [Duration::ZERO, SHORT * 2] {
        let mut client = server.connect().await;
        client.send(HELLO).await;
        assert_eq!(client.answer().await.status, 200);
        tokio::time::sleep(idle_time).await;
        client.send("GET /hello HTTP/1.1\r\n").await;
        client.closed_without_answer().await;
    }
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout_until_its_own() {
    let limits = Limits {
        header_timeout: SHORT,
        keep_alive_timeout: SHORT * 8,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    let mut client = server.connect().await;
    client.send(HELLO).await;
    client.answer().await;

    tokio::time::sleep(SHORT * 2).await;
    client.send(HELLO).await;
    assert_eq!(client.answer().await.status, 200);

    client.closed_without_answer().await;
}

#[tokio::test]
async fn an_oversized_header_section_is_answered_431() {
    let limits = Limits {
        max_header_bytes: 8 * 1024,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    let with_field = |length| {
        format!(
            "GET /hello HTTP/1.1\r\nhost: t\r\nx: {}\r\n\r\n",
            "y".repeat(length)
        )
    };

    assert_eq!(server.answer_to(with_field(7 * 1024)).await.status, 200);
    assert_eq!(server.answer_to(with_field(8 * 1024)).await.status, 431);
    let many = format!("GET /hello HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(101));
    assert_eq!(server.answer_to(many).await.status, 431);
}

#[tokio::test]
async fn what_is_not_http_is_answered_400() {
    let server = TestServer::start(router(), generous()).await;
    for nonsense in [
        "\u{16}\u{3}\u{1}\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
    ] {
        assert_eq!(server.answer_to(nonsense).await.status, 400, "{nonsense:?}");
    }
}

/// Two readings of where a request ends are how one is smuggled past a proxy.
#[tokio::test]
async fn ambiguous_framing_is_never_read_as_two_requests() {
    let server = TestServer::start(router(), generous()).await;
    for framing in [
        "content-length: 4\r\ncontent-length: 5",
        "content-length: +4",
        "transfer-encoding: chunked, identity",
    ] {
        let request = format!("GET /hello HTTP/1.1\r\nhost: t\r\n{framing}\r\n\r\n{HELLO}");
        assert_eq!(server.answer_to(request).await.status, 400, "{framing:?}");
    }
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let server = TestServer::start(router(), generous()).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.send(HELLO).await;
        assert_eq!(client.answer().await.body, "hello");
    }

    client.send(HELLO.repeat(5)).await;
    for _ in 0..5 {
        assert_eq!(client.answer().await.body, "hello");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let limits = Limits {
        write_timeout: SHORT,
        max_connections: 1,
        ..generous()
    };
    let server = TestServer::start(router(), limits).await;
    let mut deaf = server.connect().await;
    deaf.send("GET /big HTTP/1.1\r\nhost: t\r\n\r\n".repeat(40))
        .await;

    // There is one slot, so this is answered only once the other connection is gone.
    assert_eq!(server.answer_to(HELLO).await.status, 200);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_one_to_close() {
    let server = TestServer::start(
        router(),
        Limits {
            max_connections: 2,
            ..generous()
        },
    )
    .await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    for client in [&mut first, &mut second] {
        client.send(HELLO).await;
        assert_eq!(client.answer().await.status, 200);
    }
    let mut third = server.connect().await;
    third.send(HELLO).await;
    assert!(
        tokio::time::timeout(SHORT, third.answer()).await.is_err(),
        "answered out of turn"
    );

    drop(first);
    assert_eq!(third.answer().await.status, 200);
    second.send(HELLO).await;
    assert_eq!(second.answer().await.status, 200);
}

#[tokio::test]
async fn handlers_learn_the_address_of_the_client() {
    let server = TestServer::start(router(), generous()).await;
    let answer = server
        .answer_to("GET /peer HTTP/1.1\r\nhost: t\r\n\r\n")
        .await;
    assert!(answer.body.starts_with("127.0.0.1:"), "{}", answer.body);
}
