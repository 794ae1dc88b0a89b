//! A server with the worked examples' organizations and nothing else in its registry, tokens that
//! can be wrong in every way, and answers read whole.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::grant::{TokenExchange, TokenExchangeParts};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_core::ports::{Store, UnitOfWork};
use portvakt_core::refusals::{self, RefusalRecord, RefusalSink, RefusedRequest, TokenRefusal};
use portvakt_core::signing::{KeyRing, SigningKeyState, SigningKeys, generate};
use portvakt_core::{Entropy, MockClock, SystemEntropy, Timestamp};
use portvakt_http::{Limits, Listener, RateLimits, Shutdown, serve};
use portvakt_jose::{Algorithm, RsaBits};
use portvakt_maskinporten::{Decision, Observer};
use portvakt_selfservice::{MAX_BODY_BYTES, Settings, Surface, router};
use portvakt_store_sqlite::SqliteStore;
use portvakt_testkit::{
    Answer, FJORDETATEN, HAVBRIS, LYNGVIK, NOW, SOURCE, TINDESYSTEM, TestServer, World, trust,
};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://maskinporten.example/";
pub(crate) const BASE_URL: &str = "https://selfservice.example/api/v1";

pub(crate) const READ: &str = "idporten:dcr.read";
pub(crate) const MODIFY: &str = "idporten:dcr.modify";
pub(crate) const WRITE: &str = "idporten:dcr.write";
pub(crate) const REGISTRATIONS: &str = "idporten:dcr/onbehalfof:write";
pub(crate) const SUPPLIER: &str = "idporten:dcr.supplier";
pub(crate) const SCOPES_READ: &str = "idporten:scopes.read";
pub(crate) const SCOPES_WRITE: &str = "idporten:scopes.write";

/// A running API. It stops, and its files go, when it is dropped.
pub(crate) struct Api {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) heard: Arc<Heard>,
    issuer: String,
    address: SocketAddr,
    http: Client,
    shutdown: Shutdown,
    _folder: Option<tempfile::TempDir>,
}

/// Every refusal that was told of.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Vec<RefusalRecord>>);

impl RefusalSink for Heard {
    fn refused(&self, refusal: RefusedRequest<'_>) {
        self.0.lock().unwrap().push(refusal.record());
    }
}

impl Observer for Heard {
    fn decided(&self, decision: &Decision<'_>) {
        if let Err(denied) = decision.result {
            self.refused(RefusedRequest::Token(TokenRefusal {
                request_id: &decision.request_id.to_string().parse().unwrap(),
                issuer: &decision.issuer.identifier,
                at: decision.at,
                denied,
            }));
        }
    }
}

impl Heard {
    /// Makes what was told durable, as the server does beside its requests.
    pub(crate) async fn write(&self, store: &dyn Store) {
        let records = std::mem::take(&mut *self.0.lock().unwrap());
        refusals::write(store, &records, None).await.unwrap();
    }
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::with_policy((settings, RateLimits::default())).await
    }

    /// An API that limits how often somebody may ask.
    pub(crate) async fn limited(rates: RateLimits) -> Self {
        Self::with_policy((Settings::default(), rates)).await
    }

    async fn with_policy(policy: (Settings, RateLimits)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.db")).await;
        let store = Arc::new(store.unwrap());
        fill(store.as_ref()).await;
        let clock = Arc::new(MockClock::new(Timestamp::from_seconds(NOW)));
        let keys = Arc::new(SigningKeys::new(ring()));
        let exchange = TokenExchange::new(TokenExchangeParts {
            issuer: Issuer::new(ISSUER, Profile::Maskinporten),
            registry: store.clone(),
            ledger: store.clone(),
            delegations: store.clone(),
            parties: store.clone(),
            keys: keys.clone(),
            trust: Arc::new(ArcSwap::from_pointee(trust().build().unwrap())),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            shares: None,
            explain_refusals: false,
        });
        let heard = Arc::default();
        Self::serve(policy, store, clock, keys, exchange, heard, Some(folder)).await
    }

    /// The API of a token endpoint's registry, which hears of the refusals of both.
    pub(crate) async fn beside(server: &TestServer, heard: Arc<Heard>) -> Self {
        let (store, clock, keys) = (
            server.store.clone(),
            server.clock.clone(),
            server.keys.clone(),
        );
        let exchange = server.exchange.clone();
        Self::serve(
            Default::default(),
            store,
            clock,
            keys,
            exchange,
            heard,
            None,
        )
        .await
    }

    async fn serve(
        (settings, rates): (Settings, RateLimits),
        store: Arc<SqliteStore>,
        clock: Arc<MockClock>,
        keys: Arc<SigningKeys>,
        exchange: TokenExchange,
        heard: Arc<Heard>,
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let listener = listener.unwrap();
        let address = listener.local_addr();
        let limits = Limits {
            max_body_bytes: MAX_BODY_BYTES,
            ..Limits::default()
        };
        let issuer = exchange.issuer().identifier.clone();
        let app = router(Surface {
            store: store.clone(),
            keys: keys.clone(),
            issuer: issuer.clone(),
            base_urls: vec![BASE_URL.to_owned()],
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            request_ids: Arc::new(|| {
                let mut bytes = [0; 16];
                SystemEntropy.fill(&mut bytes).unwrap();
                bytes
            }),
            limits,
            rates,
            settings,
            exchange,
            siblings: Vec::new(),
            refusals: heard.clone(),
        });
        let shutdown = Shutdown::new();
        tokio::spawn(serve(listener, app, limits, shutdown.clone()));
        Self {
            store,
            clock,
            keys,
            heard,
            issuer,
            address,
            http: Client::new(),
            shutdown,
            _folder: folder,
        }
    }

    /// The claims of a token of this organization.
    pub(crate) fn claims(&self, orgno: &str, scopes: &[&str]) -> Value {
        let now = portvakt_core::Clock::now(self.clock.as_ref()).seconds();
        json!({
            "iss": self.issuer, "scope": scopes.join(" "), "token_type": "Bearer",
            "client_amr": "private_key_jwt", "client_id": "administrasjon", "jti": "j",
            "iat": now, "exp": now + 120,
            "consumer": {"authority": "iso6523-actorid-upis", "ID": format!("0192:{orgno}")},
        })
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let ring = self.keys.current();
        let header = json!({"kid": ring.active_kid(), "alg": ring.active().algorithm().as_str()});
        let key = ring.active().software().unwrap();
        key.sign_compact(&header, claims).unwrap()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http
            .request(method, format!("http://{}{path}", self.address))
    }

    /// Someone who calls below `/api/v1`.
    pub(crate) fn caller<'a>(&'a self, orgno: &str, scopes: &[&str]) -> Caller<'a> {
        Caller {
            api: self,
            token: self.sign(&self.claims(orgno, scopes)),
        }
    }

    /// Fjordetaten with every right over its scopes.
    pub(crate) fn provider(&self) -> Caller<'_> {
        self.caller(FJORDETATEN, &[SCOPES_WRITE])
    }

    /// Havbris with every right over its clients.
    pub(crate) fn consumer(&self) -> Caller<'_> {
        self.caller(HAVBRIS, &[READ, WRITE])
    }

    /// Tindesystem with every right over the clients of its customers.
    pub(crate) fn supplier(&self) -> Caller<'_> {
        self.caller(TINDESYSTEM, &[SUPPLIER])
    }

    /// Does something as the operator.
    pub(crate) async fn operate<F>(&self, act: F)
    where
        F: AsyncFnOnce(&mut dyn UnitOfWork),
    {
        let mut unit = self.store.begin().await.unwrap();
        act(unit.as_mut()).await;
        unit.commit().await.unwrap();
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// Someone with a token.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    api: &'a Api,
    pub(crate) token: String,
}

impl Caller<'_> {
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let path = format!("/api/v1{path}");
        self.api.request(method, &path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request("PUT", path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request("DELETE", path)).await
    }

    /// Without a body, but with the media type that clients send along.
    pub(crate) async fn put_nothing(&self, path: &str) -> Answer {
        let request = self.request("PUT", path);
        send(request.header("content-type", "application/json")).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.unwrap()).await
}

/// What tests ask of answers of this API.
pub(crate) trait Checked: Sized {
    fn ok(self) -> Self;
    fn refused(self, status: u16, field: &str) -> Self;
    fn fields(&self) -> Vec<String>;
}

impl Checked for Answer {
    #[track_caller]
    fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text);
        let revision = self.header("portvakt-revision");
        assert!(revision.parse::<u64>().is_ok(), "revision {revision:?}");
        self
    }

    /// Checks the whole error body; `field` is empty when no attribute is at fault, and otherwise
    /// one of those that are.
    #[track_caller]
    fn refused(self, status: u16, field: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.body["status"], status);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.member("correlation_id"), self.header("x-request-id"));
        assert!(Timestamp::parse(self.member("timestamp")).is_ok());
        assert_eq!(self.body["error"], self.body["error_description"]);
        let errors = self.body["errors"].as_array().unwrap();
        for error in errors {
            assert!(!error["errorMessage"].as_str().unwrap().is_empty());
            assert!(error["objectName"].is_string());
            assert_eq!(
                error["isFieldError"],
                error.get("fieldIdentifier").is_some()
            );
        }
        let fields = self.fields();
        assert!(
            if field.is_empty() {
                fields.is_empty()
            } else {
                fields.iter().any(|f| f == field)
            },
            "{field:?} not in {}",
            self.text
        );
        self
    }

    fn fields(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors
            .filter_map(|error| error["fieldIdentifier"].as_str().map(str::to_owned))
            .collect()
    }
}

/// The body of the worked example's scope.
pub(crate) fn tidevann() -> Value {
    json!({
        "prefix": "fjord", "subscope": "tidevann.read", "description": "Tidevannsdata",
        "at_max_age": 90, "allowed_integration_types": ["maskinporten"],
    })
}

/// The body of the worked example's client.
pub(crate) fn havbris() -> Value {
    json!({
        "integration_type": "maskinporten", "client_name": "Havbris tidevann",
        "description": "prod:havbris:tidevann", "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "scopes": ["fjord:tidevann.read"],
    })
}

/// `base` with these members instead.
pub(crate) fn but(mut base: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

/// `base` without a member.
pub(crate) fn without(mut base: Value, name: &str) -> Value {
    base.as_object_mut().unwrap().remove(name);
    base
}

/// The scope of the worked example, with access for Havbris.
pub(crate) async fn with_scope() -> Api {
    let api = Api::start().await;
    api.provider().post("/scopes", &tidevann()).await.ok();
    grant(&api, HAVBRIS).await;
    api
}

pub(crate) async fn grant(api: &Api, orgno: &str) {
    let path = format!("/scopes/access/{orgno}?scope=fjord%3Atidevann.read");
    api.provider().put_nothing(&path).await.ok();
}

/// Registers the worked example's client and answers its id.
pub(crate) async fn registered(caller: &Caller<'_>) -> String {
    let answer = caller.post("/clients", &havbris()).await.ok();
    answer.member("client_id").to_owned()
}

async fn fill(store: &SqliteStore) {
    let mut world = World::default();
    for (orgno, name) in [
        (FJORDETATEN, "Fjordetaten"),
        (HAVBRIS, "Havbris AS"),
        (TINDESYSTEM, "Tindesystem AS"),
        (LYNGVIK, "Lyngvik Kafé"),
    ] {
        world.organization(orgno, name);
    }
    world.prefix("fjord", FJORDETATEN);
    world.delegation_source("altinn", SOURCE);
    world.save(store).await;
    let mut unit = store.begin().await.unwrap();
    let (operator, now) = (
        OperatorOrganization::default(),
        Timestamp::from_seconds(NOW),
    );
    bootstrap(unit.as_mut(), &operator, now).await.unwrap();
    unit.commit().await.unwrap();
}

/// Elliptic curves are quick to make.
fn ring() -> KeyRing {
    let now = Timestamp::from_seconds(NOW);
    let (state, bits) = (SigningKeyState::Active, RsaBits::B2048);
    let record = generate("maskinporten", Algorithm::Es256, bits, state, now).unwrap();
    KeyRing::from_records(&[record]).unwrap()
}
