//! What a pass does.

use std::borrow::Cow;
use std::collections::BTreeSet;

use portvakt_nais::Settings;
use portvakt_nais::actual::{Actual, Usage};
use portvakt_nais::desired::{ClientKind, Desired, Presence};
use portvakt_nais::naming::Owner;
use portvakt_nais::plan::{Action, ForeignKeys, Plan, Policy, Problem, Refused, Signer, plan};

use super::dispute::{self, Dispute};
use super::secret::{ClientCredentials, Issuers, WantedSecret};
use super::{Held, SecretFault, Subject, UnusedSecret};
use crate::resource::{Spec, SpecError};

/// What an operator decides by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Names and defaults.
    pub settings: Settings,
    /// What may be changed.
    pub policy: Policy,
    /// Where the issuers are.
    pub issuers: Issuers,
}

/// Everything that a pass has decided to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// What is asked for.
    pub desired: Desired,
    /// What to do at the issuer, in order.
    pub plan: Plan,
    /// Consumed scopes that the client does not get.
    pub missing: Vec<String>,
    /// No consumed scope is left, so there is no client; one that exists stays as it is.
    pub is_stuck: bool,
    /// Secrets to delete afterwards.
    pub unused: Vec<UnusedSecret>,
    /// Scopes that somebody else has, too.
    pub(super) disputes: Vec<Dispute>,
    /// Ids of keys that are registered for the resource now, its own first.
    pub(super) registered: Vec<String>,
}

/// Why a pass does nothing, or did not come to its end.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The specification means nothing.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The Secrets do not say what the keys are.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// The operator is not for this kind of client.
    #[error(
        "this operator knows no issuer of login clients: configure one, or delete the resource"
    )]
    NoIssuer,
    /// The status names a client of somebody else.
    #[error(
        "status.clientID is {client_id}, which is the client of {owner}: take it out of the status (kubectl edit \
         --subresource=status), and the resource gets a client of its own"
    )]
    ClientOfAnother {
        /// The client.
        client_id: String,
        /// Whose it is, by its description.
        owner: Owner,
    },
    /// Something stands in the way.
    #[error("{}", problems(.0))]
    Refused(Refused),
    /// No scope is left for the client.
    #[error("{}", Problem::NoUsableScope)]
    NoUsableScope,
    /// Something outside failed: the issuer, or the cluster.
    #[error("{0}")]
    Outside(String),
}

impl Failure {
    /// Why, as one word of a condition.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::ClientOfAnother { .. } => "ClientOfAnother",
            _ => "Failed",
        }
    }
}

fn problems(refused: &Refused) -> String {
    let problems = refused.refusals.iter();
    let problems: Vec<_> = problems
        .map(|finding| finding.problem.to_string())
        .collect();
    problems.join("; ")
}

/// Decides what to do. `actual` is what is registered, with what [`super::held`] gave in its
/// `local_keys` and the status's id in its `known_clients`.
///
/// # Errors
/// Why nothing is done. Nothing has been changed then.
pub fn decide(
    subject: &Subject,
    held: &Held,
    actual: &Actual,
    rules: &Rules,
) -> Result<Work, Failure> {
    decide_with_usage(subject, held, actual, rules, None)
}

/// As [`decide`], with consequences that tell how much scopes are used.
///
/// # Errors
/// As [`decide`].
pub fn decide_with_usage(
    subject: &Subject,
    held: &Held,
    actual: &Actual,
    rules: &Rules,
    usage: Option<&Usage>,
) -> Result<Work, Failure> {
    let Rules {
        settings,
        policy,
        issuers,
    } = rules;
    let is_login = subject.key.kind == ClientKind::IdPorten;
    if is_login && !subject.is_deleted && issuers.idporten.is_none() {
        return Err(Failure::NoIssuer);
    }
    let mut desired = subject.desired(settings)?;
    let own = with_own_client(subject, actual)?;
    let actual = own.as_ref();
    let disputes = dispute::settle(subject, &mut desired, actual, policy);
    let plan = if held.has_older_users {
        let policy = Policy {
            foreign_keys: ForeignKeys::Keep,
            ..policy.clone()
        };
        let actual = with_others_released(subject, held, actual);
        plan(std::slice::from_ref(&desired), &actual, &policy, usage)
    } else {
        plan(std::slice::from_ref(&desired), actual, policy, usage)
    };
    let plan = plan.map_err(Failure::Refused)?;
    let missing = plan.notes.iter().filter_map(|note| missing(&note.problem));
    let is_stuck = plan
        .notes
        .iter()
        .any(|note| note.problem == Problem::NoUsableScope);
    Ok(Work {
        missing: missing.collect(),
        is_stuck,
        disputes,
        unused: held.unused.clone(),
        registered: registered(subject, held, actual, &plan),
        desired,
        plan,
    })
}

/// What is registered, with a client of the status that is the resource's. Whoever may write a status, or copies a
/// resource with it, gets nobody's client by that, and takes none away.
fn with_own_client<'a>(subject: &Subject, actual: &'a Actual) -> Result<Cow<'a, Actual>, Failure> {
    let Some((client_id, owner)) = client_of_another(subject, actual) else {
        return Ok(Cow::Borrowed(actual));
    };
    if !subject.is_deleted {
        return Err(Failure::ClientOfAnother { client_id, owner });
    }
    // The resource goes, and the client stays.
    let mut actual = actual.clone();
    actual.known_clients.remove(&subject.key);
    actual.clients.remove(&client_id);
    Ok(Cow::Owned(actual))
}

/// The client that the status names, if that is another workload's.
fn client_of_another(subject: &Subject, actual: &Actual) -> Option<(String, Owner)> {
    let id = actual.known_clients.get(&subject.key)?;
    let owner = actual.clients.get(id)?.owner()?;
    (!owner.is_same_workload(&subject.key.owner)).then(|| (id.clone(), owner))
}

/// What was never registered for the resource is nobody's who runs for it.
fn with_others_released(subject: &Subject, held: &Held, actual: &Actual) -> Actual {
    let mut actual = actual.clone();
    let ids = &subject.status.key_ids;
    let others: Vec<_> = registered_keys(actual.known_clients.get(&subject.key), &actual)
        .filter(|kid| !ids.contains(kid))
        .collect();
    let mut keys = held.keys.clone();
    keys.released.extend(others);
    actual.local_keys.insert(subject.key.clone(), keys);
    actual
}

/// Ids of the keys of a client that may not be registered yet.
fn registered_keys(client_id: Option<&String>, actual: &Actual) -> impl Iterator<Item = String> {
    let keys = client_id.and_then(|id| actual.key_sets.get(id));
    let keys = keys.into_iter().flatten();
    keys.map(|key| key.jwk.kid().to_owned())
}

/// The registered ones among the keys that the resource has and had.
fn registered(subject: &Subject, held: &Held, actual: &Actual, plan: &Plan) -> Vec<String> {
    let own = held.keys.in_use.iter().map(|key| key.kid().to_owned());
    let mut wanted: Vec<_> = own.collect();
    let had = subject.status.key_ids.iter();
    let had: Vec<_> = had.filter(|kid| !wanted.contains(kid)).cloned().collect();
    wanted.extend(had);
    let adopted = plan.steps.iter().find_map(|step| match &step.action {
        Action::AdoptClient { client_id, .. } => Some(client_id),
        _ => None,
    });
    let known = actual.known_clients.get(&subject.key);
    let there: BTreeSet<_> = registered_keys(adopted.or(known), actual).collect();
    wanted.retain(|kid| there.contains(kid));
    wanted
}

/// The consumed scope that a note says is not to be had.
fn missing(problem: &Problem) -> Option<String> {
    match problem {
        Problem::NoAccess { scope, .. }
        | Problem::ScopeInactive { scope }
        | Problem::UnknownScope { scope, .. }
        | Problem::IntegrationTypeConflict { scope, .. } => Some(scope.clone()),
        _ => None,
    }
}

impl Work {
    /// Ids of the client's keys after the plan was carried out, the one that it signs with first. `new`
    /// is the id of the key that was made for it, if one was.
    pub fn key_ids(&self, new: Option<&str>) -> Vec<String> {
        let change = self.plan.steps.iter().find_map(|step| match &step.action {
            Action::ReplaceKeys { keys, .. } => Some(keys),
            _ => None,
        });
        let Some(change) = change else {
            return self.registered.clone();
        };
        let signer = match &change.signer {
            Signer::New => new,
            Signer::Current(key) => Some(key.kid()),
        };
        let kept = change.kept.iter().map(|key| key.jwk.kid());
        signer.into_iter().chain(kept).map(str::to_owned).collect()
    }

    /// The resource's Secret, once its client has this id and key.
    ///
    /// # Errors
    /// The operator knows no issuer of such clients.
    pub fn secret(
        &self,
        subject: &Subject,
        client: Option<ClientCredentials<'_>>,
        issuers: &Issuers,
    ) -> Result<Option<WantedSecret>, Failure> {
        let is_present = self.desired.presence == Presence::Present;
        let (true, false) = (is_present, self.is_stuck) else {
            return Ok(None);
        };
        let spec: &Spec = subject.spec.as_ref().map_err(SpecError::clone)?;
        let wanted = WantedSecret::new(subject, spec, client, issuers);
        wanted.map(Some).ok_or(Failure::NoIssuer)
    }
}
