//! One-time use (spec: maskinporten §4.4).

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use portvakt_core::ports::ReplayLedger;
use portvakt_http::Limits;
use portvakt_testkit::{
    Grant, HAVBRIS, HAVBRIS_CLIENT, Options, SCOPE, TINDESYSTEM_CLIENT, TestServer,
};
use serde_json::json;

use crate::rows::{MP_012, MP_124, MP_200, assert_issued, policy, world};

/// docs §4.4: The same grant sent twice: the second is MP-012.
#[tokio::test]
async fn mp_012_same_grant_twice() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    assert_issued(&server.exchange(&grant).await);
    MP_012.check(&server.exchange(&grant).await, "Grant is used before");
}

/// docs §4.4: One grant sent 500 times at once gets exactly one token.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_at_once_get_exactly_one_token() {
    // None of them is turned away for being one too many.
    let limits = Limits {
        max_requests: 500,
        ..Limits::default()
    };
    let server = TestServer::with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let grant = Grant::havbris(&server).sign();
    let answers = join_all((0..500).map(|_| server.exchange(&grant))).await;
    let mut counts = BTreeMap::new();
    for answer in &answers {
        *counts.entry((answer.status, answer.mp_code())).or_insert(0) += 1;
    }
    assert_eq!(
        counts,
        BTreeMap::from([((200, ""), 1), ((400, "MP-012"), 499)])
    );
}

/// docs §4.4: A grant without `jti` is accepted once too.
#[tokio::test]
async fn a_grant_without_jti_is_accepted_once() {
    let server = TestServer::start().await;
    for grant in [
        Grant::havbris(&server).without("jti"),
        Grant::havbris(&server)
            .claim("jti", json!(""))
            .claim("nbf", json!(1)),
    ] {
        let grant = grant.sign();
        assert_issued(&server.exchange(&grant).await);
        MP_012.check(&server.exchange(&grant).await, "Grant is used before");
    }
}

/// inferred §4.4: Two grants without `jti` that differ are two grants.
#[tokio::test]
async fn different_grants_without_jti_are_both_accepted() {
    let server = TestServer::start().await;
    for exp in [100, 101] {
        let grant = Grant::havbris(&server)
            .without("jti")
            .claim("exp", json!(server.now() + exp));
        assert_issued(&server.exchange(&grant.sign()).await);
    }
}

/// docs §4.4: Another grant with the same `jti` is MP-012.
#[tokio::test]
async fn another_grant_with_the_same_jti_is_refused() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server);
    assert_issued(&server.exchange(&grant.sign()).await);
    let other = grant.claim("exp", json!(server.now() + 60));
    MP_012.check(
        &server.exchange(&other.sign()).await,
        "Grant is used before",
    );
}

/// inferred §4.4: The `jti` is the client's: another client may choose the same.
#[tokio::test]
async fn the_same_jti_of_another_client_is_accepted() {
    let server = TestServer::start().await;
    for client in [HAVBRIS_CLIENT, TINDESYSTEM_CLIENT] {
        let grant = Grant::new(&server, client, "fjord:apen.read").claim("jti", json!("same"));
        assert_issued(&server.exchange(&grant.sign()).await);
    }
}

/// inferred §4.4: The `jti` is compared with its case.
#[tokio::test]
async fn jti_is_compared_with_its_case() {
    let server = TestServer::start().await;
    for jti in ["abc", "ABC", "abc "] {
        let grant = Grant::havbris(&server).claim("jti", json!(jti));
        assert_issued(&server.exchange(&grant.sign()).await);
    }
}

/// inferred §4.4: Whoever cannot sign for the client cannot burn its `jti`.
#[tokio::test]
async fn a_forged_grant_burns_nothing() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server);
    let forged = grant.with_signature(&[0; 256]);
    MP_124.check(&server.exchange(&forged).await, "Invalid JWT signature.");
    assert_issued(&server.exchange(&grant.sign()).await);
}

/// inferred §4.4: A grant that fails before it is authenticated is not burnt.
#[tokio::test]
async fn a_grant_that_was_too_early_is_not_burnt() {
    let server = TestServer::start().await;
    let ahead = server.now() + 11;
    let grant = Grant::havbris(&server)
        .claim("iat", json!(ahead))
        .claim("exp", json!(ahead + 60))
        .sign();
    assert_eq!(server.exchange(&grant).await.status, 400);
    server.clock.advance(Duration::from_secs(1));
    assert_issued(&server.exchange(&grant).await);
}

/// inferred §4.4: A grant that fails after authentication is burnt.
#[tokio::test]
async fn a_grant_that_fails_the_scope_check_is_burnt() {
    let server = TestServer::start().await;
    let grant = Grant::new(&server, HAVBRIS_CLIENT, "fjord:unknown").sign();
    MP_200.check(&server.exchange(&grant).await, "invalid scopes");
    MP_012.check(&server.exchange(&grant).await, "Grant is used before");
}

/// inferred §4.4: A grant is refused until it has expired, leeway included, and after that as expired.
#[tokio::test]
async fn a_used_grant_is_never_accepted_again() {
    let server = policy(|issuer| issuer.expiry_leeway_seconds = 60, |_| ()).await;
    let grant = Grant::havbris(&server).sign();
    assert_issued(&server.exchange(&grant).await);
    for second in 0..=181 {
        let answer = server.exchange(&grant).await;
        let expected = if second < 180 { "MP-012" } else { "MP-130" };
        assert_eq!(answer.mp_code(), expected, "after {second} seconds");
        server.clock.advance(Duration::from_secs(1));
        server
            .store
            .remove_expired(portvakt_core::Clock::now(server.clock.as_ref()))
            .await
            .expect("the ledger works");
    }
}

/// inferred §4.4: The ledger outlasts any leeway that a sibling or a restart may bring.
#[tokio::test]
async fn a_grant_used_under_a_short_leeway_stays_used_under_a_long_one() {
    let server = policy(|issuer| issuer.expiry_leeway_seconds = 0, |_| ()).await;
    let grant = Grant::havbris(&server)
        .claim("exp", json!(server.now() + 10))
        .sign();
    assert_issued(&server.exchange(&grant).await);
    server.clock.advance(Duration::from_secs(69));
    let now = portvakt_core::Clock::now(server.clock.as_ref());
    assert_eq!(
        server
            .store
            .remove_expired(now)
            .await
            .expect("the ledger works"),
        0
    );
    server.clock.advance(Duration::from_secs(2));
    let now = portvakt_core::Clock::now(server.clock.as_ref());
    assert_eq!(
        server
            .store
            .remove_expired(now)
            .await
            .expect("the ledger works"),
        1
    );
}

/// inferred §4.4: The ledger returns to its floor when the clock has turned.
#[tokio::test]
async fn the_ledger_returns_to_its_floor() {
    let server = TestServer::start().await;
    let mut used = 0;
    for _ in 0..24 {
        for _ in 0..5 {
            assert_issued(&server.exchange(&Grant::havbris(&server).sign()).await);
            used += 1;
        }
        server.clock.advance(Duration::from_hours(1));
        let now = portvakt_core::Clock::now(server.clock.as_ref());
        used -= server
            .store
            .remove_expired(now)
            .await
            .expect("the ledger works");
        assert_eq!(used, 0, "everything that was used an hour ago is gone");
    }
}

/// inferred §4.4: The ledger is shared: a grant for both issuers is used once on one of them.
#[tokio::test]
async fn a_grant_for_two_issuers_is_used_once() {
    let server = TestServer::with(Options {
        skyporten: true,
        ..Options::default()
    })
    .await;
    let sky = server.skyporten_issuer();
    for jti in [json!("both"), serde_json::Value::Null] {
        let grant = Grant::havbris(&server)
            .claim("aud", json!([server.issuer(), sky]))
            .claim("jti", jti)
            .sign();
        assert_issued(&server.exchange(&grant).await);
        MP_012.check(
            &server.exchange_at_skyporten(&grant).await,
            "Grant is used before",
        );
    }
}

/// docs §4.4: Many grants of one client at once are all answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn different_grants_at_once_are_all_accepted() {
    let server = world(|world| {
        world.grant("fjord:apen.read", HAVBRIS);
    })
    .await;
    let grants: Vec<_> = (0..100)
        .map(|_| Grant::new(&server, HAVBRIS_CLIENT, SCOPE).sign())
        .collect();
    let answers = join_all(grants.iter().map(|grant| server.exchange(grant))).await;
    answers.iter().for_each(assert_issued);
}
