//! The worked examples, each value as it stands there (spec: maskinporten §17).

use futures_util::future::join;
use portvakt_testkit::{
    Grant, HAVBRIS, HAVBRIS_CLIENT, KID, LYNGVIK, NOW, Options, SCOPE, TINDESYSTEM,
    TINDESYSTEM_CLIENT, TestServer, World, signing_key,
};
use serde_json::{Value, json};

use crate::rows::{MP_012, assert_issued, policy, world};

/// docs §17.1: Plain request with a registered key.
#[tokio::test]
async fn example_1_plain_request() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server)
        .header("typ", json!("JWT"))
        .claim("iat", json!(1_772_442_898))
        .claim("exp", json!(1_772_443_018))
        .claim("jti", json!("0b9f2c86-3c1f-4e0a-93d7-7f2f6a1f5a11"));
    let answer = server.exchange(&grant.sign()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        (answer.member("token_type"), answer.member("scope")),
        ("Bearer", "fjord:tidevann.read")
    );
    assert!(
        [89, 90]
            .map(Some)
            .contains(&answer.body["expires_in"].as_i64())
    );
    let mut claims = answer.claims();
    claims["jti"] = Value::Null;
    assert_eq!(
        claims,
        json!({
            "scope": "fjord:tidevann.read", "iss": server.issuer(), "client_amr": "private_key_jwt",
            "token_type": "Bearer", "exp": 1_772_442_990, "iat": 1_772_442_900,
            "client_id": "2f6c0b1e-9a54-4d5e-8a0f-5b1c7d3e9f21", "jti": null,
            "consumer": { "authority": "iso6523-actorid-upis", "ID": "0192:312773023" },
        })
    );
}

/// docs §17.2: Delegation, and the refusal without it.
#[tokio::test]
async fn example_2_delegation() {
    let server = world(|world| {
        world.delegate("fjord:havn/anlop.write", HAVBRIS, TINDESYSTEM);
    })
    .await;
    let claims = server
        .exchange(&Grant::tindesystem(&server, "312773023").sign())
        .await
        .claims();
    assert_eq!(
        claims["consumer"],
        json!({ "authority": "iso6523-actorid-upis", "ID": "0192:312773023" })
    );
    assert_eq!(
        claims["supplier"],
        json!({ "authority": "iso6523-actorid-upis", "ID": "0192:313994031" })
    );
    assert_eq!(claims["delegation_source"], "https://tt02.altinn.no/");

    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::tindesystem(&server, "312773023").sign())
        .await;
    assert_eq!(answer.status, 403);
    let text = answer.text.replace(
        answer.header("x-request-id"),
        "2aabfe228f219e9cb0eb53f16947ccf2",
    );
    assert_eq!(
        text.replace(server.issuer(), "https://mp.example.no/"),
        r#"{"error":"forbidden","error_description":"Consumer 312773023 has not delegated access to the scope fjord:havn/anlop.write to supplier 313994031. (trace_id: 2aabfe228f219e9cb0eb53f16947ccf2)","error_uri":"https://mp.example.no/errors/MP-251"}"#
    );
}

/// docs §17.3: Audience and person restriction.
#[tokio::test]
async fn example_3_audience_and_person() {
    let server = TestServer::start().await;
    let grant = |resource: Value| {
        Grant::havbris(&server)
            .claim("resource", resource)
            .claim("pid", json!("11849000170"))
            .sign()
    };
    let claims = server
        .exchange(&grant(json!("https://api.fjord.example.no/v2")))
        .await
        .claims();
    assert_eq!(
        (claims["aud"].as_str(), claims["pid"].as_str()),
        (Some("https://api.fjord.example.no/v2"), Some("11849000170"))
    );
    let several = json!(["https://a.example.no", "https://b.example.no"]);
    assert_eq!(
        server.exchange(&grant(several.clone())).await.claims()["aud"],
        several
    );
}

/// docs §17.4: A system user, and nothing approved yet.
#[tokio::test]
async fn example_4_system_user() {
    let details = json!([{ "type": "urn:altinn:systemuser",
        "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": "0192:314111044" }, "externalRef": "kasse-1" }]);
    let approve = |world: &mut World| {
        world.system_user(TINDESYSTEM_CLIENT, LYNGVIK).external_ref = "kasse-1".to_owned();
    };
    let server = policy(|issuer| issuer.system_users = true, approve).await;
    let grant = |server: &TestServer| {
        Grant::new(server, TINDESYSTEM_CLIENT, "fjord:apen.read")
            .claim("authorization_details", details.clone())
            .sign()
    };
    let claims = server.exchange(&grant(&server)).await.claims();
    assert_eq!(claims["consumer"]["ID"], "0192:313994031");
    assert_eq!(
        claims["authorization_details"][0]["systemuser_id"][0],
        "6a1d2f34-7b9c-4c1e-9f52-0d3c1b7e8a90"
    );

    let server = policy(|issuer| issuer.system_users = true, |_| ()).await;
    let answer = server.exchange(&grant(&server)).await;
    answer.assert_refused(
        400,
        "invalid_altinn_customer_configuration",
        "MP-303",
        "No system user found for customer 314111044 and client ",
    );
}

/// docs §17.5: Skyporten.
#[tokio::test]
async fn example_5_skyporten() {
    let server = TestServer::with(Options {
        skyporten: true,
        ..Options::default()
    })
    .await;
    let grant = Grant::new(&server, HAVBRIS_CLIENT, "fjord:delt.botte")
        .claim("aud", json!(server.skyporten_issuer()))
        .claim("resource", json!("https://skyporten.fjord.example.no"));
    let mut claims = server.exchange_at_skyporten(&grant.sign()).await.claims();
    claims["jti"] = json!("…");
    assert_eq!(
        claims,
        json!({
            "aud": "https://skyporten.fjord.example.no", "sub": "0192:312773023;fjord:delt.botte",
            "scope": "fjord:delt.botte", "iss": server.skyporten_issuer(), "client_amr": "private_key_jwt",
            "token_type": "Bearer", "exp": 1_772_443_020, "iat": 1_772_442_900, "client_id": HAVBRIS_CLIENT,
            "jti": "…", "consumer": { "authority": "iso6523-actorid-upis", "ID": "0192:312773023" },
        })
    );
}

fn times(server: &TestServer, iat: i64, exp: i64) -> String {
    Grant::havbris(server)
        .claim("iat", json!(NOW + iat))
        .claim("exp", json!(NOW + exp))
        .sign()
}

issued! {
    /// docs §17.6: `exp - iat` = 120, `iat` = now.
    fn case_lifetime_120(server) = times(server, 0, 120);
    /// docs §17.6: `iat` = now + 10.
    fn case_iat_plus_10(server) = times(server, 10, 20);
    /// docs §17.6: `iat` = now - 119, `exp` = now + 1.
    fn case_iat_minus_119(server) = times(server, -119, 1);
    /// inferred §17.6: Two scopes with a repetition and two spaces.
    fn case_scope_with_repetition(server) = Grant::new(server, HAVBRIS_CLIENT, &format!("{SCOPE}  {SCOPE} fjord:apen.read")).sign()
        => |claims| assert_eq!(claims["scope"], format!("{SCOPE} fjord:apen.read"));
    /// docs §17.6: `at_max_age` 30 and 0 on two scopes, client 3600: 30 s.
    fn case_at_max_age(server in world(|world| {
        world.scope_mut(SCOPE).at_max_age = 30;
        world.client_mut(HAVBRIS_CLIENT).0.access_token_lifetime = Some(3600);
    })) = Grant::new(server, HAVBRIS_CLIENT, &format!("{SCOPE} fjord:apen.read")).sign()
        => |claims| assert_eq!(claims["exp"].as_i64(), Some(NOW + 30));
}

refused! {
    /// docs §17.6: `exp - iat` = 121.
    fn case_lifetime_121(server) -> INVALID_GRANT("more than 120 seconds") = times(server, 0, 121);
    /// docs §17.6: `iat` = now + 11.
    fn case_iat_plus_11(server) -> INVALID_GRANT("Issue time is after now") = times(server, 11, 20);
    /// inferred §17.6: `exp` = now - 11 with a leeway of 10.
    fn case_exp_minus_11(server) -> MP_130("JWT is expired") = times(server, -60, -11);
    /// docs §17.6: `aud` = issuer without slash.
    fn case_aud_without_slash(server) -> MP_110("Invalid JWT claim aud.") =
        Grant::havbris(server).claim("aud", json!(server.issuer().trim_end_matches('/'))).sign();
    /// inferred §17.6: `scope` = "".
    fn case_scope_empty(server) -> MP_011("scope is empty") = Grant::havbris(server).claim("scope", json!("")).sign();
    /// docs §17.6: `scope` absent.
    fn case_scope_absent(server) -> MP_011("scope is missing") = Grant::havbris(server).without("scope").sign();
    /// docs §17.6: Scope active and registered, access of another organization only.
    fn case_access_of_another_organization(server) -> MP_250("Consumer has not been granted access") = Grant::new(server, TINDESYSTEM_CLIENT, SCOPE).sign();
    /// docs §17.6: Scope deactivated after registration.
    fn case_scope_deactivated(server in world(|world| world.scope_mut(SCOPE).active = false)) -> MP_200(SCOPE) = Grant::havbris(server).sign();
    /// docs §17.6: Client deactivated.
    fn case_client_deactivated(server in world(|world| world.client_mut(HAVBRIS_CLIENT).0.active = false)) -> MP_100("Client not found.") = Grant::havbris(server).sign();
    /// code §17.6: Grant has `x5c`, client has keys.
    fn case_x5c_of_a_client_with_keys(server) -> INVALID_GRANT("no key identifier (kid) provided") =
        Grant::havbris(server).certificates(&[&crate::certificates::havbris().certificate_der]).sign();
    /// docs §17.6: Grant has the unknown claim `foo`.
    fn case_unknown_claim(server) -> MP_011("the claim 'foo' is unknown") = Grant::havbris(server).claim("foo", json!("bar")).sign();
    /// docs §17.6: `consumer_org` = own organization.
    fn case_consumer_org_is_own(server) -> INVALID_REQUEST("The combination consumer_org in claim") = Grant::tindesystem(server, TINDESYSTEM).sign();
}

/// docs §17.6: Same grant twice, concurrently: one issued, one MP-012.
#[tokio::test]
async fn case_same_grant_twice() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server)
        .header("kid", json!(KID))
        .key(signing_key())
        .sign();
    let (first, second) = join(server.exchange(&grant), server.exchange(&grant)).await;
    let (issued, refused) = if first.status == 200 {
        (first, second)
    } else {
        (second, first)
    };
    assert_issued(&issued);
    MP_012.check(&refused, "Grant is used before");
}

/// inferred §17.6: Same `jti`, different client: both issued.
#[tokio::test]
async fn case_same_jti_of_two_clients() {
    let server = TestServer::start().await;
    for client in [HAVBRIS_CLIENT, TINDESYSTEM_CLIENT] {
        let grant = Grant::new(&server, client, "fjord:apen.read").claim("jti", json!("0b9f2c86"));
        assert_issued(&server.exchange(&grant.sign()).await);
    }
}
