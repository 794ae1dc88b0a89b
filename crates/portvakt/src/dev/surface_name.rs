//! The surfaces that developers control, as they name them.

use serde::{Deserialize, Serialize};

/// A surface with keys of its own, whose calls can be made to fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SurfaceName {
    /// Tokens for machines. It is meant where none is named.
    #[default]
    Maskinporten,
    /// Logins of people.
    Idporten,
}

impl SurfaceName {
    /// The endpoints that can be made to fail: those that clients find in the metadata, and the
    /// metadata.
    pub(crate) fn endpoints(self) -> &'static [&'static str] {
        match self {
            Self::Maskinporten => &[
                "/token",
                "/jwk",
                "/.well-known/oauth-authorization-server",
                "/.well-known/openid-configuration",
            ],
            Self::Idporten => &[
                "/par",
                "/authorize",
                "/token",
                "/userinfo",
                "/token/introspect",
                "/token/revoke",
                "/logout",
                "/jwks.json",
                "/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server",
            ],
        }
    }
}
