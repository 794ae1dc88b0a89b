//! Tokens that are bound to a key (RFC 9449; spec: idporten §10.5), as honest clients use them.

use portvakt_core::login::issuer::LoginIssuer;
use portvakt_jose::{Algorithm, RsaBits, SigningKey, access_token_hash};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{
    API, APP, Answer, BARNEHAGE, Browser, LoginServer, PID, SPA, VERIFIER, WEB, callback, claims,
    request,
};

/// Somebody with a key.
pub(crate) struct Holder(pub(crate) SigningKey);

impl Holder {
    pub(crate) fn new() -> Self {
        Self(SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap())
    }

    pub(crate) fn jkt(&self) -> String {
        self.0.public_jwk("k").thumbprint()
    }

    pub(crate) fn header(&self) -> Value {
        let mut jwk = self.0.public_jwk("k").to_json();
        jwk.as_object_mut().unwrap().remove("kid");
        json!({"typ": "dpop+jwt", "alg": self.0.algorithm().as_str(), "jwk": jwk})
    }

    /// What a proof for this endpoint says.
    pub(crate) fn claims(server: &LoginServer, method: &str, path: &str) -> Value {
        json!({
            "jti": server.unique(), "htm": method, "htu": format!("{}{path}", server.issuer),
            "iat": server.now(),
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.0.sign_compact(&self.header(), claims).unwrap()
    }

    /// A proof for an endpoint that clients post to.
    pub(crate) fn proof(&self, server: &LoginServer, path: &str) -> String {
        self.sign(&Self::claims(server, "POST", path))
    }

    /// A proof for the userinfo endpoint.
    pub(crate) fn proof_with(&self, server: &LoginServer, method: &str, token: &str) -> String {
        let mut claims = Self::claims(server, method, "/userinfo");
        claims["ath"] = access_token_hash(token).into();
        self.sign(&claims)
    }

    /// Asks the userinfo endpoint.
    pub(crate) async fn userinfo(&self, server: &LoginServer, token: &str) -> Answer {
        let proof = self.proof_with(server, "GET", token);
        userinfo(server, &format!("DPoP {token}"), &[&proof]).await
    }
}

pub(crate) async fn userinfo(server: &LoginServer, authorization: &str, proofs: &[&str]) -> Answer {
    let mut request = server.http.get(format!("{}/userinfo", server.base));
    request = request.header("authorization", authorization);
    for proof in proofs {
        request = request.header("dpop", *proof);
    }
    Answer::read(request.send().await.unwrap()).await
}

/// Redeems a code with these proofs.
pub(crate) async fn redeem(
    server: &LoginServer,
    client_id: &str,
    code: &str,
    proofs: &[&str],
) -> Answer {
    let redirect_uri = callback(client_id);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    server.post_with(client_id, "/token", &form, proofs).await
}

pub(crate) async fn refresh(
    server: &LoginServer,
    client_id: &str,
    token: &str,
    proofs: &[&str],
) -> Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    server.post_with(client_id, "/token", &form, proofs).await
}

/// Tokens of a login that are bound to the holder's key.
pub(crate) async fn bound(server: &LoginServer, client_id: &str, holder: &Holder) -> Value {
    let code = Browser::new(server).code(client_id, PID).await;
    let proof = holder.proof(server, "/token");
    redeem(server, client_id, &code, &[&proof]).await.json()
}

pub(crate) fn text<'v>(tokens: &'v Value, name: &str) -> &'v str {
    tokens[name].as_str().unwrap_or_else(|| panic!("{tokens}"))
}

#[tokio::test]
async fn a_token_is_bound_to_the_key_that_was_proven() {
    let mut world = crate::harness::world();
    world.scope_mut(API).requires_user_consent = false;
    let server = LoginServer::with(world, |_| ()).await;
    let holder = Holder::new();
    let mut parameters = request(APP);
    parameters.insert("scope", format!("openid profile {API}"));
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let proof = holder.proof(&server, "/token");
    let tokens = redeem(&server, APP, &answer.location()["code"], &[&proof]).await;
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
    assert_eq!(
        claims(&tokens["access_token"])["cnf"],
        json!({"jkt": holder.jkt()})
    );
    assert!(claims(&tokens["id_token"])["cnf"].is_null());

    let access = text(&tokens, "access_token");
    let told = holder.userinfo(&server, access).await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    assert_eq!(told.json()["pid"], PID);
    let form = [("token", access)];
    let told = server.post_as(BARNEHAGE, "/token/introspect", &form).await;
    assert_eq!(told.json()["cnf"]["jkt"], holder.jkt());
    assert_eq!(told.json()["token_type"], "DPoP");

    // A client that proves itself otherwise goes on with a proof, of any key, or without.
    server.clock.advance(std::time::Duration::from_secs(1));
    let token = text(&tokens, "refresh_token");
    let other = Holder::new();
    let proof = other.proof(&server, "/token");
    let refreshed = refresh(&server, APP, token, &[&proof]).await.json();
    let jkt = claims(&refreshed["access_token"])["cnf"]["jkt"].clone();
    assert_eq!(jkt, other.jkt());
    let token = text(&refreshed, "refresh_token");
    let refreshed = refresh(&server, APP, token, &[]).await.json();
    assert_eq!(refreshed["token_type"], "Bearer");
    assert!(claims(&refreshed["access_token"])["cnf"].is_null());
}

/// Spec: idporten §10.1.
#[tokio::test]
async fn a_public_clients_refresh_token_is_bound_as_well() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let mut tokens = bound(&server, SPA, &holder).await;
    for _ in 0..2 {
        server.clock.advance(std::time::Duration::from_secs(1));
        let proof = holder.proof(&server, "/token");
        let token = text(&tokens, "refresh_token").to_owned();
        tokens = refresh(&server, SPA, &token, &[&proof]).await.json();
        assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
    }
    // One that began without a key may take one, and is held to it from then on.
    let code = Browser::new(&server).code(SPA, PID).await;
    let bearer = redeem(&server, SPA, &code, &[]).await.json();
    assert_eq!(bearer["token_type"], "Bearer");
    let proof = holder.proof(&server, "/token");
    let token = text(&bearer, "refresh_token");
    let renewed = refresh(&server, SPA, token, &[&proof]).await.json();
    let token = text(&renewed, "refresh_token");
    let without = refresh(&server, SPA, token, &[]).await;
    assert_eq!(without.error(), "invalid_grant");
}

/// RFC 9449 §10.
#[tokio::test]
async fn a_login_is_for_a_key_if_it_says_so() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let mut browser = Browser::new(&server);
    let mut parameters = request(APP);
    parameters.insert("dpop_jkt", holder.jkt());
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let proof = holder.proof(&server, "/token");
    let tokens = redeem(&server, APP, &answer.location()["code"], &[&proof]).await;
    assert_eq!(tokens.json()["token_type"], "DPoP", "{tokens:?}");

    // A proof beside a pushed request says the same.
    for says_so in [false, true] {
        let mut parameters = request(APP);
        if says_so {
            parameters.insert("dpop_jkt", holder.jkt());
        }
        let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let proof = holder.proof(&server, "/par");
        let pushed = server.post_with(APP, "/par", &form, &[&proof]).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{pushed:?}");
        let code = pushed_code(&mut browser, &pushed).await;
        let bare = redeem(&server, APP, &code, &[]).await;
        assert_eq!(bare.error(), "invalid_grant", "the login was for a key");
    }
}

/// The code of a login with a pushed request, by somebody who is logged in.
pub(crate) async fn pushed_code(browser: &mut Browser<'_>, pushed: &Answer) -> String {
    let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    let query = [("client_id", APP), ("request_uri", uri.as_str())];
    let url = url::Url::parse_with_params("https://x/authorize", query).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    browser.get(&path).await.location()["code"].clone()
}

#[tokio::test]
async fn who_sends_no_token_is_told_of_both_ways() {
    let server = LoginServer::start().await;
    let metadata = server
        .http
        .get(format!("{}/.well-known/openid-configuration", server.base));
    let metadata = Answer::read(metadata.send().await.unwrap()).await.json();
    let algorithms = json!(["RS256", "PS256", "ES256", "EdDSA"]);
    assert_eq!(metadata["dpop_signing_alg_values_supported"], algorithms);

    let answer = server.http.get(format!("{}/userinfo", server.base));
    let answer = Answer::read(answer.send().await.unwrap()).await;
    let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    let expected = ["Bearer", r#"DPoP algs="RS256 PS256 ES256 EdDSA""#];
    assert_eq!(challenges, expected);
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "WWW-Authenticate"
    );
}

#[tokio::test]
async fn where_the_operator_wants_none_proofs_are_ignored() {
    let off = |issuer: &mut LoginIssuer| issuer.dpop = false;
    let server = LoginServer::with(crate::harness::world(), off).await;
    let mut browser = Browser::new(&server);
    let mut parameters = request(WEB);
    parameters.insert("dpop_jkt", Holder::new().jkt());
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let tokens = redeem(&server, WEB, &answer.location()["code"], &["nonsense", "x"]).await;
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "Bearer", "{tokens}");
    let access = text(&tokens, "access_token");
    assert_eq!(server.userinfo(access).await.status, StatusCode::OK);
    let metadata = server
        .http
        .get(format!("{}/.well-known/openid-configuration", server.base));
    let metadata = Answer::read(metadata.send().await.unwrap()).await.json();
    assert!(metadata["dpop_signing_alg_values_supported"].is_null());
}
