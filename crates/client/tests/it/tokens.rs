//! Tokens are bought once, kept by everything that was asked, and renewed in time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use portvakt_client::{
    AuthorizationServer, Clock, Credentials, CredentialsError, Grant, TokenSource, Tokens,
    certificates,
};
use portvakt_jose::{CertificateProfile, CertificateRequest};
use portvakt_testkit::{
    HAVBRIS, HAVBRIS_CERTIFICATE_CLIENT, HAVBRIS_CLIENT, KID, NOW, SCOPE, TestServer, authority,
    second_signing_key, signing_key,
};
use serde_json::{Value, json};

use crate::scripted::{Scripted, default, http, quick, reply, with};

/// A clock that the test moves.
fn hands() -> (Arc<AtomicI64>, Clock) {
    let hands = Arc::new(AtomicI64::new(NOW));
    let read = hands.clone();
    (hands, Clock::new(move || read.load(Ordering::Relaxed)))
}

#[tokio::test]
async fn a_portvakt_gives_a_token_for_a_grant() {
    let server = TestServer::start().await;
    let source = TokenSource {
        server: AuthorizationServer::discover(&http(), server.issuer())
            .await
            .unwrap(),
        credentials: Credentials::with_key_id(HAVBRIS_CLIENT, signing_key().clone(), KID),
        clock: Clock::new(|| NOW),
        retry: quick(),
    };
    let token = source.fetch(&Grant::for_scopes([SCOPE])).await.unwrap();
    assert_eq!(&*token.scope, SCOPE);
    assert_eq!(token.expose().split('.').count(), 3);
    assert!(!format!("{token:?} {source:?}").contains(token.expose()));
    assert!((NOW + 80..=NOW + 90).contains(&token.expires_at));
    let refused = source.fetch(&Grant::for_scopes(["fjord:nothing"])).await;
    let refusal = refused.unwrap_err();
    assert_eq!(
        refusal.refusal().unwrap().mp_code(),
        Some("MP-200"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_portvakt_knows_an_organization_by_its_certificate() {
    let server = TestServer::start().await;
    let (profile, validity) = (CertificateProfile::Seid2, NOW - 10..=NOW + 1000);
    let request = CertificateRequest::new(profile, HAVBRIS, "Havbris AS", validity);
    let issued = authority().issue_for(&request, signing_key()).unwrap();
    let chain = certificates(issued.certificate_pem.as_bytes()).unwrap();
    let client = HAVBRIS_CERTIFICATE_CLIENT;
    let source = TokenSource {
        server: AuthorizationServer::discover(&http(), server.issuer())
            .await
            .unwrap(),
        credentials: Credentials::with_certificate(client, signing_key().clone(), &chain).unwrap(),
        clock: Clock::new(|| NOW),
        retry: quick(),
    };
    source.fetch(&Grant::for_scopes([SCOPE])).await.unwrap();
    let other = Credentials::with_certificate(client, second_signing_key().clone(), &chain);
    assert!(matches!(other, Err(CredentialsError::WrongCertificate)));
}

#[tokio::test]
async fn equal_grants_share_a_token_and_different_ones_do_not() {
    let server = Scripted::start(|_, _| default()).await;
    let tokens = Tokens::new(server.source().await);
    let plain = Grant::for_scopes(["a:b", "a:c"]);
    let again = Grant::for_scopes(["a:c", "a:b"]);
    let different = [
        Grant::for_scopes(["a:b"]),
        Grant {
            resources: vec!["https://api".into()],
            ..plain.clone()
        },
        Grant {
            consumer_org: Some("310000011".into()),
            ..plain.clone()
        },
        Grant {
            pid: Some("17869010057".into()),
            ..plain.clone()
        },
        Grant {
            authorization_details: Some(json!([])),
            ..plain.clone()
        },
    ];
    let first = tokens.get(&plain).await.unwrap();
    assert_eq!(tokens.get(&again).await.unwrap(), first);
    let mut seen = BTreeSet::from([first.expose().to_owned()]);
    for grant in &different {
        let token = tokens.get(grant).await.unwrap();
        assert!(seen.insert(token.expose().to_owned()), "{grant:?}");
    }
    assert_eq!(server.asked("/token").len(), 1 + different.len());
}

#[tokio::test]
async fn a_hundred_callers_at_once_make_one_request() {
    let server = Scripted::start(|_, _| default()).await;
    let tokens = Tokens::new(server.source().await);
    let callers = (0..100).map(|_| {
        let tokens = tokens.clone();
        tokio::spawn(async move { tokens.get(&Grant::for_scopes(["a:b"])).await })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.unwrap().unwrap().expose(), "token-0");
    }
    assert_eq!(server.asked("/token").len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_and_used_until_then() {
    let server = Scripted::start(|asked, before| match (asked.path.as_str(), before) {
        ("/token", 1..5) => reply(503, &json!({"error": "temporarily_unavailable"})),
        _ => default(),
    })
    .await;
    let (hands, clock) = hands();
    let source = TokenSource {
        clock,
        ..server.source().await
    };
    let tokens = Tokens::new(source);
    let grant = Grant::for_scopes(["a:b"]);
    assert_eq!(tokens.get(&grant).await.unwrap().expose(), "token-0");
    hands.store(NOW + 79, Ordering::Relaxed);
    assert_eq!(tokens.get(&grant).await.unwrap().expose(), "token-0");
    // A fifth of its life is left, and the server is away: the old one still counts.
    hands.store(NOW + 80, Ordering::Relaxed);
    assert_eq!(tokens.get(&grant).await.unwrap().expose(), "token-0");
    assert_eq!(server.asked("/token").len(), 5);
    assert_eq!(tokens.get(&grant).await.unwrap().expose(), "token-5");
}

#[tokio::test]
async fn every_attempt_signs_a_grant_of_its_own_for_the_configured_issuer() {
    let server = Scripted::start(|asked, before| match (asked.path.as_str(), before) {
        ("/token", 0) => with(429, &[("retry-after", "0")], ""),
        ("/token", 1) => reply(502, &json!({})),
        _ => default(),
    })
    .await;
    let source = server.source().await;
    source.fetch(&Grant::for_scopes(["a:b"])).await.unwrap();
    let claims: Vec<Value> = server
        .asked("/token")
        .iter()
        .map(|asked| claims(&asked.body))
        .collect();
    let ids: BTreeSet<_> = claims
        .iter()
        .map(|claims| claims["jti"].to_string())
        .collect();
    assert_eq!((claims.len(), ids.len()), (3, 3));
    assert!(claims.iter().all(|claims| claims["aud"] == server.url));
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_not_kept() {
    let server = Scripted::start(|asked, before| match (asked.path.as_str(), before) {
        ("/token", 0) => reply(400, &json!({"error": "invalid_grant"})),
        _ => default(),
    })
    .await;
    let tokens = Tokens::new(server.source().await);
    let grant = Grant::for_scopes(["a:b"]);
    assert!(tokens.get(&grant).await.is_err());
    assert_eq!(server.asked("/token").len(), 1);
    assert!(tokens.get(&grant).await.is_ok());
}

fn claims(form: &str) -> Value {
    let assertion = form.split("assertion=").nth(1).unwrap();
    let jws = portvakt_jose::Jws::parse(assertion).unwrap();
    serde_json::from_slice(jws.payload()).unwrap()
}
