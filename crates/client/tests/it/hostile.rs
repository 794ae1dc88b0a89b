//! Answers that are too long, lead elsewhere, or are not what they should be.

use portvakt_client::{AuthorizationServer, ClientError, Grant, MAX_DOCUMENT_BYTES, Tokens};
use serde_json::json;

use crate::scripted::{Scripted, default, http, reply, token, with};

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let long = "x".repeat(MAX_DOCUMENT_BYTES + 1);
    let server = Scripted::start(move |_, _| with(200, &[], &long)).await;
    let refused = AuthorizationServer::discover(&http(), &server.url).await;
    assert!(
        matches!(refused, Err(ClientError::TooLarge { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn neither_a_grant_nor_a_token_follows_a_redirect() {
    let elsewhere = Scripted::start(|_, _| token("stolen", 100)).await;
    let location = format!("{}/token", elsewhere.url);
    for status in [301, 302, 303, 307, 308] {
        let location = location.clone();
        let server = Scripted::start(move |asked, _| match asked.path.as_str() {
            "/token" => with(status, &[("location", &location)], ""),
            _ => default(),
        })
        .await;
        let refused = server
            .source()
            .await
            .fetch(&Grant::for_scopes(["a:b"]))
            .await;
        assert!(
            matches!(refused, Err(ClientError::Redirect { .. })),
            "{refused:?}"
        );
        assert_eq!(server.asked("/token").len(), 1);
    }
    let to = location.clone();
    let api = Scripted::start(move |asked, _| match asked.path.as_str() {
        "/scopes" => with(307, &[("location", &to)], ""),
        _ => default(),
    })
    .await;
    assert!(api.api().await.scopes().await.is_err());
    assert!(elsewhere.asked("/token").is_empty());
}

#[tokio::test]
async fn what_is_no_token_is_never_used_as_one() {
    for body in [
        json!([]),
        json!({"access_token": "t"}),
        json!({"access_token": "t", "token_type": "mac", "expires_in": 9, "scope": "a:b"}),
        json!({"access_token": "t", "token_type": "Bearer", "expires_in": -9, "scope": "a:b"}),
    ] {
        let shown = body.to_string();
        let server = Scripted::start(move |asked, _| match asked.path.as_str() {
            "/token" => reply(200, &body),
            _ => default(),
        })
        .await;
        let refused = server
            .source()
            .await
            .fetch(&Grant::for_scopes(["a:b"]))
            .await;
        assert!(
            matches!(refused, Err(ClientError::Garbage { .. })),
            "{shown}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_list_with_what_is_no_record_is_none_and_is_not_quoted() {
    let good = r#"{"client_id": "a"}"#;
    for body in [
        "null".to_owned(),
        "secret".to_owned(),
        good.to_owned(),
        format!("[{good}, \"secret\"]"),
        format!(r#"[{good}, {{"client_id": "b", "description": ["secret"]}}]"#),
        format!(r#"[{good}, {{"description": "secret"}}]"#),
        format!("[{good}, {}secret", "[".repeat(100_000)),
        format!("[{good}, {}{}]", "[".repeat(1000), "]".repeat(1000)),
        format!("[{good}"),
        format!("[{good}] secret"),
    ] {
        let shown = body.clone();
        let server = Scripted::start(move |asked, _| match asked.path.as_str() {
            "/clients" => with(200, &[], &body),
            _ => default(),
        })
        .await;
        let refused = server.api().await.client_descriptions().await.unwrap_err();
        assert!(
            matches!(refused, ClientError::Garbage { .. }),
            "{shown}: {refused:?}"
        );
        assert!(!format!("{refused:?}").contains("secret"), "{shown}");
    }
}

#[tokio::test]
async fn a_lifetime_that_is_no_time_is_not_kept() {
    let server = Scripted::start(|asked, before| match asked.path.as_str() {
        "/token" => token(&format!("t{before}"), u64::MAX),
        _ => default(),
    })
    .await;
    let tokens = Tokens::new(server.source().await);
    let grant = Grant::for_scopes(["a:b"]);
    assert_eq!(tokens.get(&grant).await.unwrap().expose(), "t0");
    assert_eq!(tokens.get(&grant).await.unwrap().expose(), "t1");
}

#[tokio::test]
async fn no_error_repeats_what_was_sent() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/token" => with(400, &[], &format!("you sent {}", asked.body)),
        _ => default(),
    })
    .await;
    let source = server.source().await;
    let error = source.fetch(&Grant::for_scopes(["a:b"])).await.unwrap_err();
    assert!(error.to_string().contains("you sent"), "{error}");
    assert!(!error.to_string().contains("eyJ"), "{error}");
    assert!(!format!("{error:?}").contains("eyJ"), "{error:?}");
}
