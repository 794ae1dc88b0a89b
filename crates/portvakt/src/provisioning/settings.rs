//! Names, defaults and rules that flags decide.

use portvakt_nais::Settings;
use portvakt_nais::plan::{MissingAccess, Ownership, Policy, Prune};
use serde::{Deserialize, Serialize};

/// Names and defaults of an organization.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SettingsArgs {
    /// Cluster, the first part of what records whose a scope or a client is [default: local-USER]
    #[arg(long, value_name = "NAME", env = "PORTVAKT_CLUSTER")]
    pub(crate) cluster: Option<String>,
    /// Namespace of manifests that name none
    #[arg(
        long,
        value_name = "NAME",
        env = "PORTVAKT_NAMESPACE",
        default_value = "default"
    )]
    namespace: String,
    /// Prefix of exposed scopes, without colon [default: the organization's only one]
    #[arg(long, value_name = "PREFIX", env = "PORTVAKT_PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Scope of clients that consume none; without it they are not made
    #[arg(long, value_name = "SCOPE", env = "PORTVAKT_DEFAULT_CLIENT_SCOPE")]
    default_client_scope: Option<String>,
    /// Name of clients that give none
    #[arg(long, value_name = "NAME", env = "PORTVAKT_CLIENT_NAME")]
    client_name: Option<String>,
    /// Home page of clients that give none
    #[arg(long, value_name = "URL", env = "PORTVAKT_CLIENT_URI")]
    client_uri: Option<String>,
    /// Give an Application with a login proxy an ID-porten client of its own
    #[arg(long)]
    own_idporten_client: bool,
}

impl SettingsArgs {
    /// The settings, with this prefix.
    pub(crate) fn settings(&self, prefix: &str) -> Settings {
        let defaults = Settings::new(&self.cluster(), prefix);
        Settings {
            default_namespace: Some(self.namespace.clone()),
            default_client_scope: self.default_client_scope.clone(),
            client_name: self.client_name.clone().unwrap_or(defaults.client_name),
            client_uri: self.client_uri.clone().unwrap_or(defaults.client_uri),
            own_idporten_client: self.own_idporten_client,
            ..Settings::new(&self.cluster(), prefix)
        }
    }

    /// The named cluster, or one that is no real cluster's: adopting by description must not find
    /// what a cluster has made.
    pub(crate) fn cluster(&self) -> String {
        let own = || {
            let user = std::env::var("USER").unwrap_or_default();
            let is_kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let user: String = user.chars().filter(is_kept).take(60).collect();
            match user.as_str() {
                "" => "local".to_owned(),
                user => format!("local-{user}"),
            }
        };
        self.cluster.clone().unwrap_or_else(own)
    }
}

/// What a plan may do.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PolicyArgs {
    /// Deactivate what no manifest asks for any more: active scopes of the workloads in the
    /// manifests, or also scopes and clients of every other workload in their namespaces
    #[arg(
        long,
        value_name = "WHAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "workloads"
    )]
    prune: Option<PruneArg>,
    /// Also change scopes that another workload, or another cluster, made
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Register clients without the scopes that the organization has no access to
    #[arg(long)]
    skip_missing_access: bool,
    /// Drop the keys that were used least recently when a client would have more than five
    #[arg(long)]
    drop_oldest_key: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
enum PruneArg {
    /// Scopes of the workloads in the manifests
    Workloads,
    /// And what other workloads in their namespaces have
    Namespaces,
}

impl PolicyArgs {
    /// The careful rules, with or without changing scopes of others.
    pub(crate) fn taking_over(take_over: bool) -> Self {
        Self {
            take_over,
            ..Self::default()
        }
    }

    /// The rules.
    pub(crate) fn policy(&self) -> Policy {
        let careful = Policy::careful();
        Policy {
            ownership: if self.take_over {
                Ownership::Takeover
            } else {
                careful.ownership
            },
            missing_access: if self.skip_missing_access {
                MissingAccess::Skip
            } else {
                careful.missing_access
            },
            prune: match self.prune {
                None => Prune::Report,
                Some(PruneArg::Workloads) => Prune::Workloads,
                Some(PruneArg::Namespaces) => Prune::Namespaces,
            },
            drop_oldest_key: self.drop_oldest_key,
            ..careful
        }
    }
}
