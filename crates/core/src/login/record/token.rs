//! Refresh tokens and access tokens.

use super::{AuthorizationId, TokenId};
use crate::clock::Timestamp;
use crate::login::{Document, HandleDigest};

/// A refresh token. Of an authorization's one is live at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Of the token.
    pub token: HandleDigest,
    /// What it renews.
    pub authorization: AuthorizationId,
    /// How many there were before it.
    pub generation: u32,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// First instant at which it is over for lack of use; never after the authorization's end.
    pub expires_at: Timestamp,
    /// Thumbprint of the key that it is bound to (RFC 9449), if it is.
    pub dpop_jkt: Option<String>,
    /// When it was replaced. It counts for nothing from then on, and is remembered until the
    /// authorization ends, so that whoever shows it again is noticed.
    pub replaced_at: Option<Timestamp>,
}

/// What is kept of an access token that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Its `jti`, of opaque ones too.
    pub id: TokenId,
    /// What it hangs off.
    pub authorization: AuthorizationId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// First instant at which it is over; never after the authorization's end.
    pub expires_at: Timestamp,
    /// An opaque token's digest and claims; a self-contained one carries its claims itself.
    pub opaque: Option<(HandleDigest, Document)>,
}

/// An access token that was revoked before its time, as the revoke list tells it
/// (spec: companion-apis §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedToken {
    /// Its `jti`.
    pub id: TokenId,
    /// When.
    pub revoked_at: Timestamp,
    /// When it would have ended.
    pub expires_at: Timestamp,
}
