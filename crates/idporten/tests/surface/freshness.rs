//! A node that answers the registry from memory and cannot confirm that it is current.

use std::sync::Arc;
use std::time::Duration;

use portvakt_core::cache::{CacheSettings, CachedStore, Follower};
use portvakt_core::moment::MockStopwatch;
use reqwest::StatusCode;

use crate::harness::{API, APP, Answer, BARNEHAGE, Browser, LoginServer, PID, request, world};

struct Node {
    server: LoginServer,
    stopwatch: Arc<MockStopwatch>,
    follower: Follower,
}

impl Node {
    async fn start() -> Self {
        let mut world = world();
        world.scope_mut(API).requires_user_consent = false;
        let stopwatch = Arc::new(MockStopwatch::default());
        let (clock, mut made) = (stopwatch.clone(), None);
        let server = LoginServer::with_registry(world, |store| {
            let settings = CacheSettings::default();
            let cached = Arc::new(CachedStore::new(store.clone(), clock, settings));
            made = Some(Arc::clone(&cached));
            cached
        });
        let server = server.await;
        let mut follower = Follower::new(made.unwrap());
        follower.look().await.unwrap();
        Self {
            server,
            stopwatch,
            follower,
        }
    }
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    assert_eq!(answer.header("retry-after"), "1", "{answer:?}");
}

/// As at the machine-to-machine surface: after five seconds without, nothing is decided.
#[tokio::test]
async fn without_confirmation_for_five_seconds_nothing_is_decided() {
    let mut node = Node::start().await;
    let server = &node.server;
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid profile {API}"));
    let (mut member, mut late) = (Browser::new(server), Browser::new(server));
    let selector = member.authorize(&parameters).await;
    let answer = member.log_in(&selector, PID, "substantial").await;
    let tokens = server.redeem(APP, &answer.location()["code"]).await.json();
    let [access, refresh] =
        ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap());
    let code = member.sso_code(APP).await;
    let selector = late.authorize(&parameters).await;
    let page = late.get(selector.header("location")).await;
    assert_eq!(page.status, StatusCode::OK);
    let login = selector
        .header("location")
        .replace("/login?", "/login/testid?");
    let form = late.get(&login).await;
    let fields = [("pid", PID), ("level", "substantial"), ("action", "login")];

    node.stopwatch.advance(Duration::from_millis(5001));
    assert_unavailable(&member.authorize(&parameters).await);
    assert_unavailable(&late.get(selector.header("location")).await);
    assert_unavailable(&late.submit(&form, "/login/testid", &fields).await);
    assert_unavailable(&server.redeem(APP, &code).await);
    assert_unavailable(&server.refresh(APP, refresh).await);
    let form_of = [("token", access)];
    assert_unavailable(
        &server
            .post_as(BARNEHAGE, "/token/introspect", &form_of)
            .await,
    );
    assert_unavailable(&server.post_as(APP, "/token/revoke", &form_of).await);
    assert_unavailable(&server.userinfo(access).await);
    let pushed: Vec<_> = parameters
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_unavailable(&server.post_as(APP, "/par", &pushed).await);
    // What says who the server is, and verifies what it signed, rests on nothing that may be withdrawn.
    for path in ["/.well-known/openid-configuration", "/jwks.json"] {
        let document = member.get(&format!("{}{path}", server.base)).await;
        assert_eq!(document.status, StatusCode::OK, "{document:?}");
    }

    // Nothing was used up.
    node.follower.look().await.unwrap();
    let server = &node.server;
    assert_eq!(server.userinfo(access).await.status, StatusCode::OK);
    assert_eq!(server.refresh(APP, refresh).await.status, StatusCode::OK);
    assert_eq!(server.redeem(APP, &code).await.status, StatusCode::OK);
    let answer = late.submit(&form, "/login/testid", &fields).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
}
