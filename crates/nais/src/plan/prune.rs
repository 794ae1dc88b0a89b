//! What exists and no manifest asks for.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::scopes::{claim, is_active};
use super::{Action, Object, Problem, Prune};
use crate::desired::{ClientKey, ClientKind, Desired, Presence};
use crate::naming::{Claim, Owner};

/// Notes or deactivates orphaned scopes. Scopes of a resource that goes away stay, as ever.
pub(super) fn scopes(desired: &[Desired], draft: &mut Draft<'_>) {
    let resources = desired.iter().filter(|resource| {
        resource.key.kind == ClientKind::Maskinporten && resource.presence == Presence::Present
    });
    let resources: Vec<_> = resources.collect();
    for (name, orphan) in orphans(&resources, draft) {
        draft.looked_at(Object::Scope(name.clone()));
        let resource = match &orphan {
            Orphan::OfWorkload(resource) if draft.policy.prune == Prune::Report => resource,
            Orphan::OfWorkload(resource) => {
                let owner = resource.owner().clone();
                draft.push(&owner, Action::DeactivateScope { scope: name });
                continue;
            }
            Orphan::OfNamespace(owner) => {
                draft.push(owner, Action::DeactivateScope { scope: name });
                continue;
            }
        };
        draft.note(resource, Problem::OrphanedScope { scope: name });
    }
}

enum Orphan<'d> {
    OfWorkload(&'d Desired),
    OfNamespace(Owner),
}

fn orphans<'d>(resources: &[&'d Desired], draft: &Draft<'_>) -> Vec<(String, Orphan<'d>)> {
    let exposed: BTreeSet<_> = resources
        .iter()
        .flat_map(|resource| resource.scopes.iter().map(|scope| scope.subscope.as_str()))
        .collect();
    let mut orphans = Vec::new();
    for (name, observed) in &draft.world.scopes {
        let subscope = name
            .split_once(':')
            .map_or(name.as_str(), |(_, subscope)| subscope);
        if !is_active(observed) || exposed.contains(subscope) {
            continue;
        }
        let claim = claim(name, observed);
        if let Some(resource) = resources
            .iter()
            .find(|resource| claim.is_of(resource.owner()))
        {
            orphans.push((name.clone(), Orphan::OfWorkload(resource)));
        } else if let Claim::Named(owner) = claim
            && draft.policy.prune == Prune::Namespaces
            && is_in_namespace(&owner, resources.iter().copied())
        {
            orphans.push((name.clone(), Orphan::OfNamespace(owner)));
        }
    }
    orphans
}

fn is_in_namespace<'d>(owner: &Owner, mut resources: impl Iterator<Item = &'d Desired>) -> bool {
    resources.any(|resource| {
        let own = resource.owner();
        own.cluster() == owner.cluster() && own.namespace() == owner.namespace()
    })
}

/// Deactivates clients of workloads in the manifests' namespaces that no manifest has.
pub(super) fn clients(desired: &[Desired], draft: &mut Draft<'_>) {
    if draft.policy.prune != Prune::Namespaces {
        return;
    }
    let mut orphans = Vec::new();
    for (id, client) in draft
        .world
        .clients
        .iter()
        .filter(|(_, client)| client.active)
    {
        let attributes = &client.attributes;
        let Ok(owner) = attributes
            .description
            .as_deref()
            .unwrap_or_default()
            .parse::<Owner>()
        else {
            continue;
        };
        let kind = match attributes.integration_type.as_deref() {
            Some("maskinporten") => ClientKind::Maskinporten,
            _ => ClientKind::IdPorten,
        };
        let client = ClientKey { kind, owner };
        let is_wanted = desired.iter().any(|resource| resource.key == client);
        if !is_wanted && is_in_namespace(&client.owner, desired.iter()) {
            orphans.push((client, id.clone()));
        }
    }
    for (client, client_id) in orphans {
        draft.looked_at(Object::Client(client.clone()));
        let owner = client.owner.clone();
        draft.push(&owner, Action::DeactivateClient { client, client_id });
    }
}
