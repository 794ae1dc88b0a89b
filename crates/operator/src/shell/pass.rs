//! One pass over one resource.

use std::sync::Arc;
use std::time::Duration;

use kube::{Client, ResourceExt};
use portvakt_client::{Clock, SelfService};
use portvakt_nais::desired::{ClientKey, ClientKind};
use portvakt_nais::naming::Owner;
use portvakt_provision::Lists;
use tokio::time::timeout;

use super::bounds::Bounds;
use super::carrying_out::{Outcome, carry_out, steps_of};
use super::cluster::Namespace;
use super::concerns::Concerns;
use super::error::PassError;
use super::events::Teller;
use super::figures::{End, Figures};
use super::keeper::ClusterKeeper;
use super::kind::ClientResource;
use super::leadership::Lead;
use crate::pass::{
    Conclusion, Done, Ending, FINALIZER, Failure, Held, OLD_FINALIZER, Rules, StoredSecret,
    Subject, Triage, failed, held, not_effective, previewed, succeeded, triage,
};

/// Who tells of events, as existing clusters know them.
const CONTROLLER: &str = "digdirator";

/// Everything that a pass needs beside the resource.
#[derive(Clone)]
pub struct Operator {
    client: Client,
    pub(super) api: SelfService,
    pub(super) rules: Rules,
    pub(super) lists: Arc<Lists>,
    pub(super) concerns: Arc<Concerns>,
    clock: Clock,
    ids: Arc<dyn Fn() -> String + Send + Sync>,
    teller: Teller,
    figures: Figures,
    lead: Lead,
    bounds: Bounds,
}

/// What a pass was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// The resource is gone, or goes without us.
    Gone,
    /// There was nothing to do; look again after this.
    Rested(Duration),
    /// Everything is as it is asked for; look again after this.
    Succeeded(Duration),
    /// Something stood in the way, as the resource's status says; look again after this, or after a
    /// pause that grows.
    Failed(Option<Duration>),
}

impl Operator {
    /// An operator of this cluster for this issuer. `ids` makes an id for each pass.
    pub fn new(
        client: Client,
        api: SelfService,
        rules: Rules,
        ids: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            teller: Teller::new(client.clone(), CONTROLLER),
            clock: api.tokens().source().clock.clone(),
            client,
            api,
            rules,
            lists: Arc::default(),
            concerns: Arc::default(),
            ids: Arc::new(ids),
            figures: Figures::default(),
            lead: Lead::alone(),
            bounds: Bounds::default(),
        }
    }

    /// The same within other bounds.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// What it waits for, and asks for at once.
    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The same, which acts only while this lead is held.
    #[must_use]
    pub fn led_by(self, lead: Lead) -> Self {
        Self { lead, ..self }
    }

    /// What it does, in numbers.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Whether it may act.
    pub(super) fn lead(&self) -> &Lead {
        &self.lead
    }

    /// The cluster's API server.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The time, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Forgets a resource that is gone.
    pub(super) fn gone(&self, kind: ClientKind, namespace: &str, name: &str) {
        if let Ok(key) = self.key(kind, namespace, name) {
            self.concerns.forget(&key);
        }
        self.figures.gone(kind, namespace, name);
    }

    /// Whether somebody else's change concerns a resource.
    pub(super) fn is_due(&self, kind: ClientKind, namespace: &str, name: &str) -> bool {
        let key = self.key(kind, namespace, name);
        key.is_ok_and(|key| self.concerns.is_due(&key))
    }

    fn key(&self, kind: ClientKind, namespace: &str, name: &str) -> Result<ClientKey, PassError> {
        let owner = Owner::new(&self.rules.settings.cluster, namespace, name)?;
        Ok(ClientKey { kind, owner })
    }

    /// Makes a pass over the resource of this kind and name.
    ///
    /// # Errors
    /// The API server refuses or fails in a way that cannot be told on the resource.
    pub async fn pass<R: ClientResource>(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Passed, PassError> {
        let key = self.key(R::KIND, namespace, name)?;
        let limit = self.bounds.pass;
        let passed = timeout(limit, self.pass_over::<R>(&key)).await;
        let passed = passed.unwrap_or(Err(PassError::Late(limit)));
        match passed {
            Ok(Passed::Gone) => self.concerns.forget(&key),
            // What it was to be looked at for is not known to be done.
            Err(_) => self.concerns.keep(&key),
            Ok(_) => self.concerns.done(&key),
        }
        passed
    }

    async fn pass_over<R: ClientResource>(&self, key: &ClientKey) -> Result<Passed, PassError> {
        let (namespace, name) = (key.owner.namespace(), key.owner.name());
        let space = Namespace::<R>::new(&self.client, namespace);
        let Some(resource) = space.find(name).await? else {
            return Ok(Passed::Gone);
        };
        let mut subject = resource.subject(&self.rules.settings.cluster)?;
        let concern = self.concerns.note(&subject, &self.rules.settings);
        subject.rivals = concern.rivals;
        let secret = match subject.secret_name() {
            Some(name) => space.secret(name, &subject).await?,
            None => None,
        };
        self.figures.seen(&subject);
        let now = self.now();
        let mut triage = triage(&subject, secret.as_ref(), &self.rules, now);
        if concern.is_due {
            triage = triage.concerned();
        }
        if let Triage::Process(reason) | Triage::Finalize(reason) = triage {
            tracing::info!(%namespace, name, ?reason, "looking at a {}", R::kind(&()));
        }
        match triage {
            Triage::Forget => Ok(Passed::Gone),
            Triage::Rest(pause) => {
                // A platform that replaces whole objects takes the finalizer away.
                let resource = with_finalizer(&space, resource, &subject).await?;
                Ok(resource.map_or(Passed::Gone, |_| Passed::Rested(pause)))
            }
            Triage::Finalize(_) => self.finalize(&space, resource, subject, now).await,
            Triage::Process(_) => match with_finalizer(&space, resource, &subject).await? {
                Some(resource) => {
                    let keeper = self.keeper(&space, resource, subject, now);
                    self.process(keeper, secret).await
                }
                None => Ok(Passed::Gone),
            },
        }
    }

    /// `named` is the Secret that the resource names, if it is there.
    async fn process<R: ClientResource>(
        &self,
        mut keeper: ClusterKeeper<'_, R>,
        named: Option<StoredSecret>,
    ) -> Result<Passed, PassError> {
        let now = keeper.now;
        let result = match self.hold(&mut keeper, named).await? {
            Ok(()) => carry_out(self, &mut keeper).await,
            Err(failure) => Err(failure),
        };
        let (subject, work, done) = (&keeper.subject, keeper.work.as_ref(), &keeper.done);
        let conclusion = match (result, work) {
            (Ok(Outcome::Done), Some(work)) => succeeded(subject, work, done, &(self.ids)(), now),
            (Ok(Outcome::Waits), Some(work)) => previewed(subject, work, now),
            (Ok(Outcome::NotEffective(why)), Some(work)) => {
                not_effective(subject, work, done, &why, now)
            }
            // Nothing was decided, so nothing is said.
            (Ok(_), None) => return Ok(Passed::Gone),
            (Err(failure), work) => failed(subject, work, done, &failure, now),
        };
        self.count(&keeper, &conclusion);
        self.conclude(keeper, conclusion).await
    }

    async fn finalize<R: ClientResource>(
        &self,
        space: &Namespace<R>,
        resource: R,
        subject: Subject,
        now: i64,
    ) -> Result<Passed, PassError> {
        let mut keeper = self.keeper(space, resource, subject, now);
        if let Err(failure) = carry_out(self, &mut keeper).await {
            let (work, done) = (keeper.work.as_ref(), &keeper.done);
            let conclusion = failed(&keeper.subject, work, done, &failure, now);
            self.count(&keeper, &conclusion);
            return self.conclude(keeper, conclusion).await;
        }
        let events = keeper.work.as_ref().map(steps_of).unwrap_or_default();
        self.teller
            .tell(&keeper.resource.object_ref(&()), &events)
            .await;
        let mut finalizers = keeper.subject.finalizers.clone();
        finalizers.retain(|name| name != FINALIZER && name != OLD_FINALIZER);
        space
            .write_finalizers(&keeper.resource, &finalizers)
            .await?;
        let (subject, work) = (&keeper.subject, keeper.work.as_ref());
        self.figures
            .passed(subject, work, &keeper.done, End::Deleted);
        Ok(Passed::Gone)
    }

    fn keeper<'k, R: ClientResource>(
        &'k self,
        namespace: &'k Namespace<R>,
        resource: R,
        subject: Subject,
        now: i64,
    ) -> ClusterKeeper<'k, R> {
        let done = Done {
            client_id: subject.status.client_id.clone(),
            ..Done::default()
        };
        ClusterKeeper {
            namespace,
            resource,
            issuers: &self.rules.issuers,
            now,
            subject,
            held: Held::default(),
            work: None,
            done,
        }
    }

    /// Reads the keys of a resource, or says why they are not known.
    async fn hold<R: ClientResource>(
        &self,
        keeper: &mut ClusterKeeper<'_, R>,
        named: Option<StoredSecret>,
    ) -> Result<Result<(), Failure>, PassError> {
        let (space, subject) = (keeper.namespace, &keeper.subject);
        // Before the cluster is asked by a name that no label can have.
        if let Err(error) = subject.desired(&self.rules.settings) {
            return Ok(Err(error.into()));
        }
        let name = match &subject.spec {
            Ok(spec) => spec.secret_name(),
            Err(error) => return Ok(Err(error.clone().into())),
        };
        let mut secrets = space.managed_secrets(subject).await?;
        if !secrets.iter().any(|secret| secret.name == name) {
            secrets.extend(named);
        }
        let used = space.in_use(subject.name()).await?;
        Ok(match held(subject, name, &secrets, &used) {
            Ok(held) => {
                keeper.held = held;
                Ok(())
            }
            Err(fault) => Err(fault.into()),
        })
    }

    fn count<R>(&self, keeper: &ClusterKeeper<'_, R>, conclusion: &Conclusion) {
        let (work, done) = (keeper.work.as_ref(), &keeper.done);
        let lacks_access = work.is_some_and(|work| !work.missing.is_empty());
        let end = match conclusion.ending {
            Ending::Whole => End::Whole,
            Ending::Waits => End::Waiting { lacks_access },
            Ending::Failed => End::Failed,
        };
        self.figures.passed(&keeper.subject, work, done, end);
    }

    /// Writes down what came of a pass, and tells of it.
    async fn conclude<R: ClientResource>(
        &self,
        mut keeper: ClusterKeeper<'_, R>,
        conclusion: Conclusion,
    ) -> Result<Passed, PassError> {
        let written = keeper.write_status(conclusion.status).await;
        let mut events = conclusion.events;
        if written.is_err() {
            // What was done is told now; how it ended, by the pass that comes after this one.
            events.pop();
        }
        self.teller
            .tell(&keeper.resource.object_ref(&()), &events)
            .await;
        written?;
        Ok(match (conclusion.ending, conclusion.requeue) {
            (Ending::Whole | Ending::Waits, Some(pause)) => Passed::Succeeded(pause),
            (_, pause) => Passed::Failed(pause),
        })
    }
}

/// The resource with our finalizer; nothing if it is gone.
async fn with_finalizer<R: ClientResource>(
    space: &Namespace<R>,
    resource: R,
    subject: &Subject,
) -> Result<Option<R>, PassError> {
    if subject.has_finalizer() {
        return Ok(Some(resource));
    }
    let mut finalizers = resource.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    space.write_finalizers(&resource, &finalizers).await
}
