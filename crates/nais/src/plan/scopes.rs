//! Actions on exposed scopes.

use portvakt_api_types::ScopeRequest;

use super::access::{self, AccessChange};
use super::change::changes;
use super::draft::Draft;
use super::{Action, Object, Ownership, Policy, Problem};
use crate::actual::Actual;
use crate::desired::{Desired, DesiredScope};
use crate::naming::Claim;

/// Identity, and what has an action of its own.
const NOT_COMPARED: [&str; 4] = ["name", "prefix", "subscope", "active"];

/// Makes the scopes that do not exist, each with its access.
pub(super) fn create(resource: &Desired, draft: &mut Draft<'_>) {
    for scope in &resource.scopes {
        if existing(scope, &draft.world, draft.policy).is_some() {
            continue;
        }
        draft.looked_at(Object::Scope(scope.name.clone()));
        if !scope.enabled {
            let scope = scope.name.clone();
            draft.note(resource, Problem::DisabledScopeNotMade { scope });
            continue;
        }
        let Some(body) = resolved(resource, scope, draft) else {
            continue;
        };
        let name = scope.name.clone();
        draft.push(resource.owner(), Action::CreateScope { scope: name, body });
        for consumer in &scope.consumers {
            let consumer = consumer.to_string();
            let scope = scope.name.clone();
            draft.push(resource.owner(), Action::GrantAccess { scope, consumer });
        }
    }
}

/// Brings the scopes that existed before the plan into the wanted state.
pub(super) fn update(resource: &Desired, draft: &mut Draft<'_>) {
    for scope in &resource.scopes {
        let Some((name, observed)) = existing(scope, draft.before, draft.policy) else {
            continue;
        };
        draft.looked_at(Object::Scope(name.clone()));
        if !may_change(resource, &name, &observed, draft) {
            continue;
        }
        if !scope.enabled {
            deactivate(resource, name, &observed, draft);
            continue;
        }
        draft.looked_at(Object::Access(name.clone()));
        let Some(state) = draft.before.access.get(&name).cloned() else {
            draft.refuse(resource, Problem::AccessNotObserved { scope: name });
            continue;
        };
        let Some(wanted) = resolved(resource, scope, draft) else {
            continue;
        };
        let body = merged(wanted, &observed);
        let update = written(resource, &name, &observed, body.clone());
        let change = AccessChange::between(&name, &state, &scope.consumers);
        for action in access::ordered(update, change, &observed, &body) {
            draft.push(resource.owner(), action);
        }
    }
}

/// Deactivates what a resource that goes away had disabled; its other scopes stay.
pub(super) fn remove(resource: &Desired, draft: &mut Draft<'_>) {
    for scope in resource.scopes.iter().filter(|scope| !scope.enabled) {
        let Some((name, observed)) = existing(scope, draft.before, draft.policy) else {
            continue;
        };
        draft.looked_at(Object::Scope(name.clone()));
        if may_change(resource, &name, &observed, draft) {
            deactivate(resource, name, &observed, draft);
        }
    }
}

/// The scope of this name. An owner that takes over also takes the same subscope below another
/// prefix, as the existing operator does.
pub(super) fn existing(
    scope: &DesiredScope,
    world: &Actual,
    policy: &Policy,
) -> Option<(String, ScopeRequest)> {
    let scopes = &world.scopes;
    if let Some(observed) = scopes.get(&scope.name) {
        return Some((scope.name.clone(), observed.clone()));
    }
    if policy.ownership != Ownership::Takeover {
        return None;
    }
    let has_subscope = |name: &&String| {
        let subscope = name.split_once(':').map(|(_, subscope)| subscope);
        subscope == Some(scope.subscope.as_str())
    };
    let name = scopes.keys().rev().find(has_subscope)?;
    Some((name.clone(), scopes.get(name)?.clone()))
}

fn may_change(
    resource: &Desired,
    name: &str,
    observed: &ScopeRequest,
    draft: &mut Draft<'_>,
) -> bool {
    let claim = claim(name, observed);
    match draft.policy.ownership {
        Ownership::Claimed if claim.is_of_another(resource.owner()) => {
            let problem = Problem::OwnedByAnother {
                scope: name.to_owned(),
                owned_by: claim.to_string(),
                wanted_by: resource.owner().clone(),
            };
            draft.refuse(resource, problem);
            false
        }
        Ownership::Legacy if !claim.is_of(resource.owner()) => {
            let problem = Problem::LeftAlone {
                scope: name.to_owned(),
                description: observed.description.clone().unwrap_or_default(),
            };
            draft.note(resource, problem);
            false
        }
        Ownership::Takeover | Ownership::Claimed | Ownership::Legacy => true,
    }
}

/// Whose an existing scope is.
pub(super) fn claim(name: &str, observed: &ScopeRequest) -> Claim {
    let subscope = name.split_once(':').map_or(name, |(_, subscope)| subscope);
    Claim::of(
        observed.description.as_deref().unwrap_or_default(),
        subscope,
    )
}

pub(super) fn is_active(observed: &ScopeRequest) -> bool {
    observed.active.unwrap_or(true)
}

fn deactivate(resource: &Desired, scope: String, observed: &ScopeRequest, draft: &mut Draft<'_>) {
    if is_active(observed) {
        draft.push(resource.owner(), Action::DeactivateScope { scope });
    }
}

/// The wanted body with the issuer of its delegation source.
fn resolved(
    resource: &Desired,
    scope: &DesiredScope,
    draft: &mut Draft<'_>,
) -> Option<ScopeRequest> {
    let mut body = scope.body.clone();
    if let Some(name) = &scope.delegation_source {
        let issuer = draft.world.delegation_sources.get(name).cloned();
        if issuer.is_none() {
            let known = draft.world.delegation_sources.keys().cloned().collect();
            let (scope, name) = (scope.name.clone(), name.clone());
            let problem = Problem::UnknownDelegationSource { scope, name, known };
            draft.refuse(resource, problem);
        }
        body.delegation_source = Some(issuer?);
    }
    Some(body)
}

/// The body that replaces an existing scope: attributes that no manifest manages stay, and what is
/// no longer wanted is unset, because issuers may keep what a body leaves out.
fn merged(wanted: ScopeRequest, observed: &ScopeRequest) -> ScopeRequest {
    let was_delegable = observed
        .delegation_source
        .as_ref()
        .is_some_and(|name| !name.is_empty());
    let clear = was_delegable.then(String::new);
    let lifetime = observed
        .authorization_max_lifetime
        .filter(|seconds| *seconds > 0);
    let translations = observed.translations();
    let translations = translations.map(|(name, value)| (name.clone(), value.clone()));
    ScopeRequest {
        prefix: observed.prefix.clone().or(wanted.prefix),
        delegation_source: wanted.delegation_source.or(clear),
        long_description: observed.long_description.clone(),
        authorization_max_lifetime: lifetime,
        enforced_aud_for_introspection: observed.enforced_aud_for_introspection.clone(),
        other: translations.collect(),
        ..wanted
    }
}

/// The action that writes the body, if it differs from what is.
fn written(
    resource: &Desired,
    name: &str,
    observed: &ScopeRequest,
    body: ScopeRequest,
) -> Option<Action> {
    let changes = changes(observed, &body, &NOT_COMPARED);
    let is_named =
        matches!(claim(name, observed), Claim::Named(owner) if owner == *resource.owner());
    let scope = name.to_owned();
    if !is_active(observed) {
        return Some(Action::ReactivateScope {
            scope,
            body,
            changes,
        });
    }
    if changes.is_empty() {
        return None;
    }
    Some(if is_named {
        Action::UpdateScope {
            scope,
            body,
            changes,
        }
    } else {
        Action::AdoptScope {
            scope,
            body,
            changes,
        }
    })
}
