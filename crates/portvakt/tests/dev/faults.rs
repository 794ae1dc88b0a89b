//! Faults on purpose.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Dev, form};

/// Everything that the server sends on a connection of its own until it closes it.
async fn raw(dev: &Dev, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", dev.port())).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // A reset is as good as an end: what counts is what came before it.
    let _ = stream.read_to_end(&mut received).await;
    received
}

#[tokio::test]
async fn a_status_is_answered_for_so_many_calls_and_no_grant_is_used_up() {
    let dev = Dev::start().await;
    let body = json!({ "error": "temporarily_unavailable" });
    dev.script("/token", json!({ "status": 503, "body": body }), 2)
        .await;
    dev.script(
        "/token",
        json!({ "status": 502, "body": "<html>Bad Gateway" }),
        1,
    )
    .await;
    dev.script("/token", json!({ "status": 500 }), 1).await;
    let grant = dev.grant().sign();
    for _ in 0..2 {
        let answer = dev.exchange(&grant).await;
        assert_eq!((answer.status, &answer.body), (503, &body));
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    let answer = dev.exchange(&grant).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (502, "<html>Bad Gateway")
    );
    let answer = dev.exchange(&grant).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (500, &json!("scripted_fault"))
    );
    dev.exchange(&grant).await.token();
}

#[tokio::test]
async fn a_dropped_connection_carries_no_byte_of_an_answer() {
    let dev = Dev::start().await;
    let well_known = "/.well-known/oauth-authorization-server";
    let body = form(&dev.grant().sign());
    let post = format!(
        "POST /token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    );
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    for (endpoint, request) in [
        ("/token", post.clone()),
        ("/jwk", get("/jwk")),
        (well_known, get(well_known)),
    ] {
        dev.script(endpoint, json!({ "drop_connection": true }), 1)
            .await;
        assert_eq!(raw(&dev, &request).await, b"", "{endpoint}");
    }
    // The grant was not used up, so the same bytes now get a token.
    let answer = String::from_utf8(raw(&dev, &post).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn a_delayed_call_is_answered_late_and_right() {
    let dev = Dev::start().await;
    dev.script("/jwk", json!({ "delay_milliseconds": 300 }), 1)
        .await;
    let started = Instant::now();
    let answer = dev.get(&format!("{}jwk", dev.issuer())).await;
    // Only "not before" is asserted: how much later depends on the machine.
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(answer.body["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_rotate_between_two_calls() {
    let dev = Dev::start().await;
    let kid = |token: &str| crate::tokens::json_part(token, 0)["kid"].clone();
    let first = kid(dev.exchange(&dev.grant().sign()).await.token());
    dev.script("/token", json!({ "rotate_keys": true }), 1)
        .await;
    let second = kid(dev.exchange(&dev.grant().sign()).await.token());
    assert_ne!(first, second);
    let third = kid(dev.exchange(&dev.grant().sign()).await.token());
    assert_eq!(second, third);
}

#[tokio::test]
async fn the_login_surface_fails_by_itself() {
    let dev = Dev::start().await;
    let login = dev.endpoints()["idporten"]["issuer"].as_str().unwrap();
    let script = json!({
        "surface": "idporten", "endpoint": "/token", "fault": { "status": 503 }, "calls": 1,
    });
    let listed = dev.order(Method::POST, "/dev/faults", script.clone()).await;
    assert_eq!(listed["faults"], json!([script]));
    // The other surface has an endpoint of the same name.
    dev.exchange(&dev.grant().sign()).await.token();
    let token = format!("{login}/token");
    for (status, error) in [(503, "scripted_fault"), (415, "invalid_request")] {
        let answer = dev.http().post(&token).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["error"], error);
    }
}

#[tokio::test]
async fn what_waits_is_listed_and_forgotten() {
    let dev = Dev::start().await;
    dev.script("/jwk", json!({ "status": 500 }), 3).await;
    dev.script("/token", json!({ "drop_connection": true }), 1)
        .await;
    dev.get(&format!("{}jwk", dev.issuer())).await;
    let listed = dev.order(Method::GET, "/dev/faults", Value::Null).await;
    let waiting = json!([
        {
            "surface": "maskinporten", "endpoint": "/jwk", "fault": { "status": 500 }, "calls": 2,
        },
        {
            "surface": "maskinporten", "endpoint": "/token", "fault": { "drop_connection": true },
            "calls": 1,
        },
    ]);
    assert_eq!(listed["faults"], waiting);
    dev.order(Method::DELETE, "/dev/faults", Value::Null).await;
    let answer = dev.get(&format!("{}jwk", dev.issuer())).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn refuses_what_it_does_not_understand() {
    let dev = Dev::start().await;
    for wrong in [
        json!({}),
        json!({ "endpoint": "/token" }),
        json!({ "endpoint": "/health", "fault": { "status": 500 } }),
        json!({ "endpoint": "/token", "fault": {} }),
        json!({ "endpoint": "/token", "fault": { "status": 99 } }),
        json!({ "endpoint": "/token", "fault": { "status": 500 }, "calls": 0 }),
        json!({ "endpoint": "/token", "fault": { "status": 500 }, "times": 1 }),
        json!({ "endpoint": "/token", "fault": { "explode": true } }),
        json!({ "endpoint": "/par", "fault": { "status": 500 } }),
        json!({ "surface": "idporten", "endpoint": "/jwk", "fault": { "status": 500 } }),
        json!({ "surface": "portal", "endpoint": "/token", "fault": { "status": 500 } }),
    ] {
        let answer = dev.control(Method::POST, "/dev/faults", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert_eq!(answer.body["error"], "invalid_request", "{wrong}");
    }
    let listed = dev.order(Method::GET, "/dev/faults", Value::Null).await;
    assert_eq!(listed["faults"], json!([]));
}
