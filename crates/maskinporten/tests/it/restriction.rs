//! Audience and person restriction (spec: maskinporten §9).

use portvakt_core::issuer::UnrestrictedAudience;
use portvakt_core::person::PidCheck;
use portvakt_testkit::{Grant, TestServer};
use serde_json::{Value, json};

use crate::rows::{MP_011, assert_issued, policy};

fn resource(server: &TestServer, value: Value) -> String {
    Grant::havbris(server).claim("resource", value).sign()
}

fn pid(server: &TestServer, value: &str) -> String {
    Grant::havbris(server).claim("pid", json!(value)).sign()
}

issued! {
    /// code §9.1: `resource` as a string becomes `aud` as a string.
    fn resource_string(server) = resource(server, json!("https://api.example.no/v2")) => |claims| assert_eq!(claims["aud"], "https://api.example.no/v2");
    /// inferred §9.1: An array of one becomes a string.
    fn resource_array_of_one(server) = resource(server, json!(["https://api.example.no/v2"])) => |claims| assert_eq!(claims["aud"], "https://api.example.no/v2");
    /// docs §9.1: An array of several becomes an array, in its order.
    fn resource_array_of_several(server) = resource(server, json!(["https://b.example.no", "https://a.example.no"]))
        => |claims| assert_eq!(claims["aud"], json!(["https://b.example.no", "https://a.example.no"]));
    /// inferred §9.1: Repetitions are dropped.
    fn resource_repeated(server) = resource(server, json!(["https://a.example.no", "https://a.example.no"])) => |claims| assert_eq!(claims["aud"], "https://a.example.no");
    /// docs §9.1: Any URI scheme is legal.
    fn resource_of_another_scheme(server) = resource(server, json!("urn:fjord:havn")) => |claims| assert_eq!(claims["aud"], "urn:fjord:havn");
    /// docs §9.1: Values are copied as they are, without a list of allowed ones and without normalization.
    fn resource_is_not_normalized(server) = resource(server, json!("HTTPS://API.Example.no:443/%7Ea/../b?x=1")) => |claims| assert_eq!(claims["aud"], "HTTPS://API.Example.no:443/%7Ea/../b?x=1");
    /// inferred §9.1: Ten values of 2048 characters are accepted.
    fn resource_of_ten(server) = resource(server, json!((0..10).map(|n| format!("urn:{n}:{}", "x".repeat(2042))).collect::<Vec<_>>()))
        => |claims| assert_eq!(claims["aud"].as_array().map(Vec::len), Some(10));
    /// code §9.1: Without `resource` there is no `aud`.
    fn no_resource_no_aud(server) = Grant::havbris(server).sign() => |claims| assert!(claims.get("aud").is_none());
    /// inferred §9.1: A switch writes the literal `unspecified`.
    fn unspecified_by_the_switch(server in policy(|issuer| issuer.aud_when_unrestricted = UnrestrictedAudience::Unspecified, |_| ())) =
        Grant::havbris(server).sign() => |claims| assert_eq!(claims["aud"], "unspecified");
    /// inferred §9.1: The switch leaves restricted tokens alone.
    fn resource_under_the_switch(server in policy(|issuer| issuer.aud_when_unrestricted = UnrestrictedAudience::Unspecified, |_| ())) =
        resource(server, json!("urn:x")) => |claims| assert_eq!(claims["aud"], "urn:x");
    /// docs §9.2: `pid` is copied to the token.
    fn pid_is_copied(server) = pid(server, "11849000170") => |claims| assert_eq!(claims["pid"], "11849000170");
    /// docs §9.2: Without `pid` the token has none.
    fn no_pid(server) = Grant::havbris(server).sign() => |claims| assert!(claims.get("pid").is_none());
}

refused! {
    /// inferred §9.1: An empty array is refused.
    fn resource_empty(server) -> MP_011("the claim resource is empty") = resource(server, json!([]));
    /// inferred §9.1: More than ten values are refused.
    fn resource_of_eleven(server) -> MP_011("more than 10 values") = resource(server, json!((0..11).map(|n| format!("urn:x:{n}")).collect::<Vec<_>>()));
}

/// docs §9.1: Values that are no absolute URI without fragment are refused.
#[tokio::test]
async fn malformed_resources_are_refused() {
    let server = TestServer::start().await;
    for value in [
        "",
        "api",
        "/v2",
        "//api.example.no",
        "api.example.no/v2",
        "https://",
        "https://a b",
        "https://a#b",
        "urn:x#",
        "https://a\\b",
        "https://a\"b",
        "https://a\nb",
        "https://\u{e5}.no",
        "https://a<b",
        " https://a",
        "https://[::1",
    ] {
        let answer = server
            .exchange(&resource(
                &server,
                json!(["https://right.example.no", value]),
            ))
            .await;
        MP_011.check(&answer, "resource must hold absolute URIs");
    }
    let long = format!("urn:{}", "x".repeat(2045));
    MP_011.check(
        &server.exchange(&resource(&server, json!(long))).await,
        "resource must hold",
    );
}

/// inferred §9.2: A `pid` is eleven digits, and is never repeated in the answer.
#[tokio::test]
async fn malformed_pids_are_refused_and_not_repeated() {
    let server = TestServer::start().await;
    for value in [
        "",
        "1184900017",
        "118490001700",
        "1184900017x",
        "118490 00170",
        "\u{661}1849000170",
    ] {
        let answer = server.exchange(&pid(&server, value)).await;
        MP_011.check(
            &answer,
            "the claim pid is not a valid national identity number",
        );
        assert!(!answer.text.contains("1849000"), "{}", answer.text);
    }
}

/// inferred §9.2: Under `strict` the date and both control digits are checked.
#[tokio::test]
async fn strict_pids_have_a_date_and_control_digits() {
    let server = policy(|issuer| issuer.pid_check = PidCheck::Strict, |_| ()).await;
    let digits = |prefix: u64| (0..100).map(move |check| format!("{prefix:09}{check:02}"));
    let mut accepted = Vec::new();
    for candidate in digits(178_690_100) {
        if server.exchange(&pid(&server, &candidate)).await.status == 200 {
            accepted.push(candidate);
        }
    }
    assert_eq!(accepted, ["17869010057"], "one pair of control digits fits");
    for candidate in ["17869010056", "99999999999", "00000000000", "32019000000"] {
        let answer = server.exchange(&pid(&server, candidate)).await;
        MP_011.check(&answer, "the claim pid is not");
    }
}

/// inferred §9.2: Under `k2_only` the first control digit may be wrong, the second may not.
#[tokio::test]
async fn relaxed_pids_have_the_second_control_digit() {
    let server = policy(
        |issuer| issuer.pid_check = PidCheck::SecondControlDigit,
        |_| (),
    )
    .await;
    let mut accepted = 0;
    for check in 0..100 {
        let answer = server
            .exchange(&pid(&server, &format!("178690100{check:02}")))
            .await;
        accepted += usize::from(answer.status == 200);
    }
    assert!((5..=10).contains(&accepted), "{accepted} of 100");
    assert_issued(&server.exchange(&pid(&server, "17869010057")).await);
}
