//! A pushed authorization request (RFC 9126).

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::{Document, HandleDigest};

/// A request that a client pushed, until a browser has carried it through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedRequest {
    /// Of the random part of the `request_uri`.
    pub request_uri: HandleDigest,
    /// Whose it is.
    pub client_id: ClientId,
    /// The request.
    pub request: Document,
    /// When it was pushed.
    pub created_at: Timestamp,
    /// First instant at which it is over. Starting it moves this to the end of the login.
    pub expires_at: Timestamp,
    /// Whether a browser has started it.
    pub state: PushedState,
}

/// How far a pushed request has come. One that was used is not found any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushedState {
    /// No browser has presented it.
    New,
    /// The browser with this cookie did.
    Started(HandleDigest),
}
