//! Passes over a world, which can end after any of their effects. The shell makes the same effects in the
//! same order.

use portvakt_nais::actual::RegisteredKey;
use portvakt_nais::environment::PrivateJwk;
use portvakt_nais::plan::{Action, Signer};
use portvakt_operator::pass::{
    ASKED_ONCE, ClientCredentials, Conclusion, Done, FINALIZER, Failure, Held, InUse,
    OLD_FINALIZER, ROTATE, SecretOwner, SecretVersion, StoredSecret, Triage, UnusedSecret,
    WantedSecret, Work, decide, failed, held, key_kept, not_effective, previewed, started,
    succeeded, triage, waits_for_approval,
};
use portvakt_operator::resource::Spec;
use serde_json::json;

use crate::fixtures::*;
use crate::world::{DAY, World};

/// The pass ended before everything was done.
#[derive(Debug)]
pub(crate) struct Killed;

/// What is left of a pass before it is killed.
struct Budget(usize);

impl Budget {
    fn spend(&mut self) -> Result<(), Killed> {
        self.0 = self.0.checked_sub(1).ok_or(Killed)?;
        Ok(())
    }
}

impl World {
    pub(crate) fn triage(&self) -> Triage {
        let spec = self.subject.spec.as_ref();
        let secret = spec
            .ok()
            .and_then(|spec| self.secrets.get(spec.secret_name()));
        triage(&self.subject, secret, &self.rules, self.now)
    }

    /// A whole pass.
    pub(crate) fn pass(&mut self) -> Option<Conclusion> {
        self.interrupted_pass(usize::MAX).unwrap()
    }

    /// A pass that is killed before the effect after `effects` of them.
    pub(crate) fn interrupted_pass(
        &mut self,
        effects: usize,
    ) -> Result<Option<Conclusion>, Killed> {
        let mut budget = Budget(effects);
        match self.triage() {
            Triage::Rest(_) | Triage::Forget => return Ok(None),
            Triage::Process(_) => {
                if !self.subject.finalizers.iter().any(|name| name == FINALIZER) {
                    budget.spend()?;
                    self.subject.finalizers.push(FINALIZER.into());
                }
            }
            Triage::Finalize(_) => {}
        }
        let mut done = Done::default();
        let mut decided = None;
        let failure = match self.work(&mut budget, &mut done, &mut decided) {
            Ok(result) => result.err(),
            Err(killed) => return Err(killed),
        };
        budget.spend()?;
        if self.subject.is_deleted && failure.is_none() {
            let ours = [FINALIZER, OLD_FINALIZER];
            self.subject
                .finalizers
                .retain(|name| !ours.contains(&name.as_str()));
            return Ok(None);
        }
        let conclusion = match (failure, &decided) {
            (None, Some(work)) if waits_for_approval(&self.subject, work) => {
                previewed(&self.subject, work, self.now)
            }
            (None, Some(work)) => match &self.not_effective {
                None => succeeded(&self.subject, work, &done, "some-pass", self.now),
                Some(why) => not_effective(&self.subject, work, &done, why, self.now),
            },
            (failure, work) => {
                let failure = failure.unwrap();
                failed(&self.subject, work.as_ref(), &done, &failure, self.now)
            }
        };
        self.subject.status = conclusion.status.clone();
        Ok(Some(conclusion))
    }

    fn work(
        &mut self,
        budget: &mut Budget,
        done: &mut Done,
        decided: &mut Option<Work>,
    ) -> Result<Result<(), Failure>, Killed> {
        let mut used = InUse::default();
        for pod in &self.pods {
            let spec = json!({"containers": [
                {"name": "app", "envFrom": [{"secretRef": {"name": pod.secret}}]},
            ]});
            used.add_pod(&serde_json::from_value(spec).unwrap(), pod.created_at);
        }
        let name = self
            .subject
            .spec
            .as_ref()
            .map_or("", Spec::secret_name)
            .to_owned();
        let secrets: Vec<_> = self.secrets.values().cloned().collect();
        let held = match held(&self.subject, &name, &secrets, &used) {
            _ if self.subject.is_deleted => Held::default(),
            Ok(held) => held,
            Err(fault) => return Ok(Err(fault.into())),
        };
        let mut actual = self.issuer.clone();
        actual.observed_at = self.now;
        let key = self.subject.key.clone();
        if let Some(id) = &self.subject.status.client_id {
            actual.known_clients.insert(key.clone(), id.clone());
        }
        actual.local_keys.insert(key, held.keys.clone());
        let work = match decide(&self.subject, &held, &actual, &self.rules) {
            Ok(work) => decided.insert(work).clone(),
            Err(failure) => return Ok(Err(failure)),
        };
        if waits_for_approval(&self.subject, &work) {
            return Ok(Ok(()));
        }
        if !self.subject.is_deleted {
            budget.spend()?;
            self.subject.status = started(&self.subject, &work, self.now);
        }
        done.client_id.clone_from(&self.subject.status.client_id);
        let mut signer = held.current.clone().map(|key| (key, held.current_since));
        for step in &work.plan.steps {
            self.step(&step.action, &work, &mut signer, budget, done)?;
            done.steps += 1;
        }
        if work.is_stuck {
            return Ok(Err(Failure::NoUsableScope));
        }
        let credentials = credentials(done.client_id.as_deref(), signer.as_ref());
        let wanted = match work.secret(&self.subject, credentials, &self.rules.issuers) {
            Ok(wanted) => wanted,
            Err(failure) => return Ok(Err(failure)),
        };
        if let Some(wanted) = wanted {
            budget.spend()?;
            self.write(wanted);
        }
        for UnusedSecret { name, .. } in &work.unused {
            budget.spend()?;
            self.secrets.remove(name);
        }
        budget.spend()?;
        self.subject
            .annotations
            .retain(|name, _| !ASKED_ONCE.contains(&name.as_str()));
        Ok(Ok(()))
    }

    /// Carries out an action as the shell does, each of its effects at a time.
    fn step(
        &mut self,
        action: &Action,
        work: &Work,
        signer: &mut Option<(PrivateJwk, Option<i64>)>,
        budget: &mut Budget,
        done: &mut Done,
    ) -> Result<(), Killed> {
        match action {
            Action::CreateClient { client, body } => {
                budget.spend()?;
                self.made += 1;
                let id = format!("id-{}", self.made);
                let made = Action::UpdateClient {
                    client: client.clone(),
                    client_id: id.clone(),
                    body: body.clone(),
                    changes: Vec::new(),
                };
                self.calls.push("POST /clients".into());
                self.issuer = self.issuer.apply(&made);
                self.found(&id, budget, done)?;
            }
            Action::AdoptClient { client_id, .. } => self.found(client_id, budget, done)?,
            Action::ReplaceKeys {
                client_id, keys, ..
            } => {
                let id = client_id.clone().or(done.client_id.clone()).unwrap();
                if keys.signer == Signer::New {
                    self.made += 1;
                    let key = private(&format!("new-{}", self.made));
                    *signer = Some((key, Some(self.now)));
                    let credentials = credentials(Some(&id), signer.as_ref());
                    let wanted = work
                        .secret(&self.subject, credentials, &self.rules.issuers)
                        .unwrap();
                    budget.spend()?;
                    self.write(wanted.unwrap());
                    budget.spend()?;
                    let kid = signer.as_ref().unwrap().0.public().kid();
                    self.subject.status = key_kept(&self.subject, work, kid);
                    budget.spend()?;
                    self.subject.annotations.remove(ROTATE);
                }
                budget.spend()?;
                let public = signer.as_ref().map(|(key, _)| key.public().clone());
                let body = keys.body(public.as_ref()).unwrap();
                assert!(
                    body.keys.len() <= 5,
                    "the issuer refuses more than five keys"
                );
                let kids: Vec<_> = body
                    .keys
                    .iter()
                    .map(|key| key["kid"].as_str().unwrap())
                    .collect();
                self.calls
                    .push(format!("POST /clients/{id}/jwks {}", kids.join(" ")));
                let year = self.now + 365 * DAY;
                let keys = body.keys.iter().map(|key| {
                    let key = RegisteredKey::try_from(key).unwrap();
                    RegisteredKey {
                        expires_at: key.expires_at.or(Some(year)),
                        ..key
                    }
                });
                self.issuer.key_sets.insert(id, keys.collect());
                let new = signer.as_ref().map(|(key, _)| key.public().kid());
                done.key_ids = Some(work.key_ids(new));
            }
            Action::GrantAccess { scope, consumer } | Action::RegrantAccess { scope, consumer }
                if self.unknown.contains(consumer) =>
            {
                budget.spend()?;
                self.calls.push(action.to_string());
                let invalid = done.invalid_consumers.entry(scope.clone()).or_default();
                invalid.push(consumer.clone());
            }
            other => {
                budget.spend()?;
                self.calls.push(other.to_string());
                self.issuer = self.issuer.apply(other);
                self.issuer.known_clients.clear();
            }
        }
        Ok(())
    }

    fn found(&mut self, id: &str, budget: &mut Budget, done: &mut Done) -> Result<(), Killed> {
        done.client_id = Some(id.to_owned());
        budget.spend()?;
        self.subject.status.client_id = Some(id.to_owned());
        Ok(())
    }

    fn write(&mut self, wanted: WantedSecret) {
        let created_at = self
            .secrets
            .get(&wanted.name)
            .map(|secret| secret.created_at);
        let secret = StoredSecret {
            name: wanted.name.clone(),
            version: SecretVersion::default(),
            labels: wanted.labels,
            created_at: created_at.unwrap_or(self.now),
            annotations: wanted.annotations,
            owner: SecretOwner::Subject,
            entries: wanted.entries,
        };
        self.secrets.insert(wanted.name, secret);
    }
}

fn credentials<'c>(
    id: Option<&'c str>,
    signer: Option<&'c (PrivateJwk, Option<i64>)>,
) -> Option<ClientCredentials<'c>> {
    let (id, (key, key_since)) = (id?, signer?);
    Some(ClientCredentials {
        id,
        key,
        key_since: *key_since,
    })
}
