//! The entries of a client's Secret (spec: nais §6.8).

use super::private_jwk::PrivateJwk;
use super::variable::{Variable, Variables};
use crate::model::{IdPortenClientSpec, MaskinportenClientSpec};

/// Where an issuer is, from its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Where the metadata stands.
    pub well_known_url: String,
    /// `issuer`, exactly as in the metadata.
    pub issuer: String,
    /// `jwks_uri`
    pub jwks_uri: String,
    /// `token_endpoint`
    pub token_endpoint: String,
}

/// What a workload needs to fetch and to verify tokens of Maskinporten.
#[derive(Clone, Debug)]
pub struct MaskinportenCredentials<'c> {
    /// The issuer's id of the client.
    pub client_id: &'c str,
    /// Its key.
    pub key: &'c PrivateJwk,
    /// The resource that asked for it.
    pub spec: &'c MaskinportenClientSpec,
    /// The issuer.
    pub endpoints: &'c Endpoints,
}

impl MaskinportenCredentials<'_> {
    /// Seven entries, `MASKINPORTEN_*`. `MASKINPORTEN_SCOPES` has every scope that was asked for,
    /// also those without access, and not the default scope: applications of years rely on it.
    pub fn variables(&self) -> Variables {
        let consumes = self.spec.scopes.consumes.iter();
        let scopes: Vec<_> = consumes.map(|scope| scope.name.as_str()).collect();
        let mut variables = vec![
            Variable::plain("MASKINPORTEN_CLIENT_ID", self.client_id),
            Variable::secret("MASKINPORTEN_CLIENT_JWK", self.key.expose().to_owned()),
            Variable::plain("MASKINPORTEN_SCOPES", scopes.join(" ")),
        ];
        variables.extend(self.endpoints.variables("MASKINPORTEN"));
        variables
    }
}

/// What a workload needs to log people in.
#[derive(Clone, Debug)]
pub struct IdPortenCredentials<'c> {
    /// The issuer's id of the client.
    pub client_id: &'c str,
    /// Its key.
    pub key: &'c PrivateJwk,
    /// The resource that asked for it.
    pub spec: &'c IdPortenClientSpec,
    /// The issuer.
    pub endpoints: &'c Endpoints,
    /// `IDPORTEN_AUDIENCE`, which the existing operator does not give; only where it is configured.
    pub audience: Option<&'c str>,
}

impl IdPortenCredentials<'_> {
    /// Seven entries, `IDPORTEN_*`, and the audience if there is one.
    pub fn variables(&self) -> Variables {
        let mut variables = vec![
            Variable::plain("IDPORTEN_CLIENT_ID", self.client_id),
            Variable::secret("IDPORTEN_CLIENT_JWK", self.key.expose().to_owned()),
            Variable::plain("IDPORTEN_REDIRECT_URI", self.spec.main_redirect_uri()),
        ];
        variables.extend(self.endpoints.variables("IDPORTEN"));
        let audience = self
            .audience
            .map(|text| Variable::plain("IDPORTEN_AUDIENCE", text));
        variables.extend(audience);
        variables
    }
}

impl Endpoints {
    /// The four entries of an issuer: enough for a workload that only verifies tokens.
    pub fn variables(&self, prefix: &str) -> Variables {
        let entry = |name: &str, value: &str| Variable::plain(&format!("{prefix}_{name}"), value);
        vec![
            entry("WELL_KNOWN_URL", &self.well_known_url),
            entry("ISSUER", &self.issuer),
            entry("JWKS_URI", &self.jwks_uri),
            entry("TOKEN_ENDPOINT", &self.token_endpoint),
        ]
    }
}
