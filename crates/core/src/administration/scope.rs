//! Scopes (spec: selfservice §6).

mod amendment;
mod rules;

use super::{AdministrationError, RecordKind, Role, Saved};
use crate::clock::Timestamp;
use crate::delegation::DelegationSource;
use crate::organization::OrgNumber;
use crate::ports::UnitOfWork;
use crate::scope::{Prefix, Scope, ScopeName};

pub use self::amendment::{ScopeAmendment, amend};
pub use self::rules::attribute_faults;
pub(crate) use self::rules::{check_introspecting_clients, normalize, unknown_source};

/// Makes a scope below an active prefix of its owner. A name that exists, active or not, is
/// refused. `scope` may come with `active: false`.
pub async fn create(
    unit: &mut dyn UnitOfWork,
    mut scope: Scope,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Scope>, AdministrationError> {
    normalize(&mut scope);
    let known = unit.find_scope(&scope.name).await?;
    check_prefix(unit, &scope.name, scope.owner_orgno, role).await?;
    check(unit, &scope, None, role).await?;
    if known.is_some() {
        let remedy = "update it, or reactivate it if it is deactivated";
        return Err(AdministrationError::already_exists(
            RecordKind::Scope,
            &scope.name,
            remedy,
        ));
    }
    (scope.created, scope.last_updated) = (now, now);
    unit.save_scope(&scope).await?;
    Ok(Saved::created(scope))
}

/// Replaces every writable attribute of the scope of this name, `active` included. Owner and time
/// of creation stay.
pub async fn update(
    unit: &mut dyn UnitOfWork,
    mut desired: Scope,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Scope>, AdministrationError> {
    let known = find_owned(unit, &desired.name, role).await?;
    normalize(&mut desired);
    desired.owner_orgno = known.owner_orgno;
    check(unit, &desired, Some(&known), role).await?;
    if role != Role::Operator {
        rules::keep_operator_attributes(&known, &mut desired);
    }
    replace(unit, &known, desired, now).await
}

/// Stops tokens with this scope at once. Access and clients' registrations stay.
pub async fn deactivate(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Scope>, AdministrationError> {
    set_active(unit, name, role, false, now).await
}

/// Undoes a deactivation.
pub async fn reactivate(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Scope>, AdministrationError> {
    set_active(unit, name, role, true, now).await
}

/// The scope of this name, which must be known.
pub async fn find(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
) -> Result<Scope, AdministrationError> {
    find_owned(unit, name, Role::Operator).await
}

/// The scope of this name, if the role may administer it. Of a scope of somebody else nothing is
/// said, not even that it exists.
pub(crate) async fn find_owned(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    role: Role,
) -> Result<Scope, AdministrationError> {
    let found = unit.find_scope(name).await?;
    let may_administer = |scope: &Scope| match role {
        Role::Operator => true,
        Role::Owner(orgno) => scope.owner_orgno == orgno,
    };
    found
        .filter(may_administer)
        .ok_or_else(|| AdministrationError::not_found(RecordKind::Scope, name))
}

/// The organization that the prefix of a new scope is assigned to.
pub async fn owner_of_prefix(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
) -> Result<OrgNumber, AdministrationError> {
    let unassigned = || {
        let prefix = name.prefix().unwrap_or(name.as_str());
        let message = format!("{prefix} is not assigned to an organization: assign it first");
        AdministrationError::invalid("prefix", message)
    };
    let Some(Ok(prefix)) = name.prefix().map(Prefix::parse) else {
        return Err(unassigned());
    };
    let assignment = unit
        .find_prefix(&prefix)
        .await?
        .filter(|assignment| assignment.active);
    assignment
        .map(|assignment| assignment.owner_orgno)
        .ok_or_else(unassigned)
}

async fn check_prefix(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    owner: OrgNumber,
    role: Role,
) -> Result<(), AdministrationError> {
    match owner_of_prefix(unit, name).await {
        Ok(assigned) if assigned == owner => return Ok(()),
        // To an organization, a prefix of nobody is as little its own as one of somebody else.
        Err(AdministrationError::Invalid(_)) if role != Role::Operator => {}
        Ok(_) => {}
        Err(error) => return Err(error),
    }
    let prefix = name.prefix().unwrap_or(name.as_str());
    let message = format!("{prefix} is not a prefix of {owner}");
    Err(AdministrationError::forbidden("prefix", message))
}

async fn check(
    unit: &mut dyn UnitOfWork,
    scope: &Scope,
    known: Option<&Scope>,
    role: Role,
) -> Result<(), AdministrationError> {
    let mut faults = attribute_faults(scope);
    if role != Role::Operator {
        rules::operator_attribute_faults(scope, known, &mut faults);
    }
    if let Some(issuer) = &scope.delegation_source {
        let sources = unit.list_delegation_sources().await?;
        let is_known = |source: &DelegationSource| source.active && source.issuer == *issuer;
        if !sources.iter().any(is_known) {
            faults.invalid("delegation_source", unknown_source(issuer));
        }
    }
    check_introspecting_clients(unit, scope, &mut faults).await?;
    faults.into_result()
}

/// Saves `desired` in the place of `known` if they differ in anything but the time.
pub(crate) async fn replace(
    unit: &mut dyn UnitOfWork,
    known: &Scope,
    mut desired: Scope,
    now: Timestamp,
) -> Result<Saved<Scope>, AdministrationError> {
    (desired.created, desired.last_updated) = (known.created, known.last_updated);
    if desired == *known {
        return Ok(Saved::unchanged(desired));
    }
    desired.last_updated = now;
    unit.save_scope(&desired).await?;
    Ok(Saved::updated(desired))
}

async fn set_active(
    unit: &mut dyn UnitOfWork,
    name: &ScopeName,
    role: Role,
    active: bool,
    now: Timestamp,
) -> Result<Saved<Scope>, AdministrationError> {
    let known = find_owned(unit, name, role).await?;
    let desired = Scope {
        active,
        ..known.clone()
    };
    replace(unit, &known, desired, now).await
}
