//! Scopes over HTTP: which may be asked for, what they make of a login, and how long it lasts
//! (spec: idporten §3.5, §5, §10).

use portvakt_testkit::{FJORDETATEN, HAVBRIS, TINDESYSTEM, World};
use serde_json::json;

use crate::harness::{API, APP, Answer, Browser, PID, VERIFIER, callback, claims};
use crate::wire::{is_login, server, tokens, with};

/// Spec: idporten §6.6, `prompt=consent`: every scope of an API, and none where there is none.
#[tokio::test]
async fn a_client_may_have_people_asked_about_scopes_that_need_no_consent() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let scope = format!("openid {API}");
    for (prompt, scope, asks, logs_in) in [
        ("", scope.as_str(), false, false),
        ("consent", &scope, true, false),
        ("consent", "openid profile", false, false),
        ("login consent", &scope, false, true),
    ] {
        let changes = [("prompt", prompt), ("scope", scope)];
        let answer = browser.authorize(&with(APP, &changes)).await;
        let location = answer.header("location");
        assert_eq!(location.contains("/consent?"), asks, "{changes:?}");
        assert_eq!(is_login(&answer), logs_in, "{changes:?}");
    }
}

/// Spec: idporten §5.2, `requires_user_authentication`; §5.1 rule 7: without `openid` no id token.
#[tokio::test]
async fn a_scope_may_want_a_login_and_openid_may_be_left_out() {
    let server = server(|world| world.scope_mut(API).requires_user_authentication = true).await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let alone = [("scope", API)];
    for _ in 0..2 {
        assert!(is_login(&browser.authorize(&with(APP, &alone)).await));
    }
    let silent = [("scope", API), ("prompt", "none")];
    let told = browser.authorize(&with(APP, &silent)).await.location();
    assert_eq!(told["error"], "login_required");
    let plain = tokens(&server, &mut browser, APP, &alone).await;
    assert!(plain["id_token"].is_null(), "{plain}");
    assert_eq!(plain["scope"], API);
    let repeated = format!("openid {API} openid {API}");
    let both = tokens(&server, &mut browser, APP, &[("scope", &repeated)]).await;
    assert_eq!(
        both["scope"],
        format!("openid {API}"),
        "each once, in order"
    );
    assert!(both["id_token"].is_string());
}

/// Spec: idporten §10.1, §10.4: what was granted may be narrowed, never widened.
#[tokio::test]
async fn a_refresh_and_a_redemption_may_ask_for_less() {
    let server = server(|_| ()).await;
    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let url = format!("{}/authorize", server.base);
    let mut url =
        url::Url::parse_with_params(&url, with(APP, &[("scope", "openid profile")])).unwrap();
    let resources = [
        ("resource", "urn:a"),
        ("resource", "https://b.eksempel.no/api"),
    ];
    url.query_pairs_mut().extend_pairs(resources);
    let redirect_uri = callback(APP);
    let mut redeemed = Vec::new();
    for resource in ["", "urn:a", "urn:c"] {
        let code = browser.get(url.as_str()).await.location()["code"].clone();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", VERIFIER),
            ("resource", resource),
        ];
        redeemed.push(server.post_as(APP, "/token", &form).await);
    }
    let audience = |answer: &Answer| claims(&answer.json()["access_token"])["aud"].clone();
    assert_eq!(
        audience(&redeemed[0]),
        json!(["urn:a", "https://b.eksempel.no/api"])
    );
    assert_eq!(audience(&redeemed[1]), "urn:a");
    assert_eq!(redeemed[2].error(), "invalid_target");
    assert_eq!(
        claims(&redeemed[0].json()["id_token"])["aud"],
        APP,
        "never of the id token"
    );

    let mut refresh = redeemed[0].json()["refresh_token"].clone();
    for (name, value, expected) in [
        ("scope", "profile", Ok("profile")),
        ("scope", "openid fjord:annet", Err("invalid_scope")),
        ("resource", "urn:c", Err("invalid_target")),
        ("resource", "urn:a", Ok("openid profile")),
    ] {
        server.clock.advance(std::time::Duration::from_secs(2));
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str().unwrap()),
            (name, value),
        ];
        let answer = server.post_as(APP, "/token", &form).await;
        match expected {
            Ok(scope) => {
                let tokens = answer.json();
                assert_eq!(tokens["scope"], scope, "{answer:?}");
                assert_eq!(tokens["id_token"].is_string(), scope.contains("openid"));
                refresh = tokens["refresh_token"].clone();
            }
            Err(error) => assert_eq!(answer.error(), error, "{name}={value}"),
        }
    }
}

/// Spec: idporten §3.5; appendix C, line 12.
#[tokio::test]
async fn the_lowest_lifetime_counts_and_zero_is_no_opinion() {
    for (access, authorization, scope_access, scope_authorization, expected) in [
        (None, None, 0, 0, (120, 600)),
        (Some(0), Some(0), 0, 0, (120, 600)),
        (Some(300), None, 0, 0, (300, 600)),
        (Some(300), None, 90, 0, (90, 600)),
        (Some(60), None, 90, 0, (60, 600)),
        (Some(300), Some(200), 0, 0, (200, 200)),
        (Some(300), Some(3600), 0, 100, (100, 100)),
    ] {
        let server = server(|world| {
            let client = &mut world.client_mut(APP).0;
            client.access_token_lifetime = access;
            client.login.authorization_lifetime = authorization;
            let api = world.scope_mut(API);
            api.at_max_age = scope_access;
            api.authorization_max_lifetime = scope_authorization;
        })
        .await;
        let scope = format!("openid {API}");
        let mut browser = Browser::new(&server);
        let tokens = tokens(&server, &mut browser, APP, &[("scope", &scope)]).await;
        let told = (&tokens["expires_in"], &tokens["refresh_token_expires_in"]);
        assert_eq!(told, (&json!(expected.0), &json!(expected.1)));
        let access = claims(&tokens["access_token"]);
        let life = access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap();
        assert_eq!(life, expected.0);
        assert_eq!(claims(&tokens["id_token"])["exp"], server.now() + 120);
    }
}

/// Spec: idporten §5.1 rule 4: access of a supplier's client is the supplier's.
#[tokio::test]
async fn a_suppliers_client_uses_what_the_supplier_may() {
    for (granted_to, expected) in [(HAVBRIS, "invalid_scope"), (TINDESYSTEM, "")] {
        let server = server(|world| {
            world.organization(TINDESYSTEM, "Tindesystem AS");
            world.access.clear();
            world.grant(API, granted_to);
            let client = &mut world.client_mut(APP).0;
            client.supplier_orgno = Some(TINDESYSTEM.parse().unwrap());
        })
        .await;
        let mut browser = Browser::new(&server);
        let scope = [("scope", API)];
        let answer = browser.authorize(&with(APP, &scope)).await;
        if !expected.is_empty() {
            let told = answer.location();
            assert_eq!(told["error"], expected);
            assert!(
                told["error_description"].ends_with(API),
                "it names the scope"
            );
            continue;
        }
        let tokens = tokens(&server, &mut browser, APP, &scope).await;
        let access = claims(&tokens["access_token"]);
        assert_eq!(access["consumer"]["ID"], format!("0192:{HAVBRIS}"));
        assert_eq!(access["supplier"]["ID"], format!("0192:{TINDESYSTEM}"));
    }
}

/// Spec: idporten §5.1 rule 4: each reason for which a scope is none.
#[tokio::test]
async fn a_scope_is_registered_active_accessible_and_for_the_clients_type() {
    use portvakt_core::client::IntegrationType::Maskinporten;
    let changes: [fn(&mut World); 5] = [
        |world| world.scope_mut(API).active = false,
        |world| world.scope_mut(API).allowed_integration_types = vec![Maskinporten],
        |world| world.withdraw(API, HAVBRIS),
        |world| world.organization_mut(FJORDETATEN).active = false,
        |world| {
            world
                .client_mut(APP)
                .0
                .scopes
                .retain(|scope| scope.as_str() != API);
        },
    ];
    for change in changes {
        let server = server(change).await;
        let mut browser = Browser::new(&server);
        let scope = format!("openid {API}");
        let told = browser.authorize(&with(APP, &[("scope", &scope)])).await;
        assert_eq!(told.location()["error"], "invalid_scope");
        assert!(told.location()["error_description"].ends_with(API));
    }
}
