//! A server that answers what a test tells it to, and remembers what it was asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portvakt_client::{
    AuthorizationServer, Clock, Credentials, HttpClient, HttpSettings, RetryPolicy, SelfService,
    TokenSource, Tokens,
};
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_testkit::{NOW, signing_key};
use serde_json::{Value, json};

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

type Answering = dyn Fn(&Asked, usize) -> Response + Send + Sync;

/// A running server. It stops when it is dropped.
pub(crate) struct Scripted {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    shutdown: Shutdown,
}

impl Scripted {
    /// `answer` gets the request, and how many with its method and path came before it. Metadata
    /// and tokens of an authorization server are answered without it, unless it answers 299.
    pub(crate) async fn start(
        answer: impl Fn(&Asked, usize) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let listener = listener.unwrap();
        let url = format!("http://{}", listener.local_addr());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (base, seen, answer) = (url.clone(), asked.clone(), Arc::new(answer));
        let app = Router::new().fallback(move |request: Request| {
            respond(base.clone(), seen.clone(), answer.clone(), request)
        });
        let shutdown = Shutdown::new();
        tokio::spawn(serve(listener, app, Limits::default(), shutdown.clone()));
        Self {
            url,
            asked,
            shutdown,
        }
    }

    /// Requests with this path, in order.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        let here = asked.iter().filter(|asked| asked.path == path);
        here.cloned().collect()
    }

    pub(crate) async fn source(&self) -> TokenSource {
        TokenSource {
            server: AuthorizationServer::discover(&http(), &self.url)
                .await
                .unwrap(),
            credentials: Credentials::with_key_id("client", signing_key().clone(), "k"),
            clock: Clock::new(|| NOW),
            retry: quick(),
        }
    }

    pub(crate) async fn api(&self) -> SelfService {
        let tokens = Tokens::new(self.source().await);
        let scopes = ["idporten:scopes.write".to_owned()];
        SelfService::new(http(), &self.url, tokens, &scopes).unwrap()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

async fn respond(
    base: String,
    seen: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Answering>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let before = {
        let mut seen = seen.lock().unwrap();
        let is_same = |other: &&Asked| other.method == asked.method && other.path == asked.path;
        let before = seen.iter().filter(is_same).count();
        seen.push(asked.clone());
        before
    };
    let given = answer(&asked, before);
    if given.status() != DEFAULT {
        return given;
    }
    match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => reply(200, &metadata(&base)),
        "/token" => token(&format!("token-{before}"), 100),
        _ => reply(404, &json!({})),
    }
}

/// What an authorization server would answer.
pub(crate) const DEFAULT: StatusCode = match StatusCode::from_u16(299) {
    Ok(status) => status,
    Err(_) => StatusCode::OK,
};

pub(crate) fn default() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = DEFAULT;
    response
}

pub(crate) fn metadata(base: &str) -> Value {
    json!({"issuer": base, "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/jwk")})
}

pub(crate) fn token(text: &str, seconds: u64) -> Response {
    reply(
        200,
        &json!({"access_token": text, "token_type": "Bearer", "expires_in": seconds, "scope": "a:b"}),
    )
}

pub(crate) fn reply(status: u16, body: &Value) -> Response {
    with(status, &[], &body.to_string())
}

pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

/// Waits are short, so that tests are.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy {
        attempts: 4,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(5),
        total: Duration::from_secs(20),
    }
}

pub(crate) fn http() -> HttpClient {
    HttpClient::new(&HttpSettings {
        no_proxy: true,
        timeout: Duration::from_secs(10),
        ..HttpSettings::default()
    })
    .unwrap()
}
