//! People who log in at running servers, followed by hand: each request goes to the node whose turn it
//! is, so that no node can rest on what it did itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use portvakt_core::{Clock, SystemClock};
use portvakt_jose::{Algorithm, Jws, RsaBits, SigningKey};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://idporten.example.no";
/// A client that proves itself with a key, and uses an API.
pub(crate) const WEB: &str = "eksempel-nettsted";
/// A client that cannot prove itself.
pub(crate) const SPA: &str = "eksempel-spa";
/// The API's own client.
pub(crate) const READER: &str = "barnehage-api";
pub(crate) const API: &str = "fjord:barnehage.read";
pub(crate) const PID: &str = "17869010057";
pub(crate) const NAME: &str = "Testine Testesen";
pub(crate) const VERIFIER: &str = "jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38";
const CHALLENGE: &str = "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8";
const OWNER: &str = "310420107";
const CONSUMER: &str = "312773023";

/// The key of every client that has one.
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap());

/// The section of a configuration.
pub(crate) fn configuration() -> Value {
    json!({
        "issuer": ISSUER,
        "listener": {"listen": "127.0.0.1:0"},
        "environment": "test",
        "eids": ["testid"],
        // Its keys are made in no time.
        "signing_algorithm": "ES256",
    })
}

/// Puts clients, an API and a person into a registry file that has the two organizations.
pub(crate) fn add_to(registry: &mut Value) {
    let keys = json!({"keys": [KEY.public_jwk("k1").to_json()]});
    let api = json!({
        "name": API, "description": "Barnehage", "access": [CONSUMER],
        "enforced_aud_for_introspection": [READER],
    });
    let clients = [
        json!({
            "client_id": WEB, "client_orgno": CONSUMER, "client_name": WEB,
            "integration_type": "api_klient", "application_type": "web",
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile", API],
            "redirect_uris": [callback(WEB)],
            "post_logout_redirect_uris": [format!("https://{WEB}.example.no/ut")],
            "jwks": keys,
        }),
        json!({
            "client_id": SPA, "client_orgno": CONSUMER, "client_name": SPA,
            "integration_type": "idporten", "application_type": "browser",
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile"],
            "redirect_uris": [callback(SPA)],
        }),
        json!({
            "client_id": READER, "client_orgno": OWNER, "client_name": READER,
            "integration_type": "api_klient", "application_type": "web",
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["authorization_code"],
            "scopes": ["idporten:token.introspection"],
            "redirect_uris": [callback(READER)],
            "jwks": keys,
        }),
    ];
    let list = |registry: &mut Value, name: &str, added: &[Value]| {
        let list = registry[name].take();
        let mut list = list.as_array().cloned().unwrap_or_default();
        list.extend_from_slice(added);
        registry[name] = list.into();
    };
    list(registry, "scopes", &[api]);
    list(registry, "clients", &clients);
    list(registry, "people", &[json!({"pid": PID, "name": NAME})]);
}

/// Where a client's logins return to. Nobody answers there.
pub(crate) fn callback(client_id: &str) -> String {
    format!("https://{client_id}.example.no/callback")
}

/// The parameters of an authorization request.
pub(crate) fn request(client_id: &str, scope: &str) -> Vec<(&'static str, String)> {
    vec![
        ("response_type", "code".to_owned()),
        ("client_id", client_id.to_owned()),
        ("redirect_uri", callback(client_id)),
        ("scope", scope.to_owned()),
        ("state", "s1".to_owned()),
        ("nonce", "n1".to_owned()),
        ("code_challenge", CHALLENGE.to_owned()),
        ("code_challenge_method", "S256".to_owned()),
    ]
}

/// What a server answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of what was done.
    pub(crate) fn done(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        if self.body.is_empty() {
            return Value::Null;
        }
        self.json()
    }

    /// The status and the error of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, text(&self.json()["error"]))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Where the browser is sent.
    pub(crate) fn location(&self) -> Url {
        let location = self.header("location");
        Url::parse(location).unwrap_or_else(|_| panic!("no redirect: {self:?}"))
    }

    /// A parameter of the address that the browser is sent to.
    pub(crate) fn returned(&self, name: &str) -> String {
        let location = self.location();
        let mut pairs = location.query_pairs();
        let found = pairs.find(|(known, _)| known == name);
        found
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .1
            .into()
    }

    /// A hidden field of a page's form.
    pub(crate) fn field(&self, name: &str) -> String {
        let rest = self.body.split(&format!("name=\"{name}\"")).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("no field {name}: {self:?}"));
        let value = rest.split("value=\"").nth(1).unwrap();
        value.split('"').next().unwrap().to_owned()
    }
}

/// A member that is a text.
pub(crate) fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// The claims of a token, whoever signed it.
pub(crate) fn claims(token: &Value) -> Value {
    let token = text(token);
    let jws = Jws::parse(&token).unwrap();
    serde_json::from_slice(jws.payload()).unwrap()
}

/// The key that a token was signed with.
pub(crate) fn key_id(token: &str) -> String {
    Jws::parse(token).unwrap().header().key_id.clone().unwrap()
}

/// A login surface, by the addresses of its nodes.
pub(crate) struct Site {
    bases: Vec<String>,
    turn: AtomicUsize,
    http: Client,
}

impl Site {
    pub(crate) fn at(bases: &[&str]) -> Self {
        let http = Client::builder().redirect(Policy::none()).no_proxy();
        Self {
            bases: bases.iter().map(|base| (*base).to_owned()).collect(),
            turn: AtomicUsize::default(),
            http: http.build().unwrap(),
        }
    }

    /// The same, for browsers that call themselves so.
    pub(crate) fn with_agent(self, agent: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).no_proxy();
        Self {
            http: http.user_agent(agent).build().unwrap(),
            ..self
        }
    }

    /// The address of a path at the node whose turn it is.
    fn url(&self, path: &str) -> String {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        format!("{}{path}", self.bases[turn % self.bases.len()])
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path))).await
    }

    /// The answer to a form that a client's server sends.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        Answer::of(posted(self.http.post(self.url(path)), fields)).await
    }

    /// The same of a client that proves itself, or names itself if it cannot.
    pub(crate) async fn post_as(
        &self,
        client_id: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let assertion = assertion(client_id);
        let mut fields = fields.to_vec();
        if client_id == SPA {
            fields.push(("client_id", SPA));
        } else {
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            fields.push(("client_assertion_type", kind));
            fields.push(("client_assertion", &assertion));
        }
        self.post(path, &fields).await
    }

    /// Pushes a request, and gives its reference.
    pub(crate) async fn push(&self, client_id: &str, scope: &str) -> String {
        let request = request(client_id, scope);
        let fields: Vec<_> = request
            .iter()
            .filter(|(name, _)| client_id != SPA || *name != "client_id")
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let pushed = self.post_as(client_id, "/par", &fields).await;
        text(&pushed.done()["request_uri"])
    }

    pub(crate) async fn redeem(&self, client_id: &str, code: &str) -> Answer {
        let redirect_uri = callback(client_id);
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.post_as(client_id, "/token", &fields).await
    }

    pub(crate) async fn refresh(&self, client_id: &str, token: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post_as(client_id, "/token", &fields).await
    }

    /// What the API learns of a token.
    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        self.post_as(READER, "/token/introspect", &[("token", token)])
            .await
    }

    pub(crate) async fn userinfo(&self, token: &str) -> Answer {
        let request = self.http.get(self.url("/userinfo")).bearer_auth(token);
        Answer::of(request).await
    }
}

/// A new assertion of a client.
pub(crate) fn assertion(client_id: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemClock.now().seconds();
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60,
        "jti": format!("{now}-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
    });
    let header = json!({"alg": "RS256", "kid": "k1"});
    KEY.sign_compact(&header, &claims).unwrap()
}

pub(crate) fn posted(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let mut url = Url::parse("http://localhost/").unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(url.query().unwrap_or_default().to_owned())
}

/// A browser that keeps cookies and is led by hand.
pub(crate) struct Browser<'s> {
    site: &'s Site,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    pub(crate) fn new(site: &'s Site) -> Self {
        Self {
            site,
            cookies: BTreeMap::new(),
        }
    }

    async fn send(&mut self, request: RequestBuilder) -> Answer {
        let cookies = self.cookies.iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = Answer::of(request.header("cookie", cookies.join("; "))).await;
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

    /// An address of the issuer's, by its path and query.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.site.http.get(self.site.url(path));
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = posted(self.site.http.post(self.site.url(path)), fields);
        self.send(request).await
    }

    /// Goes where an answer leads, on the issuer's own host.
    pub(crate) async fn follow(&mut self, answer: &Answer) -> Answer {
        let location = answer.location();
        assert_eq!(location.origin().ascii_serialization(), ISSUER);
        let query = location.query().unwrap_or_default();
        self.get(&format!("{}?{query}", location.path())).await
    }

    pub(crate) async fn authorize(&mut self, parameters: &[(&str, &str)]) -> Answer {
        let mut url = Url::parse(ISSUER).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        let query = url.query().unwrap_or_default();
        self.get(&format!("/authorize?{query}")).await
    }

    /// Brings an authorization request in its address.
    pub(crate) async fn ask(&mut self, client_id: &str, scope: &str) -> Answer {
        let request = request(client_id, scope);
        let request: Vec<_> = request
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.authorize(&request).await
    }

    /// Logs in where an answer leads to the choice of a way, and gives what comes after.
    pub(crate) async fn log_in(&mut self, selector: &Answer, pid: &str) -> Answer {
        let shown = self.follow(selector).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        let query = selector.location().query().unwrap().to_owned();
        let form = self.get(&format!("/login/testid?{query}")).await;
        let (txn, csrf) = (form.field("txn"), form.field("csrf"));
        let fields = [
            ("txn", txn.as_str()),
            ("csrf", &csrf),
            ("pid", pid),
            ("level", "substantial"),
            ("action", "login"),
        ];
        self.post("/login/testid", &fields).await
    }

    /// A whole login, by a pushed request, which is answered with a code.
    pub(crate) async fn code(&mut self, client_id: &str, scope: &str) -> String {
        let request_uri = self.site.push(client_id, scope).await;
        let pushed = [("client_id", client_id), ("request_uri", &request_uri)];
        let selector = self.authorize(&pushed).await;
        let answer = self.log_in(&selector, PID).await;
        assert!(answer.location().as_str().starts_with(&callback(client_id)));
        answer.returned("code")
    }

    /// A whole login with its tokens.
    pub(crate) async fn tokens(&mut self, client_id: &str, scope: &str) -> Value {
        let code = self.code(client_id, scope).await;
        self.site.redeem(client_id, &code).await.done()
    }
}
