//! The server's own keys, without their private parts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A signing key of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SigningKeyResponse {
    /// RFC 7638 thumbprint; `kid` of tokens and of the published key.
    pub kid: String,
    /// The surface that signs with it: `maskinporten` or `idporten`.
    pub surface: String,
    /// Its algorithm.
    pub algorithm: String,
    /// `next`, `active`, `retired` or `gone`.
    pub state: String,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339; when its state last changed.
    pub last_updated: String,
}
