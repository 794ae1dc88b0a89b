use serde_json::{Value, json};

use super::*;
use crate::audit::{Actor, AuditObject, Channel};

const OWNER: &str = "310420107";
const CONSUMER: &str = "312773023";
const SUPPLIER: &str = "313994031";
const STRANGER: &str = "314111044";

fn orgno(text: &str) -> OrgNumber {
    text.parse().unwrap()
}

fn reader(organization: &str, sees_clients: bool, sees_scopes: bool) -> AuditReader {
    AuditReader {
        organization: orgno(organization),
        sees_clients,
        sees_scopes,
    }
}

/// An entry about a record of this kind, by the owner's client that its supplier runs.
fn entry(kind: ObjectKind, operation: &str, organizations: &[&str], after: Value) -> AuditEntry {
    AuditEntry {
        sequence: 7,
        at: "2026-03-02T09:15:00.000Z".to_owned(),
        actor: Actor {
            client_id: Some("administrasjon".parse().unwrap()),
            organization: Some(orgno(OWNER)),
            supplier: Some(orgno(SUPPLIER)),
            user: Some("root".to_owned()),
            person: Some("pseudonym".to_owned()),
            ..Actor::new(Channel::Selfservice)
        },
        request_id: None,
        operation: operation.to_owned(),
        object: AuditObject {
            kind,
            key: "key".to_owned(),
        },
        organizations: organizations.iter().map(|text| orgno(text)).collect(),
        before: None,
        after: Some(after),
    }
}

fn access() -> AuditEntry {
    let organizations = [OWNER, CONSUMER, SUPPLIER];
    let after = json!({ "scope": "a:b", "consumer_orgno": CONSUMER, "state": "APPROVED" });
    entry(ObjectKind::Access, "access.grant", &organizations, after)
}

#[test]
fn every_kind_is_shown_to_the_right_readers() {
    use ObjectKind::{
        Access, Client, Consent, Delegation, DelegationSource, Endpoint, IdentityMatch, KeySet,
        OnBehalfOf, Organization, Person, Prefix, Scope, SigningKey, SystemUser,
    };
    // Whether one with the right to clients, and one with the right to scopes, sees it.
    for (kind, clients, scopes) in [
        (Organization, true, true),
        (Endpoint, true, true),
        (Prefix, false, true),
        (Scope, false, true),
        (Access, false, true),
        (Client, true, false),
        (KeySet, true, false),
        (OnBehalfOf, true, false),
        (Delegation, true, false),
        (SystemUser, true, false),
        (Consent, true, false),
        (DelegationSource, false, false),
        (Person, false, false),
        (IdentityMatch, false, false),
        (SigningKey, false, false),
    ] {
        let entry = entry(kind, "a.update", &[OWNER], json!({}));
        let seen = |reader: AuditReader| reader.shown(entry.clone()).is_some();
        assert_eq!(seen(reader(OWNER, true, false)), clients, "{kind}");
        assert_eq!(seen(reader(OWNER, false, true)), scopes, "{kind}");
        assert!(!seen(reader(STRANGER, true, true)), "{kind}");
        assert!(
            !seen(reader(OWNER, false, false)) || clients && scopes,
            "{kind}"
        );
    }
}

#[test]
fn ones_own_access_is_shown_to_every_reader_of_the_organization() {
    assert!(reader(CONSUMER, true, false).shown(access()).is_some());
    assert!(reader(OWNER, true, false).shown(access()).is_none());
    assert!(reader(OWNER, false, true).shown(access()).is_some());
}

#[test]
fn who_acted_for_another_organization_is_not_shown() {
    let own = reader(OWNER, true, true).shown(access()).unwrap();
    assert_eq!(
        own.actor.user, None,
        "an account of the server's own machine"
    );
    assert_eq!(own.actor.person, None, "the operator's name for somebody");
    assert!(own.actor.client_id.is_some() && own.actor.supplier.is_some());
    assert_eq!(own.organizations.len(), 3);
    let supplier = reader(SUPPLIER, true, true).shown(access()).unwrap();
    assert!(supplier.actor.client_id.is_some());
    let consumer = reader(CONSUMER, true, true).shown(access()).unwrap();
    let expected = Actor {
        organization: Some(orgno(OWNER)),
        ..Actor::new(Channel::Selfservice)
    };
    assert_eq!(consumer.actor, expected);
    assert_eq!(consumer.organizations, [orgno(OWNER), orgno(CONSUMER)]);
    assert_eq!(consumer.after, access().after);
}

#[test]
fn a_customer_learns_that_it_was_registered_and_nothing_of_the_client() {
    let registered = |record: Value| {
        let organizations = [OWNER, CONSUMER, SUPPLIER];
        let kind = ObjectKind::OnBehalfOf;
        entry(kind, "on_behalf_of.create", &organizations, record)
    };
    let registration = json!({
        "client_id": "hemmelig", "onbehalfof": "kunde", "name": "Kunde", "orgno": CONSUMER,
        "client_uri": "https://a.example/", "description": "x", "active": true,
    });
    let entry = registered(registration.clone());
    let customer = reader(CONSUMER, true, false).shown(entry.clone()).unwrap();
    assert_eq!(customer.object.key, HIDDEN);
    let expected =
        json!({ "onbehalfof": "kunde", "name": "Kunde", "orgno": CONSUMER, "active": true });
    assert_eq!(customer.after, Some(expected));
    let own = reader(OWNER, true, false).shown(entry).unwrap();
    assert_eq!(own.after, Some(registration));
}

#[test]
fn a_refusal_has_two_sides() {
    let after = json!({
        "refusal": "AccessNotGranted", "proven": true, "consumer_orgno": CONSUMER,
        "scopes": [
            { "scope": "a:b", "owner_orgno": OWNER }, { "scope": "c:d", "owner_orgno": STRANGER },
        ],
    });
    let mut refused = entry(
        ObjectKind::Client,
        "token.refuse",
        &[OWNER, CONSUMER, STRANGER],
        after,
    );
    refused.actor = Actor {
        client_id: Some("klient".parse().unwrap()),
        organization: Some(orgno(CONSUMER)),
        ..Actor::new(Channel::TokenEndpoint)
    };
    let client = reader(CONSUMER, true, false)
        .shown(refused.clone())
        .unwrap();
    assert_eq!(client.organizations, [orgno(CONSUMER)]);
    let scopes = &client.after.as_ref().unwrap()["scopes"];
    assert_eq!(*scopes, json!([{ "scope": "a:b" }, { "scope": "c:d" }]));
    assert!(
        reader(CONSUMER, false, true)
            .shown(refused.clone())
            .is_none()
    );

    let owner = reader(OWNER, true, true).shown(refused.clone()).unwrap();
    assert_eq!(owner.organizations, [orgno(OWNER)]);
    assert_eq!(owner.object.key, HIDDEN);
    assert_eq!(owner.actor, Actor::new(Channel::TokenEndpoint));
    let scopes = &owner.after.as_ref().unwrap()["scopes"];
    assert_eq!(*scopes, json!([{ "scope": "a:b", "owner_orgno": OWNER }]));
    assert!(reader(OWNER, true, false).shown(refused).is_none());
}

/// A client that authenticated, or is only named, and the login surface or a companion API.
#[test]
fn what_logins_are_refused_is_told_to_the_client_alone() {
    for (operation, proven) in [
        ("login.refuse", true),
        ("login.refuse", false),
        ("companion.refuse", true),
    ] {
        let after = json!({ "refusal": "CodeInvalid", "proven": proven });
        let mut refused = entry(ObjectKind::Client, operation, &[CONSUMER], after.clone());
        refused.actor = Actor {
            person: Some("pseudonym".to_owned()),
            ..Actor::new(Channel::Login)
        };
        if proven {
            refused.actor.client_id = Some("klient".parse().unwrap());
            refused.actor.organization = Some(orgno(CONSUMER));
        }
        let client = reader(CONSUMER, true, false).shown(refused.clone());
        let client = client.unwrap();
        assert_eq!(client.after, Some(after));
        assert_eq!(client.actor.client_id.is_some(), proven);
        assert_eq!(client.actor.person, None);
        for other in [reader(CONSUMER, false, true), reader(OWNER, true, true)] {
            assert_eq!(other.shown(refused.clone()), None);
        }
    }
}
