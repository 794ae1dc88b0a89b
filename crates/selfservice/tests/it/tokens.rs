//! Which tokens prove a caller (spec: selfservice §3.1, §3.5).

use portvakt_core::administration::organization;
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use portvakt_selfservice::Settings;
use portvakt_testkit::HAVBRIS;
use serde_json::{Value, json};

use crate::harness::{Api, BASE_URL, Checked, READ, send};

const PATH: &str = "/api/v1/clients";

async fn status(api: &Api, authorization: &str) -> (u16, String) {
    let request = api.request("GET", PATH);
    let answer = send(request.header("authorization", authorization)).await;
    (answer.status, answer.header("www-authenticate").to_owned())
}

fn with(api: &Api, changes: &Value) -> String {
    let mut claims = api.claims(HAVBRIS, &[READ]);
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    format!("Bearer {}", api.sign(&claims))
}

#[tokio::test]
async fn without_a_token_the_challenge_names_no_error() {
    let api = Api::start().await;
    let answer = send(api.request("GET", PATH)).await.refused(401, "");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_right_token_is_accepted_in_every_spelling_of_the_scheme() {
    let api = Api::start().await;
    let right = with(&api, &json!({}));
    let (_, token) = right.split_once(' ').unwrap();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(status(&api, &format!("{scheme} {token}")).await.0, 200);
    }
    for audience in [json!("unspecified"), json!([format!("{BASE_URL}/clients")])] {
        let token = with(&api, &json!({ "aud": audience }));
        assert_eq!(status(&api, &token).await.0, 200, "{audience}");
    }
}

#[tokio::test]
async fn what_proves_nobody_is_401() {
    let api = Api::start().await;
    let right = with(&api, &json!({}));
    let token = right.trim_start_matches("Bearer ").to_owned();
    let key = SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap();
    let ring = api.keys.current();
    let header = json!({"kid": ring.active_kid(), "alg": "ES256"});
    let forged = key.sign_compact(&header, &api.claims(HAVBRIS, &[READ]));
    let organization = |id: &str| json!({"authority": "iso6523-actorid-upis", "ID": id});
    for authorization in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer nonsense".to_owned(),
        format!("Bearer {token} {token}"),
        format!("DPoP {token}"),
        format!("Basic {token}"),
        token.clone(),
        format!("Bearer {}", forged.unwrap()),
        format!("{right}A"),
        with(&api, &json!({"exp": 1_772_442_890})),
        with(&api, &json!({"exp": null})),
        with(&api, &json!({"iss": "https://maskinporten.example"})),
        with(&api, &json!({"aud": "https://other.example/"})),
        with(&api, &json!({"aud": format!("{BASE_URL}.other.example/")})),
        with(&api, &json!({"consumer": null})),
        with(&api, &json!({"consumer": organization(HAVBRIS)})),
        with(&api, &json!({"scope": null})),
        with(&api, &json!({"cnf": {"jkt": "a"}})),
    ] {
        let found = status(&api, &authorization).await;
        let expected = (401, "Bearer error=\"invalid_token\"".to_owned());
        assert_eq!(
            found,
            expected,
            "{}",
            &authorization[..20.min(authorization.len())]
        );
    }
    let twice = api.request("GET", PATH).header("authorization", &right);
    let answer = send(twice.header("authorization", &right)).await;
    answer.refused(401, "");
    let query = format!("{PATH}?access_token={token}");
    send(api.request("GET", &query)).await.refused(401, "");
}

#[tokio::test]
async fn a_certificate_can_be_required() {
    let api = Api::with(Settings {
        administration_requires_certificate: true,
        ..Settings::default()
    })
    .await;
    assert_eq!(status(&api, &with(&api, &json!({}))).await.0, 401);
    let sealed = with(&api, &json!({"client_amr": "virksomhetssertifikat"}));
    assert_eq!(status(&api, &sealed).await.0, 200);
}

#[tokio::test]
async fn a_deactivated_organization_loses_its_rights_before_its_tokens() {
    let api = Api::start().await;
    let token = with(&api, &json!({}));
    assert_eq!(status(&api, &token).await.0, 200);
    let now = portvakt_core::Clock::now(api.clock.as_ref());
    api.operate(async |unit| {
        let orgno = HAVBRIS.parse().unwrap();
        organization::deactivate(unit, orgno, now).await.unwrap();
    })
    .await;
    assert_eq!(status(&api, &token).await.0, 401);
}

#[tokio::test]
async fn keys_that_are_exchanged_are_followed_at_once() {
    let (api, other) = (Api::start().await, Api::start().await);
    let foreign = with(&other, &json!({}));
    assert_eq!(status(&api, &foreign).await.0, 401);
    let record = portvakt_core::signing::generate(
        "maskinporten",
        Algorithm::Es256,
        RsaBits::B2048,
        portvakt_core::signing::SigningKeyState::Active,
        portvakt_core::Timestamp::from_seconds(0),
    );
    let old = with(&api, &json!({}));
    let ring = portvakt_core::signing::KeyRing::from_records(&[record.unwrap()]).unwrap();
    api.keys.replace(ring);
    assert_eq!(status(&api, &old).await.0, 401);
    assert_eq!(status(&api, &with(&api, &json!({}))).await.0, 200);
}
