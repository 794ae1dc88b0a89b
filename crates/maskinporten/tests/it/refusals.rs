//! Every row of the table of refusals, provoked once with exactly what the wire shows.

use std::time::Duration;

use portvakt_core::ports::ReplayLedger;
use portvakt_core::refusal::RefusalCode;
use portvakt_http::Limits;
use portvakt_jose::{CertificateProfile, CertificateRequest};
use portvakt_testkit::{
    Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, NOW, Options, SCOPE, TINDESYSTEM, TINDESYSTEM_CLIENT,
    TestServer, authority, second_signing_key, signing_key,
};
use serde_json::json;

use crate::certificates::issued_to;
use crate::faults::{Fault, failing};
use crate::rows::{policy, world};
use crate::wire::{Wire, token_head};

/// inferred §11: Another method than POST is 405 `invalid_request` with `Allow: POST`.
#[tokio::test]
async fn method_not_allowed() {
    let server = TestServer::start().await;
    let answer = server.get("/token").await;
    answer.assert_refused(
        405,
        "invalid_request",
        "",
        "The token endpoint accepts POST only",
    );
    assert_eq!(answer.header("allow"), "POST");
}

/// inferred §11: A body that is no form is 415 `invalid_request`.
#[tokio::test]
async fn unsupported_media_type() {
    let server = TestServer::start().await;
    let answer = server
        .post_with(&[("content-type", "application/json")], "{}")
        .await;
    answer.assert_refused(
        415,
        "invalid_request",
        "",
        "The request body must be application/x-www-form-urlencoded",
    );
}

/// inferred §11: A body beyond 64 KiB is 413 `invalid_request`.
#[tokio::test]
async fn body_too_large() {
    let server = TestServer::start().await;
    let body = format!("assertion={}", "a".repeat(64 * 1024));
    let answer = server.post_form(&body).await;
    answer.assert_refused(413, "invalid_request", "", "The request body is too large");
}

/// inferred §11: A body that does not arrive in time is 408 `invalid_request`.
#[tokio::test]
async fn request_timeout() {
    let limits = Limits {
        request_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let server = TestServer::with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let mut wire = Wire::connect(&server).await;
    wire.send(&token_head(100)).await;
    wire.send("grant_type=").await;
    let answer = wire.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""error":"invalid_request""#), "{answer}");
    assert!(
        answer.contains("The request did not arrive in time (trace_id: "),
        "{answer}"
    );
    assert!(!answer.contains("error_uri"), "{answer}");
}

/// inferred §11: A missing or repeated parameter is 400 `invalid_request` without an MP code.
#[tokio::test]
async fn malformed_request() {
    let server = TestServer::start().await;
    let answer = server.post_form("assertion=a.b.c").await;
    answer.assert_refused(
        400,
        "invalid_request",
        "",
        "Malformed request: missing parameter grant_type",
    );
}

/// inferred §11: Another grant is 400 `unsupported_grant_type`.
#[tokio::test]
async fn unsupported_grant_type() {
    let server = TestServer::start().await;
    let answer = server
        .post_form("grant_type=client_credentials&scope=a:b")
        .await;
    answer.assert_refused(400, "unsupported_grant_type", "", "unsupported grant_type");
}

/// docs §11: MP-011 `invalid_request` for what is malformed or unknown in the assertion.
#[tokio::test]
async fn invalid_parameter() {
    let server = TestServer::start().await;
    let answer = server.exchange("not-a-jws").await;
    answer.assert_refused(
        400,
        "invalid_request",
        "MP-011",
        "Invalid assertion. Invalid parameter value",
    );
}

/// docs §11: MP-012 `invalid_grant` for a grant that was used before.
#[tokio::test]
async fn grant_replayed() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    assert_eq!(server.exchange(&grant).await.status, 200);
    let answer = server.exchange(&grant).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-012",
        "Invalid assertion. Grant is used before",
    );
}

/// docs §11: MP-100 `invalid_grant` for an `iss` that names no client.
#[tokio::test]
async fn client_not_found() {
    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::new(&server, "nobody", SCOPE).sign())
        .await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-100",
        "Invalid assertion. Client authentication failed. Client not found.",
    );
}

/// docs §11: MP-110 `invalid_grant` for an `aud` that is another server.
#[tokio::test]
async fn audience_mismatch() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).claim("aud", json!("https://maskinporten.no/"));
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-110",
        "Invalid assertion. Client authentication failed. Invalid JWT claim aud.",
    );
}

/// docs §11: MP-120 `invalid_grant` for a certificate that is not to be trusted.
#[tokio::test]
async fn invalid_certificate() {
    let server = TestServer::start().await;
    let request =
        CertificateRequest::new(CertificateProfile::Seid2, HAVBRIS, "Havbris", 0..=NOW - 1);
    let expired = authority()
        .issue(&request)
        .expect("an expired certificate can be made");
    let key = expired.signing_key();
    let grant = Grant::certificate(&server, &expired.certificate_der, &key);
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-120",
        "Invalid assertion. Client authentication failed. The JWT is signed with an invalid certificate.",
    );
}

/// docs §11: MP-121 `invalid_grant` for a registered key past its expiry.
#[tokio::test]
async fn expired_key() {
    let server = TestServer::start().await;
    server.clock.advance(Duration::from_hours(365 * 24));
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-121",
        "Invalid assertion. Client authentication failed. Expired key.",
    );
}

/// docs §11: MP-122 `invalid_grant` for a certificate of another organization.
#[tokio::test]
async fn certificate_organization_mismatch() {
    let server = TestServer::start().await;
    let foreign = issued_to(LYNGVIK);
    let key = foreign.signing_key();
    let answer = server
        .exchange(&Grant::certificate(&server, &foreign.certificate_der, &key).sign())
        .await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-122",
        "Invalid JWT. Invalid organization number for client. Does not match certificate orgno",
    );
}

/// docs §11: MP-123 `invalid_grant` for an `x5c` that is no array of certificates.
#[tokio::test]
async fn invalid_certificate_header() {
    let server = TestServer::start().await;
    let grant = Grant::certificate(&server, b"", signing_key()).header("x5c", json!("MIIB"));
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-123",
        "Invalid assertion. Client authentication failed. Invalid JWT header x5c",
    );
}

/// docs §11: MP-124 `invalid_grant` for a signature of another key.
#[tokio::test]
async fn invalid_signature() {
    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::havbris(&server).key(second_signing_key()).sign())
        .await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-124",
        "Invalid assertion. Client authentication failed. Invalid JWT signature.",
    );
}

/// code §11: An unknown `kid` is `invalid_grant` with its phrase and no MP code.
#[tokio::test]
async fn unknown_key_id() {
    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::havbris(&server).header("kid", json!("other")).sign())
        .await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "",
        "Invalid assertion. Client authentication failed. Unknown key identifier (kid) for client.",
    );
}

/// code §11: A grant without `kid` from a client with keys is `invalid_grant` with its phrase and no MP code.
#[tokio::test]
async fn key_id_required() {
    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::havbris(&server).without_header("kid").sign())
        .await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "",
        "Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided",
    );
}

/// docs §11: MP-130 `invalid_grant` for an `exp` that has passed.
#[tokio::test]
async fn grant_expired() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    server.clock.advance(Duration::from_secs(131));
    let answer = server.exchange(&grant).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "MP-130",
        "Invalid assertion. Client authentication failed. JWT is expired",
    );
}

/// docs §11: An `iat` too far ahead is `invalid_grant` with its phrase and no MP code.
#[tokio::test]
async fn issued_in_future() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).claim("iat", json!(NOW + 11));
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "",
        "Invalid assertion. Client authentication failed. Issue time is after now",
    );
}

/// docs §11: A grant that lives more than 120 s is `invalid_grant` without MP code.
#[tokio::test]
async fn lifetime_too_long() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).claim("exp", json!(NOW + 121));
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_grant",
        "",
        "Expiration time is more than 120 seconds after issue time",
    );
}

/// docs §11: A `consumer_org` that does not fit is `invalid_request` with its phrase and no MP code.
#[tokio::test]
async fn invalid_combination() {
    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::tindesystem(&server, TINDESYSTEM).sign())
        .await;
    answer.assert_refused(
        400,
        "invalid_request",
        "",
        "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is invalid",
    );
}

/// code §11: MP-200 `invalid_scope` lists every scope that is not the client's.
#[tokio::test]
async fn invalid_scopes() {
    let server = TestServer::start().await;
    let scope = format!("fjord:one {SCOPE} fjord:two");
    let answer = server
        .exchange(&Grant::new(&server, HAVBRIS_CLIENT, &scope).sign())
        .await;
    answer.assert_refused(
        400,
        "invalid_scope",
        "MP-200",
        "Token request contains invalid scopes for client, fjord:one fjord:two (trace_id: ",
    );
}

/// docs §11: MP-201 `invalid_scope` for a scope that is not for clients of this type.
#[tokio::test]
async fn integration_type_not_allowed() {
    let server = world(|world| {
        world.scope_mut(SCOPE).allowed_integration_types =
            vec![portvakt_core::client::IntegrationType::Idporten];
    })
    .await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    answer.assert_refused(
        400,
        "invalid_scope",
        "MP-201",
        "Token request contains scopes not allowed for maskinporten",
    );
}

/// code §11: MP-250 is 403 `forbidden` and names the scope.
#[tokio::test]
async fn access_not_granted() {
    let server = world(|world| world.withdraw(SCOPE, HAVBRIS)).await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    answer.assert_refused(
        403,
        "forbidden",
        "MP-250",
        "Consumer has not been granted access to the scope fjord:tidevann.read. (trace_id: ",
    );
}

/// code §11: MP-251 is 403 `forbidden` and names consumer, scope and supplier.
#[tokio::test]
async fn not_delegated() {
    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::tindesystem(&server, HAVBRIS).sign())
        .await;
    answer.assert_refused(
        403,
        "forbidden",
        "MP-251",
        "Consumer 312773023 has not delegated access to the scope fjord:havn/anlop.write to supplier 313994031. (trace_id: ",
    );
}

/// docs §11: MP-301 `invalid_authorization_details` for a type that is not offered.
#[tokio::test]
async fn unknown_authorization_details_type() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).claim(
        "authorization_details",
        json!([{ "type": "urn:altinn:systemuser" }]),
    );
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_authorization_details",
        "MP-301",
        "Unknown authorization details type urn:altinn:systemuser",
    );
}

/// docs §11: MP-302 `invalid_authorization_details` for a member that the type does not have.
#[tokio::test]
async fn unknown_authorization_details_field() {
    let server = policy(|issuer| issuer.consents = true, |_| ()).await;
    let grant = Grant::havbris(&server).claim(
        "authorization_details",
        json!([{ "type": "urn:altinn:consent", "extra": 1 }]),
    );
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_authorization_details",
        "MP-302",
        "Unknown fields in the authorization details extra",
    );
}

/// docs §11: MP-303 `invalid_authorization_details` for a wrong value, which it names.
#[tokio::test]
async fn invalid_authorization_details() {
    let server = policy(|issuer| issuer.consents = true, |_| ()).await;
    let grant = Grant::havbris(&server).claim(
        "authorization_details",
        json!([{ "type": "urn:altinn:consent", "id": "7" }]),
    );
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_authorization_details",
        "MP-303",
        "Invalid authorization details values id",
    );
}

/// docs §11: No system user is MP-303 with `invalid_altinn_customer_configuration`.
#[tokio::test]
async fn no_system_user() {
    let server = policy(|issuer| issuer.system_users = true, |_| ()).await;
    let details = crate::authorization_details::system_user(LYNGVIK);
    let grant = Grant::new(&server, TINDESYSTEM_CLIENT, "fjord:apen.read")
        .claim("authorization_details", details);
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_altinn_customer_configuration",
        "MP-303",
        "No system user found for customer 314111044 and client tindesystem-klient",
    );
}

/// inferred §11: No consent is MP-303 with `invalid_altinn_customer_configuration`.
#[tokio::test]
async fn no_consent() {
    let server = policy(|issuer| issuer.consents = true, |_| ()).await;
    let details = crate::authorization_details::consent();
    let grant = Grant::havbris(&server).claim("authorization_details", details);
    let answer = server.exchange(&grant.sign()).await;
    answer.assert_refused(
        400,
        "invalid_altinn_customer_configuration",
        "MP-303",
        "No valid consent found for the consumer",
    );
}

/// inferred §11: A client that sends more requests than it may is 429, and uses no grant up.
#[tokio::test]
async fn too_many_requests() {
    let server = crate::rates::sharing(true, false).await;
    for _ in 0..crate::rates::BURST {
        let answer = server.exchange(&Grant::havbris(&server).sign()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let before = server.store.ledger_counters().records;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    answer.assert_refused(429, "temporarily_unavailable", "", "Too many requests");
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(answer.header("ratelimit").starts_with("\"client\";r=0;t="));
    assert_eq!(server.store.ledger_counters().records, before);
}

/// inferred §11: More requests than are worked on at once are 503, and use no grant up.
#[tokio::test]
async fn overloaded() {
    let limits = Limits {
        max_requests: 0,
        ..Limits::default()
    };
    let server = TestServer::with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    answer.assert_refused(
        503,
        "temporarily_unavailable",
        "",
        "The service has more requests than it can answer in time",
    );
    assert_eq!(answer.header("retry-after"), "1");
}

/// code §11: What the server cannot decide now is 503 `temporarily_unavailable` with `Retry-After`.
#[tokio::test]
async fn unavailable() {
    let server = failing(Fault::Unavailable, 0, |_| ()).await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    answer.assert_refused(
        503,
        "temporarily_unavailable",
        "",
        "The service is temporarily unavailable",
    );
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
}

/// inferred §11: A fault of the server is 500 `server_error` and says nothing about the inside.
#[tokio::test]
async fn internal() {
    let server = failing(Fault::Corrupt, 0, |_| ()).await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    answer.assert_refused(500, "server_error", "", "Internal error (trace_id: ");
    assert!(!answer.text.contains("clients"), "{}", answer.text);
}

/// A row of the table that nobody can provoke proves nothing; this finds it.
#[test]
fn every_row_of_the_table_is_provoked() {
    let tests = crate::fidelity::tests_of_this_binary();
    let missing: Vec<_> = RefusalCode::ALL
        .iter()
        .filter(|code| !tests.contains(&format!("refusals::{}", snake_case(code.name()))))
        .collect();
    assert!(
        missing.is_empty(),
        "write a test in refusals for {missing:?}"
    );
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (position, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && position > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
