//! Logins of each kind, to their end.

use portvakt_core::{Clock, SystemClock};
use portvakt_jose::{Algorithm, RsaBits, SigningKey, access_token_hash};
use reqwest::{Client, RequestBuilder};
use serde_json::json;

use super::elsewhere::Elsewhere;
use super::secrets::Secrets;
use super::{AGENT, CONTACT, INSIGHT, PERSON, SECRET, TOLD};
use crate::harness::{Deployment, Server};
use crate::people::{
    Answer, Browser, ISSUER, PID, SPA, VERIFIER, WEB, callback, claims, posted, request, text,
};

/// The ordinary one: a pushed request, a key as proof, a second client of the same session.
pub(super) async fn with_test_id(server: &Server, secrets: &mut Secrets) {
    let site = server.site().with_agent(AGENT);
    let scopes = "openid profile fjord:barnehage.read";
    let mut browser = Browser::new(&site);
    let request_uri = site.push(WEB, scopes).await;
    secrets.add(request_uri.rsplit(':').next().unwrap());
    let pushed = [("client_id", WEB), ("request_uri", request_uri.as_str())];
    let selector = browser.authorize(&pushed).await;
    secrets.add_returned(&selector, "txn");
    secrets.add_cookies(&browser);
    let answer = browser.log_in(&selector, PID).await;
    let code = secrets.add_returned(&answer, "code");
    secrets.add_cookies(&browser);
    let tokens = site.redeem(WEB, &code).await.done();
    secrets.add_tokens(&tokens);
    let refreshed = site.refresh(WEB, &text(&tokens["refresh_token"])).await;
    let refreshed = refreshed.done();
    secrets.add_tokens(&refreshed);
    let access = text(&refreshed["access_token"]);
    let person = site.userinfo(&access).await.done();
    secrets.add(text(&person["sub"]));
    site.introspect(&access).await.done();
    let answer = browser.ask(SPA, "openid").await;
    let code_of_other = secrets.add_returned(&answer, "code");
    let other = site.redeem(SPA, &code_of_other).await.done();
    secrets.add_tokens(&other);
    secrets.add_cookies(&browser);

    // Refusals of what was right once.
    assert_eq!(site.redeem(WEB, &code).await.status, 400);
    let again = site.refresh(WEB, &text(&tokens["refresh_token"])).await;
    assert_eq!(again.status, 400);
    let fields = [("token", access.as_str())];
    assert_eq!(site.post_as(WEB, "/revoke", &fields).await.status, 200);
    let hint = text(&other["id_token"]);
    let out = browser
        .get(&format!("/logout?id_token_hint={hint}&state={SECRET}"))
        .await;
    assert!(out.status < 400, "{out:?}");
}

/// By way of another provider, at a client that has a secret, binds its tokens to a key, gets a signed
/// answer, asks companion APIs, and is told of the logout.
pub(super) async fn with_another_provider(
    server: &Server,
    elsewhere: &Elsewhere,
    client_secret: &str,
    secrets: &mut Secrets,
) {
    let site = server.site().with_agent(AGENT);
    let mut browser = Browser::new(&site);
    let mut parameters = request(TOLD, "openid profile");
    parameters.push(("response_mode", "query.jwt".to_owned()));
    let selector = browser.authorize(&borrowed(&parameters)).await;
    let txn = secrets.add_returned(&selector, "txn");
    let sent = browser.get(&format!("/login/fjordid?txn={txn}")).await;
    assert!(sent.location().as_str().starts_with(&elsewhere.base));
    let nonce = secrets.add_returned(&sent, "nonce");
    let state = secrets.add_returned(&sent, "state");
    secrets.add(state.rsplit('.').next().unwrap());
    let back = format!("/authorize/callback/fjordid?code={nonce}&state={state}");
    let answer = browser.get(&back).await;
    secrets.add_cookies(&browser);
    for heard in elsewhere.heard() {
        secrets.add(heard);
    }

    let response = secrets.add_returned(&answer, "response");
    secrets.add_signed(&response);
    let code = text(&claims(&response.into())["code"]);
    secrets.add(code.as_str());
    let holder = Holder::new();
    let proof = holder.proof("POST", "/token", None);
    secrets.add_signed(&proof);
    let redeemed = redeem_with_secret(server, client_secret, &code).header("dpop", proof);
    let tokens = Answer::of(redeemed).await.done();
    assert_eq!(tokens["token_type"], "DPoP");
    secrets.add_tokens(&tokens);
    let access = text(&tokens["access_token"]);
    let proof = holder.proof("GET", "/userinfo", Some(&access));
    secrets.add_signed(&proof);
    let userinfo = Client::new().get(server.url("idporten", "/userinfo"));
    let userinfo = userinfo.header("authorization", format!("DPoP {access}"));
    Answer::of(userinfo.header("dpop", proof)).await.done();

    let scopes = "openid idporten:user.log.read krr:user/kontaktinformasjon.read";
    let answer = browser.ask(TOLD, scopes).await;
    let code = secrets.add_returned(&answer, "code");
    let redeemed = redeem_with_secret(server, client_secret, &code);
    let tokens = Answer::of(redeemed).await.done();
    secrets.add_tokens(&tokens);
    let access = text(&tokens["access_token"]);
    for path in ["/innlogginger/logg/idporten", "/rest/v2/person"] {
        let asked = Client::new().get(server.url("idporten", path));
        Answer::of(asked.bearer_auth(&access)).await.done();
    }

    let out = browser.get("/logout").await;
    assert!(out.status < 400, "{out:?}");
    let logout_token = elsewhere.logout_token().await;
    secrets.add_signed(&logout_token);
    let ended = claims(&logout_token.into());
    secrets.add(text(&ended["sub"]));
    secrets.add(text(&ended["sid"]));
}

/// With an address of e-mail: with a wrong code and with the right one.
pub(super) async fn with_email(server: &Server, secrets: &mut Secrets) {
    const PATH: &str = "/login/email";
    let address = "hemmelig.person@eksempel.no";
    secrets.add(address);
    secrets.add("hemmelig.person");
    let site = server.site().with_agent(AGENT);
    let mut browser = Browser::new(&site);
    let mut parameters = request(WEB, "openid");
    parameters.push(("acr_values", "selfregistered-email".to_owned()));
    let begun = browser.authorize(&borrowed(&parameters)).await;
    let txn = secrets.add_returned(&begun, "txn");
    let form = browser.follow(&begun).await;
    let csrf = form.field("csrf");
    secrets.add(csrf.as_str());
    let login = [("txn", txn.as_str()), ("csrf", &csrf)];
    let send = [&login[..], &[("email", address), ("action", "send")]].concat();
    let page = browser.post(PATH, &send).await;
    let mut digits = page.body.split(|c: char| !c.is_ascii_digit());
    let code = digits.find(|digits| digits.len() == 8).unwrap();
    secrets.add(code);
    let wrong = "00000000";
    assert_ne!(code, wrong, "once in a hundred million");
    for typed in [wrong, code] {
        let typed = [&login[..], &[("code", typed), ("action", "login")]].concat();
        let answer = browser.post(PATH, &typed).await;
        if answer.status == 200 {
            continue;
        }
        let code = secrets.add_returned(&answer, "code");
        let tokens = site.redeem(WEB, &code).await.done();
        secrets.add_tokens(&tokens);
        secrets.add_cookies(&browser);
        return;
    }
    panic!("the right code is refused");
}

/// An organization asks about people.
pub(super) async fn by_an_organization(server: &Server, secrets: &mut Secrets) {
    for (scope, path, body) in [
        (
            "idporten:authorizations.read",
            "/clients/authorizations",
            json!({"pid": PID}),
        ),
        (
            "krr:global/kontaktinformasjon.read",
            "/rest/v2/personer",
            json!({"personidentifikatorer": [PERSON]}),
        ),
    ] {
        let grant = Deployment::grant_of(INSIGHT, scope);
        secrets.add_signed(&grant);
        let (status, issued) = server.exchange(&grant).await;
        assert_eq!(status, 200, "{issued}");
        secrets.add_tokens(&issued);
        let asked = Client::new().post(server.url("idporten", path)).json(&body);
        let token = text(&issued["access_token"]);
        let asked = asked.bearer_auth(token);
        let page = asked.try_clone().unwrap().header("accept", "text/html");
        assert_eq!(Answer::of(page).await.status, 406);
        let told = Answer::of(asked).await.done().to_string();
        assert!(!path.contains("rest") || told.contains(CONTACT), "{told}");
    }
}

fn borrowed<'p>(parameters: &'p [(&'static str, String)]) -> Vec<(&'static str, &'p str)> {
    let parameters = parameters.iter();
    parameters
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn redeem_with_secret(server: &Server, client_secret: &str, code: &str) -> RequestBuilder {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &callback(TOLD)),
        ("code_verifier", VERIFIER),
    ];
    let request = Client::new().post(server.url("idporten", "/token"));
    posted(request, &fields).basic_auth(TOLD, Some(client_secret))
}

/// Somebody with a key that tokens are bound to.
pub(super) struct Holder(SigningKey);

impl Holder {
    pub(super) fn new() -> Self {
        Self(SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap())
    }

    pub(super) fn proof(&self, method: &str, path: &str, access_token: Option<&str>) -> String {
        let mut jwk = self.0.public_jwk("k").to_json();
        jwk.as_object_mut().unwrap().remove("kid");
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
        let mut claims = json!({
            "jti": format!("bevis{}", path.replace('/', "-")), "htm": method,
            "htu": format!("{ISSUER}{path}"), "iat": SystemClock.now().seconds(),
        });
        if let Some(token) = access_token {
            claims["ath"] = access_token_hash(token).into();
        }
        self.0.sign_compact(&header, &claims).unwrap()
    }
}
