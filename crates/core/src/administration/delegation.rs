//! Delegation sources and the built-in register of delegations (spec: selfservice §8.1, §14).

use super::{AdministrationError, FieldFaults, RecordKind, Saved, scope};
use crate::clock::Timestamp;
use crate::delegation::{Delegation, DelegationSource};
use crate::organization::OrgNumber;
use crate::ports::{Listing, UnitOfWork};
use crate::scope::ScopeName;

const MAX_NAME: usize = 64;
const MAX_ISSUER: usize = 1000;

/// Records a source, or undoes its withdrawal. Its issuer is kept byte for byte, and cannot change
/// once a scope names it.
pub async fn add_source(
    unit: &mut dyn UnitOfWork,
    name: &str,
    issuer: &str,
    now: Timestamp,
) -> Result<Saved<DelegationSource>, AdministrationError> {
    put_source(unit, name, issuer, Some(true), now).await
}

/// Lets no scope name the source any more; refused while one does, active or not.
pub async fn withdraw_source(
    unit: &mut dyn UnitOfWork,
    name: &str,
    now: Timestamp,
) -> Result<Saved<DelegationSource>, AdministrationError> {
    let sources = unit.list_delegation_sources().await?;
    let Some(known) = sources.into_iter().find(|source| source.name == name) else {
        let kind = RecordKind::DelegationSource;
        return Err(AdministrationError::not_found(kind, name));
    };
    put_source(unit, name, &known.issuer, Some(false), now).await
}

/// Brings the source into this state; without `active` it stays as active as it is.
pub(crate) async fn put_source(
    unit: &mut dyn UnitOfWork,
    name: &str,
    issuer: &str,
    active: Option<bool>,
    now: Timestamp,
) -> Result<Saved<DelegationSource>, AdministrationError> {
    check_source(name, issuer)?;
    let sources = unit.list_delegation_sources().await?;
    if let Some(other) = sources
        .iter()
        .find(|other| other.issuer == issuer && other.name != name)
    {
        let remedy = format!("it is named {}", other.name);
        let kind = RecordKind::DelegationSource;
        return Err(AdministrationError::already_exists(kind, issuer, &remedy));
    }
    let known = sources.into_iter().find(|source| source.name == name);
    let (name, issuer) = (name.to_owned(), issuer.to_owned());
    let created = known.as_ref().map_or(now, |source| source.created);
    let was_active = known.as_ref().is_none_or(|source| source.active);
    let wanted = DelegationSource {
        name,
        issuer,
        active: active.unwrap_or(was_active),
        created,
        last_updated: now,
    };
    match known {
        Some(known) if known.issuer == wanted.issuer && known.active == wanted.active => {
            Ok(Saved::unchanged(known))
        }
        Some(known) => {
            check_unused(unit, &known).await?;
            unit.save_delegation_source(&wanted).await?;
            Ok(Saved::updated(wanted))
        }
        None => {
            unit.save_delegation_source(&wanted).await?;
            Ok(Saved::created(wanted))
        }
    }
}

/// The source with this name or this issuer.
pub async fn find_source(
    unit: &mut dyn UnitOfWork,
    name_or_issuer: &str,
) -> Result<DelegationSource, AdministrationError> {
    let sources = unit.list_delegation_sources().await?;
    let matches = |source: &DelegationSource| {
        source.name == name_or_issuer || source.issuer == name_or_issuer
    };
    let found = sources.into_iter().find(matches);
    found
        .ok_or_else(|| AdministrationError::not_found(RecordKind::DelegationSource, name_or_issuer))
}

/// Lets a supplier use a delegable scope in a consumer's name, or changes for how long.
pub async fn add(
    unit: &mut dyn UnitOfWork,
    wanted: Delegation,
    now: Timestamp,
) -> Result<Saved<Delegation>, AdministrationError> {
    let scope = scope::find(unit, &wanted.scope).await?;
    let mut faults = faults(&wanted);
    if scope.delegation_source.as_ref() != Some(&wanted.delegation_source) {
        faults.invalid(
            "scope",
            not_delegable(&wanted.scope, &wanted.delegation_source),
        );
    }
    faults.into_result()?;
    find_source(unit, &wanted.delegation_source).await?;
    let known = find(unit, &wanted).await?;
    replace(unit, known, wanted, now).await
}

/// Ends a delegation; the record stays.
pub async fn withdraw(
    unit: &mut dyn UnitOfWork,
    row: &DelegationKey,
    now: Timestamp,
) -> Result<Saved<Delegation>, AdministrationError> {
    let delegations = unit.list_delegations(Listing::All).await?;
    let known = delegations
        .into_iter()
        .find(|delegation| row.is_key_of(delegation));
    let Some(known) = known else {
        let id = format!(
            "of {} from {} to {}",
            row.scope, row.consumer_orgno, row.supplier_orgno
        );
        return Err(AdministrationError::not_found(RecordKind::Delegation, id));
    };
    let wanted = Delegation {
        active: false,
        ..known.clone()
    };
    replace(unit, Some(known), wanted, now).await
}

/// What identifies a delegation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DelegationKey {
    /// Issuer of the source.
    pub delegation_source: String,
    /// The scope.
    pub scope: ScopeName,
    /// Who delegates.
    pub consumer_orgno: OrgNumber,
    /// Who may act.
    pub supplier_orgno: OrgNumber,
}

impl DelegationKey {
    /// The key of a delegation.
    pub fn of(delegation: &Delegation) -> Self {
        Self {
            delegation_source: delegation.delegation_source.clone(),
            scope: delegation.scope.clone(),
            consumer_orgno: delegation.consumer_orgno,
            supplier_orgno: delegation.supplier_orgno,
        }
    }

    fn is_key_of(&self, delegation: &Delegation) -> bool {
        *self == Self::of(delegation)
    }
}

pub(crate) fn check_source(name: &str, issuer: &str) -> Result<(), AdministrationError> {
    let mut faults = FieldFaults::default();
    faults.length("name", name, 1..=MAX_NAME);
    faults.length("issuer", issuer, 1..=MAX_ISSUER);
    if !issuer.is_empty() && url::Url::parse(issuer).is_err() {
        faults.invalid("issuer", "is not a URL");
    }
    faults.into_result()
}

/// Every fault that the delegation alone shows.
pub(crate) fn faults(delegation: &Delegation) -> FieldFaults {
    let mut faults = FieldFaults::default();
    if delegation.consumer_orgno == delegation.supplier_orgno {
        faults.invalid("supplier_orgno", "is the consumer itself");
    }
    if let (Some(from), Some(to)) = (delegation.valid_from, delegation.valid_to)
        && to <= from
    {
        faults.invalid("valid_to", "is not after valid_from");
    }
    faults
}

pub(crate) fn not_delegable(scope: &ScopeName, source: &str) -> String {
    format!("scope {scope} cannot be delegated in {source}: set its delegation_source")
}

async fn check_unused(
    unit: &mut dyn UnitOfWork,
    source: &DelegationSource,
) -> Result<(), AdministrationError> {
    let scopes = unit.list_scopes(None, Listing::All).await?;
    match scopes
        .iter()
        .find(|scope| scope.delegation_source.as_ref() == Some(&source.issuer))
    {
        None => Ok(()),
        Some(scope) => {
            let (name, scope) = (&source.name, &scope.name);
            let message =
                format!("scope {scope} names the issuer of {name}, which therefore stays");
            Err(AdministrationError::Conflict(message))
        }
    }
}

async fn find(
    unit: &mut dyn UnitOfWork,
    wanted: &Delegation,
) -> Result<Option<Delegation>, AdministrationError> {
    let delegations = unit.list_delegations(Listing::All).await?;
    let key = DelegationKey::of(wanted);
    Ok(delegations
        .into_iter()
        .find(|delegation| key.is_key_of(delegation)))
}

/// Saves the delegation if it is new or differs in anything but its times of record.
pub(crate) async fn replace(
    unit: &mut dyn UnitOfWork,
    known: Option<Delegation>,
    mut wanted: Delegation,
    now: Timestamp,
) -> Result<Saved<Delegation>, AdministrationError> {
    let Some(known) = known else {
        (wanted.created, wanted.last_updated) = (now, now);
        unit.save_delegation(&wanted).await?;
        return Ok(Saved::created(wanted));
    };
    (wanted.created, wanted.last_updated) = (known.created, known.last_updated);
    if wanted == known {
        return Ok(Saved::unchanged(known));
    }
    wanted.last_updated = now;
    unit.save_delegation(&wanted).await?;
    Ok(Saved::updated(wanted))
}
