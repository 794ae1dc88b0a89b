//! Keys of clients (spec: selfservice §5.6.1).

use portvakt_jose::{Certificate, JwkSet, PublicJwk};

use super::{AdministrationError, FieldFaults, RecordKind, Role, client};
use crate::client::{AuthenticationMethod, Client, ClientId, ClientKey, KeySet};
use crate::clock::Timestamp;
use crate::ports::{Listing, StoredKey, UnitOfWork};

/// The client's keys, removed ones too if asked.
pub async fn list(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    listing: Listing,
) -> Result<Vec<StoredKey>, AdministrationError> {
    client::find(unit, client_id).await?;
    Ok(unit.list_keys(client_id, listing).await?)
}

/// Replaces the whole set. A key that is posted again without `exp` is renewed.
pub async fn replace(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    jwks: &JwkSet,
    role: Role,
    now: Timestamp,
) -> Result<KeySet, AdministrationError> {
    let client = client::find_administered(unit, client_id, role).await?;
    let set = check(&client, jwks, now)?;
    unit.replace_keys(client_id, Some(&set), now).await?;
    Ok(set)
}

/// Adds one key and leaves the others and their expiry. The same key under the same `kid` is
/// renewed; another key under a `kid` that is taken is refused.
pub async fn add(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    jwk: PublicJwk,
    role: Role,
    now: Timestamp,
) -> Result<KeySet, AdministrationError> {
    let present = unit.list_keys(client_id, Listing::Active).await?;
    let jwks = merge(&present, jwk)?;
    replace(unit, client_id, &jwks, role, now).await
}

/// Removes one key; without keys the client is back to certificates.
pub async fn remove(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    kid: &str,
    role: Role,
    now: Timestamp,
) -> Result<(), AdministrationError> {
    client::find_administered(unit, client_id, role).await?;
    let present = unit.list_keys(client_id, Listing::Active).await?;
    if !present.iter().any(|stored| stored.key.jwk.key_id() == kid) {
        let id = format!("{kid} of client {client_id}");
        return Err(AdministrationError::not_found(RecordKind::Key, id));
    }
    let others = present
        .iter()
        .filter(|stored| stored.key.jwk.key_id() != kid);
    let others: Vec<_> = others
        .map(|stored| with_expiry(&stored.key))
        .collect::<Result<_, _>>()?;
    if others.is_empty() {
        return Ok(unit.replace_keys(client_id, None, now).await?);
    }
    let jwks = JwkSet::new(others).map_err(invalid_set)?;
    replace(unit, client_id, &jwks, role, now).await?;
    Ok(())
}

/// Removes every key.
pub async fn remove_all(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    role: Role,
    now: Timestamp,
) -> Result<(), AdministrationError> {
    client::find_administered(unit, client_id, role).await?;
    Ok(unit.replace_keys(client_id, None, now).await?)
}

/// The set, if the client may have it.
pub(crate) fn check(
    client: &Client,
    jwks: &JwkSet,
    now: Timestamp,
) -> Result<KeySet, AdministrationError> {
    let mut faults = FieldFaults::default();
    if client.token_endpoint_auth_method != AuthenticationMethod::PrivateKeyJwt {
        faults.invalid("jwks", "only clients with private_key_jwt have keys");
    }
    for jwk in jwks.keys() {
        if let Some(message) = foreign_certificate(client, jwk) {
            faults.invalid("jwks", message);
        }
    }
    faults.into_result()?;
    KeySet::from_jwks(jwks, client, now).map_err(invalid_set)
}

/// A key may be locked to a certificate, of the client's own organization only.
fn foreign_certificate(client: &Client, jwk: &PublicJwk) -> Option<String> {
    let leaf = jwk.certificates()?.first()?;
    let number = Certificate::parse(leaf)
        .ok()
        .and_then(|leaf| leaf.organization_number().ok());
    let own = client.client_orgno;
    (number.as_deref() != Some(own.as_str())).then(|| {
        format!(
            "the certificate of key {} does not belong to {own}",
            jwk.key_id()
        )
    })
}

fn merge(present: &[StoredKey], jwk: PublicJwk) -> Result<JwkSet, AdministrationError> {
    let same_kid = present
        .iter()
        .find(|stored| stored.key.jwk.key_id() == jwk.key_id());
    if same_kid.is_some_and(|stored| stored.key.jwk.thumbprint() != jwk.thumbprint()) {
        let remedy = "give the new key another kid";
        return Err(AdministrationError::already_exists(
            RecordKind::Key,
            jwk.key_id(),
            remedy,
        ));
    }
    let others = present
        .iter()
        .filter(|stored| stored.key.jwk.key_id() != jwk.key_id());
    let mut keys: Vec<_> = others
        .map(|stored| with_expiry(&stored.key))
        .collect::<Result<_, _>>()?;
    keys.push(jwk);
    JwkSet::new(keys).map_err(invalid_set)
}

/// The key with its present end as `exp`: posting it again does not prolong its life.
fn with_expiry(key: &ClientKey) -> Result<PublicJwk, AdministrationError> {
    PublicJwk::parse(&key.to_json()).map_err(invalid_set)
}

fn invalid_set(error: impl std::fmt::Display) -> AdministrationError {
    AdministrationError::invalid("jwks", error.to_string())
}
