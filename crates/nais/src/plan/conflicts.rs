//! What resources ask for that cannot be true at the same time.

use std::collections::HashMap;

use super::Problem;
use super::draft::Draft;
use crate::desired::{Desired, Presence};

/// Refuses scopes, clients and Secrets that two resources want, and prefixes of others.
pub(super) fn check(desired: &[Desired], draft: &mut Draft<'_>) {
    let mut scopes = HashMap::new();
    let mut clients = HashMap::new();
    let mut secrets = HashMap::new();
    for resource in desired {
        let second = described(resource);
        if let Some(first) = clients.insert(&resource.key, second.clone()) {
            let client = resource.key.to_string();
            let second = second.clone();
            draft.refuse(
                resource,
                Problem::ClientAskedForTwice {
                    client,
                    first,
                    second,
                },
            );
        }
        if resource.presence != Presence::Present {
            continue;
        }
        for scope in &resource.scopes {
            if let Some(first) = scopes.insert(&scope.name, second.clone()) {
                let (scope, second) = (scope.name.clone(), second.clone());
                draft.refuse(
                    resource,
                    Problem::ScopeExposedTwice {
                        scope,
                        first,
                        second,
                    },
                );
            }
        }
        let Some(client) = &resource.client else {
            continue;
        };
        let secret = (resource.owner().namespace(), &client.secret_name);
        if let Some(first) = secrets.insert(secret, second.clone()) {
            let secret = client.secret_name.clone();
            draft.refuse(
                resource,
                Problem::SecretUsedTwice {
                    secret,
                    first,
                    second,
                },
            );
        }
    }
    check_prefixes(desired, draft);
}

fn described(resource: &Desired) -> String {
    match resource.place.to_string() {
        place if place.is_empty() => resource.owner().to_string(),
        place => format!("{} ({place})", resource.owner()),
    }
}

fn check_prefixes(desired: &[Desired], draft: &mut Draft<'_>) {
    for resource in desired {
        let prefixes = resource
            .scopes
            .iter()
            .filter_map(|scope| scope.body.prefix.clone());
        let mut prefixes: Vec<_> = prefixes.collect();
        prefixes.dedup();
        for prefix in prefixes {
            let owned_by = draft.world.prefixes.get(&prefix).cloned();
            let is_known = !draft.world.prefixes.is_empty() && draft.world.organization.is_some();
            if is_known && owned_by != draft.world.organization {
                draft.refuse(resource, Problem::PrefixOfAnother { prefix, owned_by });
            }
        }
        for scope in &resource.scopes {
            let prefix = scope.body.prefix.as_deref().unwrap_or_default();
            let is_doubled = scope
                .subscope
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with([':', '/']));
            if is_doubled {
                let scope = scope.name.clone();
                draft.note(resource, Problem::PrefixTwice { scope });
            }
        }
    }
}
