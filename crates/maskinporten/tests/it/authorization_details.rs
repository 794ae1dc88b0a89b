//! System users and consents (spec: maskinporten §10.4, §10.5, §10.6).

use std::time::Duration;

use portvakt_core::issuer::Issuer;
use portvakt_testkit::{
    CONSENT, Grant, HAVBRIS, HAVBRIS_CLIENT, LYNGVIK, SYSTEM_USER, TINDESYSTEM, TINDESYSTEM_CLIENT,
    TestServer, World,
};
use serde_json::{Value, json};

use crate::rows::{MP_301, MP_302, MP_303, NO_PARTY, assert_issued, policy};

/// Who gives the consents of these tests; an invented person.
pub(crate) const PERSON: &str = "urn:altinn:person:identifier-no:11849000170";

const NO_SYSTEM_USER: &str =
    "No system user found for customer 314111044 and client tindesystem-klient";
const NO_CONSENT: &str = "No valid consent found";

/// A request for the system user of a customer.
pub(crate) fn system_user(customer: &str) -> Value {
    json!([{ "type": "urn:altinn:systemuser",
             "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": format!("0192:{customer}") } }])
}

/// A request for the consent of [`PERSON`].
pub(crate) fn consent() -> Value {
    json!([{ "type": "urn:altinn:consent", "id": CONSENT, "from": PERSON }])
}

fn both(issuer: &mut Issuer) {
    issuer.system_users = true;
    issuer.consents = true;
}

fn approved(world: &mut World) {
    world.system_user(TINDESYSTEM_CLIENT, LYNGVIK);
}

fn consented(world: &mut World) {
    world.consent(PERSON, HAVBRIS);
}

/// A grant of the vendor's client.
fn vendor(server: &TestServer, details: Value) -> String {
    Grant::new(server, TINDESYSTEM_CLIENT, "fjord:apen.read")
        .claim("authorization_details", details)
        .sign()
}

fn havbris(server: &TestServer, details: Value) -> String {
    Grant::havbris(server)
        .claim("authorization_details", details)
        .sign()
}

/// The request for Lyngvik's system user with one member changed.
fn with(name: &str, value: Value) -> Value {
    let mut details = system_user(LYNGVIK);
    details[0][name] = value;
    details
}

issued! {
    /// docs §10.4: The token's element: type, ids, organization and system, without the reference.
    fn system_user_is_issued(server in policy(both, approved)) = vendor(server, system_user(LYNGVIK)) => |claims| {
        assert_eq!(claims["authorization_details"], json!([{
            "type": "urn:altinn:systemuser", "systemuser_id": [SYSTEM_USER],
            "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": "0192:314111044" },
            "system_id": "313994031_tindeklient",
        }]));
        assert_eq!(claims["consumer"]["ID"], "0192:313994031");
        assert!(claims.get("supplier").is_none());
    };
    /// docs §10.4: `externalRef` picks one of several.
    fn external_ref_picks(server in policy(both, |world| {
        approved(world);
        let second = world.system_user(TINDESYSTEM_CLIENT, LYNGVIK);
        second.id = "11111111-2222-4333-8444-555555555555".to_owned();
        second.external_ref = "kasse-1".to_owned();
    })) = vendor(server, with("externalRef", json!("kasse-1")))
        => |claims| assert_eq!(claims["authorization_details"][0]["systemuser_id"], json!(["11111111-2222-4333-8444-555555555555"]));
    /// code §10.4: Without `externalRef` the system user is the one with the customer's number.
    fn external_ref_defaults_to_the_number(server in policy(both, approved)) = vendor(server, with("externalRef", json!(LYNGVIK)));
    /// inferred §10.4: `externalRef` `null` counts as absent.
    fn external_ref_null(server in policy(both, approved)) = vendor(server, with("externalRef", Value::Null));
    /// docs §10.6: It goes with `pid` and `resource`.
    fn system_user_with_pid_and_resource(server in policy(both, approved)) =
        Grant::new(server, TINDESYSTEM_CLIENT, "fjord:apen.read").claim("authorization_details", system_user(LYNGVIK))
            .claim("pid", json!("11849000170")).claim("resource", json!("urn:x")).sign()
        => |claims| assert!(claims["pid"].is_string() && claims["aud"] == "urn:x");
    /// inferred §10.6: It goes with `consumer_org`; the look-up is by the client's owner.
    fn system_user_with_consumer_org(server in policy(both, |world| {
        approved(world);
        world.delegate("fjord:havn/anlop.write", HAVBRIS, TINDESYSTEM);
    })) = Grant::tindesystem(server, HAVBRIS).claim("authorization_details", system_user(LYNGVIK)).sign() => |claims| {
        assert_eq!(claims["consumer"]["ID"], "0192:312773023");
        assert_eq!(claims["authorization_details"][0]["systemuser_id"], json!([SYSTEM_USER]));
    };
    /// docs §10.5: The token's element of a consent to the client's organization.
    fn consent_is_issued(server in policy(both, consented)) = havbris(server, consent()) => |claims| {
        let element = &claims["authorization_details"][0];
        assert_eq!(element["type"], "urn:altinn:consent");
        assert_eq!((element["id"].as_str(), element["from"].as_str()), (Some(CONSENT), Some(PERSON)));
        assert_eq!(element["to"], json!({"authority": "iso6523-actorid-upis", "ID": "0192:312773023"}));
        assert_eq!(element["consented"], "2026-03-01T08:00:00Z");
        assert_eq!(element["validTo"], "2026-03-03T09:15:00Z");
        assert_eq!(element["consentRights"][0]["action"], json!(["read"]));
        assert_eq!(element["consentRights"][0]["metadata"]["year"], "2025");
    };
    /// docs §10.5: The id may be written in upper case.
    fn consent_id_in_upper_case(server in policy(both, consented)) = {
        let mut details = consent();
        details[0]["id"] = json!(CONSENT.to_uppercase());
        havbris(server, details)
    };
    /// docs §10.6: With `consumer_org` the consent is the consumer's.
    fn consent_to_the_consumer(server in policy(both, |world| {
        consented(world);
        world.delegate("fjord:havn/anlop.write", HAVBRIS, TINDESYSTEM);
    })) = Grant::tindesystem(server, HAVBRIS).claim("authorization_details", consent()).sign() => |claims| {
        assert_eq!(claims["supplier"]["ID"], "0192:313994031");
        assert_eq!(claims["authorization_details"][0]["to"]["ID"], "0192:312773023");
    };
}

refused! {
    /// docs §10.4: No system user for the customer.
    fn no_system_user(server in policy(both, |_| ())) -> NO_PARTY(NO_SYSTEM_USER) = vendor(server, system_user(LYNGVIK));
    /// docs §10.4: The system user is tied to another client.
    fn system_user_of_another_client(server in policy(both, |world| { world.system_user(HAVBRIS_CLIENT, LYNGVIK); }))
        -> NO_PARTY(NO_SYSTEM_USER) = vendor(server, system_user(LYNGVIK));
    /// docs §10.4: A wrong `externalRef`.
    fn wrong_external_ref(server in policy(both, approved)) -> NO_PARTY(NO_SYSTEM_USER) = vendor(server, with("externalRef", json!("kasse-2")));
    /// inferred §10.4: A system user that was removed counts as none.
    fn system_user_inactive(server in policy(both, |world| world.system_user(TINDESYSTEM_CLIENT, LYNGVIK).active = false))
        -> NO_PARTY(NO_SYSTEM_USER) = vendor(server, system_user(LYNGVIK));
    /// inferred §10.4: The system user of a customer that is deactivated counts as none.
    fn customer_inactive(server in policy(both, |world| { approved(world); world.organization_mut(LYNGVIK).active = false; }))
        -> NO_PARTY(NO_SYSTEM_USER) = vendor(server, system_user(LYNGVIK));
    /// docs §10.4: An unknown type.
    fn unknown_type(server in policy(both, |_| ())) -> MP_301("Unknown authorization details type urn:other") = vendor(server, json!([{"type": "urn:other"}]));
    /// docs §10.4: A type that is not configured.
    fn type_not_offered(server in policy(|issuer| issuer.consents = true, approved)) -> MP_301("urn:altinn:systemuser") = vendor(server, system_user(LYNGVIK));
    /// docs §10.4: An unknown member.
    fn unknown_member(server in policy(both, approved)) -> MP_302("Unknown fields in the authorization details extra") = vendor(server, with("extra", json!(1)));
    /// inferred §10.4: An unknown member of the organization.
    fn unknown_member_of_the_organization(server in policy(both, approved)) -> MP_302("Unknown fields in the authorization details id") =
        vendor(server, with("systemuser_org", json!({"authority": "iso6523-actorid-upis", "ID": "0192:314111044", "id": "0192:312773023"})));
    /// docs §10.4: No element.
    fn no_element(server in policy(both, approved)) -> MP_303("exactly one element") = vendor(server, json!([]));
    /// docs §10.4: Two elements.
    fn two_elements(server in policy(both, |world| { approved(world); consented(world); })) -> MP_303("exactly one element") =
        vendor(server, json!([system_user(LYNGVIK)[0], consent()[0]]));
    /// docs §10.4: `systemuser_org` missing.
    fn organization_missing(server in policy(both, approved)) -> MP_303("systemuser_org") = vendor(server, json!([{"type": "urn:altinn:systemuser"}]));
    /// docs §10.4: A wrong `authority`.
    fn wrong_authority(server in policy(both, approved)) -> MP_303("systemuser_org.authority") =
        vendor(server, with("systemuser_org", json!({"authority": "x", "ID": "0192:314111044"})));
    /// docs §10.4: A number without `0192:`.
    fn number_without_prefix(server in policy(both, approved)) -> MP_303("systemuser_org.ID") =
        vendor(server, with("systemuser_org", json!({"authority": "iso6523-actorid-upis", "ID": LYNGVIK})));
    /// docs §10.4: A number that is none.
    fn bad_number(server in policy(both, approved)) -> MP_303("systemuser_org.ID") =
        vendor(server, with("systemuser_org", json!({"authority": "iso6523-actorid-upis", "ID": "0192:31411104"})));
    /// inferred §10.4: An `externalRef` that is no string.
    fn external_ref_a_number(server in policy(both, approved)) -> MP_303("externalRef") = vendor(server, with("externalRef", json!(1)));
    /// inferred §10.4: A `type` that is no string.
    fn type_not_a_string(server in policy(both, approved)) -> MP_303("type") = vendor(server, json!([{"type": 1}]));
    /// docs §10.4: The scope checks apply to the client's own organization.
    fn system_user_without_access(server in policy(both, approved)) -> MP_250("Consumer has not been granted access") =
        Grant::new(server, TINDESYSTEM_CLIENT, "fjord:delt.botte").claim("authorization_details", system_user(LYNGVIK)).sign();
    /// docs §10.4: At least one scope is needed.
    fn system_user_without_scope(server in policy(both, approved)) -> MP_011("the claim scope is missing") =
        Grant::new(server, TINDESYSTEM_CLIENT, "fjord:apen.read").without("scope").claim("authorization_details", system_user(LYNGVIK)).sign();
    /// inferred §10.5: No such consent.
    fn no_consent(server in policy(both, |_| ())) -> NO_PARTY(NO_CONSENT) = havbris(server, consent());
    /// docs §10.5: A consent to another organization.
    fn consent_to_another_organization(server in policy(both, |world| { world.consent(PERSON, LYNGVIK); })) -> NO_PARTY(NO_CONSENT) = havbris(server, consent());
    /// docs §10.5: A consent of another person.
    fn consent_of_another_person(server in policy(both, |world| { world.consent("urn:altinn:person:identifier-no:17869010057", HAVBRIS); }))
        -> NO_PARTY(NO_CONSENT) = havbris(server, consent());
    /// docs §10.5: A consent that has expired.
    fn consent_expired(server in policy(both, |world| world.consent(PERSON, HAVBRIS).valid_to = "2026-03-02T09:15:00Z".to_owned()))
        -> NO_PARTY(NO_CONSENT) = havbris(server, consent());
    /// inferred §10.5: A consent whose end cannot be read has ended.
    fn consent_with_an_unreadable_end(server in policy(both, |world| world.consent(PERSON, HAVBRIS).valid_to = "forever".to_owned()))
        -> NO_PARTY(NO_CONSENT) = havbris(server, consent());
    /// docs §10.5: A consent that was withdrawn.
    fn consent_inactive(server in policy(both, |world| world.consent(PERSON, HAVBRIS).active = false)) -> NO_PARTY(NO_CONSENT) = havbris(server, consent());
    /// docs §10.6: With `consumer_org`, a consent to the client's own organization does not count.
    fn consent_to_the_supplier(server in policy(both, |world| {
        world.consent(PERSON, TINDESYSTEM);
        world.delegate("fjord:havn/anlop.write", HAVBRIS, TINDESYSTEM);
    })) -> NO_PARTY(NO_CONSENT) = Grant::tindesystem(server, HAVBRIS).claim("authorization_details", consent()).sign();
}

/// docs §10.5: `id` and `from` are required and well formed; what is wrong is named, never repeated.
#[tokio::test]
async fn malformed_consents_are_refused() {
    let server = policy(both, consented).await;
    for (name, value) in [
        ("id", Value::Null),
        ("id", json!("not-a-uuid")),
        ("id", json!(7)),
        ("from", Value::Null),
        ("from", json!("11849000170")),
        ("from", json!("urn:altinn:person:identifier-no:1184900017")),
        (
            "from",
            json!("urn:altinn:organization:identifier-no:11849000170"),
        ),
    ] {
        let mut details = consent();
        details[0][name] = value;
        let answer = server.exchange(&havbris(&server, details)).await;
        MP_303.check(
            &answer,
            &format!("Invalid authorization details values {name}"),
        );
        assert!(!answer.text.contains("1184900017"), "{}", answer.text);
    }
    let mut details = consent();
    details[0]["to"] = json!("urn:altinn:organization:identifier-no:312773023");
    MP_302.check(
        &server.exchange(&havbris(&server, details)).await,
        "Unknown fields",
    );
    let organization = server
        .exchange(&havbris(&server, json!([{"type": "urn:altinn:consents"}])))
        .await;
    MP_301.check(&organization, "urn:altinn:consents");
}

/// docs §10.5: An organization may give a consent too.
#[tokio::test]
async fn an_organization_may_give_a_consent() {
    let from = "urn:altinn:organization:identifier-no:314111044";
    let server = policy(both, |world| {
        world.consent(from, HAVBRIS);
    })
    .await;
    let details = json!([{ "type": "urn:altinn:consent", "id": CONSENT, "from": from }]);
    assert_issued(&server.exchange(&havbris(&server, details)).await);
}

/// inferred §10.5: A consent of an organization that is deactivated does not count.
#[tokio::test]
async fn a_consent_of_an_inactive_organization_is_refused() {
    let from = "urn:altinn:organization:identifier-no:314111044";
    let server = policy(both, |world| {
        world.consent(from, HAVBRIS);
        world.organization_mut(LYNGVIK).active = false;
    })
    .await;
    let details = json!([{ "type": "urn:altinn:consent", "id": CONSENT, "from": from }]);
    NO_PARTY.check(
        &server.exchange(&havbris(&server, details)).await,
        NO_CONSENT,
    );
}

/// docs §10.5: A consent ends by the server's clock.
#[tokio::test]
async fn a_consent_ends_by_the_clock() {
    let server = policy(both, consented).await;
    server
        .clock
        .advance(Duration::from_hours(24) - Duration::from_secs(1));
    assert_issued(&server.exchange(&havbris(&server, consent())).await);
    server.clock.advance(Duration::from_secs(1));
    NO_PARTY.check(
        &server.exchange(&havbris(&server, consent())).await,
        NO_CONSENT,
    );
}
