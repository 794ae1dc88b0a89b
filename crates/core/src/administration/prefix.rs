//! Prefixes: who may make scopes below which name (spec: selfservice §14).
//!
//! Look-alikes that differ in case alone cannot exist: a [`Prefix`] has no capital letters.

use super::{AdministrationError, Change, RecordKind, Saved, organization, scope};
use crate::clock::Timestamp;
use crate::organization::OrgNumber;
use crate::ports::{Listing, PrefixAssignment, UnitOfWork};
use crate::scope::{Prefix, Scope, ScopeName};

/// Prefixes that belong to the operator's own organization (spec: selfservice §9).
pub const OPERATOR_PREFIXES: [&str; 4] = ["idporten", "krr", "global", "portvakt"];

/// Assigns a prefix to a known organization. Assigning it to its present owner again undoes a
/// withdrawal.
pub async fn assign(
    unit: &mut dyn UnitOfWork,
    prefix: &Prefix,
    owner: OrgNumber,
    now: Timestamp,
) -> Result<Saved<PrefixAssignment>, AdministrationError> {
    put(unit, prefix, owner, true, now).await
}

/// As [`assign`]; with `active` false the prefix ends up assigned and withdrawn.
pub(crate) async fn put(
    unit: &mut dyn UnitOfWork,
    prefix: &Prefix,
    owner: OrgNumber,
    active: bool,
    now: Timestamp,
) -> Result<Saved<PrefixAssignment>, AdministrationError> {
    check_number(prefix, owner)?;
    organization::find(unit, owner).await?;
    match unit.find_prefix(prefix).await? {
        Some(known) if known.owner_orgno == owner => set_active(unit, known, active, now).await,
        Some(known) => Err(AdministrationError::already_exists(
            RecordKind::Prefix,
            prefix,
            &format!("it belongs to {}, choose another", known.owner_orgno),
        )),
        None if is_operators(prefix) => Err(AdministrationError::forbidden(
            "prefix",
            format!("{prefix} belongs to the operator"),
        )),
        None => {
            let created = create(unit, prefix, owner, now).await?;
            let saved = set_active(unit, created.record, active, now).await?;
            Ok(Saved::created(saved.record))
        }
    }
}

/// Stops new scopes below the prefix; those that exist keep working and keep their owner.
pub async fn withdraw(
    unit: &mut dyn UnitOfWork,
    prefix: &Prefix,
    now: Timestamp,
) -> Result<Saved<PrefixAssignment>, AdministrationError> {
    let known = find(unit, prefix).await?;
    set_active(unit, known, false, now).await
}

/// Undoes a withdrawal.
pub async fn reactivate(
    unit: &mut dyn UnitOfWork,
    prefix: &Prefix,
    now: Timestamp,
) -> Result<Saved<PrefixAssignment>, AdministrationError> {
    let known = find(unit, prefix).await?;
    set_active(unit, known, true, now).await
}

/// A prefix in other hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The assignment to its new owner, as active as it was.
    pub assignment: PrefixAssignment,
    /// The scopes that moved with it, in order of name.
    pub scopes: Vec<ScopeName>,
}

/// Gives a prefix to another known organization, and with it, if asked, the scopes below it that
/// its present owner has. Access to them stays. What belongs to the operator stays its own.
pub async fn transfer(
    unit: &mut dyn UnitOfWork,
    prefix: &Prefix,
    to: OrgNumber,
    with_scopes: bool,
    now: Timestamp,
) -> Result<Saved<Transfer>, AdministrationError> {
    let known = find(unit, prefix).await?;
    check_movable(prefix)?;
    check_number(prefix, to)?;
    organization::find_active(unit, to, "to").await?;
    if known.owner_orgno == to {
        let (assignment, scopes) = (known, Vec::new());
        return Ok(Saved::unchanged(Transfer { assignment, scopes }));
    }
    let scopes = if with_scopes {
        move_scopes(unit, &known, to, now).await?
    } else {
        Vec::new()
    };
    let assignment = PrefixAssignment {
        owner_orgno: to,
        last_updated: now,
        ..known
    };
    unit.save_prefix(&assignment).await?;
    Ok(Saved::updated(Transfer { assignment, scopes }))
}

/// Reserved names say who operates the server.
fn check_movable(prefix: &Prefix) -> Result<(), AdministrationError> {
    if is_operators(prefix) {
        let message = format!("{prefix} belongs to the operator and stays there");
        return Err(AdministrationError::forbidden("prefix", message));
    }
    Ok(())
}

/// Whether the prefix is one of the operator's own.
pub(crate) fn is_operators(prefix: &Prefix) -> bool {
    OPERATOR_PREFIXES.contains(&prefix.as_str())
}

async fn move_scopes(
    unit: &mut dyn UnitOfWork,
    from: &PrefixAssignment,
    to: OrgNumber,
    now: Timestamp,
) -> Result<Vec<ScopeName>, AdministrationError> {
    let owned = unit
        .list_scopes(Some(from.owner_orgno), Listing::All)
        .await?;
    let is_below = |scope: &Scope| scope.name.prefix() == Some(from.prefix.as_str());
    let mut moved = Vec::new();
    for known in owned.into_iter().filter(is_below) {
        let desired = known.clone().owned_by(to);
        if scope::replace(unit, &known, desired, now).await?.change != Change::Unchanged {
            moved.push(known.name);
        }
    }
    Ok(moved)
}

/// The assignment of a prefix, withdrawn or not.
pub async fn find(
    unit: &mut dyn UnitOfWork,
    prefix: &Prefix,
) -> Result<PrefixAssignment, AdministrationError> {
    let found = unit.find_prefix(prefix).await?;
    found.ok_or_else(|| AdministrationError::not_found(RecordKind::Prefix, prefix))
}

/// A prefix that is an organization number belongs to that organization.
fn check_number(prefix: &Prefix, owner: OrgNumber) -> Result<(), AdministrationError> {
    match OrgNumber::parse(prefix.as_str()) {
        Ok(number) if number != owner => Err(AdministrationError::invalid(
            "prefix",
            format!("{prefix} is an organization number: only that organization can have it"),
        )),
        _ => Ok(()),
    }
}

pub(super) async fn create(
    unit: &mut dyn UnitOfWork,
    prefix: &Prefix,
    owner_orgno: OrgNumber,
    now: Timestamp,
) -> Result<Saved<PrefixAssignment>, AdministrationError> {
    let assignment = PrefixAssignment {
        prefix: prefix.clone(),
        owner_orgno,
        active: true,
        created: now,
        last_updated: now,
    };
    unit.save_prefix(&assignment).await?;
    Ok(Saved::created(assignment))
}

async fn set_active(
    unit: &mut dyn UnitOfWork,
    known: PrefixAssignment,
    active: bool,
    now: Timestamp,
) -> Result<Saved<PrefixAssignment>, AdministrationError> {
    if known.active == active {
        return Ok(Saved::unchanged(known));
    }
    let changed = PrefixAssignment {
        active,
        last_updated: now,
        ..known
    };
    unit.save_prefix(&changed).await?;
    Ok(Saved::updated(changed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_as_prefix_belongs_to_that_organization() {
        let owner = OrgNumber::parse("312773023").unwrap();
        let check = |text: &str| check_number(&Prefix::parse(text).unwrap(), owner).is_ok();
        assert!(check("312773023"));
        assert!(!check("313994031"));
        assert!(check("31399403"));
    }
}
