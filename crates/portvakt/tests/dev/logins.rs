//! Logging in at the development server, from the request to the token, and what its log says of it.

use portvakt_jose::Jws;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::Value;

use crate::harness::Dev;

const CALLBACK: &str = "http://localhost:5173/callback";
const PID: &str = "17869010057";
const VERIFIER: &str = "jMePfgDzxFgGpYBczVQbP49V3X8ze-3iSBQCE2uIL38";
const CHALLENGE: &str = "ZAXbmzaXdMaXmF7t11VHM5SR3qvVBx3rvxsshIvtEl8";

/// A browser that keeps one server's cookies and is led nowhere.
struct Browser {
    http: Client,
    cookies: Vec<String>,
}

impl Browser {
    async fn send(&mut self, request: reqwest::RequestBuilder) -> Response {
        let request = request.header("cookie", self.cookies.join("; "));
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookies.push(pair.to_owned());
        }
        response
    }

    async fn get(&mut self, url: &str) -> Response {
        self.send(self.http.get(url)).await
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

#[tokio::test]
async fn the_sample_spa_logs_a_test_person_in_and_the_log_names_nobody() {
    let dev = Dev::start_logging(&[], "debug").await;
    let well_known = dev.endpoints()["idporten"]["well_known"].as_str().unwrap();
    let http = Client::builder().redirect(Policy::none()).no_proxy();
    let mut browser = Browser {
        http: http.build().unwrap(),
        cookies: Vec::new(),
    };
    let metadata: Value = browser.get(well_known).await.json().await.unwrap();
    assert_eq!(metadata["issuer"], dev.endpoints()["idporten"]["issuer"]);

    let authorize = reqwest::Url::parse_with_params(
        metadata["authorization_endpoint"].as_str().unwrap(),
        [
            ("response_type", "code"),
            ("client_id", "eksempel-spa"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile"),
            ("state", "s1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ],
    );
    let selector = browser.get(authorize.unwrap().as_str()).await;
    let login = location(&selector).replace("/login?", "/login/testid?");
    let page = browser.get(&login).await.text().await.unwrap();
    assert!(page.contains("Test Testesen"), "{page}");
    let form = [
        ("txn", field(&page, "txn")),
        ("csrf", field(&page, "csrf")),
        ("person", PID.to_owned()),
        ("level", "high".to_owned()),
        ("action", "login".to_owned()),
    ];
    let target = login.split('?').next().unwrap();
    let form = encoded(&form);
    let post = browser
        .http
        .post(target)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answered = browser.send(post).await;
    let returned = reqwest::Url::parse(&location(&answered)).unwrap();
    assert!(returned.as_str().starts_with(CALLBACK), "{returned}");
    let code = returned.query_pairs().find(|(name, _)| name == "code");
    let code = code.unwrap().1.into_owned();

    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", "eksempel-spa".to_owned()),
        ("code", code.clone()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
    ];
    let post = browser
        .http
        .post(metadata["token_endpoint"].as_str().unwrap())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded(&form));
    let tokens: Value = browser.send(post).await.json().await.unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let claims: Value = serde_json::from_slice(Jws::parse(id_token).unwrap().payload()).unwrap();
    assert_eq!(claims["pid"], PID);
    assert_eq!(claims["acr"], "idporten-loa-high");

    let log = dev.log();
    assert!(log.contains("token issued"), "{log}");
    let access = tokens["access_token"].as_str().unwrap();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for secret in [PID, "Testesen", &code, id_token, access, refresh, VERIFIER] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
    for cookie in &browser.cookies {
        let value = cookie.split('=').nth(1).unwrap();
        assert!(!log.contains(value), "the log holds a cookie");
    }
}

fn encoded(fields: &[(&str, String)]) -> String {
    let mut url = reqwest::Url::parse("http://localhost/").unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap().to_owned()
}
