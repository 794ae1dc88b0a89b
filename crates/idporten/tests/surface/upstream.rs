//! Logging in by way of another provider (spec: idporten §18.1): a second server of the same kind over real
//! HTTP, and one that answers whatever a test makes it answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use portvakt_core::clock::Clock;
use portvakt_core::login::issuer::{Environment, LoginIssuer};
use portvakt_core::login::port::LoginRequests;
use portvakt_core::login::{Acr, Document, Handle};
use portvakt_core::ports::Store;
use portvakt_idporten::eid::{
    HttpAnswer, HttpFault, InvalidUpstream, OutgoingHttp, UpstreamAuthentication, UpstreamProvider,
    UpstreamResponseMode, UpstreamSettings,
};
use portvakt_jose::{JwkSet, Signer, SigningKey};
use portvakt_testkit::{KID, NOW, second_signing_key, signing_key};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{
    APP, Answer, Browser, LoginServer, PID, SECRET, WEB, claims, request, testid, world,
};

const ISSUER: &str = "https://fjordid.eksempel.no";
const EID: &str = "fjordid";

fn settings(issuer: &str) -> UpstreamSettings {
    let level = |acr: Acr| (acr.as_str().to_owned(), acr);
    UpstreamSettings {
        id: EID.to_owned(),
        name: "FjordID".to_owned(),
        issuer: issuer.to_owned(),
        client_id: WEB.to_owned(),
        authentication: UpstreamAuthentication::Secret(SECRET.expose().to_owned()),
        scopes: vec!["profile".to_owned()],
        response_mode: UpstreamResponseMode::Query,
        acr: [level(Acr::IdportenSubstantial), level(Acr::IdportenHigh)].into(),
        amr: [("TestID".to_owned(), "FjordID Test".to_owned())].into(),
        default_amr: "FjordID".to_owned(),
        pid_claim: "pid".to_owned(),
    }
}

fn key_of(client: &SigningKey) -> UpstreamAuthentication {
    UpstreamAuthentication::Key {
        signer: Signer::Software(client.clone()),
        key_id: KID.to_owned(),
    }
}

/// Asks other servers over the network.
struct Network(reqwest::Client);

#[async_trait]
impl OutgoingHttp for Network {
    async fn get(&self, url: &str) -> Result<HttpAnswer, HttpFault> {
        read(self.0.get(url)).await
    }

    async fn post_form(
        &self,
        url: &str,
        form: String,
        authorization: Option<String>,
    ) -> Result<HttpAnswer, HttpFault> {
        let mut request = self.0.post(url).body(form);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        read(request).await
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<HttpAnswer, HttpFault> {
    let fault = |error: reqwest::Error| HttpFault(error.to_string());
    let answer = request.send().await.map_err(fault)?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(fault)?.to_vec();
    Ok(HttpAnswer { status, body })
}

/// A server that logs people in by way of the one that these settings name.
async fn broker(settings: UpstreamSettings, http: Arc<dyn OutgoingHttp>) -> LoginServer {
    let server = LoginServer::with_eids(
        world(),
        |_| (),
        |store, base| {
            let upstream = UpstreamProvider::new(settings, base, http).unwrap();
            vec![testid(store), Arc::new(upstream)]
        },
    );
    server.await
}

/// A broker before a real second server, which knows it as the client of the settings.
async fn chain(upstream: &LoginServer, settings: UpstreamSettings) -> LoginServer {
    let client_id = settings.client_id.clone();
    let network = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let network = Network(network.build().unwrap());
    let server = broker(settings, Arc::new(network)).await;
    let mut unit = upstream.store.begin().await.unwrap();
    let client = unit.find_client(&client_id.parse().unwrap()).await.unwrap();
    let mut client = client.unwrap();
    client.login.redirect_uris = vec![callback_url(&server)];
    unit.save_client(&client).await.unwrap();
    unit.commit().await.unwrap();
    server
}

fn callback_url(server: &LoginServer) -> String {
    format!("{}/authorize/callback/{EID}", server.base)
}

/// Chooses the provider, and gives where the browser is sent.
async fn leave(browser: &mut Browser<'_>, parameters: &BTreeMap<&'static str, String>) -> Answer {
    let begun = browser.authorize(parameters).await;
    let selector = browser.get(begun.header("location")).await;
    assert!(selector.body.contains("FjordID"), "{selector:?}");
    let path = format!("/login/{EID}?");
    browser
        .get(&begun.header("location").replace("/login?", &path))
        .await
}

/// Whether the person is back at the selector, which says that it did not work out.
async fn is_told(browser: &mut Browser<'_>, answer: &Answer) -> bool {
    let location = answer.header("location").to_owned();
    location.contains("/login?txn=") && {
        let selector = browser.get(&location).await;
        selector.body.contains("Innloggingen ble ikke fullf") && selector.body.contains("FjordID")
    }
}

/// Spec: idporten §18.1. One login at the other server, one code here, either way of proof.
#[tokio::test]
async fn a_login_goes_through_two_servers() {
    for (client_id, authentication) in [
        (WEB, settings(ISSUER).authentication),
        (APP, key_of(signing_key())),
    ] {
        let upstream = LoginServer::start().await;
        let server = chain(
            &upstream,
            UpstreamSettings {
                client_id: client_id.to_owned(),
                authentication,
                ..settings(&upstream.base)
            },
        );
        let server = server.await;
        let (mut here, mut there) = (Browser::new(&server), Browser::new(&upstream));
        let sent = leave(&mut here, &request(WEB)).await;
        let asked = sent.location();
        assert_eq!(
            asked["acr_values"],
            "idporten-loa-substantial idporten-loa-high"
        );
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["scope"], "openid profile");
        assert_eq!(asked["ui_locales"], "nb");
        assert!(!asked.contains_key("prompt"), "{asked:?}");

        let selector = there.get(sent.header("location")).await;
        let back = there.log_in(&selector, PID, "high").await;
        let answer = here.get(back.header("location")).await;
        let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
        let id_token = claims(&tokens["id_token"]);
        assert_eq!(id_token["pid"], PID, "{client_id}");
        assert_eq!(id_token["acr"], "idporten-loa-high");
        assert_eq!(id_token["amr"], json!(["FjordID Test"]));
        assert_eq!(id_token["iss"], server.base);
        // What was used is used: the same answer again is nobody's.
        let again = here.get(back.header("location")).await;
        assert_eq!(again.status, StatusCode::GONE, "{again:?}");
    }
}

/// Spec: idporten §18.1: whoever leaves there comes back to the choice.
#[tokio::test]
async fn whoever_cancels_there_may_choose_again_here() {
    let upstream = LoginServer::start().await;
    let server = chain(&upstream, settings(&upstream.base)).await;
    let (mut here, mut there) = (Browser::new(&server), Browser::new(&upstream));
    let sent = leave(&mut here, &request(WEB)).await;
    let selector = there.get(sent.header("location")).await;
    let page = there.get(selector.header("location")).await;
    let back = there.submit(&page, "/login", &[("action", "cancel")]).await;
    assert_eq!(back.location()["error"], "access_denied");
    let returned = here.get(back.header("location")).await;
    assert!(is_told(&mut here, &returned).await, "{returned:?}");
}

/// The other server's own session does not suffice where a fresh login is asked for.
#[tokio::test]
async fn a_fresh_login_is_fresh_there_too() {
    let upstream = LoginServer::start().await;
    let server = chain(&upstream, settings(&upstream.base)).await;
    let (mut here, mut there) = (Browser::new(&server), Browser::new(&upstream));
    let sent = leave(&mut here, &request(WEB)).await;
    let selector = there.get(sent.header("location")).await;
    there.log_in(&selector, PID, "high").await;

    let mut parameters = request(WEB);
    parameters.insert("prompt", "login".to_owned());
    let sent = leave(&mut here, &parameters).await;
    let asked = sent.location();
    assert_eq!((&*asked["prompt"], &*asked["max_age"]), ("login", "0"));
    let selector = there.get(sent.header("location")).await;
    let back = there.log_in(&selector, PID, "high").await;
    let answer = here.get(back.header("location")).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
}

/// Spec: idporten §18.1. The form comes from another site, without our cookies.
#[tokio::test]
async fn a_form_is_led_to_the_address_that_gets_the_cookies() {
    let upstream = LoginServer::start().await;
    let form_post = UpstreamSettings {
        response_mode: UpstreamResponseMode::FormPost,
        ..settings(&upstream.base)
    };
    let server = chain(&upstream, form_post).await;
    let (mut here, mut there) = (Browser::new(&server), Browser::new(&upstream));
    let sent = leave(&mut here, &request(WEB)).await;
    let selector = there.get(sent.header("location")).await;
    let page = there.log_in(&selector, PID, "high").await;
    let fields: Vec<_> = ["code", "state", "iss"]
        .map(|name| (name, page.field(name)))
        .into();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let led = Browser::new(&server)
        .post(&callback_url(&server), &fields)
        .await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    let answer = here.get(led.header("location")).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
}

/// A provider that answers what a test wants.
struct Fake {
    metadata: Mutex<Value>,
    keys: Mutex<JwkSet>,
    signer: SigningKey,
    /// The key id that its tokens name.
    signs_as: Mutex<&'static str>,
    /// The claims of the next id token.
    claims: Mutex<Value>,
    /// The answer of the token endpoint, if it is no id token.
    answer: Mutex<Option<HttpAnswer>>,
    asked: AtomicUsize,
}

impl Fake {
    fn new(issuer: &str) -> Arc<Self> {
        Arc::new(Self {
            metadata: Mutex::new(json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/jwks"),
                "authorization_response_iss_parameter_supported": true,
            })),
            keys: Mutex::new(JwkSet::new(vec![signing_key().public_jwk(KID)]).unwrap()),
            signer: signing_key().clone(),
            signs_as: Mutex::new(KID),
            claims: Mutex::default(),
            answer: Mutex::default(),
            asked: AtomicUsize::new(0),
        })
    }

    fn document(value: &Value) -> HttpAnswer {
        HttpAnswer {
            status: 200,
            body: value.to_string().into_bytes(),
        }
    }
}

#[async_trait]
impl OutgoingHttp for Fake {
    async fn get(&self, url: &str) -> Result<HttpAnswer, HttpFault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if url.ends_with("/jwks") {
            return Ok(Self::document(&self.keys.lock().unwrap().to_json()));
        }
        let metadata = self.metadata.lock().unwrap().clone();
        if metadata.is_null() {
            return Err(HttpFault("nobody answers".to_owned()));
        }
        Ok(Self::document(&metadata))
    }

    async fn post_form(
        &self,
        _url: &str,
        _form: String,
        _authorization: Option<String>,
    ) -> Result<HttpAnswer, HttpFault> {
        if let Some(answer) = self.answer.lock().unwrap().clone() {
            return Ok(answer);
        }
        let header = json!({"alg": "RS256", "kid": *self.signs_as.lock().unwrap()});
        let claims = self.claims.lock().unwrap().clone();
        let token = self.signer.sign_compact(&header, &claims).unwrap();
        Ok(Self::document(&json!({"id_token": token})))
    }
}

fn right_claims(nonce: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": WEB, "sub": "s", "nonce": nonce, "iat": NOW, "exp": NOW + 120,
        "auth_time": NOW, "acr": "idporten-loa-high", "pid": PID, "amr": "BankID",
    })
}

/// A login at the fake: leaves, has it answer with these claims and parameters, and comes back.
async fn attempt(
    server: &LoginServer,
    fake: &Fake,
    parameters: &BTreeMap<&'static str, String>,
    change: impl FnOnce(&mut Value, &mut BTreeMap<&'static str, String>),
) -> (Answer, bool) {
    let mut browser = Browser::new(server);
    let sent = leave(&mut browser, parameters).await;
    let asked = sent.location();
    let mut claims = right_claims(&asked["nonce"]);
    let mut answer = BTreeMap::from([
        ("code", "c".to_owned()),
        ("state", asked["state"].clone()),
        ("iss", ISSUER.to_owned()),
    ]);
    change(&mut claims, &mut answer);
    *fake.claims.lock().unwrap() = claims;
    let url = reqwest::Url::parse_with_params(&callback_url(server), &answer).unwrap();
    let returned = browser.get(url.as_str()).await;
    let told = is_told(&mut browser, &returned).await;
    (returned, told)
}

/// What comes back is believed if all of it is this provider's answer to this login, and else the person is
/// told and chooses again.
#[tokio::test]
async fn what_does_not_fit_is_not_believed() {
    let fake = Fake::new(ISSUER);
    let server = broker(settings(ISSUER), fake.clone()).await;
    let (answer, _) = attempt(&server, &fake, &request(WEB), |_, _| ()).await;
    let tokens = server.redeem(WEB, &answer.location()["code"]).await.json();
    assert_eq!(claims(&tokens["id_token"])["amr"], json!(["FjordID"]));

    for (name, value) in [
        ("iss", json!("https://annen.eksempel.no")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", Value::Null),
        ("aud", json!(APP)),
        ("aud", json!([WEB, APP])),
        ("aud", json!([])),
        ("azp", json!(APP)),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("sub", Value::Null),
        ("exp", json!(NOW - 10)),
        ("exp", Value::Null),
        ("iat", json!(NOW + 11)),
        ("iat", json!(NOW - 301)),
        ("iat", Value::Null),
        ("acr", json!("idporten-loa-low")),
        ("acr", json!("Level4")),
        ("acr", Value::Null),
        ("pid", Value::Null),
        ("pid", json!("1786901005")),
    ] {
        let change = |claims: &mut Value, _: &mut BTreeMap<_, _>| claims[name] = value.clone();
        let (answer, told) = attempt(&server, &fake, &request(WEB), change).await;
        assert!(told, "{name} {value}: {answer:?}");
    }
    for (name, value) in [
        ("iss", Some("https://annen.eksempel.no")),
        ("iss", None),
        ("code", None),
        ("error", Some("access_denied")),
        ("error", Some("<script>")),
    ] {
        let change = |_: &mut Value, answer: &mut BTreeMap<_, _>| {
            answer.remove(name);
            answer.extend(value.map(|value| (name, value.to_owned())));
        };
        let (answer, told) = attempt(&server, &fake, &request(WEB), change).await;
        assert!(told, "{name} {value:?}: {answer:?}");
    }
    // A number of somebody who does not log in here.
    let real = |claims: &mut Value, _: &mut BTreeMap<_, _>| claims["pid"] = json!("01010012345");
    let (answer, _) = attempt(&server, &fake, &request(WEB), real).await;
    assert_eq!(answer.location()["error"], "access_denied");
    // A level below what was asked for.
    let mut high = request(WEB);
    high.insert("acr_values", "idporten-loa-high".to_owned());
    let lower = |claims: &mut Value, _: &mut BTreeMap<_, _>| {
        claims["acr"] = json!("idporten-loa-substantial");
    };
    assert!(attempt(&server, &fake, &high, lower).await.1);
    // A session of the provider's where a fresh login was asked for.
    let mut fresh = request(WEB);
    fresh.insert("max_age", "0".to_owned());
    let old = |claims: &mut Value, _: &mut BTreeMap<_, _>| claims["auth_time"] = json!(NOW - 60);
    assert!(attempt(&server, &fake, &fresh, old).await.1);
    let (answer, _) = attempt(&server, &fake, &fresh, |_, _| ()).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
}

/// Login CSRF: an answer counts in the browser and for the attempt that it was asked for in.
#[tokio::test]
async fn an_answer_belongs_to_one_attempt_of_one_browser() {
    let fake = Fake::new(ISSUER);
    let server = broker(settings(ISSUER), fake.clone()).await;
    let mut browser = Browser::new(&server);
    let first = leave(&mut browser, &request(WEB)).await.location();
    let url = |state: &str| {
        let answer = [("code", "c"), ("state", state), ("iss", ISSUER)];
        reqwest::Url::parse_with_params(&callback_url(&server), answer)
            .unwrap()
            .to_string()
    };
    *fake.claims.lock().unwrap() = right_claims(&first["nonce"]);
    for mut other in [Browser::new(&server), {
        let mut begun = Browser::new(&server);
        leave(&mut begun, &request(WEB)).await;
        begun
    }] {
        let refused = other.get(&url(&first["state"])).await;
        assert_eq!(refused.status, StatusCode::GONE, "{refused:?}");
    }
    for state in ["", "a", ".", first["state"].split('.').next().unwrap()] {
        let refused = browser.get(&url(state)).await;
        assert_eq!(refused.status, StatusCode::GONE, "{state} {refused:?}");
    }
    // Whoever begins again has another state, and the former is worth nothing.
    let login = first["state"].split('.').next().unwrap();
    let second = browser
        .get(&format!("/login/{EID}?txn={login}"))
        .await
        .location();
    assert_ne!(second["state"], first["state"]);
    assert_ne!(second["nonce"], first["nonce"]);
    let stale = browser.get(&url(&first["state"])).await;
    assert!(is_told(&mut browser, &stale).await, "{stale:?}");
}

/// Mix-up: what one provider answers is not taken for another's, at whichever address it comes.
#[tokio::test]
async fn one_provider_does_not_answer_for_another() {
    let (fake, evil) = (Fake::new(ISSUER), Fake::new("https://ond.eksempel.no"));
    let (honest, other) = (fake.clone(), evil.clone());
    let server = LoginServer::with_eids(
        world(),
        |_| (),
        |store, base| {
            let second = UpstreamSettings {
                id: "ond".to_owned(),
                name: "Ond".to_owned(),
                ..settings("https://ond.eksempel.no")
            };
            let first = UpstreamProvider::new(settings(ISSUER), base, honest).unwrap();
            let second = UpstreamProvider::new(second, base, other).unwrap();
            vec![testid(store), Arc::new(first), Arc::new(second)]
        },
    );
    let server = server.await;
    // The person chose the honest one, and the answer comes to the other's address, and the other way round.
    for (chosen, answering) in [(EID, "ond"), ("ond", EID)] {
        let mut browser = Browser::new(&server);
        let begun = browser.authorize(&request(WEB)).await;
        let path = format!("/login/{chosen}?");
        let sent = browser
            .get(&begun.header("location").replace("/login?", &path))
            .await;
        let asked = sent.location();
        for server in [&fake, &evil] {
            *server.claims.lock().unwrap() = right_claims(&asked["nonce"]);
        }
        let answer = [("code", "c"), ("state", &*asked["state"]), ("iss", ISSUER)];
        let url = format!("{}/authorize/callback/{answering}", server.base);
        let url = reqwest::Url::parse_with_params(&url, answer).unwrap();
        let returned = browser.get(url.as_str()).await;
        assert!(
            is_told(&mut browser, &returned).await,
            "{chosen} {returned:?}"
        );
    }
}

/// Documents are kept, asked for anew for a new key, and not again and again.
#[tokio::test]
async fn documents_are_kept_and_a_new_key_is_found() {
    let fake = Fake::new(ISSUER);
    let server = broker(settings(ISSUER), fake.clone()).await;
    for _ in 0..3 {
        let (answer, _) = attempt(&server, &fake, &request(WEB), |_, _| ()).await;
        assert!(answer.location().contains_key("code"), "{answer:?}");
    }
    assert_eq!(
        fake.asked.load(Ordering::SeqCst),
        2,
        "metadata and keys, once"
    );

    // Other keys are published than the one that signs: asked for once, and refused.
    let other = JwkSet::new(vec![second_signing_key().public_jwk("other")]).unwrap();
    let usual = std::mem::replace(&mut *fake.keys.lock().unwrap(), other);
    server.clock.advance(Duration::from_hours(2));
    let later = |claims: &mut Value, _: &mut BTreeMap<_, _>| {
        for name in ["iat", "exp", "auth_time"] {
            claims[name] = json!(claims[name].as_i64().unwrap() + 7200);
        }
    };
    for _ in 0..3 {
        assert!(attempt(&server, &fake, &request(WEB), later).await.1);
    }
    assert_eq!(
        fake.asked.load(Ordering::SeqCst),
        4,
        "nobody makes it ask all the time"
    );
    // The same key id with another key is no signature at all.
    let forged = JwkSet::new(vec![second_signing_key().public_jwk(KID)]).unwrap();
    *fake.keys.lock().unwrap() = forged;
    server.clock.advance(Duration::from_mins(1));
    let minute = |claims: &mut Value, answer: &mut BTreeMap<_, _>| {
        later(claims, answer);
        claims["iat"] = json!(NOW + 7260);
    };
    assert!(attempt(&server, &fake, &request(WEB), minute).await.1);
    *fake.keys.lock().unwrap() = usual;
    server.clock.advance(Duration::from_hours(1));
    let hour = |claims: &mut Value, _: &mut BTreeMap<_, _>| {
        for (name, seconds) in [("iat", 10_860), ("exp", 10_980), ("auth_time", 10_860)] {
            claims[name] = json!(NOW + seconds);
        }
    };
    let (answer, _) = attempt(&server, &fake, &request(WEB), hour).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
}

/// A provider may sign with a new key at any time, and its documents may be away for a day.
#[tokio::test]
async fn a_new_key_counts_at_once_and_old_documents_for_a_day() {
    let fake = Fake::new(ISSUER);
    let server = broker(settings(ISSUER), fake.clone()).await;
    let after = |seconds: i64| {
        move |claims: &mut Value, _: &mut BTreeMap<_, _>| {
            for (name, at) in [("iat", NOW), ("auth_time", NOW), ("exp", NOW + 120)] {
                claims[name] = json!(at + seconds);
            }
        }
    };
    let (answer, _) = attempt(&server, &fake, &request(WEB), after(0)).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");

    let next = JwkSet::new(vec![signing_key().public_jwk("next")]).unwrap();
    *fake.keys.lock().unwrap() = next;
    *fake.signs_as.lock().unwrap() = "next";
    server.clock.advance(Duration::from_secs(31));
    let (answer, _) = attempt(&server, &fake, &request(WEB), after(31)).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
    assert_eq!(
        fake.asked.load(Ordering::SeqCst),
        4,
        "metadata and keys, twice"
    );

    *fake.metadata.lock().unwrap() = Value::Null;
    server.clock.advance(Duration::from_hours(2));
    let (answer, _) = attempt(&server, &fake, &request(WEB), after(31 + 7200)).await;
    assert!(answer.location().contains_key("code"), "{answer:?}");
    server.clock.advance(Duration::from_hours(22));
    let mut browser = Browser::new(&server);
    let sent = leave(&mut browser, &request(WEB)).await;
    assert!(is_told(&mut browser, &sent).await, "{sent:?}");
}

/// A provider that is away, or that answers nonsense, is no reason to be stuck.
#[tokio::test]
async fn a_provider_that_fails_leads_back_to_the_choice() {
    let good = Fake::new(ISSUER).metadata.lock().unwrap().clone();
    let with = |name: &str, value: Value| {
        let mut metadata = good.clone();
        metadata[name] = value;
        metadata
    };
    for metadata in [
        Value::Null,
        json!([]),
        with("issuer", json!("https://annen.eksempel.no")),
        with("authorization_endpoint", json!("javascript:alert(1)")),
        with(
            "authorization_endpoint",
            json!("http://fjordid.eksempel.no/authorize"),
        ),
        with("token_endpoint", Value::Null),
        with("jwks_uri", json!("file:///etc/passwd")),
    ] {
        let fake = Fake::new(ISSUER);
        *fake.metadata.lock().unwrap() = metadata.clone();
        let server = broker(settings(ISSUER), fake).await;
        let mut browser = Browser::new(&server);
        let failed = leave(&mut browser, &request(WEB)).await;
        assert!(
            is_told(&mut browser, &failed).await,
            "{metadata}: {failed:?}"
        );
    }
    for (status, body) in [
        (200, "{}"),
        (200, "nonsense"),
        (400, r#"{"error":"invalid_grant"}"#),
        (503, ""),
        (302, ""),
    ] {
        let fake = Fake::new(ISSUER);
        let body = body.as_bytes().to_vec();
        *fake.answer.lock().unwrap() = Some(HttpAnswer { status, body });
        let server = broker(settings(ISSUER), fake.clone()).await;
        let (answer, told) = attempt(&server, &fake, &request(WEB), |_, _| ()).await;
        assert!(told, "{status}: {answer:?}");
    }
}

#[test]
fn settings_are_checked_before_anybody_logs_in() {
    type Change = fn(&mut UpstreamSettings);
    let changes: [(Change, InvalidUpstream); 8] = [
        (|s| s.id = "testid".to_owned(), InvalidUpstream::Id),
        (|s| s.id = "A/b".to_owned(), InvalidUpstream::Id),
        (
            |s| s.issuer = "http://a.no".to_owned(),
            InvalidUpstream::Issuer,
        ),
        (
            |s| s.issuer = "https://a.no?b".to_owned(),
            InvalidUpstream::Issuer,
        ),
        (|s| s.acr.clear(), InvalidUpstream::Acr),
        (
            |s| s.acr = [("x".to_owned(), Acr::EidasHigh)].into(),
            InvalidUpstream::Acr,
        ),
        (|s| s.client_id.clear(), InvalidUpstream::Empty("client_id")),
        (|s| s.pid_claim.clear(), InvalidUpstream::Empty("pid_claim")),
    ];
    for (change, fault) in changes {
        let mut wrong = settings(ISSUER);
        change(&mut wrong);
        let made = UpstreamProvider::new(wrong, "https://idp.eksempel.no", Fake::new(ISSUER));
        assert_eq!(made.err(), Some(fault));
    }
    let shown = format!("{:?}", settings(ISSUER));
    assert!(!shown.contains(SECRET.expose()), "{shown}");
}

/// Nobody is made up where real people log in, so that a number in a hint is not kept there: neither with a
/// pushed request nor with a login.
#[tokio::test]
async fn a_test_person_in_a_hint_is_kept_in_test_environments_alone() {
    for environment in [Environment::Test, Environment::Production] {
        let of_environment = |issuer: &mut LoginIssuer| issuer.environment = environment;
        let server = LoginServer::with_eids(world(), of_environment, |_, base| {
            let fake = Fake::new(ISSUER);
            let upstream = UpstreamProvider::new(settings(ISSUER), base, fake).unwrap();
            vec![Arc::new(upstream)]
        });
        let server = server.await;
        let mut parameters = request(WEB);
        parameters.insert("login_hint", format!("testid:{PID}"));
        let form: Vec<_> = parameters
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let pushed = server.post_as(WEB, "/par", &form).await.json();
        let reference = pushed["request_uri"].as_str().unwrap();
        let reference = reference.trim_start_matches("urn:idporten:");
        let reference = Handle::parse(reference).unwrap().digest();
        let now = server.clock.now();
        let kept = server
            .store
            .find_pushed(&reference, now)
            .await
            .unwrap()
            .unwrap();
        let is_test = environment == Environment::Test;
        let says_who = |document: &Document| document.as_value().to_string().contains(PID);
        assert_eq!(says_who(&kept.request), is_test, "{environment:?}");

        let mut browser = Browser::new(&server);
        let begun = browser.authorize(&parameters).await;
        let txn = begun.header("location").split("txn=").nth(1).unwrap();
        let txn = Handle::parse(txn).unwrap().digest();
        let bound = Handle::parse(&browser.cookies["portvakt-browser"])
            .unwrap()
            .digest();
        let found = server.store.find_transaction(&txn, &bound, now);
        let found = found.await.unwrap().unwrap();
        assert_eq!(says_who(&found.state), is_test, "{environment:?}");
    }
}
