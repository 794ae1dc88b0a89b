//! An authorization code.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AuthorizationId;
use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::HandleDigest;

/// How long a code is remembered after it was issued, so that whoever shows it again is noticed
/// (spec: idporten §21).
pub const CODE_MEMORY: Duration = Duration::from_mins(10);

/// What a client exchanges for tokens, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// Of the code.
    pub code: HandleDigest,
    /// What it stands for.
    pub authorization: AuthorizationId,
    /// Who may redeem it.
    pub client_id: ClientId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// First instant at which it is over.
    pub expires_at: Timestamp,
    /// What the redemption is compared with.
    pub details: CodeDetails,
}

/// What of a code is only carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDetails {
    /// Where it was sent; the redemption must repeat it.
    pub redirect_uri: String,
    /// The `code_challenge` (RFC 7636); none if the client need not use PKCE and did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    /// For the `id_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Thumbprint of the key that must prove itself (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
}
