//! The whole story over HTTP: from a prefix to a token, and back to none (spec: selfservice §6.4,
//! §7, §11; maskinporten §11).

use portvakt_core::Clock;
use portvakt_jose::SigningKey;
use portvakt_selfservice::{MAX_BODY_BYTES, Settings, Surface, router};
use portvakt_testkit::{
    Answer, FJORDETATEN, Grant, HAVBRIS, SCOPE, TestServer, second_signing_key,
};
use serde_json::{Value, json};

use crate::harness::{Checked, Heard, havbris, send, tidevann};

/// Both surfaces on one store, with the machine surface's keys.
struct Both {
    machine: TestServer,
    address: std::net::SocketAddr,
    shutdown: portvakt_http::Shutdown,
}

impl Both {
    async fn start() -> Self {
        // Only organizations and prefixes are there; everything else is made over HTTP.
        let machine = TestServer::with_world(|world| {
            world.scopes.clear();
            world.access.clear();
            world.clients.clear();
        })
        .await;
        let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = portvakt_http::Listener::bind(loopback).await.unwrap();
        let address = listener.local_addr();
        let limits = portvakt_http::Limits {
            max_body_bytes: MAX_BODY_BYTES,
            ..portvakt_http::Limits::default()
        };
        let app = router(Surface {
            store: machine.store.clone(),
            keys: machine.keys.clone(),
            issuer: machine.issuer().to_owned(),
            base_urls: vec![format!("http://{address}/api/v1")],
            clock: machine.clock.clone(),
            entropy: std::sync::Arc::new(portvakt_core::SystemEntropy),
            request_ids: std::sync::Arc::new(|| [7; 16]),
            limits,
            rates: portvakt_http::RateLimits::default(),
            settings: Settings::default(),
            exchange: machine.exchange.clone(),
            siblings: Vec::new(),
            refusals: std::sync::Arc::new(Heard::default()),
        });
        let shutdown = portvakt_http::Shutdown::new();
        tokio::spawn(portvakt_http::serve(
            listener,
            app,
            limits,
            shutdown.clone(),
        ));
        Self {
            machine,
            address,
            shutdown,
        }
    }

    /// A token of the machine surface's own key, as an administration client would get.
    fn token(&self, orgno: &str, scope: &str) -> String {
        let (ring, now) = (
            self.machine.keys.current(),
            self.machine.clock.now().seconds(),
        );
        let header = json!({"kid": ring.active_kid(), "alg": ring.active().algorithm().as_str()});
        let claims = json!({
            "iss": self.machine.issuer(), "scope": scope, "token_type": "Bearer",
            "client_amr": "private_key_jwt", "client_id": "admin", "jti": "j", "iat": now,
            "exp": now + 120,
            "consumer": {"authority": "iso6523-actorid-upis", "ID": format!("0192:{orgno}")},
        });
        let key = ring.active().software().unwrap();
        key.sign_compact(&header, &claims).unwrap()
    }

    async fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("http://{}/api/v1{path}", self.address);
        let request = self.machine.http().request(method, url).bearer_auth(token);
        send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn exchange(&self, client_id: &str, kid: &str, key: &SigningKey) -> Answer {
        let grant = Grant::new(&self.machine, client_id, SCOPE);
        let grant = grant.header("kid", json!(kid)).key(key);
        self.machine.exchange(&grant.sign()).await
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

#[tokio::test]
async fn from_a_scope_to_a_token_and_back_to_none() {
    let both = Both::start().await;
    let provider = both.token(FJORDETATEN, "idporten:scopes.write");
    let consumer = both.token(HAVBRIS, "idporten:dcr.write");
    let scope = format!("/scopes?scope={SCOPE}");
    let access = format!("/scopes/access/{HAVBRIS}?scope={SCOPE}");
    let call = async |method: &str, path: &str, token: &str, body: Option<Value>| {
        both.call(method, path, token, body).await
    };

    call("POST", "/scopes", &provider, Some(tidevann()))
        .await
        .ok();
    let early = call("POST", "/clients", &consumer, Some(havbris())).await;
    early.refused(400, "scopes[0]");
    call("PUT", &access, &provider, None).await.ok();
    let made = call("POST", "/clients", &consumer, Some(havbris()))
        .await
        .ok();
    let id = made.member("client_id").to_owned();
    let (key, kid) = (second_signing_key(), "havbris-2026a");
    let jwks = json!({"keys": [key.public_jwk(kid).to_json()]});
    let keys = format!("/clients/{id}/jwks");
    call("POST", &keys, &consumer, Some(jwks.clone()))
        .await
        .ok();

    let token = both.exchange(&id, kid, key).await;
    assert_eq!(token.status, 200, "{}", token.text);
    assert_eq!(token.claims()["consumer"]["ID"], format!("0192:{HAVBRIS}"));
    assert_eq!(token.claims()["scope"], SCOPE);
    // A token for something else administers nothing, although it is of the right issuer.
    let stranger = call("GET", "/clients", token.member("access_token"), None).await;
    stranger.refused(403, "");

    call("DELETE", &access, &provider, None).await.ok();
    let refused = both.exchange(&id, kid, key).await;
    assert_eq!(refused.mp_code(), "MP-250", "{}", refused.text);
    call("PUT", &access, &provider, None).await.ok();
    assert_eq!(both.exchange(&id, kid, key).await.status, 200);

    call("DELETE", &keys, &consumer, None).await.ok();
    assert_ne!(
        both.exchange(&id, kid, key).await.status,
        200,
        "the key is gone"
    );
    call("PUT", &keys, &consumer, Some(jwks)).await.ok();
    assert_eq!(both.exchange(&id, kid, key).await.status, 200);

    call("DELETE", &scope, &provider, None).await.ok();
    assert_ne!(
        both.exchange(&id, kid, key).await.status,
        200,
        "the scope sleeps"
    );
    let active = call("GET", "/scopes", &provider, None).await.ok();
    assert_eq!(active.body, json!([]));
    let all = call("GET", "/scopes?inactive=true", &provider, None)
        .await
        .ok();
    assert_eq!(all.body[0]["name"], SCOPE);
    assert_eq!(all.body[0]["active"], false);
    let again = call("POST", "/scopes", &provider, Some(tidevann())).await;
    again.refused(409, "subscope");
    let mut body = tidevann();
    body["active"] = json!(true);
    call("PUT", &scope, &provider, Some(body)).await.ok();
    assert_eq!(
        both.exchange(&id, kid, key).await.status,
        200,
        "all is as it was"
    );

    call("DELETE", &format!("/clients/{id}"), &consumer, None)
        .await
        .ok();
    assert_ne!(
        both.exchange(&id, kid, key).await.status,
        200,
        "the client is stopped"
    );
}
