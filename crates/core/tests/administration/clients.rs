//! Clients and what they may ask for.

use portvakt_core::access::AccessState;
use portvakt_core::administration::{AdministrationError, Change, Role, access, client};

use crate::harness::{
    CONSUMER, OWNER, Registry, at, consumers_client, id, orgno, scope as name, with_scope,
};

#[tokio::test]
async fn a_client_gets_scopes_that_its_organization_has_access_to() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let wanted = consumers_client("havbris", &["fjord:a", "fjord:none"]);
    let refused = client::register(unit.as_mut(), wanted, Role::Operator, at(2)).await;
    let Err(AdministrationError::Invalid(faults)) = refused else {
        panic!("{refused:?}")
    };
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["scopes[0]", "scopes[1]"], "both at once");

    access::grant(
        unit.as_mut(),
        &name("fjord:a"),
        orgno(CONSUMER),
        Role::Operator,
        at(2),
    )
    .await
    .unwrap();
    let wanted = consumers_client("havbris", &["fjord:a"]);
    client::register(unit.as_mut(), wanted.clone(), Role::Operator, at(2))
        .await
        .unwrap();
    let again = client::register(unit.as_mut(), wanted, Role::Operator, at(3)).await;
    assert!(
        matches!(again, Err(AdministrationError::AlreadyExists { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn registered_scopes_stay_whatever_becomes_of_the_access() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let consumer = orgno(CONSUMER);
    access::grant(
        unit.as_mut(),
        &name("fjord:a"),
        consumer,
        Role::Operator,
        at(2),
    )
    .await
    .unwrap();
    let wanted = consumers_client("havbris", &["fjord:a"]);
    client::register(unit.as_mut(), wanted, Role::Operator, at(2))
        .await
        .unwrap();
    access::withdraw(
        unit.as_mut(),
        &name("fjord:a"),
        consumer,
        Role::Operator,
        at(3),
    )
    .await
    .unwrap();
    let mut renamed = consumers_client("havbris", &["fjord:a"]);
    renamed.client_name = "Havbris 2".to_owned();
    let saved = client::update(unit.as_mut(), renamed, Role::Owner(consumer), at(4))
        .await
        .unwrap();
    assert_eq!(
        (saved.change, saved.record.created),
        (Change::Updated, at(2))
    );
    let mut moved = saved.record;
    moved.client_orgno = orgno(OWNER);
    let moved = client::update(unit.as_mut(), moved, Role::Operator, at(5)).await;
    assert!(
        matches!(moved, Err(AdministrationError::Invalid(_))),
        "{moved:?}"
    );
    let last = [name("fjord:a")];
    let none =
        client::remove_scopes(unit.as_mut(), &id("havbris"), &last, Role::Operator, at(6)).await;
    assert!(
        matches!(none, Err(AdministrationError::Invalid(_))),
        "{none:?}"
    );
}

#[tokio::test]
async fn operator_only_scopes_are_the_operators_to_give_and_include_access() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let consumer = Role::Owner(orgno(CONSUMER));
    let wanted = consumers_client("admin", &["idporten:dcr.write"]);
    let refused = client::register(unit.as_mut(), wanted.clone(), consumer, at(1)).await;
    assert!(
        matches!(refused, Err(AdministrationError::Forbidden(_))),
        "{refused:?}"
    );
    client::register(unit.as_mut(), wanted, Role::Operator, at(1))
        .await
        .unwrap();
    let access = unit
        .find_access(&name("idporten:dcr.write"), orgno(CONSUMER))
        .await
        .unwrap();
    assert_eq!(access.unwrap().state, AccessState::Approved);
}

#[tokio::test]
async fn a_deactivated_client_is_changed_by_nobody_and_reactivated_by_the_operator() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let wanted = consumers_client("havbris", &["krr:global/digitalpost.read"]);
    client::register(unit.as_mut(), wanted.clone(), Role::Operator, at(1))
        .await
        .unwrap();
    let stranger = Role::Owner(orgno(OWNER));
    let hidden = client::deactivate(unit.as_mut(), &id("havbris"), stranger, at(2)).await;
    assert!(
        matches!(hidden, Err(AdministrationError::NotFound { .. })),
        "{hidden:?}"
    );
    client::deactivate(
        unit.as_mut(),
        &id("havbris"),
        Role::Owner(orgno(CONSUMER)),
        at(2),
    )
    .await
    .unwrap();
    let conflict = client::update(unit.as_mut(), wanted, Role::Operator, at(3)).await;
    assert!(
        matches!(conflict, Err(AdministrationError::Conflict(_))),
        "{conflict:?}"
    );
    let back = client::reactivate(unit.as_mut(), &id("havbris"), at(4))
        .await
        .unwrap();
    assert!(back.record.active);
}
