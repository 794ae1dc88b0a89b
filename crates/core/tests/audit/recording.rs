//! What gets into the log.

use portvakt_core::access::AccessState;
use portvakt_core::audit::{Checkpoints, ObjectKind, Recorded, verify};
use portvakt_core::client::{Client, ClientId, KeySet, OnBehalfOf};
use portvakt_core::delegation::{Delegation, DelegationSource};
use portvakt_core::party::SystemUser;
use portvakt_core::ports::{Listing, PrefixAssignment, Store};
use portvakt_core::scope::Scope;
use portvakt_core::signing::{SigningKeyRecord, SigningKeyState};
use portvakt_jose::{Algorithm, RsaBits, SigningKey};
use serde_json::json;

use crate::harness::{
    CONSUMER, Log, OWNER, PID, SUPPLIER, access, act, at, client, consent, identity_match,
    operations, organization, orgno, person, save, scope, signing_key,
};

#[tokio::test]
async fn an_entry_says_who_what_when_and_the_request() {
    let log = Log::new().await;
    save!(log, save_scope(&scope()));
    let changed = Scope {
        description: "better".to_owned(),
        ..scope()
    };
    save!(log, save_scope(&changed));
    let entry = log.last().await;
    assert_eq!(entry.sequence, 2);
    assert_eq!(entry.at, "2026-03-02T09:15:07.000Z");
    assert_eq!(entry.actor, act().actor);
    assert_eq!(entry.request_id, act().request_id);
    assert_eq!(entry.operation, "scope.update");
    assert_eq!(entry.object.kind, ObjectKind::Scope);
    assert_eq!(entry.object.key, "fjord:a");
    assert_eq!(entry.organizations, [OWNER, SUPPLIER].map(orgno));
    assert_eq!(entry.before.unwrap()["description"], "a scope");
    assert_eq!(entry.after.unwrap()["description"], "better");
}

/// The written form is a contract: whoever verifies without Portvakt reads it.
#[tokio::test]
async fn the_written_form_is_compact_json_in_a_fixed_order() {
    let log = Log::new().await;
    save!(log, save_organization(&organization(OWNER, "Fjord")));
    let stored = log.stored().await.pop().unwrap();
    assert_eq!(
        stored.text,
        r#"{"sequence":1,"at":"2026-03-02T09:15:07.000Z","actor":{"channel":"selfservice","client_id":"automation","organization":"313994031"},"request_id":"4bf92f3577b34da6a3ce929d0e0e4736","operation":"organization.create","object":{"kind":"organization","key":"310420107"},"organizations":["310420107","313994031"],"before":null,"after":{"active":true,"name":"Fjord","orgno":"310420107"}}"#
    );
    // printf portvakt-audit-1 | sha256sum; then that and the text above.
    assert_eq!(
        stored.link.hash_hex(),
        "7dd6b767fbcfc4b9518a054c066277102a48b4927694ded25579f68a50c317f6"
    );
}

#[tokio::test]
async fn every_kind_of_record_leaves_an_entry() {
    let log = Log::new().await;
    let prefix = PrefixAssignment {
        prefix: "fjord".parse().unwrap(),
        owner_orgno: orgno(OWNER),
        active: true,
        created: at(0),
        last_updated: at(0),
    };
    let on_behalf_of = OnBehalfOf {
        client_id: "client".parse().unwrap(),
        onbehalfof: "kunde".to_owned(),
        name: "A customer".to_owned(),
        orgno: orgno(OWNER),
        client_uri: None,
        description: None,
        active: true,
        created: at(0),
        last_updated: at(0),
    };
    let source = DelegationSource {
        name: "altinn".to_owned(),
        issuer: "https://tt02.altinn.no/".to_owned(),
        active: true,
        created: at(0),
        last_updated: at(0),
    };
    let delegation = Delegation {
        delegation_source: source.issuer.clone(),
        scope: "fjord:a".parse().unwrap(),
        consumer_orgno: orgno(CONSUMER),
        supplier_orgno: orgno(SUPPLIER),
        valid_from: None,
        valid_to: Some(at(9)),
        active: true,
        created: at(0),
        last_updated: at(0),
    };
    let system_user = SystemUser {
        id: "s1".to_owned(),
        system_id: "system".to_owned(),
        client_id: "client".parse().unwrap(),
        owner_orgno: orgno(OWNER),
        external_ref: OWNER.to_owned(),
        active: true,
    };
    // Twice: the second time nothing changes.
    for _ in 0..2 {
        save!(
            log,
            save_organization(&organization(OWNER, "Fjord")),
            save_prefix(&prefix),
            save_scope(&scope()),
            save_access(&access(AccessState::Approved)),
            save_client(&client()),
            save_on_behalf_of(&on_behalf_of),
            save_delegation_source(&source),
            save_delegation(&delegation),
            save_system_user(&system_user),
            save_consent(&consent()),
            save_person(&person("Test")),
            save_identity_match(&identity_match("17869010057")),
        );
    }
    assert_eq!(
        operations(&log.entries().await),
        [
            "organization.create",
            "prefix.create",
            "scope.create",
            "access.grant",
            "client.create",
            "on_behalf_of.create",
            "delegation_source.create",
            "delegation.create",
            "system_user.create",
            "consent.create",
            "person.create",
            "identity_match.create",
        ]
    );
}

#[tokio::test]
async fn operations_tell_changes_of_state_apart() {
    let log = Log::new().await;
    let inactive = Scope {
        active: false,
        ..scope()
    };
    save!(
        log,
        save_scope(&scope()),
        save_scope(&inactive),
        save_scope(&scope())
    );
    for state in [
        AccessState::Requested,
        AccessState::Approved,
        AccessState::Denied,
    ] {
        save!(log, save_access(&access(state)));
    }
    let entries = log.entries().await;
    assert_eq!(
        operations(&entries),
        [
            "scope.create",
            "scope.deactivate",
            "scope.reactivate",
            "access.request",
            "access.grant",
            "access.withdraw",
        ]
    );
    assert_eq!(entries[5].object.key, "fjord:a 312773023");
    let concerned = [OWNER, CONSUMER, SUPPLIER].map(orgno);
    assert_eq!(entries[5].organizations, concerned, "the scope's owner too");
}

#[tokio::test]
async fn a_register_is_compared_with_what_this_transaction_saved() {
    let log = Log::new().await;
    save!(log, save_person(&person("A")));
    save!(
        log,
        save_person(&person("A")),
        save_person(&person("B")),
        save_person(&person("B")),
        save_person(&person("A")),
    );
    let entries = log.entries().await;
    assert_eq!(
        operations(&entries),
        ["person.create", "person.update", "person.update"]
    );
    let before = json!({ "name": "B", "contact": null });
    assert_eq!(entries[2].before, Some(before));
}

/// That somebody is another one now is told, and neither who they were nor who they are.
#[tokio::test]
async fn a_match_with_another_number_is_an_update_that_tells_no_number() {
    let log = Log::new().await;
    save!(log, save_identity_match(&identity_match("17869010057")));
    save!(log, save_identity_match(&identity_match("11849000170")));
    let entries = log.entries().await;
    assert_eq!(
        operations(&entries),
        ["identity_match.create", "identity_match.update"]
    );
    let shown = Some(json!({ "country": "EE", "active": true }));
    assert_eq!((&entries[1].before, &entries[1].after), (&shown, &shown));
    assert_eq!(entries[1].object.key, "(hidden)");
}

#[tokio::test]
async fn replaced_keys_are_told_by_key_id_and_thumbprint() {
    let log = Log::new().await;
    let client = client();
    let set = |kid: &str| {
        let key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
        let jwks = json!({ "keys": [key.public_jwk(kid).to_json()] });
        (KeySet::parse(&jwks, &client, at(0)).unwrap(), key)
    };
    let (set, key) = set("k1");
    save!(
        log,
        save_client(&client),
        replace_keys(&client.client_id, Some(&set), at(0)),
        replace_keys(&client.client_id, Some(&set), at(0)),
        replace_keys(&client.client_id, None, at(0)),
        replace_keys(&client.client_id, None, at(0)),
    );
    let entries = log.entries().await;
    assert_eq!(
        operations(&entries),
        ["client.create", "key_set.replace", "key_set.remove"]
    );
    let keys = &entries[1].after.as_ref().unwrap()["keys"];
    assert_eq!(keys[0]["kid"], "k1");
    assert_eq!(keys[0]["thumbprint"], key.thumbprint());
    assert_eq!(entries[2].before.as_ref().unwrap()["keys"], *keys);
    assert_eq!(entries[2].after, Some(json!({ "keys": [] })));
    assert_eq!(entries[2].organizations, [CONSUMER, SUPPLIER].map(orgno));
}

#[tokio::test]
async fn neither_private_keys_nor_national_identity_numbers_are_in_the_log() {
    let log = Log::new().await;
    let key = signing_key(SigningKeyState::Active);
    let gone = SigningKeyRecord {
        state: SigningKeyState::Gone,
        private_key: Vec::new(),
        certificate: None,
        ..key.clone()
    };
    let named_by_number = Client {
        client_id: ClientId::parse(PID).unwrap(),
        description: format!("for {PID}"),
        ..client()
    };
    let mut actor = act();
    actor.request_id = Some(PID.to_owned());
    actor.actor.person = Some(PID.to_owned());
    actor.actor.user = Some(PID.to_owned());
    let mut unit = Recorded::begin(&log.store, actor).await.unwrap();
    unit.save_person(&person("Test")).await.unwrap();
    unit.save_consent(&consent()).await.unwrap();
    unit.save_client(&named_by_number).await.unwrap();
    unit.save_signing_key(&key).await.unwrap();
    unit.save_signing_key(&gone).await.unwrap();
    unit.commit().await.unwrap();

    let stored = log.stored().await;
    assert_eq!(stored.len(), 5);
    for entry in &stored {
        assert!(!format!("{entry:?}").contains(PID), "{entry:?}");
        assert!(!entry.text.contains("\"private_key\""), "{entry:?}");
    }
    let last = stored[4].entry().unwrap();
    let shown = json!({
        "kid": key.kid, "surface": "maskinporten", "algorithm": "ES256", "state": "gone",
        "kept": "nothing",
        "certificate": false,
    });
    assert_eq!(last.after, Some(shown), "these members and no others");
    assert!(verify(&stored, &Checkpoints::none()).is_ok());
}

#[tokio::test]
async fn what_is_not_committed_leaves_no_entry() {
    let log = Log::new().await;
    let mut unit = log.begin().await;
    unit.save_scope(&scope()).await.unwrap();
    drop(unit);
    let mut unit = log.begin().await;
    unit.save_scope(&scope()).await.unwrap();
    // There is no such scope: the store refuses, and with it the whole unit.
    let mut nowhere = access(AccessState::Approved);
    nowhere.scope = "fjord:nowhere".parse().unwrap();
    assert!(unit.save_access(&nowhere).await.is_err());
    assert!(unit.commit().await.is_err());
    log.begin().await.commit().await.unwrap();
    assert_eq!(log.entries().await, []);
    let mut reader = log.store.read().await.unwrap();
    assert_eq!(reader.list_scopes(None, Listing::All).await.unwrap(), []);
}

#[tokio::test]
async fn a_recorded_unit_reads_what_it_wrote() {
    let log = Log::new().await;
    let mut unit = log.begin().await;
    unit.save_scope(&scope()).await.unwrap();
    let name = scope().name;
    assert_eq!(unit.find_scope(&name).await.unwrap(), Some(scope()));
    assert_eq!(unit.last_audit_link().await.unwrap(), None);
}
