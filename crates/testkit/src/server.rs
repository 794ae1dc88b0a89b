//! A server in the test's own process, on a free port of the loopback interface.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use portvakt_core::clock::Clock;
use portvakt_core::entropy::unique_id;
use portvakt_core::grant::{TokenExchange, TokenExchangeParts};
use portvakt_core::issuer::{Issuer, Profile};
use portvakt_core::person::PidCheck;
use portvakt_core::signing::{KeyRing, SigningKeyRecord, SigningKeyState, SigningKeys, generate};
use portvakt_core::{Entropy, MockClock, SeededEntropy, SystemEntropy, Timestamp};
use portvakt_http::{Limits, Listener, RateLimits, RequestIdSource, Shutdown, serve};
use portvakt_jose::{Algorithm, RsaBits, SigningKey, TrustStore};
use portvakt_maskinporten::{Observer, Surface, Unobserved, service};
use portvakt_store_sqlite::SqliteStore;
use reqwest::{Body, Client};

use crate::answer::Answer;
use crate::keys::trust;
use crate::world::{NOW, World};

const FORM: &str = "application/x-www-form-urlencoded";

/// What a test wants otherwise than usual.
pub struct Options {
    /// What the registry holds.
    pub world: World,
    /// Changes the issuer's policy.
    pub issuer: Box<dyn FnOnce(&mut Issuer) + Send>,
    /// Whose certificates are trusted.
    pub trust: TrustStore,
    /// Bounds of the connection loop.
    pub limits: Limits,
    /// Changes the parts before they are put together, for instance a store that fails.
    pub parts: Box<dyn FnOnce(&mut TokenExchangeParts) + Send>,
    /// Hears of the token endpoint's decisions.
    pub observer: Arc<dyn Observer>,
    /// How often somebody may ask, as far as the surface sees to it.
    pub rates: RateLimits,
    /// Serves Skyporten too, at `http://localhost` and the same port.
    pub skyporten: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            world: World::spec(),
            issuer: Box::new(|_| ()),
            trust: trust()
                .build()
                .expect("the test authority is a valid anchor"),
            limits: Limits::default(),
            parts: Box::new(|_| ()),
            observer: Arc::new(Unobserved),
            rates: RateLimits::default(),
            skyporten: false,
        }
    }
}

/// A running server. It stops, and its files go, when it is dropped.
pub struct TestServer {
    /// The store behind it.
    pub store: Arc<SqliteStore>,
    /// Its clock.
    pub clock: Arc<MockClock>,
    /// Its keys.
    pub keys: Arc<SigningKeys>,
    /// What it trusts.
    pub trust: Arc<ArcSwap<TrustStore>>,
    /// The use-case behind the token endpoint.
    pub exchange: TokenExchange,
    address: SocketAddr,
    http: Client,
    entropy: SystemEntropy,
    shutdown: Shutdown,
    _folder: tempfile::TempDir,
}

impl TestServer {
    /// Starts a server on the worked examples' world.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// Starts a server on a world that differs from the worked examples'.
    pub async fn with_world(change: impl FnOnce(&mut World)) -> Self {
        let mut options = Options::default();
        change(&mut options.world);
        Self::with(options).await
    }

    /// Starts a server with another policy.
    pub async fn with_issuer(change: impl FnOnce(&mut Issuer) + Send + 'static) -> Self {
        Self::with(Options {
            issuer: Box::new(change),
            ..Options::default()
        })
        .await
    }

    /// Starts a server.
    pub async fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = SqliteStore::open(folder.path().join("test.db")).await;
        let store = Arc::new(store.expect("a new store can be opened"));
        options.world.save(store.as_ref()).await;

        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let listener = listener.expect("a free port can be bound");
        let address = listener.local_addr();
        let mut issuer = Issuer::new(&format!("http://{address}/"), Profile::Maskinporten);
        issuer.pid_check = PidCheck::LengthOnly;
        (options.issuer)(&mut issuer);

        let clock = Arc::new(MockClock::new(Timestamp::from_seconds(NOW)));
        let keys = Arc::new(SigningKeys::new(ring()));
        let trust = Arc::new(ArcSwap::from_pointee(options.trust));
        let mut parts = TokenExchangeParts {
            issuer,
            registry: store.clone(),
            ledger: store.clone(),
            delegations: store.clone(),
            parties: store.clone(),
            keys: keys.clone(),
            trust: trust.clone(),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(1)),
            shares: None,
            explain_refusals: false,
        };
        (options.parts)(&mut parts);
        let siblings = options.skyporten.then(|| skyporten(&parts, address));
        let exchange = TokenExchange::new(parts);
        let shutdown = Shutdown::new();
        let app = service(Surface {
            exchange: exchange.clone(),
            siblings: siblings.into_iter().collect(),
            observer: options.observer,
            request_ids: request_ids(Arc::new(SystemEntropy)),
            limits: options.limits,
            rates: options.rates,
            cache_seconds: 3600,
        });
        tokio::spawn(serve(listener, app, options.limits, shutdown.clone()));
        Self {
            store,
            clock,
            keys,
            trust,
            exchange,
            address,
            http: Client::new(),
            entropy: SystemEntropy,
            shutdown,
            _folder: folder,
        }
    }

    /// `iss` of its tokens and `aud` of its grants.
    pub fn issuer(&self) -> &str {
        &self.exchange.issuer().identifier
    }

    /// Its clock, in whole seconds.
    pub fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client that keeps connections.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A value that no other call has answered.
    pub fn unique_id(&self) -> String {
        unique_id(&self.entropy).expect("the machine has randomness")
    }

    /// Posts a grant as clients do.
    pub async fn exchange(&self, assertion: &str) -> Answer {
        self.post_form(&jwt_bearer(assertion)).await
    }

    /// Posts a form body to the token endpoint.
    pub async fn post_form(&self, body: &str) -> Answer {
        self.post_with(&[("content-type", FORM)], body.to_owned())
            .await
    }

    /// Posts a grant to the sibling issuer, which is chosen by its host.
    pub async fn exchange_at_skyporten(&self, assertion: &str) -> Answer {
        let host = format!("localhost:{}", self.address.port());
        let headers = [("host", host.as_str()), ("content-type", FORM)];
        self.post_with(&headers, jwt_bearer(assertion)).await
    }

    /// The identifier of the sibling issuer.
    pub fn skyporten_issuer(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// Posts a form body with these headers to the token endpoint.
    pub async fn post_with(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = self.http.post(self.url("/token")).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.expect("the server answers")).await
    }

    /// Reads a path.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::read(
            self.http
                .get(self.url(path))
                .send()
                .await
                .expect("the server answers"),
        )
        .await
    }
}

/// A form body as most clients send it. A JWT's own characters need no encoding.
fn jwt_bearer(assertion: &str) -> String {
    format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
    )
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// Every server of a process signs with the same key, because RSA keys are slow to make.
static SERVER_KEY: LazyLock<SigningKeyRecord> = LazyLock::new(|| {
    let record = generate(
        "maskinporten",
        Algorithm::Rs256,
        RsaBits::B2048,
        SigningKeyState::Active,
        Timestamp::from_seconds(NOW),
    );
    let mut record = record.expect("an RSA key can be made");
    let key = SigningKey::from_pkcs8_der(record.algorithm, &record.private_key);
    let key = key.expect("the key was just made");
    let certificate = key.self_signed_certificate("localhost", NOW);
    record.certificate = Some(certificate.expect("it begins at an instant of this century"));
    record
});

fn ring() -> KeyRing {
    KeyRing::from_records(std::slice::from_ref(&*SERVER_KEY)).expect("one active key makes a ring")
}

/// The sibling issuer over the same registry, ledger and keys, without a slash at its end.
fn skyporten(parts: &TokenExchangeParts, address: SocketAddr) -> TokenExchange {
    let mut parts = parts.clone();
    let identifier = format!("http://localhost:{}", address.port());
    parts.issuer = Issuer::new(&identifier, Profile::Skyporten);
    TokenExchange::new(parts)
}

fn request_ids(entropy: Arc<dyn Entropy>) -> RequestIdSource {
    Arc::new(move || {
        let mut bytes = [0; 16];
        entropy
            .fill(&mut bytes)
            .expect("the machine has randomness");
        bytes
    })
}
