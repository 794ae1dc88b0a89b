//! The worked examples (spec: selfservice §15), one by one.

use portvakt_core::scope::ScopeName;
use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK, SOURCE, TINDESYSTEM, signing_key};
use serde_json::{Value, json};

use crate::harness::{
    Api, Checked, SCOPES_READ, WRITE, but, grant, havbris, registered, send, tidevann, with_scope,
};

const ACCESS: &str = "/scopes/access/312773023?scope=fjord%3Atidevann.read";

#[tokio::test]
async fn a_provider_creates_a_scope_and_grants_access() {
    let api = Api::start().await;
    let provider = api.provider();
    let answer = provider.post("/scopes", &tidevann()).await.ok();
    let now = "2026-03-02T09:15:00.000Z";
    assert_eq!(
        answer.body,
        json!({
            "name": "fjord:tidevann.read", "prefix": "fjord", "subscope": "tidevann.read",
            "description": "Tidevannsdata", "active": true, "created": now, "last_updated": now,
            "allowed_integration_types": ["maskinporten"], "at_max_age": 90,
            "authorization_max_lifetime": 0, "requires_user_authentication": false,
            "requires_user_consent": false, "requires_pseudonymous_tokens": false,
            "owner_orgno": FJORDETATEN, "token_type": "SELF_CONTAINED", "visibility": "PUBLIC",
            "accessible_for_all": false, "protected": false,
            "supports_european_businesses": false,
        })
    );
    let answer = provider.put_nothing(ACCESS).await.ok();
    assert_eq!(
        answer.body,
        json!({
            "scope": "fjord:tidevann.read", "state": "APPROVED", "prefix": null,
            "consumer_orgno": HAVBRIS, "owner_orgno": FJORDETATEN, "created": now,
            "last_updated": now,
        })
    );
    let answer = provider
        .put_nothing("/scopes/access/31277302?scope=fjord%3Atidevann.read")
        .await
        .refused(400, "consumer_orgno");
    assert_eq!(
        answer.body["errors"],
        json!([{
            "errorMessage": "Invalid organization number: 31277302", "isFieldError": true,
            "objectName": "ScopeAccess", "fieldIdentifier": "consumer_orgno",
        }])
    );
    assert_eq!(
        answer.body["error"],
        ", Invalid organization number: 31277302"
    );
}

#[tokio::test]
async fn a_consumer_registers_a_client_and_a_key() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let answer = consumer.post("/clients", &havbris()).await.ok();
    let (id, now) = (answer.member("client_id"), "2026-03-02T09:15:00.000Z");
    assert_eq!(id.len(), 36);
    assert_eq!(
        answer.body,
        json!({
            "client_id": id, "client_name": "Havbris tidevann",
            "description": "prod:havbris:tidevann", "client_orgno": HAVBRIS,
            "integration_type": "maskinporten", "application_type": "web",
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "scopes": ["fjord:tidevann.read"], "access_token_lifetime": 120,
            "authorization_lifetime": 7200, "refresh_token_lifetime": 600,
            "refresh_token_usage": "ONETIME", "frontchannel_logout_session_required": false,
            "sso_disabled": false, "active": true, "created": now, "last_updated": now,
            "jwks_uri": format!("/clients/{id}/jwks"),
        })
    );
    let jwk = signing_key().public_jwk("havbris-2026a").to_json();
    let path = format!("/clients/{id}/jwks");
    let answer = consumer.post(&path, &json!({"keys": [jwk]})).await.ok();
    assert_eq!(
        answer.body,
        json!({
            "keys": [but(jwk, &json!({"exp": 1_772_442_900 + 31_536_000}))],
            "created": now, "last_updated": now,
        })
    );
}

#[tokio::test]
async fn keys_are_rotated_by_reading_merging_and_posting() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let path = format!("/clients/{}/jwks", registered(&consumer).await);
    let key = |kid: &str| signing_key().public_jwk(kid).to_json();
    consumer
        .post(&path, &json!({"keys": [key("a")]}))
        .await
        .ok();
    let old = consumer.get(&path).await.ok().body["keys"][0].clone();
    api.clock.advance(std::time::Duration::from_secs(1000));
    let consumer = api.consumer();
    let both = json!({"keys": [key("b"), old]});
    let answer = consumer.post(&path, &both).await.ok();
    let exp = |index: usize| answer.body["keys"][index]["exp"].as_i64().unwrap();
    assert_eq!(exp(1), old["exp"], "what was sent stays");
    assert_eq!(exp(0), exp(1) + 1000);
    assert_eq!(consumer.get(&path).await.ok().body, answer.body);
    let answer = consumer.put(&path, &json!({"keys": [key("b")]})).await.ok();
    assert_eq!(answer.body["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_scope_is_made_once() {
    let api = with_scope().await;
    let provider = api.provider();
    let again = || provider.post("/scopes", tidevann_static());
    again().await.refused(409, "subscope");
    let path = "/scopes?scope=fjord%3Atidevann.read";
    let deleted = provider.delete(path).await.ok();
    assert_eq!(deleted.body["active"], false);
    assert_eq!(deleted.body["name"], "fjord:tidevann.read");
    again().await.refused(409, "subscope");

    let listed = |answer: &Value| -> Vec<(String, bool)> {
        let scopes = answer.as_array().unwrap().iter();
        scopes
            .map(|scope| {
                let name = scope["subscope"].as_str().unwrap().to_owned();
                (name, scope["active"].as_bool().unwrap())
            })
            .collect()
    };
    api.clock.advance(std::time::Duration::from_secs(1));
    let other = but(tidevann(), &json!({"subscope": "annet"}));
    provider.post("/scopes", &other).await.ok();
    let active = provider.get("/scopes").await.ok();
    assert_eq!(listed(&active.body), [("annet".to_owned(), true)]);
    let all = provider.get("/scopes?inactive=TRUE").await.ok();
    let expected = [("tidevann.read", false), ("annet", true)];
    assert_eq!(
        listed(&all.body),
        expected.map(|(name, active)| (name.to_owned(), active))
    );

    let back = but(tidevann(), &json!({"active": true}));
    let back = provider.put(path, &back).await.ok();
    assert_eq!(back.body["active"], true);
    let access = "/scopes/access?scope=fjord%3Atidevann.read";
    let access = provider.get(access).await.ok();
    assert_eq!(access.body[0]["consumer_orgno"], HAVBRIS);
    assert_eq!(access.body[0]["state"], "APPROVED");
}

fn tidevann_static() -> &'static Value {
    static BODY: std::sync::LazyLock<Value> = std::sync::LazyLock::new(tidevann);
    &BODY
}

#[tokio::test]
async fn a_client_needs_scopes_that_its_organization_may_have() {
    let api = with_scope().await;
    let provider = api.provider();
    for changes in [
        json!({"subscope": "andres"}),
        json!({"subscope": "apen", "accessible_for_all": true}),
        json!({"subscope": "delegert", "delegation_source": SOURCE}),
        json!({"subscope": "innlogget", "allowed_integration_types": ["api_klient"]}),
    ] {
        provider
            .post("/scopes", &but(tidevann(), &changes))
            .await
            .ok();
    }
    let with = |scopes: Value| but(havbris(), &json!({"scopes": scopes}));
    let consumer = api.consumer();
    let refused = async |scopes: Value, status: u16, field: &str| {
        let answer = consumer.post("/clients", &with(scopes)).await;
        answer.refused(status, field);
    };
    refused(json!([]), 400, "scopes").await;
    refused(json!(["fjord:andres"]), 400, "scopes[0]").await;
    refused(json!(["fjord:finnes.ikke"]), 400, "scopes[0]").await;
    refused(json!(["fjord:apen", "fjord:innlogget"]), 400, "scopes[1]").await;
    refused(json!(["idporten:dcr.write"]), 403, "scopes[0]").await;
    for scope in ["fjord:apen", "fjord:delegert"] {
        consumer.post("/clients", &with(json!([scope]))).await.ok();
    }
    let listed = consumer.get("/clients").await.ok();
    assert_eq!(
        listed.body.as_array().unwrap().len(),
        2,
        "the refused left nothing"
    );
}

#[tokio::test]
async fn lifetimes_and_types_are_checked() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let zero = but(havbris(), &json!({"refresh_token_lifetime": 0}));
    let answer = consumer.post("/clients", &zero).await;
    answer.refused(400, "refresh_token_lifetime");
    let path = format!("/clients/{}", registered(&consumer).await);
    let other = but(havbris(), &json!({"integration_type": "krr"}));
    let answer = consumer.put(&path, &other).await;
    answer.refused(400, "integration_type");
}

#[tokio::test]
async fn keys_are_checked() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let path = format!("/clients/{}/jwks", registered(&consumer).await);
    let key = |kid: usize| signing_key().public_jwk(&format!("k{kid}")).to_json();
    let mut without_use = key(0);
    without_use.as_object_mut().unwrap().remove("use");
    let private = but(key(0), &json!({"d": "hemmelig"}));
    let six: Vec<_> = (0..6).map(key).collect();
    for (body, field) in [
        (json!({"keys": [without_use]}), "keys[0]"),
        (json!({"keys": six}), "jwks"),
        (json!({"keys": []}), "jwks"),
        (json!({"keys": [key(1), private]}), "keys[1]"),
        (json!({"keys": [key(1), key(1)]}), "keys"),
        (json!({}), "keys"),
        (json!({"keys": {}}), "keys"),
    ] {
        let answer = consumer.post(&path, &body).await.refused(400, field);
        assert_eq!(answer.body["errors"][0]["objectName"], "Jwks");
        assert!(!answer.text.contains("hemmelig"));
    }
    let answer = consumer.post(&path, &json!([key(1)])).await.ok();
    assert_eq!(answer.body["keys"][0]["kid"], "k1");
}

#[tokio::test]
async fn a_supplier_registers_for_its_customers() {
    let api = with_scope().await;
    grant(&api, TINDESYSTEM).await;
    let body = but(havbris(), &json!({"client_orgno": HAVBRIS}));
    let answer = api.supplier().post("/clients", &body).await.ok();
    assert_eq!(answer.member("client_orgno"), HAVBRIS);
    assert_eq!(answer.member("supplier_orgno"), TINDESYSTEM);
    let ordinary = api.caller(TINDESYSTEM, &[WRITE]);
    let answer = ordinary.post("/clients", &body).await;
    answer.refused(403, "client_orgno");
}

#[tokio::test]
async fn access_that_was_withdrawn_is_shown_on_request() {
    let api = with_scope().await;
    let provider = api.provider();
    let withdrawn = provider.delete(ACCESS).await.ok();
    assert_eq!(withdrawn.member("state"), "DENIED");
    assert_eq!(provider.delete(ACCESS).await.ok().body, withdrawn.body);
    let consumer = api.caller(HAVBRIS, &[SCOPES_READ]);
    let present = consumer.get("/scopes/access/all").await.ok();
    assert_eq!(present.body, json!([]));
    let all = consumer.get("/scopes/access/all?inactive=true").await.ok();
    assert_eq!(all.body, json!([withdrawn.body]));
    let never = "/scopes/access/314111044?scope=fjord:tidevann.read";
    provider.delete(never).await.refused(404, "");
}

#[tokio::test]
async fn both_spellings_of_an_organization_number_are_read() {
    let api = with_scope().await;
    let path = format!("/scopes/access/0192:{LYNGVIK}?scope=fjord:tidevann.read");
    let answer = api.provider().put_nothing(&path).await.ok();
    assert_eq!(answer.member("consumer_orgno"), LYNGVIK);
    let encoded = format!("/scopes/access/0192%3A{LYNGVIK}?scope=fjord:tidevann.read");
    let again = api.provider().put_nothing(&encoded).await.ok();
    assert_eq!(again.body, answer.body, "repeated, it changes nothing");
}

#[tokio::test]
async fn the_catalogue_does_not_look_at_tokens() {
    let api = with_scope().await;
    let mut claims = api.claims(HAVBRIS, &[SCOPES_READ]);
    claims["exp"] = json!(1_000_000_000);
    for token in [api.sign(&claims), "nonsense".to_owned()] {
        let request = api.request("GET", "/api/v1/scopes/all").bearer_auth(token);
        let answer = send(request).await.ok();
        let scopes = answer.body.as_array().unwrap();
        let name = ScopeName::parse("fjord:tidevann.read").unwrap();
        assert!(scopes.iter().any(|scope| scope["name"] == name.as_str()));
    }
}
