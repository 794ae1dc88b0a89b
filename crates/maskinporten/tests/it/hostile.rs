//! Attacks: what a stranger, or a client against another, may try.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use portvakt_http::Limits;
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_testkit::{
    Answer, Grant, HAVBRIS_CLIENT, KID, Options, SCOPE, TINDESYSTEM_CLIENT, TestServer,
    second_signing_key, signing_key,
};
use serde_json::json;

use crate::rows::{MP_124, assert_issued, world};
use crate::wire::{Wire, token_head};

/// docs §8.2: Host and forwarding headers never change the issuer, its links or its audience.
#[tokio::test]
async fn hostile_host_headers_change_nothing() {
    let server = TestServer::start().await;
    let headers = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-url", "/evil"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let body = |grant: String| {
        format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={grant}")
    };
    let answer = server
        .post_with(&headers, body(Grant::havbris(&server).sign()))
        .await;
    assert_issued(&answer);
    assert_eq!(answer.claims()["iss"], server.issuer());
    let refusal = server.post_with(&headers, body("x".to_owned())).await;
    assert_eq!(
        refusal.member("error_uri"),
        format!("{}errors/MP-011", server.issuer())
    );
    let evil = Grant::havbris(&server)
        .claim("aud", json!("http://evil.example/"))
        .sign();
    crate::rows::MP_110.check(
        &server.post_with(&headers, body(evil)).await,
        "Invalid JWT claim aud.",
    );
    for path in ["/.well-known/oauth-authorization-server", "/nothing"] {
        let mut request = server.http().get(server.url(path));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = Answer::read(request.send().await.expect("the server answers")).await;
        assert!(!answer.text.contains("evil"), "{}", answer.text);
    }
}

/// docs §4.1: Every algorithm with every type of key: only the registered pair gets a token.
#[tokio::test]
async fn every_algorithm_with_every_type_of_key() {
    let keys = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa].map(|algorithm| {
        SigningKey::generate(algorithm, RsaBits::B2048).expect("a key can be made")
    });
    let server =
        world(|world| world.client_mut(HAVBRIS_CLIENT).1 = vec![keys[0].public_jwk(KID)]).await;
    let names = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K",
        "EdDSA", "Ed25519", "HS256", "HS384", "HS512", "none", "None", "NONE", "", "RSA-OAEP",
        "dir",
    ];
    for name in names {
        for (position, key) in keys.iter().enumerate() {
            let answer = server
                .exchange(
                    &Grant::havbris(&server)
                        .header("alg", json!(name))
                        .key(key)
                        .sign(),
                )
                .await;
            let right = name == "RS256" && position == 0;
            assert_eq!(
                answer.status == 200,
                right,
                "{name} with key {position}: {}",
                answer.text
            );
            assert!(answer.status < 500, "{}", answer.text);
        }
    }
}

/// docs §5: Every bit of a grant is protected: no flipped bit, cut or extension is accepted.
#[tokio::test]
async fn no_change_of_a_grant_is_accepted() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    let mut changed = Vec::new();
    for position in (0..grant.len()).step_by(7) {
        let mut bytes = grant.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        changed.push(String::from_utf8(bytes).expect("ASCII"));
    }
    changed.extend((1..40).map(|cut| grant[..grant.len() - cut].to_owned()));
    changed.extend(["A", "==", ".", "%20", "%0a", "%00"].map(|more| format!("{grant}{more}")));
    changed.push(format!(".{grant}"));
    changed.push(format!("%20{grant}"));
    for assertion in &changed {
        let answer = server.exchange(assertion).await;
        assert!(
            (400..404).contains(&answer.status),
            "{assertion}: {}",
            answer.text
        );
    }
    assert_issued(&server.exchange(&grant).await);
}

/// docs §5: One client cannot use another's keys, certificates or grants.
#[tokio::test]
async fn clients_cannot_swap_what_they_hold() {
    let server = world(|world| {
        world.client_mut(TINDESYSTEM_CLIENT).1 = vec![second_signing_key().public_jwk(KID)];
    })
    .await;
    let clients = [
        (HAVBRIS_CLIENT, signing_key()),
        (TINDESYSTEM_CLIENT, second_signing_key()),
    ];
    for (client, own) in clients {
        for (other, key) in clients {
            let grant = Grant::new(&server, client, "fjord:apen.read").key(key);
            let answer = server.exchange(&grant.sign()).await;
            if client == other {
                assert_issued(&answer);
            } else {
                MP_124.check(&answer, "Invalid JWT signature.");
            }
            assert!(own.algorithm() == Algorithm::Rs256);
        }
    }
}

/// inferred §4.1: A token of this server is no grant.
#[tokio::test]
async fn an_access_token_is_no_grant() {
    let server = TestServer::start().await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    let answer = server.exchange(answer.member("access_token")).await;
    assert_eq!(
        (answer.status, answer.mp_code()),
        (400, "MP-011"),
        "{}",
        answer.text
    );
}

/// inferred §3: No body makes the server fail: each is a documented 4xx.
#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let server = TestServer::start().await;
    let bearer = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=";
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = encode(r#"{"alg":"RS256","kid":"havbris-2026a"}"#);
    let mut bodies: Vec<Vec<u8>> = [
        "%",
        "%%%",
        "&&&&",
        "====",
        "=",
        "a",
        "grant_type",
        "assertion=%00",
        "grant_type=%",
        "\u{0}",
        "\u{feff}",
    ]
    .map(|body| body.as_bytes().to_vec())
    .to_vec();
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let wide = format!(
        "{{{}}}",
        (0..4000)
            .map(|n| format!("\"a{n}\":0"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let numbers = format!("{{\"iat\":{}}}", "9".repeat(20_000));
    for payload in [
        deep.as_str(),
        &wide,
        &numbers,
        "{\"iss\":\"\\ud800\"}",
        "\"\"",
        "nul",
        "{\"iat\":-0.0,\"exp\":1e-400}",
    ] {
        bodies.push(format!("{bearer}{header}.{}.AA", encode(payload)).into_bytes());
        bodies.push(format!("{bearer}{}.e30.AA", encode(payload)).into_bytes());
    }
    bodies.push([bearer.as_bytes(), b"\xf0\x28\x8c\x28"].concat());
    bodies.push(format!("{bearer}{}", ".".repeat(50_000)).into_bytes());
    bodies.push(format!("{bearer}{}", "a".repeat(60_000)).into_bytes());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for body in bodies {
        let shown: String = String::from_utf8_lossy(&body).chars().take(120).collect();
        let answer = server.post_with(&form, body).await;
        assert!(
            (400..500).contains(&answer.status),
            "{shown}: {} {}",
            answer.status,
            answer.text
        );
        assert!(answer.body["error"].is_string(), "{shown}: {}", answer.text);
    }
}

/// inferred §3: Malformed HTTP is refused and does not disturb others.
#[tokio::test]
async fn malformed_http_is_refused() {
    let server = TestServer::start().await;
    for bytes in [
        "\r\n\r\n".to_owned(),
        "POST /token\r\n\r\n".to_owned(),
        "POST /token HTTP/9.9\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{0}\u{a5}\u{1}".to_owned(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(20_000)),
        format!("POST /token HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(20_000)),
        "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_owned(),
        "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n".to_owned(),
    ] {
        let mut wire = Wire::connect(&server).await;
        wire.send(&bytes).await;
        wire.finish().await;
        let answer = wire.answer().await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4");
        assert!(refused, "{bytes:.40}: {answer}");
        assert!(!answer.contains("access_token"));
    }
    assert_issued(&server.exchange(&Grant::havbris(&server).sign()).await);
}

/// inferred §3: Slow clients are cut off in bounded time, and others are served meanwhile.
#[tokio::test]
async fn slow_clients_do_not_hold_up_others() {
    let limits = Limits {
        header_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let server = TestServer::with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let mut slow = Vec::new();
    for head in ["POST /tok".to_owned(), token_head(1000)] {
        for _ in 0..50 {
            let mut wire = Wire::connect(&server).await;
            wire.send(&head).await;
            slow.push(wire);
        }
    }
    assert_issued(&server.exchange(&Grant::havbris(&server).sign()).await);
    for answer in join_all(slow.into_iter().map(Wire::answer)).await {
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
            "{answer}"
        );
    }
}

/// inferred §7: A stranger cannot tell why a client cannot be found.
#[tokio::test]
async fn refusals_do_not_tell_why_a_client_is_not_found() {
    let inactive = world(|world| world.client_mut(HAVBRIS_CLIENT).0.active = false).await;
    let unknown = world(|world| world.clients.clear()).await;
    let mut descriptions = Vec::new();
    for server in [&inactive, &unknown] {
        let answer = server.exchange(&Grant::havbris(server).sign()).await;
        let description = answer.member("error_description").to_owned();
        descriptions.push(description.replace(answer.header("x-request-id"), ""));
    }
    assert_eq!(descriptions[0], descriptions[1]);
}

/// inferred §11: Refusals repeat no key, person or assertion of the request.
#[tokio::test]
async fn refusals_repeat_no_secret() {
    let server = TestServer::start().await;
    let grant = |scope: &str| {
        Grant::new(&server, HAVBRIS_CLIENT, scope)
            .claim("pid", json!("11849000170"))
            .claim("jti", json!("secret-jti"))
    };
    for assertion in [
        grant("fjord:unknown").sign(),
        grant(SCOPE).header("kid", json!("secret-kid")).sign(),
        grant(SCOPE)
            .claim("aud", json!("https://secret.example.no/"))
            .sign(),
        grant(SCOPE).claim("pid", json!("11849000170x")).sign(),
        grant(SCOPE).key(second_signing_key()).sign(),
    ] {
        let answer = server.exchange(&assertion).await;
        assert_eq!(answer.status, 400);
        for secret in ["11849000170", "secret", &assertion[..40], KID] {
            assert!(!answer.text.contains(secret), "{secret}: {}", answer.text);
        }
    }
}

/// inferred §3: Pipelined requests are answered one by one.
#[tokio::test]
async fn pipelined_requests_are_answered_one_by_one() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    let body = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={grant}");
    let request = format!(
        "{}{body}",
        token_head(body.len()).replace("Connection: close\r\n", "")
    );
    let last = format!("{}{body}", token_head(body.len()));
    let mut wire = Wire::connect(&server).await;
    wire.send(format!("{request}{request}{last}")).await;
    let answer = wire.answer().await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 3, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 1, "{answer}");
    assert_eq!(answer.matches("MP-012").count(), 2, "{answer}");
}
