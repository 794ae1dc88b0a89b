//! Every kind of claims, of one login: what each tells, and what none does in pseudonymous mode.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::super::{AccessTokenFacts, IdToken, IdTokenFacts, Userinfo};
use super::*;
use crate::client::{Client, IntegrationType};
use crate::entropy::SeededEntropy;
use crate::issuer::UnrestrictedAudience;
use crate::login::issuer::{EidasClaimNames, Environment, LoginIssuer};
use crate::login::record::{
    Attributes, AuthenticationEvent, Identity, LoginPerson, PersonId, PersonState, TokenId,
};
use crate::login::request::EidasRequest;
use crate::login::{Acr, Locale};
use crate::organization::OrgNumber;
use crate::person::{EidasIdentifier, Pid, PidCheck};
use crate::scope::Scope;

const NOW: i64 = 1_772_442_901;
const PID: &str = "17869010057";
const SUB: &str = "85LsEe7lG_j7xn7unpC7adAfhBub25wGWukRQ-4utCs";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + seconds)
}

fn client() -> Client {
    let orgno = OrgNumber::parse("123456789").unwrap();
    let id = "eksempel-app".parse().unwrap();
    let mut client = Client::machine(id, "App", orgno, vec![], at(0));
    client.integration_type = IntegrationType::ApiKlient;
    client
}

fn scopes() -> Vec<Arc<Scope>> {
    let orgno = OrgNumber::parse("310420107").unwrap();
    ["openid", "eksempel:barnehage/plass.read"]
        .map(|name| Arc::new(Scope::new(name.parse().unwrap(), orgno, "", at(0))))
        .to_vec()
}

fn person(seed: u64, identity: Identity) -> LoginPerson {
    LoginPerson {
        id: PersonId::generate(&SeededEntropy::new(seed)).unwrap(),
        identity,
        state: PersonState::Active,
        created_at: at(0),
        previous: None,
        logins: BTreeMap::new(),
    }
}

fn norwegian() -> LoginPerson {
    let pid = Pid::parse(PID, PidCheck::Strict).unwrap();
    person(1, Identity::Pid(pid))
}

fn foreign() -> LoginPerson {
    person(
        2,
        Identity::Eidas(EidasIdentifier::parse("EE/NO/47101010033").unwrap()),
    )
}

fn event(acr: Acr) -> AuthenticationEvent {
    let attributes = [
        ("given_name", "Mari-Liis"),
        ("family_name", "Männik"),
        ("birthdate", "1971-01-01"),
        ("country", "EE"),
        ("eidas_birth_name", "Tamm"),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    AuthenticationEvent {
        subject: PersonId::generate(&SeededEntropy::new(1)).unwrap(),
        matched: None,
        acr,
        amr: "TestID".to_owned(),
        provider: "testid".to_owned(),
        auth_time: at(-1),
        locale: Locale::Nn,
        attributes: Attributes(attributes.into_iter().collect()),
    }
}

fn issuer() -> LoginIssuer {
    LoginIssuer::new("https://idp.eksempel.no", Environment::Test)
}

fn access_token(
    person: PersonFacts<'_>,
    client: &Client,
    resources: &[String],
    issuer: &LoginIssuer,
) -> LoginAccessToken {
    let facts = AccessTokenFacts {
        sub: SUB,
        person,
        client,
        client_amr: "private_key_jwt",
        scopes: &scopes(),
        resources,
        issued_at: at(0),
        expires_at: at(120),
        id: &"YRD-aYdBb28piJiGq9rQ7WFnrNLIvRbV76KQNL64Jv4"
            .parse::<TokenId>()
            .unwrap(),
        dpop_jkt: None,
    };
    LoginAccessToken::new(facts, issuer)
}

fn id_token(person: PersonFacts<'_>, client: &Client) -> Value {
    let facts = IdTokenFacts {
        sub: SUB,
        sid: "mOxV3SAAEnMLmBredgulfTv-SgvcLKAJP7iNy4Fdg-4",
        person,
        client,
        nonce: Some("n1"),
        on_behalf_of: None,
        eidas_scope: false,
        issued_at: at(0),
        id: "Z3LPQ7dAIjM",
    };
    serde_json::to_value(IdToken::new(facts, &issuer())).unwrap()
}

/// Spec: idporten §10.4, the example.
#[test]
fn the_access_token_of_the_specification() {
    let (event, subject) = (event(Acr::IdportenHigh), norwegian());
    let person = PersonFacts {
        event: &event,
        subject: &subject,
        matched: None,
        pseudonymous: false,
    };
    let token = access_token(person, &client(), &[], &issuer());
    assert_eq!(
        serde_json::to_value(&token).unwrap(),
        json!({
            "iss": "https://idp.eksempel.no", "sub": SUB, "pid": PID, "aud": "unspecified",
            "scope": "openid eksempel:barnehage/plass.read", "client_id": "eksempel-app",
            "client_amr": "private_key_jwt", "acr": "idporten-loa-high",
            "consumer": {"authority": "iso6523-actorid-upis", "ID": "0192:123456789"},
            "iat": 1_772_442_901, "exp": 1_772_443_021, "jti": "YRD-aYdBb28piJiGq9rQ7WFnrNLIvRbV76KQNL64Jv4",
        })
    );
    let kept = serde_json::to_string(&token.without_pid()).unwrap();
    assert!(!kept.contains(PID));
}

#[test]
fn the_audience_is_what_was_asked_for() {
    let (event, subject) = (event(Acr::IdportenHigh), norwegian());
    let person = PersonFacts {
        event: &event,
        subject: &subject,
        matched: None,
        pseudonymous: false,
    };
    let mut issuer = issuer();
    issuer.aud_when_unrestricted = UnrestrictedAudience::Omit;
    issuer.legacy_client_orgno = true;
    let mut client = client();
    client.supplier_orgno = Some(OrgNumber::parse("313994031").unwrap());
    for (resources, aud) in [
        (vec![], json!(null)),
        (vec!["urn:a".to_owned()], json!("urn:a")),
        (
            vec!["urn:a".to_owned(), "urn:b".to_owned()],
            json!(["urn:a", "urn:b"]),
        ),
    ] {
        let token = access_token(person, &client, &resources, &issuer);
        let token = serde_json::to_value(token).unwrap();
        assert_eq!(token["aud"], aud);
        assert_eq!(token["supplier"]["ID"], "0192:313994031");
        assert_eq!(token["client_orgno"], "123456789");
    }
}

/// Spec: idporten §11.
#[test]
fn the_id_token_has_no_more_than_the_specification() {
    let (event, subject) = (event(Acr::IdportenSubstantial), norwegian());
    let person = PersonFacts {
        event: &event,
        subject: &subject,
        matched: None,
        pseudonymous: false,
    };
    let expected = json!({
        "sub": SUB, "amr": ["TestID"], "iss": "https://idp.eksempel.no", "pid": PID, "locale": "nn",
        "nonce": "n1", "aud": "eksempel-app", "acr": "idporten-loa-substantial",
        "auth_time": 1_772_442_900, "iat": 1_772_442_901, "exp": 1_772_443_021, "jti": "Z3LPQ7dAIjM",
    });
    assert_eq!(id_token(person, &client()), expected);

    let mut told_of_sessions = client();
    told_of_sessions.login.frontchannel_logout_session_required = Some(true);
    let with_sid = id_token(person, &told_of_sessions);
    assert_eq!(
        with_sid["sid"],
        "mOxV3SAAEnMLmBredgulfTv-SgvcLKAJP7iNy4Fdg-4"
    );
}

/// Spec: idporten §18.5.
#[test]
fn a_foreign_login_yields_its_attributes_in_each_generation() {
    let (subject, matched) = (foreign(), norwegian());
    let request = EidasRequest {
        tell_match: true,
        require_match: false,
        attributes: vec!["eidas_birth_name".to_owned(), "eidas_gender".to_owned()],
    };
    let mut event = event(Acr::EidasSubstantial);
    let told = request.narrowed(&event);
    let person = PersonFacts {
        event: &told,
        subject: &subject,
        matched: None,
        pseudonymous: false,
    };
    let token = id_token(person, &client());
    for (name, value) in [
        ("eidas_identifier", json!("EE/NO/47101010033")),
        ("eidas_firstname", json!("Mari-Liis")),
        ("eidas_lastname", json!("Männik")),
        ("eidas_date_of_birth", json!("1971-01-01")),
        ("eidas_citizen_country_code", json!("EE")),
        ("eidas_birth_name", json!("Tamm")),
        ("eidas_identitymatch", json!("NOT_FOUND")),
        ("eidas_gender", Value::Null),
        ("given_name", Value::Null),
        ("pid", Value::Null),
    ] {
        assert_eq!(token[name], value, "{name}");
    }
    let unasked = EidasRequest::default().narrowed(&event);
    assert!(!unasked.attributes.0.contains_key("eidas_birth_name"));

    event.matched = Some(matched.id.clone());
    let told = request.narrowed(&event);
    let person = PersonFacts {
        event: &told,
        matched: Some(&matched),
        ..person
    };
    let token = id_token(person, &client());
    assert_eq!(token["pid"], PID);
    assert_eq!(token["eidas_identitymatch"], "UNAMBIGUOUS");

    let all = EidasClaimNames {
        of_2024: false,
        of_2026: true,
        legacy: true,
    };
    let userinfo = serde_json::to_value(Userinfo::new(SUB, person, all)).unwrap();
    for (name, value) in [
        ("eidas_person_identifier", "EE/NO/47101010033"),
        ("given_name", "Mari-Liis"),
        ("eidas-familityname", "Männik"),
        ("eidas-familyname", "Männik"),
        ("birthdate", "1971-01-01"),
    ] {
        assert_eq!(userinfo[name], value, "{name}");
    }
    assert!(userinfo["eidas_firstname"].is_null());
}

/// Spec: idporten §5.4, §12.4.
#[test]
fn in_pseudonymous_mode_only_introspection_tells_who_it_is() {
    for (acr, subject) in [
        (Acr::IdportenHigh, norwegian()),
        (Acr::EidasHigh, foreign()),
    ] {
        let request = EidasRequest {
            tell_match: true,
            ..EidasRequest::default()
        };
        let event = request.narrowed(&event(acr));
        let matched = norwegian();
        let person = PersonFacts {
            event: &event,
            subject: &subject,
            matched: Some(&matched),
            pseudonymous: true,
        };
        let token = access_token(person, &client(), &[], &issuer());
        let told = [
            serde_json::to_value(&token).unwrap(),
            id_token(person, &client()),
            serde_json::to_value(Userinfo::new(SUB, person, EidasClaimNames::default())).unwrap(),
        ];
        for told in told {
            let text = told.to_string();
            assert_eq!(told["sub"], SUB);
            for secret in [PID, "47101010033", "Mari", "1971", "eidas_"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
        let scopes = ["eksempel:barnehage/plass.read"];
        let answer = introspection(&token, &scopes, person, at(24)).unwrap();
        assert_eq!(answer["pid"], PID);
        assert_eq!(answer["scope"], scopes[0]);
        assert_eq!(answer["expires_in"], 96);
        assert_eq!(answer["active"], true);
        assert_eq!(answer["token_type"], "Bearer");
    }
    let inactive = serde_json::to_value(Inactive::ANSWER).unwrap();
    assert_eq!(inactive, json!({"active": false}));
}
