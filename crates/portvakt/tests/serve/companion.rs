//! The companion APIs of a production server, as its configuration has them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Deployment, Server};
use crate::people::{Browser, PID, WEB, text};

const CLIENT: &str = "havbris-innsyn";
const AUTHORIZATIONS: &str = "idporten:authorizations";
const CONTACTS: &str = "krr:global/kontaktinformasjon.read";

/// A token of the organization, for this address if there is one.
async fn token(server: &Server, scope: &str, resource: Option<&str>) -> String {
    let mut claims = json!({"iss": CLIENT, "scope": scope});
    if let Some(resource) = resource {
        claims["resource"] = json!(resource);
    }
    let (status, answer) = server.exchange(&Deployment::grant_with(&claims)).await;
    assert_eq!(status, 200, "{answer}");
    text(&answer["access_token"])
}

async fn post(server: &Server, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
    let request = reqwest::Client::new().post(server.url("idporten", path));
    let answer = request.bearer_auth(token).json(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn they_answer_for_the_addresses_that_are_configured() {
    let (api, krr) = (
        "https://api.example.no/idporten",
        "https://kontakt.example.no",
    );
    let companion = json!({"api_base_url": api, "krr_base_url": krr});
    let deployment = Deployment::new().with_companion(&companion);
    let server = deployment.start().await;
    for (path, base) in [
        ("/authorizations/openapi.json", api),
        ("/openapi.json", krr),
    ] {
        let (_, document) = server.get("idporten", path).await;
        assert_eq!(document["servers"], json!([{"url": base}]));
    }
    let site = server.site();
    Browser::new(&site).tokens(WEB, "openid").await;
    let authorizations = "/clients/authorizations?require_user_consent=false";
    let (person, people) = (json!({"pid": PID}), json!({"personidentifikatorer": [PID]}));
    for (resource, of_logins, of_contacts) in [
        (None, 200, 200),
        (Some(api), 200, 401),
        (Some(krr), 401, 200),
        (Some("https://idporten.example.no"), 401, 401),
    ] {
        for (path, scope, body, expected) in [
            (authorizations, AUTHORIZATIONS, &person, of_logins),
            ("/rest/v2/personer", CONTACTS, &people, of_contacts),
        ] {
            let token = token(&server, scope, resource).await;
            let (status, answer) = post(&server, path, &token, body).await;
            assert_eq!(status, expected, "{path} {resource:?}: {answer}");
            if path == authorizations && expected == 200 {
                assert_eq!(answer[0]["client_id"], WEB);
            }
        }
    }
    assert!(server.stopped().await.success());
}

#[tokio::test]
async fn one_that_is_switched_off_is_not_there() {
    let companion = json!({
        "authorizations_api": false, "history_api": false, "authlevel_api": false, "revoke_list": false,
    });
    let deployment = Deployment::new().with_companion(&companion);
    let server = deployment.start().await;
    for path in [
        "/authorizations",
        "/clients/authorizations",
        "/authorizations/openapi.json",
        "/innlogginger/logg/idporten",
        "/authlevel/openapi.json",
        "/revokelist",
        "/revokelist/openapi.json",
    ] {
        let (status, answer) = server.get("idporten", path).await;
        assert_eq!((status, &answer["error"]), (404, &json!("not_found")));
    }
    let token = token(&server, AUTHORIZATIONS, None).await;
    let person = json!({"pid": PID});
    let (status, answer) = post(&server, "/clients/authorizations", &token, &person).await;
    assert_eq!(status, 404, "{answer}");
    let (status, _) = server.get("idporten", "/openapi.json").await;
    assert_eq!(status, 200, "the others stay");
    assert!(server.stopped().await.success());
}
