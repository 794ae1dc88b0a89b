//! A login under way.

use crate::client::ClientId;
use crate::clock::Timestamp;
use crate::login::{Document, HandleDigest};

/// A login under way, from the request until it is answered (spec: idporten §6.3). Pages address it
/// by its handle, and only the browser that began it finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginTransaction {
    /// Of the handle in addresses and forms.
    pub handle: HandleDigest,
    /// Of the cookie of the browser that began it.
    pub browser: HandleDigest,
    /// Who asked.
    pub client_id: ClientId,
    /// The pushed request that it carries through, if it does. It is used when the login ends.
    pub pushed: Option<HandleDigest>,
    /// When it began.
    pub created_at: Timestamp,
    /// First instant at which it is over.
    pub expires_at: Timestamp,
    /// How many times it has advanced. A step that was decided on an older state is not taken.
    pub version: u32,
    /// The request, how far it has come, and what the eID provider keeps.
    pub state: Document,
}

/// Parameters of a logout that came without the session's cookie, until the browser comes back with
/// it (spec: idporten §15.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedLogout {
    /// Of the handle in the address that the browser is sent to.
    pub handle: HandleDigest,
    /// The parameters.
    pub request: Document,
    /// First instant at which they are gone.
    pub expires_at: Timestamp,
}
