//! A node that answers the registry from memory and cannot confirm that it is current.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::cache::{CacheSettings, CachedStore, Follower};
use portvakt_core::client::{ClientId, OnBehalfOf};
use portvakt_core::moment::MockStopwatch;
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::{AsOf, ClientRecord, GrantRegistry, ScopeFact, StorageError};
use portvakt_core::scope::{Prefix, ScopeToken};
use portvakt_testkit::HAVBRIS;
use reqwest::StatusCode;
use serde_json::json;

use crate::companion::{AUTHORIZATIONS, LEVEL, organization, post};
use crate::harness::{API, APP, Answer, BARNEHAGE, Browser, LoginServer, PID, request, world};

const LEVELS: &str = "/authlevel/rest/v1/sikkerhetsnivaa";
const AUTHORIZED: &str = "/clients/authorizations";

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

    let level = organization(server, HAVBRIS, LEVEL).await;
    let listed = organization(server, HAVBRIS, AUTHORIZATIONS).await;
    let person = json!({"pid": PID, "personidentifikator": PID});

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
    assert_unavailable(&post(server, LEVELS, &level, &person).await);
    assert_unavailable(&post(server, AUTHORIZED, &listed, &person).await);
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

/// What a node knows that can be stopped in the middle of any decision for too long.
struct Stopped {
    registry: Arc<dyn GrantRegistry>,
    stopped: AtomicBool,
}

#[async_trait]
impl GrantRegistry for Stopped {
    fn still_holds(&self, _: AsOf) -> Result<(), StorageError> {
        if self.stopped.load(Ordering::SeqCst) {
            return Err(StorageError::Unavailable("stopped meanwhile".into()));
        }
        Ok(())
    }

    async fn find_client_record(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientRecord>>, StorageError> {
        self.registry.find_client_record(client_id).await
    }

    async fn find_scope_facts(
        &self,
        scopes: &[ScopeToken],
        consumer: OrgNumber,
    ) -> Result<Vec<ScopeFact>, StorageError> {
        self.registry.find_scope_facts(scopes, consumer).await
    }

    async fn find_on_behalf_of(
        &self,
        client_id: &ClientId,
        value: &str,
    ) -> Result<Option<OnBehalfOf>, StorageError> {
        self.registry.find_on_behalf_of(client_id, value).await
    }

    async fn is_deactivated(&self, orgno: OrgNumber) -> Result<bool, StorageError> {
        self.registry.is_deactivated(orgno).await
    }

    async fn find_prefixes_of(&self, orgno: OrgNumber) -> Result<Vec<Prefix>, StorageError> {
        self.registry.find_prefixes_of(orgno).await
    }
}

/// What has been decided on facts that hold no more is told to nobody, tokens of organizations included.
#[tokio::test]
async fn a_node_that_was_stopped_in_the_middle_of_a_decision_tells_nothing() {
    let mut made = None;
    let server = LoginServer::with_registry(world(), |store| {
        let stopped = Arc::new(Stopped {
            registry: store.clone(),
            stopped: AtomicBool::new(false),
        });
        made = Some(Arc::clone(&stopped));
        stopped
    });
    let server = server.await;
    let registry = made.unwrap();
    let mut member = Browser::new(&server);
    let code = member.code(APP, PID).await;
    let tokens = server.redeem(APP, &code).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    let level = organization(&server, HAVBRIS, LEVEL).await;
    let listed = organization(&server, HAVBRIS, AUTHORIZATIONS).await;
    let person = json!({"pid": PID, "personidentifikator": PID});
    for (stopped, status) in [
        (false, StatusCode::OK),
        (true, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        registry.stopped.store(stopped, Ordering::SeqCst);
        let asked = [
            server.userinfo(access).await,
            post(&server, LEVELS, &level, &person).await,
            post(&server, AUTHORIZED, &listed, &person).await,
        ];
        for answer in asked {
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }
}
