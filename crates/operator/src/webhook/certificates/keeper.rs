//! Keeps the Secret, the webhook's configuration and the listener in step.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use portvakt_http::{Shutdown, Tls, TlsError};
use serde_json::json;
use tokio::time::sleep;

use super::generation::{Generation, GenerationError};
use super::rotation::{Schedule, Step, Wallet, decide};
use super::stored;
use crate::cluster_error::ClusterError;

/// Under which the operator owns `caBundle`.
const MANAGER: &str = "portvakt-webhook";

/// Where things are, and how often they are looked at.
#[derive(Clone, Debug)]
pub struct Place {
    /// Namespace of the Secret, which is the operator's.
    pub namespace: String,
    /// Name of the Secret.
    pub secret: String,
    /// Name of the `MutatingWebhookConfiguration`.
    pub configuration: String,
    /// What the API server calls the webhook by: the DNS name of its Service.
    pub names: Vec<String>,
    /// How long certificates last.
    pub schedule: Schedule,
    /// How often everything is looked at.
    pub interval: Duration,
}

/// Why certificates are not as they should be. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The API server refuses or fails.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is nothing that tells the API server of the webhook.
    #[error("there is no MutatingWebhookConfiguration {0}: apply deploy/operator/webhook.yaml")]
    NoConfiguration(String),
    /// A certificate cannot be made.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// A certificate cannot be served with.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Keeps the certificates of one replica.
pub struct Keeper {
    secrets: Api<Secret>,
    configurations: Api<MutatingWebhookConfiguration>,
    place: Place,
    now: fn() -> i64,
    held: Option<Wallet>,
    tls: Option<Arc<Tls>>,
    /// What failed the last time, which is said once.
    fault: Option<String>,
}

impl Keeper {
    /// `now` is the clock, in seconds since 1970.
    pub fn new(client: &Client, place: Place, now: fn() -> i64) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), &place.namespace),
            configurations: Api::all(client.clone()),
            place,
            now,
            held: None,
            tls: None,
            fault: None,
        }
    }

    /// What the listener proves itself with, as soon as there is something; `None` if `shutdown` comes first.
    pub async fn ready(&mut self, shutdown: &Shutdown) -> Option<Arc<Tls>> {
        while self.tls.is_none() && !shutdown.is_triggered() {
            self.look().await;
            if self.tls.is_none() {
                self.pause(shutdown).await;
            }
        }
        self.tls.clone()
    }

    /// Looks after everything until `shutdown` comes.
    pub async fn run(mut self, shutdown: Shutdown) {
        while !shutdown.is_triggered() {
            self.look().await;
            self.pause(&shutdown).await;
        }
    }

    async fn pause(&self, shutdown: &Shutdown) {
        tokio::select! {
            () = sleep(self.place.interval) => {}
            () = shutdown.wait() => {}
        }
    }

    /// Does what is to be done, step by step. What fails is tried again the next time.
    async fn look(&mut self) {
        loop {
            match self.pass().await {
                Ok(Step::Rest) => {
                    self.fault = None;
                    return;
                }
                Ok(step) => tracing::info!(?step, "certificate of the webhook"),
                Err(error) => {
                    let fault = error.to_string();
                    if self.fault.as_ref() != Some(&fault) {
                        tracing::warn!(error = fault, "certificate of the webhook");
                    }
                    self.fault = Some(fault);
                    return;
                }
            }
        }
    }

    /// One step.
    async fn pass(&mut self) -> Result<Step, KeeperError> {
        let secret = self.secrets.get_opt(&self.place.secret).await;
        let secret = secret.map_err(ClusterError::at("read the Secret of the webhook"))?;
        let now = (self.now)();
        let kept = secret
            .as_ref()
            .and_then(|secret| stored::wallet(secret).ok());
        let Some(wallet) = kept.filter(|wallet| wallet.current.not_after() > now) else {
            // What was deleted or damaged is put back: what is served with is known to be trusted.
            let held = self.held.clone();
            let held = held.filter(|held| held.current.not_after() > now);
            let wallet = held.map_or_else(|| self.make(now).map(Wallet::begin), Ok)?;
            self.write(&wallet, secret.as_ref()).await?;
            return Ok(Step::Begin);
        };
        self.serve(&wallet)?;
        let told = self.told().await?;
        let is_asked = secret.as_ref().is_some_and(stored::is_asked);
        let step = decide(&wallet, &told, is_asked, now, &self.place.schedule);
        let changed = match step {
            Step::Rest => {
                self.tell(&wallet, &told).await?;
                return Ok(Step::Rest);
            }
            Step::Begin => Wallet::begin(self.make(now)?),
            Step::Prepare => wallet.prepared(self.make(now)?),
            Step::Trust => wallet.trusted(Some(now)),
            Step::Distrust => wallet.trusted(None),
            Step::Promote => wallet.promoted(now),
            Step::Forget => wallet.cleaned(now),
        };
        self.write(&changed, secret.as_ref()).await?;
        Ok(step)
    }

    fn make(&self, now: i64) -> Result<Generation, GenerationError> {
        Generation::make(&self.place.names, now, self.place.schedule.lifetime)
    }

    /// Replaces the Secret that was read, or makes it if there was none. Somebody else who was faster is no
    /// fault: what they have written is read next.
    async fn write(&self, wallet: &Wallet, before: Option<&Secret>) -> Result<(), KeeperError> {
        let name = &self.place.secret;
        let secret = stored::secret(name, wallet, before);
        let params = PostParams::default();
        let written = match before {
            Some(_) => self.secrets.replace(name, &params, &secret).await,
            None => self.secrets.create(&params, &secret).await,
        };
        match written {
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            other => {
                other.map_err(ClusterError::at("write the Secret of the webhook"))?;
            }
        }
        Ok(())
    }

    /// What is held is what is served with, and so known to be whole.
    fn serve(&mut self, wallet: &Wallet) -> Result<(), KeeperError> {
        let current = &wallet.current;
        let (chain, key) = (
            current.certificate().as_bytes(),
            current.expose_key().as_bytes(),
        );
        let held = self.held.as_ref();
        match &self.tls {
            Some(_) if held.is_some_and(|held| held.current == *current) => {}
            Some(tls) => tls.replace(chain, key)?,
            None => self.tls = Some(Arc::new(Tls::from_pem(chain, key)?)),
        }
        self.held = Some(wallet.clone());
        Ok(())
    }

    /// What the API server is told to trust; what all webhooks of the configuration are told.
    async fn told(&self) -> Result<String, KeeperError> {
        let found = self.configuration().await?;
        let webhooks = found.webhooks.iter().flatten();
        let bundles = webhooks.map(|webhook| webhook.client_config.ca_bundle.as_ref());
        let mut bundles = bundles.map(|bundle| bundle.map(|bundle| bundle.0.as_slice()));
        let first = bundles.next().flatten().unwrap_or_default();
        let is_same = bundles.all(|bundle| bundle == Some(first));
        let told = String::from_utf8(if is_same { first.to_vec() } else { Vec::new() });
        Ok(told.unwrap_or_default())
    }

    async fn configuration(&self) -> Result<MutatingWebhookConfiguration, KeeperError> {
        let name = &self.place.configuration;
        let found = self.configurations.get_opt(name).await;
        let found = found.map_err(ClusterError::at("read the configuration of the webhook"))?;
        found.ok_or_else(|| KeeperError::NoConfiguration(name.clone()))
    }

    /// Tells the API server what to trust, if it was told something else. Only that field is written, so it
    /// does not matter who applies the rest of the configuration.
    async fn tell(&self, wallet: &Wallet, told: &str) -> Result<(), KeeperError> {
        let wanted = wallet.authorities();
        if told == wanted {
            return Ok(());
        }
        let configuration = self.configuration().await?;
        let webhooks = configuration.webhooks.iter().flatten();
        let bundle = k8s_openapi::ByteString(wanted.into_bytes());
        let webhooks: Vec<_> = webhooks
            .map(|webhook| json!({"name": webhook.name, "clientConfig": {"caBundle": bundle}}))
            .collect();
        let name = configuration.name_any();
        let patch = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name}, "webhooks": webhooks,
        });
        let apply = PatchParams::apply(MANAGER).force();
        let written = self
            .configurations
            .patch(&name, &apply, &Patch::Apply(&patch))
            .await;
        written.map_err(ClusterError::at("write the configuration of the webhook"))?;
        Ok(())
    }
}
