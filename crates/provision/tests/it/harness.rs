//! A token endpoint with the self-service API of its registry, an administration client of
//! Fjordetaten, and a network that can lose calls.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use portvakt_client::{
    AuthorizationServer, Clock, Credentials, HttpClient, HttpSettings, RetryPolicy, SelfService,
    TokenSource, Tokens,
};
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::administration::{Role, access};
use portvakt_core::ports::Store;
use portvakt_core::refusals::{RefusalSink, RefusedRequest};
use portvakt_core::scope::ScopeName;
use portvakt_core::{SystemEntropy, Timestamp};
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_nais::Settings;
use portvakt_nais::actual::Actual;
use portvakt_nais::desired::{Desired, desired};
use portvakt_nais::manifest::Manifest;
use portvakt_nais::plan::{Plan, Policy};
use portvakt_provision::{ApplyError, Lists, apply, observe, observe_one, plan};
use portvakt_selfservice::{MAX_BODY_BYTES, Surface, router};
use portvakt_testkit::{FJORDETATEN, KID, NOW, Options, TestServer, World, signing_key};
use serde_json::{Value, json};

use crate::memory::Memory;

pub(crate) const ADMIN: &str = "administrasjon";
pub(crate) const SCOPES: [&str; 2] = ["idporten:scopes.write", "idporten:dcr.write"];

/// What becomes of a call that changes something, the first time that it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It arrives, and so does its answer.
    None,
    /// It never arrives.
    Call,
    /// It is carried out, and its answer never arrives.
    Answer,
}

/// What the network does, and has done.
#[derive(Clone)]
struct Network {
    loss: Loss,
    log: Arc<Mutex<Vec<String>>>,
    /// What an address answers instead.
    broken: Arc<Mutex<HashMap<&'static str, StatusCode>>>,
    /// Calls that were made already.
    seen: Arc<Mutex<HashSet<String>>>,
}

/// A running service. It stops when it is dropped.
pub(crate) struct Service {
    pub(crate) server: TestServer,
    pub(crate) api: SelfService,
    log: Arc<Mutex<Vec<String>>>,
    broken: Arc<Mutex<HashMap<&'static str, StatusCode>>>,
    shutdown: Shutdown,
}

struct Deaf;

impl RefusalSink for Deaf {
    fn refused(&self, _: RefusedRequest<'_>) {}
}

impl Service {
    pub(crate) async fn start(world: World, loss: Loss) -> Self {
        let server = TestServer::with(Options {
            world: administered(world),
            ..Options::default()
        })
        .await;
        let mut unit = server.store.begin().await.unwrap();
        let now = Timestamp::from_seconds(NOW);
        let operator = OperatorOrganization::default();
        bootstrap(unit.as_mut(), &operator, now).await.unwrap();
        for scope in SCOPES {
            let (scope, owner) = (
                ScopeName::parse(scope).unwrap(),
                FJORDETATEN.parse().unwrap(),
            );
            let granted = access::grant(unit.as_mut(), &scope, owner, Role::Operator, now).await;
            granted.unwrap();
        }
        unit.commit().await.unwrap();
        let shutdown = Shutdown::new();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let broken: Arc<Mutex<HashMap<&'static str, StatusCode>>> = Arc::default();
        let network = Network {
            loss,
            log: log.clone(),
            broken: broken.clone(),
            seen: Arc::default(),
        };
        let url = serve_api(&server, network, &shutdown).await;
        let source = source(&server, ADMIN, signing_key().clone().into(), KID).await;
        let scopes = SCOPES.map(str::to_owned);
        let api = SelfService::new(http(), &url, Tokens::new(source), &scopes).unwrap();
        Self {
            server,
            api,
            log,
            broken,
            shutdown,
        }
    }

    /// From now on an address fails, or does so no more.
    pub(crate) fn fail(&self, path: &'static str, fails: bool) {
        let mut broken = self.broken.lock().unwrap();
        if fails {
            broken.insert(path, StatusCode::INTERNAL_SERVER_ERROR);
        } else {
            broken.remove(path);
        }
    }

    /// The service is one that has no such address.
    pub(crate) fn lack(&self, path: &'static str) {
        self.broken
            .lock()
            .unwrap()
            .insert(path, StatusCode::NOT_FOUND);
    }

    /// Calls that changed something so far.
    pub(crate) fn changes(&self) -> usize {
        let log = self.log.lock().unwrap();
        log.iter().filter(|call| !call.starts_with("GET ")).count()
    }

    /// Calls that arrived since it was asked last, as `GET /clients?inactive=true`.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// Makes a pass over one resource as one of many do.
    pub(crate) async fn pass(&self, lists: &Lists, wanted: &Desired, keeper: &mut Memory) -> usize {
        let policy = Policy::compatible();
        let actual = observe_one(&self.api, lists, wanted, &policy, keeper, NOW).await;
        let plan = portvakt_nais::plan::plan(
            std::slice::from_ref(wanted),
            &actual.unwrap(),
            &policy,
            None,
        );
        let plan = plan.unwrap();
        let attempt = lists.attempt(&plan);
        self.apply(&plan, keeper).await.unwrap();
        drop(attempt);
        plan.steps.len()
    }

    pub(crate) async fn observe(
        &self,
        wanted: &[Desired],
        policy: &Policy,
        keeper: &mut Memory,
    ) -> Actual {
        observe(&self.api, wanted, policy, keeper, NOW)
            .await
            .unwrap()
    }

    pub(crate) async fn plan(
        &self,
        wanted: &[Desired],
        policy: &Policy,
        keeper: &mut Memory,
    ) -> Plan {
        let actual = self.observe(wanted, policy, keeper).await;
        plan(&self.api, wanted, &actual, policy).await.unwrap()
    }

    pub(crate) async fn apply(&self, plan: &Plan, keeper: &mut Memory) -> Result<(), ApplyError> {
        apply(&self.api, plan, keeper, |_, _| ()).await.map(drop)
    }

    /// Everything that the API shows of the organization, without times and made-up ids.
    pub(crate) async fn state(&self) -> Value {
        let scopes = self.api.scopes().await.unwrap();
        let mut access = BTreeMap::new();
        for scope in &scopes {
            let listed = self.api.access(&scope.name).await.unwrap();
            let listed = listed
                .into_iter()
                .map(|one| (one.consumer_orgno, one.state));
            access.insert(scope.name.clone(), listed.collect::<BTreeMap<_, _>>());
        }
        let mut clients = Vec::new();
        for client in self.api.clients().await.unwrap() {
            let keys = self.api.keys(&client.client_id).await.unwrap().value.keys;
            let mut shown = serde_json::to_value(&client).unwrap();
            for name in ["client_id", "created", "last_updated", "jwks_uri"] {
                shown.as_object_mut().unwrap().remove(name);
            }
            clients.push(json!({"client": shown, "keys": keys.len()}).to_string());
        }
        clients.sort();
        let scopes = scopes.into_iter().map(|scope| {
            let mut shown = serde_json::to_value(&scope).unwrap();
            shown.as_object_mut().unwrap().remove("last_updated");
            shown.as_object_mut().unwrap().remove("created");
            (scope.name, shown)
        });
        let scopes: BTreeMap<_, _> = scopes.collect();
        json!({"scopes": scopes, "access": access, "clients": clients})
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

fn administered(mut world: World) -> World {
    world.client(ADMIN, FJORDETATEN, &SCOPES);
    world
}

pub(crate) async fn source(
    server: &TestServer,
    client: &str,
    key: portvakt_jose::Signer,
    key_id: &str,
) -> TokenSource {
    let found = AuthorizationServer::discover(&http(), server.issuer()).await;
    TokenSource {
        server: found.unwrap(),
        credentials: Credentials::with_key_id(client, key, key_id),
        clock: Clock::new(|| NOW),
        retry: RetryPolicy {
            attempts: 1,
            ..RetryPolicy::default()
        },
    }
}

pub(crate) fn http() -> HttpClient {
    HttpClient::new(&HttpSettings {
        no_proxy: true,
        timeout: Duration::from_secs(30),
        ..HttpSettings::default()
    })
    .unwrap()
}

async fn serve_api(server: &TestServer, network: Network, shutdown: &Shutdown) -> String {
    let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
    let listener = listener.unwrap();
    let url = format!("http://{}/api/v1", listener.local_addr());
    let limits = Limits {
        max_body_bytes: MAX_BODY_BYTES,
        ..Limits::default()
    };
    let app = router(Surface {
        store: server.store.clone(),
        keys: server.keys.clone(),
        issuer: server.issuer().to_owned(),
        base_urls: vec![url.clone()],
        clock: server.clock.clone(),
        entropy: Arc::new(SystemEntropy),
        request_ids: Arc::new(|| [7; 16]),
        limits,
        rates: portvakt_http::RateLimits::default(),
        settings: portvakt_selfservice::Settings::default(),
        exchange: server.exchange.clone(),
        siblings: Vec::new(),
        refusals: Arc::new(Deaf),
    });
    let app: Router = app.layer(from_fn(move |request: Request, next: Next| {
        lossy(request, next, network.clone())
    }));
    tokio::spawn(serve(listener, app, limits, shutdown.clone()));
    url
}

/// A status that no client repeats a call for stands for what a caller that dies never hears of.
async fn lossy(request: Request, next: Next, network: Network) -> Response {
    let Network {
        loss,
        log,
        broken,
        seen,
    } = network;
    let uri = request.uri();
    let below = portvakt_selfservice::below_base(uri.path());
    let query = uri.query().map(|query| format!("?{query}"));
    let line = format!("{} {below}{}", request.method(), query.unwrap_or_default());
    if let Some(status) = broken.lock().unwrap().get(below) {
        return status.into_response();
    }
    if request.method() == Method::GET {
        log.lock().unwrap().push(line);
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap();
    let call = format!("{} {}", parts.method, parts.uri);
    // A key set holds a new key each time, so calls are told apart by where they go.
    let is_first = seen.lock().unwrap().insert(call);
    let unheard = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    if is_first && loss == Loss::Call {
        return unheard;
    }
    log.lock().unwrap().push(line);
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    if is_first && loss == Loss::Answer {
        return unheard;
    }
    answer
}

pub(crate) fn settings() -> Settings {
    Settings::new("test", "fjord")
}

pub(crate) fn wanted(manifest: &str) -> Vec<Desired> {
    let manifest = Manifest::parse_named("app.yaml", manifest).unwrap();
    desired(&manifest, &settings()).unwrap()
}
