//! Requests that were pushed, and logins under way.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::login::HandleDigest;
use crate::login::record::{LoginTransaction, ParkedLogout, PushedRequest};
use crate::ports::StorageError;

/// Pushed requests, and what browsers make of requests.
#[async_trait]
pub trait LoginRequests: Send + Sync {
    /// Keeps a new request.
    async fn push_request(&self, request: &PushedRequest) -> Result<(), StorageError>;

    /// The request, unless it was used or has expired.
    async fn find_pushed(
        &self,
        request_uri: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<PushedRequest>, StorageError>;

    /// Begins the login that carries a pushed request through: `transaction`, whose `pushed` names
    /// it and whose client is the one that pushed it. One browser can; the same browser again finds
    /// the login that it began, if `transaction` has the same handle. So the handle is made of what
    /// the browser shows both times: [`Handle::derive`](crate::login::Handle::derive) of the
    /// reference and the cookie.
    async fn start_pushed(
        &self,
        transaction: &LoginTransaction,
        now: Timestamp,
    ) -> Result<PushedStart, StorageError>;

    /// Uses up a request that is answered without a page and without an authorization: by an error.
    /// Only one that no browser has started. Says whether this call did.
    async fn consume_pushed(
        &self,
        request_uri: &HandleDigest,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Keeps a login that carries no pushed request through. Its version is 0.
    async fn begin_transaction(&self, transaction: &LoginTransaction) -> Result<(), StorageError>;

    /// The login under way that the browser with this cookie began, unless it has ended or expired.
    async fn find_transaction(
        &self,
        handle: &HandleDigest,
        browser: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<LoginTransaction>, StorageError>;

    /// Takes a step: keeps the state of `next`, which was found as version `next.version`; from then
    /// on it is the version after that. Of several steps from one version one is taken, and `false`
    /// tells the others that they were overtaken, or that the login is over.
    async fn advance_transaction(
        &self,
        next: &LoginTransaction,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Ends a login that comes to no authorization, found as this version, and uses its pushed
    /// request up. Of several who end it one gets `true`.
    async fn end_transaction(
        &self,
        transaction: &LoginTransaction,
        now: Timestamp,
    ) -> Result<bool, StorageError>;

    /// Keeps parameters of a logout until the browser comes back.
    async fn park_logout(&self, logout: &ParkedLogout) -> Result<(), StorageError>;

    /// Takes them: of several who do, one gets them.
    async fn take_logout(
        &self,
        handle: &HandleDigest,
        now: Timestamp,
    ) -> Result<Option<ParkedLogout>, StorageError>;

    /// How much there is of what anybody may begin, counted no further than `most` of each kind. Asked
    /// outside requests.
    async fn count_begun(&self, most: Begun, now: Timestamp) -> Result<Begun, StorageError>;
}

/// How much there is, or may be, of what anybody may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    /// Pushed requests that are not over.
    pub pushed_requests: u32,
    /// Logins under way.
    pub logins: u32,
    /// Logouts that wait for their browser.
    pub parked_logouts: u32,
}

/// What came of starting a pushed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushedStart {
    /// The login was begun as it was given.
    Started,
    /// The same browser began it before, and this is how far it has come.
    Resumed(LoginTransaction),
    /// There is no such request of this client any more, or another browser has it.
    Refused,
}
