//! The claims of the grant (spec: maskinporten §2.3, §4.2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portvakt_testkit::{Grant, HAVBRIS_CLIENT, KID, NOW, SCOPE, TestServer, signing_key};
use serde_json::{Value, json};

use crate::rows::policy;

/// A grant with this very payload text.
fn payload(text: &str) -> String {
    let header = json!({"alg": "RS256", "kid": KID}).to_string();
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(text)
    );
    let signature = signing_key()
        .sign(input.as_bytes())
        .expect("test keys can sign");
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A right payload as text, for members that no JSON library would write.
fn text(server: &TestServer, extra: &str) -> String {
    format!(
        r#"{{"aud":"{}","iss":"{HAVBRIS_CLIENT}","scope":"{SCOPE}","iat":{NOW},"exp":{}{extra}}}"#,
        server.issuer(),
        NOW + 120
    )
}

fn with(server: &TestServer, name: &str, value: Value) -> String {
    Grant::havbris(server).claim(name, value).sign()
}

refused! {
    /// docs §4.2: `aud` is required.
    fn aud_missing(server) -> MP_011("the claim aud is missing") = Grant::havbris(server).without("aud").sign();
    /// inferred §4.2: `aud` `null` counts as absent.
    fn aud_null(server) -> MP_011("the claim aud is missing") = with(server, "aud", Value::Null);
    /// docs §4.2: `aud` is a string or an array of strings.
    fn aud_of_another_type(server) -> MP_011("the claim aud must be a string or an array") = with(server, "aud", json!(7));
    /// docs §4.2: An array in `aud` holds strings only, also when one matches.
    fn aud_array_with_a_number(server) -> MP_011("the claim aud must be") = with(server, "aud", json!([server.issuer(), 7]));
    /// docs §4.2: `iss` is required.
    fn iss_missing(server) -> MP_011("the claim iss is missing") = Grant::havbris(server).without("iss").sign();
    /// docs §4.2: `iss` is a string.
    fn iss_of_another_type(server) -> MP_011("the claim iss must be a string") = with(server, "iss", json!([HAVBRIS_CLIENT]));
    /// docs §4.2: `iat` is required.
    fn iat_missing(server) -> MP_011("the claim iat is missing") = Grant::havbris(server).without("iat").sign();
    /// inferred §4.2: `iat` as a string is refused.
    fn iat_a_string(server) -> MP_011("the claim iat must be a whole number") = with(server, "iat", json!(NOW.to_string()));
    /// inferred §4.2: `iat` `null` counts as absent.
    fn iat_null(server) -> MP_011("the claim iat is missing") = with(server, "iat", Value::Null);
    /// inferred §4.2: A negative `iat` is refused, not wrapped.
    fn iat_negative(server) -> MP_011("the claim iat is out of range") = with(server, "iat", json!(-1));
    /// inferred §4.2: `iat` as an array is refused.
    fn iat_array(server) -> MP_011("the claim iat must be a whole number") = with(server, "iat", json!([NOW]));
    /// docs §4.2: `exp` is required.
    fn exp_missing(server) -> MP_011("the claim exp is missing") = Grant::havbris(server).without("exp").sign();
    /// inferred §4.2: `exp` as a string is refused, not treated as absent.
    fn exp_a_string(server) -> MP_011("the claim exp must be a whole number") = with(server, "exp", json!((NOW + 120).to_string()));
    /// inferred §4.2: `exp` `null` counts as absent, which is refused.
    fn exp_null(server) -> MP_011("the claim exp is missing") = with(server, "exp", Value::Null);
    /// inferred §4.2: `exp` `false` is refused.
    fn exp_a_boolean(server) -> MP_011("the claim exp must be a whole number") = with(server, "exp", json!(false));
    /// inferred §4.2: Numbers past 2^53 are refused.
    fn exp_past_2_53(server) -> MP_011("the claim exp is out of range") = with(server, "exp", json!(1_i64 << 53));
    /// inferred §4.2: Numbers past 2^63 are refused.
    fn exp_past_2_63(server) -> MP_011("the claim exp is out of range") = with(server, "exp", json!(u64::MAX));
    /// inferred §4.2: A number that no 64-bit type holds is refused.
    fn exp_1e400(server) -> MP_011("not a JSON object of claims") = payload(&text(server, "").replace(&(NOW + 120).to_string(), "1e400"));
    /// inferred §4.2: `NaN` and the like are no JSON.
    fn exp_nan(server) -> MP_011("not a JSON object of claims") = payload(&text(server, "").replace(&(NOW + 120).to_string(), "NaN"));
    /// docs §4.2: `jti` is a string.
    fn jti_a_number(server) -> MP_011("the claim jti must be a string") = with(server, "jti", json!(12));
    /// inferred §4.4: `jti` has at most 255 characters.
    fn jti_of_256_characters(server) -> MP_011("jti has more than 255 characters") = with(server, "jti", json!("j".repeat(256)));
    /// docs §4.2: `scope` is required.
    fn scope_missing(server) -> MP_011("the claim scope is missing") = Grant::havbris(server).without("scope").sign();
    /// inferred §2.3: An empty `scope` is refused.
    fn scope_empty(server) -> MP_011("the claim scope is empty") = with(server, "scope", json!(""));
    /// inferred §2.3: A `scope` of white space is refused.
    fn scope_of_white_space(server) -> MP_011("the claim scope is empty") = with(server, "scope", json!(" \t\r\n "));
    /// docs §4.2: `scope` is a string, not an array.
    fn scope_an_array(server) -> MP_011("the claim scope must be a string") = with(server, "scope", json!([SCOPE]));
    /// inferred §2.1: A `scope` with a character that no scope has is refused.
    fn scope_with_a_foreign_character(server) -> MP_011("the claim scope: ") = with(server, "scope", json!("fjord:a\u{0}b"));
    /// inferred §2.3: More scopes than configured are refused.
    fn scope_with_201_elements(server) -> MP_011("more than 200 scopes") =
        with(server, "scope", json!((0..201).map(|n| format!("a:{n}")).collect::<Vec<_>>().join(" ")));
    /// docs §4.2: `resource` is a string or an array of strings.
    fn resource_of_another_type(server) -> MP_011("the claim resource must be a string or an array") = with(server, "resource", json!({}));
    /// docs §4.2: `pid` is a string.
    fn pid_a_number(server) -> MP_011("the claim pid must be a string") = with(server, "pid", json!(11_849_000_170_u64));
    /// docs §4.2: `consumer_org` is a string.
    fn consumer_org_a_number(server) -> MP_011("the claim consumer_org must be a string") = with(server, "consumer_org", json!(312_773_023));
    /// docs §4.2: `consumer_org` and `iss_onbehalfof` exclude each other.
    fn consumer_org_and_iss_onbehalfof(server in policy(|issuer| issuer.enable_iss_onbehalfof = true, |_| ()))
        -> MP_011("consumer_org and iss_onbehalfof exclude each other") =
        Grant::tindesystem(server, portvakt_testkit::HAVBRIS).claim("iss_onbehalfof", json!("kunde")).sign();
    /// docs §4.2: `authorization_details` is an array of objects.
    fn authorization_details_an_object(server) -> MP_011("authorization_details must be an array of objects") = with(server, "authorization_details", json!({}));
    /// inferred §4.2: `nbf` is a number.
    fn nbf_a_string(server) -> MP_011("the claim nbf must be a whole number") = with(server, "nbf", json!("0"));
    /// inferred §4.2: `sub` is a string.
    fn sub_a_number(server) -> MP_011("the claim sub must be a string") = with(server, "sub", json!(1));
    /// inferred §4.2: In strict mode `sub` must equal `iss`.
    fn sub_differs_in_strict_mode(server in policy(|issuer| issuer.strict_subject = true, |_| ()))
        -> MP_011("sub differs from iss") = with(server, "sub", json!("somebody"));
    /// docs §4.2: An unknown claim is refused, and named.
    fn an_unknown_claim(server) -> MP_011("the claim 'foo' is unknown") = with(server, "foo", json!(1));
    /// docs §4.2: Claims are compared with their case.
    fn a_claim_in_another_case(server) -> MP_011("the claim 'Pid' is unknown") = with(server, "Pid", json!("11849000170"));
    /// inferred §4.2: An unknown claim is refused even when `null`.
    fn an_unknown_claim_that_is_null(server) -> MP_011("the claim 'foo' is unknown") = with(server, "foo", Value::Null);
    /// inferred §4.2: A claim that is named twice is refused: two readers might differ about it.
    fn a_repeated_claim(server) -> MP_011("each at most once") = payload(&text(server, &format!(r#","scope":"{SCOPE}""#)));
    /// inferred §4.2: A member inside a claim that is named twice is refused.
    fn a_repeated_member_inside(server) -> MP_011("each at most once") =
        payload(&text(server, r#","authorization_details":[{"type":"urn:altinn:consent","type":"x"}]"#));
    /// inferred §4.2: A payload that is no object is refused.
    fn a_payload_that_is_an_array(_server) -> MP_011("not a JSON object of claims") = payload("[]");
    /// inferred §4.2: A payload that is no JSON is refused.
    fn a_payload_that_is_no_json(_server) -> MP_011("not a JSON object of claims") = payload("{\"iss\":");
    /// inferred §4.2: Text after the object is refused.
    fn text_after_the_payload(server) -> MP_011("not a JSON object of claims") = payload(&format!("{}{{}}", text(server, "")));
    /// inferred §4.2: A payload nested without end is refused in bounded time.
    fn a_payload_nested_deeply(server) -> MP_011("not a JSON object of claims") =
        payload(&text(server, &format!(r#","authorization_details":{}{}"#, "[".repeat(10_000), "]".repeat(10_000))));
    /// inferred §4.2: A payload that is not UTF-8 is refused.
    fn a_payload_that_is_not_utf_8(_server) -> MP_011("not a JSON object of claims") = {
        let header = json!({"alg": "RS256", "kid": KID}).to_string();
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(b"{\"iss\":\"\xff\"}"));
        let signature = signing_key().sign(input.as_bytes()).expect("test keys can sign");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    /// inferred §4.2: Every fault of the claims is named at once.
    fn several_faults_at_once(server) -> MP_011("the claim 'foo' is unknown; the claim aud is missing; the claim exp must be") =
        Grant::havbris(server).claim("foo", json!(1)).without("aud").claim("exp", json!("x")).sign();
}

issued! {
    /// docs §4.2: `aud` may be the issuer, with its slash.
    fn aud_issuer(server) = Grant::havbris(server).sign();
    /// code §4.2: `aud` may be the token endpoint.
    fn aud_token_endpoint(server) = with(server, "aud", json!(format!("{}token", server.issuer())));
    /// code §4.2: `aud` may be an array of one element.
    fn aud_array_of_one(server) = with(server, "aud", json!([server.issuer()]));
    /// inferred §4.2: `aud` may name other audiences beside this server.
    fn aud_array_with_others(server) = with(server, "aud", json!(["https://other.example.no/", server.issuer()]));
    /// inferred §4.2: A fraction in a time is cut off.
    fn iat_with_a_fraction(server) = payload(&text(server, "").replace(&format!("{NOW},"), &format!("{NOW}.9,")));
    /// inferred §4.2: Times may be written with an exponent.
    fn exp_with_an_exponent(server) = payload(&text(server, "").replace(&format!("{}", NOW + 120), "1.77244302e9"));
    /// docs §4.2: `jti` is not required.
    fn jti_missing(server) = Grant::havbris(server).without("jti").sign();
    /// inferred §4.4: An empty `jti` counts as absent.
    fn jti_empty(server) = with(server, "jti", json!(""));
    /// inferred §4.4: A `jti` of 255 characters is accepted.
    fn jti_of_255_characters(server) = with(server, "jti", json!("ø".repeat(255)));
    /// code §4.2: `nbf` is tolerated.
    fn nbf_now(server) = with(server, "nbf", json!(NOW));
    /// docs §4.2: `sub` is tolerated, whatever it says.
    fn sub_differs(server) = with(server, "sub", json!("somebody")) => |claims| assert!(claims.get("sub").is_none());
    /// inferred §4.2: In strict mode a `sub` that equals `iss` is accepted.
    fn sub_equals_in_strict_mode(server in policy(|issuer| issuer.strict_subject = true, |_| ())) = with(server, "sub", json!(HAVBRIS_CLIENT));
    /// inferred §4.2: Optional claims that are `null` count as absent.
    fn optional_claims_that_are_null(server) = {
        let names = ["jti", "resource", "pid", "consumer_org", "iss_onbehalfof", "authorization_details", "nbf", "sub"];
        names.iter().fold(Grant::havbris(server), |grant, name| grant.claim(name, Value::Null)).sign()
    };
    /// inferred §4.2: Configured extra claims are allowed and ignored.
    fn configured_extra_claims(server in policy(|issuer| { issuer.allowed_extra_claims.insert("foo".to_owned()); }, |_| ())) =
        with(server, "foo", json!({"scope": "fjord:other"})) => |claims| assert!(claims.get("foo").is_none());
    /// inferred §2.3: Scopes are split on white space of any kind, once each, in order of first occurrence.
    fn scope_with_runs_of_white_space(server) =
        with(server, "scope", json!(format!(" fjord:delt.botte \t{SCOPE}\r\n fjord:delt.botte "))) =>
        |claims| assert_eq!(claims["scope"], format!("fjord:delt.botte {SCOPE}"));
    /// code §2.3: A request with 200 scopes is legitimate.
    fn scope_with_200_elements(server in crate::rows::world(|world| {
        let names: Vec<_> = (0..200).map(|n| format!("fjord:mange/{n}.read")).collect();
        for name in &names { world.scope(name).accessible_for_all = true; }
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        world.client("mange", portvakt_testkit::HAVBRIS, &names);
    })) = {
        let scopes = (0..200).map(|n| format!("fjord:mange/{n}.read")).collect::<Vec<_>>().join(" ");
        Grant::new(server, "mange", &scopes).sign()
    };
}

/// docs §4.2: `aud` that names another server, in whatever spelling, is MP-110.
#[tokio::test]
async fn aud_in_every_wrong_spelling_is_refused() {
    let server = TestServer::start().await;
    let issuer = server.issuer().to_owned();
    let base = issuer.trim_end_matches('/').to_owned();
    let port = server.address().port();
    let wrong = [
        base.clone(),
        format!("{base}//"),
        format!("{base}/token/"),
        format!("{base}/Token"),
        format!("{base}//token"),
        format!("{base}/jwk"),
        format!("{base}/?"),
        format!("{base}/#"),
        format!("HTTP://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:0{port}/"),
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}.evil.example/"),
        format!(" {issuer}"),
        format!("{issuer} "),
        "https://maskinporten.no/".to_owned(),
        "127.0.0.1".to_owned(),
        "*".to_owned(),
        String::new(),
    ];
    for audience in &wrong {
        let answer = server
            .exchange(&with(&server, "aud", json!(audience)))
            .await;
        crate::rows::MP_110.check(&answer, "Invalid JWT claim aud.");
    }
    let answer = server.exchange(&with(&server, "aud", json!(wrong))).await;
    crate::rows::MP_110.check(&answer, "Invalid JWT claim aud.");
    let answer = server.exchange(&with(&server, "aud", json!([]))).await;
    crate::rows::MP_110.check(&answer, "Invalid JWT claim aud.");
}

/// inferred §19: The issuer without its slash is accepted where it is configured, and nowhere else.
#[tokio::test]
async fn aud_without_the_slash_is_a_switch() {
    let server = TestServer::with_issuer(|issuer| issuer.accept_slashless_audience = true).await;
    let slashless = server.issuer().trim_end_matches('/');
    let answer = server
        .exchange(&with(&server, "aud", json!(slashless)))
        .await;
    crate::rows::assert_issued(&answer);
}
