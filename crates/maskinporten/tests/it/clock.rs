//! The clock rules of the grant, to the second (spec: maskinporten §4.3).

use std::time::Duration;

use portvakt_testkit::{Grant, NOW, TestServer};
use serde_json::json;

use crate::rows::{MP_130, assert_issued, policy};

fn times(server: &TestServer, iat: i64, exp: i64) -> String {
    Grant::havbris(server)
        .claim("iat", json!(NOW + iat))
        .claim("exp", json!(NOW + exp))
        .sign()
}

issued! {
    /// docs §4.3: `iat` may be 10 s ahead.
    fn iat_ten_seconds_ahead(server) = times(server, 10, 130);
    /// docs §4.3: `exp - iat` may be exactly 120 s.
    fn lifetime_of_120_seconds(server) = times(server, 0, 120);
    /// docs §4.3: A grant that ends in the next second is accepted, however long ago it was issued.
    fn exp_in_one_second(server) = times(server, -119, 1);
    /// inferred §4.3: A grant is accepted until 10 s after `exp`.
    fn exp_nine_seconds_ago(server) = times(server, -100, -9);
    /// inferred §4.3: `exp` may equal `iat`.
    fn exp_equals_iat(server) = times(server, 0, 0);
    /// inferred §4.3: `nbf` may be 10 s ahead.
    fn nbf_ten_seconds_ahead(server) = Grant::havbris(server).claim("nbf", json!(NOW + 10)).sign();
    /// inferred §4.3: The leeway is configurable.
    fn exp_59_seconds_ago_with_a_leeway_of_60(server in policy(|issuer| issuer.expiry_leeway_seconds = 60, |_| ())) = times(server, -100, -59);
}

refused! {
    /// docs §4.3: `iat` 11 s ahead is refused.
    fn iat_eleven_seconds_ahead(server) -> INVALID_GRANT("Issue time is after now") = times(server, 11, 131);
    /// docs §4.3: `iat` in milliseconds is refused as issued in the future.
    fn iat_in_milliseconds(server) -> INVALID_GRANT("Issue time is after now") =
        Grant::havbris(server).claim("iat", json!(NOW * 1000)).claim("exp", json!(NOW * 1000 + 120)).sign();
    /// docs §4.3: `exp - iat` of 121 s is refused.
    fn lifetime_of_121_seconds(server) -> INVALID_GRANT("more than 120 seconds after issue time") = times(server, 0, 121);
    /// docs §4.3: A grant of many years is refused.
    fn lifetime_of_ages(server) -> INVALID_GRANT("more than 120 seconds after issue time") =
        Grant::havbris(server).claim("iat", json!(0)).claim("exp", json!((1_i64 << 53) - 1)).sign();
    /// inferred §4.3: `exp` before `iat` is MP-011.
    fn exp_before_iat(server) -> MP_011("exp is before iat") = times(server, 0, -1);
    /// inferred §4.3: A grant is expired 10 s after `exp`.
    fn exp_ten_seconds_ago(server) -> MP_130("JWT is expired") = times(server, -100, -10);
    /// inferred §4.3: `nbf` 11 s ahead is MP-011.
    fn nbf_eleven_seconds_ahead(server) -> MP_011("nbf is") = Grant::havbris(server).claim("nbf", json!(NOW + 11)).sign();
    /// inferred §4.3: Without leeway a grant is expired at `exp`.
    fn exp_now_without_leeway(server in policy(|issuer| issuer.expiry_leeway_seconds = 0, |_| ())) -> MP_130("JWT is expired") = times(server, -100, 0);
}

/// inferred §4.3: Rules are in whole seconds of the server's clock, read once for each request.
#[tokio::test]
async fn parts_of_a_second_do_not_count() {
    let server = TestServer::start().await;
    server.clock.advance(Duration::from_millis(999));
    assert_issued(&server.exchange(&times(&server, -100, -9)).await);
    server.clock.advance(Duration::from_millis(1));
    let answer = server.exchange(&times(&server, -100, -9)).await;
    MP_130.check(&answer, "JWT is expired");
}
