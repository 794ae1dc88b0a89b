//! Organizations, prefixes, scopes and access.

use portvakt_core::access::AccessState;
use portvakt_core::administration::{
    AdministrationError, Change, Role, access, organization, prefix, scope,
};
use portvakt_core::scope::Scope;

use crate::harness::{
    CONSUMER, OWNER, Registry, SUPPLIER, at, fjord, fjord_scope, orgno, scope as name, with_scope,
};

#[tokio::test]
async fn organizations_are_made_once_and_nameless_ones_get_their_name() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let number = orgno(CONSUMER);
    organization::ensure(unit.as_mut(), number, at(1))
        .await
        .unwrap();
    let named = organization::add(unit.as_mut(), number, "Havbris AS", at(2))
        .await
        .unwrap();
    assert_eq!(
        (named.change, named.record.created),
        (Change::Updated, at(1))
    );
    let again = organization::add(unit.as_mut(), number, "Havbris AS", at(3)).await;
    assert!(
        matches!(again, Err(AdministrationError::AlreadyExists { .. })),
        "{again:?}"
    );
    let off = organization::deactivate(unit.as_mut(), number, at(4))
        .await
        .unwrap();
    assert!(!off.record.active);
    let off = organization::deactivate(unit.as_mut(), number, at(5))
        .await
        .unwrap();
    assert_eq!(
        (off.change, off.record.last_updated),
        (Change::Unchanged, at(4))
    );
    let on = organization::reactivate(unit.as_mut(), number, at(6))
        .await
        .unwrap();
    assert!(on.record.active);
    let missing = organization::rename(unit.as_mut(), orgno(SUPPLIER), "T", at(7)).await;
    assert!(
        matches!(missing, Err(AdministrationError::NotFound { .. })),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_prefix_has_one_owner_for_ever() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    organization::ensure(unit.as_mut(), orgno(CONSUMER), at(1))
        .await
        .unwrap();
    prefix::withdraw(unit.as_mut(), &fjord(), at(2))
        .await
        .unwrap();
    let taken = prefix::assign(unit.as_mut(), &fjord(), orgno(CONSUMER), at(3)).await;
    assert!(
        matches!(taken, Err(AdministrationError::AlreadyExists { .. })),
        "{taken:?}"
    );
    let reserved = "idporten".parse().unwrap();
    let taken = prefix::assign(unit.as_mut(), &reserved, orgno(CONSUMER), at(3)).await;
    assert!(
        matches!(taken, Err(AdministrationError::AlreadyExists { .. })),
        "{taken:?}"
    );
    let number = OWNER.parse().unwrap();
    let number = prefix::assign(unit.as_mut(), &number, orgno(CONSUMER), at(3)).await;
    assert!(
        matches!(number, Err(AdministrationError::Invalid(_))),
        "{number:?}"
    );
    let again = prefix::assign(unit.as_mut(), &fjord(), orgno(OWNER), at(4))
        .await
        .unwrap();
    assert_eq!((again.change, again.record.active), (Change::Updated, true));
}

#[tokio::test]
async fn a_scope_is_made_below_an_active_prefix_of_its_owner_and_once() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let again = scope::create(unit.as_mut(), fjord_scope("fjord:a"), Role::Operator, at(2)).await;
    assert!(
        matches!(again, Err(AdministrationError::AlreadyExists { .. })),
        "{again:?}"
    );
    scope::deactivate(unit.as_mut(), &name("fjord:a"), Role::Operator, at(2))
        .await
        .unwrap();
    let again = scope::create(unit.as_mut(), fjord_scope("fjord:a"), Role::Operator, at(2)).await;
    assert!(
        matches!(again, Err(AdministrationError::AlreadyExists { .. })),
        "{again:?}"
    );

    let stolen = Scope::new(name("fjord:b"), orgno(CONSUMER), "B", at(0));
    let stolen = scope::create(unit.as_mut(), stolen, Role::Operator, at(2)).await;
    assert!(
        matches!(stolen, Err(AdministrationError::Forbidden(_))),
        "{stolen:?}"
    );
    let unassigned =
        scope::create(unit.as_mut(), fjord_scope("havn:a"), Role::Operator, at(2)).await;
    assert!(
        matches!(unassigned, Err(AdministrationError::Invalid(_))),
        "{unassigned:?}"
    );
    prefix::withdraw(unit.as_mut(), &fjord(), at(3))
        .await
        .unwrap();
    let late = scope::create(unit.as_mut(), fjord_scope("fjord:c"), Role::Operator, at(3)).await;
    assert!(
        matches!(late, Err(AdministrationError::Invalid(_))),
        "{late:?}"
    );
    let on = scope::reactivate(unit.as_mut(), &name("fjord:a"), Role::Operator, at(4))
        .await
        .unwrap();
    assert!(
        on.record.active,
        "a withdrawn prefix leaves its scopes alone"
    );
}

#[tokio::test]
async fn an_owner_updates_its_own_scopes_and_keeps_what_the_operator_set() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let mut wanted = fjord_scope("fjord:a");
    wanted.operator_only = true;
    scope::update(unit.as_mut(), wanted.clone(), Role::Operator, at(2))
        .await
        .unwrap();
    wanted.operator_only = false;
    wanted.description = "B".to_owned();
    let owner = Role::Owner(orgno(OWNER));
    let mut protected = wanted.clone();
    protected.protected = true;
    let protected = scope::update(unit.as_mut(), protected, owner, at(3)).await;
    assert!(
        matches!(protected, Err(AdministrationError::Forbidden(_))),
        "{protected:?}"
    );
    let saved = scope::update(unit.as_mut(), wanted.clone(), owner, at(3))
        .await
        .unwrap();
    assert!(saved.record.operator_only);
    assert_eq!(
        (saved.record.created, saved.record.last_updated),
        (at(1), at(3))
    );
    let again = scope::update(unit.as_mut(), wanted.clone(), owner, at(4))
        .await
        .unwrap();
    assert_eq!(
        (again.change, again.record.last_updated),
        (Change::Unchanged, at(3))
    );
    let stranger = scope::update(unit.as_mut(), wanted, Role::Owner(orgno(CONSUMER)), at(5)).await;
    assert!(
        matches!(stranger, Err(AdministrationError::NotFound { .. })),
        "{stranger:?}"
    );
    let mut unknown = fjord_scope("fjord:a");
    unknown.delegation_source = Some("https://nowhere/".to_owned());
    let unknown = scope::update(unit.as_mut(), unknown, owner, at(5)).await;
    assert!(
        matches!(unknown, Err(AdministrationError::Invalid(_))),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn access_is_granted_withdrawn_and_granted_again() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let (scope, consumer) = (name("fjord:a"), orgno(CONSUMER));
    let owner = Role::Owner(orgno(OWNER));
    let never = access::withdraw(unit.as_mut(), &scope, consumer, owner, at(2)).await;
    assert!(
        matches!(never, Err(AdministrationError::NotFound { .. })),
        "{never:?}"
    );
    let granted = access::grant(unit.as_mut(), &scope, consumer, owner, at(2))
        .await
        .unwrap();
    assert_eq!(granted.change, Change::Created);
    assert!(
        unit.find_organization(consumer)
            .await
            .unwrap()
            .unwrap()
            .name
            .is_empty()
    );
    let again = access::grant(unit.as_mut(), &scope, consumer, owner, at(3))
        .await
        .unwrap();
    assert_eq!(
        (again.change, again.record.last_updated),
        (Change::Unchanged, at(2))
    );
    let denied = access::withdraw(unit.as_mut(), &scope, consumer, owner, at(4))
        .await
        .unwrap();
    assert_eq!(denied.record.state, AccessState::Denied);
    let back = access::grant(unit.as_mut(), &scope, consumer, owner, at(5))
        .await
        .unwrap();
    assert_eq!(
        (back.record.state, back.record.created),
        (AccessState::Approved, at(2))
    );
    let stranger = Role::Owner(consumer);
    let stolen = access::grant(unit.as_mut(), &scope, consumer, stranger, at(6)).await;
    assert!(
        matches!(stolen, Err(AdministrationError::NotFound { .. })),
        "{stolen:?}"
    );
}
