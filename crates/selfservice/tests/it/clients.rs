//! Clients (spec: selfservice §5.1 to §5.5).

use portvakt_selfservice::{Settings, ZeroLifetime};
use portvakt_testkit::HAVBRIS;
use serde_json::{Value, json};

use crate::harness::{Api, Checked, but, havbris, registered, tidevann, with_scope, without};

#[tokio::test]
async fn a_replacement_returns_what_it_leaves_out_to_its_default() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let full = but(
        havbris(),
        &json!({
            "access_token_lifetime": 60, "client_uri": "https://havbris.example/",
            "refresh_token_usage": "REUSE", "sso_disabled": true,
            "frontchannel_logout_session_required": true, "redirect_uris": null,
            "post_logout_redirect_uris": ["https://havbris.example/ut"],
        }),
    );
    let made = consumer.post("/clients", &full).await.ok();
    for (member, value) in [
        ("access_token_lifetime", json!(60)),
        ("client_uri", json!("https://havbris.example/")),
        ("refresh_token_usage", json!("REUSE")),
        ("sso_disabled", json!(true)),
        ("frontchannel_logout_session_required", json!(true)),
        (
            "post_logout_redirect_uris",
            json!(["https://havbris.example/ut"]),
        ),
    ] {
        assert_eq!(made.body[member], value, "{member}");
    }
    let path = format!("/clients/{}", made.member("client_id"));
    api.clock.advance(std::time::Duration::from_secs(10));
    let seven = json!({
        "client_name": "Havbris tidevann", "description": "prod:havbris:tidevann",
        "integration_type": "maskinporten", "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt", "scopes": ["fjord:tidevann.read"],
        "grant_types": ["jwt_bearer_token"],
    });
    let replaced = consumer.put(&path, &seven).await.ok();
    let plain = api.consumer().post("/clients", &havbris()).await.ok();
    let times_and_ids = |body: &Value| {
        let mut body = body.clone();
        for member in ["client_id", "created", "last_updated", "jwks_uri"] {
            body[member].take();
        }
        body
    };
    assert_eq!(times_and_ids(&replaced.body), times_and_ids(&plain.body));
    assert_eq!(replaced.body["created"], made.body["created"]);
    assert_ne!(replaced.body["last_updated"], made.body["last_updated"]);
}

#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let made = consumer.post("/clients", &havbris()).await.ok();
    let path = format!("/clients/{}", made.member("client_id"));
    let echoed = consumer.put(&path, &made.body).await.ok();
    assert_eq!(echoed.body, made.body);
}

#[tokio::test]
async fn what_the_server_sets_is_ignored_and_what_cannot_change_is_refused() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let chosen = json!({
        "client_id": "selvvalgt", "active": false, "created": 5, "jwks_uri": "x",
        "onbehalfof": "x", "client_secret": "x", "ukjent": {"a": 1}, "client_orgno": HAVBRIS,
        "logo": null,
    });
    let made = consumer
        .post("/clients", &but(havbris(), &chosen))
        .await
        .ok();
    assert_ne!(made.member("client_id"), "selvvalgt");
    assert_eq!(made.body["active"], true);
    let path = format!("/clients/{}", made.member("client_id"));
    for (field, value) in [
        ("client_id", json!("selvvalgt")),
        ("client_orgno", json!("313994031")),
        ("supplier_orgno", json!("313994031")),
        ("integration_type", json!("krr")),
    ] {
        let answer = consumer
            .put(&path, &but(havbris(), &json!({ field: value })))
            .await;
        answer.refused(400, field);
    }
}

#[tokio::test]
async fn a_description_is_kept_byte_for_byte() {
    let api = with_scope().await;
    let consumer = api.consumer();
    for text in ["", " a ", "æøå 🐟 \"\\/", "linje\nto\ttab", "e\u{301}"] {
        let body = but(havbris(), &json!({"description": text}));
        let made = consumer.post("/clients", &body).await.ok();
        assert_eq!(made.member("description"), text);
    }
    let made = consumer
        .post("/clients", &without(havbris(), "description"))
        .await
        .ok();
    assert_eq!(made.body["description"], "");
}

#[tokio::test]
async fn a_deactivated_client_is_hidden_from_the_list_and_stays_readable() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let (gone, kept) = (registered(&consumer).await, registered(&consumer).await);
    let path = format!("/clients/{gone}");
    for _ in 0..2 {
        let answer = consumer.delete(&path).await.ok();
        assert_eq!(answer.text, "");
    }
    let ids = |answer: portvakt_testkit::Answer| -> Vec<String> {
        let clients = answer.body.as_array().unwrap().iter();
        clients
            .map(|client| client["client_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let active = ids(consumer.get("/clients").await.ok());
    assert_eq!(active, std::slice::from_ref(&kept));
    let all = ids(consumer.get("/clients?inactive=true").await.ok());
    assert!(all.contains(&gone) && all.contains(&kept) && all.len() == 2);
    assert_eq!(consumer.get(&path).await.ok().body["active"], false);
    consumer.put(&path, &havbris()).await.refused(409, "");
}

#[tokio::test]
async fn lists_are_narrowed_by_their_parameters() {
    let api = with_scope().await;
    let open = json!({"subscope": "apen", "accessible_for_all": true});
    api.provider()
        .post("/scopes", &but(tidevann(), &open))
        .await
        .ok();
    let consumer = api.consumer();
    registered(&consumer).await;
    let other = but(havbris(), &json!({"scopes": ["fjord:apen"]}));
    consumer.post("/clients", &other).await.ok();
    for (query, expected) in [
        ("", 2),
        ("?scope=fjord%3Aapen", 1),
        ("?scope=fjord:ingen", 0),
        ("?integration_type=maskinporten", 2),
        ("?integration_type=krr", 0),
        ("?client_orgno=312773023", 2),
        ("?client_orgno=313994031", 0),
    ] {
        let answer = consumer.get(&format!("/clients{query}")).await.ok();
        assert_eq!(answer.body.as_array().unwrap().len(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_scope_that_the_client_has_may_stay_whatever_became_of_it() {
    let api = with_scope().await;
    let consumer = api.consumer();
    let path = format!("/clients/{}", registered(&consumer).await);
    let access = "/scopes/access/312773023?scope=fjord:tidevann.read";
    api.provider().delete(access).await.ok();
    let renamed = but(havbris(), &json!({"client_name": "Nytt navn"}));
    consumer.put(&path, &renamed).await.ok();
    consumer
        .post("/clients", &havbris())
        .await
        .refused(400, "scopes[0]");
}

#[tokio::test]
async fn combinations_outside_the_table_are_refused() {
    let api = with_scope().await;
    let consumer = api.consumer();
    for (changes, field) in [
        (json!({"application_type": "native"}), "application_type"),
        (
            json!({"token_endpoint_auth_method": "none"}),
            "token_endpoint_auth_method",
        ),
        (
            json!({"grant_types": ["authorization_code"]}),
            "grant_types",
        ),
        (json!({"grant_types": []}), "grant_types"),
        (json!({"integration_type": "INTERNAL"}), "integration_type"),
        (
            json!({"integration_type": "api_klient"}),
            "application_type",
        ),
        (json!({"integration_type": "krr"}), "scopes[0]"),
    ] {
        let answer = consumer.post("/clients", &but(havbris(), &changes)).await;
        answer.refused(400, field);
    }
    let operators = json!({"integration_type": "eformidling", "scopes": ["openid"]});
    let answer = consumer.post("/clients", &but(havbris(), &operators)).await;
    assert!(matches!(answer.status, 400 | 403), "{}", answer.text);
    let registry = json!({"integration_type": "krr", "client_name": "KRR"});
    let made = consumer.post("/clients", &registry).await.ok();
    let expected = json!([
        "krr:global/kontaktinformasjon.read",
        "krr:global/digitalpost.read"
    ]);
    assert_eq!(made.body["scopes"], expected);
}

#[tokio::test]
async fn logins_are_registered_with_the_defaults_of_their_type() {
    let api = Api::start().await;
    let consumer = api.consumer();
    let login = json!({
        "integration_type": "idporten", "application_type": "browser", "client_name": "Innlogging",
        "redirect_uris": ["https://havbris.example/inn"], "scopes": [],
        "post_logout_redirect_uris": [],
    });
    let made = consumer.post("/clients", &login).await.ok();
    assert_eq!(made.member("token_endpoint_auth_method"), "none");
    assert_eq!(made.body["scopes"], json!(["openid", "profile"]));
    assert_eq!(made.body["grant_types"], json!(["authorization_code"]));
    assert_eq!(made.body["redirect_uris"], login["redirect_uris"]);
}

#[tokio::test]
async fn a_lifetime_of_zero_can_mean_the_default() {
    let api = Api::with(Settings {
        zero_lifetime: ZeroLifetime::Default,
        default_access_token_lifetime: 90,
        ..Settings::default()
    })
    .await;
    let open = json!({"subscope": "tidevann.read", "accessible_for_all": true});
    api.provider()
        .post("/scopes", &but(tidevann(), &open))
        .await
        .ok();
    let zero = json!({"access_token_lifetime": 0, "refresh_token_lifetime": 0});
    let made = api
        .consumer()
        .post("/clients", &but(havbris(), &zero))
        .await
        .ok();
    assert_eq!(made.body["access_token_lifetime"], 90);
    assert_eq!(made.body["refresh_token_lifetime"], 600);
}

#[tokio::test]
async fn what_the_operator_set_survives_the_owners_replacement() {
    use portvakt_core::administration::{Role, client};
    use portvakt_jose::Algorithm;
    let api = with_scope().await;
    let consumer = api.consumer();
    let id = registered(&consumer).await;
    let now = portvakt_core::Clock::now(api.clock.as_ref());
    let client_id = id.parse().unwrap();
    api.operate(async |unit| {
        let mut desired = client::find(unit, &client_id).await.unwrap();
        desired.token_endpoint_auth_signing_alg = Some(Algorithm::Es256);
        client::update(unit, desired, Role::Operator, now)
            .await
            .unwrap();
    })
    .await;
    let renamed = but(havbris(), &json!({"client_name": "Nytt navn"}));
    consumer.put(&format!("/clients/{id}"), &renamed).await.ok();
    api.operate(async |unit| {
        let kept = client::find(unit, &client_id).await.unwrap();
        assert_eq!(kept.token_endpoint_auth_signing_alg, Some(Algorithm::Es256));
        assert_eq!(kept.client_name, "Nytt navn");
    })
    .await;
}
