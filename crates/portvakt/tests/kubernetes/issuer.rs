//! A Portvakt in the test's own process, where an organization with the prefix `nav` administers its clients.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use portvakt_client::{
    AuthorizationServer, Clock, Credentials, HttpClient, HttpSettings, RetryPolicy, SelfService,
    TokenSource, Tokens,
};
use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::administration::{Role, access};
use portvakt_core::client::UriPolicy;
use portvakt_core::ports::Store;
use portvakt_core::refusals::{RefusalSink, RefusedRequest};
use portvakt_core::scope::ScopeName;
use portvakt_core::{SystemEntropy, Timestamp};
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_selfservice::{MAX_BODY_BYTES, Settings, Surface, router};
use portvakt_testkit::{FJORDETATEN, KID, NOW, Options, SOURCE, TestServer, World, signing_key};

use crate::calls::Calls;

const NAV: &str = "889640782";
const ADMIN: &str = "administrasjon";
const SCOPES: [&str; 2] = ["idporten:scopes.write", "idporten:dcr.write"];

/// A running service. It stops when it is dropped.
pub(crate) struct Issuer {
    server: TestServer,
    shutdown: Shutdown,
}

struct Deaf;

impl RefusalSink for Deaf {
    fn refused(&self, _: RefusedRequest<'_>) {}
}

/// Organizations and scopes that the vectors are about.
fn world() -> World {
    let mut world = World::default();
    world.organization(NAV, "Arbeids- og velferdsetaten");
    world.organization(FJORDETATEN, "Fjordetaten");
    for consumer in [
        "310000011",
        "310000022",
        "310000033",
        "310000044",
        "310000055",
    ] {
        world.organization(consumer, "Havn");
    }
    world.delegation_source("altinn", SOURCE);
    world.prefix("nav", NAV);
    for prefix in ["demoskatt", "demoregister", "demokart", "demoetat"] {
        world.prefix(prefix, FJORDETATEN);
    }
    world.scope("demoskatt:inntekt.read");
    world.grant("demoskatt:inntekt.read", NAV);
    world
        .scope("demoregister:oppslag/enhet.read")
        .accessible_for_all = true;
    world.scope("demokart:adresse.read");
    world.grant("demokart:adresse.read", NAV);
    world.scope("demoetat:ikke/tilgang");
    world.scope("nav:test/api").owner_orgno = NAV.parse().unwrap();
    world.grant("nav:test/api", NAV);
    world.client(ADMIN, NAV, &SCOPES);
    world
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let server = TestServer::with(Options {
            world: world(),
            ..Options::default()
        })
        .await;
        let mut unit = server.store.begin().await.unwrap();
        let now = Timestamp::from_seconds(NOW);
        let operator = OperatorOrganization::default();
        bootstrap(unit.as_mut(), &operator, now).await.unwrap();
        for scope in SCOPES {
            let scope = ScopeName::parse(scope).unwrap();
            let granted = access::grant(
                unit.as_mut(),
                &scope,
                NAV.parse().unwrap(),
                Role::Operator,
                now,
            );
            granted.await.unwrap();
        }
        unit.commit().await.unwrap();
        Self {
            server,
            shutdown: Shutdown::new(),
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        self.server.issuer()
    }

    /// Its self-service API as a process sees it that has just begun, and whose calls these are.
    pub(crate) async fn api(&self, calls: &Calls) -> SelfService {
        let url = self.serve(calls).await;
        self.api_at(&url, Duration::from_secs(30)).await
    }

    /// The API at another address that leads to it, asked by somebody who waits so long for an answer.
    pub(crate) async fn api_at(&self, url: &str, timeout: Duration) -> SelfService {
        let http = HttpClient::new(&HttpSettings {
            no_proxy: true,
            timeout,
            ..HttpSettings::default()
        });
        let http = http.unwrap();
        let found = AuthorizationServer::discover(&http, self.url()).await;
        let source = TokenSource {
            server: found.unwrap(),
            credentials: Credentials::with_key_id(ADMIN, signing_key().clone(), KID),
            clock: Clock::new(|| NOW),
            retry: RetryPolicy::default(),
        };
        let scopes = SCOPES.map(str::to_owned);
        SelfService::new(http, url, Tokens::new(source), &scopes).unwrap()
    }

    /// Serves the API, whose calls are these; says where.
    pub(crate) async fn serve(&self, calls: &Calls) -> String {
        let server = &self.server;
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
            settings: Settings {
                require_known_organizations: true,
                login_addresses: UriPolicy::Test,
                ..Settings::default()
            },
            exchange: server.exchange.clone(),
            siblings: Vec::new(),
            refusals: Arc::new(Deaf),
        });
        let calls = calls.clone();
        let app: Router = app.layer(from_fn(move |request, next| {
            calls.clone().of_issuer(request, next)
        }));
        tokio::spawn(serve(listener, app, limits, self.shutdown.clone()));
        url
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}
