//! Whether anything is to be done about a resource (spec: nais §6.2, §6.9).

use std::time::Duration;

use super::retry::RESTING;
use super::secret::{ClientCredentials, StoredSecret, WantedSecret};
use super::{RESYNC, ROTATE, Rules, Subject, conditions, instant};

/// What is up to date is compared with the issuer again after this many seconds.
const STALE_SECONDS: i64 = 7 * 24 * 3600;

/// What to do about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triage {
    /// Nothing; look again after this.
    Rest(Duration),
    /// Nothing, ever: it is being deleted and does not wait for us.
    Forget,
    /// Undo what was done for it, and let it go.
    Finalize(Reason),
    /// Bring everything to what it asks for.
    Process(Reason),
}

/// Why something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The resource is being deleted.
    Deleted,
    /// Its specification has changed since the last pass that succeeded.
    Changed,
    /// An annotation asks for it.
    Asked,
    /// The last pass failed, or left something that may have become right.
    Retry,
    /// The last pass that succeeded is long ago.
    Stale,
    /// Its Secret is missing, or does not say what it should.
    Secret,
    /// Somebody else changed what it is about, at the issuer or in the cluster.
    Concerned,
}

impl Triage {
    /// The same about a resource that somebody else's change concerns ([`super::Footprints`]).
    #[must_use]
    pub fn concerned(self) -> Self {
        match self {
            Self::Rest(_) => Self::Process(Reason::Concerned),
            other => other,
        }
    }
}

/// Decides. `secret` is the Secret that the resource names, if it is there.
pub fn triage(subject: &Subject, secret: Option<&StoredSecret>, rules: &Rules, now: i64) -> Triage {
    if subject.is_deleted {
        return if subject.waits_for_us() {
            Triage::Finalize(Reason::Deleted)
        } else {
            Triage::Forget
        };
    }
    match reason(subject, secret, rules, now) {
        Some(reason) => Triage::Process(reason),
        None => Triage::Rest(RESTING),
    }
}

fn reason(
    subject: &Subject,
    secret: Option<&StoredSecret>,
    rules: &Rules,
    now: i64,
) -> Option<Reason> {
    let status = &subject.status;
    let is_observed = status
        .observed_generation
        .is_some_and(|generation| generation != 0);
    if !is_observed || status.observed_generation != Some(subject.generation) {
        return Some(Reason::Changed);
    }
    if subject.asks_for(RESYNC) || subject.asks_for(ROTATE) {
        return Some(Reason::Asked);
    }
    if conditions::wants_retry(&status.conditions) {
        return Some(Reason::Retry);
    }
    let last = status
        .synchronization_time
        .as_deref()
        .and_then(instant::parse);
    if last.is_some_and(|at| now - at > STALE_SECONDS) {
        return Some(Reason::Stale);
    }
    (!is_intact(subject, secret, rules)).then_some(Reason::Secret)
}

/// Whether the Secret says what the last pass wrote into it, with a key that is registered. The existing
/// operator looks once a week.
fn is_intact(subject: &Subject, secret: Option<&StoredSecret>, rules: &Rules) -> bool {
    let Ok(spec) = &subject.spec else {
        return true;
    };
    let Some(secret) = secret else {
        return false;
    };
    let key = secret.key(subject.key.kind).and_then(Result::ok);
    let ids = &subject.status.key_ids;
    if key
        .as_ref()
        .is_some_and(|key| !ids.iter().any(|kid| kid == key.public().kid()))
    {
        return false;
    }
    let client = match (subject.status.client_id.as_deref(), &key) {
        (Some(id), Some(key)) => Some(ClientCredentials {
            id,
            key,
            key_since: None,
        }),
        (Some(_), None) if has_client(subject, rules) => return false,
        // A resource that consumes nothing any more may keep its client, and needs no key for it.
        (Some(_), None) | (None, _) => None,
    };
    let wanted = WantedSecret::new(subject, spec, client, &rules.issuers);
    wanted.is_none_or(|wanted| {
        secret.is_managed_for(subject) && secret.entries.has_all(&wanted.entries)
    })
}

/// Whether the resource asks for a client.
fn has_client(subject: &Subject, rules: &Rules) -> bool {
    let desired = subject.desired(&rules.settings);
    desired.is_ok_and(|desired| desired.client.is_some())
}
