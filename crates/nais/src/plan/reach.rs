//! Whether a client may have a scope (spec: selfservice §10).

use portvakt_api_types::ScopeRequest;

use super::Problem;
use super::access::is_for_all;
use super::scopes::is_active;
use crate::actual::{AccessState, Actual};

/// Judges a consumed scope in this state of the world. The organization's own scopes are judged by
/// their own attributes: an owner has access to its scope only if it gave itself some.
pub(super) fn judge(world: &Actual, scope: &str, integration: &str) -> Result<(), Problem> {
    match (world.scopes.get(scope), &world.organization) {
        (Some(own), Some(organization)) => judge_own(world, scope, own, organization, integration),
        _ => judge_foreign(world, scope, integration),
    }
}

fn judge_own(
    world: &Actual,
    scope: &str,
    own: &ScopeRequest,
    organization: &str,
    integration: &str,
) -> Result<(), Problem> {
    if !is_active(own) {
        let scope = scope.to_owned();
        return Err(Problem::ScopeInactive { scope });
    }
    let allowed = own.allowed_integration_types.as_deref().unwrap_or_default();
    check_type(scope, allowed, integration)?;
    let access = world
        .access
        .get(scope)
        .and_then(|access| access.get(organization));
    // Without the access list, the list of what was granted to us tells.
    let granted = world
        .consumable
        .get(scope)
        .and_then(|consumable| consumable.access);
    let state = if world.access.contains_key(scope) {
        access.copied()
    } else {
        granted
    };
    let is_delegable = own
        .delegation_source
        .as_ref()
        .is_some_and(|name| !name.is_empty());
    if is_for_all(own) || is_delegable || state == Some(AccessState::Approved) {
        return Ok(());
    }
    Err(Problem::NoAccess {
        scope: scope.to_owned(),
        ask: Some(organization.to_owned()),
    })
}

fn judge_foreign(world: &Actual, scope: &str, integration: &str) -> Result<(), Problem> {
    let Some(consumable) = world.consumable.get(scope) else {
        let prefix = scope.split_once(':').map_or(scope, |(prefix, _)| prefix);
        return Err(Problem::UnknownScope {
            scope: scope.to_owned(),
            ask: world.prefixes.get(prefix).cloned(),
        });
    };
    check_type(scope, &consumable.allowed_integration_types, integration)?;
    let is_granted = consumable.access == Some(AccessState::Approved);
    if is_granted || consumable.accessible_for_all || consumable.is_delegable {
        return Ok(());
    }
    Err(Problem::NoAccess {
        scope: scope.to_owned(),
        ask: consumable.owner.clone(),
    })
}

fn check_type(scope: &str, allowed: &[String], wanted: &str) -> Result<(), Problem> {
    if allowed.is_empty() || allowed.iter().any(|name| name == wanted) {
        return Ok(());
    }
    Err(Problem::IntegrationTypeConflict {
        scope: scope.to_owned(),
        allowed: allowed.to_vec(),
        wanted: wanted.to_owned(),
    })
}
