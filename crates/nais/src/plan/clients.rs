//! Actions on clients.

use portvakt_api_types::ClientRequest;

use super::change::changes;
use super::draft::Draft;
use super::{Action, MissingAccess, Object, Problem, keys, reach};
use crate::actual::{Actual, ObservedClient};
use crate::desired::{ClientKey, ClientKind, Desired, DesiredClient, Presence};

/// Registers or updates a resource's client, then its keys.
pub(super) fn plan(resource: &Desired, draft: &mut Draft<'_>) {
    let Some(wanted) = &resource.client else {
        return;
    };
    draft.looked_at(Object::Client(resource.key.clone()));
    draft.looked_at(Object::Keys(resource.key.clone()));
    let found = found(resource, wanted, draft);
    let is_registered = match found {
        Some((id, observed)) => {
            let is_same = has_same_type(resource, wanted, &id, &observed, draft);
            if is_same {
                update(resource, wanted, &id, &observed, draft);
            }
            is_same
        }
        None => create(resource, wanted, draft),
    };
    if is_registered {
        keys::plan(resource, draft);
    }
}

/// Deactivates the client of a resource that goes away.
pub(super) fn remove(resource: &Desired, draft: &mut Draft<'_>) {
    let Presence::Removed {
        preserve_client: false,
    } = resource.presence
    else {
        return;
    };
    draft.looked_at(Object::Client(resource.key.clone()));
    let known = draft.world.known_clients.get(&resource.key).cloned();
    let known = known.filter(|id| active(&draft.world, id).is_some());
    let Some(client_id) =
        known.or_else(|| described(&draft.world, &resource.key).into_iter().next())
    else {
        return;
    };
    let client = resource.key.clone();
    draft.push(
        resource.owner(),
        Action::DeactivateClient { client, client_id },
    );
}

/// Ids of active clients with the description of this one, in order.
pub(super) fn described(world: &Actual, key: &ClientKey) -> Vec<String> {
    let description = key.owner.to_string();
    let is_kind = |attributes: &ClientRequest| {
        let is_machine = attributes.integration_type.as_deref() == Some("maskinporten");
        is_machine == (key.kind == ClientKind::Maskinporten)
    };
    let clients = world.clients.iter().filter(|(_, client)| {
        let attributes = &client.attributes;
        client.active
            && attributes.description.as_deref() == Some(&description)
            && is_kind(attributes)
    });
    clients.map(|(id, _)| id.clone()).collect()
}

fn active<'w>(world: &'w Actual, id: &str) -> Option<&'w ObservedClient> {
    world.clients.get(id).filter(|client| client.active)
}

/// The resource's client: the one that the caller keeps the id of, else one with its description.
/// The existing operator makes a new client when a kept id is gone; looking again keeps one from
/// being registered twice.
fn found(
    resource: &Desired,
    wanted: &DesiredClient,
    draft: &mut Draft<'_>,
) -> Option<(String, ClientRequest)> {
    if let Some(id) = draft.world.known_clients.get(&resource.key).cloned() {
        if let Some(observed) = active(&draft.world, &id) {
            return Some((id, observed.attributes.clone()));
        }
        if draft.world.clients.contains_key(&id) {
            draft.note(resource, Problem::ClientDeactivated { client_id: id });
        }
    }
    let has_type = |id: &&String| {
        let observed = draft.world.clients.get(*id);
        observed.is_some_and(|observed| {
            observed.attributes.integration_type == wanted.body.integration_type
        })
    };
    let described = described(&draft.world, &resource.key);
    let ids: Vec<_> = described.iter().filter(has_type).cloned().collect();
    let chosen = ids.first()?.clone();
    let observed = active(&draft.world, &chosen)?.attributes.clone();
    if ids.len() > 1 {
        let chosen = chosen.clone();
        draft.note(resource, Problem::SeveralClients { ids, chosen });
    }
    let (client, client_id) = (resource.key.clone(), chosen.clone());
    draft.push(resource.owner(), Action::AdoptClient { client, client_id });
    Some((chosen, observed))
}

fn has_same_type(
    resource: &Desired,
    wanted: &DesiredClient,
    id: &str,
    observed: &ClientRequest,
    draft: &mut Draft<'_>,
) -> bool {
    let existing = observed.integration_type.clone().unwrap_or_default();
    let desired = wanted.body.integration_type.clone().unwrap_or_default();
    if existing == desired {
        return true;
    }
    let client_id = id.to_owned();
    let problem = Problem::ImmutableIntegrationType {
        client_id,
        existing,
        desired,
    };
    draft.refuse(resource, problem);
    false
}

fn create(resource: &Desired, wanted: &DesiredClient, draft: &mut Draft<'_>) -> bool {
    let Some(body) = body(resource, wanted, draft) else {
        return false;
    };
    let client = resource.key.clone();
    draft.push(resource.owner(), Action::CreateClient { client, body });
    true
}

fn update(
    resource: &Desired,
    wanted: &DesiredClient,
    id: &str,
    observed: &ClientRequest,
    draft: &mut Draft<'_>,
) {
    let Some(body) = body(resource, wanted, draft) else {
        return;
    };
    let body = merged(body, observed, resource.key.kind);
    let changes = changes(observed, &body, &[]);
    if !changes.is_empty() {
        let (client, client_id) = (resource.key.clone(), id.to_owned());
        let action = Action::UpdateClient {
            client,
            client_id,
            body,
            changes,
        };
        draft.push(resource.owner(), action);
    }
}

/// The wanted body with the scopes that the organization may use.
fn body(
    resource: &Desired,
    wanted: &DesiredClient,
    draft: &mut Draft<'_>,
) -> Option<ClientRequest> {
    if resource.key.kind == ClientKind::IdPorten {
        return Some(wanted.body.clone());
    }
    let integration = wanted.body.integration_type.clone().unwrap_or_default();
    let mut scopes = Vec::new();
    for scope in &wanted.consumes {
        draft.looked_at(Object::Consumed(scope.clone()));
        match reach::judge(&draft.world, scope, &integration) {
            Ok(()) => scopes.push(scope.clone()),
            Err(problem) if draft.policy.missing_access == MissingAccess::Skip => {
                draft.note(resource, problem);
            }
            Err(problem) => draft.refuse(resource, problem),
        }
    }
    if scopes.is_empty() {
        draft.note(resource, Problem::NoUsableScope);
        return None;
    }
    Some(ClientRequest {
        scopes: Some(scopes),
        ..wanted.body.clone()
    })
}

/// The body that replaces an existing client: attributes that no manifest manages stay.
fn merged(wanted: ClientRequest, observed: &ClientRequest, kind: ClientKind) -> ClientRequest {
    let wanted = ClientRequest {
        display_name: observed.display_name.clone(),
        ..wanted
    };
    if kind == ClientKind::Maskinporten {
        return wanted;
    }
    ClientRequest {
        backchannel_logout_uri: observed.backchannel_logout_uri.clone(),
        backchannel_logout_session_required: observed.backchannel_logout_session_required,
        code_challenge_method: observed.code_challenge_method.clone(),
        ..wanted
    }
}
