//! On-behalf-of registrations of login clients (spec: selfservice §5.7).

use super::{AdministrationError, FieldFaults, RecordKind, Role, Saved, client, organization};
use crate::client::{Client, ClientId, OnBehalfOf};
use crate::clock::Timestamp;
use crate::ports::{Listing, UnitOfWork};

const MAX_NAME: usize = 255;
const MAX_DESCRIPTION: usize = 1000;

/// Registers a customer under a value of its own. A value that exists, removed or not, is refused.
pub async fn create(
    unit: &mut dyn UnitOfWork,
    mut wanted: OnBehalfOf,
    role: Role,
    now: Timestamp,
) -> Result<Saved<OnBehalfOf>, AdministrationError> {
    check(unit, &wanted, role).await?;
    if find_any(unit, &wanted.client_id, &wanted.onbehalfof)
        .await?
        .is_some()
    {
        let remedy = "update it, which also undoes a removal";
        let kind = RecordKind::OnBehalfOf;
        return Err(AdministrationError::already_exists(
            kind,
            &wanted.onbehalfof,
            remedy,
        ));
    }
    organization::ensure(unit, wanted.orgno, now).await?;
    (wanted.created, wanted.last_updated) = (now, now);
    unit.save_on_behalf_of(&wanted).await?;
    Ok(Saved::created(wanted))
}

/// Replaces every writable attribute of a known registration; one that was removed is back.
pub async fn update(
    unit: &mut dyn UnitOfWork,
    wanted: OnBehalfOf,
    role: Role,
    now: Timestamp,
) -> Result<Saved<OnBehalfOf>, AdministrationError> {
    check(unit, &wanted, role).await?;
    let known = find(unit, &wanted.client_id, &wanted.onbehalfof).await?;
    organization::ensure(unit, wanted.orgno, now).await?;
    replace(unit, known, wanted, now).await
}

/// Takes a registration away; the record stays.
pub async fn remove(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    value: &str,
    role: Role,
    now: Timestamp,
) -> Result<Saved<OnBehalfOf>, AdministrationError> {
    client::find_administered(unit, client_id, role).await?;
    let known = find(unit, client_id, value).await?;
    let wanted = OnBehalfOf {
        active: false,
        ..known.clone()
    };
    replace(unit, known, wanted, now).await
}

/// The client's registration of this value, removed or not, which must be known.
pub async fn find(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    value: &str,
) -> Result<OnBehalfOf, AdministrationError> {
    let found = find_any(unit, client_id, value).await?;
    found.ok_or_else(|| AdministrationError::not_found(RecordKind::OnBehalfOf, value))
}

async fn find_any(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    value: &str,
) -> Result<Option<OnBehalfOf>, AdministrationError> {
    let all = unit.list_on_behalf_of(client_id, Listing::All).await?;
    Ok(all.into_iter().find(|known| known.onbehalfof == value))
}

async fn check(
    unit: &mut dyn UnitOfWork,
    wanted: &OnBehalfOf,
    role: Role,
) -> Result<(), AdministrationError> {
    let client = client::find_administered(unit, &wanted.client_id, role).await?;
    let mut faults = FieldFaults::default();
    attribute_faults(&client, wanted, &mut faults);
    faults.into_result()
}

fn attribute_faults(client: &Client, wanted: &OnBehalfOf, faults: &mut FieldFaults) {
    if client.integration_type.is_machine() {
        let message = format!("clients of type {} have none", client.integration_type);
        faults.invalid("onbehalfof", message);
    }
    if ClientId::parse(&wanted.onbehalfof).is_err() {
        let message = "is 1 to 64 of A-Z, a-z, 0-9, '.', '_', '~' and '-'";
        faults.invalid("onbehalfof", message);
    }
    faults.length("name", &wanted.name, 1..=MAX_NAME);
    if let Some(description) = &wanted.description {
        faults.length("description", description, 0..=MAX_DESCRIPTION);
    }
}

/// Saves `wanted` in the place of `known` if they differ in anything but the time.
async fn replace(
    unit: &mut dyn UnitOfWork,
    known: OnBehalfOf,
    mut wanted: OnBehalfOf,
    now: Timestamp,
) -> Result<Saved<OnBehalfOf>, AdministrationError> {
    (wanted.created, wanted.last_updated) = (known.created, known.last_updated);
    if wanted == known {
        return Ok(Saved::unchanged(known));
    }
    wanted.last_updated = now;
    unit.save_on_behalf_of(&wanted).await?;
    Ok(Saved::updated(wanted))
}
