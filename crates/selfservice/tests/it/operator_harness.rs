//! The worked examples' machine-to-machine surface, with the public API and the operator's API on
//! its store, each on a listener of its own.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::administration::{Role, client};
use portvakt_core::audit::{Act, Recorded};
use portvakt_core::client::Client;
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::signing::{SigningKeyState, generate};
use portvakt_core::{Clock, Entropy, SystemEntropy, Timestamp};
use portvakt_http::{Limits, Listener, RateLimits, Shutdown, serve};
use portvakt_jose::{Algorithm, RsaBits};
use portvakt_selfservice::{
    KeyRotation, MAX_BODY_BYTES, OperatorSurface, Settings, Surface, operator_router, router,
};
use portvakt_testkit::{Answer, TestServer};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::Heard;
use crate::harness::send;

/// The operator's own organization, and its two clients.
pub(crate) const DIRECTORATE: &str = "991825827";
pub(crate) const READER: &str = "drift-lese";
pub(crate) const WRITER: &str = "drift";
pub(crate) const READ: &str = "portvakt:operator.read";
pub(crate) const WRITE: &str = "portvakt:operator.write";

/// Where the operator's API says that it is.
pub(crate) const BASE_URL: &str = "https://drift.example/operator/v1";

/// Three surfaces on one store. They stop when this is dropped.
pub(crate) struct Operated {
    pub(crate) machine: TestServer,
    operator: SocketAddr,
    public: SocketAddr,
    shutdown: Shutdown,
}

impl Operated {
    pub(crate) async fn start() -> Self {
        let machine = TestServer::start().await;
        fill(machine.store.as_ref()).await;
        let shutdown = Shutdown::new();
        let rotation = Arc::new(Rotation(machine.store.clone()));
        let operators = operator_router(OperatorSurface {
            surface: surface(&machine, BASE_URL),
            rotation,
        });
        let public = router(surface(&machine, "https://selfservice.example/api/v1"));
        Self {
            operator: listen(operators, &shutdown).await,
            public: listen(public, &shutdown).await,
            machine,
            shutdown,
        }
    }

    /// The claims of a token of this organization's client.
    pub(crate) fn claims(&self, orgno: &str, client_id: &str, scopes: &[&str]) -> Value {
        let now = self.machine.clock.now().seconds();
        json!({
            "iss": self.machine.issuer(), "scope": scopes.join(" "), "token_type": "Bearer",
            "client_amr": "private_key_jwt", "client_id": client_id, "jti": "j", "iat": now,
            "exp": now + 120,
            "consumer": {"authority": "iso6523-actorid-upis", "ID": format!("0192:{orgno}")},
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let ring = self.machine.keys.current();
        let header = json!({"kid": ring.active_kid(), "alg": ring.active().algorithm().as_str()});
        ring.active()
            .software()
            .unwrap()
            .sign_compact(&header, claims)
            .unwrap()
    }

    /// Whoever has a token with these claims.
    pub(crate) fn caller(&self, claims: &Value) -> Operator<'_> {
        let token = Some(self.sign(claims));
        Operator { world: self, token }
    }

    /// Whoever has no token.
    pub(crate) fn nobody(&self) -> Operator<'_> {
        let token = None;
        Operator { world: self, token }
    }

    pub(crate) fn writer(&self) -> Operator<'_> {
        self.caller(&self.claims(DIRECTORATE, WRITER, &[WRITE]))
    }

    pub(crate) fn reader(&self) -> Operator<'_> {
        self.caller(&self.claims(DIRECTORATE, READER, &[READ]))
    }

    /// A request to the operator's listener, below nothing.
    pub(crate) fn at_operator(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, &format!("http://{}{path}", self.operator))
    }

    /// A request to the public listener.
    pub(crate) fn at_public(&self, method: &str, path: &str) -> RequestBuilder {
        self.request(method, &format!("http://{}{path}", self.public))
    }

    fn request(&self, method: &str, url: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.machine.http().request(method, url)
    }

    /// Changes the registry behind the API's back.
    pub(crate) async fn store<F>(&self, act: F)
    where
        F: AsyncFnOnce(&mut dyn UnitOfWork),
    {
        let mut unit = self.machine.store.begin().await.unwrap();
        act(unit.as_mut()).await;
        unit.commit().await.unwrap();
    }
}

impl Drop for Operated {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// Someone who calls below `/operator/v1`.
pub(crate) struct Operator<'w> {
    world: &'w Operated,
    token: Option<String>,
}

impl Operator<'_> {
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self
            .world
            .at_operator(method, &format!("/operator/v1{path}"));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn call(&self, method: &str, path: &str) -> Answer {
        send(self.request(method, path)).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        send(self.request(method, path).json(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, body).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).await
    }

    /// With the version that is meant.
    pub(crate) async fn if_match(
        &self,
        method: &str,
        path: &str,
        tag: &str,
        body: &Value,
    ) -> Answer {
        let request = self.request(method, path).header("if-match", tag);
        send(request.json(body)).await
    }
}

/// Rotates in the store alone: who signs is the machine surface's matter.
struct Rotation(Arc<dyn Store>);

#[async_trait]
impl KeyRotation for Rotation {
    async fn rotate(&self, act: Act) -> Result<(), Box<dyn Error + Send + Sync>> {
        let (state, bits) = (SigningKeyState::Next, RsaBits::B2048);
        let key = generate("maskinporten", Algorithm::Es256, bits, state, act.at)?;
        let mut unit = Recorded::begin(self.0.as_ref(), act).await?;
        unit.save_signing_key(&key).await?;
        unit.commit().await?;
        Ok(())
    }
}

fn surface(machine: &TestServer, base_url: &str) -> Surface {
    Surface {
        store: machine.store.clone(),
        keys: machine.keys.clone(),
        issuer: machine.issuer().to_owned(),
        base_urls: vec![base_url.to_owned()],
        clock: machine.clock.clone(),
        entropy: Arc::new(SystemEntropy),
        request_ids: Arc::new(|| {
            let mut bytes = [0; 16];
            SystemEntropy.fill(&mut bytes).unwrap();
            bytes
        }),
        limits: limits(),
        rates: RateLimits::default(),
        settings: Settings::default(),
        exchange: machine.exchange.clone(),
        siblings: Vec::new(),
        refusals: Arc::new(Heard::default()),
    }
}

fn limits() -> Limits {
    Limits {
        max_body_bytes: MAX_BODY_BYTES,
        ..Limits::default()
    }
}

async fn listen(app: axum::Router, shutdown: &Shutdown) -> SocketAddr {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(loopback).await.unwrap();
    let address = listener.local_addr();
    tokio::spawn(serve(listener, app, limits(), shutdown.clone()));
    address
}

async fn fill(store: &dyn Store) {
    let now = Timestamp::from_seconds(portvakt_testkit::NOW);
    let mut unit = store.begin().await.unwrap();
    let operator = OperatorOrganization::default();
    bootstrap(unit.as_mut(), &operator, now).await.unwrap();
    for (id, scope) in [(READER, READ), (WRITER, WRITE)] {
        let scopes = vec![scope.parse().unwrap()];
        let client = Client::machine(id.parse().unwrap(), "Drift", operator.orgno, scopes, now);
        let saved = client::register(unit.as_mut(), client, Role::Operator, now).await;
        saved.unwrap();
    }
    unit.commit().await.unwrap();
}
