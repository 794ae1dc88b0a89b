use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::algorithm::Algorithm;
use crate::jwk::PublicJwk;
use crate::test_keys;

/// A compact form around any header text; the signature is that of nobody.
fn with_header(header: &str) -> String {
    format!("{}.e30.c2ln", base64url::encode(header.as_bytes()))
}

fn parse_header(header: &str) -> Result<Header, JwsError> {
    Jws::parse(&with_header(header)).map(|jws| jws.header().clone())
}

fn signed(algorithm: Algorithm) -> String {
    test_keys::signing(algorithm)
        .sign_compact(&json!({"alg": algorithm}), &json!({"a": 1}))
        .unwrap()
}

#[test]
fn reads_the_members_that_matter() {
    let header = parse_header(r#"{"typ":"JWT","kid":"n\u00f8kkel 1","alg":"RS256"}"#).unwrap();
    assert_eq!(header.algorithm, Algorithm::Rs256);
    assert_eq!(header.key_id.as_deref(), Some("nøkkel 1"));
    assert_eq!(header.typ.as_deref(), Some("JWT"));
    assert_eq!(header.certificates, None);
}

#[test]
fn exposes_the_parts_as_they_were_signed() {
    let compact = with_header(r#"{"alg":"ES256"}"#);
    let jws = Jws::parse(&compact).unwrap();
    assert_eq!(jws.payload(), b"{}");
    assert_eq!(jws.signature(), b"sig");
    assert_eq!(jws.signing_input(), "eyJhbGciOiJFUzI1NiJ9.e30");
}

#[test]
fn refuses_anything_but_three_parts() {
    let whole = signed(Algorithm::EdDsa);
    let parts: Vec<_> = whole.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{whole}."),
        format!(".{whole}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!("{header}.{payload}.{payload}.{payload}.{signature}"),
        format!("{{\"payload\":\"{payload}\",\"signature\":\"{signature}\"}}"),
    ] {
        assert_eq!(
            Jws::parse(&text).err(),
            Some(JwsError::NotCompact),
            "{text}"
        );
    }
}

#[test]
fn refuses_parts_that_are_not_canonical_base64url() {
    let header = base64url::encode(br#"{"alg":"RS256"}"#);
    for (text, part) in [
        (format!("{header}=.e30.c2ln"), JwsPart::Header),
        (format!(" {header}.e30.c2ln"), JwsPart::Header),
        (format!("{header}.e30=.c2ln"), JwsPart::Payload),
        (format!("{header}.e31.c2ln"), JwsPart::Payload),
        (format!("{header}.e+0.c2ln"), JwsPart::Payload),
        (format!("{header}.e/0.c2ln"), JwsPart::Payload),
        (format!("{header}.e30.c2ln\n"), JwsPart::Signature),
        (format!("{header}.e30.c2l"), JwsPart::Signature),
        (format!("{header}.e30.c"), JwsPart::Signature),
        (format!("{header}.e30.cæln"), JwsPart::Signature),
    ] {
        let refusal = Jws::parse(&text).err();
        assert_eq!(refusal, Some(JwsError::Encoding(part)), "{text}");
    }
}

#[test]
fn bounds_the_length() {
    let header = base64url::encode(br#"{"alg":"RS256"}"#);
    let payload_chars = MAX_COMPACT_BYTES - header.len() - ".".len() - ".c2ln".len();
    // Base64url has no text of 4n+1 characters.
    assert_ne!(payload_chars % 4, 1);
    let longest = format!("{header}.{}.c2ln", "A".repeat(payload_chars));
    assert_eq!(longest.len(), MAX_COMPACT_BYTES);
    assert!(Jws::parse(&longest).is_ok());
    assert_eq!(
        Jws::parse(&format!("{longest}A")).err(),
        Some(JwsError::TooLong)
    );
}

#[test]
fn refuses_algorithms_that_are_not_signatures_of_ours() {
    for name in [
        "none", "None", "HS256", "HS384", "ES384", "PS512", "dir", "", "rs256",
    ] {
        assert_eq!(
            parse_header(&format!(r#"{{"alg":"{name}"}}"#)),
            Err(JwsError::UnsupportedAlgorithm(name.to_owned()))
        );
    }
}

#[test]
fn a_long_algorithm_is_cut_and_escaped_in_the_message() {
    let refusal = parse_header(&format!(r#"{{"alg":"\n{}"}}"#, "x".repeat(5000))).unwrap_err();
    let JwsError::UnsupportedAlgorithm(name) = &refusal else {
        panic!("{refusal}");
    };
    assert_eq!(name.chars().count(), 32);
    assert!(!refusal.to_string().contains('\n'));
}

#[test]
fn an_hmac_with_the_public_key_is_never_computed() {
    let key = test_keys::signing(Algorithm::Rs256).verifying_key();
    let secret = key.to_subject_public_key_info().unwrap();
    let input = format!("{}.e30", base64url::encode(br#"{"alg":"HS256"}"#));
    let hmac = aws_lc_rs::hmac::sign(
        &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret),
        input.as_bytes(),
    );
    let signature = base64url::encode(hmac.as_ref());
    let named = format!("{input}.{signature}");
    assert_eq!(
        Jws::parse(&named).err(),
        Some(JwsError::UnsupportedAlgorithm("HS256".to_owned()))
    );
    let renamed = format!(
        "{}.e30.{signature}",
        base64url::encode(br#"{"alg":"RS256"}"#)
    );
    assert!(Jws::parse(&renamed).unwrap().verify(&key).is_err());
}

#[test]
fn refuses_headers_that_break_a_rule() {
    use HeaderFault as Fault;

    let long = "k".repeat(256);
    for (header, fault) in [
        (" ", Fault::NotAnObject),
        ("null", Fault::NotAnObject),
        ("[]", Fault::NotAnObject),
        (r#"["alg","RS256"]"#, Fault::NotAnObject),
        (r#"{"alg":"RS256"} x"#, Fault::NotAnObject),
        (r#"{"alg":"RS256""#, Fault::NotAnObject),
        (r#"{"alg":"RS256"}{}"#, Fault::NotAnObject),
        ("{}", Fault::Algorithm),
        (r#"{"alg":null}"#, Fault::Algorithm),
        (r#"{"alg":["RS256"]}"#, Fault::Algorithm),
        (r#"{"alg":{"a":"RS256"}}"#, Fault::Algorithm),
        (r#"{"alg":256}"#, Fault::Algorithm),
        (r#"{"alg":-1}"#, Fault::Algorithm),
        (r#"{"alg":1.5}"#, Fault::Algorithm),
        (r#"{"alg":true}"#, Fault::Algorithm),
        (r#"{"alg":"RS256","alg":"RS256"}"#, Fault::DuplicateMember),
        (
            r#"{"alg":"RS256","\u0061lg":"RS512"}"#,
            Fault::DuplicateMember,
        ),
        (
            r#"{"alg":"RS256","kid":"a","kid":"b"}"#,
            Fault::DuplicateMember,
        ),
        (r#"{"alg":"RS256","cty":1,"cty":2}"#, Fault::DuplicateMember),
        (
            r#"{"alg":"RS256","x5c":[],"x5c":[]}"#,
            Fault::DuplicateMember,
        ),
        (r#"{"alg":"RS256","kid":""}"#, Fault::KeyId),
        (r#"{"alg":"RS256","kid":null}"#, Fault::KeyId),
        (r#"{"alg":"RS256","kid":1}"#, Fault::KeyId),
        (r#"{"alg":"RS256","kid":"a\u0000"}"#, Fault::KeyId),
        (r#"{"alg":"RS256","kid":"a\u0085b"}"#, Fault::KeyId),
        (
            &format!(r#"{{"alg":"RS256","kid":"{long}"}}"#),
            Fault::KeyId,
        ),
        (r#"{"alg":"RS256","typ":["JWT"]}"#, Fault::Typ),
        (r#"{"alg":"RS256","typ":null}"#, Fault::Typ),
        (r#"{"alg":"RS256","b64":false}"#, Fault::UnencodedPayload),
        (r#"{"alg":"RS256","b64":true}"#, Fault::UnencodedPayload),
        (r#"{"alg":"RS256","enc":"A256GCM"}"#, Fault::Encryption),
        (r#"{"alg":"RS256","zip":"DEF"}"#, Fault::Encryption),
    ] {
        assert_eq!(parse_header(header), Err(fault.into()), "{header}");
    }
    let invalid_utf8 = format!(
        "{}.e30.c2ln",
        base64url::encode(b"{\"alg\":\"RS256\",\"a\":\"\xff\"}")
    );
    assert_eq!(
        Jws::parse(&invalid_utf8).err(),
        Some(Fault::NotAnObject.into())
    );
}

#[test]
fn refuses_every_form_of_crit() {
    for crit in [
        "null",
        "[]",
        r#"["exp"]"#,
        r#"["b64"]"#,
        r#"["alg"]"#,
        r#"["a","a"]"#,
        r#""exp""#,
        "{}",
        "false",
        "0",
    ] {
        for header in [
            format!(r#"{{"alg":"RS256","crit":{crit}}}"#),
            format!(r#"{{"crit":{crit},"alg":"RS256"}}"#),
        ] {
            assert_eq!(
                parse_header(&header),
                Err(JwsError::CriticalExtension),
                "{header}"
            );
        }
    }
    assert_eq!(
        parse_header(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#),
        Err(JwsError::CriticalExtension)
    );
}

#[test]
fn bounds_the_number_of_members() {
    let members = |count: usize| {
        let others: Vec<_> = (1..count).map(|n| format!(r#","m{n}":{n}"#)).collect();
        format!(r#"{{"alg":"RS256"{}}}"#, others.concat())
    };
    assert!(parse_header(&members(32)).is_ok());
    assert_eq!(
        parse_header(&members(33)),
        Err(HeaderFault::TooManyMembers.into())
    );
}

#[test]
fn a_key_id_may_have_255_characters() {
    let key_id = "ø".repeat(255);
    let header = parse_header(&format!(r#"{{"alg":"RS256","kid":"{key_id}"}}"#)).unwrap();
    assert_eq!(header.key_id, Some(key_id));
}

#[test]
fn skips_members_that_could_bring_a_key() {
    let attacker = test_keys::other_rsa();
    let header = json!({
        "alg": "RS256",
        "jwk": attacker.public_jwk("k").to_json(),
        "jku": "https://attacker.example/jwks",
        "x5u": "https://attacker.example/x5u",
        "x5t": "AA",
        "x5t#S256": "AA",
        "cty": "JWT",
        "unknown": {"deep": [1, {"deeper": null}]},
    });
    let compact = attacker.sign_compact(&header, &json!({})).unwrap();
    let jws = Jws::parse(&compact).unwrap();
    let plain = Header {
        algorithm: Algorithm::Rs256,
        key_id: None,
        certificates: None,
        typ: None,
    };
    assert_eq!(*jws.header(), plain);
    let registered = test_keys::signing(Algorithm::Rs256).verifying_key();
    assert_eq!(jws.verify(&registered), Err(SignatureError::Invalid));
}

#[test]
fn deep_nesting_and_huge_numbers_do_no_harm() {
    let deep = format!(
        r#"{{"alg":"RS256","a":{}{}}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    assert_eq!(parse_header(&deep).map(|header| header.key_id), Ok(None));
    let deep = format!(
        r#"{{"alg":"RS256","x5c":{}{}}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    assert_eq!(parse_header(&deep), Err(HeaderFault::NotAnObject.into()));
    let huge = format!(r#"{{"alg":{}}}"#, "9".repeat(10_000));
    assert!(parse_header(&huge).is_err());
    assert!(parse_header(r#"{"alg":1e400}"#).is_err());
}

/// DER of the given total length: one SEQUENCE.
fn sequence(length: u16) -> Vec<u8> {
    let mut der = vec![0x30, 0x82];
    der.extend((length - 4).to_be_bytes());
    der.resize(usize::from(length), 0);
    der
}

fn parse_x5c(x5c: &Value) -> X5c {
    parse_header(&json!({"alg": "RS256", "x5c": x5c}).to_string())
        .unwrap()
        .certificates
        .unwrap()
}

#[test]
fn reads_chains_of_one_to_ten_certificates() {
    let der = sequence(300);
    for count in [1, 2, 10] {
        let x5c = json!(vec![base64url::encode_standard(&der); count]);
        assert_eq!(parse_x5c(&x5c), X5c::Chain(vec![der.clone(); count]));
    }
    let largest = sequence(16 * 1024);
    let x5c = json!([base64url::encode_standard(&largest)]);
    assert_eq!(parse_x5c(&x5c), X5c::Chain(vec![largest]));
}

#[test]
fn a_chain_in_another_form_is_malformed() {
    let der = sequence(301);
    let good = base64url::encode_standard(&der);
    let with_url_characters = {
        let mut der = der.clone();
        der[10..13].copy_from_slice(&[0xfb, 0xff, 0xfe]);
        base64url::encode(&der)
    };
    for x5c in [
        json!(null),
        json!(7),
        json!(good),
        json!({ "0": good }),
        json!([]),
        json!([null]),
        json!([[good]]),
        json!([good, 1]),
        json!([good, ""]),
        json!([with_url_characters]),
        json!([good.trim_end_matches('=')]),
        json!([format!("{good}\n")]),
        json!([format!("{}\n{}", &good[..64], &good[64..])]),
        json!([format!(
            "-----BEGIN CERTIFICATE-----\n{good}\n-----END CERTIFICATE-----"
        )]),
        json!(vec![&good; 11]),
        json!([base64url::encode_standard(&sequence(16 * 1024 + 1))]),
        json!([base64url::encode_standard(&sequence(17 * 1024))]),
        json!([base64url::encode_standard(&der[..300])]),
        json!([base64url::encode_standard(&[&der[..], &[0]].concat())]),
        json!([base64url::encode_standard(b"not DER")]),
        // The length 5 is not in its shortest form.
        json!([base64url::encode_standard(&[0x30, 0x81, 5, 0, 0, 0, 0, 0])]),
    ] {
        assert_eq!(parse_x5c(&x5c), X5c::Malformed, "{x5c}");
    }
}

#[test]
fn verifies_the_examples_of_the_rfcs() {
    // RFC 7515 §A.2 and §A.3, RFC 8037 §A.4.
    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = json!({"kty": "RSA", "e": "AQAB", "alg": "RS256", "use": "sig", "kid": "a2",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
    let rsa_signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let ec = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "a3",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let ec_signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "a4",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    for (jwk, compact) in [
        (rsa, format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{rsa_signature}")),
        (ec, format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{ec_signature}")),
        (ed, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg".to_owned()),
    ] {
        let key = PublicJwk::parse(&jwk).unwrap();
        let jws = Jws::parse(&compact).unwrap();
        assert_eq!(jws.verify(key.verifying_key()), Ok(()), "{}", key.key_id());
        let changed = compact.replacen('.', ".e30g", 1);
        let jws = Jws::parse(&changed).unwrap();
        assert_eq!(jws.verify(key.verifying_key()), Err(SignatureError::Invalid));
    }
}

#[test]
fn a_changed_header_or_payload_does_not_verify() {
    for algorithm in Algorithm::ALL {
        let compact = signed(algorithm);
        let key = test_keys::signing(algorithm).verifying_key();
        let (input, signature) = compact.rsplit_once('.').unwrap();
        let (header, _) = input.split_once('.').unwrap();
        let other_payload = format!("{header}.{}.{signature}", base64url::encode(b"{\"a\":2}"));
        let other_header = base64url::encode(format!(r#"{{"alg":"{algorithm}" }}"#).as_bytes());
        let other_header = compact.replacen(header, &other_header, 1);
        for changed in [other_payload, other_header] {
            let verified = Jws::parse(&changed).unwrap().verify(&key);
            assert_eq!(verified, Err(SignatureError::Invalid), "{changed}");
        }
    }
}

#[test]
fn no_message_holds_the_token() {
    let compact = signed(Algorithm::Rs256);
    for changed in [
        format!("{compact}="),
        format!("{compact}."),
        compact.replacen("ey", "!!", 1),
        with_header(r#"{"alg":"RS256","kid":"secret-kid\u0000"}"#),
        with_header(r#"{"alg":"RS256","secret-kid""#),
    ] {
        let refusal = Jws::parse(&changed).err().unwrap();
        for text in [refusal.to_string(), format!("{refusal:?}")] {
            assert!(!text.contains("eyJ") && !text.contains("secret"), "{text}");
        }
    }
}

#[test]
fn debug_of_a_chain_shows_its_length_only() {
    assert_eq!(
        format!("{:?}", X5c::Chain(vec![vec![1; 9]])),
        "Chain(1 certificates)"
    );
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC{0,200}") {
        let _ = Jws::parse(&text);
        let _ = Jws::parse(&with_header(&text));
    }

    #[test]
    fn parsing_header_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Jws::parse(&format!("{}.e30.c2ln", base64url::encode(&bytes)));
    }

    #[test]
    fn parsing_near_headers_never_panics(
        members in proptest::collection::vec(
            ("(alg|kid|typ|x5c|crit|jwk|[a-z]{1,3})", "(\"[a-zA-Z0-9=/+]{0,9}\"|\\[\\]|\\[\"MAA=\"\\]|null|1e9|\\{\\})"),
            0..6,
        )
    ) {
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let _ = parse_header(&format!("{{{}}}", members.join(",")));
    }

    #[test]
    fn what_is_signed_is_read_back(payload in "\\PC{0,100}", key_id in "[!-~]{1,40}") {
        let key = test_keys::signing(Algorithm::EdDsa);
        let header = json!({"alg": "EdDSA", "kid": key_id});
        let compact = key.sign_compact(&header, &payload).unwrap();
        let jws = Jws::parse(&compact).unwrap();
        prop_assert_eq!(jws.header().key_id.as_ref(), Some(&key_id));
        prop_assert_eq!(serde_json::from_slice::<String>(jws.payload()).unwrap(), payload);
        prop_assert_eq!(jws.verify(&key.verifying_key()), Ok(()));
    }
}
