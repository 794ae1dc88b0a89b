//! From manifests to what is done about them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use portvakt_client::{Credentials, Grant, TokenSource};
use portvakt_jose::SigningKey;
use portvakt_nais::Settings;
use portvakt_nais::actual::Actual;
use portvakt_nais::desired::{ClientKey, ClientKind, Desired, Presence, desired};
use portvakt_nais::manifest::{Faults, Manifest};
use portvakt_nais::model::ResourceKind;
use portvakt_nais::plan::{Action, Plan, Policy, Refused, Step};
use portvakt_provision::{
    Patience, Probe, apply, observe, observe_for, plan, wait_until_effective,
};
use serde_json::{Value, json};

use super::credentials::{CredentialStore, StoreLock};
use super::manifests::{self, FileArgs};
use super::progress::Outcome;
use super::settings::{PolicyArgs, SettingsArgs};
use super::target::{Needs, Target, TargetArgs};
use crate::data_dir::{DataDir, DataDirArgs};
use crate::output::Output;

/// What every command on manifests takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ProvisionArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    #[command(flatten)]
    pub(crate) data_dir: DataDirArgs,
    /// Make new keys for the clients
    #[arg(long)]
    pub(crate) rotate: bool,
    /// The manifests' workloads go away: deactivate their clients, unless they say to preserve them,
    /// and the scopes that they have disabled
    #[arg(long, conflicts_with = "rotate")]
    pub(crate) delete: bool,
}

/// Manifests, the service that they are for, and what is kept of their clients.
pub(crate) struct Session {
    pub(crate) target: Target,
    pub(crate) manifest: Manifest,
    pub(crate) settings: Settings,
    pub(crate) desired: Vec<Desired>,
    pub(crate) store: CredentialStore,
    policy: Policy,
    annotated: BTreeSet<ClientKey>,
    _lock: StoreLock,
}

impl ProvisionArgs {
    /// Reads the manifests, then finds the service: what is wrong here is told before anybody is
    /// asked.
    pub(crate) async fn open(&self, output: Output) -> anyhow::Result<Session> {
        let manifest = self.files.read(output)?;
        self.open_for(manifest, output).await
    }

    /// As [`Self::open`], for manifests that were read already.
    pub(crate) async fn open_for(
        &self,
        manifest: Manifest,
        output: Output,
    ) -> anyhow::Result<Session> {
        let data_dir = self.data_dir.data_dir();
        let needs = needs(&manifest);
        let target = self.target.connect(&data_dir, needs).await?;
        let prefix = self.prefix(&target, needs).await?;
        let settings = self.settings.settings(&prefix);
        let mut desired = desired(&manifest, &settings).map_err(|faults| {
            let (faults, warnings) = (faults, Vec::new());
            manifests::refused(&Faults { faults, warnings }, output)
        })?;
        let store = CredentialStore::new(target.credentials.clone());
        let lock = store.lock().await?;
        let mut annotated = BTreeSet::new();
        for resource in &mut desired {
            if store.follows_annotation(&resource.key, resource.rotate)? {
                annotated.insert(resource.key.clone());
            }
            resource.rotate = self.rotate || annotated.contains(&resource.key);
        }
        if self.delete {
            desired = removed(&manifest, desired);
        }
        Ok(Session {
            target,
            manifest,
            settings,
            desired,
            store,
            policy: self.policy.policy(),
            annotated,
            _lock: lock,
        })
    }

    /// The named prefix, or the organization's only one. It matters to exposed scopes alone.
    async fn prefix(&self, target: &Target, needs: Needs) -> anyhow::Result<String> {
        if let Some(prefix) = &self.settings.prefix {
            return Ok(prefix.clone());
        }
        if !needs.scopes {
            return Ok("nav".to_owned());
        }
        let organization = portvakt_provision::organization(&target.api).await?;
        let prefixes = target.api.prefixes().await.unwrap_or_default();
        let own = prefixes
            .into_iter()
            .filter(|record| Some(&record.owner_orgno) == organization.as_ref());
        let own: Vec<_> = own.map(|record| record.prefix).collect();
        match own.as_slice() {
            [one] => Ok(one.clone()),
            [] => bail!(
                "organization {} has no prefix for exposed scopes, as far as the service tells: name one with \
                 --prefix, or ask the operator for one",
                organization.as_deref().unwrap_or("unknown")
            ),
            several => bail!(
                "the organization has the prefixes {}: name the one for exposed scopes with --prefix",
                several.join(", ")
            ),
        }
    }
}

/// The annotation says that a client is kept; a resource that declares several clients says it of all.
fn removed(manifest: &Manifest, desired: Vec<Desired>) -> Vec<Desired> {
    let preserved: BTreeSet<_> = manifest
        .resources
        .iter()
        .filter(|resource| resource.metadata.preserves_client())
        .map(|resource| resource.place.clone().to_string())
        .collect();
    let removed = desired.into_iter().map(|resource| {
        let is_preserved = preserved.contains(&resource.place.to_string());
        resource.removed(is_preserved)
    });
    removed.collect()
}

fn needs(manifest: &Manifest) -> Needs {
    let mut needs = Needs {
        scopes: false,
        clients: false,
    };
    for resource in &manifest.resources {
        let scopes = match &resource.kind {
            ResourceKind::Workload(workload) => workload.maskinporten.as_ref().map(|m| &m.scopes),
            ResourceKind::MaskinportenClient(spec) => Some(&spec.scopes),
            ResourceKind::IdPortenClient(_) => None,
        };
        needs.scopes |= scopes.is_some_and(|scopes| !scopes.exposes.is_empty());
        needs.clients |= scopes.is_none_or(|scopes| !scopes.consumes.is_empty());
    }
    needs
}

impl Session {
    fn now(&self) -> i64 {
        self.target.source().clock.now()
    }

    /// What is.
    pub(crate) async fn observe(&mut self) -> anyhow::Result<Actual> {
        let now = self.now();
        let (api, desired) = (&self.target.api, &self.desired);
        Ok(observe(api, desired, &self.policy, &mut self.store, now).await?)
    }

    /// What to do; prints every reason why not before it fails.
    pub(crate) async fn plan(&mut self, actual: &Actual, output: Output) -> anyhow::Result<Plan> {
        let planned = plan(&self.target.api, &self.desired, actual, &self.policy).await;
        planned.map_err(|refused| not_planned(&refused, output))
    }

    /// Carries a plan out and waits until it is effective.
    pub(crate) async fn apply(
        &mut self,
        plan: &Plan,
        actual: &Actual,
        before: impl FnMut(usize, &Step) + Send,
    ) -> anyhow::Result<Outcome> {
        self.store.keep_assumed()?;
        let outcome = carry_out(&self.target, &mut self.store, plan, actual, before).await?;
        for client in rotated(plan).filter(|client| self.annotated.contains(*client)) {
            self.store.followed_annotation(client)?;
        }
        Ok(outcome)
    }

    /// Resources that are there, with what is kept of their clients.
    pub(crate) fn clients(&self) -> anyhow::Result<Vec<Value>> {
        let mut shown = Vec::new();
        let present = self
            .desired
            .iter()
            .filter(|resource| resource.presence == Presence::Present);
        for resource in present.filter(|resource| resource.client.is_some()) {
            let record = self.store.find(&resource.key)?;
            let id = record.as_ref().and_then(|record| record.client_id());
            shown.push(json!({
                "client": resource.key, "client_id": id, "credentials": self.store.path(&resource.key),
            }));
        }
        Ok(shown)
    }
}

fn rotated(plan: &Plan) -> impl Iterator<Item = &ClientKey> {
    plan.steps.iter().filter_map(|step| match &step.action {
        Action::ReplaceKeys { client, .. } => Some(client),
        _ => None,
    })
}

/// Carries out a plan that was saved, if the world is as it was then.
pub(crate) async fn apply_saved(
    target: &Target,
    plan: &Plan,
    before: impl FnMut(usize, &Step) + Send,
) -> anyhow::Result<Outcome> {
    let mut store = CredentialStore::new(target.credentials.clone());
    let _lock = store.lock().await?;
    let now = target.source().clock.now();
    let actual = observe_for(&target.api, plan, &mut store, now).await?;
    let moved = plan.moved(&actual);
    if !moved.is_empty() {
        let moved: Vec<_> = moved.iter().map(ToString::to_string).collect();
        bail!(
            "the plan is refused, because the world moved since it was made ({}): plan again",
            moved.join(", ")
        );
    }
    carry_out(target, &mut store, plan, &actual, before).await
}

/// What a saved plan needs of an administration client.
pub(crate) async fn connect_for(
    args: &TargetArgs,
    data_dir: &DataDir,
    plan: &Plan,
) -> anyhow::Result<Target> {
    let is_client = |step: &Step| {
        matches!(
            step.action,
            Action::CreateClient { .. }
                | Action::AdoptClient { .. }
                | Action::UpdateClient { .. }
                | Action::DeactivateClient { .. }
                | Action::ReplaceKeys { .. }
        )
    };
    let needs = Needs {
        clients: plan.steps.iter().any(is_client),
        scopes: plan.steps.iter().any(|step| !is_client(step)),
    };
    args.connect(data_dir, needs).await
}

async fn carry_out(
    target: &Target,
    store: &mut CredentialStore,
    plan: &Plan,
    actual: &Actual,
    before: impl FnMut(usize, &Step) + Send,
) -> anyhow::Result<Outcome> {
    let applied = apply(&target.api, plan, store, before).await;
    let applied = applied.context(
        "the plan was not carried out to its end; what was done stays, and the same command goes on from there",
    )?;
    let probes = probes(target, store, plan, actual)?;
    let effect = wait_until_effective(&target.api, &probes, &Patience::default()).await;
    Ok(Outcome {
        steps: applied.steps,
        effect: effect.context(
            "everything is registered, but the token endpoint does not know the new key yet: try again later",
        )?,
    })
}

/// The clients that got a new key, each with it and with one of its scopes.
fn probes(
    target: &Target,
    store: &CredentialStore,
    plan: &Plan,
    actual: &Actual,
) -> anyhow::Result<Vec<Probe>> {
    let mut scopes = BTreeMap::new();
    for (client, id) in &actual.known_clients {
        let observed = actual
            .clients
            .get(id)
            .and_then(|observed| observed.attributes.scopes.clone());
        scopes.insert(client, observed.unwrap_or_default());
    }
    for step in &plan.steps {
        if let Action::CreateClient { client, body } | Action::UpdateClient { client, body, .. } =
            &step.action
        {
            scopes.insert(client, body.scopes.clone().unwrap_or_default());
        }
    }
    let mut probes = Vec::new();
    for client in rotated(plan).filter(|client| client.kind == ClientKind::Maskinporten) {
        let scope = scopes.get(client).and_then(|scopes| scopes.first());
        let record = store.find(client)?;
        let record = record.as_ref();
        let key = record.and_then(|record| Some((record.client_id()?, record.private_jwk()?)));
        let (Some(scope), Some((id, jwk))) = (scope, key) else {
            continue;
        };
        // The text was read as a key when it was kept.
        let Ok(jwk) = serde_json::from_str::<Value>(jwk) else {
            continue;
        };
        let (key, kid) = SigningKey::from_private_jwk(&jwk)?;
        let credentials = Credentials::with_key_id(id, key, &kid.unwrap_or_default());
        probes.push(Probe {
            source: TokenSource {
                credentials,
                ..target.source().clone()
            },
            grant: Grant::for_scopes([scope]),
        });
    }
    Ok(probes)
}

/// Prints every reason why nothing is done, and answers the one line that ends the command.
pub(crate) fn not_planned(refused: &Refused, output: Output) -> anyhow::Error {
    for note in &refused.notes {
        output.note(format_args!("note: {note}"));
    }
    for refusal in &refused.refusals {
        anstream::eprintln!("{refusal}");
    }
    if output.is_json() {
        // A failure to print is less than the failure that is told of.
        let _ = output.result(refused, "");
    }
    let count = refused.refusals.len();
    let stands = if count == 1 {
        "1 thing stands"
    } else {
        "things stand"
    };
    let number = if count == 1 {
        String::new()
    } else {
        format!("{count} ")
    };
    anyhow::anyhow!("{number}{stands} in the way; nothing was changed")
}
