//! The revoke list (spec: companion-apis §5).

use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use portvakt_core::login::companion::CompanionSettings;
use serde_json::{Value, json};

use super::{app_login, get, server, world};
use crate::harness::{APP, LoginServer, OTHER_PID, PID, claims};

async fn revoke(server: &LoginServer, tokens: &Value) {
    let token = tokens["access_token"].as_str().unwrap();
    let form = [("token", token)];
    let answer = server.post_as(APP, "/token/revoke", &form).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_listed_until_it_would_have_ended() {
    let server = server().await;
    let empty = get(&server, "/revokelist", "").await;
    let now = server.now() * 1000;
    assert_eq!(
        empty.json(),
        json!({"created": now, "revoked_access_tokens": []})
    );
    let first = app_login(&server, PID).await;
    let second = app_login(&server, OTHER_PID).await;
    revoke(&server, &first).await;
    server.clock.advance(Duration::from_secs(1));
    revoke(&server, &second).await;
    let entry = |tokens: &Value, revoked: i64| {
        json!({"expires": now + 120_000, "revoked": revoked,
               "access_token_id": claims(&tokens["access_token"])["jti"]})
    };
    let (first, second) = (entry(&first, now), entry(&second, now + 1000));
    let both = json!([first, second]);
    for (query, expected) in [
        (String::new(), &both),
        (format!("?client_id={APP}"), &both),
        ("?client_id=nobody".to_owned(), &json!([])),
        ("?client_id=%22%00".to_owned(), &json!([])),
        (format!("?since={now}"), &both),
        (format!("?since={}", now + 1000), &json!([second])),
        (format!("?since={}&client_id={APP}", now + 1001), &json!([])),
    ] {
        for path in ["/revokelist", "/idporten-oidc-provider/revokelist"] {
            let answer = get(&server, &format!("{path}{query}"), "").await;
            assert_eq!(answer.status, 200, "{query}");
            assert_eq!(answer.header("cache-control"), "public, max-age=10");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert_eq!(&answer.json()["revoked_access_tokens"], expected, "{query}");
        }
    }
    for wrong in [
        "since=-1",
        "since=now",
        "since=%2B1",
        "since=1&since=1",
        "since=99999999999999999999",
    ] {
        let answer = get(&server, &format!("/revokelist?{wrong}"), "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_request".to_owned())
        );
    }
    // Nobody is in it.
    let text = get(&server, "/revokelist", "").await.body;
    assert!(!text.contains(PID) && !text.contains("sub"), "{text}");
    server.clock.advance(Duration::from_mins(2));
    assert_eq!(
        get(&server, "/revokelist", "").await.json()["revoked_access_tokens"],
        json!([])
    );
}

#[tokio::test]
async fn who_has_the_list_is_told_so_until_it_changes() {
    let server = server().await;
    let (first, second) = (app_login(&server, PID).await, app_login(&server, PID).await);
    revoke(&server, &first).await;
    let url = format!("{}/revokelist", server.base);
    let tag = server.http.get(&url).send().await.unwrap();
    let tag = tag.headers()["etag"].clone();
    let kept = || server.http.get(&url).header("if-none-match", &tag).send();
    server.clock.advance(Duration::from_secs(5));
    let answer = kept().await.unwrap();
    assert_eq!(answer.status(), 304);
    assert_eq!(answer.headers()["etag"], tag);
    revoke(&server, &second).await;
    assert_eq!(kept().await.unwrap().status(), 200);
    server.clock.advance(Duration::from_mins(2));
    assert_eq!(kept().await.unwrap().status(), 200, "both have gone");
}

/// Threat: strangers have the database make the list anew for each of them.
#[tokio::test]
async fn a_list_that_was_made_is_everybodys_for_a_while() {
    let keep = |settings: &mut CompanionSettings| {
        settings.revoke_list_lifetime = Duration::from_hours(1);
    };
    let server = LoginServer::with_companion(world(), |_| (), keep).await;
    let (first, second) = (app_login(&server, PID).await, app_login(&server, PID).await);
    revoke(&server, &first).await;
    let made = get(&server, "/revokelist", "").await;
    server.clock.advance(Duration::from_secs(1));
    revoke(&server, &second).await;
    let asked = (0..40).map(|since| {
        let path = format!("/revokelist?since={since}");
        let server = &server;
        async move { get(server, &path, "").await }
    });
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.body, made.body);
        assert_eq!(answer.header("etag"), made.header("etag"));
    }
    // That of a client is another, and what nobody is called has none that would be kept.
    for (client_id, number) in [(APP, 2), ("nobody", 0)] {
        let path = format!("/revokelist?client_id={client_id}");
        let answer = get(&server, &path, "").await.json();
        let listed = answer["revoked_access_tokens"].as_array().unwrap().len();
        assert_eq!(listed, number, "{client_id}");
    }
}

#[tokio::test]
async fn a_long_list_is_compressed_for_whoever_takes_that() {
    let server = server().await;
    for _ in 0..12 {
        let tokens = app_login(&server, PID).await;
        revoke(&server, &tokens).await;
    }
    let ask = |encoding: &'static str| {
        let request = server.http.get(format!("{}/revokelist", server.base));
        request.header("accept-encoding", encoding).send()
    };
    let plain = ask("br, gzip;q=0").await.unwrap();
    assert!(!plain.headers().contains_key("content-encoding"));
    let plain = plain.bytes().await.unwrap();
    let answer = ask("br, gzip").await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(answer.headers()["vary"], "Accept-Encoding");
    let compressed = answer.bytes().await.unwrap();
    assert!(compressed.len() < plain.len());
    let mut text = Vec::new();
    GzDecoder::new(&compressed[..])
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text, plain);
}

/// Threat: strangers ask for many parts of a long list, so that each is compressed, and kept, for them.
#[tokio::test]
async fn parts_of_a_long_list_are_sent_as_they_are() {
    let server = server().await;
    for _ in 0..14 {
        let tokens = app_login(&server, PID).await;
        revoke(&server, &tokens).await;
        server.clock.advance(Duration::from_secs(1));
    }
    let whole = get(&server, "/revokelist", "").await.json();
    let whole = whole["revoked_access_tokens"].as_array().unwrap();
    assert_eq!(whole.len(), 14);
    let mut tags = Vec::new();
    for first in 1..=3 {
        let since = &whole[first]["revoked"];
        let url = format!("{}/revokelist?since={since}", server.base);
        let request = server.http.get(url).header("accept-encoding", "gzip");
        let answer = request.send().await.unwrap();
        assert!(!answer.headers().contains_key("content-encoding"));
        tags.push(answer.headers()["etag"].clone());
        let text = answer.bytes().await.unwrap();
        assert!(text.len() > 1024, "as long as what is compressed");
        let part: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(part["revoked_access_tokens"], json!(whole[first..]));
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each part has a tag of its own");
}
