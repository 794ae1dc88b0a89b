//! What the story records, by the same use-cases as the commands that it shows.

use portvakt_core::Timestamp;
use portvakt_core::administration::{Role, access, client, key, organization, prefix, scope};
use portvakt_core::client::{Client, ClientId};
use portvakt_core::organization::OrgNumber;
use portvakt_core::ports::Store;
use portvakt_core::scope::{Prefix, Scope, ScopeName};
use portvakt_jose::SigningKey;

use super::{KID, PROVIDER, SCOPE};
use crate::recorded::begin_as_server;

/// The provider, its prefix and its scope.
pub(super) async fn define(store: &dyn Store, now: Timestamp) -> anyhow::Result<()> {
    let owner = OrgNumber::parse(PROVIDER)?;
    let mut unit = begin_as_server(store, now).await?;
    organization::add(unit.as_mut(), owner, "Arbeids- og velferdsetaten", now).await?;
    prefix::assign(unit.as_mut(), &Prefix::parse("nav")?, owner, now).await?;
    let mut example = Scope::new(ScopeName::parse(SCOPE)?, owner, "Eksempel", now);
    example.at_max_age = 120;
    scope::create(unit.as_mut(), example, Role::Operator, now).await?;
    unit.commit().await?;
    Ok(())
}

/// An organization's access.
pub(super) async fn grant(store: &dyn Store, consumer: &str, now: Timestamp) -> anyhow::Result<()> {
    let (name, consumer) = (ScopeName::parse(SCOPE)?, OrgNumber::parse(consumer)?);
    let mut unit = begin_as_server(store, now).await?;
    access::grant(unit.as_mut(), &name, consumer, Role::Operator, now).await?;
    unit.commit().await?;
    Ok(())
}

/// The end of an organization's access.
pub(super) async fn withdraw(
    store: &dyn Store,
    consumer: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (name, consumer) = (ScopeName::parse(SCOPE)?, OrgNumber::parse(consumer)?);
    let mut unit = begin_as_server(store, now).await?;
    access::withdraw(unit.as_mut(), &name, consumer, Role::Operator, now).await?;
    unit.commit().await?;
    Ok(())
}

/// A client with a registered key and the scope.
pub(super) async fn register(
    store: &dyn Store,
    client_id: &str,
    owner: &str,
    signing_key: &SigningKey,
    now: Timestamp,
) -> anyhow::Result<()> {
    let id = ClientId::parse(client_id)?;
    let scopes = vec![ScopeName::parse(SCOPE)?];
    let registration = Client::machine(
        id.clone(),
        "Eksempel",
        OrgNumber::parse(owner)?,
        scopes,
        now,
    );
    let mut unit = begin_as_server(store, now).await?;
    client::register(unit.as_mut(), registration, Role::Operator, now).await?;
    key::add(
        unit.as_mut(),
        &id,
        signing_key.public_jwk(KID),
        Role::Operator,
        now,
    )
    .await?;
    unit.commit().await?;
    Ok(())
}
