//! Authorizations of a person (spec: companion-apis §2).

use portvakt_testkit::{FJORDETATEN, HAVBRIS, LYNGVIK};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    AUTHORIZATIONS, FJORD_INSIGHT, INSIGHT, STRANGER, app_login, ask, get, organization,
    organization_claims, person, post, server,
};
use crate::harness::{API, APP, BARNEHAGE, OTHER_PID, PID, SPA, claims, sign_as_machine_issuer};

const CLIENTS: &str = "/clients/authorizations";
const PROVIDER: &str = "/api-provider/authorizations";

fn clients_of(listed: &Value) -> Vec<&str> {
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|one| one["client_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_authorization_is_told_with_everything_that_is_kept_of_it() {
    let server = server().await;
    let authorized_at = server.now() * 1000;
    app_login(&server, PID).await;
    server.clock.advance(std::time::Duration::from_mins(1));
    let token = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    let listed = get(&server, CLIENTS, &token).await.json();
    let id = listed[0]["authorization_id"].as_str().unwrap();
    assert_eq!(id.len(), 43);
    let operator = "991825827";
    let scope = |name: &str, owner: &str, asked: bool, description: &str| {
        json!({"name": name, "description": description, "long_description": "",
               "requires_user_consent": asked, "visibility": "PUBLIC", "owner_orgno": owner})
    };
    assert_eq!(
        listed,
        json!([{
            "authorization_id": id, "client_id": APP, "client_name": APP,
            "authorized_at": authorized_at, "expires": authorized_at + 7_200_000,
            "scopes": [
                scope("openid", operator, false, "En tjeneste"),
                scope("profile", operator, false, "En tjeneste"),
                scope(API, FJORDETATEN, true, "Barnehageplasser"),
            ],
            "user_agent": "",
            "consumer": {"authority": "iso6523-actorid-upis", "ID": format!("0192:{HAVBRIS}")},
        }])
    );
}

/// Threat: a header that is kept for years is as long as a stranger wants.
#[tokio::test]
async fn an_overlong_user_agent_is_cut() {
    let mut server = server().await;
    let agent = "Nettleser/1.0 ".repeat(500);
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    server.http = http.user_agent(agent.as_str()).build().unwrap();
    app_login(&server, PID).await;
    let token = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    let listed = get(&server, CLIENTS, &token).await.json();
    assert_eq!(listed[0]["user_agent"], agent[..256]);
}

#[tokio::test]
async fn each_view_shows_what_concerns_the_organization() {
    let server = server().await;
    app_login(&server, PID).await;
    app_login(&server, OTHER_PID).await;
    person(&server, SPA, PID, "").await;
    for (client_id, orgno, of_clients, of_apis) in [
        (INSIGHT, HAVBRIS, vec![APP], vec![]),
        (FJORD_INSIGHT, FJORDETATEN, vec![], vec![APP]),
        (STRANGER, LYNGVIK, vec![], vec![]),
    ] {
        let own = person(&server, client_id, PID, AUTHORIZATIONS).await;
        let machine = organization(&server, orgno, AUTHORIZATIONS).await;
        let asked = json!({"pid": PID, "ignored": true});
        for (path, expected) in [(CLIENTS, &of_clients), (PROVIDER, &of_apis)] {
            for base in ["", "/authorizations"] {
                let path = format!("{base}{path}");
                let of_person = get(&server, &path, &own).await.json();
                assert_eq!(&clients_of(&of_person), expected, "{path} {client_id}");
                let of_body = post(&server, &path, &machine, &asked).await.json();
                assert_eq!(of_person, of_body, "{path} {client_id}");
            }
        }
        for alias in ["/authorizations", "/authorizations/authorizations"] {
            let listed = get(&server, alias, &own).await.json();
            assert_eq!(clients_of(&listed), of_clients, "{alias}");
        }
    }
    // Somebody who was never seen has none.
    let machine = organization(&server, HAVBRIS, AUTHORIZATIONS).await;
    let answer = post(&server, CLIENTS, &machine, &json!({"pid": "01899940179"})).await;
    assert_eq!(answer.json(), json!([]));
}

/// Spec: companion-apis §2.4.
#[tokio::test]
async fn filters_decide_whether_an_authorization_is_listed_newest_first() {
    let server = server().await;
    app_login(&server, PID).await;
    server.clock.advance(std::time::Duration::from_secs(1));
    person(&server, SPA, PID, "").await;
    server.clock.advance(std::time::Duration::from_secs(1));
    let own = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    let all = vec![INSIGHT, SPA, APP];
    for (query, expected) in [
        ("", vec![APP]),
        ("?require_user_consent=true", vec![APP]),
        ("?require_user_consent=false", all.clone()),
        ("?requires_user_consent=false", all.clone()),
        ("?require_user_consent=false&visibility=PUBLIC", all.clone()),
        ("?require_user_consent=false&visibility=PRIVATE", vec![]),
        ("?visibility=PUBLIC&unknown=1", vec![APP]),
    ] {
        let listed = get(&server, &format!("{CLIENTS}{query}"), &own)
            .await
            .json();
        assert_eq!(clients_of(&listed), expected, "{query}");
    }
    for query in [
        "require_user_consent=no",
        "require_user_consent=",
        "require_user_consent=false&requires_user_consent=false",
        "visibility=public",
        "visibility=PUBLIC&visibility=PUBLIC",
    ] {
        let answer = get(&server, &format!("{CLIENTS}?{query}"), &own).await;
        if query.ends_with('=') {
            // An empty value counts as absent (RFC 6749 §3.1).
            assert_eq!(answer.status, 200, "{query}");
        } else {
            assert_eq!(answer.status, 400, "{query}");
            assert_eq!(answer.error(), "invalid_request", "{query}");
        }
    }
}

/// Spec: companion-apis §2.5, §9 item 2.
#[tokio::test]
async fn only_what_is_live_and_was_redeemed_is_listed() {
    let server = server().await;
    // A code that nobody redeems.
    crate::harness::Browser::new(&server).code(APP, PID).await;
    let own = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    let path = format!("{CLIENTS}?require_user_consent=false");
    assert_eq!(
        clients_of(&get(&server, &path, &own).await.json()),
        [INSIGHT]
    );
    app_login(&server, PID).await;
    assert_eq!(clients_of(&get(&server, CLIENTS, &own).await.json()), [APP]);
    server.clock.advance(std::time::Duration::from_hours(2));
    let own = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    assert_eq!(get(&server, CLIENTS, &own).await.json(), json!([]));
}

/// Spec: companion-apis §2.6.
#[tokio::test]
async fn ending_an_authorization_ends_all_its_tokens() {
    for by_owner in [false, true] {
        let server = server().await;
        let tokens = app_login(&server, PID).await;
        let access = tokens["access_token"].as_str().unwrap();
        let machine = organization(&server, HAVBRIS, AUTHORIZATIONS).await;
        let asked = json!({"pid": PID});
        let listed = post(&server, CLIENTS, &machine, &asked).await.json();
        let id = listed[0]["authorization_id"].as_str().unwrap();
        let path = format!("/authorizations/{id}");
        let token = if by_owner {
            organization(&server, FJORDETATEN, AUTHORIZATIONS).await
        } else {
            person(&server, INSIGHT, PID, AUTHORIZATIONS).await
        };
        let ended = ask(&server, Method::DELETE, &path, &token, None).await;
        assert_eq!(
            (ended.status.as_u16(), ended.body.as_str()),
            (204, ""),
            "{by_owner}"
        );
        let again = ask(&server, Method::DELETE, &path, &token, None).await;
        assert_eq!(
            (again.status.as_u16(), again.error()),
            (404, "not_found".to_owned())
        );

        let refresh = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(server.refresh(APP, refresh).await.error(), "invalid_grant");
        let asked = [("token", access)];
        let introspected = server.post_as(BARNEHAGE, "/token/introspect", &asked).await;
        assert_eq!(introspected.json(), json!({"active": false}));
        let revoked = get(&server, "/revokelist", "").await.json();
        let jti = claims(&tokens["access_token"])["jti"].clone();
        let entries = revoked["revoked_access_tokens"].as_array().unwrap();
        assert!(
            entries.iter().any(|entry| entry["access_token_id"] == jti),
            "{revoked}"
        );
    }
}

/// What is none of the caller's business does not exist for them.
#[tokio::test]
async fn foreign_authorizations_cannot_be_ended_or_told_from_none() {
    let server = server().await;
    app_login(&server, PID).await;
    let machine = organization(&server, HAVBRIS, AUTHORIZATIONS).await;
    let listed = post(&server, CLIENTS, &machine, &json!({"pid": PID}))
        .await
        .json();
    let id = listed[0]["authorization_id"].as_str().unwrap();
    let path = format!("/authorizations/{id}");
    let mut restricted = organization_claims(&server, HAVBRIS, AUTHORIZATIONS);
    restricted["pid"] = json!(OTHER_PID);
    let none = ask(
        &server,
        Method::DELETE,
        &format!("/authorizations/{}", "A".repeat(43)),
        &machine,
        None,
    )
    .await;
    for token in [
        organization(&server, LYNGVIK, AUTHORIZATIONS).await,
        person(&server, STRANGER, PID, AUTHORIZATIONS).await,
        person(&server, INSIGHT, OTHER_PID, AUTHORIZATIONS).await,
        sign_as_machine_issuer(&restricted).await,
    ] {
        let answer = ask(&server, Method::DELETE, &path, &token, None).await;
        assert_eq!((answer.status, &answer.body), (none.status, &none.body));
    }
    for id in [
        "a",
        "%00",
        "%ff",
        "..",
        "JIxjWmTj0rHnPoL9YjG4IVqpNsS7iThxvVeWWowl9Jk%3D",
    ] {
        let path = format!("/authorizations/{id}");
        let answer = ask(&server, Method::DELETE, &path, &machine, None).await;
        assert!(
            answer.status == 404 || answer.status == 405,
            "{id}: {answer:?}"
        );
    }
    let listed = post(&server, CLIENTS, &machine, &json!({"pid": PID}))
        .await
        .json();
    assert_eq!(clients_of(&listed), [APP], "it is still there");
}
