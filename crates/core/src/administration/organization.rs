//! Organizations (spec: selfservice §14).

use super::{AdministrationError, FieldFaults, RecordKind, Saved, operator};
use crate::clock::Timestamp;
use crate::organization::{OrgNumber, Organization};
use crate::ports::UnitOfWork;

const MAX_NAME: usize = 255;

/// Records an organization. One that is known by number only gets its name.
pub async fn add(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    name: &str,
    now: Timestamp,
) -> Result<Saved<Organization>, AdministrationError> {
    check_name(name)?;
    match unit.find_organization(orgno).await? {
        None => create(unit, orgno, name, now).await,
        Some(known) if known.active && known.name.is_empty() => {
            change(unit, known, now, |organization| {
                name.clone_into(&mut organization.name);
            })
            .await
        }
        Some(known) => {
            let remedy = if known.active {
                "rename it"
            } else {
                "it is deactivated: reactivate it"
            };
            Err(AdministrationError::already_exists(
                RecordKind::Organization,
                orgno,
                remedy,
            ))
        }
    }
}

/// The organization, recorded without a name if it is not known.
pub async fn ensure(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    now: Timestamp,
) -> Result<Saved<Organization>, AdministrationError> {
    match unit.find_organization(orgno).await? {
        Some(known) => Ok(Saved::unchanged(known)),
        None => create(unit, orgno, "", now).await,
    }
}

/// The organization, which must be known.
pub async fn find(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
) -> Result<Organization, AdministrationError> {
    let found = unit.find_organization(orgno).await?;
    found.ok_or_else(|| AdministrationError::not_found(RecordKind::Organization, orgno))
}

/// The organization, which must be known and active, for `field` names it.
pub(crate) async fn find_active(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    field: &str,
) -> Result<Organization, AdministrationError> {
    let found = unit.find_organization(orgno).await?;
    found.filter(|known| known.active).ok_or_else(|| {
        let message = format!("{orgno} is not a known, active organization: record it first");
        AdministrationError::invalid(field, message)
    })
}

/// Gives an organization another name.
pub async fn rename(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    name: &str,
    now: Timestamp,
) -> Result<Saved<Organization>, AdministrationError> {
    check_name(name)?;
    let known = find(unit, orgno).await?;
    change(unit, known, now, |organization| {
        name.clone_into(&mut organization.name);
    })
    .await
}

/// Records an organization or gives it another name. Without `active` it stays as active as it is,
/// and a new one is active.
pub async fn put(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    name: &str,
    active: Option<bool>,
    now: Timestamp,
) -> Result<Saved<Organization>, AdministrationError> {
    check_name(name)?;
    let known = match unit.find_organization(orgno).await? {
        Some(known) => known,
        None if active == Some(false) => {
            let message = "a new organization is active";
            return Err(AdministrationError::invalid("active", message));
        }
        None => return create(unit, orgno, name, now).await,
    };
    if active == Some(false) {
        check_stoppable(unit, orgno).await?;
    }
    change(unit, known, now, |organization| {
        name.clone_into(&mut organization.name);
        organization.active = active.unwrap_or(organization.active);
    })
    .await
}

/// Stops every client of the organization, and every scope that it owns, at once. The operator's
/// own is refused: every reserved scope would stop with it.
pub async fn deactivate(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    now: Timestamp,
) -> Result<Saved<Organization>, AdministrationError> {
    let known = find(unit, orgno).await?;
    check_stoppable(unit, orgno).await?;
    change(unit, known, now, |organization| organization.active = false).await
}

/// Undoes a deactivation; clients, scopes and access are as they were.
pub async fn reactivate(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    now: Timestamp,
) -> Result<Saved<Organization>, AdministrationError> {
    let known = find(unit, orgno).await?;
    change(unit, known, now, |organization| organization.active = true).await
}

async fn check_stoppable(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
) -> Result<(), AdministrationError> {
    if operator::find_organization(unit).await? == Some(orgno) {
        let message = format!("{orgno} operates this server and owns its reserved scopes");
        return Err(AdministrationError::Conflict(message));
    }
    Ok(())
}

pub(crate) fn check_name(name: &str) -> Result<(), AdministrationError> {
    let mut faults = FieldFaults::default();
    faults.length("name", name, 1..=MAX_NAME);
    faults.into_result()
}

async fn create(
    unit: &mut dyn UnitOfWork,
    orgno: OrgNumber,
    name: &str,
    now: Timestamp,
) -> Result<Saved<Organization>, AdministrationError> {
    let name = name.to_owned();
    let organization = Organization {
        orgno,
        name,
        active: true,
        created: now,
        last_updated: now,
    };
    unit.save_organization(&organization).await?;
    Ok(Saved::created(organization))
}

async fn change(
    unit: &mut dyn UnitOfWork,
    known: Organization,
    now: Timestamp,
    edit: impl FnOnce(&mut Organization),
) -> Result<Saved<Organization>, AdministrationError> {
    let mut edited = known.clone();
    edit(&mut edited);
    if edited == known {
        return Ok(Saved::unchanged(known));
    }
    edited.last_updated = now;
    unit.save_organization(&edited).await?;
    Ok(Saved::updated(edited))
}
