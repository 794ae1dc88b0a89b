//! Clients (spec: selfservice §5).

mod combination;
mod scopes;
mod uris;

use super::{AdministrationError, RecordKind, Role, Saved, organization};
use crate::client::{Client, ClientId, ClientSecrets};
use crate::clock::Timestamp;
use crate::entropy::{Entropy, uuid};
use crate::ports::UnitOfWork;
use crate::scope::ScopeName;

pub(crate) use self::combination::normalize;
pub use self::combination::{attribute_faults, default_authentication, default_grants};
pub use self::scopes::{ScopeObstacle, obstacle};
pub(crate) use self::scopes::{find_obstacles, grant_operator_scopes};
pub use self::uris::uri_faults;

/// A new, random client id.
pub fn generate_id(entropy: &dyn Entropy) -> Result<ClientId, AdministrationError> {
    let text = uuid(entropy)?;
    ClientId::parse(&text)
        .map_err(|error| AdministrationError::invalid("client_id", error.to_string()))
}

/// Registers a client. It has no secret yet: [`super::secret::register`] makes one. Its organization is recorded if it is not known. An operator-only scope can
/// be put on it by the operator alone, which includes access for the organization that decides.
pub async fn register(
    unit: &mut dyn UnitOfWork,
    mut client: Client,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    normalize(&mut client);
    if unit.find_client(&client.client_id).await?.is_some() {
        let remedy = "choose another id, or leave it out";
        let id = &client.client_id;
        return Err(AdministrationError::already_exists(
            RecordKind::Client,
            id,
            remedy,
        ));
    }
    // What the operator alone sets, an organization cannot even name.
    client.self_managed &= role == Role::Operator;
    check(unit, &client, &[], role).await?;
    ensure_organizations(unit, &client, now).await?;
    if role == Role::Operator {
        grant_operator_scopes(unit, &client, now).await?;
    }
    (client.created, client.last_updated) = (now, now);
    unit.save_client(&client).await?;
    Ok(Saved::created(client))
}

/// Replaces every writable attribute. Scopes that the client has already may stay, whatever
/// became of them; only new ones are checked.
pub async fn update(
    unit: &mut dyn UnitOfWork,
    mut desired: Client,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    let known = find_administered(unit, &desired.client_id, role).await?;
    if !known.active {
        return Err(deactivated(&known));
    }
    desired.active = true;
    settle(unit, &known, desired, role, now).await
}

/// As [`update`] for the operator, who also says whether the client is active.
pub async fn set(
    unit: &mut dyn UnitOfWork,
    desired: Client,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    let known = find(unit, &desired.client_id).await?;
    settle(unit, &known, desired, Role::Operator, now).await
}

async fn settle(
    unit: &mut dyn UnitOfWork,
    known: &Client,
    mut desired: Client,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    normalize(&mut desired);
    check_immutable(known, &desired)?;
    check(unit, &desired, &known.scopes, role).await?;
    if role == Role::Operator {
        grant_operator_scopes(unit, &desired, now).await?;
    } else {
        // What the operator set stays; an organization cannot even name it.
        desired.token_endpoint_auth_signing_alg = known.token_endpoint_auth_signing_alg;
        desired.self_managed = known.self_managed;
    }
    replace(unit, known, desired, now).await
}

/// Adds scopes to those that the client has.
pub async fn add_scopes(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    scopes: &[ScopeName],
    role: Role,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    let mut desired = find(unit, client_id).await?;
    desired.scopes.extend_from_slice(scopes);
    update(unit, desired, role, now).await
}

/// Takes scopes from those that the client has; the last cannot be taken. Access stays.
pub async fn remove_scopes(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    scopes: &[ScopeName],
    role: Role,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    let mut desired = find(unit, client_id).await?;
    desired.scopes.retain(|scope| !scopes.contains(scope));
    if desired.scopes.is_empty() {
        let message = "a client has at least one scope: deactivate the client instead";
        return Err(AdministrationError::invalid("scopes", message));
    }
    update(unit, desired, role, now).await
}

/// Stops the client at once; keys and scopes stay.
pub async fn deactivate(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    role: Role,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    let known = find_administered(unit, client_id, role).await?;
    let desired = Client {
        active: false,
        ..known.clone()
    };
    replace(unit, &known, desired, now).await
}

/// Undoes a deactivation. The operator's act.
pub async fn reactivate(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    let known = find(unit, client_id).await?;
    let desired = Client {
        active: true,
        ..known.clone()
    };
    replace(unit, &known, desired, now).await
}

/// The client of this id, which must be known.
pub async fn find(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
) -> Result<Client, AdministrationError> {
    let found = unit.find_client(client_id).await?;
    found.ok_or_else(|| AdministrationError::not_found(RecordKind::Client, client_id))
}

/// The client of this id, if the role may change it: an owner its own and those that it supplies,
/// except administration clients, which are the operator's unless it has flagged them
/// `self_managed` (spec: selfservice §9).
pub(crate) async fn find_administered(
    unit: &mut dyn UnitOfWork,
    client_id: &ClientId,
    role: Role,
) -> Result<Client, AdministrationError> {
    let client = find(unit, client_id).await?;
    let Role::Owner(caller) = role else {
        return Ok(client);
    };
    if client.accessing_orgno() != caller && client.client_orgno != caller {
        return Err(AdministrationError::not_found(
            RecordKind::Client,
            client_id,
        ));
    }
    if client.self_managed {
        return Ok(client);
    }
    for name in &client.scopes {
        if unit
            .find_scope(name)
            .await?
            .is_some_and(|scope| scope.operator_only)
        {
            let message = format!("the client has {name}: only the operator changes it");
            return Err(AdministrationError::forbidden("client_id", message));
        }
    }
    Ok(client)
}

fn deactivated(client: &Client) -> AdministrationError {
    let id = &client.client_id;
    AdministrationError::Conflict(format!("client {id} is deactivated: reactivate it first"))
}

pub(crate) fn check_immutable(known: &Client, desired: &Client) -> Result<(), AdministrationError> {
    let mut faults = super::FieldFaults::default();
    let changed = [
        ("client_orgno", known.client_orgno != desired.client_orgno),
        (
            "supplier_orgno",
            known.supplier_orgno != desired.supplier_orgno,
        ),
        (
            "integration_type",
            known.integration_type != desired.integration_type,
        ),
    ];
    for (field, _) in changed.into_iter().filter(|(_, changed)| *changed) {
        faults.invalid(field, "cannot change: register another client");
    }
    faults.into_result()
}

async fn check(
    unit: &mut dyn UnitOfWork,
    client: &Client,
    present: &[ScopeName],
    role: Role,
) -> Result<(), AdministrationError> {
    let mut faults = attribute_faults(client, role);
    for (index, obstacle) in find_obstacles(unit, client, present, role).await? {
        let field = format!("scopes[{index}]");
        let message = obstacle.message(client.scopes[index].as_str(), client);
        match obstacle {
            ScopeObstacle::OperatorOnly => faults.forbidden(field, message),
            _ => faults.invalid(field, message),
        }
    }
    faults.into_result()
}

pub(crate) async fn ensure_organizations(
    unit: &mut dyn UnitOfWork,
    client: &Client,
    now: Timestamp,
) -> Result<(), AdministrationError> {
    for orgno in [Some(client.client_orgno), client.supplier_orgno]
        .into_iter()
        .flatten()
    {
        organization::ensure(unit, orgno, now).await?;
    }
    Ok(())
}

/// Saves `desired` in the place of `known` if they differ in anything but the time. A client that
/// no longer authenticates with a secret loses the ones that it has.
pub(crate) async fn replace(
    unit: &mut dyn UnitOfWork,
    known: &Client,
    mut desired: Client,
    now: Timestamp,
) -> Result<Saved<Client>, AdministrationError> {
    (desired.created, desired.last_updated) = (known.created, known.last_updated);
    if desired == *known {
        return Ok(Saved::unchanged(desired));
    }
    desired.last_updated = now;
    unit.save_client(&desired).await?;
    let method = desired.token_endpoint_auth_method;
    if known.token_endpoint_auth_method.uses_secret() && !method.uses_secret() {
        let none = ClientSecrets::default();
        unit.save_secrets(&desired.client_id, &none).await?;
    }
    Ok(Saved::updated(desired))
}
