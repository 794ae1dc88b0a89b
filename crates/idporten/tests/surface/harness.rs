//! A login surface in the test's own process, and a browser that follows it by hand.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex};

use arc_swap::ArcSwap;
use portvakt_core::audit::{AuditEntry, AuditFilter, Checkpoints, verify};
use portvakt_core::client::{
    ApplicationType, AuthenticationMethod, Client, ClientSecret, ClientSecrets, GrantType,
    IntegrationType, StoredSecret,
};
use portvakt_core::clock::{Clock, MockClock, Timestamp};
use portvakt_core::entropy::{SeededEntropy, SystemEntropy, unique_id};
use portvakt_core::login::Room;
use portvakt_core::login::companion::{
    Companion, CompanionParts, CompanionSettings, MachineIssuer,
};
use portvakt_core::login::issuer::{Environment, LoginIssuer};
use portvakt_core::login::port::LoginPeople;
use portvakt_core::login::provider::{LogoutNotice, LogoutSender, Provider, ProviderParts};
use portvakt_core::login::record::Identity;
use portvakt_core::login::subject::PairwiseKey;
use portvakt_core::person::{Person, Pid, PidCheck};
use portvakt_core::ports::{GrantRegistry, Store};
use portvakt_core::refusals::{self, RefusalRecord, RefusalSink, RefusedRequest};
use portvakt_core::scope::Scope;
use portvakt_core::signing::{KeyRing, SigningKeyRecord, SigningKeyState, SigningKeys, generate};
use portvakt_http::{Limits, Listener, RateLimits, Shutdown, serve};
use portvakt_idporten::eid::{EidProvider, RegistryPeople, TestIdProvider};
use portvakt_idporten::pages::{FooterLinks, Name, Site};
use portvakt_idporten::{Surface, router};
use portvakt_jose::{Algorithm, Jws, RsaBits, SigningKey};
use portvakt_store_sqlite::SqliteStore;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, KID, NOW, World, signing_key, trust};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

pub(crate) const PID: &str = "17869010057";
pub(crate) const OTHER_PID: &str = "05857430060";
pub(crate) const WEB: &str = "eksempel-nettsted";
pub(crate) const APP: &str = "eksempel-app";
pub(crate) const SPA: &str = "eksempel-spa";
pub(crate) const ISOLATED: &str = "eksempel-isolert";
pub(crate) const API: &str = "fjord:barnehage/plass.read";
pub(crate) const BARNEHAGE: &str = "barnehage-api";
pub(crate) const VERIFIER: &str = "jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38";
pub(crate) const CHALLENGE: &str = "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8";

/// The secret of every client that has one.
pub(crate) static SECRET: LazyLock<ClientSecret> =
    LazyLock::new(|| ClientSecret::generate(&SeededEntropy::new(77)).unwrap());

/// Every server of a process signs with the same key, because RSA keys are slow to make.
static SERVER_KEY: LazyLock<SigningKeyRecord> = LazyLock::new(|| {
    let now = Timestamp::from_seconds(NOW);
    let state = SigningKeyState::Active;
    let mut record = generate("idporten", Algorithm::Rs256, RsaBits::B2048, state, now).unwrap();
    let key = SigningKey::from_pkcs8_der(record.algorithm, &record.private_key).unwrap();
    let certificate = key.self_signed_certificate("login.eksempel.no", NOW);
    record.certificate = Some(certificate.unwrap());
    record
});

/// The same key when another of the algorithm ES256 has taken its place.
pub(crate) fn rotated_ring() -> KeyRing {
    let now = Timestamp::from_seconds(NOW);
    let state = SigningKeyState::Active;
    let next = generate("idporten", Algorithm::Es256, RsaBits::B2048, state, now).unwrap();
    let former = SigningKeyRecord {
        state: SigningKeyState::Retired,
        ..SERVER_KEY.clone()
    };
    KeyRing::from_records(&[former, next]).unwrap()
}

/// The machine-to-machine issuer beside it.
pub(crate) const MACHINE_ISSUER: &str = "https://maskinporten.eksempel.no/";

static MACHINE_KEYS: LazyLock<Arc<SigningKeys>> = LazyLock::new(|| {
    let now = Timestamp::from_seconds(NOW);
    let state = SigningKeyState::Active;
    let key = generate("maskinporten", Algorithm::Es256, RsaBits::B2048, state, now).unwrap();
    let ring = KeyRing::from_records(&[key]).unwrap();
    Arc::new(SigningKeys::new(ring))
});

/// Signs claims as the machine-to-machine issuer.
pub(crate) async fn sign_as_machine_issuer(claims: &Value) -> String {
    let ring = MACHINE_KEYS.current();
    let header = json!({"alg": "ES256", "kid": ring.active_kid()});
    ring.active().sign_compact(&header, claims).await.unwrap()
}

/// Where a client's logins return to. Nobody answers there: browsers are followed by hand.
pub(crate) fn callback(client_id: &str) -> String {
    format!("https://{client_id}.eksempel.no/cb")
}

/// Clients of every kind, an API that asks for consent, and somebody who introspects.
pub(crate) fn world() -> World {
    let mut world = World::default();
    world.organization(FJORDETATEN, "Fjordetaten");
    world.organization(HAVBRIS, "Havbris AS");
    world.prefix("fjord", FJORDETATEN);
    let openid = |scope: &mut Scope| scope.accessible_for_all = true;
    for name in [
        "openid",
        "profile",
        "no_pid",
        "idporten:token.introspection",
    ] {
        openid(world.scope(name));
    }
    let api = world.scope(API);
    api.requires_user_consent = true;
    api.at_max_age = 120;
    "Barnehageplasser".clone_into(&mut api.description);
    world.grant(API, HAVBRIS);

    let web = login_client(&mut world, WEB, &["openid", "profile"]);
    web.integration_type = IntegrationType::Idporten;
    web.token_endpoint_auth_method = AuthenticationMethod::ClientSecretBasic;
    let app = login_client(&mut world, APP, &["openid", "profile", API]);
    app.login.frontchannel_logout_session_required = Some(true);
    app.login.frontchannel_logout_uri = Some(format!("https://{APP}.eksempel.no/logout?a=b"));
    app.login.backchannel_logout_uri = Some(format!("https://{APP}.eksempel.no/ended"));
    let spa = login_client(&mut world, SPA, &["openid", "profile"]);
    spa.application_type = ApplicationType::Browser;
    spa.token_endpoint_auth_method = AuthenticationMethod::None;
    let isolated = login_client(&mut world, ISOLATED, &["openid"]);
    isolated.login.sso_disabled = Some(true);
    world.scope_mut(API).enforced_aud_for_introspection = vec![BARNEHAGE.parse().unwrap()];
    let barnehage = world.client(BARNEHAGE, FJORDETATEN, &["idporten:token.introspection"]);
    barnehage.integration_type = IntegrationType::ApiKlient;
    world
}

/// A client that logs people in and refreshes, with a registered key.
fn login_client<'w>(world: &'w mut World, id: &str, scopes: &[&str]) -> &'w mut Client {
    let client = world.client(id, HAVBRIS, scopes);
    client.integration_type = IntegrationType::ApiKlient;
    client.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    client.login.display_name = Some(format!("Tjenesten {id}"));
    client.login.redirect_uris = vec![callback(id)];
    client.login.post_logout_redirect_uris = vec![format!("https://{id}.eksempel.no/ut")];
    client
}

/// The test provider of every server here.
pub(crate) fn testid(store: &Arc<SqliteStore>) -> Arc<dyn EidProvider> {
    let people = Arc::new(RegistryPeople(Arc::clone(store)));
    Arc::new(TestIdProvider::new(people))
}

/// How much a server takes.
#[derive(Default)]
pub(crate) struct Bounds {
    pub(crate) limits: Limits,
    pub(crate) rates: RateLimits,
    pub(crate) room: Arc<Room>,
}

/// What a server finds when it starts.
struct Stored {
    folder: Arc<tempfile::TempDir>,
    store: Arc<SqliteStore>,
    /// Who says what is registered: the store, unless something stands before it.
    registry: Arc<dyn GrantRegistry>,
    /// What the server calls itself, if not by its address.
    issuer: Option<String>,
}

impl Stored {
    async fn at(folder: Arc<tempfile::TempDir>, issuer: Option<String>) -> Self {
        let store = SqliteStore::open(folder.path().join("test.db")).await;
        let store = Arc::new(store.unwrap());
        Self {
            registry: store.clone(),
            folder,
            store,
            issuer,
        }
    }
}

/// A running surface. It stops, and its files go, when it is dropped.
pub(crate) struct LoginServer {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) base: String,
    /// What it calls itself: its own address, unless it was started again at another.
    pub(crate) issuer: String,
    pub(crate) told: Arc<Told>,
    refused: Arc<Refusals>,
    /// What it signs with.
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) http: reqwest::Client,
    entropy: SystemEntropy,
    shutdown: Shutdown,
    folder: Arc<tempfile::TempDir>,
}

impl LoginServer {
    pub(crate) async fn start() -> Self {
        Self::with(world(), |_| ()).await
    }

    pub(crate) async fn with(world: World, policy: impl FnOnce(&mut LoginIssuer)) -> Self {
        Self::with_everything(world, policy, |_| (), |store, _| vec![testid(store)]).await
    }

    pub(crate) async fn with_companion(
        world: World,
        policy: impl FnOnce(&mut LoginIssuer),
        companion: impl FnOnce(&mut CompanionSettings),
    ) -> Self {
        Self::with_everything(world, policy, companion, |store, _| vec![testid(store)]).await
    }

    pub(crate) async fn with_eids(
        world: World,
        policy: impl FnOnce(&mut LoginIssuer),
        eids: impl FnOnce(&Arc<SqliteStore>, &str) -> Vec<Arc<dyn EidProvider>>,
    ) -> Self {
        Self::with_everything(world, policy, |_| (), eids).await
    }

    async fn with_everything(
        world: World,
        policy: impl FnOnce(&mut LoginIssuer),
        companion: impl FnOnce(&mut CompanionSettings),
        eids: impl FnOnce(&Arc<SqliteStore>, &str) -> Vec<Arc<dyn EidProvider>>,
    ) -> Self {
        let bounds = Bounds::default();
        Self::run(stored(&world).await, bounds, policy, companion, eids).await
    }

    /// A server that takes requests within these bounds alone.
    pub(crate) async fn bounded(bounds: Bounds) -> Self {
        let eids = |store: &Arc<SqliteStore>, _: &str| vec![testid(store)];
        Self::run(stored(&world()).await, bounds, |_| (), |_| (), eids).await
    }

    /// A server that asks something before its store what is registered, as a node asks its cache.
    pub(crate) async fn with_registry(
        world: World,
        registry: impl FnOnce(&Arc<SqliteStore>) -> Arc<dyn GrantRegistry>,
    ) -> Self {
        let mut stored = stored(&world).await;
        stored.registry = registry(&stored.store);
        let eids = |store: &Arc<SqliteStore>, _: &str| vec![testid(store)];
        Self::run(stored, Bounds::default(), |_| (), |_| (), eids).await
    }

    /// Another process of the same server: the same files and name, and nothing in memory.
    pub(crate) async fn started_again(self) -> Self {
        self.shutdown.trigger();
        let stored = Stored::at(self.folder.clone(), Some(self.issuer.clone())).await;
        let eids = |store: &Arc<SqliteStore>, _: &str| vec![testid(store)];
        Self::run(stored, Bounds::default(), |_| (), |_| (), eids).await
    }

    async fn run(
        stored: Stored,
        bounds: Bounds,
        policy: impl FnOnce(&mut LoginIssuer),
        companion: impl FnOnce(&mut CompanionSettings),
        eids: impl FnOnce(&Arc<SqliteStore>, &str) -> Vec<Arc<dyn EidProvider>>,
    ) -> Self {
        let Stored {
            folder,
            store,
            registry,
            issuer,
        } = stored;
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let listener = listener.unwrap();
        let base = format!("http://{}", listener.local_addr());
        let clock = Arc::new(MockClock::new(Timestamp::from_seconds(NOW)));
        let mut issuer = LoginIssuer::new(issuer.as_ref().unwrap_or(&base), Environment::Test);
        policy(&mut issuer);
        let eids = eids(&store, &base);
        let identifier = issuer.identifier.clone();
        let ring = KeyRing::from_records(std::slice::from_ref(&*SERVER_KEY)).unwrap();
        let told = Arc::new(Told::default());
        let refused = Arc::new(Refusals::default());
        let keys = Arc::new(SigningKeys::new(ring));
        let provider = Provider::new(ProviderParts {
            issuer,
            registry,
            ledger: store.clone(),
            store: store.clone(),
            keys: Arc::clone(&keys),
            pairwise: PairwiseKey::generate(&SeededEntropy::new(5)).unwrap(),
            trust: Arc::new(ArcSwap::from_pointee(trust().build().unwrap())),
            levels: eids.iter().flat_map(|eid| eid.describe().levels).collect(),
            logouts: Some(told.clone()),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            room: bounds.room,
            shares: None,
        });
        // What a test revokes it finds in the list at once.
        let mut settings = CompanionSettings {
            revoke_list_lifetime: std::time::Duration::ZERO,
            ..CompanionSettings::at(&base)
        };
        companion(&mut settings);
        let companion = Companion::new(CompanionParts {
            provider: provider.clone(),
            machines: Some(MachineIssuer {
                identifier: MACHINE_ISSUER.to_owned(),
                keys: Arc::clone(&MACHINE_KEYS),
            }),
            log: store.clone(),
            settings,
        });
        let app = router(Surface {
            provider,
            companion: Some(companion),
            eids,
            site: Site {
                provider: Name::new("Fjordporten"),
                logo: None,
                test_environment: true,
                strict_transport: false,
                links: FooterLinks::default(),
            },
            observer: Arc::new(()),
            refusals: refused.clone(),
            request_ids: request_ids(),
            limits: bounds.limits,
            rates: bounds.rates,
            cache_seconds: 3600,
        });
        let shutdown = Shutdown::new();
        tokio::spawn(serve(
            listener,
            app.unwrap(),
            bounds.limits,
            shutdown.clone(),
        ));
        let http = reqwest::Client::builder().redirect(Policy::none());
        Self {
            store,
            clock,
            base,
            issuer: identifier,
            told,
            refused,
            keys,
            http: http.build().unwrap(),
            entropy: SystemEntropy,
            shutdown,
            folder,
        }
    }

    /// A value that no other call has answered.
    pub(crate) fn unique(&self) -> String {
        unique_id(&self.entropy).unwrap()
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// The audit log with what was refused so far, which is whole and names nobody.
    pub(crate) async fn audit_log(&self, filter: AuditFilter) -> Vec<AuditEntry> {
        let records = std::mem::take(&mut *self.refused.0.lock().unwrap());
        refusals::write(self.store.as_ref(), &records, None)
            .await
            .unwrap();
        let mut unit = self.store.read().await.unwrap();
        let whole = unit.list_audit(&AuditFilter::default(), 0, 1000).await;
        let whole = whole.unwrap();
        verify(&whole, &Checkpoints::none()).unwrap();
        for entry in &whole {
            for secret in [PID, OTHER_PID, SECRET.expose()] {
                assert!(!entry.text.contains(secret), "{}", entry.text);
            }
        }
        let wanted = unit.list_audit(&filter, 0, 1000).await.unwrap();
        wanted.iter().map(|entry| entry.entry().unwrap()).collect()
    }

    /// Blocks somebody who has logged in.
    pub(crate) async fn block(&self, pid: &str) {
        let identity = Identity::Pid(Pid::parse(pid, PidCheck::LengthOnly).unwrap());
        let person = self.store.find_person_by_identity(&identity).await;
        let person = person.unwrap().unwrap();
        let now = self.clock.now();
        let blocked = self.store.block_person(&person.id, "misbruk", now).await;
        blocked.unwrap();
    }

    /// Posts a form as a client's server does.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).form(form);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Posts a form as this client, which proves itself as it is registered to.
    pub(crate) async fn post_as(
        &self,
        client_id: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        self.post_with(client_id, path, form, &[]).await
    }

    /// As [`Self::post_as`], with these `DPoP` headers.
    pub(crate) async fn post_with(
        &self,
        client_id: &str,
        path: &str,
        form: &[(&str, &str)],
        proofs: &[&str],
    ) -> Answer {
        let mut form = form.to_vec();
        let assertion = self.assertion(client_id);
        let mut request = self.http.post(format!("{}{path}", self.base));
        match client_id {
            WEB => request = request.basic_auth(WEB, Some(SECRET.expose())),
            SPA => form.push(("client_id", SPA)),
            _ => {
                form.push((
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ));
                form.push(("client_assertion", &assertion));
            }
        }
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        Answer::read(request.form(&form).send().await.unwrap()).await
    }

    /// A new assertion of a client with a registered key.
    pub(crate) fn assertion(&self, client_id: &str) -> String {
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": self.issuer, "jti": self.unique(),
            "iat": self.now(), "exp": self.now() + 30,
        });
        let header = json!({"alg": "RS256", "kid": KID});
        signing_key().sign_compact(&header, &claims).unwrap()
    }

    /// Redeems a code as this client.
    pub(crate) async fn redeem(&self, client_id: &str, code: &str) -> Answer {
        let redirect_uri = callback(client_id);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.post_as(client_id, "/token", &form).await
    }

    pub(crate) async fn refresh(&self, client_id: &str, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post_as(client_id, "/token", &form).await
    }

    pub(crate) async fn userinfo(&self, token: &str) -> Answer {
        let request = self.http.get(format!("{}/userinfo", self.base));
        Answer::read(request.bearer_auth(token).send().await.unwrap()).await
    }
}

impl Drop for LoginServer {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// What clients' servers would be told, kept instead of sent.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<LogoutNotice>>);

impl LogoutSender for Told {
    fn send(&self, notice: LogoutNotice) {
        self.0.lock().unwrap().push(notice);
    }
}

impl Told {
    /// Everything that was told since this was asked for.
    pub(crate) fn take(&self) -> Vec<LogoutNotice> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What was refused, until somebody asks for the log.
#[derive(Default)]
struct Refusals(Mutex<Vec<RefusalRecord>>);

impl RefusalSink for Refusals {
    fn refused(&self, refusal: RefusedRequest<'_>) {
        self.0.lock().unwrap().push(refusal.record());
    }
}

/// A store with this world, in a folder that goes with the server.
async fn stored(world: &World) -> Stored {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let stored = Stored::at(folder, None).await;
    world.save(stored.store.as_ref()).await;
    save_rest(&stored.store, world).await;
    stored
}

async fn save_rest(store: &SqliteStore, world: &World) {
    let mut unit = store.begin().await.unwrap();
    for (pid, name) in [(PID, "Kari Nordmann"), (OTHER_PID, "Ola Nordmann")] {
        let pid = Pid::parse(pid, PidCheck::LengthOnly).unwrap();
        let name = name.to_owned();
        let contact = None;
        unit.save_person(&Person { pid, name, contact })
            .await
            .unwrap();
    }
    if world
        .clients
        .iter()
        .any(|(client, _)| client.client_id.as_str() == WEB)
    {
        let secret = StoredSecret::new(SECRET.hash(), Timestamp::from_seconds(NOW));
        let secrets = ClientSecrets::from_stored(vec![secret]).unwrap();
        unit.save_secrets(&WEB.parse().unwrap(), &secrets)
            .await
            .unwrap();
    }
    unit.commit().await.unwrap();
}

fn request_ids() -> portvakt_http::RequestIdSource {
    use portvakt_core::Entropy;
    Arc::new(|| {
        let mut bytes = [0; 16];
        SystemEntropy.fill(&mut bytes).unwrap();
        bytes
    })
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The parameters in the query of a redirect.
    pub(crate) fn location(&self) -> BTreeMap<String, String> {
        let url = url::Url::parse(self.header("location"));
        let url = url.unwrap_or_else(|_| panic!("no redirect: {self:?}"));
        url.query_pairs().into_owned().collect()
    }

    /// The value of a hidden field of a page's form.
    pub(crate) fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\"");
        let at = self.body.find(&marker);
        let rest = &self.body[at.unwrap_or_else(|| panic!("no field {name}: {}", self.body))..];
        let value = rest.split("value=\"").nth(1).unwrap();
        value.split('"').next().unwrap().to_owned()
    }
}

/// The claims of a token, whoever signed it.
pub(crate) fn claims(token: &Value) -> Value {
    let jws = Jws::parse(token.as_str().expect("a token")).unwrap();
    serde_json::from_slice(jws.payload()).unwrap()
}

/// A browser: cookies, and one step at a time.
pub(crate) struct Browser<'s> {
    server: &'s LoginServer,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// An authorization request with nothing wrong, to be changed.
pub(crate) fn request(client_id: &str) -> BTreeMap<&'static str, String> {
    let text = str::to_owned;
    BTreeMap::from([
        ("response_type", text("code")),
        ("client_id", text(client_id)),
        ("redirect_uri", callback(client_id)),
        ("scope", text("openid profile")),
        ("state", text("s1")),
        ("nonce", text("n1")),
        ("code_challenge", text(CHALLENGE)),
        ("code_challenge_method", text("S256")),
    ])
}

impl<'s> Browser<'s> {
    pub(crate) fn new(server: &'s LoginServer) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        self.send(self.server.http.get(self.absolute(url))).await
    }

    pub(crate) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.server.http.post(self.absolute(url)).form(form);
        self.send(request).await
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') {
            format!("{}{url}", self.server.base)
        } else {
            url.to_owned()
        }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let cookies = self.cookies.iter().map(|(n, v)| format!("{n}={v}"));
        let cookies: Vec<_> = cookies.collect();
        let request = request.header("cookie", cookies.join("; "));
        let answer = Answer::read(request.send().await.unwrap()).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Brings a request to the authorization endpoint.
    pub(crate) async fn authorize(&mut self, request: &BTreeMap<&'static str, String>) -> Answer {
        let url = format!("{}/authorize", self.server.base);
        let url = url::Url::parse_with_params(&url, request).unwrap();
        self.get(url.as_str()).await
    }

    /// Logs in with `TestID` where the selector is shown, and gives what comes after.
    pub(crate) async fn log_in(&mut self, selector: &Answer, pid: &str, level: &str) -> Answer {
        let login = selector.header("location").to_owned();
        assert!(login.contains("/login?txn="), "{selector:?}");
        let page = self.get(&login).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let form = self.get(&login.replace("/login?", "/login/testid?")).await;
        assert_eq!(form.status, StatusCode::OK, "{form:?}");
        self.submit(
            &form,
            "/login/testid",
            &[("pid", pid), ("level", level), ("action", "login")],
        )
        .await
    }

    /// Sends a page's form with these fields filled in.
    pub(crate) async fn submit(
        &mut self,
        page: &Answer,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let (txn, csrf) = (page.field("txn"), page.field("csrf"));
        let mut form = vec![("txn", txn.as_str()), ("csrf", csrf.as_str())];
        form.extend_from_slice(fields);
        self.post(path, &form).await
    }

    /// A whole login, which is answered with a code.
    pub(crate) async fn code(&mut self, client_id: &str, pid: &str) -> String {
        let selector = self.authorize(&request(client_id)).await;
        let answer = self.log_in(&selector, pid, "substantial").await;
        answer.location()["code"].clone()
    }

    /// A login that reuses the session.
    pub(crate) async fn sso_code(&mut self, client_id: &str) -> String {
        let answer = self.authorize(&request(client_id)).await;
        answer.location()["code"].clone()
    }
}
