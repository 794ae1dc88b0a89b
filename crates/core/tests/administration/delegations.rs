//! Delegations and their sources.

use portvakt_core::administration::delegation::DelegationKey;
use portvakt_core::administration::{AdministrationError, Change, Role, delegation, scope};
use portvakt_core::delegation::Delegation;

use crate::harness::{
    CONSUMER, Registry, SUPPLIER, at, fjord_scope, orgno, scope as name, with_scope,
};

#[tokio::test]
async fn delegations_are_of_delegable_scopes_in_their_source() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let issuer = "https://tt02.altinn.no/";
    delegation::add_source(unit.as_mut(), "altinn", issuer, at(1))
        .await
        .unwrap();
    let twin = delegation::add_source(unit.as_mut(), "other", issuer, at(1)).await;
    assert!(
        matches!(twin, Err(AdministrationError::AlreadyExists { .. })),
        "{twin:?}"
    );
    let row = Delegation {
        delegation_source: issuer.to_owned(),
        scope: name("fjord:a"),
        consumer_orgno: orgno(CONSUMER),
        supplier_orgno: orgno(SUPPLIER),
        valid_from: None,
        valid_to: None,
        active: true,
        created: at(0),
        last_updated: at(0),
    };
    let early = delegation::add(unit.as_mut(), row.clone(), at(2)).await;
    assert!(
        matches!(early, Err(AdministrationError::Invalid(_))),
        "{early:?}"
    );
    let mut delegable = fjord_scope("fjord:a");
    delegable.delegation_source = Some(issuer.to_owned());
    scope::update(unit.as_mut(), delegable, Role::Operator, at(2))
        .await
        .unwrap();
    let added = delegation::add(unit.as_mut(), row.clone(), at(3))
        .await
        .unwrap();
    assert_eq!(
        (added.change, added.record.created),
        (Change::Created, at(3))
    );
    let again = delegation::add(unit.as_mut(), row.clone(), at(4))
        .await
        .unwrap();
    assert_eq!(again.change, Change::Unchanged);
    let used =
        delegation::add_source(unit.as_mut(), "altinn", "https://www.altinn.no/", at(4)).await;
    assert!(
        matches!(used, Err(AdministrationError::Conflict(_))),
        "{used:?}"
    );
    let ended = delegation::withdraw(unit.as_mut(), &DelegationKey::of(&row), at(5))
        .await
        .unwrap();
    assert!(!ended.record.active);
}
