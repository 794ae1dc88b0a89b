//! Which keys a client has registered (spec: nais §6.7).

use std::collections::HashSet;

use super::draft::Draft;
use super::{Action, ForeignKeys, KeyChange, KeyReason, MAX_KEYS, Object, Policy, Problem, Signer};
use crate::actual::{LocalKeys, PublicJwk, RegisteredKey};
use crate::desired::Desired;

/// A key is renewed when it has less left than this.
const RENEWAL_SECONDS: i64 = 30 * 24 * 3600;

/// Registers, rotates or renews the keys of a resource's client.
pub(super) fn plan(resource: &Desired, draft: &mut Draft<'_>) {
    draft.looked_at(Object::Keys(resource.key.clone()));
    let world = &draft.world;
    let client_id = world.known_clients.get(&resource.key);
    let registered = client_id.and_then(|id| world.key_sets.get(id));
    let registered = registered.map_or(&[][..], Vec::as_slice);
    let local = world
        .local_keys
        .get(&resource.key)
        .cloned()
        .unwrap_or_default();
    let client_id = client_id
        .filter(|id| !super::simulate::is_made_up(id))
        .cloned();
    match change(registered, &local, draft.policy, world.observed_at) {
        Ok(None) => {}
        Ok(Some(keys)) => {
            let client = resource.key.clone();
            draft.push(
                resource.owner(),
                Action::ReplaceKeys {
                    client,
                    client_id,
                    keys,
                },
            );
        }
        Err(count) => draft.refuse(resource, Problem::TooManyKeys { count }),
    }
}

/// The new key set, if there must be one, or how many keys it would have if they are too many.
fn change(
    registered: &[RegisteredKey],
    local: &LocalKeys,
    policy: &Policy,
    now: i64,
) -> Result<Option<KeyChange>, usize> {
    let Some((signer, reason)) = signer(registered, local, now) else {
        return Ok(None);
    };
    let mut kept = kept(&signer, registered, local, policy, now);
    if kept.len() >= MAX_KEYS {
        if !policy.drop_oldest_key {
            return Err(kept.len() + 1);
        }
        kept.truncate(MAX_KEYS - 1);
    }
    let dropped = dropped(&signer, &kept, registered, now);
    Ok(Some(KeyChange {
        signer,
        reason,
        kept,
        dropped,
    }))
}

fn signer(
    registered: &[RegisteredKey],
    local: &LocalKeys,
    now: i64,
) -> Option<(Signer, KeyReason)> {
    let Some(current) = &local.current else {
        return Some((Signer::New, KeyReason::FirstKey));
    };
    if local.rotate {
        return Some((Signer::New, KeyReason::Rotation));
    }
    let own = registered.iter().find(|key| key.jwk.kid() == current.kid());
    let reason = match own {
        None => KeyReason::NotRegistered,
        Some(key) if key.expires_at.unwrap_or(0) - now < RENEWAL_SECONDS => KeyReason::Renewal,
        Some(_) => return None,
    };
    Some((Signer::Current(current.clone()), reason))
}

/// Keys in use first, the most recent first; then those of others, the longest-lived first.
fn kept(
    signer: &Signer,
    registered: &[RegisteredKey],
    local: &LocalKeys,
    policy: &Policy,
    now: i64,
) -> Vec<RegisteredKey> {
    let used = local.in_use.iter().map(|jwk| RegisteredKey {
        jwk: jwk.clone(),
        expires_at: None,
    });
    let mut foreign: Vec<_> = registered
        .iter()
        .filter(|_| policy.foreign_keys == ForeignKeys::Keep)
        .filter(|key| is_alive(key, now) && !local.released.contains(key.jwk.kid()))
        .cloned()
        .collect();
    foreign.sort_by_key(|key| std::cmp::Reverse(key.expires_at));
    let mut seen: HashSet<String> = signer_kid(signer).into_iter().map(str::to_owned).collect();
    used.chain(foreign)
        .filter(|key| seen.insert(key.jwk.kid().to_owned()))
        .collect()
}

fn dropped(
    signer: &Signer,
    kept: &[RegisteredKey],
    registered: &[RegisteredKey],
    now: i64,
) -> Vec<String> {
    let stays =
        |kid: &str| signer_kid(signer) == Some(kid) || kept.iter().any(|key| key.jwk.kid() == kid);
    let gone = registered
        .iter()
        .filter(|key| is_alive(key, now) && !stays(key.jwk.kid()));
    gone.map(|key| key.jwk.kid().to_owned()).collect()
}

fn signer_kid(signer: &Signer) -> Option<&str> {
    match signer {
        Signer::New => None,
        Signer::Current(key) => Some(PublicJwk::kid(key)),
    }
}

fn is_alive(key: &RegisteredKey, now: i64) -> bool {
    key.expires_at.is_some_and(|at| at > now)
}
