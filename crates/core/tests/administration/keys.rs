//! Clients' keys.

use portvakt_core::Timestamp;
use portvakt_core::administration::{AdministrationError, Role, client, key};
use portvakt_core::ports::{Listing, UnitOfWork};
use portvakt_jose::{Algorithm, JwkSet, PublicJwk, RsaBits, SigningKey};

use crate::harness::{CONSUMER, Registry, at, consumers_client, id, orgno};

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
async fn an_organization_cannot_plant_a_key_on_its_administration_client() {
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    let wanted = consumers_client("admin", &["idporten:dcr.write"]);
    client::register(unit.as_mut(), wanted, Role::Operator, at(1))
        .await
        .unwrap();
    let jwks = JwkSet::new(vec![public(&signing_key(), "k1")]).unwrap();
    let owner = Role::Owner(orgno(CONSUMER));
    let planted = key::replace(unit.as_mut(), &id("admin"), &jwks, owner, at(2)).await;
    assert!(
        matches!(planted, Err(AdministrationError::Forbidden(_))),
        "{planted:?}"
    );
}

#[tokio::test]
async fn a_key_is_locked_to_a_certificate_of_the_client_organization_and_nobody_elses() {
    use base64::Engine;
    use portvakt_jose::{CertificateAuthority, CertificateProfile, CertificateRequest};
    let authority = CertificateAuthority::generate("Test CA", 0, 4_000_000_000).unwrap();
    let signing_key = SigningKey::generate(Algorithm::Rs256, RsaBits::B2048).unwrap();
    let locked = |number: &str| {
        let request =
            CertificateRequest::new(CertificateProfile::Seid2, number, "Navn", 0..=4_000_000_000);
        let certificate = authority.issue_for(&request, &signing_key).unwrap();
        let mut jwk = signing_key.public_jwk("locked").to_json();
        let der = base64::engine::general_purpose::STANDARD.encode(certificate.certificate_der);
        jwk["x5c"] = serde_json::json!([der]);
        PublicJwk::parse(&jwk).unwrap()
    };
    let registry = Registry::bootstrapped().await;
    let mut unit = registry.begin().await;
    // The token endpoint compares with the customer also where a supplier manages the client.
    let supplier = "313994031";
    let mut managed = consumers_client("managed", &["krr:global/digitalpost.read"]);
    managed.supplier_orgno = Some(orgno(supplier));
    client::register(unit.as_mut(), managed, Role::Operator, at(1))
        .await
        .unwrap();
    let client_id = id("managed");
    let refused = key::add(
        unit.as_mut(),
        &client_id,
        locked(supplier),
        Role::Operator,
        at(2),
    )
    .await;
    assert!(
        matches!(refused, Err(AdministrationError::Invalid(_))),
        "{refused:?}"
    );
    key::add(
        unit.as_mut(),
        &client_id,
        locked(CONSUMER),
        Role::Operator,
        at(2),
    )
    .await
    .unwrap();
}
