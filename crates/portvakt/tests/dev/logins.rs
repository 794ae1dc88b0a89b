//! Logging in at the development server, from the request to the token, and what its log says of it.

use portvakt_jose::Jws;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::harness::Dev;

const CALLBACK: &str = "http://localhost:5173/callback";
const PID: &str = "17869010057";
const VERIFIER: &str = "jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38";
const CHALLENGE: &str = "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8";

/// A browser that keeps one server's cookies and is led nowhere.
pub(crate) struct Browser {
    http: Client,
    cookies: Vec<String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let http = Client::builder().redirect(Policy::none()).no_proxy();
        Self {
            http: http.build().unwrap(),
            cookies: Vec::new(),
        }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let request = request.header("cookie", self.cookies.join("; "));
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookies.push(pair.to_owned());
        }
        response
    }

    pub(crate) async fn get(&mut self, url: &str) -> Response {
        self.send(self.http.get(url)).await
    }

    async fn post(&mut self, url: &str, form: &[(&str, String)]) -> Response {
        let post = self.http.post(url).body(encoded(form));
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        self.send(post).await
    }

    pub(crate) async fn metadata(&mut self, dev: &Dev) -> Value {
        let well_known = dev.endpoints()["idporten"]["well_known"].as_str().unwrap();
        self.get(well_known).await.json().await.unwrap()
    }

    /// Logs the sample's test person in at a public client, and gives the code.
    pub(crate) async fn code(
        &mut self,
        metadata: &Value,
        client_id: &str,
        callback: &str,
    ) -> String {
        let authorize = reqwest::Url::parse_with_params(
            metadata["authorization_endpoint"].as_str().unwrap(),
            [
                ("response_type", "code"),
                ("client_id", client_id),
                ("redirect_uri", callback),
                ("scope", "openid profile"),
                ("state", "s1"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ],
        );
        let selector = self.get(authorize.unwrap().as_str()).await;
        let login = location(&selector).replace("/login?", "/login/testid?");
        let page = self.get(&login).await.text().await.unwrap();
        let form = [
            ("txn", field(&page, "txn")),
            ("csrf", field(&page, "csrf")),
            ("pid", PID.to_owned()),
            ("level", "high".to_owned()),
            ("action", "login".to_owned()),
        ];
        let target = login.split('?').next().unwrap();
        let answered = self.post(target, &form).await;
        let returned = reqwest::Url::parse(&location(&answered)).unwrap();
        assert!(returned.as_str().starts_with(callback), "{returned}");
        let code = returned.query_pairs().find(|(name, _)| name == "code");
        code.unwrap().1.into_owned()
    }
}

fn location(response: &Response) -> String {
    let location = response.headers().get("location");
    location.unwrap().to_str().unwrap().to_owned()
}

fn field(page: &str, name: &str) -> String {
    let rest = page.split(&format!("name=\"{name}\"")).nth(1).unwrap();
    let value = rest.split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

/// An organization asks about the person with a token of the machine-to-machine issuer.
async fn companion_apis_tell_of_the_login(dev: &Dev) {
    let scope = "idporten:authorizations global/idporten.authlevel.read \
                 krr:global/kontaktinformasjon.read krr:global/digitalpost.read";
    let token = ["token", "--client", "eksempel-innsyn", "--scope", scope];
    let token = dev.run_json(&token)["access_token"].clone();
    let issuer = dev.endpoints()["idporten"]["issuer"].as_str().unwrap();
    let ask = async |path: &str, body: Value| -> Value {
        let request = dev.http().post(format!("{issuer}{path}"));
        let request = request.bearer_auth(token.as_str().unwrap()).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let path = "/clients/authorizations?require_user_consent=false";
    let listed = ask(path, json!({"pid": PID})).await;
    assert_eq!(listed[0]["client_id"], "eksempel-spa", "{listed}");
    let asked = json!({"personidentifikator": PID});
    let level = ask("/authlevel/rest/v1/sikkerhetsnivaa", asked.clone()).await;
    assert_eq!(level["harbruktnivaa4"], true, "{level}");
    let people = json!({"personidentifikatorer": [PID, "01899940179", "57869010040"]});
    let people = ask("/rest/v2/personer", people).await["personer"].take();
    assert_eq!(people[0]["varslingsstatus"], "KAN_VARSLES", "{people}");
    assert!(people[0]["sertifikat"].is_string(), "{people}");
    assert_eq!(people[1]["status"], "SLETTET", "{people}");
    assert_eq!(people[2]["varslingsstatus"], "KAN_IKKE_VARSLES", "{people}");
    let refused = ask("/clients/authorizations", asked).await;
    assert_eq!(refused["error"], "invalid_request", "{refused}");
}

#[tokio::test]
async fn the_sample_spa_logs_a_test_person_in_and_the_log_names_nobody() {
    let mut dev = Dev::start_logging(&[], "debug").await;
    let mut browser = Browser::new();
    let metadata = browser.metadata(&dev).await;
    assert_eq!(metadata["issuer"], dev.endpoints()["idporten"]["issuer"]);
    let code = browser.code(&metadata, "eksempel-spa", CALLBACK).await;

    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", "eksempel-spa".to_owned()),
        ("code", code.clone()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
    ];
    let endpoint = metadata["token_endpoint"].as_str().unwrap();
    let tokens: Value = browser.post(endpoint, &form).await.json().await.unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let claims: Value = serde_json::from_slice(Jws::parse(id_token).unwrap().payload()).unwrap();
    assert_eq!(claims["pid"], PID);
    assert_eq!(claims["acr"], "idporten-loa-high");

    companion_apis_tell_of_the_login(&dev).await;

    let log = dev.log();
    assert!(log.contains("token issued"), "{log}");
    assert!(log.contains("companion API"), "{log}");
    let access = tokens["access_token"].as_str().unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for secret in [
        PID,
        "Testesen",
        "test@eksempel.no",
        &code,
        id_token,
        access,
        refresh,
        VERIFIER,
    ] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
    for cookie in &browser.cookies {
        let value = cookie.split('=').nth(1).unwrap();
        assert!(!log.contains(value), "the log holds a cookie");
    }
    dev.signal("TERM");
    assert!(dev.ended().await.success());
    let audit = dev.run_json(&["audit", "show"]).to_string();
    assert!(audit.contains("companion.refuse"), "{audit}");
    assert!(!audit.contains(PID), "{audit}");
}

fn encoded(fields: &[(&str, String)]) -> String {
    let mut url = reqwest::Url::parse("http://localhost/").unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap().to_owned()
}
