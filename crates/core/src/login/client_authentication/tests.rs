use std::sync::LazyLock;

use portvakt_jose::{Algorithm, JwkSet, RsaBits, SigningKey};
use serde_json::{Value, json};

use super::*;
use crate::client::{Client, ClientSecret, ClientSecrets, KeySet, StoredSecret};
use crate::entropy::SeededEntropy;
use crate::login::issuer::Environment;
use crate::organization::OrgNumber;

const NOW: i64 = 1_772_442_900;
const CLIENT: &str = "eksempel-app";

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).expect("an RSA key can be made")
});

static SECRET: LazyLock<ClientSecret> =
    LazyLock::new(|| ClientSecret::generate(&SeededEntropy::new(1)).expect("it is seeded"));

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn record(method: AuthenticationMethod) -> ClientRecord {
    let orgno = OrgNumber::parse("312773023").unwrap();
    let mut client = Client::machine(CLIENT.parse().unwrap(), "C", orgno, vec![], now());
    client.token_endpoint_auth_method = method;
    let set = JwkSet::new(vec![KEY.public_jwk("k1")]).unwrap();
    let keys = KeySet::from_jwks(&set, &client, now()).unwrap();
    let secret = StoredSecret::new(SECRET.hash(), now());
    ClientRecord {
        client,
        keys: keys.keys().to_vec(),
        secrets: ClientSecrets::from_stored(vec![secret]).unwrap(),
        organization_active: true,
    }
}

fn issuer() -> LoginIssuer {
    LoginIssuer::new("https://idp.eksempel.no", Environment::Test)
}

fn assertion(change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let mut header = json!({"alg": "RS256", "kid": "k1"});
    let mut claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": "https://idp.eksempel.no",
        "iat": NOW, "exp": NOW + 5, "jti": "2f0a1c1e",
    });
    change(&mut header, &mut claims);
    KEY.sign_compact(&header, &claims).unwrap()
}

/// What a client with this registration gets for these credentials.
fn authenticate(
    method: AuthenticationMethod,
    credentials: Credentials<'_>,
) -> Result<ClientProof, LoginRefusalCode> {
    let trust = TrustStore::builder().build().unwrap();
    let issuer = issuer();
    let code = |fault: AuthenticationFault| fault.refusal.code();
    let claimed = Claimed::read(credentials, &issuer).map_err(code)?;
    let record = record(method);
    let found = (claimed.client_id.as_ref() == Some(&record.client.client_id)).then_some(&record);
    claimed
        .authenticate(found, &trust, &issuer, now())
        .map_err(code)
}

fn nothing() -> Credentials<'static> {
    Credentials {
        client_id: Some(CLIENT),
        ..Credentials::default()
    }
}

fn basic(secret: &str) -> Credentials<'_> {
    Credentials {
        basic: Some((CLIENT, secret)),
        ..Credentials::default()
    }
}

fn post(secret: &str) -> Credentials<'_> {
    Credentials {
        client_secret: Some(secret),
        ..nothing()
    }
}

fn signed(text: &str) -> Credentials<'_> {
    Credentials {
        client_assertion_type: Some(ASSERTION_TYPE),
        client_assertion: Some(text),
        ..Credentials::default()
    }
}

const METHODS: [AuthenticationMethod; 4] = [
    AuthenticationMethod::None,
    AuthenticationMethod::ClientSecretBasic,
    AuthenticationMethod::ClientSecretPost,
    AuthenticationMethod::PrivateKeyJwt,
];

/// Spec: idporten §9.1.
#[test]
fn only_the_registered_method_counts() {
    let assertion = assertion(|_, _| ());
    for registered in METHODS {
        for (method, credentials) in [
            (METHODS[0], nothing()),
            (METHODS[1], basic(SECRET.expose())),
            (METHODS[2], post(SECRET.expose())),
            (METHODS[3], signed(&assertion)),
        ] {
            let proof = authenticate(registered, credentials);
            if method == registered {
                assert_eq!(proof.unwrap().client_amr, method_name(method));
            } else {
                assert_eq!(proof, Err(LoginRefusalCode::ClientAuthenticationFailed));
            }
        }
    }
}

#[test]
fn secrets_are_compared_whole_and_end() {
    for wrong in [
        "",
        "x",
        &SECRET.expose()[1..],
        &format!("{} ", SECRET.expose()),
    ] {
        let method = AuthenticationMethod::ClientSecretPost;
        let proof = authenticate(method, post(wrong));
        assert_eq!(proof, Err(LoginRefusalCode::ClientAuthenticationFailed));
    }
    let mut old = record(AuthenticationMethod::ClientSecretPost);
    let long_ago = Timestamp::from_seconds(NOW - 361 * 24 * 3600);
    let secret = StoredSecret::new(SECRET.hash(), long_ago);
    old.secrets = ClientSecrets::from_stored(vec![secret]).unwrap();
    let trust = TrustStore::builder().build().unwrap();
    let claimed = Claimed::read(post(SECRET.expose()), &issuer())
        .ok()
        .unwrap();
    let proof = claimed.authenticate(Some(&old), &trust, &issuer(), now());
    assert!(proof.is_err(), "a secret of more than 360 days is dead");
}

/// RFC 6749 §2.3.
#[test]
fn two_credentials_in_one_request_are_none() {
    let text = assertion(|_, _| ());
    let with_basic = |credentials| Credentials {
        basic: Some((CLIENT, SECRET.expose())),
        ..credentials
    };
    let other_client = |credentials| Credentials {
        client_id: Some("another"),
        ..credentials
    };
    for credentials in [
        with_basic(post(SECRET.expose())),
        with_basic(signed(&text)),
        Credentials {
            client_secret: Some(SECRET.expose()),
            ..signed(&text)
        },
        other_client(basic(SECRET.expose())),
        other_client(signed(&text)),
    ] {
        let proof = authenticate(AuthenticationMethod::PrivateKeyJwt, credentials);
        assert_eq!(proof, Err(LoginRefusalCode::SeveralAuthenticationMethods));
    }
}

/// Spec: idporten §9.3; appendix C, line 13.
#[test]
fn the_rules_for_assertions() {
    type Change = fn(&mut Value, &mut Value);
    let refused: [(&str, Change); 19] = [
        ("token endpoint as aud", |_, claims| {
            claims["aud"] = json!("https://idp.eksempel.no/token");
        }),
        ("two audiences", |_, claims| {
            claims["aud"] = json!(["https://idp.eksempel.no", "https://b.no"]);
        }),
        ("no aud", |_, claims| claims["aud"] = Value::Null),
        ("no sub", |_, claims| claims["sub"] = Value::Null),
        ("sub of another", |_, claims| claims["sub"] = json!("b")),
        ("iss of another", |_, claims| claims["iss"] = json!("b")),
        ("121 seconds", |_, claims| claims["exp"] = json!(NOW + 121)),
        ("expired", |_, claims| claims["exp"] = json!(NOW - 10)),
        ("no exp", |_, claims| claims["exp"] = Value::Null),
        ("no iat", |_, claims| claims["iat"] = Value::Null),
        ("exp a text", |_, claims| claims["exp"] = json!("1")),
        ("iat ahead", |_, claims| {
            claims["iat"] = json!(NOW + 11);
            claims["exp"] = json!(NOW + 20);
        }),
        ("nbf ahead", |_, claims| claims["nbf"] = json!(NOW + 11)),
        ("unknown kid", |header, _| header["kid"] = json!("k2")),
        ("kid and x5c", |header, _| header["x5c"] = json!(["MIIB"])),
        ("another algorithm", |header, _| {
            header["alg"] = json!("RS512");
        }),
        ("an access token", |header, _| {
            header["typ"] = json!("at+jwt");
        }),
        ("a logout token", |header, _| {
            header["typ"] = json!("logout+jwt");
        }),
        ("jti too long", |_, claims| {
            claims["jti"] = json!("j".repeat(256));
        }),
    ];
    for (name, change) in refused {
        let text = assertion(change);
        let proof = authenticate(AuthenticationMethod::PrivateKeyJwt, signed(&text));
        assert_eq!(
            proof,
            Err(LoginRefusalCode::ClientAuthenticationFailed),
            "{name}"
        );
    }
    let accepted: [Change; 5] = [
        // A clock that is ahead by less than ten seconds.
        |_, claims| {
            claims["iat"] = json!(NOW + 8);
            claims["nbf"] = json!(NOW + 8);
            claims["exp"] = json!(NOW + 60);
        },
        |_, claims| claims["aud"] = json!(["https://idp.eksempel.no"]),
        |header, _| header["typ"] = json!("JWT"),
        |header, _| header["typ"] = json!("client-authentication+jwt"),
        |_, claims| claims["exp"] = json!(NOW - 9),
    ];
    for change in accepted {
        let text = assertion(change);
        authenticate(AuthenticationMethod::PrivateKeyJwt, signed(&text)).unwrap();
    }
}

#[test]
fn an_assertion_is_known_by_its_jti_or_by_itself() {
    let used = |change: fn(&mut Value, &mut Value)| {
        let text = assertion(change);
        let proof = authenticate(AuthenticationMethod::PrivateKeyJwt, signed(&text));
        proof.unwrap().used.unwrap()
    };
    let with = used(|_, _| ());
    assert_eq!(with.keep_until.seconds(), NOW + 15);
    assert_eq!(
        used(|_, claims| claims["exp"] = json!(NOW + 6)).digest,
        with.digest
    );
    assert_ne!(
        used(|_, claims| claims["jti"] = json!("b")).digest,
        with.digest
    );
    let without = used(|_, claims| claims["jti"] = json!(""));
    let other = used(|_, claims| {
        claims["jti"] = json!("");
        claims["exp"] = json!(NOW + 6);
    });
    assert_ne!(without.digest, other.digest);
}

#[test]
fn a_client_that_is_not_active_looks_like_one_that_does_not_exist() {
    let trust = TrustStore::builder().build().unwrap();
    let claimed = Claimed::read(post(SECRET.expose()), &issuer())
        .ok()
        .unwrap();
    let mut inactive = record(AuthenticationMethod::ClientSecretPost);
    inactive.client.active = false;
    let mut organization = record(AuthenticationMethod::ClientSecretPost);
    organization.organization_active = false;
    for found in [None, Some(&inactive), Some(&organization)] {
        let fault = claimed.authenticate(found, &trust, &issuer(), now());
        let refusal = fault.unwrap_err().refusal;
        assert_eq!(refusal, LoginRefusalCode::ClientAuthenticationFailed.into());
    }
}

#[test]
fn the_operator_may_require_the_parameter_and_allow_other_audiences() {
    let mut issuer = issuer();
    issuer.strict_client_id_parameter = true;
    let text = assertion(|_, claims| claims["aud"] = json!("https://old.eksempel.no"));
    let fault = Claimed::read(signed(&text), &issuer).err().unwrap();
    assert_eq!(fault.refusal, LoginRefusalCode::ClientIdRequired.into());
    issuer.extra_client_assertion_audiences = vec!["https://old.eksempel.no".to_owned()];
    let credentials = Credentials {
        client_id: Some(CLIENT),
        ..signed(&text)
    };
    let claimed = Claimed::read(credentials, &issuer).ok().unwrap();
    let trust = TrustStore::builder().build().unwrap();
    let record = record(AuthenticationMethod::PrivateKeyJwt);
    let proof = claimed.authenticate(Some(&record), &trust, &issuer, now());
    assert_eq!(proof.unwrap().client_amr, "private_key_jwt");
}
