//! Servers of others: a provider that logs people in for this one, and a client that is told of logouts.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use portvakt_core::{Clock, SystemClock};
use portvakt_http::{Limits, Listener, Shutdown, serve};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use serde_json::{Value, json};

use crate::people::PID;

/// What the provider knows this server by.
pub(super) const CLIENT: &str = "megler";

/// Both, on one port.
#[derive(Clone)]
pub(super) struct Elsewhere {
    pub(super) base: String,
    key: SigningKey,
    heard: Arc<Mutex<Vec<String>>>,
    logout_tokens: Arc<Mutex<Vec<String>>>,
}

impl Elsewhere {
    pub(super) async fn start() -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).await;
        let listener = listener.unwrap();
        let elsewhere = Self {
            base: format!("http://localhost:{}", listener.local_addr().port()),
            key: SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap(),
            heard: Arc::default(),
            logout_tokens: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(keys))
            .route("/token", post(redeem))
            .route("/ended", post(take_logout))
            .with_state(elsewhere.clone());
        tokio::spawn(serve(listener, router, Limits::default(), Shutdown::new()));
        elsewhere
    }

    /// Everything that was sent here and lets somebody in.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits for a client to be told of a logout.
    pub(super) async fn logout_token(&self) -> String {
        let told = async {
            loop {
                if let Some(token) = self.logout_tokens.lock().unwrap().pop() {
                    return token;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let patience = Duration::from_secs(30);
        tokio::time::timeout(patience, told).await.unwrap()
    }
}

async fn metadata(State(elsewhere): State<Elsewhere>) -> Json<Value> {
    let base = &elsewhere.base;
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/jwks"),
    }))
}

async fn keys(State(elsewhere): State<Elsewhere>) -> Json<Value> {
    Json(json!({"keys": [elsewhere.key.public_jwk("e1").to_json()]}))
}

/// Logs the person in whose code it is. The test makes the code of the login's `nonce`.
async fn redeem(
    State(elsewhere): State<Elsewhere>,
    headers: HeaderMap,
    body: String,
) -> Json<Value> {
    let field = |name: &str| {
        let mut fields = url::form_urlencoded::parse(body.as_bytes());
        let found = fields.find(|(known, _)| known == name);
        found.unwrap().1.into_owned()
    };
    let now = SystemClock.now().seconds();
    let id_token = json!({
        "iss": elsewhere.base, "sub": "s", "aud": CLIENT, "iat": now, "exp": now + 60,
        "nonce": field("code"), "acr": "high", "pid": PID,
    });
    let header = json!({"alg": "ES256", "kid": "e1"});
    let id_token = elsewhere.key.sign_compact(&header, &id_token).unwrap();
    let access_token = "tilgang-hos-andre-9f3c";
    let authorization = headers["authorization"].to_str().unwrap();
    let credentials = authorization.strip_prefix("Basic ").unwrap();
    let heard = [
        field("code_verifier"),
        credentials.to_owned(),
        id_token.clone(),
        id_token.split('.').nth(1).unwrap().to_owned(),
        access_token.to_owned(),
    ];
    elsewhere.heard.lock().unwrap().extend(heard);
    Json(
        json!({"access_token": access_token, "id_token": id_token, "token_type": "Bearer", "expires_in": 60}),
    )
}

async fn take_logout(State(elsewhere): State<Elsewhere>, body: String) {
    let token = body.strip_prefix("logout_token=").unwrap().to_owned();
    elsewhere.logout_tokens.lock().unwrap().push(token);
}
