//! Applications and jobs (spec: nais §3.1, §3.5, §3.7, §3.8).

use super::{
    ClientUri, IdPorten, IdPortenClientSpec, LegacyIdPorten, MaskinportenClientSpec, Metadata,
    Scopes,
};
use crate::naming::{idporten_secret_name, maskinporten_secret_name};

/// Which kind of workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// `nais.io/v1alpha1` Application.
    Application,
    /// `nais.io/v1` Naisjob.
    Naisjob,
}

impl WorkloadKind {
    /// `kind` in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "Application",
            Self::Naisjob => "Naisjob",
        }
    }
}

/// `spec` of an Application or a Naisjob, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Application or job.
    pub kind: WorkloadKind,
    /// `spec.maskinporten`
    pub maskinporten: Option<Maskinporten>,
    /// `spec.idporten`; only an Application has it.
    pub idporten: Option<IdPorten>,
    /// Whether proxy variables are injected.
    pub webproxy: bool,
    /// `spec.image`, possibly still a template.
    pub image: Option<String>,
    /// Port that it listens on; absent means 8080.
    pub port: Option<u16>,
    /// Addresses that it is reached at.
    pub ingresses: Vec<String>,
    /// `spec.env`, in order.
    pub env: Vec<EnvVariable>,
    /// `spec.envFrom`, in order.
    pub env_from: Vec<EnvSource>,
}

/// `spec.maskinporten`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maskinporten {
    /// Whether a client is made.
    pub enabled: bool,
    /// Its scopes.
    pub scopes: Scopes,
}

/// An element of `spec.env`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVariable {
    /// The variable.
    pub name: String,
    /// What it holds.
    pub value: EnvValue,
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// This text, in which `$(NAME)` stands for an earlier variable.
    Text(String),
    /// A field of the Pod: `metadata.name`.
    Field(String),
}

/// An element of `spec.envFrom`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvSource {
    /// Every entry of this Secret.
    Secret(String),
    /// Every entry of this `ConfigMap`.
    ConfigMap(String),
}

impl Workload {
    /// The client that the platform makes of `spec.maskinporten`: nothing is filled in.
    pub fn maskinporten_client(&self, metadata: &Metadata) -> Option<MaskinportenClientSpec> {
        let maskinporten = self.maskinporten.as_ref()?;
        maskinporten.enabled.then(|| MaskinportenClientSpec {
            client_name: None,
            scopes: maskinporten.scopes.clone(),
            secret_name: maskinporten_secret_name(metadata.name.as_str()),
        })
    }

    /// The client that the platform made of `spec.idporten` until 2023. Today workloads share one
    /// client, so this is for manifests in the old form, and for those who want a client of their
    /// own. It is `None` without an ingress.
    pub fn idporten_client(&self, metadata: &Metadata) -> Option<IdPortenClientSpec> {
        let idporten = self.idporten.as_ref().filter(|idporten| idporten.enabled)?;
        let legacy = idporten.legacy.clone().unwrap_or_default();
        let redirect_uris = self.redirect_uris(&legacy);
        if redirect_uris.is_empty() {
            return None;
        }
        Some(IdPortenClientSpec {
            access_token_lifetime: legacy.access_token_lifetime,
            frontchannel_logout_uri: self.frontchannel_logout_uri(&legacy),
            client_uri: legacy.client_uri,
            client_name: None,
            integration_type: legacy.integration_type,
            post_logout_redirect_uris: legacy.post_logout_redirect_uris,
            redirect_uri: None,
            redirect_uris,
            secret_name: idporten_secret_name(metadata.name.as_str()),
            scopes: legacy.scopes,
            session_lifetime: legacy.session_lifetime,
            sso_disabled: None,
        })
    }

    fn redirect_uris(&self, legacy: &LegacyIdPorten) -> Vec<ClientUri> {
        if let Some(uri) = &legacy.redirect_uri {
            return vec![uri.clone()];
        }
        let path = legacy
            .redirect_path
            .as_deref()
            .unwrap_or("/oauth2/callback");
        let ingresses = self.ingresses.iter();
        ingresses
            .filter_map(|ingress| below(ingress, path))
            .collect()
    }

    fn frontchannel_logout_uri(&self, legacy: &LegacyIdPorten) -> Option<ClientUri> {
        let path = legacy.frontchannel_logout_path.as_deref();
        legacy
            .frontchannel_logout_uri
            .clone()
            .or_else(|| below(self.ingresses.first()?, path.unwrap_or("/oauth2/logout")))
    }
}

fn below(ingress: &str, path: &str) -> Option<ClientUri> {
    let path = path.trim_start_matches('/');
    format!("{}/{path}", ingress.trim_end_matches('/'))
        .parse()
        .ok()
}
