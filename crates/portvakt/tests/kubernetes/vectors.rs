//! Each vector from its beginning to its end, by one operator.

use portvakt_operator::shell::Passed;
use serde_json::{Value, json};

use crate::calls::Calls;
use crate::scene::{Life, Scene};
use crate::vector::Vector;

/// What a vector came to: what the issuer was asked to change, with ids left out, and the state.
async fn done(vector: Vector) -> (Scene, Vec<String>, Value) {
    let scene = Scene::new().await;
    vector.prepare(&scene).await;
    let calls = Calls::default();
    let life = vector.pass(&scene, &calls).await;
    let status = vector.status(&scene).await;
    assert!(life.succeeded(), "{life:?} {status:#?} {:#?}", calls.made());
    let state = vector.state(&scene).await;
    let mut changes = calls.changes();
    for client in scene.api.clients().await.unwrap() {
        for change in &mut changes {
            *change = change.replace(&client.client_id, "ID");
        }
    }
    let changes = changes
        .iter()
        .map(|change| change.trim_start_matches("issuer ").replace("/api/v1", ""));
    let changes = changes.collect();
    (scene, changes, state)
}

/// Another operator finds nothing to do, asks the issuer nothing, and writes nothing.
async fn rests(scene: &Scene, vector: Vector) {
    let calls = Calls::default();
    let life = vector.pass(scene, &calls).await;
    assert!(matches!(life, Life::Passed(Passed::Rested(_))), "{life:?}");
    let mut asked = calls.made();
    asked.retain(|call| call.starts_with("issuer "));
    assert_eq!(asked, Vec::<String>::new());
    assert_eq!(calls.writes(), Vec::<String>::new());
}

fn endpoints(scopes: &str) -> Value {
    json!({
        "MASKINPORTEN_CLIENT_ID": "the client", "MASKINPORTEN_CLIENT_JWK": "a key",
        "MASKINPORTEN_SCOPES": scopes,
        "MASKINPORTEN_WELL_KNOWN_URL": "https://test.maskinporten.no/.well-known/oauth-authorization-server",
        "MASKINPORTEN_ISSUER": "https://test.maskinporten.no/",
        "MASKINPORTEN_JWKS_URI": "https://test.maskinporten.no/jwk",
        "MASKINPORTEN_TOKEN_ENDPOINT": "https://test.maskinporten.no/token",
    })
}

fn status(conditions: &[&str], hash: &str, secret: &str, keys: &[&str]) -> Value {
    json!({
        "conditions": conditions, "hash": hash, "secret": secret, "state": "Synchronized",
        "generation": 1, "keys": keys, "is_the_client": true,
    })
}

fn scope(description: &str, access: &Value) -> Value {
    json!({
        "active": true, "description": description, "at_max_age": 30, "visibility": "PUBLIC",
        "accessible_for_all": false, "delegation_source": null, "access": access,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn v1_consume_only_first_deploy() {
    let (scene, changes, state) = done(Vector::V1).await;
    assert_eq!(changes, ["POST /clients", "POST /clients/ID/jwks"]);
    let secret = "maskinporten-laanesok-9b0cdc78";
    let scopes = ["demoskatt:inntekt.read", "demoregister:oppslag/enhet.read"];
    assert_eq!(
        state["clients"],
        json!([{"scopes": scopes, "keys": [secret]}])
    );
    assert_eq!(
        state["secrets"],
        json!({secret: endpoints(&scopes.join(" "))})
    );
    let conditions = ["Ready=True", "InvalidConsumedScopes=False", "Error=False"];
    assert_eq!(
        state["status"],
        status(&conditions, "da7b8361baebe374", secret, &[secret])
    );
    assert_eq!(
        scene.events().await,
        ["CreatedInDigDir", "RotatedInDigDir", "Synchronized"]
    );
    rests(&scene, Vector::V1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v2_expose_only() {
    let (scene, changes, state) = done(Vector::V2).await;
    let name = "nav%3Asjofart%3Afartoy.read";
    assert_eq!(
        changes,
        [
            "POST /scopes",
            &format!("PUT /scopes/access/310000011?scope={name}"),
            &format!("PUT /scopes/access/310000022?scope={name}"),
            "POST /clients",
            "POST /clients/ID/jwks",
        ]
    );
    let secret = "maskinporten-fartoy-api-c3120fde";
    assert_eq!(
        state["clients"],
        json!([{"scopes": ["nav:test/api"], "keys": [secret]}])
    );
    assert_eq!(state["secrets"], json!({secret: endpoints("")}));
    let access = json!({"310000011": "APPROVED", "310000022": "APPROVED"});
    let mut wanted = scope("sjofart - dev-gcp:NAMESPACE:fartoy-api", &access);
    wanted["at_max_age"] = json!(120);
    assert_eq!(state["scopes"]["nav:sjofart:fartoy.read"], wanted);
    let conditions = [
        "Ready=True",
        "InvalidConsumedScopes=False",
        "InvalidExposedScopesConsumers=False",
        "Error=False",
    ];
    assert_eq!(
        state["status"],
        status(&conditions, "1f0b9e221114efe2", secret, &[secret])
    );
    rests(&scene, Vector::V2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v3_update() {
    let (scene, changes, state) = done(Vector::V3).await;
    let name = "nav%3Atilskudd%2Fsoknad%2Fv1.write";
    assert_eq!(
        changes,
        [
            "POST /scopes",
            &format!("PUT /scopes/access/000000000?scope={name}"),
            &format!("PUT /scopes/access/310000033?scope={name}"),
            &format!("PUT /scopes/access/310000011?scope={name}"),
            &format!("DELETE /scopes/access/310000044?scope={name}"),
            &format!("PUT /scopes?scope={name}"),
        ]
    );
    let secret = "maskinporten-tilskudd-gateway-74b06953";
    assert_eq!(
        state["clients"],
        json!([{"scopes": ["demokart:adresse.read"], "keys": [secret]}])
    );
    assert_eq!(
        state["secrets"],
        json!({secret: endpoints("demoetat:ikke/tilgang demokart:adresse.read")})
    );
    let access = json!({
        "310000011": "APPROVED", "310000033": "APPROVED", "310000044": "DENIED", "310000055": "DENIED",
    });
    let mut wanted = scope("tilskudd - dev-gcp:NAMESPACE:tilskudd-gateway", &access);
    wanted["at_max_age"] = json!(60);
    wanted["visibility"] = json!("PRIVATE");
    wanted["delegation_source"] = json!("https://tt02.altinn.no/");
    assert_eq!(state["scopes"]["nav:tilskudd/soknad/v1.write"], wanted);
    let mut wanted = scope("tilskudd - dev-gcp:NAMESPACE:tilskudd-gateway", &json!({}));
    wanted["accessible_for_all"] = json!(true);
    assert_eq!(state["scopes"]["nav:tilskudd:status.read"], wanted);
    let conditions = [
        "Ready=True",
        "InvalidConsumedScopes=True",
        "InvalidExposedScopesConsumers=True",
        "Error=False",
    ];
    assert_eq!(
        state["status"],
        status(&conditions, "88444c28569a3061", secret, &[secret])
    );
    drop(scene);
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_disable_a_scope_and_rename_the_secret() {
    let (scene, changes, state) = done(Vector::V4).await;
    assert_eq!(
        changes,
        [
            "DELETE /scopes?scope=nav%3Ahavn%3Agammel.read",
            "POST /clients/ID/jwks"
        ]
    );
    // The key of the Secret that a Pod uses stays; what nothing uses goes with its Secret.
    let secrets = ["havne-jobb-mp-2", "havne-jobb-mp-1"];
    let scopes = ["demoregister:oppslag/enhet.read"];
    assert_eq!(
        state["clients"],
        json!([{"scopes": scopes, "keys": secrets}])
    );
    let entries = endpoints(scopes[0]);
    assert_eq!(
        state["secrets"],
        json!({secrets[0]: entries, secrets[1]: entries})
    );
    assert_eq!(state["scopes"]["nav:havn:anlop.read"]["active"], true);
    assert_eq!(state["scopes"]["nav:havn:gammel.read"]["active"], false);
    let conditions = [
        "Ready=True",
        "InvalidConsumedScopes=False",
        "InvalidExposedScopesConsumers=False",
        "Error=False",
    ];
    assert_eq!(
        state["status"],
        status(&conditions, "5b83945127a2c5bb", secrets[0], &secrets)
    );
    rests(&scene, Vector::V4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v4_delete_with_and_without_preserve() {
    for (vector, expected) in [
        (Vector::V4Preserved, vec![]),
        (Vector::V4Deleted, vec!["DELETE /clients/ID".to_owned()]),
    ] {
        let (scene, changes, state) = done(vector).await;
        assert_eq!(changes, expected);
        assert_eq!(state["status"], Value::Null, "both finalizers are gone");
        assert_eq!(state["scopes"]["nav:havn:anlop.read"]["active"], true);
        let clients = scene.clients(vector.name()).await.len();
        assert_eq!(clients, usize::from(vector == Vector::V4Preserved));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v5_login_client() {
    let (scene, changes, state) = done(Vector::V5).await;
    assert_eq!(changes, ["POST /clients", "POST /clients/ID/jwks"]);
    let secret = "idporten-minside";
    assert_eq!(
        state["clients"],
        json!([{"scopes": ["openid", "profile"], "keys": [secret]}])
    );
    let entries = json!({
        "IDPORTEN_CLIENT_ID": "the client", "IDPORTEN_CLIENT_JWK": "a key",
        "IDPORTEN_REDIRECT_URI": "https://minside.example.no/oauth2/callback",
        "IDPORTEN_WELL_KNOWN_URL": "https://test.idporten.no/.well-known/openid-configuration",
        "IDPORTEN_ISSUER": "https://test.idporten.no",
        "IDPORTEN_JWKS_URI": "https://test.idporten.no/jwks.json",
        "IDPORTEN_TOKEN_ENDPOINT": "https://test.idporten.no/token",
    });
    assert_eq!(state["secrets"], json!({secret: entries}));
    let conditions = ["Ready=True", "Error=False"];
    assert_eq!(
        state["status"],
        status(&conditions, "fa6e4bcaa9fa7e60", secret, &[secret])
    );
    rests(&scene, Vector::V5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v6_adopt_from_infrastructure_code() {
    let (scene, changes, state) = done(Vector::V6).await;
    assert_eq!(
        changes,
        [
            "DELETE /scopes/access/310000011?scope=nav%3Ahavn%2Fkai.read",
            "PUT /scopes?scope=nav%3Ahavn%2Fkai.read",
            "POST /clients/ID/jwks",
        ]
    );
    let secret = "maskinporten-kai-plass-b3f68bdd";
    assert_eq!(
        state["clients"],
        json!([{"scopes": ["nav:test/api"], "keys": [secret]}])
    );
    assert_eq!(state["secrets"], json!({secret: endpoints("")}));
    let access = json!({"310000011": "DENIED"});
    assert_eq!(
        state["scopes"]["nav:havn/kai.read"],
        scope("havn - dev-gcp:NAMESPACE:kai-plass", &access)
    );
    let conditions = [
        "Ready=True",
        "InvalidConsumedScopes=False",
        "InvalidExposedScopesConsumers=False",
        "Error=False",
    ];
    assert_eq!(
        state["status"],
        status(&conditions, "e6f8e5f5c8712857", secret, &[secret])
    );
    rests(&scene, Vector::V6).await;
}
