//! The request and its answer as HTTP (spec: maskinporten §3).

use std::time::Duration;

use portvakt_testkit::{Grant, HAVBRIS_CLIENT, SCOPE, TINDESYSTEM_CLIENT, TestServer};

use crate::rows::{INVALID_REQUEST, MP_011, assert_issued};
use crate::wire::{Wire, token_head};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JWT_BEARER: &str = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";

async fn body_is_refused(body: &str, phrase: &str) {
    let server = TestServer::start().await;
    INVALID_REQUEST.check(&server.post_form(body).await, phrase);
}

/// docs §3: `grant_type` is required.
#[tokio::test]
async fn grant_type_missing_is_refused() {
    body_is_refused("assertion=a.b.c", "missing parameter grant_type").await;
}

/// inferred §3: A parameter without a value counts as missing (RFC 6749 §3.2).
#[tokio::test]
async fn grant_type_empty_is_refused() {
    body_is_refused(
        "grant_type=&assertion=a.b.c",
        "missing parameter grant_type",
    )
    .await;
}

/// docs §3: `assertion` is required.
#[tokio::test]
async fn assertion_missing_is_refused() {
    body_is_refused(JWT_BEARER, "missing parameter assertion").await;
}

/// inferred §3: An empty body is `invalid_request`.
#[tokio::test]
async fn an_empty_body_is_refused() {
    body_is_refused("", "missing parameter grant_type").await;
}

/// inferred §3: A repeated `grant_type` is `invalid_request`.
#[tokio::test]
async fn grant_type_repeated_is_refused() {
    let body = format!("{JWT_BEARER}&{JWT_BEARER}&assertion=a.b.c");
    body_is_refused(&body, "repeated parameter grant_type").await;
}

/// inferred §3: A repeated `assertion` is `invalid_request`, also when both are right.
#[tokio::test]
async fn assertion_repeated_is_refused() {
    let server = TestServer::start().await;
    let (first, second) = (
        Grant::havbris(&server).sign(),
        Grant::havbris(&server).sign(),
    );
    let body = format!("{JWT_BEARER}&assertion={first}&assertion={second}");
    INVALID_REQUEST.check(
        &server.post_form(&body).await,
        "repeated parameter assertion",
    );
}

/// inferred §3: More than 100 parameters are `invalid_request`.
#[tokio::test]
async fn a_flood_of_parameters_is_refused() {
    let body = format!("{JWT_BEARER}&assertion=a.b.c{}", "&a=1".repeat(99));
    body_is_refused(&body, "more than 100 parameters").await;
}

/// inferred §3: A body that is not UTF-8 is `invalid_request`.
#[tokio::test]
async fn a_body_that_is_not_utf_8_is_refused() {
    let server = TestServer::start().await;
    let answer = server
        .post_with(&[FORM], b"grant_type=\xff\xfe&assertion=a".to_vec())
        .await;
    INVALID_REQUEST.check(&answer, "the form is not UTF-8");
    let body = format!("{JWT_BEARER}&assertion=%ff%fe");
    INVALID_REQUEST.check(&server.post_form(&body).await, "the form is not UTF-8");
}

/// docs §3: No client authentication accompanies the request; unknown parameters are ignored.
#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    let body = format!("{JWT_BEARER}&assertion={grant}&scope=fjord:other&resource=x&foo=&foo=1");
    let answer = server.post_form(&body).await;
    assert_issued(&answer);
    assert_eq!(answer.member("scope"), SCOPE);
    assert!(answer.claims().get("aud").is_none());
}

/// inferred §3: A `client_id` or `client_assertion` beside the grant is ignored, never used.
#[tokio::test]
async fn another_client_id_in_the_form_is_never_used() {
    let server = TestServer::start().await;
    let (grant, other) = (
        Grant::havbris(&server),
        Grant::new(&server, TINDESYSTEM_CLIENT, SCOPE),
    );
    let body = format!(
        "{JWT_BEARER}&assertion={}&client_id={TINDESYSTEM_CLIENT}&client_assertion={}&client_secret=x\
         &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        grant.sign(),
        other.sign(),
    );
    let answer = server.post_form(&body).await;
    assert_issued(&answer);
    assert_eq!(answer.claims()["client_id"], HAVBRIS_CLIENT);
}

/// inferred §3: An `Authorization` header is ignored, never used.
#[tokio::test]
async fn an_authorization_header_is_never_used() {
    let server = TestServer::start().await;
    for value in [
        "Basic dGluZGVzeXN0ZW0ta2xpZW50Ong=",
        "Bearer abc",
        "nonsense",
    ] {
        let body = format!("{JWT_BEARER}&assertion={}", Grant::havbris(&server).sign());
        let answer = server
            .post_with(&[FORM, ("authorization", value)], body)
            .await;
        assert_issued(&answer);
        assert_eq!(answer.claims()["client_id"], HAVBRIS_CLIENT, "{value}");
    }
    let answer = server
        .post_with(&[FORM, ("authorization", "Bearer abc")], JWT_BEARER)
        .await;
    INVALID_REQUEST.check(&answer, "missing parameter assertion");
}

/// docs §14.2: A `DPoP` header is ignored; the token stays a bearer token.
#[tokio::test]
async fn a_dpop_header_is_ignored() {
    let server = TestServer::start().await;
    let body = format!("{JWT_BEARER}&assertion={}", Grant::havbris(&server).sign());
    let answer = server
        .post_with(&[FORM, ("dpop", "e30.e30.AA")], body)
        .await;
    assert_issued(&answer);
    assert_eq!(answer.member("token_type"), "Bearer");
    assert!(answer.claims().get("cnf").is_none());
}

/// inferred §3: Parameters in the query are not the form's.
#[tokio::test]
async fn parameters_in_the_query_are_not_read() {
    let server = TestServer::start().await;
    let path = format!(
        "/token?{JWT_BEARER}&assertion={}",
        Grant::havbris(&server).sign()
    );
    let request = server
        .http()
        .post(server.url(&path))
        .header(FORM.0, FORM.1)
        .send();
    let answer = portvakt_testkit::Answer::read(request.await.expect("the server answers")).await;
    INVALID_REQUEST.check(&answer, "missing parameter grant_type");
}

/// docs §3: The order of the parameters is free.
#[tokio::test]
async fn assertion_may_come_first() {
    let server = TestServer::start().await;
    let body = format!("assertion={}&{JWT_BEARER}", Grant::havbris(&server).sign());
    assert_issued(&server.post_form(&body).await);
}

/// code §3: Colons in `grant_type` may be encoded or not.
#[tokio::test]
async fn colons_may_stand_unencoded() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    let body =
        format!("grant_type=urn%3aietf:params%3Aoauth:grant-type:jwt-bearer&assertion={grant}");
    assert_issued(&server.post_form(&body).await);
}

/// code §3: Whatever a client accepts, the answer is JSON; stray headers are ignored.
#[tokio::test]
async fn accept_and_charset_headers_are_ignored() {
    let server = TestServer::start().await;
    for accept in [
        "*/*",
        "application/json",
        "text/html",
        "application/xml;q=0.1",
        "",
    ] {
        let headers = [FORM, ("accept", accept), ("charset", "UTF-8")];
        let body = format!("{JWT_BEARER}&assertion={}", Grant::havbris(&server).sign());
        let answer = server.post_with(&headers, body).await;
        assert_issued(&answer);
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json")
        );
    }
}

/// inferred §3: The media type is compared without case and may have parameters.
#[tokio::test]
async fn the_media_type_may_have_parameters() {
    let server = TestServer::start().await;
    for media_type in [
        "application/x-www-form-urlencoded;charset=UTF-8",
        "Application/X-WWW-Form-URLencoded ; charset=utf-8",
    ] {
        let body = format!("{JWT_BEARER}&assertion={}", Grant::havbris(&server).sign());
        assert_issued(
            &server
                .post_with(&[("content-type", media_type)], body)
                .await,
        );
    }
}

/// inferred §3: Another media type, or none, is 415.
#[tokio::test]
async fn another_media_type_is_415() {
    let server = TestServer::start().await;
    let body = format!("{JWT_BEARER}&assertion={}", Grant::havbris(&server).sign());
    for media_type in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "",
        "x",
    ] {
        let answer = server
            .post_with(&[("content-type", media_type)], body.clone())
            .await;
        answer.assert_refused(415, "invalid_request", "", "must be application/x-www-form");
    }
    let answer = server.post_with(&[], body.clone()).await;
    answer.assert_refused(415, "invalid_request", "", "must be application/x-www-form");
    assert_issued(&server.post_form(&body).await);
}

/// inferred §3: Every method but POST is 405 with `Allow: POST`.
#[tokio::test]
async fn every_other_method_is_405() {
    let server = TestServer::start().await;
    for method in [
        "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW",
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let response = server
            .http()
            .request(method.clone(), server.url("/token"))
            .send()
            .await;
        let response = response.expect("the server answers");
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "POST", "{method}");
    }
}

/// inferred §3: A body of at most 64 KiB is read, one byte more is 413, however it is framed.
#[tokio::test]
async fn a_body_of_64_kib_is_read_and_one_byte_more_is_413() {
    let server = TestServer::start().await;
    let fill = |length: usize| {
        let body = format!("{JWT_BEARER}&assertion=a.b.c&padding=");
        let padding = "x".repeat(length - body.len());
        format!("{body}{padding}")
    };
    MP_011.check(
        &server.post_form(&fill(64 * 1024)).await,
        "Invalid parameter value",
    );
    let answer = server.post_form(&fill(64 * 1024 + 1)).await;
    answer.assert_refused(413, "invalid_request", "", "too large");
    let chunked = fill(64 * 1024 + 1);
    let head = token_head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let mut wire = Wire::connect(&server).await;
    wire.send(format!(
        "{head}{:x}\r\n{chunked}\r\n0\r\n\r\n",
        chunked.len()
    ))
    .await;
    let answer = wire.answer().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// inferred §3: A request that ends early gets no token and does not disturb others.
#[tokio::test]
async fn an_aborted_request_is_forgotten() {
    let server = TestServer::start().await;
    let grant = Grant::havbris(&server).sign();
    let body = format!("{JWT_BEARER}&assertion={grant}");
    let mut wire = Wire::connect(&server).await;
    wire.send(&token_head(body.len())).await;
    wire.send(&body[..body.len() - 1]).await;
    wire.finish().await;
    let answer = wire.answer().await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "{answer}"
    );
    assert_issued(&server.exchange(&grant).await);
}

/// docs §3.1: The answer has exactly the four members, `expires_in` a JSON number.
#[tokio::test]
async fn the_answer_has_four_members() {
    let server = TestServer::start().await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_issued(&answer);
    let members: Vec<_> = answer
        .body
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    let mut expected = ["access_token", "token_type", "expires_in", "scope"].map(str::to_owned);
    expected.sort();
    let mut members = members;
    members.sort();
    assert_eq!(members, expected);
    assert_eq!(answer.member("token_type"), "Bearer");
    assert_eq!(answer.body["expires_in"].as_u64(), Some(90));
    assert_eq!(answer.member("scope"), SCOPE);
}

/// inferred §3.1: The answer is JSON that nobody may keep.
#[tokio::test]
async fn the_answer_is_json_that_nobody_may_keep() {
    let server = TestServer::start().await;
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
}

/// inferred §3.1: `expires_in` is what is left of the token's life, rounded down.
#[tokio::test]
async fn expires_in_is_rounded_down() {
    let server = TestServer::start().await;
    server.clock.advance(Duration::from_millis(1));
    let answer = server.exchange(&Grant::havbris(&server).sign()).await;
    assert_eq!(answer.body["expires_in"], 89);
    let claims = answer.claims();
    assert_eq!(
        claims["exp"]
            .as_i64()
            .zip(claims["iat"].as_i64())
            .map(|(e, i)| e - i),
        Some(90)
    );
}

/// code §3.2: The description ends in a trace id of 32 hex digits, the request id of the answer.
#[tokio::test]
async fn the_description_ends_in_the_trace_id() {
    let server = TestServer::start().await;
    let answer = server.exchange("x").await;
    let description = answer.member("error_description");
    let id = description
        .rsplit_once(" (trace_id: ")
        .and_then(|(_, id)| id.strip_suffix(')'));
    let id = id.expect("a trace id");
    assert!(
        id.len() == 32
            && id
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    assert_eq!(id, answer.header("x-request-id"));
    assert_ne!(server.exchange("x").await.header("x-request-id"), id);
}

/// code §3.2: `error_uri` is the issuer, `errors/` and the MP code, which the description does not hold.
#[tokio::test]
async fn the_mp_code_is_only_in_the_error_uri() {
    let server = TestServer::start().await;
    let answer = server
        .exchange(&Grant::new(&server, "nobody", SCOPE).sign())
        .await;
    assert_eq!(
        answer.member("error_uri"),
        format!("{}errors/MP-100", server.issuer())
    );
    assert!(!answer.member("error_description").contains("MP-"));
}

/// docs §3.2: Failed client authentication is 400 `invalid_grant`, never 401.
#[tokio::test]
async fn failed_authentication_is_never_401() {
    let server = TestServer::start().await;
    let forged = Grant::havbris(&server).with_signature(b"forged");
    let answer = server.exchange(&forged).await;
    assert_eq!(
        (answer.status, answer.member("error")),
        (400, "invalid_grant")
    );
    assert_eq!(answer.header("www-authenticate"), "");
}

/// inferred §3.2: Refusals are JSON with the same caching headers as tokens.
#[tokio::test]
async fn refusals_are_json_that_nobody_may_keep() {
    let server = TestServer::start().await;
    let answer = server.exchange("x").await;
    assert_eq!(
        answer.header("content-type"),
        "application/json;charset=UTF-8"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
}

/// inferred §3.2: The description keeps to the characters of RFC 6749 §5.2 and the Norwegian letters.
#[tokio::test]
async fn the_description_has_printable_characters_only() {
    let server = TestServer::start().await;
    let name = "a\"b\\c\u{1}\u{202e}<script>";
    let answer = server
        .exchange(&Grant::havbris(&server).claim(name, 1.into()).sign())
        .await;
    MP_011.check(&answer, "the claim 'a");
    let description = answer.member("error_description");
    let allowed = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
    assert!(description.chars().all(allowed), "{description}");
    let grant = Grant::new(&server, HAVBRIS_CLIENT, "fjord:bøtte");
    crate::rows::MP_200.check(&server.exchange(&grant.sign()).await, "fjord:bøtte");
}
