//! What an organization and its platform decide once, for every manifest.

use serde::{Deserialize, Serialize};

/// Names and defaults (spec: nais §7.2). [`Settings::new`] has the documented defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The cluster, or the context that stands for one; the first part of descriptions.
    pub cluster: String,
    /// For manifests that name no namespace.
    pub default_namespace: Option<String>,
    /// Prefix of every scope that is made, without colon.
    pub scope_prefix: String,
    /// Scope of clients that consume none, because an issuer refuses a client without scopes.
    /// Without it a workload that only exposes scopes gets no client.
    pub default_client_scope: Option<String>,
    /// Name of clients that give none.
    pub client_name: String,
    /// Home page of clients that give none.
    pub client_uri: String,
    /// Seconds.
    pub access_token_lifetime: u32,
    /// Seconds.
    pub session_lifetime: u32,
    /// Gives an Application with a login proxy an ID-porten client of its own; otherwise it shares
    /// one that exists already.
    pub own_idporten_client: bool,
    /// Registers `krr` clients for the JWT grant and without redirect addresses, as the issuer's
    /// documentation asks. The existing operator registers them as login clients.
    pub krr_uses_jwt_grant: bool,
}

impl Settings {
    /// The documented defaults, for a cluster and a prefix.
    pub fn new(cluster: &str, scope_prefix: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            default_namespace: None,
            scope_prefix: scope_prefix.to_owned(),
            default_client_scope: None,
            client_name: "ARBEIDS- OG VELFERDSETATEN".to_owned(),
            client_uri: "https://www.nav.no".to_owned(),
            access_token_lifetime: 3600,
            session_lifetime: 7200,
            own_idporten_client: false,
            krr_uses_jwt_grant: false,
        }
    }
}
