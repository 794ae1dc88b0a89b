use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::issuer::Profile;

fn issuer() -> Issuer {
    Issuer::new("https://mp.example.no/", Profile::Maskinporten)
}

fn complete() -> Value {
    json!({
        "aud": "https://mp.example.no/", "iss": "client", "scope": "fjord:a",
        "iat": 1_772_442_898, "exp": 1_772_443_018, "jti": "one",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = complete();
    claims[name] = value;
    claims
}

fn parse(claims: &Value) -> (Option<GrantClaims>, Vec<ClaimFault>) {
    parse_claims(claims.to_string().as_bytes(), &issuer())
}

fn faults(claims: &Value) -> Vec<ClaimFault> {
    parse(claims).1
}

#[test]
fn a_complete_set_of_claims_is_read() {
    let (claims, faults) = parse(&complete());
    let claims = claims.unwrap();
    assert_eq!(faults, []);
    assert_eq!(claims.issuer, "client");
    assert_eq!(claims.expires_at - claims.issued_at, 120);
    assert_eq!(claims.scopes.len(), 1);
}

#[test]
fn each_required_claim_is_required_and_null_counts_as_absent() {
    for name in ["aud", "iss", "iat", "exp", "scope"] {
        let mut claims = complete();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(faults(&claims), [ClaimFault::Missing(name)]);
        assert_eq!(
            faults(&with(name, Value::Null)),
            [ClaimFault::Missing(name)]
        );
        assert!(parse(&claims).0.is_none(), "{name}");
    }
}

#[test]
fn optional_claims_may_be_null() {
    for name in [
        "jti",
        "resource",
        "pid",
        "consumer_org",
        "authorization_details",
        "nbf",
        "sub",
    ] {
        assert_eq!(faults(&with(name, Value::Null)), [], "{name}");
    }
}

#[test]
fn every_claim_of_the_wrong_type_is_refused() {
    let wrong = [json!(true), json!({}), json!([1])];
    for name in [
        "aud", "iss", "iat", "exp", "nbf", "jti", "sub", "scope", "resource", "pid",
    ] {
        for value in &wrong {
            let found = faults(&with(name, value.clone()));
            assert!(
                matches!(&found[..], [ClaimFault::WrongType { claim, .. }] if *claim == name),
                "{name} {value} {found:?}"
            );
        }
    }
    for value in [json!("x"), json!({}), json!(["x"]), json!([[]])] {
        assert!(!faults(&with("authorization_details", value)).is_empty());
    }
    assert!(!faults(&with("iss", json!(12))).is_empty());
    assert!(!faults(&with("jti", json!(12))).is_empty());
}

#[test]
fn times_are_whole_numbers_in_range_and_fractions_are_cut_off() {
    for name in ["iat", "exp", "nbf"] {
        for bad in [json!("1772442898"), json!([1]), json!(true)] {
            assert!(matches!(
                faults(&with(name, bad))[..],
                [ClaimFault::WrongType { .. }]
            ));
        }
        for bad in [
            json!(-1),
            json!(9_007_199_254_740_992_u64),
            json!(u64::MAX),
            json!(1e300),
            json!(-0.5),
        ] {
            assert_eq!(
                faults(&with(name, bad.clone())),
                [ClaimFault::OutOfRange(name)],
                "{bad}"
            );
        }
    }
    assert_eq!(
        parse(&with("iat", json!(1_772_442_898.9)))
            .0
            .unwrap()
            .issued_at,
        1_772_442_898
    );
    let overflowing = complete().to_string().replace("1772443018", "1e400");
    assert!(parse_claims(overflowing.as_bytes(), &issuer()).0.is_none());
}

#[test]
fn an_expiry_before_the_issue_time_is_refused() {
    assert_eq!(
        faults(&with("exp", json!(1_772_442_897))),
        [ClaimFault::ExpiresBeforeIssued]
    );
}

#[test]
fn unknown_claims_are_refused_unless_they_are_allowed() {
    let claims = with("foo", json!(1));
    assert_eq!(faults(&claims), [ClaimFault::Unknown("foo".to_owned())]);
    assert!(
        parse(&claims).0.is_some(),
        "the other checks still see the claims"
    );
    let mut issuer = issuer();
    issuer.allowed_extra_claims.insert("foo".to_owned());
    assert_eq!(parse_claims(claims.to_string().as_bytes(), &issuer).1, []);
}

#[test]
fn claims_that_deployed_clients_send_are_tolerated() {
    assert_eq!(faults(&with("nbf", json!(1_772_442_898))), []);
    assert_eq!(faults(&with("sub", json!("client"))), []);
    assert_eq!(faults(&with("sub", json!("somebody else"))), []);
    let mut strict = issuer();
    strict.strict_subject = true;
    let claims = with("sub", json!("somebody else")).to_string();
    assert_eq!(
        parse_claims(claims.as_bytes(), &strict).1,
        [ClaimFault::SubjectDiffers]
    );
}

#[test]
fn repeated_claims_are_refused_known_or_not() {
    for text in [
        r#"{"iss":"a","iss":"b"}"#,
        r#"{"x":1,"x":1}"#,
        r#"{"iss":null,"iss":"b"}"#,
    ] {
        assert_eq!(
            parse_claims(text.as_bytes(), &issuer()).1,
            [ClaimFault::NotAnObject],
            "{text}"
        );
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["", "[]", "\"x\"", "1", "null", "{", "{}{}", "{\"a\":1,}"] {
        assert_eq!(
            parse_claims(text.as_bytes(), &issuer()).1,
            [ClaimFault::NotAnObject],
            "{text}"
        );
    }
    let nested = format!("{{\"iss\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(
        parse_claims(nested.as_bytes(), &issuer()).1,
        [ClaimFault::NotAnObject]
    );
}

#[test]
fn a_flood_of_unknown_claims_is_cut_off() {
    let flood: Vec<_> = (0..1000).map(|n| format!("\"claim{n}\":1")).collect();
    let text = format!("{{{}}}", flood.join(","));
    assert_eq!(
        parse_claims(text.as_bytes(), &issuer()).1,
        [ClaimFault::NotAnObject]
    );
}

#[test]
fn scopes_are_split_on_white_space_and_kept_once_in_order() {
    let scopes = |text: &str| {
        parse(&with("scope", json!(text))).0.map(|claims| {
            claims
                .scopes
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        })
    };
    assert_eq!(scopes("a:b  a:b c:d").as_deref(), Some("a:b c:d"));
    assert_eq!(scopes("\tc:d\r\na:b ").as_deref(), Some("c:d a:b"));
    assert_eq!(scopes(""), None);
    assert_eq!(
        faults(&with("scope", json!("  "))),
        [ClaimFault::EmptyScope]
    );
    assert!(matches!(
        faults(&with("scope", json!("a:\u{1}")))[..],
        [ClaimFault::Scope(_)]
    ));
}

#[test]
fn two_hundred_scopes_are_legitimate_and_one_more_is_not() {
    let text = |count: usize| {
        (0..count)
            .map(|n| format!("a:{n}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(faults(&with("scope", json!(text(200)))), []);
    assert_eq!(
        faults(&with("scope", json!(text(201)))),
        [ClaimFault::TooManyScopes(200)]
    );
}

#[test]
fn an_empty_jti_counts_as_absent_and_a_long_one_is_refused() {
    assert_eq!(parse(&with("jti", json!(""))).0.unwrap().jwt_id, None);
    assert_eq!(faults(&with("jti", json!("x".repeat(255)))), []);
    assert_eq!(
        faults(&with("jti", json!("x".repeat(256)))),
        [ClaimFault::JwtIdTooLong]
    );
}

#[test]
fn audience_and_resource_are_a_string_or_an_array_of_strings() {
    for name in ["aud", "resource"] {
        assert_eq!(faults(&with(name, json!("https://a"))), []);
        assert_eq!(faults(&with(name, json!(["https://a", "https://b"]))), []);
        assert!(!faults(&with(name, json!(["https://a", 1]))).is_empty());
    }
}

#[test]
fn consumer_org_and_iss_onbehalfof_exclude_each_other() {
    let mut claims = with("consumer_org", json!("312773023"));
    claims["iss_onbehalfof"] = json!("kunde");
    assert_eq!(
        faults(&claims),
        [
            ClaimFault::ConsumerAndOnBehalfOf,
            ClaimFault::OnBehalfOfDisabled
        ]
    );
}

#[test]
fn debug_output_hides_people() {
    let claims = parse(&with("pid", json!("17869010057"))).0.unwrap();
    assert!(!format!("{claims:?}").contains("17869010057"));
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_claims(&payload, &issuer());
    }

    #[test]
    fn what_is_read_is_complete_and_ordered(iat in any::<i64>(), exp in any::<i64>(), scope in "\\PC{0,40}") {
        let mut claims = with("iat", json!(iat));
        claims["exp"] = json!(exp);
        claims["scope"] = json!(scope);
        let (read, faults) = parse(&claims);
        if faults.is_empty() {
            let read = read.unwrap();
            prop_assert!(0 <= read.issued_at && read.issued_at <= read.expires_at);
            prop_assert!(!read.scopes.is_empty());
        }
    }
}
