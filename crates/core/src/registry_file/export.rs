//! A registry, written down.

use std::collections::{BTreeMap, HashMap};

use portvakt_jose::{JwkSet, PublicJwk};

use super::RegistryFile;
use super::model::{
    AccessEntry, ClientEntry, ConsentEntry, ContactEntry, DelegationEntry, DelegationSourceEntry,
    IdentityMatchEntry, KeysEntry, OnBehalfOfEntry, OrganizationEntry, PersonEntry, PrefixEntry,
    ScopeEntry, SystemUserEntry,
};
use crate::access::Access;
use crate::administration::bootstrap;
use crate::client::Client;
use crate::organization::OrgNumber;
use crate::ports::{Listing, PrefixAssignment, StorageError, UnitOfWork};
use crate::scope::{Scope, ScopeName, reserved_scope};

/// Everything in the registry, deactivated records too, so that applying the file to an empty
/// registry gives the same one. Left out are the times of records, keys that were replaced, and
/// reserved scopes as they are shipped.
pub async fn export(unit: &mut dyn UnitOfWork) -> Result<RegistryFile, StorageError> {
    let prefixes = unit.list_prefixes(None, Listing::All).await?;
    let sources = unit.list_delegation_sources().await?;
    Ok(RegistryFile {
        organizations: organizations(unit, &prefixes).await?,
        delegation_sources: located(sources, |source| DelegationSourceEntry {
            name: source.name,
            issuer: source.issuer,
            active: (!source.active).then_some(false),
        }),
        scopes: scopes(unit, &prefixes).await?,
        clients: clients(unit).await?,
        people: located(unit.list_people().await?, |person| PersonEntry {
            krr: person.contact.as_ref().map(ContactEntry::from),
            pid: person.pid,
            name: person.name,
        }),
        identity_matches: identity_matches(unit).await?,
        delegations: delegations(unit).await?,
        system_users: system_users(unit).await?,
        consents: consents(unit).await?,
    })
}

fn located<R, T>(records: Vec<R>, entry: impl Fn(R) -> T) -> Vec<super::Located<T>> {
    records
        .into_iter()
        .map(|record| entry(record).into())
        .collect()
}

async fn organizations(
    unit: &mut dyn UnitOfWork,
    prefixes: &[PrefixAssignment],
) -> Result<Vec<super::Located<OrganizationEntry>>, StorageError> {
    let mut by_owner: HashMap<OrgNumber, Vec<PrefixEntry>> = HashMap::new();
    for assignment in prefixes {
        let (prefix, active) = (assignment.prefix.clone(), assignment.active);
        by_owner
            .entry(assignment.owner_orgno)
            .or_default()
            .push(PrefixEntry { prefix, active });
    }
    let organizations = unit.list_organizations(Listing::All).await?;
    let mut entry = |organization: crate::organization::Organization| OrganizationEntry {
        orgno: organization.orgno,
        name: Some(organization.name).filter(|name| !name.is_empty()),
        prefixes: by_owner.remove(&organization.orgno).unwrap_or_default(),
        active: (!organization.active).then_some(false),
    };
    Ok(organizations
        .into_iter()
        .map(|organization| entry(organization).into())
        .collect())
}

async fn scopes(
    unit: &mut dyn UnitOfWork,
    prefixes: &[PrefixAssignment],
) -> Result<Vec<super::Located<ScopeEntry>>, StorageError> {
    let mut access = access_by_scope(unit.list_access(None, None, Listing::All).await?);
    let owners: HashMap<&str, OrgNumber> = prefixes
        .iter()
        .filter(|assignment| assignment.active)
        .map(|assignment| (assignment.prefix.as_str(), assignment.owner_orgno))
        .collect();
    let mut entries = Vec::new();
    for scope in unit.list_scopes(None, Listing::All).await? {
        let access = access.remove(&scope.name).unwrap_or_default();
        let prefix_owner = scope.name.prefix().and_then(|prefix| owners.get(prefix));
        let entry = match as_shipped(&scope) {
            true if access.is_empty() => continue,
            true => ScopeEntry {
                access,
                ..ScopeEntry::named(scope.name)
            },
            false => ScopeEntry {
                owner_orgno: (prefix_owner != Some(&scope.owner_orgno))
                    .then_some(scope.owner_orgno),
                access,
                ..ScopeEntry::of(&scope)
            },
        };
        entries.push(entry.into());
    }
    Ok(entries)
}

fn access_by_scope(records: Vec<Access>) -> BTreeMap<ScopeName, Vec<AccessEntry>> {
    let mut by_scope: BTreeMap<ScopeName, Vec<AccessEntry>> = BTreeMap::new();
    for Access {
        scope,
        consumer_orgno,
        state,
        ..
    } in records
    {
        by_scope.entry(scope).or_default().push(AccessEntry {
            consumer_orgno,
            state,
        });
    }
    by_scope
}

fn as_shipped(scope: &Scope) -> bool {
    reserved_scope(scope.name.as_str()).is_some_and(|reserved| {
        let mut shipped = bootstrap::scope(
            reserved,
            scope.name.clone(),
            scope.owner_orgno,
            scope.created,
        );
        shipped.last_updated = scope.last_updated;
        shipped == *scope
    })
}

async fn clients(
    unit: &mut dyn UnitOfWork,
) -> Result<Vec<super::Located<ClientEntry>>, StorageError> {
    let mut entries = Vec::new();
    for client in unit.list_clients(None, Listing::All).await? {
        entries.push(client_entry(unit, client).await?.into());
    }
    Ok(entries)
}

/// One client with its keys and on-behalf-of registrations.
async fn client_entry(
    unit: &mut dyn UnitOfWork,
    client: Client,
) -> Result<ClientEntry, StorageError> {
    let keys = unit.list_keys(&client.client_id, Listing::Active).await?;
    let keys: Option<Vec<_>> = keys
        .iter()
        .map(|stored| PublicJwk::parse(&stored.key.to_json()).ok())
        .collect();
    let jwks = keys
        .and_then(|keys| JwkSet::new(keys).ok())
        .ok_or_else(|| StorageError::Corrupt {
            table: "client_keys",
            column: "jwk",
            key: client.client_id.to_string(),
        })?;
    let registrations = unit
        .list_on_behalf_of(&client.client_id, Listing::All)
        .await?;
    Ok(ClientEntry {
        jwks: if jwks.keys().is_empty() {
            KeysEntry::Unstated
        } else {
            KeysEntry::Set(jwks)
        },
        onbehalfof: registrations.into_iter().map(OnBehalfOfEntry::of).collect(),
        ..ClientEntry::of(client)
    })
}

async fn identity_matches(
    unit: &mut dyn UnitOfWork,
) -> Result<Vec<super::Located<IdentityMatchEntry>>, StorageError> {
    let rows = unit.list_identity_matches(Listing::All).await?;
    Ok(located(rows, |row| IdentityMatchEntry {
        identifier: row.identifier,
        pid: row.pid,
        active: (!row.active).then_some(false),
    }))
}

async fn delegations(
    unit: &mut dyn UnitOfWork,
) -> Result<Vec<super::Located<DelegationEntry>>, StorageError> {
    let delegations = unit.list_delegations(Listing::All).await?;
    Ok(located(delegations, |delegation| DelegationEntry {
        delegation_source: delegation.delegation_source,
        scope: delegation.scope,
        consumer_orgno: delegation.consumer_orgno,
        supplier_orgno: delegation.supplier_orgno,
        valid_from: delegation.valid_from,
        valid_to: delegation.valid_to,
        active: (!delegation.active).then_some(false),
    }))
}

async fn system_users(
    unit: &mut dyn UnitOfWork,
) -> Result<Vec<super::Located<SystemUserEntry>>, StorageError> {
    let system_users = unit.list_system_users(Listing::All).await?;
    Ok(located(system_users, |user| SystemUserEntry {
        external_ref: (user.external_ref != user.owner_orgno.as_str()).then_some(user.external_ref),
        id: user.id,
        system_id: user.system_id,
        client_id: user.client_id,
        owner_orgno: user.owner_orgno,
        active: (!user.active).then_some(false),
    }))
}

async fn consents(
    unit: &mut dyn UnitOfWork,
) -> Result<Vec<super::Located<ConsentEntry>>, StorageError> {
    let consents = unit.list_consents(Listing::All).await?;
    Ok(located(consents, |consent| ConsentEntry {
        id: consent.id,
        from: consent.from,
        to_orgno: consent.to_orgno,
        consented: consent.consented,
        valid_to: consent.valid_to,
        consent_rights: consent.consent_rights,
        active: (!consent.active).then_some(false),
    }))
}
