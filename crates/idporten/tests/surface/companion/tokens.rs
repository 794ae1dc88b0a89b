//! What tokens prove (spec: companion-apis §1.3, §1.4).

use portvakt_jose::access_token_hash;
use portvakt_testkit::{FJORDETATEN, HAVBRIS};
use reqwest::Method;
use serde_json::json;

use super::{
    AUTHORIZATIONS, HISTORY, INSIGHT, LEVEL, OPAQUE, READ, REVOKE, ask, get, log_in, organization,
    organization_claims, person, post, server, world,
};
use crate::dpop::{Holder, redeem, text};
use crate::harness::{
    Answer, Browser, LoginServer, MACHINE_ISSUER, PID, request, sign_as_machine_issuer,
};

const CLIENTS: &str = "/clients/authorizations";

/// Every operation with every kind of token (spec: companion-apis §9 item 1).
#[tokio::test]
async fn each_operation_wants_its_kind_of_token_and_its_scope() {
    let server = server().await;
    let asked = json!({"pid": PID, "personidentifikator": PID});
    let unknown = format!("/authorizations/{}", "A".repeat(43));
    let operations = [
        (
            Method::GET,
            CLIENTS,
            vec![AUTHORIZATIONS, READ, REVOKE],
            true,
            false,
        ),
        (
            Method::POST,
            CLIENTS,
            vec![AUTHORIZATIONS, READ, REVOKE],
            false,
            true,
        ),
        (
            Method::GET,
            "/api-provider/authorizations",
            vec![AUTHORIZATIONS, READ, REVOKE],
            true,
            false,
        ),
        (
            Method::POST,
            "/api-provider/authorizations",
            vec![AUTHORIZATIONS, READ, REVOKE],
            false,
            true,
        ),
        (
            Method::GET,
            "/authorizations",
            vec![AUTHORIZATIONS, READ, REVOKE],
            true,
            false,
        ),
        (
            Method::DELETE,
            unknown.as_str(),
            vec![AUTHORIZATIONS, REVOKE],
            true,
            true,
        ),
        (
            Method::GET,
            "/innlogginger/logg/idporten",
            vec![HISTORY],
            true,
            false,
        ),
        (
            Method::POST,
            "/authlevel/rest/v1/sikkerhetsnivaa",
            vec![LEVEL],
            false,
            true,
        ),
    ];
    for (method, path, scopes, of_people, of_organizations) in operations {
        let body = (method == Method::POST).then_some(&asked);
        let done = if method == Method::DELETE { 404 } else { 200 };
        let told = format!("{method} {path}");
        let answer = ask(&server, method.clone(), path, "", body).await;
        assert_eq!(answer.status, 401, "{told}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{told}");
        assert_eq!(answer.header("cache-control"), "no-store", "{told}");
        for scope in [AUTHORIZATIONS, READ, REVOKE, HISTORY, LEVEL] {
            let of_organization = organization(&server, HAVBRIS, scope).await;
            let mut tokens = vec![(of_organization, of_organizations)];
            // The registry lets nobody log in with the scope of the level API.
            if scope != LEVEL {
                tokens.push((person(&server, INSIGHT, PID, scope).await, of_people));
            }
            for (token, fits) in tokens {
                let answer = ask(&server, method.clone(), path, &token, body).await;
                let told = format!("{told} {scope} {fits}: {}", answer.body);
                if !scopes.contains(&scope) {
                    assert_eq!(answer.status, 403, "{told}");
                    assert_eq!(answer.error(), "insufficient_scope", "{told}");
                    let challenge = answer.header("www-authenticate");
                    let expected = format!(
                        "Bearer error=\"insufficient_scope\", scope=\"{}\"",
                        scopes.join(" ")
                    );
                    assert_eq!(challenge, expected, "{told}");
                } else if fits {
                    assert_eq!(answer.status, done, "{told}");
                } else {
                    assert_eq!(answer.status, 403, "{told}");
                    assert_eq!(answer.error(), "access_denied", "{told}");
                }
            }
        }
    }
}

/// The person is whose authorization it is, also where the token keeps silent about them.
#[tokio::test]
async fn opaque_and_pseudonymous_tokens_stand_for_their_person() {
    let server = server().await;
    let opaque = person(&server, INSIGHT, PID, &format!("{AUTHORIZATIONS} {OPAQUE}")).await;
    assert_eq!(opaque.len(), 43);
    let pseudonymous = person(&server, INSIGHT, PID, &format!("{AUTHORIZATIONS} no_pid")).await;
    for token in [opaque, pseudonymous] {
        let path = format!("{CLIENTS}?require_user_consent=false");
        let listed = get(&server, &path, &token).await.json();
        assert_eq!(listed.as_array().unwrap().len(), 2, "both logins: {listed}");
    }
}

#[tokio::test]
async fn a_token_that_does_not_count_proves_nobody() {
    let server = server().await;
    let tokens = log_in(&server, INSIGHT, PID, &format!("openid {AUTHORIZATIONS}")).await;
    let access = tokens["access_token"].as_str().unwrap();
    let mut wrong = vec![
        (
            "an id token",
            tokens["id_token"].as_str().unwrap().to_owned(),
        ),
        ("no token", "a.b.c".to_owned()),
        ("an unknown opaque token", "A".repeat(43)),
        (
            "another signature",
            format!("{}A", &access[..access.len() - 4]),
        ),
    ];
    let claims = organization_claims(&server, HAVBRIS, AUTHORIZATIONS);
    for (name, value) in [
        ("iss", json!("https://maskinporten.eksempel.no")),
        ("iss", json!(server.base)),
        ("iss", json!(null)),
        ("exp", json!(server.now())),
        ("aud", json!("https://another.eksempel.no")),
        ("aud", json!(format!("{}/", server.base))),
        ("token_type", json!("N_A")),
        ("pid", json!(17)),
        ("cnf", json!({"jkt": "x"})),
        (
            "consumer",
            json!({"authority": "x", "ID": "0192:312773023"}),
        ),
        ("scope", json!("")),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        wrong.push((name, sign_as_machine_issuer(&claims).await));
    }
    for (what, token) in wrong {
        for (method, body) in [
            (Method::GET, None),
            (Method::POST, Some(json!({"pid": PID}))),
        ] {
            let answer = ask(&server, method, CLIENTS, &token, body.as_ref()).await;
            assert_eq!(answer.status, 401, "{what}: {answer:?}");
            assert_eq!(answer.error(), "invalid_token", "{what}");
            let challenge = answer.header("www-authenticate");
            assert_eq!(challenge, "Bearer error=\"invalid_token\"", "{what}");
        }
    }
    // Its own kinds of `aud` are accepted.
    for aud in [
        json!(server.base),
        json!("unspecified"),
        json!(["urn:a", server.base]),
    ] {
        let mut claims = claims.clone();
        claims["aud"] = aud;
        let token = sign_as_machine_issuer(&claims).await;
        let answer = post(&server, CLIENTS, &token, &json!({"pid": PID})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn a_revoked_or_expired_token_and_a_deactivated_organization_are_refused() {
    let server = server().await;
    let token = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    assert_eq!(get(&server, CLIENTS, &token).await.status, 200);
    let form = [("token", token.as_str())];
    let revoked = server.post_as(INSIGHT, "/token/revoke", &form).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(get(&server, CLIENTS, &token).await.status, 401);

    let token = person(&server, INSIGHT, PID, AUTHORIZATIONS).await;
    server.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(get(&server, CLIENTS, &token).await.status, 401);

    let mut world = world();
    world.organization_mut(HAVBRIS).active = false;
    let server = LoginServer::with(world, |_| ()).await;
    let asked = json!({"pid": PID});
    for (orgno, status) in [(HAVBRIS, 401), (FJORDETATEN, 200)] {
        let token = organization(&server, orgno, AUTHORIZATIONS).await;
        let answer = post(&server, CLIENTS, &token, &asked).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let mut claims = organization_claims(&server, FJORDETATEN, AUTHORIZATIONS);
    claims["supplier"] =
        json!({"authority": "iso6523-actorid-upis", "ID": format!("0192:{HAVBRIS}")});
    let token = sign_as_machine_issuer(&claims).await;
    assert_eq!(post(&server, CLIENTS, &token, &asked).await.status, 401);
}

/// A `pid` in a token of an organization does not make it a person's.
#[tokio::test]
async fn a_token_that_is_restricted_to_a_person_is_still_an_organizations() {
    let server = server().await;
    let mut claims = organization_claims(&server, HAVBRIS, AUTHORIZATIONS);
    claims["pid"] = json!(PID);
    assert_eq!(claims["iss"], MACHINE_ISSUER);
    let token = sign_as_machine_issuer(&claims).await;
    let answer = get(&server, CLIENTS, &token).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (403, "access_denied".to_owned())
    );
    let answer = post(&server, CLIENTS, &token, &json!({"pid": PID})).await;
    assert_eq!(answer.status, 200);
    let other = json!({"pid": crate::harness::OTHER_PID});
    let answer = post(&server, CLIENTS, &token, &other).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (403, "access_denied".to_owned())
    );
}

/// RFC 9449 §7: a bound token comes with a proof for this address.
#[tokio::test]
async fn a_bound_token_of_a_person_comes_with_a_proof() {
    const PATH: &str = "/innlogginger/logg/idporten";
    let server = server().await;
    let holder = Holder::new();
    let mut parameters = request(INSIGHT);
    parameters.insert("scope", format!("openid {HISTORY}"));
    let mut browser = Browser::new(&server);
    let selector = browser.authorize(&parameters).await;
    let answer = browser.log_in(&selector, PID, "substantial").await;
    let proof = holder.proof(&server, "/token");
    let code = &answer.location()["code"];
    let tokens = redeem(&server, INSIGHT, code, &[&proof]).await.json();
    let token = text(&tokens, "access_token");
    let ask = async |authorization: String, path: &str| {
        let mut claims = Holder::claims(&server, "GET", path);
        claims["ath"] = access_token_hash(token).into();
        let asked = server.http.get(format!("{}{PATH}?maxhits=1", server.base));
        let asked = asked.header("dpop", holder.sign(&claims));
        Answer::read(
            asked
                .header("authorization", authorization)
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    let told = ask(format!("DPoP {token}"), PATH).await;
    assert_eq!(told.status, 200, "{told:?}");
    let elsewhere = ask(format!("DPoP {token}"), "/userinfo").await;
    assert_eq!(elsewhere.error(), "invalid_dpop_proof");
    let downgraded = ask(format!("Bearer {token}"), PATH).await;
    assert_eq!(downgraded.status, 401);
    let challenge = downgraded.header("www-authenticate");
    assert!(
        challenge.starts_with("DPoP error=\"invalid_token\""),
        "{challenge}"
    );
    // Organizations have no bound tokens.
    let machine = organization(&server, HAVBRIS, READ).await;
    let refused = ask(format!("DPoP {machine}"), PATH).await;
    assert_eq!(refused.error(), "invalid_token");
}
