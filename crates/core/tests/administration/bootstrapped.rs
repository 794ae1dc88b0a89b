//! What exists before anybody declares anything.

use portvakt_core::administration::bootstrap::{OperatorOrganization, bootstrap};
use portvakt_core::ports::{Listing, Store};
use portvakt_core::scope::RESERVED_SCOPES;

use crate::harness::{Registry, at, orgno, scope};

#[tokio::test]
async fn makes_the_operators_prefixes_and_every_reserved_scope() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let prefixes = unit.list_prefixes(None, Listing::Active).await.unwrap();
    let names: Vec<_> = prefixes
        .iter()
        .map(|assignment| assignment.prefix.as_str())
        .collect();
    assert_eq!(names, ["global", "idporten", "krr", "portvakt"]);
    let scopes = unit.list_scopes(None, Listing::Active).await.unwrap();
    assert_eq!(scopes.len(), RESERVED_SCOPES.len());
    let write = unit
        .find_scope(&scope("idporten:dcr.write"))
        .await
        .unwrap()
        .unwrap();
    assert!(write.operator_only && !write.accessible_for_all);
}

#[tokio::test]
async fn again_it_keeps_what_an_operator_changed() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let name = scope("idporten:user.log.read");
    let mut changed = unit.find_scope(&name).await.unwrap().unwrap();
    changed.accessible_for_all = false;
    unit.save_scope(&changed).await.unwrap();
    let other = OperatorOrganization {
        orgno: orgno("889640782"),
        name: "Nav".to_owned(),
    };
    bootstrap(unit.as_mut(), &other, at(5)).await.unwrap();
    assert_eq!(unit.find_scope(&name).await.unwrap().unwrap(), changed);
    let prefix = unit
        .find_prefix(&"krr".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(prefix.owner_orgno.as_str(), "991825827");
}

#[tokio::test]
async fn again_it_writes_nothing() {
    let registry = Registry::bootstrapped().await;
    let before = registry.store.revision().await.unwrap();
    let mut unit = registry.begin().await;
    bootstrap(unit.as_mut(), &OperatorOrganization::default(), at(5))
        .await
        .unwrap();
    assert_eq!(unit.commit().await.unwrap(), before);
}
