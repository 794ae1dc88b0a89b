//! Single acts of operators and owners.

use portvakt_core::Timestamp;
use portvakt_core::access::AccessState;
use portvakt_core::administration::delegation::DelegationKey;
use portvakt_core::administration::{
    AdministrationError, Change, Role, access, client, delegation, key, organization, prefix, scope,
};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::delegation::Delegation;
use portvakt_core::ports::{Listing, UnitOfWork};
use portvakt_core::scope::{Prefix, Scope};
use portvakt_jose::{Algorithm, JwkSet, PublicJwk, RsaBits, SigningKey};

use crate::harness::{CONSUMER, OWNER, Registry, SUPPLIER, at, orgno, scope as name};

fn fjord() -> Prefix {
    "fjord".parse().unwrap()
}

/// An owner with the prefix `fjord`, and the scope `fjord:a`.
async fn with_scope(registry: &Registry) -> Box<dyn UnitOfWork> {
    let mut unit = registry.begin().await;
    organization::add(unit.as_mut(), orgno(OWNER), "Fjordetaten", at(1))
        .await
        .unwrap();
    prefix::assign(unit.as_mut(), &fjord(), orgno(OWNER), at(1))
        .await
        .unwrap();
    scope::create(unit.as_mut(), fjord_scope("fjord:a"), Role::Operator, at(1))
        .await
        .unwrap();
    unit
}

fn fjord_scope(text: &str) -> Scope {
    Scope::new(name(text), orgno(OWNER), "A", at(0))
}

fn consumers_client(id: &str, scopes: &[&str]) -> Client {
    let scopes = scopes.iter().map(|text| name(text)).collect();
    Client::machine(
        id.parse().unwrap(),
        "Havbris",
        orgno(CONSUMER),
        scopes,
        at(0),
    )
}

fn id(text: &str) -> ClientId {
    text.parse().unwrap()
}

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
    // The organization itself cannot change its administration client.
    let jwks = JwkSet::new(vec![public(&signing_key(), "k1")]).unwrap();
    let planted = key::replace(unit.as_mut(), &id("admin"), &jwks, consumer, at(2)).await;
    assert!(
        matches!(planted, Err(AdministrationError::Forbidden(_))),
        "{planted:?}"
    );
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

fn signing_key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256, RsaBits::B2048).unwrap()
}

fn public(key: &SigningKey, key_id: &str) -> PublicJwk {
    key.public_jwk(key_id)
}

async fn with_client(registry: &Registry) -> Box<dyn UnitOfWork> {
    let mut unit = registry.begin().await;
    let mut wanted = consumers_client("havbris", &["krr:global/digitalpost.read"]);
    wanted.token_endpoint_auth_signing_alg = Some(Algorithm::Es256);
    client::register(unit.as_mut(), wanted, Role::Operator, at(1))
        .await
        .unwrap();
    unit
}

#[tokio::test]
async fn adding_a_key_leaves_the_others_and_their_end() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_client(&registry).await;
    let (first, second) = (signing_key(), signing_key());
    let client_id = id("havbris");
    let add = async |unit: &mut dyn UnitOfWork, jwk, now: Timestamp| {
        key::add(unit, &client_id, jwk, Role::Operator, now).await
    };
    let set = add(unit.as_mut(), public(&first, "k1"), at(1))
        .await
        .unwrap();
    let end = set.keys()[0].expires_at;
    let set = add(unit.as_mut(), public(&second, "k2"), at(100))
        .await
        .unwrap();
    let kids: Vec<_> = set.keys().iter().map(|key| key.jwk.key_id()).collect();
    assert_eq!((kids, set.keys()[0].expires_at), (vec!["k1", "k2"], end));
    let taken = add(unit.as_mut(), public(&second, "k1"), at(101)).await;
    assert!(
        matches!(taken, Err(AdministrationError::AlreadyExists { .. })),
        "{taken:?}"
    );
    let renewed = add(unit.as_mut(), public(&first, "k1"), at(200))
        .await
        .unwrap();
    assert!(
        renewed
            .keys()
            .iter()
            .any(|key| key.jwk.key_id() == "k1" && key.expires_at > end)
    );
    for kid in ["k3", "k4", "k5"] {
        add(unit.as_mut(), public(&signing_key(), kid), at(201))
            .await
            .unwrap();
    }
    let sixth = add(unit.as_mut(), public(&signing_key(), "k6"), at(202)).await;
    assert!(
        matches!(sixth, Err(AdministrationError::Invalid(_))),
        "{sixth:?}"
    );
}

#[tokio::test]
async fn removed_keys_stay_readable_and_the_last_one_can_go() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_client(&registry).await;
    let client_id = id("havbris");
    key::add(
        unit.as_mut(),
        &client_id,
        public(&signing_key(), "k1"),
        Role::Operator,
        at(1),
    )
    .await
    .unwrap();
    let missing = key::remove(unit.as_mut(), &client_id, "k2", Role::Operator, at(2)).await;
    assert!(
        matches!(missing, Err(AdministrationError::NotFound { .. })),
        "{missing:?}"
    );
    key::remove(unit.as_mut(), &client_id, "k1", Role::Operator, at(2))
        .await
        .unwrap();
    assert!(
        key::list(unit.as_mut(), &client_id, Listing::Active)
            .await
            .unwrap()
            .is_empty()
    );
    let all = key::list(unit.as_mut(), &client_id, Listing::All)
        .await
        .unwrap();
    assert_eq!((all.len(), all[0].active), (1, false));
}

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
