//! Carrying out a plan.

use std::collections::BTreeMap;

use portvakt_client::{ClientError, SelfService};
use portvakt_nais::desired::{ClientKey, client_body};
use portvakt_nais::plan::{Action, KeyChange, Plan, Signer, Step};

use crate::keeper::{Keeper, KeeperError};
use crate::key::NewKey;

/// What came of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// How many steps were carried out, or refused and tolerated: all of them.
    pub steps: usize,
    /// Which steps were refused and tolerated, from 1.
    pub refused: Vec<usize>,
    /// The registry's revision after the last, where the target tells it.
    pub revision: Option<u64>,
}

/// A plan that was not carried out to its end. What was done stays, and is no harm: planning again
/// goes on from there.
#[derive(Debug, thiserror::Error)]
#[error("step {number} of {total}, {action}: {fault}")]
pub struct ApplyError {
    /// The step that failed, from 1. Those before it were carried out.
    pub number: usize,
    /// How many steps the plan has.
    pub total: usize,
    /// The step, as a plan shows it.
    pub action: String,
    /// Which steps before it were refused and tolerated, from 1.
    pub refused: Vec<usize>,
    /// Why.
    pub fault: ApplyFault,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyFault {
    /// Somebody changed the same record since the plan was made.
    #[error("somebody else changed it meanwhile: plan again")]
    Moved,
    /// The self-service API refused or failed.
    #[error(transparent)]
    Api(#[from] ClientError),
    /// An id or a key cannot be kept.
    #[error("keep the credentials: {0}")]
    Keeper(#[from] KeeperError),
    /// The plan is not consistent: it was edited.
    #[error("the plan is damaged: {0}; plan again")]
    Damaged(&'static str),
}

/// Carries out every step in order. `before` hears of each step before it begins.
pub async fn apply(
    api: &SelfService,
    plan: &Plan,
    keeper: &mut dyn Keeper,
    before: impl FnMut(usize, &Step) + Send,
) -> Result<Applied, ApplyError> {
    apply_tolerating(api, plan, keeper, before, |_, _| false).await
}

/// As [`apply()`], but goes on after a step whose refusal is tolerated: one that is about nothing that
/// later steps need, such as a consumer that the issuer does not accept.
pub async fn apply_tolerating(
    api: &SelfService,
    plan: &Plan,
    keeper: &mut dyn Keeper,
    mut before: impl FnMut(usize, &Step) + Send,
    is_tolerated: impl Fn(&Action, &ClientError) -> bool + Send,
) -> Result<Applied, ApplyError> {
    let mut work = Work {
        api,
        keeper,
        made: BTreeMap::new(),
    };
    let mut refused = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        before(index, step);
        let done = match work.carry_out(step).await {
            Err(ApplyFault::Api(error)) if is_tolerated(&step.action, &error) => {
                refused.push(index + 1);
                Ok(())
            }
            done => done,
        };
        done.map_err(|fault| ApplyError {
            number: index + 1,
            total: plan.steps.len(),
            action: step.action.to_string(),
            refused: refused.clone(),
            fault: match fault {
                ApplyFault::Api(error) if error.status() == Some(412) => ApplyFault::Moved,
                other => other,
            },
        })?;
    }
    Ok(Applied {
        steps: plan.steps.len(),
        refused,
        revision: api.newest_revision(),
    })
}

struct Work<'w> {
    api: &'w SelfService,
    keeper: &'w mut dyn Keeper,
    /// Ids of clients that earlier steps have made.
    made: BTreeMap<ClientKey, String>,
}

impl Work<'_> {
    async fn carry_out(&mut self, step: &Step) -> Result<(), ApplyFault> {
        let api = self.api;
        let if_match = step.if_match.as_deref();
        match &step.action {
            Action::CreateScope { body, .. } => {
                api.create_scope(body).await?;
            }
            Action::UpdateScope { scope, body, .. }
            | Action::AdoptScope { scope, body, .. }
            | Action::ReactivateScope { scope, body, .. } => {
                api.update_scope(scope, body, if_match).await?;
            }
            Action::DeactivateScope { scope } => {
                api.deactivate_scope(scope, if_match).await?;
            }
            Action::GrantAccess { scope, consumer } | Action::RegrantAccess { scope, consumer } => {
                api.grant(scope, consumer).await?;
            }
            Action::WithdrawAccess { scope, consumer } => {
                api.withdraw(scope, consumer).await?;
            }
            Action::CreateClient { client, body } => {
                let made = api.create_client(&json(body)?).await?;
                self.found(client, &made.value.client_id).await?;
            }
            Action::AdoptClient { client, client_id } => self.found(client, client_id).await?,
            Action::UpdateClient {
                client_id, body, ..
            } => {
                api.update_client(client_id, &json(body)?, if_match).await?;
            }
            Action::DeactivateClient { client, client_id } => {
                api.deactivate_client(client_id, if_match).await?;
                self.keeper.keep_client_id(client, None).await?;
            }
            Action::ReplaceKeys {
                client,
                client_id,
                keys,
            } => {
                self.replace_keys(client, client_id.as_deref(), keys, if_match)
                    .await?;
            }
        }
        Ok(())
    }

    async fn found(&mut self, client: &ClientKey, client_id: &str) -> Result<(), KeeperError> {
        self.made.insert(client.clone(), client_id.to_owned());
        self.keeper.keep_client_id(client, Some(client_id)).await
    }

    /// Keeps a new key before it registers it: interrupted in between, the next plan registers that
    /// key and makes no other.
    async fn replace_keys(
        &mut self,
        client: &ClientKey,
        client_id: Option<&str>,
        keys: &KeyChange,
        if_match: Option<&str>,
    ) -> Result<(), ApplyFault> {
        let made = self.made.get(client).map(String::as_str);
        let client_id = client_id
            .or(made)
            .ok_or(ApplyFault::Damaged("it registers keys of no client"))?;
        let new = match keys.signer {
            Signer::New => Some(NewKey::generate()?),
            Signer::Current(_) => None,
        };
        if let Some(key) = &new {
            self.keeper.keep_key(client, key).await?;
        }
        let body = keys
            .body(new.as_ref().map(NewKey::public))
            .ok_or(ApplyFault::Damaged("it registers no key"))?;
        self.api.replace_keys(client_id, &body, if_match).await?;
        self.keeper.registered(client, keys).await?;
        Ok(())
    }
}

fn json(body: &portvakt_api_types::ClientRequest) -> Result<serde_json::Value, ApplyFault> {
    client_body(body).map_err(|_| ApplyFault::Damaged("a client's attributes are no JSON"))
}
