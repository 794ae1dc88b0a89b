//! Access of organizations to scopes (spec: selfservice §7).

use super::{AdministrationError, RecordKind, Role, Saved, organization, scope};
use crate::access::{Access, AccessState};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::UnitOfWork;
use crate::scope::ScopeName;

/// Gives an organization access; also one that had it withdrawn, and one that is not known yet,
/// which is then recorded without a name. The scope may be deactivated: access can be prepared.
pub async fn grant(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    consumer: OrgNumber,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Access>, AdministrationError> {
    scope::find_owned(unit, name, role).await?;
    organization::ensure(unit, consumer, now).await?;
    put(unit, name, consumer, AccessState::Approved, now).await
}

/// Takes access away; the record stays.
pub async fn withdraw(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    consumer: OrgNumber,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Access>, AdministrationError> {
    scope::find_owned(unit, name, role).await?;
    if unit.find_access(name, consumer).await?.is_none() {
        let id = format!("of {consumer} to {name}");
        return Err(AdministrationError::not_found(RecordKind::Access, id));
    }
    put(unit, name, consumer, AccessState::Denied, now).await
}

/// Brings the record into this state. Scope and organization must be known.
pub(crate) async fn put(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    consumer_orgno: OrgNumber,
    state: AccessState,
    now: Timestamp,
) -> Result<Saved<Access>, AdministrationError> {
    let known = unit.find_access(name, consumer_orgno).await?;
    let created = known.as_ref().map_or(now, |access| access.created);
    let wanted = Access {
        scope: name.clone(),
        consumer_orgno,
        state,
        created,
        last_updated: now,
    };
    match known {
        Some(known) if known.state == state => Ok(Saved::unchanged(known)),
        known => {
            unit.save_access(&wanted).await?;
            Ok(if known.is_some() {
                Saved::updated(wanted)
            } else {
                Saved::created(wanted)
            })
        }
    }
}
