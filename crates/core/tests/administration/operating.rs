//! What the operator alone does: transfers, amendments, withdrawals, flags.

use portvakt_core::administration::scope::ScopeAmendment;
use portvakt_core::administration::{
    AdministrationError, Change, Role, access, client, delegation, key, organization, prefix, scope,
};
use portvakt_core::client::Client;
use portvakt_core::ports::UnitOfWork;
use portvakt_core::scope::{OPERATOR_WRITE, Scope, Visibility};

use crate::harness::{
    CONSUMER, OWNER, Registry, SUPPLIER, at, consumers_client, fjord, fjord_scope, id, orgno,
    scope as name, with_scope,
};

pub(crate) const OPERATOR: &str = "991825827";

async fn known(unit: &mut dyn UnitOfWork, number: &str) {
    organization::add(unit, orgno(number), "Known", at(1))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_prefix_moves_with_or_without_its_scopes_and_access_stays() {
    let registry = Registry::bootstrapped().await;
    for with_scopes in [true, false] {
        let mut unit = with_scope(&registry).await;
        known(unit.as_mut(), CONSUMER).await;
        known(unit.as_mut(), SUPPLIER).await;
        let foreign = Scope {
            owner_orgno: orgno(SUPPLIER),
            ..fjord_scope("fjord:foreign")
        };
        unit.save_scope(&foreign).await.unwrap();
        let listing = Scope {
            enforced_aud_for_introspection: vec![id("owners")],
            ..fjord_scope("fjord:a")
        };
        unit.save_scope(&listing).await.unwrap();
        scope::deactivate(unit.as_mut(), &name("fjord:a"), Role::Operator, at(2))
            .await
            .unwrap();
        access::grant(
            unit.as_mut(),
            &name("fjord:a"),
            orgno(SUPPLIER),
            Role::Operator,
            at(2),
        )
        .await
        .unwrap();
        let to = orgno(CONSUMER);
        let moved = prefix::transfer(unit.as_mut(), &fjord(), to, with_scopes, at(3))
            .await
            .unwrap();
        assert_eq!(moved.change, Change::Updated);
        assert_eq!(moved.record.assignment.owner_orgno, to);
        let expected = if with_scopes {
            vec![name("fjord:a")]
        } else {
            Vec::new()
        };
        assert_eq!(moved.record.scopes, expected);
        let found = scope::find(unit.as_mut(), &name("fjord:a")).await.unwrap();
        let owner = if with_scopes { to } else { orgno(OWNER) };
        assert_eq!((found.owner_orgno, found.active), (owner, false));
        assert_eq!(
            found.enforced_aud_for_introspection.is_empty(),
            with_scopes,
            "the former owner's clients are not the next one's to inform"
        );
        let foreign = scope::find(unit.as_mut(), &foreign.name).await.unwrap();
        assert_eq!(
            foreign.owner_orgno,
            orgno(SUPPLIER),
            "it was not the owner's to move"
        );
        let access = unit
            .find_access(&name("fjord:a"), orgno(SUPPLIER))
            .await
            .unwrap();
        assert_eq!(access.unwrap().created, at(2));
        let again = prefix::transfer(unit.as_mut(), &fjord(), to, with_scopes, at(4))
            .await
            .unwrap();
        assert_eq!(again.change, Change::Unchanged);
    }
}

#[tokio::test]
async fn a_prefix_goes_only_where_it_may() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    known(unit.as_mut(), CONSUMER).await;
    let unknown = prefix::transfer(unit.as_mut(), &fjord(), orgno(SUPPLIER), true, at(2)).await;
    assert!(
        matches!(unknown, Err(AdministrationError::Invalid(_))),
        "{unknown:?}"
    );
    organization::deactivate(unit.as_mut(), orgno(CONSUMER), at(2))
        .await
        .unwrap();
    let stopped = prefix::transfer(unit.as_mut(), &fjord(), orgno(CONSUMER), true, at(2)).await;
    assert!(
        matches!(stopped, Err(AdministrationError::Invalid(_))),
        "{stopped:?}"
    );
    let number = OWNER.parse().unwrap();
    prefix::assign(unit.as_mut(), &number, orgno(OWNER), at(2))
        .await
        .unwrap();
    organization::reactivate(unit.as_mut(), orgno(CONSUMER), at(2))
        .await
        .unwrap();
    let number = prefix::transfer(unit.as_mut(), &number, orgno(CONSUMER), true, at(2)).await;
    assert!(
        matches!(number, Err(AdministrationError::Invalid(_))),
        "{number:?}"
    );
    for text in ["idporten", "krr", "global", "portvakt"] {
        let reserved = text.parse().unwrap();
        let taken = prefix::transfer(unit.as_mut(), &reserved, orgno(OWNER), true, at(2)).await;
        assert!(
            matches!(taken, Err(AdministrationError::Forbidden(_))),
            "{taken:?}"
        );
    }
}

#[tokio::test]
async fn an_amendment_changes_what_it_names_and_nothing_else() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    known(unit.as_mut(), CONSUMER).await;
    let nothing = ScopeAmendment::default();
    let saved = scope::amend(unit.as_mut(), &name("fjord:a"), nothing, at(2))
        .await
        .unwrap();
    assert_eq!(saved.change, Change::Unchanged);
    let everything = ScopeAmendment {
        visibility: Some(Visibility::Internal),
        protected: Some(true),
        supports_european_businesses: Some(true),
        operator_only: Some(true),
        emit_consumer_prefix: Some(true),
        owner_orgno: Some(orgno(CONSUMER)),
        active: Some(false),
    };
    let saved = scope::amend(unit.as_mut(), &name("fjord:a"), everything, at(3))
        .await
        .unwrap();
    let expected = Scope {
        visibility: Visibility::Internal,
        protected: true,
        supports_european_businesses: true,
        operator_only: true,
        emit_consumer_prefix: true,
        owner_orgno: orgno(CONSUMER),
        active: false,
        created: at(1),
        last_updated: at(3),
        ..fjord_scope("fjord:a")
    };
    assert_eq!(saved.record, expected);
    let to = |number: &str| ScopeAmendment {
        owner_orgno: Some(orgno(number)),
        ..ScopeAmendment::default()
    };
    let unknown = scope::amend(unit.as_mut(), &name("fjord:a"), to(SUPPLIER), at(4)).await;
    assert!(
        matches!(unknown, Err(AdministrationError::Invalid(_))),
        "{unknown:?}"
    );
    for reserved in [OPERATOR_WRITE, "idporten:dcr.write", "openid"] {
        let stolen = scope::amend(unit.as_mut(), &name(reserved), to(OWNER), at(4)).await;
        assert!(
            matches!(stolen, Err(AdministrationError::Forbidden(_))),
            "{stolen:?}"
        );
        scope::amend(unit.as_mut(), &name(reserved), to(OPERATOR), at(4))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_source_is_withdrawn_once_no_scope_names_it_and_put_back() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let (name_, issuer) = ("altinn", "https://tt02.altinn.no/");
    let unknown = delegation::withdraw_source(unit.as_mut(), name_, at(2)).await;
    assert!(
        matches!(unknown, Err(AdministrationError::NotFound { .. })),
        "{unknown:?}"
    );
    delegation::add_source(unit.as_mut(), name_, issuer, at(2))
        .await
        .unwrap();
    let mut delegable = fjord_scope("fjord:a");
    delegable.delegation_source = Some(issuer.to_owned());
    delegable.active = false;
    scope::update(unit.as_mut(), delegable.clone(), Role::Operator, at(3))
        .await
        .unwrap();
    let used = delegation::withdraw_source(unit.as_mut(), name_, at(4)).await;
    assert!(
        matches!(used, Err(AdministrationError::Conflict(_))),
        "{used:?}"
    );
    let free = fjord_scope("fjord:a");
    scope::update(unit.as_mut(), free, Role::Operator, at(5))
        .await
        .unwrap();
    let gone = delegation::withdraw_source(unit.as_mut(), name_, at(6))
        .await
        .unwrap();
    assert_eq!((gone.record.active, gone.record.created), (false, at(2)));
    let late = scope::update(unit.as_mut(), delegable.clone(), Role::Operator, at(7)).await;
    assert!(
        matches!(late, Err(AdministrationError::Invalid(_))),
        "{late:?}"
    );
    let again = delegation::withdraw_source(unit.as_mut(), name_, at(8))
        .await
        .unwrap();
    assert_eq!(again.change, Change::Unchanged);
    let back = delegation::add_source(unit.as_mut(), name_, issuer, at(9))
        .await
        .unwrap();
    assert_eq!((back.change, back.record.active), (Change::Updated, true));
    scope::update(unit.as_mut(), delegable, Role::Operator, at(10))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_operators_own_organization_cannot_be_stopped() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let stopped = organization::deactivate(unit.as_mut(), orgno(OPERATOR), at(1)).await;
    assert!(
        matches!(stopped, Err(AdministrationError::Conflict(_))),
        "{stopped:?}"
    );
    let stopped = organization::put(unit.as_mut(), orgno(OPERATOR), "D", Some(false), at(1)).await;
    assert!(
        matches!(stopped, Err(AdministrationError::Conflict(_))),
        "{stopped:?}"
    );
}

#[tokio::test]
async fn putting_an_organization_keeps_what_it_does_not_say() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let number = orgno(CONSUMER);
    let refused = organization::put(unit.as_mut(), number, "A", Some(false), at(1)).await;
    assert!(
        matches!(refused, Err(AdministrationError::Invalid(_))),
        "{refused:?}"
    );
    let made = organization::put(unit.as_mut(), number, "A", None, at(1))
        .await
        .unwrap();
    assert_eq!((made.change, made.record.active), (Change::Created, true));
    let off = organization::put(unit.as_mut(), number, "A", Some(false), at(2))
        .await
        .unwrap();
    assert!(!off.record.active);
    let renamed = organization::put(unit.as_mut(), number, "B", None, at(3))
        .await
        .unwrap();
    assert!(!renamed.record.active, "a new name is no reactivation");
    let on = organization::put(unit.as_mut(), number, "B", Some(true), at(4))
        .await
        .unwrap();
    assert!(on.record.active);
}

#[tokio::test]
async fn the_owner_changes_an_administration_client_that_manages_itself() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let owner = Role::Owner(orgno(CONSUMER));
    let admin = consumers_client("admin", &["idporten:dcr.write", "idporten:dcr.read"]);
    client::register(unit.as_mut(), admin.clone(), Role::Operator, at(2))
        .await
        .unwrap();
    let refused = client::update(unit.as_mut(), admin.clone(), owner, at(3)).await;
    assert!(
        matches!(refused, Err(AdministrationError::Forbidden(_))),
        "{refused:?}"
    );

    let flagged = Client {
        self_managed: true,
        ..admin.clone()
    };
    client::update(unit.as_mut(), flagged, Role::Operator, at(4))
        .await
        .unwrap();
    let less = consumers_client("admin", &["idporten:dcr.write"]);
    let saved = client::update(unit.as_mut(), less, owner, at(5))
        .await
        .unwrap();
    assert!(
        saved.record.self_managed,
        "the owner cannot take the flag away by leaving it out"
    );
    key::remove_all(unit.as_mut(), &id("admin"), owner, at(5))
        .await
        .unwrap();
    // What it has, it may give up; what it does not have, only the operator gives.
    let more = client::update(unit.as_mut(), admin, owner, at(6)).await;
    assert!(
        matches!(more, Err(AdministrationError::Forbidden(_))),
        "{more:?}"
    );
    let stranger = Role::Owner(orgno(OWNER));
    let foreign = key::remove_all(unit.as_mut(), &id("admin"), stranger, at(6)).await;
    assert!(
        matches!(foreign, Err(AdministrationError::NotFound { .. })),
        "{foreign:?}"
    );
}

#[tokio::test]
async fn an_owner_cannot_flag_its_own_clients() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let owner = Role::Owner(orgno(CONSUMER));
    access::grant(
        unit.as_mut(),
        &name("fjord:a"),
        orgno(CONSUMER),
        Role::Operator,
        at(1),
    )
    .await
    .unwrap();
    let flagged = Client {
        self_managed: true,
        ..consumers_client("a", &["fjord:a"])
    };
    let made = client::register(unit.as_mut(), flagged.clone(), owner, at(2))
        .await
        .unwrap();
    assert!(!made.record.self_managed);
    let kept = client::update(unit.as_mut(), flagged, owner, at(3))
        .await
        .unwrap();
    assert!(!kept.record.self_managed);
}

#[tokio::test]
async fn the_operator_also_says_whether_a_client_is_active() {
    let registry = Registry::bootstrapped().await;
    let mut unit = with_scope(&registry).await;
    let wanted = consumers_client("a", &["idporten:dcr.read"]);
    client::register(unit.as_mut(), wanted.clone(), Role::Operator, at(2))
        .await
        .unwrap();
    for (active, second) in [(false, 3), (false, 4), (true, 5)] {
        let wanted = Client {
            active,
            ..wanted.clone()
        };
        let saved = client::set(unit.as_mut(), wanted, at(second))
            .await
            .unwrap();
        assert_eq!(saved.record.active, active);
    }
}
