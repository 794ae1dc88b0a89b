//! What must not work with `DPoP` proofs and with what is bound to a key (RFC 9449 §11).

use std::time::Duration;

use portvakt_jose::{Algorithm, RsaBits, SigningKey, access_token_hash};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::dpop::{Holder, bound, pushed_code, redeem, refresh, text, userinfo};
use crate::harness::{APP, Answer, Browser, LoginServer, PID, SPA, request};

/// A compact JWS of any header, with any signature.
fn unsigned(header: &Value, claims: &Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AAAA", part(header), part(claims))
}

fn but(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

/// Each with what is wrong about it.
fn forged(server: &LoginServer, holder: &Holder) -> Vec<(&'static str, String)> {
    let claims = |name: &str, value: Value| {
        let claims = Holder::claims(server, "POST", "/token");
        holder.sign(&but(claims, name, value))
    };
    let header = |name: &str, value: Value| {
        let header = but(holder.header(), name, value);
        let claims = Holder::claims(server, "POST", "/token");
        match header["alg"].as_str() {
            Some("ES256") => holder.0.sign_compact(&header, &claims).unwrap(),
            _ => unsigned(&header, &claims),
        }
    };
    let honest = Holder::claims(server, "POST", "/token");
    let private = holder.0.to_private_jwk("k").unwrap();
    let private: Value = serde_json::from_str(&private).unwrap();
    let large = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
    let modulus = format!("gAAA{}B", "A".repeat(699));
    let now = server.now();
    vec![
        ("another endpoint", holder.proof(server, "/par")),
        ("another method", claims("htm", json!("GET"))),
        (
            "another server",
            claims("htu", json!("https://evil.no/token")),
        ),
        ("too old", claims("iat", json!(now - 61))),
        ("from the future", claims("iat", json!(now + 61))),
        ("no id", claims("jti", json!(""))),
        ("a long id", claims("jti", json!("a".repeat(256)))),
        ("another type", header("typ", json!("JWT"))),
        ("none", header("alg", json!("none"))),
        ("a secret's algorithm", header("alg", json!("HS256"))),
        (
            "a secret",
            header("jwk", json!({"kty": "oct", "k": "c2VjcmV0"})),
        ),
        ("a private key", header("jwk", private)),
        (
            "somebody else's key",
            header("jwk", Holder::new().header()["jwk"].take()),
        ),
        (
            "a key of another kind",
            header("jwk", large.public_jwk("k").to_json()),
        ),
        (
            "a large key",
            unsigned(
                &json!({"typ": "dpop+jwt", "alg": "RS256", "jwk": {"kty": "RSA", "e": "AQAB", "n": modulus}}),
                &honest,
            ),
        ),
        ("a large proof", claims("padding", json!("a".repeat(8192)))),
        ("nonsense", "a.b.c".to_owned()),
    ]
}

#[tokio::test]
async fn forged_proofs_are_refused_and_cost_the_client_nothing() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let code = Browser::new(&server).code(SPA, PID).await;
    for (wrong, proof) in forged(&server, &holder) {
        let answer = redeem(&server, SPA, &code, &[&proof]).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{wrong}: {answer:?}"
        );
        assert_eq!(answer.error(), "invalid_dpop_proof", "{wrong}");
        assert!(!answer.body.contains(&proof), "{wrong}");
    }
    let (one, two) = (
        holder.proof(&server, "/token"),
        holder.proof(&server, "/token"),
    );
    let several = redeem(&server, SPA, &code, &[&one, &two]).await;
    assert_eq!(several.error(), "invalid_dpop_proof");
    let tokens = redeem(&server, SPA, &code, &[&one]).await.json();
    assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
}

/// RFC 9449 §11.1.
#[tokio::test]
async fn a_proof_counts_once_also_after_a_restart() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let mut browser = Browser::new(&server);
    let code = browser.code(SPA, PID).await;
    let proof = holder.proof(&server, "/token");
    let tokens = redeem(&server, SPA, &code, &[&proof]).await.json();
    let refresh_token = text(&tokens, "refresh_token").to_owned();
    let access = text(&tokens, "access_token").to_owned();
    let seen = holder.proof_with(&server, "GET", &access);
    let first = userinfo(&server, &format!("DPoP {access}"), &[&seen]).await;
    assert_eq!(first.status, StatusCode::OK);

    let replayed = async |server: &LoginServer| {
        let again = refresh(server, SPA, &refresh_token, &[&proof]).await;
        assert_eq!(again.error(), "invalid_dpop_proof");
        assert!(again.body.contains("it was used before"), "{again:?}");
        let again = userinfo(server, &format!("DPoP {access}"), &[&seen]).await;
        assert_eq!(again.status, StatusCode::UNAUTHORIZED);
        assert!(
            again
                .header("www-authenticate")
                .contains("invalid_dpop_proof")
        );
    };
    replayed(&server).await;
    let server = server.started_again().await;
    replayed(&server).await;
    // What was refused for its proof is not used up.
    let proof = holder.proof(&server, "/token");
    let refreshed = refresh(&server, SPA, &refresh_token, &[&proof]).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
}

#[tokio::test]
async fn of_many_with_one_proof_one_is_served() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let tokens = bound(&server, SPA, &holder).await;
    let access = text(&tokens, "access_token");
    let proof = holder.proof_with(&server, "GET", access);
    let authorization = format!("DPoP {access}");
    let proofs = [&*proof];
    let asked = (0..20).map(|_| userinfo(&server, &authorization, &proofs));
    let answers: Vec<_> = futures_util::future::join_all(asked).await;
    let successes = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(successes.count(), 1);
}

/// RFC 9449 §7.2: what is bound is no bearer token, and what is not bound takes no proof.
#[tokio::test]
async fn a_bound_token_is_worth_nothing_without_its_key() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let tokens = bound(&server, SPA, &holder).await;
    let access = text(&tokens, "access_token");
    let thief = Holder::new();
    let proof = |holder: &Holder, claims: Value| holder.sign(&claims);
    let with_ath = |claims: Value| but(claims, "ath", access_token_hash(access).into());
    let own = |method: &str, path: &str| with_ath(Holder::claims(&server, method, path));
    let (dpop, bearer) = (format!("DPoP {access}"), format!("Bearer {access}"));
    let honest = || proof(&holder, own("GET", "/userinfo"));
    let cases = [
        ("downgraded", &bearer, vec![], "invalid_token"),
        ("downgraded", &bearer, vec![honest()], "invalid_token"),
        ("no proof", &dpop, vec![], "invalid_token"),
        (
            "another key",
            &dpop,
            vec![proof(&thief, own("GET", "/userinfo"))],
            "invalid_token",
        ),
        (
            "another method",
            &dpop,
            vec![proof(&holder, own("POST", "/userinfo"))],
            "invalid_dpop_proof",
        ),
        (
            "another endpoint",
            &dpop,
            vec![proof(&holder, own("GET", "/token"))],
            "invalid_dpop_proof",
        ),
        (
            "no token in it",
            &dpop,
            vec![proof(&holder, Holder::claims(&server, "GET", "/userinfo"))],
            "invalid_dpop_proof",
        ),
        (
            "another token",
            &dpop,
            vec![holder.proof_with(&server, "GET", "another")],
            "invalid_dpop_proof",
        ),
        (
            "two proofs",
            &dpop,
            vec![honest(), honest()],
            "invalid_dpop_proof",
        ),
    ];
    for (wrong, authorization, proofs, error) in cases {
        let proofs: Vec<_> = proofs.iter().map(String::as_str).collect();
        let answer = userinfo(&server, authorization, &proofs).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
        let challenge = answer.header("www-authenticate");
        let expected = format!(r#"DPoP error="{error}", algs="RS256 PS256 ES256 EdDSA""#);
        assert_eq!(challenge, expected, "{wrong}");
        assert_eq!(answer.error(), error, "{wrong}");
    }
    assert_eq!(
        holder.userinfo(&server, access).await.status,
        StatusCode::OK
    );

    let code = Browser::new(&server).code(SPA, PID).await;
    let unbound = redeem(&server, SPA, &code, &[]).await.json();
    let unbound = text(&unbound, "access_token");
    let answer = holder.userinfo(&server, unbound).await;
    assert_eq!(answer.error(), "invalid_token");
    assert_eq!(server.userinfo(unbound).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stolen_refresh_token_is_worth_nothing_without_its_key() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let tokens = bound(&server, SPA, &holder).await;
    let token = text(&tokens, "refresh_token");
    server.clock.advance(Duration::from_secs(1));
    let thief = Holder::new().proof(&server, "/token");
    for proofs in [vec![], vec![&*thief]] {
        let answer = refresh(&server, SPA, token, &proofs).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.error(), "invalid_grant");
    }
    let proof = holder.proof(&server, "/token");
    let refreshed = refresh(&server, SPA, token, &[&proof]).await;
    assert_eq!(
        refreshed.status,
        StatusCode::OK,
        "the owner goes on: {refreshed:?}"
    );
}

/// RFC 9449 §11.9: with the code and the verifier, but not the key.
#[tokio::test]
async fn a_stolen_code_is_worth_nothing_without_its_key() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let mut browser = Browser::new(&server);
    let mut parameters = request(SPA);
    parameters.insert("dpop_jkt", holder.jkt());
    let selector = browser.authorize(&parameters).await;
    let first = browser
        .log_in(&selector, PID, "substantial")
        .await
        .location()["code"]
        .clone();
    let second = browser.authorize(&parameters).await.location()["code"].clone();
    let thief = Holder::new().proof(&server, "/token");
    for (code, proofs) in [(&first, vec![]), (&second, vec![&*thief])] {
        let stolen = redeem(&server, SPA, code, &proofs).await;
        assert_eq!(stolen.error(), "invalid_grant", "{stolen:?}");
        let proof = holder.proof(&server, "/token");
        let late = redeem(&server, SPA, code, &[&proof]).await;
        assert_eq!(
            late.error(),
            "invalid_grant",
            "the attempt has used the code up"
        );
    }
    for wrong in ["x", "", &"A".repeat(44)] {
        parameters.insert("dpop_jkt", wrong.to_owned());
        let answer = browser.authorize(&parameters).await.location();
        let is_error = answer
            .get("error")
            .is_some_and(|error| error == "invalid_request");
        assert_eq!(is_error, !wrong.is_empty(), "{wrong}: {answer:?}");
    }
}

/// RFC 9449 §10.1.
#[tokio::test]
async fn a_pushed_request_says_one_key() {
    let server = LoginServer::start().await;
    let holder = Holder::new();
    let mut parameters = request(APP);
    parameters.insert("dpop_jkt", Holder::new().jkt());
    let push = async |parameters: &std::collections::BTreeMap<&'static str, String>,
                      proofs: &[&str]|
           -> Answer {
        let form: Vec<_> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
        server.post_with(APP, "/par", &form, proofs).await
    };
    let proof = holder.proof(&server, "/par");
    let refused = push(&parameters, &[&proof]).await;
    assert_eq!(refused.error(), "invalid_dpop_proof");
    parameters.remove("dpop_jkt");
    let elsewhere = holder.proof(&server, "/token");
    assert_eq!(
        push(&parameters, &[&elsewhere]).await.error(),
        "invalid_dpop_proof"
    );
    let pushed = push(&parameters, &[&proof]).await;
    assert_eq!(
        pushed.status,
        StatusCode::CREATED,
        "it had not been used: {pushed:?}"
    );
    let again = push(&parameters, &[&proof]).await;
    assert_eq!(again.error(), "invalid_dpop_proof");

    let mut browser = Browser::new(&server);
    browser.code(APP, PID).await;
    let code = pushed_code(&mut browser, &pushed).await;
    let thief = Holder::new().proof(&server, "/token");
    let stolen = redeem(&server, APP, &code, &[&thief]).await;
    assert_eq!(stolen.error(), "invalid_grant");
}
