//! The keys that the Secrets of a resource hold (spec: nais §6.7).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use portvakt_nais::actual::LocalKeys;
use portvakt_nais::environment::PrivateJwk;

use super::secret::{SecretOwner, SecretVersion, StoredSecret};
use super::{InUse, ROTATE, Subject};

/// A Pod that was made this many seconds after a key was written may still have been started with the
/// one before: nodes read Secrets from copies, and clocks differ.
const SETTLING_SECONDS: i64 = 300;

/// What is kept of a resource's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The key that the resource's Secret has, and keeps unless a new one is made. A Secret that was deleted
    /// by hand gets a new one: with that of another Secret, it would be in two.
    pub current: Option<PrivateJwk>,
    /// Public halves: the current key, and those of other Secrets that something was started with.
    pub keys: LocalKeys,
    /// Since when the current key is in its Secret, if that is known.
    pub current_since: Option<i64>,
    /// Something may still run that was started with a key which no Secret holds any more: what was
    /// registered for the resource stays registered.
    pub has_older_users: bool,
    /// Secrets of the resource that nothing uses any more.
    pub unused: Vec<UnusedSecret>,
}

/// A Secret to delete, as it was when nothing used it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedSecret {
    /// Its name.
    pub name: String,
    /// What was looked at: another of that name, or a later version, is not to be deleted.
    pub version: SecretVersion,
}

impl UnusedSecret {
    fn of(secret: &StoredSecret) -> Self {
        Self {
            name: secret.name.clone(),
            version: secret.version.clone(),
        }
    }
}

/// Why the Secrets do not say what the keys are. Going on would lose a key, or somebody else's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say what the members are")]
pub enum SecretFault {
    /// The wanted name is taken.
    #[error("Secret {secret} belongs to {owner}: write another secretName")]
    OfAnother { secret: String, owner: String },
    /// The wanted name is taken by a Secret that somebody made by hand.
    #[error(
        "Secret {secret} exists and is not the operator's, and its data would be lost: delete it, write another \
         secretName, or give it the labels {labels}"
    )]
    NotManaged { secret: String, labels: String },
    /// A Secret that is in use has no readable key, so it cannot be kept registered.
    #[error(
        "Secret {secret} is in use and its key is not readable, so it cannot be kept registered: delete the Secret, or \
         what uses it"
    )]
    Unreadable { secret: String },
}

/// Reads the keys. The Secret of the resource itself counts as used always, because jobs run now and then.
pub fn held(
    subject: &Subject,
    secret_name: &str,
    secrets: &[StoredSecret],
    used: &InUse,
) -> Result<Held, SecretFault> {
    let kind = subject.key.kind;
    let named = secrets.iter().find(|secret| secret.name == secret_name);
    if let Some(named) = named {
        may_write(subject, named)?;
    }
    // A Secret that somebody else has labelled so supplies no key.
    let is_ours = |secret: &&StoredSecret| {
        let is_owned = secret.owner == SecretOwner::Subject && secret.is_managed_for(subject);
        is_owned || secret.name == secret_name
    };
    let mut managed: Vec<_> = secrets.iter().filter(is_ours).collect();
    managed.sort_by(|a, b| (Reverse(a.created_at), &a.name).cmp(&(Reverse(b.created_at), &b.name)));
    let others = managed.iter().filter(|secret| secret.name != secret_name);
    let mut in_use = Vec::new();
    for secret in others.clone().filter(|secret| used.has(&secret.name)) {
        match secret.key(kind) {
            Some(Ok(key)) => in_use.push(key.public().clone()),
            Some(Err(())) => {
                let secret = secret.name.clone();
                return Err(SecretFault::Unreadable { secret });
            }
            None => {}
        }
    }
    let current = named.and_then(|secret| secret.key(kind)?.ok());
    if let Some(key) = &current {
        in_use.insert(0, key.public().clone());
    }
    let is_unused = |secret: &&&StoredSecret| !used.has(&secret.name);
    let released = others.clone().filter(is_unused);
    let released = released.filter_map(|secret| secret.key(kind)?.ok());
    // No key is in two Secrets, so nothing was started with one whose Secret nothing uses.
    let released: BTreeSet<_> = released.map(|key| key.public().kid().to_owned()).collect();
    let unused = others.filter(is_unused);
    Ok(Held {
        keys: LocalKeys {
            current: current.as_ref().map(|key| key.public().clone()),
            in_use,
            released,
            rotate: subject.asks_for(ROTATE),
        },
        current_since: named
            .filter(|_| current.is_some())
            .and_then(StoredSecret::key_since),
        has_older_users: has_older_users(subject, named, &managed, used),
        current,
        unused: unused.map(|secret| UnusedSecret::of(secret)).collect(),
    })
}

/// Whether a Pod is older than the key in the resource's Secret, or any Pod if the key that was registered
/// last is in no Secret: somebody overwrote or deleted it, perhaps an interrupted pass of ours.
fn has_older_users(
    subject: &Subject,
    named: Option<&StoredSecret>,
    managed: &[&StoredSecret],
    used: &InUse,
) -> bool {
    let kind = subject.key.kind;
    let holds = |kid: &str| {
        let mut keys = managed.iter().filter_map(|secret| secret.key(kind)?.ok());
        keys.any(|key| key.public().kid() == kid)
    };
    let last = subject.status.key_ids.first();
    let is_lost = last.is_some_and(|kid| !holds(kid));
    let since = named.and_then(StoredSecret::key_since);
    let since = since.filter(|_| !is_lost).unwrap_or(i64::MAX);
    used.has_pod_before(since.saturating_add(SETTLING_SECONDS))
}

fn may_write(subject: &Subject, named: &StoredSecret) -> Result<(), SecretFault> {
    let secret = named.name.clone();
    match &named.owner {
        SecretOwner::Subject => Ok(()),
        SecretOwner::Nobody if named.is_managed_for(subject) => Ok(()),
        SecretOwner::Nobody => {
            let labels = super::secret::labels(subject);
            let labels: Vec<_> = labels
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let labels = labels.join(",");
            Err(SecretFault::NotManaged { secret, labels })
        }
        SecretOwner::Another(owner) => {
            let owner = owner.clone();
            Err(SecretFault::OfAnother { secret, owner })
        }
    }
}
